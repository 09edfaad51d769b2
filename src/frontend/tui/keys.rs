//! Keys, and the tables that say what they do. Each screen has one table; dispatch, the line of hints and the help
//! overlay all read it, so they cannot disagree.

use std::fmt::Debug;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keymap::{self, Keymap};
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

/// A row, as tables have them.
pub(super) const fn row<A>(keys: &'static [Key], action: A, hint: &'static str, help: &'static str) -> Binding<A> {
    Binding { keys, action, hint, help }
}

/// Names of keys in the config file, besides characters and F1 to F12.
pub(super) const NAMES: &[(&str, KeyCode)] = &[
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Space", KeyCode::Char(' ')),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Insert", KeyCode::Insert),
    ("Delete", KeyCode::Delete),
    ("Backspace", KeyCode::Backspace),
];

/// The key of a name; None when there is none.
pub(super) fn parse(name: &str) -> Option<Key> {
    if let Some((_, code)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return Some(Key::named(*code));
    }
    let mut characters = name.chars();
    if let (Some(only), None) = (characters.next(), characters.next()) {
        return (!only.is_control() && !only.is_whitespace()).then_some(Key::char(only));
    }
    let lower = name.to_ascii_lowercase();
    if let Some(letter) = lower.strip_prefix("ctrl-") {
        let mut letters = letter.chars();
        let only = letters.next().filter(|letter| letter.is_ascii_lowercase() && letters.next().is_none())?;
        return Some(Key::ctrl(only));
    }
    let number: u8 = lower.strip_prefix('f')?.parse().ok()?;
    (1..=12).contains(&number).then_some(Key::named(KeyCode::F(number)))
}

/// May an action be taken now?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    Ready,
    /// Not now, and why; the help says so, and so does the line above the keys when it is tried.
    Refused(&'static str),
    /// There is nothing to do, which is good, and why.
    Needless(&'static str),
}

impl Offer {
    /// Why not; None when it may.
    pub(super) fn why_not(self) -> Option<&'static str> {
        match self {
            Offer::Ready => None,
            Offer::Refused(why) | Offer::Needless(why) => Some(why),
        }
    }
}

/// A row of any table with its action left out, for hints, help and palette.
#[derive(Clone, Debug)]
pub(super) struct HelpRow {
    /// What the config file calls the action.
    pub(super) id: String,
    pub(super) keys: Vec<Key>,
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

/// A screen's table without its actions.
pub(super) fn help_rows<A: Copy + Debug>(
    screen: &str,
    table: &'static [Binding<A>],
    keymap: &Keymap,
    offer: impl Fn(A) -> Offer,
) -> Vec<HelpRow> {
    let row = |binding: &'static Binding<A>| HelpRow {
        id: keymap::id(screen, binding.action),
        keys: keymap.keys_of(screen, binding).to_vec(),
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
    let taken: Vec<_> = of_lists.filter(|key| table.iter().any(|binding| binding.keys.contains(key))).collect();
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

    #[test]
    fn keys_have_names_in_the_config_file() {
        for (name, key) in [
            ("y", Key::char('y')),
            ("Y", Key::char('Y')),
            ("é", Key::char('é')),
            ("Ctrl-Y", Key::ctrl('y')),
            ("f12", Key::named(KeyCode::F(12))),
            ("shift-tab", Key::named(KeyCode::BackTab)),
            ("Space", Key::char(' ')),
        ] {
            assert_eq!(parse(name), Some(key), "{name}");
        }
        for name in ["", " ", "\u{1b}", "yy", "Ctrl-", "Ctrl-yy", "F13", "F0", "ff", "Alt-y"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
