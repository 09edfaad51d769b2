//! `regpass diff`: what changed between two versions of an entry. Values are masked unless the person asks for them.

use serde_json::{Map, Value};

use super::Session;
use super::args::entry;
use super::names;
use super::secret_json;
use crate::frontend::console::{Console, Role, json_text};
use crate::model::{EntryPath, Problem, Secret, text, utc};
use crate::ops::history::{self, EntryDiff, Which};
use crate::ops::line_diff::{Line, LineDiff, Side};
use crate::system::cipher::Asking;
use crate::system::git::Commit;

const EXAMPLES: &str = "\
Examples:
  regpass diff mail/alice                which lines changed last; no value is shown
  regpass diff mail/alice 3              since version 3 (regpass history mail/alice)
  regpass diff mail/alice 3 2            from version 3 to version 2; a commit will do too
  regpass diff mail/alice --reveal       with the values";

/// Show what changed between two versions of an entry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DiffArgs {
    /// Its path in the store
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// The older version: a number of `regpass history`, or a commit [default: the last that differs]
    from: Option<Which>,

    /// The newer one
    #[arg(default_value = "now")]
    to: Which,

    /// Show the values too
    #[arg(long)]
    reveal: bool,

    /// One JSON object with the lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &DiffArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let diff = history::diff(&system, &args.entry, args.from.as_ref(), &args.to, Asking::Allowed)?;
    let console = &session.console;
    if args.json {
        return console.secret(&as_json(&args.entry, &diff, args.reveal));
    }
    let head = |sign: char, role, commit: &Option<Commit>| {
        let what = commit.as_ref().map_or_else(
            || "now".to_owned(),
            |commit| format!("{} {}", commit.id.short(), utc::rfc3339(commit.time).get(..10).unwrap_or_default()),
        );
        console.paint(role, &format!("{sign}{sign}{sign} {} ({what})\n", args.entry.display()))
    };
    console.data(&(head('-', Role::Error, &diff.from) + &head('+', Role::Good, &diff.to)))?;
    print(console, &diff.lines, args.reveal)?;
    if diff.lines.is_empty() {
        let name = text::quoted(args.entry.as_bytes());
        console.status(&format!("{name} says the same in both versions; only who may read it differs"));
    }
    Ok(())
}

/// The lines of both texts, marked as diff(1) does.
pub(super) fn print(console: &Console, lines: &LineDiff, reveal: bool) -> Result<(), Problem> {
    for line in lines.lines() {
        let (sign, role) = match line.side {
            Side::Both => (" ", Role::Muted),
            Side::Old => ("-", Role::Error),
            Side::New => ("+", Role::Good),
        };
        if reveal {
            let mut whole = Secret::new(sign.as_bytes().to_vec());
            whole.push(lines.text(line).expose());
            whole.push(b"\n");
            console.secret(&whole)?;
        } else {
            console.data(&format!("{}\n", console.paint(role, &format!("{sign}{}", lines.masked(line)))))?;
        }
    }
    Ok(())
}

/// `schema` 1 of docs/json.md, `diff`. Built in a buffer that is wiped, for the case that values are shown.
fn as_json(entry: &EntryPath, diff: &EntryDiff, reveal: bool) -> Secret {
    let mut head = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    names::put(&mut head, "path", entry.as_bytes());
    for (field, commit) in [("from", &diff.from), ("to", &diff.to)] {
        let value = commit.as_ref().map_or(Value::Null, |commit| super::history::commit(commit).into());
        head.insert(field.to_owned(), value);
    }
    let head = json_text(&Value::Object(head));
    let mut answer = Secret::default();
    answer.push(head.trim_end().trim_end_matches('}').trim_end().as_bytes());
    answer.push(b",\n  \"lines\": ");
    push_lines(&mut answer, &diff.lines, reveal);
    answer.push(b"\n}\n");
    answer
}

/// An array with an object a line.
pub(super) fn push_lines(answer: &mut Secret, lines: &LineDiff, reveal: bool) {
    answer.push(b"[");
    for (index, line) in lines.lines().iter().enumerate() {
        answer.push(if index == 0 { b"\n    " } else { b",\n    " });
        push_line(answer, lines, line, reveal);
    }
    answer.push(b"\n  ]");
}

fn push_line(answer: &mut Secret, lines: &LineDiff, line: &Line, reveal: bool) {
    let change = match line.side {
        Side::Both => "same",
        Side::Old => "removed",
        Side::New => "added",
    };
    answer.push(format!("{{\"change\": \"{change}\", \"number\": {}, \"masked\": ", line.number).as_bytes());
    secret_json::push_string(answer, &lines.masked(line));
    let plain = lines.text(line);
    if let Ok(plain) = std::str::from_utf8(plain.expose())
        && reveal
    {
        answer.push(b", \"text\": ");
        secret_json::push_string(answer, plain);
    }
    answer.push(b"}");
}
