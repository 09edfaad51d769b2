//! What a change of a folder's readers would do, asked before it is done: who comes, who goes, which entries are encrypted
//! anew. Then doing it, and what came of it. Called off half-way, it goes on where it stopped.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::recipients::{Change, Job as Ask, Outcome, Outlook, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::watch::Pace;
use super::super::widgets::details::Details;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::{progress, sheet, words};
use crate::model::Problem;
use crate::ops::opening::Failed;
use crate::ops::recipients::Edit;
use crate::system::store::layout;

const NAME: &str = "encrypt anew";

/// The most failures that are told.
const FAILURES_MAX: usize = 200;

pub(in super::super) struct EncryptAnew {
    change: Change,
    tickets: Tickets,
    asked: Option<u64>,
    state: State,
    pace: Pace,
    place: ListPlace,
}

enum State {
    Looking,
    /// Waits for a yes.
    Foreseen(Outlook),
    Working,
    Done(Outcome),
    Failed(Problem),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Yes,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    Binding { keys: &[Key::char('y')], action: Action::Yes, hint: "do it", help: "make this change" },
    Binding {
        keys: &[Key::named(KeyCode::Enter), Key::named(KeyCode::Esc), Key::char('n'), Key::char('q')],
        action: Action::Close,
        hint: "leave it",
        help: "leave everything as it is",
    },
];

impl EncryptAnew {
    pub(in super::super) fn new(change: Change) -> EncryptAnew {
        let (tickets, place) = (Tickets::of_layer(NAME), ListPlace::default());
        EncryptAnew { change, tickets, asked: None, state: State::Looking, pace: Pace::default(), place }
    }

    fn ask(&mut self, job: Ask) -> Flow {
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::Recipients(job))
    }

    /// What the list below the words holds.
    fn rows(&self) -> usize {
        match &self.state {
            State::Foreseen(outlook) => outlook.due.len(),
            State::Done(outcome) => outcome.failed.len().min(FAILURES_MAX),
            _ => 0,
        }
    }

    /// What came of it, in one line.
    fn told(&self) -> Toast {
        let title = self.title();
        match &self.state {
            State::Done(Outcome { done, failed, stopped: None, .. }) if failed.is_empty() => {
                Toast::good(format!("{title}: {} encrypted anew", words::counted(*done as u64, "entry")))
            }
            State::Failed(problem) => Toast::warn(format!("{title}: {}", problem.one_line())),
            _ => Toast::warn(format!("{title}: not everything could be done")),
        }
    }

    fn title(&self) -> String {
        let folder = &self.change.folder;
        let folder = if folder.is_root() { "the whole store".into() } else { folder.display() };
        match &self.change.edit {
            None => format!("Encrypt {folder} anew"),
            Some(Edit::Add(_)) => format!("Let somebody read {folder}"),
            Some(_) => format!("Let somebody read {folder} no more"),
        }
    }
}

impl Screen for EncryptAnew {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match (action, &self.state) {
            (Action::Close, _) => Offer::Ready,
            (Action::Yes, State::Foreseen(outlook)) if outlook.is_nothing() => Offer::Refused("there is nothing to do"),
            (Action::Yes, State::Foreseen(_)) => Offer::Ready,
            (Action::Yes, State::Done(Outcome { stopped: Some(_), .. })) => Offer::Ready,
            (Action::Yes, State::Looking) => Offer::Refused("it is not yet known what would be done"),
            (Action::Yes, State::Working) => Offer::Refused("it is being done"),
            (Action::Yes, _) => Offer::Refused("there is nothing left to do"),
        }
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        match (action, &self.state) {
            (Action::Yes, State::Done(_)) => Some("go on"),
            (Action::Close, State::Done(_) | State::Failed(_)) => Some("close"),
            (Action::Close, State::Working) => Some("call off"),
            _ => None,
        }
    }

    fn has_list(&self) -> bool {
        self.rows() > 0
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.rows());
        Flow::Stay
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        match self.state {
            State::Looking if self.asked.is_none() => self.ask(Ask::Foresee(self.change.clone())),
            _ => Flow::Stay,
        }
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Yes => {
                (self.state, self.pace) = (State::Working, Pace::default());
                self.place.select(0);
                self.ask(Ask::Carry(self.change.clone()))
            }
            Action::Close => match (self.asked, &self.state) {
                (Some(number), State::Working) => Flow::CallOff(self.tickets.ticket(number)),
                (Some(number), _) => Flow::Many(vec![Flow::CallOff(self.tickets.ticket(number)), Flow::Pop]),
                (None, _) => Flow::Pop,
            },
        }
    }

    fn progress(&mut self, number: u64, pace: Pace) {
        if self.asked == Some(number) {
            self.pace = pace;
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, _scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_none() {
            return Flow::Stay;
        }
        let was_working = matches!(self.state, State::Working);
        self.state = match report {
            Ok(Report::Recipients(Answer::Foreseen(outlook))) => State::Foreseen(outlook),
            Ok(Report::Recipients(Answer::Carried(outcome))) => State::Done(outcome),
            Ok(_) => State::Looking,
            Err(problem) => State::Failed(problem),
        };
        if was_working { Flow::Many(vec![Flow::StoreChanged, Flow::Say(self.told())]) } else { Flow::Stay }
    }

    fn tally(&self) -> String {
        match self.rows() {
            0 => String::new(),
            rows => rows.to_string(),
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let room = sheet::open(frame.buffer_mut(), area, &self.title(), scope);
        let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
        let mut details = Details::new(frame.buffer_mut(), room, room.height < 8, scope);
        match &self.state {
            State::Looking => details.sentence("looking at the entries", Meaning::Muted),
            State::Working => {
                details.sentence("Encrypting anew; what is done stays done when it is called off.", Meaning::Plain);
                details.gap();
                details.sentence(&progress::words(&self.pace, scope), Meaning::Plain);
            }
            State::Failed(problem) => details.problem(problem),
            State::Foreseen(outlook) => draw_outlook(outlook, &mut details),
            State::Done(outcome) => draw_outcome(outcome, &mut details),
        }
        let list = details.rest();
        let mut place = self.place;
        place.draw(frame.buffer_mut(), list, self.rows(), scope, |index, columns| match &self.state {
            State::Foreseen(outlook) => {
                Line::from(words::fit_middle(&layout::told(&outlook.due[index]), columns, scope.theme.glyphs.ellipsis))
            }
            State::Done(outcome) => failed_row(&outcome.failed[index], columns, scope),
            _ => Line::default(),
        });
        self.place = place;
    }
}

fn draw_outlook(outlook: &Outlook, details: &mut Details<'_>) {
    for name in &outlook.added {
        details.line_fact("comes", name, Meaning::Good);
    }
    for name in &outlook.removed {
        details.line_fact("goes", name, Meaning::Warn);
    }
    let right = outlook.up_to_date;
    match outlook.due.len() {
        _ if outlook.is_nothing() => details.sentence("Everything is as it should be.", Meaning::Good),
        0 => details.sentence(&format!("No entry has to be encrypted anew, {right} are right."), Meaning::Plain),
        due => {
            let due = words::counted(due as u64, "entry");
            details.sentence(&format!("To be encrypted anew: {due}; right already: {right}."), Meaning::Plain);
        }
    }
    if outlook.new_file {
        details.sentence("The folder gets a list of its own.", Meaning::Plain);
    }
    if !outlook.removed.is_empty() {
        details.sentence("What they have read, and git's history, they keep.", Meaning::Muted);
    }
    for failed in outlook.failed.iter().take(1) {
        let count = words::counted(outlook.failed.len() as u64, "entry");
        details.sentence(&format!("{count} cannot be encrypted: {}", failed.problem.one_line()), Meaning::Warn);
    }
    details.gap();
}

fn draw_outcome(outcome: &Outcome, details: &mut Details<'_>) {
    let done = words::counted(outcome.done as u64, "entry");
    details.sentence(&format!("Encrypted anew: {done}; right before: {}.", outcome.up_to_date), Meaning::Good);
    if let Some((left, problem)) = &outcome.stopped {
        let left = words::counted(*left as u64, "entry");
        details.sentence(&format!("{}; {left} left, y goes on.", problem.one_line()), Meaning::Warn);
    }
    outcome.warnings.iter().take(3).for_each(|warning| details.problem(warning));
    if !outcome.failed.is_empty() {
        let count = words::counted(outcome.failed.len() as u64, "entry");
        details.sentence(&format!("{count} could not be encrypted anew:"), Meaning::Bad);
    }
    details.gap();
}

fn failed_row(failed: &Failed, columns: u16, scope: &Scope) -> Line<'static> {
    let ellipsis = scope.theme.glyphs.ellipsis;
    let name = words::fit_middle(&layout::told(&failed.entry), columns / 2, ellipsis);
    let room = columns.saturating_sub(words::width(&name) + 2);
    let why = words::fit(&failed.problem.one_line(), room, ellipsis);
    Line::from(vec![Span::raw(name), Span::styled(format!("  {why}"), scope.theme.style(Meaning::Bad))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
