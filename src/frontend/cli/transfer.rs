//! `regpass mv` and `regpass cp`: an entry or a folder under another name, or a second time.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use clap::builder::{OsStringValueParser, TypedValueParser};
use serde_json::{Map, Value};

use super::{Session, names};
use crate::model::{EntryPath, EntryPathError, Problem, text};
use crate::ops::transfer::{self, Kind, Place};

const MV_EXAMPLES: &str = "\
Examples:
  regpass mv mail/alice mail/bob      another name
  regpass mv mail/alice work          into the folder work, if there is one
  regpass mv infra archive/           a folder with all that is in it, into the folder archive

Where the target's readers are others than the source's, entries are encrypted anew for them.";

const CP_EXAMPLES: &str = "\
Examples:
  regpass cp mail/alice mail/bob      a second entry with the same text
  regpass cp infra team/              a folder with all that is in it, into the folder team

Where the target's readers are others than the source's, the copies are encrypted for them.";

/// Move or rename an entry or a folder
#[derive(Debug, clap::Args)]
#[command(after_help = MV_EXAMPLES)]
pub(super) struct MvArgs {
    #[command(flatten)]
    names: Names,
}

/// Copy an entry or a folder
#[derive(Debug, clap::Args)]
#[command(after_help = CP_EXAMPLES)]
pub(super) struct CpArgs {
    #[command(flatten)]
    names: Names,
}

#[derive(Debug, clap::Args)]
struct Names {
    /// What is there: an entry, or with a / at its end a folder
    #[arg(value_parser = place())]
    from: Place,

    /// Its new name, or the folder to put it into
    #[arg(value_parser = place())]
    to: Place,

    /// Replace entries that are there already
    #[arg(long, short)]
    force: bool,

    /// One JSON object that says what was done
    #[arg(long)]
    json: bool,
}

pub(super) fn mv(session: &Session, args: &MvArgs) -> Result<(), Problem> {
    run(session, Kind::Move, &args.names)
}

pub(super) fn cp(session: &Session, args: &CpArgs) -> Result<(), Problem> {
    run(session, Kind::Copy, &args.names)
}

fn run(session: &Session, kind: Kind, args: &Names) -> Result<(), Problem> {
    let system = session.system()?;
    let done = transfer::run(&system, kind, &args.from, &args.to, args.force)?;
    done.written.warnings.iter().for_each(|warning| session.console.warning(warning));
    if args.json {
        let mut object = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
        names::put(&mut object, "from", args.from.path.as_bytes());
        names::put(&mut object, "to", done.to.as_bytes());
        object.insert("entries".to_owned(), done.entries.into());
        object.insert("reencrypted".to_owned(), done.reencrypted.into());
        return session.console.json(&Value::Object(object));
    }
    let verb = if kind == Kind::Move { "moved" } else { "copied" };
    let from = text::quoted(args.from.path.as_bytes());
    let mut told = format!("{verb} {from} to {}", text::quoted(done.to.as_bytes()));
    if done.reencrypted > 0 {
        let noun = if done.reencrypted == 1 { "entry" } else { "entries" };
        told.push_str(&format!("; {} {noun} encrypted anew for other readers", done.reencrypted));
    }
    session.console.status(&told);
    Ok(())
}

/// A name that may end in `/`; `/` and `.` are the store's top.
fn place() -> impl TypedValueParser<Value = Place> {
    OsStringValueParser::new().try_map(|name: OsString| {
        let as_folder = name.as_bytes().ends_with(b"/");
        match EntryPath::parse(name) {
            Ok(path) => Ok(Place { path, as_folder }),
            Err(EntryPathError::Empty) => Ok(Place { path: EntryPath::root(), as_folder: true }),
            Err(error) => Err(error),
        }
    })
}
