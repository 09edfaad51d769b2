//! Assuan, the line protocol of GnuPG's daemons (gpg-agent, keyboxd), as a blocking client: connect, send lines, read
//! replies. Knows no command and decides nothing. Callers: `system/agent` and `system/keyring`.
//!
//! The peer is not trusted to behave: lines, replies and data are bounded, and every wait has a deadline.
//! Grammar: Assuan manual, "Client responses" and "Server responses".

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use zeroize::Zeroizing;

use super::socket::Trusted;
use crate::model::{Secret, text};

/// The longest line either side may send, its newline included (`ASSUAN_LINELENGTH` in assuan.h).
pub const LINE_MAX: usize = 1002;

/// Bytes of payload in one `D` line of ours: leaves room for `D ` and for every byte being escaped.
const DATA_CHUNK: usize = 320;

/// Status and comment lines passed over while waiting for one reply; a peer that sends more is not a daemon of GnuPG.
const SKIPPED_MAX: usize = 10_000;

/// Between two tries to connect to a socket whose queue is full.
const CONNECT_PAUSE: Duration = Duration::from_millis(5);

/// Why talking failed. `Refused` is the daemon's own error; all others mean that there is no usable daemon.
#[derive(Debug, thiserror::Error)]
pub enum AssuanError {
    #[error("nothing answers at {path}: {source}", path = text::quoted_path(.path))]
    Connect { path: PathBuf, source: io::Error },
    /// Nothing was said to it.
    #[error("the socket {} is another user's (id {uid})", text::quoted_path(.path))]
    Foreign { path: PathBuf, uid: u32 },
    #[error("the connection broke: {0}")]
    Broken(#[from] io::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("no answer in time")]
    TimedOut,
    #[error("the answer is not Assuan: {0}")]
    Garbled(&'static str),
    #[error("more than {0} bytes were sent")]
    TooMuch(usize),
    /// `number` is a whole gpg-error value: source and code.
    #[error("{text} ({number})", text = text::escaped(.text.as_bytes()))]
    Refused { number: u32, text: String },
}

impl AssuanError {
    /// The code of a refusal without its source (libgpg-error: the low 16 bits).
    pub fn code(&self) -> Option<u32> {
        match self {
            AssuanError::Refused { number, .. } => Some(number & 0xffff),
            _ => None,
        }
    }
}

/// One line of an answer.
#[derive(Debug)]
pub enum Reply {
    Ok,
    /// The command failed; the conversation goes on.
    Err {
        number: u32,
        text: String,
    },
    /// A part of the data, decoded.
    Data(Secret),
    /// Keyword and the rest.
    Status(String),
    /// The peer asks for data: answer with `send_data` or `send("END")` or `send("CAN")`.
    Inquire(String),
}

impl Reply {
    /// The error a refusal is; None for everything else.
    pub fn refusal(self) -> Option<AssuanError> {
        match self {
            Reply::Err { number, text } => Some(AssuanError::Refused { number, text }),
            _ => None,
        }
    }
}

/// One connection, greeted.
#[derive(Debug)]
pub struct Assuan {
    stream: UnixStream,
    /// Bytes received and not yet answered; wiped, because `D` lines carry session keys.
    buffer: Zeroizing<Box<[u8]>>,
    start: usize,
    end: usize,
}

impl Assuan {
    /// Connects to a socket of somebody who is trusted, and reads the greeting. `limit` covers both.
    pub fn connect(socket: &Path, trusted: &Trusted, limit: Duration) -> Result<Assuan, AssuanError> {
        let deadline = Instant::now() + limit;
        let fault = |source| AssuanError::Connect { path: socket.to_owned(), source };
        // Held while it is looked at and connected to, so that both mean the same one.
        let held = rustix::fs::open(socket, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        let held = held.map_err(|error| fault(error.into()))?;
        let uid = rustix::fs::fstat(&held).map_err(|error| fault(error.into()))?.st_uid;
        if !trusted.includes(uid, socket) {
            return Err(AssuanError::Foreign { path: socket.to_owned(), uid });
        }
        let by_number = PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()));
        // Where /proc is not mounted, by its name.
        let place = if by_number.exists() { by_number.as_path() } else { socket };
        let stream = open(place, deadline).map_err(fault)?;
        let buffer = Zeroizing::new(vec![0; 8 * LINE_MAX].into_boxed_slice());
        let mut connection = Assuan { stream, buffer, start: 0, end: 0 };
        match connection.reply(deadline) {
            Ok(Reply::Ok) => Ok(connection),
            // A daemon that is just ending still accepts, but does not greet.
            Err(AssuanError::Closed) => Err(fault(io::ErrorKind::ConnectionReset.into())),
            Err(error) => Err(error),
            Ok(other) => Err(other.refusal().unwrap_or(AssuanError::Garbled("no greeting"))),
        }
    }

    /// Sends whole lines in one write; each must end with a newline, hold no other and be at most `LINE_MAX` long.
    /// Several commands at once are answered in order.
    pub fn send(&mut self, lines: &[u8], deadline: Instant) -> Result<(), AssuanError> {
        self.stream.set_write_timeout(Some(remaining(deadline)?))?;
        self.stream.write_all(lines).map_err(timed)
    }

    /// Answers an inquiry: the bytes in `D` lines, then `END`.
    pub fn send_data(&mut self, bytes: &[u8], deadline: Instant) -> Result<(), AssuanError> {
        let mut lines = Secret::with_capacity(bytes.len() * 3 + (bytes.len() / DATA_CHUNK + 1) * 3 + 4);
        for chunk in bytes.chunks(DATA_CHUNK) {
            lines.push(b"D ");
            for byte in chunk {
                match byte {
                    b'%' | b'\r' | b'\n' | b'\\' => lines.push(&escape(*byte)),
                    _ => lines.push(&[*byte]),
                }
            }
            lines.push(b"\n");
        }
        lines.push(b"END\n");
        self.send(lines.expose(), deadline)
    }

    /// The next reply; comments are passed over.
    pub fn reply(&mut self, deadline: Instant) -> Result<Reply, AssuanError> {
        for _ in 0..SKIPPED_MAX {
            let line = self.line(deadline)?;
            let line = &self.buffer[line];
            let (word, rest) = match line.iter().position(|byte| *byte == b' ') {
                Some(space) => (&line[..space], &line[space + 1..]),
                None => (line, &line[line.len()..]),
            };
            let text = || String::from_utf8_lossy(rest).into_owned();
            return match word {
                b"OK" => Ok(Reply::Ok),
                b"ERR" => refusal(rest),
                b"D" => decoded(rest).map(Reply::Data),
                b"S" => Ok(Reply::Status(text())),
                b"INQUIRE" => Ok(Reply::Inquire(text())),
                _ if line.starts_with(b"#") || line.is_empty() => continue,
                _ => Err(AssuanError::Garbled("an unknown word")),
            };
        }
        Err(AssuanError::Garbled("too many comments"))
    }

    /// One command that asks nothing back: its data, at most `max` bytes. Status lines are passed over, inquiries
    /// refused.
    pub fn transact(&mut self, command: &str, max: usize, deadline: Instant) -> Result<Secret, AssuanError> {
        self.send(format!("{command}\n").as_bytes(), deadline)?;
        let mut data = Secret::default();
        for _ in 0..SKIPPED_MAX.max(max) {
            match self.reply(deadline)? {
                Reply::Ok => return Ok(data),
                Reply::Err { number, text } => return Err(AssuanError::Refused { number, text }),
                Reply::Data(part) if data.len() + part.len() > max => return Err(AssuanError::TooMuch(max)),
                Reply::Data(part) => data.push(part.expose()),
                Reply::Status(_) => {}
                Reply::Inquire(_) => self.send(b"CAN\n", deadline)?,
            }
        }
        Err(AssuanError::Garbled("an endless answer"))
    }

    /// Waits for a whole line and takes it; its place in the buffer, without the newline.
    fn line(&mut self, deadline: Instant) -> Result<std::ops::Range<usize>, AssuanError> {
        let mut searched = self.start;
        loop {
            let found = self.buffer[searched..self.end].iter().position(|byte| *byte == b'\n');
            let line = self.start..found.map_or(self.end, |length| searched + length);
            if line.len() > LINE_MAX {
                return Err(AssuanError::Garbled("a line is too long"));
            }
            if found.is_some() {
                self.start = line.end + 1;
                return Ok(line);
            }
            if self.end == self.buffer.len() {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            searched = self.end;
            self.stream.set_read_timeout(Some(remaining(deadline)?))?;
            match self.stream.read(&mut self.buffer[self.end..]) {
                Ok(0) => return Err(AssuanError::Closed),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(timed(error)),
            }
        }
    }
}

/// The text with every byte that a command argument may not hold escaped: percent-plus, as gpg-agent unescapes it
/// (`SETKEYDESC`).
pub fn plus_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push('+'),
            b'+' | b'%' | 0..=0x1f | 0x7f.. => escaped.push_str(&format!("%{byte:02X}")),
            _ => escaped.push(char::from(byte)),
        }
    }
    escaped
}

/// A socket without a listener fails at once; one whose queue is full is tried until the deadline, because `connect`
/// on a blocking socket would wait for ever.
fn open(socket: &Path, deadline: Instant) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    loop {
        let fd = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        match rustix::net::connect(&fd, &address) {
            Ok(()) => {
                let stream = UnixStream::from(fd);
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(Errno::AGAIN | Errno::INTR) if Instant::now() < deadline => std::thread::sleep(CONNECT_PAUSE),
            Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn remaining(deadline: Instant) -> Result<Duration, AssuanError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(AssuanError::TimedOut) } else { Ok(left) }
}

fn timed(error: io::Error) -> AssuanError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => AssuanError::TimedOut,
        io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => AssuanError::Closed,
        _ => AssuanError::Broken(error),
    }
}

fn escape(byte: u8) -> [u8; 3] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    [b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

fn refusal(rest: &[u8]) -> Result<Reply, AssuanError> {
    let rest = String::from_utf8_lossy(rest);
    let (number, text) = rest.split_once(' ').unwrap_or((&rest, ""));
    match number.parse() {
        Ok(number) => Ok(Reply::Err { number, text: text.to_owned() }),
        Err(_) => Err(AssuanError::Garbled("an error without a number")),
    }
}

fn decoded(escaped: &[u8]) -> Result<Secret, AssuanError> {
    let nibble = |at: usize| escaped.get(at).and_then(|digit| char::from(*digit).to_digit(16));
    let mut data = Secret::with_capacity(escaped.len());
    let mut at = 0;
    while let Some(byte) = escaped.get(at) {
        if *byte != b'%' {
            data.push(&[*byte]);
            at += 1;
            continue;
        }
        let (Some(high), Some(low)) = (nibble(at + 1), nibble(at + 2)) else {
            return Err(AssuanError::Garbled("a broken escape"));
        };
        data.push(&[u8::try_from(high * 16 + low).unwrap_or_default()]);
        at += 3;
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use std::os::unix::net::UnixListener;

    const LIMIT: Duration = Duration::from_secs(5);

    const NOBODY: u32 = 65534;

    fn ours() -> Trusted {
        Trusted::of(&Env::made_of([("HOME", "/nonexistent")]), Path::new("/nonexistent"))
    }

    /// A double of a daemon: greets with `answer` and then says nothing more. The answer of the client's `work`.
    fn talk<T: Send>(answer: &[u8], work: impl FnOnce(Result<Assuan, AssuanError>) -> T + Send) -> (T, Vec<u8>) {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("S");
        let listener = UnixListener::bind(&socket).expect("a socket");
        std::thread::scope(|scope| {
            let client = scope.spawn(|| work(Assuan::connect(&socket, &ours(), LIMIT)));
            let (mut peer, _) = listener.accept().expect("a client");
            let _ = peer.write_all(answer);
            let _ = peer.shutdown(std::net::Shutdown::Write);
            let mut heard = Vec::new();
            let _ = peer.read_to_end(&mut heard);
            (client.join().expect("the client ends"), heard)
        })
    }

    fn deadline() -> Instant {
        Instant::now() + LIMIT
    }

    #[test]
    fn data_is_decoded_and_joined() {
        let answer = b"# Home: /x\nOK hello\nS PADDING 0\nD a%25b%0a\n# note\nD c\nOK\n";
        let (data, heard) = talk(answer, |client| client.expect("greeted").transact("GET IT", 100, deadline()));
        assert_eq!(data.expect("data").expose(), b"a%b\nc");
        assert_eq!(heard, b"GET IT\n");
    }

    #[test]
    fn refusals_keep_their_number() {
        let answer = b"OK\nERR 83886179 Operation cancelled <Pinentry>\n";
        let (refused, _) = talk(answer, |client| client.expect("greeted").transact("X", 100, deadline()));
        let refused = refused.expect_err("refused");
        assert_eq!(refused.code(), Some(99));
        assert_eq!(refused.to_string(), "Operation cancelled <Pinentry> (83886179)");
    }

    #[test]
    fn a_hostile_peer_is_bounded() {
        let long = [b"OK\nD ".as_slice(), &[b'a'; 2000], b"\nOK\n"].concat();
        let endless = [b"OK\n".as_slice(), &b"D aaaaaaaaaa\n".repeat(50), b"OK\n"].concat();
        let chatty = [b"OK\n".as_slice(), &b"#\n".repeat(SKIPPED_MAX + 1), b"OK\n"].concat();
        let cases: [(&[u8], &str); 7] = [
            (&long, "line is too long"),
            (&endless, "more than 100 bytes"),
            (&chatty, "too many comments"),
            (b"OK\nD %4\nOK\n", "broken escape"),
            (b"OK\nERR none\n", "without a number"),
            (b"OK\nHELLO\n", "unknown word"),
            (b"OK\nD abc", "closed"),
        ];
        for (answer, expected) in cases {
            let (result, _) = talk(answer, |client| client.expect("greeted").transact("X", 100, deadline()));
            let error = result.expect_err(expected).to_string();
            assert!(error.contains(expected), "{error} is not about: {expected}");
        }
    }

    #[test]
    fn another_user_s_socket_is_not_spoken_to() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("S");
        let listener = UnixListener::bind(&socket).expect("a socket");
        listener.set_nonblocking(true).expect("a listener");
        // Root can give it away; for anybody else it is enough to be somebody else.
        let own = rustix::process::getuid().as_raw();
        let (owner, trusted) = if own == 0 { (NOBODY, ours()) } else { (own, Trusted::one(NOBODY)) };
        std::os::unix::fs::chown(&socket, Some(owner), None).expect("an owner");
        std::os::unix::fs::chown(dir.path(), Some(owner), None).expect("an owner");
        let refused = Assuan::connect(&socket, &trusted, LIMIT);
        assert!(matches!(refused, Err(AssuanError::Foreign { uid, .. }) if uid == owner), "{refused:?}");
        assert_eq!(listener.accept().map(drop).map_err(|error| error.kind()), Err(io::ErrorKind::WouldBlock));
    }

    #[test]
    fn silence_ends_at_the_deadline() {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("S");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let silent = Assuan::connect(&socket, &ours(), Duration::from_millis(30));
        assert!(matches!(silent, Err(AssuanError::TimedOut)), "{silent:?}");
        drop(listener);
        assert!(matches!(Assuan::connect(&socket, &ours(), LIMIT), Err(AssuanError::Connect { .. })));
    }

    #[test]
    fn what_we_send_is_escaped_and_in_short_lines() {
        let data: Vec<u8> = (0..=255).cycle().take(1000).collect();
        let (sent, heard) = talk(b"OK\n", |client| client.expect("greeted").send_data(&data, deadline()));
        sent.expect("sent");
        let lines: Vec<&[u8]> = heard.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines[lines.len() - 2..], [b"END".as_slice(), b""]);
        let mut back = Vec::new();
        for line in &lines[..lines.len() - 2] {
            assert!(line.len() < LINE_MAX && line.starts_with(b"D "));
            back.extend_from_slice(decoded(&line[2..]).expect("decodes").expose());
        }
        assert_eq!(back, data);
        assert_eq!(plus_escaped("a b+\n\"é\""), "a+b%2B%0A\"%C3%A9\"");
    }
}
