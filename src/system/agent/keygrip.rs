//! Keygrips: the names gpg-agent gives to secret keys, computed from the public key alone as libgcrypt does
//! (`gcry_pk_get_keygrip`; cipher/rsa.c, cipher/elgamal.c and cipher/ecc.c, `compute_keygrip`). Pure.

use std::fmt;

use sequoia_openpgp::crypto::mpi::PublicKey as Mpis;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::types::HashAlgorithm;

use super::curves::Curve;

type PublicKey = Key<PublicParts, UnspecifiedRole>;

/// SHA-1 over the parameters of a key pair; the same for every protocol that uses the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Keygrip([u8; 20]);

impl fmt::Display for Keygrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl Keygrip {
    /// None for kinds of keys whose grip is not known here; gpg can still use them.
    pub fn of(key: &PublicKey) -> Option<Keygrip> {
        match key.mpis() {
            // Only the modulus.
            Mpis::RSA { n, .. } => Some(Keygrip(sha1(&[&signed(n.value())])?)),
            Mpis::ElGamal { p, g, y } => {
                let parts = [("p", p.value()), ("g", g.value()), ("y", y.value())];
                let signed: Vec<(&str, Vec<u8>)> = parts.iter().map(|(name, value)| (*name, signed(value))).collect();
                named(signed.iter().map(|(name, value)| (*name, value.as_slice())))
            }
            Mpis::ECDH { curve, q, .. } => {
                let known = Curve::with_oid(curve.oid())?;
                let parameters: Option<Vec<(&str, Vec<u8>)>> =
                    known.parameters().into_iter().map(|(name, hex)| Some((name, bytes(hex)?))).collect();
                let parameters = parameters?;
                // Points of Curve25519 carry a prefix of OpenPGP's own (RFC 9580, section 11.2.2).
                let point = q.value().strip_prefix(&[0x40]).unwrap_or(q.value());
                let all = parameters.iter().map(|(name, value)| (*name, value.as_slice()));
                named(all.chain(std::iter::once(("q", point))))
            }
            _ => None,
        }
    }

    /// Of a key that nobody has.
    #[cfg(test)]
    pub fn of_a_small_key() -> Keygrip {
        let n = sequoia_openpgp::crypto::mpi::MPI::new(&[0x80, 1]);
        Keygrip(sha1(&[&signed(n.value())]).expect("a grip"))
    }
}

/// With a zero byte in front of a set top bit, which would mean a negative number.
fn signed(value: &[u8]) -> Vec<u8> {
    let sign = value.first().is_some_and(|first| first & 0x80 != 0);
    sign.then_some(0).into_iter().chain(value.iter().copied()).collect()
}

/// Each number as a canonical s-expression with its name: `(1:p3:abc)`.
fn named<'a>(parameters: impl Iterator<Item = (&'a str, &'a [u8])>) -> Option<Keygrip> {
    let mut whole = Vec::new();
    for (name, value) in parameters {
        whole.extend_from_slice(format!("(1:{name}{}:", value.len()).as_bytes());
        whole.extend_from_slice(value);
        whole.push(b')');
    }
    sha1(&[&whole]).map(Keygrip)
}

pub(super) fn sha1(parts: &[&[u8]]) -> Option<[u8; 20]> {
    let mut hash = HashAlgorithm::SHA1.context().ok()?.for_digest();
    parts.iter().for_each(|part| hash.update(part));
    let mut digest = [0; 20];
    hash.digest(&mut digest).ok()?;
    Some(digest)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    digits?.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sequoia_openpgp::crypto::mpi::MPI;
    use sequoia_openpgp::packet::key::Key4;
    use sequoia_openpgp::types::{Curve as Name, HashAlgorithm, PublicKeyAlgorithm, SymmetricAlgorithm};
    use std::time::SystemTime;

    fn grip(algorithm: PublicKeyAlgorithm, mpis: Mpis) -> Option<String> {
        let key = Key4::new(SystemTime::UNIX_EPOCH, algorithm, mpis).expect("a key");
        Keygrip::of(&PublicKey::V4(key)).map(|grip| grip.to_string())
    }

    fn ecdh(curve: Name, point: &[u8]) -> Option<String> {
        let (hash, sym, q) = (HashAlgorithm::SHA256, SymmetricAlgorithm::AES128, MPI::new(point));
        grip(PublicKeyAlgorithm::ECDH, Mpis::ECDH { curve, q, hash, sym })
    }

    /// The real keys of every kind are in the integration tests, where gpg says their grips.
    #[test]
    fn every_known_curve_has_a_grip_and_others_have_none() {
        for curve in [Name::NistP256, Name::NistP384, Name::NistP521, Name::BrainpoolP256, Name::BrainpoolP384] {
            assert!(ecdh(curve.clone(), &[4, 1, 2]).is_some(), "{curve}");
        }
        assert_eq!(ecdh(Name::Cv25519, &[0x40, 1, 2]), ecdh(Name::Cv25519, &[1, 2]));
        assert_ne!(ecdh(Name::NistP256, &[4, 1, 2]), ecdh(Name::NistP256, &[4, 1, 3]));
        assert_eq!(ecdh(Name::Unknown(Box::new([1, 2, 3])), &[4]), None);
    }

    #[test]
    fn curve_numbers_have_whole_bytes() {
        for curve in &super::super::curves::CURVES {
            for (name, hex) in curve.parameters() {
                let bytes = bytes(hex).expect(hex);
                assert!(bytes.first() != Some(&0) && hex.len() == bytes.len() * 2, "{name} {hex}");
            }
        }
    }
}
