//! From a session key packet and something that can decrypt with a secret key, to the session key.
//! Shared by both ciphers; knows neither agent nor key file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sequoia_openpgp::crypto::{Decryptor, SessionKey};
use sequoia_openpgp::packet::PKESK;
use sequoia_openpgp::types::SymmetricAlgorithm;

use super::message::{Message, MessageError};

/// The cipher and session key in `session`, when this secret key opens it. None when it does not, whatever the reason:
/// the OpenPGP library tells no more, so that nobody learns from the difference (RFC 9580, section 13).
///
/// A panic of the library on a hostile packet counts as not opened; it holds no lock and leaves nothing half done.
pub fn session_key(
    message: &Message,
    session: &PKESK,
    secret_key: &mut dyn Decryptor,
) -> Option<(SymmetricAlgorithm, SessionKey)> {
    let hint = message.algo();
    let opened = catch_unwind(AssertUnwindSafe(|| session.decrypt(secret_key, hint))).ok()??;
    match opened {
        (Some(algo), key) => Some((algo, key)),
        (None, key) => Some((hint?, key)),
    }
}

/// The shortest thing a session key packet can hold: cipher, a key of 128 bits, checksum. The library indexes into what
/// a decryptor hands it without looking (sequoia-openpgp 2.4.2, `PKESK::decrypt_common`).
pub const UNLOCKED_MIN: usize = 16;

/// How many pairs of session and secret key are tried for one message. A person has a few keys, so that this covers a
/// team of a hundred hidden recipients; a message made to keep the reader busy has more.
pub const ATTEMPTS_MAX: usize = 256;

/// None of the first pairs fits.
pub const TOO_MANY: MessageError = MessageError::Damaged("none of the first 256 of its session keys opens it");
