//! Changes of a file with logins: a login taken out of it, a helper named in it, a key called right. All else stays byte for
//! byte as it was, with its order and what nobody here knows. What is not plain JSON, or says a thing twice, is not touched.

use std::collections::BTreeSet;
use std::ops::Range;

use super::auth_file::{HOLDERS, Layout};
use super::document::{self, Node, pointer, pointer_to_server};
pub use super::entry_index::{EntryIndex, Unmovable};
use super::spans::{self, Member};
use crate::model::{Credential, Secret, misplaced, text};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The secret and the user's name of this server go; what else its entry has stays, and so does the entry, which is the
    /// mark that Docker leaves itself.
    Empty { layout: Layout, server: String },
    /// `credsStore` names this helper, where it named none.
    CredsStore(String),
    /// `credsStore` goes where `CredsStore` would put it.
    NoCredsStore(String),
    /// `credHelpers` names this helper for one registry, where it named none.
    CredHelper { server: String, helper: String },
    /// An outermost key gets another name.
    Rename { from: String, to: String },
    /// A registry of `credHelpers` gets another name.
    RenameRegistry { from: String, to: String },
    /// Of an outermost setting that is there several times, the last one stays, which is the one that counts.
    KeepLast(String),
}

impl Edit {
    /// True for two that are made in one pass: a file may have thousands of logins.
    fn goes_with(&self, next: &Edit) -> bool {
        match (self, next) {
            (Edit::Empty { layout, .. }, Edit::Empty { layout: other, .. }) => layout == other,
            (Edit::CredHelper { .. }, Edit::CredHelper { .. }) => true,
            _ => false,
        }
    }

    fn emptied(&self) -> Option<&str> {
        if let Edit::Empty { server, .. } = self { Some(server) } else { None }
    }

    fn own_helper(&self) -> Option<(&str, &str)> {
        if let Edit::CredHelper { server, helper } = self { Some((server, helper)) } else { None }
    }
}

/// An entry with a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it stands there: what is before an `@` may be a password.
    pub server: String,
    /// RFC 6901, with what may be a password masked: the front of those of its findings.
    pub pointer: String,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EditError {
    #[error("it is not JSON, or not what Docker expects there")]
    Unfit,
    #[error("something stands behind the JSON object")]
    More,
    #[error("{} is there twice", text::quoted(.0))]
    Repeated(String),
    #[error("{} is not there any more", text::quoted(.0))]
    Gone(String),
    #[error("{} is there already", text::quoted(.0))]
    Taken(String),
    #[error("{} is an object, and Docker takes all of them together", text::quoted(.0))]
    Merged(String),
}

/// The entries that hold a secret, in order.
pub fn entries(text: &Secret, layout: Layout) -> Result<Vec<Entry>, EditError> {
    let bytes = text.expose();
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let (node, _) = document::parse(bytes).map_err(|_| EditError::Unfit)?;
    let below = |at: &str, entries: &Node| -> Vec<Entry> {
        let held = entries.members().iter().filter(|(_, entry)| holds(entry));
        held.map(|(server, _)| Entry { server: server.clone(), pointer: pointer_to_server(at, server) }).collect()
    };
    Ok(match layout {
        Layout::Flat => below("", &node),
        Layout::Nested => node.all("auths").flat_map(|(key, entries)| below(&pointer("", key), entries)).collect(),
    })
}

/// Whether an entry holds a secret.
pub(super) fn holds(entry: &Node) -> bool {
    let named = |name: &str| entry.get(name).and_then(Node::text).is_some_and(|text| !text.is_empty());
    HOLDERS.iter().any(|name| named(name))
}

/// The login of an entry: for one of them; for all, an `EntryIndex`.
pub fn credential(text: &Secret, layout: Layout, server: &str) -> Result<Credential, Unmovable> {
    EntryIndex::of(text, layout)?.credential(server)
}

/// The text with all these changes made, one after the other.
pub fn edited(text: &Secret, edits: &[Edit]) -> Result<Secret, EditError> {
    let mut now = text.part(0..text.len());
    if now.is_empty() {
        now = Secret::new(b"{}\n".to_vec());
    }
    check(&now)?;
    for run in edits.chunk_by(Edit::goes_with) {
        now = match run {
            [Edit::Empty { layout, .. }, ..] => {
                let servers = run.iter().filter_map(Edit::emptied);
                EntryIndex::of(&now, *layout)?.emptied(servers)?
            }
            [Edit::CredHelper { .. }, ..] => with_own_helpers(&now, run.iter().filter_map(Edit::own_helper))?,
            [Edit::CredsStore(helper)] => with_helper(&now, helper)?,
            [Edit::NoCredsStore(helper)] => without_helper(&now, helper)?,
            [Edit::Rename { from, to }] => renamed(&now, &outermost(&now)?, from, to)?,
            [Edit::RenameRegistry { from, to }] => renamed(&now, &named(&now, "credHelpers")?, from, to)?,
            [Edit::KeepLast(key)] => with_last(now, key)?,
            _ => return Err(EditError::Unfit),
        };
    }
    check(&now)?;
    Ok(now)
}

/// The text as anybody may see it, line for line; None for one that is no JSON object and nothing else.
pub fn veiled(text: &Secret) -> Option<String> {
    check(text).ok()?;
    spans::veiled(text.expose())
}

pub(super) fn check(text: &Secret) -> Result<(), EditError> {
    match document::parse(text.expose()) {
        Ok((node, false)) if node.is_map() => Ok(()),
        Ok((_, true)) => Err(EditError::More),
        _ => Err(EditError::Unfit),
    }
}

pub(super) fn outermost(text: &Secret) -> Result<Range<usize>, EditError> {
    spans::outermost(text.expose()).ok_or(EditError::Unfit)
}

/// The value of an outermost member.
fn named(text: &Secret, name: &str) -> Result<Range<usize>, EditError> {
    let members = spans::members(text.expose(), &outermost(text)?).ok_or(EditError::Unfit)?;
    once(&members, name)?.map(|member| member.value.clone()).ok_or_else(|| EditError::Gone(name.to_owned()))
}

fn with_helper(text: &Secret, helper: &str) -> Result<Secret, EditError> {
    let bytes = text.expose();
    let whole = outermost(text)?;
    let members = spans::members(bytes, &whole).ok_or(EditError::Unfit)?;
    let value = serde_json::to_string(helper).map_err(|_| EditError::Unfit)?;
    if let Some(member) = once(&members, "credsStore")? {
        return match &bytes[member.value.clone()] {
            b"\"\"" | b"null" => Ok(spliced(text, member.value.clone(), value.as_bytes())),
            _ => Err(EditError::Taken("credsStore".to_owned())),
        };
    }
    Ok(with_members(text, &whole, &members, &[format!("\"credsStore\": {value}")]))
}

/// What putting it there again would make the same text of.
fn without_helper(text: &Secret, helper: &str) -> Result<Secret, EditError> {
    let gone = || EditError::Gone("credsStore".to_owned());
    let whole = outermost(text)?;
    let members = spans::members(text.expose(), &whole).ok_or(EditError::Unfit)?;
    members.first().filter(|first| first.is("credsStore")).ok_or_else(gone)?;
    let cut = spans::cut(&whole, &members, 0).ok_or(EditError::Unfit)?;
    let without = spliced(text, cut, b"");
    let again = with_helper(&without, helper).map_err(|_| gone())?;
    if again.same_as(text) { Ok(without) } else { Err(gone()) }
}

fn with_own_helpers<'e>(text: &Secret, helpers: impl Iterator<Item = (&'e str, &'e str)>) -> Result<Secret, EditError> {
    let bytes = text.expose();
    let json = |text: &str| serde_json::to_string(text).map_err(|_| EditError::Unfit);
    let whole = outermost(text)?;
    let outer = spans::members(bytes, &whole).ok_or(EditError::Unfit)?;
    let own = match once(&outer, "credHelpers")? {
        Some(own) => Some((&own.value, spans::members(bytes, &own.value).ok_or(EditError::Unfit)?)),
        None => None,
    };
    let mut taken: BTreeSet<&str> =
        own.iter().flat_map(|(_, members)| members).map(|member| member.key.as_str()).collect();
    let mut new = Vec::new();
    for (server, helper) in helpers {
        if !taken.insert(server) {
            return Err(EditError::Taken(misplaced::server(server)));
        }
        new.push(format!("{}: {}", json(server)?, json(helper)?));
    }
    Ok(match &own {
        Some((object, members)) => with_members(text, object, members, &new),
        None => with_members(text, &whole, &outer, &[format!("\"credHelpers\": {{{}}}", new.join(","))]),
    })
}

/// New first members of an object.
fn with_members(text: &Secret, object: &Range<usize>, members: &[Member], new: &[String]) -> Secret {
    let bytes = text.expose();
    // The gap before the first member is also the one after each new one.
    let (gap, more) = match members.first() {
        Some(first) => (&bytes[object.start + 1..first.key_at.start], true),
        None => (&b"\n\t"[..], false),
    };
    let mut put = gap.to_vec();
    for (index, member) in new.iter().enumerate() {
        put.extend_from_slice(member.as_bytes());
        if more || index + 1 < new.len() {
            put.extend_from_slice(b",");
            put.extend_from_slice(gap);
        }
    }
    put.extend_from_slice(if more { b"" } else { b"\n" });
    let end = members.first().map_or(object.end - 1, |first| first.key_at.start);
    spliced(text, object.start + 1..end, &put)
}

fn with_last(mut text: Secret, key: &str) -> Result<Secret, EditError> {
    loop {
        let whole = outermost(&text)?;
        let bytes = text.expose();
        let members = spans::members(bytes, &whole).ok_or(EditError::Unfit)?;
        let own: Vec<usize> = (0..members.len()).filter(|index| members[*index].key == key).collect();
        if own.iter().any(|index| matches!(bytes[members[*index].value.start], b'{' | b'[')) {
            return Err(EditError::Merged(misplaced::name(key)));
        }
        let [first, _, ..] = own[..] else { return Ok(text) };
        let cut = spans::cut(&whole, &members, first).ok_or(EditError::Unfit)?;
        text = spliced(&text, cut, b"");
    }
}

fn renamed(text: &Secret, object: &Range<usize>, from: &str, to: &str) -> Result<Secret, EditError> {
    let members = spans::members(text.expose(), object).ok_or(EditError::Unfit)?;
    if let Some(other) = members.iter().find(|member| member.is(to) && member.key != from) {
        return Err(EditError::Taken(misplaced::name(&other.key)));
    }
    let mut meant = members.iter().filter(|member| member.key == from);
    let (Some(member), None) = (meant.next(), meant.next()) else { return Err(EditError::Gone(misplaced::name(from))) };
    let name = serde_json::to_string(to).map_err(|_| EditError::Unfit)?;
    Ok(spliced(text, member.key_at.clone(), name.as_bytes()))
}

/// The member of that name in any case, which Docker takes for the same (Go, encoding/json).
pub(super) fn once<'m>(members: &'m [Member], name: &str) -> Result<Option<&'m Member>, EditError> {
    let mut own = members.iter().filter(|member| member.is(name));
    match (own.next(), own.next()) {
        (_, Some(_)) => Err(EditError::Repeated(name.to_owned())),
        (found, None) => Ok(found),
    }
}

pub(super) fn spliced(text: &Secret, cut: Range<usize>, with: &[u8]) -> Secret {
    let bytes = text.expose();
    let mut new = Secret::with_capacity(bytes.len() + with.len());
    [&bytes[..cut.start], with, &bytes[cut.end..]].iter().for_each(|part| new.push(part));
    new
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn done(text: &str, edits: &[Edit]) -> Result<String, EditError> {
        edited(&secret(text), edits).map(|new| String::from_utf8(new.expose().to_vec()).expect("text"))
    }

    fn empty(server: &str) -> Edit {
        Edit::Empty { layout: Layout::Nested, server: server.to_owned() }
    }

    const FILE: &str = "{\n\t\"auths\": {\n\t\t\"a.test\": {\n\t\t\t\"auth\": \"Ym9iOnB3\"\n\t\t},\n\t\t\"b.test\": {\n\t\t\t\"email\": \"b@b\",\n\t\t\t\
                        \"auth\": \"Ym9iOnB3\",\n\t\t\t\"odd\": [1,  2]\n\t\t}\n\t},\n\t\"zoo\": {\"x\":1}, \"HttpHeaders\": {}\n}\n";

    #[test]
    fn a_login_goes_and_all_else_stays_byte_for_byte() {
        let one = FILE.replacen("{\n\t\t\t\"auth\": \"Ym9iOnB3\"\n\t\t}", "{}", 1);
        assert_eq!(done(FILE, &[empty("a.test")]).expect("edited"), one);
        let both = one.replace("\"auth\": \"Ym9iOnB3\",\n\t\t\t", "");
        assert_eq!(done(FILE, &[empty("a.test"), empty("b.test")]).expect("edited"), both);
        let flat = Edit::Empty { layout: Layout::Flat, server: "a".to_owned() };
        assert_eq!(
            done(r#"{"a":{"username":"u","AUTH":"eDp5","email":"e"}}"#, &[flat]).expect("edited"),
            r#"{"a":{"email":"e"}}"#
        );
    }

    #[test]
    fn a_helper_is_named_at_the_top_and_once() {
        let helper = [Edit::CredsStore("pass".to_owned())];
        assert_eq!(
            done(FILE, &helper).expect("edited"),
            FILE.replacen("{\n\t", "{\n\t\"credsStore\": \"pass\",\n\t", 1)
        );
        for (before, after) in [
            ("", "{\n\t\"credsStore\": \"pass\"\n}\n"),
            ("{ }", "{\n\t\"credsStore\": \"pass\"\n}"),
            (r#"{"b":1}"#, r#"{"credsStore": "pass","b":1}"#),
            (r#"{"CREDSSTORE" : ""}"#, r#"{"CREDSSTORE" : "pass"}"#),
        ] {
            assert_eq!(done(before, &helper).expect(before), after);
        }
        assert_eq!(done(r#"{"credsStore":"x"}"#, &helper), Err(EditError::Taken("credsStore".to_owned())));
    }

    #[test]
    fn a_key_gets_its_right_name_unless_that_is_taken() {
        let rename = |from: &str| [Edit::Rename { from: from.to_owned(), to: "credsStore".to_owned() }];
        assert_eq!(
            done(r#"{"a":1, "credStore" : "x"}"#, &rename("credStore")).expect("edited"),
            r#"{"a":1, "credsStore" : "x"}"#
        );
        assert_eq!(done(r#"{"credsstore":"x"}"#, &rename("credsstore")).expect("edited"), r#"{"credsStore":"x"}"#);
        assert!(done(r#"{"credStore":"x","CredsStore":"y"}"#, &rename("credStore")).is_err());
        assert!(done(r#"{"a":1}"#, &rename("credStore")).is_err());
    }

    #[test]
    fn one_registry_s_helper_is_named_and_renamed() {
        let own = |server: &str| Edit::CredHelper { server: server.to_owned(), helper: "pass".to_owned() };
        assert_eq!(
            done("{\n\t\"auths\": {}\n}", &[own("a"), own("b")]).expect("edited"),
            "{\n\t\"credHelpers\": {\"a\": \"pass\",\"b\": \"pass\"},\n\t\"auths\": {}\n}"
        );
        assert_eq!(
            done("{\"credHelpers\": {\n\"x\": \"y\"}}", &[own("a"), own("b")]).expect("edited"),
            "{\"credHelpers\": {\n\"a\": \"pass\",\n\"b\": \"pass\",\n\"x\": \"y\"}}"
        );
        assert!(done(r#"{"credHelpers":{"a":"x"}}"#, &[own("a")]).is_err());
        assert!(done("{}", &[own("a"), own("a")]).is_err());
        let rename = Edit::RenameRegistry { from: "https://a/".to_owned(), to: "a".to_owned() };
        let renamed = done(r#"{"credHelpers": {"b":"x", "https://a/" : "pass"}}"#, std::slice::from_ref(&rename));
        assert_eq!(renamed.expect("edited"), r#"{"credHelpers": {"b":"x", "a" : "pass"}}"#);
        assert!(done(r#"{"credHelpers":{"a":"x","https://a/":"pass"}}"#, &[rename]).is_err());
    }

    #[test]
    fn of_a_setting_that_is_there_twice_the_last_one_stays() {
        let keep = |key: &str| [Edit::KeepLast(key.to_owned())];
        let text = r#"{"credsStore":"a", "x":1, "credsStore":"b", "credsStore":"c"}"#;
        assert_eq!(done(text, &keep("credsStore")).expect("edited"), r#"{"x":1, "credsStore":"c"}"#);
        assert_eq!(done(r#"{"auths":{},"auths":{}}"#, &keep("auths")), Err(EditError::Merged("auths".to_owned())));
    }

    #[test]
    fn what_is_not_plain_is_not_touched() {
        for text in ["[]", "{", "\u{feff}{}", "1", "{} x"] {
            assert!(done(text, &[Edit::CredsStore("pass".to_owned())]).is_err(), "{text}");
        }
        for text in [
            r#"{"auths":{"a":{"auth":"eDp5"}},"Auths":{}}"#,
            r#"{"auths":{"a":{"auth":"eDp5"},"a":{}}}"#,
            r#"{"auths":{"a":{"auth":"eDp5","Auth":"eDp5"}}}"#,
            r#"{"auths":{"a":"eDp5"}}"#,
            r#"{"auths":[]}"#,
            r#"{}"#,
        ] {
            assert!(done(text, &[empty("a")]).is_err(), "{text}");
            assert!(credential(&secret(text), Layout::Nested, "a").is_err(), "{text}");
        }
    }

    #[test]
    fn a_login_is_read_as_docker_reads_it() {
        let told = |entry: &str| {
            let text = secret(&format!(r#"{{"auths":{{"a":{entry}}}}}"#));
            credential(&text, Layout::Nested, "a")
                .map(|found| format!("{} {}", found.login.as_str(), String::from_utf8_lossy(found.secret.expose())))
        };
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(told(r#"{"auth":"Ym9iOnB3"}"#), ok("bob pw"));
        assert_eq!(told(r#"{"auth":"Ym9iOnB3\n","username":"eve","password":"x"}"#), ok("bob pw"), "auth counts");
        assert_eq!(told(r#"{"auth":"Ym9iOgBwOnd3AA=="}"#), ok("bob p:ww"), "a colon in it, NULs around it");
        assert_eq!(told(r#"{"username":"eve","password":"p\u00e9"}"#), ok("eve p\u{e9}"));
        assert_eq!(told(r#"{"auth":"Ym9iOg==","identitytoken":"t0k"}"#), ok("<token> t0k"));
        assert_eq!(told(r#"{"auth":"Ym9iOnB3","identitytoken":"t0k"}"#), Err(Unmovable::Both));
        assert_eq!(told(r#"{"auth":"%%%"}"#), Err(Unmovable::Odd));
        assert_eq!(told(r#"{"auth":"Ym9iOg=="}"#), Err(Unmovable::NoPassword));
        assert_eq!(told(r#"{"password":"x"}"#), Err(Unmovable::NoUser));
        assert_eq!(told(r#"{"auth":"Ym9iOnB3Cg=="}"#), Err(Unmovable::LineEnd));
        assert_eq!(told(r#"{"auth":"Ym9iOnB3","registrytoken":"r"}"#), Err(Unmovable::RegistryToken));
        let named = secret(r#"{"auths":{"u:p@a":{"auth":"Ym9iOnB3"}}}"#);
        assert_eq!(credential(&named, Layout::Nested, "u:p@a").err(), Some(Unmovable::NameHoldsSecret));
    }

    #[test]
    fn what_does_not_parse_as_a_whole_is_not_shown() {
        let deep = "[".repeat(100_000);
        for text in [
            "{\"auths\":{\"a\":{\"auth\":\"x\"}}}\n\t\t\"auth\": \"Ym9iOnB3\"\n}}",
            "{\"auths\":{\"c\":{\"auth\":\"x\",\n\"password\":hunter2bare}}}",
            "{\"auths\":{\"c\":{\"password\":}hunter2}}}",
            "hunter2",
            "[\"hunter2\"]",
            "{\"password\":[hunter2]}",
            "",
            &deep,
            &deep.replace('[', "{\"a\":"),
            &format!("{{\"a\":{deep}"),
        ] {
            assert_eq!(veiled(&secret(text)), None, "{:.40}", text);
        }
        assert_eq!(veiled(&secret(" {\"a\":1}\n")).as_deref(), Some(" {\"a\":1}\n"));
    }

    #[test]
    fn no_second_helper_is_named_beside_one_that_go_folds() {
        let text = "{\"cred\u{17f}Store\":\"desktop\",\"auths\":{}}";
        assert_eq!(done(text, &[Edit::CredsStore("pass".to_owned())]), Err(EditError::Taken("credsStore".to_owned())));
        assert!(matches!(
            done("{\"cred\u{17f}Store\":\"a\",\"credsStore\":\"b\"}", &[Edit::CredsStore("pass".to_owned())]),
            Err(EditError::Repeated(_))
        ));
    }

    /// Any JSON, with blanks anywhere.
    fn json() -> impl Strategy<Value = String> {
        let blank = "[ \t\n]{0,2}";
        let text = any::<String>().prop_map(|text| serde_json::to_string(&text).expect("JSON"));
        let leaf = prop_oneof![text.clone(), any::<i32>().prop_map(|n| n.to_string()), Just("null".to_owned())];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            let member = (text.clone(), blank, blank, inner.clone(), blank);
            let member = member.prop_map(|(key, a, b, value, c)| format!("{key}{a}:{b}{value}{c}"));
            prop_oneof![
                (blank, vec(inner, 0..4)).prop_map(|(a, items)| format!("[{a}{}]", items.join(","))),
                (blank, vec(member, 0..4)).prop_map(|(a, members)| format!("{{{a}{}}}", members.join(","))),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_stands_around_it_a_login_goes_alone(before in json(), beside in json(), after in json(), gap in "[ \t\n]{0,2}") {
            let with = |login: &str, comma: &str| {
                format!(
                    "{{{gap}\"before\":{before},{gap}\"auths\" : {{\"b\":{beside},{gap}\"a\":{{{login}{comma}\"x\":{beside}}}{gap}}}{gap},\"after\":{after}}}"
                )
            };
            let text = with(&format!("{gap}\"auth\"{gap}:\"Ym9iOnB3\""), ",");
            // What stands before the login stays, its comma goes.
            prop_assert_eq!(done(&text, &[empty("a")]).expect("edited"), with(&gap, ""));
            let shown = veiled(&secret(&text)).expect("shown");
            prop_assert!(!shown.contains("Ym9iOnB3") && shown.matches('\n').count() == text.matches('\n').count());
        }
    }

    #[test]
    fn entries_are_those_that_hold_something() {
        let text =
            secret(r#"{"Auths":{"a/b":{"auth":"x"},"c":{},"u:p@d":{"registrytoken":"t"},"e":{"auth":""},"f":null}}"#);
        let found = entries(&text, Layout::Nested).expect("read");
        let shown: Vec<(&str, &str)> = found.iter().map(|one| (one.server.as_str(), one.pointer.as_str())).collect();
        assert_eq!(shown, [("a/b", "/Auths/a~1b"), ("u:p@d", "/Auths/***@d")]);
    }
}
