//! Keys, rings and messages as GnuPG and pass write them, without either.

use std::sync::LazyLock;
use std::time::Duration;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::serialize::Serialize;

use super::*;
use crate::model::{RegistryKey, Secret};
use crate::system::agent::Keygrip;
use crate::system::cipher::seal::{Style, seal};
use crate::system::keyring::encrypting_keys;
use crate::system::store::layout;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn made(name: &str, age: Duration, lives: Option<Duration>) -> Cert {
    let builder = CertBuilder::new().add_userid(format!("{name} <{name}@example.test>"));
    let builder = builder.set_creation_time(Env::made_of([("HOME", "/")]).unstopped() - age).set_validity_period(lives);
    builder.add_transport_encryption_subkey().generate().expect("a key").0
}

pub(super) static ALICE: LazyLock<Cert> = LazyLock::new(|| made("alice", DAY, None));
pub(super) static EVE: LazyLock<Cert> = LazyLock::new(|| made("eve", DAY, None));
pub(super) static OLD: LazyLock<Cert> = LazyLock::new(|| made("old", DAY * 400, Some(DAY * 365)));
pub(super) static SOON: LazyLock<Cert> = LazyLock::new(|| made("soon", DAY * 355, Some(DAY * 365)));

/// Their public keys, all trusted as one's own are (g10/tdbio.h: a version record, and a trust record a key).
pub(super) fn ring(bench: &Bench, certs: &[&Cert]) {
    let mut ring = Vec::new();
    let mut trust = vec![0; 40];
    trust[..5].copy_from_slice(&[1, b'g', b'p', b'g', 3]);
    trust[8] = 1;
    for cert in certs {
        cert.serialize(&mut ring).expect("written");
        let mut record = vec![0; 40];
        record[0] = 12;
        record[2..22].copy_from_slice(cert.fingerprint().as_bytes());
        record[22] = 6;
        trust.extend(record);
    }
    bench.put("home/.gnupg/gpg.conf", "");
    std::fs::write(bench.at("home/.gnupg/pubring.gpg"), ring).expect("a ring");
    std::fs::write(bench.at("home/.gnupg/trustdb.gpg"), trust).expect("a trust database");
}

/// gpg-agent's file of a secret key, as far as it tells what guards it.
pub(super) fn secret(bench: &Bench, cert: &Cert, word: &str) {
    for grip in encrypting_keys(cert).iter().filter_map(Keygrip::of) {
        bench.put(&format!("home/.gnupg/private-keys-v1.d/{grip}.key"), &format!("Key: ({word} (ecc (curve"));
    }
}

pub(super) fn readers(bench: &Bench, folder: &str, certs: &[&Cert]) {
    let lines: String = certs.iter().map(|cert| format!("{}\n", cert.fingerprint())).collect();
    bench.put(&format!("home/.password-store/{folder}.gpg-id"), &lines);
}

fn sealed(bench: &Bench, name: &str, text: &str, certs: &[&Cert]) {
    let keys: Vec<_> = certs.iter().flat_map(|cert| encrypting_keys(cert)).collect();
    let message = seal(&Secret::new(text.into()), &keys, Style::default()).expect("sealed");
    let path = format!("home/.password-store/{name}.gpg");
    bench.put(&path, "");
    std::fs::write(bench.at(&path), message).expect("an entry");
}

pub(super) fn entry(bench: &Bench, name: &str, certs: &[&Cert]) {
    sealed(bench, name, SECRET, certs);
}

fn place(server: &str, user: &str) -> String {
    let folder = layout::registry_folder(&RegistryKey::new(server)).expect("a folder");
    format!("{}/{user}", folder.display())
}

pub(super) fn login(bench: &Bench, server: &str, user: &str, certs: &[&Cert]) {
    entry(bench, &place(server, user), certs);
}

/// A login of Alice's with this secret.
pub(super) fn login_text(bench: &Bench, server: &str, user: &str, text: &str) {
    sealed(bench, &place(server, user), text, &[&ALICE]);
}

/// A store of Alice's with a login of bob at a.test, as it should be.
pub(super) fn sound(bench: &Bench) {
    ring(bench, &[&ALICE, &EVE]);
    secret(bench, &ALICE, "protected-private-key");
    readers(bench, "", &[&ALICE]);
    login(bench, "a.test", "bob", &[&ALICE]);
    bench.docker(r#"{"auths":{"a.test":{}},"credsStore":"pass"}"#);
}
