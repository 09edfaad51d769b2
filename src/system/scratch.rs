//! Private folders that do not outlive their process: removed on drop, and when the process was killed, by the next one
//! that makes such a folder. Knows nothing of what is put in.

use std::ffi::OsStr;
use std::fs::{DirBuilder, Metadata};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use super::files::{self, FileError, FolderLock};

/// The most names tried for a new folder; more are taken only when somebody makes them to be in the way.
const TRIES: u32 = 100;

/// Stands in each of these folders, so that none of the person's own that is called alike is taken for one.
const MARK: &str = ".regpass-scratch";

/// A folder of mode 0700 that is removed with all that is in it when dropped. The lock on it says that its owner lives.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _alive: FolderLock,
    kept: bool,
}

impl Scratch {
    /// Makes `NAME-PID` in the first of `places` that allows it, after removing those that dead processes left there.
    pub fn make(places: &[PathBuf], name: &str, uid: u32) -> Result<Scratch, FileError> {
        let mut failure = None;
        for place in places {
            sweep(place, name, uid);
            match make_in(place, name) {
                Ok(scratch) => return Ok(scratch),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| {
            FileError::io("cannot make a folder in", Path::new("/"), std::io::ErrorKind::NotFound.into())
        }))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder becomes the person's own: it outlives us, and nobody sweeps it.
    pub fn keep(&mut self) {
        let _ = std::fs::remove_file(self.path.join(MARK));
        self.kept = true;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn make_in(place: &Path, name: &str) -> Result<Scratch, FileError> {
    let fault = |source| FileError::io("cannot make a folder in", place, source);
    for count in 0..TRIES {
        let number = if count == 0 { String::new() } else { format!(".{count}") };
        let path = place.join(format!("{name}-{}{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
            made => made.map_err(fault)?,
        }
        let Ok(alive) = files::lock_folder(&path, Duration::ZERO) else { continue };
        let scratch = Scratch { path, _alive: alive, kept: false };
        // Only now can it be swept, and only when its lock is gone.
        files::create(&scratch.path.join(MARK), b"", 0o600)?;
        return Ok(scratch);
    }
    Err(fault(std::io::ErrorKind::AlreadyExists.into()))
}

/// Removes the folders of that name that were made here by processes of ours that are dead. What cannot be removed stays,
/// and so does whatever may be the person's own.
fn sweep(place: &Path, name: &str, uid: u32) {
    let Ok(items) = std::fs::read_dir(place) else { return };
    for item in items.flatten().filter(|item| maker(&item.file_name(), name).is_some_and(is_gone)) {
        // Not following links: only a folder that is itself ours, with our mark.
        let path = item.path();
        let ours = |meta: &Metadata| meta.uid() == uid;
        let folder = item.metadata().is_ok_and(|meta| meta.is_dir() && ours(&meta));
        let marked = || std::fs::symlink_metadata(path.join(MARK)).is_ok_and(|meta| meta.is_file() && ours(&meta));
        if folder && marked() && files::lock_folder(&path, Duration::ZERO).is_ok() {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// The process that made a folder of ours: `file` is `NAME-PID` or `NAME-PID.COUNT`.
fn maker(file: &OsStr, name: &str) -> Option<u32> {
    let rest = file.to_str()?.strip_prefix(name)?.strip_prefix('-')?;
    let (pid, count) = rest.split_once('.').unwrap_or((rest, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(pid) && is_number(count)).then(|| pid.parse().ok()).flatten()
}

/// True when no process has this number, or we have it ourselves: then the lock alone tells.
fn is_gone(pid: u32) -> bool {
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid == std::process::id() || number.is_none_or(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    #[test]
    fn a_folder_goes_with_its_owner() {
        let place = tempfile::tempdir().expect("a folder");
        let scratch = Scratch::make(&[place.path().to_owned()], "x", uid()).expect("made");
        std::fs::write(scratch.path().join("file"), "content").expect("written");
        let meta = scratch.path().metadata().expect("there");
        assert_eq!(meta.mode() & 0o777, 0o700);
        drop(scratch);
        assert_eq!(std::fs::read_dir(place.path()).expect("readable").count(), 0);
    }

    /// Above Linux's largest (proc_sys_kernel(5), `pid_max`): nobody has it.
    const DEAD: u32 = (1 << 22) + 1;

    #[test]
    fn abandoned_folders_are_swept_and_living_or_foreign_ones_are_not() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        let make = || Scratch::make(&[place.path().to_owned()], "x", uid()).expect("made");
        // As a killed process leaves it.
        let left = |name: &str| {
            std::fs::create_dir_all(at(name).join("inner")).expect("made");
            std::fs::write(at(name).join(MARK), "").expect("marked");
        };
        let living = make();
        let (dead, again) = (format!("x-{DEAD}"), format!("x-{DEAD}.7"));
        for name in [&dead, &again, "y-1", "x-notes", &format!("x-{DEAD}-old"), &format!("x-{DEAD}."), "x-1"] {
            left(name);
        }
        std::fs::create_dir(at(&format!("x-{DEAD}.8"))).expect("the person's own");
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join(MARK), "").expect("marked");
        std::os::unix::fs::symlink(outside.path(), at(&format!("x-{DEAD}.9"))).expect("linked");
        let second = make();
        assert!(living.path().is_dir() && second.path() != living.path());
        assert!(!at(&dead).exists() && !at(&again).exists());
        for kept in ["y-1", "x-notes", &format!("x-{DEAD}-old"), &format!("x-{DEAD}."), "x-1", &format!("x-{DEAD}.8")] {
            assert!(at(kept).is_dir(), "{kept}");
        }
        assert!(at(&format!("x-{DEAD}.9")).is_symlink() && outside.path().join(MARK).exists());
    }

    #[test]
    fn what_this_makes_it_would_sweep() {
        let place = tempfile::tempdir().expect("a folder");
        let scratch = Scratch::make(&[place.path().to_owned()], "x", uid()).expect("made");
        let left = place.path().join(format!("x-{DEAD}"));
        std::fs::create_dir(&left).expect("made");
        std::fs::copy(scratch.path().join(MARK), left.join(MARK)).expect("marked alike");
        drop(Scratch::make(&[place.path().to_owned()], "x", uid()).expect("made"));
        assert!(!left.exists());
    }

    #[test]
    fn the_first_place_that_allows_it_is_taken() {
        let place = tempfile::tempdir().expect("a folder");
        let places = [PathBuf::from("/nonexistent"), place.path().to_owned()];
        let scratch = Scratch::make(&places, "x", uid()).expect("made");
        assert!(scratch.path().starts_with(place.path()));
        assert!(Scratch::make(&places[..1], "x", uid()).is_err());
    }
}
