//! What is told of a folder without opening anything: who may read what is in it, what in it is encrypted to others, what
//! git did with it.

use super::super::jobs::folder::LOOKED_AT_MAX;
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::words;
use super::entry_facts;
use super::store::StoreScreen;
use super::store_facts::Known;
use super::store_keys::Action;
use crate::model::{EntryPath, Problem};
use crate::ops::recipients::{Astray, FolderReaders, NamedBy};

pub(super) fn draw(known: &Known, folder: &EntryPath, entries: u32, details: &mut Details<'_>, scope: &Scope) {
    match known.readers.known(folder) {
        None => return,
        Some(Err(problem)) => details.problem(problem),
        Some(Ok(found)) => draw_readers(found, folder, details, scope),
    }
    match known.astray.known(folder) {
        _ if entries > LOOKED_AT_MAX => {
            let key = scope.key_of::<StoreScreen>(Action::EncryptAnew);
            details.fact("encrypted", &format!("not looked at: so many entries; {key} does"), Meaning::Muted);
        }
        None => details.fact("encrypted", "being looked at", Meaning::Muted),
        Some(found) => draw_astray(found, details, scope),
    }
    match known.changes.known(folder) {
        None => {}
        Some(Ok(None)) => details.fact("history", "none: not in git", Meaning::Muted),
        Some(Ok(Some(commits))) if commits.is_empty() => {
            details.fact("history", "not yet in git", Meaning::Warn);
        }
        Some(Ok(Some(commits))) => entry_facts::draw_commits("last in git", commits, details),
        Some(Err(problem)) => details.fact("commits", &problem.one_line(), Meaning::Warn),
    }
}

fn draw_readers(found: &FolderReaders, folder: &EntryPath, details: &mut Details<'_>, scope: &Scope) {
    for (index, reader) in found.readers.iter().enumerate() {
        let (text, meaning) = words::reader(reader, scope);
        details.fact(if index == 0 { "readers" } else { "" }, &text, meaning);
    }
    if found.more > 0 {
        details.fact("", &format!("and {} more", found.more), Meaning::Plain);
    }
    let by = match &found.named_by {
        NamedBy::Variable => "PASSWORD_STORE_KEY".to_owned(),
        NamedBy::Folder(own) if own == folder => "its own list".to_owned(),
        NamedBy::Folder(top) if top.is_root() => "the list of the whole store".to_owned(),
        NamedBy::Folder(around) => format!("the list of {}", around.display()),
    };
    details.fact("named by", &by, Meaning::Plain);
}

/// Whether each entry is encrypted to just those whom the nearest list names.
fn draw_astray(found: &Result<Astray, Problem>, details: &mut Details<'_>, scope: &Scope) {
    let found = match found {
        Ok(found) => found,
        Err(problem) => return details.fact("encrypted", &problem.one_line(), Meaning::Warn),
    };
    let warn = scope.theme.glyphs.warn;
    if found.count() == Some(0) {
        return details.fact("encrypted", "each entry to just its readers", Meaning::Plain);
    }
    let mut label = "encrypted";
    if found.entries > 0 {
        let count = words::counted(found.entries as u64, "entry");
        let (its, it) = if found.entries == 1 { ("its", "it") } else { ("their", "them") };
        details.fact(label, &format!("{warn} {count} not to just {its} readers"), Meaning::Warn);
        let key = scope.key_of::<StoreScreen>(Action::EncryptAnew);
        details.fact("", &format!("{key} encrypts {it} anew"), Meaning::Plain);
        label = "";
    }
    if let Some((what, why)) = found.untold() {
        details.fact(label, &format!("{warn} {what} that cannot be told of: {}", why.one_line()), Meaning::Warn);
    }
}
