//! Who can read what the store holds: recipients by name, as far as the public keys here tell, and whether our own key
//! would ask for a passphrase. Asks a running agent, starts none, and runs no gpg.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::model::{EntryPath, Problem, Recipient};
use crate::system::System;
use crate::system::agent::{AgentConnection, KeyState, Keygrip};
use crate::system::keyring::RecipientStanding;

/// One recipient as a person knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// As the recipients file says it.
    pub recipient: Recipient,
    /// The certificate's fingerprint, upper-case hex.
    pub fingerprint: Option<String>,
    /// The certificate's first user id, escaped.
    pub name: Option<String>,
    pub standing: RecipientStanding,
    pub expires: Option<SystemTime>,
}

/// Whether reading an entry now would ask anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// The key comes from a key file.
    KeyFile,
    Unlocked,
    Locked,
    /// On a smartcard.
    Card,
}

/// The store that is worked on and the key that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    pub store: PathBuf,
    /// The first recipient of the store's top folder whose secret key is here, else the first; None when there is no
    /// saying.
    pub key: Option<Reader>,
    pub lock: Option<Lock>,
}

/// The most recipients looked up: a breadcrumb is not worth reading a keyring for a whole company.
const RECIPIENTS_MAX: usize = 20;

/// Recipients by name. One that cannot be looked up stays as it is written.
pub fn describe(system: &System, recipients: &[Recipient]) -> Vec<Reader> {
    recipients.iter().map(|recipient| reader(system, recipient)).collect()
}

pub fn whereabouts(system: &System) -> Result<Whereabouts, Problem> {
    let root = system.stores()?.root();
    let recipients = root.recipients_for(&EntryPath::root(), &system.options).map(|found| found.recipients);
    let recipients: Vec<Recipient> = recipients.unwrap_or_default().into_iter().take(RECIPIENTS_MAX).collect();
    let mut readers = describe(system, &recipients);
    let (index, lock) = if system.options.key_file.is_some() {
        (0, Some(Lock::KeyFile))
    } else {
        own_key(system, &readers).map_or((0, None), |(index, lock)| (index, Some(lock)))
    };
    let key = (index < readers.len()).then(|| readers.swap_remove(index));
    Ok(Whereabouts { store: root.root().to_owned(), key, lock })
}

fn reader(system: &System, recipient: &Recipient) -> Reader {
    let unknown = Reader {
        recipient: recipient.clone(),
        fingerprint: recipient.hex().filter(|hex| hex.len() >= 40),
        name: None,
        standing: RecipientStanding::Unknown,
        expires: None,
    };
    // With a key file the GnuPG home says nothing about who can read.
    if system.options.key_file.is_some() {
        return unknown;
    }
    match system.keyring().describe(recipient) {
        Ok(state) => Reader {
            recipient: recipient.clone(),
            fingerprint: state.fingerprint.or(unknown.fingerprint),
            name: state.user_id,
            standing: state.standing,
            expires: state.expires,
        },
        Err(_) => unknown,
    }
}

/// The first reader whose secret key the agent has, and its state.
fn own_key(system: &System, readers: &[Reader]) -> Option<(usize, Lock)> {
    let mut agent = AgentConnection::open_running(&system.env, &system.options).ok()?;
    readers.iter().enumerate().find_map(|(index, reader)| {
        let key = reader.fingerprint.as_ref()?.parse().ok()?;
        let cert = system.keyring().cert_with_key(&key).ok()??;
        let decrypts = cert.keys().filter(|key| key.key().pk_algo().for_encryption());
        let grips: Vec<Keygrip> =
            decrypts.filter_map(|key| Keygrip::of(&key.key().clone().role_into_unspecified())).collect();
        let states = agent.key_states(&grips).ok()?;
        states.into_iter().find_map(lock_of).map(|lock| (index, lock))
    })
}

fn lock_of(state: KeyState) -> Option<Lock> {
    match state {
        KeyState::NoPassphrase | KeyState::Unlocked => Some(Lock::Unlocked),
        KeyState::Locked => Some(Lock::Locked),
        KeyState::Card => Some(Lock::Card),
        KeyState::Absent | KeyState::Unknown => None,
    }
}
