//! Writing what says who may read: a folder's own `.gpg-id` with its signature, and the public keys that a gopass store
//! carries. Which recipients, and whose keys, is `ops`.

use std::path::{Path, PathBuf};

use super::recipients::GPG_ID_MAX;
use super::write::{Modes, staged};
use super::{Store, StoreError, StoreLock, absent_is_none};
use crate::model::EntryPath;
use crate::system::files::{self, FileError};
use crate::system::options::Options;

/// gopass's folder of public keys (store-compat 2.2).
pub const PUBLIC_KEYS: &str = ".public-keys";

impl Store {
    /// The folder's own recipients file.
    pub fn recipients_file(&self, folder: &EntryPath) -> PathBuf {
        folder.folder(&self.root).join(".gpg-id")
    }

    /// What the folder's own recipients file holds; None when it has none. A link is refused: what it leads to governs
    /// other folders too.
    pub fn own_recipients(&self, folder: &EntryPath) -> Result<Option<Vec<u8>>, StoreError> {
        let file = self.recipients_file(folder);
        if std::fs::symlink_metadata(&file).is_ok_and(|meta| meta.is_symlink()) {
            let target = self.link_target(&file)?;
            return Err(StoreError::LinkShared { link: file, target });
        }
        absent_is_none(files::read_bounded(&file, GPG_ID_MAX))
    }

    /// True when a signature lies beside the folder's own recipients file.
    pub fn has_signature(&self, folder: &EntryPath) -> bool {
        signature_of(&self.recipients_file(folder)).exists()
    }

    /// Replaces the folder's own recipients file in one step, and its signature in another: between the two, whoever asks
    /// for a signature finds none that fits and writes nothing. The files that were written.
    pub fn write_recipients(
        &self,
        _lock: &StoreLock,
        folder: &EntryPath,
        text: &[u8],
        signature: Option<&[u8]>,
        options: &Options,
    ) -> Result<Vec<PathBuf>, StoreError> {
        self.check_unreserved(folder)?;
        let (file, mode) = (self.recipients_file(folder), Modes::of(options).file);
        let replace = |file: &Path, bytes: &[u8]| {
            let own = file.parent().unwrap_or(&self.root);
            staged(&self.root, own, |staging| files::replace_from(staging, file, bytes, mode))
        };
        replace(&file, text)?;
        let mut written = vec![file.clone()];
        if let Some(signature) = signature {
            let file = signature_of(&file);
            replace(&file, signature)?;
            written.push(file);
        }
        Ok(written)
    }

    /// True when the store carries public keys, and one may have this name.
    pub fn carries(&self, name: &str) -> bool {
        self.key_file(name).is_some()
    }

    /// Puts a public key where gopass looks for it; None where the store carries none.
    pub fn carry_key(
        &self,
        _lock: &StoreLock,
        name: &str,
        key: &[u8],
        options: &Options,
    ) -> Result<Option<PathBuf>, StoreError> {
        let Some(file) = self.key_file(name) else { return Ok(None) };
        let mode = Modes::of(options).file;
        staged(&self.root, &self.root.join(PUBLIC_KEYS), |staging| files::replace_from(staging, &file, key, mode))?;
        Ok(Some(file))
    }

    /// Removes a public key that is carried under this name; None when there is none.
    pub fn drop_key(&self, _lock: &StoreLock, name: &str) -> Result<Option<PathBuf>, StoreError> {
        let Some(file) = self.key_file(name) else { return Ok(None) };
        let removed = std::fs::remove_file(&file).map_err(|source| FileError::io("cannot remove", &file, source));
        Ok(absent_is_none(removed)?.map(|()| file))
    }

    /// None where the store carries no keys, and for names that are no file's.
    fn key_file(&self, name: &str) -> Option<PathBuf> {
        let folder = self.root.join(PUBLIC_KEYS);
        let is_folder = std::fs::symlink_metadata(&folder).is_ok_and(|meta| meta.is_dir());
        (is_folder && !name.contains('/') && !matches!(name, "" | "." | "..")).then(|| folder.join(name))
    }
}

fn signature_of(file: &Path) -> PathBuf {
    file.with_file_name(".gpg-id.sig")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::Typed;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_a_folder_s_own_file_is_written_and_keys_only_where_they_are_carried() {
        let dir = tempfile::tempdir().expect("a store");
        let store = Store { mount: EntryPath::root(), root: dir.path().to_owned(), index: 0, doubt: None };
        let options = Options::resolve(&Typed::default(), &Env::made_of([("HOME", "/x")])).expect("options");
        let lock = store.lock().expect("locked");
        let folder = |name: &str| EntryPath::parse(name).expect("a name");
        for name in ["a", "b"] {
            std::fs::create_dir(dir.path().join(name)).expect("a folder");
        }
        assert_eq!(store.own_recipients(&folder("a")).expect("none"), None);
        let written = store.write_recipients(&lock, &folder("a"), b"X\n", Some(b"sig"), &options).expect("written");
        assert_eq!(written, [dir.path().join("a/.gpg-id"), dir.path().join("a/.gpg-id.sig")]);
        assert_eq!(store.own_recipients(&folder("a")).expect("there").as_deref(), Some(&b"X\n"[..]));
        assert!(store.has_signature(&folder("a")) && !store.has_signature(&folder("b")));
        symlink("../a/.gpg-id", dir.path().join("b/.gpg-id")).expect("a link");
        assert!(matches!(store.own_recipients(&folder("b")), Err(StoreError::LinkShared { .. })));

        assert_eq!(store.carry_key(&lock, "X", b"key", &options).expect("no place"), None);
        let keys = dir.path().join(".public-keys");
        std::fs::create_dir(&keys).expect("a folder");
        assert_eq!(store.carry_key(&lock, "X", b"key", &options).expect("carried"), Some(keys.join("X")));
        for name in ["../a/.gpg-id", "..", ""] {
            assert_eq!(store.carry_key(&lock, name, b"key", &options).expect("refused"), None, "{name}");
        }
        assert_eq!(store.drop_key(&lock, "X").expect("dropped"), Some(keys.join("X")));
        assert_eq!(store.drop_key(&lock, "X").expect("absent"), None);
    }
}
