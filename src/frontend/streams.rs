//! Where the credential helper reads and writes: given to it, so that the whole protocol runs in memory.
//! The process's own streams come without the library's buffers, which would keep a copy of the secret.

use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;

use crate::model::Problem;

/// The three ways in and out of a helper call.
pub struct Streams<'a> {
    pub input: &'a mut dyn Read,
    /// True when a person types the input.
    pub typed: bool,
    /// For the client: the answer or one line of error, nothing else.
    pub answers: &'a mut dyn Write,
    /// For people.
    pub notes: &'a mut dyn Write,
}

impl Streams<'_> {
    /// One line for the client. Nobody is left to be told when that fails.
    pub fn say(&mut self, line: &str) {
        let _ = self.answers.write_all(format!("{line}\n").as_bytes());
    }

    /// One line for the person.
    pub fn tell(&mut self, line: &str) {
        let _ = self.notes.write_all(format!("{line}\n").as_bytes());
    }

    /// A problem for the person: one line, and its hints.
    pub fn note(&mut self, label: &str, problem: &Problem) {
        let hints: String = problem.all_hints().map(|hint| format!("\nhint: {hint}")).collect();
        self.tell(&format!("{label}: {}{hints}", problem.one_line()));
    }
}

/// A standard stream as it is.
pub struct Unbuffered(BorrowedFd<'static>);

pub fn stdin() -> Unbuffered {
    Unbuffered(rustix::stdio::stdin())
}

pub fn stdout() -> Unbuffered {
    Unbuffered(rustix::stdio::stdout())
}

pub fn stderr() -> Unbuffered {
    Unbuffered(rustix::stdio::stderr())
}

impl Read for Unbuffered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(self.0, buffer)?)
    }
}

impl Write for Unbuffered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
