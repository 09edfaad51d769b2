//! The filter as it is seen: its field, and names with what it matched marked.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::screen::Scope;
use super::super::theme::{Meaning, Theme};
use super::text_input::TextInput;
use super::words;

/// The filter's field: a slash and what was typed, its end in view.
pub(in super::super) fn draw(needle: &TextInput, focus: bool, frame: &mut Frame<'_>, line: Rect, scope: &Scope) {
    let text = needle.text();
    let room = line.width.saturating_sub(4);
    let shown = if words::width(text) > room {
        words::fit_middle(text, room, scope.theme.glyphs.ellipsis)
    } else {
        text.to_owned()
    };
    frame.buffer_mut().set_string(line.x, line.y, "/", scope.theme.style(Meaning::Key));
    let meaning = if needle.is_chosen() { Meaning::Selected } else { Meaning::Plain };
    frame.buffer_mut().set_string(line.x + 2, line.y, &shown, scope.theme.style(meaning));
    if focus {
        frame.set_cursor_position((line.x + 2 + words::width(needle.before_cursor()).min(room), line.y));
    }
}

/// The whole name with what the filter matched marked; cut at its front, because the end tells names apart.
pub(in super::super) fn marked(name: &str, hits: &[usize], columns: u16, theme: &Theme) -> Line<'static> {
    let characters: Vec<char> = name.chars().collect();
    let mut from = 0;
    let mut width = words::width(name);
    let mark = theme.glyphs.ellipsis;
    if width > columns {
        while width + words::width(mark) > columns && from < characters.len() {
            width -= words::width(characters[from].encode_utf8(&mut [0; 4]));
            from += 1;
        }
    }
    let mut spans = Vec::new();
    if from > 0 {
        spans.push(Span::styled(mark, theme.style(Meaning::Muted)));
    }
    for (index, character) in characters.iter().enumerate().skip(from) {
        let meaning = if hits.binary_search(&index).is_ok() { Meaning::Match } else { Meaning::Plain };
        spans.push(Span::styled(character.to_string(), theme.style(meaning)));
    }
    Line::from(spans)
}
