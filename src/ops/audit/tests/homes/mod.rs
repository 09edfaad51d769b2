//! Checks on real homes: what is there, and how many findings that makes.

mod closed;
mod config;
mod contexts;
mod credentials;
mod gpg;
mod helpers;
mod hostile;
mod inline;
mod keys;
mod store;
mod tls;
mod unread;
mod window;

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::super::{Choice, Evidence, Scope, Verdict, gather, gather_for, opened, run_until};
use super::answer;
use crate::model::ProblemKind;
use crate::ops::progress::Cancel;
use crate::system::System;
use crate::system::env::Env;
use crate::system::options::{Options, Typed};

/// A secret that no answer may hold, also as base64 with "bob:" before it.
const SECRET: &str = "hunter2-very-secret";
const AUTH: &str = "Ym9iOmh1bnRlcjItdmVyeS1zZWNyZXQ=";

/// A machine of its own: a home, and folders for what is elsewhere.
pub(super) struct Bench {
    dir: tempfile::TempDir,
    vars: Vec<(String, String)>,
    all_users: bool,
    /// The store's logins are opened.
    decrypt: bool,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let dir = tempfile::tempdir().expect("a folder");
        let bench = Bench { dir, vars: Vec::new(), all_users: false, decrypt: false };
        for folder in ["home", "machine/proc", "machine/etc", "bin"] {
            std::fs::create_dir_all(bench.at(folder)).expect("a folder");
        }
        bench
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.vars.push((name.to_owned(), value.into()));
    }

    /// A file that its owner alone can read, in folders of the same kind.
    pub(super) fn put(&self, path: &str, content: &str) {
        let file = self.at(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(&file, content).expect("a file");
        self.mode(path, 0o600);
        self.mode(Path::new(path).parent().and_then(Path::to_str).expect("a name"), 0o700);
    }

    fn mode(&self, path: &str, mode: u32) {
        std::fs::set_permissions(self.at(path), std::fs::Permissions::from_mode(mode)).expect("a mode");
    }

    fn docker(&self, content: &str) {
        self.put("home/.docker/config.json", content);
    }

    pub(super) fn evidence(&self) -> Evidence {
        self.evidence_of(false)
    }

    fn evidence_of(&self, live: bool) -> Evidence {
        let (system, scope) = self.asked(live);
        let mut evidence = gather(&system, &scope);
        if self.decrypt {
            opened::open(&system, &mut evidence, &(), &Cancel::default()).expect("opened");
        }
        evidence
    }

    /// No more than this check needs.
    fn evidence_for(&self, id: &str) -> Evidence {
        let (system, scope) = self.asked(false);
        let mut evidence = gather_for(&system, &scope, &[id.to_owned()]).expect("gathered");
        if self.decrypt {
            opened::open(&system, &mut evidence, &(), &Cancel::default()).expect("opened");
        }
        evidence
    }

    fn asked(&self, live: bool) -> (System, Scope) {
        let text = |path: &str| self.at(path).to_string_lossy().into_owned();
        let own = [("HOME", text("home")), ("PATH", text("bin")), ("USER", "bob".to_owned())];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let env = Env::made_of(own.into_iter().chain(self.vars.clone()));
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        let scope = Scope {
            machine: self.at("machine"),
            roots: vec![self.at("projects")],
            live,
            all_users: self.all_users,
            cancel: Cancel::default(),
        };
        (System::new(env, options), scope)
    }
}

fn inline() -> String {
    format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#)
}

fn helper_on_path(bench: &Bench) {
    bench.put("bin/docker-credential-pass", "#!/bin/sh\n");
    bench.mode("bin/docker-credential-pass", 0o755);
}

/// A real git, which the bench's own PATH finds from then on.
fn git(bench: &Bench, folder: &str, arguments: &[&str]) {
    let _ = symlink("/usr/bin/git", bench.at("bin/git"));
    let mut git = std::process::Command::new("git");
    let done = git.arg("-C").arg(bench.at(folder)).args(arguments).output().expect("git");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// On a real home: the check, what is there, how many findings that makes.
pub(super) type OnHome = (&'static str, fn(&mut Bench), usize);

/// A table a group.
pub(super) const ON_HOMES: &[&[OnHome]] = &[
    inline::ROWS,
    config::ROWS,
    contexts::ROWS,
    helpers::ROWS,
    tls::ROWS,
    window::ROWS,
    store::ROWS,
    gpg::ROWS,
    credentials::ROWS,
];

#[test]
fn on_real_homes() {
    for (number, (id, prepare, expected)) in ON_HOMES.iter().copied().flatten().enumerate() {
        let mut bench = Bench::new();
        prepare(&mut bench);
        let answer = answer(&bench.evidence(), id);
        assert_eq!(answer.findings.len(), *expected, "row {number}, {id}: {answer:#?}");
        let alone = super::answer(&bench.evidence_for(id), id);
        let told = format!("{answer:?}");
        assert_eq!(format!("{alone:?}"), told, "row {number}, {id}: by itself it is told something else");
        assert!(!told.contains(SECRET) && !told.contains(AUTH), "row {number}, {id} tells the secret: {told}");
        for finding in &answer.findings {
            assert_eq!(finding.id, *id);
            assert!(
                !finding.title.is_empty() && !finding.fix.is_empty() && !finding.title.ends_with('.'),
                "{finding:?}"
            );
        }
    }
}

/// As root; anybody else has to be refused it, and sees those findings by hand.
#[test]
fn what_belongs_to_somebody_else_is_found() {
    let rows: [(&str, &str); 3] = [
        ("CFG04", "home/.docker/config.json"),
        ("CFG04", "home/.docker"),
        ("CTX12", "home/.docker/deep/a/b/c/d/e/f/g/h/i"),
    ];
    for (id, path) in rows {
        let bench = Bench::new();
        bench.docker("{}");
        std::fs::create_dir_all(bench.at("home/.docker/deep/a/b/c/d/e/f/g/h/i")).expect("folders");
        assert_eq!(answer(&bench.evidence(), id).findings.len(), 0, "{id} {path}");
        let given = std::os::unix::fs::chown(bench.at(path), Some(12_345), None);
        if !rustix::process::getuid().is_root() {
            assert!(given.is_err(), "only root gives files away: {id} is seen by hand alone");
            continue;
        }
        given.expect("given away");
        assert_eq!(answer(&bench.evidence(), id).findings.len(), 1, "{id} {path}");
    }
    let bench = Bench::new();
    bench.put("home/dotfiles/docker/x", "x");
    symlink(bench.at("home/dotfiles/docker"), bench.at("home/.docker")).expect("a link");
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(bench.at("home/dotfiles/docker/x"), Some(12_345), None).expect("given away");
        assert_eq!(answer(&bench.evidence(), "CTX12").findings.len(), 1, "behind a link");
    }
}

#[test]
fn a_project_s_folder_that_cannot_be_listed_is_not_clean() {
    let bench = Bench::new();
    bench.put("projects/a/.env", "x=1\n");
    symlink(bench.at("nowhere/x"), bench.at("projects/link")).expect("a link");
    assert_eq!(answer(&bench.evidence(), "INL14").verdict(), Verdict::Clean);
    let closed = bench.at("projects/closed");
    let (system, mut scope) = bench.asked(false);
    symlink(&closed, &closed).expect("a link");
    scope.roots.push(closed);
    let evidence = gather(&system, &scope);
    assert_eq!([answer(&evidence, "INL13"), answer(&evidence, "INL14")].map(|one| one.verdict()), [Verdict::Failed; 2]);
}

#[test]
fn one_check_alone_reads_no_more_than_it_needs() {
    let bench = Bench::new();
    bench.put("home/.bash_history", "docker login -p hunter2 a.test\n");
    bench.put("machine/proc/5/environ", "REGISTRY_PASSWORD=hunter2\0");
    let evidence = bench.evidence_for("CFG03");
    assert!(evidence.texts.is_empty() && evidence.processes.is_empty() && evidence.contexts.matrix.contexts.is_empty());
    let evidence = bench.evidence_for("inl12");
    assert!(!evidence.texts.is_empty() && evidence.processes.is_empty());
}

#[test]
fn once_it_is_called_off_nothing_more_is_looked_at() {
    let bench = Bench::new();
    bench.docker(&inline());
    bench.put("home/.bash_history", "docker login -p hunter2 a.test\n");
    let (system, scope) = bench.asked(false);
    scope.cancel.call_off();
    let evidence = gather(&system, &scope);
    assert!(evidence.auth.is_empty() && evidence.texts.is_empty() && evidence.contexts.matrix.cells.is_empty());
    assert_eq!(gather_for(&system, &scope, &[]).expect_err("called off").kind, ProblemKind::Cancelled);
    let problem = run_until(&Evidence::default(), &Choice::default(), &scope.cancel).expect_err("called off");
    assert_eq!(problem.kind, ProblemKind::Cancelled);
}
