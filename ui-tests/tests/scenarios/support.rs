//! Opens regpass on a machine and brings it to where a scenario begins.

use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::Terminal;

/// A machine with the showcase's store.
pub fn showcase() -> Machine {
    let machine = Machine::new();
    machine.showcase();
    machine
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

/// The row that is selected.
pub fn selected(frame: &Frame) -> String {
    frame.row_with("▶").expect("a selected row")
}

/// True when any byte string of the output is this one: on the screen, before it, or in no frame at all.
pub fn wrote(terminal: &Terminal, text: &str) -> bool {
    terminal.output().windows(text.len()).any(|bytes| bytes == text.as_bytes())
}
