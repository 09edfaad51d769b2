//! Docker's marks of logins that came back: a logout takes them out of Docker's file, which is no part of the change of a store.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::model::{Problem, RegistryKey};
use crate::ops::login;
use crate::system::System;
use crate::system::store::layout;
use crate::system::undo_log::{self, After, Before};

/// Marks what an action took away and is there again; what went wrong with it.
pub(super) fn put_back(system: &System, action: u64) -> Vec<Problem> {
    let (steps, _) = undo_log::list(&system.options.state_dir);
    let places = steps.iter().filter(|step| step.action() == action).flat_map(|step| &step.places);
    let gone = places.filter(|place| matches!((&place.before, &place.after), (Before::File { .. }, After::Nothing)));
    let keys: BTreeSet<RegistryKey> = gone.filter_map(|place| registry_of(Path::new(&place.path))).collect();
    keys.iter().filter_map(|key| login::mark_again(system, key).err()).collect()
}

/// The registry whose login a file of a store is.
fn registry_of(file: &Path) -> Option<RegistryKey> {
    let folder = file.parent()?;
    let helpers = layout::helper_folder().ok()?;
    (folder.parent()?.as_os_str().as_bytes() == helpers.as_bytes())
        .then(|| folder.file_name())?
        .and_then(|name| layout::registry_of(name.as_bytes()))
}
