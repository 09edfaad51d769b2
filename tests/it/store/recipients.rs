//! Who may read what is written: `.gpg-id` files in every form that pass 1.7.4 (`set_gpg_recipients`) and gopass
//! (`internal/recipients/recipients.go`) meet. Never fewer
//! recipients than the file names, never more.

use super::{have, machine, tree, use_key_file};
use crate::support::{Sandbox, peer};

/// The primary keys that a written entry is encrypted to, sorted.
pub(super) fn readers(sandbox: &Sandbox, entry: &str) -> Vec<String> {
    let file = sandbox.store().join(format!("{entry}.gpg"));
    let packets = sandbox.gpg(&["--list-packets", "--list-only", file.to_str().expect("text")]).ok().out();
    let ids = packets.lines().filter_map(|line| line.split("keyid ").nth(1).filter(|_| line.contains("pubkey enc")));
    let mut readers: Vec<String> = ids
        .map(|id| {
            let listed = sandbox.gpg(&["--with-colons", "--list-keys", id.trim()]).ok().out();
            let fingerprint = listed.lines().find(|line| line.starts_with("fpr:")).expect("a fingerprint");
            fingerprint.split(':').nth(9).expect("a field").to_owned()
        })
        .collect();
    readers.sort();
    readers
}

fn two_keys() -> (Sandbox, String, String) {
    let (mut sandbox, alice) = machine();
    let bob = sandbox.make_key("Bob <bob@example.test>", "future-default");
    use_key_file(&mut sandbox);
    (sandbox, alice, bob)
}

#[test]
fn every_form_of_the_file_names_exactly_its_recipients() {
    let (sandbox, alice, bob) = two_keys();
    let mut both = [alice.clone(), bob.clone()];
    both.sort();
    let one = std::slice::from_ref(&alice);
    let (long, spaced) = (&alice[24..], format!("{} {}", &alice[..20], &alice[20..]));
    let cases: [(&str, String, &[String]); 13] = [
        ("plain", format!("{alice}\n"), one),
        ("no final newline", alice.clone(), one),
        ("two, no final newline", format!("{alice}\n{bob}"), &both),
        ("CRLF", format!("{alice}\r\n{bob}\r\n"), &both),
        ("comments", format!("# team\n\n{alice} # note\n\t{bob}#note\n"), &both),
        ("16 digits", format!("{long}\n"), one),
        ("0x", format!("0x{long}\n"), one),
        ("lower case", format!("{}\n", alice.to_lowercase()), one),
        ("spaces", format!("{spaced}\n"), one),
        ("address", "alice@example.test\n".to_owned(), one),
        ("address in brackets", "<bob@example.test>\n".to_owned(), std::slice::from_ref(&bob)),
        ("whole user id", "Alice <alice@example.test>\n".to_owned(), one),
        ("twice", format!("{alice}\n0x{long}\n{alice}\n"), one),
    ];
    for (name, text, expected) in cases {
        std::fs::write(sandbox.store().join(".gpg-id"), &text).expect("recipients");
        let answer = sandbox.regpass(&["insert", "--force", "e"], b"pw\n").ok();
        assert_eq!(readers(&sandbox, "e"), expected, "{name}");
        assert_eq!(answer.err().contains("line end"), !text.ends_with('\n'), "{name}: {}", answer.err());
        if have(&["pass"]) {
            assert_eq!(sandbox.run("pass", &["show", "e"], b"").ok().out(), "pw\n", "{name}");
        }
    }
}

#[test]
fn unusable_files_stop_the_write_and_leave_nothing() {
    let (sandbox, alice, _) = two_keys();
    sandbox.regpass(&["insert", "old"], b"pw\n").ok();
    let before = tree(&sandbox.store());
    let old = std::fs::read(sandbox.store().join("old.gpg")).expect("read");
    for (text, word) in [
        (String::new(), ".gpg-id"),
        ("# nobody\n\n".to_owned(), ".gpg-id"),
        (format!("{alice}\nmallory@example.test\n"), "mallory@example.test"),
        (format!("{alice} 0123456789ABCDEF\n"), "0123456789ABCDEF"),
        (format!("{alice}\n{}\n", "F".repeat(40)), &*"F".repeat(40)),
    ] {
        std::fs::write(sandbox.store().join(".gpg-id"), &text).expect("recipients");
        for entry in ["old", "new/deep/entry"] {
            let answer = sandbox.regpass(&["insert", "--force", entry], b"changed\n");
            assert_eq!(answer.code, 1, "{text:?}");
            assert!(answer.err().contains(word), "{text:?}: {}", answer.err());
            assert_eq!(tree(&sandbox.store()), before, "{text:?}");
        }
        assert_eq!(std::fs::read(sandbox.store().join("old.gpg")).expect("read"), old);
    }
}

#[test]
fn the_nearest_file_counts_as_for_pass_and_gopass() {
    let (sandbox, alice, bob) = two_keys();
    std::fs::create_dir_all(sandbox.store().join("team/deep")).expect("folders");
    std::fs::write(sandbox.store().join("team/.gpg-id"), format!("{bob}\n")).expect("recipients");
    let write_with = |name: &str, by: &dyn Fn(&str)| {
        by(name);
        readers(&sandbox, name)
    };
    let ours = |name: &str| drop(sandbox.regpass(&["insert", name], b"pw\n").ok());
    assert_eq!(write_with("top", &ours), std::slice::from_ref(&alice));
    assert_eq!(write_with("team/deep/x", &ours), std::slice::from_ref(&bob));
    assert_eq!(write_with("team/new/folder/x", &ours), std::slice::from_ref(&bob));
    if have(&["pass"]) {
        let pass = |name: &str| drop(sandbox.run("pass", &["insert", "-m", name], b"pw\n").ok());
        assert_eq!(write_with("team/deep/y", &pass), std::slice::from_ref(&bob));
        // pass finds nothing to encrypt anew in what we wrote.
        let said = sandbox.run("pass", &["init", "-p", "team", &bob], b"").ok().out();
        assert!(!said.contains("reencrypting"), "{said}");
    }
}

#[test]
fn forced_recipients_replace_the_file() {
    let (mut sandbox, _, bob) = two_keys();
    sandbox.set("PASSWORD_STORE_KEY", &bob);
    sandbox.regpass(&["insert", "e"], b"pw\n").ok();
    assert_eq!(readers(&sandbox, "e"), [bob]);
}

#[test]
fn what_pass_and_gopass_initialise_is_understood() {
    let (mut sandbox, alice) = machine();
    std::fs::remove_dir_all(sandbox.store()).expect("removed");
    if have(&["pass"]) {
        sandbox.run("pass", &["init", "alice@example.test"], b"").ok();
        sandbox.regpass(&["insert", "e"], b"pw\n").ok();
        assert_eq!(readers(&sandbox, "e"), std::slice::from_ref(&alice));
    }
    if let Some(gopass) = peer("gopass") {
        let elsewhere = sandbox.home().join("gopass-store");
        sandbox.set("PASSWORD_STORE_DIR", &elsewhere);
        sandbox.run(gopass, &["--yes", "init", "--storage", "fs", "--crypto", "gpgcli", &alice], b"").ok();
        sandbox.regpass(&["insert", "e"], b"pw\n").ok();
        assert!(elsewhere.join("e.gpg").is_file());
    }
}

#[test]
fn modes_follow_the_umask_variable() {
    use std::os::unix::fs::PermissionsExt;
    let (mut sandbox, _) = machine();
    let mode = |sandbox: &Sandbox, name: &str| {
        std::fs::metadata(sandbox.store().join(name)).expect("there").permissions().mode() & 0o777
    };
    sandbox.regpass(&["insert", "a/b"], b"pw\n").ok();
    assert_eq!((mode(&sandbox, "a"), mode(&sandbox, "a/b.gpg")), (0o700, 0o600));
    sandbox.set("PASSWORD_STORE_UMASK", "022");
    sandbox.regpass(&["insert", "c/d"], b"pw\n").ok();
    assert_eq!((mode(&sandbox, "c"), mode(&sandbox, "c/d.gpg")), (0o755, 0o644));
}

#[test]
fn signed_files_are_checked_as_pass_checks_them() {
    let (mut sandbox, alice, bob) = two_keys();
    if !have(&["pass"]) {
        return;
    }
    sandbox.set("PASSWORD_STORE_SIGNING_KEY", &alice);
    let unsigned = sandbox.regpass(&["insert", "e"], b"pw\n");
    assert!(unsigned.code == 1 && unsigned.err().contains("signature"), "{}", unsigned.err());
    sandbox.run("pass", &["init", &alice], b"").ok();
    sandbox.regpass(&["insert", "e"], b"pw\n").ok();
    assert_eq!(readers(&sandbox, "e"), std::slice::from_ref(&alice));
    std::fs::write(sandbox.store().join(".gpg-id"), format!("{bob}\n")).expect("changed behind the signature");
    let changed = sandbox.regpass(&["insert", "--force", "e"], b"pw\n");
    assert!(changed.code == 1 && changed.err().contains("signature"), "{}", changed.err());
    sandbox.set("PASSWORD_STORE_SIGNING_KEY", "A".repeat(40));
    sandbox.run("gpg", &["--batch", "--yes", "--detach-sign", ".password-store/.gpg-id"], b"").ok();
    assert_eq!(sandbox.regpass(&["insert", "--force", "e"], b"pw\n").code, 1);
    assert_eq!(readers(&sandbox, "e"), [alice]);
}

#[test]
fn options_that_change_what_gpg_encrypts_lose_no_secret() {
    let (mut sandbox, _) = Sandbox::with_store();
    let conf = sandbox.gnupg_home().join("gpg.conf");
    let more = sandbox.home().join("more.conf");
    std::fs::write(&more, "passphrase-fd 0\n").expect("another file of options");
    let inserted = |sandbox: &Sandbox| {
        let answer = sandbox.regpass(&["insert", "--force", "-m", "x"], b"first line\nsecond line\n");
        assert_eq!(answer.code, 1, "{}", answer.err());
        assert!(!sandbox.store().join("x.gpg").exists());
        answer.err()
    };
    let included = format!("options {}", more.display());
    for (options, words) in [
        ("passphrase-fd 0", "\"passphrase-fd\" in gpg.conf"),
        ("--passphrase-f 0", "\"passphrase-fd\" in gpg.conf"),
        ("no-literal", "\"no-literal\" in gpg.conf"),
        ("command-fd 0", "\"command-fd\" in gpg.conf"),
    ] {
        std::fs::write(&conf, format!("{options}\n")).expect("gpg.conf");
        let told = inserted(&sandbox);
        assert!(told.contains(words), "{options}: {told}");
    }
    std::fs::remove_file(&conf).expect("removed");
    for (options, words) in [
        ("--passphrase-fd 0", "\"passphrase-fd\" in PASSWORD_STORE_GPG_OPTS"),
        ("--batch --no-literal", "\"no-literal\" in PASSWORD_STORE_GPG_OPTS"),
        (&format!("--{included}"), "not all that it was given"),
        ("\"unbalanced", "PASSWORD_STORE_GPG_OPTS"),
        ("--no-such-option", "PASSWORD_STORE_GPG_OPTS"),
    ] {
        sandbox.set("PASSWORD_STORE_GPG_OPTS", options);
        let told = inserted(&sandbox);
        assert!(told.contains(words), "{options}: {told}");
    }
    sandbox.set("PASSWORD_STORE_GPG_OPTS", "--comment x --armor --set-filename y");
    sandbox.regpass(&["insert", "-m", "x"], b"first line\nsecond line\n").ok();
    assert_eq!(sandbox.regpass(&["show", "x"], b"").ok().out(), "first line\nsecond line\n");
}
