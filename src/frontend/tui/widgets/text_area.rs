//! Text of several lines being edited: one wiped buffer, the cursor in it, the steps that can be taken back. Lines that hold
//! a secret are hidden unless the owner says otherwise, and a hidden line is never changed unseen: it is emptied as a whole
//! or left as it is. Draws nothing.

use std::ops::Range;

use crossterm::event::KeyCode;
use unicode_width::UnicodeWidthChar;
use zeroize::Zeroizing;

use super::super::keys::Key;
use super::words;
use crate::model::entry_text::Line;
use crate::model::{EntryText, Secret, text};

/// The longest text that is edited here, in bytes: far more than a person types, little enough to be copied at each key.
const TEXT_MAX: usize = 1 << 18;

/// How many changes can be taken back.
const STEPS_MAX: usize = 200;

const HIDDEN: &str = "this line is hidden: show it first, or empty it as a whole";
const TOO_LONG: &str = "the text is as long as it may get here";

/// Why a text cannot be edited here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unfit {
    /// It is not UTF-8.
    NotText,
    TooLong,
}

/// Which lines that hold a secret are in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Seen {
    Row(usize),
    All,
}

/// What a key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Did {
    Moved,
    Changed,
    /// An empty line came or went beside a hidden one, which stays hidden.
    Shifted,
    /// Nothing, and why.
    Refused(&'static str),
}

/// What is done by a key that is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Cut {
    /// The line as a whole, hidden or not.
    Line,
    /// What is behind the cursor; of a hidden line nothing is left unseen.
    ToEnd,
    /// The word before the cursor.
    Word,
}

/// True for a key that `TextArea::press` takes: nothing else can have it.
pub(in super::super) fn is_for_text(key: Key) -> bool {
    let edits = matches!(key.code(), KeyCode::Enter | KeyCode::Backspace | KeyCode::Delete);
    let moves = matches!(key.code(), KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End);
    let rows = matches!(key.code(), KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown);
    key.typed().is_some() || edits || moves || rows
}

#[derive(Debug)]
pub(in super::super) struct TextArea {
    text: EntryText,
    /// The lines, without their ends. There is one at least.
    rows: Vec<Range<usize>>,
    /// The last line's end: kept apart, so that it makes no empty line, and put back as it was.
    last_end: &'static str,
    /// What ends a line that is made here: what ends the first.
    line_end: &'static str,
    /// Byte position, always between two characters.
    cursor: usize,
    /// The column that going up and down aims at.
    aim: Option<u16>,
    steps: Vec<Step>,
}

/// A change, as it is taken back.
#[derive(Debug)]
struct Step {
    at: usize,
    removed: Secret,
    /// Bytes.
    inserted: usize,
    /// Characters typed one after the other are one step.
    typed: bool,
    /// Where the cursor was before.
    cursor: usize,
}

impl TextArea {
    pub(in super::super) fn new(text: &Secret) -> Result<TextArea, Unfit> {
        let bytes = text.expose();
        if bytes.len() > TEXT_MAX {
            return Err(Unfit::TooLong);
        }
        if std::str::from_utf8(bytes).is_err() {
            return Err(Unfit::NotText);
        }
        let ended = |bytes: &[u8]| match bytes {
            [.., b'\r', b'\n'] => "\r\n",
            [.., b'\n'] => "\n",
            _ => "",
        };
        let last_end = ended(bytes);
        let first = bytes.iter().position(|byte| *byte == b'\n').map_or("", |end| ended(&bytes[..=end]));
        let text = EntryText::parse(text.part(0..bytes.len() - last_end.len()));
        let rows = rows_of(text.as_secret().expose());
        let line_end = if first.is_empty() { "\n" } else { first };
        Ok(TextArea { text, rows, last_end, line_end, cursor: 0, aim: None, steps: Vec::new() })
    }

    /// All of it, ended as it was when it came; of one that was emptied nothing.
    pub(in super::super) fn whole(&self) -> Secret {
        let bytes = self.bytes();
        let mut whole = Secret::with_capacity(bytes.len() + self.last_end.len());
        whole.push(bytes);
        if !bytes.is_empty() || self.steps.is_empty() {
            whole.push(self.last_end.as_bytes());
        }
        whole
    }

    pub(in super::super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The row of the cursor.
    pub(in super::super) fn row(&self) -> usize {
        self.row_of(self.cursor)
    }

    pub(in super::super) fn is_hidden(&self, row: usize, seen: Option<Seen>) -> bool {
        let seen = matches!(seen, Some(Seen::All)) || seen == Some(Seen::Row(row));
        !seen && self.is_secret(row)
    }

    /// True when there is something in the row that is shown only to who asks.
    pub(in super::super) fn is_secret(&self, row: usize) -> bool {
        self.text.lines().get(row).is_some_and(hides_something)
    }

    /// The row, escaped; of one that is hidden what stands before its value.
    pub(in super::super) fn drawn(&self, row: usize, seen: Option<Seen>) -> Zeroizing<String> {
        let Some(range) = self.rows.get(row) else { return Zeroizing::default() };
        let end = match self.text.lines().get(row) {
            Some(line) if self.is_hidden(row, seen) => line.value_range().start,
            _ => range.end,
        };
        self.escaped(range.start..end)
    }

    /// Columns before the cursor in its row; None at the end of one that is hidden.
    pub(in super::super) fn column(&self, seen: Option<Seen>) -> Option<u16> {
        let row = self.row();
        let start = self.rows.get(row).map_or(0, |range| range.start);
        if self.cursor > start && self.is_hidden(row, seen) {
            return None;
        }
        Some(words::width(&self.escaped(start..self.cursor)))
    }

    /// None: the key is not for a text. `page` is in rows.
    pub(in super::super) fn press(&mut self, key: Key, page: usize, seen: Option<Seen>) -> Option<Did> {
        if let Some(character) = key.typed() {
            let mut bytes = Zeroizing::new([0; 4]);
            return Some(self.change(self.cursor..self.cursor, character.encode_utf8(&mut *bytes).as_bytes(), seen));
        }
        let row = self.row();
        let line = self.line(row);
        let did = match key.code() {
            KeyCode::Enter => self.change(self.cursor..self.cursor, self.line_end.as_bytes(), seen),
            KeyCode::Backspace => self.change(self.left(seen)..self.cursor, b"", seen),
            KeyCode::Delete => self.change(self.cursor..self.right(seen), b"", seen),
            KeyCode::Left => self.go(self.left(seen)),
            KeyCode::Right => self.go(self.right(seen)),
            KeyCode::Home => self.go(line.start),
            KeyCode::End => self.go(line.end),
            KeyCode::Up => self.go_to_row(row.saturating_sub(1), seen),
            KeyCode::Down => self.go_to_row(row + 1, seen),
            KeyCode::PageUp => self.go_to_row(row.saturating_sub(page), seen),
            KeyCode::PageDown => self.go_to_row(row + page, seen),
            _ => return None,
        };
        Some(did)
    }

    pub(in super::super) fn cut(&mut self, cut: Cut, seen: Option<Seen>) -> Did {
        let row = self.row();
        let line = self.line(row);
        match cut {
            Cut::ToEnd if !self.is_hidden(row, seen) => self.change(self.cursor..line.end, b"", seen),
            Cut::Line | Cut::ToEnd => self.empty(line),
            Cut::Word => self.change(self.word_before(line.start)..self.cursor, b"", seen),
        }
    }

    /// Pasted text: its line ends become those that are used here, other control characters but tabs are left out.
    pub(in super::super) fn paste(&mut self, pasted: &str, seen: Option<Seen>) -> Did {
        let mut wanted = Secret::with_capacity(pasted.len() * 2);
        let mut characters = pasted.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\r' if characters.peek() == Some(&'\n') => {}
                '\r' | '\n' => wanted.push(self.line_end.as_bytes()),
                character if character.is_control() && character != '\t' => {}
                character => wanted.push(character.encode_utf8(&mut *Zeroizing::new([0; 4])).as_bytes()),
            }
        }
        self.change(self.cursor..self.cursor, wanted.expose(), seen)
    }

    /// Takes the last change back; false when there is none.
    pub(in super::super) fn undo(&mut self) -> bool {
        let Some(step) = self.steps.pop() else { return false };
        self.set(step.at..step.at + step.inserted, step.removed.expose(), step.cursor);
        true
    }

    pub(in super::super) fn can_undo(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Puts bytes in place of others, unless that changes what nobody sees.
    fn change(&mut self, range: Range<usize>, bytes: &[u8], seen: Option<Seen>) -> Did {
        if range.is_empty() && bytes.is_empty() {
            return Did::Moved;
        }
        let (first, last) = (self.row_of(range.start), self.row_of(range.end));
        let hidden = (first..=last).find(|row| self.is_hidden(*row, seen));
        if hidden.is_some_and(|row| !self.stays_hidden(row, &range, bytes)) {
            return Did::Refused(HIDDEN);
        }
        if self.bytes().len() + bytes.len() - range.len() > TEXT_MAX {
            return Did::Refused(TOO_LONG);
        }
        let did = self.apply(range, bytes);
        if hidden.is_some() { Did::Shifted } else { did }
    }

    fn empty(&mut self, line: Range<usize>) -> Did {
        if line.is_empty() { Did::Moved } else { self.apply(line, b"") }
    }

    /// A hidden row may get another before or behind it, and lose an empty neighbour; what is in it stays, and stays hidden:
    /// a password that reads `name: x` is a secret in the first row only.
    fn stays_hidden(&self, row: usize, range: &Range<usize>, bytes: &[u8]) -> bool {
        let (first, last) = (self.row_of(range.start), self.row_of(range.end));
        let (one, other) = (self.line(first), self.line(last));
        let fits = match last - first {
            0 => range.is_empty() && bytes == self.line_end.as_bytes() && [one.start, one.end].contains(&range.start),
            1 => range.start == one.end && range.end == other.start && (one.is_empty() || other.is_empty()),
            _ => false,
        };
        let is_before = fits && last == first && range.start == one.start;
        let moved_to = if last > first { first } else { row + usize::from(is_before) };
        fits && self.text.replaced(range.clone(), bytes).lines().get(moved_to).is_some_and(hides_something)
    }

    fn apply(&mut self, range: Range<usize>, bytes: &[u8]) -> Did {
        let cursor = range.start + bytes.len();
        let typed = range.is_empty() && self.is_one_character(bytes);
        let goes_on = |step: &&mut Step| typed && step.typed && step.at + step.inserted == range.start;
        match self.steps.last_mut().filter(goes_on) {
            Some(step) => step.inserted += bytes.len(),
            None => {
                let removed = self.text.as_secret().part(range.clone());
                if self.steps.len() == STEPS_MAX {
                    self.steps.remove(0);
                }
                self.steps.push(Step { at: range.start, removed, inserted: bytes.len(), typed, cursor: self.cursor });
            }
        }
        self.set(range, bytes, cursor);
        Did::Changed
    }

    fn is_one_character(&self, bytes: &[u8]) -> bool {
        bytes != self.line_end.as_bytes() && bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count() == 1
    }

    fn set(&mut self, range: Range<usize>, bytes: &[u8], cursor: usize) {
        self.text = self.text.replaced(range, bytes);
        self.rows = rows_of(self.bytes());
        self.cursor = cursor;
        self.aim = None;
    }

    fn go(&mut self, to: usize) -> Did {
        self.cursor = to;
        self.aim = None;
        Did::Moved
    }

    /// To the column that it came from, as far as the row has it; to the end of one that is hidden.
    fn go_to_row(&mut self, row: usize, seen: Option<Seen>) -> Did {
        let aim = self.aim.or_else(|| self.column(seen));
        let line = self.line(row.min(self.rows.len().saturating_sub(1)));
        let mut at = line.end;
        if let Some(aim) = aim.filter(|_| !self.is_hidden(self.row_of(line.start), seen)) {
            at = line.start;
            while at < line.end && words::width(&self.escaped(line.start..self.after(at))) <= aim {
                at = self.after(at);
            }
        }
        self.cursor = at;
        self.aim = aim;
        Did::Moved
    }

    /// Where the character before the cursor begins; a hidden row is passed as one.
    fn left(&self, seen: Option<Seen>) -> usize {
        let row = self.row();
        let line = self.line(row);
        if self.cursor == line.start {
            return if row == 0 { self.cursor } else { self.line(row - 1).end };
        }
        if self.is_hidden(row, seen) {
            return line.start;
        }
        let mut at = line.start;
        while self.after(at) < self.cursor {
            at = self.after(at);
        }
        at
    }

    /// Where the character behind the cursor ends; a hidden row is passed as one.
    fn right(&self, seen: Option<Seen>) -> usize {
        let row = self.row();
        let line = self.line(row);
        match () {
            () if self.cursor < line.end && self.is_hidden(row, seen) => line.end,
            () if self.cursor < line.end => self.after(self.cursor),
            () => self.rows.get(row + 1).map_or(self.cursor, |next| next.start),
        }
    }

    /// The end of the character that begins there, with the marks that stand on it.
    fn after(&self, at: usize) -> usize {
        let rest = std::str::from_utf8(self.bytes().get(at..).unwrap_or_default()).unwrap_or_default();
        let mut characters = rest.char_indices();
        let Some((_, first)) = characters.next() else { return at };
        let is_mark = |character: char| {
            let mut bytes = Zeroizing::new([0; 4]);
            let alone = character.encode_utf8(&mut *bytes);
            character.width() == Some(0) && text::escaped(alone.as_bytes()) == *alone
        };
        let end = characters.find(|(_, character)| !is_mark(*character)).map_or(rest.len(), |(next, _)| next);
        at + end.max(first.len_utf8())
    }

    fn word_before(&self, start: usize) -> usize {
        let before = &self.bytes()[start..self.cursor];
        let word = before.trim_ascii_end();
        start + word.iter().rposition(|byte| *byte == b' ').map_or(0, |blank| blank + 1)
    }

    fn bytes(&self) -> &[u8] {
        self.text.as_secret().expose()
    }

    fn line(&self, row: usize) -> Range<usize> {
        self.rows.get(row).cloned().unwrap_or_default()
    }

    fn row_of(&self, at: usize) -> usize {
        self.rows.partition_point(|range| range.start <= at).saturating_sub(1)
    }

    fn escaped(&self, range: Range<usize>) -> Zeroizing<String> {
        Zeroizing::new(text::escaped(self.bytes().get(range).unwrap_or_default()).into_owned())
    }
}

fn hides_something(line: &Line) -> bool {
    line.is_secret() && !line.value_range().is_empty()
}

/// The lines without their ends, `\n` or `\r\n`.
fn rows_of(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut rows = Vec::new();
    let mut start = 0;
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        let has_return = bytes[start..at].ends_with(b"\r");
        rows.push(start..at - usize::from(has_return));
        start = at + 1;
    }
    rows.push(start..bytes.len());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: Option<Seen> = Some(Seen::All);

    fn area(text: &str) -> TextArea {
        TextArea::new(&Secret::new(text.as_bytes().to_vec())).expect("a text")
    }

    fn whole(area: &TextArea) -> String {
        String::from_utf8(area.whole().expose().to_vec()).expect("UTF-8")
    }

    fn named(code: KeyCode) -> Key {
        Key::named(code)
    }

    fn typed(area: &mut TextArea, text: &str, seen: Option<Seen>) {
        for character in text.chars() {
            area.press(Key::char(character), 5, seen);
        }
    }

    #[test]
    fn line_ends_stay_as_they_were() {
        for (before, after) in [
            ("pw\nuser: a\n", "pwx\ny\nuser: a\n"),
            ("pw\nuser: a", "pwx\ny\nuser: a"),
            ("pw\r\nuser: a\r\n", "pwx\r\ny\r\nuser: a\r\n"),
            ("pw", "pwx\ny"),
            ("pw\n\n", "pwx\ny\n\n"),
            ("pw\r", "pw\rx\ny"),
        ] {
            let mut area = area(before);
            assert_eq!(whole(&area), before);
            area.press(named(KeyCode::End), 5, ALL);
            typed(&mut area, "x", ALL);
            area.press(named(KeyCode::Enter), 5, ALL);
            typed(&mut area, "y", ALL);
            assert_eq!(whole(&area), after, "{before:?}");
            assert!(area.undo() && area.undo() && area.undo() && !area.undo());
            assert_eq!(whole(&area), before);
        }
    }

    #[test]
    fn a_hidden_line_is_emptied_or_stays_as_it_is() {
        let keys = [
            Key::char('x'),
            named(KeyCode::Backspace),
            named(KeyCode::Delete),
            named(KeyCode::Left),
            named(KeyCode::End),
        ];
        for first in keys {
            for second in keys {
                let mut area = area("secret\nuser: a\n");
                area.press(first, 5, None);
                area.press(second, 5, None);
                assert_eq!(whole(&area), "secret\nuser: a\n", "{first:?} {second:?}");
            }
        }
        let mut area = area("secret\nuser: a\n");
        assert_eq!(area.press(Key::char('x'), 5, None), Some(Did::Refused(HIDDEN)));
        assert_eq!(area.paste("x\n", None), Did::Refused(HIDDEN));
        area.press(named(KeyCode::End), 5, None);
        assert_eq!(area.cut(Cut::Word, None), Did::Refused(HIDDEN));
        assert_eq!(area.cut(Cut::ToEnd, None), Did::Changed);
        assert_eq!(whole(&area), "\nuser: a\n");
        assert_eq!(area.paste("new\u{1b}", None), Did::Changed);
        assert_eq!(whole(&area), "new\nuser: a\n");
    }

    #[test]
    fn around_a_hidden_line_others_come_and_go() {
        let mut area = area("secret\nuser: a");
        area.press(named(KeyCode::Enter), 5, None);
        area.press(named(KeyCode::End), 5, None);
        area.press(named(KeyCode::Enter), 5, None);
        assert_eq!(whole(&area), "\nsecret\n\nuser: a");
        area.press(named(KeyCode::Backspace), 5, None);
        area.press(named(KeyCode::Home), 5, None);
        area.press(named(KeyCode::Backspace), 5, None);
        assert_eq!(whole(&area), "secret\nuser: a");
        area.press(named(KeyCode::Down), 5, None);
        area.press(named(KeyCode::Home), 5, None);
        assert_eq!(area.press(named(KeyCode::Backspace), 5, None), Some(Did::Refused(HIDDEN)));
    }

    #[test]
    fn a_hidden_line_that_moves_or_is_joined_stays_hidden() {
        for (text, keys, after, hidden) in [
            ("pw\n\nnote", [KeyCode::Enter, KeyCode::Null], "\npw\n\nnote", 1),
            ("pw\n\nnote", [KeyCode::End, KeyCode::Enter], "pw\n\n\nnote", 0),
            ("pw\n\nnote", [KeyCode::Down, KeyCode::Delete], "pw\nnote", 1),
            ("pw\n\nnote", [KeyCode::Down, KeyCode::Backspace], "pw\nnote", 0),
            ("\npw", [KeyCode::Delete, KeyCode::Null], "pw", 0),
        ] {
            let mut area = area(text);
            let dids = keys.map(|key| area.press(named(key), 5, None));
            assert!(dids.contains(&Some(Did::Shifted)), "{text:?} {keys:?}: {dids:?}");
            assert_eq!(whole(&area), after, "{keys:?}");
            assert!(area.is_hidden(hidden, None), "{text:?} {keys:?}");
        }
        // In another row anybody would see it.
        let mut field = area("name: x\nuser: a");
        assert_eq!(field.press(named(KeyCode::Enter), 5, None), Some(Did::Refused(HIDDEN)));
        assert_eq!(field.press(named(KeyCode::Enter), 5, ALL), Some(Did::Changed));
    }

    #[test]
    fn characters_are_passed_with_their_marks_and_columns_are_kept() {
        let mut area = area("x\nuser: e\u{301}日本\nname: abcdefgh");
        area.press(named(KeyCode::Down), 5, None);
        assert_eq!(area.column(None), Some(0), "the start of the hidden line was the start");
        area.press(named(KeyCode::End), 5, None);
        assert_eq!(area.column(None), Some(11));
        area.press(named(KeyCode::Down), 5, None);
        assert_eq!(area.column(None), Some(11));
        area.press(named(KeyCode::Up), 5, None);
        for _ in 0..3 {
            area.press(named(KeyCode::Backspace), 5, None);
        }
        assert_eq!(whole(&area), "x\nuser: \nname: abcdefgh");
        area.press(named(KeyCode::Down), 5, None);
        area.cut(Cut::Word, None);
        assert_eq!(whole(&area), "x\nuser: \nabcdefgh");
        area.cut(Cut::ToEnd, None);
        area.press(named(KeyCode::Up), 5, None);
        area.cut(Cut::Line, None);
        assert_eq!(whole(&area), "x\n\n");
    }

    #[test]
    fn pasted_lines_get_the_ends_used_here() {
        let mut area = area("pw\r\n");
        area.press(named(KeyCode::End), 5, ALL);
        area.paste("\rurl: a\r\nport:\t1\n\u{7}", ALL);
        assert_eq!(whole(&area), "pw\r\nurl: a\r\nport:\t1\r\n\r\n");
        assert!(area.undo());
        assert_eq!(whole(&area), "pw\r\n");
    }

    #[test]
    fn the_keys_that_it_takes_are_those_that_it_says() {
        let letters = ('a'..='z').flat_map(|letter| [Key::char(letter), Key::ctrl(letter)]);
        let named = crate::frontend::tui::keys::NAMES.iter().map(|(_, code)| Key::named(*code));
        let function = (1..=12).map(|number| Key::named(KeyCode::F(number)));
        for key in letters.chain(named).chain(function) {
            assert_eq!(area("x\ny").press(key, 5, ALL).is_some(), is_for_text(key), "{key:?}");
        }
    }

    #[test]
    fn what_is_no_text_or_too_long_is_not_taken() {
        assert_eq!(TextArea::new(&Secret::new(vec![0xff])).err(), Some(Unfit::NotText));
        assert_eq!(TextArea::new(&Secret::new(vec![b'x'; TEXT_MAX + 1])).err(), Some(Unfit::TooLong));
        let mut full = TextArea::new(&Secret::new(vec![b'x'; TEXT_MAX])).expect("fits");
        assert_eq!(full.press(Key::char('y'), 5, ALL), Some(Did::Refused(TOO_LONG)));
    }

    proptest! {
        #[test]
        fn whatever_is_pressed_it_stays_a_text_and_is_taken_back(
            before in "[a:e\u{301}日 \\r\\n]{0,20}",
            keys in proptest::collection::vec(0usize..16, 0..40),
            seen in 0usize..3,
        ) {
            let codes = [KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down, KeyCode::Home, KeyCode::End,
                KeyCode::Enter, KeyCode::Backspace, KeyCode::Delete, KeyCode::PageUp, KeyCode::PageDown];
            let mut area = area(&before);
            for key in keys {
                let seen = [None, Some(Seen::Row(area.row())), ALL][seen];
                match key {
                    11 => drop(area.cut(Cut::Line, seen)),
                    12 => drop(area.cut(Cut::ToEnd, seen)),
                    13 => drop(area.cut(Cut::Word, seen)),
                    14 => drop(area.press(Key::char('\u{301}'), 2, seen)),
                    15 => drop(area.press(Key::char('x'), 2, seen)),
                    code => drop(area.press(named(codes[code]), 2, seen)),
                }
                let now = whole(&area);
                prop_assert!(now.is_char_boundary(area.cursor.min(now.len())));
                prop_assert!(area.column(ALL).is_some());
            }
            while area.undo() {}
            prop_assert_eq!(whole(&area), before);
        }
    }
}
