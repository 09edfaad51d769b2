//! How a body is divided: the list and the details of what is selected, side by side or one after the other.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::screen::{SIDE_BY_SIDE, Scope};
use super::super::theme::Meaning;

/// The list's share of a wide body, in percent.
const LIST_SHARE: u16 = 48;

/// The list and the details: side by side, or one of them.
pub(in super::super) fn split(area: Rect, zoomed: bool) -> (Option<Rect>, Option<Rect>) {
    let details_alone = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    match (area.width >= SIDE_BY_SIDE, zoomed) {
        (false, true) => (None, Some(details_alone)),
        (false, false) => (Some(area), None),
        (true, _) => {
            let list = Rect { width: area.width * LIST_SHARE / 100, ..area };
            let rest = Rect { x: list.right(), width: area.width - list.width, ..area };
            (Some(list), Some(rest))
        }
    }
}

/// The upright rule, and the room right of it.
pub(in super::super) fn beside(frame: &mut Frame<'_>, area: Rect, scope: &Scope) -> Option<Rect> {
    if scope.size.width < SIDE_BY_SIDE {
        return Some(area);
    }
    for y in area.top()..area.bottom() {
        frame.buffer_mut().set_string(area.x, y, scope.theme.glyphs.upright, scope.theme.style(Meaning::Muted));
    }
    (area.width > 4).then(|| Rect { x: area.x + 2, width: area.width - 3, ..area })
}
