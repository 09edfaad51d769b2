//! Entries and folders moved and copied, inside a store and across stores. Everything is read, and encrypted anew where
//! other people read the target, before anything is written; sources go last. Killed at any moment, nothing is lost, and
//! the same command goes on where it stopped.

mod plan;

use std::path::PathBuf;

use plan::{Item, Planner, Step, content_entry, is_as_planned};

use super::change::{Change, Written};
use super::entries;
use crate::model::{EntryPath, Problem, text};
use crate::system::System;
use crate::system::git;
use crate::system::store::{Content, ContentKind, Standing, Store, StoreError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Move,
    Copy,
}

/// A name as it was typed: with a `/` at its end it means the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: EntryPath,
    pub as_folder: bool,
}

/// What was done.
#[derive(Debug)]
pub struct Transferred {
    /// Under which name it is there now: another than was asked for when that is a folder to put it into.
    pub to: EntryPath,
    pub entries: usize,
    /// How many of them were encrypted anew for other readers.
    pub reencrypted: usize,
    pub written: Written,
}

/// What goes where. Names are those inside the stores.
struct Route<'a> {
    kind: Kind,
    from_store: &'a Store,
    to_store: &'a Store,
    /// Whole file names: of the entry's file, the link, or the folder.
    from: EntryPath,
    to: EntryPath,
    is_folder: bool,
    /// The same store under one name or two.
    same_store: bool,
}

/// Moves or copies an entry or a folder. A target that is a folder, or was typed as one, takes it in under its own name.
/// What is there already is replaced only with `force`, links and recipients files never.
pub fn run(system: &System, kind: Kind, from: &Place, to: &Place, force: bool) -> Result<Transferred, Problem> {
    let (route, named) = route(system, kind, from, to)?;
    // Without the locks: reading may ask a person for a passphrase, and nobody else shall wait for that.
    let mut planner = Planner::new(system, &route, force);
    let (items, warnings) = planner.plan()?;
    let stores = [route.from_store, route.to_store];
    // Always in the same order, so that two of us never wait for each other.
    let first = usize::from(stores[1].root() < stores[0].root());
    let (target, source) = if route.same_store {
        (Change::begin(system, route.to_store)?, None)
    } else {
        let early = Change::begin(system, stores[first])?;
        let late = Change::begin(system, stores[1 - first])?;
        if first == 1 { (early, Some(late)) } else { (late, Some(early)) }
    };
    if !is_as_planned(&route, &items)? || !planner.has_the_same_readers(&items)? {
        let name = text::quoted(from.path.as_bytes());
        return Err(Problem::failed(format!("{name} or its target was changed by somebody else meanwhile"))
            .hint("nothing was done; try again"));
    }
    let entries = items.iter().filter(|item| item.content.entry().is_some()).count();
    let reencrypted = items.iter().filter(|item| matches!(item.step, Step::Encrypted(_))).count();
    // Both stores' changes are taken back together.
    let _underway = system.action.begin();
    let mut written = carry_out(&route, items, target, source, (from, to))?;
    written.warnings.extend(warnings);
    Ok(Transferred { to: named, entries, reencrypted, written })
}

/// What goes where, and under which name a person knows the target; everything that makes no sense is refused.
fn route<'a>(system: &'a System, kind: Kind, from: &Place, to: &Place) -> Result<(Route<'a>, EntryPath), Problem> {
    let stores = system.stores()?;
    let name = text::quoted(from.path.as_bytes());
    let (from_store, from_inner) = stores.locate(&from.path);
    if from_inner.is_root() || stores.all().iter().any(|store| is_mounted_within(store, &from.path)) {
        return Err(Problem::usage(format!("{name} is, or holds, a whole store, which is not moved or copied")));
    }
    from_store.check_unreserved(&from_inner)?;
    let file = file_of(&from_inner)?;
    let is_entry = !matches!(from_store.standing(&file)?, Standing::Nothing | Standing::Folder);
    let is_folder = from_store.has_folder(&from_inner) && (from.as_folder || !is_entry);
    if !is_entry && !is_folder {
        return Err(match unfinished(system, from, to) {
            Some(problem) => problem,
            None => entries::missing(system, &from.path),
        });
    }
    let (to_store, to_inner) = stores.locate(&to.path);
    let into = to.as_folder || to_inner.is_root() || to_store.has_folder(&to_inner);
    // As it was typed: what goes into a folder keeps its own name.
    to_store.check_new_name(&to_inner, into || is_folder)?;
    let named = if into { to.path.join(from.path.name()).map_err(StoreError::from)? } else { to.path.clone() };
    let (to_store, to_inner) = stores.locate(&named);
    let target = text::quoted(named.as_bytes());
    if to_inner.is_root() || (is_folder && stores.all().iter().any(|store| is_mounted_within(store, &named))) {
        return Err(Problem::usage(format!("{target} is, or would hold, a mounted store")));
    }
    to_store.check_unreserved(&to_inner)?;
    let real = |store: &Store| std::fs::canonicalize(store.root()).ok();
    let route = Route {
        kind,
        from_store,
        to_store,
        from: if is_folder { from_inner } else { file },
        to: if is_folder { to_inner } else { file_of(&to_inner)? },
        is_folder,
        same_store: real(from_store).is_some_and(|root| real(to_store) == Some(root)),
    };
    let (source, goal) = (route.source(), git::real_path(&route.to.folder(route.to_store.root())));
    if source == goal {
        return Err(Problem::usage(format!("{name} and {target} are the same")));
    }
    if is_folder && goal.starts_with(&source) {
        return Err(Problem::usage(format!("{name} cannot be put into itself")));
    }
    Ok((route, named))
}

/// The source is gone from the store but not from git, and the target is there: this move was ended before its commit.
fn unfinished(system: &System, from: &Place, to: &Place) -> Option<Problem> {
    let stores = system.stores().ok()?;
    let (store, inner) = stores.locate(&from.path);
    let paths =
        |inner: &EntryPath| [inner.file(store.root()), inner.folder(store.root())].map(|path| git::real_path(&path));
    let gone = paths(&inner).into_iter().find(|path| {
        let left = git::uncommitted_removals(&system.env, store.root(), path);
        left.is_ok_and(|left| !left.is_empty())
    })?;
    let inside = to.path.join(from.path.name()).ok();
    let names = inside.into_iter().chain([to.path.clone()]).filter(|name| !name.is_root());
    let there = |name: EntryPath| {
        let (holder, inner) = stores.locate(&name);
        let found = (holder.root() == store.root()).then(|| paths(&inner).into_iter().find(|path| path.exists()));
        Some((name, found.flatten()?))
    };
    let (name, path) = names.filter_map(there).next()?;
    let (old, new) = (text::quoted(from.path.as_bytes()), text::quoted(name.as_bytes()));
    let [root, gone, path] = [store.root(), &gone, &path].map(text::shell_word);
    let subject = format!("Rename {} to {}.", typed(from), typed(to));
    let subject = text::shell_word(subject.as_ref());
    Some(
        Problem::not_found(format!("{old} is not there any more, and {new} is"))
            .because("a move was ended before git was told")
            .hint(format!("if that is it, tell git: git -C {root} add --all -- {gone} {path} && git -C {root} commit -m {subject} -- {gone} {path}")),
    )
}

fn is_mounted_within(store: &Store, path: &EntryPath) -> bool {
    !store.mount.is_root() && store.mount.is_within(path)
}

/// An entry's file name below the root.
fn file_of(entry: &EntryPath) -> Result<EntryPath, StoreError> {
    let mut name = entry.name().to_owned();
    name.push(".gpg");
    Ok(entry.parent().join(name)?)
}

impl Route<'_> {
    /// Where the source really is.
    fn source(&self) -> PathBuf {
        git::real_path(&self.from.folder(self.from_store.root()))
    }

    /// Everything that goes along: first what says who reads it, so that no entry is there before; links last.
    fn contents(&self) -> Result<Vec<Content>, StoreError> {
        let alone = |kind| vec![Content { path: self.from.clone(), kind }];
        let mut contents = match self.from_store.standing(&self.from)? {
            Standing::Link => alone(ContentKind::Link),
            Standing::Folder => self.from_store.contents(&self.from)?,
            _ => alone(ContentKind::Entry),
        };
        contents.sort_by_key(|content| (rank(content), content.path.clone()));
        Ok(contents)
    }

    fn target_of(&self, content: &EntryPath) -> Result<EntryPath, StoreError> {
        match content.below(&self.from) {
            Some(rest) if !rest.is_root() => Ok(self.to.join(rest.as_os_str())?),
            _ => Ok(self.to.clone()),
        }
    }
}

fn rank(content: &Content) -> u8 {
    match content.kind {
        ContentKind::File if content.path.name() == ".gpg-id" => 0,
        ContentKind::File => 1,
        ContentKind::Entry => 2,
        ContentKind::Link => 3,
    }
}

/// Whether the source is still what went to the target: pass and gopass take no lock of ours.
fn is_as_carried(route: &Route<'_>, items: &[Item]) -> Result<bool, StoreError> {
    if !route.contents()?.iter().eq(items.iter().map(|item| &item.content)) {
        return Ok(false);
    }
    for item in items.iter().filter(|item| item.content.kind != ContentKind::Link) {
        let now = route.from_store.read_file(&item.content.path)?;
        let went = match &item.seen[0] {
            Some(seen) => *seen == now,
            None => route.to_store.read_file(&item.to)? == now,
        };
        if !went {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes all targets, then removes the sources, with one commit in each store.
fn carry_out(
    route: &Route<'_>,
    items: Vec<Item>,
    mut target: Change<'_>,
    source: Option<Change<'_>>,
    (from, to): (&Place, &Place),
) -> Result<Written, Problem> {
    let is_new = route.is_folder && !route.to_store.has_folder(&route.to);
    let as_it_is = |item: &Item| matches!(item.step, Step::AsItIs);
    let whole = is_new && route.same_store && route.kind == Kind::Move && items.iter().all(as_it_is);
    let renamed = whole && !items.is_empty() && target.rename_folder(&route.from, &route.to)?;
    if !renamed {
        write_all(route, &items, &mut target)?;
        if is_new {
            target.touched_as_whole(&route.to);
        }
    }
    let verb = if route.kind == Kind::Move { "Rename" } else { "Copy" };
    let subject = format!("{verb} {} to {}.", typed(from), typed(to));
    if route.kind == Kind::Copy || renamed {
        return Ok(target.finish(&subject));
    }
    match source {
        None if !is_as_carried(route, &items)? => {
            target.finish(&format!("Copy {} to {}.", typed(from), typed(to)));
            Err(stays(from, to))
        }
        None => {
            remove_source(route, &mut target)?;
            Ok(target.finish(&subject))
        }
        Some(mut source) => {
            let mut written = target.finish(&subject);
            if !is_as_carried(route, &items)? {
                return Err(stays(from, to));
            }
            remove_source(route, &mut source)?;
            written.warnings.extend(source.finish(&format!("Remove {}.", typed(from))).warnings);
            Ok(written)
        }
    }
}

fn stays(from: &Place, to: &Place) -> Problem {
    let (name, copy) = (text::quoted(from.path.as_bytes()), text::quoted(to.path.as_bytes()));
    Problem::failed(format!("{name} was changed by somebody else while it was moved, so it stays"))
        .because(format!("{copy} has what it was before that"))
        .hint("look at both; to have the copy gone: regpass undo")
}

fn write_all(route: &Route<'_>, items: &[Item], target: &mut Change<'_>) -> Result<(), StoreError> {
    let moved = (route.is_folder).then(|| route.from.folder(route.from_store.root()));
    for item in items {
        let from = item.content.path.folder(route.from_store.root());
        match &item.step {
            Step::Done => target.mend_commit(&content_entry(&item.to)),
            Step::AsItIs => target.carry(&from, &item.to)?,
            Step::Encrypted(message) => target.write(&content_entry(&item.to), message)?,
            Step::Link => target.carry_link(&from, &item.to, moved.as_deref())?,
        }
    }
    Ok(())
}

fn remove_source(route: &Route<'_>, change: &mut Change<'_>) -> Result<(), StoreError> {
    if route.is_folder {
        change.remove_folder(&route.from, true)?;
    } else {
        change.remove(&content_entry(&route.from))?;
    }
    Ok(())
}

/// As pass's commits have it: the name as it was typed.
fn typed(place: &Place) -> String {
    let slash = if place.as_folder { "/" } else { "" };
    format!("{}{slash}", place.path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path};
    use std::os::unix::fs::symlink;

    fn place(name: &str) -> Place {
        match name.trim_end_matches('/') {
            "" => Place { path: EntryPath::root(), as_folder: true },
            trimmed => Place { path: path(trimmed), as_folder: trimmed != name },
        }
    }

    fn go(bench: &Bench, kind: Kind, from: &str, to: &str, force: bool) -> Result<Transferred, Problem> {
        run(&bench.system, kind, &place(from), &place(to), force)
    }

    fn read(bench: &Bench, name: &str) -> String {
        std::fs::read_to_string(bench.root().join(name)).unwrap_or_else(|error| format!("{name}: {error}"))
    }

    #[test]
    fn nothing_goes_where_git_is() {
        let bench = Bench::new();
        bench.put("a.gpg", "for alice\nx");
        for to in [".git", "b/.git", ".git/x"] {
            let refused = go(&bench, Kind::Copy, "a", to, false).expect_err(to);
            assert_eq!(refused.kind, ProblemKind::Usage, "{refused}");
        }
        assert_eq!(bench.tree(), [".gpg-id", "a.gpg"]);
    }

    #[test]
    fn nothing_goes_out_of_sight() {
        let bench = Bench::new();
        bench.put("a.gpg", "for alice\nx");
        bench.put("odd /b .gpg", "for alice\nx");
        let before = bench.tree();
        for to in [".hid/", ".hid/x", "b ", " d/x"] {
            let refused = go(&bench, Kind::Copy, "a", to, false).expect_err(to);
            assert_eq!(refused.kind, ProblemKind::Usage, "{refused}");
        }
        assert_eq!(bench.tree(), before);
        go(&bench, Kind::Copy, "a", "odd ", false).expect("it was there");
        go(&bench, Kind::Move, "odd /b ", "d/", false).expect("it keeps its name");
        assert!(bench.root().join("d/b .gpg").exists());
    }

    #[test]
    fn a_move_that_was_killed_before_its_commit_says_what_is_left_to_do() {
        for (from, to, old, new) in [
            ("n", "m", "n", "m"),
            ("n/1", "k", "n/1.gpg", "k.gpg"),
            ("n", "d", "n", "d/n"),
            ("n/1", "d/", "n/1.gpg", "d/1.gpg"),
        ] {
            let bench = Bench::with_git();
            for name in ["n/1", "n/2", "d/x"] {
                bench.put(&format!("{name}.gpg"), "for alice\nx");
            }
            bench.git(&["add", "-A"]);
            bench.git(&["commit", "-q", "-m", "entries"]);
            let never = go(&bench, Kind::Move, "never", to, false).expect_err("not there");
            assert!(!never.message.contains("any more"), "{never}");
            std::fs::rename(bench.root().join(old), bench.root().join(new)).expect("moved");
            let told = go(&bench, Kind::Move, from, to, false).expect_err("not there");
            assert_eq!(told.kind, ProblemKind::NotFound);
            assert!(told.message.contains("any more"), "{told}");
            let command = told.hints[0].split_once("git: ").expect("a command").1;
            let mut shell = std::process::Command::new("sh");
            assert!(shell.args(["-c", command]).output().expect("sh").status.success(), "{command}");
            assert_eq!(bench.git(&["status", "--porcelain"]), "");
            assert_eq!(bench.git(&["log", "-1", "--format=%s"]), format!("Rename {from} to {to}.\n"));
        }
    }

    #[test]
    fn names_mean_what_they_mean_to_pass() {
        for (from, to, expected) in [
            ("a", "n", "n.gpg"),
            ("a", "n/m", "n/m.gpg"),
            ("a", "d", "d/a.gpg"),
            ("a", "n/", "n/a.gpg"),
            ("d/x", "/", "x.gpg"),
            ("both", "n", "n.gpg"),
            ("both/", "n", "n/in.gpg"),
            ("d", "n", "n/x.gpg"),
            ("d", "both", "both/d/x.gpg"),
            ("d", "n/", "n/d/x.gpg"),
        ] {
            for kind in [Kind::Move, Kind::Copy] {
                let bench = Bench::new();
                for name in ["a", "d/x", "both", "both/in"] {
                    bench.put(&format!("{name}.gpg"), &format!("for alice\n{name}"));
                }
                let before = bench.tree().len();
                let done = go(&bench, kind, from, to, false).expect("done");
                assert_eq!((done.entries, done.reencrypted, done.written.changed), (1, 0, true), "{from} {to}");
                assert!(read(&bench, expected).starts_with("for alice"), "{from} {to}: {:?}", bench.tree());
                let source = [format!("{}.gpg", from.trim_end_matches('/')), from.to_owned()];
                let gone = source.iter().filter(|name| !bench.root().join(name).exists()).count();
                assert!(kind == Kind::Copy || gone > 0, "{from} {to}");
                assert!(kind == Kind::Move || bench.tree().len() > before, "{from} {to}");
            }
        }
    }

    #[test]
    fn nothing_is_overwritten_without_force() {
        for kind in [Kind::Move, Kind::Copy] {
            let bench = Bench::new();
            for name in ["a", "b", "d/x", "d/y", "e/d/y"] {
                bench.put(&format!("{name}.gpg"), &format!("for alice\n{name}"));
            }
            let before = bench.tree();
            for (from, to) in [("a", "b"), ("d", "e")] {
                let problem = go(&bench, kind, from, to, false).expect_err("refused");
                assert!(problem.message.contains("is there already"), "{problem}");
                assert_eq!(bench.tree(), before);
            }
            go(&bench, kind, "a", "b", true).expect("forced");
            go(&bench, kind, "d", "e", true).expect("forced");
            assert_eq!(read(&bench, "b.gpg"), "for alice\na");
            assert_eq!(read(&bench, "e/d/y.gpg"), "for alice\nd/y");
            assert_eq!(read(&bench, "e/d/x.gpg"), "for alice\nd/x");
            assert_eq!(bench.root().join("d").exists(), kind == Kind::Copy);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let bench = Bench::with_gopass_config("[mounts \"d/work\"]\npath = ~/work\n");
        bench.put("a.gpg", "for alice\nx");
        bench.put("c/x.gpg", "for alice\nx");
        bench.put("d/x.gpg", "for alice\nx");
        bench.put(".git/x.gpg", "for alice\nx");
        symlink("c", bench.root().join("l")).expect("a link");
        let before = bench.tree();
        for (from, to, kind) in [
            ("a", "a", ProblemKind::Usage),
            ("c", "c/in", ProblemKind::Usage),
            ("c", "c", ProblemKind::Usage),
            ("c", "l", ProblemKind::Usage),
            ("d", "z", ProblemKind::Usage),
            ("d/work", "z", ProblemKind::Usage),
            ("c", "d/work/", ProblemKind::Failed),
            ("none", "z", ProblemKind::NotFound),
            (".git/x", "z", ProblemKind::Usage),
            ("a", ".git/y", ProblemKind::Usage),
        ] {
            for how in [Kind::Move, Kind::Copy] {
                let problem = go(&bench, how, from, to, true).expect_err(from);
                assert_eq!(problem.kind, kind, "{from} {to}: {problem}");
                assert_eq!(bench.tree(), before);
            }
        }
    }

    #[test]
    fn other_readers_get_their_own_message() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        let work = bench.home().join("work");
        std::fs::create_dir(&work).expect("a folder");
        std::fs::write(work.join(".gpg-id"), "bob\n").expect("recipients");
        bench.put("a.gpg", "for alice\npw\n");
        bench.put("team/.gpg-id", "alice\nbob\n");
        bench.put("d/own/.gpg-id", "carol\n");
        bench.put("d/own/x.gpg", "for carol\nx");
        bench.put("d/y.gpg", "for alice\ny");
        let done = go(&bench, Kind::Copy, "a", "team/a", false).expect("copied");
        assert_eq!((done.reencrypted, read(&bench, "team/a.gpg").as_str()), (1, "for alice bob\npw\n"));
        let done = go(&bench, Kind::Move, "d", "team", false).expect("moved");
        assert_eq!((done.to, done.entries, done.reencrypted), (path("team/d"), 2, 1));
        assert_eq!(read(&bench, "team/d/own/x.gpg"), "for carol\nx");
        assert_eq!(read(&bench, "team/d/y.gpg"), "for alice bob\ny");
        go(&bench, Kind::Move, "team/d", "work/d", false).expect("moved to another store");
        assert_eq!(std::fs::read(work.join("d/y.gpg")).expect("there"), b"for bob\ny");
        assert_eq!(std::fs::read(work.join("d/own/x.gpg")).expect("there"), b"for carol\nx");
        assert!(!bench.root().join("team/d").exists());
    }

    #[test]
    fn a_nearer_recipients_file_at_the_target_counts() {
        for kind in [Kind::Move, Kind::Copy] {
            let bench = Bench::new();
            for (file, text) in [
                ("d/.gpg-id", "alice\n"),
                ("d/x.gpg", "for alice\nx"),
                ("d/sub/x.gpg", "for alice\nsub"),
                ("d/own/.gpg-id", "carol\n"),
                ("d/own/x.gpg", "for carol\nown"),
                ("e/d/.gpg-id", "alice\n"),
                ("e/d/sub/.gpg-id", "bob\n"),
            ] {
                bench.put(file, text);
            }
            go(&bench, kind, "d", "e", false).expect("done");
            assert_eq!(read(&bench, "e/d/x.gpg"), "for alice\nx");
            assert_eq!(read(&bench, "e/d/sub/x.gpg"), "for bob\nsub");
            assert_eq!(read(&bench, "e/d/own/x.gpg"), "for carol\nown");
        }
    }

    #[test]
    fn a_target_that_cannot_be_written_leaves_everything() {
        let bench = Bench::new();
        bench.put("d/x.gpg", "for alice\nx");
        bench.put("d/y.gpg", "not a message");
        bench.put("team/.gpg-id", "bob\n");
        bench.put("nobody/.gpg-id", "missing\n");
        let before = bench.tree();
        for target in ["team", "nobody"] {
            go(&bench, Kind::Move, "d", target, false).expect_err("cannot be encrypted");
            assert_eq!(bench.tree(), before);
        }
    }

    #[test]
    fn a_killed_move_is_finished_by_the_next() {
        let bench = Bench::new();
        for name in ["d/x", "d/y"] {
            bench.put(&format!("{name}.gpg"), &format!("for alice\n{name}"));
        }
        bench.put("team/.gpg-id", "bob\n");
        // As a process leaves it that was killed after its first target.
        bench.put("team/d/x.gpg", "for bob\nd/x");
        go(&bench, Kind::Move, "d", "team", false).expect("finished");
        assert_eq!(read(&bench, "team/d/y.gpg"), "for bob\nd/y");
        assert!(!bench.root().join("d").exists());
    }

    #[test]
    fn what_changes_before_the_lock_is_seen() {
        let bench = Bench::new();
        bench.put("d/x.gpg", "for alice\nx");
        bench.put("team/.gpg-id", "bob\n");
        let (route, _) = route(&bench.system, Kind::Move, &place("d"), &place("team")).expect("a way");
        let plan = || Planner::new(&bench.system, &route, false).plan().expect("a plan").0;
        let holds = |items: &[Item]| is_as_planned(&route, items).expect("looked at");
        let items = plan();
        assert!(holds(&items));
        bench.put("d/x.gpg", "for alice\nnew");
        assert!(!holds(&items), "another text");
        let items = plan();
        bench.put("d/late.gpg", "for alice\nlate");
        assert!(!holds(&items), "another entry");
        let items = plan();
        bench.put("team/d/x.gpg", "for bob\ntheirs");
        assert!(!holds(&items), "another target");
    }

    #[test]
    fn other_readers_before_the_lock_are_seen() {
        let bench = Bench::new();
        bench.put("x.gpg", "for alice\nx");
        bench.put("team/.gpg-id", "alice\nbob\n");
        let (route, _) = route(&bench.system, Kind::Move, &place("x"), &place("team")).expect("a way");
        let mut planner = Planner::new(&bench.system, &route, false);
        let (items, _) = planner.plan().expect("a plan");
        assert!(planner.has_the_same_readers(&items).expect("looked at"));
        bench.put("team/.gpg-id", "alice\n");
        assert!(!planner.has_the_same_readers(&items).expect("looked at"));
    }

    #[test]
    fn what_changes_while_it_is_moved_stays() {
        for (change, by) in [("d/x.gpg", "for alice\nnew"), ("d/y.gpg", "for alice\nnew"), ("d/late.gpg", "late")] {
            let bench = Bench::new();
            bench.put("team/.gpg-id", "bob\n");
            bench.put("d/x.gpg", "for alice\nx");
            bench.put("d/y.gpg", "for bob\ny");
            let (from, to) = (place("d"), place("team"));
            let (route, _) = route(&bench.system, Kind::Move, &from, &to).expect("a way");
            let (items, _) = Planner::new(&bench.system, &route, false).plan().expect("a plan");
            let mut target = Change::begin(&bench.system, route.to_store).expect("locked");
            write_all(&route, &items, &mut target).expect("written");
            drop(target);
            assert!(is_as_carried(&route, &items).expect("looked at"));
            bench.put(change, by);
            assert!(!is_as_carried(&route, &items).expect("looked at"), "{change}");
        }
    }

    #[test]
    fn recipients_files_never_come_between() {
        let bench = Bench::new();
        bench.put("d/.gpg-id", "bob\n");
        bench.put("d/x.gpg", "for bob\nx");
        bench.put("e/d/y.gpg", "for alice\ny");
        let before = bench.tree();
        for force in [false, true] {
            let problem = go(&bench, Kind::Move, "d", "e", force).expect_err("refused");
            assert!(problem.message.contains("who reads"), "{problem}");
            assert_eq!(bench.tree(), before);
        }
    }

    #[test]
    fn links_go_as_links() {
        let bench = Bench::new();
        bench.put("d/x.gpg", "for alice\nx");
        symlink("x.gpg", bench.root().join("d/l.gpg")).expect("a link");
        symlink("../a.gpg", bench.root().join("d/out.gpg")).expect("a link");
        bench.put("a.gpg", "for alice\na");
        go(&bench, Kind::Move, "d", "n/m", false).expect("moved");
        assert_eq!(read(&bench, "n/m/l.gpg"), "for alice\nx");
        assert_eq!(read(&bench, "n/m/out.gpg"), "for alice\na");
        go(&bench, Kind::Move, "n/m/out", "z", false).expect("moved");
        assert_eq!(std::fs::read_link(bench.root().join("z.gpg")).expect("a link"), PathBuf::from("a.gpg"));
        assert!(std::fs::symlink_metadata(bench.root().join("n/m/out.gpg")).is_err());
        go(&bench, Kind::Copy, "a", "z", true).expect_err("a link is not replaced");
        assert_eq!(read(&bench, "a.gpg"), "for alice\na");
    }
}
