//! What an entry was before, as people and scripts see it.

use serde_json::json;

use super::{json_of, keys};
use crate::support::Sandbox;

/// A store in git with three versions of `a`.
fn three() -> Sandbox {
    let sandbox = Sandbox::without_gnupg();
    sandbox.init_git();
    for text in ["first-pw\nuser: alice\n", "second-pw\nuser: alice\n", "second-pw\nuser: bob\npin: 123\n"] {
        sandbox.regpass(&["insert", "-m", "-f", "a"], text.as_bytes()).ok();
    }
    sandbox
}

#[test]
fn versions_are_listed_and_follow_renames() {
    let sandbox = three();
    sandbox.git(&["mv", "a.gpg", "b.gpg"]).ok();
    sandbox.git(&["commit", "-qm", "moved\u{1b}[31m"]).ok();
    let text = sandbox.regpass(&["history", "b"], b"").ok().out();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("  1  20") && lines[0].ends_with("  Test  moved\\u{1b}[31m"), "{text}");
    assert!(lines[1].ends_with("Add given password for a to store.  (as a)"), "{text}");
    let value = json_of(sandbox.regpass(&["history", "b", "--json"], b""));
    assert_eq!(keys(&value), ["schema", "path", "versions"]);
    let fields = ["number", "commit", "time", "author", "email", "subject", "path", "content"];
    assert_eq!(keys(&value["versions"][0]), fields);
    let paths: Vec<_> = value["versions"].as_array().expect("versions").iter().map(|one| one["path"].clone()).collect();
    assert_eq!(paths, ["b", "a", "a", "a"]);
    assert_eq!(sandbox.regpass(&["history", "nowhere"], b"").code, 3);
}

#[test]
fn a_diff_shows_no_value_unless_asked() {
    let sandbox = three();
    let diff = sandbox.regpass(&["diff", "a", "3"], b"").ok().out();
    let mask = "••••••••";
    let body: Vec<&str> = diff.lines().skip(2).collect();
    let [old, new, pin] = [format!("-{mask}"), format!("+{mask}"), format!("+pin: {mask}")];
    assert_eq!(body, [&old[..], "-user: alice", &new, "+user: bob", &pin]);
    let revealed = sandbox.regpass(&["diff", "a", "--reveal"], b"").ok().out();
    assert!(revealed.ends_with("\n second-pw\n-user: alice\n+user: bob\n+pin: 123\n"), "{revealed}");
    let value = json_of(sandbox.regpass(&["diff", "a", "--json"], b""));
    assert_eq!(keys(&value), ["schema", "path", "from", "to", "lines"]);
    assert_eq!((keys(&value["lines"][0]), &value["to"]), (vec!["change", "number", "masked"], &json!(null)));
    assert!(!value.to_string().contains("second-pw"));
    let value = json_of(sandbox.regpass(&["diff", "a", "3", "2", "--json", "--reveal"], b""));
    assert_eq!(
        (keys(&value["lines"][0]), &value["lines"][0]["text"]),
        (vec!["change", "number", "masked", "text"], &json!("first-pw"))
    );
    for (args, code) in [(&["diff", "a", "9"][..], 3), (&["diff", "a", "HEAD"], 2), (&["diff", "a", "3", "3"], 0)] {
        assert_eq!(sandbox.regpass(args, b"").code, code, "{args:?}");
    }
}

#[test]
fn a_version_comes_back_also_of_what_was_removed() {
    let sandbox = three();
    sandbox.regpass(&["restore", "a", "3"], b"").ok();
    assert_eq!(sandbox.regpass(&["show", "a", "--line", "1"], b"").ok().out(), "first-pw\n");
    sandbox.regpass(&["rm", "-f", "a"], b"").ok();
    assert_eq!(sandbox.regpass(&["diff", "a"], b"").code, 3);
    let value = json_of(sandbox.regpass(&["restore", "a", "3", "--json"], b""));
    assert_eq!((keys(&value), &value["changed"]), (vec!["schema", "path", "changed"], &json!(true)));
    assert_eq!(sandbox.regpass(&["show", "a", "--line", "2"], b"").ok().out(), "user: bob\n");
    let log = sandbox.git(&["log", "-1", "--format=%s"]).ok().out();
    assert!(log.starts_with("Restore a to version of 20"), "{log}");
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
}

#[test]
fn a_store_without_git_says_how_to_get_a_history() {
    let sandbox = super::store_of(&["a"]);
    let answer = sandbox.regpass(&["history", "a"], b"");
    assert_eq!((answer.code, answer.out()), (1, String::new()));
    assert!(answer.err().contains("pass git init"), "{}", answer.err());
}
