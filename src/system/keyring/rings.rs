//! Where the GnuPG home keeps its certificates, and how one is found there: keyboxd, pubring.kbx or pubring.gpg, as gpg
//! chooses.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sequoia_openpgp::cert::raw::{RawCert, RawCertParser};
use sequoia_openpgp::packet::{Signature, UserID};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::{Cert, Fingerprint, KeyHandle, KeyID};

use super::keybox::{Depth, Keybox, Record, Wanted};
use super::recipients::contains;
use super::{Keyring, KeyringError, OwnedKey, PublicKey, keyboxd};
use crate::model::text;
use crate::system::files;

/// The largest pubring.gpg read, in bytes: it has no index and is held in memory whole.
const PACKETS_MAX: u64 = 256 * 1024 * 1024;

/// The ring that gpg would read.
pub(super) enum Ring {
    Keybox(Keybox),
    /// Raw packets of pubring.gpg.
    Packets(Vec<u8>),
    /// Only the key daemon reads it.
    Keyboxd,
    Nothing,
}

impl Ring {
    /// gpg (g10/keydb.c, `keydb_add_resource`) takes pubring.kbx unless that has never held OpenPGP keys and there is
    /// a pubring.gpg.
    pub(super) fn open(home: &Path) -> Result<Ring, KeyringError> {
        if keyboxd::in_use(home) {
            return Ok(Ring::Keyboxd);
        }
        let keybox = Keybox::open(&home.join("pubring.kbx"))?;
        if let Some(keybox) = keybox.filter(Keybox::holds_openpgp) {
            return Ok(Ring::Keybox(keybox));
        }
        match files::read_bounded(&home.join("pubring.gpg"), PACKETS_MAX) {
            Ok(packets) => Ok(Ring::Packets(packets)),
            Err(error) if error.is_not_found() => Ok(Ring::Nothing),
            Err(error) => Err(error.into()),
        }
    }
}

/// The files that say which certificates are here, by the choice that `Ring::open` makes: nothing is known of them where
/// one is closed. Others may lie beside them, unused.
pub fn ring_files(home: &Path) -> [PathBuf; 2] {
    let conf = home.join("common.conf");
    if let Some(database) = keyboxd::database(home) {
        return [conf, database];
    }
    let keybox = home.join("pubring.kbx");
    match Keybox::open(&keybox) {
        Ok(found) if !found.as_ref().is_some_and(Keybox::holds_openpgp) => [conf, home.join("pubring.gpg")],
        _ => [conf, keybox],
    }
}

impl Keyring {
    /// The certificates holding a wanted key, at most `max`; None when the ring has one that only gpg understands.
    pub(super) fn find_known(&self, wanted: &Wanted, max: usize) -> Result<Option<Vec<Cert>>, KeyringError> {
        match self.find(wanted, max) {
            Err(KeyringError::Strange) => Ok(None),
            found => found.map(Some),
        }
    }

    /// As `find_known`, with that as an error.
    fn find(&self, wanted: &Wanted, max: usize) -> Result<Vec<Cert>, KeyringError> {
        match Ring::open(&self.home)? {
            Ring::Keybox(keybox) => self.find_in_keybox(&keybox, wanted, max),
            Ring::Packets(packets) => Ok(certs_in(&packets, wanted, max)),
            Ring::Keyboxd => keyboxd::find(&self.env, &self.home, std::slice::from_ref(wanted), max),
            Ring::Nothing => Ok(Vec::new()),
        }
    }

    /// For each key the first certificate that holds it, in one walk of the ring, however many there are: a message can
    /// name a thousand. A fault ends the walk; what was found until then stays.
    pub(super) fn find_each<T: Clone>(
        &self,
        keys: &[KeyHandle],
        reading: Reading<T>,
    ) -> (Vec<Option<T>>, Option<KeyringError>) {
        let mut search = Search::of(keys);
        let ended = match self.walk_for(&mut search, reading) {
            Ok(()) if search.strange && search.left > 0 => Err(KeyringError::Strange),
            ended => ended,
        };
        (search.found, ended.err())
    }

    fn walk_for<T: Clone>(&self, search: &mut Search<T>, reading: Reading<T>) -> Result<(), KeyringError> {
        match Ring::open(&self.home)? {
            Ring::Keybox(keybox) => {
                let walked = keybox.walk(Depth::Keys, |record: &Record<'_>| {
                    if record.fingerprints().any(|fingerprint| search.wants(fingerprint))
                        && let Ok(block) = keybox.keyblock(record)
                    {
                        search.take_block(&block, reading);
                    }
                    if search.left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                walked.map_err(|error| self.unreadable(&error))?;
            }
            Ring::Packets(packets) => {
                for raw in RawCertParser::from_bytes(&packets).into_iter().flatten().flatten() {
                    if search.left == 0 {
                        break;
                    }
                    if raw.keys().any(|key| search.wants(key.fingerprint().as_bytes())) {
                        search.take_block(raw.as_bytes(), reading);
                    }
                }
            }
            Ring::Keyboxd => {
                let wanted: Vec<Wanted> = search.wanted.iter().flatten().cloned().collect();
                for cert in keyboxd::find(&self.env, &self.home, &wanted, 1)? {
                    search.take_each((reading.whole)(cert));
                }
            }
            Ring::Nothing => {}
        }
        Ok(())
    }

    /// The certificates with a user id that contains this text, at most `max`; None when only gpg can search the ring.
    pub(super) fn find_user_id(&self, text: &[u8], max: usize) -> Result<Option<Vec<Cert>>, KeyringError> {
        let mut found: Vec<Cert> = Vec::new();
        let mut strange = false;
        let fits = |cert: &Cert| cert.userids().any(|id| contains(id.userid().value(), text));
        match Ring::open(&self.home)? {
            Ring::Keybox(keybox) => {
                let walked = keybox.walk(Depth::Whole, |record| {
                    // The packets hold user ids as they are, so most records need no parsing.
                    if contains(record.packets(), text) {
                        match Cert::from_bytes(record.packets()) {
                            Ok(cert) if fits(&cert) => found.push(cert),
                            Ok(_) => {}
                            Err(_) => strange = true,
                        }
                    }
                    if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                walked.map_err(|error| self.unreadable(&error))?;
            }
            Ring::Packets(packets) => {
                let raw = RawCertParser::from_bytes(&packets).into_iter().flatten().flatten();
                let near = raw.filter(|cert| contains(cert.as_bytes(), text));
                found = near.filter_map(|cert| Cert::try_from(cert).ok()).filter(fits).take(max).collect();
            }
            Ring::Keyboxd => return Ok(None),
            Ring::Nothing => {}
        }
        // One that is not understood here may be the one that is meant.
        Ok((!strange).then_some(found))
    }

    fn unreadable(&self, error: &std::io::Error) -> KeyringError {
        KeyringError::Unreadable { path: self.home.join("pubring.kbx"), why: error.to_string() }
    }

    fn find_in_keybox(&self, keybox: &Keybox, wanted: &Wanted, max: usize) -> Result<Vec<Cert>, KeyringError> {
        let mut found: Vec<Cert> = Vec::new();
        let mut strange = false;
        let walked = keybox.walk(Depth::Keys, |record: &Record<'_>| {
            if record.fingerprints().any(|fingerprint| wanted.is(fingerprint))
                && let Ok(block) = keybox.keyblock(record)
            {
                match Cert::from_bytes(&block) {
                    Ok(cert) if holds(&cert, wanted) => found.push(cert),
                    Ok(_) => {}
                    Err(_) => strange = true,
                }
            }
            if found.len() >= max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        walked.map_err(|error| self.unreadable(&error))?;
        if found.is_empty() && strange { Err(KeyringError::Strange) } else { Ok(found) }
    }

    /// Every key that its certificate marks as fit to encrypt to, valid or not; at most `max`.
    pub(super) fn encryption_capable(&self) -> Result<Vec<PublicKey>, KeyringError> {
        let mut keys = Vec::new();
        let mut take = |cert: &Cert| keys.extend(encrypting_keys(cert));
        match Ring::open(&self.home)? {
            Ring::Keybox(keybox) => {
                let walked = keybox.walk::<()>(Depth::Whole, |record| {
                    if let Ok(cert) = Cert::from_bytes(record.packets()) {
                        take(&cert);
                    }
                    ControlFlow::Continue(())
                });
                walked.map_err(|error| self.unreadable(&error))?;
            }
            Ring::Packets(packets) => {
                let raw = RawCertParser::from_bytes(&packets).into_iter().flatten().flatten();
                raw.filter_map(|cert| Cert::try_from(cert).ok()).for_each(|cert| take(&cert));
            }
            Ring::Keyboxd => keyboxd::all(&self.env, &self.home)?.iter().for_each(take),
            Ring::Nothing => {}
        }
        Ok(keys)
    }
}

/// For each key of a certificate, what is wanted about it.
type Keys<T> = Vec<(Fingerprint, T)>;

/// How a certificate is read.
pub(super) struct Reading<T> {
    /// From its packets; None when they are not understood here.
    pub block: fn(&[u8]) -> Option<Keys<T>>,
    pub whole: fn(Cert) -> Keys<T>,
}

impl<T> Clone for Reading<T> {
    fn clone(&self) -> Reading<T> {
        *self
    }
}

impl<T> Copy for Reading<T> {}

/// The certificate itself.
pub(super) const CERTIFICATE: Reading<Rc<Cert>> = Reading {
    block: |block| Cert::from_bytes(block).ok().map(CERTIFICATE.whole),
    whole: |cert| {
        let cert = Rc::new(cert);
        cert.keys().map(|key| (key.key().fingerprint(), Rc::clone(&cert))).collect()
    },
};

/// The key and whose it is. Most certificates have one user id; then nothing but keys is parsed, which is what a `get`
/// waits for. Of several, the whole certificate says which is first.
pub(super) const OWNED_KEY: Reading<OwnedKey> = Reading {
    block: |block| {
        let raw = RawCert::from_bytes(block).ok()?;
        let mut users = raw.userids();
        let (first, second) = (users.next(), users.next());
        if second.is_some() {
            return Cert::from_bytes(block).ok().map(OWNED_KEY.whole);
        }
        let owner = owner(first.as_ref(), &raw.keyid());
        Some(raw.keys().map(|key| (key.fingerprint(), OwnedKey { key, owner: owner.clone() })).collect())
    },
    whole: |cert| {
        let owner = owner(cert.userids().next().map(|user| user.userid()), &cert.keyid());
        let of = |key: &PublicKey| (key.fingerprint(), OwnedKey { key: key.clone(), owner: owner.clone() });
        cert.keys().map(|key| of(key.key().role_as_unspecified())).collect()
    },
};

/// The first user id, for a person to recognise.
fn owner(user: Option<&UserID>, key: &KeyID) -> String {
    user.map_or_else(|| format!("key {key}"), |user| text::quoted(user.value()))
}

/// Several keys looked for at once.
struct Search<T> {
    /// None for what no ring can hold.
    wanted: Vec<Option<Wanted>>,
    found: Vec<Option<T>>,
    /// How many are not found yet.
    left: usize,
    /// The ring says that it holds one of them, but not in a form that is understood here: gpg 2.4 makes keys of version 5
    /// for Ed448 and Cv448 (LibrePGP).
    strange: bool,
}

impl<T: Clone> Search<T> {
    fn of(keys: &[KeyHandle]) -> Search<T> {
        let wanted: Vec<Option<Wanted>> = keys.iter().map(Wanted::of).collect();
        Search { found: vec![None; wanted.len()], left: wanted.iter().flatten().count(), wanted, strange: false }
    }

    fn open(&self) -> impl Iterator<Item = (usize, &Wanted)> {
        let open = self.wanted.iter().enumerate().filter(|(at, _)| self.found[*at].is_none());
        open.filter_map(|(at, wanted)| Some((at, wanted.as_ref()?)))
    }

    fn wants(&self, fingerprint: &[u8]) -> bool {
        self.open().any(|(_, wanted)| wanted.is(fingerprint))
    }

    fn take_block(&mut self, block: &[u8], reading: Reading<T>) {
        match (reading.block)(block) {
            Some(keys) => self.take_each(keys),
            None => self.strange = true,
        }
    }

    fn take_each(&mut self, keys: Keys<T>) {
        for (fingerprint, held) in keys {
            let at: Vec<usize> = self.open().filter(|(_, one)| one.is_key(&fingerprint)).map(|(at, _)| at).collect();
            for at in at {
                self.found[at] = Some(held.clone());
                self.left -= 1;
            }
        }
    }
}

/// A record's header may lie; its packets decide.
pub(super) fn holds(cert: &Cert, wanted: &Wanted) -> bool {
    cert.keys().any(|key| wanted.is_key(&key.key().fingerprint()))
}

/// Damaged certificates are passed over, as gpg does.
fn certs_in(packets: &[u8], wanted: &Wanted, max: usize) -> Vec<Cert> {
    let raw = RawCertParser::from_bytes(packets).into_iter().flatten().flatten();
    let holding = raw.filter(|cert| cert.keys().any(|key| wanted.is_key(&key.fingerprint())));
    holding.filter_map(|cert| Cert::try_from(cert).ok()).filter(|cert| holds(cert, wanted)).take(max).collect()
}

/// Old messages may be encrypted to keys that have expired or been revoked since, so no policy applies. A key without
/// flags in any signature counts when its algorithm can encrypt.
pub fn encrypting_keys(cert: &Cert) -> Vec<PublicKey> {
    let encrypts = |signature: &Signature| {
        signature.key_flags().map(|flags| flags.for_transport_encryption() || flags.for_storage_encryption())
    };
    let primary = cert.primary_key();
    let of_primary: Vec<Option<bool>> =
        cert.userids().flat_map(|id| id.self_signatures().map(encrypts).collect::<Vec<_>>()).collect();
    let mut keys: Vec<PublicKey> = Vec::new();
    let can = |flags: &[Option<bool>]| flags.iter().flatten().next().is_none() || flags.contains(&Some(true));
    if primary.key().pk_algo().for_encryption() && can(&of_primary) {
        keys.push(primary.key().clone().role_into_unspecified());
    }
    for subkey in cert.keys().subkeys() {
        let flags: Vec<Option<bool>> = subkey.self_signatures().map(encrypts).collect();
        if subkey.key().pk_algo().for_encryption() && can(&flags) {
            keys.push(subkey.key().clone().role_into_unspecified());
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use sequoia_openpgp::serialize::SerializeInto;

    use super::*;
    use crate::system::env::Env;
    use crate::system::options::Options;

    /// As GnuPG 2.4.7 writes it; the key is a throw-away one.
    const VERSION_5: &[u8] = include_bytes!("fixtures/version-5.kbx");

    #[test]
    fn of_a_large_ring_the_last_key_is_tried_too() {
        let home = tempfile::tempdir().unwrap();
        let made = || {
            let builder = sequoia_openpgp::cert::CertBuilder::new().add_transport_encryption_subkey();
            builder.generate().expect("a key").0
        };
        let (crowd, last) = (made(), made());
        let mut ring = Vec::new();
        for cert in std::iter::repeat_n(&crowd, 1500).chain([&last]) {
            sequoia_openpgp::serialize::Serialize::serialize(cert, &mut ring).expect("written");
        }
        std::fs::write(home.path().join("pubring.gpg"), ring).unwrap();
        let env = Env::made_of([("GNUPGHOME", home.path().to_str().unwrap())]);
        let keyring = Keyring::new(&env, &Options::resolve(&Default::default(), &env).unwrap());
        let found = keyring.decryption_candidates().expect("keys");
        assert_eq!(found.len(), 1501);
        assert_eq!(
            found.last().map(PublicKey::fingerprint),
            encrypting_keys(&last).first().map(PublicKey::fingerprint)
        );
    }

    /// As a keybox and as packets: whose a key is said to be does not depend on how much of its certificate was read.
    #[test]
    fn a_key_is_its_first_users_whatever_was_read() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::made_of([("GNUPGHOME", home.path().to_str().unwrap())]);
        let keyring = Keyring::new(&env, &Options::resolve(&Default::default(), &env).unwrap());
        for users in [&[][..], &["one"], &["b", "a", "c"]] {
            let mut builder = sequoia_openpgp::cert::CertBuilder::new().add_transport_encryption_subkey();
            for user in users {
                builder = builder.add_userid(*user);
            }
            let cert = builder.generate().expect("a key").0;
            std::fs::write(home.path().join("pubring.gpg"), cert.to_vec().unwrap()).unwrap();
            let handles: Vec<KeyHandle> = cert.keys().map(|key| key.key().key_handle()).collect();
            let (found, fault) = keyring.owned_keys(&handles);
            let first = cert.userids().next().map(|user| String::from_utf8_lossy(user.userid().value()).into_owned());
            let owner = first.map_or_else(|| format!("key {}", cert.keyid()), |user| format!("\"{user}\""));
            assert!(fault.is_none() && found.len() == 2, "{fault:?}");
            for (key, handle) in found.into_iter().map(|key| key.expect("found")).zip(handles) {
                assert_eq!((key.owner.as_str(), key.key.key_handle()), (owner.as_str(), handle));
            }
        }
    }

    #[test]
    fn a_key_that_is_not_understood_is_left_to_gpg() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("pubring.kbx"), VERSION_5).unwrap();
        let env = Env::made_of([("GNUPGHOME", home.path().to_str().unwrap())]);
        let keyring = Keyring::new(&env, &Options::resolve(&Default::default(), &env).unwrap());

        let handle: KeyHandle = "3648B67DAE98EA32".parse().unwrap();
        let (certs, fault) = keyring.certs_with_keys(std::slice::from_ref(&handle));
        assert_eq!(certs, [None]);
        assert!(matches!(fault, Some(KeyringError::Strange)), "{fault:?}");
        let wanted = Wanted::of(&handle).unwrap();
        assert!(keyring.find_known(&wanted, 2).unwrap().is_none());
        assert!(keyring.cert_with_key(&handle).unwrap().is_none());
        let other: KeyHandle = "0123456789ABCDEF".parse().unwrap();
        assert!(keyring.certs_with_keys(&[other]).1.is_none());
        let (keys, fault) = keyring.owned_keys(std::slice::from_ref(&handle));
        assert!(keys == [None] && matches!(fault, Some(KeyringError::Strange)), "{fault:?}");

        assert_eq!(keyring.find_user_id(b"five@example.org", 2).unwrap(), None);
        assert_eq!(keyring.find_user_id(b"six@example.org", 2).unwrap(), Some(Vec::new()));
    }
}
