//! What mends a finding: how it would change things, and done. Called by `jobs.rs` alone.

use std::path::PathBuf;

use super::super::watch::Watch;
use crate::model::{Problem, text};
use crate::ops::audit::Scope;
use crate::ops::fix::{self, Applied, DiffLine, Fix, Kind};
use crate::system::System;

/// The finding that is to be mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Of {
    /// Of its check.
    pub(in super::super) id: &'static str,
    pub(in super::super) fingerprint: String,
}

#[derive(Debug)]
pub(in super::super) enum Job {
    Plan(Of),
    /// Does it, if it is still what was shown.
    Apply(Of, Box<Shown>),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    /// None: the finding is gone.
    Planned(Option<Shown>),
    Applied(Applied),
}

/// A fix as it is shown. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Shown {
    pub(in super::super) kind: Kind,
    pub(in super::super) ids: Vec<&'static str>,
    pub(in super::super) title: String,
    pub(in super::super) path: Option<PathBuf>,
    pub(in super::super) diff: Vec<DiffLine>,
    pub(in super::super) steps: Vec<String>,
    pub(in super::super) advice: Vec<String>,
    pub(in super::super) why: Option<String>,
    pub(in super::super) is_reversible: bool,
}

impl Shown {
    fn of(fix: &Fix) -> Shown {
        Shown {
            kind: fix.kind,
            ids: fix.ids.clone(),
            title: fix.title.clone(),
            path: fix.place(),
            diff: fix.diff.clone(),
            steps: fix.steps.clone(),
            advice: fix.advice.clone(),
            why: fix.why.clone(),
            is_reversible: fix.is_reversible(),
        }
    }
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        match self {
            Job::Plan(of) => {
                let scope = Scope { cancel: watch.cancel().clone(), ..Scope::default() };
                Ok(Report::Planned(planned(system, &scope, &of)?.as_ref().map(Shown::of)))
            }
            Job::Apply(of, shown) => {
                let now = planned(system, &Scope::default(), &of)?.filter(|fix| Shown::of(fix) == *shown);
                let fix = now.ok_or_else(|| {
                    let path = shown.path.as_deref().map_or_else(|| shown.title.clone(), text::quoted_path);
                    Problem::failed(format!("{path} was changed meanwhile: nothing was done"))
                        .hint("go back and look at the change again")
                })?;
                fix::apply(system, &Scope::default(), &fix).map(Report::Applied)
            }
        }
    }
}

fn planned(system: &System, scope: &Scope, of: &Of) -> Result<Option<Fix>, Problem> {
    let plan = fix::plan(system, scope, &[of.id.to_owned()])?;
    Ok(plan.fixes.into_iter().find(|fix| fix.fingerprints.contains(&of.fingerprint)))
}
