//! OpenPGP with GnuPG's keys: public ones from its keyring, secret ones used by gpg-agent and never seen here. Messages
//! are taken apart and put together in this process; gpg itself is started only for what is unusual (`gpg.rs`), and never
//! after a person said no.

use std::collections::BTreeSet;

use sequoia_openpgp::packet::PKESK;
use sequoia_openpgp::types::PublicKeyAlgorithm;
use sequoia_openpgp::{Cert, KeyHandle};

use super::addressees::{self, Meant, Owner};
use super::by_agent::{ByAgent, Opener};
use super::gpg::Gpg;
use super::message::{DAMAGED_SESSION, Message, MessageError};
use super::seal::{Style, seal};
use super::unlock::{self, ATTEMPTS_MAX};
use super::{Addressees, Asking, Audience, Cipher, CipherError, Identity};
use crate::model::{Recipient, Secret};
use crate::system::agent::{AgentConnection, AgentError, KeyState, Keygrip, Mode, Prompts, sexp};
use crate::system::env::Env;
use crate::system::keyring::{Encryption, Keyring, OwnedKey};
use crate::system::options::Options;

/// The cipher of a machine with GnuPG. Making one touches nothing.
pub struct OpenPgp {
    env: Env,
    options: Options,
    prompts: Prompts,
    keyring: Keyring,
}

/// Which of a message's sessions are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sessions {
    /// Those that name their key.
    Named,
    /// Those that leave it open: any key of the right kind may fit.
    Hidden,
}

impl Sessions {
    /// Those whose value gpg-agent can be given.
    fn of(self, message: &Message) -> impl Iterator<Item = &PKESK> {
        let sessions =
            message.sessions.iter().filter(move |session| session.recipient().is_some() == (self == Sessions::Named));
        sessions.filter(|session| sexp::is_known(session.esk()))
    }
}

/// What went wrong on the way, as long as another key may still do.
#[derive(Default)]
struct Trouble {
    first: Option<CipherError>,
    /// Something gpg can do that is not done here.
    for_gpg: bool,
    /// The agent ended before anybody was asked: another one may be started.
    hung_up: bool,
}

impl Trouble {
    fn note(&mut self, error: CipherError, for_gpg: bool) {
        self.for_gpg |= for_gpg;
        self.first.get_or_insert(error);
    }
}

impl OpenPgp {
    pub fn new(env: &Env, options: &Options, prompts: &Prompts) -> OpenPgp {
        OpenPgp {
            env: env.clone(),
            options: options.clone(),
            prompts: prompts.clone(),
            keyring: Keyring::new(env, options),
        }
    }

    fn gpg(&self) -> Gpg<'_> {
        Gpg { env: &self.env, options: &self.options, prompts: &self.prompts }
    }

    fn connect(&self, asking: Asking) -> Result<AgentConnection, AgentError> {
        let mode = match asking {
            Asking::Never => Mode::Silent,
            Asking::Allowed if self.options.pinentry_loopback => Mode::Loopback,
            Asking::Allowed => Mode::Pinentry,
        };
        AgentConnection::open(&self.env, &self.options, &self.prompts, mode)
    }

    /// Not with an agent that keeps everybody waiting: gpg would wait for it as long as for a person.
    fn decrypt_by_gpg(&self, bytes: &[u8], asking: Asking, why: CipherError) -> Result<Secret, CipherError> {
        match self.connect(asking) {
            Err(stuck) if stuck.is_stuck() => Err(stuck.into()),
            _ => {
                self.keyring.check_conf()?;
                self.gpg().decrypt_instead(bytes, asking, why)
            }
        }
    }

    /// Without gpg. The trouble says whether gpg could do better.
    fn decrypt_here(&self, message: &Message, asking: Asking) -> Result<Secret, Trouble> {
        match self.decrypt_with_one_agent(message, asking) {
            Err(Trouble { hung_up: true, .. }) => self.decrypt_with_one_agent(message, asking),
            other => other,
        }
    }

    fn decrypt_with_one_agent(&self, message: &Message, asking: Asking) -> Result<Secret, Trouble> {
        let mut trouble = Trouble { for_gpg: message.unreadable_sessions > 0, ..Trouble::default() };
        let mut connection = None;
        trouble.for_gpg |= message.sessions.iter().any(|session| !sexp::is_known(session.esk()));
        for sessions in [Sessions::Named, Sessions::Hidden] {
            let found = self.openers(message, sessions, &mut trouble);
            if found.is_empty() {
                continue;
            }
            let connection = match &mut connection {
                Some(connection) => connection,
                none => match self.connect(asking) {
                    Ok(opened) => none.insert(opened),
                    Err(error) => {
                        trouble.note_agent(error);
                        return Err(trouble);
                    }
                },
            };
            if let Some(plaintext) = attempt(connection, message, sessions, found, &mut trouble)? {
                return Ok(plaintext);
            }
        }
        Err(trouble)
    }

    /// The public halves of the keys that may open these sessions, each once.
    fn openers(&self, message: &Message, sessions: Sessions, trouble: &mut Trouble) -> Vec<Opener> {
        match sessions {
            Sessions::Named => self.named(message, trouble),
            Sessions::Hidden => self.hidden(message, trouble),
        }
    }

    /// The keys the message names, as far as their certificates are here.
    fn named(&self, message: &Message, trouble: &mut Trouble) -> Vec<Opener> {
        let mut handles: Vec<KeyHandle> = Sessions::Named.of(message).filter_map(PKESK::recipient).collect();
        let mut seen = BTreeSet::new();
        handles.retain(|handle| seen.insert(handle.as_bytes().to_vec()));
        let (keys, fault) = self.keyring.owned_keys(&handles);
        if let Some(error) = fault {
            trouble.note(error.into(), true);
        }
        let mut found = Vec::new();
        for OwnedKey { key, owner } in keys.into_iter().flatten() {
            match Keygrip::of(&key) {
                Some(grip) => found.push(Opener { key, grip, owner }),
                None => trouble.for_gpg = true,
            }
        }
        found
    }

    /// Every key of a right kind.
    fn hidden(&self, message: &Message, trouble: &mut Trouble) -> Vec<Opener> {
        let kinds: BTreeSet<PublicKeyAlgorithm> = Sessions::Hidden.of(message).map(PKESK::pk_algo).collect();
        if kinds.is_empty() {
            return Vec::new();
        }
        let keys = self.keyring.decryption_candidates().unwrap_or_else(|error| {
            trouble.note(error.into(), true);
            Vec::new()
        });
        let mut found = Vec::new();
        for key in keys.into_iter().filter(|key| kinds.contains(&key.pk_algo())) {
            match Keygrip::of(&key) {
                Some(grip) => found.push(Opener { owner: format!("key {}", key.keyid()), key, grip }),
                None => trouble.for_gpg = true,
            }
        }
        found
    }
}

impl Trouble {
    fn note_agent(&mut self, error: AgentError) {
        let for_gpg = error.gpg_may_do_better();
        self.hung_up |= error.is_hang_up();
        self.note(error.into(), for_gpg);
    }
}

impl Cipher for OpenPgp {
    fn decrypt(&self, bytes: &[u8], asking: Asking) -> Result<Secret, CipherError> {
        let message = match Message::parse(bytes) {
            Err(error @ MessageError::Unsupported(_)) => {
                return self.decrypt_by_gpg(bytes, asking, error.into());
            }
            other => other?,
        };
        if self.gpg().has_passphrase() {
            let only_gpg = "a key whose passphrase PASSWORD_STORE_GPG_OPTS gives to gpg".to_owned();
            return self.decrypt_by_gpg(bytes, asking, MessageError::Unsupported(only_gpg).into());
        }
        match self.decrypt_here(&message, asking) {
            Ok(plaintext) => Ok(plaintext),
            Err(Trouble { first, for_gpg, .. }) => {
                let error = first.unwrap_or_else(|| super::no_key_fits(&message));
                if !matches!(error, CipherError::Message(_)) && !error.is_cancelled() {
                    self.keyring.check_home()?;
                }
                if for_gpg { self.decrypt_by_gpg(bytes, asking, error) } else { Err(error) }
            }
        }
    }

    fn audience(&self, recipients: &[Recipient]) -> Result<Audience, CipherError> {
        let keys = self.keyring.encryption_keys(recipients).map_err(|error| match self.keyring.check_home() {
            Err(home) => home,
            Ok(()) => error,
        })?;
        let keys = match keys {
            Encryption::InProcess(keys) => Some(keys),
            Encryption::ByGpg { .. } => None,
        };
        Ok(Audience { recipients: recipients.to_vec(), keys })
    }

    fn encrypt_for(&self, plaintext: &Secret, audience: &Audience) -> Result<Vec<u8>, CipherError> {
        let Some(keys) = &audience.keys else { return self.gpg().encrypt(plaintext, &audience.recipients) };
        let behaviour = self.keyring.behaviour();
        match seal(plaintext, keys, Style { armor: behaviour.armor, hidden: behaviour.throw_keyids }) {
            Err(MessageError::Unsupported(_)) => self.gpg().encrypt(plaintext, &audience.recipients),
            sealed => Ok(sealed?),
        }
    }

    fn identities(&self, recipient: &Recipient) -> Result<Vec<Identity>, CipherError> {
        let certs = self.keyring.meant(recipient)?;
        let mut agent = if certs.is_empty() { None } else { self.connect(Asking::Never).ok() };
        Ok(certs
            .iter()
            .map(|cert| Identity::of(cert, agent.as_mut().and_then(|agent| has_key_of(agent, cert))))
            .collect())
    }

    fn is_for(&self, message: &[u8], audience: &Audience) -> bool {
        super::is_exactly_for(message, audience)
    }

    fn meant(&self, recipient: &Recipient) -> Result<Meant, CipherError> {
        Ok(self.keyring.holders(recipient)?)
    }

    fn held_against(&self, message: &[u8], wanted: &[(&Recipient, &Meant)]) -> Result<Addressees, CipherError> {
        let message = Message::parse(message)?;
        Ok(addressees::compare(&message, wanted, |keys| {
            // What could be found is told, also after a fault.
            let (certs, _) = self.keyring.certs_with_keys(keys);
            certs.iter().map(|cert| cert.as_deref().map(Owner::of)).collect()
        }))
    }
}

/// Whether the agent has a key of the certificate that decrypts; None when it does not say.
fn has_key_of(agent: &mut AgentConnection, cert: &Cert) -> Option<bool> {
    let keys = cert.keys().filter(|key| key.key().pk_algo().for_encryption());
    let grips: Vec<Option<Keygrip>> = keys.map(|key| Keygrip::of(&key.key().clone().role_into_unspecified())).collect();
    let unknown = grips.contains(&None);
    let states = agent.key_states(&grips.into_iter().flatten().collect::<Vec<_>>()).ok()?;
    let here = |state: &KeyState| !matches!(state, KeyState::Absent | KeyState::Unknown);
    match states.iter().any(here) {
        true => Some(true),
        false => (!unknown && !states.contains(&KeyState::Unknown)).then_some(false),
    }
}

/// Tries the keys, those first that need nobody. None when no key opened it and going on is not pointless; the troubles
/// that end everything come back as Err.
fn attempt(
    connection: &mut AgentConnection,
    message: &Message,
    sessions: Sessions,
    openers: Vec<Opener>,
    trouble: &mut Trouble,
) -> Result<Option<Secret>, Trouble> {
    let ordered = match in_order(connection, openers) {
        Ok(ordered) => ordered,
        Err(error) => {
            trouble.note_agent(error);
            return Err(std::mem::take(trouble));
        }
    };
    let pairs = ordered.iter().flat_map(|opener| {
        sessions.of(message).filter(move |session| may_open(opener, session)).map(move |session| (opener, session))
    });
    for (count, (opener, session)) in pairs.enumerate() {
        if count == ATTEMPTS_MAX {
            // Whatever the first ones were, gpg would go on with the rest.
            return Err(Trouble { first: Some(unlock::TOO_MANY.into()), ..Trouble::default() });
        }
        let mut key = ByAgent::new(&mut *connection, opener);
        let opened = unlock::session_key(message, session, &mut key);
        match (key.fault, opened) {
            // A key that is only guessed at does not fit most messages.
            (Some(AgentError::NoSecretKey), _) => {}
            (None, None) if sessions == Sessions::Hidden => {}
            (None, None) => trouble.note(DAMAGED_SESSION.into(), false),
            (Some(fault), _) if fault.blames_the_value() && sessions == Sessions::Named => {
                trouble.note(DAMAGED_SESSION.into(), true);
            }
            (Some(fault @ (AgentError::Locked | AgentError::CardAbsent | AgentError::NoCardDaemon)), _) => {
                trouble.note(fault.into(), false);
            }
            // gpg would only ask again, when somebody was asked.
            (Some(fault @ (AgentError::Refused { .. } | AgentError::Nonsense)), _) if !connection.has_asked() => {
                trouble.note_agent(fault);
            }
            (Some(fault @ (AgentError::Refused { .. } | AgentError::Nonsense)), _) => trouble.note(fault.into(), false),
            // What the person said, or an agent that is gone: asking on would only ask again.
            (Some(fault), _) => {
                let (for_gpg, hung_up) = (fault.gpg_may_do_better(), fault.is_hang_up() && !connection.has_asked());
                return Err(Trouble { first: Some(fault.into()), for_gpg, hung_up });
            }
            (None, Some((algo, session_key))) => match message.open(algo, &session_key) {
                Ok(plaintext) => return Ok(Some(plaintext)),
                Err(error @ MessageError::Unsupported(_)) => trouble.note(error.into(), true),
                Err(error) => trouble.note(error.into(), false),
            },
        }
    }
    Ok(None)
}

/// Whether this is the key that the session names, or one of its kind when it names none.
fn may_open(opener: &Opener, session: &PKESK) -> bool {
    match session.recipient() {
        Some(handle) => opener.key.key_handle().aliases(&handle),
        None => opener.key.pk_algo() == session.pk_algo(),
    }
}

/// One key needs no question; of several, the agent is asked which it has and which are unlocked.
fn in_order(connection: &mut AgentConnection, openers: Vec<Opener>) -> Result<Vec<Opener>, AgentError> {
    if openers.len() < 2 {
        return Ok(openers);
    }
    let grips: Vec<Keygrip> = openers.iter().map(|opener| opener.grip).collect();
    let states = connection.key_states(&grips)?;
    let rank = |state| match state {
        KeyState::NoPassphrase => Some(0),
        KeyState::Unlocked => Some(1),
        KeyState::Unknown => Some(2),
        KeyState::Locked => Some(3),
        KeyState::Card => Some(4),
        KeyState::Absent => None,
    };
    let ranked = openers.into_iter().zip(states);
    let mut ranked: Vec<(i32, Opener)> = ranked.filter_map(|(opener, state)| Some((rank(state)?, opener))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, opener)| opener).collect())
}
