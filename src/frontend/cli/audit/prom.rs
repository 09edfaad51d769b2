//! An audit for a monitor: gauges in the Prometheus text format. Counts only; no registry, no user, no path is a label.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Told;

pub(super) fn report(told: &Told<'_>) -> String {
    let mut lines = String::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for one in told.checked {
        // A check without findings is there with 0, so that an alert can tell "none" from "not looked for".
        counts.entry((one.check.id, one.check.severity.id())).or_default();
        for finding in &one.answer.findings {
            *counts.entry((one.check.id, finding.severity.id())).or_default() += 1;
        }
    }
    head(&mut lines, "regpass_finding", "Findings of the last audit.");
    for ((id, severity), count) in counts {
        let _ = writeln!(lines, "regpass_finding{{id=\"{id}\",severity=\"{severity}\"}} {count}");
    }
    let errors = told.checked.iter().filter(|one| !one.answer.missed.is_empty()).count();
    gauge(&mut lines, "regpass_check_errors", "Checks that could not look at everything.", errors as u64);
    gauge(&mut lines, "regpass_last_run_timestamp_seconds", "When the last audit ran.", told.when);
    head(&mut lines, "regpass_build_info", "The program that audited.");
    let _ = writeln!(lines, "regpass_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    lines
}

fn head(lines: &mut String, name: &str, help: &str) {
    let _ = writeln!(lines, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn gauge(lines: &mut String, name: &str, help: &str, value: u64) {
    head(lines, name, help);
    let _ = writeln!(lines, "{name} {value}");
}
