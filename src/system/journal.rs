//! The record of helper calls: one JSON line a call in a bounded file under the state folder. It answers "why did the
//! pull say no credentials" after the fact. Never a secret, not even one that a client put in the wrong field.
//! Written by the helper through `ops/journal.rs`; a record that cannot be written is not worth failing a login for.

use std::borrow::Cow;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::files::{self, FileError};
use crate::model::{Login, RegistryKey, misplaced, text};

/// The journal's name in the state folder.
pub const FILE: &str = "journal.jsonl";

/// Above this many bytes the older half is dropped: about 4,000 calls stay.
const SIZE_MAX: u64 = 1 << 20;

/// Nothing is added beyond this, for the case that the older half cannot be dropped.
const SIZE_LIMIT: u64 = 2 * SIZE_MAX;

/// The longest text of a field, in characters.
const TEXT_MAX: usize = 512;

pub use crate::model::misplaced::MASK;

/// How often and how long a call waits for another one that drops the older half (a millisecond's work).
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// One helper call, as it is written: a JSON object a line, its keys in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// When it ended: UTC, RFC 3339, milliseconds.
    pub time: String,
    /// `get`, `store`, `erase` or `list`.
    pub action: String,
    /// The server string, without user information and query (`safe_server`). None for `list` and unusable input.
    #[serde(default)]
    pub server: Option<String>,
    /// The login found or stored.
    #[serde(default)]
    pub user: Option<String>,
    /// `found`, `not-found`, `window-over`, `stored`, `unchanged`, `erased`, `nothing-to-erase`, `listed`, or `error:` and its class
    /// (`input`, `failed`, `usage`, `not-found`, `cancelled`, `output`).
    pub outcome: String,
    /// What the client was told, for an `error:` outcome; why a window is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What Docker did not show of a call that did its work: a login stored and not committed, for example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// From the end of the input to the answer.
    pub millis: u64,
    pub uid: u32,
    #[serde(default)]
    pub home: Option<String>,
    #[serde(default)]
    pub store: Option<String>,
    /// Where GnuPG's is not in that home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gnupg_home: Option<String>,
    /// The parent process's command name, without arguments.
    #[serde(default)]
    pub caller: Option<String>,
}

/// Why a call was not recorded or the records cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} belongs to another user", text::quoted_path(.0))]
    Foreign(PathBuf),
    #[error("the home {} does not exist", text::quoted_path(.0))]
    NoHome(PathBuf),
    #[error("{} is full and cannot be shortened", text::quoted_path(.0))]
    Full(PathBuf),
    #[error("{} is locked by another process", text::quoted_path(.0))]
    Locked(PathBuf),
    #[error("the call cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

/// Recorded calls, oldest first.
#[derive(Debug, Default)]
pub struct Records {
    pub calls: Vec<Call>,
    /// Lines that are not a call.
    pub unreadable: usize,
}

/// Text for a field: escaped for a terminal and cut.
pub fn safe_text(bytes: &[u8]) -> String {
    cut(text::escaped(bytes), TEXT_MAX)
}

/// A user name for the record; masked where it may be a token in the wrong field.
pub fn safe_user(login: &Login) -> String {
    if login.is_showable() { safe_text(login.as_str().as_bytes()) } else { MASK.to_owned() }
}

/// A server for the record; what may be a secret in the wrong place is masked.
pub fn safe_server(server: &RegistryKey) -> String {
    cut(Cow::Owned(misplaced::server(server.as_bytes())), TEXT_MAX)
}

fn cut(text: Cow<'_, str>, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// Adds a call to the journal in `dir`, which is made when it is missing. Calls at the same time lose nothing. Refuses a
/// folder or file that belongs to another user than `uid` (sudo with the caller's HOME).
pub fn append(dir: &Path, uid: u32, call: &Call) -> Result<(), JournalError> {
    let path = dir.join(FILE);
    let mut line = serde_json::to_vec(call)?;
    line.push(b'\n');
    let file = open_shared(dir, &path, uid)?;
    let fault = |source| FileError::io("cannot write", &path, source);
    let size = file.metadata().map_err(fault)?.len();
    if size + line.len() as u64 > SIZE_LIMIT {
        return Err(JournalError::Full(path));
    }
    if size > 0 && !ends_line(&file, size).map_err(fault)? {
        line.insert(0, b'\n');
    }
    (&file).write_all(&line).map_err(fault)?;
    drop(file);
    if size + line.len() as u64 > SIZE_MAX { shorten(&path) } else { Ok(()) }
}

/// Tells whether the journal has changed since, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    inode: u64,
}

/// The journal's stamp; None when there is none or nobody can tell.
pub fn stamp(dir: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(dir.join(FILE)).ok()?;
    Some(Stamp { bytes: meta.len(), modified: meta.modified().ok(), inode: meta.ino() })
}

/// The calls in the journal of `dir`; none when there is no journal.
pub fn read(dir: &Path) -> Result<Records, JournalError> {
    let bytes = match files::read_bounded(&dir.join(FILE), 2 * SIZE_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(Records::default()),
        Err(error) => return Err(error.into()),
    };
    let mut records = Records::default();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(call) => records.calls.push(call),
            Err(_) => records.unreadable += 1,
        }
    }
    Ok(records)
}

/// The journal opened for appending and locked against being shortened.
fn open_shared(dir: &Path, path: &Path, uid: u32) -> Result<File, JournalError> {
    let fault = |source| FileError::io("cannot open", path, source);
    for _ in 0..LOCK_TRIES {
        let file = match open(path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                make_dir(dir, uid)?;
                open(path, true).map_err(fault)?
            }
            Err(error) => return Err(fault(error).into()),
        };
        let meta = file.metadata().map_err(fault)?;
        if !meta.is_file() {
            return Err(FileError::NotAFile { path: path.to_owned() }.into());
        }
        if meta.uid() != uid {
            return Err(JournalError::Foreign(path.to_owned()));
        }
        match file.try_lock_shared() {
            Ok(()) if is_current(&file, path) => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(fault(error).into()),
        }
    }
    Err(JournalError::Locked(path.to_owned()))
}

fn open(path: &Path, create: bool) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    OpenOptions::new().read(true).append(true).create(create).mode(0o600).custom_flags(flags).open(path)
}

/// Makes the state folder below a folder of the same user.
fn make_dir(dir: &Path, uid: u32) -> Result<(), JournalError> {
    let existing = dir.ancestors().find_map(|dir| Some((dir, dir.metadata().ok()?)));
    match existing {
        Some((_, meta)) if meta.uid() == uid => {}
        _ => return Err(JournalError::Foreign(dir.to_owned())),
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    Ok(made.map_err(|source| FileError::io("cannot make", dir, source))?)
}

/// False when the path names another file by now: the journal was shortened between opening and locking.
fn is_current(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// A call that was killed while it wrote leaves half a line; the next one starts a line of its own.
fn ends_line(file: &File, size: u64) -> io::Result<bool> {
    let mut last = [0];
    file.read_exact_at(&mut last, size - 1)?;
    Ok(last == [b'\n'])
}

/// Drops the older half. Leaves it to a later call when another one is just writing.
fn shorten(path: &Path) -> Result<(), JournalError> {
    let fault = |source| FileError::io("cannot shorten", path, source);
    let mut file = open(path, false).map_err(fault)?;
    if file.try_lock().is_err() || !is_current(&file, path) {
        return Ok(());
    }
    let size = file.metadata().map_err(fault)?.len();
    if size <= SIZE_MAX {
        return Ok(());
    }
    let mut newest = Vec::new();
    file.seek(SeekFrom::Start(size - SIZE_MAX / 2)).map_err(fault)?;
    (&file).take(SIZE_MAX).read_to_end(&mut newest).map_err(fault)?;
    let whole = newest.iter().position(|byte| *byte == b'\n').map_or(newest.len(), |end| end + 1);
    // `file` holds the lock until the rename has happened, so nobody else is here. A name of its own, made new: whatever
    // lies in this folder is neither waited for nor written over. Not put on the disk at once: others wait for the lock.
    let folder = path.parent().unwrap_or(Path::new("/"));
    files::sweep_temps(folder);
    let new = files::temp_name(folder);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
    let replaced =
        written.and_then(|mut new| new.write_all(&newest[whole..])).and_then(|()| std::fs::rename(&new, path));
    Ok(replaced.map_err(fault).inspect_err(|_| {
        let _ = std::fs::remove_file(&new);
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn call(server: &str) -> Call {
        Call {
            time: "2026-03-01T12:00:00.000Z".to_owned(),
            action: "get".to_owned(),
            server: Some(server.to_owned()),
            user: Some("u".to_owned()),
            outcome: "found".to_owned(),
            error: None,
            warning: None,
            millis: 3,
            uid: uid(),
            home: Some("/home/a".to_owned()),
            gnupg_home: None,
            store: None,
            caller: Some("docker".to_owned()),
        }
    }

    fn uid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    fn dir() -> (tempfile::TempDir, PathBuf) {
        let top = tempfile::tempdir().expect("a folder");
        let dir = top.path().join("state/regpass");
        (top, dir)
    }

    #[test]
    fn what_is_written_is_read() {
        let (_top, dir) = dir();
        assert!(read(&dir).expect("reads").calls.is_empty());
        for server in ["a.test", "b.test\n\u{1b}[31m\""] {
            append(&dir, uid(), &call(server)).expect("appends");
        }
        let records = read(&dir).expect("reads");
        assert_eq!(records.calls, [call("a.test"), call("b.test\n\u{1b}[31m\"")]);
        assert_eq!(dir.join(FILE).metadata().expect("it").permissions().mode() & 0o777, 0o600);
        assert_eq!(dir.metadata().expect("it").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn half_a_line_spoils_only_itself() {
        let (_top, dir) = dir();
        append(&dir, uid(), &call("a.test")).expect("appends");
        let mut file = OpenOptions::new().append(true).open(dir.join(FILE)).expect("opens");
        file.write_all(b"{\"time\":\"2026").expect("writes");
        append(&dir, uid(), &call("b.test")).expect("appends");
        let records = read(&dir).expect("reads");
        assert_eq!((records.calls.len(), records.unreadable), (2, 1));
    }

    #[test]
    fn it_stays_bounded_and_keeps_the_newest() {
        let (_top, dir) = dir();
        append(&dir, uid(), &call("first.test")).expect("appends");
        let line = std::fs::read(dir.join(FILE)).expect("reads");
        let many = usize::try_from(SIZE_MAX).expect("fits") / line.len() + 1;
        std::fs::write(dir.join(FILE), line.repeat(many)).expect("writes");
        append(&dir, uid(), &call("last.test")).expect("appends");
        assert!(dir.join(FILE).metadata().expect("it").len() <= SIZE_MAX / 2);
        let records = read(&dir).expect("reads");
        assert_eq!(records.unreadable, 0);
        assert_eq!(records.calls.last(), Some(&call("last.test")));
        assert!(records.calls.len() > many / 3);
        assert_eq!(std::fs::read_dir(&dir).expect("lists").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn nothing_that_lies_about_stops_the_shortening() {
        let (_top, dir) = dir();
        append(&dir, uid(), &call("first.test")).expect("appends");
        let line = std::fs::read(dir.join(FILE)).expect("reads");
        let many = usize::try_from(SIZE_MAX).expect("fits") / line.len() + 1;
        let near = dir.join("journal.new");
        rustix::fs::mkfifoat(rustix::fs::CWD, &near, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).expect("a FIFO");
        for _ in 0..2 {
            std::fs::write(dir.join(FILE), line.repeat(many)).expect("writes");
            let until = crate::system::env::Env::clock() + Duration::from_secs(20);
            // A program that another test is just starting holds the lock of the first call until it runs: then it is left
            // to a later one.
            loop {
                // In a thread, so that a wait for ever fails the test instead of being one.
                let (told, heard) = std::sync::mpsc::channel();
                let journal = dir.clone();
                std::thread::spawn(move || told.send(append(&journal, uid(), &call("last.test"))));
                heard.recv_timeout(Duration::from_secs(20)).expect("it ends").expect("appends");
                if dir.join(FILE).metadata().expect("it").len() <= SIZE_MAX / 2 {
                    break;
                }
                assert!(crate::system::env::Env::clock() < until, "it was never shortened");
            }
            assert_eq!(read(&dir).expect("reads").calls.last(), Some(&call("last.test")));
            let _ = std::fs::remove_file(&near);
            std::fs::create_dir_all(&near).expect("a folder");
        }
    }

    #[test]
    fn calls_at_the_same_time_lose_nothing_even_while_it_is_shortened() {
        let (_top, dir) = dir();
        append(&dir, uid(), &call("filler.test")).expect("appends");
        let line = std::fs::read(dir.join(FILE)).expect("reads");
        let nearly = usize::try_from(SIZE_MAX).expect("fits") / line.len() - 20;
        std::fs::write(dir.join(FILE), line.repeat(nearly)).expect("writes");
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let dir = &dir;
                scope.spawn(move || {
                    for number in 0..25 {
                        append(dir, uid(), &call(&format!("t{thread}-{number}.test"))).expect("appends");
                    }
                });
            }
        });
        let records = read(&dir).expect("reads");
        let ours = records.calls.iter().filter(|call| call.server.as_deref() != Some("filler.test")).count();
        assert_eq!((ours, records.unreadable), (200, 0));
        assert!(records.calls.len() < nearly, "it was shortened");
    }

    #[test]
    fn another_user_s_folder_stays_untouched() {
        let (top, dir) = dir();
        assert!(matches!(append(&dir, uid() + 1, &call("a.test")), Err(JournalError::Foreign(_))));
        assert_eq!(std::fs::read_dir(top.path()).expect("lists").count(), 0);
        append(&dir, uid(), &call("a.test")).expect("appends");
        assert!(matches!(append(&dir, uid() + 1, &call("a.test")), Err(JournalError::Foreign(_))));
    }

    #[test]
    fn odd_files_in_its_place_are_refused() {
        let (_top, dir) = dir();
        std::fs::create_dir_all(&dir).expect("a folder");
        std::os::unix::fs::symlink("/dev/null", dir.join(FILE)).expect("a link");
        assert!(append(&dir, uid(), &call("a.test")).is_err());
    }

    #[test]
    fn servers_are_recorded_without_what_may_be_secret() {
        for (server, want) in [
            ("registry.example.test:5000", "registry.example.test:5000"),
            ("https://index.docker.io/v1/", "https://index.docker.io/v1/"),
            ("localhost", "localhost"),
            ("[::1]:5000", "[::1]:5000"),
            ("bücher.test", "bücher.test"),
            ("https://user:pa:ss@host.test/v2/", "https://***@host.test/v2/"),
            ("https://user:p@ss/w@host.test", "https://***@host.test"),
            ("user:pass@host.test", "***@host.test"),
            ("https://host.test/?token=abc", "https://host.test/?***"),
            ("https://host.test/#abc@x.test?y", "https://***@x.test?***"),
            ("https://a:b?c@host.test", "https://***@host.test"),
            ("hunter2", "***"),
            ("ghp_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1w", "***"),
            ("correct horse", "***"),
            ("{\"ServerURL\":\"h\",\"Secret\":\"s\"}", "***"),
            ("host.test\u{1b}]0;x\u{7}", "***"),
        ] {
            assert_eq!(safe_server(&RegistryKey::new(server)), want, "{server:?}");
        }
        assert_eq!(safe_server(&RegistryKey::new(b"h.test\xff".to_vec())), MASK);
        assert_eq!(safe_user(&Login::new("x".repeat(129))), MASK);
        assert_eq!(safe_user(&Login::new("dckr_pat_abcdefgh")), MASK);
        assert_eq!(safe_user(&Login::new("<token>")), "<token>");
    }
}
