//! A layer that takes the whole body: its title on the first line, room below it, and where lines allow it what there is
//! to say of the selected row at the bottom.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::words;

/// Lines about the selected row, and where there are few lines.
const NOTES: u16 = 6;
const FEW_NOTES: u16 = 2;

/// From this height on there are blank lines and a rule.
const ROOMY: u16 = 14;

/// Clears the body and writes the title; answers the room below it.
pub(in super::super) fn open(buffer: &mut Buffer, area: Rect, title: &str, scope: &Scope) -> Rect {
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buffer[(x, y)].reset();
        }
    }
    let title = words::fit_middle(title, area.width.saturating_sub(2), scope.theme.glyphs.ellipsis);
    buffer.set_string(area.x + 1, area.y, title, scope.theme.style(Meaning::Accent));
    let used = if area.height >= ROOMY { 2 } else { 1 }.min(area.height);
    Rect { y: area.y + used, height: area.height - used, ..area }
}

/// Divides the room below the title into the rows and the notes about the selected one.
pub(in super::super) fn divide(frame: &mut Frame<'_>, room: Rect, scope: &Scope) -> (Rect, Rect) {
    let roomy = room.height + 2 >= ROOMY;
    let notes = if roomy { NOTES } else { FEW_NOTES }.min(room.height / 2);
    let rule = u16::from(roomy);
    let rows = Rect { height: room.height - notes - rule, ..room };
    if roomy {
        let rule = scope.theme.glyphs.rule.repeat(usize::from(room.width));
        frame.buffer_mut().set_string(room.x, rows.bottom(), rule, scope.theme.style(Meaning::Muted));
    }
    let notes = Rect { x: room.x + 2, y: rows.bottom() + rule, width: room.width.saturating_sub(4), height: notes };
    (rows, notes)
}
