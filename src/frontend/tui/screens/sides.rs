//! Both sides of one conflict: what we changed, what the others changed, what both changes together give; values masked. One
//! of them is chosen.

use std::time::Instant;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::git::{Job as Ask, MaskedSides, Report as Answer, View};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::diff_view::{DiffView, Extent};
use super::super::widgets::list::Move;
use super::super::widgets::{sheet, words};
use super::confirm::Confirm;
use crate::model::{EntryPath, Problem, text};
use crate::ops::conflict::{Choice, Resolved};
use crate::system::git::Concluded;

const NAME: &str = "sides";

const VIEWS: [(View, &str); 3] = [(View::Ours, "ours"), (View::Theirs, "theirs"), (View::Merged, "both together")];

pub(in super::super) struct ConflictSides {
    name: EntryPath,
    is_entry: bool,
    tickets: Tickets,
    asked: Option<u64>,
    asked_openly: Option<(u64, Extent)>,
    settling: Option<u64>,
    known: Option<Result<Known, Problem>>,
    view: usize,
}

struct Known {
    /// In the order of `VIEWS`. None where that side removed the entry, and so nothing can be merged.
    views: [Option<DiffView>; 3],
    clashes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    NextView,
    PreviousView,
    RevealLine,
    RevealAll,
    Ours,
    Theirs,
    Base,
    Merged,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Tab), Key::named(KeyCode::Right)], Action::NextView, "other side", "the next view"),
    row(&[Key::named(KeyCode::BackTab), Key::named(KeyCode::Left)], Action::PreviousView, "", "the view before"),
    row(&[Key::char('o')], Action::Ours, "ours", "settle it with what this machine has"),
    row(&[Key::char('t')], Action::Theirs, "theirs", "settle it with what the others have"),
    row(&[Key::char('m')], Action::Merged, "both", "settle it with both changes together"),
    row(&[Key::char('b')], Action::Base, "", "settle it with what it was before both changed it"),
    row(&[Key::char('r')], Action::RevealLine, "reveal", "show or hide this line's value, for a while"),
    row(&[Key::char('a')], Action::RevealAll, "", "show or hide all values, for a while"),
    row(&[Key::named(KeyCode::Esc), Key::char('q')], Action::Close, "back", "hide what is shown, then back"),
];

impl ConflictSides {
    pub(in super::super) fn new(name: EntryPath, is_entry: bool) -> ConflictSides {
        ConflictSides {
            name,
            is_entry,
            tickets: Tickets::of_layer(NAME),
            asked: None,
            asked_openly: None,
            settling: None,
            known: None,
            view: 0,
        }
    }

    fn known(&self) -> Option<&Known> {
        self.known.as_ref()?.as_ref().ok()
    }

    fn shown(&self) -> Option<&DiffView> {
        self.known()?.views.get(self.view)?.as_ref()
    }

    fn shown_mut(&mut self) -> Option<&mut DiffView> {
        let Some(Ok(known)) = &mut self.known else { return None };
        known.views.get_mut(self.view)?.as_mut()
    }

    fn hide(&mut self) -> bool {
        let asked = self.asked_openly.take().is_some();
        self.shown_mut().is_some_and(DiffView::hide) || asked
    }

    fn reveal(&mut self, extent: Option<Extent>) -> Flow {
        let Some(extent) = extent else { return Flow::Stay };
        let was_shown = self.shown().is_some_and(|view| view.shows(extent));
        self.hide();
        if was_shown {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked_openly = Some((ticket.number, extent));
        Flow::Start(ticket, Job::Git(Ask::SidesOpenly(self.name.clone(), VIEWS[self.view].0)))
    }

    fn turn(&mut self, by: usize) -> Flow {
        self.hide();
        self.view = (self.view + by) % VIEWS.len();
        Flow::Stay
    }

    /// Asks whether it is to be settled so.
    fn settle(&mut self, choice: Choice, with: &str) -> Flow {
        let ticket = self.tickets.next();
        self.settling = Some(ticket.number);
        let name = text::quoted(self.name.as_bytes());
        let effect = format!("{name} is settled with {with}. git keeps the other side in its history.");
        let deed = Flow::Start(ticket, Job::Git(Ask::Resolve(self.name.clone(), choice)));
        Flow::Push(Box::new(Confirm::new("Settle the conflict".to_owned(), effect, "settle", deed)))
    }
}

/// What settling did, in words.
pub(super) fn told(resolved: &Resolved) -> Toast {
    if let Some(warning) = resolved.warnings.first() {
        return Toast::warn(warning.one_line());
    }
    match resolved.concluded {
        Some(Concluded::Done) => Toast::good("settled; the merge is done"),
        Some(Concluded::MoreConflicts) => Toast::warn("settled; the next commit has conflicts too"),
        Some(Concluded::Nothing) => Toast::good("settled"),
        None => Toast::good(format!("settled; {} left", resolved.left.names().count())),
    }
}

impl Known {
    fn of(sides: MaskedSides) -> Known {
        let views = [sides.ours, sides.theirs, sides.merged].map(|diff| diff.map(DiffView::new));
        Known { views, clashes: sides.clashes }
    }
}

impl Screen for ConflictSides {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Close | Action::NextView | Action::PreviousView => Offer::Ready,
            // The sides of other files are not shown, and can be chosen all the same.
            Action::Ours | Action::Theirs | Action::Base => Offer::Ready,
            Action::Merged if !self.is_entry => Offer::Refused("only entries are merged"),
            Action::Merged => match self.known() {
                None => Offer::Refused("nothing is known yet"),
                Some(known) if known.views[2].is_none() => Offer::Refused("one side removed the entry"),
                Some(known) if known.clashes > 0 => Offer::Refused("both sides changed the same lines"),
                Some(_) => Offer::Ready,
            },
            Action::RevealLine if self.shown().is_none_or(|view| view.hidden_line().is_none()) => {
                Offer::Refused("this line hides nothing")
            }
            Action::RevealAll if self.shown().is_none_or(|view| !view.hides_anything()) => {
                Offer::Refused("nothing is hidden")
            }
            Action::RevealLine | Action::RevealAll => Offer::Ready,
        }
    }

    fn has_list(&self) -> bool {
        self.shown().is_some()
    }

    fn go(&mut self, way: Move) -> Flow {
        if let Some(view) = self.shown_mut() {
            view.go(way);
        }
        Flow::Stay
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if !self.is_entry || self.known.is_some() || self.asked.is_some() {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::Git(Ask::Sides(self.name.clone())))
    }

    fn leave(&mut self) {
        self.hide();
    }

    /// Opening may wait for a person at a pinentry.
    fn tally(&self) -> String {
        if self.asked_openly.is_some() { "being opened".to_owned() } else { String::new() }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Ours | Action::Theirs | Action::Merged | Action::Base)
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::NextView => self.turn(1),
            Action::PreviousView => self.turn(VIEWS.len() - 1),
            Action::RevealLine => self.reveal(self.shown().and_then(DiffView::hidden_line)),
            Action::RevealAll => self.reveal(Some(Extent::All)),
            Action::Ours => self.settle(Choice::Ours, "what this machine has"),
            Action::Theirs => self.settle(Choice::Theirs, "what the others have"),
            Action::Base => self.settle(Choice::Base, "what it was before"),
            Action::Merged => self.settle(Choice::Merged, "both changes together"),
            Action::Close => {
                if self.hide() {
                    Flow::Stay
                } else {
                    Flow::Pop
                }
            }
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.settling.take_if(|settling| *settling == number).is_some() {
            return match report {
                Ok(Report::Git(Answer::Resolved(resolved))) => {
                    Flow::Many(vec![Flow::StoreChanged, Flow::Pop, Flow::Say(told(&resolved))])
                }
                Ok(_) => Flow::Stay,
                Err(problem) => {
                    let toast = Toast::warn(problem.one_line());
                    self.known = Some(Err(problem));
                    Flow::Say(toast)
                }
            };
        }
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Git(Answer::Sides(sides))) => self.known = Some(Ok(Known::of(*sides))),
                Ok(_) => {}
                Err(problem) => self.known = Some(Err(problem)),
            }
        } else if let Some((_, extent)) = self.asked_openly.take_if(|(asked, _)| *asked == number) {
            match (report, self.shown_mut()) {
                (Ok(Report::Git(Answer::SidesOpenly(diff))), Some(view)) => view.show(diff, extent, scope),
                (Err(problem), _) => return Flow::Say(Toast::warn(problem.one_line())),
                _ => {}
            }
        }
        Flow::Stay
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        self.shown()?.deadline(now)
    }

    fn lapse(&mut self, now: Instant) {
        if let Some(view) = self.shown_mut() {
            view.lapse(now);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let title = format!("Conflict of {}", self.name.display());
        let room = sheet::open(frame.buffer_mut(), area, &title, scope);
        let heading = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        let mut used = 1;
        if self.is_entry {
            let clashes = self.known().map_or(0, |known| known.clashes);
            used = draw_heading(frame, heading, self.view, clashes, scope);
        }
        let used = used.min(room.height);
        let below = Rect { y: room.y + used, height: room.height - used, ..room };
        if let Some(view) = self.shown_mut() {
            return view.draw(frame.buffer_mut(), below, scope);
        }
        let inner = Rect { x: below.x + 2, width: below.width.saturating_sub(4), ..below };
        let mut details = Details::new(frame.buffer_mut(), inner, false, scope);
        match &self.known {
            _ if !self.is_entry => {
                details.sentence("This file says who may read, or belongs to the store.", Meaning::Plain);
                let key = |action| scope.key_of::<ConflictSides>(action);
                let (ours, theirs, base) = (key(Action::Ours), key(Action::Theirs), key(Action::Base));
                let keys = format!("{ours} takes ours, {theirs} takes theirs, {base} what it was before");
                details.sentence(&format!("Settle it first: {keys}."), Meaning::Plain);
            }
            None => details.sentence("being opened", Meaning::Muted),
            Some(Err(problem)) => details.problem(problem),
            Some(Ok(_)) if self.view == 2 => details.sentence("One side removed the entry.", Meaning::Warn),
            Some(Ok(_)) => details.sentence("This side removed the entry.", Meaning::Warn),
        }
    }
}

/// The names of the views, and beside or below them how many lines clash; answers the lines used.
fn draw_heading(frame: &mut Frame<'_>, room: Rect, view: usize, clashes: usize, scope: &Scope) -> u16 {
    let mut spans = Vec::new();
    for (index, (_, name)) in VIEWS.iter().enumerate() {
        let chosen = index == view;
        let mark = if chosen { scope.theme.glyphs.cursor } else { " " };
        let meaning = if chosen { Meaning::Key } else { Meaning::Muted };
        spans.push(Span::styled(format!("{mark} {name}  "), scope.theme.style(meaning)));
    }
    let mut lines = vec![Line::from(spans)];
    if clashes > 0 {
        let clashes = words::counted(clashes as u64, "line") + " in both";
        let span = Span::styled(clashes, scope.theme.style(Meaning::Bad));
        match lines[0].width() + span.width() <= usize::from(room.width) {
            true => lines[0].push_span(span),
            false => lines.push(Line::from(vec![Span::raw("  "), span])),
        }
    }
    let mut used = 0;
    for (line, y) in lines.iter().zip(room.top()..room.bottom()) {
        frame.buffer_mut().set_line(room.x, y, line, room.width);
        used += 1;
    }
    used
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
