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
use super::super::widgets::{panes, words};
use super::registries::RegistriesScreen;
use crate::model::{age, text};
use crate::ops::registries::{Elsewhere, Place, RegistryLogin};

/// With fewer columns the details stand under the table, which needs them.
const BESIDE: panes::Beside = panes::Beside { from: 140, share: 62 };

/// Columns of the age and of the twins' flag, the gaps before them included.
const AGE: u16 = 5;
const TWINS: u16 = 4;

/// Columns of what runs the registry and of when the login dies, which are there from so many columns on.
const KIND: u16 = 7;
const EXPIRES: u16 = 8;
const WITH_BOTH: u16 = 64;

/// Columns of the two names, which share what the others leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    registry: u16,
    user: u16,
    /// Kind and end are there too.
    both: bool,
}

impl Names {
    /// What these logins would need, and their headings.
    pub(super) fn widest(logins: &[RegistryLogin]) -> Names {
        let widest = |names: &mut dyn Iterator<Item = u16>| names.max().unwrap_or_default();
        Names {
            registry: widest(&mut logins.iter().map(|login| words::width(&shown_name(login)))).max(8),
            user: widest(&mut logins.iter().map(|login| words::width(&user(login)))).max(4),
            both: false,
        }
    }

    /// As they fit into a row of so many columns: all of both where there is room, else the user gets at most two of five
    /// columns, unless the registries leave more; their names can be told apart when cut in the middle.
    fn within(self, columns: u16) -> Names {
        let roomy = columns >= WITH_BOTH;
        let others = TWINS + 1 + AGE + if roomy { KIND + EXPIRES } else { 0 };
        let names = columns.saturating_sub(others);
        let left = names.saturating_sub(self.registry);
        let user = self.user.min(left.max(names * 2 / 5));
        let registry = names - user;
        // Room to spare goes between the two and behind them.
        let registry = registry.min(self.registry.max(names * 3 / 5));
        Names { registry, user: names - registry, both: roomy }
    }
}

pub(super) fn draw(screen: &mut RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    if screen.names.is_empty() {
        return draw_empty(screen, frame, area, scope);
    }
    let panes = panes::arrange(frame, area, BESIDE, screen.zoomed, scope);
    screen.alone = panes.alone();
    if let Some(list) = panes.list {
        draw_table(screen, frame, list, scope);
    }
    let Some(area) = panes.details else { return };
    let mut details = Details::new(frame.buffer_mut(), area, panes.flat, scope);
    if let Some(login) = screen.selected() {
        draw_details(screen, login, &mut details, scope);
    } else if let Some(one) = screen.selected_elsewhere() {
        draw_elsewhere(one, &mut details, scope);
    }
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
                details.sentence(&format!("{count} there are no logins; u tells why"), Meaning::Warn);
            }
        }
    }
}

fn draw_table(screen: &mut RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let mut list = screen.finder.draw_field(frame, area, scope);
    let muted = scope.theme.style(Meaning::Muted);
    let widths = screen.widest.within(list.width.saturating_sub(2));
    let head = columns_of(["REGISTRY", "", "USER", "KIND", "AGE", "EXPIRES"], widths, [muted; 6], scope);
    frame.buffer_mut().set_line(list.x + 2, list.y, &head, list.width.saturating_sub(2));
    list = Rect { y: list.y + 1, height: list.height - 1, ..list };
    let Some(Ok(registries)) = &screen.loaded else { return };
    let names = &screen.names;
    let name = |index: u32| names.get(index as usize).map_or("", String::as_str);
    let deaths = &screen.deaths;
    screen.finder.draw_rows(frame, list, scope, (name, None), |index, _| {
        let index = index as usize;
        if let Some(login) = registries.logins.get(index) {
            return table_row(login, deaths.get(&login.entry).copied().or(login.expires), widths, scope);
        }
        let elsewhere = registries.elsewhere.get(index - registries.logins.len());
        elsewhere.map_or_else(Line::default, |one| elsewhere_row(one, widths, scope))
    });
}

fn draw_details(screen: &RegistriesScreen, login: &RegistryLogin, details: &mut Details<'_>, scope: &Scope) {
    let glyphs = scope.theme.glyphs;
    details.title(&canonical(login));
    let user = user(login);
    let token = if login.login.is_identity_token() { "  (an identity token)" } else { "" };
    details.fact("user", &format!("{user}{token}"), Meaning::Plain);
    screen.secret.draw(details, "secret", scope);
    details.gap();
    if let Some(problem) = &screen.problem {
        details.problem(problem);
    }
    let (active, meaning) = active_words(login, scope);
    details.fact("active", &active, meaning);
    if login.active && !login.official {
        let other = screen.logins().iter().find(|one| one.official && one.server == login.server);
        let other = other.map_or_else(|| "another user".into(), self::user);
        details.fact("", &format!("the official helper would answer {other}: it goes by file names"), Meaning::Warn);
    }
    details.fact("kind", login.kind.word(), Meaning::Plain);
    draw_end(screen, login, details, scope);
    details.fact("changed", &age::long(scope.wall, login.modified), Meaning::Plain);
    details.line_fact("spelling", &login.server.display(), Meaning::Plain);
    for twin in &login.twins {
        let also = format!("{}: the same registry, spelled otherwise", twin.display());
        details.fact(&format!("also {}", glyphs.twin), &also, Meaning::Warn);
    }
    for one in screen.elsewhere().iter().filter(|one| one.canonical == login.canonical) {
        details.fact(&format!("also {}", glyphs.warn), &place_words(one), Meaning::Warn);
    }
    details.line_fact("file", &words::path(&login.file, scope.home.as_deref()), Meaning::Muted);
}

/// Whether Docker gets it.
fn active_words(login: &RegistryLogin, scope: &Scope) -> (String, Meaning) {
    let glyphs = scope.theme.glyphs;
    if !login.mount.is_root() {
        let mount = login.mount.display();
        (format!("{} no, the helper does not look into the mounted store {mount}", glyphs.warn), Meaning::Warn)
    } else if login.active {
        (format!("{} yes, Docker gets this one", glyphs.active), Meaning::Good)
    } else {
        (format!("{} no, a newer login answers: a makes it this one", glyphs.warn), Meaning::Warn)
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

fn draw_elsewhere(one: &Elsewhere, details: &mut Details<'_>, scope: &Scope) {
    details.title(&one.server.display());
    let glyphs = scope.theme.glyphs;
    details.sentence(&format!("{} {}", glyphs.warn, place_words(one)), Meaning::Warn);
    details.gap();
    if let Place::Inline(Some(login)) = &one.place {
        details.fact("user", &text::escaped(login.as_str().as_bytes()), Meaning::Plain);
    }
    details.fact("kind", one.kind.word(), Meaning::Plain);
    if matches!(one.place, Place::Inline(_)) {
        let command =
            format!("{}docker login {}", scope.typed.variables(), text::shell_word(Path::new(&one.canonical)));
        details.sentence(
            &format!("{} Once a helper is asked, this moves it there:  {command}", glyphs.closed),
            Meaning::Plain,
        );
    }
}

/// What another place has to do with the registry.
fn place_words(one: &Elsewhere) -> String {
    match &one.place {
        Place::Helper(helper) => {
            format!("Docker asks docker-credential-{} about it", text::escaped(helper.as_bytes()))
        }
        Place::Inline(_) => "its secret stands in Docker's config.json, in clear".to_owned(),
    }
}

/// The registry that a login is for, safe for the screen.
pub(super) fn canonical(login: &RegistryLogin) -> Cow<'_, str> {
    text::escaped(login.canonical.as_bytes())
}

/// What tells it apart: twins mean the same registry, so that only their spellings do.
fn shown_name(login: &RegistryLogin) -> Cow<'_, str> {
    if login.twins.is_empty() { canonical(login) } else { login.server.display() }
}

fn user(login: &RegistryLogin) -> Cow<'_, str> {
    text::escaped(login.login.as_str().as_bytes())
}

fn table_row(login: &RegistryLogin, end: Option<SystemTime>, widths: Names, scope: &Scope) -> Line<'static> {
    let theme = &scope.theme;
    let twins = match login.twins.len() {
        0 => String::new(),
        others => format!("{} {}", others + 1, theme.glyphs.twin),
    };
    let quiet = theme.style(if login.active { Meaning::Plain } else { Meaning::Muted });
    let (name, user, age) = (shown_name(login), user(login), age::short(scope.wall, login.modified));
    let (end, meaning) = match end {
        None => ("-".to_owned(), Meaning::Muted),
        Some(end) if end <= scope.wall => ("over".to_owned(), Meaning::Bad),
        Some(end) => (age::short(end, scope.wall), Meaning::Plain),
    };
    let muted = theme.style(Meaning::Muted);
    let styles = [quiet, theme.style(Meaning::Warn), quiet, muted, muted, theme.style(meaning)];
    columns_of([&*name, &*twins, &*user, login.kind.word(), &*age, &*end], widths, styles, scope)
}

fn elsewhere_row(one: &Elsewhere, widths: Names, scope: &Scope) -> Line<'static> {
    let muted = scope.theme.style(Meaning::Muted);
    let place = match &one.place {
        Place::Helper(helper) => format!("asks {}", text::escaped(helper.as_bytes())),
        Place::Inline(_) => "in clear".to_owned(),
    };
    let styles = [muted, muted, scope.theme.style(Meaning::Warn), muted, muted, muted];
    columns_of([&*one.server.display(), "", &*place, one.kind.word(), "-", "-"], widths, styles, scope)
}

/// Registry, twins, user, kind, age, end side by side; kind and end where there is room, numbers at the right.
fn columns_of(cells: [&str; 6], widths: Names, styles: [Style; 6], scope: &Scope) -> Line<'static> {
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
    if widths.both {
        line.extend([Span::raw(" "), cell(3, KIND - 1, false)]);
    }
    line.push(cell(4, AGE, true));
    if widths.both {
        line.push(cell(5, EXPIRES, true));
    }
    Line::from(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_cut_while_there_is_room_for_it() {
        let fits = |registry, user, columns| {
            let Names { registry, user, both } = Names { registry, user, both: false }.within(columns);
            (registry, user, both)
        };
        assert_eq!(fits(30, 20, 60), (30, 20, false));
        assert_eq!(fits(20, 10, 95), (42, 28, true));
        assert_eq!(fits(44, 36, 81), (34, 22, true));
        assert_eq!(fits(10, 90, 60), (10, 40, false));
        assert_eq!(fits(44, 36, 5), (0, 0, false));
    }
}
