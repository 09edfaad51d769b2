//! Who has the screen while the UI has lent it: a pinentry, or the person's own editor with a text in a file. Either can be
//! ended, and with the editor goes the file: whatever ends the program ends them first.

use std::ffi::OsStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::{EntryPath, Problem, Secret};
use crate::system::agent::Pinentry;
use crate::system::draft::Draft;
use crate::system::editor::{EditorError, Running};
use crate::system::env::Env;

/// How long an editor may take to end, and a text to be stored, while the program ends.
const GRACE: Duration = Duration::from_millis(400);

#[derive(Clone)]
pub(super) enum Guest {
    Pinentry(Pinentry),
    Editor(Arc<Visit>),
}

/// An editor on a text in a file, from before the file is made until it is gone. A worker does the work; the loop may end it
/// at any time.
#[derive(Default)]
pub(super) struct Visit {
    state: Mutex<State>,
    /// It is over.
    over: Condvar,
}

#[derive(Default)]
struct State {
    draft: Option<Draft>,
    running: Option<Arc<Running>>,
    phase: Phase,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Editing,
    /// The editor has ended; its text is on its way into the store.
    Storing,
    Over,
}

/// What came of an editor: its text, and whether it ended well.
pub(super) struct Edited {
    pub(super) text: Result<Secret, Problem>,
    pub(super) ended_well: bool,
}

impl Visit {
    /// Makes the file, in memory or not at all, and runs the editor on it to its end.
    pub(super) fn edit(&self, env: &Env, words: &OsStr, entry: &EntryPath, text: &Secret) -> Result<Edited, Problem> {
        let running = {
            let mut state = self.state();
            if state.phase == Phase::Over {
                return Err(EditorError::CalledOff.into());
            }
            let draft = Draft::make(env, entry, text, false)?;
            let file = draft.file().to_owned();
            state.draft = Some(draft);
            let running = Arc::new(Running::start(env, words, &file)?);
            state.running = Some(Arc::clone(&running));
            running
        };
        let ended = running.wait();
        let mut state = self.state();
        let Some(draft) = &state.draft else { return Err(EditorError::CalledOff.into()) };
        let text = draft.read().map_err(Problem::from);
        state.phase = Phase::Storing;
        Ok(Edited { text, ended_well: ended? })
    }

    /// Its text could not be stored and is not lost: it is told where it is.
    pub(super) fn keep_for(&self, entry: &EntryPath, problem: Problem) -> Problem {
        match self.state().draft.take() {
            Some(draft) => draft.keep_for(entry, problem),
            None => problem,
        }
    }

    /// Wipes and removes the file if it is still there.
    pub(super) fn finish(&self) {
        let mut state = self.state();
        state.draft = None;
        state.phase = Phase::Over;
        self.over.notify_all();
    }

    /// The program ends: so does the editor, at once, and then the file is wiped. A text that is being stored has a moment
    /// more.
    pub(super) fn end(&self) {
        let mut state = self.state();
        match state.phase {
            Phase::Editing => {
                if let Some(running) = &state.running {
                    running.end(GRACE);
                }
            }
            Phase::Storing => {
                let storing = |state: &mut State| state.phase == Phase::Storing;
                state = match self.over.wait_timeout_while(state, GRACE, storing) {
                    Ok((state, _)) => state,
                    Err(poisoned) => poisoned.into_inner().0,
                };
            }
            Phase::Over => {}
        }
        state.draft = None;
        state.phase = Phase::Over;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
