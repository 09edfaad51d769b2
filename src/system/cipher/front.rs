//! The front of a message: which keys it names, read from its first bytes, so that thousands of messages can be looked at.
//! Pure but for `of_file`. Whether the rest is sound is not known here; `Cipher::addressees` looks at a whole message.

use std::path::Path;

use super::message::{TAG_MARKER, TAG_PADDING, TAG_PKESK, TAG_SKESK};
use super::packets::Packets;
use crate::system::files::{self, FileError};

/// The most bytes of a message that are read: its front is a few hundred bytes a reader.
const FRONT_MAX: u64 = 32 << 10;

/// The most that is read where the front is longer, or in armour.
const MESSAGE_MAX: u64 = 4 << 20;

/// Which keys a message names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Front {
    /// Key ids or fingerprints, upper-case hex, in the message's order.
    pub keys: Vec<String>,
    /// Session keys that do not say whose they are.
    pub hidden: usize,
    /// A passphrase opens it too.
    pub by_passphrase: bool,
}

/// None when these bytes do not hold the whole front: it is longer, in armour, or no message's.
pub fn front_of(bytes: &[u8]) -> Option<Front> {
    let mut packets = Packets::of(bytes);
    let mut front = Front::default();
    while let Some(tag @ (TAG_PKESK | TAG_SKESK | TAG_MARKER | TAG_PADDING)) = packets.upcoming() {
        let packet = packets.next()?.ok()?;
        match tag {
            TAG_PKESK => match named(&packet.body(bytes)) {
                Some(key) => front.keys.push(key),
                None => front.hidden += 1,
            },
            TAG_SKESK => front.by_passphrase = true,
            _ => {}
        }
    }
    let is_message = !front.keys.is_empty() || front.hidden > 0 || front.by_passphrase;
    (is_message && packets.upcoming().is_some()).then_some(front)
}

/// The front of the message in a file; None: it is no message.
pub fn of_file(path: &Path) -> Result<Option<Front>, FileError> {
    let bytes = files::read_front(path, FRONT_MAX)?;
    if let Some(front) = front_of(&bytes) {
        return Ok(Some(front));
    }
    let bytes = files::read_bounded(path, MESSAGE_MAX)?;
    Ok(super::keys_of(&bytes).map(|names| {
        let (hidden, keys): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| name == "hidden");
        Front { by_passphrase: keys.is_empty() && hidden.is_empty(), keys, hidden: hidden.len() }
    }))
}

/// RFC 9580, section 5.1: version 3 has a key id, all zero where it is left out; version 6 a length, a key's version and its
/// fingerprint.
fn named(body: &[u8]) -> Option<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>();
    match body {
        [3, rest @ ..] => rest.get(..8).filter(|id| id.iter().any(|byte| *byte != 0)).map(hex),
        [6, length, _, rest @ ..] if *length > 1 => rest.get(..usize::from(*length) - 1).map(hex),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;
    use crate::system::cipher::seal::{Style, seal};
    use crate::system::keyring::encrypting_keys;
    use proptest::prelude::*;

    #[test]
    fn the_front_names_what_the_whole_message_names() {
        let made = || {
            let builder = sequoia_openpgp::cert::CertBuilder::new().add_transport_encryption_subkey();
            encrypting_keys(&builder.generate().expect("a key").0).remove(0)
        };
        let keys = [made(), made()];
        let secret = Secret::new(vec![b'x'; 5000]);
        let message = seal(&secret, &keys, Style::default()).expect("sealed");
        let front = front_of(&message[..1000]).expect("a front");
        assert_eq!(Some(front.keys), super::super::keys_of(&message));
        assert_eq!(front_of(&message[..60]), None, "cut inside");
        let hidden = seal(&secret, &keys, Style { hidden: true, armor: false }).expect("sealed");
        assert_eq!(front_of(&hidden[..1000]).map(|front| (front.keys.len(), front.hidden)), Some((0, 2)));
        let armored = seal(&secret, &keys, Style { hidden: false, armor: true }).expect("sealed");
        assert_eq!(front_of(&armored), None);
        assert_eq!(front_of(b"x"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = front_of(&bytes);
        }
    }
}
