//! The layers that keys of the store screen open over it.

use super::super::jobs::recipients::Change;
use super::super::screen::Flow;
use super::conflicts::ConflictList;
use super::editor::Editor;
use super::encrypt_anew::EncryptAnew;
use super::git::Git;
use super::history::History;
use super::lines::Lines;
use super::readers::Readers;
use super::search::Search;
use super::sides::ConflictSides;
use super::store::StoreScreen;
use super::store_keys::Action;
use super::unreadable::Unreadable;

pub(super) fn open(screen: &StoreScreen, action: Action) -> Flow {
    match action {
        Action::History => match screen.tree.selected_entry() {
            Some(node) => Flow::Push(Box::new(History::new(node.path.clone()))),
            None => Flow::Stay,
        },
        Action::Lines => match screen.tree.selected_entry() {
            Some(node) => Flow::Push(Box::new(Lines::new(node.path.clone()))),
            None => Flow::Stay,
        },
        Action::Edit => match screen.tree.selected_entry() {
            Some(node) => Flow::Push(Box::new(Editor::new(node.path.clone()))),
            None => Flow::Stay,
        },
        Action::EditOutside => match screen.tree.selected_entry() {
            Some(node) => Flow::Push(Box::new(Editor::outside(node.path.clone()))),
            None => Flow::Stay,
        },
        Action::Search => Flow::Push(Box::new(Search::default())),
        Action::Readers => {
            let folder = screen.tree.selected().map(|node| match node.is_folder() {
                true => node.path.clone(),
                false => node.path.parent(),
            });
            let entry = screen.tree.selected_entry().map(|node| node.path.clone());
            Flow::Push(Box::new(Readers::new(folder.unwrap_or_default(), entry)))
        }
        Action::EncryptAnew => {
            let folder = screen.tree.selected().map(|node| node.path.clone()).unwrap_or_default();
            Flow::Push(Box::new(EncryptAnew::new(Change { folder, edit: None })))
        }
        Action::Git => Flow::Push(Box::new(Git::default())),
        Action::Conflicts => match screen.tree.selected_entry().filter(|node| screen.conflicts.contains(&node.path)) {
            Some(node) => Flow::Push(Box::new(ConflictSides::new(node.path.clone(), true))),
            None => Flow::Push(Box::new(ConflictList::new())),
        },
        Action::Unreadable => {
            let items = screen.tree.catalogue().map(|catalogue| catalogue.unreadable.clone()).unwrap_or_default();
            Flow::Push(Box::new(Unreadable::new(items)))
        }
        _ => Flow::Stay,
    }
}
