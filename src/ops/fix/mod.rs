//! Findings of the audit mended. A fix is data: what it would change is shown before it is done, and kept, encrypted where it
//! may be a secret, so that `undo` takes it back. After it the same checks look again. What regpass cannot do safely is
//! guided: the commands, and why a person has to give them. Never another user's files, never sudo.

mod advice;
mod carry;
mod copies;
mod files;
mod logins;
mod preview;

pub use carry::{Applied, apply};
pub use preview::DiffLine;

use std::collections::HashSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::{Credential, Problem, RegistryKey, Secret, misplaced, text};
use crate::ops::audit::{self, Choice, Evidence, Finding, Scope};
use crate::ops::backup::ModeChange;
use crate::system::System;
use crate::system::docker::auth_file::SIZE_MAX;
use crate::system::docker::edit::Edit;
use crate::system::files as system_files;
use crate::system::rewriting;

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// regpass, when it is told to.
    Auto,
    /// A person, with these commands.
    Guided,
    /// A person, who has to choose.
    Manual,
}

impl Kind {
    pub fn id(self) -> &'static str {
        match self {
            Kind::Auto => "auto",
            Kind::Guided => "guided",
            Kind::Manual => "manual",
        }
    }
}

/// One thing that mends findings. Texts are escaped.
#[derive(Debug)]
pub struct Fix {
    pub kind: Kind,
    /// Of the checks whose findings it mends.
    pub ids: Vec<&'static str>,
    /// Those findings.
    pub fingerprints: Vec<String>,
    /// What it does, or for a guided one what is wrong.
    pub title: String,
    /// The file it changes, or is about.
    pub path: Option<PathBuf>,
    /// What becomes of that file, with every value masked.
    pub diff: Vec<DiffLine>,
    /// What happens besides, in order.
    pub steps: Vec<String>,
    /// What a person does: for a guided one all of it, else what is left afterwards.
    pub advice: Vec<String>,
    /// Why regpass does not do it.
    pub why: Option<String>,
    pub needs_root: bool,
    deed: Option<Deed>,
}

/// What an automatic fix does.
#[derive(Debug)]
enum Deed {
    Move(logins::Moves),
    Edit { before: Secret, edits: Vec<Edit> },
    Remove { before: Secret },
    Modes(Vec<ModeChange>),
}

impl Fix {
    /// True for the one that takes this one's place when it is planned again.
    pub fn is_again(&self, other: &Fix) -> bool {
        let moves = |fix: &Fix| matches!(fix.deed, Some(Deed::Move(_)));
        self.path == other.path && (self.title == other.title || moves(self) && moves(other))
    }

    /// The same where the store has another login for a registry: that one stays, and the file's goes, into the copy for `undo`
    /// alone.
    #[must_use]
    pub fn keeping_the_store(mut self) -> Fix {
        if let Some(Deed::Move(moves)) = &mut self.deed {
            moves.keep_store = true;
        }
        self
    }

    /// The logins that it moves, and the names under which Docker will ask for them.
    pub fn logins(&self) -> Result<Vec<(RegistryKey, Credential)>, Problem> {
        match &self.deed {
            Some(Deed::Move(moves)) => moves.logins(),
            _ => Ok(Vec::new()),
        }
    }

    /// True when `undo` takes it back.
    pub fn is_reversible(&self) -> bool {
        self.deed.is_some()
    }

    fn guided(findings: &[&Finding], why: Option<String>) -> Fix {
        let first = findings.first();
        let mut advice: Vec<String> = Vec::new();
        for line in findings.iter().flat_map(|finding| advice::of(finding)) {
            if !advice.contains(&line) {
                advice.push(line);
            }
        }
        let by_hand = findings.iter().all(|finding| advice::BY_HAND.contains(&finding.id));
        Fix {
            kind: if by_hand { Kind::Manual } else { Kind::Guided },
            title: first.map(|finding| finding.title.clone()).unwrap_or_default(),
            path: first.and_then(|finding| finding.path.clone()),
            diff: Vec::new(),
            steps: Vec::new(),
            needs_root: advice.iter().any(|line| line.contains("sudo ")),
            advice,
            why,
            deed: None,
            ..Fix::of(findings)
        }
    }

    fn auto(findings: &[&Finding], title: String, path: &Path, deed: Deed) -> Fix {
        Fix { kind: Kind::Auto, title, path: Some(path.to_owned()), deed: Some(deed), ..Fix::of(findings) }
    }

    /// Its file, as it may be told.
    pub fn place(&self) -> Option<PathBuf> {
        self.path.as_deref().map(misplaced::path)
    }

    /// Without what may be a secret in a name, the home as `~`.
    fn told(mut self, home: Option<&Path>) -> Fix {
        self.title = misplaced::words(&in_home(&self.title, home));
        self.why = self.why.map(|why| misplaced::words(&why));
        self.steps.iter_mut().for_each(|line| *line = misplaced::words(line));
        self.advice.iter_mut().for_each(|line| *line = misplaced::remedy(line));
        self
    }

    fn of(findings: &[&Finding]) -> Fix {
        let mut ids: Vec<&'static str> = findings.iter().map(|finding| finding.id).collect();
        ids.sort_unstable();
        ids.dedup();
        Fix {
            kind: Kind::Guided,
            ids,
            fingerprints: findings.iter().map(|finding| finding.fingerprint()).collect(),
            title: String::new(),
            path: None,
            diff: Vec::new(),
            steps: Vec::new(),
            advice: Vec::new(),
            why: None,
            needs_root: false,
            deed: None,
        }
    }
}

/// What can be done about what an audit finds.
#[derive(Debug, Default)]
pub struct Plan {
    /// Automatic ones first.
    pub fixes: Vec<Fix>,
    /// Files beside which a fix that was killed left its half; the next one there removes it.
    pub leftovers: Vec<PathBuf>,
}

/// Looks, and says what would be done about the findings of these checks; all when none is named. Decrypts nothing.
pub fn plan(system: &System, scope: &Scope, ids: &[String]) -> Result<Plan, Problem> {
    let choice = Choice { ids: with_kin(ids), ..Choice::default() };
    // An id that is none is told before anything is looked at.
    audit::run(&Evidence::default(), &choice)?;
    let evidence = audit::gather_for(system, scope, &choice.ids)?;
    let checked = audit::run_until(&evidence, &choice, &scope.cancel)?;
    let findings: Vec<&Finding> = checked.iter().flat_map(|one| &one.answer.findings).collect();
    let is_chosen =
        |fix: &Fix| ids.is_empty() || ids.iter().any(|id| fix.ids.iter().any(|own| own.eq_ignore_ascii_case(id)));
    let mut fixes: Vec<Fix> = planned(system, &evidence, &findings).into_iter().filter(is_chosen).collect();
    fixes.sort_by_key(|fix| fix.kind);
    let touched = evidence.auth.iter().map(|seen| &seen.file.path);
    Ok(Plan { fixes, leftovers: touched.filter(|path| rewriting::has_leftovers(path)).cloned().collect() })
}

/// The fix as it is to be made now, after another one was; None: it is needless by now.
pub fn plan_again(system: &System, scope: &Scope, fix: &Fix) -> Result<Option<Fix>, Problem> {
    let ids: Vec<String> = fix.ids.iter().map(|id| (*id).to_owned()).collect();
    Ok(plan(system, scope, &ids)?.fixes.into_iter().find(|again| again.is_again(fix)))
}

/// With the checks whose findings one fix mends together with theirs.
fn with_kin(ids: &[String]) -> Vec<String> {
    let mut all = ids.to_vec();
    if ids.iter().any(|id| logins::OF_ENTRIES.iter().any(|own| own.eq_ignore_ascii_case(id))) {
        all.extend(logins::OF_ENTRIES.map(str::to_owned));
    }
    all
}

/// Words in which a path of the home begins with `~`.
fn in_home(words: &str, home: Option<&Path>) -> String {
    let Some(home) = home.filter(|home| home.parent().is_some()) else { return words.to_owned() };
    let shown = text::quoted_path(&home.join(""));
    words.replace(shown.trim_end_matches('"'), "\"~/")
}

/// Every finding has its fix; one fix may mend several.
fn planned(system: &System, evidence: &Evidence, findings: &[&Finding]) -> Vec<Fix> {
    let mut fixes = logins::plan(system, evidence, findings);
    let mut done: HashSet<String> = fixes.iter().flat_map(|fix| fix.fingerprints.iter().cloned()).collect();
    for finding in findings {
        if done.contains(&finding.fingerprint()) {
            continue;
        }
        let fix = files::plan(system, evidence, finding, findings).unwrap_or_else(|| Fix::guided(&[*finding], None));
        done.extend(fix.fingerprints.iter().cloned());
        fixes.push(fix);
    }
    fixes.into_iter().map(|fix| fix.told(evidence.home.as_deref())).collect()
}

/// Why regpass keeps its hands off a file, if it does.
pub(super) fn kept_from(evidence: &Evidence, path: &Path) -> Option<String> {
    let meta = path.metadata().ok()?;
    if meta.uid() != evidence.uid {
        return Some(format!("it belongs to uid {}, and regpass changes nobody else's files", meta.uid()));
    }
    if meta.nlink() > 1 && meta.is_file() {
        return Some("the file has another name too (a hard link), which would keep what is taken out here".to_owned());
    }
    let real = std::fs::canonicalize(path).ok()?;
    let folder = real.parent().unwrap_or(&real);
    let can_write = rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok();
    (!can_write).then(|| format!("nothing can be written in {}", text::quoted_path(folder)))
}

fn read(path: &Path) -> Option<Secret> {
    system_files::read_bounded(path, SIZE_MAX).ok().map(Secret::new)
}

#[cfg(test)]
mod cases;
