//! `regpass show`: one entry's plaintext, to stdout or the clipboard, because the person asked for exactly that.

use std::num::NonZeroUsize;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use zeroize::Zeroizing;

use super::Session;
use super::args::entry;
use super::{names, secret_json};
use crate::model::{EntryPath, EntryText, Problem, Secret, text};
use crate::ops::entries;
use crate::system::cipher::Asking;

const EXAMPLES: &str = "\
Examples:
  regpass show infra/db/root               the whole entry, byte for byte in a pipe
  regpass show infra/db/root --line 1      only its first line, the password
  regpass show infra/db/root --key user    only what follows user:
  regpass show infra/db/root --clip        copy the password instead of printing it
  regpass show infra/db/root --json        for programs (docs/json.md)";

/// Print an entry, or copy its password
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShowArgs {
    /// Its path in the store
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// Copy to the clipboard, cleared later; the password unless --line or --key says another
    #[arg(long, short, conflicts_with = "json")]
    clip: bool,

    /// Only this line, counted from 1
    #[arg(long, short, value_name = "N", conflicts_with = "json")]
    line: Option<NonZeroUsize>,

    /// Only the value of this key: the first line that starts with it and ": "
    #[arg(long, short, value_name = "KEY", conflicts_with_all = ["json", "line"])]
    key: Option<String>,

    /// One JSON object with the entry's lines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &ShowArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let plaintext = entries::show(&system, &args.entry, Asking::Allowed)?;
    if args.json {
        let store = entries::facts(&system, &args.entry)?.store;
        return session.console.secret(&as_json(&args.entry, &store, &plaintext));
    }
    if let Some(key) = &args.key {
        let mut value = value(plaintext, key, &args.entry)?;
        if args.clip {
            let name = text::quoted(args.entry.as_bytes());
            return super::clip::copy(session, &system, value, &format!("{} of {name}", text::quoted(key)));
        }
        value.push(b"\n");
        return session.console.secret(&value);
    }
    if args.clip {
        let mut wanted = line(&plaintext, args.line.unwrap_or(NonZeroUsize::MIN), &args.entry)?;
        drop(plaintext);
        wanted.trim_end(|byte| matches!(byte, b'\r' | b'\n'));
        return super::clip::copy(session, &system, wanted, &text::quoted(args.entry.as_bytes()));
    }
    match args.line {
        Some(number) => session.console.secret(&line(&plaintext, number, &args.entry)?),
        None => session.console.secret(&plaintext),
    }
}

/// What follows a key.
fn value(plaintext: Secret, key: &str, entry: &EntryPath) -> Result<Secret, Problem> {
    let text = EntryText::parse(plaintext);
    let line = text.field(key.as_bytes()).map(|line| text.value(line));
    line.ok_or_else(|| {
        Problem::not_found(format!("{} has no line with the key {}", text::quoted(entry.as_bytes()), text::quoted(key)))
    })
}

/// One line with its newline if it has one. A line that is not there, or blank, is told rather than answered empty.
fn line(plaintext: &Secret, number: NonZeroUsize, entry: &EntryPath) -> Result<Secret, Problem> {
    let lines = plaintext.expose().split_inclusive(|byte| *byte == b'\n');
    let mut start = 0;
    for (index, line) in lines.enumerate() {
        if index + 1 == number.get() && !line.trim_ascii().is_empty() {
            return Ok(plaintext.part(start..start + line.len()));
        }
        start += line.len();
    }
    Err(Problem::not_found(format!("{} has nothing on line {number}", text::quoted(entry.as_bytes()))))
}

/// `schema` 1 of docs/json.md, `show`: the lines, whose joining with newlines gives the plaintext back; or for bytes that
/// are not UTF-8 the plaintext in base64. Built in a buffer that is wiped, which serde_json's values are not.
fn as_json(entry: &EntryPath, store: &Path, plaintext: &Secret) -> Secret {
    let mut head = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    names::put(&mut head, "path", entry.as_bytes());
    names::put(&mut head, "store", store.as_os_str().as_encoded_bytes());
    let mut answer = secret_json::open(head, 2 * plaintext.len());
    match std::str::from_utf8(plaintext.expose()) {
        Ok(text) => {
            answer.push(b",\n  \"lines\": [");
            for (index, line) in text.split('\n').enumerate() {
                answer.push(if index == 0 { b"\n    " } else { b",\n    " });
                secret_json::push_string(&mut answer, line);
            }
            answer.push(b"\n  ]\n}\n");
        }
        Err(_) => {
            answer.push(b",\n  \"base64\": \"");
            answer.push(Zeroizing::new(STANDARD.encode(plaintext.expose())).as_bytes());
            answer.push(b"\"\n}\n");
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn secret(bytes: &[u8]) -> Secret {
        Secret::new(bytes.to_vec())
    }

    fn entry_path() -> EntryPath {
        EntryPath::parse("a/b").expect("a name")
    }

    #[test]
    fn lines_are_counted_from_one_and_never_empty() {
        let plaintext = secret(b"pw\nuser: x\n\nlast");
        let get = |number| {
            let number = NonZeroUsize::new(number).expect("not zero");
            line(&plaintext, number, &entry_path()).map(|line| line.expose().to_vec()).ok()
        };
        assert_eq!(get(1).as_deref(), Some(&b"pw\n"[..]));
        assert_eq!(get(2).as_deref(), Some(&b"user: x\n"[..]));
        assert_eq!(get(3), None);
        assert_eq!(get(4).as_deref(), Some(&b"last"[..]));
        assert_eq!(get(5), None);
    }

    #[test]
    fn json_gives_the_plaintext_back() {
        for text in ["", "pw", "pw\n", "a\"\\\u{1b}\u{9b}\r\n\té\u{202e}\nuser: x\n\n"] {
            let json = as_json(&entry_path(), Path::new("/s"), &secret(text.as_bytes()));
            let value: Value = serde_json::from_slice(json.expose()).expect("JSON");
            let lines: Vec<&str> =
                value["lines"].as_array().expect("lines").iter().map(|line| line.as_str().expect("text")).collect();
            assert_eq!(lines.join("\n"), text);
            assert_eq!((&value["schema"], &value["path"], &value["store"]), (&1.into(), &"a/b".into(), &"/s".into()));
        }
        let json = as_json(&entry_path(), Path::new("/s"), &secret(b"\xff\x00"));
        let value: Value = serde_json::from_slice(json.expose()).expect("JSON");
        assert_eq!((value["base64"].as_str(), value.get("lines")), (Some("/wA="), None));
    }
}
