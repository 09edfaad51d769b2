//! The settings: what each is now and what decided it, a first config file, a look whether the file can be used. What
//! they mean is `system/options.rs`; the file's own form is `system/config_file.rs`.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::read_only;
use crate::model::{Problem, text};
use crate::system::System;
use crate::system::config_file::{self, ConfigFile, TEMPLATE, Ui};
use crate::system::env::Env;
use crate::system::files::{self, FileError};
use crate::system::options::{Options, Typed};

/// One setting as it applies now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// As the config file names it.
    pub key: &'static str,
    /// None: nothing is set, and there is no default.
    pub value: Option<String>,
    pub source: Source,
}

/// What decided a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Flag(&'static str),
    Variable(&'static str),
    File,
    Default,
}

/// All settings, and the file that was looked for.
#[derive(Debug)]
pub struct Settings {
    /// None on a machine without a home.
    pub file: Option<PathBuf>,
    pub file_exists: bool,
    pub settings: Vec<Setting>,
}

/// How one setting is found out.
struct Row {
    key: &'static str,
    flag: Option<Flag>,
    variable: Option<(&'static str, Decides)>,
    in_file: fn(&ConfigFile, &Ui) -> bool,
    value: fn(&System, &Ui) -> Option<String>,
}

/// Its name, and whether it was given.
type Flag = (&'static str, fn(&Typed) -> bool);

/// Whether a variable decides.
#[derive(Clone, Copy)]
enum Decides {
    /// When it is set.
    Set,
    When(fn(&Env, &Options) -> bool),
}

fn path(path: &Path) -> Option<String> {
    Some(path.to_string_lossy().into_owned())
}

const ROWS: &[Row] = &[
    Row {
        key: "store",
        flag: Some(("--store", |typed| typed.store.is_some())),
        variable: Some(("PASSWORD_STORE_DIR", Decides::Set)),
        in_file: |file, _| file.store.is_some(),
        value: |system, _| system.stores().ok().and_then(|stores| path(stores.root().root())),
    },
    Row {
        key: "gnupg-home",
        flag: Some(("--gnupg-home", |typed| typed.gnupg_home.is_some())),
        variable: Some(("GNUPGHOME", Decides::Set)),
        in_file: |file, _| file.gnupg_home.is_some(),
        value: |system, _| path(&system.options.gnupg_home),
    },
    Row {
        key: "trust",
        flag: None,
        variable: Some((
            "PASSWORD_STORE_GPG_OPTS",
            Decides::When(|_, options| {
                !options.trust_always && options.gpg_options.iter().any(|word| word == "always")
            }),
        )),
        in_file: |file, _| file.trust.is_some(),
        value: |system, _| {
            let always = system.options.trust_always || system.options.gpg_options.iter().any(|word| word == "always");
            Some(if always { "always" } else { "gpg" }.to_owned())
        },
    },
    Row {
        key: "pinentry",
        flag: None,
        variable: Some(("REGPASS_PINENTRY", Decides::Set)),
        in_file: |file, _| file.pinentry.is_some(),
        value: |system, _| Some(if system.options.pinentry_loopback { "loopback" } else { "agent" }.to_owned()),
    },
    Row {
        key: "clip-seconds",
        flag: None,
        variable: Some((
            "PASSWORD_STORE_CLIP_TIME",
            Decides::When(|env, _| {
                env.text("PASSWORD_STORE_CLIP_TIME").is_some_and(|text| text.parse::<u64>().is_ok())
            }),
        )),
        in_file: |file, _| file.clip_seconds.is_some(),
        value: |system, _| Some(system.options.clip_seconds.to_string()),
    },
    Row {
        key: "journal",
        flag: None,
        variable: None,
        in_file: |file, _| file.journal.is_some(),
        value: |system, _| Some(system.options.journal.to_string()),
    },
    Row {
        key: "read-only",
        flag: Some(("--read-only", |typed| typed.read_only)),
        variable: Some(("REGPASS_READ_ONLY", Decides::Set)),
        in_file: |file, _| file.read_only.is_some(),
        value: |system, _| Some(system.options.read_only.is_some().to_string()),
    },
    Row {
        key: "local-only",
        flag: None,
        variable: None,
        in_file: |file, _| file.local_only.is_some(),
        value: |system, _| Some(system.options.local_only.to_string()),
    },
    Row {
        key: "windows-only",
        flag: None,
        variable: None,
        in_file: |file, _| file.windows_only.is_some(),
        value: |system, _| Some(system.options.windows_only.to_string()),
    },
    Row {
        key: "key-file",
        flag: None,
        variable: Some(("REGPASS_KEY_FILE", Decides::Set)),
        in_file: |file, _| file.key_file.is_some(),
        value: |system, _| system.options.key_file.as_deref().and_then(path),
    },
    Row {
        key: "key-passphrase-file",
        flag: None,
        variable: Some(("REGPASS_KEY_PASSPHRASE_FILE", Decides::Set)),
        in_file: |file, _| file.key_passphrase_file.is_some(),
        value: |system, _| system.options.key_passphrase_file.as_deref().and_then(path),
    },
    Row {
        key: "ui.theme",
        flag: None,
        variable: None,
        in_file: |_, ui| ui.theme.is_some(),
        value: |_, ui| ui.theme.clone().or(Some("terminal".to_owned())),
    },
    Row {
        key: "ui.ascii",
        flag: None,
        variable: Some(("REGPASS_ASCII", Decides::Set)),
        in_file: |_, ui| ui.ascii.is_some(),
        value: |system, ui| Some((system.env.var("REGPASS_ASCII").is_some() || ui.ascii == Some(true)).to_string()),
    },
    Row {
        key: "ui.reveal-seconds",
        flag: None,
        variable: None,
        in_file: |_, ui| ui.reveal_seconds.is_some(),
        value: |_, ui| Some(ui.reveal_seconds().to_string()),
    },
    Row {
        key: "ui.mouse",
        flag: None,
        variable: None,
        in_file: |_, ui| ui.mouse.is_some(),
        value: |_, ui| Some((ui.mouse == Some(true)).to_string()),
    },
    Row {
        key: "ui.keys",
        flag: None,
        variable: None,
        in_file: |_, ui| ui.keys.is_some(),
        value: |_, ui| ui.keys.as_ref().map(|chosen| chosen.keys().cloned().collect::<Vec<_>>().join(" ")),
    },
];

/// Every setting as it applies now.
pub fn show(system: &System, typed: &Typed) -> Result<Settings, Problem> {
    let (found, file) = config_file::read(&system.env)?;
    let ui = Ui::of(file.ui.as_ref(), found.as_deref())?;
    let setting = |row: &Row| {
        let flag = row.flag.filter(|(_, is_typed)| is_typed(typed)).map(|(name, _)| Source::Flag(name));
        let variable = row.variable.filter(|(name, decides)| match decides {
            Decides::Set => system.env.var(name).is_some(),
            Decides::When(decides) => decides(&system.env, &system.options),
        });
        let source = flag
            .or(variable.map(|(name, _)| Source::Variable(name)))
            .or((row.in_file)(&file, &ui).then_some(Source::File))
            .unwrap_or(Source::Default);
        Setting { key: row.key, value: (row.value)(system, &ui), source }
    };
    Ok(Settings {
        file: config_file::path(&system.env),
        file_exists: found.is_some(),
        settings: ROWS.iter().map(setting).collect(),
    })
}

/// Whether the config file can be used; the names in it that only a frontend knows are left to that. Where it is, and
/// whether there is one.
pub fn check(env: &Env) -> Result<(Option<PathBuf>, Ui), Problem> {
    let (found, file) = config_file::read(env)?;
    let ui = Ui::of(file.ui.as_ref(), found.as_deref())?;
    Ok((found, ui))
}

/// Writes a config file in which every setting is explained and none is set. Never replaces one.
pub fn init(system: &System) -> Result<PathBuf, Problem> {
    let file = config_file::path(&system.env).ok_or_else(|| {
        Problem::failed("there is no place for a config file: HOME is not set")
            .hint("say where it shall be: export REGPASS_CONFIG=/path/to/config.toml")
    })?;
    read_only::check(system, &file)?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    let fault = |error: FileError| {
        let problem = Problem::failed(format!("cannot make the config file {}", text::quoted_path(&file)));
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Problem::failed(format!("{} is there already", text::quoted_path(&file)))
                    .hint("see what it does: regpass config show")
            }
            _ => problem.because(error),
        }
    };
    made.map_err(|source| fault(FileError::io("cannot make", folder, source)))?;
    files::create(&file, TEMPLATE.as_bytes(), 0o600).map_err(fault)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(vars: &[(&str, &str)], config: &str, typed: &Typed) -> Vec<(String, Option<String>, Source)> {
        let home = tempfile::tempdir().expect("a folder");
        let file = home.path().join("config.toml");
        std::fs::write(&file, config).expect("a config file");
        let home_text = home.path().to_str().expect("text");
        let own = [("HOME", home_text), ("REGPASS_CONFIG", file.to_str().expect("text"))];
        let env = Env::made_of(vars.iter().copied().chain(own));
        let options = Options::resolve(typed, &env).expect("options");
        let settings = show(&System::new(env, options), typed).expect("settings");
        assert!(settings.file_exists);
        settings
            .settings
            .into_iter()
            .map(|one| (one.key.to_owned(), one.value.map(|value| value.replace(home_text, "~")), one.source))
            .collect()
    }

    fn of<'a>(settings: &'a [(String, Option<String>, Source)], key: &str) -> (&'a str, Source) {
        let (_, value, source) = settings.iter().find(|(name, ..)| name == key).expect("a setting");
        (value.as_deref().unwrap_or("-"), *source)
    }

    #[test]
    fn each_setting_says_what_decided_it() {
        let vars = [("PASSWORD_STORE_CLIP_TIME", "9"), ("PASSWORD_STORE_DIR", "/v"), ("GNUPGHOME", "/g")];
        let typed = Typed { store: Some("/typed".into()), read_only: true, ..Typed::default() };
        let config = "clip-seconds = 3\njournal = false\ntrust = \"always\"\n[ui]\ntheme = \"dark\"\n";
        let settings = shown(&vars, config, &typed);
        assert_eq!(of(&settings, "store"), ("/typed", Source::Flag("--store")));
        assert_eq!(of(&settings, "gnupg-home"), ("/g", Source::Variable("GNUPGHOME")));
        assert_eq!(of(&settings, "clip-seconds"), ("9", Source::Variable("PASSWORD_STORE_CLIP_TIME")));
        assert_eq!(of(&settings, "journal"), ("false", Source::File));
        assert_eq!(of(&settings, "trust"), ("always", Source::File));
        assert_eq!(of(&settings, "read-only"), ("true", Source::Flag("--read-only")));
        assert_eq!(of(&settings, "ui.theme"), ("dark", Source::File));
        assert_eq!(of(&settings, "pinentry"), ("agent", Source::Default));
        assert_eq!(of(&settings, "key-file"), ("-", Source::Default));
    }

    #[test]
    fn a_variable_that_means_nothing_decides_nothing() {
        let vars = [("PASSWORD_STORE_CLIP_TIME", "soon"), ("PASSWORD_STORE_GPG_OPTS", "--armor")];
        let settings = shown(&vars, "clip-seconds = 3\n", &Typed::default());
        assert_eq!(of(&settings, "clip-seconds"), ("3", Source::File));
        assert_eq!(of(&settings, "trust"), ("gpg", Source::Default));
        let always = [("PASSWORD_STORE_GPG_OPTS", "--trust-model always")];
        let settings = shown(&always, "", &Typed::default());
        assert_eq!(of(&settings, "trust"), ("always", Source::Variable("PASSWORD_STORE_GPG_OPTS")));
    }

    #[test]
    fn every_key_of_the_template_is_shown() {
        let mut table = "";
        for line in TEMPLATE.lines().map(|line| line.trim_start_matches('#')) {
            match line.trim_matches(['[', ']']) {
                name if name != line => table = name,
                _ => {
                    let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains([' ', '"'])) else {
                        continue;
                    };
                    let whole = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
                    assert!(ROWS.iter().any(|row| row.key == whole), "{whole} is missing");
                }
            }
        }
    }

    #[test]
    fn init_writes_once() {
        let home = tempfile::tempdir().expect("a folder");
        let env = Env::made_of([("HOME", home.path())]);
        let mut system = System::new(env.clone(), Options::resolve(&Typed::default(), &env).expect("options"));
        system.options.read_only = Some("--read-only");
        let refused = init(&system).expect_err("read-only");
        assert!(refused.message.contains("read-only") && !home.path().join(".config").exists(), "{refused}");
        system.options.read_only = None;
        let file = init(&system).expect("written");
        assert_eq!(std::fs::read_to_string(&file).expect("readable"), TEMPLATE);
        std::fs::write(&file, "journal = false\n").expect("changed");
        let refused = init(&system).expect_err("it is there");
        assert!(refused.message.ends_with("is there already"), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).expect("readable"), "journal = false\n");
    }
}
