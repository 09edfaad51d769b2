//! What stands around the body: the tabs, the last result, and the notice on a terminal too small for any of it. Drawn
//! by `app.rs`, which knows what they say.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::screen::{Scope, Toast, Tone};
use super::screens::TABS;
use super::theme::Meaning;
use super::widgets::words;

/// Stands at the right of the tabs.
const HELP: &str = "? help";

pub(super) fn draw_tabs(buffer: &mut Buffer, area: Rect, current: usize, demo: bool, scope: &Scope) {
    let theme = &scope.theme;
    let mut x = area.x + 1;
    for (index, (at, title)) in titles(area.width, current).iter().enumerate() {
        let meaning = if index == current { Meaning::Accent } else { Meaning::Muted };
        let room = usize::from(area.width.saturating_sub(*at));
        x = buffer.set_stringn(area.x + at, area.y, title, room, theme.style(meaning)).0 + 2;
    }
    let at = area.right().saturating_sub(words::width(HELP) + 1);
    if demo {
        let room = at.saturating_sub(x + 1);
        let said = ["demo: nothing here is real", "demo, not real", "demo"];
        let said = said.into_iter().find(|said| words::width(said) <= room).unwrap_or_default();
        buffer.set_string(x + 1, area.y, said, theme.style(Meaning::Warn));
    }
    buffer.set_string(at, area.y, "?", theme.style(Meaning::Key));
    buffer.set_string(at + 1, area.y, " help", theme.style(Meaning::Muted));
}

/// The tab whose title stands in that column.
pub(super) fn tab_at(columns: u16, current: usize, column: u16) -> Option<usize> {
    titles(columns, current).into_iter().position(|(x, title)| (x..x + words::width(&title)).contains(&column))
}

/// The columns where titles begin, and the titles. Where not all have room, those of the tabs behind are left out.
fn titles(columns: u16, current: usize) -> Vec<(u16, String)> {
    let all: u16 = TABS.iter().map(|tab| words::width(tab.title) + 4).sum();
    let whole = all + words::width(HELP) < columns;
    let mut x = 1;
    let mut titles = Vec::new();
    for (index, tab) in TABS.iter().enumerate() {
        let title = if whole || index == current { format!(" {}", tab.title) } else { String::new() };
        let title = format!("{}{title}", index + 1);
        let width = words::width(&title);
        titles.push((x, title));
        x += width + 2;
    }
    titles
}

/// The most lines of a result. The log has all of a longer one.
const TOAST_LINES: u16 = 4;

/// Over the rule above the keys, so that it hides nothing; what is longer takes lines of the body too while it stands.
pub(super) fn draw_toast(buffer: &mut Buffer, rule: Rect, toast: &Toast, scope: &Scope) {
    let glyphs = scope.theme.glyphs;
    let (mark, meaning) = match toast.tone {
        Tone::Good => (glyphs.good, Meaning::Good),
        Tone::Warn => (glyphs.warn, Meaning::Warn),
    };
    let lines = toast_lines(&toast.text, rule.width.saturating_sub(6).max(1), glyphs.ellipsis);
    let above = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(1);
    let mut mark = format!(" {mark} ");
    for (line, y) in lines.iter().zip(rule.y.saturating_sub(above)..=rule.y) {
        if y < rule.y {
            let blanks = " ".repeat(usize::from(rule.width));
            buffer.set_string(rule.x, y, blanks, scope.theme.style(Meaning::Plain));
        }
        let front = std::mem::replace(&mut mark, "   ".to_owned());
        buffer.set_string(rule.x + 1, y, format!("{front}{line} "), scope.theme.style(meaning));
    }
}

/// Of one that is too long the middle is left out.
fn toast_lines(text: &str, columns: u16, ellipsis: &str) -> Vec<String> {
    let mut room = words::width(text);
    loop {
        let lines = words::wrapped(&words::fit_middle(text, room, ellipsis), columns);
        if lines.len() <= usize::from(TOAST_LINES) || room <= columns {
            return lines;
        }
        room = room.saturating_sub(1).min(columns.saturating_mul(TOAST_LINES));
    }
}

pub(super) fn draw_notice(frame: &mut Frame<'_>, area: Rect, smallest: (u16, u16), holds_work: bool, scope: &Scope) {
    let (width, height) = smallest;
    let text = match holds_work {
        true => format!("there is unsaved text: make the terminal {width}x{height} or larger; Ctrl-C gives it up"),
        false => format!("regpass needs {width}x{height}; this is {}x{}. q quits", area.width, area.height),
    };
    for (line, y) in words::wrapped(&text, area.width.max(1)).iter().zip(area.top()..area.bottom()) {
        let columns = usize::from(area.width);
        frame.buffer_mut().set_stringn(area.x, y, line, columns, scope.theme.style(Meaning::Warn));
    }
}
