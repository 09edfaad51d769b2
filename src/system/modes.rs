//! Permission bits of a file or folder itself: no link is followed on the way to it, so that nobody who may write in one of
//! the folders leads a change to a file elsewhere. Knows nothing of why they are changed.

use std::fs::Permissions;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat};

use crate::model::{Problem, text};

/// What stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Permission bits.
    pub mode: u32,
    pub uid: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum ModeError {
    #[error("cannot change the mode of {}: {source}", text::quoted_path(.path))]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is not as it was", text::quoted_path(.0))]
    Changed(PathBuf),
    #[error("the file system of {} does not keep modes", text::quoted_path(.0))]
    NotKept(PathBuf),
}

impl From<ModeError> for Problem {
    fn from(error: ModeError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match &error {
            ModeError::Io { .. } => problem,
            ModeError::Changed(_) => problem.hint("look again, then do it again"),
            ModeError::NotKept(path) => {
                problem.hint(format!("see what is mounted there: findmnt -T {}", text::shell_word(path)))
            }
        }
    }
}

/// Of a file or a folder named in full; None where there is neither, or a link on the way.
pub fn look(path: &Path) -> Option<Seen> {
    let (_, seen) = hold(path).ok()?;
    Some(seen)
}

/// Gives it the mode `after` if it is still this user's and has the mode `before`.
pub fn change(path: &Path, uid: u32, before: u32, after: u32) -> Result<(), ModeError> {
    let fault = |source| ModeError::Io { path: path.to_owned(), source };
    let (held, seen) = hold(path).map_err(fault)?;
    if seen != (Seen { mode: before, uid }) {
        return Err(ModeError::Changed(path.to_owned()));
    }
    // By its number: a file that its owner may not read cannot be opened in any other way.
    let by_number = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
    std::fs::set_permissions(by_number, Permissions::from_mode(after)).map_err(fault)?;
    match rustix::fs::fstat(&held) {
        Ok(stat) if is_kept(bits(&stat), after) => Ok(()),
        Ok(_) => Err(ModeError::NotKept(path.to_owned())),
        Err(error) => Err(fault(error.into())),
    }
}

/// The thing itself, held so that what is done to it is done to what was looked at.
fn hold(path: &Path) -> io::Result<(OwnedFd, Seen)> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut held = rustix::fs::openat(CWD, "/", flags | OFlags::DIRECTORY, Mode::empty())?;
    let mut parts = path.components().peekable();
    if parts.next() != Some(Component::RootDir) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    while let Some(part) = parts.next() {
        let Component::Normal(name) = part else { return Err(io::ErrorKind::InvalidInput.into()) };
        let kind = if parts.peek().is_some() { OFlags::DIRECTORY } else { OFlags::empty() };
        held = rustix::fs::openat(&held, name, flags | kind, Mode::empty())?;
    }
    let stat = rustix::fs::fstat(&held)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile | FileType::Directory => Ok((held, Seen { mode: bits(&stat), uid: stat.st_uid })),
        _ => Err(io::Error::other("it is a link, or no ordinary file")),
    }
}

/// The bits beyond the three times three may go by themselves (chmod(2), of a group that is not the caller's).
fn is_kept(now: u32, after: u32) -> bool {
    now & 0o777 == after & 0o777
}

fn bits(stat: &Stat) -> u32 {
    stat.st_mode & 0o7777
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let real = std::fs::canonicalize(dir.path()).expect("its real name");
        (dir, real)
    }

    fn file(path: &Path, mode: u32) {
        std::fs::write(path, "x").expect("a file");
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
    }

    fn mode_of(path: &Path) -> u32 {
        path.metadata().expect("it").permissions().mode() & 0o7777
    }

    #[test]
    fn the_thing_itself_is_changed_and_only_as_it_was_seen() {
        let (_dir, folder) = folder();
        let one = folder.join("one");
        file(&one, 0o044);
        let uid = look(&one).expect("there").uid;
        change(&one, uid, 0o044, 0o600).expect("its owner may not even read it");
        assert_eq!(look(&one), Some(Seen { mode: 0o600, uid }));
        assert!(matches!(change(&one, uid, 0o644, 0o666), Err(ModeError::Changed(_))), "another mode");
        assert!(matches!(change(&one, uid + 1, 0o600, 0o666), Err(ModeError::Changed(_))), "another owner");
        assert_eq!(mode_of(&one), 0o600);
        change(&folder, uid, mode_of(&folder), 0o755).expect("a folder");
        assert_eq!(mode_of(&folder), 0o755);
        assert!(look(Path::new("relative")).is_none() && look(&folder.join("none")).is_none());
    }

    #[test]
    fn a_mode_that_was_not_taken_is_told() {
        assert!(is_kept(0o700, 0o700) && is_kept(0o700, 0o2700));
        assert!(!is_kept(0o777, 0o700) && !is_kept(0o600, 0o700));
        let words = Problem::from(ModeError::NotKept(PathBuf::from("/mnt/x")));
        assert!(words.message.contains("does not keep modes"), "{words:?}");
    }

    #[test]
    fn no_link_is_followed() {
        let (_dir, folder) = folder();
        let key = folder.join("key");
        file(&key, 0o600);
        let uid = look(&key).expect("there").uid;
        symlink(&key, folder.join("link")).expect("a link");
        symlink(&folder, folder.join("way")).expect("a link");
        for path in [folder.join("link"), folder.join("way/key"), folder.join("none/../key")] {
            assert!(change(&path, uid, 0o600, 0o666).is_err(), "{path:?}");
            assert!(look(&path).is_none(), "{path:?}");
        }
        assert_eq!(mode_of(&key), 0o600);
    }
}
