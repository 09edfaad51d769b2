//! The credential helper: Docker's protocol on stdin and stdout, words for people on stderr. Exit codes are 0 and 1 only.
//! Knows the protocol's flow; its bytes are `system/docker/protocol.rs`, the four verbs `ops/credentials.rs`.
//! Pays for nothing it does not use: no configuration, store or keyring is opened before a call needs it.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use super::streams::{self, Streams};
use crate::model::{Credential, Login, Problem, RegistryKey};
use crate::ops::credentials::{CredentialListing, CredentialStore, Written};
use crate::ops::deadline;
use crate::ops::journal::{self, Event, Outcome};
use crate::system::System;
use crate::system::docker::payload;
use crate::system::docker::protocol::{self, Action, NAME, Request};
use crate::system::env::{self, Env};
use crate::system::options::{Options, Typed};
use crate::system::process;

/// The four verbs. Two users: the store on disk, and the store in memory of the protocol's test cases.
pub trait Verbs {
    fn get(&self, key: &RegistryKey) -> Result<Option<Credential>, Problem>;
    fn store(&self, key: &RegistryKey, credential: Credential) -> Result<Written, Problem>;
    fn erase(&self, key: &RegistryKey) -> Result<Written, Problem>;
    fn list(&self) -> Result<CredentialListing, Problem>;

    /// Why the login that is there must not be handed out any more.
    fn closed(&self, _: &RegistryKey) -> Option<Problem> {
        None
    }
}

impl Verbs for System {
    fn get(&self, key: &RegistryKey) -> Result<Option<Credential>, Problem> {
        CredentialStore::new(self).get(key)
    }

    fn store(&self, key: &RegistryKey, credential: Credential) -> Result<Written, Problem> {
        CredentialStore::new(self).store(key, credential)
    }

    fn erase(&self, key: &RegistryKey) -> Result<Written, Problem> {
        CredentialStore::new(self).erase(key)
    }

    fn list(&self) -> Result<CredentialListing, Problem> {
        let mut listing = CredentialStore::new(self).list()?;
        deadline::without_closed(self, &mut listing.logins);
        Ok(listing)
    }

    fn closed(&self, key: &RegistryKey) -> Option<Problem> {
        let why = deadline::closed(self, key)?;
        // Where there is no login, that is all there is to say.
        let is_there = !matches!(CredentialStore::new(self).answering(key), Ok(None));
        is_there.then_some(why)
    }
}

/// How a call ended.
#[derive(Debug)]
pub struct Served {
    pub success: bool,
    /// What to record; None where the store was not asked.
    pub event: Option<Event>,
}

/// Runs the helper with this process's arguments, streams and surroundings.
pub fn main(args: Vec<OsString>) -> ExitCode {
    process::harden();
    let system = OnceCell::new();
    let (mut input, mut answers, mut notes) = (streams::stdin(), streams::stdout(), streams::stderr());
    let typed = env::stdin_is_terminal();
    let mut streams = Streams { input: &mut input, typed, answers: &mut answers, notes: &mut notes };
    let args = args.get(1..).unwrap_or_default();
    let served = catch_unwind(AssertUnwindSafe(|| serve(args, &mut streams, || Ok(opened(&system)? as &dyn Verbs))))
        .unwrap_or_else(|_| {
            // The panic's own words are on stderr; the client gets a line and an exit code that it knows.
            said(&mut streams, false, "regpass met a fault of its own and gave up")
        });
    if let Some(event) = served.event
        && let Ok(system) = opened(&system)
    {
        // A call that cannot be recorded is a call all the same.
        let _ = journal::record(system, event);
    }
    if served.success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The outside, looked at on the first call.
fn opened(system: &OnceCell<System>) -> Result<&System, Problem> {
    if let Some(system) = system.get() {
        return Ok(system);
    }
    let env = Env::from_process();
    let options = Options::resolve(&Typed::default(), &env)?;
    Ok(system.get_or_init(|| System::new(env, options)))
}

/// Answers one call. `args` are those after the program's name; `open` is called at most once, after the input is read.
pub fn serve<'s>(
    args: &[OsString],
    streams: &mut Streams<'_>,
    open: impl FnOnce() -> Result<&'s dyn Verbs, Problem>,
) -> Served {
    let usage = format!("Usage: {NAME} <store|get|erase|list|version>");
    match protocol::request(args) {
        Request::Unclear => said(streams, false, &usage),
        Request::Help => said(streams, true, &usage),
        Request::Version => said(streams, true, &format!("{NAME} (regpass) v{}", env!("CARGO_PKG_VERSION"))),
        Request::Unknown(word) => {
            let word = crate::model::text::escaped(word.as_encoded_bytes());
            said(streams, false, &format!("{NAME}: unknown action: {word}"))
        }
        Request::Call(action) => {
            let mut call = Call { action, server: None, login: None, warning: None };
            let outcome = call.run(streams, open);
            let Call { server, login, warning, .. } = call;
            let event = Event { action: action.as_str(), server, login, outcome, warning };
            Served { success: explain(streams, &event.outcome), event: Some(event) }
        }
    }
}

/// A call under way, and what is known of it for the record however it ends.
struct Call {
    action: Action,
    server: Option<RegistryKey>,
    login: Option<Login>,
    warning: Option<Problem>,
}

impl Call {
    fn run<'s>(&mut self, streams: &mut Streams<'_>, open: impl FnOnce() -> Result<&'s dyn Verbs, Problem>) -> Outcome {
        let attempt = || -> Result<Outcome, Outcome> {
            if self.action == Action::List {
                return self.list(streams, open()?);
            }
            invite(streams, self.action);
            let input = protocol::read_joined(streams.input)?;
            if self.action == Action::Store {
                let (server, credential) = payload::credential(&input)?;
                drop(input);
                self.login = Some(credential.login.clone());
                let written = open()?.store(self.server.insert(server), credential)?;
                return Ok(self.wrote(streams, written, Outcome::Stored, Outcome::Unchanged));
            }
            let server = self.server.insert(protocol::server(&input)?);
            let verbs = open()?;
            if self.action == Action::Erase {
                let written = verbs.erase(server)?;
                return Ok(self.wrote(streams, written, Outcome::Erased, Outcome::NothingToErase));
            }
            if let Some(why) = verbs.closed(server) {
                return Ok(Outcome::WindowOver(why));
            }
            let Some(credential) = verbs.get(server)? else { return Ok(Outcome::NotFound) };
            let answer = protocol::credential_answer(server, &credential);
            self.login = Some(credential.login);
            // As the official helper: a client that went away does not make the call a failure.
            let _ = streams.answers.write_all(answer.expose());
            Ok(Outcome::Found)
        };
        attempt().unwrap_or_else(|failed| failed)
    }

    fn list(&mut self, streams: &mut Streams<'_>, verbs: &dyn Verbs) -> Result<Outcome, Outcome> {
        let listing = verbs.list()?;
        if let Some(doubt) = &listing.doubt {
            streams.note(&format!("{NAME}: warning"), doubt);
        }
        self.warning = listing.doubt;
        let answer = protocol::list_answer(&listing.logins);
        let written = streams.answers.write_all(answer.expose()).and_then(|()| streams.answers.flush());
        Ok(if written.is_ok() { Outcome::Listed } else { Outcome::NoOutput })
    }

    /// Warnings go to the person at once and, because Docker shows nothing of a call that succeeds, into the record.
    fn wrote(&mut self, streams: &mut Streams<'_>, written: Written, changed: Outcome, unchanged: Outcome) -> Outcome {
        for warning in &written.warnings {
            streams.note(&format!("{NAME}: warning"), warning);
        }
        self.warning = written.warnings.into_iter().next();
        if written.changed { changed } else { unchanged }
    }
}

/// Tells the client and the person how it ended. True for success.
fn explain(streams: &mut Streams<'_>, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::NotFound => streams.say(protocol::NOT_FOUND),
        // Clients know one word for it; the person, and the journal, get the reason.
        Outcome::WindowOver(why) => {
            streams.note(NAME, why);
            streams.say(protocol::NOT_FOUND);
        }
        Outcome::BadInput(why) => streams.say(why),
        Outcome::Failed(problem) => {
            streams.note(NAME, problem);
            streams.say(&problem.one_line());
        }
        Outcome::NoOutput => {}
        _ => return true,
    }
    false
}

/// One line that answers a call which did not reach the store.
fn said(streams: &mut Streams<'_>, success: bool, line: &str) -> Served {
    streams.say(line);
    Served { success, event: None }
}

/// Without this a helper started by hand seems to hang (docker-credential-helpers issues 184 and 185).
fn invite(streams: &mut Streams<'_>, action: Action) {
    if !streams.typed {
        return;
    }
    let what = match action {
        Action::Store => r#"a login, {"ServerURL":"...","Username":"...","Secret":"..."} (it will be visible)"#,
        _ => "a server, for example https://index.docker.io/v1/",
    };
    streams.tell(&format!("{NAME}: type {what}, then Enter and Ctrl-D"));
}
