//! The audit: all of it, or one check again. Reads files only, as `regpass audit` without options does. Called by `jobs.rs`
//! alone.

use std::time::SystemTime;

use super::super::watch::Watch;
use crate::model::Problem;
use crate::ops::audit::accepted::{Ignored, Standing};
use crate::ops::audit::{
    self, Check, Checked, Choice, Finding, GROUPS, Group, Scope, Severity, Verdict, explained, ignore_file,
};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) enum Job {
    All,
    /// The check with this id.
    Again(&'static str),
}

/// What the checks that were asked for say.
#[derive(Debug)]
pub(in super::super) struct Ran {
    pub(in super::super) looks: Vec<Look>,
    pub(in super::super) when: SystemTime,
}

/// What one check answered.
#[derive(Debug)]
pub(in super::super) struct Look {
    pub(in super::super) group: &'static Group,
    pub(in super::super) check: &'static Check,
    pub(in super::super) verdict: Verdict,
    /// Why it did not look, or not everywhere, escaped.
    pub(in super::super) why: Option<String>,
    pub(in super::super) findings: Vec<Judged>,
    /// What docs/checks.md says of the check: labels and texts.
    pub(in super::super) section: Vec<(&'static str, &'static str)>,
}

/// A finding, and why it is accepted, if it is.
#[derive(Debug)]
pub(in super::super) struct Judged {
    pub(in super::super) finding: Finding,
    pub(in super::super) ignored: Option<Ignored>,
}

/// An audit in a few numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Verdicts {
    /// Findings that nobody accepted, as in `Severity::ALL`.
    pub(in super::super) findings: [usize; Severity::ALL.len()],
    /// Checks that could not look everywhere.
    pub(in super::super) unseen: usize,
    pub(in super::super) ignored: usize,
    pub(in super::super) when: SystemTime,
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Ran, Problem> {
        let choice = match self {
            Job::All => Choice::default(),
            Job::Again(id) => Choice { ids: vec![id.to_owned()], ..Choice::default() },
        };
        let accepted = ignore_file::read(&system.env)?;
        watch.hear("reading files, histories and processes; nothing is decrypted");
        let scope = Scope { cancel: watch.cancel().clone(), ..Scope::default() };
        let evidence = audit::gather_for(system, &scope, &choice.ids)?;
        let now = system.env.now();
        let judged = |finding: Finding| {
            let ignored = match accepted.standing(&finding, now) {
                Standing::Ignored(ignored) => Some(ignored.clone()),
                Standing::Told | Standing::Known => None,
            };
            Judged { finding, ignored }
        };
        let look = |one: Checked| {
            let (verdict, why) = (one.answer.verdict(), one.answer.why());
            let group = GROUPS.iter().find(|group| group.name == one.group)?;
            let findings = one.answer.findings.into_iter().map(judged).collect();
            Some(Look { group, check: one.check, verdict, why, findings, section: explained::section(one.check) })
        };
        let looks = audit::run_until(&evidence, &choice, watch.cancel())?.into_iter().filter_map(look).collect();
        Ok(Ran { looks, when: now })
    }
}

impl Look {
    /// It says more than that all is well, or that it was not asked.
    pub(in super::super) fn has_missed(&self) -> bool {
        self.verdict == Verdict::Failed || (self.verdict == Verdict::Found && self.why.is_some())
    }
}

impl Verdicts {
    pub(in super::super) fn of(looks: &[Look], when: SystemTime) -> Verdicts {
        let all = || looks.iter().flat_map(|look| &look.findings);
        let told =
            |severity| all().filter(|judged| judged.ignored.is_none() && judged.finding.severity == severity).count();
        Verdicts {
            findings: Severity::ALL.map(told),
            unseen: looks.iter().filter(|look| look.has_missed()).count(),
            ignored: all().filter(|judged| judged.ignored.is_some()).count(),
            when,
        }
    }

    /// The worst there is; None: nothing was found.
    pub(in super::super) fn worst(&self) -> Option<Severity> {
        Severity::ALL.into_iter().zip(self.findings).find(|(_, count)| *count > 0).map(|(severity, _)| severity)
    }

    /// `1 critical, 2 high; 3 unseen`.
    pub(in super::super) fn words(&self) -> String {
        let found = Severity::ALL.into_iter().zip(self.findings).filter(|(_, count)| *count > 0);
        let mut parts: Vec<String> = found.map(|(severity, count)| format!("{count} {}", severity.id())).collect();
        if parts.is_empty() {
            parts.push("nothing found".to_owned());
        }
        let mut words = parts.join(", ");
        for (count, what) in [(self.unseen, "unseen"), (self.ignored, "ignored")] {
            if count > 0 {
                words.push_str(&format!("; {count} {what}"));
            }
        }
        words
    }
}
