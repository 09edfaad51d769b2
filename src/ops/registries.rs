//! The registries that the store holds logins for, as a person sees them: spellings, accounts, age, twins.
//! Nothing is decrypted. Only the root store counts: the credential helper sees no other.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

use super::credentials::active;
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
    /// Other spellings of the same registry that hold a login too. Docker Hub's token keys are nobody's twins.
    pub twins: Vec<RegistryKey>,
}

#[derive(Debug, Default)]
pub struct Registries {
    /// By canonical name, then server, then user.
    pub logins: Vec<RegistryLogin>,
    pub unreadable: Vec<Unreadable>,
}

pub fn list(system: &System) -> Result<Registries, Problem> {
    let store = system.stores()?.root();
    let found = store.registries()?;
    let mut spellings: BTreeMap<String, Vec<RegistryKey>> = BTreeMap::new();
    for (key, _) in &found.registries {
        spellings.entry(key.canonical()).or_default().push(key.clone());
    }
    let mut registries = Registries { logins: Vec::new(), unreadable: found.unreadable };
    for (server, files) in found.registries {
        let canonical = server.canonical();
        let twins: Vec<RegistryKey> = match spellings.get(&canonical) {
            Some(keys) if !server.is_hub_token() => keys.iter().filter(|key| **key != server).cloned().collect(),
            _ => Vec::new(),
        };
        let active = active(store, &files);
        for (index, file) in files.into_iter().enumerate() {
            // One that went away meanwhile is not there.
            let Some(seen) = store.entry_file(&file.entry)? else { continue };
            registries.logins.push(RegistryLogin {
                server: server.clone(),
                canonical: canonical.clone(),
                login: file.login,
                entry: file.entry,
                file: seen.file,
                modified: seen.modified,
                active: active == Some(index),
                twins: twins.clone(),
            });
        }
    }
    registries.logins.sort_by(|a, b| (&a.canonical, &a.server, &a.login).cmp(&(&b.canonical, &b.server, &b.login)));
    Ok(registries)
}
