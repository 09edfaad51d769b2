//! What the keys of the home tab do about a deployment window: the question, and the job that a yes starts.

use std::time::Duration;

use super::super::jobs::{Job, window};
use super::super::screen::{Flow, Ticket};
use super::confirm::Confirm;
use super::home_rows::WindowRow;
use crate::model::text;
use crate::ops::window::Which;

/// How much longer a key makes it.
const MORE: Duration = Duration::from_secs(3600);

/// An hour more; nothing for what is over.
pub(super) fn extend(row: &WindowRow, ticket: Ticket) -> Option<Flow> {
    let WindowRow::Open(registry) = row else { return None };
    let effect = format!("The login of {} is handed out an hour longer.", text::quoted(registry));
    let deed = Flow::Start(ticket, Job::Window(window::Job::Extend(registry.clone(), MORE)));
    Some(Flow::Push(Box::new(Confirm::new("An hour more".to_owned(), effect, "extend", deed))))
}

pub(super) fn close(row: &WindowRow, ticket: Ticket) -> Flow {
    let (whose, which) = match row {
        WindowRow::Open(registry) => (format!("of {}", text::quoted(registry)), Which::At(vec![registry.clone()])),
        WindowRow::Over => ("of every window that is over".to_owned(), Which::Over),
    };
    let effect = format!(
        "Erases the login {whose} from wherever it is kept, takes Docker's mark away, and asks again whether anything \
         answers. A login that was there before the window stays."
    );
    let deed = Flow::Start(ticket, Job::Window(window::Job::Close(which)));
    Flow::Push(Box::new(Confirm::new("Close the window".to_owned(), effect, "close", deed)))
}
