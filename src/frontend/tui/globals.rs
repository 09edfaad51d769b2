//! Keys that every screen has besides its own: the app's one table.

use crossterm::event::KeyCode;

use super::keymap::{APP, Keymap};
use super::keys::{self, Binding, HelpRow, Key, Offer};
use super::screen::{READ_ONLY, Scope};
use super::screens::TABS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Help,
    Palette,
    NextTab,
    PreviousTab,
    /// Counted from 1.
    Tab(usize),
    Undo,
    Log,
    Mouse,
    Repaint,
    Suspend,
    Quit,
}

impl Action {
    /// True when it makes sense over a layer too, which keeps its place.
    pub(super) fn is_for_layers(self) -> bool {
        matches!(self, Action::Help | Action::Palette | Action::Log | Action::Mouse | Action::Repaint | Action::Suspend)
    }

    pub(super) fn offer(self, read_only: bool) -> Offer {
        match self {
            Action::Undo if read_only => Offer::Refused(READ_ONLY),
            Action::Tab(number) if number > TABS.len() => Offer::Refused("there is no such tab"),
            _ => Offer::Ready,
        }
    }
}

const fn global(keys: &'static [Key], action: Action, hint: &'static str, help: &'static str) -> Binding<Action> {
    Binding { keys, action, hint, help }
}

/// Keys that every screen has, unless a text field takes them.
pub(super) const KEYS: &[Binding<Action>] = &[
    global(&[Key::char('?'), Key::named(KeyCode::F(1))], Action::Help, "", "every key, and what it does"),
    global(&[Key::char(':'), Key::ctrl('p')], Action::Palette, "", "every action by name, run by Enter"),
    global(&[Key::named(KeyCode::Tab)], Action::NextTab, "next tab", "next tab"),
    global(&[Key::named(KeyCode::BackTab)], Action::PreviousTab, "", "previous tab"),
    global(&[Key::char('1')], Action::Tab(1), "", "first tab"),
    global(&[Key::char('2')], Action::Tab(2), "", "second tab"),
    global(&[Key::char('3')], Action::Tab(3), "", "third tab"),
    global(&[Key::char('4')], Action::Tab(4), "", "fourth tab"),
    global(&[Key::char('5')], Action::Tab(5), "", "fifth tab"),
    global(&[Key::char('6')], Action::Tab(6), "", "sixth tab"),
    global(&[Key::char('z')], Action::Undo, "", "take back the last change, after a question"),
    global(&[Key::char('@')], Action::Log, "", "the last results, with their times"),
    global(&[Key::char('M')], Action::Mouse, "", "listen to the mouse, or leave it to the terminal"),
    global(&[Key::ctrl('l')], Action::Repaint, "", "paint the screen anew"),
    global(&[Key::ctrl('z')], Action::Suspend, "", "back to the shell; fg returns here"),
    global(&[Key::char('q'), Key::ctrl('c')], Action::Quit, "quit", "leave regpass"),
];

/// The key that takes the last change back, as the person has it.
pub(super) fn undo_key(scope: &Scope) -> String {
    scope.keymap.label((APP, KEYS), Action::Undo, scope.theme.glyphs)
}

/// The table without its actions; over a layer those that leave it in its place.
pub(super) fn rows(keymap: &Keymap, read_only: bool, over_layer: bool) -> Vec<HelpRow> {
    let rows = keys::help_rows(APP, KEYS, keymap, |action: Action| action.offer(read_only));
    let named = rows.into_iter().zip(KEYS).filter(|(_, binding)| !over_layer || binding.action.is_for_layers());
    let row = |(row, binding): (HelpRow, &Binding<Action>)| match binding.action {
        Action::Tab(number) => HelpRow { help: TABS.get(number - 1).map_or(row.help, |tab| tab.title), ..row },
        _ => row,
    };
    named.map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules_and_has_a_key_for_each_tab() {
        keys::check_list_table(KEYS);
        let tabs = KEYS.iter().filter(|binding| matches!(binding.action, Action::Tab(_))).count();
        assert_eq!(tabs, TABS.len());
    }
}
