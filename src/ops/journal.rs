//! The record of helper calls, written by the helper and read back for people: who asked what, when, as which user, from
//! which store, and what the answer was.

use std::path::{Path, PathBuf};

use crate::model::{Login, Problem, ProblemKind, RegistryKey, misplaced, text, utc};
use crate::system::System;
use crate::system::docker::protocol::InputError;
use crate::system::files::{self, FileError};
pub use crate::system::journal::Stamp;
use crate::system::journal::{self, Call, JournalError};

/// What a helper call was and how it ended; `record` adds who and where.
#[derive(Debug)]
pub struct Event {
    pub action: &'static str,
    pub server: Option<RegistryKey>,
    pub login: Option<Login>,
    pub outcome: Outcome,
    /// What a person should know though the call did its work. Docker shows nothing of it.
    pub warning: Option<Problem>,
}

/// How a helper call ended.
#[derive(Debug)]
pub enum Outcome {
    Found,
    NotFound,
    /// There is one, and the window that it came with is over: the client is told that there is none.
    WindowOver(Problem),
    Stored,
    Unchanged,
    Erased,
    NothingToErase,
    Listed,
    /// The client sent something unusable; the text shows one character of it at most.
    BadInput(String),
    /// The answer could not be written.
    NoOutput,
    Failed(Problem),
}

impl From<InputError> for Outcome {
    fn from(error: InputError) -> Outcome {
        Outcome::BadInput(error.to_string())
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Outcome {
        Outcome::Failed(problem)
    }
}

/// The journal as a person reads it.
#[derive(Debug)]
pub struct Journal {
    pub file: PathBuf,
    /// Newest last.
    pub calls: Vec<Call>,
    /// True when nothing was ever recorded, rather than left out.
    pub blank: bool,
    /// Lines that are not a call: damaged, or written by another version.
    pub unreadable: usize,
    /// False when the config file turned it off: nothing new arrives.
    pub on: bool,
}

impl Journal {
    /// That there are lines which are no calls, and what ends that.
    pub fn broken(&self) -> Option<Problem> {
        let what = match self.unreadable {
            0 => return None,
            1 => "1 line of the journal of helper calls is no call".to_owned(),
            many => format!("{many} lines of the journal of helper calls are no calls"),
        };
        let why = "damaged, or of another version; a new record can be begun";
        Some(Problem::failed(what).because(why).hint(moving_away(&self.file)))
    }
}

/// The command after which the helper begins a new journal.
fn moving_away(file: &Path) -> String {
    format!("mv {} {}", text::shell_word(file), text::shell_word(&files::spare_name(file, "old")))
}

/// Records a helper call unless the journal is off. A failure is the caller's to ignore: no login fails for it.
pub fn record(system: &System, event: Event) -> Result<(), JournalError> {
    if !system.options.journal {
        return Ok(());
    }
    let dir = &system.options.state_dir;
    // A home that is not there is not for us to make.
    if let Some(home) = system.env.home().filter(|home| dir.starts_with(home) && !home.is_dir()) {
        return Err(JournalError::NoHome(home.to_owned()));
    }
    journal::append(dir, system.env.uid(), &call(system, event))
}

/// The last `limit` calls.
pub fn read(system: &System, limit: usize) -> Result<Journal, Problem> {
    let records = journal::read(&system.options.state_dir)?;
    let mut calls = records.calls;
    let blank = calls.is_empty() && records.unreadable == 0;
    calls.drain(..calls.len().saturating_sub(limit));
    let file = system.options.state_dir.join(journal::FILE);
    Ok(Journal { file, calls, blank, unreadable: records.unreadable, on: system.options.journal })
}

/// The last `limit` calls, and the journal's stamp before they were read; None when it is still `known`.
pub fn follow(
    system: &System,
    known: Option<Stamp>,
    limit: usize,
) -> Result<Option<(Journal, Option<Stamp>)>, Problem> {
    let stamp = journal::stamp(&system.options.state_dir);
    if stamp.is_some() && stamp == known {
        return Ok(None);
    }
    read(system, limit).map(|journal| Some((journal, stamp)))
}

fn call(system: &System, event: Event) -> Call {
    let server = event.server.as_ref().map(journal::safe_server);
    // A message names the server; where the record must not show it, the message must not either.
    let tellable = event.server.as_ref().is_none_or(|key| server.as_deref() == Some(&key.to_text()));
    let (outcome, error) = match event.outcome {
        Outcome::Found => ("found", None),
        Outcome::NotFound => ("not-found", None),
        Outcome::WindowOver(why) => ("window-over", Some(why.one_line())),
        Outcome::Stored => ("stored", None),
        Outcome::Unchanged => ("unchanged", None),
        Outcome::Erased => ("erased", None),
        Outcome::NothingToErase => ("nothing-to-erase", None),
        Outcome::Listed => ("listed", None),
        Outcome::BadInput(why) => ("error:input", Some(why)),
        Outcome::NoOutput => ("error:output", None),
        Outcome::Failed(problem) => (class(problem.kind), Some(problem.one_line())),
    };
    let told = |words: Option<String>| {
        words.filter(|_| tellable).map(|words| journal::safe_text(misplaced::words(&words).as_bytes()))
    };
    let path = |path: &Path| journal::safe_text(path.as_os_str().as_encoded_bytes());
    Call {
        time: utc::rfc3339(system.env.now()),
        action: event.action.to_owned(),
        server,
        user: event.login.as_ref().map(journal::safe_user),
        outcome: outcome.to_owned(),
        error: told(error),
        warning: told(event.warning.map(|warning| warning.one_line())),
        millis: u64::try_from(system.env.elapsed().as_millis()).unwrap_or(u64::MAX),
        uid: system.env.uid(),
        home: system.env.home().map(path),
        gnupg_home: gnupg_home_elsewhere(system).map(path),
        store: system.stores().ok().map(|stores| path(stores.root().root())),
        caller: system.env.parent_program().map(|name| journal::safe_text(&name)),
    }
}

fn gnupg_home_elsewhere(system: &System) -> Option<&Path> {
    let (dir, home) = (&*system.options.gnupg_home, system.env.home());
    let is_usual = home.is_some_and(|home| home.join(".gnupg") == dir);
    (!is_usual && system.options.key_file.is_none()).then_some(dir)
}

fn class(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Failed => "error:failed",
        ProblemKind::Usage => "error:usage",
        ProblemKind::NotFound => "error:not-found",
        ProblemKind::Cancelled => "error:cancelled",
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Problem {
        let problem = Problem::failed("the journal of helper calls cannot be read").because(&error);
        match error {
            JournalError::File(FileError::TooLarge { path, .. } | FileError::NotAFile { path }) => {
                problem.because("it is only a record, and can be moved away").hint(moving_away(&path))
            }
            JournalError::File(error) => error.hint().into_iter().fold(problem, Problem::hint),
            _ => problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    #[test]
    fn it_is_read_again_only_after_a_call() {
        let bench = Bench::new();
        let system = &bench.system;
        let (none, stamp) = follow(system, None, 10).expect("reads").expect("the first time");
        assert_eq!((none.calls.len(), stamp), (0, None));
        let event = || Event { action: "list", server: None, login: None, outcome: Outcome::Listed, warning: None };
        record(system, event()).expect("records");
        let (one, stamp) = follow(system, stamp, 10).expect("reads").expect("news");
        assert_eq!(one.calls.len(), 1);
        assert!(follow(system, stamp, 10).expect("reads").is_none());
        record(system, event()).expect("records");
        assert_eq!(follow(system, stamp, 1).expect("reads").expect("news").0.calls.len(), 1);
    }

    #[test]
    fn what_cannot_be_read_says_what_helps() {
        let bench = Bench::new();
        let system = &bench.system;
        let file = system.options.state_dir.join(journal::FILE);
        std::fs::create_dir_all(&file).expect("a folder in its place");
        let problem = read(system, 10).expect_err("no file");
        let hints: Vec<&String> = problem.all_hints().collect();
        assert!(hints.len() == 1 && hints[0].starts_with("mv ") && hints[0].ends_with(".old"), "{problem:?}");
        std::fs::remove_dir(&file).expect("removed");
        std::fs::write(&file, "half a li\n{}\n").expect("written");
        let broken = read(system, 10).expect("read").broken().expect("two lines");
        assert!(broken.message.starts_with("2 lines of") && broken.all_hints().count() == 1, "{broken:?}");
        std::fs::write(&file, "").expect("written");
        assert!(read(system, 10).expect("read").broken().is_none());
    }
}
