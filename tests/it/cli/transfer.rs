//! `mv` and `cp` beside pass: the same sequence in two stores leaves the same names, texts, readers and commits.

use serde_json::json;

use super::{json_of, keys, store_of};
use crate::support::{Sandbox, peer};

/// A git store with a folder for two readers, and entries of one.
fn shared() -> (Sandbox, String) {
    let (sandbox, alice) = Sandbox::with_store();
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    std::fs::create_dir(sandbox.store().join("team")).expect("a folder");
    std::fs::write(sandbox.store().join("team/.gpg-id"), format!("{alice}\n{bob}\n")).expect("recipients");
    for name in ["a", "b", "d/x", "d/y", "both", "both/in"] {
        sandbox.regpass(&["insert", "-m", name], format!("pw of {name}\nuser: x\n").as_bytes()).ok();
    }
    sandbox.init_git();
    (sandbox, bob)
}

const SEQUENCE: [&[&str]; 9] = [
    &["mv", "a", "n/m"],
    &["cp", "b", "team/b"],
    &["mv", "d", "team"],
    &["cp", "team/d/", "team/e"],
    &["mv", "both", "one"],
    &["mv", "both/", "two"],
    &["cp", "one", "deep/er/"],
    &["mv", "team/e", "back"],
    &["mv", "--force", "b", "one"],
];

fn names(sandbox: &Sandbox) -> String {
    sandbox.git(&["ls-files"]).ok().out()
}

#[test]
fn the_same_sequence_leaves_what_pass_leaves() {
    let (ours, bob) = shared();
    let Some(_) = peer("pass") else { return };
    let (theirs, their_bob) = shared();
    for args in SEQUENCE {
        ours.regpass(args, b"").ok();
        theirs.run("pass", args, b"").ok();
    }
    assert_eq!(names(&ours), names(&theirs));
    let subjects = |sandbox: &Sandbox| sandbox.git(&["log", "--format=%s"]).ok().out();
    assert_eq!(subjects(&ours), subjects(&theirs));
    assert_eq!(ours.git(&["status", "--porcelain"]).ok().out(), "");
    for file in names(&ours).lines().filter(|file| file.ends_with(".gpg")) {
        let entry = file.trim_end_matches(".gpg");
        let text = theirs.run("pass", &["show", entry], b"").ok().out();
        assert_eq!(ours.run("pass", &["show", entry], b"").ok().out(), text, "{entry}");
        let readers = |sandbox: &Sandbox, bob: &str| {
            let path = sandbox.store().join(file);
            let args = ["--list-only", "--list-packets", path.to_str().expect("text")];
            let listed = sandbox.gpg(&args).ok().out();
            let keys = sandbox.gpg(&["--with-colons", "--list-keys", bob]).ok().out();
            let subkey = keys.lines().find(|line| line.starts_with("sub:")).and_then(|line| line.split(':').nth(4));
            let for_bob = listed.contains(subkey.expect("an encryption key"));
            (listed.matches(":pubkey enc packet:").count(), for_bob)
        };
        assert_eq!(readers(&ours, &bob), readers(&theirs, &their_bob), "{entry}");
    }
}

#[test]
fn nothing_is_replaced_unasked_and_what_was_done_is_told() {
    let sandbox = store_of(&["a", "b", "d/x"]);
    let refused = sandbox.regpass(&["mv", "a", "b"], b"");
    assert_eq!(refused.code, 1);
    assert!(refused.err().starts_with("error: \"b\" is there already\nhint: "), "{}", refused.err());
    assert_eq!(sandbox.regpass(&["show", "b"], b"").ok().out(), "pw of b\nuser: alice\n");
    assert_eq!(sandbox.regpass(&["mv", "none", "b"], b"").code, 3);
    assert_eq!(sandbox.regpass(&["mv", "d", "d/in"], b"").code, 2);
    assert_eq!(sandbox.regpass(&["cp", "a", "d/"], b"").ok().err(), "copied \"a\" to \"d/a\"\n");
    let value = json_of(sandbox.regpass(&["mv", "--json", "d", "e"], b""));
    assert_eq!(value, json!({"schema": 1, "from": "d", "to": "e", "entries": 2, "reencrypted": 0}));
    keys(&value);
    assert_eq!(sandbox.regpass(&["ls"], b"").ok().out(), "a\nb\ne/a\ne/x\n");
}

/// Killed while a folder moves to other readers, over and over: every text is always somewhere, and the same command
/// finishes the work.
#[test]
fn a_killed_move_loses_nothing() {
    use std::time::{Duration, Instant};
    let (sandbox, _) = shared();
    for number in 0..12 {
        sandbox.regpass(&["insert", "-m", &format!("many/{number}")], format!("pw {number}").as_bytes()).ok();
    }
    let shows = |entry: &str, text: &str| {
        let answer = sandbox.regpass(&["show", entry], b"");
        answer.code == 0 && answer.out() == text
    };
    let started = Instant::now();
    sandbox.regpass(&["cp", "many", "team/measured"], b"").ok();
    let whole = started.elapsed();
    for round in 0..12_u32 {
        let mut command = sandbox.command(crate::support::regpass_binary());
        let mut child =
            command.args(["mv", "many", "team"]).stderr(std::process::Stdio::null()).spawn().expect("started");
        let deadline = Instant::now() + whole * (round * 5 % 13) / 10 + Duration::from_millis(1);
        while Instant::now() < deadline && child.try_wait().expect("asked").is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().expect("gone");
        for number in 0..12 {
            let text = format!("pw {number}");
            let somewhere = ["many", "team/many"].iter().any(|folder| shows(&format!("{folder}/{number}"), &text));
            assert!(somewhere, "many/{number} is lost");
        }
        if sandbox.store().join("many").exists() {
            continue;
        }
        sandbox.regpass(&["cp", "team/many", "many"], b"").ok();
        sandbox.regpass(&["rm", "-rf", "team/many"], b"").ok();
    }
    sandbox.regpass(&["mv", "many", "team"], b"").ok();
    assert!(!sandbox.store().join("many").exists());
    assert_eq!(sandbox.git(&["ls-files", "team/many"]).ok().out().lines().count(), 12);
}

/// The hook of the target's commit stands for a pass that writes while a folder is moved.
#[test]
fn what_somebody_writes_while_it_is_moved_is_not_removed() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = store_of(&["a", "d/x", "d/y"]);
    let work = sandbox.home().join("work");
    std::fs::create_dir_all(&work).expect("a folder");
    std::fs::copy(sandbox.store().join(".gpg-id"), work.join(".gpg-id")).expect("recipients");
    std::fs::create_dir_all(sandbox.home().join(".config/gopass")).expect("a folder");
    let store = sandbox.store();
    let config = format!("[mounts]\n\tpath = {}\n[mounts \"work\"]\n\tpath = {}\n", store.display(), work.display());
    std::fs::write(sandbox.home().join(".config/gopass/config"), config).expect("a configuration");
    let git = |args: &[&str]| sandbox.run("git", &[&["-C", "work"], args].concat(), b"").ok();
    git(&["init", "-q"]);
    let hook = work.join(".git/hooks/pre-commit");
    std::fs::create_dir_all(work.join(".git/hooks")).expect("a folder");
    std::fs::write(&hook, format!("#!/bin/sh\ncp {0}/a.gpg {0}/d/x.gpg\n", store.display())).expect("a hook");
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let stopped = sandbox.regpass(&["mv", "d", "work/d"], b"");
    assert_eq!(stopped.code, 1);
    assert!(
        stopped.err().contains("\"d\" was changed by somebody else while it was moved, so it stays"),
        "{}",
        stopped.err()
    );
    assert_eq!(sandbox.regpass(&["show", "d/x"], b"").ok().out(), "pw of a\nuser: alice\n");
    assert_eq!(sandbox.regpass(&["show", "work/d/x"], b"").ok().out(), "pw of d/x\nuser: alice\n");
    sandbox.regpass(&["undo"], b"").ok();
    assert_eq!(sandbox.regpass(&["ls"], b"").ok().out(), "a\nd/x\nd/y\n");
}
