//! The store against real GnuPG, pass, gopass and git. Regpass itself reads and writes with a key file that holds the
//! sandbox's own GnuPG keys, so that these tests are about files, folders, recipients and commits, not about an agent.

mod access;
mod crash;
mod git;
mod helper_layout;
mod hostile;
mod mounts;
mod recipients;
mod reencrypt;
mod shared;
mod team;

use std::path::{Path, PathBuf};

use regpass::model::RegistryKey;
use regpass::system::store::layout;

use crate::support::{Answer, Sandbox, peer, set_mode};

/// A sandbox with a store for Alice, whose key regpass has as a file. The fingerprint too.
fn machine() -> (Sandbox, String) {
    let (mut sandbox, fingerprint) = Sandbox::with_store();
    use_key_file(&mut sandbox);
    (sandbox, fingerprint)
}

/// Gives regpass every secret key of the sandbox as a key file.
fn use_key_file(sandbox: &mut Sandbox) {
    let keys = sandbox.gpg(&["--export-secret-keys"]).ok().stdout;
    let file = sandbox.home().join("keys");
    std::fs::write(&file, keys).expect("a key file");
    set_mode(&file, 0o600);
    sandbox.set("REGPASS_KEY_FILE", &file);
}

fn login(server: &str, user: &str, secret: &str) -> String {
    serde_json::json!({"ServerURL": server, "Username": user, "Secret": secret}).to_string()
}

fn store(sandbox: &Sandbox, server: &str, user: &str, secret: &str) -> Answer {
    sandbox.helper("store", login(server, user, secret))
}

/// User name and secret, or None for the protocol's "not found".
fn get(sandbox: &Sandbox, server: &str) -> Option<(String, String)> {
    let answer = sandbox.helper("get", server);
    if answer.code != 0 {
        assert_eq!(answer.out(), "credentials not found in native keychain\n", "{}", answer.err());
        return None;
    }
    let json: serde_json::Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    Some((json["Username"].as_str().expect("a user").into(), json["Secret"].as_str().expect("a secret").into()))
}

fn found(user: &str, secret: &str) -> Option<(String, String)> {
    Some((user.to_owned(), secret.to_owned()))
}

/// The registry's folder as a name in the store.
fn folder(server: &str) -> String {
    layout::registry_folder(&RegistryKey::new(server)).expect("a name that fits").display().into_owned()
}

/// Every file and folder below `root` but `.git`'s content, relative, sorted.
fn tree(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = waiting.pop() {
        for item in std::fs::read_dir(&folder).expect("a folder") {
            let item = item.expect("an item");
            let path = item.path();
            if item.file_type().expect("a kind").is_dir() && item.file_name() != ".git" {
                waiting.push(path.clone());
            }
            found.push(path.strip_prefix(root).expect("below").to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

/// True when both are there; each missing one is noted as a skip.
fn have(programs: &[&str]) -> bool {
    programs.iter().all(|program| peer(program).is_some())
}
