//! One-time passwords: the code that an entry's secret gives now, or next. A counter is written back before its code is
//! answered, so that no code is given twice.

mod code;
mod key;

use std::time::SystemTime;

use super::change::Written;
use super::entries::{self, Opened};
use crate::model::{EntryPath, EntryText, Problem, Secret, text};
use crate::system::System;
use crate::system::cipher::Asking;
use key::{Found, Kind};

/// How often a counter is raised again when others raise it meanwhile.
const TRIES: usize = 5;

/// One code.
#[derive(Debug)]
pub struct Code {
    pub code: Secret,
    pub validity: Validity,
    /// Of the counter's write; nothing for a code of the clock.
    pub written: Written,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Of a period of so many seconds, so many are left.
    Period { seconds: u64, left: u64 },
    /// The code of this counter.
    Counter(u64),
}

/// The code of an entry. For one with a counter this is a write.
pub fn code(system: &System, entry: &EntryPath, asking: Asking) -> Result<Code, Problem> {
    for _ in 0..TRIES {
        let opened = entries::open(system, entry, asking)?;
        if opened.is_new() {
            return Err(entries::missing(system, entry));
        }
        if let Some(code) = code_of(system, opened)? {
            return Ok(code);
        }
    }
    Err(entries::changed_meanwhile(entry))
}

/// The code that the clock gives for an open text now; None where a counter gives it, which is a write, or nothing does.
pub fn of_clock(system: &System, text: &EntryText) -> Option<Code> {
    let found = key::find(text).ok()?;
    match found.key.kind {
        Kind::Totp { period } => Some(clock_code(system, &found.key, period)),
        Kind::Hotp { .. } => None,
    }
}

fn clock_code(system: &System, key: &key::Key, period: u64) -> Code {
    let now = system.env.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let code = code::code(&key.secret, key.algorithm, key.form, now / period);
    Code {
        code,
        validity: Validity::Period { seconds: period, left: period - now % period },
        written: Written::default(),
    }
}

/// None when the counter was raised by somebody else meanwhile.
fn code_of(system: &System, opened: Opened) -> Result<Option<Code>, Problem> {
    let name = text::quoted(opened.path.as_bytes());
    let told = |error: key::KeyError| match error {
        key::KeyError::None => Problem::not_found(format!("{name} holds no secret for one-time passwords"))
            .hint("add a line with the otpauth:// URL, or totp: and the base32 secret"),
        error => Problem::failed(format!("{name} gives no code")).because(error),
    };
    let text = EntryText::parse(opened.plaintext.part(0..opened.plaintext.len()));
    let found = key::find(&text).map_err(&told)?;
    let code = |counter| code::code(&found.key.secret, found.key.algorithm, found.key.form, counter);
    let counter = match found.key.kind {
        Kind::Totp { period } => return Ok(Some(clock_code(system, &found.key, period))),
        Kind::Hotp { counter } => counter,
    };
    let counter = next_counter(&text, counter).ok_or(key::KeyError::Counter).map_err(&told)?;
    let code = code(counter);
    let text = with_counter(&text, &found, counter)?.into_secret();
    let subject = |name: &str| format!("Increment HOTP counter for {name}.");
    // Taken back it would give codes again that the other side has seen, and takes no more.
    let written = entries::replace_for_good(system, &opened, text, subject)?;
    Ok(written.map(|written| Code { code, validity: Validity::Counter(counter), written }))
}

/// The counter of the next code. In an URL stands the last one used (pass-otp 1.2, `cmd_otp_code`), in a line `counter`
/// the next one (gopass 1.16 `internal/action/otp.go`, which takes none for 1). Where both stand, the later wins: a code
/// is never given twice.
fn next_counter(text: &EntryText, url: Option<u64>) -> Option<u64> {
    let after_url = url.map_or(Some(1), |last| last.checked_add(1))?;
    let line = text.field(b"counter").map(|line| text.value(line));
    let by_line = line.map_or(Some(1), |value| key::number(&value))?;
    Some(after_url.max(by_line))
}

/// The text after a code was given: the URL says which was the last, the line `counter` which is the next.
fn with_counter(text: &EntryText, found: &Found<'_>, counter: u64) -> Result<EntryText, Problem> {
    let url = key::with_counter(&text.value(found.line), counter);
    let next = counter.checked_add(1).map(|next| Secret::new(next.to_string().into_bytes()));
    let next = next.ok_or_else(|| Problem::failed("the counter has reached its end"))?;
    let (has_line, has_url) = (text.field(b"counter").is_some(), url.is_some());
    let text = match url {
        Some(url) => text.with_value(found.line, &url)?,
        None => EntryText::parse(text.as_secret().part(0..text.as_secret().len())),
    };
    if has_line || !has_url { Ok(text.with_field(b"counter", &next)?) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path};
    use crate::ops::undo;

    /// "12345678901234567890", the secret of the RFCs' vectors.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn answer(bench: &Bench) -> Result<(String, Validity), Problem> {
        let code = code(&bench.system, &path("a"), Asking::Allowed)?;
        Ok((String::from_utf8(code.code.expose().to_vec()).expect("ASCII"), code.validity))
    }

    fn content(bench: &Bench) -> String {
        std::fs::read_to_string(bench.root().join("a.gpg")).expect("there")
    }

    /// The other side takes no code twice: a counter that went back would be out of step with it.
    #[test]
    fn no_undo_sets_a_counter_back() {
        let bench = Bench::new();
        let text = format!("pw\notpauth://hotp/x?counter=4&secret={SECRET}\n");
        entries::insert(&bench.system, &path("a"), Secret::new(text.into_bytes()), false).expect("inserted");
        answer(&bench).expect("a code");
        assert!(content(&bench).contains("counter=5"));
        let steps = undo::steps(&bench.system).expect("steps").steps;
        assert_eq!(
            steps.iter().map(|step| step.what.as_str()).collect::<Vec<_>>(),
            ["Add given password for a to store."]
        );
        let refused = undo::undo(&bench.system, None).expect_err("it was changed since");
        assert!(refused.to_string().contains("changed"), "{refused}");
        assert!(content(&bench).contains("counter=5"));
    }

    #[test]
    fn the_clock_gives_a_code_and_what_is_left_of_it() {
        let bench = Bench::at_time(59);
        bench.put("a.gpg", &format!("for alice\npw\ntotp: {SECRET}\n"));
        let period = |seconds, left| Validity::Period { seconds, left };
        assert_eq!(answer(&bench), Ok(("287082".to_owned(), period(30, 1))));
        bench.put("a.gpg", &format!("for alice\npw\notpauth://totp/x?digits=8&period=60&secret={SECRET}\n"));
        assert_eq!(answer(&bench), Ok(("84755224".to_owned(), period(60, 1))));
        assert!(content(&bench).ends_with(&format!("secret={SECRET}\n")), "nothing was written");
    }

    #[test]
    fn counters_are_raised_where_they_stand() {
        let url = |counter: &str| format!("for alice\npw\notpauth://hotp/x?counter={counter}&secret={SECRET}\nend");
        for (before, code, counter, after) in [
            (url("0"), "287082", 1, url("1")),
            (url("8"), "520489", 9, url("9")),
            (
                format!("for alice\npw\nhotp: {SECRET}\n"),
                "287082",
                1,
                format!("for alice\npw\nhotp: {SECRET}\ncounter: 2\n"),
            ),
            (
                format!("for alice\npw\ncounter: 3\nhotp: {SECRET}"),
                "969429",
                3,
                format!("for alice\npw\ncounter: 4\nhotp: {SECRET}"),
            ),
            (format!("{}\ncounter: 5\n", url("1")), "254676", 5, format!("{}\ncounter: 6\n", url("5"))),
            (format!("{}\ncounter: 1\n", url("4")), "254676", 5, format!("{}\ncounter: 6\n", url("5"))),
        ] {
            let bench = Bench::new();
            bench.put("a.gpg", &before);
            assert_eq!(answer(&bench), Ok((code.to_owned(), Validity::Counter(counter))), "{before}");
            assert_eq!(content(&bench), after);
        }
    }

    #[test]
    fn what_gives_no_code_is_told_without_the_secret() {
        let bench = Bench::new();
        assert_eq!(answer(&bench).expect_err("not there").kind, ProblemKind::NotFound);
        bench.put("a.gpg", "for alice\nhunter2\n");
        assert_eq!(answer(&bench).expect_err("no secret").kind, ProblemKind::NotFound);
        for broken in ["totp: S3CR3T!", "hotp: ABC\ncounter: S3CR3T", "otpauth://hotp/S3CR3T?secret=S3CR3T!"] {
            bench.put("a.gpg", &format!("for alice\npw\n{broken}\n"));
            let problem = answer(&bench).expect_err(broken);
            assert!(problem.kind == ProblemKind::Failed && !format!("{problem:?}").contains("S3CR3T"), "{problem:?}");
        }
    }
}
