//! The terminal lent to another program and taken back: a pinentry, the person's editor, the shell.

use std::time::Duration;

use rustix::process::{getpid, getsid};
use signal_hook::consts::signal::SIGTSTP;
use signal_hook::low_level::emulate_default_handler;

use super::guest::Guest;
use super::{Ui, visits};
use crate::system::watching::Visit;

/// How long after an editor has ended a signal from the keyboard may still have been for it. While the screen is ours no
/// key is a signal.
const LATE_SIGNAL: Duration = Duration::from_secs(1);

impl Ui {
    fn is_with_editor(&self) -> bool {
        self.lent && matches!(self.guest, Some(Guest::Editor(_)))
    }

    /// A key of the editor's that is a signal may end it, and be heard of here only then.
    pub(super) fn is_editors(&self) -> bool {
        let now = self.app.scope.now;
        let was = self.editor_left.is_some_and(|left| now.saturating_duration_since(left) < LATE_SIGNAL);
        was || self.is_with_editor()
    }

    pub(super) fn end_pinentry(&self) {
        if let Some(Guest::Pinentry(pinentry)) = &self.guest {
            pinentry.end();
        }
    }

    /// Gives the terminal to another program: nobody reads it and nothing of ours is on it.
    pub(super) fn lend(&mut self) {
        self.pause();
        self.stage.leave();
        self.lent = true;
    }

    /// The same, for one that hides what is typed by itself: before and after it nothing is shown of it either.
    pub(super) fn lend_to_pinentry(&mut self) {
        if !self.seen_to {
            // Without it we draw again when the agent is done.
            self.seen_to = visits::start(self.sender.clone()).is_ok();
        }
        self.pause();
        self.stage.leave_unseen();
        self.lent = true;
    }

    fn pause(&mut self) {
        if let Some((input, _)) = &mut self.hands {
            input.pause();
        }
    }

    /// A pinentry has the terminal open only while it asks. What follows in the agent, the passphrase's work, may take long
    /// on a busy machine. It may also end in another question, so that keys are not ours yet.
    pub(super) fn visited(&mut self, visit: Visit) {
        if !self.lent || self.is_with_editor() {
            return;
        }
        match visit {
            Visit::Opened => self.shown = false,
            Visit::Closed if !self.shown && self.stage.is_as_left() => self.shown = self.stage.show().is_ok(),
            Visit::Closed => {}
        }
    }

    pub(super) fn take_back(&mut self) {
        if !self.lent {
            return;
        }
        if self.is_with_editor() {
            self.editor_left = Some(self.app.scope.now);
        }
        self.lent = false;
        self.guest = None;
        let shown = std::mem::take(&mut self.shown);
        // A terminal that fails here fails at the next frame too, and ends the loop there.
        let _ = if shown { self.stage.listen() } else { self.stage.enter() };
        if let Some((input, _)) = &mut self.hands {
            input.resume();
        }
    }

    pub(super) fn suspend(&mut self) {
        // A session's leader has no shell to go back to: stopped, it would hang its terminal for good.
        if getsid(None).is_ok_and(|session| session == getpid()) {
            return;
        }
        if self.lent {
            // The editor stops with all of the job, and the shell goes on only when we do too. fg wakes both.
            if self.is_with_editor() {
                let _ = emulate_default_handler(SIGTSTP);
            }
            return;
        }
        self.app.hide_secrets();
        self.lend();
        let _ = emulate_default_handler(SIGTSTP);
        self.take_back();
    }

    pub(super) fn repaint(&mut self) {
        if !self.lent {
            let _ = self.stage.enter();
        }
    }
}
