//! `credsStore` put into a `config.json` that has none, and taken out again: one line at the top, all else byte for byte as it
//! was, with its order and what nobody here knows. Docker takes no lock on the file; what it writes meanwhile is not lost.

use std::path::Path;

use super::config::{self, DockerConfigError, SIZE_MAX};
use super::document::Node;
use super::edit::{self, Edit, EditError};
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

/// Where `credsStore` is in this text, which is a whole `config.json`; `has_more`: with something behind the object.
pub(super) fn placed(text: &Secret, node: &Node, has_more: bool) -> Placed {
    let mut found = node.all("credsStore");
    match found.next() {
        None if has_more => Placed::Somewhere,
        None => Placed::Nowhere,
        Some((_, helper)) => match super::auth_file::plain(Some(helper)) {
            Some(helper) if edit::edited(text, &[Edit::NoCredsStore(helper.clone())]).is_ok() => Placed::AtTop,
            _ => Placed::Somewhere,
        },
    }
}

/// Puts the helper's name into a file that names none.
pub fn put(file: &Path, helper: &str) -> Result<(), DockerConfigError> {
    change(file, &Edit::CredsStore(helper.to_owned()))
}

/// Takes it out where `put` would have put it.
pub fn take_out(file: &Path, helper: &str) -> Result<(), DockerConfigError> {
    change(file, &Edit::NoCredsStore(helper.to_owned()))
}

fn change(file: &Path, edit: &Edit) -> Result<(), DockerConfigError> {
    let rewriting = Rewriting::begin(file, SIZE_MAX)?;
    let unfit = |why| DockerConfigError::Unfit { file: file.to_owned(), why };
    let placed = config::parse(file, rewriting.text())?.placed;
    let new = edit::edited(rewriting.text(), std::slice::from_ref(edit)).map_err(unfit)?;
    // Where an empty one stands, somebody wants it so.
    if matches!(edit, Edit::CredsStore(_)) && placed != Placed::Nowhere {
        return Err(unfit(EditError::Taken("credsStore".to_owned())));
    }
    Ok(rewriting.prepare(&new)?.put()?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn of(text: &str) -> Result<Placed, DockerConfigError> {
        Ok(config::parse(Path::new("x"), &Secret::new(text.as_bytes().to_vec()))?.placed)
    }

    fn done(text: &str, edit: Edit) -> Option<String> {
        let new = edit::edited(&Secret::new(text.as_bytes().to_vec()), &[edit]).ok()?;
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
            assert_eq!(of(text).expect(text), Placed::Nowhere);
            let new = done(text, Edit::CredsStore("pass".to_owned())).expect(text);
            assert_eq!((new.as_str(), of(&new).expect("read")), (expected.as_str(), Placed::AtTop));
            let back = done(&new, Edit::NoCredsStore("pass".to_owned())).expect("taken out");
            let as_before = if text.trim_start().trim_start_matches('{').trim().len() > 1 { text } else { "{}\n" };
            assert_eq!(back, as_before);
            assert!(done(&new, Edit::NoCredsStore("other".to_owned())).is_none());
        }
    }

    #[test]
    fn where_it_is_there_in_any_case_or_the_text_is_no_object_nothing_is_done() {
        for text in [
            r#"{"credsStore":""}"#,
            r#"{"CREDSSTORE":"x"}"#,
            "{\"cred\u{17f}store\":null}",
            r#"{"a":1} more"#,
            r#"{"credsStore": "pass","credsStore": "x"}"#,
            r#"{"b":1,"credsStore": "pass"}"#,
        ] {
            assert_eq!(of(text).expect(text), Placed::Somewhere, "{text:?}");
        }
        assert_eq!(of(r#"{"auths":{"credsStore":{}}}"#).expect("read"), Placed::Nowhere);
        for text in ["[]", "{", " ", "\u{feff}{}"] {
            of(text).expect_err(text);
        }
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
}
