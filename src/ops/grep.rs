//! Lines inside entries, found by decrypting all of them. What does not match is wiped at once; what matches goes to
//! whoever asked, a line at a time, as a `Secret`.

use regex::bytes::{Regex, RegexBuilder};

use super::entries;
use super::opening::{self, Failed, Waiting, Work};
use super::progress::{Cancel, Progress};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::system::System;
use crate::system::store::{Entry, Store, Unreadable, not_in_store};

/// Bounds on a pattern: its text, and the machine made of it, in bytes.
const PATTERN_MAX: usize = 4096;
const MACHINE_MAX: usize = 4 << 20;

/// The most lines of one entry that are handed on.
const LINES_MAX: usize = 1000;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// A regular expression, or with `fixed` the text itself.
    pub fn new(pattern: &str, fixed: bool, ignore_case: bool) -> Result<Pattern, Problem> {
        let unfit =
            |why: String| Problem::usage(format!("the pattern {} cannot be used", text::quoted(pattern))).because(why);
        if pattern.is_empty() || pattern.len() > PATTERN_MAX {
            return Err(unfit(format!("it must have 1 to {PATTERN_MAX} bytes")));
        }
        let syntax = if fixed { regex::escape(pattern) } else { pattern.to_owned() };
        let built = RegexBuilder::new(&syntax).case_insensitive(ignore_case).size_limit(MACHINE_MAX).build();
        built.map(Pattern).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => unfit("it is too large".to_owned()),
            other => {
                let why = other.to_string();
                let last = why.lines().next_back().unwrap_or_default().trim_start_matches("error: ");
                unfit(text::escaped(last.as_bytes()).into_owned()).option("to look for the text as it is, add --fixed")
            }
        })
    }
}

/// An entry with lines that match.
#[derive(Debug)]
pub struct Hit {
    pub entry: EntryPath,
    pub lines: Vec<Line>,
    /// Lines that match beyond the most that are handed on.
    pub more: usize,
}

/// One line without its end.
#[derive(Debug)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    pub text: Secret,
}

/// What was looked at.
#[derive(Debug, Default)]
pub struct Searched {
    /// Entries that were read.
    pub entries: usize,
    pub failed: Vec<Failed>,
    pub unreadable: Vec<Unreadable>,
}

/// Hands over what is found in and below `folder`, entry by entry in their order; what waits for a passphrase comes last.
/// Err when called off, or when `found` wants no more.
pub fn search(
    system: &System,
    pattern: &Pattern,
    folder: &EntryPath,
    progress: &dyn Progress,
    cancel: &Cancel,
    mut found: impl FnMut(Hit) -> Result<(), Problem>,
) -> Result<Searched, Problem> {
    let listing = entries::list(system, folder)?;
    let work = Matching { stores: system.stores()?.all(), pattern };
    let targets: Vec<Target> = listing.entries.into_iter().map(|entry| Target::of(work.stores, entry)).collect();
    let mut searched = Searched { unreadable: listing.unreadable, ..Searched::default() };
    let mut refused = Ok(());
    let waiting = Waiting { progress, cancel };
    let ended = opening::open_all(system.cipher()?, &work, &targets, waiting, |target, result| match result {
        Ok((lines, more)) => {
            searched.entries += 1;
            if !lines.is_empty() && refused.is_ok() {
                refused = found(Hit { entry: target.entry.clone(), lines, more }).inspect_err(|_| cancel.call_off());
            }
        }
        Err(problem) => searched.failed.push(Failed { entry: target.entry.clone(), problem }),
    });
    refused.and(ended).map(|()| searched)
}

/// An entry to be read.
struct Target {
    entry: EntryPath,
    store: usize,
    inner: EntryPath,
}

impl Target {
    fn of(stores: &[Store], entry: Entry) -> Target {
        let inner = entry.path.below(&stores[entry.store].mount).unwrap_or_else(|| entry.path.clone());
        Target { entry: entry.path, store: entry.store, inner }
    }
}

/// Keeps the lines that match.
struct Matching<'a> {
    stores: &'a [Store],
    pattern: &'a Pattern,
}

impl Work for Matching<'_> {
    type Item = Target;
    type Done = (Vec<Line>, usize);

    fn entry<'i>(&self, target: &'i Target) -> &'i EntryPath {
        &target.entry
    }

    fn read(&self, target: &Target) -> Result<Vec<u8>, Problem> {
        self.stores[target.store].read(&target.inner)?.ok_or_else(|| not_in_store(&target.entry))
    }

    fn opened(&self, _: &Target, _: Vec<u8>, plaintext: Secret) -> Result<Self::Done, Problem> {
        Ok(matching(self.pattern, &plaintext))
    }
}

/// The lines that match, and how many more there are.
fn matching(pattern: &Pattern, plaintext: &Secret) -> (Vec<Line>, usize) {
    let (mut lines, mut more, mut start) = (Vec::new(), 0, 0);
    for (index, whole) in plaintext.expose().split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if pattern.0.is_match(line) {
            match lines.len() {
                LINES_MAX => more += 1,
                _ => lines.push(Line { number: index + 1, text: plaintext.part(start..start + line.len()) }),
            }
        }
        start += whole.len();
    }
    (lines, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path, secret};

    type Found = Vec<(String, Vec<(usize, String)>)>;

    fn found(bench: &Bench, pattern: &Pattern, folder: &EntryPath) -> Result<(Found, Searched), Problem> {
        let mut found = Vec::new();
        let searched = search(&bench.system, pattern, folder, &(), &Cancel::default(), |hit| {
            let text = |line: &Line| (line.number, String::from_utf8_lossy(line.text.expose()).into_owned());
            found.push((hit.entry.display().into_owned(), hit.lines.iter().map(text).collect()));
            Ok(())
        })?;
        Ok((found, searched))
    }

    fn regular(pattern: &str) -> Pattern {
        Pattern::new(pattern, false, false).expect("a pattern")
    }

    #[test]
    fn lines_are_found_in_order_and_the_unreadable_is_told() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        std::fs::create_dir(bench.home().join("work")).expect("a folder");
        std::fs::write(bench.home().join("work/x.gpg"), "for alice\nuser: ann").expect("an entry");
        bench.put("b.gpg", "for alice\npw\nuser: bob\r\nuser: bert\n");
        bench.put("a.gpg", "for alice\nUser: al");
        bench.put("broken.gpg", "user: nobody");
        let (hits, searched) = found(&bench, &regular("^user: .*"), &EntryPath::root()).expect("searched");
        let b = vec![(2, "user: bob".to_owned()), (3, "user: bert".to_owned())];
        assert_eq!(hits, [("b".to_owned(), b), ("work/x".to_owned(), vec![(1, "user: ann".to_owned())])]);
        assert_eq!((searched.entries, searched.failed.len()), (3, 1));
        assert_eq!(searched.failed[0].problem.message, "cannot read \"broken\"");
        let (hits, _) =
            found(&bench, &Pattern::new("USER: A", true, true).expect("text"), &path("a")).expect("searched");
        assert_eq!(hits, [("a".to_owned(), vec![(1, "User: al".to_owned())])]);
        assert_eq!(found(&bench, &regular("x"), &path("none")).expect_err("nowhere").kind, ProblemKind::NotFound);
    }

    #[test]
    fn patterns_are_bounded() {
        assert_eq!(Pattern::new("a.b", true, false).expect("text").0.as_str(), "a\\.b");
        let long = "x".repeat(PATTERN_MAX + 1);
        for pattern in ["", "(", "((((a{99}){99}){99}){99})", &long] {
            let problem = Pattern::new(pattern, false, false).expect_err("unfit");
            assert_eq!((problem.kind, problem.causes.len()), (ProblemKind::Usage, 1), "{problem:?}");
        }
        assert!(Pattern::new("(", true, false).is_ok());
    }

    #[test]
    fn bytes_are_no_obstacle_and_lines_are_bounded() {
        let (lines, more) = matching(&regular("b$"), &secret("ab\n\n"));
        assert_eq!((lines.len(), more), (1, 0));
        let (lines, _) = matching(&regular("b$"), &Secret::new(b"\xffb".to_vec()));
        assert_eq!(lines[0].text.expose(), b"\xffb");
        let (lines, more) = matching(&regular("a"), &secret(&"a\n".repeat(LINES_MAX + 5)));
        assert_eq!((lines.len(), lines[LINES_MAX - 1].number, more), (LINES_MAX, LINES_MAX, 5));
    }

    #[test]
    fn called_off_before_it_starts_it_reads_nothing() {
        let bench = Bench::new();
        bench.put("a.gpg", "for alice\nx");
        let cancel = Cancel::default();
        cancel.call_off();
        let problem =
            search(&bench.system, &regular("x"), &EntryPath::root(), &(), &cancel, |_| Ok(())).expect_err("called off");
        assert_eq!(problem.kind, ProblemKind::Cancelled);
    }
}
