//! `regpass registries`: the registries that the store has logins for. Decrypts nothing.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::Session;
use super::{ls, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Problem, age, text, utc};
use crate::ops::registries::{self, Registries, RegistryLogin};

const EXAMPLES: &str = "\
Examples:
  regpass registries                 registry, user, age, and what is odd about it
  regpass registries --json          for programs (docs/json.md)";

/// List the registries that have a login
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RegistriesArgs {
    /// One JSON object with every login and what could not be read
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &RegistriesArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let registries = registries::list(&system)?;
    registries.doubt.iter().for_each(|doubt| session.console.warning(doubt));
    if args.json {
        return session.console.json(&as_json(&registries));
    }
    let now = session.env.now();
    let rows: Vec<[String; 4]> =
        registries.logins.iter().map(|login| row(login, &age::short(now, login.modified))).collect();
    session.console.data(&table(&session.console, &rows))?;
    ls::warn_of(&session.console, &registries.unreadable);
    if rows.is_empty() {
        session.console.status("no registry has a login yet; make one: docker login REGISTRY");
    }
    Ok(())
}

/// `schema` 1 of docs/json.md, `registries`.
fn as_json(registries: &Registries) -> Value {
    let logins: Vec<Value> = registries
        .logins
        .iter()
        .map(|login| {
            let mut one = Map::new();
            names::put(&mut one, "server", login.server.as_bytes());
            one.insert("canonical".to_owned(), login.canonical.clone().into());
            one.insert("user".to_owned(), login.login.as_str().into());
            names::put(&mut one, "path", login.entry.as_bytes());
            one.insert("modified".to_owned(), utc::rfc3339(login.modified).into());
            one.insert("active".to_owned(), login.active.into());
            let twins: Vec<Value> = login.twins.iter().map(|twin| twin.to_text().into_owned().into()).collect();
            one.insert("twins".to_owned(), twins.into());
            Value::Object(one)
        })
        .collect();
    json!({ "schema": names::SCHEMA, "registries": logins, "unreadable": names::unreadable(&registries.unreadable) })
}

fn row(login: &RegistryLogin, age: &str) -> [String; 4] {
    let mut notes = Vec::new();
    if !login.active {
        notes.push("not used: a newer login of this registry answers".to_owned());
    }
    if login.server.is_hub_token() {
        notes.push("Docker Hub's own token, not a login".to_owned());
    }
    if !login.twins.is_empty() {
        let twins: Vec<_> = login.twins.iter().map(|twin| twin.display()).collect();
        notes.push(format!("also kept as {}", twins.join(", ")));
    }
    let user = text::escaped(login.login.as_str().as_bytes()).into_owned();
    [login.server.display().into_owned(), user, age.to_owned(), notes.join("; ")]
}

/// Columns as wide as their widest cell; the last one runs free.
fn table(console: &Console, rows: &[[String; 4]]) -> String {
    let head = ["REGISTRY", "USER", "AGE", "NOTE"].map(str::to_owned);
    let mut widths = [0; 4];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [server, user, age, _] = widths;
    let line = |row: &[String; 4]| {
        let [a, b, c, d] = row;
        format!("{a:server$}  {b:user$}  {c:>age$}  {d}").trim_end().to_owned()
    };
    let mut text = String::new();
    if !rows.is_empty() {
        let _ = writeln!(text, "{}", console.paint(Role::Heading, &line(&head)));
    }
    rows.iter().for_each(|row| text.push_str(&(line(row) + "\n")));
    text
}
