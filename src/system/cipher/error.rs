//! Why an entry could not be read or written, and the command that helps.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::message::MessageError;
use crate::model::{Problem, text};
use crate::system::agent::AgentError;
use crate::system::keyring::KeyringError;
use crate::system::process::ProcessError;

/// Why a message could not be read or written. Each has its own advice.
#[derive(Debug, thiserror::Error)]
pub enum CipherError {
    /// None of the keys it is encrypted to is here; `keys` as the message names them, none when it hides them.
    #[error("{}", no_secret_key(.keys))]
    NoSecretKey { keys: Vec<String> },
    /// It can only be opened with a passphrase of its own, which no password store uses.
    #[error("it is encrypted with a passphrase only, not to a key")]
    PassphraseOnly,
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// gpg did what only it can do, and failed; its own words, escaped.
    #[error("gpg failed: {0}")]
    Gpg(String),
    #[error("gpg is needed here: {0}")]
    Process(#[from] ProcessError),
    /// The OpenPGP library failed where no input should make it fail.
    #[error("{0}")]
    Library(String),
}

/// Which of the two files that hold a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// `REGPASS_KEY_FILE`.
    Key,
    /// `REGPASS_KEY_PASSPHRASE_FILE`.
    Passphrase,
}

impl fmt::Display for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Guarded::Key => "key file",
            Guarded::Passphrase => "passphrase file",
        })
    }
}

/// What can be wrong with `REGPASS_KEY_FILE` and `REGPASS_KEY_PASSPHRASE_FILE`.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot read the {file} {}: {source}", text::quoted_path(.path))]
    Unreadable { file: Guarded, path: PathBuf, source: io::Error },
    #[error("the {file} {} can be read or written by others (mode {mode:04o})", text::quoted_path(.path))]
    Open { file: Guarded, path: PathBuf, mode: u32 },
    #[error("the {file} {} belongs to another user", text::quoted_path(.path))]
    Foreign { file: Guarded, path: PathBuf },
    /// It holds other keys than those the message is encrypted to; `keys` as the message names them.
    #[error("the key file {} holds no secret key that opens it{}", text::quoted_path(.path), only_for(.keys))]
    NotForIt { path: PathBuf, keys: Vec<String> },
    #[error("the key file {} holds no OpenPGP secret key", text::quoted_path(.path))]
    NoSecretKey { path: PathBuf },
    #[error("the key file {} is locked with a passphrase", text::quoted_path(.path))]
    Locked { path: PathBuf },
    #[error("wrong passphrase for the key file {}", text::quoted_path(.path))]
    BadPassphrase { path: PathBuf },
    #[error("the passphrase of the key file {} was not given", text::quoted_path(.path))]
    Cancelled { path: PathBuf },
}

impl CipherError {
    /// The key is locked and nobody may be asked for its passphrase.
    pub fn is_locked(&self) -> bool {
        matches!(self, CipherError::Agent(AgentError::Locked) | CipherError::KeyFile(KeyFileError::Locked { .. }))
    }

    /// No key here is one of those it is encrypted to.
    pub fn is_no_key(&self) -> bool {
        matches!(self, CipherError::NoSecretKey { .. } | CipherError::KeyFile(KeyFileError::NotForIt { .. }))
    }

    /// A person was asked, or could not be, and the key did not open: asking for another message would only ask again.
    pub fn is_asked_in_vain(&self) -> bool {
        match self {
            CipherError::Agent(error) => !error.gpg_may_do_better(),
            CipherError::KeyFile(error) => matches!(error, KeyFileError::BadPassphrase { .. }),
            _ => false,
        }
    }

    /// The agent keeps everybody waiting.
    pub fn is_stuck(&self) -> bool {
        matches!(self, CipherError::Agent(error) if error.is_stuck())
    }

    /// True when the message is not what it was: an older one may be.
    pub fn is_damaged(&self) -> bool {
        let whole = |error: &MessageError| {
            matches!(
                error,
                MessageError::NoIntegrity
                    | MessageError::NotEncrypted
                    | MessageError::Unsupported(_)
                    | MessageError::TooLarge(_)
            )
        };
        matches!(self, CipherError::Message(error) if !whole(error))
    }

    /// As a person is told of it whose file could not be read: with the command that looks at that file.
    pub fn reading(self, file: &Path) -> Problem {
        let advice = self.advice_on_file();
        let problem = Problem::from(self);
        match advice {
            Some((why, command)) => problem.hint(format!("{why}: {command} {}", text::shell_word(file))),
            None => problem,
        }
    }

    /// What helps with a file, and the command that takes its name.
    fn advice_on_file(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            CipherError::PassphraseOnly => ("open it with its passphrase", "gpg -d"),
            CipherError::Message(MessageError::NoIntegrity) => {
                ("anybody could have changed it; read it with care and store it anew", "gpg --ignore-mdc-error -d")
            }
            CipherError::Message(MessageError::NotEncrypted) => ("look at what it is", "gpg --list-packets"),
            CipherError::Message(MessageError::Unsupported(_) | MessageError::TooLarge(_)) => {
                ("see whether gpg reads it", "gpg -d")
            }
            CipherError::Agent(AgentError::Refused { .. }) | CipherError::Library(_) => {
                ("see whether gpg can do it", "gpg -d")
            }
            CipherError::Process(ProcessError::Missing { .. }) => return None,
            CipherError::Process(_) | CipherError::Gpg(_) => ("see what gpg says", "gpg -d"),
            _ => return None,
        })
    }

    /// A person at a terminal may do better: with another answer to the question for the passphrase, or with any.
    pub fn wants_person(&self) -> bool {
        matches!(self, CipherError::Agent(error) if error.wants_person())
            || matches!(self, CipherError::KeyFile(KeyFileError::Locked { .. }))
    }

    /// The person called it off.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, CipherError::Agent(AgentError::Cancelled) | CipherError::KeyFile(KeyFileError::Cancelled { .. }))
    }
}

impl KeyFileError {
    /// True for what is wrong with one secret key in the file and not with the others.
    pub(super) fn is_of_one_key(&self) -> bool {
        matches!(self, KeyFileError::Locked { .. } | KeyFileError::BadPassphrase { .. })
    }
}

fn only_for(keys: &[String]) -> String {
    match keys {
        [] => "; it hides whom it is for".to_owned(),
        keys => format!("; it is encrypted to {} only", keys.join(", ")),
    }
}

fn no_secret_key(keys: &[String]) -> String {
    match keys {
        [] => "no secret key here opens it; it hides whom it is for".to_owned(),
        [only] => format!("no secret key here for {only}, the only key it is encrypted to"),
        _ => format!("no secret key here for any of the keys it is encrypted to: {}", keys.join(", ")),
    }
}

impl From<CipherError> for Problem {
    fn from(error: CipherError) -> Problem {
        let words = error.to_string();
        match error {
            CipherError::NoSecretKey { .. } => Problem::failed(words)
                .hint("see which secret keys are here: gpg --list-secret-keys --with-subkey-fingerprint")
                .hint("ask somebody who can read it to add your key with pass init"),
            CipherError::PassphraseOnly | CipherError::Message(_) => Problem::failed(words),
            CipherError::Agent(error) => error.into(),
            CipherError::Keyring(error) => error.into(),
            CipherError::KeyFile(error) => error.into(),
            CipherError::Gpg(_) => Problem::failed(words),
            CipherError::Process(ProcessError::Missing { .. }) => {
                Problem::failed(words).hint("install GnuPG: sudo apt install gnupg")
            }
            CipherError::Process(_) | CipherError::Library(_) => Problem::failed(words),
        }
    }
}

impl From<KeyFileError> for Problem {
    fn from(error: KeyFileError) -> Problem {
        let words = error.to_string();
        match error {
            KeyFileError::Open { path, .. } => {
                Problem::failed(words).hint(format!("chmod 600 {}", text::shell_word(&path)))
            }
            KeyFileError::Foreign { path, .. } => {
                Problem::failed(words).hint(format!("chown \"$(id -u)\" {}", text::shell_word(&path)))
            }
            KeyFileError::NoSecretKey { path } => Problem::failed(words).hint(format!(
                "put your secret key there: (umask 077; gpg --export-secret-keys --armor > {})",
                text::shell_word(&path)
            )),
            KeyFileError::Locked { .. } => Problem::failed(words)
                .hint("put the passphrase into a file of mode 600 and name that in REGPASS_KEY_PASSPHRASE_FILE"),
            KeyFileError::Cancelled { .. } => Problem::cancelled(words).hint(
                "to be asked no more, put it into a file of mode 600 and name that in REGPASS_KEY_PASSPHRASE_FILE",
            ),
            KeyFileError::BadPassphrase { .. } => Problem::failed(words)
                .hint("write the right one into the first line of the file that REGPASS_KEY_PASSPHRASE_FILE names")
                .hint("or be asked for it in a terminal: unset REGPASS_KEY_PASSPHRASE_FILE"),
            KeyFileError::Unreadable { file: Guarded::Key, .. } => Problem::failed(words)
                .hint("name the right one in REGPASS_KEY_FILE")
                .hint("or use gpg-agent's keys: unset REGPASS_KEY_FILE (or take key-file out of config.toml)"),
            KeyFileError::Unreadable { file: Guarded::Passphrase, .. } => Problem::failed(words)
                .hint("name the right one in REGPASS_KEY_PASSPHRASE_FILE")
                .hint("or be asked for it in a terminal: unset REGPASS_KEY_PASSPHRASE_FILE"),
            KeyFileError::NotForIt { path, .. } => Problem::failed(words)
                .hint(format!(
                    "see which keys it holds: gpg --show-keys --with-subkey-fingerprint {}",
                    text::shell_word(&path)
                ))
                .hint("name another key file, or use gpg-agent's keys: unset REGPASS_KEY_FILE"),
        }
    }
}
