//! Entries of one registry in the files in which logins stand in clear, and in Docker's own, where it leaves marks; and how they
//! leave. A file that holds a secret is kept for `undo`, encrypted, before it is changed.

use std::path::PathBuf;

use super::RawName;
use crate::model::{Problem, Secret, text};
use crate::ops::audit::Evidence;
use crate::ops::audit::places::{self, AuthRole, Scope};
use crate::ops::{backup, fix, read_only};
use crate::system::System;
use crate::system::docker::auth_file::{Layout, SIZE_MAX};
use crate::system::docker::entries;
use crate::system::files;
use crate::system::rewriting::Rewriting;

/// What one file has of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFile {
    pub path: PathBuf,
    pub(super) role: AuthRole,
    layout: Layout,
    held: Vec<RawName>,
    /// None that is also held: without the one, Docker may take the other.
    marks: Vec<RawName>,
}

/// What went out of a file, fit to be shown.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) held: Vec<String>,
    pub(super) marks: Vec<String>,
    /// What cannot be taken back.
    pub(super) warning: Option<Problem>,
}

impl InFile {
    /// The entries with a secret, fit to be shown.
    pub fn held(&self) -> Vec<String> {
        self.held.iter().map(RawName::shown).collect()
    }

    /// Those without, which Docker leaves where a helper keeps the login.
    pub fn marks(&self) -> Vec<String> {
        self.marks.iter().map(RawName::shown).collect()
    }

    /// A copy beside Docker's file, which goes as a whole or not at all: `fix`.
    pub fn is_copy(&self) -> bool {
        self.role == AuthRole::Leftover
    }

    fn is_docker_s(&self) -> bool {
        self.role == AuthRole::Docker
    }
}

/// The files with entries of this registry, and those of which that is not known, in words.
pub(super) fn of_registry(system: &System, scope: &Scope, name: &str) -> (Vec<InFile>, Vec<String>) {
    let (mut found, mut untold) = (Vec::new(), Vec::new());
    look(system, scope, &mut untold, |file| found.extend(file.of_registry(name)));
    (found, untold)
}

/// The registries that have an entry anywhere; copies do not count.
pub(super) fn registries(system: &System, scope: &Scope) -> Vec<String> {
    let mut names = Vec::new();
    look(system, scope, &mut Vec::new(), |file| {
        if !file.is_copy() {
            let marks = file.marks.iter().filter(|_| file.role == AuthRole::Docker);
            names.extend(file.held.iter().chain(marks).map(RawName::registry));
        }
    });
    names
}

/// The logins that stand in clear, each by its registry, in words; copies do not count.
pub(super) fn in_clear(system: &System, scope: &Scope) -> Vec<(String, String)> {
    let mut found = Vec::new();
    look(system, scope, &mut Vec::new(), |file| {
        if !file.is_copy() {
            let names = file.held.iter().map(RawName::registry);
            found.extend(names.zip(file.words()));
        }
    });
    found
}

fn look(system: &System, scope: &Scope, untold: &mut Vec<String>, mut seen: impl FnMut(InFile)) {
    for (role, layout, path) in places::auth_files(system, scope) {
        let text = match files::read_bounded(&path, SIZE_MAX) {
            Ok(bytes) => Secret::new(bytes),
            Err(error) if error.is_not_found() => continue,
            Err(error) => {
                untold.push(error.to_string());
                continue;
            }
        };
        match entries::listed(&text, layout) {
            Ok(listed) => seen(InFile::of(path, role, layout, listed)),
            Err(error) => untold.push(format!("what {} holds is not known: {error}", text::quoted_path(&path))),
        }
    }
}

/// Takes entries out, as the file is now: those that hold a secret where that was agreed to, and Docker's own marks.
pub(super) fn take_out(system: &System, file: &InFile, name: &RawName, agreed: bool) -> Result<Taken, Problem> {
    read_only::check(system, &file.path)?;
    let shown = text::quoted_path(&file.path);
    let whose = Evidence { uid: system.env.uid(), ..Evidence::default() };
    if let Some(why) = fix::kept_from(&whose, &file.path) {
        return Err(Problem::failed(format!("{shown} is left as it is")).because(why));
    }
    let unfit = |error| Problem::failed(format!("{shown} cannot be changed")).because(error);
    let now = Rewriting::begin(&file.path, SIZE_MAX)?;
    let listed = entries::listed(now.text(), file.layout).map_err(unfit)?;
    let there = InFile::of(file.path.clone(), file.role, file.layout, listed).of_registry(name.as_str());
    let Some(there) = there else { return Ok(Taken::default()) };
    let held = if agreed { &there.held[..] } else { &[] };
    let servers: Vec<String> = there.marks.iter().chain(held).map(|name| name.as_str().to_owned()).collect();
    if servers.is_empty() {
        return Ok(Taken::default());
    }
    let new = entries::without(now.text(), file.layout, &servers).map_err(unfit)?;
    let ready = now.prepare(&new)?;
    let mut taken = Taken { marks: there.marks(), ..Taken::default() };
    if held.is_empty() {
        ready.put()?;
        return Ok(taken);
    }
    taken.held = there.held();
    let what = format!("log out of {} in {shown}", text::quoted(name.shown()));
    let kept = match backup::keep(system, &what, &file.path, ready.before(), Some((&new, ready.after()))) {
        Ok(step) => Some(step),
        // Nobody is there to whom it could be encrypted.
        Err(_) if !system.stores()?.root().root().exists() => None,
        Err(problem) => return Err(problem),
    };
    match (ready.put(), kept) {
        (Ok(()), Some(_)) => {}
        (Ok(()), None) => {
            let told = format!("what was taken out of {shown} cannot be taken back: there is no store to keep a copy");
            taken.warning = Some(Problem::failed(told));
        }
        (Err(error), Some(step)) => {
            backup::forget(system, step)?;
            return Err(error.into());
        }
        (Err(error), None) => return Err(error.into()),
    }
    Ok(taken)
}

impl InFile {
    fn of(path: PathBuf, role: AuthRole, layout: Layout, listed: Vec<entries::Listed>) -> InFile {
        let (held, marks): (Vec<_>, Vec<_>) = listed.into_iter().partition(|one| one.holds);
        let names = |all: Vec<entries::Listed>| all.into_iter().map(|one| RawName::new(one.server)).collect();
        let (held, mut marks): (Vec<RawName>, Vec<RawName>) = (names(held), names(marks));
        marks.retain(|mark| !held.contains(mark));
        InFile { path, role, layout, held, marks }
    }

    /// What it has of one registry; None where that is nothing.
    fn of_registry(mut self, name: &str) -> Option<InFile> {
        // Others' marks lead to no login of ours.
        let is_docker_s = self.is_docker_s();
        self.held.retain(|server| server.registry() == name);
        self.marks.retain(|server| is_docker_s && server.registry() == name);
        let is_empty = self.held.is_empty() && self.marks.is_empty();
        (!is_empty).then_some(self)
    }

    /// Whether something is to be done that needs nobody's consent: marks mean nothing.
    pub(super) fn has_marks_only_to_go(&self) -> bool {
        self.is_docker_s() && !self.marks.is_empty()
    }

    /// In words: what it holds in clear.
    pub(super) fn words(&self) -> Vec<String> {
        let path = text::quoted_path(&self.path);
        let held = self.held();
        held.iter().map(|server| format!("{path} holds a secret for {} in clear", text::quoted(server))).collect()
    }
}
