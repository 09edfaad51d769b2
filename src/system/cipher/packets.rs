//! OpenPGP packet framing (RFC 9580, section 4.2): where each packet's body lies. Pure; looks into no body.
//! Every length is checked against the bytes that are there, so that a message cut short is seen before anything else
//! reads it: the OpenPGP library panics on some of those.

use std::borrow::Cow;
use std::ops::Range;

use super::message::MessageError;

/// A packet's tag and where its body lies; more than one part when the sender streamed it (partial body lengths).
#[derive(Debug, PartialEq, Eq)]
pub struct Packet {
    pub tag: u8,
    parts: Vec<Range<usize>>,
}

/// Parts of one streamed body: gpg writes 8 KiB at a time, so this covers messages of gigabytes.
const PARTS_MAX: usize = 1 << 20;

impl Packet {
    /// The body, in one piece.
    pub fn body<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match self.parts.as_slice() {
            [only] => Cow::Borrowed(&bytes[only.clone()]),
            _ => Cow::Owned(self.parts.iter().flat_map(|part| &bytes[part.clone()]).copied().collect()),
        }
    }

    /// The pieces of the body in order, for a caller that may not leave a copy behind.
    pub fn pieces<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.parts.iter().map(|part| &bytes[part.clone()])
    }

    /// Bytes of the body.
    pub fn size(&self) -> usize {
        self.parts.iter().map(Range::len).sum()
    }
}

/// Takes the packets of `bytes` one by one; ends at the first fault.
#[derive(Debug)]
pub struct Packets<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Packets<'a> {
    pub fn of(bytes: &'a [u8]) -> Packets<'a> {
        Packets { bytes, at: 0 }
    }

    /// The tag of the packet that comes next; None at the end, and before what is no packet.
    pub fn upcoming(&self) -> Option<u8> {
        let header = *self.bytes.get(self.at)?;
        match header & 0xc0 {
            0xc0 => Some(header & 0x3f),
            0x80 => Some((header >> 2) & 0xf),
            _ => None,
        }
    }

    fn byte(&mut self) -> Result<usize, MessageError> {
        let byte = self.bytes.get(self.at).ok_or(MessageError::Damaged("it ends inside a packet"))?;
        self.at += 1;
        Ok(usize::from(*byte))
    }

    fn big_endian(&mut self, count: usize) -> Result<usize, MessageError> {
        (0..count).try_fold(0, |number: usize, _| Ok((number << 8) | self.byte()?))
    }

    fn take(&mut self, length: usize) -> Result<Range<usize>, MessageError> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(MessageError::Damaged("it ends inside a packet"))?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    /// RFC 9580, section 4.2.2: an old header's two low bits say how its length is written; 3 is "until the end".
    fn old_style(&mut self, header: usize) -> Result<Vec<Range<usize>>, MessageError> {
        let length = match header & 3 {
            3 => self.bytes.len() - self.at,
            kind => self.big_endian(1 << kind)?,
        };
        Ok(vec![self.take(length)?])
    }

    /// RFC 9580, section 4.2.1.
    fn new_style(&mut self) -> Result<Vec<Range<usize>>, MessageError> {
        let mut parts = Vec::with_capacity(1);
        loop {
            let (length, last) = match self.byte()? {
                short @ 0..=191 => (short, true),
                high @ 192..=223 => (((high - 192) << 8) + self.byte()? + 192, true),
                255 => (self.big_endian(4)?, true),
                partial => (1 << (partial & 0x1f), false),
            };
            parts.push(self.take(length)?);
            if last {
                return Ok(parts);
            }
            if parts.len() > PARTS_MAX {
                return Err(MessageError::Damaged("a packet has too many parts"));
            }
        }
    }
}

impl Iterator for Packets<'_> {
    type Item = Result<Packet, MessageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let header = usize::from(*self.bytes.get(self.at)?);
        self.at += 1;
        let packet = match header & 0xc0 {
            0xc0 => self.new_style().map(|parts| (header & 0x3f, parts)),
            0x80 => self.old_style(header).map(|parts| ((header >> 2) & 0xf, parts)),
            _ => Err(MessageError::Damaged("something that is no packet stands where one should begin")),
        };
        if packet.is_err() {
            self.at = self.bytes.len();
        }
        Some(packet.map(|(tag, parts)| Packet { tag: u8::try_from(tag).unwrap_or_default(), parts }))
    }
}

/// A packet with a new-style header and a known length.
pub fn header(tag: u8, length: usize) -> Vec<u8> {
    let mut header = vec![0xc0 | tag];
    match u32::try_from(length) {
        Ok(short @ 0..=191) => header.push(short.to_le_bytes()[0]),
        Ok(medium @ 192..=8383) => {
            let rest = (medium - 192).to_be_bytes();
            header.extend_from_slice(&[rest[2] + 192, rest[3]]);
        }
        long => {
            header.push(255);
            header.extend_from_slice(&long.unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, MessageError> {
        Packets::of(bytes).map(|packet| packet.map(|packet| (packet.tag, packet.body(bytes).into_owned()))).collect()
    }

    #[test]
    fn every_way_to_write_a_length() {
        let cases: [(&[u8], &[u8], u8); 6] = [
            (&[0xcb, 2], b"ab", 11),
            (&[0xcb, 0xff, 0, 0, 0, 2], b"ab", 11),
            (&[0x80 | 11 << 2, 2], b"ab", 11),
            (&[0x80 | 11 << 2 | 1, 0, 2], b"ab", 11),
            (&[0x80 | 11 << 2 | 2, 0, 0, 0, 2], b"ab", 11),
            (&[0x80 | 8 << 2 | 3], b"ab", 8),
        ];
        for (header, body, tag) in cases {
            let bytes = [header, body].concat();
            assert_eq!(all(&bytes), Ok(vec![(tag, b"ab".to_vec())]), "{bytes:?}");
            for cut in 1..bytes.len() {
                let cut = all(&bytes[..cut]);
                assert!(cut.is_err() || header.len() == 1, "{bytes:?} {cut:?}");
            }
        }
        let streamed = [&[0xcb, 0xe1][..], b"ab", &[0xe0], b"c", &[1], b"d"].concat();
        assert_eq!(all(&streamed), Ok(vec![(11, b"abcd".to_vec())]));
        assert!(all(&streamed[..streamed.len() - 1]).is_err());
        assert!(all(&streamed[..streamed.len() - 2]).is_err());
    }

    #[test]
    fn what_we_write_reads_back() {
        for length in [0, 1, 191, 192, 193, 8383, 8384, 70_000] {
            let bytes = [header(18, length), vec![7; length]].concat();
            assert_eq!(all(&bytes), Ok(vec![(18, vec![7; length])]), "{length}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_framed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut total = 0;
            for packet in Packets::of(&bytes).flatten() {
                total += packet.size();
                prop_assert_eq!(packet.body(&bytes).len(), packet.size());
            }
            prop_assert!(total <= bytes.len());
        }
    }
}
