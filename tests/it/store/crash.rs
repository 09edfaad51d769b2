//! Writes that end half-way: killed at any moment, or with a full disk. The entry is the old one or the new one, and the
//! next write leaves the store as if nothing had happened.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::{folder, get, login, machine, store, tree};
use crate::support::{Sandbox, skip};

const SERVER: &str = "registry.example.test";

/// Starts a `store` and hands its input over.
fn start(sandbox: &Sandbox, server: &str, secret: &str) -> Child {
    use std::io::Write;
    let mut command = sandbox.command(sandbox.helper_link());
    command.arg("store").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("started");
    let mut stdin = child.stdin.take().expect("stdin");
    stdin.write_all(login(server, "alice", secret).as_bytes()).expect("handed over");
    child
}

/// Lets the child run for a while, then kills it.
fn kill_after(child: &mut Child, time: Duration) {
    let deadline = Instant::now() + time;
    while Instant::now() < deadline && child.try_wait().expect("asked").is_none() {
        std::thread::yield_now();
    }
    let _ = child.kill();
    child.wait().expect("gone");
}

fn temps(sandbox: &Sandbox) -> Vec<String> {
    tree(&sandbox.store()).into_iter().filter(|name| name.contains(".regpass-")).collect()
}

/// Empty folders that a reader would take for a registry's. One in the making has a name nobody reads, and goes at the next
/// write (`temps`).
fn empty_folders(sandbox: &Sandbox) -> Vec<String> {
    let names = tree(&sandbox.store()).into_iter().filter(|name| !name.contains(".regpass-"));
    let folders = names.map(|name| sandbox.store().join(name)).filter(|path| path.is_dir());
    let empty = folders.filter(|path| std::fs::read_dir(path).expect("a folder").next().is_none());
    empty.map(|path| path.display().to_string()).collect()
}

#[test]
fn killed_at_any_moment_it_is_old_or_new() {
    let (sandbox, _) = machine();
    sandbox.init_git();
    store(&sandbox, SERVER, "alice", "secret 0").ok();
    let started = Instant::now();
    store(&sandbox, SERVER, "alice", "secret 1").ok();
    let whole = started.elapsed();
    let mut last = 1;
    for round in 2..32_u32 {
        // Spread over the time that a whole call takes, in no order.
        let time = whole * (round * 7 % 31) / 31;
        kill_after(&mut start(&sandbox, SERVER, &format!("secret {round}")), time);
        let new_server = format!("new{round}.example.test");
        kill_after(&mut start(&sandbox, &new_server, "first"), time);
        assert_eq!(empty_folders(&sandbox), Vec::<String>::new(), "after {time:?}");
        let (user, secret) = get(&sandbox, SERVER).expect("always one of both");
        assert_eq!(user, "alice");
        assert!([last, round].iter().any(|kept| secret == format!("secret {kept}")), "{secret} after {time:?}");
        if secret == format!("secret {round}") {
            last = round;
        }
        assert!(get(&sandbox, &new_server).is_none_or(|(_, secret)| secret == "first"));
    }
    // A git that was alone when its regpass was killed ends by itself.
    let deadline = Instant::now() + Duration::from_secs(60);
    while sandbox.store().join(".git/index.lock").exists() {
        assert!(Instant::now() < deadline, "no git is left");
        std::thread::yield_now();
    }
    store(&sandbox, SERVER, "alice", "the end").ok();
    store(&sandbox, "other.example.test", "alice", "the end").ok();
    assert_eq!(temps(&sandbox), Vec::<String>::new());
    for round in 2..32_u32 {
        store(&sandbox, &format!("new{round}.example.test"), "alice", "first").ok();
    }
    assert_eq!(sandbox.git(&["status", "--porcelain"]).ok().out(), "");
    assert_eq!(sandbox.git(&["fsck", "--strict"]).code, 0);
}

#[test]
fn a_full_disk_leaves_the_old_entry_and_no_scraps() {
    let (mut sandbox, _) = machine();
    let disk = sandbox.home().join("disk");
    std::fs::create_dir(&disk).expect("a folder");
    let disk_text = disk.to_str().expect("text").to_owned();
    let mount = ["-t", "tmpfs", "-o", "size=128k,mode=700", "tmpfs", &disk_text];
    if sandbox.run("mount", &mount, b"").code != 0 {
        return skip("no right to mount a small disk");
    }
    std::fs::copy(sandbox.store().join(".gpg-id"), disk.join(".gpg-id")).expect("recipients");
    sandbox.set("PASSWORD_STORE_DIR", &disk);
    let outcome = std::panic::catch_unwind(|| {
        store(&sandbox, SERVER, "alice", "old").ok();
        let fill = std::fs::write(disk.join("fill"), vec![0; 1 << 20]);
        assert!(fill.is_err(), "the disk is full");
        let before = tree(&disk);
        for server in [SERVER, "new.example.test"] {
            let answer = store(&sandbox, server, "alice", &"n".repeat(20_000));
            assert_eq!(answer.code, 1, "{}", answer.err());
            assert!(answer.out().contains("No space left"), "{}", answer.out());
            assert_eq!(tree(&disk), before);
        }
        assert_eq!(get(&sandbox, SERVER), super::found("alice", "old"));
        assert!(!disk.join(folder("new.example.test")).exists());
    });
    sandbox.run("umount", &[&disk_text], b"").ok();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}
