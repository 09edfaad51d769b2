//! The first tab: who and where, what is in place, what the helper was asked last, and what to do next. One line a thing;
//! the selected one stands below in full, and Enter takes it further: copies a command, or goes to the tab it is about.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::widgets::details::{Details, LABEL};
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::told;
use super::super::widgets::{sheet, words};
use super::confirm::Confirm;
use super::following::Following;
use super::home_mend;
use super::home_rows::{Entries, Go, Row, WindowRow, rows};
use super::home_window;
use crate::model::Problem;
use crate::ops::mending::Mend;
use crate::ops::overview::{self, Overview};
use crate::ops::readers::OwnKey;
use crate::ops::recipients::Astray;

const NAME: &str = "home";

pub(in super::super) struct Home {
    tickets: Tickets,
    looking: Option<u64>,
    asking: Option<u64>,
    /// The copy that is on its way, and what is copied.
    copying: Option<(u64, String)>,
    mending: Option<u64>,
    counting: Option<u64>,
    weighing: Option<u64>,
    following: Following,
    overview: Option<Overview>,
    entries: Entries,
    /// Entries encrypted to others than are listed.
    astray: Option<Astray>,
    own: Option<OwnKey>,
    problem: Option<Problem>,
    rows: Vec<Row>,
    place: ListPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Open,
    Mend,
    Extend,
    Close,
    Reload,
}

const KEYS: &[Binding<Action>] = &[
    Binding {
        keys: &[Key::named(KeyCode::Enter), Key::char('c')],
        action: Action::Open,
        hint: "",
        help: "copy the line's command, or go to what it is about",
    },
    Binding {
        keys: &[Key::char('f')],
        action: Action::Mend,
        hint: "do it",
        help: "put in place what the line asks for, after a question",
    },
    Binding {
        keys: &[Key::char('e')],
        action: Action::Extend,
        hint: "an hour more",
        help: "an hour more for the line's window",
    },
    Binding {
        keys: &[Key::char('x')],
        action: Action::Close,
        hint: "close",
        help: "close the line's window: log out, and prove it",
    },
    Binding {
        keys: &[Key::named(KeyCode::F(5)), Key::ctrl('r')],
        action: Action::Reload,
        hint: "look",
        help: "look again",
    },
];

impl Default for Home {
    fn default() -> Home {
        Home {
            tickets: Tickets::of(NAME),
            looking: None,
            asking: None,
            copying: None,
            mending: None,
            counting: None,
            weighing: None,
            following: Following::default(),
            overview: None,
            entries: Entries::Counting,
            astray: None,
            own: None,
            problem: None,
            rows: Vec::new(),
            place: ListPlace::default(),
        }
    }
}

impl Home {
    /// What it shows stays until the answers are there.
    fn look(&mut self) -> Flow {
        let (look, ask, count) = (self.tickets.next(), self.tickets.next(), self.tickets.next());
        (self.looking, self.asking, self.counting) = (Some(look.number), Some(ask.number), Some(count.number));
        Flow::Many(vec![
            Flow::Start(look, Job::Overview),
            Flow::Start(ask, Job::OwnKey),
            Flow::Start(count, Job::EntryCount),
        ])
    }

    /// Each entry is read for it, after all else.
    fn weigh(&mut self) -> Flow {
        let Entries::Counted(entries) = self.entries else { return Flow::Stay };
        let ticket = self.tickets.next();
        self.weighing = Some(ticket.number);
        Flow::Start(ticket, Job::AstrayCount(entries))
    }

    /// What the journal holds by now. Where the store may hold other logins since, or what is to do is another thing, all is
    /// looked at again.
    fn follow(&mut self, report: Result<Report, Problem>) -> Flow {
        let journal = match report {
            Ok(Report::Journal(Some((mut journal, stamp)))) => {
                self.following.stamp = stamp;
                journal.calls.drain(..journal.calls.len().saturating_sub(overview::CALLS));
                Ok(journal)
            }
            Ok(_) => return Flow::Stay,
            Err(problem) => {
                self.following.stamp = None;
                Err(problem)
            }
        };
        let Some(overview) = &mut self.overview else { return Flow::Stay };
        let wants_all = match (&overview.journal, &journal) {
            (Ok(before), Ok(now)) => {
                let mut new = now.calls.iter().filter(|call| !before.calls.contains(call));
                new.any(|call| matches!(&*call.outcome, "stored" | "erased"))
            }
            (Err(_), Err(_)) => false,
            _ => true,
        };
        overview.journal = journal;
        if wants_all { self.look() } else { Flow::Stay }
    }

    fn mend(&mut self, scope: &Scope) -> Flow {
        let Some(mend) = self.selected().and_then(|row| row.mend.clone()) else { return Flow::Stay };
        let docker = self.overview.as_ref().and_then(|overview| overview.docker.as_ref().ok());
        let (title, effect) = home_mend::question(&mend, docker, scope.home.as_deref());
        let ticket = self.tickets.next();
        self.mending = Some(ticket.number);
        Flow::Push(Box::new(Confirm::new(title.to_owned(), effect, "do it", Flow::Start(ticket, Job::Mend(mend)))))
    }

    fn window(&self) -> Option<&WindowRow> {
        self.selected()?.window.as_ref()
    }

    /// Asks first.
    fn about_window(&mut self, action: Action) -> Flow {
        let Some(row) = self.window().cloned() else { return Flow::Stay };
        let ticket = self.tickets.next();
        self.mending = Some(ticket.number);
        match action {
            Action::Extend => home_window::extend(&row, ticket).unwrap_or(Flow::Stay),
            _ => home_window::close(&row, ticket),
        }
    }

    fn takes_back(&self) -> bool {
        self.selected().is_some_and(|row| matches!(row.mend, Some(Mend::NoCredsStore(_))))
    }

    fn selected(&self) -> Option<&Row> {
        self.rows.get(self.place.selected())
    }

    fn arrange(&mut self, scope: &Scope) {
        let Some(overview) = &self.overview else { return };
        let first = self.rows.is_empty();
        self.rows = rows(overview, (self.entries, self.astray.as_ref()), self.own.as_ref(), scope);
        // What is to be done is what a person came for.
        let step = self.rows.iter().position(|row| row.label == "next");
        if let Some(step) = step.filter(|_| first) {
            self.place.select(step);
        }
        self.place.keep_within(self.rows.len());
    }
}

impl Screen for Home {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;

    fn offer(&self, action: Action) -> Offer {
        match (action, self.selected().map(|row| &row.go)) {
            (Action::Open, None | Some(Go::Nowhere)) => {
                Offer::Refused("this line has nothing to copy and leads nowhere")
            }
            (Action::Mend, _) if self.selected().is_none_or(|row| row.mend.is_none()) => {
                match self.selected().map(|row| &row.go) {
                    Some(Go::Tab("Audit")) => Offer::Refused("Enter goes to Audit, where f mends it"),
                    Some(Go::Tab(_)) => Offer::Refused("nothing to mend here"),
                    _ => Offer::Refused("this step is yours: Enter copies its command"),
                }
            }
            (Action::Extend, _) if !matches!(self.window(), Some(WindowRow::Open(_))) => {
                Offer::Refused("this line is no window that is open")
            }
            (Action::Close, _) if self.window().is_none() => Offer::Refused("this line is no window"),
            _ => Offer::Ready,
        }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Mend | Action::Extend | Action::Close)
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        match (action, self.selected().map(|row| &row.go)) {
            (Action::Open, Some(Go::Command(_))) => Some("copy"),
            (Action::Open, Some(Go::Tab(_))) => Some("go there"),
            (Action::Mend, _) if self.takes_back() => Some("take back"),
            _ => None,
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

    fn enter(&mut self, scope: &Scope) -> Flow {
        // An audit may have ended since.
        self.arrange(scope);
        self.look()
    }

    fn called(&mut self) -> Flow {
        self.following.called(&mut self.tickets)
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match (action, self.selected().map(|row| row.go.clone())) {
            (Action::Reload, _) => Flow::Many(vec![self.look(), Flow::Say(Toast::good("looking again"))]),
            (Action::Open, Some(Go::Tab(tab))) => Flow::ShowTab(tab),
            (Action::Open, Some(Go::Command(command))) => {
                let ticket = self.tickets.next();
                self.copying = Some((ticket.number, command.clone()));
                Flow::Start(ticket, Job::CopyText(command))
            }
            (Action::Mend, _) => self.mend(scope),
            (Action::Extend | Action::Close, _) => self.about_window(action),
            (Action::Open, _) => Flow::Stay,
        }
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if let Some((_, what)) = self.copying.take_if(|(asked, _)| *asked == number) {
            return match report {
                Ok(Report::Copied(copied)) => told(copied, &what, scope.now),
                Ok(_) => Flow::Stay,
                Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
            };
        }
        if self.mending.take_if(|asked| *asked == number).is_some() {
            return match report {
                Ok(Report::Mended(told) | Report::Window(told)) => {
                    Flow::Many(vec![self.look(), Flow::Say(Toast::good(told))])
                }
                Ok(_) => Flow::Stay,
                Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
            };
        }
        if self.following.is_answered_by(number) {
            let flows = vec![self.follow(report), self.following.go_on(&mut self.tickets)];
            self.arrange(scope);
            return Flow::Many(flows);
        }
        if self.looking.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Overview(overview)) => (self.overview, self.problem) = (Some(*overview), None),
                Ok(_) => {}
                Err(problem) => self.problem = Some(problem),
            }
        } else if self.counting.take_if(|asked| *asked == number).is_some() {
            self.entries = match report {
                Ok(Report::EntryCount(Some(count))) => Entries::Counted(count),
                _ => Entries::Unlisted,
            };
            self.arrange(scope);
            return self.weigh();
        } else if self.weighing.take_if(|asked| *asked == number).is_some() {
            self.astray = match report {
                Ok(Report::AstrayCount(found)) => found,
                _ => None,
            };
        } else if self.asking.take_if(|asked| *asked == number).is_some() {
            // Without a store there is no key of its own; why, the overview tells.
            self.own = match report {
                Ok(Report::OwnKey(own)) => Some(own),
                _ => None,
            };
        }
        self.arrange(scope);
        Flow::Stay
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        if self.overview.as_ref().is_some_and(|overview| !overview.windows.is_empty()) {
            // Time is left of them, and ever less.
            self.arrange(scope);
        }
        if self.rows.is_empty() {
            let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 };
            let mut details = Details::new(frame.buffer_mut(), area, false, scope);
            match &self.problem {
                Some(problem) => details.problem(problem),
                None => details.sentence("looking around", Meaning::Muted),
            }
            return;
        }
        let (list, notes) = sheet::divide(frame, area, scope);
        let rows = &self.rows;
        self.place
            .draw(frame.buffer_mut(), list, rows.len(), scope, |index, columns| line(&rows[index], columns, scope));
        if let Some(row) = self.selected() {
            let mut details = Details::new(frame.buffer_mut(), notes, notes.height < 4, scope);
            if let Go::Command(command) = &row.go {
                details.sentence(&format!("{} {command}", scope.theme.glyphs.closed), Meaning::Accent);
            }
            details.sentence(&row.text, row.meaning);
        }
    }
}

fn line(row: &Row, columns: u16, scope: &Scope) -> Line<'static> {
    let label = format!("{:<width$}", row.label, width = usize::from(LABEL));
    let room = columns.saturating_sub(words::width(&label));
    let text = words::fit(&row.text, room, scope.theme.glyphs.ellipsis);
    Line::from(vec![
        Span::styled(label, scope.theme.style(if row.is_heading() { Meaning::Accent } else { Meaning::Muted })),
        Span::styled(text, scope.theme.style(row.meaning)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_keeps_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
    }
}
