//! What Docker and others asked the helper for, and what they were told: newest first, new calls as they come. A call that
//! found nothing or failed is explained in words, and one key leads to the registry that mends it.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::finder::Finder;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::secret_panel::told;
use super::super::widgets::{panes, words};
use super::calls;
use super::calls_only::Only;
use crate::model::{Problem, RegistryKey};
use crate::ops::journal::{Journal, Stamp};
use crate::system::journal::Call;

const NAME: &str = "activity";

const BESIDE: panes::Beside = panes::Beside { from: 110, share: 55 };

#[derive(Default)]
struct Known {
    journal: Option<Journal>,
    stamp: Option<Stamp>,
    problem: Option<Problem>,
}

pub(in super::super) struct Activity {
    tickets: Tickets,
    asked: Option<u64>,
    /// The copy that is on its way, and what is copied.
    copying: Option<(u64, String)>,
    known: Known,
    /// What the filter matches, by call.
    names: Vec<String>,
    /// Lists calls by their index, the newest first.
    finder: Finder,
    zoomed: bool,
    alone: bool,
    /// As last drawn, the details have few lines below the list.
    below: bool,
    /// More calls have come since it was asked.
    again: bool,
    only: Only,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Open,
    Filter,
    KeepFilter,
    Back,
    OnlyWrong,
    OnlyRegistry,
    OnlyUser,
    Registry,
    Copy,
    Reload,
}

const fn row(keys: &'static [Key], action: Action, hint: &'static str, help: &'static str) -> Binding<Action> {
    Binding { keys, action, hint, help }
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Open, "explain", "what the call means, in words"),
    row(&[Key::char('/')], Action::Filter, "find", "find by registry, outcome, caller, or as in uid=0"),
    row(&[Key::char('f')], Action::OnlyWrong, "failed", "only what failed, then what found nothing, both, all"),
    row(&[Key::char('s')], Action::OnlyRegistry, "same", "only calls about the selected one's registry, or all"),
    row(&[Key::char('u')], Action::OnlyUser, "uid", "only calls by the selected one's user id, or all"),
    row(&[Key::char('o')], Action::Registry, "registry", "go to the registry that the call was about"),
    row(&[Key::char('c')], Action::Copy, "copy", "copy the command that mends it"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "close the details, clear the filter"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Reload, "", "read the calls again"),
];

/// While the filter's field has the focus.
const FILTER_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::KeepFilter, "keep", "go on with the calls found"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "clear", "clear the filter"),
];

impl Default for Activity {
    fn default() -> Activity {
        Activity {
            tickets: Tickets::of(NAME),
            asked: None,
            copying: None,
            known: Known::default(),
            names: Vec::new(),
            finder: Finder::default(),
            zoomed: false,
            alone: false,
            below: false,
            again: false,
            only: Only::default(),
        }
    }
}

impl Activity {
    fn calls(&self) -> &[Call] {
        self.known.journal.as_ref().map_or(&[], |journal| &journal.calls)
    }

    fn selected(&self) -> Option<&Call> {
        self.calls().get(self.finder.selected()? as usize)
    }

    fn look(&mut self, stamp: Option<Stamp>) -> Flow {
        if self.asked.is_some() {
            return Flow::Stay;
        }
        let ticket = self.tickets.next();
        self.asked = Some(ticket.number);
        Flow::Start(ticket, Job::Journal(stamp))
    }

    fn list(&mut self) {
        let calls = (0..).zip(self.calls()).filter(|(_, call)| self.only.fits(call));
        let all: Vec<u32> = calls.map(|(index, _)| index).collect::<Vec<u32>>().into_iter().rev().collect();
        let names = &self.names;
        self.finder.search(&all, |index| names.get(index as usize).map_or("", |name| name));
    }

    fn narrowed(&mut self) -> Flow {
        self.finder.select_first();
        self.list();
        Flow::Stay
    }

    fn back(&mut self) -> Flow {
        if self.zoomed && !self.finder.is_typing() {
            self.zoomed = false;
            return Flow::Stay;
        }
        if !self.finder.is_filtered() && !self.finder.is_typing() {
            return self.only(|only, _| *only = Only::default());
        }
        self.finder.clear();
        self.narrowed()
    }

    /// Lists other calls; the selected one stays so if it is among them.
    fn only(&mut self, change: impl FnOnce(&mut Only, Option<&Call>)) -> Flow {
        let held = self.finder.selected();
        let mut only = std::mem::take(&mut self.only);
        change(&mut only, self.selected());
        self.only = only;
        self.finder.forget();
        self.list();
        if !held.is_some_and(|held| self.finder.select(held)) {
            self.finder.select_first();
        }
        Flow::Stay
    }

    /// There is more to say of the selected call than is shown beside the list.
    fn wants_zoom(&self) -> bool {
        (self.alone || self.below) && !self.zoomed
    }

    fn copy(&mut self, scope: &Scope) -> Flow {
        let Some(command) = self.selected().and_then(|call| calls::remedy(call, scope)) else {
            return Flow::Say(Toast::warn("nothing has to be mended here"));
        };
        let ticket = self.tickets.next();
        let shown = crate::model::text::escaped(command.as_bytes()).into_owned();
        self.copying = Some((ticket.number, shown));
        Flow::Start(ticket, Job::CopyText(command))
    }

    /// New calls do not move what a person looks at, unless that is the newest.
    fn take_in(&mut self, journal: Journal, stamp: Option<Stamp>) {
        let newest = self.calls().len().checked_sub(1);
        let follows = self.finder.selected().map(|index| index as usize) == newest;
        let held = self.selected().filter(|_| !follows).cloned();
        self.names = journal.calls.iter().map(name_of).collect();
        self.known = Known { journal: Some(journal), stamp, problem: None };
        self.finder.forget();
        self.list();
        let held = held.and_then(|held| self.calls().iter().rposition(|call| *call == held));
        match held.and_then(|index| u32::try_from(index).ok()) {
            Some(index) => drop(self.finder.select(index)),
            None => self.finder.select_first(),
        }
    }
}

/// As the filter knows a call.
fn name_of(call: &Call) -> String {
    let caller = call.caller.as_deref().unwrap_or_default();
    let told = format!("{} {} {} uid={} {caller}", call.action, calls::server(call), call.outcome, call.uid);
    crate::model::text::escaped(told.as_bytes()).into_owned()
}

impl Screen for Activity {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const FIELD_KEYS: &'static [Binding<Action>] = FILTER_KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::OnlyRegistry if self.only.has_registry() => Offer::Ready,
            Action::OnlyUser if self.only.has_uid() => Offer::Ready,
            Action::Open | Action::Registry | Action::Copy | Action::OnlyRegistry | Action::OnlyUser
                if self.selected().is_none() =>
            {
                Offer::Refused(self.finder.why_nothing())
            }
            Action::Registry | Action::OnlyRegistry if self.selected().is_some_and(|call| call.server.is_none()) => {
                Offer::Refused("this call was about no single registry")
            }
            Action::Filter if self.calls().is_empty() => Offer::Refused("there is nothing to find"),
            _ => Offer::Ready,
        }
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Open if !self.wants_zoom() => Some(""),
            Action::OnlyRegistry if self.only.has_registry() => Some("any"),
            Action::OnlyUser if self.only.has_uid() => Some("all uids"),
            Action::Back if self.zoomed && !self.finder.is_typing() => Some("back"),
            Action::Back if self.finder.is_filtered() || !self.only.is_all() => Some("clear"),
            _ => None,
        }
    }

    fn typing(&mut self, key: Key, _scope: &Scope) -> Option<Flow> {
        self.finder.press(key).then(|| self.narrowed())
    }

    fn takes_text(&self) -> bool {
        self.finder.is_typing()
    }

    fn paste(&mut self, text: &str, _scope: &Scope) -> Flow {
        if self.finder.paste(text) { self.narrowed() } else { Flow::Stay }
    }

    fn has_list(&self) -> bool {
        !self.calls().is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        self.finder.go(way);
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        (!self.zoomed).then(|| self.finder.place())
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        self.look(self.known.stamp)
    }

    fn called(&mut self) -> Flow {
        self.again = self.asked.is_some();
        self.look(self.known.stamp)
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match action {
            Action::Open => self.zoomed |= self.wants_zoom(),
            Action::OnlyWrong => return self.only(|only, _| only.next_end()),
            Action::OnlyRegistry => {
                return self.only(|only, call| call.iter().for_each(|call| only.toggle_registry(call)));
            }
            Action::OnlyUser => return self.only(|only, call| call.iter().for_each(|call| only.toggle_uid(call))),
            Action::Copy => return self.copy(scope),
            Action::Filter => {
                self.finder.begin();
                self.zoomed = false;
            }
            Action::KeepFilter => self.finder.keep(),
            Action::Back => return self.back(),
            Action::Registry => {
                let server = self.selected().and_then(|call| call.server.as_deref());
                return server.map_or(Flow::Stay, |server| Flow::FindRegistry(RegistryKey::new(server).canonical()));
            }
            Action::Reload => {
                return Flow::Many(vec![self.look(None), Flow::Say(Toast::good("reading the calls again"))]);
            }
        }
        Flow::Stay
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if let Some((_, what)) = self.copying.take_if(|(asked, _)| *asked == number) {
            return match report {
                Ok(Report::Copied(copied)) => told(copied, &what, scope.now),
                Ok(_) => Flow::Stay,
                Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
            };
        }
        if self.asked.take_if(|asked| *asked == number).is_some() {
            match report {
                Ok(Report::Journal(Some((journal, stamp)))) => self.take_in(journal, stamp),
                Ok(_) => {}
                Err(problem) => self.known.problem = Some(problem),
            }
            if std::mem::take(&mut self.again) {
                return self.look(self.known.stamp);
            }
        }
        Flow::Stay
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        if self.calls().is_empty() {
            return self.draw_empty(frame, area, scope);
        }
        let panes = panes::arrange(frame, area, BESIDE, self.zoomed, scope);
        (self.alone, self.below) = (panes.alone(), panes.below);
        if let Some(list) = panes.list {
            self.draw_list(frame, list, scope);
        }
        if let (Some(area), Some(call)) = (panes.details, self.selected()) {
            let mut details = Details::new(frame.buffer_mut(), area, panes.flat, scope);
            calls::explain(call, &mut details, scope);
        }
    }

    fn tally(&self) -> String {
        if self.only.is_all() {
            return self.finder.tally(self.calls().len());
        }
        format!("{}/{}", self.finder.listed(), self.calls().len())
    }
}

impl Activity {
    fn draw_empty(&self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let area = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 1 };
        let mut details = Details::new(frame.buffer_mut(), area, false, scope);
        match (&self.known.problem, &self.known.journal) {
            (Some(problem), _) => details.problem(problem),
            (None, None) => details.sentence("reading the calls", Meaning::Muted),
            (None, Some(journal)) if !journal.on => {
                details.sentence("Calls are not recorded: the config file says journal = false.", Meaning::Warn);
            }
            (None, Some(_)) => {
                details.sentence("Nobody has asked the helper yet.", Meaning::Plain);
                details.gap();
                let variables = scope.typed.variables();
                details.sentence(&format!("Docker does at:  {variables}docker login REGISTRY"), Meaning::Plain);
                details.sentence("Whether Docker finds it:  regpass status", Meaning::Plain);
            }
        }
    }

    fn draw_list(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        let mut list = self.finder.draw_field(frame, area, scope);
        if !self.only.is_all() {
            let words = format!("only {}; Esc lists all", self.only.words());
            let words = words::fit(&words, list.width.saturating_sub(2), scope.theme.glyphs.ellipsis);
            frame.buffer_mut().set_string(list.x + 2, list.y, words, scope.theme.style(Meaning::Accent));
            list = Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list };
        }
        let (names, journal) = (&self.names, &self.known.journal);
        let name = |index: u32| names.get(index as usize).map_or("", String::as_str);
        let call = |index: u32| journal.as_ref().and_then(|journal| journal.calls.get(index as usize));
        self.finder.draw_rows(frame, list, scope, (name, None), |index, columns| {
            call(index).map_or_else(Line::default, |call| line(call, columns, scope))
        });
    }
}

/// When, what, about what, how it ended; the last stands at the right.
fn line(call: &Call, columns: u16, scope: &Scope) -> Line<'static> {
    let (outcome, meaning) = calls::outcome(call);
    let mark = calls::mark(meaning, scope.theme.glyphs);
    let end = format!("{mark} {outcome}");
    let front =
        format!("{}  {:<5} ", calls::when(call, scope.wall), crate::model::text::escaped(call.action.as_bytes()));
    let room = columns.saturating_sub(words::width(&front) + words::width(&end) + 1);
    let server = words::fit_middle(&calls::server(call), room, scope.theme.glyphs.ellipsis);
    let gap = " ".repeat(usize::from(room.saturating_sub(words::width(&server)) + 1));
    Line::from(vec![
        Span::styled(front, scope.theme.style(Meaning::Muted)),
        Span::raw(server + &gap),
        Span::styled(end, scope.theme.style(meaning)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_keep_the_rules() {
        super::super::super::keys::check_list_table(KEYS);
        super::super::super::keys::check_list_table(FILTER_KEYS);
    }
}
