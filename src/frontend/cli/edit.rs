//! `regpass edit`: an entry's text changed in the person's own editor, or replaced from a pipe.

use std::io::{self, IsTerminal};

use super::args::entry;
use super::{Session, insert, names};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::entries::{self, Opened, Written};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::draft::Draft;
use crate::system::editor::{self, Patience};

const EXAMPLES: &str = "\
Examples:
  regpass edit mail/alice                   in $VISUAL or $EDITOR
  regpass edit --stdin mail/alice < text    all of its text anew, byte for byte

While it is edited the text lies in a private folder in memory, which is wiped and removed at the end.";

/// Change an entry's text
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct EditArgs {
    /// Its path in the store
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// Take the new text from standard input
    #[arg(long)]
    stdin: bool,

    /// Where no folder in memory can be had, edit on a disk
    #[arg(long, conflicts_with = "stdin")]
    allow_disk: bool,

    /// One JSON object that says whether it changed
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &EditArgs) -> Result<(), Problem> {
    let system = session.system()?;
    if !args.stdin
        && system.options.editor.is_none()
        && !(io::stdin().is_terminal() && session.console.out_is_terminal())
    {
        let word = text::shell_word(args.entry.as_os_str().as_ref());
        return Err(Problem::usage("there is no terminal for an editor, and $VISUAL and $EDITOR name none")
            .hint(format!("to give the text by a pipe: regpass insert --multiline {word}")));
    }
    entries::check_writable(&system, &args.entry)?;
    let written = if args.stdin {
        let text = insert::read_all(&mut io::stdin())?;
        let opened = entries::open(&system, &args.entry, Asking::Allowed)?;
        refuse_empty(&args.entry, &text)?;
        entries::edit(&system, &opened, text, "standard input")?
    } else {
        let opened = entries::open(&system, &args.entry, Asking::Allowed)?;
        in_editor(session, &system, &opened, args.allow_disk)?
    };
    written.warnings.iter().for_each(|warning| session.console.warning(warning));
    if args.json {
        return session.console.json(&names::written(&args.entry, written.changed));
    }
    let name = text::quoted(args.entry.as_bytes());
    session.console.status(&if written.changed { format!("stored {name}") } else { format!("{name} is unchanged") });
    Ok(())
}

/// The draft outlives the write: a text that cannot be stored is kept, and where it is is told.
fn in_editor(session: &Session, system: &System, opened: &Opened, allow_disk: bool) -> Result<Written, Problem> {
    let mut patience = Patience::begin()?;
    let words = editor::chosen(&session.env, system.options.editor.as_deref());
    let draft = Draft::make(&session.env, &opened.path, &opened.plaintext, allow_disk)?;
    let ended_well = editor::run(&session.env, &words, draft.file(), &mut patience)?;
    let name = text::quoted(opened.path.as_bytes());
    let text = draft.read().map_err(|error| {
        let told = Problem::from(error);
        Problem::failed(format!("the editor left no text for {name}, which stays as it is")).because(told.message)
    })?;
    let text = entries::from_editor(opened, text);
    let unchanged = text.same_as(&opened.plaintext);
    if opened.is_new() && text.is_empty() {
        return Err(Problem::cancelled(format!("nothing was written, so {name} was not made")));
    }
    if unchanged {
        return Ok(Written::default());
    }
    if !ended_well {
        let problem = Problem::failed(format!("the editor did not end well, so {name} stays as it is"));
        return Err(draft.keep_for(&opened.path, problem));
    }
    refuse_empty(&opened.path, &text)?;
    entries::edit(system, opened, text, &words.to_string_lossy())
        .map_err(|problem| draft.keep_for(&opened.path, problem))
}

fn refuse_empty(entry: &EntryPath, text: &Secret) -> Result<(), Problem> {
    if !text.is_empty() {
        return Ok(());
    }
    let name = text::quoted(entry.as_bytes());
    let word = text::shell_word(entry.as_os_str().as_ref());
    Err(Problem::usage(format!("the new text is empty, so {name} stays as it is"))
        .hint(format!("to remove the entry: regpass rm {word}")))
}
