//! The entries of `auths` as a login and a logout change them: the mark that Docker leaves beside a login that a helper keeps,
//! and an entry taken out as a whole. All else stays byte for byte as it was. What is in an entry is `edit`'s.

use std::ops::Range;

use super::auth_file::Layout;
use super::document::{self, pointer, pointer_to_server};
use super::edit::{self, EditError, check, once, outermost, spliced};
use super::spans::{self, Member};
use crate::model::Secret;

/// An entry, with a secret or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// As it stands there: what is before an `@` may be a password.
    pub server: String,
    /// RFC 6901, with what may be a password masked.
    pub pointer: String,
    /// False for a mark.
    pub holds: bool,
}

/// Every entry, in order.
pub fn listed(text: &Secret, layout: Layout) -> Result<Vec<Listed>, EditError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let (node, _) = document::parse(text.expose()).map_err(|_| EditError::Unfit)?;
    let below = |at: &str, entries: &document::Node| -> Vec<Listed> {
        let one = |(server, entry): &(String, document::Node)| Listed {
            server: server.clone(),
            pointer: pointer_to_server(at, server),
            holds: edit::holds(entry),
        };
        entries.members().iter().map(one).collect()
    };
    Ok(match layout {
        Layout::Flat => below("", &node),
        Layout::Nested => node.all("auths").flat_map(|(key, entries)| below(&pointer("", key), entries)).collect(),
    })
}

/// The text with an entry for this server, which is left alone where it is there. An empty text gets what Docker writes into a
/// new file (docker/cli `configfile.SaveToWriter`).
pub fn marked(text: &Secret, server: &str) -> Result<Secret, EditError> {
    let name = serde_json::to_string(server).map_err(|_| EditError::Unfit)?;
    if text.is_empty() {
        return Ok(Secret::new(format!("{{\n\t\"auths\": {{\n\t\t{name}: {{}}\n\t}}\n}}").into_bytes()));
    }
    check(text)?;
    let whole = outermost(text)?;
    let outer = spans::members(text.expose(), &whole).ok_or(EditError::Unfit)?;
    let new = match once(&outer, "auths")? {
        None => with_auths(text, &whole, &outer, &name),
        Some(auths) if &text.expose()[auths.value.clone()] == b"null" => {
            spliced(text, auths.value.clone(), of_one(&name).as_bytes())
        }
        Some(auths) => with_entry(text, &auths.value, server, &name)?,
    };
    check(&new)?;
    Ok(new)
}

/// The object of `auths` with this one mark, indented as Docker does.
fn of_one(name: &str) -> String {
    format!("{{\n\t\t{name}: {{}}\n\t}}")
}

fn with_auths(text: &Secret, whole: &Range<usize>, outer: &[Member], name: &str) -> Secret {
    let auths = format!("\"auths\": {}", of_one(name));
    match outer.first() {
        None => spliced(text, whole.start + 1..whole.end - 1, format!("\n\t{auths}\n").as_bytes()),
        Some(first) => before(text, whole, first, &auths),
    }
}

fn with_entry(text: &Secret, auths: &Range<usize>, server: &str, name: &str) -> Result<Secret, EditError> {
    let entries = spans::members(text.expose(), auths).ok_or(EditError::Unfit)?;
    if entries.iter().any(|entry| entry.key == server) {
        return Ok(text.part(0..text.len()));
    }
    Ok(match entries.first() {
        None => spliced(text, auths.clone(), of_one(name).as_bytes()),
        Some(first) => before(text, auths, first, &format!("{name}: {{}}")),
    })
}

/// A new first member; the gap before the one that was first is also the one after it.
fn before(text: &Secret, object: &Range<usize>, first: &Member, member: &str) -> Secret {
    let gap = &text.expose()[object.start + 1..first.key_at.start];
    let new = [gap, member.as_bytes(), b",", gap].concat();
    spliced(text, object.start + 1..first.key_at.start, &new)
}

/// The text without the entries of exactly these servers, as often as they are there.
pub fn without(text: &Secret, layout: Layout, servers: &[String]) -> Result<Secret, EditError> {
    let mut now = text.part(0..text.len());
    check(&now)?;
    while let Some((object, index)) = first_of(&now, layout, servers)? {
        let members = spans::members(now.expose(), &object).ok_or(EditError::Unfit)?;
        let cut = spans::cut(&object, &members, index).ok_or(EditError::Unfit)?;
        now = spliced(&now, cut, b"");
    }
    check(&now)?;
    Ok(now)
}

fn first_of(text: &Secret, layout: Layout, servers: &[String]) -> Result<Option<(Range<usize>, usize)>, EditError> {
    let bytes = text.expose();
    let whole = outermost(text)?;
    let outer = spans::members(bytes, &whole).ok_or(EditError::Unfit)?;
    let objects: Vec<Range<usize>> = match layout {
        Layout::Flat => vec![whole],
        // Docker takes all of them together.
        Layout::Nested => outer.iter().filter(|member| member.is("auths")).map(|member| member.value.clone()).collect(),
    };
    for object in objects {
        let Some(members) = spans::members(bytes, &object) else { continue };
        if let Some(index) = members.iter().position(|member| servers.contains(&member.key)) {
            return Ok(Some((object, index)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn text(secret: Secret) -> String {
        String::from_utf8(secret.expose().to_vec()).expect("text")
    }

    fn mark(before: &str) -> String {
        text(marked(&secret(before), "h.test:5000").expect("marked"))
    }

    fn strip(before: &str, servers: &[&str]) -> String {
        let servers: Vec<String> = servers.iter().map(|server| (*server).to_owned()).collect();
        text(without(&secret(before), Layout::Nested, &servers).expect("taken out"))
    }

    #[test]
    fn a_mark_is_what_docker_writes_and_all_else_stays() {
        // As docker 28.2.2 writes it into a folder without a file.
        let docker_s = "{\n\t\"auths\": {\n\t\t\"h.test:5000\": {}\n\t}\n}";
        assert_eq!(mark(""), docker_s);
        assert_eq!(mark("{}"), docker_s);
        assert_eq!(mark("{\n\t\"auths\": {}\n}"), docker_s);
        assert_eq!(mark("{\n\t\"auths\": null\n}"), docker_s);
        assert_eq!(mark(docker_s), docker_s);
        assert_eq!(
            mark("{\n\t\"credsStore\": \"pass\"\n}\n"),
            "{\n\t\"auths\": {\n\t\t\"h.test:5000\": {}\n\t},\n\t\"credsStore\": \"pass\"\n}\n"
        );
        assert_eq!(
            mark("{ \"Auths\": {\"x\": {\"auth\":\"a\"}}, \"new\": [1] }"),
            "{ \"Auths\": {\"h.test:5000\": {},\"x\": {\"auth\":\"a\"}}, \"new\": [1] }"
        );
    }

    #[test]
    fn what_is_not_sure_is_not_touched() {
        for broken in ["[]", "{", "{} x", "{\"auths\":{},\"AUTHS\":{}}", "{\"auths\":[]}", "{\"auths\":\"x\"}"] {
            assert!(marked(&secret(broken), "h").is_err(), "{broken}");
        }
    }

    #[test]
    fn entries_go_as_a_whole() {
        let all = r#"{"a":1,"auths":{"h":{"auth":"x","email":"e"},"other":{},"https://h":{}},"AUTHS":{"h":{}}}"#;
        assert_eq!(strip(all, &["h", "https://h"]), r#"{"a":1,"auths":{"other":{}},"AUTHS":{}}"#);
        assert_eq!(strip(all, &["none"]), all);
        let bare = secret(r#"{"registry2":{"auth":"x"}}"#);
        assert!(listed(&bare, Layout::Flat).expect("listed").iter().all(|one| one.holds));
        let flat = without(&secret(r#"{"h":{"auth":"x"},"o":{}}"#), Layout::Flat, &["h".to_owned()]).expect("out");
        assert_eq!(text(flat), r#"{"o":{}}"#);
        let listed = listed(&secret(all), Layout::Nested).expect("listed");
        let seen: Vec<(&str, &str, bool)> = listed.iter().map(|one| (&*one.server, &*one.pointer, one.holds)).collect();
        assert_eq!(
            seen,
            [
                ("h", "/auths/h", true),
                ("other", "/auths/other", false),
                ("https://h", "/auths/https:~1~1h", false),
                ("h", "/AUTHS/h", false)
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn a_mark_comes_and_goes(server in "[a-z0-9:./\"\\\\é]{1,20}", gap in "[ \n\t]{0,3}") {
            let before = format!("{{{gap}\"auths\":{gap}{{{gap}\"zzz.test\":{{}}}},\"x\":{gap}1}}");
            let there = marked(&secret(&before), &server).expect("marked");
            proptest::prop_assert!(document::parse(there.expose()).is_ok());
            let back = without(&there, Layout::Nested, std::slice::from_ref(&server)).expect("taken out");
            proptest::prop_assert_eq!(text(back), before);
        }
    }
}
