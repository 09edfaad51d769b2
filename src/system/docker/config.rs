//! Docker's `config.json`, as far as logins go: which helper is asked about which registry, and whose logins stand in the
//! file itself. Reads only, and no secret leaves here: of an inline login only the user's name is kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::auth_file::{self, HOLDERS};
use super::creds_store::{self, Placed};
use super::document::{self, Broken, Node};
use super::edit::EditError;
use crate::model::{Login, Problem, RegistryKey, Secret, misplaced, text};
use crate::system::files::{self, FileError};
use crate::system::rewriting::RewriteError;

/// The file's name in Docker's folder.
pub const FILE: &str = "config.json";

/// The most that is read, in bytes.
pub const SIZE_MAX: u64 = 1 << 20;

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
    /// Those marks.
    pub marks: Vec<RegistryKey>,
    /// `auths` has entries, if only such marks.
    pub has_entries: bool,
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
    #[error("{} is not what Docker can read: what stands at {} is of another kind than it expects",
        text::quoted_path(.file), text::quoted(.pointer))]
    Mistyped { file: PathBuf, pointer: String },
    #[error("{} is not as it has to be for this change", text::quoted_path(.file))]
    Unfit { file: PathBuf, why: EditError },
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
            DockerConfigError::Unfit { why, .. } => problem.because(why),
            DockerConfigError::Changed { .. } => problem.hint("look again, then do it again"),
            DockerConfigError::Json { .. } | DockerConfigError::Mistyped { .. } => {
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
    parse(&file, &bytes)
}

/// What this text says, which is that of the file.
pub(super) fn parse(file: &Path, text: &Secret) -> Result<DockerConfig, DockerConfigError> {
    // Docker takes an empty file for an empty object (docker/cli `cli/config/config.go`).
    let bytes = if text.is_empty() { b"{}" } else { text.expose() };
    let (node, has_more) = document::parse(bytes).map_err(|Broken { line, column }| DockerConfigError::Json {
        file: file.to_owned(),
        line,
        column,
    })?;
    if let Some(pointer) = auth_file::unfit(&node).into_iter().next() {
        return Err(DockerConfigError::Mistyped { file: file.to_owned(), pointer });
    }
    let entries = node.entries("auths");
    let has_entries = !entries.is_empty();
    let of = |entry: &Node, name: &str| entry.get(name).and_then(Node::text).is_some_and(|text| !text.is_empty());
    let (held, marks): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|(_, entry)| HOLDERS.iter().any(|name| of(entry, name)));
    let inline = held.into_iter().map(|(server, entry)| {
        let user = || auth_file::plain(entry.get("username")).filter(|user| !user.is_empty()).map(Login::new);
        let auth = entry.get("auth").and_then(Node::text);
        let login = auth.and_then(|auth| auth_file::user_of(auth.expose())).or_else(user);
        InlineLogin { server: RegistryKey::new(server), login }
    });
    Ok(DockerConfig {
        exists: true,
        placed: creds_store::placed(text, &node, has_more),
        helper: auth_file::plain(node.get("credsStore"))
            .filter(|helper| !helper.is_empty())
            .map(|helper| misplaced::helper(&helper)),
        helpers: auth_file::helpers(&node)
            .into_iter()
            .map(|(server, helper)| (server.to_owned(), misplaced::helper(&helper)))
            .collect(),
        inline: inline.collect(),
        marks: marks.into_iter().map(|(server, _)| RegistryKey::new(server)).collect(),
        has_entries,
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
    fn what_docker_reads_is_read() {
        for (text, helper) in [
            (r#"{"credsStore":"desktop","credsStore":"pass"}"#, "pass"),
            (r#"{"credsStore":"pass","credsStore":null}"#, "pass"),
            (r#"{"credsStore":"pass"} and more"#, "pass"),
            (r#"{"CredsStore":"pass"}"#, "pass"),
            ("{\"cred\u{17f}Store\":\"pass\"}", "pass"),
        ] {
            assert_eq!(read_text(text).expect(text).helper.as_deref(), Some(helper), "{text}");
        }
        let config = read_text(
            r#"{"auths":{"gone":{"auth":"x"}},"auths":null,"Auths":{"a":{"AUTH":"Ym9iOmh1bnRlcjI="},"b":{"auth":"x"}},
            "auths":{"b":null},"credHelpers":{"x":"a"},"CredHelpers":{"x":null,"y":"b"}}"#,
        )
        .expect("Go merges maps");
        let servers: Vec<_> = config.inline.iter().map(|inline| inline.server.to_text().into_owned()).collect();
        assert_eq!(servers, ["a"]);
        assert_eq!(config.inline[0].login.as_ref().map(Login::as_str), Some("bob"));
        assert_eq!(config.helpers, BTreeMap::from([("x".to_owned(), String::new()), ("y".to_owned(), "b".to_owned())]));
        for text in ["[]", r#"{"auths":5}"#, r#"{"auths":{"a":{"username":5}}}"#] {
            assert!(matches!(read_text(text), Err(DockerConfigError::Mistyped { .. })), "{text}");
        }
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
