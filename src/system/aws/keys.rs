//! The keys with which requests to Amazon's services are signed, whoever gave them.

use std::time::SystemTime;

use crate::model::{Secret, utc};

/// The longest of a key's parts, in bytes: session tokens have some 1000, and no stated end.
const PART_MAX: usize = 16 * 1024;

/// A signer's keys. The id is no secret to Amazon; who puts the two in the wrong order makes it one.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) id: Secret,
    pub(super) secret: Secret,
    /// Only temporary keys have one.
    pub(super) token: Option<Secret>,
    /// None: they do not say.
    pub(super) expires: Option<SystemTime>,
    /// Where they are from, in words.
    pub(super) source: String,
}

/// As container endpoints, the instance's metadata and `credential_process` write them. The last one calls the token
/// `SessionToken`.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    #[serde(default)]
    access_key_id: String,
    #[serde(default)]
    secret_access_key: String,
    #[serde(default, alias = "SessionToken")]
    token: String,
    #[serde(default)]
    expiration: Option<String>,
}

impl Keys {
    /// None where a part is missing, or can be none: it goes into a header.
    pub(super) fn of(id: Secret, secret: Secret, token: Option<Secret>, source: String) -> Option<Keys> {
        let is_part = |part: &Secret| {
            (1..=PART_MAX).contains(&part.len()) && part.expose().iter().all(|byte| byte.is_ascii_graphic())
        };
        let token = token.filter(|token| !token.is_empty());
        let fits = is_part(&id) && is_part(&secret) && token.as_ref().is_none_or(is_part);
        fits.then_some(Keys { id, secret, token, expires: None, source })
    }

    /// Out of a JSON object. None where it holds none.
    pub(super) fn of_json(json: &Secret, source: String) -> Option<Keys> {
        let written: Written = serde_json::from_slice(json.expose()).ok()?;
        let [id, secret, token] = [written.access_key_id, written.secret_access_key, written.token]
            .map(|part| Secret::new(part.into_bytes()));
        let keys = Keys::of(id, secret, Some(token), source)?;
        Some(Keys { expires: written.expiration.as_deref().and_then(utc::parse), ..keys })
    }

    pub(super) fn is_expired(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_pair_and_what_would_break_a_header_is_none() {
        let part = |text: &str| Secret::new(text.as_bytes().to_vec());
        let keys = |id: &str, secret: &str, token: Option<&str>| {
            Keys::of(part(id), part(secret), token.map(part), "a test".to_owned())
        };
        assert!(keys("AKID", "s", None).is_some() && keys("AKID", "s", Some("t")).is_some());
        assert!(keys("AKID", "s", Some("")).expect("keys").token.is_none());
        for (id, secret, token) in [
            ("", "s", None),
            ("AKID", "", None),
            ("AKID", "s\r\nX: y", None),
            ("AK ID", "s", None),
            ("AKID", "s", Some("t\n")),
            ("AKID", &"s".repeat(PART_MAX + 1), None),
        ] {
            assert!(keys(id, secret, token).is_none(), "{id} {secret:.9} {token:?}");
        }
    }

    #[test]
    fn the_forms_of_all_writers_are_read_and_nothing_is_shown() {
        let of = |json: &str| Keys::of_json(&Secret::new(json.as_bytes().to_vec()), "a test".to_owned());
        for token in ["Token", "SessionToken"] {
            let json = format!(
                r#"{{"Version":1,"Code":"Success","AccessKeyId":"AKID","SecretAccessKey":"hunter2","{token}":"hunter3",
                "Expiration":"2026-03-01T12:00:00Z"}}"#
            );
            let keys = of(&json).expect("keys");
            assert_eq!(keys.token.as_ref().map(Secret::expose), Some(b"hunter3".as_slice()));
            assert_eq!(keys.expires, utc::parse("2026-03-01T12:00:00Z"));
            assert!(keys.is_expired(SystemTime::now() + std::time::Duration::from_secs(1 << 32)));
            let shown = format!("{keys:?}");
            assert!(!shown.contains("hunter") && !shown.contains("AKID"), "{shown}");
        }
        for none in ["", "{}", "[]", r#"{"AccessKeyId":"AKID"}"#, r#"{"AccessKeyId":1,"SecretAccessKey":"s"}"#] {
            assert!(of(none).is_none(), "{none}");
        }
    }
}
