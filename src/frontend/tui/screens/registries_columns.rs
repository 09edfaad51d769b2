//! The columns of the registries screen's table: how wide each is, and what stands in them.

use std::borrow::Cow;
use std::time::SystemTime;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::words;
use super::registries_table::{Item, place_user};
use super::registries_test_view;
use super::registries_tests::Test;
use super::registries_view::user;
use crate::model::{age, text};
use crate::ops::registries::{Elsewhere, Found, Place, Registry, shown_name};

/// Columns of the age and of the twins' flag, the gaps before them included.
const AGE: u16 = 5;
const TWINS: u16 = 4;

/// Columns of what runs the registry and of when the login dies, which are there from so many columns on, as is where
/// it is found.
const KIND: u16 = 7;
const EXPIRES: u16 = 8;
const WITH_ALL: u16 = 64;

/// Columns of a login's last test, where any is known: its mark, and from so many columns on when that was.
const TEST_MARK: u16 = 3;
const TESTED: u16 = 8;
const WITH_TESTED: u16 = 72;

/// Columns of the names, which share what the others leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    registry: u16,
    user: u16,
    /// With the gap before it; none where there is no room for it, nor for kind and end.
    places: u16,
    /// Of the tests, with the gap before; none where there are none.
    tests: u16,
}

impl Names {
    /// What these registries would need, and their headings.
    pub(super) fn widest(registries: &[Registry]) -> Names {
        let widest = |names: &mut dyn Iterator<Item = u16>| names.max().unwrap_or_default();
        let logins = || registries.iter().flat_map(|one| &one.logins);
        let spellings = logins().map(|one| words::width(&one.server.display()) + 2);
        let heads = registries.iter().map(|one| words::width(&shown_name(&one.name)));
        let users = registries.iter().map(head_user).map(|(user, more)| words::width(&user) + words::width(&more));
        let members = logins().map(|one| words::width(&user(one)) + 2);
        Names {
            registry: widest(&mut heads.chain(spellings)).max(8),
            user: widest(&mut users.chain(members)).max(4),
            places: widest(&mut registries.iter().map(|one| words::width(&place_cell(one)))).max(8) + 2,
            tests: 0,
        }
    }

    /// As they fit into a row of so many columns: all of both where there is room, else the user gets at most two of five
    /// columns, unless the registries leave more; their names can be told apart when cut in the middle.
    pub(super) fn within(self, columns: u16, has_tests: bool) -> Names {
        let places = if columns >= WITH_ALL { self.places } else { 0 };
        let tests = match has_tests {
            true if columns >= WITH_TESTED => TESTED,
            true => TEST_MARK,
            false => 0,
        };
        let others = TWINS + 1 + AGE + tests + if places > 0 { KIND + EXPIRES + places } else { 0 };
        let names = columns.saturating_sub(others);
        let left = names.saturating_sub(self.registry);
        let user = self.user.min(left.max(names * 2 / 5));
        let registry = names - user;
        // Room to spare goes between the two and behind them.
        let registry = registry.min(self.registry.max(names * 3 / 5));
        Names { registry, user: names - registry, places, tests }
    }
}

/// The user of what stands for the registry, and how many others there are.
fn head_user(registry: &Registry) -> (Cow<'_, str>, String) {
    let shown = match (registry.logins.first(), registry.elsewhere.first()) {
        (Some(login), _) => user(login),
        (None, Some(one)) => place_user(one),
        (None, None) => Cow::Borrowed("-"),
    };
    let others = registry.accounts().len().saturating_sub(usize::from(shown != "-"));
    (shown, if others > 0 { format!(" +{others}") } else { String::new() })
}

/// As it fits: the number is not cut.
fn fit_user((shown, others): (Cow<'_, str>, String), columns: u16, scope: &Scope) -> String {
    let room = columns.saturating_sub(words::width(&others));
    words::fit(&shown, room, scope.theme.glyphs.ellipsis) + &others
}

/// Where it is found: two words, or one and how many more.
fn place_cell(registry: &Registry) -> String {
    let places: Vec<&str> = registry.places().into_iter().map(Found::word).collect();
    match places.split_first() {
        Some((first, others)) if others.len() > 1 => format!("{first} +{}", others.len()),
        _ => places.join(" "),
    }
}

/// Of a place that is not a store, in a table without a column for it.
fn short_place(one: &Elsewhere) -> String {
    match &one.place {
        Place::Helper(helper) | Place::Ours(helper) => format!("asks {}", text::escaped(helper.as_bytes())),
        Place::Inline(_) => "in clear".to_owned(),
    }
}

pub(super) fn head_row(
    registry: &Registry,
    item: Item<'_>,
    (end, test): (Option<SystemTime>, Option<Test<'_>>),
    widths: Names,
    scope: &Scope,
) -> Line<'static> {
    let glyphs = scope.theme.glyphs;
    let twins = match registry.spellings().len() {
        0 | 1 => String::new(),
        count => format!("{count} {}", glyphs.twin),
    };
    let name = shown_name(&registry.name);
    let places = registry.places();
    let odd = places.iter().any(|place| *place == Found::Inline) || !places.contains(&Found::Store);
    let place = (place_cell(registry), if odd { Meaning::Warn } else { Meaning::Muted });
    let user_cell = fit_user(head_user(registry), widths.user, scope);
    let (quiet, shown, age) = match item {
        Item::Login(login) => (!login.active, user_cell, age::short(scope.wall, login.modified)),
        Item::Place(one) if widths.places == 0 => (true, short_place(one), "-".to_owned()),
        Item::Place(_) => (true, user_cell, "-".to_owned()),
    };
    row([&name, &twins, &shown, registry.kind.word(), &age], quiet, (end, test), place, widths, scope)
}

pub(super) fn row_below(
    item: Item<'_>,
    ends: (Option<SystemTime>, Option<Test<'_>>),
    widths: Names,
    scope: &Scope,
) -> Line<'static> {
    let glyphs = scope.theme.glyphs;
    match item {
        Item::Login(login) => {
            let name = format!("  {}", login.server.display());
            let mark = if login.active { glyphs.active } else { " " };
            let shown = format!("{mark} {}", user(login));
            let place = if login.mount.is_root() { "store".to_owned() } else { login.mount.display().into_owned() };
            let age = age::short(scope.wall, login.modified);
            row([&name, "", &shown, "", &age], !login.active, ends, (place, Meaning::Muted), widths, scope)
        }
        Item::Place(one) => {
            let name = format!("  {}", one.server.display());
            let shown = if widths.places == 0 { short_place(one) } else { place_user(one).into_owned() };
            let (place, meaning) = match &one.place {
                Place::Helper(helper) | Place::Ours(helper) => (text::escaped(helper.as_bytes()), Meaning::Plain),
                Place::Inline(_) => (Cow::Borrowed("inline"), Meaning::Warn),
            };
            row([&name, "", &format!("  {shown}"), "", "-"], true, ends, (place.into_owned(), meaning), widths, scope)
        }
    }
}

/// Registry, twins, user, kind, age; then the end, the last test and where it is found.
fn row(
    cells: [&str; 5],
    quiet: bool,
    (end, test): (Option<SystemTime>, Option<Test<'_>>),
    (place, odd): (String, Meaning),
    widths: Names,
    scope: &Scope,
) -> Line<'static> {
    let theme = &scope.theme;
    let (end, meaning) = match end {
        None => ("-".to_owned(), Meaning::Muted),
        Some(end) if end <= scope.wall => ("over".to_owned(), Meaning::Bad),
        Some(end) => (age::short(end, scope.wall), Meaning::Plain),
    };
    let (name, muted) = (theme.style(if quiet { Meaning::Muted } else { Meaning::Plain }), theme.style(Meaning::Muted));
    let (test, tested) = registries_test_view::cell(test.as_ref(), widths.tests == TESTED, scope);
    let [warn, end_style, test_style, odd] = [Meaning::Warn, meaning, tested, odd].map(|meaning| theme.style(meaning));
    let styles = [name, warn, name, muted, muted, test_style, end_style, odd];
    let [registry, twins, user, kind, age] = cells;
    columns_of([registry, twins, user, kind, age, &test, &end, &place], widths, styles, scope)
}

/// All of them side by side; kind, end and place where there is room; numbers at the right.
pub(super) fn columns_of(cells: [&str; 8], widths: Names, styles: [Style; 8], scope: &Scope) -> Line<'static> {
    let mark = scope.theme.glyphs.ellipsis;
    let cell = |index: usize, width: u16, right: bool| {
        let text = match index {
            0 => words::fit_middle(cells[index], width, mark),
            _ => words::fit(cells[index], width, mark),
        };
        let gap = " ".repeat(usize::from(width.saturating_sub(words::width(&text))));
        let text = if right { format!("{gap}{text}") } else { format!("{text}{gap}") };
        Span::styled(text, styles[index])
    };
    let mut line =
        vec![cell(0, widths.registry, false), cell(1, TWINS, true), Span::raw(" "), cell(2, widths.user, false)];
    if widths.places > 0 {
        line.extend([Span::raw(" "), cell(3, KIND - 1, false)]);
    }
    line.push(cell(4, AGE, true));
    if widths.tests > 0 {
        line.extend([Span::raw("  "), cell(5, widths.tests - 2, false)]);
    }
    if widths.places > 0 {
        line.extend([cell(6, EXPIRES, true), Span::raw("  "), cell(7, widths.places - 2, false)]);
    }
    Line::from(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_cut_while_there_is_room_for_it() {
        let fits = |registry, user, columns| {
            let names = Names { registry, user, places: 7, tests: 0 };
            let Names { registry, user, places, .. } = names.within(columns, false);
            (registry, user, places > 0)
        };
        assert_eq!(fits(30, 20, 60), (30, 20, false));
        assert_eq!(fits(20, 10, 95), (37, 26, true));
        assert_eq!(fits(44, 36, 88), (34, 22, true));
        assert_eq!(fits(10, 90, 60), (10, 40, false));
        assert_eq!(fits(44, 36, 5), (0, 0, false));
    }
}
