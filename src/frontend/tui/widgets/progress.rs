//! How far a job is, in one line: a bar, a count, what is worked on.

use super::super::screen::Scope;
use super::super::watch::Pace;

const STEPS: usize = 10;

pub(in super::super) fn words(pace: &Pace, scope: &Scope) -> String {
    if pace.total == 0 {
        return pace.what.clone();
    }
    let glyphs = scope.theme.glyphs;
    let full = (pace.done.min(pace.total) * STEPS) / pace.total;
    let bar = glyphs.bar_full.repeat(full) + &glyphs.bar_empty.repeat(STEPS - full);
    format!("{bar} {}/{}  {}", pace.done, pace.total, pace.what)
}
