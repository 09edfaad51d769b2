//! Public certificates of the GnuPG home, looked up one at a time: pubring.kbx, pubring.gpg, keyboxd, and a store's
//! `.public-keys/`. Says which key a recipient means and whether it is expired, revoked or untrusted, as gpg would, and
//! asks gpg where the answer is not certain. Touches no secret key.

mod choice;
mod describe;
mod error;
pub mod given;
pub mod gpg_conf;
mod holders;
mod keybox;
mod keyboxd;
mod listing;
pub mod public_keys;
mod recipients;
mod rings;
mod signature;
mod trustdb;

pub use describe::{RecipientStanding, RecipientState, name_of};
pub use error::KeyringError;
pub use holders::{Holder, holders_among};
pub use rings::{encrypting_keys, ring_files};

use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::OnceLock;

use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::{Cert, KeyHandle};

use super::env::Env;
use super::options::Options;
use crate::model::Recipient;
use gpg_conf::Behaviour;

/// A public key or subkey.
pub type PublicKey = Key<PublicParts, UnspecifiedRole>;

/// A public key, and whose it is: the first user id of its certificate, escaped, for a person to recognise.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnedKey {
    pub key: PublicKey,
    pub owner: String,
}

/// How a message for some recipients is to be made.
#[derive(Debug)]
pub enum Encryption {
    /// To exactly these keys, each once, in the order of the recipients.
    InProcess(Vec<PublicKey>),
    /// Only gpg can do what was asked for: `gpg -e` with pass's options and these recipients.
    ByGpg { why: String },
}

/// The public keys of one GnuPG home. Making one touches nothing.
pub struct Keyring {
    home: PathBuf,
    env: Env,
    options: Options,
    behaviour: OnceLock<Behaviour>,
}

impl Keyring {
    pub fn new(env: &Env, options: &Options) -> Keyring {
        let home = options.gnupg_home.clone();
        Keyring { home, env: env.clone(), options: options.clone(), behaviour: OnceLock::new() }
    }

    /// The certificate that holds the key with this id or fingerprint; None when there is none.
    pub fn cert_with_key(&self, key: &KeyHandle) -> Result<Option<Cert>, KeyringError> {
        let Some(wanted) = keybox::Wanted::of(key) else { return Ok(None) };
        Ok(self.find_known(&wanted, 1)?.into_iter().flatten().next())
    }

    /// For each of these keys the first certificate that holds it. What was found before a fault is still good.
    pub fn certs_with_keys(&self, keys: &[KeyHandle]) -> (Vec<Option<Rc<Cert>>>, Option<KeyringError>) {
        self.find_each(keys, rings::CERTIFICATE)
    }

    /// The same for the keys themselves.
    pub fn owned_keys(&self, keys: &[KeyHandle]) -> (Vec<Option<OwnedKey>>, Option<KeyringError>) {
        self.find_each(keys, rings::OWNED_KEY)
    }

    /// Every key that may decrypt, for messages that do not name their recipients.
    pub fn decryption_candidates(&self) -> Result<Vec<PublicKey>, KeyringError> {
        self.encryption_capable()
    }

    /// The keys that `gpg -r` would encrypt to for these recipients, or word that only gpg can do it. Never fewer and
    /// never more than asked for: a recipient that cannot be served is an error naming it.
    pub fn encryption_keys(&self, recipients: &[Recipient]) -> Result<Encryption, KeyringError> {
        self.check_conf()?;
        if recipients.is_empty() {
            return Err(KeyringError::NoRecipients);
        }
        if let Some(option) = &self.behaviour().spoiled_by {
            return Err(KeyringError::Spoiled(option.clone()));
        }
        let members = self.with_groups_expanded(recipients)?;
        match &self.behaviour().only_gpg {
            Some(why) => Ok(Encryption::ByGpg { why: why.clone() }),
            None => self.resolve(&members),
        }
    }

    /// Fails when the GnuPG home is no folder that can be read. To be asked when something was not found in it.
    pub fn check_home(&self) -> Result<(), KeyringError> {
        let fault = |why: String| KeyringError::Home { path: self.home.clone(), why };
        match std::fs::read_dir(&self.home) {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.kind() {
                ErrorKind::NotFound => fault("is missing".to_owned()),
                ErrorKind::NotADirectory => fault("is not a folder".to_owned()),
                _ => fault(format!("cannot be read: {error}")),
            }),
        }
    }

    /// Fails when gpg would hang on its configuration. To be asked before gpg is started.
    pub fn check_conf(&self) -> Result<(), KeyringError> {
        self.behaviour().unreadable.clone().map_or(Ok(()), |why| Err(KeyringError::Conf(why)))
    }

    /// True where only GnuPG's key daemon can look a key up.
    pub fn is_kept_by_daemon(&self) -> bool {
        keyboxd::in_use(&self.home)
    }

    /// What `$PASSWORD_STORE_GPG_OPTS` and gpg.conf ask for when a message is written.
    pub fn behaviour(&self) -> &Behaviour {
        self.behaviour.get_or_init(|| Behaviour::read(&self.options, &self.home))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("home", &self.home).finish_non_exhaustive()
    }
}
