//! What both sides changed and a merge waits for, over the git layer or the store: each entry is settled on its own
//! (`sides.rs`); the last one ends the merge.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::git::{Job as Ask, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::{sheet, words};
use super::sides::{self, ConflictSides};
use crate::model::{EntryPath, Problem};
use crate::ops::conflict::Conflicts;

const NAME: &str = "conflicts";

pub(in super::super) struct ConflictList {
    tickets: Tickets,
    asked: Option<u64>,
    known: Option<Result<Conflicts, Problem>>,
    place: ListPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Open,
    Conclude,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    Binding {
        keys: &[Key::named(KeyCode::Enter), Key::named(KeyCode::Right)],
        action: Action::Open,
        hint: "settle",
        help: "see both sides, and settle it",
    },
    Binding {
        keys: &[Key::char('f')],
        action: Action::Conclude,
        hint: "finish",
        help: "end the merge in which nothing waits any more",
    },
    Binding {
        keys: &[Key::named(KeyCode::Esc), Key::char('q'), Key::char('C')],
        action: Action::Close,
        hint: "close",
        help: "leave the rest for later",
    },
];

impl ConflictList {
    pub(in super::super) fn new() -> ConflictList {
        ConflictList { tickets: Tickets::of_layer(NAME), asked: None, known: None, place: ListPlace::default() }
    }

    fn conflicts(&self) -> Option<&Conflicts> {
        self.known.as_ref()?.as_ref().ok()
    }

    /// Files that say who may read come first: what is settled later is encrypted by them.
    fn names(&self) -> Vec<(&EntryPath, bool)> {
        let Some(conflicts) = self.conflicts() else { return Vec::new() };
        let others = conflicts.others.iter().map(|file| (file, false));
        others.chain(conflicts.entries.iter().map(|entry| (entry, true))).collect()
    }

    fn ask(&mut self, job: Ask) -> Flow {
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::Git(job))
    }
}

impl Screen for ConflictList {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Open if self.names().is_empty() => Offer::Refused("nothing waits"),
            Action::Conclude => match self.conflicts() {
                Some(conflicts) if conflicts.is_empty() && conflicts.operation.is_some() => Offer::Ready,
                Some(conflicts) if conflicts.is_empty() => Offer::Refused("no merge is open"),
                _ => Offer::Refused("conflicts are left to be settled"),
            },
            _ => Offer::Ready,
        }
    }

    fn has_list(&self) -> bool {
        !self.names().is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.names().len());
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        Some(&self.place)
    }

    /// Asks each time it comes to the front: one may have been settled.
    fn enter(&mut self, _scope: &Scope) -> Flow {
        self.ask(Ask::Conflicts)
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Conclude)
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Close => Flow::Pop,
            Action::Conclude => self.ask(Ask::Conclude),
            Action::Open => match self.names().get(self.place.selected()) {
                Some((name, is_entry)) => Flow::Push(Box::new(ConflictSides::new((*name).clone(), *is_entry))),
                None => Flow::Stay,
            },
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, _scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_none() {
            return Flow::Stay;
        }
        match report {
            Ok(Report::Git(Answer::Conflicts(conflicts))) => self.known = Some(Ok(conflicts)),
            Ok(Report::Git(Answer::Resolved(resolved))) => {
                return Flow::Many(vec![Flow::StoreChanged, Flow::Pop, Flow::Say(sides::told(&resolved))]);
            }
            Ok(_) => {}
            Err(problem) if self.known.is_some() => return Flow::Say(Toast::warn(problem.one_line())),
            Err(problem) => self.known = Some(Err(problem)),
        }
        self.place.keep_within(self.names().len());
        Flow::Stay
    }

    fn tally(&self) -> String {
        match self.names().len() {
            0 => String::new(),
            count => format!("{count} left"),
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let room = sheet::open(frame.buffer_mut(), area, "Conflicts", scope);
        let inner = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        if self.names().is_empty() {
            let mut details = Details::new(frame.buffer_mut(), inner, false, scope);
            return match &self.known {
                None => details.sentence("git is asked", Meaning::Muted),
                Some(Err(problem)) => details.problem(problem),
                Some(Ok(conflicts)) => draw_none(conflicts, &mut details),
            };
        }
        let (rows, notes) = sheet::divide(frame, room, scope);
        let mut place = self.place;
        let names = self.names();
        place.draw(frame.buffer_mut(), rows, names.len(), scope, |index, columns| {
            let (name, is_entry) = names[index];
            let what = if is_entry { "" } else { "  a file that says who may read" };
            let room = columns.saturating_sub(words::width(what));
            Line::from(vec![
                Span::raw(words::fit_middle(&name.display(), room, scope.theme.glyphs.ellipsis)),
                Span::styled(what, scope.theme.style(Meaning::Muted)),
            ])
        });
        self.place = place;
        let mut details = Details::new(frame.buffer_mut(), notes, true, scope);
        details.sentence("Both sides changed these. The last one settled ends the merge.", Meaning::Plain);
        details.sentence("ours: what this machine has; theirs: what comes from the remote", Meaning::Muted);
    }
}

fn draw_none(conflicts: &Conflicts, details: &mut Details<'_>) {
    for path in &conflicts.elsewhere {
        let path = crate::model::text::quoted_path(path);
        details.sentence(&format!("{path} lies in another work tree; settle it with git there"), Meaning::Warn);
    }
    match conflicts.operation {
        Some(operation) if conflicts.elsewhere.is_empty() => {
            let name = operation.command();
            details.sentence(&format!("Everything is settled; the {name} is not ended yet: f ends it."), Meaning::Warn);
        }
        _ => details.sentence("There are no conflicts.", Meaning::Good),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
