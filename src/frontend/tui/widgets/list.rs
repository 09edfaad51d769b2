//! Which row is selected and which rows are in view. Only the rows in view are ever made. Also the keys that every list
//! has.

use crossterm::event::KeyCode;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::super::keys::{Binding, Key};
use super::super::screen::Scope;
use super::super::theme::Meaning;

/// Place in a list whose length the owner knows.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct ListPlace {
    selected: usize,
    top: usize,
    /// Rows in view when last drawn.
    height: usize,
    /// Where its rows were last drawn.
    area: Rect,
}

/// A way to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Move {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// The mouse points at it.
    To(usize),
}

const fn way(keys: &'static [Key], action: Move, hint: &'static str, help: &'static str) -> Binding<Move> {
    Binding { keys, action, hint, help }
}

/// The keys of every list, after the screen's own.
pub(in super::super) const MOVES: &[Binding<Move>] = &[
    way(&[Key::named(KeyCode::Up), Key::char('k')], Move::Up, "up", "up"),
    way(&[Key::named(KeyCode::Down), Key::char('j')], Move::Down, "down", "down"),
    way(&[Key::named(KeyCode::PageUp)], Move::PageUp, "", "a page up"),
    way(&[Key::named(KeyCode::PageDown)], Move::PageDown, "", "a page down"),
    way(&[Key::named(KeyCode::Home), Key::char('g')], Move::First, "", "first"),
    way(&[Key::named(KeyCode::End), Key::char('G')], Move::Last, "", "last"),
];

impl ListPlace {
    pub(in super::super) fn selected(&self) -> usize {
        self.selected
    }

    /// The row that was drawn there.
    pub(in super::super) fn row_at(&self, at: Position) -> Option<usize> {
        self.area.contains(at).then(|| self.top + usize::from(at.y - self.area.y))
    }

    pub(in super::super) fn select(&mut self, row: usize) {
        self.selected = row;
    }

    pub(in super::super) fn go(&mut self, way: Move, length: usize) {
        let page = self.height.max(2) - 1;
        self.selected = match way {
            Move::Up => self.selected.saturating_sub(1),
            Move::Down => self.selected + 1,
            Move::PageUp => self.selected.saturating_sub(page),
            Move::PageDown => self.selected + page,
            Move::First => 0,
            Move::Last => usize::MAX,
            Move::To(row) => row,
        };
        self.keep_within(length);
    }

    /// After the list has changed.
    pub(in super::super) fn keep_within(&mut self, length: usize) {
        self.selected = self.selected.min(length.saturating_sub(1));
    }

    /// Draws the rows in view; `row` makes one for the columns that are left beside the cursor's mark.
    pub(in super::super) fn draw<'a>(
        &mut self,
        buffer: &mut Buffer,
        area: Rect,
        length: usize,
        scope: &Scope,
        row: impl Fn(usize, u16) -> Line<'a>,
    ) {
        self.height = usize::from(area.height);
        self.keep_within(length);
        self.top = self.top.min(self.selected).max((self.selected + 1).saturating_sub(self.height));
        self.top = self.top.min(length.saturating_sub(self.height));
        let rows = u16::try_from(length - self.top).unwrap_or(u16::MAX);
        self.area = Rect { height: rows.min(area.height), ..area };
        for (index, y) in (self.top..length).zip(area.top()..area.bottom()) {
            let line = Rect { y, height: 1, ..area };
            let mark = if index == self.selected { scope.theme.glyphs.cursor } else { " " };
            buffer.set_string(area.x, y, mark, scope.theme.style(Meaning::Key));
            let columns = area.width.saturating_sub(2);
            buffer.set_line(area.x + 2, y, &row(index, columns), columns);
            if index == self.selected {
                buffer.set_style(line, scope.theme.style(Meaning::Selected));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_stay_within() {
        let mut place = ListPlace { height: 5, ..ListPlace::default() };
        place.go(Move::Up, 10);
        assert_eq!(place.selected(), 0);
        place.go(Move::PageDown, 10);
        assert_eq!(place.selected(), 4);
        place.go(Move::Last, 10);
        assert_eq!(place.selected(), 9);
        place.go(Move::Down, 10);
        assert_eq!(place.selected(), 9);
        place.go(Move::Down, 0);
        assert_eq!(place.selected(), 0);
    }
}
