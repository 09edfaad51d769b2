//! An entry that could not be decrypted: the commands that help, with the names of that very entry and its file. For
//! `credentials` and `entries`.

use std::path::Path;

use crate::model::{EntryPath, Problem, text};
use crate::system::System;
use crate::system::cipher::CipherError;
use crate::system::options::Typed;
use crate::system::store::Store;

/// As a person is told of it who wanted to read the entry `inner` of a store.
pub(super) fn advised(system: &System, store: &Store, inner: &EntryPath, error: CipherError) -> Problem {
    let retry = error.wants_person().then(|| {
        let how = if error.is_locked() { "unlock the key once, from a terminal" } else { "try again from a terminal" };
        format!("{how}: {}", command(system, store, inner, "show"))
    });
    let is_damaged = error.is_damaged();
    let problem = Problem { retry, ..error.reading(&inner.file(store.root())) };
    if !is_damaged {
        return problem;
    }
    let history = command(system, store, inner, "history");
    problem.hint(format!("bring back an older version, when the store is in git: {history}"))
}

/// The subcommand for this entry of this store.
fn command(system: &System, store: &Store, inner: &EntryPath, verb: &str) -> String {
    let name =
        if store.mount.is_root() { inner.clone() } else { store.mount.join(inner.as_os_str()).unwrap_or_default() };
    let word = text::shell_word(name.as_os_str().as_ref());
    format!("{}regpass {verb} {word}", places(system))
}

/// The places that this call had from its environment, which the person's next command need not have: Docker may have
/// been called with them. What was typed is the frontend's to repeat.
fn places(system: &System) -> String {
    let (env, options) = (&system.env, &system.options);
    let usual = |folder: &str, dir: &Path| env.home().is_some_and(|home| home.join(folder) == dir);
    let gnupg_home = env.var("GNUPGHOME").map(|dir| env.absolute(Path::new(dir)));
    let gnupg_home = gnupg_home.filter(|dir| *dir == options.gnupg_home && !usual(".gnupg", dir));
    let store = env.var("PASSWORD_STORE_DIR").map(|dir| env.absolute(Path::new(dir)));
    let store = store.filter(|dir| !options.store_typed && !usual(".password-store", dir));
    Typed { store, gnupg_home, ..Typed::default() }.variables()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, CipherDouble, path};
    use crate::system::agent::AgentError;
    use crate::system::cipher::message::MessageError;
    use crate::system::env::Env;
    use crate::system::options::Options;

    fn told(bench: &Bench, entry: &str, error: impl Into<CipherError>) -> Problem {
        let (store, inner) = bench.system.stores().expect("stores").locate(&path(entry));
        advised(&bench.system, store, &inner, error.into())
    }

    #[test]
    fn what_docker_s_environment_said_is_said_again() {
        let home = tempfile::tempdir().expect("a home");
        let shown = |store: &Path, gnupg: &Path| {
            let env = Env::made_of([("HOME", home.path()), ("PASSWORD_STORE_DIR", store), ("GNUPGHOME", gnupg)]);
            let options = Options::resolve(&Typed::default(), &env).expect("options");
            let system = System::with_cipher(env, options, Box::new(CipherDouble));
            command(&system, system.stores().expect("stores").root(), &path("a"), "show")
        };
        let usual = [".password-store", ".gnupg"].map(|folder| home.path().join(folder));
        assert_eq!(shown(&usual[0], &usual[1]), "regpass show a");
        let elsewhere = shown(Path::new("/s t"), Path::new("/g"));
        assert_eq!(elsewhere, "GNUPGHOME=/g PASSWORD_STORE_DIR='/s t' regpass show a");
    }

    #[test]
    fn the_commands_name_the_entry_and_its_file() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        for (entry, command) in [
            ("mail/alice", "regpass show mail/alice"),
            ("work/x y", "regpass show 'work/x y'"),
            ("-x/it's", "regpass show './-x/it'\\''s'"),
        ] {
            let wrong = told(&bench, entry, AgentError::BadPassphrase);
            assert_eq!(wrong.retry, Some(format!("try again from a terminal: {command}")));
            let locked = told(&bench, entry, AgentError::Locked);
            assert_eq!(locked.retry, Some(format!("unlock the key once, from a terminal: {command}")));
        }
        let damaged = told(&bench, "work/x y", MessageError::Altered);
        let history = "bring back an older version, when the store is in git: regpass history 'work/x y'";
        assert_eq!(damaged.hints, [history]);
        let problem = told(&bench, "a b", CipherError::PassphraseOnly);
        let file = bench.root().join("a b.gpg");
        assert_eq!(problem.hints, [format!("open it with its passphrase: gpg -d '{}'", file.display())]);
        assert_eq!(problem.retry, None);
    }
}
