//! What a screen is: it owns its actions and its one key table, and answers with data (`Flow`), so that it is tested
//! without a terminal. `layer.rs` stacks them.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use ratatui::Frame;
use ratatui::layout::Rect;

use super::jobs::audit::Verdicts;
use super::jobs::{Job, Report};
use super::keymap::Keymap;
use super::keys::{Binding, Key, Offer};
use super::layer::Layer;
use super::theme::{Glyphs, Theme};
use super::watch::Pace;
use super::widgets::list::{ListPlace, Move};
use crate::model::{EntryPath, Problem, Secret};
use crate::system::options::Typed;

/// Why nothing may be written.
pub(super) const READ_ONLY: &str = "regpass was told to write nothing (read-only)";

/// What every screen may look at while it acts or draws.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// For deadlines; never stands still.
    pub(super) now: Instant,
    /// For ages; `REGPASS_FIXED_TIME` stops it.
    pub(super) wall: SystemTime,
    pub(super) theme: Theme,
    /// The whole terminal, as last drawn.
    pub(super) size: Rect,
    /// Who looks.
    pub(super) uid: u32,
    /// Shown as `~` in paths.
    pub(super) home: Option<PathBuf>,
    /// What was typed to get to this store, for the commands that are shown.
    pub(super) typed: Typed,
    /// Here the store is not the home's `.password-store`, because the environment or what was typed says so.
    pub(super) store_set: bool,
    /// How long a secret is shown.
    pub(super) reveal: Duration,
    /// Nothing is written to a store, whoever asks.
    pub(super) read_only: bool,
    pub(super) keymap: Keymap,
    /// What the last audit said; None: none was run since the start.
    pub(super) audit: Option<Verdicts>,
}

impl Scope {
    /// The key of a screen's action, as the person has it, for what is said on the screen.
    pub(super) fn key_of<S: Screen>(&self, action: S::Action) -> String {
        self.keymap.label((S::NAME, S::KEYS), action, self.theme.glyphs)
    }
}

/// Who asked for a job, and which of its questions it was: an answer to an older question is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) owner: &'static str,
    pub(super) number: u64,
}

/// Numbers a screen's questions.
#[derive(Debug)]
pub(super) struct Tickets {
    owner: &'static str,
    last: u64,
}

impl Tickets {
    pub(super) fn of(owner: &'static str) -> Tickets {
        Tickets { owner, last: 0 }
    }

    /// For a layer: each time it is opened its numbers are others, so that an answer to a layer that was closed meanwhile
    /// is not taken for an answer to the next of its kind.
    pub(super) fn of_layer(owner: &'static str) -> Tickets {
        static OPENED: AtomicU32 = AtomicU32::new(1);
        Tickets { owner, last: u64::from(OPENED.fetch_add(1, Ordering::Relaxed)) << 32 }
    }

    /// The one with this number.
    pub(super) fn ticket(&self, number: u64) -> Ticket {
        Ticket { owner: self.owner, number }
    }

    pub(super) fn next(&mut self) -> Ticket {
        self.last += 1;
        Ticket { owner: self.owner, number: self.last }
    }
}

/// What a screen wants done.
pub(super) enum Flow {
    Stay,
    Push(Box<dyn Layer>),
    /// This layer is done.
    Pop,
    /// The layer of this name is done, and so are those over it.
    Shut(&'static str),
    Start(Ticket, Job),
    /// The job with this ticket is no longer wanted, or as far as it is.
    CallOff(Ticket),
    /// Something in the store was written: who shows it looks again.
    StoreChanged,
    /// All layers closed and this entry selected in the store.
    FindEntry(EntryPath),
    /// The same for a folder.
    FindFolder(EntryPath),
    /// A folder has another name now.
    FolderMoved {
        from: EntryPath,
        to: EntryPath,
    },
    /// All layers closed and this registry (its canonical name) selected.
    FindRegistry(String),
    /// All layers closed and the tab of this title in front.
    ShowTab(&'static str),
    /// An audit has ended with this.
    Audited(Verdicts),
    Say(Toast),
    /// As if this key was pressed.
    Press(Key),
    /// Bytes for the terminal itself, never drawn: a clipboard sequence.
    Send(Secret),
    /// Bytes for the terminal at this time, or when the program ends if that is earlier. Replaces earlier ones.
    SendLater(Instant, Vec<u8>),
    Many(Vec<Flow>),
}

/// The last result, in one line above the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Toast {
    pub(super) text: String,
    pub(super) tone: Tone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Warn,
}

impl Toast {
    pub(super) fn good(text: impl Into<String>) -> Toast {
        Toast { text: text.into(), tone: Tone::Good }
    }

    pub(super) fn warn(text: impl Into<String>) -> Toast {
        Toast { text: text.into(), tone: Tone::Warn }
    }
}

/// Something that a screen draws, and what it means, for the help.
pub(super) struct Mark(pub(super) String, pub(super) &'static str);

/// One screen or popup.
pub(super) trait Screen {
    type Action: Copy + Debug + PartialEq + 'static;

    /// Its name on its tickets, and in the config file where its keys may be chosen.
    const NAME: &'static str;
    /// The one table: dispatch, hints and help read it.
    const KEYS: &'static [Binding<Self::Action>];
    /// The table while a text field has the focus.
    const FIELD_KEYS: &'static [Binding<Self::Action>] = Self::KEYS;
    /// It is a text as a whole: of the keys that are no text the person may choose here too.
    const IS_TEXT: bool = false;

    fn act(&mut self, action: Self::Action, scope: &Scope) -> Flow;

    fn offer(&self, _action: Self::Action) -> Offer {
        Offer::Ready
    }

    /// True for an action that ends in a change of a store: refused where nothing may be written.
    fn writes(&self, _action: Self::Action) -> bool {
        false
    }

    /// What the line of keys calls the action now, where the table's word is not it; empty: nothing there.
    fn hint(&self, _action: Self::Action) -> Option<&'static str> {
        None
    }

    /// What it draws that does not explain itself.
    fn marks(&self, _glyphs: &Glyphs) -> Vec<Mark> {
        Vec::new()
    }

    /// It has a list: the keys that every list has (`MOVES`) come to `go`.
    fn has_list(&self) -> bool {
        false
    }

    fn go(&mut self, _way: Move) -> Flow {
        Flow::Stay
    }

    /// The list that the mouse may point at, while it is drawn.
    fn list(&self) -> Option<&ListPlace> {
        None
    }

    /// A key for a text field that has the focus; None: no field has it, or it does not want this key.
    fn typing(&mut self, _key: Key, _scope: &Scope) -> Option<Flow> {
        None
    }

    /// True while a text field has the focus: letters are text, not keys.
    fn takes_text(&self) -> bool {
        false
    }

    /// True for a popup that has to be answered first: no key of the app works over it.
    fn is_question(&self) -> bool {
        false
    }

    /// True while closing it would lose what the person wrote: Ctrl-C is asked of it first.
    fn holds_work(&self) -> bool {
        false
    }

    /// Pasted text, for the field that has the focus.
    fn paste(&mut self, _text: &str, _scope: &Scope) -> Flow {
        Flow::Stay
    }

    /// It has come to the front.
    fn enter(&mut self, _scope: &Scope) -> Flow {
        Flow::Stay
    }

    /// It is no longer in front: secrets are dropped here.
    fn leave(&mut self) {}

    /// The answer to a job; the ticket says which.
    fn report(&mut self, _number: u64, _report: Result<Report, Problem>, _scope: &Scope) -> Flow {
        Flow::Stay
    }

    /// A part of the answer to a job, which goes on; the ticket says which.
    fn part(&mut self, _number: u64, _part: Report) {}

    /// How far a job is; the ticket says which.
    fn progress(&mut self, _number: u64, _pace: Pace) {}

    /// When it wants `lapse` called; None while nothing in it depends on time.
    fn deadline(&self, _now: Instant) -> Option<Instant> {
        None
    }

    fn lapse(&mut self, _now: Instant) {}

    /// The helper was called, while this tab is in front.
    fn called(&mut self) -> Flow {
        Flow::Stay
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope);

    /// The right end of the hint line: how many things are listed.
    fn tally(&self) -> String {
        String::new()
    }

    /// What it shows of the store may be of yesterday: it looks again when it comes to the front.
    fn outdate(&mut self) {}

    fn folder_moved(&mut self, _from: &EntryPath, _to: &EntryPath) {}

    /// Selects an entry, or a folder; None when it lists none.
    fn find_entry(&mut self, _entry: &EntryPath, _as_folder: bool) -> Option<Flow> {
        None
    }

    /// Selects a registry by its canonical name; None when it lists none.
    fn find_registry(&mut self, _name: &str, _scope: &Scope) -> Option<Flow> {
        None
    }
}
