//! The detached signature of a `.gpg-id` file: made by one of the fingerprints in `$PASSWORD_STORE_SIGNING_KEY`, over
//! exactly these bytes (pass 1.7.4, `verify_file`). In process; gpg has the last word on a signature that this process
//! cannot accept, as its key may be of an older kind.

use std::time::Duration;

use sequoia_openpgp::packet::Packet;
use sequoia_openpgp::parse::stream::{DetachedVerifierBuilder, MessageLayer, MessageStructure, VerificationHelper};
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::Marshal;
use sequoia_openpgp::{Cert, KeyHandle};

use super::{Keyring, KeyringError};
use crate::model::text;
use crate::system::process::{self, Limits};

/// The largest signature file read, in bytes, and the most signatures in it. pass writes one of about 100 to 600 bytes.
const SIGNATURE_MAX: usize = 64 * 1024;
const SIGNATURES_MAX: usize = 16;

const LIMITS: Limits = Limits { time: Duration::from_secs(60), stdout: 1024 * 1024 };

impl Keyring {
    /// Succeeds when `signature` covers `text` and its key or that key's primary key is in `allowed` (40 upper-case hex
    /// digits each). Stricter than pass: a revoked key signs nothing.
    pub fn verify_gpg_id_signature(
        &self,
        text: &[u8],
        signature: &[u8],
        allowed: &[String],
    ) -> Result<(), KeyringError> {
        let bad = |why: String| KeyringError::BadSignature { why };
        if allowed.is_empty() {
            return Err(KeyringError::NoSigningKey);
        }
        let signatures = only_signatures(signature).map_err(|why| bad(why.to_owned()))?;
        if self.verify_in_process(text, &signatures, allowed) {
            return Ok(());
        }
        self.check_conf()?;
        match self.verify_by_gpg(text, &signatures, allowed) {
            Ok(true) => Ok(()),
            Ok(false) => Err(bad("no key named in PASSWORD_STORE_SIGNING_KEY made it over this text".to_owned())),
            Err(complaint) => Err(bad(format!("it could not be verified here, and gpg cannot be asked: {complaint}"))),
        }
    }

    fn verify_in_process(&self, text: &[u8], signatures: &[u8], allowed: &[String]) -> bool {
        let policy = StandardPolicy::new();
        let verifier = DetachedVerifierBuilder::from_bytes(signatures).and_then(|builder| {
            builder.with_policy(&policy, self.env.unstopped(), Signers { keyring: self, good: Vec::new() })
        });
        let Ok(mut verifier) = verifier else { return false };
        verifier.verify_bytes(text).is_ok() && verifier.into_helper().good.iter().any(|signer| allowed.contains(signer))
    }

    /// Signatures followed by the text as a literal packet is one signed message to gpg (g10/mainproc.c, "old style"), so
    /// that both go through stdin and gpg sees the very bytes that were read.
    fn verify_by_gpg(&self, text: &[u8], signatures: &[u8], allowed: &[String]) -> Result<bool, String> {
        let mut message = signatures.to_vec();
        let body = u32::try_from(text.len() + 6).map_err(|_| "it signs too long a text".to_owned())?;
        // RFC 9580, sections 4.2.1.4 and 5.9: literal data, five-octet length, binary, no name, no date.
        message.extend_from_slice(&[0xcb, 0xff]);
        message.extend_from_slice(&body.to_be_bytes());
        message.extend_from_slice(b"b\0\0\0\0\0");
        message.extend_from_slice(text);
        let mut command = process::command(&self.env, "gpg");
        command.arg("--homedir").arg(&self.home);
        command.args(["--batch", "--no-tty", "--no-auto-key-retrieve", "--status-fd", "1", "--verify"]);
        let finished = process::run(&mut command, &message, LIMITS).map_err(|error| error.to_string())?;
        Ok(is_signed_by(finished.stdout.expose(), allowed))
    }
}

/// The signature packets, without armour. Anything else in the file is refused: a whole signed message put there would
/// be a good signature over another text.
fn only_signatures(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    const NOT_ONE: &str = "the file is not a detached OpenPGP signature";
    if bytes.len() > SIGNATURE_MAX {
        return Err("the file is too large for a signature");
    }
    let mut signatures = Vec::new();
    let mut rest = PacketParser::from_bytes(bytes).map_err(|_| NOT_ONE)?;
    let mut count = 0;
    // Packet by packet and never into one: a compressed packet could unfold without end.
    while let PacketParserResult::Some(parser) = rest {
        let (packet, next) = match &parser.packet {
            Packet::Signature(_) if count < SIGNATURES_MAX => parser.next().map_err(|_| NOT_ONE)?,
            Packet::Signature(_) => return Err("the file holds too many signatures"),
            _ => return Err(NOT_ONE),
        };
        packet.serialize(&mut signatures).map_err(|_| NOT_ONE)?;
        (rest, count) = (next, count + 1);
    }
    if count == 0 { Err(NOT_ONE) } else { Ok(signatures) }
}

/// Finds the signers' certificates and notes whose signatures are good.
struct Signers<'k> {
    keyring: &'k Keyring,
    /// Fingerprints of keys that signed and of their primary keys.
    good: Vec<String>,
}

impl VerificationHelper for Signers<'_> {
    fn get_certs(&mut self, ids: &[KeyHandle]) -> sequoia_openpgp::Result<Vec<Cert>> {
        Ok(ids.iter().filter_map(|id| self.keyring.cert_with_key(id).ok().flatten()).collect())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> sequoia_openpgp::Result<()> {
        for layer in structure {
            let MessageLayer::SignatureGroup { results } = layer else { continue };
            for good in results.into_iter().flatten() {
                self.good.push(good.ka.key().fingerprint().to_hex());
                self.good.push(good.ka.cert().fingerprint().to_hex());
            }
        }
        Ok(())
    }
}

/// gpg's status lines (GnuPG sources, doc/DETAILS): `VALIDSIG KEY … PRIMARY` counts after `GOODSIG` or `EXPKEYSIG`, as a key
/// that has expired since signed well in its time; not after `REVKEYSIG`, `EXPSIG` or `BADSIG`.
fn is_signed_by(status: &[u8], allowed: &[String]) -> bool {
    let mut good = false;
    for line in status.split(|byte| *byte == b'\n') {
        let line = text::escaped(line);
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        if words.next() != Some("[GNUPG:]") {
            continue;
        }
        match words.next() {
            Some("NEWSIG" | "BADSIG" | "ERRSIG" | "EXPSIG" | "REVKEYSIG") => good = false,
            Some("GOODSIG" | "EXPKEYSIG") => good = true,
            Some("VALIDSIG") => {
                let words: Vec<&str> = words.collect();
                let signers = [words.first(), words.last()];
                if good && signers.into_iter().flatten().any(|signer| allowed.iter().any(|key| key == signer)) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "D0A4B2688FBB6DA27DBDE0FABF1B885F36391787";
    const PRIMARY: &str = "DE7B7B0C260C60C2D965EE1B81AB6D970A1E800B";

    fn status(verdict: &str) -> String {
        format!(
            "[GNUPG:] NEWSIG\n[GNUPG:] {verdict} BF1B885F36391787 Alice\n\
             [GNUPG:] VALIDSIG {KEY} 2026-11-21 1795249434 0 4 0 22 8 00 {PRIMARY}\n"
        )
    }

    #[test]
    fn only_good_signatures_of_listed_keys_count() {
        let by = |verdict: &str, key: &str| is_signed_by(status(verdict).as_bytes(), &[key.to_owned()]);
        assert!(by("GOODSIG", KEY) && by("GOODSIG", PRIMARY) && by("EXPKEYSIG", KEY));
        assert!(!by("REVKEYSIG", KEY) && !by("BADSIG", KEY) && !by("EXPSIG", KEY));
        assert!(!by("GOODSIG", &"A".repeat(40)));
        let forged = format!("[GNUPG:] NEWSIG\n[GNUPG:] BADSIG X [GNUPG:] GOODSIG\n[GNUPG:] VALIDSIG {KEY} x {KEY}\n");
        assert!(!is_signed_by(forged.as_bytes(), &[KEY.to_owned()]));
    }

    #[test]
    fn a_fingerprint_that_does_not_count_is_told_how_to_be_written() {
        use crate::system::{
            env::Env,
            options::{Options, Typed},
        };
        let env = Env::made_of([("HOME", "/nonexistent"), ("PASSWORD_STORE_SIGNING_KEY", &*KEY.to_lowercase())]);
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        let error = Keyring::new(&env, &options).verify_gpg_id_signature(b"x", b"", &options.signing_keys);
        let problem = crate::model::Problem::from(error.expect_err("no key"));
        assert!(problem.hints[0].contains("40 upper-case hex digits"), "{problem:?}");
    }

    #[test]
    fn a_file_of_anything_else_is_no_signature() {
        let literal = b"\xcb\x09b\0\0\0\0\0abc";
        for bytes in [&b""[..], b"nonsense", literal, &[0; 100_000]] {
            assert!(only_signatures(bytes).is_err());
        }
    }
}
