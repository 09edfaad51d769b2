//! Who hears Ctrl-C and its kin: a question, a long command that stops when it is asked to, or nobody, and then they end the
//! process. The library that listens keeps its handler when the last listener has gone, and a signal would do nothing any
//! more: what ends the process is therefore said here. For the command line's own verbs.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::{register, register_conditional_default};

use crate::model::Problem;
use crate::ops::progress::Cancel;

/// What may end a process that somebody waits for.
pub(super) const SIGNALS: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];

/// Set while a signal of that number ends the process; none before the first question.
static ENDS: OnceLock<[Arc<AtomicBool>; SIGNALS.len()]> = OnceLock::new();

/// Set for good when a command has asked for Ctrl-C.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Set for good when a command has to end by itself, whatever it is sent.
static ARE_ALL_TAKEN: AtomicBool = AtomicBool::new(false);

/// False while a question hears them itself, true when nobody does any more; Ctrl-C stays with the command that took it.
pub(super) fn end_the_process(ends: bool) {
    let flags = ENDS.get_or_init(|| {
        SIGNALS.map(|signal| {
            let flag = Arc::new(AtomicBool::new(false));
            // Where it cannot be listened to, the question's own listening fails and says so.
            let _ = register_conditional_default(signal, Arc::clone(&flag));
            flag
        })
    });
    for (signal, flag) in SIGNALS.iter().zip(flags) {
        let is_taken = *signal == SIGINT && IS_TAKEN.load(Ordering::SeqCst) || ARE_ALL_TAKEN.load(Ordering::SeqCst);
        flag.store(ends && !is_taken, Ordering::SeqCst);
    }
}

/// From here on no signal ends the process; each asks the op to stop. For who has something to clear up.
pub(super) fn cancel_on_all() -> Result<Cancel, Problem> {
    let fault = |error| Problem::failed("cannot listen for signals").because(error);
    let flag = Arc::new(AtomicBool::new(false));
    ARE_ALL_TAKEN.store(true, Ordering::SeqCst);
    if ENDS.get().is_some() {
        end_the_process(false);
    }
    for signal in SIGNALS {
        register(signal, Arc::clone(&flag)).map_err(fault)?;
    }
    Ok(Cancel::by(flag))
}

/// The first Ctrl-C asks the op to stop, the second ends the process.
pub(super) fn cancel_on_interrupt() -> Result<Cancel, Problem> {
    let fault = |error| Problem::failed("cannot listen for Ctrl-C").because(error);
    let flag = Arc::new(AtomicBool::new(false));
    IS_TAKEN.store(true, Ordering::SeqCst);
    if let Some([interrupt, ..]) = ENDS.get() {
        interrupt.store(false, Ordering::SeqCst);
    }
    register_conditional_default(SIGINT, Arc::clone(&flag)).map_err(fault)?;
    register(SIGINT, Arc::clone(&flag)).map_err(fault)?;
    Ok(Cancel::by(flag))
}
