//! One line of text being typed. Not for secrets: `secret_input.rs` is.

use crossterm::event::KeyCode;

use super::super::keys::Key;

#[derive(Debug, Default)]
pub(in super::super) struct TextInput {
    text: String,
    /// Byte position in `text`.
    cursor: usize,
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
        self.text.clear();
        self.cursor = 0;
    }

    /// True when the key was for the field. `max` is in characters.
    pub(in super::super) fn press(&mut self, key: Key, max: usize) -> bool {
        if let Some(character) = key.typed() {
            self.insert(&character.to_string(), max);
            return true;
        }
        match key.code() {
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
            _ => return false,
        }
        true
    }

    /// Typed or pasted; control characters are left out.
    pub(in super::super) fn insert(&mut self, text: &str, max: usize) {
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
    fn takes_no_more_than_it_may() {
        let mut input = TextInput::default();
        input.insert(&"x".repeat(50), 10);
        input.press(Key::char('y'), 10);
        assert_eq!(input.text(), "xxxxxxxxxx");
    }
}
