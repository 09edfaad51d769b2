//! A store that two people share, each with a keyring of their own: pass and gopass on one side, regpass on the other;
//! pull, push, conflicts (the recipe of the password-store's own users: clone, add the other's key, write on both sides).

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{have, use_key_file};
use crate::support::{Answer, Sandbox, peer, set_mode};

/// Two people, and the bare repository between them.
struct Two {
    /// Has pass, and the store as it began.
    alice: Sandbox,
    /// Has regpass, by a key file that holds his GnuPG key.
    bob: Sandbox,
    hub: PathBuf,
}

impl Two {
    /// A store for both with the entry `a`; Bob has cloned it.
    fn new() -> Two {
        let (alice, alice_key) = Sandbox::with_store();
        let mut bob = Sandbox::new();
        let bob_key = bob.make_key("Bob <bob@example.test>", "future-default");
        alice.init_store(&format!("{alice_key}\n{bob_key}"));
        introduce(&alice, &alice_key, &bob);
        introduce(&bob, &bob_key, &alice);
        use_key_file(&mut bob);
        alice.init_git();
        alice.git(&["config", "pull.rebase", "false"]).ok();
        let hub = alice.path().join("hub");
        alice.git(&["clone", "-q", "--bare", ".", hub.to_str().expect("text")]).ok();
        alice.git(&["remote", "add", "origin", hub.to_str().expect("text")]).ok();
        alice.git(&["fetch", "-q"]).ok();
        alice.git(&["branch", "-q", "-u", "origin/main"]).ok();
        bob.run("git", &["clone", "-q", hub.to_str().expect("text"), ".password-store"], b"").ok();
        set_mode(&bob.store(), 0o700);
        Two { alice, bob, hub }
    }

    /// Alice writes with pass, and pushes.
    fn alice_writes(&self, entry: &str, text: &str) {
        let options = "--trust-model always";
        let mut command = self.alice.command("pass");
        command.env("PASSWORD_STORE_GPG_OPTS", options).args(["insert", "-m", "-f", entry]);
        crate::support::run(&mut command, text.as_bytes()).ok();
        self.alice.git(&["push", "-q"]).ok();
    }

    /// Alice's clone after a pull, by pass.
    fn alice_reads(&self, entry: &str) -> String {
        self.alice.git(&["pull", "-q"]).ok();
        self.alice.run("pass", &["show", entry], b"").ok().out()
    }

    fn bob(&self, args: &[&str], input: &str) -> Answer {
        self.bob.regpass(args, input.as_bytes())
    }

    fn bob_writes(&self, entry: &str, text: &str) {
        self.bob(&["insert", "-m", "-f", entry], text).ok();
    }

    fn bob_reads(&self, entry: &str) -> String {
        self.bob(&["show", entry], "").ok().out()
    }
}

/// Hands `from`'s public key to `to`, who trusts it.
fn introduce(from: &Sandbox, key: &str, to: &Sandbox) {
    let public = from.gpg(&["--export", key]).ok().stdout;
    to.run("gpg", &["--batch", "--quiet", "--import"], &public).ok();
    to.run("gpg", &["--batch", "--quiet", "--import-ownertrust"], format!("{key}:6:\n").as_bytes()).ok();
}

fn json_of(answer: Answer) -> Value {
    serde_json::from_slice(&answer.stdout).expect("JSON")
}

#[test]
fn what_each_writes_reaches_the_other() {
    if !have(&["pass"]) {
        return;
    }
    let two = Two::new();
    two.alice_writes("a", "of alice\n");
    let said = two.bob(&["sync"], "").ok();
    assert_eq!((said.out(), said.err()), (String::new(), "pulled 1 commit\n".to_owned()));
    assert_eq!(two.bob_reads("a"), "of alice\n");
    two.alice_writes("c", "meanwhile\n");
    two.bob_writes("b", "of bob\n");
    // Both have commits of their own, and nothing says how to join them: plain git refuses that.
    assert_ne!(two.bob.git(&["pull"]).code, 0);
    let value = json_of(two.bob(&["sync", "--json"], "").ok());
    let store = &value["stores"][0];
    assert_eq!((&store["outcome"], &store["pulled"], &store["pushed"]), (&json!("done"), &json!(1), &json!(2)));
    assert_eq!((two.alice_reads("b"), two.bob_reads("c")), ("of bob\n".into(), "meanwhile\n".into()));
    assert_eq!(two.bob(&["sync"], "").ok().err(), "nothing new\n");
    let status = two.bob(&["git", "status"], "").ok().out();
    assert!(status.ends_with(": main, as origin/main\n"), "{status}");
}

#[test]
fn what_both_changed_is_shown_merged_and_read_by_both() {
    if !have(&["pass"]) {
        return;
    }
    let two = Two::new();
    two.alice_writes("a", "pw\nuser: x\nnote: n\n");
    two.bob(&["sync"], "").ok();
    two.alice_writes("a", "pw-of-alice\nuser: x\nnote: n\n");
    two.bob_writes("a", "pw\nuser: y\nnote: n\n");
    let stopped = two.bob(&["sync"], "");
    assert_eq!((stopped.code, stopped.out()), (1, String::new()));
    assert!(
        stopped.err().contains("both sides changed: a\n") && stopped.err().contains("regpass resolve a --merge"),
        "{}",
        stopped.err()
    );
    assert_eq!(two.bob(&["conflicts"], "").ok().out(), "a\n");
    let shown = two.bob(&["conflicts", "a"], "").ok();
    let mask = "••••••••";
    let expected = format!(
        "ours, compared with what both began with:\n {mask}\n-user: x\n+user: y\n note: {mask}\n\
         theirs, compared with what both began with:\n-{mask}\n+{mask}\n user: x\n note: {mask}\n"
    );
    assert_eq!((shown.out(), shown.err()), (expected, "both can be had: regpass resolve a --merge\n".to_owned()));
    let value = json_of(two.bob(&["conflicts", "a", "--json", "--reveal"], "").ok());
    assert_eq!((&value["merges"], &value["theirs"][1]["text"]), (&json!(true), &json!("pw-of-alice")));
    // Other entries can be written meanwhile; that they wait is told.
    let other = two.bob(&["insert", "meanwhile"], "x\n").ok();
    assert!(
        other.err().contains("a merge is not finished") && other.err().contains("regpass conflicts"),
        "{}",
        other.err()
    );
    let value = json_of(two.bob(&["resolve", "a", "--merge", "--json"], "").ok());
    assert_eq!((&value["finished"], &value["left"]), (&json!(true), &json!([])));
    two.bob(&["sync"], "").ok();
    assert_eq!(two.alice_reads("a"), "pw-of-alice\nuser: y\nnote: n\n");
    assert_eq!(two.alice_reads("meanwhile"), "x\n");
    assert_eq!(two.bob.git(&["status", "--porcelain"]).ok().out(), "");
    let subject = two.bob.git(&["log", "-1", "--format=%s"]).ok().out();
    assert!(subject.starts_with("Merge remote-tracking branch 'origin/main'"), "{subject}");
}

#[test]
fn a_conflict_is_settled_in_an_editor() {
    if !have(&["pass"]) {
        return;
    }
    let mut two = Two::new();
    two.alice_writes("a", "base\nuser: x\n");
    two.bob(&["sync"], "").ok();
    two.alice_writes("a", "alice\nuser: x\n");
    two.bob_writes("a", "bob\nuser: x\n");
    assert_eq!(two.bob(&["sync"], "").code, 1);
    // One that leaves the marks settles nothing, and the text is not lost.
    two.bob.set("EDITOR", "sed -i s/user/login/");
    let refused = two.bob(&["resolve", "a", "--edit"], "");
    assert!(refused.code == 2 && refused.err().contains("regpass resolve a --stdin < "), "{}", refused.err());
    let kept = refused
        .err()
        .lines()
        .find_map(|line| line.strip_prefix("hint: then, or if it is not wanted: rm -r ").map(str::to_owned));
    std::fs::remove_dir_all(kept.expect("a folder")).expect("removed");
    // Nor is it lost when the editor crashes; but what nobody typed is not kept readable.
    two.bob.set("EDITOR", "sh -c 'echo typed > \"$1\"; exit 9' sh");
    let crashed = two.bob(&["resolve", "a", "--edit"], "");
    let line = crashed.err().lines().find_map(|line| line.strip_prefix("hint: to store it: ").map(str::to_owned));
    let file = line.as_deref().and_then(|line| line.split(" < ").nth(1)).map(PathBuf::from);
    let file = file.unwrap_or_else(|| panic!("{}", crashed.err()));
    assert_eq!(std::fs::read_to_string(&file).expect("kept"), "typed\n");
    std::fs::remove_dir_all(file.parent().expect("a folder")).expect("removed");
    for editor in ["true", "false"] {
        two.bob.set("EDITOR", editor);
        let refused = two.bob(&["resolve", "a", "--edit"], "");
        assert!(refused.code != 0 && !refused.err().contains("readable"), "{}", refused.err());
    }
    two.bob.set("EDITOR", "sed -i -e '/^[<|=>]/d' -e /^base/d -e /^alice/d");
    two.bob(&["resolve", "a", "--edit"], "").ok();
    assert_eq!(two.bob_reads("a"), "bob\nuser: x\n");
    assert_eq!(two.bob.git(&["status", "--porcelain"]).ok().out(), "");
}

#[test]
fn old_versions_that_were_not_for_us_are_listed_with_the_reason() {
    if !have(&["pass"]) {
        return;
    }
    let two = Two::new();
    let both = std::fs::read_to_string(two.alice.store().join(".gpg-id")).expect("read");
    let (alice_key, _) = both.split_once('\n').expect("two keys");
    two.alice.init_store(alice_key);
    two.alice_writes("private", "secret of alice\n");
    std::fs::write(two.alice.store().join(".gpg-id"), &both).expect("both again");
    two.alice_writes("private", "for both\n");
    two.bob(&["sync"], "").ok();
    let text = two.bob(&["history", "private"], "").ok().out();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 2 && !lines[0].contains('[') && lines[1].contains("[the key file"), "{text}");
    assert_eq!(two.bob(&["diff", "private"], "").code, 1);
    // Alice has no entry for herself alone to bring back: what she restores, Bob can read.
    let mut alice = two.alice.command(crate::support::regpass_binary());
    crate::support::run(alice.args(["restore", "private", "2"]), b"").ok();
    two.alice.git(&["push", "-q"]).ok();
    two.bob(&["sync"], "").ok();
    assert_eq!(two.bob_reads("private"), "secret of alice\n");
}

#[test]
fn in_a_rebase_ours_is_ours_and_each_commit_has_its_turn() {
    if !have(&["pass"]) {
        return;
    }
    let two = Two::new();
    for entry in ["a", "b"] {
        two.alice_writes(entry, "base\n");
    }
    two.bob(&["sync"], "").ok();
    two.bob.git(&["config", "pull.rebase", "true"]).ok();
    for entry in ["a", "b"] {
        two.alice_writes(entry, "alice\n");
        two.bob_writes(entry, "bob\n");
    }
    assert_eq!(two.bob(&["sync"], "").code, 1);
    let next = two.bob(&["resolve", "a", "--ours"], "").ok();
    assert!(next.err().contains("left: b"), "{}", next.err());
    assert!(two.bob(&["resolve", "b", "--theirs"], "").ok().err().contains("finished"));
    assert_eq!((two.bob_reads("a"), two.bob_reads("b")), ("bob\n".into(), "alice\n".into()));
    two.bob(&["sync"], "").ok();
    assert_eq!(two.alice_reads("a"), "bob\n");
}

#[test]
fn what_cannot_be_reached_is_told_and_nothing_is_half_done() {
    let two = Two::new();
    two.bob_writes("b", "of bob\n");
    std::fs::rename(&two.hub, two.hub.with_extension("away")).expect("moved away");
    let failed = two.bob(&["sync"], "");
    assert_eq!((failed.code, failed.out()), (1, String::new()));
    assert!(
        failed.err().contains("was not fetched") && failed.err().contains("does not appear to be a git repository"),
        "{}",
        failed.err()
    );
    let value = json_of(two.bob(&["git", "push", "--json"], ""));
    assert_eq!(value["stores"][0]["outcome"], "failed");
    std::fs::rename(two.hub.with_extension("away"), &two.hub).expect("moved back");
    assert_eq!(two.bob(&["--read-only", "sync"], "").code, 1);
    two.bob(&["git", "pull"], "").ok();
    let value = json_of(two.bob(&["git", "status", "--json"], "").ok());
    assert_eq!((&value["stores"][0]["ahead"], &value["stores"][0]["behind"]), (&json!(1), &json!(0)));
    assert_eq!(two.bob(&["git", "push"], "").ok().err(), "pushed 1 commit\n");
    let value = json_of(two.bob(&["git", "log", "--json", "--limit", "1"], "").ok());
    assert_eq!(value["commits"][0]["subject"], "Add given password for b to store.");
}

#[test]
fn a_store_without_git_or_remote_is_told_what_to_do() {
    let (sandbox, _) = super::machine();
    let none = sandbox.regpass(&["sync"], b"");
    assert!(none.code == 1 && none.err().contains("pass git init"), "{}", none.err());
    sandbox.init_git();
    let none = sandbox.regpass(&["sync"], b"");
    assert!(none.code == 1 && none.err().contains("name one with git remote add"), "{}", none.err());
    assert_eq!(sandbox.regpass(&["conflicts"], b"").ok().err(), "no conflicts\n");
    assert_eq!(sandbox.regpass(&["resolve", "a", "--ours"], b"").code, 3);
    assert_eq!(sandbox.regpass(&["resolve", "a"], b"").code, 2);
    assert_eq!(sandbox.regpass(&["resolve"], b"").ok().err(), "there is nothing to finish\n");
}

#[test]
fn gopass_carries_on_after_a_merge() {
    let Some(gopass) = peer("gopass") else { return };
    let two = Two::new();
    let insert = |text: &str| {
        let written = two.alice.run(&gopass, &["insert", "-m", "-f", "a"], text.as_bytes()).ok();
        drop(written);
        two.alice.git(&["push", "-q"]).ok();
    };
    insert("pw\nuser: x\n");
    two.bob(&["sync"], "").ok();
    insert("new\nuser: x\n");
    two.bob_writes("a", "pw\nuser: y\n");
    assert_eq!(two.bob(&["sync"], "").code, 1);
    two.bob(&["resolve", "a", "--merge"], "").ok();
    two.bob(&["sync"], "").ok();
    two.alice.git(&["pull", "-q"]).ok();
    assert_eq!(two.alice.run(&gopass, &["show", "-n", "a"], b"").ok().out().trim_end(), "new\nuser: y");
}
