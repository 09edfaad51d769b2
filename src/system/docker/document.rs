//! JSON as it stands in a file: the order and the repetition of keys are kept, texts are wiped when they are dropped. For
//! files that hold logins and are looked at, not only understood; reads only. Which member Docker takes for what is told
//! here, as Go's decoder has it. Called by the files of this room, and for the answers of servers by `registry`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::model::{Secret, misplaced};

/// A value.
#[derive(Debug)]
pub(in crate::system) enum Node {
    /// Neither a text nor a container; only that it is there matters.
    Other,
    Null,
    Text(Secret),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Where a file stops being JSON; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    pub line: usize,
    pub column: usize,
}

/// The first value of the file, and whether something stands behind it: Docker reads the first value only (docker/cli
/// `LoadFromReader`, a Go `json.Decoder`).
pub(in crate::system) fn parse(bytes: &[u8]) -> Result<(Node, bool), Broken> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let at = |error: serde_json::Error| Broken { line: error.line(), column: error.column() };
    let node = Node::deserialize(&mut deserializer).map_err(at)?;
    let more = deserializer.end().is_err();
    Ok((node, more))
}

impl Node {
    /// The members of an object; none of anything else.
    pub(super) fn members(&self) -> &[(String, Node)] {
        match self {
            Node::Map(members) => members,
            _ => &[],
        }
    }

    /// The members that Go's decoder takes for that field.
    pub(super) fn all<'n, 'a>(
        &'n self,
        name: &'a str,
    ) -> impl DoubleEndedIterator<Item = (&'n str, &'n Node)> + use<'n, 'a> {
        self.members().iter().filter(move |(key, _)| is_named(key, name)).map(|(key, node)| (key.as_str(), node))
    }

    /// The last one that is not null: a null leaves what an earlier one said (encoding/json, `Unmarshal`).
    pub(in crate::system) fn get(&self, name: &str) -> Option<&Node> {
        self.all(name).map(|(_, node)| node).rfind(|node| !matches!(node, Node::Null))
    }

    /// What a field is that is a map: one member after the other goes into it, the last of a key counts, and a null empties
    /// it.
    pub(super) fn entries(&self, name: &str) -> BTreeMap<&str, &Node> {
        let mut found = BTreeMap::new();
        for (_, node) in self.all(name) {
            if let Node::Null = node {
                found.clear();
            }
            found.extend(node.members().iter().map(|(key, node)| (key.as_str(), node)));
        }
        found
    }

    /// A member that Go's decoder would take for something else than it is to be: neither null nor what `fits` says.
    pub(super) fn is_null_or(&self, fits: impl Fn(&Node) -> bool) -> bool {
        matches!(self, Node::Null) || fits(self)
    }

    pub(in crate::system) fn is_map(&self) -> bool {
        matches!(self, Node::Map(_))
    }

    pub(in crate::system) fn text(&self) -> Option<&Secret> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The pointers of keys that an object has twice.
    pub(super) fn repeated(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.find_repeated("", &mut found);
        found
    }

    fn find_repeated(&self, at: &str, found: &mut Vec<String>) {
        match self {
            Node::Map(members) => {
                let (mut seen, mut told) = (BTreeSet::new(), BTreeSet::new());
                for (key, node) in members {
                    let below = pointer(at, key);
                    if !seen.insert(key) && told.insert(key) {
                        found.push(below.clone());
                    }
                    node.find_repeated(&below, found);
                }
            }
            Node::List(nodes) => {
                for (index, node) in nodes.iter().enumerate() {
                    node.find_repeated(&pointer(at, &index.to_string()), found);
                }
            }
            Node::Other | Node::Null | Node::Text(_) => {}
        }
    }
}

/// True when Go's decoder takes a key for the field of that name (encoding/json, `foldName`).
pub(super) fn is_named(key: &str, name: &str) -> bool {
    key.chars().map(fold).eq(name.chars().map(fold))
}

/// A key as one compares it.
pub(super) fn folded(key: &str) -> String {
    key.chars().map(fold).collect()
}

/// Unicode's simple case folding, as far as it leads to ASCII.
fn fold(character: char) -> char {
    match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    }
}

/// One step further down (RFC 6901, section 3), what may be a secret in the key masked.
pub fn pointer(at: &str, key: &str) -> String {
    step(at, &if holds_servers(at) { misplaced::server(key) } else { misplaced::name(key) })
}

/// The same where the key is a server's name wherever it stands.
pub(super) fn pointer_to_server(at: &str, server: &str) -> String {
    step(at, &misplaced::server(server))
}

fn step(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// True for the pointer of a member whose keys are servers' names.
fn holds_servers(at: &str) -> bool {
    at.strip_prefix('/').is_some_and(names_servers)
}

/// True for members of `config.json` whose keys are servers' names.
pub(super) fn names_servers(member: &str) -> bool {
    ["auths", "credHelpers"].iter().any(|name| is_named(member, name))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(Secret::new(text.as_bytes().to_vec())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = items.next_entry()? {
            members.push(member);
        }
        Ok(Node::Map(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repeated_keys_stay() {
        let (node, more) = parse(br#"{"b":1,"a":{"x":"1","x/y":[{"k":1,"k":2}],"x":"2"},"b":null}"#).expect("JSON");
        assert!(!more);
        assert_eq!(node.members().iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
        assert_eq!(node.repeated(), ["/a/x~1y/0/k", "/a/x", "/b"]);
        let last = node.get("a").and_then(|a| a.get("x")).and_then(Node::text).expect("a text");
        assert!(last.same_as(&Secret::new(b"2".to_vec())));
    }

    #[test]
    fn of_several_members_what_go_makes_of_them() {
        let text = "{\"A\":\"1\",\"a\":null,\"cred\u{17f}Store\":\"x\",\"m\":{\"gone\":1},\"m\":null,\"M\":{\"b\":\"1\",\"c\":1},\"m\":{\"b\":null}}";
        let (node, _) = parse(text.as_bytes()).expect("JSON");
        assert_eq!(node.get("a").and_then(Node::text).map(|text| text.len()), Some(1), "null leaves it");
        assert!(node.get("credsStore").is_some() && node.get("creds").is_none());
        let entries = node.entries("m");
        assert_eq!(entries.keys().copied().collect::<Vec<_>>(), ["b", "c"]);
        assert!(matches!(entries["b"], Node::Null));
        assert!(is_named("to\u{212a}en", "TOKEN") && !is_named("toxen", "token"));
    }

    #[test]
    fn the_place_of_the_fault_is_told() {
        assert_eq!(parse(b"{\n \"a\": }").expect_err("no JSON"), Broken { line: 2, column: 7 });
        assert_eq!(parse(b"\xef\xbb\xbf{}").expect_err("a byte order mark"), Broken { line: 1, column: 1 });
        assert!(parse(b"{} }").expect("the first value").1);
        assert!(parse(&b"[".repeat(100_000)).is_err(), "depth is bounded");
    }
}
