//! What has to hold for any bytes in the places where regpass reads what others wrote. The fuzzer's targets and the test
//! `tests/it/any_bytes.rs` run the same functions; a new format is a function and a line in `BODIES`.

use std::collections::BTreeSet;
use std::path::Path;

use regpass::model::{EntryText, GpgIdFile, Secret};
use regpass::ops::audit::literals;
use regpass::system::agent::sexp;
use regpass::system::cipher::message::Message;
use regpass::system::docker::auth_file::{self, Layout};
use regpass::system::docker::edit::{self, Edit};
use regpass::system::docker::{payload, protocol};
use regpass::system::env::Env;
use regpass::system::keyring::Keyring;
use regpass::system::options::Options;
use regpass::system::store::gopass;

/// Fails when what has to hold does not.
pub type Body = fn(&[u8]);

/// By the names of their targets and of their folders in `seeds`.
pub const BODIES: &[(&str, Body)] = &[
    ("config_json", config_json),
    ("histories", histories),
    ("gpg_id", gpg_id),
    ("gopass_config", gopass_config),
    ("keybox", keybox),
    ("s_expression", s_expression),
    ("message", message),
    ("helper_input", helper_input),
    ("entry_text", entry_text),
];

/// Docker's file: looked at without telling a secret, and changed without losing anything.
pub fn config_json(bytes: &[u8]) {
    let text = Secret::new(bytes.to_vec());
    let told = format!("{:?}", auth_file::of_text(&text));
    let Ok(entries) = edit::entries(&text, Layout::Nested) else { return };
    for entry in &entries {
        if let Ok(held) = edit::credential(&text, Layout::Nested, &entry.server) {
            let secret = held.secret.expose();
            let is_long =
                secret.len() > 12 && !entry.server.as_bytes().windows(secret.len()).any(|part| part == secret);
            assert!(!is_long || !told.as_bytes().windows(secret.len()).any(|part| part == secret), "a secret is told");
        }
    }
    let servers = entries.iter().map(|entry| entry.server.clone());
    let emptied = servers.map(|server| Edit::Empty { layout: Layout::Nested, server });
    let edits: Vec<Edit> = [Edit::CredsStore("pass".to_owned())].into_iter().chain(emptied).collect();
    let Ok(after) = edit::edited(&text, &edits) else { return };
    let left = auth_file::of_text(&after).expect("a changed file is still JSON");
    assert_eq!(left.creds_store.as_deref(), Some("pass"));
    for entry in &entries {
        let is_its = |held: &&auth_file::Held| held.pointer.starts_with(&format!("{}/", entry.pointer));
        assert!(!left.held.iter().any(|held| is_its(&held) && held.what.eq_ignore_ascii_case("auth")));
    }
    // Nothing of it changes for whoever asks for nothing.
    let same = edit::edited(&text, &[]).expect("what could be changed can be left as it is");
    assert!(bytes.is_empty() || same.expose() == bytes);
}

/// Lines of histories, start-up files and chart repositories: a length that fits, and nothing unprintable told.
pub fn histories(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let found = [
            literals::in_command(line),
            literals::in_assignment(line),
            literals::in_repositories(line),
            literals::in_runner(line),
        ];
        for literal in found.into_iter().flatten() {
            assert!(literal.length > 0 && literal.length <= line.len(), "{}", literal.length);
        }
    }
}

/// Recipients: all that are there and no other, or an error.
pub fn gpg_id(bytes: &[u8]) {
    let Ok(file) = GpgIdFile::parse(bytes) else { return };
    assert!(!file.recipients.is_empty());
    let text = String::from_utf8_lossy(bytes).into_owned();
    for recipient in &file.recipients {
        assert!(text.contains(recipient.as_str()), "a recipient that is not there");
    }
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let distinct: BTreeSet<&str> = lines.filter(|line| !line.is_empty()).collect();
    assert_eq!(distinct.len(), file.recipients.len());
}

pub fn gopass_config(bytes: &[u8]) {
    in_folder(|home| {
        let folder = home.join(".config/gopass");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("config"), bytes).expect("written");
        let env = Env::made_of([("HOME", home.as_os_str()), ("GOPASS_CONFIG_NOSYSTEM", "true".as_ref())]);
        let config = gopass::read(&env);
        assert!(config.root.is_none_or(|root| !root.as_os_str().is_empty()));
    });
}

pub fn keybox(bytes: &[u8]) {
    in_folder(|home| {
        std::fs::write(home.join("pubring.kbx"), bytes).expect("written");
        let env = Env::made_of([("HOME", home.as_os_str()), ("GNUPGHOME", home.as_os_str())]);
        let options = Options::resolve(&Default::default(), &env).expect("options");
        let keyring = Keyring::new(&env, &options);
        let handles: Vec<_> = keyring
            .decryption_candidates()
            .map(|keys| keys.iter().map(|key| key.key_handle()).collect())
            .unwrap_or_default();
        let (certs, _) = keyring.certs_with_keys(&handles);
        let (keys, _) = keyring.owned_keys(&handles);
        for ((handle, cert), key) in handles.iter().zip(&certs).zip(&keys) {
            assert!(cert.is_none() || key.as_ref().is_some_and(|key| key.key.key_handle().aliases(handle)));
        }
    });
}

pub fn s_expression(bytes: &[u8]) {
    if let Some(value) = sexp::value(bytes) {
        assert!(value.len() < bytes.len());
    }
}

pub fn message(bytes: &[u8]) {
    if let Ok(message) = Message::parse(bytes) {
        let _ = message.algo();
    }
}

/// What Docker sends on standard input.
pub fn helper_input(bytes: &[u8]) {
    let mut input = bytes;
    let Ok(joined) = protocol::read_joined(&mut input) else { return };
    let _ = protocol::server(&joined);
    if let Ok((server, credential)) = payload::credential(&joined) {
        let answer = protocol::credential_answer(&server, &credential);
        assert!(serde_json::from_slice::<serde_json::Value>(answer.expose()).is_ok(), "an answer that is no JSON");
    }
}

/// An entry's text: what is taken apart is the same when it is put together.
pub fn entry_text(bytes: &[u8]) {
    let text = EntryText::parse(Secret::new(bytes.to_vec()));
    assert_eq!(text.as_secret().expose(), bytes);
    for line in text.lines() {
        assert!(text.value(line).len() <= bytes.len());
    }
    if let Ok(changed) = text.with_password(&Secret::new(b"new".to_vec())) {
        assert_eq!(changed.password().map(|password| password.expose().to_vec()).as_deref(), Some(&b"new"[..]));
    }
}

/// A folder of its own, gone afterwards.
fn in_folder(look: impl FnOnce(&Path)) {
    let folder = tempfile::Builder::new().prefix("regpass-fuzz").tempdir().expect("a folder");
    look(folder.path());
}
