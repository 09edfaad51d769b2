//! Who can really read an entry, held against `.gpg-id`, for messages that GnuPG wrote: keys that were replaced, that are
//! not here, that the message hides.

use serde_json::{Value, json};

use crate::support::Sandbox;

fn told(sandbox: &Sandbox, entry: &str) -> Value {
    let answer = sandbox.regpass(&["recipients", "--json", entry], b"").ok();
    serde_json::from_slice::<Value>(&answer.stdout).expect("JSON")["entry"].clone()
}

/// An entry as gpg encrypts it with these arguments.
fn encrypt(sandbox: &Sandbox, entry: &str, args: &[&str]) {
    let file = sandbox.store().join(format!("{entry}.gpg"));
    let fixed = ["--batch", "--yes", "--quiet", "--trust-model", "always", "-o", file.to_str().expect("text"), "-e"];
    sandbox.run("gpg", &[&fixed, args].concat(), b"secret\n").ok();
}

fn gpg_id(sandbox: &Sandbox, recipients: &[&str]) {
    std::fs::write(sandbox.store().join(".gpg-id"), recipients.join("\n") + "\n").expect("recipients");
}

fn encrypted(told: &Value) -> Vec<&str> {
    told["recipients"]
        .as_array()
        .expect("recipients")
        .iter()
        .map(|one| one["encrypted"].as_str().expect("a word"))
        .collect()
}

#[test]
fn the_message_counts_not_the_list() {
    let (sandbox, alice) = Sandbox::with_store();
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    let carol = sandbox.make_key("Carol <carol@example.test>", "future-default");
    encrypt(&sandbox, "x", &["-r", &alice, "-r", &carol]);
    gpg_id(&sandbox, &[&alice, "bob@example.test"]);

    let seen = told(&sandbox, "x");
    assert_eq!(encrypted(&seen), ["yes", "no"]);
    assert_eq!((&seen["differs"], &seen["hidden"], &seen["passphrase"]), (&json!(true), &json!(0), &json!(false)));
    let others = seen["others"].as_array().expect("others");
    assert_eq!((others.len(), &others[0]["fingerprint"]), (1, &json!(carol)));
    assert_eq!(others[0]["name"], json!("Carol <carol@example.test>"));
    let lines = sandbox.regpass(&["recipients", "x"], b"").ok();
    let line = |name: &str| lines.out().lines().find(|line| line.contains(name)).expect("a line").to_owned();
    assert_eq!(line("Alice"), format!("  Alice <alice@example.test>  {alice}  can read it"));
    assert_eq!(line("Bob"), format!("  Bob <bob@example.test>  {bob}  not encrypted to it yet"));
    assert_eq!(line("Carol"), format!("  Carol <carol@example.test>  {carol}  can still read it, and is not listed"));
    assert!(lines.err().ends_with("regpass reencrypt x\n"), "{}", lines.err());

    sandbox.regpass(&["reencrypt", "x"], b"").ok();
    let seen = told(&sandbox, "x");
    assert_eq!((encrypted(&seen), &seen["differs"]), (vec!["yes", "yes"], &json!(false)));
    assert_eq!(sandbox.regpass(&["recipients", "x"], b"").ok().err(), "");

    gpg_id(&sandbox, &[&alice]);
    encrypt(&sandbox, "x", &["-c", "--passphrase", "p", "--pinentry-mode", "loopback", "-r", &alice]);
    let seen = told(&sandbox, "x");
    assert_eq!((encrypted(&seen), &seen["passphrase"], &seen["differs"]), (vec!["yes"], &json!(true), &json!(true)));
}

#[test]
fn a_key_that_was_replaced_is_told_from_the_one_of_now() {
    let (sandbox, alice) = Sandbox::with_store();
    let unasked = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
    let user_id = "Dave <dave@example.test>";
    let made = ["--faked-system-time", "20200101T000000", "--quick-gen-key", user_id, "future-default", "default", "0"];
    sandbox.gpg(&[&unasked[..], &made].concat()).ok();
    let listed = sandbox.gpg(&["--with-colons", "--list-keys", user_id]).ok().out();
    let line = listed.lines().find(|line| line.starts_with("fpr:")).expect("a fingerprint");
    let dave = line.split(':').nth(9).expect("field 10");
    gpg_id(&sandbox, &[&alice, dave]);
    encrypt(&sandbox, "x", &["-r", &alice, "-r", dave]);
    assert_eq!(encrypted(&told(&sandbox, "x")), ["yes", "yes"]);

    sandbox.gpg(&[&unasked[..], &["--quick-add-key", dave, "cv25519", "encr", "never"]].concat()).ok();
    let seen = told(&sandbox, "x");
    assert_eq!((encrypted(&seen), &seen["differs"]), (vec!["yes", "older-key"], &json!(true)));
    sandbox.regpass(&["reencrypt"], b"").ok();
    let seen = told(&sandbox, "x");
    assert_eq!((encrypted(&seen), &seen["differs"]), (vec!["yes", "yes"], &json!(false)));
}

#[test]
fn what_is_hidden_or_not_here_cannot_be_told() {
    let (sandbox, alice) = Sandbox::with_store();
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    encrypt(&sandbox, "hidden", &["--throw-keyids", "-r", &alice, "-r", &bob]);
    encrypt(&sandbox, "half", &["-r", &alice, "--hidden-recipient", &bob]);
    let theirs = Sandbox::new();
    let eve = theirs.make_key("Eve <eve@example.test>", "future-default");
    let file = sandbox.path().join("eve.pgp");
    std::fs::write(&file, theirs.gpg(&["--export", &eve]).ok().stdout).expect("a key");
    sandbox.gpg(&["--import", file.to_str().expect("text")]).ok();
    encrypt(&sandbox, "eve", &["-r", &alice, "-r", &eve]);
    sandbox.gpg(&["--yes", "--delete-keys", &eve]).ok();

    gpg_id(&sandbox, &[&alice, &bob]);
    let seen = told(&sandbox, "hidden");
    assert_eq!((encrypted(&seen), &seen["hidden"]), (vec!["unknown", "unknown"], &json!(2)));
    assert_eq!((&seen["differs"], &seen["others"]), (&Value::Null, &json!([])));
    let seen = told(&sandbox, "half");
    assert_eq!((encrypted(&seen), &seen["differs"]), (vec!["yes", "unknown"], &Value::Null));

    // Somebody's, and nobody is missing in the list: not listed.
    gpg_id(&sandbox, &[&alice]);
    let seen = told(&sandbox, "eve");
    assert_eq!((encrypted(&seen), &seen["differs"]), (vec!["yes"], &json!(true)));
    assert_eq!((&seen["others"][0]["fingerprint"], &seen["others"][0]["name"]), (&Value::Null, &Value::Null));
    // It may be hers, whose key is not here.
    gpg_id(&sandbox, &[&alice, &eve]);
    let seen = told(&sandbox, "eve");
    assert_eq!((encrypted(&seen), &seen["differs"]), (vec!["yes", "unknown"], &Value::Null));

    std::fs::write(sandbox.store().join("junk.gpg"), "hello").expect("a file");
    let seen = told(&sandbox, "junk");
    assert!(seen["problem"].as_str().expect("why").contains("no OpenPGP message"), "{seen}");
    assert_eq!((encrypted(&seen), &seen["differs"]), (vec!["unknown", "unknown"], &Value::Null));
}

#[test]
fn a_hostile_name_is_itself_in_json_and_escaped_on_a_terminal() {
    let (sandbox, alice) = Sandbox::with_store();
    let name = "Zoe \u{202e}live <zoe@example.test>";
    let zoe = sandbox.make_key(name, "future-default");
    encrypt(&sandbox, "x", &["-r", &alice, "-r", &zoe]);
    assert_eq!(told(&sandbox, "x")["others"][0]["name"], json!(name));
    assert!(sandbox.regpass(&["recipients", "x"], b"").ok().out().contains("Zoe \\u{202e}live"));
    gpg_id(&sandbox, &[&alice, &zoe]);
    assert_eq!(told(&sandbox, "x")["recipients"][1]["name"], json!(name));
    let listed = sandbox.regpass(&["recipients", "--json"], b"").ok();
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(listed["folders"][0]["recipients"][1]["name"], json!(name));
}
