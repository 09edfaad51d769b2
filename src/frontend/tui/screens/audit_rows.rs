//! What the audit's list holds, made from what the checks said: groups, the worst first, and in each its findings, the
//! worst first, then what could not be looked at. How it looks is `audit_view.rs`.

use std::cmp::Reverse;
use std::ops::Range;

use super::super::jobs::audit::{Judged, Look, Verdicts};
use crate::model::text;
use crate::ops::audit::{Severity, Verdict};

/// What a row is about, by its places in what the checks said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// The checks of a group.
    Group(Range<usize>),
    Finding {
        look: usize,
        finding: usize,
    },
    /// A check that has no finding to show, or could not look everywhere.
    Check(usize),
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) item: Item,
    /// What the filter matches; empty: it is never found.
    pub(super) name: String,
    /// What the row keeps while checks are run again.
    pub(super) key: String,
}

/// The rows; with `all` those of what is well, was not asked for or is ignored too.
pub(super) fn rows(looks: &[Look], all: bool) -> Vec<Row> {
    let mut groups = groups(looks);
    groups.sort_by_key(|group| Reverse(worst(&looks[group.clone()])));
    groups.into_iter().flat_map(|group| of_group(looks, group, all)).collect()
}

/// How many findings there are that nobody accepted.
pub(super) fn told(looks: &[Look]) -> usize {
    looks.iter().flat_map(|look| &look.findings).filter(|judged| judged.ignored.is_none()).count()
}

/// Checks of one group stand together.
fn groups(looks: &[Look]) -> Vec<Range<usize>> {
    let mut start = 0;
    let next = |group: &[Look]| {
        let range = start..start + group.len();
        start = range.end;
        range
    };
    looks.chunk_by(|one, other| one.group.name == other.group.name).map(next).collect()
}

fn worst(group: &[Look]) -> Option<Severity> {
    Verdicts::of(group, std::time::UNIX_EPOCH).worst()
}

fn of_group(looks: &[Look], group: Range<usize>, all: bool) -> Vec<Row> {
    let head = Row { item: Item::Group(group.clone()), name: String::new(), key: looks[group.start].group.name.into() };
    let is_shown = |judged: &Judged| all || judged.ignored.is_none();
    let of_look =
        |look: usize| looks[look].findings.iter().enumerate().map(move |(finding, judged)| (look, finding, judged));
    let mut found: Vec<_> = group.clone().flat_map(of_look).filter(|(.., judged)| is_shown(judged)).collect();
    found.sort_by_key(|(.., judged)| (judged.ignored.is_some(), Reverse(judged.finding.severity)));
    let found = found.into_iter().map(|(look, finding, judged)| Row {
        item: Item::Finding { look, finding },
        name: name_of(judged),
        key: judged.finding.fingerprint(),
    });
    let (missed, others): (Vec<usize>, Vec<usize>) = group.partition(|look| looks[*look].has_missed());
    let others = others.into_iter().filter(|look| all && looks[*look].findings.is_empty());
    let checks = missed.into_iter().chain(others).map(|look| Row {
        item: Item::Check(look),
        name: format!("{} {} {}", verdict_word(looks[look].verdict), looks[look].check.id, looks[look].check.title),
        key: looks[look].check.id.to_owned(),
    });
    [head].into_iter().chain(found).chain(checks).collect()
}

/// As the filter knows a finding.
fn name_of(judged: &Judged) -> String {
    let finding = &judged.finding;
    let path = finding.place().map(|path| text::escaped(path.as_os_str().as_encoded_bytes()).into_owned());
    format!("{} {} {} {}", finding_word(judged), finding.id, finding.title, path.unwrap_or_default())
}

pub(super) fn finding_word(judged: &Judged) -> &'static str {
    if judged.ignored.is_some() { "ignored" } else { judged.finding.severity.id() }
}

/// A check that found something is listed by itself only where it could not look everywhere.
pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Clean => "clean",
        Verdict::Skipped => "skipped",
        Verdict::Found | Verdict::Failed => "unseen",
    }
}
