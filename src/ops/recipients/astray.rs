//! Which entries are not encrypted to just those whom their folders name: what a change of recipients leaves that was ended
//! half-way or put off. Reads packets, opens nothing.

use crate::model::{EntryPath, Problem};
use crate::ops::progress::Cancel;
use crate::ops::reencrypt::{self, Extent};
use crate::system::System;

#[derive(Debug, Default)]
pub struct Astray {
    pub entries: usize,
    /// Those of which it cannot be told, and why of the first.
    pub untold: usize,
    pub why: Option<Problem>,
}

/// Looks at every entry in and below `folder`.
pub fn astray(system: &System, folder: &EntryPath, cancel: &Cancel) -> Result<Astray, Problem> {
    let plan = reencrypt::plan(system, folder, Extent::Differing, cancel)?;
    // An entry beside the folder has its name too, and is none of the folder's.
    let entries = plan.due.iter().filter(|due| due.entry != *folder).count();
    let mut failed = plan.failed.into_iter().filter(|failed| failed.entry != *folder);
    let why = failed.next();
    let untold = failed.count() + usize::from(why.is_some());
    Ok(Astray { entries, untold, why: why.map(|failed| failed.problem) })
}
