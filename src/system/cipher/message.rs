//! An OpenPGP message as bytes: who it is for, its container, and what is inside once a session key is known.
//! Pure; asks nobody for a key. Made for files that others wrote: cut, altered, nested or blown up, a message gives its
//! whole plaintext or an error.

use std::borrow::Cow;
use std::io::Read;

use sequoia_openpgp::armor;
use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::PKESK;
use sequoia_openpgp::parse::{Parse, buffered_reader};
use sequoia_openpgp::types::SymmetricAlgorithm;
use zeroize::Zeroizing;

use super::container::{Container, TAG_OCB, TAG_SEIPD, TAG_UNPROTECTED};
use super::packets::{Packet, Packets};
use crate::model::Secret;

/// Why a message cannot be read, whoever holds its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("{0}")]
    Damaged(&'static str),
    /// Its integrity check failed under a session key that fits.
    #[error("its contents were altered after they were encrypted")]
    Altered,
    #[error("it is not encrypted")]
    NotEncrypted,
    #[error("it has no protection against alteration")]
    NoIntegrity,
    #[error("it uses {0}")]
    Unsupported(String),
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(usize),
    #[error("the session key does not fit")]
    WrongKey,
}

/// The key that the message names does not open what is encrypted to it.
pub const DAMAGED_SESSION: MessageError =
    MessageError::Damaged("its session key is damaged: the secret key it is for is here and does not open it");

/// The largest plaintext, in bytes. Compressed entries could otherwise fill the memory from a few kilobytes.
pub const PLAINTEXT_MAX: usize = 64 << 20;

/// Session key packets looked at; more is not a message that anybody wrote for people.
const RECIPIENTS_MAX: usize = 1000;

/// Compression inside compression; gpg writes one.
const DEPTH_MAX: usize = 4;

/// Tags with a meaning here (RFC 9580, section 5).
pub(super) const TAG_PKESK: u8 = 1;
const TAG_SIGNATURE: u8 = 2;
pub(super) const TAG_SKESK: u8 = 3;
const TAG_ONE_PASS: u8 = 4;
const TAG_COMPRESSED: u8 = 8;
pub(super) const TAG_MARKER: u8 = 10;
pub const TAG_LITERAL: u8 = 11;
pub(super) const TAG_PADDING: u8 = 21;

/// An encrypted message, taken apart.
#[derive(Debug)]
pub struct Message {
    /// Session keys for recipients, in file order.
    pub sessions: Vec<PKESK>,
    /// Session key packets of a kind that cannot be read here.
    pub unreadable_sessions: usize,
    /// It can also be opened with a passphrase (never asked for here).
    pub for_passphrase: bool,
    tag: u8,
    body: Vec<u8>,
}

impl Message {
    /// Takes a message apart, binary or armoured. All its lengths are checked.
    pub fn parse(bytes: &[u8]) -> Result<Message, MessageError> {
        let bytes = binary(bytes)?;
        let mut message =
            Message { sessions: Vec::new(), unreadable_sessions: 0, for_passphrase: false, tag: 0, body: Vec::new() };
        for packet in Packets::of(&bytes) {
            let packet = packet?;
            match packet.tag {
                TAG_MARKER | TAG_PADDING => {}
                _ if message.tag != 0 => return Err(MessageError::Damaged("something follows its encrypted contents")),
                TAG_PKESK => message.add_session(&packet.body(&bytes))?,
                TAG_SKESK => message.for_passphrase = true,
                TAG_SEIPD | TAG_OCB | TAG_UNPROTECTED => {
                    message.tag = packet.tag;
                    message.body = packet.body(&bytes).into_owned();
                }
                TAG_LITERAL | TAG_COMPRESSED | TAG_SIGNATURE | TAG_ONE_PASS => return Err(MessageError::NotEncrypted),
                tag => return Err(MessageError::Unsupported(format!("a packet of type {tag}"))),
            }
        }
        match message.tag {
            0 => Err(MessageError::Damaged("it has no encrypted contents")),
            _ => Container::parse(message.tag, &message.body).map(|_| ()).map(|()| message),
        }
    }

    /// The cipher, where the container names it.
    pub fn algo(&self) -> Option<SymmetricAlgorithm> {
        Container::parse(self.tag, &self.body).ok()?.algo()
    }

    /// True for the container only GnuPG writes.
    pub fn is_ocb_packet(&self) -> bool {
        self.tag == TAG_OCB
    }

    /// The whole plaintext.
    pub fn open(&self, algo: SymmetricAlgorithm, key: &SessionKey) -> Result<Secret, MessageError> {
        let packets = Container::parse(self.tag, &self.body)?.open(algo, key)?;
        contents(&packets, DEPTH_MAX)
    }

    /// A kind of session key that is not known is passed over, as another one may fit.
    fn add_session(&mut self, body: &[u8]) -> Result<(), MessageError> {
        match PKESK::from_bytes(body) {
            _ if self.sessions.len() + self.unreadable_sessions == RECIPIENTS_MAX => {
                Err(MessageError::Unsupported(format!("more than {RECIPIENTS_MAX} recipients")))
            }
            Ok(session) => {
                self.sessions.push(session);
                Ok(())
            }
            Err(_) => {
                self.unreadable_sessions += 1;
                Ok(())
            }
        }
    }
}

/// The packets of a message, out of their armour. Every packet's first byte has its top bit set; text has none.
pub fn binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>, MessageError> {
    match bytes.first() {
        None => Err(MessageError::Damaged("it is empty")),
        Some(_) if bytes.starts_with(b"<<<<<<< ") => {
            Err(MessageError::Damaged("it holds both sides of a git conflict that was not settled"))
        }
        Some(first) if first & 0x80 != 0 => Ok(Cow::Borrowed(bytes)),
        Some(_) => {
            let mode = armor::ReaderMode::Tolerant(Some(armor::Kind::Message));
            let mut binary = Vec::new();
            let limit = bytes.len() as u64;
            armor::Reader::from_bytes(bytes, mode)
                .take(limit)
                .read_to_end(&mut binary)
                .map_err(|_| MessageError::Damaged("it is no OpenPGP message"))?;
            Ok(Cow::Owned(binary))
        }
    }
}

/// The one literal packet among these, unpacked if it is compressed. Signatures are passed over: neither pass nor gopass
/// gives them a meaning.
fn contents(packets: &Secret, depth: usize) -> Result<Secret, MessageError> {
    let bytes = packets.expose();
    let mut found = None;
    for packet in Packets::of(bytes) {
        let packet = packet?;
        match packet.tag {
            TAG_MARKER | TAG_PADDING | TAG_SIGNATURE | TAG_ONE_PASS => {}
            _ if found.is_some() => return Err(MessageError::Damaged("it holds more than one text")),
            TAG_LITERAL => found = Some(literal(&packet, bytes)?),
            TAG_COMPRESSED if depth == 0 => {
                return Err(MessageError::Unsupported("compression inside compression".to_owned()));
            }
            TAG_COMPRESSED => found = Some(contents(&decompressed(&packet, bytes)?, depth - 1)?),
            tag => return Err(MessageError::Unsupported(format!("a packet of type {tag} inside"))),
        }
    }
    found.ok_or(MessageError::Damaged("it holds no text"))
}

fn whole(packet: &Packet, bytes: &[u8]) -> Secret {
    let mut body = Secret::with_capacity(packet.size());
    packet.pieces(bytes).for_each(|piece| body.push(piece));
    body
}

/// RFC 9580, section 5.9: format, length of a file name, the name, four bytes of date, the text.
fn literal(packet: &Packet, bytes: &[u8]) -> Result<Secret, MessageError> {
    let short = MessageError::Damaged("its text is cut short");
    let body = whole(packet, bytes);
    let [format, name, rest @ ..] = body.expose() else { return Err(short) };
    let text = rest.get(usize::from(*name) + 4..).ok_or(short)?;
    let mut plain = Secret::with_capacity(text.len());
    match format {
        // Text mode carries CR LF; gpg drops every CR when it writes the text out (g10/plaintext.c).
        b't' | b'u' => text.split(|byte| *byte == b'\r').for_each(|part| plain.push(part)),
        _ => plain.push(text),
    }
    Ok(plain)
}

/// RFC 9580, section 5.6 and 9.4.
fn decompressed(packet: &Packet, bytes: &[u8]) -> Result<Secret, MessageError> {
    let body = whole(packet, bytes);
    let [algo, packed @ ..] = body.expose() else { return Err(MessageError::Damaged("its text is cut short")) };
    let source = buffered_reader::Memory::new(packed);
    let mut reader: Box<dyn Read + '_> = match algo {
        0 => Box::new(source),
        1 => Box::new(buffered_reader::Deflate::new(source)),
        2 => Box::new(buffered_reader::Zlib::new(source)),
        3 => Box::new(buffered_reader::Bzip::new(source)),
        other => return Err(MessageError::Unsupported(format!("compression number {other}"))),
    };
    let mut plain = Secret::with_capacity(packed.len() * 4);
    let mut buffer = Zeroizing::new([0u8; 8192]);
    loop {
        match reader.read(buffer.as_mut()) {
            Ok(0) => return Ok(plain),
            Ok(count) if plain.len() + count > PLAINTEXT_MAX => return Err(MessageError::TooLarge(PLAINTEXT_MAX)),
            Ok(count) => plain.push(&buffer[..count]),
            Err(_) => return Err(MessageError::Damaged("its compressed text cannot be unpacked")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::cipher::{container, packets};
    use proptest::prelude::*;
    use sequoia_openpgp::serialize::stream::{Compressor, LiteralWriter, Message as Stream};
    use sequoia_openpgp::types::CompressionAlgorithm;
    use std::io::Write;

    const KEY: [u8; 32] = [7; 32];

    fn key() -> SessionKey {
        KEY.to_vec().into()
    }

    fn literal(format: u8, text: &[u8]) -> Vec<u8> {
        let body = [&[format, 3][..], b"a.b", &[0; 4], text].concat();
        [packets::header(TAG_LITERAL, body.len()), body].concat()
    }

    /// What comes out of a container around these packets.
    fn opened(inside: &[u8]) -> Result<Secret, MessageError> {
        let sealed = container::seal_seipd1(&key(), &[inside]).expect("sealed");
        Message::parse(&sealed).expect("parses").open(SymmetricAlgorithm::AES256, &key())
    }

    fn compressed(algo: CompressionAlgorithm, text: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let stack = Compressor::new(Stream::new(&mut bytes)).algo(algo).build().expect("a compressor");
        let mut writer = LiteralWriter::new(stack).build().expect("a literal");
        writer.write_all(text).expect("written");
        writer.finalize().expect("finished");
        bytes
    }

    #[test]
    fn every_compression_is_unpacked_up_to_the_limit() {
        use CompressionAlgorithm::{BZip2, Uncompressed, Zip, Zlib};
        for algo in [Uncompressed, Zip, Zlib, BZip2] {
            let text = b"correct horse".repeat(100);
            assert_eq!(opened(&compressed(algo, &text)).expect("opened").expose(), text, "{algo}");
        }
        let bomb = compressed(Zip, &vec![0; PLAINTEXT_MAX + 1]);
        assert!(bomb.len() < 1 << 20);
        assert!(matches!(opened(&bomb), Err(MessageError::TooLarge(PLAINTEXT_MAX))));
        let mut nested = literal(b'b', b"x");
        for _ in 0..=DEPTH_MAX {
            let body = [&[0], nested.as_slice()].concat();
            nested = [packets::header(TAG_COMPRESSED, body.len()), body].concat();
        }
        assert!(matches!(opened(&nested), Err(MessageError::Unsupported(_))));
    }

    #[test]
    fn exactly_one_text_comes_out() {
        assert_eq!(opened(&literal(b'b', b"a\r\nb")).expect("opened").expose(), b"a\r\nb");
        assert_eq!(opened(&literal(b't', b"a\r\nb")).expect("opened").expose(), b"a\nb");
        let two = [literal(b'b', b"a"), literal(b'b', b"b")].concat();
        for inside in [&two[..], b"", b"\xcb\x01b", &literal(b'b', b"abc")[..6]] {
            assert!(matches!(opened(inside), Err(MessageError::Damaged(_))), "{inside:?}");
        }
    }

    #[test]
    fn what_is_no_encrypted_message_says_so() {
        let cases: [(&[u8], &str); 6] = [
            (b"", "it is empty"),
            (b"hello\n", "no OpenPGP message"),
            (&literal(b'b', b"a"), "not encrypted"),
            (&[0xc9, 3, 1, 2, 3], "no protection"),
            (&[0xd2, 2, 9, 9], "version 9"),
            (&[0xc1, 1, 9], "no encrypted contents"),
        ];
        for (bytes, words) in cases {
            let error = Message::parse(bytes).expect_err(words).to_string();
            assert!(error.contains(words), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn a_wrong_session_key_opens_nothing() {
        let sealed = container::seal_seipd1(&key(), &[&literal(b'b', b"x")]).expect("sealed");
        let message = Message::parse(&sealed).expect("parses");
        let open = |algo, length| message.open(algo, &vec![8; length].into()).map(|_| ());
        assert_eq!(open(SymmetricAlgorithm::AES256, 32), Err(MessageError::Altered));
        assert_eq!(open(SymmetricAlgorithm::AES128, 16), Err(MessageError::Altered));
        assert_eq!(open(SymmetricAlgorithm::AES256, 16), Err(MessageError::WrongKey));
        assert_eq!(open(SymmetricAlgorithm::Camellia256, 8), Err(MessageError::WrongKey));
        assert!(matches!(open(SymmetricAlgorithm::Unknown(99), 16), Err(MessageError::Unsupported(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Message::parse(&bytes);
        }

        #[test]
        fn any_sealed_bytes_are_a_text_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = opened(&bytes);
            let _ = opened(&[&[0xc8, 100, 1][..], &bytes].concat());
        }

        #[test]
        fn any_container_is_opened_or_refused(
            tag in prop_oneof![Just(18u8), Just(20)],
            mut body in proptest::collection::vec(any::<u8>(), 0..120),
            start in prop_oneof![Just([2u8, 9, 2, 6]), Just([1, 9, 2, 0]), Just([2, 7, 1, 16]), Just([1, 9, 3, 16])],
        ) {
            body.splice(0..0, start);
            let message = [packets::header(tag, body.len()), body].concat();
            if let Ok(message) = Message::parse(&message) {
                let algo = message.algo().unwrap_or(SymmetricAlgorithm::AES256);
                prop_assert!(message.open(algo, &key()).is_err());
            }
        }
    }
}
