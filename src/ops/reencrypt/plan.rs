//! What is to be encrypted anew: looked up without decrypting or changing anything. For `reencrypt` and those who ask it what
//! would be done.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Extent;
use crate::model::{EntryPath, Problem, Recipient};
use crate::ops::change;
use crate::ops::opening::{self, Failed};
use crate::ops::progress::Cancel;
use crate::system::System;
use crate::system::cipher::Audience;
use crate::system::store::{Store, StoreError, Unreadable, not_in_store};

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
    pub(super) audiences: Vec<Audience>,
    pub(super) stores: Vec<StorePlan>,
}

/// One entry to be encrypted anew.
#[derive(Debug)]
pub struct Due {
    /// With the mount's name in front.
    pub entry: EntryPath,
    /// Index into `Stores::all()`.
    pub store: usize,
    pub(super) inner: EntryPath,
    /// Index into `Plan::audiences`.
    pub(super) audience: usize,
}

/// What is committed together.
#[derive(Debug)]
pub(super) struct StorePlan {
    pub(super) store: usize,
    /// The folder asked about, inside the store.
    pub(super) folder: EntryPath,
    /// Entries that are right already: an earlier run may have ended before its commit.
    pub(super) in_place: Vec<EntryPath>,
    /// The recipients files that say who reads the entries, for the same reason.
    pub(super) governing: Vec<PathBuf>,
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
        let governing = wanted.files_of(store);
        self.stores.push(StorePlan { store: store.index(), folder, in_place, governing });
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
    /// The recipients files of a store that were looked up, those foreseen aside.
    fn files_of(&self, store: &Store) -> Vec<PathBuf> {
        let known = self.known.keys().filter(|(root, _)| root == store.root());
        known.filter_map(|(_, source)| source.clone()).filter(|source| source.ends_with(".gpg-id")).collect()
    }
}
