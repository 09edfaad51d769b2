//! A popup with labelled fields: text, a secret, a number, a choice. Keeps what is typed and where the focus is; what the
//! fields mean, and what is done with them, is its owner's.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::keys::{Binding, Key, row};
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::secret_input::SecretInput;
use super::text_input::TextInput;
use super::{popup, words};
use crate::model::{Problem, Secret, text};

/// The widest it gets.
const WIDTH: u16 = 72;

/// Columns of the labels.
const LABEL: u16 = 13;

/// The most characters of a text and of a number.
const TEXT_MAX: usize = 1000;
const DIGITS_MAX: usize = 4;

/// Lines of what is said below the fields.
const SAID_MAX: usize = 3;

/// What keys other than those of a field do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Accept,
    Next,
    Previous,
    Change { forward: bool },
    Cancel,
}

/// The keys of every form.
pub(in super::super) const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Accept, "do it", "do it with what the fields say"),
    row(&[Key::named(KeyCode::Tab), Key::named(KeyCode::Down)], Action::Next, "next field", "next field"),
    row(&[Key::named(KeyCode::BackTab), Key::named(KeyCode::Up)], Action::Previous, "", "previous field"),
    row(
        &[Key::named(KeyCode::Right), Key::char(' ')],
        Action::Change { forward: true },
        "change",
        "choose the next of what can be chosen",
    ),
    row(&[Key::named(KeyCode::Left)], Action::Change { forward: false }, "", "choose the one before"),
    row(&[Key::named(KeyCode::Esc)], Action::Cancel, "cancel", "leave everything as it is"),
];

#[derive(Debug)]
enum Field {
    Text(TextInput),
    Secret(SecretInput),
    Number(TextInput),
    Choice { options: &'static [&'static str], chosen: usize },
}

#[derive(Debug)]
struct Row {
    label: &'static str,
    field: Field,
    /// Does not apply as the other fields stand.
    hidden: bool,
}

/// Which field keeps a form from being accepted, and why.
#[derive(Debug)]
pub(in super::super) struct Fault(pub(in super::super) usize, pub(in super::super) String);

/// Fields are known by their places, counted from 0.
#[derive(Debug)]
pub(in super::super) struct Form {
    title: String,
    rows: Vec<Row>,
    focus: usize,
    /// First row in view when last drawn.
    top: usize,
    complaint: Option<String>,
}

impl Form {
    pub(in super::super) fn new(title: String) -> Form {
        Form { title, rows: Vec::new(), focus: 0, top: 0, complaint: None }
    }

    fn with(mut self, label: &'static str, field: Field) -> Form {
        self.rows.push(Row { label, field, hidden: false });
        self
    }

    pub(in super::super) fn with_text(self, label: &'static str, value: &str) -> Form {
        let mut input = TextInput::default();
        input.insert(value, TEXT_MAX);
        self.with(label, Field::Text(input))
    }

    pub(in super::super) fn with_secret(self, label: &'static str) -> Form {
        self.with(label, Field::Secret(SecretInput::default()))
    }

    /// For a token, which may be longer than any passphrase: so many bytes.
    pub(in super::super) fn with_token(self, label: &'static str, max: usize) -> Form {
        self.with(label, Field::Secret(SecretInput::holding(max)))
    }

    /// The focus on this field.
    pub(in super::super) fn focused_on(mut self, field: usize) -> Form {
        self.focus = field;
        self
    }

    /// A secret is longer than its field.
    pub(in super::super) fn is_cut(&self, field: usize) -> bool {
        matches!(self.rows.get(field).map(|row| &row.field), Some(Field::Secret(input)) if input.is_cut())
    }

    pub(in super::super) fn with_number(self, label: &'static str, value: usize) -> Form {
        let mut input = TextInput::default();
        input.insert(&value.to_string(), DIGITS_MAX);
        self.with(label, Field::Number(input))
    }

    pub(in super::super) fn with_choice(self, label: &'static str, options: &'static [&'static str]) -> Form {
        self.with(label, Field::Choice { options, chosen: 0 })
    }

    /// What is typed in a text or a number; nothing for other fields.
    pub(in super::super) fn text(&self, field: usize) -> &str {
        match self.rows.get(field).map(|row| &row.field) {
            Some(Field::Text(input) | Field::Number(input)) => input.text(),
            _ => "",
        }
    }

    pub(in super::super) fn number(&self, field: usize) -> Option<usize> {
        self.text(field).parse().ok()
    }

    pub(in super::super) fn set_number(&mut self, field: usize, value: usize) {
        if let Some(Row { field: Field::Number(input), .. }) = self.rows.get_mut(field) {
            input.clear();
            input.insert(&value.to_string(), DIGITS_MAX);
        }
    }

    /// Which of the options; 0 for other fields.
    pub(in super::super) fn chosen(&self, field: usize) -> usize {
        match self.rows.get(field).map(|row| &row.field) {
            Some(Field::Choice { chosen, .. }) => *chosen,
            _ => 0,
        }
    }

    /// A copy: what was typed stays, should it have to be sent once more.
    pub(in super::super) fn secret(&self, field: usize) -> Secret {
        match self.rows.get(field).map(|row| &row.field) {
            Some(Field::Secret(input)) => input.copied(),
            _ => Secret::default(),
        }
    }

    pub(in super::super) fn hide(&mut self, field: usize, hidden: bool) {
        if let Some(row) = self.rows.get_mut(field) {
            row.hidden = hidden;
        }
    }

    /// Drops what is secret.
    pub(in super::super) fn wipe(&mut self) {
        for row in &mut self.rows {
            if let Field::Secret(input) = &mut row.field {
                input.clear();
            }
        }
    }

    /// Says why it is not accepted, and puts the focus where that is mended.
    pub(in super::super) fn blame(&mut self, fault: Fault) {
        let Fault(field, why) = fault;
        self.focus = field.min(self.rows.len().saturating_sub(1));
        self.complaint = Some(why);
    }

    /// Says why what it asked for could not be done.
    pub(in super::super) fn complain(&mut self, problem: &Problem) {
        let hint = problem.all_hints().next().map(|hint| format!("; {hint}")).unwrap_or_default();
        self.complaint = Some(problem.one_line() + &hint);
    }

    pub(in super::super) fn is_on_choice(&self) -> bool {
        matches!(self.rows.get(self.focus).map(|row| &row.field), Some(Field::Choice { .. }))
    }

    /// True when the key was for the field that has the focus.
    pub(in super::super) fn press(&mut self, key: Key) -> bool {
        let taken = match self.rows.get_mut(self.focus).map(|row| &mut row.field) {
            Some(Field::Text(input)) => input.press(key, TEXT_MAX),
            Some(Field::Secret(input)) => input.press(key),
            Some(Field::Number(_)) if key.typed().is_some_and(|typed| !typed.is_ascii_digit()) => {
                self.complaint = Some("a number has digits only".to_owned());
                return true;
            }
            Some(Field::Number(input)) => input.press(key, DIGITS_MAX),
            Some(Field::Choice { .. }) | None => false,
        };
        if taken {
            self.complaint = None;
        }
        taken
    }

    pub(in super::super) fn paste(&mut self, pasted: &str) {
        self.complaint = None;
        match self.rows.get_mut(self.focus).map(|row| &mut row.field) {
            Some(Field::Text(input)) => input.insert(pasted, TEXT_MAX),
            Some(Field::Secret(input)) => input.paste(pasted),
            _ => {}
        }
    }

    pub(in super::super) fn go(&mut self, forward: bool) {
        let shown: Vec<usize> = (0..self.rows.len()).filter(|row| !self.rows[*row].hidden).collect();
        let at = shown.iter().position(|row| *row == self.focus).unwrap_or(0);
        let step = if forward { 1 } else { shown.len().saturating_sub(1) };
        self.focus = shown.get((at + step) % shown.len().max(1)).copied().unwrap_or(0);
    }

    pub(in super::super) fn change(&mut self, forward: bool) {
        if let Some(Row { field: Field::Choice { options, chosen }, .. }) = self.rows.get_mut(self.focus) {
            let step = if forward { 1 } else { options.len().saturating_sub(1) };
            *chosen = (*chosen + step) % options.len().max(1);
            self.complaint = None;
        }
    }

    /// The fields, and below them what is wrong, else what `note` says.
    pub(in super::super) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, note: &str, scope: &Scope) {
        let shown: Vec<usize> = (0..self.rows.len()).filter(|row| !self.rows[*row].hidden).collect();
        let width = WIDTH.min(area.width);
        let (said, meaning) = match &self.complaint {
            Some(complaint) => (format!("{} {complaint}", scope.theme.glyphs.bad), Meaning::Bad),
            None => (note.to_owned(), Meaning::Muted),
        };
        let mut lines = words::wrapped(&said, width.saturating_sub(4).max(1));
        let fields = u16::try_from(shown.len()).unwrap_or(u16::MAX);
        // Where lines are few, one field and one line of what is said stay.
        let spare = area.height.saturating_sub(2 + fields).max(1);
        lines.truncate(SAID_MAX.min(usize::from(spare)));
        let told = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let gap = u16::from(area.height >= 2 + fields + 1 + told);
        let size = (width, fields.saturating_add(told + gap + 2));
        let inside = popup::open(frame.buffer_mut(), area, size, &self.title, scope);
        let room = inside.height.saturating_sub(told + gap).max(1).min(inside.height);
        let at = shown.iter().position(|row| *row == self.focus).unwrap_or(0);
        self.top = self.top.min(at).max((at + 1).saturating_sub(usize::from(room)));
        for (index, y) in shown.iter().skip(self.top).zip(inside.y..inside.y + room) {
            let line = Rect { y, height: 1, ..inside };
            draw_row(&self.rows[*index], *index == self.focus, frame, line, scope);
        }
        for (line, y) in lines.iter().zip(inside.y + room + gap..inside.bottom()) {
            let columns = usize::from(inside.width);
            frame.buffer_mut().set_stringn(inside.x, y, line, columns, scope.theme.style(meaning));
        }
    }
}

fn draw_row(row: &Row, focus: bool, frame: &mut Frame<'_>, line: Rect, scope: &Scope) {
    let (theme, glyphs) = (&scope.theme, scope.theme.glyphs);
    let mark = if focus { glyphs.cursor } else { " " };
    let buffer = frame.buffer_mut();
    buffer.set_stringn(line.x, line.y, mark, usize::from(line.width), theme.style(Meaning::Key));
    let label = if focus { Meaning::Accent } else { Meaning::Muted };
    buffer.set_stringn(line.x + 2, line.y, row.label, usize::from(LABEL), theme.style(label));
    let at = line.x + 2 + LABEL;
    let room = line.right().saturating_sub(at + 1);
    match &row.field {
        Field::Text(input) | Field::Number(input) => {
            let (shown, cursor) = window(input.text(), input.before_cursor(), room);
            buffer.set_stringn(at, line.y, shown, usize::from(room), theme.style(Meaning::Plain));
            if focus {
                frame.set_cursor_position((at + cursor, line.y));
            }
        }
        Field::Secret(input) => {
            let mask = glyphs.mask.chars().next().unwrap_or('*').to_string();
            let masks = mask.repeat(input.characters().min(usize::from(room)));
            buffer.set_stringn(at, line.y, &masks, usize::from(room), theme.style(Meaning::Secret));
            if focus {
                frame.set_cursor_position((at + words::width(&masks), line.y));
            }
        }
        Field::Choice { options, chosen } => {
            let option = options.get(*chosen).copied().unwrap_or_default();
            let text = if focus { format!("{} {option} {}", glyphs.left, glyphs.right) } else { option.to_owned() };
            buffer.set_stringn(at, line.y, text, usize::from(room), theme.style(Meaning::Plain));
        }
    }
}

/// What of a text is in view so that the place of the cursor is, and the cursor's column in it. Escaped.
fn window(whole: &str, before: &str, room: u16) -> (String, u16) {
    let mut front = text::escaped(before.as_bytes()).into_owned();
    let after = whole.get(before.len()..).unwrap_or_default();
    while words::width(&front) > room {
        front.remove(0);
    }
    let cursor = words::width(&front);
    (front + &text::escaped(after.as_bytes()), cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_table(KEYS);
    }

    fn form() -> Form {
        Form::new("t".to_owned())
            .with_text("name", "a/")
            .with_choice("password", &["made", "typed"])
            .with_number("length", 25)
            .with_secret("secret")
    }

    #[test]
    fn the_focus_passes_over_hidden_fields_and_goes_round() {
        let mut form = form();
        form.hide(2, true);
        form.go(true);
        assert!(form.is_on_choice() && !form.press(Key::char(' ')));
        form.change(false);
        assert_eq!(form.chosen(1), 1);
        form.go(true);
        form.press(Key::char('x'));
        assert_eq!(form.secret(3).expose(), b"x");
        form.go(true);
        form.press(Key::char('b'));
        assert_eq!(form.text(0), "a/b");
        form.go(false);
        form.wipe();
        assert!(form.secret(3).is_empty());
    }

    #[test]
    fn a_number_takes_digits_only() {
        let mut form = form();
        form.go(true);
        form.go(true);
        for typed in ['x', '1'] {
            assert!(form.press(Key::char(typed)), "a letter is swallowed, not taken for a key");
            assert_eq!(form.complaint.is_some(), typed == 'x', "what is not taken is told");
        }
        assert_eq!(form.number(2), Some(251));
        form.set_number(2, 6);
        assert_eq!(form.number(2), Some(6));
    }

    #[test]
    fn the_cursor_stays_in_view() {
        assert_eq!(window("abcdef", "abcd", 10), ("abcdef".to_owned(), 4));
        assert_eq!(window("abcdef", "abcdef", 4), ("cdef".to_owned(), 4));
        assert_eq!(window("日本語", "日本", 3), ("本語".to_owned(), 2));
    }
}
