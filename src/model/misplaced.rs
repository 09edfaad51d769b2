//! Secrets in wrong places: a password pasted as a registry's name, a token as a user's or a helper's. What may be one is
//! masked before it is told or recorded, by the same rules for every report. Honest names stay: users of Azure are UUIDs,
//! robots have a `$`, Amazon's hosts begin with an account's number.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::text;

/// What stands where something was left out.
pub const MASK: &str = "***";

/// Beginnings of tokens, which are those of no words: GitHub's, GitLab's, Docker Hub's, DigitalOcean's, Google's, JFrog's,
/// HashiCorp's, Slack's, and JSON web tokens'.
const TOKENS: [&str; 22] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glcbt-",
    "glptt-",
    "glsoat-",
    "dckr_pat_",
    "dckr_oat_",
    "dop_v1_",
    "doo_v1_",
    "dor_v1_",
    "ya29.",
    "AKCp",
    "cmVmdGtu",
    "hvs.",
    "xoxb-",
    "eyJ",
];

/// The shortest word that is taken for a random one, and the shortest of hexadecimal digits, in bytes.
const RANDOM_MIN: usize = 20;
const HEX_MIN: usize = 40;

/// How many in ten neighbours of a random word are of different kinds (capital, small, digit); in words that people put
/// together fewer are.
const CHANGES: usize = 4;

/// The shortest word that is looked at as base64, in bytes.
const BASE64_MIN: usize = 8;

/// The longest host without a dot or a port that is taken for a name, in bytes.
const BARE_MAX: usize = 20;

/// The longest name of a helper, in bytes.
const HELPER_MAX: usize = 64;

/// A server's name: what stands before an `@` and behind a `?` is masked, and all of what is neither a host nor an address.
pub fn server(server: impl AsRef<[u8]>) -> String {
    let Ok(text) = std::str::from_utf8(server.as_ref()) else { return MASK.to_owned() };
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => (Some(scheme), rest),
        _ => (None, text),
    };
    // A password may hold any character, so everything before the last `@` goes.
    let named = rest.rsplit_once('@').map_or(rest, |(_, named)| named);
    let host = named.split_once(['?', '#']).map_or(named, |(host, _)| host);
    let plain = host.chars().all(|c| c.is_alphanumeric() || "-._~+*:/[]%".contains(c));
    if !plain || !is_host(host, scheme.is_some()) {
        return MASK.to_owned();
    }
    let scheme = scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default();
    let user = if named.len() < rest.len() { "***@" } else { "" };
    let query = if host.len() < named.len() { "?***" } else { "" };
    let host = if holds_token(host) { MASK } else { host };
    format!("{scheme}{user}{host}{query}")
}

/// A host has a dot, or a port of digits, or is an address; a word without any is one when it has small letters only.
fn is_host(text: &str, has_scheme: bool) -> bool {
    let host = text.split('/').next().unwrap_or(text);
    if host.starts_with('[') || host.matches(':').count() > 1 {
        let address = host.split(']').next().unwrap_or(host).trim_start_matches('[');
        return address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.%".contains(&byte));
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    if let Some(port) = port {
        return !name.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    }
    let is_small = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    has_scheme || name.contains('.') || is_small && !name.is_empty() && name.len() <= BARE_MAX
}

/// True where a secret stands in a server's name, for sure or very likely: no login is to be kept under it.
pub fn is_in_server(server: impl AsRef<[u8]>) -> bool {
    let text = String::from_utf8_lossy(server.as_ref());
    text.contains('@') || holds_token(&text)
}

/// A name of any other kind: a key of a file, an address.
pub fn name(name: &str) -> String {
    match name.rsplit_once('@') {
        Some((before, rest)) => {
            let scheme = before.split_once("://").map(|(scheme, _)| format!("{scheme}://")).unwrap_or_default();
            format!("{scheme}{MASK}@{}", if holds_token(rest) { MASK } else { rest })
        }
        None if holds_token(name) => MASK.to_owned(),
        None => name.to_owned(),
    }
}

/// True for what may be a user's name. Nobody can log in with one that has a colon in it (RFC 7617, section 2).
pub fn is_user(user: &str) -> bool {
    !user.contains(':') && !holds_token(user)
}

/// A credential helper's name, without `docker-credential-`. There is no program with a masked one.
pub fn helper(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    if plain && name.len() <= HELPER_MAX && !holds_token(name) { name.to_owned() } else { MASK.to_owned() }
}

/// A sentence, a command or a path: tokens that show by their beginning, `USER:SECRET@` of addresses, and both in base64, as
/// a store's folders are named.
pub fn words(text: &str) -> String {
    without_words(&without_addresses(text), |word| {
        begins_as_token(word) || decoded(word).is_some_and(|text| tells(&text))
    })
}

/// A text whose words, of the characters that tokens and base64 are made of, are masked where `is_telling` says so.
pub fn without_words(text: &str, is_telling: impl Fn(&str) -> bool) -> String {
    let mut done = String::with_capacity(text.len());
    let is_word = |character: char| character.is_ascii_alphanumeric() || "_-=+.".contains(character);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|character: char| is_word(character) != is_word(first)).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        done.push_str(if is_word(first) && is_telling(piece) { MASK } else { piece });
        rest = after;
    }
    done
}

/// A path, as `words`.
pub fn path(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    let told = words(&text);
    if told == text { path.to_owned() } else { PathBuf::from(told) }
}

/// A path, or a name, as one word of a shell's command that `remedy` will look at. Masked before it is put into quotes: to a
/// shell, bare stars are whatever lies there.
pub fn shell_word(name: impl AsRef<Path>) -> String {
    text::shell_word(&path(name.as_ref()))
}

/// What mends something, in words or by a command, as `words`. It says so where a part of it cannot be typed as it stands.
pub fn remedy(text: &str) -> String {
    let told = words(text);
    if told.contains(MASK) && !told.ends_with(NOT_SHOWN) { told + NOT_SHOWN } else { told }
}

const NOT_SHOWN: &str = " (*** is not shown here: it may be a secret)";

/// `USER:SECRET@` behind a scheme, for as long as no blank or quote ends the address.
fn without_addresses(text: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (front, behind) = rest.split_at(at + 3);
        done.push_str(front);
        let end = behind.find([' ', '"', '\'', '\n', '(', ')']).unwrap_or(behind.len());
        rest = match behind[..end].rfind('@') {
            Some(host) => {
                done.push_str(MASK);
                &behind[host..]
            }
            None => behind,
        };
    }
    done + rest
}

/// Whether a decoded text is `USER:SECRET`, as Docker writes it, or a name with a secret in it.
pub fn tells(decoded: &str) -> bool {
    let is_pair = decoded.split_once(':').is_some_and(|(user, secret)| {
        let is_port = secret.split('/').next().is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
        !user.is_empty() && !secret.is_empty() && !secret.starts_with("//") && !is_port
    });
    is_pair || decoded.contains('@') && decoded.contains("://") || TOKENS.iter().any(|token| decoded.contains(token))
}

/// What a word is base64 of, when that is a text.
pub fn decoded(word: &str) -> Option<String> {
    if word.len() < BASE64_MIN {
        return None;
    }
    let bytes =
        [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD].iter().find_map(|engine| engine.decode(word).ok())?;
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

/// True for a word that begins as tokens do.
pub fn begins_as_token(word: &str) -> bool {
    TOKENS.iter().any(|token| word.len() > token.len() && word.starts_with(token))
}

/// A token, or something as random, among the parts of a name.
fn holds_token(name: &str) -> bool {
    let is_joint = |character: char| "_-=+~".contains(character);
    let mut parts = name.split(|character: char| !(character.is_ascii_alphanumeric() || is_joint(character)));
    begins_as_token(name) || parts.any(|part| begins_as_token(part) || part.split(is_joint).any(is_random))
}

fn is_random(word: &str) -> bool {
    let kind = |byte: u8| match byte {
        b'A'..=b'Z' => Some(0),
        b'a'..=b'z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ => None,
    };
    let kinds: Vec<Option<usize>> = word.bytes().map(kind).collect();
    let has = |kind: usize| kinds.contains(&Some(kind));
    let changes = kinds.windows(2).filter(|two| two[0] != two[1]).count();
    let is_mixed = [0, 1, 2].into_iter().all(has) && changes * 10 >= word.len() * CHANGES;
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit()) && has(2) && (has(0) || has(1));
    word.len() >= RANDOM_MIN && is_mixed || word.len() >= HEX_MIN && is_hex
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made up, with the look of one.
    const PAT: &str = "ghp_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1w";

    #[test]
    fn servers_that_may_hold_a_secret_are_masked() {
        for honest in [
            "registry.example.test:5000",
            "https://index.docker.io/v1/",
            "https://index.docker.io/v1/access-token",
            "localhost",
            "localhost:5000",
            "registry",
            "my-registry",
            "registry:5000/team",
            "[::1]:5000",
            "::1",
            "bücher.test",
            "*.example.test",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "us-central1-docker.pkg.dev/my-project-1234/repo",
            "8093ff7x.c1.gra9.container-registry.ovh.net",
            "myteam.azurecr.io",
        ] {
            assert_eq!(server(honest), honest);
            assert!(!is_in_server(honest), "{honest}");
        }
        for (given, want) in [
            ("https://user:tok@host.test/v2/", "https://***@host.test/v2/"),
            ("user:p@ss@host.test", "***@host.test"),
            ("https://host.test/?token=abc", "https://host.test/?***"),
            ("hunter2", MASK),
            ("bob:hunter2", MASK),
            ("Secret-Word", MASK),
            ("correct-horse-battery-staple", MASK),
            ("correct horse", MASK),
            (PAT, MASK),
            ("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", MASK),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", MASK),
            ("host.test/ghp_abcdef", MASK),
            ("https://glpat-abcdef/", "https://***"),
        ] {
            assert_eq!(server(given), want, "{given}");
        }
        assert_eq!(server(b"h.test\xff"), MASK);
        for suspect in ["https://u:p@h.test", "u@h.test", PAT, "h.test/glpat-abcdef"] {
            assert!(is_in_server(suspect), "{suspect}");
        }
    }

    #[test]
    fn users_and_helpers_stay_unless_they_are_tokens() {
        for honest in [
            "bob",
            "bob@example.test",
            "<token>",
            "AWS",
            "00000000-0000-0000-0000-000000000000",
            "7d1c9f0e-3b2a-4c5d-8e9f-0a1b2c3d4e5f",
            "robot$project+name",
            "org+robot",
            "gitlab+deploy-token-1234567",
            "_json_key_base64",
            "oauth2accesstoken",
            "$oauthtoken",
            "tenancy/oracleidentitycloudservice/bob@example.test",
            "cn-north-4@AKIAIOSFODNN7EXAMPLE",
            "MyCompanyRobotAccount2024",
            "DOMAIN\\bob",
        ] {
            assert!(is_user(honest), "{honest}");
        }
        for token in ["dckr_pat_abcdefgh", PAT, "Xk39dmQpLw02mZzR4tYh1", "bob:hunter2", "https://u:p@h.test"] {
            assert!(!is_user(token), "{token}");
        }
        let container = "dev-containers-7d1c9f0e-3b2a-4c5d-8e9f-0a1b2c3d4e5f";
        for honest in ["ecr-login", "desktop.exe", container] {
            assert_eq!(helper(honest), honest);
        }
        assert_eq!([helper(PAT), helper("p@ss word!")], [MASK, MASK]);
        assert_eq!(name("credsStores"), "credsStores");
        assert_eq!([name("https://u:p@h.test"), name(PAT)], ["https://***@h.test", MASK]);
    }

    #[test]
    fn a_masked_word_of_a_command_is_no_pattern() {
        let told = |name: &str| remedy(&format!("move it away: mv -n {} ~/", shell_word(name)));
        assert_eq!(told("/s/a b"), "move it away: mv -n '/s/a b' ~/");
        let masked = format!("move it away: mv -n '/s/***' ~/{NOT_SHOWN}");
        assert_eq!([told("/s/glpat-AbCd"), remedy(&masked)], [masked.as_str(), &masked]);
        assert_eq!(shell_word("https://u:p@h.test/x"), "'https://***@h.test/x'");
        let encoded = STANDARD.encode("bob:hunter2");
        assert_eq!(shell_word(format!("x.test/{encoded}")), "'x.test/***'");
    }

    #[test]
    fn of_sentences_only_the_secret_goes() {
        for honest in [
            "Alice <alice@example.test>, who may read \"a/b\"",
            "https://a.test is there; ask bob@example.test",
            "/usr/lib/x86_64-linux-gnu/libx.so and /home/bob/MyCompany2024BackendService/",
            "key 9F86D081884C7D659A2FEAA0C55AD015A3BF4F1B",
            "docker-credential-helpers/YS50ZXN0OjUwMDA=/bob.gpg",
            "docker-credential-helpers/aHR0cHM6Ly9pbmRleC5kb2NrZXIuaW8vdjEv/bob.gpg",
        ] {
            assert_eq!(words(honest), honest);
        }
        for (text, want) in [
            ("the login of \"ghp_abcdef\" at a.test".to_owned(), "the login of \"***\" at a.test"),
            ("docker logout 'https://u:p@w@h.test/x'".to_owned(), "docker logout 'https://***@h.test/x'"),
            (
                "docker-credential-helpers/YS50ZXN0/dckr_pat_abc.gpg".to_owned(),
                "docker-credential-helpers/YS50ZXN0/***",
            ),
            (format!("at {}/bob.gpg", STANDARD.encode("https://u:pw@h.test")), "at ***/bob.gpg"),
            (format!("at {}", STANDARD.encode("bob:hunter2")), "at ***"),
        ] {
            assert_eq!(words(&text), want);
        }
    }
}
