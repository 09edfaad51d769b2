//! The few canonical s-expressions that gpg-agent speaks: encrypted values to it, decrypted ones from it. Pure.

use sequoia_openpgp::crypto::mpi::Ciphertext;

/// True for the kinds of which `encrypted_value` makes something.
pub fn is_known(ciphertext: &Ciphertext) -> bool {
    matches!(ciphertext, Ciphertext::RSA { .. } | Ciphertext::ElGamal { .. } | Ciphertext::ECDH { .. })
}

/// Sent to `PKDECRYPT`, as gpg builds it (g10/pubkey-enc.c, `get_it`). None for kinds the agent does not know.
pub fn encrypted_value(ciphertext: &Ciphertext) -> Option<Vec<u8>> {
    let (algorithm, parts): (&str, Vec<(&str, &[u8])>) = match ciphertext {
        Ciphertext::RSA { c } => ("rsa", vec![("a", c.value())]),
        Ciphertext::ElGamal { e, c } => ("elg", vec![("a", e.value()), ("b", c.value())]),
        Ciphertext::ECDH { e, key } => ("ecdh", vec![("s", key), ("e", e.value())]),
        _ => return None,
    };
    let mut sexp = Vec::new();
    sexp.extend_from_slice(format!("(7:enc-val({}:{algorithm}", algorithm.len()).as_bytes());
    for (name, value) in parts {
        // A number with its top bit set would be read as negative.
        let sign = if name != "s" && value.first().is_some_and(|first| first & 0x80 != 0) { "\0" } else { "" };
        sexp.extend_from_slice(format!("({}:{name}{}:{sign}", name.len(), sign.len() + value.len()).as_bytes());
        sexp.extend_from_slice(value);
        sexp.push(b')');
    }
    sexp.extend_from_slice(b"))");
    Some(sexp)
}

/// The bytes inside `(5:value<n>:…)`. Agents before 2.1 left the parentheses out; a NUL may follow.
pub fn value(sexp: &[u8]) -> Option<&[u8]> {
    let sexp = sexp.strip_suffix(b"\0").unwrap_or(sexp);
    let open = sexp.strip_prefix(b"(").map_or(Some(sexp), |inner| inner.strip_suffix(b")"))?;
    let rest = open.strip_prefix(b"5:value")?;
    let colon = rest.iter().take(6).position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&rest[..colon]).ok()?.parse().ok()?;
    let value = &rest[colon + 1..];
    (value.len() == length).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sequoia_openpgp::crypto::mpi::MPI;

    #[test]
    fn numbers_stay_positive() {
        let rsa = Ciphertext::RSA { c: MPI::new(&[0x81, 2]) };
        assert_eq!(encrypted_value(&rsa).as_deref(), Some(b"(7:enc-val(3:rsa(1:a3:\0\x81\x02)))".as_slice()));
        let ecdh = Ciphertext::ECDH { e: MPI::new(&[0x40, 1]), key: Box::new([0x90]) };
        let expected = b"(7:enc-val(4:ecdh(1:s1:\x90)(1:e2:\x40\x01)))".as_slice();
        assert_eq!(encrypted_value(&ecdh).as_deref(), Some(expected));
    }

    #[test]
    fn values_are_whole_or_nothing() {
        assert_eq!(value(b"(5:value3:abc)\0"), Some(b"abc".as_slice()));
        assert_eq!(value(b"5:value3:abc"), Some(b"abc".as_slice()));
        for broken in [b"(5:value4:abc)".as_slice(), b"(5:value3:abcd)", b"", b"(5:value:abc)", b"(5:value99999999:a)"]
        {
            assert_eq!(value(broken), None, "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_value_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = value(&bytes);
            let _ = value(&[b"(5:value", bytes.as_slice()].concat());
        }
    }
}
