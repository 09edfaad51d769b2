//! Amazon's services in this process, for tests: ECR, STS, the single sign-on portal, a container's agent and an instance's
//! metadata at one address. Signatures are computed anew from the request as it came, with code of its own.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::model::utc;
use crate::system::registry::double::{Reply, Seen, Server};

/// Who has keys: id, secret, session token.
pub(super) const PEOPLE: [(&str, &str, Option<&str>); 3] = [
    ("AKIAALICE", "hunter2/alice+key", None),
    ("ASIAROLE", "hunter2/role+key", Some("hunter2-role-token==")),
    ("ASIASSO", "hunter2/sso+key", Some("hunter2-sso-token==")),
];

/// Good for an hour from now.
pub(super) fn later() -> String {
    utc::rfc3339(SystemTime::now() + std::time::Duration::from_secs(3600))
}

/// What ECR hands out.
pub(super) const PASSWORD: &str = "hunter2-registry-token";

pub(super) struct Amazon {
    pub(super) server: Server,
    /// ECR's answer in place of its own.
    pub(super) ecr: Arc<Mutex<Option<Reply>>>,
}

impl Amazon {
    pub(super) fn open() -> Amazon {
        let ecr: Arc<Mutex<Option<Reply>>> = Arc::default();
        let planned = ecr.clone();
        let server = Server::plain(move |seen| answer(seen, &mut planned.lock().expect("a plan")));
        Amazon { server, ecr }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.name())
    }
}

fn answer(seen: &Seen, planned: &mut Option<Reply>) -> Reply {
    let path = seen.path.split('?').next().unwrap_or_default();
    match (seen.method.as_str(), path) {
        ("POST", "/") if seen.headers.contains_key("x-amz-target") => match verified(seen) {
            Err(kind) => refused(kind, "the signature does not match"),
            Ok(_) => planned.take().unwrap_or_else(|| token(seen)),
        },
        ("POST", "/") => sts(seen),
        ("GET", "/federation/credentials") => portal(seen),
        ("GET", "/agent") if seen.auth() == "hunter2-agent" => json_keys("Token"),
        ("GET", "/agent") => Reply::json(403, "{}"),
        ("PUT", "/latest/api/token") if seen.headers.contains_key("x-aws-ec2-metadata-token-ttl-seconds") => {
            Reply::new(200, &[], "hunter2-metadata")
        }
        ("GET", _) if seen.headers.get("x-aws-ec2-metadata-token").is_none_or(|token| token != "hunter2-metadata") => {
            Reply::new(401, &[], "")
        }
        ("GET", "/latest/meta-data/iam/security-credentials/") => Reply::new(200, &[], "builder\n"),
        ("GET", "/latest/meta-data/iam/security-credentials/builder") => json_keys("Token"),
        _ => Reply::new(404, &[], ""),
    }
}

pub(super) fn refused(kind: &str, message: &str) -> Reply {
    Reply::json(400, &format!(r#"{{"__type":"com.amazon.coral.service#{kind}","message":"{message}"}}"#))
}

fn json_keys(token: &str) -> Reply {
    let (id, secret, session) = PEOPLE[1];
    let (session, until) = (session.expect("a token"), later());
    Reply::json(
        200,
        &format!(
            r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"{secret}","{token}":"{session}","Expiration":"{until}"}}"#
        ),
    )
}

fn token(seen: &Seen) -> Reply {
    let encoded = STANDARD.encode(format!("AWS:{PASSWORD}"));
    match seen.headers["x-amz-target"].as_str() {
        "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken" => Reply::json(
            200,
            &format!(
                r#"{{"authorizationData":[{{"authorizationToken":"{encoded}","expiresAt":1.7723664E9,"proxyEndpoint":"https://123456789012.dkr.ecr.eu-central-1.amazonaws.com"}}]}}"#
            ),
        ),
        "SpencerFrontendService.GetAuthorizationToken" => Reply::json(
            200,
            &format!(r#"{{"authorizationData":{{"authorizationToken":"{encoded}","expiresAt":1772366400}}}}"#),
        ),
        _ => refused("UnknownOperationException", ""),
    }
}

fn sts(seen: &Seen) -> Reply {
    let has = |part: &str| seen.body.split('&').any(|pair| pair == part);
    let error = |status: u16, code: &str| {
        Reply::new(
            status,
            &[("Content-Type", "text/xml")],
            &format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>not so</Message></Error></ErrorResponse>"
            ),
        )
    };
    if has("Action=AssumeRole") {
        if let Err(kind) = verified(seen) {
            return error(403, kind);
        }
        if !has("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fci") {
            return error(403, "AccessDenied");
        }
    } else if !has("Action=AssumeRoleWithWebIdentity") || !has("WebIdentityToken=hunter2.web.identity") {
        return error(400, "ExpiredTokenException");
    }
    let (id, secret, session) = PEOPLE[1];
    let (session, until) = (session.expect("a token"), later());
    Reply::new(
        200,
        &[("Content-Type", "text/xml")],
        &format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><AssumedRoleUser/>\
            <Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
            <SessionToken>{session}</SessionToken><Expiration>{until}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

fn portal(seen: &Seen) -> Reply {
    if seen.headers.get("x-amz-sso_bearer_token").is_none_or(|token| token != "hunter2-sso") {
        return Reply::json(401, r#"{"message":"Session token not found or invalid"}"#);
    }
    if seen.path != "/federation/credentials?account_id=123456789012&role_name=dev%20ops" {
        let headers = [("x-amzn-ErrorType", "ForbiddenException:http://internal.amazon.com/")];
        return Reply::new(403, &headers, r#"{"message":"No access"}"#);
    }
    let (id, secret, session) = PEOPLE[2];
    let session = session.expect("a token");
    Reply::json(
        200,
        &format!(
            r#"{{"roleCredentials":{{"accessKeyId":"{id}","secretAccessKey":"{secret}","sessionToken":"{session}","expiration":4102444800000}}}}"#
        ),
    )
}

/// Whose signature is under it; else the kind of the error that Amazon names.
fn verified(seen: &Seen) -> Result<&'static str, &'static str> {
    const BROKEN: &str = "IncompleteSignature";
    let header = |name: &str| seen.headers.get(name).map(String::as_str).unwrap_or_default();
    let rest = header("authorization").strip_prefix("AWS4-HMAC-SHA256 Credential=").ok_or(BROKEN)?;
    let (credential, rest) = rest.split_once(", SignedHeaders=").ok_or(BROKEN)?;
    let (names, signature) = rest.split_once(", Signature=").ok_or(BROKEN)?;
    let parts: Vec<&str> = credential.split('/').collect();
    let [id, day, region, service, "aws4_request"] = parts.as_slice() else { return Err(BROKEN) };
    let (id, secret, token) = PEOPLE.into_iter().find(|(one, ..)| one == id).ok_or("UnrecognizedClientException")?;
    if token.unwrap_or_default() != header("x-amz-security-token") {
        return Err("UnrecognizedClientException");
    }
    let names: Vec<&str> = names.split(';').collect();
    let must = |name: &&String| name.starts_with("x-amz-") || matches!(name.as_str(), "host" | "content-type");
    if !names.is_sorted() || !seen.headers.keys().filter(must).all(|name| names.contains(&name.as_str())) {
        return Err(BROKEN);
    }
    let date = header("x-amz-date");
    if !date.starts_with(day) || !is_now(date) {
        return Err("RequestExpired");
    }
    let mut canonical = format!("{}\n{}\n\n", seen.method, seen.path);
    names.iter().for_each(|name| canonical.push_str(&format!("{name}:{}\n", header(name))));
    canonical.push_str(&format!("\n{}\n{}", names.join(";"), digest(seen.body.as_bytes())));
    let scope = [*day, region, service, "aws4_request"];
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{}\n{}", scope.join("/"), digest(canonical.as_bytes()));
    let key = scope.iter().fold(format!("AWS4{secret}").into_bytes(), |key, part| keyed(&key, part.as_bytes()));
    let wanted: String = keyed(&key, text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    if wanted == signature { Ok(id) } else { Err("InvalidSignatureException") }
}

/// Within five minutes: `20150830T123600Z`.
fn is_now(date: &str) -> bool {
    let part = |range: std::ops::Range<usize>| date.get(range).unwrap_or_default();
    let written =
        format!("{}-{}-{}T{}:{}:{}", part(0..4), part(4..6), part(6..8), part(9..11), part(11..13), part(13..16));
    let Some(told) = utc::parse(&written) else { return false };
    let now = SystemTime::now();
    let apart = now.duration_since(told).or_else(|_| told.duration_since(now)).expect("one of them is earlier");
    apart.as_secs() < 300
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn keyed(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
