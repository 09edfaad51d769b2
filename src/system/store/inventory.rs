//! Everything that lies in a store by its name, kind, mode and owner, entries and what is none, in one walk. No file is
//! opened and no link followed.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::listing::stem;
use super::{Store, Unreadable};
use crate::model::{EntryPath, text};
use crate::system::files;

/// The most things looked at: more are told as not looked at.
const ITEMS_MAX: usize = 500_000;

/// What something in a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    Folder,
    /// `NAME.gpg`.
    Entry,
    Link,
    /// Any other file.
    File,
}

/// Something in a store.
#[derive(Clone, Debug)]
pub struct Item {
    /// Index into `Inventory::folders`.
    pub folder: usize,
    pub name: OsString,
    pub kind: ItemKind,
    /// Permission bits.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Of a folder that is looked into: index into `Inventory::folders`.
    pub inner: Option<usize>,
}

#[derive(Debug, Default)]
pub struct Inventory {
    /// Inside the store, the root first; each after those around it.
    pub folders: Vec<EntryPath>,
    pub items: Vec<Item>,
    pub unreadable: Vec<Unreadable>,
}

impl Store {
    /// What `.git` holds is git's.
    pub fn inventory(&self) -> Inventory {
        let mut found = Inventory { folders: vec![EntryPath::root()], ..Inventory::default() };
        let mut next = 0;
        while let Some(folder) = found.folders.get(next).cloned() {
            if found.items.len() > ITEMS_MAX {
                let why = format!("the store holds more than {ITEMS_MAX} things: the rest is not looked at");
                found.unreadable.push(Unreadable { path: self.root.clone(), why });
                break;
            }
            self.look_into(&folder, next, &mut found);
            next += 1;
        }
        found
    }

    fn look_into(&self, folder: &EntryPath, number: usize, found: &mut Inventory) {
        let path = folder.folder(&self.root);
        let report = |error: &std::io::Error| Unreadable {
            path: path.clone(),
            why: text::escaped(error.to_string().as_bytes()).into_owned(),
        };
        let items = match std::fs::read_dir(&path) {
            Ok(items) => items,
            Err(error) => return found.unreadable.push(report(&error)),
        };
        for item in items {
            let read = item.and_then(|item| Ok((item.file_name(), item.metadata()?)));
            let (name, meta) = match read {
                Ok(read) => read,
                Err(error) => {
                    found.unreadable.push(report(&error));
                    continue;
                }
            };
            if name == ".git" || files::is_temp_name(&name) {
                continue;
            }
            let kind = match () {
                () if meta.is_dir() => ItemKind::Folder,
                () if meta.is_symlink() => ItemKind::Link,
                () if meta.is_file() && stem(&name).is_some() => ItemKind::Entry,
                () => ItemKind::File,
            };
            let is_looked_into = kind == ItemKind::Folder && name != ".extensions";
            let inner = folder.join(&name).ok().filter(|_| is_looked_into).map(|inner| {
                found.folders.push(inner);
                found.folders.len() - 1
            });
            let (uid, gid) = (meta.uid(), meta.gid());
            found.items.push(Item { folder: number, name, kind, mode: meta.mode() & 0o7777, uid, gid, inner });
        }
    }
}

impl Inventory {
    /// Where an item lies.
    pub fn path(&self, store: &Store, item: &Item) -> PathBuf {
        self.folders[item.folder].folder(store.root()).join(&item.name)
    }

    /// The entry that an item is; None for everything else.
    pub fn entry(&self, item: &Item) -> Option<EntryPath> {
        let stem = item.name.as_bytes().strip_suffix(b".gpg").filter(|_| item.kind == ItemKind::Entry)?;
        self.folders[item.folder].join(std::ffi::OsStr::from_bytes(stem)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn everything_once_with_its_kind_and_mode() {
        let dir = tempfile::tempdir().expect("a store");
        let at = |name: &str| dir.path().join(name);
        for folder in ["a/b", ".git/x", ".hid"] {
            std::fs::create_dir_all(at(folder)).expect("a folder");
        }
        for file in ["a/x.gpg", "a/b/y.gpg", ".git/z.gpg", ".hid/.gpg-id", "note", ".regpass-1-2.tmp"] {
            std::fs::write(at(file), b"x").expect("a file");
            std::fs::set_permissions(at(file), std::fs::Permissions::from_mode(0o640)).expect("a mode");
        }
        symlink("a", at("link")).expect("a link");
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe.gpg"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a FIFO");
        let store = Store { mount: EntryPath::root(), root: dir.path().to_owned(), index: 0, doubt: None };
        let found = store.inventory();
        let mut seen: Vec<(String, ItemKind, u32)> = found
            .items
            .iter()
            .map(|item| {
                let path = found.path(&store, item);
                let inner = path.strip_prefix(dir.path()).expect("inside").to_string_lossy().into_owned();
                (inner, item.kind, if item.kind == ItemKind::Entry { item.mode } else { 0 })
            })
            .collect();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [
            (".hid", ItemKind::Folder, 0),
            (".hid/.gpg-id", ItemKind::File, 0),
            ("a", ItemKind::Folder, 0),
            ("a/b", ItemKind::Folder, 0),
            ("a/b/y.gpg", ItemKind::Entry, 0o640),
            ("a/x.gpg", ItemKind::Entry, 0o640),
            ("link", ItemKind::Link, 0),
            ("note", ItemKind::File, 0),
            ("pipe.gpg", ItemKind::File, 0),
        ];
        assert_eq!(seen, expected.map(|(name, kind, mode)| (name.to_owned(), kind, mode)));
        let entries: Vec<_> = found.items.iter().filter_map(|item| found.entry(item)).collect();
        assert_eq!(entries.len(), 2);
    }
}
