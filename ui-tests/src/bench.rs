//! How fast the screen answers: from a program's start to its first frame and to the whole tree, from each kind of key to
//! the frame that shows its effect, and what memory that took. Wall time as a terminal sees it, medians.

use std::time::Duration;

use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::Terminal;

/// Stores that are looked at: small, large, and larger than any that is known.
const SIZES: [usize; 3] = [40, 10_000, 100_000];
/// Starts for one median.
const STARTS: usize = 9;
/// Rounds of keys for one median.
const ROUNDS: usize = 9;

/// Every figure of one size, in the order of `LINES`.
type Column = Vec<f64>;

/// The lines of the table: what is measured, and what was planned.
const LINES: &[(&str, &str)] = &[
    ("first frame, ms", "< 50 at 100,000"),
    ("the whole tree, ms", "< 500 at 100,000"),
    ("peak memory then, MiB", "< 120 at 100,000"),
    ("every folder opened, ms", "< 16"),
    ("Down and Up, ms", "< 16"),
    ("Page Down and Page Up, ms", "< 16"),
    ("End and Home, ms", "< 16"),
    ("a mark set and taken away, ms", "< 16"),
    ("a folder closed and opened, ms", "< 16"),
    ("every folder closed, ms", "< 16"),
    ("next tab and back, ms", "< 16"),
    ("filter: the slowest letter, ms", "< 10 at 10,000, < 60 at 100,000"),
    ("filter: a letter taken back, ms", "< 10 at 10,000, < 60 at 100,000"),
    ("filter: End of what was found, ms", "< 16"),
    ("filter cleared, ms", "< 16"),
    ("peak memory after all, MiB", "< 120 at 100,000"),
];

pub(crate) fn run() {
    let columns: Vec<Column> = SIZES.iter().map(|entries| measured(*entries)).collect();
    println!("| what | {} | target |", SIZES.map(|entries| format!("{entries} entries")).join(" | "));
    println!("| --- |{} --- |", " --- |".repeat(SIZES.len()));
    for (number, (what, target)) in LINES.iter().enumerate() {
        let figures: Vec<_> = columns.iter().map(|column| format!("{:.1}", column[number])).collect();
        println!("| {what} | {} | {target} |", figures.join(" | "));
    }
}

fn measured(entries: usize) -> Column {
    let machine = Machine::new();
    machine.bulk(entries);
    let starts: Vec<_> = (0..STARTS).map(|_| start(&machine)).collect();
    let mut column = vec![
        median(starts.iter().map(|start| start.first).collect()),
        median(starts.iter().map(|start| start.listed).collect()),
        starts.iter().map(|start| start.peak).fold(0.0, f64::max),
    ];
    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first frame", |_| true);
    terminal.press("2", "the store, listed", is_listed);
    let rounds: Vec<Column> = (0..ROUNDS).map(|_| round(&mut terminal)).collect();
    let kinds = rounds.first().map_or(0, Vec::len);
    column.extend((0..kinds).map(|kind| middle(rounds.iter().map(|round| round[kind]).collect())));
    column.push(peak(&terminal));
    column
}

/// The number of entries stands at the right end of the last line once all are known.
fn is_listed(frame: &Frame) -> bool {
    frame.contains("team-000") && frame.row(frame.rows - 1).ends_with(|last: char| last.is_ascii_digit())
}

struct Start {
    first: Duration,
    listed: Duration,
    peak: f64,
}

fn start(machine: &Machine) -> Start {
    let mut terminal = machine.regpass().start();
    let first = terminal.wait_for("the first frame", |_| true).at;
    let listed = terminal.press("2", "the store, listed", is_listed).at;
    let began = terminal.started();
    Start { first: first - began, listed: listed - began, peak: peak(&terminal) }
}

fn peak(terminal: &Terminal) -> f64 {
    terminal.peak_memory().map_or(f64::NAN, |bytes| bytes as f64 / 1_048_576.0)
}

/// Each kind of key once, in milliseconds; of a key and the one that undoes it the slower counts. Ends as it began.
fn round(terminal: &mut Terminal) -> Column {
    let figures = vec![
        answer(terminal, "+", |frame| !frame.contains("▸")),
        both(terminal, key::DOWN, key::UP),
        both(terminal, key::PAGE_DOWN, key::PAGE_UP),
        both(terminal, key::END, key::HOME),
        marks(terminal),
        folder(terminal),
        answer(terminal, "-", |frame| !frame.contains("▾")),
        tabs(terminal),
        filter(terminal),
        answer(terminal, key::BACKSPACE, |frame| frame.contains("/ pos") && !frame.contains("/ post")),
        end_of_found(terminal),
        answer(terminal, key::ESC, |frame| !frame.contains("/ pos")),
    ];
    // What was found is still selected.
    answer(terminal, key::HOME, |frame| frame.row(3).contains("▾ team-000") && frame.row(3).contains('▶'));
    figures
}

/// From a key to the frame that shows what it did.
fn answer(terminal: &mut Terminal, keys: &str, done: impl Fn(&Frame) -> bool) -> f64 {
    let sent = terminal.send(keys);
    let at = terminal.wait_answer("its effect", done).at;
    (at - sent).as_secs_f64() * 1000.0
}

/// Another row is selected, and the first again.
fn both(terminal: &mut Terminal, there: &str, back: &str) -> f64 {
    let row = |frame: &Frame| frame.row_with("▶");
    let before = terminal.frame().and_then(|frame| row(&frame));
    let there = answer(terminal, there, |frame| row(frame) != before);
    there.max(answer(terminal, back, |frame| row(frame) == before))
}

fn marks(terminal: &mut Terminal) -> f64 {
    let set = answer(terminal, " ", |frame| frame.contains("1 marked"));
    answer(terminal, key::HOME, |frame| frame.row(3).contains('▶'));
    let taken = answer(terminal, " ", |frame| !frame.contains("marked"));
    answer(terminal, key::HOME, |frame| frame.row(3).contains('▶'));
    set.max(taken)
}

/// The first of the outer folders, which holds a thousand entries.
fn folder(terminal: &mut Terminal) -> f64 {
    let closed = answer(terminal, key::LEFT, |frame| frame.row(3).contains('▸'));
    closed.max(answer(terminal, key::RIGHT, |frame| frame.row(3).contains('▾')))
}

fn tabs(terminal: &mut Terminal) -> f64 {
    let there = answer(terminal, key::TAB, |frame| !frame.contains("team-000"));
    there.max(answer(terminal, key::BACKTAB, |frame| frame.contains("team-000")))
}

/// The slowest letter counts: the first one meets the whole list.
fn filter(terminal: &mut Terminal) -> f64 {
    answer(terminal, "/", |frame| frame.cursor.is_some());
    let typed = ["p", "po", "pos", "post"];
    let times = typed.map(|typed| {
        let letter = &typed[typed.len() - 1..];
        answer(terminal, letter, |frame| frame.contains(&format!("/ {typed}")))
    });
    times.into_iter().fold(0.0, f64::max)
}

/// Once the field has given up the keys.
fn end_of_found(terminal: &mut Terminal) -> f64 {
    answer(terminal, key::ENTER, |frame| frame.cursor.is_none());
    let first = |frame: &Frame| frame.find("▶");
    let before = terminal.frame().and_then(|frame| first(&frame));
    let end = answer(terminal, key::END, |frame| first(frame) != before);
    end.max(answer(terminal, key::HOME, |frame| first(frame) == before))
}

fn median(times: Vec<Duration>) -> f64 {
    middle(times.iter().map(|time| time.as_secs_f64() * 1000.0).collect())
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
