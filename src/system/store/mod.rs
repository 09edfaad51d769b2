//! The password store: a tree of encrypted files, its folders, recipients files and mounts.
//! Knows names, files and recipients; not cryptography (`cipher`), not commits (`git`), not what an entry is for (`ops`).

mod back;
mod batch;
mod carry;
mod error;
pub mod gopass;
mod governing;
mod holdings;
pub mod inventory;
pub mod layout;
mod listing;
mod logins;
mod recipients;
mod write;

pub use carry::{Content, ContentKind, Standing};
pub use error::{StoreError, not_in_store};
pub use governing::PUBLIC_KEYS;
pub use holdings::Holdings;
pub use logins::{LoginFile, Logins, RegistryListing};
pub use recipients::{FolderRecipients, SignedText};
pub use write::StoreLock;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::env::Env;
use super::files::{self, FileError};
use super::options::Options;
use crate::model::{EntryPath, text};

/// The largest entry read, in bytes. gopass keeps whole files in entries.
const ENTRY_MAX: u64 = 64 << 20;

/// The root store and what is mounted in it.
#[derive(Debug)]
pub struct Stores {
    /// The root store first.
    stores: Vec<Store>,
    /// Parts of gopass's configuration that could not be used.
    faults: Vec<Unreadable>,
}

/// One tree of entries.
#[derive(Debug)]
pub struct Store {
    /// Where it appears among all entries: the root path for the root store, `work` for a mount of that name.
    pub mount: EntryPath,
    pub root: PathBuf,
    index: usize,
    /// Why the person may mean another folder than `root`; None: they do not.
    doubt: Option<gopass::Doubt>,
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

impl Stores {
    /// Finds the root store and its mounts; touches no entry. A store whose folder is missing still opens.
    /// The root: what was typed or `$PASSWORD_STORE_DIR`, else gopass's configuration, else `~/.password-store`, else
    /// gopass's own default where only that exists. A typed root has no mounts.
    pub fn open(env: &Env, options: &Options) -> Result<Stores, StoreError> {
        let gopass = if options.store_typed { gopass::GopassConfig::default() } else { gopass::read(env) };
        let root = match options.store_dir.as_ref().or(gopass.root.as_ref()) {
            Some(root) => env.absolute(root),
            None => default_root(env),
        };
        let doubt = gopass.doubt.filter(|_| options.store_dir.is_none());
        let root = Store { mount: EntryPath::root(), root, index: 0, doubt };
        let mut stores = Stores { stores: vec![root], faults: gopass.unreadable };
        for (name, path) in gopass.mounts {
            stores.add_mount(&name, path);
        }
        Ok(stores)
    }

    fn add_mount(&mut self, name: &str, root: PathBuf) {
        match EntryPath::parse(name) {
            Ok(mount) if self.stores.iter().any(|store| store.mount == mount) => {
                let why = format!("another folder is mounted as {} too", text::quoted(name));
                self.faults.push(Unreadable { path: root, why });
            }
            Ok(mount) => self.stores.push(Store { mount, root, index: self.stores.len(), doubt: None }),
            Err(error) => {
                let why = format!("its mount name {} cannot be used: {error}", text::quoted(name));
                self.faults.push(Unreadable { path: root, why });
            }
        }
    }

    pub fn root(&self) -> &Store {
        &self.stores[0]
    }

    pub fn all(&self) -> &[Store] {
        &self.stores
    }

    /// The store that holds a name, and the name inside it: the longest mount that fits, else the root store.
    pub fn locate(&self, path: &EntryPath) -> (&Store, EntryPath) {
        let fitting = self.stores.iter().filter_map(|store| path.below(&store.mount).map(|inner| (store, inner)));
        fitting.max_by_key(|(store, _)| store.mount.as_bytes().len()).unwrap_or_else(|| (self.root(), path.clone()))
    }

    /// Every entry of every store.
    pub fn list(&self) -> Listing {
        self.list_below(&EntryPath::root())
    }

    /// Every entry below a folder (with the mount's name in front), mounts in it included. What a mount hides of the
    /// store around it is left out and reported.
    pub fn list_below(&self, folder: &EntryPath) -> Listing {
        let mut listing = Listing::default();
        if folder.is_root() {
            listing.unreadable.clone_from(&self.faults);
        }
        let (holder, inner) = self.locate(folder);
        self.add_unhidden(&mut listing, holder, &inner);
        for store in self.stores.iter().filter(|store| store.index != holder.index) {
            if store.mount.is_within(folder) {
                self.add_unhidden(&mut listing, store, &EntryPath::root());
            }
        }
        listing.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        listing
    }

    fn add_unhidden(&self, listing: &mut Listing, store: &Store, folder: &EntryPath) {
        let mut found = store.list(folder);
        for mount in self.stores.iter().filter(|other| other.index != store.index && !other.mount.is_root()) {
            if !mount.mount.is_within(&store.mount) {
                continue;
            }
            let before = found.entries.len();
            found.entries.retain(|entry| !entry.path.is_within(&mount.mount));
            if found.entries.len() < before
                && let Some(inner) = mount.mount.below(&store.mount)
            {
                let why = format!("hidden by what is mounted as {}", text::quoted(mount.mount.as_bytes()));
                found.unreadable.push(Unreadable { path: inner.folder(&store.root), why });
            }
        }
        listing.entries.append(&mut found.entries);
        listing.unreadable.append(&mut found.unreadable);
    }
}

impl Store {
    /// Every entry below `folder` (inside this store). Links to folders are followed, loops are reported.
    pub fn list(&self, folder: &EntryPath) -> Listing {
        listing::list(self, folder)
    }

    /// The ciphertext of an entry; None when there is none.
    pub fn read(&self, entry: &EntryPath) -> Result<Option<Vec<u8>>, StoreError> {
        absent_is_none(files::read_bounded(&entry.file(&self.root), ENTRY_MAX))
    }

    /// None when there is no such entry; what stands in its place and is not a regular file is no entry.
    pub fn entry_file(&self, entry: &EntryPath) -> Result<Option<EntryFile>, StoreError> {
        let file = entry.file(&self.root);
        let fault = |source| FileError::io("cannot look at", &file, source);
        let meta = absent_is_none(std::fs::metadata(&file).map_err(fault))?;
        let Some(meta) = meta.filter(std::fs::Metadata::is_file) else { return Ok(None) };
        let modified = meta.modified().map_err(fault)?;
        Ok(Some(EntryFile { bytes: meta.len(), modified, file }))
    }

    /// The entry whose file has this path (links among its folders resolved), with the mount's name in front; None for what
    /// is no entry of this store.
    pub fn entry_at(&self, file: &Path) -> Option<EntryPath> {
        let root = std::fs::canonicalize(&self.root).ok()?;
        let name = file.strip_prefix(root).ok()?.as_os_str().as_bytes().strip_suffix(b".gpg")?;
        if name.is_empty() || name.ends_with(b"/") {
            return None;
        }
        let inner = OsStr::from_bytes(name);
        if self.mount.is_root() { EntryPath::parse(inner).ok() } else { self.mount.join(inner).ok() }
    }

    /// True when there is a folder of that name.
    pub fn has_folder(&self, folder: &EntryPath) -> bool {
        folder.folder(&self.root).is_dir()
    }

    /// True when something has that folder's name, a link to nothing included.
    pub fn has_name(&self, folder: &EntryPath) -> Result<bool, StoreError> {
        let path = folder.folder(&self.root);
        let meta = std::fs::symlink_metadata(&path).map_err(|source| FileError::io("cannot look at", &path, source));
        Ok(absent_is_none(meta)?.is_some())
    }

    /// An error when the person may mean another folder: then what is not here may be there.
    pub fn check_place(&self) -> Result<(), StoreError> {
        match &self.doubt {
            Some(doubt) => Err(StoreError::PlaceUnknown { root: self.root.clone(), doubt: doubt.clone() }),
            None => Ok(()),
        }
    }

    /// True when the store's own folder is there.
    pub fn exists(&self) -> bool {
        self.root.is_dir()
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its place in `Stores::all()`.
    pub fn index(&self) -> usize {
        self.index
    }
}

/// A name too long for the file system cannot be there either.
fn absent_is_none<T>(result: Result<T, FileError>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() || error.kind() == std::io::ErrorKind::InvalidFilename => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `~/.password-store`, unless only gopass's default is there.
fn default_root(env: &Env) -> PathBuf {
    let pass = env.home().unwrap_or(Path::new("/")).join(".password-store");
    match gopass::default_root(env) {
        Some(gopass) if gopass.is_dir() && !pass.is_dir() => gopass,
        _ => pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::options::Typed;

    fn stores(config: &str, vars: &[(&str, &str)], home: &Path) -> Stores {
        let config_file = home.join("gopass-config");
        std::fs::write(&config_file, config).expect("a config");
        let base = [
            ("HOME", home.to_str().expect("text").to_owned()),
            ("GOPASS_CONFIG", config_file.to_str().expect("text").to_owned()),
            ("GOPASS_CONFIG_NOSYSTEM", "1".to_owned()),
        ];
        let vars = vars.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let env = Env::made_of(base.into_iter().chain(vars));
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        Stores::open(&env, &options).expect("stores")
    }

    fn entry(root: &Path, name: &str) {
        let file = root.join(format!("{name}.gpg"));
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, b"x").expect("an entry");
    }

    fn names(listing: &Listing) -> Vec<String> {
        listing.entries.iter().map(|entry| entry.path.display().into_owned()).collect()
    }

    #[test]
    fn the_root_is_found_in_order() {
        let dir = tempfile::tempdir().expect("a home");
        let home = dir.path();
        let root = |config: &str, vars: &[(&str, &str)]| stores(config, vars, home).root().root.clone();
        assert_eq!(root("", &[]), home.join(".password-store"));
        std::fs::create_dir_all(home.join(".local/share/gopass/stores/root")).expect("gopass's default");
        assert_eq!(root("", &[]), home.join(".local/share/gopass/stores/root"));
        std::fs::create_dir(home.join(".password-store")).expect("pass's default");
        assert_eq!(root("", &[]), home.join(".password-store"));
        assert_eq!(root("[mounts]\npath = ~/g\n", &[]), home.join("g"));
        assert_eq!(root("[mounts]\npath = ~/g\n", &[("PASSWORD_STORE_DIR", "/p")]), Path::new("/p"));
        assert_eq!(root("", &[("PASSWORD_STORE_DIR", "rel")]), Path::new("/rel"));
    }

    #[test]
    fn mounts_hold_their_names_and_hide_what_is_below() {
        let dir = tempfile::tempdir().expect("a home");
        let home = dir.path();
        for (root, name) in [("r", "top"), ("r", "work/old"), ("r", "workshop"), ("w", "a/b"), ("d", "x")] {
            entry(&home.join(root), name);
        }
        let config = "[mounts]\npath = ~/r\n[mounts \"work\"]\npath = ~/w\n[mounts \"work/deep\"]\npath = ~/d\n\
                      [mounts \"../up\"]\npath = ~/d\n[mounts \"gone\"]\npath = ~/gone\n";
        let stores = stores(config, &[], home);
        let listing = stores.list();
        assert_eq!(names(&listing), ["top", "work/a/b", "work/deep/x", "workshop"]);
        let reported: Vec<&Path> = listing.unreadable.iter().map(|bad| bad.path.as_path()).collect();
        assert_eq!(reported, [home.join("d"), home.join("r/work"), home.join("gone")]);
        let located = |name: &str| {
            let (store, inner) = stores.locate(&EntryPath::parse(name).expect("a name"));
            (store.root.clone(), inner.display().into_owned())
        };
        assert_eq!(located("work/deep/x"), (home.join("d"), "x".to_owned()));
        assert_eq!(located("work/a/b"), (home.join("w"), "a/b".to_owned()));
        assert_eq!(located("workshop"), (home.join("r"), "workshop".to_owned()));
        let below = stores.list_below(&EntryPath::parse("work").expect("a name"));
        assert_eq!(names(&below), ["work/a/b", "work/deep/x"]);
    }

    #[test]
    fn absent_and_present_entries() {
        let dir = tempfile::tempdir().expect("a home");
        entry(&dir.path().join(".password-store"), "a/b");
        let stores = stores("", &[], dir.path());
        let path = |name: &str| EntryPath::parse(name).expect("a name");
        assert_eq!(stores.root().read(&path("a/b")).expect("read"), Some(b"x".to_vec()));
        for absent in ["a", "a/c", "a/b/c", "a/b.gpg/c", &"n".repeat(300)] {
            assert_eq!(stores.root().read(&path(absent)).expect("absent"), None, "{absent}");
            assert!(stores.root().entry_file(&path(absent)).expect("absent").is_none(), "{absent}");
        }
        assert_eq!(stores.root().entry_file(&path("a/b")).expect("looked at").map(|file| file.bytes), Some(1));
        assert!(stores.root().has_folder(&path("a")) && !stores.root().has_folder(&path("a/b")));
    }
}
