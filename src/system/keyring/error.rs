//! What can be wrong with a recipient or with the public keys of the GnuPG home, and the command that helps.

use std::path::PathBuf;
use std::time::SystemTime;

use sequoia_openpgp::Fingerprint;

use crate::model::{Problem, text};
use crate::system::files::FileError;

/// Why a certificate cannot be found or encrypted to. `recipient` is the text as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("no recipient was given")]
    NoRecipients,
    #[error("no public key here for the recipient {recipient}", recipient = text::quoted(.recipient))]
    Missing { recipient: String },
    #[error("the key of the recipient {recipient} expired{when}", recipient = text::quoted(.recipient), when = since(.at))]
    Expired { recipient: String, fingerprint: Option<Fingerprint>, at: Option<SystemTime> },
    #[error("the key of the recipient {recipient} is revoked", recipient = text::quoted(.recipient))]
    Revoked { recipient: String },
    #[error("the key of the recipient {recipient} is disabled in this GnuPG home", recipient = text::quoted(.recipient))]
    Disabled { recipient: String, fingerprint: Option<Fingerprint> },
    #[error("the key of the recipient {recipient} cannot encrypt", recipient = text::quoted(.recipient))]
    NoEncryptionKey { recipient: String },
    #[error(
        "nobody here vouches that the key of the recipient {recipient} is theirs",
        recipient = text::quoted(.recipient)
    )]
    Untrusted { recipient: String, fingerprint: Option<Fingerprint> },
    #[error("the recipient {recipient} means more than one key", recipient = text::quoted(.recipient))]
    Ambiguous { recipient: String, fingerprints: Vec<Fingerprint> },
    /// A `group` in gpg.conf without members: gpg would silently encrypt to fewer than were asked for.
    #[error("the recipient {recipient} is a group without members in gpg.conf", recipient = text::quoted(.recipient))]
    EmptyGroup { recipient: String },
    /// Only gpg can say which key is meant or whether it is trusted, and gpg cannot be asked.
    #[error("gpg is needed to look up the recipient {recipient}: {why}", recipient = text::quoted(.recipient))]
    NeedsGpg { recipient: String, why: String },
    #[error("the signature of .gpg-id does not count: {why}")]
    BadSignature { why: String },
    /// Of a version that this program does not know, or damaged: gpg decides.
    #[error("a key that is here is of a kind that only gpg can use")]
    Strange,
    #[error("cannot read the public keys in {path}: {why}", path = text::quoted_path(.path))]
    Unreadable { path: PathBuf, why: String },
    #[error("the GnuPG home {path} {why}", path = text::quoted_path(.path))]
    Home { path: PathBuf, why: String },
    /// gpg itself would wait for it, or give up.
    #[error("gpg's configuration cannot be read: {0}")]
    Conf(String),
    #[error("gpg would encrypt something else than it is given, because of the option {0}")]
    Spoiled(String),
    #[error("the signature of .gpg-id cannot count: PASSWORD_STORE_SIGNING_KEY names no whole fingerprint")]
    NoSigningKey,
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<KeyringError> for Problem {
    fn from(error: KeyringError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match error {
            KeyringError::NoRecipients => problem.hint("name who may read the store with pass init"),
            KeyringError::Missing { recipient } => missing(problem, &recipient),
            KeyringError::Expired { fingerprint, .. } => expired(problem, fingerprint),
            KeyringError::Revoked { .. } => problem.hint(
                "take the recipient out of .gpg-id, or import the owner's new key with gpg --import and put that there",
            ),
            KeyringError::Disabled { fingerprint, recipient } => problem.hint(match id(fingerprint, &recipient) {
                Some(id) => format!("gpg --edit-key {id} enable quit"),
                None => "enable it with gpg --edit-key".to_owned(),
            }),
            KeyringError::NoEncryptionKey { .. } => {
                problem.hint("its owner adds an encryption subkey, then import the key again with gpg --import")
            }
            KeyringError::Untrusted { fingerprint, recipient } => untrusted(problem, fingerprint, &recipient),
            KeyringError::Ambiguous { fingerprints, .. } => {
                let all: Vec<String> = fingerprints.iter().map(Fingerprint::to_hex).collect();
                problem.hint(format!("write the one that is meant into .gpg-id: {}", all.join(" or ")))
            }
            KeyringError::EmptyGroup { recipient } => {
                let name = text::escaped(recipient.as_bytes()).into_owned();
                problem.hint(format!("name its members' fingerprints in gpg.conf, behind: group {name} ="))
            }
            KeyringError::NeedsGpg { .. } => problem
                .hint("install GnuPG: sudo apt install gnupg")
                .hint("or write whole fingerprints into .gpg-id and say trust = \"always\" in regpass's config.toml"),
            KeyringError::BadSignature { .. } => {
                problem.hint("look at what changed in .gpg-id; when it is right, sign it again with pass init")
            }
            KeyringError::Home { path, .. } => problem
                .hint("name the right one in GNUPGHOME (a ~ within quotes stays a ~)")
                .hint(format!("see what it is: ls -ld {}", text::shell_word(&path))),
            KeyringError::Conf(_) => problem.hint("put a plain file in its place, or move it away"),
            KeyringError::Spoiled(_) => problem.hint("take the option out: nothing is written to a store with it"),
            KeyringError::NoSigningKey => problem.hint(
                "the variable takes fingerprints of 40 upper-case hex digits, without spaces in them; see them with: \
                 gpg --list-secret-keys --with-colons",
            ),
            KeyringError::Strange => {
                problem.hint("install GnuPG: regpass lets gpg open what is encrypted to such a key")
            }
            KeyringError::Unreadable { .. } | KeyringError::File(_) => {
                problem.hint("see what gpg says: gpg --list-keys")
            }
        }
    }
}

fn missing(problem: Problem, recipient: &str) -> Problem {
    let problem = problem.hint("get their public key as a file and import it with gpg --import");
    match recipient.contains('@') && is_plain(recipient) {
        true => problem.hint(format!("or look for it on the network: gpg --locate-external-keys {recipient}")),
        false => problem,
    }
}

fn untrusted(problem: Problem, fingerprint: Option<Fingerprint>, recipient: &str) -> Problem {
    // gpg signs no key by itself: one's own is trusted by number.
    let own = fingerprint.as_ref().map(|key| format!("when it is your own: echo {key:X}:6: | gpg --import-ownertrust"));
    let problem = problem.hint(match id(fingerprint, recipient) {
        Some(id) => format!("when it is theirs, say so: gpg --lsign-key {id}"),
        None => "when it is theirs, say so with gpg --lsign-key".to_owned(),
    });
    own.into_iter()
        .fold(problem, Problem::hint)
        .hint("or encrypt without asking, as gopass does: export PASSWORD_STORE_GPG_OPTS='--trust-model always'")
}

fn expired(problem: Problem, fingerprint: Option<Fingerprint>) -> Problem {
    let problem = problem.hint("get the renewed key from its owner and import it with gpg --import");
    match fingerprint {
        // "*" is for subkeys that have not expired.
        Some(key) => problem.hint(format!(
            "or, when it is yours, renew it: gpg --quick-set-expire {key:X} 2y, then once more with its subkey's \
             fingerprint behind it (gpg --list-keys --with-subkey-fingerprint)"
        )),
        None => problem,
    }
}

/// What a command is to name: the fingerprint, else the text when the shell takes it as it is.
fn id(fingerprint: Option<Fingerprint>, recipient: &str) -> Option<String> {
    fingerprint.map(|key| key.to_hex()).or_else(|| is_plain(recipient).then(|| recipient.to_owned()))
}

fn is_plain(text: &str) -> bool {
    !text.starts_with('-') && text.chars().all(|c| c.is_ascii_alphanumeric() || "@.-_+".contains(c))
}

/// ` on 2026-08-21`, or nothing when the day is not known.
fn since(at: &Option<SystemTime>) -> String {
    let Some(seconds) = at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok()) else { return String::new() };
    let (year, month, day) = civil_date(seconds.as_secs() / 86_400);
    format!(" on {year:04}-{month:02}-{day:02}")
}

/// Days since 1970-01-01 as a date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_are_the_calendar_s() {
        let date = |seconds| since(&Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)));
        assert_eq!(date(0), " on 1970-01-01");
        assert_eq!(date(951_782_400), " on 2000-02-29");
        assert_eq!(date(1_787_270_400), " on 2026-08-21");
        assert_eq!(since(&None), "");
    }

    #[test]
    fn no_hint_carries_foreign_text_into_a_shell() {
        let evil = "x; rm -rf ~ @\u{1b}[2J";
        for error in [
            KeyringError::Missing { recipient: evil.to_owned() },
            KeyringError::Untrusted { recipient: evil.to_owned(), fingerprint: None },
            KeyringError::Disabled { recipient: "--yes".to_owned(), fingerprint: None },
        ] {
            let problem = Problem::from(error);
            let hints = problem.hints.join("\n");
            assert!(!hints.contains("rm -rf") && !hints.contains("--yes"), "{hints}");
            assert!(!problem.message.contains('\u{1b}'), "{}", problem.message);
        }
    }
}
