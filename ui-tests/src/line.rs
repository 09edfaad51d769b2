//! The terminal's end of the line: a thread that reads what the program writes, and the state that others wait on.
//! `pty` alone uses it.

use std::fs::File;
use std::io::{PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::emulator::Emulator;
use crate::pty::Ended;

/// What is kept of the raw output, in bytes.
const OUTPUT_MAX: usize = 32 << 20;

/// Shared by the threads at the terminal's end of the line.
pub(crate) struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

pub(crate) struct State {
    pub emulator: Emulator,
    pub output: Vec<u8>,
    pub ended: Option<Ended>,
    /// Nothing more will come: the program and all that held its terminal are gone, or the terminal is.
    pub drained: bool,
}

impl Line {
    pub fn new(rows: u16, cols: u16) -> Line {
        let emulator = Emulator::new(rows, cols);
        let state = State { emulator, output: Vec::new(), ended: None, drained: false };
        Line { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Changes the state and lets all who wait look again.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.notify_all();
        result
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first answer of `look`, which is asked now and after every change until the time is up.
    pub fn wait<T>(&self, patience: Duration, mut look: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(found) = look(&state) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The thread that reads what the program writes, and the pipe whose end ends it.
pub(crate) fn start_reader(master: &OwnedFd, line: Arc<Line>) -> (JoinHandle<()>, PipeWriter) {
    let mut terminal = File::from(master.try_clone().expect("a copy of the terminal"));
    let (stop, stop_end) = std::io::pipe().expect("a pipe");
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let mut ready = [PollFd::new(&terminal, PollFlags::IN), PollFd::new(&stop, PollFlags::IN)];
            if poll(&mut ready, None).is_err() {
                continue;
            }
            let stopped = !ready[1].revents().is_empty();
            // No bytes, or EIO: nobody has the other end open any more.
            let count = if stopped { 0 } else { terminal.read(&mut buffer).unwrap_or(0) };
            let at = Instant::now();
            if count == 0 {
                line.change(|state| state.drained = true);
                return;
            }
            let bytes = &buffer[..count];
            let replies = line.change(|state| {
                let kept = bytes.len().min(OUTPUT_MAX.saturating_sub(state.output.len()));
                state.output.extend_from_slice(&bytes[..kept]);
                state.emulator.feed(bytes, at)
            });
            // A program that is gone needs no answer.
            let _ = terminal.write_all(&replies);
        }
    });
    (reader, stop_end)
}
