//! The versions of an entry that git keeps, over the store: what each changed, one of them brought back.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::history::{Job as Ask, Pair, Report as Answer, VERSIONS_MAX};
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::{Glyphs, Meaning};
use super::super::widgets::details::Details;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::{sheet, words};
use super::confirm::Confirm;
use super::difference::Difference;
use crate::model::{EntryPath, Problem, text, utc};
use crate::ops::history::{Content, Version, Which};
use crate::system::store::layout;

const NAME: &str = "history";

pub(in super::super) struct History {
    entry: EntryPath,
    tickets: Tickets,
    asked: Option<u64>,
    known: Option<Result<Vec<Version>, Problem>>,
    place: ListPlace,
    restoring: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    /// What the version changed.
    Changes,
    /// What became of it since.
    Since,
    Restore,
    Close,
}

const KEYS: &[Binding<Action>] = &[
    Binding {
        keys: &[Key::named(KeyCode::Enter), Key::named(KeyCode::Right)],
        action: Action::Changes,
        hint: "changes",
        help: "what this version changed, values masked",
    },
    Binding {
        keys: &[Key::char('=')],
        action: Action::Since,
        hint: "since then",
        help: "what differs between this version and now",
    },
    Binding {
        keys: &[Key::char('R')],
        action: Action::Restore,
        hint: "restore",
        help: "put this version in the entry's place",
    },
    Binding {
        keys: &[Key::named(KeyCode::Esc), Key::char('q'), Key::char('h'), Key::named(KeyCode::Left)],
        action: Action::Close,
        hint: "close",
        help: "back to the store",
    },
];

impl History {
    pub(in super::super) fn new(entry: EntryPath) -> History {
        History {
            entry,
            tickets: Tickets::of_layer(NAME),
            asked: None,
            known: None,
            place: ListPlace::default(),
            restoring: None,
        }
    }

    fn versions(&self) -> &[Version] {
        match &self.known {
            Some(Ok(versions)) => versions,
            _ => &[],
        }
    }

    fn selected(&self) -> Option<&Version> {
        self.versions().get(self.place.selected())
    }

    /// What was selected stays so, wherever it is now.
    fn take_in(&mut self, versions: Vec<Version>) {
        let same = |one: &Version| self.selected().is_some_and(|selected| selected.commit == one.commit);
        let row = versions.iter().position(same).unwrap_or(self.place.selected());
        self.place.select(row);
        self.place.keep_within(versions.len());
        self.known = Some(Ok(versions));
    }

    fn ask(&mut self) -> Flow {
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::History(Ask::Versions(self.entry.clone())))
    }

    fn compare(&self, since: bool) -> Flow {
        let Some(version) = self.selected() else { return Flow::Stay };
        let (id, short) = (which(version), version.commit.id.short());
        let name = layout::told(&self.entry);
        let (from, to, title) = if since {
            (Some(id), Which::Now, format!("{name}: {short} to now"))
        } else {
            (None, id, format!("{name}: changed by {short}"))
        };
        Flow::Push(Box::new(Difference::new(Pair { entry: self.entry.clone(), from, to }, title)))
    }
}

impl History {
    fn restore(&mut self) -> Flow {
        let Some(version) = self.selected() else { return Flow::Stay };
        let (name, short) = (text::quoted(self.entry.as_bytes()), version.commit.id.short());
        let day = &utc::rfc3339(version.commit.time)[..10];
        let effect = format!(
            "{name} becomes what it was on {day} ({short}), for those who may read it today. What it is now stays in git."
        );
        let job = Ask::Restore(self.entry.clone(), which(version));
        let ticket = self.tickets.next();
        self.restoring = Some(ticket.number);
        let deed = Flow::Start(ticket, Job::History(job));
        Flow::Push(Box::new(Confirm::new("Restore this version".to_owned(), effect, "restore", deed)))
    }
}

fn which(version: &Version) -> Which {
    Which::Commit(version.commit.id.as_str().to_owned())
}

impl Screen for History {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        let content = self.selected().map(|version| &version.content);
        match (action, content) {
            (Action::Close, _) | (_, Some(Content::Readable | Content::Locked)) => Offer::Ready,
            (_, None) => Offer::Refused("there is no version"),
            (_, Some(Content::Unreadable(_))) => Offer::Refused("this version cannot be read"),
            (_, Some(Content::Removed)) => Offer::Refused("the entry was removed here"),
            (_, Some(Content::NoMessage)) => Offer::Refused("no entry stood here"),
        }
    }

    fn has_list(&self) -> bool {
        !self.versions().is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        self.place.go(way, self.versions().len());
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        Some(&self.place)
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        if self.known.is_none() && self.asked.is_none() { self.ask() } else { Flow::Stay }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Restore)
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Changes => self.compare(false),
            Action::Since => self.compare(true),
            Action::Restore => self.restore(),
            Action::Close => Flow::Pop,
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, _scope: &Scope) -> Flow {
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::History(Answer::Versions(versions))) => self.take_in(versions),
                Ok(_) => {}
                Err(problem) => self.known = Some(Err(problem)),
            }
            return Flow::Stay;
        }
        if self.restoring.take_if(|restoring| *restoring == number).is_some() {
            return match report {
                Ok(Report::History(Answer::Restored(written))) => {
                    let toast = match (written.warnings.first(), written.changed) {
                        (Some(warning), _) => Toast::warn(warning.one_line()),
                        (None, true) => Toast::good(format!("restored: {}", layout::told(&self.entry))),
                        (None, false) => Toast::good("it is so already"),
                    };
                    Flow::Many(vec![Flow::Say(toast), Flow::StoreChanged, self.ask()])
                }
                Ok(_) => Flow::Stay,
                Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
            };
        }
        Flow::Stay
    }

    fn tally(&self) -> String {
        let count = self.versions().len();
        let more = if count == VERSIONS_MAX { "+" } else { "" };
        format!("{count}{more}")
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let title = format!("History of {}", layout::told(&self.entry));
        let room = sheet::open(frame.buffer_mut(), area, &title, scope);
        let versions = match &self.known {
            Some(Ok(versions)) if !versions.is_empty() => versions,
            other => {
                let room = Rect { x: room.x + 2, width: room.width.saturating_sub(4), ..room };
                let mut details = Details::new(frame.buffer_mut(), room, false, scope);
                match other {
                    None => details.sentence("git is asked", Meaning::Muted),
                    Some(Err(problem)) => details.problem(problem),
                    Some(Ok(_)) => details.sentence("git has no version of it yet", Meaning::Plain),
                }
                return;
            }
        };
        let (rows, notes) = sheet::divide(frame, room, scope);
        self.place.draw(frame.buffer_mut(), rows, versions.len(), scope, |index, columns| {
            row(&versions[index], columns, scope)
        });
        if let Some(version) = versions.get(self.place.selected()) {
            let mut details = Details::new(frame.buffer_mut(), notes, true, scope);
            draw_notes(version, &self.entry, notes.height > 2, &mut details);
        }
    }
}

/// How old, who, what, and at the right why it is not readable.
fn row(version: &Version, columns: u16, scope: &Scope) -> Line<'static> {
    let glyphs = scope.theme.glyphs;
    let (state, meaning) = state(&version.content, glyphs);
    let start = words::commit_start(&version.commit, columns, scope);
    let right = if state.is_empty() { 0 } else { words::width(&state) + 2 };
    let room = columns.saturating_sub(words::width(&start) + right);
    let subject = words::fit(&text::escaped(version.commit.subject.as_bytes()), room, glyphs.ellipsis);
    let gap = columns.saturating_sub(words::width(&start) + words::width(&subject) + words::width(&state));
    Line::from(vec![
        Span::styled(start, scope.theme.style(Meaning::Muted)),
        Span::raw(subject),
        Span::raw(" ".repeat(usize::from(gap))),
        Span::styled(state, scope.theme.style(meaning)),
    ])
}

fn state(content: &Content, glyphs: &Glyphs) -> (String, Meaning) {
    match content {
        Content::Readable => (String::new(), Meaning::Plain),
        Content::Locked => ("locked".to_owned(), Meaning::Muted),
        Content::Unreadable(_) => (format!("{} unreadable", glyphs.bad), Meaning::Bad),
        Content::Removed => ("removed".to_owned(), Meaning::Warn),
        Content::NoMessage => (format!("{} no entry", glyphs.bad), Meaning::Warn),
    }
}

fn draw_notes(version: &Version, entry: &EntryPath, roomy: bool, details: &mut Details<'_>) {
    let commit = &version.commit;
    let why = match &version.content {
        Content::Unreadable(why) => Some(format!("cannot be read: {}", text::escaped(why.as_bytes()))),
        Content::Locked => Some("the key is locked; opening it asks for the passphrase".to_owned()),
        Content::NoMessage => Some("a link or another thing stood here, no entry".to_owned()),
        Content::Removed => Some("the entry was removed by this commit".to_owned()),
        Content::Readable => None,
    };
    let date = utc::rfc3339(commit.time);
    let date = date.split('.').next().unwrap_or_default().replace('T', " ");
    let who = format!("{} <{}>", text::escaped(commit.author.as_bytes()), text::escaped(commit.email.as_bytes()));
    if roomy {
        details.sentence(&text::escaped(commit.subject.as_bytes()), Meaning::Plain);
        details.line_fact("author", &who, Meaning::Plain);
        details.fact("date", &format!("{date} UTC"), Meaning::Plain);
        details.fact("commit", commit.id.short(), Meaning::Plain);
    }
    if let Some(why) = &why {
        details.sentence(why, Meaning::Warn);
    }
    if let Some(path) = version.path.as_ref().filter(|path| *path != entry) {
        details.line_fact("then called", &layout::told(path), Meaning::Plain);
    }
    if !roomy && why.is_none() {
        let line = format!("{} {date} {}", commit.id.short(), text::escaped(commit.subject.as_bytes()));
        details.sentence(&line, Meaning::Muted);
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::system::git::{Commit, ObjectId};

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }

    #[test]
    fn the_cursor_follows_its_version() {
        let version = |digit: &str| Version {
            number: 1,
            commit: Commit {
                id: ObjectId::made_of(&digit.repeat(40)),
                time: SystemTime::UNIX_EPOCH,
                author: String::new(),
                email: String::new(),
                subject: String::new(),
            },
            path: None,
            content: Content::Readable,
        };
        let mut history = History::new(EntryPath::root());
        history.take_in(vec![version("1"), version("2")]);
        history.place.select(1);
        history.take_in(vec![version("3"), version("1"), version("2")]);
        assert_eq!(history.place.selected(), 2);
        history.take_in(vec![version("3")]);
        assert_eq!(history.place.selected(), 0);
    }
}
