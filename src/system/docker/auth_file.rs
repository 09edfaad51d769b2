//! Files in which logins to registries may stand in clear: Docker's own, and those of its kin that have its form. What
//! stands where, how long it is and what is odd about it; a secret never leaves here. Reads only; what is bad is `ops`.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use zeroize::Zeroizing;

use super::document::{self, Node, folded, is_named, pointer_to_server};
pub use super::document::{Broken, pointer};
use super::traits::Traits;
use crate::model::{Login, Secret, misplaced, text};
use crate::system::files::{self, FileError};

/// The most that is read, in bytes.
pub const SIZE_MAX: u64 = 1 << 20;

/// The members of an entry that hold a secret (docker/cli `types.AuthConfig`).
pub(super) const HOLDERS: [&str; 4] = ["auth", "password", "identitytoken", "registrytoken"];

/// How a file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `{"auths": {SERVER: …}}`.
    Nested,
    /// `{SERVER: …}`, as `.dockercfg` was.
    Flat,
}

/// A file that was looked for.
#[derive(Debug)]
pub struct AuthFile {
    pub path: PathBuf,
    /// None: it is not there, or nothing could be learned of it.
    pub meta: Option<Meta>,
    /// Where a symbolic link in its place leads, as written.
    pub link: Option<PathBuf>,
    pub state: State,
}

/// Of the file itself, links followed.
#[derive(Clone, Debug)]
pub struct Meta {
    pub uid: u32,
    /// Permission bits.
    pub mode: u32,
    /// Others can read it: its mode lets them, and so do the folders on the way.
    pub exposed: bool,
}

#[derive(Debug)]
pub enum State {
    Absent,
    /// It is there and was not read.
    Closed(FileError),
    Broken {
        at: Broken,
        /// The lines, counted from 1, on which something stands that looks like a secret of a login.
        lines: Vec<usize>,
    },
    Read(Contents),
}

#[derive(Debug, Default)]
pub struct Contents {
    pub held: Vec<Held>,
    /// Entries of `auths` without a secret: the mark that Docker leaves where a helper keeps the login.
    pub marks: Vec<String>,
    /// `auth` values that are no base64 of `USER:SECRET`: Docker then reads none of the file's entries.
    pub odd: Vec<Held>,
    pub creds_store: Option<String>,
    pub cred_helpers: Vec<(String, String)>,
    /// The names of the outermost members, in order.
    pub keys: Vec<String>,
    /// JSON pointers of members that are there twice.
    pub repeated: Vec<String>,
    /// Headers that are sent to registries and look like a credential.
    pub headers: Vec<Held>,
    /// Texts with `USER:SECRET@` in an address.
    pub addresses: Vec<Held>,
    /// JSON pointers of members that are of another kind than Docker expects there: it then reads nothing of the file.
    pub unfit: Vec<String>,
    /// Something stands behind the object; Docker ignores it, and drops it when it writes the file.
    pub has_more: bool,
}

/// A secret by its place; never the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// RFC 6901.
    pub pointer: String,
    /// The registry; of a header or an address, its name.
    pub server: String,
    pub user: Option<Login>,
    /// The member's name.
    pub what: String,
    /// In bytes, as it stands there.
    pub length: usize,
    /// Of the secret itself, decoded; None for what is no login's.
    pub traits: Option<Traits>,
}

/// Looks at one file.
pub fn read(path: &Path, layout: Layout) -> AuthFile {
    let meta = std::fs::metadata(path).ok().map(|meta| Meta {
        uid: meta.uid(),
        mode: meta.mode() & 0o7777,
        exposed: files::is_exposed(path, meta.mode()),
    });
    let state = match files::read_bounded(path, SIZE_MAX) {
        Ok(bytes) => parsed(&Secret::new(bytes), layout),
        Err(error) if error.is_not_found() && path.symlink_metadata().is_err() => State::Absent,
        Err(error) => State::Closed(error),
    };
    AuthFile { path: path.to_owned(), meta, link: std::fs::read_link(path).ok(), state }
}

/// What a text in a file's place says, such as `DOCKER_AUTH_CONFIG`; None when it is not JSON.
pub fn of_text(text: &Secret) -> Option<Contents> {
    match parsed(text, Layout::Nested) {
        State::Read(contents) => Some(contents),
        _ => None,
    }
}

fn parsed(bytes: &Secret, layout: Layout) -> State {
    // Docker takes an empty file for an empty object (docker/cli `cli/config/config.go`).
    if bytes.is_empty() {
        return State::Read(Contents::default());
    }
    match document::parse(bytes.expose()) {
        Ok((node, more)) => State::Read(Contents { has_more: more, ..contents(&node, layout) }),
        Err(at) => State::Broken { at, lines: suspicious_lines(bytes.expose()) },
    }
}

fn contents(node: &Node, layout: Layout) -> Contents {
    let mut found = Contents {
        unfit: if layout == Layout::Nested { unfit(node) } else { Vec::new() },
        creds_store: plain(node.get("credsStore"))
            .filter(|helper| !helper.is_empty())
            .map(|name| misplaced::helper(&name)),
        keys: node.members().iter().map(|(key, _)| key.clone()).collect(),
        repeated: node.repeated(),
        ..Contents::default()
    };
    let own = |(server, helper): (&str, String)| (misplaced::server(server), misplaced::helper(&helper));
    found.cred_helpers = helpers(node).into_iter().map(own).collect();
    match layout {
        Layout::Nested => {
            for (key, node) in node.all("auths") {
                found.add_entries(&pointer("", key), node);
            }
        }
        Layout::Flat => found.add_entries("", node),
    }
    for (name, node) in node.get("HttpHeaders").map(Node::members).unwrap_or_default() {
        found.headers.extend(header(name, node));
    }
    if let Some(proxies) = node.get("proxies") {
        found.add_addresses("/proxies", "proxies", proxies);
    }
    found
}

impl Contents {
    fn add_entries(&mut self, at: &str, entries: &Node) {
        for (server, entry) in entries.members() {
            let here = pointer_to_server(at, server);
            let told = plain(entry.get("username")).filter(|user| !user.is_empty()).map(Login::new);
            let before = self.held.len();
            for (name, value) in entry.members().iter().filter(|(name, _)| holds(name)) {
                let Some(value) = value.text().filter(|text| !text.is_empty()) else { continue };
                let is_auth = is_named(name, "auth");
                let decoded = if is_auth { user_of(value.expose()) } else { None };
                let is_odd = is_auth && decoded.is_none();
                let user = decoded.as_ref().or(told.as_ref()).map(Login::as_str);
                let traits = match is_auth {
                    true => decoded_pair(value.expose()).map(|(_, secret)| Traits::of(user, &secret)),
                    false => Some(Traits::of(user, value)),
                };
                let held = Held {
                    pointer: pointer(&here, name),
                    server: misplaced::server(server),
                    user: decoded.or_else(|| told.clone()),
                    what: name.clone(),
                    length: value.len(),
                    traits,
                };
                self.odd.extend(is_odd.then(|| held.clone()));
                self.held.push(held);
            }
            if before == self.held.len() {
                self.marks.push(misplaced::server(server));
            }
        }
    }

    fn add_addresses(&mut self, at: &str, name: &str, node: &Node) {
        match node {
            Node::Text(text) => {
                let length = secret_in_address(text.expose());
                let held = |length| Held {
                    pointer: at.to_owned(),
                    server: misplaced::name(name),
                    user: None,
                    what: "address".to_owned(),
                    length,
                    traits: None,
                };
                self.addresses.extend(length.map(held));
            }
            Node::Map(members) => {
                members.iter().for_each(|(key, node)| self.add_addresses(&pointer(at, key), key, node));
            }
            Node::List(nodes) => {
                let below = |index: usize| pointer(at, &index.to_string());
                nodes.iter().enumerate().for_each(|(index, node)| self.add_addresses(&below(index), name, node));
            }
            Node::Null | Node::Other => {}
        }
    }
}

/// Addresses with a secret in them, anywhere below these members of a JSON file; None when it cannot be read as JSON.
pub fn addresses(path: &Path, members: &[&str]) -> Result<Vec<Held>, FileError> {
    let bytes = Secret::new(files::read_bounded(path, SIZE_MAX)?);
    let mut found = Contents::default();
    if let Ok((node, _)) = document::parse(bytes.expose()) {
        for (key, node) in node.members().iter().filter(|(key, _)| members.contains(&key.as_str())) {
            found.add_addresses(&pointer("", key), key, node);
        }
    }
    Ok(found.addresses)
}

/// How long the secret of `SCHEME://USER:SECRET@HOST` is, the first in the text; None without one. One that is a
/// variable's name is none.
pub fn secret_in_address(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    while let Some(at) = find(rest, b"://") {
        rest = &rest[at + 3..];
        let end = rest.iter().position(|byte| b"/?# \t\"'".contains(byte)).unwrap_or(rest.len());
        let Some(host) = rest[..end].iter().rposition(|byte| *byte == b'@') else { continue };
        let Some(colon) = rest[..host].iter().position(|byte| *byte == b':') else { continue };
        let secret = &rest[colon + 1..host];
        if !secret.is_empty() && !secret.starts_with(b"$") && !secret.iter().all(|byte| *byte == b'*') {
            return Some(secret.len());
        }
    }
    None
}

/// A header that carries a credential: `Authorization` and its kin, or a name with a token's word in it.
fn header(name: &str, node: &Node) -> Option<Held> {
    let value = node.text().filter(|value| !value.is_empty())?;
    let lower = name.to_ascii_lowercase();
    let words = ["auth", "token", "cookie", "api-key", "apikey", "secret", "password"];
    let carries = words.iter().any(|word| lower.contains(word)) || lower.ends_with("-api");
    carries.then(|| Held {
        pointer: pointer("/HttpHeaders", name),
        server: name.to_owned(),
        user: None,
        what: "header".to_owned(),
        length: value.len(),
        traits: None,
    })
}

/// A member that holds a secret.
pub(super) fn holds(name: &str) -> bool {
    HOLDERS.iter().any(|holder| is_named(name, holder))
}

/// `credHelpers`: a null is the empty text, by which Docker keeps the login in the file.
pub(super) fn helpers(node: &Node) -> BTreeMap<&str, String> {
    let helpers = node.entries("credHelpers").into_iter();
    helpers.map(|(server, helper)| (server, plain(Some(helper)).unwrap_or_default())).collect()
}

/// What Go's decoder refuses (docker/cli `configfile.ConfigFile`), which ends the reading of the whole file.
pub(super) fn unfit(node: &Node) -> Vec<String> {
    if !node.is_map() {
        return vec![String::new()];
    }
    let is_text = |node: &Node| node.text().is_some();
    let is_part = |name: &str| holds(name) || is_named(name, "username");
    let is_texts = |node: &Node| node.is_map() && node.members().iter().all(|(_, node)| node.is_null_or(is_text));
    let is_entry = |node: &Node| {
        node.is_map() && node.members().iter().all(|(name, node)| !is_part(name) || node.is_null_or(is_text))
    };
    let is_entries = |node: &Node| node.is_map() && node.members().iter().all(|(_, node)| node.is_null_or(is_entry));
    let fits = |name: &str, node: &Node| match folded(name).as_str() {
        "auths" => node.is_null_or(is_entries),
        "credsstore" => node.is_null_or(is_text),
        "credhelpers" | "httpheaders" => node.is_null_or(is_texts),
        _ => true,
    };
    node.members().iter().filter(|(name, node)| !fits(name, node)).map(|(name, _)| pointer("", name)).collect()
}

/// A text that is no secret.
pub(super) fn plain(node: Option<&Node>) -> Option<String> {
    node.and_then(Node::text).map(|text| String::from_utf8_lossy(text.expose()).into_owned())
}

/// The user of an `auth`.
pub(super) fn user_of(auth: &[u8]) -> Option<Login> {
    let (user, _) = decoded_pair(auth)?;
    std::str::from_utf8(user.expose()).ok().map(Login::new)
}

/// User and secret of an `auth`. Go's decoder passes over line ends, and Docker takes NULs off both ends of the secret
/// (docker/cli `decodeAuth`).
pub(super) fn decoded_pair(auth: &[u8]) -> Option<(Secret, Secret)> {
    let text: Zeroizing<Vec<u8>> =
        Zeroizing::new(auth.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect());
    let whole = Secret::new(base64::engine::general_purpose::STANDARD.decode(&*text).ok()?);
    let bytes = whole.expose();
    let colon = bytes.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0)?;
    let is_inside = |byte: &u8| *byte != 0;
    let first = bytes[colon + 1..].iter().position(is_inside).map_or(bytes.len(), |at| colon + 1 + at);
    let end = bytes[first..].iter().rposition(is_inside).map_or(first, |at| first + at + 1);
    Some((whole.part(0..colon), whole.part(first..end)))
}

/// Lines of a file that is no JSON on which a member that holds a secret has a value.
fn suspicious_lines(bytes: &[u8]) -> Vec<usize> {
    let holds = |line: &[u8]| {
        HOLDERS.iter().any(|name| {
            let quoted = format!("\"{name}\"");
            let Some(at) = find(line, quoted.as_bytes()) else { return false };
            let value = line[at + quoted.len()..].trim_ascii_start();
            let value = value.strip_prefix(b":").unwrap_or_default().trim_ascii_start();
            value.first().is_some_and(|byte| *byte == b'"') && value.get(1).is_some_and(|byte| *byte != b'"')
        })
    };
    bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| holds(line)).map(|(index, _)| index + 1).collect()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

impl Meta {
    /// True when its mode gives somebody other than the owner a right.
    pub fn is_open(&self) -> bool {
        self.mode & 0o077 != 0
    }
}

impl Held {
    /// What it is, in words, without the secret.
    pub fn words(&self) -> String {
        let name = text::escaped(self.what.as_bytes());
        format!("{name}, {} {}", self.length, if self.length == 1 { "byte" } else { "bytes" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(content: &str, layout: Layout) -> State {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("config.json");
        std::fs::write(&path, content).expect("writes");
        read(&path, layout).state
    }

    fn contents_of(content: &str) -> Contents {
        match look(content, Layout::Nested) {
            State::Read(contents) => contents,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_holder_is_seen_and_markers_are_not() {
        let found = contents_of(
            r#"{"auths":{"a.test":{},"https://b.test/v1/":{"auth":"Ym9iOmh1bnRlcjI="},"c.test":{"identitytoken":"t0ps3cret"},
            "d.test":{"email":"d@d.test"},"e.test":{"username":"eve","password":"pw","auth":""},"f.test":null,
            "g.test":{"auth":"bm9jb2xvbg=="},"h.test":{"auth":"%%%"}},"credsStore":"pass","credHelpers":{"i.test":""}}"#,
        );
        let held: Vec<(&str, Option<&str>, usize)> = found
            .held
            .iter()
            .map(|held| (held.pointer.as_str(), held.user.as_ref().map(Login::as_str), held.length))
            .collect();
        assert_eq!(
            held,
            [
                ("/auths/https:~1~1b.test~1v1~1/auth", Some("bob"), 16),
                ("/auths/c.test/identitytoken", None, 9),
                ("/auths/e.test/password", Some("eve"), 2),
                ("/auths/g.test/auth", None, 12),
                ("/auths/h.test/auth", None, 3),
            ]
        );
        assert_eq!(found.marks, ["a.test", "d.test", "f.test"]);
        assert_eq!(found.odd.iter().map(|odd| odd.server.as_str()).collect::<Vec<_>>(), ["g.test", "h.test"]);
        assert_eq!(found.creds_store.as_deref(), Some("pass"));
        assert_eq!(found.cred_helpers, [("i.test".to_owned(), String::new())]);
        let told = format!("{found:?}");
        assert!(!told.contains("hunter2") && !told.contains("t0ps3cret") && !told.contains("Ym9i"), "{told}");
    }

    #[test]
    fn the_flat_form_of_old() {
        let State::Read(found) =
            look(r#"{"https://index.docker.io/v1/":{"auth":"Ym9iOng=","email":"b@b.test"}}"#, Layout::Flat)
        else {
            panic!("readable")
        };
        assert_eq!(found.held[0].pointer, "/https:~1~1index.docker.io~1v1~1/auth");
    }

    #[test]
    fn headers_and_addresses() {
        let found = contents_of(
            r#"{"HttpHeaders":{"X-Meta":"a","Authorization":"Bearer x","X-Auth-Token":"t","X-Empty-Token":""},
            "proxies":{"default":{"httpProxy":"http://u:p4ss@proxy.test:3128","noProxy":"a.test","httpsProxy":"http://u@proxy.test"}}}"#,
        );
        assert_eq!(
            found.headers.iter().map(|held| held.pointer.as_str()).collect::<Vec<_>>(),
            ["/HttpHeaders/Authorization", "/HttpHeaders/X-Auth-Token"]
        );
        assert_eq!(
            found.addresses.iter().map(|held| (held.pointer.as_str(), held.length)).collect::<Vec<_>>(),
            [("/proxies/default/httpProxy", 4)]
        );
    }

    #[test]
    fn addresses_without_a_secret_are_none() {
        for clean in [
            "http://a.test:80/x@y:z",
            "u:p@a.test",
            "http://u@a.test",
            "http://u:@a.test",
            "http://u:$P@a.test",
            "http://u:***@a",
        ] {
            assert_eq!(secret_in_address(clean.as_bytes()), None, "{clean}");
        }
        assert_eq!(secret_in_address(b"x http://u@a.test, https://u:p@w@b.test/"), Some(3));
    }

    #[test]
    fn a_broken_file_is_searched_all_the_same() {
        let State::Broken { at, lines } = look(
            "{\n \"auths\": {\n  \"a.test\": {\"auth\" : \"Ym9iOng=\"},\n  \"b.test\": {\"auth\":\"\"},\n }}",
            Layout::Nested,
        ) else {
            panic!("broken")
        };
        assert_eq!((at.line, lines), (5, vec![3]));
        assert!(matches!(look("", Layout::Nested), State::Read(_)));
        let dir = tempfile::tempdir().expect("a folder");
        assert!(matches!(read(&dir.path().join("none"), Layout::Nested).state, State::Absent));
        assert!(matches!(read(dir.path(), Layout::Nested).state, State::Closed(_)));
        std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).expect("a link");
        assert!(matches!(read(&dir.path().join("dangling"), Layout::Nested).state, State::Closed(_)));
    }
}
