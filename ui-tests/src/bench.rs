//! How fast the screen answers: from a program's start to its first frame, from a key to its frame, from a letter typed
//! into the filter to the list it leaves. Wall time as a terminal sees it, medians.

use std::time::Duration;

use regpass_ui_tests::key;
use regpass_ui_tests::machine::Machine;
use regpass_ui_tests::pty::Terminal;

/// Starts for one median.
const STARTS: usize = 9;
/// Keys for one median.
const KEYS: usize = 40;

pub(crate) fn run() {
    println!("{:>8}  {:>12} {:>12} {:>12} {:>12}  (ms)", "entries", "first frame", "listed", "key", "filter key");
    for entries in [40, 10_000, 100_000] {
        let machine = Machine::new();
        machine.bulk(entries);
        let starts: Vec<_> = (0..STARTS).map(|_| start(&machine)).collect();
        let first = median(starts.iter().map(|(first, _)| *first).collect());
        let listed = median(starts.iter().map(|(_, listed)| *listed).collect());
        let mut terminal = machine.regpass().start();
        terminal.wait_for("the first frame", |_| true);
        terminal.press("2", "the store, listed", listed_all);
        let key =
            median((0..KEYS).map(|number| answer(&mut terminal, if number < KEYS / 2 { "j" } else { "k" })).collect());
        let filter = filter(&mut terminal);
        let [first, listed, key, filter] = [first, listed, key, filter].map(|time| time.as_secs_f64() * 1000.0);
        println!("{entries:>8}  {first:>12.2} {listed:>12.2} {key:>12.2} {filter:>12.2}");
    }
}

fn listed_all(frame: &regpass_ui_tests::frame::Frame) -> bool {
    frame.contains("team-000")
}

/// From the start to the first frame, and to the list.
fn start(machine: &Machine) -> (Duration, Duration) {
    let mut terminal = machine.regpass().start();
    let first = terminal.wait_for("the first frame", |_| true).at;
    let listed = terminal.press("2", "the store, listed", listed_all);
    (first - terminal.started(), listed.at - terminal.started())
}

/// From a key to the next frame.
fn answer(terminal: &mut Terminal, keys: &str) -> Duration {
    let sent = terminal.send(keys);
    terminal.wait_answer("a frame", |_| true).at - sent
}

/// The slowest letter of each needle counts: the first one meets the whole list.
fn filter(terminal: &mut Terminal) -> Duration {
    let slowest = |terminal: &mut Terminal| {
        answer(terminal, "/");
        let times = ["p", "o", "s", "t"].map(|letter| answer(terminal, letter));
        answer(terminal, key::ESC);
        times.into_iter().max().unwrap_or_default()
    };
    median((0..5).map(|_| slowest(terminal)).collect())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
