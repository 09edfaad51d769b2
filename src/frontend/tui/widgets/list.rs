//! Which row is selected and which rows are in view. Only the rows in view are ever made.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::screen::Scope;
use super::super::theme::Meaning;

/// Place in a list whose length the owner knows.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct ListPlace {
    selected: usize,
    top: usize,
    /// Rows in view when last drawn.
    height: usize,
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
}

impl ListPlace {
    pub(in super::super) fn selected(&self) -> usize {
        self.selected
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
