//! After a logout.

use super::*;
use crate::system::windows::{self, Hold, Record};

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

/// Like those of the store's checks: the settings of a person.
fn windows_only(bench: &mut Bench) {
    bench.put("home/regpass.toml", "windows-only = true\n");
    let path = bench.at("home/regpass.toml").to_string_lossy().into_owned();
    bench.set("REGPASS_CONFIG", path);
}

/// A window at this registry, opened at the first and ended at the second of these seconds.
fn window(bench: &Bench, registry: &str, own: bool, (opened, until): (u64, u64)) {
    let store = bench.at("home/.password-store");
    std::fs::create_dir_all(&store).expect("a store");
    let mut record = Record::new(registry, &store, None, "store", own);
    let (window, docker_config) = ("w".to_owned(), bench.at("home/.docker"));
    record.holds.push(Hold { window, opened, until, docker_config, made: None, runner: None, closed: false });
    let state = bench.at("home/.local/state/regpass");
    windows::hold(&state, rustix::process::getuid().as_raw()).expect("held").put(&record).expect("written");
}

/// Long ago, and long from now.
const PAST: (u64, u64) = (1, 2);
const NOW: (u64, u64) = (1, 1 << 40);

pub(super) const ROWS: &[OnHome] = &[
    (
        "WIN01",
        |bench| {
            windows_only(bench);
            login(bench, PLAIN);
            login(bench, HUB);
        },
        2,
    ),
    (
        "WIN01",
        |bench| {
            windows_only(bench);
            login(bench, PLAIN);
            login(bench, HUB);
            window(bench, "a.test", true, NOW);
            window(bench, "docker.io", true, PAST);
        },
        0,
    ),
    (
        "WIN04",
        |bench| {
            login(bench, PLAIN);
            window(bench, "a.test", true, PAST);
        },
        1,
    ),
    (
        "WIN04",
        |bench| {
            window(bench, "a.test", true, NOW);
            bench.put("home/.local/state/regpass/windows/0.json", "{");
        },
        1,
    ),
    (
        "WIN04",
        |bench| {
            login(bench, PLAIN);
            window(bench, "a.test", true, NOW);
            window(bench, "b.test", false, PAST);
        },
        0,
    ),
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
