//! How a tab follows the journal of helper calls: one question at a time, and one more where calls came meanwhile.

use super::super::jobs::Job;
use super::super::screen::{Flow, Tickets};
use crate::ops::journal::Stamp;

#[derive(Debug, Default)]
pub(super) struct Following {
    asked: Option<u64>,
    /// More calls have come since it was asked.
    again: bool,
    /// Of the journal that is known; None: it is read whatever it is.
    pub(super) stamp: Option<Stamp>,
}

impl Following {
    /// Reads the journal if it is another than the one known.
    pub(super) fn look(&mut self, tickets: &mut Tickets) -> Flow {
        if self.asked.is_some() {
            return Flow::Stay;
        }
        let ticket = tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::Journal(self.stamp))
    }

    /// The helper was called.
    pub(super) fn called(&mut self, tickets: &mut Tickets) -> Flow {
        self.again = self.asked.is_some();
        self.look(tickets)
    }

    /// Whether this number is that of its question, which is answered then.
    pub(super) fn is_answered_by(&mut self, number: u64) -> bool {
        self.asked.take_if(|asked| *asked == number).is_some()
    }

    /// After an answer.
    pub(super) fn go_on(&mut self, tickets: &mut Tickets) -> Flow {
        if std::mem::take(&mut self.again) { self.look(tickets) } else { Flow::Stay }
    }
}
