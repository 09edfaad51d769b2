//! How the store screen looks; `store.rs` is what it does.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::catalogue::{Kind, Node};
use super::super::screen::Scope;
use super::super::theme::{Meaning, Theme};
use super::super::widgets::details::Details;
use super::super::widgets::{panes, words};
use super::store::StoreScreen;
use super::store_keys::{Action, panel_keys};
use super::{entry_facts, folder_facts};
use crate::model::EntryPath;

const BESIDE: panes::Beside = panes::Beside { from: panes::NARROW, share: 48 };

/// Columns by which a row stands right of its folder.
const INDENT: usize = 2;

pub(super) fn draw(screen: &mut StoreScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    if screen.tree.catalogue().is_none_or(|catalogue| catalogue.entries() == 0) {
        return draw_empty(screen, frame, area, scope);
    }
    let panes = panes::arrange(frame, area, BESIDE, screen.zoomed, scope);
    screen.alone = panes.alone();
    if let Some(list) = panes.list {
        draw_list(screen, frame, list, scope);
    }
    if let (Some(details), Some(node)) = (panes.details, screen.tree.selected()) {
        let mut details = Details::new(frame.buffer_mut(), details, panes.flat, scope);
        draw_details(screen, node, &mut details, scope);
        let keys = panel_keys(scope);
        screen.scroll = details.end_scroll(&format!("{}, {}", keys.more, keys.less));
    }
}

fn draw_empty(screen: &StoreScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 };
    let mut details = Details::new(frame.buffer_mut(), area, false, scope);
    match &screen.tree.loaded {
        None => details.sentence("reading the store", Meaning::Muted),
        Some(Err(problem)) => details.problem(problem),
        Some(Ok(catalogue)) => {
            details.sentence("The store is empty.", Meaning::Plain);
            details.gap();
            let (flags, variables) = (scope.typed.flags(), scope.typed.variables());
            details.sentence(&format!("Add an entry:  regpass{flags} insert NAME"), Meaning::Plain);
            details.sentence(&format!("Make a new store for a key:  {variables}pass init KEYID"), Meaning::Plain);
            details.sentence("See how it looks with one:  regpass demo", Meaning::Plain);
            if !catalogue.unreadable.is_empty() {
                details.gap();
                let count = words::counted(catalogue.unreadable.len() as u64, "name");
                let key = scope.key_of::<StoreScreen>(Action::Unreadable);
                details.sentence(&format!("{count} could not be listed; {key} tells why"), Meaning::Warn);
            }
        }
    }
}

fn draw_list(screen: &mut StoreScreen, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
    let list = screen.tree.finder.draw_field(frame, area, scope);
    let (Some(Ok(catalogue)), open, conflicts) = (&screen.tree.loaded, &screen.tree.open, &screen.conflicts) else {
        return;
    };
    let name = |id| catalogue.node(id).map_or("", |node| &*node.full);
    let marked = &screen.tree.marked;
    let is_marked = |node: &Node| !marked.is_empty() && marked.contains(&(node.path.clone(), node.is_folder()));
    let flag = |id| catalogue.node(id).is_some_and(is_marked);
    let flag = (!marked.is_empty()).then_some(&flag as &dyn Fn(u32) -> bool);
    screen.tree.finder.draw_rows(frame, list, scope, (name, flag), |id, columns| match catalogue.node(id) {
        Some(node) => {
            let state = RowState {
                open: open.contains(&node.path),
                conflict: !node.is_folder() && conflicts.contains(&node.path),
                marked: is_marked(node),
            };
            tree_row(node, state, columns, &scope.theme)
        }
        None => Line::default(),
    });
}

#[derive(Clone, Copy)]
struct RowState {
    open: bool,
    conflict: bool,
    marked: bool,
}

fn tree_row<'a>(node: &'a Node, state: RowState, columns: u16, theme: &Theme) -> Line<'a> {
    let glyphs = theme.glyphs;
    // Deep rows keep half of the columns for their names.
    let indent = " ".repeat((usize::from(node.depth) * INDENT).min(usize::from(columns / 2)));
    let (mark, right, meaning) = match &node.kind {
        Kind::Folder { entries, mount, .. } => {
            let mark = if state.open { glyphs.opened } else { glyphs.closed };
            let mount = if *mount { "mount " } else { "" };
            (mark, format!("{mount}{entries}"), Meaning::Accent)
        }
        _ if state.conflict => (glyphs.bad, "conflict".to_owned(), Meaning::Bad),
        Kind::Entry | Kind::Login => (" ", node.user.to_string(), Meaning::Plain),
    };
    let (mark, marks) = if state.marked { (glyphs.active, Meaning::Key) } else { (mark, Meaning::Muted) };
    let left = words::width(&indent) + 2;
    let right = words::fit(&right, columns.saturating_sub(left) / 2, glyphs.ellipsis);
    let room = columns.saturating_sub(left + words::width(&right) + u16::from(!right.is_empty()));
    let label = match node.kind {
        Kind::Login => words::fit_middle(&node.label, room, glyphs.ellipsis),
        _ => words::fit(&node.label, room, glyphs.ellipsis),
    };
    let gap = columns.saturating_sub(left + words::width(&label) + words::width(&right));
    Line::from(vec![
        Span::raw(indent),
        Span::styled(format!("{mark} "), theme.style(marks)),
        Span::styled(label, theme.style(meaning)),
        Span::raw(" ".repeat(usize::from(gap))),
        Span::styled(right, theme.style(Meaning::Muted)),
    ])
}

fn draw_details(screen: &StoreScreen, node: &Node, details: &mut Details<'_>, scope: &Scope) {
    match &node.kind {
        Kind::Folder { entries, mount, .. } => {
            details.title(&node.path.display());
            let what = if *mount { "mount" } else { "folder" };
            details.fact(what, &words::counted(u64::from(*entries), "entry"), Meaning::Plain);
            details.gap();
            details.scroll(screen.scroll);
            folder_facts::draw(&screen.known, &node.path, *entries, details, scope);
        }
        Kind::Entry => {
            details.title(&node.path.display());
            draw_secret(screen, "password", details, scope);
            draw_facts(screen, &node.path, details, scope);
        }
        Kind::Login => {
            details.title(&node.label);
            details.fact("user", &node.user, Meaning::Plain);
            draw_secret(screen, "secret", details, scope);
            draw_facts(screen, &node.path, details, scope);
            details.line_fact("entry", &node.path.display(), Meaning::Muted);
        }
    }
}

/// The secret stands still, what follows is scrolled.
fn draw_secret(screen: &StoreScreen, label: &str, details: &mut Details<'_>, scope: &Scope) {
    screen.secret.draw(details, label, &panel_keys(scope), scope);
    details.scroll(screen.scroll);
    screen.secret.draw_problem(details);
    details.gap();
}

fn draw_facts(screen: &StoreScreen, path: &EntryPath, details: &mut Details<'_>, scope: &Scope) {
    if let Some(facts) = screen.known.facts.known(path) {
        entry_facts::draw(facts, screen.known.commits.known(path), details, scope);
    }
}
