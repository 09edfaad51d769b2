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
    /// Why there may be others, elsewhere.
    pub doubt: Option<Problem>,
}

pub fn list(system: &System) -> Result<Registries, Problem> {
    let store = system.stores()?.root();
    let found = store.registries()?;
    let mut spellings: BTreeMap<String, Vec<RegistryKey>> = BTreeMap::new();
    for (key, _) in &found.registries {
        spellings.entry(key.canonical()).or_default().push(key.clone());
    }
    let doubt = store.check_place().err().map(Problem::from);
    let mut registries = Registries { logins: Vec::new(), unreadable: found.unreadable, doubt };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    #[test]
    fn spellings_accounts_and_strangers() {
        let bench = Bench::new();
        let put = |server: &str, user: &str| {
            let folder = crate::system::store::layout::registry_folder(&RegistryKey::new(server)).expect("a folder");
            bench.put(&format!("{}/{user}.gpg", folder.display()), "x");
        };
        put("host.test:5000", "zoe");
        put("host.test:5000", "amy");
        put("https://host.test:5000", "bob");
        put("https://index.docker.io/v1/", "hub");
        put("https://index.docker.io/v1/refresh-token", "hub");
        bench.put("docker-credential-helpers/email/x.gpg", "x");
        let found = list(&bench.system).expect("listed");
        let rows: Vec<(String, String, Vec<String>)> = found
            .logins
            .iter()
            .map(|row| {
                let twins = row.twins.iter().map(|twin| twin.to_text().into_owned()).collect();
                (row.server.to_text().into_owned(), row.login.as_str().to_owned(), twins)
            })
            .collect();
        let row = |server: &str, user: &str, twins: &[&str]| {
            (server.to_owned(), user.to_owned(), twins.iter().map(|twin| (*twin).to_owned()).collect())
        };
        assert_eq!(
            rows,
            [
                row("https://index.docker.io/v1/", "hub", &[]),
                row("https://index.docker.io/v1/refresh-token", "hub", &[]),
                row("host.test:5000", "amy", &["https://host.test:5000"]),
                row("host.test:5000", "zoe", &["https://host.test:5000"]),
                row("https://host.test:5000", "bob", &["host.test:5000"]),
            ]
        );
        let of_host = found.logins.iter().filter(|row| row.server == RegistryKey::new("host.test:5000"));
        assert_eq!(of_host.filter(|row| row.active).count(), 1);
        assert_eq!(found.unreadable.len(), 1);
    }
}
