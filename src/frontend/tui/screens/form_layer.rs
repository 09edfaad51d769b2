//! A form over the store: asks for what a write needs, starts it, and stays with what was typed when it fails. What is
//! asked and done is the `Question`'s.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::globals;
use super::super::jobs::write::{Done, Job as Ask, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::widgets::form::{self, Action, Fault, Form};
use crate::model::{Problem, ProblemKind};
use crate::ops::generate::Recipe;

/// The name on the tickets of every form: there is one at a time.
pub(in super::super) const NAME: &str = "form";

/// What one kind of form asks, and what is done with the answers.
pub(super) trait Question {
    /// It asks for a password's recipe.
    const MAKES_PASSWORD: bool = false;

    /// What it asks for may take long, and ends early when it is no longer wanted.
    const MAY_TAKE_LONG: bool = false;

    /// What passwords are made of here.
    fn learn(&mut self, _usual: Recipe, _form: &mut Form) {}

    /// Something was typed or chosen.
    fn changed(&mut self, _form: &mut Form) {}

    /// What is said below the fields.
    fn note(&self, form: &Form) -> String;

    fn job(&self, form: &Form) -> Result<Ask, Fault>;

    /// What else is over when it is done.
    fn ends(&self) -> Flow {
        Flow::Stay
    }
}

pub(super) struct FormLayer<Q> {
    question: Q,
    form: Form,
    tickets: Tickets,
    learning: Option<u64>,
    doing: Option<u64>,
    /// Something was typed or chosen.
    touched: bool,
}

impl<Q: Question> FormLayer<Q> {
    pub(super) fn new(mut question: Q, mut form: Form) -> FormLayer<Q> {
        question.changed(&mut form);
        FormLayer { question, form, tickets: Tickets::of_layer(NAME), learning: None, doing: None, touched: false }
    }

    fn touched(&mut self) -> Flow {
        self.touched = true;
        self.changed()
    }

    fn changed(&mut self) -> Flow {
        self.question.changed(&mut self.form);
        Flow::Stay
    }

    fn accept(&mut self) -> Flow {
        match self.question.job(&self.form) {
            Ok(job) => {
                let ticket = self.tickets.next();
                self.doing = Some(ticket.number);
                Flow::Start(ticket, Job::Write(job))
            }
            Err(fault) => {
                self.form.blame(fault);
                Flow::Stay
            }
        }
    }
}

/// What a write did, in the line above the keys; the store looks again.
pub(in super::super) fn told(done: Done, scope: &Scope) -> Flow {
    let Done { mut told, warnings, stopped, entry, is_folder, moved_folders, changed } = done;
    if changed {
        told.push_str(&format!("; {} takes it back", globals::undo_key(scope)));
    }
    let toast = match (&stopped, warnings.first()) {
        (Some(problem), _) => Toast::warn(format!("{told}, then stopped: {}", problem.one_line())),
        (None, Some(warning)) => Toast::warn(format!("{told}: {}", warning.one_line())),
        (None, None) => Toast::good(told),
    };
    let find = entry.map_or(Flow::Stay, if is_folder { Flow::FindFolder } else { Flow::FindEntry });
    let moved = moved_folders.into_iter().map(|(from, to)| Flow::FolderMoved { from, to });
    Flow::Many(moved.chain([Flow::StoreChanged, find, Flow::Say(toast)]).collect())
}

impl<Q: Question> Screen for FormLayer<Q> {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = form::KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Accept if self.doing.is_some() => Offer::Refused("it is being done"),
            Action::Change { .. } if !self.form.is_on_choice() => Offer::Refused("nothing to choose in this field"),
            _ => Offer::Ready,
        }
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        if key.is_ctrl('c') && self.touched {
            return Some(Flow::Pop);
        }
        let taken = self.form.press(key);
        taken.then(|| self.touched())
    }

    fn takes_text(&self) -> bool {
        true
    }

    fn is_question(&self) -> bool {
        true
    }

    fn holds_work(&self) -> bool {
        self.touched
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        self.form.paste(text);
        self.touched()
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if !Q::MAKES_PASSWORD || self.learning.is_some() {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.learning = Some(ticket.number);
        Flow::Start(ticket, Job::Write(Ask::Recipe))
    }

    fn leave(&mut self) {
        self.form.wipe();
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Accept => return self.accept(),
            Action::Next => self.form.go(true),
            Action::Previous => self.form.go(false),
            Action::Change { forward } => {
                self.form.change(forward);
                return self.touched();
            }
            Action::Cancel => {
                let wanted = self.doing.filter(|_| Q::MAY_TAKE_LONG).map(|number| self.tickets.ticket(number));
                let off = wanted.map_or(Flow::Stay, Flow::CallOff);
                // What is being done goes on; its end is told all the same.
                return Flow::Many(vec![off, Flow::Pop]);
            }
        }
        Flow::Stay
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.learning == Some(number) {
            match report {
                Ok(Report::Write(Answer::Recipe(usual))) => self.question.learn(usual, &mut self.form),
                Ok(_) => {}
                Err(problem) => self.form.complain(&problem),
            }
            return self.changed();
        }
        if self.doing.take_if(|doing| *doing == number).is_some() {
            match report {
                Ok(Report::Write(Answer::Done(done))) => {
                    return Flow::Many(vec![Flow::Pop, self.question.ends(), told(done, scope)]);
                }
                Ok(_) => {}
                Err(problem) if problem.kind == ProblemKind::Cancelled => {
                    return Flow::Say(Toast::warn(problem.one_line()));
                }
                Err(problem) => self.form.complain(&problem),
            }
        }
        Flow::Stay
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let note = match self.doing {
            Some(_) if Q::MAY_TAKE_LONG => "the registry is being asked; Esc calls it off".to_owned(),
            Some(_) => "it is being done".to_owned(),
            None => self.question.note(&self.form),
        };
        self.form.draw(frame, area, &note, scope);
    }
}
