//! The keys of the registries screen; what they do is `registries.rs`.

use crossterm::event::KeyCode;

use super::super::keys::{Binding, Key, row};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Open,
    Unfold,
    Fold,
    Filter,
    KeepFilter,
    Back,
    Reveal,
    More,
    Less,
    Copy,
    Use,
    Test,
    TestAll,
    LogIn,
    Rename,
    CopyCommand,
    Edit,
    Erase,
    Unreadable,
    Reload,
}

pub(super) const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Open, "open", "show the details, then the secret"),
    row(
        &[Key::named(KeyCode::Right), Key::char(' ')],
        Action::Unfold,
        "all",
        "all accounts and places of the registry",
    ),
    row(&[Key::named(KeyCode::Left)], Action::Fold, "fold", "the registry in one row again"),
    row(&[Key::char('/')], Action::Filter, "find", "find by registry, spelling and user"),
    row(&[Key::char('c')], Action::Copy, "copy", "copy the secret, cleared after a while"),
    row(&[Key::char('r')], Action::Reveal, "reveal", "show or hide the secret, for a while"),
    row(&[Key::char('a')], Action::Use, "use", "use this account: Docker gets it from now on"),
    row(&[Key::char('t')], Action::Test, "test", "ask the registry whether it takes the login"),
    row(&[Key::char('l')], Action::LogIn, "", "a login for this registry or another one, tried first"),
    row(&[Key::char('T')], Action::TestAll, "", "ask every registry whether it takes its login"),
    row(&[Key::char('R')], Action::Rename, "rename", "keep the login under another user name"),
    row(&[Key::char('o'), Key::char('D')], Action::Erase, "erase", "erase all logins of the registry, and prove it"),
    row(&[Key::char('e')], Action::Edit, "", "edit the login's text here, its secrets hidden"),
    row(&[Key::char('J')], Action::More, "more", "more of a long secret, or of the details"),
    row(&[Key::char('K')], Action::Less, "", "back up in a long secret, or in the details"),
    row(&[Key::char('L')], Action::CopyCommand, "", "copy the docker login command, without the secret"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "hide, stop a test, close the details, clear the filter"),
    row(&[Key::char('u'), Key::char('U')], Action::Unreadable, "unreadable", "what is no login, and why"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Reload, "", "read the registries again"),
];

/// While the filter's field has the focus.
pub(super) const FILTER_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::KeepFilter, "keep", "go on with the registries found"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "clear", "clear the filter"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_keep_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
        super::super::super::keys::check_list_table(FILTER_KEYS);
    }
}
