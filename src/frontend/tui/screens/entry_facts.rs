//! What is told of an entry without opening it: who can read it and who should, when it changed, what git did with it.

use super::super::screen::Scope;
use super::super::theme::Meaning;
use super::super::widgets::details::Details;
use super::super::widgets::words;
use super::store::StoreScreen;
use super::store_facts::Facts;
use super::store_keys::Action;
use crate::model::{Problem, age, text, utc};
use crate::ops::readers::Reader;
use crate::ops::recipients::Access;
use crate::system::cipher::{Reach, Stranger};
use crate::system::git::{Commit, Tracking};

/// The columns of a commit's day and of its first digits.
const DAY: usize = 10;

pub(super) fn draw(
    facts: &Facts,
    commits: Option<&Result<Vec<Commit>, Problem>>,
    details: &mut Details<'_>,
    scope: &Scope,
) {
    let (facts, access, git) = match facts {
        Ok(known) => known,
        Err(problem) => return details.problem(problem),
    };
    draw_access(access, details, scope);
    if access.differs == Some(true) {
        details.fact("", &format!("{} encrypts it anew", key_of(Action::EncryptAnew, scope)), Meaning::Plain);
    }
    details.fact("changed", &age::long(scope.wall, facts.modified), Meaning::Plain);
    let (in_git, meaning) = match git {
        Tracking::NoGit => ("", Meaning::Plain),
        Tracking::Tracked => (", in git", Meaning::Plain),
        Tracking::Untracked => (", not yet in git", Meaning::Warn),
        Tracking::Unknown => (", in git or not: git does not tell", Meaning::Plain),
    };
    details.fact("size", &format!("{}{in_git}", words::counted(facts.bytes, "byte")), meaning);
    details.fact("store", &words::path(&facts.store, scope.home.as_deref()), Meaning::Plain);
    match commits {
        _ if *git == Tracking::NoGit => details.fact("history", "none: not in git", Meaning::Muted),
        Some(Ok(commits)) if !commits.is_empty() => {
            draw_commits(&format!("last in git, {} for all", key_of(Action::History, scope)), commits, details);
        }
        Some(Err(problem)) => details.fact("commits", &problem.one_line(), Meaning::Warn),
        _ => {}
    }
}

/// A key of the store screen, as the person has it.
fn key_of(action: Action, scope: &Scope) -> String {
    scope.key_of::<StoreScreen>(action)
}

/// Who can read it, listed or not; then who cannot yet, and of whom it cannot be told.
pub(super) fn draw_access(access: &Access, details: &mut Details<'_>, scope: &Scope) {
    const BY: &str = "readable by";
    if let Some(problem) = &access.problem {
        details.fact(BY, &problem.one_line(), Meaning::Warn);
    }
    let glyphs = scope.theme.glyphs;
    let of = |wanted: Reach| access.listed.iter().filter(move |(_, reach)| *reach == wanted).map(|(reader, _)| reader);
    let name = |reader: &Reader| words::reader_name(reader, glyphs.ellipsis);
    let warned = |text: String, word: &str| (format!("{text} {}{word}", glyphs.warn), Meaning::Warn);
    let mut can: Vec<(String, Meaning)> = of(Reach::Reached).map(|reader| words::reader(reader, scope)).collect();
    can.extend(of(Reach::ByOlderKey).map(|reader| warned(name(reader), " older key")));
    can.extend(access.others.iter().map(|other| warned(stranger(other, scope), " not listed")));
    if access.hidden > 0 {
        can.push((format!("{}, hidden", words::counted(access.hidden as u64, "reader")), Meaning::Plain));
    }
    if access.by_passphrase {
        can.push(warned("a passphrase".to_owned(), ""));
    }
    let cannot = of(Reach::Missed).map(|reader| warned(name(reader), "")).collect();
    let untold = of(Reach::Untold).map(|reader| words::reader(reader, scope)).collect();
    let label = if access.problem.is_some() { "listed" } else { "cannot tell" };
    for (label, rows) in [(BY, can), ("not yet by", cannot), (label, untold)] {
        for (index, (text, meaning)) in rows.into_iter().enumerate() {
            details.fact(if index == 0 { label } else { "" }, &text, meaning);
        }
    }
}

/// Whose key it is, or which.
fn stranger(other: &Stranger, scope: &Scope) -> String {
    let name = other.name.as_deref().map(|name| name.split(" <").next().unwrap_or(name).trim());
    match name.filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => format!("key {}", words::short_key(&other.key, scope.theme.glyphs.ellipsis)),
    }
}

/// One line each: day, first digits, subject.
pub(super) fn draw_commits(heading: &str, commits: &[Commit], details: &mut Details<'_>) {
    details.gap();
    details.sentence(heading, Meaning::Muted);
    for commit in commits {
        let day = utc::rfc3339(commit.time);
        let day = day.get(..DAY).unwrap_or_default();
        let subject = text::escaped(commit.subject.as_bytes());
        let line = format!("{day} {} {subject}", commit.id.short());
        details.item(&line, Meaning::Plain);
    }
}
