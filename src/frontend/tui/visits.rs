//! The thread that tells the loop who opens our terminal by its name. It waits in the kernel.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use super::event::Event;
use crate::system::watching::Visits;

/// Starts it; it ends with the program, or where the kernel tells no more.
pub(super) fn start(events: Sender<Event>) -> io::Result<()> {
    let mut visits = Visits::start()?;
    let watch = move || {
        while let Ok(seen) = visits.wait() {
            for visit in seen {
                if events.send(Event::Visit(visit)).is_err() {
                    return;
                }
            }
        }
    };
    thread::Builder::new().name("visits".to_owned()).spawn(watch).map(drop)
}
