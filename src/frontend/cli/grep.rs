//! `regpass grep`: lines inside entries. Prints what matches, because the person asked for exactly that; names only, and
//! JSON, hold no line unless told so.

use serde_json::{Map, Value};

use super::args::folder;
use super::interrupts::cancel_on_interrupt;
use super::progress::Line;
use super::secret_json::push_string;
use super::{Session, ls, names, reencrypt};
use crate::frontend::console::{Console, Role, json_text};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::grep::{self, Hit, Pattern, Searched};
use crate::system::store::Stores;

const EXAMPLES: &str = "\
Examples:
  regpass grep 'user: *alice'          lines that match, under the name of their entry
  regpass grep --fixed -i Alice mail   a text in any case, only below one folder
  regpass grep --names token           only the names of the entries
  regpass grep --json token            names and line numbers for programs; the lines with --reveal";

/// Find lines inside entries; decrypts all of them
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct GrepArgs {
    /// A regular expression, as the Rust library "regex" reads it
    #[arg(value_name = "PATTERN")]
    pattern: String,

    /// Only what lies below this folder
    #[arg(value_name = "PATH", value_parser = folder())]
    path: Option<EntryPath>,

    /// Take the pattern as plain text
    #[arg(long, short = 'F')]
    fixed: bool,

    /// Upper and lower case are the same
    #[arg(long, short)]
    ignore_case: bool,

    /// Only the entries' names
    #[arg(long, short = 'l', conflicts_with_all = ["json", "reveal"])]
    names: bool,

    /// One JSON object with names and line numbers
    #[arg(long)]
    json: bool,

    /// The lines themselves too, in JSON
    #[arg(long, requires = "json")]
    reveal: bool,
}

/// The most entries named one by one that could not be read: a store shared by many holds many for others.
const FAILED_SHOWN: usize = 10;

pub(super) fn run(session: &Session, args: &GrepArgs) -> Result<(), Problem> {
    let console = &session.console;
    let pattern = Pattern::new(&args.pattern, args.fixed, args.ignore_case)?;
    let system = session.system()?;
    let path = args.path.clone().unwrap_or_default();
    let cancel = cancel_on_interrupt()?;
    let mut kept = Vec::new();
    let mut hits = 0_usize;
    let line = Line::new(console, "searching");
    let searched = grep::search(&system, &pattern, &path, &line, &cancel, |hit| {
        hits += 1;
        if args.json {
            kept.push(hit);
            return Ok(());
        }
        if args.names { console.data(&format!("{}\n", hit.entry.display())) } else { print(console, &hit) }
    })?;
    drop(line);
    if args.json {
        return console.secret(&as_json(&kept, &searched, args.reveal, system.stores()?));
    }
    ls::warn_of(console, &searched.unreadable);
    searched.failed.iter().take(FAILED_SHOWN).for_each(|failed| console.warning(&failed.problem));
    let unread = searched.failed.len();
    if unread > FAILED_SHOWN {
        console.status(&format!("{} more could not be read", unread - FAILED_SHOWN));
    }
    match (hits, unread) {
        (0, 0) => Err(Problem::not_found(format!(
            "no line of {} matches {}",
            reencrypt::counted(searched.entries),
            text::quoted(&args.pattern)
        ))),
        (0, _) => Err(Problem::failed(format!(
            "nothing was found, but {} of {} could not be read",
            unread,
            reencrypt::counted(searched.entries + unread)
        ))),
        _ => Ok(()),
    }
}

/// On a terminal the name once and its lines below; in a pipe `NAME:NUMBER:LINE`, the line's bytes as they are.
fn print(console: &Console, hit: &Hit) -> Result<(), Problem> {
    let name = hit.entry.display();
    if console.out_is_terminal() {
        console.data(&format!("{}\n", console.paint(Role::Heading, &name)))?;
    }
    for line in &hit.lines {
        let number = line.number;
        let front = if console.out_is_terminal() { format!("{number:>5}  ") } else { format!("{name}:{number}:") };
        let mut whole = Secret::with_capacity(front.len() + line.text.len() + 1);
        whole.push(front.as_bytes());
        whole.push(line.text.expose());
        whole.push(b"\n");
        console.secret(&whole)?;
    }
    if hit.more > 0 {
        console.status(&format!("{} more lines of {} match", hit.more, text::quoted(hit.entry.as_bytes())));
    }
    Ok(())
}

/// `schema` 1 of docs/json.md, `grep`. Built in a buffer that is wiped, as it may hold lines.
fn as_json(hits: &[Hit], searched: &Searched, reveal: bool, stores: &Stores) -> Secret {
    let named = |entry: &EntryPath| {
        let mut object = Map::new();
        names::put(&mut object, "path", entry.as_bytes());
        let root = stores.locate(entry).0.root();
        names::put(&mut object, "store", root.as_os_str().as_encoded_bytes());
        object
    };
    let failed = searched.failed.iter().map(|failed| {
        let mut object = named(&failed.entry);
        object.insert("why".to_owned(), failed.problem.one_line().into());
        Value::Object(object)
    });
    let rest = Map::from_iter([
        ("searched".to_owned(), searched.entries.into()),
        ("failed".to_owned(), failed.collect()),
        ("unreadable".to_owned(), names::unreadable(&searched.unreadable).into()),
    ]);
    let mut answer = Secret::default();
    answer.push(format!("{{\n  \"schema\": {},\n  \"entries\": [", names::SCHEMA).as_bytes());
    for (index, hit) in hits.iter().enumerate() {
        let mut object = named(&hit.entry);
        object.insert("more".to_owned(), hit.more.into());
        let head = json_text(&Value::Object(object));
        answer.push(if index == 0 { b"\n" } else { b",\n" });
        answer.push(indented(head.trim_end_matches(['\n', '}']), "    ").as_bytes());
        answer.push(b",\n      \"lines\": [");
        for (index, line) in hit.lines.iter().enumerate() {
            answer.push(if index == 0 { b"\n" } else { b",\n" });
            answer.push(format!("        {{\"number\": {}", line.number).as_bytes());
            if reveal {
                push_line(&mut answer, &line.text);
            }
            answer.push(b"}");
        }
        answer.push(b"\n      ]\n    }");
    }
    answer.push(if hits.is_empty() { b"],\n" } else { b"\n  ],\n" });
    answer.push(json_text(&Value::Object(rest)).trim_start_matches("{\n").as_bytes());
    answer
}

fn indented(text: &str, by: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("{by}{line}")).collect();
    lines.join("\n")
}

/// The text of a line, or its bytes in base64 when they are not UTF-8.
fn push_line(answer: &mut Secret, line: &Secret) {
    use base64::Engine;
    match std::str::from_utf8(line.expose()) {
        Ok(text) => {
            answer.push(b", \"text\": ");
            push_string(answer, text);
        }
        Err(_) => {
            answer.push(b", \"base64\": \"");
            let encoded = base64::engine::general_purpose::STANDARD.encode(line.expose());
            answer.push(zeroize::Zeroizing::new(encoded).as_bytes());
            answer.push(b"\"");
        }
    }
}
