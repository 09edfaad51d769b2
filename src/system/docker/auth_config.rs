//! `DOCKER_AUTH_CONFIG`: logins in a variable, which Docker 28.3 and later takes before every helper (docker/cli
//! `cli/config/configfile/file.go`, `parseEnvConfig`). Which registries it answers for; never what it holds.

use super::auth_file::user_of;
use super::document::{self, Node, is_named};
use crate::model::{RegistryKey, Secret, misplaced};

/// What Docker makes of the variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuthConfig {
    #[default]
    Unset,
    /// It answers for these, as they are written there.
    Answers(Vec<String>),
    /// One thing in it that Docker does not take makes it pass over all of it; in words.
    Ignored(&'static str),
}

/// Judges the variable's value.
pub fn judge(value: &Secret) -> AuthConfig {
    let Ok((node, more)) = document::parse(value.expose()) else { return AuthConfig::Ignored("it is not JSON") };
    if more {
        return AuthConfig::Ignored("there is more behind its JSON object");
    }
    match entries(&node) {
        Ok(servers) => AuthConfig::Answers(servers.into_iter().map(misplaced::server).collect()),
        Err(why) => AuthConfig::Ignored(why),
    }
}

/// Whether it answers for a server of which this is true, by the name as it is written there.
pub fn answers_for(value: &Secret, is_meant: impl Fn(&RegistryKey) -> bool) -> bool {
    let Ok((node, false)) = document::parse(value.expose()) else { return false };
    entries(&node).is_ok_and(|servers| servers.into_iter().any(|server| is_meant(&RegistryKey::new(server))))
}

fn entries(node: &Node) -> Result<Vec<&str>, &'static str> {
    let unknown = "it has a member that Docker does not know";
    if !node.is_map() || node.members().iter().any(|(name, _)| !is_named(name, "auths")) {
        return Err(unknown);
    }
    let mut servers = Vec::new();
    for (server, entry) in node.members().iter().flat_map(|(_, auths)| auths.members()) {
        if entry.members().iter().any(|(name, _)| !is_named(name, "auth")) {
            return Err(unknown);
        }
        let auth = entry.get("auth").and_then(Node::text).filter(|auth| !auth.is_empty());
        let Some(auth) = auth else { return Err("one of its entries has no auth") };
        if user_of(auth.expose()).is_none() {
            return Err("an auth in it is no base64 of USER:PASSWORD");
        }
        servers.push(server.as_str());
    }
    Ok(servers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_or_is_ignored_as_a_whole() {
        let judge = |text: &str| judge(&Secret::new(text.as_bytes().to_vec()));
        let both = r#"{"auths":{"a.test":{"auth":"Ym9iOng="},"u:secret@b.test":{"Auth":"Ym9iOng="}}}"#;
        assert_eq!(judge(both), AuthConfig::Answers(vec!["a.test".to_owned(), "***@b.test".to_owned()]));
        assert_eq!(judge("{}"), AuthConfig::Answers(Vec::new()));
        for ignored in [
            "",
            "[]",
            "{} {}",
            r#"{"auths":{"a.test":{"auth":"Ym9iOng="}},"credsStore":"pass"}"#,
            r#"{"auths":{"a.test":{"auth":"Ym9iOng=","email":"x"}}}"#,
            r#"{"auths":{"a.test":{}}}"#,
            r#"{"auths":{"a.test":{"auth":"bm9jb2xvbg=="}}}"#,
        ] {
            assert!(matches!(judge(ignored), AuthConfig::Ignored(_)), "{ignored}");
        }
    }
}
