//! How the registries screen looks; `registries.rs` is what it does.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::{needle, panes, words};
use super::registries::RegistriesScreen;
use crate::model::{age, text};
use crate::ops::registries::RegistryLogin;

/// From this width on the details stand beside the table; below it under the table, which needs its columns.
const WIDE: u16 = 120;

/// Columns of the user (the second where there is room), the age and the twins' flag with the gaps before them; the
/// registry gets the rest.
const USER: u16 = 11;
const WIDE_USER: u16 = 25;
const ROOMY: u16 = 60;
const AGE: u16 = 5;
const TWINS: u16 = 4;

pub(super) fn draw(screen: &mut RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    if screen.logins().is_empty() {
        return draw_empty(screen, frame, area, scope);
    }
    let panes = panes::arrange(frame, area, WIDE, screen.zoomed, scope);
    screen.alone = panes.alone();
    if let Some(list) = panes.list {
        draw_table(screen, frame, list, scope);
    }
    if let (Some(details), Some(login)) = (panes.details, screen.selected()) {
        let mut details = Details::new(frame.buffer_mut(), details, panes.flat, scope);
        draw_details(screen, login, &mut details, scope);
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
            details.sentence("Let Docker keep them here:  regpass shims install", Meaning::Plain);
            details.sentence("Then log in as always:  docker login REGISTRY", Meaning::Plain);
            if !screen.unreadable().is_empty() {
                details.gap();
                let count = words::counted(screen.unreadable().len() as u64, "name");
                details.sentence(&format!("{count} there are no logins; u tells why"), Meaning::Warn);
            }
        }
    }
}

fn draw_table(screen: &mut RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let mut list = Rect { width: area.width.saturating_sub(1), ..area };
    if screen.typing || screen.is_filtered() {
        needle::draw(&screen.needle, screen.typing, frame, Rect { height: 1, ..list }, scope);
        list = Rect { y: list.y + 1, height: list.height - 1, ..list };
    }
    let muted = scope.theme.style(Meaning::Muted);
    let head = columns_of(["REGISTRY", "", "USER", "AGE"], list.width.saturating_sub(2), [muted; 4], scope);
    frame.buffer_mut().set_line(list.x + 2, list.y, &head, list.width.saturating_sub(2));
    list = Rect { y: list.y + 1, height: list.height - 1, ..list };
    if screen.rows.is_empty() {
        let text = words::fit("nothing fits; Esc clears the filter", list.width.saturating_sub(2), "");
        frame.buffer_mut().set_string(list.x + 2, list.y, text, muted);
    }
    let mut place = screen.place;
    place.draw(frame.buffer_mut(), list, screen.rows.len(), scope, |index, columns| {
        let index = screen.rows[index] as usize;
        let Some(login) = screen.logins().get(index) else { return Line::default() };
        if screen.is_filtered() {
            let hits = screen.filter.positions(&screen.names[index], screen.needle.text());
            return needle::marked(&screen.names[index], &hits, columns, &scope.theme);
        }
        table_row(login, columns, scope)
    });
    screen.place = place;
}

fn draw_details(screen: &RegistriesScreen, login: &RegistryLogin, details: &mut Details<'_>, scope: &Scope) {
    let glyphs = scope.theme.glyphs;
    details.title(&canonical(login));
    let user = text::escaped(login.login.as_str().as_bytes());
    let token = if login.login.is_identity_token() { "  (an identity token)" } else { "" };
    details.fact("user", &format!("{user}{token}"), Meaning::Plain);
    screen.secret.draw(details, "secret", scope);
    details.gap();
    let (active, meaning) = if login.active {
        (format!("{} yes, Docker gets this one", glyphs.active), Meaning::Good)
    } else {
        (format!("{} no, a newer login answers", glyphs.warn), Meaning::Warn)
    };
    details.fact("active", &active, meaning);
    details.fact("changed", &age::long(scope.wall, login.modified), Meaning::Plain);
    details.line_fact("spelling", &login.server.display(), Meaning::Plain);
    for twin in &login.twins {
        details.line_fact(&format!("also {}", glyphs.twin), &twin.display(), Meaning::Warn);
    }
    details.line_fact("file", &words::path(&login.file, scope.home.as_deref()), Meaning::Muted);
}

/// The registry that a login is for, safe for the screen.
pub(super) fn canonical(login: &RegistryLogin) -> Cow<'_, str> {
    text::escaped(login.canonical.as_bytes())
}

fn table_row(login: &RegistryLogin, columns: u16, scope: &Scope) -> Line<'static> {
    let theme = &scope.theme;
    let twins = match login.twins.len() {
        0 => String::new(),
        others => format!("{} {}", others + 1, theme.glyphs.twin),
    };
    let quiet = theme.style(if login.active { Meaning::Plain } else { Meaning::Muted });
    // Twins mean the same registry: their spellings tell them apart.
    let name = if login.twins.is_empty() { canonical(login) } else { login.server.display() };
    let cells =
        [&*name, &*twins, &*text::escaped(login.login.as_str().as_bytes()), &*age::short(scope.wall, login.modified)];
    columns_of(cells, columns, [quiet, theme.style(Meaning::Warn), quiet, theme.style(Meaning::Muted)], scope)
}

/// Registry, twins, user, age side by side; the age stands at the right.
fn columns_of(cells: [&str; 4], columns: u16, styles: [Style; 4], scope: &Scope) -> Line<'static> {
    let mark = scope.theme.glyphs.ellipsis;
    let user = if columns >= ROOMY { WIDE_USER } else { USER };
    let registry = columns.saturating_sub(user + AGE + TWINS).max(8);
    let cell = |index: usize, width: u16, right: bool| {
        let text = match index {
            0 => words::fit_middle(cells[index], width, mark),
            _ => words::fit(cells[index], width, mark),
        };
        let gap = " ".repeat(usize::from(width.saturating_sub(words::width(&text))));
        let text = if right { format!("{gap}{text}") } else { format!("{text}{gap}") };
        Span::styled(text, styles[index])
    };
    Line::from(vec![
        cell(0, registry, false),
        cell(1, TWINS, true),
        Span::raw(" "),
        cell(2, user - 1, false),
        cell(3, AGE, true),
    ])
}
