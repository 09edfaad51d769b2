//! Whom a message is encrypted to, held against whom it should be for. Reads the packets in front of what is encrypted;
//! decrypts nothing and asks nobody.

use sequoia_openpgp::packet::PKESK;
use sequoia_openpgp::{Cert, KeyHandle};

use super::message::Message;
use crate::model::{Recipient, UserId};
use crate::system::keyring::{self, Holder};

/// How a message stands to somebody that it should be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Reached,
    /// To a key of theirs that is not the one that is written to now.
    ByOlderKey,
    Missed,
    /// Nobody can tell: the message hides a recipient, or the keys that are meant are not here.
    Untold,
}

/// A key that the message is encrypted to and that none of the wanted ones is known to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// As the message names it, upper-case hex.
    pub key: String,
    /// Of the certificate that holds it, upper-case hex; None when that is not here.
    pub fingerprint: Option<String>,
    /// The certificate's first user id.
    pub name: Option<UserId>,
}

/// Whom a message is encrypted to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addressees {
    /// One for each of those that it should be for, in their order.
    pub wanted: Vec<Reach>,
    pub others: Vec<Stranger>,
    /// Session keys that do not say whose they are, or not in a form that is read here.
    pub hidden: usize,
    /// A passphrase opens it too.
    pub by_passphrase: bool,
}

impl Addressees {
    /// Whether others than the wanted can read it, or not all of them can; None when that cannot be told.
    pub fn differ(&self) -> Option<bool> {
        let untold = self.hidden > 0 || self.wanted.contains(&Reach::Untold);
        let stranger = |one: &Stranger| !untold || one.fingerprint.is_some();
        let wrong = |reach: &Reach| matches!(reach, Reach::ByOlderKey | Reach::Missed);
        match self.by_passphrase || self.wanted.iter().any(wrong) || self.others.iter().any(stranger) {
            true => Some(true),
            false => (!untold).then_some(false),
        }
    }
}

/// What a wanted recipient's text may mean: one entry a member, None where nobody here can look it up.
pub type Meant = Vec<Option<Vec<Holder>>>;

/// Whose a key is.
pub(super) struct Owner {
    fingerprint: String,
    name: Option<UserId>,
}

impl Owner {
    pub(super) fn of(cert: &Cert) -> Owner {
        Owner { fingerprint: cert.fingerprint().to_hex(), name: keyring::name_of(cert) }
    }
}

/// Compares; `owners` finds whose the keys are that no wanted one holds, in their order.
pub(super) fn compare(
    message: &Message,
    wanted: &[(&Recipient, &Meant)],
    owners: impl FnOnce(&[KeyHandle]) -> Vec<Option<Owner>>,
) -> Addressees {
    let mut named: Vec<KeyHandle> = Vec::new();
    for key in message.sessions.iter().filter_map(PKESK::recipient) {
        if !named.contains(&key) {
            named.push(key);
        }
    }
    let anonymous = message.sessions.iter().filter(|session| session.recipient().is_none()).count();
    let hidden = anonymous + message.unreadable_sessions;
    let is_claimed = |key: &KeyHandle| {
        let holders = wanted.iter().flat_map(|(_, meant)| meant.iter()).flatten().flatten();
        holders.into_iter().any(|holder| holder.holds(key)) || wanted.iter().any(|(recipient, _)| names(recipient, key))
    };
    let left: Vec<KeyHandle> = named.iter().filter(|key| !is_claimed(key)).cloned().collect();
    let owners = if left.is_empty() { Vec::new() } else { owners(&left) };
    let others: Vec<Stranger> = left.iter().zip(owners).map(|(key, owner)| stranger(key, owner)).collect();
    let doubt = hidden > 0 || others.iter().any(|other| other.fingerprint.is_none());
    let wanted = wanted.iter().map(|(recipient, meant)| reach(recipient, meant, &named, (hidden > 0, doubt))).collect();
    Addressees { wanted, others, hidden, by_passphrase: message.for_passphrase }
}

fn stranger(key: &KeyHandle, owner: Option<Owner>) -> Stranger {
    let (fingerprint, name) = owner.map_or((None, None), |owner| (Some(owner.fingerprint), owner.name));
    Stranger { key: key.to_hex(), fingerprint, name }
}

/// `hidden`: somebody is hidden, who may be anybody. `doubt`: or a key's owner is not known, who may be one whose key is
/// not here.
fn reach(recipient: &Recipient, meant: &Meant, named: &[KeyHandle], (hidden, doubt): (bool, bool)) -> Reach {
    if named.iter().any(|key| names(recipient, key)) {
        return Reach::Reached;
    }
    let of_member = |holders: &Option<Vec<Holder>>| {
        let missed = |unsure: bool| if unsure { Reach::Untold } else { Reach::Missed };
        let Some(holders) = holders else { return Reach::Untold };
        let held: Vec<(&Holder, &KeyHandle)> = holders
            .iter()
            .flat_map(|holder| named.iter().filter(|key| holder.holds(key)).map(move |key| (holder, key)))
            .collect();
        match holders.as_slice() {
            [] => missed(doubt),
            _ if held.is_empty() => missed(hidden),
            [_] if held.iter().all(|(holder, key)| holder.is_current(key) == Some(false)) => Reach::ByOlderKey,
            _ => Reach::Reached,
        }
    };
    let members: Vec<Reach> = meant.iter().map(of_member).collect();
    let worst = [Reach::Missed, Reach::ByOlderKey, Reach::Untold].into_iter().find(|reach| members.contains(reach));
    worst.unwrap_or(if members.is_empty() { Reach::Untold } else { Reach::Reached })
}

/// True when the recipient's own text is this key's id or fingerprint.
fn names(recipient: &Recipient, key: &KeyHandle) -> bool {
    recipient.hex().and_then(|hex| hex.parse::<KeyHandle>().ok()).is_some_and(|own| own.aliases(key))
}
