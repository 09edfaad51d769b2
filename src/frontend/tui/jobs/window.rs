//! Deployment windows extended and closed. Called by `jobs.rs` alone.

use std::time::Duration;

use crate::model::{Problem, text};
use crate::ops::audit::Scope;
use crate::ops::deadline;
use crate::ops::window::{self, Ended, Which};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) enum Job {
    /// The end of the window at this registry, moved by so much.
    Extend(String, Duration),
    Close(Which),
}

impl Job {
    /// What was done, in words; what is not proved is a problem.
    pub(in super::super) fn run(self, system: &System) -> Result<String, Problem> {
        match self {
            Job::Extend(registry, by) => {
                let moved = window::extend(system, &[registry], by)?;
                let one = |(name, until): &(String, _)| {
                    format!("{} is open until {}", text::quoted(name), deadline::minute(*until))
                };
                Ok(moved.iter().map(one).collect::<Vec<_>>().join(", "))
            }
            Job::Close(which) => close(system, &which),
        }
    }
}

fn close(system: &System, which: &Which) -> Result<String, Problem> {
    let closed = window::close(system, &Scope::default(), which, false)?;
    let left: Vec<&Ended> = closed.ended.iter().filter(|ended| !ended.is_proved()).collect();
    if let Some(first) = left.first() {
        let problem = Problem::failed(format!("the logout of {} is not proved", text::quoted(first.registry())));
        return Err(match first {
            Ended::Out(done) => done.still.iter().fold(problem, Problem::because),
            Ended::Failed(_, why) => problem.because(why.one_line()),
            Ended::Shared(..) | Ended::Stays(_) => problem,
        });
    }
    if let Some(warning) = closed.warnings.into_iter().next() {
        return Err(warning);
    }
    let one = |ended: &Ended| match ended {
        Ended::Shared(name, until) => {
            format!("{} stays open until {}: another window has it", text::quoted(name), deadline::minute(*until))
        }
        Ended::Stays(name) => format!("the login of {} was there before, and stays", text::quoted(name)),
        Ended::Out(_) | Ended::Failed(..) => format!("logged out of {}: proved", text::quoted(ended.registry())),
    };
    match closed.ended.is_empty() {
        true => Ok("there was nothing to close".to_owned()),
        false => Ok(closed.ended.iter().map(one).collect::<Vec<_>>().join("; ")),
    }
}
