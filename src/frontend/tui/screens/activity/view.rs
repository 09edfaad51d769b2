//! How the calls look: the list, and what stands in its place.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Action, Activity, KEYS, NAME, calls};
use crate::frontend::tui::screen::Scope;
use crate::frontend::tui::theme::Meaning;
use crate::frontend::tui::widgets::details::Details;
use crate::frontend::tui::widgets::words;
use crate::system::journal::Call;

impl Activity {
    /// Where there is no list.
    pub(super) fn draw_instead(&self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 };
        let mut details = Details::new(frame.buffer_mut(), area, false, scope);
        match (&self.told(), &self.journal) {
            (Some(problem), _) => details.problem(problem),
            (None, None) => details.sentence("reading the calls", Meaning::Muted),
            (None, Some(journal)) if !journal.on => {
                details.sentence("Calls are not recorded: the config file says journal = false.", Meaning::Warn);
            }
            (None, Some(_)) => {
                details.sentence("Nobody has asked the helper yet.", Meaning::Plain);
                details.gap();
                let variables = scope.typed.variables();
                details.sentence(&format!("Docker does at:  {variables}docker login REGISTRY"), Meaning::Plain);
                details.sentence("Whether Docker finds it:  regpass status", Meaning::Plain);
            }
        }
    }

    /// That not all of the journal could be read, in one line.
    fn trouble_words(&self, scope: &Scope) -> Option<String> {
        let what = match (&self.problem, self.journal.as_ref().map_or(0, |journal| journal.unreadable)) {
            (Some(_), _) => "the calls cannot be read now; these are older".to_owned(),
            (None, 0) => return None,
            (None, lines) => format!("{} cannot be read", words::counted(lines as u64, "line")),
        };
        let glyphs = scope.theme.glyphs;
        let key = scope.keymap.label((NAME, KEYS), Action::Unreadable, glyphs);
        Some(format!("{} {what}: {key}", glyphs.warn))
    }

    pub(super) fn draw_list(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let mut list = self.finder.draw_field(frame, area, scope);
        let mut above = |words: &str, meaning| {
            let words = words::fit(words, list.width.saturating_sub(2), scope.theme.glyphs.ellipsis);
            frame.buffer_mut().set_string(list.x + 2, list.y, words, scope.theme.style(meaning));
            list = Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list };
        };
        if let Some(words) = self.trouble_words(scope) {
            above(&words, Meaning::Warn);
        }
        if !self.only.is_all() {
            let key = scope.key_of::<Activity>(Action::Back);
            above(&format!("only {}; {key} lists all", self.only.words()), Meaning::Accent);
        }
        let (names, journal) = (&self.names, &self.journal);
        let name = |index: u32| names.get(index as usize).map_or("", String::as_str);
        let call = |index: u32| journal.as_ref().and_then(|journal| journal.calls.get(index as usize));
        self.finder.draw_rows(frame, list, scope, (name, None), |index, columns| {
            call(index).map_or_else(Line::default, |call| line(call, columns, scope))
        });
    }
}

/// When, what, about what, how it ended; the last stands at the right.
fn line(call: &Call, columns: u16, scope: &Scope) -> Line<'static> {
    let (outcome, meaning) = calls::outcome(call);
    let mark = calls::mark(meaning, scope.theme.glyphs);
    let end = format!("{mark} {outcome}");
    let front =
        format!("{}  {:<5} ", calls::when(call, scope.wall), crate::model::text::escaped(call.action.as_bytes()));
    let room = columns.saturating_sub(words::width(&front) + words::width(&end) + 1);
    let server = words::fit_middle(&calls::server(call), room, scope.theme.glyphs.ellipsis);
    let gap = " ".repeat(usize::from(room.saturating_sub(words::width(&server)) + 1));
    Line::from(vec![
        Span::styled(front, scope.theme.style(Meaning::Muted)),
        Span::raw(server + &gap),
        Span::styled(end, scope.theme.style(meaning)),
    ])
}
