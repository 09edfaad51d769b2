//! Copies of `config.json` that are to be removed: does every login in one live on elsewhere. By names before anything is
//! decrypted, by the secrets themselves before the file goes.

use super::logins::{key_of, whose};
use crate::model::{Credential, Problem, RegistryKey, Secret, misplaced, text};
use crate::ops::credentials::CredentialStore;
use crate::system::System;
use crate::system::docker::auth_file::{Layout, SIZE_MAX};
use crate::system::docker::config;
use crate::system::docker::edit::{self, EntryIndex};
use crate::system::files;

/// Why a copy may be the last place of a login, as far as that can be told without decrypting; None: it need not be.
pub(super) fn last_places(system: &System, copy: &Secret) -> Option<String> {
    let Ok(entries) = edit::entries(copy, Layout::Nested) else {
        return Some("it is no JSON that could be compared: it may be the last to know a login".to_owned());
    };
    let index = match EntryIndex::of(copy, Layout::Nested) {
        Ok(index) => index,
        Err(why) => return Some(format!("its logins cannot be compared: {why}")),
    };
    let docker = docker_file(system);
    let own = Own::of(docker.as_ref());
    entries.iter().find_map(|entry| {
        let shown = text::quoted(misplaced::server(&entry.server));
        let held = match index.credential(&entry.server) {
            Ok(held) => held,
            Err(why) => return Some(format!("the login for {shown} cannot be compared: {why}")),
        };
        let there = CredentialStore::new(system).answering(&key_of(&entry.server));
        let is_known = matches!(there, Ok(Some(login)) if login == held.login);
        (!is_known && !own.holds(&entry.server, &held))
            .then(|| format!("the store has no such login for {shown}: the copy may be the last to know it"))
    })
}

/// Err when a login of the copy is nowhere else as it is there. Opens what the store has.
pub(super) fn check(system: &System, copy: &Secret) -> Result<(), Problem> {
    let stays = |key: &RegistryKey, held: &Credential| {
        Problem::failed(format!("the copy stays: {} is nowhere else as it is there", whose(&held.login, key)))
            .hint("log in there, so that the store has it, then fix again: regpass fix --apply INL19")
    };
    let unfit = |why: String| Problem::failed("the copy stays").because(why);
    let docker = docker_file(system);
    let own = Own::of(docker.as_ref());
    let index = EntryIndex::of(copy, Layout::Nested).map_err(|error| unfit(error.to_string()))?;
    for entry in edit::entries(copy, Layout::Nested).map_err(|error| unfit(error.to_string()))? {
        let held = index.credential(&entry.server).map_err(|error| unfit(error.to_string()))?;
        if own.holds(&entry.server, &held) {
            continue;
        }
        let key = key_of(&entry.server);
        match CredentialStore::new(system).get(&key)? {
            Some(there) if is_same(&there, &held) => {}
            _ => return Err(stays(&key, &held)),
        }
    }
    Ok(())
}

fn is_same(a: &Credential, b: &Credential) -> bool {
    a.login == b.login && a.secret.same_as(&b.secret)
}

/// The file that Docker reads.
fn docker_file(system: &System) -> Option<Secret> {
    files::read_bounded(&system.options.docker_config.join(config::FILE), SIZE_MAX).ok().map(Secret::new)
}

/// What that file holds, as far as it can be read.
struct Own<'t>(Option<EntryIndex<'t>>);

impl<'t> Own<'t> {
    fn of(text: Option<&'t Secret>) -> Own<'t> {
        Own(text.and_then(|text| EntryIndex::of(text, Layout::Nested).ok()))
    }

    /// The very login under the very name.
    fn holds(&self, server: &str, held: &Credential) -> bool {
        let found = self.0.as_ref().and_then(|index| index.credential(server).ok());
        found.is_some_and(|found| is_same(&found, held))
    }
}
