//! The terminal as the UI uses it: raw mode and the alternate screen, entered and left as a whole, and given back
//! whatever ends the program. Frames go out as one write between synchronised-update marks, from a buffer that is wiped,
//! because a frame may show a secret.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode, is_raw_mode_enabled,
};
use crossterm::{Command, cursor, queue};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::model::{Problem, Secret};

/// The screen while the UI has it. Dropping it gives the terminal back.
pub struct Stage {
    terminal: Terminal<CrosstermBackend<Output>>,
    output: Output,
    entered: bool,
    /// The mouse is asked for.
    mouse: bool,
    /// The terminal's modes before it was ours.
    found: Option<Termios>,
    /// Its modes as `leave_unseen` left them.
    left: Option<Termios>,
}

/// Collects a frame; nothing leaves before `send`. Clones share the buffer.
#[derive(Clone, Default)]
struct Output(Rc<RefCell<Secret>>);

/// Room for a full repaint of a large terminal, so that the buffer does not grow while a frame is collected.
const FRAME_CAPACITY: usize = 1 << 17;

/// xterm's modes 1000 (buttons and wheel) and 1006 (places as decimal numbers).
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The terminal has been asked for the mouse.
static MOUSE: AtomicBool = AtomicBool::new(false);

/// The thread that draws: the one whose panic gives the terminal back.
static STAGE_THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Where the last panic of another thread happened.
static MISTAKE: Mutex<Option<String>> = Mutex::new(None);

impl Stage {
    /// Takes the terminal over. Until the stage is dropped a panic of this thread gives it back first.
    pub fn open() -> io::Result<Stage> {
        give_back_on_panic();
        let output = Output(Rc::new(RefCell::new(Secret::with_capacity(FRAME_CAPACITY))));
        let terminal = Terminal::new(CrosstermBackend::new(output.clone()))?;
        let found = tcgetattr(io::stdin()).ok();
        let mut stage = Stage { terminal, output, entered: false, mouse: false, found, left: None };
        stage.enter()?;
        Ok(stage)
    }

    /// Takes the terminal over again after `leave`; the next frame repaints everything.
    pub fn enter(&mut self) -> io::Result<()> {
        self.make_raw()?;
        self.show()?;
        self.listen()
    }

    fn make_raw(&mut self) -> io::Result<()> {
        if is_raw_mode_enabled()? {
            // May have been undone while we were stopped. Not off and on: what is typed in between the kernel would edit.
            let mut modes = tcgetattr(io::stdin())?;
            modes.make_raw();
            tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
        } else {
            enable_raw_mode()?;
        }
        Ok(())
    }

    /// Takes the keyboard over, after `show`.
    pub fn listen(&mut self) -> io::Result<()> {
        self.make_raw()?;
        queue!(self.output, EnableBracketedPaste)?;
        self.output.send()?;
        if self.mouse { self.listen_to_mouse(true) } else { Ok(()) }
    }

    /// Takes over what is seen, and leaves the keyboard to whom it is lent; the next frame repaints everything.
    pub fn show(&mut self) -> io::Result<()> {
        self.entered = true;
        queue!(self.output, EnterAlternateScreen, cursor::Hide)?;
        self.output.send()?;
        // Not `clear`: that asks the terminal where its cursor is and waits for the answer.
        let (width, height) = crossterm::terminal::size()?;
        self.terminal.resize(Rect::new(0, 0, width, height))
    }

    /// Asks for the mouse, or no longer. Not crossterm's command: that asks for every movement too.
    pub fn listen_to_mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        MOUSE.store(on, Ordering::Relaxed);
        write_all(if on { MOUSE_ON } else { MOUSE_OFF }.as_bytes())
    }

    /// Gives the terminal to somebody else.
    pub fn leave(&mut self) {
        if self.entered {
            self.entered = false;
            give_back();
        }
    }

    /// As `leave`, but what is typed is not shown: for a program that hides it by itself, before it begins and after it has
    /// ended, which puts the modes back to these.
    pub fn leave_unseen(&mut self) {
        let Some(mut modes) = self.found.clone().filter(|_| self.entered) else { return self.leave() };
        self.entered = false;
        let _ = write_all(farewell().as_bytes());
        modes.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // Errors are passed over: the terminal may be gone.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
        self.left = tcgetattr(io::stdin()).ok();
    }

    /// The modes are those that `leave_unseen` left: nobody who has others of their own is at it.
    pub fn is_as_left(&self) -> bool {
        let (Some(left), Ok(now)) = (&self.left, tcgetattr(io::stdin())) else { return false };
        let modes = |termios: &Termios| (termios.input_modes, termios.output_modes, termios.local_modes);
        modes(left) == modes(&now)
    }

    /// Takes the terminal from somebody who will not give it back, and leaves it as it was at the start.
    pub fn reclaim(&mut self) {
        self.entered = false;
        give_back();
        if let Some(found) = &self.found {
            // Errors are passed over: the terminal may be gone.
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, found);
        }
    }

    /// One frame, one write.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.output, BeginSynchronizedUpdate)?;
        self.terminal.draw(render)?;
        queue!(self.output, EndSynchronizedUpdate)?;
        self.output.send()
    }

    /// Bytes that are for the terminal itself.
    pub fn pass_on(&mut self, bytes: &Secret) -> io::Result<()> {
        self.output.0.borrow_mut().push(bytes.expose());
        self.output.send()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.leave();
        if let Ok(mut thread) = STAGE_THREAD.lock() {
            *thread = None;
        }
    }
}

impl Output {
    /// Writes what was collected and wipes it, also when writing fails.
    fn send(&self) -> io::Result<()> {
        let mut frame = self.0.borrow_mut();
        let sent = write_all(frame.expose());
        frame.truncate(0);
        sent
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().push(bytes);
        Ok(bytes.len())
    }

    /// Does nothing: a frame leaves as a whole.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Straight to the file descriptor: the standard library's buffer would keep a copy.
fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    let stdout = io::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(&stdout, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => {
                let mut wanted = [rustix::event::PollFd::new(&stdout, rustix::event::PollFlags::OUT)];
                rustix::event::poll(&mut wanted, None)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The terminal as we found it. Errors are passed over: it may be gone.
fn give_back() {
    let _ = write_all(farewell().as_bytes());
    let _ = disable_raw_mode();
}

/// What ends the use of its screen.
fn farewell() -> String {
    let mut farewell = String::new();
    if MOUSE.load(Ordering::Relaxed) {
        farewell.push_str(MOUSE_OFF);
    }
    let _ = EndSynchronizedUpdate.write_ansi(&mut farewell);
    let _ = DisableBracketedPaste.write_ansi(&mut farewell);
    let _ = LeaveAlternateScreen.write_ansi(&mut farewell);
    let _ = cursor::Show.write_ansi(&mut farewell);
    farewell
}

/// A panic's text may quote what it was working on, which may be a secret: only its place is told.
fn give_back_on_panic() {
    if let Ok(mut thread) = STAGE_THREAD.lock() {
        *thread = Some(thread::current().id());
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let stage = STAGE_THREAD.lock().ok().and_then(|thread| *thread);
        let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        match stage {
            None => before(info),
            Some(stage) if stage == thread::current().id() => {
                give_back();
                let words = format!("error: regpass made a mistake and had to stop ({place}); the store is unharmed\n");
                let _ = io::stderr().write_all(words.as_bytes());
            }
            Some(_) => {
                if let Ok(mut mistake) = MISTAKE.lock() {
                    *mistake = Some(place);
                }
            }
        }
    }));
}

/// The last panic of a worker, as a person is told of it.
pub(super) fn mistake() -> Problem {
    let place = MISTAKE.lock().ok().and_then(|mut mistake| mistake.take()).unwrap_or_default();
    Problem::failed(format!("regpass made a mistake ({place}) and gave this up"))
        .hint("the rest goes on working; please report the place that is named above")
}
