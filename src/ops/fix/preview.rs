//! What a fix makes of a file, line by line, with every value masked that may be a secret.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::model::{Secret, text};
use crate::ops::line_diff::Side;
use crate::system::docker::edit;

/// A line of the file before, after, or of both. Its text is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    pub side: Side,
    /// Counted from 1, in the old text for `Old`, else in the new one.
    pub number: usize,
    pub text: String,
}

/// Lines around a change that are shown too.
const AROUND: usize = 2;

/// How wide a tab is.
const TAB: &str = "    ";

/// The lines that change, and a few around them. Without `new` all go.
pub(super) fn diff(old: &Secret, new: Option<&Secret>) -> Vec<DiffLine> {
    let veiled = |text: &Secret| edit::veiled(text).unwrap_or_default();
    let (old, new) = (veiled(old), new.map(veiled).unwrap_or_default());
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut lines = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let mut add = |side, from: &[&str], at: std::ops::Range<usize>| {
            lines.extend(at.map(|index| DiffLine { side, number: index + 1, text: shown(from[index]) }));
        };
        if let DiffOp::Equal { .. } = op {
            add(Side::Both, &new, op.new_range());
        } else {
            add(Side::Old, &old, op.old_range());
            add(Side::New, &new, op.new_range());
        }
    }
    let changed: Vec<usize> =
        lines.iter().enumerate().filter(|(_, line)| line.side != Side::Both).map(|(index, _)| index).collect();
    let is_near = |index: usize| changed.iter().any(|other| other.abs_diff(index) <= AROUND);
    lines.into_iter().enumerate().filter(|(index, _)| is_near(*index)).map(|(_, line)| line).collect()
}

fn shown(line: &str) -> String {
    text::escaped(line.trim_end_matches('\r').replace('\t', TAB).as_bytes()).into_owned()
}
