//! Credential helpers.

use super::*;

/// Answers as Docker expects.
const SOUND: &str = "#!/bin/sh\ncase $1 in list) echo '{}' ;; \
                     *) echo 'credentials not found in native keychain'; exit 1 ;; esac\n";

/// Debian's 0.6.4: no login is one without a name.
const OLD: &str = "#!/bin/sh\ncase $1 in list) echo '{}' ;; \
                   *) echo '{\"ServerURL\":\"x\",\"Username\":\"\",\"Secret\":\"\"}' ;; esac\n";

/// As far as anybody looks who does not start it.
const OFFICIAL: &str = "\x7fELF docker/docker-credential-helpers";

fn uses(bench: &Bench, helper: &str) {
    bench.docker(&format!(r#"{{"credsStore":"{helper}"}}"#));
}

fn uses_for(bench: &Bench, server: &str) {
    bench.docker(&format!(r#"{{"credHelpers":{{"{server}":"pass"}}}}"#));
}

fn program(bench: &Bench, name: &str, content: &str) {
    bench.put(&format!("bin/{name}"), content);
    bench.mode(&format!("bin/{name}"), 0o755);
}

fn pass(bench: &Bench, content: &str) {
    uses(bench, "pass");
    program(bench, "docker-credential-pass", content);
}

pub(super) const ROWS: &[OnHome] = &[
    ("HLP01", |bench| uses(bench, "ecr-login"), 1),
    ("HLP01", |bench| bench.docker(r#"{"CredHelpers":{"a.test":"gcr","b.test":"pass","c.test":""}}"#), 2),
    ("HLP01", |bench| bench.put("home/.config/containers/auth.json", r#"{"credHelpers":{"a.test":"gcr"}}"#), 1),
    (
        "HLP01",
        |bench| {
            let text = "credential-helpers = [\"containers-auth.json\", \"secretservice\"]\n";
            bench.put("machine/etc/containers/registries.conf", text);
        },
        1,
    ),
    ("HLP01", |bench| bench.put("home/.config/containers/auth.json", r#"{"credsStore":"nobody reads it"}"#), 0),
    ("HLP01", |bench| bench.put("home/.docker/config.json.bak", r#"{"credsStore":"gone"}"#), 0),
    ("HLP01", |bench| pass(bench, SOUND), 0),
    ("HLP01", |bench| uses(bench, "desktop"), 0),
    ("HLP02", |bench| pass(bench, "#!/no/such/shell\n"), 1),
    ("HLP02", |bench| pass(bench, "#!/bin/sh\r\n"), 1),
    (
        "HLP02",
        |bench| {
            pass(bench, SOUND);
            bench.mode("bin/docker-credential-pass", 0o644);
        },
        1,
    ),
    (
        "HLP02",
        |bench| {
            uses(bench, "pass");
            symlink("nowhere", bench.at("bin/docker-credential-pass")).expect("a link");
        },
        1,
    ),
    (
        "HLP02",
        |bench| {
            // What cannot be started is passed over when another one can.
            uses(bench, "pass");
            program(bench, "docker-credential-pass", SOUND);
            bench.put("first/docker-credential-pass", "");
            bench.set("PATH", format!("{}:{}", bench.at("first").display(), bench.at("bin").display()));
        },
        0,
    ),
    ("HLP04", |bench| pass(bench, OFFICIAL), 1),
    (
        "HLP04",
        |bench| {
            pass(bench, OFFICIAL);
            program(bench, "pass", "#!/bin/sh\necho a game\n");
        },
        1,
    ),
    (
        "HLP04",
        |bench| {
            pass(bench, OFFICIAL);
            program(bench, "pass", "#!/usr/bin/env bash\nPREFIX=\"${PASSWORD_STORE_DIR:-$HOME/.password-store}\"\n");
        },
        0,
    ),
    (
        "HLP04",
        |bench| {
            pass(bench, OFFICIAL);
            program(bench, "gopass", "gopass");
            symlink("gopass", bench.at("bin/pass")).expect("a link");
            bench.put("home/.password-store/.gpg-id", "x\n");
        },
        0,
    ),
    ("HLP04", |bench| pass(bench, SOUND), 0),
    ("HLP06", |bench| uses_for(bench, "docker.io"), 1),
    ("HLP06", |bench| uses_for(bench, "https://a.test"), 1),
    ("HLP06", |bench| uses_for(bench, "a.test/team"), 1),
    ("HLP06", |bench| uses_for(bench, "A.test"), 1),
    ("HLP06", |bench| bench.docker(r#"{"auths":{"a.test:5000":{}},"credHelpers":{"a.test":"pass"}}"#), 1),
    ("HLP06", |bench| bench.docker(r#"{"auths":{"a.test:5000":{},"a.test":{}},"credHelpers":{"a.test":"pass"}}"#), 0),
    ("HLP06", |bench| uses_for(bench, "https://index.docker.io/v1/"), 0),
    ("HLP06", |bench| uses_for(bench, "a.test:5000"), 0),
    ("HLP06", |bench| bench.docker(r#"{"credHelpers":{"docker.io":"pass","https://index.docker.io/v1/":"pass"}}"#), 0),
    ("HLP06", |bench| bench.put("home/.config/containers/auth.json", r#"{"credHelpers":{"docker.io":"pass"}}"#), 0),
    ("HLP07", |bench| pass(bench, OLD), 1),
    ("HLP07", |bench| pass(bench, "#!/bin/sh\nexit 0\n"), 1),
    ("HLP07", |bench| pass(bench, SOUND), 0),
    (
        "HLP07",
        |bench| {
            // Nobody is asked who might ask a network.
            uses(bench, "cloud");
            program(
                bench,
                "docker-credential-cloud",
                &format!("#!/bin/sh\n: > {}\n", bench.at("home/asked").display()),
            );
        },
        0,
    ),
    (
        "HLP09",
        |bench| {
            pass(bench, SOUND);
            bench.mode("bin", 0o777);
        },
        1,
    ),
    (
        "HLP09",
        |bench| {
            pass(bench, SOUND);
            bench.mode("bin/docker-credential-pass", 0o757);
        },
        1,
    ),
    (
        "HLP09",
        |bench| {
            pass(bench, SOUND);
            bench.put("later/x", "");
            bench.mode("later", 0o777);
            bench.set("PATH", format!("{}:{}", bench.at("bin").display(), bench.at("later").display()));
        },
        0,
    ),
    ("HLP10", |bench| uses(bench, "desktop.exe"), 1),
    ("HLP10", |bench| uses(bench, "dev-containers-b7e1"), 1),
    (
        "HLP10",
        |bench| {
            uses(bench, "desktop");
            program(bench, "docker-credential-desktop", SOUND);
        },
        0,
    ),
    (
        "HLP12",
        |bench| {
            bench.set("DOCKER_AUTH_CONFIG", inline());
            uses(bench, "pass");
        },
        1,
    ),
    (
        "HLP12",
        |bench| {
            bench.set("DOCKER_AUTH_CONFIG", inline().replace("}}}", r#"}},"credsStore":"x"}"#));
            uses(bench, "pass");
        },
        1,
    ),
    ("HLP12", |bench| bench.set("DOCKER_AUTH_CONFIG", inline()), 0),
    (
        "HLP12",
        |bench| {
            bench.set("DOCKER_AUTH_CONFIG", inline());
            uses_for(bench, "b.test");
        },
        0,
    ),
];

#[test]
fn only_who_asks_for_it_has_other_helpers_started() {
    let bench = Bench::new();
    uses(&bench, "cloud");
    let asked = bench.at("home/asked");
    program(&bench, "docker-credential-cloud", &format!("#!/bin/sh\n: > {}\n", asked.display()));
    let skipped = answer(&bench.evidence(), "HLP07");
    assert!(skipped.skipped.is_some_and(|why| why.contains("--live")));
    assert!(!asked.exists(), "it was started");
    assert_eq!(answer(&bench.evidence_of(true), "HLP07").findings.len(), 1);
    assert!(asked.exists(), "it was not started");
}

#[test]
fn a_helper_that_fails_one_question_is_asked_no_other() {
    let bench = Bench::new();
    let asked = bench.at("home/asked");
    pass(&bench, &format!("#!/bin/sh\necho $1 >> {}\n", asked.display()));
    assert_eq!(answer(&bench.evidence(), "HLP07").findings.len(), 1);
    assert_eq!(std::fs::read_to_string(asked).expect("asked"), "list\n", "one that hangs would be waited for twice");
}
