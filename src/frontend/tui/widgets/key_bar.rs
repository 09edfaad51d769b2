//! The last line: keys that do something now, and how many things are listed. The last key, which is how to get away,
//! stays; of the others those at the end go first where room is short. The help has them all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::keys::{HelpRow, Offer};
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::words;

/// Columns between two of them.
const GAP: u16 = 2;

pub(in super::super) fn draw(buffer: &mut Buffer, area: Rect, rows: &[HelpRow], tally: &str, scope: &Scope) {
    let theme = &scope.theme;
    let tally_at = area.right().saturating_sub(words::width(tally) + 1);
    buffer.set_string(tally_at, area.y, tally, theme.style(Meaning::Muted));
    let said = rows.iter().filter(|row| !row.hint.is_empty() && row.offer == Offer::Ready);
    let mut hints: Vec<(String, &str)> =
        said.filter_map(|row| Some((row.keys.first()?.label(theme.glyphs), row.hint))).collect();
    let width = |(key, hint): &(String, &str)| words::width(key) + 1 + words::width(hint);
    let room = tally_at.saturating_sub(area.x + 2);
    while hints.len() > 1 && hints.iter().map(|hint| width(hint) + GAP).sum::<u16>() > room + GAP {
        hints.remove(hints.len() - 2);
    }
    let mut x = area.x + 1;
    for hint in &hints {
        let (key, text) = hint;
        buffer.set_string(x, area.y, key, theme.style(Meaning::Key));
        buffer.set_string(x + words::width(key) + 1, area.y, text, theme.style(Meaning::Plain));
        x += width(hint) + GAP;
    }
}
