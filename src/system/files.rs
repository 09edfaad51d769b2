//! Files as regpass touches them: bounded reads, atomic replacement, locks.
//! Knows modes and renames; not what is in a file, and not where files belong.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
}

impl FileError {
    pub fn io(what: &'static str, path: &Path, source: io::Error) -> FileError {
        FileError::Io { what, path: path.to_owned(), source }
    }

    /// The kind of the underlying error; `Other` for the rest.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            FileError::Io { source, .. } => source.kind(),
            FileError::TooLarge { .. } | FileError::NotAFile { .. } => io::ErrorKind::Other,
        }
    }

    /// True when the file, or a folder on the way to it, is not there.
    pub fn is_not_found(&self) -> bool {
        matches!(self.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
    }
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
