//! How this machine's Docker reaches registries: which it does not check, through which proxies, by whose certificates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::system::System;
use crate::system::docker::proxies::{self, ProxySettings};
use crate::system::docker::{config, daemon};
use crate::system::registry::Conditions;
use crate::system::registry::certs::Trust;
use crate::system::registry::insecure::Insecure;
use crate::system::registry::proxies::Proxies;

/// The daemon's file of this machine, and that of a daemon without root.
const DAEMON: &str = "etc/docker/daemon.json";

pub(super) fn of(system: &System, machine: &Path) -> Conditions {
    let config_dir = system.env.config_dir();
    let own = config_dir.map(|folder| folder.join("docker/daemon.json"));
    let files: Vec<PathBuf> = [machine.join(DAEMON)].into_iter().chain(own).collect();
    // A file that cannot be read gives no leave to anything.
    let listed = files.iter().filter_map(|file| daemon::insecure_registries(file).ok()).flatten();
    let insecure = Insecure::of(listed.map(|(name, _)| name));
    let told = files.iter().filter_map(|file| proxies::of_daemon(file).ok());
    let of_daemon = told.into_iter().find(|told| told.http.is_some() || told.https.is_some());
    let of_client: ProxySettings =
        proxies::of_client(&system.options.docker_config.join(config::FILE)).unwrap_or_default();
    let proxies = Proxies::of(&system.env, of_daemon.unwrap_or_default(), of_client);
    Conditions::new(&system.env, insecure, proxies, Arc::new(Trust::new(machine, config_dir)))
}
