//! A registry's logins erased under all spellings at once, and the proof: it is asked again whether anything answers.

use std::collections::BTreeSet;

use super::{Elsewhere, Place, elsewhere, list, name_of};
use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{EntryPath, Login, Problem, RegistryKey, misplaced, text};
use crate::ops::change::{Change, Written};
use crate::ops::credentials::CredentialStore;
use crate::system::System;
use crate::system::docker::config;
use crate::system::store::layout;

/// What is asked for a registry besides the spellings found: what Docker and other clients send. `{}` is the host.
const USUAL: [&str; 5] = ["{}", "https://{}", "http://{}", "https://{}/v1/", "https://{}/v2/"];

#[derive(Debug)]
pub struct Erased {
    pub written: Written,
    /// The spellings that had a login in the root store.
    pub servers: Vec<RegistryKey>,
    /// The spellings that were asked for afterwards.
    pub asked: Vec<RegistryKey>,
    /// What still answers, or holds a login. Empty: proved, nothing does.
    pub still: Vec<Still>,
}

/// Something that has a login of the registry afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Still {
    /// The credential helper answers this user's.
    Answers(RegistryKey, Login),
    /// It could not be asked.
    Untold(RegistryKey, String),
    /// Docker's `config.json` has the secret in it, or names another helper.
    Docker(RegistryKey, Place),
    /// `config.json` could not be read.
    DockerUntold(String),
    /// A mounted store keeps one; the helper does not look there.
    Mount(EntryPath),
}

impl Still {
    /// In words, escaped.
    pub fn words(&self) -> String {
        match self {
            Still::Answers(server, login) => format!("{} still answers with {}", shown(server), login.quoted()),
            Still::Untold(server, why) => format!("{} could not be asked: {why}", shown(server)),
            Still::Docker(server, Place::Inline(_)) => {
                format!("Docker's config.json holds a secret for {} in clear", shown(server))
            }
            Still::Docker(server, Place::Helper(helper) | Place::Ours(helper)) => {
                format!("Docker asks docker-credential-{} for {}", text::escaped(helper.as_bytes()), shown(server))
            }
            Still::DockerUntold(why) => format!("whether Docker's config.json holds one is not known: {why}"),
            Still::Mount(entry) => {
                let entry = misplaced::words(&entry.display());
                format!("{entry} is in a mounted store, which the helper does not see")
            }
        }
    }
}

/// Safe for a terminal and a commit's message: what stands before an `@` may be a password.
fn shown(server: &RegistryKey) -> String {
    text::escaped(misplaced::server(server.as_bytes()).as_bytes()).into_owned()
}

/// Erases all logins of the registry from the root store, as one change that can be taken back, and asks again. With
/// Docker Hub go the tokens that `docker login` keeps beside it.
pub fn erase(system: &System, server: &RegistryKey) -> Result<Erased, Problem> {
    let canonical = server.canonical();
    let mut done = erase_from_stores(system, server)?;
    if done.servers.is_empty() {
        return Err(Problem::not_found(format!(
            "there is no login at {}",
            text::quoted(misplaced::server(server.as_bytes()))
        ))
        .hint("which registries have one: regpass registries"));
    }
    match config::read(&system.options.docker_config) {
        Ok(docker) => {
            // That Docker asks regpass about it is no login.
            let others = |place: &Elsewhere| place.canonical == canonical && !matches!(place.place, Place::Ours(_));
            let places = elsewhere(&docker).into_iter().filter(others);
            done.still.extend(places.map(|place| Still::Docker(place.server, place.place)));
        }
        Err(error) => done.still.push(Still::DockerUntold(error.to_string())),
    }
    Ok(done)
}

/// The stores' part of it; also where there is no login.
pub(in crate::ops) fn erase_from_stores(system: &System, server: &RegistryKey) -> Result<Erased, Problem> {
    let name = name_of(server);
    let found = list(system)?;
    let belongs = |key: &RegistryKey| name_of(key) == name;
    let here = found.logins.iter().filter(|login| login.mount.is_root() && belongs(&login.server));
    let servers: Vec<RegistryKey> =
        here.map(|login| login.server.clone()).collect::<BTreeSet<RegistryKey>>().into_iter().collect();
    let mut written = Written::default();
    if !servers.is_empty() {
        let mut change = Change::begin(system, system.stores()?.root())?;
        for server in &servers {
            change.remove_folder(&layout::registry_folder(server)?, false)?;
        }
        let names: Vec<String> = servers.iter().map(shown).collect();
        written = change.finish(&format!("Remove the logins of {} from store.", names.join(", ")));
    }
    let mut asked: BTreeSet<RegistryKey> = servers.iter().cloned().collect();
    asked.extend(usual_spellings(&name));
    let mut still = answers(system, &asked);
    let others = found.logins.iter().filter(|login| !login.mount.is_root() && belongs(&login.server));
    still.extend(others.map(|login| Still::Mount(login.entry.clone())));
    Ok(Erased { written, servers, asked: asked.into_iter().collect(), still })
}

/// What clients ask for a registry of this name.
pub(in crate::ops) fn usual_spellings(name: &str) -> BTreeSet<RegistryKey> {
    let mut keys: BTreeSet<RegistryKey> = USUAL.iter().map(|form| RegistryKey::new(form.replace("{}", name))).collect();
    keys.extend((name == HUB_NAME).then(|| RegistryKey::new(HUB_KEY)));
    keys.retain(|key| name_of(key) == name);
    keys
}

/// What the helper has for these, looked for as a `get` does.
fn answers(system: &System, asked: &BTreeSet<RegistryKey>) -> Vec<Still> {
    let helper = CredentialStore::new(system);
    let answer = |key: &RegistryKey| match helper.answering(key) {
        Ok(None) => None,
        Ok(Some(login)) => Some(Still::Answers(key.clone(), login)),
        Err(problem) => Some(Still::Untold(key.clone(), problem.one_line())),
    };
    asked.iter().filter_map(answer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    fn put(bench: &Bench, server: &str, user: &str) {
        let folder = layout::registry_folder(&RegistryKey::new(server)).expect("a folder");
        bench.put(&format!("{}/{user}.gpg", folder.display()), "for alice\npw");
    }

    fn left(bench: &Bench) -> Vec<String> {
        let found = list(&bench.system).expect("listed").logins;
        found.iter().map(|one| one.server.to_text().into_owned()).collect()
    }

    #[test]
    fn every_spelling_goes_and_nothing_else_and_it_comes_back() {
        let bench = Bench::new();
        for server in ["h.test", "https://h.test", "h.test:5000"] {
            put(&bench, server, "bob");
        }
        let done = erase(&bench.system, &RegistryKey::new("HTTPS://h.test/v2/")).expect("erased");
        assert_eq!(done.servers, ["h.test", "https://h.test"].map(RegistryKey::new));
        assert!(done.asked.len() >= 5 && done.still.is_empty(), "{done:?}");
        assert_eq!(left(&bench), ["h.test:5000"]);
        let again = erase(&bench.system, &RegistryKey::new("h.test")).expect_err("nothing there");
        assert_eq!(again.exit_code(), 3);
        crate::ops::undo::undo(&bench.system, None).expect("taken back");
        assert_eq!(left(&bench).len(), 3);
    }

    #[test]
    fn the_hub_goes_with_its_tokens() {
        let bench = Bench::new();
        for server in [HUB_KEY, "docker.io", "https://index.docker.io/v1/access-token", "ghcr.io"] {
            put(&bench, server, "bob");
        }
        let done = erase(&bench.system, &RegistryKey::new("docker.io")).expect("erased");
        assert!(done.still.is_empty() && done.asked.contains(&RegistryKey::new(HUB_KEY)), "{done:?}");
        assert_eq!(left(&bench), ["ghcr.io"]);
    }

    #[test]
    fn what_docker_itself_keeps_is_told_without_its_secret() {
        let bench = Bench::new();
        put(&bench, "h.test", "bob");
        let docker = &bench.system.options.docker_config;
        std::fs::create_dir_all(docker).expect("a folder");
        let text = r#"{"auths":{"https://h.test":{"auth":"Ym9iOmh1bnRlcjI="},"x.test":{"auth":"Ym9iOmh1bnRlcjI="}},
            "credHelpers":{"h.test":"osx\u001bkeychain"}}"#;
        std::fs::write(docker.join(config::FILE), text).expect("a config");
        let done = erase(&bench.system, &RegistryKey::new("h.test")).expect("erased");
        let words: Vec<String> = done.still.iter().map(Still::words).collect();
        assert_eq!(
            words,
            [
                "Docker asks docker-credential-*** for h.test",
                "Docker's config.json holds a secret for https://h.test in clear",
            ]
        );
        assert!(!format!("{done:?}").contains("hunter2"));
    }
}
