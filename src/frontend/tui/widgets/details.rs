//! The pane beside (or instead of) the list: a title, labelled facts, sentences, problems. Draws downwards and stops at
//! the end of its area.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::words;
use crate::model::Problem;

/// Columns of the label before a fact.
pub(in super::super) const LABEL: u16 = 13;

/// Columns by which the further lines of an item stand right of its first.
const FURTHER: u16 = 2;

/// Lines that one fact may take when it does not fit on one.
const FACT_LINES: usize = 3;

/// With fewer lines than these none is given away for saying which are seen.
const FEW_LINES: u16 = 6;

/// Which lines of what does not fit are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Scroll {
    /// Lines above those that are seen.
    top: u16,
    /// As last drawn: the lines seen, and all.
    room: u16,
    all: u16,
}

impl Scroll {
    /// There are lines that are not seen.
    pub(in super::super) fn is_cut(&self) -> bool {
        self.all > self.room
    }

    /// Other lines, all but one of them new.
    pub(in super::super) fn go(&mut self, down: bool) {
        let page = self.room.saturating_sub(1).max(1);
        self.top = if down { self.top.saturating_add(page) } else { self.top.saturating_sub(page) };
        self.top = self.top.min(self.all.saturating_sub(self.room));
    }
}

/// A pen that knows how far down it has come.
pub(in super::super) struct Details<'a> {
    pub(in super::super) buffer: &'a mut Buffer,
    area: Rect,
    y: u16,
    /// Lines are few: no blank ones.
    flat: bool,
    /// Where what can be scrolled begins, how much of it is passed unseen, and how much there was so far.
    from: u16,
    top: u16,
    passed: u16,
    scope: &'a Scope,
}

impl<'a> Details<'a> {
    pub(in super::super) fn new(buffer: &'a mut Buffer, area: Rect, flat: bool, scope: &'a Scope) -> Details<'a> {
        Details { buffer, area, y: area.y, flat, from: area.y, top: 0, passed: 0, scope }
    }

    /// What is left of the area.
    pub(in super::super) fn rest(&self) -> Rect {
        let height = self.area.bottom().saturating_sub(self.y);
        Rect { y: self.y, height, ..self.area }
    }

    /// What follows is seen from another line on than its first.
    pub(in super::super) fn scroll(&mut self, scroll: Scroll) {
        (self.from, self.top, self.passed) = (self.y, scroll.top, 0);
    }

    /// Says which lines are seen, in the place of the last (of few lines at its end), unless all of them are; `keys` bring
    /// the others.
    pub(in super::super) fn end_scroll(&mut self, keys: &str) -> Scroll {
        let (all, height) = (self.passed, self.area.bottom().saturating_sub(self.from));
        if (self.top == 0 && all <= height) || height < 2 {
            return Scroll { top: 0, room: height.max(all), all };
        }
        let is_few = height < FEW_LINES;
        let room = if is_few { height } else { height - 1 };
        let top = self.top.min(all.saturating_sub(room));
        let y = self.area.bottom() - 1;
        let last = (self.top + room).min(all);
        let said = match is_few {
            true => format!(" {last}/{all}: {keys}"),
            false => format!("{}-{last} of {all} lines: {keys}", self.top + 1),
        };
        let x =
            if is_few { self.area.right().saturating_sub(words::width(&said)).max(self.area.x) } else { self.area.x };
        let columns = usize::from(self.area.right() - x);
        self.buffer.set_stringn(x, y, " ".repeat(columns), columns, self.scope.theme.style(Meaning::Plain));
        self.buffer.set_stringn(x, y, said, columns, self.scope.theme.style(Meaning::Warn));
        Scroll { top, room, all }
    }

    /// A blank line, where there is room for such.
    pub(in super::super) fn gap(&mut self) {
        if !self.flat {
            self.next_line();
        }
    }

    /// The row of the next line; None when it is not seen.
    fn next_line(&mut self) -> Option<u16> {
        self.passed = self.passed.saturating_add(1);
        let seen = self.passed > self.top && self.y < self.area.bottom();
        seen.then(|| {
            self.y += 1;
            self.y - 1
        })
    }

    /// Past lines that somebody else has drawn.
    pub(in super::super) fn skip(&mut self, lines: u16) {
        self.y = self.y.saturating_add(lines).min(self.area.bottom());
    }

    pub(in super::super) fn title(&mut self, text: &str) {
        for line in words::wrapped(text, self.area.width).into_iter().take(2) {
            self.line("", 0, &line, self.scope.theme.style(Meaning::Accent));
        }
        self.gap();
    }

    /// `label   value`; a long value goes on below itself.
    pub(in super::super) fn fact(&mut self, label: &str, value: &str, meaning: Meaning) {
        let columns = self.area.width.saturating_sub(LABEL);
        for (index, line) in self.bounded(value, columns.max(1)).iter().enumerate() {
            let label = if index == 0 { label } else { "" };
            self.line(label, LABEL, line, self.scope.theme.style(meaning));
        }
    }

    /// As `fact`, on one line, cut in its middle.
    pub(in super::super) fn line_fact(&mut self, label: &str, value: &str, meaning: Meaning) {
        let columns = self.area.width.saturating_sub(LABEL);
        self.fact(label, &words::fit_middle(value, columns, self.scope.theme.glyphs.ellipsis), meaning);
    }

    /// One of several texts below one another; a long one goes on a little further right.
    pub(in super::super) fn item(&mut self, text: &str, meaning: Meaning) {
        let columns = self.area.width.saturating_sub(FURTHER).max(1);
        for (index, line) in self.bounded(text, columns).iter().enumerate() {
            let indent = if index == 0 { 0 } else { FURTHER };
            self.line("", indent, line, self.scope.theme.style(meaning));
        }
    }

    /// The lines of a text that is not to take more than a few; a mark where it is cut.
    fn bounded(&self, text: &str, columns: u16) -> Vec<String> {
        let mut lines = words::wrapped(text, columns);
        if lines.len() > FACT_LINES {
            lines.truncate(FACT_LINES);
            if let Some(last) = lines.last_mut() {
                let ellipsis = self.scope.theme.glyphs.ellipsis;
                *last = words::fit(&format!("{last} {ellipsis}"), columns, ellipsis);
            }
        }
        lines
    }

    pub(in super::super) fn sentence(&mut self, text: &str, meaning: Meaning) {
        for line in words::wrapped(text, self.area.width.max(1)) {
            self.line("", 0, &line, self.scope.theme.style(meaning));
        }
    }

    /// A problem as sentences: what failed and why, then what helps.
    pub(in super::super) fn problem(&mut self, problem: &Problem) {
        let mark = self.scope.theme.glyphs.bad;
        self.sentence(&format!("{mark} {}", problem.one_line()), Meaning::Bad);
        for hint in problem.all_hints() {
            let hint = self.scope.typed.placed(hint);
            self.sentence(&format!("{} {hint}", self.scope.theme.glyphs.closed), Meaning::Plain);
        }
    }

    fn line(&mut self, label: &str, indent: u16, text: &str, style: Style) {
        let Some(y) = self.next_line() else { return };
        let muted = self.scope.theme.style(Meaning::Muted);
        self.buffer.set_stringn(self.area.x, y, label, usize::from(indent), muted);
        let columns = usize::from(self.area.width.saturating_sub(indent));
        self.buffer.set_stringn(self.area.x + indent, y, text, columns, style);
    }
}
