//! The password store, with keys and messages as GnuPG and pass write them.

use super::keys::{ALICE, EVE, OLD, entry, login, readers, ring, sound};
use super::*;

/// Folders on the way that let everybody through, as homes mostly are.
fn open_way(bench: &Bench) {
    bench.mode("", 0o755);
    bench.mode("home", 0o755);
    bench.mode("home/.password-store", 0o755);
}

fn in_git(bench: &Bench) {
    let store = "home/.password-store";
    git(bench, store, &["init", "-q", "-b", "main"]);
    git(bench, store, &["add", "-A"]);
    git(bench, store, &["-c", "user.name=a", "-c", "user.email=a@x.test", "commit", "-q", "-m", "start"]);
}

fn config(bench: &mut Bench, text: &str) {
    bench.put("home/regpass.toml", text);
    let path = bench.at("home/regpass.toml").to_string_lossy().into_owned();
    bench.set("REGPASS_CONFIG", path);
}

pub(super) const ROWS: &[OnHome] = &[
    ("STO01", |bench| bench.docker(r#"{"credsStore":"pass"}"#), 1),
    (
        "STO01",
        |bench| {
            sound(bench);
            std::fs::remove_file(bench.at("home/.password-store/.gpg-id")).expect("removed");
        },
        1,
    ),
    (
        "STO01",
        |bench| {
            sound(bench);
            bench.put("home/.password-store/docker-credential-helpers/.gpg-id", "# nobody\n");
        },
        1,
    ),
    ("STO01", |bench| sound(bench), 0),
    ("STO01", |bench| bench.put("home/.password-store/web/x.gpg", "x"), 0),
    (
        "STO02",
        |bench| {
            sound(bench);
            bench.put("home/.password-store/.gpg-id", &format!("{}\n{}\n", ALICE.fingerprint(), "B".repeat(40)));
        },
        1,
    ),
    ("STO02", |bench| sound(bench), 0),
    (
        "STO03",
        |bench| {
            sound(bench);
            ring(bench, &[&ALICE, &OLD]);
            readers(bench, "", &[&ALICE, &OLD]);
        },
        1,
    ),
    ("STO03", |bench| sound(bench), 0),
    (
        "STO04",
        |bench| {
            sound(bench);
            std::fs::remove_file(bench.at("home/.gnupg/trustdb.gpg")).expect("removed");
        },
        1,
    ),
    (
        "STO04",
        |bench| {
            sound(bench);
            std::fs::remove_file(bench.at("home/.gnupg/trustdb.gpg")).expect("removed");
            config(bench, "trust = \"always\"\n");
        },
        0,
    ),
    ("STO04", |bench| sound(bench), 0),
    (
        "STO05",
        |bench| {
            sound(bench);
            bench.put("home/.password-store/.gpg-id", "alice@example.test\n");
        },
        1,
    ),
    (
        "STO05",
        |bench| {
            sound(bench);
            let hex = ALICE.fingerprint().to_hex();
            bench.put("home/.password-store/.gpg-id", &format!("0x{}\n", &hex[32..]));
        },
        1,
    ),
    ("STO05", |bench| sound(bench), 0),
    (
        "STO06",
        |bench| {
            sound(bench);
            std::fs::remove_dir_all(bench.at("home/.gnupg/private-keys-v1.d")).expect("removed");
        },
        1,
    ),
    (
        "STO06",
        |bench| {
            sound(bench);
            readers(bench, "", &[&EVE, &ALICE]);
        },
        0,
    ),
    (
        "STO07",
        |bench| {
            sound(bench);
            login(bench, "b.test", "bob", &[&EVE]);
            entry(bench, "web/x", &[&EVE]);
        },
        1,
    ),
    (
        "STO07",
        |bench| {
            sound(bench);
            bench.put("home/.password-store/web/x.gpg", "<<<<<<< HEAD\n");
        },
        1,
    ),
    (
        "STO07",
        |bench| {
            // A folder that is written for others only.
            sound(bench);
            readers(bench, "eve/", &[&EVE]);
            entry(bench, "eve/x", &[&EVE]);
        },
        0,
    ),
    (
        "STO08",
        |bench| {
            sound(bench);
            entry(bench, "web/x", &[&ALICE, &EVE]);
            entry(bench, "web/y", &[&ALICE, &EVE]);
        },
        1,
    ),
    (
        "STO08",
        |bench| {
            sound(bench);
            readers(bench, "team/", &[&ALICE, &EVE]);
            entry(bench, "team/x", &[&ALICE]);
        },
        1,
    ),
    (
        "STO08",
        |bench| {
            sound(bench);
            readers(bench, "team/", &[&EVE, &ALICE]);
            entry(bench, "team/x", &[&ALICE, &EVE]);
        },
        0,
    ),
    (
        "STO09",
        |bench| {
            sound(bench);
            config(bench, "local-only = true\n");
            in_git(bench);
            git(bench, "home/.password-store", &["remote", "add", "origin", "https://git.test/x"]);
        },
        1,
    ),
    (
        "STO09",
        |bench| {
            sound(bench);
            config(bench, "local-only = true\n");
            in_git(bench);
        },
        0,
    ),
    (
        "STO10",
        |bench| {
            sound(bench);
            in_git(bench);
            entry(bench, "web/x", &[&ALICE]);
        },
        1,
    ),
    (
        "STO10",
        |bench| {
            sound(bench);
            in_git(bench);
        },
        0,
    ),
    (
        "STO11",
        |bench| {
            sound(bench);
            open_way(bench);
            bench.mode("home/.password-store/.gpg-id", 0o644);
        },
        1,
    ),
    (
        "STO11",
        |bench| {
            // Nobody gets as far as that.
            sound(bench);
            open_way(bench);
            bench.mode("home/.password-store", 0o700);
            bench.mode("home/.password-store/.gpg-id", 0o666);
        },
        0,
    ),
    (
        "STO12",
        |bench| {
            sound(bench);
            open_way(bench);
            bench.mode("home/.password-store/.gpg-id", 0o666);
        },
        1,
    ),
    (
        "STO12",
        |bench| {
            sound(bench);
            bench.set("PASSWORD_STORE_SIGNING_KEY", ALICE.fingerprint().to_hex());
        },
        1,
    ),
    (
        "STO12",
        |bench| {
            sound(bench);
            open_way(bench);
            bench.mode("home/.password-store/.gpg-id", 0o644);
        },
        0,
    ),
    (
        "STO12",
        |bench| {
            // A link has every mode.
            sound(bench);
            open_way(bench);
            readers(bench, "team/", &[&ALICE]);
            bench.mode("home/.password-store/team", 0o755);
            symlink("../team/.gpg-id", bench.at("home/.password-store/docker-credential-helpers/.gpg-id"))
                .expect("a link");
        },
        0,
    ),
    (
        "STO12",
        |bench| {
            sound(bench);
            open_way(bench);
            readers(bench, "team/", &[&ALICE]);
            bench.mode("home/.password-store/team", 0o755);
            bench.mode("home/.password-store/team/.gpg-id", 0o666);
            symlink("../team/.gpg-id", bench.at("home/.password-store/docker-credential-helpers/.gpg-id"))
                .expect("a link");
        },
        2,
    ),
    (
        "STO13",
        |bench| {
            sound(bench);
            bench.put("home/.password-store/docker-credential-helpers/YS50ZXN0/.DS_Store", "x");
        },
        1,
    ),
    (
        "STO13",
        |bench| {
            sound(bench);
            login(bench, "a.test", "~/ann", &[&ALICE]);
            bench.put("home/.password-store/web/README", "x");
        },
        0,
    ),
    (
        "STO14",
        |bench| {
            sound(bench);
            login(bench, "a.test", "ann", &[&ALICE]);
        },
        1,
    ),
    (
        "STO14",
        |bench| {
            sound(bench);
            login(bench, "a.test", "~/ann", &[&ALICE]);
            login(bench, "b.test", "ann", &[&ALICE]);
        },
        0,
    ),
    (
        "STO15",
        |bench| {
            sound(bench);
            bench.put("home/.password-store/docker-credential-helpers/email/x.gpg", "x");
        },
        1,
    ),
    ("STO15", |bench| sound(bench), 0),
    (
        "STO17",
        |bench| {
            sound(bench);
            login(bench, "https://a.test", "bob", &[&ALICE]);
        },
        1,
    ),
    (
        "STO17",
        |bench| {
            sound(bench);
            login(bench, "https://index.docker.io/v1/", "bob", &[&ALICE]);
            login(bench, "https://index.docker.io/v1/refresh-token", "bob", &[&ALICE]);
        },
        0,
    ),
    (
        "STO18",
        |bench| {
            sound(bench);
            login(bench, "b.test", "bob", &[&ALICE]);
        },
        1,
    ),
    (
        "STO18",
        |bench| {
            sound(bench);
            bench.docker(r#"{"auths":{"https://a.test/v2/":{}},"credsStore":"pass"}"#);
        },
        0,
    ),
];

/// A store with nothing wrong in it: no check of it finds anything, and none fails to look.
#[test]
fn a_sound_store_is_clean() {
    let bench = Bench::new();
    sound(&bench);
    let evidence = bench.evidence();
    for id in ROWS.iter().map(|(id, ..)| id) {
        let answer = answer(&evidence, id);
        assert!(answer.findings.is_empty() && answer.missed.is_empty(), "{id}: {answer:?}");
    }
}

#[test]
fn what_cannot_be_looked_at_is_never_clean() {
    let bench = Bench::new();
    sound(&bench);
    for file in std::fs::read_dir(bench.at("home/.gnupg/private-keys-v1.d")).expect("a folder") {
        let file = file.expect("a file").path();
        std::fs::remove_file(&file).expect("removed");
        std::fs::create_dir(&file).expect("a folder in its place");
    }
    assert_eq!(answer(&bench.evidence(), "STO06").verdict(), Verdict::Failed);
}

#[test]
fn a_remedy_is_no_pattern_of_a_shell() {
    let bench = Bench::new();
    sound(&bench);
    let folder = "home/.password-store/docker-credential-helpers";
    bench.put(&format!("{folder}/glpat-AbCdEfGhIjKlMnOpQrSt/bob.gpg"), "x");
    let answer = answer(&bench.evidence(), "STO15");
    let fix = &answer.findings[0].fix;
    let word = format!("'{}/***'", bench.at(folder).display());
    assert!(fix.contains(&format!("mv -n {word} ~/")) && fix.matches('*').count() == 6, "{fix}");
    assert!(!format!("{:?} {fix}", answer.findings[0].place()).contains("glpat"), "{answer:?}");
}
