//! Who may read what is written into a folder: the nearest `.gpg-id`, read as the better of pass and gopass does
//! (pass 1.7.4, `set_gpg_recipients` and `verify_file`; gopass, `internal/recipients/recipients.go`). Only its text and
//! its signature's bytes; keys are `keyring`, the check is `ops`.

use std::io;
use std::path::{Path, PathBuf};

use super::{Store, StoreError};
use crate::model::{EntryPath, GpgIdFile, Recipient};
use crate::system::files::{self, FileError};
use crate::system::options::Options;

/// The largest recipients file and signature read, in bytes.
pub(super) const GPG_ID_MAX: u64 = 1 << 20;

/// Who may read what is written into a folder, and which file says so.
#[derive(Clone, Debug)]
pub struct FolderRecipients {
    pub recipients: Vec<Recipient>,
    /// The nearest `.gpg-id`; None when `$PASSWORD_STORE_KEY` decided.
    pub source: Option<PathBuf>,
    /// The file's last line has no newline: pass would silently leave that recipient out.
    pub unterminated: bool,
    /// `.gpg-id`'s own bytes and its detached signature, for checking against `Options::signing_keys`. None when no
    /// signature is asked for.
    pub signed: Option<SignedText>,
}

/// Bytes and the detached signature that must cover them.
#[derive(Clone, Debug)]
pub struct SignedText {
    pub text: Vec<u8>,
    pub signature: Vec<u8>,
}

impl Store {
    /// The recipients of what is written into `folder`: the nearest `.gpg-id` upwards, or `$PASSWORD_STORE_KEY`. What
    /// stands in a `.gpg-id`'s place and cannot be read is an error, never a reason to look further up.
    pub fn recipients_for(&self, folder: &EntryPath, options: &Options) -> Result<FolderRecipients, StoreError> {
        if !options.forced_recipients.is_empty() {
            let recipients = options.forced_recipients.clone();
            return Ok(FolderRecipients { recipients, source: None, unterminated: false, signed: None });
        }
        if !self.exists() {
            return Err(StoreError::NoStore { root: self.root.clone() });
        }
        let mut current = folder.clone();
        let (path, bytes) = loop {
            let path = current.folder(&self.root).join(".gpg-id");
            match self.read_gpg_id(&path)? {
                Some(bytes) => break (path, bytes),
                None if current.is_root() => {
                    return Err(StoreError::NotInitialised {
                        root: self.root.clone(),
                        folder: folder.folder(&self.root),
                    });
                }
                None => current = current.parent(),
            }
        };
        let file = match GpgIdFile::parse(&bytes) {
            Ok(file) => file,
            Err(source) => return Err(StoreError::Recipients { path, source }),
        };
        let signed = if options.signing_required { Some(self.read_signature(&path, bytes)?) } else { None };
        let GpgIdFile { recipients, unterminated } = file;
        Ok(FolderRecipients { recipients, source: Some(path), unterminated, signed })
    }

    /// The nearest `.gpg-id` upwards from `folder`, unread; None when there is none.
    pub fn governing_file(&self, folder: &EntryPath) -> Option<PathBuf> {
        let mut current = folder.clone();
        loop {
            let path = current.folder(&self.root).join(".gpg-id");
            if std::fs::symlink_metadata(&path).is_ok() {
                return Some(path);
            }
            if current.is_root() {
                return None;
            }
            current = current.parent();
        }
    }

    /// None when there is no such file.
    fn read_gpg_id(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        match std::fs::symlink_metadata(path) {
            Ok(meta) if meta.is_symlink() => {
                self.link_target(path)?;
            }
            Ok(_) => {}
            Err(error) => {
                let error = FileError::io("cannot read", path, error);
                let absent = error.is_not_found() || error.kind() == io::ErrorKind::InvalidFilename;
                return if absent { Ok(None) } else { Err(error.into()) };
            }
        }
        Ok(Some(files::read_bounded(path, GPG_ID_MAX)?))
    }

    fn read_signature(&self, path: &Path, text: Vec<u8>) -> Result<SignedText, StoreError> {
        match self.read_gpg_id(&path.with_file_name(".gpg-id.sig"))? {
            Some(signature) => Ok(SignedText { text, signature }),
            None => Err(StoreError::Unsigned { path: path.to_owned() }),
        }
    }

    /// Where a link inside the store leads, in the end. A target outside the store, or none, is an error: following it
    /// would read or write files that are not the store's.
    pub(super) fn link_target(&self, link: &Path) -> Result<PathBuf, StoreError> {
        let target = std::fs::canonicalize(link).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::LinkDangles { link: link.to_owned() },
            _ => FileError::io("cannot follow the link", link, error).into(),
        })?;
        let inside = |folder: &Path| std::fs::canonicalize(folder).is_ok_and(|folder| target.starts_with(folder));
        if inside(&self.root) || link.parent().is_some_and(inside) {
            return Ok(target);
        }
        Err(StoreError::LinkLeaves { link: link.to_owned(), target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::Typed;
    use std::os::unix::fs::symlink;

    fn options(vars: &[(&str, &str)]) -> Options {
        let vars = [("HOME", "/nonexistent")].into_iter().chain(vars.iter().copied());
        Options::resolve(&Typed::default(), &Env::made_of(vars)).expect("options")
    }

    fn store(root: &Path) -> Store {
        Store { mount: EntryPath::root(), root: root.to_owned(), index: 0, doubt: None }
    }

    fn ids(store: &Store, folder: &str, options: &Options) -> Result<Vec<String>, StoreError> {
        let folder = if folder.is_empty() { EntryPath::root() } else { EntryPath::parse(folder).expect("a name") };
        let found = store.recipients_for(&folder, options)?;
        Ok(found.recipients.iter().map(|recipient| recipient.as_str().to_owned()).collect())
    }

    #[test]
    fn the_nearest_file_wins_and_nothing_is_merged() {
        let dir = tempfile::tempdir().expect("a store");
        let store = store(dir.path());
        let options = options(&[]);
        assert!(matches!(ids(&store, "a/b", &options), Err(StoreError::NotInitialised { .. })));
        std::fs::create_dir_all(dir.path().join("a/b")).expect("folders");
        std::fs::write(dir.path().join(".gpg-id"), "TOP").expect("top");
        std::fs::write(dir.path().join("a/.gpg-id"), "INNER\r\n").expect("inner");
        assert_eq!(ids(&store, "", &options).expect("top"), ["TOP"]);
        assert_eq!(ids(&store, "x/y/z", &options).expect("top"), ["TOP"]);
        assert_eq!(ids(&store, "a/b/new", &options).expect("inner"), ["INNER"]);
        assert!(store.recipients_for(&EntryPath::root(), &options).expect("top").unterminated);
    }

    #[test]
    fn forced_recipients_need_no_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = store(&dir.path().join("none"));
        let forced = options(&[("PASSWORD_STORE_KEY", "ONE TWO")]);
        assert_eq!(ids(&store, "a", &forced).expect("forced"), ["ONE", "TWO"]);
        assert!(matches!(ids(&store, "a", &options(&[])), Err(StoreError::NoStore { .. })));
    }

    #[test]
    fn odd_files_are_errors_not_reasons_to_look_further() {
        let dir = tempfile::tempdir().expect("a store");
        let outside = tempfile::NamedTempFile::new().expect("a file");
        let store = store(dir.path());
        let options = options(&[]);
        std::fs::write(dir.path().join(".gpg-id"), "TOP\n").expect("top");
        for folder in ["dir/.gpg-id", "empty", "big", "text", "out", "in", "gone"] {
            std::fs::create_dir_all(dir.path().join(folder)).expect("a folder");
        }
        std::fs::write(dir.path().join("empty/.gpg-id"), "# nobody\n").expect("empty");
        std::fs::write(dir.path().join("big/.gpg-id"), vec![b'x'; (GPG_ID_MAX + 1) as usize]).expect("big");
        std::fs::write(dir.path().join("text/.gpg-id"), b"\xff\n").expect("no text");
        symlink(outside.path(), dir.path().join("out/.gpg-id")).expect("a link");
        symlink("nowhere", dir.path().join("gone/.gpg-id")).expect("a link");
        symlink("../.gpg-id", dir.path().join("in/.gpg-id")).expect("a link");
        assert_eq!(ids(&store, "in", &options).expect("inside"), ["TOP"]);
        assert!(matches!(ids(&store, "dir", &options), Err(StoreError::File(FileError::NotAFile { .. }))));
        assert!(matches!(ids(&store, "empty", &options), Err(StoreError::Recipients { .. })));
        assert!(matches!(ids(&store, "big", &options), Err(StoreError::File(FileError::TooLarge { .. }))));
        assert!(matches!(ids(&store, "text", &options), Err(StoreError::Recipients { .. })));
        assert!(matches!(ids(&store, "out", &options), Err(StoreError::LinkLeaves { .. })));
        assert!(matches!(ids(&store, "gone", &options), Err(StoreError::LinkDangles { .. })));
    }

    #[test]
    fn an_asked_for_signature_must_be_there() {
        let dir = tempfile::tempdir().expect("a store");
        let store = store(dir.path());
        let options = options(&[("PASSWORD_STORE_SIGNING_KEY", &"A".repeat(40))]);
        std::fs::write(dir.path().join(".gpg-id"), "TOP\n").expect("top");
        assert!(matches!(ids(&store, "a", &options), Err(StoreError::Unsigned { .. })));
        std::fs::write(dir.path().join(".gpg-id.sig"), "signature").expect("a signature");
        let signed = store.recipients_for(&EntryPath::root(), &options).expect("signed").signed.expect("both");
        assert_eq!((signed.text, signed.signature), (b"TOP\n".to_vec(), b"signature".to_vec()));
    }
}
