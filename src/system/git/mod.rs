//! Git for a store that is a work tree: commits of the paths touched (`commit`), what a file held (`log`), whether git has
//! it at all (`tracking`), the other side (`remote`), both sides of a conflict (`conflict`). Starts no child where there is
//! no `.git`. Decides nothing: which paths, which version, when to pull, is `ops`.

mod commit;
mod conflict;
mod log;
mod remote;
mod tracking;
#[cfg(test)]
mod trial;

pub use commit::{command_for, commit, uncommitted, uncommitted_in, uncommitted_removals};
pub use conflict::{Concluded, Unmerged};
pub use log::{Commit, Held, ObjectId, Revision};
pub use remote::{Access, Pulled, Status, Upstream};
pub use tracking::{Tracking, tracking};

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::env::Env;
use super::process::{self, Finished, Limits, ProcessError};
use crate::model::{Problem, text};

/// Limits of one git command. A commit may run hooks, and a pinentry when it is signed.
const LIMITS: Limits = Limits { time: Duration::from_secs(120), stdout: 64 << 20 };

/// Bytes of paths on one command line; more go through stdin. Linux takes 2 MiB with the environment, others less.
const ARGUMENTS_MAX: usize = 64 << 10;

/// How long a lock that another git holds is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(3);

/// Settings that would change the form of git's answers, or have a program of the repository's choice run for an answer
/// (`core.fsmonitor`, before any command that reads the index).
const PLAIN_ANSWERS: [&str; 4] =
    ["log.showRoot=true", "log.showSignature=false", "i18n.logOutputEncoding=UTF-8", "core.fsmonitor=false"];

/// What git stopped in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Merge,
    Rebase,
    CherryPick,
    Revert,
}

impl Operation {
    /// As git's own command for it is called.
    pub fn command(self) -> &'static str {
        match self {
            Operation::Merge => "merge",
            Operation::Rebase => "rebase",
            Operation::CherryPick => "cherry-pick",
            Operation::Revert => "revert",
        }
    }
}

/// Why git could not do something.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("git does not trust the repository: another user owns it")]
    Untrusted { top: PathBuf },
    #[error("another git holds the lock {}", text::quoted_path(.lock))]
    Locked { lock: PathBuf },
    #[error("git does not know who commits")]
    NoIdentity { top: PathBuf },
    /// `key` is git's setting `user.signingkey`, `setting` the one that wants signatures.
    #[error("git cannot sign the commit: {complaint}")]
    Unsigned { top: PathBuf, key: Option<String>, setting: &'static str, complaint: String },
    #[error("a {} is not finished in {}", .operation.command(), text::quoted_path(.top))]
    Unfinished { top: PathBuf, operation: Operation },
    #[error("the remote {} does not let us in: {complaint}", text::quoted(.remote))]
    Denied { top: PathBuf, remote: String, complaint: String },
    #[error("both sides have commits of their own, and git is set up to refuse that (pull.ff = only)")]
    Diverged { top: PathBuf },
    #[error("files that are not committed are in the way: {complaint}")]
    InTheWay { top: PathBuf, complaint: String },
    #[error("the remote got new commits meanwhile")]
    Overtaken,
    #[error("git {command} failed: {complaint}")]
    Failed { command: &'static str, top: PathBuf, complaint: String },
    /// `hooks`: those that git may have waited for.
    #[error("git commit did not end within {seconds} seconds and was stopped{}", while_running(.hooks))]
    Unended { committed: bool, hooks: Vec<PathBuf>, seconds: u64 },
    #[error("git {command} gave an answer that is not understood")]
    Odd { command: &'static str },
}

impl From<GitError> for Problem {
    fn from(error: GitError) -> Problem {
        let hints = hints(&error);
        let problem = match error {
            GitError::Process(error) => error.into(),
            error => Problem::failed(error.to_string()),
        };
        hints.into_iter().fold(problem, Problem::hint)
    }
}

impl GitError {
    /// True when the commit was made all the same.
    pub fn is_after_commit(&self) -> bool {
        matches!(self, GitError::Unended { committed: true, .. })
    }

    /// The problem with this error as its cause.
    pub fn during(self, message: impl Into<String>) -> Problem {
        let mut problem = Problem::from(self);
        problem.causes.insert(0, std::mem::replace(&mut problem.message, message.into()));
        problem
    }
}

fn while_running(hooks: &[PathBuf]) -> String {
    match hooks {
        [] => String::new(),
        hooks => {
            let hooks: Vec<String> = hooks.iter().map(|hook| text::quoted_path(hook)).collect();
            format!(", perhaps in its hook {}", hooks.join(" or "))
        }
    }
}

fn hints(error: &GitError) -> Vec<String> {
    let git = |top: &Path, rest: &str| format!("git -C {} {rest}", text::shell_word(top));
    match error {
        GitError::Process(ProcessError::Missing { .. }) => vec!["install git, or remove the store's .git".to_owned()],
        GitError::Process(_) | GitError::Odd { .. } | GitError::Unended { .. } => Vec::new(),
        GitError::Untrusted { top } => {
            vec![format!("git config --global --add safe.directory {}", text::shell_word(top))]
        }
        GitError::Locked { lock } => vec![format!("if no git is running any more: rm {}", text::shell_word(lock))],
        GitError::NoIdentity { top } => {
            vec![format!("set user.name and user.email: {}", git(top, "config --edit"))]
        }
        GitError::Unsigned { top, key, setting, .. } => {
            let user = key.as_ref().map(|key| format!(" --local-user {}", text::shell_word(key.as_ref())));
            vec![
                format!("see why gpg cannot sign: echo | gpg --clearsign{}", user.unwrap_or_default()),
                format!("or leave commits unsigned: {}", git(top, &format!("config {setting} false"))),
            ]
        }
        GitError::Unfinished { top, operation } => vec![
            "see what is left: regpass conflicts".to_owned(),
            format!("or call it off: {}", git(top, &format!("{} --abort", operation.command()))),
        ],
        GitError::Denied { top, remote, .. } => {
            vec![format!(
                "log in where git can ask: {}",
                git(top, &format!("fetch {}", text::shell_word(Path::new(remote))))
            )]
        }
        GitError::Diverged { top } => vec![format!("let git merge: {}", git(top, "config pull.ff false"))],
        GitError::InTheWay { top, .. } => vec![format!("see them: {}", git(top, "status --ignored"))],
        GitError::Overtaken => vec!["try again: regpass sync".to_owned()],
        // Nothing of that is left here.
        GitError::Failed { command: "fetch" | "push", top, .. } => {
            vec![format!("see where it goes: {}", git(top, "remote -v"))]
        }
        GitError::Failed { top, .. } => vec![format!("see what is left: {}", git(top, "status"))],
    }
}

/// A path as git knows it: links among the folders on the way are resolved, a link in the last place is not. Ask before
/// removing, because folders that are gone cannot be resolved.
pub fn real_path(path: &Path) -> PathBuf {
    let parent = path.parent().unwrap_or(Path::new("/"));
    for folder in parent.ancestors() {
        if let (Ok(real), Ok(rest)) = (std::fs::canonicalize(folder), path.strip_prefix(folder)) {
            return real.join(rest);
        }
    }
    path.to_owned()
}

/// The top of the work tree that holds a path (as `real_path` gives it), or would hold it. Nothing around the store's
/// root counts, as for pass (1.7.4, `GIT_CEILING_DIRECTORIES`); a linked folder outside the store may have its own.
pub fn work_tree(path: &Path, root: &Path) -> Option<PathBuf> {
    let root = std::fs::canonicalize(root).ok()?;
    let mut folder = path.parent()?;
    while !folder.is_dir() {
        folder = folder.parent()?;
    }
    loop {
        if folder.join(".git").exists() {
            return Some(folder.to_owned());
        }
        if folder == root {
            return None;
        }
        folder = folder.parent()?;
    }
}

/// One work tree and its repository.
pub struct Repository<'a> {
    env: &'a Env,
    root: &'a Path,
    top: PathBuf,
    /// None: as long as a commit may take.
    time: Option<Duration>,
}

impl<'a> Repository<'a> {
    /// The one that holds a path (as `real_path` gives it); None when none does.
    pub fn holding(env: &'a Env, root: &'a Path, path: &Path) -> Option<Repository<'a>> {
        work_tree(path, root).map(|top| Repository { env, root, top, time: None })
    }

    /// The store's own; None when its root is no work tree.
    pub fn of_store(env: &'a Env, root: &'a Path) -> Option<Repository<'a>> {
        Repository::holding(env, root, &std::fs::canonicalize(root).ok()?.join(".gpg-id"))
    }

    /// For those who only look: each command in so much time, and without writing what git learned on the way.
    pub fn within(self, time: Duration) -> Repository<'a> {
        Repository { time: Some(time), ..self }
    }

    pub fn top(&self) -> &Path {
        &self.top
    }

    /// What git stopped in the middle of (gitrepository-layout(5); builtin/rebase.c for its two folders). No child.
    pub fn operation(&self) -> Option<Operation> {
        let folder = self.git_folder();
        let marks = [
            ("rebase-merge", Operation::Rebase),
            ("rebase-apply", Operation::Rebase),
            ("MERGE_HEAD", Operation::Merge),
            ("CHERRY_PICK_HEAD", Operation::CherryPick),
            ("REVERT_HEAD", Operation::Revert),
        ];
        marks.into_iter().find(|(mark, _)| folder.join(mark).exists()).map(|(_, operation)| operation)
    }

    /// `.git`, or where it points when it is a file (gitrepository-layout(5)).
    fn git_folder(&self) -> PathBuf {
        let git = self.top.join(".git");
        let pointed = super::files::read_bounded(&git, 4096).ok();
        let pointed = pointed.as_deref().and_then(|text| text.strip_prefix(b"gitdir: ")).map(<[u8]>::trim_ascii_end);
        pointed.map_or(git, |path| self.top.join(std::os::unix::ffi::OsStrExt::from_bytes(path) as &OsStr))
    }

    /// The programs among these that git runs (githooks(5)).
    fn hooks(&self, names: &[&str]) -> Result<Vec<PathBuf>, GitError> {
        let said = self.git("rev-parse", &["--git-path", "hooks"].map(OsStr::new), &[])?;
        let folder: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(answer(&said).trim_ascii_end());
        let folder = self.top.join(folder);
        Ok(names.iter().map(|name| folder.join(name)).filter(|hook| super::env::is_program(hook)).collect())
    }

    /// True when commits are to be signed, as pass does it.
    fn signs_commits(&self) -> Result<bool, GitError> {
        Ok(self.setting("pass.signcommits", &["--bool"])?.as_deref() == Some("true"))
    }

    /// A setting; None when it is not set, or not as the flags want it.
    fn setting(&self, name: &str, flags: &[&str]) -> Result<Option<String>, GitError> {
        let arguments: Vec<&OsStr> = flags.iter().copied().chain(["--get", name]).map(OsStr::new).collect();
        let said = self.run("config", &arguments, &[])?;
        let value = String::from_utf8_lossy(answer(&said).trim_ascii()).into_owned();
        Ok(Some(value).filter(|value| said.status.success() && !value.is_empty()))
    }

    /// Runs a command that must succeed, again and again while another git holds a lock.
    fn git(&self, command: &'static str, arguments: &[&OsStr], paths: &[&Path]) -> Result<Finished, GitError> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(10);
        loop {
            let said = self.run(command, arguments, paths)?;
            if said.status.success() {
                return Ok(said);
            }
            let locked = contains(&said.stderr, b".lock'") || contains(&said.stderr, b"cannot lock ref");
            if !locked || start.elapsed() >= LOCK_WAIT {
                return Err(self.failure(command, &said, locked));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    fn run(&self, name: &'static str, arguments: &[&OsStr], paths: &[&Path]) -> Result<Finished, GitError> {
        if !is_long(paths) {
            return Ok(process::run(&mut self.command(name, arguments, paths), b"", self.limits())?);
        }
        let from_stdin = ["--pathspec-from-file=-", "--pathspec-file-nul"].map(OsStr::new);
        let mut command = self.command(name, &[arguments, &from_stdin].concat(), &[]);
        let lines = paths.iter().flat_map(|path| [path.as_os_str().as_encoded_bytes(), b"\0"]);
        Ok(process::run(&mut command, &lines.collect::<Vec<_>>().concat(), self.limits())?)
    }

    fn limits(&self) -> Limits {
        Limits { time: self.time.unwrap_or(LIMITS.time), ..LIMITS }
    }

    fn command(&self, name: &'static str, arguments: &[&OsStr], paths: &[&Path]) -> Command {
        let mut command = process::command(self.env, "git");
        command.env("GIT_CEILING_DIRECTORIES", self.root.join("..")).env("LC_ALL", "C").env("GIT_EDITOR", "true");
        if self.time.is_some() {
            command.env("GIT_OPTIONAL_LOCKS", "0");
        }
        command.args(PLAIN_ANSWERS.iter().flat_map(|setting| ["-c", setting]));
        command.arg("--literal-pathspecs").arg("-C").arg(&self.top).arg(name).args(arguments);
        if !paths.is_empty() {
            command.arg("--").args(paths);
        }
        command
    }

    fn failure(&self, command: &'static str, said: &Finished, locked: bool) -> GitError {
        let top = self.top.clone();
        let lock = self.git_folder().join("index.lock");
        if contains(&said.stderr, b"dubious ownership") {
            GitError::Untrusted { top }
        } else if contains(&said.stderr, b"tell me who you are") {
            GitError::NoIdentity { top }
        } else if locked && lock.exists() {
            GitError::Locked { lock }
        } else if contains(&said.stderr, b"failed to sign") {
            let setting = if self.signs_commits().unwrap_or(false) { "pass.signcommits" } else { "commit.gpgsign" };
            let key = self.setting("user.signingkey", &[]).ok().flatten();
            GitError::Unsigned { top, key, setting, complaint: complaint(said) }
        } else if contains(&said.stderr, b"would be overwritten by") {
            GitError::InTheWay { top, complaint: complaint(said) }
        } else {
            GitError::Failed { command, top, complaint: complaint(said) }
        }
    }
}

/// What git answered: names, commits, ciphertext; no secret.
fn answer(said: &Finished) -> &[u8] {
    said.stdout.expose()
}

/// What went wrong, in gpg's words where gpg failed and git repeats them, else in git's: its first line that is neither
/// advice nor progress nor a warning. Escaped, and without what may be a password in an address.
fn complaint(said: &Finished) -> String {
    let lines = || said.stderr.split(|byte| matches!(byte, b'\n' | b'\r')).map(<[u8]>::trim_ascii);
    let beside = |line: &&[u8]| {
        [&b"hint:"[..], b"warning:", b"remote:", b"From ", b"To "].iter().any(|front| line.starts_with(front))
    };
    let is_error = |line: &&[u8]| {
        [&b"fatal:"[..], b"error:"].iter().any(|front| line.starts_with(front)) || contains(line, b"denied")
    };
    let of_gpg = lines().rfind(|line| line.starts_with(b"gpg: "));
    let line =
        of_gpg.or_else(|| lines().find(is_error)).or_else(|| lines().find(|line| !line.is_empty() && !beside(line)));
    match line {
        Some(line) => without_passwords(&text::escaped(line)),
        // As a hook that refuses may leave it.
        None => format!("no reason was given ({})", said.status),
    }
}

/// The text with the user part of every address masked.
fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut safe = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c == '/' || c == '\'' || c.is_whitespace()).unwrap_or(part.len());
        let host = part[..end].rfind('@').map_or(0, |at| at + 1);
        safe.push_str(if host > 0 { "://***@" } else { "://" });
        safe.push_str(&part[host..]);
    }
    safe
}

/// True for more than a command line should carry.
fn is_long(paths: &[&Path]) -> bool {
    paths.iter().map(|path| path.as_os_str().len() + 1).sum::<usize>() > ARGUMENTS_MAX
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_tree_is_looked_for_up_to_the_root() {
        let dir = tempfile::tempdir().expect("a folder");
        let base = std::fs::canonicalize(dir.path()).expect("a path");
        let root = base.join("store");
        std::fs::create_dir_all(root.join("a/b")).expect("folders");
        std::fs::create_dir(base.join(".git")).expect("a repository around the store");
        assert_eq!(work_tree(&root.join("a/b/x.gpg"), &root), None);
        std::fs::create_dir(root.join(".git")).expect("a repository");
        assert_eq!(work_tree(&root.join("a/b/x.gpg"), &root), Some(root.clone()));
        assert_eq!(work_tree(&root.join("gone/b/x.gpg"), &root), Some(root.clone()));
        std::fs::write(root.join("a/.git"), "gitdir: elsewhere").expect("a nested work tree");
        assert_eq!(work_tree(&root.join("a/b/x.gpg"), &root), Some(root.join("a")));
        assert_eq!(work_tree(&base.join("none/x.gpg"), &base.join("none")), None);
    }

    #[test]
    fn real_paths_resolve_folders_but_not_the_last_link() {
        let dir = tempfile::tempdir().expect("a folder");
        let base = std::fs::canonicalize(dir.path()).expect("a path");
        std::fs::create_dir(base.join("real")).expect("a folder");
        std::os::unix::fs::symlink("real", base.join("link")).expect("a link");
        std::os::unix::fs::symlink("x", base.join("real/y")).expect("a link");
        assert_eq!(real_path(&base.join("link/y")), base.join("real/y"));
        assert_eq!(real_path(&base.join("link/gone/z")), base.join("real/gone/z"));
    }

    #[test]
    fn addresses_are_told_without_passwords() {
        for (said, told) in [
            (
                "fatal: unable to access 'https://u:p@h.test/x': no",
                "fatal: unable to access 'https://***@h.test/x': no",
            ),
            ("ssh://git@h.test and a@b", "ssh://***@h.test and a@b"),
            ("https://h.test/x@y", "https://h.test/x@y"),
        ] {
            assert_eq!(without_passwords(said), told);
        }
    }

    #[test]
    fn what_failed_on_the_way_to_a_remote_left_nothing_here() {
        let hints = |command| {
            let complaint = "could not resolve host".to_owned();
            Problem::from(GitError::Failed { command, top: PathBuf::from("/s"), complaint }).hints
        };
        assert_eq!(hints("fetch"), ["see where it goes: git -C /s remote -v"]);
        assert_eq!(hints("push"), hints("fetch"));
        assert_eq!(hints("merge"), ["see what is left: git -C /s status"]);
    }

    #[test]
    fn no_repository_no_child() {
        let dir = tempfile::tempdir().expect("a folder");
        let env = Env::made_of([("PATH", "/nonexistent")]);
        let file = dir.path().join("x.gpg");
        assert!(commit(&env, dir.path(), std::slice::from_ref(&file), "x").is_ok());
        std::fs::create_dir(dir.path().join(".git")).expect("a repository");
        std::fs::write(&file, b"x").expect("a file");
        let error = commit(&env, dir.path(), &[real_path(&file)], "x").expect_err("no git");
        assert!(matches!(error, GitError::Process(ProcessError::Missing { .. })), "{error}");
    }
}
