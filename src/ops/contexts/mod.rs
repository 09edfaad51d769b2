//! Which login Docker would find, for each context that it may be run from on this machine: this shell, root by sudo, a
//! service, a cron job, another account. Worked out from files: nothing is decrypted, nobody is asked, no program is run
//! (`run.rs`, when that is asked for, excepted). What cannot be known is told as such.

mod commands;
mod inside;
mod mends;
mod places;
pub mod run;

mod seen;
mod services;
mod trail;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{Login, RegistryKey, misplaced};
use crate::ops::progress::Cancel;
use crate::ops::registries::Registries;
use crate::system::System;
use crate::system::variables::Variables;
use inside::Inside;
use seen::Seen;

/// What is looked at.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Below this folder lie `/etc`, `/run`, `/usr/lib` and the folders of a machine's own search paths; `/` but in tests.
    pub machine: PathBuf,
    /// Every account with a home and a configuration of Docker.
    pub all_users: bool,
    /// Whether each entry's key is looked for, or only what the store's own files say.
    pub keys: bool,
    /// Whether cells tell how they came about.
    pub steps: bool,
    /// The wish that it stop: what is found then is for nobody.
    pub cancel: Cancel,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope { machine: PathBuf::from("/"), all_users: false, keys: true, steps: true, cancel: Cancel::default() }
    }
}

impl Scope {
    fn on_machine(&self, path: &str) -> PathBuf {
        self.machine.join(path.trim_start_matches('/'))
    }

    /// A search path of a machine.
    fn search_path(&self, path: &str) -> String {
        let folders = path.split(':').map(|folder| self.on_machine(folder).to_string_lossy().into_owned());
        folders.collect::<Vec<_>>().join(":")
    }
}

/// What kind of context it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// This shell.
    Me,
    /// `sudo docker …`.
    Sudo,
    /// `sudo -H docker …`.
    SudoHome,
    /// A new login of an account.
    Login,
    /// A systemd service.
    Unit,
    Cron,
    /// Docker from a snap, which sees another home and its own programs only.
    Snap,
}

impl Kind {
    pub fn id(self) -> &'static str {
        match self {
            Kind::Me => "me",
            Kind::Sudo => "sudo",
            Kind::SudoHome => "sudo-h",
            Kind::Login => "login",
            Kind::Unit => "unit",
            Kind::Cron => "cron",
            Kind::Snap => "snap",
        }
    }
}

/// Where Docker may be run from, and what it would use there.
#[derive(Clone, Debug)]
pub struct Context {
    /// Escaped; unique in its matrix.
    pub name: String,
    pub kind: Kind,
    /// The account's name; None where nobody here knows it.
    pub user: Option<String>,
    /// None where it is made up when it starts.
    pub uid: Option<u32>,
    /// The home that Docker takes.
    pub home: Option<PathBuf>,
    /// Docker's `config.json`; None where only running it tells.
    pub config: Option<PathBuf>,
    /// Whether that is there; None where it may not be looked at.
    pub has_config: Option<bool>,
    /// The helper for registries that have none of their own, without `docker-credential-`.
    pub helper: Option<String>,
    /// Its program.
    pub program: Option<PathBuf>,
    /// The store that this helper would look into.
    pub store: Option<PathBuf>,
    pub gnupg_home: Option<PathBuf>,
    /// The variables that matter here; no secret is among them.
    pub variables: Variables,
    /// Nobody is there to type a passphrase.
    pub unattended: bool,
    /// The file that makes it one: a unit, a cron table.
    pub file: Option<PathBuf>,
    /// What was assumed because it cannot be seen, in sentences.
    pub doubts: Vec<String>,
}

/// What Docker would get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    Found,
    NotFound,
    Error,
    /// Files that decide it may not be read, or only running it would tell.
    Unknown,
}

impl Answer {
    pub fn id(self) -> &'static str {
        match self {
            Answer::Found => "found",
            Answer::NotFound => "not-found",
            Answer::Error => "error",
            Answer::Unknown => "unknown",
        }
    }
}

/// Why it is that answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A helper finds it.
    Helper,
    /// It stands in `config.json`, in clear.
    Inline,
    /// It stands in `DOCKER_AUTH_CONFIG`.
    Variable,
    /// No helper is named, and the file has no login.
    NoHelper,
    /// The configuration may not be read there, or is none.
    Config,
    NoProgram,
    ForeignProgram,
    NoStore,
    /// The store may not be read there.
    StoreShut,
    NoEntry,
    NoKey,
    /// The key wants a passphrase, and nobody is there.
    KeyLocked,
    /// It may not be looked at from here.
    Unseen,
}

/// One registry in one context.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The registry's name (`RegistryKey::canonical`).
    pub registry: String,
    /// Index into `Matrix::contexts`.
    pub context: usize,
    pub answer: Answer,
    pub reason: Reason,
    pub login: Option<Login>,
    /// One sentence, escaped.
    pub why: String,
    /// What mends it, escaped; a command stands at its end.
    pub mend: Option<String>,
    /// How the answer comes about, in Docker's order.
    pub steps: Vec<Step>,
}

/// One step of Docker's on the way to a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    /// Whether Docker can go on from here.
    pub good: bool,
    /// What was seen, escaped.
    pub seen: String,
    pub place: Option<PathBuf>,
}

/// Every registry in every context.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// By name.
    pub registries: Vec<String>,
    /// This shell first.
    pub contexts: Vec<Context>,
    /// By context, then registry.
    pub cells: Vec<Cell>,
    pub missed: Vec<Missed>,
}

/// What may hide more contexts, or another answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Of which kind they would be; None: of any.
    pub of: Option<Kind>,
    /// A sentence, escaped.
    pub why: String,
}

impl Matrix {
    pub fn cell(&self, context: usize, registry: usize) -> Option<&Cell> {
        self.cells.get(context * self.registries.len() + registry)
    }

    /// Those of one context.
    pub fn of(&self, context: usize) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(move |cell| cell.context == context)
    }
}

/// Works out the matrix. Without a registry asked for: all that some context's configuration or store names.
pub fn matrix(system: &System, scope: &Scope, asked: &[String]) -> Matrix {
    matrix_of(system, scope, asked, None)
}

/// The same for a caller who has listed this system's store already.
pub fn matrix_of(system: &System, scope: &Scope, asked: &[String], listed: Option<&Registries>) -> Matrix {
    let mut found = places::find(system, scope);
    if !scope.keys {
        let why = "whether a secret key opens the logins was not looked at".to_owned();
        found.missed.push(Missed { of: None, why });
    }
    let seen = Seen::of(scope);
    listed.iter().for_each(|listed| seen.know(system, listed));
    let places = found.places.iter().take_while(|_| !scope.cancel.is_called_off());
    let inside: Vec<Inside<'_>> = places.map(|place| Inside::enter(system, place, scope, &seen)).collect();
    let mut registries: BTreeSet<String> = asked.iter().map(|name| canonical(name)).collect();
    if asked.is_empty() {
        registries.extend(inside.iter().flat_map(Inside::registries).map(|name| canonical(&name)));
        registries.retain(|name| !RegistryKey::new(name.as_str()).is_hub_token());
    }
    let registries: Vec<String> = registries.into_iter().collect();
    let cells = inside.iter().enumerate().flat_map(|(index, inside)| {
        let cell = move |name: &String| inside.trace(index, name);
        registries.iter().map(cell)
    });
    let cells: Vec<Cell> = cells.take_while(|_| !scope.cancel.is_called_off()).map(told).collect();
    let registries = registries.iter().map(misplaced::server).collect();
    let contexts = inside.iter().map(Inside::context).collect();
    Matrix { registries, contexts, cells, missed: found.missed }
}

/// Without what may be a secret in a name: a store has whatever a client put there.
fn told(mut cell: Cell) -> Cell {
    cell.registry = misplaced::server(&cell.registry);
    cell.why = misplaced::words(&cell.why);
    cell.mend = cell.mend.map(|mend| misplaced::remedy(&mend));
    for step in &mut cell.steps {
        step.seen = misplaced::words(&step.seen);
        step.place = step.place.take().map(|place| misplaced::path(&place));
    }
    cell
}

fn canonical(name: &str) -> String {
    RegistryKey::new(name).canonical()
}

/// The key under which Docker looks for a registry's login.
pub fn docker_key(registry: &str) -> RegistryKey {
    RegistryKey::new(if registry == HUB_NAME { HUB_KEY } else { registry })
}

/// Variables that decide which login is found. Of the others none is looked at: they may hold secrets.
fn matters(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "HOME",
        "PATH",
        "DOCKER_CONFIG",
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "GNUPGHOME",
        "PASSWORD_STORE_DIR",
        "PASSWORD_STORE_GPG_OPTS",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
        "XDG_STATE_HOME",
    ];
    const OWN: [&str; 4] = ["REGPASS_CONFIG", "REGPASS_KEY_FILE", "REGPASS_KEY_PASSPHRASE_FILE", "GOPASS_CONFIG"];
    NAMES.contains(&name) || OWN.contains(&name) || name == "GOPASS_HOMEDIR" || name == "GOPASS_CONFIG_NOSYSTEM"
}

/// Those of them without which it is not known which configuration, helper, store and key it would be.
const DECIDING: [&str; 8] = [
    "HOME",
    "PATH",
    "DOCKER_CONFIG",
    "GNUPGHOME",
    "PASSWORD_STORE_DIR",
    "REGPASS_CONFIG",
    "REGPASS_KEY_FILE",
    "REGPASS_KEY_PASSPHRASE_FILE",
];

/// True for a path in somebody's home.
fn is_below_homes(path: &Path) -> bool {
    ["/home", "/root", "/run/user"].iter().any(|home| path.starts_with(home))
}

#[cfg(test)]
mod tests;
