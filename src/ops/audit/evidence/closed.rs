//! Sources of facts that are there and cannot be looked into: a check whose facts come from one is never clean.

use super::{AuthSeen, GnupgSeen, StoresSeen, TextSeen, shown};
use crate::ops::audit::places::{AuthRole, Scope, TextRole};
use crate::ops::contexts::Matrix;
use crate::ops::registries::Registries;
use crate::system::System;
use crate::system::docker::auth_file::State;
use crate::system::files;
use crate::system::keyring::ring_files;
use crate::system::store::layout;
use crate::system::sudoers;

/// Where facts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Docker's `config.json`.
    Config,
    /// Other files with logins.
    Logins,
    DockerFolder,
    /// The folders of the stores, or one in them.
    Store,
    GnupgHome,
    /// Public certificates.
    Keyring,
    /// GnuPG's word on whose keys are trusted.
    Trust,
    /// Secret keys, where no agent tells of them.
    SecretKeys,
    /// Start-up files of shells, and files of variables.
    Startup,
    /// Units and cron tables.
    Services,
    /// What hides contexts.
    Contexts,
    Sudoers,
    Processes,
    Daemon,
}

/// What was gathered by then.
pub(super) struct Gathered<'a> {
    pub auth: &'a [AuthSeen],
    pub texts: &'a [TextSeen],
    pub listed: Option<&'a Registries>,
    pub stores: &'a StoresSeen,
    pub gnupg: &'a GnupgSeen,
    pub matrix: &'a Matrix,
}

/// Each that is closed, and why, escaped.
pub(super) fn gather(system: &System, scope: &Scope, seen: &Gathered<'_>) -> Vec<(Source, String)> {
    let mut found: Vec<(Source, String)> = Vec::new();
    for one in seen.auth.iter().filter(|one| one.role != AuthRole::Leftover) {
        let source = if one.role == AuthRole::Docker { Source::Config } else { Source::Logins };
        if let State::Closed(error) = &one.file.state {
            found.push((source, error.to_string()));
        }
    }
    for text in seen.texts {
        let source = match text.role {
            TextRole::Startup | TextRole::Variables => Source::Startup,
            TextRole::Unit | TextRole::Cron => Source::Services,
            _ => continue,
        };
        found.extend(text.literals.as_ref().err().map(|why| (source, why.clone())));
    }
    found.extend(seen.matrix.missed.iter().map(|why| (Source::Contexts, why.why.clone())));
    let home = &system.options.gnupg_home;
    let mut probed = vec![
        (Source::DockerFolder, system.options.docker_config.clone()),
        (Source::Sudoers, scope.on_machine(sudoers::FILE)),
        (Source::Processes, scope.on_machine("/proc")),
        (Source::Daemon, scope.on_machine("/etc/docker/daemon.json")),
    ];
    if system.options.key_file.is_none() {
        probed.push((Source::GnupgHome, home.clone()));
        probed.extend(ring_files(home).map(|file| (Source::Keyring, file)));
        probed.push((Source::Trust, home.join("trustdb.gpg")));
        if !matches!(seen.gnupg.agent, super::AgentSeen::Answers) {
            probed.push((Source::SecretKeys, home.join("private-keys-v1.d")));
        }
    }
    for store in &seen.stores.stores {
        probed.push((Source::Store, store.root.clone()));
        probed.push((Source::Store, store.root.join(layout::HELPER_FOLDER)));
    }
    let closed = probed.into_iter().filter_map(|(source, path)| Some((source, files::closed(&path)?.to_string())));
    found.extend(closed);
    found.extend(seen.stores.stores.iter().flat_map(|store| &store.missed).map(|why| (Source::Store, why.clone())));
    let unlisted = seen.listed.iter().flat_map(|listed| &listed.unreadable);
    found.extend(unlisted.map(|one| (Source::Store, format!("{}: {}", shown(&one.path), one.why))));
    found
}
