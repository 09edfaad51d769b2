//! OpenPGP with GnuPG's keys: public ones from its keyring, secret ones used by gpg-agent and never seen here. Messages
//! are taken apart and put together in this process; gpg itself is started only for what is unusual (`gpg.rs`), and never
//! after a person said no.

use sequoia_openpgp::crypto::mpi::Ciphertext;
use sequoia_openpgp::crypto::{Decryptor, SessionKey, ecdh, mem::Protected};
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::packet::{Key, PKESK};
use sequoia_openpgp::{Cert, KeyHandle};

use super::gpg::Gpg;
use super::message::{DAMAGED_SESSION, Message, MessageError};
use super::seal::{Style, seal};
use super::unlock::{self, UNLOCKED_MIN};
use super::{Asking, Cipher, CipherError};
use crate::model::{Recipient, Secret, text};
use crate::system::agent::{AgentConnection, AgentError, KeyState, Keygrip, Mode, Prompts, sexp};
use crate::system::env::Env;
use crate::system::keyring::{Encryption, Keyring, PublicKey};
use crate::system::options::Options;

/// The cipher of a machine with GnuPG. Making one touches nothing.
pub struct OpenPgp {
    env: Env,
    options: Options,
    prompts: Prompts,
    keyring: Keyring,
}

/// A key that may open a session, and what a person is told when its passphrase is asked for.
struct Candidate<'m> {
    session: &'m PKESK,
    key: PublicKey,
    grip: Keygrip,
    owner: String,
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
        for candidates in [Self::named, Self::hidden] {
            let found = candidates(self, message, &mut trouble);
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
            if let Some(plaintext) = attempt(connection, message, found, &mut trouble)? {
                return Ok(plaintext);
            }
        }
        Err(trouble)
    }

    /// The keys the message names, as far as their certificates are here.
    fn named<'m>(&self, message: &'m Message, trouble: &mut Trouble) -> Vec<Candidate<'m>> {
        let mut found = Vec::new();
        for session in &message.sessions {
            let Some(handle) = session.recipient() else { continue };
            match self.keyring.cert_with_key(&handle) {
                Ok(Some(cert)) => match public_key(&cert, &handle).map(|key| (Keygrip::of(&key), key)) {
                    Some((Some(grip), key)) if sexp::encrypted_value(session.esk()).is_some() => {
                        found.push(Candidate { session, key, grip, owner: owner(&cert) });
                    }
                    _ => trouble.for_gpg = true,
                },
                Ok(None) => {}
                Err(error) => trouble.note(error.into(), true),
            }
        }
        found
    }

    /// Every key of the right kind, for each session that names none.
    fn hidden<'m>(&self, message: &'m Message, trouble: &mut Trouble) -> Vec<Candidate<'m>> {
        let sessions: Vec<&PKESK> = message.sessions.iter().filter(|session| session.recipient().is_none()).collect();
        if sessions.is_empty() {
            return Vec::new();
        }
        let keys = self.keyring.decryption_candidates().unwrap_or_else(|error| {
            trouble.note(error.into(), true);
            Vec::new()
        });
        let mut found = Vec::new();
        for session in sessions {
            for key in keys.iter().filter(|key| key.pk_algo() == session.pk_algo()) {
                match Keygrip::of(key) {
                    Some(grip) => {
                        let owner = format!("key {}", key.keyid());
                        found.push(Candidate { session, key: key.clone(), grip, owner });
                    }
                    None => trouble.for_gpg = true,
                }
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

    fn encrypt(&self, plaintext: &Secret, recipients: &[Recipient]) -> Result<Vec<u8>, CipherError> {
        let keys = self.keyring.encryption_keys(recipients).map_err(|error| match self.keyring.check_home() {
            Err(home) => home,
            Ok(()) => error,
        })?;
        match keys {
            Encryption::InProcess(keys) => {
                let behaviour = self.keyring.behaviour();
                match seal(plaintext, &keys, Style { armor: behaviour.armor, hidden: behaviour.throw_keyids }) {
                    Err(MessageError::Unsupported(_)) => self.gpg().encrypt(plaintext, recipients),
                    sealed => Ok(sealed?),
                }
            }
            Encryption::ByGpg { .. } => self.gpg().encrypt(plaintext, recipients),
        }
    }

    fn is_encrypted_to(&self, message: &[u8], recipients: &[Recipient]) -> bool {
        match self.keyring.encryption_keys(recipients) {
            Ok(Encryption::InProcess(keys)) => super::is_exactly_for(message, &keys),
            _ => false,
        }
    }
}

/// Tries the keys, those first that need nobody. None when no key opened it and going on is not pointless; the troubles
/// that end everything come back as Err.
fn attempt(
    connection: &mut AgentConnection,
    message: &Message,
    candidates: Vec<Candidate<'_>>,
    trouble: &mut Trouble,
) -> Result<Option<Secret>, Trouble> {
    let ordered = match in_order(connection, candidates) {
        Ok(ordered) => ordered,
        Err(error) => {
            trouble.note_agent(error);
            return Err(std::mem::take(trouble));
        }
    };
    for candidate in ordered {
        let mut key = ByAgent { connection: &mut *connection, candidate: &candidate, fault: None };
        let opened = unlock::session_key(message, candidate.session, &mut key);
        match (key.fault, opened) {
            // A key that is only guessed at does not fit most messages.
            (Some(AgentError::NoSecretKey), _) => {}
            (None, None) if candidate.session.recipient().is_none() => {}
            (None, None) => trouble.note(DAMAGED_SESSION.into(), false),
            (Some(fault), _) if fault.blames_the_value() && candidate.session.recipient().is_some() => {
                trouble.note(DAMAGED_SESSION.into(), true);
            }
            (Some(fault @ (AgentError::Locked | AgentError::CardAbsent | AgentError::NoCardDaemon)), _) => {
                trouble.note(fault.into(), false);
            }
            (Some(fault @ (AgentError::Refused { .. } | AgentError::Nonsense)), _) => trouble.note_agent(fault),
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

/// One key needs no question; of several, the agent is asked which it has and which are unlocked.
fn in_order<'m>(
    connection: &mut AgentConnection,
    candidates: Vec<Candidate<'m>>,
) -> Result<Vec<Candidate<'m>>, AgentError> {
    if candidates.len() < 2 {
        return Ok(candidates);
    }
    let grips: Vec<Keygrip> = candidates.iter().map(|candidate| candidate.grip).collect();
    let states = connection.key_states(&grips)?;
    let rank = |state| match state {
        KeyState::NoPassphrase => Some(0),
        KeyState::Unlocked => Some(1),
        KeyState::Unknown => Some(2),
        KeyState::Locked => Some(3),
        KeyState::Card => Some(4),
        KeyState::Absent => None,
    };
    let ranked = candidates.into_iter().zip(states);
    let mut ranked: Vec<(i32, Candidate<'m>)> = ranked.filter_map(|(key, state)| Some((rank(state)?, key))).collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    Ok(ranked.into_iter().map(|(_, candidate)| candidate).collect())
}

fn public_key(cert: &Cert, handle: &KeyHandle) -> Option<PublicKey> {
    let key = cert.keys().find(|key| key.key().key_handle().aliases(handle))?;
    Some(key.key().clone().parts_into_public().role_into_unspecified())
}

/// The first user id, for a person to recognise.
fn owner(cert: &Cert) -> String {
    let user = cert.userids().next().map(|user| text::quoted(user.userid().value()));
    user.unwrap_or_else(|| format!("key {}", cert.keyid()))
}

/// A secret key in gpg-agent, as the OpenPGP library wants to see one.
struct ByAgent<'a, 'm> {
    connection: &'a mut AgentConnection,
    candidate: &'a Candidate<'m>,
    /// The library forgets why a key did not work; this does not.
    fault: Option<AgentError>,
}

impl ByAgent<'_, '_> {
    fn unwrapped(&mut self, ciphertext: &Ciphertext, length: Option<usize>) -> Result<Option<SessionKey>, AgentError> {
        let key = &self.candidate.key;
        let Some(encrypted) = sexp::encrypted_value(ciphertext) else { return Ok(None) };
        let description = format!(
            "A password entry is encrypted to the secret key of\n{}\n(key ID {})",
            self.candidate.owner,
            key.keyid()
        );
        let answer = self.connection.decrypt(&self.candidate.grip, &encrypted, &description)?;
        let value = answer.value()?;
        Ok(match ciphertext {
            Ciphertext::ECDH { .. } => {
                let shared = Protected::from(shared_secret(value, ecdh_field(key)));
                ecdh::decrypt_unwrap(key, &shared, ciphertext, length).ok()
            }
            _ if answer.unpadded => Some(SessionKey::from(value)),
            _ => pkcs1_unpadded(value).map(SessionKey::from),
        })
    }
}

impl Decryptor for ByAgent<'_, '_> {
    fn public(&self) -> &Key<PublicParts, UnspecifiedRole> {
        &self.candidate.key
    }

    fn decrypt(&mut self, ciphertext: &Ciphertext, length: Option<usize>) -> sequoia_openpgp::Result<SessionKey> {
        let unfit = || sequoia_openpgp::Error::InvalidSessionKey("it does not fit".to_owned());
        match self.unwrapped(ciphertext, length) {
            Ok(Some(plain)) if plain.len() >= UNLOCKED_MIN => Ok(plain),
            Ok(_) => Err(unfit().into()),
            Err(fault) => {
                self.fault = Some(fault);
                Err(unfit().into())
            }
        }
    }
}

/// Bytes of a coordinate on the key's curve; the public point is one or two of them behind a prefix byte.
fn ecdh_field(key: &PublicKey) -> usize {
    match key.mpis() {
        sequoia_openpgp::crypto::mpi::PublicKey::ECDH { q, .. } => match q.value() {
            [4, point @ ..] => point.len() / 2,
            [_, point @ ..] => point.len(),
            [] => 0,
        },
        _ => 0,
    }
}

/// The x coordinate in the point that the agent gives: with or without its prefix, with or without y (RFC 6637,
/// section 7; cards leave the prefix out).
fn shared_secret(point: &[u8], field: usize) -> &[u8] {
    let bare = match point {
        [4 | 0x40 | 0x41, rest @ ..] if rest.len() == field || rest.len() == 2 * field => rest,
        whole => whole,
    };
    bare.get(..field).unwrap_or(bare)
}

/// What follows the padding of RFC 8017, section 7.2.2; the agent drops the leading zero.
fn pkcs1_unpadded(value: &[u8]) -> Option<&[u8]> {
    let value = value.strip_prefix(&[0]).unwrap_or(value).strip_prefix(&[2])?;
    let zero = value.iter().position(|byte| *byte == 0).filter(|at| *at >= 8)?;
    Some(&value[zero + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_with_and_without_prefix() {
        let x = [9; 32];
        let uncompressed = [&[4][..], &x, &[7; 32]].concat();
        let prefixed = [&[0x40][..], &x].concat();
        for point in [&uncompressed[..], &prefixed, &x, &uncompressed[1..]] {
            assert_eq!(shared_secret(point, 32), x, "{point:?}");
        }
        // A bare coordinate may begin with any byte.
        let mut bare = [9; 32];
        bare[0] = 0x40;
        assert_eq!(shared_secret(&bare, 32), bare);
        assert_eq!(shared_secret(&[], 32), [0u8; 0]);
    }

    #[test]
    fn padding_is_removed_or_refused() {
        let padded = [&[2][..], &[7; 8], &[0], b"key"].concat();
        assert_eq!(pkcs1_unpadded(&padded), Some(b"key".as_slice()));
        assert_eq!(pkcs1_unpadded(&[&[0], padded.as_slice()].concat()), Some(b"key".as_slice()));
        for broken in [&b""[..], &[2], &[1, 7, 7, 7, 7, 7, 7, 7, 7, 0, 1], &[2, 7, 7, 0, 1, 1, 1, 1, 1, 1, 1, 1]] {
            assert_eq!(pkcs1_unpadded(broken), None, "{broken:?}");
        }
    }
}
