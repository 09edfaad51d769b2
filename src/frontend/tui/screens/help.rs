//! What every key does here, from the tables that dispatch them. Typing narrows it at once.

use std::borrow::Cow;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::keys::{Binding, HelpRow, Key, Offer};
use super::super::screen::{Flow, Scope, Screen};
use super::super::theme::Meaning;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::text_input::TextInput;
use super::super::widgets::{popup, words};

/// The longest thing that can be looked for here.
const NEEDLE_MAX: usize = 30;

/// Columns of the keys before what they do, and where there are few.
const KEY_COLUMNS: usize = 15;
const FEW_KEY_COLUMNS: usize = 10;
const FEW: u16 = 60;

pub(in super::super) struct Help {
    title: String,
    rows: Vec<HelpRow>,
    needle: TextInput,
    place: ListPlace,
}

#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Action {
    Go(Move),
    Close,
}

const KEYS: &[Binding<Action>] = &[
    Binding { keys: &[Key::named(KeyCode::Esc)], action: Action::Close, hint: "close", help: "close the help" },
    Binding { keys: &[Key::named(KeyCode::Enter)], action: Action::Close, hint: "", help: "close the help" },
    Binding { keys: &[Key::named(KeyCode::Up)], action: Action::Go(Move::Up), hint: "", help: "up" },
    Binding { keys: &[Key::named(KeyCode::Down)], action: Action::Go(Move::Down), hint: "", help: "down" },
    Binding { keys: &[Key::named(KeyCode::PageUp)], action: Action::Go(Move::PageUp), hint: "", help: "a page up" },
    Binding {
        keys: &[Key::named(KeyCode::PageDown)],
        action: Action::Go(Move::PageDown),
        hint: "",
        help: "a page down",
    },
];

impl Help {
    pub(in super::super) fn new(screen: &str, rows: Vec<HelpRow>) -> Help {
        let title = format!("Keys: {screen}");
        Help { title, rows, needle: TextInput::default(), place: ListPlace::default() }
    }

    fn fitting(&self) -> Vec<&HelpRow> {
        let needle = self.needle.text().to_lowercase();
        let fits = |row: &&HelpRow| {
            let keys =
                row.keys.iter().any(|key| key.typed().is_some_and(|typed| typed.to_string() == self.needle.text()));
            keys || row.help.to_lowercase().contains(&needle) || row.hint.contains(&needle)
        };
        self.rows.iter().filter(fits).collect()
    }
}

impl Screen for Help {
    type Action = Action;

    fn keys(&self) -> &'static [Binding<Action>] {
        KEYS
    }

    fn name(&self) -> &'static str {
        "help"
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        if key == Key::char('?') {
            return Some(Flow::Pop);
        }
        self.needle.press(key, NEEDLE_MAX).then(|| {
            self.place.select(0);
            Flow::Stay
        })
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Close => return Flow::Pop,
            Action::Go(way) => {
                let length = self.fitting().len();
                self.place.go(way, length);
            }
        }
        Flow::Stay
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn tally(&self) -> String {
        format!("{}/{}", self.fitting().len(), self.rows.len())
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let height = u16::try_from(self.rows.len()).unwrap_or(u16::MAX).saturating_add(4);
        let inside = popup::open(frame.buffer_mut(), area, (80, height), &self.title, scope);
        if inside.height < 2 {
            return;
        }
        let theme = &scope.theme;
        let ask = if self.needle.text().is_empty() { "type to narrow" } else { self.needle.text() };
        let meaning = if self.needle.text().is_empty() { Meaning::Muted } else { Meaning::Plain };
        frame.buffer_mut().set_string(inside.x, inside.y, "/ ", theme.style(Meaning::Key));
        frame.buffer_mut().set_stringn(
            inside.x + 2,
            inside.y,
            ask,
            usize::from(inside.width - 2),
            theme.style(meaning),
        );
        frame.set_cursor_position((inside.x + 2 + words::width(self.needle.before_cursor()), inside.y));
        let list = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
        let mut place = self.place;
        let rows = self.fitting();
        let key_columns = if inside.width < FEW { FEW_KEY_COLUMNS } else { KEY_COLUMNS };
        place.draw(frame.buffer_mut(), list, rows.len(), scope, |index, columns| {
            let row = rows[index];
            let keys: Vec<String> = row.keys.iter().map(|key| key.label(theme.glyphs)).collect();
            let keys = keys.join(" ");
            // The reason comes first: what the key would do is less of a question then.
            let (meaning, text) = match row.offer {
                Offer::Ready => (Meaning::Plain, Cow::Borrowed(row.help)),
                Offer::Refused(why) => (Meaning::Muted, Cow::Owned(format!("not now: {why} ({})", row.help))),
            };
            let gap = " ".repeat(key_columns.saturating_sub(usize::from(words::width(&keys))).max(1));
            let name = if row.offer == Offer::Ready { Meaning::Key } else { Meaning::Muted };
            let room = columns.saturating_sub(words::width(&keys) + words::width(&gap));
            Line::from(vec![
                Span::styled(keys, theme.style(name)),
                Span::raw(gap),
                Span::styled(words::fit(&text, room, theme.glyphs.ellipsis), theme.style(meaning)),
            ])
        });
        self.place = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_table(KEYS);
    }
}
