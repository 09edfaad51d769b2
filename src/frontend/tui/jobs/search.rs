//! Lines inside entries, found by opening all of them. Called by `jobs.rs` alone.

use super::super::watch::Watch;
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::entries;
use crate::ops::grep::{self, Line, Pattern};
use crate::ops::line_diff::masked_lines;
use crate::ops::opening::Failed;
use crate::system::System;
use crate::system::cipher::Asking;

/// The most lines that are listed.
const LINES_MAX: usize = 2_000;

#[derive(Debug)]
pub(in super::super) enum Job {
    Search {
        pattern: String,
        regular: bool,
    },
    /// One line of an entry in clear, counted from 1.
    Line(EntryPath, usize),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Found(Found),
    Line(Secret),
}

/// What a search found until it ended.
#[derive(Debug, Default)]
pub(in super::super) struct Found {
    pub(in super::super) lines: Vec<FoundLine>,
    /// Lines beyond the most that are listed.
    pub(in super::super) more: usize,
    pub(in super::super) entries: usize,
    pub(in super::super) failed: Vec<Failed>,
    /// It was called off before the end.
    pub(in super::super) stopped: bool,
}

/// A line as anybody may see it.
#[derive(Debug)]
pub(in super::super) struct FoundLine {
    pub(in super::super) entry: EntryPath,
    pub(in super::super) number: usize,
    pub(in super::super) masked: String,
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        match self {
            Job::Search { pattern, regular } => search(system, &pattern, regular, watch).map(Report::Found),
            Job::Line(entry, number) => line(system, &entry, number).map(Report::Line),
        }
    }
}

/// Capital letters count only in a pattern that has some.
fn search(system: &System, pattern: &str, regular: bool, watch: &Watch<'_>) -> Result<Found, Problem> {
    let any_case = !pattern.chars().any(char::is_uppercase);
    let pattern = Pattern::new(pattern, !regular, any_case)?;
    let mut found = Found::default();
    let searched = grep::search(system, &pattern, &EntryPath::root(), watch, watch.cancel(), |hit| {
        let room = LINES_MAX.saturating_sub(found.lines.len());
        found.more += hit.more + hit.lines.len().saturating_sub(room);
        found.lines.extend(hit.lines.iter().take(room).map(|line| FoundLine {
            entry: hit.entry.clone(),
            number: line.number,
            masked: masked(line),
        }));
        Ok(())
    });
    match searched {
        Ok(searched) => {
            found.entries = searched.entries;
            found.failed = searched.failed;
        }
        Err(_) if watch.cancel().is_called_off() => found.stopped = true,
        Err(problem) => return Err(problem),
    }
    Ok(found)
}

/// As it would stand masked in its entry: the first line is the password's.
fn masked(line: &Line) -> String {
    let mut text = Secret::with_capacity(line.text.len() + 1);
    if line.number > 1 {
        text.push(b"\n");
    }
    text.push(line.text.expose());
    masked_lines(text).pop().unwrap_or_default()
}

fn line(system: &System, entry: &EntryPath, number: usize) -> Result<Secret, Problem> {
    let plaintext = entries::show(system, entry, Asking::Allowed)?;
    let gone = || Problem::failed(format!("{} was changed meanwhile", text::quoted(entry.as_bytes())));
    let mut start = 0;
    let mut ranges = plaintext.expose().split_inclusive(|byte| *byte == b'\n').map(|line| {
        let range = start..start + line.len();
        start = range.end;
        range
    });
    let range = ranges.nth(number.saturating_sub(1)).ok_or_else(gone)?;
    let mut line = plaintext.part(range);
    line.trim_end(|byte| matches!(byte, b'\n' | b'\r'));
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::line_diff::MASK;

    #[test]
    fn a_line_is_masked_as_it_would_be_in_its_entry() {
        let line = |number, text: &str| masked(&Line { number, text: Secret::new(text.as_bytes().to_vec()) });
        assert_eq!(line(1, "user: none"), MASK);
        assert_eq!(line(2, "user: ann"), "user: ann");
        assert_eq!(line(3, "pin: 4711"), format!("pin: {MASK}"));
    }
}
