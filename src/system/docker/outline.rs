//! Docker's `config.json` without its values: which members there are, the helpers and registries they name, and of all else
//! its kind and length. For showing to others; a secret never leaves here.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::document::{self, Node, folded};
use crate::model::{Secret, misplaced};
use crate::system::files;

/// The most that is read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The longest name of a helper that is told, in bytes.
const HELPER_MAX: usize = 64;

/// The outline, or in words, escaped, why there is none.
pub fn of(path: &Path) -> Result<Value, String> {
    let bytes = Secret::new(files::read_bounded(path, SIZE_MAX).map_err(|error| error.to_string())?);
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    let (node, _) = document::parse(bytes.expose())
        .map_err(|at| format!("it is not JSON: line {}, column {}", at.line, at.column))?;
    let members = node.members().iter().map(|(name, node)| (misplaced::name(name), member(name, node)));
    Ok(Value::Object(members.collect()))
}

fn member(name: &str, node: &Node) -> Value {
    match folded(name).as_str() {
        "credsstore" => plain(node),
        "credhelpers" => object(node, |name| misplaced::server(name), plain),
        "auths" => object(node, |name| misplaced::server(name), |entry| object(entry, misplaced::name, kind)),
        "httpheaders" => object(node, misplaced::name, kind),
        _ => kind(node),
    }
}

fn object(node: &Node, named: fn(&str) -> String, each: fn(&Node) -> Value) -> Value {
    if !node.is_map() {
        return kind(node);
    }
    let members: Map<String, Value> = node.members().iter().map(|(name, node)| (named(name), each(node))).collect();
    Value::Object(members)
}

/// A helper's name.
fn plain(node: &Node) -> Value {
    let Some(text) = node.text().filter(|text| text.len() <= HELPER_MAX) else { return kind(node) };
    misplaced::helper(&String::from_utf8_lossy(text.expose())).into()
}

fn kind(node: &Node) -> Value {
    match node {
        Node::Null => Value::Null,
        Node::Other => "a number or a truth value".into(),
        Node::Text(text) => format!("a text of {} bytes", text.len()).into(),
        Node::List(nodes) => format!("a list of {}", nodes.len()).into(),
        Node::Map(members) => format!("an object of {}", members.len()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_and_values_are_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("config.json");
        let text = r#"{"auths":{"u:hunter2@a.test":{"auth":"aHVudGVyMg==","email":"hunter2"}},"credsStore":"pass",
            "credHelpers":{"b.test":"gcr"},"HttpHeaders":{"X":"hunter2"},"odd":{"hunter2":1},"psFormat":"hunter2"}"#;
        std::fs::write(&file, text).expect("a file");
        let outline = of(&file).expect("JSON");
        assert_eq!(outline["auths"]["***@a.test"]["auth"], "a text of 12 bytes");
        assert_eq!((&outline["credsStore"], &outline["credHelpers"]["b.test"]), (&json!("pass"), &json!("gcr")));
        assert_eq!(outline["odd"], "an object of 1");
        assert!(!outline.to_string().contains("hunter2") && !outline.to_string().contains("aHVudGVy"), "{outline}");
        std::fs::write(&file, "{\n\"hunter2").expect("a file");
        assert!(of(&file).is_err_and(|why| why.contains("line 2") && !why.contains("hunter2")));
    }
}
