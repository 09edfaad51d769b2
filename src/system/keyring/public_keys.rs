//! The public keys that a gopass store carries: `.public-keys/` and the older `.gpg-keys/`, one file a recipient, named as
//! `.gpg-id` names it (gopass, `internal/store/leaf/recipients.go`). Whoever can write to the store can put any key there:
//! they are good for being offered and looked at, and never trusted by being there.

use std::fs;
use std::path::{Path, PathBuf};

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::parse::Parse;

use super::recipients::Meaning;
use crate::model::Recipient;
use crate::system::files;

/// gopass's folder, then its older name.
const FOLDERS: [&str; 2] = [".public-keys", ".gpg-keys"];

/// Bounds against a hostile store: files looked at in a folder, bytes of one, certificates of one.
const FILES_MAX: usize = 2_000;
const FILE_MAX: u64 = 1024 * 1024;
const CERTS_MAX: usize = 20;

/// A certificate that the store carries.
#[derive(Clone, Debug)]
pub struct CarriedKey {
    pub file: PathBuf,
    pub cert: Cert,
}

/// What a store carries, and the files there that hold no key.
#[derive(Debug, Default)]
pub struct CarriedKeys {
    /// By file name.
    pub keys: Vec<CarriedKey>,
    pub unreadable: Vec<PathBuf>,
}

/// Reads the key folders of the store with this root. A missing folder is an empty one; links are not followed.
pub fn read(root: &Path) -> CarriedKeys {
    let mut carried = CarriedKeys::default();
    for folder in FOLDERS {
        let entries = fs::read_dir(root.join(folder)).into_iter().flatten().flatten().take(FILES_MAX);
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for file in paths {
            let certs = read_file(&file);
            if certs.is_empty() {
                carried.unreadable.push(file);
                continue;
            }
            carried.keys.extend(certs.into_iter().map(|cert| CarriedKey { file: file.clone(), cert }));
        }
    }
    carried
}

/// A file that carries a key of this recipient, whatever the file is called.
pub fn file_of(root: &Path, recipient: &Recipient) -> Option<PathBuf> {
    let meaning = Meaning::of(recipient);
    let means = |cert: &Cert| match &meaning {
        Meaning::Key { wanted, .. } => cert.keys().any(|key| wanted.is_key(&key.key().fingerprint())),
        Meaning::Mailbox(_) | Meaning::Name(_) => cert.userids().any(|id| meaning.fits(id.userid().value())),
        Meaning::Special => false,
    };
    read(root).keys.into_iter().find(|carried| means(&carried.cert)).map(|carried| carried.file)
}

/// The certificates of one file, armoured or not; none when it is a link, too large, or no key.
fn read_file(file: &Path) -> Vec<Cert> {
    let is_file = fs::symlink_metadata(file).is_ok_and(|meta| meta.is_file());
    let Some(bytes) = is_file.then(|| files::read_bounded(file, FILE_MAX).ok()).flatten() else { return Vec::new() };
    CertParser::from_bytes(&bytes).into_iter().flatten().take(CERTS_MAX).flatten().collect()
}

#[cfg(test)]
mod tests {
    use sequoia_openpgp::cert::CertBuilder;
    use sequoia_openpgp::serialize::SerializeInto;

    use super::*;

    fn recipient(text: &str) -> Recipient {
        Recipient::new(text).expect("text")
    }

    #[test]
    fn keys_are_found_by_what_they_are_not_by_their_file_s_name() {
        let root = tempfile::tempdir().expect("a store");
        let folder = root.path().join(".public-keys");
        fs::create_dir(&folder).expect("a folder");
        let (bob, _) = CertBuilder::new().add_userid("Bob <bob@example.test>").generate().expect("a key");
        let (eve, _) = CertBuilder::new().add_userid("Eve <eve@example.test>").generate().expect("a key");
        fs::write(folder.join("0xB0B"), bob.armored().to_vec().expect("armour")).expect("a file");
        fs::write(folder.join("alice@example.test"), eve.to_vec().expect("bytes")).expect("a file");
        fs::write(folder.join("junk"), b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA").expect("a file");
        std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).expect("a link");
        let carried = read(root.path());
        assert_eq!((carried.keys.len(), carried.unreadable.len()), (2, 2));
        assert_eq!(file_of(root.path(), &recipient("bob@example.test")), Some(folder.join("0xB0B")));
        assert_eq!(file_of(root.path(), &recipient(&bob.fingerprint().to_hex())), Some(folder.join("0xB0B")));
        assert_eq!(file_of(root.path(), &recipient("alice@example.test")), None);
    }

    #[test]
    fn damaged_keys_are_none() {
        let root = tempfile::tempdir().expect("a store");
        fs::create_dir(root.path().join(".gpg-keys")).expect("a folder");
        let file = root.path().join(".gpg-keys/bob");
        let (bob, _) = CertBuilder::general_purpose(Some("Bob <bob@example.test>")).generate().expect("a key");
        let bytes = bob.to_vec().expect("bytes");
        for at in (0..bytes.len()).step_by(3) {
            fs::write(&file, &bytes[..at]).expect("cut");
            assert!(read(root.path()).keys.len() <= 1);
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(&file, &flipped).expect("flipped");
            assert!(read(root.path()).keys.len() <= 1);
        }
    }

    #[test]
    fn a_store_without_keys_carries_none() {
        let root = tempfile::tempdir().expect("a store");
        assert!(read(root.path()).keys.is_empty());
    }
}
