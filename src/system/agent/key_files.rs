//! Secret keys as gpg-agent's own files tell them, so that nobody's agent has to be asked or started: whether a key is
//! there, and what it wants before it works (GnuPG, agent/keyformat.txt). The key itself is wiped unread.

use std::path::Path;

use super::keygrip::Keygrip;
use crate::model::Secret;
use crate::system::files::{self, FileError};

/// The largest key file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The folder of a GnuPG home that has them.
pub const FOLDER: &str = "private-keys-v1.d";

/// How a secret key lies on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDisk {
    Absent,
    Plain,
    /// Under a passphrase.
    Protected,
    /// Only a mark that it is on a smartcard.
    Card,
}

pub fn look(home: &Path, grip: &Keygrip) -> Result<OnDisk, FileError> {
    let bytes = match files::read_bounded(&home.join(FOLDER).join(format!("{grip}.key")), SIZE_MAX) {
        Ok(bytes) => Secret::new(bytes),
        Err(error) if error.is_not_found() => return Ok(OnDisk::Absent),
        Err(error) => return Err(error),
    };
    let says = |words: &[u8]| bytes.expose().windows(words.len()).any(|window| window == words);
    Ok(match () {
        () if says(b"shadowed-private-key") => OnDisk::Card,
        () if says(b"protected-private-key") || says(b"openpgp-private-key") => OnDisk::Protected,
        () => OnDisk::Plain,
    })
}
