//! An entry that could not be decrypted: the commands that help, with the names of that very entry and its file. For
//! `credentials` and `entries`.

use crate::model::{EntryPath, Problem, text};
use crate::system::System;
use crate::system::cipher::CipherError;
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
    // One that was typed is not in the environment of the next command.
    let typed = system
        .options
        .store_dir
        .as_ref()
        .filter(|dir| system.env.var("PASSWORD_STORE_DIR").is_none_or(|set| set != dir.as_os_str()));
    let store = typed.map(|dir| format!("--store {} ", text::shell_word(dir))).unwrap_or_default();
    format!("regpass {store}{verb} {word}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, path};
    use crate::system::agent::AgentError;
    use crate::system::cipher::message::MessageError;

    fn told(bench: &Bench, entry: &str, error: impl Into<CipherError>) -> Problem {
        let (store, inner) = bench.system.stores().expect("stores").locate(&path(entry));
        advised(&bench.system, store, &inner, error.into())
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
