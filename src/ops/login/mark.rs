//! The mark that Docker leaves in its own file beside a login that a helper keeps: an entry without anything in it. Older ways
//! of building go by it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use super::choice::{self, Target};
use super::keeper::Keeper;
use crate::model::{Problem, RegistryKey, Secret, text};
use crate::system::System;
use crate::system::docker::auth_file::SIZE_MAX;
use crate::system::docker::edit::{self, Edit, EditError};
use crate::system::docker::entries;
use crate::system::files::{self, FileError};
use crate::system::rewriting::Rewriting;

/// Writes it where Docker asks this keeper. True when the file was changed.
pub(super) fn put(target: &Target) -> Result<bool, Problem> {
    if !target.is_docker_s {
        return Ok(false);
    }
    let unfit = |error: EditError| {
        Problem::failed(format!("Docker's mark cannot be put into {}", text::quoted_path(&target.config)))
            .because(error)
    };
    if target.config.symlink_metadata().is_err() {
        let new = marked(target, &Secret::default()).map_err(unfit)?;
        return create(target, &new).map(|()| true);
    }
    let now = Rewriting::begin(&target.config, SIZE_MAX)?;
    let new = marked(target, now.text()).map_err(unfit)?;
    if new.same_as(now.text()) {
        return Ok(false);
    }
    now.prepare(&new)?.put()?;
    Ok(true)
}

/// The same for a login that came back to the store: a logout took the mark along. Only under the name that Docker asks for, and
/// in a file that is there.
pub(in crate::ops) fn again(system: &System, key: &RegistryKey) -> Result<bool, Problem> {
    let Ok(target) = choice::target(system, &key.to_text(), None) else { return Ok(false) };
    if target.key != *key || target.keeper != Keeper::Store || target.config.symlink_metadata().is_err() {
        return Ok(false);
    }
    put(&target)
}

/// With the helper's name, where Docker chose it itself.
fn marked(target: &Target, text: &Secret) -> Result<Secret, EditError> {
    let new = entries::marked(text, &target.key.to_text())?;
    match &target.chosen {
        Some(helper) => edit::edited(&new, &[Edit::CredsStore(helper.clone())]),
        None => Ok(new),
    }
}

/// As Docker makes it: nobody else's to read.
fn create(target: &Target, content: &Secret) -> Result<(), Problem> {
    let path = &target.config;
    let fault = |error: FileError| Problem::failed(format!("cannot make {}", text::quoted_path(path))).because(error);
    let folder = path.parent().unwrap_or(path);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| fault(FileError::io("cannot make", folder, source)))?;
    // A mark is no secret.
    files::create(path, content.expose(), 0o600).map_err(fault)
}
