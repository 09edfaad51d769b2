//! The threads that own a `System` each, take a job, and send its report. They share nothing and are never waited for:
//! the program ends whether or not they have.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::event::Event;
use super::guest::Guest;
use super::jobs::{Job, Lane};
use super::screen::Ticket;
use super::watch::Watch;
use crate::model::{Problem, wipe_stack};
use crate::ops::progress::Cancel;
use crate::system::System;
use crate::system::agent::{PinentryEvent, Prompts};
use crate::system::env::Env;
use crate::system::options::Options;

/// One queue a lane.
pub(super) struct Workers {
    look: Sender<Commission>,
    ask: Sender<Commission>,
    open: Sender<Commission>,
    past: Sender<Commission>,
    away: Sender<Commission>,
    /// How the jobs that have not ended are called off.
    waiting: Vec<(Ticket, Cancel)>,
}

/// A job, who asked for it, and whether it is still wanted.
struct Commission {
    ticket: Ticket,
    job: Job,
    cancel: Cancel,
}

impl Workers {
    pub(super) fn start(env: &Env, options: &Options, events: &Sender<Event>) -> Result<Workers, Problem> {
        let turn = Arc::new(Turn::default());
        let lane = |name: &str| {
            let (sender, jobs) = channel();
            let (env, options, turn) = (env.clone(), options.clone(), turn.clone());
            let events = events.clone();
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || work(&env, &options, &jobs, &events, &turn))
                .map_err(|error| Problem::failed("cannot start a thread").because(error))?;
            Ok::<_, Problem>(sender)
        };
        let (look, ask, open, past) = (lane("look")?, lane("ask")?, lane("open")?, lane("past")?);
        Ok(Workers { look, ask, open, past, away: lane("away")?, waiting: Vec::new() })
    }

    /// Queues a job. A worker that is gone takes its jobs with it: nobody is left to answer then.
    pub(super) fn start_job(&mut self, ticket: Ticket, job: Job) {
        let lane = match job.lane() {
            Lane::Look => &self.look,
            Lane::Ask => &self.ask,
            Lane::Open => &self.open,
            Lane::Past => &self.past,
            Lane::Away => &self.away,
        };
        let cancel = Cancel::default();
        self.waiting.push((ticket, cancel.clone()));
        let _ = lane.send(Commission { ticket, job, cancel });
    }

    /// The job ends soon, its report is what it has by then.
    pub(super) fn call_off(&self, ticket: Ticket) {
        self.waiting.iter().filter(|(waiting, _)| *waiting == ticket).for_each(|(_, cancel)| cancel.call_off());
    }

    /// It has ended.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.waiting.retain(|(waiting, _)| *waiting != ticket);
    }
}

fn work(env: &Env, options: &Options, jobs: &Receiver<Commission>, events: &Sender<Event>, turn: &Arc<Turn>) {
    let fresh = || System::with_prompts(env.clone(), options.clone(), prompts(events, turn));
    let mut system = fresh();
    for Commission { ticket, job, cancel } in jobs {
        if job.wants_fresh_system() {
            system = fresh();
        }
        let watch = Watch::new(ticket, events, cancel);
        let report = catch_unwind(AssertUnwindSafe(|| job.run(&system, &watch))).unwrap_or_else(|_| {
            system = fresh();
            Err(super::terminal::mistake())
        });
        wipe_stack();
        if events.send(Event::Report(ticket, Box::new(report))).is_err() {
            return;
        }
    }
}

/// Whose pinentry has the terminal: two lanes may open something, and the screen is lent to one at a time.
#[derive(Default)]
struct Turn {
    taken: Mutex<bool>,
    over: Condvar,
}

impl Turn {
    fn take(&self) {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.over.wait_while(taken, |taken| *taken).unwrap_or_else(PoisonError::into_inner);
        *taken = true;
    }

    fn give(&self) {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.over.notify_one();
    }
}

/// How passphrases are asked for while the terminal UI has the screen.
fn prompts(events: &Sender<Event>, turn: &Arc<Turn>) -> Prompts {
    let (pinentry, turn) = (events.clone(), turn.clone());
    let passphrase = events.clone();
    Prompts {
        pinentry: Some(Arc::new(move |event| match event {
            PinentryEvent::Starts { terminal: true, pinentry: running } => {
                turn.take();
                let (free, wait) = sync_channel(1);
                let guest = running.map(Guest::Pinentry);
                if pinentry.send(Event::ScreenWanted { free, guest }).is_ok() {
                    // An error means that the program is ending: nobody draws any more.
                    let _ = wait.recv();
                }
            }
            PinentryEvent::Starts { terminal: false, .. } => {}
            PinentryEvent::Ended => {
                let _ = pinentry.send(Event::ScreenFree);
                turn.give();
            }
        })),
        passphrase: Some(Arc::new(move |what_for| {
            let (reply, answer) = sync_channel(1);
            let question = Event::Passphrase { what_for: what_for.to_owned(), reply };
            passphrase.send(question).ok()?;
            answer.recv().ok().flatten()
        })),
    }
}
