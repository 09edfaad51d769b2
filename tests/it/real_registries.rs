//! The login check against real registries that are harder to reach: over TLS with an authority of their own, through proxies,
//! with tokens from a server beside them. Its verdict is held against that of skopeo and docker.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SigningKey};
use regpass::model::{Credential, Login, RegistryKey, Secret};
use regpass::system::docker::proxies::ProxySettings;
use regpass::system::env::Env;
use regpass::system::registry::address::Address;
use regpass::system::registry::certs::Trust;
use regpass::system::registry::checked::Checked;
use regpass::system::registry::insecure::Insecure;
use regpass::system::registry::outcome::LoginOutcome as Out;
use regpass::system::registry::proxies::Proxies;
use regpass::system::registry::{Conditions, try_login};
use serde_json::json;

use crate::support::registry::Registry;
use crate::support::{Sandbox, peer, run};

const USER: &str = "alice";
const PASSWORD: &str = "correct horse battery staple";

/// Asks as a machine would whose `/etc` is below `machine`.
fn check(machine: &Path, vars: &[(&str, &str)], name: &str, password: &str) -> Checked {
    let env = Env::made_of(vars.iter().copied().chain([("HOME", "/nonexistent")]));
    let proxies = Proxies::of(&env, ProxySettings::default(), ProxySettings::default());
    let trust = Arc::new(Trust::new(machine, None));
    let conditions = Conditions::new(&env, Insecure::default(), proxies, trust);
    let address = Address::of(&RegistryKey::new(name)).expect("an address");
    let credential = Credential::new(Login::new(USER), Secret::new(password.as_bytes().to_vec()));
    let checked = try_login(&address, &credential, &conditions);
    assert!(!format!("{checked:?}").contains(password), "{checked:?}");
    checked
}

/// Calls `serve` with each connection; answers its address. Ends with the tests' process.
fn listening(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Carries bytes both ways until both sides are done.
fn carry(mut here: TcpStream, target: &str) {
    let Ok(mut there) = TcpStream::connect(target) else { return };
    let (mut back, mut to) = (there.try_clone().expect("a stream"), here.try_clone().expect("a stream"));
    thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut here, &mut there);
    let _ = there.shutdown(std::net::Shutdown::Write);
}

fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A proxy that lets everything through, to `target` whatever name it is asked for, as its DNS would have it.
fn http_proxy(target: String) -> String {
    listening(move |mut stream| {
        if head(&mut stream).starts_with("CONNECT ") && stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_ok() {
            carry(stream, &target);
        }
    })
}

/// The same that speaks SOCKS 5 (RFC 1928), for names only.
fn socks_proxy(target: String) -> String {
    listening(move |mut stream| {
        let (mut greeting, mut request) = ([0; 3], [0; 5]);
        let greeted = stream.read_exact(&mut greeting).is_ok() && greeting == [5, 1, 0];
        if !greeted || stream.write_all(&[5, 0]).is_err() || stream.read_exact(&mut request).is_err() {
            return;
        }
        assert_eq!(request[..4], [5, 1, 0, 3], "a connection to a name");
        let mut rest = vec![0; usize::from(request[4]) + 2];
        if stream.read_exact(&mut rest).is_ok() && stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).is_ok() {
            carry(stream, &target);
        }
    })
}

fn plant(machine: &Path, registry: &str, authority: &str) -> PathBuf {
    let folder = machine.join("etc/docker/certs.d").join(registry);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("ca.crt"), authority).expect("a certificate");
    folder
}

/// An authority, and the files of a certificate of it for this name.
fn certified(folder: &Path, name: &str) -> (String, [PathBuf; 2]) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).expect("a certificate").pem();
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("params");
    let leaf = params.signed_by(&own, &issuer).expect("a certificate").pem();
    let files = ["server.crt", "server.key"].map(|file| folder.join(file));
    fs::write(&files[0], leaf).expect("written");
    fs::write(&files[1], own.serialize_pem()).expect("written");
    (authority, files)
}

/// An `htpasswd` file of alice alone.
fn accounts(sandbox: &Sandbox) -> Option<String> {
    peer("htpasswd")?;
    let file = sandbox.path().join("accounts");
    fs::write(&file, "").expect("the accounts");
    let args = ["-i", "-B", "-C", "4", file.to_str().expect("UTF-8"), USER];
    sandbox.run("htpasswd", &args, PASSWORD.as_bytes()).ok();
    Some(format!("{{htpasswd: {{realm: test, path: {}}}}}", file.display()))
}

#[test]
fn tls_with_an_authority_of_its_own_through_proxies() {
    let sandbox = Sandbox::new();
    let Some(auth) = accounts(&sandbox) else { return };
    let (authority, [certificate, key]) = certified(sandbox.path(), "registry.test");
    let Some(registry) = Registry::with(&sandbox, &auth, Some([&certificate, &key])) else { return };
    let machine = sandbox.path().join("machine");
    let proxy = format!("http://{}", http_proxy(registry.address().to_owned()));
    let vars = [("HTTPS_PROXY", proxy.as_str())];

    let unknown = check(&machine, &vars, "registry.test", PASSWORD);
    assert_eq!(unknown.outcome, Out::TlsUnknownCa, "{unknown:#?}");
    let folder = plant(&machine, "registry.test", &authority);
    assert!(unknown.advice.as_deref().is_some_and(|advice| advice.ends_with("certs.d/registry.test/ca.crt")));
    plant(&machine, "other.test", &authority);
    let named = check(&machine, &vars, "other.test", PASSWORD);
    assert_eq!(named.outcome, Out::TlsWrongName, "{named:#?}");
    let good = check(&machine, &vars, "registry.test", PASSWORD);
    assert_eq!(good.outcome, Out::OkProved, "{good:#?}");
    assert!(good.steps.iter().all(|step| step.url.starts_with("https://registry.test")), "{good:#?}");
    assert!(good.notes.iter().all(|note| note.starts_with("through the proxy")), "{good:#?}");
    assert_eq!(check(&machine, &vars, "registry.test", "wrong").outcome, Out::BadCredentials);
    let socks = format!("socks5://{}", socks_proxy(registry.address().to_owned()));
    let by_socks = check(&machine, &[("HTTPS_PROXY", &socks)], "registry.test", PASSWORD);
    assert_eq!(by_socks.outcome, Out::OkProved, "{by_socks:#?}");
    // This machine's own: Docker goes on without the authority, and that is told.
    let near = check(Path::new("/nonexistent"), &[], registry.address(), PASSWORD);
    assert!(
        near.outcome == Out::OkProved && near.notes.iter().any(|note| note.contains("was not checked")),
        "{near:#?}"
    );

    let Some(skopeo) = peer("skopeo") else { return };
    let skopeo = |password: &str, certificates: &Path| {
        let mut command = sandbox.command(&skopeo);
        command.args(["login", "-u", USER, "--password-stdin", "--authfile"]).arg(sandbox.path().join("auth.json"));
        command.arg("--cert-dir").arg(certificates).arg("registry.test").env("HTTPS_PROXY", &proxy);
        run(&mut command, password.as_bytes())
    };
    let none = sandbox.path().join("none");
    fs::create_dir(&none).expect("a folder");
    assert!(skopeo(PASSWORD, &none).err().contains("certificate"));
    skopeo(PASSWORD, &folder).ok();
    assert!(skopeo("wrong", &folder).err().contains("invalid username/password"));
}

/// Who signs a registry's tokens.
struct Signer {
    key: KeyPair,
    certificate: Vec<u8>,
    pem: String,
}

impl Signer {
    fn new() -> Signer {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["tokens.test".to_owned()]).expect("params");
        let certificate = params.self_signed(&key).expect("a certificate");
        Signer { key, certificate: certificate.der().to_vec(), pem: certificate.pem() }
    }

    /// As the registry expects it (distribution, `registry/auth/token`): ES256, with the certificate in its head.
    fn token(&self, user: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
        let head = json!({"alg": "ES256", "typ": "JWT", "x5c": [STANDARD.encode(&self.certificate)]});
        let claims = json!({
            "iss": "tokens", "sub": user, "aud": "registry", "nbf": now - 5, "iat": now, "exp": now + 300, "jti": "1",
            "access": [],
        });
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(head.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.sign(text.as_bytes()).expect("a signature");
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(as_numbers(&signature)))
    }

    /// A server that gives tokens to alice alone.
    fn serve(self) -> String {
        let right = format!("authorization: basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}"))).to_lowercase();
        listening(move |mut stream| {
            let is_right = head(&mut stream).lines().any(|line| line.to_lowercase() == right);
            let (status, body) = match is_right {
                true => ("200 OK", json!({"token": self.token(USER)}).to_string()),
                false => ("401 Unauthorized", json!({"details": "incorrect username or password"}).to_string()),
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
            let _ = write!(stream, "{head}\r\nConnection: close\r\n\r\n{body}");
        })
    }
}

/// The two numbers of a signature in DER (RFC 3279, 2.2.3), 32 bytes each, as JSON web signatures have them.
fn as_numbers(signature: &[u8]) -> Vec<u8> {
    let mut rest = &signature[2..];
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let (number, after) = rest[2..].split_at(usize::from(rest[1]));
        rest = after;
        let number = if number.len() > 32 { &number[number.len() - 32..] } else { number };
        numbers.extend(std::iter::repeat_n(0, 32 - number.len()));
        numbers.extend_from_slice(number);
    }
    numbers
}

/// A registry that takes tokens of `trusted`, which `server` hands out.
fn of_tokens(sandbox: &Sandbox, trusted: &str, server: &str) -> Option<Registry> {
    let bundle = sandbox.path().join(format!("{}.pem", server.replace(':', "-")));
    fs::write(&bundle, trusted).expect("the certificates");
    let auth = format!(
        "{{token: {{realm: 'http://{server}/token', service: registry, issuer: tokens, rootcertbundle: {}}}}}",
        bundle.display()
    );
    Registry::with(sandbox, &auth, None)
}

#[test]
fn a_real_registry_takes_the_token_and_docker_agrees() {
    let sandbox = Sandbox::new();
    let (good, stranger) = (Signer::new(), Signer::new());
    let trusted = good.pem.clone();
    let Some(registry) = of_tokens(&sandbox, &trusted, &good.serve()) else { return };
    let Some(astray) = of_tokens(&sandbox, &trusted, &stranger.serve()) else { return };
    let machine = Path::new("/nonexistent");
    let docker = peer("docker");
    for (registry, password, outcome) in [
        (&registry, PASSWORD, Out::OkProved),
        (&registry, "wrong", Out::BadCredentials),
        (&astray, PASSWORD, Out::TokenRejected),
    ] {
        let checked = check(machine, &[], registry.address(), password);
        assert_eq!(checked.outcome, outcome, "{checked:#?}");
        assert_eq!(checked.account.as_deref(), Some(USER).filter(|_| outcome == Out::OkProved));
        if outcome == Out::BadCredentials {
            assert_eq!(checked.said.as_deref(), Some("incorrect username or password"));
        }
        let Some(docker) = &docker else { continue };
        // Docker looks for a helper only where its file says nothing.
        let config = sandbox.path().join("docker");
        fs::create_dir_all(&config).expect("a folder");
        fs::write(config.join("config.json"), r#"{"auths":{"other.test":{}}}"#).expect("config.json");
        let mut command = sandbox.command(docker);
        command.arg("--host").arg(format!("unix://{}", sandbox.path().join("no-daemon").display()));
        command.arg("--config").arg(&config);
        command.args(["login", "-u", USER, "--password-stdin", registry.address()]);
        let told = run(&mut command, password.as_bytes());
        assert_eq!(told.code == 0, outcome == Out::OkProved, "{outcome:?}: {}{}", told.out(), told.err());
    }
}
