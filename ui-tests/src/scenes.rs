//! The pictures: one entry each in `SCENES`. A scene is a store, a terminal's size and the way from regpass's start to the
//! moment that is worth a picture. `main.rs` draws them into `screenshots/`; a test asks that all can be reached.

use std::sync::Arc;

use crate::frame::Frame;
use crate::key;
use crate::machine::Machine;
use crate::pty::Terminal;

pub struct Scene {
    /// The picture is `screenshots/<name>.png`.
    pub name: &'static str,
    pub store: Store,
    pub cols: u16,
    pub rows: u16,
    /// From regpass's start to the frame that becomes the picture.
    pub play: fn(&mut Terminal) -> Arc<Frame>,
}

/// What there is to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The demo's.
    Showcase,
    /// One in git that three people share.
    Shared,
    /// The same, in the middle of a merge.
    Conflict,
}

impl Store {
    pub const ALL: [Store; 3] = [Store::Showcase, Store::Shared, Store::Conflict];

    /// Puts it into a home that has an empty one.
    pub fn fill(self, machine: &Machine) {
        match self {
            Store::Showcase => machine.showcase(),
            Store::Shared => machine.shared(),
            Store::Conflict => machine.in_conflict(),
        };
    }

    /// Its home where pictures are taken, and its scenes.
    pub fn on_stage(self) -> (Machine, impl Iterator<Item = &'static Scene>) {
        let machine = match self {
            Store::Showcase => Machine::at_fixed_home().with_docker(),
            Store::Shared | Store::Conflict => Machine::at_fixed_home(),
        };
        self.fill(&machine);
        (machine, SCENES.iter().filter(move |scene| scene.store == self))
    }
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
    shared("readers", Store::Shared, readers),
    shared("history", Store::Shared, history),
    shared("difference", Store::Shared, difference),
    shared("git", Store::Shared, git),
    shared("conflict", Store::Conflict, conflict),
    scene("registries", registries),
    scene("activity", activity),
    scene("palette", palette),
    scene("help", help),
    Scene { name: "small", store: Store::Showcase, cols: 44, rows: 10, play: small },
];

/// On the size that every terminal has.
const fn scene(name: &'static str, play: fn(&mut Terminal) -> Arc<Frame>) -> Scene {
    shared(name, Store::Showcase, play)
}

const fn shared(name: &'static str, store: Store, play: fn(&mut Terminal) -> Arc<Frame>) -> Scene {
    Scene { name, store, cols: 80, rows: 24, play }
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
        let told = ["40 entries", "last calls", "from the key file"].iter().all(|part| frame.contains(part));
        told && frame.row(0).contains("from ")
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

/// As `ready`, on the store that is shared.
fn ready_shared(terminal: &mut Terminal) -> Arc<Frame> {
    terminal.wait_for("the first frame", |_| true);
    terminal.press("2", "the store, listed", |frame| frame.contains("shop") && frame.row(0).contains("from "))
}

/// Goes on with this entry of the shared store selected.
fn at_entry(terminal: &mut Terminal, name: &str) {
    ready_shared(terminal);
    terminal.send(format!("/{name}"));
    terminal.wait_answer("what was found", |frame| frame.contains(name));
    terminal.press(key::ENTER, "the entry", |frame| frame.contains("readable by"));
}

fn readers(terminal: &mut Terminal) -> Arc<Frame> {
    ready_shared(terminal);
    terminal.press("W", "who can read", |frame| frame.contains("Who can read") && frame.contains("Carol"));
    go_down_to(terminal, "Carol");
    terminal.wait_text("expired")
}

fn history(terminal: &mut Terminal) -> Arc<Frame> {
    at_entry(terminal, "admin");
    terminal.press("h", "its versions", |frame| frame.contains("History of") && frame.contains("Bob Example"));
    terminal.press(key::DOWN, "another version", |frame| frame.contains("commit") && frame.contains("2026-03-02"))
}

fn difference(terminal: &mut Terminal) -> Arc<Frame> {
    at_entry(terminal, "admin");
    terminal.press("h", "its versions", |frame| frame.contains("History of") && frame.contains("Bob Example"));
    terminal.press(key::ENTER, "what it changed", |frame| frame.contains("changed by") && frame.contains("user: root"))
}

fn git(terminal: &mut Terminal) -> Arc<Frame> {
    ready_shared(terminal);
    terminal.press("S", "where it stands", |frame| frame.contains("1 to push") && frame.contains("shop/db"))
}

fn conflict(terminal: &mut Terminal) -> Arc<Frame> {
    at_entry(terminal, "db");
    terminal.press("C", "both sides", |frame| frame.contains("2 lines in both"));
    terminal.press(key::BACKTAB, "both together", |frame| frame.contains("||||||| base"))
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
    terminal.press("copy", "what fits", |frame| frame.contains("/ copy"))
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
