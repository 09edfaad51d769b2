//! One question to one of Amazon's services: where it is, the signature, and what an answer that is no means.

use std::time::Duration;

use serde_json::Value;

use super::endpoint::Endpoint;
use super::error::{AwsError, Refusal, Refused};
use super::keys::Keys;
use super::session::Session;
use super::sigv4::{Scope, Unsigned, signed};
use crate::model::{Secret, text};
use crate::system::env::Env;
use crate::system::registry::call::{Call, Reply, Verb};
use crate::system::registry::outcome::LoginOutcome;

/// How long one answer is waited for: as Docker waits for a registry.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// The longest name of an error's kind.
const KIND_MAX: usize = 80;

/// Who is asked for what.
pub(super) struct Question<'a> {
    /// In words, with its region.
    pub(super) asked: &'a str,
    pub(super) endpoint: &'a Endpoint,
    pub(super) scope: Scope<'a>,
    pub(super) headers: Vec<(&'static str, Secret)>,
    pub(super) body: Secret,
    /// The permission that it takes.
    pub(super) needs: &'static str,
}

impl Session<'_> {
    /// A signed POST; the body of its answer.
    pub(super) fn ask_signed(&mut self, question: Question<'_>, keys: &Keys) -> Result<Secret, AwsError> {
        [Some(&keys.secret), keys.token.as_ref()].into_iter().flatten().for_each(|secret| self.caller.hide(secret));
        let unsigned = Unsigned {
            host: &question.endpoint.host,
            path: &question.endpoint.path,
            headers: question.headers,
            body: &question.body,
        };
        let headers = signed(keys, question.scope, self.env.unstopped(), unsigned);
        let call = Call {
            method: Verb::Post,
            url: &question.endpoint.url(""),
            headers,
            body: question.body,
            patience: PATIENCE,
            direct: false,
        };
        let reply = self.send(question.asked, call)?;
        self.granted(question.asked, reply, Some(keys), question.needs)
    }

    pub(super) fn send(&mut self, asked: &str, call: Call<'_>) -> Result<Reply, AwsError> {
        self.caller.send(call).map_err(|none| match none.outcome {
            LoginOutcome::CalledOff => AwsError::CalledOff,
            outcome => AwsError::NoAnswer { asked: asked.to_owned(), why: none.to_string(), outcome },
        })
    }

    /// The body of an answer that is yes.
    pub(super) fn granted(
        &self,
        asked: &str,
        reply: Reply,
        keys: Option<&Keys>,
        needs: &'static str,
    ) -> Result<Secret, AwsError> {
        if reply.status == 200 {
            return Ok(reply.body);
        }
        let skew = reply.date.map(|date| match date.duration_since(self.env.unstopped()) {
            Ok(ahead) => i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX),
            Err(behind) => -i64::try_from(behind.duration().as_secs()).unwrap_or(i64::MAX),
        });
        let (kind, words) = kind_and_words(&reply);
        let shown_kind = if kind.is_empty() { format!("status {}", reply.status) } else { kind.clone() };
        let said = match words.is_empty() {
            true => shown_kind,
            false => format!("{shown_kind}: {}", self.caller.shown(words.expose())),
        };
        Err(AwsError::Refused(Box::new(Refused {
            asked: asked.to_owned(),
            refusal: Refusal::of(&kind, reply.status, skew),
            said,
            keys: keys.map(|keys| keys.source.clone()),
            needs,
            skew,
        })))
    }
}

/// `__type` and `message` of JSON, `<Code>` and `<Message>` of XML, the header of the SSO portal. The kind is one word.
fn kind_and_words(reply: &Reply) -> (String, Secret) {
    let (mut kind, mut words) = (reply.error_type.clone(), Secret::default());
    if let Ok(value) = serde_json::from_slice::<Value>(reply.body.expose()) {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        if kind.is_empty() {
            kind = ["__type", "code", "Code"].into_iter().find_map(text).unwrap_or_default().to_owned();
        }
        let said = ["message", "Message", "error_description"].into_iter().find_map(text).unwrap_or_default();
        words.push(said.as_bytes());
    } else if let Some(code) = element(&reply.body, "Code") {
        kind = String::from_utf8_lossy(code.expose()).into_owned();
        words = element(&reply.body, "Message").unwrap_or_default();
    }
    // `com.amazon.coral.service#AccessDeniedException`, and `AccessDeniedException:http://…` in a header.
    let kind = kind.split(':').next().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let is_name = kind.len() <= KIND_MAX && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    (if is_name { kind.to_owned() } else { String::new() }, words)
}

/// What stands between `<NAME>` and `</NAME>` first; these answers have no attributes there.
pub(super) fn element(xml: &Secret, name: &str) -> Option<Secret> {
    let bytes = xml.expose();
    let find = |tag: &str, from: usize| {
        let found = bytes.get(from..)?.windows(tag.len()).position(|part| part == tag.as_bytes())?;
        Some(from + found)
    };
    let start = find(&format!("<{name}>"), 0)? + name.len() + 2;
    let end = find(&format!("</{name}>"), start)?;
    Some(xml.part(start..end))
}

/// A service's name with its region, for messages.
pub(super) fn named(service: &str, region: &str) -> String {
    format!("{service} in {}", text::escaped(region.as_bytes()))
}

/// Whether a variable says yes, as the official libraries take it.
pub(super) fn is_set_true(env: &Env, name: &str) -> bool {
    env.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error_type: &str, body: &str) -> (String, String) {
        let body = Secret::new(body.as_bytes().to_vec());
        let reply = Reply { status: 400, body, date: None, error_type: error_type.to_owned() };
        let (kind, words) = kind_and_words(&reply);
        (kind, String::from_utf8_lossy(words.expose()).into_owned())
    }

    #[test]
    fn the_kind_of_an_error_is_found_in_every_form() {
        let xml = "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
        for (header, body, kind, words) in [
            ("", r#"{"__type":"AccessDeniedException","Message":"no"}"#, "AccessDeniedException", "no"),
            ("", r#"{"__type":"com.amazon.coral.service#X","message":"no"}"#, "X", "no"),
            ("UnauthorizedException:http://x/", r#"{"message":"no"}"#, "UnauthorizedException", "no"),
            ("", xml, "AccessDenied", "no"),
            ("", "<html>", "", ""),
            ("", "", "", ""),
            ("", r#"{"__type":"a b\u001b[2J","message":1}"#, "", ""),
        ] {
            assert_eq!(told(header, body), (kind.to_owned(), words.to_owned()), "{header} {body}");
        }
    }

    #[test]
    fn elements_that_are_not_closed_are_none() {
        let of = |xml: &str| element(&Secret::new(xml.as_bytes().to_vec()), "A").map(|found| found.expose().to_vec());
        assert_eq!(of("<B><A>x</A><A>y</A></B>"), Some(b"x".to_vec()));
        for none in ["", "<A>", "</A><A>", "<A x='1'>y</A>"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
