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

/// Lines that one fact may take when it does not fit on one.
const FACT_LINES: usize = 3;

/// A pen that knows how far down it has come.
pub(in super::super) struct Details<'a> {
    pub(in super::super) buffer: &'a mut Buffer,
    area: Rect,
    y: u16,
    /// Lines are few: no blank ones.
    flat: bool,
    scope: &'a Scope,
}

impl<'a> Details<'a> {
    pub(in super::super) fn new(buffer: &'a mut Buffer, area: Rect, flat: bool, scope: &'a Scope) -> Details<'a> {
        Details { buffer, area, y: area.y, flat, scope }
    }

    /// What is left of the area.
    pub(in super::super) fn rest(&self) -> Rect {
        let height = self.area.bottom().saturating_sub(self.y);
        Rect { y: self.y, height, ..self.area }
    }

    /// A blank line, where there is room for such.
    pub(in super::super) fn gap(&mut self) {
        self.skip(u16::from(!self.flat));
    }

    /// Past lines that somebody else has drawn.
    pub(in super::super) fn skip(&mut self, lines: u16) {
        self.y = self.y.saturating_add(lines).min(self.area.bottom());
    }

    pub(in super::super) fn title(&mut self, text: &str) {
        for line in words::wrapped(text, self.area.width).into_iter().take(2) {
            self.line(0, &line, self.scope.theme.style(Meaning::Accent));
        }
        self.gap();
    }

    /// `label   value`; a long value goes on below itself.
    pub(in super::super) fn fact(&mut self, label: &str, value: &str, meaning: Meaning) {
        let columns = self.area.width.saturating_sub(LABEL);
        let mut lines = words::wrapped(value, columns.max(1));
        if lines.len() > FACT_LINES {
            lines.truncate(FACT_LINES);
            if let Some(last) = lines.last_mut() {
                *last = words::fit(&format!("{last} {}", self.scope.theme.glyphs.ellipsis), columns, "");
            }
        }
        for (index, line) in lines.iter().enumerate() {
            if index == 0 && self.y < self.area.bottom() {
                let style = self.scope.theme.style(Meaning::Muted);
                self.buffer.set_stringn(self.area.x, self.y, label, usize::from(LABEL), style);
            }
            self.line(LABEL, line, self.scope.theme.style(meaning));
        }
    }

    /// As `fact`, on one line, cut in its middle.
    pub(in super::super) fn line_fact(&mut self, label: &str, value: &str, meaning: Meaning) {
        let columns = self.area.width.saturating_sub(LABEL);
        self.fact(label, &words::fit_middle(value, columns, self.scope.theme.glyphs.ellipsis), meaning);
    }

    /// A text on one line, cut at its end.
    pub(in super::super) fn cut_line(&mut self, text: &str, meaning: Meaning) {
        let text = words::fit(text, self.area.width, self.scope.theme.glyphs.ellipsis);
        self.line(0, &text, self.scope.theme.style(meaning));
    }

    pub(in super::super) fn sentence(&mut self, text: &str, meaning: Meaning) {
        for line in words::wrapped(text, self.area.width.max(1)) {
            self.line(0, &line, self.scope.theme.style(meaning));
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

    fn line(&mut self, indent: u16, text: &str, style: Style) {
        if self.y < self.area.bottom() {
            let columns = usize::from(self.area.width.saturating_sub(indent));
            self.buffer.set_stringn(self.area.x + indent, self.y, text, columns, style);
            self.y += 1;
        }
    }
}
