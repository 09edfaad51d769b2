//! Which of several logins of a registry answers, and that it goes on doing so when another one is written. Only a login by
//! Docker and a switch of accounts may change it. Knows files and their times; nothing is decrypted. For `change`, which
//! keeps it, and for `credentials` and `registries`, which ask.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EntryPath, Problem, RegistryKey, text};
use crate::system::store::{LoginFile, Store, StoreError, StoreLock, layout};

/// Which of a registry's logins counts: the file written last, among equals the first name; one that is kept aside only when
/// all are. One alone is not looked at.
pub(super) fn active(store: &Store, files: &[LoginFile]) -> Option<usize> {
    if files.len() < 2 {
        return (!files.is_empty()).then_some(0);
    }
    let modified = |file: &LoginFile| store.entry_file(&file.entry).ok().flatten().map(|file| file.modified);
    (0..files.len()).max_by(|a, b| {
        let (a, b) = (&files[*a], &files[*b]);
        let used = |file: &LoginFile| !layout::is_aside(&file.entry);
        let order = used(a).cmp(&used(b)).then_with(|| modified(a).cmp(&modified(b)));
        order.then_with(|| b.entry.cmp(&a.entry))
    })
}

/// Who answered at the registries that a change writes to.
#[derive(Debug, Default)]
pub(super) struct Answering {
    /// None where nobody did, and where the change decides it.
    before: BTreeMap<RegistryKey, Option<EntryPath>>,
    written: BTreeSet<EntryPath>,
}

impl Answering {
    /// An entry is going to be written.
    pub(super) fn note(&mut self, store: &Store, entry: &EntryPath) {
        let Some(key) = registry(store, entry) else { return };
        self.written.insert(entry.clone());
        self.before.entry(key).or_insert_with_key(|key| {
            let mut files = store.logins(key).ok()?.files;
            active(store, &files).map(|active| files.swap_remove(active).entry)
        });
    }

    /// The change decides who answers at this entry's registry.
    pub(super) fn decided(&mut self, store: &Store, entry: &EntryPath) {
        if let Some(key) = registry(store, entry) {
            self.before.insert(key, None);
        }
    }

    /// Sees to it that the same ones answer as before, as far as they are still there. The answer is what went wrong.
    pub(super) fn keep(&self, store: &Store, lock: &StoreLock) -> Vec<Problem> {
        let kept = self.before.iter().filter_map(|(key, before)| {
            let error = self.keep_at(store, lock, key, before.as_ref()?).err()?;
            let mut problem = Problem::from(error);
            problem.causes.insert(0, std::mem::take(&mut problem.message));
            problem.message = format!("another account may answer at {} now", text::quoted(key.as_bytes()));
            Some(problem.hint("see which one, and choose: regpass registries"))
        });
        kept.collect()
    }

    /// What was written gets a time before that of the one that answers, whose own would say that its secret is newer than
    /// it is.
    fn keep_at(
        &self,
        store: &Store,
        lock: &StoreLock,
        key: &RegistryKey,
        before: &EntryPath,
    ) -> Result<(), StoreError> {
        let files = store.logins(key)?.files;
        let answers = active(store, &files).map(|active| &files[active].entry);
        if answers == Some(before) || !files.iter().any(|file| file.entry == *before) {
            return Ok(());
        }
        let equals = files.iter().map(|file| &file.entry);
        let equals = equals.filter(|entry| *entry != before && layout::is_aside(entry) == layout::is_aside(before));
        let (written, others): (Vec<&EntryPath>, Vec<&EntryPath>) =
            equals.partition(|entry| self.written.contains(*entry));
        if self.written.contains(before) {
            for other in others {
                if let Some(there) = store.entry_file(other)? {
                    store.make_newer(lock, before, there.modified)?;
                }
            }
        }
        let Some(there) = store.entry_file(before)? else { return Ok(()) };
        written.into_iter().try_for_each(|entry| store.make_older(lock, entry, there.modified))
    }
}

/// The registry whose login an entry is, where Docker's helper looks for it.
fn registry(store: &Store, entry: &EntryPath) -> Option<RegistryKey> {
    let below = entry.below(&layout::helper_folder().ok().filter(|_| store.mount.is_root())?)?;
    let (folder, _) = below.as_bytes().split_at_checked(below.as_bytes().iter().position(|byte| *byte == b'/')?)?;
    layout::registry_of(folder)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::model::Login;
    use crate::ops::double::{Bench, path, secret};
    use crate::ops::progress::Cancel;
    use crate::ops::reencrypt::{self, Extent};
    use crate::ops::{entries, registries, transfer, undo};
    use crate::system::cipher::Asking;

    const KEY: &str = "h.test";

    fn entry(user: &str) -> EntryPath {
        layout::login_entry(&RegistryKey::new(KEY), &Login::new(user)).expect("a place")
    }

    /// Of `alice`, who answers, and `bob` and `zoe`, who are older.
    fn bench() -> Bench {
        let bench = Bench::new();
        for (user, age) in [("alice", 100), ("bob", 200), ("zoe", 300)] {
            let file = bench.put(&format!("{}.gpg", entry(user).display()), "for alice\npw");
            let then = SystemTime::now() - Duration::from_secs(age);
            std::fs::File::open(&file).and_then(|file| file.set_modified(then)).expect("an age");
        }
        bench
    }

    fn answers(bench: &Bench) -> String {
        let store = bench.system.stores().expect("stores").root();
        let files = store.logins(&RegistryKey::new(KEY)).expect("read").files;
        files[active(store, &files).expect("one")].login.as_str().to_owned()
    }

    fn modified(bench: &Bench, user: &str) -> SystemTime {
        entries::facts(&bench.system, &entry(user)).expect("there").modified
    }

    fn edit(bench: &Bench, user: &str, text: &str) {
        let opened = entries::open(&bench.system, &entry(user), Asking::Never).expect("opened");
        let written = entries::edit(&bench.system, &opened, secret(text), "e").expect("edited");
        assert!(written.changed && written.warnings.is_empty(), "{written:?}");
    }

    #[test]
    fn whoever_answers_goes_on_answering_when_an_idle_login_is_written() {
        let bench = bench();
        let age = modified(&bench, "alice");
        edit(&bench, "bob", "new");
        assert_eq!(answers(&bench), "alice");
        entries::insert(&bench.system, &entry("aaron"), secret("pw"), false).expect("inserted");
        assert_eq!(answers(&bench), "alice");
        let place = |user: &str| transfer::Place { path: entry(user), as_folder: false };
        transfer::run(&bench.system, transfer::Kind::Copy, &place("alice"), &place("abe"), false).expect("copied");
        assert_eq!(answers(&bench), "alice");
        assert_eq!(modified(&bench, "alice"), age, "its age stays true");
        // The one that answers, and a switch.
        edit(&bench, "alice", "newer");
        assert_eq!(answers(&bench), "alice");
        registries::activate(&bench.system, &RegistryKey::new(KEY), &Login::new("zoe")).expect("switched");
        assert_eq!(answers(&bench), "zoe");
    }

    #[test]
    fn encrypting_anew_changes_neither_who_answers_nor_an_age() {
        let bench = bench();
        let ages = || ["alice", "bob", "zoe"].map(|user| modified(&bench, user));
        let before = ages();
        // All of them differ.
        std::fs::write(bench.root().join(".gpg-id"), "alice\nbob\n").expect("recipients");
        let plan = reencrypt::plan(&bench.system, &EntryPath::root(), Extent::All, &Cancel::default()).expect("a plan");
        let done = reencrypt::run(&bench.system, plan, &(), &Cancel::default()).expect("done");
        assert_eq!((done.done.len(), ages(), answers(&bench).as_str()), (3, before, "alice"));
    }

    #[test]
    fn what_is_taken_back_has_its_time_again() {
        let bench = bench();
        let ages = || ["alice", "bob", "zoe"].map(|user| modified(&bench, user));
        let before = ages();
        for gone in ["bob", "alice"] {
            entries::remove(&bench.system, &entry(gone), false).expect("removed");
            undo::undo(&bench.system, None).expect("taken back");
            assert_eq!((ages(), answers(&bench).as_str()), (before, "alice"), "{gone}");
        }
        edit(&bench, "bob", "new");
        undo::undo(&bench.system, None).expect("taken back");
        assert_eq!((ages(), answers(&bench).as_str()), (before, "alice"));
        // A switch since then stays.
        edit(&bench, "zoe", "new");
        entries::remove(&bench.system, &entry("alice"), false).expect("removed");
        edit(&bench, "bob", "new");
        let last = undo::last(&bench.system).expect("steps").expect("a step");
        registries::activate(&bench.system, &RegistryKey::new(KEY), &Login::new("bob")).expect("switched");
        undo::undo(&bench.system, Some(last.id)).expect("taken back");
        assert_eq!(answers(&bench), "bob");
    }

    #[test]
    fn a_switch_that_is_taken_back_is_no_switch() {
        let bench = bench();
        registries::activate(&bench.system, &RegistryKey::new(KEY), &Login::new("bob")).expect("switched");
        assert_eq!(answers(&bench), "bob");
        undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(answers(&bench), "alice");
    }

    #[test]
    fn only_what_is_a_login_for_the_helper_has_a_registry() {
        let bench = Bench::new();
        let root = bench.system.stores().expect("stores").root();
        let aside = layout::entry_aside(&RegistryKey::new(KEY), &Login::new("u")).expect("a place");
        for known in [entry("u"), aside] {
            assert_eq!(registry(root, &known), Some(RegistryKey::new(KEY)));
        }
        for none in ["a/b", "docker-credential-helpers", "docker-credential-helpers/x", "docker-credential-helpers/x/y"]
        {
            assert_eq!(registry(root, &path(none)), None, "{none}");
        }
    }
}
