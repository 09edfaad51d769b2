//! Keys that arrive together are all taken, also by a process that gets the processor in slices shorter than its waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use regpass_ui_tests::key;
use rustix::process::{Pid, Signal, kill_process};

use super::support::{open, showcase};

/// Bursts typed; each key of them is one chance for a slice to end between two keys.
const BURSTS: usize = 250;

/// Stops and continues the process until told not to: a machine with more work than processors.
struct Slices {
    done: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Slices {
    fn of(pid: Pid) -> Slices {
        let done = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&done);
        let thread = thread::spawn(move || {
            let mut running = Duration::from_micros(30);
            while !told.load(Ordering::Relaxed) {
                let _ = kill_process(pid, Signal::STOP);
                spin(Duration::from_millis(2));
                let _ = kill_process(pid, Signal::CONT);
                spin(running);
                // Never in step with what the process does.
                running = Duration::from_micros((running.as_micros() as u64 * 7 + 13) % 61);
            }
        });
        Slices { done, thread: Some(thread) }
    }
}

impl Drop for Slices {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}

fn spin(time: Duration) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        thread::yield_now();
    }
}

#[test]
fn keys_typed_together_all_arrive_in_slices_of_a_processor() {
    let machine = showcase();
    let mut terminal = open(&machine);
    terminal.press("/", "the filter", |frame| frame.contains("Esc clear"));
    let slices = Slices::of(terminal.pid());
    for burst in 0..BURSTS {
        let typed = format!("abcdefghijklmnopqrstuvw-{burst:03}");
        terminal.press(&typed, "all letters", |frame| frame.contains(&format!("/ {typed}")));
        terminal.press(key::CTRL_U, "an empty field", |frame| !frame.contains(&typed));
    }
    drop(slices);
}
