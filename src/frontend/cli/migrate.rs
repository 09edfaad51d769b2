//! `regpass migrate`: logins of other helpers, and those in clear, moved into the store.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::interrupts::cancel_on_interrupt;
use super::{Session, names};
use crate::model::{Login, Problem, ProblemKind, RegistryKey, text};
use crate::ops::audit::Scope;
use crate::ops::fix::Applied;
use crate::ops::login::{self, Foreign, Migration, Moved, Verify};
use crate::ops::progress::Cancel;
use crate::ops::undo;
use crate::system::System;

const EXAMPLES: &str = "\
Examples:
  regpass migrate                            what other helpers have, and what stands in clear; changes nothing
  regpass migrate --apply                    try each login at its registry, store it, read it back
  regpass migrate --from secretservice ghcr.io --apply
  regpass migrate --apply --erase-source     and then take it out of the other helper
  regpass migrate --from inline --apply      what stands in clear, file by file, as regpass fix does

Where the store has another user's login, or another password, nothing is stored and that is told. regpass undo takes what was \
stored out of the store again; what left the other helper does not come back there. Helpers that make their logins themselves \
(ecr-login, gcloud) have none to move.

Exit codes: 0 shown, or all is moved; 1 something was not; 2 wrong usage; 3 there is no such helper; 130 called off.";

/// Move logins of other helpers into the store
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct MigrateArgs {
    /// Only logins of these registries [default: all]
    #[arg(value_name = "REGISTRY")]
    registries: Vec<String>,

    /// One helper, or inline for what stands in clear [default: every helper on PATH]
    #[arg(long, value_name = "HELPER")]
    from: Option<String>,

    /// Do it
    #[arg(long)]
    apply: bool,

    /// Do not ask the registries
    #[arg(long, requires = "apply")]
    no_verify: bool,

    /// Take each login out of the other helper, once it was read back from the store
    #[arg(long, requires = "apply")]
    erase_source: bool,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// One login, and what became of it.
struct Told {
    one: Foreign,
    done: Option<Result<Moved, Problem>>,
}

pub(super) fn run(session: &Session, args: &MigrateArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let scope = Scope::default();
    if args.apply {
        login::check_writable(&system)?;
    }
    let only: Vec<RegistryKey> = args.registries.iter().map(|name| login::key_of(name)).collect::<Result<_, _>>()?;
    let is_inline = args.from.as_deref() == Some(login::INLINE);
    if is_inline && args.apply && !only.is_empty() {
        return Err(Problem::usage("a file in which logins stand in clear is changed as a whole")
            .hint("all of them: regpass migrate --from inline --apply"));
    }
    let mut found = login::migration(&system, &scope, args.from.as_deref(), &only)?;
    found.problems.extend(login::asked_elsewhere(&system, &found.foreign)?);
    found.problems.iter().for_each(|problem| session.console.warning(problem));
    let Migration { foreign, in_clear, mut problems } = found;
    let is_to_ask = args.apply && !args.no_verify && (is_inline || !foreign.is_empty());
    let cancel = if is_to_ask { cancel_on_interrupt()? } else { Cancel::default() };
    let asking = if is_to_ask { Some(login::asking(&system, &cancel, None)?) } else { None };
    let ways = Ways { args, verify: asking.as_deref(), cancel: &cancel };
    let moved = undo::as_one(&system, || each(session, &system, &ways, foreign, &mut problems));
    let told = moved?;
    let before = problems.len();
    let mut done = Vec::new();
    if is_inline && args.apply {
        done = inline(session, login::move_inline(&system, &scope, asking.as_deref())?, args.json, &mut problems);
    }
    let inline_failed = problems.len() > before;
    report(session, args, &told, &in_clear, &done, &problems)?;
    verdict(&told, inline_failed)
}

/// How they are moved.
struct Ways<'a> {
    args: &'a MigrateArgs,
    verify: Option<Verify<'a>>,
    cancel: &'a Cancel,
}

/// Moved, or just told where that was not asked for.
fn each(
    session: &Session,
    system: &System,
    ways: &Ways<'_>,
    foreign: Vec<Foreign>,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Told>, Problem> {
    let Ways { args, verify, cancel } = *ways;
    let mut told = Vec::new();
    for one in foreign {
        if cancel.is_called_off() {
            return Err(Problem::cancelled("called off; what was told is done"));
        }
        let done = args.apply.then(|| login::move_one(system, &one, verify, args.erase_source));
        let done = done.map(|done| {
            done.map(|(moved, warnings)| {
                warnings.iter().for_each(|warning| session.console.warning(warning));
                problems.extend(warnings);
                moved
            })
        });
        match &done {
            // Whoever calls a passphrase off is not asked for the next.
            Some(Err(problem)) if problem.kind == ProblemKind::Cancelled => return Err(problem.clone()),
            Some(Err(problem)) => session.console.warning(problem),
            _ => {}
        }
        if !args.json {
            session.console.data(&line(&one, done.as_ref()))?;
        }
        told.push(Told { one, done });
    }
    Ok(told)
}

/// What `fix` did, in words.
fn inline(
    session: &Session,
    moved: Vec<Result<Applied, Problem>>,
    json: bool,
    problems: &mut Vec<Problem>,
) -> Vec<String> {
    let mut done = Vec::new();
    for one in moved {
        match one {
            Ok(applied) => {
                if !json {
                    applied.done.iter().for_each(|line| session.console.status(line));
                }
                applied.left.iter().chain(&applied.warnings).for_each(|problem| session.console.warning(problem));
                problems.extend(applied.left);
                done.extend(applied.done);
            }
            Err(problem) => {
                session.console.warning(&problem);
                problems.push(problem);
            }
        }
    }
    done
}

fn report(
    session: &Session,
    args: &MigrateArgs,
    told: &[Told],
    in_clear: &[String],
    done: &[String],
    problems: &[Problem],
) -> Result<(), Problem> {
    let console = &session.console;
    if args.json {
        let logins: Vec<Value> = told.iter().map(one).collect();
        return console.json(&json!({
            "schema": names::SCHEMA, "applied": args.apply, "logins": logins, "in_clear": in_clear, "done": done,
            "problems": problems.iter().map(Problem::one_line).collect::<Vec<_>>(),
        }));
    }
    let is_inline = args.from.as_deref() == Some(login::INLINE);
    if !(is_inline && args.apply) {
        let lines = in_clear.iter().fold(String::new(), |mut lines, words| {
            let _ = writeln!(lines, "{words}");
            lines
        });
        console.data(&lines)?;
    }
    match (told.len(), in_clear.len()) {
        (0, 0) => console.status("no other helper on PATH has a login, and none stands in clear"),
        _ if args.apply => {}
        (_, 0) => console.advice("move them, one by one: regpass migrate --apply"),
        (0, _) => console.advice("move what stands in clear: regpass migrate --from inline --apply"),
        (_, _) => {
            console.advice("move them, one by one: regpass migrate --apply");
            console.advice("move what stands in clear: regpass migrate --from inline --apply");
        }
    }
    Ok(())
}

fn line(one: &Foreign, done: Option<&Result<Moved, Problem>>) -> String {
    let what = match (done, &one.standing) {
        (Some(Ok(Moved::Stored)), _) => "is in the store, and was read back".to_owned(),
        (Some(Ok(Moved::Already)), _) => "was in the store already, the same".to_owned(),
        (Some(Err(_)), _) => "was not moved".to_owned(),
        (None, None) => "would be tried and stored".to_owned(),
        (None, Some(there)) if *there == one.login => "would be compared with what the store has".to_owned(),
        (None, Some(there)) => format!("would not be stored: the store has the login of {}", there.quoted()),
    };
    let name = text::escaped(one.name.as_bytes());
    format!("{name}  {}  {}  {what}\n", one.login.quoted(), one.helper())
}

/// `schema` 1 of docs/json.md, `migrate`.
fn one(told: &Told) -> Value {
    let (state, problem) = match &told.done {
        None => ("planned", None),
        Some(Ok(Moved::Stored)) => ("stored", None),
        Some(Ok(Moved::Already)) => ("already", None),
        Some(Err(problem)) => ("failed", Some(problem.one_line())),
    };
    let shown = |login: &Login| login.is_showable().then(|| login.as_str().to_owned());
    json!({
        "registry": told.one.name, "server": told.one.server.to_text(), "user": shown(&told.one.login),
        "helper": told.one.helper(), "standing": told.one.standing.as_ref().and_then(shown), "state": state, "problem": problem,
    })
}

fn verdict(told: &[Told], inline_failed: bool) -> Result<(), Problem> {
    let failed = told.iter().filter(|told| matches!(told.done, Some(Err(_)))).count();
    match (failed, inline_failed) {
        (0, false) => Ok(()),
        (0, true) => Err(Problem::failed("not all that stands in clear was moved")),
        (1, _) => Err(Problem::failed("1 login was not moved")),
        (count, _) => Err(Problem::failed(format!("{count} logins were not moved"))),
    }
}
