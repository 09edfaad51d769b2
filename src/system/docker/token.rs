//! When a registry's token dies, where the token itself says so: the `exp` of a JSON web token (RFC 7519, 4.1.4), the
//! `expiration` in what Amazon's ECR hands out. Nothing is checked and nothing but the time leaves here.

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::model::Secret;

/// A longer secret is no token, in bytes.
const TOKEN_MAX: usize = 64 * 1024;

/// The least and the most that a time in seconds can mean: a smaller or larger number is something else.
const SECONDS: std::ops::Range<u64> = 1_000_000_000..100_000_000_000;

#[derive(serde::Deserialize)]
struct Claims {
    #[serde(default)]
    exp: Option<serde_json::Number>,
    #[serde(default)]
    expiration: Option<serde_json::Number>,
}

/// None for what does not say.
pub fn expiry(secret: &Secret) -> Option<SystemTime> {
    let claims = payload(secret).or_else(|| of_amazon(secret))?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    // A JSON web token's time may have a fraction.
    let time = claims.exp.or(claims.expiration)?.to_string();
    let seconds = time.split('.').next()?.parse().ok().filter(|seconds| SECONDS.contains(seconds))?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// What a JSON web token says, read and not verified (RFC 7519, section 3): a JSON object that nobody has looked at. Some
/// token servers pad it. None for any other secret.
pub fn payload(secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let token = bounded(secret)?;
    let mut parts = token.split(|byte| *byte == b'.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let payload = payload.iter().rposition(|byte| *byte != b'=').map_or(payload, |end| &payload[..=end]);
    Some(Zeroizing::new(URL_SAFE_NO_PAD.decode(payload).ok()?))
}

/// Amazon's token is one piece of base64.
fn of_amazon(secret: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    Some(Zeroizing::new(STANDARD.decode(bounded(secret)?).ok()?))
}

fn bounded(secret: &Secret) -> Option<&[u8]> {
    let token = secret.expose().trim_ascii();
    (!token.is_empty() && token.len() <= TOKEN_MAX).then_some(token)
}

#[derive(serde::Deserialize)]
struct CloudKey {
    #[serde(default)]
    r#type: Option<String>,
}

/// True for the JSON of a Google service account's key, plain or in base64 (`_json_key`, `_json_key_base64`).
pub fn is_cloud_key(secret: &Secret) -> bool {
    let text = secret.expose().trim_ascii();
    if text.len() > TOKEN_MAX {
        return false;
    }
    let decoded = if text.starts_with(b"{") { None } else { STANDARD.decode(text).ok().map(Zeroizing::new) };
    let json = decoded.as_ref().map_or(text, |decoded| decoded.as_slice());
    serde_json::from_slice::<CloudKey>(json).is_ok_and(|key| key.r#type.as_deref() == Some("service_account"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(token: &str) -> Option<u64> {
        let time = expiry(&Secret::new(token.as_bytes().to_vec()))?;
        time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|time| time.as_secs())
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn tokens_that_say_when_they_die() {
        assert_eq!(told(&jwt(r#"{"sub":"x","exp":1732200000}"#)), Some(1_732_200_000));
        assert_eq!(told(&(jwt(r#"{"exp":1732200000.75}"#) + "\n")), Some(1_732_200_000));
        let ecr =
            STANDARD.encode(r#"{"payload":"x","datakey":"y","version":"2","type":"DATA_KEY","expiration":1732243200}"#);
        assert_eq!(told(&ecr), Some(1_732_243_200));
    }

    #[test]
    fn everything_else_says_nothing() {
        for secret in ["", "hunter2", "ghp_abc", "a.b.c", "dckr_pat_x", "bnVsbA==", "MTczMjIwMDAwMA=="] {
            assert_eq!(told(secret), None, "{secret}");
        }
        for claims in [r#"{"exp":"soon"}"#, r#"{"exp":-5}"#, r#"{"exp":12}"#, r#"{"exp":1e300}"#, "[]", "{}"] {
            assert_eq!(told(&jwt(claims)), None, "{claims}");
        }
        assert_eq!(told(&"A".repeat(TOKEN_MAX + 4)), None);
    }
}
