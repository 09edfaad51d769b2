//! The registries that the stores hold logins for: one row a login, several spellings of one registry flagged as twins, and
//! those that Docker keeps elsewhere. What its keys change is `registries_do.rs`, how it looks `registries_view.rs`.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime};

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::{Job, Portion, Report, accounts};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Mark, Scope, Screen, Tickets, Toast};
use super::super::theme::Glyphs;
use super::super::widgets::finder::Finder;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::{SecretPanel, UNCUT};
use super::registries_do;
use super::registries_view::{self, Names, canonical};
use super::unreadable::Unreadable;
use crate::model::{EntryPath, Problem, text};
use crate::ops::registries::{Elsewhere, Place, Registries, RegistryLogin};

const NAME: &str = "registries";

pub(in super::super) struct RegistriesScreen {
    pub(super) tickets: Tickets,
    loading: Option<u64>,
    pub(super) loaded: Option<Result<Registries, Problem>>,
    /// `registry user` of every login, escaped: what the filter matches.
    pub(super) names: Vec<String>,
    /// Columns that the names would need.
    pub(super) widest: Names,
    /// Lists logins by their index.
    pub(super) finder: Finder,
    pub(super) zoomed: bool,
    /// As last drawn, there was room for the table or the details, not for both.
    pub(super) alone: bool,
    pub(super) secret: SecretPanel,
    /// The registry to be selected once the logins are known.
    wanted: Option<String>,
    /// The login to be selected again once they are.
    held: Option<EntryPath>,
    /// When tokens die, as the revealed ones said.
    pub(super) deaths: BTreeMap<EntryPath, SystemTime>,
    /// Changes that were asked for, by the number of their question.
    pub(super) changing: Vec<(u64, registries_do::Change)>,
    pub(super) problem: Option<Problem>,
    outdated: bool,
}

#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Action {
    Open,
    Filter,
    KeepFilter,
    Back,
    Reveal,
    More,
    Less,
    Copy,
    Use,
    Rename,
    CopyCommand,
    Erase,
    Unreadable,
    Reload,
}

const fn row(keys: &'static [Key], action: Action, hint: &'static str, help: &'static str) -> Binding<Action> {
    Binding { keys, action, hint, help }
}

pub(super) const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Open, "open", "show the details, then the secret"),
    row(&[Key::char('/')], Action::Filter, "find", "find by registry and user"),
    row(&[Key::char('c')], Action::Copy, "copy", "copy the secret, cleared after a while"),
    row(&[Key::char('r')], Action::Reveal, "reveal", "show or hide the secret, for a while"),
    row(&[Key::char('J')], Action::More, "more", "more of a long secret, while it is shown"),
    row(&[Key::char('K')], Action::Less, "", "back up in a long secret, while it is shown"),
    row(&[Key::char('a')], Action::Use, "use", "use this account: Docker gets it from now on"),
    row(&[Key::char('R')], Action::Rename, "rename", "keep the login under another user name"),
    row(&[Key::char('o'), Key::char('D')], Action::Erase, "erase", "erase all logins of the registry, and prove it"),
    row(&[Key::char('L')], Action::CopyCommand, "", "copy the docker login command, without the secret"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "hide the secret, close the details, clear the filter"),
    row(&[Key::char('u'), Key::char('U')], Action::Unreadable, "unreadable", "what is no login, and why"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Reload, "", "read the registries again"),
];

/// While the filter's field has the focus.
const FILTER_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::KeepFilter, "keep", "go on with the logins found"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "clear", "clear the filter"),
];

impl Default for RegistriesScreen {
    fn default() -> RegistriesScreen {
        RegistriesScreen {
            tickets: Tickets::of(NAME),
            loading: None,
            loaded: None,
            names: Vec::new(),
            widest: Names::widest(&[]),
            finder: Finder::default(),
            zoomed: false,
            alone: false,
            secret: SecretPanel::default(),
            wanted: None,
            held: None,
            deaths: BTreeMap::new(),
            changing: Vec::new(),
            problem: None,
            outdated: false,
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
        self.logins().get(self.finder.selected()? as usize)
    }

    /// Those of other places come after the logins.
    pub(super) fn elsewhere(&self) -> &[Elsewhere] {
        match &self.loaded {
            Some(Ok(registries)) => &registries.elsewhere,
            _ => &[],
        }
    }

    pub(super) fn selected_elsewhere(&self) -> Option<&Elsewhere> {
        self.elsewhere().get((self.finder.selected()? as usize).checked_sub(self.logins().len())?)
    }

    pub(super) fn load(&mut self) -> Flow {
        self.held = self.held.take().or_else(|| self.selected().map(|login| login.entry.clone()));
        self.secret.hide();
        let ticket = self.tickets.next();
        self.loading = Some(ticket.number);
        Flow::Start(ticket, Job::Registries)
    }

    fn list(&mut self) {
        let all: Vec<u32> = (0..).take(self.names.len()).collect();
        let names = &self.names;
        self.finder.search(&all, |index| names.get(index as usize).map_or("", |name| name));
    }

    /// Selects the login that answers for the wanted registry; says what makes one where there is none.
    fn select_wanted(&mut self) -> Flow {
        let Some(name) = self.wanted.take_if(|_| self.loading.is_none()) else { return Flow::Stay };
        let fits = |login: &&RegistryLogin| login.canonical == name;
        let logins = self.logins();
        let found = logins.iter().find(|login| fits(login) && login.active).or_else(|| logins.iter().find(fits));
        let index = found.and_then(|found| logins.iter().position(|login| login.entry == found.entry));
        match index.and_then(|index| u32::try_from(index).ok()) {
            Some(index) => {
                self.finder.clear();
                self.list();
                self.finder.select(index);
                self.secret.hide();
                Flow::Stay
            }
            None => Flow::Say(Toast::warn(format!("no login here: docker login {}", text::escaped(name.as_bytes())))),
        }
    }

    fn narrowed(&mut self) -> Flow {
        self.finder.select_first();
        self.list();
        self.secret.hide();
        Flow::Stay
    }

    fn back(&mut self) -> Flow {
        if self.secret.is_busy() {
            self.secret.hide();
        } else if self.zoomed && !self.finder.is_typing() {
            self.zoomed = false;
        } else {
            self.finder.clear();
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

/// As the filter knows what Docker keeps elsewhere.
fn elsewhere_name(one: &Elsewhere) -> String {
    let user = match &one.place {
        Place::Inline(Some(login)) => login.as_str(),
        Place::Inline(None) => "",
        Place::Helper(helper) => helper,
    };
    format!("{} {}", one.server.display(), text::escaped(user.as_bytes()))
}

/// As messages and the filter name a login.
pub(super) fn name_of(login: &RegistryLogin) -> String {
    format!("{} {}", canonical(login), text::escaped(login.login.as_str().as_bytes()))
}

impl Screen for RegistriesScreen {
    type Action = Action;

    fn keys(&self) -> &'static [Binding<Action>] {
        if self.finder.is_typing() { FILTER_KEYS } else { KEYS }
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Reveal | Action::Copy if self.selected().is_none() => registries_do::why_none(self),
            Action::Open if self.finder.selected().is_none() => Offer::Refused(self.finder.why_nothing()),
            Action::Open if self.selected().is_none() && !self.alone => registries_do::why_none(self),
            Action::Use | Action::Rename | Action::CopyCommand | Action::Erase => registries_do::offer(self, action),
            Action::More | Action::Less if !self.secret.is_cut() => Offer::Refused(UNCUT),
            Action::Filter if self.names.is_empty() => Offer::Refused("there is nothing to find"),
            Action::Unreadable if self.unreadable().is_empty() => Offer::Refused("everything could be read"),
            _ => Offer::Ready,
        }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Use | Action::Rename | Action::Erase)
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        self.finder.press(key).then(|| self.narrowed())
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        let shown = self.secret.is_busy();
        match action {
            Action::Open if self.alone && !self.zoomed => None,
            Action::Open if shown => Some(""),
            Action::Reveal if shown => Some("hide"),
            Action::Open => Some("show"),
            Action::Back if self.finder.is_typing() || shown => None,
            Action::Back if self.zoomed => Some("back"),
            Action::Back if self.finder.is_filtered() => Some("clear"),
            _ => None,
        }
    }

    fn has_list(&self) -> bool {
        !self.names.is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        if self.finder.go(way) {
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
            Mark(glyphs.active.to_owned(), "the login that Docker gets; others of its spelling are dim"),
            Mark("<token>".to_owned(), "an identity token, which needs no user name"),
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
            Action::Open if self.alone && !self.zoomed => {
                self.zoomed = true;
                Flow::Stay
            }
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
            Action::More | Action::Less => self.secret.scroll(matches!(action, Action::More)),
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
            let loaded = report.map(|report| match report {
                Report::Registries(registries) => registries,
                _ => Registries::default(),
            });
            self.loaded = Some(loaded);
            // Another token may be there now.
            self.deaths.clear();
            self.widest = Names::widest(self.logins());
            let elsewhere = self.elsewhere().iter().map(elsewhere_name);
            self.names = self.logins().iter().map(name_of).chain(elsewhere).collect();
            self.list();
            let held = self.held.take();
            let index = held.and_then(|held| self.logins().iter().position(|login| login.entry == held));
            if let Some(index) = index.and_then(|index| u32::try_from(index).ok()) {
                self.finder.select(index);
            }
            return self.select_wanted();
        }
        if let Some(index) = self.changing.iter().position(|(asked, _)| *asked == number) {
            let (_, change) = self.changing.remove(index);
            return registries_do::report(self, change, report, scope);
        }
        let death = if let Ok(Report::Opened(secret)) = &report { accounts::death(secret) } else { None };
        let Some(flow) = self.secret.report(number, report, scope) else { return Flow::Stay };
        if let (Some(death), Some(entry)) = (death, self.selected().map(|login| login.entry.clone())) {
            self.deaths.insert(entry, death);
        }
        flow
    }

    fn find_registry(&mut self, name: &str) -> Option<Flow> {
        self.wanted = Some(name.to_owned());
        Some(if self.loaded.is_some() { self.select_wanted() } else { Flow::Stay })
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
        self.finder.tally(self.names.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_keep_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
        super::super::super::keys::check_list_table(FILTER_KEYS);
    }
}
