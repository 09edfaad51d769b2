//! Through which proxy a host is reached, as Docker's side decides it: the daemon's own settings, else the environment,
//! else the client's configuration; `NO_PROXY` as Go reads it (golang.org/x/net/http/httpproxy). Resolves nothing.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::address::{Scheme, host_and_port, is_loopback};
use crate::model::{Secret, text};
use crate::system::docker::proxies::ProxySettings;
use crate::system::env::Env;

/// A proxy.
#[derive(Clone)]
pub struct Proxy {
    pub(super) kind: ProxyKind,
    pub(super) host: String,
    pub(super) port: u16,
    /// `USER:PASSWORD`, decoded.
    pub(super) auth: Option<Arc<Secret>>,
    /// Who says so, for a person.
    pub(super) source: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyKind {
    Http,
    Https,
    Socks5,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.at())
    }
}

impl Proxy {
    /// `HOST:PORT`, safe to show.
    pub(super) fn at(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// What all sources together say.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exceptions: Exceptions,
    /// A setting that is no proxy's address, by its source: nothing is sent past a proxy that somebody meant to be used.
    broken: Option<&'static str>,
}

/// The way to a host.
pub(super) enum Way<'p> {
    Direct,
    Through(&'p Proxy),
    /// A proxy is set, and its address makes no sense.
    Broken(&'static str),
}

impl Proxies {
    /// The first source that names a proxy is the one that counts.
    pub fn of(env: &Env, daemon: ProxySettings, client: ProxySettings) -> Proxies {
        [(daemon, "daemon.json"), (of_environment(env), "the environment"), (client, "config.json")]
            .into_iter()
            .find(|(settings, _)| settings.http.is_some() || settings.https.is_some())
            .map(|(settings, source)| Proxies::from_settings(&settings, source))
            .unwrap_or_default()
    }

    fn from_settings(settings: &ProxySettings, source: &'static str) -> Proxies {
        let mut broken = None;
        let mut proxy = |told: &Option<Secret>| {
            let told = told.as_ref()?;
            let proxy = parse(told, source);
            if proxy.is_none() {
                broken = Some(source);
            }
            proxy
        };
        let (http, https) = (proxy(&settings.http), proxy(&settings.https));
        Proxies { http, https, broken, exceptions: Exceptions::parse(settings.none.as_deref().unwrap_or_default()) }
    }

    pub(super) fn way(&self, scheme: Scheme, host: &str, port: u16) -> Way<'_> {
        if is_loopback(host) || self.exceptions.hold(host, port) {
            return Way::Direct;
        }
        if let Some(source) = self.broken {
            return Way::Broken(source);
        }
        let proxy = match scheme {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        proxy.as_ref().map_or(Way::Direct, Way::Through)
    }
}

/// The upper-case name first, as in Go. `ALL_PROXY` is not Go's.
fn of_environment(env: &Env) -> ProxySettings {
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| env.text(name));
    let secret = |names| text(names).map(|value: &str| Secret::new(value.as_bytes().to_vec()));
    ProxySettings {
        http: secret(["HTTP_PROXY", "http_proxy"]),
        https: secret(["HTTPS_PROXY", "https_proxy"]),
        none: text(["NO_PROXY", "no_proxy"]).map(str::to_owned),
    }
}

/// `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/]`; without a scheme it is HTTP.
fn parse(told: &Secret, source: &'static str) -> Option<Proxy> {
    let whole = std::str::from_utf8(told.expose()).ok()?.trim();
    let (scheme, rest) = whole.split_once("://").unwrap_or(("http", whole));
    let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (ProxyKind::Http, 80),
        "https" => (ProxyKind::Https, 443),
        "socks5" | "socks5h" => (ProxyKind::Socks5, 1080),
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let (auth, authority) = match authority.rsplit_once('@') {
        Some((auth, authority)) => (Some(Arc::new(decoded(auth))), authority),
        None => (None, authority),
    };
    let (host, port) = host_and_port(authority).ok()?;
    Some(Proxy { kind, host: host.to_ascii_lowercase(), port: port.unwrap_or(default_port), auth, source })
}

/// With `%41` and the like undone.
fn decoded(text: &str) -> Secret {
    let mut secret = Secret::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                secret.push(&[byte]);
                rest = &more[2..];
            }
            None => {
                secret.push(&[*first]);
                rest = more;
            }
        }
    }
    secret
}

/// The hosts that no proxy is used for.
#[derive(Clone, Debug, Default)]
struct Exceptions {
    all: bool,
    networks: Vec<Network>,
    /// Each with its port, where it has one; a leading dot means only what lies below.
    names: Vec<(String, Option<u16>)>,
}

impl Exceptions {
    fn parse(list: &str) -> Exceptions {
        let mut exceptions = Exceptions::default();
        for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let item = item.to_ascii_lowercase();
            if item == "*" {
                exceptions.all = true;
            } else if let Some(network) = Network::parse(&item) {
                exceptions.networks.push(network);
            } else {
                let (name, port) = match item.rsplit_once(':') {
                    Some((name, port)) => match port.parse() {
                        Ok(port) => (name.to_owned(), Some(port)),
                        Err(_) => continue,
                    },
                    None => (item.clone(), None),
                };
                let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(&name).to_owned();
                exceptions.names.push((name, port));
            }
        }
        exceptions
    }

    fn hold(&self, host: &str, port: u16) -> bool {
        let of_name = |(name, only): &(String, Option<u16>)| {
            let fits = match name.strip_prefix('.') {
                Some(parent) => host.strip_suffix(parent).is_some_and(|front| front.ends_with('.')),
                None => host == name || host.strip_suffix(name.as_str()).is_some_and(|front| front.ends_with('.')),
            };
            fits && only.is_none_or(|only| only == port)
        };
        let of_address = |address| self.networks.iter().any(|network| network.holds(address));
        self.all || host.parse().is_ok_and(of_address) || self.names.iter().any(of_name)
    }
}

/// `ADDRESS` or `ADDRESS/BITS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    pub(super) fn parse(text: &str) -> Option<Network> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits.parse().ok()?)),
            None => (text.trim_matches(['[', ']']).parse().ok()?, None),
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        Some(Network { address, bits: bits.unwrap_or(most) }).filter(|network| network.bits <= most)
    }

    pub(super) fn holds(&self, other: IpAddr) -> bool {
        match (self.address, other.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(one)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                net.to_bits() & mask == one.to_bits() & mask
            }
            (IpAddr::V6(net), IpAddr::V6(one)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                net.to_bits() & mask == one.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// A broken setting in words.
pub(super) fn broken_words(source: &str) -> String {
    format!("the proxy named in {} has no address that can be used", text::escaped(source.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Option<Secret> {
        Some(Secret::new(text.as_bytes().to_vec()))
    }

    fn proxies(vars: &[(&str, &str)]) -> Proxies {
        Proxies::of(&Env::made_of(vars.iter().copied()), ProxySettings::default(), ProxySettings::default())
    }

    fn through(proxies: &Proxies, host: &str, port: u16) -> Option<String> {
        match proxies.way(Scheme::Https, host, port) {
            Way::Through(proxy) => Some(proxy.at()),
            Way::Direct => None,
            Way::Broken(source) => Some(format!("broken: {source}")),
        }
    }

    #[test]
    fn the_daemon_s_settings_count_before_the_environment_and_that_before_the_client_s() {
        let env = Env::made_of([("HTTPS_PROXY", "http://env.test:3128")]);
        let told = |host: &str| ProxySettings { https: secret(host), ..ProxySettings::default() };
        let both = Proxies::of(&env, told("daemon.test"), told("client.test"));
        assert_eq!(through(&both, "h.test", 443).as_deref(), Some("daemon.test:80"));
        let none = ProxySettings::default;
        assert_eq!(
            through(&Proxies::of(&env, none(), told("client.test")), "h.test", 443).as_deref(),
            Some("env.test:3128")
        );
        let nobody = Env::made_of([("A", "b")]);
        assert_eq!(
            through(&Proxies::of(&nobody, none(), told("socks5://client.test")), "h.test", 443).as_deref(),
            Some("client.test:1080")
        );
        assert_eq!(through(&Proxies::of(&nobody, none(), none()), "h.test", 443), None);
    }

    #[test]
    fn exceptions_are_go_s() {
        let proxies = proxies(&[
            ("https_proxy", "p.test:1"),
            ("NO_PROXY", "a.test, .b.test,*.c.test,10.0.0.0/8,192.0.2.7,d.test:5000,fd00::/8,x:y"),
        ]);
        for (host, port) in [
            ("a.test", 443),
            ("x.a.test", 443),
            ("x.b.test", 443),
            ("x.c.test", 443),
            ("10.1.2.3", 443),
            ("192.0.2.7", 443),
            ("d.test", 5000),
            ("fd00::1", 443),
            ("127.0.0.1", 443),
            ("localhost", 443),
        ] {
            assert_eq!(through(&proxies, host, port), None, "{host}");
        }
        for (host, port) in
            [("b.test", 443), ("c.test", 443), ("nota.test", 443), ("11.0.0.1", 443), ("d.test", 443), ("fe00::1", 443)]
        {
            assert_eq!(through(&proxies, host, port).as_deref(), Some("p.test:1"), "{host}");
        }
    }

    #[test]
    fn a_proxy_that_makes_no_sense_is_not_gone_past_and_its_password_is_not_told() {
        let proxies = proxies(&[("HTTPS_PROXY", "ftp://u:hunter2@p.test")]);
        assert_eq!(through(&proxies, "h.test", 443).as_deref(), Some("broken: the environment"));
        let proxy = parse(&Secret::new(b"https://u%40x:hunt%65r2@P.test:8443/".to_vec()), "x").expect("a proxy");
        assert_eq!((proxy.kind, proxy.at().as_str()), (ProxyKind::Https, "p.test:8443"));
        assert_eq!(proxy.auth.as_ref().map(|auth| auth.expose()), Some(&b"u@x:hunter2"[..]));
        assert!(!format!("{proxy:?}").contains("hunter2"));
    }

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |network: &str, address: &str| {
            Network::parse(network).expect("a network").holds(address.parse().expect("an address"))
        };
        assert!(holds("127.0.0.0/8", "127.1.2.3") && holds("0.0.0.0/0", "8.8.8.8") && holds("::/0", "::1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(!holds("127.0.0.0/8", "128.0.0.1") && !holds("10.0.0.1/32", "10.0.0.2") && !holds("::1/128", "::2"));
        assert!(Network::parse("10.0.0.0/33").is_none() && Network::parse("h.test").is_none());
    }
}
