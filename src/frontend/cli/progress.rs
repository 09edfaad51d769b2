//! One line on stderr that says how far a long command is. Nothing is drawn where no person watches, or for what is done at
//! once.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::frontend::console::Console;
use crate::ops::progress::{Progress, Step};
use crate::system::env::Env;

/// Before this, nothing is drawn.
const DELAY: Duration = Duration::from_millis(400);

/// Between two lines.
const PAUSE: Duration = Duration::from_millis(100);

/// Draws an op's progress.
pub(super) struct Line<'a> {
    console: &'a Console,
    verb: &'static str,
    next: Cell<Instant>,
}

impl<'a> Line<'a> {
    /// `verb` stands in front: "encrypting".
    pub(super) fn new(console: &'a Console, verb: &'static str) -> Line<'a> {
        Line { console, verb, next: Cell::new(Env::clock() + DELAY) }
    }
}

impl Progress for Line<'_> {
    fn step(&self, step: Step<'_>) {
        let now = Env::clock();
        if now >= self.next.get() {
            self.next.set(now + PAUSE);
            let Step { done, total, current } = step;
            self.console.transient(&format!("{} {done}/{total}  {}", self.verb, current.display()));
        }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        self.console.end_transient();
    }
}
