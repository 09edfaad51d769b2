//! The last line: keys that do something now, and how many things are listed. What does not fit is left out from the
//! end; the help has it all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::keys::{HelpRow, Offer};
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::words;

pub(in super::super) fn draw(buffer: &mut Buffer, area: Rect, rows: &[HelpRow], tally: &str, scope: &Scope) {
    let theme = &scope.theme;
    let tally_at = area.right().saturating_sub(words::width(tally) + 1);
    buffer.set_string(tally_at, area.y, tally, theme.style(Meaning::Muted));
    let mut x = area.x + 1;
    for row in rows.iter().filter(|row| !row.hint.is_empty() && row.offer == Offer::Ready) {
        let Some(key) = row.keys.first().map(|key| key.label(theme.glyphs)) else { continue };
        let end = x + words::width(&key) + 1 + words::width(row.hint);
        if end + 1 > tally_at {
            break;
        }
        buffer.set_string(x, area.y, &key, theme.style(Meaning::Key));
        buffer.set_string(x + words::width(&key) + 1, area.y, row.hint, theme.style(Meaning::Plain));
        x = end + 2;
    }
}
