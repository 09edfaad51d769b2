//! A window with a command in it: opened, run on this terminal, closed however it ends. Killed with SIGKILL it closes nothing;
//! that the process is gone is then seen in the record, and the login is not handed out any more.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::super::interrupts::cancel_on_all;
use super::{Opening, Ready, Session, told, verdict};
use crate::model::{Problem, text};
use crate::ops::window::{self, Which};
use crate::system::runner::Runner;

/// A shell's codes for a command that is not there, and one that cannot be run (POSIX, 2.8.2).
const NOT_FOUND: u8 = 127;
const NOT_RUN: u8 = 126;

/// The exit code is the command's.
pub(super) fn run(session: &Session, opening: &Opening, command: &[OsString]) -> Result<u8, Problem> {
    let Some(runner) = Runner::own() else {
        return Err(Problem::failed("there is no /proc, in which others see that the command's window is over")
            .hint("open and close a window by hand: regpass window --help"));
    };
    // From here on a signal is a message, so that nothing ends the process before the window is closed.
    let cancel = cancel_on_all()?;
    let ready = Ready::of(session, opening, &cancel, false)?;
    if cancel.is_called_off() {
        ready.give_up();
        return Err(Problem::cancelled("nothing was opened"));
    }
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD])
        .map_err(|error| Problem::failed("cannot wait for signals").because(error))?;
    let opened = match ready.open(Some(runner)) {
        Ok(opened) => opened,
        Err(refused) => return told::refused(session, &refused, false),
    };
    told::lines(session, &opened);
    let ended = match signals.pending().find(|signal| *signal != SIGCHLD) {
        Some(signal) => Ok(code_of(signal)),
        None => run_command(session, &ready, command, &mut signals),
    };
    let closed = window::close(&ready.system, &ready.scope, &Which::Window(opened.window), false);
    let proved = closed.and_then(|closed| {
        told::closed(session, &closed, false)?;
        verdict(&closed)
    });
    match (ended, proved) {
        (ended, Ok(())) => ended,
        (Ok(0), Err(problem)) => Err(problem),
        // The command's own failure is what the caller asked about.
        (ended, Err(problem)) => {
            session.console.problem(&problem);
            ended
        }
    }
}

fn run_command(session: &Session, ready: &Ready, command: &[OsString], signals: &mut Signals) -> Result<u8, Problem> {
    let Some((program, rest)) = command.split_first() else { return Ok(0) };
    let mut child = Command::new(program);
    child.args(rest);
    if let Some(folder) = &ready.folder {
        child.env("DOCKER_CONFIG", &folder.path);
    }
    let failed = |error: std::io::Error| {
        Problem::failed(format!("cannot run {}", text::quoted(program.as_encoded_bytes()))).because(error)
    };
    let mut child = match child.spawn() {
        Ok(child) => child,
        Err(error) => {
            let code = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { NOT_RUN };
            session.console.problem(&failed(error));
            return Ok(code);
        }
    };
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            return Ok(u8::try_from(code).unwrap_or(1));
        }
        for signal in signals.wait() {
            hand_on(&child, signal);
        }
    }
}

fn code_of(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(1)
}

/// Ctrl-C and Ctrl-\ on the terminal reach everything in front of it by themselves; sent twice they would make some programs
/// give up at once. What was sent to us alone is handed on.
fn hand_on(child: &Child, signal: i32) {
    let signal = match signal {
        SIGINT | SIGQUIT if is_in_front() => return,
        SIGINT => Signal::INT,
        SIGQUIT => Signal::QUIT,
        SIGHUP => Signal::HUP,
        SIGTERM => Signal::TERM,
        _ => return,
    };
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

/// True where the controlling terminal sends its keys' signals to our group.
fn is_in_front() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}
