//! A server that a test starts and that ends with it, also when the test panics or is killed: its child process, its
//! log for failures, and waiting until it is ready.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Sandbox;

/// How long a server may take to answer on a busy machine.
const READY: Duration = Duration::from_secs(60);
/// How long it may take to end by itself before it is killed.
const END: Duration = Duration::from_secs(20);

pub struct Service {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts a program of this machine; what it says goes to `log`. `setpriv` (util-linux) makes the kernel end it
    /// should the test itself be killed.
    pub fn start(sandbox: &Sandbox, name: &'static str, args: &[&str], log: PathBuf) -> Service {
        let out = File::create(&log).expect("a log");
        let mut command = sandbox.command("setpriv");
        command.args(["--pdeathsig", "TERM", "--", name]).args(args);
        command.stdin(Stdio::null()).stdout(out.try_clone().expect("the log twice")).stderr(out);
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Service { name, child, log }
    }

    /// Waits until `ready` says so. False when the server ended before that.
    pub fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> bool {
        let deadline = Instant::now() + READY;
        loop {
            if self.child.try_wait().expect("its state").is_some() {
                return false;
            }
            if ready() {
                return true;
            }
            assert!(Instant::now() < deadline, "{} is not ready:\n{}", self.name, self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn log(&self) -> String {
        read(&self.log)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {} said:\n{}", self.name, self.log());
        }
        // Asked first: dockerd ends its containerd only when it may end itself in peace.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let deadline = Instant::now() + END;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The end of a log; the beginning of a long one says little.
fn read(log: &Path) -> String {
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// A command of this machine whose output nobody wants.
pub fn succeeds(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
