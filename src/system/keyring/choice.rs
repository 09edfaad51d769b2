//! Which key of a certificate gpg would encrypt to (GnuPG sources, g10/getkey.c, `finish_lookup`): the newest valid
//! encryption subkey, else the primary key, or exactly the one that `!` names. Says when it is not certain that gpg
//! would agree; then gpg is asked. Trust is not looked at here.

use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::ValidCert;
use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, ValidErasedKeyAmalgamation};
use sequoia_openpgp::cert::prelude::*;
use sequoia_openpgp::crypto::mpi;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::policy::{Policy, StandardPolicy};
use sequoia_openpgp::types::{KeyFlags, PublicKeyAlgorithm, RevocationStatus};

use super::PublicKey;
use super::keybox::Wanted;

/// What keeps a certificate from being encrypted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Expired(Option<SystemTime>),
    Revoked,
    NoEncryptionKey,
}

/// What the certificate says of itself.
#[derive(Debug)]
pub(super) struct Opinion {
    pub(super) key: Result<PublicKey, Fault>,
    /// Why gpg might see it differently; None when it would not.
    pub(super) doubt: Option<&'static str>,
    /// When the key, or the certificate before it, expires.
    pub(super) expires: Option<SystemTime>,
}

impl Opinion {
    fn fault(fault: Fault, doubt: Option<&'static str>) -> Opinion {
        Opinion { key: Err(fault), doubt, expires: None }
    }
}

const BY_POLICY: &str = "its self-signatures are of a kind that only gpg judges";

/// Chooses at time `now`; `exact` is the key that `!` names.
pub(super) fn choose(cert: &Cert, exact: Option<&Wanted>, now: SystemTime) -> Opinion {
    let policy = StandardPolicy::new();
    let Ok(valid) = cert.with_policy(&policy, now) else {
        return Opinion::fault(Fault::NoEncryptionKey, Some(BY_POLICY));
    };
    if let RevocationStatus::Revoked(_) = valid.revocation_status() {
        return Opinion::fault(Fault::Revoked, None);
    }
    let mut doubt = primary_doubt(cert, &valid);
    let primary = valid.primary_key();
    let until = primary.key_expiration_time();
    if until.is_some_and(|until| until <= now) {
        return Opinion::fault(Fault::Expired(until), doubt);
    }
    let exact_primary = exact.is_some_and(|wanted| wanted.is_key(&cert.fingerprint()));
    let mut best: Option<ValidErasedKeyAmalgamation<'_, PublicParts>> = None;
    let mut worst = Fault::NoEncryptionKey;
    for subkey in cert.keys().subkeys() {
        let subkey = ErasedKeyAmalgamation::from(subkey);
        let meant = exact.is_none_or(|wanted| wanted.is_key(&subkey.key().fingerprint()));
        if exact_primary || !meant || !subkey.key().pk_algo().for_encryption() {
            continue;
        }
        match look_at(&subkey, &policy, now) {
            Found::Fit(fit) => match &best {
                Some(known) if known.key().creation_time() > fit.key().creation_time() => {}
                Some(known) if known.key().creation_time() == fit.key().creation_time() => {
                    doubt = doubt.or(Some("it has two encryption subkeys of the same second"));
                }
                _ => best = Some(fit),
            },
            Found::Unfit(fault) => worst = if worst == Fault::NoEncryptionKey { fault } else { worst },
            Found::Doubtful(why) => doubt = doubt.or(Some(why)),
        }
    }
    if best.is_none() && (exact.is_none() || exact_primary) {
        match ErasedKeyAmalgamation::from(cert.primary_key()).with_policy(&policy, now) {
            Ok(fit) if fit.key_flags().is_some_and(|flags| encrypts(&flags)) => best = Some(fit),
            Ok(fit) if fit.key_flags().is_some() || !fit.key().pk_algo().for_encryption() => {}
            _ => doubt = doubt.or(Some("its primary key does not say what it is for")),
        }
    }
    let Some(best) = best else { return Opinion::fault(worst, doubt) };
    let ends = [until, best.key_expiration_time()].into_iter().flatten().min();
    Opinion { key: Ok(best.key().clone()), doubt, expires: ends }
}

/// How one subkey stands.
enum Found<'a> {
    Fit(ValidErasedKeyAmalgamation<'a, PublicParts>),
    Unfit(Fault),
    Doubtful(&'static str),
}

fn look_at<'a>(subkey: &ErasedKeyAmalgamation<'a, PublicParts>, policy: &'a dyn Policy, now: SystemTime) -> Found<'a> {
    let Ok(valid) = subkey.clone().with_policy(policy, now) else { return Found::Doubtful(BY_POLICY) };
    match valid.key_flags() {
        None => return Found::Doubtful("a subkey does not say what it is for"),
        Some(flags) if !encrypts(&flags) => return Found::Unfit(Fault::NoEncryptionKey),
        Some(_) => {}
    }
    match valid.revocation_status() {
        RevocationStatus::Revoked(_) => return Found::Unfit(Fault::Revoked),
        // gpg takes a subkey for revoked whatever the date of the revocation, and asks designated revokers.
        _ if subkey.self_revocations().next().is_some() || subkey.other_revocations().next().is_some() => {
            return Found::Doubtful("a subkey was revoked, and perhaps taken back");
        }
        _ => {}
    }
    match valid.key_expiration_time() {
        Some(until) if until <= now => Found::Unfit(Fault::Expired(Some(until))),
        _ => Found::Fit(valid),
    }
}

/// Where gpg and this library may read the certificate's own signatures differently.
fn primary_doubt(cert: &Cert, valid: &ValidCert<'_>) -> Option<&'static str> {
    let primary = cert.primary_key();
    if primary.key().version() != 4 {
        return Some("its version is not 4");
    }
    if primary.self_revocations().next().is_some() || primary.other_revocations().next().is_some() {
        return Some("it carries a revocation");
    }
    if valid.userids().count() != cert.userids().count() || cert.userids().count() == 0 {
        return Some(BY_POLICY);
    }
    if !cert.userids().any(|id| id.self_revocations().next().is_none() && id.other_revocations().next().is_none()) {
        return Some("each of its user ids carries a revocation");
    }
    let mut periods = valid.userids().map(|id| id.binding_signature().key_validity_period()).collect::<Vec<_>>();
    periods.extend(valid.direct_key_signature().ok().map(|signature| signature.key_validity_period()));
    match periods.windows(2).all(|pair| pair[0] == pair[1]) {
        true => None,
        false => Some("its signatures name different expiry dates"),
    }
}

/// gpg makes no difference between the two kinds (g10/getkey.c, `parse_key_usage`).
fn encrypts(flags: &KeyFlags) -> bool {
    flags.for_transport_encryption() || flags.for_storage_encryption()
}

/// Whether GnuPG 2.4.1 and later would encrypt to more than the chosen key: to each "additional decryption subkey", marked
/// by 0x04 in the second byte of its flags (doc/DETAILS, "restricted encryption"). Older ones do not know the mark.
pub(super) fn has_additional_keys(cert: &Cert) -> bool {
    const RESTRICTED_ENCRYPTION: usize = 8 + 2;
    let is_marked = |flags: KeyFlags| flags.get(RESTRICTED_ENCRYPTION);
    let mut subkeys = cert.keys().subkeys();
    subkeys.any(|subkey| subkey.self_signatures().any(|signature| signature.key_flags().is_some_and(is_marked)))
}

/// Whether a session key can be encrypted to this key in process.
pub(super) fn is_supported(key: &PublicKey) -> bool {
    let curve = match key.mpis() {
        mpi::PublicKey::ECDH { curve, .. } => curve.is_supported(),
        _ => true,
    };
    let asymmetric = matches!(
        key.pk_algo(),
        PublicKeyAlgorithm::RSAEncryptSign | PublicKeyAlgorithm::ECDH | PublicKeyAlgorithm::X25519
    );
    key.version() == 4 && asymmetric && curve
}
