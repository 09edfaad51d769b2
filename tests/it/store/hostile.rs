//! Stores in a bad state: folders that cannot be read, files in each other's place, a great many entries.

use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use regpass::model::EntryPath;
use regpass::system::System;
use regpass::system::env::Env;
use regpass::system::options::{Options, Typed};

use super::{folder, found, get, machine, store, tree};
use crate::support::{Answer, Sandbox, regpass_binary, set_mode};

/// The `nobody` of every distribution here.
const NOBODY: u32 = 65534;

fn system(sandbox: &Sandbox) -> System {
    let env = Env::made_of(sandbox.vars());
    let options = Options::resolve(&Typed::default(), &env).expect("options");
    System::new(env, options)
}

/// Runs regpass as somebody for whom modes count: root reads everything.
fn as_nobody(sandbox: &Sandbox, args: &[&str], input: &[u8]) -> Answer {
    if !rustix::process::geteuid().is_root() {
        return sandbox.regpass(args, input);
    }
    let binary = sandbox.path().join("regpass");
    std::fs::copy(regpass_binary(), &binary).expect("a copy that nobody can reach");
    set_mode(sandbox.path(), 0o755);
    let binary = binary.to_str().expect("text").to_owned();
    let nobody = NOBODY.to_string();
    let front = ["--reuid", &nobody, "--regid", &nobody, "--clear-groups", &binary];
    sandbox.run("setpriv", &[&front[..], args].concat(), input)
}

fn give_to_nobody(path: &Path) {
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("given");
        if path.is_dir() {
            for item in std::fs::read_dir(path).expect("a folder") {
                give_to_nobody(&item.expect("an item").path());
            }
        }
    }
}

/// A service's HOME, or one that sudo kept: it may not be looked into, and holds no setting of ours.
#[test]
fn a_home_that_may_not_be_entered_does_not_stop_a_listing() {
    let mut sandbox = Sandbox::new();
    let store = sandbox.path().join("s");
    std::fs::create_dir(&store).expect("a store");
    std::fs::write(store.join("a.gpg"), b"x").expect("an entry");
    give_to_nobody(&store);
    sandbox.set("PASSWORD_STORE_DIR", store.as_os_str());
    let closed = sandbox.path().join("closed");
    std::fs::create_dir(&closed).expect("a home");
    set_mode(&closed, 0o000);
    sandbox.set("HOME", closed.as_os_str());
    let listed = as_nobody(&sandbox, &["ls"], b"");
    set_mode(&closed, 0o700);
    assert_eq!(listed.ok().out(), "a\n");
}

#[test]
fn unreadable_folders_are_told_beside_the_rest() {
    let sandbox = Sandbox::new();
    for name in
        ["open/a.gpg", "shut/b.gpg", "docker-credential-helpers/aA==/u.gpg", "docker-credential-helpers/aQ==/u.gpg"]
    {
        let file = sandbox.store().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, "x").expect("an entry");
    }
    give_to_nobody(&sandbox.home());
    let shut = ["shut", "docker-credential-helpers/aQ=="].map(|name| sandbox.store().join(name));
    shut.iter().for_each(|path| set_mode(path, 0o000));
    let listed = as_nobody(&sandbox, &["ls", "--json"], b"");
    let registries = as_nobody(&sandbox, &["registries", "--json"], b"");
    shut.iter().for_each(|path| set_mode(path, 0o700));
    let json: serde_json::Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(json["entries"].as_array().map(Vec::len), Some(2), "{json}");
    assert_eq!(json["unreadable"].as_array().map(Vec::len), Some(2), "{json}");
    let json: serde_json::Value = serde_json::from_slice(&registries.stdout).expect("JSON");
    assert_eq!(json["registries"].as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(json["unreadable"].as_array().map(Vec::len), Some(1), "{json}");
}

#[test]
fn a_store_that_may_not_be_written_says_so_and_stays() {
    let sandbox = Sandbox::new();
    let (key, fingerprint) = regpass::system::cipher::new_key::generate("Alice <alice@example.test>").expect("a key");
    let file = sandbox.home().join("keys");
    std::fs::write(&file, key.expose()).expect("a key file");
    set_mode(&file, 0o600);
    sandbox.init_store(&fingerprint);
    give_to_nobody(&sandbox.home());
    set_mode(&sandbox.store(), 0o500);
    let mut sandbox = sandbox;
    sandbox.set("REGPASS_KEY_FILE", &file);
    let answer = as_nobody(&sandbox, &["insert", "new/entry"], b"pw\n");
    set_mode(&sandbox.store(), 0o700);
    assert_eq!(answer.code, 1, "{}", answer.err());
    assert!(answer.err().contains("Permission denied"), "{}", answer.err());
    assert!(answer.err().contains(&format!("ls -ld {}", sandbox.store().display())), "{}", answer.err());
    assert_eq!(tree(&sandbox.store()), [".gpg-id"]);
    // Into a folder that is there.
    std::fs::create_dir(sandbox.store().join("old")).expect("a folder");
    give_to_nobody(&sandbox.home());
    ["old", ""].iter().for_each(|name| set_mode(&sandbox.store().join(name), 0o500));
    let answer = as_nobody(&sandbox, &["insert", "old/entry"], b"pw\n");
    ["", "old"].iter().for_each(|name| set_mode(&sandbox.store().join(name), 0o700));
    let told = answer.err();
    assert!(told.contains("old/entry.gpg") && told.contains("Permission denied"), "{told}");
    assert!(told.contains(&format!("ls -ld {}", sandbox.store().join("old").display())), "{told}");
    assert!(!told.contains(".regpass-"), "{told}");
}

#[test]
fn files_in_each_other_s_place_are_errors_or_nothing() {
    let (sandbox, _) = machine();
    let helpers = sandbox.store().join("docker-credential-helpers");
    std::fs::write(&helpers, "a file").expect("a file");
    for action in ["get", "list"] {
        let answer = sandbox.helper(action, "h");
        assert!(answer.code == 1 && answer.out().contains("not a folder"), "{action}: {}", answer.out());
    }
    assert_eq!(store(&sandbox, "h", "u", "pw").code, 1);
    assert_eq!(std::fs::read(&helpers).expect("read"), b"a file");
    std::fs::remove_file(&helpers).expect("removed");
    store(&sandbox, "other", "u", "pw").ok();
    std::fs::write(sandbox.store().join(folder("h")), "a file").expect("a file");
    assert_eq!(get(&sandbox, "h"), None);
    assert_eq!(store(&sandbox, "h", "u", "pw").code, 1);
    assert_eq!(sandbox.helper("list", "").ok().out(), "{\"other\":\"u\"}\n");
}

#[test]
fn strange_neighbours_never_break_a_registry() {
    let (sandbox, _) = machine();
    store(&sandbox, "h", "u", "pw").ok();
    let helpers = sandbox.store().join("docker-credential-helpers");
    let own = sandbox.store().join(folder("h"));
    for stray in ["email", "work", ".git", "abc", "aB==", "ZW1wdHk="] {
        std::fs::create_dir(helpers.join(stray)).expect("a stray folder");
    }
    for stray in [".gpg-id", "README", ".u.gpg.swp", "u.gpg.tmp.1.2.3.4.--"] {
        std::fs::copy(sandbox.store().join(".gpg-id"), own.join(stray)).expect("a stray file");
    }
    symlink("nowhere", own.join("a.gpg")).expect("a dangling link");
    assert_eq!(get(&sandbox, "h"), found("u", "pw"));
    assert_eq!(sandbox.helper("list", "").ok().out(), "{\"h\":\"u\"}\n");
    // Another user: the strays are not logins and stay.
    store(&sandbox, "h", "v", "pw2").ok();
    assert_eq!(get(&sandbox, "h"), found("v", "pw2"));
    assert!(own.join("README").exists() && !own.join("u.gpg").exists());
}

#[test]
fn a_lock_held_by_another_is_waited_for() {
    let (sandbox, _) = machine();
    let held = std::fs::File::open(sandbox.store()).expect("the store");
    held.lock().expect("locked");
    std::thread::scope(|scope| {
        let call = scope.spawn(|| store(&sandbox, "h", "u", "pw"));
        // Far longer than a call takes.
        let deadline = Instant::now() + Duration::from_millis(500);
        while Instant::now() < deadline {
            assert!(!call.is_finished());
            std::thread::yield_now();
        }
        held.unlock().expect("freed");
        call.join().expect("a call").ok();
    });
    assert_eq!(get(&sandbox, "h"), found("u", "pw"));
}

#[test]
fn a_hundred_thousand_entries_are_all_listed() {
    let sandbox = Sandbox::new();
    for group in 0..1000 {
        let folder = sandbox.store().join(format!("g{}/s{group}", group % 10));
        std::fs::create_dir_all(&folder).expect("folders");
        for entry in 0..100 {
            let file = folder.join(format!("e{entry}.gpg"));
            std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(file).expect("an entry");
        }
    }
    let system = system(&sandbox);
    let listing = regpass::ops::entries::list(&system, &EntryPath::root()).expect("listed");
    assert_eq!(listing.entries.len(), 100_000);
    assert!(listing.unreadable.is_empty());
    assert!(listing.entries.is_sorted_by(|a, b| a.path < b.path));
    let found = regpass::ops::entries::find(&system, &["S999/e99".to_owned()]).expect("searched");
    assert_eq!(found.entries.len(), 1);
}
