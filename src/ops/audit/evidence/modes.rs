//! Facts of a store's modes and owners: what others than its owner can read and change, every folder on the way counted.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::system::store::Store;
use crate::system::store::inventory::{Inventory, Item, ItemKind};

/// What others can reach in a store.
#[derive(Debug, Default)]
pub struct Loose {
    /// Files whose bytes they can read.
    pub readable: usize,
    /// Files and folders that they can change.
    pub writable: usize,
    /// The first that is readable or writable.
    pub first: Option<PathBuf>,
}

/// What belongs to somebody else.
#[derive(Debug, Default)]
pub struct Foreign {
    pub count: usize,
    /// The first, and whose it is.
    pub first: Option<(PathBuf, u32)>,
}

/// How far a folder's group, and all others, get.
#[derive(Clone, Copy, Debug, Default)]
struct Far {
    group: bool,
    others: bool,
}

impl Far {
    /// Through a folder of this mode. Who is in the group may go the others' way too.
    fn through(self, mode: u32) -> Far {
        Far { group: self.group && mode & 0o011 != 0, others: self.others && mode & 0o001 != 0 }
    }

    /// Whether these bits let somebody at what has this mode and group. A group of the owner's own, with the owner's number,
    /// is nobody else.
    fn lets(self, bits: u32, (mode, owner, group): (u32, u32, u32)) -> bool {
        let by_group = mode & bits & 0o070 != 0 && self.group && group != owner;
        by_group || mode & bits & 0o007 != 0 && self.others
    }
}

/// How far others get in a store, and who its owner is.
pub(super) struct Reach {
    owner: u32,
    root: (u32, u32, u32),
    /// To the store's root.
    to_root: Far,
    /// Into each folder of the inventory, with its mode, owner and group.
    into: Vec<(Far, (u32, u32, u32))>,
}

impl Reach {
    /// `uid` asks; for root, the owner of the store's root is its owner.
    pub(super) fn of(root: &Path, inventory: &Inventory, uid: u32) -> Reach {
        let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let told =
            |folder: &Path| folder.metadata().map_or((0, uid, uid), |meta| (meta.mode(), meta.uid(), meta.gid()));
        let all = Far { group: true, others: true };
        let to_root = real.ancestors().skip(1).fold(all, |far, folder| far.through(told(folder).0));
        let own = told(&real);
        let mut into = vec![(Far::default(), own); inventory.folders.len()];
        if let Some(first) = into.first_mut() {
            first.0 = to_root.through(own.0);
        }
        // A folder stands before what is in it.
        for item in &inventory.items {
            if let Some(inner) = item.inner {
                into[inner] = (into[item.folder].0.through(item.mode), (item.mode, item.uid, item.gid));
            }
        }
        let owner = if uid == 0 { own.1 } else { uid };
        Reach { owner, root: own, to_root, into }
    }

    pub(super) fn foreign(&self, store: &Store, inventory: &Inventory) -> Foreign {
        let mut foreign = inventory.items.iter().filter(|item| item.uid != self.owner);
        let first = foreign.next();
        let count = usize::from(first.is_some()) + foreign.count();
        Foreign { count, first: first.map(|item| (inventory.path(store, item), item.uid)) }
    }

    pub(super) fn loose(&self, store: &Store, inventory: &Inventory) -> Loose {
        let mut loose = Loose::default();
        if self.to_root.lets(0o022, self.root) {
            loose.writable += 1;
            loose.first = Some(store.root().to_owned());
        }
        for item in inventory.items.iter().filter(|item| item.kind != ItemKind::Link) {
            let (far, told) = (self.into[item.folder].0, (item.mode, item.uid, item.gid));
            let readable = item.kind != ItemKind::Folder && far.lets(0o044, told);
            let writable = far.lets(0o022, told);
            loose.readable += usize::from(readable);
            loose.writable += usize::from(writable);
            if (readable || writable) && loose.first.is_none() {
                loose.first = Some(inventory.path(store, item));
            }
        }
        loose
    }

    /// Whether somebody who is neither the owner nor root can put something else into a file's place.
    pub(super) fn lets_change(&self, item: &Item) -> bool {
        const STICKY: u32 = 0o1000;
        let (far, folder) = self.into[item.folder];
        let by_folder = folder.0 & STICKY == 0 && far.lets(0o022, folder);
        let by_owner = [item.uid, folder.1].iter().any(|owner| ![self.owner, 0].contains(owner));
        by_owner || by_folder || far.lets(0o022, (item.mode, item.uid, item.gid))
    }
}
