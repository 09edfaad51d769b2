//! Entries encrypted anew to those whom `.gpg-id` names now: only the ones that are encrypted to others, or all. Every
//! entry is the old one or the new one at any moment, so that a run that was ended goes on when it is started again, and
//! what it did by then can be taken back. Plaintext stays in memory.

mod batch;
mod plan;

pub use plan::{Due, Plan, foresee, plan};

use std::collections::HashMap;
use std::path::PathBuf;

use batch::{Batch, Sealing};
use plan::StorePlan;

use super::change::{self, Change, Paused};
use super::footprint::Trail;
use super::opening::{self, Failed, Waiting};
use super::progress::{Cancel, Progress};
use crate::model::{EntryPath, Problem, Recipient};
use crate::system::System;
use crate::system::git;
use crate::system::store::{PUBLIC_KEYS, Store, Unreadable};

/// Which entries are encrypted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that others than the wanted recipients can read, or not all of them can.
    Differing,
    All,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Reencrypted {
    pub done: Vec<EntryPath>,
    /// Entries that were encrypted as they should be.
    pub up_to_date: usize,
    /// How many were to be done and are not, the failed ones among them.
    pub left: usize,
    /// Those of the plan too.
    pub failed: Vec<Failed>,
    /// Those of the plan.
    pub unreadable: Vec<Unreadable>,
    pub warnings: Vec<Problem>,
    /// Why the rest was left: called off, or no key will open any more.
    pub stopped: Option<Problem>,
}

/// A change of a store that is made and not committed: what is encrypted anew because of it is committed, and taken back,
/// together with it.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) store: usize,
    pub(super) change: Paused,
    pub(super) subject: String,
    /// What was done is written down. Without it, what follows must not be taken back alone.
    pub(super) can_be_taken_back: bool,
}

/// Does what was planned, as far as it can be done, and commits it: once for each store.
pub fn run(system: &System, plan: Plan, progress: &dyn Progress, cancel: &Cancel) -> Result<Reencrypted, Problem> {
    let stores = system.stores()?;
    for due in &plan.due {
        change::check_writable(system, &stores.all()[due.store])?;
    }
    go_on(system, None, plan, Waiting { progress, cancel })
}

/// The same, in the commit of what was begun with.
pub(super) fn go_on(
    system: &System,
    mut begun: Option<Begun>,
    plan: Plan,
    waiting: Waiting<'_>,
) -> Result<Reencrypted, Problem> {
    let (stores, cipher) = (system.stores()?, system.cipher()?);
    let Plan { due, up_to_date, failed, unreadable, warnings, audiences, stores: planned } = plan;
    let mut report = Reencrypted { up_to_date, failed, unreadable, warnings, ..Reencrypted::default() };
    let subjects = planned.iter().map(|one| (one.store, subject(system, &stores.all()[one.store], &one.folder)));
    let mut subjects: HashMap<usize, String> = subjects.collect();
    subjects.extend(begun.iter().map(|begun| (begun.store, begun.subject.clone())));
    let work = Sealing { cipher, stores: stores.all(), audiences: &audiences };
    // One action in all stores, and with the change of recipients that it follows from.
    let _underway = system.action.begin();
    let is_kept = begun.as_ref().is_none_or(|begun| begun.can_be_taken_back);
    let mut batch = Batch::new(system, &subjects, if is_kept { Trail::default() } else { Trail::over() });
    let ended = opening::open_all(cipher, &work, &due, waiting, |due, sealed| match sealed {
        Ok(sealed) => batch.add(due, sealed, &mut report),
        Err(problem) => report.failed.push(Failed { entry: due.entry.clone(), problem }),
    });
    let mut written = batch.end(&mut report);
    report.stopped = ended.err();
    report.left = due.len().saturating_sub(report.done.len());
    let mut commit = |store: usize, planned: Option<&StorePlan>, begun: Option<Begun>| {
        let begun = begun.map(|begun| begun.change).unwrap_or_default();
        let written = written.remove(&store).unwrap_or_default();
        let subject = subjects.get(&store).map_or("", String::as_str);
        let warnings = commit(system, &stores.all()[store], planned, (begun, written), subject);
        report.warnings.extend(warnings);
    };
    for planned in &planned {
        commit(planned.store, Some(planned), begun.take_if(|begun| begun.store == planned.store));
    }
    if let Some(begun) = begun {
        commit(begun.store, None, Some(begun));
    }
    Ok(report)
}

/// Commits what was done in one store, and what an earlier run left that was ended before its commit. The warnings.
fn commit(
    system: &System,
    store: &Store,
    planned: Option<&StorePlan>,
    (begun, written): (Paused, Vec<EntryPath>),
    subject: &str,
) -> Vec<Problem> {
    let left = planned.map(|planned| left_uncommitted(system, store, planned)).unwrap_or_default();
    if begun.is_empty() && written.is_empty() && left.is_empty() {
        return Vec::new();
    }
    let mut change = match Change::resume(system, store, begun) {
        Ok(change) => change,
        Err(error) => {
            let mut problem = Problem::from(error);
            problem.causes.insert(0, std::mem::take(&mut problem.message));
            problem.message = "what was done is saved but not committed".to_owned();
            return vec![problem.hint("to have it committed: regpass reencrypt")];
        }
    };
    change.touch(left);
    written.iter().for_each(|entry| change.mend_commit(entry));
    change.finish(subject).warnings
}

fn left_uncommitted(system: &System, store: &Store, planned: &StorePlan) -> Vec<PathBuf> {
    let entries: Vec<PathBuf> =
        planned.in_place.iter().map(|entry| git::real_path(&entry.file(store.root()))).collect();
    let mut left = git::uncommitted(&system.env, store.root(), &entries).unwrap_or_default();
    if !planned.governing.is_empty() {
        let signatures = planned.governing.iter().map(|file| file.with_file_name(".gpg-id.sig"));
        let keys = store.root().join(PUBLIC_KEYS);
        let files = planned.governing.iter().cloned().chain(signatures).chain([keys]);
        let files: Vec<PathBuf> = files.map(|file| git::real_path(&file)).collect();
        left.extend(git::uncommitted_in(&system.env, store.root(), &files).unwrap_or_default());
    }
    left
}

/// pass's own words (pass 1.7.4, line 376).
fn subject(system: &System, store: &Store, folder: &EntryPath) -> String {
    let found = store.recipients_for(folder, &system.options).map(|found| found.recipients).unwrap_or_default();
    let names: Vec<&str> = found.iter().map(Recipient::as_str).collect();
    let using = if names.is_empty() { String::new() } else { format!(" using new GPG id {}", names.join(", ")) };
    let below = if folder.is_root() { String::new() } else { format!(" ({})", folder.display()) };
    format!("Reencrypt password store{using}{below}.")
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::batch::Sealed;
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path};
    use crate::ops::progress::Step;

    fn planned(bench: &Bench, folder: &EntryPath, extent: Extent) -> Plan {
        plan(&bench.system, folder, extent, &Cancel::default()).expect("a plan")
    }

    fn names(paths: &[EntryPath]) -> Vec<String> {
        paths.iter().map(|path| path.display().into_owned()).collect()
    }

    fn due(plan: &Plan) -> Vec<String> {
        plan.due.iter().map(|due| due.entry.display().into_owned()).collect()
    }

    fn content(bench: &Bench, entry: &str) -> String {
        std::fs::read_to_string(bench.root().join(format!("{entry}.gpg"))).expect("an entry")
    }

    #[test]
    fn only_what_differs_is_encrypted_anew_and_nothing_is_lost() {
        let bench = Bench::new();
        bench.put("right.gpg", "for alice\none");
        bench.put("old.gpg", "for alice bob\ntwo");
        bench.put("team/.gpg-id", "bob\n");
        bench.put("team/.hid/x.gpg", "for alice\nthree");
        bench.put("damaged.gpg", "no message");
        let first = planned(&bench, &EntryPath::root(), Extent::Differing);
        assert_eq!((due(&first), first.up_to_date), (["damaged", "old", "team/.hid/x"].map(str::to_owned).to_vec(), 1));
        let report = run(&bench.system, first, &(), &Cancel::default()).expect("done");
        assert_eq!(names(&report.done), ["old", "team/.hid/x"]);
        assert_eq!(report.failed.len(), 1);
        assert_eq!(report.failed[0].problem.message, "cannot read \"damaged\"");
        assert_eq!(
            (content(&bench, "old"), content(&bench, "team/.hid/x")),
            ("for alice\ntwo".into(), "for bob\nthree".into())
        );
        assert_eq!(content(&bench, "damaged"), "no message");
        assert_eq!(due(&planned(&bench, &path("team"), Extent::Differing)), Vec::<String>::new());
        assert_eq!(due(&planned(&bench, &path("team"), Extent::All)), ["team/.hid/x"]);
        assert_eq!(due(&planned(&bench, &path("old"), Extent::All)), ["old"]);
        let missing = plan(&bench.system, &path("none"), Extent::All, &Cancel::default()).expect_err("not there");
        assert_eq!(missing.kind, ProblemKind::NotFound);
    }

    #[test]
    fn a_read_only_store_is_looked_at_and_left() {
        let mut bench = Bench::new();
        bench.put("a.gpg", "for bob\none");
        bench.system.options.read_only = Some("--read-only");
        let first = planned(&bench, &EntryPath::root(), Extent::Differing);
        assert_eq!(due(&first), ["a"]);
        let problem = run(&bench.system, first, &(), &Cancel::default()).expect_err("read only");
        assert!(problem.message.contains("read"), "{problem}");
        assert_eq!(content(&bench, "a"), "for bob\none");
    }

    #[test]
    fn a_recipient_who_cannot_be_written_to_fails_its_folder_only() {
        let bench = Bench::new();
        bench.put("a.gpg", "for bob\none");
        bench.put("b/.gpg-id", "missing\n");
        bench.put("b/x.gpg", "for alice\ntwo");
        let first = planned(&bench, &EntryPath::root(), Extent::Differing);
        let report = run(&bench.system, first, &(), &Cancel::default()).expect("done");
        assert_eq!(names(&report.done), ["a"]);
        assert_eq!(report.failed.iter().map(|failed| failed.entry.display().into_owned()).collect::<Vec<_>>(), ["b/x"]);
        assert_eq!(content(&bench, "b/x"), "for alice\ntwo");
    }

    #[test]
    fn locked_entries_are_asked_for_on_this_thread() {
        let bench = Bench::new();
        for number in 0..40 {
            let key = if number % 3 == 0 { "locked" } else { "bob" };
            bench.put(&format!("e{number}.gpg"), &format!("for {key}\n{number}"));
        }
        let first = planned(&bench, &EntryPath::root(), Extent::Differing);
        let report = run(&bench.system, first, &(), &Cancel::default()).expect("done");
        assert_eq!((report.done.len(), report.failed), (40, Vec::new()));
        assert!((0..40).all(|number| content(&bench, &format!("e{number}")) == format!("for alice\n{number}")));
    }

    /// Notes the steps, and calls the work off after some.
    struct Watcher {
        seen: RefCell<Vec<(usize, usize)>>,
        stop_at: usize,
        cancel: Cancel,
    }

    impl Progress for Watcher {
        fn step(&self, step: Step<'_>) {
            self.seen.borrow_mut().push((step.done, step.total));
            if step.done == self.stop_at {
                self.cancel.call_off();
            }
        }
    }

    #[test]
    fn called_off_it_goes_on_where_it_stopped() {
        let bench = Bench::new();
        for number in 0..200 {
            bench.put(&format!("e{number}.gpg"), &format!("for bob\n{number}"));
        }
        let watcher = Watcher { seen: RefCell::default(), stop_at: 5, cancel: Cancel::default() };
        let first = planned(&bench, &EntryPath::root(), Extent::Differing);
        let report = run(&bench.system, first, &watcher, &watcher.cancel).expect("a report");
        assert_eq!(report.stopped.expect("stopped").kind, ProblemKind::Cancelled);
        let seen = watcher.seen.into_inner();
        assert!(report.done.len() < 200 && seen[..5] == [(1, 200), (2, 200), (3, 200), (4, 200), (5, 200)], "{seen:?}");
        let rest = planned(&bench, &EntryPath::root(), Extent::Differing);
        assert_eq!((rest.due.len(), rest.up_to_date), (200 - report.done.len(), report.done.len()));
        let report = run(&bench.system, rest, &(), &Cancel::default()).expect("done");
        assert!(report.stopped.is_none() && report.failed.is_empty());
        assert_eq!(planned(&bench, &EntryPath::root(), Extent::Differing).up_to_date, 200);
    }

    #[test]
    fn called_off_after_the_last_one_it_is_done() {
        for count in [1, 60] {
            let bench = Bench::new();
            (0..count).for_each(|number| drop(bench.put(&format!("e{number}.gpg"), &format!("for bob\n{number}"))));
            let watcher = Watcher { seen: RefCell::default(), stop_at: count, cancel: Cancel::default() };
            let first = planned(&bench, &EntryPath::root(), Extent::Differing);
            let report = run(&bench.system, first, &watcher, &watcher.cancel).expect("a report");
            assert_eq!((report.done.len(), report.stopped), (count, None));
        }
    }

    #[test]
    fn what_somebody_wrote_meanwhile_stays() {
        let bench = Bench::new();
        bench.put("a.gpg", "for bob\none");
        let plan = planned(&bench, &EntryPath::root(), Extent::Differing);
        let sealed = Sealed { old: b"for bob\nzero".to_vec(), new: b"for alice\nzero".to_vec() };
        let (what, mut report) = (HashMap::new(), Reencrypted::default());
        let mut results =
            Batch::new(&bench.system, &what, Trail::default()).replace(&[(&plan.due[0], sealed)], &mut report);
        let problem = results.remove(0).expect_err("changed");
        assert!(problem.message.contains("meanwhile"), "{problem}");
        assert_eq!(content(&bench, "a"), "for bob\none");
    }

    #[test]
    fn one_commit_with_pass_s_words_holds_what_a_killed_run_left_too() {
        let bench = Bench::with_path();
        let git = |args: &[&str]| {
            let mut command = std::process::Command::new("git");
            command
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap_or_default())
                .env("GIT_CONFIG_NOSYSTEM", "1");
            command.env("HOME", bench.home()).arg("-C").arg(bench.root()).args(args);
            let output = command.output().expect("git");
            assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let long = "n".repeat(100);
        for number in 0..900 {
            bench.put(&format!("team/{long}{number}.gpg"), &format!("for bob\n{number}"));
        }
        git(&["init", "-q", "-b", "main"]);
        git(&["config", "user.name", "T"]);
        git(&["config", "user.email", "t@example.test"]);
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "start"]);
        // As a run that was killed leaves it: written, not committed.
        bench.put(&format!("team/{long}7.gpg"), "for alice\n7");
        bench.put("other.gpg", "for bob\nnobody's business");
        let first = planned(&bench, &path("team"), Extent::Differing);
        assert_eq!(first.due.len(), 899);
        let report = run(&bench.system, first, &(), &Cancel::default()).expect("done");
        assert_eq!((report.done.len(), report.warnings), (899, Vec::new()));
        assert_eq!(
            git(&["log", "--format=%s", "-2"]),
            "Reencrypt password store using new GPG id alice (team).\nstart\n"
        );
        assert_eq!(git(&["status", "--porcelain"]), "?? other.gpg\n");
        assert_eq!(git(&["show", "--stat", "--format="]).lines().count(), 901);
    }
}
