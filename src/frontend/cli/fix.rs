//! `regpass fix`: shows what mends the audit's findings, and does it when told to.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::prompt::Terminal;
use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Problem, text};
use crate::ops::audit::Scope;
use crate::ops::fix::{self, Applied, Fix, Kind, Plan};
use crate::ops::line_diff::Side;
use crate::system::System;

const EXAMPLES: &str = "\
Examples:
  regpass fix                        what can be done about each finding; changes nothing
  regpass fix INL01                  only about findings of this check
  regpass fix --apply                show each change, ask, do it, look again
  regpass fix --apply --yes INL01    without asking: move logins in clear into the store

A login is stored, read back and compared before it leaves the file it stood in. The file as it was is kept, encrypted to the \
store: regpass undo puts it back. What belongs to another user or to root is told as commands, never done.

Exit codes: 0 shown, or all that was asked for is done; 1 something could not be done; 2 --apply without --yes and nobody to \
ask; 130 called off.";

/// Mend what the audit finds
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FixArgs {
    /// Only findings of these checks [default: all]
    #[arg(value_name = "ID")]
    ids: Vec<String>,

    /// Show what would be done (the default)
    #[arg(long, conflicts_with = "apply")]
    plan: bool,

    /// Do it, asking for each
    #[arg(long)]
    apply: bool,

    /// Do not ask
    #[arg(long, requires = "apply")]
    yes: bool,

    /// Where the store has another login than a file: keep the store's
    #[arg(long, requires = "apply")]
    keep_store: bool,

    /// One JSON object; with --apply it needs --yes
    #[arg(long)]
    json: bool,
}

/// A fix, and what became of it.
struct Told {
    fix: Fix,
    outcome: Outcome,
}

enum Outcome {
    Shown,
    Done(Applied),
    Declined,
    Failed(Problem),
}

pub(super) fn run(session: &Session, args: &FixArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let scope = Scope::default();
    let plan = fix::plan(&system, &scope, &args.ids)?;
    if args.plan || !args.apply {
        return shown(session, plan, args.json);
    }
    let mut terminal = None;
    if !args.yes {
        terminal = if args.json { None } else { Terminal::open() };
        if terminal.is_none() {
            return Err(Problem::usage("there is nobody to ask")
                .hint("see what would be done: regpass fix")
                .hint("do it without asking: regpass fix --apply --yes"));
        }
    }
    let told = applied(session, &system, &scope, plan, args, terminal.as_mut())?;
    if args.json {
        let fixes: Vec<Value> = told.iter().map(one).collect();
        session.console.json(&json!({ "schema": names::SCHEMA, "applied": true, "fixes": fixes, "leftovers": [] }))?;
    }
    verdict(&session.console, told, !args.ids.is_empty())
}

fn shown(session: &Session, plan: Plan, as_json: bool) -> Result<(), Problem> {
    let console = &session.console;
    let told: Vec<Told> = plan.fixes.into_iter().map(|fix| Told { fix, outcome: Outcome::Shown }).collect();
    if as_json {
        let fixes: Vec<Value> = told.iter().map(one).collect();
        let leftovers: Vec<Value> = plan
            .leftovers
            .iter()
            .map(|path| {
                let mut object = Map::new();
                names::put(&mut object, "path", path.as_os_str().as_encoded_bytes());
                Value::Object(object)
            })
            .collect();
        return console
            .json(&json!({ "schema": names::SCHEMA, "applied": false, "fixes": fixes, "leftovers": leftovers }));
    }
    let mut lines = String::new();
    told.iter().for_each(|told| describe(&mut lines, console, &told.fix));
    console.data(&lines)?;
    for path in &plan.leftovers {
        console.warning(&Problem::failed(format!(
            "beside {} lies the half of a change that was killed; the next change there removes it",
            text::quoted_path(path)
        )));
    }
    let auto = told.iter().filter(|told| told.fix.kind == Kind::Auto).count();
    match (told.len(), auto) {
        (0, _) => console.status("nothing to mend"),
        (all, 0) => console.status(&format!("{all} for you to do; nothing that regpass can do itself")),
        (all, auto) => {
            console.status(&format!("{auto} that regpass can do, {} for you", all - auto));
            console.advice("do it, one after the other: regpass fix --apply");
        }
    }
    Ok(())
}

/// Each automatic fix in turn. What is left for a person is told as it is afterwards.
fn applied(
    session: &Session,
    system: &System,
    scope: &Scope,
    plan: Plan,
    args: &FixArgs,
    mut terminal: Option<&mut Terminal>,
) -> Result<Vec<Told>, Problem> {
    let mut told: Vec<Told> = Vec::new();
    let mut waiting = plan.fixes;
    // Something was done since they were planned.
    let mut outdated = false;
    loop {
        let next =
            waiting.iter().position(|fix| fix.kind == Kind::Auto && !told.iter().any(|told| told.fix.is_again(fix)));
        let Some(next) = next else {
            if !outdated {
                break;
            }
            // A fix may have made another one possible.
            (waiting, outdated) = (fix::plan(system, scope, &args.ids)?.fixes, false);
            continue;
        };
        let mut fix = waiting.swap_remove(next);
        if outdated {
            // Two may change one file, or one may make the other needless.
            match fix::plan_again(system, scope, &fix)? {
                Some(again) if again.kind == Kind::Auto => fix = again,
                _ => continue,
            }
        }
        let fix = if args.keep_store { fix.keeping_the_store() } else { fix };
        let outcome = one_applied(session, system, scope, &fix, args, terminal.as_deref_mut())?;
        outdated |= !matches!(outcome, Outcome::Declined);
        told.push(Told { fix, outcome });
    }
    let guided = waiting.into_iter().filter(|fix| fix.kind != Kind::Auto);
    told.extend(guided.map(|fix| Told { fix, outcome: Outcome::Shown }));
    Ok(told)
}

fn one_applied(
    session: &Session,
    system: &System,
    scope: &Scope,
    fix: &Fix,
    args: &FixArgs,
    terminal: Option<&mut Terminal>,
) -> Result<Outcome, Problem> {
    let console = &session.console;
    if !args.json {
        let mut lines = String::new();
        describe(&mut lines, console, fix);
        console.data(&lines)?;
    }
    let agreed = match terminal {
        Some(terminal) => terminal.confirm("Do it?")?,
        None => true,
    };
    if !agreed {
        return Ok(Outcome::Declined);
    }
    let outcome = match fix::apply(system, scope, fix) {
        Ok(applied) => Outcome::Done(applied),
        Err(problem) => Outcome::Failed(problem),
    };
    report(console, fix, &outcome, args.json);
    Ok(outcome)
}

fn report(console: &Console, fix: &Fix, outcome: &Outcome, json: bool) {
    match outcome {
        Outcome::Done(applied) => {
            applied.left.iter().chain(&applied.warnings).for_each(|problem| console.warning(problem));
            if !json {
                applied.done.iter().for_each(|line| console.status(line));
                fix.advice.iter().for_each(|line| console.advice(line));
            }
        }
        Outcome::Failed(problem) => console.warning(problem),
        Outcome::Shown | Outcome::Declined => {}
    }
}

fn counted(fixes: usize) -> String {
    if fixes == 1 { "1 fix".to_owned() } else { format!("{fixes} fixes") }
}

/// Err when something that was asked for is not done.
fn verdict(console: &Console, told: Vec<Told>, is_named: bool) -> Result<(), Problem> {
    let count = |is: fn(&Outcome) -> bool| told.iter().filter(|told| is(&told.outcome)).count();
    let done = count(|outcome| matches!(outcome, Outcome::Done(_)));
    let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
    let partly = count(|outcome| matches!(outcome, Outcome::Done(applied) if !applied.left.is_empty()));
    let declined = count(|outcome| matches!(outcome, Outcome::Declined));
    let guided = told.iter().filter(|told| told.fix.kind != Kind::Auto).count();
    if guided > 0 {
        console.advice(&format!("{guided} left for you to do: regpass fix"));
    }
    if failed + partly > 0 {
        return Err(Problem::failed(format!("{} could not be made, or not as a whole", counted(failed + partly))));
    }
    if done == 0 && declined > 0 {
        return Err(Problem::cancelled("nothing was changed"));
    }
    if done == 0 && is_named && guided > 0 {
        return Err(Problem::failed("nothing was mended: what was asked for is left for you to do"));
    }
    if done == 0 {
        console.status("nothing that regpass can mend");
    } else {
        console.advice("to take the last change back: regpass undo");
    }
    Ok(())
}

fn describe(lines: &mut String, console: &Console, fix: &Fix) {
    let ids = console.paint(Role::Muted, &fix.ids.join(" "));
    let role = if fix.kind == Kind::Auto { Role::Good } else { Role::Warning };
    let _ = writeln!(lines, "{} {ids} {}", console.paint(role, &format!("{:<6}", fix.kind.id())), fix.title);
    if let (Some(path), false) = (fix.place(), fix.kind == Kind::Auto) {
        let _ = writeln!(lines, "       {}", text::escaped(path.as_os_str().as_encoded_bytes()));
    }
    if let Some(why) = &fix.why {
        let _ = writeln!(lines, "       not done by regpass: {why}");
    }
    for step in &fix.steps {
        let _ = writeln!(lines, "       {step}");
    }
    for line in &fix.diff {
        let (mark, role) = match line.side {
            Side::Both => (' ', Role::Muted),
            Side::Old => ('-', Role::Error),
            Side::New => ('+', Role::Good),
        };
        let _ = writeln!(lines, "       {}", console.paint(role, &format!("{mark} {}", line.text)));
    }
    for advice in &fix.advice {
        let _ = writeln!(lines, "       {}", console.paint(Role::Hint, advice));
    }
}

/// `schema` 1 of docs/json.md, `fix`.
fn one(told: &Told) -> Value {
    let fix = &told.fix;
    let mut object = Map::new();
    object.insert("kind".to_owned(), fix.kind.id().into());
    object.insert("ids".to_owned(), fix.ids.clone().into());
    object.insert("fingerprints".to_owned(), fix.fingerprints.clone().into());
    object.insert("title".to_owned(), fix.title.as_str().into());
    match fix.place() {
        Some(path) => names::put(&mut object, "path", path.as_os_str().as_encoded_bytes()),
        None => _ = object.insert("path".to_owned(), Value::Null),
    }
    let diff = fix.diff.iter().map(|line| {
        let side = match line.side {
            Side::Both => "both",
            Side::Old => "old",
            Side::New => "new",
        };
        json!({ "side": side, "line": line.number, "text": line.text })
    });
    object.insert("diff".to_owned(), diff.collect());
    object.insert("steps".to_owned(), fix.steps.clone().into());
    object.insert("advice".to_owned(), fix.advice.clone().into());
    object.insert("why".to_owned(), fix.why.as_deref().into());
    object.insert("reversible".to_owned(), fix.is_reversible().into());
    object.insert("needs_root".to_owned(), fix.needs_root.into());
    let (outcome, done, problems): (&str, &[String], Vec<String>) = match &told.outcome {
        Outcome::Shown => ("planned", &[], Vec::new()),
        Outcome::Declined => ("declined", &[], Vec::new()),
        Outcome::Done(applied) => {
            let warnings = applied.left.iter().chain(&applied.warnings);
            ("done", &applied.done, warnings.map(Problem::one_line).collect())
        }
        Outcome::Failed(problem) => ("failed", &[], vec![problem.one_line()]),
    };
    object.insert("outcome".to_owned(), outcome.into());
    object.insert("done".to_owned(), done.to_vec().into());
    object.insert("problems".to_owned(), problems.into());
    Value::Object(object)
}
