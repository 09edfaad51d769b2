//! Which registries Docker reaches without checking who answers, and over plain HTTP if need be: those on this machine, and
//! what `insecure-registries` in `daemon.json` names (docker `registry/config.go`, `isSecureIndex`). Pure.

use std::net::IpAddr;

use super::proxies::Network;

/// The registries that need not prove who they are.
#[derive(Clone, Debug, Default)]
pub struct Insecure {
    names: Vec<String>,
    networks: Vec<Network>,
    /// This machine's own do not count: for tests of what else there is.
    strict: bool,
}

impl Insecure {
    /// As the daemon's file lists them.
    pub fn of(listed: impl IntoIterator<Item = String>) -> Insecure {
        let mut insecure = Insecure::default();
        for name in listed {
            let name = name.trim().to_ascii_lowercase();
            let bare = name.split_once("://").map_or(name.as_str(), |(_, rest)| rest).trim_end_matches('/');
            match Network::parse(bare) {
                Some(network) => insecure.networks.push(network),
                None => insecure.names.push(bare.to_owned()),
            }
        }
        insecure
    }

    /// As `of`, and loopback is as far away as everything else.
    #[must_use]
    pub fn strictly(self) -> Insecure {
        Insecure { strict: true, ..self }
    }

    /// `name` as Docker names the registry; the addresses that its host has, each of which has to be one. Docker is content
    /// with any, and may then reach another.
    pub(super) fn holds(&self, name: &str, addresses: &[IpAddr]) -> bool {
        let named = self.names.iter().any(|known| known == name);
        let in_network = |address: &IpAddr| self.networks.iter().any(|network| network.holds(*address));
        let held = |address: &IpAddr| self.is_near(address) || in_network(address);
        named || !addresses.is_empty() && addresses.iter().all(held)
    }

    fn is_near(&self, address: &IpAddr) -> bool {
        !self.strict && address.is_loopback()
    }

    /// What was sent there would not leave this machine.
    pub(super) fn stays_here(&self, addresses: &[IpAddr]) -> bool {
        !addresses.is_empty() && addresses.iter().all(|address| self.is_near(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_networks_and_this_machine() {
        let insecure = Insecure::of(["H.test:5000".to_owned(), "10.0.0.0/8".to_owned(), "http://g.test/".to_owned()]);
        let at = |address: &str| vec![address.parse().expect("an address")];
        assert!(insecure.holds("h.test:5000", &[]) && insecure.holds("g.test", &[]));
        assert!(insecure.holds("x.test", &at("10.1.2.3")) && insecure.holds("x.test", &at("127.0.0.1")));
        assert!(insecure.holds("x.test", &at("::1")));
        assert!(!insecure.holds("h.test", &at("192.0.2.1")) && !insecure.holds("x.test", &[]));
        let both = |one: &str, other: &str| [at(one), at(other)].concat();
        assert!(insecure.holds("x.test", &both("127.0.0.1", "::1")));
        // The next one that is tried may be far away.
        assert!(!insecure.holds("x.test", &both("127.0.0.1", "203.0.113.5")));
        assert!(!insecure.holds("x.test", &both("203.0.113.5", "10.1.2.3")));
        assert!(insecure.holds("h.test:5000", &both("127.0.0.1", "203.0.113.5")));
        let strict = insecure.strictly();
        assert!(!strict.holds("x.test", &at("127.0.0.1")) && strict.holds("x.test", &at("10.1.2.3")));
    }
}
