//! What a key does: the layer in front is asked first, then the app's own table; how help, palette and log are opened.

use crossterm::event::KeyCode;

use super::{App, Order, TABS};
use crate::frontend::tui::breadcrumb::Breadcrumb;
use crate::frontend::tui::globals::{self, Action};
use crate::frontend::tui::jobs::{Job, undo};
use crate::frontend::tui::keymap::APP;
use crate::frontend::tui::keys::{HelpRow, Key, Offer};
use crate::frontend::tui::screen::{Flow, Toast};
use crate::frontend::tui::screens::{help::Help, log::Log, palette::Palette};

/// The tab with the store's layers.
const STORE: &str = "store";

/// The store's layers about the whole of it, which the palette opens from any tab.
const FROM_ANYWHERE: &[&str] = &["store.readers", "store.git"];

impl App {
    pub(super) fn press(&mut self, key: Key) {
        if key.is_ctrl('c') && (self.is_too_small() || !self.top().holds_work()) {
            self.quit = true;
            return;
        }
        if self.is_too_small() {
            return self.press_unseen(key);
        }
        if self.awaits_question.is_some() {
            self.awaits_question.take_if(|_| key == Key::named(KeyCode::Esc));
            return;
        }
        let scope = self.scope.clone();
        self.toast = None;
        if let Some(flow) = self.top().press(key, &scope) {
            return self.follow(flow);
        }
        // A letter is text, whatever it stands for elsewhere.
        if self.top().takes_text() && key.typed().is_some() {
            return;
        }
        let over_layer = !self.layers.is_empty();
        let Some(action) = scope.keymap.action_of(APP, globals::KEYS, key) else { return };
        let stays = matches!(action, Action::Suspend) || (action.is_for_layers() && !self.top().is_question());
        if over_layer && !stays {
            return;
        }
        match action.offer(scope.read_only) {
            Offer::Ready => self.act(action),
            Offer::Refused(why) => self.follow(Flow::Say(Toast::warn(why))),
            Offer::Needless(why) => self.follow(Flow::Say(Toast::good(why))),
        }
    }

    /// What the notice says, and the shell; anything else would be done unseen.
    fn press_unseen(&mut self, key: Key) {
        match key.typed() {
            Some('q') => self.quit = !self.holds_work(),
            _ if key.is_ctrl('z') => self.act(Action::Suspend),
            _ => {}
        }
    }

    /// What every key does now, the app's own at the end.
    fn key_rows(&mut self) -> Vec<HelpRow> {
        let scope = self.scope.clone();
        let mut rows = self.top().help(&scope);
        let mut of_app = globals::rows(&scope.keymap, scope.read_only, !self.layers.is_empty());
        if self.top().takes_text() {
            of_app.iter_mut().for_each(|row| row.keys.retain(|key| key.typed().is_none()));
            of_app.retain(|row| !row.keys.is_empty());
        }
        rows.extend(of_app);
        rows
    }

    /// What the palette offers of the store while another tab is in front.
    fn rows_elsewhere(&self) -> Vec<HelpRow> {
        let store = self.tabs.iter().position(|tab| tab.name() == STORE);
        let Some(store) = store.filter(|index| *index != self.current && self.layers.is_empty()) else {
            return Vec::new();
        };
        let rows = self.tabs[store].help(&self.scope);
        rows.into_iter().filter(|row| FROM_ANYWHERE.contains(&row.id.as_str())).collect()
    }

    /// What the last line says.
    pub(super) fn hint_rows(&mut self) -> Vec<HelpRow> {
        let scope = self.scope.clone();
        if self.top().takes_text() { self.top().help(&scope) } else { self.key_rows() }
    }

    fn open_help(&mut self) {
        let glyphs = self.scope.theme.glyphs;
        let rows = self.key_rows();
        let mut marks = self.top().marks(glyphs);
        marks.extend(Breadcrumb::marks());
        let title = if self.layers.is_empty() { TABS[self.current].title } else { self.top().name() };
        self.push(Box::new(Help::new(title, &rows, marks, glyphs)));
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Help => self.open_help(),
            Action::Palette => {
                let (rows, elsewhere) = (self.key_rows(), self.rows_elsewhere());
                self.push(Box::new(Palette::new(rows, elsewhere, self.scope.theme.glyphs)));
            }
            Action::Log => self.push(Box::new(Log::new(self.said.iter().rev().cloned().collect()))),
            Action::Undo => {
                let ticket = self.undo_tickets.next();
                self.awaits_question = Some(ticket);
                self.start(ticket, Job::Undo(undo::Job::Last));
            }
            Action::NextTab => self.show_tab((self.current + 1) % self.tabs.len()),
            Action::PreviousTab => self.show_tab((self.current + self.tabs.len() - 1) % self.tabs.len()),
            Action::Tab(number) => self.show_tab(number - 1),
            Action::Mouse => self.switch_mouse(),
            Action::Repaint => self.orders.push(Order::Repaint),
            // The loop hides what is secret before it stops, if it may stop at all.
            Action::Suspend => self.orders.push(Order::Suspend),
            Action::Quit => self.quit = true,
        }
    }
}
