//! The store: all entries as a tree, or flat and ranked while a filter is set; beside it the details of the selected one.

use std::collections::BTreeSet;
use std::time::Instant;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::catalogue::{Catalogue, Kind, Node};
use super::super::jobs::git::{Job as AskGit, Report as AnswerGit};
use super::super::jobs::{Job, Portion, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Mark, Scope, Screen, Tickets, Toast};
use super::super::theme::Glyphs;
use super::super::widgets::details::Scroll;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::{SecretPanel, UNCUT};
use super::store_facts::Known;
use super::store_keys::{Action, FILTER_KEYS, KEYS, NAME, panel_keys};
use super::store_layers;
use super::store_tree::Tree;
use super::store_view;
use super::store_writes::{self, Writes};
use crate::model::{EntryPath, Problem};

pub(in super::super) struct StoreScreen {
    pub(super) tickets: Tickets,
    pub(super) loading: Option<u64>,
    pub(super) tree: Tree,
    /// The details take the whole body (narrow terminals).
    pub(super) zoomed: bool,
    /// As last drawn, there was room for the list or the details, not for both.
    pub(super) alone: bool,
    pub(super) known: Known,
    pub(super) secret: SecretPanel,
    /// The details below the secret.
    pub(super) scroll: Scroll,
    /// Something was written since it was read.
    outdated: bool,
    asked_conflicts: Option<u64>,
    /// Entries that both sides changed.
    pub(super) conflicts: BTreeSet<EntryPath>,
    pub(super) writes: Writes,
    /// To be selected once the store was read again, and whether it is a folder: it is not in what was read before.
    wanted: Option<(EntryPath, bool)>,
}

impl Default for StoreScreen {
    fn default() -> StoreScreen {
        StoreScreen {
            tickets: Tickets::of(NAME),
            loading: None,
            tree: Tree::default(),
            zoomed: false,
            alone: false,
            known: Known::default(),
            secret: SecretPanel::default(),
            scroll: Scroll::default(),
            outdated: false,
            asked_conflicts: None,
            conflicts: BTreeSet::new(),
            writes: Writes::default(),
            wanted: None,
        }
    }
}

impl StoreScreen {
    fn load(&mut self) -> Flow {
        self.secret.hide();
        let ticket = self.tickets.next();
        self.loading = Some(ticket.number);
        Flow::Start(ticket, Job::Entries)
    }

    fn take_in(&mut self, loaded: Result<Catalogue, Problem>, scope: &Scope) -> Flow {
        self.known.forget();
        self.tree.take_in(loaded, scope.size);
        if let Some((wanted, as_folder)) = self.wanted.take() {
            self.tree.show(&wanted, as_folder);
        }
        self.ask_facts()
    }

    /// Something else is selected, or may be.
    fn moved(&mut self) -> Flow {
        self.secret.hide();
        self.scroll = Scroll::default();
        self.ask_facts()
    }

    fn ask_facts(&mut self) -> Flow {
        match self.tree.selected() {
            None => Flow::Stay,
            Some(Node { kind: Kind::Folder { entries, .. }, path, .. }) => {
                self.known.ask_of_folder(path, *entries, &mut self.tickets)
            }
            Some(node) => self.known.ask(&node.path, &mut self.tickets),
        }
    }

    /// Of a long secret that is shown, else of the details.
    fn more(&mut self, down: bool) -> Flow {
        if self.secret.is_cut() {
            return self.secret.scroll(down);
        }
        self.scroll.go(down);
        Flow::Stay
    }

    fn open_folder(&mut self, open: bool) -> Flow {
        // What opens or closes is seen in the list.
        self.zoomed &= !self.alone;
        if self.tree.open_folder(open) { self.moved() } else { Flow::Stay }
    }

    fn open_selected(&mut self) -> Flow {
        let Some(node) = self.tree.selected() else { return Flow::Stay };
        if let Kind::Folder { .. } = node.kind {
            let is_open = self.tree.is_open(&node.path);
            return self.open_folder(!is_open);
        }
        if self.alone && !self.zoomed {
            self.zoomed = true;
            return Flow::Stay;
        }
        self.reveal()
    }

    fn reveal(&mut self) -> Flow {
        let Some(path) = self.tree.selected_entry().map(|node| node.path.clone()) else { return Flow::Stay };
        // What is shown, or why it cannot be, stands in the details.
        self.zoomed |= self.alone;
        self.secret.toggle(&path, &mut self.tickets)
    }

    fn copy(&mut self, portion: Portion) -> Flow {
        let Some(node) = self.tree.selected_entry() else { return Flow::Stay };
        let portion = match (portion, &node.kind) {
            (Portion::FirstLine, Kind::Login) => Portion::All,
            // A login's user is its name.
            (Portion::User, Kind::Login) => {
                let (user, ticket) = (node.user.to_string(), self.tickets.next());
                return self.secret.expect_copy(ticket, &user.clone(), Job::CopyText(user));
            }
            (portion, _) => portion,
        };
        let (path, name) = (node.path.clone(), node.full.to_string());
        self.zoomed |= self.alone;
        self.secret.copy(&path, &name, portion, &mut self.tickets)
    }

    fn back(&mut self) -> Flow {
        if self.secret.is_busy() {
            self.secret.hide();
        } else if self.zoomed && !self.tree.finder.is_typing() {
            self.zoomed = false;
        } else if self.tree.finder.is_filtered() || self.tree.finder.is_typing() {
            self.tree.clear_filter();
            return self.moved();
        } else {
            self.tree.marked.clear();
        }
        Flow::Stay
    }

    fn narrowed(&mut self) -> Flow {
        self.tree.finder.select_first();
        self.tree.list();
        self.moved()
    }
}

impl Screen for StoreScreen {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const FIELD_KEYS: &'static [Binding<Action>] = FILTER_KEYS;

    fn offer(&self, action: Action) -> Offer {
        let catalogue = self.tree.catalogue();
        match action {
            action if action.is_for_one() && self.tree.selected().is_none() => {
                Offer::Refused(self.tree.finder.why_nothing())
            }
            action if action.is_for_one() && action != Action::Open && self.tree.selected_entry().is_none() => {
                Offer::Refused("select an entry, not a folder")
            }
            Action::More | Action::Less if !self.secret.is_cut() && !self.scroll.is_cut() => Offer::Refused(UNCUT),
            Action::Details if !self.alone => Offer::Needless("the details stand beside the list"),
            Action::Details if self.tree.selected().is_none() => Offer::Refused(self.tree.finder.why_nothing()),
            Action::OpenAll | Action::CloseAll if self.tree.finder.is_filtered() => {
                Offer::Refused("what the filter found has no folders; clear it first")
            }
            Action::Conflicts if self.conflicts.is_empty() => Offer::Needless("no entry has a conflict"),
            Action::Unreadable if catalogue.is_none_or(|catalogue| catalogue.unreadable.is_empty()) => {
                Offer::Needless("everything could be listed")
            }
            Action::Filter | Action::Search if catalogue.is_none_or(|catalogue| catalogue.entries() == 0) => {
                Offer::Refused("there is nothing to find")
            }
            Action::New
            | Action::Password
            | Action::Rename
            | Action::Move
            | Action::CopyEntry
            | Action::Delete
            | Action::Mark => store_writes::offer(self, action),
            _ => Offer::Ready,
        }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(
            action,
            Action::New
                | Action::Edit
                | Action::EditOutside
                | Action::Password
                | Action::Rename
                | Action::Move
                | Action::CopyEntry
                | Action::Delete
                | Action::EncryptAnew
        )
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        self.tree.finder.press(key).then(|| self.narrowed())
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        let node = self.tree.selected()?;
        let shown = self.secret.is_busy();
        match action {
            Action::Open if node.is_folder() => self.tree.is_open(&node.path).then_some("close"),
            Action::EncryptAnew if node.is_folder() => Some("encrypt anew"),
            Action::Details if node.is_folder() && !self.zoomed => Some("details"),
            Action::Open if self.alone && !self.zoomed => None,
            Action::Open if shown => Some(""),
            Action::Reveal if shown => Some("hide"),
            Action::Open => Some("show"),
            Action::Back if self.tree.finder.is_typing() || shown => None,
            Action::Back if self.zoomed => Some("back"),
            Action::Back if self.tree.finder.is_filtered() => Some("clear"),
            Action::Back if !self.tree.marked.is_empty() => Some("unmark"),
            _ => None,
        }
    }

    fn has_list(&self) -> bool {
        self.tree.catalogue().is_some_and(|catalogue| catalogue.entries() > 0)
    }

    fn go(&mut self, way: Move) -> Flow {
        if self.tree.finder.go(way) { self.moved() } else { Flow::Stay }
    }

    fn list(&self) -> Option<&ListPlace> {
        (!self.zoomed).then(|| self.tree.finder.place())
    }

    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark> {
        let recipients = format!("{} {} {}", glyphs.good, glyphs.warn, glyphs.bad);
        vec![
            Mark(
                format!("{} {}", glyphs.closed, glyphs.opened),
                "a folder, closed and open; how many entries at its right",
            ),
            Mark("mount".to_owned(), "another store that gopass shows inside this one"),
            Mark(glyphs.active.to_owned(), "marked"),
            Mark(recipients, "a reader's key: good, in doubt, of no use"),
        ]
    }

    fn takes_text(&self) -> bool {
        self.tree.finder.is_typing()
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        if self.tree.finder.paste(text) { self.narrowed() } else { Flow::Stay }
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        let unread = self.tree.loaded.is_none() || std::mem::take(&mut self.outdated);
        if unread && self.loading.is_none() { self.load() } else { self.ask_facts() }
    }

    fn leave(&mut self) {
        self.secret.hide();
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match action {
            Action::Open => self.open_selected(),
            Action::Close => self.open_folder(false),
            Action::OpenAll | Action::CloseAll => {
                self.tree.open_all(matches!(action, Action::OpenAll));
                self.moved()
            }
            Action::Filter => {
                self.tree.finder.begin();
                self.zoomed = false;
                Flow::Stay
            }
            Action::KeepFilter => {
                self.tree.finder.keep();
                if self.tree.finder.is_filtered() { Flow::Stay } else { self.back() }
            }
            Action::Back => self.back(),
            Action::Reveal => self.reveal(),
            Action::Copy => self.copy(Portion::FirstLine),
            Action::CopyUser => self.copy(Portion::User),
            Action::CopyCode => self.copy(Portion::Code),
            Action::More | Action::Less => self.more(matches!(action, Action::More)),
            Action::Details => {
                self.zoomed = !self.zoomed;
                Flow::Stay
            }
            Action::Lines
            | Action::Edit
            | Action::EditOutside
            | Action::History
            | Action::Search
            | Action::Readers
            | Action::EncryptAnew
            | Action::Git
            | Action::Conflicts
            | Action::Unreadable => store_layers::open(self, action),
            Action::Mark => self.mark(),
            Action::New | Action::Password | Action::Rename | Action::Move | Action::CopyEntry | Action::Delete => {
                store_writes::open(self, action, scope)
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
            let ticket = self.tickets.next();
            self.asked_conflicts = Some(ticket.number);
            let ask = Flow::Start(ticket, Job::Git(AskGit::Conflicts));
            return Flow::Many(vec![self.take_in(loaded, scope), ask]);
        }
        let Some(report) = self.known.take(number, report) else { return self.ask_facts() };
        if self.asked_conflicts.take_if(|asked| *asked == number).is_some() {
            // A git that does not answer tells why in the git layer.
            if let Ok(Report::Git(AnswerGit::Conflicts(found))) = report {
                self.conflicts = found.entries.into_iter().collect();
            }
            return Flow::Stay;
        }
        if self.writes.take(number) {
            return self.written(report, scope);
        }
        self.secret.report(number, report, &panel_keys(scope), scope).unwrap_or(Flow::Stay)
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

    fn folder_moved(&mut self, from: &EntryPath, to: &EntryPath) {
        self.tree.folder_moved(from, to);
    }

    fn find_entry(&mut self, entry: &EntryPath, as_folder: bool) -> Option<Flow> {
        self.tree.finder.clear();
        if !self.tree.show(entry, as_folder) {
            self.wanted = Some((entry.clone(), as_folder));
        }
        Some(self.moved())
    }

    fn tally(&self) -> String {
        let Some(catalogue) = self.tree.catalogue() else { return String::new() };
        let bad = match catalogue.unreadable.len() {
            0 => String::new(),
            count => format!("{count} unreadable  "),
        };
        let marked = match self.tree.marked.len() {
            0 => String::new(),
            count => format!("{count} marked  "),
        };
        marked + &bad + &self.tree.finder.tally(catalogue.entries())
    }
}
