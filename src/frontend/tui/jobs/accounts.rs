//! Logins of a registry switched and erased, and when a revealed one dies. Called by `jobs.rs` alone, but for
//! `death`, which reads what is in memory already.

use std::time::SystemTime;

use crate::model::{Login, Problem, RegistryKey, Secret};
use crate::ops::registries::{self, Erased, Switched};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) enum Job {
    /// Docker gets this user's.
    Use(RegistryKey, Login),
    /// All of the registry, and asked again afterwards.
    Erase(RegistryKey),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Switched(Switched),
    Erased(Erased),
}

impl Job {
    pub(in super::super) fn run(self, system: &System) -> Result<Report, Problem> {
        match self {
            Job::Use(server, login) => registries::activate(system, &server, &login).map(Report::Switched),
            Job::Erase(server) => registries::erase(system, &server).map(Report::Erased),
        }
    }
}

/// When a token dies, if it says so.
pub(in super::super) fn death(secret: &Secret) -> Option<SystemTime> {
    registries::expiry(secret)
}
