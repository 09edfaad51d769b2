//! `regpass restore`: brings an older version of an entry back, as a new commit.

use super::Session;
use super::args::entry;
use super::names;
use crate::model::{EntryPath, Problem, text};
use crate::ops::history::{self, Which};

const EXAMPLES: &str = "\
Examples:
  regpass history mail/alice             which versions there are
  regpass restore mail/alice 2           bring the second newest back
  regpass restore mail/alice 1a2b3c4     the one of that commit
  regpass undo                           take that back";

/// Bring an older version of an entry back
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RestoreArgs {
    /// Its path in the store; one that was removed will do
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// The version: a number of `regpass history`, or a commit
    version: Which,

    /// One JSON object that says what was done
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &RestoreArgs) -> Result<(), Problem> {
    let written = history::restore(&session.system()?, &args.entry, &args.version)?;
    written.warnings.iter().for_each(|warning| session.console.warning(warning));
    if args.json {
        return session.console.json(&names::written(&args.entry, written.changed));
    }
    let name = text::quoted(args.entry.as_bytes());
    session.console.status(&match written.changed {
        true => format!("{name} is what it was"),
        false => format!("{name} already holds this"),
    });
    Ok(())
}
