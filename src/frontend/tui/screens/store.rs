//! The store: all entries as a tree, or flat and ranked while a filter is set; beside it the details of the selected one.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::catalogue::{Catalogue, Kind, Node, NodeId};
use super::super::jobs::git::{Job as AskGit, Report as AnswerGit};
use super::super::jobs::{Job, Portion, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Mark, Scope, Screen, Tickets, Toast};
use super::super::theme::Glyphs;
use super::super::widgets::finder::Finder;
use super::super::widgets::list::Move;
use super::super::widgets::secret_panel::{SecretPanel, UNCUT};
use super::store_keys::{Action, FILTER_KEYS, KEYS};
use super::store_layers;
use super::store_view;
use crate::model::{EntryPath, Problem};
use crate::ops::entries::EntryFacts;
use crate::ops::readers::Reader;
use crate::system::git::Tracking;

const NAME: &str = "store";

/// What is known of an entry, who can read it, and whether git has it.
pub(super) type Facts = Result<(EntryFacts, Vec<Reader>, Tracking), Problem>;

pub(in super::super) struct StoreScreen {
    pub(super) tickets: Tickets,
    pub(super) loading: Option<u64>,
    pub(super) loaded: Option<Result<Catalogue, Problem>>,
    pub(super) open: BTreeSet<EntryPath>,
    /// Lists nodes: the rows of the tree, or what the filter found.
    pub(super) finder: Finder,
    /// The details take the whole body (narrow terminals).
    pub(super) zoomed: bool,
    /// As last drawn, there was room for the list or the details, not for both.
    pub(super) alone: bool,
    pub(super) facts: Option<(EntryPath, Facts)>,
    /// The facts that are being asked for; one question at a time, the newest selection next.
    asked_facts: Option<(u64, EntryPath)>,
    pub(super) secret: SecretPanel,
    /// Something was written since it was read.
    outdated: bool,
    asked_conflicts: Option<u64>,
    /// Entries that both sides changed.
    pub(super) conflicts: BTreeSet<EntryPath>,
}

impl Default for StoreScreen {
    fn default() -> StoreScreen {
        StoreScreen {
            tickets: Tickets::of(NAME),
            loading: None,
            loaded: None,
            open: BTreeSet::new(),
            finder: Finder::default(),
            zoomed: false,
            alone: false,
            facts: None,
            asked_facts: None,
            secret: SecretPanel::default(),
            outdated: false,
            asked_conflicts: None,
            conflicts: BTreeSet::new(),
        }
    }
}

impl StoreScreen {
    pub(super) fn catalogue(&self) -> Option<&Catalogue> {
        self.loaded.as_ref()?.as_ref().ok()
    }

    pub(super) fn selected(&self) -> Option<&Node> {
        self.catalogue()?.node(self.finder.selected()?)
    }

    pub(super) fn selected_entry(&self) -> Option<&Node> {
        self.selected().filter(|node| !node.is_folder())
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
        self.finder.forget();
        self.facts = None;
        self.loaded = Some(loaded);
        if first {
            self.open_what_fits(scope);
        }
        self.list();
        let again = before.and_then(|(path, folder)| self.catalogue()?.find(&path, folder));
        if let Some(id) = again {
            self.finder.select(id);
        }
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
            return self.finder.list(Vec::new());
        };
        if self.finder.is_filtered() {
            self.finder.search(catalogue.leaves(), |id| catalogue.node(id).map_or("", |node| &*node.full));
        } else {
            self.finder.list(catalogue.rows(&self.open));
        }
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
            if let Some(parent) = parent {
                self.finder.select(parent);
            }
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
        } else if self.zoomed && !self.finder.is_typing() {
            self.zoomed = false;
        } else {
            let selected = self.selected().map(|node| (node.path.clone(), node.is_folder()));
            self.finder.clear();
            self.list();
            self.finder.select_first();
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
        if !self.finder.select(id) {
            self.finder.select_first();
        }
    }

    fn narrowed(&mut self) -> Flow {
        self.finder.select_first();
        self.list();
        self.moved()
    }
}

impl Screen for StoreScreen {
    type Action = Action;

    fn keys(&self) -> &'static [Binding<Action>] {
        if self.finder.is_typing() { FILTER_KEYS } else { KEYS }
    }

    fn name(&self) -> &'static str {
        NAME
    }

    fn offer(&self, action: Action) -> Offer {
        let catalogue = self.catalogue();
        match action {
            Action::Open | Action::Reveal | Action::Copy | Action::History if self.selected().is_none() => {
                Offer::Refused(self.finder.why_nothing())
            }
            Action::Reveal | Action::Copy | Action::History if self.selected_entry().is_none() => {
                Offer::Refused("select an entry, not a folder")
            }
            Action::Scroll { .. } if !self.secret.is_cut() => Offer::Refused(UNCUT),
            Action::Conflicts if self.conflicts.is_empty() => Offer::Refused("no entry has a conflict; S shows git"),
            Action::Unreadable if catalogue.is_none_or(|catalogue| catalogue.unreadable.is_empty()) => {
                Offer::Refused("everything could be listed")
            }
            Action::Filter | Action::Search if catalogue.is_none_or(|catalogue| catalogue.entries() == 0) => {
                Offer::Refused("there is nothing to find")
            }
            _ => Offer::Ready,
        }
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        self.finder.press(key).then(|| self.narrowed())
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        let node = self.selected()?;
        let shown = self.secret.is_busy();
        match action {
            Action::Open if node.is_folder() => self.open.contains(&node.path).then_some("close"),
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
        self.catalogue().is_some_and(|catalogue| catalogue.entries() > 0)
    }

    fn go(&mut self, way: Move) -> Flow {
        if self.finder.go(way) { self.moved() } else { Flow::Stay }
    }

    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark> {
        let recipients = format!("{} {} {}", glyphs.good, glyphs.warn, glyphs.bad);
        vec![
            Mark(
                format!("{} {}", glyphs.closed, glyphs.opened),
                "a folder, closed and open; how many entries at its right",
            ),
            Mark("mount".to_owned(), "another store that gopass shows inside this one"),
            Mark(recipients, "a reader's key: good, in doubt, of no use"),
        ]
    }

    fn takes_text(&self) -> bool {
        self.finder.is_typing()
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        if self.finder.paste(text) { self.narrowed() } else { Flow::Stay }
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        let unread = self.loaded.is_none() || std::mem::take(&mut self.outdated);
        if unread && self.loading.is_none() { self.load() } else { self.ask_facts() }
    }

    fn leave(&mut self) {
        self.secret.hide();
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Open => self.open_selected(),
            Action::Close => self.open_folder(false),
            Action::Filter => {
                self.finder.begin();
                self.zoomed = false;
                Flow::Stay
            }
            Action::KeepFilter => {
                self.finder.keep();
                if self.finder.is_filtered() { Flow::Stay } else { self.back() }
            }
            Action::Back => self.back(),
            Action::Reveal => self.reveal(),
            Action::Copy => self.copy(),
            Action::Scroll { down } => self.secret.scroll(down),
            Action::History
            | Action::Search
            | Action::Readers
            | Action::Git
            | Action::Conflicts
            | Action::Unreadable => store_layers::open(self, action),
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
            let ticket = self.tickets.next();
            self.asked_conflicts = Some(ticket.number);
            let ask = Flow::Start(ticket, Job::Git(AskGit::Conflicts));
            return Flow::Many(vec![self.take_in(loaded, scope), ask]);
        }
        if let Some((_, path)) = self.asked_facts.take_if(|(asked, _)| *asked == number) {
            match report {
                Ok(Report::Facts(facts, readers, git)) => self.facts = Some((path, Ok((facts, readers, git)))),
                Ok(_) => {}
                Err(problem) => self.facts = Some((path, Err(problem))),
            }
            return self.ask_facts();
        }
        if self.asked_conflicts.take_if(|asked| *asked == number).is_some() {
            // A git that does not answer tells why in the git layer.
            if let Ok(Report::Git(AnswerGit::Conflicts(found))) = report {
                self.conflicts = found.entries.into_iter().collect();
            }
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
        store_view::draw(self, frame, area, scope);
    }

    fn outdate(&mut self) {
        self.outdated = true;
    }

    fn find_entry(&mut self, entry: &EntryPath) -> Option<Flow> {
        self.finder.clear();
        self.show_in_tree(entry, false);
        Some(self.moved())
    }

    fn tally(&self) -> String {
        let Some(catalogue) = self.catalogue() else { return String::new() };
        let bad = match catalogue.unreadable.len() {
            0 => String::new(),
            count => format!("{count} unreadable  "),
        };
        bad + &self.finder.tally(catalogue.entries())
    }
}
