//! `regpass history`: the versions that git keeps of an entry. Prints no secret.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::Session;
use super::args::entry;
use super::names;
use crate::frontend::console::{Console, Role};
use crate::model::{EntryPath, Problem, text, utc};
use crate::ops::history::{self, Content, Version};
use crate::system::git::Commit;

const EXAMPLES: &str = "\
Examples:
  regpass history mail/alice                 who changed it when, the newest first
  regpass history mail/alice --limit 3       only the last three
  regpass history mail/alice --json          for programs (docs/json.md)

Then:
  regpass diff mail/alice 2                  what changed since version 2
  regpass restore mail/alice 2               bring version 2 back";

/// Show the versions of an entry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct HistoryArgs {
    /// Its path in the store; one that was removed will do
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// At most this many versions, the newest
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50)]
    limit: usize,

    /// One JSON object with the versions
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &HistoryArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let versions = history::versions(&system, &args.entry, args.limit)?;
    if args.json {
        return session.console.json(&as_json(&args.entry, &versions));
    }
    let lines = versions.iter().map(|version| line(&session.console, &args.entry, version));
    session.console.data(&lines.collect::<String>())?;
    if versions.is_empty() {
        session.console.status(&format!("{} is not committed yet", text::quoted(args.entry.as_bytes())));
    }
    Ok(())
}

/// `schema` 1 of docs/json.md, `history`.
fn as_json(entry: &EntryPath, versions: &[Version]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|version| {
            let mut one = Map::from_iter([("number".to_owned(), version.number.into())]);
            one.extend(commit(&version.commit));
            names::put(&mut one, "path", version.path.as_ref().map_or(b"", EntryPath::as_bytes));
            let (word, why) = match &version.content {
                Content::Readable => ("readable", None),
                Content::Locked => ("locked", None),
                Content::Unreadable(why) => ("unreadable", Some(why)),
                Content::Removed => ("removed", None),
                Content::NoMessage => ("no-message", None),
            };
            one.insert("content".to_owned(), word.into());
            if let Some(why) = why {
                one.insert("why".to_owned(), why.as_str().into());
            }
            Value::Object(one)
        })
        .collect();
    let mut answer = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    names::put(&mut answer, "path", entry.as_bytes());
    answer.insert("versions".to_owned(), versions.into());
    Value::Object(answer)
}

/// A commit's own fields in JSON.
pub(super) fn commit(commit: &Commit) -> Map<String, Value> {
    let Commit { id, time, author, email, subject } = commit;
    let value = json!({
        "commit": id.as_str(), "time": utc::rfc3339(*time), "author": author, "email": email, "subject": subject,
    });
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// `2026-03-01 12:00  abc1234  Alice  Edit password …`, as text.
pub(super) fn commit_line(console: &Console, commit: &Commit) -> String {
    let time = utc::rfc3339(commit.time);
    let time = time.get(..16).unwrap_or_default().replace('T', " ");
    let [author, subject] = [&commit.author, &commit.subject].map(|text| text::escaped(text.as_bytes()));
    format!("{time}  {}  {author}  {subject}", console.paint(Role::Heading, commit.id.short()))
}

fn line(console: &Console, entry: &EntryPath, version: &Version) -> String {
    let mut line = format!("{:>3}  {}", version.number, commit_line(console, &version.commit));
    if let Some(path) = version.path.as_ref().filter(|path| *path != entry) {
        let _ = write!(line, "  {}", console.paint(Role::Muted, &format!("(as {})", path.display())));
    }
    let note = match &version.content {
        Content::Readable => None,
        Content::Locked => Some("the key is locked".to_owned()),
        Content::Unreadable(why) => Some(why.clone()),
        Content::Removed => Some("removed".to_owned()),
        Content::NoMessage => Some("not an entry then".to_owned()),
    };
    if let Some(note) = note {
        let _ = write!(line, "  {}", console.paint(Role::Warning, &format!("[{note}]")));
    }
    line + "\n"
}
