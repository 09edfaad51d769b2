//! How the audit looks: the list, the selected row in full with what docs/checks.md says of its check, and what stands in
//! the place of a list.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::audit::{Judged, Look, Verdicts};
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::{panes, progress, words};
use super::audit::{Action, Audit};
use super::audit_rows::{Item, finding_word, verdict_word};
use crate::model::{age, text};
use crate::ops::audit::{Severity, Spot, Verdict};

const BESIDE: panes::Beside = panes::Beside { from: 120, share: 55 };

/// From so many columns on a row has the check's id.
const WITH_ID: u16 = 60;

/// What of a check's section on the page is told beside a finding; what mends it is said by the finding itself.
const TOLD: [&str; 4] = ["What", "Why it matters", "How it is found", "How it is mended"];

pub(super) fn draw(screen: &mut Audit, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    if screen.looks.is_empty() {
        return draw_instead(screen, frame, area, scope);
    }
    let panes = panes::arrange(frame, area, BESIDE, screen.zoomed, scope);
    (screen.alone, screen.below) = (panes.alone(), panes.below);
    if let Some(list) = panes.list {
        draw_list(screen, frame, list, scope);
    }
    let Some(area) = panes.details else { return };
    let mut details = Details::new(frame.buffer_mut(), area, panes.flat, scope);
    let keys = [Action::More, Action::Less].map(|action| scope.key_of::<Audit>(action)).join(", ");
    screen.scroll = match screen.item().cloned() {
        Some(item) => {
            draw_item(screen, &item, &mut details, scope);
            details.end_scroll(&keys)
        }
        None => Default::default(),
    };
}

/// Where there is no list.
fn draw_instead(screen: &Audit, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 };
    let mut details = Details::new(frame.buffer_mut(), area, false, scope);
    match (&screen.running, &screen.problem) {
        (Some(running), _) => {
            details.sentence(
                "looking for what leaks credentials here, and for what keeps them from being found",
                Meaning::Plain,
            );
            details.gap();
            details.sentence(&progress::words(&running.pace, scope), Meaning::Muted);
        }
        (None, Some(problem)) => details.problem(problem),
        (None, None) => {
            let key = scope.key_of::<Audit>(Action::Reload);
            details.sentence(&format!("Nothing was looked at: {key} runs all checks."), Meaning::Plain);
        }
    }
}

fn draw_list(screen: &mut Audit, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let list = screen.finder.draw_field(frame, area, scope);
    let (line, meaning) = summary(screen, scope);
    let line = words::fit(&line, list.width.saturating_sub(2), scope.theme.glyphs.ellipsis);
    frame.buffer_mut().set_string(list.x + 2, list.y, line, scope.theme.style(meaning));
    let list = Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list };
    let (rows, looks) = (&screen.rows, &screen.looks);
    screen.finder.draw_as_made(frame, list, scope, |index, columns| {
        rows.get(index as usize).map_or_else(Line::default, |row| row_line(&row.item, looks, columns, scope))
    });
}

/// All of it in one line; while it is run again, how far that is.
fn summary(screen: &Audit, scope: &Scope) -> (String, Meaning) {
    if let Some(running) = &screen.running {
        let pace = progress::words(&running.pace, scope);
        return (format!("looking again: {pace}"), Meaning::Accent);
    }
    let when = screen.when.unwrap_or(scope.wall);
    let verdicts = Verdicts::of(&screen.looks, when);
    let (mark, meaning) = standing(&verdicts, scope);
    (format!("{mark} {}; looked {}", verdicts.words(), age::long(scope.wall, when)), meaning)
}

/// The mark of the worst there is, and what it means.
pub(super) fn standing(verdicts: &Verdicts, scope: &Scope) -> (&'static str, Meaning) {
    match verdicts.worst() {
        Some(severity) => (mark(severity, scope), meaning(severity)),
        None if verdicts.unseen > 0 => (scope.theme.glyphs.warn, Meaning::Warn),
        None => (scope.theme.glyphs.good, Meaning::Good),
    }
}

fn meaning(severity: Severity) -> Meaning {
    match severity {
        Severity::Critical | Severity::High => Meaning::Bad,
        Severity::Medium => Meaning::Warn,
        Severity::Low | Severity::Info => Meaning::Plain,
    }
}

fn mark(severity: Severity, scope: &Scope) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => scope.theme.glyphs.bad,
        Severity::Medium => scope.theme.glyphs.warn,
        Severity::Low | Severity::Info => scope.theme.glyphs.active,
    }
}

fn row_line(item: &Item, looks: &[Look], columns: u16, scope: &Scope) -> Line<'static> {
    let glyphs = scope.theme.glyphs;
    match item {
        Item::Group(group) => group_line(&looks[group.clone()], columns, scope),
        Item::Finding { look, finding } => {
            let judged = &looks[*look].findings[*finding];
            let severity = judged.finding.severity;
            let (mark, meaning) = match judged.ignored {
                Some(_) => (" ", Meaning::Muted),
                None => (mark(severity, scope), meaning(severity)),
            };
            told_line((mark, finding_word(judged), meaning), judged.finding.id, &judged.finding.title, columns, scope)
        }
        Item::Check(look) => {
            let look = &looks[*look];
            let (mark, meaning) = match look.verdict {
                Verdict::Clean => (glyphs.good, Meaning::Good),
                Verdict::Skipped => (" ", Meaning::Muted),
                Verdict::Found | Verdict::Failed => (glyphs.warn, Meaning::Warn),
            };
            let what = look.why.as_deref().unwrap_or(look.check.title);
            told_line((mark, verdict_word(look.verdict), meaning), look.check.id, what, columns, scope)
        }
    }
}

/// `✘ high     INL01 what is wrong`.
fn told_line(
    (mark, word, meaning): (&'static str, &'static str, Meaning),
    id: &str,
    what: &str,
    columns: u16,
    scope: &Scope,
) -> Line<'static> {
    let gap = 2_usize.saturating_sub(usize::from(words::width(mark)));
    let front = format!("{mark}{:gap$} {word:<8} ", "");
    let id = if columns >= WITH_ID { format!("{id} ") } else { String::new() };
    let room = columns.saturating_sub(words::width(&front) + words::width(&id) + 2);
    let what = words::fit(what, room, scope.theme.glyphs.ellipsis);
    Line::from(vec![
        Span::raw("  "),
        Span::styled(front, scope.theme.style(meaning)),
        Span::styled(id, scope.theme.style(Meaning::Muted)),
        Span::raw(what),
    ])
}

/// A group's title, and at the right what was found in it.
fn group_line(group: &[Look], columns: u16, scope: &Scope) -> Line<'static> {
    let verdicts = Verdicts::of(group, std::time::UNIX_EPOCH);
    let (mark, meaning) = standing(&verdicts, scope);
    let title = group.first().map_or("", |look| look.group.title);
    let room = columns.saturating_sub(words::width(title) + 2);
    let end = words::fit(&format!("{mark} {}", verdicts.words()), room, scope.theme.glyphs.ellipsis);
    let gap = usize::from(columns.saturating_sub(words::width(title) + words::width(&end)));
    Line::from(vec![
        Span::styled(title, scope.theme.style(Meaning::Accent)),
        Span::raw(" ".repeat(gap)),
        Span::styled(end, scope.theme.style(meaning)),
    ])
}

fn draw_item(screen: &Audit, item: &Item, details: &mut Details<'_>, scope: &Scope) {
    match item {
        Item::Group(group) => draw_group(&screen.looks[group.clone()], screen, details, scope),
        Item::Finding { look, .. } => {
            if let (Some(judged), Some(look)) = (screen.finding(), screen.looks.get(*look)) {
                draw_finding(judged, screen, details, scope);
                draw_section(look, details);
                details.fact("fingerprint", &judged.finding.fingerprint(), Meaning::Muted);
            }
        }
        Item::Check(look) => {
            let Some(look) = screen.looks.get(*look) else { return };
            details.title(&format!("{} {}", look.check.id, look.check.title));
            details.scroll(screen.scroll);
            details.fact("answer", verdict_words(look), Meaning::Plain);
            if let Some(why) = &look.why {
                details.sentence(why, if look.has_missed() { Meaning::Warn } else { Meaning::Plain });
            }
            draw_section(look, details);
        }
    }
}

fn verdict_words(look: &Look) -> &'static str {
    match look.verdict {
        Verdict::Clean => "clean: nothing of the kind was found",
        Verdict::Skipped => "skipped: it was not looked for",
        Verdict::Found => "found, and it could not look everywhere",
        Verdict::Failed => "not known: it could not look everywhere",
    }
}

fn draw_finding(judged: &Judged, screen: &Audit, details: &mut Details<'_>, scope: &Scope) {
    let finding = &judged.finding;
    details.title(&finding.title);
    details.scroll(screen.scroll);
    if let Some(path) = finding.place() {
        let spot = match &finding.spot {
            Spot::Whole => String::new(),
            Spot::Line(line) => format!(", line {line}"),
            Spot::Pointer(pointer) => format!(" {}", text::escaped(pointer.as_bytes())),
        };
        details.fact("where", &format!("{}{spot}", words::path(&path, scope.home.as_deref())), Meaning::Plain);
    }
    details.fact(
        "severity",
        &format!("{}, {}", finding.severity.id(), finding.confidence.id()),
        meaning(finding.severity),
    );
    if let Some(registry) = &finding.registry {
        let user = finding.account.as_ref().filter(|login| login.is_showable());
        let user = user.map(|login| format!(" as {}", login.shown()));
        let registry = text::escaped(registry.as_bytes());
        details.fact("registry", &format!("{registry}{}", user.unwrap_or_default()), Meaning::Plain);
    }
    if let Some(ignored) = &judged.ignored {
        let by = ignored.by.as_ref().map(|by| format!(", by {}", text::escaped(by.as_bytes())));
        let reason = text::escaped(ignored.reason.as_bytes());
        let told = format!("until {}{}: {reason}", ignored.expires, by.unwrap_or_default());
        details.fact("ignored", &told, Meaning::Muted);
    }
    details.sentence(&format!("{} {}", scope.theme.glyphs.closed, finding.fix), Meaning::Accent);
    details.gap();
}

/// What the page says of the check.
fn draw_section(look: &Look, details: &mut Details<'_>) {
    details.item(&format!("{} {}", look.check.id, look.check.title), Meaning::Muted);
    for (label, said) in look.section.iter().filter(|(label, _)| TOLD.contains(label)) {
        details.sentence(&format!("{label}: {said}"), Meaning::Plain);
    }
}

fn draw_group(group: &[Look], screen: &Audit, details: &mut Details<'_>, scope: &Scope) {
    let Some(first) = group.first() else { return };
    details.title(&format!("{} (--group {})", first.group.title, first.group.name));
    details.scroll(screen.scroll);
    for look in group {
        let found = look.findings.iter().filter(|judged| judged.ignored.is_none()).count();
        let (mark, meaning, word) = match look.verdict {
            Verdict::Found if found > 0 => (scope.theme.glyphs.bad, Meaning::Warn, format!("{found} found")),
            Verdict::Found => (" ", Meaning::Muted, "ignored".to_owned()),
            Verdict::Clean => (scope.theme.glyphs.good, Meaning::Plain, "clean".to_owned()),
            Verdict::Skipped => (" ", Meaning::Muted, "skipped".to_owned()),
            Verdict::Failed => (scope.theme.glyphs.warn, Meaning::Warn, "unseen".to_owned()),
        };
        details.item(&format!("{mark} {word}: {} {}", look.check.id, look.check.title), meaning);
    }
}
