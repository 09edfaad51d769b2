//! The entries of all stores as a tree of rows, built on a worker so that the UI thread only looks things up. Folders
//! come before entries; the logins of registries stand under their decoded names. Holds names only.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use crate::model::{EntryPath, text};
use crate::ops::registries::{RegistryLogin, shown_name};
use crate::system::store::{Entry, Listing, Unreadable};

/// Index of a node.
pub(super) type NodeId = u32;

/// The folder whose sub-folders are registries (docker-credential-helpers `pass/pass.go`, `PASS_FOLDER`).
const REGISTRY_FOLDER: &[u8] = b"docker-credential-helpers";

/// All rows there can be.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    nodes: Vec<Node>,
    tops: Range<NodeId>,
    /// Nodes that are entries, in tree order: what the filter searches.
    leaves: Vec<NodeId>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// One row. Text in it is escaped already.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) path: EntryPath,
    /// The last part of the name; for a registry login the registry.
    pub(super) label: Box<str>,
    /// The login's user name; empty for everything else.
    pub(super) user: Box<str>,
    /// The whole name as a person would say it: what the filter matches and shows.
    pub(super) full: Box<str>,
    pub(super) kind: Kind,
    pub(super) depth: u16,
    pub(super) parent: Option<NodeId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Entry,
    /// An entry that is a login at a registry.
    Login,
    Folder {
        children: Range<NodeId>,
        /// Entries in it and below.
        entries: u32,
        mount: bool,
    },
}

impl Catalogue {
    pub(super) fn new(listing: Listing, logins: &[RegistryLogin], mounts: &[EntryPath]) -> Catalogue {
        let logins = logins.iter().map(|login| (&login.entry, login)).collect();
        let mounts = mounts.iter().collect();
        let mut builder = Builder { entries: listing.entries, logins, mounts, nodes: Vec::new() };
        // A walk over the entries needs them in order; a listing promises it, a promise is cheap to check.
        if !builder.entries.is_sorted_by(|a, b| a.path <= b.path) {
            builder.entries.sort_by(|a, b| a.path.cmp(&b.path));
        }
        let tops = builder.build();
        let mut catalogue =
            Catalogue { nodes: builder.nodes, tops, leaves: Vec::new(), unreadable: listing.unreadable };
        catalogue.leaves = catalogue.leaves_in_order();
        catalogue
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)
    }

    pub(super) fn tops(&self) -> Range<NodeId> {
        self.tops.clone()
    }

    pub(super) fn leaves(&self) -> &[NodeId] {
        &self.leaves
    }

    pub(super) fn entries(&self) -> usize {
        self.leaves.len()
    }

    pub(super) fn folders(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.is_folder())
    }

    /// All folders, and entries too, that have this name.
    pub(super) fn find(&self, path: &EntryPath, folder: bool) -> Option<NodeId> {
        let found = self.nodes.iter().position(|node| node.path == *path && node.is_folder() == folder);
        found.and_then(|index| NodeId::try_from(index).ok())
    }

    pub(super) fn trail(&self, id: NodeId) -> Trail {
        let mut trail = Vec::new();
        let mut at = self.node(id);
        while let Some(node) = at {
            at = node.parent.and_then(|parent| self.node(parent));
            trail.push((at.map(|parent| parent.path.clone()), node.rank()));
        }
        Trail(trail)
    }

    /// What is nearest to where a node stood that is no longer there: in the innermost folder that still is the one that
    /// follows by name, else the one before.
    pub(super) fn nearest(&self, trail: &Trail) -> Option<NodeId> {
        trail.0.iter().find_map(|(folder, rank)| {
            let siblings = match folder {
                None => self.tops(),
                Some(folder) => match &self.node(self.find(folder, true)?)?.kind {
                    Kind::Folder { children, .. } => children.clone(),
                    _ => return None,
                },
            };
            let is_after = |id: &NodeId| self.node(*id).is_some_and(|node| node.rank() >= *rank);
            siblings.clone().find(is_after).or_else(|| siblings.last())
        })
    }

    /// Those of the names that are there, of folders and of entries.
    pub(super) fn still_there(&self, names: &BTreeSet<(EntryPath, bool)>) -> BTreeSet<(EntryPath, bool)> {
        let here = self.nodes.iter().map(|node| (node.path.clone(), node.is_folder()));
        here.filter(|name| names.contains(name)).collect()
    }

    /// The rows of the tree with these folders open.
    pub(super) fn rows(&self, open: &BTreeSet<EntryPath>) -> Vec<NodeId> {
        self.walk(|node| open.contains(&node.path))
    }

    fn leaves_in_order(&self) -> Vec<NodeId> {
        let mut all = self.walk(|_| true);
        all.retain(|id| self.node(*id).is_some_and(|node| !node.is_folder()));
        all
    }

    /// Depth first, without recursion: a hostile store may be deep.
    fn walk(&self, is_open: impl Fn(&Node) -> bool) -> Vec<NodeId> {
        let mut rows = Vec::new();
        let mut waiting = vec![self.tops()];
        while let Some(mut siblings) = waiting.pop() {
            let Some(id) = siblings.next() else { continue };
            waiting.push(siblings);
            rows.push(id);
            if let Some(node) = self.node(id)
                && let Kind::Folder { children, .. } = &node.kind
                && is_open(node)
            {
                waiting.push(children.clone());
            }
        }
        rows
    }
}

/// What a folder's rows are ordered by.
type Rank = (bool, String, Box<str>, EntryPath);

/// Where a node stood: its rank, and its folder's name and rank, up to the top.
pub(super) struct Trail(Vec<(Option<EntryPath>, Rank)>);

impl Node {
    fn rank(&self) -> Rank {
        (!self.is_folder(), self.label.to_lowercase(), self.user.clone(), self.path.clone())
    }

    pub(super) fn is_folder(&self) -> bool {
        matches!(self.kind, Kind::Folder { .. })
    }
}

struct Builder<'a> {
    entries: Vec<Entry>,
    logins: HashMap<&'a EntryPath, &'a RegistryLogin>,
    mounts: BTreeSet<&'a EntryPath>,
    nodes: Vec<Node>,
}

/// A folder whose children are still to be made: its entries, and how many bytes of their names lead to it.
struct Pending {
    folder: Option<NodeId>,
    entries: Range<usize>,
    prefix: usize,
    depth: u16,
}

impl Builder<'_> {
    /// Breadth first, so that the children of a folder lie side by side. Answers the top rows.
    fn build(&mut self) -> Range<NodeId> {
        let mut tops = 0..0;
        let mut pending =
            VecDeque::from([Pending { folder: None, entries: 0..self.entries.len(), prefix: 0, depth: 0 }]);
        while let Some(work) = pending.pop_front() {
            let mut children = self.children(&work);
            children.sort_by_cached_key(|(node, _)| node.rank());
            let first = self.next_id();
            for (node, entries) in children {
                if node.is_folder() {
                    let prefix = node.path.as_bytes().len() + 1;
                    let (folder, depth) = (Some(self.next_id()), work.depth.saturating_add(1));
                    pending.push_back(Pending { folder, entries, prefix, depth });
                }
                self.nodes.push(node);
            }
            let made = first..self.next_id();
            match work.folder.and_then(|id| self.nodes.get_mut(id as usize)) {
                Some(Node { kind: Kind::Folder { children, .. }, .. }) => *children = made,
                _ => tops = made,
            }
        }
        tops
    }

    fn next_id(&self) -> NodeId {
        NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX)
    }

    /// The nodes right below a folder, each with the entries that lie in it.
    fn children(&self, work: &Pending) -> Vec<(Node, Range<usize>)> {
        let mut made = Vec::new();
        let mut at = work.entries.start;
        while at < work.entries.end {
            let path = &self.entries[at].path;
            let login = self.logins.get(path);
            let rest = path.as_bytes().get(work.prefix..).unwrap_or_default();
            let slash = rest.iter().position(|byte| *byte == b'/');
            let in_registries = path.as_bytes().get(..work.prefix.saturating_sub(1)) == Some(REGISTRY_FOLDER);
            match (slash, login) {
                (Some(_), Some(login)) if in_registries => {
                    made.push((self.login(work, login), at..at + 1));
                    at += 1;
                }
                (Some(slash), _) => {
                    let name = &path.as_bytes()[..work.prefix + slash + 1];
                    let inside = |entry: &Entry| entry.path.as_bytes().starts_with(name);
                    let mut end = at + self.entries[at..work.entries.end].partition_point(inside);
                    if in_registries {
                        // Logins of this folder stand on their own; what is left of it is an ordinary folder.
                        end = at
                            + self.entries[at..end].iter().take_while(|e| !self.logins.contains_key(&e.path)).count();
                    }
                    let folder = EntryPath::parse(OsStr::from_bytes(name));
                    if let Ok(folder) = folder {
                        made.push((self.folder(work, folder, end - at), at..end));
                    }
                    at = end;
                }
                (None, _) => {
                    made.push((entry(work, path), at..at + 1));
                    at += 1;
                }
            }
        }
        made
    }

    fn folder(&self, work: &Pending, path: EntryPath, entries: usize) -> Node {
        let mount = self.mounts.contains(&path);
        Node {
            label: text::escaped(path.name().as_encoded_bytes()).into(),
            user: "".into(),
            full: "".into(),
            kind: Kind::Folder { children: 0..0, entries: u32::try_from(entries).unwrap_or(u32::MAX), mount },
            depth: work.depth,
            parent: work.folder,
            path,
        }
    }

    fn login(&self, work: &Pending, login: &RegistryLogin) -> Node {
        // Twins mean the same registry: their spellings tell them apart.
        let label = if login.twins.is_empty() { shown_name(&login.canonical).into() } else { login.server.display() };
        let user = login.login.shown();
        Node {
            full: format!("{label} {user}").into(),
            label: label.into(),
            user: user.into(),
            kind: Kind::Login,
            depth: work.depth,
            parent: work.folder,
            path: login.entry.clone(),
        }
    }
}

fn entry(work: &Pending, path: &EntryPath) -> Node {
    Node {
        label: text::escaped(path.name().as_encoded_bytes()).into(),
        user: "".into(),
        full: path.display().into(),
        kind: Kind::Entry,
        depth: work.depth,
        parent: work.folder,
        path: path.clone(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::model::{Login, RegistryKey};

    pub(in crate::frontend::tui) fn listing(names: &[&str]) -> Listing {
        let entry = |name: &&str| Entry { path: EntryPath::parse(name).expect("a name"), store: 0 };
        let mut entries: Vec<Entry> = names.iter().map(entry).collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Listing { entries, unreadable: Vec::new() }
    }

    pub(in crate::frontend::tui) fn login(server: &str, user: &str, entry: &str) -> RegistryLogin {
        let server = RegistryKey::new(server);
        RegistryLogin {
            kind: crate::ops::registries::RegistryKind::of(&server.canonical()),
            canonical: server.canonical(),
            server,
            login: Login::new(user),
            mount: EntryPath::root(),
            official: true,
            expires: None,
            entry: EntryPath::parse(entry).expect("a name"),
            file: format!("/store/{entry}.gpg").into(),
            modified: SystemTime::UNIX_EPOCH,
            active: true,
            twins: Vec::new(),
        }
    }

    fn drawn(catalogue: &Catalogue, open: &[&str]) -> Vec<String> {
        let open = open.iter().map(|name| EntryPath::parse(name).expect("a name")).collect();
        let line = |id: &NodeId| {
            let node = catalogue.node(*id).expect("a node");
            let count = match &node.kind {
                Kind::Folder { entries, mount, .. } => format!(" [{entries}{}]", if *mount { " mount" } else { "" }),
                _ => String::new(),
            };
            format!("{}{}{count}{}", "  ".repeat(node.depth.into()), node.label, node.user)
        };
        catalogue.rows(&open).iter().map(line).collect()
    }

    #[test]
    fn folders_first_then_entries_and_only_open_ones_show_their_children() {
        let listing = listing(&["a", "a.b", "a/x", "a/y/z", "B", "c/d"]);
        let catalogue = Catalogue::new(listing, &[], &[EntryPath::parse("c").expect("a name")]);
        assert_eq!(drawn(&catalogue, &[]), ["a [2]", "c [1 mount]", "a", "a.b", "B"]);
        assert_eq!(drawn(&catalogue, &["a", "a/y"])[..4], ["a [2]", "  y [1]", "    z", "  x"]);
        assert_eq!(catalogue.entries(), 6);
    }

    #[test]
    fn logins_stand_under_their_decoded_names() {
        let folder = "docker-credential-helpers";
        let (one, two) = (format!("{folder}/Zw==/alice"), format!("{folder}/Zw==/bob"));
        let stray = format!("{folder}/not base64/x");
        let catalogue = Catalogue::new(
            listing(&[&one, &two, &stray]),
            &[login("ghcr.io", "alice", &one), login("ghcr.io", "bob", &two)],
            &[],
        );
        let rows = drawn(&catalogue, &[folder]);
        assert_eq!(rows, [&format!("{folder} [3]"), "  not base64 [1]", "  ghcr.ioalice", "  ghcr.iobob"]);
    }

    #[test]
    fn hostile_names_are_escaped_and_depth_is_no_danger() {
        let deep = "d/".repeat(2000) + "x";
        let catalogue = Catalogue::new(listing(&["a\u{1b}[31mb", &deep]), &[], &[]);
        assert!(catalogue.nodes.iter().all(|node| !node.label.contains('\u{1b}') && !node.full.contains('\u{1b}')));
        assert_eq!(catalogue.entries(), 2);
        assert_eq!(catalogue.nodes.len(), 2002);
    }
}
