//! Each class made to happen.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::thread;

use super::super::double::{Authority, Fault, Reply, Seen, Server, plant};
use super::{Bench, Out, USER, by_password, by_token, issued, strict_issuer, through, token};
use crate::system::registry::checked::Checked;
use crate::system::registry::outcome::CLASSES;

/// Makes a class happen.
type Case = fn() -> Checked;

/// The classes that a registry, or what is in its place, makes happen.
const CASES: &[(Out, Case)] = &[
    (Out::OkProved, || Bench::new().try_at(&Server::plain(by_password).name())),
    (Out::OkUnproven, || {
        let server = by_token(|_| issued("opaque"), |_| true);
        Bench::new().try_at(&server.name())
    }),
    (Out::NoAuthRequired, || Bench::new().try_at(&Server::plain(|_| Reply::welcome()).name())),
    (Out::BadCredentials, || Bench::new().try_as(&Server::plain(by_password).name(), USER, "wrong password")),
    (Out::ExpiredToken, || {
        let server = Server::plain(|_| Reply::challenge("Basic realm=x"));
        Bench::new().try_as(&server.name(), "AWS", &token(r#"{"exp":1700000000}"#))
    }),
    (Out::MalformedSecret, || {
        let server = Server::plain(|seen| match seen.auth() {
            "" => Reply::challenge("Basic realm=x"),
            _ => Reply::new(400, &[], "Bad Request"),
        });
        Bench::new().try_at(&server.name())
    }),
    (Out::InsufficientScope, || {
        let server = Server::plain(|seen| match seen.auth() {
            "" => Reply::challenge("Basic realm=x"),
            _ => Reply::json(403, r#"{"errors":[{"code":"NAMESPACE","message":"not yours"}]}"#),
        });
        Bench::new().try_at(&server.name())
    }),
    (Out::TokenRejected, || Bench::new().try_at(&by_token(strict_issuer, |_| false).name())),
    (Out::LockedOut, || {
        let server = Server::plain(|seen| match seen.auth() {
            "" => Reply::challenge("Basic realm=x"),
            _ => Reply::new(429, &[("Retry-After", "900")], "too many failed login attempts"),
        });
        let checked = Bench::new().try_at(&server.name());
        assert!(checked.message.contains("900 s"), "{}", checked.message);
        assert_eq!(server.seen().iter().filter(|seen| !seen.auth().is_empty()).count(), 1);
        checked
    }),
    (Out::RateLimited, || Bench::new().try_at(&Server::plain(|_| Reply::new(429, &[], "")).name())),
    (Out::Forbidden, || Bench::new().try_at(&Server::plain(|_| Reply::new(403, &[], "no")).name())),
    (Out::ServerError, || Bench::new().try_at(&Server::plain(|_| Reply::new(503, &[], "down")).name())),
    (Out::NotARegistry, || {
        let server = Server::plain(|_| Reply::new(200, &[("Content-Type", "text/html")], "<html>Welcome"));
        Bench::new().try_at(&server.name())
    }),
    (Out::UnsupportedAuth, || Bench::new().try_at(&Server::plain(|_| Reply::challenge("Negotiate")).name())),
    (Out::RealmRefused, || {
        let server = Server::plain(|_| Reply::challenge(r#"Bearer realm="http://auth.example/token",service="x""#));
        let checked = Bench::new().try_at(&server.name());
        assert!(server.seen().iter().all(|seen| seen.auth().is_empty()), "nothing was sent");
        checked
    }),
    (Out::BadTokenAnswer, || {
        let portal = |_: &Seen| Reply::new(200, &[("Content-Type", "text/html")], "<!DOCTYPE html><title>Sign in");
        Bench::new().try_at(&by_token(portal, |_| true).name())
    }),
    (Out::HostileAnswer, || {
        let endless = |_: &Seen| Reply::raw(format!("HTTP/1.1 200 OK\r\nX: {}", "y".repeat(200_000)));
        Bench::new().try_at(&Server::plain(endless).name())
    }),
    (Out::DnsFailure, || Bench::new().patience(3000).try_at("no-such-name.invalid")),
    (Out::Refused, || {
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        Bench::new().try_at(&port.to_string())
    }),
    (Out::Reset, || {
        // What was not read when a socket is closed makes the kernel reset the connection.
        let server = Server::raw(|stream| drop(stream.peek(&mut [0])));
        Bench::new().strict().try_at(&server.name())
    }),
    // Linux has no way to the broadcast address.
    (Out::Unreachable, || Bench::new().patience(3000).try_at("255.255.255.255:5000")),
    (Out::TimeoutConnect, || {
        let full = full_port();
        Bench::new().strict().patience(700).try_at(&full.1)
    }),
    (Out::TimeoutTotal, || {
        let server = Server::raw(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
        Bench::new().strict().patience(700).try_at(&server.name())
    }),
    (Out::TlsUnknownCa, || {
        let server = Server::tls(Authority::new().server(Fault::Nothing), by_password);
        let checked = Bench::new().strict().try_at(&server.name());
        let advice = checked.advice.clone().unwrap_or_default();
        assert!(advice.ends_with(&format!("etc/docker/certs.d/{}/ca.crt", server.name())), "{advice}");
        checked
    }),
    (Out::TlsWrongName, || {
        let checked = with_fault(Fault::Name);
        assert!(checked.message.contains("\"other.example\""), "{}", checked.message);
        checked
    }),
    (Out::TlsExpired, || with_fault(Fault::Expired)),
    (Out::TlsNotYetValid, || with_fault(Fault::TooEarly)),
    (Out::TlsClientCertNeeded, || {
        let authority = Authority::new();
        let server = Server::tls(authority.asking_server(), by_password);
        let bench = Bench::new().strict();
        plant(bench.machine.path(), "etc/docker/certs.d", &server.name(), "ca.crt", &authority.pem);
        bench.try_at(&server.name())
    }),
    (Out::TlsFailed, || {
        // A fatal alert: handshake_failure (RFC 8446, 6.2).
        let server = Server::raw(|mut stream| {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]);
        });
        Bench::new().strict().try_at(&server.name())
    }),
    (Out::CertsUnusable, || {
        let bench = Bench::new();
        plant(bench.machine.path(), "etc/docker/certs.d", "h.test", "client.cert", "x");
        bench.try_at("h.test")
    }),
    (Out::PlainHttp, || {
        let server = Server::plain(by_password);
        let checked = Bench::new().strict().try_at(&server.name());
        assert!(server.seen().is_empty(), "nothing was sent");
        checked
    }),
    (Out::ProxyAuth, || through(|_| Reply::new(407, &[("Proxy-Authenticate", "Basic realm=x")], "")).1),
    (Out::ProxyRefused, || through(|_| Reply::new(403, &[], "not that one")).1),
    (Out::NoCredentials, || Bench::new().try_as("h.test", USER, "")),
    (Out::CalledOff, || {
        let bench = Bench::new();
        bench.conditions.cancel.store(true, Ordering::Relaxed);
        bench.try_at("127.0.0.1:9")
    }),
];

/// The classes that are made above this room (`ops/login_check`).
const ABOVE: &[Out] = &[Out::ClockSkew, Out::BadAddress, Out::HelperFailed, Out::StoreLocked];

fn with_fault(fault: Fault) -> Checked {
    let authority = Authority::new();
    let server = Server::tls(authority.server(fault), by_password);
    let bench = Bench::new().strict();
    plant(bench.machine.path(), "etc/docker/certs.d", &server.name(), "ca.crt", &authority.pem);
    let checked = bench.try_at(&server.name());
    assert!(server.seen().is_empty(), "nothing was sent");
    checked
}

/// A port whose queue is full: nobody gets through.
fn full_port() -> (Vec<std::os::fd::OwnedFd>, String) {
    use rustix::net::{AddressFamily, SocketType, bind, connect, getsockname, listen, socket, socket_with};
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    let any = std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0);
    bind(&listener, &any).expect("a port");
    listen(&listener, 0).expect("listens");
    let address = std::net::SocketAddr::try_from(getsockname(&listener).expect("a name")).expect("an address");
    let mut held = Vec::new();
    for _ in 0..4 {
        let flags = rustix::net::SocketFlags::NONBLOCK;
        let one = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).expect("a socket");
        let _ = connect(&one, &address);
        held.push(one);
    }
    held.push(listener);
    (held, address.to_string())
}

#[test]
fn every_class_happens() {
    let ran: Vec<(Out, Checked)> = thread::scope(|scope| {
        let running: Vec<_> = CASES.iter().map(|(out, case)| (*out, scope.spawn(case))).collect();
        running.into_iter().map(|(out, case)| (out, case.join().expect("a report"))).collect()
    });
    for (wanted, checked) in &ran {
        assert_eq!(checked.outcome, *wanted, "{checked:#?}");
        assert_eq!(checked.evidence.is_some(), wanted.is_fine(), "{checked:#?}");
        assert!(!checked.message.is_empty() && !checked.message.ends_with('.'), "{checked:#?}");
    }
    for class in CLASSES {
        let times = CASES.iter().filter(|(out, _)| *out == class.outcome).count();
        assert_eq!(times, usize::from(!ABOVE.contains(&class.outcome)), "{}", class.id);
    }
}
