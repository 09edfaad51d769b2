//! Where gopass says the stores are: `mounts.path` and mounts in its configuration (gopass, docs/config.md and
//! `internal/config/location.go`). Reads only that,
//! never writes it. Called by `Stores::open` alone.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::Unreadable;
use crate::model::text;
use crate::system::env::Env;
use crate::system::files;

/// What gopass's configuration says, later levels over earlier ones. Paths have their `~` replaced.
#[derive(Debug, Default)]
pub struct GopassConfig {
    pub root: Option<PathBuf>,
    /// Name and folder, each name once.
    pub mounts: Vec<(String, PathBuf)>,
    /// Files that are there and could not be read, or not wholly.
    pub unreadable: Vec<Unreadable>,
    /// Why the root may be another one than `root`, or than the one that holds without it: a file that might name it was
    /// not understood, and nothing after it named one.
    pub doubt: Option<Doubt>,
}

/// A configuration that might say where the root store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// Names the file.
    pub why: String,
    /// It lies in a home that we may not enter.
    pub foreign_home: bool,
}

/// What a file says, and its first line that is not understood, counted from 1.
#[derive(Debug, Default)]
struct Parsed {
    settings: Vec<Setting>,
    fault: Option<usize>,
}

/// The configuration for the whole machine (gopass `internal/config/config.go`).
const SYSTEM_CONFIG: &str = "/etc/gopass/config";

/// The largest configuration file read, in bytes.
const CONFIG_MAX: u64 = 1 << 20;

/// The most values taken from `GOPASS_CONFIG_COUNT`.
const ENV_VALUES_MAX: usize = 1000;

/// One assignment: section and key in lower case, subsection as written.
#[derive(Debug, PartialEq, Eq)]
struct Setting {
    section: String,
    subsection: Option<String>,
    key: String,
    value: String,
}

/// Reads every level from low to high: machine, user, environment.
pub fn read(env: &Env) -> GopassConfig {
    let mut config = GopassConfig::default();
    if env.var("GOPASS_CONFIG_NOSYSTEM").is_none() {
        config.apply_file(env, Path::new(SYSTEM_CONFIG), settings);
    }
    if let Some(file) = user_config(env)
        && !config.apply_file(env, &file, settings)
    {
        for legacy in legacy_configs(env) {
            if config.apply_file(env, &legacy, legacy_settings) {
                break;
            }
        }
    }
    for setting in env_settings(env) {
        config.apply(env, setting);
    }
    config
}

/// Where gopass keeps its root store when nothing says otherwise (gopass `internal/config/location.go`).
pub fn default_root(env: &Env) -> Option<PathBuf> {
    let data = match (env.var("GOPASS_HOMEDIR"), env.var("XDG_DATA_HOME")) {
        (Some(home), _) => PathBuf::from(home).join(".local/share"),
        (None, Some(data)) => PathBuf::from(data),
        (None, None) => env.home()?.join(".local/share"),
    };
    Some(env.absolute(&data.join("gopass/stores/root")))
}

fn user_config(env: &Env) -> Option<PathBuf> {
    match env.var("GOPASS_CONFIG") {
        Some(file) => Some(env.absolute(Path::new(file))),
        None => Some(user_folder(env)?.join("config")),
    }
}

fn user_folder(env: &Env) -> Option<PathBuf> {
    let config = match (env.var("GOPASS_HOMEDIR"), env.var("XDG_CONFIG_HOME")) {
        (Some(home), _) => PathBuf::from(home).join(".config"),
        (None, Some(config)) => PathBuf::from(config),
        (None, None) => env.home()?.join(".config"),
    };
    Some(env.absolute(&config.join("gopass")))
}

/// YAML files of gopass before 1.15; it reads them only while there is no new one.
fn legacy_configs(env: &Env) -> Vec<PathBuf> {
    let new = user_folder(env).map(|folder| folder.join("config.yml"));
    new.into_iter().chain(env.home().map(|home| home.join(".gopass.yml"))).collect()
}

impl GopassConfig {
    /// False when the file is not there.
    fn apply_file(&mut self, env: &Env, file: &Path, parse: fn(&str) -> Parsed) -> bool {
        let parsed = match files::read_bounded(file, CONFIG_MAX) {
            Ok(bytes) => parse(&String::from_utf8_lossy(&bytes)),
            Err(error) if error.is_not_found() => return false,
            Err(error) => {
                let home = env.home().filter(|home| file.starts_with(home));
                let shut = home.filter(|_| error.kind() == ErrorKind::PermissionDenied && is_hidden(file));
                self.doubt_of(
                    file,
                    match shut {
                        Some(home) => format!("HOME is {}, which this user may not enter", text::quoted_path(home)),
                        None => error.to_string(),
                    },
                );
                self.doubt.iter_mut().for_each(|doubt| doubt.foreign_home = shut.is_some());
                return true;
            }
        };
        if let Some(line) = parsed.fault {
            self.doubt_of(file, format!("line {line} of {} is not understood", text::quoted_path(file)));
        }
        for setting in parsed.settings {
            self.apply(env, setting);
        }
        true
    }

    fn doubt_of(&mut self, file: &Path, why: String) {
        self.doubt = Some(Doubt { why: why.clone(), foreign_home: false });
        self.unreadable.push(Unreadable { path: file.to_owned(), why });
    }

    fn apply(&mut self, env: &Env, setting: Setting) {
        if setting.section != "mounts" || setting.key != "path" || setting.value.is_empty() {
            return;
        }
        let path = env.absolute(&env.expand_home(Path::new(&setting.value)));
        match setting.subsection {
            None => {
                self.root = Some(path);
                self.doubt = None;
            }
            Some(name) => match self.mounts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = path,
                None => self.mounts.push((name, path)),
            },
        }
    }
}

/// True where not even the folder of a file may be entered.
fn is_hidden(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// `GOPASS_CONFIG_COUNT`, `GOPASS_CONFIG_KEY_n`, `GOPASS_CONFIG_VALUE_n`, as git's own variables of that kind.
fn env_settings(env: &Env) -> Vec<Setting> {
    let count = env.text("GOPASS_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or(0);
    (0..usize::min(count, ENV_VALUES_MAX))
        .filter_map(|index| {
            let key = env.text(&format!("GOPASS_CONFIG_KEY_{index}"))?;
            let value = env.text(&format!("GOPASS_CONFIG_VALUE_{index}"))?;
            let (front, key) = key.rsplit_once('.')?;
            let (section, subsection) = match front.split_once('.') {
                Some((section, subsection)) => (section, Some(subsection.to_owned())),
                None => (front, None),
            };
            Some(Setting {
                section: section.to_ascii_lowercase(),
                subsection,
                key: key.to_ascii_lowercase(),
                value: value.to_owned(),
            })
        })
        .collect()
}

/// Git's configuration syntax (git-config(1), "Syntax"): sections, subsections in quotes, comments, quoted and escaped
/// values, continued lines. Lines that do not fit are skipped; includes are not followed, as gopass does not either.
fn settings(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut section = String::new();
    let mut subsection = None;
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        let mut misunderstood = || parsed.fault = parsed.fault.or(Some(index + 1));
        let line = match line.strip_prefix('[') {
            Some(header) => match section_header(header) {
                Some((name, sub, rest)) => {
                    (section, subsection) = (name, sub);
                    rest.trim_start()
                }
                None => {
                    misunderstood();
                    continue;
                }
            },
            None => line,
        };
        if line.starts_with(['#', ';']) || line.is_empty() {
            continue;
        }
        let (key, value) = line.split_once('=').map_or((line, None), |(key, value)| (key.trim(), Some(value)));
        // A key alone is git's way of saying true.
        let bare = key.split(['#', ';']).next().unwrap_or_default().trim();
        if section.is_empty() || !is_key(if value.is_some() { key } else { bare }) {
            misunderstood();
        }
        if let Some(value) = value {
            let mut rest = lines.by_ref().map(|(_, line)| line);
            parsed.settings.push(Setting {
                section: section.clone(),
                subsection: subsection.clone(),
                key: key.to_ascii_lowercase(),
                value: unquoted(value, &mut rest),
            });
        }
    }
    parsed
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character))
}

/// What follows `[`: the section's name, its subsection, and the rest of the line after `]`.
fn section_header(header: &str) -> Option<(String, Option<String>, &str)> {
    let end = header.find([']', '"', ' ', '\t'])?;
    let name = header[..end].to_ascii_lowercase();
    let rest = header[end..].trim_start();
    if let Some(rest) = rest.strip_prefix(']') {
        return Some(match name.split_once('.') {
            Some((name, sub)) => (name.to_owned(), Some(sub.to_owned()), rest),
            None => (name, None, rest),
        });
    }
    let quoted = rest.strip_prefix('"')?;
    let mut sub = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '\\' => sub.push(characters.next()?.1),
            '"' => return Some((name, Some(sub), quoted[index + 1..].trim_start().strip_prefix(']')?)),
            _ => sub.push(character),
        }
    }
    None
}

/// A value without quotes, escapes, comment and outer blanks; a backslash at the end takes the next line in.
fn unquoted<'a>(first: &'a str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut value = String::new();
    let mut kept = 0;
    let mut in_quotes = false;
    let mut line = first.trim_start();
    'lines: loop {
        let mut characters = line.chars();
        while let Some(character) = characters.next() {
            match character {
                '"' => in_quotes = !in_quotes,
                '#' | ';' if !in_quotes => break 'lines,
                '\\' => match characters.next() {
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some('b') => value.push('\u{8}'),
                    Some(other) => value.push(other),
                    None => match lines.next() {
                        Some(next) => {
                            line = next;
                            continue 'lines;
                        }
                        None => break 'lines,
                    },
                },
                _ => value.push(character),
            }
            if in_quotes || !character.is_whitespace() {
                kept = value.len();
            }
        }
        break;
    }
    value.truncate(kept);
    value
}

/// The two settings of the old YAML file that say where stores are: `path:` and the block `mounts:`, read line by line.
fn legacy_settings(text: &str) -> Parsed {
    let setting = |subsection: Option<String>, value: &str| {
        let value = value.trim().trim_matches(['"', '\'']);
        // Paths once carried their backends in front: gpgcli-gitcli-fs+file:///home/…
        let value = value.split_once("file://").map_or(value, |(_, path)| path);
        Setting { section: "mounts".to_owned(), subsection, key: "path".to_owned(), value: value.to_owned() }
    };
    let mut found = Vec::new();
    let mut in_mounts = false;
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        let Some((key, value)) = line.split_once(':') else { continue };
        if !line.starts_with([' ', '\t']) {
            in_mounts = key == "mounts";
            if key == "path" {
                found.push(setting(None, value));
            }
        } else if in_mounts && !value.trim().is_empty() {
            found.push(setting(Some(key.trim().trim_matches(['"', '\'']).to_owned()), value));
        }
    }
    // Read for two keys only, so that what else is in it is not judged.
    Parsed { settings: found, fault: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, parse: fn(&str) -> Parsed) -> GopassConfig {
        let env = Env::made_of([("HOME", "/home/a")]);
        let mut config = GopassConfig::default();
        for setting in parse(text).settings {
            config.apply(&env, setting);
        }
        config
    }

    #[test]
    fn reads_root_and_mounts() {
        let text = "# made by gopass\n[core]\n\tpath = /wrong\n[mounts]\n\tpath = ~/store # home\n\
                    [mounts \"work\"]\n\tpath = \"/w o;rk\" ; note\n[mounts \"a\\\"b/c\"]\n\tPath=/x\n[mounts.old]\npath = /o\n";
        let config = places(text, settings);
        assert_eq!(config.root.as_deref(), Some(Path::new("/home/a/store")));
        let expected = [("work", "/w o;rk"), ("a\"b/c", "/x"), ("old", "/o")];
        assert_eq!(config.mounts, expected.map(|(name, path)| (name.to_owned(), PathBuf::from(path))));
    }

    #[test]
    fn later_settings_win_and_odd_lines_are_skipped() {
        let text = "\u{feff}[Mounts] path = /one\n[broken\n[mounts]\npath\n= \npath = /t\\\\wo\\\n three  \npath =\n";
        assert_eq!(places(text, settings).root.as_deref(), Some(Path::new("/t\\wo three")));
        let text = "[mounts \"w\"]\npath = /one\n[mounts \"w\"]\npath = /two\n";
        assert_eq!(places(text, settings).mounts, [("w".to_owned(), PathBuf::from("/two"))]);
    }

    /// What a file with this text leaves in doubt.
    fn doubt(text: &str, vars: &[(&str, &str)]) -> Option<String> {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("config");
        std::fs::write(&file, text).expect("a config");
        let base = [("HOME", "/nonexistent"), ("GOPASS_CONFIG", file.to_str().expect("text"))];
        let env = Env::made_of(base.iter().chain(&[("GOPASS_CONFIG_NOSYSTEM", "1")]).chain(vars).copied());
        let config = read(&env);
        config.doubt.map(|doubt| doubt.why.replace(file.to_str().expect("text"), "F"))
    }

    #[test]
    fn what_is_not_understood_leaves_the_place_of_the_root_in_doubt() {
        let line = |number: usize| Some(format!("line {number} of \"F\" is not understood"));
        assert_eq!(doubt("[mounts\n\tpath = /x\n", &[]), line(1));
        assert_eq!(doubt("[core]\n\n[mounts]\n\tpath /x\n", &[]), line(4));
        assert_eq!(doubt("path = /x\n", &[]), line(1));
        assert_eq!(doubt("[mounts]\n= /x\n", &[]), line(2));
        assert_eq!(doubt("[core]\nautosync ; yes\nnotify=1\n# [\n[a \"b\"] x = \"1\\\n2\"\n", &[]), None);
        // A root named after that is the root, from wherever.
        assert_eq!(doubt("[core\n[mounts]\npath = /x\n", &[]), None);
        let named =
            [("GOPASS_CONFIG_COUNT", "1"), ("GOPASS_CONFIG_KEY_0", "mounts.path"), ("GOPASS_CONFIG_VALUE_0", "/env")];
        assert_eq!(doubt("[mounts\n", &named), None);
    }

    #[test]
    fn reads_the_old_yaml() {
        let text =
            "autoclip: true\npath: gpgcli-gitcli-fs+file:///home/a/s\nmounts:\n  work: /w\n  \"b\": '~/b'\nother: x\n";
        let config = places(text, legacy_settings);
        assert_eq!(config.root.as_deref(), Some(Path::new("/home/a/s")));
        let expected = [("work", "/w"), ("b", "/home/a/b")];
        assert_eq!(config.mounts, expected.map(|(name, path)| (name.to_owned(), PathBuf::from(path))));
    }

    #[test]
    fn the_environment_comes_last() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("config"), "[mounts]\npath = /file\n").expect("a config");
        let config_path = dir.path().join("config").into_os_string().into_string().expect("text");
        let base = [("HOME", "/nonexistent"), ("GOPASS_CONFIG", &config_path), ("GOPASS_CONFIG_NOSYSTEM", "1")];
        assert_eq!(read(&Env::made_of(base)).root.as_deref(), Some(Path::new("/file")));
        let more = [
            ("GOPASS_CONFIG_COUNT", "2"),
            ("GOPASS_CONFIG_KEY_0", "mounts.path"),
            ("GOPASS_CONFIG_VALUE_0", "/env"),
            ("GOPASS_CONFIG_KEY_1", "mounts.a.b.path"),
            ("GOPASS_CONFIG_VALUE_1", "/m"),
        ];
        let config = read(&Env::made_of(base.into_iter().chain(more)));
        assert_eq!(config.root.as_deref(), Some(Path::new("/env")));
        assert_eq!(config.mounts, [("a.b".to_owned(), PathBuf::from("/m"))]);
    }
}
