//! Facts of keys: what each recipient's text means here, and whether the secret keys are, looked up once for all stores.
//! Asks an agent that runs already which keys it has, for keys that are forwarded from elsewhere; starts none.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use sequoia_openpgp::{Cert, KeyHandle};

use crate::model::{Recipient, UserId};
use crate::ops::readers;
use crate::system::System;
use crate::system::agent::key_files::{self, OnDisk};
use crate::system::agent::{AgentConnection, AgentError, KeyState, Keygrip};
use crate::system::cipher::front::Front;
use crate::system::keyring::{RecipientStanding, encrypting_keys};

/// The most recipients, and keys named by messages, that are looked up.
pub(super) const RECIPIENTS_MAX: usize = 500;
const KEYS_MAX: usize = 2_000;

/// How long a running agent, and gpg, may take to answer.
const TIME: Duration = Duration::from_secs(3);

/// A recipient, and what is known of the key that is meant.
#[derive(Clone, Debug)]
pub struct ReaderSeen {
    pub recipient: Recipient,
    pub standing: RecipientStanding,
    /// Of the certificate, upper-case hex.
    pub fingerprint: Option<String>,
    pub name: Option<UserId>,
    pub expires: Option<SystemTime>,
    /// A secret key of it that decrypts is here; None: nobody can tell.
    pub own: Option<bool>,
    /// gpg encrypts to it without asking; None: it was not asked, or did not say.
    pub vouched: Option<bool>,
}

/// A secret key that decrypts and is here.
#[derive(Clone, Debug)]
pub struct OwnKey {
    /// Of its certificate, upper-case hex.
    pub fingerprint: String,
    pub name: Option<UserId>,
    /// What guards it; None: its file cannot be read, and no agent says.
    pub guard: Option<OnDisk>,
    /// By the word of an agent that runs.
    pub state: Option<KeyState>,
}

/// Whether an agent is there, for those who do not start one.
#[derive(Clone, Debug, Default)]
pub enum AgentSeen {
    #[default]
    NotRunning,
    Answers,
    /// It answers, and does not tell which keys it has, as one that is forwarded over its restricted socket
    /// (gpg-agent(1), `--extra-socket`).
    Restricted,
    /// It is there, and this is wrong with it.
    Silent(String),
}

impl AgentSeen {
    /// Why it does not say which secret keys it has.
    pub fn untold(&self) -> Option<String> {
        match self {
            AgentSeen::NotRunning | AgentSeen::Answers => None,
            AgentSeen::Restricted => {
                Some("gpg-agent may not tell which secret keys it has: it is forwarded".to_owned())
            }
            AgentSeen::Silent(why) => Some(why.clone()),
        }
    }
}

/// What is known of all keys.
#[derive(Default)]
pub(super) struct Keyholders {
    readers: HashMap<Recipient, ReaderSeen>,
    /// By the key's id or fingerprint, as a message names it.
    opens: HashMap<String, Option<bool>>,
    pub(super) own: Vec<OwnKey>,
    pub(super) agent: AgentSeen,
    pub(super) missed: KeysMissed,
}

/// What could not be looked at, escaped.
#[derive(Clone, Debug, Default)]
pub struct KeysMissed {
    /// Of the certificates: whose key is meant.
    pub ring: Vec<String>,
    /// Of the secret keys' files.
    pub files: Vec<String>,
    /// What gpg thinks of the others' keys.
    pub trust: Vec<String>,
}

impl Keyholders {
    /// Finds out about all of them.
    pub(super) fn look_up<'a>(
        &mut self,
        system: &System,
        recipients: impl Iterator<Item = &'a Recipient>,
        keys: impl Iterator<Item = &'a String>,
    ) {
        let (mut wanted, mut known) = (Vec::new(), HashSet::new());
        for recipient in recipients {
            if !known.insert(recipient) {
                continue;
            }
            if wanted.len() == RECIPIENTS_MAX {
                self.missed
                    .ring
                    .push(format!("there are more than {RECIPIENTS_MAX} recipients: not all are looked up"));
                break;
            }
            wanted.push(recipient.clone());
        }
        let keys: BTreeSet<&String> = keys.collect();
        if keys.len() > KEYS_MAX {
            self.missed
                .ring
                .push(format!("the entries are encrypted to more than {KEYS_MAX} keys: not all are looked up"));
        }
        let keys: Vec<&String> = keys.into_iter().take(KEYS_MAX).collect();
        for (recipient, reader) in wanted.iter().zip(readers::describe(system, &wanted)) {
            let seen = ReaderSeen {
                recipient: recipient.clone(),
                standing: reader.standing,
                fingerprint: reader.fingerprint,
                name: reader.name,
                expires: reader.expires,
                own: None,
                vouched: None,
            };
            self.readers.insert(recipient.clone(), seen);
        }
        match &system.options.key_file {
            Some(_) => self.ask_key_file(system, &keys),
            None => self.ask_home(system, &keys),
        }
    }

    /// A recipient that was looked up; of others nothing is known.
    pub(super) fn reader(&self, recipient: &Recipient) -> ReaderSeen {
        self.readers.get(recipient).cloned().unwrap_or_else(|| ReaderSeen {
            recipient: recipient.clone(),
            standing: RecipientStanding::Unknown,
            fingerprint: None,
            name: None,
            expires: None,
            own: None,
            vouched: None,
        })
    }

    /// Whether a secret key that is here opens a message with this front.
    pub(super) fn open(&self, front: &Front) -> Option<bool> {
        let known: Vec<Option<bool>> = front.keys.iter().map(|key| self.opens.get(key).copied().flatten()).collect();
        match known.contains(&Some(true)) || front.by_passphrase {
            true => Some(true),
            false => (front.hidden == 0 && !known.contains(&None)).then_some(false),
        }
    }

    fn ask_key_file(&mut self, system: &System, keys: &[&String]) {
        let cipher = match system.cipher() {
            Ok(cipher) => cipher,
            Err(error) => return self.missed.files.push(error.to_string()),
        };
        let own = |recipient: &Recipient| {
            let meant = cipher.identities(recipient).ok()?;
            Some(meant.iter().any(|identity| identity.own == Some(true)))
        };
        for (recipient, seen) in &mut self.readers {
            seen.own = own(recipient);
        }
        for key in keys {
            let opens = Recipient::new(key).and_then(|recipient| own(&recipient));
            self.opens.insert((*key).clone(), opens);
        }
    }

    fn ask_home(&mut self, system: &System, keys: &[&String]) {
        let named: Vec<(String, KeyHandle)> =
            keys.iter().filter_map(|key| Some(((*key).clone(), key.parse().ok()?))).collect();
        let certs: Vec<(Recipient, KeyHandle)> = self
            .readers
            .iter()
            .filter_map(|(recipient, seen)| Some((recipient.clone(), seen.fingerprint.as_ref()?.parse().ok()?)))
            .collect();
        let handles: Vec<KeyHandle> =
            named.iter().map(|(_, handle)| handle).chain(certs.iter().map(|(_, handle)| handle)).cloned().collect();
        let (found, fault) = system.keyring().certs_with_keys(&handles);
        let is_whole = fault.is_none();
        self.missed.ring.extend(fault.map(|error| error.to_string()).or_else(|| self.undescribed(system)));
        let (of_named, of_certs) = found.split_at(named.len());
        let mut held = Held { home: &system.options.gnupg_home, states: HashMap::new(), unsaid: KeyState::Unknown };
        held.ask_agent(system, found.iter().flatten().map(AsRef::as_ref), &mut self.agent);
        for ((key, handle), cert) in named.iter().zip(of_named) {
            let opens = match cert {
                Some(cert) => held.has(cert, Some(handle)),
                None => is_whole.then_some(false),
            };
            self.opens.insert(key.clone(), opens);
        }
        for ((recipient, _), cert) in certs.iter().zip(of_certs) {
            if let (Some(cert), Some(seen)) = (cert, self.readers.get_mut(recipient)) {
                seen.own = held.has(cert, None);
            }
        }
        // Who has no certificate here has no secret key that gpg would use.
        for seen in self.readers.values_mut().filter(|seen| seen.standing == RecipientStanding::Missing) {
            seen.own = Some(false);
        }
        self.missed.files.extend(held.fault(found.iter().flatten().map(AsRef::as_ref)));
        self.own = held.own(of_certs.iter().flatten().map(AsRef::as_ref));
        self.ask_trust(system);
    }

    /// Why nothing is known of a recipient of whom something should be.
    fn undescribed(&self, system: &System) -> Option<String> {
        let of_unknown = |seen: &&ReaderSeen| seen.standing == RecipientStanding::Unknown && seen.name.is_none();
        let mut unknown = self.readers.values().filter(of_unknown);
        unknown.find_map(|seen| system.keyring().describe(&seen.recipient).err()).map(|error| error.to_string())
    }

    /// gpg's word on the recipients against whom nothing else speaks.
    fn ask_trust(&mut self, system: &System) {
        let open: Vec<&mut ReaderSeen> = self
            .readers
            .values_mut()
            .filter(|seen| seen.standing == RecipientStanding::Unknown && seen.fingerprint.is_some())
            .collect();
        let fingerprints: Vec<String> = open.iter().filter_map(|seen| seen.fingerprint.clone()).collect();
        match system.keyring().vouched_for(&fingerprints, TIME) {
            Ok(vouched) => open.into_iter().zip(vouched).for_each(|(seen, vouched)| seen.vouched = Some(vouched)),
            Err(error) => self.missed.trust.push(error.to_string()),
        }
    }
}

/// Which secret keys are here.
struct Held<'a> {
    home: &'a Path,
    states: HashMap<Keygrip, KeyState>,
    /// What is to be thought of keys that the agent says nothing of.
    unsaid: KeyState,
}

impl Held<'_> {
    /// One connection, for everything.
    fn ask_agent<'c>(&mut self, system: &System, certs: impl Iterator<Item = &'c Cert>, agent: &mut AgentSeen) {
        let mut grips: Vec<Keygrip> = Vec::new();
        for grip in certs.flat_map(encrypting_keys).filter_map(|key| Keygrip::of(&key)) {
            if !grips.contains(&grip) {
                grips.push(grip);
            }
        }
        let asked = AgentConnection::open_running_within(&system.env, &system.options, TIME)
            .and_then(|mut connection| connection.key_states(&grips));
        *agent = match asked {
            Ok(states) => {
                let tells = !states.contains(&KeyState::Unknown);
                self.states = grips.into_iter().zip(states).collect();
                if tells { AgentSeen::Answers } else { AgentSeen::Restricted }
            }
            Err(AgentError::Unreachable { .. }) => {
                self.unsaid = KeyState::Absent;
                AgentSeen::NotRunning
            }
            Err(AgentError::Forbidden(_)) => AgentSeen::Restricted,
            Err(error) => AgentSeen::Silent(error.to_string()),
        };
    }

    /// A key without a file may be one that the agent has from elsewhere: only where it says no, or none runs, it is not
    /// here.
    fn is_here(&self, grip: &Keygrip) -> Option<bool> {
        let said = self.states.get(grip).copied().unwrap_or(self.unsaid);
        if !matches!(said, KeyState::Absent | KeyState::Unknown) {
            return Some(true);
        }
        match key_files::look(self.home, grip).ok()? {
            OnDisk::Absent => (said == KeyState::Absent).then_some(false),
            OnDisk::Plain | OnDisk::Protected | OnDisk::Card => Some(true),
        }
    }

    /// Why a key's file does not tell, where the agent does not either.
    fn fault<'c>(&self, certs: impl Iterator<Item = &'c Cert>) -> Option<String> {
        let mut grips = certs.flat_map(encrypting_keys).filter_map(|key| Keygrip::of(&key));
        grips.find_map(|grip| {
            let unknown = self.is_here(&grip).is_none();
            key_files::look(self.home, &grip).err().filter(|_| unknown).map(|error| error.to_string())
        })
    }

    /// Of this key of the certificate, or of any that decrypts.
    fn has(&self, cert: &Cert, key: Option<&KeyHandle>) -> Option<bool> {
        let keys = encrypting_keys(cert);
        let meant = keys.iter().filter(|own| key.is_none_or(|key| own.key_handle().aliases(key)));
        let here: Vec<Option<bool>> = meant.map(|key| Keygrip::of(key).and_then(|grip| self.is_here(&grip))).collect();
        match here.contains(&Some(true)) {
            true => Some(true),
            false => (!here.contains(&None)).then_some(false),
        }
    }

    fn own<'c>(&self, certs: impl Iterator<Item = &'c Cert>) -> Vec<OwnKey> {
        let mut own: Vec<OwnKey> = Vec::new();
        for cert in certs {
            let fingerprint = cert.fingerprint().to_hex();
            if own.iter().any(|known| known.fingerprint == fingerprint) {
                continue;
            }
            let grips = encrypting_keys(cert).iter().filter_map(Keygrip::of).collect::<Vec<_>>();
            let Some(grip) = grips.iter().find(|grip| self.is_here(grip) == Some(true)) else { continue };
            let state = self.states.get(grip).copied().filter(|state| *state != KeyState::Unknown);
            let guard = match (key_files::look(self.home, grip), state) {
                (Ok(found), _) if found != OnDisk::Absent => Some(found),
                (_, Some(KeyState::NoPassphrase)) => Some(OnDisk::Plain),
                (_, Some(KeyState::Locked | KeyState::Unlocked)) => Some(OnDisk::Protected),
                (_, Some(KeyState::Card)) => Some(OnDisk::Card),
                _ => None,
            };
            let name = crate::system::keyring::name_of(cert);
            own.push(OwnKey { fingerprint, name, guard, state });
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_a_file_is_not_here_only_when_the_agent_says_so_or_none_runs() {
        let home = tempfile::tempdir().expect("a home");
        let grip = Keygrip::of_a_small_key();
        let is_here = |said: Option<KeyState>, unsaid| {
            let states = said.map(|state| (grip, state)).into_iter().collect();
            Held { home: home.path(), states, unsaid }.is_here(&grip)
        };
        assert_eq!(is_here(None, KeyState::Absent), Some(false), "no agent runs");
        assert_eq!(is_here(None, KeyState::Unknown), None, "it hangs, or is forwarded with restrictions");
        assert_eq!(is_here(Some(KeyState::Unknown), KeyState::Unknown), None, "it refuses to tell");
        assert_eq!(is_here(Some(KeyState::Absent), KeyState::Unknown), Some(false));
        assert_eq!(is_here(Some(KeyState::Locked), KeyState::Unknown), Some(true));
        let folder = home.path().join(key_files::FOLDER);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{grip}.key")), "Key: (protected-private-key").expect("a file");
        for said in [None, Some(KeyState::Unknown), Some(KeyState::Absent)] {
            assert_eq!(is_here(said, KeyState::Unknown), Some(true), "{said:?}");
        }
    }
}
