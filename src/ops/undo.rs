//! Changes of a store, and what `fix` did to other files, taken back: every file that a change touched becomes what it was before, in git by a new commit.
//! Refuses when any of them was changed since. What is taken back can be brought again in the same way. Killed at any
//! moment, nothing is lost, and the same command goes on where it stopped.

mod effect;
mod marks;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use effect::{Effect, effect};

use super::backup;
use super::change::{self, Change, Written};
use super::footprint;
use crate::model::{EntryPath, Problem, Recipient, text};
use crate::system::System;
use crate::system::store::{Content, ContentKind, Store};
use crate::system::undo_log::{self, After, Before, Kind, Place, Step};

/// How many names a message lists.
const NAMES_MAX: usize = 5;

/// What regpass did at once: one change, or several that are taken back together.
#[derive(Clone, Debug)]
pub struct UndoStep {
    /// That of its first change.
    pub id: u64,
    /// UTC, RFC 3339.
    pub time: String,
    /// What was done: all its parts, or the first few of them.
    pub what: String,
    /// Its changes, the first one first.
    pub parts: Vec<Part>,
    pub files: usize,
    /// The one that this one took back.
    pub undoes: Option<u64>,
    /// The one that took this one back.
    pub undone_by: Option<u64>,
    /// Why it cannot be taken back.
    pub obstacle: Option<String>,
}

/// One change of one store, or of one file elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As the commit's subject says it.
    pub what: String,
    pub of: Of,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    Store(PathBuf),
    File(PathBuf),
}

impl Of {
    pub fn path(&self) -> &Path {
        match self {
            Of::Store(path) | Of::File(path) => path,
        }
    }
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

/// What is changed meanwhile is one to the person, and is taken back together.
pub fn as_one<T>(system: &System, deed: impl FnOnce() -> T) -> T {
    let _underway = system.action.begin();
    deed()
}

/// The changes of the stores that are open here, and of files elsewhere.
pub fn steps(system: &System) -> Result<Steps, Problem> {
    let (steps, unreadable) = undo_log::list(&system.options.state_dir);
    let mut told = Vec::new();
    let actions: BTreeSet<u64> = steps.iter().map(Step::action).collect();
    for id in actions.into_iter().rev() {
        told.extend(told_of(system, id, &steps)?);
    }
    Ok(Steps { steps: told, unreadable })
}

/// None where none of its stores is open here.
fn told_of(system: &System, id: u64, steps: &[Step]) -> Result<Option<UndoStep>, Problem> {
    let own: Vec<&Step> = steps.iter().filter(|step| step.action() == id).collect();
    let is_open = |step: &&Step| Ok(step.kind == Kind::Files || store_of(system, step)?.is_some());
    let open = own.iter().map(is_open).collect::<Result<Vec<bool>, Problem>>()?;
    let Some(first) = own.first().filter(|_| open.contains(&true)) else { return Ok(None) };
    let undone_by = own.iter().map(|step| undoing(steps, id, step)).collect::<Option<Vec<u64>>>();
    if undone_by.is_none() && own.iter().all(|step| step.kind == Kind::Files && !backup::came_to_pass(step)) {
        return Ok(None);
    }
    let mut parts: Vec<Part> = Vec::new();
    for step in &own {
        let part = Part { what: step.what.clone(), of: of(step) };
        // Long work is written down in pieces.
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let more = parts.len().saturating_sub(NAMES_MAX);
    let mut what: Vec<&str> = parts.iter().take(NAMES_MAX).map(|part| part.what.as_str()).collect();
    let and_more = format!("and {more} more");
    what.extend((more > 0).then_some(and_more.as_str()));
    let files: BTreeSet<(Option<&OsString>, &OsString)> =
        own.iter().flat_map(|step| step.places.iter().map(|place| (root_of(step), &place.path))).collect();
    let obstacle = own.iter().find_map(|step| step.obstacle.clone());
    if files.is_empty() && obstacle.is_none() {
        return Ok(None);
    }
    let lost = (first.id != id).then(|| "its first part is no longer kept".to_owned());
    let closed = open.contains(&false).then(|| "a part of it is in a store that is not open".to_owned());
    Ok(Some(UndoStep {
        id,
        time: first.time.clone(),
        what: what.join(" "),
        files: files.len(),
        undoes: first.undoes,
        undone_by: undone_by.and_then(|all| all.into_iter().max()),
        obstacle: obstacle.or(lost).or(closed),
        parts,
    }))
}

/// What took an action back in the store of one of its steps.
fn undoing(steps: &[Step], action: u64, step: &Step) -> Option<u64> {
    let undoing = |other: &&Step| other.undoes == Some(action) && other.kind == step.kind && other.id > step.id;
    steps.iter().rfind(undoing).map(Step::action)
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
    let written = match file_step(system, &chosen) {
        Some(step) => backup::take_back(system, &step)?,
        None => {
            let mut written = as_one(system, || take_back(system, &chosen))?;
            written.warnings.extend(marks::put_back(system, chosen.id));
            written
        }
    };
    Ok(Undone { step: chosen, written })
}

/// What one action did in one store.
struct Side<'s> {
    store: &'s Store,
    /// In the order of their names.
    places: BTreeMap<EntryPath, Was>,
}

/// One file: before the first change of the action, and after the last.
struct Was {
    place: Place,
    bytes: Option<Vec<u8>>,
}

fn take_back(system: &System, chosen: &UndoStep) -> Result<Written, Problem> {
    take_sides_back(system, chosen, &sides(system, chosen)?)
}

/// What comes back first, in all stores, so that nothing is lost when this is killed.
fn take_sides_back(system: &System, chosen: &UndoStep, sides: &[Side<'_>]) -> Result<Written, Problem> {
    // Always in the same order, so that two of us never wait for each other.
    let mut sides: Vec<&Side<'_>> = sides.iter().collect();
    sides.sort_by_key(|side| side.store.root());
    let mut changes =
        sides.iter().map(|side| Change::begin(system, side.store)).collect::<Result<Vec<Change<'_>>, _>>()?;
    let are_partly_back = check(&sides, &chosen.what)?;
    for ((side, change), is_partly_back) in sides.iter().zip(&mut changes).zip(are_partly_back) {
        change.takes_back(chosen.id);
        if is_partly_back {
            change.cannot_be_taken_back("it was made in two parts");
        }
        side.bring_back(change)?;
    }
    for (side, change) in sides.iter().zip(&mut changes) {
        side.take_away(change)?;
    }
    let mut written = Written::default();
    for (side, mut change) in sides.into_iter().zip(changes) {
        change.warnings.extend(other_readers(system, side.store, side.places.keys()));
        let one = change.finish(&side.subject(chosen));
        written.changed |= one.changed;
        written.warnings.extend(one.warnings);
    }
    Ok(written)
}

/// Refuses when a file is not as it was left. True for a side of which a file is as it was before: an earlier run that was
/// killed, or somebody else, has taken it back.
fn check(sides: &[&Side<'_>], what: &str) -> Result<Vec<bool>, Problem> {
    let (mut changed, mut gone, mut is_one_to_revive) = (Vec::new(), Vec::new(), false);
    let mut are_partly_back = Vec::new();
    for side in sides {
        let mut is_partly_back = false;
        for (file, Was { place, bytes }) in &side.places {
            let name = || text::quoted(file.as_bytes());
            match footprint::after(side.store, file)? {
                now if now == place.after => {
                    is_one_to_revive |= now == After::Nothing && place.before != Before::Nothing;
                }
                now if is_as_before(&now, place, bytes.as_deref()) => {
                    is_partly_back = true;
                    gone.extend((now == After::Nothing).then(name));
                }
                _ => changed.push(name()),
            }
        }
        are_partly_back.push(is_partly_back);
    }
    // We take nothing away before all is back: what is gone was removed by somebody else, and may be what would come back
    // under an older name.
    if is_one_to_revive {
        changed.extend(gone);
    }
    if changed.is_empty() { Ok(are_partly_back) } else { Err(changed_since(what, changed)) }
}

/// The stores that an action changed and where it was not taken back, in the order of its changes.
fn sides<'s>(system: &'s System, chosen: &UndoStep) -> Result<Vec<Side<'s>>, Problem> {
    let (steps, _) = undo_log::list(&system.options.state_dir);
    let mut sides: Vec<Side<'s>> = Vec::new();
    for step in steps.iter().filter(|step| step.action() == chosen.id && undoing(&steps, chosen.id, step).is_none()) {
        let Some(store) = store_of(system, step)? else {
            return Err(Problem::not_found(format!("the store of {} is not open", text::quoted(&chosen.what))));
        };
        let bytes = undo_log::bytes(&system.options.state_dir, step)?;
        let at = sides.iter().position(|side| side.store.index() == store.index()).unwrap_or(sides.len());
        if at == sides.len() {
            sides.push(Side { store, places: BTreeMap::new() });
        }
        for (place, bytes) in step.places.iter().zip(bytes) {
            let file = EntryPath::parse(&place.path)
                .map_err(|error| Problem::failed("the change was not written down well").because(error))?;
            sides[at].take_in(file, Was { place: place.clone(), bytes }, chosen)?;
        }
    }
    if sides.is_empty() {
        return Err(Problem::not_found(format!("{} is no longer kept", text::quoted(&chosen.what))));
    }
    Ok(sides)
}

impl Side<'_> {
    /// What an earlier change of the same action did to a file and a later one went on with.
    fn take_in(&mut self, file: EntryPath, was: Was, chosen: &UndoStep) -> Result<(), Problem> {
        match self.places.get_mut(&file) {
            Some(earlier) if is_as_before(&earlier.place.after, &was.place, was.bytes.as_deref()) => {
                earlier.place.after = was.place.after;
            }
            Some(_) => return Err(changed_since(&chosen.what, vec![text::quoted(file.as_bytes())])),
            None => drop(self.places.insert(file, was)),
        }
        Ok(())
    }

    fn bring_back(&self, change: &mut Change<'_>) -> Result<(), Problem> {
        for (file, Was { place, bytes }) in &self.places {
            match (&place.before, bytes) {
                (Before::File { mode, modified, .. }, Some(bytes)) => change.put_back(file, bytes, *mode, *modified)?,
                (Before::Link { target }, _) => change.put_back_link(file, Path::new(target))?,
                _ => {}
            }
        }
        Ok(())
    }

    fn take_away(&self, change: &mut Change<'_>) -> Result<(), Problem> {
        for (file, _) in self.places.iter().filter(|(_, was)| was.place.before == Before::Nothing) {
            change.take_away(file)?;
        }
        Ok(())
    }

    fn subject(&self, chosen: &UndoStep) -> String {
        let root = footprint::real_root(self.store);
        let own: Vec<&Part> = chosen.parts.iter().filter(|part| part.of.path() == root).collect();
        let more = own.len().saturating_sub(1);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let first = own.first().map_or("", |part| part.what.as_str());
        format!("Undo \"{first}\"{more}")
    }
}

fn changed_since(what: &str, files: Vec<String>) -> Problem {
    Problem::failed(format!("{} cannot be taken back", text::quoted(what)))
        .because(format!("changed since: {}", named(files)))
        .hint("take back what came after it first: regpass undo --list")
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
fn other_readers<'f>(system: &System, store: &Store, files: impl Iterator<Item = &'f EntryPath>) -> Option<Problem> {
    let cipher = system.cipher().ok()?;
    let mut entries = BTreeSet::new();
    for file in files {
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

/// The step of a change of files elsewhere, which is an action by itself; None for one of stores.
fn file_step(system: &System, chosen: &UndoStep) -> Option<Step> {
    let (steps, _) = undo_log::list(&system.options.state_dir);
    steps.into_iter().find(|step| step.action() == chosen.id && step.kind == Kind::Files)
}

fn of(step: &Step) -> Of {
    match &step.kind {
        Kind::Store { root } => Of::Store(root.into()),
        Kind::Files => Of::File(step.places.first().map(|place| PathBuf::from(&place.path)).unwrap_or_default()),
    }
}

/// The root of a store's step.
fn root_of(step: &Step) -> Option<&OsString> {
    match &step.kind {
        Kind::Store { root } => Some(root),
        Kind::Files => None,
    }
}

/// The open store that a step belongs to.
fn store_of<'s>(system: &'s System, step: &Step) -> Result<Option<&'s Store>, Problem> {
    let Some(root) = root_of(step) else { return Ok(None) };
    Ok(system.stores()?.all().iter().find(|store| footprint::real_root(store).as_os_str() == root))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path, secret};
    use crate::ops::progress::Cancel;
    use crate::ops::reencrypt::{self, Extent};
    use crate::ops::{entries, recipients, transfer};

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
    fn a_password_that_was_made_is_called_so() {
        let bench = Bench::new();
        crate::ops::generate::insert(&bench.system, &path("a"), secret("x")).expect("made");
        assert_eq!(undo_last(&bench).what, "Add generated password for a.");
        insert(&bench, "b", "typed");
        assert_eq!(undo_last(&bench).what, "Add given password for b to store.");
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

    fn recipients_changed(bench: &Bench, edit: &recipients::Edit) {
        let root = EntryPath::root();
        let proposal = recipients::propose(&bench.system, &root, edit, false).expect("worked out");
        let done = recipients::carry(&bench.system, &proposal, &(), &Cancel::default()).expect("done");
        assert!(done.failed.is_empty() && done.stopped.is_none() && done.warnings.is_empty(), "{done:?}");
    }

    #[test]
    fn several_removed_at_once_come_back_at_once() {
        let bench = Bench::with_git();
        for name in ["a", "b", "c"] {
            insert(&bench, name, name);
        }
        as_one(&bench.system, || {
            for name in ["a", "b"] {
                entries::remove(&bench.system, &path(name), false).expect("removed");
            }
        });
        entries::remove(&bench.system, &path("c"), false).expect("removed");
        undo_last(&bench);
        assert_eq!(bench.tree().iter().filter(|file| file.ends_with(".gpg")).count(), 1, "another action");
        let step = last(&bench.system).expect("steps").expect("a step");
        assert_eq!((step.what.as_str(), step.files), ("Remove a from store. Remove b from store.", 2));
        let told = undo_last(&bench);
        assert_eq!((told.id, told.parts.len()), (4, 2));
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice\na"));
        assert_eq!(read(&bench, "b.gpg").as_deref(), Some("for alice\nb"));
        let subject = "Undo \"Remove a from store.\" and 1 more\n\na.gpg\nb.gpg\n";
        assert_eq!(bench.git(&["log", "-1", "--format=%s", "--name-only"]), subject);
        let again = steps(&bench.system).expect("steps").steps.swap_remove(0);
        assert_eq!((again.undoes, again.parts.len()), (Some(4), 1));
        undo(&bench.system, Some(again.id)).expect("removed again");
        assert!(read(&bench, "a.gpg").is_none() && read(&bench, "b.gpg").is_none());
    }

    #[test]
    fn nothing_of_an_action_is_taken_back_when_a_part_changed_since() {
        let bench = Bench::new();
        for name in ["a", "b"] {
            insert(&bench, name, name);
        }
        as_one(&bench.system, || {
            ["a", "b"].map(|name| entries::remove(&bench.system, &path(name), false).expect("done"))
        });
        bench.put("a.gpg", "for alice\nby somebody else");
        let problem = undo(&bench.system, None).expect_err("changed");
        assert_eq!(problem.causes, ["changed since: \"a.gpg\""]);
        assert_eq!(read(&bench, "b.gpg"), None);
    }

    #[test]
    fn a_change_of_recipients_goes_back_with_what_was_encrypted_anew() {
        let bench = Bench::with_git();
        insert(&bench, "a", "one");
        let bob = vec![Recipient::new("bob").expect("a name")];
        recipients_changed(&bench, &recipients::Edit::Add(bob.clone()));
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice BOB\none"));
        assert_eq!(
            bench.git(&["log", "-1", "--format=%s", "--name-only"]),
            "Set GPG id to alice, BOB.\n\n.gpg-id\na.gpg\n"
        );
        let told = undo_last(&bench);
        assert_eq!((told.what.as_str(), told.parts.len(), told.files), ("Set GPG id to alice, BOB.", 1, 2));
        assert_eq!(bench.git(&["log", "-1", "--format=%s"]), "Undo \"Set GPG id to alice, BOB.\"\n");
        assert_eq!(read(&bench, ".gpg-id").as_deref(), Some("alice\n"));
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice\none"));
        recipients_changed(&bench, &recipients::Edit::Add(bob.clone()));
        recipients_changed(&bench, &recipients::Edit::Remove(bob));
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice\none"));
        undo_last(&bench);
        assert_eq!(read(&bench, ".gpg-id").as_deref(), Some("alice\nBOB\n"));
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice BOB\none"));
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
    }

    #[test]
    fn encrypting_anew_alone_is_the_last_change_and_goes_back_in_all_stores() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        std::fs::create_dir(bench.home().join("work")).expect("a folder");
        std::fs::write(bench.home().join("work/.gpg-id"), "alice\n").expect("recipients");
        std::fs::write(bench.home().join("work/b.gpg"), "for bob\ntwo").expect("an entry");
        insert(&bench, "gone", "x");
        entries::remove(&bench.system, &path("gone"), false).expect("removed");
        insert(&bench, "a", "one");
        bench.put("a.gpg", "for alice bob\none");
        let nothing = recipients::Edit::Add(vec![Recipient::new("alice").expect("a name")]);
        recipients_changed(&bench, &nothing);
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice\none"));
        let undone = undo(&bench.system, None).expect("undone");
        assert!(undone.step.what.starts_with("Reencrypt password store"), "{:?}", undone.step);
        assert_eq!((undone.step.parts.len(), undone.step.files), (2, 2));
        assert!(undone.written.warnings[0].message.starts_with("encrypted to others"), "{:?}", undone.written.warnings);
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice bob\none"));
        assert_eq!(std::fs::read(bench.home().join("work/b.gpg")).expect("an entry"), b"for bob\ntwo");
        assert_eq!(read(&bench, "gone.gpg"), None);
    }

    #[test]
    fn what_could_not_be_written_is_nothing_to_take_back() {
        let bench = Bench::new();
        bench.put("bob-s/.gpg-id", "bob\n");
        bench.put("bob-s/x.gpg", "for bob\nx");
        std::os::unix::fs::symlink("bob-s/x.gpg", bench.root().join("link.gpg")).expect("a link");
        let plan =
            reencrypt::plan(&bench.system, &path("link"), Extent::Differing, &Cancel::default()).expect("a plan");
        let report = reencrypt::run(&bench.system, plan, &(), &Cancel::default()).expect("a report");
        assert_eq!((report.done.len(), report.failed.len(), report.warnings.len()), (0, 1, 0), "{report:?}");
        assert!(last(&bench.system).expect("steps").is_none());
    }

    #[test]
    fn what_went_to_another_store_comes_back_whole() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        let work = bench.home().join("work");
        std::fs::create_dir(&work).expect("a folder");
        std::fs::write(work.join(".gpg-id"), "bob\n").expect("recipients");
        insert(&bench, "a", "one");
        let place = |name: &str| transfer::Place { path: path(name), as_folder: false };
        transfer::run(&bench.system, transfer::Kind::Move, &place("a"), &place("work/b"), false).expect("moved");
        assert!(work.join("b.gpg").exists() && read(&bench, "a.gpg").is_none());
        let told = undo_last(&bench);
        let at = |root: &Path| std::fs::canonicalize(root).expect("a store");
        let stores: Vec<PathBuf> = told.parts.into_iter().map(|part| part.of.path().to_owned()).collect();
        assert_eq!(stores, [at(&work), at(&bench.root())]);
        assert!(!work.join("b.gpg").exists());
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice\none"));
        assert_eq!(
            last(&bench.system).expect("steps").map(|step| step.what),
            Some("Add given password for a to store.".into())
        );
    }

    #[test]
    fn what_was_killed_between_two_stores_goes_on_in_the_other() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        let work = bench.home().join("work");
        std::fs::create_dir(&work).expect("a folder");
        std::fs::write(work.join(".gpg-id"), "alice\n").expect("recipients");
        insert(&bench, "a", "one");
        let place = |name: &str| transfer::Place { path: path(name), as_folder: false };
        transfer::run(&bench.system, transfer::Kind::Move, &place("a"), &place("work/a"), false).expect("moved");
        let chosen = last(&bench.system).expect("steps").expect("a step");
        let first = sides(&bench.system, &chosen).expect("two").pop().expect("the root's");
        as_one(&bench.system, || take_sides_back(&bench.system, &chosen, &[first])).expect("taken back there");
        // Somebody goes on with it: that store is done.
        insert(&bench, "a", "two");
        undo(&bench.system, Some(chosen.id)).expect("the rest");
        assert!(!work.join("a.gpg").exists());
        assert_eq!(read(&bench, "a.gpg").as_deref(), Some("for alice\ntwo"));
        undo(&bench.system, Some(chosen.id)).expect_err("already");
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
    fn what_was_removed_since_under_its_new_name_does_not_come_back_under_the_old_one() {
        let moved = |bench: &Bench, from: &str, to: &str| {
            let place = |name: &str| transfer::Place { path: path(name), as_folder: false };
            transfer::run(&bench.system, transfer::Kind::Move, &place(from), &place(to), false).expect("moved");
        };
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        let work = bench.home().join("work");
        std::fs::create_dir(&work).expect("a folder");
        std::fs::write(work.join(".gpg-id"), "alice\n").expect("recipients");
        ["a", "d/x", "d/y", "g", "h"].iter().for_each(|name| insert(&bench, name, name));
        let last_refused = |gone: &str| {
            let before = bench.tree();
            let problem = undo(&bench.system, None).expect_err("removed since");
            assert_eq!(problem.causes, [format!("changed since: \"{gone}\"")]);
            assert_eq!(bench.tree(), before);
        };
        moved(&bench, "a", "b");
        std::fs::remove_file(bench.root().join("b.gpg")).expect("removed");
        last_refused("b.gpg");
        moved(&bench, "d", "e");
        std::fs::remove_file(bench.root().join("e/y.gpg")).expect("removed");
        last_refused("e/y.gpg");
        // In another store, whose part of the action comes after one of this store, or before it.
        as_one(&bench.system, || {
            moved(&bench, "g", "g2");
            moved(&bench, "h", "work/h");
        });
        let kept = std::fs::read(work.join("h.gpg")).expect("an entry");
        std::fs::remove_file(work.join("h.gpg")).expect("removed");
        last_refused("h.gpg");
        std::fs::write(work.join("h.gpg"), kept).expect("as it was left");
        undo_last(&bench);
        moved(&bench, "h", "work/h");
        std::fs::remove_file(work.join("h.gpg")).expect("removed");
        last_refused("h.gpg");
    }

    #[test]
    fn a_move_is_taken_back_on_from_wherever_that_was_killed() {
        for (back, gone) in [(1, 0), (2, 0), (2, 1), (2, 2)] {
            let bench = Bench::with_git();
            ["d/x", "d/y"].iter().for_each(|name| insert(&bench, name, name));
            let place = |name: &str| transfer::Place { path: path(name), as_folder: false };
            transfer::run(&bench.system, transfer::Kind::Move, &place("d"), &place("e"), false).expect("moved");
            ["x", "y"].iter().take(back).for_each(|name| {
                bench.put(&format!("d/{name}.gpg"), &format!("for alice\nd/{name}"));
            });
            ["x", "y"].iter().take(gone).for_each(|name| {
                std::fs::remove_file(bench.root().join(format!("e/{name}.gpg"))).expect("removed");
            });
            undo_last(&bench);
            assert_eq!(bench.git(&["diff", "--stat", "HEAD~2", "HEAD"]), "", "{back} back, {gone} gone");
            assert_eq!(bench.git(&["status", "--porcelain"]), "", "{back} back, {gone} gone");
        }
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
