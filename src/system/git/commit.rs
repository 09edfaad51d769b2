//! Commits of just the paths touched, after a write, under the store's lock.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{GitError, Repository, answer, is_long, work_tree};
use crate::system::env::Env;

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

/// Those of these paths (as `real_path` gives them) that are not what the last commit holds of them. What git does not
/// know is not among them. One child for each work tree, none where there is no work tree.
pub fn uncommitted(env: &Env, root: &Path, paths: &[PathBuf]) -> Result<Vec<PathBuf>, GitError> {
    let tops: BTreeSet<PathBuf> = paths.iter().filter_map(|path| work_tree(path, root)).collect();
    let mut changed = BTreeSet::new();
    for top in tops {
        changed.extend(Repository { env, root, top }.differing(&["--untracked-files=no"], &[])?);
    }
    Ok(paths.iter().filter(|path| changed.contains(*path)).cloned().collect())
}

/// What is gone from a folder (as `real_path` gives it) but not from the last commit: the commit of its removal failed
/// or was killed. No child where there is no work tree.
pub fn uncommitted_removals(env: &Env, root: &Path, folder: &Path) -> Result<Vec<PathBuf>, GitError> {
    let Some(top) = work_tree(folder, root) else { return Ok(Vec::new()) };
    let changed = Repository { env, root, top }.changed(&[folder])?;
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
            done => done.map(drop),
        }
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
