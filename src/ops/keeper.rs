//! Who keeps a registry's login: the store, or another helper's program. A name alone does not tell: `credsStore: pass` may
//! lead to the official helper, which may work on another store.

#[cfg(feature = "net")]
use crate::model::RegistryKey;
use crate::ops::shims;
use crate::system::System;
use crate::system::docker::config::DockerConfig;
use crate::system::docker::helper_program::HelperProgram;
use crate::system::links::Found;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ops) enum Keeper {
    /// regpass is what Docker would start, or what it would start is not there and regpass is meant.
    Store,
    Program(HelperProgram),
    /// Another helper, which is not on PATH.
    Missing(String),
}

/// Where a file says nothing of logins, Docker takes `pass`, if that is there, and its helper
/// (docker/cli `cli/config/credentials/default_store.go`, `configfile.ContainsAuth`).
pub(in crate::ops) fn chosen(system: &System, docker: &DockerConfig) -> Option<String> {
    if docker.has_entries || docker.helper.is_some() || !docker.helpers.is_empty() {
        return None;
    }
    let helper = if system.env.find_program("pass").is_some() { "pass" } else { "secretservice" };
    shims::found_first(system, helper).ok().flatten().map(|_| helper.to_owned())
}

/// Who answers where Docker asks for a registry's login, by the key that it looks up; None where it looks into its own file.
#[cfg(feature = "net")]
pub(in crate::ops) fn asked(system: &System, docker: &DockerConfig, key: &RegistryKey) -> Option<Keeper> {
    let helper = docker.helper_for(key).map(str::to_owned).or_else(|| chosen(system, docker));
    helper.map(|helper| keeper(system, &helper))
}

/// Who answers for a helper of this name.
pub(in crate::ops) fn keeper(system: &System, helper: &str) -> Keeper {
    // A path in the name would lead anywhere.
    if helper.contains(['/', '\0']) {
        return Keeper::Missing(helper.to_owned());
    }
    let name = helper.to_owned();
    match shims::found_first(system, helper).ok().flatten() {
        Some(shim) if matches!(shim.found, Found::Ours | Found::OtherRegpass(_) | Found::RegpassCopy) => Keeper::Store,
        Some(shim) => Keeper::Program(HelperProgram { name, path: shim.path }),
        None if shims::is_ours(helper) => Keeper::Store,
        None => Keeper::Missing(name),
    }
}
