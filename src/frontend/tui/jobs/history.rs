//! Versions of an entry: listed, compared, brought back. Called by `jobs.rs` alone.

use std::sync::Arc;

use super::super::widgets::diff_view::MaskedDiff;
use crate::model::{EntryPath, Problem, Secret};
use crate::ops::history::{self, EntryDiff, Version, Which};
use crate::ops::line_diff::LineDiff;
use crate::ops::{Written, entries};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::git::Commit;

/// How many versions are listed: each costs a look at its message.
pub(in super::super) const VERSIONS_MAX: usize = 200;

/// How many commits the details of an entry tell.
const LAST: usize = 3;

#[derive(Debug)]
pub(in super::super) enum Job {
    Versions(EntryPath),
    /// The last few commits, without a look at what they held.
    Last(EntryPath),
    /// What differs, values masked.
    Compare(Pair),
    /// What differs, in clear.
    CompareOpenly(Pair),
    /// What differs between an entry as it is stored now and a text of the person's own, values masked or in clear.
    CompareText(EntryPath, Arc<Secret>),
    CompareTextOpenly(EntryPath, Arc<Secret>),
    Restore(EntryPath, Which),
}

/// Two versions of an entry. Without `from`: the one directly before `to`.
#[derive(Clone, Debug)]
pub(in super::super) struct Pair {
    pub(in super::super) entry: EntryPath,
    pub(in super::super) from: Option<Which>,
    pub(in super::super) to: Which,
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Versions(Vec<Version>),
    /// None: no git keeps it.
    Last(Option<Vec<Commit>>),
    Compared(MaskedDiff),
    ComparedOpenly(LineDiff),
    Restored(Written),
}

impl Job {
    pub(in super::super) fn run(self, system: &System) -> Result<Report, Problem> {
        match self {
            Job::Versions(entry) => history::versions(system, &entry, VERSIONS_MAX).map(Report::Versions),
            Job::Last(entry) => history::commits(system, &entry, LAST).map(Report::Last),
            Job::Compare(pair) => compare(system, &pair).map(|diff| Report::Compared(MaskedDiff::of(&diff.lines))),
            Job::CompareOpenly(pair) => compare(system, &pair).map(|diff| Report::ComparedOpenly(diff.lines)),
            Job::CompareText(entry, text) => {
                own(system, &entry, &text).map(|diff| Report::Compared(MaskedDiff::of(&diff)))
            }
            Job::CompareTextOpenly(entry, text) => own(system, &entry, &text).map(Report::ComparedOpenly),
            Job::Restore(entry, which) => history::restore(system, &entry, &which).map(Report::Restored),
        }
    }
}

/// Nothing is stored where the entry was removed.
fn own(system: &System, entry: &EntryPath, text: &Secret) -> Result<LineDiff, Problem> {
    let stored = entries::open(system, entry, Asking::Allowed)?.plaintext;
    Ok(LineDiff::between(stored, text.part(0..text.len())))
}

fn compare(system: &System, pair: &Pair) -> Result<EntryDiff, Problem> {
    match &pair.from {
        Some(from) => history::diff(system, &pair.entry, Some(from), &pair.to, Asking::Allowed),
        None => history::changes(system, &pair.entry, &pair.to, Asking::Allowed),
    }
}
