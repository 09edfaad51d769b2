//! gpg-agent over its socket: decrypts session keys, says whether a key is locked. Secret keys never leave it.

pub mod assuan;
mod connection;
mod curves;
mod error;
mod introduction;
pub mod key_files;
pub mod keygrip;
mod pinentry;
pub mod sexp;
pub mod socket;

pub use connection::{AgentConnection, KeyState, Mode, Unwrapped, is_not_started};
pub use error::AgentError;
pub use keygrip::Keygrip;
pub use pinentry::{Pinentry, is_graphical};

use std::fmt;
use std::sync::Arc;

use crate::model::Secret;

/// A pinentry is about to draw, or has finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinentryEvent {
    /// `terminal` is true for a flavour that draws on the terminal (curses, tty).
    Starts {
        terminal: bool,
        /// For ending it; None when it is not known, or not on this machine.
        pinentry: Option<Pinentry>,
    },
    Ended,
}

/// Told before a pinentry draws and after it ended; the pinentry waits until the call returns.
pub type OnPinentry = Arc<dyn Fn(PinentryEvent) + Send + Sync>;

/// Asks a person for a passphrase; None means called off. The text says what for.
pub type AskPassphrase = Arc<dyn Fn(&str) -> Option<Secret> + Send + Sync>;

/// How a frontend takes part when a passphrase is asked for. The default: nothing to do before a pinentry, and no
/// passphrase prompt of our own.
#[derive(Clone, Default)]
pub struct Prompts {
    pub pinentry: Option<OnPinentry>,
    /// For the agent in loopback mode and for a locked key file.
    pub passphrase: Option<AskPassphrase>,
}

impl fmt::Debug for Prompts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompts").field("pinentry", &self.pinentry.is_some()).finish_non_exhaustive()
    }
}
