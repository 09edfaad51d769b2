//! The audit: what leaks credentials here and what keeps them from being found, by group, the worst first. One key explains a
//! finding, one accepts it for a reason and a time. Reads files only, and only when it is asked to: at the first look, and
//! by its keys.

use std::time::SystemTime;

use crossterm::event::KeyCode;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::super::jobs::audit::{Job as Ask, Judged, Look, Ran, Verdicts};
use super::super::jobs::fix::Of;
use super::super::jobs::write::Report as Written;
use super::super::jobs::{Job, Report};
use super::super::keys::{Binding, Key, Offer, row};
use super::super::screen::{Flow, Mark, Scope, Screen, Tickets, Toast};
use super::super::theme::Glyphs;
use super::super::watch::Pace;
use super::super::widgets::details::Scroll;
use super::super::widgets::finder::Finder;
use super::super::widgets::list::{ListPlace, Move};
use super::audit_rows::{self, Item, Row};
use super::audit_view;
use super::fix_preview::FixPreview;
use super::form_layer;
use super::ignore_finding;
use crate::model::{Problem, RegistryKey};

pub(super) const NAME: &str = "audit";

#[derive(Default)]
pub(in super::super) struct Audit {
    tickets: Option<Tickets>,
    pub(super) running: Option<Running>,
    /// In the order of the checks.
    pub(super) looks: Vec<Look>,
    /// When all of them were run.
    pub(super) when: Option<SystemTime>,
    pub(super) problem: Option<Problem>,
    pub(super) rows: Vec<Row>,
    /// Lists rows by their index.
    pub(super) finder: Finder,
    /// What is well, not asked for or ignored is listed too.
    pub(super) all: bool,
    /// A person said that the first run is not to go on.
    pub(super) called_off: bool,
    pub(super) zoomed: bool,
    /// As last drawn: only one of list and details is there, or the details have few lines.
    pub(super) alone: bool,
    pub(super) below: bool,
    pub(super) scroll: Scroll,
    /// What is listed may be of yesterday.
    outdated: bool,
    /// An ignored finding that is to be told again.
    taking_back: Option<u64>,
}

/// An audit on its way.
pub(super) struct Running {
    number: u64,
    /// Only this check.
    again: Option<&'static str>,
    /// Nothing is said at its end: something else was, about what it is run for.
    quiet: bool,
    pub(super) pace: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Action {
    Open,
    Filter,
    KeepFilter,
    Back,
    Everything,
    Again,
    Reload,
    Fix,
    Ignore,
    Registry,
    More,
    Less,
}

const KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::Open, "explain", "what it is, why it matters, what mends it"),
    row(&[Key::char('/')], Action::Filter, "find", "find by severity, id, words or path"),
    row(&[Key::char('f')], Action::Fix, "fix", "what mends it: shown first, done after a question"),
    row(&[Key::char('x')], Action::Ignore, "ignore", "accept it, for a reason and a time; or tell it again"),
    row(&[Key::char('o')], Action::Registry, "registry", "go to the registry that the finding is about"),
    row(&[Key::char('r')], Action::Again, "again", "run the selected one's check again"),
    row(&[Key::named(KeyCode::F(5)), Key::ctrl('r')], Action::Reload, "run all", "run all checks again"),
    row(&[Key::char('a')], Action::Everything, "all", "list what is well, was not asked for or is ignored too"),
    row(&[Key::char('J')], Action::More, "more", "more of the details"),
    row(&[Key::char('K')], Action::Less, "", "back up in the details"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "", "stop a run, close the details, clear the filter"),
];

/// While the filter's field has the focus.
const FILTER_KEYS: &[Binding<Action>] = &[
    row(&[Key::named(KeyCode::Enter)], Action::KeepFilter, "keep", "go on with what was found"),
    row(&[Key::named(KeyCode::Esc)], Action::Back, "clear", "clear the filter"),
];

impl Audit {
    fn start(&mut self, again: Option<&'static str>, quiet: bool) -> Flow {
        let ticket = self.tickets.get_or_insert_with(|| Tickets::of(NAME)).next();
        let before = self.running.replace(Running { number: ticket.number, again, quiet, pace: Pace::default() });
        (self.called_off, self.outdated) = (false, false);
        let off = before.map_or(Flow::Stay, |before| self.call_off(before.number));
        let ask = again.map_or(Ask::All, Ask::Again);
        Flow::Many(vec![off, Flow::Start(ticket, Job::Audit(ask))])
    }

    fn call_off(&self, number: u64) -> Flow {
        self.tickets.as_ref().map_or(Flow::Stay, |tickets| Flow::CallOff(tickets.ticket(number)))
    }

    pub(super) fn item(&self) -> Option<&Item> {
        self.rows.get(self.finder.selected()? as usize).map(|row| &row.item)
    }

    /// The selected finding.
    pub(super) fn finding(&self) -> Option<&Judged> {
        match self.item()? {
            Item::Finding { look, finding } => self.looks.get(*look)?.findings.get(*finding),
            _ => None,
        }
    }

    /// The selected row's check.
    fn check(&self) -> Option<&'static str> {
        match self.item()? {
            Item::Finding { look, .. } | Item::Check(look) => self.looks.get(*look).map(|look| look.check.id),
            Item::Group(_) => None,
        }
    }

    /// Makes the rows anew; the selected one stays so if it is still there.
    fn arrange(&mut self) {
        let key = |audit: &Audit| Some(audit.rows.get(audit.finder.selected()? as usize)?.key.clone());
        let held = key(self);
        self.rows = audit_rows::rows(&self.looks, self.all);
        self.finder.forget();
        self.list();
        let held = held.and_then(|held| self.place_of(|row| row.key == held));
        if !held.is_some_and(|index| self.finder.select(index)) {
            self.select_first();
        }
        // What is gone is not explained.
        self.zoomed &= self.item().is_some();
    }

    fn place_of(&self, wanted: impl Fn(&Row) -> bool) -> Option<u32> {
        (0..).zip(&self.rows).find(|(_, row)| wanted(row)).map(|(index, _)| index)
    }

    /// The first finding, where all are listed; else what fits best.
    fn select_first(&mut self) {
        self.finder.select_first();
        let finding = self.place_of(|row| matches!(row.item, Item::Finding { .. }));
        if let Some(index) = finding.filter(|_| !self.finder.is_filtered()) {
            self.finder.select(index);
        }
    }

    fn list(&mut self) {
        let (rows, filtered) = (&self.rows, self.finder.is_filtered());
        let listed = (0..).zip(rows).filter(|(_, row)| !filtered || !row.name.is_empty());
        let all: Vec<u32> = listed.map(|(index, _)| index).collect();
        self.finder.search(&all, |index| rows.get(index as usize).map_or("", |row| &row.name));
    }

    fn narrowed(&mut self) -> Flow {
        self.finder.forget();
        self.list();
        self.select_first();
        self.scroll = Scroll::default();
        Flow::Stay
    }

    fn back(&mut self) -> Flow {
        if self.zoomed && !self.finder.is_typing() {
            (self.zoomed, self.scroll) = (false, Scroll::default());
            return Flow::Stay;
        }
        if self.finder.is_typing() || self.finder.is_filtered() {
            self.finder.clear();
            return self.narrowed();
        }
        let Some(running) = self.running.take() else { return Flow::Stay };
        self.called_off = self.looks.is_empty();
        Flow::Many(vec![
            self.call_off(running.number),
            Flow::Say(Toast::warn("called off; what is listed is of before")),
        ])
    }

    /// There is more to say of the selected row than is shown beside the list.
    fn wants_zoom(&self) -> bool {
        (self.alone || self.below) && !self.zoomed
    }

    fn take_in(&mut self, ran: Ran, running: &Running) -> Flow {
        self.problem = None;
        match running.again {
            None => (self.looks, self.when) = (ran.looks, Some(ran.when)),
            Some(_) => {
                for new in ran.looks {
                    if let Some(old) = self.looks.iter_mut().find(|old| old.check.id == new.check.id) {
                        *old = new;
                    }
                }
            }
        }
        self.arrange();
        let verdicts = Verdicts::of(&self.looks, self.when.unwrap_or(ran.when));
        let said = match running.again {
            _ if running.quiet => Flow::Stay,
            None => Flow::Say(Toast::good(format!("looked again: {}", verdicts.words()))),
            Some(id) => Flow::Say(self.one_again(id)),
        };
        Flow::Many(vec![Flow::Audited(verdicts), said])
    }

    fn one_again(&self, id: &str) -> Toast {
        let look = self.looks.iter().filter(|look| look.check.id == id);
        let one: Vec<&Look> = look.collect();
        let told = one.iter().flat_map(|look| &look.findings).filter(|judged| judged.ignored.is_none()).count();
        match (told, one.first().map(|look| look.has_missed())) {
            (0, Some(false)) => Toast::good(format!("{id} again: nothing to tell")),
            (0, _) => Toast::warn(format!("{id} again: nothing found, but it could not look everywhere")),
            (told, _) => Toast::warn(format!("{id} again: {told} found")),
        }
    }

    fn ignore(&mut self, scope: &Scope) -> Flow {
        let Some(judged) = self.finding() else { return Flow::Stay };
        let Some(ignored) = judged.ignored.clone() else {
            return Flow::Push(Box::new(ignore_finding::open(&judged.finding, scope.wall)));
        };
        let ticket = self.tickets.get_or_insert_with(|| Tickets::of(NAME)).next();
        self.taking_back = Some(ticket.number);
        Flow::Push(Box::new(ignore_finding::taken_back(ignored, ticket)))
    }
}

impl Screen for Audit {
    type Action = Action;

    const NAME: &'static str = NAME;
    const KEYS: &'static [Binding<Action>] = KEYS;
    const FIELD_KEYS: &'static [Binding<Action>] = FILTER_KEYS;

    fn offer(&self, action: Action) -> Offer {
        let finding = self.finding();
        match action {
            Action::Open | Action::Again if self.item().is_none() => Offer::Refused(self.finder.why_nothing()),
            Action::Again if self.check().is_none() => Offer::Refused("select a finding or a check, not a group"),
            Action::Fix | Action::Ignore | Action::Registry if finding.is_none() => {
                Offer::Refused("no finding is selected")
            }
            Action::Registry if finding.is_some_and(|judged| judged.finding.registry.is_none()) => {
                Offer::Refused("this finding is about no single registry")
            }
            Action::Filter if self.looks.is_empty() => Offer::Refused("there is nothing to find"),
            Action::More | Action::Less if !self.scroll.is_cut() => Offer::Refused("everything is in view"),
            _ => Offer::Ready,
        }
    }

    fn writes(&self, action: Action) -> bool {
        matches!(action, Action::Ignore)
    }

    fn hint(&self, action: Action) -> Option<&'static str> {
        match action {
            Action::Open if !self.wants_zoom() => Some(""),
            Action::More if !self.scroll.is_cut() => Some(""),
            Action::Everything if self.all => Some("less"),
            Action::Ignore if self.finding().is_some_and(|judged| judged.ignored.is_some()) => Some("tell again"),
            Action::Back if self.zoomed && !self.finder.is_typing() => Some("back"),
            Action::Back if self.finder.is_filtered() => Some("clear"),
            Action::Back if self.running.is_some() => Some("stop"),
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

    fn marks(&self, _glyphs: &Glyphs) -> Vec<Mark> {
        let mark = |word: &str, meaning| Mark(word.to_owned(), meaning);
        vec![
            mark("unseen", "the check could not look everywhere: that is not clean"),
            mark("skipped", "the check was not asked for, or does not apply here"),
        ]
    }

    fn has_list(&self) -> bool {
        !self.looks.is_empty()
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
        let wanted = self.outdated || self.looks.is_empty();
        if wanted && self.running.is_none() && !self.called_off { self.start(None, true) } else { Flow::Stay }
    }

    fn outdate(&mut self) {
        self.outdated = true;
    }

    fn act(&mut self, action: Action, scope: &Scope) -> Flow {
        match action {
            Action::Open => self.zoomed |= self.wants_zoom(),
            Action::Filter => {
                self.finder.begin();
                self.zoomed = false;
            }
            Action::KeepFilter => self.finder.keep(),
            Action::Back => return self.back(),
            Action::Everything => {
                self.all = !self.all;
                self.arrange();
            }
            Action::Again => return self.check().map_or(Flow::Stay, |id| self.start(Some(id), false)),
            Action::Reload => return self.start(None, false),
            Action::Fix => {
                let finding = self.finding().map(|judged| &judged.finding);
                let of = finding.map(|finding| Of { id: finding.id, fingerprint: finding.fingerprint() });
                return of.map_or(Flow::Stay, |of| Flow::Push(Box::new(FixPreview::new(of))));
            }
            Action::Ignore => return self.ignore(scope),
            Action::Registry => {
                let registry = self.finding().and_then(|judged| judged.finding.registry.as_deref());
                return registry.map_or(Flow::Stay, |name| Flow::FindRegistry(RegistryKey::new(name).canonical()));
            }
            Action::More | Action::Less => self.scroll.go(action == Action::More),
        }
        Flow::Stay
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        if self.taking_back.take_if(|asked| *asked == number).is_some() {
            return match report {
                Ok(Report::Write(Written::Done(done))) => {
                    Flow::Many(vec![form_layer::told(done, scope), self.start(None, true)])
                }
                Ok(_) => Flow::Stay,
                Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
            };
        }
        let Some(running) = self.running.take_if(|running| running.number == number) else { return Flow::Stay };
        match report {
            Ok(Report::Audit(ran)) => self.take_in(ran, &running),
            Ok(_) => Flow::Stay,
            Err(problem) => {
                let said = problem.one_line();
                self.problem = Some(problem);
                if self.looks.is_empty() { Flow::Stay } else { Flow::Say(Toast::warn(said)) }
            }
        }
    }

    fn progress(&mut self, number: u64, pace: Pace) {
        if let Some(running) = self.running.as_mut().filter(|running| running.number == number) {
            running.pace = pace;
        }
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        audit_view::draw(self, frame, area, scope);
    }

    fn tally(&self) -> String {
        if self.looks.is_empty() {
            return String::new();
        }
        let told = audit_rows::told(&self.looks);
        if self.finder.is_filtered() { format!("{}/{told}", self.finder.listed()) } else { told.to_string() }
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
