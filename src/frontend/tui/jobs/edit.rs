//! An entry opened in order to be edited, and its new text stored. Called by `jobs.rs` alone.

use std::sync::Arc;

use super::write::{self, Done};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::entries::{self, Opened};
use crate::system::System;
use crate::system::cipher::Asking;

/// What commits say the entry was edited with.
const EDITOR: &str = "regpass";

#[derive(Debug)]
pub(in super::super) enum Job {
    Open(EntryPath),
    /// The new text of what was opened, which must still be as it was.
    Save(Arc<Opened>, Secret),
}

impl Job {
    pub(in super::super) fn run(self, system: &System) -> Result<super::Report, Problem> {
        match self {
            Job::Open(entry) => {
                entries::check_writable(system, &entry)?;
                let opened = entries::open(system, &entry, Asking::Allowed)?;
                if opened.is_new() {
                    let name = text::quoted(entry.as_bytes());
                    return Err(Problem::not_found(format!("{name} is not there any more")));
                }
                Ok(super::Report::Editable(Arc::new(opened)))
            }
            Job::Save(opened, text) => save(system, &opened, text, EDITOR),
        }
    }
}

fn save(system: &System, opened: &Opened, text: Secret, editor: &str) -> Result<super::Report, Problem> {
    let name = opened.path.display();
    if text.is_empty() {
        return Err(Problem::failed(format!("the new text is empty, so {name} stays as it is"))
            .hint("to remove the entry: D in the store"));
    }
    let written = entries::edit(system, opened, text, editor)?;
    let told = if written.changed { format!("saved {name}") } else { format!("{name} is unchanged") };
    let done = Done { told, warnings: written.warnings, changed: written.changed, ..Done::default() };
    Ok(super::Report::Write(write::Report::Done(done)))
}
