//! Asks who is to read a folder too: a name, an address or a key id, then which of the keys that this means.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::recipients::{Change, Job as Ask, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::text_input::TextInput;
use super::super::widgets::{needle, sheet};
use super::encrypt_anew::EncryptAnew;
use super::readers::{draw_person, person_row};
use crate::model::{EntryPath, Problem, Recipient};
use crate::ops::recipients::{Edit, Person};

const NAME: &str = "add reader";

/// The longest name, in characters.
const TEXT_MAX: usize = 200;

pub(in super::super) struct AddReader {
    folder: EntryPath,
    tickets: Tickets,
    text: TextInput,
    typing: bool,
    asked: Option<u64>,
    found: Option<Result<Vec<Person>, Problem>>,
    place: ListPlace,
    /// One was chosen: when this comes to the front again, it has done its work.
    chosen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    LookUp,
    Choose,
    Edit,
    Close,
}

const TYPING_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::LookUp, "look up", "look for it among the keys here"),
    row(&[Key::named(KeyCode::Esc)], Action::Close, "cancel", "add nobody"),
];

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Choose, "add this one", "see what adding this one would do"),
    row(&[Key::char('/')], Action::Edit, "look again", "look for another name"),
    row(&[Key::named(KeyCode::Esc), Key::char('q')], Action::Close, "cancel", "add nobody"),
];

impl AddReader {
    pub(in super::super) fn new(folder: EntryPath) -> AddReader {
        AddReader {
            folder,
            tickets: Tickets::of_layer(NAME),
            text: TextInput::default(),
            typing: true,
            asked: None,
            found: None,
            place: ListPlace::default(),
            chosen: false,
        }
    }

    fn people(&self) -> &[Person] {
        match &self.found {
            Some(Ok(people)) => people,
            _ => &[],
        }
    }

    fn choose(&mut self) -> Flow {
        let person = self.people().get(self.place.selected());
        let key = person.and_then(|person| Recipient::new(person.reader.fingerprint.as_deref()?));
        let Some(key) = key else { return Flow::Stay };
        self.chosen = true;
        let change = Change { folder: self.folder.clone(), edit: Some(Edit::Add(vec![key])) };
        Flow::Push(Box::new(EncryptAnew::new(change)))
    }
}

impl Screen for AddReader {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const FIELD_KEYS: &'static [Binding<Action>] = TYPING_KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::LookUp if self.text.text().trim().is_empty() => Offer::Refused("type a name or an address"),
            Action::Choose if self.people().is_empty() => Offer::Refused("nobody is listed"),
            _ => Offer::Ready,
        }
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        (self.typing && self.text.press(key, TEXT_MAX)).then_some(Flow::Stay)
    }

    fn takes_text(&self) -> bool {
        self.typing
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        if self.typing {
            self.text.insert(text, TEXT_MAX);
        }
        Flow::Stay
    }

    fn has_list(&self) -> bool {
        !self.typing && !self.people().is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.people().len());
        Flow::Stay
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if self.chosen { Flow::Pop } else { Flow::Stay }
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::LookUp => {
                let ticket = self.tickets.next();
                self.asked = Some(ticket.number);
                (self.typing, self.found) = (false, None);
                self.place.select(0);
                let text = self.text.text().to_owned();
                return Flow::Start(ticket, Job::Recipients(Ask::LookUp(text)));
            }
            Action::Choose => return self.choose(),
            Action::Edit => {
                self.typing = true;
                self.text.choose_all();
            }
            Action::Close => return Flow::Pop,
        }
        Flow::Stay
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, _scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Recipients(Answer::LookedUp(people))) => self.found = Some(Ok(people)),
                Ok(_) => {}
                Err(problem) => self.found = Some(Err(problem)),
            }
        }
        Flow::Stay
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let folder = if self.folder.is_root() { "the whole store".into() } else { self.folder.display() };
        let room = sheet::open(frame.buffer_mut(), area, &format!("Let somebody read {folder}"), scope);
        let field = Rect { x: room.x + 1, width: room.width.saturating_sub(2), height: 1, ..room };
        needle::draw(&self.text, self.typing, frame, field, scope);
        let room = Rect { y: room.y + 1, height: room.height.saturating_sub(1), ..room };
        if self.people().is_empty() {
            let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
            let mut details = Details::new(frame.buffer_mut(), room, false, scope);
            details.gap();
            return match &self.found {
                Some(Err(problem)) => details.problem(problem),
                None if self.asked.is_some() => details.sentence("looking among the keys here", Meaning::Muted),
                _ => details.sentence("A part of a name, an address, or a key's fingerprint.", Meaning::Muted),
            };
        }
        let (list, notes) = sheet::divide(frame, room, scope);
        let mut place = self.place;
        let people = self.people();
        place.draw(frame.buffer_mut(), list, people.len(), scope, |index, columns| {
            person_row(&people[index], columns, scope)
        });
        if let Some(person) = people.get(place.selected()) {
            draw_person(person, &mut Details::new(frame.buffer_mut(), notes, true, scope));
        }
        self.place = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_keep_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
        super::super::super::keys::check_list_table(TYPING_KEYS);
    }
}
