//! The store: all entries as a tree, or flat and ranked while a filter is set; beside it the details of the selected one.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::catalogue::{Catalogue, Kind, Node, NodeId};
use super::super::jobs::{Job, Portion, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::matching::{Filter, NEEDLE_MAX};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::widgets::list::ListPlace;
use super::super::widgets::secret_panel::SecretPanel;
use super::super::widgets::text_input::TextInput;
use super::store_keys::{Action, FILTER_KEYS, KEYS};
use super::store_view;
use super::unreadable::Unreadable;
use crate::model::{EntryPath, Problem};
use crate::ops::entries::EntryFacts;
use crate::ops::readers::Reader;

const NAME: &str = "store";

/// What is known of an entry, and who can read it.
pub(super) type Facts = Result<(EntryFacts, Vec<Reader>), Problem>;

pub(in super::super) struct StoreScreen {
    pub(super) tickets: Tickets,
    pub(super) loading: Option<u64>,
    pub(super) loaded: Option<Result<Catalogue, Problem>>,
    pub(super) open: BTreeSet<EntryPath>,
    /// The rows that are listed now, of the tree or of the filter.
    pub(super) rows: Vec<NodeId>,
    pub(super) place: ListPlace,
    pub(super) needle: TextInput,
    /// The filter's field has the focus.
    pub(super) typing: bool,
    pub(super) filter: Filter,
    /// The details take the whole body (narrow terminals).
    pub(super) zoomed: bool,
    /// As last drawn, there was room for the list or the details, not for both.
    pub(super) alone: bool,
    pub(super) facts: Option<(EntryPath, Facts)>,
    /// The facts that are being asked for; one question at a time, the newest selection next.
    asked_facts: Option<(u64, EntryPath)>,
    pub(super) secret: SecretPanel,
}

impl Default for StoreScreen {
    fn default() -> StoreScreen {
        StoreScreen {
            tickets: Tickets::of(NAME),
            loading: None,
            loaded: None,
            open: BTreeSet::new(),
            rows: Vec::new(),
            place: ListPlace::default(),
            needle: TextInput::default(),
            typing: false,
            filter: Filter::default(),
            zoomed: false,
            alone: false,
            facts: None,
            asked_facts: None,
            secret: SecretPanel::default(),
        }
    }
}

impl StoreScreen {
    pub(super) fn catalogue(&self) -> Option<&Catalogue> {
        self.loaded.as_ref()?.as_ref().ok()
    }

    pub(super) fn selected(&self) -> Option<&Node> {
        self.catalogue()?.node(*self.rows.get(self.place.selected())?)
    }

    fn selected_entry(&self) -> Option<&Node> {
        self.selected().filter(|node| !node.is_folder())
    }

    pub(super) fn is_filtered(&self) -> bool {
        !self.needle.text().trim().is_empty()
    }

    fn load(&mut self) -> Flow {
        self.secret.hide();
        let ticket = self.tickets.next();
        self.loading = Some(ticket.number);
        Flow::Start(ticket, Job::Entries)
    }

    fn take_in(&mut self, loaded: Result<Catalogue, Problem>, scope: &Scope) -> Flow {
        let before = self.selected().map(|node| (node.path.clone(), node.is_folder()));
        let first = self.loaded.is_none();
        self.filter.reset();
        self.facts = None;
        self.loaded = Some(loaded);
        if first {
            self.open_what_fits(scope);
        }
        self.list();
        let again = before.and_then(|(path, folder)| self.catalogue()?.find(&path, folder));
        let row = again.and_then(|id| self.rows.iter().position(|row| *row == id));
        self.place.select(row.unwrap_or(self.place.selected()));
        self.place.keep_within(self.rows.len());
        self.ask_facts()
    }

    /// A small store is shown as a whole, of a large one the outer folders: nearest the top first, each that still fits.
    fn open_what_fits(&mut self, scope: &Scope) {
        /// Lines of the screen that are not the body.
        const FRAME_LINES: usize = 5;
        let Some(catalogue) = self.catalogue() else { return };
        let mut room = usize::from(scope.size.height).saturating_sub(FRAME_LINES + catalogue.tops().len());
        let mut folders: VecDeque<NodeId> = catalogue.tops().collect();
        let mut open = BTreeSet::new();
        while let Some(id) = folders.pop_front() {
            let Some(Node { kind: Kind::Folder { children, .. }, path, .. }) = catalogue.node(id) else { continue };
            if children.len() <= room {
                room -= children.len();
                open.insert(path.clone());
                folders.extend(children.clone());
            }
        }
        self.open = open;
    }

    /// Makes the rows anew: after a folder was opened, or the needle changed.
    fn list(&mut self) {
        let Some(Ok(catalogue)) = &self.loaded else {
            self.rows.clear();
            return;
        };
        self.rows = if self.needle.text().trim().is_empty() {
            catalogue.rows(&self.open)
        } else {
            let name = |id| catalogue.node(id).map_or("", |node| &*node.full);
            self.filter.search(self.needle.text(), catalogue.leaves(), name)
        };
        self.place.keep_within(self.rows.len());
    }

    /// Something else is selected, or may be.
    fn moved(&mut self) -> Flow {
        self.secret.hide();
        self.ask_facts()
    }

    /// Asks for the facts of the selected entry unless they are here or another answer is awaited.
    fn ask_facts(&mut self) -> Flow {
        let Some(path) = self.selected_entry().map(|node| node.path.clone()) else { return Flow::Stay };
        let known = self.facts.as_ref().is_some_and(|(known, _)| *known == path);
        if known || self.asked_facts.is_some() {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked_facts = Some((ticket.number, path.clone()));
        Flow::Start(ticket, Job::Facts(path))
    }

    fn open_folder(&mut self, open: bool) -> Flow {
        let Some(node) = self.selected() else { return Flow::Stay };
        let (path, parent) = (node.path.clone(), node.parent);
        if !node.is_folder() && open {
            return Flow::Stay;
        }
        if open {
            self.open.insert(path);
        } else if !(node.is_folder() && self.open.remove(&path)) {
            // A closed folder or an entry: to the folder around it.
            let row = parent.and_then(|parent| self.rows.iter().position(|row| *row == parent));
            self.place.select(row.unwrap_or(self.place.selected()));
        }
        self.list();
        self.moved()
    }

    fn open_selected(&mut self) -> Flow {
        let Some(node) = self.selected() else { return Flow::Stay };
        if let Kind::Folder { .. } = node.kind {
            let is_open = self.open.contains(&node.path);
            return self.open_folder(!is_open);
        }
        if self.alone && !self.zoomed {
            self.zoomed = true;
            return Flow::Stay;
        }
        self.reveal()
    }

    fn reveal(&mut self) -> Flow {
        let Some(path) = self.selected_entry().map(|node| node.path.clone()) else { return Flow::Stay };
        // What is shown, or why it cannot be, stands in the details.
        self.zoomed |= self.alone;
        self.secret.toggle(&path, &mut self.tickets)
    }

    fn copy(&mut self) -> Flow {
        let Some(node) = self.selected_entry() else { return Flow::Stay };
        let portion = if node.kind == Kind::Login { Portion::All } else { Portion::FirstLine };
        let (path, name) = (node.path.clone(), node.full.to_string());
        self.zoomed |= self.alone;
        self.secret.copy(&path, &name, portion, &mut self.tickets)
    }

    fn back(&mut self) -> Flow {
        if self.secret.is_busy() {
            self.secret.hide();
        } else if self.zoomed && !self.typing {
            self.zoomed = false;
        } else {
            let selected = self.selected().map(|node| (node.path.clone(), node.is_folder()));
            self.typing = false;
            self.needle.clear();
            self.list();
            self.place.select(0);
            if let Some((path, folder)) = selected {
                self.show_in_tree(&path, folder);
            }
            return self.moved();
        }
        Flow::Stay
    }

    /// Selects it, with the folders around it open.
    fn show_in_tree(&mut self, path: &EntryPath, folder: bool) {
        let Some(Ok(catalogue)) = &self.loaded else { return };
        let Some(id) = catalogue.find(path, folder) else { return };
        let mut around = catalogue.node(id).and_then(|node| node.parent);
        while let Some(node) = around.and_then(|id| catalogue.node(id)) {
            self.open.insert(node.path.clone());
            around = node.parent;
        }
        self.list();
        let row = self.rows.iter().position(|row| *row == id);
        self.place.select(row.unwrap_or(0));
    }

    fn narrowed(&mut self) -> Flow {
        self.place.select(0);
        self.list();
        self.moved()
    }
}

impl Screen for StoreScreen {
    type Action = Action;

    fn keys(&self) -> &'static [Binding<Action>] {
        if self.typing { FILTER_KEYS } else { KEYS }
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn offer(&self, action: Action) -> Offer {
        let catalogue = self.catalogue();
        match action {
            Action::Reveal | Action::Copy if self.selected_entry().is_none() => {
                Offer::Refused("select an entry, not a folder")
            }
            Action::Unreadable if catalogue.is_none_or(|catalogue| catalogue.unreadable.is_empty()) => {
                Offer::Refused("everything could be listed")
            }
            Action::Open if self.selected().is_none() => Offer::Refused("nothing is listed"),
            Action::Filter if catalogue.is_none_or(|catalogue| catalogue.entries() == 0) => {
                Offer::Refused("there is nothing to find")
            }
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
        if self.loaded.is_none() && self.loading.is_none() { self.load() } else { self.ask_facts() }
    }

    fn leave(&mut self) {
        self.secret.hide();
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Go(way) => {
                let before = self.place.selected();
                self.place.go(way, self.rows.len());
                if before == self.place.selected() { Flow::Stay } else { self.moved() }
            }
            Action::Open => self.open_selected(),
            Action::Close => self.open_folder(false),
            Action::Filter => {
                self.typing = true;
                self.zoomed = false;
                Flow::Stay
            }
            Action::KeepFilter => {
                self.typing = false;
                if self.is_filtered() { Flow::Stay } else { self.back() }
            }
            Action::Back => self.back(),
            Action::Reveal => self.reveal(),
            Action::Copy => self.copy(),
            Action::Unreadable => {
                let items = self.catalogue().map(|catalogue| catalogue.unreadable.clone()).unwrap_or_default();
                Flow::Push(Box::new(Unreadable::new(items)))
            }
            Action::Reload => Flow::Many(vec![self.load(), Flow::Say(Toast::good("reading the store again"))]),
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.loading == Some(number) {
            self.loading = None;
            let loaded = report.map(|report| match report {
                Report::Entries(catalogue) => catalogue,
                _ => Catalogue::default(),
            });
            return self.take_in(loaded, scope);
        }
        if let Some((_, path)) = self.asked_facts.take_if(|(asked, _)| *asked == number) {
            match report {
                Ok(Report::Facts(facts, readers)) => self.facts = Some((path, Ok((facts, readers)))),
                Ok(_) => {}
                Err(problem) => self.facts = Some((path, Err(problem))),
            }
            return self.ask_facts();
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
        store_view::draw(self, frame, area, scope);
    }

    fn tally(&self) -> String {
        let Some(catalogue) = self.catalogue() else { return String::new() };
        let bad = match catalogue.unreadable.len() {
            0 => String::new(),
            count => format!("{count} unreadable  "),
        };
        let all = catalogue.entries();
        if self.is_filtered() { format!("{bad}{}/{all}", self.rows.len()) } else { format!("{bad}{all}") }
    }
}
