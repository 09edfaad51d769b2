//! A program on a pseudo-terminal of its own: what it shows, what is typed, whether typing would be echoed.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// Longer than anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

pub struct Terminal {
    controller: File,
    /// Kept open, so that the settings can be read after the program ended.
    device: File,
    child: Child,
    seen: Vec<u8>,
}

impl Terminal {
    /// Starts `command` with this terminal as its controlling one, and as stdin, stdout and stderr.
    pub fn start(command: &Command) -> Terminal {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&controller).expect("granted");
        unlockpt(&controller).expect("unlocked");
        let name = ptsname(&controller, Vec::new()).expect("its name");
        let device = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("its device");
        let device = File::from(device);
        let stream = || Stdio::from(device.try_clone().expect("a copy"));
        // setsid (util-linux) makes it the controlling terminal, which Rust could do only with unsafe code.
        let mut inside = Command::new("setsid");
        inside.arg("--ctty").arg(command.get_program()).args(command.get_args()).env_clear();
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        let child = inside.stdin(stream()).stdout(stream()).stderr(stream()).spawn().expect("started");
        Terminal { controller: File::from(controller), device, child, seen: Vec::new() }
    }

    /// Reads until the program has shown `text` (after what earlier calls waited for). Panics with what it showed.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        loop {
            if let Some(at) = self.seen.windows(text.len()).position(|part| part == text.as_bytes()) {
                self.seen.drain(..at + text.len());
                return;
            }
            let ended = self.child.try_wait().expect("its state").is_some();
            let read = self.read_some(if ended { Duration::ZERO } else { Duration::from_millis(200) });
            let shown = String::from_utf8_lossy(&self.seen);
            assert!(read || !ended, "it ended without showing {text:?}, but: {shown}");
            assert!(start.elapsed() < DEADLINE, "it does not show {text:?}, but: {shown}");
        }
    }

    pub fn send(&mut self, keys: &[u8]) {
        self.controller.write_all(keys).expect("typed");
    }

    /// True when typing would be shown and lines edited, as a shell leaves it.
    pub fn is_as_usual(&self) -> bool {
        let modes = tcgetattr(&self.device).expect("its settings").local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the program's end: its exit code, and what it showed since the last `wait_for`.
    #[track_caller]
    pub fn end(mut self) -> (i32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                break status;
            }
            self.read_some(Duration::from_millis(50));
            assert!(start.elapsed() < DEADLINE, "it does not end: {}", String::from_utf8_lossy(&self.seen));
        };
        while self.read_some(Duration::ZERO) {}
        assert!(self.is_as_usual(), "the terminal was not put back");
        (status.code().unwrap_or(-1), String::from_utf8_lossy(&self.seen).into_owned())
    }

    /// Reads what is there within `wait`; false when nothing was.
    fn read_some(&mut self, wait: Duration) -> bool {
        let wait = wait.try_into().expect("a short time");
        let fd = self.controller.as_fd().try_clone_to_owned().expect("a copy");
        let mut fds = [PollFd::new(&fd, PollFlags::IN)];
        if !poll(&mut fds, Some(&wait)).is_ok_and(|ready| ready > 0) {
            return false;
        }
        let mut bytes = [0; 4096];
        let count = self.controller.read(&mut bytes).unwrap_or(0);
        self.seen.extend_from_slice(&bytes[..count]);
        count > 0
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
