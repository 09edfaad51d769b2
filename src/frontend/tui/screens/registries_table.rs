//! The rows of the registries screen: one a registry, and below an unfolded one its accounts and other places. The finder
//! knows rows by numbers, which this tells apart; `registries_view.rs` draws them.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::model::{EntryPath, text};
use crate::ops::registries::{self, Elsewhere, Place, Registries, Registry, RegistryLogin};

#[derive(Default)]
pub(super) struct Table {
    pub(super) registries: Vec<Registry>,
    /// The rows that can be unfolded: their registry, and which of its logins, or of its places after them.
    members: Vec<(usize, usize)>,
    /// What the filter matches, by row; escaped.
    names: Vec<String>,
    /// Unfolded registries by name.
    open: BTreeSet<String>,
}

/// What a row is about.
#[derive(Clone, Copy)]
pub(super) enum Item<'a> {
    Login(&'a RegistryLogin),
    Place(&'a Elsewhere),
}

/// A row that is selected, to be found again after the registries were read again.
#[derive(Clone, Debug)]
pub(super) struct Held {
    name: String,
    entry: Option<EntryPath>,
}

impl Table {
    /// Other registries; what was unfolded stays so.
    pub(super) fn fill(&mut self, found: Option<&Registries>) {
        self.registries = found.map(registries::fold).unwrap_or_default();
        let members = self.registries.iter().enumerate();
        let members = members.flat_map(|(at, one)| (0..one.logins.len() + one.elsewhere.len()).map(move |i| (at, i)));
        self.members = members.collect();
        let heads = self.registries.iter().map(whole_name);
        let rows =
            self.members.iter().map(|(at, index)| item(&self.registries[*at], *index).map_or_else(String::new, name));
        self.names = heads.chain(rows).collect();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.registries.is_empty()
    }

    /// The rows of the registries.
    pub(super) fn heads(&self) -> Vec<u32> {
        (0..).take(self.registries.len()).collect()
    }

    /// These rows of registries, and what is unfolded below them.
    pub(super) fn unfolded(&self, heads: Vec<u32>) -> Vec<u32> {
        if self.open.is_empty() {
            return heads;
        }
        heads.into_iter().flat_map(|head| std::iter::once(head).chain(self.below(head))).collect()
    }

    fn below(&self, head: u32) -> Vec<u32> {
        let open = self.registries.get(head as usize).filter(|one| self.open.contains(&one.name));
        let first = self.members.partition_point(|(at, _)| *at < head as usize);
        let rows = self.members[first..].iter().take_while(|(at, _)| open.is_some() && *at == head as usize);
        rows.enumerate().filter_map(|(index, _)| self.row(first + index)).collect()
    }

    /// The row of a member.
    fn row(&self, member: usize) -> Option<u32> {
        u32::try_from(self.registries.len() + member).ok()
    }

    fn member(&self, row: u32) -> Option<(usize, usize)> {
        self.members.get((row as usize).checked_sub(self.registries.len())?).copied()
    }

    pub(super) fn is_head(&self, row: u32) -> bool {
        (row as usize) < self.registries.len()
    }

    pub(super) fn registry(&self, row: u32) -> Option<&Registry> {
        let at = self.member(row).map_or(row as usize, |(at, _)| at);
        self.registries.get(at)
    }

    /// What a row stands for: a registry's by the first of its logins, or else of its places.
    pub(super) fn item(&self, row: u32) -> Option<Item<'_>> {
        item(self.registry(row)?, self.member(row).map_or(0, |(_, index)| index))
    }

    pub(super) fn name(&self, row: u32) -> &str {
        self.names.get(row as usize).map_or("", String::as_str)
    }

    pub(super) fn is_open(&self, row: u32) -> bool {
        self.registry(row).is_some_and(|one| self.open.contains(&one.name))
    }

    /// True when there is more to a registry than its row shows.
    pub(super) fn is_folded_at(&self, row: u32) -> bool {
        self.registry(row).is_some_and(|one| one.logins.len() + one.elsewhere.len() > 1)
    }

    /// Shows or hides what is below the row's registry; answers the registry's own row.
    pub(super) fn unfold(&mut self, row: u32, open: bool) -> u32 {
        let head = self.member(row).map_or(row as usize, |(at, _)| at);
        if let Some(one) = self.registries.get(head) {
            if open {
                self.open.insert(one.name.clone())
            } else {
                self.open.remove(&one.name)
            };
        }
        u32::try_from(head).unwrap_or(row)
    }

    pub(super) fn held(&self, row: u32) -> Option<Held> {
        let entry = match self.item(row).filter(|_| !self.is_head(row)) {
            Some(Item::Login(login)) => Some(login.entry.clone()),
            Some(Item::Place(_)) | None => None,
        };
        self.registry(row).map(|one| Held { name: one.name.clone(), entry })
    }

    /// Where it is now: its own row, or that of its registry.
    pub(super) fn find(&self, held: &Held) -> Option<u32> {
        let head = self.head_of(&held.name)?;
        let is_held = |row: &u32| matches!((self.item(*row), &held.entry), (Some(Item::Login(one)), Some(entry)) if one.entry == *entry);
        self.below(head).into_iter().find(is_held).or(Some(head))
    }

    pub(super) fn head_of(&self, name: &str) -> Option<u32> {
        let head = self.registries.iter().position(|one| one.name == name);
        head.and_then(|head| u32::try_from(head).ok())
    }

    /// A login of the same registry that the helper does not answer and could.
    pub(super) fn other_account(&self, row: u32) -> Option<u32> {
        let at = self.member(row).map_or(row as usize, |(at, _)| at);
        let fits = |login: &RegistryLogin| login.mount.is_root() && !login.active && !login.server.is_hub_token();
        let found = self.members.iter().position(|(head, index)| {
            *head == at && self.registries.get(*head).and_then(|one| one.logins.get(*index)).is_some_and(fits)
        });
        found.and_then(|member| self.row(member))
    }
}

fn item(registry: &Registry, index: usize) -> Option<Item<'_>> {
    let place = || registry.elsewhere.get(index.checked_sub(registry.logins.len())?).map(Item::Place);
    registry.logins.get(index).map(Item::Login).or_else(place)
}

/// As the filter knows a registry: its name, its accounts and spellings.
fn whole_name(registry: &Registry) -> String {
    let mut name = registries::shown_name(&registry.name);
    let users = registry.accounts().into_iter().map(|one| one.shown());
    let spellings =
        registry.logins.iter().map(|one| &one.server).chain(registry.elsewhere.iter().map(|one| &one.server));
    let spellings: BTreeSet<_> = spellings.map(|one| one.display()).filter(|one| **one != *registry.name).collect();
    let helpers = registry.elsewhere.iter().filter_map(|one| match &one.place {
        Place::Helper(helper) => Some(text::escaped(helper.as_bytes())),
        Place::Ours(_) | Place::Inline(_) => None,
    });
    for word in users.chain(helpers).chain(spellings) {
        name.push_str(&format!(" {word}"));
    }
    name
}

fn name(item: Item<'_>) -> String {
    match item {
        Item::Login(login) => name_of(login),
        Item::Place(one) => format!("{} {}", one.server.display(), place_user(one)),
    }
}

/// As messages name a login.
pub(super) fn name_of(login: &RegistryLogin) -> String {
    let registry = registries::shown_name(&login.canonical);
    format!("{registry} {}", login.login.shown())
}

/// The user of a login that Docker keeps itself, where it tells; escaped.
pub(super) fn place_user(one: &Elsewhere) -> Cow<'_, str> {
    match &one.place {
        Place::Inline(Some(login)) => login.shown(),
        Place::Inline(None) | Place::Helper(_) | Place::Ours(_) => Cow::Borrowed("-"),
    }
}
