//! A list that can be narrowed by typing: which things are listed, which one is selected, and the field that is typed
//! into. Knows things by their numbers; their owner has the names and makes the rows.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::keys::Key;
use super::super::matching::{Filter, NEEDLE_MAX};
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::list::{ListPlace, Move};
use super::text_input::TextInput;
use super::{needle, words};

#[derive(Default)]
pub(in super::super) struct Finder {
    /// The things that are listed now.
    rows: Vec<u32>,
    place: ListPlace,
    needle: TextInput,
    /// The field has the focus.
    typing: bool,
    filter: Filter,
}

impl Finder {
    /// Lists what the needle fits, best first.
    pub(in super::super) fn search<'a>(&mut self, all: &[u32], name: impl Fn(u32) -> &'a str) {
        let found = self.filter.search(self.needle.text(), all, name);
        self.list(found);
    }

    /// As `search`, and what belongs to the things found after each.
    pub(in super::super) fn search_unfolded<'a>(
        &mut self,
        all: &[u32],
        name: impl Fn(u32) -> &'a str,
        unfold: impl FnOnce(Vec<u32>) -> Vec<u32>,
    ) {
        let found = self.filter.search(self.needle.text(), all, name);
        self.list(unfold(found));
    }

    /// Lists these.
    pub(in super::super) fn list(&mut self, rows: Vec<u32>) {
        self.rows = rows;
        self.place.keep_within(self.rows.len());
    }

    /// The names have changed: what was found before counts no more.
    pub(in super::super) fn forget(&mut self) {
        self.filter.reset();
    }

    /// The selected thing.
    pub(in super::super) fn selected(&self) -> Option<u32> {
        self.rows.get(self.place.selected()).copied()
    }

    /// True when it is listed, and selected now.
    pub(in super::super) fn select(&mut self, wanted: u32) -> bool {
        let row = self.rows.iter().position(|row| *row == wanted);
        if let Some(row) = row {
            self.place.select(row);
        }
        row.is_some()
    }

    pub(in super::super) fn select_first(&mut self) {
        self.place.select(0);
    }

    pub(in super::super) fn place(&self) -> &ListPlace {
        &self.place
    }

    /// True when something else is selected now.
    pub(in super::super) fn go(&mut self, way: Move) -> bool {
        let before = self.place.selected();
        self.place.go(way, self.rows.len());
        before != self.place.selected()
    }

    pub(in super::super) fn is_filtered(&self) -> bool {
        !self.needle.text().trim().is_empty()
    }

    pub(in super::super) fn is_typing(&self) -> bool {
        self.typing
    }

    /// Gives the field the focus. What it holds from before is replaced by typing, edited by moving in it.
    pub(in super::super) fn begin(&mut self) {
        self.typing = true;
        self.needle.choose_all();
    }

    /// Takes the focus from the field; what was found stays listed.
    pub(in super::super) fn keep(&mut self) {
        self.typing = false;
        self.needle.unchoose();
    }

    /// Empties the field and takes the focus from it; the owner lists everything.
    pub(in super::super) fn clear(&mut self) {
        self.typing = false;
        self.needle.clear();
    }

    /// True when the key was for the field; the owner searches again.
    pub(in super::super) fn press(&mut self, key: Key) -> bool {
        self.typing && self.needle.press(key, NEEDLE_MAX)
    }

    /// True when the text went into the field.
    pub(in super::super) fn paste(&mut self, text: &str) -> bool {
        if self.typing {
            self.needle.insert(text, NEEDLE_MAX);
        }
        self.typing
    }

    /// Why nothing is selected, when nothing is.
    pub(in super::super) fn why_nothing(&self) -> &'static str {
        if self.is_filtered() { "nothing fits the filter" } else { "nothing is listed" }
    }

    pub(in super::super) fn listed(&self) -> usize {
        self.rows.len()
    }

    /// How many are listed, of how many.
    pub(in super::super) fn tally(&self, all: usize) -> String {
        if self.is_filtered() { format!("{}/{all}", self.rows.len()) } else { all.to_string() }
    }

    /// The field, if it is needed; answers the room below it.
    pub(in super::super) fn draw_field(&self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) -> Rect {
        let list = Rect { width: area.width.saturating_sub(1), ..area };
        if !self.typing && !self.is_filtered() {
            return list;
        }
        needle::draw(&self.needle, self.typing, frame, Rect { height: 1, ..list }, scope);
        Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list }
    }

    /// The rows in view as `row` makes them, whether or not a filter is set: for rows that say more by their columns.
    pub(in super::super) fn draw_as_made<'a>(
        &mut self,
        frame: &mut Frame<'_>,
        list: Rect,
        scope: &Scope,
        row: impl Fn(u32, u16) -> Line<'a>,
    ) {
        self.draw_nothing(frame, list, scope);
        let rows = &self.rows;
        self.place.draw(frame.buffer_mut(), list, rows.len(), scope, |index, columns| row(rows[index], columns));
    }

    fn draw_nothing(&self, frame: &mut Frame<'_>, list: Rect, scope: &Scope) {
        if self.rows.is_empty() {
            let text = words::fit("nothing fits what was typed", list.width.saturating_sub(2), "");
            frame.buffer_mut().set_string(list.x + 2, list.y, text, scope.theme.style(Meaning::Muted));
        }
    }

    /// The rows in view: names with what fits marked while a filter is set, else as `row` makes them. With a `flag`, names
    /// stand behind the mark of those that have it.
    pub(in super::super) fn draw_rows<'a>(
        &mut self,
        frame: &mut Frame<'_>,
        list: Rect,
        scope: &Scope,
        (name, flag): (impl Fn(u32) -> &'a str, Option<&dyn Fn(u32) -> bool>),
        row: impl Fn(u32, u16) -> Line<'a>,
    ) {
        self.draw_nothing(frame, list, scope);
        let filtered = self.is_filtered();
        let (rows, filter, wanted) = (&self.rows, &self.filter, self.needle.text());
        self.place.draw(frame.buffer_mut(), list, rows.len(), scope, |index, columns| {
            if !filtered {
                return row(rows[index], columns);
            }
            let name = name(rows[index]);
            let hits = filter.positions(name, wanted);
            let Some(flag) = flag else { return needle::marked(name, &hits, columns, &scope.theme) };
            let mut line = needle::marked(name, &hits, columns.saturating_sub(2), &scope.theme);
            let mark = if flag(rows[index]) { scope.theme.glyphs.active } else { " " };
            line.spans.insert(0, Span::styled(format!("{mark} "), scope.theme.style(Meaning::Key)));
            line
        });
    }
}
