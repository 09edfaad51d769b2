//! What can happen to the terminal UI. Threads send these; only the loop (`mod.rs`) receives them.

use std::sync::mpsc::SyncSender;

use crossterm::event::KeyEvent;
use ratatui::layout::Position;
use zeroize::Zeroizing;

use super::guest::Guest;
use super::jobs::Report;
use super::screen::Ticket;
use super::watch::Pace;
use crate::model::{Problem, Secret};
use crate::system::watching::Visit;

/// What the mouse did, where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mouse {
    /// The left button, pressed here.
    Click(Position),
    Wheel {
        down: bool,
    },
}

pub(super) enum Event {
    Key(KeyEvent),
    Paste(Zeroizing<String>),
    Mouse(Mouse),
    /// The terminal has, or may have, another size.
    Resized,
    /// A job has ended.
    Report(Ticket, Box<Result<Report, Problem>>),
    /// What a job has found so far.
    Part(Ticket, Box<Report>),
    /// How far a job is.
    Progress(Ticket, Pace),
    /// The journal of helper calls may have another one.
    Called,
    Signal(i32),
    /// Somebody opened our terminal by its name, or closed it.
    Visit(Visit),
    /// Nobody is at the other end of the terminal any more.
    Lost,
    /// Another program is about to draw on this terminal; the sender waits until the screen is free.
    ScreenWanted {
        free: SyncSender<()>,
        /// None: one that we cannot end.
        guest: Option<Guest>,
    },
    /// It has ended.
    ScreenFree,
    /// A passphrase is asked for; None calls it off.
    Passphrase {
        what_for: String,
        reply: SyncSender<Option<Secret>>,
    },
}
