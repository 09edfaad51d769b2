//! What the store screen knows of the selected entry or folder, asked for as the selection comes to rest: one question of
//! each kind at a time, the newest selection next. What takes long is asked for last: git may go through a long history for
//! the commits, and of a folder every entry is looked at.

use super::super::jobs::folder::{Job as AskFolder, LOOKED_AT_MAX, Report as AnswerFolder};
use super::super::jobs::history::{Job as AskHistory, Report as AnswerHistory};
use super::super::jobs::{Job, Report};
use super::super::screen::{Flow, Tickets};
use crate::model::{EntryPath, Problem, ProblemKind};
use crate::ops::entries::EntryFacts;
use crate::ops::recipients::{Access, Astray, FolderReaders};
use crate::system::git::{Commit, Tracking};

/// What is known of an entry, who can read it, and whether git has it.
pub(super) type Told = (EntryFacts, Access, Tracking);
pub(super) type Facts = Result<Told, Problem>;

/// One kind of question: what is known, of what, and of what it is asked.
pub(super) struct Question<T> {
    known: Option<(EntryPath, Result<T, Problem>)>,
    asked: Option<(u64, EntryPath)>,
}

impl<T> Default for Question<T> {
    fn default() -> Question<T> {
        Question { known: None, asked: None }
    }
}

impl<T> Question<T> {
    pub(super) fn known(&self, of: &EntryPath) -> Option<&Result<T, Problem>> {
        self.known.as_ref().filter(|(known, _)| known == of).map(|(_, answer)| answer)
    }

    /// Unless the answer is there or another is awaited.
    fn ask(&mut self, of: &EntryPath, tickets: &mut Tickets, job: impl FnOnce(EntryPath) -> Job) -> Flow {
        if self.known(of).is_some() || self.asked.is_some() {
            return Flow::Stay;
        }
        let ticket = tickets.next();
        self.asked = Some((ticket.number, of.clone()));
        Flow::Start(ticket, job(of.clone()))
    }

    /// Gives the report back when it answers another question.
    fn take(
        &mut self,
        number: u64,
        report: Result<Report, Problem>,
        answer: impl FnOnce(Report) -> Option<T>,
    ) -> Option<Result<Report, Problem>> {
        let Some((_, of)) = self.asked.take_if(|(asked, _)| *asked == number) else { return Some(report) };
        match report {
            Ok(report) => self.known = answer(report).map(|found| (of, Ok(found))),
            Err(problem) if problem.kind == ProblemKind::Cancelled => {}
            Err(problem) => self.known = Some((of, Err(problem))),
        }
        None
    }

    /// Ends the work on what is no longer selected.
    fn call_off(&self, wanted: Option<&EntryPath>, tickets: &Tickets) -> Flow {
        let other = self.asked.as_ref().filter(|(_, asked)| Some(asked) != wanted);
        other.map_or(Flow::Stay, |(number, _)| Flow::CallOff(tickets.ticket(*number)))
    }
}

/// Of entries and of folders.
#[derive(Default)]
pub(super) struct Known {
    pub(super) facts: Question<Told>,
    pub(super) commits: Question<Vec<Commit>>,
    pub(super) readers: Question<FolderReaders>,
    pub(super) astray: Question<Astray>,
    /// None: no git keeps the folder.
    pub(super) changes: Question<Option<Vec<Commit>>>,
}

impl Known {
    /// Something was written: what is asked for by now may be of before.
    pub(super) fn forget(&mut self) {
        *self = Known::default();
    }

    /// Asks for what is not known of the selected entry unless an answer is awaited.
    pub(super) fn ask(&mut self, entry: &EntryPath, tickets: &mut Tickets) -> Flow {
        let off = self.astray.call_off(None, tickets);
        let next = match self.facts.known(entry) {
            None => self.ask_first(tickets, |known, tickets| known.facts.ask(entry, tickets, Job::Facts)),
            Some(Ok((.., Tracking::Tracked))) => {
                self.commits.ask(entry, tickets, |entry| Job::History(AskHistory::Last(entry)))
            }
            Some(_) => Flow::Stay,
        };
        Flow::Many(vec![off, next])
    }

    /// The same for a folder with so many entries.
    pub(super) fn ask_of_folder(&mut self, folder: &EntryPath, entries: u32, tickets: &mut Tickets) -> Flow {
        let off = self.astray.call_off(Some(folder), tickets);
        let ask = |ask: fn(EntryPath) -> AskFolder| move |folder| Job::Folder(ask(folder));
        if self.readers.known(folder).is_none() {
            let first =
                self.ask_first(tickets, |known, tickets| known.readers.ask(folder, tickets, ask(AskFolder::Readers)));
            return Flow::Many(vec![off, first]);
        }
        let look = match entries <= LOOKED_AT_MAX {
            true => self.astray.ask(folder, tickets, ask(AskFolder::Astray)),
            false => Flow::Stay,
        };
        Flow::Many(vec![off, look, self.changes.ask(folder, tickets, ask(AskFolder::Last))])
    }

    /// The question that the others follow: one at a time, of whatever is selected.
    fn ask_first(&mut self, tickets: &mut Tickets, ask: impl FnOnce(&mut Known, &mut Tickets) -> Flow) -> Flow {
        if self.facts.asked.is_some() || self.readers.asked.is_some() { Flow::Stay } else { ask(self, tickets) }
    }

    /// Gives the report back when it answers none of its questions.
    pub(super) fn take(&mut self, number: u64, report: Result<Report, Problem>) -> Option<Result<Report, Problem>> {
        let report = self.facts.take(number, report, |report| match report {
            Report::Facts(facts, access, git) => Some((facts, access, git)),
            _ => None,
        })?;
        let report = self.commits.take(number, report, |report| match report {
            Report::History(AnswerHistory::Last(commits)) => Some(commits.unwrap_or_default()),
            _ => None,
        })?;
        let report = self.readers.take(number, report, |report| match report {
            Report::Folder(AnswerFolder::Readers(readers)) => Some(readers),
            _ => None,
        })?;
        let report = self.astray.take(number, report, |report| match report {
            Report::Folder(AnswerFolder::Astray(astray)) => Some(astray),
            _ => None,
        })?;
        self.changes.take(number, report, |report| match report {
            Report::Folder(AnswerFolder::Last(commits)) => Some(commits),
            _ => None,
        })
    }
}
