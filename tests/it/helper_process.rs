//! The helper as a process: what its streams, its surroundings and many of it at once do. What it answers to which input
//! are the cases (`helper_cases.rs`).

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Answer, Sandbox, run, set_mode, skip};

/// A home with a store in which `registry.test` has a login that is only ever listed.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.init_store("0123456789ABCDEF0123456789ABCDEF01234567");
    let folder = sandbox.store().join("docker-credential-helpers/cmVnaXN0cnkudGVzdA==");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("alice.gpg"), "x").unwrap();
    sandbox
}

fn journal_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".local/state/regpass/journal.jsonl")
}

fn calls(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(journal_file(sandbox)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn called(program: &Path, sandbox: &Sandbox, action: &str) -> Command {
    let mut command = sandbox.command(program);
    command.arg(action);
    command
}

#[test]
fn each_call_is_recorded_and_no_secret_is() {
    let sandbox = sandbox();
    sandbox.helper("list", "");
    sandbox.helper("get", "https://other.test/v2/\n");
    sandbox.helper("erase", "https://other.test/v2/");
    sandbox.helper("get", "https://bob:hunter2@other.test");
    sandbox.helper("get", r#"{"ServerURL":"h","Username":"u","Secret":"hunter2"}"#);
    sandbox.helper("store", r#"{"ServerURL":"https://u:hunter2@h.test","Username":"","Secret":"hunter2"}"#);
    sandbox.helper("store", r#"{"ServerURL":"h.test","Username":"../u","Secret":"hunter2"}"#);
    sandbox.helper("get", "");
    sandbox.helper("version", "");
    let calls = calls(&sandbox);
    let column = |name: &str| -> Vec<String> {
        calls.iter().map(|call| call[name].as_str().unwrap_or("-").to_owned()).collect()
    };
    assert_eq!(column("action"), ["list", "get", "erase", "get", "get", "store", "store", "get"]);
    let outcomes = ["listed", "not-found", "nothing-to-erase", "not-found", "not-found"];
    assert_eq!(column("outcome"), [&outcomes[..], &["error:input", "error:failed", "error:input"]].concat());
    let server = "https://other.test/v2/";
    assert_eq!(column("server"), ["-", server, server, "https://***@other.test", "***", "-", "h.test", "-"]);
    assert_eq!(column("user")[6], "../u");
    assert!(column("error")[6].contains("would leave its registry's folder"), "{calls:?}");
    assert_eq!(calls[0]["store"], sandbox.store().to_str().unwrap());
    assert_eq!(calls[0]["home"], sandbox.home().to_str().unwrap());
    assert_eq!(calls[0]["uid"], rustix::process::getuid().as_raw());
    let ours = std::fs::read_to_string("/proc/self/comm").unwrap();
    assert_eq!(calls[0]["caller"], ours.trim_end());
    assert!(calls[0]["time"].as_str().unwrap().ends_with('Z'));
    let text = std::fs::read_to_string(journal_file(&sandbox)).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(journal_file(&sandbox).metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_became_of_a_login_is_recorded() {
    let (sandbox, _) = Sandbox::with_store();
    let login = r#"{"ServerURL":"h.test","Username":"alice","Secret":"hunter2"}"#;
    sandbox.helper("store", login).ok();
    sandbox.helper("store", login).ok();
    sandbox.helper("get", "h.test").ok();
    sandbox.helper("erase", "h.test").ok();
    sandbox.helper("get", "h.test");
    let calls = calls(&sandbox);
    let outcomes: Vec<_> = calls.iter().map(|call| call["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["stored", "unchanged", "found", "erased", "not-found"]);
    let users: Vec<_> = calls.iter().map(|call| call["user"].as_str()).collect();
    assert_eq!(users, [Some("alice"), Some("alice"), Some("alice"), None, None]);
    assert!(!std::fs::read_to_string(journal_file(&sandbox)).unwrap().contains("hunter2"));
}

#[test]
fn many_gets_at_once_each_get_their_own_secret() {
    let (sandbox, _) = Sandbox::with_store();
    for number in 0..4 {
        let login = format!(r#"{{"ServerURL":"host{number}.test","Username":"u","Secret":"secret{number}"}}"#);
        sandbox.helper("store", login).ok();
    }
    let helper = sandbox.helper_link();
    std::thread::scope(|scope| {
        for call in 0..32 {
            let (sandbox, helper, number) = (&sandbox, &helper, call % 4);
            scope.spawn(move || {
                let server = format!("host{number}.test");
                let answer = run(&mut called(helper, sandbox, "get"), server.as_bytes()).ok();
                let want = format!(r#"{{"ServerURL":"{server}","Username":"u","Secret":"secret{number}"}}"#);
                assert_eq!((answer.out(), answer.err()), (want + "\n", String::new()));
            });
        }
    });
}

#[test]
fn the_journal_can_be_off() {
    let sandbox = sandbox();
    let config = sandbox.home().join(".config/regpass");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "journal = false\n").unwrap();
    sandbox.helper("list", "").ok();
    assert!(!journal_file(&sandbox).exists());
}

#[test]
fn a_journal_that_cannot_be_written_is_nobody_s_problem() {
    let mut sandbox = sandbox();
    let blocked = sandbox.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    for state in [blocked.join("state"), PathBuf::from("/proc/nowhere")] {
        sandbox.set("XDG_STATE_HOME", &state);
        let answer = sandbox.helper("list", "").ok();
        assert_eq!((answer.out().as_str(), answer.err().as_str()), ("{\"registry.test\":\"alice\"}\n", ""));
    }
}

#[test]
fn a_home_that_is_not_there_is_not_made() {
    let mut sandbox = sandbox();
    sandbox.set("PASSWORD_STORE_DIR", sandbox.store());
    let missing = sandbox.path().join("missing");
    let helper = sandbox.helper_link();
    let mut command = called(&helper, &sandbox, "list");
    let answer = run(command.env("HOME", &missing), b"").ok();
    assert_eq!(answer.out(), "{\"registry.test\":\"alice\"}\n");
    assert!(!missing.exists());
}

#[test]
fn a_state_folder_of_another_user_is_left_alone() {
    if !rustix::process::getuid().is_root() {
        return skip("only root can give a folder to another user");
    }
    let sandbox = sandbox();
    let state = sandbox.home().join(".local/state");
    std::fs::create_dir_all(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(65_534), Some(65_534)).unwrap();
    sandbox.helper("list", "").ok();
    assert_eq!(std::fs::read_dir(&state).unwrap().count(), 0);
    let file = journal_file(&sandbox);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "").unwrap();
    std::os::unix::fs::chown(&file, Some(65_534), Some(65_534)).unwrap();
    sandbox.helper("list", "").ok();
    let meta = file.metadata().unwrap();
    assert_eq!((meta.len(), meta.uid()), (0, 65_534));
}

#[test]
fn many_at_once_answer_alike_and_are_all_recorded() {
    let sandbox = sandbox();
    let helper = sandbox.helper_link();
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let call = |number: usize| {
            let (sandbox, helper) = (&sandbox, &helper);
            scope.spawn(move || match number % 2 {
                0 => run(&mut called(helper, sandbox, "list"), b""),
                _ => run(&mut called(helper, sandbox, "get"), format!("host{number}.test").as_bytes()),
            })
        };
        let threads: Vec<_> = (0..32).map(call).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, answer) in answers.iter().enumerate() {
        let want = ["{\"registry.test\":\"alice\"}\n", "credentials not found in native keychain\n"][number % 2];
        assert_eq!(answer.out(), want);
        assert!(answer.stderr.is_empty(), "{}", answer.err());
    }
    assert_eq!(calls(&sandbox).len(), 32);
}

#[test]
fn output_that_nobody_takes() {
    let sandbox = sandbox();
    let helper = sandbox.helper_link();
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let code = |action: &str, stdout: Stdio| {
        let mut command = called(&helper, &sandbox, action);
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(code("list", full().into()), Some(1));
    assert_eq!(code("version", full().into()), Some(0));
    let (stored, _) = Sandbox::with_store();
    stored.helper("store", r#"{"ServerURL":"h.test","Username":"u","Secret":"p"}"#).ok();
    let script = "echo h.test | \"$0\" get >/dev/full";
    assert_eq!(stored.command("sh").args(["-c", script]).arg(&helper).status().unwrap().code(), Some(0));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(code("list", writer.into()), Some(1));
    let closed = |action: &str| {
        let script = format!("\"$0\" {action} <&- >&- 2>&-");
        sandbox.command("sh").args(["-c", &script]).arg(&helper).status().unwrap().code()
    };
    assert_eq!(closed("list"), Some(0));
    assert_eq!(closed("get"), Some(1));
}

#[test]
fn a_terminal_is_told_what_is_awaited() {
    let sandbox = sandbox();
    let script = format!("{} get", sandbox.helper_link().display());
    let mut terminal = sandbox.command("script");
    // A pseudo-terminal as stdin; what is typed ends with the end-of-file key.
    terminal.args(["-qec", &script, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut child) = terminal.spawn() else { return skip("script(1) is not installed") };
    let mut output = child.stdout.take().unwrap();
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(b"Ctrl-D\r\n") && output.read(&mut byte).unwrap() > 0 {
        said.push(byte[0]);
    }
    assert!(String::from_utf8_lossy(&said).contains("docker-credential-pass: type a server"), "{said:?}");
    let mut keys = child.stdin.take().unwrap();
    keys.write_all(b"other.test\n\x04").unwrap();
    output.read_to_end(&mut said).unwrap();
    assert!(String::from_utf8_lossy(&said).contains("credentials not found in native keychain"), "{said:?}");
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn a_broken_config_file_is_told_without_a_second_line_on_stdout() {
    let sandbox = sandbox();
    let config = sandbox.home().join(".config/regpass");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.toml"), "journal = maybe\n").unwrap();
    let answer = sandbox.helper("get", "registry.test");
    assert_eq!((answer.code, answer.out().matches('\n').count()), (1, 1));
    assert!(answer.out().contains("config.toml") && answer.err().contains("hint: "), "{answer:?}");
    assert_eq!(sandbox.helper("version", "").ok().err(), "");
}

#[test]
fn the_links_start_the_helper() {
    let sandbox = Sandbox::new();
    let bin = sandbox.home().join("bin");
    let dir = bin.to_str().unwrap();
    sandbox.regpass(&["shims", "install", "--dir", dir], b"").ok();
    for name in ["docker-credential-pass", "docker-credential-regpass"] {
        let answer = sandbox.run(bin.join(name), &["version"], b"").ok();
        assert!(answer.out().starts_with("docker-credential-pass (regpass) v"), "{}", answer.out());
    }
    std::fs::remove_file(bin.join("docker-credential-pass")).unwrap();
    std::fs::write(bin.join("docker-credential-pass"), "#!/bin/sh\nexit 7\n").unwrap();
    set_mode(&bin.join("docker-credential-pass"), 0o755);
    let refused = sandbox.regpass(&["shims", "install", "--dir", dir], b"");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert_eq!(sandbox.run(bin.join("docker-credential-pass"), &["version"], b"").code, 7);
    sandbox.regpass(&["shims", "remove", "--dir", dir], b"").ok();
    assert_eq!(std::fs::read_dir(&bin).unwrap().count(), 1);
}

/// Each library more is a tenth of the processor time of a `get` (build.rs).
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn starting_loads_the_c_library_and_no_other() {
    let mut sandbox = sandbox();
    // ld.so(8): the loader lists what it loads, one a line, and starts nothing.
    sandbox.set("LD_TRACE_LOADED_OBJECTS", "1");
    let listed = sandbox.helper("version", "").ok().out();
    let names: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.iter().any(|name| name.starts_with("libc.so")), "{listed}");
    let of_every_process =
        |name: &&&str| ["linux-vdso", "linux-gate", "libc.so", "ld-linux"].iter().any(|known| name.contains(known));
    assert_eq!(names.iter().filter(|name| !of_every_process(name)).count(), 0, "{listed}");
}

#[test]
fn a_relative_store_needs_a_current_folder() {
    let mut sandbox = sandbox();
    sandbox.set("PASSWORD_STORE_DIR", "etc");
    let helper = sandbox.helper_link();
    let script = format!("mkdir gone && cd gone && rmdir ../gone && exec {} list", helper.display());
    let answer = sandbox.run("sh", &["-c", &script], b"");
    assert_eq!((answer.code, answer.out().contains("PASSWORD_STORE_DIR")), (1, true), "{answer:?}");
    sandbox.set("PASSWORD_STORE_DIR", sandbox.store());
    sandbox.run("sh", &["-c", &script], b"").ok();
}
