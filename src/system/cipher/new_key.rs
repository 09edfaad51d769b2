//! Makes a key without GnuPG: for the demo's sandbox and for tests; people make keys with gpg.
//!
//! The certificate is put together here and not by the library's builder: that one can make a key of every kind, and with
//! the RSA kind comes the mathematics library, which every call of the helper would load (`build.rs` says what that costs).

use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use sequoia_openpgp::packet::UserID;
use sequoia_openpgp::packet::key::{Key4, PrimaryRole, SecretParts, SubordinateRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::{Key, Packet};
use sequoia_openpgp::serialize::Serialize;
use sequoia_openpgp::types::{Curve, Features, HashAlgorithm, KeyFlags, SignatureType, SymmetricAlgorithm};
use sequoia_openpgp::{Cert, Result};

use super::CipherError;
use crate::model::Secret;

/// How long ago a new key was made, by its own word: what is dated now could be from the future for a reader whose clock
/// is a little behind.
const BACKDATED: Duration = Duration::from_secs(60);

/// A new key without passphrase, armoured, and its fingerprint: Curve25519, in the form that every GnuPG reads.
pub fn generate(user_id: &str) -> std::result::Result<(Secret, String), CipherError> {
    let failed = |error: sequoia_openpgp::anyhow::Error| CipherError::Library(format!("no key can be made: {error}"));
    let cert = certificate(user_id).map_err(failed)?;
    let mut armored = Wiped(Secret::with_capacity(4096));
    cert.as_tsk().armored().serialize(&mut armored).map_err(failed)?;
    Ok((armored.0, cert.fingerprint().to_hex()))
}

/// A primary key that certifies and signs, a user id, and a subkey to encrypt to (RFC 4880, section 11.1).
fn certificate(user_id: &str) -> Result<Cert> {
    let mut primary: Key<SecretParts, PrimaryRole> =
        Key4::<SecretParts, PrimaryRole>::generate_ecc(true, Curve::Ed25519)?.into();
    let made = primary.creation_time() - BACKDATED;
    primary.set_creation_time(made)?;
    let mut subkey: Key<SecretParts, SubordinateRole> =
        Key4::<SecretParts, SubordinateRole>::generate_ecc(false, Curve::Cv25519)?.into();
    subkey.set_creation_time(made)?;
    let mut signer = primary.clone().into_keypair()?;

    let cert = Cert::try_from(vec![Packet::from(primary)])?;
    let user_id = UserID::from(user_id);
    let binding = dated(SignatureType::PositiveCertification, made)?
        .set_primary_userid(true)?
        .set_key_flags(KeyFlags::empty().set_certification().set_signing())?
        // Without this, senders that know newer containers would write what no GnuPG reads.
        .set_features(Features::empty().set_seipdv1())?
        .set_preferred_hash_algorithms(vec![HashAlgorithm::SHA512, HashAlgorithm::SHA256])?
        .set_preferred_symmetric_algorithms(vec![SymmetricAlgorithm::AES256, SymmetricAlgorithm::AES128])?;
    let of_user_id = user_id.bind(&mut signer, &cert, binding)?;
    let binding = dated(SignatureType::SubkeyBinding, made)?
        .set_key_flags(KeyFlags::empty().set_storage_encryption().set_transport_encryption())?;
    let of_subkey = subkey.bind(&mut signer, &cert, binding)?;
    let packets = [Packet::from(user_id), of_user_id.into(), subkey.into(), of_subkey.into()];
    Ok(cert.insert_packets(packets)?.0)
}

fn dated(kind: SignatureType, made: SystemTime) -> Result<SignatureBuilder> {
    SignatureBuilder::new(kind).set_hash_algo(HashAlgorithm::SHA512).set_signature_creation_time(made)
}

/// A writer into a secret.
struct Wiped(Secret);

impl Write for Wiped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
