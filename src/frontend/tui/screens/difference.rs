//! What differs between two versions of an entry, over the history; or between an entry and a text that is being written.

use std::sync::Arc;
use std::time::Instant;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::history::{Job as Ask, Pair, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::diff_view::{DiffView, Extent};
use super::super::widgets::list::Move;
use super::super::widgets::sheet;
use crate::model::{EntryPath, Problem, Secret};

const NAME: &str = "difference";

/// What is compared.
#[derive(Clone)]
enum Of {
    Versions(Pair),
    /// The entry as it is stored, with a text.
    Text(EntryPath, Arc<Secret>),
}

impl Of {
    fn ask(&self, openly: bool) -> Job {
        Job::History(match (self.clone(), openly) {
            (Of::Versions(pair), false) => Ask::Compare(pair),
            (Of::Versions(pair), true) => Ask::CompareOpenly(pair),
            (Of::Text(entry, text), false) => Ask::CompareText(entry, text),
            (Of::Text(entry, text), true) => Ask::CompareTextOpenly(entry, text),
        })
    }
}

pub(in super::super) struct Difference {
    of: Of,
    title: String,
    tickets: Tickets,
    asked: Option<u64>,
    /// What is asked for in clear.
    asked_openly: Option<(u64, Extent)>,
    known: Option<Result<DiffView, Problem>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    RevealLine,
    RevealAll,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    Binding {
        keys: &[Key::char('r')],
        action: Action::RevealLine,
        hint: "reveal",
        help: "show or hide this line's value, for a while",
    },
    Binding {
        keys: &[Key::char('a')],
        action: Action::RevealAll,
        hint: "reveal all",
        help: "show or hide all values, for a while",
    },
    Binding {
        keys: &[Key::named(KeyCode::Esc), Key::char('q'), Key::named(KeyCode::Left)],
        action: Action::Close,
        hint: "back",
        help: "hide what is shown, then back",
    },
];

impl Difference {
    pub(in super::super) fn new(pair: Pair, title: String) -> Difference {
        Difference::between(Of::Versions(pair), title)
    }

    /// The text stands for what is new.
    pub(super) fn with_text(entry: EntryPath, text: Arc<Secret>, title: String) -> Difference {
        Difference::between(Of::Text(entry, text), title)
    }

    fn between(of: Of, title: String) -> Difference {
        let tickets = Tickets::of_layer(NAME);
        Difference { of, title, tickets, asked: None, asked_openly: None, known: None }
    }

    fn view(&self) -> Option<&DiffView> {
        self.known.as_ref()?.as_ref().ok()
    }

    fn reveal(&mut self, extent: Option<Extent>) -> Flow {
        let (Some(Ok(view)), Some(extent)) = (&mut self.known, extent) else { return Flow::Stay };
        let shown = view.shows(extent);
        view.hide();
        self.asked_openly = None;
        if shown {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked_openly = Some((ticket.number, extent));
        Flow::Start(ticket, self.of.ask(true))
    }
}

impl Screen for Difference {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match (action, self.view()) {
            (Action::Close, _) => Offer::Ready,
            (_, None) => Offer::Refused("nothing is shown yet"),
            (Action::RevealLine, Some(view)) if view.hidden_line().is_none() => {
                Offer::Refused("this line hides nothing")
            }
            (Action::RevealAll, Some(view)) if !view.hides_anything() => Offer::Refused("nothing is hidden"),
            _ => Offer::Ready,
        }
    }

    fn has_list(&self) -> bool {
        self.view().is_some()
    }

    fn go(&mut self, way: Move) -> Flow {
        if let Some(Ok(view)) = &mut self.known {
            view.go(way);
        }
        Flow::Stay
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if self.known.is_some() || self.asked.is_some() {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, self.of.ask(false))
    }

    fn leave(&mut self) {
        self.asked_openly = None;
        if let Some(Ok(view)) = &mut self.known {
            view.hide();
        }
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::RevealLine => self.reveal(self.view().and_then(DiffView::hidden_line)),
            Action::RevealAll => self.reveal(Some(Extent::All)),
            Action::Close => {
                let Some(Ok(view)) = &mut self.known else { return Flow::Pop };
                if view.hide() { Flow::Stay } else { Flow::Pop }
            }
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::History(Answer::Compared(diff))) => self.known = Some(Ok(DiffView::new(diff))),
                Ok(_) => {}
                Err(problem) => self.known = Some(Err(problem)),
            }
        } else if let Some((_, extent)) = self.asked_openly.take_if(|(asked, _)| *asked == number) {
            match (report, &mut self.known) {
                (Ok(Report::History(Answer::ComparedOpenly(diff))), Some(Ok(view))) => {
                    view.show(diff, extent, scope);
                }
                (Err(problem), _) => return Flow::Say(Toast::warn(problem.one_line())),
                _ => {}
            }
        }
        Flow::Stay
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        self.view()?.deadline(now)
    }

    fn lapse(&mut self, now: Instant) {
        if let Some(Ok(view)) = &mut self.known {
            view.lapse(now);
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let room = sheet::open(frame.buffer_mut(), area, &self.title, scope);
        match &mut self.known {
            Some(Ok(view)) => view.draw(frame.buffer_mut(), room, scope),
            other => {
                let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
                let mut details = Details::new(frame.buffer_mut(), room, false, scope);
                match other {
                    Some(Err(problem)) => details.problem(problem),
                    _ => details.sentence("being opened", Meaning::Muted),
                }
            }
        }
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
