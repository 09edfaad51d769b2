//! `regpass contexts`: which login Docker would find where it may be run from on this machine, as a table and in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Problem, text};
use crate::ops::contexts::run::{self, Ran};
use crate::ops::contexts::{self, Answer, Cell, Context, Matrix, Scope};
use crate::ops::login;
use crate::system::System;

const EXAMPLES: &str = "\
Examples:
  regpass contexts                         every registry, as this shell, root, services and cron jobs get it
  regpass contexts docker.io ghcr.io
  sudo regpass contexts --all-users        root may read everybody's files
  regpass contexts --run                   run each context's helper (list) where our account can

Files are read and nothing is decrypted; what may not be read is unknown, not missing.";

/// Say which login Docker finds as root, in services and in cron jobs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ContextsArgs {
    /// Only these registries
    #[arg(value_name = "REGISTRY")]
    registries: Vec<String>,

    /// Every account that has a configuration of Docker
    #[arg(long)]
    all_users: bool,

    /// Run the helper of each context that is our account's, with its variables, and tell what it lists
    #[arg(long)]
    run: bool,

    /// For programs
    #[arg(long)]
    json: bool,
}

/// Columns of a terminal that the table fits into.
const COLUMNS: usize = 80;

/// A column of the table: a mark, a word, a gap.
const COLUMN: usize = 11;

/// The most of a registry's name that the table shows.
const NAME_MAX: usize = 30;

pub(super) fn run(session: &Session, args: &ContextsArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let scope = Scope { all_users: args.all_users, ..Scope::default() };
    // As everywhere: what is no name of a registry is not looked for.
    args.registries.iter().try_for_each(|name| login::key_of(name).map(|_| ()))?;
    let mut matrix = contexts::matrix(&system, &scope, &args.registries);
    let ran = if args.run { run::run(&system, &mut matrix) } else { Vec::new() };
    if args.json {
        return session.console.json(&as_json(&matrix, &ran));
    }
    session.console.data(&report(&session.console, &matrix, &ran))
}

fn report(console: &Console, matrix: &Matrix, ran: &[Ran]) -> String {
    let mut lines = String::new();
    if matrix.registries.is_empty() {
        lines.push_str("no registry is named by any configuration or store that can be read\n");
    } else {
        table(&mut lines, console, matrix);
    }
    let _ = writeln!(lines);
    for (index, context) in matrix.contexts.iter().enumerate() {
        let _ = writeln!(
            lines,
            "{} {}",
            console.paint(Role::Heading, &format!("{:>2} {}", index + 1, context.name)),
            told(context)
        );
        for doubt in &context.doubts {
            let _ = writeln!(lines, "     {}", console.paint(Role::Muted, doubt));
        }
        if let Some(ran) = ran.get(index) {
            let said = match &ran.listed {
                Ok(listed) => {
                    format!("its helper was run and lists {}", counted(listed.logins.len() + listed.left_out, "login"))
                }
                Err(why) => why.clone(),
            };
            let _ = writeln!(lines, "     {}", console.paint(Role::Muted, &said));
        }
    }
    reasons(&mut lines, console, matrix);
    for missed in &matrix.missed {
        let _ = writeln!(lines, "{} {}", console.paint(Role::Muted, "not seen:"), missed.why);
    }
    let _ = writeln!(lines, "{}", summary(matrix));
    lines
}

/// Registries as rows, contexts as numbered columns; in blocks, where the terminal is not wide enough for all.
fn table(lines: &mut String, console: &Console, matrix: &Matrix) {
    let longest = matrix.registries.iter().map(|name| shown(name).chars().count()).max().unwrap_or_default();
    let width = longest.clamp(8, NAME_MAX);
    let fitting = ((COLUMNS - width - 1) / COLUMN).max(1);
    let numbers: Vec<usize> = (0..matrix.contexts.len()).collect();
    for block in numbers.chunks(fitting) {
        let _ = write!(lines, "{:<width$}", "");
        for &index in block {
            let name = format!("{} {}", index + 1, matrix.contexts[index].name);
            let name: String = name.chars().take(COLUMN - 1).collect();
            let _ = write!(lines, " {}", console.paint(Role::Heading, &format!("{name:<10}")));
        }
        lines.truncate(lines.trim_end().len());
        lines.push('\n');
        for (row, registry) in matrix.registries.iter().enumerate() {
            let name: String = shown(registry).chars().take(width).collect();
            let _ = write!(lines, "{name:<width$}");
            for cell in block.iter().filter_map(|&index| matrix.cell(index, row)) {
                let (role, mark) = mark(cell.answer);
                let _ = write!(lines, " {}", console.paint(role, &format!("{mark:<10}")));
            }
            lines.truncate(lines.trim_end().len());
            lines.push('\n');
        }
    }
}

fn mark(answer: Answer) -> (Role, &'static str) {
    match answer {
        Answer::Found => (Role::Good, "+ found"),
        Answer::NotFound => (Role::Warning, "- none"),
        Answer::Error => (Role::Error, "! error"),
        Answer::Unknown => (Role::Muted, "? unknown"),
    }
}

fn shown(name: &str) -> String {
    text::bounded(name)
}

/// Who and where a context is.
fn told(context: &Context) -> String {
    let user = context.user.as_deref().map_or_else(|| "?".to_owned(), shown);
    let path = |path: &Path| text::bounded(path.as_os_str().as_encoded_bytes());
    let config = context.config.as_deref().map_or("a configuration that is not known".to_owned(), path);
    let helper = context.helper.as_deref().map_or("no helper".to_owned(), |helper| format!("helper {}", shown(helper)));
    let store = context.store.as_deref().map(|store| format!(", {}", path(store)));
    format!("({user}): {config}, {helper}{}", store.unwrap_or_default())
}

/// Why cells are not green, those that are alike together.
fn reasons(lines: &mut String, console: &Console, matrix: &Matrix) {
    let mut alike: Vec<(&Cell, Vec<&str>)> = Vec::new();
    let mut known: BTreeMap<(usize, Answer, &str), usize> = BTreeMap::new();
    for cell in matrix.cells.iter().filter(|cell| cell.answer != Answer::Found) {
        let index = *known.entry((cell.context, cell.answer, &cell.why)).or_insert(alike.len());
        match alike.get_mut(index) {
            Some((_, names)) => names.push(&cell.registry),
            None => alike.push((cell, vec![&cell.registry])),
        }
    }
    for (cell, names) in alike {
        let (role, mark) = mark(cell.answer);
        let context = matrix.contexts.get(cell.context).map_or("", |context| &context.name);
        let _ = writeln!(lines, "{} {}: {}", console.paint(role, mark), context, listed(&names));
        let _ = writeln!(lines, "     {}", cell.why);
        if let Some(mend) = &cell.mend {
            let _ = writeln!(lines, "     {}", console.paint(Role::Hint, mend));
        }
    }
}

/// The first three names, and how many more.
fn listed(names: &[&str]) -> String {
    let first: Vec<String> = names.iter().take(3).map(|name| shown(name)).collect();
    let more = names.len().saturating_sub(3);
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}

fn summary(matrix: &Matrix) -> String {
    let count = |answer| matrix.cells.iter().filter(|cell| cell.answer == answer).count();
    let kinds =
        [(Answer::Found, "found"), (Answer::NotFound, "none"), (Answer::Error, "error"), (Answer::Unknown, "unknown")];
    let counts: Vec<String> = kinds
        .map(|(answer, word)| (count(answer), word))
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| format!("{n} {word}"))
        .collect();
    let counts = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    format!("{}, {}{counts}", counted(matrix.registries.len(), "registry"), counted(matrix.contexts.len(), "context"))
}

fn counted(n: usize, word: &str) -> String {
    match (n, word.strip_suffix('y')) {
        (1, _) => format!("1 {word}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        (_, None) => format!("{n} {word}s"),
    }
}

/// All registries, for the support bundle.
pub(super) fn all_as_json(system: &System) -> Value {
    as_json(&contexts::matrix(system, &Scope::default(), &[]), &[])
}

/// `schema` 1 of docs/json.md, `contexts`.
fn as_json(matrix: &Matrix, ran: &[Ran]) -> Value {
    let cells: Vec<Value> = matrix
        .cells
        .iter()
        .map(|cell| {
            let mut object = cell_json(matrix, cell);
            object.remove("steps");
            Value::Object(object)
        })
        .collect();
    let runs: Vec<Value> = ran
        .iter()
        .filter_map(|ran| {
            let context = matrix.contexts.get(ran.context)?.name.as_str();
            let logins = ran.listed.as_ref().ok().map(|listed| {
                let shown = listed.logins.iter().filter(|(_, login)| login.is_showable());
                shown.map(|(server, login)| (server.as_str(), login.as_str())).collect::<BTreeMap<_, _>>()
            });
            let left_out = ran.listed.as_ref().ok().map(|listed| listed.left_out);
            Some(
                json!({ "context": context, "logins": logins, "left_out": left_out, "why": ran.listed.as_ref().err() }),
            )
        })
        .collect();
    let contexts: Vec<Value> = matrix.contexts.iter().map(context_json).collect();
    json!({
        "schema": names::SCHEMA,
        "registries": matrix.registries,
        "contexts": contexts,
        "cells": cells,
        "runs": runs,
        "missed": matrix.missed.iter().map(|missed| missed.why.as_str()).collect::<Vec<_>>(),
    })
}

fn context_json(context: &Context) -> Value {
    let mut object = Map::new();
    object.insert("name".to_owned(), context.name.as_str().into());
    object.insert("kind".to_owned(), context.kind.id().into());
    object.insert("user".to_owned(), context.user.as_deref().into());
    object.insert("uid".to_owned(), context.uid.into());
    for (field, path) in [
        ("home", context.home.as_deref()),
        ("config", context.config.as_deref()),
        ("program", context.program.as_deref()),
        ("store", context.store.as_deref()),
        ("gnupg_home", context.gnupg_home.as_deref()),
        ("file", context.file.as_deref()),
    ] {
        match path {
            Some(path) => names::put(&mut object, field, path.as_os_str().as_encoded_bytes()),
            None => _ = object.insert(field.to_owned(), Value::Null),
        }
    }
    object.insert("config_exists".to_owned(), context.has_config.into());
    object.insert("helper".to_owned(), context.helper.as_deref().into());
    object.insert("unattended".to_owned(), context.unattended.into());
    object.insert("doubts".to_owned(), context.doubts.as_slice().into());
    Value::Object(object)
}

/// A cell with its steps, as `explain` tells it too.
pub(super) fn cell_json(matrix: &Matrix, cell: &Cell) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("registry".to_owned(), cell.registry.as_str().into());
    object.insert("context".to_owned(), matrix.contexts.get(cell.context).map(|context| context.name.as_str()).into());
    object.insert("answer".to_owned(), cell.answer.id().into());
    let user = cell.login.as_ref().filter(|login| login.is_showable());
    object.insert("user".to_owned(), user.map(|login| login.as_str()).into());
    object.insert("why".to_owned(), cell.why.as_str().into());
    object.insert("mend".to_owned(), cell.mend.as_deref().into());
    let steps: Vec<Value> = cell
        .steps
        .iter()
        .map(|step| {
            let mut one = Map::new();
            one.insert("name".to_owned(), step.name.into());
            one.insert("good".to_owned(), step.good.into());
            one.insert("seen".to_owned(), step.seen.as_str().into());
            match &step.place {
                Some(place) => names::put(&mut one, "place", place.as_os_str().as_encoded_bytes()),
                None => _ = one.insert("place".to_owned(), Value::Null),
            }
            Value::Object(one)
        })
        .collect();
    object.insert("steps".to_owned(), steps.into());
    object
}
