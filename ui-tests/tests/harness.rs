//! The harness proved on small programs that every machine has, without regpass.

// Test code from end to end, helpers included.
#![allow(clippy::expect_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use regpass_ui_tests::emulator::Copied;
use regpass_ui_tests::frame::Frame;
use regpass_ui_tests::key;
use regpass_ui_tests::picture;
use regpass_ui_tests::pty::{Ended, Launch, Terminal};
use rustix::process::Signal;

fn sh(script: &str) -> Terminal {
    Launch::new("/bin/sh").args(&["-c", script]).start()
}

/// The panic message of what should fail.
fn failure(of: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(of)).expect_err("it should have failed");
    let fixed = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    fixed.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a message")
}

fn any(_: &Frame) -> bool {
    true
}

#[test]
fn the_program_sees_only_what_it_was_given() {
    let terminal = Launch::new("/usr/bin/env").var("HOME", "/nowhere").var("TZ", "Asia/Tokyo").start();
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    let mut lines: Vec<_> = terminal.live().text().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "HOME=/nowhere",
            "LANG=C.UTF-8",
            "PATH=/usr/bin:/bin",
            "SHELL=/bin/sh",
            "TERM=xterm-256color",
            "TZ=Asia/Tokyo"
        ]
    );
}

#[test]
fn the_program_is_on_a_terminal_of_the_asked_size_in_the_asked_folder() {
    let script = "tty; stty size; pwd; test -t 0 && test -t 1 && test -t 2 && echo three";
    let terminal = Launch::new("/bin/sh").args(&["-c", script]).size(44, 10).cwd(Path::new("/usr")).start();
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    let screen = terminal.live();
    assert!(screen.row(0).starts_with("/dev/pts/"), "{}", screen.text());
    assert_eq!([screen.row(1), screen.row(2), screen.row(3)], ["10 44", "/usr", "three"]);
}

#[test]
fn a_frame_is_seen_only_when_it_is_whole() {
    let script = r"stty -echo; printf '\033[?2026hhalf'; read x; printf ' whole\033[?2026l'; read x";
    let mut terminal = sh(script);
    terminal.wait_live("the half frame", |screen| screen.contains("half"));
    assert!(terminal.frame().is_none());
    let frame = terminal.press(key::ENTER, "the whole frame", any);
    assert_eq!((frame.row(0).as_str(), frame.number), ("half whole", 1));
}

#[test]
fn an_answer_is_a_frame_after_the_key() {
    let script = r"stty -echo; n=0; printf '\033[?2026h0\033[?2026l'; while read x; do n=$((n+1)); printf '\033[?2026h\r%s\033[?2026l' $n; done";
    let mut terminal = sh(script);
    terminal.wait_text("0");
    for expected in ["1", "2", "3"] {
        let frame = terminal.press(key::ENTER, "a count", any);
        assert_eq!(frame.row(0), expected);
    }
    let numbers: Vec<_> = terminal.frames_after(2).iter().map(|frame| frame.row(0)).collect();
    assert_eq!(numbers, ["2", "3"]);
}

#[test]
fn no_frame_of_many_is_lost() {
    let terminal = sh(r"i=0; while [ $i -lt 300 ]; do i=$((i+1)); printf '\033[?2026h\r%s\033[?2026l' $i; done");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    let seen: Vec<_> = terminal.frames_after(0).iter().map(|frame| frame.row(0)).collect();
    assert_eq!(seen, (1..=300).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_question_to_the_terminal_is_answered() {
    let script = r"stty raw -echo; printf 'abc\033[6n'; answer=$(dd bs=1 count=6 2>/dev/null | tr '\033' E); stty sane
        printf '\r\n%s' $answer";
    let terminal = sh(script);
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert_eq!(terminal.live().row(1), "E[1;4R");
    assert_eq!(terminal.notes().queries, ["CSI 6 n"]);
}

#[test]
fn the_clipboard_is_recorded() {
    let terminal = sh(r"printf '\033]52;c;c2VjcmV0\033\\'");
    let notes = terminal.wait_notes("a copy", |notes| !notes.copied.is_empty());
    assert_eq!(notes.copied, [Copied { selection: "c".to_owned(), text: b"secret".to_vec() }]);
    assert!(notes.unknown.is_empty(), "{:?}", notes.unknown);
}

#[test]
fn a_resize_reaches_the_program() {
    let mut terminal = sh("trap 'stty size' WINCH; echo ready; while :; do read x; done");
    terminal.wait_live("the trap", |screen| screen.contains("ready"));
    terminal.resize(30, 6);
    let screen = terminal.wait_live("the new size", |screen| screen.contains("6 30"));
    assert_eq!((screen.cols, screen.rows), (30, 6));
}

#[test]
fn pasted_text_is_marked_when_asked_for() {
    let mut terminal = sh(r"printf '\033[?2004hready'; stty -echo -icanon; dd bs=1 count=14 2>/dev/null | od -An -c");
    terminal.wait_live("the program", |screen| screen.contains("ready"));
    terminal.paste("hi");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.live().contains(r"033   [   2   0   0   ~   h   i 033   [   2   0   1   ~"));
}

#[test]
fn the_mouse_moves_only_where_it_is_wanted() {
    let mut terminal =
        sh(r"stty -echo -icanon; printf '\033[?1000h\033[?1006hready'; dd bs=1 count=18 2>/dev/null | od -An -c");
    terminal.wait_live("the program", |screen| screen.contains("ready"));
    terminal.click(2, 4);
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.live().contains("033   [   <   0   ;   5   ;   3   M 033"), "{}", terminal.live().text());
    let mut deaf = sh("read x");
    assert_eq!(failure(|| deaf.click(0, 0)), "the program did not ask for the mouse");
}

#[test]
fn exit_codes_and_signals_are_told_apart() {
    assert_eq!(sh("exit 3").wait_end(), Ended::Code(3));
    let mut terminal = sh("echo ready; read x");
    terminal.wait_live("the program", |screen| screen.contains("ready"));
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.wait_end(), Ended::Signal("Terminated".to_owned()));
}

#[test]
fn what_a_program_leaves_behind_is_named() {
    let tidy = sh(
        r"modes=$(stty -g); printf '\033[?1049h\033[?25l'; stty raw -echo; stty $modes; printf '\033[?25h\033[?1049l'",
    );
    assert_eq!((tidy.wait_end(), tidy.left_behind()), (Ended::Code(0), vec![]));
    let careless = sh(r"printf '\033[?1049h\033[?25l\033[?2004h\033[?1000h'; stty raw -echo");
    assert_eq!(careless.wait_end(), Ended::Code(0));
    let expected =
        ["the alternate screen", "a hidden cursor", "bracketed paste", "mouse reports", "the terminal's modes"];
    assert_eq!(careless.left_behind(), expected);
}

#[test]
fn a_lost_terminal_hangs_up_the_program() {
    let mut terminal = sh("echo ready; exec cat");
    terminal.wait_live("the program", |screen| screen.contains("ready"));
    terminal.lose();
    assert_eq!(terminal.wait_end_within(Duration::from_secs(1)), Ended::Signal("Hangup".to_owned()));
}

#[test]
fn quiet_and_idle_are_measured() {
    let mut terminal = Launch::new("/bin/cat").start();
    terminal.send("a\r");
    terminal.wait_live("the echo", |screen| screen.row(1) == "a");
    assert!(terminal.stays_quiet(Duration::from_millis(100)));
    let before = terminal.wake_ups();
    assert!(terminal.stays_quiet(Duration::from_millis(100)));
    assert_eq!(terminal.wake_ups(), before);
    terminal.send("b\r");
    terminal.wait_live("the echo", |screen| screen.row(3) == "b");
    assert!(terminal.stays_quiet(Duration::from_millis(100)));
    assert!(terminal.wake_ups() > before);
    let busy = sh("while :; do echo x; done");
    assert!(!busy.stays_quiet(Duration::from_secs(20)));
}

#[test]
fn a_failure_shows_the_screen() {
    let terminal = sh(r"printf '\033[?2026hlast words\033[?2026l\033[99z'; exit 4");
    let message = failure(|| drop(terminal.wait_text("never")));
    for part in ["waited for \"never\" on the screen", "ended: Some(Code(4))", "CSI 99 z", "last words"] {
        assert!(message.contains(part), "{part:?} is missing in {message}");
    }
}

#[test]
fn a_colourful_screen_becomes_the_same_picture_each_time() {
    let script = r"printf '\033[?2026h\033[1;36m alice \033[m ~/.password-store\r\n'
        printf '──────────────────────\r\n \033[32m✔\033[m proved  \033[31m✘\033[m denied\r\n\033[7m ▶ root \033[m│\033[?25l\033[?2026l'";
    let picture = |_| {
        let terminal = Launch::new("/bin/sh").args(&["-c", script]).size(24, 5).start();
        picture::png(&terminal.wait_text("root")).expect("every glyph")
    };
    let pictures: Vec<_> = (0..3).map(picture).collect();
    assert!(pictures.windows(2).all(|pair| pair[0] == pair[1]));
}
