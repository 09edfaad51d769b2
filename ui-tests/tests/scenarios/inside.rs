//! What can only be seen from inside or underneath: what memory holds after a reveal, what a panic leaves behind.

use std::fs::File;
use std::os::unix::fs::FileExt;

use regpass_ui_tests::pty::{Ended, Launch, Terminal};
use regpass_ui_tests::skip;

use super::support::{find, open, showcase};

/// How often these bytes stand in the memory that the program has written to; None when nobody may look.
pub fn in_memory(terminal: &Terminal, wanted: &[u8]) -> Option<usize> {
    let process = format!("/proc/{}", terminal.pid().as_raw_nonzero());
    let memory = File::open(format!("{process}/mem")).ok()?;
    let maps = std::fs::read_to_string(format!("{process}/maps")).ok()?;
    let writable = maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw")));
    let mut found = 0;
    for line in writable {
        let (from, to) = line.split(' ').next()?.split_once('-')?;
        let (from, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
        let mut bytes = vec![0; usize::try_from(to - from).ok()?];
        // The kernel's own pages cannot be read; the program writes nothing there.
        if memory.read_exact_at(&mut bytes, from).is_ok() {
            found += bytes.windows(wanted.len()).filter(|window| *window == wanted).count();
        }
    }
    Some(found)
}

#[test]
fn a_secret_that_was_shown_or_copied_is_not_in_memory_afterwards() {
    let machine = showcase();
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    let password = b"tr0ub4dor&3-demo";
    terminal.press("r", "the secret", |frame| frame.contains("tr0ub4dor&3-demo"));
    let Some(while_shown) = in_memory(&terminal, password) else {
        return skip::note("root is needed to look into a hardened process");
    };
    assert!(while_shown > 0, "a search that finds nothing while it is on the screen would prove nothing");
    terminal.press("r", "the mask", |frame| frame.contains("••••••••"));
    assert_eq!(in_memory(&terminal, password), Some(0), "after it was shown");
    terminal.press("c", "the copy", |frame| frame.contains("sent to the terminal"));
    assert_eq!(in_memory(&terminal, password), Some(0), "after it was copied");
    let encoded = b"dHIwdWI0ZG9yJjMtZGVtbw==";
    assert_eq!(in_memory(&terminal, encoded), Some(0), "as the terminal got it");
}

#[test]
fn a_long_secret_that_was_scrolled_is_not_in_memory_afterwards() {
    let machine = showcase();
    let rows: Vec<String> = (1..=60).map(|number| format!("long-secret-row-{number:02}")).collect();
    machine.entry("longest", &rows.join("\n"), 0);
    let mut terminal = open(&machine);
    find(&mut terminal, "longest", "longest");
    terminal.press("r", "its first row", |frame| frame.contains("row-01"));
    terminal.press("J", "other rows", |frame| !frame.contains("row-01") && frame.contains("row-20"));
    terminal.press("J", "more of them", |frame| frame.contains("row-30"));
    terminal.press("K", "back up", |frame| frame.contains("row-20"));
    let Some(while_shown) = in_memory(&terminal, b"long-secret-row-") else {
        return skip::note("root is needed to look into a hardened process");
    };
    assert!(while_shown >= 60, "{while_shown}");
    terminal.wait_for("the mask", |frame| frame.contains("••••••••") && !frame.contains("row-"));
    assert_eq!(in_memory(&terminal, b"long-secret-row-"), Some(0));
}

#[test]
fn of_lines_that_were_shown_one_by_one_nothing_is_in_memory_afterwards() {
    let machine = showcase();
    let mut terminal = open(&machine);
    find(&mut terminal, "dbroot", "infra/db/root");
    terminal.press("v", "its lines", |frame| frame.contains("postgres") && frame.contains("code"));
    terminal.press("r", "the password", |frame| frame.contains("tr0ub4dor&3-demo"));
    let Some(while_shown) = in_memory(&terminal, b"tr0ub4dor&3-demo") else {
        return skip::note("root is needed to look into a hardened process");
    };
    assert!(while_shown > 0);
    terminal.press("\x1b[F", "another line", |frame| !frame.contains("tr0ub4dor"));
    terminal.press("\x1b", "the store", |frame| frame.contains("readable by"));
    for secret in [&b"tr0ub4dor&3-demo"[..], b"JBSWY3DPEHPK3PXP"] {
        assert_eq!(in_memory(&terminal, secret), Some(0), "{}", String::from_utf8_lossy(secret));
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_quotes_nothing() {
    let terminal = Launch::new(env!("CARGO_BIN_EXE_panics")).start();
    assert_eq!(terminal.wait_end(), Ended::Code(101));
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
    let screen = terminal.live();
    assert!(screen.contains("regpass made a mistake and had to stop"), "{}", screen.text());
    assert!(!screen.contains("a secret that"), "{}", screen.text());
}
