//! A key behind a passphrase: gpg-agent's own pinentry on the terminal that we draw on.

use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::{Ended, Terminal};
use regpass_ui_tests::skip;

use super::support::{find, open, wrote};

const PASSPHRASE: &str = "four small boats";

fn locked_machine() -> Option<Machine> {
    // Both are asked, so that both are named where both are missing.
    let all = [skip::has("gpg"), skip::has("pinentry-curses")];
    all.iter().all(|has| *has).then(|| {
        let machine = Machine::with_gnupg(PASSPHRASE);
        machine.gpg(&[
            "--trust-model",
            "always",
            "-r",
            "alice@example.test",
            "-o",
            ".password-store/db.gpg",
            "-e",
            "plain",
        ]);
        machine
    })
}

fn at_the_pinentry(machine: &Machine) -> Terminal {
    let mut terminal = open(machine);
    find(&mut terminal, "db", "db");
    terminal.send("r");
    terminal.wait_live("the pinentry", |screen| screen.contains("Passphrase") || screen.contains("passphrase"));
    terminal
}

#[test]
fn the_pinentry_gets_the_screen_and_gives_it_back() {
    let Some(machine) = locked_machine() else { return };
    let mut terminal = at_the_pinentry(&machine);
    assert!(!terminal.live().contains("1 Store"), "{}", terminal.live().text());
    terminal.send(format!("{PASSPHRASE}\r"));
    terminal.wait_for("the secret", |frame| frame.contains("hunter2"));
    // The keyboard is ours again, and what was typed for the pinentry is nobody's.
    terminal.press("r", "the mask", |frame| frame.contains("••••••••"));
    assert!(!wrote(&terminal, PASSPHRASE));
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
}

#[test]
fn a_pinentry_called_off_is_no_problem() {
    let Some(machine) = locked_machine() else { return };
    let mut terminal = at_the_pinentry(&machine);
    // From the passphrase over <OK> to <Cancel>.
    terminal.send([key::TAB, key::TAB, key::ENTER].concat());
    let frame = terminal.wait_for("the list again", |frame| frame.contains("cancel"));
    assert!(!frame.contains("hunter2"), "{}", frame.text());
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
}
