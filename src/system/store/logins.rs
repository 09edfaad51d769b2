//! The registry logins of a store as files: which registries have a folder, and whose logins are in it. Nothing is
//! decrypted; which of several logins counts is `ops`.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags};

use super::listing::stem;
use super::{Store, StoreError, Unreadable, layout};
use crate::model::{EntryPath, Login, RegistryKey, text};
use crate::system::files::{self, FileError};

/// How deep the official helper's nested user names (`a/b/c`) are read.
const NESTED_MAX: usize = 8;

/// From how many registries on more than one thread looks: below, starting one takes longer than the looking.
const PARALLEL_FROM: usize = 2_000;

/// More threads than this only wait for the same file system.
const THREADS_MAX: usize = 4;

/// One user's login at one registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginFile {
    pub login: Login,
    pub entry: EntryPath,
    /// True for a file right in the registry's folder; false for the official helper's nested form of a user `a/b`, and for
    /// a login that is kept aside.
    pub flat: bool,
}

/// The logins in one registry's folder, in no order.
#[derive(Debug, Default)]
pub struct Logins {
    pub files: Vec<LoginFile>,
    pub unreadable: Vec<Unreadable>,
}

/// Registries that have at least one login.
#[derive(Debug, Default)]
pub struct RegistryListing {
    /// Bytewise by key.
    pub registries: Vec<(RegistryKey, Vec<LoginFile>)>,
    pub unreadable: Vec<Unreadable>,
}

impl Store {
    /// The logins of exactly this server string. A registry without a folder has none: one look-up, and a server string
    /// too long for a folder name cannot have one.
    pub fn logins(&self, key: &RegistryKey) -> Result<Logins, StoreError> {
        let mut logins = Logins::default();
        let Ok(folder) = layout::registry_folder(key) else { return Ok(logins) };
        let path = folder.folder(&self.root);
        match open(CWD, path.as_os_str()).and_then(|opened| read_logins(self, &folder, opened, &mut logins)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(logins),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                self.check_helper_folder()?;
                Ok(logins)
            }
            Err(source) => Err(FileError::io("cannot read", &path, source).into()),
            Ok(()) => Ok(logins),
        }
    }

    /// Every registry with a login. What is in the way (strange names, unreadable folders) is reported beside them.
    pub fn registries(&self) -> Result<RegistryListing, StoreError> {
        let mut listing = RegistryListing::default();
        let helper = layout::helper_folder()?;
        let path = helper.folder(&self.root);
        let opened = match open(CWD, path.as_os_str()) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(listing),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                self.check_helper_folder()?;
                return Ok(listing);
            }
            Err(source) => return Err(FileError::io("cannot read", &path, source).into()),
        };
        let fault = |source| FileError::io("cannot read", &path, source);
        let folders = items(opened.try_clone().map_err(fault)?).map_err(fault)?;
        let folders: Vec<Item> = folders.collect::<io::Result<_>>().map_err(fault)?;
        let look = |folders: &[Item]| {
            let mut part = RegistryListing::default();
            folders.iter().for_each(|item| self.add_registry(&helper, &opened, item, &mut part));
            part
        };
        for part in in_parts(&folders, look) {
            listing.registries.extend(part.registries);
            listing.unreadable.extend(part.unreadable);
        }
        listing.registries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(listing)
    }

    fn add_registry(&self, helper: &EntryPath, opened: &OwnedFd, item: &Item, listing: &mut RegistryListing) {
        let Item { name, kind } = item;
        // `.gpg-id`, `.git` and their like belong to pass and git.
        if name.as_bytes().starts_with(b".") {
            return;
        }
        let path = || helper.folder(&self.root).join(name);
        let mut report = |why: &str| listing.unreadable.push(Unreadable { path: path(), why: why.to_owned() });
        let key = match layout::registry_of(name.as_bytes()) {
            _ if !matches!(kind, FileType::Directory | FileType::Symlink | FileType::Unknown) => {
                return report("not a registry's folder");
            }
            None => return report("its name is not a registry's in base64"),
            Some(key) if !layout::is_printable(&key) => return report("its name decodes to unprintable text"),
            Some(key) => key,
        };
        let Ok(folder) = helper.join(name) else { return };
        let mut logins = Logins::default();
        match open(opened, name).and_then(|opened| read_logins(self, &folder, opened, &mut logins)) {
            Ok(()) if logins.files.is_empty() => {}
            Ok(()) => listing.registries.push((key, logins.files)),
            Err(error) => {
                let why = text::escaped(error.to_string().as_bytes()).into_owned();
                logins.unreadable.push(Unreadable { path: path(), why });
            }
        }
        listing.unreadable.append(&mut logins.unreadable);
    }

    /// An error when `docker-credential-helpers` is there and no folder, or cannot be looked at.
    fn check_helper_folder(&self) -> Result<(), StoreError> {
        let path = layout::helper_folder()?.folder(&self.root);
        match std::fs::metadata(&path) {
            Ok(meta) if !meta.is_dir() => Err(StoreError::NotAFolder { path }),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(FileError::io("cannot look at", &path, source).into()),
        }
    }
}

/// `look` at all of them: by one thread a processor where there are thousands, because each is a wait for the file system.
/// Ordinary stores start no thread.
fn in_parts<T: Sync, R: Send>(all: &[T], look: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    if all.len() < PARALLEL_FROM || threads == 1 {
        return vec![look(all)];
    }
    std::thread::scope(|scope| {
        let mut parts = all.chunks(all.len().div_ceil(threads));
        let own = parts.next().unwrap_or_default();
        let others: Vec<_> = parts.map(|part| (part, scope.spawn(|| look(part)))).collect();
        let mut done = vec![look(own)];
        // A thread that could not finish leaves its part to this one.
        done.extend(others.into_iter().map(|(part, thread)| thread.join().unwrap_or_else(|_| look(part))));
        done
    })
}

/// One name in a folder. Read without the standard library's look at every folder it opens: a list opens thousands.
struct Item {
    name: OsString,
    kind: FileType,
}

fn open(base: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(base, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?)
}

fn items(folder: OwnedFd) -> io::Result<impl Iterator<Item = io::Result<Item>>> {
    Ok(Dir::new(folder)?.filter_map(|item| match item {
        Ok(item) => {
            let name = OsStr::from_bytes(item.file_name().to_bytes());
            (name != "." && name != "..").then(|| Ok(Item { name: name.to_owned(), kind: item.file_type() }))
        }
        Err(error) => Some(Err(error.into())),
    }))
}

fn read_logins(store: &Store, folder: &EntryPath, opened: OwnedFd, logins: &mut Logins) -> io::Result<()> {
    for item in items(opened)? {
        let item = item?;
        let name = &item.name;
        let path = || folder.folder(&store.root).join(name);
        match kind_of(&item, path) {
            Kind::File => match stem(name).filter(|stem| !stem.is_empty()) {
                Some(stem) => add_flat(folder, &stem, logins),
                None if is_expected_stray(name) => {}
                None => report(logins, path(), "not an entry"),
            },
            Kind::Folder if name == ".git" || files::is_temp_name(name) => {}
            // Through a link to a folder around it, or out of the store, all below would pass for this registry's logins.
            Kind::Folder if folder.folder(&store.root).is_symlink() => report(logins, path(), "a folder behind a link"),
            Kind::Folder => {
                let before = logins.files.len();
                read_nested(store, folder, &folder.join(name).map_err(io::Error::other)?, 1, logins);
                if logins.files.len() == before {
                    report(logins, path(), "a folder without a login");
                }
            }
            Kind::Odd(why) if stem(name).is_some() => report(logins, path(), why),
            Kind::Odd(_) => {}
        }
    }
    Ok(())
}

fn add_flat(folder: &EntryPath, stem: &OsString, logins: &mut Logins) {
    // Joined to the folder, `.` would mean the folder itself; the official helper never fetches it either.
    if let Ok(entry) = folder.join(stem) {
        logins.files.push(LoginFile { login: layout::user_of(stem.as_bytes()), entry, flat: true });
    }
}

/// Folders below a registry's: the official helper keeps user `a/b` as `a/b.gpg`. Links to folders are not followed here.
fn read_nested(store: &Store, registry: &EntryPath, folder: &EntryPath, depth: usize, logins: &mut Logins) {
    let path = folder.folder(&store.root);
    let items = match open(CWD, path.as_os_str()).and_then(items) {
        Ok(items) if depth <= NESTED_MAX => items,
        Ok(_) => return report(logins, path, "nested too deep"),
        Err(error) => return report(logins, path, &text::escaped(error.to_string().as_bytes())),
    };
    for item in items.flatten() {
        match (kind_of(&item, || path.join(&item.name)), stem(&item.name)) {
            (Kind::File, Some(stem)) => {
                let Ok(entry) = folder.join(stem) else { continue };
                if layout::is_aside(&entry) && folder.parent() == *registry {
                    let login = layout::user_of(entry.name().as_bytes());
                    logins.files.push(LoginFile { login, entry, flat: false });
                } else if let Some(user) = entry.below(registry) {
                    let login = Login::new(String::from_utf8_lossy(user.as_bytes()));
                    logins.files.push(LoginFile { login, entry, flat: false });
                }
            }
            (Kind::Folder, _) if item.name != ".git" => {
                if let Ok(inner) = folder.join(&item.name) {
                    read_nested(store, registry, &inner, depth + 1, logins);
                }
            }
            _ => {}
        }
    }
}

enum Kind {
    File,
    Folder,
    Odd(&'static str),
}

/// What an item is, links followed for files only. Some file systems do not tell in a listing: they are asked.
fn kind_of(item: &Item, path: impl Fn() -> PathBuf) -> Kind {
    let kind = match item.kind {
        FileType::Unknown => told_kind(&path()),
        kind => kind,
    };
    match kind {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Folder,
        FileType::Symlink => match std::fs::metadata(path()) {
            Ok(meta) if meta.is_file() => Kind::File,
            Ok(_) => Kind::Odd("a link to something that is not a file"),
            Err(_) => Kind::Odd("a link to nothing"),
        },
        _ => Kind::Odd("not a regular file"),
    }
}

fn told_kind(path: &Path) -> FileType {
    rustix::fs::lstat(path).map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode))
}

/// Files that pass, gopass, git and regpass themselves keep beside entries.
fn is_expected_stray(name: &OsString) -> bool {
    files::is_temp_name(name) || name.as_bytes().starts_with(b".gpg-id") || name.as_bytes().starts_with(b".git")
}

fn report(logins: &mut Logins, path: PathBuf, why: &str) {
    logins.unreadable.push(Unreadable { path, why: why.to_owned() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole() {
        for count in [0, 1, PARALLEL_FROM - 1, PARALLEL_FROM, PARALLEL_FROM * 2 + 1] {
            let all: Vec<usize> = (0..count).collect();
            let seen: Vec<usize> = in_parts(&all, <[usize]>::to_vec).concat();
            assert_eq!(seen, all);
        }
    }
    use std::os::unix::fs::symlink;

    fn store(root: &Path) -> Store {
        Store { mount: EntryPath::root(), root: root.to_owned(), index: 0, doubt: None }
    }

    fn put(root: &Path, file: &str) {
        let file = root.join("docker-credential-helpers").join(file);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, b"x").expect("a file");
    }

    fn users(logins: &[LoginFile]) -> Vec<&str> {
        let mut users: Vec<&str> = logins.iter().map(|file| file.login.as_str()).collect();
        users.sort_unstable();
        users
    }

    #[test]
    fn only_entries_in_a_registry_s_folder_are_logins() {
        let dir = tempfile::tempdir().expect("a store");
        for file in [
            "aA==/alice.gpg",
            "aA==/.hidden.gpg",
            "aA==/.gpg",
            "aA==/.gpg-id",
            "aA==/README",
            "aA==/a%2Fb.gpg",
            "aA==/nested/c.gpg",
            "aA==/.git/d.gpg",
            "aA==/stray/note.txt",
            "aA==/.regpass-1-0.tmp",
        ] {
            put(dir.path(), file);
        }
        symlink("nowhere", dir.path().join("docker-credential-helpers/aA==/gone.gpg")).expect("a link");
        symlink("alice.gpg", dir.path().join("docker-credential-helpers/aA==/twin.gpg")).expect("a link");
        let logins = store(dir.path()).logins(&RegistryKey::new("h")).expect("read");
        assert_eq!(users(&logins.files), [".hidden", "a/b", "alice", "nested/c", "twin"]);
        assert_eq!(logins.files.iter().filter(|file| !file.flat).count(), 1);
        let bad: Vec<_> = logins.unreadable.iter().filter_map(|bad| bad.path.file_name()?.to_str()).collect();
        assert_eq!(bad.len(), 4, "{bad:?}");
        for name in [".gpg", "README", "stray", "gone.gpg"] {
            assert!(bad.contains(&name), "{name} in {bad:?}");
        }
    }

    #[test]
    fn strange_neighbours_never_break_the_list() {
        let dir = tempfile::tempdir().expect("a store");
        for file in [
            "aA==/alice.gpg",
            "aB==/x.gpg",
            "email/x.gpg",
            "work/x.gpg",
            ".git/x",
            ".gpg-id",
            "README",
            "aHR0cDovL2g=/bob.gpg",
        ] {
            put(dir.path(), file);
        }
        let helper = dir.path().join("docker-credential-helpers");
        std::fs::create_dir(helper.join("ZW1wdHk=")).expect("an empty folder");
        symlink("aA==", helper.join("bGluaw==")).expect("a link");
        std::fs::write(helper.join("ZmlsZQ=="), b"x").expect("a file");
        let listing = store(dir.path()).registries().expect("listed");
        let keys: Vec<_> = listing.registries.iter().map(|(key, _)| key.to_text().into_owned()).collect();
        assert_eq!(keys, ["h", "http://h", "link"]);
        let mut bad: Vec<_> = listing.unreadable.iter().filter_map(|bad| bad.path.file_name()?.to_str()).collect();
        bad.sort_unstable();
        assert_eq!(bad, ["README", "ZmlsZQ==", "aB==", "email", "work"]);
    }

    #[test]
    fn a_linked_folder_gives_its_own_logins_only() {
        let dir = tempfile::tempdir().expect("a folder");
        put(dir.path(), "aA==/alice.gpg");
        put(dir.path(), "aA==/a/b.gpg");
        symlink("aA==", dir.path().join("docker-credential-helpers/aQ==")).expect("a link");
        symlink("..", dir.path().join("docker-credential-helpers/ag==")).expect("a link");
        let store = store(dir.path());
        let logins = |server: &str| store.logins(&RegistryKey::new(server)).expect("read");
        assert_eq!(users(&logins("i").files), ["alice"]);
        assert_eq!(users(&logins("j").files), [""; 0]);
        assert!(!logins("j").unreadable.is_empty());
        assert_eq!(store.registries().expect("listed").registries.len(), 2);
    }

    #[test]
    fn absence_and_obstacles_differ() {
        let dir = tempfile::tempdir().expect("a store");
        let key = RegistryKey::new("file");
        assert!(store(dir.path()).logins(&key).expect("none").files.is_empty());
        assert!(store(dir.path()).registries().expect("none").registries.is_empty());
        put(dir.path(), "ZmlsZQ==");
        assert!(store(dir.path()).logins(&key).expect("none").files.is_empty());
        assert!(store(dir.path()).logins(&RegistryKey::new(vec![b'x'; 500])).expect("none").files.is_empty());
        std::fs::remove_dir_all(dir.path().join("docker-credential-helpers")).expect("removed");
        std::fs::write(dir.path().join("docker-credential-helpers"), b"x").expect("a file");
        assert!(matches!(store(dir.path()).logins(&key), Err(StoreError::NotAFolder { .. })));
        assert!(matches!(store(dir.path()).registries(), Err(StoreError::NotAFolder { .. })));
    }
}
