//! Where a registry is reached: the host and port that a server string means, checked, so that nothing else can get into a
//! URL, a `Host` header or a folder's name. Resolves nothing.

use std::net::{IpAddr, Ipv6Addr};

use crate::model::registry_key::HUB_NAME;
use crate::model::{RegistryKey, text};

/// The host that answers for Docker Hub (docker/cli `internal/registry/config.go`).
pub const HUB_HOST: &str = "registry-1.docker.io";

/// The longest name that DNS has (RFC 1035, 2.3.4).
const HOST_MAX: usize = 253;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("{0} begins with a scheme that no registry has")]
    Scheme(String),
    // The rest may be a secret.
    #[error("the name holds a user or a secret in front of an @")]
    User,
    #[error("{0} is no name of a host")]
    Host(String),
    #[error("{0} ends in a port that there is not")]
    Port(String),
}

/// A registry's host, as it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// In lower case; an IPv6 address without its brackets.
    host: String,
    port: Option<u16>,
    /// As Docker names it: the key of `insecure-registries` and of the folders below `certs.d`.
    name: String,
}

impl Address {
    /// The registry that a server string means; its path and a scheme of the web do not count, as for Docker.
    pub fn of(key: &RegistryKey) -> Result<Address, AddressError> {
        if key.canonical() == HUB_NAME {
            return Ok(Address { host: HUB_HOST.to_owned(), port: None, name: HUB_NAME.to_owned() });
        }
        let whole = key.to_text();
        let whole = whole.trim();
        let rest = match whole.split_once("://") {
            Some((scheme, rest)) if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => rest,
            Some(_) if whole.contains('@') => return Err(AddressError::User),
            Some((scheme, _)) => return Err(AddressError::Scheme(text::quoted(scheme))),
            None => whole,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(AddressError::User);
        }
        let (host, port) = host_and_port(authority)?;
        let host = host.to_ascii_lowercase();
        Ok(Address { name: authority.to_ascii_lowercase(), host, port })
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self, scheme: Scheme) -> u16 {
        self.port.unwrap_or(scheme.default_port())
    }

    /// As Docker names the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The base of the registry's API (OCI distribution specification, end-1).
    pub fn base(&self, scheme: Scheme) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        match self.port {
            Some(port) => format!("{}://{host}:{port}/v2/", scheme.word()),
            None => format!("{}://{host}/v2/", scheme.word()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn word(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// `HOST`, `HOST:PORT`, `[IPv6]`, `[IPv6]:PORT`.
pub(super) fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), AddressError> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or_else(|| AddressError::Host(text::quoted(authority)))?;
            host.parse::<Ipv6Addr>().map_err(|_| AddressError::Host(text::quoted(authority)))?;
            match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if rest.is_empty() => (host, None),
                None => return Err(AddressError::Host(text::quoted(authority))),
            }
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let is_name = |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let fits = !host.is_empty() && host.len() <= HOST_MAX && !host.starts_with(['-', '.']);
    if !(fits && (is_name(host) || host.parse::<Ipv6Addr>().is_ok() && authority.starts_with('['))) {
        return Err(AddressError::Host(text::quoted(authority)));
    }
    let port = match port {
        None => None,
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = digits.parse().ok().filter(|port| *port != 0);
            Some(port.ok_or_else(|| AddressError::Port(text::quoted(authority)))?)
        }
        Some(_) => return Err(AddressError::Port(text::quoted(authority))),
    };
    Ok((host, port))
}

/// True for a name or an address that never leaves this machine.
pub fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(server: &str) -> Result<Address, AddressError> {
        Address::of(&RegistryKey::new(server))
    }

    #[test]
    fn spellings_lead_to_one_place() {
        for server in ["Host.test:5000", "https://host.test:5000/v2/", "http://host.test:5000", " host.test:5000/a/b "]
        {
            let address = address(server).expect(server);
            assert_eq!(address.base(Scheme::Https), "https://host.test:5000/v2/", "{server}");
            assert_eq!(address.name(), "host.test:5000");
        }
        for server in ["docker.io", "https://index.docker.io/v1/"] {
            let address = address(server).expect(server);
            assert_eq!(address.base(Scheme::Https), "https://registry-1.docker.io/v2/");
            assert_eq!(address.name(), "docker.io");
        }
        let six = address("[::1]:5000").expect("an address");
        assert_eq!((six.host(), six.base(Scheme::Http).as_str()), ("::1", "http://[::1]:5000/v2/"));
        assert_eq!(address("h.test").expect("a name").port(Scheme::Http), 80);
    }

    #[test]
    fn what_is_no_address_is_refused_and_a_secret_in_it_is_not_told() {
        for server in
            ["", "ftp://h.test", "h.test:", "h.test:0", "h.test:99999", "h.test:5x", "a b", "h\r\nX: y", "[::1"]
        {
            assert!(address(server).is_err(), "{server:?}");
        }
        for server in ["https://u:hunter2@h.test", "hunter2@h.test", "x://u:hunter2@h.test"] {
            let error = address(server).expect_err("refused");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn only_what_stays_here_is_loopback() {
        for host in ["127.0.0.1", "127.9.9.9", "::1", "localhost", "a.localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["128.0.0.1", "localhost.test", "0.0.0.0", "h.test"] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
