//! Both sides of a conflict, as the index keeps them, and the end of a merge or rebase.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{GitError, ObjectId, Operation, Repository, answer};

/// A path with a conflict. A side that has no such file is None.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmerged {
    pub path: PathBuf,
    pub base: Option<ObjectId>,
    /// What this machine's commit holds, in a rebase too, where git itself calls it "theirs" (git-rebase(1)).
    pub ours: Option<ObjectId>,
    /// What the other side's commit holds.
    pub theirs: Option<ObjectId>,
}

/// How a merge or rebase went on after its last conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concluded {
    /// The merge is committed, or the rebase at its end.
    Done,
    /// Another commit of the rebase has conflicts.
    MoreConflicts,
    /// There was none: the settled paths are in the index.
    Nothing,
}

impl Repository<'_> {
    /// Every path with a conflict.
    pub fn unmerged(&self) -> Result<Vec<Unmerged>, GitError> {
        let said = self.git("ls-files", &["-u", "-z", "--full-name"].map(OsStr::new), &[])?;
        let mut found: BTreeMap<&[u8], [Option<ObjectId>; 3]> = BTreeMap::new();
        for line in answer(&said).split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let (path, stage, id) = parse(line).ok_or(GitError::Odd { command: "ls-files" })?;
            found.entry(path).or_default()[stage] = Some(id);
        }
        let swapped = self.operation() == Some(Operation::Rebase);
        let unmerged = found.into_iter().map(|(path, [base, second, third])| {
            let (ours, theirs) = if swapped { (third, second) } else { (second, third) };
            Unmerged { path: self.top.join(OsStr::from_bytes(path)), base, ours, theirs }
        });
        Ok(unmerged.collect())
    }

    /// Tells git that a conflict is settled by what the path holds now, or by its being gone.
    pub fn settle(&self, path: &Path) -> Result<(), GitError> {
        if std::fs::symlink_metadata(path).is_ok() {
            self.git("add", &[OsStr::new("-f")], &[path])?;
        } else {
            self.remove(&[path])?;
        }
        Ok(())
    }

    /// Commits the merge, or goes on with the rebase, with the message that git has prepared.
    pub fn conclude(&self) -> Result<Concluded, GitError> {
        match self.operation() {
            Some(Operation::Merge) => {
                let mut arguments = vec!["-q", "--no-edit", "--cleanup=strip"];
                if self.signs_commits()? {
                    arguments.push("-S");
                }
                let arguments: Vec<&OsStr> = arguments.into_iter().map(OsStr::new).collect();
                self.git("commit", &arguments, &[])?;
                Ok(Concluded::Done)
            }
            Some(Operation::Rebase) => match self.git("rebase", &[OsStr::new("--continue")], &[]) {
                Ok(_) => Ok(Concluded::Done),
                Err(_) if !self.unmerged()?.is_empty() => Ok(Concluded::MoreConflicts),
                Err(error) => Err(error),
            },
            Some(operation @ (Operation::CherryPick | Operation::Revert)) => {
                Err(GitError::Unfinished { top: self.top.clone(), operation })
            }
            None => Ok(Concluded::Nothing),
        }
    }
}

/// `MODE ID STAGE<tab>PATH` (git-ls-files(1), "OUTPUT"), the stage counted from 0.
fn parse(line: &[u8]) -> Option<(&[u8], usize, ObjectId)> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let words: Vec<&[u8]> = line[..tab].split(|byte| *byte == b' ').collect();
    let stage = match *words.get(2)? {
        b"1" => 0,
        b"2" => 1,
        b"3" => 2,
        _ => return None,
    };
    Some((&line[tab + 1..], stage, ObjectId::parse(words.get(1)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::git::trial::{Trial, name};
    use crate::system::git::{Pulled, commit};

    /// Both changed `x`, and `b` met that in a pull.
    fn met(settings: &[[&str; 2]]) -> Trial {
        let trial = Trial::new();
        settings.iter().for_each(|[name, value]| drop(trial.git("b", &["config", name, value])));
        trial.commit("a", "x.gpg", "theirs", "Edit x there.");
        trial.git("a", &["push", "-q"]);
        trial.commit("b", "x.gpg", "ours", "Edit x here.");
        trial.git("b", &["fetch", "-q"]);
        let pulled = trial.with("b", |git| git.take_over(&git.status()?));
        assert_eq!(pulled.expect("pulled"), Pulled::Conflicts);
        trial
    }

    #[test]
    fn both_sides_keep_their_names_in_merge_and_rebase() {
        for settings in [&[][..], &[["pull.rebase", "true"]]] {
            let trial = met(settings);
            trial.with("b", |git| {
                let unmerged = git.unmerged().expect("conflicts");
                let held = |id: &Option<ObjectId>| git.blob(id.as_ref().expect("a side")).expect("a blob");
                let [one] = &unmerged[..] else { panic!("{unmerged:?}") };
                assert_eq!(name(&one.path), "x.gpg");
                assert_eq!([held(&one.base), held(&one.ours), held(&one.theirs)], [&b"one"[..], b"ours", b"theirs"]);
                trial.put("b", "x.gpg", "both");
                git.settle(&one.path).expect("settled");
                assert_eq!(git.conclude().expect("concluded"), Concluded::Done);
                assert!(git.operation().is_none() && git.status().expect("a status").uncommitted.is_empty());
            });
            assert_eq!(trial.git("b", &["show", "HEAD:x.gpg"]), "both");
            let message = trial.git("b", &["log", "-1", "--format=%B"]);
            assert!(!message.contains('#') && !message.contains("Conflicts"), "{message}");
        }
    }

    #[test]
    fn a_write_meanwhile_neither_settles_a_conflict_nor_gets_lost() {
        let trial = met(&[]);
        let root = trial.path("b");
        let paths = [trial.put("b", "x.gpg", "written again"), trial.put("b", "new.gpg", "new")];
        let error = trial.with("b", |git| commit(git.env, &root, &paths, "Add.")).expect_err("in a merge");
        assert!(matches!(error, GitError::Unfinished { operation: Operation::Merge, .. }), "{error}");
        trial.with("b", |git| {
            assert_eq!(git.unmerged().expect("conflicts").len(), 1);
            git.settle(&paths[0]).expect("settled");
            git.conclude().expect("concluded");
        });
        assert_eq!(trial.git("b", &["show", "HEAD:new.gpg"]), "new");
    }

    #[test]
    fn a_removal_is_a_side_too() {
        let trial = Trial::new();
        trial.git("a", &["rm", "-q", "x.gpg"]);
        trial.git("a", &["commit", "-q", "-m", "Remove x."]);
        trial.git("a", &["push", "-q"]);
        trial.commit("b", "x.gpg", "ours", "Edit x.");
        trial.git("b", &["fetch", "-q"]);
        trial.with("b", |git| {
            assert_eq!(git.take_over(&git.status().expect("a status")).expect("pulled"), Pulled::Conflicts);
            let unmerged = git.unmerged().expect("conflicts");
            assert!(unmerged[0].theirs.is_none() && unmerged[0].ours.is_some());
            std::fs::remove_file(&unmerged[0].path).expect("removed");
            git.settle(&unmerged[0].path).expect("settled");
            assert_eq!(git.conclude().expect("concluded"), Concluded::Done);
        });
        assert_eq!(trial.git("b", &["ls-files"]), "");
    }
}
