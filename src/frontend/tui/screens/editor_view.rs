//! How a text that is edited looks: its rows, hidden ones as a mask, the cursor's sideways as far as it is; what is to be
//! said of it. Called by `editor.rs`.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthChar;
use zeroize::Zeroizing;

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::secret_panel::countdown;
use super::super::widgets::text_area::{Seen, TextArea};
use super::super::widgets::{sheet, words};
use super::editor::{Action, Editor, State};
use crate::system::store::layout;

/// Which part of the text is in view.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    /// Rows above those in view.
    top: usize,
    /// Columns of the cursor's row left of those in view.
    side: u16,
    /// As last drawn.
    height: u16,
}

impl Place {
    /// Rows that PgUp and PgDn pass: all but one of those in view.
    pub(super) fn page(&self) -> usize {
        usize::from(self.height).saturating_sub(1).max(1)
    }

    /// Brings the cursor into view.
    fn follow(&mut self, row: usize, column: u16, room: Rect) {
        self.height = room.height;
        let height = usize::from(room.height).max(1);
        self.top = self.top.clamp((row + 1).saturating_sub(height), row);
        let width = room.width.max(1);
        // A quarter further, so that what stands beside the cursor is seen too.
        if column < self.side {
            self.side = column.saturating_sub(width / 4);
        } else if column >= self.side.saturating_add(width) {
            self.side = column.saturating_sub(width - 1 - width / 4);
        }
    }
}

pub(super) fn draw(editor: &mut Editor, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let changed = if editor.is_changed() { " (changed)" } else { "" };
    let title = format!("Edit {}{changed}", layout::told(&editor.entry));
    let room = sheet::open(frame.buffer_mut(), area, &title, scope);
    let (rows, notes) = sheet::divide(frame, room, scope);
    let seen = editor.seen();
    let inner = Rect { x: rows.x + 2, width: rows.width.saturating_sub(4), ..rows };
    let State::Open(open) = &editor.state else {
        let mut details = Details::new(frame.buffer_mut(), inner, false, scope);
        return match &editor.state {
            State::Failed(problem) => details.problem(problem),
            _ => details.sentence("being opened", Meaning::Muted),
        };
    };
    editor.was_drawn = true;
    let text = &open.area;
    let masked = |row| shown_row(text, row, seen, scope);
    let column = text.column(seen).unwrap_or_else(|| words::width(&masked(text.row())));
    let mut place = editor.place;
    place.follow(text.row(), column, inner);
    for (y, row) in (inner.top()..inner.bottom()).zip(place.top..text.rows()) {
        if row == text.row() {
            let style = scope.theme.style(Meaning::Key);
            frame.buffer_mut().set_string(rows.x, y, scope.theme.glyphs.cursor, style);
        }
        let side = if row == text.row() { place.side } else { 0 };
        let in_clear = text.is_secret(row) && !text.is_hidden(row, seen);
        let meaning = if in_clear { Meaning::Secret } else { Meaning::Plain };
        draw_row(frame.buffer_mut(), Rect { y, height: 1, ..inner }, &masked(row), side, meaning, scope);
    }
    if !inner.is_empty() {
        let y = inner.y + u16::try_from(text.row() - place.top).unwrap_or_default();
        frame.set_cursor_position((inner.x + column.saturating_sub(place.side), y));
    }
    draw_notes(editor, text, frame, notes, scope);
    editor.place = place;
}

fn shown_row(text: &TextArea, row: usize, seen: Option<Seen>, scope: &Scope) -> Zeroizing<String> {
    let mut shown = text.drawn(row, seen);
    if text.is_hidden(row, seen) {
        // Only what anybody may see is in it so far.
        shown.push_str(scope.theme.glyphs.mask);
    }
    shown
}

/// The columns from `side` on; where something is cut a mark stands beside it.
fn draw_row(buffer: &mut Buffer, area: Rect, row: &str, side: u16, meaning: Meaning, scope: &Scope) {
    let (mut passed, mut start) = (0u16, 0);
    for (at, character) in row.char_indices() {
        start = at;
        if passed >= side {
            break;
        }
        passed = passed.saturating_add(columns_of(character));
        start = at + character.len_utf8();
    }
    let gap = passed.saturating_sub(side);
    let room = usize::from(area.width.saturating_sub(gap));
    let (glyphs, muted) = (scope.theme.glyphs, scope.theme.style(Meaning::Muted));
    let end = buffer.set_stringn(area.x + gap, area.y, &row[start..], room, scope.theme.style(meaning)).0;
    if start > 0 {
        buffer.set_string(area.x - 1, area.y, glyphs.ellipsis, muted);
    }
    let rest: u32 = row[start..].chars().map(|character| u32::from(columns_of(character))).sum();
    if rest > u32::from(end - area.x - gap) {
        buffer.set_string(area.right(), area.y, glyphs.ellipsis, muted);
    }
}

fn columns_of(character: char) -> u16 {
    character.width().and_then(|columns| u16::try_from(columns).ok()).unwrap_or(0)
}

fn draw_notes(editor: &Editor, text: &TextArea, frame: &mut Frame<'_>, notes: Rect, scope: &Scope) {
    let mut details = Details::new(frame.buffer_mut(), notes, true, scope);
    let key = |action| scope.key_of::<Editor>(action);
    let in_clear = match editor.seen() {
        Some(Seen::Row(row)) => text.is_secret(row),
        seen => seen.is_some(),
    };
    match (&editor.problem, editor.seen_until().filter(|_| in_clear)) {
        _ if editor.is_saving() => details.sentence("it is being saved", Meaning::Muted),
        (Some(problem), _) => details.problem(problem),
        (None, Some(until)) => {
            let what = if editor.seen() == Some(Seen::All) { "all hidden in" } else { "hidden in" };
            details.sentence(&format!("{what} {}", countdown(until, scope)), Meaning::Muted);
        }
        (None, None) if text.is_hidden(text.row(), None) => {
            let (reveal, empty) = (key(Action::Reveal), key(Action::EmptyLine));
            let said = format!("Hidden. {reveal} shows this line for a while, {empty} empties it.");
            details.sentence(&said, Meaning::Muted);
        }
        (None, None) => {
            let said =
                format!("Nothing is stored before {}. What you type is seen while you type it.", key(Action::Save));
            details.sentence(&said, Meaning::Muted);
        }
    }
}
