//! `regpass audit` on a real store: what GnuPG made is sound, logins are opened when that is asked for, with one question,
//! and Ctrl-C ends it.

use std::process::Command;

use super::*;
use crate::support::regpass_binary;
use crate::support::terminal::Terminal;

const SHARED: &str = "one-secret-for-two";

fn groups(sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    let groups = ["audit", "--group", "store", "--group", "gpg", "--group", "credentials"];
    let answer = sandbox.regpass(&[&groups, arguments].concat(), b"");
    assert!(!answer.out().contains(SHARED) && !answer.err().contains(SHARED), "{}{}", answer.out(), answer.err());
    answer
}

fn login(sandbox: &Sandbox, server: &str, user: &str, secret: &str) {
    let login = json!({ "ServerURL": server, "Username": user, "Secret": secret }).to_string();
    sandbox.helper("store", login).ok();
}

fn ids(answer: &Answer) -> Vec<String> {
    let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let findings = value["findings"].as_array().expect("findings").iter();
    let mut ids: Vec<String> = findings.map(|finding| finding["id"].as_str().expect("an id").to_owned()).collect();
    ids.dedup();
    ids
}

#[test]
fn a_store_that_gnupg_made_is_sound_and_bob_s_key_is_not_vouched_for() {
    let (sandbox, alice) = Sandbox::with_store();
    login(&sandbox, "a.test", "bob", "s3cret-a");
    // Sandboxes have a key without passphrase.
    assert_eq!(ids(&groups(&sandbox, &["--json"])), ["GPG09"]);
    let stranger = Sandbox::new();
    let bob = stranger.make_key("Bob <bob@example.test>", "future-default");
    let public = stranger.run("gpg", &["--export", "--armor", &bob], b"").ok().stdout;
    sandbox.run("gpg", &["--batch", "--import"], &public).ok();
    std::fs::write(sandbox.store().join(".gpg-id"), format!("{alice}\n{bob}\n")).expect("recipients");
    let mut found = ids(&groups(&sandbox, &["--json"]));
    found.retain(|id| id != "GPG09");
    assert_eq!(found, ["STO04", "STO08"], "gpg has no word for his key, and the login is not for him yet");
    sandbox.run("gpg", &["--batch", "--yes", "--quick-lsign-key", &bob], b"").ok();
    let mut found = ids(&groups(&sandbox, &["--json"]));
    found.retain(|id| id != "GPG09");
    assert_eq!(found, ["STO08"]);
    sandbox.regpass(&["reencrypt"], b"").ok();
    assert_eq!(ids(&groups(&sandbox, &["--json"])), ["GPG09"]);
}

#[test]
fn logins_are_opened_when_asked_for_and_nothing_of_them_is_told() {
    let (sandbox, _) = Sandbox::with_store();
    login(&sandbox, "a.test", "bob", SHARED);
    login(&sandbox, "b.test", "ann", SHARED);
    login(&sandbox, "c.test", "ann", "ann");
    let closed = groups(&sandbox, &[]);
    assert!(closed.out().contains("opened with --decrypt only"), "{}", closed.out());
    let found = groups(&sandbox, &["--decrypt", "--only", "CRD03", "--only", "CRD04", "--json"]);
    assert_eq!((ids(&found), found.code), (vec!["CRD03".to_owned(), "CRD04".to_owned()], 10));
}

#[test]
fn a_passphrase_is_asked_for_once_and_ctrl_c_ends_it() {
    let sandbox = Sandbox::new();
    let key = sandbox.make_key_with_passphrase("Alice <alice@example.test>", "future-default", "open sesame");
    sandbox.init_store(&key);
    for number in 0..4 {
        login(&sandbox, &format!("h{number}.test"), "bob", SHARED);
    }
    sandbox.run("gpgconf", &["--kill", "gpg-agent"], b"").ok();
    let start = || {
        let mut command: Command = sandbox.command(regpass_binary());
        command.args(["audit", "--decrypt", "--only", "CRD04"]).env("TERM", "dumb");
        Terminal::start(command.env("REGPASS_PINENTRY", "loopback"))
    };
    let mut refused = start();
    refused.wait_for("key ID");
    refused.send(b"\x03");
    let (code, shown) = refused.end();
    assert!(code == 130 && !shown.contains("CRD04"), "{code}: {shown}");
    let mut terminal = start();
    terminal.wait_for("key ID");
    terminal.send(b"open sesame\r");
    let (code, shown) = terminal.end();
    assert_eq!((code, shown.matches("key ID").count()), (0, 0), "{shown}");
    assert!(shown.contains("have the same secret") && !shown.contains(SHARED), "{shown}");
}
