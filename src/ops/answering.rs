//! Which of several logins of a registry answers, and that it goes on doing so when another one is written. Only a login by
//! Docker and a switch of accounts may change it. Knows files and their times; nothing is decrypted. For `change`, `sync` and
//! `conflict`, which keep it, and for `credentials` and `registries`, which ask.

use std::collections::{BTreeMap, BTreeSet};

use std::time::SystemTime;

use crate::model::{EntryPath, Login, Problem, RegistryKey, text};
use crate::system::files;
use crate::system::store::{LoginFile, Store, StoreError, StoreLock, layout};
use crate::system::undo_log::digest;

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
            Some(unsure(key, error))
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

/// Every login of a store before git takes over what others did. git gives all that it writes the time of the moment, which
/// says nothing about who answers.
#[derive(Debug, Default)]
pub(super) struct Roll {
    registries: BTreeMap<RegistryKey, Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    login: Login,
    entry: EntryPath,
    modified: Option<SystemTime>,
    digest: String,
    answers: bool,
}

impl Roll {
    /// Nothing where nobody asks for logins, or they cannot be listed.
    pub(super) fn call(store: &Store) -> Roll {
        let found = if store.mount.is_root() { store.registries().unwrap_or_default() } else { Default::default() };
        let known = |(key, files): (RegistryKey, Vec<LoginFile>)| {
            let answers = active(store, &files);
            let known = files.into_iter().enumerate().filter_map(|(at, LoginFile { login, entry, .. })| {
                let (modified, digest) = (files::modified(&entry.file(store.root())), digest_of(store, &entry)?);
                Some(Known { login, entry, modified, digest, answers: answers == Some(at) })
            });
            (key, known.collect())
        };
        Roll { registries: found.registries.into_iter().map(known).collect() }
    }

    /// What is as it was has its time again, and whoever answered goes on. Where others switched, which the places of the
    /// files tell, and where nothing was known, the one whom the official helper answers. The answer is what went wrong.
    pub(super) fn keep(&self, store: &Store, lock: &StoreLock) -> Vec<Problem> {
        let found = if store.mount.is_root() { store.registries().unwrap_or_default() } else { Default::default() };
        let mut problems = Vec::new();
        for (key, files) in found.registries {
            let known = self.registries.get(&key).map_or(&[][..], Vec::as_slice);
            let mut answering = Answering::default();
            for file in &files {
                if !keep_time(store, known, file) {
                    answering.written.insert(file.entry.clone());
                }
            }
            if answering.written.is_empty() {
                continue;
            }
            let own = known.iter().find(|known| known.answers);
            let kept = match own.filter(|_| !is_switched(known, &files)) {
                Some(own) => {
                    answering.before.insert(key, Some(own.entry.clone()));
                    answering.keep(store, lock)
                }
                None => {
                    choose_first(store, lock, &files).map_err(|error| unsure(&key, error)).err().into_iter().collect()
                }
            };
            problems.extend(kept);
        }
        problems
    }
}

fn digest_of(store: &Store, entry: &EntryPath) -> Option<String> {
    store.read(entry).ok().flatten().map(|message| digest(&message))
}

/// True for a login that is the same as before, wherever it was.
fn keep_time(store: &Store, known: &[Known], file: &LoginFile) -> bool {
    let path = file.entry.file(store.root());
    let same = known.iter().find(|known| known.entry == file.entry);
    let Some(same) = same.or_else(|| known.iter().find(|known| known.login == file.login)) else { return false };
    if same.entry == file.entry && files::modified(&path) == same.modified {
        return true;
    }
    let is_same = digest_of(store, &file.entry).is_some_and(|digest| digest == same.digest);
    if is_same {
        files::keep_time(&path, same.modified);
    }
    is_same && same.entry == file.entry
}

/// True when a login went aside or came back. One may be in both places.
fn is_switched(known: &[Known], files: &[LoginFile]) -> bool {
    let before = |login: &Login, aside: bool| {
        known.iter().any(|known| known.login == *login && layout::is_aside(&known.entry) == aside)
    };
    let now = |login: &Login, aside: bool| {
        files.iter().any(|file| file.login == *login && layout::is_aside(&file.entry) == aside)
    };
    let both = |is: &dyn Fn(&Login, bool) -> bool, login: &Login| [false, true].map(|aside| is(login, aside));
    files.iter().any(|file| {
        let before = both(&before, &file.login);
        before.contains(&true) && before != both(&now, &file.login)
    })
}

/// Makes the one answer whose name is first in the registry's folder: whom a switch has put there.
fn choose_first(store: &Store, lock: &StoreLock, files: &[LoginFile]) -> Result<(), StoreError> {
    let used = || files.iter().map(|file| &file.entry).filter(|entry| !layout::is_aside(entry));
    let Some(first) = used().min_by_key(|entry| place(entry)) else { return Ok(()) };
    for other in used().filter(|other| *other != first) {
        if let Some(there) = store.entry_file(other)? {
            store.make_newer(lock, first, there.modified)?;
        }
    }
    Ok(())
}

/// What the official helper sorts a registry's logins by: the name of the file, or of the folder that it is in.
pub(super) fn place(entry: &EntryPath) -> Vec<u8> {
    let parts: Vec<&[u8]> = entry.as_bytes().split(|byte| *byte == b'/').collect();
    match parts.get(2..).unwrap_or_default() {
        [only] => [only, layout::SUFFIX.as_bytes()].concat(),
        below => below.first().map(|first| first.to_vec()).unwrap_or_default(),
    }
}

fn unsure(key: &RegistryKey, error: StoreError) -> Problem {
    let mut problem = Problem::from(error);
    problem.causes.insert(0, std::mem::take(&mut problem.message));
    problem.message = format!("another account may answer at {} now", text::quoted(key.as_bytes()));
    problem.hint("see which one, and choose: regpass registries")
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

    /// What git does to files that it writes: their time is that of the moment.
    fn written_by_git(bench: &Bench, user: &str, text: &str) {
        bench.put(&format!("{}.gpg", entry(user).display()), text);
    }

    fn pull(bench: &Bench, git: impl FnOnce(&Bench)) {
        let store = bench.system.stores().expect("stores").root();
        let lock = store.lock().expect("locked");
        let roll = Roll::call(store);
        git(bench);
        assert_eq!(roll.keep(store, &lock), []);
    }

    #[test]
    fn whoever_answers_goes_on_answering_after_a_pull() {
        let bench = bench();
        let before = modified(&bench, "bob");
        // As a rebase writes it anew, and an edit and a new account of the other side.
        pull(&bench, |bench| written_by_git(bench, "bob", "for alice\npw"));
        assert_eq!((answers(&bench).as_str(), modified(&bench, "bob")), ("alice", before));
        pull(&bench, |bench| written_by_git(bench, "bob", "for alice\nnew"));
        pull(&bench, |bench| written_by_git(bench, "aaron", "for alice\nnew"));
        assert_eq!(answers(&bench), "alice");
        for user in ["alice", "zoe"] {
            pull(&bench, |bench| written_by_git(bench, user, "for alice\nrotated"));
            assert_eq!(answers(&bench), "alice", "{user}");
        }
        pull(&bench, |bench| {
            std::fs::remove_file(bench.root().join(format!("{}.gpg", entry("alice").display()))).expect("gone")
        });
        assert_ne!(answers(&bench), "alice");
    }

    #[test]
    fn a_switch_on_the_other_side_is_followed() {
        let bench = bench();
        let at = |user: &str| bench.root().join(format!("{}.gpg", entry(user).display()));
        let aside = |user: &str| {
            let entry = layout::entry_aside(&RegistryKey::new(KEY), &Login::new(user)).expect("a place");
            bench.root().join(format!("{}.gpg", entry.display()))
        };
        // Everything is written anew there, the chosen one is not touched.
        pull(&bench, |_| {
            std::fs::create_dir_all(aside("x").parent().expect("a folder")).expect("a folder");
            std::fs::rename(at("alice"), aside("alice")).expect("aside");
            written_by_git(&bench, "zoe", "for alice\nrotated");
        });
        assert_eq!(answers(&bench), "bob");
        pull(&bench, |_| std::fs::rename(aside("alice"), at("alice")).expect("back"));
        assert_eq!(answers(&bench), "alice");
        // Of a registry that is new here the first name answers, as for the official helper.
        let other = Bench::new();
        pull(&other, |bench| ["b", "a", "c"].iter().for_each(|user| written_by_git(bench, user, "for alice\npw")));
        assert_eq!(answers(&other), "a");
    }
}
