//! What an erased registry answers afterwards: under which spellings it was asked for, and what still has a login.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::globals;
use super::super::keys::{Binding, Key};
use super::super::screen::{Flow, Scope, Screen};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::{sheet, words};
use crate::model::RegistryKey;
use crate::ops::registries::{Erased, Still};

pub(in super::super) struct Proof {
    name: String,
    erased: Erased,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Close,
}

const KEYS: &[Binding<Action>] = &[Binding {
    keys: &[Key::named(KeyCode::Esc), Key::named(KeyCode::Enter), Key::char('q')],
    action: Action::Close,
    hint: "back",
    help: "back to the registries",
}];

impl Proof {
    /// `name` is the registry's, escaped.
    pub(in super::super) fn new(name: String, erased: Erased) -> Proof {
        Proof { name, erased }
    }
}

impl Screen for Proof {
    type Action = Action;

    const NAME: &'static str = "proof";
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn act(&mut self, _action: Action, _scope: &Scope) -> Flow {
        Flow::Pop
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let title = format!("The logins of {} are erased", self.name);
        let room = sheet::open(frame.buffer_mut(), area, &title, scope);
        let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        let mut details = Details::new(frame.buffer_mut(), room, room.height < 8, scope);
        let glyphs = scope.theme.glyphs;
        if self.erased.still.is_empty() {
            details.sentence(&format!("{} proved: nothing answers", glyphs.good), Meaning::Good);
        }
        for still in self.erased.still.iter().map(Still::words) {
            details.sentence(&format!("{} {still}", glyphs.warn), Meaning::Warn);
        }
        for warning in &self.erased.written.warnings {
            details.sentence(&format!("{} {}", glyphs.warn, warning.one_line()), Meaning::Warn);
        }
        details.gap();
        let spellings = words::counted(self.erased.asked.len() as u64, "spelling");
        details.sentence(&format!("The helper was asked again, under {spellings}:"), Meaning::Plain);
        for asked in self.erased.asked.iter().map(RegistryKey::display) {
            details.sentence(&asked, Meaning::Muted);
        }
        details.gap();
        details.sentence(
            &format!(
                "Docker's config.json was read again. Back at the registries {} takes the change back.",
                globals::undo_key(scope)
            ),
            Meaning::Muted,
        );
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
