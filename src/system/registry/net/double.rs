//! Registries and token servers that do one thing each, in this process, for tests: good ones, broken ones, hostile ones.

#![cfg(feature = "net")]

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

/// A request as a server sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn auth(&self) -> &str {
        self.headers.get("authorization").map_or("", String::as_str)
    }
}

/// The bytes of an answer.
pub(crate) struct Reply(Vec<u8>);

impl Reply {
    pub(crate) fn new(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
        headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        Reply((text + "\r\n" + body).into_bytes())
    }

    pub(crate) fn raw(bytes: impl Into<Vec<u8>>) -> Reply {
        Reply(bytes.into())
    }

    pub(crate) fn json(status: u16, body: &str) -> Reply {
        Reply::new(status, &[("Content-Type", "application/json")], body)
    }

    /// What a registry says to nobody.
    pub(crate) fn challenge(challenge: &str) -> Reply {
        let headers = [("Www-Authenticate", challenge), ("Docker-Distribution-Api-Version", "registry/2.0")];
        Reply::new(401, &headers, r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#)
    }

    pub(crate) fn welcome() -> Reply {
        Reply::new(200, &[("Docker-Distribution-Api-Version", "registry/2.0")], "{}")
    }
}

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

/// A server on a loopback port until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Answers plain HTTP.
    pub(crate) fn plain(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        Server::serving(None, answer)
    }

    /// Answers HTTP over TLS; also without, to whoever does not ask for it.
    pub(crate) fn tls(config: ServerConfig, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        Server::serving(Some(Arc::new(config)), answer)
    }

    fn serving(tls: Option<Arc<ServerConfig>>, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        let mut server = Server::raw(move |stream| {
            let mut first = [0];
            let is_tls = stream.peek(&mut first).is_ok() && first[0] == 0x16;
            let mut stream: Box<dyn Both> = match &tls {
                Some(tls) if is_tls => {
                    Box::new(StreamOwned::new(ServerConnection::new(tls.clone()).expect("a server"), stream))
                }
                // As servers do that are asked for TLS and know none.
                None if is_tls => {
                    let mut stream = stream;
                    let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n");
                    let _ = stream.read(&mut [0; 4096]);
                    return;
                }
                Some(_) | None => Box::new(stream),
            };
            let Ok(request) = read_request(&mut stream) else { return };
            noted.lock().expect("a list").push(request.clone());
            let _ = stream.write_all(&answer(&request).0);
            let _ = stream.flush();
        });
        server.seen = seen;
        server
    }

    /// Does what it likes with each connection.
    pub(crate) fn raw(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, handle) = (stop.clone(), Arc::new(handle));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let handle = handle.clone();
                let Ok(stream) = stream else { return };
                // A test that fails ends nonetheless.
                let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
                thread::spawn(move || handle(stream));
            }
        });
        Server { address, seen: Arc::default(), stop }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn name(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("a list").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
    }
}

fn read_request(stream: &mut dyn Both) -> io::Result<Seen> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Seen { method, path, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

/// A certificate authority that only a test knows.
pub(crate) struct Authority {
    pub(crate) pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    Name,
    Expired,
    TooEarly,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Authority { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    /// A certificate of this authority, and its key.
    pub(crate) fn leaf(&self, fault: Fault) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(fault).signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.der().clone(), PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    /// A server of this authority.
    pub(crate) fn server(&self, fault: Fault) -> ServerConfig {
        let (certificate, key) = self.leaf(fault);
        config(certificate, key)
    }

    /// A server that wants to see a certificate of this authority.
    pub(crate) fn asking_server(&self) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).expect("added");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let (certificate, key) = self.leaf(Fault::Nothing);
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(verifier.build().expect("a verifier"))
            .with_single_cert(vec![certificate], key)
            .expect("a configuration")
    }

    /// A client's pair as files have it.
    pub(crate) fn client_pair(&self) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["client".to_owned()]).expect("params");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

/// A server with a certificate that is its own authority, as `openssl req -x509` makes them; and that in PEM.
pub(crate) fn self_signed_server() -> (ServerConfig, String) {
    let key = KeyPair::generate().expect("a key");
    let mut params = params(Fault::Nothing);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("a certificate");
    let private = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    (config(certificate.der().clone(), private), certificate.pem())
}

fn params(fault: Fault) -> CertificateParams {
    let name = if fault == Fault::Name { "other.example" } else { "127.0.0.1" };
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("params");
    let years = match fault {
        Fault::Expired => (2001, 2002),
        Fault::TooEarly => (4000, 4001),
        Fault::Nothing | Fault::Name => (2001, 4000),
    };
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    params
}

fn config(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a configuration")
}

/// Puts a file into the folder of a registry's certificates.
pub(crate) fn plant(machine: &Path, folder: &str, name: &str, file: &str, text: &str) {
    let folder = machine.join(folder).join(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(file), text).expect("written");
}
