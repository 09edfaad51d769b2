//! Variables that files set for programs that nobody started by hand: `/etc/environment` and environment files, what a
//! shell's start-up files export in plain words, `/etc/login.defs`. Only names that are asked for are kept: such files hold
//! secrets too. Nothing is run.

use std::collections::{BTreeMap, BTreeSet};
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
/// with or without `export`, in which `$HOME`, `$PATH` and other known variables stand. A value that a command makes, or a
/// variable that is not known, is left out, and its name noted in `untold` until another line sets it; a PATH keeps the
/// folders that are known. Conditions are not judged: what stands in one counts.
///
/// `wanted` is asked with a name and its value as written. What it would want and nothing has set is taken to be unset.
pub fn exported(
    path: &Path,
    known: &mut Variables,
    untold: &mut BTreeSet<String>,
    wanted: fn(&str, &str) -> bool,
) -> Result<(), FileError> {
    let bytes = zeroize::Zeroizing::new(files::read_bounded(path, SIZE_MAX)?);
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.trim().trim_start_matches("export ").trim_end_matches(';');
        let Some((name, value)) = assignment(line).filter(|(name, value)| wanted(name, value)) else {
            continue;
        };
        let plain = value.starts_with('\'');
        let value = unquoted(value.split(" #").next().unwrap_or(value).trim_end());
        let named = |name: &str| match known.get(name) {
            Some(value) => Named::Known(value),
            None if wanted(name, "") && !untold.contains(name) => Named::Unset,
            None => Named::Unknown,
        };
        let filled = if plain { Some(value.to_owned()) } else { expanded(value, &named, NESTED_MAX) };
        let is_told = filled.is_some();
        let lenient = |name: &str| match named(name) {
            Named::Known(value) => Named::Known(value),
            Named::Unset | Named::Unknown => Named::Known(""),
        };
        let filled = filled.or_else(|| (name == "PATH").then(|| expanded(value, &lenient, NESTED_MAX)).flatten());
        match is_told {
            true => _ = untold.remove(name),
            false => _ = untold.insert(name.to_owned()),
        }
        known.extend(filled.map(|value| (name.to_owned(), value)));
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
    expanded(value, &|name| known.get(name).map_or(Named::Unknown, |value| Named::Known(value)), NESTED_MAX)
}

/// What is known of a variable that a value names.
enum Named<'k> {
    Known(&'k str),
    Unset,
    Unknown,
}

/// How deep values stand in one another (`${A:-${B:-x}}`).
const NESTED_MAX: usize = 8;

fn expanded<'k>(value: &str, named: &dyn Fn(&str) -> Named<'k>, depth: usize) -> Option<String> {
    let known = |name: &str| match named(name) {
        Named::Known(value) => Some(value),
        Named::Unset | Named::Unknown => None,
    };
    let value = match value.strip_prefix("~/") {
        Some(rest) => format!("{}/{rest}", known("HOME")?),
        None => value.to_owned(),
    };
    let mut rest = value.as_str();
    let mut out = String::with_capacity(rest.len());
    while let Some(at) = rest.find(['$', '`']) {
        out.push_str(&rest[..at]);
        let after = rest[at..].strip_prefix('$')?;
        let (word, next) = match after.strip_prefix('{') {
            Some(braced) => {
                let (word, rest) = braced.split_at(closing(braced)?);
                (word, rest.strip_prefix('}')?)
            }
            None => after.split_at(name_end(after)),
        };
        let (name, otherwise) = word.split_at(name_end(word));
        if name.is_empty() {
            return None;
        }
        match otherwise.strip_prefix(':').unwrap_or(otherwise).strip_prefix('-') {
            None if otherwise.is_empty() => out.push_str(known(name)?),
            None => return None,
            Some(default) => match named(name) {
                Named::Known(value) if !(value.is_empty() && otherwise.starts_with(':')) => out.push_str(value),
                Named::Unknown => return None,
                Named::Known(_) | Named::Unset => {
                    let default = unquoted(default);
                    let is_plain = depth > 0 && !default.contains(['"', '\'', '\\']);
                    out.push_str(&expanded(default, named, depth.checked_sub(1)?).filter(|_| is_plain)?);
                }
            },
        }
        rest = next;
    }
    out.push_str(rest);
    Some(out)
}

/// Where the name at the beginning of a text ends.
fn name_end(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Where the brace is that closes one before this text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1;
    text.char_indices().find_map(|(at, letter)| {
        match letter {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        (open == 0).then_some(at)
    })
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
        let mut untold = BTreeSet::new();
        exported(file(text).path(), &mut known, &mut untold, |_, _| true).expect("reads");
        let own = |name: &str| known.get(name).map(String::as_str);
        assert_eq!((own("PATH"), own("DOCKER_CONFIG")), (Some("/h/bin:/p"), Some("/h/d")));
        assert_eq!((own("GNUPGHOME"), own("X")), (None, None));
        assert_eq!((own("PASSWORD_STORE_DIR"), own("Y")), (Some("$HOME"), Some("/hx")));
        assert_eq!(untold, BTreeSet::from(["GNUPGHOME", "X"].map(str::to_owned)));
    }

    #[test]
    fn what_is_not_known_is_not_taken_for_nothing() {
        let wanted: fn(&str, &str) -> bool = |name, _| ["PATH", "GNUPGHOME", "XDG_CONFIG_HOME"].contains(&name);
        let look = |text: &str| {
            let own = [("HOME", "/h"), ("PATH", "/p")].map(|(name, value)| (name.to_owned(), value.to_owned()));
            let (mut known, mut untold) = (Variables::from(own), BTreeSet::new());
            exported(file(text).path(), &mut known, &mut untold, wanted).expect("reads");
            (known.get("GNUPGHOME").cloned(), known.get("PATH").cloned().expect("one"), untold.len())
        };
        let set = |value: &str| look(&format!("GNUPGHOME={value}\n")).0;
        let told = |value: &str| Some(value.to_owned());
        assert_eq!(set("\"${XDG_CONFIG_HOME:-$HOME/.config}/g\""), told("/h/.config/g"));
        assert_eq!(set("${XDG_CONFIG_HOME-\"${HOME:-/x}/c\"}/g"), told("/h/c/g"));
        assert_eq!(set("${GNUPGHOME:-~/.gnupg}"), told("/h/.gnupg"));
        for value in ["$XDG_CONFIG_HOME/g", "$OTHER/g", "${OTHER:-/x}/g", "${HOME:+/x}", "${HOME:-", "${HOME%/*}"] {
            assert_eq!(look(&format!("GNUPGHOME={value}\n")), (None, "/p".to_owned(), 1), "{value}");
        }
        let deep = format!("{}{}", "${GNUPGHOME:-".repeat(50_000), "}".repeat(50_000));
        assert_eq!(set(&deep), None);
        // What is set afterwards counts, and what could not be told is not unset.
        assert_eq!(look("GNUPGHOME=$OTHER\nGNUPGHOME=/g\n"), (told("/g"), "/p".to_owned(), 0));
        assert_eq!(look("XDG_CONFIG_HOME=$(x)\nGNUPGHOME=${XDG_CONFIG_HOME:-/c}/g\n"), (None, "/p".to_owned(), 2));
        assert_eq!(look("PATH=$OTHER/bin:$PATH\n"), (None, "/bin:/p".to_owned(), 1));
    }

    #[test]
    fn a_value_is_filled_with_what_is_known_only() {
        let known = Variables::from([("HOME".to_owned(), "/h".to_owned())]);
        let filled = |value: &str| filled(value, &known);
        assert_eq!(filled("$HOME/a:${HOME}").as_deref(), Some("/h/a:/h"));
        assert_eq!(filled("~/a").as_deref(), Some("/h/a"));
        assert_eq!(filled("${HOME:-/x}").as_deref(), Some("/h"));
        for value in ["$X/a", "${X:-/x}", "`date`", "$(date)", "$"] {
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
