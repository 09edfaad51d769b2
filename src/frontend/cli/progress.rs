//! One line on stderr that says how far a long command is, and Ctrl-C as the wish to stop. Nothing is drawn where no
//! person watches, or for what is done at once.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::frontend::console::Console;
use crate::model::Problem;
use crate::ops::progress::{Cancel, Progress, Step};
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

/// The first Ctrl-C asks the op to stop, the second ends the process.
pub(super) fn cancel_on_interrupt() -> Result<Cancel, Problem> {
    let fault = |error| Problem::failed("cannot listen for Ctrl-C").because(error);
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register_conditional_default(SIGINT, Arc::clone(&flag)).map_err(fault)?;
    signal_hook::flag::register(SIGINT, Arc::clone(&flag)).map_err(fault)?;
    Ok(Cancel::by(flag))
}
