//! The only boxes: a frame over what lies behind, with a title.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::words;

/// Clears and frames a box of at most this size in the middle of `area`; answers the room inside.
pub(in super::super) fn open(buffer: &mut Buffer, area: Rect, size: (u16, u16), title: &str, scope: &Scope) -> Rect {
    let (width, height) = (size.0.min(area.width), size.1.min(area.height));
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    for y in outer.top()..outer.bottom() {
        for x in outer.left()..outer.right() {
            buffer[(x, y)].reset();
        }
    }
    if width < 4 || height < 3 {
        return Rect { width: 0, height: 0, ..outer };
    }
    let (glyphs, style) = (scope.theme.glyphs, scope.theme.style(Meaning::Accent));
    let across = glyphs.rule.repeat(usize::from(width - 2));
    buffer.set_string(outer.x, outer.y, format!("{}{across}{}", glyphs.corners[0], glyphs.corners[1]), style);
    buffer.set_string(
        outer.x,
        outer.bottom() - 1,
        format!("{}{across}{}", glyphs.corners[2], glyphs.corners[3]),
        style,
    );
    for y in outer.top() + 1..outer.bottom() - 1 {
        buffer.set_string(outer.x, y, glyphs.upright, style);
        buffer.set_string(outer.right() - 1, y, glyphs.upright, style);
    }
    let title = format!(" {} ", words::fit(title, width.saturating_sub(6), glyphs.ellipsis));
    buffer.set_string(outer.x + 2, outer.y, title, style);
    Rect { x: outer.x + 2, y: outer.y + 1, width: width - 4, height: height - 2 }
}
