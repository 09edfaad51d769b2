//! Entries edited inside: what pass reads afterwards, what memory holds of the text. And in an editor of one's own, which gets
//! the screen and a file that does not outlive the program.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::{Ended, Terminal};
use regpass_ui_tests::{key, program, skip};
use rustix::process::Signal;

use super::inside::in_memory;
use super::support::{find, in_git, open, showcase, subjects, to_store, wrote};
use super::writes::{PASSPHRASE, told};

const CTRL_R: &str = "\x12";
const CTRL_S: &str = "\x13";

/// One key after the other, as a person types: each is on the screen before the next.
#[track_caller]
fn type_slowly(terminal: &mut Terminal, text: &str) {
    for end in 1..=text.len() {
        let typed = &text[..end];
        terminal.press(&text[end - 1..end], "what was typed", |frame| frame.contains(typed));
    }
}

#[test]
fn what_is_edited_inside_is_what_pass_reads() {
    let Some(machine) = in_git(PASSPHRASE) else { return };
    machine.encrypted("db");
    let mut terminal = open(&machine);
    find(&mut terminal, "db", "db");
    terminal.send("e");
    terminal.wait_live("the pinentry", |screen| screen.contains("assphrase"));
    terminal.send(format!("{PASSPHRASE}\r"));
    let frame = terminal.wait_for("its text, hidden", |frame| frame.contains("Edit db") && frame.contains("••••••••"));
    assert!(!frame.contains("hunter2"), "{}", frame.text());
    terminal.press("x", "why not", |frame| frame.contains("this line is hidden"));
    terminal.press(key::CTRL_U, "nothing left", |frame| frame.contains("(changed)"));
    terminal.paste("n3w: w\u{f6}rd\nuser: bob\n\nurl: a");
    terminal.wait_for("all lines", |frame| frame.contains("line 4 of 4"));
    terminal.press(key::ESC, "the question", |frame| frame.contains("What you wrote is lost"));
    terminal.press(key::ENTER, "the text again", |frame| !frame.contains("What you wrote is lost"));
    told(&mut terminal, CTRL_S, "saved db; z takes it back");
    machine.run("sh", &["-c", "printf 'n3w: w\u{f6}rd\\nuser: bob\\n\\nurl: a\\n' >new; pass show db | cmp - new"]);
    assert_eq!(subjects(&machine)[0], "Edit password for db using regpass.");
    machine.run("sh", &["-c", "test -z \"$(git -C .password-store status --porcelain)\""]);

    terminal.press("e", "the new text", |frame| frame.contains("Edit db") && frame.contains("user: bob"));
    let before = subjects(&machine).len();
    terminal.press(CTRL_S, "nothing done", |frame| frame.contains("db is unchanged"));
    assert_eq!(subjects(&machine).len(), before);
    terminal.press("e", "the text", |frame| frame.contains("Edit db") && frame.contains("user: bob"));
    terminal.press(key::DOWN, "its second line", |frame| frame.contains("line 2 of"));
    terminal.press("x", "a change", |frame| frame.contains("(changed)"));
    terminal.press(key::CTRL_C, "the question", |frame| frame.contains("What you wrote is lost"));
    terminal.send(key::CTRL_C);
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(!wrote(&terminal, "hunter2"));
}

#[test]
fn what_others_stored_meanwhile_is_not_overwritten() {
    let machine = showcase();
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    terminal.press("e", "its text", |frame| frame.contains("Edit infra/db/root") && frame.contains("postgres"));
    terminal.press(key::DOWN, "its second line", |frame| frame.contains("line 2 of"));
    terminal.press("my-", "a change", |frame| frame.contains("my-user"));
    machine.entry("infra/db/root", "theirs\n", 0);
    terminal.press(CTRL_S, "why not", |frame| {
        frame.contains("changed by somebody else meanwhile") && frame.contains("your text is still here")
    });
    terminal.press(key::ESC, "the question", |frame| frame.contains("What you wrote is lost"));
    terminal.press("y", "the store", |frame| frame.contains("readable by"));
    terminal.press("e", "their text", |frame| frame.contains("line 1 of 1"));
}

#[test]
fn of_a_text_that_was_edited_nothing_is_in_memory_afterwards() {
    let (old, new) = ("tr0ub4dor&3-demo", "wh0lly-n3w-sentence");
    for end in [CTRL_S, key::ESC] {
        let machine = showcase();
        let mut terminal = open(&machine);
        find(&mut terminal, "dbroot", "infra/db/root");
        terminal.press("e", "its text", |frame| frame.contains("Edit infra/db/root") && frame.contains("postgres"));
        if end == CTRL_S {
            terminal.press(CTRL_R, "the password", |frame| frame.contains(old));
        }
        terminal.press(key::CTRL_U, "nothing left", |frame| frame.contains("(changed)"));
        type_slowly(&mut terminal, new);
        let Some(while_shown) = in_memory(&terminal, new.as_bytes()) else {
            return skip::note("root is needed to look into a hardened process");
        };
        assert!(while_shown > 0, "a search that finds nothing while it is on the screen would prove nothing");
        match end {
            CTRL_S => told(&mut terminal, CTRL_S, "saved infra/db/root"),
            _ => {
                terminal.press(key::ESC, "the question", |frame| frame.contains("What you wrote is lost"));
                terminal.press("y", "the store", |frame| frame.contains("readable by"));
            }
        }
        terminal.press("?", "the help", |frame| frame.contains("Keys: Store"));
        terminal.press(key::ESC, "the store", |frame| !frame.contains("Keys: Store"));
        for secret in [new, old] {
            assert_eq!(in_memory(&terminal, secret.as_bytes()), Some(0), "{secret} after {end:?}");
        }
    }
}

/// A machine with an editor of its own: this script, the text's file as `$1`.
fn with_editor(script: &str) -> Machine {
    let mut machine = showcase();
    let file = machine.home().join("editor");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("an editor");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).expect("its mode");
    machine.set("EDITOR", file);
    machine
}

/// Says where the text is, and waits for a line.
const SLOW_START: &str = "echo \"$1\" >\"$HOME/where\"; echo editor at work; until read line; do :; done";

/// The same; then changes the text.
const SLOW: &str =
    "echo \"$1\" >\"$HOME/where\"; echo editor at work; until read line; do :; done; echo \"new: $line\" >>\"$1\"";

/// The text's file, once the editor is at work on it.
#[track_caller]
fn at_work(terminal: &mut Terminal, machine: &Machine) -> PathBuf {
    let told = machine.home().join("where");
    // An earlier one's words are still on the screen.
    let _ = std::fs::remove_file(&told);
    find(terminal, "dbroot", "infra/db/root");
    terminal.send("E");
    terminal.wait_live("the editor", |screen| told.exists() && screen.contains("editor at work"));
    let file = std::fs::read_to_string(told).expect("where");
    let file = PathBuf::from(file.trim());
    assert!(file.exists() && file.starts_with("/dev/shm"), "{}", file.display());
    file
}

#[test]
fn an_editor_of_ones_own_gets_the_screen_and_its_text_is_stored() {
    let machine = with_editor(SLOW);
    let mut terminal = open(&machine);
    let file = at_work(&mut terminal, &machine);
    assert!(!terminal.live().contains("2 Store"), "{}", terminal.live().text());
    assert_eq!(std::fs::metadata(&file).expect("there").mode() & 0o777, 0o600);
    terminal.send("hello\r");
    told_soon(&mut terminal, "saved infra/db/root; z takes it back");
    assert!(!file.parent().expect("a folder").exists());
    terminal.press("e", "the new line", |frame| frame.contains("new: ••••••••"));
    assert!(terminal.frame().is_some_and(|frame| frame.contains("line 1 of 5")));
}

#[test]
fn of_a_text_that_was_in_an_editor_of_ones_own_nothing_is_in_memory_afterwards() {
    let (old, new) = ("tr0ub4dor&3-demo", "wh0lly-n3w-sentence");
    // Stored, left as it was, and kept because the editor did not end well.
    let stored = "printf 'wh0lly-n3w-sentence\\nuser: bob\\n' >\"$1\"";
    for (change, told) in [
        (stored, "saved infra/db/root; z takes it back"),
        ("true", "infra/db/root is unchanged"),
        (&format!("{stored}; exit 3"), "is kept, readable, in"),
    ] {
        let machine = with_editor(&format!("{SLOW_START}; {change}"));
        let mut terminal = open(&machine);
        let file = at_work(&mut terminal, &machine);
        let Some(while_open) = in_memory(&terminal, old.as_bytes()) else {
            return skip::note("root is needed to look into a hardened process");
        };
        assert!(while_open > 0, "a search that finds nothing while the text is open would prove nothing");
        terminal.send("\r");
        terminal.wait_for(told, |frame| frame.contains(told));
        // The worker is done with it: it does something else.
        terminal.press(key::ESC, "the store", |frame| frame.contains("readable by"));
        for secret in [new, old] {
            assert_eq!(in_memory(&terminal, secret.as_bytes()), Some(0), "{secret} after: {change}");
        }
        if let Some(folder) = file.parent().filter(|folder| folder.exists()) {
            std::fs::remove_dir_all(folder).expect("removed");
        }
    }
}

#[test]
fn a_line_end_that_the_editor_adds_is_no_part_of_a_login() {
    let machine = with_editor("echo n3w >\"$1\"");
    let login = "docker-credential-helpers/aC50ZXN0/u";
    machine.entry(login, "s3cret", 0);
    let mut terminal = open(&machine);
    find(&mut terminal, "h.test", "h.test");
    terminal.send("E");
    told_soon(&mut terminal, "saved ");
    let stored = machine.output(program::regpass().to_str().expect("text"), &["show", login]);
    assert_eq!(stored, "n3w");
    terminal.press("E", "nothing done", |frame| frame.contains("is unchanged"));
}

#[test]
fn what_an_editor_does_wrong_is_told() {
    for (script, told) in [
        ("exit 0", "infra/db/root is unchanged"),
        ("exit 3", "the editor did not end well; infra/db/root is unchanged"),
        (": >\"$1\"", "the new text is empty"),
        ("rm \"$1\"", "the editor left no text"),
        ("exec no-such-editor", "cannot be run"),
        ("kill -9 $$", "the editor did not end well; infra/db/root is unchanged"),
    ] {
        let machine = with_editor(script);
        let mut terminal = open(&machine);
        find(&mut terminal, "dbroot", "infra/db/root");
        terminal.press("E", told, |frame| frame.contains(told));
    }
    let machine = with_editor("echo more >>\"$1\"; exit 3");
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    let frame = terminal.press("E", "why not", |frame| frame.contains("is kept, readable, in"));
    let text = frame.text();
    let folder = text.split("rm -r ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("the folder");
    assert!(folder.starts_with("/dev/shm/"), "{text}");
    std::fs::remove_dir_all(folder).expect("removed as told");
}

#[test]
fn what_ends_the_program_ends_the_editor_and_wipes_its_file() {
    let machine = with_editor(SLOW);
    for (signal, end) in [(Signal::TERM, 130), (Signal::HUP, 1)] {
        let mut terminal = open(&machine);
        let file = at_work(&mut terminal, &machine);
        terminal.signal(signal);
        assert_eq!(terminal.wait_end_within(Duration::from_secs(1)), Ended::Code(end), "{signal:?}");
        assert!(!file.parent().expect("a folder").exists(), "{} is there after {signal:?}", file.display());
        assert!(terminal.left_behind().is_empty(), "{:?} after {signal:?}", terminal.left_behind());
    }
    let mut terminal = open(&machine);
    let file = at_work(&mut terminal, &machine);
    terminal.lose();
    terminal.wait_end_within(Duration::from_secs(1));
    assert!(!file.parent().expect("a folder").exists(), "{} is there without its terminal", file.display());
    // One that will not end is made to.
    let machine = with_editor(&format!("trap '' TERM; {SLOW}"));
    let mut terminal = open(&machine);
    let file = at_work(&mut terminal, &machine);
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_end_within(Duration::from_secs(1)), Ended::Code(130));
    assert!(!file.parent().expect("a folder").exists());
}

#[test]
fn ctrl_c_is_the_editors() {
    let machine = with_editor(&format!("trap 'echo interrupted' INT; {SLOW}"));
    let mut terminal = open(&machine);
    at_work(&mut terminal, &machine);
    terminal.send(key::CTRL_C);
    terminal.wait_live("its answer", |screen| screen.contains("interrupted"));
    terminal.send("x\r");
    told_soon(&mut terminal, "saved infra/db/root");

    let machine = with_editor(SLOW);
    let mut terminal = open(&machine);
    for _ in 0..5 {
        at_work(&mut terminal, &machine);
        terminal.send(key::CTRL_C);
        told_soon(&mut terminal, "the editor did not end well; infra/db/root is unchanged");
        terminal.press(key::ESC, "all entries", |frame| frame.contains("docker-credential-helpers"));
    }
}

#[test]
fn ctrl_z_in_an_editor_goes_to_the_shell_and_fg_comes_back_to_it() {
    let machine = with_editor(SLOW);
    let mut shell = machine.launch("/bin/sh").args(&["-i"]).var("PS1", "ready> ").start();
    shell.wait_live("a prompt", |screen| screen.contains("ready>"));
    shell.send(format!("{}\r", program::regpass().display()));
    to_store(&mut shell);
    let file = at_work(&mut shell, &machine);
    shell.send(key::CTRL_Z);
    shell.wait_live("the shell", |screen| screen.contains("Stopped"));
    assert!(file.exists());
    shell.send("fg\r");
    shell.wait_live("the job again", |screen| screen.text().matches("regpass").count() >= 2);
    shell.send("back\r");
    told_soon(&mut shell, "saved infra/db/root; z takes it back");
    shell.send("q");
    shell.wait_live("the shell's third prompt", |screen| screen.text().matches("ready>").count() == 3);
    shell.send("exit\r");
    shell.wait_end();
}

#[track_caller]
fn told_soon(terminal: &mut Terminal, words: &'static str) {
    terminal.wait_for(words, |frame| frame.row(22).contains(words));
}
