//! What a server says in words, fit to be shown: found in its answer, bounded, escaped, and not shown at all where it
//! repeats anything of the login. A server may be hostile, or only careless in its messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::model::{Credential, Secret, text};

/// The longest words that are shown, in characters.
const WORDS_MAX: usize = 300;

/// So many bytes in a row that are also in the secret are a part of it.
const RUN: usize = 12;

/// What no text that is shown may hold.
#[derive(Debug, Default)]
pub(super) struct Mask {
    hidden: Vec<Secret>,
}

impl Mask {
    pub(super) fn of(credential: &Credential) -> Mask {
        let mut mask = Mask::default();
        mask.add(&credential.secret);
        let mut both = Secret::with_capacity(credential.login.as_str().len() + 1 + credential.secret.len());
        both.push(credential.login.as_str().as_bytes());
        both.push(b":");
        both.push(credential.secret.expose());
        mask.add(&Secret::new(STANDARD.encode(both.expose()).into_bytes()));
        mask
    }

    /// A token that was handed out on the way is a secret too.
    pub(super) fn add(&mut self, secret: &Secret) {
        if !secret.is_empty() {
            self.hidden.push(secret.part(0..secret.len()));
            let encoded = percent_encoded(secret);
            if !encoded.same_as(secret) {
                self.hidden.push(encoded);
            }
        }
    }

    /// Whether the text holds a secret, or a run of one, in whatever case.
    pub(super) fn hides(&self, shown: &[u8]) -> bool {
        self.hidden.iter().any(|hidden| {
            let runs = hidden.expose().windows(hidden.len().clamp(1, RUN));
            runs.into_iter().any(|run| shown.windows(run.len()).any(|part| part.eq_ignore_ascii_case(run)))
        })
    }

    /// Escaped and bounded, or a remark in its place.
    pub(super) fn shown(&self, words: &str, most: usize) -> String {
        if self.hides(words.as_bytes()) {
            return "(not shown: it repeats the secret)".to_owned();
        }
        let mut cut: String = words.chars().take(most).collect();
        if cut.len() < words.len() {
            cut.push('…');
        }
        text::escaped(cut.as_bytes()).into_owned()
    }
}

/// For a form or a query: everything but RFC 3986's unreserved characters is encoded.
pub fn percent_encoded(secret: &Secret) -> Secret {
    let mut encoded = Secret::with_capacity(secret.len() * 3);
    for byte in secret.expose() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            encoded.push(&[*byte]);
        } else {
            let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0').to_ascii_uppercase() as u8;
            encoded.push(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

/// What a body says, for a person; None where it says nothing.
pub(super) fn of_body(body: &Secret, content_type: &str, mask: &Mask) -> Option<String> {
    let bytes = body.expose().trim_ascii();
    if bytes.is_empty() {
        return None;
    }
    if is_page(bytes, content_type) {
        return Some("(a web page)".to_owned());
    }
    let found = match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => Zeroizing::new(of_json(&value)?),
        Err(_) if content_type.starts_with("text/") || content_type.is_empty() => {
            Zeroizing::new(String::from_utf8_lossy(bytes.get(..bytes.len().min(4096))?).into_owned())
        }
        Err(_) => return None,
    };
    Some(mask.shown(found.trim(), WORDS_MAX)).filter(|words| !words.is_empty())
}

/// HTML, by its type or by how it begins.
pub(super) fn is_page(bytes: &[u8], content_type: &str) -> bool {
    let begins = |start: &[u8]| bytes.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    content_type.contains("html") || begins(b"<!doctype") || begins(b"<html")
}

/// `errors[].message` of a registry, `error_description` of a token server (RFC 6749, 5.2), and what others have instead.
fn of_json(value: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if let Some(errors) = value.get("errors").and_then(Value::as_array) {
        let one = |error: &Value| {
            let (code, message) = (error.get("code").and_then(&text), error.get("message").and_then(&text));
            match (code, message) {
                (Some(code), Some(message)) => Some(format!("{code}: {message}")),
                (code, message) => message.or(code).or_else(|| text(error)),
            }
        };
        let all: Vec<String> = errors.iter().take(4).filter_map(one).collect();
        return Some(all.join("; ")).filter(|all| !all.is_empty());
    }
    let told = |name: &str| value.get(name).and_then(&text);
    ["error_description", "message", "details", "detail", "error"].into_iter().find_map(told).or_else(|| text(value))
}

/// The codes of a registry's errors (OCI distribution specification, "Error Codes"), and a token server's.
pub(super) fn codes(body: &Secret) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body.expose()) else { return Vec::new() };
    let errors = value.get("errors").and_then(Value::as_array).into_iter().flatten();
    let codes = errors.filter_map(|error| error.get("code")?.as_str());
    codes.chain(value.get("error").and_then(Value::as_str)).take(8).map(str::to_ascii_uppercase).collect()
}

/// Whether the server itself speaks of an end: the only place where a class hangs on a word, because no code says it.
pub(super) fn speaks_of_expiry(body: &Secret) -> bool {
    let bytes = body.expose();
    let bytes = &bytes[..bytes.len().min(8192)];
    bytes.windows(7).any(|part| part.eq_ignore_ascii_case(b"expired"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Login;

    fn mask() -> Mask {
        Mask::of(&Credential::new(Login::new("alice"), Secret::new(b"correct horse battery".to_vec())))
    }

    fn said(body: &str, content_type: &str) -> Option<String> {
        of_body(&Secret::new(body.as_bytes().to_vec()), content_type, &mask())
    }

    #[test]
    fn the_servers_own_words_are_found() {
        let json = "application/json";
        for (body, words) in [
            (r#"{"errors":[{"code":"DENIED","message":"denied"}]}"#, "DENIED: denied"),
            (r#"{"errors":[{"code":"X"},{"message":"y"}]}"#, "X; y"),
            (r#"{"error":"invalid_grant","error_description":"no such token"}"#, "no such token"),
            (r#"{"details":"incorrect username or password"}"#, "incorrect username or password"),
            (r#"{"message":" a\u001b[2Jb "}"#, "a\\u{1b}[2Jb"),
        ] {
            assert_eq!(said(body, json).as_deref(), Some(words), "{body}");
        }
        assert_eq!(said("go away\r\n", "text/plain; charset=utf-8").as_deref(), Some("go away"));
        assert_eq!(said("<HTML><title>Login", "application/json").as_deref(), Some("(a web page)"));
        for nothing in ["", " \n", "{}", "[]", "\u{0}\u{1}", r#"{"errors":[]}"#] {
            assert_eq!(said(nothing, json), None, "{nothing:?}");
        }
        let long = said(&"x".repeat(100_000), "text/plain").expect("words");
        assert_eq!(long.chars().count(), WORDS_MAX + 1);
    }

    #[test]
    fn words_that_repeat_the_secret_are_not_shown() {
        for echo in [
            "correct horse battery",
            "no user alice with CORRECT HORSE BATTERY",
            "cut: correct horse",
            "tail: horse battery",
            "correct%20horse%20battery",
            "YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5",
        ] {
            let words = said(echo, "text/plain").expect("a remark");
            assert_eq!(words, "(not shown: it repeats the secret)", "{echo}");
        }
        let mut mask = Mask::default();
        mask.add(&Secret::new(b"pw".to_vec()));
        assert!(mask.hides(b"wrong password: pw!") && !mask.hides(b"p w"));
        assert!(!Mask::default().hides(b"anything"));
    }

    #[test]
    fn codes_are_read_from_both_kinds_of_server() {
        let codes = |body: &str| codes(&Secret::new(body.as_bytes().to_vec()));
        assert_eq!(codes(r#"{"errors":[{"code":"denied"},{"code":7}]}"#), ["DENIED"]);
        assert_eq!(codes(r#"{"error":"invalid_grant"}"#), ["INVALID_GRANT"]);
        assert!(codes("no json").is_empty());
        assert!(speaks_of_expiry(&Secret::new(b"Your authorization token has EXPIRED.".to_vec())));
    }
}
