//! The last change of a store: which it is, and taken back. Called by `jobs.rs` alone.

use crate::model::Problem;
use crate::ops::undo::{self, Effect, UndoStep, Undone};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) enum Job {
    /// The change that would be taken back.
    Last,
    TakeBack(u64),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    /// None: there is none. And what taking it back would do, where that can be told.
    Last(Option<(UndoStep, Option<Effect>)>),
    Undone(Undone),
}

impl Job {
    pub(in super::super) fn run(self, system: &System) -> Result<Report, Problem> {
        match self {
            Job::Last => {
                let last = undo::last(system)?;
                let told = last.map(|step| {
                    let effect = undo::effect(system, step.id).ok().flatten();
                    (step, effect)
                });
                Ok(Report::Last(told))
            }
            Job::TakeBack(id) => undo::undo(system, Some(id)).map(Report::Undone),
        }
    }
}
