//! Files below a store's root put back as they were, whatever they are called, and taken away. For changes that are taken
//! back; everything else writes entries (`write`) or carries files about (`carry`).

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::write::{Modes, staged, write_once};
use super::{Store, StoreError, StoreLock, absent_is_none};
use crate::model::EntryPath;
use crate::system::files::{self, FileError};
use crate::system::options::Options;

impl Store {
    /// Replaces a file in one step, making its folders. A link in its place is replaced itself. A new file gets `mode`.
    pub fn put_back(
        &self,
        _lock: &StoreLock,
        file: &EntryPath,
        bytes: &[u8],
        mode: u32,
        options: &Options,
    ) -> Result<PathBuf, StoreError> {
        self.check_unreserved(file)?;
        let path = file.folder(&self.root);
        let modes = Modes { file: mode & 0o777, ..Modes::of(options) };
        write_once(&self.root, &path, self.around(&path), bytes, modes)?;
        Ok(path)
    }

    /// Makes a link that says `target`, in place of what is there.
    pub fn put_back_link(
        &self,
        lock: &StoreLock,
        file: &EntryPath,
        target: &Path,
        options: &Options,
    ) -> Result<PathBuf, StoreError> {
        // An empty file first: that makes the folders.
        let path = self.put_back(lock, file, b"", 0o600, options)?;
        let fault = |source| FileError::io("cannot make the link", &path, source);
        staged(&self.root, self.around(&path), |staging| {
            let temp = files::temp_name(staging);
            symlink(target, &temp).map_err(fault)?;
            std::fs::rename(&temp, &path).map_err(fault)
        })?;
        Ok(path)
    }

    /// Removes a file (a link itself, never its target) and the folders that it leaves empty. False when it was not there.
    pub fn take_away(&self, lock: &StoreLock, file: &EntryPath) -> Result<bool, StoreError> {
        self.check_unreserved(file)?;
        let path = file.folder(&self.root);
        let removed = std::fs::remove_file(&path).map_err(|source| FileError::io("cannot remove", &path, source));
        let removed = absent_is_none(removed)?.is_some();
        self.prune(lock, &file.parent());
        Ok(removed)
    }

    fn around<'p>(&'p self, path: &'p Path) -> &'p Path {
        path.parent().unwrap_or(&self.root)
    }
}
