//! `regpass journal`: what Docker and others asked the credential helper for, and what they were told.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Problem, text};
use crate::ops::journal::{self, Journal};
use crate::system::journal::Call;

const EXAMPLES: &str = "\
Examples:
  regpass journal                    the last 50 calls, newest last
  regpass journal --limit 5          only the last five
  regpass journal --json             for programs (docs/json.md)";

/// Show what Docker asked for lately, and what it was told
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct JournalArgs {
    /// At most this many calls, the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    limit: usize,

    /// One JSON object with the calls
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &JournalArgs) -> Result<(), Problem> {
    let journal = journal::read(&session.system()?, args.limit)?;
    let console = &session.console;
    if args.json {
        return console.json(&as_json(&journal));
    }
    console.data(&journal.calls.iter().map(|call| line(console, call)).collect::<String>())?;
    if let Some(problem) = journal.broken() {
        console.warning(&problem);
    }
    if journal.blank {
        console.status("no calls yet; Docker makes one at: docker login REGISTRY");
    }
    if !journal.on {
        console.status("the journal is off (journal = false in the config file): new calls are not recorded");
    }
    Ok(())
}

/// `schema` 1 of docs/json.md, `journal`.
pub(super) fn as_json(journal: &Journal) -> Value {
    let calls: Vec<Value> = journal.calls.iter().map(call).collect();
    json!({ "schema": names::SCHEMA, "calls": calls, "unreadable_lines": journal.unreadable })
}

pub(super) fn call(call: &Call) -> Value {
    let mut value = json!({
        "time": call.time,
        "action": call.action,
        "server": call.server,
        "user": call.user,
        "outcome": call.outcome,
        "millis": call.millis,
        "uid": call.uid,
        "home": call.home,
        "store": call.store,
        "caller": call.caller,
    });
    if let Some(error) = &call.error {
        value["error"] = error.as_str().into();
    }
    if let Some(warning) = &call.warning {
        value["warning"] = warning.as_str().into();
    }
    value
}

/// When, what, for which registry, how it ended; then who asked, from where.
pub(super) fn line(console: &Console, call: &Call) -> String {
    let safe = |text: &Option<String>| text.as_ref().map(|text| text::escaped(text.as_bytes()).into_owned());
    let mut line = format!("{}  {:<5}  ", text::escaped(call.time.as_bytes()), text::escaped(call.action.as_bytes()));
    line.push_str(&safe(&call.server).unwrap_or_else(|| "-".to_owned()));
    if let Some(user) = safe(&call.user) {
        let _ = write!(line, " as {user}");
    }
    let outcome = text::escaped(call.outcome.as_bytes()).into_owned();
    let role = if call.outcome.starts_with("error") { Role::Error } else { Role::Good };
    let _ = write!(line, "  {}", console.paint(role, &outcome));
    if let Some(error) = safe(&call.error) {
        let _ = write!(line, ": {error}");
    }
    if let Some(warning) = safe(&call.warning) {
        let _ = write!(line, "; {}", console.paint(Role::Warning, &format!("warning: {warning}")));
    }
    let from = [
        Some(format!("{} ms", call.millis)),
        safe(&call.caller).map(|caller| format!("by {caller}")),
        Some(format!("uid {}", call.uid)),
        safe(&call.home).map(|home| format!("HOME {home}")),
        safe(&call.store).map(|store| format!("store {store}")),
    ];
    let from: Vec<String> = from.into_iter().flatten().collect();
    let _ = writeln!(line, "  {}", console.paint(Role::Muted, &from.join(", ")));
    line
}
