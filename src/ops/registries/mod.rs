//! The registries as a person sees them: spellings, accounts, ages, what runs them, and which other places hold a login
//! or answer for them. Nothing is decrypted. The credential helper sees the root store only.

mod accounts;
mod erase;
mod fold;
mod kind;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::SystemTime;

pub use crate::system::docker::token::expiry;
pub use accounts::{Switched, activate, rename};
pub use erase::{Erased, Still, erase};
pub(super) use erase::{erase_from_stores, usual_spellings};
pub use fold::{Asked, Found, Registry, fold, name_of, shown_name};
pub use kind::RegistryKind;

use super::answering::active;
use super::shims;
use crate::model::{EntryPath, Login, Problem, RegistryKey};
use crate::system::System;
use crate::system::docker::config::{self, DockerConfig};
use crate::system::store::{LoginFile, Store, StoreError, Unreadable};

/// One login: a server string and a user name.
#[derive(Clone, Debug)]
pub struct RegistryLogin {
    pub server: RegistryKey,
    /// The registry that this spelling means.
    pub canonical: String,
    pub kind: RegistryKind,
    pub login: Login,
    /// With the name of its store's mount in front.
    pub entry: EntryPath,
    /// The mount of its store; the root for the root store. Of other stores the helper knows nothing.
    pub mount: EntryPath,
    pub file: PathBuf,
    pub modified: SystemTime,
    /// True for the login that a `get` of exactly this server answers.
    pub active: bool,
    /// True for the one that the official helper answers: it takes the first file name
    /// (docker-credential-helpers v0.9.8, `pass/pass.go`).
    pub official: bool,
    /// When it is dead at the latest, where its kind of login says so.
    pub expires: Option<SystemTime>,
    /// Other spellings of the same registry that hold a login too. Docker Hub's token keys are nobody's twins.
    pub twins: Vec<RegistryKey>,
}

/// Another place that has a say about a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    pub server: RegistryKey,
    pub canonical: String,
    pub kind: RegistryKind,
    pub place: Place,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Docker asks another helper, of this name: `credHelpers`.
    Helper(String),
    /// `credHelpers` too, with a name that leads to regpass where its links are installed.
    Ours(String),
    /// The secret stands in Docker's `config.json`, of this user where it tells.
    Inline(Option<Login>),
}

#[derive(Debug, Default)]
pub struct Registries {
    /// By canonical name, then server, then store, then user.
    pub logins: Vec<RegistryLogin>,
    /// By canonical name.
    pub elsewhere: Vec<Elsewhere>,
    /// What Docker's `config.json` says; None where it could not be read.
    pub docker: Option<DockerConfig>,
    pub unreadable: Vec<Unreadable>,
    /// Why there may be others, elsewhere.
    pub doubt: Option<Problem>,
}

pub fn list(system: &System) -> Result<Registries, Problem> {
    let stores = system.stores()?;
    let mut registries =
        Registries { doubt: stores.root().check_place().err().map(Problem::from), ..Default::default() };
    for store in stores.all() {
        // A mount that cannot be read hides nothing of what the helper sees.
        let found = match store.registries() {
            Ok(found) => found,
            Err(error) if store.mount.is_root() => return Err(error.into()),
            Err(error) => {
                registries.unreadable.push(Unreadable { path: store.root().to_owned(), why: error.to_string() });
                continue;
            }
        };
        registries.unreadable.extend(found.unreadable);
        let spellings = spellings(&found.registries);
        for (server, files) in found.registries {
            add(&mut registries.logins, store, server, files, &spellings)?;
        }
    }
    registries.logins.sort_by(|a, b| {
        (&a.canonical, &a.server, &a.mount, &a.login).cmp(&(&b.canonical, &b.server, &b.mount, &b.login))
    });
    match config::read(&system.options.docker_config) {
        Ok(docker) => {
            registries.elsewhere = elsewhere(&docker);
            registries.docker = Some(docker);
        }
        Err(error) => registries.doubt = registries.doubt.or(Some(error.into())),
    }
    Ok(registries)
}

type Spellings = BTreeMap<String, Vec<RegistryKey>>;

fn spellings(registries: &[(RegistryKey, Vec<LoginFile>)]) -> Spellings {
    let mut spellings = Spellings::new();
    for (key, _) in registries {
        spellings.entry(key.canonical()).or_default().push(key.clone());
    }
    spellings
}

fn add(
    logins: &mut Vec<RegistryLogin>,
    store: &Store,
    server: RegistryKey,
    files: Vec<LoginFile>,
    spellings: &Spellings,
) -> Result<(), StoreError> {
    let canonical = server.canonical();
    let kind = RegistryKind::of(&canonical);
    let twins: Vec<RegistryKey> = match spellings.get(&canonical) {
        Some(keys) if !server.is_hub_token() => keys.iter().filter(|key| **key != server).cloned().collect(),
        _ => Vec::new(),
    };
    let is_seen = store.mount.is_root();
    let active = active(store, &files).filter(|_| is_seen);
    let official = official(&files).filter(|_| is_seen);
    for (index, file) in files.into_iter().enumerate() {
        // One that went away meanwhile is not there.
        let Some(seen) = store.entry_file(&file.entry)? else { continue };
        let lifetime = kind.lifetime(file.login.as_str());
        logins.push(RegistryLogin {
            server: server.clone(),
            canonical: canonical.clone(),
            kind,
            entry: store.mount.join(file.entry.as_os_str())?,
            mount: store.mount.clone(),
            file: seen.file,
            modified: seen.modified,
            active: active == Some(index),
            official: official == Some(index),
            expires: lifetime.and_then(|lifetime| seen.modified.checked_add(lifetime)),
            twins: twins.clone(),
            login: file.login,
        });
    }
    Ok(())
}

/// The login that the official helper answers: the first file name, bytewise. It does not look into folders.
pub(super) fn official(files: &[LoginFile]) -> Option<usize> {
    let name = |index: &usize| [files[*index].entry.as_bytes(), b".gpg"].concat();
    (0..files.len()).filter(|index| files[*index].flat).min_by_key(name)
}

fn elsewhere(docker: &DockerConfig) -> Vec<Elsewhere> {
    // An empty name means that Docker asks no helper: what it then finds is inline.
    let helpers = docker.helpers.iter().filter(|(_, helper)| !helper.is_empty());
    let helpers = helpers.map(|(server, helper)| {
        let place = if shims::is_ours(helper) { Place::Ours(helper.clone()) } else { Place::Helper(helper.clone()) };
        (RegistryKey::new(server.as_str()), place)
    });
    let inline = docker.inline.iter().map(|found| (found.server.clone(), Place::Inline(found.login.clone())));
    let mut found: Vec<Elsewhere> = helpers
        .chain(inline)
        .map(|(server, place)| {
            let canonical = server.canonical();
            Elsewhere { kind: RegistryKind::of(&canonical), canonical, server, place }
        })
        .collect();
    found.sort_by(|a, b| (&a.canonical, &a.server).cmp(&(&b.canonical, &b.server)));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    pub(super) fn place(server: &str, place: Place) -> Elsewhere {
        let server = RegistryKey::new(server);
        Elsewhere { canonical: server.canonical(), kind: RegistryKind::of(&server.canonical()), server, place }
    }

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

    #[test]
    fn mounts_and_docker_s_own_file_are_places_too() {
        let mount = tempfile::tempdir().expect("a mount");
        std::fs::write(mount.path().join(".gpg-id"), "alice\n").expect("readers");
        let config = format!("[mounts \"team\"]\n\tpath = {}\n", mount.path().display());
        let bench = Bench::with_gopass_config(&config);
        let folder = crate::system::store::layout::registry_folder(&RegistryKey::new("h.test")).expect("a folder");
        let there = mount.path().join(folder.as_os_str());
        std::fs::create_dir_all(&there).expect("a folder");
        std::fs::write(there.join("eve.gpg"), "for alice\npw").expect("a login");
        bench.put(&format!("{}/AWS.gpg", folder.display()), "for alice\npw");
        let docker = &bench.system.options.docker_config;
        std::fs::create_dir_all(docker).expect("a folder");
        let text = r#"{"auths":{"y.test":{"auth":"Ym9iOnB3"}},"credHelpers":{"h.test":"pass","x.test":"ecr-login"}}"#;
        std::fs::write(docker.join(config::FILE), text).expect("a config");
        let found = list(&bench.system).expect("listed");
        let seen: Vec<(String, bool, bool)> =
            found.logins.iter().map(|one| (one.entry.display().into_owned(), one.active, one.official)).collect();
        let (ours, theirs) = (format!("{}/AWS", folder.display()), format!("team/{}/eve", folder.display()));
        assert_eq!(seen, [(ours, true, true), (theirs, false, false)]);
        let ours = Place::Ours("pass".to_owned());
        let places: Vec<(&str, &Place)> = found.elsewhere.iter().map(|one| (&*one.canonical, &one.place)).collect();
        let helper = Place::Helper("ecr-login".to_owned());
        let inline = Place::Inline(Some(Login::new("bob")));
        assert_eq!(places, [("h.test", &ours), ("x.test", &helper), ("y.test", &inline)]);
    }

    #[test]
    fn a_token_s_end_is_known_where_its_kind_tells() {
        let bench = Bench::new();
        for (server, user) in [("1.dkr.ecr.eu-west-1.amazonaws.com", "AWS"), ("ghcr.io", "bob")] {
            let folder = crate::system::store::layout::registry_folder(&RegistryKey::new(server)).expect("a folder");
            bench.put(&format!("{}/{user}.gpg", folder.display()), "x");
        }
        let found = list(&bench.system).expect("listed").logins;
        let after = |one: &RegistryLogin| one.expires?.duration_since(one.modified).ok();
        let ends: Vec<_> = found.iter().map(after).collect();
        assert_eq!(ends, [Some(std::time::Duration::from_secs(12 * 3600)), None]);
    }
}
