//! The registries that the stores hold logins for or Docker's configuration names: one row each, its spellings, accounts
//! and other places folded under it (`registries_table.rs`). What its keys change is `registries_do.rs`, how it looks
//! `registries_view.rs`.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::{Job, Portion, Report, accounts, logins};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Mark, Scope, Screen, Tickets, Toast};
use super::super::theme::Glyphs;
use super::super::widgets::details::Scroll;
use super::super::widgets::finder::Finder;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::{SecretPanel, UNCUT};
use super::log_in;
use super::registries_columns::Names;
use super::registries_do;
pub(in super::super) use super::registries_keys::Action;
use super::registries_keys::{FILTER_KEYS, KEYS};
use super::registries_table::{Held, Item, Table, name_of};
use super::registries_tests::Tests;
use super::registries_view::{self, panel_keys};
use super::unreadable::Unreadable;
use crate::model::{EntryPath, Problem, RegistryKey};
use crate::ops::registries::{Elsewhere, Registries, Registry, RegistryLogin, name_of as folded_name};

const NAME: &str = "registries";

pub(in super::super) struct RegistriesScreen {
    pub(super) tickets: Tickets,
    pub(super) loading: Option<u64>,
    pub(super) loaded: Option<Result<Registries, Problem>>,
    pub(super) table: Table,
    /// Columns that the names would need.
    pub(super) widest: Names,
    /// Lists rows of the table.
    pub(super) finder: Finder,
    pub(super) zoomed: bool,
    /// As last drawn, there was room for the table or the details, not for both.
    pub(super) alone: bool,
    /// As last drawn, the details have few lines below the table.
    pub(super) below: bool,
    pub(super) secret: SecretPanel,
    pub(super) scroll: Scroll,
    /// The registry to be selected once the logins are known.
    pub(super) wanted: Option<String>,
    /// The row to be selected again once they are.
    held: Option<Held>,
    /// When tokens die, as the revealed ones said.
    pub(super) deaths: BTreeMap<EntryPath, SystemTime>,
    pub(super) tests: Tests,
    /// Changes that were asked for, by the number of their question.
    pub(super) changing: Vec<(u64, registries_do::Change)>,
    pub(super) problem: Option<Problem>,
    outdated: bool,
}

impl Default for RegistriesScreen {
    fn default() -> RegistriesScreen {
        RegistriesScreen {
            tickets: Tickets::of(NAME),
            loading: None,
            loaded: None,
            table: Table::default(),
            widest: Names::widest(&[]),
            finder: Finder::default(),
            zoomed: false,
            alone: false,
            below: false,
            secret: SecretPanel::default(),
            scroll: Scroll::default(),
            wanted: None,
            held: None,
            deaths: BTreeMap::new(),
            tests: Tests::default(),
            changing: Vec::new(),
            problem: None,
            outdated: false,
        }
    }
}

impl RegistriesScreen {
    pub(super) fn unreadable(&self) -> &[crate::system::store::Unreadable] {
        match &self.loaded {
            Some(Ok(registries)) => &registries.unreadable,
            _ => &[],
        }
    }

    /// The registry of the selected row.
    pub(super) fn registry(&self) -> Option<&Registry> {
        self.table.registry(self.finder.selected()?)
    }

    /// The selected login: of a registry's row the one that stands for it.
    pub(super) fn selected(&self) -> Option<&RegistryLogin> {
        match self.table.item(self.finder.selected()?)? {
            Item::Login(login) => Some(login),
            Item::Place(_) => None,
        }
    }

    /// The selected thing that is in no store.
    pub(super) fn selected_elsewhere(&self) -> Option<&Elsewhere> {
        match self.table.item(self.finder.selected()?)? {
            Item::Login(_) => None,
            Item::Place(one) => Some(one),
        }
    }

    /// The row of a whole registry is selected.
    pub(super) fn is_at_head(&self) -> bool {
        self.finder.selected().is_some_and(|row| self.table.is_head(row))
    }

    pub(super) fn load(&mut self) -> Flow {
        self.held = self.held.take().or_else(|| self.table.held(self.finder.selected()?));
        self.secret.hide();
        let ticket = self.tickets.next();
        self.loading = Some(ticket.number);
        Flow::Start(ticket, Job::Registries)
    }

    pub(super) fn list(&mut self) {
        let table = &self.table;
        self.finder.search_unfolded(&table.heads(), |row| table.name(row), |heads| table.unfolded(heads));
    }

    fn narrowed(&mut self) -> Flow {
        self.finder.select_first();
        self.list();
        self.scroll = Scroll::default();
        self.secret.hide();
        Flow::Stay
    }

    fn back(&mut self) -> Flow {
        if self.secret.is_busy() {
            self.secret.hide();
        } else if let Some(number) = self.tests.call_off() {
            return Flow::CallOff(self.tickets.ticket(number));
        } else if self.zoomed && !self.finder.is_typing() {
            (self.zoomed, self.problem) = (false, None);
        } else {
            self.finder.clear();
            return self.narrowed();
        }
        Flow::Stay
    }

    /// There is more to say of the selected row than is shown beside the table.
    fn wants_zoom(&self) -> bool {
        (self.alone || self.below) && !self.zoomed
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

impl Screen for RegistriesScreen {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const FIELD_KEYS: &'static [Binding<Action>] = FILTER_KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Reveal | Action::Copy | Action::Edit if self.selected().is_none() => registries_do::why_none(self),
            Action::Open if self.finder.selected().is_none() => Offer::Refused(self.finder.why_nothing()),
            Action::Open if self.selected().is_none() && !self.wants_zoom() => registries_do::why_none(self),
            Action::Test | Action::TestAll | Action::LogIn => self.offer_test(action),
            Action::Unfold | Action::Fold => self.offer_fold(matches!(action, Action::Unfold)),
            Action::Use | Action::Rename | Action::CopyCommand | Action::Erase => registries_do::offer(self, action),
            Action::More | Action::Less if !self.secret.is_cut() && !self.scroll.is_cut() => Offer::Refused(UNCUT),
            Action::Filter if self.table.is_empty() => Offer::Refused("there is nothing to find"),
            Action::Unreadable if self.unreadable().is_empty() => Offer::Refused("everything could be read"),
            _ => Offer::Ready,
        }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Use | Action::Rename | Action::Erase | Action::Edit | Action::LogIn)
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        self.finder.press(key).then(|| self.narrowed())
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        let shown = self.secret.is_busy();
        match action {
            Action::Open if self.wants_zoom() => None,
            Action::Use if self.is_at_head() => Some("switch"),
            Action::Open if shown => Some(""),
            Action::LogIn if self.selected().is_none() => Some("log in"),
            Action::More if !self.secret.is_cut() && !self.scroll.is_cut() => Some(""),
            Action::Reveal if shown => Some("hide"),
            Action::Open => Some("show"),
            Action::Back if self.finder.is_typing() || shown => None,
            Action::Back if self.tests.is_under_way() => Some("stop"),
            Action::Back if self.zoomed => Some("back"),
            Action::Back if self.finder.is_filtered() => Some("clear"),
            _ => None,
        }
    }

    fn has_list(&self) -> bool {
        !self.table.is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        if self.finder.go(way) {
            self.scroll = Scroll::default();
            self.secret.hide();
            self.problem = None;
        }
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        (!self.zoomed).then(|| self.finder.place())
    }

    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark> {
        vec![
            Mark(format!("2 {}", glyphs.twin), "the registry has logins under 2 spellings"),
            Mark("+1".to_owned(), "one more account, which the unfolded registry shows"),
            Mark(glyphs.active.to_owned(), "the login that the helper answers; others are dim"),
            Mark("store mount".to_owned(), "in this store; in a mounted one, where the helper does not look"),
            Mark("helper".to_owned(), "Docker's credHelpers names a helper for it"),
            Mark("inline".to_owned(), "its secret stands in Docker's config.json, in clear"),
            Mark("<token>".to_owned(), "an identity token, which needs no user name"),
            Mark("TESTED".to_owned(), "how long ago its registry was asked about it, and whether it took it"),
            Mark("EXPIRES".to_owned(), "at the latest, where the login's kind or the token tells"),
        ]
    }

    fn takes_text(&self) -> bool {
        self.finder.is_typing()
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        if self.finder.paste(text) { self.narrowed() } else { Flow::Stay }
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        let wanting = self.loaded.is_none() && self.loading.is_none();
        if std::mem::take(&mut self.outdated) || wanting { self.load() } else { Flow::Stay }
    }

    fn leave(&mut self) {
        self.secret.hide();
    }

    fn outdate(&mut self) {
        self.outdated = true;
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match action {
            Action::Open if self.wants_zoom() => {
                self.zoomed = true;
                Flow::Stay
            }
            Action::Unfold | Action::Fold => self.unfold(matches!(action, Action::Unfold)),
            Action::Open | Action::Reveal => self.reveal(),
            Action::Filter => {
                self.finder.begin();
                self.zoomed = false;
                Flow::Stay
            }
            Action::KeepFilter => {
                self.finder.keep();
                Flow::Stay
            }
            Action::Back => self.back(),
            Action::Copy => self.copy(),
            Action::Edit => registries_do::edit(self),
            Action::Test | Action::TestAll => self.test(action == Action::TestAll),
            Action::LogIn => Flow::Push(Box::new(log_in::open(self.registry(), self.selected()))),
            Action::More | Action::Less if self.secret.is_cut() => self.secret.scroll(action == Action::More),
            Action::More | Action::Less => {
                self.scroll.go(action == Action::More);
                Flow::Stay
            }
            Action::Use | Action::Rename | Action::CopyCommand | Action::Erase => {
                registries_do::act(self, action, scope)
            }
            Action::Unreadable => Flow::Push(Box::new(Unreadable::new(self.unreadable().to_vec()))),
            Action::Reload => Flow::Many(vec![self.load(), Flow::Say(Toast::good("reading the registries again"))]),
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.loading == Some(number) {
            self.loading = None;
            self.finder.forget();
            self.loaded = Some(report.map(|report| match report {
                Report::Registries(registries, checks) => {
                    self.tests.learn(checks);
                    registries
                }
                _ => Registries::default(),
            }));
            // Another token may be there now.
            self.deaths.clear();
            self.table.fill(self.loaded.as_ref().and_then(|loaded| loaded.as_ref().ok()));
            self.tests.forget_outdated(&self.table.registries);
            self.widest = Names::widest(&self.table.registries);
            self.list();
            if let Some(row) = self.held.take().and_then(|held| self.table.find(&held)) {
                self.finder.select(row);
            }
            return self.select_wanted(scope);
        }
        if self.tests.is_asked(number) {
            return self.tested(report);
        }
        if let Some(index) = self.changing.iter().position(|(asked, _)| *asked == number) {
            let (_, change) = self.changing.remove(index);
            return registries_do::report(self, change, report, scope);
        }
        let death = if let Ok(Report::Opened(secret)) = &report { accounts::death(secret) } else { None };
        let Some(flow) = self.secret.report(number, report, &panel_keys(scope), scope) else { return Flow::Stay };
        if let (Some(death), Some(entry)) = (death, self.selected().map(|login| login.entry.clone())) {
            self.deaths.insert(entry, death);
        }
        flow
    }

    fn part(&mut self, number: u64, part: Report) {
        if let (true, Report::Logins(logins::Report::One(tried))) = (self.tests.is_asked(number), part) {
            self.tests.end(tried);
        }
    }

    fn find_registry(&mut self, name: &str, scope: &Scope) -> Option<Flow> {
        self.wanted = Some(folded_name(&RegistryKey::new(name)));
        Some(if self.loaded.is_some() { self.select_wanted(scope) } else { Flow::Stay })
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
        self.finder.tally(self.table.registries.len())
    }
}
