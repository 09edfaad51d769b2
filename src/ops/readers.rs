//! Who can read what the store holds: recipients by name, as far as the public keys here tell, and whether our own key
//! would ask for a passphrase. Asks a running agent where it says so, starts none, and runs no gpg.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::model::{EntryPath, Problem, Recipient, UserId};
use crate::system::System;
use crate::system::agent::{AgentConnection, AgentError, KeyState, Keygrip};
use crate::system::cipher::Identity;
use crate::system::files;
use crate::system::keyring::{RecipientStanding, encrypting_keys};

/// One recipient as a person knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// As the recipients file says it.
    pub recipient: Recipient,
    /// The certificate's fingerprint, upper-case hex.
    pub fingerprint: Option<String>,
    /// The certificate's first user id.
    pub name: Option<UserId>,
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
    /// The agent has no secret key that the store is written for.
    Absent,
    /// No agent runs that could tell; opening an entry starts one.
    NoAgent,
    /// An agent runs and does not answer.
    Silent,
    /// The agent does not tell.
    Untold,
}

/// The store that is worked on and the key that opens it, as far as nobody has to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    pub store: PathBuf,
    /// None when only the agent can tell which of several keys is ours.
    pub key: Option<Reader>,
    /// None when only the agent can tell.
    pub lock: Option<Lock>,
}

/// The key that opens the store, by the agent's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKey {
    /// The first recipient of the store's top folder whose secret key is here, else the first; None when there is none.
    pub key: Option<Reader>,
    pub lock: Lock,
}

/// The most recipients looked up: a breadcrumb is not worth reading a keyring for a whole company.
const RECIPIENTS_MAX: usize = 20;

/// Recipients by name. One that cannot be looked up stays as it is written.
pub fn describe(system: &System, recipients: &[Recipient]) -> Vec<Reader> {
    recipients.iter().map(|recipient| reader(system, recipient)).collect()
}

pub fn whereabouts(system: &System) -> Result<Whereabouts, Problem> {
    let mut readers = readers_of_top(system)?;
    let by_file = system.options.key_file.is_some();
    let key = if by_file || readers.len() == 1 { readers.drain(..).next() } else { None };
    let store = system.stores()?.root().root().to_owned();
    Ok(Whereabouts { store, key, lock: by_file.then_some(Lock::KeyFile) })
}

/// Takes as long as the agent does, which may hang.
pub fn own_key(system: &System) -> Result<OwnKey, Problem> {
    let mut readers = readers_of_top(system)?;
    let (index, lock) =
        if system.options.key_file.is_some() { (0, Lock::KeyFile) } else { asked_agent(system, &readers) };
    let key = (index < readers.len()).then(|| readers.swap_remove(index));
    Ok(OwnKey { key, lock })
}

/// Why nobody can say whether the secret key is here.
pub fn unseen_keys(system: &System, readers_known: bool) -> Option<String> {
    let home = &system.options.gnupg_home;
    let places = ["", "private-keys-v1.d", "pubring.kbx", "pubring.gpg", "public-keys.d"];
    let closed = places.iter().find_map(|place| files::closed(&home.join(place)));
    let closed = closed.map(|error| error.to_string());
    closed.or_else(|| (!readers_known).then(|| "whose key it takes is not known".to_owned()))
}

fn readers_of_top(system: &System) -> Result<Vec<Reader>, Problem> {
    let root = system.stores()?.root();
    let recipients = root.recipients_for(&EntryPath::root(), &system.options).map(|found| found.recipients);
    let recipients: Vec<Recipient> = recipients.unwrap_or_default().into_iter().take(RECIPIENTS_MAX).collect();
    Ok(describe(system, &recipients))
}

fn reader(system: &System, recipient: &Recipient) -> Reader {
    let unknown = Reader {
        recipient: recipient.clone(),
        fingerprint: recipient.hex().filter(|hex| hex.len() >= 40),
        name: None,
        standing: RecipientStanding::Unknown,
        expires: None,
    };
    // With a key file the GnuPG home says nothing about who is trusted.
    if system.options.key_file.is_some() {
        let meant = system.cipher().ok().and_then(|cipher| cipher.identities(recipient).ok()).unwrap_or_default();
        return match <[Identity; 1]>::try_from(meant) {
            Ok([Identity { fingerprint, name, .. }]) => Reader { fingerprint: Some(fingerprint), name, ..unknown },
            Err(_) => unknown,
        };
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

/// The first reader whose secret key the agent has, and its state; else the first, and why there is no more to say.
fn asked_agent(system: &System, readers: &[Reader]) -> (usize, Lock) {
    let mut agent = match AgentConnection::open_running(&system.env, &system.options) {
        Ok(agent) => agent,
        Err(error) => return (0, silence(&error)),
    };
    let mut best = Lock::Absent;
    for (index, reader) in readers.iter().enumerate() {
        let states = match agent.key_states(&grips(system, reader)) {
            Ok(states) => states,
            Err(error) => return (0, silence(&error)),
        };
        match states.into_iter().map(lock_of).find(|lock| *lock != Lock::Absent) {
            Some(Lock::Untold) => best = Lock::Untold,
            Some(lock) => return (index, lock),
            None => {}
        }
    }
    (0, best)
}

/// The reader's keys that can decrypt, as the agent names them.
fn grips(system: &System, reader: &Reader) -> Vec<Keygrip> {
    let key = reader.fingerprint.as_ref().and_then(|hex| hex.parse().ok());
    let Some(cert) = key.and_then(|key| system.keyring().cert_with_key(&key).ok()).flatten() else { return Vec::new() };
    // An RSA key can do everything; what it is for, its signatures say.
    encrypting_keys(&cert).iter().filter_map(Keygrip::of).collect()
}

fn lock_of(state: KeyState) -> Lock {
    match state {
        KeyState::NoPassphrase | KeyState::Unlocked => Lock::Unlocked,
        KeyState::Locked => Lock::Locked,
        KeyState::Card => Lock::Card,
        KeyState::Absent => Lock::Absent,
        KeyState::Unknown => Lock::Untold,
    }
}

fn silence(error: &AgentError) -> Lock {
    match error {
        AgentError::Unreachable { .. } => Lock::NoAgent,
        AgentError::Hung => Lock::Silent,
        _ => Lock::Untold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;

    #[test]
    fn without_an_agent_the_key_is_named_and_nobody_starts_one() {
        let bench = Bench::new();
        let found = whereabouts(&bench.system).expect("known");
        assert_eq!((found.store, found.lock), (bench.root(), None));
        assert_eq!(found.key.expect("the one recipient").recipient.as_str(), "alice");
        let own = own_key(&bench.system).expect("known");
        assert_eq!(
            (own.key.map(|key| key.recipient.as_str().to_owned()), own.lock),
            (Some("alice".to_owned()), Lock::NoAgent)
        );
    }
}
