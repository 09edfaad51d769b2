//! A copy on a real X display: it can be pasted, it goes by itself, and it gives way to what was copied after it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Sandbox, peer, regpass_binary, run};

/// How long anything is waited for; it passes only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// An X server without a screen. Dropped: ended.
struct Display {
    server: Child,
    name: String,
    xclip: PathBuf,
}

impl Display {
    fn start() -> Option<Display> {
        let (xvfb, xclip) = (peer("Xvfb")?, peer("xclip")?);
        let mut server = Command::new(xvfb)
            .args(["-displayfd", "1", "-screen", "0", "64x64x8", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("an X server");
        let mut number = String::new();
        BufReader::new(server.stdout.as_mut().expect("its stdout")).read_line(&mut number).expect("its number");
        Some(Display { server, name: format!(":{}", number.trim()), xclip })
    }

    fn xclip(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.xclip);
        command.args(["-selection", "clipboard"]).args(args).env("DISPLAY", &self.name);
        command.stderr(Stdio::null());
        command
    }

    /// What a paste would give; None for an empty clipboard.
    fn pasted(&self) -> Option<Vec<u8>> {
        let output = self.xclip(&["-o"]).output().expect("xclip");
        output.status.success().then_some(output.stdout).filter(|text| !text.is_empty())
    }

    /// Copies as another program would.
    fn copy(&self, text: &str) {
        let mut child = self.xclip(&["-i"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("xclip");
        child.stdin.take().expect("its stdin").write_all(text.as_bytes()).expect("written");
        // It serves from a child of its own and ends at once.
        child.wait().expect("its end");
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "waited for {what}");
        std::thread::yield_now();
    }
}

fn machine(display: &Display, seconds: &str) -> Sandbox {
    let (mut sandbox, _) = Sandbox::with_store();
    sandbox.set("DISPLAY", &display.name);
    sandbox.set("PASSWORD_STORE_CLIP_TIME", seconds);
    sandbox.regpass(&["insert", "--multiline", "a"], b"hunter2\nuser: alice\n").ok();
    sandbox
}

/// Arguments of the processes that hold a clipboard for so many seconds.
fn holders(seconds: &str) -> Vec<Vec<u8>> {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let arguments = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    let start = format!("regpass-clipboard\0{seconds}\0");
    arguments.filter(|arguments| arguments.starts_with(start.as_bytes())).collect()
}

#[test]
fn a_copy_can_be_pasted_and_goes_by_itself() {
    let Some(display) = Display::start() else { return };
    let sandbox = machine(&display, "4");
    let said = sandbox.regpass(&["show", "--clip", "a"], b"").ok();
    assert!(!said.out().contains("hunter2") && !said.err().contains("hunter2"));
    assert_eq!(display.pasted().as_deref(), Some(&b"hunter2"[..]));
    wait_until("the clipboard to be empty", || display.pasted().is_none());
}

#[test]
fn a_copy_gives_way_to_the_next_one_and_clears_nothing_then() {
    let Some(display) = Display::start() else { return };
    let sandbox = machine(&display, "7351");
    sandbox.regpass(&["show", "--clip", "a"], b"").ok();
    assert_eq!(holders("7351"), [b"regpass-clipboard\x007351\0clipboard\0".to_vec()], "no secret among the arguments");
    display.copy("something else");
    wait_until("the holder's end", || holders("7351").is_empty());
    assert_eq!(display.pasted().as_deref(), Some(&b"something else"[..]));
}

#[test]
fn a_display_that_is_not_there_is_not_waited_for() {
    let (mut sandbox, _) = Sandbox::with_store();
    sandbox.set("DISPLAY", ":64999");
    sandbox.regpass(&["insert", "--multiline", "a"], b"hunter2\n").ok();
    let mut command = sandbox.command_without_terminal(regpass_binary());
    let answer = run(command.args(["show", "--clip", "a"]), b"");
    assert!(!answer.out().contains("hunter2") && !answer.err().contains("hunter2"), "{}", answer.err());
    assert_ne!(answer.code, 0, "there is neither a display nor a terminal to copy to: {}", answer.err());
}
