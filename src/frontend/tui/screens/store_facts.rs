//! What the store screen knows of the selected entry, asked for as the selection comes to rest: one question of each kind
//! at a time, the newest selection next. The commits are asked for last: git may go through a long history for them.

use super::super::jobs::history::{Job as AskHistory, Report as AnswerHistory};
use super::super::jobs::{Job, Report};
use super::super::screen::{Flow, Tickets};
use crate::model::{EntryPath, Problem};
use crate::ops::entries::EntryFacts;
use crate::ops::recipients::Access;
use crate::system::git::{Commit, Tracking};

/// What is known of an entry, who can read it, and whether git has it.
pub(super) type Facts = Result<(EntryFacts, Access, Tracking), Problem>;

#[derive(Default)]
pub(super) struct Known {
    facts: Option<(EntryPath, Facts)>,
    commits: Option<(EntryPath, Result<Vec<Commit>, Problem>)>,
    asked_facts: Option<(u64, EntryPath)>,
    asked_commits: Option<(u64, EntryPath)>,
}

impl Known {
    /// Something was written: what is asked for by now may be of before.
    pub(super) fn forget(&mut self) {
        *self = Known::default();
    }

    pub(super) fn facts(&self, entry: &EntryPath) -> Option<&Facts> {
        self.facts.as_ref().filter(|(known, _)| known == entry).map(|(_, facts)| facts)
    }

    pub(super) fn commits(&self, entry: &EntryPath) -> Option<&Result<Vec<Commit>, Problem>> {
        self.commits.as_ref().filter(|(known, _)| known == entry).map(|(_, commits)| commits)
    }

    /// Asks for what is not known of the selected entry unless an answer is awaited.
    pub(super) fn ask(&mut self, entry: &EntryPath, tickets: &mut Tickets) -> Flow {
        let in_git = match self.facts(entry) {
            Some(Ok((.., git))) => *git == Tracking::Tracked,
            Some(Err(_)) => false,
            None if self.asked_facts.is_some() => return Flow::Stay,
            None => {
                let ticket = tickets.next();
                self.asked_facts = Some((ticket.number, entry.clone()));
                return Flow::Start(ticket, Job::Facts(entry.clone()));
            }
        };
        if !in_git || self.commits(entry).is_some() || self.asked_commits.is_some() {
            return Flow::Stay;
        }
        let ticket = tickets.next();
        self.asked_commits = Some((ticket.number, entry.clone()));
        Flow::Start(ticket, Job::History(AskHistory::Last(entry.clone())))
    }

    /// Gives the report back when it answers none of its questions.
    pub(super) fn take(&mut self, number: u64, report: Result<Report, Problem>) -> Option<Result<Report, Problem>> {
        if let Some((_, entry)) = self.asked_facts.take_if(|(asked, _)| *asked == number) {
            match report {
                Ok(Report::Facts(facts, access, git)) => self.facts = Some((entry, Ok((facts, access, git)))),
                Ok(_) => {}
                Err(problem) => self.facts = Some((entry, Err(problem))),
            }
        } else if let Some((_, entry)) = self.asked_commits.take_if(|(asked, _)| *asked == number) {
            match report {
                Ok(Report::History(AnswerHistory::Last(commits))) => {
                    self.commits = Some((entry, Ok(commits.unwrap_or_default())));
                }
                Ok(_) => {}
                Err(problem) => self.commits = Some((entry, Err(problem))),
            }
        } else {
            return Some(report);
        }
        None
    }
}
