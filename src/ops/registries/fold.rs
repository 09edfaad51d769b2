//! The registries by name, as a person thinks of them: each once, with all its spellings, accounts and places, and whom
//! Docker asks about it. Made from a `Registries`; looks at nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Elsewhere, Place, Registries, RegistryKind, RegistryLogin};
use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{Login, RegistryKey, misplaced, text};
use crate::ops::shims;
use crate::system::docker::config::DockerConfig;

/// All that is known of one registry.
#[derive(Clone, Debug)]
pub struct Registry {
    /// Its canonical name; Docker Hub's tokens are with Docker Hub.
    pub name: String,
    pub kind: RegistryKind,
    /// What stands for the registry comes first: the login that answers for the spelling that Docker asks for. Those of
    /// other stores come after all of the root store, tokens that are no logins last.
    pub logins: Vec<RegistryLogin>,
    pub elsewhere: Vec<Elsewhere>,
    /// None: Docker's configuration could not be read.
    pub asked: Option<Asked>,
}

/// Whom Docker asks for a registry's login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Under the name that leads to regpass where its links are installed.
    Us(String),
    /// Another helper.
    Other(String),
    /// Nobody: it looks into its own file.
    Nobody,
}

impl Asked {
    /// What Docker does in place of asking regpass, escaped; None where it asks.
    pub fn instead(&self) -> Option<String> {
        match self {
            Asked::Us(_) => None,
            Asked::Other(helper) => Some(format!("it asks {}", program(helper))),
            Asked::Nobody => Some("it asks no helper, and reads its own config.json".to_owned()),
        }
    }
}

/// A helper's program, without what may be a secret in its name.
fn program(helper: &str) -> String {
    format!("{}{}", shims::PREFIX, misplaced::helper(helper))
}

impl Elsewhere {
    /// Whether Docker looks its registry up by exactly this spelling (docker/cli `cli/config/configfile/file.go`).
    pub fn is_docker_s_spelling(&self) -> bool {
        self.server == docker_key(&name_of(&self.server))
    }

    /// What it has to do with its registry, about which Docker asks this one; in words, escaped. Where Docker asks a helper,
    /// it never falls back to its own file.
    pub fn words(&self, asked: Option<&Asked>) -> String {
        match (&self.place, asked) {
            (Place::Helper(helper) | Place::Ours(helper), _) if self.is_docker_s_spelling() => {
                format!("Docker asks {} about it", program(helper))
            }
            (Place::Helper(helper) | Place::Ours(helper), _) => {
                format!("credHelpers names {}, under a spelling that Docker does not look up", program(helper))
            }
            (Place::Inline(_), Some(Asked::Us(helper) | Asked::Other(helper))) => {
                let instead = program(helper);
                format!("its secret stands in Docker's config.json, in clear; Docker asks {instead} instead")
            }
            (Place::Inline(_), Some(Asked::Nobody) | None) => {
                "its secret stands in Docker's config.json, in clear, where Docker reads it".to_owned()
            }
        }
    }
}

/// A kind of place where something about a registry is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// The root store, which the helper answers from.
    Store,
    /// A mounted store.
    Mount,
    /// `credHelpers` names a helper for it.
    Helper,
    /// Docker's `config.json` holds the secret.
    Inline,
}

impl Found {
    /// One word, also that of the JSON.
    pub fn word(self) -> &'static str {
        match self {
            Found::Store => "store",
            Found::Mount => "mount",
            Found::Helper => "helper",
            Found::Inline => "inline",
        }
    }
}

impl Registry {
    /// Where it is found, each kind of place once.
    pub fn places(&self) -> BTreeSet<Found> {
        let stores = self.logins.iter().map(|one| if one.mount.is_root() { Found::Store } else { Found::Mount });
        let others = self.elsewhere.iter().map(|one| match one.place {
            Place::Helper(_) | Place::Ours(_) => Found::Helper,
            Place::Inline(_) => Found::Inline,
        });
        stores.chain(others).collect()
    }

    /// The spellings that hold a login in a store.
    pub fn spellings(&self) -> BTreeSet<&RegistryKey> {
        self.logins.iter().map(|one| &one.server).filter(|server| !server.is_hub_token()).collect()
    }

    /// Everybody who has a login, wherever it is.
    pub fn accounts(&self) -> BTreeSet<&Login> {
        let stored = self.logins.iter().filter(|one| !one.server.is_hub_token()).map(|one| &one.login);
        let inline = self.elsewhere.iter().filter_map(|one| match &one.place {
            Place::Inline(login) => login.as_ref(),
            Place::Helper(_) | Place::Ours(_) => None,
        });
        stored.chain(inline).collect()
    }
}

/// The name under which a server string is folded.
pub fn name_of(server: &RegistryKey) -> String {
    if server.is_hub_token() { HUB_NAME.to_owned() } else { server.canonical() }
}

/// A registry's one name as a person sees it: escaped, and without what may be a secret in it.
pub fn shown_name(name: &str) -> String {
    text::escaped(misplaced::server(name).as_bytes()).into_owned()
}

/// The registries by name.
pub fn fold(found: &Registries) -> Vec<Registry> {
    let mut folded: BTreeMap<String, (Vec<RegistryLogin>, Vec<Elsewhere>)> = BTreeMap::new();
    for login in &found.logins {
        folded.entry(name_of(&login.server)).or_default().0.push(login.clone());
    }
    for one in &found.elsewhere {
        folded.entry(name_of(&one.server)).or_default().1.push(one.clone());
    }
    let registry = |(name, (mut logins, elsewhere)): (String, (Vec<RegistryLogin>, Vec<Elsewhere>))| {
        logins.sort_by_key(|one| rank(one, &name));
        let asked = found.docker.as_ref().map(|docker| asked(docker, &name));
        Registry { kind: RegistryKind::of(&name), name, logins, elsewhere, asked }
    };
    folded.into_iter().map(registry).collect()
}

/// What stands for the registry has the least.
fn rank(login: &RegistryLogin, name: &str) -> impl Ord + use<> {
    let usual = if name == HUB_NAME { HUB_KEY } else { name };
    let usual = login.server.as_bytes() == usual.as_bytes();
    (login.server.is_hub_token(), !login.mount.is_root(), !login.active, !usual)
}

/// What Docker looks a registry up by.
fn docker_key(name: &str) -> RegistryKey {
    RegistryKey::new(if name == HUB_NAME { HUB_KEY } else { name })
}

/// Whom Docker asks about the registry of this name.
pub(super) fn asked(docker: &DockerConfig, name: &str) -> Asked {
    match docker.helper_for(&docker_key(name)) {
        Some(helper) if shims::is_ours(helper) => Asked::Us(helper.to_owned()),
        Some(helper) => Asked::Other(helper.to_owned()),
        None => Asked::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::place;
    use super::*;
    use crate::model::EntryPath;

    fn login(server: &str, user: &str) -> RegistryLogin {
        let server = RegistryKey::new(server);
        RegistryLogin {
            kind: RegistryKind::of(&server.canonical()),
            canonical: server.canonical(),
            server,
            login: Login::new(user),
            entry: EntryPath::root(),
            mount: EntryPath::root(),
            file: "/x".into(),
            modified: std::time::SystemTime::UNIX_EPOCH,
            active: true,
            official: true,
            expires: None,
            twins: Vec::new(),
        }
    }

    #[test]
    fn each_registry_is_there_once_with_all_that_belongs_to_it() {
        let inactive = RegistryLogin { active: false, ..login("h.test", "amy") };
        let mounted =
            RegistryLogin { active: false, mount: EntryPath::parse("team").expect("a name"), ..login("h.test", "eve") };
        let found = Registries {
            logins: vec![
                mounted,
                inactive,
                login("https://h.test/v2/", "bob"),
                login("h.test", "zoe"),
                login("https://index.docker.io/v1/refresh-token", "hub"),
                login("docker.io", "hub"),
                login("https://index.docker.io/v1/", "ci"),
            ],
            elsewhere: vec![
                place("http://h.test", Place::Inline(Some(Login::new("carl")))),
                place("quay.io", Place::Helper("x".to_owned())),
            ],
            ..Registries::default()
        };
        let folded = fold(&found);
        let names: Vec<&str> = folded.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["docker.io", "h.test", "quay.io"]);
        let users = |one: &Registry| one.logins.iter().map(|one| one.login.as_str().to_owned()).collect::<Vec<_>>();
        assert_eq!(users(&folded[0]), ["ci", "hub", "hub"], "a token is nothing that stands for the Hub");
        assert_eq!(folded[0].spellings().len(), 2);
        assert_eq!(users(&folded[1]), ["zoe", "bob", "amy", "eve"]);
        assert_eq!(folded[1].accounts().len(), 5);
        assert_eq!(folded[1].places().into_iter().collect::<Vec<_>>(), [Found::Store, Found::Mount, Found::Inline]);
        assert_eq!(folded[2].places().into_iter().collect::<Vec<_>>(), [Found::Helper]);
    }

    #[test]
    fn whom_docker_asks() {
        let mut docker = DockerConfig { helper: Some("pass".to_owned()), ..DockerConfig::default() };
        assert_eq!(asked(&docker, "h.test"), Asked::Us("pass".to_owned()));
        for (server, helper) in [("https://index.docker.io/v1/", "osxkeychain"), ("h.test", ""), ("b.test", "regpass")]
        {
            docker.helpers.insert(server.to_owned(), helper.to_owned());
        }
        assert_eq!(asked(&docker, "docker.io"), Asked::Other("osxkeychain".to_owned()));
        assert_eq!(asked(&docker, "h.test"), Asked::Nobody);
        // Spellings that Docker does not look up.
        for (server, name) in [("docker.io", "docker.io"), ("https://d.test", "d.test")] {
            let docker = DockerConfig { helpers: [(server.to_owned(), "x".to_owned())].into(), ..docker.clone() };
            assert_eq!(asked(&docker, name), Asked::Us("pass".to_owned()), "{server}");
        }
        docker.helper = None;
        assert_eq!(asked(&docker, "b.test"), Asked::Us("regpass".to_owned()));
        assert_eq!(asked(&docker, "c.test"), Asked::Nobody);
    }

    #[test]
    fn what_a_place_means_depends_on_whom_docker_asks() {
        let (us, other) = (Asked::Us("pass".to_owned()), Asked::Other("x\u{1b}".to_owned()));
        let inline = place("h.test", Place::Inline(None));
        assert!(inline.words(Some(&us)).ends_with("in clear; Docker asks docker-credential-pass instead"));
        assert!(inline.words(Some(&other)).ends_with("Docker asks docker-credential-*** instead"));
        assert!(inline.words(Some(&Asked::Nobody)).ends_with("where Docker reads it"));
        let named = |server: &str| place(server, Place::Helper("x".to_owned())).words(None);
        assert_eq!(named("h.test"), "Docker asks docker-credential-x about it");
        assert_eq!(named("https://index.docker.io/v1/"), named("h.test"));
        for server in ["docker.io", "https://h.test"] {
            assert!(named(server).ends_with("does not look up"), "{server}");
        }
        assert_eq!((us.instead(), Asked::Nobody.instead().is_some()), (None, true));
        assert_eq!(other.instead().as_deref(), Some("it asks docker-credential-***"));
    }
}
