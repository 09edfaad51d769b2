//! Names from outside on their way to a person or a program: escaped as text, lossless as JSON (docs/json.md).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::model::{EntryPath, text};
use crate::system::store::Unreadable;

/// The version of every JSON answer: raised when a field changes its meaning or goes.
pub(super) const SCHEMA: u32 = 1;

/// Adds `field`: the exact text, or for bytes that are not UTF-8 the text with each bad piece replaced by U+FFFD and the
/// exact bytes in base64 beside it, as `field_base64`.
pub(super) fn put(object: &mut Map<String, Value>, field: &str, bytes: &[u8]) {
    object.insert(field.to_owned(), String::from_utf8_lossy(bytes).into());
    if std::str::from_utf8(bytes).is_err() {
        object.insert(format!("{field}_base64"), STANDARD.encode(bytes).into());
    }
}

/// What a command did to one entry: `schema` 1 of docs/json.md, `edit`, `insert`, `restore`.
pub(super) fn written(path: &EntryPath, changed: bool) -> Value {
    let mut object = Map::from_iter([("schema".to_owned(), SCHEMA.into())]);
    put(&mut object, "path", path.as_bytes());
    object.insert("changed".to_owned(), changed.into());
    Value::Object(object)
}

/// What could not be listed, as every answer with a list carries it.
pub(super) fn unreadable(all: &[Unreadable]) -> Vec<Value> {
    all.iter()
        .map(|one| {
            let mut object = Map::new();
            put(&mut object, "path", one.path.as_os_str().as_encoded_bytes());
            object.insert("why".to_owned(), one.why.clone().into());
            Value::Object(object)
        })
        .collect()
}

/// The last part of a path, escaped.
pub(super) fn last(path: &EntryPath) -> String {
    text::escaped(path.name().as_encoded_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn text_stays_and_bytes_come_along() {
        let mut object = Map::new();
        put(&mut object, "path", "a\u{1b}é".as_bytes());
        put(&mut object, "store", b"/s/\xff");
        let expected = json!({"path": "a\u{1b}é", "store": "/s/\u{fffd}", "store_base64": "L3Mv/w=="});
        assert_eq!(Value::Object(object), expected);
    }
}
