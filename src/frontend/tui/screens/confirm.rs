//! Asks before something is done that is not easily undone: what it is done to, and its effect. The safe answer is chosen
//! until the person chooses another; no key reaches what lies behind.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::keys::{Binding, Key};
use super::super::screen::{Flow, Scope, Screen};
use super::super::theme::Meaning;
use super::super::widgets::{popup, words};

/// The widest it gets.
const WIDTH: u16 = 64;

pub(in super::super) struct Confirm {
    title: String,
    effect: String,
    /// What the button says that does it.
    verb: &'static str,
    /// What the other says.
    otherwise: &'static str,
    /// What is done after a yes; None once it was said.
    deed: Option<Flow>,
    yes_chosen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Switch,
    Take,
    Yes,
    No,
}

const KEYS: &[Binding<Action>] = &[
    Binding { keys: &[Key::char('y')], action: Action::Yes, hint: "yes", help: "do it" },
    Binding {
        keys: &[Key::char('n'), Key::named(KeyCode::Esc), Key::char('q')],
        action: Action::No,
        hint: "no",
        help: "leave everything as it is",
    },
    Binding {
        keys: &[
            Key::named(KeyCode::Tab),
            Key::named(KeyCode::Left),
            Key::named(KeyCode::Right),
            Key::named(KeyCode::BackTab),
        ],
        action: Action::Switch,
        hint: "choose",
        help: "choose the other answer",
    },
    Binding { keys: &[Key::named(KeyCode::Enter)], action: Action::Take, hint: "take", help: "take the chosen answer" },
];

impl Confirm {
    pub(in super::super) fn new(title: String, effect: String, verb: &'static str, deed: Flow) -> Confirm {
        Confirm { title, effect, verb, otherwise: "leave it", deed: Some(deed), yes_chosen: false }
    }

    /// With other words for the answer that changes nothing.
    pub(in super::super) fn or(self, otherwise: &'static str) -> Confirm {
        Confirm { otherwise, ..self }
    }

    fn yes(&mut self) -> Flow {
        Flow::Many([Flow::Pop].into_iter().chain(self.deed.take()).collect())
    }
}

impl Screen for Confirm {
    type Action = Action;

    const NAME: &'static str = "confirm";
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn is_question(&self) -> bool {
        true
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Switch => self.yes_chosen = !self.yes_chosen,
            Action::Take if self.yes_chosen => return self.yes(),
            Action::Yes => return self.yes(),
            Action::Take | Action::No => return Flow::Pop,
        }
        Flow::Stay
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let width = WIDTH.min(area.width);
        let mut lines = words::wrapped(&self.effect, width.saturating_sub(4).max(1));
        // The frame, the answers, and a blank line where there is room for it.
        let most = usize::from(area.height.saturating_sub(3)).max(1);
        if lines.len() > most {
            lines.truncate(most);
            let ellipsis = scope.theme.glyphs.ellipsis;
            lines.iter_mut().skip(most - 1).for_each(|last| last.push_str(ellipsis));
        }
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(4);
        let inside = popup::open(frame.buffer_mut(), area, (width, height), &self.title, scope);
        let buffer = frame.buffer_mut();
        for (line, y) in lines.iter().zip(inside.top()..inside.bottom()) {
            buffer.set_stringn(inside.x, y, line, usize::from(inside.width), scope.theme.style(Meaning::Plain));
        }
        let mut x = inside.x;
        for (label, chosen) in [(self.otherwise, !self.yes_chosen), (self.verb, self.yes_chosen)] {
            let mark = if chosen { scope.theme.glyphs.cursor } else { " " };
            let meaning = if chosen { Meaning::Selected } else { Meaning::Plain };
            let text = format!("{mark} {label} ");
            let room = usize::from(inside.right().saturating_sub(x));
            let y = inside.bottom().saturating_sub(1);
            x = buffer.set_stringn(x, y, text, room, scope.theme.style(meaning)).0 + 2;
        }
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
