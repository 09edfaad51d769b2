//! Where a login would be kept, decided before anybody is asked for a password: where Docker looks for it, or where somebody
//! says. Never in clear.

use std::path::{Path, PathBuf};

use super::keeper::{Keeper, chosen, keeper};
use super::key_of;
use crate::model::{Login, Problem, RegistryKey, text};
use crate::ops::credentials::CredentialStore;
use crate::ops::read_only;
use crate::ops::registries::name_of;
use crate::ops::shims::{self, PREFIX};
use crate::system::System;
use crate::system::docker::auth_file::{self, Contents, Layout, State};
use crate::system::docker::config;

/// Helpers that make their logins themselves and keep none: AWS, Google, Azure, GitHub.
pub(super) const READ_ONLY: [&str; 7] = ["acr-env", "acr-linux", "ecr-login", "env", "gcloud", "gcr", "ghcr-login"];

/// A place for a login.
#[derive(Clone, Debug)]
pub struct Target {
    /// As Docker looks it up.
    pub key: RegistryKey,
    /// `docker.io` for Docker Hub, else the host with its port.
    pub name: String,
    pub(super) keeper: Keeper,
    pub(super) config: PathBuf,
    /// Docker asks this keeper for it.
    pub(super) is_docker_s: bool,
    /// The helper that Docker chose because its file says nothing; it writes that down at a login.
    pub(super) chosen: Option<String>,
    /// What a person should know before.
    pub warnings: Vec<Problem>,
}

impl Target {
    /// Who keeps it, in words.
    pub fn keeper(&self) -> String {
        match &self.keeper {
            Keeper::Store => "the store".to_owned(),
            Keeper::Program(program) => program.shown(),
            Keeper::Missing(helper) => shown(helper),
        }
    }

    /// For programs: `store`, or the helper's name without `docker-credential-`.
    pub fn keeper_word(&self) -> &str {
        match &self.keeper {
            Keeper::Store => "store",
            Keeper::Program(program) => &program.name,
            Keeper::Missing(helper) => helper,
        }
    }
}

/// Where the login of this registry would be kept: where Docker asks for it, or by the helper `to`.
pub fn target(system: &System, registry: &str, to: Option<&str>) -> Result<Target, Problem> {
    let key = key_of(registry)?;
    let name = name_of(&key);
    read_only::check(system, &system.options.docker_config)?;
    let contents = contents(system);
    let (named, chosen) = asked(system, &key)?;
    let asked = named.or_else(|| chosen.clone());
    let helper = match to.map(str::to_owned).or_else(|| asked.clone()) {
        Some(helper) => helper,
        None => return Err(nobody_asked(&name, contents.as_ref())),
    };
    if READ_ONLY.contains(&helper.as_str()) {
        return Err(Problem::failed(format!("{} makes its logins itself and keeps none", shown(&helper)))
            .hint(format!("keep one in the store: regpass login --to pass {}", word(&name))));
    }
    let keeper = keeper(system, &helper);
    if let Keeper::Missing(_) = keeper {
        return Err(Problem::failed(format!("{} is not on PATH, and is to keep the login", shown(&helper)))
            .hint("what Docker would start: regpass doctor")
            .hint(format!("keep it in the store: regpass login --to pass {}", word(&name))));
    }
    let is_docker_s = asked.as_deref().is_some_and(|asked| same(system, asked, &helper, &keeper));
    let warnings = warnings(system, &helper, &keeper, asked.as_deref().filter(|_| !is_docker_s), &name, is_docker_s);
    let config = system.options.docker_config.join(config::FILE);
    let chosen = chosen.filter(|_| is_docker_s);
    Ok(Target { key, name, keeper, config, is_docker_s, chosen, warnings })
}

/// The helper that Docker's file names for it; or the one that Docker chooses itself, where that says nothing of logins.
fn asked(system: &System, key: &RegistryKey) -> Result<(Option<String>, Option<String>), Problem> {
    let docker = config::read(&system.options.docker_config)?;
    Ok((docker.helper_for(key).map(str::to_owned), chosen(system, &docker)))
}

/// The helper that Docker asks about it.
pub(super) fn asked_about(system: &System, key: &RegistryKey) -> Result<Option<String>, Problem> {
    let (named, chosen) = asked(system, key)?;
    Ok(named.or(chosen))
}

fn contents(system: &System) -> Option<Contents> {
    let file = auth_file::read(&system.options.docker_config.join(config::FILE), Layout::Nested);
    match file.state {
        State::Read(contents) => Some(contents),
        State::Absent | State::Closed(_) | State::Broken { .. } => None,
    }
}

/// Two names of regpass lead to one store.
fn same(system: &System, asked: &str, helper: &str, keeper: &Keeper) -> bool {
    asked == helper || (*keeper == Keeper::Store && super::keeper::keeper(system, asked) == Keeper::Store)
}

fn nobody_asked(name: &str, contents: Option<&Contents>) -> Problem {
    let check = match contents {
        Some(contents) if !contents.held.is_empty() => Some("INL01"),
        Some(contents) if !contents.marks.is_empty() => Some("CFG09"),
        Some(_) => Some("CFG10"),
        None => None,
    };
    let set_up = match check {
        Some(check) => format!("let Docker ask the store first: regpass fix --apply {check}"),
        None => "let Docker ask the store first: regpass status".to_owned(),
    };
    Problem::failed(format!("Docker asks no helper about {}, and would keep the login in clear", text::quoted(name)))
        .hint(set_up)
        .hint(format!("keep it in the store, where Docker does not look yet: regpass login --to pass {}", word(name)))
}

fn warnings(
    system: &System,
    helper: &str,
    keeper: &Keeper,
    instead: Option<&str>,
    name: &str,
    is_docker_s: bool,
) -> Vec<Problem> {
    let mut warnings = Vec::new();
    let is_missing = *keeper == Keeper::Store && matches!(shims::found_first(system, helper), Ok(None));
    if is_docker_s && is_missing {
        let told = format!("Docker will not find {}: it is not on PATH", shown(helper));
        warnings.push(Problem::failed(told).hint("make the helper's links: regpass shims install"));
    }
    if let Some(instead) = instead {
        let told = format!("Docker will not ask for it there: it asks {} about {}", shown(instead), text::quoted(name));
        warnings.push(Problem::failed(told));
    } else if !is_docker_s {
        let told = format!("Docker will not ask for it: no helper is named for {}", text::quoted(name));
        warnings.push(Problem::failed(told).hint("let it ask the store: regpass fix --apply CFG10"));
    }
    warnings
}

pub(super) fn shown(helper: &str) -> String {
    text::escaped(format!("{PREFIX}{helper}").as_bytes()).into_owned()
}

fn word(name: &str) -> String {
    text::shell_word(Path::new(name))
}

/// Whose login of this registry the store has, under the name that Docker asks for.
pub fn standing(system: &System, target: &Target) -> Option<Login> {
    match &target.keeper {
        Keeper::Store => CredentialStore::new(system).answering(&target.key).ok().flatten(),
        Keeper::Program(program) => program.list(&system.env).ok()?.remove(&target.key),
        Keeper::Missing(_) => None,
    }
}
