//! Plaintexts compared line by line: what differs between two, and what becomes of two changes of a third. Works on
//! ranges of wiped buffers; a line is shown masked unless whoever asks wants the text itself.

use std::ops::Range;
use std::time::Duration;

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::model::entry_text::EntryText;
use crate::model::{Secret, text};
use crate::system::env::Env;

/// What a hidden value looks like, whatever its length.
pub const MASK: &str = "••••••••";

/// How long a comparison looks for the shortest difference; what is found by then is right, if longer.
const DILIGENCE: Duration = Duration::from_secs(1);

/// The marks around a place that both changed.
const MARK_OURS: &str = "<<<<<<< ours\n";
const MARK_END: &str = ">>>>>>> theirs\n";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Both,
    Old,
    New,
}

/// A line of one of the texts, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub side: Side,
    /// Counted from 1, in the old text for `Old`, else in the new one.
    pub number: usize,
    range: Range<usize>,
}

/// Two plaintexts and how to get from one to the other.
#[derive(Debug)]
pub struct LineDiff {
    old: EntryText,
    new: EntryText,
    lines: Vec<Line>,
}

/// What becomes of two changes of one text.
#[derive(Debug)]
pub enum Merged {
    Clean(Secret),
    /// Both changed the same lines. The text has both, between the marks that git uses (git-merge(1), "HOW CONFLICTS ARE
    /// PRESENTED", style diff3).
    Conflicts {
        marked: Secret,
        count: usize,
    },
}

impl LineDiff {
    pub fn between(old: Secret, new: Secret) -> LineDiff {
        let (old_lines, new_lines) = (line_ranges(old.expose()), line_ranges(new.expose()));
        let mut lines = Vec::new();
        for op in compare(&slices(&old, &old_lines), &slices(&new, &new_lines)) {
            let pick = |ranges: &[Range<usize>], side, indices: Range<usize>| -> Vec<Line> {
                indices.map(|at| Line { side, number: at + 1, range: ranges[at].clone() }).collect()
            };
            if let DiffOp::Equal { .. } = op {
                lines.extend(pick(&new_lines, Side::Both, op.new_range()));
            } else {
                lines.extend(pick(&old_lines, Side::Old, op.old_range()));
                lines.extend(pick(&new_lines, Side::New, op.new_range()));
            }
        }
        LineDiff { old: EntryText::parse(old), new: EntryText::parse(new), lines }
    }

    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.side == Side::Both)
    }

    /// The line without its end.
    pub fn text(&self, line: &Line) -> Secret {
        let mut text = self.side(line).as_secret().part(line.range.clone());
        text.trim_end(|byte| byte == b'\n');
        text
    }

    /// The line as anybody may see it.
    pub fn masked(&self, line: &Line) -> String {
        masked(self.side(line), line.number)
    }

    /// True when the text ends with this line and without a line end.
    pub fn is_unended(&self, line: &Line) -> bool {
        !self.side(line).as_secret().expose()[line.range.clone()].ends_with(b"\n")
    }

    fn side(&self, line: &Line) -> &EntryText {
        if line.side == Side::Old { &self.old } else { &self.new }
    }
}

/// A plaintext as anybody may see it, line by line.
pub fn masked_lines(plaintext: Secret) -> Vec<String> {
    let text = EntryText::parse(plaintext);
    (1..=text.lines().len()).map(|number| masked(&text, number)).collect()
}

/// Keys and harmless values stay, everything else is masked.
fn masked(entry: &EntryText, number: usize) -> String {
    let Some(line) = entry.lines().get(number - 1) else { return String::new() };
    let (key, value) = (text::escaped(entry.key(line)), entry.value(line));
    let value = match value.expose().trim_ascii_end() {
        b"" => "".into(),
        _ if line.is_secret() => MASK.into(),
        plain => text::escaped(plain),
    };
    if key.is_empty() { value.into_owned() } else { format!("{key}: {value}") }
}

/// Takes over what either side changed of `base`, line by line.
pub fn merge(base: &Secret, ours: &Secret, theirs: &Secret) -> Merged {
    let ranges = [base, ours, theirs].map(|text| line_ranges(text.expose()));
    let lines = [slices(base, &ranges[0]), slices(ours, &ranges[1]), slices(theirs, &ranges[2])];
    let [base, ours, theirs] = [&lines[0][..], &lines[1][..], &lines[2][..]];
    let (in_ours, in_theirs) = (kept(base, ours), kept(base, theirs));
    let mut text = Secret::default();
    let (mut count, mut b, mut o, mut t) = (0, 0, 0, 0);
    loop {
        // The next line that all three have.
        let next = (b..base.len()).find_map(|at| Some((at, in_ours[at]?, in_theirs[at]?)));
        let (next_b, next_o, next_t) = next.unwrap_or((base.len(), ours.len(), theirs.len()));
        count += merge_chunk(&mut text, &base[b..next_b], &ours[o..next_o], &theirs[t..next_t]);
        let Some(line) = base.get(next_b) else { break };
        text.push(line);
        (b, o, t) = (next_b + 1, next_o + 1, next_t + 1);
    }
    if count == 0 { Merged::Clean(text) } else { Merged::Conflicts { marked: text, count } }
}

/// Adds what becomes of one place; 1 when that is a conflict.
fn merge_chunk(text: &mut Secret, base: &[&[u8]], ours: &[&[u8]], theirs: &[&[u8]]) -> usize {
    if let Some(chosen) = chosen(base, ours, theirs) {
        chosen.iter().for_each(|line| text.push(line));
        return 0;
    }
    // Lines that stand for each other: in entries, neighbours are fields that have nothing to do with one another.
    if base.len() == ours.len() && base.len() == theirs.len() {
        let each = base.iter().zip(ours).zip(theirs);
        let each: Option<Vec<&[u8]>> = each
            .map(|((base, ours), theirs)| chosen(&[*base], &[*ours], &[*theirs]).and_then(|line| line.first().copied()))
            .collect();
        if let Some(each) = each {
            each.iter().for_each(|line| text.push(line));
            return 0;
        }
    }
    let marked = [(MARK_OURS, ours), ("||||||| base\n", base), ("=======\n", theirs)];
    for (mark, lines) in marked {
        text.push(mark.as_bytes());
        for line in lines {
            text.push(line);
            if !line.ends_with(b"\n") {
                text.push(b"\n");
            }
        }
    }
    text.push(MARK_END.as_bytes());
    1
}

/// True when a text still has such marks.
pub fn has_marks(text: &Secret) -> bool {
    let marks = [MARK_OURS, MARK_END].map(|mark| mark.trim_end().as_bytes());
    text.expose().split(|byte| *byte == b'\n').any(|line| marks.contains(&line.trim_ascii_end()))
}

fn chosen<'l>(base: &[&'l [u8]], ours: &[&'l [u8]], theirs: &[&'l [u8]]) -> Option<Vec<&'l [u8]>> {
    if base == theirs || ours == theirs {
        Some(ours.to_vec())
    } else if base == ours {
        Some(theirs.to_vec())
    } else {
        None
    }
}

/// For each line of `base` where it stands in `other`; None for one that is not there any more.
fn kept(base: &[&[u8]], other: &[&[u8]]) -> Vec<Option<usize>> {
    let mut kept = vec![None; base.len()];
    for op in compare(base, other) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            (0..len).for_each(|at| kept[old_index + at] = Some(new_index + at));
        }
    }
    kept
}

fn compare(old: &[&[u8]], new: &[&[u8]]) -> Vec<DiffOp> {
    capture_diff_slices_deadline(Algorithm::Myers, old, new, Some(Env::clock() + DILIGENCE))
}

fn slices<'s>(text: &'s Secret, ranges: &[Range<usize>]) -> Vec<&'s [u8]> {
    ranges.iter().map(|range| &text.expose()[range.clone()]).collect()
}

/// Lines with their ends.
fn line_ranges(text: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    text.split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end;
            range
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn shown(old: &str, new: &str) -> Vec<String> {
        let diff = LineDiff::between(secret(old), secret(new));
        let mark = |side| match side {
            Side::Both => ' ',
            Side::Old => '-',
            Side::New => '+',
        };
        diff.lines().iter().map(|line| format!("{}{}", mark(line.side), diff.masked(line))).collect()
    }

    fn merged(base: &str, ours: &str, theirs: &str) -> Result<String, (String, usize)> {
        let text = |secret: Secret| String::from_utf8(secret.expose().to_vec()).expect("text");
        match merge(&secret(base), &secret(ours), &secret(theirs)) {
            Merged::Clean(clean) => Ok(text(clean)),
            Merged::Conflicts { marked, count } => Err((text(marked), count)),
        }
    }

    #[test]
    fn what_changed_is_seen_and_no_value_is() {
        let lines = shown("pw\nuser: a\nnote\n", "new: pw\nuser: b\nnote\npin: 1");
        let expected = [
            format!("-{MASK}"),
            "-user: a".to_owned(),
            format!("+{MASK}"),
            "+user: b".to_owned(),
            format!(" {MASK}"),
            format!("+pin: {MASK}"),
        ];
        assert_eq!(lines, expected);
        assert!(LineDiff::between(secret("a\n"), secret("a\n")).is_empty());
        assert!(!LineDiff::between(secret("a\n"), secret("a")).is_empty());
        assert_eq!(
            masked_lines(secret("p\nk\u{1b}: v\r\n\n")),
            [MASK.to_owned(), format!("k\\u{{1b}}: {MASK}"), String::new()]
        );
    }

    #[test]
    fn changes_of_different_lines_merge() {
        assert_eq!(merged("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n"), Ok("A\nb\nC\n".to_owned()));
        assert_eq!(merged("pw\nuser: x\n", "new\nuser: x\n", "pw\nuser: y\n"), Ok("new\nuser: y\n".to_owned()));
        assert_eq!(merged("a\n", "a\nb\n", "a\n"), Ok("a\nb\n".to_owned()));
        assert_eq!(merged("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n"), Ok("a\nc\nd\n".to_owned()));
        assert_eq!(merged("", "same\n", "same\n"), Ok("same\n".to_owned()));
    }

    #[test]
    fn changes_of_one_line_are_both_kept_between_marks() {
        let marked = "<<<<<<< ours\nx\n||||||| base\na\n=======\ny\n>>>>>>> theirs\nb\n";
        assert_eq!(merged("a\nb\n", "x\nb\n", "y\nb\n"), Err((marked.to_owned(), 1)));
        let marked = "<<<<<<< ours\nx\n||||||| base\n=======\ny\n>>>>>>> theirs\n";
        assert_eq!(merged("", "x", "y\n"), Err((marked.to_owned(), 1)));
    }

    proptest! {
        #[test]
        fn one_sided_changes_are_taken_over(base in "[abc\n]{0,30}", other in "[abc\n]{0,30}") {
            prop_assert_eq!(merged(&base, &other, &base), Ok(other.clone()));
            prop_assert_eq!(merged(&base, &base, &other), Ok(other.clone()));
            prop_assert_eq!(merged(&base, &other, &other), Ok(other));
        }

        #[test]
        fn a_diff_holds_both_texts(old in "[abc\n]{0,30}", new in "[abc\n]{0,30}") {
            let diff = LineDiff::between(secret(&old), secret(&new));
            let text = |side: Side| -> Vec<u8> {
                diff.lines().iter().filter(|line| line.side == Side::Both || line.side == side)
                    .flat_map(|line| [diff.text(line).expose(), if diff.is_unended(line) { b"" } else { b"\n" }].concat()).collect()
            };
            prop_assert_eq!(text(Side::Old), old.as_bytes());
            prop_assert_eq!(text(Side::New), new.as_bytes());
        }
    }
}
