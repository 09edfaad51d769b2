//! How far a long op is, and the wish that it stop. Ops report here and ask here; they draw nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::model::EntryPath;

/// One piece of the work is done.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    pub done: usize,
    pub total: usize,
    /// What was worked on.
    pub current: &'a EntryPath,
}

/// Told on the thread that called the op, after each piece of the work.
pub trait Progress {
    fn step(&self, step: Step<'_>);
}

/// Nobody watches.
impl Progress for () {
    fn step(&self, _: Step<'_>) {}
}

/// A wish to stop, shared by whoever wishes and the op, which looks between two pieces of its work.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// With a flag that somebody else raises, such as a signal's handler.
    pub fn by(flag: Arc<AtomicBool>) -> Cancel {
        Cancel(flag)
    }

    /// The flag itself, for what looks at it below the ops.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.0.clone()
    }

    pub fn call_off(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn is_called_off(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
