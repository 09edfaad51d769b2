//! `regpass demo`: the terminal UI, or a command, on a throw-away machine. What it made is removed however it ends, short
//! of being killed; the next demo then does that.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Session;
use crate::model::{Problem, text};
use crate::ops::demo::Demo;
use crate::system::options::Typed;

const EXAMPLES: &str = "\
Examples:
  regpass demo                           the terminal UI on a store of 40 made-up entries
  regpass demo -- regpass registries     one command on it
  regpass demo -- bash                   a shell in it";

/// Try regpass on a throw-away store with its own home and key
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DemoArgs {
    /// Run this instead of the terminal UI
    #[arg(value_name = "COMMAND", last = true)]
    command: Vec<OsString>,
}

/// The exit code is the command's.
pub(super) fn run(session: &Session, args: &DemoArgs, ascii: bool) -> Result<u8, Problem> {
    if !session.typed.flags().is_empty() {
        return Err(Problem::usage("the demo has a store, a GnuPG home and a Docker configuration of its own")
            .hint("leave out --store, --gnupg-home and --docker-config: regpass demo"));
    }
    // From here on a signal is a message, so that nothing ends the process before the demo's folder is removed.
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD])
        .map_err(|error| Problem::failed("cannot wait for signals").because(error))?;
    if args.command.is_empty() && !(cfg!(feature = "tui") && session.console.out_is_terminal()) {
        return Err(
            Problem::usage("the terminal UI cannot be shown here").hint("run a command: regpass demo -- regpass ls")
        );
    }
    let demo = Demo::make(&session.env)?;
    if signals.pending().any(|signal| signal != SIGCHLD) {
        return Err(Problem::cancelled("the demo was called off"));
    }
    match args.command.split_first() {
        None => super::open_ui(session, demo.env().clone(), Typed::default(), ascii).map(|()| 0),
        Some((program, rest)) => run_command(&demo, program, rest, &mut signals),
    }
}

/// Waits for the command. Ctrl-C reaches it by itself, being a signal to everything on the terminal; a signal to us alone is
/// handed on.
fn run_command(demo: &Demo, program: &OsString, rest: &[OsString], signals: &mut Signals) -> Result<u8, Problem> {
    let mut command = Command::new(program);
    command.args(rest).env_clear().envs(demo.env().vars()).current_dir(demo.env().home().unwrap_or("/".as_ref()));
    let name = text::quoted(program.as_encoded_bytes());
    let failed = |error| Problem::failed(format!("cannot run {name}")).because(error);
    let mut child = command.spawn().map_err(failed)?;
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            // A shell's code for a command that a signal ended.
            let code = status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(1);
            return Ok(u8::try_from(code).unwrap_or(1));
        }
        for signal in signals.wait() {
            if matches!(signal, SIGHUP | SIGTERM) {
                hand_on(&child, signal);
            }
        }
    }
}

fn hand_on(child: &Child, signal: i32) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, if signal == SIGHUP { Signal::HUP } else { Signal::TERM });
    }
}
