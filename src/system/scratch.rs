//! Private folders that do not outlive their process: removed on drop, and when the process was killed, by the next one
//! that makes such a folder. Knows nothing of what is put in.

use std::fs::{DirBuilder, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{self, FileError, FolderLock};

/// The most names tried for a new folder; more are taken only when somebody makes them to be in the way.
const TRIES: u32 = 100;

/// A folder of mode 0700 that is removed with all that is in it when dropped. The lock on it says that its owner lives.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    _alive: FolderLock,
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
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
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
        // Between making and locking it somebody may have swept it as abandoned.
        if path.is_dir() {
            return Ok(Scratch { path, _alive: alive });
        }
    }
    Err(fault(std::io::ErrorKind::AlreadyExists.into()))
}

/// True for `NAME-PID` and `NAME-PID.NUMBER`, and for no other: people may call things alike.
fn is_scratch_name(file: &[u8], name: &str) -> bool {
    let is_number = |digits: &[u8]| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let numbers = file.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"-"));
    let mut numbers = numbers.unwrap_or_default().splitn(2, |byte| *byte == b'.');
    numbers.next().is_some_and(is_number) && numbers.next().is_none_or(is_number)
}

/// Removes our own folders of that name whose lock nobody holds. What cannot be removed stays.
fn sweep(place: &Path, name: &str, uid: u32) {
    let Ok(items) = std::fs::read_dir(place) else { return };
    for item in items.flatten().filter(|item| is_scratch_name(item.file_name().as_bytes(), name)) {
        // Not following links: only a folder that is itself ours.
        let ours = |meta: Metadata| meta.is_dir() && meta.uid() == uid;
        let path = item.path();
        if item.metadata().is_ok_and(ours) && files::lock_folder(&path, Duration::ZERO).is_ok() {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
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

    #[test]
    fn abandoned_folders_are_swept_and_living_or_foreign_ones_are_not() {
        let place = tempfile::tempdir().expect("a folder");
        let make = || Scratch::make(&[place.path().to_owned()], "x", uid()).expect("made");
        let living = make();
        for name in ["x-1", "x-2/inner", "x-2.7", "y-1", "x-notes", "x-", "x-1.", "x-1.old"] {
            std::fs::create_dir_all(place.path().join(name)).expect("made");
        }
        let outside = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink(outside.path(), place.path().join("x-3")).expect("linked");
        let second = make();
        assert!(living.path().is_dir() && second.path() != living.path());
        for swept in ["x-1", "x-2", "x-2.7"] {
            assert!(!place.path().join(swept).exists(), "{swept}");
        }
        for others in ["x-notes", "x-", "x-1.", "x-1.old"] {
            assert!(place.path().join(others).exists(), "{others}");
        }
        assert!(place.path().join("y-1").exists() && place.path().join("x-3").exists() && outside.path().exists());
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
