//! Who can read which folder, over the store: people join and leave here.

use std::borrow::Cow;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::recipients::{Change, Job as Ask, Report as Answer};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::{sheet, words};
use super::add_reader::AddReader;
use super::encrypt_anew::EncryptAnew;
use super::entry_facts;
use crate::model::{EntryPath, Problem, text, utc};
use crate::ops::recipients::{Access, Edit, Governed, Person};
use crate::system::store::layout;

const NAME: &str = "readers";

pub(in super::super) struct Readers {
    /// Where the person was in the store.
    folder: EntryPath,
    /// The entry that was selected there, and who can read it.
    entry: Option<EntryPath>,
    access: Option<Result<Access, Problem>>,
    tickets: Tickets,
    asked: Option<u64>,
    asked_access: Option<u64>,
    known: Option<Result<Vec<Governed>, Problem>>,
    rows: Vec<Row>,
    place: ListPlace,
}

#[derive(Clone, Debug)]
enum Row {
    /// The selected entry as it is stored.
    Entry(EntryPath),
    /// A folder without recipients of its own, and the one whose it goes by.
    Own(EntryPath, Option<usize>),
    Folder(usize),
    Person(usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Add,
    Remove,
    EncryptAnew,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::char('a')], Action::Add, "add", "let somebody read this folder"),
    row(&[Key::char('D'), Key::named(KeyCode::Delete)], Action::Remove, "remove", "let this one read it no more"),
    row(&[Key::char('e')], Action::EncryptAnew, "encrypt anew", "encrypt anew what others can read, or not all"),
    row(&[Key::named(KeyCode::Esc), Key::char('q'), Key::char('W')], Action::Close, "close", "back to the store"),
];

impl Readers {
    pub(in super::super) fn new(folder: EntryPath, entry: Option<EntryPath>) -> Readers {
        Readers {
            folder,
            entry,
            access: None,
            tickets: Tickets::of_layer(NAME),
            asked: None,
            asked_access: None,
            known: None,
            rows: Vec::new(),
            place: ListPlace::default(),
        }
    }

    fn governed(&self) -> &[Governed] {
        match &self.known {
            Some(Ok(governed)) => governed,
            _ => &[],
        }
    }

    fn take_in(&mut self, governed: Vec<Governed>) {
        let first = self.known.is_none();
        // The nearest list on the way up is the one that counts.
        let around = |one: &Governed| self.folder.is_within(&one.folder);
        let depth = |one: &Governed| one.folder.as_bytes().len();
        let nearest = (0..governed.len()).filter(|at| around(&governed[*at])).max_by_key(|at| depth(&governed[*at]));
        let own = nearest.is_some_and(|at| governed[at].folder == self.folder);
        self.rows = self.entry.iter().cloned().map(Row::Entry).collect();
        self.rows.extend((!own).then(|| Row::Own(self.folder.clone(), nearest)));
        for (at, one) in governed.iter().enumerate() {
            self.rows.push(Row::Folder(at));
            self.rows.extend((0..one.recipients.len()).map(|person| Row::Person(at, person)));
        }
        if first {
            let row = self.rows.iter().position(|row| matches!(row, Row::Folder(at) if Some(*at) == nearest));
            self.place.select(row.unwrap_or(0));
        }
        self.place.keep_within(self.rows.len());
        self.known = Some(Ok(governed));
    }

    fn selected(&self) -> Option<&Row> {
        self.rows.get(self.place.selected())
    }

    /// The folder that a change would be of.
    fn selected_folder(&self) -> Option<EntryPath> {
        match self.selected()? {
            Row::Entry(_) => None,
            Row::Own(folder, _) => Some(folder.clone()),
            Row::Folder(at) | Row::Person(at, _) => Some(self.governed().get(*at)?.folder.clone()),
        }
    }

    fn selected_person(&self) -> Option<&Person> {
        match self.selected()? {
            Row::Person(at, person) => self.governed().get(*at)?.recipients.get(*person),
            _ => None,
        }
    }
}

impl Screen for Readers {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Add | Action::EncryptAnew if self.selected().is_none() => Offer::Refused("nothing is listed"),
            Action::Add if self.selected_folder().is_none() => {
                Offer::Refused("select a folder: entries go by its list")
            }
            Action::Remove if self.selected_person().is_none() => Offer::Refused("select a person, not a folder"),
            _ => Offer::Ready,
        }
    }

    fn has_list(&self) -> bool {
        !self.rows.is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.rows.len());
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        Some(&self.place)
    }

    /// Asks each time it comes to the front: what was pushed over it may have changed something.
    fn enter(&mut self, _scope: &Scope) -> Flow {
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        let list = Flow::Start(ticket, Job::Recipients(Ask::List));
        let Some(entry) = self.entry.clone() else { return list };
        let ticket = self.tickets.next();
        self.asked_access = Some(ticket.number);
        Flow::Many(vec![list, Flow::Start(ticket, Job::Recipients(Ask::Access(entry)))])
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Add | Action::Remove | Action::EncryptAnew)
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        let folder = match (action, self.selected()) {
            (Action::Close, _) => return Flow::Pop,
            (Action::EncryptAnew, Some(Row::Entry(entry))) => Some(entry.clone()),
            _ => self.selected_folder(),
        };
        let Some(folder) = folder else { return Flow::Stay };
        match action {
            Action::Close => Flow::Pop,
            Action::Add => Flow::Push(Box::new(AddReader::new(folder))),
            Action::EncryptAnew => Flow::Push(Box::new(EncryptAnew::new(Change { folder, edit: None }))),
            Action::Remove => match self.selected_person() {
                Some(person) => {
                    let edit = Some(Edit::Remove(vec![person.reader.recipient.clone()]));
                    Flow::Push(Box::new(EncryptAnew::new(Change { folder, edit })))
                }
                None => Flow::Stay,
            },
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, _scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Recipients(Answer::Listed(governed))) => self.take_in(governed),
                Ok(_) => {}
                Err(problem) => {
                    self.rows.clear();
                    self.known = Some(Err(problem));
                }
            }
        } else if self.asked_access.take_if(|asked| *asked == number).is_some() {
            self.access = match report {
                Ok(Report::Recipients(Answer::Access(access))) => Some(Ok(access)),
                Ok(_) => None,
                Err(problem) => Some(Err(problem)),
            };
        }
        Flow::Stay
    }

    fn tally(&self) -> String {
        match self.governed().len() {
            0 => String::new(),
            folders => words::counted(folders as u64, "folder"),
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let room = sheet::open(frame.buffer_mut(), area, "Who can read", scope);
        if self.rows.is_empty() {
            let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
            let mut details = Details::new(frame.buffer_mut(), room, false, scope);
            return match &self.known {
                Some(Err(problem)) => details.problem(problem),
                _ => details.sentence("looking at the recipients", Meaning::Muted),
            };
        }
        let (list, notes) = sheet::divide(frame, room, scope);
        let mut place = self.place;
        place.draw(frame.buffer_mut(), list, self.rows.len(), scope, |index, columns| {
            self.draw_row(&self.rows[index], columns, scope)
        });
        self.place = place;
        let mut details = Details::new(frame.buffer_mut(), notes, true, scope);
        self.draw_notes(&mut details, scope);
    }
}

impl Readers {
    fn draw_row(&self, row: &Row, columns: u16, scope: &Scope) -> Line<'static> {
        let (theme, ellipsis) = (&scope.theme, scope.theme.glyphs.ellipsis);
        match row {
            Row::Entry(entry) => self.draw_entry_row(entry, columns, scope),
            Row::Own(folder, _) => {
                let text = format!("{}  no list of its own", folder_name(folder));
                Line::from(Span::styled(words::fit(&text, columns, ellipsis), theme.style(Meaning::Muted)))
            }
            Row::Folder(at) => {
                let Some(one) = self.governed().get(*at) else { return Line::default() };
                let problem =
                    if one.problem.is_some() { format!("  {} see below", theme.glyphs.warn) } else { String::new() };
                let room = columns.saturating_sub(words::width(&problem));
                Line::from(vec![
                    Span::styled(
                        words::fit_middle(&folder_name(&one.folder), room, ellipsis),
                        theme.style(Meaning::Accent),
                    ),
                    Span::styled(problem, theme.style(Meaning::Warn)),
                ])
            }
            Row::Person(at, index) => {
                let person = self.governed().get(*at).and_then(|one| one.recipients.get(*index));
                person.map_or_else(Line::default, |person| person_row(person, columns, scope))
            }
        }
    }

    /// Its name, and whether it is as its folder's list says.
    fn draw_entry_row(&self, entry: &EntryPath, columns: u16, scope: &Scope) -> Line<'static> {
        let theme = &scope.theme;
        let (word, meaning) = match &self.access {
            None => (String::new(), Meaning::Muted),
            Some(Err(_)) => (format!("{} see below", theme.glyphs.warn), Meaning::Warn),
            Some(Ok(access)) => match access.differs {
                Some(true) => (format!("{} not as listed", theme.glyphs.warn), Meaning::Warn),
                Some(false) => (format!("{} as listed", theme.glyphs.good), Meaning::Muted),
                None => ("cannot be told".to_owned(), Meaning::Muted),
            },
        };
        let room = columns.saturating_sub(words::width(&word) + 2);
        let name = words::fit_middle(&layout::told(entry), room, theme.glyphs.ellipsis);
        Line::from(vec![Span::raw(format!("{name}  ")), Span::styled(word, theme.style(meaning))])
    }

    fn draw_notes(&self, details: &mut Details<'_>, scope: &Scope) {
        match self.selected() {
            Some(Row::Entry(_)) => match &self.access {
                None => details.sentence("looking at the entry", Meaning::Muted),
                Some(Err(problem)) => details.problem(problem),
                Some(Ok(access)) => draw_entry(access, details, scope),
            },
            Some(Row::Own(folder, nearest)) => {
                let by = nearest.and_then(|at| self.governed().get(at)).map(|one| folder_name(&one.folder));
                let by = by.map_or_else(String::new, |by| format!("; it goes by that of {by}"));
                details.sentence(&format!("{} has no list of its own{by}.", folder_name(folder)), Meaning::Plain);
                details.sentence(
                    "Adding somebody here makes one, beginning with those who can read it now.",
                    Meaning::Muted,
                );
            }
            Some(Row::Folder(at)) => {
                let Some(one) = self.governed().get(*at) else { return };
                details.line_fact("list", &words::path(&one.file, scope.home.as_deref()), Meaning::Plain);
                one.problem.iter().for_each(|problem| details.problem(problem));
            }
            Some(Row::Person(..)) => {
                if let Some(person) = self.selected_person() {
                    draw_person(person, details);
                }
            }
            None => {}
        }
    }
}

/// Who can read the entry, who should, and what mends it.
fn draw_entry(access: &Access, details: &mut Details<'_>, scope: &Scope) {
    entry_facts::draw_access(access, details, scope);
    let key = scope.key_of::<Readers>(Action::EncryptAnew);
    match access.differs {
        Some(true) => details.sentence(&format!("{key} encrypts it anew, to those who are listed."), Meaning::Plain),
        Some(false) => details.sentence("Those, and nobody else.", Meaning::Muted),
        None => details.sentence("Whether these are those who are listed cannot be told.", Meaning::Muted),
    }
}

fn folder_name(folder: &EntryPath) -> String {
    match layout::told(folder) {
        _ if folder.is_root() => "the whole store".to_owned(),
        Cow::Owned(told) if told != folder.display() => told,
        _ => format!("{}/", folder.display()),
    }
}

/// Who, how it stands, whether it is ours.
pub(super) fn person_row(person: &Person, columns: u16, scope: &Scope) -> Line<'static> {
    let theme = &scope.theme;
    let (text, meaning) = words::reader(&person.reader, scope);
    let mut right = Vec::new();
    if person.own == Some(true) {
        right.push("yours".to_owned());
    }
    right.extend(person.reader.expires.map(|time| format!("until {}", &utc::rfc3339(time)[..10])));
    let right = right.join(", ");
    let room = columns.saturating_sub(words::width(&right) + 4);
    let text = words::fit(&text, room, theme.glyphs.ellipsis);
    let gap = columns.saturating_sub(2 + words::width(&text) + words::width(&right));
    Line::from(vec![
        Span::raw("  "),
        Span::styled(text, theme.style(meaning)),
        Span::raw(" ".repeat(usize::from(gap))),
        Span::styled(right, theme.style(Meaning::Muted)),
    ])
}

pub(super) fn draw_person(person: &Person, details: &mut Details<'_>) {
    let reader = &person.reader;
    if let Some(problem) = &person.problem {
        details.problem(problem);
    }
    if let Some(name) = &reader.name {
        details.line_fact("name", name, Meaning::Plain);
    }
    let key =
        reader.fingerprint.clone().unwrap_or_else(|| text::escaped(reader.recipient.as_str().as_bytes()).into_owned());
    details.line_fact("key", &key, Meaning::Plain);
    let own = match person.own {
        Some(true) => "here: this one is yours",
        Some(false) => "not here",
        None => "nobody can say whether it is here",
    };
    details.fact("secret key", own, Meaning::Plain);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
