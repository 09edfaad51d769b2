//! Keys, and the tables that say what they do. Each screen has one table; dispatch, the line of hints and the help
//! overlay all read it, so they cannot disagree.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::theme::Glyphs;

/// A key as tables name it. Shift is part of the character; Alt and the rest are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    code: KeyCode,
    ctrl: bool,
}

/// One row of a table.
#[derive(Debug)]
pub(super) struct Binding<A: 'static> {
    pub(super) keys: &'static [Key],
    pub(super) action: A,
    /// A word or two for the line of hints; empty: only in the help.
    pub(super) hint: &'static str,
    /// What it does, for the help.
    pub(super) help: &'static str,
}

/// May an action be taken now?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    Ready,
    /// Not now, and why; the help says so, and so does the line above the keys when it is tried.
    Refused(&'static str),
}

/// A row of any table with its action left out, for hints and help.
#[derive(Clone, Debug)]
pub(super) struct HelpRow {
    pub(super) keys: &'static [Key],
    pub(super) hint: &'static str,
    pub(super) help: &'static str,
    pub(super) offer: Offer,
}

impl Key {
    pub(super) const fn char(character: char) -> Key {
        Key { code: KeyCode::Char(character), ctrl: false }
    }

    pub(super) const fn ctrl(character: char) -> Key {
        Key { code: KeyCode::Char(character), ctrl: true }
    }

    pub(super) const fn named(code: KeyCode) -> Key {
        Key { code, ctrl: false }
    }

    /// None for a key that no table can name.
    pub(super) fn of(event: &KeyEvent) -> Option<Key> {
        let foreign = KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META | KeyModifiers::HYPER;
        if event.modifiers.intersects(foreign) {
            return None;
        }
        Some(Key { code: event.code, ctrl: event.modifiers.contains(KeyModifiers::CONTROL) })
    }

    /// The character that a text field takes; None for anything else.
    pub(super) fn typed(&self) -> Option<char> {
        match self.code {
            KeyCode::Char(character) if !self.ctrl => Some(character),
            _ => None,
        }
    }

    pub(super) fn code(&self) -> KeyCode {
        self.code
    }

    pub(super) fn is_ctrl(&self, character: char) -> bool {
        *self == Key::ctrl(character)
    }

    /// As it is written in hints and help.
    pub(super) fn label(&self, glyphs: &Glyphs) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(character) if self.ctrl => return format!("Ctrl-{}", character.to_ascii_uppercase()),
            KeyCode::Char(character) => character.to_string(),
            KeyCode::Enter => glyphs.enter.to_owned(),
            KeyCode::Up => glyphs.up.to_owned(),
            KeyCode::Down => glyphs.down.to_owned(),
            KeyCode::Left => glyphs.left.to_owned(),
            KeyCode::Right => glyphs.right.to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::BackTab => "Shift-Tab".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
            other => format!("{other:?}"),
        };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }
}

/// The action that a key stands for in a table.
pub(super) fn action_of<A: Copy>(table: &'static [Binding<A>], key: Key) -> Option<A> {
    table.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// The table without its actions.
pub(super) fn help_rows<A: Copy>(table: &'static [Binding<A>], offer: impl Fn(A) -> Offer) -> Vec<HelpRow> {
    let row = |binding: &'static Binding<A>| HelpRow {
        keys: binding.keys,
        hint: binding.hint,
        help: binding.help,
        offer: offer(binding.action),
    };
    table.iter().map(row).collect()
}

/// Panics unless a table keeps the rules: every key once, every action explained, hints short.
#[cfg(test)]
pub(super) fn check_table<A: Copy>(table: &'static [Binding<A>]) {
    let keys: Vec<Key> = table.iter().flat_map(|binding| binding.keys).copied().collect();
    for (index, key) in keys.iter().enumerate() {
        assert!(!keys[..index].contains(key), "{key:?} is there twice");
    }
    for binding in table {
        assert!(!binding.keys.is_empty() && !binding.help.is_empty(), "{}", binding.help);
        assert!(binding.hint.len() <= 12, "the hint {:?} is too long", binding.hint);
        assert!(binding.help.len() <= 56, "the help {:?} is too long", binding.help);
    }
}

/// As `check_table`, for a screen with a list.
#[cfg(test)]
pub(super) fn check_list_table<A: Copy>(table: &'static [Binding<A>]) {
    check_table(table);
    let of_lists = super::widgets::list::MOVES.iter().flat_map(|binding| binding.keys);
    let taken: Vec<_> = of_lists.filter(|key| action_of(table, **key).is_some()).collect();
    assert!(taken.is_empty(), "{taken:?} are keys of every list");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shift_belongs_to_the_character_and_alt_to_nobody() {
        let event = |code, modifiers| KeyEvent::new(code, modifiers);
        let upper = Key::of(&event(KeyCode::Char('G'), KeyModifiers::SHIFT));
        assert_eq!(upper, Some(Key::char('G')));
        assert_eq!(Key::of(&event(KeyCode::Char('q'), KeyModifiers::ALT)), None);
        assert_eq!(Key::of(&event(KeyCode::Char('c'), KeyModifiers::CONTROL)), Some(Key::ctrl('c')));
        assert_eq!(Key::ctrl('c').typed(), None);
    }
}
