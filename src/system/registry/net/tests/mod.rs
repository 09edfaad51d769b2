//! Checks against servers of our own: what is asked, what is proved, and what a check never does whatever they answer.

#![cfg(feature = "net")]

mod classes;
mod on_request;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::address::Address;
use super::certs::Trust;
use super::checked::{Checked, Purpose};
use super::double::{Authority, Fault, Reply, Seen, Server, plant, self_signed_server};
use super::insecure::Insecure;
use super::outcome::{Evidence, LoginOutcome};
use super::proxies::Proxies;
use super::{Conditions, try_login};
use crate::model::{Credential, Login, RegistryKey, Secret};
use crate::system::docker::proxies::ProxySettings;
use crate::system::env::Env;

use LoginOutcome as Out;

const USER: &str = "alice";
const SECRET: &str = "correct horse battery staple";

/// A place to test in: its own certificates, its own proxies.
struct Bench {
    machine: tempfile::TempDir,
    conditions: Conditions,
}

impl Bench {
    fn new() -> Bench {
        Bench::with(&[])
    }

    fn with(vars: &[(&str, &str)]) -> Bench {
        let machine = tempfile::tempdir().expect("a folder");
        let env = Env::made_of(vars.iter().copied().chain([("HOME", "/nonexistent")]));
        let proxies = Proxies::of(&env, ProxySettings::default(), ProxySettings::default());
        let trust = Arc::new(Trust::new(machine.path(), None));
        let mut conditions = Conditions::new(&env, Insecure::default(), proxies, trust);
        conditions.timeout = Duration::from_secs(10);
        Bench { machine, conditions }
    }

    /// Loopback is as far away as everything else.
    fn strict(mut self) -> Bench {
        self.conditions.insecure = Insecure::default().strictly();
        self
    }

    fn patience(mut self, millis: u64) -> Bench {
        self.conditions.timeout = Duration::from_millis(millis);
        self
    }

    fn try_as(&self, name: &str, user: &str, secret: &str) -> Checked {
        let address = Address::of(&RegistryKey::new(name)).expect("an address");
        let credential = Credential::new(Login::new(user), Secret::new(secret.as_bytes().to_vec()));
        let checked = try_login(&address, &credential, &self.conditions);
        assert_no_secret(&checked, secret);
        checked
    }

    fn try_at(&self, name: &str) -> Checked {
        self.try_as(name, USER, SECRET)
    }
}

/// No report holds the secret, however it was sent.
fn assert_no_secret(checked: &Checked, secret: &str) {
    let told = format!("{checked:?}");
    let basic = STANDARD.encode(format!("{USER}:{secret}"));
    for hidden in [secret, &basic].into_iter().filter(|hidden| !hidden.is_empty()) {
        assert!(!told.contains(hidden), "{told}");
    }
}

fn basic_auth() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{SECRET}")))
}

/// A registry with passwords.
fn by_password(seen: &Seen) -> Reply {
    if seen.auth() == basic_auth() { Reply::welcome() } else { Reply::challenge(r#"Basic realm="x""#) }
}

fn token(claims: &str) -> String {
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

/// A registry with tokens: `/token` is asked with `issue`, `/v2/` takes what `takes` says.
fn by_token(
    issue: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    takes: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> Server {
    Server::plain(move |seen| {
        if seen.path.starts_with("/token") {
            return issue(seen);
        }
        match seen.auth().strip_prefix("Bearer ") {
            Some(token) if takes(token) => Reply::welcome(),
            Some(_) => Reply::challenge(r#"Bearer realm="x",service="s",error="invalid_token""#),
            None => {
                let host = seen.headers.get("host").cloned().unwrap_or_default();
                Reply::challenge(&format!(r#"Bearer realm="http://{host}/token",service="reg istry""#))
            }
        }
    })
}

fn issued(token: &str) -> Reply {
    Reply::json(200, &format!(r#"{{"token":"{token}","expires_in":300}}"#))
}

/// Refuses everybody but us.
fn strict_issuer(seen: &Seen) -> Reply {
    if seen.auth() == basic_auth() {
        return issued(&token(r#"{"sub":"alice"}"#));
    }
    Reply::json(401, r#"{"details":"incorrect username or password"}"#)
}

/// A proxy with this answer to `CONNECT`, and what a check through it finds.
fn through(answer: fn(&Seen) -> Reply) -> (Server, Checked) {
    let proxy = Server::plain(answer);
    let url = format!("http://bob:prox%79pw@{}", proxy.name());
    let checked = Bench::with(&[("HTTPS_PROXY", &url)]).try_at("registry.test");
    assert!(!format!("{checked:?}").contains("proxypw"));
    (proxy, checked)
}

#[test]
fn a_password_is_proved_by_the_refusal_without_it() {
    let server = Server::plain(by_password);
    let checked = Bench::new().try_at(&server.name());
    assert_eq!((checked.outcome, checked.evidence), (Out::OkProved, Some(Evidence::Proved)), "{checked:#?}");
    assert_eq!(checked.account.as_deref(), Some(USER));
    let auths: Vec<String> = server.seen().iter().map(|seen| seen.auth().to_owned()).collect();
    assert_eq!(auths, [String::new(), basic_auth()]);
    assert!(checked.notes.iter().any(|note| note.ends_with("does not leave this machine")), "{:?}", checked.notes);
}

#[test]
fn a_token_server_is_asked_without_a_scope_and_once_with_the_login() {
    let server = by_token(strict_issuer, |_| true);
    let checked = Bench::new().try_at(&server.name());
    assert_eq!((checked.outcome, checked.account.as_deref()), (Out::OkProved, Some("alice")), "{checked:#?}");
    let purposes: Vec<Purpose> = checked.steps.iter().map(|step| step.purpose).collect();
    // The first one speaks TLS to a server that knows none.
    assert_eq!(purposes, [Purpose::Ping, Purpose::Ping, Purpose::Control, Purpose::Login, Purpose::Proof]);
    let asked: Vec<Seen> = server.seen().into_iter().filter(|seen| seen.path.starts_with("/token")).collect();
    assert_eq!(asked[1].path, "/token?service=reg%20istry&account=alice&client_id=regpass");
    assert!(asked.iter().all(|seen| !seen.path.contains("scope") && !seen.path.contains("offline")));
    assert_eq!(asked.iter().filter(|seen| seen.auth() == basic_auth()).count(), 1);
    assert!(checked.steps.iter().all(|step| !step.url.contains('=')), "{:?}", checked.steps);
}

#[test]
fn what_everybody_gets_proves_nothing_unless_the_token_says_more() {
    let anonymous = |seen: &Seen| {
        let claims = if seen.auth().is_empty() { r#"{"sub":""}"# } else { r#"{"sub":"alice"}"# };
        issued(&token(claims))
    };
    let named = Bench::new().try_at(&by_token(anonymous, |_| true).name());
    assert_eq!((named.outcome, named.account.as_deref()), (Out::OkProved, Some("alice")), "{named:#?}");
    let nobody = Bench::new().try_at(&by_token(|_| issued(&token("{}")), |_| true).name());
    assert_eq!((nobody.outcome, nobody.evidence), (Out::OkUnproven, Some(Evidence::Accepted)), "{nobody:#?}");
    let opaque = |seen: &Seen| issued(if seen.auth().is_empty() { "nobodys" } else { "ours" });
    let told_apart = Bench::new().try_at(&by_token(opaque, |token| token == "ours").name());
    assert_eq!(told_apart.outcome, Out::OkProved, "{told_apart:#?}");
    assert_eq!(Bench::new().try_at(&by_token(opaque, |_| true).name()).outcome, Out::OkUnproven);
}

#[test]
fn an_identity_token_is_posted_and_never_shown_as_a_password() {
    let issuer = |seen: &Seen| match (seen.method.as_str(), seen.body.contains("refresh_token=rt%2Falice")) {
        ("POST", true) => Reply::json(200, r#"{"access_token":"fresh"}"#),
        ("POST", false) => Reply::json(400, r#"{"error":"invalid_grant","error_description":"no such token"}"#),
        _ => Reply::json(401, "{}"),
    };
    let server = by_token(issuer, |token| token == "fresh");
    let checked = Bench::new().try_as(&server.name(), "<token>", "rt/alice");
    assert_eq!(checked.outcome, Out::OkProved, "{checked:#?}");
    assert!(server.seen().iter().all(|seen| !seen.auth().starts_with("Basic")));
    let wrong = Bench::new().try_as(&server.name(), "<token>", "stale token");
    assert_eq!((wrong.outcome, wrong.said.as_deref()), (Out::BadCredentials, Some("no such token")), "{wrong:#?}");
    let basic = Bench::new().try_as(&Server::plain(by_password).name(), "<token>", "rt/alice");
    assert_eq!(basic.outcome, Out::UnsupportedAuth);
}

#[test]
fn known_refusals_are_told_for_what_they_are() {
    let at = |status: u16, body: &'static str| {
        let server = by_token(
            move |seen: &Seen| if seen.auth().is_empty() { Reply::json(401, "{}") } else { Reply::json(status, body) },
            |_| true,
        );
        Bench::new().try_at(&server.name())
    };
    // GitHub's; Amazon's; Docker Hub's after too many.
    let denied = at(403, r#"{"errors":[{"code":"DENIED","message":"denied"}]}"#);
    assert_eq!((denied.outcome, denied.said.as_deref()), (Out::BadCredentials, Some("DENIED: denied")));
    let expired = at(403, "Your authorization token has expired. Reauthenticate and try again.");
    assert_eq!(expired.outcome, Out::ExpiredToken);
    assert_eq!(at(429, "").outcome, Out::LockedOut);
    assert_eq!(at(502, "").outcome, Out::ServerError);
    // Harbor refuses whoever names no scope; the login makes the difference.
    assert_eq!(at(200, r#"{"token":"x"}"#).outcome, Out::OkProved);
}

#[test]
fn what_a_server_repeats_is_not_shown() {
    let echo = |seen: &Seen| match seen.auth() {
        "" => Reply::challenge("Basic realm=x"),
        auth => Reply::new(
            401,
            &[("Server", &format!("echo {auth}")), ("Content-Type", "text/plain")],
            &format!("wrong password: {SECRET}"),
        ),
    };
    let checked = Bench::new().try_at(&Server::plain(echo).name());
    assert_eq!(checked.outcome, Out::BadCredentials);
    assert_eq!(checked.said.as_deref(), Some("(not shown: it repeats the secret)"));
}

#[test]
fn no_redirect_is_followed_with_a_login() {
    let trap = Server::plain(|_| Reply::welcome());
    let location = format!("http://{}/v2/", trap.name());
    let server = Server::plain(move |seen| match seen.auth() {
        "" => Reply::challenge("Basic realm=x"),
        _ => Reply::new(307, &[("Location", &location)], ""),
    });
    assert_eq!(Bench::new().try_at(&server.name()).outcome, Out::NotARegistry);
    assert!(trap.seen().is_empty());
}

#[test]
fn a_check_ends_with_its_time_whatever_the_server_does() {
    // A byte now and then, for ever: the head, and a body.
    for start in ["HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 401 X\r\nWww-Authenticate: Basic\r\nContent-Length: 999\r\n\r\n"]
    {
        let server = Server::raw(move |mut stream| {
            let mut first = [0];
            if stream.peek(&mut first).is_ok() && first[0] == 0x16 {
                let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
                return;
            }
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(start.as_bytes());
            while stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(50));
            }
        });
        let began = Env::clock();
        let checked = Bench::new().patience(900).try_at(&server.name());
        assert_eq!(checked.outcome, Out::TimeoutTotal, "{checked:#?}");
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}

#[test]
fn bodies_are_bounded() {
    let huge = |seen: &Seen| match seen.auth() {
        "" => Reply::new(401, &[("Www-Authenticate", "Basic realm=x")], &"x".repeat(3_000_000)),
        _ => Reply::new(200, &[("Docker-Distribution-Api-Version", "registry/2.0")], &"y".repeat(3_000_000)),
    };
    assert_eq!(Bench::new().try_at(&Server::plain(huge).name()).outcome, Out::OkProved);
    let huge_token = |_: &Seen| issued(&"z".repeat(400_000));
    assert_eq!(Bench::new().try_at(&by_token(huge_token, |_| true).name()).outcome, Out::BadTokenAnswer);
}

#[test]
fn certificates_are_docker_s() {
    let authority = Authority::new();
    let server = Server::tls(authority.server(Fault::Nothing), by_password);
    let bench = Bench::new().strict();
    plant(bench.machine.path(), "etc/containers/certs.d", &server.name(), "ca.crt", &authority.pem);
    let podmans = bench.try_at(&server.name());
    assert_eq!(podmans.outcome, Out::OkProved, "{podmans:#?}");
    assert!(podmans.notes.iter().any(|note| note.contains("Docker will refuse it")), "{:?}", podmans.notes);
    plant(bench.machine.path(), "etc/docker/certs.d", &server.name(), "ca.crt", &authority.pem);
    let dockers = bench.try_at(&server.name());
    assert_eq!((dockers.outcome, dockers.notes.len()), (Out::OkProved, 0), "{dockers:#?}");
}

#[test]
fn a_certificate_that_is_its_own_authority_is_trusted_as_in_go() {
    let (config, pem) = self_signed_server();
    let server = Server::tls(config, by_password);
    let bench = Bench::new().strict();
    assert_eq!(bench.try_at(&server.name()).outcome, Out::TlsUnknownCa);
    plant(bench.machine.path(), "etc/docker/certs.d", &server.name(), "ca.crt", &pem);
    let checked = bench.try_at(&server.name());
    assert_eq!(checked.outcome, Out::OkProved, "{checked:#?}");
}

#[test]
fn a_client_s_certificate_is_shown() {
    let authority = Authority::new();
    let server = Server::tls(authority.asking_server(), by_password);
    let bench = Bench::new().strict();
    let (cert, key) = authority.client_pair();
    for (file, text) in [("ca.crt", &authority.pem), ("client.cert", &cert), ("client.key", &key)] {
        plant(bench.machine.path(), "etc/docker/certs.d", &server.name(), file, text);
    }
    let checked = bench.try_at(&server.name());
    assert_eq!(checked.outcome, Out::OkProved, "{checked:#?}");
}

#[test]
fn on_this_machine_a_bad_certificate_is_passed_over_as_docker_does_and_told() {
    let server = Server::tls(Authority::new().server(Fault::Expired), by_password);
    let checked = Bench::new().try_at(&server.name());
    assert_eq!(checked.outcome, Out::OkProved, "{checked:#?}");
    assert!(checked.notes.iter().any(|note| note.contains("was not checked")), "{:?}", checked.notes);
}

#[test]
fn a_proxy_is_asked_for_a_tunnel_with_its_own_login() {
    let (proxy, checked) = through(|_| Reply::new(502, &[], ""));
    assert!(checked.message.contains("502"), "{}", checked.message);
    let seen = proxy.seen();
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("CONNECT", "registry.test:443"));
    let wanted = format!("Basic {}", STANDARD.encode("bob:proxypw"));
    assert_eq!(seen[0].headers.get("proxy-authorization"), Some(&wanted));
    let nowhere = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let refused = Bench::with(&[("HTTPS_PROXY", &nowhere.to_string())]).try_at("registry.test");
    assert_eq!(refused.outcome, Out::ProxyRefused);
    assert!(refused.message.contains(&nowhere.to_string()), "{}", refused.message);
    let broken = Bench::with(&[("HTTPS_PROXY", "ftp://x")]).try_at("registry.test");
    assert_eq!(broken.outcome, Out::ProxyRefused);
}

#[test]
fn line_ends_and_colons_are_seen_before_anything_is_sent() {
    let server = Server::plain(by_password);
    for (user, secret) in [(USER, "pw\r"), (USER, "p\nw"), ("a:b", "pw"), (USER, "p\0w")] {
        assert_eq!(Bench::new().try_as(&server.name(), user, secret).outcome, Out::MalformedSecret, "{secret:?}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn a_clock_that_differs_is_told() {
    let late = |seen: &Seen| match seen.auth() {
        "" => Reply::new(401, &[("Www-Authenticate", "Basic"), ("Date", "Fri, 01 Jan 2100 00:00:00 GMT")], ""),
        _ => Reply::welcome(),
    };
    let checked = Bench::new().try_at(&Server::plain(late).name());
    assert!(checked.skew.is_some_and(|skew| skew > 1_000_000), "{:?}", checked.skew);
    assert!(checked.notes.iter().any(|note| note.contains("behind the server's")), "{:?}", checked.notes);
}

/// One that takes passwords with or without encryption, at a place that is not this machine's.
fn both_ways(fault: Fault) -> (Authority, Server, Bench) {
    let authority = Authority::new();
    let server = Server::tls(authority.server(fault), by_password);
    let mut bench = Bench::new().strict();
    bench.conditions.plain_http = true;
    (authority, server, bench)
}

#[test]
fn leave_to_go_without_encryption_is_none_to_pass_over_a_certificate() {
    for (fault, outcome) in
        [(Fault::Name, Out::TlsWrongName), (Fault::Expired, Out::TlsExpired), (Fault::TooEarly, Out::TlsNotYetValid)]
    {
        let (authority, server, bench) = both_ways(fault);
        plant(bench.machine.path(), "etc/docker/certs.d", &server.name(), "ca.crt", &authority.pem);
        let checked = bench.try_at(&server.name());
        assert_eq!((checked.outcome, server.seen().len()), (outcome, 0), "{checked:#?}");
    }
    let (_, server, bench) = both_ways(Fault::Nothing);
    let checked = bench.try_at(&server.name());
    assert_eq!((checked.outcome, server.seen().len()), (Out::TlsUnknownCa, 0), "{checked:#?}");
    // It is for those that have no encryption.
    let plain = Server::plain(by_password);
    assert_eq!(bench.try_at(&plain.name()).outcome, Out::OkProved);
}

#[test]
fn a_registry_that_encrypts_sends_no_login_to_where_nobody_does() {
    let authority = Authority::new();
    let server = Server::tls(authority.server(Fault::Nothing), |seen| match seen.path.starts_with("/token") {
        true => issued(&token(r#"{"sub":"alice"}"#)),
        false => {
            let host = seen.headers.get("host").cloned().unwrap_or_default();
            Reply::challenge(&format!(r#"Bearer realm="http://{host}/token""#))
        }
    });
    let mut bench = Bench::new().strict();
    bench.conditions.plain_http = true;
    plant(bench.machine.path(), "etc/docker/certs.d", &server.name(), "ca.crt", &authority.pem);
    let checked = bench.try_at(&server.name());
    assert_eq!(checked.outcome, Out::RealmRefused, "{checked:#?}");
    assert!(server.seen().iter().all(|seen| seen.auth().is_empty()));
}

/// An answer that ends before its end.
fn broken_off(content_type: &str, body: &str) -> Reply {
    Reply::raw(format!(
        "HTTP/1.1 200 X\r\nContent-Type: {content_type}\r\nContent-Length: 4000\r\nConnection: close\r\n\r\n{body}"
    ))
}

#[test]
fn an_answer_to_nobody_that_cannot_be_read_is_no_refusal() {
    let anonymous: [fn() -> Reply; 4] = [
        || broken_off("application/json", r#"{"token":"nobo"#),
        || Reply::new(200, &[("Content-Type", "text/html")], "<html>sign in"),
        || Reply::json(200, "[]"),
        || issued(&"z".repeat(400_000)),
    ];
    for answer in anonymous {
        let issue = move |seen: &Seen| if seen.auth().is_empty() { answer() } else { issued("ours") };
        let checked = Bench::new().try_at(&by_token(issue, |token| token == "ours").name());
        assert_eq!((checked.outcome, checked.evidence), (Out::OkUnproven, Some(Evidence::Accepted)), "{checked:#?}");
        assert!(checked.message.contains("cannot be read"), "{}", checked.message);
    }
}

#[test]
fn a_token_that_breaks_off_is_not_told() {
    for content_type in ["application/json", "text/plain", ""] {
        let issue = move |seen: &Seen| match seen.auth() {
            "" => Reply::json(401, "{}"),
            _ => broken_off(content_type, r#"{"token":"t0ken-that-opens-everything"#),
        };
        let checked = Bench::new().try_at(&by_token(issue, |_| true).name());
        assert_eq!(checked.outcome, Out::BadTokenAnswer, "{checked:#?}");
        assert!(!format!("{checked:?}").contains("t0ken"), "{checked:#?}");
    }
}
