//! After a logout.

use super::*;

/// What the helper was asked, in order; the journal is newer than every file.
fn journal(bench: &Bench, calls: &[(&str, &str, &str)]) {
    let line = |(number, (action, server, outcome)): (usize, &(&str, &str, &str))| {
        format!(
            "{{\"time\":\"2999-01-01T00:00:00.{number:03}Z\",\"action\":\"{action}\",\"server\":\"{server}\",\
             \"outcome\":\"{outcome}\",\"millis\":1,\"uid\":0}}\n"
        )
    };
    bench.put("home/.local/state/regpass/journal.jsonl", &calls.iter().enumerate().map(line).collect::<String>());
}

fn login(bench: &Bench, folder: &str) {
    bench.put(&format!("home/.password-store/docker-credential-helpers/{folder}/bob.gpg"), "x");
}

/// `a.test`, `https://a.test/v1/`, `https://index.docker.io/v1/`.
const PLAIN: &str = "YS50ZXN0";
const OLD: &str = "aHR0cHM6Ly9hLnRlc3QvdjEv";
const HUB: &str = "aHR0cHM6Ly9pbmRleC5kb2NrZXIuaW8vdjEv";

pub(super) const ROWS: &[OnHome] = &[
    (
        "WIN02",
        |bench| {
            login(bench, PLAIN);
            journal(bench, &[("store", "a.test", "stored"), ("erase", "a.test", "error:failed")]);
        },
        1,
    ),
    (
        "WIN02",
        |bench| {
            bench.docker(&inline());
            bench.put("home/.config/containers/auth.json", &inline());
            journal(bench, &[("erase", "https://a.test", "nothing-to-erase"), ("get", "a.test", "not-found")]);
        },
        2,
    ),
    (
        "WIN02",
        |bench| {
            login(bench, PLAIN);
            journal(bench, &[("erase", "a.test", "erased"), ("store", "https://a.test", "stored")]);
        },
        0,
    ),
    (
        "WIN02",
        |bench| {
            login(bench, PLAIN);
            journal(bench, &[("erase", "b.test", "erased"), ("erase", "***", "erased"), ("list", "", "listed")]);
        },
        0,
    ),
    (
        "WIN02",
        |bench| {
            bench.put("home/.docker/config.json.bak", &inline());
            journal(bench, &[("erase", "a.test", "erased")]);
        },
        0,
    ),
    (
        "WIN03",
        |bench| {
            login(bench, HUB);
            journal(bench, &[("erase", "docker.io", "nothing-to-erase")]);
        },
        1,
    ),
    (
        "WIN03",
        |bench| {
            login(bench, OLD);
            let forms = ["a.test", "a.test", "http://a.test", "https://a.test"];
            journal(bench, &forms.map(|form| ("erase", form, "nothing-to-erase")));
        },
        1,
    ),
    (
        "WIN03",
        |bench| {
            login(bench, PLAIN);
            journal(bench, &[("erase", "a.test", "error:failed"), ("erase", "http://a.test", "nothing-to-erase")]);
        },
        0,
    ),
];

#[test]
fn without_a_journal_nobody_knows() {
    let bench = Bench::new();
    login(&bench, PLAIN);
    assert!(answer(&bench.evidence(), "WIN02").skipped.is_some());
    bench.put("home/.local/state/regpass/journal.jsonl", "no journal\n");
    assert_eq!(answer(&bench.evidence(), "WIN03").skipped.map(|why| why.contains("journal")), Some(true));
}
