//! GnuPG's `trustdb.gpg` (GnuPG sources, g10/tdbio.c), for two facts: which keys their owner trusts ultimately (their own
//! keys), and which are disabled. All other trust is computed by gpg, so gpg is asked.

use std::path::Path;

use sequoia_openpgp::Fingerprint;

use super::KeyringError;
use crate::system::files;

/// Bytes of a record (g10/tdbio.h, `TRUST_RECORD_LEN`).
const RECORD: usize = 40;

/// The largest file read; about 200,000 keys. gpg is asked about the keys of a larger one.
const FILE_MAX: u64 = 16 * 1024 * 1024;

const TYPE_VERSION: u8 = 1;
const TYPE_TRUST: u8 = 12;

/// The format read here, the only one since 1998.
const FORMAT: u8 = 3;

/// Trust models of the version record under which ownertrust means what it says here (g10/options.h): classic and pgp.
const MODELS: [u8; 2] = [0, 1];

/// Bits of an ownertrust byte (g10/trustdb.h).
const DISABLED: u8 = 0x80;
const LEVEL: u8 = 0x0f;
const ULTIMATE: u8 = 6;

/// What the owner of this GnuPG home has said about a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OwnerTrust {
    pub(super) ultimate: bool,
    pub(super) disabled: bool,
}

/// The file's content; empty when there is none.
#[derive(Debug)]
pub(super) struct TrustDb(Vec<u8>);

impl TrustDb {
    /// None when the file is of a kind that only gpg understands.
    pub(super) fn open(home: &Path) -> Result<Option<TrustDb>, KeyringError> {
        match files::read_bounded(&home.join("trustdb.gpg"), FILE_MAX) {
            Ok(bytes) => Ok(TrustDb::parse(bytes)),
            Err(error) if error.is_not_found() => Ok(Some(TrustDb(Vec::new()))),
            Err(error) => Err(error.into()),
        }
    }

    fn parse(bytes: Vec<u8>) -> Option<TrustDb> {
        let first = bytes.get(..RECORD)?;
        let known = first[..5] == [TYPE_VERSION, b'g', b'p', b'g', FORMAT] && MODELS.contains(&first[8]);
        known.then_some(TrustDb(bytes))
    }

    /// What is said about a primary key; nothing when it has no record.
    pub(super) fn owner_trust(&self, primary: &Fingerprint) -> OwnerTrust {
        let Ok(wanted) = <[u8; 20]>::try_from(primary.as_bytes()) else { return OwnerTrust::default() };
        let mut records = self.0.chunks_exact(RECORD);
        let record = records.find(|record| record[0] == TYPE_TRUST && record[2..22] == wanted);
        record.map_or_else(OwnerTrust::default, |record| OwnerTrust {
            ultimate: record[22] & LEVEL == ULTIMATE,
            disabled: record[22] & DISABLED != 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(kind: u8, key: u8, trust: u8) -> Vec<u8> {
        let mut record = vec![0; RECORD];
        record[0] = kind;
        record[2..22].fill(key);
        record[22] = trust;
        record
    }

    fn database(model: u8, records: &[Vec<u8>]) -> Option<TrustDb> {
        let mut bytes = vec![0; RECORD];
        bytes[..5].copy_from_slice(&[1, b'g', b'p', b'g', 3]);
        bytes[8] = model;
        TrustDb::parse([&[bytes], records].concat().concat())
    }

    fn key(byte: u8) -> Fingerprint {
        Fingerprint::from_bytes(4, &[byte; 20]).expect("a fingerprint")
    }

    #[test]
    fn reads_ultimate_and_disabled() {
        let records = [record(13, 1, 6), record(12, 2, 5), record(12, 1, 6), record(12, 3, 0x86)];
        let database = database(1, &records).expect("known");
        assert_eq!(database.owner_trust(&key(1)), OwnerTrust { ultimate: true, disabled: false });
        assert_eq!(database.owner_trust(&key(2)), OwnerTrust::default());
        assert_eq!(database.owner_trust(&key(3)), OwnerTrust { ultimate: true, disabled: true });
        assert_eq!(database.owner_trust(&key(4)), OwnerTrust::default());
    }

    #[test]
    fn other_models_and_formats_are_not_understood() {
        assert!(database(5, &[]).is_none());
        assert!(TrustDb::parse(b"not a trust database, and long enough for one record".to_vec()).is_none());
        assert!(TrustDb::parse(Vec::new()).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut bytes = bytes;
            if bytes.len() >= RECORD {
                bytes[..5].copy_from_slice(&[1, b'g', b'p', b'g', 3]);
                bytes[8] = 1;
            }
            if let Some(database) = TrustDb::parse(bytes) {
                prop_assert_eq!(database.owner_trust(&key(0xfe)).disabled, false);
            }
        }
    }
}
