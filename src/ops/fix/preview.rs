//! What a fix makes of a file, line by line, with every value masked that may be a secret.

use std::collections::{HashSet, VecDeque};
use std::fmt;

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

/// What is shown of a change.
#[derive(Debug, Default)]
pub(super) struct Preview {
    pub(super) lines: Vec<DiffLine>,
    /// None: all of it is shown.
    pub(super) untold: Option<Untold>,
}

/// What is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Untold {
    /// All of a text of so many bytes that is no JSON object.
    Unread(usize),
    /// So many lines more of it.
    Lines(usize),
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Untold::Unread(bytes) => {
                write!(f, "its {bytes} bytes are no JSON object, and are not shown: any of them may be a secret")
            }
            Untold::Lines(1) => f.write_str("and 1 more line of it"),
            Untold::Lines(many) => write!(f, "and {many} more lines of it"),
        }
    }
}

/// Lines around a change that are shown too.
const AROUND: usize = 2;

/// The most lines that are shown: a person reads no more.
const LINES_MAX: usize = 200;

/// The most characters of a line.
const WIDTH_MAX: usize = 400;

/// How wide a tab is.
const TAB: &str = "    ";

/// The lines that change, and a few around them. Without `new` all go.
pub(super) fn diff(old: &Secret, new: Option<&Secret>) -> Preview {
    let veiled = |text: &Secret| if text.is_empty() { Some(String::new()) } else { edit::veiled(text) };
    let (Some(old_text), Some(new_text)) = (veiled(old), new.map_or(Some(String::new()), veiled)) else {
        return Preview { lines: Vec::new(), untold: Some(Untold::Unread(old.len())) };
    };
    let (old, new): (Vec<&str>, Vec<&str>) = (old_text.lines().collect(), new_text.lines().collect());
    let mut shown = Shown::default();
    let (mut at_old, mut at_new) = (0, 0);
    for (next_old, next_new) in alike(&old, &new).into_iter().chain([(old.len(), new.len())]) {
        (at_old..next_old).for_each(|at| shown.add(Side::Old, at, old[at]));
        (at_new..next_new).for_each(|at| shown.add(Side::New, at, new[at]));
        new.get(next_new).into_iter().for_each(|line| shown.add(Side::Both, next_new, line));
        (at_old, at_new) = (next_old + 1, next_new + 1);
    }
    let untold = (shown.left_out > 0).then_some(Untold::Lines(shown.left_out));
    Preview { lines: shown.lines, untold }
}

/// The lines that stay, by their places before and after. What is on one side only stays in no case, and is left out before
/// lines are held against each other: that takes as long as there are changes for each line.
fn alike(old: &[&str], new: &[&str]) -> Vec<(usize, usize)> {
    let of_both = |own: &[&str], other: &[&str]| -> Vec<usize> {
        let other: HashSet<&str> = other.iter().copied().collect();
        (0..own.len()).filter(|at| other.contains(own[*at])).collect()
    };
    let (places_old, places_new) = (of_both(old, new), of_both(new, old));
    let kept_old: Vec<&str> = places_old.iter().map(|at| old[*at]).collect();
    let kept_new: Vec<&str> = places_new.iter().map(|at| new[*at]).collect();
    let mut found = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &kept_old, &kept_new) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            found.extend((0..len).map(|at| (places_old[old_index + at], places_new[new_index + at])));
        }
    }
    found
}

/// Takes in one line after the other, and keeps those that are near a change.
#[derive(Default)]
struct Shown {
    lines: Vec<DiffLine>,
    /// The last lines of both that no change came behind so far.
    waiting: VecDeque<DiffLine>,
    /// How many lines after the last change may still be shown.
    after: usize,
    left_out: usize,
}

impl Shown {
    fn add(&mut self, side: Side, at: usize, text: &str) {
        if self.lines.len() >= LINES_MAX {
            self.left_out += usize::from(side != Side::Both);
            return;
        }
        let line = DiffLine { side, number: at + 1, text: shown(text) };
        if side != Side::Both {
            self.lines.extend(self.waiting.drain(..));
            self.lines.push(line);
            self.after = AROUND;
        } else if self.after > 0 {
            self.lines.push(line);
            self.after -= 1;
        } else {
            self.waiting.push_back(line);
            if self.waiting.len() > AROUND {
                self.waiting.pop_front();
            }
        }
    }
}

fn shown(line: &str) -> String {
    let (start, is_whole) = match line.char_indices().nth(WIDTH_MAX) {
        Some((end, _)) => (&line[..end], false),
        None => (line, true),
    };
    let text = text::escaped(start.trim_end_matches('\r').replace('\t', TAB).as_bytes()).into_owned();
    if is_whole { text } else { format!("{text}…") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn texts(preview: &Preview) -> Vec<&str> {
        preview.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_few_lines_around_each_change_are_shown() {
        let text = |with: &str| {
            let value = |n| if [4, 9, 17].contains(&n) { with } else { "0" };
            let lines: Vec<String> = (1..=20).map(|n| format!("\"k{n}\":{}", value(n))).collect();
            secret(&format!("{{{}}}", lines.join(",\n")))
        };
        let preview = diff(&text("1"), Some(&text("2")));
        let numbers: Vec<_> = preview.lines.iter().map(|line| (line.side, line.number)).collect();
        let both = |number| (Side::Both, number);
        let expected: Vec<_> = [
            &[both(2), both(3), (Side::Old, 4), (Side::New, 4), both(5), both(6), both(7), both(8)][..],
            &[(Side::Old, 9), (Side::New, 9), both(10), both(11)][..],
            &[both(15), both(16), (Side::Old, 17), (Side::New, 17), both(18), both(19)][..],
        ]
        .concat();
        assert_eq!((numbers, preview.untold), (expected, None));
    }

    #[test]
    fn long_files_and_lines_are_shown_in_part() {
        let many: Vec<String> = (0..80_000).map(|n| format!("\"{n}\":0")).collect();
        let preview = diff(&secret(&format!("{{{}}}", many.join(",\n"))), None);
        assert_eq!(preview.lines.len(), LINES_MAX);
        assert_eq!(preview.untold.map(|untold| untold.to_string()).as_deref(), Some("and 79800 more lines of it"));
        let wide = secret(&format!("{{{}}}", many.join(",")));
        let preview = diff(&wide, None);
        assert_eq!(preview.lines[0].text.chars().count(), WIDTH_MAX + 1);
        assert!(preview.lines[0].text.ends_with('…') && preview.untold.is_none());
    }

    #[test]
    fn what_is_no_json_is_not_shown() {
        for text in ["{\"auth\":\"hunter2\"} \"auth\": \"hunter2\"", "hunter2", "{\"password\":hunter2}"] {
            let preview = diff(&secret(text), None);
            assert!(texts(&preview).is_empty(), "{preview:?}");
            let bytes = format!("its {} bytes", text.len());
            let words = preview.untold.expect("something").to_string();
            assert!(words.starts_with(&bytes) && !words.contains("hunter2"), "{words}");
        }
    }
}
