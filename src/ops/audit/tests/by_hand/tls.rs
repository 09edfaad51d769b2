//! Who answers for a registry.

use super::*;
use crate::ops::audit::evidence::tls::{CertFault, CertFile, CertFolder, Client, TlsSeen, Unchecked};
use crate::ops::audit::finding::Spot;

fn unchecked(client: Client, name: &str) -> Evidence {
    let one = Unchecked { client, file: "/etc/x".into(), spot: Spot::Whole, name: name.to_owned() };
    let tls = TlsSeen { unchecked: vec![one], ..TlsSeen::default() };
    Evidence { tls, stored: Some(vec![RegistryKey::new("a.test:5000")]), ..mine() }
}

fn folder(host: &str, files: &[(&str, Option<CertFault>)]) -> Evidence {
    let path = std::path::PathBuf::from("/etc/docker/certs.d").join(host);
    let files = files.iter().map(|(name, fault)| CertFile { path: path.join(name), fault: *fault }).collect();
    let folder = CertFolder { path, host: host.to_owned(), files };
    let tls = TlsSeen { certificates: vec![folder], ..TlsSeen::default() };
    Evidence { tls, stored: Some(vec![RegistryKey::new("a.test:5000")]), ..mine() }
}

pub(super) const ROWS: &[ByHand] = &[
    ("TLS01", || unchecked(Client::Docker, "a.test:5000")),
    ("TLS02", || unchecked(Client::Docker, "192.168.0.0/16")),
    ("TLS02", || unchecked(Client::Docker, "127.0.0.0/7")),
    ("TLS03", || Evidence { stored: Some(vec![RegistryKey::new("http://a.test")]), ..mine() }),
    ("TLS04", || folder("a.test", &[("ca.crt", None)])),
    ("TLS04", || folder("a.test:5000", &[("client.cert", None)])),
    ("TLS04", || folder("a.test:5000", &[("ca.crt", Some(CertFault::NotPem))])),
    ("TLS06", || unchecked(Client::Containerd, "a.test:5000")),
];

#[test]
fn a_login_in_a_file_is_not_mended_in_the_store() {
    let fix = |evidence: &Evidence| answer(evidence, "TLS03").findings[0].fix.clone();
    let in_file = fix(&holding(AuthRole::Docker, "http://reg.test"));
    assert!(in_file.contains("/home/bob/.docker/config.json") && !in_file.contains("logout"), "{in_file}");
    let stored = fix(&Evidence { stored: Some(vec![RegistryKey::new("http://reg.test")]), ..mine() });
    assert!(stored.contains("regpass logout reg.test; ") && stored.contains("regpass login reg.test;"), "{stored}");
}
