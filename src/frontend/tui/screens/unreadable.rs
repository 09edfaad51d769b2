//! What could not be listed, and why: a bad neighbour hides nobody, but it is not hidden either.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::keys::{Binding, Key};
use super::super::screen::{Flow, Scope, Screen};
use super::super::theme::Meaning;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::{popup, words};
use crate::model::text;
use crate::system::store::Unreadable as Item;

pub(in super::super) struct Unreadable {
    items: Vec<Item>,
    place: ListPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Close,
}

const KEYS: &[Binding<Action>] = &[Binding {
    keys: &[Key::named(KeyCode::Esc), Key::char('u'), Key::char('q')],
    action: Action::Close,
    hint: "close",
    help: "close the list",
}];

impl Unreadable {
    pub(in super::super) fn new(items: Vec<Item>) -> Unreadable {
        Unreadable { items, place: ListPlace::default() }
    }
}

impl Screen for Unreadable {
    type Action = Action;

    const NAME: &'static str = "unreadable";
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn act(&mut self, Action::Close: Action, _scope: &Scope) -> Flow {
        Flow::Pop
    }

    fn has_list(&self) -> bool {
        true
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.items.len());
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        Some(&self.place)
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let height = u16::try_from(self.items.len()).unwrap_or(u16::MAX).saturating_add(2);
        let title = words::counted(self.items.len() as u64, "name") + " could not be listed";
        let inside = popup::open(frame.buffer_mut(), area, (80, height.max(5)), &title, scope);
        let items = &self.items;
        self.place.draw(frame.buffer_mut(), inside, items.len(), scope, |index, columns| {
            let item = &items[index];
            let why = text::escaped(item.why.as_bytes()).into_owned();
            let path = words::path(&item.path, scope.home.as_deref());
            let room = columns.saturating_sub(words::width(&why).min(columns / 2) + 2);
            Line::from(vec![
                Span::raw(words::fit_middle(&path, room, scope.theme.glyphs.ellipsis)),
                Span::styled(format!("  {why}"), scope.theme.style(Meaning::Muted)),
            ])
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
