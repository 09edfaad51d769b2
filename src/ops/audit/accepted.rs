//! Findings that a person has accepted: for a reason and for a time (the ignore file), or all that there were on a day
//! (the baseline). What is accepted is counted, never silently gone; what has expired comes back.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::SystemTime;

use serde::Deserialize;

use super::{Checked, Finding, all};
use crate::model::{Problem, misplaced, text, utc};
use crate::system::files;

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 4 << 20;

/// One entry of an ignore file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignored {
    pub id: String,
    /// None: every finding of that check.
    pub fingerprint: Option<String>,
    pub reason: String,
    /// The last day on which it counts, `YYYY-MM-DD` in UTC.
    pub expires: String,
    /// Who accepted it; for people.
    #[serde(default)]
    pub by: Option<String>,
}

/// How a finding stands to what is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    Told,
    Ignored(&'a Ignored),
    /// In the baseline.
    Known,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct IgnoreFile {
    #[serde(default)]
    ignore: Vec<Ignored>,
}

/// What is accepted.
#[derive(Debug, Default)]
pub struct Accepted {
    ignored: Vec<Ignored>,
    baseline: BTreeSet<String>,
}

/// How many findings were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    pub ignored: usize,
    pub known: usize,
    /// Entries of the ignore file whose day is over: what they were about is told again.
    pub expired: usize,
}

impl Accepted {
    /// Adds the entries of an ignore file (TOML, docs/checks.md).
    pub fn ignoring(mut self, file: &Path) -> Result<Accepted, Problem> {
        self.ignored.extend(entries(file, &content(file)?)?);
        Ok(self)
    }

    /// Adds the fingerprints of a baseline: one a line, `#` begins a comment.
    pub fn known(mut self, file: &Path) -> Result<Accepted, Problem> {
        for line in content(file)?.lines() {
            let print = line.split('#').next().unwrap_or_default().trim();
            if print.is_empty() {
                continue;
            }
            if !print.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Problem::failed(format!("the baseline {} is not understood", text::quoted_path(file)))
                    .because(format!("{} is no fingerprint", text::quoted(print)))
                    .hint(format!("write it anew: regpass audit --write-baseline {}", misplaced::shell_word(file))));
            }
            self.baseline.insert(print.to_ascii_lowercase());
        }
        Ok(self)
    }

    /// Takes accepted findings out of what was checked.
    pub fn leave_out(&self, checked: &mut [Checked], now: SystemTime) -> LeftOut {
        let mut left = LeftOut { expired: self.expired(now), ..LeftOut::default() };
        for one in checked {
            one.answer.findings.retain(|finding| {
                let standing = self.standing(finding, now);
                left.ignored += usize::from(matches!(standing, Standing::Ignored(_)));
                left.known += usize::from(standing == Standing::Known);
                standing == Standing::Told
            });
        }
        left
    }

    /// What is accepted of a finding today.
    pub fn standing(&self, finding: &Finding, now: SystemTime) -> Standing<'_> {
        let (print, today) = (finding.fingerprint(), day(now));
        let names = |ignored: &&Ignored| {
            ignored.expires >= today
                && ignored.id == finding.id
                && ignored.fingerprint.as_ref().is_none_or(|of| of.eq_ignore_ascii_case(&print))
        };
        match self.ignored.iter().find(names) {
            Some(ignored) => Standing::Ignored(ignored),
            None if self.baseline.contains(&print) => Standing::Known,
            None => Standing::Told,
        }
    }

    /// Entries of the ignore files whose day is over.
    pub fn expired(&self, now: SystemTime) -> usize {
        let today = day(now);
        self.ignored.iter().filter(|one| one.expires < today).count()
    }
}

/// What an ignore file says; `file` is only named in what is wrong with it.
pub(super) fn entries(file: &Path, content: &str) -> Result<Vec<Ignored>, Problem> {
    let wrong = |why: String| {
        Problem::failed(format!("the ignore file {} is not understood: {why}", text::quoted_path(file)))
            .hint("see how it is written: regpass audit --help")
    };
    let parsed: IgnoreFile =
        toml::from_str(content).map_err(|error| wrong(text::escaped(error.message().as_bytes()).into_owned()))?;
    for one in &parsed.ignore {
        let id = text::quoted(&one.id);
        if all().all(|(_, check)| check.id != one.id) {
            return Err(wrong(format!("there is no check {id}")));
        }
        if one.reason.trim().is_empty() {
            return Err(wrong(format!("the entry for {id} gives no reason")));
        }
        if !is_day(&one.expires) {
            return Err(wrong(format!("{} is no day, written YYYY-MM-DD", text::quoted(&one.expires))));
        }
    }
    Ok(parsed.ignore)
}

/// A baseline of everything that was found: fingerprints only, with the check's id behind them for people.
pub fn baseline(checked: &[Checked]) -> String {
    let findings = checked.iter().flat_map(|one| &one.answer.findings);
    let lines: BTreeSet<String> =
        findings.map(|finding| format!("{} # {}\n", finding.fingerprint(), finding.id)).collect();
    lines.into_iter().collect()
}

const DAY: &str = "YYYY-MM-DD";

/// The day of a time, in UTC, as an ignore file writes it.
pub fn day(time: SystemTime) -> String {
    let mut day = utc::rfc3339(time);
    day.truncate(DAY.len());
    day
}

/// A day as an ignore file writes it.
pub fn is_day(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let known = (1..=12).contains(&number(5..7)) && (1..=31).contains(&number(8..10));
    text.len() == DAY.len() && text.bytes().enumerate().all(fits) && known
}

pub(super) fn content(file: &Path) -> Result<String, Problem> {
    let bytes = files::read_bounded(file, SIZE_MAX).map_err(|error| Problem::failed(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{Answer, Severity, Spot};
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    /// 2026-03-01.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_772_366_400)
    }

    fn found(id: &str, path: &str) -> Checked {
        let (group, check) = all().find(|(_, check)| check.id == id).expect("a check");
        let finding = Finding::new(check.id, Severity::High, "x", "y").at(Path::new(path), Spot::Whole);
        Checked { check, group, answer: Answer::from_iter([finding]) }
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("writes");
        file
    }

    #[test]
    fn what_is_ignored_comes_back_after_its_day() {
        let print = found("INL01", "/a").answer.findings[0].fingerprint();
        let text = format!(
            "[[ignore]]\nid = \"INL01\"\nfingerprint = \"{print}\"\nreason = \"moved in May\"\nexpires = \"2026-03-01\"\nby = \"ann\"\n\
             [[ignore]]\nid = \"CFG07\"\nreason = \"x\"\nexpires = \"2026-02-28\"\n"
        );
        let accepted = Accepted::default().ignoring(file(&text).path()).expect("understood");
        let mut checked = [found("INL01", "/a"), found("INL01", "/b"), found("CFG07", "/a")];
        let left = accepted.leave_out(&mut checked, now());
        assert_eq!(left, LeftOut { ignored: 1, known: 0, expired: 1 });
        assert_eq!(checked.map(|one| one.answer.findings.len()), [0, 1, 1]);
    }

    #[test]
    fn a_baseline_hides_what_was_there() {
        let text = baseline(&[found("INL01", "/a"), found("CFG07", "/a")]);
        let accepted = Accepted::default().known(file(&format!("# of March\n\n{text}")).path()).expect("understood");
        let mut checked = [found("INL01", "/a"), found("INL01", "/b")];
        assert_eq!(accepted.leave_out(&mut checked, now()).known, 1);
        assert_eq!(checked.map(|one| one.answer.findings.len()), [0, 1]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            "x",
            "[[ignore]]\nid = \"INL01\"\nexpires = \"2026-03-01\"",
            "[[ignore]]\nid = \"INL01\"\nreason = \" \"\nexpires = \"2026-03-01\"",
            "[[ignore]]\nid = \"NOPE\"\nreason = \"x\"\nexpires = \"2026-03-01\"",
            "[[ignore]]\nid = \"INL01\"\nreason = \"x\"\nexpires = \"soon\"",
            "[[ignore]]\nid = \"INL01\"\nreason = \"x\"",
        ] {
            assert!(Accepted::default().ignoring(file(wrong).path()).is_err(), "{wrong}");
        }
        assert!(Accepted::default().known(file("not hex\n").path()).is_err());
        assert!(Accepted::default().known(Path::new("/nonexistent/x")).is_err());
    }
}
