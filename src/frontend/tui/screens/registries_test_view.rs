//! How a login's test looks in the registries screen: a cell of the table, and what came of it with every request.

use super::super::jobs::logins::Tried;
use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::registries::{Action, RegistriesScreen};
use super::registries_tests::Test;
use crate::model::{age, text, utc};
use crate::ops::registries::RegistryLogin;
use crate::system::registry::checked::{Answered, Step};
use crate::system::registry::outcome::{LoginOutcome, Severity};

/// A mark, and where there is room how long ago.
pub(super) fn cell(test: Option<&Test<'_>>, with_age: bool, scope: &Scope) -> (String, Meaning) {
    let Some(test) = test else { return ("-".to_owned(), Meaning::Muted) };
    let (mark, meaning) = mark(test, scope);
    match test.when().filter(|_| with_age) {
        Some(when) => (format!("{mark} {}", age::short(scope.wall, when)), meaning),
        None => (mark.to_owned(), meaning),
    }
}

fn mark(test: &Test<'_>, scope: &Scope) -> (&'static str, Meaning) {
    let glyphs = scope.theme.glyphs;
    match test.severity() {
        None => (glyphs.ellipsis, Meaning::Accent),
        Some(Severity::Good) => (glyphs.good, Meaning::Good),
        Some(Severity::Warning) => (glyphs.warn, Meaning::Warn),
        Some(Severity::Failed) => (glyphs.bad, Meaning::Bad),
        Some(Severity::Unknown) => ("?", Meaning::Warn),
    }
}

/// What came of it, above the other facts.
pub(super) fn draw(test: Option<&Test<'_>>, login: Option<&RegistryLogin>, details: &mut Details<'_>, scope: &Scope) {
    let Some(test) = test else { return };
    let (mark, meaning) = mark(test, scope);
    let Some(when) = test.when() else {
        return details.fact("tested", &format!("{} {mark}", test.word()), meaning);
    };
    let user = match test {
        Test::Tried(one) => one.user.as_ref().filter(|user| login.is_none_or(|login| login.login != **user)),
        Test::UnderWay | Test::Known(_) => None,
    };
    let whose = user.map(|user| format!("{}: ", user.shown())).unwrap_or_default();
    details.fact("tested", &format!("{mark} {}: {whose}{}", age::long(scope.wall, when), test.word()), meaning);
    details.fact("", test.message(), Meaning::Plain);
    if login.is_some_and(|login| test.is_before(login.modified)) {
        details.fact("", "the login was changed since", Meaning::Warn);
    }
    if let Test::Tried(one) = test {
        draw_more(one, details, scope);
    }
}

fn draw_more(one: &Tried, details: &mut Details<'_>, scope: &Scope) {
    let checked = &one.checked;
    let user = one.user.as_ref().map(|user| user.as_str());
    if let Some(account) = checked.account.as_deref().filter(|account| Some(*account) != user) {
        details.fact("", &format!("the server calls its owner {}", text::quoted(account)), Meaning::Plain);
    }
    if let Some(said) = &checked.said {
        details.fact("", &format!("it says: {said}"), Meaning::Plain);
    }
    checked.notes.iter().for_each(|note| details.fact("", note, Meaning::Warn));
    if let Some(expires) = checked.expires {
        let guess = if expires.source.is_guess() { ", by a guess" } else { "" };
        details.fact("", &format!("expires {}{guess}", utc::rfc3339(expires.at)), Meaning::Plain);
    }
    if let Some(advice) = checked.advice.as_ref().filter(|_| checked.outcome != LoginOutcome::OkProved) {
        details.fact("", &format!("{} {}", scope.theme.glyphs.closed, with_key(advice, scope)), Meaning::Plain);
    }
}

/// Advice whose command is a key here names the key.
fn with_key(advice: &str, scope: &Scope) -> String {
    let key = scope.key_of::<RegistriesScreen>(Action::LogIn);
    match advice.split_once(": docker login").or_else(|| advice.split_once(": regpass login")) {
        Some((front, _)) => format!("{front}: {key}"),
        None => advice.to_owned(),
    }
}

/// Every request and its answer, below the other facts.
pub(super) fn draw_steps(test: Option<&Test<'_>>, details: &mut Details<'_>, scope: &Scope) {
    let Some(Test::Tried(one)) = test else { return };
    for (number, step) in one.checked.steps.iter().enumerate() {
        let Step { purpose, method, url, answer, headers, millis } = step;
        let (answer, meaning) = match answer {
            Answered::Status(status) => (status.to_string(), Meaning::Plain),
            Answered::Nothing(why) => (format!("{} {why}", scope.theme.glyphs.bad), Meaning::Warn),
        };
        if number == 0 {
            details.gap();
        }
        details.fact(
            &format!("request {}", number + 1),
            &format!("{}: {method} {url}", purpose.words()),
            Meaning::Plain,
        );
        details.fact("", &format!("{answer} ({millis} ms)"), meaning);
        headers.iter().for_each(|(name, value)| details.fact("", &format!("{name}: {value}"), Meaning::Muted));
    }
}
