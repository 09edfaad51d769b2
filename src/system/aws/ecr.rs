//! The token that a registry at Amazon takes as a password: asked for with the keys that the chain finds. Good for twelve
//! hours, and for every registry that the keys' owner may use (Amazon ECR API Reference, `GetAuthorizationToken`).

use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::Endpoint;
use super::error::AwsError;
use super::host::{EcrHost, EcrKind};
use super::service::{Question, named};
use super::session::{Search, Session};
use super::sigv4::Scope;
use crate::model::{Credential, Login, Secret};

/// The user name that Amazon's registries want.
const USER: &str = "AWS";

/// The longest token, in bytes; they have some 3000, and no stated end.
const TOKEN_MAX: usize = 64 * 1024;

/// What differs between the private registries and the public one.
struct Kind {
    service: &'static str,
    /// In `AWS_ENDPOINT_URL_…`.
    id: &'static str,
    words: &'static str,
    target: &'static str,
    needs: &'static str,
}

const PRIVATE: Kind = Kind {
    service: "ecr",
    id: "ECR",
    words: "ECR",
    target: "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
    needs: "ecr:GetAuthorizationToken",
};

const PUBLIC: Kind = Kind {
    service: "ecr-public",
    id: "ECR_PUBLIC",
    words: "ECR Public",
    target: "SpencerFrontendService.GetAuthorizationToken",
    needs: "ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken",
};

/// A token, ready to be kept.
#[derive(Debug)]
pub struct EcrToken {
    pub credential: Credential,
    /// None: the service did not say.
    pub expires: Option<SystemTime>,
    /// Where the keys are from that it was asked for with, in words.
    pub source: String,
    /// The account that it is of, where that is not the registry's.
    pub other_account: Option<String>,
}

/// The answer of both services: the private one's data is a list.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<Data> {
    authorization_data: Data,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    authorization_token: String,
    /// Seconds since 1970.
    #[serde(default)]
    expires_at: Option<f64>,
    #[serde(default)]
    proxy_endpoint: Option<String>,
}

/// Finds keys and asks for a token; ends within a minute, but for a program that asks a person.
pub fn token(host: &EcrHost, search: &Search<'_>) -> Result<EcrToken, AwsError> {
    let mut session = Session::new(search, &host.region);
    let kind = match host.kind {
        EcrKind::Private { .. } => &PRIVATE,
        EcrKind::Public => &PUBLIC,
    };
    let profile = session.profile_endpoint()?;
    let endpoint = Endpoint::of(session.env, profile.as_deref(), kind.id, &host.api)?;
    let keys = session.keys()?;
    let asked = named(kind.words, &host.region);
    let text = |text: &str| Secret::new(text.as_bytes().to_vec());
    let question = Question {
        asked: &asked,
        endpoint: &endpoint,
        scope: Scope { region: &host.region, service: kind.service },
        headers: vec![("content-type", text("application/x-amz-json-1.1")), ("x-amz-target", text(kind.target))],
        body: text("{}"),
        needs: kind.needs,
    };
    let body = session.ask_signed(question, &keys)?;
    read(&body, host, keys.source).ok_or_else(|| AwsError::Strange { asked, why: "it holds no token".to_owned() })
}

fn read(body: &Secret, host: &EcrHost, source: String) -> Option<EcrToken> {
    let body = body.expose();
    let token = match host.kind {
        EcrKind::Private { .. } => {
            let answer: Answer<Vec<Token>> = serde_json::from_slice(body).ok()?;
            answer.authorization_data.into_iter().next()?
        }
        EcrKind::Public => serde_json::from_slice::<Answer<Token>>(body).ok()?.authorization_data,
    };
    let encoded = Secret::new(token.authorization_token.into_bytes());
    if encoded.len() > TOKEN_MAX {
        return None;
    }
    let both = Secret::new(STANDARD.decode(encoded.expose()).ok()?);
    let front = USER.len() + 1;
    let is_ours = both.expose().starts_with(USER.as_bytes()) && both.expose().get(USER.len()) == Some(&b':');
    let secret = both.part(front.min(both.len())..both.len());
    // It becomes a line of an entry, and a part of a header.
    if !is_ours || secret.is_empty() || !secret.expose().iter().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let expires = token.expires_at.filter(|at| (0.0..1e11).contains(at));
    let of = token.proxy_endpoint.as_deref().and_then(|url| url.strip_prefix("https://")).map(EcrHost::of);
    let other_account = match (of, &host.kind) {
        (Some(Ok(EcrHost { kind: EcrKind::Private { account }, .. })), EcrKind::Private { account: wanted })
            if account != *wanted =>
        {
            Some(account)
        }
        _ => None,
    };
    Some(EcrToken {
        credential: Credential::new(Login::new(USER), secret),
        expires: expires.map(|at| SystemTime::UNIX_EPOCH + Duration::from_secs(at as u64)),
        source,
        other_account,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(token: &str, more: &str, is_list: bool) -> Option<EcrToken> {
        let name = if is_list { "123456789012.dkr.ecr.eu-central-1.amazonaws.com" } else { "public.ecr.aws" };
        let host = EcrHost::of(name).expect("a host");
        let one = format!(r#"{{"authorizationToken":"{}"{more}}}"#, STANDARD.encode(token));
        let data = if is_list { format!("[{one}]") } else { one };
        let body = format!(r#"{{"authorizationData":{data}}}"#);
        read(&Secret::new(body.into_bytes()), &host, "a test".to_owned())
    }

    #[test]
    fn both_forms_are_read_and_what_is_no_token_is_none() {
        for is_list in [true, false] {
            let token = of("AWS:hunter2", r#","expiresAt":1772366400.25"#, is_list).expect("a token");
            assert_eq!(token.credential.login.as_str(), "AWS");
            assert_eq!(token.credential.secret.expose(), b"hunter2");
            assert_eq!(token.expires, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400)));
            assert!(!format!("{token:?}").contains("hunter2"));
        }
        assert_eq!(of("AWS:x", "", true).expect("a token").expires, None);
        for bad in ["", "AWS", "AWS:", "bob:x", "AWS:a b", "AWS:a\nb", "AWS:\u{1b}"] {
            assert!(of(bad, "", true).is_none(), "{bad}");
        }
        assert!(of(&format!("AWS:{}", "x".repeat(TOKEN_MAX)), "", true).is_none());
    }

    #[test]
    fn a_token_of_another_account_is_told() {
        let account = |endpoint: &str| {
            of("AWS:x", &format!(r#","proxyEndpoint":"{endpoint}""#), true).expect("a token").other_account
        };
        assert_eq!(account("https://123456789012.dkr.ecr.eu-central-1.amazonaws.com"), None);
        assert_eq!(account("https://210987654321.dkr.ecr.eu-central-1.amazonaws.com").as_deref(), Some("210987654321"));
        assert_eq!(account("https://evil.test\\u001b[2J"), None);
    }
}
