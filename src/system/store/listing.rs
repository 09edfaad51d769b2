//! Every entry below a folder, without opening any: good ones and bad ones together. Called through `Store::list`.

use std::ffi::OsString;
use std::fs::{DirEntry, FileType};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::layout::SUFFIX;
use super::{Entry, Listing, Store, Unreadable};
use crate::model::{EntryPath, text};
use crate::system::files;

/// The most links to folders followed in one listing: links that fan out could otherwise multiply without an end.
const LINKS_MAX: usize = 10_000;

struct Walk<'a> {
    store: &'a Store,
    listing: Listing,
    /// Folders still to be read, inside the store.
    waiting: Vec<EntryPath>,
    links: usize,
}

/// Links to folders are followed like pass does, wherever they lead; folders whose name begins with a dot are passed over
/// like pass and gopass do.
pub(super) fn list(store: &Store, folder: &EntryPath) -> Listing {
    let mut walk = Walk { store, listing: Listing::default(), waiting: vec![folder.clone()], links: 0 };
    while let Some(folder) = walk.waiting.pop() {
        walk.read_folder(&folder);
    }
    walk.listing.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    walk.listing
}

impl Walk<'_> {
    fn read_folder(&mut self, folder: &EntryPath) {
        let path = folder.folder(&self.store.root);
        match std::fs::read_dir(&path) {
            Ok(items) => {
                for item in items {
                    match item {
                        Ok(item) => self.add(folder, &item),
                        Err(error) => self.report(path.clone(), error.to_string()),
                    }
                }
            }
            Err(error) => self.report(path, why_unreadable(&error)),
        }
    }

    fn add(&mut self, folder: &EntryPath, item: &DirEntry) {
        let name = item.file_name();
        match item.file_type() {
            Ok(kind) if kind.is_symlink() => self.add_link(folder, item, name),
            Ok(kind) => self.add_kind(folder, item, name, kind),
            Err(error) => self.report(item.path(), error.to_string()),
        }
    }

    fn add_kind(&mut self, folder: &EntryPath, item: &DirEntry, name: OsString, kind: FileType) {
        if kind.is_dir() {
            self.add_folder(folder, item, name);
        } else if let Some(stem) = stem(&name) {
            if kind.is_file() {
                self.add_entry(folder, item, stem);
            } else {
                self.report(item.path(), "not a regular file".to_owned());
            }
        }
    }

    fn add_link(&mut self, folder: &EntryPath, item: &DirEntry, name: OsString) {
        let path = item.path();
        let looks_like_entry = stem(&name).is_some();
        match std::fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => {
                self.links += 1;
                if self.is_on_the_way(folder, (meta.dev(), meta.ino())) {
                    self.report(path, "a link back to a folder around it".to_owned());
                } else if self.links > LINKS_MAX {
                    self.report(path, format!("not followed: more than {LINKS_MAX} links to folders"));
                } else {
                    self.add_folder(folder, item, name);
                }
            }
            Ok(meta) => self.add_kind(folder, item, name, meta.file_type()),
            Err(error) if looks_like_entry && error.kind() == io::ErrorKind::NotFound => {
                self.report(path, "a link to nothing".to_owned());
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => self.report(path, why_unreadable(&error)),
            Err(_) => {}
        }
    }

    fn add_folder(&mut self, folder: &EntryPath, item: &DirEntry, name: OsString) {
        if name.as_bytes().starts_with(b".") {
            return;
        }
        if stem(&name).is_some() {
            self.report(item.path(), "a folder that is named like an entry".to_owned());
        }
        match folder.join(&name) {
            Ok(inner) => self.waiting.push(inner),
            Err(error) => self.report(item.path(), error.to_string()),
        }
    }

    fn add_entry(&mut self, folder: &EntryPath, item: &DirEntry, stem: OsString) {
        let whole = if self.store.mount.is_root() {
            folder.join(&stem)
        } else {
            folder.join(&stem).and_then(|inner| self.store.mount.join(inner.as_os_str()))
        };
        match whole {
            Ok(path) => self.listing.entries.push(Entry { path, store: self.store.index }),
            // `.gpg` and `..gpg`: nothing, or a dot, is left of the name.
            Err(error) => self.report(item.path(), format!("its name cannot be an entry's: {error}")),
        }
    }

    /// True when the folder with that device and inode is `folder`, one around it in the store, or one around the store:
    /// through a link to `/` the whole machine would be listed, and the store in it again.
    fn is_on_the_way(&self, folder: &EntryPath, id: (u64, u64)) -> bool {
        let root = &self.store.root;
        let path = folder.folder(root);
        let depth = path.components().count() - root.components().count();
        let same = |path: &Path| std::fs::metadata(path).is_ok_and(|meta| (meta.dev(), meta.ino()) == id);
        path.ancestors().take(depth + 1).any(same)
            || root.canonicalize().is_ok_and(|root| root.ancestors().skip(1).any(same))
    }

    fn report(&mut self, path: PathBuf, why: String) {
        self.listing.unreadable.push(Unreadable { path, why });
    }
}

/// An entry's name; None for other files, ours in the making among them.
pub(super) fn stem(name: &OsString) -> Option<OsString> {
    let stem = name.as_bytes().strip_suffix(SUFFIX.as_bytes())?;
    (!files::is_temp_name(name)).then(|| OsString::from_vec(stem.to_vec()))
}

/// The system's words without the number that means nothing to people.
fn why_unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "there is no such folder".to_owned(),
        _ => text::escaped(error.to_string().as_bytes()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::fs::symlink;

    fn store(root: &Path) -> Store {
        Store { mount: EntryPath::root(), root: root.to_owned(), index: 0, doubt: None }
    }

    fn names(listing: &Listing) -> Vec<String> {
        listing.entries.iter().map(|entry| entry.path.display().into_owned()).collect()
    }

    fn reported(listing: &Listing, root: &Path) -> Vec<(String, String)> {
        let relative = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned();
        let mut bad: Vec<_> = listing.unreadable.iter().map(|bad| (relative(&bad.path), bad.why.clone())).collect();
        bad.sort();
        bad
    }

    #[test]
    fn good_and_bad_together() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        for folder in ["a/b", ".git/x", "odd.gpg", "empty"] {
            std::fs::create_dir_all(root.join(folder)).expect("a folder");
        }
        for file in ["a.gpg", "a/b/c.gpg", ".git/x/y.gpg", ".dot.gpg", ".gpg", ".gpg-id", "note.txt", "odd.gpg/in.gpg"]
        {
            std::fs::write(root.join(file), b"x").expect("a file");
        }
        std::fs::write(root.join(OsStr::from_bytes(b"\xff.gpg")), b"x").expect("a file");
        symlink("a/b/c.gpg", root.join("link.gpg")).expect("a link");
        symlink("nowhere", root.join("dangling.gpg")).expect("a link");
        symlink("nowhere", root.join("dangling")).expect("a link");
        rustix::fs::mknodat(rustix::fs::CWD, root.join("fifo.gpg"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a FIFO");
        let listing = store(root).list(&EntryPath::root());
        assert_eq!(names(&listing), [".dot", "a", "a/b/c", "link", "odd.gpg/in", "\\xff"]);
        let bad: Vec<String> = reported(&listing, root).into_iter().map(|(path, _)| path).collect();
        assert_eq!(bad, [".gpg", "dangling.gpg", "fifo.gpg", "odd.gpg"]);
        assert_eq!(names(&store(root).list(&EntryPath::parse(".git").expect("a name"))), [".git/x/y"]);
    }

    #[test]
    fn loops_end_and_other_links_are_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("another");
        let root = dir.path();
        std::fs::create_dir_all(root.join("a/b")).expect("folders");
        std::fs::write(root.join("a/x.gpg"), b"x").expect("an entry");
        std::fs::write(outside.path().join("y.gpg"), b"x").expect("an entry");
        symlink("..", root.join("a/b/up")).expect("a link");
        symlink(".", root.join("self")).expect("a link");
        symlink(root, root.join("a/b/top")).expect("a link");
        symlink(outside.path(), root.join("out")).expect("a link");
        symlink("/", root.join("machine")).expect("a link");
        symlink("a", root.join("twin")).expect("a link");
        let listing = store(root).list(&EntryPath::root());
        assert_eq!(names(&listing), ["a/x", "out/y", "twin/x"]);
        let bad: Vec<String> = reported(&listing, root).into_iter().map(|(path, _)| path).collect();
        assert_eq!(bad, ["a/b/top", "a/b/up", "machine", "self", "twin/b/top", "twin/b/up"]);
    }

    #[test]
    fn links_that_fan_out_are_bounded() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path();
        for level in 0..40 {
            let folder = root.join(format!("l{level}"));
            std::fs::create_dir(&folder).expect("a folder");
            for twin in ["p", "q"] {
                symlink(format!("../l{}", level + 1), folder.join(twin)).expect("a link");
            }
        }
        let listing = store(root).list(&EntryPath::root());
        assert!(listing.unreadable.iter().any(|bad| bad.why.contains("more than")));
    }

    #[test]
    fn a_missing_folder_is_reported() {
        let dir = tempfile::tempdir().expect("a folder");
        let listing = store(&dir.path().join("none")).list(&EntryPath::root());
        assert_eq!(listing.unreadable.len(), 1);
    }
}
