//! What a person does about a finding that regpass does not mend: the finding's own words, and for a password in clear what has
//! to happen with it.

use std::path::Path;

use crate::model::{misplaced, text};
use crate::ops::audit::{Finding, Spot};

/// Findings for which there is no command: somebody has to choose, or to change a program of their own.
pub(super) const BY_HAND: [&str; 12] =
    ["CFG01", "CFG02", "CFG08", "INL09", "INL10", "INL11", "INL13", "INL14", "INL15", "INL17", "INL18", "INL20"];

/// Passwords that stood where others may have read them, and that only their registry can make worthless.
const TO_CHANGE: [&str; 5] = ["INL11", "INL12", "INL13", "INL14", "INL15"];

pub(super) fn of(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    if TO_CHANGE.contains(&finding.id) {
        lines.extend(rotation(finding));
    }
    match (finding.id, &finding.path, &finding.spot) {
        ("INL12", Some(path), Spot::Line(line)) => lines.extend(without_line(path, *line)),
        _ if !finding.fix.is_empty() => lines.push(finding.fix.clone()),
        _ => {}
    }
    lines
}

fn rotation(finding: &Finding) -> Option<String> {
    let registry = finding.registry.as_ref()?;
    let of = finding.account.as_ref().filter(|account| account.is_showable());
    let of = of.map(|account| format!(" of {}", account.quoted())).unwrap_or_default();
    Some(format!(
        "change the password{of} at {}, then log in anew: docker login {}",
        text::quoted(registry),
        word(registry)
    ))
}

/// No command: lines move when one goes, and shells write their histories at their end.
fn without_line(path: &Path, line: usize) -> Vec<String> {
    vec![
        "end the other shells of this user: each writes its own history at its end".to_owned(),
        format!("take line {line} out of {} with an editor, the last such line first", text::quoted_path(path)),
        "from then on give passwords by --password-stdin".to_owned(),
    ]
}

fn word(server: &str) -> String {
    misplaced::shell_word(server)
}
