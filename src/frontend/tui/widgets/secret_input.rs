//! A passphrase being typed: kept in a `Secret` from the first key on, shown as one mask a character.

use crossterm::event::KeyCode;

use super::super::keys::Key;
use crate::model::Secret;

/// The longest passphrase, in bytes: gpg-agent's own limit for a line is 1,000 (Assuan, `ASSUAN_LINELENGTH`).
const PASSPHRASE_MAX: usize = 900;

#[derive(Debug)]
pub(in super::super) struct SecretInput {
    /// In bytes.
    max: usize,
    /// More came than it holds.
    is_full: bool,
    /// Never grows, so never leaves a copy behind.
    typed: Secret,
    characters: usize,
}

impl Default for SecretInput {
    fn default() -> SecretInput {
        SecretInput::holding(PASSPHRASE_MAX)
    }
}

impl SecretInput {
    /// Room for so many bytes.
    pub(in super::super) fn holding(max: usize) -> SecretInput {
        SecretInput { max, is_full: false, typed: Secret::with_capacity(max), characters: 0 }
    }

    /// Empty again.
    pub(in super::super) fn clear(&mut self) {
        *self = SecretInput::holding(self.max);
    }

    /// It is not all that was typed or pasted.
    pub(in super::super) fn is_cut(&self) -> bool {
        self.is_full
    }

    /// How many masks to draw.
    pub(in super::super) fn characters(&self) -> usize {
        self.characters
    }

    /// What was typed; the field is empty afterwards.
    pub(in super::super) fn take(&mut self) -> Secret {
        std::mem::take(self).typed
    }

    /// What is typed so far, a second time; the field stays as it is.
    pub(in super::super) fn copied(&self) -> Secret {
        self.typed.part(0..self.typed.len())
    }

    /// True when the key was for the field.
    pub(in super::super) fn press(&mut self, key: Key) -> bool {
        if let Some(character) = key.typed() {
            let mut bytes = zeroize::Zeroizing::new([0; 4]);
            self.push(character.encode_utf8(&mut *bytes));
            return true;
        }
        match key.code() {
            _ if key.is_ctrl('u') => self.clear(),
            KeyCode::Backspace => {
                let bytes = self.typed.expose();
                let last = bytes.iter().rposition(|byte| byte & 0xc0 != 0x80).unwrap_or(0);
                self.typed.truncate(last);
                self.characters = self.characters.saturating_sub(1);
            }
            _ => return false,
        }
        true
    }

    /// Pasted text: its first line.
    pub(in super::super) fn paste(&mut self, text: &str) {
        for character in text.chars().take_while(|character| *character != '\n' && *character != '\r') {
            let mut bytes = zeroize::Zeroizing::new([0; 4]);
            self.push(character.encode_utf8(&mut *bytes));
        }
    }

    fn push(&mut self, character: &str) {
        if self.typed.len() + character.len() > self.max {
            self.is_full = true;
        } else {
            self.typed.push(character.as_bytes());
            self.characters += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backspace_removes_a_character_not_a_byte() {
        let mut input = SecretInput::default();
        input.paste("aé\nb");
        assert_eq!(input.characters(), 2);
        input.press(Key::named(KeyCode::Backspace));
        input.press(Key::char('c'));
        assert_eq!(input.take().expose(), b"ac");
        assert_eq!(input.characters(), 0);
    }

    #[test]
    fn never_grows() {
        let mut input = SecretInput::default();
        input.paste(&"x".repeat(5000));
        assert!(input.is_cut());
        assert_eq!(input.take().len(), PASSPHRASE_MAX);
        let mut input = SecretInput::holding(5000);
        input.paste(&"x".repeat(5000));
        assert_eq!((input.is_cut(), input.copied().len()), (false, 5000));
        input.paste("x");
        assert!(input.is_cut());
        input.clear();
        input.paste(&"x".repeat(5000));
        assert_eq!((input.is_cut(), input.copied().len()), (false, 5000));
    }
}
