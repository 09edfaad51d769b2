//! The server string under which a credential is kept, and the registry that it means.
//! Equality is on the exact bytes (the folder's name is); `canonical()` folds the spellings of one registry.
//! Knows nothing of files: the folder's name is `system/store/layout.rs`.

use std::borrow::Cow;

use super::{misplaced, text};

/// Docker Hub's key in Docker's config and in every helper that follows it (docker/cli `cli/registry/client.go`,
/// `IndexServer`).
pub const HUB_KEY: &str = "https://index.docker.io/v1/";

/// The name people and canonical spellings use for Docker Hub.
pub const HUB_NAME: &str = "docker.io";

/// Hosts that all mean Docker Hub.
const HUB_HOSTS: [&str; 3] = [HUB_NAME, "index.docker.io", "registry-1.docker.io"];

/// Paths under the Hub key where `docker login` keeps its OAuth tokens (docker/cli `cli/internal/oauth/manager`).
const HUB_TOKEN_PATHS: [&str; 2] = ["v1/access-token", "v1/refresh-token"];

/// A server string exactly as a client gave it: any bytes, normally a host with port or a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryKey(Vec<u8>);

impl RegistryKey {
    pub fn new(server: impl Into<Vec<u8>>) -> RegistryKey {
        RegistryKey(server.into())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As text, invalid bytes replaced; not escaped.
    pub fn to_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// Safe for a terminal, and without what may be a secret in it (`model::misplaced`).
    pub fn display(&self) -> Cow<'_, str> {
        let told = misplaced::server(&self.0);
        if told.as_bytes() == self.0 {
            text::escaped(&self.0)
        } else {
            Cow::Owned(text::escaped(told.as_bytes()).into_owned())
        }
    }

    /// True for the forms that people and other tools use for Docker Hub where Docker itself uses `HUB_KEY`:
    /// the bare hosts, and those hosts with `http://` or `https://` and at most a slash.
    pub fn is_hub_alias(&self) -> bool {
        hub_path(&self.to_text()) == Some("")
    }

    /// True for a Hub alias as people type it and clients name it: without a scheme.
    pub fn is_bare_hub_alias(&self) -> bool {
        self.is_hub_alias() && !self.to_text().contains("://")
    }

    /// True for the keys of Docker Hub's OAuth tokens, which are not logins.
    pub fn is_hub_token(&self) -> bool {
        hub_path(&self.to_text()).is_some_and(|path| HUB_TOKEN_PATHS.contains(&path))
    }

    /// The one name for the registry that this and other spellings mean: host in lower case, with its port unless it
    /// is the scheme's own; `docker.io` for Docker Hub. Hub's token keys keep their path so that they fold with nothing.
    pub fn canonical(&self) -> String {
        let text = self.to_text();
        match hub_path(&text) {
            Some(path) if HUB_TOKEN_PATHS.contains(&path) => format!("{HUB_NAME}/{path}"),
            Some(_) => HUB_NAME.to_owned(),
            None => {
                let (host, _) = host_and_path(&text);
                match strip_default_port(&text, &host.to_ascii_lowercase()) {
                    // A scheme of its own makes it something else than Docker Hub.
                    host if HUB_HOSTS.contains(&host) && !is_web(&text) => text.trim().to_ascii_lowercase(),
                    host => host.to_owned(),
                }
            }
        }
    }
}

/// The path on Docker Hub that a server string means, without its outer slashes; None for every other registry.
fn hub_path(server: &str) -> Option<&str> {
    let (host, path) = host_and_path(server);
    (is_web(server) && HUB_HOSTS.contains(&host.to_ascii_lowercase().as_str())).then_some(path)
}

/// True without a scheme, and with those that registries have.
fn is_web(server: &str) -> bool {
    let scheme = server.trim().split_once("://").map_or("https", |(scheme, _)| scheme);
    ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
}

/// Splits `[scheme://]host[:port][/path]`; the path comes without its outer slashes.
fn host_and_path(server: &str) -> (&str, &str) {
    let rest = server.trim();
    let rest = rest.split_once("://").map_or(rest, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    (host, path.trim_matches('/'))
}

fn strip_default_port<'a>(server: &str, host: &'a str) -> &'a str {
    let scheme = server.trim().split_once("://").map_or("https", |(scheme, _)| scheme);
    let port = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    host.strip_suffix(port).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(server: &str) -> String {
        RegistryKey::new(server).canonical()
    }

    #[test]
    fn spellings_of_one_registry_fold() {
        for server in ["host.test:5000", "https://host.test:5000", "http://host.test:5000/v2/", "HOST.test:5000/"] {
            assert_eq!(canonical(server), "host.test:5000", "{server}");
        }
        assert_eq!(canonical("host.test:443"), "host.test");
        assert_ne!(canonical("host.test:5000"), canonical("host.test"));
    }

    #[test]
    fn hub_has_one_name_and_its_tokens_stay_apart() {
        for server in [HUB_KEY, "docker.io", "index.docker.io", "https://registry-1.docker.io", "index.docker.io/v1/"] {
            assert_eq!(canonical(server), HUB_NAME, "{server}");
        }
        let token = RegistryKey::new("https://index.docker.io/v1/refresh-token");
        assert!(token.is_hub_token());
        assert_ne!(token.canonical(), HUB_NAME);
    }

    #[test]
    fn aliases_are_hosts_only() {
        for server in ["docker.io", "index.docker.io", "registry-1.docker.io", "https://docker.io/"] {
            assert!(RegistryKey::new(server).is_hub_alias(), "{server}");
        }
        let other_schemes = [" x://docker.io ", "ftp://docker.io", "://docker.io", "unix://index.docker.io/"];
        for server in [HUB_KEY, "notdocker.io", "docker.io/library/x", "https://index.docker.io/v1/access-token"]
            .iter()
            .chain(&other_schemes)
        {
            assert!(!RegistryKey::new(*server).is_hub_alias(), "{server}");
        }
        for server in other_schemes {
            assert_ne!(canonical(server), HUB_NAME, "{server}");
        }
        assert!(RegistryKey::new("HTTP://docker.io").is_hub_alias());
        assert!(!RegistryKey::new("x://index.docker.io/v1/access-token").is_hub_token());
    }
}
