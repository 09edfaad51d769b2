//! One line of text being typed. Not for secrets: `secret_input.rs` is.

use crossterm::event::KeyCode;

use super::super::keys::Key;

#[derive(Debug, Default)]
pub(in super::super) struct TextInput {
    text: String,
    /// Byte position in `text`.
    cursor: usize,
    /// The whole text is chosen: typing replaces it.
    chosen: bool,
}

impl TextInput {
    pub(in super::super) fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the cursor.
    pub(in super::super) fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    pub(in super::super) fn clear(&mut self) {
        *self = TextInput::default();
    }

    /// What is typed or removed next, replaces or removes all of it; any other key edits it.
    pub(in super::super) fn choose_all(&mut self) {
        self.cursor = self.text.len();
        self.chosen = !self.text.is_empty();
    }

    pub(in super::super) fn unchoose(&mut self) {
        self.chosen = false;
    }

    pub(in super::super) fn is_chosen(&self) -> bool {
        self.chosen
    }

    /// True when the key was for the field. `max` is in characters.
    pub(in super::super) fn press(&mut self, key: Key, max: usize) -> bool {
        if let Some(character) = key.typed() {
            self.insert(&character.to_string(), max);
            return true;
        }
        let whole = std::mem::take(&mut self.chosen);
        match key.code() {
            KeyCode::Backspace | KeyCode::Delete if whole => self.clear(),
            _ if key.is_ctrl('u') => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            _ if key.is_ctrl('w') => {
                let kept = self.before_cursor().trim_end().rfind(' ').map_or(0, |blank| blank + 1);
                self.text.drain(kept..self.cursor);
                self.cursor = kept;
            }
            KeyCode::Backspace => {
                let from = self.left();
                self.text.drain(from..self.cursor);
                self.cursor = from;
            }
            KeyCode::Delete => {
                let to = self.right();
                self.text.drain(self.cursor..to);
            }
            KeyCode::Left => self.cursor = self.left(),
            KeyCode::Right => self.cursor = self.right(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => {
                self.chosen = whole;
                return false;
            }
        }
        true
    }

    /// Typed or pasted; control characters are left out.
    pub(in super::super) fn insert(&mut self, text: &str, max: usize) {
        if self.chosen {
            self.clear();
        }
        let room = max.saturating_sub(self.text.chars().count());
        for character in text.chars().filter(|character| !character.is_control()).take(room) {
            self.text.insert(self.cursor, character);
            self.cursor += character.len_utf8();
        }
    }

    fn left(&self) -> usize {
        self.before_cursor().char_indices().next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        let after = self.text[self.cursor..].chars().next();
        self.cursor + after.map_or(0, char::len_utf8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_where_the_cursor_is() {
        let mut input = TextInput::default();
        input.insert("näh\u{1b}e rein", 100);
        for code in [KeyCode::Home, KeyCode::Right, KeyCode::Right, KeyCode::Backspace, KeyCode::Delete] {
            assert!(input.press(Key::named(code), 100));
        }
        assert_eq!((input.text(), input.before_cursor()), ("ne rein", "n"));
        input.press(Key::named(KeyCode::End), 100);
        input.press(Key::ctrl('w'), 100);
        assert_eq!(input.text(), "ne ");
        input.press(Key::ctrl('u'), 100);
        assert_eq!(input.text(), "");
        assert!(!input.press(Key::named(KeyCode::Enter), 100));
    }

    #[test]
    fn a_chosen_text_is_replaced_removed_or_edited() {
        let after = |code: KeyCode, typed: &str| {
            let mut input = TextInput::default();
            input.insert("old", 10);
            input.choose_all();
            input.press(Key::named(code), 10);
            input.insert(typed, 10);
            input.text().to_owned()
        };
        assert_eq!(after(KeyCode::Enter, "new"), "new", "a key that is not the field's changes nothing");
        assert_eq!(after(KeyCode::Backspace, "n"), "n");
        assert_eq!(after(KeyCode::Left, "n"), "olnd");
        assert_eq!(after(KeyCode::End, "n"), "oldn");
    }

    #[test]
    fn takes_no_more_than_it_may() {
        let mut input = TextInput::default();
        input.insert(&"x".repeat(50), 10);
        input.press(Key::char('y'), 10);
        assert_eq!(input.text(), "xxxxxxxxxx");
    }
}
