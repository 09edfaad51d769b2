//! A key behind a passphrase: gpg-agent's own pinentry on the terminal that we draw on.

use std::time::{Duration, Instant};

use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::{Ended, Terminal};
use regpass_ui_tests::skip;
use rustix::process::{Pid, Signal, kill_process};

use super::support::{find, open, output, wrote};

const PASSPHRASE: &str = "four small boats";

fn locked_machine() -> Option<Machine> {
    // Both are asked, so that both are named where both are missing.
    let all = [skip::has("gpg"), skip::has("pinentry-curses")];
    all.iter().all(|has| *has).then(|| {
        let machine = Machine::with_gnupg(PASSPHRASE);
        machine.encrypted("db");
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
    assert!(!terminal.live().contains("2 Store"), "{}", terminal.live().text());
    terminal.send(format!("{PASSPHRASE}\r"));
    terminal.wait_for("the secret", |frame| frame.contains("hunter2"));
    // The keyboard is ours again, and what was typed for the pinentry is nobody's.
    terminal.press("r", "the mask", |frame| frame.contains("••••••••"));
    assert!(!wrote(&terminal, PASSPHRASE));
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
}

/// The agent of this machine, stopped until this is dropped: it answers nobody.
struct Stopped(Pid);

impl Stopped {
    fn agent_of(machine: &Machine) -> Stopped {
        let told = output(machine, "gpg-connect-agent 'getinfo pid' /bye");
        let pid = told.lines().find_map(|line| line.strip_prefix("D ")?.trim().parse().ok());
        let pid = Pid::from_raw(pid.expect("its process")).expect("a process");
        kill_process(pid, Signal::STOP).expect("stopped");
        Stopped(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

#[test]
fn after_the_pinentry_the_screen_is_there_at_once_and_keys_are_not_shown() {
    let Some(machine) = locked_machine() else { return };
    let mut terminal = at_the_pinentry(&machine);
    // As on a machine that is so busy that the passphrase's work takes long.
    let agent = Stopped::agent_of(&machine);
    terminal.send("wrong\r");
    terminal.wait_for("the screen", |frame| frame.contains("2 Store") && frame.contains("being opened"));
    terminal.send("%&%");
    drop(agent);
    // It asks once more; what was typed is for it, and nothing is drawn over it.
    terminal.wait_live("the second pinentry", |screen| screen.contains("(try 2 of 3)"));
    assert!(!terminal.live().contains("2 Store"), "{}", terminal.live().text());
    let agent = Stopped::agent_of(&machine);
    terminal.send(format!("{}{PASSPHRASE}\r", "\x7f".repeat(3)));
    terminal.wait_for("the screen again", |frame| frame.contains("being opened"));
    terminal.send("%&%?");
    drop(agent);
    terminal.wait_for("what was asked for meanwhile", |frame| frame.contains("Keys: Store"));
    assert!(!wrote(&terminal, "%&"), "it was shown");
    terminal.press(key::ESC, "the store", |frame| !frame.contains("Keys: Store"));
    terminal.press("r", "the secret", |frame| frame.contains("hunter2"));
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
}

#[test]
fn the_first_line_says_how_the_key_is_without_starting_an_agent() {
    let Some(machine) = locked_machine() else { return };
    let mut terminal = open(&machine);
    let says = |word: &'static str| move |frame: &Frame| frame.row(0).contains(word);
    terminal.wait_for("no agent", says("no agent"));
    assert!(!machine.home().join(".gnupg/S.gpg-agent").exists(), "an agent was started for it");
    find(&mut terminal, "db", "db");
    terminal.send("r");
    terminal.wait_live("the pinentry", |screen| screen.contains("Passphrase") || screen.contains("passphrase"));
    terminal.send(format!("{PASSPHRASE}\r"));
    terminal.wait_for("the key, unlocked", says("unlocked"));
    terminal.press("r", "the mask", |frame| frame.contains("••••••••"));
    machine.run("gpgconf", &["--reload", "gpg-agent"]);
    terminal.press("\x12", "the key, locked again", says(" locked"));
}

#[test]
fn the_first_line_knows_of_a_key_that_an_edit_had_unlocked() {
    let Some(machine) = locked_machine() else { return };
    let mut terminal = open(&machine);
    find(&mut terminal, "db", "db");
    terminal.wait_for("no agent", |frame| frame.row(0).contains("no agent"));
    terminal.send("e");
    terminal.wait_live("the pinentry", |screen| screen.contains("Passphrase") || screen.contains("passphrase"));
    terminal.send(format!("{PASSPHRASE}\r"));
    let frame = terminal.wait_for("the key, unlocked", |frame| frame.row(0).contains("unlocked"));
    assert!(frame.contains("line 1 of"), "the editor is open: {}", frame.text());
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

/// Pinentries of this machine's agent that run now.
fn pinentries(machine: &Machine) -> usize {
    let home = format!("HOME={}", machine.home().display());
    let is_ours = |process: &std::path::Path| {
        std::fs::read(process.join("comm")).is_ok_and(|name| name.starts_with(b"pinentry"))
            && std::fs::read(process.join("environ"))
                .is_ok_and(|vars| vars.split(|byte| *byte == 0).any(|var| var == home.as_bytes()))
    };
    let all = std::fs::read_dir("/proc").expect("processes");
    all.flatten().filter(|process| is_ours(&process.path())).count()
}

#[test]
fn what_ends_the_program_ends_the_pinentry_too() {
    let Some(machine) = locked_machine() else { return };
    for (signal, end) in [(Signal::TERM, 130), (Signal::QUIT, 130), (Signal::HUP, 1)] {
        let mut terminal = at_the_pinentry(&machine);
        assert_eq!(pinentries(&machine), 1);
        terminal.signal(signal);
        assert_eq!(terminal.wait_end_within(Duration::from_secs(1)), Ended::Code(end), "{signal:?}");
        assert_eq!(pinentries(&machine), 0, "{signal:?}");
        assert!(terminal.left_behind().is_empty(), "{:?} after {signal:?}", terminal.left_behind());
        assert!(!terminal.live().contains("<Cancel>"), "{}", terminal.live().text());
    }
    let mut terminal = at_the_pinentry(&machine);
    let lost = Instant::now();
    terminal.lose();
    terminal.wait_end_within(Duration::from_secs(1));
    assert!(lost.elapsed() < Duration::from_secs(1));
    assert_eq!(pinentries(&machine), 0, "the terminal is gone");
}

#[test]
fn the_pinentry_says_how_to_leave_it_and_ctrl_c_does() {
    let Some(machine) = locked_machine() else { return };
    let mut terminal = at_the_pinentry(&machine);
    terminal.wait_live("the way out", |screen| screen.contains("Tab to <Cancel>"));
    terminal.send(key::CTRL_C);
    let frame = terminal.wait_for("the list again", |frame| frame.contains("cancel"));
    assert!(!frame.contains("unexpectedly"), "{}", frame.text());
    assert_eq!(pinentries(&machine), 0);
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
}

#[test]
fn an_empty_passphrase_is_not_asked_for_again_by_itself() {
    let Some(machine) = locked_machine() else { return };
    let mut terminal = at_the_pinentry(&machine);
    terminal.send(key::ENTER);
    let frame = terminal.wait_for("the problem", |frame| frame.contains("press r to try again"));
    assert!(frame.contains("no passphrase was"), "{}", frame.text());
    assert_eq!(pinentries(&machine), 0);
}

#[test]
fn wrong_passphrases_end_with_the_key_that_tries_again() {
    let Some(machine) = locked_machine() else { return };
    for (key, again) in [("r", "press r to try again"), ("c", "press c to try again")] {
        let mut terminal = open(&machine);
        find(&mut terminal, "db", "db");
        terminal.send(key);
        for attempt in ["Passphrase", "(try 2 of 3)", "(try 3 of 3)"] {
            terminal.wait_live("the pinentry", |screen| screen.contains(attempt));
            terminal.send("wrong\r");
        }
        let frame = terminal.wait_for("the problem", |frame| frame.contains("wrong passphrase"));
        assert!(frame.contains(again) && !frame.contains("regpass show"), "{}", frame.text());
        terminal.send("q");
        terminal.wait_end();
    }
}
