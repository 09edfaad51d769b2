//! What is told of a folder without opening anything: its readers, which of its entries are encrypted to others, the last
//! commits in it. Called by `jobs.rs` alone.

use super::super::watch::Watch;
use crate::model::{EntryPath, Problem};
use crate::ops::history;
use crate::ops::recipients::{self, Astray, FolderReaders};
use crate::system::System;
use crate::system::git::Commit;

/// The most entries that are looked at unasked: each is read.
pub(in super::super) const LOOKED_AT_MAX: u32 = 2_000;

/// How many commits are told.
const LAST: usize = 3;

#[derive(Debug)]
pub(in super::super) enum Job {
    Readers(EntryPath),
    /// Which entries are not encrypted to just those whom their folders name.
    Astray(EntryPath),
    /// The last few commits.
    Last(EntryPath),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Readers(FolderReaders),
    Astray(Astray),
    /// None: no git keeps it.
    Last(Option<Vec<Commit>>),
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        match self {
            Job::Readers(folder) => recipients::folder_readers(system, &folder).map(Report::Readers),
            Job::Astray(folder) => recipients::astray(system, &folder, watch.cancel()).map(Report::Astray),
            Job::Last(folder) => history::commits_in(system, &folder, LAST).map(Report::Last),
        }
    }
}
