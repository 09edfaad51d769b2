//! What was done and what came of it: the toast, the results kept for the log, the last change taken back.

use std::time::Duration;

use super::App;
use crate::frontend::tui::jobs::{Report, undo};
use crate::frontend::tui::screen::{Ticket, Toast};
use crate::frontend::tui::taking_back;
use crate::model::Problem;

/// How long the last result stays.
const TOAST_TIME: Duration = Duration::from_secs(6);

/// How many results are kept for the log.
const LOG_MAX: usize = 200;

impl App {
    pub(in super::super) fn say(&mut self, toast: Toast) {
        if self.said.len() == LOG_MAX {
            self.said.pop_front();
        }
        self.said.push_back((self.scope.wall, toast.clone()));
        self.toast = Some((toast, self.scope.now + TOAST_TIME));
    }

    /// What came of the undo key. A question that comes after the person went on is not asked; what was taken back before
    /// does not end the wait for the next one.
    pub(super) fn take_back(&mut self, ticket: Ticket, report: Result<Report, Problem>) {
        let awaited = self.awaits_question.take_if(|awaited| *awaited == ticket).is_some();
        let answer = match report {
            Ok(Report::Undo(undo::Report::Last(_))) if !awaited || !self.layers.is_empty() => return,
            Ok(Report::Undo(answer)) => Ok(answer),
            Ok(_) => return,
            Err(problem) => Err(problem),
        };
        let flow = taking_back::answered(answer, self.undo_tickets.next(), self.scope.home.as_deref());
        self.follow(flow);
    }
}
