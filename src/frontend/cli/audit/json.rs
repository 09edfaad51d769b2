//! An audit for programs: `schema` 1 of docs/json.md, `audit`.

use serde_json::{Map, Value, json};

use super::super::names;
use super::{Told, count, count_findings};
use crate::frontend::console::json_text;
use crate::ops::audit::{Finding, GROUPS, Severity, Spot, Verdict};

pub(super) fn report(told: &Told<'_>) -> String {
    json_text(&as_json(told))
}

pub(super) fn as_json(told: &Told<'_>) -> Value {
    let findings: Vec<Value> = told.checked.iter().flat_map(|one| &one.answer.findings).map(finding).collect();
    let checks: Vec<Value> = told
        .checked
        .iter()
        .map(|one| json!({ "id": one.check.id, "verdict": one.answer.verdict().id(), "why": one.answer.why() }))
        .collect();
    json!({ "schema": names::SCHEMA, "findings": findings, "checks": checks, "summary": summary(told) })
}

fn finding(finding: &Finding) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), finding.id.into());
    object.insert("severity".to_owned(), finding.severity.id().into());
    object.insert("confidence".to_owned(), finding.confidence.id().into());
    object.insert("title".to_owned(), finding.title.as_str().into());
    match finding.place() {
        Some(path) => names::put(&mut object, "path", path.as_os_str().as_encoded_bytes()),
        None => _ = object.insert("path".to_owned(), Value::Null),
    }
    let (pointer, line) = match &finding.spot {
        Spot::Pointer(pointer) => (Some(pointer.as_str()), None),
        Spot::Line(line) => (None, Some(*line)),
        Spot::Whole => (None, None),
    };
    object.insert("pointer".to_owned(), pointer.into());
    object.insert("line".to_owned(), line.into());
    object.insert("registry".to_owned(), finding.registry.as_deref().into());
    let account = finding.account.as_ref().filter(|account| account.is_showable());
    object.insert("account".to_owned(), account.map(|account| account.as_str()).into());
    object.insert("fingerprint".to_owned(), finding.fingerprint().into());
    object.insert("fix".to_owned(), finding.fix.as_str().into());
    Value::Object(object)
}

fn summary(told: &Told<'_>) -> Value {
    let mut summary = Map::new();
    let mut add = |name: &str, n: usize| _ = summary.insert(name.to_owned(), n.into());
    Severity::ALL.into_iter().for_each(|severity| add(severity.id(), count_findings(told.checked, severity)));
    for verdict in [Verdict::Clean, Verdict::Found, Verdict::Skipped, Verdict::Failed] {
        add(verdict.id(), count(told.checked, verdict));
    }
    add("ignored", told.left_out.ignored);
    add("known", told.left_out.known);
    add("expired", told.left_out.expired);
    Value::Object(summary)
}

/// Every check there is.
pub(super) fn list() -> String {
    let of_group = |group: &'static crate::ops::audit::Group| {
        group.checks.iter().map(|check| {
            json!({ "id": check.id, "group": group.name, "severity": check.severity.id(), "title": check.title })
        })
    };
    let checks: Vec<Value> = GROUPS.iter().flat_map(of_group).collect();
    json_text(&json!({ "schema": names::SCHEMA, "checks": checks }))
}
