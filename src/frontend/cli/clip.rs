//! A copy made by the command line: told where it went and for how long, and taken back from a terminal's clipboard, which
//! nobody else would clear.

use std::time::Duration;

use super::Session;
use super::prompt::Terminal;
use crate::model::{Problem, Secret};
use crate::system::System;
use crate::system::clipboard::{self, Copied};

/// Copies; `name` is the entry's, quoted.
pub(super) fn copy(session: &Session, system: &System, secret: Secret, name: &str) -> Result<(), Problem> {
    match clipboard::copy(&session.env, &system.options, secret)? {
        Copied::Clipboard { seconds } => {
            session.console.status(&format!("copied {name}; the clipboard is cleared in {seconds} seconds"));
            Ok(())
        }
        Copied::Terminal { sequence, clearing, seconds } => {
            let mut terminal = Terminal::open().ok_or_else(|| {
                Problem::failed("there is neither a display nor a terminal whose clipboard could take a copy")
            })?;
            terminal.send(sequence.expose())?;
            drop(sequence);
            let ended = terminal.pause(
                &format!("sent {name} to the terminal's clipboard; cleared in {seconds} seconds, or at any key "),
                Duration::from_secs(seconds),
            );
            terminal.send(&clearing)?;
            ended
        }
    }
}
