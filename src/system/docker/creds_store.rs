//! `credsStore` put into a `config.json` that has none, and taken out again: one line at the top, all else byte for byte as it
//! was, with its order and what nobody here knows. Docker takes no lock on the file; what it writes meanwhile is not lost.

use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::config::{self, DockerConfigError, SIZE_MAX};
use crate::model::Secret;
use crate::system::rewriting::Rewriting;

/// Whether `credsStore` is in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placed {
    /// It is, or nobody can tell.
    #[default]
    Somewhere,
    /// At the top, as it is put there.
    AtTop,
    Nowhere,
}

/// Where `credsStore` is in this text, which is a whole `config.json`.
pub(super) fn placed(text: &[u8], helper: Option<&str>) -> Placed {
    if helper.is_some_and(|helper| without(text, helper).is_some()) {
        return Placed::AtTop;
    }
    match serde_json::from_slice::<Keys>(text) {
        Ok(Keys(false)) => Placed::Nowhere,
        _ if text.is_empty() => Placed::Nowhere,
        _ => Placed::Somewhere,
    }
}

/// Puts the helper's name into a file that names none.
pub fn put(file: &Path, helper: &str) -> Result<(), DockerConfigError> {
    change(file, |text| (placed(text, None) == Placed::Nowhere).then(|| with(text, helper)).flatten())
}

/// Takes it out where `put` would have put it.
pub fn take_out(file: &Path, helper: &str) -> Result<(), DockerConfigError> {
    change(file, |text| without(text, helper))
}

fn change(file: &Path, edit: impl FnOnce(&[u8]) -> Option<Secret>) -> Result<(), DockerConfigError> {
    let rewriting = Rewriting::begin(file, SIZE_MAX)?;
    let text = rewriting.text().expose();
    config::parse(file, text)?;
    let new = edit(text).ok_or_else(|| DockerConfigError::Unfit { file: file.to_owned() })?;
    config::parse(file, new.expose())?;
    Ok(rewriting.prepare(&new)?.put()?)
}

fn member(helper: &str) -> String {
    format!("\"credsStore\": \"{helper}\"")
}

/// The gap before the first member is also the one after the new one.
fn with(text: &[u8], helper: &str) -> Option<Secret> {
    let text = if text.is_empty() { b"{}\n" } else { text };
    let (front, gap, rest) = opened(text)?;
    let member = member(helper);
    let (before, after): (&[u8], [&[u8]; 2]) = match rest.first()? {
        b'}' => (b"\n\t", [b"", b"\n"]),
        _ => (gap, [b",", gap]),
    };
    let mut new = Secret::with_capacity(text.len() + before.len() + member.len() + after[0].len() + after[1].len());
    [front, before, member.as_bytes(), after[0], after[1], rest].iter().for_each(|part| new.push(part));
    Some(new)
}

fn without(text: &[u8], helper: &str) -> Option<Secret> {
    let (front, gap, rest) = opened(text)?;
    let rest = rest.strip_prefix(member(helper).as_bytes())?;
    let mut new = Secret::with_capacity(text.len());
    new.push(front);
    match rest.strip_prefix(b",") {
        Some(rest) => {
            new.push(gap);
            new.push(rest.strip_prefix(gap)?);
        }
        None => new.push(rest.strip_prefix(b"\n").filter(|rest| rest.first() == Some(&b'}'))?),
    }
    Some(new)
}

/// Up to the brace that opens the object, the white space behind it, and the rest.
fn opened(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let start = text.iter().position(|byte| !is_blank(byte)).filter(|start| text[*start] == b'{')?;
    let (front, inside) = text.split_at(start + 1);
    let first = inside.iter().position(|byte| !is_blank(byte))?;
    let (gap, rest) = inside.split_at(first);
    Some((front, gap, rest))
}

/// Whether an object has a key that Docker reads as `credsStore`.
struct Keys(bool);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut found = false;
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            found |= config::is_key(&key, config::CREDS_STORE);
        }
        Ok(Keys(found))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn edited(text: &str) -> Option<String> {
        let new = (placed(text.as_bytes(), None) == Placed::Nowhere).then(|| with(text.as_bytes(), "pass"))??;
        assert_eq!(placed(new.expose(), Some("pass")), Placed::AtTop);
        Some(String::from_utf8(new.expose().to_vec()).expect("text"))
    }

    #[test]
    fn one_line_more_and_all_else_as_it_was() {
        let docker = "{\n\t\"auths\": {\n\t\t\"z.test\": {\"auth\": \"Ym9iOnB3\"}\n\t},\n\t\"odd\": [1,  2]\n}";
        for (text, expected) in [
            (docker, docker.replacen("{\n\t", "{\n\t\"credsStore\": \"pass\",\n\t", 1)),
            (" {\"b\":1,\"a\":2}\r\n", " {\"credsStore\": \"pass\",\"b\":1,\"a\":2}\r\n".to_owned()),
            ("{\r\n  \"b\": {}\r\n}", "{\r\n  \"credsStore\": \"pass\",\r\n  \"b\": {}\r\n}".to_owned()),
            ("{ \n}\n", "{\n\t\"credsStore\": \"pass\"\n}\n".to_owned()),
            ("", "{\n\t\"credsStore\": \"pass\"\n}\n".to_owned()),
        ] {
            let new = edited(text).expect(text);
            assert_eq!(new, expected);
            let back = without(new.as_bytes(), "pass").expect("taken out");
            let as_before = if text.trim_start().trim_start_matches('{').trim().len() > 1 { text } else { "{}\n" };
            assert_eq!(String::from_utf8_lossy(back.expose()).replace("{\n\t}", "{}"), as_before);
            assert!(without(new.as_bytes(), "other").is_none());
        }
    }

    #[test]
    fn where_it_is_there_in_any_case_or_the_text_is_no_object_nothing_is_done() {
        for text in [
            r#"{"credsStore":""}"#,
            r#"{"CREDSSTORE":"x"}"#,
            "{\"cred\u{17f}store\":null}",
            "[]",
            "{",
            " ",
            r#"{"a":1} more"#,
            "\u{feff}{}",
        ] {
            assert_eq!(placed(text.as_bytes(), None), Placed::Somewhere, "{text:?}");
        }
        assert_eq!(placed(br#"{"auths":{"credsStore":{}}}"#, None), Placed::Nowhere);
    }

    #[test]
    fn links_modes_and_what_is_broken_stay() {
        let dir = tempfile::tempdir().expect("a folder");
        let (file, link) = (dir.path().join("dot.json"), dir.path().join(config::FILE));
        std::os::unix::fs::symlink("dot.json", &link).expect("a link");
        std::fs::write(&file, "{\"x\":1}").expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("a mode");
        put(&link, "pass").expect("put");
        assert!(link.is_symlink() && file.is_file() && !file.is_symlink());
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "{\"credsStore\": \"pass\",\"x\":1}");
        assert_eq!(file.metadata().expect("it").permissions().mode() & 0o777, 0o644);
        assert!(matches!(put(&link, "pass"), Err(DockerConfigError::Unfit { .. })), "it is there");
        take_out(&link, "pass").expect("taken out");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "{\"x\":1}");
        std::fs::write(&file, "{\"x\":hunter2").expect("written");
        assert!(matches!(put(&link, "pass"), Err(DockerConfigError::Json { .. })));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "{\"x\":hunter2");
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 2, "nothing is left behind");
    }

    #[test]
    fn what_is_written_meanwhile_is_not_lost() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join(config::FILE);
        std::fs::write(&file, "{\"x\":1}").expect("written");
        let meanwhile = change(&file, |text| {
            std::fs::write(&file, "{\"docker\": \"was here\"}").expect("written");
            with(text, "pass")
        });
        assert!(matches!(meanwhile, Err(DockerConfigError::Changed { .. })));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "{\"docker\": \"was here\"}");
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 1);
    }
}
