//! What Docker and others asked the helper for, and what they were told: newest first, new calls as they come. A call that
//! found nothing or failed is explained in words, and one key leads to the registry that mends it.

mod view;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Scope, Screen, Tickets, Toast};
use super::super::widgets::details::{Details, Scroll};
use super::super::widgets::finder::Finder;
use super::super::widgets::list::{ListPlace, Move};
use super::super::widgets::panes;
use super::super::widgets::secret_panel::told;
use super::calls;
use super::calls_only::Only;
use super::following::Following;
use crate::model::{Problem, RegistryKey};
use crate::ops::journal::Journal;
use crate::ops::registries::RegistryLogin;
use crate::system::journal::Call;

const NAME: &str = "activity";

const BESIDE: panes::Beside = panes::Beside { from: 110, share: 55 };

pub(in super::super) struct Activity {
    tickets: Tickets,
    following: Following,
    /// The copy that is on its way, and what is copied.
    copying: Option<(u64, String)>,
    journal: Option<Journal>,
    /// The logins of the stores, and the question for them: one may be what a call did not find.
    logins: Vec<RegistryLogin>,
    looking: Option<u64>,
    /// Why it cannot be read now.
    problem: Option<Problem>,
    /// What the filter matches, by call.
    names: Vec<String>,
    /// Lists calls by their index, the newest first.
    finder: Finder,
    zoomed: bool,
    alone: bool,
    /// As last drawn, the details have few lines below the list.
    below: bool,
    scroll: Scroll,
    only: Only,
    /// What cannot be read of the journal stands in the place of the list.
    telling: bool,
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
    More,
    Less,
    Unreadable,
    Reload,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Open, "explain", "what the call means, in words"),
    row(&[Key::char('/')], Action::Filter, "find", "find by registry, outcome, caller, or as in uid=0"),
    row(&[Key::char('f')], Action::OnlyWrong, "failed", "only what failed, then what found nothing, both, all"),
    row(&[Key::char('s')], Action::OnlyRegistry, "same", "only calls about the selected one's registry, or all"),
    row(&[Key::char('u')], Action::OnlyUser, "uid", "only calls by the selected one's user id, or all"),
    row(&[Key::char('o')], Action::Registry, "registry", "go to the registry that the call was about"),
    row(&[Key::char('c')], Action::Copy, "copy", "copy the command that mends it"),
    row(&[Key::char('J')], Action::More, "more", "more of the details"),
    row(&[Key::char('K')], Action::Less, "", "back up in the details"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "close the details, clear the filter"),
    row(&[Key::char('U')], Action::Unreadable, "unreadable", "what cannot be read of the calls, why, and what helps"),
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
            following: Following::default(),
            copying: None,
            journal: None,
            logins: Vec::new(),
            looking: None,
            problem: None,
            names: Vec::new(),
            finder: Finder::default(),
            zoomed: false,
            alone: false,
            below: false,
            scroll: Scroll::default(),
            only: Only::default(),
            telling: false,
        }
    }
}

impl Activity {
    fn calls(&self) -> &[Call] {
        self.journal.as_ref().map_or(&[], |journal| &journal.calls)
    }

    fn selected(&self) -> Option<&Call> {
        self.calls().get(self.finder.selected()? as usize)
    }

    /// What cannot be read: all of it, or lines.
    fn trouble(&self) -> Option<Problem> {
        self.problem.clone().or_else(|| self.journal.as_ref()?.broken())
    }

    /// What cannot be read, while it is told in full.
    fn told(&self) -> Option<Problem> {
        self.trouble().filter(|_| self.telling || self.calls().is_empty())
    }

    fn list(&mut self) {
        let calls = (0..).zip(self.calls()).filter(|(_, call)| self.only.fits(call));
        let all: Vec<u32> = calls.map(|(index, _)| index).collect::<Vec<u32>>().into_iter().rev().collect();
        let names = &self.names;
        self.finder.search(&all, |index| names.get(index as usize).map_or("", |name| name));
    }

    fn kept(&self) -> Option<&RegistryLogin> {
        calls::otherwise(self.selected()?, &self.logins)
    }

    fn look_at_logins(&mut self) -> Flow {
        let ticket = self.tickets.next();
        self.looking = Some(ticket.number);
        Flow::Start(ticket, Job::Registries)
    }

    fn narrowed(&mut self) -> Flow {
        self.scroll = Scroll::default();
        self.finder.select_first();
        self.list();
        Flow::Stay
    }

    fn back(&mut self) -> Flow {
        if (self.zoomed || self.telling) && !self.finder.is_typing() {
            (self.zoomed, self.telling) = (self.zoomed && self.telling, false);
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
        let command = match self.told() {
            Some(problem) => problem.all_hints().next().cloned(),
            None => self.selected().and_then(|call| calls::remedy(call, self.kept(), scope)),
        };
        let Some(command) = command else {
            return Flow::Say(Toast::warn("nothing has to be mended here"));
        };
        let ticket = self.tickets.next();
        let shown = crate::model::text::escaped(command.as_bytes()).into_owned();
        self.copying = Some((ticket.number, shown));
        Flow::Start(ticket, Job::CopyText(command))
    }

    /// New calls do not move what a person looks at, unless that is the newest.
    fn take_in(&mut self, journal: Journal) {
        let newest = self.calls().len().checked_sub(1);
        let follows = self.finder.selected().map(|index| index as usize) == newest;
        let held = self.selected().filter(|_| !follows).cloned();
        self.names = journal.calls.iter().map(name_of).collect();
        (self.journal, self.problem) = (Some(journal), None);
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
            Action::Unreadable if self.trouble().is_none() => Offer::Refused("everything could be read"),
            Action::Copy if self.told().is_some() => Offer::Ready,
            Action::Open | Action::Registry | Action::Copy | Action::OnlyRegistry | Action::OnlyUser
                if self.selected().is_none() =>
            {
                Offer::Refused(self.finder.why_nothing())
            }
            Action::Registry | Action::OnlyRegistry if self.selected().is_some_and(|call| call.server.is_none()) => {
                Offer::Refused("this call was about no single registry")
            }
            Action::More | Action::Less if !self.scroll.is_cut() => Offer::Refused("everything is in view"),
            Action::Filter if self.calls().is_empty() => Offer::Refused("there is nothing to find"),
            _ => Offer::Ready,
        }
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Open if !self.wants_zoom() => Some(""),
            Action::More if !self.scroll.is_cut() => Some(""),
            Action::Unreadable if self.told().is_some() => Some(""),
            Action::Back if self.telling => Some("back"),
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
        self.telling = false;
        self.scroll = Scroll::default();
        self.finder.go(way);
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        (!self.zoomed && !self.telling).then(|| self.finder.place())
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        Flow::Many(vec![self.look_at_logins(), self.following.look(&mut self.tickets)])
    }

    fn leave(&mut self) {
        self.telling = false;
    }

    fn called(&mut self) -> Flow {
        self.following.called(&mut self.tickets)
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match action {
            Action::Open => self.zoomed |= self.wants_zoom(),
            Action::Unreadable => self.telling = !self.telling,
            Action::OnlyWrong => return self.only(|only, _| only.next_end()),
            Action::OnlyRegistry => {
                return self.only(|only, call| call.iter().for_each(|call| only.toggle_registry(call)));
            }
            Action::OnlyUser => return self.only(|only, call| call.iter().for_each(|call| only.toggle_uid(call))),
            Action::Copy => return self.copy(scope),
            Action::More | Action::Less => self.scroll.go(action == Action::More),
            Action::Filter => {
                self.finder.begin();
                (self.zoomed, self.telling) = (false, false);
            }
            Action::KeepFilter => self.finder.keep(),
            Action::Back => return self.back(),
            Action::Registry => {
                let server = self.selected().and_then(|call| call.server.as_deref());
                return server.map_or(Flow::Stay, |server| Flow::FindRegistry(RegistryKey::new(server).canonical()));
            }
            Action::Reload => {
                self.following.stamp = None;
                let look = self.following.look(&mut self.tickets);
                return Flow::Many(vec![look, Flow::Say(Toast::good("reading the calls again"))]);
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
        if self.looking.take_if(|asked| *asked == number).is_some() {
            if let Ok(Report::Registries(registries, _)) = report {
                self.logins = registries.logins;
            }
            return Flow::Stay;
        }
        if !self.following.is_answered_by(number) {
            return Flow::Stay;
        }
        match report {
            Ok(Report::Journal(Some((journal, stamp)))) => {
                self.following.stamp = stamp;
                let was_read = self.journal.is_some();
                self.take_in(journal);
                let look = if was_read { self.look_at_logins() } else { Flow::Stay };
                return Flow::Many(vec![look, self.following.go_on(&mut self.tickets)]);
            }
            Ok(_) => {}
            Err(problem) => (self.problem, self.following.stamp) = (Some(problem), None),
        }
        self.following.go_on(&mut self.tickets)
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        if self.calls().is_empty() || self.told().is_some() {
            return self.draw_instead(frame, area, scope);
        }
        let panes = panes::arrange(frame, area, BESIDE, self.zoomed, scope);
        (self.alone, self.below) = (panes.alone(), panes.below);
        if let Some(list) = panes.list {
            self.draw_list(frame, list, scope);
        }
        if let (Some(area), Some(call)) = (panes.details, self.selected()) {
            let mut details = Details::new(frame.buffer_mut(), area, panes.flat, scope);
            details.title(&calls::title(call));
            details.scroll(self.scroll);
            calls::explain(call, self.kept(), &mut details, scope);
            let key = |action| scope.key_of::<Activity>(action);
            self.scroll = details.end_scroll(&format!("{}, {}", key(Action::More), key(Action::Less)));
        }
    }

    fn tally(&self) -> String {
        if self.only.is_all() {
            return self.finder.tally(self.calls().len());
        }
        format!("{}/{}", self.finder.listed(), self.calls().len())
    }
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
