//! `regpass registries`: the registries that the store has logins for; which account of one is used, its user name, all
//! of them erased. The list decrypts nothing, and nor does the rest.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::path::Path;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::Session;
use super::prompt::Terminal;
use super::{ls, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Login, Problem, RegistryKey, age, text, utc};
use crate::ops::registries::{self, Asked, Elsewhere, Found, Place, Registries, Registry, RegistryLogin, Still};

const EXAMPLES: &str = "\
Examples:
  regpass registries                           registry, user, kind, age, and what is odd about it
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
    registries.doubt.iter().for_each(|doubt| session.console.warning(doubt));
    if json {
        return session.console.json(&as_json(&registries));
    }
    let now = session.env.now();
    let rows: Vec<[String; 5]> = registries
        .logins
        .iter()
        .map(|login| row(login, &age::short(now, login.modified)))
        .chain(registries.elsewhere.iter().filter(|one| is_news(one, &registries)).map(row_elsewhere))
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
fn as_json(registries: &Registries) -> Value {
    let logins: Vec<Value> = registries
        .logins
        .iter()
        .map(|login| {
            let mut one = Map::new();
            names::put(&mut one, "server", login.server.as_bytes());
            one.insert("canonical".to_owned(), login.canonical.clone().into());
            one.insert("kind".to_owned(), login.kind.word().into());
            one.insert("user".to_owned(), login.login.as_str().into());
            names::put(&mut one, "path", login.entry.as_bytes());
            one.insert("mount".to_owned(), login.mount.display().into());
            one.insert("modified".to_owned(), utc::rfc3339(login.modified).into());
            one.insert("expires".to_owned(), login.expires.map(utc::rfc3339).into());
            one.insert("active".to_owned(), login.active.into());
            one.insert("official".to_owned(), login.official.into());
            let twins: Vec<Value> = login.twins.iter().map(|twin| twin.to_text().into_owned().into()).collect();
            one.insert("twins".to_owned(), twins.into());
            Value::Object(one)
        })
        .collect();
    let elsewhere: Vec<Value> = registries
        .elsewhere
        .iter()
        .map(|one| {
            let (helper, user) = match &one.place {
                Place::Helper(helper) | Place::Ours(helper) => (Some(helper.as_str()), None),
                Place::Inline(login) => (None, login.as_ref().map(Login::as_str)),
            };
            json!({
                "server": one.server.to_text(), "canonical": one.canonical, "kind": one.kind.word(),
                "inline": helper.is_none(), "helper": helper, "user": user,
            })
        })
        .collect();
    json!({
        "schema": names::SCHEMA,
        "registries": logins,
        "elsewhere": elsewhere,
        "unreadable": names::unreadable(&registries.unreadable),
        "by_registry": by_registry(registries),
    })
}

fn row(login: &RegistryLogin, age: &str) -> [String; 5] {
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
    let user = text::escaped(login.login.as_str().as_bytes()).into_owned();
    [login.server.display().into_owned(), user, login.kind.word().to_owned(), age.to_owned(), notes.join("; ")]
}

/// The helper that Docker asks, as programs read it.
fn asked(asked: Option<&Asked>) -> Option<&str> {
    match asked {
        Some(Asked::Us(helper) | Asked::Other(helper)) => Some(helper),
        Some(Asked::Nobody) | None => None,
    }
}

/// Each registry once.
fn by_registry(registries: &Registries) -> Vec<Value> {
    let one = |one: Registry| {
        let texts =
            |keys: BTreeSet<&RegistryKey>| keys.iter().map(|key| key.to_text().into_owned()).collect::<Vec<_>>();
        let accounts: Vec<&str> = one.accounts().into_iter().map(Login::as_str).collect();
        let places: Vec<&str> = one.places().into_iter().map(Found::word).collect();
        let answers = one.logins.first().filter(|login| login.active && !login.server.is_hub_token());
        let helper = asked(one.asked.as_ref());
        json!({
            "canonical": one.name, "kind": one.kind.word(), "user": answers.map(|login| login.login.as_str()),
            "accounts": accounts, "spellings": texts(one.spellings()), "places": places, "helper": helper,
        })
    };
    registries::fold(registries).into_iter().map(one).collect()
}

/// That Docker asks regpass about a registry is told where nothing else is.
fn is_news(one: &Elsewhere, registries: &Registries) -> bool {
    !matches!(one.place, Place::Ours(_)) || registries.logins.iter().all(|login| login.canonical != one.canonical)
}

fn row_elsewhere(one: &Elsewhere) -> [String; 5] {
    let (user, note) = match &one.place {
        Place::Helper(helper) | Place::Ours(helper) => {
            (None, format!("Docker asks docker-credential-{}", text::escaped(helper.as_bytes())))
        }
        Place::Inline(login) => (login.as_ref(), "in clear in Docker's config.json".to_owned()),
    };
    let user = user.map_or_else(|| "-".to_owned(), |user| text::escaped(user.as_str().as_bytes()).into_owned());
    [one.server.display().into_owned(), user, one.kind.word().to_owned(), "-".to_owned(), note]
}

/// Columns as wide as their widest cell; the last one runs free.
fn table(console: &Console, rows: &[[String; 5]]) -> String {
    let head = ["REGISTRY", "USER", "KIND", "AGE", "NOTE"].map(str::to_owned);
    let mut widths = [0; 5];
    for row in rows.iter().chain([&head]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let [server, user, kind, age, _] = widths;
    let line = |row: &[String; 5]| {
        let [a, b, c, d, e] = row;
        format!("{a:server$}  {b:user$}  {c:kind$}  {d:>age$}  {e}").trim_end().to_owned()
    };
    let mut text = String::new();
    if !rows.is_empty() {
        let _ = writeln!(text, "{}", console.paint(Role::Heading, &line(&head)));
    }
    rows.iter().for_each(|row| text.push_str(&(line(row) + "\n")));
    text
}
