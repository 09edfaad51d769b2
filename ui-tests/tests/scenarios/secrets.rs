//! What is hidden: until asked for, after ten seconds, on leaving; and where a copy goes.

use std::time::{Duration, Instant};

use regpass_ui_tests::emulator::Copied;
use regpass_ui_tests::key;
use regpass_ui_tests::pty::{Ended, Terminal};

use super::support::{find, open, showcase, wrote};

const PASSWORD: &str = "tr0ub4dor&3-demo";
const MASK: &str = "••••••••";

fn at_the_root_password() -> (regpass_ui_tests::machine::Machine, Terminal) {
    let machine = showcase();
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    (machine, terminal)
}

fn copied(text: &str) -> Copied {
    Copied { selection: "c".to_owned(), text: text.into() }
}

#[test]
fn a_secret_is_shown_for_ten_seconds_and_then_gone() {
    let (_machine, mut terminal) = at_the_root_password();
    assert!(!wrote(&terminal, "tr0ub4dor"));
    let shown = terminal.press("r", "the password", |frame| frame.contains(PASSWORD));
    let hidden = terminal.wait_for("the mask again", |frame| frame.number > shown.number && frame.contains(MASK));
    let time = hidden.at - shown.at;
    assert!((9_500..12_000).contains(&time.as_millis()), "{time:?}");
    assert!(!hidden.contains(PASSWORD) && !hidden.contains("postgres"));
    let between = terminal.frames_after(shown.number);
    let seconds: Vec<_> = between.iter().filter_map(|frame| frame.row_with("hidden in")).collect();
    assert!((8..=10).contains(&seconds.len()), "a bar that shrinks once a second: {seconds:?}");
    let full: Vec<_> = seconds.iter().map(|row| row.matches('▰').count()).collect();
    assert!(full.windows(2).all(|pair| pair[0] > pair[1]), "{full:?}");
}

#[test]
fn a_secret_is_hidden_by_every_way_of_leaving_it() {
    let (_machine, mut terminal) = at_the_root_password();
    for (leave, back) in [("r", ""), (key::ESC, ""), ("3", "2"), ("?", key::ESC)] {
        terminal.press("r", "the password", |frame| frame.contains(PASSWORD));
        terminal.press(leave, "no password", |frame| !frame.contains(PASSWORD));
        if !back.is_empty() {
            terminal.press(back, "the mask", |frame| frame.contains(MASK) && frame.contains("infra/db/root"));
        }
    }
    terminal.press("r", "the password", |frame| frame.contains(PASSWORD));
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(!terminal.live().contains(PASSWORD));
}

#[test]
fn a_copy_is_the_first_line_and_goes_to_the_terminal_and_is_taken_back() {
    let (_machine, mut terminal) = at_the_root_password();
    let frame = terminal.press("c", "the result", |frame| frame.contains("terminal's clipboard"));
    assert!(frame.contains("45 s"), "{}", frame.text());
    let notes = terminal.wait_notes("the copy", |notes| !notes.copied.is_empty());
    assert_eq!(notes.copied, [copied(PASSWORD)]);
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert_eq!(terminal.notes().copied, [copied(PASSWORD), copied("")]);
    assert!(!wrote(&terminal, "tr0ub4dor"), "the password itself is in the output");
}

#[test]
fn a_copy_is_taken_back_after_its_time() {
    let mut machine = showcase();
    machine.set("PASSWORD_STORE_CLIP_TIME", "1");
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    terminal.send("c");
    let notes = terminal.wait_notes("the copy, taken back", |notes| notes.copied.len() == 2);
    assert_eq!(notes.copied, [copied(PASSWORD), copied("")]);
}

#[test]
fn a_login_s_copy_is_the_whole_secret() {
    let machine = showcase();
    let mut terminal = open(&machine);
    terminal.press("3", "the table", |frame| frame.contains("AGE"));
    find_login(&mut terminal, "registry.example");
    terminal.press("r", "the secret", |frame| frame.contains("correct horse"));
    terminal.press("c", "the result", |frame| frame.contains("terminal's clipboard"));
    let notes = terminal.wait_notes("the copy", |notes| !notes.copied.is_empty());
    assert_eq!(notes.copied, [copied("correct horse battery staple")]);
}

fn find_login(terminal: &mut Terminal, needle: &str) {
    terminal.press("/", "the filter's field", |frame| frame.cursor.is_some());
    terminal.press(needle, "the login", |frame| frame.row(23).ends_with("1/10"));
    terminal.press(key::ENTER, "the login, selected", |frame| frame.cursor.is_none());
}

#[test]
fn listing_decrypts_nothing() {
    let machine = showcase();
    std::fs::remove_file(machine.home().join("key.asc")).expect("the key");
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    terminal.press("3", "the table", |frame| frame.contains("ghcr.io"));
    terminal.press("2", "the store", |frame| frame.contains("infra/db/root"));
    let frame = terminal.press("r", "a problem", |frame| frame.contains("key file") || frame.contains("key.asc"));
    assert!(!frame.contains(PASSWORD));
}

#[test]
fn nothing_wakes_it_while_nothing_happens() {
    let (_machine, terminal) = at_the_root_password();
    let settled = Instant::now() + Duration::from_secs(10);
    while !terminal.stays_quiet(Duration::from_millis(300)) {
        assert!(Instant::now() < settled, "it never settles");
    }
    let before = terminal.wake_ups();
    assert!(terminal.stays_quiet(Duration::from_millis(1500)));
    assert_eq!(terminal.wake_ups(), before);
}
