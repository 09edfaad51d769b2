//! What can be said of a login's secret without telling it: how long it is, when it dies, what it looks like. Judges
//! nothing; the secret does not leave here.

use std::time::SystemTime;

use super::token;
use crate::model::Secret;

/// Of one secret, as a registry would be sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// In bytes.
    pub length: usize,
    /// It is the user's name.
    pub is_user: bool,
    /// A product comes with it, or a manual names it.
    pub is_default: bool,
    /// When it is dead, where it says so itself.
    pub expires: Option<SystemTime>,
    /// The JSON of a Google service account's key, plain or in base64.
    pub is_cloud_key: bool,
    /// One of Google's, which live for an hour and do not say since when.
    pub is_google_token: bool,
    /// The first line is empty, and something follows.
    pub starts_empty: bool,
    /// Lines, where there is more than one.
    pub lines: usize,
    /// It ends with a blank, a tab, a carriage return or a line end.
    pub ends_blank: bool,
}

/// What products come with and manuals name: Harbor, Nexus, Artifactory, GitLab's oldest, the registry's own pages.
const DEFAULTS: [&[u8]; 12] = [
    b"Harbor12345",
    b"admin123",
    b"password",
    b"Password",
    b"5iveL!fe",
    b"changeme",
    b"changeit",
    b"testpassword",
    b"secret",
    b"123456",
    b"12345678",
    b"regpassword",
];

impl Traits {
    pub fn of(user: Option<&str>, secret: &Secret) -> Traits {
        let bytes = secret.expose();
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let lines = bytes.trim_ascii_end().split(|byte| *byte == b'\n').count();
        Traits {
            length: bytes.len(),
            is_user: !bytes.is_empty() && user.is_some_and(|user| user.as_bytes() == bytes),
            is_default: DEFAULTS.contains(&bytes),
            expires: token::expiry(secret),
            is_cloud_key: token::is_cloud_key(secret),
            is_google_token: bytes.starts_with(b"ya29."),
            starts_empty: !bytes.is_empty() && first.trim_ascii().is_empty(),
            lines: if lines > 1 { lines } else { 0 },
            ends_blank: bytes.last().is_some_and(|last| b" \t\r\n".contains(last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(secret: &str) -> Traits {
        Traits::of(Some("bob"), &Secret::new(secret.into()))
    }

    #[test]
    fn what_a_secret_looks_like_is_told_and_nothing_of_it() {
        assert_eq!(of("hunter2"), Traits { length: 7, ..Traits::default() });
        assert_eq!(of(""), Traits::default());
        assert!(of("bob").is_user && of("Harbor12345").is_default && of("ya29.x").is_google_token);
        assert!(of("x ").ends_blank && of("x\r").ends_blank && !of("x y").ends_blank);
        assert!(of("\nx").starts_empty && !of("x\n\n").starts_empty);
        assert_eq!((of("x\n").lines, of("x\ny\nz").lines), (0, 3));
        assert!(!Traits::of(None, &Secret::new("bob".into())).is_user);
        assert!(of("eyJhbGciOiJub25lIn0.eyJleHAiOjE3MzIyMDAwMDB9.c2ln").expires.is_some());
    }

    #[test]
    fn keys_of_service_accounts_are_known_in_both_forms() {
        use base64::Engine;
        let json = r#"{"type":"service_account","private_key":"-----BEGIN PRIVATE KEY-----\n"}"#;
        assert!(of(json).is_cloud_key);
        assert!(of(&base64::engine::general_purpose::STANDARD.encode(json)).is_cloud_key);
        assert!(!of(r#"{"type":"authorized_user"}"#).is_cloud_key && !of("service_account").is_cloud_key);
    }
}
