//! What is planned and done on a home with a store, with a cipher that hides nothing.

mod carried;
mod moves;
mod settings;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::model::{Credential, Login, ProblemKind, RegistryKey};
use crate::ops::credentials::CredentialStore;
use crate::ops::double::{Bench, secret};
use crate::ops::undo;

/// `bob:pw`, as Docker writes it.
const AUTH: &str = "Ym9iOnB3";

fn scope(bench: &Bench) -> Scope {
    Scope { machine: bench.home().join("machine"), ..Scope::default() }
}

fn config(bench: &Bench, text: &str) -> PathBuf {
    put(bench, ".docker/config.json", text)
}

fn put(bench: &Bench, name: &str, text: &str) -> PathBuf {
    let file = bench.home().join(name);
    let folder = file.parent().expect("a folder");
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(&file, text).expect("a file");
    mode(&file, 0o600);
    if folder != bench.home() {
        mode(folder, 0o700);
    }
    file
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

fn read_file(path: &Path) -> String {
    std::fs::read_to_string(path).expect("read")
}

/// As `plan`, on a machine with a helper.
fn fixes(bench: &Bench) -> Vec<Fix> {
    let mut evidence = audit::gather(&bench.system, &scope(bench));
    evidence.helper = Some("pass".to_owned());
    let checked = audit::run(&evidence, &Choice::default()).expect("all");
    let findings: Vec<&Finding> = checked.iter().flat_map(|one| &one.answer.findings).collect();
    let fixes = planned(&bench.system, &evidence, &findings);
    for finding in &findings {
        let of_it = fixes.iter().filter(|fix| fix.fingerprints.contains(&finding.fingerprint())).count();
        assert_eq!(of_it, 1, "{finding:?}");
    }
    fixes
}

/// The fix of findings of this check; an automatic one rather than another.
fn fix_of(bench: &Bench, id: &str) -> Fix {
    let mut fixes: Vec<Fix> = fixes(bench).into_iter().filter(|fix| fix.ids.contains(&id)).collect();
    fixes.sort_by_key(|fix| fix.kind != Kind::Auto);
    fixes.swap_remove(0)
}

fn applied(bench: &Bench, id: &str) -> Result<Applied, Problem> {
    apply(&bench.system, &scope(bench), &fix_of(bench, id))
}

fn stored(bench: &Bench, server: &str) -> Option<(String, String)> {
    let found = CredentialStore::new(&bench.system).get(&RegistryKey::new(server)).expect("answered")?;
    Some((found.login.as_str().to_owned(), String::from_utf8(found.secret.expose().to_vec()).expect("text")))
}

fn store(bench: &Bench, server: &str, user: &str, password: &str) {
    let credential = Credential::new(Login::new(user), secret(password));
    CredentialStore::new(&bench.system).store(&RegistryKey::new(server), credential).expect("stored");
}

fn pair(user: &str, password: &str) -> Option<(String, String)> {
    Some((user.to_owned(), password.to_owned()))
}

fn steps(bench: &Bench) -> Vec<undo::UndoStep> {
    undo::steps(&bench.system).expect("steps").steps
}
