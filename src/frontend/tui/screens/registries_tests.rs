//! Stored logins tried at their registries from the registries screen: which are being asked, what came of the others, now and
//! earlier. How that looks is `registries_test_view.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use super::super::jobs::logins::{CANNOT, Job as Ask, Report as Answer, Tried};
use super::super::jobs::{Job, Report};
use super::super::keys::Offer;
use super::super::screen::{Flow, Toast};
use super::super::widgets::words;
use super::registries::{Action, RegistriesScreen};
use super::registries_table::Item;
use crate::model::{Login, Problem, ProblemKind, RegistryKey, misplaced, text};
use crate::ops::last_checks::{LastCheck, LastChecks};
use crate::ops::registries::Registry;
use crate::system::registry::outcome::{LoginOutcome, Severity};

/// How much later than its test a login may have been written without being another one.
const WRITTEN: std::time::Duration = std::time::Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Tests {
    asked: Option<u64>,
    called_off: bool,
    /// The registries that are being asked, by their names as they are shown.
    waiting: BTreeSet<String>,
    /// What came of it since the start, with every step.
    tried: BTreeMap<String, Tried>,
    /// What is remembered of earlier times.
    known: LastChecks,
}

/// What is known of a login's test.
pub(super) enum Test<'a> {
    UnderWay,
    /// Since the start.
    Tried(&'a Tried),
    Known(&'a LastCheck),
}

impl Test<'_> {
    pub(super) fn when(&self) -> Option<SystemTime> {
        match self {
            Test::UnderWay => None,
            Test::Tried(one) => Some(one.when),
            Test::Known(one) => Some(one.when),
        }
    }

    pub(super) fn severity(&self) -> Option<Severity> {
        match self {
            Test::UnderWay => None,
            Test::Tried(one) => Some(one.checked.outcome.severity()),
            Test::Known(one) => Some(one.severity()),
        }
    }

    pub(super) fn word(&self) -> &'static str {
        match self {
            Test::UnderWay => "being asked",
            Test::Tried(one) => word(one),
            Test::Known(one) => one.word(),
        }
    }

    pub(super) fn message(&self) -> &str {
        match self {
            Test::UnderWay => "",
            Test::Tried(one) => &one.checked.message,
            Test::Known(one) => &one.message,
        }
    }

    /// The login is another one by now.
    pub(super) fn is_before(&self, modified: SystemTime) -> bool {
        self.when().and_then(|when| when.checked_add(WRITTEN)).is_some_and(|end| end < modified)
    }
}

fn word(tried: &Tried) -> &'static str {
    tried.checked.evidence.map_or(tried.checked.outcome.id(), |evidence| evidence.words())
}

impl Tests {
    pub(super) fn is_under_way(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn is_asked(&self, number: u64) -> bool {
        self.asked == Some(number)
    }

    /// There is something to be shown of any registry.
    pub(super) fn has_any(&self) -> bool {
        !(self.waiting.is_empty() && self.tried.is_empty() && self.known.is_empty())
    }

    /// The number of what is to be called off, once.
    pub(super) fn call_off(&mut self) -> Option<u64> {
        self.asked.filter(|_| !std::mem::replace(&mut self.called_off, true))
    }

    /// What is remembered.
    pub(super) fn learn(&mut self, known: LastChecks) {
        self.known = known;
    }

    /// Of logins that are other ones now nothing is known.
    pub(super) fn forget_outdated(&mut self, registries: &[Registry]) {
        for one in registries {
            let name = misplaced::server(&one.name);
            let modified = one.logins.iter().filter(|login| login.active).map(|login| login.modified).max();
            if let (Some(modified), Some(tried)) = (modified, self.tried.get(&name))
                && Test::Tried(tried).is_before(modified)
            {
                self.tried.remove(&name);
            }
        }
    }

    /// One has come to its end.
    pub(super) fn end(&mut self, tried: Tried) {
        self.waiting.remove(&tried.registry);
        if tried.checked.outcome != LoginOutcome::CalledOff {
            self.tried.insert(tried.registry.clone(), tried);
        }
    }

    /// Of the registry as a whole, or of one of its logins.
    pub(super) fn of(&self, registry: &Registry, item: Item<'_>, is_head: bool) -> Option<Test<'_>> {
        let name = misplaced::server(&registry.name);
        let tried = self.tried.get(&name);
        if is_head {
            let known = self.known.of_registry(&registry.name);
            return match (self.waiting.contains(&name), tried) {
                (true, _) => Some(Test::UnderWay),
                (false, Some(tried)) if known.is_none_or(|known| known.when <= tried.when) => Some(Test::Tried(tried)),
                (false, _) => known.map(Test::Known),
            };
        }
        match item {
            Item::Login(login) => {
                let is_its = |tried: &&Tried| login.active && tried.user.as_ref() == Some(&login.login);
                tried.filter(is_its).map(Test::Tried).or_else(|| self.known.of_login(login).map(Test::Known))
            }
            Item::Place(place) => self.known.of_place(place).map(Test::Known),
        }
    }
}

impl RegistriesScreen {
    pub(super) fn offer_test(&self, action: Action) -> Offer {
        match (action, CANNOT) {
            (Action::LogIn, _) => Offer::Ready,
            (_, Some(why)) => Offer::Refused(why),
            _ if self.tests.is_under_way() => Offer::Refused("registries are being asked already"),
            (Action::TestAll, None) if self.table.is_empty() => Offer::Refused("there is no login to be tested"),
            (Action::Test, None) if self.registry().is_none() => Offer::Refused(self.finder.why_nothing()),
            _ => Offer::Ready,
        }
    }

    /// Asks the selected registry, or all of them.
    pub(super) fn test(&mut self, all: bool) -> Flow {
        let wanted: Vec<&Registry> =
            if all { self.table.registries.iter().collect() } else { self.registry().into_iter().collect() };
        let names: BTreeSet<String> = wanted.iter().map(|one| misplaced::server(&one.name)).collect();
        let keys = wanted.iter().map(|one| RegistryKey::new(one.name.as_str())).filter(|_| !all).collect();
        let ticket = self.tickets.next();
        (self.tests.asked, self.tests.called_off, self.tests.waiting) = (Some(ticket.number), false, names);
        self.problem = None;
        // What comes of it stands in the details.
        self.zoomed |= self.alone && !all;
        Flow::Start(ticket, Job::Logins(Ask::Test(keys)))
    }

    /// All of them have ended.
    pub(super) fn tested(&mut self, report: Result<Report, Problem>) -> Flow {
        let called_off = std::mem::take(&mut self.tests.called_off);
        self.tests.asked = None;
        self.tests.waiting.clear();
        match report {
            Ok(Report::Logins(Answer::All { tried, known, doubt })) => {
                self.tests.known = known;
                // Only now it is known what a clock that is off explains.
                tried.iter().cloned().for_each(|one| self.tests.end(one));
                Flow::Say(match doubt {
                    Some(doubt) => Toast::warn(doubt.one_line()),
                    None => summary(&tried, called_off),
                })
            }
            Ok(_) => Flow::Stay,
            Err(problem) if problem.kind == ProblemKind::Cancelled => Flow::Say(Toast::warn(problem.one_line())),
            Err(problem) => {
                self.problem = Some(problem);
                self.zoomed |= self.alone;
                Flow::Stay
            }
        }
    }
}

fn summary(tried: &[Tried], called_off: bool) -> Toast {
    let of = |severity: Severity| {
        tried
            .iter()
            .filter(|one| one.checked.outcome != LoginOutcome::CalledOff && one.checked.outcome.severity() == severity)
            .count()
    };
    let [good, unproved, failed, unknown] =
        [Severity::Good, Severity::Warning, Severity::Failed, Severity::Unknown].map(of);
    let is_well = failed + unknown == 0 && !called_off;
    let said = match tried {
        [one] if !called_off => {
            let user = one.user.as_ref().map(Login::shown).map(|user| format!(" {user}")).unwrap_or_default();
            format!("{}{user}: {}", text::escaped(one.registry.as_bytes()), word(one))
        }
        _ => {
            let counts = [(good, "proved"), (unproved, "not proved"), (failed, "failed"), (unknown, "not told")];
            let counts: Vec<String> =
                counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
            let tested = words::counted((good + unproved + failed + unknown) as u64, "login");
            let front = if called_off { "called off; " } else { "" };
            let all = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
            format!("{front}{tested} tested{all}")
        }
    };
    if is_well { Toast::good(said) } else { Toast::warn(said) }
}
