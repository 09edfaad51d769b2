//! The list of the store screen: all entries as a tree, or flat and ranked while a filter is set. Knows nothing of jobs.

use std::collections::{BTreeSet, VecDeque};

use ratatui::layout::Rect;

use super::super::catalogue::{Catalogue, Kind, Node, NodeId};
use super::super::widgets::finder::Finder;
use crate::model::{EntryPath, Problem};
use crate::ops::transfer::Place;

#[derive(Default)]
pub(super) struct Tree {
    pub(super) loaded: Option<Result<Catalogue, Problem>>,
    pub(super) open: BTreeSet<EntryPath>,
    /// Lists nodes: the rows of the tree, or what the filter found.
    pub(super) finder: Finder,
    /// What actions are for besides the selected one; whether it is a folder.
    pub(super) marked: BTreeSet<(EntryPath, bool)>,
}

impl Tree {
    pub(super) fn catalogue(&self) -> Option<&Catalogue> {
        self.loaded.as_ref()?.as_ref().ok()
    }

    pub(super) fn selected(&self) -> Option<&Node> {
        self.catalogue()?.node(self.finder.selected()?)
    }

    pub(super) fn selected_entry(&self) -> Option<&Node> {
        self.selected().filter(|node| !node.is_folder())
    }

    /// Where a new entry would be put: the selected folder, or the one around the selected entry. A login's is the top:
    /// folders of logins are not made by hand.
    pub(super) fn folder_here(&self) -> EntryPath {
        match self.selected() {
            Some(Node { kind: Kind::Folder { .. }, path, .. }) => path.clone(),
            Some(Node { kind: Kind::Entry, path, .. }) => path.parent(),
            _ => EntryPath::root(),
        }
    }

    /// What an action is for: what is marked, else what is selected. Nothing that goes along with a folder anyway.
    pub(super) fn meant(&self) -> Vec<Place> {
        let place = |(path, as_folder): &(EntryPath, bool)| Place { path: path.clone(), as_folder: *as_folder };
        if self.marked.is_empty() {
            let selected = self.selected().map(|node| (node.path.clone(), node.is_folder()));
            return selected.iter().map(place).collect();
        }
        let inside = |one: &(EntryPath, bool)| {
            self.marked.iter().any(|(folder, is)| *is && one != &(folder.clone(), true) && one.0.is_within(folder))
        };
        self.marked.iter().filter(|one| !inside(one)).map(place).collect()
    }

    /// How many entries a folder holds.
    pub(super) fn entries_in(&self, folder: &EntryPath) -> u64 {
        let node = self.catalogue().and_then(|catalogue| catalogue.node(catalogue.find(folder, true)?));
        match node.map(|node| &node.kind) {
            Some(Kind::Folder { entries, .. }) => u64::from(*entries),
            _ => 0,
        }
    }

    pub(super) fn is_open(&self, folder: &EntryPath) -> bool {
        self.open.contains(folder)
    }

    /// The store was read, for the first time or again: the same node stays selected, or the one nearest to where it was.
    pub(super) fn take_in(&mut self, loaded: Result<Catalogue, Problem>, size: Rect) {
        let before = self.selected().map(|node| (node.path.clone(), node.is_folder()));
        let trail = self.catalogue().zip(self.finder.selected()).map(|(catalogue, id)| catalogue.trail(id));
        let first = self.loaded.is_none();
        self.finder.forget();
        self.loaded = Some(loaded);
        if first {
            self.open_what_fits(size);
        }
        if let Some(Ok(catalogue)) = self.loaded.as_ref().filter(|_| !self.marked.is_empty()) {
            self.marked = catalogue.still_there(&self.marked);
        }
        self.list();
        let again = before.and_then(|(path, folder)| self.catalogue()?.find(&path, folder));
        let nearest = || self.catalogue()?.nearest(trail.as_ref()?);
        if let Some(id) = again.or_else(nearest) {
            self.finder.select(id);
        }
    }

    /// What is open in a folder is open under its new name too.
    pub(super) fn folder_moved(&mut self, from: &EntryPath, to: &EntryPath) {
        let inside = self.open.iter().filter_map(|folder| folder.below(from));
        let moved = inside.filter_map(|rest| match rest.is_root() {
            true => Some(to.clone()),
            false => to.join(rest.as_os_str()).ok(),
        });
        let moved: Vec<EntryPath> = moved.collect();
        self.open.extend(moved);
    }

    /// A small store is shown as a whole, of a large one the outer folders: nearest the top first, each that still fits.
    fn open_what_fits(&mut self, size: Rect) {
        /// Lines of the screen that are not the body.
        const FRAME_LINES: usize = 5;
        let Some(catalogue) = self.catalogue() else { return };
        let mut room = usize::from(size.height).saturating_sub(FRAME_LINES + catalogue.tops().len());
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
    pub(super) fn list(&mut self) {
        let Some(Ok(catalogue)) = &self.loaded else {
            return self.finder.list(Vec::new());
        };
        if self.finder.is_filtered() {
            self.finder.search(catalogue.leaves(), |id| catalogue.node(id).map_or("", |node| &*node.full));
        } else {
            self.finder.list(catalogue.rows(&self.open));
        }
    }

    /// Opens or closes the selected folder; closing a closed one or an entry selects the folder around it. False where
    /// nothing can have changed.
    pub(super) fn open_folder(&mut self, open: bool) -> bool {
        let Some(node) = self.selected() else { return false };
        let (path, parent) = (node.path.clone(), node.parent);
        if !node.is_folder() && open {
            return false;
        }
        if open {
            self.open.insert(path);
        } else if !(node.is_folder() && self.open.remove(&path))
            && let Some(parent) = parent
        {
            self.finder.select(parent);
        }
        self.list();
        true
    }

    /// Opens or closes every folder; of what is no longer listed the outermost folder around it is selected.
    pub(super) fn open_all(&mut self, open: bool) {
        let Some(Ok(catalogue)) = &self.loaded else { return };
        let mut selected = self.finder.selected();
        if open {
            self.open = catalogue.folders().map(|node| node.path.clone()).collect();
        } else {
            self.open.clear();
            while let Some(parent) = selected.and_then(|id| catalogue.node(id)?.parent) {
                selected = Some(parent);
            }
        }
        self.list();
        if let Some(selected) = selected {
            self.finder.select(selected);
        }
    }

    /// Back to the tree, with what was selected in sight.
    pub(super) fn clear_filter(&mut self) {
        let selected = self.selected().map(|node| (node.path.clone(), node.is_folder()));
        self.finder.clear();
        self.list();
        self.finder.select_first();
        if let Some((path, folder)) = selected {
            self.show(&path, folder);
        }
    }

    /// Selects it, with the folders around it open. False when it is not there.
    pub(super) fn show(&mut self, path: &EntryPath, folder: bool) -> bool {
        let Some(Ok(catalogue)) = &self.loaded else { return false };
        let Some(id) = catalogue.find(path, folder) else { return false };
        let mut around = catalogue.node(id).and_then(|node| node.parent);
        while let Some(node) = around.and_then(|id| catalogue.node(id)) {
            self.open.insert(node.path.clone());
            around = node.parent;
        }
        self.list();
        if !self.finder.select(id) {
            self.finder.select_first();
        }
        true
    }
}
