//! The registries that the store holds logins for, as a person sees them: spellings, accounts, age, twins.
//! Nothing is decrypted.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::model::{EntryPath, Login, Problem, RegistryKey};
use crate::system::System;
use crate::system::store::Unreadable;

/// One login: a server string and a user name.
#[derive(Clone, Debug)]
pub struct RegistryLogin {
    pub server: RegistryKey,
    /// The registry that this spelling means.
    pub canonical: String,
    pub login: Login,
    pub entry: EntryPath,
    pub file: PathBuf,
    pub modified: SystemTime,
    /// True for the login that a `get` of exactly this server answers.
    pub active: bool,
    /// Other spellings of the same registry that hold a login too.
    pub twins: Vec<RegistryKey>,
}

#[derive(Debug, Default)]
pub struct Registries {
    /// By canonical name, then server, then user.
    pub logins: Vec<RegistryLogin>,
    pub unreadable: Vec<Unreadable>,
}

pub fn list(_system: &System) -> Result<Registries, Problem> {
    todo!()
}
