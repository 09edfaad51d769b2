//! The name of an entry or folder inside a store: relative, normal and free of `..` by construction, so that joining it
//! to a root can never leave the root. Not a path of the file system.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::text;

/// `a/b` names the file `ROOT/a/b.gpg` or the folder `ROOT/a/b`. Any bytes but NUL; ordered bytewise. The empty path is
/// the store's top folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryPath(OsString);

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryPathError {
    #[error("it is empty")]
    Empty,
    #[error("\"..\" in it would leave the store")]
    Parent,
    #[error("it holds a NUL byte")]
    Nul,
}

impl EntryPath {
    /// The store's top folder.
    pub fn root() -> EntryPath {
        EntryPath::default()
    }

    /// As pass reads a name: a leading `/` is dropped, `//` and `.` are folded, a trailing `/` is dropped. `..` is refused
    /// rather than resolved. The empty name is refused; use `root()`.
    pub fn parse(name: impl AsRef<OsStr>) -> Result<EntryPath, EntryPathError> {
        let mut path: Vec<u8> = Vec::with_capacity(name.as_ref().len());
        for part in name.as_ref().as_bytes().split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => continue,
                b".." => return Err(EntryPathError::Parent),
                _ if part.contains(&0) => return Err(EntryPathError::Nul),
                _ => {}
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(part);
        }
        if path.is_empty() {
            return Err(EntryPathError::Empty);
        }
        Ok(EntryPath(OsString::from_vec(path)))
    }

    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub fn as_os_str(&self) -> &OsStr {
        &self.0
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Safe for a terminal.
    pub fn display(&self) -> Cow<'_, str> {
        text::escaped(self.as_bytes())
    }

    /// The last part of the name; empty for the root.
    pub fn name(&self) -> &OsStr {
        let bytes = self.as_bytes();
        let start = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        OsStr::from_bytes(&bytes[start..])
    }

    /// The folder it is in; the root's parent is the root.
    pub fn parent(&self) -> EntryPath {
        let bytes = self.as_bytes();
        let end = bytes.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        EntryPath(OsString::from_vec(bytes[..end].to_vec()))
    }

    /// This folder's child. `part` goes through the same rules as a whole name.
    pub fn join(&self, part: impl AsRef<OsStr>) -> Result<EntryPath, EntryPathError> {
        let mut whole = self.0.clone();
        whole.push("/");
        whole.push(part);
        EntryPath::parse(&whole).and_then(|path| if path == *self { Err(EntryPathError::Empty) } else { Ok(path) })
    }

    /// True when it is `folder` or lies below it.
    pub fn is_within(&self, folder: &EntryPath) -> bool {
        folder.is_root()
            || self == folder
            || self.as_bytes().strip_prefix(folder.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
    }

    /// What is left of it below `folder`; None when it is not within.
    pub fn below(&self, folder: &EntryPath) -> Option<EntryPath> {
        if folder.is_root() {
            return Some(self.clone());
        }
        let rest = self.as_bytes().strip_prefix(folder.as_bytes())?;
        match rest {
            b"" => Some(EntryPath::root()),
            _ => rest.strip_prefix(b"/").map(|rest| EntryPath(OsString::from_vec(rest.to_vec()))),
        }
    }

    /// The entry's file below `root`: the name with `.gpg` appended.
    pub fn file(&self, root: &Path) -> PathBuf {
        let mut name = self.0.clone();
        name.push(".gpg");
        root.join(name)
    }

    /// The folder of this name below `root`.
    pub fn folder(&self, root: &Path) -> PathBuf {
        if self.is_root() { root.to_owned() } else { root.join(&self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normal_or_refused() {
        let parse = |name: &str| EntryPath::parse(name).map(|path| path.display().into_owned());
        assert_eq!(parse("/s//a/./b/").as_deref(), Ok("s/a/b"));
        assert_eq!(parse("a/../b"), Err(EntryPathError::Parent));
        assert_eq!(parse(".."), Err(EntryPathError::Parent));
        assert_eq!(parse("a..b/...").as_deref(), Ok("a..b/..."));
        assert_eq!(parse("a\0b"), Err(EntryPathError::Nul));
        assert_eq!(parse("/./"), Err(EntryPathError::Empty));
    }

    #[test]
    fn parts_fit_together() -> Result<(), EntryPathError> {
        let path = EntryPath::parse("a/b/c")?;
        assert_eq!(path.name(), "c");
        assert_eq!(path.parent(), EntryPath::parse("a/b")?);
        assert_eq!(path.parent().join("c")?, path);
        assert!(path.is_within(&EntryPath::parse("a")?) && !path.is_within(&EntryPath::parse("a/b/c/d")?));
        assert!(!EntryPath::parse("ab")?.is_within(&EntryPath::parse("a")?));
        assert_eq!(path.below(&EntryPath::parse("a")?), Some(EntryPath::parse("b/c")?));
        assert_eq!(path.file(Path::new("/s")), Path::new("/s/a/b/c.gpg"));
        assert!(path.join("../x").is_err() && path.join("").is_err());
        Ok(())
    }
}
