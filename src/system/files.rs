//! Files as regpass touches them: bounded reads, atomic replacement, locks.
//! Knows modes and renames; not what is in a file, and not where files belong.

use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::model::text;

/// A file operation that failed, with the file's name.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{what} {path}: {source}", path = text::quoted_path(.path))]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{path} is larger than {max} bytes", path = text::quoted_path(.path))]
    TooLarge { path: PathBuf, max: u64 },
    #[error("{path} is not a regular file", path = text::quoted_path(.path))]
    NotAFile { path: PathBuf },
    #[error("{path} holds more than {max} things: not all of them were looked at", path = text::quoted_path(.path))]
    TooMany { path: PathBuf, max: usize },
    #[error("{path} has been locked by {holder} for {seconds} seconds",
        path = text::quoted_path(.path), holder = holder_text(.holder))]
    Busy { path: PathBuf, holder: Option<u32>, seconds: u64 },
    /// Waiting would be for ever: each for the other.
    #[error("{path} is locked by process {holder}, which started this one and waits for it",
        path = text::quoted_path(.path))]
    HeldForUs { path: PathBuf, holder: u32 },
}

impl FileError {
    pub fn io(what: &'static str, path: &Path, source: io::Error) -> FileError {
        FileError::Io { what, path: path.to_owned(), source }
    }

    /// The kind of the underlying error; `Other` for the rest.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            FileError::Io { source, .. } => source.kind(),
            FileError::TooLarge { .. } | FileError::NotAFile { .. } | FileError::TooMany { .. } => io::ErrorKind::Other,
            FileError::Busy { .. } | FileError::HeldForUs { .. } => io::ErrorKind::WouldBlock,
        }
    }

    /// The command that shows what is in the way; None where none does.
    pub fn hint(&self) -> Option<String> {
        let FileError::Io { path, source, .. } = self else { return None };
        let there: Vec<&Path> = path.ancestors().filter(|path| std::fs::symlink_metadata(path).is_ok()).collect();
        let folder = there.iter().find(|path| path.is_dir())?;
        let word = text::shell_word(folder);
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some(format!("see how full the disk is: df -h {word}"))
            }
            io::ErrorKind::ReadOnlyFilesystem => Some(format!("see what is mounted there: findmnt -T {word}")),
            io::ErrorKind::PermissionDenied => {
                let file = there.first().filter(|first| *first == path && !path.is_dir());
                let file = file.map(|file| format!(" {}", text::shell_word(file))).unwrap_or_default();
                Some(format!("see whose it is and who may write: ls -ld {word}{file}"))
            }
            _ => None,
        }
    }

    /// The same fault, told of the file that was meant and not of the one in the making.
    fn of(self, path: &Path) -> FileError {
        match self {
            FileError::Io { what, source, .. } => FileError::io(what, path, source),
            other => other,
        }
    }

    /// True when the file, or a folder on the way to it, is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    }
}

/// Why a file or folder that is there cannot be looked into; None where it can, and where there is none.
pub fn closed(path: &Path) -> Option<FileError> {
    let readable = rustix::fs::Access::READ_OK;
    let (what, asked) = match path.metadata() {
        Ok(meta) if meta.is_dir() => ("cannot look into", readable | rustix::fs::Access::EXEC_OK),
        Ok(_) => ("cannot read", readable),
        Err(error) => {
            let error = FileError::io("cannot look at", path, error);
            return Some(error).filter(|error| !error.is_not_found());
        }
    };
    rustix::fs::access(path, asked).err().map(|error| FileError::io(what, path, error.into()))
}

/// A regular file (links followed) open for reading. Opened without blocking, so that a FIFO or a device in its place
/// is an error, not a wait.
pub fn open_regular(path: &Path) -> Result<File, FileError> {
    let fault = |source| FileError::io("cannot read", path, source);
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path).map_err(fault)?;
    match file.metadata().map_err(fault)?.is_file() {
        true => Ok(file),
        false => Err(FileError::NotAFile { path: path.to_owned() }),
    }
}

/// The whole content of a regular file (links followed) of at most `max` bytes.
pub fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let fault = |source| FileError::io("cannot read", path, source);
    let file = open_regular(path)?;
    let meta = file.metadata().map_err(fault)?;
    if meta.len() > max {
        return Err(FileError::TooLarge { path: path.to_owned(), max });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default() + 1);
    file.take(max + 1).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 > max {
        return Err(FileError::TooLarge { path: path.to_owned(), max });
    }
    Ok(bytes)
}

/// The first bytes of a regular file, at most `max`.
pub fn read_front(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let fault = |source| FileError::io("cannot read", path, source);
    let mut bytes = Vec::new();
    open_regular(path)?.take(max).read_to_end(&mut bytes).map_err(fault)?;
    Ok(bytes)
}

/// What lies in a folder, by name, and why that is not all of it.
#[derive(Debug, Default)]
pub struct Items {
    pub paths: Vec<PathBuf>,
    pub closed: Option<FileError>,
}

/// At most `max` of the things in a folder.
pub fn items(folder: &Path, max: usize) -> Items {
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(source) => {
            let closed = Some(FileError::io("cannot look into", folder, source));
            return Items { closed, ..Items::default() };
        }
    };
    let mut found = Items::default();
    for item in listed {
        match item {
            Ok(_) if found.paths.len() == max => {
                found.closed = Some(FileError::TooMany { path: folder.to_owned(), max });
                break;
            }
            Ok(item) => found.paths.push(item.path()),
            Err(source) => {
                found.closed = Some(FileError::io("cannot look into", folder, source));
                break;
            }
        }
    }
    found.paths.sort();
    found
}

/// Whether others than its owner can read a file of this mode: they must also get through every folder on the way.
pub fn is_exposed(path: &Path, mode: u32) -> bool {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let lets = |bits: u32| {
        let through = |folder: &Path| folder.metadata().is_ok_and(|meta| meta.mode() & bits != 0);
        path.ancestors().skip(1).all(through)
    };
    mode & 0o004 != 0 && lets(0o001) || mode & 0o040 != 0 && lets(0o011)
}

/// Front and end of the names of files and folders in the making. Hidden, and no reader of a store takes one for an entry.
const TEMP_FRONT: &[u8] = b".regpass-";
const TEMP_END: &[u8] = b".tmp";

/// A name in `folder` for something in the making. Not yet taken when asked; make it with "create new".
pub fn temp_name(folder: &Path) -> PathBuf {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    folder.join(format!(".regpass-{}-{count}.tmp", std::process::id()))
}

/// True for the names that `temp_name` gives out (process and count), and for no other: people may call things alike.
pub fn is_temp_name(name: &OsStr) -> bool {
    let number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let inner = name.as_bytes().strip_prefix(TEMP_FRONT).and_then(|rest| rest.strip_suffix(TEMP_END));
    let mut parts = inner.unwrap_or_default().splitn(2, |byte| *byte == b'-');
    parts.next().is_some_and(number) && parts.next().is_some_and(number)
}

/// True when something in the making stands in `folder`.
pub fn has_temps(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|names| names.flatten().any(|item| is_temp_name(&item.file_name())))
}

/// Removes what a killed process left in the making in `folder`. Only for a folder whose writers all hold one lock, and
/// only under that lock. What cannot be removed stays.
pub fn sweep_temps(folder: &Path) {
    let Ok(names) = std::fs::read_dir(folder) else { return };
    for item in names.flatten().filter(|item| is_temp_name(&item.file_name())) {
        let path = item.path();
        let _ = if item.file_type().is_ok_and(|kind| kind.is_dir()) {
            std::fs::remove_dir_all(&path)
        } else {
            std::fs::remove_file(&path)
        };
    }
}

/// Puts `bytes` in place of `path` in one step: whoever reads it sees the old content or the new, whenever we are killed.
/// A new file gets `mode`; an old one's mode is kept, and its owner where we may. A link in the last place would be
/// replaced itself: resolve it first. Nothing is left behind on failure.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    replace_from(folder_of(path), path, bytes, mode)
}

/// As `replace`, with the new file made in the folder `staging` of the same file system.
pub fn replace_from(staging: &Path, path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let old = std::fs::symlink_metadata(path).ok().filter(Metadata::is_file);
    let temp = temp_name(staging);
    write_new(&temp, bytes, mode, old.as_ref())
        .map_err(|error| error.of(path))
        .and_then(|()| std::fs::rename(&temp, path).map_err(|source| FileError::io("cannot replace", path, source)))
        .inspect_err(|_| {
            let _ = std::fs::remove_file(&temp);
        })?;
    sync_folder(folder_of(path));
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// A new file with these bytes, on the disk when this returns.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    create_for(path, path, bytes, mode)
}

/// As `create`, of a file that errors call `meant`: what it will be called once its folder is in place.
pub fn create_for(meant: &Path, path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    write_new(path, bytes, mode, None).map_err(|error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _ = std::fs::remove_file(path);
        }
        error.of(meant)
    })
}

/// Gives a file its name where nothing has that, in one step.
pub fn rename_new(temp: &Path, path: &Path) -> io::Result<()> {
    let renamed = rustix::fs::renameat_with(CWD, temp, CWD, path, RenameFlags::NOREPLACE);
    match renamed {
        // Some file systems cannot, and can this.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            std::fs::hard_link(temp, path)?;
            std::fs::remove_file(temp)
        }
        other => Ok(other?),
    }
}

/// A new file `temp` that is to replace `path`, with that one's mode and owner where it is there. Not yet on the disk:
/// bring it there (`sync_all`) before it takes the name. Nothing is left behind on failure.
pub fn make_replacement(temp: &Path, path: &Path, bytes: &[u8], mode: u32) -> Result<File, FileError> {
    let old = std::fs::symlink_metadata(path).ok().filter(Metadata::is_file);
    make_new(temp, bytes, mode, old.as_ref()).inspect_err(|_| {
        let _ = std::fs::remove_file(temp);
    })
}

/// When a file was changed last; None where that cannot be told.
pub fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|meta| meta.modified()).ok()
}

/// Gives a file of ours the time of change that its content had before. That is worth keeping, not worth failing for.
pub fn keep_time(path: &Path, modified: Option<SystemTime>) {
    if let (Some(modified), Ok(file)) = (modified, File::open(path)) {
        let _ = file.set_modified(modified);
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32, old: Option<&Metadata>) -> Result<(), FileError> {
    let file = make_new(path, bytes, mode, old)?;
    file.sync_all().map_err(|source| FileError::io("cannot write", path, source))
}

fn make_new(path: &Path, bytes: &[u8], mode: u32, old: Option<&Metadata>) -> Result<File, FileError> {
    let fault = |source| FileError::io("cannot write", path, source);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(fault)?;
    file.write_all(bytes).map_err(fault)?;
    let mode = old.map_or(mode, |old| inherited_mode(&file, old));
    file.set_permissions(Permissions::from_mode(mode)).map_err(fault)?;
    Ok(file)
}

/// Hands the new file to the old one's owner where we may. Where the group cannot be kept, the group's bits would let
/// other people in: they go.
fn inherited_mode(new: &File, old: &Metadata) -> u32 {
    let mode = old.mode() & 0o777;
    match new.metadata() {
        Ok(own) if (own.uid(), own.gid()) == (old.uid(), old.gid()) => mode,
        _ if std::os::unix::fs::fchown(new, Some(old.uid()), Some(old.gid())).is_ok() => mode,
        _ => mode & !0o070,
    }
}

/// `path` with this ending, and a number where that is taken: a name to move a file to that replaces nothing.
pub fn spare_name(path: &Path, ending: &str) -> PathBuf {
    let named = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { format!(".{ending}") } else { format!(".{ending}-{number}") });
        PathBuf::from(name)
    };
    (1..).map(named).find(|path| std::fs::symlink_metadata(path).is_err()).unwrap_or_else(|| named(1))
}

/// Makes renames in `folder` survive a power cut. Some file systems cannot; the rename stands either way, so that a
/// failure here is not a failed write.
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// An exclusive lock on a folder (flock(2)), shared by all users and processes that ask for it, leaving no file.
/// Released on drop, and by the kernel when the process dies.
#[derive(Debug)]
pub struct FolderLock {
    _held: File,
}

/// The first pause of who waits for a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// The most processes between us and the first one of all.
const ANCESTORS_MAX: usize = 1000;

/// Waits at most `wait` for the lock on `folder`; not at all for a regpass that started this one, as by a git hook: it
/// waits for the commit to end.
pub fn lock_folder(folder: &Path, wait: Duration) -> Result<FolderLock, FileError> {
    let fault = |source| FileError::io("cannot lock", folder, source);
    let held = File::open(folder).map_err(fault)?;
    let start = Instant::now();
    let mut pause = LOCK_PAUSE;
    loop {
        match held.try_lock() {
            Ok(()) => return Ok(FolderLock { _held: held }),
            Err(TryLockError::Error(source)) if source.kind() != io::ErrorKind::Interrupted => {
                return Err(fault(source));
            }
            Err(_) if start.elapsed() >= wait => {
                let holder = held.metadata().ok().and_then(|meta| lock_holder(&meta));
                return Err(FileError::Busy { path: folder.to_owned(), holder, seconds: wait.as_secs() });
            }
            Err(_) => {
                let holder = || held.metadata().ok().and_then(|meta| lock_holder(&meta));
                if pause == LOCK_PAUSE
                    && let Some(holder) = holder().filter(|pid| is_ancestor(*pid) && is_regpass(*pid))
                {
                    return Err(FileError::HeldForUs { path: folder.to_owned(), holder });
                }
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(20));
            }
        }
    }
}

/// The process that holds the flock, from `/proc/locks` (proc_locks(5)): `1: FLOCK ADVISORY WRITE PID MAJ:MIN:INODE 0 EOF`.
fn lock_holder(meta: &Metadata) -> Option<u32> {
    let (major, minor) = (rustix::fs::major(meta.dev()), rustix::fs::minor(meta.dev()));
    let place = format!("{major:02x}:{minor:02x}:{}", meta.ino());
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        (words.get(1) == Some(&"FLOCK") && words.get(5) == Some(&place.as_str()))
            .then(|| words.get(4).and_then(|pid| pid.parse().ok()))
            .flatten()
    })
}

/// True when we were started by this process, directly or not (proc_pid_stat(5), field 4).
fn is_ancestor(pid: u32) -> bool {
    let mut one = std::process::id();
    for _ in 0..ANCESTORS_MAX {
        let parent = std::fs::read_to_string(format!("/proc/{one}/stat")).ok().and_then(|stat| {
            // The name in the second field may hold anything, blanks and brackets too.
            stat[stat.rfind(')')? + 1..].split_whitespace().nth(1)?.parse().ok()
        });
        match parent {
            Some(parent) if parent == pid => return true,
            Some(parent) if parent > 1 => one = parent,
            _ => return false,
        }
    }
    false
}

/// True for a regpass, by whichever of its names it runs; a name of a process has 15 bytes at most (proc_pid_comm(5)).
fn is_regpass(pid: u32) -> bool {
    let name = std::fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    [&b"regpass"[..], b"docker-credenti"].iter().any(|own| name.starts_with(own))
}

fn holder_text(holder: &Option<u32>) -> String {
    holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_was_meant_is_named_and_not_the_one_in_the_making() {
        let dir = tempfile::tempdir().expect("a folder");
        let missing = dir.path().join("missing");
        let failed = replace_from(&missing, &dir.path().join("x.gpg"), b"x", 0o600).expect_err("no such folder");
        let words = failed.to_string();
        assert!(words.contains("x.gpg") && !words.contains(".regpass-"), "{words}");
        assert!(failed.is_not_found());
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|item| item.expect("an item").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replacing_keeps_the_old_mode_and_leaves_one_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("x");
        replace(&file, b"one", 0o600).expect("new");
        assert_eq!(std::fs::metadata(&file).expect("meta").mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("mode");
        replace(&file, b"two", 0o600).expect("replaced");
        assert_eq!(std::fs::metadata(&file).expect("meta").mode() & 0o777, 0o640);
        assert_eq!(std::fs::read(&file).expect("read"), b"two");
        assert_eq!(names(dir.path()), ["x"]);
    }

    #[test]
    fn a_failed_replacement_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(dir.path().join("x/full")).expect("a folder in the way");
        assert!(replace(&dir.path().join("x"), b"one", 0o600).is_err());
        assert_eq!(names(dir.path()), ["x"]);
        assert!(replace(&dir.path().join("none/x"), b"one", 0o600).expect_err("no folder").is_not_found());
    }

    #[test]
    fn only_our_own_leftovers_are_swept() {
        let dir = tempfile::tempdir().expect("a folder");
        let temp = temp_name(dir.path());
        std::fs::create_dir(&temp).expect("a leftover folder");
        std::fs::write(temp.join("y.gpg"), b"x").expect("its content");
        std::fs::write(temp_name(dir.path()), b"x").expect("a leftover file");
        for foreign in [".regpass-.tmp", ".regpass-1-.tmp", ".regpass-notes.tmp", ".x.tmp", "a.gpg"] {
            std::fs::write(dir.path().join(foreign), b"x").expect("a foreign file");
        }
        sweep_temps(dir.path());
        assert_eq!(names(dir.path()), [".regpass-.tmp", ".regpass-1-.tmp", ".regpass-notes.tmp", ".x.tmp", "a.gpg"]);
    }

    #[test]
    fn a_held_lock_is_told_with_its_holder() {
        let dir = tempfile::tempdir().expect("a folder");
        let held = lock_folder(dir.path(), Duration::ZERO).expect("free");
        let error = lock_folder(dir.path(), Duration::ZERO).expect_err("held");
        assert!(matches!(error, FileError::Busy { .. }), "{error}");
        if cfg!(target_os = "linux") {
            assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
        }
        drop(held);
        lock_folder(dir.path(), Duration::ZERO).expect("free again");
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_folder_that_is_not_seen_whole_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["b", "a", "c"] {
            std::fs::write(dir.path().join(name), "").expect("written");
        }
        let all = items(dir.path(), 3);
        assert_eq!(all.paths, ["a", "b", "c"].map(|name| dir.path().join(name)));
        assert!(all.closed.is_none());
        let some = items(dir.path(), 2);
        assert!(some.paths.len() == 2 && matches!(some.closed, Some(FileError::TooMany { max: 2, .. })));
        let none = items(&dir.path().join("a"), 2).closed.expect("no folder");
        assert!(none.is_not_found(), "{none}");
    }

    #[test]
    fn reads_only_regular_files_up_to_the_limit() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("x");
        std::fs::write(&file, b"12345").expect("written");
        assert_eq!(read_bounded(&file, 5).expect("fits"), b"12345");
        assert!(matches!(read_bounded(&file, 4), Err(FileError::TooLarge { .. })));
        assert!(matches!(read_bounded(dir.path(), 4), Err(FileError::NotAFile { .. })));
        assert!(read_bounded(&dir.path().join("x/y"), 4).expect_err("not there").is_not_found());
    }
}
