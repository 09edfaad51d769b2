//! Asking gpg: one `--list-keys` child, its colon listing (GnuPG sources, doc/DETAILS) read back, and which key gpg would
//! encrypt to by it. Only for recipients of whose key or trust this process is not certain.

use std::path::Path;
use std::time::{Duration, SystemTime};

use sequoia_openpgp::Fingerprint;

use super::choice::Fault;
use super::keybox::Wanted;
use crate::model::text;
use crate::system::env::Env;
use crate::system::process::{self, Limits};

/// gpg may have to compute the web of trust anew first, which takes seconds on a large ring.
const LIMITS: Limits = Limits { time: Duration::from_secs(60), stdout: 32 * 1024 * 1024 };

/// Codes of libgpg-error (err-codes.h) with which gpg says that nothing matches: no public key, not found, invalid user id.
const NOTHING_MATCHES: [u32; 3] = [9, 27, 37];

/// One certificate of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// The primary key first; never empty.
    pub(super) keys: Vec<ListedKey>,
    pub(super) user_ids: Vec<ListedId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedKey {
    /// None until the `fpr` line that follows.
    pub(super) fingerprint: Option<Fingerprint>,
    validity: Validity,
    capabilities: String,
    created: u64,
    expires: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedId {
    pub(super) validity: Validity,
    pub(super) text: Vec<u8>,
}

/// Field 2, as far as it decides anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Validity {
    /// Marginally, fully or ultimately valid: gpg encrypts without asking.
    Trusted,
    Unknown,
    Expired,
    Revoked,
    /// No valid self-signature, or a user id not to be used.
    Invalid,
}

/// The listing of everything that matches any of these ids; Err says why gpg could not be asked.
pub(super) fn ask(env: &Env, home: &Path, trust_always: bool, ids: &[&str]) -> Result<Vec<Listed>, String> {
    ask_within(env, home, trust_always.then_some("--trust-model=always"), ids, LIMITS.time)
}

/// The same with one more option, and in so much time.
pub(super) fn ask_within(
    env: &Env,
    home: &Path,
    option: Option<&str>,
    ids: &[&str],
    time: Duration,
) -> Result<Vec<Listed>, String> {
    let mut command = process::command(env, "gpg");
    command.arg("--homedir").arg(home);
    command.args(["--batch", "--no-tty", "--status-fd", "1", "--with-colons", "--with-subkey-fingerprint"]);
    command.args(option).arg("--list-keys").arg("--").args(ids);
    let finished = process::run(&mut command, b"", Limits { time, ..LIMITS }).map_err(|error| error.to_string())?;
    let output = finished.stdout.expose();
    let listed = parse(output);
    if !listed.is_empty() || finished.status.success() || says_nothing_matches(output) {
        return Ok(listed);
    }
    match finished.complaint() {
        complaint if complaint.is_empty() => Err(format!("gpg failed ({})", finished.status)),
        complaint => Err(text::quoted(complaint)),
    }
}

fn says_nothing_matches(output: &[u8]) -> bool {
    output.split(|byte| *byte == b'\n').any(|line| {
        let code = line.strip_prefix(b"[GNUPG:] ERROR keylist.getkey ").and_then(|code| std::str::from_utf8(code).ok());
        code.and_then(|code| code.trim().parse::<u32>().ok())
            .is_some_and(|code| NOTHING_MATCHES.contains(&(code & 0xffff)))
    })
}

/// Lines that make no sense are passed over.
pub(super) fn parse(output: &[u8]) -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::new();
    for line in output.split(|byte| *byte == b'\n') {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let field = |number: usize| fields.get(number - 1).copied().unwrap_or_default();
        match (field(1), listed.last_mut()) {
            (b"pub", _) => listed.push(Listed { keys: vec![key(&field)], user_ids: Vec::new() }),
            (b"sub", Some(cert)) => cert.keys.push(key(&field)),
            (b"fpr", Some(cert)) => {
                let fingerprint = std::str::from_utf8(field(10)).ok().and_then(|hex| hex.parse().ok());
                if let Some(key) = cert.keys.last_mut().filter(|key| key.fingerprint.is_none()) {
                    key.fingerprint = fingerprint;
                }
            }
            (b"uid", Some(cert)) => {
                cert.user_ids.push(ListedId { validity: validity(field(2)), text: unescaped(field(10)) });
            }
            _ => {}
        }
    }
    listed
}

fn key<'a>(field: &impl Fn(usize) -> &'a [u8]) -> ListedKey {
    let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(|digits| digits.parse::<u64>().ok());
    ListedKey {
        fingerprint: None,
        validity: validity(field(2)),
        capabilities: String::from_utf8_lossy(field(12)).into_owned(),
        created: number(field(6)).unwrap_or(u64::MAX),
        expires: number(field(7)),
    }
}

fn validity(letter: &[u8]) -> Validity {
    match letter {
        b"m" | b"f" | b"u" => Validity::Trusted,
        b"e" => Validity::Expired,
        b"r" => Validity::Revoked,
        b"i" | b"n" => Validity::Invalid,
        _ => Validity::Unknown,
    }
}

/// User ids are quoted like C strings (`\x3a` for a colon).
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let code = after.strip_prefix(b"x").and_then(|hex| std::str::from_utf8(hex.get(..2)?).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'\\' => {
                text.push(byte);
                rest = &after[3..];
            }
            _ => {
                text.push(*first);
                rest = after;
            }
        }
    }
    text
}

impl Listed {
    pub(super) fn fingerprint(&self) -> Option<&Fingerprint> {
        self.keys.first().and_then(|key| key.fingerprint.as_ref())
    }

    pub(super) fn has_key(&self, wanted: &Wanted) -> bool {
        self.keys.iter().filter_map(|key| key.fingerprint.as_ref()).any(|fingerprint| wanted.is_key(fingerprint))
    }

    /// The best validity of any of its user ids: what counts for a recipient that names a key.
    pub(super) fn is_trusted(&self) -> bool {
        self.keys.first().is_some_and(|primary| primary.validity == Validity::Trusted)
    }

    /// The user ids under which gpg finds it: not those taken back. On an expired or revoked key all are marked like the
    /// key and still count, because the key's own fault is the better answer.
    pub(super) fn live_user_ids(&self) -> impl Iterator<Item = &ListedId> {
        let of_key = self.keys.first().map(|primary| primary.validity);
        self.user_ids.iter().filter(move |id| {
            matches!(id.validity, Validity::Trusted | Validity::Unknown) || Some(id.validity) == of_key
        })
    }

    /// Whether the owner of this GnuPG home has switched it off.
    pub(super) fn is_disabled(&self) -> bool {
        self.keys.first().is_some_and(|primary| primary.capabilities.contains('D'))
    }

    /// The key that gpg would encrypt to: the rule of `choice`, on gpg's own findings.
    pub(super) fn choose(&self, exact: Option<&Wanted>, now: SystemTime) -> Result<&ListedKey, Fault> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let Some((primary, subkeys)) = self.keys.split_first() else { return Err(Fault::NoEncryptionKey) };
        primary.fault(now).map_or(Ok(()), Err)?;
        let is_meant = |key: &&ListedKey| match (exact, &key.fingerprint) {
            (None, _) => true,
            (Some(wanted), Some(fingerprint)) => wanted.is_key(fingerprint),
            (Some(_), None) => false,
        };
        let encrypts = |key: &&ListedKey| key.capabilities.contains('e');
        let mut best: Option<&ListedKey> = None;
        let mut fault = Fault::NoEncryptionKey;
        for key in subkeys.iter().filter(is_meant).filter(encrypts) {
            match key.fault(now) {
                None if best.is_none_or(|known| key.created > known.created) => best = Some(key),
                None => {}
                Some(found) if fault == Fault::NoEncryptionKey => fault = found,
                Some(_) => {}
            }
        }
        best.or(Some(primary).filter(is_meant).filter(encrypts)).ok_or(fault)
    }
}

impl ListedKey {
    fn fault(&self, now: u64) -> Option<Fault> {
        match self.validity {
            Validity::Revoked => Some(Fault::Revoked),
            Validity::Expired => {
                let at = self.expires.and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at)));
                Some(Fault::Expired(at))
            }
            Validity::Invalid => Some(Fault::NoEncryptionKey),
            // gpg does not use a key before its time (g10/getkey.c, `finish_lookup`).
            _ if self.created > now => Some(Fault::NoEncryptionKey),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_249_500;

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
    }

    /// gpg 2.2.40 on a key with two encryption subkeys.
    const ALICE: &str = "tru:o:1:1795249433:1:3:1:5\n\
        pub:u:255:22:BF1B885F36391787:1795249433:::u:::scESC:::::ed25519:::0:\n\
        fpr:::::::::D0A4B2688FBB6DA27DBDE0FABF1B885F36391787:\n\
        uid:u::::1795249433::41A618FAD6425241CF4E469428CAD135ABD168A6::Alice\\x3a A <alice@example.test>::::::::::0:\n\
        sub:u:255:18:81AB6D970A1E800B:1795249433::::::e:::::cv25519::\n\
        fpr:::::::::DE7B7B0C260C60C2D965EE1B81AB6D970A1E800B:\n\
        sub:u:255:18:4AE8BC205CA8E1D5:1795249434::::::e:::::cv25519::\n\
        fpr:::::::::4EAD3152578A2D78D32B8E5C4AE8BC205CA8E1D5:\n";

    fn alice(change: impl Fn(&str) -> String) -> Listed {
        parse(change(ALICE).as_bytes()).remove(0)
    }

    fn chosen(listed: &Listed, exact: Option<&str>) -> Result<String, Fault> {
        let wanted = exact.and_then(Wanted::from_hex);
        let key = listed.choose(wanted.as_ref(), now())?;
        Ok(key.fingerprint.as_ref().map(Fingerprint::to_hex).unwrap_or_default())
    }

    #[test]
    fn the_newest_subkey_wins() {
        let listed = alice(str::to_owned);
        assert_eq!(listed.user_ids[0].text, b"Alice: A <alice@example.test>");
        assert!(listed.is_trusted() && !listed.is_disabled());
        assert_eq!(chosen(&listed, None).as_deref(), Ok("4EAD3152578A2D78D32B8E5C4AE8BC205CA8E1D5"));
        assert_eq!(
            chosen(&listed, Some("81AB6D970A1E800B")).as_deref(),
            Ok("DE7B7B0C260C60C2D965EE1B81AB6D970A1E800B")
        );
        assert_eq!(chosen(&listed, Some("BF1B885F36391787")), Err(Fault::NoEncryptionKey));
    }

    #[test]
    fn what_gpg_marks_is_not_used() {
        let revoked = alice(|text| text.replace("sub:u:255:18:4AE8", "sub:r:255:18:4AE8"));
        assert_eq!(chosen(&revoked, None).as_deref(), Ok("DE7B7B0C260C60C2D965EE1B81AB6D970A1E800B"));
        assert_eq!(chosen(&revoked, Some("4AE8BC205CA8E1D5")), Err(Fault::Revoked));
        let expired = alice(|text| {
            text.replace("pub:u:255:22:BF1B885F36391787:1795249433:", "pub:e:255:22:X:1795249433:1795249440")
        });
        assert!(matches!(chosen(&expired, None), Err(Fault::Expired(Some(_)))));
        let future = alice(|text| text.replace(":1795249434:", ":1995249434:"));
        assert_eq!(chosen(&future, None).as_deref(), Ok("DE7B7B0C260C60C2D965EE1B81AB6D970A1E800B"));
        assert!(alice(|text| text.replace("scESC", "scESCD")).is_disabled());
        assert!(!alice(|text| text.replace("pub:u", "pub:-")).is_trusted());
    }

    #[test]
    fn a_primary_key_that_encrypts_is_the_last_resort() {
        let only = alice(|text| text.replace("scESC", "scesc").replace("::e::", "::s::"));
        assert_eq!(chosen(&only, None).as_deref(), Ok("D0A4B2688FBB6DA27DBDE0FABF1B885F36391787"));
    }

    #[test]
    fn tells_nothing_from_failure() {
        assert!(says_nothing_matches(b"tru::1\n[GNUPG:] ERROR keylist.getkey 9\n"));
        assert!(!says_nothing_matches(b"[GNUPG:] ERROR keylist.getkey 67108922\n"));
        assert!(!says_nothing_matches(b""));
    }

    proptest::proptest! {
        #[test]
        fn any_listing_is_safe(text in "((pub|sub|fpr|uid|tru)(:[a-zA-Z0-9\\\\x]{0,9}){0,14}\n){0,8}") {
            for listed in parse(text.as_bytes()) {
                let _ = listed.choose(None, now());
            }
        }
    }
}
