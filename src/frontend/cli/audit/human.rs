//! An audit for people: findings worst first, then what could not be looked at, and one line that sums up.

use std::fmt::Write as _;

use super::{Told, count, count_findings};
use crate::frontend::console::{Console, Role};
use crate::model::text;
use crate::ops::audit::{Finding, GROUPS, Severity, Spot, Verdict};

pub(super) fn report(console: &Console, told: &Told<'_>) -> String {
    let mut lines = String::new();
    let findings = |severity| {
        told.checked.iter().flat_map(|one| &one.answer.findings).filter(move |finding| finding.severity == severity)
    };
    for finding in Severity::ALL.into_iter().flat_map(findings) {
        add(&mut lines, console, finding);
    }
    for one in told.checked.iter().filter(|one| one.answer.verdict() != Verdict::Clean) {
        let Some(why) = one.answer.why() else { continue };
        let word = match one.answer.verdict() {
            Verdict::Skipped => "not asked",
            _ => "could not look",
        };
        let _ = writeln!(lines, "{} {}: {why}", console.paint(Role::Muted, &format!("{word:<14}")), one.check.id);
    }
    let _ = writeln!(lines, "{}", summary(told));
    lines
}

fn add(lines: &mut String, console: &Console, finding: &Finding) {
    let role = match finding.severity {
        Severity::Critical | Severity::High => Role::Error,
        Severity::Medium => Role::Warning,
        Severity::Low | Severity::Info => Role::Muted,
    };
    let id = console.paint(Role::Muted, finding.id);
    let _ = writeln!(lines, "{} {id} {}", console.paint(role, &format!("{:<8}", finding.severity.id())), finding.title);
    if let Some(path) = finding.place() {
        let spot = match &finding.spot {
            Spot::Whole => String::new(),
            Spot::Line(line) => format!(", line {line}"),
            Spot::Pointer(pointer) => format!(" {}", text::escaped(pointer.as_bytes())),
        };
        let _ = writeln!(lines, "         {}{spot}", text::escaped(path.as_os_str().as_encoded_bytes()));
    }
    let _ = writeln!(lines, "         {}", console.paint(Role::Hint, &finding.fix));
}

/// `41 checks, 3 findings (1 high, 2 medium), 2 not run`.
fn summary(told: &Told<'_>) -> String {
    let by_severity = Severity::ALL.map(|severity| (severity, count_findings(told.checked, severity)));
    let kinds: Vec<String> =
        by_severity.iter().filter(|(_, n)| *n > 0).map(|(severity, n)| format!("{n} {}", severity.id())).collect();
    let findings: usize = by_severity.iter().map(|(_, n)| n).sum();
    let mut parts = vec![
        counted(told.checked.len(), "check"),
        if kinds.is_empty() {
            "no findings".to_owned()
        } else {
            format!("{} ({})", counted(findings, "finding"), kinds.join(", "))
        },
    ];
    let missed = told.checked.iter().filter(|one| !one.answer.missed.is_empty()).count();
    let left = told.left_out;
    for (n, words) in [
        (missed, "could not see everything"),
        (count(told.checked, Verdict::Skipped), "not run"),
        (left.ignored, "ignored"),
        (left.known, "in the baseline"),
        (left.expired, "no longer ignored: their day is over"),
    ] {
        if n > 0 {
            parts.push(format!("{n} {words}"));
        }
    }
    parts.join(", ")
}

fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// Every check, by group.
pub(super) fn list(console: &Console) -> String {
    let mut lines = String::new();
    for group in GROUPS {
        let _ = writeln!(lines, "{}: {}", console.paint(Role::Heading, group.name), group.title);
        for check in group.checks {
            let _ = writeln!(lines, "  {}  {:<8}  {}", check.id, check.severity.id(), check.title);
        }
    }
    lines
}
