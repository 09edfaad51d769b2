//! What sudo makes of the surroundings of `sudo docker …`: where it looks for programs (`secure_path`), which variables it
//! keeps, whose HOME is set. Read from the sudoers files (sudoers(5)); nothing else of them is understood, and sudo itself
//! is never asked because it may prompt.

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

/// What is set for whoever asks (sudoers(5), "SUDOERS OPTIONS"), with what holds where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// None when the caller's PATH is kept.
    pub secure_path: Option<String>,
    /// The command starts with few variables rather than with the caller's.
    pub env_reset: bool,
    /// HOME is root's even where it would be kept.
    pub always_set_home: bool,
    /// Names of variables that `env_reset` leaves; `*` stands for anything.
    pub env_keep: Vec<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { secure_path: None, env_reset: true, always_set_home: false, env_keep: Vec::new() }
    }
}

impl Settings {
    /// Whether a variable gets through.
    pub fn keeps(&self, name: &str) -> bool {
        !self.env_reset || self.env_keep.iter().any(|pattern| fits(pattern, name))
    }
}

/// `*` stands for any text, as in a shell.
fn fits(pattern: &str, name: &str) -> bool {
    // A pattern may ask for a value too, as bash's functions do; no name that matters here has one.
    let pattern = pattern.split('=').next().unwrap_or(pattern);
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|front| name.strip_prefix(front)) else { return false };
    let mut is_open = false;
    for part in parts {
        is_open = true;
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        is_open &= part.is_empty();
    }
    rest.is_empty() || is_open
}

/// Who calls sudo, for settings that are bound to somebody.
#[derive(Clone, Debug, Default)]
pub struct Caller<'a> {
    pub user: &'a str,
    pub groups: Vec<&'a str>,
}

/// The `secure_path` that holds for everybody; None when the caller's PATH is kept.
pub fn secure_path(file: &Path) -> Result<Option<String>, SudoersError> {
    Ok(settings(file, None)?.secure_path)
}

/// What holds for a caller who becomes root to run docker; without one, what holds for everybody.
pub fn settings(file: &Path, caller: Option<&Caller<'_>>) -> Result<Settings, SudoersError> {
    let mut reading = Reading { caller, settings: Settings::default(), budget: FILES_MAX };
    reading.read(file)?;
    Ok(reading.settings)
}

struct Reading<'a> {
    caller: Option<&'a Caller<'a>>,
    settings: Settings,
    budget: usize,
}

impl Reading<'_> {
    fn read(&mut self, file: &Path) -> Result<(), SudoersError> {
        let Some(left) = self.budget.checked_sub(1) else { return Ok(()) };
        self.budget = left;
        let bytes = files::read_bounded(file, SIZE_MAX).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SudoersError::Missing(file.to_owned()),
            io::ErrorKind::PermissionDenied => SudoersError::Closed(file.to_owned()),
            _ => SudoersError::File(error),
        })?;
        let contents = String::from_utf8_lossy(&bytes).replace("\\\n", "");
        for line in contents.lines() {
            match directive(line.trim()) {
                Directive::Default(bound, setting) if self.holds(bound) => apply(setting, &mut self.settings),
                Directive::Include(name) => ignore_missing(self.read(&beside(file, name)))?,
                Directive::IncludeDir(name) => {
                    for file in files_of(&beside(file, name))? {
                        ignore_missing(self.read(&file))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether settings bound so (`:USER`, `>TARGET`, `!COMMAND`; empty for none) are about this call. Aliases and hosts
    /// are not understood, and then they are not.
    fn holds(&self, bound: &str) -> bool {
        let Some(kind) = bound.chars().next() else { return true };
        let Some(caller) = self.caller else { return false };
        let mut names = bound[kind.len_utf8()..].split(',').map(str::trim);
        match kind {
            ':' => names.any(|name| match name.strip_prefix('%') {
                Some(group) => caller.groups.contains(&group),
                None => name == caller.user || name == "ALL",
            }),
            '>' => names.any(|name| ["root", "ALL", "#0"].contains(&name)),
            '!' => names.any(|name| name == "ALL" || Path::new(name).file_name().is_some_and(|name| name == "docker")),
            _ => false,
        }
    }
}

/// A file that vanished says nothing.
fn ignore_missing(result: Result<(), SudoersError>) -> Result<(), SudoersError> {
    match result {
        Err(SudoersError::Missing(_)) => Ok(()),
        result => result,
    }
}

enum Directive<'a> {
    /// Whom or what they are bound to, and settings.
    Default(&'a str, &'a str),
    Include(&'a str),
    IncludeDir(&'a str),
    Other,
}

fn directive(line: &str) -> Directive<'_> {
    let Some((word, rest)) = line.split_once(char::is_whitespace) else { return Directive::Other };
    if let Some(bound) = word.strip_prefix("Defaults").filter(|bound| !bound.starts_with(char::is_alphanumeric)) {
        return Directive::Default(bound, rest.trim());
    }
    match word {
        "@include" | "#include" => Directive::Include(rest.trim().trim_matches('"')),
        "@includedir" | "#includedir" => Directive::IncludeDir(rest.trim().trim_matches('"')),
        _ => Directive::Other,
    }
}

/// Takes what matters here out of a comma-separated list of settings, whose values may be quoted. The last one wins.
fn apply(settings: &str, known: &mut Settings) {
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
        match setting.split_once('=') {
            Some((name, value)) => assign(name.trim(), value.trim().trim_matches('"'), known),
            None => {
                let off = setting.strip_prefix('!').map(str::trim);
                match off.unwrap_or(setting) {
                    "secure_path" if off.is_some() => known.secure_path = None,
                    "env_keep" if off.is_some() => known.env_keep.clear(),
                    "env_reset" => known.env_reset = off.is_none(),
                    "always_set_home" => known.always_set_home = off.is_none(),
                    _ => {}
                }
            }
        }
    }
}

fn assign(name: &str, value: &str, known: &mut Settings) {
    let names = || value.split_whitespace().map(str::to_owned);
    match name.split_once(['+', '-']).map_or((name, ""), |(front, _)| (front.trim(), &name[front.len()..])) {
        ("secure_path", "") => {
            known.secure_path = Some(value.replace("\\:", ":")).filter(|path| !path.is_empty());
        }
        ("env_keep", "") => known.env_keep = names().collect(),
        ("env_keep", "+") => known.env_keep.extend(names()),
        ("env_keep", "-") => known.env_keep.retain(|kept| names().all(|name| name != *kept)),
        _ => {}
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
    fn what_is_kept_is_known() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("sudoers");
        let read = |text: &str| {
            std::fs::write(&file, text).expect("writes");
            settings(&file, Some(&Caller { user: "bob", groups: vec!["ops"] })).expect("reads")
        };
        assert_eq!(read("root ALL=(ALL:ALL) ALL\n"), Settings::default());
        let kept = read("Defaults env_keep = \"A B\"\nDefaults env_keep += \"DOCKER_* HOME\", env_keep -= A\n");
        let through = ["A", "B", "DOCKER_CONFIG", "HOME", "HOMES"].map(|name| kept.keeps(name));
        assert_eq!(through, [false, true, true, true, false]);
        assert!(read("Defaults !env_reset, always_set_home\n").keeps("ANY"));
        for bound in [":bob", ":%ops", ":ALL", ">root", "!/usr/bin/docker"] {
            assert!(read(&format!("Defaults{bound} env_keep += \"HOME\"\n")).keeps("HOME"), "{bound}");
        }
        for bound in [":eve", ":%bob", ">eve", "!/usr/bin/podman", "@host", ":OPERATORS"] {
            assert!(!read(&format!("Defaults{bound} env_keep += \"HOME\"\n")).keeps("HOME"), "{bound}");
        }
        for (pattern, name, want) in
            [("*", "A", true), ("A*C", "ABC", true), ("A*C", "ABD", false), ("*_X", "A_X", true)]
        {
            assert_eq!(fits(pattern, name), want, "{pattern} {name}");
        }
    }

    #[test]
    fn no_sudo_is_told() {
        assert!(matches!(secure_path(Path::new("/nonexistent/sudoers")), Err(SudoersError::Missing(_))));
    }
}
