//! A file of another program, changed while nobody else of us does and only if that program did not meanwhile: the old text or
//! the new one is there at every moment, owner, mode and a link in its place stay. Knows nothing of what is in it.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files::{self, FileError, FolderLock};
use crate::model::{Problem, Secret, text};

/// How long another regpass may take over a file of the same folder.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// Another one after every write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    ino: u64,
    len: u64,
    seconds: i64,
    nanos: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} was changed by somebody else meanwhile", text::quoted_path(.0))]
    Changed(PathBuf),
}

impl From<RewriteError> for Problem {
    fn from(error: RewriteError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match error {
            RewriteError::File(error) => error.hint().into_iter().fold(problem, Problem::hint),
            RewriteError::Changed(_) => problem.hint("look again, then do it again"),
        }
    }
}

/// A file that is about to be changed. Its folder is locked until this, or what comes of it, is dropped.
#[derive(Debug)]
pub struct Rewriting {
    /// As it was named.
    file: PathBuf,
    /// Links followed.
    real: PathBuf,
    stamp: Stamp,
    mode: u32,
    text: Secret,
    _lock: FolderLock,
}

/// The new text beside the file, on the disk. Dropped without `put`, it goes.
#[derive(Debug)]
pub struct Ready {
    of: Rewriting,
    temp: PathBuf,
    after: Stamp,
}

/// What was left beside a file by a regpass that was killed.
pub fn has_leftovers(file: &Path) -> bool {
    std::fs::canonicalize(file).is_ok_and(|real| files::has_temps(folder_of(&real)))
}

/// None where no file is.
pub fn stamp(file: &Path) -> Option<Stamp> {
    std::fs::metadata(file).ok().map(|meta| stamp_of(&meta))
}

impl Rewriting {
    /// Reads a file of at most `max` bytes, and removes what a killed one of us left beside it.
    pub fn begin(file: &Path, max: u64) -> Result<Rewriting, RewriteError> {
        let fault = |source| FileError::io("cannot read", file, source);
        let real = std::fs::canonicalize(file).map_err(fault)?;
        let lock = files::lock_folder(folder_of(&real), LOCK_WAIT)?;
        files::sweep_temps(folder_of(&real));
        let meta = std::fs::metadata(&real).map_err(fault)?;
        let text = Secret::new(files::read_bounded(&real, max)?);
        let mode = meta.mode() & 0o7777;
        Ok(Rewriting { file: file.to_owned(), real, stamp: stamp_of(&meta), mode, text, _lock: lock })
    }

    /// As it was named.
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn text(&self) -> &Secret {
        &self.text
    }

    pub fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Permission bits.
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// Writes the new text beside the file.
    pub fn prepare(self, new: &Secret) -> Result<Ready, RewriteError> {
        let fault = |source| FileError::io("cannot write", &self.file, source);
        let temp = files::temp_name(folder_of(&self.real));
        let written = files::make_replacement(&temp, &self.real, new.expose(), self.mode)?;
        let after = written.sync_all().and_then(|()| written.metadata()).map_err(fault);
        match after {
            Ok(meta) => Ok(Ready { of: self, temp, after: stamp_of(&meta) }),
            Err(error) => {
                let _ = std::fs::remove_file(&temp);
                Err(error.into())
            }
        }
    }

    /// Removes the file, which is no link.
    pub fn remove(self) -> Result<(), RewriteError> {
        self.check()?;
        std::fs::remove_file(&self.real).map_err(|source| FileError::io("cannot remove", &self.file, source))?;
        files::sync_folder(folder_of(&self.real));
        Ok(())
    }

    fn check(&self) -> Result<(), RewriteError> {
        if stamp(&self.real) == Some(self.stamp) { Ok(()) } else { Err(RewriteError::Changed(self.file.clone())) }
    }
}

impl Ready {
    pub fn before(&self) -> &Rewriting {
        &self.of
    }

    /// That of the file once it is there.
    pub fn after(&self) -> Stamp {
        self.after
    }

    /// Gives the new text the file's name.
    pub fn put(self) -> Result<(), RewriteError> {
        self.of.check()?;
        let fault = |source| FileError::io("cannot replace", &self.of.file, source);
        std::fs::rename(&self.temp, &self.of.real).map_err(fault)?;
        files::sync_folder(folder_of(&self.of.real));
        Ok(())
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.temp);
    }
}

/// Brings a file back where none is: whoever looks there finds all of it or nothing, whenever we are killed.
pub fn bring_back(file: &Path, text: &Secret, mode: u32) -> Result<(), RewriteError> {
    let folder = folder_of(file);
    let _lock = files::lock_folder(folder, LOCK_WAIT)?;
    files::sweep_temps(folder);
    let temp = files::temp_name(folder);
    files::create_for(file, &temp, text.expose(), mode)?;
    let put = files::rename_new(&temp, file);
    let _ = std::fs::remove_file(&temp);
    put.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => RewriteError::Changed(file.to_owned()),
        _ => FileError::io("cannot make", file, source).into(),
    })?;
    files::sync_folder(folder);
    Ok(())
}

fn stamp_of(meta: &std::fs::Metadata) -> Stamp {
    Stamp { ino: meta.ino(), len: meta.len(), seconds: meta.mtime(), nanos: meta.mtime_nsec() }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    #[test]
    fn links_and_modes_stay_and_nothing_is_left_behind() {
        let dir = tempfile::tempdir().expect("a folder");
        let (file, link) = (dir.path().join("dot"), dir.path().join("config.json"));
        std::fs::write(&file, "old").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("a mode");
        std::os::unix::fs::symlink("dot", &link).expect("a link");
        std::fs::write(dir.path().join(".regpass-1-1.tmp"), "of a killed one").expect("written");
        assert!(has_leftovers(&link));
        let ready = Rewriting::begin(&link, 10).expect("read").prepare(&secret("new")).expect("written");
        let after = ready.after();
        ready.put().expect("put");
        assert_eq!(stamp(&link), Some(after));
        assert!(link.is_symlink() && !file.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "new");
        assert_eq!(file.metadata().expect("it").mode() & 0o777, 0o640);
        drop(Rewriting::begin(&link, 10).expect("read").prepare(&secret("other")).expect("written"));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "new");
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 2);
        assert!(Rewriting::begin(&link, 2).is_err(), "too large");
    }

    #[test]
    fn what_comes_back_is_there_as_a_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("config.json.bak");
        std::fs::write(dir.path().join(".regpass-1-1.tmp"), "of a killed one").expect("written");
        let watched = std::os::unix::net::UnixListener::bind(dir.path().join("in the way")).expect("something there");
        bring_back(&file, &secret("old"), 0o640).expect("back");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "old");
        assert_eq!(file.metadata().expect("it").mode() & 0o777, 0o640);
        for taken in [&file, &dir.path().join("in the way")] {
            let problem = bring_back(taken, &secret("other"), 0o600).expect_err("it is there");
            assert!(matches!(problem, RewriteError::Changed(_)), "{problem}");
        }
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "old");
        drop(watched);
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 2, "no half is left");
    }

    #[test]
    fn what_is_written_meanwhile_is_not_lost() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("config.json");
        std::fs::write(&file, "old").expect("written");
        let ready = Rewriting::begin(&file, 10).expect("read").prepare(&secret("new")).expect("written");
        std::fs::write(&file, "theirs").expect("written");
        assert!(matches!(ready.put(), Err(RewriteError::Changed(_))));
        let removing = Rewriting::begin(&file, 10).expect("read");
        std::fs::write(&file, "theirs too").expect("written");
        assert!(matches!(removing.remove(), Err(RewriteError::Changed(_))));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "theirs too");
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 1);
    }
}
