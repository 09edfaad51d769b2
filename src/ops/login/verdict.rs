//! What the registry says of a login before it is kept. Whoever has the network hands in a function that asks
//! (`system::registry`); here is only what follows from its answer.

use crate::model::{Credential, Problem, RegistryKey};
use crate::system::registry::checked::Checked;
use crate::system::registry::outcome::{LoginOutcome, Severity};

/// Asks the registry that this key means. Ends, whatever the other side does.
pub type Verify<'a> = &'a dyn Fn(&RegistryKey, &Credential) -> Checked;

/// Whether a login that was tried is to be kept.
pub fn is_to_be_kept(checked: &Checked) -> bool {
    checked.outcome.is_fine()
}

/// A login that is not kept because of what the registry said, or because it could not be asked: then `unasked` is the command
/// that keeps it all the same.
pub fn refusal(checked: &Checked, unasked: &str) -> Problem {
    let mut problem = Problem::failed(format!("nothing was stored: {}", checked.message));
    problem = checked.said.iter().fold(problem, |problem, said| problem.because(format!("its own words: {said}")));
    problem = checked.notes.iter().fold(problem, Problem::because);
    problem = checked.advice.iter().cloned().fold(problem, Problem::hint);
    let could_not_tell = checked.outcome.severity() == Severity::Unknown;
    if could_not_tell && checked.outcome != LoginOutcome::CalledOff {
        problem = problem.hint(format!("to keep it without asking the registry: {unasked}"));
    }
    problem
}
