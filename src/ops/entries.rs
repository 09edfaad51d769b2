//! Entries of all stores: list, find, show, insert, remove.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::model::{EntryPath, Problem, Secret};
use crate::ops::credentials::Written;
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::store::Listing;

/// What is known of an entry without decrypting it.
#[derive(Clone, Debug)]
pub struct EntryFacts {
    pub path: EntryPath,
    pub file: PathBuf,
    /// Root of the store that holds it.
    pub store: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
    /// The recipients' text as `.gpg-id` names them, or the problem that keeps them from being known.
    pub readable_by: Result<Vec<String>, Problem>,
    pub in_git: bool,
}

/// Every entry below `folder` in all stores; the root path lists all.
pub fn list(_system: &System, _folder: &EntryPath) -> Result<Listing, Problem> {
    todo!()
}

/// The whole plaintext of an entry.
pub fn show(_system: &System, _entry: &EntryPath, _asking: Asking) -> Result<Secret, Problem> {
    todo!()
}

pub fn facts(_system: &System, _entry: &EntryPath) -> Result<EntryFacts, Problem> {
    todo!()
}

/// Writes an entry. Refuses to replace an existing one unless `overwrite`.
pub fn insert(_system: &System, _entry: &EntryPath, _plaintext: Secret, _overwrite: bool) -> Result<Written, Problem> {
    todo!()
}

/// Removes an entry, or with `recursive` a folder.
pub fn remove(_system: &System, _path: &EntryPath, _recursive: bool) -> Result<Written, Problem> {
    todo!()
}
