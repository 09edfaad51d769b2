//! How the registries screen looks; `registries.rs` is what it does.

use std::borrow::Cow;
use std::path::Path;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::secret_panel::PanelKeys;
use super::super::widgets::{panes, words};
use super::registries::{Action, RegistriesScreen};
use super::registries_columns::{columns_of, head_row, row_below};
use super::registries_table::{Item, place_user};
use super::registries_test_view;
use crate::model::{age, misplaced, text};
use crate::ops::registries::{Asked, Elsewhere, Place, Registry, RegistryLogin, shown_name};

/// With fewer columns the details stand under the table, which needs them.
const BESIDE: panes::Beside = panes::Beside { from: 150, share: 60 };

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
        let test = screen.tests.of(registry, Item::Place(one), screen.is_at_head());
        registries_test_view::draw(test.as_ref(), None, &mut details, scope);
        draw_elsewhere(registry, one, &mut details, scope);
        registries_test_view::draw_steps(test.as_ref(), &mut details, scope);
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
            let key = scope.key_of::<RegistriesScreen>(Action::LogIn);
            details.sentence("Home tells what Docker needs to keep them here.", Meaning::Plain);
            details.sentence(
                &format!("Then {key} logs in, and so does  {variables}docker login REGISTRY"),
                Meaning::Plain,
            );
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
    let widths = screen.widest.within(list.width.saturating_sub(2), screen.tests.has_any());
    let heads = ["REGISTRY", "", "USER", "KIND", "AGE", "TESTED", "EXPIRES", "FOUND IN"];
    let head = columns_of(heads, widths, [muted; 8], scope);
    frame.buffer_mut().set_line(list.x + 2, list.y, &head, list.width.saturating_sub(2));
    list = Rect { y: list.y + 1, height: list.height - 1, ..list };
    let (table, deaths, tests) = (&screen.table, &screen.deaths, &screen.tests);
    let name = |row: u32| table.name(row);
    screen.finder.draw_rows(frame, list, scope, (name, None), |row, _| {
        let (Some(registry), Some(item)) = (table.registry(row), table.item(row)) else { return Line::default() };
        let end = match item {
            Item::Login(login) => deaths.get(&login.entry).copied().or(login.expires),
            Item::Place(_) => None,
        };
        let is_head = table.is_head(row);
        let ends = (end, tests.of(registry, item, is_head));
        if is_head { head_row(registry, item, ends, widths, scope) } else { row_below(item, ends, widths, scope) }
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
    let test = screen.tests.of(registry, Item::Login(login), screen.is_at_head());
    registries_test_view::draw(test.as_ref(), Some(login), details, scope);
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
    registries_test_view::draw_steps(test.as_ref(), details, scope);
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
        return (
            format!(
                "{} no, another login answers: {} makes it this one",
                glyphs.warn,
                scope.key_of::<RegistriesScreen>(Action::Use)
            ),
            Meaning::Warn,
        );
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
        (Place::Ours(_), _) if !stored => {
            format!("{} puts one there", scope.key_of::<RegistriesScreen>(Action::LogIn))
        }
        (Place::Ours(_) | Place::Helper(_), _) => return,
    };
    details.sentence(&format!("{} {advice}", glyphs.closed), Meaning::Plain);
}

/// The registry that a login is for, safe for the screen.
pub(super) fn canonical(login: &RegistryLogin) -> String {
    shown_name(&login.canonical)
}

pub(super) fn user(login: &RegistryLogin) -> Cow<'_, str> {
    login.login.shown()
}
