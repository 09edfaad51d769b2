//! Entries encrypted anew to those whom `.gpg-id` names now: only the ones that are encrypted to others, or all. Every
//! entry is the old one or the new one at any moment, so that a run that was ended goes on when it is started again.
//! Plaintext stays in memory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::change::{self, Change};
use super::footprint::Footprint;
use super::opening::{self, Failed, Waiting, Work};
use super::progress::{Cancel, Progress};
use crate::model::{EntryPath, Problem, Recipient, Secret, text};
use crate::system::System;
use crate::system::cipher::{Audience, Cipher};
use crate::system::git;
use crate::system::store::{Store, StoreError, Unreadable, not_in_store};

/// The most that is written together, in entries and in bytes.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 8 << 20;

/// Which entries are encrypted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Those that others than the wanted recipients can read, or not all of them can.
    Differing,
    All,
}

/// What is to be done, found out without decrypting or changing anything.
#[derive(Debug, Default)]
pub struct Plan {
    pub due: Vec<Due>,
    /// Entries that are encrypted as they should be.
    pub up_to_date: usize,
    /// Entries whose recipients or files cannot be used.
    pub failed: Vec<Failed>,
    /// Folders that could not be looked into, and links that were not followed.
    pub unreadable: Vec<Unreadable>,
    pub warnings: Vec<Problem>,
    audiences: Vec<Audience>,
    stores: Vec<StorePlan>,
}

/// One entry to be encrypted anew.
#[derive(Debug)]
pub struct Due {
    /// With the mount's name in front.
    pub entry: EntryPath,
    /// Index into `Stores::all()`.
    pub store: usize,
    inner: EntryPath,
    /// Index into `Plan::audiences`.
    audience: usize,
}

/// What is committed together.
#[derive(Debug)]
struct StorePlan {
    store: usize,
    /// The folder asked about, inside the store.
    folder: EntryPath,
    /// Entries that are right already: an earlier run may have ended before its commit.
    in_place: Vec<EntryPath>,
}

/// What was done.
#[derive(Debug, Default)]
pub struct Reencrypted {
    pub done: Vec<EntryPath>,
    /// Those of the plan too.
    pub failed: Vec<Failed>,
    pub warnings: Vec<Problem>,
    /// Why the rest was left: called off, or no key will open any more.
    pub stopped: Option<Problem>,
}

/// Looks at every entry in and below `folder`, mounted stores in it included.
pub fn plan(system: &System, folder: &EntryPath, extent: Extent, cancel: &Cancel) -> Result<Plan, Problem> {
    plan_with(system, folder, extent, None, cancel)
}

/// The same, as if the folder's own recipients file named these already.
pub fn foresee(
    system: &System,
    folder: &EntryPath,
    recipients: &[Recipient],
    cancel: &Cancel,
) -> Result<Plan, Problem> {
    plan_with(system, folder, Extent::Differing, Some(recipients), cancel)
}

fn plan_with(
    system: &System,
    folder: &EntryPath,
    extent: Extent,
    foreseen: Option<&[Recipient]>,
    cancel: &Cancel,
) -> Result<Plan, Problem> {
    let stores = system.stores()?;
    let (holder, inner) = stores.locate(folder);
    if !holder.exists() {
        return Err(StoreError::NoStore { root: holder.root().to_owned() }.into());
    }
    let mut plan = Plan::default();
    let foreseen = foreseen.map(|recipients| Foreseen { folder: inner.folder(holder.root()), recipients });
    let mut wanted = Wanted { system, known: HashMap::new(), foreseen };
    if holder.has_folder(&inner) {
        let holdings = holder.holdings(&inner);
        plan.unreadable.extend(holdings.unreadable);
        let mut entries = holdings.entries;
        // An entry beside the folder has the name too.
        if !inner.is_root() && holder.entry_file(&inner)?.is_some() {
            entries.push(inner.clone());
        }
        plan.look_at(&mut wanted, holder, inner, entries, extent, cancel)?;
    } else if holder.entry_file(&inner)?.is_some() {
        plan.look_at(&mut wanted, holder, inner.parent(), vec![inner], extent, cancel)?;
    } else {
        return Err(not_in_store(folder));
    }
    for store in stores.all().iter().filter(|store| store.root() != holder.root()) {
        if store.mount.is_within(folder) && store.exists() {
            let holdings = store.holdings(&EntryPath::root());
            plan.unreadable.extend(holdings.unreadable);
            plan.look_at(&mut wanted, store, EntryPath::root(), holdings.entries, extent, cancel)?;
        }
    }
    Ok(plan)
}

impl Plan {
    fn look_at(
        &mut self,
        wanted: &mut Wanted<'_>,
        store: &Store,
        folder: EntryPath,
        entries: Vec<EntryPath>,
        extent: Extent,
        cancel: &Cancel,
    ) -> Result<(), Problem> {
        let cipher = wanted.system.cipher()?;
        let mut in_place = Vec::new();
        for inner in entries {
            opening::stop_if_called_off(cancel)?;
            let entry = store.mount.join(inner.as_os_str()).unwrap_or_else(|_| inner.clone());
            let audience = match wanted.audience(self, store, &inner.parent()) {
                Ok(audience) => audience,
                Err(problem) => {
                    self.failed.push(Failed { entry, problem });
                    continue;
                }
            };
            if extent == Extent::Differing {
                match store.read(&inner) {
                    Ok(Some(message)) if cipher.is_for(&message, &self.audiences[audience]) => {
                        self.up_to_date += 1;
                        in_place.push(inner);
                        continue;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        self.failed.push(Failed { entry, problem: error.into() });
                        continue;
                    }
                }
            }
            self.due.push(Due { entry, store: store.index(), inner, audience });
        }
        self.stores.push(StorePlan { store: store.index(), folder, in_place });
        Ok(())
    }
}

/// The audiences of folders, each recipients file looked up once.
struct Wanted<'a> {
    system: &'a System,
    known: HashMap<(PathBuf, Option<PathBuf>), Result<usize, Problem>>,
    foreseen: Option<Foreseen<'a>>,
}

/// A recipients file as it is going to be.
struct Foreseen<'a> {
    /// The folder it will be in.
    folder: PathBuf,
    recipients: &'a [Recipient],
}

impl Foreseen<'_> {
    /// True when no nearer file governs what this one, now or then, governs.
    fn governs(&self, folder: &Path, source: Option<&Path>) -> bool {
        let nearer =
            source.and_then(Path::parent).is_some_and(|own| own.starts_with(&self.folder) && own != self.folder);
        folder.starts_with(&self.folder) && !nearer
    }
}

impl Wanted<'_> {
    fn audience(&mut self, plan: &mut Plan, store: &Store, folder: &EntryPath) -> Result<usize, Problem> {
        let source = match &self.foreseen {
            Some(_) => store.governing_file(folder),
            None => store.recipients_for(folder, &self.system.options)?.source,
        };
        let foreseen = self.foreseen.as_ref();
        let foreseen = foreseen.filter(|then| then.governs(&folder.folder(store.root()), source.as_deref()));
        let source = foreseen.map(|then| then.folder.clone()).or(source);
        let key = (store.root().to_owned(), source);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let recipients = match foreseen {
            Some(then) => Ok((then.recipients.to_vec(), None)),
            None => change::recipients(self.system, store, folder),
        };
        let found = recipients.and_then(|(recipients, warning)| {
            plan.warnings.extend(warning);
            let audience = change::audience(self.system, store, &recipients)?;
            plan.audiences.push(audience);
            Ok(plan.audiences.len() - 1)
        });
        self.known.insert(key, found.clone());
        found
    }
}

/// Does what was planned, as far as it can be done, and commits it: once for each store.
pub fn run(system: &System, plan: Plan, progress: &dyn Progress, cancel: &Cancel) -> Result<Reencrypted, Problem> {
    let (stores, cipher) = (system.stores()?, system.cipher()?);
    for due in &plan.due {
        change::check_writable(system, &stores.all()[due.store])?;
    }
    let Plan { due, failed, warnings, audiences, stores: planned, .. } = plan;
    let mut report = Reencrypted { failed, warnings, ..Reencrypted::default() };
    let work = Sealing { cipher, stores: stores.all(), audiences: &audiences };
    // One action in all stores, and with the change of recipients that it follows from.
    let _underway = system.action.begin();
    let mut batch = Batch {
        system,
        stores: stores.all(),
        waiting: Vec::new(),
        bytes: 0,
        written: HashMap::new(),
        footprints: HashMap::new(),
    };
    let waiting = Waiting { progress, cancel };
    let ended = opening::open_all(cipher, &work, &due, waiting, |due, sealed| match sealed {
        Ok(sealed) => batch.add(due, sealed, &mut report),
        Err(problem) => report.failed.push(Failed { entry: due.entry.clone(), problem }),
    });
    batch.write(&mut report);
    let (mut written, mut footprints) = (batch.written, batch.footprints);
    report.stopped = ended.err();
    for planned in planned {
        let written = (written.remove(&planned.store).unwrap_or_default(), footprints.remove(&planned.store));
        commit(system, &stores.all()[planned.store], planned, written, &mut report.warnings)?;
    }
    Ok(report)
}

/// Encrypts what is opened.
struct Sealing<'a> {
    cipher: &'a dyn Cipher,
    stores: &'a [Store],
    audiences: &'a [Audience],
}

/// An entry before and after.
struct Sealed {
    old: Vec<u8>,
    new: Vec<u8>,
}

impl Work for Sealing<'_> {
    type Item = Due;
    type Done = Sealed;

    fn entry<'i>(&self, due: &'i Due) -> &'i EntryPath {
        &due.entry
    }

    fn read(&self, due: &Due) -> Result<Vec<u8>, Problem> {
        self.stores[due.store].read(&due.inner)?.ok_or_else(|| not_in_store(&due.entry))
    }

    fn opened(&self, due: &Due, old: Vec<u8>, plaintext: Secret) -> Result<Sealed, Problem> {
        let new = self.cipher.encrypt_for(&plaintext, &self.audiences[due.audience])?;
        Ok(Sealed { old, new })
    }
}

/// Entries that are written together, because each wait for the disk costs as much as many entries.
struct Batch<'a> {
    system: &'a System,
    stores: &'a [Store],
    waiting: Vec<(&'a Due, Sealed)>,
    bytes: usize,
    /// By store.
    written: HashMap<usize, Vec<EntryPath>>,
    /// The same: what is needed to take it back.
    footprints: HashMap<usize, Footprint>,
}

impl<'a> Batch<'a> {
    fn add(&mut self, due: &'a Due, sealed: Sealed, report: &mut Reencrypted) {
        self.bytes += sealed.old.len() + sealed.new.len();
        self.waiting.push((due, sealed));
        if self.waiting.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.write(report);
        }
    }

    /// Under the stores' locks for just these entries, so that nobody waits for the whole run.
    fn write(&mut self, report: &mut Reencrypted) {
        self.bytes = 0;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|(due, _)| due.store);
        for batch in waiting.chunk_by(|(a, _), (b, _)| a.store == b.store) {
            let store = &self.stores[batch[0].0.store];
            let footprint = self.footprints.entry(store.index()).or_default();
            for ((due, _), result) in batch.iter().zip(replace(self.system, store, batch, footprint)) {
                match result {
                    Ok(()) => {
                        self.written.entry(due.store).or_default().push(due.inner.clone());
                        report.done.push(due.entry.clone());
                    }
                    Err(problem) => report.failed.push(Failed { entry: due.entry.clone(), problem }),
                }
            }
        }
    }
}

/// What somebody wrote since an entry was read stays.
fn replace(
    system: &System,
    store: &Store,
    batch: &[(&Due, Sealed)],
    footprint: &mut Footprint,
) -> Vec<Result<(), Problem>> {
    let lock = match store.lock() {
        Ok(lock) => lock,
        Err(error) => {
            let problem = Problem::from(error);
            return batch.iter().map(|_| Err(problem.clone())).collect();
        }
    };
    let unchanged = |due: &Due, sealed: &Sealed| match store.read(&due.inner) {
        Ok(now) if now.as_ref() == Some(&sealed.old) => Ok(()),
        Ok(_) => {
            let name = text::quoted(due.entry.as_bytes());
            Err(Problem::failed(format!("{name} was changed by somebody else meanwhile"))
                .hint("look again: regpass reencrypt"))
        }
        Err(error) => Err(error.into()),
    };
    let mut results: Vec<Result<(), Problem>> = batch.iter().map(|(due, sealed)| unchanged(due, sealed)).collect();
    let fit = batch.iter().zip(&results).filter(|(_, result)| result.is_ok());
    let changes: Vec<(&EntryPath, &[u8])> = fit.map(|((due, sealed), _)| (&due.inner, &*sealed.new)).collect();
    changes.iter().for_each(|(entry, _)| footprint.note_entry(store, entry));
    let written = store.replace_all(&lock, &changes, &system.options);
    footprint.settle(store);
    for (result, written) in results.iter_mut().filter(|result| result.is_ok()).zip(written) {
        *result = written.map_err(Problem::from);
    }
    results
}

fn commit(
    system: &System,
    store: &Store,
    planned: StorePlan,
    (written, footprint): (Vec<EntryPath>, Option<Footprint>),
    warnings: &mut Vec<Problem>,
) -> Result<(), Problem> {
    let in_place: Vec<PathBuf> =
        planned.in_place.iter().map(|entry| git::real_path(&entry.file(store.root()))).collect();
    let left = git::uncommitted(&system.env, store.root(), &in_place).unwrap_or_default();
    if written.is_empty() && left.is_empty() {
        return Ok(());
    }
    let mut change = Change::begin_noted(system, store, footprint)?;
    let left: Vec<&EntryPath> = planned
        .in_place
        .iter()
        .zip(&in_place)
        .filter(|(_, path)| left.contains(path))
        .map(|(entry, _)| entry)
        .collect();
    written.iter().chain(left).for_each(|entry| change.mend_commit(entry));
    warnings.extend(change.finish(&subject(system, store, &planned.folder)).warnings);
    Ok(())
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
        let stores = bench.system.stores().expect("stores");
        let sealed = Sealed { old: b"for bob\nzero".to_vec(), new: b"for alice\nzero".to_vec() };
        let mut results = replace(&bench.system, stores.root(), &[(&plan.due[0], sealed)], &mut Footprint::default());
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
