//! The password store: a tree of encrypted files, its folders, recipients files and mounts.
//! Knows names, files and recipients; not cryptography (`cipher`), not commits (`git`), not what an entry is for (`ops`).

mod error;
pub mod gopass;
pub mod layout;

pub use error::StoreError;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::env::Env;
use super::options::Options;
use crate::model::{EntryPath, Recipient};

/// The root store and what is mounted in it.
#[derive(Debug)]
pub struct Stores {
    /// The root store first.
    stores: Vec<Store>,
}

/// One tree of entries.
#[derive(Debug)]
pub struct Store {
    /// Where it appears among all entries: the root path for the root store, `work` for a mount of that name.
    pub mount: EntryPath,
    pub root: PathBuf,
}

/// One entry, cheap enough to hold 100,000 of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// With the mount's name in front.
    pub path: EntryPath,
    /// Index into `Stores::all()`.
    pub store: usize,
}

/// Something in a store that could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub path: PathBuf,
    pub why: String,
}

/// What could be read and what could not, together: a bad neighbour never hides good ones.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Bytewise by path.
    pub entries: Vec<Entry>,
    pub unreadable: Vec<Unreadable>,
}

/// What the file system says of an entry without opening it.
#[derive(Clone, Debug)]
pub struct EntryFile {
    pub file: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
}

/// Who may read what is written into a folder, and which file says so.
#[derive(Clone, Debug)]
pub struct FolderRecipients {
    pub recipients: Vec<Recipient>,
    /// The nearest `.gpg-id`; None when `$PASSWORD_STORE_KEY` decided.
    pub source: Option<PathBuf>,
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

/// Held while a store is written; shared by all regpass processes. Released on drop.
#[derive(Debug)]
pub struct StoreLock {}

impl Stores {
    /// Finds the root store and its mounts; touches no entry. A store whose folder is missing still opens.
    pub fn open(_env: &Env, _options: &Options) -> Result<Stores, StoreError> {
        todo!()
    }

    pub fn root(&self) -> &Store {
        &self.stores[0]
    }

    pub fn all(&self) -> &[Store] {
        &self.stores
    }

    /// The store that holds a name, and the name inside it: the longest mount that fits, else the root store.
    pub fn locate(&self, _path: &EntryPath) -> (&Store, EntryPath) {
        todo!()
    }

    /// Every entry of every store.
    pub fn list(&self) -> Listing {
        todo!()
    }
}

impl Store {
    /// Every entry below `folder` (inside this store). Links to folders are followed, loops are reported.
    pub fn list(&self, _folder: &EntryPath) -> Listing {
        todo!()
    }

    /// The ciphertext of an entry; None when there is none.
    pub fn read(&self, _entry: &EntryPath) -> Result<Option<Vec<u8>>, StoreError> {
        todo!()
    }

    pub fn entry_file(&self, _entry: &EntryPath) -> Result<Option<EntryFile>, StoreError> {
        todo!()
    }

    /// The recipients of what is written into `folder`: the nearest `.gpg-id` upwards, or `$PASSWORD_STORE_KEY`.
    pub fn recipients_for(&self, _folder: &EntryPath, _options: &Options) -> Result<FolderRecipients, StoreError> {
        todo!()
    }

    /// Waits (bounded) for the lock that all regpass processes share on this store.
    pub fn lock(&self, _options: &Options) -> Result<StoreLock, StoreError> {
        todo!()
    }

    /// Replaces an entry atomically, making its folders. Leaves nothing behind when it fails.
    pub fn write(
        &self,
        _lock: &StoreLock,
        _entry: &EntryPath,
        _ciphertext: &[u8],
        _options: &Options,
    ) -> Result<(), StoreError> {
        todo!()
    }

    /// Removes an entry's file and the folders that it leaves empty, up to but without the store's root. False when it
    /// was not there.
    pub fn remove(&self, _lock: &StoreLock, _entry: &EntryPath) -> Result<bool, StoreError> {
        todo!()
    }

    /// Removes a folder and all that is in it; a link is unlinked, never followed. False when it was not there.
    pub fn remove_folder(&self, _lock: &StoreLock, _folder: &EntryPath) -> Result<bool, StoreError> {
        todo!()
    }

    pub fn root(&self) -> &Path {
        &self.root
    }
}
