//! Recipients among certificates that somebody holds in hand (a key file's own), which are trusted as they are. Reads no
//! ring and asks nobody.

use std::time::SystemTime;

use sequoia_openpgp::Cert;

use super::recipients::{Meaning, ambiguous, faulty};
use super::{KeyringError, PublicKey, choice, rings};
use crate::model::Recipient;

/// The certificates that a recipient's text may mean.
pub fn meant_among<'c>(certs: &'c [Cert], recipient: &Recipient) -> Vec<&'c Cert> {
    let meaning = Meaning::of(recipient);
    let is_meant = |cert: &&Cert| match &meaning {
        Meaning::Key { wanted, .. } => rings::holds(cert, wanted),
        Meaning::Special => false,
        by_name => cert.userids().any(|user| by_name.fits(user.userid().value())),
    };
    certs.iter().filter(is_meant).collect()
}

/// The key to encrypt to at this time; None when no certificate here is meant.
pub fn key_among(certs: &[Cert], recipient: &Recipient, now: SystemTime) -> Result<Option<PublicKey>, KeyringError> {
    match meant_among(certs, recipient).as_slice() {
        [] => Ok(None),
        [cert] => choice::choose(cert, Meaning::of(recipient).exact(), now)
            .key
            .map(Some)
            .map_err(|fault| faulty(recipient, fault, Some(cert.fingerprint()))),
        several => Err(ambiguous(recipient, several.iter().map(|cert| cert.fingerprint()))),
    }
}
