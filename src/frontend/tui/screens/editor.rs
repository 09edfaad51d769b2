//! An entry's text edited in memory, in no file: its secrets are hidden line by line until a key shows them, for a while.
//! Or in an editor of the person's own: then this only waits, and tells what came of it. What was written stays until it
//! is stored or given up; how it looks is `editor_view.rs`.

use std::sync::Arc;
use std::time::Instant;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::edit::Job as Ask;
use super::super::jobs::write::{Done, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::widgets::secret_panel::next_step;
use super::super::widgets::text_area::{Cut, Did, Seen, TextArea, Unfit};
use super::confirm::Confirm;
use super::difference::Difference;
use super::editor_view::{self, Place};
use super::store::StoreScreen;
use super::store_keys;
use super::{form_layer, keep_text};
use crate::model::{EntryPath, Problem, ProblemKind, text};
use crate::ops::entries::Opened;
use crate::system::store::layout;

const NOTHING_YET: &str = "there is no text yet";

/// The name on its tickets: there is one at a time.
pub(in super::super) const NAME: &str = "editor";

pub(in super::super) struct Editor {
    pub(super) entry: EntryPath,
    /// In an editor of the person's own, which has the screen meanwhile.
    outside: bool,
    tickets: Tickets,
    pub(super) state: State,
    /// Lines in clear, until when.
    seen: Option<(Seen, Instant)>,
    saving: Option<u64>,
    /// Why it could not be stored.
    pub(super) problem: Option<Problem>,
    pub(super) place: Place,
    /// The text has been on the screen: no key before that was meant for what it would have done.
    pub(super) was_drawn: bool,
}

pub(super) enum State {
    /// Under this number; None: not yet.
    Asked(Option<u64>),
    Failed(Problem),
    Open(Box<Open>),
}

pub(super) struct Open {
    pub(super) area: TextArea,
    opened: Arc<Opened>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Save,
    Reveal,
    RevealAll,
    Undo,
    EmptyLine,
    CutToEnd,
    CutWord,
    Compare,
    SaveAs,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::ctrl('s'), Key::named(KeyCode::F(2))], Action::Save, "save", "store the text, and back"),
    row(&[Key::ctrl('r')], Action::Reveal, "reveal", "show or hide the line, for a while"),
    row(&[Key::ctrl('t')], Action::RevealAll, "all", "show or hide all lines, for a while"),
    row(&[Key::ctrl('y')], Action::Undo, "undo", "take back the last change of the text"),
    row(&[Key::ctrl('u')], Action::EmptyLine, "", "empty the line, hidden or not"),
    row(&[Key::ctrl('k')], Action::CutToEnd, "", "remove what is behind the cursor"),
    row(&[Key::ctrl('w')], Action::CutWord, "", "remove the word before the cursor"),
    row(&[Key::named(KeyCode::F(3))], Action::Compare, "", "what differs from what is stored now"),
    row(&[Key::named(KeyCode::F(4))], Action::SaveAs, "", "store the text under another name"),
    row(
        &[Key::named(KeyCode::Esc), Key::ctrl('c')],
        Action::Close,
        "close",
        "back, after a question if it was changed",
    ),
];

impl Editor {
    pub(super) fn new(entry: EntryPath) -> Editor {
        Editor {
            entry,
            outside: false,
            tickets: Tickets::of_layer(NAME),
            state: State::Asked(None),
            seen: None,
            saving: None,
            problem: None,
            place: Place::default(),
            was_drawn: false,
        }
    }

    pub(super) fn outside(entry: EntryPath) -> Editor {
        Editor { outside: true, ..Editor::new(entry) }
    }

    fn open(&self) -> Option<&Open> {
        match &self.state {
            State::Open(open) => Some(open),
            _ => None,
        }
    }

    pub(super) fn seen(&self) -> Option<Seen> {
        self.seen.map(|(seen, _)| seen)
    }

    /// How long what is seen is seen.
    pub(super) fn seen_until(&self) -> Option<Instant> {
        self.seen.map(|(_, until)| until)
    }

    pub(super) fn is_saving(&self) -> bool {
        self.saving.is_some()
    }

    pub(super) fn is_changed(&self) -> bool {
        self.open().is_some_and(|open| !open.area.whole().same_as(&open.opened.plaintext))
    }

    fn take_in(&mut self, opened: Arc<Opened>, scope: &Scope) {
        let name = text::quoted(self.entry.as_bytes());
        self.state = match TextArea::new(&opened.plaintext) {
            Ok(area) => State::Open(Box::new(Open { area, opened })),
            Err(unfit) => {
                let why = match unfit {
                    Unfit::NotText => "it is not UTF-8",
                    Unfit::TooLong => "it is too long",
                };
                let problem = Problem::failed(format!("{name} is no text that can be edited here"));
                let key = scope.key_of::<StoreScreen>(store_keys::Action::EditOutside);
                let hint = format!("{key} in the store opens it in an editor of your own");
                State::Failed(problem.because(why).hint(hint))
            }
        };
    }

    /// What is seen and written in stays in sight while the person is at it; with the row that is left it goes.
    fn after(&mut self, did: Did, scope: &Scope) -> Flow {
        let Some(row) = self.open().map(|open| open.area.row()) else { return Flow::Stay };
        let until = scope.now + scope.reveal;
        self.seen = match (did, self.seen) {
            (Did::Refused(why), _) => return Flow::Say(Toast::warn(why)),
            (_, Some((Seen::All, _))) => Some((Seen::All, until)),
            (Did::Changed, _) => Some((Seen::Row(row), until)),
            (Did::Moved, Some((Seen::Row(shown), _))) if shown == row => Some((Seen::Row(row), until)),
            (Did::Moved | Did::Shifted, _) => None,
        };
        if matches!(did, Did::Changed | Did::Shifted) {
            self.problem = None;
        }
        Flow::Stay
    }

    fn cut(&mut self, cut: Cut, scope: &Scope) -> Flow {
        let seen = self.seen();
        let State::Open(open) = &mut self.state else { return Flow::Stay };
        let did = open.area.cut(cut, seen);
        self.after(did, scope)
    }

    fn reveal(&mut self, wanted: Seen, scope: &Scope) {
        let shown = self.seen() == Some(wanted) || (self.seen() == Some(Seen::All) && wanted != Seen::All);
        self.seen = (!shown).then_some((wanted, scope.now + scope.reveal));
    }

    fn save(&mut self) -> Flow {
        if !self.is_changed() {
            let toast = Toast::good(format!("{} is unchanged", layout::told(&self.entry)));
            return Flow::Many(vec![Flow::Say(toast), Flow::Shut(NAME)]);
        }
        let ticket = self.tickets.next();
        let Some(open) = self.open() else { return Flow::Stay };
        let job = Ask::Save(Arc::clone(&open.opened), open.area.whole());
        self.saving = Some(ticket.number);
        self.seen = None;
        self.problem = None;
        Flow::Start(ticket, Job::Edit(job))
    }

    /// What is stored beside the text, or the text beside what is stored.
    fn beside(&self, action: Action) -> Flow {
        let Some(open) = self.open() else { return Flow::Stay };
        let (entry, text) = (self.entry.clone(), open.area.whole());
        if action == Action::SaveAs {
            return Flow::Push(Box::new(keep_text::open(&entry, text)));
        }
        let title = format!("{}: stored (-), your text (+)", layout::told(&entry));
        Flow::Push(Box::new(Difference::with_text(entry, Arc::new(text), title)))
    }

    fn close(&self) -> Flow {
        if let State::Asked(Some(number)) = self.state {
            return Flow::Many(vec![Flow::CallOff(self.tickets.ticket(number)), Flow::Shut(NAME)]);
        }
        if !self.is_changed() {
            return Flow::Shut(NAME);
        }
        let name = text::quoted(self.entry.as_bytes());
        let effect = match self.is_saving() {
            true => format!("What you wrote is being stored; if that fails, it is lost, and {name} stays as it is."),
            false => format!("What you wrote is lost, and {name} stays as it is."),
        };
        let question = Confirm::new("Give up the changes".to_owned(), effect, "give them up", Flow::Shut(NAME));
        Flow::Push(Box::new(question.or("keep editing")))
    }
}

fn done_with(done: Done, scope: &Scope) -> Flow {
    Flow::Many(vec![form_layer::told(done, scope), Flow::Shut(NAME)])
}

impl Screen for Editor {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const IS_TEXT: bool = true;

    fn offer(&self, action: Action) -> Offer {
        let Some(open) = self.open().filter(|_| self.was_drawn) else {
            return match action {
                Action::Close => Offer::Ready,
                _ => Offer::Refused(NOTHING_YET),
            };
        };
        match action {
            Action::Save | Action::SaveAs | Action::Undo | Action::EmptyLine | Action::CutToEnd | Action::CutWord
                if self.is_saving() =>
            {
                Offer::Refused("it is being saved")
            }
            Action::Reveal if !open.area.is_secret(open.area.row()) => Offer::Refused("this line hides nothing"),
            Action::Undo if !open.area.can_undo() => Offer::Refused("nothing was changed"),
            _ => Offer::Ready,
        }
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        let row = self.open()?.area.row();
        match (action, self.seen()?) {
            (Action::Reveal, Seen::Row(shown)) if shown == row => Some("hide"),
            (Action::Reveal, Seen::All) => Some(""),
            (Action::RevealAll, Seen::All) => Some("hide all"),
            _ => None,
        }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Save | Action::SaveAs)
    }

    fn takes_text(&self) -> bool {
        self.open().is_some()
    }

    fn holds_work(&self) -> bool {
        self.is_changed()
    }

    fn typing(&mut self, key: Key, scope: &Scope) -> Option<Flow> {
        // It leaves regpass, and what was written is asked for first, whatever keys were chosen.
        if key.is_ctrl('c') && self.holds_work() {
            return Some(self.close());
        }
        let (seen, page, saving) = (self.seen(), self.place.page(), self.is_saving());
        let State::Open(open) = &mut self.state else { return None };
        if !self.was_drawn {
            return key.typed().map(|_| Flow::Say(Toast::warn(NOTHING_YET)));
        }
        if saving {
            return key.typed().map(|_| Flow::Stay);
        }
        let did = open.area.press(key, page, seen)?;
        Some(self.after(did, scope))
    }

    fn paste(&mut self, text: &str, scope: &Scope) -> Flow {
        let (seen, saving) = (self.seen(), self.is_saving());
        match &mut self.state {
            State::Open(open) if !saving && self.was_drawn => {
                let did = open.area.paste(text, seen);
                self.after(did, scope)
            }
            _ => Flow::Stay,
        }
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if !matches!(self.state, State::Asked(None)) {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.state = State::Asked(Some(ticket.number));
        let entry = self.entry.clone();
        Flow::Start(ticket, Job::Edit(if self.outside { Ask::Outside(entry) } else { Ask::Open(entry) }))
    }

    /// Only out of sight: what was written is still to be stored.
    fn leave(&mut self) {
        self.seen = None;
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match action {
            Action::Save => return self.save(),
            Action::Reveal => {
                if let Some(row) = self.open().map(|open| open.area.row()) {
                    self.reveal(Seen::Row(row), scope);
                }
            }
            Action::RevealAll => self.reveal(Seen::All, scope),
            Action::Undo => {
                if let State::Open(open) = &mut self.state {
                    open.area.undo();
                    self.seen = self.seen.filter(|(seen, _)| *seen == Seen::All);
                }
            }
            Action::EmptyLine => return self.cut(Cut::Line, scope),
            Action::CutToEnd => return self.cut(Cut::ToEnd, scope),
            Action::CutWord => return self.cut(Cut::Word, scope),
            Action::Compare | Action::SaveAs => return self.beside(action),
            Action::Close => return self.close(),
        }
        Flow::Stay
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if matches!(self.state, State::Asked(Some(asked)) if asked == number) {
            match report {
                Ok(Report::Editable(opened)) => self.take_in(opened, scope),
                Ok(Report::Write(Answer::Done(done))) => return done_with(done, scope),
                Ok(_) => {}
                Err(problem) if problem.kind == ProblemKind::Cancelled => {
                    return Flow::Many(vec![Flow::Say(Toast::warn(problem.one_line())), Flow::Shut(NAME)]);
                }
                Err(problem) => self.state = State::Failed(problem),
            }
        } else if self.saving.take_if(|saving| *saving == number).is_some() {
            match report {
                Ok(Report::Write(Answer::Done(done))) => {
                    // Stored: nothing of it is lost any more.
                    self.state = State::Asked(Some(number));
                    return done_with(done, scope);
                }
                Ok(_) => {}
                Err(problem) => {
                    let compare = scope.key_of::<Editor>(Action::Compare);
                    let keep = scope.key_of::<Editor>(Action::SaveAs);
                    let hint = format!(
                        "nothing was written, your text is still here: {compare} shows what differs from what is stored, {keep} stores it under another name"
                    );
                    let toast = Toast::warn(problem.one_line());
                    self.problem = Some(problem.hint(hint));
                    return Flow::Say(toast);
                }
            }
        }
        Flow::Stay
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        self.seen_until().map(|until| next_step(until, now))
    }

    fn lapse(&mut self, now: Instant) {
        self.seen.take_if(|(_, until)| *until <= now);
    }

    fn tally(&self) -> String {
        let Some(open) = self.open() else { return String::new() };
        format!("line {} of {}", open.area.row() + 1, open.area.rows())
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        editor_view::draw(self, frame, area, scope);
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
