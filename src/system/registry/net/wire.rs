//! The bytes of one connection: a socket that obeys one deadline whatever the server does, TLS on top of it, and buffers
//! that are wiped, in the form in which ureq speaks HTTP over them.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustls::{ClientConnection, StreamOwned};
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use zeroize::Zeroizing;

use super::failure::{Failure, of_stream};
use crate::system::env::Env;

/// How long a wait in the kernel lasts at most before the wish to stop is looked at.
const TICK: Duration = Duration::from_millis(200);

/// Room for a whole head of a request with its login, in bytes.
const OUTPUT: usize = 160 * 1024;

/// Room for what was not understood yet, in bytes; more than the headers that are accepted.
const INPUT: usize = 96 * 1024;

/// Until when everything has to be done, and whether it is still wanted.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) deadline: Instant,
    /// All the time there was, for messages.
    pub(super) patience: Duration,
    pub(super) cancel: Arc<AtomicBool>,
}

impl Limits {
    /// The time left.
    pub(super) fn left(&self) -> Result<Duration, Failure> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Failure::CalledOff);
        }
        let left = self.deadline.saturating_duration_since(Env::clock());
        if left.is_zero() { Err(Failure::Total(self.patience)) } else { Ok(left) }
    }
}

/// A socket whose every read and write ends with the deadline.
#[derive(Debug)]
pub(super) struct Timed {
    socket: TcpStream,
    limits: Limits,
}

impl Timed {
    pub(super) fn new(socket: TcpStream, limits: Limits) -> Timed {
        Timed { socket, limits }
    }

    /// Waits in ticks until it is done or the time is up.
    fn patiently<T>(
        &mut self,
        set: fn(&TcpStream, Option<Duration>) -> io::Result<()>,
        mut act: impl FnMut(&mut TcpStream) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let left = self.limits.left().map_err(io::Error::other)?;
            set(&self.socket, Some(left.min(TICK)))?;
            match act(&mut self.socket) {
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
                    ) => {}
                done => return done,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.patiently(TcpStream::set_read_timeout, |socket| socket.read(buffer))
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(TcpStream::set_write_timeout, |socket| socket.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A connection, encrypted once, or twice through a proxy that is itself encrypted.
pub(super) enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Stream>>),
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_tls() { "Stream(encrypted)" } else { "Stream(plain)" })
    }
}

impl Stream {
    pub(super) fn is_tls(&self) -> bool {
        matches!(self, Stream::Tls(_))
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(timed) => timed.read(buffer),
            // A server that ends without saying so has mostly said all; what is cut short is seen by its length.
            Stream::Tls(tls) => match tls.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
                done => done,
            },
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(timed) => timed.write(bytes),
            Stream::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(timed) => timed.flush(),
            Stream::Tls(tls) => tls.flush(),
        }
    }
}

/// A stream with the buffers that ureq works on.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    buffers: Wiped,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Wire {
        Wire { stream, buffers: Wiped::new() }
    }
}

impl Transport for Wire {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let output = self.buffers.output.get(..amount).unwrap_or_default();
        self.stream.write_all(output).and_then(|()| self.stream.flush()).map_err(carried)
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let amount = self.stream.read(self.buffers.input_append_buf()).map_err(carried)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    // Every request has a connection of its own: a server that hangs up between two would look like one that is broken.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }
}

/// The failure on its way through ureq.
pub(super) fn carried(error: io::Error) -> ureq::Error {
    ureq::Error::Other(Box::new(of_stream(error)))
}

/// ureq's buffers, of a size that never changes, so that nothing of them is left behind.
struct Wiped {
    input: Zeroizing<Vec<u8>>,
    /// What was read and not used yet.
    start: usize,
    end: usize,
    output: Zeroizing<Vec<u8>>,
    progress: bool,
}

impl fmt::Debug for Wiped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped(…)")
    }
}

impl Wiped {
    fn new() -> Wiped {
        Wiped {
            input: Zeroizing::new(vec![0; INPUT]),
            start: 0,
            end: 0,
            output: Zeroizing::new(vec![0; OUTPUT]),
            progress: false,
        }
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }
}

impl Buffers for Wiped {
    fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        self.make_room();
        &mut self.input[self.end..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.end = (self.end + amount).min(INPUT);
    }

    fn input_consume(&mut self, amount: usize) {
        self.progress = amount > 0;
        self.start = (self.start + amount).min(self.end);
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.make_room();
        (&mut self.input[self.end..], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        self.start < self.end && self.progress
    }
}
