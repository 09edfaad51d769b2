//! How the contexts look: registries as rows, contexts as columns, the selected cell in full.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::screen::Scope;
use super::super::theme::{Glyphs, Meaning};
use super::super::widgets::details::Details;
use super::super::widgets::{panes, progress, words};
use super::contexts::{Action, Contexts};
use crate::model::text;
use crate::ops::contexts::{Answer, Cell, Context, Matrix};

const BESIDE: panes::Beside = panes::Beside { from: 160, share: 60 };

/// Columns of a context, the brackets around the chosen one included.
const CELL: u16 = 14;

/// The least and the most columns of the registry's name.
const NAME_MIN: u16 = 14;
const NAME_MAX: u16 = 34;

pub(super) fn draw(screen: &mut Contexts, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let is_empty = screen.matrix.as_ref().is_none_or(|matrix| matrix.registries.is_empty());
    if is_empty {
        return draw_instead(screen, frame, area, scope);
    }
    let panes = panes::arrange(frame, area, BESIDE, screen.zoomed, scope);
    (screen.alone, screen.below) = (panes.alone(), panes.below);
    if let Some(list) = panes.list {
        draw_matrix(screen, frame, list, scope);
    }
    let Some(area) = panes.details else { return };
    let mut details = Details::new(frame.buffer_mut(), area, panes.flat, scope);
    let keys = [Action::More, Action::Less].map(|action| scope.key_of::<Contexts>(action)).join(", ");
    let (Some(cell), Some(matrix)) = (screen.cell(), &screen.matrix) else { return };
    if let Some(context) = matrix.contexts.get(cell.context) {
        let name = text::escaped(cell.registry.as_bytes());
        details.title(&format!("{name} as {}: {}", context.name, answer(cell.answer, scope.theme.glyphs)));
        details.scroll(screen.scroll);
        draw_cell(cell, context, matrix, &mut details, scope);
    }
    screen.scroll = details.end_scroll(&keys);
}

/// Where there is no matrix.
fn draw_instead(screen: &Contexts, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 };
    let mut details = Details::new(frame.buffer_mut(), area, false, scope);
    match (&screen.problem, &screen.matrix) {
        (Some(problem), _) => details.problem(problem),
        (None, None) => {
            details.sentence("looking which login Docker would find as whom", Meaning::Plain);
            details.sentence(&progress::words(&screen.pace, scope), Meaning::Muted);
        }
        (None, Some(matrix)) => {
            details.sentence("No store and no configuration of Docker names a registry here.", Meaning::Plain);
            matrix.missed.iter().for_each(|one| details.sentence(&one.why, Meaning::Warn));
        }
    }
}

/// The mark and the word of an answer.
pub(super) fn answer(answer: Answer, glyphs: &Glyphs) -> String {
    let (mark, word) = match answer {
        Answer::Found => (glyphs.good, "found"),
        Answer::NotFound => (glyphs.bad, "none"),
        Answer::Error => (glyphs.bad, "error"),
        Answer::Unknown => ("?", "unknown"),
    };
    format!("{mark} {word}")
}

fn meaning(answer: Answer) -> Meaning {
    match answer {
        Answer::Found => Meaning::Good,
        Answer::NotFound | Answer::Error => Meaning::Bad,
        Answer::Unknown => Meaning::Warn,
    }
}

fn draw_matrix(screen: &mut Contexts, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let list = screen.finder.draw_field(frame, area, scope);
    let Some(matrix) = &screen.matrix else { return };
    let widest = matrix.registries.iter().map(|name| words::width(&text::escaped(name.as_bytes()))).max().unwrap_or(0);
    let name = (widest + 1).clamp(NAME_MIN, NAME_MAX).min(list.width.saturating_sub(CELL + 2));
    let fits = usize::from((list.width.saturating_sub(name + 2) / CELL).max(1));
    // The chosen context is in view.
    screen.first = screen.first.min(screen.column).max((screen.column + 1).saturating_sub(fits));
    screen.first = screen.first.min(matrix.contexts.len().saturating_sub(fits));
    let shown = screen.first..(screen.first + fits).min(matrix.contexts.len());
    let column = screen.column;
    head(matrix, shown.clone(), column, frame, Rect { x: list.x + 2 + name, height: 1, ..list }, scope);
    let list = Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list };
    let selected = screen.finder.selected();
    screen.finder.draw_as_made(frame, list, scope, |index, _| {
        let registry = matrix.registries.get(index as usize).map_or("", String::as_str);
        let registry = words::fit_middle(&text::escaped(registry.as_bytes()), name - 1, scope.theme.glyphs.ellipsis);
        let gap = usize::from(name.saturating_sub(words::width(&registry)));
        let mut spans = vec![Span::raw(format!("{registry}{:gap$}", ""))];
        for context in shown.clone() {
            let chosen = context == column && selected == Some(index);
            spans.push(cell_span(matrix.cell(context, index as usize), chosen, scope));
        }
        Line::from(spans)
    });
}

/// The contexts' names; marks where there are more to the left and to the right.
fn head(
    matrix: &Matrix,
    shown: std::ops::Range<usize>,
    column: usize,
    frame: &mut Frame<'_>,
    area: Rect,
    scope: &Scope,
) {
    let glyphs = scope.theme.glyphs;
    let mut x = area.x;
    for context in shown.clone() {
        let name = matrix.contexts.get(context).map_or("", |context| context.name.as_str());
        let name = words::fit_middle(name, CELL - 2, glyphs.ellipsis);
        let meaning = if context == column { Meaning::Accent } else { Meaning::Muted };
        frame.buffer_mut().set_string(x + 1, area.y, name, scope.theme.style(meaning));
        x += CELL;
    }
    let style = scope.theme.style(Meaning::Key);
    if shown.start > 0 {
        frame.buffer_mut().set_stringn(area.x.saturating_sub(2), area.y, "<", 1, style);
    }
    if shown.end < matrix.contexts.len() {
        frame.buffer_mut().set_stringn(x.saturating_sub(1), area.y, ">", 1, style);
    }
}

/// A found login is told by its user.
fn cell_span(cell: Option<&Cell>, chosen: bool, scope: &Scope) -> Span<'static> {
    let Some(cell) = cell else { return Span::raw(" ".repeat(usize::from(CELL))) };
    let glyphs = scope.theme.glyphs;
    let told = match (&cell.login, cell.answer) {
        (Some(login), Answer::Found) => format!("{} {}", glyphs.good, login.shown()),
        _ => answer(cell.answer, glyphs),
    };
    let told = words::fit(&told, CELL - 3, glyphs.ellipsis);
    let gap = usize::from((CELL - 2).saturating_sub(words::width(&told)));
    let (open, close) = if chosen { ("[", "]") } else { (" ", " ") };
    let text = format!("{open}{told}{close}{:gap$}", "");
    Span::styled(text, scope.theme.style(meaning(cell.answer)))
}

fn draw_cell(cell: &Cell, context: &Context, matrix: &Matrix, details: &mut Details<'_>, scope: &Scope) {
    let home = scope.home.as_deref();
    details.sentence(&cell.why, meaning(cell.answer));
    if let Some(mend) = &cell.mend {
        details.sentence(&format!("{} {mend}", scope.theme.glyphs.closed), Meaning::Accent);
    }
    details.gap();
    for (index, step) in cell.steps.iter().enumerate() {
        let mark = if step.good { scope.theme.glyphs.good } else { scope.theme.glyphs.bad };
        let place = step.place.as_deref().map(|path| format!(" ({})", words::path(path, home))).unwrap_or_default();
        let told = format!("{} {mark} {}: {}{place}", index + 1, step.name, step.seen);
        details.item(&told, if step.good { Meaning::Plain } else { Meaning::Bad });
    }
    details.gap();
    let who = match (&context.user, context.uid) {
        (Some(user), Some(uid)) => format!("{} (uid {uid})", text::escaped(user.as_bytes())),
        (Some(user), None) => text::escaped(user.as_bytes()).into_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "not known".to_owned(),
    };
    details.fact("runs as", &who, Meaning::Plain);
    let places = [
        ("home", &context.home),
        ("config", &context.config),
        ("program", &context.program),
        ("store", &context.store),
        ("GnuPG", &context.gnupg_home),
        ("from", &context.file),
    ];
    for (label, place) in places {
        if let Some(place) = place {
            details.fact(label, &text::bounded(place.as_os_str().as_encoded_bytes()), Meaning::Plain);
        }
    }
    let missed = matrix.missed.iter().map(|missed| &missed.why);
    context.doubts.iter().chain(missed).for_each(|doubt| details.sentence(doubt, Meaning::Warn));
}
