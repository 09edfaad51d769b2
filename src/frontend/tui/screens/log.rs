//! The last results, newest first: what a toast said that was too short to read. Toasts hold no secret, so this does not.

use std::time::SystemTime;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::keys::{Binding, Key};
use super::super::screen::{Flow, Scope, Screen, Toast, Tone};
use super::super::theme::Meaning;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::{popup, words};
use crate::model::age;

/// Columns of the age.
const AGE: u16 = 15;

pub(in super::super) struct Log {
    said: Vec<(SystemTime, Toast)>,
    place: ListPlace,
    /// Lines when last drawn.
    lines: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Close,
}

const KEYS: &[Binding<Action>] = &[Binding {
    keys: &[Key::named(KeyCode::Esc), Key::named(KeyCode::Enter), Key::char('@'), Key::char('q')],
    action: Action::Close,
    hint: "close",
    help: "close the list",
}];

impl Log {
    /// Newest first.
    pub(in super::super) fn new(said: Vec<(SystemTime, Toast)>) -> Log {
        Log { said, place: ListPlace::default(), lines: 0 }
    }
}

/// The whole text of a result, its age before the first line.
fn lines(time: SystemTime, toast: &Toast, columns: u16, scope: &Scope) -> Vec<Line<'static>> {
    let glyphs = scope.theme.glyphs;
    let (mark, meaning) = match toast.tone {
        Tone::Good => (glyphs.good, Meaning::Good),
        Tone::Warn => (glyphs.warn, Meaning::Warn),
    };
    let begins = AGE + words::width(mark) + 1;
    let mut before = vec![
        Span::styled(
            format!("{:<1$}", age::long(scope.wall, time), usize::from(AGE)),
            scope.theme.style(Meaning::Muted),
        ),
        Span::styled(format!("{mark} "), scope.theme.style(meaning)),
    ];
    let text = words::wrapped(&toast.text, columns.saturating_sub(begins).max(1));
    let line = text.into_iter().map(|text| {
        let mut spans = std::mem::take(&mut before);
        if spans.is_empty() {
            spans.push(Span::raw(" ".repeat(usize::from(begins))));
        }
        spans.push(Span::styled(text, scope.theme.style(Meaning::Plain)));
        Line::from(spans)
    });
    line.collect()
}

impl Screen for Log {
    type Action = Action;

    const NAME: &'static str = "log";
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn act(&mut self, Action::Close: Action, _scope: &Scope) -> Flow {
        Flow::Pop
    }

    fn has_list(&self) -> bool {
        true
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.lines);
        Flow::Stay
    }

    fn tally(&self) -> String {
        self.said.len().to_string()
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let inside = popup::open(frame.buffer_mut(), area, (100, area.height), "Last results", scope);
        let columns = inside.width.saturating_sub(2);
        let lines: Vec<Line> = self.said.iter().flat_map(|(time, toast)| lines(*time, toast, columns, scope)).collect();
        self.lines = lines.len();
        if lines.is_empty() {
            let text = words::fit("nothing yet: here stands what was done, and what could not be", columns, "");
            frame.buffer_mut().set_string(inside.x, inside.y, text, scope.theme.style(Meaning::Muted));
        }
        self.place.draw(frame.buffer_mut(), inside, lines.len(), scope, |index, _| lines[index].clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
