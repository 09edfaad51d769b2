//! The work that the UI thread never does itself. The only file of the terminal UI that calls `ops`.

pub(super) mod accounts;
pub(super) mod audit;
pub(super) mod contexts;
pub(super) mod edit;
pub(super) mod fix;
pub(super) mod folder;
pub(super) mod git;
pub(super) mod history;
pub(super) mod lines;
pub(super) mod logins;
pub(super) mod recipients;
pub(super) mod search;
pub(super) mod undo;
pub(super) mod window;
pub(super) mod write;

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::watch::Watch;
use crate::model::{EntryPath, Problem, Secret};
use crate::ops::contexts::Matrix;
use crate::ops::entries::{EntryFacts, Opened};
use crate::ops::journal::{self, Journal, Stamp};
use crate::ops::last_checks::{self, LastChecks};
use crate::ops::mending::{self, Mend};
use crate::ops::overview::{self, Overview};
use crate::ops::readers::{OwnKey, Whereabouts};
use crate::ops::recipients as access;
use crate::ops::recipients::{Access, Astray};
use crate::ops::registries::Registries;
use crate::ops::{Written, entries, otp, readers, registries};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::clipboard::{self, Copied};
use crate::system::git::Tracking;

/// How many of the helper's calls are listed.
const CALLS_MAX: usize = 5_000;

/// One piece of work for a worker.
#[derive(Debug)]
pub(super) enum Job {
    /// Where the store is and which key it is written for.
    Whereabouts,
    /// Which key opens the store and whether it is locked, by a running agent's word.
    OwnKey,
    /// Everything that the first tab tells.
    Overview,
    /// How many entries there are, for nobody who waits.
    EntryCount,
    /// How many of so many entries are encrypted to others than are listed.
    AstrayCount(usize),
    /// The helper's last calls, unless the journal still has this stamp.
    Journal(Option<Stamp>),
    Entries,
    Facts(EntryPath),
    Folder(folder::Job),
    Registries,
    /// Decrypts an entry for the screen.
    Open(EntryPath),
    /// Decrypts an entry for the clipboard; the secret never reaches the UI thread in clear.
    Copy(EntryPath, Portion),
    Lines(lines::Job),
    Edit(edit::Job),
    /// Something that is missing, put in place.
    Mend(Mend),
    /// A text for the clipboard that is no secret.
    CopyText(String),
    Accounts(accounts::Job),
    Logins(logins::Job),
    Audit(audit::Job),
    Contexts(contexts::Job),
    Fix(fix::Job),
    History(history::Job),
    Search(search::Job),
    Recipients(recipients::Job),
    Git(git::Job),
    Undo(undo::Job),
    Window(window::Job),
    Write(write::Job),
}

/// How much of an entry is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Portion {
    /// The first line: where pass keeps the password.
    FirstLine,
    /// All of it but the line ends at its end: what Docker gets of a registry login.
    All,
    /// The value of a line, counted from 0.
    Line(usize),
    User,
    /// A one-time password's code.
    Code,
}

/// What a job found.
#[derive(Debug)]
pub(super) enum Report {
    Whereabouts(Whereabouts),
    OwnKey(OwnKey),
    Overview(Box<Overview>),
    /// None: the stores cannot be listed.
    EntryCount(Option<usize>),
    /// None: nobody can tell.
    AstrayCount(Option<Astray>),
    /// None: nothing new.
    Journal(Option<(Journal, Option<Stamp>)>),
    Entries(Catalogue),
    Facts(EntryFacts, Access, Tracking),
    Folder(folder::Report),
    /// With what came of their logins' last tests.
    Registries(Registries, LastChecks),
    Opened(Secret),
    /// An entry that is to be edited.
    Editable(Arc<Opened>),
    Copied(Copy),
    /// What was put in place, in words.
    Mended(String),
    Lines(lines::Report),
    Accounts(accounts::Report),
    Logins(logins::Report),
    Audit(audit::Ran),
    Contexts(Box<Matrix>),
    Fix(fix::Report),
    History(history::Report),
    Search(search::Report),
    Recipients(recipients::Report),
    Git(git::Report),
    Undo(undo::Report),
    /// What was done about a window, in words.
    Window(String),
    Write(write::Report),
}

/// A copy, and what was written for it: a counter's code is given once.
#[derive(Debug)]
pub(super) struct Copy {
    pub(super) copied: Copied,
    pub(super) written: Written,
}

impl From<Copied> for Copy {
    fn from(copied: Copied) -> Copy {
        Copy { copied, written: Written::default() }
    }
}

/// Which worker does it: looking never waits behind a person who is typing a passphrase, nor behind an agent that hangs,
/// nor behind a long history or a whole store that is gone through for what nobody pressed a key for; nothing waits behind
/// a registry that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Look,
    Ask,
    Open,
    Past,
    Away,
}

impl Job {
    pub(super) fn lane(&self) -> Lane {
        match self {
            Job::Whereabouts
            | Job::Overview
            | Job::Journal(_)
            | Job::CopyText(_)
            | Job::Mend(_)
            | Job::Entries
            | Job::Facts(_)
            | Job::Folder(folder::Job::Readers(_))
            | Job::Registries => Lane::Look,
            Job::OwnKey | Job::History(history::Job::Versions(_)) | Job::Recipients(recipients::Job::List) => Lane::Ask,
            Job::Recipients(recipients::Job::Access(_)) => Lane::Look,
            Job::Audit(_) | Job::Contexts(_) | Job::Fix(fix::Job::Plan(_)) => Lane::Past,
            Job::Logins(_) | Job::Write(write::Job::LogIn(_)) => Lane::Away,
            Job::EntryCount | Job::AstrayCount(_) | Job::History(history::Job::Last(_)) | Job::Folder(_) => Lane::Past,
            Job::Git(git::Job::Status | git::Job::Log(_) | git::Job::Conflicts) => Lane::Look,
            Job::Undo(undo::Job::Last) | Job::Write(write::Job::Recipe) => Lane::Look,
            Job::Open(_)
            | Job::Copy(..)
            | Job::Lines(_)
            | Job::Edit(_)
            | Job::Accounts(_)
            | Job::Fix(_)
            | Job::History(_)
            | Job::Search(_)
            | Job::Recipients(_)
            | Job::Git(_)
            | Job::Undo(_)
            | Job::Window(_)
            | Job::Write(_) => Lane::Open,
        }
    }

    /// True for work that must see the machine as it is now, not as it was when the worker started.
    pub(super) fn wants_fresh_system(&self) -> bool {
        matches!(
            self,
            Job::Entries
                | Job::Overview
                | Job::EntryCount
                | Job::AstrayCount(_)
                | Job::Folder(folder::Job::Astray(_))
                | Job::Registries
                | Job::Accounts(_)
                | Job::Logins(_)
                | Job::Audit(_)
                | Job::Contexts(_)
                | Job::Fix(_)
                | Job::OwnKey
                | Job::Edit(_)
                | Job::Recipients(_)
                | Job::Git(_)
                | Job::Undo(_)
                | Job::Window(_)
                | Job::Write(_)
        )
    }

    pub(super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        // Called off while it waited for its turn.
        if watch.cancel().is_called_off() {
            return Err(Problem::cancelled("called off"));
        }
        match self {
            Job::Whereabouts => readers::whereabouts(system).map(Report::Whereabouts),
            Job::OwnKey => readers::own_key(system).map(Report::OwnKey),
            Job::Overview => Ok(Report::Overview(Box::new(overview::look(system)))),
            Job::EntryCount => Ok(Report::EntryCount(overview::count_entries(system))),
            Job::AstrayCount(entries) => {
                Ok(Report::AstrayCount(overview::astray(system, &EntryPath::root(), entries, watch.cancel())))
            }
            Job::Journal(known) => journal::follow(system, known, CALLS_MAX).map(Report::Journal),
            Job::Entries => catalogue(system).map(Report::Entries),
            Job::Facts(entry) => facts(system, &entry),
            Job::Folder(job) => job.run(system, watch).map(Report::Folder),
            Job::Registries => {
                registries::list(system).map(|found| Report::Registries(found, last_checks::read(system).0))
            }
            Job::Open(entry) => entries::show(system, &entry, Asking::Allowed).map(Report::Opened),
            Job::Copy(entry, portion) => copy(system, &entry, portion).map(Report::Copied),
            Job::Mend(mend) => mending::mend(system, &mend).map(Report::Mended),
            Job::CopyText(text) => {
                let copied = clipboard::copy(&system.env, &system.options, Secret::new(text.into_bytes()))?;
                Ok(Report::Copied(copied.into()))
            }
            Job::Lines(job) => job.run(system).map(Report::Lines),
            Job::Edit(job) => job.run(system, watch),
            Job::Accounts(job) => job.run(system).map(Report::Accounts),
            Job::Logins(job) => job.run(system, watch).map(Report::Logins),
            Job::Audit(job) => job.run(system, watch).map(Report::Audit),
            Job::Contexts(job) => job.run(system, watch).map(|found| Report::Contexts(Box::new(found))),
            Job::Fix(job) => job.run(system, watch).map(Report::Fix),
            Job::History(job) => job.run(system).map(Report::History),
            Job::Recipients(job) => job.run(system, watch).map(Report::Recipients),
            Job::Git(job) => job.run(system, watch).map(Report::Git),
            Job::Search(job) => job.run(system, watch).map(Report::Search),
            Job::Undo(job) => job.run(system).map(Report::Undo),
            Job::Window(job) => job.run(system).map(Report::Window),
            Job::Write(job) => job.run(system, watch).map(Report::Write),
        }
    }
}

/// The facts of an entry, who can read it, and whether git has it.
fn facts(system: &System, entry: &EntryPath) -> Result<Report, Problem> {
    let facts = entries::facts(system, entry)?;
    let access = access::access(system, entry).unwrap_or_else(Access::unknown);
    let tracking = entries::tracking(system, &facts);
    Ok(Report::Facts(facts, access, tracking))
}

fn catalogue(system: &System) -> Result<Catalogue, Problem> {
    let listing = entries::list(system, &EntryPath::root())?;
    let logins = registries::list(system).map(|registries| registries.logins).unwrap_or_default();
    let mounts = system.stores()?.all().iter().map(|store| store.mount.clone()).filter(|mount| !mount.is_root());
    Ok(Catalogue::new(listing, &logins, &mounts.collect::<Vec<_>>()))
}

fn copy(system: &System, entry: &EntryPath, portion: Portion) -> Result<Copy, Problem> {
    let mut written = Written::default();
    let mut secret = match portion {
        Portion::Code => {
            let made = otp::code(system, entry, Asking::Allowed)?;
            written = made.written;
            made.code
        }
        Portion::Line(number) => lines::value(system, entry, number)?,
        Portion::User => lines::user(system, entry)?,
        Portion::FirstLine | Portion::All => entries::show(system, entry, Asking::Allowed)?,
    };
    match portion {
        Portion::Code | Portion::Line(_) | Portion::User => {}
        Portion::FirstLine => {
            let end = secret.expose().iter().position(|byte| *byte == b'\n').unwrap_or(secret.len());
            secret.truncate(end);
            secret.trim_end(|byte| byte == b'\r');
        }
        Portion::All => secret.trim_end(|byte| byte == b'\n' || byte == b'\r'),
    }
    if secret.is_empty() {
        return Err(Problem::failed(format!("{} holds nothing to copy", crate::model::text::quoted(entry.as_bytes()))));
    }
    let copied = clipboard::copy(&system.env, &system.options, secret)?;
    Ok(Copy { copied, written })
}
