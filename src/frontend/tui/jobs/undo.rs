//! The last change of a store: which it is, and taken back. Called by `jobs.rs` alone.

use crate::model::Problem;
use crate::ops::undo::{self, UndoStep, Undone};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) enum Job {
    /// The change that would be taken back.
    Last,
    TakeBack(u64),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    /// None: there is none.
    Last(Option<UndoStep>),
    Undone(Undone),
}

impl Job {
    pub(in super::super) fn run(self, system: &System) -> Result<Report, Problem> {
        match self {
            Job::Last => undo::last(system).map(Report::Last),
            Job::TakeBack(id) => undo::undo(system, Some(id)).map(Report::Undone),
        }
    }
}
