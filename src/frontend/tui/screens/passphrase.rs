//! Asks for a passphrase on our own screen: for a key file, or when the agent was told to ask us (loopback). What is
//! typed goes to the worker that waits for it and to nobody else.

use std::sync::mpsc::SyncSender;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::keys::{Binding, Key};
use super::super::screen::{Flow, Scope, Screen};
use super::super::theme::Meaning;
use super::super::widgets::secret_input::SecretInput;
use super::super::widgets::{popup, words};
use crate::model::{Secret, text};

pub(in super::super) struct Passphrase {
    what_for: String,
    reply: SyncSender<Option<Secret>>,
    input: SecretInput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Confirm,
    Cancel,
}

const KEYS: &[Binding<Action>] = &[
    Binding {
        keys: &[Key::named(KeyCode::Enter)],
        action: Action::Confirm,
        hint: "unlock",
        help: "use this passphrase",
    },
    Binding { keys: &[Key::named(KeyCode::Esc)], action: Action::Cancel, hint: "cancel", help: "call it off" },
];

impl Passphrase {
    pub(in super::super) fn new(what_for: String, reply: SyncSender<Option<Secret>>) -> Passphrase {
        Passphrase { what_for, reply, input: SecretInput::default() }
    }
}

impl Screen for Passphrase {
    type Action = Action;

    const NAME: &'static str = "passphrase";
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        self.input.press(key).then_some(Flow::Stay)
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        self.input.paste(text);
        Flow::Stay
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        let answer = match action {
            Action::Confirm => Some(self.input.take()),
            Action::Cancel => None,
        };
        // A worker that no longer waits needs no answer.
        let _ = self.reply.try_send(answer);
        Flow::Pop
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let what_for = text::escaped(self.what_for.trim().as_bytes());
        let width = 60.min(area.width);
        let mut lines = words::wrapped(&what_for, width.saturating_sub(4).max(1));
        lines.truncate(usize::from(area.height.saturating_sub(5)).max(1));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
        let inside = popup::open(frame.buffer_mut(), area, (width, height), "Passphrase", scope);
        let buffer = frame.buffer_mut();
        for (line, y) in lines.iter().zip(inside.top()..inside.bottom()) {
            buffer.set_stringn(inside.x, y, line, usize::from(inside.width), scope.theme.style(Meaning::Plain));
        }
        let y = inside.bottom().saturating_sub(1);
        let mask = scope.theme.glyphs.mask.chars().next().unwrap_or('*').to_string();
        let room = usize::from(inside.width.saturating_sub(3));
        let masks = mask.repeat(self.input.characters().min(room));
        buffer.set_stringn(inside.x, y, scope.theme.glyphs.closed, 1, scope.theme.style(Meaning::Key));
        buffer.set_stringn(inside.x + 2, y, &masks, room, scope.theme.style(Meaning::Secret));
        frame.set_cursor_position((inside.x + 2 + words::width(&masks), y));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_table(KEYS);
    }

    #[test]
    fn dropping_it_answers_nobody() {
        let (reply, answer) = sync_channel(1);
        drop(Passphrase::new("key".to_owned(), reply));
        assert!(answer.recv().is_err());
    }
}
