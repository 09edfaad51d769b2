//! `edit` with real editors and with scripts in their place: only the text that was changed changes, nothing stays in
//! memory's file system, and what cannot be stored is not lost.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{json_of, keys, store_of};
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, peer, regpass_binary, set_mode};

/// A program that stands in for an editor; it finds the file's name in `$1`.
fn use_editor(sandbox: &mut Sandbox, script: &str) {
    let file = sandbox.path().join("ed it");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a script");
    set_mode(&file, 0o755);
    sandbox.set("EDITOR", format!("'{}' -x", file.display()));
}

/// What stands in for the editor has `-x` in front of its file.
fn edit(sandbox: &mut Sandbox, script: &str, args: &[&str]) -> crate::support::Answer {
    use_editor(sandbox, &format!("shift; {script}"));
    sandbox.regpass(&[&["edit"], args].concat(), b"")
}

#[track_caller]
fn nothing_is_left(seen: &Path) {
    let file = std::fs::read_to_string(seen).expect("the editor ran");
    let folder = PathBuf::from(file.trim()).parent().expect("a folder").to_owned();
    assert!(folder.starts_with("/dev/shm") && !folder.exists(), "{}", folder.display());
}

#[test]
fn the_text_changes_where_the_editor_changed_it() {
    let mut sandbox = store_of(&["a/b"]);
    sandbox.init_git();
    let seen = sandbox.path().join("seen");
    let note =
        format!("echo \"$1\" > {}; stat -c %a \"$1\" \"$(dirname \"$1\")\" > {}.modes", seen.display(), seen.display());
    let script = format!("{note}; cp \"$1\" \"$1~\"; printf 'more: \\303' >> \"$1\"");
    let answer = edit(&mut sandbox, &script, &["a/b"]).ok();
    assert_eq!(answer.err(), "stored \"a/b\"\n");
    assert_eq!(sandbox.regpass(&["show", "a/b"], b"").ok().stdout, b"pw of a/b\nuser: alice\nmore: \xc3");
    assert_eq!(std::fs::read_to_string(format!("{}.modes", seen.display())).expect("modes"), "600\n700\n");
    nothing_is_left(&seen);
    let subject = sandbox.git(&["log", "-1", "--format=%s"]).ok().out();
    assert!(subject.starts_with("Edit password for a/b using '") && subject.ends_with("' -x.\n"), "{subject}");

    let before = sandbox.git(&["rev-parse", "HEAD"]).ok().out();
    assert_eq!(edit(&mut sandbox, &note, &["a/b"]).ok().err(), "\"a/b\" is unchanged\n");
    nothing_is_left(&seen);
    let value = json_of(edit(&mut sandbox, "touch \"$1\"", &["--json", "a/b"]));
    assert_eq!(value, json!({"schema": 1, "path": "a/b", "changed": false}));
    keys(&value);
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]).ok().out(), before);
}

/// The folder of `h.test`.
const H: &str = "docker-credential-helpers/aC50ZXN0";

#[test]
fn a_line_end_that_the_editor_adds_is_no_part_of_a_login() {
    let (mut sandbox, _) = Sandbox::with_store();
    let login = br#"{"ServerURL":"h.test","Username":"u","Secret":"s3cret"}"#;
    sandbox.helper("store", login).ok();
    sandbox.regpass(&["insert", "-m", "other"], b"pw").ok();
    let name = format!("{H}/u");
    let secret = |sandbox: &Sandbox| sandbox.regpass(&["show", &name], b"").ok().out();
    assert_eq!(edit(&mut sandbox, "echo n3w > \"$1\"", &[&name]).ok().err(), format!("stored \"{name}\"\n"));
    assert_eq!(secret(&sandbox), "n3w");
    let answer = edit(&mut sandbox, "echo n3w > \"$1\"", &[&name]).ok();
    assert_eq!(answer.err(), format!("\"{name}\" is unchanged\n"));
    let refused = edit(&mut sandbox, "printf 'n3w\\nmore\\n' > \"$1\"", &[&name]);
    assert!(refused.code == 1 && refused.err().contains("would have 2 lines"), "{}", refused.err());
    remove(&refused.err());
    // Any other entry is stored as the file is.
    edit(&mut sandbox, "echo n3w > \"$1\"", &["other"]).ok();
    assert_eq!(sandbox.regpass(&["show", "other"], b"").ok().out(), "n3w\n");
    // A new login too, which began without any line.
    edit(&mut sandbox, "echo n3w > \"$1\"", &[&format!("{H}/v")]).ok();
    assert_eq!(sandbox.regpass(&["show", &format!("{H}/v")], b"").ok().out(), "n3w");
    sandbox.regpass(&["rm", "-f", &format!("{H}/v")], b"").ok();

    // `env` hides it from those who would tell it to add nothing.
    for (editor, text) in [("vim", "from vim"), ("ed", "from ed")] {
        if peer(editor).is_none() {
            continue;
        }
        sandbox.set(
            "EDITOR",
            match editor {
                "vim" => format!("env vim -u NONE -es -c '%s/.*/{text}/' -c wq"),
                _ => format!("printf '%s\\n' '1c' '{text}' . w q | ed -s"),
            },
        );
        sandbox.regpass(&["edit", &name], b"").ok();
        assert_eq!(secret(&sandbox), text);
        let answer: serde_json::Value =
            serde_json::from_str(&sandbox.helper("get", "h.test").ok().out()).expect("JSON");
        assert_eq!(answer["Secret"], text);
        if let Some(pass) = peer("pass") {
            assert_eq!(sandbox.run(pass, &["show", &name], b"").ok().out(), text);
        }
        if let Some(gopass) = peer("gopass") {
            let store = sandbox.store();
            let mut command = sandbox.command(gopass);
            command.env("PASSWORD_STORE_DIR", &store).env("GOPASS_NO_NOTIFY", "1").args(["show", "--password", &name]);
            assert_eq!(crate::support::run(&mut command, b"").ok().out().trim_end(), text);
        }
    }
}

#[test]
fn new_entries_and_a_pipe() {
    let mut sandbox = store_of(&[]);
    edit(&mut sandbox, "echo pw > \"$1\"", &["n/e w"]).ok();
    assert_eq!(sandbox.regpass(&["show", "n/e w"], b"").ok().out(), "pw\n");
    assert_eq!(edit(&mut sandbox, "true", &["other"]).code, 130);
    assert!(!sandbox.store().join("other.gpg").exists());
    let answer = sandbox.regpass(&["edit", "--stdin", "n/e w"], b"new\nno end").ok();
    assert_eq!(answer.err(), "stored \"n/e w\"\n");
    assert_eq!(sandbox.regpass(&["show", "n/e w"], b"").ok().out(), "new\nno end");
    assert_eq!(sandbox.regpass(&["edit", "--stdin", "n/e w"], b"new\nno end").ok().err(), "\"n/e w\" is unchanged\n");
    assert_eq!(sandbox.regpass(&["edit", "--stdin", "n/e w"], b"").code, 2);
}

#[test]
fn without_a_terminal_no_editor_is_chosen() {
    let mut sandbox = store_of(&["a"]);
    sandbox.unset("EDITOR");
    sandbox.unset("VISUAL");
    for name in ["a", "nope"] {
        let answer = sandbox.regpass(&["edit", name], b"");
        assert_eq!(answer.code, 2);
        assert!(answer.err().ends_with(&format!("regpass insert --multiline {name}\n")), "{}", answer.err());
    }
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let mut sandbox = store_of(&["a"]);
    sandbox.set("VISUAL", "no-such-editor -x");
    let missing = sandbox.regpass(&["edit", "a"], b"");
    assert_eq!(missing.code, 1);
    assert!(missing.err().contains("error: the editor \"no-such-editor -x\" cannot be run\n"), "{}", missing.err());
    sandbox.unset("VISUAL");
    let emptied = edit(&mut sandbox, ": > \"$1\"", &["a"]);
    assert!(
        emptied.code == 2 && emptied.err().contains("hint: to remove the entry: regpass rm a\n"),
        "{}",
        emptied.err()
    );
    assert_eq!(edit(&mut sandbox, "rm \"$1\"", &["a"]).code, 1);
    let crashed = edit(&mut sandbox, "echo half > \"$1\"; exit 7", &["a"]);
    assert_eq!(crashed.code, 1);
    assert_eq!(std::fs::read_to_string(kept(&crashed.err())).expect("kept"), "half\n");
    remove(&crashed.err());
    assert_eq!(sandbox.regpass(&["show", "a"], b"").ok().out(), "pw of a\nuser: alice\n");
}

/// The file that a problem's hint names.
fn kept(said: &str) -> PathBuf {
    let line = said.lines().find(|line| line.contains("is kept, readable, in")).unwrap_or_else(|| panic!("{said}"));
    PathBuf::from(line.split('"').nth(1).expect("a name"))
}

fn remove(said: &str) {
    std::fs::remove_dir_all(kept(said).parent().expect("a folder")).expect("removed");
}

#[test]
fn a_text_that_cannot_be_stored_is_kept() {
    let mut sandbox = store_of(&["a"]);
    let regpass = regpass_binary();
    let script = format!("echo theirs | {} edit --stdin a 2>/dev/null; echo mine > \"$1\"", regpass.display());
    let conflict = edit(&mut sandbox, &script, &["a"]);
    assert_eq!(conflict.code, 1);
    assert!(conflict.err().contains("\"a\" was changed by somebody else meanwhile"), "{}", conflict.err());
    let file = kept(&conflict.err());
    assert_eq!(std::fs::metadata(&file).expect("kept").permissions().mode() & 0o777, 0o600);
    let hint =
        conflict.err().lines().find_map(|line| line.split_once("all the same: ").map(|(_, hint)| hint.to_owned()));
    let hint = hint.expect("a command").replacen("regpass", regpass.to_str().expect("text"), 1);
    sandbox.run("sh", &["-c", &hint], b"").ok();
    assert_eq!(sandbox.regpass(&["show", "a"], b"").ok().out(), "mine\n");
    remove(&conflict.err());

    let gpg_id = sandbox.store().join(".gpg-id");
    let script = format!("echo nobody@example.test > '{}'; echo lost? > \"$1\"", gpg_id.display());
    let failed = edit(&mut sandbox, &script, &["a"]);
    assert_eq!((failed.code, std::fs::read_to_string(kept(&failed.err())).expect("kept").as_str()), (1, "lost?\n"));
    remove(&failed.err());
    // Where it could not be stored, nobody is let type it at all.
    let seen = sandbox.path().join("seen");
    let refused = edit(&mut sandbox, &format!("echo \"$1\" > {}", seen.display()), &["a"]);
    assert!(refused.code == 1 && !seen.exists(), "{}", refused.err());
}

#[test]
fn a_signal_wipes_the_text_and_ends_the_editor() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut sandbox = store_of(&["a"]);
        let seen = sandbox.path().join("seen");
        let script = format!(
            "shift; echo changed > \"$1\"; echo \"$1\" > {0}.new; mv {0}.new {0}; exec sleep 600",
            seen.display()
        );
        use_editor(&mut sandbox, &script);
        let mut command = sandbox.command(regpass_binary());
        let mut child = command.args(["edit", "a"]).stderr(std::process::Stdio::null()).spawn().expect("started");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !seen.exists() {
            assert!(Instant::now() < deadline, "the editor does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        kill_process(Pid::from_child(&child), signal).expect("told to end");
        assert_eq!(child.wait().expect("ended").code(), Some(130));
        nothing_is_left(&seen);
        assert_eq!(sandbox.regpass(&["show", "a"], b"").ok().out(), "pw of a\nuser: alice\n");
    }
}

/// A number in a file that a script writes at its end.
fn pids(file: &Path) -> Vec<String> {
    std::fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn an_editor_behind_a_shell_ends_with_us() {
    for signal in [Signal::TERM, Signal::HUP] {
        let mut sandbox = store_of(&["a"]);
        let seen = sandbox.path().join("seen");
        let numbers = sandbox.path().join("pids");
        let inner = format!(
            "trap \"\" HUP; echo $$ >> {0}; echo \"$1\" > {1}; sleep 60; true",
            numbers.display(),
            seen.display()
        );
        sandbox.set("EDITOR", format!("echo $$ >> {}; true; sh -c '{inner}' x", numbers.display()));
        let mut command = sandbox.command(regpass_binary());
        let mut child = command
            .args(["edit", "a"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("started");
        let deadline = Instant::now() + Duration::from_secs(60);
        while !std::fs::read_to_string(&seen).is_ok_and(|text| text.ends_with('\n')) {
            assert!(Instant::now() < deadline, "the editor does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        kill_process(Pid::from_child(&child), signal).expect("told to end");
        assert_eq!(child.wait().expect("ended").code(), Some(130));
        nothing_is_left(&seen);
        let all = pids(&numbers);
        assert_eq!(all.len(), 2);
        let runs = |pid: &String| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z"))
        };
        while all.iter().any(runs) {
            assert!(Instant::now() < deadline, "{signal:?}: the editor still runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn vim_on_a_terminal_keeps_the_end_and_leaves_nothing() {
    let Some(vim) = peer("vim") else { return };
    let sandbox = store_of(&[]);
    sandbox.regpass(&["insert", "-m", "a"], b"pw\nno line end").ok();
    std::fs::write(sandbox.home().join(".vimrc"), "set backup backupdir=~ undofile undodir=~\n").expect("settings");
    let mut command = sandbox.command(regpass_binary());
    command.args(["edit", "a"]).env("TERM", "xterm").env("EDITOR", vim);
    let mut terminal = Terminal::start(&command);
    terminal.wait_for("no line end");
    terminal.send(b"ggxxinew\x1b:wq\r");
    terminal.wait_for("stored \"a\"");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(sandbox.regpass(&["show", "a"], b"").ok().out(), "new\nno line end");
    assert_eq!(crate::support::files_holding(&sandbox.home(), b"no line end"), Vec::<PathBuf>::new());
}
