//! The audit: does this machine leak credentials of registries, and is what keeps them sound. A check is a pure function
//! from `Evidence` to an answer; what it needs to know is gathered once, before. One file a group of checks, one entry in
//! its `CHECKS` a check, one section a check in docs/checks.md. Changes nothing.

pub mod accepted;
mod assigned;
mod config;
mod contexts;
mod credentials;
pub mod evidence;
pub mod explained;
pub mod finding;
mod gpg;
mod helpers;
pub mod ignore_file;
mod inline;
pub mod literals;
pub mod opened;
mod parts;
pub mod places;
mod shell;
mod sources;
mod store;
mod tls;
mod window;
mod within;

pub use evidence::{Evidence, gather, gather_for};
pub use finding::{Answer, Confidence, Finding, Severity, Spot, Verdict};
pub use places::Scope;

use std::collections::BTreeMap;

use crate::model::{Problem, misplaced, text};
use crate::ops::progress::Cancel;

/// One check.
#[derive(Debug)]
pub struct Check {
    /// Of the catalogue; never given to another check.
    pub id: &'static str,
    /// What it asks, as a statement of what is wrong.
    pub title: &'static str,
    /// Of its usual finding.
    pub severity: Severity,
    pub look: fn(&Evidence) -> Answer,
}

/// Checks of one subject.
#[derive(Debug)]
pub struct Group {
    /// The name that `--group` takes.
    pub name: &'static str,
    pub title: &'static str,
    pub checks: &'static [Check],
}

/// All there is, in the order in which it is told.
pub const GROUPS: &[Group] = &[
    Group { name: "inline", title: "secrets in clear", checks: inline::CHECKS },
    Group { name: "config", title: "Docker's configuration", checks: config::CHECKS },
    Group { name: "contexts", title: "root, services and cron jobs", checks: contexts::CHECKS },
    Group { name: "helpers", title: "credential helpers", checks: helpers::CHECKS },
    Group { name: "tls", title: "who answers for a registry", checks: tls::CHECKS },
    Group { name: "window", title: "after a logout", checks: window::CHECKS },
    Group { name: "store", title: "the password store", checks: store::CHECKS },
    Group { name: "gpg", title: "GnuPG", checks: gpg::CHECKS },
    Group { name: "credentials", title: "the logins themselves", checks: credentials::CHECKS },
];

/// Which checks are wanted; empty means all.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub groups: Vec<String>,
    pub ids: Vec<String>,
}

/// What one check answered.
#[derive(Debug)]
pub struct Checked {
    pub check: &'static Check,
    pub group: &'static str,
    pub answer: Answer,
}

/// Runs the wanted checks in order.
pub fn run(evidence: &Evidence, choice: &Choice) -> Result<Vec<Checked>, Problem> {
    run_until(evidence, choice, &Cancel::default())
}

/// The same, unless it is called off before the last one.
pub fn run_until(evidence: &Evidence, choice: &Choice, cancel: &Cancel) -> Result<Vec<Checked>, Problem> {
    let mut checked: Vec<Checked> = Vec::new();
    for (group, check) in chosen(choice)? {
        if cancel.is_called_off() {
            return Err(Problem::cancelled("called off"));
        }
        checked.push(Checked { check, group, answer: looked(check, evidence) });
    }
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for finding in checked.iter_mut().flat_map(|one| &mut one.answer.findings) {
        let count = seen.entry(finding.fingerprint()).or_default();
        finding.ordinal = *count;
        *count += 1;
    }
    Ok(checked)
}

fn looked(check: &Check, evidence: &Evidence) -> Answer {
    let mut answer = (check.look)(evidence).told();
    if answer.skipped.is_some() {
        return answer;
    }
    for (source, ids) in sources::OF {
        for why in evidence.shut(*source).filter(|_| ids.contains(&check.id)) {
            let why = misplaced::words(why);
            if !answer.missed.contains(&why) {
                answer.missed.push(why);
            }
            // Nobody can say that something is missing where nobody could look.
            if sources::BLINDING.contains(source) && sources::OF_ABSENCE.contains(&check.id) {
                answer.findings.clear();
            }
        }
    }
    answer
}

/// Every check with the name of its group.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Check)> {
    GROUPS.iter().flat_map(|group| group.checks.iter().map(|check| (group.name, check)))
}

fn chosen(choice: &Choice) -> Result<Vec<(&'static str, &'static Check)>, Problem> {
    if let Some(group) = choice.groups.iter().find(|name| GROUPS.iter().all(|group| group.name != **name)) {
        let names: Vec<&str> = GROUPS.iter().map(|group| group.name).collect();
        return Err(Problem::usage(format!("there is no group of checks {}", text::quoted(group)))
            .hint(format!("name one of: {}", names.join(", "))));
    }
    if let Some(id) = choice.ids.iter().find(|id| all().all(|(_, check)| !check.id.eq_ignore_ascii_case(id))) {
        return Err(Problem::usage(format!("there is no check {}", text::quoted(id)))
            .hint("see all of them: regpass audit --list"));
    }
    let in_group = |name: &str| choice.groups.is_empty() || choice.groups.iter().any(|group| group == name);
    let by_id = |id: &str| choice.ids.is_empty() || choice.ids.iter().any(|wanted| wanted.eq_ignore_ascii_case(id));
    let wanted: Vec<_> = all().filter(|(group, check)| in_group(group) && by_id(check.id)).collect();
    if wanted.is_empty() {
        return Err(Problem::usage("no check is in these groups and has these ids")
            .hint("see what is in which group: regpass audit --list"));
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests;
