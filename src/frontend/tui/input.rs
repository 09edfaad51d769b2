//! The threads that turn the terminal and signals into events. The reader waits in the kernel, without a timer, on the
//! terminal and on its own bell, so that it can be paused while another program (a pinentry) reads the terminal.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use crossterm::event as keyboard;
use crossterm::event::{MouseButton, MouseEventKind};
use ratatui::layout::Position;
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::signal::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use zeroize::Zeroizing;

use super::event::{Event, Mouse};

/// How long the reader may take to let go of the terminal. It does so at once, unless half an escape sequence has
/// arrived and the other half has not.
const PAUSE_LIMIT: Duration = Duration::from_secs(1);

/// How long to wait for more of a burst of keys; crossterm hands out nothing when asked not to wait at all.
const BURST: Duration = Duration::from_millis(1);

/// How often in a row to find nothing before the reader sleeps. Once is not enough: when the wait has passed before crossterm
/// looks (this thread was put off the processor just then), it answers "nothing" though it holds keys that it has read, and
/// they would stay there until the next key (crossterm 0.29, `event/source/unix/tty.rs`, `try_read`).
const LOOKS: u32 = 4;

/// Handle to the thread that reads the terminal.
pub(super) struct Input {
    bell: UnixStream,
    commands: Sender<Command>,
}

enum Command {
    /// Stop reading, say so, and wait for `Resume`.
    Pause(SyncSender<()>),
    Resume,
}

impl Input {
    pub(super) fn start(events: Sender<Event>) -> io::Result<Input> {
        let (bell, rung) = UnixStream::pair()?;
        let (commands, orders) = channel();
        let reader = events.clone();
        thread::Builder::new().name("input".to_owned()).spawn(move || {
            if read_terminal(&reader, &rung, &orders).is_err() {
                let _ = reader.send(Event::Lost);
            }
        })?;
        // A second pair of eyes: the reader may be paused, or inside a read, when the other end goes away.
        thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
            wait_for_hang_up();
            let _ = events.send(Event::Lost);
        })?;
        Ok(Input { bell, commands })
    }

    /// Returns when nobody reads the terminal any more.
    pub(super) fn pause(&mut self) {
        let (done, wait) = sync_channel(1);
        self.command(Command::Pause(done));
        let _ = wait.recv_timeout(PAUSE_LIMIT);
    }

    pub(super) fn resume(&mut self) {
        self.command(Command::Resume);
    }

    fn command(&mut self, command: Command) {
        // Both ends fail only when the thread is gone, and then there is nothing to pause.
        let _ = self.commands.send(command);
        let _ = self.bell.write_all(b"!");
    }
}

/// Reads until the terminal is lost (an error) or the program ends.
fn read_terminal(events: &Sender<Event>, mut rung: &UnixStream, orders: &Receiver<Command>) -> io::Result<()> {
    let stdin = io::stdin();
    loop {
        let mut wanted = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(rung, PollFlags::IN)];
        match poll(&mut wanted, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        let (terminal, bell) = (wanted[0].revents(), wanted[1].revents());
        if bell.intersects(PollFlags::IN | PollFlags::HUP) {
            if rung.read(&mut [0; 1])? == 0 {
                return Ok(());
            }
            // Not `recv`: `Resume` rings too, and is taken below, so that its ring comes without a command.
            if let Ok(Command::Pause(done)) = orders.try_recv() {
                let _ = done.send(());
                while matches!(orders.recv(), Ok(Command::Pause(_))) {}
            }
            continue;
        }
        if terminal.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if !read_burst(events)? {
            return Ok(());
        }
    }
}

/// Hands on all that crossterm can read now. False: nobody listens any more.
fn read_burst(events: &Sender<Event>) -> io::Result<bool> {
    let mut looks = 0;
    while looks < LOOKS {
        if !keyboard::poll(BURST)? {
            looks += 1;
            continue;
        }
        looks = 0;
        let event = match keyboard::read()? {
            keyboard::Event::Key(key) if key.kind != keyboard::KeyEventKind::Release => Event::Key(key),
            keyboard::Event::Paste(text) => Event::Paste(Zeroizing::new(text)),
            keyboard::Event::Resize(..) => Event::Resized,
            keyboard::Event::Mouse(mouse) => match pointed(mouse) {
                Some(mouse) => Event::Mouse(mouse),
                None => continue,
            },
            _ => continue,
        };
        if events.send(event).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// None for what means nothing here: other buttons, a release, a drag.
fn pointed(event: keyboard::MouseEvent) -> Option<Mouse> {
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Mouse::Click(Position::new(event.column, event.row))),
        MouseEventKind::ScrollUp => Some(Mouse::Wheel { down: false }),
        MouseEventKind::ScrollDown => Some(Mouse::Wheel { down: true }),
        _ => None,
    }
}

/// Returns when the other end of the terminal is closed; asks for no data, so it never wakes up before.
fn wait_for_hang_up() {
    let stdin = io::stdin();
    loop {
        let mut wanted = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut wanted, None) {
            Err(rustix::io::Errno::INTR) => continue,
            _ => return,
        }
    }
}

/// Sends every signal that would otherwise end, stop or resize the program behind the screen's back.
pub(super) fn watch_signals(events: Sender<Event>) -> io::Result<signal_hook::iterator::Handle> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])?;
    let handle = signals.handle();
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            let event = if signal == SIGWINCH { Event::Resized } else { Event::Signal(signal) };
            if events.send(event).is_err() {
                return;
            }
        }
    })?;
    Ok(handle)
}
