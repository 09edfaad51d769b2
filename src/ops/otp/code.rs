//! The numbers of RFC 4226 (HOTP) and RFC 6238 (TOTP), and Steam's letters. Pure: no clock, no entry.

use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroize;

use crate::model::Secret;

/// Steam's alphabet (github.com/pquerna/otp, `otp.EncoderSteam`), which gopass uses.
const STEAM: &[u8; 26] = b"23456789BCDFGHJKMNPQRTVWXY";

/// The length of Steam's codes.
const STEAM_LENGTH: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

/// How the number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Digits(u32),
    Steam,
}

/// The code for a counter; for TOTP that is the number of the period.
pub(super) fn code(key: &Secret, algorithm: Algorithm, form: Form, counter: u64) -> Secret {
    let mut number = match algorithm {
        Algorithm::Sha1 => truncated(digest::<Hmac<Sha1>>(key, counter)),
        Algorithm::Sha256 => truncated(digest::<Hmac<Sha256>>(key, counter)),
        Algorithm::Sha512 => truncated(digest::<Hmac<Sha512>>(key, counter)),
    };
    let mut made = Secret::with_capacity(10);
    match form {
        Form::Digits(digits) => {
            for place in (0..digits).rev() {
                let digit = u8::try_from(number / 10_u32.pow(place) % 10).unwrap_or_default();
                made.push(&[b'0' + digit]);
            }
        }
        Form::Steam => {
            for _ in 0..STEAM_LENGTH {
                made.push(&[STEAM[number as usize % STEAM.len()]]);
                number /= STEAM.len() as u32;
            }
        }
    }
    number.zeroize();
    made
}

/// The keyed hash of the counter. A key may have any length (RFC 2104 section 2), so that none is refused.
fn digest<M: Mac + hmac::digest::KeyInit>(key: &Secret, counter: u64) -> Vec<u8> {
    let Ok(mut mac) = <M as Mac>::new_from_slice(key.expose()) else { return Vec::new() };
    mac.update(&counter.to_be_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Dynamic truncation (RFC 4226 section 5.3): 31 bits from where the last half byte points.
fn truncated(mut digest: Vec<u8>) -> u32 {
    let offset = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let part = digest.get(offset..offset + 4).and_then(|part| part.try_into().ok()).unwrap_or_default();
    digest.zeroize();
    u32::from_be_bytes(part) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(key: &[u8], algorithm: Algorithm, form: Form, counter: u64) -> String {
        let code = code(&Secret::new(key.to_vec()), algorithm, form, counter);
        String::from_utf8(code.expose().to_vec()).expect("ASCII")
    }

    #[test]
    fn rfc_4226_appendix_d() {
        let expected =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (counter, code) in expected.iter().enumerate() {
            let made = shown(b"12345678901234567890", Algorithm::Sha1, Form::Digits(6), counter as u64);
            assert_eq!(made, *code, "{counter}");
        }
    }

    #[test]
    fn rfc_6238_appendix_b() {
        let seed = b"1234567890".repeat(7);
        let table = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ];
        for (time, codes) in table {
            let hashes = [(Algorithm::Sha1, 20), (Algorithm::Sha256, 32), (Algorithm::Sha512, 64)];
            for ((algorithm, length), code) in hashes.into_iter().zip(codes) {
                assert_eq!(shown(&seed[..length], algorithm, Form::Digits(8), time / 30), code, "{time} {algorithm:?}");
            }
        }
    }

    #[test]
    fn steam_codes_are_five_letters() {
        // RFC 4226's first number, 1284755224, in base 26 from its low end.
        assert_eq!(shown(b"12345678901234567890", Algorithm::Sha1, Form::Steam, 0), "GG5F5");
    }
}
