//! Entries that both sides changed: what base, ours and theirs say, whether that merges line by line, and the settling of
//! it. The last settled entry ends the merge or rebase. "Ours" is this machine's side, in a rebase too.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::answering::Roll;
use super::change;
use super::line_diff::{self, LineDiff, Merged};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::git::{self, Concluded, GitError, ObjectId, Operation, Repository, Unmerged};
use crate::system::store::Store;

/// What a store's merge waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// With the mount's name in front.
    pub entries: Vec<EntryPath>,
    /// Files that are no entries, below the store's root: `.gpg-id` and the like. `resolve` takes their names too.
    pub others: Vec<EntryPath>,
    /// Outside the store's root, in a work tree that a link leads to.
    pub elsewhere: Vec<PathBuf>,
    pub operation: Option<Operation>,
}

impl Conflicts {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.others.is_empty() && self.elsewhere.is_empty()
    }

    /// What can be named to `resolve`, entries last: who may read them must be settled first.
    pub fn names(&self) -> impl Iterator<Item = &EntryPath> {
        self.others.iter().chain(&self.entries)
    }
}

/// One entry, as both sides have it. A side is None where it removed the entry.
#[derive(Debug)]
pub struct Sides {
    /// From base to ours and to theirs.
    pub ours: Option<LineDiff>,
    pub theirs: Option<LineDiff>,
    /// What taking over both changes gives; None where a side removed the entry.
    pub merged: Option<Merged>,
}

/// How a conflict is settled.
#[derive(Debug)]
pub enum Choice {
    Ours,
    Theirs,
    Base,
    /// Both changes, when they are of different lines.
    Merged,
    Text(Secret),
}

/// What came of it.
#[derive(Debug)]
pub struct Resolved {
    /// What still waits.
    pub left: Conflicts,
    /// None while anything waits.
    pub concluded: Option<Concluded>,
    pub warnings: Vec<Problem>,
}

/// The conflicts of all stores.
pub fn list(system: &System) -> Result<Conflicts, Problem> {
    let mut all = Conflicts::default();
    for store in system.stores()?.all() {
        let Some(repository) = Repository::of_store(&system.env, store.root()) else { continue };
        let mut found = of_store(store, &repository)?;
        all.entries.append(&mut found.entries);
        all.others.append(&mut found.others);
        all.elsewhere.append(&mut found.elsewhere);
        all.operation = all.operation.or(found.operation);
    }
    Ok(all)
}

pub(super) fn of_store(store: &Store, repository: &Repository<'_>) -> Result<Conflicts, Problem> {
    let mut found = Conflicts { operation: repository.operation(), ..Conflicts::default() };
    for one in repository.unmerged().map_err(unreadable)? {
        match (store.entry_at(&one.path), below(store, &one.path)) {
            (Some(entry), _) => found.entries.push(entry),
            (None, Some(file)) => found.others.push(file),
            (None, None) => found.elsewhere.push(one.path),
        }
    }
    Ok(found)
}

/// Both sides of an entry's conflict, decrypted.
pub fn sides(system: &System, entry: &EntryPath, asking: Asking) -> Result<Sides, Problem> {
    let conflict = Conflict::entry(system, entry)?;
    let Unmerged { base, ours, theirs, .. } = &conflict.unmerged;
    let base = || conflict.plaintext(base.as_ref(), asking).map(Option::unwrap_or_default);
    let diff = |side: &Option<ObjectId>| -> Result<Option<LineDiff>, Problem> {
        let text = conflict.plaintext(side.as_ref(), asking)?;
        text.map(|text| Ok(LineDiff::between(base()?, text))).transpose()
    };
    let merged = match (conflict.plaintext(ours.as_ref(), asking)?, conflict.plaintext(theirs.as_ref(), asking)?) {
        (Some(ours), Some(theirs)) => Some(line_diff::merge(&base()?, &ours, &theirs)),
        _ => None,
    };
    Ok(Sides { ours: diff(ours)?, theirs: diff(theirs)?, merged })
}

/// What a person begins with who settles an entry's conflict by hand: both changes, those of the same lines between marks;
/// of an entry that one side removed, what the other has.
pub fn draft(system: &System, entry: &EntryPath, asking: Asking) -> Result<Secret, Problem> {
    let conflict = Conflict::entry(system, entry)?;
    let Unmerged { base, ours, theirs, .. } = &conflict.unmerged;
    let text = |side: &Option<ObjectId>| conflict.plaintext(side.as_ref(), asking);
    Ok(match (text(ours)?, text(theirs)?) {
        (Some(ours), Some(theirs)) => match line_diff::merge(&text(base)?.unwrap_or_default(), &ours, &theirs) {
            Merged::Clean(text) | Merged::Conflicts { marked: text, .. } => text,
        },
        (ours, theirs) => ours.or(theirs).unwrap_or_default(),
    })
}

/// Settles one conflict: the chosen content is encrypted to those who may read the entry today (a message that is already
/// so stays as it is). With the last one the merge is committed, or the rebase goes on.
pub fn resolve(system: &System, entry: &EntryPath, choice: Choice) -> Result<Resolved, Problem> {
    let conflict = Conflict::of(system, entry)?;
    let mut warnings = Vec::new();
    // Decrypted before the lock is taken: a person may have to be asked.
    let chosen = conflict.chosen(choice, &mut warnings)?;
    change::check_writable(system, conflict.store)?;
    let lock = conflict.store.lock()?;
    let again = Conflict::of(system, entry)?;
    if again.unmerged != conflict.unmerged {
        return Err(Problem::failed(format!(
            "the conflict of {} has changed meanwhile",
            text::quoted(entry.as_bytes())
        )));
    }
    let (store, inner) = (conflict.store, &conflict.inner);
    let roll = Roll::call(store);
    match (&chosen, conflict.is_entry()) {
        (Some(message), true) => drop(store.write(&lock, inner, message, &system.options)?),
        (None, true) => drop(store.remove(&lock, inner)?),
        (Some(bytes), false) => drop(store.put_back(&lock, inner, bytes, 0o600, &system.options)?),
        (None, false) => drop(store.take_away(&lock, inner)?),
    }
    warnings.extend(roll.keep(store, &lock));
    conflict.repository.settle(&conflict.unmerged.path).map_err(|error| error.during("the conflict is not settled"))?;
    drop(lock);
    let mut resolved = conclude_store(store, &conflict.repository)?;
    resolved.warnings.splice(0..0, warnings);
    Ok(resolved)
}

/// Ends the merges and rebases in which nothing waits any more: what `resolve` does after the last conflict.
pub fn conclude(system: &System) -> Result<Resolved, Problem> {
    let mut all = Resolved { left: Conflicts::default(), concluded: None, warnings: Vec::new() };
    for store in system.stores()?.all() {
        let Some(repository) = Repository::of_store(&system.env, store.root()) else { continue };
        if repository.operation().is_none() {
            continue;
        }
        change::check_writable(system, store)?;
        let mut one = conclude_store(store, &repository)?;
        all.left.entries.append(&mut one.left.entries);
        all.left.others.append(&mut one.left.others);
        all.left.elsewhere.append(&mut one.left.elsewhere);
        all.concluded = one.concluded.or(all.concluded);
        all.warnings.append(&mut one.warnings);
    }
    Ok(all)
}

fn conclude_store(store: &Store, repository: &Repository<'_>) -> Result<Resolved, Problem> {
    let lock = store.lock()?;
    let left = of_store(store, repository)?;
    if !left.is_empty() {
        return Ok(Resolved { left, concluded: None, warnings: Vec::new() });
    }
    let roll = Roll::call(store);
    let concluded = repository.conclude();
    // A rebase that goes on writes files.
    let mut warnings = roll.keep(store, &lock);
    let concluded = match concluded {
        Ok(concluded) => Some(concluded),
        Err(error) => {
            let problem = error.during("everything is settled, but not committed");
            warnings.push(problem.hint("then: regpass resolve"));
            None
        }
    };
    let left = of_store(store, repository)?;
    Ok(Resolved { left, concluded, warnings })
}

/// An entry, or another file, with a conflict.
struct Conflict<'a> {
    system: &'a System,
    store: &'a Store,
    /// The entry's name in the store, or the file's.
    inner: EntryPath,
    entry: &'a EntryPath,
    repository: Repository<'a>,
    unmerged: Unmerged,
}

impl<'a> Conflict<'a> {
    fn of(system: &'a System, entry: &'a EntryPath) -> Result<Conflict<'a>, Problem> {
        let (store, inner) = system.stores()?.locate(entry);
        let none = || {
            Problem::not_found(format!("{} has no conflict", text::quoted(entry.as_bytes())))
                .hint("see which there are: regpass conflicts")
        };
        let file = git::real_path(&inner.file(store.root()));
        let repository = Repository::holding(&system.env, store.root(), &file).ok_or_else(none)?;
        let mut all = repository.unmerged().map_err(unreadable)?;
        let other = git::real_path(&inner.folder(store.root()));
        let at = all.iter().position(|one| one.path == file).or_else(|| all.iter().position(|one| one.path == other));
        let unmerged = all.swap_remove(at.ok_or_else(none)?);
        Ok(Conflict { system, store, inner, entry, repository, unmerged })
    }

    /// Of an entry, and nothing else.
    fn entry(system: &'a System, entry: &'a EntryPath) -> Result<Conflict<'a>, Problem> {
        let conflict = Conflict::of(system, entry)?;
        if conflict.is_entry() {
            return Ok(conflict);
        }
        Err(Problem::usage(format!("{} is not an entry", text::quoted(entry.as_bytes())))
            .hint(format!("see it: git -C {} diff", text::shell_word(conflict.repository.top()))))
    }

    fn is_entry(&self) -> bool {
        self.unmerged.path == git::real_path(&self.inner.file(self.store.root()))
    }

    fn blob(&self, id: &ObjectId) -> Result<Vec<u8>, Problem> {
        self.repository.blob(id).map_err(unreadable)
    }

    fn plaintext(&self, side: Option<&ObjectId>, asking: Asking) -> Result<Option<Secret>, Problem> {
        let Some(id) = side else { return Ok(None) };
        let message = self.blob(id)?;
        let plaintext = self.system.cipher()?.decrypt(&message, asking).map_err(|error| {
            let mut problem = Problem::from(error);
            problem.causes.insert(0, std::mem::take(&mut problem.message));
            problem.message = format!("cannot read a side of {}", text::quoted(self.entry.as_bytes()));
            problem
        })?;
        Ok(Some(plaintext))
    }

    /// The bytes that settle it; None for none.
    fn chosen(&self, choice: Choice, warnings: &mut Vec<Problem>) -> Result<Option<Vec<u8>>, Problem> {
        let Unmerged { base, ours, theirs, .. } = &self.unmerged;
        let side = match choice {
            Choice::Ours => ours,
            Choice::Theirs => theirs,
            Choice::Base => base,
            Choice::Merged => return self.merged().and_then(|text| self.encrypted(&text, warnings)).map(Some),
            Choice::Text(text) if line_diff::has_marks(&text) => {
                let name = text::quoted(self.entry.as_bytes());
                return Err(Problem::usage(format!(
                    "the text for {name} still has lines of both sides, with their marks"
                ))
                .hint("of each such place leave what is to stay, without the lines of <, |, = and >"));
            }
            Choice::Text(text) if self.is_entry() => return self.encrypted(&text, warnings).map(Some),
            Choice::Text(text) => return Ok(Some(text.expose().to_vec())),
        };
        let Some(id) = side else { return Ok(None) };
        let message = self.blob(id)?;
        if !self.is_entry() {
            return Ok(Some(message));
        }
        let (recipients, _) = change::recipients(self.system, self.store, &self.inner.parent())?;
        if self.system.cipher()?.is_encrypted_to(&message, &recipients) {
            return Ok(Some(message));
        }
        let plaintext = self.plaintext(Some(id), Asking::Allowed)?.unwrap_or_default();
        self.encrypted(&plaintext, warnings).map(Some)
    }

    fn merged(&self) -> Result<Secret, Problem> {
        let name = text::quoted(self.entry.as_bytes());
        let word = text::shell_word(Path::new(self.entry.as_os_str()));
        let choose = format!("choose a side: regpass resolve {word} --ours (or --theirs)");
        if !self.is_entry() {
            return Err(Problem::usage(format!("{name} is not an entry, and is not merged")).hint(choose));
        }
        let Unmerged { base, ours, theirs, .. } = &self.unmerged;
        let text = |side: &Option<ObjectId>| self.plaintext(side.as_ref(), Asking::Allowed);
        let (Some(ours), Some(theirs)) = (text(ours)?, text(theirs)?) else {
            return Err(Problem::failed(format!("one side removed {name}")).hint(choose));
        };
        match line_diff::merge(&text(base)?.unwrap_or_default(), &ours, &theirs) {
            Merged::Clean(text) => Ok(text),
            Merged::Conflicts { .. } => Err(Problem::failed(format!("both sides changed the same lines of {name}"))
                .hint(format!("see them: regpass conflicts {word}"))
                .hint(choose)),
        }
    }

    fn encrypted(&self, plaintext: &Secret, warnings: &mut Vec<Problem>) -> Result<Vec<u8>, Problem> {
        let (recipients, warning) = change::recipients(self.system, self.store, &self.inner.parent())?;
        warnings.extend(warning);
        change::encrypt(self.system, self.store, plaintext, &recipients)
    }
}

/// The name of a file below the store's root.
fn below(store: &Store, path: &Path) -> Option<EntryPath> {
    let root = std::fs::canonicalize(store.root()).ok()?;
    let inner = OsStr::from_bytes(path.strip_prefix(root).ok()?.as_os_str().as_bytes());
    if store.mount.is_root() { EntryPath::parse(inner).ok() } else { store.mount.join(inner).ok() }
}

fn unreadable(error: GitError) -> Problem {
    error.during("the conflicts cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path, secret};
    use crate::ops::entries;
    use crate::ops::sync::{self, Outcome, Task};
    use crate::system::git::Access;

    fn synced(bench: &Bench) -> sync::Synced {
        let mut access = Access { may_ask: false, report: &mut |_| true };
        sync::run(&bench.system, Task::Both, &mut access).expect("ran").remove(0)
    }

    fn insert(bench: &Bench, name: &str, text: &str) {
        entries::insert(&bench.system, &path(name), secret(text), true).expect("inserted");
    }

    fn shown(bench: &Bench, name: &str) -> String {
        let shown = entries::show(&bench.system, &path(name), Asking::Allowed).expect("shown");
        String::from_utf8(shown.expose().to_vec()).expect("text")
    }

    /// Two people with clones of one repository that holds `a`; each then changes it.
    fn two(base: &str, theirs: &str, ours: &str) -> (Bench, Bench) {
        let (other, own) = (Bench::with_git(), Bench::with_path());
        insert(&other, "a", base);
        let hub = other.home().join("hub");
        other.git(&["clone", "-q", "--bare", ".", hub.to_str().expect("text")]);
        other.git(&["remote", "add", "origin", hub.to_str().expect("text")]);
        std::fs::remove_dir_all(own.root()).expect("removed");
        std::fs::create_dir(own.root()).expect("a folder");
        own.git(&["clone", "-q", hub.to_str().expect("text"), "."]);
        own.git(&["config", "user.name", "T"]);
        own.git(&["config", "user.email", "t@x.test"]);
        insert(&other, "a", theirs);
        assert!(matches!(synced(&other).outcome, Outcome::Done));
        insert(&own, "a", ours);
        (other, own)
    }

    #[test]
    fn what_nobody_else_touched_goes_both_ways() {
        let (other, own) = two("pw\n", "pw\n", "pw\n");
        insert(&own, "b", "new");
        let done = synced(&own);
        assert!(matches!(done.outcome, Outcome::Done), "{done:?}");
        insert(&other, "c", "new");
        let done = synced(&other);
        assert!(matches!(done.outcome, Outcome::Done) && done.pulled > 0 && done.pushed > 0, "{done:?}");
        assert_eq!(shown(&other, "b"), "new");
        assert!(synced(&own).pulled > 0);
        assert_eq!(shown(&own, "c"), "new");
        let again = synced(&own);
        assert_eq!((again.pulled, again.pushed), (0, 0));
    }

    #[test]
    fn changes_of_different_lines_merge_and_the_merge_is_committed() {
        let (other, own) = two("pw\nuser: x\n", "new\nuser: x\n", "pw\nuser: y\n");
        let Outcome::Conflicts(conflicts) = synced(&own).outcome else { panic!("no conflict") };
        assert_eq!((conflicts.entries, conflicts.operation), (vec![path("a")], Some(Operation::Merge)));
        let Outcome::Conflicts(again) = synced(&own).outcome else { panic!("forgotten") };
        assert_eq!(again.entries, [path("a")]);
        let sides = sides(&own.system, &path("a"), Asking::Never).expect("sides");
        assert!(matches!(sides.merged, Some(Merged::Clean(_))) && sides.ours.is_some() && sides.theirs.is_some());
        let resolved = resolve(&own.system, &path("a"), Choice::Merged).expect("resolved");
        assert!(resolved.left.is_empty() && resolved.warnings.is_empty());
        assert_eq!(resolved.concluded, Some(Concluded::Done));
        assert_eq!(shown(&own, "a"), "new\nuser: y\n");
        assert!(own.git(&["log", "-1", "--format=%s"]).starts_with("Merge remote-tracking branch"), "git's own words");
        assert!(matches!(synced(&own).outcome, Outcome::Done));
        synced(&other);
        assert_eq!(shown(&other, "a"), "new\nuser: y\n");
    }

    #[test]
    fn a_side_is_taken_or_a_text_and_never_the_wrong_one() {
        for (rebase, choice, expected) in [
            (false, Choice::Ours, "ours\n"),
            (false, Choice::Theirs, "theirs\n"),
            (false, Choice::Base, "base\n"),
            (false, Choice::Text(secret("typed\n")), "typed\n"),
            (true, Choice::Ours, "ours\n"),
            (true, Choice::Theirs, "theirs\n"),
        ] {
            let (_other, own) = two("base\n", "theirs\n", "ours\n");
            own.git(&["config", "pull.rebase", if rebase { "true" } else { "false" }]);
            assert!(matches!(synced(&own).outcome, Outcome::Conflicts(_)));
            let refused = resolve(&own.system, &path("a"), Choice::Merged).expect_err("the same line");
            assert!(refused.message.starts_with("both sides changed the same lines"), "{refused:?}");
            let resolved = resolve(&own.system, &path("a"), choice).expect("resolved");
            assert_eq!((resolved.concluded, resolved.warnings.len()), (Some(Concluded::Done), 0));
            assert_eq!(shown(&own, "a"), expected);
            assert_eq!(own.git(&["status", "--porcelain"]), "");
            assert!(matches!(synced(&own).outcome, Outcome::Done));
        }
    }

    #[test]
    fn a_text_with_marks_settles_nothing() {
        let (_other, own) = two("base\n", "theirs\n", "ours\n");
        assert!(matches!(synced(&own).outcome, Outcome::Conflicts(_)));
        let draft = draft(&own.system, &path("a"), Asking::Never).expect("a draft");
        assert!(draft.expose().starts_with(b"<<<<<<< ours\nours\n"));
        let problem = resolve(&own.system, &path("a"), Choice::Text(draft)).expect_err("marks");
        assert_eq!(problem.kind, ProblemKind::Usage);
        assert_eq!(list(&own.system).expect("a list").entries, [path("a")]);
    }

    #[test]
    fn what_is_chosen_is_for_today_s_readers() {
        let (other, own) = two("base\n", "theirs\n", "ours\n");
        other.put(".gpg-id", "alice\nbob\n");
        other.git(&["commit", "-qam", "bob too"]);
        synced(&other);
        assert!(matches!(synced(&own).outcome, Outcome::Conflicts(_)));
        resolve(&own.system, &path("a"), Choice::Ours).expect("resolved");
        assert_eq!(std::fs::read(own.root().join("a.gpg")).expect("read"), b"for alice bob\nours\n");
    }

    #[test]
    fn a_removal_can_win_and_can_lose() {
        for (choice, there) in [(Choice::Ours, true), (Choice::Theirs, false)] {
            let (other, own) = two("base\n", "base2\n", "base\n");
            synced(&own);
            entries::remove(&other.system, &path("a"), false).expect("removed");
            synced(&other);
            insert(&own, "a", "ours\n");
            assert!(matches!(synced(&own).outcome, Outcome::Conflicts(_)));
            let sides = sides(&own.system, &path("a"), Asking::Never).expect("sides");
            assert!(sides.theirs.is_none() && sides.merged.is_none());
            assert!(resolve(&own.system, &path("a"), Choice::Merged).is_err());
            resolve(&own.system, &path("a"), choice).expect("resolved");
            assert_eq!(own.root().join("a.gpg").exists(), there);
            assert!(matches!(synced(&own).outcome, Outcome::Done));
        }
    }

    #[test]
    fn who_may_read_is_settled_by_name_and_first() {
        let (other, own) = two("x\n", "x\n", "x\n");
        other.put(".gpg-id", "alice\nbob\n");
        other.git(&["commit", "-qam", "bob"]);
        synced(&other);
        own.put(".gpg-id", "alice\ncarol\n");
        own.git(&["commit", "-qam", "carol"]);
        let Outcome::Conflicts(conflicts) = synced(&own).outcome else { panic!("no conflict") };
        assert_eq!((conflicts.others, conflicts.entries.len()), (vec![path(".gpg-id")], 0));
        resolve(&own.system, &path(".gpg-id"), Choice::Theirs).expect("resolved");
        assert_eq!(std::fs::read_to_string(own.root().join(".gpg-id")).expect("read"), "alice\nbob\n");
        assert!(matches!(synced(&own).outcome, Outcome::Done));
    }

    #[test]
    fn what_has_no_conflict_is_told() {
        let (_other, own) = two("x\n", "x\n", "x\n");
        let problem = resolve(&own.system, &path("a"), Choice::Ours).expect_err("no conflict");
        assert_eq!(problem.kind, ProblemKind::NotFound);
        assert!(list(&own.system).expect("a list").is_empty());
        let done = conclude(&own.system).expect("nothing to end");
        assert_eq!(done.concluded, None);
    }

    #[test]
    fn a_failed_end_is_told_and_made_up_for() {
        let (_other, own) = two("base\n", "theirs\n", "ours\n");
        assert!(matches!(synced(&own).outcome, Outcome::Conflicts(_)));
        let hook = own.put(".git/hooks/commit-msg", "#!/bin/sh\nexit 1\n");
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
        let resolved = resolve(&own.system, &path("a"), Choice::Ours).expect("settled");
        assert_eq!((resolved.concluded, resolved.warnings.len()), (None, 1));
        let Outcome::Failed(problem) = synced(&own).outcome else { panic!("hidden") };
        assert!(problem.causes[0].starts_with("a merge is not finished"), "{problem:?}");
        std::fs::remove_file(hook).expect("removed");
        assert_eq!(conclude(&own.system).expect("ended").concluded, Some(Concluded::Done));
        assert!(matches!(synced(&own).outcome, Outcome::Done));
    }
}
