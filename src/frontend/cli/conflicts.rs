//! `regpass conflicts`: what both sides of a merge changed, and how. Values are masked unless the person asks for them.

use serde_json::{Map, Value, json};

use super::args::entry;
use super::sync::path;
use super::{Session, diff, names, secret_json};
use crate::frontend::console::Role;
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::conflict::{self, Sides};
use crate::ops::line_diff::{LineDiff, Merged};
use crate::system::cipher::Asking;

const EXAMPLES: &str = "\
Examples:
  regpass conflicts                          what waits to be settled
  regpass conflicts mail/alice               what each side changed; no value is shown
  regpass conflicts mail/alice --reveal      with the values

Then:
  regpass resolve mail/alice --merge         take both changes, where they are of different lines
  regpass resolve mail/alice --ours          what this machine has";

/// Show what both sides of a merge changed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConflictsArgs {
    /// One entry, to see both sides of it
    #[arg(value_parser = entry())]
    entry: Option<EntryPath>,

    /// Show the values too
    #[arg(long, requires = "entry")]
    reveal: bool,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &ConflictsArgs) -> Result<(), Problem> {
    match &args.entry {
        Some(entry) => one(session, entry, args),
        None => all(session, args.json),
    }
}

fn all(session: &Session, as_json: bool) -> Result<(), Problem> {
    let found = conflict::list(&session.system()?)?;
    let operation = found.operation.map(|operation| operation.command());
    let console = &session.console;
    if as_json {
        let list = |names: &[EntryPath]| -> Vec<Value> { names.iter().map(path).collect() };
        return console.json(&json!({
            "schema": names::SCHEMA, "operation": operation,
            "entries": list(&found.entries), "others": list(&found.others),
        }));
    }
    console.data(&found.names().map(|name| format!("{}\n", name.display())).collect::<String>())?;
    for path in &found.elsewhere {
        console.warning(&Problem::failed(format!("{} waits too, outside the store", text::quoted_path(path))));
    }
    match operation {
        _ if !found.is_empty() => console.status("see one: regpass conflicts ENTRY; settle it: regpass resolve ENTRY"),
        Some(operation) => {
            console.advice(&format!("everything is settled; to finish the {operation}: regpass resolve"));
        }
        None => console.status("no conflicts"),
    }
    Ok(())
}

fn one(session: &Session, entry: &EntryPath, args: &ConflictsArgs) -> Result<(), Problem> {
    let sides = conflict::sides(&session.system()?, entry, Asking::Allowed)?;
    let console = &session.console;
    if args.json {
        return console.secret(&sides_json(entry, &sides, args.reveal));
    }
    for (name, side) in [("ours", &sides.ours), ("theirs", &sides.theirs)] {
        console.data(&console.paint(Role::Heading, &format!("{name}, compared with what both began with:\n")))?;
        match side {
            Some(lines) => diff::print(console, lines, args.reveal)?,
            None => console.data("removed\n")?,
        }
    }
    let word = text::shell_word(entry.as_os_str().as_ref());
    console.status(&match sides.merged {
        Some(Merged::Clean(_)) => format!("both can be had: regpass resolve {word} --merge"),
        Some(Merged::Conflicts { count, .. }) => {
            let places = if count == 1 { "1 place".to_owned() } else { format!("{count} places") };
            format!("{places} changed by both: regpass resolve {word} --ours, --theirs or --edit")
        }
        None => format!("one side removed it: regpass resolve {word} --ours or --theirs"),
    });
    Ok(())
}

/// `schema` 1 of docs/json.md, `conflicts`.
fn sides_json(entry: &EntryPath, sides: &Sides, reveal: bool) -> Secret {
    let mut head = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    names::put(&mut head, "path", entry.as_bytes());
    head.insert("merges".to_owned(), matches!(sides.merged, Some(Merged::Clean(_))).into());
    let mut answer = secret_json::open(head, 0);
    push_side(&mut answer, "ours", sides.ours.as_ref(), reveal);
    push_side(&mut answer, "theirs", sides.theirs.as_ref(), reveal);
    answer.push(b"\n}\n");
    answer
}

fn push_side(answer: &mut Secret, name: &str, side: Option<&LineDiff>, reveal: bool) {
    answer.push(format!(",\n  \"{name}\": ").as_bytes());
    match side {
        Some(lines) => diff::push_lines(answer, lines, reveal),
        None => answer.push(b"null"),
    }
}
