//! `Layer`: a screen with the type of its actions hidden, for stacks and lists of them. The one place where a key becomes
//! an action.

use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::jobs::Report;
use super::keymap::{Keymap, LIST};
use super::keys::{self, Binding, HelpRow, Key, Offer};
use super::screen::{Flow, Mark, READ_ONLY, Scope, Screen, Toast};
use super::theme::Glyphs;
use super::watch::Pace;
use super::widgets::list::{MOVES, Move};
use crate::model::{EntryPath, Problem};

/// A `Screen` whose action type is hidden, for stacks and lists of them.
pub(super) trait Layer {
    /// What the key does here; None when it does nothing.
    fn press(&mut self, key: Key, scope: &Scope) -> Option<Flow>;
    fn help(&self, scope: &Scope) -> Vec<HelpRow>;
    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark>;
    fn takes_text(&self) -> bool;
    fn is_question(&self) -> bool;
    fn holds_work(&self) -> bool;
    fn paste(&mut self, text: &str, scope: &Scope) -> Flow;
    /// As the key of lists that goes this way.
    fn roll(&mut self, way: Move) -> Flow;
    /// Selects the row there; answers whether it was selected before, None when none is there.
    fn point(&mut self, at: Position) -> Option<(bool, Flow)>;
    fn enter(&mut self, scope: &Scope) -> Flow;
    fn leave(&mut self);
    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow;
    fn part(&mut self, number: u64, part: Report);
    fn progress(&mut self, number: u64, pace: Pace);
    fn deadline(&self, now: Instant) -> Option<Instant>;
    fn lapse(&mut self, now: Instant);
    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope);
    fn tally(&self) -> String;
    fn outdate(&mut self);
    fn folder_moved(&mut self, from: &EntryPath, to: &EntryPath);
    fn find_entry(&mut self, entry: &EntryPath, as_folder: bool) -> Option<Flow>;
    fn find_registry(&mut self, name: &str, scope: &Scope) -> Option<Flow>;
    fn called(&mut self) -> Flow;
    fn name(&self) -> &'static str;
}

/// The table that counts now.
fn table_of<S: Screen>(screen: &S) -> &'static [Binding<S::Action>] {
    if screen.takes_text() { S::FIELD_KEYS } else { S::KEYS }
}

/// The keys that count now: while a field is typed into, the table's own, because a letter is text then.
fn keymap_of<'a, S: Screen>(screen: &S, scope: &'a Scope, own: &'a Keymap) -> &'a Keymap {
    if screen.takes_text() && !S::IS_TEXT { own } else { &scope.keymap }
}

fn offered<S: Screen>(screen: &S, action: S::Action, scope: &Scope) -> Offer {
    if scope.read_only && screen.writes(action) { Offer::Refused(READ_ONLY) } else { screen.offer(action) }
}

impl<S: Screen> Layer for S {
    fn press(&mut self, key: Key, scope: &Scope) -> Option<Flow> {
        if let Some(flow) = self.typing(key, scope) {
            return Some(flow);
        }
        let own = Keymap::default();
        let keymap = keymap_of(self, scope, &own);
        let Some(action) = keymap.action_of(S::NAME, table_of(self), key) else {
            let way = if self.has_list() { keymap.action_of(LIST, MOVES, key) } else { None };
            return way.map(|way| self.go(way));
        };
        match offered(self, action, scope) {
            Offer::Ready => Some(self.act(action, scope)),
            Offer::Refused(why) => Some(Flow::Say(Toast::warn(why))),
            Offer::Needless(why) => Some(Flow::Say(Toast::good(why))),
        }
    }

    fn help(&self, scope: &Scope) -> Vec<HelpRow> {
        let table = table_of(self);
        let own = Keymap::default();
        let keymap = keymap_of(self, scope, &own);
        let mut rows = keys::help_rows(S::NAME, table, keymap, |action| offered(self, action, scope));
        for (row, binding) in rows.iter_mut().zip(table) {
            row.hint = self.hint(binding.action).unwrap_or(row.hint);
        }
        if self.has_list() {
            rows.extend(keys::help_rows(LIST, MOVES, keymap, |_| Offer::Ready));
        }
        rows
    }

    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark> {
        Screen::marks(self, glyphs)
    }

    fn takes_text(&self) -> bool {
        Screen::takes_text(self)
    }

    fn is_question(&self) -> bool {
        Screen::is_question(self)
    }

    fn holds_work(&self) -> bool {
        Screen::holds_work(self)
    }

    fn paste(&mut self, text: &str, scope: &Scope) -> Flow {
        Screen::paste(self, text, scope)
    }

    fn roll(&mut self, way: Move) -> Flow {
        if self.has_list() { self.go(way) } else { Flow::Stay }
    }

    fn point(&mut self, at: Position) -> Option<(bool, Flow)> {
        let list = Screen::list(self)?;
        let (row, before) = (list.row_at(at)?, list.selected());
        Some((row == before, self.go(Move::To(row))))
    }

    fn enter(&mut self, scope: &Scope) -> Flow {
        Screen::enter(self, scope)
    }

    fn leave(&mut self) {
        Screen::leave(self);
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        Screen::report(self, number, report, scope)
    }

    fn part(&mut self, number: u64, part: Report) {
        Screen::part(self, number, part);
    }

    fn progress(&mut self, number: u64, pace: Pace) {
        Screen::progress(self, number, pace);
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        Screen::deadline(self, now)
    }

    fn lapse(&mut self, now: Instant) {
        Screen::lapse(self, now);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        Screen::draw(self, frame, area, scope);
    }

    fn tally(&self) -> String {
        Screen::tally(self)
    }

    fn outdate(&mut self) {
        Screen::outdate(self);
    }

    fn folder_moved(&mut self, from: &EntryPath, to: &EntryPath) {
        Screen::folder_moved(self, from, to);
    }

    fn find_entry(&mut self, entry: &EntryPath, as_folder: bool) -> Option<Flow> {
        Screen::find_entry(self, entry, as_folder)
    }

    fn find_registry(&mut self, name: &str, scope: &Scope) -> Option<Flow> {
        Screen::find_registry(self, name, scope)
    }

    fn called(&mut self) -> Flow {
        Screen::called(self)
    }

    fn name(&self) -> &'static str {
        S::NAME
    }
}
