//! The helper's calls on the screen while they are made, by the helper itself.

use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::program;

use super::support::{selected, showcase};

/// Asks the helper as Docker does.
fn ask(machine: &Machine, server: &str) {
    let link = machine.home().join("docker-credential-pass");
    if !link.exists() {
        std::os::unix::fs::symlink(program::regpass(), &link).expect("a link");
    }
    let script = format!("printf %s {server} | {} get >/dev/null; true", link.display());
    machine.launch("/bin/sh").args(&["-c", &script]).start().wait_end();
}

#[test]
fn calls_appear_as_they_are_made_are_found_and_lead_to_their_registry() {
    let machine = showcase();
    // The showcase has a week's calls; this begins before the first.
    std::fs::remove_dir_all(&machine.system().options.state_dir).expect("the journal's folder");
    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first frame", |_| true);
    let empty = terminal.press("4", "an answer", |frame| frame.contains("Activity") && !frame.contains("looking"));
    let none = |frame: &Frame| frame.contains("Nobody has asked");
    if !none(&empty) {
        terminal.wait_for("nothing yet", none);
    }
    ask(&machine, "ghcr.io");
    terminal.wait_for("the call", |frame| frame.contains("get") && frame.contains("ghcr.io"));
    ask(&machine, "nothing.example.test");
    terminal.wait_for("the next", |frame| frame.contains("not-found"));
    terminal.press("/", "the filter's field", |frame| frame.cursor.is_some());
    let found = terminal.press("nothing", "one call", |frame| frame.row(23).ends_with("1/2"));
    assert!(found.contains("anonymously") && found.contains("docker login nothing.example.test"), "{}", found.text());
    terminal.press(key::ESC, "both", |frame| frame.cursor.is_none());
    terminal.press("j", "the first call", |frame| selected(frame).contains("ghcr.io"));
    let there = terminal.press("o", "its registry", |frame| {
        frame.contains("AGE") && frame.row_with("▶").is_some_and(|row| row.contains("ghcr.io"))
    });
    assert!(there.contains("<token>"), "{}", there.text());
    // The first tab follows them too.
    terminal.press("1", "the last calls", |frame| frame.contains("nothing.example.test"));
    ask(&machine, "later.example.test");
    terminal.wait_for("the call", |frame| frame.contains("later.example.test"));
}
