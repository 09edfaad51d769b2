//! Ciphertext to `Secret` for those who may read it, and back. Two kinds: OpenPGP with the keys in gpg-agent, and
//! OpenPGP with a key file for machines without GnuPG. Knows no store and no entry.

pub mod container;
pub mod message;
pub mod packets;

use crate::model::{Problem, Recipient, Secret};
use crate::system::agent::Prompts;
use crate::system::env::Env;
use crate::system::options::Options;

/// May decrypting ask a person for a passphrase?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    Allowed,
    /// Answer `Locked` rather than prompt.
    Never,
}

/// Ciphertext ↔ secret. `Send`, so that a worker thread can own one.
pub trait Cipher: Send {
    /// The whole plaintext, or an error: never a part of it.
    fn decrypt(&self, message: &[u8], asking: Asking) -> Result<Secret, CipherError>;

    /// A message that every one of `recipients`, and nobody else, can read. Fails naming the recipient that is missing,
    /// expired, revoked or not trusted.
    fn encrypt(&self, plaintext: &Secret, recipients: &[Recipient]) -> Result<Vec<u8>, CipherError>;

    /// True when the message is encrypted to exactly the keys that `encrypt` would use now. False when in doubt.
    fn is_encrypted_to(&self, message: &[u8], recipients: &[Recipient]) -> bool;
}

/// Why a message could not be read or written. Each has its own advice.
#[derive(Debug, thiserror::Error)]
pub enum CipherError {
    #[error("{0}")]
    Failed(String),
}

impl From<CipherError> for Problem {
    fn from(error: CipherError) -> Problem {
        Problem::failed(error.to_string())
    }
}

/// The cipher that the options ask for: a key file when one is named, else GnuPG's agent and keyring.
pub fn open(_env: &Env, _options: &Options, _prompts: &Prompts) -> Result<Box<dyn Cipher>, CipherError> {
    todo!()
}
