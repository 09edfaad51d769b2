//! `regpass recipients`: who may read which folder, and changing that. What is stored already is encrypted anew at once,
//! unless that is put off.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Session;
use super::args::folder;
use super::interrupts::cancel_on_interrupt;
use super::names;
use super::reencrypt::{How, counted, foreseen, line, tell as tell_reencrypted};
use crate::frontend::console::{Console, Role};
use crate::model::{EntryPath, Problem, ProblemKind, Recipient, UserId, text, utc};
use crate::ops::progress::Cancel;
use crate::ops::recipients::{self, Access, Astray, Edit, Governed, Person, Proposal};
use crate::ops::{entries, overview, reencrypt};
use crate::system::System;
use crate::system::cipher::Reach;
use crate::system::keyring::RecipientStanding;

const EXAMPLES: &str = "\
Examples:
  regpass recipients                              who may read which folder
  regpass recipients infra/db/root                who can read that entry, and who should
  regpass recipients add bob@example.org          for the whole store
  regpass recipients remove KEY --folder infra    only there; infra gets a list of its own
  regpass recipients add KEY --dry-run            what would change, and which entries";

/// Show who may read which folder; add and remove recipients
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(super) struct RecipientsArgs {
    #[command(subcommand)]
    change: Option<Change>,

    /// Only in and below this folder; of an entry: who can really read it
    #[arg(value_name = "NAME", value_parser = folder())]
    folder: Option<EntryPath>,

    /// One JSON object with the folders and their recipients
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Change {
    /// Let more people read
    Add(ChangeArgs),
    /// Let fewer people read; what they have read, and git's history, they keep
    Remove(ChangeArgs),
    /// Let these people read and nobody else
    Set(ChangeArgs),
}

#[derive(Debug, clap::Args)]
struct ChangeArgs {
    /// Fingerprints, key ids or mail addresses
    #[arg(value_name = "KEY", required = true, value_parser = recipient)]
    keys: Vec<Recipient>,

    /// The folder it is about; it gets a list of its own if it has none [default: the whole store]
    #[arg(long, short, value_name = "FOLDER", value_parser = folder())]
    folder: Option<EntryPath>,

    /// Say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Leave what is stored as it is; `regpass reencrypt` does the rest
    #[arg(long)]
    later: bool,

    /// Even if no key of yours is left
    #[arg(long)]
    force: bool,

    /// One JSON object, as `reencrypt --json` gives it
    #[arg(long, conflicts_with = "later")]
    json: bool,
}

fn recipient(text: &str) -> Result<Recipient, String> {
    let fits = !text.contains(['\n', '\r', '#', '\0']);
    Recipient::new(text).filter(|_| fits).ok_or_else(|| "it names no key".to_owned())
}

pub(super) fn run(session: &Session, args: &RecipientsArgs) -> Result<(), Problem> {
    let system = session.system()?;
    match &args.change {
        None => show(session, &system, args),
        Some(Change::Add(change)) => edit(session, &system, change, Edit::Add(change.keys.clone())),
        Some(Change::Remove(change)) => edit(session, &system, change, Edit::Remove(change.keys.clone())),
        Some(Change::Set(change)) => edit(session, &system, change, Edit::Set(change.keys.clone())),
    }
}

fn show(session: &Session, system: &System, args: &RecipientsArgs) -> Result<(), Problem> {
    let console = &session.console;
    let name = args.folder.clone().unwrap_or_default();
    let access = match recipients::access(system, &name) {
        _ if name.is_root() => None,
        Err(problem) if problem.kind == ProblemKind::NotFound => None,
        found => Some(found?),
    };
    let governed = match recipients::list(system, &name) {
        // The name of an entry, and of no folder.
        Err(problem) if problem.kind == ProblemKind::NotFound && access.is_some() => Vec::new(),
        listed => listed?,
    };
    let astray = if access.is_none() { astray(system, &name) } else { None };
    let count = astray.as_ref().and_then(Astray::count);
    if args.json {
        let folders: Vec<Value> = governed.iter().map(folder_json).collect();
        let mut answer = json!({ "schema": names::SCHEMA, "folders": folders, "astray": count });
        if let Some(access) = &access {
            answer["entry"] = access_json(&name, access);
        }
        return console.json(&answer);
    }
    if let Some(access) = &access {
        tell_access(console, &name, access)?;
    }
    for one in &governed {
        let name = if one.folder.is_root() { "/".into() } else { one.folder.display() };
        let mut lines = format!("{}\n", console.paint(Role::Heading, &name));
        one.recipients.iter().for_each(|person| lines.push_str(&person_line(console, person)));
        console.data(&lines)?;
        one.problem.iter().for_each(|problem| console.warning(problem));
    }
    if governed.is_empty() && access.is_none() {
        console.status("no folder here has a recipients file of its own");
    }
    astray.iter().for_each(|astray| warn_of(console, &name, astray));
    Ok(())
}

/// What is encrypted to others than are listed, and what nobody can tell of.
fn warn_of(console: &Console, folder: &EntryPath, astray: &Astray) {
    if astray.entries > 0 {
        let word = || text::shell_word(Path::new(folder.as_os_str()));
        let below = if folder.is_root() { String::new() } else { format!(" {}", word()) };
        console.warning(
            &Problem::failed(format!("whom {} are encrypted to is not who is listed", counted(astray.entries)))
                .because("a change of recipients was ended half-way or put off, or is somebody else's")
                .hint(format!("which: regpass reencrypt --dry-run{below}"))
                .hint(format!("encrypt them anew: regpass reencrypt{below}")),
        );
    }
    if let Some((what, why)) = astray.untold() {
        let problem = Problem::failed(format!("of {what} it cannot be told who can read")).because(why.one_line());
        console.warning(&why.all_hints().fold(problem, |problem, hint| problem.hint(hint.clone())));
    }
}

/// None where there are too many entries to look at unasked.
fn astray(system: &System, folder: &EntryPath) -> Option<Astray> {
    let entries = entries::list(system, folder).ok()?.entries.len();
    overview::astray(system, folder, entries, &Cancel::default())
}

/// `  Alice <alice@…>  FINGERPRINT  yours, valid, until 2027-01-01`
fn person_line(console: &Console, person: &Person) -> String {
    let reader = &person.reader;
    let written = text::escaped(reader.recipient.as_str().as_bytes()).into_owned();
    let name = reader.name.as_deref().unwrap_or(&written);
    let key = reader.fingerprint.as_deref().unwrap_or(if name == written { "" } else { &written });
    let mut words = Vec::new();
    if person.own == Some(true) {
        words.push("yours".to_owned());
    }
    let (validity, role) = match reader.standing {
        RecipientStanding::Valid => (word(reader.standing), Role::Good),
        other => (word(other), Role::Warning),
    };
    words.push(console.paint(role, validity));
    words.extend(reader.expires.map(|time| format!("until {}", &utc::rfc3339(time)[..10])));
    format!("  {name}  {}  {}\n", console.paint(Role::Muted, key), words.join(", "))
}

/// Who can read an entry and who should, one a line, as `person_line` has it; what mends it.
fn tell_access(console: &Console, entry: &EntryPath, access: &Access) -> Result<(), Problem> {
    let mut lines = format!("{}\n", console.paint(Role::Heading, &entry.display()));
    let mut add = |name: &str, key: &str, words: String| {
        lines.push_str(&format!("  {name}  {}  {words}\n", console.paint(Role::Muted, key)));
    };
    for (reader, reach) in &access.listed {
        let written = text::escaped(reader.recipient.as_str().as_bytes()).into_owned();
        let words = match reach {
            Reach::Reached => console.paint(Role::Good, "can read it"),
            Reach::ByOlderKey => console.paint(Role::Warning, "can read it by an older key"),
            Reach::Missed => console.paint(Role::Warning, "not encrypted to it yet"),
            Reach::Untold => "nobody can tell whether it is encrypted to it".to_owned(),
        };
        let key = reader.fingerprint.as_deref().unwrap_or_default();
        add(reader.name.as_deref().unwrap_or(&written), key, words);
    }
    for other in &access.others {
        let key = other.fingerprint.as_deref().unwrap_or(&other.key);
        let name = other.name.as_deref().unwrap_or("a key that is not here");
        add(name, key, console.paint(Role::Warning, "can still read it, and is not listed"));
    }
    if access.hidden > 0 {
        lines.push_str(&format!("  {} whom it does not name\n", access.hidden));
    }
    if access.by_passphrase {
        lines.push_str("  whoever knows a passphrase\n");
    }
    console.data(&lines)?;
    access.problem.iter().for_each(|problem| console.warning(problem));
    if access.differs == Some(true) {
        let name = text::shell_word(Path::new(entry.as_os_str()));
        console.advice(&format!("to encrypt it to those who are listed: regpass reencrypt {name}"));
    }
    Ok(())
}

fn word(standing: RecipientStanding) -> &'static str {
    match standing {
        RecipientStanding::Valid => "valid",
        RecipientStanding::Unknown => "unknown",
        RecipientStanding::Expired => "expired",
        RecipientStanding::Revoked => "revoked",
        RecipientStanding::Disabled => "disabled",
        RecipientStanding::Untrusted => "untrusted",
        RecipientStanding::Unusable => "unusable",
        RecipientStanding::Missing => "missing",
        RecipientStanding::Ambiguous => "ambiguous",
    }
}

/// `schema` 1 of docs/json.md, `recipients`.
fn folder_json(one: &Governed) -> Value {
    let mut object = Map::new();
    names::put(&mut object, "folder", one.folder.as_bytes());
    names::put(&mut object, "store", one.store.as_os_str().as_encoded_bytes());
    names::put(&mut object, "file", one.file.as_os_str().as_encoded_bytes());
    let people = one.recipients.iter().map(|person| {
        json!({
            "recipient": person.reader.recipient.as_str(),
            "fingerprint": person.reader.fingerprint,
            "name": person.reader.name.as_ref().map(UserId::raw),
            "validity": word(person.reader.standing),
            "expires": person.reader.expires.map(utc::rfc3339),
            "own": person.own,
            "problem": person.problem.as_ref().map(Problem::one_line),
        })
    });
    object.insert("recipients".to_owned(), people.collect());
    object.insert("problem".to_owned(), one.problem.as_ref().map(Problem::one_line).into());
    Value::Object(object)
}

/// `schema` 1 of docs/json.md, `recipients`: `entry`.
fn access_json(entry: &EntryPath, access: &Access) -> Value {
    let mut object = Map::new();
    names::put(&mut object, "path", entry.as_bytes());
    let listed = access.listed.iter().map(|(reader, reach)| {
        let encrypted = match reach {
            Reach::Reached => "yes",
            Reach::ByOlderKey => "older-key",
            Reach::Missed => "no",
            Reach::Untold => "unknown",
        };
        json!({
            "recipient": reader.recipient.as_str(),
            "fingerprint": reader.fingerprint,
            "name": reader.name.as_ref().map(UserId::raw),
            "encrypted": encrypted,
        })
    });
    object.insert("recipients".to_owned(), listed.collect());
    let others = access.others.iter();
    let others = others.map(
        |one| json!({ "key": one.key, "fingerprint": one.fingerprint, "name": one.name.as_ref().map(UserId::raw) }),
    );
    object.insert("others".to_owned(), others.collect());
    object.insert("hidden".to_owned(), access.hidden.into());
    object.insert("passphrase".to_owned(), access.by_passphrase.into());
    object.insert("differs".to_owned(), access.differs.into());
    object.insert("problem".to_owned(), access.problem.as_ref().map(Problem::one_line).into());
    Value::Object(object)
}

fn edit(session: &Session, system: &System, args: &ChangeArgs, edit: Edit) -> Result<(), Problem> {
    let console = &session.console;
    let folder = args.folder.clone().unwrap_or_default();
    let proposal = recipients::propose(system, &folder, &edit, args.force)?;
    let cancel = cancel_on_interrupt()?;
    let how = How { dry_run: args.dry_run, json: args.json };
    if args.dry_run {
        tell(console, &proposal, true);
        let plan = reencrypt::foresee(system, &folder, &proposal.after, &cancel)?;
        return tell_reencrypted(session, system, foreseen(plan), how);
    }
    if args.later {
        let written = recipients::apply(system, &proposal)?;
        tell(console, &proposal, false);
        written.warnings.iter().for_each(|warning| console.warning(warning));
        console.advice("entries stay as they are; encrypt them anew: regpass reencrypt");
        return Ok(());
    }
    let report = recipients::carry(system, &proposal, &line(session), &cancel)?;
    tell(console, &proposal, false);
    tell_reencrypted(session, system, report, how)
}

fn tell(console: &Console, proposal: &Proposal, dry_run: bool) {
    let would = if dry_run { "would be " } else { "" };
    for (recipient, identity) in &proposal.added {
        let name = identity.name.as_deref().unwrap_or_default();
        console.status(&format!("{would}added: {} {name}", text::escaped(recipient.as_str().as_bytes())));
    }
    for recipient in &proposal.removed {
        console.status(&format!("{would}removed: {}", text::escaped(recipient.as_str().as_bytes())));
    }
    if proposal.is_nothing() {
        console.status("the recipients are so already");
    } else if proposal.new_file {
        console.status(&format!("in a list of its own: {}", text::quoted_path(&proposal.file)));
    }
}
