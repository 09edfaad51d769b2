//! The registries that the store holds logins for: one row a login, several spellings of one registry flagged as twins.

use std::time::Instant;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::{Job, Portion, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::matching::{Filter, NEEDLE_MAX};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::SecretPanel;
use super::super::widgets::text_input::TextInput;
use super::registries_view::{self, canonical};
use super::unreadable::Unreadable;
use crate::model::{Problem, text};
use crate::ops::registries::{Registries, RegistryLogin};

const NAME: &str = "registries";

pub(in super::super) struct RegistriesScreen {
    tickets: Tickets,
    loading: Option<u64>,
    pub(super) loaded: Option<Result<Registries, Problem>>,
    /// `registry user` of every login, escaped: what the filter matches.
    pub(super) names: Vec<String>,
    /// Indices of the logins listed now.
    pub(super) rows: Vec<u32>,
    pub(super) place: ListPlace,
    pub(super) needle: TextInput,
    pub(super) typing: bool,
    pub(super) filter: Filter,
    pub(super) zoomed: bool,
    /// As last drawn, there was room for the table or the details, not for both.
    pub(super) alone: bool,
    pub(super) secret: SecretPanel,
}

#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Action {
    Go(Move),
    Open,
    Filter,
    KeepFilter,
    Back,
    Reveal,
    Copy,
    Unreadable,
    Reload,
}

const fn row(keys: &'static [Key], action: Action, hint: &'static str, help: &'static str) -> Binding<Action> {
    Binding { keys, action, hint, help }
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Open, "open", "show the details, then the secret"),
    row(&[Key::char('/')], Action::Filter, "find", "find by registry and user"),
    row(&[Key::char('c')], Action::Copy, "copy", "copy the secret, cleared after a while"),
    row(&[Key::char('r')], Action::Reveal, "reveal", "show or hide the secret, for ten seconds"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "close the details, clear the filter"),
    row(&[Key::named(KeyCode::Up), Key::char('k')], Action::Go(Move::Up), "", "up"),
    row(&[Key::named(KeyCode::Down), Key::char('j')], Action::Go(Move::Down), "", "down"),
    row(&[Key::named(KeyCode::PageUp)], Action::Go(Move::PageUp), "", "a page up"),
    row(&[Key::named(KeyCode::PageDown)], Action::Go(Move::PageDown), "", "a page down"),
    row(&[Key::named(KeyCode::Home), Key::char('g')], Action::Go(Move::First), "", "first"),
    row(&[Key::named(KeyCode::End), Key::char('G')], Action::Go(Move::Last), "", "last"),
    row(&[Key::char('u')], Action::Unreadable, "unreadable", "what is no login, and why"),
    row(&[Key::char('R'), Key::named(KeyCode::F(5))], Action::Reload, "", "read the registries again"),
];

/// While the filter's field has the focus.
const FILTER_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::KeepFilter, "keep", "go on with the logins found"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "clear", "clear the filter"),
    row(&[Key::named(KeyCode::Up)], Action::Go(Move::Up), "up", "up"),
    row(&[Key::named(KeyCode::Down)], Action::Go(Move::Down), "down", "down"),
];

impl Default for RegistriesScreen {
    fn default() -> RegistriesScreen {
        RegistriesScreen {
            tickets: Tickets::of(NAME),
            loading: None,
            loaded: None,
            names: Vec::new(),
            rows: Vec::new(),
            place: ListPlace::default(),
            needle: TextInput::default(),
            typing: false,
            filter: Filter::default(),
            zoomed: false,
            alone: false,
            secret: SecretPanel::default(),
        }
    }
}

impl RegistriesScreen {
    pub(super) fn logins(&self) -> &[RegistryLogin] {
        match &self.loaded {
            Some(Ok(registries)) => &registries.logins,
            _ => &[],
        }
    }

    pub(super) fn unreadable(&self) -> &[crate::system::store::Unreadable] {
        match &self.loaded {
            Some(Ok(registries)) => &registries.unreadable,
            _ => &[],
        }
    }

    pub(super) fn selected(&self) -> Option<&RegistryLogin> {
        self.logins().get(*self.rows.get(self.place.selected())? as usize)
    }

    pub(super) fn is_filtered(&self) -> bool {
        !self.needle.text().trim().is_empty()
    }

    fn load(&mut self) -> Flow {
        self.secret.hide();
        let ticket = self.tickets.next();
        self.loading = Some(ticket.number);
        Flow::Start(ticket, Job::Registries)
    }

    fn list(&mut self) {
        let all: Vec<u32> = (0..).take(self.names.len()).collect();
        let names = &self.names;
        self.rows =
            self.filter.search(self.needle.text(), &all, |index| names.get(index as usize).map_or("", |name| name));
        self.place.keep_within(self.rows.len());
    }

    fn narrowed(&mut self) -> Flow {
        self.place.select(0);
        self.list();
        self.secret.hide();
        Flow::Stay
    }

    fn back(&mut self) -> Flow {
        if self.secret.is_busy() {
            self.secret.hide();
        } else if self.zoomed && !self.typing {
            self.zoomed = false;
        } else {
            self.typing = false;
            self.needle.clear();
            return self.narrowed();
        }
        Flow::Stay
    }

    fn reveal(&mut self) -> Flow {
        let Some(entry) = self.selected().map(|login| login.entry.clone()) else { return Flow::Stay };
        // What is shown, or why it cannot be, stands in the details.
        self.zoomed |= self.alone;
        self.secret.toggle(&entry, &mut self.tickets)
    }

    fn copy(&mut self) -> Flow {
        let Some(login) = self.selected() else { return Flow::Stay };
        let (entry, name) = (login.entry.clone(), name_of(login));
        self.zoomed |= self.alone;
        self.secret.copy(&entry, &name, Portion::All, &mut self.tickets)
    }
}

/// As messages and the filter name a login.
fn name_of(login: &RegistryLogin) -> String {
    format!("{} {}", canonical(login), text::escaped(login.login.as_str().as_bytes()))
}

impl Screen for RegistriesScreen {
    type Action = Action;

    fn keys(&self) -> &'static [Binding<Action>] {
        if self.typing { FILTER_KEYS } else { KEYS }
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Reveal | Action::Copy | Action::Open if self.selected().is_none() => {
                Offer::Refused("no login is selected")
            }
            Action::Filter if self.logins().is_empty() => Offer::Refused("there is nothing to find"),
            Action::Unreadable if self.unreadable().is_empty() => Offer::Refused("everything could be read"),
            _ => Offer::Ready,
        }
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        if !self.typing {
            return None;
        }
        self.needle.press(key, NEEDLE_MAX).then(|| self.narrowed())
    }

    fn takes_text(&self) -> bool {
        self.typing
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        if !self.typing {
            return Flow::Stay;
        }
        self.needle.insert(text, NEEDLE_MAX);
        self.narrowed()
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if self.loaded.is_none() && self.loading.is_none() { self.load() } else { Flow::Stay }
    }

    fn leave(&mut self) {
        self.secret.hide();
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Go(way) => {
                let before = self.place.selected();
                self.place.go(way, self.rows.len());
                if before != self.place.selected() {
                    self.secret.hide();
                }
                Flow::Stay
            }
            Action::Open if self.alone && !self.zoomed => {
                self.zoomed = true;
                Flow::Stay
            }
            Action::Open | Action::Reveal => self.reveal(),
            Action::Filter => {
                self.typing = true;
                self.zoomed = false;
                Flow::Stay
            }
            Action::KeepFilter => {
                self.typing = false;
                Flow::Stay
            }
            Action::Back => self.back(),
            Action::Copy => self.copy(),
            Action::Unreadable => Flow::Push(Box::new(Unreadable::new(self.unreadable().to_vec()))),
            Action::Reload => Flow::Many(vec![self.load(), Flow::Say(Toast::good("reading the registries again"))]),
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.loading == Some(number) {
            self.loading = None;
            self.filter.reset();
            let loaded = report.map(|report| match report {
                Report::Registries(registries) => registries,
                _ => Registries::default(),
            });
            self.loaded = Some(loaded);
            self.names = self.logins().iter().map(name_of).collect();
            self.list();
            return Flow::Stay;
        }
        self.secret.report(number, report, scope).unwrap_or(Flow::Stay)
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        self.secret.deadline(now)
    }

    fn lapse(&mut self, now: Instant) {
        self.secret.lapse(now);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        registries_view::draw(self, frame, area, scope);
    }

    fn tally(&self) -> String {
        let all = self.logins().len();
        if self.is_filtered() { format!("{}/{all}", self.rows.len()) } else { all.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_keep_the_rules() {
        super::super::super::keys::check_table(KEYS);
        super::super::super::keys::check_table(FILTER_KEYS);
    }
}
