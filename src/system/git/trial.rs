//! For unit tests only: real repositories in a temporary folder, one a person, and a bare one between them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Access, Repository};
use crate::system::env::Env;
use crate::system::process::{self, Limits};

pub(super) struct Trial {
    folder: TempDir,
    env: Env,
}

impl Trial {
    /// `a` and `b`, work trees on `main` that go with the bare repository `hub`, which holds one commit of `x.gpg`.
    pub(super) fn new() -> Trial {
        let folder = tempfile::tempdir().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let home = folder.path().to_str().expect("text").to_owned();
        let vars = [
            ("HOME", home.as_str()),
            ("PATH", &path),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "T"),
            ("GIT_AUTHOR_EMAIL", "t@x.test"),
            ("GIT_COMMITTER_NAME", "T"),
            ("GIT_COMMITTER_EMAIL", "t@x.test"),
        ];
        let trial = Trial { env: Env::made_of(vars), folder };
        trial.git("", &["init", "-q", "--bare", "-b", "main", "hub"]);
        trial.git("", &["clone", "-q", "hub", "a"]);
        trial.git("a", &["checkout", "-q", "-b", "main"]);
        trial.commit("a", "x.gpg", "one", "Add x.");
        trial.git("a", &["push", "-q", "-u", "origin", "main"]);
        trial.git("", &["clone", "-q", "hub", "b"]);
        trial
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        std::fs::canonicalize(self.folder.path()).expect("a path").join(name)
    }

    /// Runs git in a folder; what it said.
    pub(super) fn git(&self, folder: &str, arguments: &[&str]) -> String {
        let mut command = process::command(&self.env, "git");
        command.arg("-C").arg(self.path(folder)).args(arguments);
        let limits = Limits { time: std::time::Duration::from_secs(60), stdout: 1 << 20 };
        let said = process::run(&mut command, b"", limits).expect("git ends");
        assert!(said.status.success(), "git {arguments:?}: {}", said.complaint());
        String::from_utf8_lossy(said.stdout.expose()).into_owned()
    }

    pub(super) fn put(&self, folder: &str, file: &str, content: &str) -> PathBuf {
        let file = self.path(folder).join(file);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(&file, content).expect("a file");
        file
    }

    pub(super) fn commit(&self, folder: &str, file: &str, content: &str, subject: &str) {
        self.put(folder, file, content);
        self.git(folder, &["add", "-A"]);
        self.git(folder, &["commit", "-q", "-m", subject]);
    }

    /// Runs with the repository of a folder.
    pub(super) fn with<T>(&self, folder: &str, action: impl FnOnce(&Repository<'_>) -> T) -> T {
        let root = self.path(folder);
        action(&Repository::of_store(&self.env, &root).expect("a work tree"))
    }

    pub(super) fn read(&self, folder: &str, file: &str) -> String {
        std::fs::read_to_string(self.path(folder).join(file)).expect("a file")
    }
}

/// A transfer that nobody watches.
pub(super) fn quietly<T>(action: impl FnOnce(&mut Access<'_>) -> T) -> T {
    action(&mut Access { may_ask: false, report: &mut |_| true })
}

pub(super) fn name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}
