//! Commits of just the paths touched, after a write, under the store's lock.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use std::time::Duration;

use super::{GitError, Repository, answer, is_long, work_tree};
use crate::model::text;
use crate::system::env::Env;
use crate::system::process::ProcessError;

/// The hooks that git runs before it has committed, and after (githooks(5)).
const HOOKS_BEFORE: [&str; 3] = ["pre-commit", "prepare-commit-msg", "commit-msg"];
const HOOKS_AFTER: [&str; 3] = ["post-commit", "post-rewrite", "reference-transaction"];

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
        Repository { env, root, top, time: None }.commit(&paths, subject)?;
    }
    Ok(())
}

/// The most paths that a command names; a longer one is nobody's to copy.
const NAMED_MAX: usize = 10;

/// The commands that make up for a `commit` of the same that failed, one a work tree, for a person's shell. Paths that
/// differ in nothing from the last commit are left out, and work trees with too many to name.
pub fn command_for(env: &Env, root: &Path, paths: &[PathBuf], subject: &str) -> Vec<String> {
    let tops: BTreeSet<PathBuf> = paths.iter().filter_map(|path| work_tree(path, root)).collect();
    let command = |top: PathBuf| {
        let own: Vec<&Path> = paths.iter().filter(|path| path.starts_with(&top)).map(PathBuf::as_path).collect();
        let changed = Repository { env, root, top: top.clone(), time: None }.changed(&own).ok()?;
        let words = |paths: &[&PathBuf]| {
            let words = paths.iter().map(|path| text::shell_word(path.strip_prefix(&top).unwrap_or(path)));
            words.collect::<Vec<_>>().join(" ")
        };
        let all: Vec<&PathBuf> = changed.iter().collect();
        let there: Vec<&PathBuf> = changed.iter().filter(|path| std::fs::symlink_metadata(path).is_ok()).collect();
        // To git, a name with these is a pattern.
        let odd = changed.iter().any(|path| path.as_os_str().as_bytes().iter().any(|byte| b"*?[:\\".contains(byte)));
        let git = format!("git{} -C {}", if odd { " --literal-pathspecs" } else { "" }, text::shell_word(&top));
        let add = if there.is_empty() { String::new() } else { format!("{git} add -- {} && ", words(&there)) };
        let subject = text::shell_word(Path::new(subject));
        (!all.is_empty() && all.len() <= NAMED_MAX)
            .then(|| format!("{add}{git} commit -m {subject} -- {}", words(&all)))
    };
    tops.into_iter().filter_map(command).collect()
}

/// Those of these paths (as `real_path` gives them) that are not what the last commit holds of them. What git does not
/// know is not among them. One child for each work tree, none where there is no work tree.
pub fn uncommitted(env: &Env, root: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, GitError> {
    let tops: BTreeSet<PathBuf> = paths.iter().filter_map(|path| work_tree(path, root)).collect();
    let mut changed = BTreeSet::new();
    for top in tops {
        changed.extend(Repository { env, root, top, time: None }.differing(&["--untracked-files=no"], &[])?);
    }
    Ok(paths.iter().filter(|path| changed.contains(*path)).cloned().collect())
}

/// What at or below these paths (as `real_path` gives them) is not what the last commit holds of it, new files and files
/// that are gone among it.
pub fn uncommitted_in(env: &Env, root: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, GitError> {
    let tops: BTreeSet<PathBuf> = paths.iter().filter_map(|path| work_tree(path, root)).collect();
    let mut changed = Vec::new();
    for top in tops {
        let own: Vec<&Path> =
            paths.iter().map(PathBuf::as_path).filter(|path| work_tree(path, root).as_ref() == Some(&top)).collect();
        changed.extend(Repository { env, root, top, time: None }.differing(&["--untracked-files=all"], &own)?);
    }
    Ok(changed)
}

/// What is gone from a folder (as `real_path` gives it) but not from the last commit: the commit of its removal failed
/// or was killed. No child where there is no work tree.
pub fn uncommitted_removals(env: &Env, root: &Path, folder: &Path) -> Result<Vec<PathBuf>, GitError> {
    let Some(top) = work_tree(folder, root) else { return Ok(Vec::new()) };
    let changed = Repository { env, root, top, time: None }.changed(&[folder])?;
    Ok(changed.into_iter().filter(|path| std::fs::symlink_metadata(path).is_err()).collect())
}

impl Repository<'_> {
    fn commit(&self, paths: &[&Path], subject: &str) -> Result<(), GitError> {
        if let Some(operation) = self.operation() {
            // git commits no part of an index in the middle of a merge, and adding a path with a conflict would settle
            // it for this side. The rest will be in the commit that ends it.
            let unmerged = self.unmerged()?;
            let open = |path: &&Path| unmerged.iter().any(|one| one.path.starts_with(path));
            self.stage(&paths.iter().copied().filter(|path| !open(path)).collect::<Vec<_>>())?;
            return Err(GitError::Unfinished { top: self.top.clone(), operation });
        }
        let changed = self.stage(paths)?;
        if changed.is_empty() {
            return Ok(());
        }
        let mut arguments = vec![OsStr::new("-q"), OsStr::new("-m"), OsStr::new(subject)];
        if self.signs_commits()? {
            arguments.push(OsStr::new("-S"));
        }
        match self.git("commit", &arguments, &changed) {
            Err(GitError::Failed { .. }) if self.changed(&changed)?.is_empty() => Ok(()),
            Err(GitError::Process(ProcessError::TimedOut { limit, .. })) => Err(self.unended(&changed, limit)?),
            done => done.map(drop),
        }
    }

    /// What a commit that was stopped had come to.
    fn unended(&self, paths: &[&Path], limit: Duration) -> Result<GitError, GitError> {
        let committed = self.changed(paths)?.is_empty();
        let names = if committed { &HOOKS_AFTER } else { &HOOKS_BEFORE };
        Ok(GitError::Unended { committed, hooks: self.hooks(names)?, seconds: limit.as_secs() })
    }

    /// Puts paths into the index as they are now. The answer is those that may differ from the last commit.
    fn stage<'p>(&self, paths: &[&'p Path]) -> Result<Vec<&'p Path>, GitError> {
        let (there, gone): (Vec<&Path>, Vec<&Path>) =
            paths.iter().partition(|path| std::fs::symlink_metadata(path).is_ok());
        let added = if there.is_empty() || self.add(&there)? { there } else { Vec::new() };
        let removed = if gone.is_empty() { gone } else { self.remove(&gone)? };
        Ok([added, removed].concat())
    }

    /// False when the paths are ignored: then the person does not want them in git.
    pub(super) fn add(&self, paths: &[&Path]) -> Result<bool, GitError> {
        match self.git("add", &[], paths) {
            Ok(_) => Ok(true),
            // What git knows and could not add, its status shows; what is ignored, it does not.
            Err(GitError::Failed { .. }) if self.changed(paths)?.is_empty() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes paths out of the index. The answer is those that the last commit holds.
    pub(super) fn remove<'p>(&self, paths: &[&'p Path]) -> Result<Vec<&'p Path>, GitError> {
        self.git("rm", &["-r", "-q", "--cached", "--ignore-unmatch"].map(OsStr::new), paths)?;
        let changed = self.changed(paths)?;
        Ok(paths.iter().copied().filter(|path| changed.iter().any(|changed| changed.starts_with(path))).collect())
    }

    /// What differs from the last commit at or below these paths.
    fn changed(&self, paths: &[&Path]) -> Result<Vec<PathBuf>, GitError> {
        if !is_long(paths) {
            return self.differing(&[], paths);
        }
        // `git status` takes its paths from the command line only.
        let wanted: BTreeSet<&Path> = paths.iter().copied().collect();
        let mut changed = self.differing(&[], &[])?;
        changed.retain(|path| path.ancestors().any(|around| wanted.contains(around)));
        Ok(changed)
    }

    fn differing(&self, more: &[&str], paths: &[&Path]) -> Result<Vec<PathBuf>, GitError> {
        let arguments = [&["--porcelain", "-z", "--no-renames"], more].concat();
        let arguments: Vec<&OsStr> = arguments.into_iter().map(OsStr::new).collect();
        let said = self.git("status", &arguments, paths)?;
        let lines = answer(&said).split(|byte| *byte == 0);
        // Two letters and a blank stand before each name (git-status(1), "Porcelain Format Version 1").
        Ok(lines.filter_map(|line| line.get(3..)).map(|name| self.top.join(OsStr::from_bytes(name))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::git::trial::Trial;

    fn hook(trial: &Trial, name: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let hook = trial.put("a", &format!(".git/hooks/{name}"), "#!/bin/sh\n");
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        hook
    }

    #[test]
    fn a_commit_that_did_not_end_is_told_by_what_it_came_to() {
        let trial = Trial::new();
        let (before, after) = (hook(&trial, "pre-commit"), hook(&trial, "post-commit"));
        let file = trial.path("a/x.gpg");
        let unended =
            || trial.with("a", |repository| repository.unended(&[&file], Duration::from_secs(9)).expect("told"));
        let told = unended();
        assert!(told.is_after_commit() && told.to_string().contains(after.to_str().expect("text")), "{told}");
        trial.put("a", "x.gpg", "changed");
        let told = unended();
        assert!(!told.is_after_commit() && told.to_string().contains(before.to_str().expect("text")), "{told}");
    }

    #[test]
    fn a_hook_that_refuses_without_a_word_is_no_empty_reason() {
        let trial = Trial::new();
        let refusing = hook(&trial, "pre-commit");
        std::fs::write(refusing, "#!/bin/sh\nexit 3\n").expect("a hook");
        let (root, file) = (trial.path("a"), trial.put("a", "x.gpg", "changed"));
        let refused = commit(trial.env(), &root, &[file], "Edit x.").expect_err("refused");
        assert_eq!(refused.to_string(), "git commit failed: no reason was given (exit status: 1)");
    }

    #[test]
    fn the_command_that_makes_up_for_it_names_what_differs() {
        let trial = Trial::new();
        let (root, paths) = (trial.path("a"), ["x.gpg", "n*w.gpg", "same.gpg"].map(|name| trial.path("a").join(name)));
        trial.commit("a", "same.gpg", "one", "Add same.");
        let commands = |trial: &Trial| command_for(trial.env(), &root, &paths, "It's done.");
        assert!(commands(&trial).is_empty());
        std::fs::remove_file(&paths[0]).expect("removed");
        trial.put("a", "n*w.gpg", "new");
        let git = format!("git --literal-pathspecs -C {}", root.display());
        let expected = format!("{git} add -- 'n*w.gpg' && {git} commit -m 'It'\\''s done.' -- x.gpg 'n*w.gpg'");
        assert_eq!(commands(&trial), [expected]);
    }
}
