//! Why gpg-agent did not do what it was asked, told apart by the number it gives (libgpg-error, err-codes.h), because its
//! texts and gpg's are too vague to help anybody.

use std::path::PathBuf;

use super::assuan::AssuanError;
use crate::model::{Problem, text};

/// What stands between us and a decrypted session key.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The agent has no such secret key.
    #[error("gpg-agent has no such secret key")]
    NoSecretKey,
    /// A passphrase is needed and nobody may be asked.
    #[error("the secret key is locked")]
    Locked,
    /// A passphrase is needed, and the agent finds no terminal or display to ask on.
    #[error("the secret key is locked, and gpg-agent has no terminal to ask for its passphrase on")]
    NoWayToAsk,
    /// A passphrase is needed, and the program that asks for it is not there or cannot run.
    #[error("the secret key is locked, and gpg-agent could not start the pinentry that asks for its passphrase")]
    NoPinentry,
    #[error("the secret key is locked, and the pinentry that asks for its passphrase ended unexpectedly")]
    PinentryDied,
    #[error("the passphrase was not given: cancelled")]
    Cancelled,
    #[error("wrong passphrase")]
    BadPassphrase,
    #[error("no passphrase was given: it was left empty")]
    NoPassphrase,
    #[error("nobody answered the question for the passphrase")]
    Unanswered,
    #[error("the secret key is on a smartcard that is not there")]
    CardAbsent,
    #[error("the secret key is on a smartcard, and the program that talks to cards is not installed")]
    NoCardDaemon,
    #[error("gpg-agent is not running and could not be started: {why}")]
    NotStarted { why: String },
    /// It neither went to the background nor gave up, as with a FIFO in place of its configuration.
    #[error("gpg-agent was started with the home {} and hangs: no word within {seconds} seconds", text::quoted_path(.home))]
    HangsStarting { home: PathBuf, seconds: u64 },
    #[error("gpg-agent cannot be reached at {}: {why}", text::quoted_path(.socket))]
    Unreachable { socket: PathBuf, why: String },
    /// Whoever listens there would be told what is decrypted, and what with.
    #[error("the gpg-agent at {} is another user's (id {uid}) and is not spoken to", text::quoted_path(.socket))]
    Foreign { socket: PathBuf, uid: u32 },
    #[error("gpg-agent does not answer")]
    Hung,
    /// The agent does not let us choose how it asks, as one reached over a restricted socket.
    #[error("gpg-agent does not allow {0}")]
    Forbidden(&'static str),
    #[error("gpg-agent refused: {}", text::escaped(.text.as_bytes()))]
    Refused { number: u32, text: String },
    #[error("talking to gpg-agent failed: {0}")]
    Talk(AssuanError),
    #[error("gpg-agent's answer makes no sense")]
    Nonsense,
    /// No key's value is that long. gpg would listen for as long as the agent talks.
    #[error("gpg-agent's answer does not end")]
    Endless,
}

impl AgentError {
    /// The fault that a gpg-error value means; `text` is the agent's own, for those that have no words here.
    pub fn with_number(number: u32, text: String) -> AgentError {
        match number & 0xffff {
            11 => AgentError::BadPassphrase,
            17 => AgentError::NoSecretKey,
            62 => AgentError::Unanswered,
            85 => AgentError::NoPinentry,
            // A fault of pinentry; its end without an answer.
            86 | 16383 => AgentError::PinentryDied,
            // ENOTTY as a system error.
            32870 => AgentError::NoWayToAsk,
            99 | 114 | 198 => AgentError::Cancelled,
            // The card errors: removed, absent, reset, not usable; no reader (ENODEV).
            108..=113 | 32828 => AgentError::CardAbsent,
            119 => AgentError::NoCardDaemon,
            177 => AgentError::NoPassphrase,
            _ => AgentError::Refused { number, text },
        }
    }

    /// The same fault where nobody may be asked: the agent was kept from asking, so nothing is wrong with its ways to.
    pub fn when_silent(self) -> AgentError {
        match self {
            AgentError::NoWayToAsk | AgentError::NoPinentry | AgentError::PinentryDied => AgentError::Locked,
            other => other,
        }
    }

    /// True for the faults that gpg, taking another way, may not have. Never for what a person decided or will be asked
    /// again for.
    pub fn gpg_may_do_better(&self) -> bool {
        matches!(self, AgentError::Refused { .. } | AgentError::Nonsense)
    }

    /// True when the key was used and the encrypted value is to blame: checksum, bad MPI, invalid value, invalid, short,
    /// large and missing object, invalid and bad data, invalid S-expression, decryption failed (libgpg-error, err-codes.h).
    pub fn blames_the_value(&self) -> bool {
        let codes = [10, 30, 55, 65, 66, 67, 68, 79, 83, 88, 89, 152];
        matches!(self, AgentError::Refused { number, .. } if codes.contains(&(number & 0xffff)))
    }

    /// True when a person at a terminal may do better: with another answer, or with any.
    pub fn wants_person(&self) -> bool {
        use AgentError::{BadPassphrase, Locked, NoPassphrase, NoWayToAsk, Unanswered};
        matches!(self, BadPassphrase | NoPassphrase | Unanswered | Locked | NoWayToAsk)
    }

    /// True for an agent that would keep gpg waiting as it kept us, and for one that gpg is not to speak to either.
    pub fn is_stuck(&self) -> bool {
        use AgentError::{Foreign, HangsStarting, Hung, Unreachable};
        matches!(self, Hung | HangsStarting { .. } | Unreachable { .. } | Foreign { .. })
    }

    /// True when the agent ended in the middle of the conversation.
    pub fn is_hang_up(&self) -> bool {
        matches!(self, AgentError::Talk(AssuanError::Closed | AssuanError::Broken(_)))
    }
}

impl From<AssuanError> for AgentError {
    fn from(error: AssuanError) -> AgentError {
        match error {
            AssuanError::TimedOut => AgentError::Hung,
            AssuanError::Connect { path, source } => AgentError::Unreachable { socket: path, why: source.to_string() },
            AssuanError::Foreign { path, uid } => AgentError::Foreign { socket: path, uid },
            AssuanError::Refused { number, text } => AgentError::with_number(number, text),
            other => AgentError::Talk(other),
        }
    }
}

const CHECK_PINENTRY: &str =
    "see whether pinentry-program in gpg-agent.conf names one that works: gpgconf --check-programs";
const INSTALL_PINENTRY: &str = "or install one for terminals: sudo apt install pinentry-curses";

impl From<AgentError> for Problem {
    fn from(error: AgentError) -> Problem {
        let words = error.to_string();
        match error {
            AgentError::Cancelled => Problem::cancelled(words),
            AgentError::Locked | AgentError::NoWayToAsk => {
                Problem::failed(words).hint("tell gpg-agent your terminal, then try again: export GPG_TTY=$(tty)")
            }
            AgentError::NoPinentry => Problem::failed(words).hint(CHECK_PINENTRY).hint(INSTALL_PINENTRY),
            AgentError::PinentryDied => Problem::failed(words)
                .hint(CHECK_PINENTRY)
                .hint(INSTALL_PINENTRY)
                .hint("or, when it found no terminal: export GPG_TTY=$(tty)"),
            AgentError::Unanswered | AgentError::BadPassphrase | AgentError::NoPassphrase => Problem::failed(words),
            AgentError::NoSecretKey => Problem::failed(words)
                .hint("see which secret keys are here: gpg --list-secret-keys --with-subkey-fingerprint"),
            AgentError::CardAbsent => Problem::failed(words).hint("insert the card and see it: gpg --card-status"),
            AgentError::NoCardDaemon => Problem::failed(words).hint("install it: sudo apt install scdaemon"),
            AgentError::Foreign { socket, .. } => Problem::failed(words)
                .hint(format!("see whose it is: ls -ln {}", text::shell_word(&socket)))
                .hint("use a GnuPG home of your own, with --gnupg-home or $GNUPGHOME"),
            AgentError::NotStarted { .. } => Problem::failed(words)
                .hint("start it and read what it says: gpg-agent --daemon")
                .hint("if it is not installed: sudo apt install gpg-agent"),
            AgentError::HangsStarting { .. } => Problem::failed(words)
                .hint("see that gpg-agent.conf and the other files of that home are plain files: ls -l")
                .hint("or see where it stops: gpg-agent --daemon --debug-level guru"),
            AgentError::Unreachable { .. } | AgentError::Talk(_) | AgentError::Nonsense | AgentError::Endless => {
                Problem::failed(words).hint("start it anew: gpgconf --kill gpg-agent && gpgconf --launch gpg-agent")
            }
            AgentError::Hung => {
                Problem::failed(words).hint("end it; the next call starts a new one: gpgconf --kill gpg-agent")
            }
            AgentError::Forbidden(_) => Problem::failed(words)
                .hint("allow it in gpg-agent.conf (allow-loopback-pinentry), or unset REGPASS_PINENTRY"),
            AgentError::Refused { .. } => Problem::failed(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;

    #[test]
    fn each_number_has_its_own_words() {
        // Numbers as gpg-agent 2.2.40 and 2.4.7 gave them, with their sources in the high byte.
        let cases = [
            (83886179, "cancelled"),
            (67108963, "cancelled"),
            (67108949, "could not start the pinentry"),
            (83902463, "ended unexpectedly"),
            (83886166, "ended unexpectedly"),
            (83918950, "no terminal to ask"),
            (67108875, "wrong passphrase"),
            (67109041, "no passphrase was given"),
            (67108881, "no such secret key"),
            (83886142, "nobody answered"),
            (67108983, "not installed"),
            (67108976, "smartcard that is not there"),
        ];
        for (number, words) in cases {
            let error = AgentError::from(AssuanError::Refused { number, text: String::new() });
            assert!(error.to_string().contains(words), "{number}: {error}");
            assert!(!error.gpg_may_do_better(), "{number}");
            let problem = Problem::from(error);
            assert_eq!(problem.kind == ProblemKind::Cancelled, words == "cancelled");
            // The hint that these have names the entry, which is not known here.
            let asks_again = ["cancelled", "wrong passphrase", "no passphrase was given", "nobody answered"];
            assert_eq!(problem.hints.is_empty(), asks_again.contains(&words), "{number}");
            let of_pinentry = problem.message.contains("pinentry");
            assert_eq!(problem.hints.iter().any(|hint| hint.contains("pinentry-program")), of_pinentry, "{number}");
        }
    }
}
