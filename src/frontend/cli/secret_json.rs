//! JSON answers with a secret in them, built in buffers that are wiped, which serde_json's values are not. Only for what
//! the person asked to see.

use serde_json::{Map, Value};

use crate::frontend::console::{json_escape, json_text};
use crate::model::Secret;

/// The object's text without its closing brace, with room for `more` bytes.
pub(super) fn open(head: Map<String, Value>, more: usize) -> Secret {
    let head = json_text(&Value::Object(head));
    let mut answer = Secret::with_capacity(head.len() + 64 + more);
    answer.push(head.trim_end_matches(['\n', '}']).as_bytes());
    answer
}

/// The object with one more field. Bytes that are not UTF-8 become U+FFFD.
pub(super) fn with(head: Map<String, Value>, field: &str, value: &Secret) -> Secret {
    let mut answer = open(head, 2 * value.len() + field.len());
    answer.push(b",\n  ");
    push_string(&mut answer, field);
    answer.push(b": \"");
    for chunk in value.expose().utf8_chunks() {
        push_escaped(&mut answer, chunk.valid());
        if !chunk.invalid().is_empty() {
            push_escaped(&mut answer, "\u{fffd}");
        }
    }
    answer.push(b"\"\n}\n");
    answer
}

pub(super) fn push_string(answer: &mut Secret, text: &str) {
    answer.push(b"\"");
    push_escaped(answer, text);
    answer.push(b"\"");
}

fn push_escaped(answer: &mut Secret, text: &str) {
    for character in text.chars() {
        match json_escape(character) {
            Some(escape) => answer.push(escape.as_bytes()),
            None if matches!(character, '"' | '\\') => answer.push(&[b'\\', character as u8]),
            None => answer.push(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_field() {
        let head = Map::from_iter([("schema".to_owned(), 1.into())]);
        let json = with(head, "code", &Secret::new(b"a\"\\\x1b\xff".to_vec()));
        let value: Value = serde_json::from_slice(json.expose()).expect("JSON");
        assert_eq!(value, serde_json::json!({"schema": 1, "code": "a\"\\\u{1b}\u{fffd}"}));
    }
}
