//! What changes can be taken back: one file a step in a private folder, a line of JSON and then the bytes that were there
//! before, which in a store are ciphertext, and of other files are encrypted. Steps of one action name its first one and go
//! with it. Bounded in number, size and age. Knows no store; what is recorded and when it may be taken back is `ops`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files::{self, FileError};
use super::rewriting::Stamp;
use crate::model::{Problem, text};

/// The folder's name in the state folder.
const FOLDER: &str = "undo";

/// How the files are called: the id in twelve digits, so that they sort; `-` and the action's first step where that is another;
/// and this.
const END: &str = ".undo";

/// The most actions kept, their bytes together, and their age. The newest is kept whatever its size.
const ACTIONS_MAX: usize = 100;
const BYTES_MAX: u64 = 256 << 20;
const AGE_MAX: Duration = Duration::from_secs(30 * 86_400);

/// The largest file read: the bytes of one step (`ops/footprint.rs`) and their names.
const FILE_MAX: u64 = 192 << 20;

/// How long others that write are waited for.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// What a step changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Kind {
    /// Files below the root of a store.
    Store { root: OsString },
    /// Files of other programs, by their full names.
    Files,
}

/// One change that may be taken back. The first line of its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Counted from 1 in the order of the changes.
    pub id: u64,
    /// UTC, RFC 3339.
    pub time: String,
    /// What was done, as the commit's subject says it.
    pub what: String,
    #[serde(flatten)]
    pub kind: Kind,
    /// The first step of the action that this one goes on with; None for a first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<u64>,
    /// The action that this one took back, by its first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<u64>,
    /// Why it cannot be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<String>,
    pub places: Vec<Place>,
}

impl Step {
    /// The action it belongs to, by its first step.
    pub fn action(&self) -> u64 {
        self.follows.unwrap_or(self.id)
    }

    fn name(&self) -> Name {
        Name { id: self.id, action: self.action() }
    }
}

/// What one deed of a person makes of the steps while it lasts: one action, by the first of them.
#[derive(Debug, Default)]
pub struct Action {
    /// Deeds within deeds are one.
    depth: Cell<usize>,
    first: Cell<Option<u64>>,
}

impl Action {
    /// Until what is returned is dropped.
    pub fn begin(&self) -> Underway<'_> {
        self.depth.set(self.depth.get() + 1);
        Underway(self)
    }

    /// The first step made in it; None outside of one.
    pub fn first(&self) -> Option<u64> {
        self.first.get()
    }

    pub fn made(&self, step: u64) {
        if self.depth.get() > 0 && self.first.get().is_none() {
            self.first.set(Some(step));
        }
    }
}

#[must_use = "the action ends when this is dropped"]
#[derive(Debug)]
pub struct Underway<'a>(&'a Action);

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        self.0.depth.set(self.0.depth.get() - 1);
        if self.0.depth.get() == 0 {
            self.0.first.set(None);
        }
    }
}

/// One file, named below the root, or in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub path: OsString,
    pub before: Before,
    pub after: After,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    Nothing,
    /// Its bytes are so many of those after the first line, in the order of the places.
    File {
        len: u64,
        mode: u32,
        /// When it was changed last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        modified: Option<SystemTime>,
    },
    Link {
        target: OsString,
    },
    /// Encrypted: its bytes, and those that took their place. So many of those after the first line.
    Sealed {
        len: u64,
        mode: u32,
        stamp: Stamp,
    },
    /// Permission bits; the bytes are not touched.
    Mode {
        mode: u32,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    Nothing,
    File {
        digest: String,
    },
    Link {
        target: OsString,
    },
    /// By its stamp: a digest would help in guessing a secret that is in it.
    Stamped {
        stamp: Stamp,
    },
    Mode {
        mode: u32,
    },
}

#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} belongs to another user", text::quoted_path(.0))]
    Foreign(PathBuf),
    #[error("{} is not what was written there", text::quoted_path(.0))]
    Damaged(PathBuf),
    #[error("the step cannot be written as JSON")]
    Json(#[from] serde_json::Error),
}

impl From<UndoError> for Problem {
    fn from(error: UndoError) -> Problem {
        Problem::failed(error.to_string())
    }
}

/// SHA-256 in hex, by which a file is known again.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a step down, with the bytes of its files in the order of its places, and gives it its id. Refuses a state folder
/// of another user than `uid` (sudo with the caller's HOME).
pub fn add(state: &Path, uid: u32, now: SystemTime, mut step: Step, bytes: &[&[u8]]) -> Result<u64, UndoError> {
    let folder = state.join(FOLDER);
    make_private(&folder, uid)?;
    let _held = files::lock_folder(&folder, LOCK_WAIT)?;
    files::sweep_temps(&folder);
    step.id = names(&folder).last().map_or(1, |last| last.id + 1);
    files::replace(&file_of(&folder, step.name()), &whole(&step, bytes)?, 0o600)?;
    prune(&folder, now);
    Ok(step.id)
}

/// A step's file.
fn whole(step: &Step, bytes: &[&[u8]]) -> Result<Vec<u8>, UndoError> {
    let mut whole = serde_json::to_vec(step)?;
    whole.push(b'\n');
    bytes.iter().for_each(|piece| whole.extend_from_slice(piece));
    Ok(whole)
}

/// Takes places out of a step that is written down.
pub fn amend(state: &Path, id: u64, keep: impl Fn(&Place) -> bool) -> Result<(), UndoError> {
    let folder = state.join(FOLDER);
    let _held = files::lock_folder(&folder, LOCK_WAIT)?;
    let Some(name) = names(&folder).into_iter().find(|name| name.id == id) else { return Ok(()) };
    let (mut step, _) = read(&folder, name)?;
    let bytes = bytes(state, &step)?;
    let kept: Vec<(Place, Option<Vec<u8>>)> =
        std::mem::take(&mut step.places).into_iter().zip(bytes).filter(|(place, _)| keep(place)).collect();
    let (places, bytes): (Vec<Place>, Vec<Option<Vec<u8>>>) = kept.into_iter().unzip();
    step.places = places;
    let pieces: Vec<&[u8]> = bytes.iter().flatten().map(Vec::as_slice).collect();
    Ok(files::replace(&file_of(&folder, name), &whole(&step, &pieces)?, 0o600)?)
}

/// The steps that can be read, oldest first, and the files that cannot.
pub fn list(state: &Path) -> (Vec<Step>, Vec<PathBuf>) {
    let folder = state.join(FOLDER);
    let (mut steps, mut damaged) = (Vec::new(), Vec::new());
    for name in names(&folder) {
        match front(&folder, name) {
            Ok(step) => steps.push(step),
            Err(_) => damaged.push(file_of(&folder, name)),
        }
    }
    (steps, damaged)
}

/// What stood in a step's places before: the bytes for each `Before::File` and `Before::Sealed`, None for the others.
pub fn bytes(state: &Path, step: &Step) -> Result<Vec<Option<Vec<u8>>>, UndoError> {
    let folder = state.join(FOLDER);
    let (step, rest) = read(&folder, step.name())?;
    let mut rest = &rest[..];
    let mut found = Vec::with_capacity(step.places.len());
    for place in &step.places {
        let (Before::File { len, .. } | Before::Sealed { len, .. }) = place.before else {
            found.push(None);
            continue;
        };
        let piece = usize::try_from(len).ok().and_then(|len| rest.split_at_checked(len));
        let Some((piece, after)) = piece else { return Err(UndoError::Damaged(file_of(&folder, step.name()))) };
        found.push(Some(piece.to_vec()));
        rest = after;
    }
    if rest.is_empty() { Ok(found) } else { Err(UndoError::Damaged(file_of(&folder, step.name()))) }
}

/// What was done, without the bytes that it took the place of.
fn front(folder: &Path, name: Name) -> Result<Step, UndoError> {
    let file = file_of(folder, name);
    let fault = |source| FileError::io("cannot read", &file, source);
    let mut line = Vec::new();
    let opened = BufReader::new(files::open_regular(&file)?);
    opened.take(FILE_MAX).read_until(b'\n', &mut line).map_err(fault)?;
    parsed(&line, name, &file)
}

fn read(folder: &Path, name: Name) -> Result<(Step, Vec<u8>), UndoError> {
    let file = file_of(folder, name);
    let mut whole = files::read_bounded(&file, FILE_MAX)?;
    let end = whole.iter().position(|byte| *byte == b'\n').ok_or_else(|| UndoError::Damaged(file.clone()))?;
    let rest = whole.split_off(end + 1);
    Ok((parsed(&whole, name, &file)?, rest))
}

fn parsed(line: &[u8], name: Name, file: &Path) -> Result<Step, UndoError> {
    match serde_json::from_slice::<Step>(line) {
        Ok(step) if step.name() == name && line.ends_with(b"\n") => Ok(step),
        _ => Err(UndoError::Damaged(file.to_owned())),
    }
}

/// What a file's name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    id: u64,
    action: u64,
}

impl Name {
    fn parse(name: &str) -> Option<Name> {
        let name = name.strip_suffix(END)?;
        let (id, action) = name.split_once('-').unwrap_or((name, name));
        Some(Name { id: id.parse().ok()?, action: action.parse().ok()? })
    }
}

fn file_of(folder: &Path, Name { id, action }: Name) -> PathBuf {
    folder.join(if id == action { format!("{id:012}{END}") } else { format!("{id:012}-{action:012}{END}") })
}

/// The steps that are there, in order.
fn names(folder: &Path) -> Vec<Name> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<Name> = files.flatten().filter_map(|item| Name::parse(item.file_name().to_str()?)).collect();
    names.sort_unstable();
    names
}

/// Removes the oldest actions beyond the bounds, each with all its steps.
fn prune(folder: &Path, now: SystemTime) {
    let mut actions: BTreeMap<u64, Vec<(PathBuf, std::fs::Metadata)>> = BTreeMap::new();
    for name in names(folder) {
        let file = file_of(folder, name);
        let Ok(meta) = std::fs::symlink_metadata(&file) else { continue };
        actions.entry(name.action).or_default().push((file, meta));
    }
    let mut bytes = 0;
    for (count, steps) in actions.into_values().rev().enumerate() {
        bytes += steps.iter().map(|(_, meta)| meta.len()).sum::<u64>();
        let newest = steps.iter().filter_map(|(_, meta)| meta.modified().ok()).max();
        let age = newest.and_then(|time| now.duration_since(time).ok()).unwrap_or_default();
        if count > 0 && (count >= ACTIONS_MAX || bytes > BYTES_MAX || age > AGE_MAX) {
            steps.iter().for_each(|(file, _)| drop(std::fs::remove_file(file)));
        }
    }
}

/// Makes the folder for nobody else, below a folder of the same user.
fn make_private(folder: &Path, uid: u32) -> Result<(), UndoError> {
    let fault = |source| FileError::io("cannot make", folder, source);
    let existing = folder.ancestors().find_map(|folder| Some((folder, folder.metadata().ok()?)));
    match existing {
        Some((_, meta)) if meta.uid() == uid => {}
        _ => return Err(UndoError::Foreign(folder.to_owned())),
    }
    Ok(DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn uid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    fn step(what: &str, before: &[Before]) -> Step {
        let place =
            |before: &Before| Place { path: "a\u{1b}.gpg".into(), before: before.clone(), after: After::Nothing };
        Step {
            id: 0,
            time: "2026-03-01T12:00:00.000Z".to_owned(),
            what: what.to_owned(),
            kind: Kind::Store { root: "/s".into() },
            follows: None,
            undoes: None,
            obstacle: None,
            places: before.iter().map(place).collect(),
        }
    }

    fn state() -> (tempfile::TempDir, PathBuf) {
        let top = tempfile::tempdir().expect("a folder");
        let state = top.path().join("state/regpass");
        (top, state)
    }

    #[test]
    fn what_is_written_is_read_and_is_nobody_else_s() {
        let (_top, state) = state();
        assert!(list(&state).0.is_empty());
        let file = |len| Before::File { len, mode: 0o600, modified: Some(SystemTime::UNIX_EPOCH) };
        let places = [file(3), Before::Nothing, Before::Link { target: "x".into() }, file(0)];
        let now = SystemTime::now();
        assert_eq!(add(&state, uid(), now, step("one", &places), &[b"a\n\0", b""]).expect("added"), 1);
        assert_eq!(add(&state, uid(), now, step("two", &[]), &[]).expect("added"), 2);
        let (steps, damaged) = list(&state);
        assert_eq!((steps.len(), damaged.len(), steps[0].what.as_str()), (2, 0, "one"));
        assert_eq!(bytes(&state, &steps[0]).expect("bytes"), [Some(b"a\n\0".to_vec()), None, None, Some(Vec::new())]);
        let mode = |path: PathBuf| path.metadata().expect("it").permissions().mode() & 0o777;
        assert_eq!((mode(state.join(FOLDER)), mode(file_of(&state.join(FOLDER), steps[0].name()))), (0o700, 0o600));
    }

    #[test]
    fn a_list_reads_what_was_done_and_not_what_was_there() {
        let (_top, state) = state();
        add(&state, uid(), SystemTime::now(), step("one", &[]), &[]).expect("added");
        let folder = state.join(FOLDER);
        let file = file_of(&folder, names(&folder)[0]);
        // More than is read at all; on the disk it takes no place.
        std::fs::OpenOptions::new().write(true).open(&file).expect("opened").set_len(FILE_MAX + 1).expect("grown");
        assert_eq!(list(&state).0.len(), 1);
        std::fs::write(&file, serde_json::to_vec(&list(&state).0[0]).expect("JSON")).expect("a line without its end");
        assert_eq!((list(&state).0.len(), list(&state).1.len()), (0, 1));
    }

    #[test]
    fn what_was_cut_is_told_and_spoils_nothing_else() {
        let (_top, state) = state();
        let places = [Before::File { len: 3, mode: 0o600, modified: None }];
        for what in ["one", "two"] {
            add(&state, uid(), SystemTime::now(), step(what, &places), &[b"abc"]).expect("added");
        }
        let second = list(&state).0.swap_remove(1);
        let file = file_of(&state.join(FOLDER), second.name());
        let whole = std::fs::read(&file).expect("read");
        std::fs::write(&file, &whole[..whole.len() - 1]).expect("cut");
        assert!(matches!(bytes(&state, &second), Err(UndoError::Damaged(_))));
        std::fs::write(&file, &whole[..20]).expect("cut");
        let (steps, damaged) = list(&state);
        assert_eq!((steps.len(), damaged), (1, vec![file]));
    }

    #[test]
    fn old_and_many_steps_go() {
        let (_top, state) = state();
        for _ in 0..ACTIONS_MAX + 3 {
            add(&state, uid(), SystemTime::now(), step("x", &[]), &[]).expect("added");
        }
        let kept: Vec<u64> = list(&state).0.iter().map(|step| step.id).collect();
        assert_eq!((kept.len(), kept[0]), (ACTIONS_MAX, 4));
        add(&state, uid(), SystemTime::now() + 2 * AGE_MAX, step("x", &[]), &[]).expect("added");
        assert_eq!(list(&state).0.len(), 1);
    }

    #[test]
    fn the_steps_of_an_action_stay_and_go_together() {
        let (_top, state) = state();
        let add_one = |follows| {
            let step = Step { follows, ..step("x", &[]) };
            add(&state, uid(), SystemTime::now(), step, &[]).expect("added")
        };
        let action = Action::default();
        action.made(9);
        assert_eq!(action.first(), None, "none is underway");
        let outer = action.begin();
        for _ in 0..ACTIONS_MAX + 3 {
            let _inner = action.begin();
            action.made(add_one(action.first()));
        }
        assert_eq!(list(&state).0.len(), ACTIONS_MAX + 3, "they are one");
        assert!(list(&state).0.iter().all(|step| step.action() == 1));
        drop(outer);
        assert_eq!(action.first(), None);
        for _ in 1..ACTIONS_MAX {
            add_one(None);
        }
        assert_eq!(list(&state).0.len(), ACTIONS_MAX + 3 + ACTIONS_MAX - 1);
        add_one(None);
        assert_eq!(list(&state).0.len(), ACTIONS_MAX);
    }

    #[test]
    fn another_user_s_folder_stays_untouched() {
        let (top, state) = state();
        let refused = add(&state, uid() + 1, SystemTime::now(), step("x", &[]), &[]);
        assert!(matches!(refused, Err(UndoError::Foreign(_))));
        assert_eq!(std::fs::read_dir(top.path()).expect("lists").count(), 0);
    }
}
