//! What a registry's token says of itself: the claims of a JSON web token, read and not verified. Only to tell whose it is
//! and when it is valid; nothing is believed on its word but what it says against itself.

use std::time::{Duration, SystemTime};

use crate::model::Secret;
use crate::system::docker::token;

/// The longest subject that is kept, in bytes.
const SUBJECT_MAX: usize = 256;

/// Claims of RFC 7519, 4.1.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// Whose token it is; None where it names nobody.
    pub(super) subject: Option<String>,
    pub(super) not_before: Option<SystemTime>,
}

#[derive(serde::Deserialize)]
struct Raw {
    #[serde(default)]
    sub: Option<String>,
    #[serde(default)]
    nbf: Option<serde_json::Number>,
}

/// None for a token that cannot be read.
pub(super) fn of(token: &Secret) -> Option<Claims> {
    let decoded = token::payload(token)?;
    // A list would do for the library.
    let raw: Raw = decoded.starts_with(b"{").then(|| serde_json::from_slice(&decoded).ok())??;
    let subject = raw.sub.filter(|subject| !subject.is_empty() && subject.len() <= SUBJECT_MAX);
    let not_before = raw.nbf.and_then(|seconds| seconds.as_f64()).filter(|seconds| (0.0..1e11).contains(seconds));
    let not_before =
        not_before.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs_f64(seconds)));
    Some(Claims { subject, not_before })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    fn told(claims: &str) -> Option<Claims> {
        of(&Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)).into_bytes()))
    }

    #[test]
    fn a_token_names_its_owner_or_nobody() {
        let alice = told(r#"{"sub":"alice","nbf":1700000000.5,"access":[]}"#).expect("claims");
        assert_eq!(alice.subject.as_deref(), Some("alice"));
        assert!(alice.not_before.is_some_and(|time| time > SystemTime::UNIX_EPOCH));
        for nobody in [r#"{"sub":""}"#, "{}", r#"{"sub":null,"nbf":-1}"#] {
            assert_eq!(told(nobody), Some(Claims::default()), "{nobody}");
        }
    }

    #[test]
    fn what_is_no_such_token_says_nothing() {
        for token in ["", "opaque", "a.b", "a.b.c.d", "a.!!!.c"] {
            assert_eq!(of(&Secret::new(token.as_bytes().to_vec())), None, "{token}");
        }
        assert_eq!(told("[]"), None);
        assert_eq!(told(r#"{"sub":7}"#), None);
    }
}
