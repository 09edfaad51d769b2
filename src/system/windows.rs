//! The records of deployment windows: one small file for each registry of a store whose login is there for a while, named
//! by a digest of both. So a reader needs one look, and of a file that cannot be read it is still known which registry it
//! closes. No secret is in them. What follows from one is `ops/deadline.rs`'s.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::{self, FileError, FolderLock};
use super::runner::Runner;
use crate::model::{Problem, text};

/// The folder's name in the state folder.
pub const FOLDER: &str = "windows";

const SCHEMA: u32 = 1;

/// The largest file read: some hundred windows of one registry.
const FILE_MAX: u64 = 64 << 10;

/// The most files looked at.
const FILES_MAX: usize = 10_000;

/// How long another process is waited for that opens or closes: it may be asking a helper that hangs.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// One registry's windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub schema: u32,
    /// `docker.io` for Docker Hub, else the host with its port.
    pub registry: String,
    /// The root of the store, links resolved.
    pub store: PathBuf,
    /// The user's name, fit to be shown.
    pub user: Option<String>,
    /// `store`, or the helper's name without `docker-credential-`.
    pub keeper: String,
    /// The login came with a window and goes with the last one. False: it was there before, and stays.
    pub own: bool,
    pub holds: Vec<Hold>,
}

/// One window's hold on the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// The same for all registries that were opened together.
    pub window: String,
    /// Seconds after 1970.
    pub opened: u64,
    pub until: u64,
    /// The folder of Docker's `config.json`.
    pub docker_config: PathBuf,
    /// That folder, or only its file, was made for the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    /// It lasts as long as this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Runner>,
    /// It was closed, and that the login is gone is not proved.
    #[serde(default)]
    pub closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Made {
    File,
    Folder,
}

impl Record {
    pub fn new(registry: &str, store: &Path, user: Option<String>, keeper: &str, own: bool) -> Record {
        let (registry, keeper) = (registry.to_owned(), keeper.to_owned());
        Record { schema: SCHEMA, registry, store: real(store), user, keeper, own, holds: Vec::new() }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} belongs to another user", text::quoted_path(.0))]
    Foreign(PathBuf),
    #[error("{} is not what was written there", text::quoted_path(.0))]
    Damaged(PathBuf),
    #[error("the window cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<WindowError> for Problem {
    fn from(error: WindowError) -> Problem {
        let hint = match &error {
            WindowError::File(error) => error.hint(),
            _ => None,
        };
        hint.into_iter().fold(Problem::failed(error.to_string()), Problem::hint)
    }
}

/// The file of this registry's windows in this store.
pub fn file_of(state: &Path, store: &Path, registry: &str) -> PathBuf {
    state.join(FOLDER).join(name_of(&real(store), registry))
}

fn name_of(store: &Path, registry: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(store.as_os_str().as_encoded_bytes());
    digest.update([0]);
    digest.update(registry.as_bytes());
    let digest: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{digest}.json")
}

/// Several names lead to one store.
fn real(store: &Path) -> PathBuf {
    store.canonicalize().unwrap_or_else(|_| store.to_owned())
}

/// The record of one registry; None where there is none. Where none can be seen for certain, that is an error.
pub fn look(state: &Path, store: &Path, registry: &str) -> Result<Option<Record>, WindowError> {
    let folder = state.join(FOLDER);
    match folder.metadata() {
        Ok(_) => read(&file_of(state, store, registry), Some(registry)),
        Err(source) => {
            let error = FileError::io("cannot look into", &folder, source);
            if error.is_not_found() { Ok(None) } else { Err(error.into()) }
        }
    }
}

fn read(file: &Path, registry: Option<&str>) -> Result<Option<Record>, WindowError> {
    let bytes = match files::read_bounded(file, FILE_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let record: Option<Record> = serde_json::from_slice(&bytes).ok();
    let is_sound = |record: &Record| {
        let own_name = name_of(&record.store, &record.registry);
        record.schema == SCHEMA
            && !record.holds.is_empty()
            && file.file_name().is_some_and(|name| name == own_name.as_str())
            && registry.is_none_or(|registry| record.registry == registry)
    };
    record.filter(is_sound).map(Some).ok_or_else(|| WindowError::Damaged(file.to_owned()))
}

/// What is known of all windows of one store.
#[derive(Debug, Default)]
pub struct Listed {
    /// By registry.
    pub records: BTreeMap<String, Record>,
    /// Files that cannot be read; whose store's they are is not known.
    pub damaged: Vec<(PathBuf, WindowError)>,
}

pub fn list(state: &Path, store: &Path) -> Listed {
    let mut listed = Listed::default();
    let folder = state.join(FOLDER);
    if std::fs::symlink_metadata(&folder).is_err_and(|error| FileError::io("", &folder, error).is_not_found()) {
        return listed;
    }
    let found = files::items(&folder, FILES_MAX);
    let store = real(store);
    let names = found.paths.iter().filter(|path| path.extension().is_some_and(|end| end == "json"));
    for path in names {
        match read(path, None) {
            Ok(Some(record)) if record.store == store => drop(listed.records.insert(record.registry.clone(), record)),
            Ok(_) => {}
            Err(error) => listed.damaged.push((path.clone(), error)),
        }
    }
    listed.damaged.extend(found.closed.map(|error| (folder, error.into())));
    listed
}

/// The right to change records, held by one process at a time.
#[derive(Debug)]
pub struct Held {
    state: PathBuf,
    _lock: FolderLock,
}

/// Waits for others; makes what is missing. Refuses a state folder of another user than `uid` (sudo with the caller's HOME).
pub fn hold(state: &Path, uid: u32) -> Result<Held, WindowError> {
    let existing = state.ancestors().find_map(|folder| Some((folder, folder.metadata().ok()?)));
    match existing {
        Some((_, meta)) if meta.uid() == uid => {}
        _ => return Err(WindowError::Foreign(state.to_owned())),
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(state);
    made.map_err(|source| FileError::io("cannot make", state, source))?;
    let lock = files::lock_folder(state, LOCK_WAIT)?;
    Ok(Held { state: state.to_owned(), _lock: lock })
}

impl Held {
    pub fn look(&self, store: &Path, registry: &str) -> Result<Option<Record>, WindowError> {
        look(&self.state, store, registry)
    }

    pub fn put(&self, record: &Record) -> Result<(), WindowError> {
        let folder = self.state.join(FOLDER);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|source| FileError::io("cannot make", &folder, source))?;
        files::sweep_temps(&folder);
        let file = folder.join(name_of(&record.store, &record.registry));
        Ok(files::replace(&file, &serde_json::to_vec(record)?, 0o600)?)
    }

    /// Forgets a registry's windows, and leaves no empty folder: a reader then needs one look only.
    pub fn remove(&self, store: &Path, registry: &str) -> Result<(), WindowError> {
        let file = file_of(&self.state, store, registry);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(FileError::io("cannot remove", &file, error).into());
            }
            _ => {}
        }
        let _ = std::fs::remove_dir(self.state.join(FOLDER));
        Ok(())
    }

    /// Puts a file that cannot be read aside, where nobody looks for it; its new name.
    pub fn put_aside(&self, store: &Path, registry: &str) -> Result<PathBuf, WindowError> {
        let file = file_of(&self.state, store, registry);
        let aside = files::spare_name(&file, "broken");
        std::fs::rename(&file, &aside).map_err(|source| FileError::io("cannot rename", &file, source))?;
        Ok(aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn uid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    fn record(store: &Path, registry: &str) -> Record {
        let mut record = Record::new(registry, store, Some("bob".to_owned()), "store", true);
        record.holds.push(Hold {
            window: "w".to_owned(),
            opened: 1,
            until: 2,
            docker_config: "/d".into(),
            made: Some(Made::Folder),
            runner: Runner::own(),
            closed: false,
        });
        record
    }

    #[test]
    fn a_record_is_found_again_by_any_name_of_its_store_and_leaves_nothing() {
        let home = tempfile::tempdir().expect("a home");
        let (state, store, link) = (home.path().join("state"), home.path().join("store"), home.path().join("link"));
        std::fs::create_dir(&store).expect("a store");
        std::os::unix::fs::symlink(&store, &link).expect("a link");
        assert!(look(&state, &store, "h.test").expect("none").is_none() && !state.exists());
        let held = hold(&state, uid()).expect("held");
        let written = record(&store, "h.test");
        held.put(&written).expect("written");
        held.put(&record(home.path(), "h.test")).expect("another store's");
        assert_eq!(look(&state, &link, "h.test").expect("read"), Some(written));
        assert!(look(&state, &store, "o.test").expect("read").is_none());
        let listed = list(&state, &link);
        assert_eq!((listed.records.len(), listed.damaged.len()), (1, 0), "{listed:?}");
        let file = file_of(&state, &store, "h.test");
        assert_eq!(file.metadata().expect("it").permissions().mode() & 0o777, 0o600);
        assert_eq!(state.join(FOLDER).metadata().expect("it").permissions().mode() & 0o777, 0o700);
        held.remove(&store, "h.test").expect("removed");
        assert!(state.join(FOLDER).exists());
        held.remove(home.path(), "h.test").expect("removed");
        held.remove(home.path(), "h.test").expect("nothing to remove");
        assert!(!state.join(FOLDER).exists());
    }

    #[test]
    fn what_was_not_written_there_is_damaged_and_not_missing() {
        let home = tempfile::tempdir().expect("a home");
        let (state, store) = (home.path().join("state"), home.path());
        let held = hold(&state, uid()).expect("held");
        let sound = serde_json::to_value(record(store, "h.test")).expect("JSON");
        held.put(&record(store, "h.test")).expect("written");
        let file = file_of(&state, store, "h.test");
        let with = |key: &str, value: serde_json::Value| {
            let mut changed = sound.clone();
            changed[key] = value;
            changed.to_string().into_bytes()
        };
        for bytes in [
            Vec::new(),
            b"{".to_vec(),
            vec![b' '; 1 << 20],
            with("schema", 2.into()),
            with("registry", "o.test".into()),
            with("store", "/elsewhere".into()),
            with("holds", serde_json::json!([])),
            with("more", 1.into()),
        ] {
            std::fs::write(&file, &bytes).expect("written");
            assert!(
                look(&state, store, "h.test").is_err(),
                "{}",
                String::from_utf8_lossy(&bytes[..bytes.len().min(300)])
            );
            assert!(look(&state, store, "o.test").expect("another registry").is_none());
            assert_eq!(list(&state, store).damaged.len(), 1);
        }
        let aside = held.put_aside(store, "h.test").expect("put aside");
        assert!(aside.exists() && look(&state, store, "h.test").expect("none").is_none());
        std::fs::remove_file(&aside).expect("removed");
        std::fs::create_dir(&file).expect("a folder in its place");
        assert!(look(&state, store, "h.test").is_err());
        std::fs::remove_dir(&file).expect("removed");
        std::fs::remove_dir(state.join(FOLDER)).expect("removed");
        std::fs::write(state.join(FOLDER), "").expect("a file in the folder's place");
        assert_eq!(list(&state, store).damaged.len(), 1);
    }

    #[test]
    fn another_user_s_state_is_not_written_to() {
        let home = tempfile::tempdir().expect("a home");
        assert!(matches!(hold(&home.path().join("state"), uid() + 1), Err(WindowError::Foreign(_))));
        assert_eq!(std::fs::read_dir(home.path()).expect("it").count(), 0);
    }
}
