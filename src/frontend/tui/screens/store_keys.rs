//! The keys of the store screen: the one table that dispatch, hints and help read, and another for its filter's field.

use crossterm::event::KeyCode;

use super::super::keys::{Binding, Key, row};
use super::super::screen::Scope;
use super::super::widgets::secret_panel::PanelKeys;
use super::store::StoreScreen;

/// The screen's name in tickets and in the config file.
pub(super) const NAME: &str = "store";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Open,
    Close,
    OpenAll,
    CloseAll,
    Filter,
    KeepFilter,
    Back,
    Reveal,
    Details,
    More,
    Less,
    Copy,
    Lines,
    CopyUser,
    CopyCode,
    History,
    Search,
    Readers,
    EncryptAnew,
    Git,
    Conflicts,
    Unreadable,
    Reload,
    New,
    Edit,
    EditOutside,
    Password,
    Rename,
    Move,
    CopyEntry,
    Delete,
    Mark,
}

impl Action {
    /// True for what is done with the selected entry, or on the way to it.
    pub(super) fn is_for_one(self) -> bool {
        let looks = matches!(self, Action::Open | Action::Reveal | Action::Lines | Action::History);
        let edits = matches!(self, Action::Edit | Action::EditOutside);
        looks || edits || matches!(self, Action::Copy | Action::CopyUser | Action::CopyCode)
    }
}

pub(super) const KEYS: &[Binding<Action>] = &[
    row(
        &[Key::named(KeyCode::Enter), Key::named(KeyCode::Right), Key::char('l')],
        Action::Open,
        "open",
        "open the folder; show the secret of an entry",
    ),
    row(&[Key::char('/')], Action::Filter, "find", "find by any letters of a name, in order"),
    row(&[Key::char('c')], Action::Copy, "copy", "copy the password (line 1), cleared after a while"),
    row(&[Key::char('r')], Action::Reveal, "reveal", "show or hide the secret, for a while"),
    row(&[Key::char('v')], Action::Lines, "lines", "its lines one by one, masked; the one-time code"),
    row(&[Key::char('u')], Action::CopyUser, "", "copy the user name"),
    row(&[Key::char('o')], Action::CopyCode, "", "copy the one-time code"),
    row(&[Key::char('i')], Action::Details, "", "the details alone, where only one has room"),
    row(&[Key::char('J')], Action::More, "more", "more of a long secret, or of the details"),
    row(&[Key::char('K')], Action::Less, "", "back up in a long secret, or in the details"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "hide the secret, close the details, clear the filter"),
    row(&[Key::char('n')], Action::New, "new", "a new entry, its password made or typed"),
    row(&[Key::char('e')], Action::Edit, "edit", "edit its text here, its secrets hidden"),
    row(&[Key::char('E')], Action::EditOutside, "", "edit its text in your own editor ($EDITOR)"),
    row(&[Key::char('x')], Action::EncryptAnew, "", "encrypt anew, where others can read it than should"),
    row(&[Key::char('D')], Action::Delete, "delete", "remove the entry, the folder, or what is marked"),
    row(&[Key::char(' ')], Action::Mark, "mark", "mark to move, copy or delete several, or unmark"),
    row(&[Key::char('m')], Action::Move, "move", "move it, or what is marked, into a folder"),
    row(&[Key::char('R')], Action::Rename, "rename", "give it another name"),
    row(&[Key::char('y')], Action::CopyEntry, "", "copy the entry, the folder, or what is marked"),
    row(&[Key::char('p')], Action::Password, "", "make a new password for it, its other lines stay"),
    row(&[Key::named(KeyCode::Left)], Action::Close, "", "close the folder, or go to the one around it"),
    row(&[Key::char('+')], Action::OpenAll, "", "open every folder"),
    row(&[Key::char('-')], Action::CloseAll, "", "close every folder"),
    row(&[Key::char('h')], Action::History, "", "versions in git: what changed, bring one back"),
    row(&[Key::char('F')], Action::Search, "", "search inside the entries: every one is opened"),
    row(&[Key::char('W')], Action::Readers, "", "who can read which folder; add and remove people"),
    row(&[Key::char('S')], Action::Git, "", "git: where the stores stand, pull, push, both"),
    row(&[Key::char('C')], Action::Conflicts, "", "settle what both sides changed"),
    row(&[Key::char('U')], Action::Unreadable, "unreadable", "what could not be listed, and why"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Reload, "", "read the store again"),
];

/// While the filter's field has the focus.
pub(super) const FILTER_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::KeepFilter, "keep", "go on with the entries found"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "clear", "clear the filter"),
];

/// Those that are named beside a secret.
pub(super) fn panel_keys(scope: &Scope) -> PanelKeys {
    let key = |action| scope.key_of::<StoreScreen>(action);
    PanelKeys { reveal: key(Action::Reveal), copy: key(Action::Copy), more: key(Action::More), less: key(Action::Less) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_keep_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
        super::super::super::keys::check_list_table(FILTER_KEYS);
    }
}
