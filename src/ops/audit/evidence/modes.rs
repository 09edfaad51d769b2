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
    /// Whose the rest is.
    pub owner: u32,
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
    /// `uid` asks; for root, the owner of the store's root is its owner. In a home it is the home's owner: `home`, and whose
    /// that is.
    pub(super) fn of(root: &Path, inventory: &Inventory, uid: u32, home: Option<(&Path, u32)>) -> Reach {
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
        let of_home = home.filter(|(home, _)| root.starts_with(home)).map(|(_, owner)| owner);
        let owner = of_home.unwrap_or(if uid == 0 { own.1 } else { uid });
        Reach { owner, root: own, to_root, into }
    }

    pub(super) fn foreign(&self, store: &Store, inventory: &Inventory) -> Foreign {
        let mut foreign = inventory.items.iter().filter(|item| item.uid != self.owner);
        let first = foreign.next();
        let count = usize::from(first.is_some()) + foreign.count();
        Foreign { owner: self.owner, count, first: first.map(|item| (inventory.path(store, item), item.uid)) }
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

    /// Whether somebody who is neither the owner nor root can put something else into a file's place. A link has no mode of
    /// its own: what it leads to has one.
    pub(super) fn lets_change(&self, store: &Store, inventory: &Inventory, item: &Item) -> bool {
        if item.kind == ItemKind::Link {
            let target = target(store, inventory, item);
            return self.lets_replace(item) || target.is_some_and(|target| self.lets_change_file(target));
        }
        self.lets_change_file(item)
    }

    fn lets_change_file(&self, item: &Item) -> bool {
        self.lets_replace(item) || self.into[item.folder].0.lets(0o022, (item.mode, item.uid, item.gid))
    }

    /// By its owner, or by its folder.
    fn lets_replace(&self, item: &Item) -> bool {
        const STICKY: u32 = 0o1000;
        let (far, folder) = self.into[item.folder];
        let by_folder = folder.0 & STICKY == 0 && far.lets(0o022, folder);
        by_folder || [item.uid, folder.1].iter().any(|owner| ![self.owner, 0].contains(owner))
    }
}

/// Where a link leads inside the store; what leads out of it counts for nobody.
fn target<'a>(store: &Store, inventory: &'a Inventory, link: &Item) -> Option<&'a Item> {
    let real = inventory.path(store, link).canonicalize().ok()?;
    let inside = real.strip_prefix(store.root().canonicalize().ok()?).ok()?;
    let is_meant = |item: &&Item| {
        let folder = Path::new(inventory.folders[item.folder].as_os_str());
        item.kind != ItemKind::Link && inside.file_name() == Some(&item.name) && inside.parent() == Some(folder)
    };
    inventory.items.iter().find(is_meant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::{Options, Typed};
    use crate::system::store::Stores;

    #[test]
    fn what_lies_in_a_home_is_its_owner_s() {
        let home = tempfile::tempdir().expect("a home");
        let root = home.path().join(".password-store");
        std::fs::create_dir(&root).expect("a store");
        std::fs::write(root.join("x.gpg"), "x").expect("an entry");
        let env = Env::made_of([("HOME", home.path())]);
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        let stores = Stores::open(&env, &options).expect("a store");
        let (store, inventory) = (stores.root(), stores.root().inventory());
        let mine = home.path().metadata().expect("a home").uid();
        let foreign = |home| Reach::of(&root, &inventory, mine + 1, home).foreign(store, &inventory);
        assert_eq!((foreign(None).owner, foreign(None).count), (mine + 1, 1));
        let kept = foreign(Some((home.path(), mine)));
        assert_eq!((kept.owner, kept.count), (mine, 0), "HOME was kept");
    }
}
