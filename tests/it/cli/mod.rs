//! The command line as people and scripts meet it: exact output, exit codes, JSON as docs/json.md has it, hostile names, a
//! reader that goes away, questions on a terminal. Without GnuPG, by a key file.

mod audit;
mod audit_store;
mod config;
mod demo;
mod doctor;
mod edit;
mod fix;
mod generate;
mod grep;
mod history;
mod misplaced;
mod questions;
mod registries;
mod status;
mod subcommands;
mod support_bundle;
mod sync;
mod test;
mod transfer;
mod undo;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Answer, Sandbox, run, set_mode};

/// A store with these entries, each holding its own name's password and a user line.
fn store_of(names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::without_gnupg();
    for name in names {
        let plaintext = format!("pw of {name}\nuser: alice\n");
        sandbox.regpass(&["insert", "--multiline", name], plaintext.as_bytes()).ok();
    }
    sandbox
}

fn json_of(answer: Answer) -> Value {
    let text = answer.ok().out();
    assert!(!text.chars().any(|character| character.is_control() && character != '\n'), "{text:?}");
    serde_json::from_str(&text).expect("JSON")
}

/// The keys of an answer's object, each of which docs/json.md explains.
fn keys(object: &Value) -> Vec<&str> {
    let page = include_str!("../../../docs/json.md");
    let keys: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    for key in &keys {
        let rows = [format!("| `{key}"), format!("[].{key}`"), format!("[].{key}[]`"), format!(", `{key}`")];
        assert!(rows.iter().any(|row| page.contains(row)), "docs/json.md does not explain {key:?}");
    }
    keys
}

#[test]
fn recipients_and_reencrypt_have_json_and_codes() {
    let sandbox = store_of(&["a/x", "b"]);
    let value = json_of(sandbox.regpass(&["recipients", "--json"], b""));
    let folder = &value["folders"][0];
    assert_eq!(
        (keys(&value), keys(folder)),
        (vec!["schema", "folders", "astray"], vec!["folder", "store", "file", "recipients", "problem"])
    );
    let person = &folder["recipients"][0];
    assert_eq!(keys(person), ["recipient", "fingerprint", "name", "validity", "expires", "own", "problem"]);
    assert_eq!((&person["name"], &person["own"]), (&json!("Alice <alice@example.test>"), &json!(true)));
    let value = json_of(sandbox.regpass(&["reencrypt", "--all", "--json", "a"], b""));
    assert_eq!(keys(&value), ["schema", "dry_run", "entries", "up_to_date", "failed", "unreadable"]);
    let expected = json!({"schema": 1, "dry_run": false, "entries": [{"path": "a/x", "store": sandbox.store()}],
        "up_to_date": 0, "failed": [], "unreadable": []});
    assert_eq!(value, expected);
    let code = |args: &[&str]| sandbox.regpass(args, b"").code;
    assert_eq!((code(&["reencrypt", "none"]), code(&["recipients", "none"]), code(&["recipients", "add"])), (3, 3, 2));
    assert_eq!((code(&["recipients", "add", "x#y"]), code(&["--read-only", "reencrypt", "--all"])), (2, 1));
    assert_eq!(code(&["--read-only", "recipients", "set", "alice@example.test", "--folder", "a"]), 0);
    sandbox.make_key("Bob <bob@example.test>", "future-default");
    let refused = sandbox.regpass(&["--read-only", "recipients", "add", "bob@example.test"], b"");
    assert!(refused.err().contains("read-only") && !refused.err().contains("added"), "{}", refused.err());
}

#[test]
fn ls_lists_paths_and_json() {
    let sandbox = store_of(&["mail/alice", "infra/db", "infra/db/root"]);
    let store = sandbox.store();
    assert_eq!(sandbox.regpass(&["ls"], b"").ok().out(), "infra/db\ninfra/db/root\nmail/alice\n");
    assert_eq!(sandbox.regpass(&["ls", "infra/"], b"").ok().out(), "infra/db\ninfra/db/root\n");
    let one = |path: &str| json!({"path": path, "store": store});
    assert_eq!(
        json_of(sandbox.regpass(&["ls", "--json", "/"], b"")),
        json!({"schema": 1, "entries": [one("infra/db"), one("infra/db/root"), one("mail/alice")], "unreadable": []})
    );
    let missing = sandbox.regpass(&["ls", "nowhere"], b"");
    assert_eq!((missing.code, missing.out()), (3, String::new()));
    assert!(missing.err().starts_with("error: \"nowhere\""), "{}", missing.err());
}

#[test]
fn an_empty_store_and_a_missing_one_are_told_apart() {
    let sandbox = Sandbox::without_gnupg();
    let empty = sandbox.regpass(&["ls"], b"").ok();
    assert_eq!((empty.out(), empty.err()), (String::new(), "no entries\n".to_owned()));
    std::fs::remove_dir_all(sandbox.store()).expect("removed");
    let missing = sandbox.regpass(&["ls"], b"");
    assert_ne!(missing.code, 0);
    assert!(missing.err().contains("\nhint: "), "{}", missing.err());
}

#[test]
fn what_cannot_be_listed_is_told_beside_the_rest() {
    let sandbox = store_of(&["a/good"]);
    std::os::unix::fs::symlink(sandbox.store(), sandbox.store().join("a/loop")).expect("linked");
    let answer = sandbox.regpass(&["ls"], b"").ok();
    assert_eq!(answer.out(), "a/good\n");
    assert!(answer.err().starts_with("warning: cannot list ") && answer.err().contains("a/loop"), "{}", answer.err());
    let value = json_of(sandbox.regpass(&["ls", "--json"], b""));
    assert_eq!(
        (value["entries"].as_array().map(Vec::len), keys(&value["unreadable"][0])),
        (Some(1), vec!["path", "why"])
    );
}

#[test]
fn hostile_names_move_no_terminal_and_lose_nothing() {
    let sandbox = Sandbox::without_gnupg();
    let names: [&[u8]; 3] = [b"a/\x1b]0;owned\x07\nx", b"b/caf\xe9", "c/\u{202e}gpj.exe\u{9b}31m".as_bytes()];
    for name in names {
        let mut insert = sandbox.command(crate::support::regpass_binary());
        let answer = run(insert.args(["insert", "-m"]).arg(OsStr::from_bytes(name)), b"secret").ok();
        assert!(!answer.stderr.iter().any(|byte| matches!(byte, 0x1b | 0x07 | 0x9b | 0xe9)), "{answer:?}");
    }
    let listed = sandbox.regpass(&["ls"], b"").ok().out();
    let expected = "a/\\u{1b}]0;owned\\u{7}\\nx\nb/caf\\xe9\nc/\\u{202e}gpj.exe\\u{9b}31m\n";
    assert_eq!(listed, expected);
    let value = json_of(sandbox.regpass(&["ls", "--json"], b""));
    assert_eq!(value["entries"][0]["path"].as_str().map(str::as_bytes), Some(names[0]));
    assert_eq!(value["entries"][1]["path"], "b/caf\u{fffd}");
    assert_eq!(value["entries"][1]["path_base64"], "Yi9jYWbp");
    assert_eq!(keys(&value["entries"][0]), ["path", "store"]);
    let mut show = sandbox.command(crate::support::regpass_binary());
    assert_eq!(run(show.arg("show").arg(OsStr::from_bytes(names[1])), b"").ok().stdout, b"secret");
    let missing = run(sandbox.command(crate::support::regpass_binary()).args(["show", "\u{1b}[2J"]), b"");
    assert_eq!((missing.code, missing.stderr.contains(&0x1b)), (3, false));
}

#[test]
fn show_gives_the_exact_bytes() {
    let sandbox = Sandbox::without_gnupg();
    let whole: Vec<u8> = (0..=255).chain(*b"\r\n\n").collect();
    sandbox.regpass(&["insert", "-m", "all"], &whole).ok();
    assert_eq!(sandbox.regpass(&["show", "all"], b"").ok().stdout, whole);
    let value = json_of(sandbox.regpass(&["show", "all", "--json"], b""));
    assert_eq!(keys(&value), ["schema", "path", "store", "base64"]);
}

#[test]
fn show_picks_a_line() {
    let sandbox = store_of(&["a"]);
    let line = |number: &str| sandbox.regpass(&["show", "a", "--line", number], b"");
    assert_eq!(line("1").ok().out(), "pw of a\n");
    assert_eq!(line("2").ok().out(), "user: alice\n");
    assert_eq!((line("3").code, line("0").code), (3, 2));
    let value = json_of(sandbox.regpass(&["show", "a", "--json"], b""));
    let expected = json!({"schema": 1, "path": "a", "store": sandbox.store(), "lines": ["pw of a", "user: alice", ""]});
    assert_eq!(value, expected);
}

#[test]
fn what_is_not_there_and_what_makes_no_sense_have_their_codes() {
    let sandbox = store_of(&["mail/alice"]);
    let missing = sandbox.regpass(&["show", "mail/alise"], b"");
    assert_eq!((missing.code, missing.out()), (3, String::new()));
    for args in [&["show", "../x"][..], &["show"], &["show", "a/../../b"], &["bogus"], &["ls", "--bogus"], &["find"]] {
        let answer = sandbox.regpass(args, b"");
        assert_eq!((answer.code, answer.out()), (2, String::new()), "{args:?}");
        assert!(answer.err().starts_with("error: "), "{args:?}: {}", answer.err());
    }
}

#[test]
fn a_key_that_does_not_fit_is_a_problem_with_advice() {
    let sandbox = store_of(&["a"]);
    let other = Sandbox::without_gnupg();
    std::fs::copy(other.path().join("key.asc"), sandbox.path().join("key.asc")).expect("copied");
    set_mode(&sandbox.path().join("key.asc"), 0o600);
    let answer = sandbox.regpass(&["show", "a"], b"");
    assert_eq!((answer.code, answer.out()), (1, String::new()));
    assert!(answer.err().starts_with("error: cannot read \"a\"\ncause: "), "{}", answer.err());
}

#[test]
fn insert_from_a_pipe() {
    let sandbox = Sandbox::without_gnupg();
    let stored = |name: &str| sandbox.regpass(&["show", name], b"").ok().stdout;
    sandbox.regpass(&["insert", "a"], b"pw").ok();
    assert_eq!(stored("a"), b"pw\n");
    sandbox.regpass(&["insert", "b"], b"pw\npw\n").ok();
    assert_eq!(stored("b"), b"pw\n");
    sandbox.regpass(&["insert", "-m", "c"], b"no newline\r").ok();
    assert_eq!(stored("c"), b"no newline\r");

    let refused = sandbox.regpass(&["insert", "d"], b"pw\nuser: x\n");
    assert_eq!(refused.code, 2);
    assert!(refused.err().contains("--multiline"), "{}", refused.err());
    assert_eq!(
        (sandbox.regpass(&["insert", "d"], b"").code, sandbox.regpass(&["insert", "-m", "d"], b"").code),
        (2, 2)
    );
    assert!(!sandbox.store().join("d.gpg").exists());

    let existing = sandbox.regpass(&["insert", "a"], b"new");
    assert_eq!(existing.code, 1);
    assert_eq!(stored("a"), b"pw\n");
    sandbox.regpass(&["insert", "--force", "a"], b"new").ok();
    assert_eq!(stored("a"), b"new\n");
}

#[test]
fn rm_removes_only_when_told() {
    let sandbox = store_of(&["a/x", "a/y", "b"]);
    let asked = sandbox.regpass(&["rm", "b"], b"y\n");
    assert_eq!(asked.code, 2);
    assert!(asked.err().contains("hint: if you are sure: regpass rm --force"), "{}", asked.err());
    let asked = sandbox.regpass(&["rm", "--recursive", "a"], b"");
    assert!(asked.err().contains("hint: if you are sure: regpass rm --force --recursive a\n"), "{}", asked.err());
    // Nobody is asked about what would fail.
    let asked = sandbox.regpass(&["rm", "a"], b"");
    assert!(asked.code == 2 && asked.err().contains("\"a\" is a folder"), "{}", asked.err());
    assert_eq!(sandbox.regpass(&["rm", "none"], b"").code, 3);
    sandbox.regpass(&["rm", "-f", "b"], b"").ok();
    assert_ne!(sandbox.regpass(&["rm", "-f", "a"], b"").code, 0);
    assert_eq!(sandbox.regpass(&["ls"], b"").ok().out(), "a/x\na/y\n");
    sandbox.regpass(&["rm", "-rf", "a"], b"").ok();
    assert_eq!(sandbox.regpass(&["rm", "-rf", "a"], b"").code, 3);
    assert!(!sandbox.store().join("a").exists());
}

#[test]
fn find_takes_any_term_in_any_case() {
    let sandbox = store_of(&["mail/Alice", "infra/db", "web/shop"]);
    assert_eq!(sandbox.regpass(&["find", "ALI", "DB"], b"").ok().out(), "infra/db\nmail/Alice\n");
    let value = json_of(sandbox.regpass(&["find", "--json", "shop"], b""));
    assert_eq!(
        (keys(&value), &value["entries"][0]["path"]),
        (vec!["schema", "entries", "unreadable"], &"web/shop".into())
    );
    let none = sandbox.regpass(&["find", "x*y"], b"");
    assert_eq!((none.code, none.out()), (3, String::new()));
}

#[test]
fn registries_show_whose_login_answers() {
    let mut sandbox = Sandbox::without_gnupg();
    let store = |server: &str, user: &str| {
        let login = json!({"ServerURL": server, "Username": user, "Secret": "s3cret-value"});
        sandbox.helper("store", login.to_string()).ok();
    };
    store("https://host.test:5000", "bob");
    store("host.test:5000", "alice\u{1b}[31m");
    let value = json_of(sandbox.regpass(&["registries", "--json"], b""));
    let first = &value["registries"][0];
    assert_eq!(keys(&value), ["schema", "registries", "elsewhere", "unreadable", "by_registry"]);
    let mut expected =
        vec!["server", "canonical", "kind", "user", "path", "mount", "modified", "expires", "expires_source", "active"];
    expected.extend(["official", "twins", "last_check"]);
    assert_eq!(keys(first), expected);
    assert_eq!((&first["server"], &first["canonical"]), (&json!("host.test:5000"), &json!("host.test:5000")));
    assert_eq!((&first["user"], &first["active"]), (&json!("alice\u{1b}[31m"), &json!(true)));
    assert_eq!(first["twins"], json!(["https://host.test:5000"]));

    sandbox.set("REGPASS_FIXED_TIME", "4102444800");
    let table = sandbox.regpass(&["registries"], b"").ok().out();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("REGISTRY ") && lines.len() == 3, "{table}");
    assert!(
        lines[1].contains("alice\\u{1b}[31m") && lines[1].ends_with("also kept as https://host.test:5000"),
        "{table}"
    );
    assert!(!table.contains("s3cret-value"));
}

#[test]
fn the_journal_says_what_docker_asked() {
    let sandbox = Sandbox::without_gnupg();
    let none = sandbox.regpass(&["journal"], b"").ok();
    assert!(none.out().is_empty() && none.err().starts_with("no calls yet"), "{none:?}");
    let file = sandbox.home().join(".local/state/regpass/journal.jsonl");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("the state folder");
    std::fs::write(&file, "no call\n").expect("a journal");
    let odd = sandbox.regpass(&["journal"], b"").ok();
    assert!(odd.err().contains("1 line of") && odd.err().contains("mv "), "{odd:?}");
    assert!(!odd.err().contains("no calls yet"), "{odd:?}");
    std::fs::remove_file(&file).expect("removed");
    let login = json!({"ServerURL": "host.test", "Username": "bob", "Secret": "s3cret-value"});
    sandbox.helper("store", login.to_string()).ok();
    assert_eq!(sandbox.helper("get", "other.test").code, 1);
    let value = json_of(sandbox.regpass(&["journal", "--json"], b""));
    assert_eq!(keys(&value), ["schema", "calls", "unreadable_lines"]);
    let expected = ["time", "action", "server", "user", "outcome", "millis", "uid", "home", "store", "caller"];
    assert_eq!(keys(&value["calls"][0]), expected);
    assert_eq!((&value["calls"][0]["action"], &value["calls"][0]["outcome"]), (&json!("store"), &json!("stored")));
    assert_eq!(
        (&value["calls"][1]["server"], &value["calls"][1]["outcome"]),
        (&json!("other.test"), &json!("not-found"))
    );
    let text = sandbox.regpass(&["journal", "--limit", "1"], b"").ok().out();
    assert!(text.lines().count() == 1 && text.contains("other.test  not-found"), "{text}");
    assert!(!value.to_string().contains("s3cret-value"));
}

#[test]
fn shims_are_made_looked_at_and_removed() {
    let sandbox = Sandbox::without_gnupg();
    let dir = sandbox.path().join("links");
    let shims =
        |args: &[&str]| sandbox.regpass(&[&["shims"], args, &["--dir", dir.to_str().expect("text")]].concat(), b"");
    let made = shims(&["install"]).ok().out();
    assert!(made.contains(&format!("linked: {}", dir.join("docker-credential-pass").display())), "{made}");
    assert!(made.contains("your PATH: "), "{made}");
    assert_eq!(sandbox.run(dir.join("docker-credential-pass"), &["list"], b"").ok().out(), "{}\n");
    assert!(shims(&["status"]).ok().out().contains("docker-credential-pass  regpass\n"));
    shims(&["remove"]).ok();
    std::fs::write(dir.join("docker-credential-pass"), "#!/bin/sh\n").expect("a foreign file");
    let refused = shims(&["install"]);
    assert_eq!((refused.code, refused.out()), (1, String::new()));
    assert!(refused.err().contains("--force"), "{}", refused.err());
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = store_of(&["a"]);
    for args in [&["ls"][..], &["show", "a"], &["registries", "--json"], &["--help"]] {
        let mut command = sandbox.command(crate::support::regpass_binary());
        let mut child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ended");
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{args:?}: {output:?}");
    }
}

#[test]
fn a_full_disk_is_a_failure() {
    let sandbox = store_of(&["a"]);
    let mut command = sandbox.command(crate::support::regpass_binary());
    let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = command.args(["show", "a"]).stdout(full).stderr(Stdio::piped()).output().expect("ran");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: cannot write to standard output\ncause: "), "{said}");
}

#[test]
fn help_and_version_are_data() {
    let sandbox = Sandbox::new();
    let version = sandbox.regpass(&["--version"], b"").ok();
    assert_eq!((version.out(), version.err()), (format!("regpass {}\n", env!("CARGO_PKG_VERSION")), String::new()));
    for args in [&["--help"][..], &["ls", "--help"], &["shims", "install", "--help"], &[]] {
        let help = sandbox.regpass(args, b"").ok();
        assert!(help.out().contains("Usage: regpass") && help.err().is_empty(), "{args:?}");
        assert!(!help.out().contains('\u{1b}'), "{args:?}");
    }
}

#[test]
fn places_that_were_typed_win() {
    let sandbox = store_of(&["here"]);
    let other = sandbox.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::copy(sandbox.store().join(".gpg-id"), other.join(".gpg-id")).expect("copied");
    let other = other.to_str().expect("text");
    sandbox.regpass(&["--store", other, "insert", "there"], b"x").ok();
    assert_eq!(sandbox.regpass(&["ls", "--store", other], b"").ok().out(), "there\n");
    assert_eq!(sandbox.regpass(&["ls"], b"").ok().out(), "here\n");
}

#[test]
fn a_broken_config_file_is_told_not_ignored() {
    let sandbox = store_of(&["a"]);
    let folder = sandbox.home().join(".config/regpass");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("config.toml"), "trust = \"\u{1b}[31malways\"\n").expect("a config file");
    let answer = sandbox.regpass(&["ls"], b"");
    assert_eq!((answer.code, answer.out()), (1, String::new()));
    assert!(answer.err().contains("config.toml") && !answer.err().contains('\u{1b}'), "{}", answer.err());
}

#[test]
fn hints_of_shims_can_be_typed() {
    let sandbox = Sandbox::new();
    let folder = sandbox.home().join("my bin");
    let dir = folder.to_str().expect("text");
    let status = sandbox.regpass(&["shims", "status", "--dir", dir], b"").ok().out();
    assert!(status.contains(&format!("regpass shims install --dir '{dir}'\n")), "{status}");
    let installed = sandbox.regpass(&["shims", "install", "--dir", dir], b"").ok().out();
    assert!(installed.contains(&format!("hint: export PATH='{dir}':$PATH\n")), "{installed}");
}

#[test]
fn an_entry_with_both_sides_of_a_conflict_says_so() {
    let sandbox = store_of(&["a"]);
    let text = "<<<<<<< HEAD\n-----BEGIN PGP MESSAGE-----\n=======\n-----BEGIN PGP MESSAGE-----\n>>>>>>> x\n";
    std::fs::write(sandbox.store().join("a.gpg"), text).expect("written");
    let shown = sandbox.regpass(&["show", "a"], b"");
    assert!(shown.code == 1 && shown.err().contains("both sides of a git conflict"), "{}", shown.err());
}
