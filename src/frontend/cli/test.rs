//! `regpass test`: stored logins tried at their registries, each told as it ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::interrupts::cancel_on_interrupt;
use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Login, Problem, RegistryKey, text, utc};
use crate::ops::login_check::{self, JOBS, Pulls, Tested, Wanted};
use crate::system::registry::checked::{Answered, Step};
use crate::system::registry::outcome::{LoginOutcome, Severity};

const EXAMPLES: &str = "\
Examples:
  regpass test                           every login, as Docker would find it
  regpass test ghcr.io docker.io         only these registries
  regpass test --steps h.test:5000       with each request and what was answered
  regpass test --strict                  what is not proved is not enough
  regpass test --rate-limit docker.io    and how many pulls are left there
  regpass test h.test --repository a/b   and whether the login may pull from there
  regpass test --json                    for programs (docs/json.md)

A login is sent to its registry once (once more for --rate-limit and --repository), and what came of it is remembered: regpass \
registries. What an acceptance proves, and what each word means: docs/outcomes.md.
Exit codes: 0 all are fine; 3 one is not stored; 10 one does not work; 11 one could not be told, or with --strict is not proved; \
130 called off.";

/// Try stored logins at their registries, without Docker
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct TestArgs {
    /// Only these registries, in any spelling
    #[arg(value_name = "REGISTRY")]
    registries: Vec<String>,

    /// Every registry that has a login, as without a name
    #[arg(long, conflicts_with = "registries")]
    all: bool,

    /// All the time that one registry has, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,

    /// How many registries are asked at once
    #[arg(long, value_name = "N", default_value_t = JOBS as u64, value_parser = clap::value_parser!(u64).range(1..=256))]
    jobs: u64,

    /// Send logins without encryption too, where a registry has none
    #[arg(long)]
    plain_http: bool,

    /// What is accepted without proof fails (exit code 11); where everybody gets a token, a made-up user is tried too
    #[arg(long)]
    strict: bool,

    /// Ask Docker Hub how many pulls are left
    #[arg(long)]
    rate_limit: bool,

    /// Whether the login may pull from this repository of the registry: team/app
    #[arg(long, value_name = "NAME", requires = "registries", value_parser = repository)]
    repository: Option<Pulls>,

    /// Each request, with what was answered
    #[arg(long, conflicts_with = "json")]
    steps: bool,

    /// One JSON object with all results, at the end
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &TestArgs) -> Result<u8, Problem> {
    let console = &session.console;
    if args.repository.is_some() && args.registries.len() > 1 {
        return Err(Problem::usage("a repository is one registry's: name that one alone"));
    }
    let wanted = Wanted {
        registries: args.registries.iter().map(|name| RegistryKey::new(name.as_str())).collect(),
        timeout: Duration::from_secs(args.timeout),
        jobs: usize::try_from(args.jobs).unwrap_or(JOBS),
        plain_http: args.plain_http,
        strict: args.strict,
        rate_limit: args.rate_limit,
        repository: args.repository.clone(),
        ..Wanted::default()
    };
    let cancel = cancel_on_interrupt()?;
    let mut told = Ok(());
    let system = session.system()?;
    let tested = login_check::run(&system, &wanted, &cancel, |one| {
        if !args.json && told.is_ok() {
            told = console.data(&as_text(console, one, args.steps));
        }
    })?;
    // What one repository is closed to is not said of the login.
    if args.repository.is_none()
        && let Err(problem) = login_check::remember(&system, &tested)
    {
        console.warning(&problem);
    }
    told?;
    if args.json {
        console.json(&as_json(&tested))?;
    } else if tested.is_empty() {
        console.status("no registry has a login that Docker would find; make one: regpass login REGISTRY");
    }
    Ok(if args.strict { login_check::strict_exit_code(&tested) } else { login_check::exit_code(&tested) })
}

fn repository(name: &str) -> Result<Pulls, &'static str> {
    Pulls::of(name).ok_or("no name of a repository, such as team/app")
}

/// A line, what it says below, and what to do.
fn as_text(console: &Console, one: &Tested, steps: bool) -> String {
    let checked = &one.checked;
    let (mark, role) = match checked.outcome.severity() {
        Severity::Good => ("ok", Role::Good),
        Severity::Warning => ("note", Role::Warning),
        Severity::Failed => ("NO", Role::Error),
        Severity::Unknown => ("?", Role::Warning),
    };
    let word = checked.evidence.map_or(checked.outcome.id(), |evidence| evidence.words());
    let user = one.user.as_ref().map_or_else(|| "-".to_owned(), |user| user.shown().into_owned());
    let registry = text::escaped(one.registry.as_bytes());
    let mut lines =
        format!("{} {registry}  {user}  {}\n", console.paint(role, &format!("{mark:<4}")), console.paint(role, word));
    let mut below = |role: Role, line: &str| lines.push_str(&format!("     {}\n", console.paint(role, line)));
    below(Role::Muted, &checked.message);
    if let Some(account) = &checked.account
        && Some(account.as_str()) != one.user.as_ref().map(Login::as_str)
    {
        below(Role::Muted, &format!("the server calls its owner {}", text::quoted(account)));
    }
    if let Some(said) = &checked.said {
        below(Role::Muted, &format!("it says: {said}"));
    }
    checked.notes.iter().for_each(|note| below(Role::Warning, note));
    if let Some(expires) = checked.expires {
        let guess = if expires.source.is_guess() { ", by a guess" } else { "" };
        below(Role::Muted, &format!("expires {}{guess}", utc::rfc3339(expires.at)));
    }
    if steps {
        checked.steps.iter().for_each(|step| below(Role::Muted, &step_words(step)));
    }
    if let Some(advice) = checked.advice.as_ref().filter(|_| checked.outcome != LoginOutcome::OkProved) {
        below(Role::Hint, advice);
    }
    lines
}

fn step_words(step: &Step) -> String {
    let Step { purpose, method, url, answer, headers, millis } = step;
    let answer = match answer {
        Answered::Status(status) => status.to_string(),
        Answered::Nothing(why) => why.clone(),
    };
    let headers: String = headers.iter().map(|(name, value)| format!("\n       {name}: {value}")).collect();
    format!("{}: {method} {url}: {answer} ({millis} ms){headers}", purpose.words())
}

/// `schema` 1 of docs/json.md, `test`.
fn as_json(tested: &[Tested]) -> Value {
    let one = |one: &Tested| {
        let checked = &one.checked;
        json!({
            "registry": one.registry, "user": one.user.as_ref().map(Login::as_str),
            "outcome": checked.outcome.id(), "evidence": checked.evidence.map(|evidence| evidence.id()),
            "message": checked.message, "advice": checked.advice, "millis": checked.millis,
            "expires": checked.expires.map(|expires| utc::rfc3339(expires.at)),
            "expires_source": checked.expires.map(|expires| expires.source.id()),
        })
    };
    let results: Vec<Value> = tested.iter().map(one).collect();
    json!({ "schema": names::SCHEMA, "results": results })
}
