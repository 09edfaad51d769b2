//! Stores and their remotes, and what both sides changed. Called by `jobs.rs` alone.

use super::super::watch::Watch;
use super::super::widgets::diff_view::MaskedDiff;
use crate::model::{EntryPath, Problem, Secret};
use crate::ops::conflict::{self, Choice, Conflicts, Resolved, Sides};
use crate::ops::line_diff::{LineDiff, Merged};
use crate::ops::sync::{self, StoreStatus, Synced, Task};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::git::{Access, Commit};

/// How many commits are listed.
const COMMITS: usize = 100;

#[derive(Debug)]
pub(in super::super) enum Job {
    Status,
    /// The last commits of the store that is mounted there.
    Log(EntryPath),
    Sync(Task),
    Conflicts,
    /// Both sides of an entry's conflict, values masked.
    Sides(EntryPath),
    /// One of the views, in clear.
    SidesOpenly(EntryPath, View),
    Resolve(EntryPath, Choice),
    /// Ends a merge in which nothing waits any more.
    Conclude,
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Status(Vec<StoreStatus>),
    Log(Vec<Commit>),
    Synced(Vec<Synced>),
    Conflicts(Conflicts),
    Sides(Box<MaskedSides>),
    SidesOpenly(LineDiff),
    Resolved(Resolved),
}

/// What of a conflict is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum View {
    /// What we changed.
    Ours,
    /// What the others changed.
    Theirs,
    /// What taking over both changes gives.
    Merged,
}

/// Both sides as anybody may see them. None where a side removed the entry.
#[derive(Debug)]
pub(in super::super) struct MaskedSides {
    pub(in super::super) ours: Option<MaskedDiff>,
    pub(in super::super) theirs: Option<MaskedDiff>,
    pub(in super::super) merged: Option<MaskedDiff>,
    /// Places that both changed.
    pub(in super::super) clashes: usize,
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        match self {
            Job::Status => sync::status(system).map(Report::Status),
            Job::Log(folder) => sync::log(system, &folder, COMMITS).map(Report::Log),
            Job::Sync(task) => {
                let mut report = |words: &str| {
                    watch.hear(words);
                    !watch.cancel().is_called_off()
                };
                // A question would go to the terminal that we draw on.
                let mut access = Access { may_ask: false, report: &mut report };
                sync::run(system, task, &mut access).map(Report::Synced)
            }
            Job::Conflicts => conflict::list(system).map(Report::Conflicts),
            Job::Sides(entry) => {
                let sides = conflict::sides(system, &entry, Asking::Allowed)?;
                Ok(Report::Sides(Box::new(masked(sides))))
            }
            Job::SidesOpenly(entry, view) => {
                let sides = conflict::sides(system, &entry, Asking::Allowed)?;
                let gone = || Problem::failed("the conflict has changed meanwhile");
                of_view(sides, view).map(Report::SidesOpenly).ok_or_else(gone)
            }
            Job::Resolve(entry, choice) => conflict::resolve(system, &entry, choice).map(Report::Resolved),
            Job::Conclude => conflict::conclude(system).map(Report::Resolved),
        }
    }
}

fn masked(sides: Sides) -> MaskedSides {
    let clashes = match &sides.merged {
        Some(Merged::Conflicts { count, .. }) => *count,
        _ => 0,
    };
    MaskedSides {
        ours: sides.ours.as_ref().map(MaskedDiff::of),
        theirs: sides.theirs.as_ref().map(MaskedDiff::of),
        merged: sides.merged.map(|merged| MaskedDiff::of_text(&as_it_is(merged))),
        clashes,
    }
}

fn of_view(sides: Sides, view: View) -> Option<LineDiff> {
    match view {
        View::Ours => sides.ours,
        View::Theirs => sides.theirs,
        View::Merged => sides.merged.map(as_it_is),
    }
}

/// A text in which nothing differs.
fn as_it_is(merged: Merged) -> LineDiff {
    let (Merged::Clean(text) | Merged::Conflicts { marked: text, .. }) = merged;
    let copy: Secret = text.part(0..text.len());
    LineDiff::between(copy, text)
}
