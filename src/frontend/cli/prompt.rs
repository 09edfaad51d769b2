//! Questions on the controlling terminal: a secret typed without echo, a line, a yes or no. Never on stdin or stdout,
//! which may be pipes. The terminal is put back as it was found, whatever ends the question.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use rustix::time::Timespec;
use signal_hook::low_level::{pipe, unregister};
use zeroize::Zeroize;

use super::interrupts;
use crate::model::{Problem, Secret};

/// The longest line taken, in bytes: far more than any token, and a bound on what a stuck key can do.
const LINE_MAX: usize = 64 * 1024;

/// The controlling terminal.
pub struct Terminal {
    tty: File,
}

/// How a question without echo ended.
enum Step {
    More,
    Done,
    CalledOff,
}

impl Terminal {
    /// None where the process has no controlling terminal.
    pub fn open() -> Option<Terminal> {
        File::options().read(true).write(true).open("/dev/tty").ok().map(|tty| Terminal { tty })
    }

    /// A secret, typed without echo. Ctrl-C, Ctrl-D on an empty line and a signal call it off.
    pub fn secret(&mut self, question: &str) -> Result<Secret, Problem> {
        let silence = Silence::begin(&self.tty).map_err(unusable)?;
        self.say(question)?;
        let typed = self.type_secret(&silence);
        drop(silence);
        self.say("\n")?;
        typed
    }

    /// A line as the terminal edits it, shown while it is typed; without its newline.
    pub fn line(&mut self, question: &str) -> Result<Secret, Problem> {
        self.say(question)?;
        let mut line = Secret::default();
        let mut byte = [0];
        while line.len() < LINE_MAX {
            match self.tty.read(&mut byte) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unusable(error)),
                Ok(0) => return Err(called_off()),
                Ok(_) if byte == *b"\n" => break,
                Ok(_) => line.push(&byte),
            }
        }
        byte.zeroize();
        Ok(line)
    }

    /// True only for an answer that starts with y.
    pub fn confirm(&mut self, question: &str) -> Result<bool, Problem> {
        let answer = self.line(&format!("{question} [y/N] "))?;
        Ok(answer.expose().trim_ascii_start().first().is_some_and(|byte| byte.eq_ignore_ascii_case(&b'y')))
    }

    /// Bytes for the terminal itself: a clipboard sequence.
    #[cfg(feature = "tui")]
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.tty.write_all(bytes).map_err(unusable)
    }

    /// Waits until a key is pressed, a signal comes or the time is up, without showing what is typed.
    #[cfg(feature = "tui")]
    pub(super) fn pause(&mut self, text: &str, time: std::time::Duration) -> Result<(), Problem> {
        let silence = Silence::begin(&self.tty).map_err(unusable)?;
        self.say(text)?;
        let ended = silence.wait(Timespec::try_from(time).ok());
        drop(silence);
        self.say("\n")?;
        ended.map(|_| ()).map_err(unusable)
    }

    fn type_secret(&mut self, silence: &Silence) -> Result<Secret, Problem> {
        let mut typed = Secret::default();
        let mut bytes = [0; 256];
        loop {
            let count = match silence.wait(None).and_then(|keys| if keys { self.tty.read(&mut bytes) } else { Ok(0) }) {
                Ok(0) => return Err(called_off()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unusable(error)),
            };
            let step = take(&mut typed, &bytes[..count]);
            bytes.zeroize();
            match step {
                Step::More if typed.len() <= LINE_MAX => {}
                Step::Done => return Ok(typed),
                Step::More | Step::CalledOff => return Err(called_off()),
            }
        }
    }

    fn say(&mut self, text: &str) -> Result<(), Problem> {
        self.tty.write_all(text.as_bytes()).map_err(unusable)
    }
}

/// What the keys in one read do to the line. Only what a password can hold is kept: an arrow key's sequence is not.
fn take(typed: &mut Secret, mut bytes: &[u8]) -> Step {
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        match byte {
            b'\r' | b'\n' => return Step::Done,
            0x04 if !typed.is_empty() => return Step::Done,
            // Ctrl-C, Ctrl-D, Ctrl-\.
            0x03 | 0x04 | 0x1c => return Step::CalledOff,
            // Backspace: one character, however many bytes it has.
            0x08 | 0x7f => {
                let last = typed.expose().iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
                typed.truncate(last);
            }
            // Ctrl-U.
            0x15 => typed.truncate(0),
            0x1b => bytes = after_sequence(rest),
            b'\t' | 0x20.. => typed.push(&[*byte]),
            _ => {}
        }
    }
    Step::More
}

/// What follows an escape sequence, which arrives in one piece with its ESC: a control sequence up to its final byte
/// (ECMA-48 5.4), one character after `O` (SS3); anything else is text.
fn after_sequence(bytes: &[u8]) -> &[u8] {
    match bytes {
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| (0x40..=0x7e).contains(byte)).map_or(rest.len(), |end| end + 1);
            &rest[end..]
        }
        [b'O', _, rest @ ..] => rest,
        _ => bytes,
    }
}

/// No echo, no line editing and no signal keys until dropped; a signal from elsewhere is waited for beside the keys, so
/// that it cannot end the process before the terminal is put back.
struct Silence {
    tty: File,
    before: Termios,
    signals: Vec<signal_hook::SigId>,
    woken: UnixStream,
}

impl Silence {
    fn begin(tty: &File) -> io::Result<Silence> {
        let (woken, waker) = UnixStream::pair()?;
        let before = tcgetattr(tty)?;
        let mut silent = before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        let mut silence = Silence { tty: tty.try_clone()?, before, signals: Vec::new(), woken };
        interrupts::end_the_process(false);
        for signal in interrupts::SIGNALS {
            silence.signals.push(pipe::register(signal, waker.try_clone()?)?);
        }
        // What was typed before the question, and echoed, is not an answer to it.
        tcsetattr(tty, OptionalActions::Flush, &silent)?;
        Ok(silence)
    }

    /// Waits for keys, at most so long; false when a signal came instead.
    fn wait(&self, time: Option<Timespec>) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.tty, PollFlags::IN), PollFd::new(&self.woken, PollFlags::IN)];
        poll(&mut fds, time.as_ref())?;
        Ok(fds[1].revents().is_empty())
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.tty, OptionalActions::Flush, &self.before);
        for signal in self.signals.drain(..) {
            unregister(signal);
        }
        interrupts::end_the_process(true);
    }
}

fn unusable(error: impl std::fmt::Display) -> Problem {
    Problem::failed("the terminal cannot be used for a question").because(error)
}

fn called_off() -> Problem {
    Problem::cancelled("called off")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> Option<Vec<u8>> {
        let mut secret = Secret::default();
        keys.split_inclusive(|byte| *byte == b'|')
            .map(|read| read.strip_suffix(b"|").unwrap_or(read))
            .map(|read| take(&mut secret, read))
            .find_map(|step| match step {
                Step::More => None,
                Step::Done => Some(true),
                Step::CalledOff => Some(false),
            })
            .filter(|done| *done)
            .map(|_| secret.expose().to_vec())
    }

    #[test]
    fn keys_make_a_line() {
        assert_eq!(typed(b"abc\r").as_deref(), Some(&b"abc"[..]));
        assert_eq!(typed("pé\u{7f}x\n".as_bytes()).as_deref(), Some(&b"px"[..]));
        assert_eq!(typed(b"wrong\x15right\n").as_deref(), Some(&b"right"[..]));
        assert_eq!(typed(b"\x7f\x7fa\n").as_deref(), Some(&b"a"[..]));
        assert_eq!(typed(b"ab|\x1b[A|c\n").as_deref(), Some(&b"abc"[..]));
        assert_eq!(typed(b"\x1b[200~pasted\x1b[201~\x1b[1;5Cx\x1bOAy\x1b|\n").as_deref(), Some(&b"pastedxy"[..]));
        assert_eq!(typed(b"ab\x04").as_deref(), Some(&b"ab"[..]));
    }

    #[test]
    fn a_line_can_be_called_off() {
        for keys in [&b"abc\x03"[..], b"\x04", b"a\x1c\n"] {
            assert_eq!(typed(keys), None, "{keys:?}");
        }
    }
}
