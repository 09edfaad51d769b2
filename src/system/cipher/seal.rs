//! Writing a message to public keys, in the form that every GnuPG, pass and gopass reads: session keys of version 3 and a
//! SEIPD version 1 container with AES-256, nothing compressed, no file name, as gpg writes with pass's options (pass
//! 1.7.4, `GPG_OPTS`).
//! Built here and not by the library's writer, because that chooses newer forms on its own and copies the plaintext.

use std::io::Write;

use sequoia_openpgp::armor;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::pkesk::PKESK3;
use sequoia_openpgp::packet::{PKESK, Packet};
use sequoia_openpgp::serialize::MarshalInto;
use sequoia_openpgp::types::SymmetricAlgorithm;

use super::container;
use super::message::{MessageError, TAG_LITERAL};
use super::packets;
use crate::model::Secret;
use crate::system::keyring::PublicKey;

/// What the person's options ask of the outside of a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub armor: bool,
    /// Name no key in it.
    pub hidden: bool,
}

/// Bytes of an AES-256 key.
const KEY_LEN: usize = 32;

/// A message that exactly these keys can open. `Unsupported` when the library cannot encrypt to one of them.
pub fn seal(plaintext: &Secret, keys: &[PublicKey], style: Style) -> Result<Vec<u8>, MessageError> {
    let no_random = |_| MessageError::Unsupported("a source of random numbers that is missing".to_owned());
    let session = SessionKey::new(KEY_LEN).map_err(no_random)?;
    let mut message = Vec::new();
    for key in keys {
        message.extend_from_slice(&session_packet(&session, key, style.hidden)?);
    }
    // Binary, no file name, no date: as gpg writes it under pass's options.
    let literal = packets::header(TAG_LITERAL, 6 + plaintext.len());
    let parts = [&literal, &b"b\0\0\0\0\0"[..], plaintext.expose()];
    message.extend_from_slice(&container::seal_seipd1(&session, &parts)?);
    if style.armor { armored(&message) } else { Ok(message) }
}

fn session_packet(session: &SessionKey, key: &PublicKey, hidden: bool) -> Result<Vec<u8>, MessageError> {
    let unsupported = |_| MessageError::Unsupported(format!("a key of a kind not supported here ({})", key.pk_algo()));
    let mut packet = PKESK3::for_recipient(SymmetricAlgorithm::AES256, session, key).map_err(unsupported)?;
    if hidden {
        packet.set_recipient(None);
    }
    Packet::from(PKESK::from(packet)).to_vec().map_err(unsupported)
}

fn armored(message: &[u8]) -> Result<Vec<u8>, MessageError> {
    let failed = |_| MessageError::Unsupported("armour that cannot be written".to_owned());
    let mut writer = armor::Writer::new(Vec::new(), armor::Kind::Message).map_err(|_| failed(()))?;
    writer.write_all(message).map_err(|_| failed(()))?;
    writer.finalize().map_err(|_| failed(()))
}
