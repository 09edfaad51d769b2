//! What the store screen changes, on stores in git that pass reads afterwards.

use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::key;
use regpass_ui_tests::pty::Terminal;

use super::support::{in_git, open, subjects, wrote};

pub const PASSPHRASE: &str = "four small boats";

#[track_caller]
pub fn told(terminal: &mut Terminal, keys: &str, words: &'static str) {
    terminal.press(keys, words, |frame: &Frame| frame.row(22).contains(words));
}

#[test]
fn an_entry_is_made_renamed_renewed_removed_and_brought_back() {
    let Some(machine) = in_git(PASSPHRASE) else { return };
    let mut terminal = open(&machine);
    terminal.press("n", "the form", |frame| frame.contains("New entry"));
    terminal.send("web/shop");
    terminal.send(key::TAB.repeat(4));
    told(&mut terminal, "carol\r", "new entry web/shop");
    terminal.wait_for("it, selected", |frame| frame.contains("│ web/shop"));
    machine.run("sh", &["-c", "test -f .password-store/web/shop.gpg"]);

    terminal.press("R", "the form", |frame| frame.contains("Rename web/shop"));
    told(&mut terminal, &format!("{}web/store\r", key::CTRL_U), "moved web/shop to web/store; z takes it back");
    terminal.wait_for("it, selected", |frame| frame.contains("│ web/store"));

    terminal.press("p", "the form", |frame| frame.contains("New password for web/store"));
    terminal.send(key::ENTER);
    terminal.wait_live("the pinentry", |screen| screen.contains("assphrase"));
    terminal.send(format!("{PASSPHRASE}\r"));
    terminal.wait_for("its effect", |frame| frame.row(22).contains("new password for web/store"));

    terminal.press("D", "the question", |frame| frame.contains("Delete web/store"));
    told(&mut terminal, "y", "removed web/store; z takes it back");
    machine.run("sh", &["-c", "test ! -e .password-store/web"]);
    terminal.press("z", "the question", |frame| frame.contains("Take back the last change"));
    told(&mut terminal, "y", "taken back: Remove web/store from store.");
    terminal.wait_for("the entry", |frame| frame.contains("store") && frame.row(23).ends_with('1'));

    let expected = [
        "Undo \"Remove web/store from store.\"",
        "Remove web/store from store.",
        "Replace generated password for web/store.",
        "Rename web/shop to web/store.",
        "Add generated password for web/shop.",
    ];
    assert_eq!(subjects(&machine)[..5], expected);
    machine.run("sh", &["-c", "pass show web/store | sed -n 1p | grep -qE '^.{25}$'"]);
    machine.run("sh", &["-c", "pass show web/store | sed -n 2p | grep -qx 'user: carol'"]);
    machine.run("sh", &["-c", "test -z \"$(git -C .password-store status --porcelain)\""]);
    assert!(!wrote(&terminal, PASSPHRASE));
}
