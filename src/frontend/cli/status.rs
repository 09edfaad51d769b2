//! `regpass status`: who and where, what is in place, and the commands for what is not. The command line's twin of the
//! terminal UI's first tab.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Session, journal, names, window};
use crate::frontend::console::{Console, Role};
use crate::model::{EntryPath, Problem, UserId, misplaced, text};
use crate::ops::overview::{self, Overview, Step};
use crate::ops::progress::Cancel;
use crate::ops::readers::{self, Lock};
use crate::system::docker::config::DockerConfig;
use crate::system::journal::Call;

const EXAMPLES: &str = "\
Examples:
  regpass status                     who and where, and what to do next
  regpass status --json              for programs (docs/json.md)";

/// Say who and where, what is in place and what to do next
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatusArgs {
    /// One JSON object with all of it
    #[arg(long)]
    json: bool,
}

/// The terminal UI for those who cannot use a screen: its first tab as text, and the commands that are the other tabs.
pub(super) fn plain(session: &Session) -> Result<(), Problem> {
    run(session, &StatusArgs { json: false })?;
    session.console.data(
        "\nwhat the terminal UI's other tabs show\n  the store: regpass ls\n  the registries: regpass registries\n  \
         the helper's calls: regpass journal\n  every command: regpass --help\n",
    )
}

pub(super) fn run(session: &Session, args: &StatusArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let mut found = overview::look(&system);
    let entries = overview::count_entries(&system);
    let astray = entries.and_then(|entries| overview::astray(&system, &EntryPath::root(), entries, &Cancel::default()));
    found.next.extend(astray.iter().flat_map(overview::steps_for_astray));
    let astray = astray.and_then(|astray| astray.count());
    found.next.extend(overview::step_for_windows(&found.windows, session.env.unstopped()));
    let own = readers::own_key(&system).ok();
    let lock = own.as_ref().map(|own| own.lock);
    if found.stores.first().is_some_and(|store| store.exists) {
        found.next.extend(lock.and_then(overview::step_for));
    }
    found.key = own.and_then(|own| own.key).or(found.key);
    if args.json {
        return session.console.json(&as_json(session, &found, (entries, astray), lock));
    }
    session.console.data(&facts(session, &found, entries, lock))?;
    session.console.data(&steps(&session.console, &found.next))
}

fn facts(session: &Session, found: &Overview, entries: Option<usize>, lock: Option<Lock>) -> String {
    let (console, now) = (&session.console, session.env.unstopped());
    let mut lines = String::new();
    let mut fact = |label: &str, value: &str| {
        let _ = writeln!(lines, "{} {value}", console.paint(Role::Muted, &format!("{label:<12}")));
    };
    let user = found.user.as_deref().map_or_else(|| "unknown".to_owned(), |user| text::escaped(user.as_bytes()).into());
    fact("user", &format!("{user} (uid {})", found.uid));
    fact("home", &found.home.as_deref().map_or_else(|| "none".to_owned(), shown));
    fact("docker", &format!("{}: {}", shown(&found.docker_file), found.docker_words()));
    fact("helper", &found.helper.words());
    for store in &found.stores {
        let label = if store.mount.is_empty() { "store" } else { "mount" };
        let name = if store.mount.is_empty() { String::new() } else { format!("{} at ", text::quoted(&store.mount)) };
        fact(label, &format!("{name}{}{}", shown(&store.root), if store.exists { "" } else { ": not there" }));
    }
    match &found.key_file {
        Some(file) => fact("key file", &shown(file)),
        None => fact("gnupg", &shown(&found.gnupg_home)),
    }
    if let Some(key) = &found.key {
        let name = key.name.as_ref().map(UserId::to_string).or_else(|| key.fingerprint.clone());
        let name = name.unwrap_or_else(|| text::escaped(key.recipient.as_str().as_bytes()).into_owned());
        fact("key", &format!("{name}: {}", lock.map_or("state unknown", lock_words)));
    }
    let counted = |count: Option<usize>| count.map_or_else(|| "unknown".to_owned(), |count| count.to_string());
    fact("entries", &counted(entries));
    fact("registries", &counted(found.registries));
    for (_, line) in found.windows.lines(now) {
        fact("window", &line);
    }
    if !calls(found).is_empty() {
        lines.push_str(&format!("\n{}\n", console.paint(Role::Heading, "last calls of the helper")));
        calls(found).iter().for_each(|call| lines.push_str(&journal::line(console, call)));
    }
    lines
}

/// Those that could be read.
fn calls(found: &Overview) -> &[Call] {
    found.journal.as_ref().map_or(&[], |journal| &journal.calls)
}

fn steps(console: &Console, next: &[Step]) -> String {
    if next.is_empty() {
        return format!("\n{}\n", console.paint(Role::Good, "everything is in place"));
    }
    let mut lines = format!("\n{}\n", console.paint(Role::Heading, "what to do next"));
    for step in next {
        let _ = writeln!(lines, "  {}", step.what);
        if let Some(command) = &step.command {
            let _ = writeln!(lines, "    {}", console.paint(Role::Hint, command));
        }
    }
    lines
}

fn lock_words(lock: Lock) -> &'static str {
    match lock {
        Lock::KeyFile => "from a key file",
        Lock::Unlocked => "unlocked",
        Lock::Locked => "locked",
        Lock::Card => "on a card",
        Lock::Absent => "the secret key is not here",
        Lock::NoAgent => "agent not running",
        Lock::Silent => "agent does not answer",
        Lock::Untold => "state unknown",
    }
}

/// As programs read it: one word.
fn lock_word(lock: Lock) -> &'static str {
    match lock {
        Lock::KeyFile => "key-file",
        Lock::Unlocked => "unlocked",
        Lock::Locked => "locked",
        Lock::Card => "card",
        Lock::Absent => "absent",
        Lock::NoAgent => "no-agent",
        Lock::Silent => "silent",
        Lock::Untold => "unknown",
    }
}

fn shown(path: &Path) -> String {
    text::escaped(path.as_os_str().as_encoded_bytes()).into_owned()
}

/// `schema` 1 of docs/json.md, `status`.
fn as_json(
    session: &Session,
    found: &Overview,
    (entries, astray): (Option<usize>, Option<usize>),
    lock: Option<Lock>,
) -> Value {
    let path = |path: &Path| String::from_utf8_lossy(path.as_os_str().as_encoded_bytes()).into_owned();
    let docker = found.docker.as_ref().ok();
    let now = session.env.unstopped();
    let windows: Vec<Value> = found.windows.windows.iter().map(|seen| window::window_json(seen, now)).collect();
    let stores: Vec<Value> = found
        .stores
        .iter()
        .map(|store| {
            let mut one = Map::new();
            one.insert("mount".to_owned(), store.mount.clone().into());
            names::put(&mut one, "store", store.root.as_os_str().as_encoded_bytes());
            one.insert("exists".to_owned(), store.exists.into());
            Value::Object(one)
        })
        .collect();
    let next: Vec<Value> =
        found.next.iter().map(|step| json!({ "what": step.what, "command": step.command })).collect();
    json!({
        "schema": names::SCHEMA,
        "user": found.user,
        "uid": found.uid,
        "home": found.home.as_deref().map(path),
        "docker": {
            "file": path(&found.docker_file),
            "exists": docker.map(|docker| docker.exists),
            "credsStore": docker.and_then(|docker| docker.helper.clone()),
            "credHelpers": docker.map(own_helpers),
            "inline": docker.map(|docker| docker.inline.iter().map(|one| misplaced::server(one.server.as_bytes())).collect::<Vec<_>>()),
        },
        "helper": {
            "program": found.helper.program(),
            "path": found.helper.found.as_ref().map(|shim| path(&shim.path)),
            "regpass": found.helper.is_regpass(),
        },
        "stores": stores,
        "gnupg_home": path(&found.gnupg_home),
        "key_file": found.key_file.as_deref().map(path),
        "key": found.key.as_ref().and_then(|key| key.fingerprint.clone()),
        "key_state": lock.map(lock_word),
        "entries": entries,
        "astray": astray,
        "registries": found.registries,
        "windows": windows,
        "journal_on": found.journal_on,
        "calls": calls(found).iter().map(journal::call).collect::<Vec<_>>(),
        "next": next,
    })
}

/// By the registry's name.
fn own_helpers(docker: &DockerConfig) -> BTreeMap<String, &str> {
    docker.helpers.iter().map(|(server, helper)| (misplaced::server(server), helper.as_str())).collect()
}
