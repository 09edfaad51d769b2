//! Fixes of single findings in one file: modes, names of settings, a helper to be named, copies to be removed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::preview::{Preview, Untold, diff};
use super::{Deed, Fix, copies, kept_from, read};
use crate::model::{misplaced, text};
use crate::ops::audit::{Evidence, Finding, Spot};
use crate::ops::backup::ModeChange;
use crate::system::System;
use crate::system::docker::edit::{self, Edit};
use crate::system::modes as system_modes;

const KEEPS: &str = "keeps the file as it is now, encrypted, for regpass undo";

/// None for what only a person can do.
pub(super) fn plan(system: &System, evidence: &Evidence, finding: &Finding, all: &[&Finding]) -> Option<Fix> {
    let path = finding.path.as_deref()?;
    match finding.id {
        "CFG03" | "GPG06" => mode(evidence, finding, path),
        "STO11" if finding.fix.starts_with("chmod ") => modes(evidence, finding, path),
        "CFG07" | "HLP06" => rename(evidence, finding, path),
        "CFG08" => repeated(evidence, finding, path),
        "CFG09" | "CFG10" => helper(evidence, finding, path),
        "INL19" => removal(system, evidence, path, all),
        _ => None,
    }
}

fn mode(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    let real = std::fs::canonicalize(path).ok()?;
    let before = system_modes::look(&real).filter(|seen| seen.uid == evidence.uid)?.mode;
    let after = before & CLOSED;
    let title = format!("close {} to others: {before:04o} becomes {after:04o}", text::quoted_path(path));
    let change = ModeChange { path: real, before, after };
    Some(Fix::auto(&[finding], title, path, Deed::Modes(vec![change])))
}

/// The owner's rights, and what is neither a right of the group nor of others.
const CLOSED: u32 = 0o7700;

/// The most files that are closed at once; more are for `chmod -R`.
const FILES_MAX: usize = 20_000;

/// A folder with all that is in it. What links lead to, and what belongs to others, is not touched.
fn modes(evidence: &Evidence, finding: &Finding, root: &Path) -> Option<Fix> {
    let mut changes = Vec::new();
    let mut waiting = vec![std::fs::canonicalize(root).ok()?];
    while let Some(path) = waiting.pop() {
        let Ok(meta) = path.symlink_metadata() else { continue };
        if meta.uid() != evidence.uid || !(meta.is_dir() || meta.is_file()) {
            continue;
        }
        let before = meta.mode() & 0o7777;
        if before & !CLOSED != 0 {
            changes.push(ModeChange { path: path.clone(), before, after: before & CLOSED });
        }
        if let (true, Ok(items)) = (meta.is_dir(), std::fs::read_dir(&path)) {
            waiting.extend(items.flatten().map(|item| item.path()));
        }
        if changes.len() + waiting.len() > FILES_MAX {
            return None;
        }
    }
    let count = changes.len();
    let things = if count == 1 { "1 file or folder".to_owned() } else { format!("{count} files and folders") };
    let title = format!("close {things} of {} to others", text::quoted_path(root));
    let shown = changes.iter().take(SHOWN_MAX).map(|change| {
        format!("{:04o} becomes {:04o}: {}", change.before, change.after, text::quoted_path(&change.path))
    });
    let mut steps: Vec<String> = shown.collect();
    steps.extend((count > SHOWN_MAX).then(|| format!("and {} more", count - SHOWN_MAX)));
    (count > 0).then(|| Fix { steps, ..Fix::auto(&[finding], title, root, Deed::Modes(changes)) })
}

/// How many of many files are named.
const SHOWN_MAX: usize = 5;

fn rename(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    let Spot::Pointer(pointer) = &finding.spot else { return None };
    let from = pointer.strip_prefix('/')?.replace("~1", "/").replace("~0", "~");
    let to = finding.meant.clone()?;
    let names_helper = finding.id == "HLP06" || HELPERS.contains(&&*to);
    if names_helper && let Some(fix) = hiding(evidence, finding, path) {
        return Some(fix);
    }
    let edit = if finding.id == "HLP06" {
        let from = finding.registry.clone()?;
        Edit::RenameRegistry { from, to: to.clone() }
    } else {
        Edit::Rename { from: from.clone(), to: to.clone() }
    };
    let from = finding.registry.as_ref().unwrap_or(&from);
    let title = format!("rename {} to {} in {}", text::quoted(from), text::quoted(to), text::quoted_path(path));
    edited(evidence, finding, path, title, vec![edit])
}

fn repeated(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    let Spot::Pointer(pointer) = &finding.spot else { return None };
    // Further inside, what stands there first may be a secret, or the one that is meant.
    let key = pointer.strip_prefix('/').filter(|key| !key.contains('/'))?.replace("~1", "/").replace("~0", "~");
    let title = format!("keep the last {} of {}, which counts", text::quoted(&key), text::quoted_path(path));
    edited(evidence, finding, path, title, vec![Edit::KeepLast(key)])
}

/// Settings by which a helper is asked.
const HELPERS: [&str; 2] = ["credsStore", "credHelpers"];

/// Where a helper would be asked from then on, Docker looks for logins that stand in the file nowhere but there: None when
/// the file has none.
fn hiding(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    let seen = evidence.auth.iter().find(|seen| seen.file.path == path)?;
    let why = "Docker would no longer find the logins that stand in the file: move them first, which names the helper too: \
               regpass fix --apply INL01";
    seen.holds_secrets().then(|| Fix::guided(&[finding], Some(why.to_owned())))
}

fn helper(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    if let Some(fix) = hiding(evidence, finding, path) {
        return Some(fix);
    }
    let helper = evidence.helper.clone()?;
    let shown = text::escaped(helper.as_bytes()).into_owned();
    let title = format!("name docker-credential-{shown} in {}, for every registry", text::quoted_path(path));
    edited(evidence, finding, path, title, vec![Edit::CredsStore(helper)])
}

fn edited(evidence: &Evidence, finding: &Finding, path: &Path, title: String, edits: Vec<Edit>) -> Option<Fix> {
    if let Some(why) = kept_from(evidence, path) {
        return Some(Fix::guided(&[finding], Some(why)));
    }
    let before = read(path)?;
    let after = match edit::edited(&before, &edits) {
        Ok(after) => after,
        Err(error) => return Some(Fix::guided(&[finding], Some(error.to_string()))),
    };
    let Preview { lines, untold } = diff(&before, Some(&after));
    let steps = untold.map(|untold| untold.to_string()).into_iter().chain([KEEPS.to_owned()]).collect();
    Some(Fix { diff: lines, steps, ..Fix::auto(&[finding], title, path, Deed::Edit { before, edits }) })
}

fn removal(system: &System, evidence: &Evidence, path: &Path, all: &[&Finding]) -> Option<Fix> {
    let own: Vec<&Finding> =
        all.iter().filter(|one| one.id == "INL19" && one.path.as_deref() == Some(path)).copied().collect();
    if path.symlink_metadata().is_ok_and(|meta| !meta.is_file()) {
        return Some(Fix::guided(&own, Some("it is a link, or no ordinary file".to_owned())));
    }
    if let Some(why) = kept_from(evidence, path) {
        return Some(Fix::guided(&own, Some(why)));
    }
    let before = read(path)?;
    if let Some(why) = copies::last_places(system, &before) {
        let mut fix = Fix::guided(&own, Some(why));
        fix.advice
            .push(format!("log in there, so that the store has it, or let it go: rm {}", misplaced::shell_word(path)));
        return Some(fix);
    }
    let title = format!("remove the copy {}", text::quoted_path(path));
    let Preview { lines, untold } = diff(&before, None);
    if let Some(Untold::Unread(_)) = untold {
        let why = "there is more in it than can be compared: it may be the last to know a login".to_owned();
        return Some(Fix::guided(&own, Some(why)));
    }
    let mut steps: Vec<String> = untold.map(|untold| untold.to_string()).into_iter().collect();
    steps.extend([
        "compares each of its logins with the store's: only a copy whose logins all live on is removed".to_owned(),
        "keeps the file, encrypted, for regpass undo: 30 days, 100 changes".to_owned(),
    ]);
    let advice = vec!["change the passwords at the registries: whoever read the file has them".to_owned()];
    Some(Fix { diff: lines, steps, advice, ..Fix::auto(&own, title, path, Deed::Remove { before }) })
}
