//! Opens regpass on a machine and brings it to where a scenario begins.

use std::process::Command;

use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::Terminal;
use regpass_ui_tests::{key, skip};

/// A machine with the showcase's store.
pub fn showcase() -> Machine {
    let machine = Machine::new();
    machine.showcase();
    machine
}

/// A store in git for a key of gpg's with this passphrase. None, and a note, where a program for that is missing.
pub fn in_git(passphrase: &str) -> Option<Machine> {
    let all = ["gpg", "pinentry-curses", "pass", "git"].map(skip::has);
    all.iter().all(|has| *has).then(|| {
        let machine = Machine::with_gnupg(passphrase);
        machine.run("git", &["config", "--global", "user.name", "alice"]);
        machine.run("git", &["config", "--global", "user.email", "alice@example.test"]);
        machine.run("pass", &["git", "init"]);
        machine
    })
}

/// The subjects of the store's commits, the newest first.
pub fn subjects(machine: &Machine) -> Vec<String> {
    let log = Command::new("git").arg("-C").arg(machine.store()).args(["log", "--format=%s"]).output().expect("git");
    String::from_utf8_lossy(&log.stdout).lines().map(str::to_owned).collect()
}

/// Runs this in the machine's home to its successful end.
#[track_caller]
pub fn sh(machine: &Machine, script: &str) {
    machine.run("sh", &["-c", script]);
}

/// What this script prints in the machine's home.
#[track_caller]
pub fn output(machine: &Machine, script: &str) -> String {
    machine.output("sh", &["-c", script])
}

/// regpass on 80×24, its store read and listed.
#[track_caller]
pub fn open(machine: &Machine) -> Terminal {
    open_at(machine, 80, 24)
}

#[track_caller]
pub fn open_at(machine: &Machine, cols: u16, rows: u16) -> Terminal {
    let mut terminal = machine.regpass().size(cols, rows).start();
    to_store(&mut terminal);
    terminal
}

/// From the first tab to the store, read and listed.
#[track_caller]
pub fn to_store(terminal: &mut Terminal) {
    terminal.wait_for("the first frame", |_| true);
    terminal.press("2", "the store, read", is_read);
}

/// The number of entries stands at the right end of the last line.
pub fn is_read(frame: &Frame) -> bool {
    frame.row(frame.rows - 1).ends_with(|last: char| last.is_ascii_digit())
}

/// Types a needle and goes on with what it found, the details known.
#[track_caller]
pub fn find(terminal: &mut Terminal, needle: &str, found: &str) {
    terminal.press("/", "the filter's field", |frame| frame.cursor.is_some());
    terminal.press(needle, "what was found", |frame| frame.contains(found));
    terminal.press("\r", "its details", |frame| frame.cursor.is_none() && frame.contains("readable by"));
}

/// Goes down to the row that holds this text.
#[track_caller]
pub fn go_down_to(terminal: &mut Terminal, text: &str) {
    while !terminal.frame().is_some_and(|frame| selected(&frame).contains(text)) {
        let before = terminal.frame().and_then(|frame| frame.find("▶"));
        terminal.press(key::DOWN, "the next row", |frame| frame.find("▶") != before);
    }
}

/// The row that is selected.
pub fn selected(frame: &Frame) -> String {
    frame.row_with("▶").expect("a selected row")
}

/// True when any byte string of the output is this one: on the screen, before it, or in no frame at all.
pub fn wrote(terminal: &Terminal, text: &str) -> bool {
    terminal.output().windows(text.len()).any(|bytes| bytes == text.as_bytes())
}
