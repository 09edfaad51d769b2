//! Entries encrypted anew and written together, each batch written down before it is done, so that it can be taken back
//! whenever the process ends.

use std::collections::HashMap;

use super::Reencrypted;
use super::plan::Due;
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::footprint::{self, Trail};
use crate::ops::opening::{Failed, Work};
use crate::system::System;
use crate::system::cipher::{Audience, Cipher};
use crate::system::store::{Store, not_in_store};

/// The most that is written together, in entries and in bytes.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 8 << 20;

/// Encrypts what is opened.
pub(super) struct Sealing<'a> {
    pub(super) cipher: &'a dyn Cipher,
    pub(super) stores: &'a [Store],
    pub(super) audiences: &'a [Audience],
}

/// An entry before and after.
pub(super) struct Sealed {
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
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
pub(super) struct Batch<'a> {
    system: &'a System,
    /// What is done in each store, as its commit will say it.
    what: &'a HashMap<usize, String>,
    waiting: Vec<(&'a Due, Sealed)>,
    bytes: usize,
    /// By store.
    written: HashMap<usize, Vec<EntryPath>>,
    trail: Trail,
}

impl<'a> Batch<'a> {
    pub(super) fn new(system: &'a System, what: &'a HashMap<usize, String>, trail: Trail) -> Batch<'a> {
        let (waiting, written) = Default::default();
        Batch { system, what, waiting, bytes: 0, written, trail }
    }

    pub(super) fn add(&mut self, due: &'a Due, sealed: Sealed, report: &mut Reencrypted) {
        self.bytes += sealed.old.len() + sealed.new.len();
        self.waiting.push((due, sealed));
        if self.waiting.len() >= BATCH || self.bytes >= BATCH_BYTES {
            self.write(report);
        }
    }

    /// Writes what waits. What was written in each store since the beginning.
    pub(super) fn end(mut self, report: &mut Reencrypted) -> HashMap<usize, Vec<EntryPath>> {
        self.write(report);
        self.written
    }

    /// Under the stores' locks for just these entries, so that nobody waits for the whole run.
    fn write(&mut self, report: &mut Reencrypted) {
        self.bytes = 0;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|(due, _)| due.store);
        for batch in waiting.chunk_by(|(a, _), (b, _)| a.store == b.store) {
            for ((due, _), result) in batch.iter().zip(self.replace(batch, report)) {
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

    /// Of one store. What somebody wrote since an entry was read stays.
    pub(super) fn replace(&mut self, batch: &[(&Due, Sealed)], report: &mut Reencrypted) -> Vec<Result<(), Problem>> {
        let Some((first, _)) = batch.first() else { return Vec::new() };
        let refused = |problem: Problem| batch.iter().map(|_| Err(problem.clone())).collect();
        let store = match self.system.stores() {
            Ok(stores) => &stores.all()[first.store],
            Err(error) => return refused(error.into()),
        };
        let lock = match store.lock() {
            Ok(lock) => lock,
            Err(error) => return refused(error.into()),
        };
        let mut results: Vec<Result<(), Problem>> =
            batch.iter().map(|(due, sealed)| unchanged(store, due, sealed)).collect();
        let fit = batch.iter().zip(&results).filter(|(_, result)| result.is_ok());
        let changes: Vec<(&EntryPath, &[u8])> = fit.map(|((due, sealed), _)| (&due.inner, &*sealed.new)).collect();
        let what = self.what.get(&store.index()).map_or("", String::as_str);
        let step = self.trail.foretell(self.system, store, what, &changes);
        let written = store.replace_all(&lock, &changes, &self.system.options);
        let step = match step {
            Ok(Some(step)) if written.iter().any(Result::is_err) => footprint::correct(self.system, store, step),
            foretold => foretold.map(drop),
        };
        report.warnings.extend(step.err());
        for (result, written) in results.iter_mut().filter(|result| result.is_ok()).zip(written) {
            *result = written.map_err(Problem::from);
        }
        results
    }
}

fn unchanged(store: &Store, due: &Due, sealed: &Sealed) -> Result<(), Problem> {
    match store.read(&due.inner)? {
        Some(now) if now == sealed.old => Ok(()),
        _ => {
            let name = text::quoted(due.entry.as_bytes());
            Err(Problem::failed(format!("{name} was changed by somebody else meanwhile"))
                .hint("look again: regpass reencrypt"))
        }
    }
}
