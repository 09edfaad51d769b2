//! A context that was looked into: the configuration that Docker reads there, the helper that it chooses and the program
//! that it would start (docker/cli, `cli/config`). What then becomes of one registry is `trail.rs`.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::places::Place;
use super::seen::{Seen, once};
use super::trail::Trail;
use super::{Cell, Context, Kind, Scope, is_below_homes};
use crate::model::{Secret, text};
use crate::ops::shims::PREFIX;
use crate::system::System;
use crate::system::accounts::{Deed, May, Who};
use crate::system::docker::auth_config::{self, AuthConfig};
use crate::system::docker::auth_file::{self, AuthFile, Contents, State};
use crate::system::docker::client_context;
use crate::system::docker::config;
use crate::system::env::{self, Env};
use crate::system::links::Found;
use crate::system::options::{Options, Typed};
use crate::system::variables::Variables;

/// The most folders of a search path that are looked into.
const FOLDERS_MAX: usize = 1_000;

/// A context that was looked into.
pub(super) struct Inside<'a> {
    pub(super) place: &'a Place,
    pub(super) seen: &'a Seen,
    /// regpass's own file, and where we would find programs.
    pub(super) here: &'a System,
    pub(super) keys: bool,
    pub(super) steps: bool,
    programs: RefCell<BTreeMap<String, Program>>,
    /// Whether the account may read a store's folder.
    readable: RefCell<BTreeMap<PathBuf, May>>,
    /// The surroundings that a helper has there; or why regpass would fail in them.
    pub(super) system: Result<System, String>,
    /// The same for the official helper, which knows neither gopass's configuration nor ours.
    official: OnceCell<Result<System, String>>,
    pub(super) home: Option<PathBuf>,
    pub(super) config: PathBuf,
    pub(super) file: ConfigSeen,
    /// Whether Docker there reads that variable.
    reads_variable: OnceCell<bool>,
    /// Logins of `DOCKER_AUTH_CONFIG`, which Docker takes as a whole or not at all.
    pub(super) variable: Option<Contents>,
}

/// Docker's configuration as that context sees it.
pub(super) enum ConfigSeen {
    Absent,
    Read(Rc<AuthFile>),
    /// Docker warns and goes on as without one: why.
    Useless(String),
    /// What Docker makes of it cannot be told: why.
    Unseen(String),
}

/// Which program Docker would start.
#[derive(Clone)]
pub(super) enum Program {
    At(PathBuf, Found),
    Missing,
    /// It is there, and this account may not run it.
    Unfit(PathBuf),
    Unseen(PathBuf),
}

impl<'a> Inside<'a> {
    pub fn enter(here: &'a System, place: &'a Place, scope: &Scope, seen: &'a Seen) -> Inside<'a> {
        let home = place.variables.get("HOME").map(PathBuf::from).or_else(|| place.own_home.clone());
        let system = surroundings(here, place, home.as_deref());
        let folder = match (&place.config, &system) {
            (Some(folder), _) => folder.clone(),
            (None, Ok(system)) => system.options.docker_config.clone(),
            (None, Err(_)) => place
                .variables
                .get("DOCKER_CONFIG")
                .map_or_else(|| home.as_deref().unwrap_or(Path::new("/")).join(".docker"), PathBuf::from),
        };
        let config = folder.join(config::FILE);
        let is_hidden = place.hides_homes
            && (is_below_homes(&config)
                || config.strip_prefix(&scope.machine).is_ok_and(|rest| is_below_homes(&Path::new("/").join(rest))));
        let file = match &place.who {
            None => ConfigSeen::Unseen(place.doubts.first().cloned().unwrap_or_default()),
            Some(_) if place.unclear.is_some() => ConfigSeen::Unseen(place.unclear.clone().unwrap_or_default()),
            Some(_) if is_hidden => ConfigSeen::Useless("ProtectHome hides it from the unit".to_owned()),
            Some(who) => config_seen(who, &config, seen),
        };
        let variable = here.env.text("DOCKER_AUTH_CONFIG").filter(|_| place.kind == Kind::Me);
        let variable = variable.map(|text| Secret::new(text.as_bytes().to_vec()));
        let variable = variable.filter(|text| matches!(auth_config::judge(text), AuthConfig::Answers(_)));
        let variable = variable.and_then(|text| auth_file::of_text(&text));
        Inside {
            place,
            seen,
            here,
            keys: scope.keys,
            steps: scope.steps,
            programs: RefCell::default(),
            readable: RefCell::default(),
            system,
            official: OnceCell::new(),
            home,
            config,
            file,
            reads_variable: OnceCell::new(),
            variable,
        }
    }

    pub(super) fn contents(&self) -> Option<&Contents> {
        match &self.file {
            ConfigSeen::Read(file) => match &file.state {
                State::Read(contents) => Some(contents),
                _ => None,
            },
            _ => None,
        }
    }

    /// Every registry that the configuration or the store names.
    pub fn registries(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(contents) = self.contents() {
            found.extend(contents.held.iter().map(|held| held.server.clone()));
            found.extend(contents.marks.iter().cloned());
            found.extend(contents.cred_helpers.iter().map(|(server, _)| server.clone()));
        }
        if let Ok(system) = &self.system
            && let Ok(store) = self.seen.logins(system).as_ref()
        {
            found.extend(store.registries.keys().map(|key| key.to_text().into_owned()));
        }
        found
    }

    pub fn context(&self) -> Context {
        let helper = self.helper(None).filter(|helper| !helper.is_empty());
        let program = helper.as_deref().map(|helper| self.program(&format!("{PREFIX}{helper}")));
        let program = program.and_then(|program| match program {
            Program::At(path, found) => Some((path, found)),
            _ => None,
        });
        let store = match &program {
            Some((_, Found::OfficialHelper)) => Some(self.official_store()),
            Some((_, Found::Foreign | Found::Nothing)) | None => None,
            Some(_) => {
                self.system.as_ref().ok().and_then(|system| Some(system.stores().ok()?.root().root().to_owned()))
            }
        };
        let place = self.place;
        Context {
            name: place.name.clone(),
            kind: place.kind,
            user: place.user.clone(),
            uid: place.who.as_ref().map(|who| who.uid),
            home: self.home.clone(),
            config: place.unclear.is_none().then(|| self.config.clone()),
            has_config: match self.file {
                ConfigSeen::Absent => Some(false),
                ConfigSeen::Read(_) | ConfigSeen::Useless(_) => Some(true),
                ConfigSeen::Unseen(_) => None,
            },
            gnupg_home: self.system.as_ref().ok().map(|system| system.options.gnupg_home.clone()),
            helper,
            program: program.map(|(path, _)| path),
            store,
            variables: place.variables.clone(),
            unattended: place.unattended,
            file: place.file.clone(),
            doubts: place.doubts.clone(),
        }
    }

    pub fn trace(&self, context: usize, registry: &str) -> Cell {
        Trail::of(self, registry).cell(context)
    }

    /// The helper for this key, as Docker chooses it; None where it looks into its own file.
    pub(super) fn helper(&self, key: Option<&str>) -> Option<String> {
        let contents = self.contents();
        let own = contents.zip(key).and_then(|(contents, key)| {
            let helpers = contents.cred_helpers.iter();
            helpers.rev().find(|(server, _)| server == key).map(|(_, helper)| helper.clone())
        });
        own.or_else(|| contents.and_then(|contents| contents.creds_store.clone())).or_else(|| self.detected())
    }

    /// Where a file says nothing of logins, Docker takes `pass`, if that is there, and its helper
    /// (docker/cli `cli/config/credentials/default_store.go`).
    fn detected(&self) -> Option<String> {
        let says_nothing = |contents: &Contents| {
            contents.held.is_empty() && contents.marks.is_empty() && contents.cred_helpers.is_empty()
        };
        let applies = match &self.file {
            ConfigSeen::Absent | ConfigSeen::Useless(_) => true,
            ConfigSeen::Read(_) => self.contents().is_some_and(says_nothing),
            ConfigSeen::Unseen(_) => false,
        };
        if !applies {
            return None;
        }
        let is_there = |name: &str| matches!(self.program(name), Program::At(..));
        let helper = if is_there("pass") { "pass" } else { "secretservice" };
        is_there(&format!("{PREFIX}{helper}")).then(|| helper.to_owned())
    }

    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let path = self.place.variables.get("PATH").map(String::as_str).unwrap_or_default();
        env::split_paths(path.as_ref()).into_iter().filter(|folder| folder.is_absolute()).collect()
    }

    pub(super) fn program(&self, name: &str) -> Program {
        once(&self.programs, name, || self.search(name))
    }

    /// Whether the account may read this store.
    pub(super) fn may_read_store(&self, who: &Who, root: &Path) -> May {
        once(&self.readable, root, || who.may(Deed::Read, root))
    }

    /// Whether the Docker there takes logins from `DOCKER_AUTH_CONFIG`; one that cannot be seen is taken for a new one.
    pub(super) fn reads_variable(&self) -> bool {
        *self.reads_variable.get_or_init(|| match self.program("docker") {
            Program::At(path, _) => client_context::reads_auth_config(&path).unwrap_or(true),
            _ => true,
        })
    }

    fn search(&self, name: &str) -> Program {
        let Some(who) = &self.place.who else { return Program::Missing };
        let mut unfit = None;
        for (index, file) in self.folders().into_iter().map(|folder| folder.join(name)).enumerate() {
            if index == FOLDERS_MAX {
                return Program::Unseen(file);
            }
            match who.may(Deed::Run, &file) {
                May::Yes if file.is_file() => {
                    let found = self.seen.program(&file, self.here.env.program().as_deref());
                    return Program::At(file, found);
                }
                May::Unseen => return Program::Unseen(file),
                May::No(_) => unfit = unfit.or(Some(file)),
                May::Yes | May::Missing => {}
            }
        }
        unfit.map_or(Program::Missing, Program::Unfit)
    }

    /// What the official helper has there.
    pub(super) fn of_official(&self) -> &Result<System, String> {
        self.official.get_or_init(|| {
            let mut variables = self.place.variables.clone();
            variables.insert("PASSWORD_STORE_DIR".to_owned(), self.official_store().to_string_lossy().into_owned());
            variables.retain(|name, _| !name.starts_with("REGPASS_"));
            surroundings_of(variables, self.home.as_deref())
        })
    }

    /// Where pass and the official helper look, which know HOME only from its variable.
    fn official_store(&self) -> PathBuf {
        let variable = |name: &str| self.place.variables.get(name).map(PathBuf::from);
        let home = variable("HOME").unwrap_or_else(|| PathBuf::from("/"));
        variable("PASSWORD_STORE_DIR").unwrap_or_else(|| home.join(".password-store"))
    }
}

fn surroundings(here: &System, place: &Place, home: Option<&Path>) -> Result<System, String> {
    if place.kind == Kind::Me {
        return Ok(System::new(here.env.clone(), here.options.clone()));
    }
    surroundings_of(place.variables.clone(), home)
}

fn surroundings_of(mut variables: Variables, home: Option<&Path>) -> Result<System, String> {
    variables.extend(home.map(|home| ("HOME".to_owned(), home.to_string_lossy().into_owned())));
    let env = Env::made_of(variables);
    let options = Options::resolve(&Typed::default(), &env).map_err(|problem| problem.to_string())?;
    Ok(System::new(env, options))
}

fn config_seen(who: &Who, path: &Path, seen: &Seen) -> ConfigSeen {
    let shown = || text::quoted_path(path);
    match who.may(Deed::Read, path) {
        May::Missing => return ConfigSeen::Absent,
        May::Unseen => return ConfigSeen::Unseen(format!("{} may not be looked at from here", shown())),
        May::No(place) => {
            return ConfigSeen::Useless(format!(
                "{} may not be read there: see {}",
                shown(),
                text::quoted_path(&place)
            ));
        }
        May::Yes => {}
    }
    let file = seen.config(path);
    match &file.state {
        State::Absent => ConfigSeen::Absent,
        State::Closed(error) => ConfigSeen::Unseen(error.to_string()),
        State::Broken { at, .. } => ConfigSeen::Useless(format!("{} is not JSON from line {} on", shown(), at.line)),
        State::Read(contents) if !contents.unfit.is_empty() => {
            ConfigSeen::Unseen(format!("{} is not what Docker expects", shown()))
        }
        State::Read(_) => ConfigSeen::Read(file),
    }
}
