//! Where an audit looks: the fixed list of files, by what they are. docs/checks.md prints it. Looks for nothing itself
//! but what a folder of that list holds.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::within::Within;
use crate::ops::progress::Cancel;
use crate::system::System;
use crate::system::docker::auth_file::Layout;
use crate::system::docker::config;
use crate::system::files;

/// What a file with logins is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuthRole {
    /// The one that Docker reads here and now.
    Docker,
    /// `~/.docker/config.json` while `DOCKER_CONFIG` names another folder.
    DockerOfHome,
    /// `~/.dockercfg`, which Docker no longer reads and others do.
    Legacy,
    /// podman, skopeo, buildah.
    Containers,
    Helm,
    /// Beside Docker's: backups, and temporary files that a killed program left.
    Leftover,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TextRole {
    History,
    /// A shell's start-up file.
    Startup,
    /// Variables, one a line: `environment.d`, `/etc/environment`.
    Variables,
    /// A systemd unit or a drop-in of one.
    Unit,
    Cron,
    /// `/etc/rc.local` and its kin.
    BootScript,
    /// `config.toml` of a GitLab runner.
    Runner,
    /// `.env` and compose files.
    Project,
    /// A pipeline's definition.
    Pipeline,
    /// `repositories.yaml` of helm.
    ChartRepositories,
}

/// What an audit is to look at besides the machine itself.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Below this folder lie `/etc`, `/run` and `/proc`; `/` but in tests.
    pub machine: PathBuf,
    /// Folders with projects: their pipelines, compose and `.env` files.
    pub roots: Vec<PathBuf>,
    /// Programs may be started that ask a network or a person.
    pub live: bool,
    /// Every account of the machine is looked at.
    pub all_users: bool,
    /// The wish that it stop.
    pub cancel: Cancel,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope {
            machine: PathBuf::from("/"),
            roots: Vec::new(),
            live: false,
            all_users: false,
            cancel: Cancel::default(),
        }
    }
}

impl Scope {
    pub(super) fn on_machine(&self, path: &str) -> PathBuf {
        self.machine.join(path.trim_start_matches('/'))
    }
}

/// How deep a project's folder is searched.
const DEPTH_MAX: usize = 6;

/// What editors, people and package managers put into the names of copies.
const COPIES: [&str; 24] = [
    "bak", "backup", "bck", "bkp", "orig", "original", "save", "saved", "old", "copy", "kopie", "copie", "of", "swp",
    "swo", "tmp", "temp", "disabled", "off", "broken", "prev", "previous", "before", "last",
];

/// Endings of texts about a configuration.
const TEXTS: [&str; 7] = [".md", ".txt", ".html", ".sample", ".example", ".template", ".schema"];

/// Every file that may hold logins in Docker's form, Docker's own first.
pub(in crate::ops) fn auth_files(system: &System, scope: &Scope) -> Vec<(AuthRole, Layout, PathBuf)> {
    let env = &system.env;
    let home = |rest: &str| env.home().map(|home| home.join(rest));
    let var = |name: &str| env.var(name).map(PathBuf::from);
    let config_dir = env.config_dir().map(Path::to_owned);
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    let mut add = |role, layout, path: Option<PathBuf>| {
        found.extend(path.filter(|path| known.insert(path.clone())).map(|path| (role, layout, path)));
    };
    add(AuthRole::Docker, Layout::Nested, Some(system.options.docker_config.join(config::FILE)));
    add(AuthRole::DockerOfHome, Layout::Nested, home(".docker/config.json"));
    add(AuthRole::Legacy, Layout::Flat, home(".dockercfg"));
    let containers = [
        var("REGISTRY_AUTH_FILE"),
        var("XDG_RUNTIME_DIR").map(|dir| dir.join("containers/auth.json")),
        Some(scope.on_machine(&format!("/run/containers/{}/auth.json", env.uid()))),
        Some(scope.on_machine(&format!("/run/user/{}/containers/auth.json", env.uid()))),
        config_dir.as_ref().map(|dir| dir.join("containers/auth.json")),
        home(".config/containers/auth.json"),
    ];
    containers.into_iter().for_each(|path| add(AuthRole::Containers, Layout::Nested, path));
    let helm = [
        var("HELM_REGISTRY_CONFIG"),
        config_dir.as_ref().map(|dir| dir.join("helm/registry/config.json")),
        config_dir.as_ref().map(|dir| dir.join("helm/registry.json")),
    ];
    helm.into_iter().for_each(|path| add(AuthRole::Helm, Layout::Nested, path));
    for path in leftovers(&system.options.docker_config) {
        add(AuthRole::Leftover, Layout::Nested, Some(path));
    }
    found
}

/// The `registries.conf` of podman and its kin that are there (containers-registries.conf(5)).
pub(in crate::ops) fn registries_confs(system: &System, scope: &Scope) -> Vec<PathBuf> {
    let own = system.env.config_dir().map(|dir| dir.join("containers"));
    let folders = own.into_iter().chain([scope.on_machine("/etc/containers")]);
    let mut found: Vec<PathBuf> = system.env.var("CONTAINERS_REGISTRIES_CONF").map(PathBuf::from).into_iter().collect();
    for folder in folders {
        found.push(folder.join("registries.conf"));
        found.extend(below(&folder.join("registries.conf.d"), ".conf", 0));
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    found.dedup();
    found
}

/// Where an administrator, or the user of a daemon without root, gives the Docker daemon options.
pub(super) fn daemon_units(system: &System, scope: &Scope) -> Vec<PathBuf> {
    let own = system.env.config_dir().map(|dir| dir.join("systemd/user"));
    let folders =
        own.into_iter().chain([scope.on_machine("/etc/systemd/system"), scope.on_machine("/run/systemd/system")]);
    let mut found = vec![scope.on_machine("/etc/default/docker"), scope.on_machine("/etc/sysconfig/docker")];
    for folder in folders {
        found.push(folder.join("docker.service"));
        found.extend(below(&folder.join("docker.service.d"), ".conf", 0));
    }
    found.retain(|path| path.symlink_metadata().is_ok());
    found
}

/// Folders with a folder of certificates a registry: Docker's, that of a daemon without root, and podman's.
pub(super) fn certificate_roots(system: &System, scope: &Scope) -> Vec<PathBuf> {
    let own = |rest: &str| system.env.config_dir().map(|dir| dir.join(rest));
    let roots = [
        Some(scope.on_machine("/etc/docker/certs.d")),
        Some(scope.on_machine("/etc/containers/certs.d")),
        own("docker/certs.d"),
        own("containers/certs.d"),
    ];
    roots.into_iter().flatten().collect()
}

pub(super) fn folders_in(folder: &Path) -> Vec<PathBuf> {
    items(folder).into_iter().filter(|path| path.is_dir()).collect()
}

/// Copies of `config.json` beside it: of editors and people, and Docker's own temporary files (docker/cli writes
/// `config.json` and a number, and renames it).
fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| path.file_name().is_some_and(|name| is_copy(&name.to_string_lossy()));
    items(folder).into_iter().filter(is_one).collect()
}

/// Whatever begins with the whole name is one; where the name is cut up, what was put in has to say so.
fn is_copy(name: &str) -> bool {
    let name = name.to_lowercase();
    let name = name.trim_start_matches(['.', '#']);
    if let Some(rest) = name.strip_prefix(config::FILE) {
        return !rest.is_empty() && !TEXTS.iter().any(|ending| rest.ends_with(ending));
    }
    let says_so = |part: &str| COPIES.contains(&part.trim_end_matches(|c: char| c.is_ascii_digit())) || is_number(part);
    let all_say_so = |text: &str| {
        let mut parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).peekable();
        parts.peek().is_some() && parts.all(says_so)
    };
    match (name.strip_suffix(config::FILE), name.strip_prefix("config")) {
        (Some(before), _) => !before.ends_with(char::is_alphanumeric) && all_say_so(before),
        (None, Some(rest)) => all_say_so(rest.strip_suffix(".json").unwrap_or(rest)),
        (None, None) => false,
    }
}

/// A number or a time.
fn is_number(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit()) && part.chars().all(|c| c.is_ascii_digit() || "tz".contains(c))
}

/// Texts, and what kept some from being listed.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) files: Vec<(TextRole, PathBuf)>,
    /// A folder, and why not all of it is known, escaped.
    pub(super) missed: Vec<(TextRole, PathBuf, String)>,
}

/// Every text that may hold a secret of a registry. What is not there is not in it.
pub(super) fn texts(system: &System, scope: &Scope) -> Texts {
    let (mut found, mut missed, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    let mut add = |role, path: PathBuf| {
        if known.insert(path.clone()) && (holds(&path) || files::closed(&path).is_some()) {
            found.push((role, path));
        }
    };
    if let Some(home) = system.env.home() {
        for (role, names) in OF_HOME {
            names.iter().for_each(|name| add(*role, home.join(name)));
        }
        for (role, folder, ending) in FOLDERS_OF_HOME {
            let folder = home.join(folder);
            below(&folder, ending, 2).into_iter().chain([folder]).for_each(|path| add(*role, path));
        }
    }
    if let Some(history) = system.env.var("HISTFILE") {
        add(TextRole::History, PathBuf::from(history));
    }
    for (role, names) in OF_MACHINE {
        names.iter().for_each(|name| add(*role, scope.on_machine(name)));
    }
    for (role, folder, ending) in FOLDERS_OF_MACHINE {
        let folder = scope.on_machine(folder);
        below(&folder, ending, 2).into_iter().chain([folder]).for_each(|path| add(*role, path));
    }
    let here = system.env.cwd().to_owned();
    for path in items(&here).into_iter().filter(|path| project_role(path) == Some(TextRole::Project)) {
        add(TextRole::Project, path);
    }
    for root in &scope.roots {
        let within = Within::of(root, DEPTH_MAX, |path| project_role(path).is_some(), scope);
        for (folder, why) in &within.missed {
            // Nobody knows of which kind those would have been.
            missed.extend([TextRole::Project, TextRole::Pipeline].map(|role| (role, folder.clone(), why.clone())));
        }
        for path in within.files {
            if let Some(role) = project_role(&path) {
                add(role, path);
            }
        }
    }
    Texts { files: found, missed }
}

/// A file, or what stands in a file's place and cannot be read as one. Of `/dev/null`, where some keep their history, all is
/// known.
fn holds(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| !meta.is_dir() && meta.rdev() != rustix::fs::makedev(1, 3))
}

const OF_HOME: &[(TextRole, &[&str])] = &[
    (
        TextRole::History,
        &[
            ".bash_history",
            ".zsh_history",
            ".zhistory",
            ".histfile",
            ".history",
            ".sh_history",
            ".ash_history",
            ".local/share/fish/fish_history",
        ],
    ),
    (
        TextRole::Startup,
        &[
            ".profile",
            ".bash_profile",
            ".bash_login",
            ".bashrc",
            ".bash_aliases",
            ".zshenv",
            ".zprofile",
            ".zshrc",
            ".zlogin",
            ".config/fish/config.fish",
            ".xprofile",
        ],
    ),
    (TextRole::Variables, &[".pam_environment", ".docker/.env"]),
    (TextRole::Project, &[".env"]),
    (TextRole::ChartRepositories, &[".config/helm/repositories.yaml"]),
    (TextRole::Runner, &[".gitlab-runner/config.toml"]),
];

const FOLDERS_OF_HOME: &[(TextRole, &str, &str)] = &[
    (TextRole::Variables, ".config/environment.d", ".conf"),
    (TextRole::Unit, ".config/systemd/user", ".service"),
    (TextRole::Unit, ".config/systemd/user", ".conf"),
];

const OF_MACHINE: &[(TextRole, &[&str])] = &[
    (TextRole::Startup, &["/etc/profile", "/etc/bash.bashrc", "/etc/zsh/zshenv", "/etc/zsh/zshrc"]),
    (TextRole::Variables, &["/etc/environment", "/etc/default/docker", "/etc/sysconfig/docker"]),
    (TextRole::Cron, &["/etc/crontab", "/etc/anacrontab"]),
    (TextRole::BootScript, &["/etc/rc.local", "/etc/rc.d/rc.local"]),
    (TextRole::Runner, &["/etc/gitlab-runner/config.toml"]),
];

/// What a vendor's package ships (`/usr/lib/systemd`) is no machine's secret; what an administrator wrote is.
const FOLDERS_OF_MACHINE: &[(TextRole, &str, &str)] = &[
    (TextRole::Startup, "/etc/profile.d", ".sh"),
    (TextRole::Variables, "/etc/environment.d", ".conf"),
    (TextRole::Unit, "/etc/systemd/system", ".service"),
    (TextRole::Unit, "/etc/systemd/system", ".conf"),
    (TextRole::Unit, "/run/systemd/system", ".service"),
    (TextRole::Unit, "/etc/systemd/user", ".service"),
    (TextRole::Cron, "/etc/cron.d", ""),
    (TextRole::Cron, "/etc/cron.hourly", ""),
    (TextRole::Cron, "/etc/cron.daily", ""),
    (TextRole::Cron, "/etc/cron.weekly", ""),
    (TextRole::Cron, "/etc/cron.monthly", ""),
    // Debian has crontabs in it, SUSE tabs, others a table a user.
    (TextRole::Cron, "/var/spool/cron/crontabs", ""),
    (TextRole::Cron, "/var/spool/cron/tabs", ""),
    (TextRole::Cron, "/var/spool/cron", ""),
    (TextRole::BootScript, "/etc/init.d", ""),
];

/// What a file of a project is, by its name.
fn project_role(path: &Path) -> Option<TextRole> {
    let name = path.file_name()?.to_str()?;
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    let lower = name.to_ascii_lowercase();
    if name == ".env" || name.starts_with(".env.") || yaml && (lower.contains("compose") || lower.starts_with("stack"))
    {
        return Some(TextRole::Project);
    }
    let in_workflows =
        path.parent().is_some_and(|dir| dir.ends_with(".github/workflows") || dir.ends_with(".circleci"));
    let known = [".gitlab-ci.yml", ".travis.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".drone.yml"];
    let is_pipeline = known.contains(&name) || name.starts_with("Jenkinsfile") || yaml && in_workflows;
    is_pipeline.then_some(TextRole::Pipeline)
}

/// Files below a folder whose names end so, at most so many folders deep; links are not followed. Sorted.
fn below(folder: &Path, ending: &str, depth: usize) -> Vec<PathBuf> {
    let ends = |path: &Path| path.file_name().unwrap_or_default().as_bytes().ends_with(ending.as_bytes());
    Within::of(folder, depth, ends, &Scope::default()).files
}

fn items(folder: &Path) -> Vec<PathBuf> {
    Within::default().items(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_known_by_their_names() {
        for copy in [
            "config.json.bak",
            "config.json-old",
            "config.json.bak2",
            "config.json.disabled",
            "config.json.1",
            "config.json_backup",
            "config.json~",
            "#config.json#",
            ".config.json.swp",
            "config.json1718291",
            "config.json.work",
            "config.json (copy)",
            "config-old.json",
            "config (copy).json",
            "config.bak",
            "config_2026-11-22.json",
            "config2.json",
            "Config.JSON.Old",
            "Copy of config.json",
            "old.config.json",
        ] {
            assert!(is_copy(copy), "{copy}");
        }
        for other in [
            "config.json",
            "config",
            "daemon.json",
            "myconfig.json",
            "config.json.md",
            "config.json.example",
            "config-schema.json",
            "config.toml",
            "features.json",
            "configuration.json",
            "bold-config.json",
        ] {
            assert!(!is_copy(other), "{other}");
        }
    }
}
