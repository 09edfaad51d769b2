//! An entry opened in order to be edited, its new text stored, or both with the person's own editor between. Called by
//! `jobs.rs` alone.

use std::sync::Arc;

use super::write::{self, Done};
use crate::frontend::tui::guest::{Edited, Guest, Visit};
use crate::frontend::tui::watch::Watch;
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::entries::{self, Opened};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::editor;

/// What commits say the entry was edited with.
const EDITOR: &str = "regpass";

/// What edits without a file, where there cannot be one.
const INSIDE: &str = "e edits it here, without an editor of yours and without a file";

#[derive(Debug)]
pub(in super::super) enum Job {
    Open(EntryPath),
    /// The new text of what was opened, which must still be as it was.
    Save(Arc<Opened>, Secret),
    /// In the person's own editor, which gets the screen.
    Outside(EntryPath),
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<super::Report, Problem> {
        let done = match self {
            Job::Open(entry) => return open(system, &entry).map(|opened| super::Report::Editable(Arc::new(opened))),
            Job::Save(opened, text) => save(system, &opened, text, EDITOR)?,
            Job::Outside(entry) => outside(system, &entry, watch)?,
        };
        Ok(super::Report::Write(write::Report::Done(done)))
    }
}

fn open(system: &System, entry: &EntryPath) -> Result<Opened, Problem> {
    entries::check_writable(system, entry)?;
    let opened = entries::open(system, entry, Asking::Allowed)?;
    if opened.is_new() {
        return Err(Problem::not_found(format!("{} is not there any more", text::quoted(entry.as_bytes()))));
    }
    Ok(opened)
}

fn save(system: &System, opened: &Opened, text: Secret, editor: &str) -> Result<Done, Problem> {
    let name = opened.path.display();
    if text.is_empty() {
        return Err(Problem::failed(format!("the new text is empty, so {name} stays as it is"))
            .hint("to remove the entry, delete it in the store"));
    }
    let written = entries::edit(system, opened, text, editor)?;
    let told = if written.changed { format!("saved {name}") } else { format!("{name} is unchanged") };
    Ok(Done { told, warnings: written.warnings, changed: written.changed, ..Done::default() })
}

/// Wipes the file, however this ends.
struct Finish<'a>(&'a Visit);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}

fn outside(system: &System, entry: &EntryPath, watch: &Watch<'_>) -> Result<Done, Problem> {
    let opened = open(system, entry)?;
    let gone = || Problem::cancelled("called off");
    if watch.cancel().is_called_off() {
        return Err(gone());
    }
    let words = editor::chosen(&system.env, system.options.editor.as_deref());
    let visit = Arc::new(Visit::default());
    let _finish = Finish(&visit);
    let loan = watch.lend(Guest::Editor(Arc::clone(&visit))).ok_or_else(gone)?;
    let edited = visit.edit(&system.env, &words, entry, &opened.plaintext);
    drop(loan);
    let Edited { text, ended_well } = edited.map_err(|problem| problem.hint(INSIDE))?;
    let name = text::quoted(entry.as_bytes());
    let text = text.map_err(|error| {
        Problem::failed(format!("the editor left no text for {name}, which stays as it is")).because(error.message)
    })?;
    let text = entries::from_editor(&opened, text);
    if text.same_as(&opened.plaintext) {
        let how = if ended_well { "" } else { "the editor did not end well; " };
        return Ok(Done { told: format!("{how}{} is unchanged", entry.display()), ..Done::default() });
    }
    if !ended_well {
        let problem = Problem::failed(format!("the editor did not end well, so {name} stays as it is"));
        return Err(visit.keep_for(entry, problem));
    }
    let is_empty = text.is_empty();
    let saved = save(system, &opened, text, &words.to_string_lossy());
    saved.map_err(|problem| if is_empty { problem } else { visit.keep_for(entry, problem) })
}
