//! A window closed: its logins logged out as `ops/login` does, with proof. A login that another open window has too goes with
//! that one; one that was there before stays. What cannot be proved stays recorded, and is not handed out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;

use super::config_dir::{self, Folder};
use super::none_at;
use super::open::made;
use crate::model::{Problem, RegistryKey, text};
use crate::ops::audit::Scope;
use crate::ops::login::{self, LoggedOut};
use crate::ops::{deadline, read_only};
use crate::system::System;
use crate::system::windows::{self, Held, Hold, Made, Record};

/// Which windows are closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    /// Those that are over.
    Over,
    /// Those at these registries.
    At(Vec<String>),
    /// One, by its name in the records.
    Window(String),
}

#[derive(Debug, Default)]
pub struct Closed {
    /// By registry.
    pub ended: Vec<Ended>,
    /// Folders that were made for a window, and are gone.
    pub removed: Vec<PathBuf>,
    pub warnings: Vec<Problem>,
}

/// What became of one registry.
#[derive(Debug)]
pub enum Ended {
    /// Logged out; proved or not, the answer says.
    Out(LoggedOut),
    /// An open window has it until then.
    Shared(String, SystemTime),
    /// Its login was there before.
    Stays(String),
    /// It could not even be begun.
    Failed(String, Problem),
}

impl Ended {
    pub fn registry(&self) -> &str {
        match self {
            Ended::Out(done) => &done.name,
            Ended::Shared(name, _) | Ended::Stays(name) | Ended::Failed(name, _) => name,
        }
    }

    pub fn is_proved(&self) -> bool {
        match self {
            Ended::Out(done) => done.is_proved(),
            Ended::Shared(..) | Ended::Stays(_) => true,
            Ended::Failed(..) => false,
        }
    }
}

impl Closed {
    pub fn is_proved(&self) -> bool {
        self.ended.iter().all(Ended::is_proved)
    }
}

/// Closes them. `files`: logins in clear may be taken out of files too. Goes on after what fails.
pub fn close(system: &System, scope: &Scope, which: &Which, files: bool) -> Result<Closed, Problem> {
    read_only::check(system, &system.options.state_dir)?;
    let store = system.stores()?.root().root().to_owned();
    let mut listed = windows::list(&system.options.state_dir, &store);
    let mut closed = Closed::default();
    if let Which::At(names) = which {
        for name in names.iter().filter(|name| !listed.records.contains_key(*name)) {
            match windows::look(&system.options.state_dir, &store, name) {
                Ok(_) => return Err(none_at(name)),
                // Named by a person, who knows what was there before.
                Err(_) => closed.ended.push(close_damaged(system, scope, name, files)),
            }
        }
        // Of the others nobody asked.
        listed.damaged.clear();
    }
    for (path, error) in listed.damaged {
        closed.warnings.push(
            Problem::failed(format!("a window's record cannot be read, and of which registry is not known: {error}"))
                .hint("see which login is not handed out any more: regpass journal")
                .hint(format!("forget it, once you logged out there: rm {}", text::shell_word(&path))),
        );
    }
    let mut folders = BTreeMap::new();
    for registry in listed.records.into_keys() {
        let ended = end(system, scope, which, &registry, files, &mut folders);
        closed.ended.extend(ended.unwrap_or_else(|problem| Some(Ended::Failed(registry, problem))));
    }
    clear_folders(system, &store, folders, &mut closed);
    Ok(closed)
}

/// Closes what an opening that failed had opened by then.
pub(super) fn undo(system: &System, scope: &Scope, window: &str) -> Closed {
    close(system, scope, &Which::Window(window.to_owned()), false)
        .unwrap_or_else(|problem| Closed { warnings: vec![problem], ..Closed::default() })
}

/// A folder that was made for a window which did not come to be.
pub fn discard(system: &System, folder: &Folder) {
    let Some(made) = folder.made else { return };
    let config = folder.path.canonicalize().unwrap_or_else(|_| folder.path.clone());
    if let Ok(stores) = system.stores() {
        // What somebody else put in by now keeps it.
        clear_folders(system, stores.root().root(), BTreeMap::from([(config, made)]), &mut Closed::default());
    }
}

fn is_meant(system: &System, which: &Which, registry: &str, hold: &Hold) -> bool {
    match which {
        Which::All => true,
        Which::Over => deadline::over(hold, system.env.unstopped()).is_some(),
        Which::At(names) => names.iter().any(|name| name == registry),
        Which::Window(window) => hold.window == *window,
    }
}

/// Nobody opens or closes meanwhile: a login that is stored for a new window comes after its record.
fn end(
    system: &System,
    scope: &Scope,
    which: &Which,
    registry: &str,
    files: bool,
    folders: &mut BTreeMap<PathBuf, Made>,
) -> Result<Option<Ended>, Problem> {
    let store = system.stores()?.root().root();
    let held = windows::hold(&system.options.state_dir, system.env.uid())?;
    let Some(mut record) = held.look(store, registry)? else { return Ok(None) };
    let (meant, left): (Vec<Hold>, Vec<Hold>) =
        record.holds.into_iter().partition(|hold| is_meant(system, which, registry, hold));
    record.holds = left;
    if meant.is_empty() {
        return Ok(None);
    }
    let now = system.env.unstopped();
    let open = record.holds.iter().filter(|hold| deadline::over(hold, now).is_none()).map(|hold| hold.until).max();
    if record.own && open.is_none() {
        return log_out(system, scope, &held, record, meant, files, folders).map(Some);
    }
    if record.holds.is_empty() {
        held.remove(store, registry)?
    } else {
        held.put(&record)?
    }
    folders.extend(meant.iter().filter_map(made));
    let name = record.registry;
    Ok(Some(match open {
        Some(until) if record.own => Ended::Shared(name, deadline::time(until)),
        _ => Ended::Stays(name),
    }))
}

fn log_out(
    system: &System,
    scope: &Scope,
    held: &Held,
    record: Record,
    meant: Vec<Hold>,
    files: bool,
    folders: &mut BTreeMap<PathBuf, Made>,
) -> Result<Ended, Problem> {
    // Not handed out from here on, whatever comes.
    let mut closing = record.clone();
    closing.holds.extend(meant.iter().map(|hold| Hold { closed: true, ..hold.clone() }));
    // A disk that is full keeps nobody from logging out.
    let unwritten = held.put(&closing).err();
    let configs: BTreeSet<&PathBuf> = closing.holds.iter().map(|hold| &hold.docker_config).collect();
    let mut all: Option<LoggedOut> = None;
    for config in configs {
        let there = system.with_docker_config(config);
        let plan = login::plan(&there, scope, &RegistryKey::new(record.registry.as_str()));
        let done = login::logout(&there, scope, &plan, files)?;
        all = Some(match all {
            None => done,
            Some(before) => joined(before, done),
        });
    }
    let mut done = all.ok_or_else(|| none_at(&record.registry))?;
    if done.is_proved() {
        held.remove(&record.store, &record.registry)?;
        folders.extend(meant.iter().chain(&record.holds).filter_map(made));
    } else if let Some(error) = unwritten {
        let told = Problem::from(error)
            .because("that the window was closed is not recorded: its login is handed out until its end");
        done.warnings.push(told);
    }
    Ok(Ended::Out(done))
}

/// Two configurations of one registry: what the later one found counts with what the first one did.
fn joined(mut before: LoggedOut, after: LoggedOut) -> LoggedOut {
    before.erased.extend(after.erased);
    before.asked += after.asked;
    for still in after.still {
        if !before.still.contains(&still) {
            before.still.push(still);
        }
    }
    before.hints.extend(after.hints);
    before.warnings.extend(after.warnings);
    before
}

/// The record is put aside once the login is gone.
fn close_damaged(system: &System, scope: &Scope, registry: &str, files: bool) -> Ended {
    let out = || -> Result<LoggedOut, Problem> {
        let store = system.stores()?.root().root();
        let held = windows::hold(&system.options.state_dir, system.env.uid())?;
        let plan = login::plan(system, scope, &RegistryKey::new(registry));
        let done = login::logout(system, scope, &plan, files)?;
        if done.is_proved() {
            held.put_aside(store, registry)?;
        }
        Ok(done)
    };
    out().map_or_else(|problem| Ended::Failed(registry.to_owned(), problem), Ended::Out)
}

/// Takes away what was made for windows, where no window is left in it and nobody put anything in.
fn clear_folders(system: &System, store: &std::path::Path, folders: BTreeMap<PathBuf, Made>, closed: &mut Closed) {
    let listed = windows::list(&system.options.state_dir, store);
    let used =
        |folder: &PathBuf| listed.records.values().flat_map(|one| &one.holds).any(|hold| hold.docker_config == *folder);
    for (folder, made) in folders.into_iter().filter(|(folder, _)| !used(folder)) {
        match config_dir::remove(&folder, made) {
            Ok(()) => closed.removed.push(folder),
            Err(problem) => closed.warnings.push(problem),
        }
    }
}
