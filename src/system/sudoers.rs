//! sudo's `secure_path`: where `sudo docker …` looks for programs instead of in the caller's PATH. Read from the sudoers
//! files (sudoers(5)); nothing else of them is understood, and sudo itself is never asked because it may prompt.

use std::io;
use std::path::{Path, PathBuf};

use super::files::{self, FileError};
use crate::model::text;

/// The file that every sudo reads first (sudoers(5), "FILES").
pub const FILE: &str = "/etc/sudoers";

/// The largest sudoers file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The most files read, so that files which include themselves end.
const FILES_MAX: usize = 1000;

/// Why the setting is not known.
#[derive(Debug, thiserror::Error)]
pub enum SudoersError {
    #[error("sudo is not set up here, {} is missing", text::quoted_path(.0))]
    Missing(PathBuf),
    #[error("{} may not be read by this user", text::quoted_path(.0))]
    Closed(PathBuf),
    #[error(transparent)]
    File(FileError),
}

/// The `secure_path` that holds for everybody; None when the caller's PATH is kept.
pub fn secure_path(file: &Path) -> Result<Option<String>, SudoersError> {
    let mut path = None;
    let mut budget = FILES_MAX;
    read(file, &mut path, &mut budget)?;
    Ok(path)
}

fn read(file: &Path, path: &mut Option<String>, budget: &mut usize) -> Result<(), SudoersError> {
    let Some(left) = budget.checked_sub(1) else { return Ok(()) };
    *budget = left;
    let bytes = files::read_bounded(file, SIZE_MAX).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SudoersError::Missing(file.to_owned()),
        io::ErrorKind::PermissionDenied => SudoersError::Closed(file.to_owned()),
        _ => SudoersError::File(error),
    })?;
    let contents = String::from_utf8_lossy(&bytes).replace("\\\n", "");
    for line in contents.lines() {
        match directive(line.trim()) {
            Directive::Default(setting) => apply(setting, path),
            Directive::Include(name) => ignore_missing(read(&beside(file, name), path, budget))?,
            Directive::IncludeDir(name) => {
                for file in files_of(&beside(file, name))? {
                    ignore_missing(read(&file, path, budget))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A file that vanished says nothing.
fn ignore_missing(result: Result<(), SudoersError>) -> Result<(), SudoersError> {
    match result {
        Err(SudoersError::Missing(_)) => Ok(()),
        result => result,
    }
}

enum Directive<'a> {
    /// Settings for everybody: not those bound to a host, user, command or target user.
    Default(&'a str),
    Include(&'a str),
    IncludeDir(&'a str),
    Other,
}

fn directive(line: &str) -> Directive<'_> {
    let Some((word, rest)) = line.split_once(char::is_whitespace) else { return Directive::Other };
    match word {
        "Defaults" => Directive::Default(rest.trim()),
        "@include" | "#include" => Directive::Include(rest.trim().trim_matches('"')),
        "@includedir" | "#includedir" => Directive::IncludeDir(rest.trim().trim_matches('"')),
        _ => Directive::Other,
    }
}

/// Takes `secure_path` out of a comma-separated list of settings, whose values may be quoted. The last one wins.
fn apply(settings: &str, path: &mut Option<String>) {
    let mut quoted = false;
    let comment = |c: char| {
        quoted ^= c == '"';
        c == '#' && !quoted
    };
    let settings = settings.split(comment).next().unwrap_or_default();
    let mut quoted = false;
    let list = |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    for setting in settings.split(list).map(str::trim) {
        if setting.strip_prefix('!').is_some_and(|name| name.trim() == "secure_path") {
            *path = None;
        } else if let Some((name, value)) = setting.split_once('=')
            && name.trim() == "secure_path"
        {
            let value = value.trim().trim_matches('"').replace("\\:", ":");
            *path = Some(value).filter(|value| !value.is_empty());
        }
    }
}

/// Relative names are relative to the including file's folder; `%h` (the host's name) is left as it is.
fn beside(file: &Path, name: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("/")).join(name)
}

/// The files of an included folder in sudo's order: by name, without those that end in `~` or hold a dot.
fn files_of(dir: &Path) -> Result<Vec<PathBuf>, SudoersError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(SudoersError::Closed(dir.to_owned()));
        }
        Err(_) => return Ok(Vec::new()),
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names
        .filter(|name| {
            let name = name.as_encoded_bytes();
            !name.ends_with(b"~") && !name.contains(&b'.')
        })
        .collect();
    names.sort();
    Ok(names.into_iter().map(|name| dir.join(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(sudoers: &str, others: &[(&str, &str)]) -> Result<Option<String>, SudoersError> {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("sudoers.d")).expect("a folder");
        for (name, content) in others {
            std::fs::write(dir.path().join(name), content).expect("writes");
        }
        let file = dir.path().join("sudoers");
        std::fs::write(&file, sudoers).expect("writes");
        secure_path(&file)
    }

    #[test]
    fn the_last_unbound_setting_wins() {
        let path = |sudoers| parsed(sudoers, &[]).expect("reads");
        assert_eq!(path("Defaults\tenv_reset\nroot ALL=(ALL:ALL) ALL\n"), None);
        assert_eq!(path("Defaults secure_path=\"/a:/b\"\n").as_deref(), Some("/a:/b"));
        assert_eq!(
            path("Defaults env_reset, secure_path = /a:/b, !lecture # secure_path=/c\n").as_deref(),
            Some("/a:/b")
        );
        assert_eq!(
            path("Defaults secure_path=/a\nDefaults:bob secure_path=/b\n# Defaults secure_path=/c\n").as_deref(),
            Some("/a")
        );
        assert_eq!(path("Defaults secure_path=/a\nDefaults !secure_path\n"), None);
        assert_eq!(path("Defaults env_reset, \\\n  secure_path=/a\\:/b\n").as_deref(), Some("/a:/b"));
    }

    #[test]
    fn included_files_are_read_in_order() {
        let others = [
            ("sudoers.d/10-a", "Defaults secure_path=/ten\n"),
            ("sudoers.d/20-b", "Defaults secure_path=/twenty\n"),
            ("sudoers.d/30.bak", "Defaults secure_path=/dot\n"),
            ("sudoers.d/40~", "Defaults secure_path=/tilde\n"),
            ("more", "Defaults secure_path=/more\n"),
        ];
        let path = |sudoers| parsed(sudoers, &others).expect("reads");
        assert_eq!(path("Defaults secure_path=/first\n@includedir sudoers.d\n").as_deref(), Some("/twenty"));
        assert_eq!(path("#includedir sudoers.d\n@include more\n").as_deref(), Some("/more"));
        assert_eq!(path("@include sudoers\n@include missing\nDefaults secure_path=/end\n").as_deref(), Some("/end"));
    }

    #[test]
    fn no_sudo_is_told() {
        assert!(matches!(secure_path(Path::new("/nonexistent/sudoers")), Err(SudoersError::Missing(_))));
    }
}
