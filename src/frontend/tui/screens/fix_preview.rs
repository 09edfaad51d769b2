//! What mends a finding, over the audit: what would change, line by line with every value masked, and what is left for a
//! person; done after a question.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::globals;
use super::super::jobs::fix::{Job as Ask, Of, Report as Answer, Shown};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::widgets::details::{Details, Scroll};
use super::super::widgets::{sheet, words};
use super::confirm::Confirm;
use crate::model::Problem;
use crate::ops::fix::{Applied, Kind};
use crate::ops::line_diff::Side;

/// The name on its tickets.
pub(in super::super) const NAME: &str = "fix";

pub(in super::super) struct FixPreview {
    of: Of,
    tickets: Tickets,
    asked: Option<u64>,
    /// None in it: the finding is gone.
    known: Option<Result<Option<Shown>, Problem>>,
    scroll: Scroll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Apply,
    More,
    Less,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Apply, "do it", "do what is shown, after a question"),
    row(
        &[Key::char('J'), Key::char('j'), Key::named(KeyCode::Down), Key::named(KeyCode::PageDown)],
        Action::More,
        "more",
        "more of it",
    ),
    row(
        &[Key::char('K'), Key::char('k'), Key::named(KeyCode::Up), Key::named(KeyCode::PageUp)],
        Action::Less,
        "",
        "back up",
    ),
    row(
        &[Key::named(KeyCode::Esc), Key::char('q'), Key::named(KeyCode::Left)],
        Action::Close,
        "back",
        "back to the findings",
    ),
];

impl FixPreview {
    pub(in super::super) fn new(of: Of) -> FixPreview {
        let tickets = Tickets::of_layer(NAME);
        FixPreview { of, tickets, asked: None, known: None, scroll: Scroll::default() }
    }

    fn shown(&self) -> Option<&Shown> {
        self.known.as_ref()?.as_ref().ok()?.as_ref()
    }

    fn apply(&mut self, scope: &Scope) -> Flow {
        let Some(shown) = self.shown().cloned() else { return Flow::Stay };
        let back = if shown.is_reversible {
            format!(
                " What stood there is kept, encrypted where it may be a secret: {} takes it back.",
                globals::undo_key(scope)
            )
        } else {
            String::new()
        };
        let effect = format!("{}.{back}", shown.title);
        let start = Flow::Start(self.tickets.next(), Job::Fix(Ask::Apply(self.of.clone(), Box::new(shown))));
        let deed = Flow::Many(vec![start, Flow::Say(Toast::good("being done"))]);
        Flow::Push(Box::new(Confirm::new("Mend it".to_owned(), effect, "do it", deed)))
    }

    fn draw_shown(&self, shown: &Shown, details: &mut Details<'_>, scope: &Scope) {
        let glyphs = scope.theme.glyphs;
        let who = match shown.kind {
            Kind::Auto => "regpass does it, after a question",
            Kind::Guided | Kind::Manual => "for you to do; regpass does nothing here",
        };
        details.sentence(&shown.title, Meaning::Accent);
        details.sentence(who, if shown.kind == Kind::Auto { Meaning::Good } else { Meaning::Warn });
        if let Some(why) = &shown.why {
            details.sentence(&format!("not done by regpass: {why}"), Meaning::Warn);
        }
        if let Some(path) = &shown.path {
            details.sentence(&words::path(path, scope.home.as_deref()), Meaning::Plain);
        }
        details.gap();
        for step in &shown.steps {
            details.item(&format!("{} {step}", glyphs.closed), Meaning::Plain);
        }
        for line in &shown.diff {
            let (mark, meaning) = match line.side {
                Side::Both => (glyphs.upright, Meaning::Muted),
                Side::Old => ("-", Meaning::Bad),
                Side::New => ("+", Meaning::Good),
            };
            details.item(&format!("{mark} {}", line.text), meaning);
        }
        if !shown.advice.is_empty() {
            details.gap();
            let then = if shown.kind == Kind::Auto { "then, for you:" } else { "do:" };
            details.sentence(then, Meaning::Muted);
            shown.advice.iter().for_each(|line| details.item(line, Meaning::Plain));
        }
    }
}

/// What came of it, whether or not this layer is still there.
pub(in super::super) fn told(applied: &Applied, scope: &Scope) -> Flow {
    let trouble = applied.left.iter().chain(&applied.warnings).next();
    let done = applied.done.join("; ");
    let toast = match trouble {
        Some(problem) => Toast::warn(format!("{done}; {}", problem.one_line())),
        None => Toast::good(format!("{done}; {} takes it back", globals::undo_key(scope))),
    };
    Flow::Many(vec![Flow::StoreChanged, Flow::Say(toast)])
}

impl Screen for FixPreview {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Apply => match self.shown().map(|shown| shown.kind) {
                Some(Kind::Auto) => Offer::Ready,
                Some(Kind::Guided | Kind::Manual) => Offer::Refused("this is for you to do: the commands are above"),
                None => Offer::Refused("there is nothing to do it with"),
            },
            Action::More | Action::Less if !self.scroll.is_cut() => Offer::Refused("everything is in view"),
            _ => Offer::Ready,
        }
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Apply if self.shown().is_none_or(|shown| shown.kind != Kind::Auto) => Some(""),
            Action::More if !self.scroll.is_cut() => Some(""),
            _ => None,
        }
    }

    fn writes(&self, action: Action) -> bool {
        action == Action::Apply
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if self.known.is_some() || self.asked.is_some() {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::Fix(Ask::Plan(self.of.clone())))
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match action {
            Action::Apply => return self.apply(scope),
            Action::More | Action::Less => self.scroll.go(action == Action::More),
            // What is being done goes on; its end is told all the same.
            Action::Close => return Flow::Pop,
        }
        Flow::Stay
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_some() {
            self.known = match report {
                Ok(Report::Fix(Answer::Planned(shown))) => Some(Ok(shown)),
                Ok(_) => None,
                Err(problem) => Some(Err(problem)),
            };
            return Flow::Stay;
        }
        match report {
            Ok(Report::Fix(Answer::Applied(applied))) => Flow::Many(vec![Flow::Pop, told(&applied, scope)]),
            Ok(_) => Flow::Stay,
            Err(problem) => {
                self.known = Some(Err(problem));
                Flow::Stay
            }
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let room = sheet::open(frame.buffer_mut(), area, &format!("What mends {}", self.of.id), scope);
        let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        let mut details = Details::new(frame.buffer_mut(), room, room.height < 8, scope);
        details.scroll(self.scroll);
        match &self.known {
            Some(Ok(Some(shown))) => self.draw_shown(shown, &mut details, scope),
            Some(Ok(None)) => {
                details.sentence("This finding is gone: there is nothing to mend any more.", Meaning::Good)
            }
            Some(Err(problem)) => details.problem(problem),
            None => details.sentence("looking at what would change", Meaning::Muted),
        }
        let keys = [Action::More, Action::Less].map(|action| scope.key_of::<FixPreview>(action)).join(", ");
        self.scroll = details.end_scroll(&keys);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_table(KEYS);
    }
}
