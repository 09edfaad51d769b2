//! `regpass ls`: what is in the store. Decrypts nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Session;
use super::args::folder;
use super::names;
use crate::frontend::console::{Console, Role};
use crate::model::{EntryPath, Problem, text};
use crate::ops::entries;
use crate::system::store::{Entry, Listing, Stores, Unreadable, layout};

const EXAMPLES: &str = "\
Examples:
  regpass ls                 everything, as a tree; one path a line when piped
  regpass ls infra           one folder
  regpass ls --json          for programs (docs/json.md)";

/// List entries: a tree on a terminal, one path a line in a pipe
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LsArgs {
    /// Only what lies below this folder
    #[arg(value_name = "PATH", value_parser = folder())]
    path: Option<EntryPath>,

    /// One JSON object with the entries and what could not be read
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &LsArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let folder = args.path.clone().unwrap_or_default();
    let listing = entries::list(&system, &folder)?;
    let stores = system.stores()?;
    if args.json {
        return session.console.json(&as_json(&listing, stores));
    }
    let text = if session.console.out_is_terminal() {
        tree(&session.console, &listing.entries, &folder)
    } else {
        paths(&listing.entries)
    };
    session.console.data(&text)?;
    warn_of(&session.console, &listing.unreadable);
    if listing.entries.is_empty() {
        session.console.status("no entries");
    }
    Ok(())
}

/// One escaped path a line.
pub(super) fn paths(entries: &[Entry]) -> String {
    entries.iter().fold(String::new(), |text, entry| text + &entry.path.display() + "\n")
}

/// Says that the list is not whole, and why.
pub(super) fn warn_of(console: &Console, unreadable: &[Unreadable]) {
    for one in unreadable {
        let path = text::quoted_path(&one.path);
        console.warning(&Problem::failed(format!("cannot list {path}")).because(&one.why));
    }
}

/// `schema` 1 of docs/json.md, `ls`.
pub(super) fn as_json(listing: &Listing, stores: &Stores) -> Value {
    let entries: Vec<Value> = listing
        .entries
        .iter()
        .map(|entry| {
            let mut one = serde_json::Map::new();
            names::put(&mut one, "path", entry.path.as_bytes());
            let root = stores.all().get(entry.store).map(|store| store.root().as_os_str().as_encoded_bytes());
            names::put(&mut one, "store", root.unwrap_or_default());
            Value::Object(one)
        })
        .collect();
    json!({ "schema": names::SCHEMA, "entries": entries, "unreadable": names::unreadable(&listing.unreadable) })
}

/// The entries below `folder`, indented, each folder once with its name.
fn tree(console: &Console, entries: &[Entry], folder: &EntryPath) -> String {
    let mut text = String::new();
    let mut seen: BTreeSet<EntryPath> = BTreeSet::new();
    for entry in entries {
        let Some(below) = entry.path.below(folder) else { continue };
        let mut missing = Vec::new();
        let mut parent = below.parent();
        while !parent.is_root() && !seen.contains(&parent) {
            missing.push(parent.clone());
            parent = parent.parent();
        }
        for parent in missing.into_iter().rev() {
            let name = console.paint(Role::Heading, &names::last(&parent));
            let _ = writeln!(text, "{}{name}{}", indent(&parent), meaning(console, folder, &parent));
            seen.insert(parent);
        }
        let _ = writeln!(text, "{}{}", indent(&below), names::last(&below));
    }
    text
}

/// What the folder of a registry's logins stands for, which its name does not show.
fn meaning(console: &Console, folder: &EntryPath, below: &EntryPath) -> String {
    let above = below.parent();
    let above = if above.is_root() { folder } else { &above };
    if above.name() != layout::HELPER_FOLDER {
        return String::new();
    }
    let registry = layout::registry_of(below.name().as_encoded_bytes());
    registry.map(|key| console.paint(Role::Muted, &format!("  {}", key.display()))).unwrap_or_default()
}

fn indent(path: &EntryPath) -> String {
    let depth = path.as_bytes().iter().filter(|byte| **byte == b'/').count();
    "  ".repeat(depth)
}
