//! `regpass logout`: all logins of a registry erased, wherever they are kept, and the proof that nothing has one any more.

use std::io::{self, IsTerminal};

use serde_json::{Value, json};

use super::interrupts::cancel_on_interrupt;
use super::prompt::Terminal;
use super::{Session, names};
use crate::model::{Problem, RegistryKey, misplaced, text};
use crate::ops::audit::Scope;
use crate::ops::login::{self, Afterwards, Erased, LoggedOut, Plan};

const EXAMPLES: &str = "\
Examples:
  regpass logout ghcr.io          every spelling, in the store and in the helper that Docker asks
  regpass logout                  Docker Hub, with the tokens that docker login keeps beside it
  regpass logout --yes ghcr.io    logins in clear in files too, without asking
  regpass logout --all            every registry that has a login here
  regpass logout --check ghcr.io  and ask the registry whether it still takes the login

Afterwards every spelling is asked for again, and every file is read again. The registry itself is not told: it goes on taking \
the password or token until that is changed or revoked there. What was in the store or in a file comes back with regpass undo.

Exit codes: 0 proved, nothing has a login any more (also where there was none); 1 something still has one, or could not be \
asked; 2 --all without --yes and nobody to ask; 130 called off.";

/// Log out of a registry, and prove it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LogoutArgs {
    /// Any spelling of the registry [default: Docker Hub]
    #[arg(conflicts_with = "all")]
    registry: Option<String>,

    /// Every registry that has a login here
    #[arg(long)]
    all: bool,

    /// Do not ask; take logins out of files too, where they stand in clear
    #[arg(long)]
    yes: bool,

    /// Ask the registry itself afterwards whether it still takes the login
    #[arg(long)]
    check: bool,

    /// One JSON object that says what was erased and what is left
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &LogoutArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let scope = Scope::default();
    let keys: Vec<RegistryKey> = if args.all {
        let names = login::registries(&system, &scope)?;
        names.into_iter().map(RegistryKey::new).collect()
    } else {
        vec![login::key_of(args.registry.as_deref().unwrap_or_default())?]
    };
    let plans: Vec<Plan> = keys.iter().map(|key| login::plan(&system, &scope, key)).collect();
    // A script started from a terminal has one too, but nobody who expects a question.
    let mut terminal =
        if args.yes || args.json { None } else { Terminal::open().filter(|_| io::stdin().is_terminal()) };
    if args.all && !args.yes && !plans.is_empty() {
        consent_to_all(&plans, terminal.as_mut())?;
    }
    let asking = if args.check { Some(login::asking(&system, &cancel_on_interrupt()?, None)?) } else { None };
    let mut all = Vec::new();
    for plan in &plans {
        let files = args.yes || plan.in_clear().count() > 0 && consent_to_files(plan, terminal.as_mut())?;
        let before = asking.as_ref().map(|_| login::before(&system, plan));
        let mut done = login::logout(&system, &scope, plan, files)?;
        if let (Some(asking), Some(before)) = (&asking, before) {
            login::ask_registry(&mut done, before, asking.as_ref());
        }
        done.warnings.iter().for_each(|warning| session.console.warning(warning));
        if !args.json {
            session.console.status(&told(&done));
            if done.erased.iter().any(|erased| matches!(erased, Erased::Store(_) | Erased::File(..))) {
                session.console.advice("to have it here again: regpass undo");
            }
        }
        all.push(done);
    }
    if args.json {
        let registries: Vec<Value> = all.iter().map(one).collect();
        session.console.json(&json!({ "schema": names::SCHEMA, "registries": registries }))?;
    } else if all.is_empty() {
        session.console.status("no registry has a login here");
    }
    verdict(&all)
}

fn consent_to_all(plans: &[Plan], terminal: Option<&mut Terminal>) -> Result<(), Problem> {
    let names: Vec<String> = plans.iter().map(|plan| text::quoted(&plan.name)).collect();
    let Some(terminal) = terminal else {
        return Err(Problem::usage(
            "nothing is logged out of all registries without asking, and there is nobody to ask",
        )
        .because(format!("that would be {}", names.join(", ")))
        .hint("if you are sure: regpass logout --all --yes"));
    };
    match terminal.confirm(&format!("log out of {}?", names.join(", ")))? {
        true => Ok(()),
        false => Err(Problem::cancelled("nothing was changed")),
    }
}

/// Without anybody to ask, files keep what they have, and that is told.
fn consent_to_files(plan: &Plan, terminal: Option<&mut Terminal>) -> Result<bool, Problem> {
    let Some(terminal) = terminal else { return Ok(false) };
    let files: Vec<String> = plan.in_clear().map(|file| text::quoted_path(&file.path)).collect();
    let question = format!(
        "a login of {} stands in clear in {}: take it out there too?",
        text::quoted(&plan.name),
        files.join(", ")
    );
    terminal.confirm(&question)
}

pub(super) fn told(done: &LoggedOut) -> String {
    let name = text::quoted(&done.name);
    let places: Vec<String> = done.erased.iter().map(words).collect();
    let what = match places.is_empty() {
        true if done.is_proved() => format!("there was no login of {name}"),
        true => format!("nothing was taken out for {name}"),
        false => format!("logged out of {name}: {}", places.join("; ")),
    };
    let proof = if done.is_proved() {
        format!("; proved: none of {} questions is answered, and no file has one", done.asked)
    } else {
        String::new()
    };
    what + &proof
}

fn words(erased: &Erased) -> String {
    let keys = |keys: &[RegistryKey]| texts(keys).join(", ");
    let listed = |servers: &[String]| servers.join(", ");
    match erased {
        Erased::Store(servers) => format!("{} from the store", keys(servers)),
        Erased::Helper(program, servers) => format!("{} from {program}", keys(servers)),
        Erased::File(path, servers) => {
            format!("{} from {}, where it stood in clear", listed(servers), text::quoted_path(path))
        }
        Erased::Marks(path, servers) => format!("the mark of {} from {}", listed(servers), text::quoted_path(path)),
    }
}

/// What stands before an `@` may be a password.
fn texts(keys: &[RegistryKey]) -> Vec<String> {
    keys.iter().map(|key| misplaced::server(key.as_bytes())).collect()
}

/// `schema` 1 of docs/json.md, `logout`.
pub(super) fn one(done: &LoggedOut) -> Value {
    let erased = done.erased.iter().map(|erased| {
        let (place, at, servers) = match erased {
            Erased::Store(servers) => ("store", None, texts(servers)),
            Erased::Helper(program, servers) => ("helper", Some(program.clone()), texts(servers)),
            Erased::File(path, servers) => ("file", Some(path.to_string_lossy().into_owned()), servers.clone()),
            Erased::Marks(path, servers) => ("mark", Some(path.to_string_lossy().into_owned()), servers.clone()),
        };
        json!({ "place": place, "at": at, "servers": servers })
    });
    json!({
        "registry": done.name, "proved": done.is_proved(), "erased": erased.collect::<Vec<_>>(), "asked": done.asked,
        "still": done.still, "hints": done.hints, "checked": done.afterwards.iter().map(checked).collect::<Vec<_>>(),
        "problems": done.warnings.iter().map(Problem::one_line).collect::<Vec<_>>(),
    })
}

fn checked(one: &Afterwards) -> Value {
    let user = one.login.is_showable().then(|| one.login.as_str());
    json!({ "user": user, "outcome": one.checked.outcome.id(), "message": one.checked.message })
}

pub(super) fn verdict(all: &[LoggedOut]) -> Result<(), Problem> {
    let left: Vec<&LoggedOut> = all.iter().filter(|done| !done.is_proved()).collect();
    if left.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = left.iter().map(|done| text::quoted(&done.name)).collect();
    let message = format!("that nothing has a login of {} any more is not proved", names.join(", "));
    let mut problem = left.iter().flat_map(|done| &done.still).fold(Problem::failed(message), Problem::because);
    for hint in left.iter().flat_map(|done| &done.hints) {
        if !problem.hints.contains(hint) {
            problem = problem.hint(hint);
        }
    }
    Err(problem)
}
