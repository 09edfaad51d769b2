//! The signature under a request to one of Amazon's services (AWS Signature Version 4, "Create a signed request"). Pure: the
//! time is given. The official library costs more than the rest of regpass together (docs/architecture.md); this is all that
//! two kinds of POST need of it.

use std::time::SystemTime;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::keys::Keys;
use crate::model::{Secret, utc};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Whom a signature is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// A POST, without a query.
pub(super) struct Unsigned<'a> {
    /// With the port, where it has one.
    pub(super) host: &'a str,
    /// Of characters that need no encoding.
    pub(super) path: &'a str,
    /// With names in lower case.
    pub(super) headers: Vec<(&'static str, Secret)>,
    pub(super) body: &'a Secret,
}

/// The headers to send: those of the request and its signature's; all are signed, and the host, which the HTTP library sends.
pub(super) fn signed(
    keys: &Keys,
    scope: Scope<'_>,
    when: SystemTime,
    request: Unsigned<'_>,
) -> Vec<(&'static str, Secret)> {
    let date = basic_date(when);
    let mut headers = request.headers;
    headers.push(("x-amz-date", Secret::new(date.clone().into_bytes())));
    if let Some(token) = &keys.token {
        headers.push(("x-amz-security-token", token.part(0..token.len())));
    }
    headers.push(("host", Secret::new(request.host.as_bytes().to_vec())));
    headers.sort_by_key(|(name, _)| *name);
    let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let mut canonical = Secret::default();
    canonical.push(format!("POST\n{}\n\n", request.path).as_bytes());
    for (name, value) in &headers {
        canonical.push(format!("{name}:").as_bytes());
        canonical.push(value.expose());
        canonical.push(b"\n");
    }
    canonical.push(format!("\n{names}\n{}", hex(&Sha256::digest(request.body.expose()))).as_bytes());
    let day = &date[..8];
    let credential_scope = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("{ALGORITHM}\n{date}\n{credential_scope}\n{}", hex(&Sha256::digest(canonical.expose())));
    let signature = hex(keyed(signing_key(keys, day, scope).as_slice(), to_sign.as_bytes()).as_slice());
    let mut authorization = Secret::with_capacity(512 + keys.id.len());
    authorization.push(format!("{ALGORITHM} Credential=").as_bytes());
    authorization.push(keys.id.expose());
    authorization.push(format!("/{credential_scope}, SignedHeaders={names}, Signature={signature}").as_bytes());
    headers.retain(|(name, _)| *name != "host");
    headers.push(("authorization", authorization));
    headers
}

/// Good for one day, one region and one service.
fn signing_key(keys: &Keys, day: &str, scope: Scope<'_>) -> Zeroizing<[u8; 32]> {
    let mut first = Secret::with_capacity(4 + keys.secret.len());
    first.push(b"AWS4");
    first.push(keys.secret.expose());
    let of_day = keyed(first.expose(), day.as_bytes());
    let of_region = keyed(of_day.as_slice(), scope.region.as_bytes());
    let of_service = keyed(of_region.as_slice(), scope.service.as_bytes());
    keyed(of_service.as_slice(), b"aws4_request")
}

/// A key may have any length (RFC 2104 section 2), so that none is refused.
fn keyed(key: &[u8], text: &[u8]) -> Zeroizing<[u8; 32]> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Zeroizing::default() };
    mac.update(text);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `20150830T123600Z`.
fn basic_date(when: SystemTime) -> String {
    let written = utc::rfc3339(when);
    let whole = written.split('.').next().unwrap_or_default();
    whole.chars().filter(|letter| !matches!(letter, '-' | ':')).chain(['Z']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2015-08-30T12:36:00Z, the time of Amazon's own test suite; its keys too.
    const WHEN: u64 = 1_440_938_160;

    fn text(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn authorization(
        token: Option<&str>,
        service: &str,
        host: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> String {
        let secret = text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let keys = Keys::of(text("AKIDEXAMPLE"), secret, token.map(text), String::new()).expect("keys");
        let region = if host.contains("eu-central-1") { "eu-central-1" } else { "us-east-1" };
        let headers = headers.iter().map(|(name, value)| (*name, text(value))).collect();
        let when = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(WHEN);
        let request = Unsigned { host, path: "/", headers, body: &text(body) };
        let made = signed(&keys, Scope { region, service }, when, request);
        let find = |name: &str| made.iter().find(|(one, _)| *one == name).map(|(_, value)| value.expose().to_vec());
        assert_eq!(find("x-amz-date").as_deref(), Some(b"20150830T123600Z".as_slice()));
        assert_eq!(find("x-amz-security-token"), token.map(|token| token.as_bytes().to_vec()));
        String::from_utf8(find("authorization").expect("a signature")).expect("text")
    }

    /// The first two are of Amazon's suite ("post-vanilla", "post-x-www-form-urlencoded"), all were made with botocore 1.44.
    #[test]
    fn signatures_are_those_of_the_official_library() {
        const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
        let target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
        let example = "example.amazonaws.com";
        let ecr = "api.ecr.eu-central-1.amazonaws.com";
        let form = "application/x-www-form-urlencoded";
        let role = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fci&RoleSessionName=regpass";
        for (service, host, token, headers, body, names, signature) in [
            (
                "service",
                example,
                None,
                vec![],
                "",
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "service",
                example,
                None,
                vec![("content-type", form)],
                "Param1=value1",
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                "ecr",
                ecr,
                None,
                vec![JSON, ("x-amz-target", target)],
                "{}",
                "content-type;host;x-amz-date;x-amz-target",
                "b7a668a03dbe2c6002b46a61af16badf14779b50f95a840f4a72daef71d0d63f",
            ),
            (
                "ecr",
                ecr,
                Some("FwoGZXIvYXdzEXAMPLE+/="),
                vec![("x-amz-target", target), JSON],
                "{}",
                "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
                "f272e9af8ea009aba1c1525735b4ee6e9a4762d5006858af7c651ced75028d79",
            ),
            (
                "ecr-public",
                "127.0.0.1:8080",
                None,
                vec![JSON, ("x-amz-target", "SpencerFrontendService.GetAuthorizationToken")],
                "{}",
                "content-type;host;x-amz-date;x-amz-target",
                "8bf3717760920ab9971dd50cc616bdfb3bbb24c4aa81a1db240846de256f4572",
            ),
            (
                "sts",
                "sts.eu-central-1.amazonaws.com",
                None,
                vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8")],
                role,
                "content-type;host;x-amz-date",
                "696999cc62ded8aee7641137e0b7628cc5105a81e14ab08ca2620c3d5f367620",
            ),
        ] {
            let region = if host.contains("eu-central-1") { "eu-central-1" } else { "us-east-1" };
            let want = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/{region}/{service}/aws4_request, SignedHeaders={names}, Signature={signature}"
            );
            assert_eq!(authorization(token, service, host, &headers, body), want, "{service} {host}");
        }
    }
}
