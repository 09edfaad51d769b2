//! `regpass demo -- COMMAND`: what runs inside sees only the demo, and nothing is left however it ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Sandbox, regpass_binary};

/// A machine whose demos go into a folder of the test's own.
fn machine() -> (Sandbox, PathBuf) {
    let mut sandbox = Sandbox::new();
    let place = sandbox.path().join("runtime");
    std::fs::create_dir(&place).expect("a folder");
    sandbox.set("XDG_RUNTIME_DIR", place.clone());
    (sandbox, place)
}

fn names_in(place: &Path) -> Vec<String> {
    let items = std::fs::read_dir(place).expect("readable").flatten();
    items.map(|item| item.file_name().to_string_lossy().into_owned()).collect()
}

/// A demo whose command has started and waits for the end of its input.
fn waiting(sandbox: &Sandbox) -> Child {
    let mut command: Command = sandbox.command(regpass_binary());
    command.args(["demo", "--", "sh", "-c", "echo ready; read line"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("stdout")).read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n");
    child
}

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("signalled");
}

#[test]
fn it_needs_nothing_installed_and_the_code_is_the_command_s() {
    let (sandbox, place) = machine();
    let answer = sandbox.regpass(&["demo", "--", "regpass", "ls", "infra/db"], b"").ok();
    assert_eq!(answer.out(), "infra/db/metrics\ninfra/db/replica\ninfra/db/root\n");
    let got = sandbox.regpass(&["demo", "--", "docker-credential-pass", "get"], b"quay.io").ok();
    assert!(got.out().contains("\"Username\":\"acme+puller\""), "{}", got.out());
    assert_eq!(sandbox.regpass(&["demo", "--", "sh", "-c", "exit 7"], b"").code, 7);
    assert_eq!(sandbox.regpass(&["demo", "--", "/nonexistent"], b"").code, 1);
    let refused = sandbox.regpass(&["demo", "--store", "/srv/mine", "--", "true"], b"");
    assert_eq!((refused.code, refused.err().contains("of its own")), (2, true));
    assert_eq!(names_in(&place), Vec::<String>::new());
}

#[test]
fn folders_of_the_person_s_own_that_are_called_alike_stay() {
    let (sandbox, place) = machine();
    // Larger than any process id (proc_sys_kernel(5), `pid_max`).
    let own = ["regpass-demo-notes", "regpass-demo-4194305", "regpass-demo-"];
    own.iter().for_each(|name| std::fs::create_dir(place.join(name)).expect("a folder"));
    sandbox.regpass(&["demo", "--", "true"], b"").ok();
    let mut left = names_in(&place);
    left.sort();
    assert_eq!(left, ["regpass-demo-", "regpass-demo-4194305", "regpass-demo-notes"]);
}

#[test]
fn inside_nothing_points_at_the_person_s_own_files() {
    let (mut sandbox, place) = machine();
    sandbox.set("PASSWORD_STORE_KEY", "ABCDEF");
    sandbox.set("GOPASS_CONFIG", "/nonexistent");
    sandbox.set("XDG_CONFIG_HOME", sandbox.home().join(".config"));
    let vars = sandbox.regpass(&["demo", "--", "env"], b"").ok().out();
    let home = sandbox.home().to_string_lossy().into_owned();
    let leaks: Vec<&str> = vars.lines().filter(|line| line.contains(&home) || line.contains("ABCDEF")).collect();
    assert_eq!(leaks, Vec::<&str>::new());
    for name in ["HOME", "PASSWORD_STORE_DIR", "GNUPGHOME", "DOCKER_CONFIG", "REGPASS_KEY_FILE"] {
        let inside = format!("{name}={}", place.display());
        assert!(vars.lines().any(|line| line.starts_with(&inside)), "{name} in {vars}");
    }
}

#[test]
fn a_signal_ends_the_command_and_removes_everything() {
    let (sandbox, place) = machine();
    let mut child = waiting(&sandbox);
    assert_eq!(names_in(&place).len(), 1);
    // Held, because waiting for a child closes its input first, which would end the command in another way.
    let _input = child.stdin.take();
    signal(&child, Signal::TERM);
    assert_eq!(child.wait().expect("ended").code(), Some(143));
    assert_eq!(names_in(&place), Vec::<String>::new());
}

#[test]
fn what_a_killed_demo_left_is_removed_by_the_next() {
    let (sandbox, place) = machine();
    let mut killed = waiting(&sandbox);
    let living = waiting(&sandbox);
    signal(&killed, Signal::KILL);
    drop(killed.stdin.take());
    killed.wait().expect("ended");
    assert_eq!(names_in(&place).len(), 2);
    sandbox.regpass(&["demo", "--", "true"], b"").ok();
    assert_eq!(names_in(&place).len(), 1, "the living one stays");
    let mut living = living;
    living.stdin.take().expect("stdin").write_all(b"\n").expect("written");
    assert_eq!(living.wait().expect("ended").code(), Some(0));
    assert_eq!(names_in(&place), Vec::<String>::new());
}
