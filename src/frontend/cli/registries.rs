//! `regpass registries`: the registries that the store has logins for; which account of one is used, its user name, all
//! of them erased. The list decrypts nothing, and nor does the rest.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::SystemTime;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::Session;
use super::prompt::Terminal;
use super::{ls, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Login, Problem, RegistryKey, age, misplaced, text, utc};
use crate::ops::last_checks::{self, LastCheck, LastChecks};
use crate::ops::registries::{self, Asked, Elsewhere, Found, Place, Registries, Registry, RegistryLogin, Still};
use crate::system::registry::checked::ExpirySource;
use crate::system::registry::outcome::Evidence;

const EXAMPLES: &str = "\
Examples:
  regpass registries                           registry, user, kind, age, its last test, and what is odd
  regpass registries --json                    for programs (docs/json.md)
  regpass registries use ghcr.io alice         of several accounts Docker gets this one
  regpass registries rename ghcr.io bob alice  keep bob's login as alice's
  regpass registries erase ghcr.io             all logins of ghcr.io, and prove that nothing answers";

const USE_EXAMPLES: &str = "\
Examples:
  regpass registries use ghcr.io alice

The official helper answers it too: accounts whose names come before it go aside, into a \
folder `~` beside it, and come back when they are used. `regpass undo` takes it back.";

const RENAME_EXAMPLES: &str = "\
Examples:
  regpass registries rename ghcr.io bob alice

The secret stays what it is. regpass undo takes it back.";

const ERASE_EXAMPLES: &str = "\
Examples:
  regpass registries erase ghcr.io           asks first
  regpass registries erase --force ghcr.io   without asking, for scripts

Afterwards every spelling is asked for again, and Docker's config.json is looked at. What still answers is said, with \
exit code 1. regpass undo takes it back.";

/// List the registries that have a login, choose an account, erase
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct RegistriesArgs {
    #[command(subcommand)]
    command: Option<RegistriesCommand>,

    /// One JSON object with every login and what could not be read
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum RegistriesCommand {
    /// Let Docker get this user's login, of several
    #[command(after_help = USE_EXAMPLES)]
    Use {
        /// Any spelling of the registry
        registry: String,
        user: String,
        /// One JSON object that says what was done
        #[arg(long)]
        json: bool,
    },
    /// Keep a login under another user name
    #[command(after_help = RENAME_EXAMPLES)]
    Rename {
        /// Any spelling of the registry
        registry: String,
        from: String,
        to: String,
        /// One JSON object that says what was done
        #[arg(long)]
        json: bool,
    },
    /// Erase all logins of a registry, and prove it
    #[command(after_help = ERASE_EXAMPLES)]
    Erase {
        /// Any spelling of the registry
        registry: String,
        /// Do not ask
        #[arg(long, short)]
        force: bool,
        /// One JSON object that says what was done
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(session: &Session, args: &RegistriesArgs) -> Result<(), Problem> {
    match &args.command {
        None => list(session, args.json),
        Some(RegistriesCommand::Use { registry, user, json }) => switch(session, registry, user, *json),
        Some(RegistriesCommand::Rename { registry, from, to, json }) => rename(session, registry, (from, to), *json),
        Some(RegistriesCommand::Erase { registry, force, json }) => erase(session, registry, *force, *json),
    }
}

fn list(session: &Session, json: bool) -> Result<(), Problem> {
    let system = session.system()?;
    let registries = registries::list(&system)?;
    let (checks, unknown) = last_checks::read(&system);
    registries.doubt.iter().chain(&unknown).for_each(|doubt| session.console.warning(doubt));
    if json {
        return session.console.json(&as_json(&registries, &checks));
    }
    let now = session.env.now();
    let rows: Vec<[String; 6]> = registries
        .logins
        .iter()
        .map(|login| row(login, checks.of_login(login), now))
        .chain(
            registries
                .elsewhere
                .iter()
                .filter(|one| is_news(one, &registries))
                .map(|one| row_elsewhere(one, checks.of_place(one), now)),
        )
        .collect();
    session.console.data(&table(&session.console, &rows))?;
    ls::warn_of(&session.console, &registries.unreadable);
    if registries.logins.is_empty() {
        session.console.status("no registry has a login yet; make one: docker login REGISTRY");
    }
    Ok(())
}

fn switch(session: &Session, registry: &str, user: &str, json: bool) -> Result<(), Problem> {
    let (server, login) = (RegistryKey::new(registry), Login::new(user));
    let done = registries::activate(&session.system()?, &server, &login)?;
    done.written.warnings.iter().for_each(|warning| session.console.warning(warning));
    if json {
        let servers: Vec<Value> = done.servers.iter().map(|server| server.to_text().into_owned().into()).collect();
        let official = done.official.as_ref().map(Login::as_str);
        return session.console.json(&json!({
            "schema": names::SCHEMA, "user": user, "servers": servers, "official": official.unwrap_or(user),
            "helper": asked(done.asked.as_ref()),
        }));
    }
    let servers: Vec<_> = done.servers.iter().map(RegistryKey::display).collect();
    if let Some(instead) = done.asked.as_ref().and_then(Asked::instead) {
        session.console.status(&format!("{} is the one in use at {}", login.quoted(), servers.join(", ")));
        session.console.warning(&Problem::failed(format!("Docker will not ask: {instead}")));
        return Ok(());
    }
    session.console.status(&format!("Docker gets {} at {}", login.quoted(), servers.join(", ")));
    if let Some(other) = done.official {
        let warning = format!("the official helper would answer {}: it goes by file names", other.quoted());
        session.console.warning(&Problem::failed(warning));
    }
    Ok(())
}

fn rename(session: &Session, registry: &str, (from, to): (&str, &str), json: bool) -> Result<(), Problem> {
    let server = RegistryKey::new(registry);
    let written = registries::rename(&session.system()?, &server, &Login::new(from), &Login::new(to))?;
    written.warnings.iter().for_each(|warning| session.console.warning(warning));
    if json {
        return session.console.json(&json!({ "schema": names::SCHEMA, "from": from, "to": to }));
    }
    let (from, to) = (Login::new(from), Login::new(to));
    session.console.status(&format!("the login of {} at {} is {} now", from.quoted(), server.display(), to.quoted()));
    Ok(())
}

fn erase(session: &Session, registry: &str, force: bool, json: bool) -> Result<(), Problem> {
    let server = RegistryKey::new(registry);
    let name = text::quoted(server.as_bytes());
    let system = session.system()?;
    if !force {
        let found = registries::list(&system)?.logins;
        let users = found.iter().filter(|login| login.mount.is_root() && login.canonical == server.canonical());
        let users: Vec<String> = users.map(|login| login.login.quoted().to_string()).collect();
        if !users.is_empty() {
            consent(registry, &format!("erase all logins at {name} ({})?", users.join(", ")))?;
        }
    }
    let done = registries::erase(&system, &server)?;
    done.written.warnings.iter().for_each(|warning| session.console.warning(warning));
    let still: Vec<String> = done.still.iter().map(Still::words).collect();
    if json {
        let texts = |keys: &[RegistryKey]| keys.iter().map(|key| key.to_text().into_owned()).collect::<Vec<_>>();
        session.console.json(&json!({
            "schema": names::SCHEMA, "servers": texts(&done.servers), "asked": texts(&done.asked), "still": still,
        }))?;
    } else {
        let count = done.asked.len();
        let proof = if still.is_empty() {
            format!("; proved: nothing answers to its {count} spellings")
        } else {
            String::new()
        };
        session.console.status(&format!("erased the logins at {name}{proof}"));
    }
    match still.split_first() {
        None => Ok(()),
        Some((first, rest)) => {
            Err(rest.iter().fold(Problem::failed(format!("{name} still has a login: {first}")), Problem::because))
        }
    }
}

fn consent(registry: &str, question: &str) -> Result<(), Problem> {
    let name = text::quoted(registry.as_bytes());
    // A script started from a terminal has one too, but nobody who expects a question.
    let Some(mut terminal) = Terminal::open().filter(|_| io::stdin().is_terminal()) else {
        return Err(Problem::usage(format!("{name} is not erased without asking, and there is no terminal to ask on"))
            .hint(format!(
                "if you are sure: regpass registries erase --force {}",
                text::shell_word(Path::new(registry))
            )));
    };
    match terminal.confirm(question)? {
        true => Ok(()),
        false => Err(Problem::cancelled(format!("{name} stays as it is"))),
    }
}

/// `schema` 1 of docs/json.md, `registries`.
fn as_json(registries: &Registries, checks: &LastChecks) -> Value {
    let logins: Vec<Value> = registries
        .logins
        .iter()
        .map(|login| {
            let mut one = Map::new();
            one.insert("server".to_owned(), told(&login.server).into());
            one.insert("canonical".to_owned(), misplaced::server(&login.canonical).into());
            one.insert("kind".to_owned(), login.kind.word().into());
            one.insert("user".to_owned(), user_of(&login.login).into());
            put_path(&mut one, login);
            one.insert("mount".to_owned(), login.mount.display().into());
            one.insert("modified".to_owned(), utc::rfc3339(login.modified).into());
            one.insert("expires".to_owned(), login.expires.map(utc::rfc3339).into());
            // Nothing is opened here: the file's time is all that is known.
            let source = login.expires.map(|_| ExpirySource::File.id());
            one.insert("expires_source".to_owned(), source.into());
            one.insert("active".to_owned(), login.active.into());
            one.insert("official".to_owned(), login.official.into());
            one.insert("twins".to_owned(), login.twins.iter().map(told).collect::<Vec<_>>().into());
            one.insert("last_check".to_owned(), check_json(checks.of_login(login), Some(login.modified)));
            Value::Object(one)
        })
        .collect();
    let elsewhere: Vec<Value> = registries
        .elsewhere
        .iter()
        .map(|one| {
            let (helper, user) = match &one.place {
                Place::Helper(helper) | Place::Ours(helper) => (Some(misplaced::helper(helper)), None),
                Place::Inline(login) => (None, login.as_ref().map(user_of)),
            };
            json!({
                "server": told(&one.server), "canonical": misplaced::server(&one.canonical), "kind": one.kind.word(),
                "inline": helper.is_none(), "helper": helper, "user": user,
                "last_check": check_json(checks.of_place(one), None),
            })
        })
        .collect();
    json!({
        "schema": names::SCHEMA,
        "registries": logins,
        "elsewhere": elsewhere,
        "unreadable": names::unreadable(&registries.unreadable),
        "by_registry": by_registry(registries, checks),
    })
}

/// The server as Docker gave it, but for what may be a secret in it.
fn told(server: &RegistryKey) -> String {
    misplaced::server(server.as_bytes())
}

/// The user's name, but for what may be a secret in its place.
fn user_of(login: &Login) -> &str {
    if login.is_showable() { login.as_str() } else { misplaced::MASK }
}

/// A folder's name tells the server, in base64, and the file's the user.
fn put_path(one: &mut Map<String, Value>, login: &RegistryLogin) {
    let is_told = told(&login.server) == login.server.to_text() && login.login.is_showable();
    let path = if is_told { login.entry.as_bytes() } else { misplaced::MASK.as_bytes() };
    names::put(one, "path", path);
}

fn check_json(check: Option<&LastCheck>, modified: Option<SystemTime>) -> Value {
    check.map_or(Value::Null, |check| {
        json!({
            "when": utc::rfc3339(check.when), "user": check.user, "outcome": check.outcome.id(),
            "evidence": check.evidence.map(Evidence::id), "message": check.message,
            "outdated": modified.is_some_and(|modified| check.is_before(modified)),
        })
    })
}

fn row(login: &RegistryLogin, check: Option<&LastCheck>, now: SystemTime) -> [String; 6] {
    let mut notes = Vec::new();
    if !login.mount.is_root() {
        notes.push(format!("in the mounted store {}, which the helper does not see", login.mount.display()));
    } else if !login.active {
        notes.push("not used: another login of this registry answers".to_owned());
    } else if !login.official {
        notes.push("the official helper would answer another user's".to_owned());
    }
    if login.server.is_hub_token() {
        notes.push("Docker Hub's own token, not a login".to_owned());
    }
    if !login.twins.is_empty() {
        let twins: Vec<_> = login.twins.iter().map(|twin| twin.display()).collect();
        notes.push(format!("also kept as {}", twins.join(", ")));
    }
    if check.is_some_and(|check| check.is_before(login.modified)) {
        notes.push("changed since it was tested".to_owned());
    }
    let user = login.login.shown().into_owned();
    let (kind, age) = (login.kind.word().to_owned(), age::short(now, login.modified));
    [login.server.display().into_owned(), user, kind, age, check_cell(check, now), notes.join("; ")]
}

/// How long ago it was tested, and what came of it.
fn check_cell(check: Option<&LastCheck>, now: SystemTime) -> String {
    check.map_or_else(|| "-".to_owned(), |check| format!("{} {}", age::short(now, check.when), check.word()))
}

/// The helper that Docker asks, as programs read it.
fn asked(asked: Option<&Asked>) -> Option<&str> {
    match asked {
        Some(Asked::Us(helper) | Asked::Other(helper)) => Some(helper),
        Some(Asked::Nobody) | None => None,
    }
}

/// Each registry once.
fn by_registry(registries: &Registries, checks: &LastChecks) -> Vec<Value> {
    let one = |one: Registry| {
        let texts = |keys: BTreeSet<&RegistryKey>| keys.into_iter().map(told).collect::<Vec<_>>();
        let accounts: Vec<&str> = one.accounts().into_iter().map(user_of).collect();
        let places: Vec<&str> = one.places().into_iter().map(Found::word).collect();
        let answers = one.logins.first().filter(|login| login.active && !login.server.is_hub_token());
        let helper = asked(one.asked.as_ref()).map(misplaced::helper);
        json!({
            "canonical": misplaced::server(&one.name), "kind": one.kind.word(), "user": answers.map(|login| user_of(&login.login)),
            "accounts": accounts, "spellings": texts(one.spellings()), "places": places, "helper": helper,
            "last_check": check_json(checks.of_registry(&one.name), None),
        })
    };
    registries::fold(registries).into_iter().map(one).collect()
}

/// That Docker asks regpass about a registry is told where nothing else is.
fn is_news(one: &Elsewhere, registries: &Registries) -> bool {
    !matches!(one.place, Place::Ours(_)) || registries.logins.iter().all(|login| login.canonical != one.canonical)
}

fn row_elsewhere(one: &Elsewhere, check: Option<&LastCheck>, now: SystemTime) -> [String; 6] {
    let (user, note) = match &one.place {
        Place::Helper(helper) | Place::Ours(helper) => {
            (None, format!("Docker asks docker-credential-{}", misplaced::helper(helper)))
        }
        Place::Inline(login) => (login.as_ref(), "in clear in Docker's config.json".to_owned()),
    };
    let user = user.map_or_else(|| "-".to_owned(), |user| user.shown().into_owned());
    let (kind, age) = (one.kind.word().to_owned(), "-".to_owned());
    [one.server.display().into_owned(), user, kind, age, check_cell(check, now), note]
}

/// Columns as wide as their widest cell; the last one runs free.
fn table(console: &Console, rows: &[[String; 6]]) -> String {
    let head = ["REGISTRY", "USER", "KIND", "AGE", "LAST TEST", "NOTE"].map(str::to_owned);
    let mut widths = [0; 6];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [server, user, kind, age, check, _] = widths;
    let line = |row: &[String; 6]| {
        let [a, b, c, d, e, f] = row;
        format!("{a:server$}  {b:user$}  {c:kind$}  {d:>age$}  {e:check$}  {f}").trim_end().to_owned()
    };
    let mut text = String::new();
    if !rows.is_empty() {
        let _ = writeln!(text, "{}", console.paint(Role::Heading, &line(&head)));
    }
    rows.iter().for_each(|row| text.push_str(&(line(row) + "\n")));
    text
}
