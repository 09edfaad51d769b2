//! The last line: keys that do something now, and how many things are listed. The last key, which is how to get away,
//! stays; of the others those at the end go first where room is short. The help has them all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::keys::{HelpRow, Key, Offer};
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::words;

/// Columns between two of them.
const GAP: u16 = 2;

/// A hint in its place.
struct Hint {
    x: u16,
    key: Key,
    label: String,
    text: &'static str,
}

impl Hint {
    fn width(&self) -> u16 {
        words::width(&self.label) + 1 + words::width(self.text)
    }
}

pub(in super::super) fn draw(buffer: &mut Buffer, area: Rect, rows: &[HelpRow], tally: &str, scope: &Scope) {
    let theme = &scope.theme;
    let tally_at = area.right().saturating_sub(words::width(tally) + 1);
    buffer.set_string(tally_at, area.y, tally, theme.style(Meaning::Muted));
    for hint in placed(area, rows, tally, scope) {
        buffer.set_string(hint.x, area.y, &hint.label, theme.style(Meaning::Key));
        let x = hint.x + words::width(&hint.label) + 1;
        buffer.set_string(x, area.y, hint.text, theme.style(Meaning::Plain));
    }
}

/// The key whose hint stands in that column.
pub(in super::super) fn key_at(area: Rect, rows: &[HelpRow], tally: &str, scope: &Scope, column: u16) -> Option<Key> {
    let hints = placed(area, rows, tally, scope);
    hints.into_iter().find(|hint| (hint.x..hint.x + hint.width()).contains(&column)).map(|hint| hint.key)
}

fn placed(area: Rect, rows: &[HelpRow], tally: &str, scope: &Scope) -> Vec<Hint> {
    let said = rows.iter().filter(|row| !row.hint.is_empty() && row.offer == Offer::Ready);
    let hint = |row: &HelpRow| {
        let key = *row.keys.first()?;
        Some(Hint { x: 0, key, label: key.label(scope.theme.glyphs), text: row.hint })
    };
    let mut hints: Vec<Hint> = said.filter_map(hint).collect();
    let tally_at = area.right().saturating_sub(words::width(tally) + 1);
    let room = tally_at.saturating_sub(area.x + 2);
    while hints.len() > 1 && hints.iter().map(|hint| hint.width() + GAP).sum::<u16>() > room + GAP {
        hints.remove(hints.len() - 2);
    }
    let mut x = area.x + 1;
    for hint in &mut hints {
        hint.x = x;
        x += hint.width() + GAP;
    }
    hints
}
