//! The pictures: one entry each in `SCENES`. A scene is a terminal's size and the way from regpass's start, on the
//! showcase's store, to the moment that is worth a picture. `main.rs` draws them into `screenshots/`; a test asks that all can be reached.

use std::sync::Arc;

use crate::frame::Frame;
use crate::key;
use crate::pty::Terminal;

pub struct Scene {
    /// The picture is `screenshots/<name>.png`.
    pub name: &'static str,
    pub cols: u16,
    pub rows: u16,
    /// From regpass's start to the frame that becomes the picture.
    pub play: fn(&mut Terminal) -> Arc<Frame>,
}

pub const SCENES: &[Scene] = &[
    scene("home", home),
    scene("store", store),
    scene("reveal", reveal),
    scene("filter", filter),
    scene("lines", lines),
    scene("editor", editor),
    scene("new_entry", new_entry),
    scene("search", search),
    scene("readers", readers),
    scene("registries", registries),
    scene("activity", activity),
    scene("palette", palette),
    scene("help", help),
    Scene { name: "small", cols: 44, rows: 10, play: small },
];

/// On the size that every terminal has.
const fn scene(name: &'static str, play: fn(&mut Terminal) -> Arc<Frame>) -> Scene {
    Scene { name, cols: 80, rows: 24, play }
}

/// The store is read and listed, and the first line is complete.
fn ready(terminal: &mut Terminal) -> Arc<Frame> {
    terminal.wait_for("the first frame", |_| true);
    terminal.press("2", "the store, listed", |frame| {
        frame.contains("docker-credential-helpers") && frame.row(0).contains("from ")
    })
}

/// Finds an entry by typing and goes on with it selected.
fn find(terminal: &mut Terminal, needle: &str) -> Arc<Frame> {
    ready(terminal);
    terminal.send(format!("/{needle}"));
    terminal.wait_answer("what was found", |frame| frame.contains(needle))
}

/// Goes down to the row that holds this text.
fn go_down_to(terminal: &mut Terminal, text: &str) {
    let is_there = |frame: &Frame| frame.row_with("▶").is_some_and(|row| row.contains(text));
    while !terminal.frame().is_some_and(|frame| is_there(&frame)) {
        let before = terminal.frame().and_then(|frame| frame.find("▶"));
        terminal.press(key::DOWN, "the next row", |frame| frame.find("▶") != before);
    }
}

fn home(terminal: &mut Terminal) -> Arc<Frame> {
    terminal.wait_for("who, where and the last calls", |frame| {
        frame.contains("40 entries") && frame.contains("last calls") && frame.row(0).contains("from ")
    })
}

fn lines(terminal: &mut Terminal) -> Arc<Frame> {
    find(terminal, "dbroot");
    terminal.press(key::ENTER, "the entry", |frame| frame.contains("readable by"));
    terminal.press("v", "its lines", |frame| frame.contains("postgres") && frame.contains("code"))
}

fn editor(terminal: &mut Terminal) -> Arc<Frame> {
    find(terminal, "dbroot");
    terminal.press(key::ENTER, "the entry", |frame| frame.contains("readable by"));
    terminal.press("e", "its text", |frame| frame.contains("Edit infra/db/root") && frame.contains("postgres"));
    terminal.press(key::DOWN, "the next line", |frame| frame.contains("line 2 of"));
    terminal.press(key::END, "its end", |frame| frame.cursor.is_some());
    terminal.press(key::ENTER, "a new line", |frame| frame.contains("line 3 of"));
    terminal.press("host: db2.internal", "what was typed", |frame| frame.contains("db2.internal"))
}

fn new_entry(terminal: &mut Terminal) -> Arc<Frame> {
    find(terminal, "dbroot");
    terminal.press(key::ENTER, "the entry", |frame| frame.contains("readable by"));
    terminal.press("n", "the form", |frame| frame.contains("New entry"));
    terminal.press("standby", "its name", |frame| frame.contains("infra/db/standby"))
}

fn search(terminal: &mut Terminal) -> Arc<Frame> {
    ready(terminal);
    terminal.press("F", "the question", |frame| frame.cursor.is_some());
    terminal.press("admin", "the pattern", |frame| frame.contains("admin"));
    terminal.press(key::ENTER, "what was found", |frame| frame.contains("home/nas") && !frame.contains("Opening"))
}

fn readers(terminal: &mut Terminal) -> Arc<Frame> {
    ready(terminal);
    terminal.press("W", "who can read", |frame| frame.contains("Who can read") && frame.contains("yours"))
}

fn activity(terminal: &mut Terminal) -> Arc<Frame> {
    ready(terminal);
    terminal.press("4", "the calls", |frame| frame.contains("harbor.corp.test"));
    go_down_to(terminal, "not-found");
    terminal.wait_for("what it means", |frame| frame.contains("/root"))
}

fn palette(terminal: &mut Terminal) -> Arc<Frame> {
    find(terminal, "dbroot");
    terminal.press(key::ENTER, "the entry", |frame| frame.contains("readable by"));
    terminal.press(":", "every action", |frame| frame.contains("Actions"));
    terminal.press("copy", "what fits", |frame| frame.contains("copy the user name"))
}

fn store(terminal: &mut Terminal) -> Arc<Frame> {
    ready(terminal);
    go_down_to(terminal, "ghcr.io");
    terminal.wait_for("its facts", |frame| frame.contains("readable by"))
}

fn registries(terminal: &mut Terminal) -> Arc<Frame> {
    ready(terminal);
    terminal.press("3", "the table", |frame| frame.contains("AGE") && frame.contains("ghcr.io"));
    go_down_to(terminal, "harbor.corp.test");
    terminal.wait_text("also ≡")
}

fn reveal(terminal: &mut Terminal) -> Arc<Frame> {
    find(terminal, "dbroot");
    terminal.press(key::ENTER, "the entry", |frame| frame.contains("readable by"));
    terminal.press("r", "the password", |frame| frame.contains("tr0ub4dor&3"))
}

fn filter(terminal: &mut Terminal) -> Arc<Frame> {
    find(terminal, "inf");
    terminal.wait_text("readable by")
}

fn help(terminal: &mut Terminal) -> Arc<Frame> {
    ready(terminal);
    terminal.press("?", "the keys", |frame| frame.contains("Keys: Store"))
}

fn small(terminal: &mut Terminal) -> Arc<Frame> {
    ready(terminal);
    terminal.press(key::DOWN, "the next folder", |frame| frame.contains("▶ ▸ docker"));
    terminal.press(key::ENTER, "the logins", |frame| frame.contains("amazonaws.com"))
}
