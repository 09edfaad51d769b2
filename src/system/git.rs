//! Git for a store that is a work tree: add and commit the paths touched, after a write, under the store's lock.
//! Never called on a read; starts no child where there is no `.git`. Never pulls, never pushes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::env::Env;
use super::process::{self, Finished, Limits, ProcessError};
use crate::model::{Problem, text};

/// Limits of one git command. A commit may run hooks, and a pinentry when it is signed.
const LIMITS: Limits = Limits { time: Duration::from_secs(120), stdout: 16 << 20 };

/// How long a lock that another git holds is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(3);

/// Why a change is not committed. The change itself stands.
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
    #[error("git {command} failed: {complaint}")]
    Failed { command: &'static str, top: PathBuf, complaint: String },
}

impl From<GitError> for Problem {
    fn from(error: GitError) -> Problem {
        let problem = Problem::failed("the change is saved but not committed").because(&error);
        match error {
            GitError::Process(ProcessError::Missing { .. }) => problem.hint("install git, or remove the store's .git"),
            GitError::Process(_) => problem,
            GitError::Untrusted { top } => {
                problem.hint(format!("git config --global --add safe.directory {}", text::shell_word(&top)))
            }
            GitError::Locked { lock } => {
                problem.hint(format!("if no git is running any more: rm {}", text::shell_word(&lock)))
            }
            GitError::NoIdentity { top } => {
                let git = format!("git -C {} config", text::shell_word(&top));
                problem.hint(format!("{git} user.name NAME")).hint(format!("{git} user.email ADDRESS"))
            }
            GitError::Failed { top, .. } => {
                problem.hint(format!("see what is left: git -C {} status", text::shell_word(&top)))
            }
        }
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
/// root counts, as for pass (its `GIT_CEILING_DIRECTORIES`, pass:24); a linked folder outside the store may have its own.
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

/// Commits what happened to these paths (as `real_path` gives them) and nothing else, in whichever work tree each lies.
/// Paths without one, ignored paths and unchanged paths make no commit.
pub fn commit(env: &Env, root: &Path, paths: &[PathBuf], subject: &str) -> Result<(), GitError> {
    let mut by_top: BTreeMap<PathBuf, Vec<&Path>> = BTreeMap::new();
    for path in paths {
        if let Some(top) = work_tree(path, root) {
            by_top.entry(top).or_default().push(path);
        }
    }
    for (top, paths) in by_top {
        Repository { env, root, top }.commit(&paths, subject)?;
    }
    Ok(())
}

/// What is gone from a folder (as `real_path` gives it) but not from the last commit: the commit of its removal failed
/// or was killed. No child where there is no work tree.
pub fn uncommitted_removals(env: &Env, root: &Path, folder: &Path) -> Result<Vec<PathBuf>, GitError> {
    let Some(top) = work_tree(folder, root) else { return Ok(Vec::new()) };
    let changed = Repository { env, root, top }.changed(&[folder])?;
    Ok(changed.into_iter().filter(|path| std::fs::symlink_metadata(path).is_err()).collect())
}

struct Repository<'a> {
    env: &'a Env,
    root: &'a Path,
    top: PathBuf,
}

impl Repository<'_> {
    fn commit(&self, paths: &[&Path], subject: &str) -> Result<(), GitError> {
        let (there, gone): (Vec<&Path>, Vec<&Path>) =
            paths.iter().partition(|path| std::fs::symlink_metadata(path).is_ok());
        let added = if there.is_empty() || self.add(&there)? { there } else { Vec::new() };
        let removed = if gone.is_empty() { gone } else { self.remove(&gone)? };
        let changed = [added, removed].concat();
        if changed.is_empty() {
            return Ok(());
        }
        let sign = self.signs_commits()?;
        let mut arguments = vec![OsStr::new("-q"), OsStr::new("-m"), OsStr::new(subject)];
        if sign {
            arguments.push(OsStr::new("-S"));
        }
        match self.git("commit", &arguments, &changed) {
            Err(GitError::Failed { .. }) if self.changed(&changed)?.is_empty() => Ok(()),
            done => done.map(drop),
        }
    }

    /// False when the paths are ignored: then the person does not want them in git.
    fn add(&self, paths: &[&Path]) -> Result<bool, GitError> {
        match self.git("add", &[], paths) {
            Ok(_) => Ok(true),
            // What git knows and could not add, its status shows; what is ignored, it does not.
            Err(GitError::Failed { .. }) if self.changed(paths)?.is_empty() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes paths out of the index. The answer is those that the last commit holds.
    fn remove<'p>(&self, paths: &[&'p Path]) -> Result<Vec<&'p Path>, GitError> {
        self.git("rm", &["-r", "-q", "--cached", "--ignore-unmatch"].map(OsStr::new), paths)?;
        let changed = self.changed(paths)?;
        Ok(paths.iter().copied().filter(|path| changed.iter().any(|changed| changed.starts_with(path))).collect())
    }

    /// What differs from the last commit at or below these paths.
    fn changed(&self, paths: &[&Path]) -> Result<Vec<PathBuf>, GitError> {
        let said = self.git("status", &["--porcelain", "-z", "--no-renames"].map(OsStr::new), paths)?;
        let lines = said.stdout.expose().split(|byte| *byte == 0);
        // Two letters and a blank stand before each name (git-status(1), "Porcelain Format Version 1").
        Ok(lines.filter_map(|line| line.get(3..)).map(|name| self.top.join(OsStr::from_bytes(name))).collect())
    }

    fn signs_commits(&self) -> Result<bool, GitError> {
        let arguments = ["--bool", "--get", "pass.signcommits"].map(OsStr::new);
        let said = self.run("config", &arguments, &[])?;
        Ok(said.stdout.expose().trim_ascii() == b"true")
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
        let mut command = process::command(self.env, "git");
        command.env("GIT_CEILING_DIRECTORIES", self.root.join("..")).env("LC_ALL", "C");
        command.arg("--literal-pathspecs").arg("-C").arg(&self.top).arg(name).args(arguments);
        if !paths.is_empty() {
            command.arg("--").args(paths);
        }
        Ok(process::run(&mut command, b"", LIMITS)?)
    }

    fn failure(&self, command: &'static str, said: &Finished, locked: bool) -> GitError {
        let top = self.top.clone();
        let lock = top.join(".git/index.lock");
        if contains(&said.stderr, b"dubious ownership") {
            GitError::Untrusted { top }
        } else if contains(&said.stderr, b"tell me who you are") {
            GitError::NoIdentity { top }
        } else if locked && lock.exists() {
            GitError::Locked { lock }
        } else {
            GitError::Failed { command, top, complaint: said.complaint() }
        }
    }
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
