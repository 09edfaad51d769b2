//! Stores and their remotes: where each stands, pull, push, both. Each store is asked by itself, so that one that fails
//! stops no other; what was left half done is said, never hidden.

use std::path::PathBuf;

use super::answering::Roll;
use super::change;
use super::conflict;
use crate::model::{EntryPath, Problem, text};
use crate::system::System;
use crate::system::git::{Access, Commit, GitError, Pulled, Repository, Status, Upstream};
use crate::system::store::Store;

/// How often a push that somebody else overtook is tried again, after taking over what they pushed.
const TRIES: usize = 3;

/// Where a store stands.
#[derive(Debug)]
pub struct StoreStatus {
    pub mount: EntryPath,
    pub root: PathBuf,
    /// None where the store is not in git.
    pub status: Result<Option<Status>, Problem>,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Pull,
    Push,
    Both,
}

/// What was done with one store.
#[derive(Debug)]
pub struct Synced {
    pub mount: EntryPath,
    pub root: PathBuf,
    pub outcome: Outcome,
    /// Commits taken over and sent.
    pub pulled: usize,
    pub pushed: usize,
    /// Changes that are in no commit, and so went nowhere.
    pub uncommitted: usize,
    pub warnings: Vec<Problem>,
}

#[derive(Debug)]
pub enum Outcome {
    Done,
    NoGit,
    /// Nothing to go with: no remote, or several and none chosen.
    NoRemote,
    /// Both sides changed the same things; the merge waits for them to be settled.
    Conflicts(conflict::Conflicts),
    Failed(Problem),
}

/// Where all stores stand, by what was last fetched.
pub fn status(system: &System) -> Result<Vec<StoreStatus>, Problem> {
    let stores = system.stores()?.all().iter();
    let told = stores.map(|store| {
        let repository = Repository::of_store(&system.env, store.root());
        let status = repository.map(|repository| repository.status()).transpose();
        let status = status.map_err(|error| error.during(format!("the state of {} is not known", named(store))));
        StoreStatus { mount: store.mount.clone(), root: store.root().to_owned(), status }
    });
    Ok(told.collect())
}

/// The last commits of the store that holds `folder`.
pub fn log(system: &System, folder: &EntryPath, limit: usize) -> Result<Vec<Commit>, Problem> {
    let (store, _) = system.stores()?.locate(folder);
    let Some(repository) = Repository::of_store(&system.env, store.root()) else {
        return Err(not_in_git(store));
    };
    repository.commits(limit).map_err(|error| error.during(format!("the history of {} cannot be read", named(store))))
}

/// Does the task for every store that has a remote. `access.report` may call it off, between transfers too.
pub fn run(system: &System, task: Task, access: &mut Access<'_>) -> Result<Vec<Synced>, Problem> {
    let mut done = Vec::new();
    for store in system.stores()?.all() {
        let mut synced = Synced {
            mount: store.mount.clone(),
            root: store.root().to_owned(),
            outcome: Outcome::NoGit,
            pulled: 0,
            pushed: 0,
            uncommitted: 0,
            warnings: Vec::new(),
        };
        if let Some(repository) = Repository::of_store(&system.env, store.root()) {
            let work = Work { system, store, repository };
            synced.outcome = match work.run(task, access, &mut synced) {
                Ok(outcome) => outcome,
                Err(problem) => Outcome::Failed(problem),
            };
        }
        done.push(synced);
    }
    Ok(done)
}

/// One store and its repository.
struct Work<'a> {
    system: &'a System,
    store: &'a Store,
    repository: Repository<'a>,
}

impl Work<'_> {
    fn run(&self, task: Task, access: &mut Access<'_>, synced: &mut Synced) -> Result<Outcome, Problem> {
        change::check_writable(self.system, self.store)?;
        let status = self.told(self.repository.status(), "looked at")?;
        synced.uncommitted = status.uncommitted.len();
        if status.unmerged > 0 {
            return Ok(Outcome::Conflicts(conflict::of_store(self.store, &self.repository)?));
        }
        if let Some(operation) = status.operation {
            let top = self.repository.top().to_owned();
            return self.told(Err(GitError::Unfinished { top, operation }), "synchronised");
        }
        let Some(upstream) = status.upstream else { return self.without_upstream(&status) };
        for turn in 1.. {
            self.told(self.repository.fetch(&upstream, access), "fetched")?;
            if task != Task::Push
                && let Some(conflicts) = self.take_over(synced)?
            {
                return Ok(Outcome::Conflicts(conflicts));
            }
            if task == Task::Pull {
                break;
            }
            match self.push(&upstream, access, synced) {
                Err(GitError::Overtaken) if task == Task::Both && turn < TRIES => {}
                pushed => {
                    self.told(pushed, "pushed")?;
                    break;
                }
            }
        }
        Ok(Outcome::Done)
    }

    fn without_upstream(&self, status: &Status) -> Result<Outcome, Problem> {
        if status.branch.is_some() {
            return Ok(Outcome::NoRemote);
        }
        Err(Problem::failed(format!("{} is on no branch", named(self.store))).hint(format!(
            "see yours and go back to it with git switch: git -C {} branch",
            text::shell_word(self.repository.top())
        )))
    }

    /// Takes over what was fetched, under the store's lock. Some when there are conflicts.
    fn take_over(&self, synced: &mut Synced) -> Result<Option<conflict::Conflicts>, Problem> {
        let lock = self.store.lock()?;
        let status = self.told(self.repository.status(), "looked at")?;
        let behind = status.ahead_behind.map_or(0, |(_, behind)| behind);
        if behind == 0 {
            return Ok(None);
        }
        let roll = Roll::call(self.store);
        let pulled = self.repository.take_over(&status);
        synced.warnings.extend(roll.keep(self.store, &lock));
        match self.told(pulled, "pulled")? {
            Pulled::UpToDate => Ok(None),
            Pulled::FastForwarded | Pulled::Merged | Pulled::Rebased => {
                synced.pulled += behind;
                Ok(None)
            }
            Pulled::Conflicts => Ok(Some(conflict::of_store(self.store, &self.repository)?)),
        }
    }

    fn push(&self, upstream: &Upstream, access: &mut Access<'_>, synced: &mut Synced) -> Result<(), GitError> {
        let status = self.repository.status()?;
        let ahead = match status.ahead_behind {
            Some((0, _)) => return Ok(()),
            Some((ahead, _)) => ahead,
            None if status.head.is_none() => return Ok(()),
            // The remote has no such branch yet: all there is.
            None => self.repository.commit_count()?,
        };
        self.repository.push(upstream, access)?;
        synced.pushed += ahead;
        Ok(())
    }

    fn told<T>(&self, result: Result<T, GitError>, what: &str) -> Result<T, Problem> {
        result.map_err(|error| error.during(format!("{} was not {what}", named(self.store))))
    }
}

pub(super) fn not_in_git(store: &Store) -> Problem {
    Problem::failed(format!("{} is not in git", named(store)))
        .hint(format!("have git keep it: PASSWORD_STORE_DIR={} pass git init", text::shell_word(store.root())))
}

fn named(store: &Store) -> String {
    format!("the store {}", text::quoted_path(store.root()))
}
