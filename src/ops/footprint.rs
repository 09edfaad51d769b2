//! What a change of a store left behind it: how each file was before and how it is after, so that the change can be taken
//! back (`undo`). Files are ciphertext, recipients files and the like; nothing is decrypted.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::model::{EntryPath, Problem, utc};
use crate::system::System;
use crate::system::store::{Standing, Store, StoreError};
use crate::system::undo_log::{self, After, Before, Kind, Place, Step};

/// Bounds of one change. What is larger is not kept: git, or a backup, has to do.
const BYTES_MAX: usize = 64 << 20;
const FILES_MAX: usize = 20_000;

/// How one file was.
struct Was {
    before: Before,
    bytes: Vec<u8>,
    /// How it is going to be, where that is written down before it is done.
    after: Option<After>,
}

impl Was {
    fn without_bytes(before: Before) -> Was {
        Was { before, bytes: Vec::new(), after: None }
    }
}

/// Kept while a change is made.
#[derive(Default)]
pub(super) struct Footprint {
    /// Every file noted, by its name below the root.
    files: BTreeMap<EntryPath, Was>,
    /// Everything below these was noted.
    folders: Vec<EntryPath>,
    /// Files whose time of change is a part of the change.
    timed: BTreeSet<EntryPath>,
    bytes: usize,
    /// Why the change cannot be taken back.
    pub(super) obstacle: Option<String>,
    /// The action that this change takes back, by its first step.
    pub(super) undoes: Option<u64>,
}

impl Footprint {
    /// Notes how a file, or a folder with all that is in it, is now. Before it is changed; again and again does not matter.
    pub(super) fn note(&mut self, store: &Store, place: &EntryPath) {
        if self.obstacle.is_some() {
            return;
        }
        if let Err(error) = self.try_note(store, place) {
            self.obstacle = Some(error.to_string());
        }
    }

    /// As `note`, for an entry that is written: what its link leads to is what will change. The answer is the file that will.
    pub(super) fn note_entry(&mut self, store: &Store, entry: &EntryPath) -> EntryPath {
        let file = file_name(entry);
        self.note(store, &file);
        let path = file.folder(store.root());
        if !std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
            return file;
        }
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let below = |folder: &EntryPath| {
            let target = real(&path)?;
            let rest = target.strip_prefix(real(&folder.folder(store.root()))?).ok()?;
            folder.join(rest).ok()
        };
        let Some(target) = below(&EntryPath::root()).or_else(|| below(&file.parent())) else { return file };
        self.note(store, &target);
        target
    }

    /// Notes how a file is now, and what it is going to hold; None when it will be gone.
    pub(super) fn foretell(&mut self, store: &Store, file: &EntryPath, bytes: Option<&[u8]>) {
        self.note(store, file);
        if let Some(was) = self.files.get_mut(file) {
            was.after = Some(bytes.map_or(After::Nothing, |bytes| After::File { digest: undo_log::digest(bytes) }));
        }
    }

    /// As `note_entry`, for an entry whose file may get another time of change and nothing else.
    pub(super) fn note_time(&mut self, store: &Store, entry: &EntryPath) {
        self.note_entry(store, entry);
        self.timed.insert(file_name(entry));
    }

    /// As `note`, for an entry's own file, a link itself.
    pub(super) fn note_file(&mut self, store: &Store, entry: &EntryPath) {
        self.note(store, &file_name(entry));
    }

    fn try_note(&mut self, store: &Store, place: &EntryPath) -> Result<(), StoreError> {
        if self.files.contains_key(place) {
            return Ok(());
        }
        if self.folders.iter().any(|folder| place.is_within(folder)) {
            // Made by this very change, below what was noted.
            self.keep(place.clone(), Was::without_bytes(Before::Nothing));
            return Ok(());
        }
        match store.standing(place)? {
            Standing::Folder => {
                for content in store.contents(place)? {
                    if !self.files.contains_key(&content.path) {
                        let was = look(store, &content.path)?;
                        self.keep(content.path, was);
                    }
                }
                self.folders.push(place.clone());
            }
            _ => {
                let was = look(store, place)?;
                if was.before == Before::Nothing {
                    self.folders.push(place.clone());
                }
                self.keep(place.clone(), was);
            }
        }
        Ok(())
    }

    fn keep(&mut self, place: EntryPath, was: Was) {
        self.bytes += was.bytes.len();
        self.files.insert(place, was);
        if self.bytes > BYTES_MAX || self.files.len() > FILES_MAX {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.obstacle = Some("it changed too much at once".to_owned());
        self.files.values_mut().for_each(|was| was.bytes = Vec::new());
    }

    /// Writes down what became of all that was noted, or will. None when nothing changes, or where no home is.
    pub(super) fn save(self, system: &System, store: &Store, what: &str) -> Result<Option<u64>, Problem> {
        self.try_save(system, store, what).map_err(cannot_be_taken_back)
    }

    fn try_save(mut self, system: &System, store: &Store, what: &str) -> Result<Option<u64>, Problem> {
        let state = &system.options.state_dir;
        // A home that is not there is not for us to make.
        if system.env.home().is_some_and(|home| state.starts_with(home) && !home.is_dir()) {
            return Ok(None);
        }
        let (places, bytes) = if self.obstacle.is_none() { self.places(store)? } else { Default::default() };
        if places.is_empty() && self.obstacle.is_none() {
            return Ok(None);
        }
        let step = Step {
            id: 0,
            time: utc::rfc3339(system.env.now()),
            what: what.to_owned(),
            kind: Kind::Store { root: real_root(store).into_os_string() },
            follows: system.action.first(),
            undoes: self.undoes,
            obstacle: self.obstacle,
            places,
        };
        let pieces: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let id = undo_log::add(state, system.env.uid(), system.env.unstopped(), step, &pieces)?;
        system.action.made(id);
        Ok(Some(id))
    }

    /// What changed, and the bytes of the files that were there before.
    fn places(&mut self, store: &Store) -> Result<(Vec<Place>, Vec<Vec<u8>>), StoreError> {
        let mut files = std::mem::take(&mut self.files);
        for folder in &self.folders {
            if store.standing(folder)? == Standing::Folder {
                for content in store.contents(folder)? {
                    files.entry(content.path).or_insert(Was::without_bytes(Before::Nothing));
                }
            }
        }
        let (mut places, mut bytes) = (Vec::new(), Vec::new());
        for (path, was) in files {
            let after = was.after.map_or_else(|| after(store, &path), Ok)?;
            let same = match (&was.before, &after) {
                (Before::Nothing, After::Nothing) => true,
                (Before::Link { target: before }, After::Link { target: after }) => before == after,
                (Before::File { modified, .. }, After::File { digest }) => {
                    let retimed = self.timed.contains(&path) && modified_of(store, &path) != *modified;
                    !retimed && undo_log::digest(&was.bytes) == *digest
                }
                _ => false,
            };
            if same {
                continue;
            }
            if let Before::File { .. } = was.before {
                bytes.push(was.bytes);
            }
            places.push(Place { path: path.as_os_str().to_owned(), before: was.before, after });
        }
        Ok((places, bytes))
    }
}

/// Long work, written down piece by piece, each before it is done: whenever it ends, what was done by then can be taken
/// back.
#[derive(Default)]
pub(super) struct Trail {
    files: usize,
    bytes: usize,
    /// Nothing more is written down.
    is_over: bool,
}

impl Trail {
    /// One on which nothing is written down.
    pub(super) fn over() -> Trail {
        Trail { is_over: true, ..Trail::default() }
    }

    /// Entries are going to hold this. The step that says so; None where nothing is kept.
    pub(super) fn foretell(
        &mut self,
        system: &System,
        store: &Store,
        what: &str,
        entries: &[(&EntryPath, &[u8])],
    ) -> Result<Option<u64>, Problem> {
        if self.is_over {
            return Ok(None);
        }
        let mut footprint = Footprint::default();
        for (entry, bytes) in entries {
            let file = footprint.note_entry(store, entry);
            footprint.foretell(store, &file, Some(bytes));
        }
        self.files += footprint.files.len();
        self.bytes += footprint.bytes;
        if self.files > FILES_MAX || self.bytes > BYTES_MAX {
            footprint.give_up();
        }
        self.is_over = footprint.obstacle.is_some();
        footprint.save(system, store, what).inspect_err(|_| self.is_over = true)
    }
}

/// Takes what did not come to pass out of a step that was written down before it was done.
pub(super) fn correct(system: &System, store: &Store, step: u64) -> Result<(), Problem> {
    let came_to_pass = |place: &Place| {
        let file = EntryPath::parse(&place.path).ok();
        file.and_then(|file| after(store, &file).ok()).is_some_and(|now| now == place.after)
    };
    undo_log::amend(&system.options.state_dir, step, came_to_pass).map_err(|error| cannot_be_taken_back(error.into()))
}

fn cannot_be_taken_back(mut problem: Problem) -> Problem {
    problem.causes.insert(0, std::mem::replace(&mut problem.message, "the change cannot be taken back".to_owned()));
    problem
}

/// The root by which a store is known again.
pub(super) fn real_root(store: &Store) -> PathBuf {
    std::fs::canonicalize(store.root()).unwrap_or_else(|_| store.root().to_owned())
}

/// The name of an entry's file below the root.
fn file_name(entry: &EntryPath) -> EntryPath {
    let mut name: OsString = entry.name().to_owned();
    name.push(".gpg");
    entry.parent().join(name).unwrap_or_else(|_| entry.clone())
}

fn look(store: &Store, file: &EntryPath) -> Result<Was, StoreError> {
    let nothing = Was::without_bytes;
    match store.standing(file)? {
        Standing::File => {
            let bytes = store.read_file(file)?;
            let mode = std::fs::metadata(file.folder(store.root())).map_or(0o600, |meta| meta.permissions().mode());
            let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let modified = modified_of(store, file);
            Ok(Was { before: Before::File { len, mode: mode & 0o777, modified }, bytes, after: None })
        }
        Standing::Link => Ok(nothing(Before::Link { target: link_target(store, file) })),
        // A folder in a file's place: the change that needs the place will be told.
        Standing::Nothing | Standing::Folder | Standing::Other => Ok(nothing(Before::Nothing)),
    }
}

/// None for a time that cannot be written down.
fn modified_of(store: &Store, file: &EntryPath) -> Option<SystemTime> {
    let modified = std::fs::metadata(file.folder(store.root())).and_then(|meta| meta.modified());
    modified.ok().filter(|modified| *modified >= SystemTime::UNIX_EPOCH)
}

/// How a file is now, as it is written down.
pub(super) fn after(store: &Store, file: &EntryPath) -> Result<After, StoreError> {
    match store.standing(file)? {
        Standing::File => Ok(After::File { digest: undo_log::digest(&store.read_file(file)?) }),
        Standing::Link => Ok(After::Link { target: link_target(store, file) }),
        Standing::Nothing | Standing::Folder | Standing::Other => Ok(After::Nothing),
    }
}

fn link_target(store: &Store, link: &EntryPath) -> OsString {
    std::fs::read_link(link.folder(store.root())).unwrap_or_default().into_os_string()
}
