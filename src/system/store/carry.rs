//! What a folder holds, and its way to another name: files copied as they are, links that still lead where they led,
//! whole folders renamed. Decrypts and decides nothing; which message must be encrypted anew is `ops`.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use super::listing::stem;
use super::write::{Modes, make_folder, staged, write_once};
use super::{ENTRY_MAX, Store, StoreError, StoreLock};
use crate::model::EntryPath;
use crate::system::files::{self, FileError};
use crate::system::options::Options;

/// One thing in a folder, named by its whole file name below the store's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    pub path: EntryPath,
    pub kind: ContentKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// A regular file with an entry's name.
    Entry,
    /// Any other regular file: `.gpg-id`, notes.
    File,
    Link,
}

/// What stands in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Nothing,
    File,
    Folder,
    Link,
    Other,
}

impl Content {
    /// The name that an entry of this file has.
    pub fn entry(&self) -> Option<EntryPath> {
        let stem: OsString = stem(&self.path.name().to_owned())?;
        self.path.parent().join(stem).ok()
    }
}

impl Store {
    /// Everything below a folder, hidden things included, links not followed; all of it or an error. A repository in it
    /// is one: a work tree is not carried about behind git's back.
    pub fn contents(&self, folder: &EntryPath) -> Result<Vec<Content>, StoreError> {
        self.check_unreserved(folder)?;
        let mut found = Vec::new();
        let mut waiting = vec![folder.clone()];
        while let Some(folder) = waiting.pop() {
            let path = folder.folder(&self.root);
            let fault = |source| FileError::io("cannot read the folder", &path, source);
            for item in std::fs::read_dir(&path).map_err(fault)? {
                let item = item.map_err(fault)?;
                let inner = folder.join(item.file_name())?;
                match self.standing(&inner)? {
                    Standing::Folder => {
                        self.check_unreserved(&inner)?;
                        waiting.push(inner);
                    }
                    Standing::Link => found.push(Content { path: inner, kind: ContentKind::Link }),
                    Standing::File if item.file_name() == ".git" => {
                        return Err(StoreError::Reserved { path: item.path() });
                    }
                    Standing::File if stem(&item.file_name()).is_some_and(|stem| !stem.is_empty()) => {
                        found.push(Content { path: inner, kind: ContentKind::Entry });
                    }
                    Standing::File => found.push(Content { path: inner, kind: ContentKind::File }),
                    Standing::Other => return Err(FileError::NotAFile { path: item.path() }.into()),
                    Standing::Nothing => {}
                }
            }
        }
        found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    /// What stands at a file name below the root; a link is not followed.
    pub fn standing(&self, file: &EntryPath) -> Result<Standing, StoreError> {
        let path = file.folder(&self.root);
        match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_symlink() => Ok(Standing::Link),
            Ok(meta) if meta.is_dir() => Ok(Standing::Folder),
            Ok(meta) if meta.is_file() => Ok(Standing::File),
            Ok(_) => Ok(Standing::Other),
            Err(source) => {
                let error = FileError::io("cannot look at", &path, source);
                if error.is_not_found() { Ok(Standing::Nothing) } else { Err(error.into()) }
            }
        }
    }

    /// The bytes of any regular file below the root.
    pub fn read_file(&self, file: &EntryPath) -> Result<Vec<u8>, StoreError> {
        Ok(files::read_bounded(&file.folder(&self.root), ENTRY_MAX)?)
    }

    /// Puts a file's bytes and time of change under another name in one step, making its folders. What stands there is
    /// replaced, a link itself too.
    pub fn carry(
        &self,
        _lock: &StoreLock,
        from: &Path,
        to: &EntryPath,
        options: &Options,
    ) -> Result<PathBuf, StoreError> {
        self.check_unreserved(to)?;
        let bytes = files::read_bounded(from, ENTRY_MAX)?;
        let file = to.folder(&self.root);
        write_once(&self.root, &file, file.parent().unwrap_or(&self.root), &bytes, Modes::of(options))?;
        files::keep_time(&file, files::modified(from));
        Ok(file)
    }

    /// Makes a link that leads where the link `from` leads. A relative one inside `moved`, the folder that goes along
    /// with it, stays as it is written.
    pub fn carry_link(
        &self,
        _lock: &StoreLock,
        from: &Path,
        to: &EntryPath,
        moved: Option<&Path>,
        options: &Options,
    ) -> Result<PathBuf, StoreError> {
        self.check_unreserved(to)?;
        let link = to.folder(&self.root);
        let folder = link.parent().unwrap_or(&self.root);
        make_folders(&self.root, folder, Modes::of(options))?;
        let target = link_text(from, folder, moved)?;
        let fault = |source| FileError::io("cannot make the link", &link, source);
        staged(&self.root, folder, |staging| {
            let temp = files::temp_name(staging);
            symlink(&target, &temp).map_err(fault)?;
            std::fs::rename(&temp, &link).map_err(fault).inspect_err(|_| {
                let _ = std::fs::remove_file(&temp);
            })
        })?;
        files::sync_folder(folder);
        Ok(link)
    }

    /// Gives a folder another name in one step. False when that cannot be done: another file system, or something
    /// stands there.
    pub fn rename_folder(
        &self,
        lock: &StoreLock,
        from: &EntryPath,
        to: &EntryPath,
        options: &Options,
    ) -> Result<bool, StoreError> {
        self.check_unreserved(from)?;
        self.check_unreserved(to)?;
        let target = to.folder(&self.root);
        let around = target.parent().unwrap_or(&self.root);
        make_folders(&self.root, around, Modes::of(options))?;
        if std::fs::rename(from.folder(&self.root), &target).is_err() {
            self.prune(lock, &to.parent());
            return Ok(false);
        }
        files::sync_folder(around);
        self.prune(lock, &from.parent());
        Ok(true)
    }
}

/// Makes the folders down to `folder` that are not there.
fn make_folders(root: &Path, folder: &Path, modes: Modes) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent().filter(|parent| parent.starts_with(root)) {
        make_folders(root, parent, modes)?;
    }
    make_folder(folder, modes.folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::NotAFolder { path: folder.to_owned() },
        _ => FileError::io("cannot make the folder", folder, error).into(),
    })
}

/// What a link in `folder` must say to lead where `from` leads.
fn link_text(from: &Path, folder: &Path, moved: Option<&Path>) -> Result<PathBuf, StoreError> {
    let fault = |source| FileError::io("cannot read the link", from, source);
    let target = std::fs::read_link(from).map_err(fault)?;
    if target.is_absolute() {
        return Ok(target);
    }
    let own = std::fs::canonicalize(from.parent().unwrap_or(Path::new("/"))).map_err(fault)?;
    let leads_to = normal(&own.join(&target));
    if moved.and_then(|moved| std::fs::canonicalize(moved).ok()).is_some_and(|moved| leads_to.starts_with(moved)) {
        return Ok(target);
    }
    Ok(relative(&std::fs::canonicalize(folder).map_err(fault)?, &leads_to))
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// The way from a folder to a file, both absolute and normal.
fn relative(folder: &Path, file: &Path) -> PathBuf {
    let common = folder.components().zip(file.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    up.chain(file.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::Typed;

    fn store(root: &Path) -> Store {
        Store { mount: EntryPath::root(), root: root.to_owned(), index: 0, doubt: None }
    }

    fn path(name: &str) -> EntryPath {
        EntryPath::parse(name).expect("a name")
    }

    fn options() -> Options {
        Options::resolve(&Typed::default(), &Env::made_of([("HOME", "/nonexistent")])).expect("options")
    }

    #[test]
    fn contents_are_everything_and_links_are_not_followed() {
        let dir = tempfile::tempdir().expect("a store");
        for name in ["a/.hidden/x.gpg", "a/b.gpg", "a/.gpg-id", "a/notes.txt", "a/.gpg", "c.gpg"] {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
            std::fs::write(file, b"x").expect("a file");
        }
        symlink("..", dir.path().join("a/up")).expect("a link");
        let store = store(dir.path());
        let found = store.contents(&path("a")).expect("readable");
        let found: Vec<_> = found.iter().map(|one| (one.path.display().into_owned(), one.kind)).collect();
        let expected = [
            ("a/.gpg", ContentKind::File),
            ("a/.gpg-id", ContentKind::File),
            ("a/.hidden/x.gpg", ContentKind::Entry),
            ("a/b.gpg", ContentKind::Entry),
            ("a/notes.txt", ContentKind::File),
            ("a/up", ContentKind::Link),
        ];
        assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)));
        std::fs::create_dir(dir.path().join("a/.git")).expect("a repository");
        assert!(matches!(store.contents(&path("a")), Err(StoreError::Reserved { .. })));
    }

    #[test]
    fn links_lead_where_they_led() {
        let dir = tempfile::tempdir().expect("a store");
        std::fs::create_dir_all(dir.path().join("a/b")).expect("folders");
        for name in ["x.gpg", "a/y.gpg"] {
            std::fs::write(dir.path().join(name), name).expect("a file");
        }
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        let carried = |text: &str, moved: Option<&Path>, to: &str| {
            let from = dir.path().join("a/b/l.gpg");
            let _ = std::fs::remove_file(&from);
            symlink(text, &from).expect("a link");
            let link = store.carry_link(&lock, &from, &path(to), moved, &options()).expect("carried");
            std::fs::read_link(link).expect("a link").to_string_lossy().into_owned()
        };
        assert_eq!(carried("../../x.gpg", None, "n/m/k/l.gpg"), "../../../x.gpg");
        assert_eq!(carried("../y.gpg", None, "l.gpg"), "a/y.gpg");
        assert_eq!(carried("../y.gpg", Some(&dir.path().join("a")), "z/b/l.gpg"), "../y.gpg");
        assert_eq!(carried("/abs/x.gpg", None, "l.gpg"), "/abs/x.gpg");
        assert_eq!(std::fs::read(dir.path().join("n/m/k/l.gpg")).expect("followed"), b"x.gpg");
    }

    #[test]
    fn a_copy_keeps_bytes_and_time() {
        let dir = tempfile::tempdir().expect("a store");
        let from = dir.path().join("a.gpg");
        std::fs::write(&from, b"x").expect("a file");
        let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        std::fs::File::open(&from).expect("open").set_modified(then).expect("a time");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        let file = store.carry(&lock, &from, &path("n/m/b.gpg"), &options()).expect("carried");
        assert_eq!(std::fs::read(&file).expect("there"), b"x");
        assert_eq!(std::fs::metadata(&file).and_then(|meta| meta.modified()).expect("a time"), then);
        for name in [".git/x.gpg", "a/.git"] {
            let refused = store.carry(&lock, &from, &path(name), &options());
            assert!(matches!(refused, Err(StoreError::Reserved { .. })), "{name}");
        }
    }
}
