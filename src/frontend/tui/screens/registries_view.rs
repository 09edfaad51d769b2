//! How the registries screen looks; `registries.rs` is what it does.

use std::borrow::Cow;

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
use crate::ops::registries::RegistryLogin;

/// With fewer columns the details stand under the table, which needs them.
const BESIDE: panes::Beside = panes::Beside { from: 120, share: 58 };

/// Columns of the age and of the twins' flag, the gaps before them included.
const AGE: u16 = 5;
const TWINS: u16 = 4;

/// Columns of the two names, which share what the others leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Names {
    registry: u16,
    user: u16,
}

impl Names {
    /// What these logins would need, and their headings.
    pub(super) fn widest(logins: &[RegistryLogin]) -> Names {
        let widest = |names: &mut dyn Iterator<Item = u16>| names.max().unwrap_or_default();
        Names {
            registry: widest(&mut logins.iter().map(|login| words::width(&shown_name(login)))).max(8),
            user: widest(&mut logins.iter().map(|login| words::width(&user(login)))).max(4),
        }
    }

    /// As they fit into a row of so many columns: all of both where there is room, else the user gets at most two of five
    /// columns, unless the registries leave more; their names can be told apart when cut in the middle.
    fn within(self, columns: u16) -> Names {
        let both = columns.saturating_sub(TWINS + 1 + AGE);
        let left = both.saturating_sub(self.registry);
        let user = self.user.min(left.max(both * 2 / 5));
        let registry = both - user;
        // Room to spare goes between the two and behind them.
        let registry = registry.min(self.registry.max(both * 3 / 5));
        Names { registry, user: both - registry }
    }
}

pub(super) fn draw(screen: &mut RegistriesScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    if screen.logins().is_empty() {
        return draw_empty(screen, frame, area, scope);
    }
    let panes = panes::arrange(frame, area, BESIDE, screen.zoomed, scope);
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
    let head = columns_of(["REGISTRY", "", "USER", "AGE"], widths, [muted; 4], scope);
    frame.buffer_mut().set_line(list.x + 2, list.y, &head, list.width.saturating_sub(2));
    list = Rect { y: list.y + 1, height: list.height - 1, ..list };
    let Some(Ok(registries)) = &screen.loaded else { return };
    let names = &screen.names;
    let name = |index: u32| names.get(index as usize).map_or("", String::as_str);
    screen.finder.draw_rows(frame, list, scope, (name, None), |index, _| {
        registries.logins.get(index as usize).map_or_else(Line::default, |login| table_row(login, widths, scope))
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
    let (active, meaning) = if login.active {
        (format!("{} yes, Docker gets this one", glyphs.active), Meaning::Good)
    } else {
        (format!("{} no, a newer login answers", glyphs.warn), Meaning::Warn)
    };
    details.fact("active", &active, meaning);
    details.fact("changed", &age::long(scope.wall, login.modified), Meaning::Plain);
    details.line_fact("spelling", &login.server.display(), Meaning::Plain);
    for twin in &login.twins {
        let also = format!("{}: the same registry, spelled otherwise", twin.display());
        details.fact(&format!("also {}", glyphs.twin), &also, Meaning::Warn);
    }
    details.line_fact("file", &words::path(&login.file, scope.home.as_deref()), Meaning::Muted);
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

fn table_row(login: &RegistryLogin, widths: Names, scope: &Scope) -> Line<'static> {
    let theme = &scope.theme;
    let twins = match login.twins.len() {
        0 => String::new(),
        others => format!("{} {}", others + 1, theme.glyphs.twin),
    };
    let quiet = theme.style(if login.active { Meaning::Plain } else { Meaning::Muted });
    let (name, user, age) = (shown_name(login), user(login), age::short(scope.wall, login.modified));
    let styles = [quiet, theme.style(Meaning::Warn), quiet, theme.style(Meaning::Muted)];
    columns_of([&*name, &*twins, &*user, &*age], widths, styles, scope)
}

/// Registry, twins, user, age side by side; the age stands at the right.
fn columns_of(cells: [&str; 4], widths: Names, styles: [Style; 4], scope: &Scope) -> Line<'static> {
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
    Line::from(vec![
        cell(0, widths.registry, false),
        cell(1, TWINS, true),
        Span::raw(" "),
        cell(2, widths.user, false),
        cell(3, AGE, true),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_cut_while_there_is_room_for_it() {
        let fits = |registry, user, columns| Names { registry, user }.within(columns);
        assert_eq!(fits(30, 20, 60), Names { registry: 30, user: 20 });
        assert_eq!(fits(20, 10, 80), Names { registry: 42, user: 28 });
        assert_eq!(fits(44, 36, 66), Names { registry: 34, user: 22 });
        assert_eq!(fits(10, 90, 60), Names { registry: 10, user: 40 });
        assert_eq!(fits(44, 36, 5), Names { registry: 0, user: 0 });
    }
}
