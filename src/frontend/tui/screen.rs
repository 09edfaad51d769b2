//! What a screen is, and how screens stack. A screen owns its actions and its one key table; it answers with data
//! (`Flow`), so it is tested without a terminal. `Layer` is the same thing with the action's type hidden.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::jobs::{Job, Report};
use super::keymap::{Keymap, LIST};
use super::keys::{self, Binding, HelpRow, Key, Offer};
use super::theme::{Glyphs, Theme};
use super::watch::Pace;
use super::widgets::list::{ListPlace, MOVES, Move};
use crate::model::{EntryPath, Problem, Secret};
use crate::system::options::Typed;

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
    /// How long a secret is shown.
    pub(super) reveal: Duration,
    /// Nothing is written to a store, whoever asks.
    pub(super) read_only: bool,
    pub(super) keymap: Keymap,
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
    /// All layers closed and this registry (its canonical name) selected.
    FindRegistry(String),
    /// All layers closed and the tab of this title in front.
    ShowTab(&'static str),
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
    type Action: Copy + Debug + 'static;

    /// The one table: dispatch, hints and help read it.
    fn keys(&self) -> &'static [Binding<Self::Action>];

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

    /// Selects an entry, or a folder; None when it lists none.
    fn find_entry(&mut self, _entry: &EntryPath, _as_folder: bool) -> Option<Flow> {
        None
    }

    /// Selects a registry by its canonical name; None when it lists none.
    fn find_registry(&mut self, _name: &str) -> Option<Flow> {
        None
    }

    /// The name its tickets carry.
    fn name(&self) -> &'static str;
}

/// A `Screen` whose action type is hidden, for stacks and lists of them.
pub(super) trait Layer {
    /// What the key does here; None when it does nothing.
    fn press(&mut self, key: Key, scope: &Scope) -> Option<Flow>;
    fn help(&self, scope: &Scope) -> Vec<HelpRow>;
    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark>;
    fn takes_text(&self) -> bool;
    fn is_question(&self) -> bool;
    fn holds_work(&self) -> bool;
    fn paste(&mut self, text: &str, scope: &Scope) -> Flow;
    /// As the key of lists that goes this way.
    fn roll(&mut self, way: Move) -> Flow;
    /// Selects the row there; answers whether it was selected before, None when none is there.
    fn point(&mut self, at: Position) -> Option<(bool, Flow)>;
    fn enter(&mut self, scope: &Scope) -> Flow;
    fn leave(&mut self);
    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow;
    fn progress(&mut self, number: u64, pace: Pace);
    fn deadline(&self, now: Instant) -> Option<Instant>;
    fn lapse(&mut self, now: Instant);
    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope);
    fn tally(&self) -> String;
    fn outdate(&mut self);
    fn find_entry(&mut self, entry: &EntryPath, as_folder: bool) -> Option<Flow>;
    fn find_registry(&mut self, name: &str) -> Option<Flow>;
    fn called(&mut self) -> Flow;
    fn name(&self) -> &'static str;
}

/// Why nothing may be written.
pub(super) const READ_ONLY: &str = "regpass was told to write nothing (read-only)";

/// The keys that count now: while a text is typed, the table's own, because a letter is text then.
fn keymap_of<'a>(screen: &impl Screen, scope: &'a Scope, own: &'a Keymap) -> &'a Keymap {
    if screen.takes_text() { own } else { &scope.keymap }
}

fn offered<S: Screen>(screen: &S, action: S::Action, scope: &Scope) -> Offer {
    if scope.read_only && screen.writes(action) { Offer::Refused(READ_ONLY) } else { screen.offer(action) }
}

impl<S: Screen> Layer for S {
    fn press(&mut self, key: Key, scope: &Scope) -> Option<Flow> {
        if let Some(flow) = self.typing(key, scope) {
            return Some(flow);
        }
        let own = Keymap::default();
        let keymap = keymap_of(self, scope, &own);
        let Some(action) = keymap.action_of(Screen::name(self), Screen::keys(self), key) else {
            let way = if self.has_list() { keymap.action_of(LIST, MOVES, key) } else { None };
            return way.map(|way| self.go(way));
        };
        match offered(self, action, scope) {
            Offer::Ready => Some(self.act(action, scope)),
            Offer::Refused(why) => Some(Flow::Say(Toast::warn(why))),
            Offer::Needless(why) => Some(Flow::Say(Toast::good(why))),
        }
    }

    fn help(&self, scope: &Scope) -> Vec<HelpRow> {
        let table = Screen::keys(self);
        let own = Keymap::default();
        let keymap = keymap_of(self, scope, &own);
        let mut rows = keys::help_rows(Screen::name(self), table, keymap, |action| offered(self, action, scope));
        for (row, binding) in rows.iter_mut().zip(table) {
            row.hint = self.hint(binding.action).unwrap_or(row.hint);
        }
        if self.has_list() {
            rows.extend(keys::help_rows(LIST, MOVES, keymap, |_| Offer::Ready));
        }
        rows
    }

    fn marks(&self, glyphs: &Glyphs) -> Vec<Mark> {
        Screen::marks(self, glyphs)
    }

    fn takes_text(&self) -> bool {
        Screen::takes_text(self)
    }

    fn is_question(&self) -> bool {
        Screen::is_question(self)
    }

    fn holds_work(&self) -> bool {
        Screen::holds_work(self)
    }

    fn paste(&mut self, text: &str, scope: &Scope) -> Flow {
        Screen::paste(self, text, scope)
    }

    fn roll(&mut self, way: Move) -> Flow {
        if self.has_list() { self.go(way) } else { Flow::Stay }
    }

    fn point(&mut self, at: Position) -> Option<(bool, Flow)> {
        let list = Screen::list(self)?;
        let (row, before) = (list.row_at(at)?, list.selected());
        Some((row == before, self.go(Move::To(row))))
    }

    fn enter(&mut self, scope: &Scope) -> Flow {
        Screen::enter(self, scope)
    }

    fn leave(&mut self) {
        Screen::leave(self);
    }

    fn report(&mut self, number: u64, report: Result<Report, Problem>, scope: &Scope) -> Flow {
        Screen::report(self, number, report, scope)
    }

    fn progress(&mut self, number: u64, pace: Pace) {
        Screen::progress(self, number, pace);
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        Screen::deadline(self, now)
    }

    fn lapse(&mut self, now: Instant) {
        Screen::lapse(self, now);
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, scope: &Scope) {
        Screen::draw(self, frame, area, scope);
    }

    fn tally(&self) -> String {
        Screen::tally(self)
    }

    fn outdate(&mut self) {
        Screen::outdate(self);
    }

    fn find_entry(&mut self, entry: &EntryPath, as_folder: bool) -> Option<Flow> {
        Screen::find_entry(self, entry, as_folder)
    }

    fn find_registry(&mut self, name: &str) -> Option<Flow> {
        Screen::find_registry(self, name)
    }

    fn called(&mut self) -> Flow {
        Screen::called(self)
    }

    fn name(&self) -> &'static str {
        Screen::name(self)
    }
}
