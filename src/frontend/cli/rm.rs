//! `regpass rm`: removes an entry, or a folder when told so. Asks first; without a terminal only `--force` will do.

use std::io::{self, IsTerminal};
use std::path::Path;

use serde_json::{Map, Value};

use super::args::entry;
use super::prompt::Terminal;
use super::{Session, names};
use crate::model::{EntryPath, Problem, text};
use crate::ops::entries;

const EXAMPLES: &str = "\
Examples:
  regpass rm mail/alice              asks first
  regpass rm --recursive old         a whole folder
  regpass rm --force mail/alice      without asking, for scripts";

/// Remove an entry or a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RmArgs {
    /// Its path in the store
    #[arg(value_name = "ENTRY", value_parser = entry())]
    path: EntryPath,

    /// A folder with everything in it
    #[arg(long, short)]
    recursive: bool,

    /// Do not ask
    #[arg(long, short)]
    force: bool,

    /// One JSON object that says what was removed
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &RmArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let name = text::quoted(args.path.as_bytes());
    if !args.force {
        entries::check_removable(&system, &args.path, args.recursive)?;
        consent(&args.path, args.recursive)?;
    }
    let written = entries::remove(&system, &args.path, args.recursive)?;
    written.warnings.iter().for_each(|warning| session.console.warning(warning));
    if args.json {
        let mut object = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
        names::put(&mut object, "path", args.path.as_bytes());
        return session.console.json(&Value::Object(object));
    }
    session.console.status(&format!("removed {name}"));
    Ok(())
}

fn consent(path: &EntryPath, recursive: bool) -> Result<(), Problem> {
    let name = text::quoted(path.as_bytes());
    let flag = if recursive { "--recursive " } else { "" };
    // A script started from a terminal has one too, but nobody who expects a question.
    let Some(mut terminal) = Terminal::open().filter(|_| io::stdin().is_terminal()) else {
        return Err(Problem::usage(format!(
            "{name} is not removed without asking, and there is no terminal to ask on"
        ))
        .hint(format!("if you are sure: regpass rm --force {flag}{}", text::shell_word(Path::new(path.as_os_str())))));
    };
    let all = if recursive { " and everything in it" } else { "" };
    match terminal.confirm(&format!("remove {name}{all}?"))? {
        true => Ok(()),
        false => Err(Problem::cancelled(format!("{name} stays as it is"))),
    }
}
