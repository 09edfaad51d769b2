//! What is refused outside the stores when regpass was told to write nothing: links, configurations. Of the stores, `change`
//! says so.

use std::path::Path;

use crate::model::{Problem, text};
use crate::system::System;

/// Refuses to write to this file or folder when a flag, a variable or a setting forbids it.
pub(super) fn check(system: &System, place: &Path) -> Result<(), Problem> {
    let Some(by) = system.options.read_only else { return Ok(()) };
    Err(Problem::failed(format!("{} is not written to: regpass is read-only here", text::quoted_path(place)))
        .because(format!("{by} asks for it")))
}
