//! One room for each outside thing. A room reads, writes and asks; what counts as bad and what to do about it is `ops`.
//! `System` hands the rooms out; making one touches nothing, each room opens on its first call.

pub mod accounts;
pub mod agent;
pub mod archive;
#[cfg(feature = "ecr")]
pub mod aws;
pub mod cipher;
pub mod config_file;
pub mod containerd;
pub mod crontabs;
pub mod docker;
pub mod draft;
pub mod editor;
pub mod env;
mod family;
pub mod files;
pub mod git;
pub mod journal;
pub mod keyring;
pub mod links;
pub mod login_results;
pub mod login_shell;
mod mask;
pub mod modes;
pub mod options;
pub mod others;
pub mod process;
pub mod programs;
pub mod registries_conf;
pub mod registry;
pub mod rewriting;
pub mod runner;
pub mod scratch;
pub mod store;
pub mod sudoers;
pub mod undo_log;
pub mod units;
pub mod variables;
pub mod windows;

#[cfg(feature = "tui")]
pub mod clipboard;
#[cfg(feature = "tui")]
pub mod watching;

use std::cell::OnceCell;

use cipher::{Cipher, CipherError};
use env::Env;
use keyring::Keyring;
use options::Options;
use store::{StoreError, Stores};

/// Handle to the outside, one for each thread that needs one.
pub struct System {
    pub env: Env,
    pub options: Options,
    stores: OnceCell<Stores>,
    cipher: OnceCell<Box<dyn Cipher>>,
    keyring: OnceCell<Keyring>,
    prompts: agent::Prompts,
    /// Which steps of the undo log belong together now.
    pub action: undo_log::Action,
}

impl System {
    pub fn new(env: Env, options: Options) -> System {
        System {
            env,
            options,
            stores: OnceCell::new(),
            cipher: OnceCell::new(),
            keyring: OnceCell::new(),
            prompts: agent::Prompts::default(),
            action: undo_log::Action::default(),
        }
    }

    /// As `new`, with a say in how passphrases are asked for (the terminal UI leaves its screen to a pinentry).
    pub fn with_prompts(env: Env, options: Options, prompts: agent::Prompts) -> System {
        System { prompts, ..System::new(env, options) }
    }

    /// The same with another folder for Docker's configuration, opened anew.
    pub fn with_docker_config(&self, folder: &std::path::Path) -> System {
        let options = Options { docker_config: folder.to_owned(), ..self.options.clone() };
        System::with_prompts(self.env.clone(), options, self.prompts.clone())
    }

    /// With a cipher of the test's own.
    #[cfg(test)]
    pub(crate) fn with_cipher(env: Env, options: Options, cipher: Box<dyn Cipher>) -> System {
        System { cipher: OnceCell::from(cipher), ..System::new(env, options) }
    }

    /// The root store and its mounts.
    pub fn stores(&self) -> Result<&Stores, StoreError> {
        if let Some(stores) = self.stores.get() {
            return Ok(stores);
        }
        let stores = Stores::open(&self.env, &self.options)?;
        Ok(self.stores.get_or_init(|| stores))
    }

    /// Public certificates.
    pub fn keyring(&self) -> &Keyring {
        self.keyring.get_or_init(|| Keyring::new(&self.env, &self.options))
    }

    /// A detached signature by one of `Options::signing_keys`; somebody may be asked for a passphrase.
    pub fn sign(&self, text: &[u8]) -> Result<Vec<u8>, CipherError> {
        cipher::sign(&self.env, &self.options, &self.prompts, text)
    }

    /// Ciphertext to secret and back.
    pub fn cipher(&self) -> Result<&dyn Cipher, CipherError> {
        if let Some(cipher) = self.cipher.get() {
            return Ok(cipher.as_ref());
        }
        let cipher = cipher::open(&self.env, &self.options, &self.prompts)?;
        Ok(self.cipher.get_or_init(|| cipher).as_ref())
    }
}
