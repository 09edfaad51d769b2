//! Entries of one registry in the files in which logins stand in clear, and in Docker's own, where it leaves marks; and how they
//! leave. A file that holds a secret is kept for `undo`, encrypted, before it is changed.

use std::path::PathBuf;

use crate::model::{Problem, RegistryKey, Secret, misplaced, text};
use crate::ops::audit::Evidence;
use crate::ops::audit::places::{self, AuthRole, Scope};
use crate::ops::registries::name_of;
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
    /// As they stand there.
    held: Vec<String>,
    marks: Vec<String>,
}

impl InFile {
    /// The entries with a secret, fit to be shown.
    pub fn held(&self) -> Vec<String> {
        self.held.iter().map(misplaced::server).collect()
    }

    /// Those without, which Docker leaves where a helper keeps the login.
    pub fn marks(&self) -> Vec<String> {
        self.marks.iter().map(misplaced::server).collect()
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
    look(system, scope, &mut untold, |file| {
        let is_of_it = |server: &String| name_of(&RegistryKey::new(server.as_str())) == name;
        let file = InFile {
            held: file.held.into_iter().filter(is_of_it).collect(),
            // Others' marks lead to no login of ours.
            marks: file.marks.into_iter().filter(|server| file.role == AuthRole::Docker && is_of_it(server)).collect(),
            ..file
        };
        if !(file.held.is_empty() && file.marks.is_empty()) {
            found.push(file);
        }
    });
    (found, untold)
}

/// The registries that have an entry anywhere; copies do not count.
pub(super) fn registries(system: &System, scope: &Scope) -> Vec<String> {
    let mut names = Vec::new();
    look(system, scope, &mut Vec::new(), |file| {
        if !file.is_copy() {
            let marks = file.marks.iter().filter(|_| file.role == AuthRole::Docker);
            names.extend(file.held.iter().chain(marks).map(|server| name_of(&RegistryKey::new(server.as_str()))));
        }
    });
    names
}

/// The logins that stand in clear, each by its registry, in words; copies do not count.
pub(super) fn in_clear(system: &System, scope: &Scope) -> Vec<(String, String)> {
    let mut found = Vec::new();
    look(system, scope, &mut Vec::new(), |file| {
        if !file.is_copy() {
            let names = file.held.iter().map(|server| name_of(&RegistryKey::new(server.as_str())));
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
            Ok(listed) => {
                let (held, marks): (Vec<_>, Vec<_>) = listed.into_iter().partition(|one| one.holds);
                let names = |all: Vec<entries::Listed>| all.into_iter().map(|one| one.server).collect();
                seen(InFile { path, role, layout, held: names(held), marks: names(marks) });
            }
            Err(error) => untold.push(format!("what {} holds is not known: {error}", text::quoted_path(&path))),
        }
    }
}

/// Takes entries out: those that hold a secret where that was agreed to, and Docker's own marks. What cannot be taken back
/// afterwards is told.
pub(super) fn take_out(system: &System, file: &InFile, name: &str, held: bool) -> Result<Option<Problem>, Problem> {
    read_only::check(system, &file.path)?;
    let shown = text::quoted_path(&file.path);
    let whose = Evidence { uid: system.env.uid(), ..Evidence::default() };
    if let Some(why) = fix::kept_from(&whose, &file.path) {
        return Err(Problem::failed(format!("{shown} is left as it is")).because(why));
    }
    let now = Rewriting::begin(&file.path, SIZE_MAX)?;
    let mut servers = file.marks.clone();
    servers.extend(file.held.iter().filter(|_| held).cloned());
    let new = entries::without(now.text(), file.layout, &servers)
        .map_err(|error| Problem::failed(format!("{shown} cannot be changed")).because(error))?;
    let ready = now.prepare(&new)?;
    if file.held.is_empty() || !held {
        ready.put()?;
        return Ok(None);
    }
    let what = format!("log out of {} in {shown}", text::quoted(name));
    let kept = match backup::keep(system, &what, &file.path, ready.before(), Some((&new, ready.after()))) {
        Ok(step) => Some(step),
        // Nobody is there to whom it could be encrypted.
        Err(_) if !system.stores()?.root().root().exists() => None,
        Err(problem) => return Err(problem),
    };
    let put = ready.put();
    match (put, kept) {
        (Ok(()), Some(_)) => Ok(None),
        (Ok(()), None) => {
            let told = format!("what was taken out of {shown} cannot be taken back: there is no store to keep a copy");
            Ok(Some(Problem::failed(told)))
        }
        (Err(error), Some(step)) => {
            backup::forget(system, step)?;
            Err(error.into())
        }
        (Err(error), None) => Err(error.into()),
    }
}

impl InFile {
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
