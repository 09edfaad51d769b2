//! Changes taken back, with and without git, and what is kept for it.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{json_of, keys, store_of};
use crate::support::{Sandbox, files_holding};

fn listed(sandbox: &Sandbox) -> Vec<String> {
    sandbox.regpass(&["ls"], b"").ok().out().lines().map(str::to_owned).collect()
}

fn undo(sandbox: &Sandbox) -> String {
    let answer = sandbox.regpass(&["undo"], b"").ok();
    assert_eq!(answer.out(), "");
    answer.err()
}

/// Every kind of change, each taken back.
fn there_and_back(sandbox: &Sandbox) {
    let before = listed(sandbox);
    let shown = |name: &str| sandbox.regpass(&["show", name], b"").ok().out();
    for (args, input) in [
        (&["insert", "new"][..], &b"pw\n"[..]),
        (&["insert", "-f", "a/x"], b"other\n"),
        (&["mv", "a/x", "c/y"], b""),
        (&["mv", "a", "moved"], b""),
        (&["cp", "a/x", "copy"], b""),
        (&["cp", "a", "folder"], b""),
        (&["rm", "-f", "b"], b""),
        (&["rm", "-rf", "a"], b""),
    ] {
        sandbox.regpass(args, input).ok();
        let said = undo(sandbox);
        assert!(said.starts_with("taken back: "), "{args:?}: {said}");
        assert_eq!(listed(sandbox), before, "{args:?}");
        assert_eq!(
            (shown("a/x"), shown("b")),
            ("pw of a/x\nuser: alice\n".into(), "pw of b\nuser: alice\n".into()),
            "{args:?}"
        );
        assert!(!sandbox.store().join("folder").exists(), "{args:?}: no empty folder stays");
    }
}

#[test]
fn every_change_can_be_taken_back_without_git() {
    there_and_back(&store_of(&["a/x", "a/z", "b"]));
}

#[test]
fn every_change_can_be_taken_back_in_git() {
    let sandbox = store_of(&["a/x", "a/z", "b"]);
    sandbox.init_git();
    there_and_back(&sandbox);
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    let log = sandbox.git(&["log", "--format=%s"]).ok().out();
    assert!(log.starts_with("Undo \"Remove a from store.\"\nRemove a from store.\n"), "{log}");
    // Two commits each: nothing is rewritten.
    assert_eq!(log.lines().count(), 17);
}

#[test]
fn the_list_says_what_there_is() {
    let sandbox = store_of(&["a"]);
    sandbox.regpass(&["rm", "-f", "a"], b"").ok();
    undo(&sandbox);
    let text = sandbox.regpass(&["undo", "--list"], b"").ok().out();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("Undo \"Remove a from store.\"  took back 2"), "{text}");
    assert!(lines[1].ends_with("Remove a from store.  taken back by 3"), "{text}");
    let value = json_of(sandbox.regpass(&["undo", "--list", "--json"], b""));
    assert_eq!(keys(&value), ["schema", "steps", "unreadable"]);
    let fields = ["id", "time", "what", "store", "parts", "files", "undoes", "undone_by", "obstacle"];
    assert_eq!(keys(&value["steps"][0]), fields);
    let value = json_of(sandbox.regpass(&["undo", "--json"], b""));
    assert_eq!((keys(&value), &value["step"]["id"]), (vec!["schema", "step"], &json!(1)));
    assert_eq!(sandbox.regpass(&["undo"], b"").code, 3);
    assert_eq!(sandbox.regpass(&["undo", "99"], b"").code, 3);
}

#[test]
fn what_somebody_else_changed_stays() {
    let sandbox = store_of(&["a", "b"]);
    sandbox.regpass(&["mv", "a", "c"], b"").ok();
    std::fs::copy(sandbox.store().join("b.gpg"), sandbox.store().join("a.gpg")).expect("copied");
    let refused = sandbox.regpass(&["undo"], b"");
    assert_eq!(refused.code, 1);
    assert!(refused.err().contains("cause: changed since: \"a.gpg\""), "{}", refused.err());
    assert_eq!(listed(&sandbox), ["a", "b", "c"]);
}

/// A login renamed and then logged out of, by the helper; an entry moved and then removed, by its file alone.
fn what_was_removed_stays_so(sandbox: &Sandbox) {
    let login = br#"{"ServerURL":"h.test","Username":"amy","Secret":"pw"}"#;
    sandbox.helper("store", login).ok();
    sandbox.regpass(&["registries", "rename", "h.test", "amy", "bea"], b"").ok();
    sandbox.helper("erase", "h.test").ok();
    let refused = sandbox.regpass(&["undo"], b"");
    assert_eq!(refused.code, 1, "{}", refused.err());
    assert!(refused.err().contains("cause: changed since: ") && refused.err().contains("bea.gpg"), "{}", refused.err());
    assert_ne!(sandbox.helper("get", "h.test").code, 0);
    sandbox.regpass(&["mv", "a", "c"], b"").ok();
    std::fs::remove_file(sandbox.store().join("c.gpg")).expect("removed");
    let refused = sandbox.regpass(&["undo"], b"");
    assert_eq!(refused.code, 1, "{}", refused.err());
    assert!(refused.err().contains("cause: changed since: \"c.gpg\""), "{}", refused.err());
    assert_eq!(listed(sandbox), ["b"]);
}

#[test]
fn what_somebody_else_removed_stays_so_without_git() {
    what_was_removed_stays_so(&store_of(&["a", "b"]));
}

#[test]
fn what_somebody_else_removed_stays_so_in_git() {
    let sandbox = store_of(&["a", "b"]);
    sandbox.init_git();
    what_was_removed_stays_so(&sandbox);
}

#[test]
fn only_ciphertext_is_kept_and_for_nobody_else() {
    let sandbox = store_of(&["a"]);
    let ciphertext = std::fs::read(sandbox.store().join("a.gpg")).expect("read");
    sandbox.regpass(&["rm", "-f", "a"], b"").ok();
    let state = sandbox.home().join(".local/state/regpass/undo");
    assert_eq!(files_holding(&state, &ciphertext).len(), 1);
    assert!(files_holding(&sandbox.home(), b"pw of a").is_empty());
    let mode = |path: &std::path::Path| path.metadata().expect("it").permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    std::fs::read_dir(&state).expect("steps").flatten().for_each(|step| assert_eq!(mode(&step.path()), 0o600));
}

#[test]
fn a_store_that_is_not_the_one_at_hand_keeps_its_steps_to_itself() {
    let sandbox = store_of(&["a"]);
    let other = sandbox.path().join("other");
    std::fs::create_dir(&other).expect("a folder");
    std::fs::copy(sandbox.store().join(".gpg-id"), other.join(".gpg-id")).expect("copied");
    let other = other.to_str().expect("text");
    sandbox.regpass(&["--store", other, "insert", "there"], b"x").ok();
    undo(&sandbox);
    assert!(listed(&sandbox).is_empty());
    assert_eq!(sandbox.regpass(&["--store", other, "ls"], b"").ok().out(), "there\n");
    let missing = sandbox.regpass(&["--store", other, "undo", "99"], b"").err();
    assert!(missing.ends_with(&format!("hint: see them: regpass --store {other} undo --list\n")), "{missing}");
}

#[test]
fn a_change_that_cannot_be_kept_is_made_and_told() {
    let sandbox = store_of(&[]);
    std::fs::create_dir_all(sandbox.home().join(".local/state/regpass")).expect("a folder");
    std::fs::write(sandbox.home().join(".local/state/regpass/undo"), "in the way").expect("a file");
    let answer = sandbox.regpass(&["insert", "a"], b"x").ok();
    assert!(answer.err().contains("warning: the change cannot be taken back"), "{}", answer.err());
    assert_eq!(listed(&sandbox), ["a"]);
}
