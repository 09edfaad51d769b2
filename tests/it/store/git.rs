//! Stores that are git work trees: pass's subjects, just the paths touched, nothing lost in parallel
//! (pass 1.7.4, `git_add_file` and `git_commit`).

use std::time::{Duration, Instant};

use super::{folder, found, get, have, machine, store};
use crate::support::{Sandbox, peer, skip};

const SERVER: &str = "registry.example.test";

fn repository() -> Sandbox {
    let (sandbox, _) = machine();
    sandbox.init_git();
    sandbox
}

/// Commit subjects, newest first.
fn subjects(sandbox: &Sandbox) -> Vec<String> {
    sandbox.git(&["log", "--format=%s"]).ok().out().lines().map(str::to_owned).collect()
}

fn is_clean(sandbox: &Sandbox) {
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
}

#[test]
fn subjects_are_those_of_pass() {
    let sandbox = repository();
    store(&sandbox, SERVER, "alice", "pw").ok();
    sandbox.regpass(&["insert", "mail/work"], b"pw\n").ok();
    sandbox.regpass(&["rm", "--force", "mail/work"], b"").ok();
    sandbox.helper("erase", SERVER).ok();
    let ours = subjects(&sandbox);
    let expected = [
        format!("Remove {} from store.", folder(SERVER)),
        "Remove mail/work from store.".to_owned(),
        "Add given password for mail/work to store.".to_owned(),
        format!("Add given password for {}/alice to store.", folder(SERVER)),
        "start".to_owned(),
    ];
    assert_eq!(ours, expected);
    is_clean(&sandbox);
    if have(&["pass"]) {
        let entry = format!("{}/alice", folder(SERVER));
        sandbox.run("pass", &["insert", "-m", &entry], b"pw").ok();
        sandbox.run("pass", &["insert", "-m", "mail/work"], b"pw").ok();
        sandbox.run("pass", &["rm", "-f", "mail/work"], b"").ok();
        sandbox.run("pass", &["rm", "-rf", &folder(SERVER)], b"").ok();
        assert_eq!(subjects(&sandbox)[..4], expected[..4]);
        is_clean(&sandbox);
    }
}

#[test]
fn an_unchanged_login_makes_no_commit() {
    let sandbox = repository();
    store(&sandbox, SERVER, "alice", "pw").ok();
    let before = sandbox.git(&["rev-parse", "HEAD"]).ok().out();
    let answer = store(&sandbox, SERVER, "alice", "pw").ok();
    assert_eq!((answer.out(), answer.err()), (String::new(), String::new()));
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]).ok().out(), before);
    is_clean(&sandbox);
}

#[test]
fn another_account_is_replaced_in_one_commit() {
    let sandbox = repository();
    store(&sandbox, SERVER, "zoe", "pw").ok();
    store(&sandbox, SERVER, "alice", "pw").ok();
    assert_eq!(subjects(&sandbox).len(), 3);
    let names = sandbox.git(&["ls-files"]).ok().out();
    assert!(names.contains("alice.gpg") && !names.contains("zoe.gpg"), "{names}");
    is_clean(&sandbox);
}

#[test]
fn only_the_touched_paths_are_committed() {
    let sandbox = repository();
    std::fs::write(sandbox.store().join("staged.txt"), "x").expect("a file");
    std::fs::write(sandbox.store().join("untracked.txt"), "x").expect("a file");
    sandbox.git(&["add", "staged.txt"]).ok();
    store(&sandbox, SERVER, "alice", "pw").ok();
    let files = sandbox.git(&["show", "--name-only", "--format="]).ok().out();
    assert_eq!(files.lines().count(), 1, "{files}");
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "A  staged.txt\n?? untracked.txt\n");
}

#[test]
fn the_caller_s_git_variables_do_not_count() {
    let mut sandbox = repository();
    sandbox.set("GIT_DIR", sandbox.home().join("elsewhere"));
    sandbox.set("GIT_WORK_TREE", "/");
    sandbox.set("GIT_INDEX_FILE", sandbox.home().join("index"));
    store(&sandbox, SERVER, "alice", "pw").ok();
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        sandbox.unset(name);
    }
    assert_eq!(subjects(&sandbox).len(), 2);
    is_clean(&sandbox);
}

#[test]
fn signed_commits_when_pass_signs_them() {
    let sandbox = repository();
    sandbox.git(&["config", "pass.signcommits", "true"]).ok();
    sandbox.git(&["config", "user.signingkey", "alice@example.test"]).ok();
    store(&sandbox, SERVER, "alice", "pw").ok();
    let raw = sandbox.git(&["cat-file", "commit", "HEAD"]).ok().out();
    assert!(raw.contains("gpgsig "), "{raw}");
}

#[test]
fn a_commit_that_cannot_be_signed_says_why_and_what_helps() {
    let sandbox = repository();
    for (setting, value) in [("pass.signcommits", "true"), ("user.signingkey", "no body@example.test")] {
        sandbox.git(&["config", setting, value]).ok();
    }
    let answer = sandbox.regpass(&["insert", "x"], b"pw\n").ok();
    let told = answer.err();
    assert!(told.contains("saved but not committed") && told.contains("failed to sign"), "{told}");
    assert!(told.contains("echo | gpg --clearsign --local-user 'no body@example.test'"), "{told}");
    let top = sandbox.store().canonicalize().expect("a store");
    assert!(told.contains(&format!("git -C {} config pass.signcommits false", top.display())), "{told}");
}

#[test]
fn a_nested_repository_gets_its_own_commits() {
    let sandbox = repository();
    let inner = sandbox.store().join("team");
    std::fs::create_dir(&inner).expect("a folder");
    sandbox.run("git", &["-C", ".password-store/team", "init", "-q", "-b", "main"], b"").ok();
    sandbox.regpass(&["insert", "team/x/y"], b"pw\n").ok();
    let log = sandbox.run("git", &["-C", ".password-store/team", "log", "--format=%s"], b"").ok().out();
    assert_eq!(log, "Add given password for team/x/y to store.\n");
    assert_eq!(subjects(&sandbox), ["start"]);
}

#[test]
fn ignored_paths_stay_out_of_git() {
    let sandbox = repository();
    std::fs::write(sandbox.store().join(".gitignore"), "docker-credential-helpers\n").expect("ignored");
    sandbox.git(&["add", ".gitignore"]).ok();
    sandbox.git(&["commit", "-qm", "ignore"]).ok();
    let answer = store(&sandbox, SERVER, "alice", "pw").ok();
    assert_eq!(answer.err(), "");
    assert_eq!(subjects(&sandbox)[0], "ignore");
    assert_eq!(sandbox.helper("erase", SERVER).ok().err(), "");
}

#[test]
fn a_failed_commit_is_told_and_made_up_for() {
    let mut sandbox = repository();
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        sandbox.unset(name);
    }
    sandbox.git(&["config", "user.useConfigOnly", "true"]).ok();
    let answer = store(&sandbox, SERVER, "alice", "pw").ok();
    assert_eq!(answer.out(), "");
    assert!(answer.err().contains("not committed") && answer.err().contains("user.email"), "{}", answer.err());
    assert_eq!(get(&sandbox, SERVER), found("alice", "pw"));
    assert_eq!(subjects(&sandbox).len(), 1);
    // Docker shows nothing of a call that succeeds: the record is where a person finds it.
    let recorded = sandbox.regpass(&["journal"], b"").ok();
    assert!(recorded.out().contains("stored; warning: the change is saved but not committed"), "{}", recorded.out());
    assert!(sandbox.regpass(&["journal", "--json"], b"").ok().out().contains(r#""warning": "the change is saved"#));
    sandbox.git(&["config", "user.name", "Test"]).ok();
    sandbox.git(&["config", "user.email", "test@example.test"]).ok();
    assert_eq!(store(&sandbox, SERVER, "alice", "pw").ok().err(), "");
    assert_eq!(subjects(&sandbox).len(), 2);
    is_clean(&sandbox);
}

#[test]
fn a_lock_that_stays_is_told_and_one_that_goes_is_waited_for() {
    let sandbox = repository();
    let lock = sandbox.store().join(".git/index.lock");
    std::fs::write(&lock, "").expect("a lock");
    let answer = store(&sandbox, SERVER, "alice", "pw").ok();
    assert!(answer.err().contains("index.lock") && answer.err().contains("rm "), "{}", answer.err());
    assert_eq!(get(&sandbox, SERVER), found("alice", "pw"));
    // Freed as soon as the next call has written its entry: from then on it waits for the lock.
    let entry = sandbox.store().join(folder("second.example.test")).join("bob.gpg");
    std::thread::scope(|scope| {
        let call = scope.spawn(|| store(&sandbox, "second.example.test", "bob", "pw").ok());
        let deadline = Instant::now() + Duration::from_secs(60);
        while !entry.exists() {
            assert!(Instant::now() < deadline, "the entry is written");
            std::thread::yield_now();
        }
        std::fs::remove_file(&lock).expect("freed");
        assert_eq!(call.join().expect("a call").err(), "");
    });
    assert_eq!(subjects(&sandbox).len(), 2);
}

#[test]
fn a_repository_of_another_owner_is_told_with_the_command() {
    let sandbox = repository();
    if std::os::unix::fs::chown(sandbox.store().join(".git"), Some(65534), None).is_err()
        || std::os::unix::fs::chown(sandbox.store(), Some(65534), None).is_err()
    {
        return skip("only root can give a repository away");
    }
    let answer = store(&sandbox, SERVER, "alice", "pw").ok();
    assert!(answer.err().contains("git config --global --add safe.directory"), "{}", answer.err());
    assert_eq!(get(&sandbox, SERVER), found("alice", "pw"));
}

#[test]
fn without_git_the_login_is_stored_all_the_same() {
    let mut sandbox = repository();
    sandbox.set("PATH", "/nonexistent");
    let answer = store(&sandbox, SERVER, "alice", "pw").ok();
    assert!(answer.err().contains("git"), "{}", answer.err());
    assert_eq!(get(&sandbox, SERVER), found("alice", "pw"));
}

#[test]
fn thirty_two_at_once_lose_nothing() {
    let sandbox = repository();
    std::thread::scope(|scope| {
        for index in 0..32 {
            let sandbox = &sandbox;
            scope.spawn(move || {
                let answer = store(sandbox, &format!("r{index}.example.test"), "alice", &format!("pw{index}")).ok();
                assert_eq!(answer.err(), "");
            });
        }
    });
    is_clean(&sandbox);
    assert_eq!(subjects(&sandbox).len(), 33);
    for index in 0..32 {
        assert_eq!(get(&sandbox, &format!("r{index}.example.test")), found("alice", &format!("pw{index}")));
    }
    assert_eq!(sandbox.git(&["fsck", "--strict"]).code, 0);
}

#[test]
fn one_registry_for_all_at_once_keeps_one_login() {
    let sandbox = repository();
    std::thread::scope(|scope| {
        for index in 0..8 {
            let sandbox = &sandbox;
            scope.spawn(move || store(sandbox, SERVER, &format!("user{index}"), "pw").ok());
        }
    });
    is_clean(&sandbox);
    assert_eq!(std::fs::read_dir(sandbox.store().join(folder(SERVER))).expect("a folder").count(), 1);
    assert!(get(&sandbox, SERVER).is_some());
}

#[test]
fn pass_and_gopass_carry_on_in_the_same_repository() {
    let sandbox = repository();
    let entry = format!("{}/alice", folder(SERVER));
    store(&sandbox, SERVER, "alice", "one").ok();
    if have(&["pass"]) {
        sandbox.run("pass", &["insert", "-m", "-f", &entry], b"two").ok();
        assert_eq!(get(&sandbox, SERVER), found("alice", "two"));
        is_clean(&sandbox);
    }
    if let Some(gopass) = peer("gopass") {
        sandbox.run(gopass, &["insert", "-m", "-f", &entry], b"three").ok();
        assert_eq!(get(&sandbox, SERVER), found("alice", "three"));
    }
    store(&sandbox, SERVER, "alice", "four").ok();
    assert_eq!(
        sandbox.run("git", &["-C", ".password-store", "status", "--porcelain", "--", &folder(SERVER)], b"").out(),
        ""
    );
}

#[test]
fn linked_folders_are_committed_where_they_really_are() {
    let sandbox = repository();
    std::fs::create_dir(sandbox.store().join("real")).expect("a folder");
    std::os::unix::fs::symlink("real", sandbox.store().join("docker-credential-helpers")).expect("a link");
    sandbox.git(&["add", "docker-credential-helpers"]).ok();
    sandbox.git(&["commit", "-qm", "link"]).ok();
    store(&sandbox, SERVER, "alice", "pw").ok();
    is_clean(&sandbox);
    assert!(sandbox.git(&["ls-files"]).ok().out().contains("real/"));
    sandbox.helper("erase", SERVER).ok();
    is_clean(&sandbox);
    // A folder of another repository, linked into this one.
    let other = sandbox.home().join("other");
    std::fs::create_dir(&other).expect("a folder");
    sandbox.run("git", &["-C", "other", "init", "-q", "-b", "main"], b"").ok();
    std::os::unix::fs::symlink(&other, sandbox.store().join("shared")).expect("a link");
    sandbox.regpass(&["insert", "shared/x"], b"pw\n").ok();
    let log = sandbox.run("git", &["-C", "other", "log", "--format=%s"], b"").ok().out();
    assert_eq!(log, "Add given password for shared/x to store.\n");
}

fn hook(sandbox: &Sandbox, name: &str, script: &str) {
    let file = sandbox.store().join(".git/hooks").join(name);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("the hooks' folder");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a hook");
    crate::support::set_mode(&file, 0o755);
}

#[test]
fn a_failed_commit_says_which_command_makes_up_for_it() {
    let sandbox = repository();
    hook(&sandbox, "pre-commit", "exit 1");
    sandbox.regpass(&["insert", "it's here"], b"pw\n").ok();
    let answer = sandbox.regpass(&["insert", "a"], b"pw\n").ok();
    let top = std::fs::canonicalize(sandbox.store()).expect("a path");
    let hint = format!(
        "hint: commit it yourself: git -C {0} add -- a.gpg && git -C {0} commit -m 'Add given password for a to store.' -- a.gpg",
        top.display()
    );
    assert!(answer.err().contains(&hint), "{}", answer.err());
    let removed = sandbox.regpass(&["rm", "--force", "it's here"], b"").ok();
    std::fs::remove_file(sandbox.store().join(".git/hooks/pre-commit")).expect("removed");
    let command = |told: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix("hint: commit it yourself: "));
        line.map(str::to_owned)
    };
    // One that was never committed needs no commit of its removal.
    assert_eq!(command(&removed.err()), None, "{}", removed.err());
    sandbox.run("sh", &["-c", &command(&answer.err()).expect("a command")], b"").ok();
    is_clean(&sandbox);
}

#[test]
fn a_hook_that_calls_the_helper_does_not_wait_for_itself() {
    let sandbox = repository();
    let helper = sandbox.helper_link();
    let login = super::login("other.test", "u", "s");
    let script = format!("echo '{login}' | {} store >/dev/null 2>told; exit 0", helper.display());
    hook(&sandbox, "post-commit", &script);
    let start = Instant::now();
    sandbox.regpass(&["insert", "a"], b"pw\n").ok();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let told = std::fs::read_to_string(sandbox.store().join("told")).expect("what the helper said");
    assert!(told.contains("started this one and waits for it"), "{told}");
}
