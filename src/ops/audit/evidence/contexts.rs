//! What group CTX judges: which login Docker would find where it may be run from, and whose files that would leave where.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::RegistryKey;
use crate::ops::audit::places::{Scope, TextRole};
use crate::ops::contexts::{self, Matrix};
use crate::ops::registries::Registries;
use crate::system::System;
use crate::system::accounts::{self, Account};
use crate::system::docker::client_context;
use crate::system::env;
use crate::system::variables::{self, Variables};

/// From how many logins on entries' keys are not looked for.
const KEYS_MAX: usize = 20_000;

/// The most files and folders of one tree that are looked at, and how deep.
const ITEMS_MAX: usize = 30_000;
const DEPTH_MAX: usize = 40;

#[derive(Debug, Default)]
pub struct ContextsSeen {
    /// Without the steps of its cells.
    pub matrix: Matrix,
    /// Whose home HOME is by `/etc/passwd`, where that is another account's than ours.
    pub home_of: Option<String>,
    /// Who called sudo to start us.
    pub sudo_user: Option<String>,
    /// Docker's clients on PATH, each program once, by the name under which it is found.
    pub clients: Vec<PathBuf>,
    /// Sockets of daemons that are there: root's, and our own without root.
    pub sockets: Vec<PathBuf>,
    /// What start-up files set `DOCKER_CONFIG` to; None where only running them tells.
    pub startup: Vec<(PathBuf, Option<PathBuf>)>,
    /// Where `DOCKER_CONFIG` leads here.
    pub docker_config: Option<PathBuf>,
    /// `config.json` is in `~/.docker`.
    pub has_home_config: bool,
    /// Trees in the home with files that belong to somebody else than the home.
    pub strangers: Vec<Strangers>,
    /// Trees that were not looked through to their end.
    pub unseen: Vec<PathBuf>,
    /// Where the daemon is that Docker talks to, and what says so; None for this machine's own.
    pub remote: Option<(String, String)>,
    pub all_users: bool,
}

/// Files of other owners in one tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strangers {
    pub top: PathBuf,
    pub count: usize,
    /// One of them, and its owner.
    pub first: PathBuf,
    pub uid: u32,
}

pub(super) fn gather(
    system: &System,
    scope: &Scope,
    listed: Option<&Registries>,
    texts: &[(TextRole, PathBuf)],
) -> ContextsSeen {
    let env = &system.env;
    let few = listed.is_none_or(|listed| listed.logins.len() <= KEYS_MAX);
    let contexts = contexts::Scope {
        machine: scope.machine.clone(),
        all_users: scope.all_users,
        keys: few,
        steps: false,
        cancel: scope.cancel.clone(),
    };
    let matrix = contexts::matrix_of(system, &contexts, &[], listed);
    let accounts = accounts::read(&scope.machine);
    let is_other_s = |account: &&Account| account.uid != env.uid() && Some(account.home.as_path()) == env.home();
    let mut seen = ContextsSeen {
        matrix,
        home_of: accounts.all().iter().find(is_other_s).map(|account| account.name.clone()),
        sudo_user: env.text("SUDO_USER").map(str::to_owned),
        clients: clients(system),
        sockets: sockets(system, scope),
        startup: startup(system, texts),
        docker_config: env.var("DOCKER_CONFIG").map(|folder| env.absolute(Path::new(folder))),
        has_home_config: env.home().is_some_and(|home| home.join(".docker/config.json").exists()),
        remote: remote(system),
        all_users: scope.all_users,
        ..ContextsSeen::default()
    };
    seen.look_for_strangers(system);
    seen
}

fn clients(system: &System) -> Vec<PathBuf> {
    let mut known: Vec<PathBuf> = Vec::new();
    let folders = system.env.path_dirs().into_iter().filter(|folder| folder.is_absolute());
    folders
        .map(|folder| folder.join("docker"))
        .filter(|file| env::is_program(file))
        .filter(|file| {
            let real = file.canonicalize().unwrap_or_else(|_| file.clone());
            let is_new = !known.contains(&real);
            known.push(real);
            is_new
        })
        .collect()
}

fn sockets(system: &System, scope: &Scope) -> Vec<PathBuf> {
    let own = format!("/run/user/{}/docker.sock", system.env.uid());
    let all = ["/run/docker.sock", own.as_str()].map(|path| scope.on_machine(path));
    all.into_iter().filter(|path| path.exists()).collect()
}

fn startup(system: &System, texts: &[(TextRole, PathBuf)]) -> Vec<(PathBuf, Option<PathBuf>)> {
    const ASKED: [&str; 2] = ["DOCKER_CONFIG", "XDG_CONFIG_HOME"];
    let env = &system.env;
    let home = env.home().map(|home| ("HOME".to_owned(), home.to_string_lossy().into_owned()));
    // A new shell is taken to have what this one has, where the file itself says nothing.
    let config = env.text("XDG_CONFIG_HOME").map(|folder| ("XDG_CONFIG_HOME".to_owned(), folder.to_owned()));
    let known: Variables = home.into_iter().chain(config).collect();
    let files = texts.iter().filter(|(role, _)| matches!(role, TextRole::Startup | TextRole::Variables));
    let set = files.filter_map(|(_, file)| {
        let (mut variables, mut untold) = (known.clone(), BTreeSet::new());
        variables::exported(file, &mut variables, &mut untold, |name, _| ASKED.contains(&name)).ok()?;
        if untold.contains(ASKED[0]) {
            return Some((file.clone(), None));
        }
        Some((file.clone(), Some(PathBuf::from(variables.get(ASKED[0])?))))
    });
    set.collect()
}

fn remote(system: &System) -> Option<(String, String)> {
    let folder = &system.options.docker_config;
    let (host, by) = match (system.env.text("DOCKER_HOST"), system.env.text("DOCKER_CONTEXT")) {
        (Some(host), _) => (host.to_owned(), "DOCKER_HOST".to_owned()),
        (None, Some(name)) => (client_context::host_of(folder, name)?, "DOCKER_CONTEXT".to_owned()),
        (None, None) => {
            let name = client_context::current_context(folder)?;
            (client_context::host_of(folder, &name)?, "currentContext".to_owned())
        }
    };
    let is_here = ["unix:", "npipe:", "fd:"].iter().any(|scheme| host.starts_with(scheme))
        || ["//localhost", "//127.", "//[::1]"].iter().any(|name| host.contains(name));
    (!is_here).then_some((host, by))
}

impl ContextsSeen {
    /// Only in the home: what is elsewhere may be several people's on purpose. The store is looked at by `stores.rs`.
    fn look_for_strangers(&mut self, system: &System) {
        let Some(home) = system.env.home() else { return };
        let Ok(owner) = home.metadata().map(|meta| meta.uid()) else { return };
        let real_home = home.canonicalize().ok();
        let mut tops = vec![system.options.docker_config.clone(), system.options.gnupg_home.clone()];
        tops.extend(system.env.config_dir().map(|folder| folder.join("gopass")));
        tops.dedup();
        for top in tops.into_iter().filter(|top| top.starts_with(home) && top.is_dir()) {
            let mut strangers: BTreeMap<u32, (usize, PathBuf)> = BTreeMap::new();
            // Dotfiles are kept elsewhere in the home and linked; what is linked from outside may be several people's.
            let real =
                top.canonicalize().ok().filter(|real| real_home.as_ref().is_some_and(|home| real.starts_with(home)));
            let Some(real) = real else { continue };
            if !walk(&real, owner, &mut strangers) {
                self.unseen.push(top.clone());
            }
            let of = |(uid, (count, first))| Strangers { top: top.clone(), count, first, uid };
            self.strangers.extend(strangers.into_iter().map(of));
        }
    }

    /// Registries that this shell finds.
    pub fn found_here(&self) -> impl Iterator<Item = &str> {
        let found = self.matrix.of(0).filter(|cell| cell.answer == contexts::Answer::Found);
        found.map(|cell| cell.registry.as_str()).filter(|name| !RegistryKey::new(*name).is_hub_token())
    }
}

/// Notes what belongs to others; false when not everything was seen. Links are looked at, not followed.
fn walk(top: &Path, owner: u32, strangers: &mut BTreeMap<u32, (usize, PathBuf)>) -> bool {
    let mut left = ITEMS_MAX;
    let mut whole = true;
    let mut waiting = vec![(top.to_owned(), 0)];
    while let Some((path, depth)) = waiting.pop() {
        let Some(fewer) = left.checked_sub(1) else { return false };
        left = fewer;
        let Ok(meta) = path.symlink_metadata() else { continue };
        if meta.uid() != owner {
            strangers.entry(meta.uid()).or_insert((0, path.clone())).0 += 1;
        }
        if meta.is_dir() && depth == DEPTH_MAX {
            whole = false;
        } else if meta.is_dir() {
            match std::fs::read_dir(&path) {
                Ok(items) => waiting.extend(items.flatten().map(|item| (item.path(), depth + 1))),
                Err(_) => whole = false,
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_tree_is_looked_through_and_one_without_end_is_told() {
        let top = tempfile::tempdir().expect("a folder");
        let deep = |levels: usize| (0..levels).fold(top.path().to_owned(), |path, _| path.join("d"));
        std::fs::create_dir_all(deep(20)).expect("folders");
        let ours = top.path().metadata().expect("it").uid();
        let mut strangers = BTreeMap::new();
        assert!(walk(top.path(), ours + 1, &mut strangers));
        assert_eq!(strangers.get(&ours).map(|(count, _)| *count), Some(21));
        std::fs::create_dir_all(deep(DEPTH_MAX + 1)).expect("folders");
        assert!(!walk(top.path(), ours, &mut BTreeMap::new()));
    }
}
