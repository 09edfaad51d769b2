//! Files of other programs that were changed, kept so that `undo` can put them back. What stood in them is encrypted to those
//! who may read the store's logins, because it may be a login. Called by `fix` and `undo`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::change::{self, Written};
use super::read_only;
use crate::model::{Problem, Secret, text, utc};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::docker::auth_file::SIZE_MAX;
use crate::system::modes;
use crate::system::rewriting::{self, Rewriting, Stamp};
use crate::system::store::{StoreError, layout};
use crate::system::undo_log::{self, After, Before, Kind, Place, Step};

/// Why what was put back cannot be taken away again in the same way: logins may be nowhere else by now.
const DO_IT_AGAIN: &str = "regpass fix does it again";

/// Writes down what stands in a file and what is to stand there, before it does; None: it is to be removed. The step.
pub(super) fn keep(
    system: &System,
    what: &str,
    path: &Path,
    now: &Rewriting,
    after: Option<(&Secret, Stamp)>,
) -> Result<u64, Problem> {
    forget_killed(system, path)?;
    let new = after.map_or(&[][..], |(new, _)| new.expose());
    let old = now.text().expose();
    let front = format!("{}\n", old.len());
    let mut whole = Secret::with_capacity(front.len() + old.len() + new.len());
    [front.as_bytes(), old, new].iter().for_each(|part| whole.push(part));
    let sealed = sealed(system, &whole)?;
    let len = u64::try_from(sealed.len()).unwrap_or(u64::MAX);
    let before = Before::Sealed { len, mode: now.mode(), stamp: now.stamp() };
    let after = after.map_or(After::Nothing, |(_, stamp)| After::Stamped { stamp });
    add(system, what, vec![Place { path: path.into(), before, after }], &[&sealed])
}

/// Forgets what a killed run wrote down and did not do: the next change of the file would make it look done.
fn forget_killed(system: &System, path: &Path) -> Result<(), Problem> {
    let (steps, _) = undo_log::list(&system.options.state_dir);
    let is_of_it =
        |step: &&Step| step.kind == Kind::Files && step.places.iter().any(|place| Path::new(&place.path) == path);
    steps.iter().filter(is_of_it).filter(|step| !came_to_pass(step)).try_for_each(|step| forget(system, step.id))
}

/// Permission bits of a file or folder, before a change and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModeChange {
    /// Without a link on the way.
    pub(super) path: PathBuf,
    pub(super) before: u32,
    pub(super) after: u32,
}

/// The same of permission bits.
pub(super) fn keep_modes(system: &System, what: &str, changes: &[ModeChange]) -> Result<u64, Problem> {
    let place = |change: &ModeChange| Place {
        path: change.path.clone().into(),
        before: Before::Mode { mode: change.before },
        after: After::Mode { mode: change.after },
    };
    add(system, what, changes.iter().map(place).collect(), &[])
}

/// Forgets a step that did not come to pass, or was taken back at once.
pub(super) fn forget(system: &System, step: u64) -> Result<(), Problem> {
    Ok(undo_log::amend(&system.options.state_dir, step, |_| false)?)
}

/// False for a step of which nothing is left to see: killed before it was done.
pub(super) fn came_to_pass(step: &Step) -> bool {
    step.places.iter().any(|place| match (&place.before, &place.after) {
        (Before::Sealed { stamp, .. }, _) => rewriting::stamp(Path::new(&place.path)) != Some(*stamp),
        (Before::Mode { mode }, _) => modes::look(Path::new(&place.path)).is_some_and(|now| now.mode != *mode),
        _ => true,
    })
}

/// Puts the files of a step back.
pub(super) fn take_back(system: &System, step: &Step) -> Result<Written, Problem> {
    let kept = undo_log::bytes(&system.options.state_dir, step)?;
    let uid = system.env.uid();
    let mut written = Written::default();
    // Of many modes none is put back when one was changed since.
    for place in &step.places {
        if let (Before::Mode { mode }, After::Mode { mode: after }) = (&place.before, &place.after) {
            let path = Path::new(&place.path);
            let is_known = |now: modes::Seen| now.uid == uid && (now.mode == *mode || now.mode == *after);
            if path.symlink_metadata().is_ok() && !modes::look(path).is_some_and(is_known) {
                return Err(changed_since(&step.what, path));
            }
        }
    }
    // What is in a folder before the folder itself is open to others again.
    for (place, bytes) in step.places.iter().zip(kept).rev() {
        let path = PathBuf::from(&place.path);
        read_only::check(system, &path)?;
        match (&place.before, &place.after, bytes) {
            (Before::Mode { mode }, After::Mode { mode: after }, _) => {
                written.changed |= mode_back(&path, uid, *mode, *after)?;
            }
            (Before::Sealed { mode, .. }, after, Some(bytes)) => {
                let (old, new) = opened(system, &bytes, &path)?;
                let new = if *after == After::Nothing { None } else { Some(new) };
                written.changed |= text_back(&step.what, &path, &old, new.as_ref(), *mode)?;
                written.warnings.push(still_there(&path));
            }
            _ => return Err(damaged(&path)),
        }
    }
    let undone = Step {
        what: format!("Undo \"{}\"", step.what),
        undoes: Some(step.action()),
        obstacle: Some(DO_IT_AGAIN.to_owned()),
        places: step.places.iter().map(|place| restored(&place.path)).collect(),
        ..begun(system)
    };
    undo_log::add(&system.options.state_dir, system.env.uid(), system.env.unstopped(), undone, &[])?;
    Ok(written)
}

/// A place of which nothing is kept.
fn restored(path: &OsStr) -> Place {
    Place { path: path.to_owned(), before: Before::Nothing, after: After::Nothing }
}

fn still_there(path: &Path) -> Problem {
    Problem::failed(format!("what {} holds in clear is there again", text::quoted_path(path)))
        .because("the store still has the logins that were moved into it")
        .hint("to take them out of the file again: regpass fix --apply")
}

fn text_back(what: &str, path: &Path, old: &Secret, new: Option<&Secret>, mode: u32) -> Result<bool, Problem> {
    let is_gone = path.symlink_metadata().is_err();
    if is_gone && new.is_none() {
        rewriting::bring_back(path, old, mode)?;
        return Ok(true);
    }
    if is_gone {
        return Err(changed_since(what, path));
    }
    let now = Rewriting::begin(path, SIZE_MAX)?;
    if now.text().same_as(old) {
        return Ok(false);
    }
    if !new.is_some_and(|new| now.text().same_as(new)) {
        return Err(changed_since(what, path));
    }
    now.prepare(old)?.put()?;
    Ok(true)
}

/// What is gone, or as it was, needs nothing.
fn mode_back(path: &Path, uid: u32, mode: u32, after: u32) -> Result<bool, Problem> {
    match modes::look(path) {
        Some(now) if now.mode == after && after != mode => {
            modes::change(path, uid, after, mode)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn changed_since(what: &str, path: &Path) -> Problem {
    Problem::failed(format!("{} cannot be taken back", text::quoted(what)))
        .because(format!("changed since: {}", text::quoted_path(path)))
}

fn damaged(path: &Path) -> Problem {
    Problem::failed(format!("what was kept of {} is damaged", text::quoted_path(path)))
}

fn sealed(system: &System, whole: &Secret) -> Result<Vec<u8>, Problem> {
    let store = system.stores()?.root();
    let folder = layout::helper_folder().map_err(StoreError::from)?;
    let (recipients, _) = change::recipients(system, store, &folder)?;
    change::encrypt(system, store, whole, &recipients)
}

/// What stood there, and what took its place.
fn opened(system: &System, sealed: &[u8], path: &Path) -> Result<(Secret, Secret), Problem> {
    let whole = system.cipher()?.decrypt(sealed, Asking::Allowed)?;
    let bytes = whole.expose();
    let parts = || {
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let len: usize = std::str::from_utf8(&bytes[..end]).ok()?.parse().ok()?;
        let middle = (end + 1).checked_add(len).filter(|middle| *middle <= bytes.len())?;
        Some((whole.part(end + 1..middle), whole.part(middle..bytes.len())))
    };
    parts().ok_or_else(|| damaged(path))
}

fn add(system: &System, what: &str, places: Vec<Place>, bytes: &[&[u8]]) -> Result<u64, Problem> {
    let step = Step { what: what.to_owned(), places, ..begun(system) };
    let id = undo_log::add(&system.options.state_dir, system.env.uid(), system.env.unstopped(), step, bytes)?;
    Ok(id)
}

fn begun(system: &System) -> Step {
    Step {
        id: 0,
        time: utc::rfc3339(system.env.now()),
        what: String::new(),
        kind: Kind::Files,
        follows: None,
        undoes: None,
        obstacle: None,
        places: Vec::new(),
    }
}
