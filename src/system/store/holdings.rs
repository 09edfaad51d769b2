//! What a store itself holds, as encrypting it anew needs to know it: every entry, hidden ones too, each once, and every
//! folder with a recipients file. No link is followed: what it leads to is held elsewhere. Called through
//! `Store::holdings`.

use std::fs::DirEntry;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::listing::stem;
use super::{Store, Unreadable};
use crate::model::{EntryPath, text};
use crate::system::files;

/// Folders whose files are no entries (pass 1.7.4, lines 113 and 685).
const FOREIGN: [&[u8]; 2] = [b".git", b".extensions"];

/// Names inside the store, bytewise.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    pub entries: Vec<EntryPath>,
    /// Folders with a `.gpg-id` of their own.
    pub governed: Vec<EntryPath>,
    /// Folders that cannot be read, and links to what another folder holds.
    pub unreadable: Vec<Unreadable>,
}

impl Store {
    /// Everything in and below `folder`.
    pub fn holdings(&self, folder: &EntryPath) -> Holdings {
        let mut holdings = Holdings::default();
        let mut waiting = vec![folder.clone()];
        while let Some(folder) = waiting.pop() {
            let path = folder.folder(&self.root);
            let items = match std::fs::read_dir(&path) {
                Ok(items) => items,
                Err(error) => {
                    let why = text::escaped(error.to_string().as_bytes()).into_owned();
                    holdings.unreadable.push(Unreadable { path, why });
                    continue;
                }
            };
            for item in items.flatten() {
                self.hold(&mut holdings, &mut waiting, &folder, &item);
            }
        }
        holdings.entries.sort_unstable();
        holdings.governed.sort_unstable();
        holdings
    }

    fn hold(&self, holdings: &mut Holdings, waiting: &mut Vec<EntryPath>, folder: &EntryPath, item: &DirEntry) {
        let name = item.file_name();
        let Ok(kind) = item.file_type() else { return };
        if name == ".gpg-id" {
            holdings.governed.push(folder.clone());
        } else if kind.is_symlink() {
            self.note_link(holdings, &item.path());
        } else if kind.is_dir() {
            if !FOREIGN.contains(&name.as_bytes()) && !files::is_temp_name(&name) {
                waiting.extend(folder.join(&name));
            }
        } else if let Some(stem) = stem(&name).filter(|_| kind.is_file()) {
            holdings.entries.extend(folder.join(stem));
        }
    }

    /// A link to what the store holds needs no word.
    fn note_link(&self, holdings: &mut Holdings, link: &Path) {
        let Ok(target) = std::fs::canonicalize(link) else { return };
        let is_held = std::fs::canonicalize(&self.root).is_ok_and(|root| target.starts_with(root));
        let is_entry = target.is_dir() || link.extension().is_some_and(|extension| extension == "gpg");
        if is_entry && !is_held {
            let why = format!("a link out of the store, to {}", text::quoted_path(&target));
            holdings.unreadable.push(Unreadable { path: link.to_owned(), why });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn everything_once_and_no_link_followed() {
        let dir = tempfile::tempdir().expect("a store");
        let outside = tempfile::tempdir().expect("another folder");
        std::fs::write(outside.path().join("x.gpg"), b"x").expect("a file");
        let at = |name: &str| dir.path().join(name);
        for folder in ["a/.hid", ".git", ".extensions", ".regpass-1-2.tmp", "e"] {
            std::fs::create_dir_all(at(folder)).expect("a folder");
        }
        let files = ["top.gpg", "a/b.gpg", "a/.hid/c.gpg", ".git/d.gpg", ".extensions/f.gpg", ".regpass-1-2.tmp/g.gpg"];
        for file in files.into_iter().chain([".gpg-id", "a/.gpg-id", "a/note.txt"]) {
            std::fs::write(at(file), b"x").expect("a file");
        }
        symlink("../top.gpg", at("e/link.gpg")).expect("a link");
        symlink("a", at("inside")).expect("a link");
        symlink(outside.path(), at("outside")).expect("a link");
        symlink("nowhere", at("gone.gpg")).expect("a link");
        let store = Store { mount: EntryPath::root(), root: dir.path().to_owned(), index: 0, doubt: None };
        let names = |paths: &[EntryPath]| paths.iter().map(|path| path.display().into_owned()).collect::<Vec<_>>();
        let all = store.holdings(&EntryPath::root());
        assert_eq!(names(&all.entries), ["a/.hid/c", "a/b", "top"]);
        assert_eq!(names(&all.governed), ["", "a"]);
        let reported: Vec<&Path> = all.unreadable.iter().map(|bad| bad.path.as_path()).collect();
        assert_eq!(reported, [at("outside")]);
        assert_eq!(names(&store.holdings(&EntryPath::parse("a").expect("a name")).entries), ["a/.hid/c", "a/b"]);
    }
}
