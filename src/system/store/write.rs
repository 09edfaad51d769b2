//! Changes to a store's tree: entries replaced in one step or removed, under a lock that all regpass processes share.
//! A process killed at any moment leaves the old entry or the new one, never a part.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::listing::stem;
use super::{Store, StoreError};
use crate::model::EntryPath;
use crate::system::files::{self, FileError, FolderLock};
use crate::system::options::Options;

/// How long a writer waits for the others.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// By how much a file is made newer, or older, than another one: no file system that is in use has coarser times (FAT).
const TIME_STEP: Duration = Duration::from_secs(2);

/// How often a write is tried again when another program makes or removes the same folders meanwhile.
const TRIES: usize = 5;

/// Held while a store is written; shared by all regpass processes. Released on drop.
/// The lock is on the store's own folder: root and the user who share a store share the lock, and no file is left in the
/// work tree.
#[derive(Debug)]
pub struct StoreLock {
    _held: FolderLock,
}

impl Store {
    /// Waits (bounded) for the lock that all regpass processes share on this store. Nothing is written where the person
    /// may not mean it.
    pub fn lock(&self) -> Result<StoreLock, StoreError> {
        self.check_place()?;
        match files::lock_folder(&self.root, LOCK_WAIT) {
            Ok(held) => Ok(StoreLock { _held: held }),
            Err(error) if error.is_not_found() => Err(StoreError::NoStore { root: self.root.clone() }),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces an entry in one step, making its folders. Leaves nothing behind when it fails. The answer is the file
    /// that now holds it: another one than the entry's own when that is a link, which is kept.
    pub fn write(
        &self,
        _lock: &StoreLock,
        entry: &EntryPath,
        ciphertext: &[u8],
        options: &Options,
    ) -> Result<PathBuf, StoreError> {
        self.check_unreserved(&entry.parent())?;
        let file = self.writable_file(entry)?;
        let folder = file.parent().unwrap_or(&self.root);
        let modes = Modes::of(options);
        for _ in 1..TRIES {
            match write_once(&self.root, &file, folder, ciphertext, modes) {
                Err(StoreError::File(error)) if is_race(&error) => {}
                done => return done.map(|()| file),
            }
        }
        write_once(&self.root, &file, folder, ciphertext, modes).map(|()| file)
    }

    /// Gives an entry's file a time of change after `than`, unless it has one.
    pub fn make_newer(&self, _lock: &StoreLock, entry: &EntryPath, than: SystemTime) -> Result<(), StoreError> {
        let path = entry.file(&self.root);
        let fault = |source| FileError::io("cannot set the time of", &path, source);
        let file = files::open_regular(&path)?;
        if file.metadata().and_then(|meta| meta.modified()).map_err(fault)? <= than {
            let newer = than.checked_add(TIME_STEP).ok_or_else(|| fault(io::ErrorKind::InvalidInput.into()))?;
            file.set_modified(newer).map_err(fault)?;
            if file.metadata().and_then(|meta| meta.modified()).map_err(fault)? <= than {
                return Err(fault(io::ErrorKind::Unsupported.into()).into());
            }
        }
        Ok(())
    }

    /// Gives an entry's file a time of change before `than`, unless it has one.
    pub fn make_older(&self, _lock: &StoreLock, entry: &EntryPath, than: SystemTime) -> Result<(), StoreError> {
        let path = entry.file(&self.root);
        let fault = |source| FileError::io("cannot set the time of", &path, source);
        let file = files::open_regular(&path)?;
        let is_older = || Ok(file.metadata()?.modified()? < than);
        if !is_older().map_err(fault)? {
            let older = than.checked_sub(TIME_STEP).ok_or_else(|| fault(io::ErrorKind::InvalidInput.into()))?;
            file.set_modified(older).map_err(fault)?;
            if !is_older().map_err(fault)? {
                return Err(fault(io::ErrorKind::Unsupported.into()).into());
            }
        }
        Ok(())
    }

    /// Removes an entry's file (a link itself, never its target) and the folders that it leaves empty, up to but without
    /// the store's root. False when it was not there.
    pub fn remove(&self, lock: &StoreLock, entry: &EntryPath) -> Result<bool, StoreError> {
        self.check_unreserved(&entry.parent())?;
        let file = entry.file(&self.root);
        match std::fs::remove_file(&file) {
            Ok(()) => {
                self.prune(lock, &entry.parent());
                Ok(true)
            }
            Err(error) => absent_is_false(FileError::io("cannot remove", &file, error)),
        }
    }

    /// Removes a folder and all that is in it; a link is unlinked, never followed. Folders around it stay (`prune`).
    /// False when it was not there.
    pub fn remove_folder(&self, _lock: &StoreLock, folder: &EntryPath) -> Result<bool, StoreError> {
        if folder.is_root() {
            return Err(StoreError::WholeStore(self.root.clone()));
        }
        self.check_unreserved(folder)?;
        let path = folder.folder(&self.root);
        let fault = |source| FileError::io("cannot remove", &path, source);
        let around = path.parent().unwrap_or(&self.root);
        let removed = match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_symlink() => std::fs::remove_file(&path).map_err(fault),
            Ok(meta) if !meta.is_dir() => return Ok(false),
            // Out of sight in one step, so that nobody meets half of it.
            Ok(_) => staged(&self.root, around, |staging| {
                let gone = files::temp_name(staging);
                std::fs::rename(&path, &gone).map(|()| gone).map_err(fault)
            })
            .and_then(|gone| remove_hidden(&gone, &path)),
            Err(error) => {
                // A removal that was killed has hidden it already.
                files::sweep_temps(&self.root);
                files::sweep_temps(around);
                Err(fault(error))
            }
        };
        match removed {
            Ok(()) => {
                files::sync_folder(around);
                Ok(true)
            }
            Err(error) => absent_is_false(error),
        }
    }

    /// True when a killed process left something in the making in the store's root or in `folder`.
    pub fn has_leftovers(&self, folder: &EntryPath) -> bool {
        files::has_temps(&self.root) || files::has_temps(&folder.folder(&self.root))
    }

    /// Removes `folder` and those around it as long as they are empty; never the store's root.
    pub fn prune(&self, _lock: &StoreLock, folder: &EntryPath) {
        let mut folder = folder.clone();
        while !folder.is_root() && std::fs::remove_dir(folder.folder(&self.root)).is_ok() {
            folder = folder.parent();
        }
        files::sync_folder(&folder.folder(&self.root));
    }

    /// The file to replace: the entry's own, or where its link leads inside the store.
    pub(super) fn writable_file(&self, entry: &EntryPath) -> Result<PathBuf, StoreError> {
        let file = entry.file(&self.root);
        let target = match std::fs::symlink_metadata(&file) {
            Ok(meta) if meta.is_symlink() => self.writable_target(entry, &file)?,
            Ok(_) => file,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound) => return Ok(file),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotADirectory) => return Ok(file),
            Err(error) => return Err(FileError::io("cannot write", &file, error).into()),
        };
        if target.is_file() { Ok(target) } else { Err(FileError::NotAFile { path: target }.into()) }
    }

    /// Where an entry's link leads: to an entry that the same recipients file governs, or nothing is written. Anything
    /// else would replace a file that is no entry, or shut its readers out and let others in.
    fn writable_target(&self, entry: &EntryPath, link: &Path) -> Result<PathBuf, StoreError> {
        let target = self.link_target(link)?;
        let not_an_entry = || StoreError::LinkToOther { link: link.to_owned(), target: target.clone() };
        let real = |folder: &Path| std::fs::canonicalize(folder).ok();
        let folder = entry.parent();
        let inner = match real(&folder.folder(&self.root)).and_then(|real| target.strip_prefix(real).ok()) {
            Some(rest) => folder.join(rest),
            None => {
                let rest = real(&self.root).and_then(|real| target.strip_prefix(real).ok());
                EntryPath::parse(rest.ok_or_else(not_an_entry)?)
            }
        };
        let inner = inner.map_err(|_| not_an_entry())?;
        if stem(&inner.name().to_owned()).is_none_or(|stem| stem.is_empty()) {
            return Err(not_an_entry());
        }
        self.check_unreserved(&inner.parent()).map_err(|_| not_an_entry())?;
        let (own, other) = (self.governing_file(&folder), self.governing_file(&inner.parent()));
        if own.as_deref().map(real) == other.as_deref().map(real) {
            return Ok(target);
        }
        let told = |file: Option<PathBuf>| file.unwrap_or_else(|| self.root.join(".gpg-id"));
        Err(StoreError::LinkCrosses { link: link.to_owned(), target, own: told(own), other: told(other) })
    }

    /// Refuses names that belong to git, and those under which we make things.
    pub fn check_unreserved(&self, path: &EntryPath) -> Result<(), StoreError> {
        let reserved = |part: &[u8]| part == b".git" || files::is_temp_name(OsStr::from_bytes(part));
        match path.as_bytes().split(|byte| *byte == b'/').find(|part| reserved(part)) {
            Some(_) => Err(StoreError::Reserved { path: path.folder(&self.root) }),
            None => Ok(()),
        }
    }

    /// Refuses a name under which something new would be out of sight: in a folder that no list goes into, or with a blank
    /// at the end of a part, which nobody sees and shells drop. What is there already keeps its name.
    pub fn check_new_name(&self, name: &EntryPath, is_folder: bool) -> Result<(), StoreError> {
        let mut whole = name.clone();
        while !whole.is_root() {
            let part = whole.name().as_bytes();
            let is_entry = whole == *name && !is_folder;
            if part.starts_with(b".") && !is_entry {
                return Err(StoreError::HiddenName { folder: whole });
            }
            let is_blank = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
            if (is_blank(part.first()) || is_blank(part.last())) && (is_entry || !self.has_folder(&whole)) {
                return Err(StoreError::BlankName { name: whole });
            }
            whole = whole.parent();
        }
        Ok(())
    }
}

/// The modes of what is new.
#[derive(Clone, Copy)]
pub(super) struct Modes {
    pub(super) file: u32,
    pub(super) folder: u32,
}

impl Modes {
    /// The owner is never shut out: nobody could read, or replace, what was written.
    pub(super) fn of(options: &Options) -> Modes {
        let umask = options.umask & 0o077;
        Modes { file: 0o666 & !umask, folder: 0o777 & !umask }
    }
}

/// Removes a folder that was put out of sight. What cannot be removed comes back into sight: nobody shall take for gone
/// what is still on the disk.
fn remove_hidden(gone: &Path, path: &Path) -> Result<(), FileError> {
    std::fs::remove_dir_all(gone).map_err(|source| match std::fs::rename(gone, path) {
        Ok(()) => FileError::io("cannot remove", path, source),
        Err(_) => FileError::io("cannot remove", gone, source),
    })
}

pub(super) fn write_once(
    root: &Path,
    file: &Path,
    folder: &Path,
    bytes: &[u8],
    modes: Modes,
) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(staged(root, folder, |staging| files::replace_from(staging, file, bytes, modes.file))?);
    }
    let (base, first) = nearest_folder(root, folder)?;
    staged(root, base, |staging| {
        let made = files::temp_name(staging);
        stage(&made, first, file, bytes, modes)
            .and_then(|()| {
                std::fs::rename(&made, first).map_err(|source| FileError::io("cannot make the folder", first, source))
            })
            .inspect_err(|_| {
                let _ = std::fs::remove_dir_all(&made);
            })
    })?;
    files::sync_folder(base);
    Ok(())
}

/// Does a change that goes through something in the making, which stands in the store's root: the official helper takes
/// every file of a registry's folder for a login, and fails on every folder beside the registries' that it cannot decode
/// (docker-credential-helpers v0.9.8, `pass/pass.go`, `List`). Where the root does not do (a linked folder on another file
/// system, no right to write), it stands in the change's own folder. What a killed process left in either goes first.
pub(super) fn staged<T>(
    root: &Path,
    own: &Path,
    change: impl Fn(&Path) -> Result<T, FileError>,
) -> Result<T, FileError> {
    files::sweep_temps(root);
    match change(root) {
        Err(error) if own != root && is_wrong_place(&error) => {
            files::sweep_temps(own);
            change(own)
        }
        done => done,
    }
}

fn is_wrong_place(error: &FileError) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::CrossesDevices | io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// The nearest folder that is there, and the first one below it that is not.
fn nearest_folder<'a>(root: &'a Path, folder: &'a Path) -> Result<(&'a Path, &'a Path), StoreError> {
    let mut missing = folder;
    while missing != root {
        let base = missing.parent().unwrap_or(root);
        match std::fs::metadata(base) {
            Ok(meta) if meta.is_dir() && std::fs::symlink_metadata(missing).is_err() => return Ok((base, missing)),
            Ok(meta) if meta.is_dir() => return Err(StoreError::NotAFolder { path: missing.to_owned() }),
            Ok(_) => return Err(StoreError::NotAFolder { path: base.to_owned() }),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                missing = base;
            }
            Err(source) => return Err(FileError::io("cannot look at", base, source).into()),
        }
    }
    Err(StoreError::NoStore { root: root.to_owned() })
}

/// Makes under the name `staged` what is to become the folder `first`: all folders down to `file`, and the file. Renamed
/// into place as a whole, a new folder is never seen empty.
fn stage(staged: &Path, first: &Path, file: &Path, bytes: &[u8], modes: Modes) -> Result<(), FileError> {
    let fault = |source| FileError::io("cannot make the folder", first, source);
    let inner = file.strip_prefix(first).unwrap_or(file);
    let folder = staged.join(inner.parent().unwrap_or(Path::new("")));
    let mut made = staged.to_owned();
    make_folder(&made, 0o700).map_err(fault)?;
    for part in folder.strip_prefix(staged).unwrap_or(Path::new("")) {
        made.push(part);
        make_folder(&made, 0o700).map_err(fault)?;
    }
    files::create_for(file, &staged.join(inner), bytes, modes.file)?;
    for made in folder.ancestors().take_while(|made| made.starts_with(staged)) {
        set_mode(made, modes.folder).map_err(fault)?;
        files::sync_folder(made);
    }
    Ok(())
}

pub(super) fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)?;
    set_mode(path, mode)
}

/// The mode is set, not asked for, because the process's own umask counts too; setgid is the folder's own.
fn set_mode(folder: &Path, mode: u32) -> io::Result<()> {
    let kept = std::fs::metadata(folder)?.permissions().mode() & 0o7000;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(kept | mode))
}

/// Another program made or removed a folder on the way, or took the name.
fn is_race(error: &FileError) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty)
}

fn absent_is_false(error: FileError) -> Result<bool, StoreError> {
    if error.is_not_found() || error.kind() == io::ErrorKind::InvalidFilename { Ok(false) } else { Err(error.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::Typed;
    use std::os::unix::fs::symlink;

    fn options(umask: &str) -> Options {
        let vars = [("HOME", "/nonexistent"), ("PASSWORD_STORE_UMASK", umask)];
        Options::resolve(&Typed::default(), &Env::made_of(vars)).expect("options")
    }

    fn store(root: &Path) -> Store {
        Store { mount: EntryPath::root(), root: root.to_owned(), index: 0, doubt: None }
    }

    fn path(name: &str) -> EntryPath {
        EntryPath::parse(name).expect("a name")
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).expect("meta").permissions().mode() & 0o777
    }

    /// Everything below a folder, relative, sorted.
    fn tree(root: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            for item in std::fs::read_dir(&folder).expect("a folder") {
                let item = item.expect("an item");
                found.push(item.path().strip_prefix(root).expect("below").to_string_lossy().into_owned());
                if item.file_type().expect("a kind").is_dir() {
                    waiting.push(item.path());
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn writes_with_folders_and_modes() {
        let dir = tempfile::tempdir().expect("a store");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        let file = store.write(&lock, &path("a/b/c"), b"one", &options("077")).expect("written");
        assert_eq!(file, dir.path().join("a/b/c.gpg"));
        store.write(&lock, &path("a/b/c"), b"two", &options("077")).expect("replaced");
        store.write(&lock, &path("open/x"), b"one", &options("022")).expect("written");
        for umask in ["777", "700", "300"] {
            let file = store.write(&lock, &path("shut/in/x"), b"one", &options(umask)).expect("written");
            let modes = [mode(&file), mode(&dir.path().join("shut/in"))].map(|mode| mode & 0o700);
            assert_eq!(modes, [0o600, 0o700], "{umask}");
            assert!(store.remove(&lock, &path("shut/in/x")).expect("removed"));
        }
        assert_eq!(std::fs::read(&file).expect("read"), b"two");
        assert_eq!([mode(&file), mode(&dir.path().join("a")), mode(&dir.path().join("a/b"))], [0o600, 0o700, 0o700]);
        assert_eq!([mode(&dir.path().join("open/x.gpg")), mode(&dir.path().join("open"))], [0o644, 0o755]);
        assert_eq!(tree(dir.path()), ["a", "a/b", "a/b/c.gpg", "open", "open/x.gpg"]);
    }

    #[test]
    fn names_that_nobody_would_see_are_for_what_is_there_already() {
        let dir = tempfile::tempdir().expect("a store");
        std::fs::create_dir_all(dir.path().join("was there ")).expect("a folder");
        let store = store(dir.path());
        for name in [".hid/x", "a/.hid/x", " a", "a ", "a/ b", "b /x", "\ta"] {
            assert!(store.check_new_name(&path(name), false).is_err(), "{name:?}");
        }
        assert!(store.check_new_name(&path(".hid"), true).is_err());
        for name in ["-x", "a/-x", "project/.env", "a b", "was there /x", "..."] {
            assert!(store.check_new_name(&path(name), false).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn failures_leave_nothing() {
        let dir = tempfile::tempdir().expect("a store");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        std::fs::write(dir.path().join("file"), b"x").expect("a file");
        std::fs::create_dir_all(dir.path().join("d.gpg")).expect("a folder");
        let before = tree(dir.path());
        let long = format!("new/deep/{}", "n".repeat(252));
        for name in ["file/x", "file/y/x", "d", &long, &format!("{}/x", "n".repeat(256))] {
            assert!(store.write(&lock, &path(name), b"x", &options("077")).is_err(), "{name}");
            assert_eq!(tree(dir.path()), before, "{name}");
        }
        let gone = Store { mount: EntryPath::root(), root: dir.path().join("none"), index: 0, doubt: None };
        assert!(matches!(gone.lock(), Err(StoreError::NoStore { .. })));
        assert!(matches!(gone.write(&lock, &path("a"), b"x", &options("077")), Err(StoreError::NoStore { .. })));
    }

    #[test]
    fn links_are_kept_inside_and_refused_outside() {
        let dir = tempfile::tempdir().expect("a store");
        let outside = tempfile::tempdir().expect("another folder");
        std::fs::write(outside.path().join("o.gpg"), b"theirs").expect("a file");
        std::fs::write(dir.path().join("real.gpg"), b"old").expect("a file");
        symlink("real.gpg", dir.path().join("in.gpg")).expect("a link");
        symlink(outside.path().join("o.gpg"), dir.path().join("out.gpg")).expect("a link");
        symlink("nowhere", dir.path().join("gone.gpg")).expect("a link");
        symlink(outside.path(), dir.path().join("folder")).expect("a link");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        let write = |name: &str| store.write(&lock, &path(name), b"new", &options("077"));
        let real = std::fs::canonicalize(dir.path()).expect("a path").join("real.gpg");
        assert_eq!(write("in").expect("written"), real);
        assert_eq!(std::fs::read(dir.path().join("real.gpg")).expect("read"), b"new");
        assert!(std::fs::symlink_metadata(dir.path().join("in.gpg")).expect("meta").is_symlink());
        assert!(matches!(write("out"), Err(StoreError::LinkLeaves { .. })));
        assert!(matches!(write("gone"), Err(StoreError::LinkDangles { .. })));
        assert_eq!(std::fs::read(outside.path().join("o.gpg")).expect("read"), b"theirs");
        // A folder that is a link is one folder of the store, as for pass.
        write("folder/sub/x").expect("written");
        assert!(outside.path().join("sub/x.gpg").is_file());
    }

    #[test]
    fn removing_prunes_up_to_the_root() {
        let dir = tempfile::tempdir().expect("a store");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        store.write(&lock, &path("a/b/c"), b"x", &options("077")).expect("written");
        store.write(&lock, &path("a/d"), b"x", &options("077")).expect("written");
        assert!(store.remove(&lock, &path("a/b/c")).expect("removed"));
        assert_eq!(tree(dir.path()), ["a", "a/d.gpg"]);
        assert!(!store.remove(&lock, &path("a/b/c")).expect("absent"));
        assert!(!store.remove(&lock, &path("a/d/e")).expect("absent"));
        assert!(store.remove(&lock, &path("a/d")).expect("removed"));
        assert!(tree(dir.path()).is_empty());
    }

    #[test]
    fn folders_go_whole_and_links_are_unlinked() {
        let dir = tempfile::tempdir().expect("a store");
        let outside = tempfile::tempdir().expect("another folder");
        std::fs::write(outside.path().join("keep.gpg"), b"x").expect("a file");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        for name in ["a/b/c", "a/d", "z"] {
            store.write(&lock, &path(name), b"x", &options("077")).expect("written");
        }
        symlink(outside.path(), dir.path().join("link")).expect("a link");
        symlink(outside.path(), dir.path().join("a/link")).expect("a link");
        assert!(store.remove_folder(&lock, &path("link")).expect("unlinked"));
        assert!(store.remove_folder(&lock, &path("a")).expect("removed"));
        assert!(!store.remove_folder(&lock, &path("a")).expect("absent"));
        assert!(!store.remove_folder(&lock, &path("z.gpg")).expect("no folder"));
        assert!(matches!(store.remove_folder(&lock, &EntryPath::root()), Err(StoreError::WholeStore(_))));
        assert_eq!(tree(dir.path()), ["z.gpg"]);
        assert!(outside.path().join("keep.gpg").is_file());
    }

    #[test]
    fn what_cannot_be_removed_comes_back_into_sight() {
        let dir = tempfile::tempdir().expect("a store");
        let (hidden, own) = (files::temp_name(dir.path()), dir.path().join("a"));
        // A file in a folder's place fails for root too, where rights would not stop it.
        std::fs::write(&hidden, b"x").expect("a file");
        let error = remove_hidden(&hidden, &own).expect_err("no folder");
        assert!(error.to_string().contains("/a\""), "{error}");
        assert_eq!(tree(dir.path()), ["a"]);
        std::fs::write(&hidden, b"x").expect("a file");
        std::fs::remove_file(&own).expect("removed");
        std::fs::create_dir(&own).expect("a folder that another made meanwhile");
        let error = remove_hidden(&hidden, &own).expect_err("no folder");
        assert!(error.to_string().contains(".regpass-"), "{error}");
    }

    #[test]
    fn removing_what_a_killed_removal_hid_sweeps_it() {
        let dir = tempfile::tempdir().expect("a store");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        std::fs::create_dir(dir.path().join("d")).expect("a folder");
        assert!(!store.has_leftovers(&path("d")));
        for around in [dir.path().to_owned(), dir.path().join("d")] {
            let hidden = files::temp_name(&around);
            std::fs::create_dir(&hidden).expect("a leftover");
            std::fs::write(hidden.join("u.gpg"), b"x").expect("its content");
            assert!(store.has_leftovers(&path("d")));
            assert!(!store.remove_folder(&lock, &path("d/h")).expect("absent"));
            assert_eq!(tree(dir.path()), ["d"]);
        }
    }

    #[test]
    fn the_next_write_sweeps_what_a_killed_one_left() {
        let dir = tempfile::tempdir().expect("a store");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        store.write(&lock, &path("a/x"), b"x", &options("077")).expect("written");
        std::fs::write(files::temp_name(dir.path()), b"part").expect("a leftover");
        let leftover = files::temp_name(dir.path());
        std::fs::create_dir(&leftover).expect("a leftover folder");
        std::fs::write(leftover.join("y.gpg"), b"part").expect("a leftover");
        store.write(&lock, &path("a/x"), b"y", &options("077")).expect("written");
        assert_eq!(tree(dir.path()), ["a", "a/x.gpg"]);
    }

    #[test]
    fn a_link_is_written_through_only_to_an_entry_of_the_same_readers() {
        let dir = tempfile::tempdir().expect("a store");
        let at = |name: &str| dir.path().join(name);
        for folder in ["d", "same", "priv", ".git"] {
            std::fs::create_dir(at(folder)).expect("a folder");
        }
        for file in [".gpg-id", "same/x.gpg", "priv/.gpg-id", "priv/x.gpg", ".git/x.gpg", "d/.gpg", "d/note"] {
            std::fs::write(at(file), b"old").expect("a file");
        }
        let targets = ["../same/x.gpg", "../priv/x.gpg", "../.gpg-id", "../.git/x.gpg", ".gpg", "note"];
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        let answers = targets.map(|target| {
            symlink(target, at("d/u.gpg")).expect("a link");
            let answer = store.write(&lock, &path("d/u"), b"new", &options("077"));
            std::fs::remove_file(at("d/u.gpg")).expect("the link is kept");
            let content = std::fs::read(at("d").join(target)).expect("read");
            assert_eq!(content, if answer.is_ok() { b"new" } else { b"old" }, "{target}");
            answer
        });
        assert!(answers[0].is_ok(), "{answers:?}");
        assert!(matches!(answers[1], Err(StoreError::LinkCrosses { .. })), "{answers:?}");
        assert!(answers[2..].iter().all(|answer| matches!(answer, Err(StoreError::LinkToOther { .. }))), "{answers:?}");
    }

    #[test]
    fn names_of_git_and_of_things_in_the_making_are_refused() {
        let dir = tempfile::tempdir().expect("a store");
        std::fs::create_dir(dir.path().join(".git")).expect("a folder");
        std::fs::write(dir.path().join(".git/x.gpg"), b"x").expect("a file");
        let store = store(dir.path());
        let lock = store.lock().expect("locked");
        for name in [".git/x", "a/.git/x", ".regpass-1-2.tmp/x", "a/.regpass-1-2.tmp/x"] {
            let answer = store.write(&lock, &path(name), b"new", &options("077"));
            assert!(matches!(answer, Err(StoreError::Reserved { .. })), "{name}");
        }
        assert!(matches!(store.remove(&lock, &path(".git/x")), Err(StoreError::Reserved { .. })));
        assert!(matches!(store.remove_folder(&lock, &path(".git")), Err(StoreError::Reserved { .. })));
        assert_eq!(tree(dir.path()), [".git", ".git/x.gpg"]);
        store.write(&lock, &path(".regpass-notes.tmp/secret"), b"x", &options("077")).expect("a name of the person's");
        store.write(&lock, &path("y"), b"x", &options("077")).expect("written");
        assert!(dir.path().join(".regpass-notes.tmp/secret.gpg").is_file());
    }
}
