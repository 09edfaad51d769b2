//! `regpass undo`: takes back what regpass changed in a store, the last change first.

use serde_json::{Map, Value, json};

use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Problem, text};
use crate::ops::undo::{self, Of, Part, UndoStep};

const EXAMPLES: &str = "\
Examples:
  regpass undo                           take the last change back
  regpass undo                           and the one before it
  regpass undo --list                    which changes there are, the newest first
  regpass undo 12                        take back change 12, if nothing touched it since

Changes are kept for 30 days, 100 at most. One that took another back can be taken back too; \
what took a fix back cannot: regpass fix does it again.";

/// Take back the last change of a store
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct UndoArgs {
    /// The change, by its number in the list [default: the last]
    change: Option<u64>,

    /// Show what can be taken back, change nothing
    #[arg(long, short, conflicts_with = "change")]
    list: bool,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &UndoArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let console = &session.console;
    if args.list {
        let found = undo::steps(&system)?;
        if args.json {
            let steps: Vec<Value> = found.steps.iter().map(step).collect();
            let unreadable: Vec<Value> = found
                .unreadable
                .iter()
                .map(|file| {
                    let mut one = Map::new();
                    names::put(&mut one, "path", file.as_os_str().as_encoded_bytes());
                    one.insert("why".to_owned(), "it is damaged".into());
                    Value::Object(one)
                })
                .collect();
            return console.json(&json!({ "schema": names::SCHEMA, "steps": steps, "unreadable": unreadable }));
        }
        console.data(&found.steps.iter().map(|step| line(console, step)).collect::<String>())?;
        for file in &found.unreadable {
            console.warning(&Problem::failed(format!("{} is damaged", text::quoted_path(file))));
        }
        if found.steps.is_empty() {
            console.status("nothing to take back");
        }
        return Ok(());
    }
    let undone = undo::undo(&system, args.change)?;
    undone.written.warnings.iter().for_each(|warning| console.warning(warning));
    if args.json {
        return console.json(&json!({ "schema": names::SCHEMA, "step": step(&undone.step) }));
    }
    console.status(&format!("taken back: {}", text::escaped(undone.step.what.as_bytes())));
    Ok(())
}

/// `schema` 1 of docs/json.md, `undo`.
fn step(step: &UndoStep) -> Value {
    let mut one = Map::from_iter([("id".to_owned(), step.id.into())]);
    one.insert("time".to_owned(), step.time.as_str().into());
    one.insert("what".to_owned(), step.what.as_str().into());
    if let Some(first) = step.parts.first() {
        put_place(&mut one, &first.of);
    }
    one.insert("parts".to_owned(), step.parts.iter().map(part).collect());
    one.insert("files".to_owned(), step.files.into());
    one.insert("undoes".to_owned(), step.undoes.into());
    one.insert("undone_by".to_owned(), step.undone_by.into());
    one.insert("obstacle".to_owned(), step.obstacle.as_deref().into());
    Value::Object(one)
}

fn part(part: &Part) -> Value {
    let mut one = Map::from_iter([("what".to_owned(), part.what.as_str().into())]);
    put_place(&mut one, &part.of);
    Value::Object(one)
}

fn put_place(object: &mut Map<String, Value>, of: &Of) {
    let field = match of {
        Of::Store(_) => "store",
        Of::File(_) => "file",
    };
    names::put(object, field, of.path().as_os_str().as_encoded_bytes());
}

fn line(console: &Console, step: &UndoStep) -> String {
    let time = step.time.get(..16).unwrap_or_default().replace('T', " ");
    let what = text::escaped(step.what.as_bytes());
    let note = match (step.undone_by, step.undoes, &step.obstacle) {
        (Some(by), ..) => format!("  taken back by {by}"),
        (None, Some(other), _) => format!("  took back {other}"),
        (None, None, Some(why)) => format!("  cannot be taken back: {}", text::escaped(why.as_bytes())),
        _ => String::new(),
    };
    format!("{:>4}  {time}  {what}{}\n", step.id, console.paint(Role::Muted, &note))
}
