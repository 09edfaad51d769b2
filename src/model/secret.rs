//! Bytes that must not outlive their use or be seen: passwords, tokens, passphrases, plaintext of entries.
//! Not for names, paths or ciphertext. Any floor may hold one; `expose()` belongs on the last line before the bytes
//! leave (docs/security.md lists every such line).

use std::fmt;

use zeroize::Zeroize;

/// Bytes wiped when dropped. Cannot be cloned, displayed or serialised; `Debug` shows a fixed mask, never the length.
#[derive(Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes over; the caller keeps no copy.
    pub fn new(bytes: Vec<u8>) -> Secret {
        Secret(bytes)
    }

    /// An empty secret with room for `capacity` bytes, so that filling it up to there never moves (and so copies) it.
    pub fn with_capacity(capacity: usize) -> Secret {
        Secret(Vec::with_capacity(capacity))
    }

    /// The bytes. Every call is a place where a secret may leave: keep it on the last line.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends bytes. A buffer that has to grow is moved by hand and the old one wiped, because `Vec` would leave its
    /// old contents behind in freed memory.
    pub fn push(&mut self, bytes: &[u8]) {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut grown = Vec::with_capacity(needed.next_power_of_two().max(64));
            grown.extend_from_slice(&self.0);
            self.0.zeroize();
            self.0 = grown;
        }
        self.0.extend_from_slice(bytes);
    }

    /// Shortens to `len` bytes and wipes the rest.
    pub fn truncate(&mut self, len: usize) {
        if len < self.0.len() {
            self.0[len..].zeroize();
            self.0.truncate(len);
        }
    }

    /// Removes bytes from the end while `drop` says so; what is removed is wiped.
    pub fn trim_end(&mut self, drop: impl Fn(u8) -> bool) {
        let keep = self.0.iter().rposition(|byte| !drop(*byte)).map_or(0, |last| last + 1);
        self.truncate(keep);
    }

    /// A second secret holding a part of this one, for an entry's single line. The one deliberate way to copy.
    pub fn part(&self, range: std::ops::Range<usize>) -> Secret {
        Secret(self.0.get(range).unwrap_or_default().to_vec())
    }

    /// Equality that takes as long for a near miss as for a far one. Lengths are not hidden.
    pub fn same_as(&self, other: &Secret) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).fold(0, |acc, (a, b)| acc | (a ^ b)) == 0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(••••••••)")
    }
}

/// Overwrites what calls that have returned left on this thread's stack: the ciphers of sequoia-openpgp work on blocks there
/// and do not wipe them. Call it where a thread will live on; best effort, deeper calls than `STACK_WIPED` keep their remains.
#[inline(never)]
pub fn wipe_stack() {
    let mut stack = [0u8; STACK_WIPED];
    stack.zeroize();
    std::hint::black_box(&stack);
}

/// Far more than a decryption uses, far less than a thread has.
const STACK_WIPED: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_neither_bytes_nor_length() {
        let short = format!("{:?}", Secret::new(b"a".to_vec()));
        let long = format!("{:?}", Secret::new(b"correct horse".to_vec()));
        assert_eq!(short, long);
    }

    #[test]
    fn growing_keeps_what_was_there() {
        let mut secret = Secret::with_capacity(2);
        for _ in 0..100 {
            secret.push(b"abc");
        }
        assert_eq!(secret.expose(), b"abc".repeat(100));
    }

    #[test]
    fn trims_only_the_end() {
        let mut secret = Secret::new(b"\na\nb\n\r\n".to_vec());
        secret.trim_end(|byte| byte == b'\n' || byte == b'\r');
        assert_eq!(secret.expose(), b"\na\nb");
        let mut blank = Secret::new(b"\n\n".to_vec());
        blank.trim_end(|byte| byte == b'\n');
        assert!(blank.is_empty());
    }

    #[test]
    fn compares_whole_contents() {
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
        assert!(secret("abc").same_as(&secret("abc")));
        assert!(!secret("abc").same_as(&secret("abd")));
        assert!(!secret("abc").same_as(&secret("ab")));
    }
}
