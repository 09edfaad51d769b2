//! One conversation with gpg-agent: finding it or starting it, and having it use a secret key. The agent does the
//! asking for passphrases; this side only makes way for it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::assuan::{Assuan, AssuanError, LINE_MAX, Reply, plus_escaped};
use super::keygrip::Keygrip;
use super::pinentry::is_graphical;
use super::socket::Trusted;
use super::{AgentError, Pinentry, PinentryEvent, Prompts, introduction, sexp, socket};
use crate::model::Secret;
use crate::system::env::Env;
use crate::system::files::read_bounded;
use crate::system::options::Options;
use crate::system::process::{self, Limits, ProcessError};

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For an agent to greet and to acknowledge options. It does so in under a millisecond; a machine deep in swap may
    /// need seconds.
    answer: Duration,
    /// For the use of a key: a slow card that waits for a touch gives up after 15 seconds, and an agent that is showing a
    /// pinentry to somebody else keeps us waiting for a minute (GnuPG, agent/call-pinentry.c, `LOCK_TIMEOUT`).
    work: Duration,
    /// For a person in front of a pinentry.
    person: Duration,
}

const PATIENCE: Patience =
    Patience { answer: Duration::from_secs(10), work: Duration::from_secs(90), person: Duration::from_secs(15 * 60) };

/// The largest decrypted value, in bytes: an RSA key of 16384 bits.
const VALUE_MAX: usize = 4096;

/// Questions about keys sent in one write; their answers fit into the socket's buffer.
const BATCH: usize = 64;

/// The longest description of a key, escaped; with its command it must fit into one line.
const DESCRIPTION_MAX: usize = LINE_MAX - 20;

/// In a pinentry for terminals neither Esc nor the mouse calls it off.
const WAY_OUT: &str = "(to call it off: Tab to <Cancel>, then Enter)";

/// Whether a key can be used without asking anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It has no passphrase.
    NoPassphrase,
    /// The agent remembers its passphrase.
    Unlocked,
    Locked,
    /// On a smartcard; its PIN may be asked for.
    Card,
    /// The agent does not have it.
    Absent,
    /// The agent may not tell.
    Unknown,
}

/// A decrypted value as the agent gave it.
pub struct Unwrapped {
    sexp: Secret,
    /// What the agent says of the padding: some cards remove it themselves.
    pub unpadded: bool,
}

impl Unwrapped {
    pub fn value(&self) -> Result<&[u8], AgentError> {
        sexp::value(self.sexp.expose()).ok_or(AgentError::Nonsense)
    }
}

/// How this connection lets the agent ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By its own pinentry.
    Pinentry,
    /// Through us (`Prompts::passphrase`).
    Loopback,
    /// Not at all: `Locked` instead.
    Silent,
}

/// One connection to gpg-agent.
pub struct AgentConnection {
    assuan: Assuan,
    mode: Mode,
    prompts: Prompts,
    /// Sent with the first use of a key.
    introduction: Vec<String>,
    /// A person was asked for something: what they did is not to be asked of them again unsaid.
    asked: bool,
    /// The agent will not tell when a pinentry is up, so a long silence may be a person thinking.
    untold: bool,
    patience: Patience,
}

impl AgentConnection {
    /// Connects to the agent of the GnuPG home; starts it when nobody answers.
    pub fn open(env: &Env, options: &Options, prompts: &Prompts, mode: Mode) -> Result<AgentConnection, AgentError> {
        let assuan = match connect_running(env, &options.gnupg_home, PATIENCE) {
            Err(silence @ AgentError::Unreachable { .. }) => {
                start_and_connect(env, &options.gnupg_home).map_err(|error| match error {
                    AgentError::NotStarted { why } => AgentError::NotStarted { why: format!("{why} ({silence})") },
                    other => other,
                })?
            }
            other => other?,
        };
        AgentConnection::introduced(assuan, env, prompts, mode, PATIENCE)
    }

    /// Connects to an agent that is running already, for questions that are not worth starting one.
    pub fn open_running(env: &Env, options: &Options) -> Result<AgentConnection, AgentError> {
        let assuan = connect_running(env, &options.gnupg_home, PATIENCE)?;
        AgentConnection::introduced(assuan, env, &Prompts::default(), Mode::Silent, PATIENCE)
    }

    /// The same with less patience, for those who only want to know whether it answers.
    pub fn open_running_within(env: &Env, options: &Options, limit: Duration) -> Result<AgentConnection, AgentError> {
        let patience = Patience { answer: limit, ..PATIENCE };
        let assuan = connect_running(env, &options.gnupg_home, patience)?;
        AgentConnection::introduced(assuan, env, &Prompts::default(), Mode::Silent, patience)
    }

    /// The modes other than pinentry must be granted: otherwise a pinentry would pop up unasked for.
    fn introduced(
        mut assuan: Assuan,
        env: &Env,
        prompts: &Prompts,
        mode: Mode,
        patience: Patience,
    ) -> Result<AgentConnection, AgentError> {
        let deadline = Instant::now() + patience.answer;
        let granted = match mode {
            Mode::Pinentry => Ok(Secret::default()),
            Mode::Loopback => assuan.transact("OPTION pinentry-mode=loopback", 0, deadline),
            Mode::Silent => assuan.transact("OPTION pinentry-mode=error", 0, deadline),
        };
        match (granted, mode) {
            (Err(AssuanError::Refused { .. }), Mode::Loopback) => {
                return Err(AgentError::Forbidden("passphrases to be asked for by others (loopback)"));
            }
            (Err(AssuanError::Refused { .. }), _) => return Err(AgentError::Forbidden("being kept from asking")),
            (granted, _) => drop(granted?),
        }
        let mut introduction = introduction::options(env);
        introduction.push("OPTION allow-pinentry-notify".to_owned());
        Ok(AgentConnection {
            assuan,
            mode,
            prompts: prompts.clone(),
            introduction,
            asked: false,
            untold: false,
            patience,
        })
    }

    /// The state of one key. Starts no pinentry.
    pub fn key_state(&mut self, grip: &Keygrip) -> Result<KeyState, AgentError> {
        Ok(self.key_states(&[*grip])?.first().copied().unwrap_or(KeyState::Unknown))
    }

    /// The state of each key, in order.
    pub fn key_states(&mut self, grips: &[Keygrip]) -> Result<Vec<KeyState>, AgentError> {
        let mut states = Vec::with_capacity(grips.len());
        for batch in grips.chunks(BATCH) {
            let deadline = self.soon();
            let questions: String = batch.iter().map(|grip| format!("KEYINFO {grip}\n")).collect();
            self.assuan.send(questions.as_bytes(), deadline)?;
            for _ in batch {
                states.push(self.key_answer(deadline)?);
            }
        }
        Ok(states)
    }

    fn key_answer(&mut self, deadline: Instant) -> Result<KeyState, AgentError> {
        let mut state = KeyState::Unknown;
        loop {
            match self.assuan.reply(deadline)? {
                Reply::Status(line) => state = key_info(&line).unwrap_or(state),
                Reply::Ok => return Ok(state),
                // Not found (27) and no secret key (17); anything else is a refusal to tell.
                Reply::Err { number, .. } if matches!(number & 0xffff, 17 | 27) => return Ok(KeyState::Absent),
                Reply::Err { .. } => return Ok(KeyState::Unknown),
                Reply::Data(_) => {}
                Reply::Inquire(_) => return Err(AgentError::Nonsense),
            }
        }
    }

    /// Has the agent decrypt `encrypted` (`sexp::encrypted_value`) with this key. `description` is what a person reads
    /// above the passphrase field.
    pub fn decrypt(&mut self, grip: &Keygrip, encrypted: &[u8], description: &str) -> Result<Unwrapped, AgentError> {
        let mut lines = std::mem::take(&mut self.introduction);
        let options = lines.len();
        lines.push(format!("SETKEY {grip}"));
        lines.push(match self.mode {
            Mode::Pinentry => described(&format!("{description}\n{WAY_OUT}")),
            Mode::Loopback | Mode::Silent => described(description),
        });
        lines.push("PKDECRYPT".to_owned());
        let mut all = lines.join("\n");
        all.push('\n');
        let deadline = self.soon();
        self.assuan.send(all.as_bytes(), deadline)?;
        for (at, line) in lines[..lines.len() - 1].iter().enumerate() {
            let refused = self.acknowledged(deadline)?;
            match refused {
                Some(error) if at == options => return Err(error.into()),
                Some(_) if line.ends_with("allow-pinentry-notify") => self.untold = true,
                _ => {}
            }
        }
        self.attend(encrypted, description)
    }

    fn acknowledged(&mut self, deadline: Instant) -> Result<Option<AssuanError>, AgentError> {
        loop {
            match self.assuan.reply(deadline)? {
                Reply::Ok => return Ok(None),
                refused @ Reply::Err { .. } => return Ok(refused.refusal()),
                Reply::Status(_) => {}
                Reply::Data(_) | Reply::Inquire(_) => return Err(AgentError::Nonsense),
            }
        }
    }

    /// Answers what the agent asks while it works, until it is done.
    fn attend(&mut self, encrypted: &[u8], description: &str) -> Result<Unwrapped, AgentError> {
        let work = if self.untold { self.patience.person } else { self.patience.work };
        let mut deadline = Instant::now() + work;
        let mut unwrapped = Unwrapped { sexp: Secret::default(), unpadded: false };
        let mut shown = Shown { prompts: self.prompts.clone(), up: false, pinentry: None };
        loop {
            match self.assuan.reply(deadline)? {
                Reply::Ok => return Ok(unwrapped),
                Reply::Err { number, text } => {
                    return Err(match AgentError::from(AssuanError::Refused { number, text }) {
                        error if self.mode == Mode::Silent => error.when_silent(),
                        _ if shown.was_ended() => AgentError::Cancelled,
                        error => error,
                    });
                }
                Reply::Data(part) if unwrapped.sexp.len() + part.len() > VALUE_MAX => return Err(AgentError::Endless),
                Reply::Data(part) => unwrapped.sexp.push(part.expose()),
                Reply::Status(line) => unwrapped.unpadded |= line == "PADDING 0",
                Reply::Inquire(what) => {
                    let mut words = what.split(' ');
                    match words.next() {
                        Some("CIPHERTEXT") => self.assuan.send_data(encrypted, deadline)?,
                        Some("PINENTRY_LAUNCHED") => {
                            self.asked = true;
                            let pid = words.next().unwrap_or_default();
                            shown.start(Pinentry::running(pid), words.next().unwrap_or_default());
                            deadline = Instant::now() + self.patience.person;
                            self.assuan.send(b"END\n", deadline)?;
                        }
                        Some("PASSPHRASE") => {
                            self.asked = true;
                            let passphrase = self.prompts.passphrase.as_ref().map(|ask| ask(description));
                            deadline = Instant::now() + self.patience.work;
                            match passphrase {
                                Some(Some(passphrase)) => self.assuan.send_data(passphrase.expose(), deadline)?,
                                Some(None) => return Err(AgentError::Cancelled),
                                None => return Err(AgentError::Locked),
                            }
                        }
                        _ => self.assuan.send(b"CAN\n", deadline)?,
                    }
                }
            }
        }
    }

    /// True when a person was, or may have been, asked over this connection.
    pub fn has_asked(&self) -> bool {
        self.asked || self.untold
    }

    fn soon(&self) -> Instant {
        Instant::now() + self.patience.answer
    }
}

/// A pinentry that may be on the screen; tells of its end on every way out.
struct Shown {
    prompts: Prompts,
    up: bool,
    pinentry: Option<Pinentry>,
}

impl Shown {
    /// `flavor` as pinentry names itself; `:curses` after it means that it fell back to the terminal.
    fn start(&mut self, pinentry: Option<Pinentry>, flavor: &str) {
        self.up = true;
        self.pinentry.clone_from(&pinentry);
        if let Some(tell) = &self.prompts.pinentry {
            tell(PinentryEvent::Starts { terminal: !is_graphical(flavor), pinentry });
        }
    }

    /// It was called off through its handle, which the agent takes for an accident.
    fn was_ended(&self) -> bool {
        self.pinentry.as_ref().is_some_and(Pinentry::was_ended)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let (true, Some(tell)) = (self.up, &self.prompts.pinentry) {
            tell(PinentryEvent::Ended);
        }
    }
}

/// The command that makes the pinentry show this text, cut to what fits into a line.
fn described(text: &str) -> String {
    let mut line = "SETKEYDESC ".to_owned();
    for character in text.chars() {
        let escaped = plus_escaped(character.encode_utf8(&mut [0; 4]));
        if line.len() + escaped.len() > DESCRIPTION_MAX {
            break;
        }
        line.push_str(&escaped);
    }
    line
}

/// `KEYINFO <grip> <type> <serial> <idstr> <cached> <protection> …` (GnuPG, agent/command.c, `hlp_keyinfo`).
fn key_info(line: &str) -> Option<KeyState> {
    let words: Vec<&str> = line.split(' ').collect();
    let ["KEYINFO", _grip, kind, _serial, _id, cached, protection, ..] = words.as_slice() else { return None };
    Some(match (*kind, *protection, *cached) {
        ("T", ..) => KeyState::Card,
        ("D", "C", _) => KeyState::NoPassphrase,
        ("D", "P", "1") => KeyState::Unlocked,
        ("D", "P", _) => KeyState::Locked,
        _ => KeyState::Unknown,
    })
}

fn connect_running(env: &Env, home: &Path, patience: Patience) -> Result<Assuan, AgentError> {
    let socket = socket::path(env, home, "S.gpg-agent");
    let trusted = Trusted::of(env, home);
    match Assuan::connect(&socket, &trusted, patience.answer) {
        Err(AssuanError::Connect { path, source }) => match socket::redirected(env, &socket) {
            Some(other) => Ok(Assuan::connect(&other, &trusted, patience.answer)?),
            None => Err(AssuanError::Connect { path, source }.into()),
        },
        other => Ok(other?),
    }
}

fn start_and_connect(env: &Env, home: &Path) -> Result<Assuan, AgentError> {
    start(env, home)?;
    match connect_running(env, home, PATIENCE) {
        // It listens somewhere else than computed: gpgconf knows.
        Err(AgentError::Unreachable { .. }) => {
            let socket = asked_socket(env, home).map_err(|why| AgentError::NotStarted { why: why.to_string() })?;
            Ok(Assuan::connect(&socket, &Trusted::of(env, home), PATIENCE.answer)?)
        }
        other => other,
    }
}

/// What starting or asking a program of GnuPG may take.
const LIMITS: Limits = Limits { time: Duration::from_secs(10), stdout: 64 << 10 };

fn start(env: &Env, home: &Path) -> Result<(), AgentError> {
    if is_not_started(home) {
        return Err(AgentError::NotStarted { why: "\"no-autostart\" in its configuration forbids it".to_owned() });
    }
    let mut agent = process::command(env, "gpg-agent");
    agent.arg("--homedir").arg(home).args(["--use-standard-socket", "--daemon"]);
    let started = match process::run(&mut agent, b"", LIMITS) {
        Err(ProcessError::Missing { .. }) => {
            let mut launcher = process::command(env, "gpgconf");
            process::run(launcher.arg("--homedir").arg(home).args(["--launch", "gpg-agent"]), b"", LIMITS)
        }
        other => other,
    };
    // When it says that one runs already, somebody else was faster: connecting will tell.
    match started {
        Ok(_) => Ok(()),
        Err(ProcessError::TimedOut { limit, .. }) => {
            Err(AgentError::HangsStarting { home: home.to_owned(), seconds: limit.as_secs() })
        }
        Err(error) => Err(AgentError::NotStarted { why: error.to_string() }),
    }
}

/// True when GnuPG's configuration says that no agent is to be started.
pub fn is_not_started(home: &Path) -> bool {
    ["gpg.conf", "common.conf"].iter().any(|name| forbids_starting(&home.join(name)))
}

fn forbids_starting(file: &Path) -> bool {
    let conf = read_bounded(file, 1 << 20).unwrap_or_default();
    conf.split(|byte| *byte == b'\n').any(|line| line.trim_ascii() == b"no-autostart")
}

fn asked_socket(env: &Env, home: &Path) -> Result<PathBuf, ProcessError> {
    let mut gpgconf = process::command(env, "gpgconf");
    let answer = process::run(gpgconf.arg("--homedir").arg(home).args(["--list-dirs", "agent-socket"]), b"", LIMITS)?;
    Ok(PathBuf::from(OsStr::from_bytes(answer.stdout.expose().trim_ascii_end())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::sync::{Arc, Mutex};

    const SHORT: Patience = Patience {
        answer: Duration::from_millis(300),
        work: Duration::from_millis(300),
        person: Duration::from_secs(20),
    };

    /// A double of gpg-agent: `answer` is given every line it hears and says what to send back; None: no more.
    fn with_double<T: Send>(
        mode: Mode,
        prompts: Prompts,
        answer: impl Fn(&str) -> Option<&'static str> + Send,
        work: impl FnOnce(Result<AgentConnection, AgentError>) -> T + Send,
    ) -> T {
        let dir = tempfile::tempdir().expect("a folder");
        let socket = dir.path().join("S");
        let listener = UnixListener::bind(&socket).expect("a socket");
        std::thread::scope(|scope| {
            let client = scope.spawn(|| {
                let env = Env::made_of([("HOME", "/home/a"), ("GPG_TTY", "/dev/pts/1")]);
                let assuan =
                    Assuan::connect(&socket, &Trusted::of(&env, dir.path()), SHORT.answer).map_err(AgentError::from);
                work(assuan.and_then(|assuan| AgentConnection::introduced(assuan, &env, &prompts, mode, SHORT)))
            });
            let (peer, _) = listener.accept().expect("a client");
            serve(peer, answer);
            client.join().expect("the client ends")
        })
    }

    fn serve(mut peer: UnixStream, answer: impl Fn(&str) -> Option<&'static str>) {
        let lines = BufReader::new(peer.try_clone().expect("a second end")).lines();
        let _ = peer.write_all(b"OK\n");
        for line in lines {
            let Ok(line) = line else { return };
            if let Some(answer) = answer(&line) {
                let _ = peer.write_all(answer.as_bytes());
            }
        }
    }

    fn decrypt(connection: Result<AgentConnection, AgentError>) -> Result<Vec<u8>, AgentError> {
        connection?
            .decrypt(&Keygrip::of_a_small_key(), b"(x)", "the key of\nAlice")
            .and_then(|found| Ok(found.value()?.to_vec()))
    }

    #[test]
    fn a_pinentry_is_announced_and_its_end_too() {
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = events.clone();
        let prompts = Prompts {
            pinentry: Some(Arc::new(move |event| seen.lock().expect("events").push(event))),
            ..Prompts::default()
        };
        let answer = |line: &str| match line {
            "PKDECRYPT" => Some("INQUIRE PINENTRY_LAUNCHED 7 gtk2:curses 1.2 /dev/pts/1\n"),
            "END" => Some("INQUIRE CIPHERTEXT\n"),
            _ if line.starts_with("D ") => Some("D (5:value2:ab)%00\nOK\n"),
            _ => Some("OK\n"),
        };
        // The second END closes the ciphertext and is no question.
        let ended = std::cell::Cell::new(0);
        let answer = move |line: &str| match line {
            "END" if ended.replace(ended.get() + 1) > 0 => None,
            _ => answer(line),
        };
        assert_eq!(with_double(Mode::Pinentry, prompts, answer, decrypt).expect("decrypted"), b"ab");
        let expected = [PinentryEvent::Starts { terminal: true, pinentry: None }, PinentryEvent::Ended];
        assert_eq!(*events.lock().expect("events"), expected);
    }

    #[test]
    fn options_that_are_refused_do_not_matter_unless_they_keep_the_agent_from_asking() {
        let answer = |line: &str| match line {
            "PKDECRYPT" => Some("D (5:value2:ab)\nOK\n"),
            _ if line.starts_with("OPTION") => Some("ERR 67109115 Forbidden\n"),
            _ => Some("OK\n"),
        };
        assert_eq!(with_double(Mode::Pinentry, Prompts::default(), answer, decrypt).expect("decrypted"), b"ab");
        for mode in [Mode::Loopback, Mode::Silent] {
            let refused = with_double(mode, Prompts::default(), answer, decrypt);
            assert!(matches!(refused, Err(AgentError::Forbidden(_))), "{refused:?}");
        }
    }

    #[test]
    fn a_silent_agent_is_hung_at_every_step() {
        for silent_at in ["OPTION ttyname=/dev/pts/1", "SETKEY", "PKDECRYPT"] {
            let answer = |line: &str| (!line.starts_with(silent_at)).then_some("OK\n");
            let hung = with_double(Mode::Pinentry, Prompts::default(), answer, decrypt);
            assert!(matches!(hung, Err(AgentError::Hung)), "{silent_at}: {hung:?}");
        }
    }

    #[test]
    fn locked_depends_on_who_may_be_asked() {
        let answer = |line: &str| Some(if line == "PKDECRYPT" { "ERR 67108949 No pinentry\n" } else { "OK\n" });
        let silent = with_double(Mode::Silent, Prompts::default(), answer, decrypt);
        assert!(matches!(silent, Err(AgentError::Locked)), "{silent:?}");
        let asked = with_double(Mode::Pinentry, Prompts::default(), answer, decrypt);
        assert!(matches!(asked, Err(AgentError::NoPinentry)), "{asked:?}");
    }

    #[test]
    fn a_value_without_end_is_refused() {
        let answer = |line: &str| match line {
            "PKDECRYPT" => {
                Some(concat!("D ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\n"))
            }
            _ => Some("OK\n"),
        };
        let endless = with_double(Mode::Pinentry, Prompts::default(), answer, decrypt);
        assert!(matches!(endless, Err(AgentError::Hung)), "{endless:?}");
        // gpg would listen for as long as a person may take.
        let flood: &str = format!("D {}\n", "a".repeat(500)).repeat(VALUE_MAX / 500 + 1).leak();
        let flooded = |line: &str| Some(if line == "PKDECRYPT" { flood } else { "OK\n" });
        let flooded = with_double(Mode::Pinentry, Prompts::default(), flooded, decrypt).expect_err("refused");
        assert!(!flooded.gpg_may_do_better(), "{flooded:?}");
        let nonsense = |line: &str| Some(if line == "PKDECRYPT" { "D (5:value9:ab)\nOK\n" } else { "OK\n" });
        let nonsense = with_double(Mode::Pinentry, Prompts::default(), nonsense, decrypt);
        assert!(matches!(nonsense, Err(AgentError::Nonsense)), "{nonsense:?}");
    }

    #[test]
    fn key_states_are_read_from_keyinfo() {
        let state = |rest: &str| key_info(&format!("KEYINFO {} {rest}", "A".repeat(40)));
        assert_eq!(state("D - - 1 P - - -"), Some(KeyState::Unlocked));
        assert_eq!(state("D - - - P - - -"), Some(KeyState::Locked));
        assert_eq!(state("D - - - C - - -"), Some(KeyState::NoPassphrase));
        assert_eq!(state("T D2760001 OPENPGP.2 - - - - -"), Some(KeyState::Card));
        assert_eq!(state("X"), None);
    }

    #[test]
    fn a_description_of_any_length_fits_a_line() {
        for text in ["é".repeat(1000), "a".repeat(5000), "ok\nfine".to_owned()] {
            let line = described(&text);
            assert!(line.len() < LINE_MAX && !line.contains('\n'), "{line}");
        }
    }
}
