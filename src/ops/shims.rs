//! The links under which other programs start regpass: made, looked at, removed. A link is what makes `docker login` use
//! regpass, so a file that is not ours is never replaced without being told to, and status says who would be found first.

use std::path::{Path, PathBuf};

use crate::model::Problem;
use crate::system::System;

/// The names Docker and its relatives look for: `docker-credential-` and the word in `credsStore`.
pub const NAMES: [&str; 2] = ["docker-credential-pass", "docker-credential-regpass"];

/// What is at the place of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    /// A link to this very regpass.
    Ours,
    /// A link to another regpass binary, or to one that is gone.
    OtherRegpass(PathBuf),
    /// docker-credential-helpers' own program.
    OfficialHelper,
    /// Anything else: a script, another helper, a folder, a link to nowhere.
    Foreign,
}

/// One link.
#[derive(Clone, Debug)]
pub struct Shim {
    pub path: PathBuf,
    pub found: Found,
}

/// What a command changed and left alone, link by link.
#[derive(Clone, Debug)]
pub struct Change {
    /// What is there now.
    pub shim: Shim,
    pub changed: bool,
}

/// Whose search path is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searcher {
    /// `$PATH` of this process.
    Here,
    /// `$PATH` as the login shell sets it up.
    LoginShell,
    /// `secure_path` of sudo.
    Sudo,
}

/// Who would be started as `docker-credential-pass`.
#[derive(Clone, Debug)]
pub struct View {
    pub searcher: Searcher,
    /// The first file that would be found, None for none; or why that is not known.
    pub first: Result<Option<Shim>, String>,
}

#[derive(Clone, Debug)]
pub struct Status {
    pub dir: PathBuf,
    pub shims: Vec<Shim>,
    pub views: Vec<View>,
}

/// The folder that is used when none is given: the first of the user's own and the system's that can be written to.
pub fn default_dir(_system: &System) -> Result<PathBuf, Problem> {
    todo!()
}

/// Makes the links in `dir`. A file that is not a link to regpass is replaced only with `force`.
pub fn install(_system: &System, _dir: Option<&Path>, _force: bool) -> Result<Vec<Change>, Problem> {
    todo!()
}

/// What is in `dir`, and what is found first by whom.
pub fn status(_system: &System, _dir: Option<&Path>) -> Result<Status, Problem> {
    todo!()
}

/// Removes our links from `dir`; files that are not ours stay.
pub fn remove(_system: &System, _dir: Option<&Path>) -> Result<Vec<Change>, Problem> {
    todo!()
}
