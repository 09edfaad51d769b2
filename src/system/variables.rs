//! Variables that files set for programs that nobody started by hand: `/etc/environment` and environment files, what a
//! shell's start-up files export in plain words, `/etc/login.defs`. Only names that are asked for are kept: such files hold
//! secrets too. Nothing is run.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::{self, FileError};

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// Names and values, by name.
pub type Variables = BTreeMap<String, String>;

/// The assignments of an environment file (systemd.exec(5), `EnvironmentFile=`; pam_env(8), `envfile`): `NAME=VALUE`, maybe
/// in quotes, one a line. `wanted` says which names are kept.
pub fn of_file(path: &Path, wanted: fn(&str) -> bool) -> Result<Variables, FileError> {
    let bytes = zeroize::Zeroizing::new(files::read_bounded(path, SIZE_MAX)?);
    let mut found = Variables::new();
    for line in String::from_utf8_lossy(&bytes).lines() {
        if let Some((name, value)) = assignment(line).filter(|(name, _)| wanted(name)) {
            found.insert(name.to_owned(), unquoted(value).to_owned());
        }
    }
    Ok(found)
}

/// What a start-up file of a POSIX shell would add to these variables, as far as it says so in plain words: `NAME=VALUE`
/// with or without `export`, in which `$HOME`, `$PATH` and other known variables stand. A value that a command makes is
/// left out. Conditions are not judged: what stands in one counts.
///
/// `wanted` is asked with a name and its value as written.
pub fn exported(path: &Path, known: &mut Variables, wanted: fn(&str, &str) -> bool) -> Result<(), FileError> {
    let bytes = zeroize::Zeroizing::new(files::read_bounded(path, SIZE_MAX)?);
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.trim().trim_start_matches("export ").trim_end_matches(';');
        let Some((name, value)) = assignment(line).filter(|(name, value)| wanted(name, value)) else {
            continue;
        };
        let plain = value.starts_with('\'');
        let value = unquoted(value.split(" #").next().unwrap_or(value).trim_end());
        let named = |name: &str| Some(known.get(name).map(String::as_str).unwrap_or_default());
        let expanded = if plain { Some(value.to_owned()) } else { expanded(value, named) };
        if let Some(value) = expanded {
            known.insert(name.to_owned(), value);
        }
    }
    Ok(())
}

/// `ENV_PATH` or `ENV_SUPATH` of `/etc/login.defs` (login.defs(5)), without the `PATH=` in front.
pub fn login_path(path: &Path, is_root: bool) -> Option<String> {
    let name = if is_root { "ENV_SUPATH" } else { "ENV_PATH" };
    let bytes = files::read_bounded(path, SIZE_MAX).ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut values = text.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix([' ', '\t']));
    values.next_back().map(|value| value.trim().trim_start_matches("PATH=").to_owned())
}

/// `NAME=VALUE` of a line that is no comment.
pub fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && !name.as_bytes()[0].is_ascii_digit() && name.bytes().all(fits)).then_some((name, value.trim()))
}

/// Without the quotes around it.
pub fn unquoted(value: &str) -> &str {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(value)
}

/// A value as a shell with these variables would fill it in; None where it names another one, or a command makes it.
pub fn filled(value: &str, known: &Variables) -> Option<String> {
    expanded(value, |name| known.get(name).map(String::as_str))
}

fn expanded<'k>(value: &str, known: impl Fn(&str) -> Option<&'k str>) -> Option<String> {
    let value = match value.strip_prefix("~/") {
        Some(rest) => format!("{}/{rest}", known("HOME")?),
        None => value.to_owned(),
    };
    let mut rest = value.as_str();
    let mut out = String::with_capacity(rest.len());
    while let Some(at) = rest.find(['$', '`']) {
        out.push_str(&rest[..at]);
        let after = rest[at..].strip_prefix('$')?;
        let (name, next) = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}')?,
            None => {
                let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
                after.split_at(end)
            }
        };
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(fits) {
            return None;
        }
        out.push_str(known(name)?);
        rest = next;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    #[test]
    fn only_what_is_asked_for_is_kept() {
        let file = file("# x\nDOCKER_CONFIG=\"/d\"\nexport HOME=/h\nPASSWORD=hunter2\n9X=1\nno line\nPATH='/a:/b'\n");
        let found = of_file(file.path(), |name| name != "PASSWORD").expect("reads");
        let own = |name: &str| found.get(name).map(String::as_str);
        assert_eq!((own("DOCKER_CONFIG"), own("HOME"), own("PATH")), (Some("/d"), Some("/h"), Some("/a:/b")));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn a_start_up_file_adds_what_it_says_in_plain_words() {
        let text = "if [ -d \"$HOME/bin\" ] ; then\n    PATH=\"$HOME/bin:$PATH\"\nfi\nexport DOCKER_CONFIG=~/d # mine\n\
                    export GNUPGHOME=$(mktemp -d)\nexport PASSWORD_STORE_DIR='$HOME'\nX=`date`\nexport Y=${HOME}x;\n";
        let mut known = Variables::from([("HOME".to_owned(), "/h".to_owned()), ("PATH".to_owned(), "/p".to_owned())]);
        exported(file(text).path(), &mut known, |_, _| true).expect("reads");
        let own = |name: &str| known.get(name).map(String::as_str);
        assert_eq!((own("PATH"), own("DOCKER_CONFIG")), (Some("/h/bin:/p"), Some("/h/d")));
        assert_eq!((own("GNUPGHOME"), own("X")), (None, None));
        assert_eq!((own("PASSWORD_STORE_DIR"), own("Y")), (Some("$HOME"), Some("/hx")));
    }

    #[test]
    fn a_value_is_filled_with_what_is_known_only() {
        let known = Variables::from([("HOME".to_owned(), "/h".to_owned())]);
        let filled = |value: &str| filled(value, &known);
        assert_eq!(filled("$HOME/a:${HOME}").as_deref(), Some("/h/a:/h"));
        assert_eq!(filled("~/a").as_deref(), Some("/h/a"));
        for value in ["$X/a", "${HOME:-/x}", "`date`", "$(date)", "$"] {
            assert_eq!(filled(value), None, "{value}");
        }
    }

    #[test]
    fn paths_of_a_login() {
        let file = file("#ENV_PATH x\nENV_SUPATH\tPATH=/s:/b\nENV_PATH PATH=/b\n");
        assert_eq!(login_path(file.path(), true).as_deref(), Some("/s:/b"));
        assert_eq!(login_path(file.path(), false).as_deref(), Some("/b"));
        assert_eq!(login_path(Path::new("/nonexistent"), true), None);
    }
}
