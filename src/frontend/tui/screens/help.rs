//! What every key does here, from the tables that dispatch them, and what the marks mean. Typing narrows it at once.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::keys::{Binding, HelpRow, Key};
use super::super::screen::{Flow, Mark, Scope, Screen};
use super::super::theme::{Glyphs, Meaning, Theme};
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::text_input::TextInput;
use super::super::widgets::{popup, words};

/// The longest thing that can be looked for here.
const NEEDLE_MAX: usize = 30;

/// Columns of the keys before what they do, and where there are few.
const NAME_COLUMNS: u16 = 15;
const FEW_NAME_COLUMNS: u16 = 10;
const FEW: u16 = 60;

pub(in super::super) struct Help {
    title: String,
    entries: Vec<Entry>,
    needle: TextInput,
    place: ListPlace,
    /// Lines when last drawn.
    lines: usize,
}

/// Keys, or a mark, and what is to be said of them.
struct Entry {
    name: String,
    keys: Vec<Key>,
    text: &'static str,
    /// Why the key does nothing now.
    refused: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Close,
}

/// Its own question mark closes it too, before it could be looked for.
const KEYS: &[Binding<Action>] = &[Binding {
    keys: &[Key::named(KeyCode::Esc), Key::named(KeyCode::Enter), Key::named(KeyCode::F(1))],
    action: Action::Close,
    hint: "close",
    help: "close the help",
}];

impl Help {
    pub(in super::super) fn new(screen: &str, rows: &[HelpRow], marks: Vec<Mark>, glyphs: &Glyphs) -> Help {
        let key = |row: &HelpRow| Entry {
            name: row.keys.iter().map(|key| key.label(glyphs)).collect::<Vec<_>>().join(" "),
            keys: row.keys.clone(),
            text: row.help,
            refused: row.offer.why_not(),
        };
        let mark = |Mark(name, text)| Entry { name, keys: Vec::new(), text, refused: None };
        Help {
            title: format!("Keys: {screen}"),
            entries: rows.iter().map(key).chain(marks.into_iter().map(mark)).collect(),
            needle: TextInput::default(),
            place: ListPlace::default(),
            lines: 0,
        }
    }

    fn fitting(&self) -> impl Iterator<Item = &Entry> {
        let needle = self.needle.text().to_lowercase();
        self.entries.iter().filter(move |entry| {
            let key = |key: &Key| key.typed().is_some_and(|typed| typed.to_string() == self.needle.text());
            let text = |text: &str| text.to_lowercase().contains(&needle);
            entry.keys.iter().any(key) || text(entry.text) || text(&entry.name) || entry.refused.is_some_and(text)
        })
    }

    fn draw_field(&self, frame: &mut Frame<'_>, line: Rect, theme: &Theme) {
        let typed = self.needle.text();
        let (text, meaning) =
            if typed.is_empty() { ("type to narrow", Meaning::Muted) } else { (typed, Meaning::Plain) };
        let room = usize::from(line.width.saturating_sub(2));
        frame.buffer_mut().set_string(line.x, line.y, "/ ", theme.style(Meaning::Key));
        frame.buffer_mut().set_stringn(line.x + 2, line.y, text, room, theme.style(meaning));
        frame.set_cursor_position((line.x + 2 + words::width(self.needle.before_cursor()), line.y));
    }
}

impl Entry {
    /// Its lines at that width: nothing is cut.
    fn lines(&self, columns: u16, theme: &Theme) -> Vec<Line<'static>> {
        let names = if columns < FEW { FEW_NAME_COLUMNS } else { NAME_COLUMNS };
        let begins = words::width(&self.name).saturating_add(1).max(names);
        let why = self.refused.map(|why| format!("not now: {why}"));
        let said = [Some(self.text.to_owned()), why].into_iter().flatten();
        let said = said.flat_map(|text| words::wrapped(&text, columns.saturating_sub(begins).max(1)));
        let ready = self.refused.is_none();
        let (mut name, meaning) = (self.name.clone(), if ready { Meaning::Plain } else { Meaning::Muted });
        let line = said.map(|text| {
            let name = std::mem::take(&mut name);
            let gap = " ".repeat(usize::from(begins.saturating_sub(words::width(&name))));
            let of_name = if ready { Meaning::Key } else { Meaning::Muted };
            Line::from(vec![
                Span::styled(name, theme.style(of_name)),
                Span::raw(gap),
                Span::styled(text, theme.style(meaning)),
            ])
        });
        line.collect()
    }
}

impl Screen for Help {
    type Action = Action;

    const NAME: &'static str = "help";
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        if key == Key::char('?') {
            return Some(Flow::Pop);
        }
        // Everywhere else it begins what is begun here already.
        if key == Key::char('/') && self.needle.text().is_empty() {
            return Some(Flow::Stay);
        }
        self.needle.press(key, NEEDLE_MAX).then(|| {
            self.place.select(0);
            Flow::Stay
        })
    }

    fn act(&mut self, Action::Close: Action, _scope: &Scope) -> Flow {
        Flow::Pop
    }

    fn has_list(&self) -> bool {
        true
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.lines);
        Flow::Stay
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn tally(&self) -> String {
        format!("{}/{}", self.fitting().count(), self.entries.len())
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let height = u16::try_from(self.entries.len()).unwrap_or(u16::MAX).saturating_add(4);
        let inside = popup::open(frame.buffer_mut(), area, (80, height), &self.title, scope);
        if inside.height < 2 {
            return;
        }
        self.draw_field(frame, Rect { height: 1, ..inside }, &scope.theme);
        let list = Rect { y: inside.y + 1, height: inside.height - 1, ..inside };
        let columns = list.width.saturating_sub(2);
        let lines: Vec<Line> = self.fitting().flat_map(|entry| entry.lines(columns, &scope.theme)).collect();
        self.lines = lines.len();
        self.place.draw(frame.buffer_mut(), list, lines.len(), scope, |index, _| lines[index].clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
