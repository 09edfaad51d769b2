//! How it starts and ends: whatever ends it, the terminal is as it was.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use regpass_ui_tests::key;
use regpass_ui_tests::program;
use regpass_ui_tests::pty::Ended;
use rustix::process::Signal;

use super::support::{is_read, open, showcase};

#[test]
fn the_keys_that_quit_leave_the_terminal_as_it_was() {
    let machine = showcase();
    for keys in ["q", key::CTRL_C] {
        let mut terminal = open(&machine);
        terminal.send(keys);
        assert_eq!(terminal.wait_end(), Ended::Code(0));
        assert!(terminal.left_behind().is_empty(), "{:?} after {keys:?}", terminal.left_behind());
        assert_eq!(terminal.live().text().trim(), "", "nothing is left on the screen");
    }
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let machine = showcase();
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::INT, "SIGINT"), (Signal::QUIT, "SIGQUIT")] {
        let mut terminal = open(&machine);
        terminal.signal(signal);
        assert_eq!(terminal.wait_end(), Ended::Code(130), "{name}");
        assert!(terminal.left_behind().is_empty(), "{:?} after {name}", terminal.left_behind());
        assert!(terminal.live().contains(name), "{}", terminal.live().text());
    }
    let mut terminal = open(&machine);
    terminal.signal(Signal::HUP);
    assert_eq!(terminal.wait_end(), Ended::Code(1));
    assert!(terminal.left_behind().is_empty(), "{:?} after SIGHUP", terminal.left_behind());
}

#[test]
fn a_signal_right_at_the_start_gives_the_terminal_back() {
    let machine = showcase();
    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first frame", |_| true);
    terminal.signal(Signal::TERM);
    terminal.wait_end();
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
}

#[test]
fn a_lost_terminal_ends_it_within_a_second() {
    let machine = showcase();
    let mut terminal = open(&machine);
    let lost = Instant::now();
    terminal.lose();
    terminal.wait_end_within(Duration::from_secs(1));
    assert!(lost.elapsed() < Duration::from_secs(1));
}

#[test]
fn ctrl_z_goes_to_the_shell_and_fg_comes_back() {
    let machine = showcase();
    let mut shell = machine.launch("/bin/sh").args(&["-i"]).var("PS1", "ready> ").start();
    shell.wait_live("a prompt", |screen| screen.contains("ready>"));
    shell.send(format!("{}\r", program::regpass().display()));
    shell.wait_for("the first frame", |_| true);
    let before = shell.press("2", "the store, read", is_read);
    shell.send(key::CTRL_Z);
    let screen = shell.wait_live("the shell", |screen| screen.contains("Stopped"));
    assert!(!screen.contains("docker-credential-helpers"), "{}", screen.text());
    assert!(shell.left_behind().is_empty(), "{:?}", shell.left_behind());
    shell.send("fg\r");
    let after = shell.wait_for("the store again", |frame| is_read(frame) && frame.number > before.number);
    assert!(after.contains("docker-credential-helpers"), "{}", after.text());
    shell.send("q");
    shell.wait_live("the shell's third prompt", |screen| screen.text().matches("ready>").count() == 3);
    shell.send("exit\r");
    shell.wait_end();
}

#[test]
fn without_a_terminal_there_are_words_instead_of_a_screen() {
    let machine = showcase();
    let program = program::regpass().display();
    let scripts =
        [(format!("{program} </dev/null"), Ended::Code(2)), (format!("{program} >help; cat help"), Ended::Code(0))];
    for (script, end) in scripts {
        let terminal = machine.launch("/bin/sh").args(&["-c", &script]).size(120, 70).start();
        assert_eq!(terminal.wait_end(), end, "{script}");
        assert!(terminal.live().contains("--help"), "{}", terminal.live().text());
        assert!(!terminal.output().windows(8).any(|bytes| bytes == b"\x1b[?1049h"));
    }
}

#[test]
fn plain_is_lines_of_text_and_nothing_drawn() {
    let machine = showcase();
    for (args, said) in [(&["--plain"][..], "regpass registries"), (&["--plain", "ls"], "postmaster")] {
        let terminal = machine.regpass().args(args).size(120, 60).start();
        assert_eq!(terminal.wait_end(), Ended::Code(0), "{args:?}");
        assert!(terminal.live().contains(said), "{}", terminal.live().text());
        assert!(!terminal.output().contains(&0x1b), "{args:?}: {:?}", String::from_utf8_lossy(&terminal.output()));
    }
}

#[test]
fn a_login_that_hangs_behind_its_question_is_called_off() {
    let machine = showcase();
    for ends_it in ["ctrl-c", "the end of the session"] {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let registry = silent.local_addr().expect("its address").to_string();
        let args = ["login", "--to", "pass", "-u", "zed", &registry];
        let mut terminal = machine.regpass().args(&args).start();
        terminal.wait_live("the question", |screen| screen.contains("password or token"));
        terminal.send("made up\r");
        let connection = silent.accept().expect("the registry is asked");
        match ends_it {
            "ctrl-c" => {
                terminal.send(key::CTRL_C);
                assert_eq!(terminal.wait_end_within(Duration::from_secs(3)), Ended::Code(130));
                assert!(terminal.live().contains("called off"), "{}", terminal.live().text());
            }
            _ => {
                terminal.signal(Signal::HUP);
                let ended = terminal.wait_end_within(Duration::from_secs(3));
                assert!(matches!(ended, Ended::Signal(_)), "{ended:?}");
            }
        }
        drop(connection);
    }
}

#[test]
fn no_tab_wakes_it_while_nobody_presses_a_key() {
    let machine = showcase();
    let mut terminal = machine.regpass().start();
    terminal.wait_for("the first tab, filled", |frame| frame.contains("last calls"));
    // What stands there once a tab has all that it asks for.
    let tabs = [
        ("1", "last calls"),
        ("2", "docker-credential-helpers"),
        ("3", "AGE"),
        ("4", "asked by"),
        ("5", "; looked "),
        ("6", " as me: "),
    ];
    for (tab, what) in tabs {
        terminal.send(tab);
        terminal.wait_for(what, |frame| frame.contains(what));
        // What the key set off comes to its end, on a busy machine too.
        let end = Instant::now() + Duration::from_secs(30);
        while !terminal.stays_quiet(Duration::from_millis(500)) {
            assert!(Instant::now() < end, "{what} does not come to rest");
        }
        let before = terminal.wake_ups();
        // Longer than any timer that a screen might have.
        assert!(terminal.stays_quiet(Duration::from_secs(6)), "{what}");
        assert_eq!(terminal.wake_ups(), before, "{what}");
    }
}

#[test]
fn the_mouse_is_asked_for_when_chosen_and_given_back() {
    let machine = showcase();
    let mut terminal = open(&machine);
    assert!(!terminal.left_behind().contains(&"mouse reports"));
    terminal.send("M");
    terminal.wait_for("the mouse on", |frame| frame.contains("the mouse is on"));
    // It is asked for after the frame that says so.
    let end = Instant::now() + Duration::from_secs(10);
    while !terminal.left_behind().contains(&"mouse reports") {
        assert!(Instant::now() < end, "the mouse is never asked for");
        let _ = terminal.stays_quiet(Duration::from_millis(20));
    }
    let tabs = terminal.live().row(1);
    let column = tabs.find("Registries").expect("the tab of the registries");
    terminal.click(1, u16::try_from(column).expect("small"));
    terminal.wait_for("the registries", |frame| frame.contains("ghcr.io") && !frame.contains("infra"));
    terminal.send("q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    assert!(terminal.left_behind().is_empty(), "{:?}", terminal.left_behind());
}

#[test]
fn keys_of_the_config_file_work_and_a_mistake_in_them_is_told() {
    let machine = showcase();
    let config = machine.home().join("config.toml");
    let start = |keys: &str| {
        std::fs::write(&config, format!("[ui]\nkeys = {{ {keys} }}\n")).expect("a config file");
        machine.regpass().var("REGPASS_CONFIG", config.to_str().expect("text")).size(120, 24).start()
    };
    let mut terminal = start("\"app.quit\" = [\"Q\"]");
    terminal.wait_for("the first tab", |frame| frame.contains("Q quit"));
    terminal.send("Q");
    assert_eq!(terminal.wait_end(), Ended::Code(0));
    let terminal = start("\"store.copy\" = [\"r\"]");
    assert_eq!(terminal.wait_end(), Ended::Code(2));
    assert!(terminal.live().contains("the key \"r\" is for \"store.copy\" and for \"store.reveal\""));
}

#[test]
fn read_only_says_so_in_its_first_line_and_refuses_to_write() {
    let machine = showcase();
    let mut terminal = machine.regpass().args(&["--read-only"]).start();
    let frame = terminal.wait_for("the first frame", |_| true);
    assert!(frame.row(0).contains("read-only"), "{}", frame.row(0));
    terminal.press("2", "the store, read", is_read);
    terminal.press("z", "a refusal", |frame| frame.contains("told to write nothing"));
}
