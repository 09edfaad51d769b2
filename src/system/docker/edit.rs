//! Changes of a file with logins: a login taken out of it, a helper named in it, a key called right. All else stays byte for
//! byte as it was, with its order and what nobody here knows. What is not plain JSON, or says a thing twice, is not touched.

use std::ops::Range;

use super::auth_file::{HOLDERS, Layout, decoded_pair};
use super::document::{self, Node, pointer, pointer_to_server};
use super::spans::{self, Member};
use crate::model::{Credential, IDENTITY_TOKEN_USER, Login, Secret, misplaced, text};

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

/// Why a login cannot be kept by a helper as it is.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unmovable {
    #[error("its auth is no base64 of USER:PASSWORD")]
    Odd,
    #[error("it has a registry token, which no helper can keep")]
    RegistryToken,
    #[error("it has a password and an identity token, and a helper keeps one of both")]
    Both,
    #[error("it has no user name")]
    NoUser,
    #[error("it has no password")]
    NoPassword,
    #[error("its password ends with a line end, which the store does not keep")]
    LineEnd,
    #[error("its name holds what may be a secret, and would be a folder's name in the store")]
    NameHoldsSecret,
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// The members that make a login (docker/cli `types.AuthConfig`); a registry token is one by itself.
const PARTS: [&str; 4] = ["auth", "username", "password", "identitytoken"];

/// The entries that hold a secret, in order.
pub fn entries(text: &Secret, layout: Layout) -> Result<Vec<Entry>, EditError> {
    let bytes = text.expose();
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let (node, _) = document::parse(bytes).map_err(|_| EditError::Unfit)?;
    let holds = |entry: &Node| {
        let named = |name: &str| entry.get(name).and_then(Node::text).is_some_and(|text| !text.is_empty());
        HOLDERS.iter().any(|name| named(name))
    };
    let below = |at: &str, entries: &Node| -> Vec<Entry> {
        let held = entries.members().iter().filter(|(_, entry)| holds(entry));
        held.map(|(server, _)| Entry { server: server.clone(), pointer: pointer_to_server(at, server) }).collect()
    };
    Ok(match layout {
        Layout::Flat => below("", &node),
        Layout::Nested => node.all("auths").flat_map(|(key, entries)| below(&pointer("", key), entries)).collect(),
    })
}

/// The login of an entry, as Docker reads it and would hand it to a helper (docker/cli `configfile.LoadFromReader`,
/// `native_store.go`).
pub fn credential(text: &Secret, layout: Layout, server: &str) -> Result<Credential, Unmovable> {
    if misplaced::is_in_server(server) {
        return Err(Unmovable::NameHoldsSecret);
    }
    let bytes = text.expose();
    let entry = entry(bytes, layout, server)?;
    let members = spans::members(bytes, &entry.value).ok_or(EditError::Unfit)?;
    let part = |name: &str| -> Result<Option<Secret>, Unmovable> {
        let Some(member) = once(&members, name)? else { return Ok(None) };
        match document::parse(&bytes[member.value.clone()]) {
            Ok((Node::Text(text), _)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Ok((Node::Null, _)) => Ok(None),
            _ => Err(EditError::Unfit.into()),
        }
    };
    if part("registrytoken")?.is_some() {
        return Err(Unmovable::RegistryToken);
    }
    let (user, password) = match part("auth")? {
        Some(auth) => {
            let (user, password) = decoded_pair(auth.expose()).ok_or(Unmovable::Odd)?;
            (Some(user), password)
        }
        None => (part("username")?, part("password")?.unwrap_or_default()),
    };
    let found = match part("identitytoken")? {
        Some(_) if !password.is_empty() => return Err(Unmovable::Both),
        Some(token) => Credential::new(Login::new(IDENTITY_TOKEN_USER), token),
        None if password.is_empty() => return Err(Unmovable::NoPassword),
        None => {
            let user = user.ok_or(Unmovable::NoUser)?;
            let user = std::str::from_utf8(user.expose()).map_err(|_| Unmovable::Odd)?;
            Credential::new(Login::new(user), password)
        }
    };
    // As the helper answers it (`ops/credentials.rs`, `trim`).
    if found.secret.expose().ends_with(b"\n") || found.secret.expose().ends_with(b"\r") {
        return Err(Unmovable::LineEnd);
    }
    Ok(found)
}

/// The text with all these changes made, one after the other.
pub fn edited(text: &Secret, edits: &[Edit]) -> Result<Secret, EditError> {
    let mut now = text.part(0..text.len());
    if now.is_empty() {
        now = Secret::new(b"{}\n".to_vec());
    }
    check(&now)?;
    for edit in edits {
        now = match edit {
            Edit::Empty { layout, server } => emptied(now, *layout, server)?,
            Edit::CredsStore(helper) => with_helper(&now, helper)?,
            Edit::NoCredsStore(helper) => without_helper(&now, helper)?,
            Edit::CredHelper { server, helper } => with_own_helper(&now, server, helper)?,
            Edit::Rename { from, to } => renamed(&now, &outermost(&now)?, from, to)?,
            Edit::RenameRegistry { from, to } => renamed(&now, &named(&now, "credHelpers")?, from, to)?,
            Edit::KeepLast(key) => with_last(now, key)?,
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

fn emptied(mut text: Secret, layout: Layout, server: &str) -> Result<Secret, EditError> {
    for part in PARTS {
        let object = entry(text.expose(), layout, server)?.value;
        let members = spans::members(text.expose(), &object).ok_or(EditError::Unfit)?;
        if let Some(found) = once(&members, part)? {
            let index = members.iter().position(|member| member.key_at == found.key_at);
            let cut = index.and_then(|index| spans::cut(&object, &members, index)).ok_or(EditError::Unfit)?;
            text = spliced(&text, cut, b"");
        }
    }
    Ok(text)
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
    Ok(with_member(text, &whole, &members, &format!("\"credsStore\": {value}")))
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

fn with_own_helper(text: &Secret, server: &str, helper: &str) -> Result<Secret, EditError> {
    let bytes = text.expose();
    let json = |text: &str| serde_json::to_string(text).map_err(|_| EditError::Unfit);
    let member = format!("{}: {}", json(server)?, json(helper)?);
    let whole = outermost(text)?;
    let outer = spans::members(bytes, &whole).ok_or(EditError::Unfit)?;
    let Some(helpers) = once(&outer, "credHelpers")? else {
        return Ok(with_member(text, &whole, &outer, &format!("\"credHelpers\": {{{member}}}")));
    };
    let members = spans::members(bytes, &helpers.value).ok_or(EditError::Unfit)?;
    if members.iter().any(|member| member.key == server) {
        return Err(EditError::Taken(misplaced::server(server)));
    }
    Ok(with_member(text, &helpers.value, &members, &member))
}

/// A new first member of an object.
fn with_member(text: &Secret, object: &Range<usize>, members: &[Member], member: &str) -> Secret {
    let bytes = text.expose();
    // The gap before the first member is also the one after the new one.
    let (gap, more) = match members.first() {
        Some(first) => (&bytes[object.start + 1..first.key_at.start], true),
        None => (&b"\n\t"[..], false),
    };
    let (before, after): (&[u8], [&[u8]; 2]) = if more { (gap, [b",", gap]) } else { (gap, [b"", b"\n"]) };
    let new = [before, member.as_bytes(), after[0], after[1]].concat();
    let end = members.first().map_or(object.end - 1, |first| first.key_at.start);
    spliced(text, object.start + 1..end, &new)
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

/// The entry of a server, which is there once.
fn entry(text: &[u8], layout: Layout, server: &str) -> Result<Member, EditError> {
    let whole = spans::outermost(text).ok_or(EditError::Unfit)?;
    let outer = spans::members(text, &whole).ok_or(EditError::Unfit)?;
    let entries = match layout {
        Layout::Flat => outer,
        Layout::Nested => match once(&outer, "auths")? {
            Some(auths) => spans::members(text, &auths.value).ok_or(EditError::Unfit)?,
            None => Vec::new(),
        },
    };
    let mut own = entries.into_iter().filter(|member| member.key == server);
    match (own.next(), own.next()) {
        (Some(member), None) => Ok(member),
        (Some(_), Some(_)) => Err(EditError::Repeated(misplaced::server(server))),
        (None, _) => Err(EditError::Gone(misplaced::server(server))),
    }
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
            "{\n\t\"credHelpers\": {\"b\": \"pass\",\"a\": \"pass\"},\n\t\"auths\": {}\n}"
        );
        assert!(done(r#"{"credHelpers":{"a":"x"}}"#, &[own("a")]).is_err());
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
