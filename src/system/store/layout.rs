//! Registry and user name to folder and file name, and back: the layout of docker-credential-helpers' `pass` backend
//! (v0.9.8, `pass/pass.go`), with user names that it gets wrong kept in one flat, reversible file name. Pure: no file is
//! touched here.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

use crate::model::{EntryPath, EntryPathError, Login, Problem, RegistryKey, text};

/// The folder of the store that holds registry credentials (docker-credential-helpers `pass/pass.go`, `PASS_FOLDER`).
pub const HELPER_FOLDER: &str = "docker-credential-helpers";

/// The folder in a registry's folder that keeps the logins that are not used now. The official helper answers the first name
/// in the registry's folder, and this one comes after those that people have.
pub const ASIDE: &str = "~";

/// The longest file name of every file system that matters here (Linux, `NAME_MAX`), in bytes.
const NAME_MAX: usize = 255;

/// What every entry's file name ends in.
pub const SUFFIX: &str = ".gpg";

/// Why a registry or a user name cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    #[error("the server name {} is too long to be a file name", text::quoted(.0))]
    ServerTooLong(Vec<u8>),
    #[error("the server name is empty")]
    ServerEmpty,
    #[error("{} is too long to be a file name", .0.described())]
    UserTooLong(Login),
    #[error("the user name is empty")]
    UserEmpty,
    #[error("{} would leave its registry's folder", .0.described())]
    UserLeaves(Login),
    #[error("{} holds a NUL byte", .0.described())]
    UserNul(Login),
    #[error(transparent)]
    Name(#[from] EntryPathError),
}

impl From<LayoutError> for Problem {
    fn from(error: LayoutError) -> Problem {
        Problem::failed(error.to_string())
    }
}

/// The folder that holds a registry's logins.
pub fn registry_folder(key: &RegistryKey) -> Result<EntryPath, LayoutError> {
    if key.as_bytes().is_empty() {
        return Err(LayoutError::ServerEmpty);
    }
    let name = URL_SAFE.encode(key.as_bytes());
    if name.len() > NAME_MAX {
        return Err(LayoutError::ServerTooLong(key.as_bytes().to_vec()));
    }
    Ok(helper_folder()?.join(name)?)
}

/// `HELPER_FOLDER` as a path in the store.
pub fn helper_folder() -> Result<EntryPath, EntryPathError> {
    EntryPath::parse(HELPER_FOLDER)
}

/// The registry that a folder's name stands for: only the exact name that `registry_folder` gives, so that what is
/// shown can also be fetched.
pub fn registry_of(folder_name: &[u8]) -> Option<RegistryKey> {
    let server = URL_SAFE.decode(folder_name).ok()?;
    let exact = !server.is_empty() && URL_SAFE.encode(&server).as_bytes() == folder_name;
    exact.then(|| RegistryKey::new(server))
}

/// True for names that a person can read and a terminal shows as they are; chance base64 decodes to others.
pub fn is_printable(key: &RegistryKey) -> bool {
    matches!(text::escaped(key.as_bytes()), Cow::Borrowed(_))
}

/// The entry that holds a user's login at a registry.
pub fn login_entry(key: &RegistryKey, login: &Login) -> Result<EntryPath, LayoutError> {
    Ok(registry_folder(key)?.join(user_file(login.as_str())?)?)
}

/// Where a user's login is kept while another one is used.
pub fn entry_aside(key: &RegistryKey, login: &Login) -> Result<EntryPath, LayoutError> {
    Ok(registry_folder(key)?.join(ASIDE)?.join(user_file(login.as_str())?)?)
}

/// True for an entry in such a folder.
pub fn is_aside(entry: &EntryPath) -> bool {
    let parent = entry.parent();
    !parent.is_root() && parent.name() == ASIDE
}

/// True for the name of an entry whose whole text is a login's secret, used or kept aside.
pub fn is_login(entry: &EntryPath) -> bool {
    let below = helper_folder().ok().and_then(|helper| entry.below(&helper));
    let mut parts = below.iter().flat_map(|below| below.as_bytes().splitn(2, |byte| *byte == b'/'));
    parts.next().is_some_and(|folder| registry_of(folder).is_some()) && parts.next().is_some()
}

/// An entry's or folder's name for a person, safe for a terminal: a login's as whose it is and where, and a registry's
/// folder as the registry, which their own names hide in base64.
pub fn told(path: &EntryPath) -> Cow<'_, str> {
    let is_helper = |folder: &EntryPath| folder.name() == HELPER_FOLDER;
    let folders = std::iter::successors(Some(path.clone()), |below| (!below.is_root()).then(|| below.parent()));
    let Some(helper) = folders.skip(1).find(is_helper) else { return path.display() };
    let below = path.below(&helper).unwrap_or_default();
    let (folder, user) = match below.as_bytes().iter().position(|byte| *byte == b'/') {
        Some(slash) => (&below.as_bytes()[..slash], &below.as_bytes()[slash + 1..]),
        None => (below.as_bytes(), &b""[..]),
    };
    let Some(registry) = registry_of(folder).filter(is_printable) else { return path.display() };
    let store = if helper.parent().is_root() { String::new() } else { format!(" in {}", helper.parent().display()) };
    let aside = [ASIDE.as_bytes(), b"/"].concat();
    match user.strip_prefix(aside.as_slice()).unwrap_or(user) {
        b"" => format!("the logins of {}{store}", registry.display()).into(),
        user => format!("{} at {}{store}", user_of(user).shown(), registry.display()).into(),
    }
}

/// A user name as one file name, without `.gpg`. Most names are their own file name. A name with `/`, a lone `.`, and a
/// name that looks like an encoded one are encoded: `%` as `%25`, `/` as `%2F`, a lone `.` as `%2E`.
pub fn user_file(user: &str) -> Result<String, LayoutError> {
    if user.is_empty() {
        return Err(LayoutError::UserEmpty);
    }
    if user.contains('\0') {
        return Err(LayoutError::UserNul(Login::new(user)));
    }
    if leaves_its_folder(user) {
        return Err(LayoutError::UserLeaves(Login::new(user)));
    }
    let name = if needs_encoding(user.as_bytes()) { encoded(user.as_bytes()) } else { user.as_bytes().to_vec() };
    match String::from_utf8(name) {
        Ok(name) if name.len() + SUFFIX.len() <= NAME_MAX => Ok(name),
        _ => Err(LayoutError::UserTooLong(Login::new(user))),
    }
}

/// The user whose login a file of a registry's folder holds; `stem` is its name without `.gpg`.
pub fn user_of(stem: &[u8]) -> Login {
    let user = decoded(stem);
    Login::new(String::from_utf8_lossy(user.as_deref().unwrap_or(stem)))
}

/// True when some front part of the path climbs above where it starts, and for `..` itself.
fn leaves_its_folder(user: &str) -> bool {
    let mut depth = 0_i64;
    for part in user.split('/') {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

fn needs_encoding(name: &[u8]) -> bool {
    name.contains(&b'/') || name == b"." || decoded(name).is_some()
}

fn encoded(name: &[u8]) -> Vec<u8> {
    if name == b"." {
        return b"%2E".to_vec();
    }
    let mut file = Vec::with_capacity(name.len() + 8);
    for byte in name {
        match byte {
            b'/' => file.extend_from_slice(b"%2F"),
            b'%' => file.extend_from_slice(b"%25"),
            _ => file.push(*byte),
        }
    }
    file
}

/// The name that `encoded` made this file name from; None for any other file name. Ends because each step is shorter.
fn decoded(file: &[u8]) -> Option<Vec<u8>> {
    if file == b"%2E" {
        return Some(b".".to_vec());
    }
    let mut name = Vec::with_capacity(file.len());
    let mut rest = file;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'%' {
            name.push(*byte);
            continue;
        }
        name.push(match tail.get(..2)? {
            b"2F" => b'/',
            b"25" => b'%',
            _ => return None,
        });
        rest = tail.get(2..)?;
    }
    (name.len() < file.len() && needs_encoding(&name) && encoded(&name) == file).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(user: &str) -> Result<String, LayoutError> {
        user_file(user)
    }

    #[test]
    fn folders_are_the_official_ones() {
        let folder = registry_folder(&RegistryKey::new("https://index.docker.io/v1/")).expect("fits");
        assert_eq!(folder.display(), "docker-credential-helpers/aHR0cHM6Ly9pbmRleC5kb2NrZXIuaW8vdjEv");
        assert!(registry_folder(&RegistryKey::new(vec![b'a'; 189])).is_ok());
        assert!(matches!(registry_folder(&RegistryKey::new(vec![b'a'; 192])), Err(LayoutError::ServerTooLong(_))));
        assert_eq!(registry_folder(&RegistryKey::new("")), Err(LayoutError::ServerEmpty));
    }

    #[test]
    fn only_exact_folder_names_are_registries() {
        let key = |name: &str| registry_of(name.as_bytes()).map(|key| key.to_text().into_owned());
        assert_eq!(key("aA==").as_deref(), Some("h"));
        for name in ["aB==", "aA", "aA=", "abc", "ab+=", ".git", "email", ""] {
            assert_eq!(key(name), None, "{name}");
        }
        assert!(!is_printable(&registry_of(b"work").expect("decodes by chance")));
    }

    #[test]
    fn logins_are_in_a_registry_s_folder() {
        let is = |name: &str| is_login(&EntryPath::parse(name).expect("a name"));
        assert!(is("docker-credential-helpers/aA==/bob") && is("docker-credential-helpers/aA==/~/bob"));
        for name in ["docker-credential-helpers/aA==", "docker-credential-helpers/notes/x", "aA==/bob", "x/aA==/bob"] {
            assert!(!is(name), "{name}");
        }
    }

    #[test]
    fn a_login_is_told_as_whose_it_is_and_where() {
        let says = |name: &str| told(&EntryPath::parse(name).expect("a name")).into_owned();
        let folder = URL_SAFE.encode("https://ann:hunter2@h.test/v2/");
        let misplaced = says(&format!("{HELPER_FOLDER}/{folder}/ghp_0aB1cD2eF3"));
        assert_eq!(misplaced, "*** at https://***@h.test/v2/");
        let folder = "docker-credential-helpers/Z2hjci5pbw==";
        assert_eq!(says(&format!("{folder}/bot")), "bot at ghcr.io");
        assert_eq!(says(&format!("{folder}/~/a%2Fb")), "a/b at ghcr.io");
        assert_eq!(says(&format!("work/{folder}/bot")), "bot at ghcr.io in work");
        assert_eq!(says(folder), "the logins of ghcr.io");
        for name in ["mail/alice", "docker-credential-helpers", "docker-credential-helpers/notes/x", "Z2hjci5pbw=="] {
            assert_eq!(says(name), name);
        }
    }

    #[test]
    fn user_names_become_one_file_name_each() {
        for (user, name) in [
            ("alice", "alice"),
            ("<token>", "<token>"),
            (".hidden", ".hidden"),
            ("a.gpg", "a.gpg"),
            ("a%b", "a%b"),
            ("100%25", "100%25"),
            ("...", "..."),
            (".", "%2E"),
            ("/", "%2F"),
            ("a/b", "a%2Fb"),
            ("a/../b", "a%2F..%2Fb"),
            ("robot$p/q%", "robot$p%2Fq%25"),
            ("%2E", "%252E"),
            ("a%2Fb", "a%252Fb"),
        ] {
            assert_eq!(file(user).as_deref(), Ok(name), "{user}");
            assert_eq!(user_of(name.as_bytes()).as_str(), user, "{name}");
        }
    }

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for user in ["..", "../x", "../../email/work", "a/../../b", "/.."] {
            assert_eq!(file(user), Err(LayoutError::UserLeaves(Login::new(user))), "{user}");
        }
        assert_eq!(file(""), Err(LayoutError::UserEmpty));
        assert!(matches!(file("a\0b"), Err(LayoutError::UserNul(_))));
        assert!(file(&"a".repeat(251)).is_ok());
        assert!(matches!(file(&"a".repeat(252)), Err(LayoutError::UserTooLong(_))));
        assert!(matches!(file(&"/".repeat(100)), Err(LayoutError::UserTooLong(_))));
    }

    proptest! {
        #[test]
        fn every_accepted_name_comes_back(user in "[ab./%25FE]{0,12}") {
            if let Ok(name) = user_file(&user) {
                prop_assert!(!name.contains('/') && name != "." && name != "..");
                let login = user_of(name.as_bytes());
                prop_assert_eq!(login.as_str(), user);
            }
        }

        #[test]
        fn every_file_name_has_one_user(name in "[ab.%25FE]{1,12}") {
            prop_assume!(name != "." && name != "..");
            let login = user_of(name.as_bytes());
            if let Ok(back) = user_file(login.as_str()) {
                prop_assert_eq!(back, name);
            }
        }
    }
}
