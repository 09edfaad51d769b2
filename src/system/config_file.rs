//! The config file as it is written: which keys there are and where it lies. Unknown keys are errors, so that a typing
//! mistake is not a setting that silently does nothing. What the settings mean together with flags and environment is
//! `system/options.rs`, the only reader on the helper's path.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::env::Env;
use super::files::{self, FileError};
use crate::model::{Problem, text};

/// What `config init` writes: every setting, explained and commented out.
pub const TEMPLATE: &str = include_str!("config_file.toml");

/// The largest config file read, in bytes.
const CONFIG_MAX: u64 = 1 << 20;

/// The file's keys; None: not said there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    pub store: Option<PathBuf>,
    pub gnupg_home: Option<PathBuf>,
    pub journal: Option<bool>,
    pub trust: Option<Trust>,
    pub key_file: Option<PathBuf>,
    pub key_passphrase_file: Option<PathBuf>,
    pub pinentry: Option<Pinentry>,
    pub clip_seconds: Option<u64>,
    pub read_only: Option<bool>,
    pub local_only: Option<bool>,
    pub windows_only: Option<bool>,
    /// Left as it is until the terminal UI asks (`Ui::of`): a mistake there must not stop a `docker pull`.
    pub ui: Option<toml::Table>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// As pass: an untrusted recipient is refused.
    Gpg,
    /// As gopass.
    Always,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Pinentry {
    Agent,
    Loopback,
}

/// The `[ui]` table. Names of themes are the terminal UI's to check.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ui {
    pub theme: Option<String>,
    pub ascii: Option<bool>,
    /// How long a secret is shown: 1 to `REVEAL_MAX`.
    pub reveal_seconds: Option<u64>,
    /// The mouse is the UI's, not the terminal's.
    pub mouse: Option<bool>,
    /// Keys chosen for actions; names of both are the terminal UI's to check.
    pub keys: Option<BTreeMap<String, Vec<String>>>,
}

/// How long a secret is shown unless the file says otherwise, and the longest it may say, in seconds.
const REVEAL: u64 = 10;
const REVEAL_MAX: u64 = 600;

impl Ui {
    /// How long a secret is shown, in seconds.
    pub fn reveal_seconds(&self) -> u64 {
        self.reveal_seconds.unwrap_or(REVEAL)
    }

    /// The table of the file, its keys and kinds of value checked. `file` is named in the problem.
    pub fn of(table: Option<&toml::Table>, file: Option<&Path>) -> Result<Ui, Problem> {
        let Some(table) = table else { return Ok(Ui::default()) };
        let wrong = |cause: &str| {
            let file = file.unwrap_or(Path::new("config.toml"));
            unusable(file, format!("in [ui]: {}", text::escaped(cause.as_bytes())), None)
        };
        let ui: Ui = table.clone().try_into().map_err(|error: toml::de::Error| wrong(error.message()))?;
        if ui.reveal_seconds.is_some_and(|seconds| !(1..=REVEAL_MAX).contains(&seconds)) {
            return Err(wrong(&format!("reveal-seconds is not a number from 1 to {REVEAL_MAX}")));
        }
        Ok(ui)
    }
}

/// Where the config file is or would be: `$REGPASS_CONFIG`, else `regpass/config.toml` in the platform's config folder.
/// None on a machine without a home.
pub fn path(env: &Env) -> Option<PathBuf> {
    let chosen = env.var("REGPASS_CONFIG").map(|file| env.absolute(Path::new(file)));
    chosen.or_else(|| env.config_dir().map(|dir| dir.join("regpass/config.toml")))
}

/// Reads it. A missing one says nothing; one that cannot be read or parsed is a problem.
pub fn read(env: &Env) -> Result<(Option<PathBuf>, ConfigFile), Problem> {
    let Some(file) = path(env) else { return Ok((None, ConfigFile::default())) };
    let bytes = match files::read_bounded(&file, CONFIG_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.is_not_found() => return Ok((None, ConfigFile::default())),
        // Another user's home, kept by sudo or a service: there is nothing of ours to find in it.
        Err(error) if denied(&error) && env.var("REGPASS_CONFIG").is_none() && !is_visible(&file) => {
            return Ok((None, ConfigFile::default()));
        }
        Err(error) => return Err(unusable(&file, error.to_string(), None)),
    };
    let text = String::from_utf8(bytes).map_err(|_| unusable(&file, "it is not UTF-8 text".to_owned(), None))?;
    let config = toml::from_str(&text).map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        unusable(&file, text::escaped(error.message().as_bytes()).into_owned(), line)
    })?;
    Ok((Some(file), config))
}

fn unusable(file: &Path, cause: String, line: Option<usize>) -> Problem {
    let cause = match line {
        Some(line) => format!("line {line}: {cause}"),
        None => cause,
    };
    let away = files::spare_name(file, "broken");
    Problem::failed(format!("the config file {} cannot be used", text::quoted_path(file))).because(cause).hint(format!(
        "mend it, or do without it: mv {} {}",
        text::shell_word(file),
        text::shell_word(&away)
    ))
}

fn denied(error: &FileError) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

/// False where not even the file's folder may be entered.
fn is_visible(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home_with(config: &[u8]) -> (tempfile::TempDir, Env) {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join(".config/regpass/config.toml");
        std::fs::create_dir_all(file.parent().expect("its folder")).expect("folders");
        std::fs::write(&file, config).expect("a config file");
        let env = Env::made_of([("HOME", home.path())]);
        (home, env)
    }

    fn cause(config: &[u8]) -> String {
        let (_home, env) = home_with(config);
        let problem = read(&env).expect_err("refused");
        assert!(problem.message.contains("config.toml") && problem.hints[0].contains("mv "), "{problem}");
        problem.causes.join(" / ")
    }

    #[test]
    fn moving_it_away_replaces_no_older_one() {
        let (home, env) = home_with(b"stoer = 1\n");
        let file = home.path().join(".config/regpass/config.toml");
        let hint = || read(&env).expect_err("refused").hints[0].clone();
        assert!(hint().ends_with("config.toml.broken"), "{}", hint());
        for older in ["broken", "broken-2"] {
            std::fs::write(file.with_file_name(format!("config.toml.{older}")), "").expect("an older one");
        }
        assert!(hint().ends_with("config.toml.broken-3"), "{}", hint());
    }

    #[test]
    fn a_fault_is_named_with_its_line() {
        assert!(cause(b"store = \"/s\"\nno-such-setting = 1\n").starts_with("line 2: unknown field `no-such-setting`"));
        assert!(cause(b"journal = \"no\"\n").starts_with("line 1: invalid type"));
        assert!(cause(b"\n\n= 3\n").starts_with("line 3: "));
        assert!(cause(b"\xff").contains("not UTF-8"));
        assert!(!cause(b"\"\\u001b[31m\" = 1\n").contains('\u{1b}'));
    }

    #[test]
    fn only_what_may_not_be_seen_counts_as_no_config() {
        let (home, env) = home_with(b"no-such-setting = 1\n");
        assert!(read(&env).is_err());
        let file = home.path().join(".config/regpass/config.toml");
        assert!(is_visible(&file) && !is_visible(&file.join("below")));
    }

    #[test]
    fn a_mistake_about_the_ui_is_nobody_else_s_trouble() {
        let (_home, env) = home_with(b"[ui]\ntheme = 3\nwindow = true\n");
        let (file, config) = read(&env).expect("the rest is good");
        let problem = Ui::of(config.ui.as_ref(), file.as_deref()).expect_err("told to the UI");
        assert!(problem.causes[0].starts_with("in [ui]: "), "{problem}");
    }

    #[test]
    fn a_secret_is_shown_for_a_while_and_not_for_good() {
        let ui = |seconds: &str| {
            let (_home, env) = home_with(format!("[ui]\nreveal-seconds = {seconds}\n").as_bytes());
            let (file, config) = read(&env).expect("the rest is good");
            Ui::of(config.ui.as_ref(), file.as_deref())
        };
        assert_eq!(Ui::default().reveal_seconds(), 10);
        assert_eq!(ui("3").expect("usable").reveal_seconds(), 3);
        assert_eq!(ui("600").expect("usable").reveal_seconds(), 600);
        for seconds in ["0", "601", "-1", "9223372036854775807", "2.5"] {
            let problem = ui(seconds).expect_err("refused");
            assert!(problem.causes[0].starts_with("in [ui]: "), "{seconds}: {problem}");
        }
    }

    /// Every line of the template but the explanations.
    fn uncommented() -> String {
        let bare =
            TEMPLATE.lines().map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line));
        bare.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_template_is_a_config_file_that_says_nothing() {
        let table: toml::Table = TEMPLATE.parse().expect("TOML");
        assert!(table.is_empty() || table.values().all(|value| value.as_table().is_some_and(toml::Table::is_empty)));
        let (_home, env) = home_with(TEMPLATE.as_bytes());
        assert!(read(&env).is_ok());
    }

    #[test]
    fn the_template_knows_every_setting() {
        let config: ConfigFile = toml::from_str(&uncommented()).expect("every line of it can be used");
        assert!(config.store.is_some() && config.gnupg_home.is_some() && config.journal.is_some());
        assert!(config.trust.is_some() && config.pinentry.is_some() && config.clip_seconds.is_some());
        assert!(config.key_file.is_some() && config.key_passphrase_file.is_some() && config.read_only.is_some());
        let ui = Ui::of(config.ui.as_ref(), None).expect("the [ui] table too");
        assert!(ui.theme.is_some() && ui.ascii.is_some() && ui.reveal_seconds.is_some());
        assert!(ui.keys.is_some() && ui.mouse.is_some());
    }
}
