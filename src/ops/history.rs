//! What an entry held before: its versions in git, the difference between two of them, one of them restored.
//! Decrypts what it is asked for; a listing says of each version whether a key here opens it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::change::{self, Change, Written};
use super::line_diff::LineDiff;
use crate::model::{EntryPath, Problem, Secret, text, utc};
use crate::system::System;
use crate::system::cipher::{self, Asking};
use crate::system::git::{self, Commit, GitError, Held, ObjectId, Repository, Revision};
use crate::system::store::{Store, not_in_store};

/// How far back versions are looked for by number or commit.
const VERSIONS_MAX: usize = 10_000;

/// The fewest digits that name a commit, as git has it (`core.abbrev`).
const ABBREVIATION_MIN: usize = 4;

/// One commit that changed an entry.
#[derive(Clone, Debug)]
pub struct Version {
    /// Counted from 1, the newest.
    pub number: usize,
    pub commit: Commit,
    /// What the entry was called then; None where that is no name in the store.
    pub path: Option<EntryPath>,
    pub content: Content,
}

/// What a version is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Readable,
    /// A key here fits but is locked.
    Locked,
    /// Why not, in one sentence.
    Unreadable(String),
    Removed,
    /// A link stood there, or something else that is no message.
    NoMessage,
}

/// One version among an entry's: as it is now, or as a commit left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Now,
    Number(usize),
    /// The first digits of a commit.
    Commit(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is neither \"now\" nor a version's number nor a commit")]
pub struct NoVersion;

impl FromStr for Which {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Which, NoVersion> {
        let hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match text.parse() {
            _ if text == "now" => Ok(Which::Now),
            Ok(number) if number > 0 && text.len() < ABBREVIATION_MIN => Ok(Which::Number(number)),
            _ if hex && (ABBREVIATION_MIN..=64).contains(&text.len()) => Ok(Which::Commit(text.to_ascii_lowercase())),
            _ => Err(NoVersion),
        }
    }
}

/// What differs between two versions.
#[derive(Debug)]
pub struct EntryDiff {
    /// None stands for the entry as it is now.
    pub from: Option<Commit>,
    pub to: Option<Commit>,
    pub lines: LineDiff,
}

/// The last `limit` versions, newest first. An entry that is gone has its versions still.
pub fn versions(system: &System, entry: &EntryPath, limit: usize) -> Result<Vec<Version>, Problem> {
    let past = Past::of(system, entry)?;
    let mut known: BTreeMap<Vec<String>, Content> = BTreeMap::new();
    let mut versions = Vec::new();
    for (index, revision) in past.revisions(limit)?.into_iter().enumerate() {
        let content = match &revision.held {
            Held::Blob(id) => past.readability(id, &mut known)?,
            Held::Gone => Content::Removed,
            Held::NoFile => Content::NoMessage,
        };
        let path = past.store.entry_at(&past.repository.top().join(&revision.file));
        versions.push(Version { number: index + 1, commit: revision.commit, path, content });
    }
    Ok(versions)
}

/// The last `limit` commits that changed an entry, newest first, whatever they held; None where no git keeps it.
pub fn commits(system: &System, entry: &EntryPath, limit: usize) -> Result<Option<Vec<Commit>>, Problem> {
    let Some(past) = Past::in_git(system, entry)? else { return Ok(None) };
    Ok(Some(past.revisions(limit)?.into_iter().map(|revision| revision.commit).collect()))
}

/// The last `limit` commits that changed something in a folder, newest first; None where no git keeps it.
pub fn commits_in(system: &System, folder: &EntryPath, limit: usize) -> Result<Option<Vec<Commit>>, Problem> {
    let (store, inner) = system.stores()?.locate(folder);
    let path = inner.folder(store.root());
    let Ok(path) = std::fs::canonicalize(&path) else { return Err(not_in_store(folder)) };
    let Some(repository) = Repository::holding(&system.env, store.root(), &path.join(".gpg-id")) else {
        return Ok(None);
    };
    let commits = repository
        .commits_in(&path, limit)
        .map_err(|error| error.during(format!("the commits of {} cannot be read", text::quoted(folder.as_bytes()))))?;
    Ok(Some(commits))
}

/// What differs between two versions: unless told otherwise, between the newest that is not the same as `to`, and now.
pub fn diff(
    system: &System,
    entry: &EntryPath,
    from: Option<&Which>,
    to: &Which,
    asking: Asking,
) -> Result<EntryDiff, Problem> {
    let past = Past::of(system, entry)?;
    let revisions = past.revisions(VERSIONS_MAX)?;
    let (to, new) = past.ciphertext(&revisions, to)?;
    let (from, old) = match from {
        Some(which) => past.ciphertext(&revisions, which)?,
        None => past.other_than(&revisions, to.as_ref(), &new)?,
    };
    let plain = |message: &[u8], commit: &Option<Commit>| past.decrypt(message, commit.as_ref(), asking);
    let lines = LineDiff::between(plain(&old, &from)?, plain(&new, &to)?);
    Ok(EntryDiff { from, to, lines })
}

/// What a version changed: against the one directly before it, and against nothing where none was.
pub fn changes(system: &System, entry: &EntryPath, which: &Which, asking: Asking) -> Result<EntryDiff, Problem> {
    let past = Past::of(system, entry)?;
    let revisions = past.revisions(VERSIONS_MAX)?;
    let (to, new) = past.ciphertext(&revisions, which)?;
    let at = to.as_ref().and_then(|to| revisions.iter().position(|one| one.commit == *to));
    let before = revisions.get(at.map_or(0, |at| at + 1));
    let (from, old) = match before.map(|one| (&one.commit, &one.held)) {
        Some((commit, Held::Blob(id))) => {
            let message = past.repository.blob(id).map_err(|error| past.failed(error))?;
            (Some(commit.clone()), past.decrypt(&message, Some(commit), asking)?)
        }
        _ => (None, Secret::default()),
    };
    let lines = LineDiff::between(old, past.decrypt(&new, to.as_ref(), asking)?);
    Ok(EntryDiff { from, to, lines })
}

/// Puts a version in the entry's place, as a new commit. It is encrypted to those who may read the entry today: when it was
/// encrypted to the same keys, it comes back as it was, unread.
pub fn restore(system: &System, entry: &EntryPath, which: &Which) -> Result<Written, Problem> {
    let past = Past::of(system, entry)?;
    let name = text::quoted(entry.as_bytes());
    let (commit, message) = past.ciphertext(&past.revisions(VERSIONS_MAX)?, which)?;
    let Some(commit) = commit else { return Err(Problem::usage(format!("{name} already is as it is now"))) };
    let mut change = Change::begin(system, past.store)?;
    let (recipients, warning) = change::recipients(system, past.store, &past.inner.parent())?;
    change.warnings.extend(warning);
    let message = if system.cipher()?.is_encrypted_to(&message, &recipients) {
        message
    } else {
        let plaintext = past.decrypt(&message, Some(&commit), Asking::Allowed)?;
        change::encrypt(system, past.store, &plaintext, &recipients)?
    };
    if past.store.read(&past.inner)?.as_ref() != Some(&message) {
        change.write(&past.inner, &message)?;
    }
    let date = utc::rfc3339(commit.time);
    let day = date.split('T').next().unwrap_or_default();
    Ok(change.finish(&format!("Restore {} to version of {day} ({}).", past.inner.display(), commit.id.short())))
}

/// An entry and the repository that remembers it.
struct Past<'a> {
    system: &'a System,
    entry: &'a EntryPath,
    store: &'a Store,
    inner: EntryPath,
    file: PathBuf,
    repository: Repository<'a>,
}

impl<'a> Past<'a> {
    fn of(system: &'a System, entry: &'a EntryPath) -> Result<Past<'a>, Problem> {
        if let Some(past) = Past::in_git(system, entry)? {
            return Ok(past);
        }
        let (store, inner) = system.stores()?.locate(entry);
        if store.entry_file(&inner)?.is_none() {
            return Err(not_in_store(entry));
        }
        Err(Problem::failed(format!("{} has no history", text::quoted(entry.as_bytes())))
            .because(format!("the store {} is not in git", text::quoted_path(store.root())))
            .hint(format!("have git keep it from now on: PASSWORD_STORE_DIR={} pass git init", shell(store.root()))))
    }

    /// None where no git keeps the entry's folder.
    fn in_git(system: &'a System, entry: &'a EntryPath) -> Result<Option<Past<'a>>, Problem> {
        let (store, inner) = system.stores()?.locate(entry);
        if inner.is_root() {
            return Err(Problem::usage(format!("{} is a whole store, not an entry", text::quoted(entry.as_bytes()))));
        }
        let named = inner.file(store.root());
        // What a link leads to is what `show` shows.
        let is_link = std::fs::symlink_metadata(&named).is_ok_and(|meta| meta.is_symlink());
        let target = Some(&named).filter(|_| is_link).and_then(|link| std::fs::canonicalize(link).ok());
        let file = target.unwrap_or_else(|| git::real_path(&named));
        let repository = Repository::holding(&system.env, store.root(), &file);
        Ok(repository.map(|repository| Past { system, entry, store, inner, file, repository }))
    }

    fn revisions(&self, limit: usize) -> Result<Vec<Revision>, Problem> {
        let revisions = self.repository.revisions(&self.file, limit).map_err(|error| self.failed(error))?;
        if revisions.is_empty() && self.store.entry_file(&self.inner)?.is_none() {
            return Err(not_in_store(self.entry));
        }
        Ok(revisions)
    }

    fn failed(&self, error: GitError) -> Problem {
        error.during(format!("the history of {} cannot be read", text::quoted(self.entry.as_bytes())))
    }

    /// Whether a key here opens a version. Versions for the same keys are the same in that: one is tried, so that a card is
    /// not asked for each.
    fn readability(&self, id: &ObjectId, known: &mut BTreeMap<Vec<String>, Content>) -> Result<Content, Problem> {
        let message = self.repository.blob(id).map_err(|error| self.failed(error))?;
        let keys = cipher::keys_of(&message);
        if let Some(content) = keys.as_ref().and_then(|keys| known.get(keys)) {
            return Ok(content.clone());
        }
        let (content, of_keys) = match self.system.cipher()?.decrypt(&message, Asking::Never) {
            Ok(_) => (Content::Readable, true),
            Err(error) if error.is_locked() => (Content::Locked, true),
            Err(error) => (Content::Unreadable(error.to_string()), error.is_no_key()),
        };
        if let Some(keys) = keys.filter(|_| of_keys) {
            known.insert(keys, content.clone());
        }
        Ok(content)
    }

    /// A version's message, and its commit unless it is the one of now.
    fn ciphertext(&self, revisions: &[Revision], which: &Which) -> Result<(Option<Commit>, Vec<u8>), Problem> {
        let revision = match which {
            Which::Now => {
                let now = self.store.read(&self.inner)?;
                return now.map(|message| (None, message)).ok_or_else(|| {
                    not_in_store(self.entry).hint(format!("it was there before: regpass history {}", self.word()))
                });
            }
            Which::Number(number) => revisions.get(number - 1),
            Which::Commit(digits) => {
                let mut fitting = revisions.iter().filter(|one| one.commit.id.as_str().starts_with(digits));
                let first = fitting.next();
                if fitting.next().is_some() {
                    return Err(Problem::usage(format!("several versions' commits begin with \"{digits}\"")));
                }
                first
            }
        };
        let revision = revision.ok_or_else(|| {
            Problem::not_found(format!("{} has no such version", text::quoted(self.entry.as_bytes())))
                .hint(format!("see them: regpass history {}", self.word()))
        })?;
        match &revision.held {
            Held::Blob(id) => {
                let message = self.repository.blob(id).map_err(|error| self.failed(error))?;
                Ok((Some(revision.commit.clone()), message))
            }
            _ => Err(Problem::not_found(format!(
                "commit {} removed {}",
                revision.commit.id.short(),
                text::quoted(self.entry.as_bytes())
            ))),
        }
    }

    /// The newest version before `to` that holds another message.
    fn other_than(
        &self,
        revisions: &[Revision],
        to: Option<&Commit>,
        message: &[u8],
    ) -> Result<(Option<Commit>, Vec<u8>), Problem> {
        let start = to.and_then(|to| revisions.iter().position(|one| one.commit == *to)).map_or(0, |at| at + 1);
        for revision in &revisions[start..] {
            if let Held::Blob(id) = &revision.held {
                let held = self.repository.blob(id).map_err(|error| self.failed(error))?;
                if held != message {
                    return Ok((Some(revision.commit.clone()), held));
                }
            }
        }
        Err(Problem::not_found(format!("{} has no older version", text::quoted(self.entry.as_bytes()))))
    }

    fn decrypt(&self, message: &[u8], commit: Option<&Commit>, asking: Asking) -> Result<Secret, Problem> {
        self.system.cipher()?.decrypt(message, asking).map_err(|error| {
            let name = text::quoted(self.entry.as_bytes());
            let mut problem = Problem::from(error);
            problem.causes.insert(0, std::mem::take(&mut problem.message));
            problem.message = match commit {
                Some(commit) => format!("cannot read {name} as of commit {}", commit.id.short()),
                None => format!("cannot read {name}"),
            };
            problem
        })
    }

    fn word(&self) -> String {
        shell(Path::new(self.entry.as_os_str()))
    }
}

fn shell(path: &Path) -> String {
    text::shell_word(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path, secret};
    use crate::ops::{entries, transfer};

    fn which(text: &str) -> Which {
        text.parse().expect("a version")
    }

    fn insert(bench: &Bench, name: &str, text: &str) {
        let written = entries::insert(&bench.system, &path(name), secret(text), true).expect("inserted");
        assert!(written.warnings.is_empty(), "{:?}", written.warnings);
    }

    fn shown(bench: &Bench, name: &str) -> String {
        let shown = entries::show(&bench.system, &path(name), Asking::Allowed).expect("shown");
        String::from_utf8(shown.expose().to_vec()).expect("text")
    }

    #[test]
    fn versions_are_named_in_three_ways() {
        assert_eq!(which("now"), Which::Now);
        assert_eq!(which("12"), Which::Number(12));
        assert_eq!(which("12AF"), Which::Commit("12af".to_owned()));
        for refused in ["", "0", "abc", "HEAD", "-1", "1234567890g"] {
            assert!(refused.parse::<Which>().is_err(), "{refused}");
        }
    }

    #[test]
    fn what_was_is_listed_compared_and_restored() {
        let bench = Bench::with_git();
        for text in ["one\nuser: a\n", "two\nuser: a\n", "two\nuser: b\n"] {
            insert(&bench, "a/b", text);
        }
        let versions = versions(&bench.system, &path("a/b"), 9).expect("versions");
        assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(
            versions.iter().all(|version| version.content == Content::Readable && version.path == Some(path("a/b")))
        );
        let changed = |from: Option<&str>, to: &str| {
            let from = from.map(which);
            let diff = diff(&bench.system, &path("a/b"), from.as_ref(), &which(to), Asking::Never).expect("a diff");
            let lines = diff.lines.lines().iter().filter(|line| line.side != crate::ops::line_diff::Side::Both);
            lines.map(|line| line.number).collect::<Vec<_>>()
        };
        assert_eq!(changed(None, "now"), [2, 2]);
        assert_eq!(changed(None, "2"), [1, 1]);
        assert_eq!(changed(Some("3"), "now"), [1, 2, 1, 2]);
        let written = restore(&bench.system, &path("a/b"), &which("3")).expect("restored");
        assert!(written.changed && written.warnings.is_empty());
        assert_eq!(shown(&bench, "a/b"), "one\nuser: a\n");
        let subject = &super::versions(&bench.system, &path("a/b"), 1).expect("versions")[0].commit.subject;
        assert!(subject.starts_with("Restore a/b to version of 20") && subject.ends_with(")."), "{subject}");
        assert!(!restore(&bench.system, &path("a/b"), &which("1")).expect("the same").changed);
        for missing in ["9", "fffffff"] {
            let problem = restore(&bench.system, &path("a/b"), &which(missing)).expect_err("missing");
            assert_eq!(problem.kind, ProblemKind::NotFound);
        }
    }

    #[test]
    fn a_rename_changed_nothing_and_the_first_version_all() {
        let bench = Bench::with_git();
        insert(&bench, "a", "a password\nuser: a\n");
        insert(&bench, "a", "another\nuser: a\n");
        let place = |name: &str| transfer::Place { path: path(name), as_folder: false };
        transfer::run(&bench.system, transfer::Kind::Move, &place("a"), &place("b"), false).expect("renamed");
        let differing = |diff: EntryDiff| {
            let lines = diff.lines.lines().iter().filter(|line| line.side != crate::ops::line_diff::Side::Both);
            lines.map(|line| line.number).collect::<Vec<_>>()
        };
        let older = diff(&bench.system, &path("b"), None, &which("1"), Asking::Never).expect("a diff");
        assert_eq!(differing(older), [1, 1], "the newest that is not the same");
        let changed = |version: &str| {
            differing(changes(&bench.system, &path("b"), &which(version), Asking::Never).expect("a diff"))
        };
        assert_eq!(versions(&bench.system, &path("b"), 9).expect("versions").len(), 3);
        assert!(changed("1").is_empty());
        assert_eq!((changed("2"), changed("3")), (vec![1, 1], vec![1, 2]));
    }

    #[test]
    fn what_was_removed_comes_back_for_today_s_readers() {
        let bench = Bench::with_git();
        insert(&bench, "a", "one");
        entries::remove(&bench.system, &path("a"), false).expect("removed");
        bench.put(".gpg-id", "alice\nbob\n");
        let versions = versions(&bench.system, &path("a"), 9).expect("versions");
        assert_eq!(versions[0].content, Content::Removed);
        restore(&bench.system, &path("a"), &which("2")).expect("restored");
        assert_eq!(std::fs::read(bench.root().join("a.gpg")).expect("read"), b"for alice bob\none");
    }

    #[test]
    fn what_no_key_opens_is_listed_with_the_reason() {
        let bench = Bench::with_git();
        bench.put("a.gpg", "damaged");
        bench.git(&["add", "-A"]);
        bench.git(&["commit", "-q", "-m", "x"]);
        insert(&bench, "a", "one");
        let versions = versions(&bench.system, &path("a"), 9).expect("versions");
        assert_eq!(versions[1].content, Content::Unreadable("not a message".to_owned()));
        let problem = diff(&bench.system, &path("a"), None, &Which::Now, Asking::Never).expect_err("unreadable");
        assert!(problem.message.starts_with("cannot read \"a\" as of commit "), "{problem:?}");
    }

    #[test]
    fn no_git_and_no_entry_are_told_apart() {
        let bench = Bench::new();
        bench.put("a.gpg", "for alice\nx");
        let problem = |name: &str| versions(&bench.system, &path(name), 9).expect_err("no history");
        assert!(problem("a").hints[0].ends_with("pass git init"), "{:?}", problem("a"));
        assert_eq!(problem("b").kind, ProblemKind::NotFound);
        let bench = Bench::with_git();
        assert_eq!(versions(&bench.system, &path("b"), 9).expect_err("nothing").kind, ProblemKind::NotFound);
    }
}
