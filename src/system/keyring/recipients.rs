//! From a recipient's text to the key that `gpg -r` would encrypt to, or the error that stops the write. In process when
//! the answer is certain: the text means one certificate, its signatures are plain, and its trust is known. Otherwise
//! gpg is asked, once for all such recipients where it can be.

use std::time::SystemTime;

use sequoia_openpgp::{Cert, Fingerprint};

use super::choice::{self, Fault, Opinion};
use super::keybox::Wanted;
use super::listing::{self, Listed, ListedId, Validity};
use super::trustdb::TrustDb;
use super::{Encryption, Keyring, KeyringError, PublicKey};
use crate::model::{Recipient, text};

/// How gpg reads a recipient (common/userids.c, `classify_user_id`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A key id or fingerprint; `exact` when it ends with `!`.
    Key { wanted: Wanted, exact: bool },
    /// A mail address, bare or in angle brackets.
    Mailbox(String),
    /// A part of a user id.
    Name(String),
    /// A form that only gpg reads: `=`, `*`, `@`, `&` and others in front, old version 3 fingerprints.
    Special,
}

impl Meaning {
    pub(super) fn of(recipient: &Recipient) -> Meaning {
        let text = recipient.as_str();
        if let Some(hex) = recipient.hex() {
            return match Wanted::from_hex(&hex) {
                Some(wanted) => Meaning::Key { wanted, exact: recipient.is_exact() },
                None => Meaning::Special,
            };
        }
        let bracketed = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        match bracketed.or(Some(text)).filter(|address| is_mailbox(address)) {
            Some(address) => Meaning::Mailbox(address.to_owned()),
            None if text.starts_with(['.', '^', '@', '*', '+', '=', '<', '/', '#', ':', '&', '-']) => Meaning::Special,
            // Too like a key id of some length to be taken for a name.
            None if text.trim_end_matches('!').chars().all(|c| c.is_ascii_hexdigit() || "xX: ".contains(c)) => {
                Meaning::Special
            }
            None => Meaning::Name(text.to_owned()),
        }
    }

    /// The key that must be used and no other.
    pub(super) fn exact(&self) -> Option<&Wanted> {
        match self {
            Meaning::Key { wanted, exact: true } => Some(wanted),
            _ => None,
        }
    }

    /// Whether a user id is one that this text means. A bare address means exactly that address, although gpg also finds
    /// it inside a longer one.
    pub(super) fn fits(&self, user_id: &[u8]) -> bool {
        match self {
            Meaning::Mailbox(address) => mailbox_of(user_id).eq_ignore_ascii_case(address.as_bytes()),
            Meaning::Name(name) => contains(user_id, name.as_bytes()),
            Meaning::Special => true,
            Meaning::Key { .. } => false,
        }
    }
}

/// What is known about one recipient so far.
enum Standing {
    Known(PublicKey),
    /// gpg has to write the message.
    LeftToGpg(&'static str),
    /// gpg has to say; `fault` is what we would say, `why` why we are not certain.
    Ask {
        why: &'static str,
        fault: Option<Fault>,
    },
}

/// What gpg's listing says about one recipient.
enum Verdict {
    Key(Fingerprint),
    /// gpg has a rule for this that only gpg can apply.
    ByGpg(String),
}

const ADDITIONAL_KEYS: &str = "its certificate asks for additional keys, which depends on the version of gpg";
const TRUST_UNKNOWN: &str = "only gpg knows whether its key is trusted";

impl Keyring {
    /// The keys for recipients that are no groups, none of which is left to gpg by the options.
    pub(super) fn resolve(&self, recipients: &[Recipient]) -> Result<Encryption, KeyringError> {
        let meanings: Vec<Meaning> = recipients.iter().map(Meaning::of).collect();
        let trust = TrustDb::open(&self.home)?;
        let now = self.env.unstopped();
        let mut standings = Vec::with_capacity(recipients.len());
        for (recipient, meaning) in recipients.iter().zip(&meanings) {
            standings.push(self.standing(recipient, meaning, trust.as_ref(), now)?);
        }
        let mut asked = Asked::new(self, &meanings, &standings, recipients);
        let mut keys: Vec<PublicKey> = Vec::new();
        // The others are looked at all the same: one that cannot be served is an error, whoever writes.
        let mut left_to_gpg = None;
        for (index, standing) in standings.into_iter().enumerate() {
            let (recipient, meaning) = (&recipients[index], &meanings[index]);
            let found = match standing {
                Standing::Known(key) => Ok(key),
                Standing::LeftToGpg(why) => Err(why.to_owned()),
                Standing::Ask { why, fault } => {
                    let listed = match asked.about(index) {
                        Ok(listed) => listed,
                        Err(complaint) => return Err(cannot_ask(recipient, why, fault, &complaint)),
                    };
                    match self.verdict(recipient, meaning, &listed, now)? {
                        Verdict::Key(fingerprint) => self.key(&fingerprint)?.map_err(str::to_owned),
                        Verdict::ByGpg(why) => Err(why),
                    }
                }
            };
            match found {
                Ok(key) if !choice::is_supported(&key) => {
                    left_to_gpg.get_or_insert(by_gpg(recipient, "its key is of a kind that only gpg can encrypt to"));
                }
                Ok(key) if keys.iter().all(|known| known.fingerprint() != key.fingerprint()) => keys.push(key),
                Ok(_) => {}
                Err(why) => {
                    left_to_gpg.get_or_insert(by_gpg(recipient, &why));
                }
            }
        }
        Ok(left_to_gpg.unwrap_or(Encryption::InProcess(keys)))
    }

    /// gpg replaces a group's name by its members, one level deep (g10/misc.c, `expand_group`).
    pub(super) fn with_groups_expanded(&self, recipients: &[Recipient]) -> Result<Vec<Recipient>, KeyringError> {
        let mut expanded = Vec::new();
        for recipient in recipients {
            match self.behaviour().group(recipient.as_str()) {
                None => expanded.push(recipient.clone()),
                Some([]) => return Err(KeyringError::EmptyGroup { recipient: recipient.as_str().to_owned() }),
                Some(members) => expanded.extend(members.iter().filter_map(|member| Recipient::new(member))),
            }
        }
        Ok(expanded)
    }

    /// Everything that can be said without a child process.
    fn standing(
        &self,
        recipient: &Recipient,
        meaning: &Meaning,
        trust: Option<&TrustDb>,
        now: SystemTime,
    ) -> Result<Standing, KeyringError> {
        let ask = |why| Ok(Standing::Ask { why, fault: None });
        let certs = match self.candidates(meaning)? {
            Some(certs) => certs,
            None => return ask("only gpg reads this form"),
        };
        if certs.len() > 1 && !matches!(meaning, Meaning::Key { .. }) {
            return ask("several keys match it");
        }
        let cert = the_only(recipient, &certs, |cert| Some(cert.fingerprint()))?;
        if !is_certain_match(cert, meaning) {
            return ask("only gpg knows which of its user ids counts");
        }
        let Opinion { key, doubt, .. } = choice::choose(cert, meaning.exact(), now);
        let said = trust.map(|trust| trust.owner_trust(&cert.fingerprint()));
        if said.is_some_and(|said| said.disabled) {
            return Err(disabled(recipient, Some(cert.fingerprint())));
        }
        match (key, doubt) {
            (Ok(_), _) if choice::has_additional_keys(cert) => Ok(Standing::LeftToGpg(ADDITIONAL_KEYS)),
            (key, Some(why)) => Ok(Standing::Ask { why, fault: key.err() }),
            (Err(fault), None) => Err(faulty(recipient, fault, Some(cert.fingerprint()))),
            (Ok(key), None) if self.behaviour().trust_always || said.is_some_and(|said| said.ultimate) => {
                Ok(Standing::Known(key))
            }
            (Ok(_), None) => ask(TRUST_UNKNOWN),
        }
    }

    /// The certificates that a text may mean; None when only gpg can look.
    pub(super) fn candidates(&self, meaning: &Meaning) -> Result<Option<Vec<Cert>>, KeyringError> {
        match meaning {
            Meaning::Key { wanted, .. } => self.find_known(wanted, 2),
            Meaning::Mailbox(text) | Meaning::Name(text) => self.find_user_id(text.as_bytes(), 2),
            Meaning::Special => Ok(None),
        }
    }

    fn verdict(
        &self,
        recipient: &Recipient,
        meaning: &Meaning,
        listed: &[Listed],
        now: SystemTime,
    ) -> Result<Verdict, KeyringError> {
        match meaning {
            Meaning::Key { wanted, .. } => self.verdict_on_key(recipient, wanted, meaning.exact(), listed, now),
            _ => self.verdict_on_name(recipient, meaning, listed, now),
        }
    }

    fn verdict_on_key(
        &self,
        recipient: &Recipient,
        wanted: &Wanted,
        exact: Option<&Wanted>,
        listed: &[Listed],
        now: SystemTime,
    ) -> Result<Verdict, KeyringError> {
        let holders: Vec<&Listed> = listed.iter().filter(|cert| cert.has_key(wanted)).collect();
        let cert = *the_only(recipient, &holders, |cert| cert.fingerprint().cloned())?;
        let key = cert.choose(exact, now).map_err(|fault| faulty(recipient, fault, cert.fingerprint().cloned()))?;
        match key.fingerprint.clone() {
            _ if cert.is_disabled() => Err(disabled(recipient, cert.fingerprint().cloned())),
            _ if !self.behaviour().trust_always && !cert.is_trusted() => Err(untrusted(recipient, cert)),
            Some(key) => Ok(Verdict::Key(key)),
            None => Ok(Verdict::ByGpg("gpg lists its key without a fingerprint".to_owned())),
        }
    }

    /// gpg takes the certificates that cannot be used for not being there, and trusts a key under the name that was asked
    /// for only.
    fn verdict_on_name(
        &self,
        recipient: &Recipient,
        meaning: &Meaning,
        listed: &[Listed],
        now: SystemTime,
    ) -> Result<Verdict, KeyringError> {
        let mut usable = Vec::new();
        let mut refusal = None;
        for cert in listed.iter().filter(|cert| cert.live_user_ids().any(|id| meaning.fits(&id.text))) {
            let fingerprint = cert.fingerprint().cloned();
            match cert.choose(None, now) {
                _ if cert.is_disabled() => refusal = refusal.or(Some(disabled(recipient, fingerprint))),
                Ok(key) => usable.push((cert, key)),
                Err(fault) => refusal = refusal.or(Some(faulty(recipient, fault, fingerprint))),
            }
        }
        let (cert, key) = match usable.as_slice() {
            [] => return Err(refusal.unwrap_or_else(|| missing(recipient))),
            [only] => *only,
            _ => return Ok(Verdict::ByGpg("several keys match it".to_owned())),
        };
        let matching: Vec<&ListedId> = cert.live_user_ids().filter(|id| meaning.fits(&id.text)).collect();
        let trusted = matching.iter().filter(|id| id.validity == Validity::Trusted).count();
        match &key.fingerprint {
            Some(key) if self.behaviour().trust_always || trusted == matching.len() => Ok(Verdict::Key(key.clone())),
            Some(_) if trusted == 0 => Err(untrusted(recipient, cert)),
            _ => Ok(Verdict::ByGpg("its key is trusted under some of its names only".to_owned())),
        }
    }

    /// One key by its own fingerprint, or why only gpg can encrypt to it.
    fn key(&self, fingerprint: &Fingerprint) -> Result<Result<PublicKey, &'static str>, KeyringError> {
        let cert = self.cert_with_key(&fingerprint.into())?;
        if cert.as_ref().is_some_and(choice::has_additional_keys) {
            return Ok(Err(ADDITIONAL_KEYS));
        }
        let mut keys = cert.iter().flat_map(|cert| cert.keys());
        let key = keys.find(|key| key.key().fingerprint() == *fingerprint);
        Ok(key.map(|key| key.key().clone()).ok_or("its key is in a ring that only gpg reads"))
    }
}

/// gpg's listings: one child for all recipients whose part of a common listing can be told, one for each other.
struct Asked<'a> {
    keyring: &'a Keyring,
    recipients: &'a [Recipient],
    meanings: &'a [Meaning],
    /// Asked together, of the recipients at these places.
    together: Vec<usize>,
    listing: Option<Result<Vec<Listed>, String>>,
}

impl<'a> Asked<'a> {
    fn new(
        keyring: &'a Keyring,
        meanings: &'a [Meaning],
        standings: &[Standing],
        recipients: &'a [Recipient],
    ) -> Asked<'a> {
        // One id that gpg takes for malformed spoils the whole listing, and gpg 2.2 knows no fingerprints of 64 digits.
        let apart = |index: &usize| match &meanings[*index] {
            Meaning::Key { wanted: Wanted::Fingerprint(bytes), .. } => bytes.len() == 20,
            Meaning::Key { .. } | Meaning::Mailbox(_) => true,
            Meaning::Name(_) | Meaning::Special => false,
        };
        let open = (0..standings.len()).filter(|index| matches!(standings[*index], Standing::Ask { .. }));
        Asked { keyring, recipients, meanings, together: open.filter(apart).collect(), listing: None }
    }

    fn about(&mut self, index: usize) -> Result<Vec<Listed>, String> {
        if !self.together.contains(&index) {
            return self.ask(&[index]);
        }
        if self.listing.is_none() {
            self.listing = Some(self.ask(&self.together));
        }
        self.listing.clone().unwrap_or_else(|| Ok(Vec::new()))
    }

    fn ask(&self, indices: &[usize]) -> Result<Vec<Listed>, String> {
        // gpg would answer for the whole ring, or look into a home that it would have to make first.
        if indices.is_empty() || !self.keyring.home.is_dir() {
            return Ok(Vec::new());
        }
        let ids: Vec<String> = indices
            .iter()
            .map(|index| match (&self.meanings[*index], self.recipients[*index].hex()) {
                (Meaning::Key { .. }, Some(hex)) => format!("0x{hex}"),
                _ => self.recipients[*index].as_str().to_owned(),
            })
            .collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        listing::ask(&self.keyring.env, &self.keyring.home, self.keyring.behaviour().trust_always, &ids)
    }
}

/// A key id is certain to mean its key; a text only when every user id that it fits is a plain one.
fn is_certain_match(cert: &Cert, meaning: &Meaning) -> bool {
    if matches!(meaning, Meaning::Key { .. }) {
        return true;
    }
    let mut fitting = cert.userids().filter(|id| meaning.fits(id.userid().value())).peekable();
    fitting.peek().is_some()
        && fitting.all(|id| id.self_revocations().next().is_none() && id.other_revocations().next().is_none())
}

/// The one certificate that a key id means; none and several are errors.
fn the_only<'c, C>(
    recipient: &Recipient,
    certs: &'c [C],
    fingerprint: impl Fn(&C) -> Option<Fingerprint>,
) -> Result<&'c C, KeyringError> {
    match certs {
        [] => Err(missing(recipient)),
        [only] => Ok(only),
        several => Err(ambiguous(recipient, several.iter().filter_map(fingerprint))),
    }
}

fn by_gpg(recipient: &Recipient, why: &str) -> Encryption {
    Encryption::ByGpg { why: format!("recipient {}: {why}", text::quoted(recipient.as_str())) }
}

fn cannot_ask(recipient: &Recipient, why: &str, fault: Option<Fault>, complaint: &str) -> KeyringError {
    match fault {
        Some(fault) => faulty(recipient, fault, None),
        None => {
            KeyringError::NeedsGpg { recipient: recipient.as_str().to_owned(), why: format!("{why}, and {complaint}") }
        }
    }
}

pub(super) fn faulty(recipient: &Recipient, fault: Fault, fingerprint: Option<Fingerprint>) -> KeyringError {
    let recipient = recipient.as_str().to_owned();
    match fault {
        Fault::Expired(at) => KeyringError::Expired { recipient, fingerprint, at },
        Fault::Revoked => KeyringError::Revoked { recipient },
        Fault::NoEncryptionKey => KeyringError::NoEncryptionKey { recipient },
    }
}

fn missing(recipient: &Recipient) -> KeyringError {
    KeyringError::Missing { recipient: recipient.as_str().to_owned() }
}

fn untrusted(recipient: &Recipient, cert: &Listed) -> KeyringError {
    KeyringError::Untrusted { recipient: recipient.as_str().to_owned(), fingerprint: cert.fingerprint().cloned() }
}

fn disabled(recipient: &Recipient, fingerprint: Option<Fingerprint>) -> KeyringError {
    KeyringError::Disabled { recipient: recipient.as_str().to_owned(), fingerprint }
}

pub(super) fn ambiguous(recipient: &Recipient, fingerprints: impl Iterator<Item = Fingerprint>) -> KeyringError {
    KeyringError::Ambiguous { recipient: recipient.as_str().to_owned(), fingerprints: fingerprints.collect() }
}

/// Near enough to gpg's own test (common/mbox-util.c, `is_valid_mailbox`): one `@`, something on both sides, no blanks
/// or brackets.
fn is_mailbox(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c);
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !domain.starts_with('.')
            && !text.contains(odd)
    })
}

/// The address in a user id: what stands in its last angle brackets, or all of it.
fn mailbox_of(user_id: &[u8]) -> &[u8] {
    let open = user_id.iter().rposition(|byte| *byte == b'<').map(|at| at + 1);
    let Some(open) = open else { return user_id };
    let rest = &user_id[open..];
    let close = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
    &rest[..close]
}

/// Without regard to ASCII case, as gpg compares.
pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str) -> Meaning {
        Meaning::of(&Recipient::new(text).expect("text"))
    }

    #[test]
    fn reads_recipients_as_gpg_does() {
        let key = |text: &str| matches!(meaning(text), Meaning::Key { exact: false, .. });
        assert!(key("DEADBEEF") && key("0xdeadbeefdeadbeef") && key(&"A".repeat(40)));
        assert!(key("D0A4 B268 8FBB 6DA2 7DBD  E0FA BF1B 885F 3639 1787"));
        assert!(matches!(meaning("DEADBEEFDEADBEEF!"), Meaning::Key { exact: true, .. }));
        for address in ["alice@example.test", "<alice@example.test>"] {
            assert_eq!(meaning(address), Meaning::Mailbox("alice@example.test".to_owned()));
        }
        for name in ["Alice", "Alice Example <alice@example.test>", "zoe bell", "a@b@c"] {
            assert_eq!(meaning(name), Meaning::Name(name.to_owned()));
        }
        for special in ["=Alice", "*ali", "@example", "&0123", "DEAD BEEF", "0DEADBEEF", &"A".repeat(32), "-x", "<a"] {
            assert_eq!(meaning(special), Meaning::Special, "{special}");
        }
    }

    #[test]
    fn an_address_is_not_found_inside_a_longer_one() {
        let alice = meaning("alice@example.test");
        assert!(alice.fits(b"Alice <ALICE@example.test>") && alice.fits(b"alice@example.test"));
        assert!(!alice.fits(b"Eve <malice@example.test>") && !alice.fits(b"alice@example.test <eve@example.test>"));
        assert!(meaning("lice").fits(b"Alice <alice@example.test>") && !meaning("bob").fits(b"Alice"));
    }
}
