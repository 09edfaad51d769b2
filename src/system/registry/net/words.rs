//! What a server says in words, fit to be shown: found in its answer, bounded, escaped, and not shown at all where it
//! repeats anything of the login (`system/mask.rs`). A server may be hostile, or only careless in its messages.

use zeroize::Zeroizing;

use crate::model::Secret;
use crate::system::docker::document::{self, Node};
use crate::system::mask::Mask;

/// The longest words that are shown, in characters.
const WORDS_MAX: usize = 300;

/// The longest text that is taken for an error's code, in bytes.
const CODE_MAX: usize = 64;

/// What a body says, for a person; None where it says nothing.
pub(super) fn of_body(body: &Secret, content_type: &str, mask: &Mask) -> Option<String> {
    let bytes = body.expose().trim_ascii();
    if bytes.is_empty() {
        return None;
    }
    if is_page(bytes, content_type) {
        return Some("(a web page)".to_owned());
    }
    let found = match whole(bytes) {
        Some(value) => of_json(&value)?,
        None if content_type.starts_with("text/") || content_type.is_empty() => {
            Zeroizing::new(String::from_utf8_lossy(bytes.get(..bytes.len().min(4096))?).into_owned())
        }
        None => return None,
    };
    Some(mask.shown(found.trim(), WORDS_MAX)).filter(|words| !words.is_empty())
}

/// HTML, by its type or by how it begins.
pub(super) fn is_page(bytes: &[u8], content_type: &str) -> bool {
    let begins = |start: &[u8]| bytes.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
    content_type.contains("html") || begins(b"<!doctype") || begins(b"<html")
}

/// JSON with nothing behind it, wiped when it is dropped: what was answered may be a token.
pub(super) fn whole(bytes: &[u8]) -> Option<Node> {
    document::parse(bytes).ok().filter(|(_, more)| !more).map(|(value, _)| value)
}

fn words_of(value: &Node) -> Option<Zeroizing<String>> {
    let words = value.text().map(|text| Zeroizing::new(String::from_utf8_lossy(text.expose()).trim().to_owned()));
    words.filter(|words| !words.is_empty())
}

/// Of an answer: `errors`.
fn errors(value: &Node) -> &[Node] {
    match value.get("errors") {
        Some(Node::List(errors)) => errors,
        _ => &[],
    }
}

/// `errors[].message` of a registry, `error_description` of a token server (RFC 6749, 5.2), and what others have instead.
fn of_json(value: &Node) -> Option<Zeroizing<String>> {
    let told = |value: &Node, name: &str| value.get(name).and_then(words_of);
    let errors = errors(value);
    if !errors.is_empty() {
        let mut all = Zeroizing::new(String::new());
        for error in errors.iter().take(4) {
            let one = match (told(error, "code"), told(error, "message")) {
                (Some(code), Some(message)) => Some(Zeroizing::new(format!("{}: {}", *code, *message))),
                (code, message) => message.or(code).or_else(|| words_of(error)),
            };
            let Some(one) = one else { continue };
            if !all.is_empty() {
                all.push_str("; ");
            }
            all.push_str(&one);
        }
        return Some(all).filter(|all| !all.is_empty());
    }
    let names = ["error_description", "message", "details", "detail", "error"];
    names.into_iter().find_map(|name| told(value, name)).or_else(|| words_of(value))
}

/// The codes of a registry's errors (OCI distribution specification, "Error Codes"), and a token server's.
pub(super) fn codes(body: &Secret) -> Vec<String> {
    let Some(value) = whole(body.expose()) else { return Vec::new() };
    let codes = errors(&value).iter().filter_map(|error| error.get("code"));
    let codes = codes.chain(value.get("error")).filter_map(words_of).filter(|code| code.len() <= CODE_MAX);
    codes.take(8).map(|code| code.to_ascii_uppercase()).collect()
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
    use crate::model::{Credential, Login};

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
        for echo in ["correct horse battery", "cut: correct horse", "correct%20horse%20battery"] {
            assert_eq!(said(echo, "text/plain").as_deref(), Some("(not shown: it repeats the secret)"), "{echo}");
        }
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
