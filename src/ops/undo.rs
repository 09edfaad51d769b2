//! Changes of a store taken back: every file that a change touched becomes what it was before, in git by a new commit.
//! Refuses when any of them was changed since. What is taken back can be brought again in the same way. Killed at any
//! moment, nothing is lost, and the same command goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::change::{self, Change, Written};
use super::footprint;
use crate::model::{EntryPath, Problem, Recipient, text};
use crate::system::System;
use crate::system::store::{Content, ContentKind, Store};
use crate::system::undo_log::{self, After, Before, Kind, Place, Step};

/// How many names a message lists.
const NAMES_MAX: usize = 5;

/// A change that regpass made.
#[derive(Clone, Debug)]
pub struct UndoStep {
    pub id: u64,
    /// UTC, RFC 3339.
    pub time: String,
    /// What was done.
    pub what: String,
    pub store: PathBuf,
    pub files: usize,
    /// The step that this one took back.
    pub undoes: Option<u64>,
    /// The step that took this one back.
    pub undone_by: Option<u64>,
    /// Why it cannot be taken back.
    pub obstacle: Option<String>,
}

#[derive(Debug)]
pub struct Steps {
    /// Newest first.
    pub steps: Vec<UndoStep>,
    /// Files in their place that cannot be read.
    pub unreadable: Vec<PathBuf>,
}

#[derive(Debug)]
pub struct Undone {
    pub step: UndoStep,
    pub written: Written,
}

/// The changes of the stores that are open here.
pub fn steps(system: &System) -> Result<Steps, Problem> {
    let (steps, unreadable) = undo_log::list(&system.options.state_dir);
    let undone = |id: u64| steps.iter().rfind(|step| step.undoes == Some(id)).map(|step| step.id);
    let mut told = Vec::new();
    for step in steps.iter().rev() {
        let Kind::Store { root } = &step.kind;
        if store_of(system, step)?.is_some() {
            told.push(UndoStep {
                id: step.id,
                time: step.time.clone(),
                what: step.what.clone(),
                store: PathBuf::from(root),
                files: step.places.len(),
                undoes: step.undoes,
                undone_by: undone(step.id),
                obstacle: step.obstacle.clone(),
            });
        }
    }
    Ok(Steps { steps: told, unreadable })
}

/// The step that `undo` takes back when none is named; None when there is none.
pub fn last(system: &System) -> Result<Option<UndoStep>, Problem> {
    let steps = steps(system)?.steps;
    Ok(steps.into_iter().find(|step| step.undoes.is_none() && step.undone_by.is_none()))
}

/// Takes back a step, or the last one that was neither taken back nor takes one back itself.
pub fn undo(system: &System, id: Option<u64>) -> Result<Undone, Problem> {
    let chosen = match id {
        Some(id) => steps(system)?.steps.into_iter().find(|step| step.id == id).ok_or_else(|| {
            Problem::not_found(format!("there is no change {id} to take back")).hint("see them: regpass undo --list")
        })?,
        None => last(system)?.ok_or_else(|| {
            Problem::not_found("there is no change to take back").hint("see them: regpass undo --list")
        })?,
    };
    let name = text::quoted(&chosen.what);
    if let Some(by) = chosen.undone_by {
        return Err(Problem::failed(format!("{name} was taken back already"))
            .hint(format!("to have it again, take that back: regpass undo {by}")));
    }
    if let Some(why) = &chosen.obstacle {
        return Err(Problem::failed(format!("{name} cannot be taken back"))
            .because(text::escaped(why.as_bytes()))
            .hint("where the store is in git, regpass history shows older versions of an entry"));
    }
    let (steps, _) = undo_log::list(&system.options.state_dir);
    let step = steps.into_iter().find(|step| step.id == chosen.id);
    let Some(step) = step else { return Err(Problem::not_found(format!("{name} is no longer kept"))) };
    let Some(store) = store_of(system, &step)? else {
        return Err(Problem::not_found(format!("the store of {name} is not open")));
    };
    let written = take_back(system, store, &step)?;
    Ok(Undone { step: chosen, written })
}

fn take_back(system: &System, store: &Store, step: &Step) -> Result<Written, Problem> {
    let bytes = undo_log::bytes(&system.options.state_dir, step.id)?;
    let mut change = Change::begin(system, store)?;
    change.takes_back(step.id);
    let places: Vec<(EntryPath, &Place, Option<Vec<u8>>)> = step
        .places
        .iter()
        .zip(bytes)
        .map(|(place, bytes)| Ok((EntryPath::parse(&place.path)?, place, bytes)))
        .collect::<Result<_, crate::model::EntryPathError>>()
        .map_err(|error| Problem::failed("the change was not written down well").because(error))?;
    let mut changed = Vec::new();
    for (file, place, bytes) in &places {
        match footprint::after(store, file)? {
            now if now == place.after => {}
            // An earlier run that was killed, or somebody else, has taken this one back.
            now if is_as_before(&now, place, bytes.as_deref()) => {
                change.cannot_be_taken_back("it was made in two parts")
            }
            _ => changed.push(text::quoted(file.as_bytes())),
        }
    }
    if !changed.is_empty() {
        return Err(Problem::failed(format!("{} cannot be taken back", text::quoted(&step.what)))
            .because(format!("changed since: {}", named(changed)))
            .hint("take back what came after it first: regpass undo --list"));
    }
    // What comes back first, so that nothing is lost when this is killed.
    for (file, place, bytes) in &places {
        match (&place.before, bytes) {
            (Before::File { mode, .. }, Some(bytes)) => change.put_back(file, bytes, *mode)?,
            (Before::Link { target }, _) => change.put_back_link(file, Path::new(target))?,
            _ => {}
        }
    }
    for (file, ..) in places.iter().filter(|(_, place, _)| place.before == Before::Nothing) {
        change.take_away(file)?;
    }
    change.warnings.extend(other_readers(system, store, &places));
    Ok(change.finish(&format!("Undo \"{}\"", step.what)))
}

fn is_as_before(now: &After, place: &Place, bytes: Option<&[u8]>) -> bool {
    match (&place.before, now, bytes) {
        (Before::Nothing, After::Nothing, _) => true,
        (Before::Link { target: before }, After::Link { target: now }, _) => before == now,
        (Before::File { .. }, After::File { digest }, Some(bytes)) => undo_log::digest(bytes) == *digest,
        _ => false,
    }
}

/// What came back is for those who could read it then, and what a recipients file governs that came back is for those who
/// could read it since. Either may be others than today, which shall not pass unseen.
fn other_readers(system: &System, store: &Store, places: &[(EntryPath, &Place, Option<Vec<u8>>)]) -> Option<Problem> {
    let cipher = system.cipher().ok()?;
    let mut entries = BTreeSet::new();
    for (file, ..) in places {
        if file.name() == ".gpg-id" && store.has_folder(&file.parent()) {
            entries.extend(store.holdings(&file.parent()).entries);
        }
        entries.extend((Content { path: file.clone(), kind: ContentKind::Entry }).entry());
    }
    let mut wanted: BTreeMap<EntryPath, Option<Vec<Recipient>>> = BTreeMap::new();
    let mut others = Vec::new();
    for entry in entries {
        let Ok(Some(message)) = store.read(&entry) else { continue };
        let readers = wanted
            .entry(entry.parent())
            .or_insert_with_key(|folder| change::recipients(system, store, folder).ok().map(|(readers, _)| readers));
        if readers.as_ref().is_some_and(|readers| !cipher.is_encrypted_to(&message, readers)) {
            others.push(text::quoted(entry.as_bytes()));
        }
    }
    if others.is_empty() {
        return None;
    }
    Some(
        Problem::failed(format!("encrypted to others than who may read there now: {}", named(others)))
            .hint("encrypt anew what differs: regpass reencrypt"),
    )
}

/// The first few names, and how many more there are.
fn named(mut names: Vec<String>) -> String {
    let count = names.len();
    names.truncate(NAMES_MAX);
    let more = if count > names.len() { format!(" and {} more", count - names.len()) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// The open store that a step belongs to.
fn store_of<'s>(system: &'s System, step: &Step) -> Result<Option<&'s Store>, Problem> {
    let Kind::Store { root } = &step.kind;
    Ok(system.stores()?.all().iter().find(|store| footprint::real_root(store).as_os_str() == root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path, secret};
    use crate::ops::{entries, recipients};

    fn insert(bench: &Bench, name: &str, text: &str) {
        let written = entries::insert(&bench.system, &path(name), secret(text), true).expect("inserted");
        assert!(written.warnings.is_empty(), "{:?}", written.warnings);
    }

    fn read(bench: &Bench, file: &str) -> Option<String> {
        std::fs::read_to_string(bench.root().join(file)).ok()
    }

    fn undo_last(bench: &Bench) -> UndoStep {
        let undone = undo(&bench.system, None).expect("undone");
        assert!(undone.written.warnings.is_empty(), "{:?}", undone.written.warnings);
        undone.step
    }

    #[test]
    fn one_after_the_other_is_taken_back_and_can_come_again() {
        let bench = Bench::new();
        insert(&bench, "a/b", "one");
        insert(&bench, "a/b", "two");
        entries::remove(&bench.system, &path("a"), true).expect("removed");
        assert_eq!(undo_last(&bench).what, "Remove a from store.");
        assert_eq!(read(&bench, "a/b.gpg").as_deref(), Some("for alice\ntwo"));
        undo_last(&bench);
        assert_eq!(read(&bench, "a/b.gpg").as_deref(), Some("for alice\none"));
        undo_last(&bench);
        assert_eq!(bench.tree(), [".gpg-id"]);
        assert_eq!(undo(&bench.system, None).expect_err("nothing").kind, ProblemKind::NotFound);
        let steps = steps(&bench.system).expect("steps").steps;
        assert_eq!(
            steps.iter().map(|step| step.undoes).collect::<Vec<_>>(),
            [Some(1), Some(2), Some(3), None, None, None]
        );
        assert_eq!(steps[5].undone_by, Some(6));
        let problem = undo(&bench.system, Some(1)).expect_err("already");
        assert_eq!(problem.hints, ["to have it again, take that back: regpass undo 6"]);
        undo(&bench.system, Some(6)).expect("again");
        assert_eq!(read(&bench, "a/b.gpg").as_deref(), Some("for alice\none"));
    }

    #[test]
    fn what_changed_since_is_not_overwritten() {
        let bench = Bench::new();
        insert(&bench, "a", "one");
        insert(&bench, "a", "two");
        bench.put("a.gpg", "for alice\nby somebody else");
        let problem = undo(&bench.system, None).expect_err("changed");
        assert_eq!(problem.causes, ["changed since: \"a.gpg\""]);
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice\nby somebody else"));
        bench.put("a.gpg", "for alice\ntwo");
        let problem = undo(&bench.system, Some(1)).expect_err("the second comes first");
        assert!(problem.hints[0].contains("undo --list"), "{problem:?}");
        undo_last(&bench);
    }

    #[test]
    fn a_folder_comes_back_with_all_that_was_in_it() {
        let bench = Bench::new();
        bench.put("team/.gpg-id", "bob\n");
        bench.put("team/notes.txt", "n");
        bench.put("team/deep/x.gpg", "for bob\nx");
        std::os::unix::fs::symlink("deep/x.gpg", bench.root().join("team/link.gpg")).expect("a link");
        let before = bench.tree();
        entries::remove(&bench.system, &path("team"), true).expect("removed");
        assert_eq!(bench.tree(), [".gpg-id"]);
        undo_last(&bench);
        assert_eq!(bench.tree(), before);
        assert_eq!(std::fs::read_link(bench.root().join("team/link.gpg")).expect("a link"), Path::new("deep/x.gpg"));
        undo(&bench.system, Some(2)).expect("removed again");
        assert_eq!(bench.tree(), [".gpg-id"]);
    }

    #[test]
    fn in_git_it_is_a_commit_of_just_these_paths() {
        let bench = Bench::with_git();
        insert(&bench, "a", "one");
        bench.put("other.txt", "not committed");
        entries::remove(&bench.system, &path("a"), false).expect("removed");
        undo_last(&bench);
        assert_eq!(bench.git(&["log", "-1", "--format=%s", "--name-only"]), "Undo \"Remove a from store.\"\n\na.gpg\n");
        assert_eq!(bench.git(&["status", "--porcelain"]), "?? other.txt\n");
    }

    #[test]
    fn what_was_killed_in_the_middle_goes_on() {
        let bench = Bench::with_git();
        for name in ["d/x", "d/y", "d/z"] {
            insert(&bench, name, name);
        }
        entries::remove(&bench.system, &path("d"), true).expect("removed");
        // As a process leaves it that was killed after its first file.
        bench.put("d/x.gpg", "for alice\nd/x");
        bench.put("d/y.gpg", "for alice\nby somebody else");
        let problem = undo(&bench.system, None).expect_err("changed");
        assert_eq!(problem.causes, ["changed since: \"d/y.gpg\""]);
        std::fs::remove_file(bench.root().join("d/y.gpg")).expect("removed");
        let step = undo_last(&bench);
        assert_eq!(step.what, "Remove d from store.");
        assert_eq!(read(&bench, "d/z.gpg").as_deref(), Some("for alice\nd/z"));
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
        // Only the second part of it is known: it is not half taken back.
        let again = steps(&bench.system).expect("steps").steps.swap_remove(0);
        undo(&bench.system, Some(again.id)).expect_err("in two parts");
        assert_eq!(read(&bench, "d/z.gpg").as_deref(), Some("for alice\nd/z"));
    }

    #[test]
    fn what_comes_back_for_other_readers_is_told() {
        let bench = Bench::new();
        bench.put(".gpg-id", "alice\nbob\n");
        insert(&bench, "a", "one");
        entries::remove(&bench.system, &path("a"), false).expect("removed");
        bench.put(".gpg-id", "alice\n");
        let warnings = undo(&bench.system, None).expect("undone").written.warnings;
        assert_eq!(
            warnings.iter().map(|warning| warning.message.as_str()).collect::<Vec<_>>(),
            ["encrypted to others than who may read there now: \"a\""]
        );
        assert_eq!(warnings[0].hints, ["encrypt anew what differs: regpass reencrypt"]);
        // What a recipients file governs that came back, and what was encrypted meanwhile.
        let bob = Recipient::new("bob").expect("a name");
        let edit = recipients::Edit::Add(vec![bob]);
        let proposal = recipients::propose(&bench.system, &EntryPath::root(), &edit, false).expect("worked out");
        recipients::apply(&bench.system, &proposal).expect("made");
        insert(&bench, "b", "two");
        bench.put("c.gpg", "for alice\nthree");
        std::fs::remove_file(bench.root().join("a.gpg")).expect("removed");
        let step = steps(&bench.system).expect("steps").steps[1].id;
        let warnings = undo(&bench.system, Some(step)).expect("undone").written.warnings;
        assert_eq!(warnings[0].message, "encrypted to others than who may read there now: \"b\"");
        assert_eq!(warnings.len(), 1);
    }

    #[test]
    fn a_link_s_target_is_what_was_changed() {
        let bench = Bench::new();
        insert(&bench, "real", "one");
        std::os::unix::fs::symlink("real.gpg", bench.root().join("alias.gpg")).expect("a link");
        insert(&bench, "alias", "two");
        undo_last(&bench);
        assert_eq!(read(&bench, "real.gpg").as_deref(), Some("for alice\none"));
        assert!(bench.root().join("alias.gpg").is_symlink());
    }

    #[test]
    fn what_cannot_be_kept_is_told_and_blocks_what_is_older() {
        let bench = Bench::new();
        insert(&bench, "a", "one");
        bench.put("nested/.git", "gitdir: elsewhere");
        entries::remove(&bench.system, &path("nested"), true).expect("removed");
        let problem = undo(&bench.system, None).expect_err("not kept");
        assert!(problem.message.starts_with("\"Remove nested"), "{problem:?}");
    }

    #[test]
    fn the_helper_s_own_changes_leave_no_step() {
        use crate::model::{Credential, Login, RegistryKey};
        use crate::ops::credentials::CredentialStore;
        let bench = Bench::new();
        let credential = Credential::new(Login::new("u"), secret("pw"));
        CredentialStore::new(&bench.system).store(&RegistryKey::new("r.test"), credential).expect("stored");
        assert!(steps(&bench.system).expect("steps").steps.is_empty());
    }
}
