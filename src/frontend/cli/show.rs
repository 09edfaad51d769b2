//! `regpass show`: one entry's plaintext, to stdout or the clipboard, because the person asked for exactly that.

use std::num::NonZeroUsize;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::Session;
use super::args::entry;
use super::names;
use crate::frontend::console::{json_escape, json_text};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::entries;
use crate::system::cipher::Asking;

const EXAMPLES: &str = "\
Examples:
  regpass show infra/db/root               the whole entry, byte for byte in a pipe
  regpass show infra/db/root --line 1      only its first line, the password
  regpass show infra/db/root --clip        copy the password instead of printing it
  regpass show infra/db/root --json        for programs (docs/json.md)";

/// Print an entry, or copy its password
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShowArgs {
    /// Its path in the store
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// Copy to the clipboard, cleared later; the first line unless --line says another
    #[arg(long, short, conflicts_with = "json")]
    clip: bool,

    /// Only this line, counted from 1
    #[arg(long, short, value_name = "N", conflicts_with = "json")]
    line: Option<NonZeroUsize>,

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
    let head = json_text(&Value::Object(head));
    let mut answer = Secret::with_capacity(head.len() + 64 + 2 * plaintext.len());
    answer.push(head.trim_end_matches(['\n', '}']).as_bytes());
    match std::str::from_utf8(plaintext.expose()) {
        Ok(text) => {
            answer.push(b",\n  \"lines\": [");
            for (index, line) in text.split('\n').enumerate() {
                answer.push(if index == 0 { b"\n    " } else { b",\n    " });
                push_json_string(&mut answer, line);
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

pub(super) fn push_json_string(answer: &mut Secret, text: &str) {
    answer.push(b"\"");
    for character in text.chars() {
        match json_escape(character) {
            Some(escape) => answer.push(escape.as_bytes()),
            None if matches!(character, '"' | '\\') => answer.push(&[b'\\', character as u8]),
            None => answer.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    answer.push(b"\"");
}

#[cfg(test)]
mod tests {
    use super::*;

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
