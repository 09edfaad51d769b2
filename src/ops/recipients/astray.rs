//! Which entries are not encrypted to just those whom their folders name: what a change of recipients leaves that was ended
//! half-way or put off. Reads packets, opens nothing.

use crate::model::{EntryPath, Problem, text};
use crate::ops::progress::Cancel;
use crate::ops::reencrypt::{self, Extent};
use crate::system::System;

#[derive(Clone, Debug, Default)]
pub struct Astray {
    pub entries: usize,
    /// Entries of which it cannot be told.
    pub untold: usize,
    /// Folders that cannot be looked into.
    pub closed: usize,
    /// Why of the first of either.
    pub why: Option<Problem>,
}

impl Astray {
    /// How many there are at least; None where there may be some and nobody can tell.
    pub fn count(&self) -> Option<usize> {
        (self.entries > 0 || self.untold + self.closed == 0).then_some(self.entries)
    }

    /// What cannot be told of, in words (`2 entries and 1 folder`), and why; None where all was looked at.
    pub fn untold(&self) -> Option<(String, &Problem)> {
        let counted = |count: usize, one: &str, more: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            many => Some(format!("{many} {more}")),
        };
        let parts = [counted(self.untold, "entry", "entries"), counted(self.closed, "folder", "folders")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        self.why.as_ref().filter(|_| !parts.is_empty()).map(|why| (parts.join(" and "), why))
    }
}

/// Looks at every entry in and below `folder`.
pub fn astray(system: &System, folder: &EntryPath, cancel: &Cancel) -> Result<Astray, Problem> {
    let plan = reencrypt::plan(system, folder, Extent::Differing, cancel)?;
    // An entry beside the folder has its name too, and is none of the folder's.
    let entries = plan.due.iter().filter(|due| due.entry != *folder).count();
    let failed = plan.failed.into_iter().filter(|failed| failed.entry != *folder);
    let failed: Vec<Problem> = failed.map(|failed| failed.problem).collect();
    // What a link leads to out of the store is none of its entries.
    let closed = plan.unreadable.into_iter().filter(|one| !one.path.is_symlink());
    let closed: Vec<Problem> = closed
        .map(|one| Problem::failed(format!("cannot look into {}", text::quoted_path(&one.path))).because(one.why))
        .collect();
    let (untold, shut) = (failed.len(), closed.len());
    Ok(Astray { entries, untold, closed: shut, why: failed.into_iter().chain(closed).next() })
}
