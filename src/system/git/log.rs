//! What a file held at each commit, renames followed, and a work tree's commits. Names, authors and subjects are foreign
//! text: whoever shows them escapes them.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{GitError, Repository, answer, contains};

/// `%x01` begins a commit, NUL ends each of its fields; the files it changed follow (git-log(1), `--raw -z`).
const FORMAT: &str = "--format=%x01%H %ct%x00%an%x00%ae%x00%s%x00";

/// How many renames are followed back.
const RENAMES_MAX: usize = 20;

/// The name of an object: 40 or 64 lower-case hex digits, and so never an option or a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectId(String);

impl ObjectId {
    pub(super) fn parse(text: &[u8]) -> Option<ObjectId> {
        let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        let fits = matches!(text.len(), 40 | 64) && text.iter().all(hex);
        fits.then(|| ObjectId(String::from_utf8_lossy(text).into_owned()))
    }

    #[cfg(test)]
    pub fn made_of(text: &str) -> ObjectId {
        ObjectId::parse(text.as_bytes()).expect("an object's name")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The seven digits that people are shown.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }

    fn is_null(&self) -> bool {
        self.0.bytes().all(|digit| digit == b'0')
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who committed what, when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub id: ObjectId,
    /// The committer's time, in whole seconds.
    pub time: SystemTime,
    pub author: String,
    pub email: String,
    pub subject: String,
}

/// A commit that changed a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub commit: Commit,
    /// As it was called then, below the work tree's top.
    pub file: PathBuf,
    pub held: Held,
}

/// What a commit left in a file's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    Blob(ObjectId),
    /// A symbolic link, or another repository.
    NoFile,
    Gone,
}

/// One line of `--raw`: what became of one path.
struct Change {
    held: Held,
    status: u8,
    /// Two for a rename, the old one first.
    paths: Vec<PathBuf>,
}

impl Repository<'_> {
    /// The commits that changed a file (as `real_path` gives it), newest first, under the names it had before too: those
    /// that git knows by equal content, and those that a subject of pass, gopass or regpass tells (a file that is
    /// encrypted anew on its way has no equal content). At most `limit`; a file that is gone has its history still.
    pub fn revisions(&self, file: &Path, limit: usize) -> Result<Vec<Revision>, GitError> {
        let mut found: Vec<Revision> = Vec::new();
        let Ok(file) = file.strip_prefix(&self.top) else { return Ok(found) };
        let mut file = file.to_owned();
        let mut before: Option<String> = None;
        for _ in 0..=RENAMES_MAX {
            let mut source = None;
            for (commit, changes) in self.logged(before.as_deref(), limit - found.len(), Some(&file), true)? {
                let Some(change) = changes.into_iter().next() else { continue };
                let added = change.status == b'A';
                found.push(Revision { commit, file: file.clone(), held: change.held });
                let newest = &found[found.len() - 1].commit;
                source = if added { self.renamed_from(newest, &file)? } else { None };
                if source.is_some() {
                    before = Some(format!("{}^", newest.id));
                    break;
                }
            }
            match source {
                Some(source) if found.len() < limit => file = source,
                _ => break,
            }
        }
        Ok(found)
    }

    /// The work tree's commits, newest first, at most `limit`.
    pub fn commits(&self, limit: usize) -> Result<Vec<Commit>, GitError> {
        Ok(without_changes(self.logged(None, limit, None, false)?))
    }

    /// The commits that changed something in a folder (links resolved), newest first, at most `limit`.
    pub fn commits_in(&self, folder: &Path, limit: usize) -> Result<Vec<Commit>, GitError> {
        match folder.strip_prefix(&self.top) {
            Ok(inner) if inner.as_os_str().is_empty() => self.commits(limit),
            Ok(inner) => Ok(without_changes(self.logged(None, limit, Some(inner), false)?)),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// How many commits lead to the one that is checked out.
    pub fn commit_count(&self) -> Result<usize, GitError> {
        let said = self.git("rev-list", &["--count", "HEAD"].map(OsStr::new), &[])?;
        let count = String::from_utf8_lossy(answer(&said)).trim().parse();
        count.map_err(|_| GitError::Odd { command: "rev-list" })
    }

    /// The bytes of a blob.
    pub fn blob(&self, id: &ObjectId) -> Result<Vec<u8>, GitError> {
        let said = self.git("cat-file", &["blob", id.as_str()].map(OsStr::new), &[])?;
        Ok(answer(&said).to_vec())
    }

    /// Commits, of one path where one is named; with `changes` what each did there.
    fn logged(
        &self,
        from: Option<&str>,
        limit: usize,
        path: Option<&Path>,
        changes: bool,
    ) -> Result<Vec<(Commit, Vec<Change>)>, GitError> {
        let limit = format!("--max-count={limit}");
        let mut arguments = vec!["--no-color", "-z", FORMAT, &limit];
        if changes {
            arguments.extend(["-c", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff"]);
        }
        arguments.extend(from);
        let arguments: Vec<&OsStr> = arguments.into_iter().map(OsStr::new).collect();
        match self.git("log", &arguments, path.as_slice()) {
            Ok(said) => parse_log(answer(&said)).ok_or(GitError::Odd { command: "log" }),
            Err(GitError::Failed { complaint, .. }) if complaint.contains("does not have any commits yet") => {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// What the file was called before the commit that brought it under its name; None when it was new.
    fn renamed_from(&self, commit: &Commit, file: &Path) -> Result<Option<PathBuf>, GitError> {
        let arguments = ["-r", "-z", "--raw", "--no-abbrev", "-M", "--no-commit-id", "--root", commit.id.as_str()];
        let said = self.git("diff-tree", &arguments.map(OsStr::new), &[])?;
        let changes = parse_changes(&mut answer(&said).split(|byte| *byte == 0).peekable());
        let changes = changes.ok_or(GitError::Odd { command: "diff-tree" })?;
        let by_content =
            changes.iter().find(|change| change.status == b'R' && change.paths.last().is_some_and(|new| new == file));
        if let Some(change) = by_content {
            return Ok(change.paths.first().cloned());
        }
        let mut told = changes
            .iter()
            .filter(|change| change.status == b'D')
            .filter_map(|change| change.paths.first())
            .filter(|old| tells_rename(&commit.subject, old, file));
        Ok(told.next().filter(|_| told.next().is_none()).cloned())
    }
}

fn without_changes(logged: Vec<(Commit, Vec<Change>)>) -> Vec<Commit> {
    logged.into_iter().map(|(commit, _)| commit).collect()
}

/// True when a subject (pass 1.7.4, `cmd_copy_move`; gopass, `internal/store/root/move.go`) says that `old` became `new`:
/// it names `old` itself, or a folder that it lay in and below which its name stayed.
fn tells_rename(subject: &str, old: &Path, new: &Path) -> bool {
    let words = ["Rename ", "Moved ", "Move "].iter().find_map(|front| subject.strip_prefix(front));
    let Some((from, _)) = words.and_then(|words| words.rsplit_once(" to ")) else { return false };
    let from = from.trim_end_matches('/');
    if old.as_os_str().as_bytes().strip_suffix(b".gpg") == Some(from.as_bytes()) {
        return true;
    }
    old.strip_prefix(from).is_ok_and(|rest| new.ends_with(rest))
}

fn parse_log(said: &[u8]) -> Option<Vec<(Commit, Vec<Change>)>> {
    let mut tokens = said.split(|byte| *byte == 0).peekable();
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        // Between a commit's fields and the next commit stands nothing, or a newline.
        let token = token.strip_prefix(b"\n").unwrap_or(token);
        let Some(head) = token.strip_prefix(b"\x01") else {
            if token.is_empty() {
                continue;
            }
            return None;
        };
        let (id, time) = head.split_at_checked(head.iter().position(|byte| *byte == b' ')?)?;
        let seconds = std::str::from_utf8(time).ok()?.trim().parse().ok()?;
        let mut field = || tokens.next().map(|text| String::from_utf8_lossy(text).into_owned());
        let commit = Commit {
            id: ObjectId::parse(id)?,
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            author: field()?,
            email: field()?,
            subject: field()?,
        };
        found.push((commit, parse_changes(&mut tokens)?));
    }
    Some(found)
}

/// Lines of `--raw -z` (git-diff(1), "RAW OUTPUT FORMAT"); a merge's begin with one colon for each parent.
fn parse_changes<'a>(tokens: &mut std::iter::Peekable<impl Iterator<Item = &'a [u8]>>) -> Option<Vec<Change>> {
    let mut changes = Vec::new();
    loop {
        // An empty token stands before the lines.
        while tokens.next_if(|token| token.is_empty()).is_some() {}
        let Some(line) = tokens.next_if(|token| token.trim_ascii_start().starts_with(b":")) else {
            return Some(changes);
        };
        let line = line.trim_ascii_start();
        let parents = line.iter().take_while(|byte| **byte == b':').count();
        let words: Vec<&[u8]> = line[parents..].split(|byte| *byte == b' ').collect();
        let (mode, id, status) = (words.get(parents)?, words.get(2 * parents + 1)?, words.get(2 * parents + 2)?);
        let id = ObjectId::parse(id)?;
        let held = match mode {
            _ if id.is_null() => Held::Gone,
            [b'1', b'0', b'0', ..] => Held::Blob(id),
            _ => Held::NoFile,
        };
        let status = *status.first()?;
        let count = if contains(b"RC", &[status]) { 2 } else { 1 };
        let paths: Vec<PathBuf> =
            tokens.by_ref().take(count).map(|path| PathBuf::from(OsStr::from_bytes(path))).collect();
        changes.push(Change { held, status, paths });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_git_are_taken_apart() {
        let (one, two, null) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
        let said = format!(
            "\x01{one} 1700000000\0A\x1bn\0a@x\0Remove d\0\0\n:100644 000000 {two} {null} D\0d.gpg\0\
             \x01{two} 1700000001\0B\0b@x\0Merge\0\0\0::100644 100644 100644 {one} {two} {one} MM\0d.gpg\0\
             \x01{two} 1700000002\0B\0b@x\0\0\0\n:000000 120000 {null} {two} A\0d\n.gpg\0"
        );
        let found = parse_log(said.as_bytes()).expect("understood");
        let held: Vec<_> = found.iter().map(|(_, changes)| changes[0].held.clone()).collect();
        assert_eq!(held, [Held::Gone, Held::Blob(ObjectId(one.clone())), Held::NoFile]);
        assert_eq!((found[0].0.author.as_str(), found[0].0.id.short()), ("A\x1bn", "aaaaaaa"));
        assert_eq!(found[2].1[0].paths, [PathBuf::from("d\n.gpg")]);
        assert!(parse_log(b"\x01--output=x 1\0a\0b\0c\0").is_none());
        assert!(parse_log(b"").expect("no commit").is_empty());
    }

    #[test]
    fn subjects_tell_renames() {
        let tells = |subject: &str, old: &str, new: &str| tells_rename(subject, Path::new(old), Path::new(new));
        assert!(tells("Rename a/b to c/d.", "a/b.gpg", "c/d.gpg"));
        assert!(tells("Rename a to new/.", "a/x/b.gpg", "new/a/x/b.gpg"));
        assert!(tells("Moved a to z", "a/b.gpg", "z/b.gpg"));
        assert!(!tells("Rename a to z.", "a/b.gpg", "z/c.gpg"));
        assert!(!tells("Rename b to z.", "a/b.gpg", "z.gpg"));
        assert!(!tells("Add given password for a to store.", "a.gpg", "b.gpg"));
    }

    use crate::system::git::trial::Trial;

    fn story(trial: &Trial, file: &str) -> Vec<(String, String, Option<String>)> {
        trial.with("a", |git| {
            let revisions = git.revisions(&git.top().join(file), 50).expect("a history");
            let held = |held: &Held| match held {
                Held::Blob(id) => Some(String::from_utf8(git.blob(id).expect("a blob")).expect("text")),
                _ => None,
            };
            let told = |one: Revision| (one.commit.subject, one.file.display().to_string(), held(&one.held));
            revisions.into_iter().map(told).collect()
        })
    }

    #[test]
    fn history_goes_back_through_renames() {
        let trial = Trial::new();
        trial.commit("a", "x.gpg", "two", "Edit x.");
        trial.git("a", &["mv", "x.gpg", "y.gpg"]);
        trial.git("a", &["commit", "-q", "-m", "moved by hand"]);
        trial.commit("a", "y.gpg", "three", "Edit y.");
        // Encrypted anew on its way: only the subject tells.
        trial.git("a", &["rm", "-q", "y.gpg"]);
        trial.commit("a", "team/y.gpg", "other bytes", "Rename y to team/.");
        let line = |subject: &str, file: &str, held: &str| (subject.to_owned(), file.to_owned(), Some(held.to_owned()));
        let expected = [
            line("Rename y to team/.", "team/y.gpg", "other bytes"),
            line("Edit y.", "y.gpg", "three"),
            line("moved by hand", "y.gpg", "two"),
            line("Edit x.", "x.gpg", "two"),
            line("Add x.", "x.gpg", "one"),
        ];
        assert_eq!(story(&trial, "team/y.gpg"), expected);
        trial.git("a", &["rm", "-q", "team/y.gpg"]);
        trial.git("a", &["commit", "-q", "-m", "Remove."]);
        let gone = story(&trial, "team/y.gpg");
        assert_eq!((gone[0].2.clone(), &gone[1..]), (None, &expected[..]));
        assert!(story(&trial, "never.gpg").is_empty());
        assert_eq!(trial.with("a", |git| git.commits(2)).expect("a log").len(), 2);
        let of_folder = |name: &str| {
            let commits = trial.with("a", |git| git.commits_in(&git.top().join(name), 9)).expect("a log");
            commits.into_iter().map(|commit| commit.subject).collect::<Vec<_>>()
        };
        assert_eq!(of_folder("team"), ["Remove.", "Rename y to team/."]);
        assert_eq!(of_folder("").len(), trial.with("a", |git| git.commit_count()).expect("a count"));
        assert!(of_folder("never").is_empty());
    }

    #[test]
    fn settings_of_the_user_s_do_not_change_the_answer() {
        let trial = Trial::new();
        for setting in
            [["color.ui", "always"], ["log.showRoot", "false"], ["log.showSignature", "true"], ["log.follow", "true"]]
        {
            trial.git("a", &["config", setting[0], setting[1]]);
        }
        trial.put("a", "we ird\n\x1b.gpg", "x");
        trial.commit("a", "other.gpg", "one", "Add other.\x1b[31m");
        assert_eq!(story(&trial, "x.gpg").len(), 1);
        assert_eq!(story(&trial, "we ird\n\x1b.gpg")[0].0, "Add other.\x1b[31m");
    }

    #[test]
    fn no_commit_yet_is_an_empty_history() {
        let trial = Trial::new();
        trial.git("", &["init", "-q", "new"]);
        assert!(trial.with("new", |git| git.commits(9)).expect("a log").is_empty());
    }
}
