//! Ciphertext to `Secret` for those who may read it, and back. Two kinds: OpenPGP with the keys in gpg-agent, and
//! OpenPGP with a key file for machines without GnuPG. Knows no store and no entry.

mod addressees;
mod by_agent;
pub mod container;
mod error;
pub mod front;
mod gpg;
pub mod key_file;
pub mod message;
pub mod new_key;
mod openpgp;
pub mod packets;
pub mod seal;
mod unlock;

pub use addressees::{Addressees, Meant, Reach, Stranger};
pub use error::{CipherError, Guarded, KeyFileError};

use crate::model::{Recipient, Secret, UserId};
use crate::system::agent::Prompts;
use crate::system::env::Env;
use crate::system::keyring::{self, PublicKey};
use crate::system::options::Options;
use key_file::KeyFileCipher;
use message::{Message, MessageError};
use openpgp::OpenPgp;
use sequoia_openpgp::Cert;
use sequoia_openpgp::packet::PKESK;
use sequoia_openpgp::serialize::SerializeInto;

/// May decrypting ask a person for a passphrase?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    Allowed,
    /// Answer `Locked` rather than prompt.
    Never,
}

/// Whom a message is for: recipients, and the keys they mean, looked up once for as many messages as are written at once.
/// Not for keeping: keys expire, and are revoked.
#[derive(Debug)]
pub struct Audience {
    pub recipients: Vec<Recipient>,
    /// None when gpg has to choose them.
    keys: Option<Vec<PublicKey>>,
}

/// A certificate, as far as a person needs to know it.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Upper-case hex.
    pub fingerprint: String,
    /// The first user id.
    pub name: Option<UserId>,
    /// Whether one of its secret keys that decrypt is here; None when nobody can say.
    pub own: Option<bool>,
    cert: Option<Cert>,
}

impl Identity {
    fn of(cert: &Cert, own: Option<bool>) -> Identity {
        let cert = cert.clone().strip_secret_key_material();
        Identity { fingerprint: cert.fingerprint().to_hex(), name: keyring::name_of(&cert), own, cert: Some(cert) }
    }

    /// The public key in armour, without signatures that are not for others.
    pub fn armored(&self) -> Option<Vec<u8>> {
        self.cert.as_ref().and_then(|cert| cert.armored().export_to_vec().ok())
    }

    /// For a cipher that has no certificates.
    #[cfg(test)]
    pub(crate) fn of_name(name: &str, own: bool) -> Identity {
        Identity {
            fingerprint: name.to_uppercase(),
            name: Some(UserId::new(name.as_bytes())),
            own: Some(own),
            cert: None,
        }
    }
}

/// The detached signature of a text, by gpg with the first of these keys that is here. Somebody may be asked for a
/// passphrase.
pub fn sign(env: &Env, options: &Options, prompts: &Prompts, text: &[u8]) -> Result<Vec<u8>, CipherError> {
    gpg::Gpg { env, options, prompts }.sign(text, &options.signing_keys)
}

/// Ciphertext ↔ secret. Shared by threads that open and write many entries at once.
pub trait Cipher: Send + Sync {
    /// The whole plaintext, or an error: never a part of it.
    fn decrypt(&self, message: &[u8], asking: Asking) -> Result<Secret, CipherError>;

    /// Looks the recipients' keys up. Fails naming the recipient that is missing, expired, revoked or not trusted.
    fn audience(&self, recipients: &[Recipient]) -> Result<Audience, CipherError>;

    /// A message that everyone of the audience, and nobody else, can read.
    fn encrypt_for(&self, plaintext: &Secret, audience: &Audience) -> Result<Vec<u8>, CipherError>;

    /// True when the message is encrypted to exactly the keys that `encrypt_for` would use now. False when in doubt.
    fn is_for(&self, message: &[u8], audience: &Audience) -> bool;

    /// Whom the message is encrypted to, held against whom it should be for. Decrypts nothing and asks nobody.
    fn addressees(&self, message: &[u8], wanted: &[Recipient]) -> Result<Addressees, CipherError> {
        let meant = wanted.iter().map(|one| self.meant(one)).collect::<Result<Vec<_>, _>>()?;
        self.held_against(message, &wanted.iter().zip(&meant).collect::<Vec<_>>())
    }

    /// What a recipient's text may mean, looked up once for as many messages as are looked at together.
    fn meant(&self, recipient: &Recipient) -> Result<Meant, CipherError>;

    /// `addressees` by what was looked up before.
    fn held_against(&self, message: &[u8], wanted: &[(&Recipient, &Meant)]) -> Result<Addressees, CipherError>;

    /// The certificates that a recipient's text may mean; more than one for a name that several have. None of them need
    /// be fit for encrypting to.
    fn identities(&self, recipient: &Recipient) -> Result<Vec<Identity>, CipherError>;

    /// `encrypt_for` for one message.
    fn encrypt(&self, plaintext: &Secret, recipients: &[Recipient]) -> Result<Vec<u8>, CipherError> {
        self.encrypt_for(plaintext, &self.audience(recipients)?)
    }

    /// `is_for` for one message.
    fn is_encrypted_to(&self, message: &[u8], recipients: &[Recipient]) -> bool {
        self.audience(recipients).is_ok_and(|audience| self.is_for(message, &audience))
    }
}

/// The cipher that the options ask for: a key file when one is named, else GnuPG's agent and keyring.
pub fn open(env: &Env, options: &Options, prompts: &Prompts) -> Result<Box<dyn Cipher>, CipherError> {
    match &options.key_file {
        Some(file) => Ok(Box::new(KeyFileCipher::open(file, env, options, prompts)?)),
        None => Ok(Box::new(OpenPgp::new(env, options, prompts))),
    }
}

/// The keys that a message names, hidden ones included, without decrypting; None for what is no message.
pub fn keys_of(message: &[u8]) -> Option<Vec<String>> {
    let message = Message::parse(message).ok()?;
    let name = |session: &PKESK| session.recipient().map_or_else(|| "hidden".to_owned(), |key| key.to_hex());
    Some(message.sessions.iter().map(name).collect())
}

/// Why no key opened the message.
fn no_key_fits(message: &Message) -> CipherError {
    let named = message.sessions.iter().filter_map(PKESK::recipient).map(|key| key.to_hex());
    let keys: Vec<String> = named.collect();
    if message.sessions.is_empty() && message.for_passphrase {
        CipherError::PassphraseOnly
    } else if message.sessions.is_empty() && message.unreadable_sessions > 0 {
        MessageError::Unsupported("session keys of a kind that is not known here".to_owned()).into()
    } else {
        CipherError::NoSecretKey { keys }
    }
}

impl Audience {
    /// Without keys: for a cipher that needs none.
    #[cfg(test)]
    pub(crate) fn of_names(recipients: &[Recipient]) -> Audience {
        Audience { recipients: recipients.to_vec(), keys: None }
    }
}

/// True when the message names exactly the audience's keys, and can be opened in no other way.
fn is_exactly_for(message: &[u8], audience: &Audience) -> bool {
    let Some(keys) = &audience.keys else { return false };
    let Ok(message) = Message::parse(message) else { return false };
    let named: Vec<_> = message.sessions.iter().filter_map(PKESK::recipient).collect();
    let plain = !message.for_passphrase && message.unreadable_sessions == 0 && named.len() == message.sessions.len();
    plain
        && named.len() == keys.len()
        && keys.iter().all(|key| named.iter().any(|named| named.aliases(key.key_handle())))
}
