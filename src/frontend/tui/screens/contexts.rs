//! Which login Docker would find for each registry as this shell, as root, in services and cron jobs: a matrix, one cell of
//! it told step by step. From files only: nothing is decrypted and no program is run.

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::contexts::Job as Ask;
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Mark, Scope, Screen, Tickets, Toast};
use super::super::theme::Glyphs;
use super::super::watch::Pace;
use super::super::widgets::details::Scroll;
use super::super::widgets::finder::Finder;
use super::super::widgets::list::{ListPlace, Move};
use super::contexts_view;
use crate::model::{Problem, text};
use crate::ops::contexts::{Answer, Cell, Matrix};

const NAME: &str = "contexts";

#[derive(Default)]
pub(in super::super) struct Contexts {
    tickets: Option<Tickets>,
    running: Option<u64>,
    pub(super) pace: Pace,
    pub(super) matrix: Option<Matrix>,
    pub(super) problem: Option<Problem>,
    /// As the filter knows the registries.
    names: Vec<String>,
    /// Lists registries by their index.
    pub(super) finder: Finder,
    /// The context that is looked at, and the first one that is drawn.
    pub(super) column: usize,
    pub(super) first: usize,
    all_users: bool,
    /// What is shown may be of yesterday.
    outdated: bool,
    pub(super) zoomed: bool,
    /// As last drawn: only one of matrix and details is there, or the details have few lines.
    pub(super) alone: bool,
    pub(super) below: bool,
    pub(super) scroll: Scroll,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Open,
    Next,
    Previous,
    Filter,
    KeepFilter,
    Back,
    Wrong,
    AllUsers,
    Registry,
    Reload,
    More,
    Less,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Open, "explain", "how Docker comes to that answer, step by step"),
    row(&[Key::named(KeyCode::Right), Key::char('l')], Action::Next, "context", "the next context"),
    row(&[Key::named(KeyCode::Left), Key::char('h')], Action::Previous, "", "the context before"),
    row(&[Key::char('/')], Action::Filter, "find", "find a registry by any letters of its name"),
    row(&[Key::char('n')], Action::Wrong, "next wrong", "the next cell that finds no login"),
    row(&[Key::char('o')], Action::Registry, "registry", "go to the registry"),
    row(&[Key::char('u')], Action::AllUsers, "accounts", "every account of this machine too, or no longer"),
    row(&[Key::char('J')], Action::More, "more", "more of the details"),
    row(&[Key::char('K')], Action::Less, "", "back up in the details"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "close the details, clear the filter"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Reload, "look", "look again"),
];

/// While the filter's field has the focus.
const FILTER_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::KeepFilter, "keep", "go on with the registries found"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "clear", "clear the filter"),
];

impl Contexts {
    fn look(&mut self) -> Flow {
        let ticket = self.tickets.get_or_insert_with(|| Tickets::of(NAME)).next();
        self.running = Some(ticket.number);
        self.outdated = false;
        Flow::Start(ticket, Job::Contexts(Ask { all_users: self.all_users }))
    }

    pub(super) fn columns(&self) -> usize {
        self.matrix.as_ref().map_or(0, |matrix| matrix.contexts.len())
    }

    pub(super) fn cell(&self) -> Option<&Cell> {
        self.matrix.as_ref()?.cell(self.column, self.finder.selected()? as usize)
    }

    fn list(&mut self) {
        let all: Vec<u32> = (0..).zip(&self.names).map(|(index, _)| index).collect();
        let names = &self.names;
        self.finder.search(&all, |index| names.get(index as usize).map_or("", |name| name));
    }

    fn narrowed(&mut self) -> Flow {
        self.finder.select_first();
        self.list();
        self.scroll = Scroll::default();
        Flow::Stay
    }

    fn back(&mut self) -> Flow {
        self.scroll = Scroll::default();
        if self.zoomed && !self.finder.is_typing() {
            self.zoomed = false;
            return Flow::Stay;
        }
        self.finder.clear();
        self.narrowed()
    }

    fn choose(&mut self, column: usize) -> Flow {
        self.column = column.min(self.columns().saturating_sub(1));
        self.scroll = Scroll::default();
        Flow::Stay
    }

    fn wants_zoom(&self) -> bool {
        (self.alone || self.below) && !self.zoomed
    }

    /// Row by row from the selected cell on, and round to the first.
    fn next_wrong(&mut self) -> Flow {
        let (Some(matrix), columns) = (&self.matrix, self.columns()) else { return Flow::Stay };
        let here = self.finder.selected().unwrap_or_default() as usize * columns + self.column;
        let all = columns * matrix.registries.len();
        let is_wrong =
            |at: &usize| matrix.cell(at % columns, at / columns).is_some_and(|cell| cell.answer != Answer::Found);
        let found = (here + 1..all).chain(0..all.min(here + 1)).find(is_wrong);
        let Some(found) = found else { return Flow::Say(Toast::good("every cell finds a login")) };
        let Ok(row) = u32::try_from(found / columns) else { return Flow::Stay };
        if !self.finder.select(row) {
            self.finder.clear();
            self.list();
            self.finder.select(row);
        }
        self.choose(found % columns)
    }

    fn take_in(&mut self, matrix: Matrix) {
        let held = self.finder.selected().and_then(|index| self.names.get(index as usize).cloned());
        self.names = matrix.registries.iter().map(|name| text::escaped(name.as_bytes()).into_owned()).collect();
        (self.matrix, self.problem) = (Some(matrix), None);
        self.finder.forget();
        self.list();
        let held = held.and_then(|held| self.names.iter().position(|name| *name == held));
        match held.and_then(|index| u32::try_from(index).ok()) {
            Some(index) => drop(self.finder.select(index)),
            None => self.finder.select_first(),
        }
        self.choose(self.column);
    }
}

impl Screen for Contexts {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const FIELD_KEYS: &'static [Binding<Action>] = FILTER_KEYS;

    fn offer(&self, action: Action) -> Offer {
        match action {
            Action::Open | Action::Registry if self.cell().is_none() => Offer::Refused(self.finder.why_nothing()),
            Action::Filter | Action::Wrong if self.names.is_empty() => Offer::Refused("no registry is listed"),
            Action::Next if self.column + 1 >= self.columns() => Offer::Refused("this is the last context"),
            Action::Previous if self.column == 0 => Offer::Refused("this is the first context"),
            Action::More | Action::Less if !self.scroll.is_cut() => Offer::Refused("everything is in view"),
            _ => Offer::Ready,
        }
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Open if !self.wants_zoom() => Some(""),
            Action::More if !self.scroll.is_cut() => Some(""),
            Action::AllUsers if self.all_users => Some("fewer"),
            Action::Back if self.zoomed && !self.finder.is_typing() => Some("back"),
            Action::Back if self.finder.is_filtered() => Some("clear"),
            _ => None,
        }
    }

    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark> {
        let mark = |answer, meaning| Mark(contexts_view::answer(answer, glyphs), meaning);
        vec![
            mark(Answer::Found, "Docker finds this user's login"),
            mark(Answer::NotFound, "Docker finds none and goes on anonymously"),
            mark(Answer::Error, "Docker fails before it can find one"),
            mark(Answer::Unknown, "files that decide it may not be read from here"),
        ]
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
        !self.names.is_empty()
    }

    fn go(&mut self, way: Move) -> Flow {
        if self.finder.go(way) {
            self.scroll = Scroll::default();
        }
        Flow::Stay
    }

    fn list(&self) -> Option<&ListPlace> {
        (!self.zoomed).then(|| self.finder.place())
    }

    fn enter(&mut self, _scope: &Scope) -> Flow {
        let is_known = self.matrix.is_some() && !self.outdated;
        if is_known || self.running.is_some() { Flow::Stay } else { self.look() }
    }

    fn outdate(&mut self) {
        self.outdated = true;
    }

    fn act(&mut self, action: Action, _scope: &Scope) -> Flow {
        match action {
            Action::Open => self.zoomed |= self.wants_zoom(),
            Action::Next => return self.choose(self.column + 1),
            Action::Previous => return self.choose(self.column.saturating_sub(1)),
            Action::Filter => {
                self.finder.begin();
                self.zoomed = false;
            }
            Action::KeepFilter => self.finder.keep(),
            Action::Back => return self.back(),
            Action::Wrong => return self.next_wrong(),
            Action::AllUsers => {
                self.all_users = !self.all_users;
                return self.look();
            }
            Action::Registry => {
                let name = self.cell().map(|cell| cell.registry.clone());
                return name.map_or(Flow::Stay, Flow::FindRegistry);
            }
            Action::Reload => return Flow::Many(vec![self.look(), Flow::Say(Toast::good("looking again"))]),
            Action::More | Action::Less => self.scroll.go(action == Action::More),
        }
        Flow::Stay
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, _scope: &Scope) -> Flow {
        if self.running.take_if(|asked| *asked == number).is_none() {
            return Flow::Stay;
        }
        match report {
            Ok(Report::Contexts(matrix)) => self.take_in(*matrix),
            Ok(_) => {}
            Err(problem) if self.matrix.is_some() => return Flow::Say(Toast::warn(problem.one_line())),
            Err(problem) => self.problem = Some(problem),
        }
        Flow::Stay
    }

    fn progress(&mut self, number: u64, pace: Pace) {
        if self.running == Some(number) {
            self.pace = pace;
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        contexts_view::draw(self, frame, area, scope);
    }

    fn tally(&self) -> String {
        self.finder.tally(self.names.len())
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
