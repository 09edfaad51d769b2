//! What a registry asks for: the challenges of its `Www-Authenticate` headers, several on a line and on several lines
//! (RFC 9110, 11.6.1). Parsing is the library's; which one is answered is decided here. Pure.

use http_auth::{ChallengeRef, parse_challenges};

/// The challenges that are read, of all headers together.
const CHALLENGES_MAX: usize = 16;

/// The longest realm, service or scheme, in bytes.
const PART_MAX: usize = 2048;

/// How a registry wants to be shown a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By a token that another address hands out.
    Bearer {
        realm: String,
        service: Option<String>,
    },
    Basic,
    /// Only by ways that Docker does not know; their names.
    Others(Vec<String>),
    /// It does not say.
    Nothing,
}

/// The challenge to answer: Docker prefers tokens.
pub(super) fn choose<'h>(headers: impl Iterator<Item = &'h str>) -> Challenge {
    let mut basic = false;
    let mut others = Vec::new();
    let mut bearer = None;
    for header in headers.take(CHALLENGES_MAX) {
        // What was read before something that is no challenge counts.
        for challenge in parse_some(header).into_iter().take(CHALLENGES_MAX) {
            let scheme = challenge.scheme;
            if scheme.eq_ignore_ascii_case("bearer") {
                bearer = bearer.or_else(|| realm_of(&challenge));
            } else if scheme.eq_ignore_ascii_case("basic") {
                basic = true;
            } else {
                others.push(scheme.chars().take(40).collect());
            }
        }
    }
    match bearer {
        Some((realm, service)) => Challenge::Bearer { realm, service },
        None if basic => Challenge::Basic,
        None if others.is_empty() => Challenge::Nothing,
        None => Challenge::Others(others),
    }
}

fn parse_some(header: &str) -> Vec<ChallengeRef<'_>> {
    match parse_challenges(header) {
        Ok(all) => all,
        Err(_) => http_auth::parser::ChallengeParser::new(header).map_while(Result::ok).collect(),
    }
}

fn realm_of(challenge: &ChallengeRef<'_>) -> Option<(String, Option<String>)> {
    let param = |wanted: &str| {
        let found = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, value)| value.to_unescaped()).filter(|value| value.len() <= PART_MAX)
    };
    Some((param("realm")?, param("service")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) }
    }

    #[test]
    fn the_token_is_preferred_wherever_it_stands() {
        let token = r#"Bearer realm="https://auth.test/token",service="r.test",scope="a,b""#;
        let wanted = bearer("https://auth.test/token", Some("r.test"));
        for headers in [
            vec![token],
            vec![r#"Basic realm="x""#, token],
            vec![token, "Basic realm=x"],
            vec![r#"basic realm="a, b", bearer realm="https://auth.test/token", service="r.test""#],
            vec!["Negotiate", token],
        ] {
            assert_eq!(choose(headers.iter().copied()), wanted, "{headers:?}");
        }
    }

    #[test]
    fn what_is_broken_or_unknown_is_told_apart() {
        assert_eq!(choose([r#"Basic realm="x""#].into_iter()), Challenge::Basic);
        assert_eq!(choose(["Basic"].into_iter()), Challenge::Basic);
        assert_eq!(
            choose(["Negotiate", "Digest realm=x"].into_iter()),
            Challenge::Others(vec!["Negotiate".to_owned(), "Digest".to_owned()])
        );
        assert_eq!(choose([].into_iter()), Challenge::Nothing);
        assert_eq!(choose(["=", "\u{1b}]0;x"].into_iter()), Challenge::Nothing);
        // A bearer challenge that leads nowhere cannot be answered.
        assert_eq!(choose([r#"Bearer service="x""#].into_iter()), Challenge::Nothing);
        let long = format!("Bearer realm=\"{}\"", "x".repeat(PART_MAX + 1));
        assert_eq!(choose([long.as_str()].into_iter()), Challenge::Nothing);
        assert_eq!(choose([r#"Basic realm="x", Bearer realm="#].into_iter()), Challenge::Basic);
    }
}
