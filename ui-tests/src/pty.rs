//! A program in a pseudo-terminal: keys in, frames out. Whatever is waited for is waited for by condition with a
//! deadline, never by time. Panics with the whole screen when something does not come, as a test should.
//! Knows nothing of regpass; `emulator` reads the bytes, `frame` holds what is seen.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{PipeWriter, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::emulator::Notes;
use crate::frame::Frame;
use crate::line::{self, Line};

/// How long anything is waited for. Far more than ever needed: it passes only when a test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A program to start, with nothing of our own environment.
#[derive(Clone, Debug)]
pub struct Launch {
    argv: Vec<OsString>,
    vars: Vec<(OsString, OsString)>,
    cwd: PathBuf,
    rows: u16,
    cols: u16,
}

/// How a program ended: its exit code, or the signal's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    Code(u32),
    Signal(String),
}

/// A started program and its terminal. Dropped: the program is killed.
pub struct Terminal {
    /// The terminal's end of the line; None once it was lost.
    master: Option<OwnedFd>,
    line: Arc<Line>,
    /// Wakes the reader when dropped, so that it lets go of its copy of `master`.
    reader_end: Option<PipeWriter>,
    reader: Option<JoinHandle<()>>,
    waiter: Option<JoinHandle<()>>,
    pid: Pid,
    started: Instant,
    /// The terminal's modes before the program saw them.
    modes: Termios,
    /// Frames that had ended when the last input was sent.
    answered_from: usize,
}

impl Launch {
    /// On 80×24, a terminal like xterm, in the root folder, with these variables and those added.
    pub fn new(program: impl AsRef<OsStr>) -> Launch {
        let vars = [
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("TZ", "UTC"),
            ("PATH", "/usr/bin:/bin"),
            // portable-pty would set the user's own.
            ("SHELL", "/bin/sh"),
        ];
        Launch {
            argv: vec![program.as_ref().to_owned()],
            vars: vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            cwd: PathBuf::from("/"),
            rows: 24,
            cols: 80,
        }
    }

    pub fn args(mut self, args: &[&str]) -> Launch {
        self.argv.extend(args.iter().map(OsString::from));
        self
    }

    pub fn var(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Launch {
        let name = name.into();
        self.vars.retain(|(known, _)| *known != name);
        self.vars.push((name, value.into()));
        self
    }

    pub fn cwd(mut self, dir: &Path) -> Launch {
        self.cwd = dir.to_owned();
        self
    }

    pub fn size(mut self, cols: u16, rows: u16) -> Launch {
        (self.cols, self.rows) = (cols, rows);
        self
    }

    #[track_caller]
    pub fn start(&self) -> Terminal {
        let size = PtySize { rows: self.rows, cols: self.cols, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let raw = pair.master.as_raw_fd().expect("its descriptor");
        // Safety: `pair.master` owns the descriptor and outlives the borrow. It is copied because portable-pty's own
        // writer types a line feed and an end-of-file when dropped, and its reader cannot be woken.
        #[allow(unsafe_code)]
        let master = unsafe { BorrowedFd::borrow_raw(raw) }.try_clone_to_owned().expect("a copy");
        let modes = tcgetattr(&master).expect("the terminal's modes");
        let mut command = CommandBuilder::from_argv(self.argv.clone());
        command.env_clear();
        self.vars.iter().for_each(|(name, value)| command.env(name, value));
        command.cwd(&self.cwd);
        let line = Arc::new(Line::new(self.rows, self.cols));
        let started = Instant::now();
        let mut child = pair.slave.spawn_command(command).unwrap_or_else(|error| panic!("{:?}: {error}", self.argv));
        let pid = child.process_id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a process id");
        drop(pair);
        let (reader, reader_end) = line::start_reader(&master, Arc::clone(&line));
        let watched = Arc::clone(&line);
        let waiter = std::thread::spawn(move || {
            let status = child.wait().expect("the program's end");
            let signal = status.signal().map(|name| Ended::Signal(name.to_owned()));
            watched.change(|state| state.ended = Some(signal.unwrap_or(Ended::Code(status.exit_code()))));
        });
        Terminal {
            master: Some(master),
            line,
            reader_end: Some(reader_end),
            reader: Some(reader),
            waiter: Some(waiter),
            pid,
            started,
            modes,
            answered_from: 0,
        }
    }
}

impl Terminal {
    /// The frame on the screen as soon as it is as asked. `what` completes "waited for …".
    #[track_caller]
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Arc<Frame> {
        self.wait_from(0, what, wanted)
    }

    /// As `wait_for`, among frames that ended after the last input was sent.
    #[track_caller]
    pub fn wait_answer(&self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Arc<Frame> {
        self.wait_from(self.answered_from + 1, what, wanted)
    }

    /// Waits for a frame that holds this text.
    #[track_caller]
    pub fn wait_text(&self, text: &str) -> Arc<Frame> {
        self.wait_for(&format!("{text:?} on the screen"), |frame| frame.contains(text))
    }

    /// Sends these keys and waits for a frame after them.
    #[track_caller]
    pub fn press(&mut self, keys: &str, what: &str, wanted: impl Fn(&Frame) -> bool) -> Arc<Frame> {
        self.send(keys);
        self.wait_answer(what, wanted)
    }

    #[track_caller]
    fn wait_from(&self, first: usize, what: &str, wanted: impl Fn(&Frame) -> bool) -> Arc<Frame> {
        let found = self.line.wait(PATIENCE, |state| {
            let frame = state.emulator.current.as_ref().filter(|frame| frame.number >= first && wanted(frame));
            frame.cloned().map(Some).or_else(|| (state.ended.is_some() && state.drained).then_some(None))
        });
        found.flatten().unwrap_or_else(|| self.give_up(what))
    }

    /// The screen as it is, without waiting for a frame to end: for programs that mark none. Waits until it is as asked.
    #[track_caller]
    pub fn wait_live(&self, what: &str, wanted: impl Fn(&Frame) -> bool) -> Frame {
        let found = self.line.wait(PATIENCE, |state| {
            let frame = Frame::of(state.emulator.screen(), 0, Instant::now());
            if wanted(&frame) {
                return Some(Some(frame));
            }
            (state.ended.is_some() && state.drained).then_some(None)
        });
        found.flatten().unwrap_or_else(|| self.give_up(what))
    }

    /// The screen as it is.
    pub fn live(&self) -> Frame {
        Frame::of(self.line.lock().emulator.screen(), 0, Instant::now())
    }

    /// The last frame that ended on this screen.
    pub fn frame(&self) -> Option<Arc<Frame>> {
        self.line.lock().emulator.current.clone()
    }

    /// Frames that ended since frame `number`, oldest first; 0 for all.
    pub fn frames_after(&self, number: usize) -> Vec<Arc<Frame>> {
        self.line.lock().emulator.history.iter().filter(|frame| frame.number > number).cloned().collect()
    }

    /// True when no frame ends and nothing is written for this long.
    pub fn stays_quiet(&self, time: Duration) -> bool {
        let before = self.line.lock().output.len();
        self.line.wait(time, |state| (state.output.len() != before).then_some(())).is_none()
    }

    /// What it asked of the terminal besides drawing.
    pub fn notes(&self) -> Notes {
        self.line.lock().emulator.notes().clone()
    }

    #[track_caller]
    pub fn wait_notes(&self, what: &str, wanted: impl Fn(&Notes) -> bool) -> Notes {
        let found = self.line.wait(PATIENCE, |state| Some(state.emulator.notes()).filter(|n| wanted(n)).cloned());
        found.unwrap_or_else(|| self.give_up(what))
    }

    /// Everything written to the terminal so far.
    pub fn output(&self) -> Vec<u8> {
        self.line.lock().output.clone()
    }

    pub fn started(&self) -> Instant {
        self.started
    }

    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The most memory that the program has had at once (proc(5), `VmHWM`), in bytes. None once it has ended.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid.as_raw_nonzero())).ok()?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?;
        Some(kib.parse::<u64>().ok()? * 1024)
    }

    /// Times the program's threads have gone to sleep and been woken: unchanged while it is idle.
    pub fn wake_ups(&self) -> u64 {
        let tasks = format!("/proc/{}/task", self.pid.as_raw_nonzero());
        let tasks = std::fs::read_dir(tasks).map(|tasks| tasks.flatten().collect()).unwrap_or_else(|_| Vec::new());
        let status = tasks.iter().filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok());
        let count = |status: String| {
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:").map(str::to_owned));
            line.and_then(|count| count.trim().parse::<u64>().ok())
        };
        status.filter_map(count).sum()
    }

    /// Types these bytes.
    #[track_caller]
    pub fn send(&mut self, keys: impl AsRef<[u8]>) -> Instant {
        self.answered_from = self.line.lock().emulator.count();
        let master = self.master.as_ref().expect("a terminal that is not lost");
        let sent = Instant::now();
        let mut terminal = File::from(master.try_clone().expect("a copy of the terminal"));
        terminal.write_all(keys.as_ref()).expect("typing");
        sent
    }

    /// Pastes, marked as pasted when the program asked for that.
    #[track_caller]
    pub fn paste(&mut self, text: &str) {
        let marked = self.line.lock().emulator.screen().bracketed_paste();
        self.send(if marked { format!("\x1b[200~{text}\x1b[201~") } else { text.to_owned() });
    }

    /// Presses and lets go of the left button on a cell. The program must have asked for the mouse.
    #[track_caller]
    pub fn click(&mut self, row: u16, col: u16) {
        self.mouse(row, col, &[(0, 'M'), (0, 'm')]);
    }

    /// Turns the wheel by one step over a cell.
    #[track_caller]
    pub fn wheel(&mut self, row: u16, col: u16, down: bool) {
        self.mouse(row, col, &[(if down { 65 } else { 64 }, 'M')]);
    }

    #[track_caller]
    fn mouse(&mut self, row: u16, col: u16, events: &[(u8, char)]) {
        let mode = self.line.lock().emulator.screen().mouse_protocol_mode();
        assert!(mode != vt100::MouseProtocolMode::None, "the program did not ask for the mouse");
        let event = |(button, end): &(u8, char)| format!("\x1b[<{button};{};{}{end}", col + 1, row + 1);
        self.send(events.iter().map(event).collect::<String>());
    }

    #[track_caller]
    pub fn resize(&mut self, cols: u16, rows: u16) {
        let mut state = self.line.lock();
        self.answered_from = state.emulator.count();
        state.emulator.resize(rows, cols);
        drop(state);
        let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(self.master.as_ref().expect("a terminal that is not lost"), size).expect("a new size");
    }

    #[track_caller]
    pub fn signal(&mut self, signal: Signal) {
        self.answered_from = self.line.lock().emulator.count();
        kill_process(self.pid, signal).expect("a running program");
    }

    /// Closes the terminal under the program, as a dropped connection does.
    pub fn lose(&mut self) {
        self.reader_end = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.master = None;
    }

    /// Waits for the program's end and for all it wrote.
    #[track_caller]
    pub fn wait_end(&self) -> Ended {
        self.wait_end_within(PATIENCE)
    }

    #[track_caller]
    pub fn wait_end_within(&self, time: Duration) -> Ended {
        let ended = self.line.wait(time, |state| state.ended.clone());
        let ended = ended.unwrap_or_else(|| self.give_up(&format!("the program's end within {time:?}")));
        // A child left behind may keep the terminal open; what the program itself wrote is read long before this.
        let _ = self.line.wait(Duration::from_millis(500), |state| state.drained.then_some(()));
        ended
    }

    /// What an ended program left changed about the terminal; empty when all is as it was.
    pub fn left_behind(&self) -> Vec<&'static str> {
        let state = self.line.lock();
        let screen = state.emulator.screen();
        let modes = self.master.as_ref().and_then(|master| tcgetattr(master).ok());
        let same = |now: &Termios| {
            now.input_modes == self.modes.input_modes
                && now.output_modes == self.modes.output_modes
                && now.control_modes == self.modes.control_modes
                && now.local_modes == self.modes.local_modes
        };
        let left = [
            (screen.alternate_screen(), "the alternate screen"),
            (screen.hide_cursor(), "a hidden cursor"),
            (screen.bracketed_paste(), "bracketed paste"),
            (screen.application_cursor(), "application cursor keys"),
            (screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None, "mouse reports"),
            (!modes.is_some_and(|now| same(&now)), "the terminal's modes"),
        ];
        left.into_iter().filter_map(|(left, what)| left.then_some(what)).collect()
    }

    #[track_caller]
    fn give_up(&self, what: &str) -> ! {
        let state = self.line.lock();
        let live = Frame::of(state.emulator.screen(), 0, Instant::now());
        let frames = state.emulator.count();
        let last = state.emulator.current.as_ref().map_or_else(|| "none on this screen\n".to_owned(), |f| f.text());
        let (ended, unknown) = (state.ended.clone(), state.emulator.notes().unknown.clone());
        drop(state);
        panic!(
            "waited for {what}\nended: {ended:?}, frames: {frames}, not understood: {unknown:?}\n\
             last frame:\n{last}the screen now:\n{}",
            live.text()
        );
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.line.lock().ended.is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
        }
        self.lose();
    }
}
