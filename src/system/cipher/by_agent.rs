//! Secret keys in gpg-agent, put to use: what the agent decrypts is turned into session keys here. Decides nothing about
//! which key is tried; `openpgp.rs` calls.

use sequoia_openpgp::crypto::mpi::Ciphertext;
use sequoia_openpgp::crypto::{Decryptor, SessionKey, ecdh, mem::Protected};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};

use super::unlock::UNLOCKED_MIN;
use crate::system::agent::{AgentConnection, AgentError, Keygrip, sexp};
use crate::system::keyring::PublicKey;

/// A key that may open a message, and whose it is, for the person who is asked for its passphrase.
pub struct Opener {
    pub key: PublicKey,
    pub grip: Keygrip,
    pub owner: String,
}

/// A secret key in gpg-agent, as the OpenPGP library wants to see one.
pub struct ByAgent<'a> {
    connection: &'a mut AgentConnection,
    opener: &'a Opener,
    /// The library forgets why a key did not work; this does not.
    pub fault: Option<AgentError>,
}

impl<'a> ByAgent<'a> {
    pub fn new(connection: &'a mut AgentConnection, opener: &'a Opener) -> ByAgent<'a> {
        ByAgent { connection, opener, fault: None }
    }

    fn unwrapped(&mut self, ciphertext: &Ciphertext, length: Option<usize>) -> Result<Option<SessionKey>, AgentError> {
        let key = &self.opener.key;
        let Some(encrypted) = sexp::encrypted_value(ciphertext) else { return Ok(None) };
        let description = format!(
            "A password entry is encrypted to the secret key of\n{}\n(key ID {})",
            self.opener.owner,
            key.keyid()
        );
        let answer = self.connection.decrypt(&self.opener.grip, &encrypted, &description)?;
        let value = answer.value()?;
        Ok(match ciphertext {
            Ciphertext::ECDH { .. } => {
                let shared = Protected::from(shared_secret(value, ecdh_field(key)));
                ecdh::decrypt_unwrap(key, &shared, ciphertext, length).ok()
            }
            _ if answer.unpadded => Some(SessionKey::from(value)),
            _ => pkcs1_unpadded(value).map(SessionKey::from),
        })
    }
}

impl Decryptor for ByAgent<'_> {
    fn public(&self) -> &Key<PublicParts, UnspecifiedRole> {
        &self.opener.key
    }

    fn decrypt(&mut self, ciphertext: &Ciphertext, length: Option<usize>) -> sequoia_openpgp::Result<SessionKey> {
        let unfit = || sequoia_openpgp::Error::InvalidSessionKey("it does not fit".to_owned());
        match self.unwrapped(ciphertext, length) {
            Ok(Some(plain)) if plain.len() >= UNLOCKED_MIN => Ok(plain),
            Ok(_) => Err(unfit().into()),
            Err(fault) => {
                self.fault = Some(fault);
                Err(unfit().into())
            }
        }
    }
}

/// Bytes of a coordinate on the key's curve; the public point is one or two of them behind a prefix byte.
fn ecdh_field(key: &PublicKey) -> usize {
    match key.mpis() {
        sequoia_openpgp::crypto::mpi::PublicKey::ECDH { q, .. } => match q.value() {
            [4, point @ ..] => point.len() / 2,
            [_, point @ ..] => point.len(),
            [] => 0,
        },
        _ => 0,
    }
}

/// The x coordinate in the point that the agent gives: with or without its prefix, with or without y (RFC 6637,
/// section 7; cards leave the prefix out).
fn shared_secret(point: &[u8], field: usize) -> &[u8] {
    let bare = match point {
        [4 | 0x40 | 0x41, rest @ ..] if rest.len() == field || rest.len() == 2 * field => rest,
        whole => whole,
    };
    bare.get(..field).unwrap_or(bare)
}

/// What follows the padding of RFC 8017, section 7.2.2; the agent drops the leading zero.
fn pkcs1_unpadded(value: &[u8]) -> Option<&[u8]> {
    let value = value.strip_prefix(&[0]).unwrap_or(value).strip_prefix(&[2])?;
    let zero = value.iter().position(|byte| *byte == 0).filter(|at| *at >= 8)?;
    Some(&value[zero + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_with_and_without_prefix() {
        let x = [9; 32];
        let uncompressed = [&[4][..], &x, &[7; 32]].concat();
        let prefixed = [&[0x40][..], &x].concat();
        for point in [&uncompressed[..], &prefixed, &x, &uncompressed[1..]] {
            assert_eq!(shared_secret(point, 32), x, "{point:?}");
        }
        // A bare coordinate may begin with any byte.
        let mut bare = [9; 32];
        bare[0] = 0x40;
        assert_eq!(shared_secret(&bare, 32), bare);
        assert_eq!(shared_secret(&[], 32), [0u8; 0]);
    }

    #[test]
    fn padding_is_removed_or_refused() {
        let padded = [&[2][..], &[7; 8], &[0], b"key"].concat();
        assert_eq!(pkcs1_unpadded(&padded), Some(b"key".as_slice()));
        assert_eq!(pkcs1_unpadded(&[&[0], padded.as_slice()].concat()), Some(b"key".as_slice()));
        for broken in [&b""[..], &[2], &[1, 7, 7, 7, 7, 7, 7, 7, 7, 0, 1], &[2, 7, 7, 0, 1, 1, 1, 1, 1, 1, 1, 1]] {
            assert_eq!(pkcs1_unpadded(broken), None, "{broken:?}");
        }
    }
}
