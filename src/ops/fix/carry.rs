//! A fix done: the file locked and read again, logins stored and read back, what stood in the file written down, then the file
//! replaced in one step, and the same checks asked once more. Killed at any moment, a login is in the file or in the store.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::logins::{Move, Moves, whose};
use super::{Deed, Fix, copies};
use crate::model::{Credential, Login, Problem, RegistryKey, Secret, misplaced, text};
use crate::ops::audit::{self, Choice, Scope};
use crate::ops::backup::{self, ModeChange};
use crate::ops::credentials::CredentialStore;
use crate::ops::read_only;
use crate::system::System;
use crate::system::docker::auth_file::SIZE_MAX;
use crate::system::docker::edit::{self, EditError, EntryIndex};
use crate::system::modes::{self, ModeError};
use crate::system::rewriting::{RewriteError, Rewriting};

/// What became of a fix.
#[derive(Debug, Default)]
pub struct Applied {
    /// What was done, escaped.
    pub done: Vec<String>,
    /// What was left as it was, and why.
    pub left: Vec<Problem>,
    /// What a person should know of what was done.
    pub warnings: Vec<Problem>,
}

/// Does what an automatic fix says. Refuses when the file is not as it was when the fix was planned.
pub fn apply(system: &System, scope: &Scope, fix: &Fix) -> Result<Applied, Problem> {
    let (Some(deed), Some(path)) = (&fix.deed, fix.path.as_deref()) else {
        return Err(Problem::usage("this is for a person to do").hint("see how: regpass fix"));
    };
    read_only::check(system, path)?;
    match deed {
        Deed::Move(moves) => move_logins(system, scope, fix, path, moves),
        Deed::Edit { before, edits } => {
            let now = begun(path, before)?;
            let new = edit::edited(now.text(), edits).map_err(|error| unfit(path, &error))?;
            replace(system, scope, fix, path, now, &new, &fix.fingerprints)?;
            Ok(Applied { done: vec![fix.title.clone()], ..Applied::default() })
        }
        Deed::Remove { before } => {
            let now = begun(path, before)?;
            copies::check(system, now.text())?;
            let step = backup::keep(system, &fix.title, path, &now, None)?;
            now.remove().map_err(|error| forgotten(system, step, error.into()))?;
            Ok(Applied { done: vec![fix.title.clone()], ..Applied::default() })
        }
        Deed::Modes(changes) => {
            let uid = system.env.uid();
            let is_as_it_was =
                |change: &&ModeChange| modes::look(&change.path) == Some(modes::Seen { mode: change.before, uid });
            if let Some(other) = changes.iter().find(|change| !is_as_it_was(change)) {
                return Err(ModeError::Changed(other.path.clone()).into());
            }
            backup::keep_modes(system, &fix.title, changes)?;
            // What was done before one fails can be taken back.
            changes.iter().try_for_each(|one| modes::change(&one.path, uid, one.before, one.after))?;
            Ok(Applied { done: vec![fix.title.clone()], ..Applied::default() })
        }
    }
}

/// The file, locked, if it is as it was.
fn begun(path: &Path, before: &Secret) -> Result<Rewriting, Problem> {
    let now = Rewriting::begin(path, SIZE_MAX)?;
    if !now.text().same_as(before) {
        return Err(RewriteError::Changed(path.to_owned()).into());
    }
    Ok(now)
}

fn unfit(path: &Path, error: &EditError) -> Problem {
    Problem::failed(format!("{} cannot be changed", text::quoted_path(path))).because(error)
}

/// The problem, and the step that did not come to pass forgotten.
fn forgotten(system: &System, step: u64, problem: Problem) -> Problem {
    match backup::forget(system, step) {
        Ok(()) => problem,
        Err(also) => problem.because(also.one_line()),
    }
}

/// Writes down what stands there, puts the new text in its place and asks the checks again; where one still finds what it
/// found, the old text comes back.
fn replace(
    system: &System,
    scope: &Scope,
    fix: &Fix,
    path: &Path,
    now: Rewriting,
    new: &Secret,
    gone: &[String],
) -> Result<(), Problem> {
    let old = now.text().part(0..now.text().len());
    let ready = now.prepare(new)?;
    let step = backup::keep(system, &fix.title, path, ready.before(), Some((new, ready.after())))?;
    ready.put().map_err(|error| forgotten(system, step, error.into()))?;
    let still = still_found(system, scope, &fix.ids, gone)?;
    if still.is_empty() {
        return Ok(());
    }
    let now = begun(path, new)?;
    now.prepare(&old)?.put()?;
    let problem = Problem::failed(format!("{} is as it was: the change did not help", text::quoted_path(path)));
    Err(forgotten(system, step, problem.because(format!("still found: {}", still.join(", ")))))
}

/// The checks that find again what was to be gone.
fn still_found(
    system: &System,
    scope: &Scope,
    ids: &[&'static str],
    gone: &[String],
) -> Result<Vec<&'static str>, Problem> {
    let choice = Choice { ids: ids.iter().map(|id| (*id).to_owned()).collect(), ..Choice::default() };
    let checked = audit::run(&audit::gather_for(system, scope, &choice.ids)?, &choice)?;
    let gone: HashSet<&String> = gone.iter().collect();
    let findings = checked.iter().flat_map(|one| &one.answer.findings);
    Ok(findings.filter(|finding| gone.contains(&finding.fingerprint())).map(|finding| finding.id).collect())
}

/// What is known of a login before anything is written.
enum Standing {
    /// The store has none: it will be added.
    Absent,
    /// The same, by name and by secret.
    Same,
    /// Another one, which is to stay.
    Other(Login),
}

fn move_logins(system: &System, scope: &Scope, fix: &Fix, path: &Path, moves: &Moves) -> Result<Applied, Problem> {
    let now = begun(path, &moves.before)?;
    let mut applied = Applied::default();
    let fit = {
        let index = EntryIndex::of(now.text(), moves.layout).map_err(|error| unfit(path, &error))?;
        let file = File { path: now.file(), index, moves };
        let fit = file.looked(system, &mut applied)?;
        fit.iter().try_for_each(|(one, standing)| file.stored(system, one, standing, &mut applied))?;
        fit
    };
    if fit.is_empty() {
        return Err(applied.left.pop().unwrap_or_else(|| Problem::failed("there is nothing to move")));
    }
    let edits = moves.edits(fit.iter().map(|(one, _)| *one));
    let new = edit::edited(now.text(), &edits).map_err(|error| unfit(path, &error))?;
    let gone: Vec<String> = fit.iter().flat_map(|(one, _)| one.fingerprints.clone()).collect();
    replace(system, scope, fix, path, now, &new, &gone)?;
    applied.done.push(format!("{} holds no secret of it any more", text::quoted_path(path)));
    if let Some(helper) = &moves.helper {
        let helper = text::escaped(helper.as_bytes());
        applied.done.push(format!("{} names docker-credential-{helper} for it", text::quoted_path(path)));
    }
    Ok(applied)
}

/// The file whose logins are moved, locked.
struct File<'f> {
    path: &'f Path,
    index: EntryIndex<'f>,
    moves: &'f Moves,
}

impl<'f> File<'f> {
    /// What can be moved, and how it stands; what cannot is told.
    fn looked(&self, system: &System, applied: &mut Applied) -> Result<Vec<(&'f Move, Standing)>, Problem> {
        let mut fit: Vec<(&Move, Standing)> = Vec::new();
        // The first of a name, by its place in `fit`.
        let mut known: HashMap<&RegistryKey, usize> = HashMap::new();
        for one in &self.moves.moves {
            let held = self.held(one)?;
            let standing = match known.get(&one.key).and_then(|first| fit.get(*first)) {
                // What the store keeps is what this one is compared with as well.
                Some((_, Standing::Other(_))) | None => compared(system, self.moves, &held, one),
                Some((earlier, _)) => self.beside(&held, one, earlier),
            };
            match standing {
                Ok(standing) => {
                    known.entry(&one.key).or_insert(fit.len());
                    fit.push((one, standing));
                }
                // Named for every registry, the helper would hide what stays in the file.
                Err(problem) if self.moves.helper.is_some() => return Err(problem),
                Err(problem) => applied.left.push(problem),
            }
        }
        Ok(fit)
    }

    /// Puts it into the store, where that does not have it, and reads it back.
    fn stored(&self, system: &System, one: &Move, standing: &Standing, applied: &mut Applied) -> Result<(), Problem> {
        let whose = whose(&one.login, &one.key);
        match standing {
            Standing::Same => {
                applied.done.push(format!("{whose} is in the store already, and this file no longer has it"))
            }
            Standing::Other(there) => {
                let there = self::whose(there, &one.key);
                applied.done.push(format!("{whose} is in the copy for regpass undo alone; the store keeps {there}"));
            }
            Standing::Absent => {
                let written = CredentialStore::new(system).add(&one.key, self.held(one)?)?;
                let is_written = written.is_some();
                applied.warnings.extend(written.into_iter().flat_map(|written| written.warnings));
                // As Docker will get it. Another login that came meanwhile is one to compare with, too.
                let read = compared(system, self.moves, &self.held(one)?, one);
                let read = read.map_err(|problem| if is_written { problem.hint(BY_NOW) } else { problem });
                match read? {
                    Standing::Same => applied.done.push(format!("{whose} is in the store, and was read back")),
                    Standing::Absent | Standing::Other(_) => {
                        let why = "it was stored, and something else is there";
                        return Err(Problem::failed(format!("{whose} stays in the file")).because(why));
                    }
                }
            }
        }
        Ok(())
    }

    fn held(&self, one: &Move) -> Result<Credential, Problem> {
        one.held(&self.index)
    }

    /// How it stands to an earlier login of the file that goes under the same name: Docker's own spelling of it is the first.
    fn beside(&self, held: &Credential, one: &Move, earlier: &Move) -> Result<Standing, Problem> {
        let first = self.held(earlier)?;
        if first.login == held.login && first.secret.same_as(&held.secret) {
            return Ok(Standing::Same);
        }
        if self.moves.keep_store {
            return Ok(Standing::Other(first.login));
        }
        let shown = |one: &Move| text::quoted(misplaced::server(&one.entry.server));
        Err(Problem::failed(format!("the login that stands under {} stays in the file", shown(one)))
            .because(format!("another one for the same registry stands under {}", shown(earlier)))
            .hint(format!(
                "take the one that is not wanted out of {} with an editor, then: regpass fix --apply",
                text::quoted_path(self.path)
            ))
            .hint(format!(
                "or keep that under {}, and this one in the copy for undo alone: regpass fix --apply --keep-store",
                shown(earlier)
            )))
    }
}

/// What the store answers for it. Err when that is something else, or cannot be read.
fn compared(system: &System, moves: &Moves, held: &Credential, one: &Move) -> Result<Standing, Problem> {
    match CredentialStore::new(system).get(&one.key)? {
        None => Ok(Standing::Absent),
        Some(there) if there.login == held.login && there.secret.same_as(&held.secret) => Ok(Standing::Same),
        Some(there) if moves.keep_store => Ok(Standing::Other(there.login)),
        Some(there) => Err(conflict(&there.login, &one.login, &one.key)),
    }
}

/// Said when a login that was stored cannot be read back.
const BY_NOW: &str = "it is in the store by now and stays in the file too; once it can be read: regpass fix --apply";

fn conflict(there: &Login, held: &Login, key: &RegistryKey) -> Problem {
    let server = misplaced::shell_word(misplaced::server(key.as_bytes()));
    let what = if there == held {
        "the store has another password for it".to_owned()
    } else {
        format!("the store has {} there", whose(there, key))
    };
    Problem::failed(format!("{} stays in the file", whose(held, key)))
        .because(what)
        .hint("to keep what the store has, and the file's in the copy for undo alone: regpass fix --apply --keep-store")
        .hint(format!(
            "to keep what is in the file, remove what the store has, then fix again: regpass registries erase {server}"
        ))
}
