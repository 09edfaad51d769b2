//! How the registries screen looks; `registries.rs` is what it does.

use std::borrow::Cow;
use std::path::Path;
use std::time::SystemTime;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::secret_panel::PanelKeys;
use super::super::widgets::{panes, words};
use super::registries::{Action, RegistriesScreen};
use super::registries_table::{Item, place_user};
use crate::model::{age, misplaced, text};
use crate::ops::registries::{Asked, Elsewhere, Found, Place, Registry, RegistryLogin, shown_name};

/// With fewer columns the details stand under the table, which needs them.
const BESIDE: panes::Beside = panes::Beside { from: 150, share: 60 };

/// Columns of the age and of the twins' flag, the gaps before them included.
const AGE: u16 = 5;
const TWINS: u16 = 4;

/// Columns of what runs the registry and of when the login dies, which are there from so many columns on, as is where
/// it is found.
const KIND: u16 = 7;
const EXPIRES: u16 = 8;
const WITH_ALL: u16 = 64;

/// Columns of the names, which share what the others leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    registry: u16,
    user: u16,
    /// With the gap before it; none where there is no room for it, nor for kind and end.
    places: u16,
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
        }
    }

    /// As they fit into a row of so many columns: all of both where there is room, else the user gets at most two of five
    /// columns, unless the registries leave more; their names can be told apart when cut in the middle.
    fn within(self, columns: u16) -> Names {
        let places = if columns >= WITH_ALL { self.places } else { 0 };
        let others = TWINS + 1 + AGE + if places > 0 { KIND + EXPIRES + places } else { 0 };
        let names = columns.saturating_sub(others);
        let left = names.saturating_sub(self.registry);
        let user = self.user.min(left.max(names * 2 / 5));
        let registry = names - user;
        // Room to spare goes between the two and behind them.
        let registry = registry.min(self.registry.max(names * 3 / 5));
        Names { registry, user: names - registry, places }
    }
}

/// Those that are named beside a secret.
pub(super) fn panel_keys(scope: &Scope) -> PanelKeys {
    let key = |action| scope.key_of::<RegistriesScreen>(action);
    PanelKeys { reveal: key(Action::Reveal), copy: key(Action::Copy), more: key(Action::More), less: key(Action::Less) }
}

pub(super) fn draw(screen: &mut RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    if screen.table.is_empty() {
        return draw_empty(screen, frame, area, scope);
    }
    let panes = panes::arrange(frame, area, BESIDE, screen.zoomed, scope);
    (screen.alone, screen.below) = (panes.alone(), panes.below);
    if let Some(list) = panes.list {
        draw_table(screen, frame, list, scope);
    }
    let Some(area) = panes.details else { return };
    let mut details = Details::new(frame.buffer_mut(), area, panes.flat, scope);
    let Some(registry) = screen.registry() else { return };
    if let Some(login) = screen.selected() {
        draw_details(screen, registry, login, &mut details, scope);
    } else if let Some(one) = screen.selected_elsewhere() {
        details.title(&one.server.display());
        details.scroll(screen.scroll);
        draw_elsewhere(registry, one, &mut details, scope);
    }
    let keys = panel_keys(scope);
    screen.scroll = details.end_scroll(&format!("{}, {}", keys.more, keys.less));
}

fn draw_empty(screen: &RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 };
    let mut details = Details::new(frame.buffer_mut(), area, false, scope);
    match &screen.loaded {
        None => details.sentence("reading the registries", Meaning::Muted),
        Some(Err(problem)) => details.problem(problem),
        Some(Ok(_)) => {
            details.sentence("The store holds no registry logins.", Meaning::Plain);
            details.gap();
            let variables = scope.typed.variables();
            details.sentence("Let Docker keep them here:  regpass shims install", Meaning::Plain);
            details.sentence(&format!("Then log in as always:  {variables}docker login REGISTRY"), Meaning::Plain);
            if !screen.unreadable().is_empty() {
                details.gap();
                let count = words::counted(screen.unreadable().len() as u64, "name");
                let key = scope.key_of::<RegistriesScreen>(Action::Unreadable);
                details.sentence(&format!("{count} there are no logins; {key} tells why"), Meaning::Warn);
            }
        }
    }
}

fn draw_table(screen: &mut RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let mut list = screen.finder.draw_field(frame, area, scope);
    let muted = scope.theme.style(Meaning::Muted);
    let widths = screen.widest.within(list.width.saturating_sub(2));
    let head = columns_of(["REGISTRY", "", "USER", "KIND", "AGE", "EXPIRES", "FOUND IN"], widths, [muted; 7], scope);
    frame.buffer_mut().set_line(list.x + 2, list.y, &head, list.width.saturating_sub(2));
    list = Rect { y: list.y + 1, height: list.height - 1, ..list };
    let (table, deaths) = (&screen.table, &screen.deaths);
    let name = |row: u32| table.name(row);
    screen.finder.draw_rows(frame, list, scope, (name, None), |row, _| {
        let (Some(registry), Some(item)) = (table.registry(row), table.item(row)) else { return Line::default() };
        let end = match item {
            Item::Login(login) => deaths.get(&login.entry).copied().or(login.expires),
            Item::Place(_) => None,
        };
        if table.is_head(row) {
            head_row(registry, item, end, widths, scope)
        } else {
            row_below(item, end, widths, scope)
        }
    });
}

fn draw_details(
    screen: &RegistriesScreen,
    registry: &Registry,
    login: &RegistryLogin,
    details: &mut Details<'_>,
    scope: &Scope,
) {
    let glyphs = scope.theme.glyphs;
    details.title(&canonical(login));
    let token = if login.login.is_identity_token() { "  (an identity token)" } else { "" };
    details.fact("user", &format!("{}{token}", user(login)), Meaning::Plain);
    if let Some(others) = other_accounts(registry, login) {
        details.fact("accounts", &format!("also {others}"), Meaning::Plain);
    }
    screen.secret.draw(details, "secret", &panel_keys(scope), scope);
    details.scroll(screen.scroll);
    screen.secret.draw_problem(details);
    details.gap();
    if let Some(problem) = &screen.problem {
        details.problem(problem);
    }
    let (active, meaning) = active_words(registry, login, scope);
    details.fact("active", &active, meaning);
    if login.active && !login.official {
        let other = registry.logins.iter().find(|one| one.official && one.server == login.server);
        let other = other.map_or_else(|| "another user".into(), user);
        details.fact(
            "",
            &format!(
                "the official helper would answer {other}, until this one is used by {}",
                scope.key_of::<RegistriesScreen>(Action::Use)
            ),
            Meaning::Warn,
        );
    }
    draw_end(screen, login, details, scope);
    for one in registry.elsewhere.iter().filter(|one| !matches!(one.place, Place::Ours(_))) {
        let spelled = if one.server == login.server { String::new() } else { format!("{}: ", one.server.display()) };
        details.fact(
            &format!("also {}", glyphs.warn),
            &format!("{spelled}{}", one.words(registry.asked.as_ref())),
            Meaning::Warn,
        );
    }
    details.fact("kind", login.kind.word(), Meaning::Plain);
    details.fact("changed", &age::long(scope.wall, login.modified), Meaning::Plain);
    details.line_fact("spelling", &login.server.display(), Meaning::Plain);
    for twin in &login.twins {
        let also = format!("{}: the same registry, spelled otherwise", twin.display());
        details.fact(&format!("also {}", glyphs.twin), &also, Meaning::Warn);
    }
    details.line_fact("file", &words::path(&login.file, scope.home.as_deref()), Meaning::Muted);
}

/// Who else has a login there.
fn other_accounts(registry: &Registry, login: &RegistryLogin) -> Option<String> {
    let others = registry.accounts().into_iter().filter(|one| **one != login.login);
    let others: Vec<_> = others.map(|one| one.shown()).collect();
    (!others.is_empty()).then(|| others.join(", "))
}

/// Whether Docker gets it.
fn active_words(registry: &Registry, login: &RegistryLogin, scope: &Scope) -> (String, Meaning) {
    let glyphs = scope.theme.glyphs;
    if !login.mount.is_root() {
        let mount = login.mount.display();
        return (format!("{} no, the helper does not look into the mounted store {mount}", glyphs.warn), Meaning::Warn);
    }
    if !login.active {
        return (format!("{} no, another login answers: a makes it this one", glyphs.warn), Meaning::Warn);
    }
    match &registry.asked {
        Some(Asked::Other(helper)) => {
            let helper = text::escaped(helper.as_bytes());
            (
                format!("{} no, Docker asks docker-credential-{helper} about it, not this store", glyphs.warn),
                Meaning::Warn,
            )
        }
        Some(Asked::Nobody) => {
            (format!("{} no, Docker asks no helper: Home tells what mends that", glyphs.warn), Meaning::Warn)
        }
        Some(Asked::Us(_)) | None => (format!("{} yes, Docker gets this one", glyphs.active), Meaning::Good),
    }
}

/// When it dies: by the token's own word, else by what its kind of login lives.
fn draw_end(screen: &RegistriesScreen, login: &RegistryLogin, details: &mut Details<'_>, scope: &Scope) {
    let told = screen.deaths.get(&login.entry);
    let Some(end) = told.copied().or(login.expires) else { return };
    let (when, meaning) = if end <= scope.wall {
        ("is over: log in again".to_owned(), Meaning::Bad)
    } else {
        (format!("in {}", age::short(end, scope.wall)), Meaning::Plain)
    };
    let why = if told.is_some() { "by the token's own word" } else { "at the latest: such tokens live no longer" };
    details.fact("expires", &format!("{when}, {why}"), meaning);
}

fn draw_elsewhere(registry: &Registry, one: &Elsewhere, details: &mut Details<'_>, scope: &Scope) {
    let glyphs = scope.theme.glyphs;
    let stored = registry.logins.iter().any(|login| login.mount.is_root());
    let (mark, meaning) = match &one.place {
        Place::Ours(_) if stored => (glyphs.good, Meaning::Good),
        _ => (glyphs.warn, Meaning::Warn),
    };
    let without = if matches!(one.place, Place::Ours(_)) && one.is_docker_s_spelling() && !stored {
        ", which has no login of it"
    } else {
        ""
    };
    details.sentence(&format!("{mark} {}{without}", one.words(registry.asked.as_ref())), meaning);
    details.gap();
    if let Place::Inline(Some(_)) = &one.place {
        details.fact("user", &place_user(one), Meaning::Plain);
    }
    details.fact("kind", one.kind.word(), Meaning::Plain);
    let server = text::shell_word(Path::new(&misplaced::server(&one.canonical)));
    let command = format!("{}docker login {server}", scope.typed.variables());
    let advice = match (&one.place, &registry.asked) {
        (Place::Inline(_), Some(Asked::Nobody) | None) => {
            format!("Once a helper is asked, this moves it there:  {command}")
        }
        // A login takes away only what stands under Docker's own spelling.
        (Place::Inline(_), _) if !one.is_docker_s_spelling() => {
            let spelled = text::shell_word(Path::new(&misplaced::server(one.server.as_bytes())));
            format!("This moves it there:  docker logout {spelled} && {command}")
        }
        (Place::Inline(_), _) => format!("This moves it there:  {command}"),
        (Place::Ours(_), _) if !stored => format!("This puts one there:  {command}"),
        (Place::Ours(_) | Place::Helper(_), _) => return,
    };
    details.sentence(&format!("{} {advice}", glyphs.closed), Meaning::Plain);
}

/// The registry that a login is for, safe for the screen.
pub(super) fn canonical(login: &RegistryLogin) -> String {
    shown_name(&login.canonical)
}

fn user(login: &RegistryLogin) -> Cow<'_, str> {
    login.login.shown()
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

fn head_row(
    registry: &Registry,
    item: Item<'_>,
    end: Option<SystemTime>,
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
    row([&name, &twins, &shown, registry.kind.word(), &age], quiet, end, place, widths, scope)
}

fn row_below(item: Item<'_>, end: Option<SystemTime>, widths: Names, scope: &Scope) -> Line<'static> {
    let glyphs = scope.theme.glyphs;
    match item {
        Item::Login(login) => {
            let name = format!("  {}", login.server.display());
            let mark = if login.active { glyphs.active } else { " " };
            let shown = format!("{mark} {}", user(login));
            let place = if login.mount.is_root() { "store".to_owned() } else { login.mount.display().into_owned() };
            let age = age::short(scope.wall, login.modified);
            row([&name, "", &shown, "", &age], !login.active, end, (place, Meaning::Muted), widths, scope)
        }
        Item::Place(one) => {
            let name = format!("  {}", one.server.display());
            let shown = if widths.places == 0 { short_place(one) } else { place_user(one).into_owned() };
            let (place, meaning) = match &one.place {
                Place::Helper(helper) | Place::Ours(helper) => (text::escaped(helper.as_bytes()), Meaning::Plain),
                Place::Inline(_) => (Cow::Borrowed("inline"), Meaning::Warn),
            };
            row([&name, "", &format!("  {shown}"), "", "-"], true, end, (place.into_owned(), meaning), widths, scope)
        }
    }
}

/// Registry, twins, user, kind, age; then the end and where it is found.
fn row(
    cells: [&str; 5],
    quiet: bool,
    end: Option<SystemTime>,
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
    let styles = [name, theme.style(Meaning::Warn), name, muted, muted, theme.style(meaning), theme.style(odd)];
    let [registry, twins, user, kind, age] = cells;
    columns_of([registry, twins, user, kind, age, &end, &place], widths, styles, scope)
}

/// All of them side by side; kind, end and place where there is room; numbers at the right.
fn columns_of(cells: [&str; 7], widths: Names, styles: [Style; 7], scope: &Scope) -> Line<'static> {
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
    if widths.places > 0 {
        line.extend([cell(5, EXPIRES, true), Span::raw("  "), cell(6, widths.places - 2, false)]);
    }
    Line::from(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_cut_while_there_is_room_for_it() {
        let fits = |registry, user, columns| {
            let Names { registry, user, places } = Names { registry, user, places: 7 }.within(columns);
            (registry, user, places > 0)
        };
        assert_eq!(fits(30, 20, 60), (30, 20, false));
        assert_eq!(fits(20, 10, 95), (37, 26, true));
        assert_eq!(fits(44, 36, 88), (34, 22, true));
        assert_eq!(fits(10, 90, 60), (10, 40, false));
        assert_eq!(fits(44, 36, 5), (0, 0, false));
    }
}
