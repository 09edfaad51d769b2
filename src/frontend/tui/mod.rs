//! The terminal UI: one loop that draws and hands out work, threads that do it. Entered by `frontend::cli` when no
//! subcommand was given. `app.rs` is the state, `jobs.rs` the work, `terminal.rs` the terminal, `screens/` what is seen.

mod app;
mod breadcrumb;
mod calls_watch;
mod catalogue;
#[cfg(test)]
mod desk;
mod edges;
mod event;
mod globals;
mod guest;
mod input;
mod jobs;
mod keymap;
mod keys;
mod layer;
mod lending;
mod matching;
mod screen;
mod screens;
mod taking_back;
pub mod terminal;
mod theme;
mod visits;
mod watch;
mod widgets;
mod worker;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use ratatui::layout::Rect;
use signal_hook::consts::signal::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTSTP};
use signal_hook::low_level::signal_name;

use app::{App, Order};
use breadcrumb::Breadcrumb;
use event::Event;
use guest::{Guest, Visit};
use input::Input;
use keymap::Keymap;
use screen::Scope;
use terminal::Stage;
use theme::Theme;
use worker::Workers;

use crate::frontend::streams;
use crate::model::{Problem, Secret};
use crate::system::clipboard;
use crate::system::config_file;
use crate::system::env::Env;
use crate::system::options::{Options, Typed};
use crate::system::process;

/// How the terminal UI looks, as typed; the environment may add to it (`NO_COLOR`, `REGPASS_ASCII`, a locale that is
/// not UTF-8).
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// `--ascii`: no glyph outside ASCII.
    pub ascii: bool,
}

/// Runs the terminal UI on the terminal of stdin and stdout until the person leaves it. Refuses when either is not a
/// terminal.
pub fn run(env: Env, typed: Typed, settings: Settings) -> Result<(), Problem> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Problem::usage("the terminal UI needs a terminal on stdin and stdout")
            .hint("name a subcommand instead: regpass --help"));
    }
    process::harden();
    let options = Options::resolve(&typed, &env)?;
    let ui = config_file::Ui::of(options.ui.as_ref(), options.config_file.as_deref())?;
    let theme = Theme::choose(&env, settings.ascii, &ui)?;
    let (sender, events) = channel();
    // Before the terminal is changed: a signal in between must not leave it so.
    let signals = input::watch_signals(sender.clone()).map_err(|error| no_terminal(&error))?;
    let scope = Scope {
        now: Env::clock(),
        wall: env.now(),
        theme,
        size: Rect::default(),
        uid: env.uid(),
        home: env.home().map(Path::to_owned),
        typed,
        store_set: options
            .store_dir
            .as_ref()
            .is_some_and(|dir| env.home().is_none_or(|home| home.join(".password-store") != *dir)),
        reveal: Duration::from_secs(ui.reveal_seconds()),
        read_only: options.read_only.is_some(),
        keymap: keymap(&ui)?,
        audit: None,
    };
    let mouse = ui.mouse == Some(true);
    let mut ui = Ui::open(&env, &options, scope, sender).map_err(|error| no_terminal(&error))?;
    if mouse {
        ui.app.begin_with_mouse();
    }
    let end = ui.begin(&env, &options).and_then(|()| ui.run(&events));
    ui.close();
    signals.close();
    match end? {
        End::Quit => Ok(()),
        End::Lost => Err(Problem::failed("the terminal is gone")),
        End::Signal(signal) => {
            let name = signal_name(signal).unwrap_or("a signal");
            Err(Problem::cancelled(format!("ended by {name}")))
        }
    }
}

/// Whether the names that the config file's `[ui]` table uses are known here.
pub fn check_settings(ui: &config_file::Ui) -> Result<(), Problem> {
    Theme::choose(&Env::made_of([("LANG", "C.UTF-8")]), false, ui)?;
    keymap(ui).map(drop)
}

fn keymap(ui: &config_file::Ui) -> Result<Keymap, Problem> {
    match &ui.keys {
        Some(chosen) => Keymap::choose(chosen, &screens::tables()),
        None => Ok(Keymap::default()),
    }
}

/// regpass as the holder of a copy that outlives the one who copied (`system/clipboard.rs`).
pub fn hold_clipboard(args: &[OsString]) -> ExitCode {
    clipboard::hold(args, streams::stdin(), streams::stdout())
}

fn no_terminal(error: &io::Error) -> Problem {
    Problem::failed("cannot use this terminal").because(error)
}

/// Why the loop ended.
enum End {
    Quit,
    Lost,
    Signal(i32),
}

/// The app with the terminal, the keyboard and the workers around it.
struct Ui {
    app: App,
    stage: Stage,
    sender: Sender<Event>,
    /// Both start after the first frame.
    hands: Option<(Input, Workers)>,
    env: Env,
    /// Another program has the terminal.
    lent: bool,
    /// It is a pinentry that is done asking, while its agent still works: we draw already and read no keys yet.
    shown: bool,
    /// Who opens the terminal is told from the first pinentry on.
    seen_to: bool,
    /// The one that does, when we can end it.
    guest: Option<Guest>,
    /// The last editor: its text may be in a file for some time after it has ended.
    visit: Option<Arc<Visit>>,
    /// When it gave the screen back.
    editor_left: Option<Instant>,
}

impl Ui {
    fn open(env: &Env, options: &Options, scope: Scope, sender: Sender<Event>) -> io::Result<Ui> {
        let app = App::new(scope, Breadcrumb::new(env, options));
        let stage = Stage::open()?;
        Ok(Ui {
            app,
            stage,
            sender,
            hands: None,
            env: env.clone(),
            lent: false,
            shown: false,
            seen_to: false,
            guest: None,
            visit: None,
            editor_left: None,
        })
    }

    /// The first frame, before anything is read; then the threads.
    fn begin(&mut self, env: &Env, options: &Options) -> Result<(), Problem> {
        self.draw().map_err(|error| no_terminal(&error))?;
        let workers = Workers::start(env, options, &self.sender)?;
        let input = Input::start(self.sender.clone()).map_err(|error| no_terminal(&error))?;
        self.hands = Some((input, workers));
        calls_watch::start(&options.state_dir, self.sender.clone()).map_err(|error| no_terminal(&error))?;
        self.app.begin();
        Ok(())
    }

    fn run(&mut self, events: &Receiver<Event>) -> Result<End, Problem> {
        loop {
            if let Some(end) = self.carry_out() {
                return Ok(end);
            }
            if self.app.wants_to_quit() {
                return Ok(End::Quit);
            }
            let Some(first) = self.next_event(events) else {
                self.tell_time();
                self.app.lapse();
                if self.draw().is_err() {
                    return Ok(End::Lost);
                }
                continue;
            };
            // Everything that has happened by now is one frame: a held key cannot outrun the drawing.
            let mut next = Some(first);
            while let Some(event) = next {
                self.tell_time();
                if let Some(end) = self.handle(event) {
                    return Ok(end);
                }
                if self.app.wants_to_quit() {
                    return Ok(End::Quit);
                }
                next = events.try_recv().ok();
            }
            self.app.lapse();
            if self.draw().is_err() {
                return Ok(End::Lost);
            }
        }
    }

    /// Waits without a timer unless something on the screen ends by itself. None: its time has come.
    fn next_event(&self, events: &Receiver<Event>) -> Option<Event> {
        let Some(deadline) = self.app.deadline() else {
            // The sender is ours too, so this cannot fail.
            return events.recv().ok();
        };
        events.recv_timeout(deadline.saturating_duration_since(Env::clock())).ok()
    }

    fn tell_time(&mut self) {
        self.app.scope.now = Env::clock();
        self.app.scope.wall = self.env.now();
    }

    fn handle(&mut self, event: Event) -> Option<End> {
        match event {
            Event::Lost => return Some(End::Lost),
            Event::Signal(SIGTSTP) => self.suspend(),
            Event::Signal(SIGCONT) => self.repaint(),
            // Ctrl-C and Ctrl-\ are for the one who has the terminal. They do not reach a pinentry: it is not our child.
            Event::Signal(SIGINT | SIGQUIT) if self.is_editors() => {}
            Event::Signal(SIGINT) if self.lent => self.end_pinentry(),
            Event::Signal(SIGHUP) => return Some(End::Lost),
            Event::Signal(signal) => return Some(End::Signal(signal)),
            Event::ScreenWanted { free, guest } => {
                if let Some(Guest::Editor(visit)) = &guest {
                    self.visit = Some(Arc::clone(visit));
                    self.lend();
                } else {
                    self.lend_to_pinentry();
                }
                self.guest = guest;
                let _ = free.send(());
            }
            Event::Visit(visit) => self.visited(visit),
            Event::ScreenFree => {
                self.take_back();
                self.app.handle(Event::ScreenFree);
            }
            other => {
                if let (Event::Report(ticket, _), Some((_, workers))) = (&other, &mut self.hands) {
                    workers.forget(*ticket);
                }
                self.app.handle(other);
            }
        }
        None
    }

    fn carry_out(&mut self) -> Option<End> {
        for order in self.app.take_orders() {
            match order {
                Order::Start(ticket, job) => {
                    if let Some((_, workers)) = &mut self.hands {
                        workers.start_job(ticket, job);
                    }
                }
                Order::CallOff(ticket) => {
                    if let Some((_, workers)) = &self.hands {
                        workers.call_off(ticket);
                    }
                }
                Order::Send(bytes) => {
                    if self.stage.pass_on(&bytes).is_err() {
                        return Some(End::Lost);
                    }
                }
                Order::Mouse(on) => {
                    if self.stage.listen_to_mouse(on).is_err() {
                        return Some(End::Lost);
                    }
                }
                Order::Suspend => self.suspend(),
                Order::Repaint => self.repaint(),
            }
        }
        None
    }

    fn draw(&mut self) -> io::Result<()> {
        if self.lent && !self.shown {
            return Ok(());
        }
        let app = &mut self.app;
        self.stage.draw(|frame| app.draw(frame))
    }

    /// The terminal as it was, without a program that may be on it, and its clipboard without our secret.
    fn close(mut self) {
        if let Some(visit) = &self.visit {
            visit.end();
        }
        if self.lent {
            // The agent would let it go on reading a terminal that is the shell's again.
            self.end_pinentry();
            self.stage.reclaim();
        }
        if let Some(bytes) = self.app.last_words() {
            let _ = self.stage.pass_on(&Secret::new(bytes));
        }
        // What is typed from now on is for the shell.
        if let Some((input, _)) = &mut self.hands {
            input.pause();
        }
        self.stage.leave();
    }
}
