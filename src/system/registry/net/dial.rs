//! Connections: a name resolved once and for all requests of a check, a socket, a proxy in between where one is set, TLS.
//! Each thing that goes wrong keeps its type. What is sent over them is `exchange.rs`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use zeroize::Zeroizing;

use super::address::Scheme;
use super::failure::{Failure, of_stream};
use super::proxies::{Proxies, Proxy, ProxyKind, Way, broken_words};
use super::wire::{Limits, Stream, Timed};
use crate::model::text;

/// The most addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;

/// The longest that one of several addresses is waited for: one protocol that leads nowhere does not eat all the time.
const ONE_ADDRESS: Duration = Duration::from_secs(4);

/// How long the wish to stop may go unseen while a name is looked up.
const TICK: Duration = Duration::from_millis(200);

/// The longest head of a proxy's answer, in bytes.
const PROXY_HEAD_MAX: usize = 16 * 1024;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) scheme: Scheme,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    pub(super) fn of(uri: &ureq::http::Uri) -> Option<Target> {
        let scheme = match uri.scheme_str()? {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        Some(Target { scheme, port: uri.port_u16().unwrap_or(scheme.default_port()), host })
    }

    fn at(&self) -> String {
        let host = text::escaped(self.host.as_bytes());
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

/// Makes the connections of one check.
#[derive(Debug)]
pub(super) struct Dialer {
    pub(super) limits: Limits,
    pub(super) proxies: Proxies,
    resolved: Mutex<BTreeMap<String, Vec<SocketAddr>>>,
}

impl Dialer {
    pub(super) fn new(limits: Limits, proxies: Proxies) -> Dialer {
        Dialer { limits, proxies, resolved: Mutex::default() }
    }

    /// The addresses of a name, the same ones each time and for every port: what was judged by its address is also what is
    /// dialled.
    fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let at_port = |known: &[SocketAddr]| {
            let at = |address: &SocketAddr| {
                let mut address = *address;
                address.set_port(port);
                address
            };
            known.iter().map(at).collect()
        };
        if let Some(known) = self.resolved.lock().unwrap_or_else(PoisonError::into_inner).get(host) {
            return Ok(at_port(known));
        }
        let found = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => self.look_up(host, port)?,
        };
        let mut resolved = self.resolved.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(at_port(resolved.entry(host.to_owned()).or_insert(found)))
    }

    /// The addresses that a host can be judged by: those that are dialled for it, in whatever way the target names. None where
    /// that is not known here, as behind a proxy, which looks names up itself.
    pub(super) fn judged(&self, targets: &[Target]) -> Vec<IpAddr> {
        let mut judged = Vec::new();
        for target in targets {
            let is_ours = target.host.parse::<IpAddr>().is_ok() || self.proxy_of(target).is_none();
            match self.resolve(&target.host, target.port) {
                Ok(found) if is_ours => judged.extend(found.iter().map(SocketAddr::ip)),
                Ok(_) | Err(_) => return Vec::new(),
            }
        }
        judged
    }

    /// The system's resolver knows no time limit: it is left behind on a thread of its own when the time is up.
    fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        let (sender, answer) = mpsc::channel();
        let asked = (host.to_owned(), port);
        std::thread::spawn(move || {
            let found = (asked.0.as_str(), asked.1).to_socket_addrs();
            // Nobody waits any more.
            let _ = sender.send(found.map(|addresses| addresses.take(ADDRESSES_MAX).collect::<Vec<_>>()));
        });
        let failed = |why: String| Failure::Dns { host: host.to_owned(), why };
        loop {
            let left = match self.limits.left() {
                Err(Failure::Total(patience)) => return Err(failed(format!("no answer within {patience:?}"))),
                left => left?,
            };
            match answer.recv_timeout(left.min(TICK)) {
                Ok(Ok(found)) if found.is_empty() => return Err(failed("it has no address".to_owned())),
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) => return Err(failed(text::escaped(error.to_string().as_bytes()).into_owned())),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(failed("it was not looked up".to_owned())),
            }
        }
    }

    /// A connection that a request can be sent over; encrypted where the target says so.
    pub(super) fn dial(&self, target: &Target, tls: &Arc<ClientConfig>) -> Result<Stream, Failure> {
        let stream = match self.proxies.way(target.scheme, &target.host, target.port) {
            Way::Direct => self.connect(&target.host, target.port, &target.at())?,
            Way::Through(proxy) => self.through(proxy, target, tls)?,
            Way::Broken(source) => {
                return Err(Failure::Proxy { proxy: source.to_owned(), why: broken_words(source) });
            }
        };
        match target.scheme {
            Scheme::Http => Ok(stream),
            Scheme::Https => self.encrypt(stream, &target.host, tls),
        }
    }

    /// What is said about the way to it.
    pub(super) fn proxy_of(&self, target: &Target) -> Option<&Proxy> {
        match self.proxies.way(target.scheme, &target.host, target.port) {
            Way::Through(proxy) => Some(proxy),
            Way::Direct | Way::Broken(_) => None,
        }
    }

    fn connect(&self, host: &str, port: u16, at: &str) -> Result<Stream, Failure> {
        let addresses = self.resolve(host, port)?;
        let mut last = None;
        for (index, address) in addresses.iter().enumerate() {
            let left = self.limits.left().map_err(|failure| connecting(failure, at))?;
            let patience = if index + 1 < addresses.len() { left.min(ONE_ADDRESS) } else { left };
            match TcpStream::connect_timeout(address, patience) {
                Ok(socket) => {
                    // Only slower without.
                    let _ = socket.set_nodelay(true);
                    return Ok(Stream::Plain(Timed::new(socket, self.limits.clone())));
                }
                Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                    last = Some(Failure::ConnectTimeout { at: at.to_owned() });
                }
                Err(error) => last = Some(Failure::Connect { at: at.to_owned(), error }),
            }
        }
        Err(last.unwrap_or_else(|| Failure::Dns { host: host.to_owned(), why: "it has no address".to_owned() }))
    }

    fn encrypt(&self, stream: Stream, host: &str, tls: &Arc<ClientConfig>) -> Result<Stream, Failure> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Failure::Http(format!("{} is no name for a certificate", text::quoted(host))))?;
        let failed = |error| Failure::Tls { host: text::escaped(host.as_bytes()).into_owned(), error };
        let mut connection = ClientConnection::new(tls.clone(), name).map_err(failed)?;
        let mut stream = stream;
        while connection.is_handshaking() {
            match connection.complete_io(&mut stream) {
                // The server hung up.
                Ok((0, 0)) => return Err(Failure::TlsHungUp { host: text::escaped(host.as_bytes()).into_owned() }),
                Ok(_) => {}
                Err(error) => {
                    return Err(match of_stream(error) {
                        Failure::Tls { error, .. } => failed(error),
                        Failure::HungUp => Failure::TlsHungUp { host: text::escaped(host.as_bytes()).into_owned() },
                        other => other,
                    });
                }
            }
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, stream))))
    }

    /// By way of a proxy, which is asked for a tunnel whatever goes through it.
    fn through(&self, proxy: &Proxy, target: &Target, tls: &Arc<ClientConfig>) -> Result<Stream, Failure> {
        let unusable = |failure| of_proxy(failure, proxy);
        let stream = self.connect(&proxy.host, proxy.port, &proxy.at()).map_err(unusable)?;
        match proxy.kind {
            ProxyKind::Http => tunnel(stream, proxy, target),
            ProxyKind::Https => {
                let stream = self.encrypt(stream, &proxy.host, tls).map_err(unusable)?;
                tunnel(stream, proxy, target)
            }
            ProxyKind::Socks5 => super::socks::tunnel(stream, proxy, target).map_err(unusable),
        }
    }
}

/// The whole time went by while a connection was made.
fn connecting(failure: Failure, at: &str) -> Failure {
    match failure {
        Failure::Total(_) => Failure::ConnectTimeout { at: at.to_owned() },
        other => other,
    }
}

/// Whatever fails before the tunnel stands is the proxy's.
fn of_proxy(failure: Failure, proxy: &Proxy) -> Failure {
    match failure {
        Failure::CalledOff | Failure::Total(_) | Failure::ProxyStatus { .. } => failure,
        other => Failure::Proxy { proxy: proxy.at(), why: other.to_string() },
    }
}

/// `CONNECT` (RFC 9110, 9.3.6).
fn tunnel(mut stream: Stream, proxy: &Proxy, target: &Target) -> Result<Stream, Failure> {
    let at = target.at();
    let mut request = Zeroizing::new(Vec::with_capacity(4096));
    request.extend_from_slice(format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n").as_bytes());
    if let Some(auth) = &proxy.auth {
        // Its room was made before, so that no copy of it is left behind.
        request.reserve_exact(64 + auth.len() * 2);
        request.extend_from_slice(b"Proxy-Authorization: Basic ");
        request.extend_from_slice(Zeroizing::new(STANDARD.encode(auth.expose())).as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let unusable = |failure| of_proxy(failure, proxy);
    stream.write_all(&request).and_then(|()| stream.flush()).map_err(|error| unusable(of_stream(error)))?;
    let head = read_head(&mut stream).map_err(unusable)?;
    match status_of(&head) {
        Some(200..=299) => Ok(stream),
        Some(status) => Err(Failure::ProxyStatus { proxy: proxy.at(), status }),
        None => Err(Failure::Proxy { proxy: proxy.at(), why: "what answers is no HTTP proxy".to_owned() }),
    }
}

/// Up to the empty line and no byte further: what follows is the other side's.
fn read_head(stream: &mut Stream) -> Result<Vec<u8>, Failure> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < PROXY_HEAD_MAX {
        match stream.read(&mut byte).map_err(of_stream)? {
            0 => return Err(Failure::HungUp),
            _ => head.push(byte[0]),
        }
    }
    Ok(head)
}

/// `HTTP/1.1 200 …`
fn status_of(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    line.split(' ').nth(1)?.parse().ok().filter(|status| (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::system::env::Env;

    #[test]
    fn a_name_is_looked_up_once_whatever_the_port() {
        let cancel = Arc::new(AtomicBool::new(false));
        let patience = Duration::from_secs(10);
        let limits = Limits { deadline: Env::clock() + patience, patience, cancel: cancel.clone() };
        let dialer = Dialer::new(limits, Proxies::default());
        let first = dialer.resolve("localhost", 443).expect("it has an address");
        // Nothing is looked up any more.
        cancel.store(true, Ordering::Relaxed);
        let again = dialer.resolve("localhost", 80).expect("it is known");
        let ips = |all: &[SocketAddr]| all.iter().map(SocketAddr::ip).collect::<Vec<_>>();
        assert_eq!(ips(&first), ips(&again));
        assert!(again.iter().all(|address| address.port() == 80) && first.iter().all(|one| one.port() == 443));
        assert!(dialer.resolve("127.0.0.2", 80).is_ok() && dialer.resolve("other.localhost", 80).is_err());
    }

    #[test]
    fn what_a_proxy_looks_up_is_not_judged_by_what_is_found_here() {
        let limits = Limits { deadline: Env::clock(), patience: Duration::ZERO, cancel: Arc::default() };
        let env = Env::made_of([("HTTP_PROXY", "proxy.test:3128")]);
        let settings = crate::system::docker::proxies::ProxySettings::default;
        let dialer = Dialer::new(limits, Proxies::of(&env, settings(), settings()));
        let near: SocketAddr = "127.0.0.1:443".parse().expect("an address");
        for host in ["h.test", "10.1.2.3"] {
            dialer.resolved.lock().expect("a list").insert(host.to_owned(), vec![near]);
        }
        let target = |scheme, host: &str| Target { scheme, host: host.to_owned(), port: 5000 };
        let (plain, tls) = (target(Scheme::Http, "h.test"), target(Scheme::Https, "h.test"));
        assert_eq!(dialer.judged(std::slice::from_ref(&tls)), [near.ip()]);
        assert!(dialer.judged(&[tls, plain]).is_empty());
        assert_eq!(dialer.judged(&[target(Scheme::Http, "10.1.2.3")]), [near.ip()], "an address needs no looking up");
        assert!(dialer.judged(&[target(Scheme::Https, "unknown.test")]).is_empty());
    }
}
