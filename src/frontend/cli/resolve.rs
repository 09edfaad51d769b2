//! `regpass resolve`: settles one conflict; with the last one the merge is committed.

use std::io;

use serde_json::{Map, Value};

use super::args::entry;
use super::insert::read_all;
use super::sync::path;
use super::{Session, names};
use crate::frontend::console::Console;
use crate::model::{EntryPath, Problem, text};
use crate::ops::conflict::{self, Choice, Resolved};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::draft::Draft;
use crate::system::editor::{self, Patience};
use crate::system::git::Concluded;

const EXAMPLES: &str = "\
Examples:
  regpass conflicts                      what waits
  regpass resolve mail/alice --merge     take both changes, where they are of different lines
  regpass resolve mail/alice --ours      what this machine has (in a rebase too)
  regpass resolve mail/alice --theirs    what the others have
  regpass resolve mail/alice --base      what it was before both
  regpass resolve mail/alice --edit      by hand, in $VISUAL or $EDITOR
  regpass resolve mail/alice --stdin     what standard input says
  regpass resolve                        finish, when everything is settled";

/// Settle what both sides of a merge changed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ResolveArgs {
    /// The entry, or a file such as .gpg-id
    #[arg(value_parser = entry(), requires = "choice")]
    entry: Option<EntryPath>,

    #[command(flatten)]
    choice: ChoiceArgs,

    /// Where no folder in memory can be had, edit on a disk
    #[arg(long, requires = "edit")]
    allow_disk: bool,

    /// One JSON object that says what is left
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(id = "choice", multiple = false, requires = "entry")]
struct ChoiceArgs {
    /// What this machine has
    #[arg(long)]
    ours: bool,

    /// What the other side has
    #[arg(long)]
    theirs: bool,

    /// What it was before both changed it
    #[arg(long)]
    base: bool,

    /// Both changes, when they are of different lines
    #[arg(long)]
    merge: bool,

    /// What you make of both in your editor
    #[arg(long)]
    edit: bool,

    /// The text on standard input
    #[arg(long)]
    stdin: bool,
}

pub(super) fn run(session: &Session, args: &ResolveArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let console = &session.console;
    let resolved = match &args.entry {
        Some(entry) if args.choice.edit => by_hand(session, &system, entry, args.allow_disk)?,
        Some(entry) => conflict::resolve(&system, entry, args.choice.choice()?)?,
        None => conflict::conclude(&system)?,
    };
    resolved.warnings.iter().for_each(|warning| console.warning(warning));
    if args.json {
        console.json(&as_json(&resolved))?;
    } else {
        tell(console, args.entry.as_ref(), &resolved);
    }
    match (&args.entry, resolved.warnings.is_empty()) {
        (None, false) => Err(Problem::failed("not finished")),
        _ => Ok(()),
    }
}

/// The draft outlives the settling: a text that was typed and cannot be stored is kept, and where it is is told.
fn by_hand(session: &Session, system: &System, entry: &EntryPath, allow_disk: bool) -> Result<Resolved, Problem> {
    let begun = conflict::draft(system, entry, Asking::Allowed)?;
    let mut patience = Patience::begin()?;
    let words = editor::chosen(&session.env, system.options.editor.as_deref());
    let draft = Draft::make(&session.env, entry, &begun, allow_disk)?;
    let ended_well = editor::run(&session.env, &words, draft.file(), &mut patience)?;
    let text = draft.read().map_err(Problem::from)?;
    let unchanged = text.same_as(&begun);
    drop(begun);
    let resolved = if ended_well {
        conflict::resolve(system, entry, Choice::Text(text))
    } else {
        Err(Problem::failed("the editor did not end well, so nothing is settled"))
    };
    // What nobody typed is not worth a readable copy.
    resolved.map_err(|problem| if unchanged { problem } else { kept(draft, entry, problem) })
}

/// The problem, and how the text is had that it kept from being stored.
fn kept(draft: Draft, entry: &EntryPath, problem: Problem) -> Problem {
    let file = draft.keep();
    let (word, name) = (text::shell_word(&file), text::shell_word(entry.as_os_str().as_ref()));
    let folder = file.parent().map(text::shell_word).unwrap_or_default();
    problem
        .hint(format!("the text is kept, readable, in {}", text::quoted_path(&file)))
        .hint(format!("to store it: regpass resolve {name} --stdin < {word}"))
        .hint(format!("then, or if it is not wanted: rm -r {folder}"))
}

impl ChoiceArgs {
    fn choice(&self) -> Result<Choice, Problem> {
        if self.stdin {
            return read_all(&mut io::stdin()).map(Choice::Text);
        }
        let chosen = [(self.ours, Choice::Ours), (self.theirs, Choice::Theirs), (self.base, Choice::Base)];
        Ok(chosen.into_iter().find(|(given, _)| *given).map_or(Choice::Merged, |(_, choice)| choice))
    }
}

fn tell(console: &Console, entry: Option<&EntryPath>, resolved: &Resolved) {
    if let Some(entry) = entry {
        console.status(&format!("{} is settled", text::quoted(entry.as_bytes())));
    }
    let left: Vec<String> = resolved.left.names().map(|name| name.display().into_owned()).collect();
    match resolved.concluded {
        _ if !left.is_empty() => console.status(&format!("left: {}", left.join(", "))),
        Some(Concluded::Done) => console.advice("nothing is left; finished. Send it: regpass sync"),
        Some(Concluded::Nothing) => console.status("nothing is left; it is not committed yet"),
        Some(Concluded::MoreConflicts) => console.advice("the next commit has conflicts too: regpass conflicts"),
        None if entry.is_none() && resolved.warnings.is_empty() => console.status("there is nothing to finish"),
        None => {}
    }
}

/// `schema` 1 of docs/json.md, `resolve`.
fn as_json(resolved: &Resolved) -> Value {
    let mut answer = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    answer.insert("finished".to_owned(), (resolved.concluded == Some(Concluded::Done)).into());
    answer.insert("left".to_owned(), resolved.left.names().map(path).collect());
    Value::Object(answer)
}
