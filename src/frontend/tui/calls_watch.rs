//! The thread that tells the loop of new helper calls. It waits in the kernel: while nobody calls, nothing wakes up.

use std::io;
use std::path::Path;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::Duration;

use super::event::Event;
use crate::system::journal;
use crate::system::watching::Watching;

/// How often the screen looks where the kernel cannot tell: its watches are used up.
const OTHERWISE: Duration = Duration::from_secs(5);

/// Starts it; it ends with the program.
pub(super) fn start(state_dir: &Path, events: Sender<Event>) -> io::Result<()> {
    let file = state_dir.join(journal::FILE);
    let watch = move || {
        let mut watching = Watching::start(file);
        loop {
            if !watching.as_mut().is_ok_and(|watching| watching.wait().is_ok()) {
                thread::sleep(OTHERWISE);
            }
            if events.send(Event::Called).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("calls".to_owned()).spawn(watch).map(drop)
}
