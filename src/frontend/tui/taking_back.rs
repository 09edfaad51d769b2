//! The last change of a store taken back from anywhere: which one it is, a question, and what came of it.

use std::path::Path;

use super::jobs::Job;
use super::jobs::undo::{Job as Ask, Report as Answer};
use super::screen::{Flow, Ticket, Toast};
use super::screens::confirm::Confirm;
use super::widgets::words;
use crate::model::{Problem, text};
use crate::ops::undo::{Effect, Of, UndoStep};

/// The name on its tickets.
pub(super) const NAME: &str = "taking back";

/// What follows an answer; `ticket` is for the next question.
pub(super) fn answered(answer: Result<Answer, Problem>, ticket: Ticket, home: Option<&Path>) -> Flow {
    match answer {
        Ok(Answer::Last(None)) => Flow::Say(Toast::warn("regpass has changed nothing that could be taken back")),
        Ok(Answer::Last(Some((step, effect)))) => confirm(&step, effect.as_ref(), ticket, home),
        Ok(Answer::Undone(undone)) => {
            let what = text::escaped(undone.step.what.as_bytes());
            let toast = match undone.written.warnings.first() {
                Some(warning) => Toast::warn(warning.one_line()),
                None => Toast::good(format!("taken back: {what}")),
            };
            Flow::Many(vec![Flow::StoreChanged, Flow::Say(toast)])
        }
        Err(problem) => Flow::Say(Toast::warn(problem.one_line())),
    }
}

fn confirm(step: &UndoStep, effect: Option<&Effect>, ticket: Ticket, home: Option<&Path>) -> Flow {
    let what = text::quoted(&step.what);
    if let Some(why) = &step.obstacle {
        let why = text::escaped(why.as_bytes());
        return Flow::Say(Toast::warn(format!("{what} cannot be taken back: {why}")));
    }
    let time = step.time.get(..16).unwrap_or_default().replace('T', " ");
    let files = words::counted(step.files as u64, "file");
    let mut stores: Vec<String> = step.parts.iter().map(|part| words::path(part.of.path(), home)).collect();
    stores.sort();
    stores.dedup();
    let is_file = step.parts.iter().any(|part| matches!(part.of, Of::File(_)));
    let word = if is_file {
        "It is"
    } else if stores.len() > 1 {
        "Stores"
    } else {
        "Store"
    };
    let does = effect.map(Effect::words).filter(|words| !words.is_empty());
    let does = does.unwrap_or_else(|| format!("{files} as before it."));
    let effect = format!("{what} of {time} UTC: {does} {word} {}.", stores.join(", "));
    let deed = Flow::Start(ticket, Job::Undo(Ask::TakeBack(step.id)));
    Flow::Push(Box::new(Confirm::new("Take back the last change".to_owned(), effect, "take back", deed)))
}
