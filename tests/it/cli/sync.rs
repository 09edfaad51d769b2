//! The JSON of what goes between stores and remotes, field by field as docs/json.md has it.

use serde_json::json;

use super::{json_of, keys, store_of};
use crate::support::Sandbox;

/// A store with the entry `a`, its remote, and a second clone in which `a` and `b` were changed and pushed.
fn shared() -> Sandbox {
    let sandbox = store_of(&["a", "b"]);
    sandbox.init_git();
    let git = |args: &[&str]| sandbox.run("git", args, b"").ok();
    git(&["clone", "-q", "--bare", ".password-store", "hub"]);
    sandbox.git(&["remote", "add", "origin", "../hub"]).ok();
    git(&["clone", "-q", "hub", "other"]);
    sandbox.regpass(&["--store", "other", "insert", "-m", "-f", "a"], b"theirs\n").ok();
    git(&["-C", "other", "rm", "-q", "b.gpg"]);
    git(&["-C", "other", "commit", "-q", "-m", "no b\u{1b}]0;x\u{7}"]);
    git(&["-C", "other", "push", "-q"]);
    sandbox
}

#[test]
fn every_field_is_explained() {
    let sandbox = shared();
    let value = json_of(sandbox.regpass(&["git", "status", "--json"], b""));
    let status = [
        "mount",
        "store",
        "git",
        "branch",
        "commit",
        "remote",
        "ahead",
        "behind",
        "uncommitted",
        "unmerged",
        "operation",
    ];
    assert_eq!((keys(&value), keys(&value["stores"][0])), (vec!["schema", "stores"], status.to_vec()));
    for name in ["a", "b"] {
        sandbox.regpass(&["insert", "-m", "-f", name], b"ours\n").ok();
    }
    let stopped = sandbox.regpass(&["sync", "--json"], b"");
    assert_eq!(stopped.code, 1);
    assert!(!stopped.err().contains('\u{1b}'), "{}", stopped.err());
    let value = json_of(crate::support::Answer { code: 0, ..stopped });
    let synced = ["mount", "store", "outcome", "pulled", "pushed", "uncommitted", "conflicts"];
    assert_eq!(keys(&value["stores"][0]), synced);
    assert_eq!(value["stores"][0]["conflicts"], json!([{"path": "a"}, {"path": "b"}]));
    let value = json_of(sandbox.regpass(&["conflicts", "--json"], b""));
    assert_eq!(
        (keys(&value), &value["operation"]),
        (vec!["schema", "operation", "entries", "others"], &json!("merge"))
    );
    let value = json_of(sandbox.regpass(&["conflicts", "a", "--json"], b""));
    assert_eq!(keys(&value), ["schema", "path", "merges", "ours", "theirs"]);
    assert_eq!(keys(&value["ours"][0]), ["change", "number", "masked"]);
    assert_eq!(json_of(sandbox.regpass(&["conflicts", "b", "--json"], b""))["theirs"], json!(null));
    let value = json_of(sandbox.regpass(&["resolve", "a", "--theirs", "--json"], b""));
    assert_eq!((keys(&value), &value["left"]), (vec!["schema", "finished", "left"], &json!([{"path": "b"}])));
    assert!(sandbox.regpass(&["git", "status"], b"").ok().out().contains("a merge is not finished, 1 in conflict"));
    let value = json_of(sandbox.regpass(&["resolve", "b", "--theirs", "--json"], b""));
    assert_eq!(value["finished"], json!(true));
    assert_eq!(sandbox.regpass(&["ls"], b"").ok().out(), "a\n");
    let value = json_of(sandbox.regpass(&["git", "log", "--json"], b""));
    assert_eq!(keys(&value["commits"][0]), ["commit", "time", "author", "email", "subject"]);
    let log = sandbox.regpass(&["git", "log"], b"").ok().out();
    assert!(log.contains("no b\\u{1b}]0;x\\u{7}\n") && !log.contains('\u{1b}'), "{log}");
}

#[test]
fn who_may_read_is_settled_before_what() {
    let sandbox = shared();
    let git = |args: &[&str]| sandbox.run("git", args, b"").ok();
    let own = std::fs::read_to_string(sandbox.store().join(".gpg-id")).expect("recipients");
    std::fs::write(sandbox.home().join("other/.gpg-id"), format!("{own}# theirs\n")).expect("recipients");
    git(&["-C", "other", "commit", "-qam", "theirs"]);
    git(&["-C", "other", "push", "-q"]);
    std::fs::write(sandbox.store().join(".gpg-id"), format!("{own}# ours\n")).expect("recipients");
    git(&["-C", ".password-store", "commit", "-qam", "ours"]);
    let stopped = sandbox.regpass(&["sync"], b"");
    assert_eq!(stopped.code, 1);
    assert!(
        stopped.err().ends_with("hint: settle one: regpass resolve .gpg-id --ours (or --theirs)\n"),
        "{}",
        stopped.err()
    );
    // git's marks are no recipients: nothing is encrypted by them.
    let refused = sandbox.regpass(&["insert", "new"], b"pw\n");
    assert!(refused.err().contains("git's mark of a conflict"), "{}", refused.err());
    assert!(refused.err().ends_with("hint: see what waits to be settled: regpass conflicts\n"), "{}", refused.err());
    sandbox.regpass(&["resolve", ".gpg-id", "--theirs"], b"").ok();
    assert_eq!(
        std::fs::read_to_string(sandbox.store().join(".gpg-id")).expect("recipients"),
        format!("{own}# theirs\n")
    );
    sandbox.regpass(&["insert", "new"], b"pw\n").ok();
}

#[test]
fn a_pull_changes_no_account_and_follows_a_switch() {
    let sandbox = store_of(&[]);
    let entry = |user: &str| format!("docker-credential-helpers/aC50ZXN0/{user}");
    sandbox.regpass(&["insert", "-m", &entry("bob")], b"of bob\n").ok();
    sandbox.regpass(&["insert", "-m", &entry("alice")], b"of alice\n").ok();
    sandbox.regpass(&["registries", "use", "h.test", "bob"], b"").ok();
    sandbox.init_git();
    let git = |args: &[&str]| sandbox.run("git", args, b"").ok();
    git(&["clone", "-q", "--bare", ".password-store", "hub"]);
    sandbox.git(&["remote", "add", "origin", "../hub"]).ok();
    git(&["clone", "-q", "hub", "other"]);
    let answers = || {
        let answer: serde_json::Value =
            serde_json::from_slice(&sandbox.helper("get", "h.test").ok().stdout).expect("JSON");
        answer["Username"].as_str().expect("a name").to_owned()
    };
    let other = |args: &[&str], input: &[u8]| {
        sandbox.regpass(&[&["--store", "other"], args].concat(), input).ok();
        git(&["-C", "other", "push", "-q"]);
    };
    // Another account comes, and one that does not answer has another secret.
    other(&["insert", "-m", &entry("carol")], b"of carol\n");
    sandbox.regpass(&["git", "pull"], b"").ok();
    assert_eq!((answers(), sandbox.store().join(entry("carol") + ".gpg").exists()), ("bob".to_owned(), true));
    other(&["insert", "-m", "-f", &entry("carol")], b"rotated\n");
    sandbox.git(&["config", "pull.rebase", "true"]).ok();
    sandbox.regpass(&["insert", "-m", "-f", &entry("alice")], b"rotated\n").ok();
    sandbox.regpass(&["sync"], b"").ok();
    assert_eq!(answers(), "bob");
    git(&["-C", "other", "pull", "-q"]);
    other(&["registries", "use", "h.test", "carol"], b"");
    sandbox.regpass(&["sync"], b"").ok();
    assert_eq!(answers(), "carol");
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
}
