//! Two texts as one list of lines, what differs marked by sign and colour. Values are masked; one line or all of them can
//! be had in clear for as long as any secret is shown. The plain text comes when it is asked for and lives here until its
//! time is up, nowhere else in the UI.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line as Row, Span};
use zeroize::Zeroizing;

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::list::{ListPlace, Move};
use super::secret_panel::{columns_end, countdown, next_step};
use super::words;
use crate::model::text;
use crate::ops::line_diff::{Line, LineDiff, MASK, Side};

/// The most lines that are listed.
const LINES_MAX: usize = 5_000;

/// Columns of the sign and the line's number.
const MARGIN: u16 = 7;

/// A comparison as anybody may see it.
#[derive(Debug, Default)]
pub(in super::super) struct MaskedDiff {
    lines: Vec<MaskedLine>,
    /// Lines beyond the most that are listed.
    more: usize,
    same: bool,
}

#[derive(Debug)]
struct MaskedLine {
    side: Side,
    number: usize,
    text: String,
    hidden: bool,
}

/// How much of it is in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Extent {
    Line(usize),
    All,
}

#[derive(Debug, Default)]
pub(in super::super) struct DiffView {
    masked: MaskedDiff,
    plain: Option<Plain>,
    /// The line that is selected.
    selected: usize,
    place: ListPlace,
    /// The line of each row, as last drawn: a long line in clear takes several.
    rows: Vec<usize>,
}

#[derive(Debug)]
struct Plain {
    diff: LineDiff,
    extent: Extent,
    until: Instant,
}

impl MaskedDiff {
    pub(in super::super) fn of(diff: &LineDiff) -> MaskedDiff {
        let line = |line: &Line| {
            let mut text = diff.masked(line);
            let hidden = text.contains(MASK);
            if line.side != Side::Both && diff.is_unended(line) {
                text.push_str(" (no line end)");
            }
            MaskedLine { side: line.side, number: line.number, text, hidden }
        };
        let all = diff.lines();
        MaskedDiff {
            lines: all.iter().take(LINES_MAX).map(line).collect(),
            more: all.len().saturating_sub(LINES_MAX),
            same: diff.is_empty(),
        }
    }
}

/// How the lines of git's marks begin (`line_diff::merge`).
const MARKS: [&[u8]; 4] = [b"<<<<<<< ours", b"||||||| base", b"=======", b">>>>>>> theirs"];

impl MaskedDiff {
    /// A text in which nothing differs, perhaps with git's marks around what clashes.
    pub(in super::super) fn of_text(text: &LineDiff) -> MaskedDiff {
        let mut masked = MaskedDiff { same: false, ..MaskedDiff::of(text) };
        for (line, of) in masked.lines.iter_mut().zip(text.lines()) {
            let plain = text.text(of);
            if let Some(mark) = MARKS.iter().find(|mark| **mark == plain.expose()) {
                line.text = text::escaped(mark).into_owned();
                line.hidden = false;
            }
        }
        masked
    }
}

impl DiffView {
    pub(in super::super) fn new(masked: MaskedDiff) -> DiffView {
        let changed = masked.lines.iter().position(|line| line.side != Side::Both);
        DiffView { masked, selected: changed.unwrap_or(0), ..DiffView::default() }
    }

    /// The selected line, if it hides anything.
    pub(in super::super) fn hidden_line(&self) -> Option<Extent> {
        let line = self.masked.lines.get(self.selected)?;
        line.hidden.then_some(Extent::Line(self.selected))
    }

    pub(in super::super) fn hides_anything(&self) -> bool {
        self.masked.lines.iter().any(|line| line.hidden)
    }

    /// In clear from now on until the time is up.
    pub(in super::super) fn show(&mut self, diff: LineDiff, extent: Extent, scope: &Scope) {
        self.plain = Some(Plain { diff, extent, until: scope.now + scope.reveal });
    }

    /// True when something was in clear.
    pub(in super::super) fn hide(&mut self) -> bool {
        self.plain.take().is_some()
    }

    pub(in super::super) fn shows(&self, extent: Extent) -> bool {
        self.plain.as_ref().is_some_and(|plain| plain.extent == extent)
    }

    pub(in super::super) fn deadline(&self, now: Instant) -> Option<Instant> {
        self.plain.as_ref().map(|plain| next_step(plain.until, now))
    }

    pub(in super::super) fn lapse(&mut self, now: Instant) {
        self.plain.take_if(|plain| plain.until <= now);
    }

    pub(in super::super) fn go(&mut self, way: Move) {
        let before = self.selected;
        self.place.go(way, self.rows.len());
        self.selected = self.rows.get(self.place.selected()).copied().unwrap_or(0);
        // From the first row of a line that takes several, down is the next line.
        if way == Move::Down && self.selected == before {
            self.selected = (before + 1).min(self.masked.lines.len().saturating_sub(1));
        }
    }

    pub(in super::super) fn draw(&mut self, buffer: &mut Buffer, area: Rect, scope: &Scope) {
        let note = self.note(scope);
        let height = area.height.saturating_sub(u16::from(note.is_some()));
        let list = Rect { height, ..area };
        let columns = area.width.saturating_sub(MARGIN + 2);
        let plain = self.plain.as_ref();
        let mut texts: Vec<Zeroizing<String>> = Vec::new();
        let mut rows: Vec<(usize, usize, std::ops::Range<usize>)> = Vec::new();
        for (index, line) in self.masked.lines.iter().enumerate() {
            let clear = plain.filter(|plain| plain.extent == Extent::All || plain.extent == Extent::Line(index));
            let text = match clear.and_then(|plain| Some(plain.diff.text(plain.diff.lines().get(index)?))) {
                Some(secret) => Zeroizing::new(text::escaped(secret.expose()).into_owned()),
                None => Zeroizing::new(words::fit(
                    &line.text.replace(MASK, scope.theme.glyphs.mask),
                    columns,
                    scope.theme.glyphs.ellipsis,
                )),
            };
            let mut start = 0;
            loop {
                let end = start + columns_end(&text[start..], columns.max(1));
                rows.push((index, texts.len(), start..end));
                start = end;
                if start >= text.len() {
                    break;
                }
            }
            texts.push(text);
        }
        self.rows = rows.iter().map(|(line, ..)| *line).collect();
        self.place.select(self.rows.iter().position(|line| *line == self.selected).unwrap_or(0));
        let lines = &self.masked.lines;
        self.place.draw(buffer, list, rows.len(), scope, |row, _| {
            let (index, text, range) = &rows[row];
            let line = &lines[*index];
            let (sign, meaning) = match line.side {
                Side::Both => (" ", Meaning::Muted),
                Side::Old => ("-", Meaning::Bad),
                Side::New => ("+", Meaning::Good),
            };
            let margin =
                if range.start == 0 { format!("{sign} {:>3}  ", line.number) } else { " ".repeat(usize::from(MARGIN)) };
            let style = scope.theme.style(meaning);
            Row::from(vec![Span::styled(margin, style), Span::styled(&texts[*text][range.clone()], style)])
        });
        if let Some(note) = note {
            let style = scope.theme.style(Meaning::Muted);
            buffer.set_stringn(area.x + 2, list.bottom(), note, usize::from(area.width.saturating_sub(2)), style);
        }
    }

    /// What there is to say below the lines.
    fn note(&self, scope: &Scope) -> Option<String> {
        match &self.plain {
            Some(plain) => Some(format!("hidden in {}", countdown(plain.until, scope))),
            None if self.masked.same => Some("no difference".to_owned()),
            None if self.masked.more > 0 => Some(format!("{} more lines", self.masked.more)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::theme::Theme;
    use super::*;
    use crate::model::Secret;

    fn diff() -> LineDiff {
        let text = |text: &str| Secret::new(text.as_bytes().to_vec());
        LineDiff::between(text("old-pw\nuser: a\npin: 1111\n"), text("new-pw\nuser: b\npin: 1111\n"))
    }

    fn scope(now: Instant) -> Scope {
        Scope {
            now,
            wall: std::time::SystemTime::UNIX_EPOCH,
            theme: Theme::new(true, false),
            size: Rect::new(0, 0, 80, 24),
            uid: 1000,
            home: None,
            typed: crate::system::options::Typed::default(),
            store_set: false,
            reveal: Duration::from_secs(10),
            read_only: false,
            keymap: Default::default(),
            audit: None,
        }
    }

    fn drawn(view: &mut DiffView, now: Instant) -> Vec<String> {
        let area = Rect::new(0, 0, 30, 9);
        let mut buffer = Buffer::empty(area);
        view.draw(&mut buffer, area, &scope(now));
        let line = |y| (0..30).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..9).map(line).filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn values_are_masked_and_signs_say_what_changed() {
        let mut view = DiffView::new(MaskedDiff::of(&diff()));
        let expected =
            ["▶ -   1  ••••••••", "  -   2  user: a", "  +   1  ••••••••", "  +   2  user: b", "    3  pin: ••••••••"];
        let drawn = drawn(&mut view, Instant::now());
        assert_eq!(drawn.iter().map(|line| line.trim_start_matches("  ")).collect::<Vec<_>>().len(), 5, "{drawn:?}");
        for (line, expected) in drawn.iter().zip(expected) {
            assert_eq!(line.trim(), expected.trim());
        }
    }

    #[test]
    fn one_line_or_all_are_in_clear_until_their_time_is_up() {
        let start = Instant::now();
        let mut view = DiffView::new(MaskedDiff::of(&diff()));
        drawn(&mut view, start);
        view.go(Move::Down);
        assert_eq!(view.hidden_line(), None, "a user's name is not hidden");
        view.go(Move::Down);
        let extent = view.hidden_line().expect("a password");
        view.show(diff(), extent, &scope(start));
        let text = drawn(&mut view, start).join("\n");
        assert!(text.contains("new-pw") && !text.contains("old-pw") && text.contains("10 s"), "{text}");
        view.show(diff(), Extent::All, &scope(start));
        let text = drawn(&mut view, start).join("\n");
        assert!(text.contains("new-pw") && text.contains("old-pw") && text.contains("1111"), "{text}");
        assert!(view.deadline(start).is_some());
        let end = start + Duration::from_secs(10);
        view.lapse(end);
        let text = drawn(&mut view, end).join("\n");
        assert!(!text.contains("-pw") && view.deadline(start).is_none(), "{text}");
    }

    #[test]
    fn a_long_line_in_clear_takes_several_rows_and_is_passed_in_one_step() {
        let text = |text: &str| Secret::new(text.as_bytes().to_vec());
        let long = || LineDiff::between(text(""), text(&format!("{}\nnext\n", "x".repeat(50))));
        let now = Instant::now();
        let mut view = DiffView::new(MaskedDiff::of(&long()));
        view.show(long(), Extent::Line(0), &scope(now));
        let all = drawn(&mut view, now).concat();
        assert_eq!(all.matches('x').count(), 50, "{all}");
        view.go(Move::Down);
        assert_eq!(view.hidden_line(), Some(Extent::Line(1)));
        drawn(&mut view, now);
        view.go(Move::Up);
        assert_eq!(view.hidden_line(), Some(Extent::Line(0)));
    }
}
