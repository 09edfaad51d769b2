//! What is to become of everything that is moved or copied: looked at, and encrypted anew where other people read the
//! target, before anything is written; and whether that still holds under the locks. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Route;
use crate::model::{EntryPath, Problem, Recipient, text};
use crate::ops::change;
use crate::ops::entries;
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::store::{Content, ContentKind, Standing, Store, StoreError};

/// How one thing gets to its new place.
pub(super) enum Step {
    /// It is there already, as it should be.
    Done,
    AsItIs,
    Encrypted(Vec<u8>),
    Link,
}

pub(super) struct Item {
    pub(super) content: Content,
    pub(super) to: EntryPath,
    /// What stood at the target when this was decided.
    standing: Standing,
    /// What was read in order to decide, of the source and of the target.
    pub(super) seen: [Option<Vec<u8>>; 2],
    pub(super) step: Step,
}

/// Looks at everything that goes along and decides how.
pub(super) struct Planner<'a> {
    system: &'a System,
    route: &'a Route<'a>,
    force: bool,
    /// By the source's folder: who may read what comes out of it, and whether these are the same people as now.
    readers: BTreeMap<EntryPath, (Vec<Recipient>, bool)>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(system: &'a System, route: &'a Route<'a>, force: bool) -> Planner<'a> {
        Planner { system, route, force, readers: BTreeMap::new() }
    }

    pub(super) fn plan(&mut self) -> Result<(Vec<Item>, Vec<Problem>), Problem> {
        let route = self.route;
        let contents = route.contents()?;
        let mut items = Vec::with_capacity(contents.len());
        let mut warnings = Vec::new();
        let own = own_recipients(contents.iter());
        for content in contents {
            let to = route.target_of(&content.path)?;
            if content.kind == ContentKind::Entry {
                self.learn_readers(&content, &to, &own, &mut warnings)?;
            }
            let standing = route.to_store.standing(&to)?;
            let mut item = Item { content, to, standing, seen: [None, None], step: Step::AsItIs };
            item.step = self.step(&mut item)?;
            items.push(item);
        }
        Ok((items, warnings))
    }

    /// Whether the same people may read as when this was decided.
    pub(super) fn has_the_same_readers(&self, items: &[Item]) -> Result<bool, Problem> {
        let mut now = Planner::new(self.system, self.route, self.force);
        let own = own_recipients(items.iter().map(|item| &item.content));
        for item in items.iter().filter(|item| item.content.kind == ContentKind::Entry) {
            now.learn_readers(&item.content, &item.to, &own, &mut Vec::new())?;
        }
        Ok(now.readers == self.readers)
    }

    /// Who may read an entry at its new place: who its own folder says when that folder's recipients file goes along and
    /// none that is there already is nearer, else who the target's says.
    fn learn_readers(
        &mut self,
        content: &Content,
        to: &EntryPath,
        own: &BTreeSet<EntryPath>,
        warnings: &mut Vec<Problem>,
    ) -> Result<(), Problem> {
        let folder = content.path.parent();
        if self.readers.contains_key(&folder) {
            return Ok(());
        }
        let Route { from_store, to_store, .. } = *self.route;
        let nearest = own.iter().filter(|with_file| folder.is_within(with_file)).max_by_key(|one| one.as_bytes().len());
        let goes_along = match nearest {
            Some(with_file) => {
                let at = self.route.target_of(with_file)?.folder(to_store.root());
                let there = to_store.governing_file(&to.parent());
                let there = there.as_deref().and_then(Path::parent);
                !there.is_some_and(|there| there.starts_with(&at) && there != at)
            }
            None => false,
        };
        let (wanted, warning) = if goes_along {
            change::recipients(self.system, from_store, &folder)?
        } else {
            change::recipients(self.system, to_store, &to.parent())?
        };
        warnings.extend(warning);
        let now = from_store.recipients_for(&folder, &self.system.options).map(|found| found.recipients);
        let set = |all: &[Recipient]| all.iter().map(|one| one.as_str().to_owned()).collect::<BTreeSet<_>>();
        let same = now.is_ok_and(|now| set(&now) == set(&wanted));
        self.readers.insert(folder, (wanted, same));
        Ok(())
    }

    fn step(&self, item: &mut Item) -> Result<Step, Problem> {
        match (item.content.kind, item.standing) {
            (ContentKind::Link, _) if !self.route.same_store => {
                let name = text::quoted(item.content.path.as_bytes());
                Err(Problem::failed(format!("{name} is a link, which cannot lead into another store"))
                    .hint("copy what it leads to"))
            }
            (ContentKind::Link, Standing::Nothing) => Ok(Step::Link),
            (ContentKind::Entry, Standing::Nothing) => self.entry_step(item),
            (ContentKind::File, Standing::Nothing) => self.file_step(item),
            (ContentKind::Entry | ContentKind::File, Standing::File) => self.step_onto_file(item),
            (_, Standing::Link) => {
                Err(Problem::failed(format!("{} is a link, which is not replaced", text::quoted(item.to.as_bytes())))
                    .hint("remove it first, or choose another name"))
            }
            _ => Err(Problem::failed(format!("{} is in the way", text::quoted(item.to.as_bytes())))),
        }
    }

    fn file_step(&self, item: &Item) -> Result<Step, Problem> {
        // Put into a folder that has none, it would change who reads what is there.
        if item.content.path.name() == ".gpg-id" && self.route.to_store.has_folder(&item.to.parent()) {
            return Err(other_readers(&item.to));
        }
        Ok(Step::AsItIs)
    }

    fn step_onto_file(&self, item: &mut Item) -> Result<Step, Problem> {
        let Route { from_store, to_store, .. } = *self.route;
        let (ours, theirs) = (from_store.read_file(&item.content.path)?, to_store.read_file(&item.to)?);
        let step = if ours == theirs {
            Step::Done
        } else if item.content.kind == ContentKind::Entry {
            match self.entry_step(item)? {
                Step::Encrypted(_) if self.holds_the_same(&item.content, &ours, &theirs) => Step::Done,
                step if self.force => step,
                _ => return Err(entries::is_there(&content_entry(&item.to))),
            }
        } else {
            match item.content.path.name().to_str() {
                Some(".gpg-id" | ".gpg-id.sig") => return Err(other_readers(&item.to)),
                _ if self.force => Step::AsItIs,
                _ => return Err(entries::is_there(&item.to)),
            }
        };
        item.seen = [Some(ours), Some(theirs)];
        Ok(step)
    }

    /// True when an earlier run, that was killed, has written this entry for its new readers.
    fn holds_the_same(&self, content: &Content, ours: &[u8], theirs: &[u8]) -> bool {
        let Some((wanted, _)) = self.readers.get(&content.path.parent()) else { return false };
        let entry = content_entry(&content.path);
        let (Ok(cipher), Ok(ours)) =
            (self.system.cipher(), entries::decrypt(self.system, &entry, ours, Asking::Allowed))
        else {
            return false;
        };
        cipher.is_encrypted_to(theirs, wanted)
            && cipher.decrypt(theirs, Asking::Allowed).is_ok_and(|theirs| theirs.same_as(&ours))
    }

    /// An entry whose readers stay the same goes as it is: nobody has to unlock a key in order to rename.
    fn entry_step(&self, item: &mut Item) -> Result<Step, Problem> {
        let Some((wanted, false)) = self.readers.get(&item.content.path.parent()) else { return Ok(Step::AsItIs) };
        let message = self.route.from_store.read_file(&item.content.path)?;
        if self.system.cipher()?.is_encrypted_to(&message, wanted) {
            return Ok(Step::AsItIs);
        }
        let entry = content_entry(&item.content.path);
        let plaintext = entries::decrypt(self.system, &entry, &message, Asking::Allowed)?;
        item.seen[0] = Some(message);
        Ok(Step::Encrypted(change::encrypt(self.system, self.route.to_store, &plaintext, wanted)?))
    }
}

/// The folders that bring their own recipients file.
fn own_recipients<'c>(contents: impl Iterator<Item = &'c Content>) -> BTreeSet<EntryPath> {
    contents.filter(|one| one.path.name() == ".gpg-id").map(|one| one.path.parent()).collect()
}

/// Under the locks: whether what was looked at without them is still so.
pub(super) fn is_as_planned(route: &Route<'_>, items: &[Item]) -> Result<bool, StoreError> {
    if !route.contents()?.iter().eq(items.iter().map(|item| &item.content)) {
        return Ok(false);
    }
    for item in items {
        let same_standing = route.to_store.standing(&item.to)? == item.standing;
        let [source, target] = &item.seen;
        let is_same = |store: &Store, file, seen: &Option<Vec<u8>>| match seen {
            Some(seen) => store.read_file(file).map(|now| now == *seen),
            None => Ok(true),
        };
        if !same_standing
            || !is_same(route.from_store, &item.content.path, source)?
            || !is_same(route.to_store, &item.to, target)?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The entry that a file name stands for; the name itself where it stands for none.
pub(super) fn content_entry(file: &EntryPath) -> EntryPath {
    Content { path: file.clone(), kind: ContentKind::Entry }.entry().unwrap_or_else(|| file.clone())
}

fn other_readers(gpg_id: &EntryPath) -> Problem {
    Problem::failed(format!("{} would change who reads what is there", text::quoted(gpg_id.as_bytes())))
        .hint("choose a name that is not there yet, or move its entries one by one")
}
