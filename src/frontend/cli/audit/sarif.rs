//! An audit for exchange between tools: SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format").

use serde_json::{Value, json};

use super::Told;
use crate::frontend::console::json_text;
use crate::ops::audit::{Checked, Finding, Severity, Spot};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn report(told: &Told<'_>) -> String {
    let rules: Vec<Value> = told.checked.iter().map(rule).collect();
    let results: Vec<Value> = told
        .checked
        .iter()
        .enumerate()
        .flat_map(|(index, one)| one.answer.findings.iter().map(move |finding| result(index, finding)))
        .collect();
    let notes: Vec<Value> = told
        .checked
        .iter()
        .enumerate()
        .filter(|(_, one)| !one.answer.missed.is_empty())
        .map(|(index, one)| {
            json!({
                "level": "warning",
                "message": { "text": one.answer.missed.join("; ") },
                "associatedRule": { "id": one.check.id, "index": index },
            })
        })
        .collect();
    json_text(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "regpass", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "invocations": [{ "executionSuccessful": notes.is_empty(), "toolExecutionNotifications": notes }],
            "results": results,
        }],
    }))
}

fn rule(one: &Checked) -> Value {
    json!({
        "id": one.check.id,
        "shortDescription": { "text": one.check.title },
        "defaultConfiguration": { "level": level(one.check.severity) },
        "properties": { "security-severity": score(one.check.severity), "tags": ["security", one.group] },
    })
}

fn result(index: usize, finding: &Finding) -> Value {
    let mut result = json!({
        "ruleId": finding.id,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": format!("{}; {}", finding.title, finding.fix) },
        "partialFingerprints": { "regpass/v1": finding.fingerprint() },
        "properties": { "severity": finding.severity.id(), "confidence": finding.confidence.id() },
    });
    if let Some(path) = finding.place() {
        let mut place = json!({ "artifactLocation": { "uri": uri(path.as_os_str().as_encoded_bytes()) } });
        if let Spot::Line(line) = finding.spot {
            place["region"] = json!({ "startLine": line });
        }
        let mut location = json!({ "physicalLocation": place });
        if let Spot::Pointer(pointer) = &finding.spot {
            location["logicalLocations"] = json!([{ "fullyQualifiedName": pointer, "kind": "member" }]);
        }
        result["locations"] = json!([location]);
    }
    result
}

/// SARIF knows three (section 3.27.10); how bad it is stands in the properties.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// Between 0 and 10, as code scanners order by it.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.5",
    }
}

/// A path as a `file` URI (RFC 8089).
fn uri(path: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let encoded =
        path.iter().map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") });
    format!("file://{}", encoded.collect::<String>())
}
