//! GnuPG's `pubring.kbx` (GnuPG sources, kbx/keybox-blob.c): walks the record headers and hands out the key blocks that
//! match. Parses no OpenPGP and never reads a whole ring into memory; a ring of any size or content is safe to walk.

use std::fs::File;
use std::io;
use std::ops::{ControlFlow, Range};
use std::os::unix::fs::FileExt;
use std::path::Path;

use sequoia_openpgp::{Fingerprint, KeyHandle};

use super::KeyringError;

/// The largest record used, as in GnuPG (kbx/keybox-file.c, `IMAGELEN_LIMIT`); a larger one is passed over.
const RECORD_MAX: u64 = 5 * 1024 * 1024;

/// Bytes read at a time: about 40 ordinary records.
const WINDOW: usize = 64 * 1024;

const TYPE_HEADER: u8 = 1;
const TYPE_OPENPGP: u8 = 2;

/// Bit of the first record's flags: "is being or has been used for OpenPGP".
const FLAG_OPENPGP: usize = 0x02;

/// Bytes of a record before its table of keys.
const FIXED: usize = 20;

/// Which key a record must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole fingerprint, 20 or 32 bytes.
    Fingerprint(Vec<u8>),
    KeyId([u8; 8]),
    /// The last four bytes of a version 4 fingerprint.
    ShortId([u8; 4]),
}

impl Wanted {
    pub(super) fn of(handle: &KeyHandle) -> Option<Wanted> {
        match handle {
            KeyHandle::Fingerprint(fingerprint) => Some(Wanted::Fingerprint(fingerprint.as_bytes().to_vec())),
            KeyHandle::KeyID(id) => <[u8; 8]>::try_from(id.as_bytes()).ok().map(Wanted::KeyId),
        }
    }

    /// From upper-case hexadecimal digits: 8, 16, 40 or 64 of them.
    pub(super) fn from_hex(hex: &str) -> Option<Wanted> {
        let digits = hex.as_bytes().chunks(2);
        let bytes: Vec<u8> =
            digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect::<Option<_>>()?;
        match bytes.len() {
            4 => bytes.try_into().ok().map(Wanted::ShortId),
            8 => bytes.try_into().ok().map(Wanted::KeyId),
            20 | 32 => Some(Wanted::Fingerprint(bytes)),
            _ => None,
        }
    }

    /// Upper-case, as gpg takes it after `0x`.
    pub(super) fn to_hex(&self) -> String {
        let bytes: &[u8] = match self {
            Wanted::Fingerprint(bytes) => bytes,
            Wanted::KeyId(bytes) => bytes,
            Wanted::ShortId(bytes) => bytes,
        };
        bytes.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// Key ids are the end of a version 4 fingerprint (RFC 9580, section 5.5.4.2) and the start of a version 6 one.
    pub(super) fn is(&self, fingerprint: &[u8]) -> bool {
        let four = fingerprint.len() == 20;
        match self {
            Wanted::Fingerprint(bytes) => bytes == fingerprint,
            Wanted::KeyId(id) if four => fingerprint.ends_with(id),
            Wanted::KeyId(id) => fingerprint.starts_with(id),
            Wanted::ShortId(id) => four && fingerprint.ends_with(id),
        }
    }

    pub(super) fn is_key(&self, fingerprint: &Fingerprint) -> bool {
        self.is(fingerprint.as_bytes())
    }
}

/// An open keybox file.
#[derive(Debug)]
pub(super) struct Keybox {
    file: File,
    len: u64,
    holds_openpgp: bool,
}

/// One OpenPGP record. Its numbers were checked against its length, its key block was not looked at.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Up to the end of the table of keys, or the whole record when the walk asked for that.
    bytes: &'a [u8],
    keys: usize,
    key_size: usize,
    /// Inside the record.
    keyblock: Range<usize>,
    at: u64,
}

/// How much of each record a walk needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    Keys,
    Whole,
}

impl Keybox {
    /// None when there is no such file.
    pub(super) fn open(path: &Path) -> Result<Option<Keybox>, KeyringError> {
        let file = match crate::system::files::open_regular(path) {
            Ok(file) => file,
            Err(error) if error.is_not_found() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let fault = |error: io::Error| KeyringError::Unreadable { path: path.to_owned(), why: error.to_string() };
        let len = file.metadata().map_err(fault)?.len();
        let mut first = [0; 12];
        let holds_openpgp = match file.read_exact_at(&mut first, 0) {
            Ok(()) => first[4] == TYPE_HEADER && &first[8..] == b"KBXf" && be16(&first, 6) & FLAG_OPENPGP != 0,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
            Err(error) => return Err(fault(error)),
        };
        Ok(Some(Keybox { file, len, holds_openpgp }))
    }

    /// Whether gpg reads its OpenPGP keys from here; if not, `pubring.gpg` is its ring when there is one.
    pub(super) fn holds_openpgp(&self) -> bool {
        self.holds_openpgp
    }

    /// Shows `visit` every OpenPGP record until it breaks. A record that does not fit into the file ends the walk with
    /// an error, because nothing after it can be found.
    pub(super) fn walk<T>(
        &self,
        depth: Depth,
        mut visit: impl FnMut(&Record<'_>) -> ControlFlow<T>,
    ) -> io::Result<Option<T>> {
        let mut window = Window { keybox: self, buffer: Vec::new(), start: 0 };
        let mut at = 0;
        while at < self.len {
            let head = window.bytes(at, FIXED)?;
            let damaged = || io::Error::new(io::ErrorKind::InvalidData, format!("the record at byte {at} is damaged"));
            let length = if head.len() < 5 { 0 } else { be32(head, 0) as u64 };
            if length < 5 || length > self.len - at {
                return Err(damaged());
            }
            if head[4] == TYPE_OPENPGP && (FIXED as u64..=RECORD_MAX).contains(&length) {
                let shape = Shape::read(head, length).ok_or_else(damaged)?;
                let needed = if depth == Depth::Whole { length as usize } else { shape.table_end };
                let bytes = window.bytes(at, needed)?;
                if bytes.len() < needed {
                    return Err(damaged());
                }
                let Shape { keys, key_size, keyblock, .. } = shape;
                if let ControlFlow::Break(found) = visit(&Record { bytes, keys, key_size, keyblock, at }) {
                    return Ok(Some(found));
                }
            }
            at += length;
        }
        Ok(None)
    }

    /// The record's OpenPGP packets.
    pub(super) fn keyblock(&self, record: &Record<'_>) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; record.keyblock.len()];
        self.file.read_exact_at(&mut bytes, record.at + record.keyblock.start as u64)?;
        Ok(bytes)
    }
}

impl Record<'_> {
    /// The fingerprints of the primary key and the subkeys, 20 or 32 bytes each.
    pub(super) fn fingerprints(&self) -> impl Iterator<Item = &[u8]> {
        let table = self.bytes.get(FIXED..).unwrap_or_default();
        table.chunks_exact(self.key_size).take(self.keys).map(|entry| {
            // Version 2 records: 32 bytes, then flags, of which 0x80 says that all 32 are used.
            let long = entry.len() >= 56 && be16(entry, 32) & 0x80 != 0;
            &entry[..if long { 32 } else { 20 }]
        })
    }

    /// The OpenPGP packets, when the walk read whole records; empty otherwise.
    pub(super) fn packets(&self) -> &[u8] {
        self.bytes.get(self.keyblock.clone()).unwrap_or_default()
    }
}

/// Where things are in a record.
struct Shape {
    keys: usize,
    key_size: usize,
    table_end: usize,
    keyblock: Range<usize>,
}

impl Shape {
    /// None when the numbers contradict the record's length.
    fn read(head: &[u8], length: u64) -> Option<Shape> {
        if head.len() < FIXED {
            return None;
        }
        let length = usize::try_from(length).ok()?;
        let (start, size) = (be32(head, 8), be32(head, 12));
        let (keys, key_size) = (be16(head, 16), be16(head, 18));
        let table_end = keys.checked_mul(key_size)?.checked_add(FIXED)?;
        let fits = key_size >= 28 && table_end <= length && start.checked_add(size)? <= length;
        fits.then_some(Shape { keys, key_size, table_end, keyblock: start..start + size })
    }
}

/// A part of the file in memory, moved along as needed.
struct Window<'f> {
    keybox: &'f Keybox,
    buffer: Vec<u8>,
    start: u64,
}

impl Window<'_> {
    /// `len` bytes from `at`, fewer at the end of the file.
    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let inside = at >= self.start && at + len as u64 <= self.start + self.buffer.len() as u64;
        if !inside {
            // No more than there is: most rings are small, and every page of a buffer costs the helper time.
            let left = usize::try_from(self.keybox.len.saturating_sub(at)).unwrap_or(usize::MAX);
            self.fill(at, len.max(WINDOW).min(left))?;
        }
        let from = (at - self.start) as usize;
        let to = self.buffer.len().min(from + len);
        Ok(&self.buffer[from..to])
    }

    fn fill(&mut self, at: u64, len: usize) -> io::Result<()> {
        self.buffer.resize(len, 0);
        self.start = at;
        let mut filled = 0;
        while filled < len {
            match self.keybox.file.read_at(&mut self.buffer[filled..], at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.buffer.truncate(filled);
        Ok(())
    }
}

/// Callers have checked that the bytes are there.
fn be16(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]))
}

fn be32(bytes: &[u8], at: usize) -> usize {
    (be16(bytes, at) << 16) | be16(bytes, at + 2)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    const HEADER: &[u8] = b"\0\0\0\x20\x01\x01\0\x02KBXf\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    /// A record as gpg 2.2 writes it (version 1) or 2.4 (version 2), its key block `packets`.
    fn record(version: u8, fingerprints: &[&[u8]], packets: &[u8]) -> Vec<u8> {
        let key_size = if version == 1 { 28 } else { 56 };
        let start = FIXED + fingerprints.len() * key_size;
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&((start + packets.len()) as u32).to_be_bytes());
        bytes.extend_from_slice(&[TYPE_OPENPGP, version, 0, 0]);
        bytes.extend_from_slice(&(start as u32).to_be_bytes());
        bytes.extend_from_slice(&(packets.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&(fingerprints.len() as u16).to_be_bytes());
        bytes.extend_from_slice(&(key_size as u16).to_be_bytes());
        for fingerprint in fingerprints {
            let mut entry = vec![0; key_size];
            entry[..fingerprint.len()].copy_from_slice(fingerprint);
            if fingerprint.len() == 32 {
                entry[33] = 0x80;
            }
            bytes.extend(entry);
        }
        bytes.extend_from_slice(packets);
        bytes
    }

    fn open(bytes: &[u8]) -> Keybox {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        Keybox::open(file.path()).expect("opens").expect("is there")
    }

    /// The key blocks of the records holding a key, and whether the walk came to the end.
    fn found(keybox: &Keybox, wanted: &Wanted) -> (Vec<Vec<u8>>, bool) {
        let mut blocks = Vec::new();
        let walked = keybox.walk::<()>(Depth::Keys, |record| {
            if record.fingerprints().any(|fingerprint| wanted.is(fingerprint)) {
                blocks.push(keybox.keyblock(record).expect("inside the record"));
            }
            ControlFlow::Continue(())
        });
        (blocks, walked.is_ok())
    }

    #[test]
    fn finds_keys_by_id_and_fingerprint_in_both_versions() {
        let long: Vec<u8> = (0..32).collect();
        let keybox = open(
            &[
                HEADER.to_vec(),
                record(1, &[&[1; 20], &[2; 20]], b"first"),
                record(2, &[&[3; 20]], b"second"),
                record(2, &[&long], b"third"),
            ]
            .concat(),
        );
        assert!(keybox.holds_openpgp());
        let block = |wanted: Wanted| found(&keybox, &wanted).0.concat();
        assert_eq!(block(Wanted::Fingerprint(vec![2; 20])), b"first");
        assert_eq!(block(Wanted::KeyId([3; 8])), b"second");
        assert_eq!(block(Wanted::ShortId([1; 4])), b"first");
        assert_eq!(block(Wanted::KeyId([0, 1, 2, 3, 4, 5, 6, 7])), b"third");
        assert_eq!(block(Wanted::Fingerprint(long.clone())), b"third");
        assert_eq!(block(Wanted::Fingerprint(vec![9; 20])), b"");
    }

    #[test]
    fn records_larger_than_the_window_are_walked() {
        let big = vec![7; WINDOW * 3];
        let keybox = open(&[HEADER.to_vec(), record(1, &[&[1; 20]], &big), record(1, &[&[2; 20]], b"after")].concat());
        assert_eq!(found(&keybox, &Wanted::KeyId([2; 8])), (vec![b"after".to_vec()], true));
        assert_eq!(found(&keybox, &Wanted::KeyId([1; 8])), (vec![big.clone()], true));
        let mut seen = Vec::new();
        let walked = keybox.walk::<()>(Depth::Whole, |record| {
            seen.push(record.packets().len());
            ControlFlow::Continue(())
        });
        assert!(walked.is_ok());
        assert_eq!(seen, [big.len(), 5]);
    }

    #[test]
    fn a_truncated_file_is_an_error_after_what_it_still_holds() {
        let whole = [HEADER.to_vec(), record(1, &[&[1; 20]], b"first"), record(1, &[&[2; 20]], b"second")].concat();
        let first_end = HEADER.len() + record(1, &[&[1; 20]], b"first").len();
        for len in HEADER.len() + 1..whole.len() {
            let keybox = open(&whole[..len]);
            let (blocks, ended) = found(&keybox, &Wanted::KeyId([1; 8]));
            assert_eq!(blocks.len(), usize::from(len >= first_end), "{len}");
            assert_eq!(ended, len == first_end, "{len}");
        }
    }

    #[test]
    fn numbers_that_lie_are_damage() {
        for (at, byte) in [(8, 0xff), (12, 0xff), (16, 0xff), (19, 27)] {
            let mut lying = record(1, &[&[1; 20]], b"packets");
            lying[at] = byte;
            let (blocks, ended) = found(&open(&[HEADER.to_vec(), lying].concat()), &Wanted::KeyId([1; 8]));
            assert!(blocks.is_empty() && !ended, "{at}");
        }
    }

    #[test]
    fn an_x509_ring_holds_no_openpgp() {
        let mut header = HEADER.to_vec();
        header[7] = 0;
        assert!(!open(&header).holds_openpgp());
        assert!(!open(b"").holds_openpgp());
    }

    #[test]
    fn hex_ids_of_other_lengths_are_none() {
        assert_eq!(Wanted::from_hex("AABB"), None);
        assert_eq!(Wanted::from_hex("ZZZZZZZZ"), None);
        assert_eq!(Wanted::from_hex("01020304"), Some(Wanted::ShortId([1, 2, 3, 4])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let keybox = open(&[HEADER, &bytes].concat());
            let _ = found(&keybox, &Wanted::KeyId([1; 8]));
        }

        #[test]
        fn any_damage_is_safe(at in 0usize..200, byte in any::<u8>()) {
            let mut bytes = [HEADER.to_vec(), record(1, &[&[1; 20], &[2; 20]], &[5; 40]), record(2, &[&[3; 20]], b"x")].concat();
            let at = at % bytes.len();
            bytes[at] = byte;
            let keybox = open(&bytes);
            for depth in [Depth::Keys, Depth::Whole] {
                let _ = keybox.walk::<()>(depth, |record| {
                    let _ = (record.fingerprints().count(), record.packets().len());
                    ControlFlow::Continue(())
                });
            }
        }
    }
}
