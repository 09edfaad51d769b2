//! Entries edited inside: what pass reads afterwards, what memory holds of the text.

use regpass_ui_tests::pty::{Ended, Terminal};
use regpass_ui_tests::{key, skip};

use super::inside::in_memory;
use super::support::{find, in_git, open, showcase, subjects, wrote};
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
