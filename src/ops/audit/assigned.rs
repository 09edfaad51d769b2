//! Secrets in lines that set something: variables, a runner's settings, a chart repository's. Called by `literals`, which
//! hands it out.

use super::literals::{Kind, Literal, literal};
use crate::system::docker::auth_file::secret_in_address;

/// Parts of a variable's name that tell of a registry (tui-and-audit 4.3, INL14).
const REGISTRIES: [&str; 7] = ["REGISTRY", "DOCKER", "DOCKERHUB", "HARBOR", "NEXUS", "GHCR", "ECR"];
const SECRETS: [&str; 6] = ["PASS", "PASSWORD", "PASSWD", "TOKEN", "SECRET", "PAT"];

/// Words of a name that is about a secret and holds none (distribution's own settings among them).
const OTHER: [&str; 22] = [
    "FILE",
    "PATH",
    "DIR",
    "URL",
    "STDIN",
    "NAME",
    "ID",
    "TTL",
    "REALM",
    "SERVICE",
    "ISSUER",
    "ROOTCERTBUNDLE",
    "EXPIRY",
    "EXPIRES",
    "EXPIRATION",
    "TIMEOUT",
    "LENGTH",
    "TYPE",
    "USER",
    "USERNAME",
    "ENABLED",
    "REQUIRED",
];

/// `NAME=VALUE` of a file of variables, of a start-up file (`export` before it) or of a unit (`Environment=` before it).
pub fn in_assignment(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    let mut text = text.trim();
    if text.starts_with(['#', ';']) {
        return None;
    }
    for front in ["export ", "declare -x ", "set -gx ", "set -Ux ", "set -x ", "Environment=", "env ", "ENV ", "- "] {
        text = text.strip_prefix(front).unwrap_or(text).trim_start();
    }
    // `"NAME=VALUE"` is one word of a unit; `NAME: VALUE` is YAML, `NAME VALUE` fish.
    let text = text.strip_prefix(['"', '\'']).unwrap_or(text);
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (name, rest) = text.split_at(end);
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix(": ")).or_else(|| rest.strip_prefix(' '))?;
    let value = unquoted(value.trim());
    let kind = kind_of(name)?;
    let length = match &kind {
        Kind::Proxy(_) if value.contains("://") => secret_in_address(value.as_bytes())?,
        Kind::Proxy(_) => secret_in_address(format!("://{value}").as_bytes())?,
        Kind::AuthConfig => literal(value).filter(|_| !holds_nothing(value))?,
        _ => literal(value)?,
    };
    Some(Literal { kind, registry: None, account: None, length })
}

/// The password of a helm chart repository.
pub fn in_repositories(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    if text.trim_start().starts_with('#') {
        return None;
    }
    let named = text.split_once("password").and_then(|(_, rest)| {
        let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?;
        literal(unquoted(rest.split([',', '}']).next().unwrap_or(rest).trim()))
    });
    named.or_else(|| secret_in_address(text.as_bytes())).map(|length| Literal {
        kind: Kind::Password,
        registry: None,
        account: None,
        length,
    })
}

/// A GitLab runner's variables, a list of `"NAME=VALUE"` in TOML.
pub fn in_runner(line: &[u8]) -> Option<Literal> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_start();
    if text.starts_with('#') {
        return None;
    }
    let rest = text.split_once("DOCKER_AUTH_CONFIG=")?.1.trim_start_matches(['\\', '"', '\'']);
    let value = rest.split(']').next().unwrap_or(rest).trim_end_matches(['"', '\'', ',', ' ']);
    literal(value).filter(|_| !holds_nothing(value)).map(|length| Literal {
        kind: Kind::AuthConfig,
        registry: None,
        account: None,
        length,
    })
}

/// A value without its quotes and without the comment behind it.
fn unquoted(value: &str) -> &str {
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    match quote {
        Some(quote) => value[1..].rsplit_once(quote).map_or(&value[1..], |(inside, behind)| {
            // A quote in a comment ends nothing.
            if behind.trim_start().is_empty() { inside } else { value[1..].split(quote).next().unwrap_or(inside) }
        }),
        None => value.split(" #").next().unwrap_or(value).trim_end().trim_end_matches(['"', '\'']),
    }
}

/// `DOCKER_AUTH_CONFIG` without a login.
fn holds_nothing(value: &str) -> bool {
    let bare: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    matches!(bare.as_str(), "{}" | "{\"auths\":{}}")
}

fn kind_of(name: &str) -> Option<Kind> {
    let upper = name.to_ascii_uppercase();
    if upper == "DOCKER_AUTH_CONFIG" {
        return Some(Kind::AuthConfig);
    }
    if ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY"].contains(&upper.as_str()) {
        return Some(Kind::Proxy(name.to_owned()));
    }
    let parts: Vec<&str> = upper.split('_').collect();
    let tells = |words: &[&str]| parts.iter().any(|part| words.contains(part));
    (tells(&REGISTRIES) && tells(&SECRETS) && !tells(&OTHER)).then(|| Kind::Variable(name.to_owned()))
}
