//! The other side: where a branch stands, fetch, take over, push. git asks for nothing on the terminal unless that is
//! allowed, and a transfer has an end.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{GitError, LIMITS, ObjectId, Operation, Repository, answer, complaint, contains};
use crate::model::text;
use crate::system::process::{self, Finished, Limits, Manner};

/// How long one transfer may take, in seconds: a store is small, a line may be slow.
const TRANSFER: Duration = Duration::from_secs(300);

/// Where a work tree stands.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// None when no branch is checked out.
    pub branch: Option<String>,
    /// None before the first commit.
    pub head: Option<ObjectId>,
    pub upstream: Option<Upstream>,
    /// Commits that the upstream has not, and that we have not; None when the upstream has no such branch yet, or never was
    /// asked.
    pub ahead_behind: Option<(usize, usize)>,
    /// Changed, added or removed and not committed; conflicts are not among them.
    pub uncommitted: Vec<PathBuf>,
    pub unmerged: usize,
    pub operation: Option<Operation>,
}

/// The branch of a remote that ours goes with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub remote: String,
    /// Its full name there: `refs/heads/main`.
    pub reference: String,
    /// Where git keeps what was last seen of it: `refs/remotes/origin/main`.
    pub tracking: String,
}

/// How a transfer may behave.
pub struct Access<'a> {
    /// git and ssh may ask on our terminal.
    pub may_ask: bool,
    /// Hears git's progress line by line (foreign text); false calls the transfer off.
    pub report: &'a mut dyn FnMut(&str) -> bool,
}

/// What taking over the upstream's commits did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled {
    UpToDate,
    FastForwarded,
    Merged,
    Rebased,
    /// It stopped at conflicts; `Repository::unmerged` names them.
    Conflicts,
}

impl Repository<'_> {
    /// True when the configuration names a remote, whether or not a branch goes with it.
    pub fn has_remote(&self) -> bool {
        self.git("remote", &[], &[]).is_ok_and(|said| !answer(&said).trim_ascii().is_empty())
    }

    pub fn status(&self) -> Result<Status, GitError> {
        let arguments = ["--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=all"];
        let said = self.git("status", &arguments.map(OsStr::new), &[])?;
        let mut status = Status { operation: self.operation(), ..Status::default() };
        for line in answer(&said).split(|byte| *byte == 0) {
            self.read_status(line, &mut status);
        }
        if let Some(branch) = &status.branch {
            status.upstream = self.upstream(branch)?;
        }
        if let Some(upstream) = &status.upstream {
            status.ahead_behind = self.ahead_behind(status.head.is_some(), upstream)?;
        }
        Ok(status)
    }

    /// One line of git-status(1), "Porcelain Format Version 2".
    fn read_status(&self, line: &[u8], status: &mut Status) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if let Some(head) = line.strip_prefix(b"# branch.oid ") {
            status.head = ObjectId::parse(head);
        } else if let Some(name) = line.strip_prefix(b"# branch.head ") {
            status.branch = Some(text(name)).filter(|name| name != "(detached)");
        } else if line.starts_with(b"u ") {
            status.unmerged += 1;
        } else {
            // The name is all that follows the eighth blank of a changed path, the first of an untracked one.
            let fields = match line.first() {
                Some(b'1') => 9,
                Some(b'?') => 2,
                _ => return,
            };
            let name = line.splitn(fields, |byte| *byte == b' ').nth(fields - 1).unwrap_or_default();
            status.uncommitted.push(self.top.join(OsStr::from_bytes(name)));
        }
    }

    /// What the configuration names, else the same branch of the only remote, which is what gopass goes by.
    fn upstream(&self, branch: &str) -> Result<Option<Upstream>, GitError> {
        let local = format!("refs/heads/{branch}");
        let format = "--format=%(upstream)%00%(upstream:remotename)%00%(upstream:remoteref)";
        let said = self.git("for-each-ref", &[format, &local].map(OsStr::new), &[])?;
        let text = String::from_utf8_lossy(answer(&said)).into_owned();
        let fields: Vec<&str> = text.trim_end_matches('\n').split('\0').collect();
        if let [tracking, remote, reference] = fields[..]
            && ![tracking, remote, reference].contains(&"")
        {
            let [remote, reference, tracking] = [remote, reference, tracking].map(str::to_owned);
            return Ok(Some(Upstream { remote, reference, tracking }));
        }
        let said = self.git("remote", &[], &[])?;
        let text = String::from_utf8_lossy(answer(&said)).into_owned();
        let mut remotes = text.lines();
        let only = remotes.next().filter(|name| remotes.next().is_none() && !name.starts_with('-'));
        Ok(only.map(|remote| Upstream {
            remote: remote.to_owned(),
            reference: local,
            tracking: format!("refs/remotes/{remote}/{branch}"),
        }))
    }

    fn ahead_behind(&self, has_head: bool, upstream: &Upstream) -> Result<Option<(usize, usize)>, GitError> {
        let known = self.run("rev-parse", &["-q", "--verify", &upstream.tracking].map(OsStr::new), &[])?;
        if !known.status.success() {
            return Ok(None);
        }
        let range = if has_head { format!("HEAD...{}", upstream.tracking) } else { upstream.tracking.clone() };
        let said = self.git("rev-list", &["--left-right", "--count", &range].map(OsStr::new), &[])?;
        let counts: Vec<usize> =
            String::from_utf8_lossy(answer(&said)).split_whitespace().filter_map(|count| count.parse().ok()).collect();
        match counts[..] {
            [ahead, behind] if has_head => Ok(Some((ahead, behind))),
            [first, second] => Ok(Some((0, first.max(second)))),
            [behind] => Ok(Some((0, behind))),
            _ => Err(GitError::Odd { command: "rev-list" }),
        }
    }

    /// Learns what the remote has. Touches no file of the work tree.
    pub fn fetch(&self, upstream: &Upstream, access: &mut Access<'_>) -> Result<(), GitError> {
        let arguments = ["--progress", "--no-recurse-submodules", &upstream.remote];
        let said = self.transfer("fetch", &arguments, access)?;
        if said.status.success() { Ok(()) } else { Err(self.transfer_failure("fetch", upstream, &said)) }
    }

    /// Sends our commits.
    pub fn push(&self, upstream: &Upstream, access: &mut Access<'_>) -> Result<(), GitError> {
        let target = format!("HEAD:{}", upstream.reference);
        let said = self.transfer("push", &["--progress", &upstream.remote, &target], access)?;
        match said.status.success() {
            true => Ok(()),
            false if contains(&said.stderr, b"(fetch first)") || contains(&said.stderr, b"(non-fast-forward)") => {
                Err(GitError::Overtaken)
            }
            false => Err(self.transfer_failure("push", upstream, &said)),
        }
    }

    fn transfer(&self, name: &'static str, arguments: &[&str], access: &mut Access<'_>) -> Result<Finished, GitError> {
        let arguments: Vec<&OsStr> = arguments.iter().copied().map(OsStr::new).collect();
        let mut command = self.command(name, &arguments, &[]);
        if !access.may_ask {
            self.silence(&mut command)?;
        }
        let mut line = Vec::new();
        let mut watch = |piece: &[u8]| {
            line.extend_from_slice(piece);
            let Some(end) = line.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) else {
                return (access.report)("");
            };
            let whole: Vec<u8> = line.drain(..=end).collect();
            let last = whole[..end].rsplit(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
            (access.report)(String::from_utf8_lossy(last).trim())
        };
        let manner = Manner { on_our_terminal: access.may_ask, watch: &mut watch };
        Ok(process::run_watched(&mut command, b"", Limits { time: TRANSFER, ..LIMITS }, manner)?)
    }

    /// Nobody is asked: not by git, not by ssh as it is configured, not by a credential manager.
    fn silence(&self, command: &mut Command) -> Result<(), GitError> {
        command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never");
        // `GIT_SSH` names a program that may be no ssh and take no options.
        if self.env.var("GIT_SSH").is_some() && self.env.var("GIT_SSH_COMMAND").is_none() {
            return Ok(());
        }
        let mut ssh = match self.env.var("GIT_SSH_COMMAND") {
            Some(own) => own.to_owned(),
            None => OsString::from(self.setting("core.sshCommand", &[])?.unwrap_or_else(|| "ssh".to_owned())),
        };
        ssh.push(" -o BatchMode=yes");
        command.env("GIT_SSH_COMMAND", ssh);
        Ok(())
    }

    fn transfer_failure(&self, command: &'static str, upstream: &Upstream, said: &Finished) -> GitError {
        let refusals: [&[u8]; 6] = [
            b"Permission denied",
            b"Authentication failed",
            b"terminal prompts disabled",
            b"could not read Username",
            b"could not read Password",
            b"Host key verification failed",
        ];
        if refusals.iter().any(|words| contains(&said.stderr, words)) {
            let (top, remote) = (self.top.clone(), upstream.remote.clone());
            return GitError::Denied { top, remote, complaint: complaint(said) };
        }
        self.failure(command, said, false)
    }

    /// Fails when the upstream has new files where ignored ones lie here: git would overwrite those without a word
    /// (git-merge(1), `--overwrite-ignore`), and nobody else has them.
    fn spare_ignored(&self, tracking: &str) -> Result<(), GitError> {
        let arguments = ["-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", "HEAD", tracking];
        let said = self.git("diff-tree", &arguments.map(OsStr::new), &[])?;
        let paths = |said: &'_ Finished| -> Vec<PathBuf> {
            let names = answer(said).split(|byte| *byte == 0).filter(|name| !name.is_empty());
            names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect()
        };
        let added = paths(&said);
        if added.is_empty() {
            return Ok(());
        }
        let said = self.git("ls-files", &["-o", "-i", "-z", "--exclude-standard"].map(OsStr::new), &[])?;
        let mut ignored = paths(&said);
        // A file in a folder's place takes all that is in it along.
        ignored.retain(|here| added.iter().any(|new| here.starts_with(new) || new.starts_with(here)));
        match ignored.first() {
            None => Ok(()),
            Some(first) => {
                let complaint =
                    format!("{}, which git ignores here, is on the other side too", text::quoted_path(first));
                Err(GitError::InTheWay { top: self.top.clone(), complaint })
            }
        }
    }

    /// Takes over the upstream's commits: forward where we have none of our own, else by rebase or merge as `pull.rebase`
    /// and `pull.ff` say, by merge where they say nothing. What fails for another reason than conflicts is undone.
    pub fn take_over(&self, status: &Status) -> Result<Pulled, GitError> {
        let Some((ahead, behind)) = status.ahead_behind else { return Ok(Pulled::UpToDate) };
        let Some(upstream) = status.upstream.as_ref().filter(|_| behind > 0) else { return Ok(Pulled::UpToDate) };
        if status.head.is_some() {
            self.spare_ignored(&upstream.tracking)?;
        }
        if ahead == 0 {
            self.git("merge", &["-q", "--ff-only", &upstream.tracking].map(OsStr::new), &[])?;
            return Ok(Pulled::FastForwarded);
        }
        let rebase = match &status.branch {
            Some(branch) => self.setting(&format!("branch.{branch}.rebase"), &[])?,
            None => None,
        };
        let rebase = match rebase {
            Some(rebase) => Some(rebase),
            None => self.setting("pull.rebase", &[])?,
        };
        let sign = self.signs_commits()?;
        let short = upstream.tracking.strip_prefix("refs/remotes/").unwrap_or(&upstream.tracking);
        let subject = format!("Merge remote-tracking branch '{short}'");
        let (command, mut arguments, done) = match rebase.as_deref() {
            Some("true" | "yes" | "on" | "1" | "interactive" | "i") => ("rebase", vec!["-q"], Pulled::Rebased),
            Some("merges" | "m") => ("rebase", vec!["-q", "--rebase-merges"], Pulled::Rebased),
            None if self.setting("pull.ff", &[])?.as_deref() == Some("only") => {
                return Err(GitError::Diverged { top: self.top.clone() });
            }
            // As git says it of the short name, which could mean a branch of ours instead.
            _ => ("merge", vec!["-q", "-m", &subject], Pulled::Merged),
        };
        if sign {
            arguments.push("-S");
        }
        arguments.push(&upstream.tracking);
        let arguments: Vec<&OsStr> = arguments.into_iter().map(OsStr::new).collect();
        match self.git(command, &arguments, &[]) {
            Ok(_) => Ok(done),
            Err(error) if self.operation().is_none() => Err(error),
            Err(_) if !self.unmerged()?.is_empty() => Ok(Pulled::Conflicts),
            Err(error) => {
                self.git(command, &[OsStr::new("--abort")], &[])?;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::git::trial::{Trial, name, quietly};
    use crate::system::process::ProcessError;

    /// Fetches, then takes over.
    fn pull(trial: &Trial, folder: &str) -> Result<Pulled, GitError> {
        trial.with(folder, |git| {
            let upstream = git.status()?.upstream.expect("an upstream");
            quietly(|access| git.fetch(&upstream, access))?;
            git.take_over(&git.status()?)
        })
    }

    fn push(trial: &Trial, folder: &str) -> Result<(), GitError> {
        trial.with(folder, |git| {
            let upstream = git.status()?.upstream.expect("an upstream");
            quietly(|access| git.push(&upstream, access))
        })
    }

    #[test]
    fn where_a_branch_stands() {
        let trial = Trial::new();
        trial.commit("b", "b.gpg", "b", "Add b.");
        push(&trial, "b").expect("pushed");
        trial.commit("a", "a.gpg", "a", "Add a.");
        trial.put("a", "we ird\n.gpg", "new");
        trial.put("a", "x.gpg", "changed");
        let upstream = trial.with("a", |git| git.status()).expect("a status").upstream.expect("an upstream");
        assert_eq!(upstream.tracking, "refs/remotes/origin/main");
        trial.with("a", |git| quietly(|access| git.fetch(&upstream, access))).expect("fetched");
        let status = trial.with("a", |git| git.status()).expect("a status");
        assert_eq!((status.branch.as_deref(), status.ahead_behind), (Some("main"), Some((1, 1))));
        assert_eq!(status.uncommitted.iter().map(|path| name(path)).collect::<Vec<_>>(), ["x.gpg", "we ird\n.gpg"]);
        assert_eq!((status.unmerged, status.operation), (0, None));
        trial.git("a", &["checkout", "-q", "--detach"]);
        let status = trial.with("a", |git| git.status()).expect("a status");
        assert_eq!((status.branch, status.upstream), (None, None));
    }

    #[test]
    fn the_only_remote_is_the_upstream_and_of_several_none() {
        let trial = Trial::new();
        trial.git("", &["init", "-q", "-b", "main", "new"]);
        let upstream = || trial.with("new", |git| git.status()).expect("a status").upstream;
        assert_eq!(upstream(), None);
        trial.git("new", &["remote", "add", "hub", "../hub"]);
        assert_eq!(upstream().expect("the only one").remote, "hub");
        // A repository without a commit takes over all there is.
        assert_eq!(pull(&trial, "new").expect("pulled"), Pulled::FastForwarded);
        assert_eq!(trial.read("new", "x.gpg"), "one");
        trial.git("new", &["remote", "add", "other", "../hub"]);
        assert_eq!(upstream(), None);
    }

    #[test]
    fn pulls_forward_by_merge_and_as_configured() {
        for (settings, done) in [
            (&[][..], Pulled::Merged),
            (&[["pull.rebase", "true"]], Pulled::Rebased),
            (&[["pull.rebase", "false"], ["pull.ff", "only"]], Pulled::Merged),
            (&[["pull.rebase", "true"], ["branch.main.rebase", "false"]], Pulled::Merged),
        ] {
            let trial = Trial::new();
            settings.iter().for_each(|[name, value]| drop(trial.git("b", &["config", name, value])));
            assert_eq!(pull(&trial, "b").expect("nothing"), Pulled::UpToDate);
            trial.commit("a", "a.gpg", "a", "Add a.");
            push(&trial, "a").expect("pushed");
            assert_eq!(pull(&trial, "b").expect("forward"), Pulled::FastForwarded);
            trial.commit("a", "a.gpg", "aa", "Edit a.");
            push(&trial, "a").expect("pushed");
            trial.commit("b", "b.gpg", "b", "Add b.");
            assert!(matches!(push(&trial, "b"), Err(GitError::Overtaken)));
            assert_eq!(pull(&trial, "b").expect("both"), done, "{settings:?}");
            assert_eq!((trial.read("b", "a.gpg"), trial.read("b", "b.gpg")), ("aa".into(), "b".into()));
            push(&trial, "b").expect("pushed");
        }
    }

    #[test]
    fn what_cannot_be_taken_over_leaves_nothing_half_done() {
        let trial = Trial::new();
        trial.commit("a", "x.gpg", "a's", "Edit x.");
        push(&trial, "a").expect("pushed");
        trial.put("b", "x.gpg", "not committed");
        assert!(matches!(pull(&trial, "b"), Err(GitError::InTheWay { .. })));
        assert_eq!(trial.read("b", "x.gpg"), "not committed");
        trial.git("b", &["checkout", "-q", "x.gpg"]);
        trial.commit("b", "b.gpg", "b", "Add b.");
        trial.git("b", &["config", "pull.ff", "only"]);
        assert!(matches!(pull(&trial, "b"), Err(GitError::Diverged { .. })));
        // A merge whose commit is refused by a hook is taken back.
        trial.git("b", &["config", "pull.ff", "false"]);
        let hook = trial.put("b", ".git/hooks/commit-msg", "#!/bin/sh\nexit 1\n");
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
        assert!(pull(&trial, "b").is_err());
        let status = trial.with("b", |git| git.status()).expect("a status");
        assert_eq!((status.operation, status.uncommitted.len(), trial.read("b", "x.gpg")), (None, 0, "one".into()));
    }

    #[test]
    fn a_file_that_is_ignored_here_is_not_overwritten() {
        for diverged in [false, true] {
            let trial = Trial::new();
            trial.put("b", ".git/info/exclude", "own/\n");
            trial.put("b", "own/s.gpg", "only here");
            trial.commit("a", "own/t.gpg", "another", "Add t.");
            push(&trial, "a").expect("pushed");
            if diverged {
                trial.commit("b", "b.gpg", "b", "Add b.");
            }
            pull(&trial, "b").expect("nothing is in the way");
            for (file, gone) in [("own/s.gpg", None), ("own/s.gpg/deeper.gpg", Some("own/s.gpg"))] {
                gone.into_iter().for_each(|file| drop(trial.git("a", &["rm", "-q", file])));
                trial.commit("a", file, "theirs", "Add s.");
                push(&trial, "a").expect("pushed");
                let refused = pull(&trial, "b").expect_err("in the way");
                assert!(matches!(refused, GitError::InTheWay { .. }), "{refused}");
                assert_eq!(trial.read("b", "own/s.gpg"), "only here");
            }
            std::fs::rename(trial.path("b").join("own/s.gpg"), trial.path("b").join("own/u.gpg")).expect("renamed");
            pull(&trial, "b").expect("nothing is in the way any more");
        }
    }

    #[test]
    fn nobody_is_asked_and_a_transfer_can_be_called_off() {
        let trial = Trial::new();
        let ssh = trial.put(
            "",
            "ssh",
            "#!/bin/sh\necho \"$@\" > \"$HOME/asked\"\necho \"git@h: Permission denied (publickey).\" >&2\nexit 255\n",
        );
        std::fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
        trial.git("a", &["config", "core.sshCommand", ssh.to_str().expect("text")]);
        trial.git("a", &["remote", "set-url", "origin", "git@h.test:store"]);
        let error = push(&trial, "a").expect_err("denied");
        assert!(matches!(&error, GitError::Denied { complaint, .. } if complaint.contains("publickey")), "{error}");
        assert!(trial.read("", "asked").contains("-o BatchMode=yes"), "{}", trial.read("", "asked"));
        trial.put("", "ssh", "#!/bin/sh\nsleep 600\n");
        let upstream = trial.with("a", |git| git.status()).expect("a status").upstream.expect("an upstream");
        let mut access = Access { may_ask: false, report: &mut |_| false };
        let error = trial.with("a", |git| git.fetch(&upstream, &mut access)).expect_err("called off");
        assert!(matches!(error, GitError::Process(ProcessError::CalledOff { .. })), "{error}");
    }
}
