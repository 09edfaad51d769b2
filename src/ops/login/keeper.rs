//! Who keeps a registry's login: the store, or another helper's program. A name alone does not tell: `credsStore: pass` may
//! lead to the official helper, which may work on another store.

use crate::ops::shims;
use crate::system::System;
use crate::system::docker::helper_program::HelperProgram;
use crate::system::links::Found;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// regpass is what Docker would start, or what it would start is not there and regpass is meant.
    Store,
    Program(HelperProgram),
    /// Another helper, which is not on PATH.
    Missing(String),
}

/// Who answers for a helper of this name.
pub(super) fn keeper(system: &System, helper: &str) -> Keeper {
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
