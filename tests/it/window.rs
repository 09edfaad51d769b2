//! Deployment windows as the real clients see them, and closed under fire: a command that fails, signals, SIGKILL, a key that
//! cannot be used, a full disk, no network, two at once.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::desk::{Desk, NOT_FOUND, PASSWORD};
use crate::support::{Answer, Sandbox, files_holding, peer, regpass_binary, run, skip};

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

fn desk() -> Option<Desk> {
    let mut desk = Desk::new(Sandbox::with_store().0)?;
    let path = desk.path.clone();
    desk.sandbox.set("PATH", path);
    Some(desk)
}

/// A person without GnuPG, whose Docker asks regpass, and whose registry nobody asks.
fn bare() -> Sandbox {
    let mut sandbox = Sandbox::without_gnupg();
    let path = format!("{}:/usr/bin:/bin", sandbox.shim_dir().display());
    sandbox.set("PATH", path);
    fs::create_dir(sandbox.home().join(".docker")).expect("a folder");
    fs::write(sandbox.home().join(".docker/config.json"), r#"{"credsStore":"pass"}"#).expect("config.json");
    sandbox
}

fn open(sandbox: &Sandbox, more: &[&str]) -> Answer {
    let args = [&["window", "open", "--no-verify", "-u", "u", "--password-stdin"], more].concat();
    sandbox.regpass(&args, b"s3cret\n")
}

fn status(sandbox: &Sandbox) -> Value {
    let said = sandbox.regpass(&["window", "status", "--json"], b"").ok();
    serde_json::from_slice(&said.stdout).expect("JSON")
}

/// The record of the one registry with a window.
fn record(sandbox: &Sandbox) -> PathBuf {
    let mut files = fs::read_dir(sandbox.home().join(".local/state/regpass/windows")).expect("records");
    files.next().expect("a record").expect("it").path()
}

/// Changes what is recorded of the one window.
fn edit(sandbox: &Sandbox, change: impl FnOnce(&mut Value)) {
    let file = record(sandbox);
    let mut value: Value = serde_json::from_slice(&fs::read(&file).expect("it")).expect("JSON");
    change(&mut value["holds"][0]);
    fs::write(file, value.to_string()).expect("written");
}

fn last_call(sandbox: &Sandbox) -> Value {
    let said = sandbox.regpass(&["journal", "--json"], b"").ok();
    let journal: Value = serde_json::from_slice(&said.stdout).expect("JSON");
    journal["calls"].as_array().expect("calls").last().expect("a call").clone()
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < DEADLINE, "waited for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn docker_and_skopeo_find_a_window_s_login_until_its_end() {
    let Some(desk) = desk() else { return };
    let (sandbox, server) = (&desk.sandbox, desk.server());
    let args = ["window", "open", "--for", "1h", "-u", "alice", "--password-stdin", server];
    let wrong = sandbox.regpass(&args, b"wrong\n");
    assert!(wrong.code == 10 && status(sandbox)["windows"] == json!([]), "{} {}", wrong.code, wrong.err());
    desk.assert_not_found();
    let opened = sandbox.regpass(&args, format!("{PASSWORD}\n").as_bytes()).ok();
    assert!(opened.err().contains("is open until "), "{}", opened.err());
    desk.assert_logged_in("alice", PASSWORD);
    desk.assert_not_in_clear("alice", PASSWORD);
    let told = |desk: &Desk| {
        let docker = desk.docker(&["login", server], "");
        docker.err().contains("existing credentials... [Username: alice]")
    };
    assert!(told(&desk));
    let auth = sandbox.home().join("auth.json");
    fs::write(&auth, json!({"credHelpers": {server: "pass"}}).to_string()).expect("the auth file");
    let skopeo = || {
        let mut command = desk.command(peer("skopeo").expect("skopeo"));
        command.args(["login", "--get-login", "--authfile"]).arg(&auth).arg(server);
        run(&mut command, b"")
    };
    let has_skopeo = peer("skopeo").is_some();
    assert!(!has_skopeo || skopeo().ok().out() == "alice\n");

    edit(sandbox, |hold| {
        hold["opened"] = 1.into();
        hold["until"] = 2.into();
    });
    let refused = desk.helper("get", server);
    assert_eq!((refused.code, refused.out().as_str()), (1, NOT_FOUND));
    assert!(refused.err().contains("ended") && refused.err().contains("regpass window close"), "{}", refused.err());
    let call = last_call(sandbox);
    assert_eq!(call["outcome"], "window-over");
    assert!(call["error"].as_str().is_some_and(|why| why.contains("ended")), "{call}");
    assert_eq!(desk.helper("list", "").ok().out(), "{}\n");
    assert!(!told(&desk) && (!has_skopeo || skopeo().code != 0));
    let seen = sandbox.regpass(&["status"], b"").ok().out();
    assert!(seen.contains("regpass window close --over"), "{seen}");

    let closed = sandbox.regpass(&["window", "close", "--over"], b"").ok();
    assert!(closed.err().contains("proved"), "{}", closed.err());
    desk.assert_logged_out();
    // What is logged in afterwards is nobody's window.
    desk.login("alice", PASSWORD).ok();
    desk.assert_logged_in("alice", PASSWORD);
}

#[test]
fn pulls_work_in_a_window_and_not_after_it() {
    let Some(mut desk) = Desk::new(Sandbox::with_store().0) else { return };
    if desk.start_daemon().is_none() {
        return;
    }
    desk.load_image();
    let path = desk.path.clone();
    desk.sandbox.set("PATH", path);
    let args = ["window", "open", "-u", "alice", "--password-stdin", desk.server()];
    desk.sandbox.regpass(&args, format!("{PASSWORD}\n").as_bytes()).ok();
    desk.docker(&["push", &desk.image()], "").ok();
    desk.docker(&["image", "rm", &desk.image()], "").ok();
    desk.docker(&["pull", &desk.image()], "").ok();
    desk.docker(&["image", "rm", &desk.image()], "").ok();
    edit(&desk.sandbox, |hold| hold["until"] = hold["opened"].clone());
    let pull = desk.docker(&["pull", &desk.image()], "");
    assert!(pull.code != 0 && pull.err().contains("no basic auth credentials"), "{}", pull.err());
    desk.sandbox.regpass(&["window", "close"], b"").ok();
    desk.assert_logged_out();
}

#[test]
fn a_second_is_over_by_itself() {
    let sandbox = bare();
    open(&sandbox, &["--for", "1s", "h.test"]).ok();
    until("the end", || sandbox.helper("get", "h.test").code == 1);
    assert_eq!(last_call(&sandbox)["outcome"], "window-over");
    assert!(files_holding(&sandbox.home().join(".local"), b"s3cret").is_empty());
    // A new login is no window's, whoever makes it.
    sandbox.helper("store", r#"{"ServerURL":"h.test","Username":"v","Secret":"new"}"#).ok();
    assert!(sandbox.helper("get", "h.test").ok().out().contains("new"));
    assert_eq!(status(&sandbox)["windows"], json!([]));
}

/// Starts `window run` with this script.
fn started(sandbox: &Sandbox, args: &[&str], script: &str) -> Child {
    let mut command: Command = sandbox.command(regpass_binary());
    command.args(["window", "run", "--no-verify", "-u", "u", "--password-stdin"]).args(args);
    command.args(["--", "sh", "-c", script]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
    child.stdin.take().expect("stdin").write_all(b"s3cret\n").expect("the password");
    child
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("sent");
}

/// How it ended, and what it said.
fn ended(mut child: Child) -> (Option<i32>, String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().expect("stdout").read_to_string(&mut out).expect("text");
    child.stderr.take().expect("stderr").read_to_string(&mut err).expect("text");
    (child.wait().expect("ended").code(), out, err)
}

#[track_caller]
fn assert_gone(sandbox: &Sandbox) {
    let answer = sandbox.helper("get", "h.test");
    assert_eq!((answer.code, answer.out().as_str(), answer.err().as_str()), (1, NOT_FOUND, ""));
    assert_eq!(status(sandbox)["windows"], json!([]));
    let config = fs::read_to_string(sandbox.home().join(".docker/config.json")).expect("it");
    assert!(!config.contains("h.test"), "{config}");
}

#[test]
fn a_command_has_the_login_and_its_exit_code_is_passed_on() {
    let sandbox = bare();
    let get = "printf h.test | docker-credential-pass get; exit 7";
    let (code, out, err) = ended(started(&sandbox, &["h.test"], get));
    assert!(code == Some(7) && out.contains("s3cret") && err.contains("proved"), "{code:?} {out} {err}");
    assert_gone(&sandbox);
    let (code, _, err) = ended(started(&sandbox, &["h.test"], "kill -9 $$"));
    assert_eq!(code, Some(128 + 9), "{err}");
    assert_gone(&sandbox);
    let run = ["window", "run", "--no-verify", "-u", "u", "--password-stdin", "h.test", "--", "/no/such"];
    assert_eq!(sandbox.regpass(&run, b"s3cret\n").code, 127);
    assert_gone(&sandbox);
}

#[test]
fn a_folder_of_its_own_is_what_the_command_sees_and_goes_with_it() {
    let sandbox = bare();
    let before = fs::read(sandbox.home().join(".docker/config.json")).expect("it");
    let script = "cat \"$DOCKER_CONFIG/config.json\"; stat -c %a \"$DOCKER_CONFIG\"; echo $DOCKER_CONFIG";
    let (code, out, err) = ended(started(&sandbox, &["--config-dir", "own", "h.test"], script));
    assert_eq!(code, Some(0), "{err}");
    let own = sandbox.home().join("own");
    assert!(out.contains("\"credsStore\": \"pass\"") && out.contains("h.test") && out.contains("\n700\n"), "{out}");
    assert!(out.ends_with(&format!("{}\n", own.display())) && !own.exists(), "{out}");
    assert_eq!(fs::read(sandbox.home().join(".docker/config.json")).expect("it"), before);
    assert_gone(&sandbox);
    let refused = sandbox.regpass(&["window", "open", "--config-dir", "own", "--password-stdin", "h.test"], b"x\n");
    assert!(refused.code == 2 && !own.exists(), "{}", refused.err());
}

#[test]
fn signals_reach_the_command_and_the_window_is_closed_all_the_same() {
    let sandbox = bare();
    let ready = sandbox.home().join("ready");
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::HUP, "HUP"), (Signal::INT, "INT")] {
        let script = format!("trap 'echo got; exit 9' {name}; : > {}; while :; do sleep 0.05; done", ready.display());
        let mut command = sandbox.command_without_terminal(regpass_binary());
        command.args([
            "window",
            "run",
            "--no-verify",
            "-u",
            "u",
            "--password-stdin",
            "h.test",
            "--",
            "sh",
            "-c",
            &script,
        ]);
        // Without a terminal, whose keys would reach the command by themselves.
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it");
        child.stdin.take().expect("stdin").write_all(b"s3cret\n").expect("the password");
        until("the command", || ready.exists());
        let pid = status(&sandbox)["windows"][0]["runner"]["pid"].as_i64().expect("a process");
        let pid = Pid::from_raw(i32::try_from(pid).expect("a number")).expect("a process");
        kill_process(pid, signal).expect("sent");
        let (code, out, err) = ended(child);
        assert_eq!((code, out.as_str()), (Some(9), "got\n"), "{name}: {err}");
        assert_gone(&sandbox);
        fs::remove_file(&ready).expect("removed");
    }
}

#[test]
fn where_regpass_is_killed_the_login_is_not_handed_out_any_more() {
    let sandbox = bare();
    let ready = sandbox.home().join("ready");
    let script = format!(": > {}; exec sleep 600", ready.display());
    let mut child = started(&sandbox, &["h.test"], &script);
    until("the command", || ready.exists());
    assert!(sandbox.helper("get", "h.test").ok().out().contains("s3cret"));
    send(&child, Signal::KILL);
    child.wait().expect("killed");
    let answer = sandbox.helper("get", "h.test");
    assert!(answer.code == 1 && answer.out() == NOT_FOUND && answer.err().contains("was killed"), "{}", answer.err());
    let call = last_call(&sandbox);
    assert!(call["error"].as_str().is_some_and(|why| why.contains("was killed")), "{call}");
    let told = sandbox.regpass(&["status"], b"").ok().out();
    assert!(told.contains("was killed") && told.contains("regpass window close --over"), "{told}");
    sandbox.regpass(&["window", "close", "--over"], b"").ok();
    assert_gone(&sandbox);
    // What it left running is this test's to end.
    sandbox
        .run(
            "sh",
            &[
                "-c",
                &format!(
                    "for p in /proc/[0-9]*; do \
        tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '^sleep 600 $' && \
        [ \"$(readlink $p/cwd)\" = '{}' ] && kill ${{p#/proc/}}; done; :",
                    sandbox.home().display()
                ),
            ],
            b"",
        )
        .ok();
}

#[test]
fn two_commands_at_once_share_a_login_and_the_last_one_takes_it() {
    let sandbox = bare();
    let (ready, go) = (sandbox.home().join("ready"), sandbox.home().join("go"));
    assert!(Command::new("mkfifo").arg(&go).status().expect("mkfifo").success());
    let script =
        format!(": > {}; read x < {}; printf h.test | docker-credential-pass get", ready.display(), go.display());
    let first = started(&sandbox, &["h.test"], &script);
    until("the first command", || ready.exists());
    let (code, out, err) = ended(started(&sandbox, &["h.test"], "printf h.test | docker-credential-pass get"));
    assert!(code == Some(0) && out.contains("s3cret") && err.contains("another window has it too"), "{code:?} {err}");
    fs::write(&go, "go\n").expect("told to go on");
    let (code, out, err) = ended(first);
    assert!(code == Some(0) && out.contains("s3cret") && err.contains("proved"), "{code:?} {out} {err}");
    assert_gone(&sandbox);
}

#[test]
fn a_window_is_closed_without_a_key_and_without_a_network() {
    let Some(desk) = desk() else { return };
    let (server, config) = (desk.server().to_owned(), desk.config.clone());
    let args = ["window", "open", "-u", "alice", "--password-stdin", &server];
    desk.sandbox.regpass(&args, format!("{PASSWORD}\n").as_bytes()).ok();
    let Desk { sandbox, registry, .. } = desk;
    drop(registry);
    sandbox.stop_gnupg();
    fs::rename(sandbox.gnupg_home().join("private-keys-v1.d"), sandbox.gnupg_home().join("away")).expect("no keys");
    let other = ["window", "open", "-u", "alice", "--password-stdin", "127.0.0.1:1"];
    assert_eq!(sandbox.regpass(&other, b"pw\n").code, 11);
    let closed = sandbox.regpass(&["window", "close", "--json"], b"").ok();
    let told: Value = serde_json::from_slice(&closed.stdout).expect("JSON");
    assert_eq!((&told["proved"], &told["registries"][0]["ended"]), (&json!(true), &json!("logged-out")), "{told}");
    assert_eq!(sandbox.helper("get", &server).out(), NOT_FOUND);
    assert!(!fs::read_to_string(config.join("config.json")).expect("it").contains(&server));
}

#[test]
fn on_a_full_disk_nothing_is_opened_and_what_is_open_can_be_closed() {
    let sandbox = bare();
    let disk = Disk::mount(&sandbox.home().join(".local/state"));
    let Some(disk) = disk else { return skip("only root can mount a small disk") };
    disk.fill();
    let refused = open(&sandbox, &["h.test"]);
    assert!(refused.code == 1 && refused.err().contains("df -h"), "{} {}", refused.code, refused.err());
    assert_eq!(sandbox.helper("get", "h.test").out(), NOT_FOUND);
    disk.empty();
    open(&sandbox, &["h.test"]).ok();
    disk.fill();
    let closed = sandbox.regpass(&["window", "close"], b"").ok();
    assert!(closed.err().contains("proved"), "{}", closed.err());
    assert_eq!(sandbox.helper("get", "h.test").out(), NOT_FOUND);
    assert_eq!(status(&sandbox)["windows"], json!([]));
}

/// A disk of a few pages, which is there until this is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Option<Disk> {
        fs::create_dir_all(at).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "none"]).arg(at).output();
        mounted.is_ok_and(|done| done.status.success()).then(|| Disk(at.to_owned()))
    }

    fn fill(&self) {
        let mut file = fs::File::create(self.0.join("full")).expect("a file");
        while file.write_all(&[0; 512]).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.0.join("full")).expect("removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
