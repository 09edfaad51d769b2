//! Whose key a key is: the certificates that a recipient's text may mean, held against the keys that a message names. Runs
//! no gpg but the key daemon where that keeps the ring; trust does not matter to who can read.

use std::time::SystemTime;

use sequoia_openpgp::{Cert, Fingerprint, KeyHandle};

use super::recipients::Meaning;
use super::{Keyring, KeyringError, choice, given};
use crate::model::Recipient;

/// One certificate that a recipient's text may mean.
#[derive(Debug)]
pub struct Holder {
    keys: Vec<Fingerprint>,
    /// The key that a message would be written to now; None when there is none, or only gpg can say.
    current: Option<Fingerprint>,
}

impl Holder {
    fn of(cert: &Cert, meaning: &Meaning, now: SystemTime) -> Holder {
        let opinion = choice::choose(cert, meaning.exact(), now);
        let current = opinion.key.ok().filter(|_| opinion.doubt.is_none()).map(|key| key.fingerprint());
        Holder { keys: cert.keys().map(|key| key.key().fingerprint()).collect(), current }
    }

    /// True when the handle is of one of its keys.
    pub fn holds(&self, key: &KeyHandle) -> bool {
        self.keys.iter().any(|own| KeyHandle::from(own).aliases(key))
    }

    /// Whether the handle is of the key that is written to now; None when that is not known.
    pub fn is_current(&self, key: &KeyHandle) -> Option<bool> {
        self.current.as_ref().map(|current| KeyHandle::from(current).aliases(key))
    }
}

/// The same for certificates held in hand; None when none of them is meant.
pub fn holders_among(certs: &[Cert], recipient: &Recipient, now: SystemTime) -> Option<Vec<Holder>> {
    let meaning = Meaning::of(recipient);
    let meant = given::meant_among(certs, recipient);
    (!meant.is_empty()).then(|| meant.iter().map(|cert| Holder::of(cert, &meaning, now)).collect())
}

impl Keyring {
    /// For a recipient, or each member of the group that it names, the certificates that it may mean. None for one whose
    /// keys only gpg can look up.
    pub fn holders(&self, recipient: &Recipient) -> Result<Vec<Option<Vec<Holder>>>, KeyringError> {
        let now = self.env.unstopped();
        let members = match self.behaviour().group(recipient.as_str()) {
            Some(members) => members.iter().filter_map(|member| Recipient::new(member)).collect(),
            None => vec![recipient.clone()],
        };
        let held = |member: &Recipient| {
            let meaning = Meaning::of(member);
            let certs = self.meant_here(&meaning)?;
            Ok(certs.map(|certs| certs.iter().map(|cert| Holder::of(cert, &meaning, now)).collect()))
        };
        members.iter().map(held).collect()
    }
}
