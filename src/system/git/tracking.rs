//! Whether git has a file at all: asked while looking, so nothing that a repository brings along may be run for it.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use super::Repository;
use crate::system::env::Env;
use crate::system::process::{self, Limits};

/// Limits of a question that nothing waits long for.
const QUICK: Limits = Limits { time: Duration::from_secs(5), stdout: 1 << 20 };

/// Whether git has a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracking {
    /// There is no work tree.
    NoGit,
    /// In the index: committed, or to be with the next commit.
    Tracked,
    Untracked,
    /// There is a work tree, and git is not here or refuses to look at it.
    Unknown,
}

/// Asks for one file (as `real_path` gives it). Only the index is read: nothing that the repository's configuration or
/// attributes name is run, and no content compared.
pub fn tracking(env: &Env, root: &Path, file: &Path) -> Tracking {
    let Some(repository) = Repository::holding(env, root, file) else { return Tracking::NoGit };
    let mut command = repository.command("ls-files", &["-z"].map(OsStr::new), &[file]);
    match process::run(&mut command, b"", QUICK) {
        Ok(said) if said.status.success() && said.stdout.is_empty() => Tracking::Untracked,
        Ok(said) if said.status.success() => Tracking::Tracked,
        _ => Tracking::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::LIMITS;
    use super::*;

    #[test]
    fn a_file_is_tracked_once_it_is_added_and_nothing_of_the_repository_is_run() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = std::fs::canonicalize(dir.path()).expect("a path");
        let env = Env::made_of([("PATH", "/usr/bin:/bin"), ("HOME", "/nonexistent")]);
        let (file, other) = (root.join("x.gpg"), root.join("y.gpg"));
        std::fs::write(&file, "x").expect("a file");
        std::fs::write(&other, "y").expect("a file");
        assert_eq!(tracking(&env, &root, &file), Tracking::NoGit);
        let git = |arguments: &[&str]| {
            let mut git = process::command(&env, "git");
            let said = process::run(git.arg("-C").arg(&root).args(arguments), b"", LIMITS).expect("git");
            assert!(said.status.success(), "{}", said.complaint());
        };
        git(&["init", "-q"]);
        assert_eq!(tracking(&env, &root, &file), Tracking::Untracked);
        git(&["add", "x.gpg"]);
        let trap = root.join("ran");
        let command = format!("touch {}", trap.display());
        for setting in ["core.fsmonitor", "filter.x.clean", "filter.x.process"] {
            git(&["config", setting, &command]);
        }
        std::fs::write(root.join(".gitattributes"), "*.gpg filter=x\n").expect("attributes");
        assert_eq!(tracking(&env, &root, &file), Tracking::Tracked);
        assert_eq!(tracking(&env, &root, &other), Tracking::Untracked);
        assert!(!trap.exists());
        let no_git = Env::made_of([("PATH", "/nonexistent")]);
        assert_eq!(tracking(&no_git, &root, &file), Tracking::Unknown);
    }
}
