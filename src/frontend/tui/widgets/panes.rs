//! How a body is divided between the list and the details of what is selected.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::screen::Scope;
use super::super::theme::Meaning;

/// Below this many columns the details take the whole body instead of standing with the list.
pub(in super::super) const NARROW: u16 = 70;

/// When list and details stand side by side, and how.
#[derive(Clone, Copy)]
pub(in super::super) struct Beside {
    /// From so many columns on.
    pub(in super::super) from: u16,
    /// The list's share of them, in percent.
    pub(in super::super) share: u16,
}

/// Lines of details below a table, and the least of the table above them.
const BELOW: u16 = 8;
const TABLE: u16 = 6;

/// Where the list and the details are. One of them is missing where only one has room.
pub(in super::super) struct Panes {
    pub(in super::super) list: Option<Rect>,
    pub(in super::super) details: Option<Rect>,
    /// The details have few lines: no blank ones.
    pub(in super::super) flat: bool,
    /// They stand below the table, and may have more to say than there is room for.
    pub(in super::super) below: bool,
}

impl Panes {
    /// Only one of the two is on the screen.
    pub(in super::super) fn alone(&self) -> bool {
        self.list.is_none() || self.details.is_none()
    }
}

/// Divides the body and draws the rule between its parts: side by side where columns allow it, below each other where
/// lines allow it, else the list; the details alone when `zoomed`.
pub(in super::super) fn arrange(
    frame: &mut Frame<'_>,
    area: Rect,
    beside: Beside,
    zoomed: bool,
    scope: &Scope,
) -> Panes {
    let (glyphs, style) = (scope.theme.glyphs, scope.theme.style(Meaning::Muted));
    if area.width >= beside.from {
        let list = Rect { width: area.width * beside.share / 100, ..area };
        for y in area.top()..area.bottom() {
            frame.buffer_mut().set_string(list.right(), y, glyphs.upright, style);
        }
        let details = Rect { x: list.right() + 2, width: area.width - list.width - 3, ..area };
        return Panes { list: Some(list), details: Some(details), flat: false, below: false };
    }
    if !zoomed && area.width >= NARROW && area.height >= TABLE + 1 + BELOW {
        let list = Rect { height: area.height - BELOW - 1, ..area };
        let rule = glyphs.rule.repeat(usize::from(area.width));
        frame.buffer_mut().set_string(area.x, list.bottom(), rule, style);
        let details = Rect { x: area.x + 2, y: list.bottom() + 1, width: area.width - 4, height: BELOW };
        return Panes { list: Some(list), details: Some(details), flat: true, below: true };
    }
    let details = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if zoomed {
        Panes { list: None, details: Some(details), flat: area.height < BELOW, below: false }
    } else {
        Panes { list: Some(area), details: None, flat: false, below: false }
    }
}
