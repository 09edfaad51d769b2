//! Content search: what is printed where, and what is not.

use serde_json::json;

use super::{json_of, keys, store_of};
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, peer, regpass_binary};

#[test]
fn lines_names_and_json() {
    let sandbox = store_of(&["mail/alice", "infra/db"]);
    sandbox.regpass(&["insert", "-m", "odd"], b"\x1b[2Juser: \xff\nUSER: eve\r\n").ok();
    let out = |args: &[&str]| sandbox.regpass(&[&["grep"], args].concat(), b"").ok().stdout;
    assert_eq!(out(&["^user"]), b"infra/db:2:user: alice\nmail/alice:2:user: alice\n");
    assert_eq!(out(&["-i", "^user", "odd"]), b"odd:2:USER: eve\n");
    assert_eq!(out(&["-F", "[2J"]), b"odd:1:\x1b[2Juser: \xff\n");
    assert_eq!(out(&["--names", "user"]), b"infra/db\nmail/alice\nodd\n");
    let value = json_of(sandbox.regpass(&["grep", "--json", "user: ", "mail"], b""));
    let store = sandbox.store();
    let entry = json!({"path": "mail/alice", "store": store, "more": 0, "lines": [{"number": 2}]});
    assert_eq!(value, json!({"schema": 1, "entries": [entry], "searched": 1, "failed": [], "unreadable": []}));
    assert_eq!(keys(&value), ["schema", "entries", "searched", "failed", "unreadable"]);
    assert_eq!(keys(&value["entries"][0]), ["path", "store", "more", "lines"]);
    let value = json_of(sandbox.regpass(&["grep", "--json", "--reveal", "user: "], b""));
    assert_eq!(value["entries"][0]["lines"], json!([{"number": 2, "text": "user: alice"}]));
    assert_eq!(value["entries"][2]["lines"], json!([{"number": 1, "base64": "G1sySnVzZXI6IP8="}]));
    assert_eq!(keys(&value["entries"][2]["lines"][0]), ["number", "base64"]);
}

#[test]
fn nothing_found_wrong_patterns_and_unreadable_entries_have_their_codes() {
    let sandbox = store_of(&["a"]);
    let code = |args: &[&str]| sandbox.regpass(&[&["grep"], args].concat(), b"").code;
    assert_eq!((code(&["nothing"]), code(&["("]), code(&["x", "nowhere"]), code(&["--reveal", "x"])), (3, 2, 3, 2));
    std::fs::write(sandbox.store().join("broken.gpg"), b"junk").expect("an entry");
    assert_eq!(code(&["nothing"]), 1);
    let found = sandbox.regpass(&["grep", "pw of"], b"").ok();
    assert_eq!(found.out(), "a:1:pw of a\n");
    assert!(found.err().starts_with("warning: cannot read \"broken\"\n"), "{}", found.err());
    assert_eq!(json_of(sandbox.regpass(&["grep", "--json", "nothing"], b""))["failed"][0]["path"], "broken");
}

#[test]
fn a_terminal_sees_the_name_once_and_nothing_that_moves_it() {
    let sandbox = store_of(&["a"]);
    sandbox.regpass(&["insert", "-m", "b"], b"pw \x1b[2J\npw two\n").ok();
    let mut command = sandbox.command(regpass_binary());
    command.args(["grep", "pw"]).env("TERM", "xterm").env("NO_COLOR", "1");
    let (code, shown) = Terminal::start(&command).end();
    assert_eq!(code, 0);
    assert_eq!(shown, "a\r\n    1  pw of a\r\nb\r\n    1  pw \\u{1b}[2J\r\n    2  pw two\r\n");
}

#[test]
fn pass_grep_finds_the_same_entries() {
    let (sandbox, _) = Sandbox::with_store();
    for (name, text) in
        [("x/one", "pw\nurl: https://a.test\n"), ("two", "pw\n"), ("three", "url: b.test\nurl: c.test\n")]
    {
        sandbox.regpass(&["insert", "-m", name], text.as_bytes()).ok();
    }
    let ours = sandbox.regpass(&["grep", "url: .*test$"], b"").ok().out();
    assert_eq!(ours, "three:1:url: b.test\nthree:2:url: c.test\nx/one:2:url: https://a.test\n");
    if peer("pass").is_some() {
        let theirs = sandbox.run("pass", &["grep", "url: .*test$"], b"").ok().out();
        assert!(["one", "three", "b.test", "c.test"].iter().all(|part| theirs.contains(part)), "{theirs}");
        assert!(!theirs.contains("two"), "{theirs}");
    }
}
