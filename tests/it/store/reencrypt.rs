//! Entries encrypted anew, by gpg-agent's keys: what pass and gopass then read and think of it, runs that are killed,
//! entries that nobody here can read, a passphrase that is asked for once.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::have;
use super::recipients::readers;
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, peer, regpass_binary};

/// A store in git for Alice, whose keys and Bob's are in GnuPG and trusted, with these entries.
fn machine(entries: usize) -> (Sandbox, String, String) {
    let (sandbox, alice) = Sandbox::with_store();
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    for number in 0..entries {
        let name = if number % 2 == 0 { format!("e{number}") } else { format!("team/in/e{number}") };
        sandbox.regpass(&["insert", "-m", &name], format!("secret {number}\n").as_bytes()).ok();
    }
    sandbox.init_git();
    (sandbox, alice, bob)
}

fn both(alice: &str, bob: &str) -> Vec<String> {
    let mut both = vec![alice.to_owned(), bob.to_owned()];
    both.sort();
    both
}

/// Every entry's text, found by searching for it.
fn contents(sandbox: &Sandbox) -> Vec<String> {
    let answer = sandbox.regpass(&["grep", "--json", "--reveal", "secret"], b"").ok();
    let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let entries = value["entries"].as_array().expect("entries").iter();
    let text = |entry: &Value| entry["lines"][0]["text"].as_str().expect("a text").to_owned();
    let mut contents: Vec<String> = entries.map(text).collect();
    contents.sort();
    contents
}

#[test]
fn a_new_recipient_reads_everything_and_pass_and_gopass_agree() {
    let (sandbox, alice, bob) = machine(6);
    std::fs::write(sandbox.store().join(".gpg-id"), format!("{alice}\n{bob}\n")).expect("recipients");
    std::fs::create_dir_all(sandbox.store().join("mine")).expect("a folder");
    std::fs::write(sandbox.store().join("mine/.gpg-id"), format!("{alice}\n")).expect("recipients");
    sandbox.regpass(&["insert", "-m", "mine/x"], b"secret x\n").ok();
    sandbox.git(&["add", "-A"]).ok();
    sandbox.git(&["commit", "-q", "-m", "bob joins"]).ok();
    let mine = std::fs::read(sandbox.store().join("mine/x.gpg")).expect("read");

    let foreseen = sandbox.regpass(&["reencrypt", "--dry-run"], b"").ok();
    assert_eq!(foreseen.out(), "e0\ne2\ne4\nteam/in/e1\nteam/in/e3\nteam/in/e5\n");
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    let astray = |sandbox: &Sandbox, command: &str| -> Value {
        let answer = sandbox.regpass(&[command, "--json"], b"").ok();
        serde_json::from_slice::<Value>(&answer.stdout).expect("JSON")["astray"].clone()
    };
    assert_eq!((astray(&sandbox, "status"), astray(&sandbox, "recipients")), (6.into(), 6.into()));
    let told = sandbox.regpass(&["recipients"], b"").ok();
    assert!(told.err().contains("6 entries") && told.err().contains("regpass reencrypt"), "{}", told.err());
    assert!(sandbox.regpass(&["status"], b"").ok().out().contains("6 entries are not encrypted to just those"));
    let answer = sandbox.regpass(&["reencrypt"], b"").ok();
    assert_eq!((astray(&sandbox, "status"), astray(&sandbox, "recipients")), (0.into(), 0.into()));
    assert_eq!((answer.out(), answer.err()), (String::new(), "6 entries encrypted anew, 1 already right\n".into()));
    for entry in ["e0", "team/in/e5"] {
        assert_eq!(readers(&sandbox, entry), both(&alice, &bob));
    }
    assert_eq!(std::fs::read(sandbox.store().join("mine/x.gpg")).expect("read"), mine);
    assert_eq!(contents(&sandbox).len(), 7);
    let subjects = sandbox.git(&["log", "--format=%s"]).ok().out();
    assert_eq!(
        subjects.lines().next().expect("a commit"),
        format!("Reencrypt password store using new GPG id {alice}, {bob}.")
    );
    assert_eq!(subjects.lines().count(), 4);
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    let again = sandbox.regpass(&["reencrypt"], b"").ok();
    assert_eq!(again.err(), "0 entries encrypted anew, 7 already right\n");
    assert_eq!(sandbox.git(&["log", "--format=%s"]).ok().out(), subjects);
    if have(&["pass"]) {
        assert_eq!(sandbox.run("pass", &["show", "team/in/e1"], b"").ok().out(), "secret 1\n");
        let said = sandbox.run("pass", &["init", &alice, &bob], b"").ok();
        assert!(!said.out().contains("reencrypting"), "{}", said.out());
    }
    if let Some(gopass) = peer("gopass") {
        assert_eq!(sandbox.run(gopass, &["show", "e2"], b"").ok().out().trim_end(), "secret 2");
    }
}

#[test]
fn killed_at_any_moment_every_entry_is_old_or_new_and_the_next_run_goes_on() {
    let (sandbox, alice, bob) = machine(60);
    let before = contents(&sandbox);
    std::fs::write(sandbox.store().join(".gpg-id"), format!("{alice}\n{bob}\n")).expect("recipients");
    sandbox.git(&["commit", "-q", "-a", "-m", "bob joins"]).ok();
    let left = || {
        let answer = sandbox.regpass(&["reencrypt", "--dry-run", "--json"], b"").ok();
        let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
        value["entries"].as_array().expect("entries").len()
    };
    let mut seen = vec![left()];
    for round in 1..24_u32 {
        let mut command = sandbox.command(regpass_binary());
        let mut child = command.arg("reencrypt").stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        let deadline = Instant::now() + Duration::from_millis(8) * round;
        while Instant::now() < deadline && child.try_wait().expect("asked").is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().expect("gone");
        assert_eq!(contents(&sandbox), before, "round {round}");
        seen.push(left());
        if seen.last() == Some(&0) {
            break;
        }
    }
    assert_eq!(seen[0], 60);
    assert!(seen.is_sorted_by(|a, b| a >= b), "{seen:?}");
    wait_for_git(&sandbox);
    sandbox.regpass(&["reencrypt"], b"").ok();
    sandbox.regpass(&["insert", "-m", "last"], b"x").ok();
    assert_eq!(left(), 0);
    assert_eq!(readers(&sandbox, "team/in/e59"), both(&alice, &bob));
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    assert!(super::tree(&sandbox.store()).iter().all(|name| !name.contains(".regpass-")));
}

/// A git that was alone when its regpass was killed ends by itself.
fn wait_for_git(sandbox: &Sandbox) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while sandbox.store().join(".git/index.lock").exists() {
        assert!(Instant::now() < deadline, "no git is left");
        std::thread::yield_now();
    }
}

/// Lets a change of recipients run for a while, then kills it. True when it was done before.
fn bob_joins_until(sandbox: &Sandbox, time: Duration) -> bool {
    let mut command = sandbox.command(regpass_binary());
    command.args(["recipients", "add", "bob@example.test"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("started");
    let deadline = Instant::now() + time;
    while Instant::now() < deadline && child.try_wait().expect("asked").is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    let is_done = child.wait().expect("gone").success();
    wait_for_git(sandbox);
    is_done
}

/// What lies in the store and in no commit, what a killed process had in the making aside.
fn uncommitted(sandbox: &Sandbox) -> Vec<String> {
    let status = sandbox.git(&["status", "--porcelain"]).ok().out();
    status.lines().filter(|line| !line.contains(".regpass-")).map(str::to_owned).collect()
}

#[test]
fn a_change_of_recipients_that_is_killed_goes_on_or_is_taken_back() {
    let (sandbox, _, bob) = machine(80);
    std::fs::remove_dir_all(sandbox.home().join(".local/state/regpass/undo")).expect("only what follows counts");
    let head = || sandbox.git(&["rev-parse", "HEAD^{tree}"]).ok().out();
    let start = head();
    let started = Instant::now();
    assert!(bob_joins_until(&sandbox, Duration::from_secs(60)));
    let whole = started.elapsed();
    sandbox.regpass(&["undo"], b"").ok();
    assert_eq!(head(), start);
    let mut half_way = 0;
    for round in 1..12_u32 {
        bob_joins_until(&sandbox, whole * (round * 7 % 12) / 12);
        let gpg_id = std::fs::read_to_string(sandbox.store().join(".gpg-id")).expect("recipients");
        let begun = gpg_id.contains(&bob);
        half_way += u32::from(begun && !uncommitted(&sandbox).is_empty());
        if begun && round % 3 == 0 {
            let commits =
                || sandbox.git(&["rev-list", "--count", "HEAD"]).ok().out().trim().parse::<u32>().expect("a number");
            let before = commits();
            sandbox.regpass(&["reencrypt"], b"").ok();
            assert!(commits() <= before + 1, "one commit in the end, round {round}");
            assert_eq!(uncommitted(&sandbox), Vec::<String>::new(), "round {round}");
        }
        // Taken back: what went on is another change.
        while sandbox.regpass(&["undo"], b"").code == 0 {}
        assert_eq!((head(), uncommitted(&sandbox)), (start.clone(), Vec::new()), "round {round}");
        assert_eq!(contents(&sandbox).len(), 80, "round {round}");
    }
    assert!(half_way > 2, "killed in the middle: {half_way}");
}

#[test]
fn what_cannot_be_read_is_listed_and_the_rest_is_done() {
    let (sandbox, alice, bob) = machine(4);
    let stranger = Sandbox::new();
    let other = stranger.make_key("Eve <eve@example.test>", "future-default");
    let args = ["--batch", "--trust-model", "always", "-r", &other, "-o", "-", "-e"];
    let theirs = stranger.run("gpg", &args, b"theirs").ok().stdout;
    std::fs::write(sandbox.store().join("theirs.gpg"), &theirs).expect("an entry");
    std::fs::write(sandbox.store().join("broken.gpg"), b"junk").expect("an entry");
    std::fs::write(sandbox.store().join(".gpg-id"), format!("{alice}\n{bob}\n")).expect("recipients");
    let answer = sandbox.regpass(&["reencrypt", "--json"], b"");
    let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    assert_eq!(answer.code, 1, "{}", answer.err());
    assert_eq!(value["entries"].as_array().map(Vec::len), Some(4));
    let failed: Vec<&Value> = value["failed"].as_array().expect("failed").iter().map(|one| &one["path"]).collect();
    assert_eq!(failed, ["broken", "theirs"]);
    assert!(answer.err().contains("2 entries could not be encrypted anew"), "{}", answer.err());
    assert_eq!(std::fs::read(sandbox.store().join("theirs.gpg")).expect("read"), theirs);
    assert_eq!(readers(&sandbox, "e0"), both(&alice, &bob));
    std::fs::write(sandbox.store().join(".gpg-id"), format!("{alice}\nnobody@example.test\n")).expect("recipients");
    let refused = sandbox.regpass(&["reencrypt"], b"");
    assert!(refused.code == 1 && refused.err().contains("nobody@example.test"), "{}", refused.err());
    assert_eq!(readers(&sandbox, "e0"), both(&alice, &bob));
}

#[test]
fn a_passphrase_is_asked_for_once_and_a_refusal_ends_it() {
    let sandbox = Sandbox::new();
    let key = sandbox.make_key_with_passphrase("Alice <alice@example.test>", "future-default", "open sesame");
    sandbox.init_store(&key);
    for number in 0..8 {
        sandbox.regpass(&["insert", "-m", &format!("e{number}")], format!("secret {number}\n").as_bytes()).ok();
    }
    sandbox.run("gpgconf", &["--kill", "gpg-agent"], b"").ok();
    let start = |args: &[&str]| {
        let mut command: Command = sandbox.command(regpass_binary());
        command.args(args).env("TERM", "dumb").env("REGPASS_PINENTRY", "loopback");
        Terminal::start(&command)
    };
    let mut refused = start(&["grep", "secret"]);
    refused.wait_for("key ID");
    refused.send(b"\x03");
    let (code, shown) = refused.end();
    assert!(code == 130 && !shown.contains("secret 1"), "{code}: {shown}");
    let mut terminal = start(&["reencrypt", "--all"]);
    terminal.wait_for("key ID");
    terminal.send(b"open sesame\r");
    let (code, shown) = terminal.end();
    assert_eq!((code, shown.matches("key ID").count()), (0, 0), "{shown}");
    assert!(shown.contains("8 entries encrypted anew"), "{shown}");
}
