//! `regpass explain`: how Docker comes to a login of one registry, or to none, step by step in its own order.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Session, contexts as table, names};
use crate::frontend::console::Role;
use crate::model::{Problem, text};
use crate::ops::contexts::{self, Answer, Scope};
use crate::ops::login;

const EXAMPLES: &str = "\
Examples:
  regpass explain ghcr.io
  regpass explain ghcr.io --context sudo     as \"sudo docker\" would; the names are those of: regpass contexts
  regpass explain docker.io --json           for programs (docs/json.md)

Nothing is decrypted and no program is run. Exit codes: 0 Docker would find a login; 3 it would not, or that is not known.";

/// Tell step by step which login Docker finds for a registry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArgs {
    /// The registry: a host, with its port where it has one
    #[arg(value_name = "REGISTRY")]
    registry: String,

    /// Where Docker is run: a name of "regpass contexts"
    #[arg(long, value_name = "NAME", default_value = "me")]
    context: String,

    /// For programs
    #[arg(long)]
    json: bool,
}

/// Docker would find none.
const NOT_FOUND: u8 = 3;

pub(super) fn run(session: &Session, args: &ExplainArgs) -> Result<u8, Problem> {
    let system = session.system()?;
    let scope = Scope { all_users: args.context.starts_with("user "), ..Scope::default() };
    login::key_of(&args.registry)?;
    let matrix = contexts::matrix(&system, &scope, std::slice::from_ref(&args.registry));
    let Some(index) = matrix.contexts.iter().position(|context| context.name == args.context) else {
        return Err(Problem::not_found(format!("there is no context {}", text::quoted(&args.context)))
            .hint("see their names: regpass contexts"));
    };
    let Some(cell) = matrix.cell(index, 0) else {
        return Err(Problem::usage("no registry is named"));
    };
    let code = if cell.answer == Answer::Found { 0 } else { NOT_FOUND };
    if args.json {
        let mut object = table::cell_json(&matrix, cell);
        object.insert("schema".to_owned(), names::SCHEMA.into());
        return session.console.json(&Value::Object(object)).map(|()| code);
    }
    let console = &session.console;
    let context = &matrix.contexts[index];
    let mut lines = String::new();
    for doubt in &context.doubts {
        let _ = writeln!(lines, "{} {doubt}", console.paint(Role::Muted, "assumed:"));
    }
    for (number, step) in cell.steps.iter().enumerate() {
        let role = match (step.good, cell.answer) {
            (true, _) => Role::Good,
            (false, Answer::Error) => Role::Error,
            (false, _) => Role::Warning,
        };
        let mark = if step.good { "+" } else { "-" };
        let name = console.paint(Role::Heading, &format!("{:<9}", step.name));
        let _ = writeln!(lines, "{}. {} {name}{}", number + 1, console.paint(role, mark), step.seen);
        if let Some(place) = &step.place {
            let place = text::escaped(place.as_os_str().as_encoded_bytes()).into_owned();
            let _ = writeln!(lines, "               {}", console.paint(Role::Muted, &place));
        }
    }
    let user =
        cell.login.as_ref().filter(|_| cell.answer == Answer::Found).map(|login| format!(" ({})", login.quoted()));
    let _ = writeln!(lines, "{}{}", console.paint(Role::Heading, cell.answer.id()), user.unwrap_or_default());
    if let Some(mend) = &cell.mend {
        let _ = writeln!(lines, "{}", console.paint(Role::Hint, mend));
    }
    console.data(&lines).map(|()| code)
}
