//! What `$PASSWORD_STORE_GPG_OPTS` and gpg.conf mean for a message that is written in process. Options known to make no
//! difference are on a list; anything else makes gpg itself write the message.

use crate::system::options::Options;

/// What gpg would do differently from its defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// Encrypt to keys that nobody vouches for.
    pub trust_always: bool,
    /// Write ASCII armour.
    pub armor: bool,
    /// Leave the key ids out of the message.
    pub throw_keyids: bool,
    /// The option that only gpg itself can honour, in words.
    pub only_gpg: Option<String>,
    /// gpg's `group` definitions: name, members.
    pub groups: Vec<(String, Vec<String>)>,
}

impl Behaviour {
    pub(super) fn read(options: &Options) -> Behaviour {
        Behaviour { trust_always: options.trust_always, ..Behaviour::default() }
    }
}
