//! Which certificate of a key file a recipient means. Pure.

use sequoia_openpgp::Cert;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::RevocationStatus;

use crate::model::Recipient;
use crate::system::keyring::{KeyringError, PublicKey};

/// The key to encrypt to; None when no certificate here is meant.
pub fn key_for(certs: &[Cert], recipient: &Recipient) -> Result<Option<PublicKey>, KeyringError> {
    let meant: Vec<&Cert> = certs.iter().filter(|cert| is_meant(cert, recipient)).collect();
    match meant.as_slice() {
        [] => Ok(None),
        [cert] => encryption_key(cert, recipient).map(Some),
        several => Err(KeyringError::Ambiguous {
            recipient: recipient.as_str().to_owned(),
            fingerprints: several.iter().map(|cert| cert.fingerprint()).collect(),
        }),
    }
}

/// By fingerprint or id of any of its keys, by `<address>`, by address, or by a part of a user id without regard to case
/// (GnuPG manual, "How to Specify a User Id").
fn is_meant(cert: &Cert, recipient: &Recipient) -> bool {
    if let Some(hex) = recipient.hex() {
        return cert.keys().any(|key| key.key().fingerprint().to_hex().ends_with(&hex));
    }
    let wanted = recipient.as_str().to_lowercase();
    cert.userids().any(|user| {
        let user_id = String::from_utf8_lossy(user.userid().value()).to_lowercase();
        let address = user.userid().email_normalized().ok().flatten();
        match wanted.strip_prefix('=') {
            Some(exact) => user_id == exact,
            None if wanted.starts_with('<') || !wanted.contains('@') => user_id.contains(&wanted),
            None => address.as_deref() == Some(wanted.as_str()) || user_id == wanted,
        }
    })
}

/// The newest valid encryption subkey, as gpg chooses; exactly the named one after a `!`.
fn encryption_key(cert: &Cert, recipient: &Recipient) -> Result<PublicKey, KeyringError> {
    let name = || recipient.as_str().to_owned();
    let policy = StandardPolicy::new();
    // The library's own clock: a stopped clock (REGPASS_FIXED_TIME) must not make a key too young.
    let valid = cert.with_policy(&policy, None).map_err(|_| KeyringError::NoEncryptionKey { recipient: name() })?;
    if matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
        return Err(KeyringError::Revoked { recipient: name() });
    }
    let at = valid.primary_key().key_expiration_time();
    if valid.alive().is_err() {
        return Err(KeyringError::Expired { recipient: name(), fingerprint: Some(cert.fingerprint()), at });
    }
    let named = recipient.is_exact().then(|| recipient.hex()).flatten();
    let fits = |key: &str| named.as_ref().is_none_or(|named| key.ends_with(named));
    let able = valid.keys().supported().for_storage_encryption().for_transport_encryption().revoked(false);
    let able: Vec<_> = able.filter(|key| fits(&key.key().fingerprint().to_hex())).collect();
    let alive = able.iter().filter(|key| key.alive().is_ok());
    match alive.max_by_key(|key| key.key().creation_time()) {
        Some(key) => Ok(key.key().clone().role_into_unspecified()),
        None => match able.first() {
            Some(old) => {
                let at = old.key_expiration_time();
                Err(KeyringError::Expired { recipient: name(), fingerprint: Some(cert.fingerprint()), at })
            }
            None => Err(KeyringError::NoEncryptionKey { recipient: name() }),
        },
    }
}
