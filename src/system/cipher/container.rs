//! The encrypted containers of OpenPGP messages, decrypted as a whole into one wiped buffer and checked before a byte
//! of it is used: SEIPD version 1 (RFC 9580, section 5.13.1), SEIPD version 2 (5.13.2) and GnuPG's OCB packet
//! (draft-koch-librepgp, "OCB Encrypted Data Packet", tag 20). Knows no key and no recipient; `message.rs` calls.

use std::io::Read;

use aes::{Aes128, Aes192, Aes256};
use cfb_mode::cipher::{AsyncStreamCipher, KeyIvInit};
use sequoia_openpgp::crypto::aead::{DecryptionContext, SEIPv2Schedule, Schedule};
use sequoia_openpgp::crypto::symmetric::{BlockCipherMode, Decryptor, UnpaddingMode};
use sequoia_openpgp::crypto::{SessionKey, random};
use sequoia_openpgp::parse::buffered_reader;
use sequoia_openpgp::types::{AEADAlgorithm, HashAlgorithm, SymmetricAlgorithm};
use zeroize::Zeroizing;

use super::message::MessageError;
use super::packets;
use crate::model::Secret;

/// The packet tags of the containers.
pub const TAG_UNPROTECTED: u8 = 9;
pub const TAG_SEIPD: u8 = 18;
pub const TAG_OCB: u8 = 20;

/// The modification detection code at the end of a version 1 container: its packet header and a SHA-1.
const MDC_HEADER: [u8; 2] = [0xd3, 20];
const MDC_LEN: usize = 2 + 20;

/// Chunks of at most 4 MiB (RFC 9580, section 5.13.2); GnuPG writes such chunks by default and accepts larger ones.
const CHUNK_BITS_MAX: u8 = 16;

/// How the container is protected, and what its own header says.
#[derive(Debug)]
pub enum Container<'a> {
    Seipd1 { ciphertext: &'a [u8] },
    Seipd2 { algo: SymmetricAlgorithm, aead: AEADAlgorithm, chunk: usize, salt: &'a [u8], ciphertext: &'a [u8] },
    Ocb { algo: SymmetricAlgorithm, aead: AEADAlgorithm, chunk: usize, header: &'a [u8], ciphertext: &'a [u8] },
}

impl<'a> Container<'a> {
    /// The container in the body of a packet with one of the tags above.
    pub fn parse(tag: u8, body: &'a [u8]) -> Result<Container<'a>, MessageError> {
        match (tag, body) {
            (TAG_UNPROTECTED, _) => Err(MessageError::NoIntegrity),
            (TAG_SEIPD, [1, ciphertext @ ..]) => Ok(Container::Seipd1 { ciphertext }),
            (TAG_SEIPD, [2, algo, aead, bits, rest @ ..]) if rest.len() > 32 => {
                let (salt, ciphertext) = rest.split_at(32);
                let aead = AEADAlgorithm::from(*aead);
                Ok(Container::Seipd2 { algo: (*algo).into(), aead, chunk: chunk_size(*bits)?, salt, ciphertext })
            }
            (TAG_OCB, [1, algo, aead, bits, ciphertext @ ..]) => {
                let aead = AEADAlgorithm::from(*aead);
                Ok(Container::Ocb {
                    algo: (*algo).into(),
                    aead,
                    chunk: chunk_size(*bits)?,
                    header: &body[..4],
                    ciphertext,
                })
            }
            (TAG_SEIPD | TAG_OCB, [version @ (0 | 3..), ..]) => {
                Err(MessageError::Unsupported(format!("version {version} of its encrypted container")))
            }
            _ => Err(MessageError::Damaged("its encrypted container is too short")),
        }
    }

    /// The cipher, where the container names it; else the session key's packet does.
    pub fn algo(&self) -> Option<SymmetricAlgorithm> {
        match self {
            Container::Seipd1 { .. } => None,
            Container::Seipd2 { algo, .. } | Container::Ocb { algo, .. } => Some(*algo),
        }
    }

    /// Decrypts and verifies all of it; the packets inside.
    pub fn open(&self, algo: SymmetricAlgorithm, key: &SessionKey) -> Result<Secret, MessageError> {
        match *self {
            Container::Seipd1 { ciphertext } => open_seipd1(algo, key, ciphertext),
            Container::Seipd2 { algo, aead, chunk, salt, ciphertext } => {
                let schedule = SEIPv2Schedule::new(key, algo, aead, chunk, salt).map_err(|_| unsupported(algo))?;
                open_chunks(algo, aead, chunk, &schedule, ciphertext)
            }
            Container::Ocb { algo: own, .. } if own != algo => Err(MessageError::WrongKey),
            Container::Ocb { algo, aead, chunk, header, ciphertext } => {
                let nonce = aead.nonce_size().map_err(|_| unsupported(algo))?;
                let (iv, ciphertext) = ciphertext
                    .split_at_checked(nonce)
                    .ok_or(MessageError::Damaged("its encrypted container is too short"))?;
                open_chunks(algo, aead, chunk, &OcbSchedule { key, iv, header }, ciphertext)
            }
        }
    }
}

/// A version 1 container packet around `packets`, encrypted with AES-256. What was in the clear is overwritten in place.
pub fn seal_seipd1(key: &SessionKey, packets: &[&[u8]]) -> Result<Vec<u8>, MessageError> {
    let failed = |_| MessageError::Unsupported("AES-256".to_owned());
    let length: usize = packets.iter().map(|packet| packet.len()).sum();
    let mut whole = Secret::with_capacity(18 + length + MDC_LEN);
    let mut prefix = [0u8; 18];
    random(&mut prefix[..16]).map_err(failed)?;
    prefix.copy_within(14..16, 16);
    whole.push(&prefix);
    for packet in packets {
        whole.push(packet);
    }
    whole.push(&MDC_HEADER);
    whole.push(&sha1(whole.expose())?);
    let mut sealed = Zeroizing::new(whole.expose().to_vec());
    let cipher = cfb_mode::Encryptor::<Aes256>::new_from_slices(key, &[0; 16]);
    cipher.map_err(|_| MessageError::WrongKey)?.encrypt(&mut sealed);
    let mut container = packets::header(TAG_SEIPD, 1 + sealed.len());
    container.push(1);
    container.extend_from_slice(&sealed);
    Ok(container)
}

fn chunk_size(bits: u8) -> Result<usize, MessageError> {
    match bits {
        0..=CHUNK_BITS_MAX => Ok(1 << (bits + 6)),
        _ => Err(MessageError::Unsupported(format!("chunks of 2^{} bytes", u32::from(bits) + 6))),
    }
}

fn unsupported(algo: SymmetricAlgorithm) -> MessageError {
    MessageError::Unsupported(format!("the cipher {algo} in this mode"))
}

fn open_seipd1(algo: SymmetricAlgorithm, key: &SessionKey, ciphertext: &[u8]) -> Result<Secret, MessageError> {
    let prefix = algo.block_size().map_err(|_| unsupported(algo))? + 2;
    if ciphertext.len() < prefix + MDC_LEN {
        return Err(MessageError::Damaged("its encrypted container is too short"));
    }
    let whole = cfb_decrypted(algo, key, ciphertext)?;
    let (covered, digest) = whole.split_at(whole.len() - 20);
    let same = sha1(covered)?.iter().zip(digest).fold(0, |all, (a, b)| all | (a ^ b)) == 0;
    if !same || !covered.ends_with(&MDC_HEADER) {
        return Err(MessageError::Altered);
    }
    let mut packets = Secret::with_capacity(whole.len());
    packets.push(&covered[prefix..covered.len() - MDC_HEADER.len()]);
    Ok(packets)
}

fn cfb_decrypted(
    algo: SymmetricAlgorithm,
    key: &SessionKey,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, MessageError> {
    let mut bytes = Zeroizing::new(ciphertext.to_vec());
    let iv = [0; 16];
    let wrong = |_| MessageError::WrongKey;
    match algo {
        SymmetricAlgorithm::AES128 => {
            cfb_mode::Decryptor::<Aes128>::new_from_slices(key, &iv).map_err(wrong)?.decrypt(&mut bytes);
        }
        SymmetricAlgorithm::AES192 => {
            cfb_mode::Decryptor::<Aes192>::new_from_slices(key, &iv).map_err(wrong)?.decrypt(&mut bytes);
        }
        SymmetricAlgorithm::AES256 => {
            cfb_mode::Decryptor::<Aes256>::new_from_slices(key, &iv).map_err(wrong)?.decrypt(&mut bytes);
        }
        // sequoia-openpgp 2.4.2 fills the key up with zeros where Blowfish would repeat it, so it reads nobody's messages.
        SymmetricAlgorithm::Blowfish => return Err(unsupported(algo)),
        // The ciphers of old messages; the library's reader keeps a buffer that it does not wipe.
        _ => {
            if algo.key_size().map_err(|_| unsupported(algo))? != key.len() {
                return Err(MessageError::WrongKey);
            }
            let source = buffered_reader::Memory::with_cookie(ciphertext, Default::default());
            let mode = BlockCipherMode::CFB;
            let reader = Decryptor::new(algo, mode, UnpaddingMode::None, key, None, source);
            reader.and_then(|mut reader| Ok(reader.read_exact(&mut bytes)?)).map_err(|_| unsupported(algo))?;
        }
    }
    Ok(bytes)
}

fn sha1(bytes: &[u8]) -> Result<[u8; 20], MessageError> {
    let failed = |_| MessageError::Unsupported("SHA-1".to_owned());
    let mut digest = [0; 20];
    let mut context = HashAlgorithm::SHA1.context().map_err(failed)?.for_digest();
    context.update(bytes);
    context.digest(&mut digest).map_err(failed)?;
    Ok(digest)
}

/// Chunks of `chunk` bytes, each followed by its tag; at the end a tag over the whole length, so that nothing can be cut
/// off.
fn open_chunks(
    algo: SymmetricAlgorithm,
    aead: AEADAlgorithm,
    chunk: usize,
    schedule: &dyn Schedule<DecryptionContext>,
    ciphertext: &[u8],
) -> Result<Secret, MessageError> {
    let tag = aead.digest_size().map_err(|_| unsupported(algo))?;
    let short = MessageError::Damaged("its encrypted container is too short");
    let (chunks, last_tag) = ciphertext.len().checked_sub(tag).map(|at| ciphertext.split_at(at)).ok_or(short)?;
    let context = |key: &SessionKey, nonce: &[u8], data: &[u8]| aead.context(algo, key, data, nonce)?.for_decryption();
    // Fails here, not as altered, when the library has no such cipher in this mode.
    schedule.chunk(0, &mut |key, nonce, data| context(key, nonce, data)).map_err(|_| unsupported(algo))?;
    let altered = |_| MessageError::Altered;
    let mut plain = Secret::with_capacity(chunks.len());
    let mut buffer = Zeroizing::new(vec![0; chunk.min(chunks.len())]);
    let mut index = 0;
    for piece in chunks.chunks(chunk + tag) {
        let length = piece.len().checked_sub(tag).filter(|length| *length > 0).ok_or(MessageError::Altered)?;
        let mut opened = schedule.chunk(index, &mut |key, nonce, data| context(key, nonce, data)).map_err(altered)?;
        opened.decrypt_verify(&mut buffer[..length], piece).map_err(altered)?;
        plain.push(&buffer[..length]);
        index += 1;
    }
    let total = plain.len() as u64;
    let mut end =
        schedule.finalizer(index, total, &mut |key, nonce, data| context(key, nonce, data)).map_err(altered)?;
    end.decrypt_verify(&mut [], last_tag).map_err(altered)?;
    Ok(plain)
}

/// Nonce and associated data of GnuPG's OCB packet: the chunk's index is folded into the end of the nonce and follows
/// the packet's header, and the last tag covers the length too.
struct OcbSchedule<'a> {
    key: &'a SessionKey,
    iv: &'a [u8],
    header: &'a [u8],
}

impl OcbSchedule<'_> {
    fn nonce(&self, index: u64) -> Vec<u8> {
        let mut nonce = self.iv.to_vec();
        let end = nonce.iter_mut().rev();
        end.zip(index.to_be_bytes().iter().rev()).for_each(|(byte, part)| *byte ^= part);
        nonce
    }

    fn data(&self, numbers: &[u64]) -> Vec<u8> {
        let numbers = numbers.iter().flat_map(|number| number.to_be_bytes());
        std::iter::once(0xc0 | TAG_OCB).chain(self.header.iter().copied()).chain(numbers).collect()
    }
}

type WithContext<'a, T> = dyn FnMut(&SessionKey, &[u8], &[u8]) -> sequoia_openpgp::Result<T> + 'a;

impl<T> Schedule<T> for OcbSchedule<'_> {
    fn chunk(&self, index: u64, make: &mut WithContext<'_, T>) -> sequoia_openpgp::Result<T> {
        make(self.key, &self.nonce(index), &self.data(&[index]))
    }

    fn finalizer(&self, index: u64, length: u64, make: &mut WithContext<'_, T>) -> sequoia_openpgp::Result<T> {
        make(self.key, &self.nonce(index), &self.data(&[index, length]))
    }
}
