//! The secret behind one-time passwords as entries hold it: an `otpauth://` URL (Google Authenticator, "Key Uri Format")
//! or a bare base32 secret; and where in an entry it stands.

use super::code::{Algorithm, Form};
use crate::model::entry_text::{Line, LineKind};
use crate::model::{EntryText, Secret};

/// The longest period taken, in seconds.
const PERIOD_MAX: u64 = 3600;

/// The shortest bare secret that is taken from a password's place, in base32 characters: 80 bits. A person's own
/// password may happen to be base32, and a code made of it would be nonsense.
const BARE_MIN: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Totp {
        period: u64,
    },
    /// With what the URL says was the last counter used, as pass-otp has it.
    Hotp {
        counter: Option<u64>,
    },
}

#[derive(Debug)]
pub(super) struct Key {
    pub(super) secret: Secret,
    pub(super) kind: Kind,
    pub(super) algorithm: Algorithm,
    pub(super) form: Form,
}

/// Why a text is no key. Repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyError {
    #[error("it holds no secret for one-time passwords")]
    None,
    #[error("its otpauth URL is neither of type totp nor hotp")]
    Type,
    #[error("its otpauth URL has no secret")]
    NoSecret,
    #[error("its secret is not base32")]
    Base32,
    #[error("its algorithm is none of SHA1, SHA256, SHA512")]
    Algorithm,
    #[error("its codes do not have 6 to 8 digits")]
    Digits,
    #[error("its period is not 1 to {PERIOD_MAX} seconds")]
    Period,
    #[error("its counter is not a number")]
    Counter,
}

/// A key and the line that holds it.
pub(super) struct Found<'a> {
    pub(super) key: Key,
    pub(super) line: &'a Line,
}

/// The key of an entry, looked for in gopass's order (`pkg/otp/otp.go`, `Calculate`): the key `otpauth`, a line that is an
/// `otpauth://` URL, the keys `totp` and `hotp`, the password.
pub(super) fn find(text: &EntryText) -> Result<Found<'_>, KeyError> {
    let field = |name: &[u8]| text.field(name);
    if let Some(line) = field(b"otpauth") {
        let value = text.value(line);
        let mut url = Secret::with_capacity(value.len() + 8);
        if value.expose().starts_with(b"//") {
            url.push(b"otpauth:");
        }
        url.push(value.expose());
        return Ok(Found { key: of_url(&url)?, line });
    }
    if let Some(line) = text.otp_url() {
        return Ok(Found { key: of_url(&text.value(line))?, line });
    }
    let bare = [(&b"totp"[..], Kind::Totp { period: 30 }), (b"hotp", Kind::Hotp { counter: None })];
    for (name, kind) in bare {
        if let Some(line) = field(name) {
            return Ok(Found { key: of_value(&text.value(line), kind)?, line });
        }
    }
    let line = text.lines().iter().find(|line| line.kind == LineKind::Password).ok_or(KeyError::None)?;
    let password = text.value(line);
    let length = password.expose().iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    if !is_url(&password) && length < BARE_MIN {
        return Err(KeyError::None);
    }
    match of_value(&password, Kind::Totp { period: 30 }) {
        Err(KeyError::Base32) if !is_url(&password) => Err(KeyError::None),
        found => Ok(Found { key: found?, line }),
    }
}

fn is_url(value: &Secret) -> bool {
    value.expose().trim_ascii_start().starts_with(b"otpauth://")
}

fn of_value(value: &Secret, kind: Kind) -> Result<Key, KeyError> {
    if is_url(value) {
        return of_url(value);
    }
    Ok(Key { secret: base32(value.expose())?, kind, algorithm: Algorithm::Sha1, form: Form::Digits(6) })
}

fn of_url(url: &Secret) -> Result<Key, KeyError> {
    let bytes = url.expose().trim_ascii();
    let rest = bytes.strip_prefix(b"otpauth://").ok_or(KeyError::Type)?;
    let is_hotp = match rest.split(|byte| matches!(byte, b'/' | b'?')).next() {
        Some(b"totp") => false,
        Some(b"hotp") => true,
        _ => return Err(KeyError::Type),
    };
    let parameter = |name: &str| parameter(bytes, name).map(|range| percent_decoded(&bytes[range]));
    let number = |name: &str| parameter(name).map(|value| number(&value));
    let secret = parameter("secret").filter(|secret| !secret.is_empty()).ok_or(KeyError::NoSecret)?;
    let kind = if is_hotp {
        Kind::Hotp { counter: number("counter").map(|counter| counter.ok_or(KeyError::Counter)).transpose()? }
    } else {
        let period = number("period").unwrap_or(Some(30)).filter(|period| (1..=PERIOD_MAX).contains(period));
        Kind::Totp { period: period.ok_or(KeyError::Period)? }
    };
    let algorithm = match parameter("algorithm").map(|name| name.expose().to_ascii_uppercase()).as_deref() {
        None | Some(b"SHA1") => Algorithm::Sha1,
        Some(b"SHA256") => Algorithm::Sha256,
        Some(b"SHA512") => Algorithm::Sha512,
        Some(_) => return Err(KeyError::Algorithm),
    };
    let form = if parameter("encoder").is_some_and(|name| name.expose().eq_ignore_ascii_case(b"steam")) {
        Form::Steam
    } else {
        match number("digits").unwrap_or(Some(6)) {
            Some(digits @ 6..=8) => Form::Digits(u32::try_from(digits).unwrap_or(6)),
            _ => return Err(KeyError::Digits),
        }
    };
    Ok(Key { secret: base32(secret.expose())?, kind, algorithm, form })
}

/// The URL with another counter; None where it says none.
pub(super) fn with_counter(url: &Secret, counter: u64) -> Option<Secret> {
    let range = parameter(url.expose(), "counter")?;
    let digits = counter.to_string();
    let mut changed = Secret::with_capacity(url.len() + digits.len());
    changed.push(&url.expose()[..range.start]);
    changed.push(digits.as_bytes());
    changed.push(&url.expose()[range.end..]);
    Some(changed)
}

/// Where the value of a parameter of an URL stands.
fn parameter(url: &[u8], name: &str) -> Option<std::ops::Range<usize>> {
    let mut start = url.iter().position(|byte| *byte == b'?')? + 1;
    for pair in url[start..].split(|byte| *byte == b'&') {
        let end = start + pair.len();
        if let Some(equals) = pair.iter().position(|byte| *byte == b'=')
            && pair[..equals] == *name.as_bytes()
        {
            return Some(start + equals + 1..end);
        }
        start = end + 1;
    }
    None
}

pub(super) fn number(value: &Secret) -> Option<u64> {
    std::str::from_utf8(value.expose()).ok()?.trim().parse().ok()
}

/// `%XX` decoded (RFC 3986 section 2.1); what is no such thing stays.
fn percent_decoded(value: &[u8]) -> Secret {
    let mut decoded = Secret::with_capacity(value.len());
    let mut rest = value;
    while let [byte, tail @ ..] = rest {
        let pair = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok()).filter(|_| *byte == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(decoded_byte) => {
                decoded.push(&[decoded_byte]);
                rest = &tail[2..];
            }
            None => {
                decoded.push(&[*byte]);
                rest = tail;
            }
        }
    }
    decoded
}

/// RFC 4648 section 6, as people type it: letter case, blanks, hyphens and padding do not count.
fn base32(text: &[u8]) -> Result<Secret, KeyError> {
    let mut decoded = Secret::with_capacity(text.len() * 5 / 8 + 1);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.iter().filter(|byte| !matches!(byte, b' ' | b'\t' | b'-' | b'=')) {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return Err(KeyError::Base32),
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            decoded.push(&[u8::try_from(bits >> count & 0xff).unwrap_or_default()]);
        }
    }
    if decoded.is_empty() { Err(KeyError::Base32) } else { Ok(decoded) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> EntryText {
        EntryText::parse(Secret::new(text.as_bytes().to_vec()))
    }

    fn found(entry: &str) -> Result<(Vec<u8>, Kind, Algorithm, Form), KeyError> {
        find(&text(entry)).map(|Found { key, .. }| (key.secret.expose().to_vec(), key.kind, key.algorithm, key.form))
    }

    fn secret_of(entry: &str) -> Option<String> {
        found(entry).ok().map(|(secret, ..)| String::from_utf8_lossy(&secret).into_owned())
    }

    #[test]
    fn sources_are_taken_in_gopass_s_order() {
        // "one", "two", "three", "four", "password1!" in base32.
        let all = "OBQXG43XN5ZGIMJB\notpauth: otpauth://totp/x?secret=N5XGK\notpauth://totp/x?secret=OR3W6\ntotp: ORUHEZLF\n\
                   hotp: MZXXK4Q=\n";
        let without = |from: usize| {
            let lines: Vec<&str> =
                all.lines().enumerate().filter(|(at, _)| *at == 0 || *at > from).map(|(_, line)| line).collect();
            lines.join("\n")
        };
        for (from, expected) in ["one", "two", "three", "four", "password1!"].iter().enumerate() {
            assert_eq!(secret_of(&without(from)).as_deref(), Some(*expected), "{from}");
        }
        assert_eq!(secret_of("pw\notpauth: //totp/x?secret=N5XGK\n").as_deref(), Some("one"));
        assert_eq!(secret_of("otpauth://totp/x?secret=N5XGK\n").as_deref(), Some("one"));
        for none in ["", "hunter2", "a long password with blanks!", "correcthorse8batterystaple"] {
            assert_eq!(found(none), Err(KeyError::None), "{none}");
        }
    }

    #[test]
    fn a_url_says_what_it_says() {
        let url =
            "pw\notpauth://hotp/Big%20Co:al?issuer=x&counter=7&digits=8&algorithm=sha512&secret=n5xg-k%3D%3D%3D\n";
        let expected = (b"one".to_vec(), Kind::Hotp { counter: Some(7) }, Algorithm::Sha512, Form::Digits(8));
        assert_eq!(found(url), Ok(expected));
        let steam = "pw\notpauth://totp/x?secret=N5XGK&encoder=steam&period=60";
        assert_eq!(found(steam).map(|found| (found.1, found.3)), Ok((Kind::Totp { period: 60 }, Form::Steam)));
        for (bad, error) in [
            ("yaotp/x?secret=N5XGK", KeyError::Type),
            ("totp/x?issuer=y", KeyError::NoSecret),
            ("totp/x", KeyError::NoSecret),
            ("totp/x?secret=1!", KeyError::Base32),
            ("totp/x?secret=N5XGK&algorithm=MD5", KeyError::Algorithm),
            ("totp/x?secret=N5XGK&digits=5", KeyError::Digits),
            ("totp/x?secret=N5XGK&digits=", KeyError::Digits),
            ("totp/x?secret=N5XGK&period=0", KeyError::Period),
            ("hotp/x?secret=N5XGK&counter=-1", KeyError::Counter),
        ] {
            assert_eq!(found(&format!("pw\notpauth://{bad}")), Err(error), "{bad}");
        }
    }

    #[test]
    fn only_the_counter_changes() {
        let url = |text: &str| Secret::new(text.as_bytes().to_vec());
        let changed =
            with_counter(&url("otpauth://hotp/counter=1?secret=A&counter=9&x=counter"), 10).expect("it has one");
        assert!(changed.same_as(&url("otpauth://hotp/counter=1?secret=A&counter=10&x=counter")));
        assert!(with_counter(&url("otpauth://hotp/counter=1?secret=A"), 2).is_none());
    }
}
