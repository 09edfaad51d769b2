//! Every action that there is now, by name: typed for by any letters in order, run by Enter. A part of what the config
//! file calls it finds it too. Shows each one's key, so that it is learned, and why one does nothing now.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;

use super::super::keys::{Binding, HelpRow, Key};
use super::super::matching::Filter;
use super::super::screen::{Flow, Scope, Screen, Toast};
use super::super::theme::{Glyphs, Meaning};
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::text_input::TextInput;
use super::super::widgets::{needle, popup, words};

/// The longest thing that can be looked for here, in characters.
const NEEDLE_MAX: usize = 40;

/// The widest it gets, and the lines about the selected action.
const WIDTH: u16 = 76;
const NOTES: u16 = 2;

/// What is said where nothing is listed.
const NOTHING: &str = "no action fits what was typed";

/// What people look for who know other programs, by the actions that do it.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("app.undo", "revert restore"),
    ("store.copy", "clipboard yank password"),
    ("store.copy-user", "clipboard yank login"),
    ("store.copy-code", "clipboard totp otp 2fa"),
    ("store.lines", "totp otp 2fa fields"),
    ("store.new", "generate create add insert"),
    ("store.password", "generate rotate regenerate"),
    ("store.delete", "remove rm erase"),
    ("store.move", "mv"),
    ("store.rename", "mv"),
    ("store.copy-entry", "cp duplicate"),
    ("store.history", "restore log versions revert"),
    ("store.search", "grep content"),
    ("store.readers", "recipients keys team share"),
    ("store.encrypt-anew", "reencrypt"),
    ("store.git", "sync pull push commit remote"),
    ("store.conflicts", "merge resolve"),
    ("store.reload", "refresh"),
    ("registries.copy", "clipboard yank password"),
    ("registries.copy-command", "clipboard login"),
    ("registries.use", "switch activate"),
    ("registries.erase", "logout delete remove"),
    ("registries.reload", "refresh"),
    ("activity.copy", "clipboard"),
    ("activity.reload", "refresh journal"),
    ("git.work-both", "sync fetch merge"),
    ("home.open", "clipboard copy"),
    ("home.mend", "install shims setup fix"),
    ("audit.fix", "mend repair"),
];

/// The title of the tab that layers of the store are opened from.
const STORE: &str = "Store";

pub(in super::super) struct Palette {
    entries: Vec<Entry>,
    /// Numbers of the entries, for the filter.
    all: Vec<u32>,
    found: Vec<u32>,
    needle: TextInput,
    filter: Filter,
    place: ListPlace,
}

struct Entry {
    /// What it does.
    name: &'static str,
    /// What the config file calls it.
    id: String,
    /// What else it is called.
    others: &'static str,
    /// It is the store's, and another tab is in front.
    elsewhere: bool,
    key: Key,
    keys: String,
    refused: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Run,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    Binding { keys: &[Key::named(KeyCode::Enter)], action: Action::Run, hint: "run", help: "do the selected one" },
    Binding {
        keys: &[Key::named(KeyCode::Esc), Key::ctrl('p')],
        action: Action::Close,
        hint: "close",
        help: "do nothing",
    },
];

impl Palette {
    /// `elsewhere`: what the store tab would do, while another is in front.
    pub(in super::super) fn new(rows: Vec<HelpRow>, elsewhere: Vec<HelpRow>, glyphs: &Glyphs) -> Palette {
        let entry = |(row, elsewhere): (HelpRow, bool)| {
            let key = *row.keys.first()?;
            let keys = row.keys.iter().map(|key| key.label(glyphs)).collect::<Vec<_>>().join(" ");
            let refused = row.offer.why_not();
            let keys = match (refused, elsewhere) {
                (Some(_), _) => format!("not now  {keys}"),
                (None, true) => format!("in {STORE}  {keys}"),
                (None, false) => keys,
            };
            let others = OTHER_WORDS.iter().find(|(id, _)| *id == row.id).map_or("", |(_, words)| words);
            Some(Entry { name: row.help, id: row.id, others, elsewhere, key, keys, refused })
        };
        let here = rows.into_iter().map(|row| (row, false));
        let there = elsewhere.into_iter().map(|row| (row, true));
        let entries: Vec<Entry> = here.chain(there).filter_map(entry).collect();
        let all: Vec<u32> = (0..u32::try_from(entries.len()).unwrap_or_default()).collect();
        let (needle, filter, place) = (TextInput::default(), Filter::default(), ListPlace::default());
        Palette { found: all.clone(), entries, all, needle, filter, place }
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        self.entries.get(usize::try_from(number).ok()?)
    }

    fn selected(&self) -> Option<&Entry> {
        self.found.get(self.place.selected()).and_then(|number| self.entry(*number))
    }

    fn run(&self) -> Flow {
        match self.selected() {
            None => Flow::Say(Toast::warn(NOTHING)),
            Some(Entry { refused: Some(why), .. }) => Flow::Say(Toast::warn(*why)),
            Some(entry) if entry.elsewhere => Flow::Many(vec![Flow::Pop, Flow::ShowTab(STORE), Flow::Press(entry.key)]),
            Some(entry) => Flow::Many(vec![Flow::Pop, Flow::Press(entry.key)]),
        }
    }

    fn search(&mut self) {
        let (entries, all) = (&self.entries, &self.all);
        let name = |number: u32| {
            let entry = usize::try_from(number).ok().and_then(|number| entries.get(number));
            entry.map_or("", |entry| entry.name)
        };
        let mut found = self.filter.search(self.needle.text(), all, name);
        let typed = self.needle.text().trim().to_ascii_lowercase();
        let is_called = |number: &u32| {
            usize::try_from(*number).is_ok_and(|number| {
                entries[number].id.contains(typed.as_str()) || entries[number].others.contains(typed.as_str())
            })
        };
        let others: Vec<u32> =
            all.iter().copied().filter(|number| is_called(number) && !found.contains(number)).collect();
        found.extend(others);
        // What begins with the very words comes first, as its screen orders it; what only has their letters last.
        found.sort_by_key(|number| {
            let said = name(*number).to_ascii_lowercase().find(typed.as_str());
            match said {
                Some(0) => (0, *number),
                Some(_) => (1, 0),
                None if is_called(number) => (1, 0),
                None => (2, 0),
            }
        });
        self.found = found;
        self.place.select(0);
    }

    fn draw_notes(&self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let Some(entry) = self.selected() else { return };
        let why = entry.refused.map(|why| (format!("not now: {why}"), Meaning::Warn));
        let name = format!("{} in the config file", entry.id);
        let lines = why.into_iter().chain([(name, Meaning::Muted)]);
        for ((text, meaning), y) in lines.zip(area.top()..area.bottom()) {
            let text = words::fit(&text, area.width, scope.theme.glyphs.ellipsis);
            frame.buffer_mut().set_string(area.x, y, text, scope.theme.style(meaning));
        }
    }
}

impl Screen for Palette {
    type Action = Action;

    const NAME: &'static str = "palette";
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        self.needle.press(key, NEEDLE_MAX).then(|| {
            self.search();
            Flow::Stay
        })
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        self.needle.insert(text, NEEDLE_MAX);
        self.search();
        Flow::Stay
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Run => self.run(),
            Action::Close => Flow::Pop,
        }
    }

    fn has_list(&self) -> bool {
        true
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.found.len());
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        Some(&self.place)
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn tally(&self) -> String {
        format!("{}/{}", self.found.len(), self.entries.len())
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let height = u16::try_from(self.entries.len()).unwrap_or(u16::MAX).saturating_add(NOTES + 3);
        let inside = popup::open(frame.buffer_mut(), area, (WIDTH, height), "Actions", scope);
        if inside.height < 2 {
            return;
        }
        needle::draw(&self.needle, true, frame, Rect { height: 1, ..inside }, scope);
        let notes = if inside.height > NOTES + 3 { NOTES } else { 0 };
        let list = Rect { y: inside.y + 1, height: inside.height - 1 - notes, ..inside };
        self.place.keep_within(self.found.len());
        self.draw_notes(frame, Rect { y: list.bottom(), height: notes, ..inside }, scope);
        if self.found.is_empty() {
            let said = words::fit(NOTHING, list.width.saturating_sub(2), scope.theme.glyphs.ellipsis);
            frame.buffer_mut().set_string(list.x + 2, list.y, said, scope.theme.style(Meaning::Muted));
        }
        let (found, entries, filter, wanted) = (&self.found, &self.entries, &self.filter, self.needle.text());
        self.place.draw(frame.buffer_mut(), list, found.len(), scope, |index, columns| {
            let Some(entry) = usize::try_from(found[index]).ok().and_then(|number| entries.get(number)) else {
                return Span::raw("").into();
            };
            let room = columns.saturating_sub(words::width(&entry.keys) + 2);
            let said = words::fit(entry.name, room, scope.theme.glyphs.ellipsis);
            let in_view = |at: &usize| *at < said.chars().count();
            let hits: Vec<usize> = filter.positions(entry.name, wanted).into_iter().filter(in_view).collect();
            let mut line = needle::marked(&said, &hits, room, &scope.theme);
            let (of_text, of_key) = match entry.refused {
                Some(_) => (Meaning::Muted, Meaning::Muted),
                None => (Meaning::Plain, Meaning::Key),
            };
            line = line.patch_style(scope.theme.style(of_text));
            let gap = " ".repeat(usize::from(room + 2).saturating_sub(line.width()));
            line.push_span(Span::raw(gap));
            line.push_span(Span::styled(entry.keys.clone(), scope.theme.style(of_key)));
            line
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }

    #[test]
    fn other_words_are_of_actions_that_there_are() {
        let tables = super::super::tables();
        for (id, words) in OTHER_WORDS {
            assert!(tables.iter().flat_map(|table| &table.rows).any(|row| row.id == *id), "{id}");
            assert_eq!(*words, words.to_ascii_lowercase());
        }
    }
}
