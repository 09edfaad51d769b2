//! What the store screen's keys change: forms and questions for what is marked, else for what is selected.

use super::super::catalogue::{Kind, Node};
use super::super::globals;
use super::super::jobs::write::{Job as Ask, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::Offer;
use super::super::screen::{Flow, Scope, Screen, Toast};
use super::super::widgets::list::Move;
use super::super::widgets::words;
use super::confirm::Confirm;
use super::store::StoreScreen;
use super::store_keys::Action;
use super::transfer::{self, Way};
use super::{form_layer, new_entry, new_password};
use crate::model::{EntryPath, Problem, text};
use crate::system::store::layout;

/// How many names a question lists.
const NAMES_MAX: usize = 4;

/// The questions of the store screen about writes that have not been answered.
#[derive(Default)]
pub(super) struct Writes {
    /// Something that was confirmed.
    doing: Option<u64>,
}

impl Writes {
    /// True once for a number that it waits for.
    pub(super) fn take(&mut self, number: u64) -> bool {
        self.doing.take_if(|doing| *doing == number).is_some()
    }
}

pub(super) fn offer(screen: &StoreScreen, action: Action) -> Offer {
    let tree = &screen.tree;
    let selected = tree.selected();
    match action {
        Action::New => Offer::Ready,
        Action::Password if selected.is_none_or(Node::is_folder) => Offer::Refused("select an entry, not a folder"),
        Action::Rename if tree.marked.len() > 1 => Offer::Refused("one at a time; what is marked can be moved"),
        Action::Rename if selected.is_some_and(|node| node.kind == Kind::Login) => {
            Offer::Refused("a login's name says which registry it is for")
        }
        _ if selected.is_none() && tree.marked.is_empty() => Offer::Refused(tree.finder.why_nothing()),
        _ => Offer::Ready,
    }
}

pub(super) fn open(screen: &mut StoreScreen, action: Action, scope: &Scope) -> Flow {
    match action {
        Action::New => Flow::Push(Box::new(new_entry::open(&screen.tree.folder_here()))),
        Action::Password => match screen.tree.selected_entry() {
            Some(node) => Flow::Push(Box::new(new_password::open(node.path.clone()))),
            None => Flow::Stay,
        },
        Action::Rename => transfer(screen, Way::Rename),
        Action::Move => transfer(screen, Way::Move),
        Action::CopyEntry => transfer(screen, Way::Copy),
        Action::Delete => delete(screen, scope),
        _ => Flow::Stay,
    }
}

fn transfer(screen: &StoreScreen, way: Way) -> Flow {
    match screen.tree.meant() {
        places if places.is_empty() => Flow::Stay,
        places => Flow::Push(Box::new(transfer::open(way, places))),
    }
}

fn delete(screen: &mut StoreScreen, scope: &Scope) -> Flow {
    let places = screen.tree.meant();
    let (title, what) = match &places[..] {
        [] => return Flow::Stay,
        [one] if one.as_folder => {
            let entries = screen.tree.entries_in(&one.path);
            let name = layout::told(&one.path);
            let count = words::counted(entries, "entry");
            (format!("Delete folder {name}"), format!("The folder {} and its {count} are removed", quoted(&one.path)))
        }
        [one] => (format!("Delete {}", layout::told(&one.path)), format!("{} is removed", quoted(&one.path))),
        several => {
            let mut names: Vec<_> =
                several.iter().take(NAMES_MAX).map(|one| layout::told(&one.path).into_owned()).collect();
            if several.len() > NAMES_MAX {
                names.push(format!("{} more", several.len() - NAMES_MAX));
            }
            let count = several.len();
            (format!("Delete {count} marked"), format!("{count} are removed: {}", names.join(", ")))
        }
    };
    let key = globals::undo_key(scope);
    let effect = format!("{what} from the store, and committed where it is in git. {key} takes it back.");
    let deed = screen.start(Ask::Remove(places));
    Flow::Push(Box::new(Confirm::new(title, effect, "delete", deed)))
}

/// Its own name, or what that stands for.
fn quoted(path: &EntryPath) -> String {
    let told = layout::told(path);
    if told == path.display() { text::quoted(path.as_bytes()) } else { told.into_owned() }
}

impl StoreScreen {
    /// A write whose end this screen tells.
    fn start(&mut self, job: Ask) -> Flow {
        let ticket = self.tickets.next();
        self.writes.doing = Some(ticket.number);
        Flow::Start(ticket, Job::Write(job))
    }

    /// The answer to a question about a write.
    pub(super) fn written(&mut self, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        match report {
            Ok(Report::Write(Answer::Done(done))) => form_layer::told(done, scope),
            Ok(_) => Flow::Stay,
            Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
        }
    }

    /// Marks the selected one or takes the mark away.
    pub(super) fn mark(&mut self) -> Flow {
        let Some(node) = self.tree.selected() else { return Flow::Stay };
        let one = (node.path.clone(), node.is_folder());
        if !self.tree.marked.remove(&one) {
            self.tree.marked.insert(one);
        }
        self.go(Move::Down)
    }
}
