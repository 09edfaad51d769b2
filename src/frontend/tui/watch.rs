//! What a job may do besides ending: say how far it is, see that it was called off, have the screen lent. Made by the workers, used by
//! `jobs`.

use std::cell::Cell;
use std::sync::mpsc::{Sender, sync_channel};
use std::time::{Duration, Instant};

use super::event::Event;
use super::guest::Guest;
use super::jobs::Report;
use super::screen::Ticket;
use crate::model::text;
use crate::ops::progress::{Cancel, Progress, Step};
use crate::system::env::Env;

/// The least time between two words on how far a job is: a frame for each entry would be work for nobody.
const PACE: Duration = Duration::from_millis(50);

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) done: usize,
    /// 0: nobody knows.
    pub(super) total: usize,
    /// What is worked on, escaped.
    pub(super) what: String,
}

pub(super) struct Watch<'a> {
    ticket: Ticket,
    events: &'a Sender<Event>,
    cancel: Cancel,
    told: Cell<Option<Instant>>,
}

/// The screen is another program's.
pub(super) struct Loan<'a>(&'a Sender<Event>);

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        // An error means that the program is ending.
        let _ = self.0.send(Event::ScreenFree);
    }
}

impl Watch<'_> {
    pub(super) fn new(ticket: Ticket, events: &Sender<Event>, cancel: Cancel) -> Watch<'_> {
        Watch { ticket, events, cancel, told: Cell::new(None) }
    }

    pub(super) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// What another program says of its progress: foreign text.
    pub(super) fn hear(&self, words: &str) {
        self.tell(false, || Pace { what: text::escaped(words.trim().as_bytes()).into_owned(), ..Pace::default() });
    }

    /// A part of what it is to report.
    pub(super) fn found(&self, part: Report) {
        // An error means that the program is ending.
        let _ = self.events.send(Event::Part(self.ticket, Box::new(part)));
    }

    /// Gives the screen to another program until what is answered is dropped. None: the program is ending.
    pub(super) fn lend(&self, guest: Guest) -> Option<Loan<'_>> {
        let (free, wait) = sync_channel(1);
        self.events.send(Event::ScreenWanted { free, guest: Some(guest) }).ok()?;
        wait.recv().ok()?;
        Some(Loan(self.events))
    }

    fn tell(&self, last: bool, pace: impl FnOnce() -> Pace) {
        let now = Env::clock();
        if last || self.told.get().is_none_or(|told| now.saturating_duration_since(told) >= PACE) {
            self.told.set(Some(now));
            // An error means that the program is ending.
            let _ = self.events.send(Event::Progress(self.ticket, pace()));
        }
    }
}

impl Progress for Watch<'_> {
    fn step(&self, step: Step<'_>) {
        let Step { done, total, current } = step;
        self.tell(done == total, || Pace { done, total, what: current.display().into_owned() });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::frontend::tui::screen::Tickets;
    use crate::model::EntryPath;

    #[test]
    fn the_first_and_the_last_step_are_told_and_few_between() {
        let (sender, events) = channel();
        let watch = Watch::new(Tickets::of("test").next(), &sender, Cancel::default());
        let current = EntryPath::parse("a\u{1b}b").expect("a name");
        (1..=1000).for_each(|done| watch.step(Step { done, total: 1000, current: &current }));
        watch.hear("too soon");
        drop(watch);
        drop(sender);
        let paces: Vec<Pace> = events
            .iter()
            .map(|event| if let Event::Progress(_, pace) = event { pace } else { Pace::default() })
            .collect();
        assert_eq!(paces.first().map(|pace| pace.done), Some(1));
        assert_eq!(paces.last(), Some(&Pace { done: 1000, total: 1000, what: "a\\u{1b}b".to_owned() }));
        assert!(paces.len() < 500, "{}", paces.len());
    }
}
