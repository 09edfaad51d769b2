//! A pinentry that gpg-agent has started, so that it can be ended: gpg-agent (2.2.40) lets one run on when whoever asked
//! is gone, and it would go on reading a terminal that belongs to the shell again. Only for pinentries of this machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How long a pinentry may take to put the terminal back before it is killed.
#[cfg(target_os = "linux")]
const GRACE: std::time::Duration = std::time::Duration::from_millis(300);

/// Pinentries known to draw in a window. Any other may draw on the terminal, and making way for one that does not is
/// harmless.
const GRAPHICAL: [&str; 12] =
    ["gtk", "gtk2", "gtk-2", "gnome3", "qt", "qt4", "qt5", "qt6", "fltk", "efl", "tqt", "emacs"];

/// True for the flavour of a pinentry that draws in a window; it may fall back to the terminal.
pub fn is_graphical(flavor: &str) -> bool {
    GRAPHICAL.contains(&flavor)
}

/// One running pinentry. Clones mean the same one.
#[derive(Clone, Debug)]
pub struct Pinentry {
    /// Stays this process, whoever gets its number later.
    #[cfg(target_os = "linux")]
    process: Arc<std::os::fd::OwnedFd>,
    ended: Arc<AtomicBool>,
}

impl PartialEq for Pinentry {
    fn eq(&self, other: &Pinentry) -> bool {
        Arc::ptr_eq(&self.ended, &other.ended)
    }
}

impl Eq for Pinentry {}

impl Pinentry {
    /// The process that gpg-agent names, while the agent waits for our answer and so keeps it running. None when no such
    /// pinentry runs here: a forwarded agent's is on another machine, where the number means somebody else.
    #[cfg(target_os = "linux")]
    pub(super) fn running(pid: &str) -> Option<Pinentry> {
        // Unsigned first: 0 and below mean groups of processes.
        let pid = i32::try_from(pid.parse::<u32>().ok()?).ok()?;
        let process =
            rustix::process::pidfd_open(rustix::process::Pid::from_raw(pid)?, rustix::process::PidfdFlags::empty());
        let process = Arc::new(process.ok()?);
        let name = crate::system::files::read_bounded(format!("/proc/{pid}/comm").as_ref(), 64).ok()?;
        name.starts_with(b"pinentry").then(|| Pinentry { process, ended: Arc::default() })
    }

    /// Only Linux has a handle on a process that cannot come to mean another one.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn running(_pid: &str) -> Option<Pinentry> {
        None
    }

    /// Ends it, in well under a second: asked to first, so that it puts the terminal back.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        #[cfg(target_os = "linux")]
        for signal in [rustix::process::Signal::TERM, rustix::process::Signal::KILL] {
            // An error means that it has ended.
            let _ = rustix::process::pidfd_send_signal(&self.process, signal);
            if self.has_ended_within(GRACE) {
                return;
            }
        }
    }

    /// `end` was called: it did not end by itself.
    pub(super) fn was_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    #[cfg(target_os = "linux")]
    fn has_ended_within(&self, time: std::time::Duration) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let Ok(time) = Timespec::try_from(time) else { return false };
        let mut ended = [PollFd::new(&self.process, PollFlags::IN)];
        poll(&mut ended, Some(&time)).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::Command;

    /// A process called `name` that ends only by a signal, and not by those that it ignores.
    fn process(dir: &std::path::Path, name: &str, ignored: &str) -> std::process::Child {
        let program = dir.join(name);
        let _ = std::fs::copy("/bin/sh", &program);
        let script = format!("trap '' {ignored}; echo; while :; do read x; done");
        let mut child = Command::new(&program)
            .args(["-c", &script])
            .process_group(0)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("started");
        std::io::Read::read_exact(child.stdout.as_mut().expect("its output"), &mut [0]).expect("its trap is set");
        child
    }

    #[test]
    fn a_pinentry_is_ended_and_one_that_will_not_is_killed() {
        let dir = tempfile::tempdir().expect("a folder");
        for (ignored, signal) in [("USR1", 15), ("TERM", 9)] {
            let mut child = process(dir.path(), "pinentry-double", ignored);
            let pinentry = Pinentry::running(&child.id().to_string()).expect("a pinentry");
            assert!(!pinentry.was_ended());
            pinentry.end();
            assert!(pinentry.was_ended());
            assert_eq!(child.wait().expect("ended").signal(), Some(signal));
        }
    }

    #[test]
    fn nobody_else_is_ever_ended() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut other = process(dir.path(), "other", "USR1");
        for pid in [&other.id().to_string(), "", "0", "-1", "1", "x", "99999999999"] {
            assert!(Pinentry::running(pid).is_none(), "{pid}");
        }
        other.kill().expect("killed");
        other.wait().expect("ended");
    }
}
