//! Many entries at once: a search that is called off, marks that are removed and brought back, and the mouse.

use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::Terminal;

use super::support::{go_down_to, in_git, open, output, selected, sh, showcase, subjects, wrote};

/// Enough that a search of them takes a while, also on a fast machine.
const ENTRIES: usize = 600;

#[test]
fn a_search_called_off_midway_shows_what_it_found_and_goes_on_with_nothing() {
    let machine = Machine::new();
    machine.bulk(ENTRIES);
    let mut terminal = open(&machine);
    terminal.press("F", "the question", |frame| frame.cursor.is_some());
    terminal.press("hunter", "the pattern", |frame| frame.contains("/ hunter"));
    let running = terminal.press(key::ENTER, "how far it is", |frame| frame.contains(&format!("/{ENTRIES}")));
    assert!(running.contains("Esc calls it off"), "{}", running.text());
    let off = terminal.press(key::ESC, "what it found by then", |frame| {
        frame.contains("called off;") || frame.contains("called off before")
    });
    let found = off.row(23).rsplit(' ').next().and_then(|count| count.parse::<usize>().ok());
    assert!(found.is_none_or(|found| found < ENTRIES), "{}", off.text());
    assert!(!wrote(&terminal, "hunter2"), "what was found is masked");
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !terminal.stays_quiet(std::time::Duration::from_millis(300)) {
        assert!(std::time::Instant::now() < end, "it goes on");
    }
    let before = terminal.wake_ups();
    assert!(terminal.stays_quiet(std::time::Duration::from_millis(500)));
    assert_eq!(terminal.wake_ups(), before, "no worker goes on");
    // The next search is a whole one.
    terminal.press(key::ESC, "the store", |frame| frame.contains("team-000"));
    terminal.press("F", "the question", |frame| frame.cursor.is_some());
    terminal.press("nowhere", "the pattern", |frame| frame.contains("/ nowhere"));
    terminal.send(key::ENTER);
    terminal.wait_for("the end", |frame| frame.contains(&format!("no line in {ENTRIES} entries has it")));
}

fn mark(terminal: &mut Terminal, name: &str, count: &str) {
    go_down_to(terminal, name);
    let count = format!("{count} marked");
    terminal.press(" ", "the mark", |frame| frame.contains(&count));
}

#[test]
fn what_was_marked_and_removed_comes_back_at_once() {
    let Some(machine) = in_git("") else { return };
    for name in ["a/one", "a/two", "b/three", "four"] {
        sh(&machine, &format!("printf '{name}\\n' | pass insert -m {name} >/dev/null"));
    }
    let files = || output(&machine, "cd .password-store && find . -name '*.gpg' | sort | xargs sha256sum");
    let (before, commits) = (files(), subjects(&machine).len());
    let mut terminal = open(&machine);
    mark(&mut terminal, "one", "1");
    mark(&mut terminal, "b ", "2");
    mark(&mut terminal, "four", "3");
    let asked = terminal.press("D", "the question", |frame| frame.contains("Delete 3 marked"));
    assert!(asked.contains("a/one") && asked.contains("four"), "{}", asked.text());
    terminal.press("y", "the end", |frame| frame.contains("removed 3 of 3") && frame.row(23).ends_with('1'));
    assert_eq!(output(&machine, "cd .password-store && find . -name '*.gpg'").trim(), "./a/two.gpg");
    terminal.press("z", "the question", |frame| frame.contains("Take back"));
    terminal.press("y", "all of them", |frame| frame.contains("taken back") && frame.row(23).ends_with('4'));
    assert_eq!(files(), before);
    assert_eq!(subjects(&machine).len(), commits + 4, "three removed, one that brings them back");
    sh(&machine, "test \"$(pass show b/three)\" = b/three && test -z \"$(git -C .password-store status --porcelain)\"");
}

/// Where the row with this text is.
fn row_of(frame: &Frame, text: &str) -> u16 {
    frame.find(text).unwrap_or_else(|| panic!("no {text:?} in\n{}", frame.text())).0
}

#[test]
fn the_mouse_scrolls_selects_opens_and_answers() {
    let machine = showcase();
    let config = machine.home().join("config.toml");
    std::fs::write(&config, "[ui]\nmouse = true\n").expect("a config file");
    let mut terminal = machine.regpass().var("REGPASS_CONFIG", config.to_str().expect("text")).start();
    terminal.wait_for("the first frame", |_| true);
    terminal.press("2", "the store", |frame| frame.contains("▾ bank") && frame.row(23).ends_with("40"));
    let frame = terminal.press("+", "all of it", |frame| frame.contains("▾ home"));
    // The wheel moves the selection, three rows a notch, and the list with it at its end.
    let (top, bank) = (row_of(&frame, "▶"), row_of(&frame, "▾ bank"));
    terminal.wheel(10, 5, true);
    terminal.wait_answer("three rows down", |frame| row_of(frame, "▶") == top + 3);
    terminal.wheel(10, 5, false);
    terminal.wait_answer("the first row", |frame| row_of(frame, "▶") == top);
    for _ in 0..10 {
        let before = terminal.frame().map(|frame| selected(&frame));
        terminal.wheel(10, 5, true);
        terminal.wait_answer("further down", |frame| Some(selected(frame)) != before);
    }
    let far = terminal.frame().expect("a frame");
    assert!(!far.contains("▾ bank"), "the list has scrolled\n{}", far.text());
    (0..10).for_each(|_| terminal.wheel(10, 5, false));
    terminal.wait_for("the top", |frame| row_of(frame, "▶") == top && frame.contains("▾ bank"));
    // A click selects, two open: here, they close the folder.
    terminal.click(bank + 1, 10);
    terminal.wait_answer("the row below", |frame| row_of(frame, "▶") == bank + 1);
    (0..2).for_each(|_| terminal.click(bank, 10));
    let closed = terminal.wait_for("it, closed", |frame| selected(frame).contains("▸ bank"));
    assert!(!closed.contains("checking"), "{}", closed.text());
    // What is in front of the list takes the clicks, and a hint is its key.
    terminal.press("D", "the question", |frame| frame.contains("Delete folder bank"));
    terminal.click(bank + 3, 1);
    terminal.click(1, 20);
    let (row, col) = terminal.wait_text("n no").find("n no").expect("the hint");
    terminal.click(row, col);
    let back = terminal.wait_answer("no question", |frame| !frame.contains("Delete folder bank"));
    assert!(selected(&back).contains("▸ bank"), "{}", back.text());
    assert!(machine.store().join("bank").exists());
}
