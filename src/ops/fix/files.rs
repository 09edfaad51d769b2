//! Fixes of single findings in one file: modes, names of settings, a helper to be named, copies to be removed.

use std::path::Path;

use super::preview::diff;
use super::{Deed, Fix, kept_from, read};
use crate::model::text;
use crate::ops::audit::{Evidence, Finding, Spot};
use crate::system::docker::edit::{self, Edit};

const KEEPS: &str = "keeps the file as it is now, encrypted, for regpass undo";

/// None for what only a person can do.
pub(super) fn plan(evidence: &Evidence, finding: &Finding, all: &[&Finding]) -> Option<Fix> {
    let path = finding.path.as_deref()?;
    match finding.id {
        "CFG03" => mode(evidence, finding, path),
        "CFG07" | "HLP06" => rename(evidence, finding, path),
        "CFG08" => repeated(evidence, finding, path),
        "CFG09" | "CFG10" => helper(evidence, finding, path),
        "INL19" => removal(evidence, path, all),
        _ => None,
    }
}

fn mode(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    use std::os::unix::fs::MetadataExt;
    let meta = path.metadata().ok().filter(|meta| meta.uid() == evidence.uid)?;
    let before = meta.mode() & 0o7777;
    let after = before & 0o7700;
    let title = format!("close {} to others: {before:04o} becomes {after:04o}", text::quoted_path(path));
    Some(Fix::auto(&[finding], title, path, Deed::Mode { before, after }))
}

fn rename(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    let Spot::Pointer(pointer) = &finding.spot else { return None };
    let from = pointer.strip_prefix('/')?.replace("~1", "/").replace("~0", "~");
    let to = finding.meant.clone()?;
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

fn helper(evidence: &Evidence, finding: &Finding, path: &Path) -> Option<Fix> {
    let seen = evidence.auth.iter().find(|seen| seen.file.path == path)?;
    // Docker would then look for logins that stand in the file nowhere but at the helper.
    if seen.holds_secrets() {
        let why = "Docker would no longer find the logins that stand in the file: move them first, which names the helper too: \
                   regpass fix --apply INL01";
        return Some(Fix::guided(&[finding], Some(why.to_owned())));
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
    let diff = diff(&before, Some(&after));
    let steps = vec![KEEPS.to_owned()];
    Some(Fix { diff, steps, ..Fix::auto(&[finding], title, path, Deed::Edit { before, edits }) })
}

fn removal(evidence: &Evidence, path: &Path, all: &[&Finding]) -> Option<Fix> {
    let own: Vec<&Finding> =
        all.iter().filter(|one| one.id == "INL19" && one.path.as_deref() == Some(path)).copied().collect();
    if path.symlink_metadata().is_ok_and(|meta| !meta.is_file()) {
        return Some(Fix::guided(&own, Some("it is a link, or no ordinary file".to_owned())));
    }
    if let Some(why) = kept_from(evidence, path) {
        return Some(Fix::guided(&own, Some(why)));
    }
    let before = read(path)?;
    let title = format!("remove the copy {}", text::quoted_path(path));
    let diff = diff(&before, None);
    let steps = vec!["keeps the file, encrypted, for regpass undo: 30 days, 100 changes".to_owned()];
    let advice = vec!["change the passwords at the registries: whoever read the file has them".to_owned()];
    Some(Fix { diff, steps, advice, ..Fix::auto(&own, title, path, Deed::Remove { before }) })
}
