//! The lines of an entry, masked, and one of them in clear. Called by `jobs.rs` alone.

use std::time::Duration;

use crate::model::entry_text::LineKind;
use crate::model::{EntryPath, EntryText, Problem, Secret, text};
use crate::ops::entries;
use crate::ops::otp::{self, Validity};
use crate::system::System;
use crate::system::cipher::Asking;

/// The most lines that are listed, and the most characters of a key or a value that is shown.
const LINES_MAX: usize = 1_000;
const TEXT_MAX: usize = 200;

/// Keys that a user name stands behind, in the order in which they are looked for.
const USER_KEYS: [&[u8]; 6] = [b"user", b"username", b"login", b"user name", b"email", b"account"];

#[derive(Debug)]
pub(in super::super) enum Job {
    Masked(EntryPath),
    /// The value of one line in clear, counted from 0.
    Value(EntryPath, usize),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Masked(Masked),
    Value(Secret),
}

/// An entry as anybody may see it, and its code of the clock.
#[derive(Debug, Default)]
pub(in super::super) struct Masked {
    pub(in super::super) lines: Vec<MaskedLine>,
    /// Lines beyond the most that are listed.
    pub(in super::super) more: usize,
    pub(in super::super) code: Option<Code>,
}

#[derive(Debug)]
pub(in super::super) struct MaskedLine {
    /// Which line it is, counted from 0.
    pub(in super::super) number: usize,
    /// Escaped.
    pub(in super::super) key: String,
    /// Escaped; None where it is secret.
    pub(in super::super) value: Option<String>,
}

#[derive(Debug)]
pub(in super::super) struct Code {
    pub(in super::super) code: Secret,
    pub(in super::super) period: Duration,
    pub(in super::super) left: Duration,
}

impl Job {
    pub(in super::super) fn run(self, system: &System) -> Result<Report, Problem> {
        match self {
            Job::Masked(entry) => {
                let text = open(system, &entry)?;
                let code = otp::of_clock(system, &text).and_then(|made| match made.validity {
                    Validity::Period { seconds, left } => Some(Code {
                        code: made.code,
                        period: Duration::from_secs(seconds),
                        left: Duration::from_secs(left),
                    }),
                    Validity::Counter(_) => None,
                });
                Ok(Report::Masked(Masked { code, ..masked(&text) }))
            }
            Job::Value(entry, number) => value(system, &entry, number).map(Report::Value),
        }
    }
}

fn open(system: &System, entry: &EntryPath) -> Result<EntryText, Problem> {
    entries::show(system, entry, Asking::Allowed).map(EntryText::parse)
}

/// Blank lines are left out: there is nothing to do with them.
fn masked(text: &EntryText) -> Masked {
    let bounded = |bytes: &[u8]| {
        let escaped = text::escaped(bytes);
        let cut = escaped.char_indices().nth(TEXT_MAX).map_or(escaped.len(), |(at, _)| at);
        escaped[..cut].to_owned()
    };
    let mut found = Masked::default();
    for (number, line) in text.lines().iter().enumerate() {
        let value = if line.is_secret() { None } else { Some(bounded(text.value(line).expose())) };
        if line.kind == LineKind::Text && value.as_ref().is_some_and(|value| value.trim().is_empty()) {
            continue;
        }
        if found.lines.len() == LINES_MAX {
            found.more += 1;
            continue;
        }
        let key = match line.kind {
            LineKind::Password => "password".to_owned(),
            LineKind::Otp if text.key(line).is_empty() => "otp".to_owned(),
            _ => bounded(text.key(line)),
        };
        found.lines.push(MaskedLine { number, key, value });
    }
    found
}

/// The value of one line in clear.
pub(super) fn value(system: &System, entry: &EntryPath, number: usize) -> Result<Secret, Problem> {
    let text = open(system, entry)?;
    let gone = || Problem::failed(format!("{} was changed meanwhile", text::quoted(entry.as_bytes())));
    text.lines().get(number).map(|line| text.value(line)).ok_or_else(gone)
}

/// The user name that an entry says.
pub(super) fn user(system: &System, entry: &EntryPath) -> Result<Secret, Problem> {
    let text = open(system, entry)?;
    let of = |wanted: &&[u8]| text.lines().iter().find(|line| text.key(line).eq_ignore_ascii_case(wanted));
    let line = USER_KEYS.iter().find_map(of);
    line.map(|line| text.value(line)).ok_or_else(|| {
        Problem::not_found(format!("{} says no user name", text::quoted(entry.as_bytes())))
            .hint("add a line such as \"user: alice\" to it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_values_are_shown_and_the_others_are_not() {
        let text = "pw\nuser: al\u{1b}ice\n\npin: 4711\notpauth://totp/x?secret=JBSWY3DP\nnote\n";
        let found = masked(&EntryText::parse(Secret::new(text.as_bytes().to_vec())));
        let told: Vec<_> =
            found.lines.iter().map(|line| (line.number, line.key.as_str(), line.value.as_deref())).collect();
        let expected = [
            (0, "password", None),
            (1, "user", Some("al\\u{1b}ice")),
            (3, "pin", None),
            (4, "otp", None),
            (5, "", None),
        ];
        assert_eq!(told, expected);
    }
}
