//! Questions on a real pseudo-terminal: nothing typed without echo is shown, a yes is asked for, and the terminal is as
//! usual afterwards however it ends.

use rustix::process::{Pid, Signal, kill_process};

use super::store_of;
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, regpass_binary, run};

fn start(sandbox: &Sandbox, args: &[&str]) -> Terminal {
    let mut command = sandbox.command(regpass_binary());
    command.args(args).env("TERM", "xterm-256color").env("NO_COLOR", "1");
    Terminal::start(&command)
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_lines_of_text_and_why() {
    let sandbox = store_of(&["a/x"]);
    for args in [&[][..], &["demo"]] {
        let mut command = sandbox.command(regpass_binary());
        let (code, shown) = Terminal::start(command.args(args).env("TERM", "dumb")).end();
        assert!(code == 0 && shown.starts_with("TERM=dumb: ") && shown.contains("regpass ls"), "{code} {shown}");
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }
}

#[test]
fn a_password_is_asked_for_twice_and_never_shown() {
    let sandbox = Sandbox::without_gnupg();
    let mut terminal = start(&sandbox, &["insert", "mail/alice"]);
    terminal.wait_for("password for \"mail/alice\": ");
    assert!(!terminal.is_as_usual());
    terminal.send(b"wrong\x15p\xc3\xa4sz\x7fswo\x1b[Ard\r");
    terminal.wait_for("once more: ");
    terminal.send("pässword\r".as_bytes());
    let (code, shown) = terminal.end();
    assert_eq!((code, shown.as_str()), (0, "\r\nstored \"mail/alice\"\r\n"));
    assert_eq!(sandbox.regpass(&["show", "mail/alice"], b"").ok().out(), "pässword\n");
}

#[test]
fn two_different_passwords_store_nothing() {
    let sandbox = Sandbox::without_gnupg();
    let mut terminal = start(&sandbox, &["insert", "a"]);
    terminal.wait_for("password for \"a\": ");
    terminal.send(b"one\r");
    terminal.wait_for("once more: ");
    terminal.send(b"two\r");
    let (code, shown) = terminal.end();
    assert!(code == 1 && shown.contains("error: the two passwords differ"), "{code}: {shown}");
    assert!(!sandbox.store().join("a.gpg").exists());
}

#[test]
fn ctrl_c_and_signals_put_the_terminal_back() {
    let sandbox = Sandbox::without_gnupg();
    let mut terminal = start(&sandbox, &["insert", "a"]);
    terminal.wait_for("password for \"a\": ");
    terminal.send(b"half\x03");
    let (code, shown) = terminal.end();
    assert!(code == 130 && shown.contains("error: called off") && !shown.contains("half"), "{code}: {shown}");

    let mut terminal = start(&sandbox, &["insert", "a"]);
    terminal.wait_for("password for \"a\": ");
    let pid = i32::try_from(terminal.pid()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::TERM).expect("told to end");
    assert_eq!(terminal.end().0, 130);
}

#[test]
fn replacing_and_removing_need_a_yes() {
    let sandbox = store_of(&["a"]);
    let mut terminal = start(&sandbox, &["insert", "--echo", "a"]);
    terminal.wait_for("\"a\" is there already. Replace it? [y/N] ");
    terminal.send(b"n\n");
    assert_eq!(terminal.end().0, 130);

    let mut terminal = start(&sandbox, &["insert", "--echo", "a"]);
    terminal.wait_for("[y/N] ");
    terminal.send(b"Yes\n");
    terminal.wait_for("password for \"a\": ");
    terminal.send(b"seen\n");
    let (code, shown) = terminal.end();
    assert!(code == 0 && shown.starts_with("seen\r\n"), "{code}: {shown}");
    assert_eq!(sandbox.regpass(&["show", "a"], b"").ok().out(), "seen\n");

    let mut terminal = start(&sandbox, &["rm", "a"]);
    terminal.wait_for("remove \"a\"? [y/N] ");
    terminal.send(b"\n");
    assert_eq!(terminal.end().0, 130);
    let mut terminal = start(&sandbox, &["rm", "a"]);
    terminal.wait_for("[y/N] ");
    terminal.send(b"y\n");
    assert_eq!(terminal.end().0, 0);
    assert!(!sandbox.store().join("a.gpg").exists());
}

#[test]
fn what_a_terminal_shows_cannot_move_it() {
    let sandbox = Sandbox::without_gnupg();
    sandbox.regpass(&["insert", "-m", "docker-credential-helpers/Z2hjci5pbw==/bob"], b"pw\x1b[2J\nend").ok();
    let (code, shown) = start(&sandbox, &["show", "docker-credential-helpers/Z2hjci5pbw==/bob"]).end();
    assert_eq!((code, shown.as_str()), (0, "pw\\u{1b}[2J\r\nend\r\n"));
    let (code, shown) = start(&sandbox, &["ls"]).end();
    assert_eq!((code, shown.as_str()), (0, "docker-credential-helpers\r\n  Z2hjci5pbw==  ghcr.io\r\n    bob\r\n"));
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let sandbox = store_of(&["mail/alice"]);
    let mut command = sandbox.command(regpass_binary());
    command.arg("ls").env("TERM", "xterm-256color");
    assert_eq!(Terminal::start(&command).end(), (0, "\u{1b}[1;34mmail\u{1b}[0m\r\n  alice\r\n".to_owned()));
    command.env("TERM", "dumb");
    assert_eq!(Terminal::start(&command).end(), (0, "mail\r\n  alice\r\n".to_owned()));
}

#[test]
fn a_copy_to_the_terminal_s_clipboard_is_taken_back() {
    let mut sandbox = store_of(&["a"]);
    sandbox.set("PASSWORD_STORE_CLIP_TIME", "50");
    let mut terminal = start(&sandbox, &["show", "--clip", "a"]);
    // "pw of a", without its newline.
    terminal.wait_for("\u{1b}]52;c;cHcgb2YgYQ==");
    terminal.wait_for("sent \"a\" to the terminal's clipboard; cleared in 50 seconds, or at any key ");
    terminal.send(b"x");
    let (code, shown) = terminal.end();
    assert!(code == 0 && shown.contains("\u{1b}]52;c;") && !shown.contains("cHcg"), "{code}: {shown:?}");

    let mut terminal = start(&sandbox, &["show", "--clip", "--line", "2", "a"]);
    terminal.wait_for("\u{1b}]52;c;dXNlcjogYWxpY2U=");
    terminal.wait_for("at any key ");
    let pid = i32::try_from(terminal.pid()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::HUP).expect("told to end");
    assert!(terminal.end().1.contains("\u{1b}]52;c;"));

    let mut command = sandbox.command_without_terminal(regpass_binary());
    let nowhere = run(command.args(["show", "--clip", "a"]), b"");
    assert_eq!((nowhere.code, nowhere.out()), (1, String::new()));
}
