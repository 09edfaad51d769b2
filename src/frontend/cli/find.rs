//! `regpass find`: entries whose name holds one of the terms. Decrypts nothing.

use super::{Session, ls};
use crate::model::{Problem, text};
use crate::ops::entries;

const EXAMPLES: &str = "\
Examples:
  regpass find db                    every entry with \"db\" in its path, in any case
  regpass find gitlab github         either of them";

/// Find entries by a part of their name
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FindArgs {
    /// Parts of a path, in any case; one that fits is enough
    #[arg(value_name = "TERM", required = true)]
    terms: Vec<String>,

    /// One JSON object, as `ls --json` gives it
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &FindArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let listing = entries::find(&system, &args.terms)?;
    if args.json {
        return session.console.json(&ls::as_json(&listing, system.stores()?));
    }
    session.console.data(&ls::paths(&listing.entries))?;
    ls::warn_of(&session.console, &listing.unreadable);
    match listing.entries.is_empty() {
        true => {
            let terms: Vec<String> = args.terms.iter().map(text::quoted).collect();
            Err(Problem::not_found(format!("no entry's name holds {}", terms.join(" or "))))
        }
        false => Ok(()),
    }
}
