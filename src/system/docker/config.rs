//! Docker's `config.json`, as far as logins go: which helper is asked about which registry, and whose logins stand in the
//! file itself. Reads only, and no secret leaves here: of an inline login only the user's name is kept.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::auth_file;
use super::creds_store::{self, Placed};
use crate::model::{Login, Problem, RegistryKey, Secret, text};
use crate::system::files::{self, FileError};
use crate::system::rewriting::RewriteError;

/// The file's name in Docker's folder.
pub const FILE: &str = "config.json";

/// The key of the helper for every registry that has none of its own.
pub(super) const CREDS_STORE: &str = "credsStore";

/// The most that is read, in bytes.
pub(super) const SIZE_MAX: u64 = 1 << 20;

/// What the file says of logins.
#[derive(Clone, Debug, Default)]
pub struct DockerConfig {
    pub file: PathBuf,
    pub exists: bool,
    /// `credsStore`: the helper for every registry that has none of its own; without `docker-credential-`.
    pub helper: Option<String>,
    /// `credHelpers`: the helper of one registry. An empty one means that Docker keeps the login in this file.
    pub helpers: BTreeMap<String, String>,
    /// `auths` that hold a secret. An entry without one is only the mark that Docker leaves at a login with a helper.
    pub inline: Vec<InlineLogin>,
    /// Where `credsStore` is.
    pub placed: Placed,
}

/// A login whose secret stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlineLogin {
    pub server: RegistryKey,
    /// None where it is not told, or only an identity token is there.
    pub login: Option<Login>,
}

#[derive(Debug, thiserror::Error)]
pub enum DockerConfigError {
    #[error(transparent)]
    File(#[from] FileError),
    // serde's own message may quote a value.
    #[error("{} is not what Docker can read: line {line}, column {column}", text::quoted_path(.file))]
    Json { file: PathBuf, line: usize, column: usize },
    #[error("{} is not as it has to be for this change", text::quoted_path(.file))]
    Unfit { file: PathBuf },
    #[error("{} was changed by somebody else meanwhile", text::quoted_path(.file))]
    Changed { file: PathBuf },
}

impl From<RewriteError> for DockerConfigError {
    fn from(error: RewriteError) -> DockerConfigError {
        match error {
            RewriteError::File(error) => DockerConfigError::File(error),
            RewriteError::Changed(file) => DockerConfigError::Changed { file },
        }
    }
}

impl From<DockerConfigError> for Problem {
    fn from(error: DockerConfigError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match error {
            DockerConfigError::File(error) => error.hint().into_iter().fold(problem, Problem::hint),
            DockerConfigError::Unfit { .. } => problem.because("it names a helper already, or is no longer as it was"),
            DockerConfigError::Changed { .. } => problem.hint("look again, then do it again"),
            DockerConfigError::Json { .. } => {
                problem.hint("mend it by hand before the next docker login, which overwrites it")
            }
        }
    }
}

/// Reads the file in Docker's folder; one that is not there says nothing.
pub fn read(folder: &Path) -> Result<DockerConfig, DockerConfigError> {
    let file = folder.join(FILE);
    let bytes = match files::read_bounded(&file, SIZE_MAX) {
        Ok(bytes) => Secret::new(bytes),
        Err(error) if error.is_not_found() => return Ok(DockerConfig { file, ..DockerConfig::default() }),
        Err(error) => return Err(error.into()),
    };
    parse(&file, bytes.expose())
}

/// What this text says, which is that of the file.
pub(super) fn parse(file: &Path, text: &[u8]) -> Result<DockerConfig, DockerConfigError> {
    // Docker takes an empty file for an empty object (docker/cli `cli/config/config.go`).
    let raw = if text.is_empty() { Ok(Raw::default()) } else { serde_json::from_slice::<Raw>(text) };
    let raw = raw.map_err(|error| DockerConfigError::Json {
        file: file.to_owned(),
        line: error.line(),
        column: error.column(),
    })?;
    let inline = raw.auths.into_iter().filter_map(|(server, RawAuth { auth, username, holds })| {
        let holds = holds || auth.holds;
        let login = auth.user.or(username.filter(|user| !user.is_empty()).map(Login::new));
        holds.then(|| InlineLogin { server: RegistryKey::new(server), login })
    });
    let helper = raw.creds_store.filter(|helper| !helper.is_empty());
    Ok(DockerConfig {
        exists: true,
        placed: creds_store::placed(text, helper.as_deref()),
        helper,
        helpers: raw.cred_helpers,
        inline: inline.collect(),
        file: file.to_owned(),
    })
}

impl DockerConfig {
    /// The helper that Docker asks about this server; None: it looks into its own file.
    pub fn helper_for(&self, server: &RegistryKey) -> Option<&str> {
        let own = self.helpers.get(&*server.to_text());
        own.or(self.helper.as_ref()).map(String::as_str).filter(|helper| !helper.is_empty())
    }
}

/// True when Go takes this key for that field: whatever its case, U+017F for an `s` and U+212A for a `k` among it
/// (encoding/json, `foldName`).
pub(super) fn is_key(key: &str, field: &str) -> bool {
    let folded = |character: char| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    key.chars().map(folded).eq(field.chars().map(folded))
}

/// The object as Go fills it (encoding/json, `Unmarshal`): a key counts in any case, of a text that is there twice the last
/// one, of an object all that is in each; `null` leaves a text as it is and empties an object.
#[derive(Default)]
struct Raw {
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
    auths: BTreeMap<String, RawAuth>,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_map(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut raw = Raw::default();
        while let Some(key) = map.next_key::<String>()? {
            if is_key(&key, CREDS_STORE) {
                raw.creds_store = map.next_value::<Option<String>>()?.or(raw.creds_store);
            } else if is_key(&key, "credHelpers") {
                merge(&mut raw.cred_helpers, map.next_value()?);
            } else if is_key(&key, "auths") {
                merge(&mut raw.auths, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(raw)
    }
}

fn merge<T: Default>(known: &mut BTreeMap<String, T>, more: Option<BTreeMap<String, Option<T>>>) {
    match more {
        Some(more) => known.extend(more.into_iter().map(|(key, value)| (key, value.unwrap_or_default()))),
        None => known.clear(),
    }
}

#[derive(Default)]
struct RawAuth {
    auth: Hidden,
    username: Option<String>,
    /// One of the other secrets is there.
    holds: bool,
}

impl<'de> Deserialize<'de> for RawAuth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawAuth, D::Error> {
        deserializer.deserialize_map(RawAuthVisitor)
    }
}

struct RawAuthVisitor;

impl<'de> Visitor<'de> for RawAuthVisitor {
    type Value = RawAuth;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawAuth, A::Error> {
        let mut raw = RawAuth::default();
        while let Some(key) = map.next_key::<String>()? {
            if is_key(&key, "auth") {
                raw.auth = map.next_value()?;
            } else if is_key(&key, "username") {
                raw.username = map.next_value::<Option<String>>()?.or(raw.username);
            } else if ["password", "identitytoken", "registrytoken"].iter().any(|field| is_key(&key, field)) {
                raw.holds |= map.next_value::<Hidden>()?.holds;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(raw)
    }
}

/// A secret text that is looked at where it stands and never kept.
#[derive(Default)]
struct Hidden {
    holds: bool,
    /// What stands before the first colon, when the text is base64 of `user:password` (Docker's `auth`).
    user: Option<Login>,
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hidden, D::Error> {
        deserializer.deserialize_any(HiddenVisitor)
    }
}

struct HiddenVisitor;

impl Visitor<'_> for HiddenVisitor {
    type Value = Hidden;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Hidden, E> {
        Ok(Hidden::default())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Hidden, E> {
        Ok(Hidden { holds: !value.is_empty(), user: auth_file::user_of(value.as_bytes()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<DockerConfig, DockerConfigError> {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join(FILE), text).expect("writes");
        read(dir.path())
    }

    #[test]
    fn helpers_and_inline_logins_are_seen_and_markers_are_not() {
        let config = read_text(
            r#"{"auths":{"a.test":{},"b.test":{"auth":"Ym9iOmh1bnRlcjI="},"c.test":{"identitytoken":"t0ps3cret"},
            "d.test":null,"e.test":{"auth":"","username":"eve","password":"pw"},"f.test":{"auth":null}},
            "credsStore":"pass","credHelpers":{"g.test":"ecr-login","h.test":""},"HttpHeaders":{"x":"y"}}"#,
        )
        .expect("reads");
        let seen: Vec<(String, Option<&str>)> = config
            .inline
            .iter()
            .map(|inline| (inline.server.to_text().into_owned(), inline.login.as_ref().map(Login::as_str)))
            .collect();
        let row = |server: &str, user| (server.to_owned(), user);
        assert_eq!(seen, [row("b.test", Some("bob")), row("c.test", None), row("e.test", Some("eve"))]);
        let helper = |server: &str| config.helper_for(&RegistryKey::new(server)).map(str::to_owned);
        assert_eq!(helper("a.test").as_deref(), Some("pass"));
        assert_eq!(helper("g.test").as_deref(), Some("ecr-login"));
        assert_eq!(helper("h.test"), None);
        let told = format!("{config:?}");
        assert!(!told.contains("hunter2") && !told.contains("t0ps3cret") && !told.contains("Ym9i"), "{told}");
    }

    #[test]
    fn keys_count_in_any_case_as_docker_reads_them() {
        let config = read_text(
            r#"{"AUTHS":{"b.test":{"AUTH":"Ym9iOmh1bnRlcjI="}},"CREDSSTORE":"pass","credhelpers":{"g.test":"ecr-login"},
            "credsStore":null,"CredHelpers":{"h.test":null},"auths":{"c.test":{"identityTo\u212aen":"t0ps3cret"}}}"#,
        )
        .expect("reads");
        assert_eq!((config.helper.as_deref(), config.placed), (Some("pass"), Placed::Somewhere));
        let helper = |server: &str| config.helper_for(&RegistryKey::new(server)).map(str::to_owned);
        assert_eq!([helper("g.test").as_deref(), helper("h.test").as_deref()], [Some("ecr-login"), None]);
        let inline: Vec<_> = config.inline.iter().map(|inline| inline.server.to_text().into_owned()).collect();
        assert_eq!(inline, ["b.test", "c.test"]);
        let last = read_text(r#"{"credsStore":"desktop","credsstore":"pass"}"#).expect("reads");
        assert_eq!(last.helper.as_deref(), Some("pass"));
    }

    #[test]
    fn a_broken_file_is_told_without_quoting_it() {
        for text in
            [r#"{"auths":{"a":{"auth":["hunter2"]}}}"#, r#"{"credsStore":{"hunter2":1}}"#, "{\"auths\": hunter2"]
        {
            let problem = Problem::from(read_text(text).expect_err("not readable"));
            assert!(!format!("{problem:?}").contains("hunter2"), "{problem:?}");
        }
        let dir = tempfile::tempdir().expect("a folder");
        assert!(!read(dir.path()).expect("nothing there is no error").exists);
        assert!(read_text("").expect("empty is an empty object").exists);
    }
}
