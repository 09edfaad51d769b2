//! `regpass config`: make, show and check the settings.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Session, names};
use crate::frontend::console::Role;
use crate::model::{Problem, text};
use crate::ops::config::{self, Setting, Source};

const EXAMPLES: &str = "\
Examples:
  regpass config init           write a config file with every setting explained
  regpass config show           what applies now, and which flag, variable or file decided it
  regpass config check          can the file be used?";

/// Make, show and check the settings
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write a config file in which every setting is explained and none is set
    Init {
        /// One JSON object with the file
        #[arg(long)]
        json: bool,
    },
    /// Say what applies, and what decided it
    Show {
        /// One JSON object with the settings
        #[arg(long)]
        json: bool,
    },
    /// Say whether the config file can be used
    Check {
        /// One JSON object with the file
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(session: &Session, args: &ConfigArgs) -> Result<(), Problem> {
    match args.action {
        Action::Init { json } => {
            let file = config::init(&session.system()?)?;
            if json {
                return session.console.json(&Value::Object(headed(Some(&file))));
            }
            session.console.status(&format!("wrote {}", text::quoted_path(&file)));
            Ok(())
        }
        Action::Show { json } => show(session, json),
        Action::Check { json } => check(session, json),
    }
}

fn show(session: &Session, json: bool) -> Result<(), Problem> {
    let shown = config::show(&session.system()?, &session.typed)?;
    let console = &session.console;
    if json {
        let mut object = headed(shown.file.as_deref());
        object.insert("file_exists".to_owned(), shown.file_exists.into());
        object.insert("settings".to_owned(), shown.settings.iter().map(as_json).collect());
        return console.json(&Value::Object(object));
    }
    let widest = |width: fn(&Setting) -> usize| shown.settings.iter().map(width).max().unwrap_or_default();
    let (keys, values) = (widest(|one| one.key.len()), widest(|one| value(one).chars().count()));
    let mut lines = String::new();
    for one in &shown.settings {
        let source = console.paint(Role::Muted, &source(one.source));
        lines.push_str(&format!("{:<keys$}  {:<values$}  {source}\n", one.key, value(one)));
    }
    console.data(&lines)?;
    if let (Some(file), false) = (&shown.file, shown.file_exists) {
        console.status(&format!("there is no {}; to make one: regpass config init", text::quoted_path(file)));
    }
    Ok(())
}

fn value(setting: &Setting) -> String {
    match &setting.value {
        Some(value) => text::escaped(value.as_bytes()).into_owned(),
        None => "-".to_owned(),
    }
}

fn source(source: Source) -> String {
    match source {
        Source::Flag(flag) => flag.to_owned(),
        Source::Variable(name) => format!("${name}"),
        Source::File => "config file".to_owned(),
        Source::Default => "default".to_owned(),
    }
}

/// `schema` 1 of docs/json.md, `config show`.
fn as_json(setting: &Setting) -> Value {
    json!({ "key": setting.key, "value": setting.value, "source": source(setting.source) })
}

/// `schema` and `file` of each of them.
fn headed(file: Option<&Path>) -> Map<String, Value> {
    let mut object = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    match file {
        Some(file) => names::put(&mut object, "file", file.as_os_str().as_encoded_bytes()),
        None => drop(object.insert("file".to_owned(), Value::Null)),
    }
    object
}

fn check(session: &Session, json: bool) -> Result<(), Problem> {
    let (file, ui) = config::check(&session.env)?;
    #[cfg(feature = "tui")]
    crate::frontend::tui::check_settings(&ui)?;
    #[cfg(not(feature = "tui"))]
    let _ = ui;
    if json {
        return session.console.json(&Value::Object(headed(file.as_deref())));
    }
    session.console.status(&match file {
        Some(file) => format!("{} can be used", text::quoted_path(&file)),
        None => "there is no config file; every setting has its default".to_owned(),
    });
    Ok(())
}
