//! `regpass reencrypt`: entries encrypted anew to those whom `.gpg-id` names.

use serde_json::{Map, Value, json};

use super::args::folder;
use super::interrupts::cancel_on_interrupt;
use super::progress::Line;
use super::{Session, ls, names};
use crate::model::{EntryPath, Problem, text};
use crate::ops::opening::Failed;
use crate::ops::reencrypt::{self, Extent, Plan, Reencrypted};
use crate::system::System;
use crate::system::store::Stores;

const EXAMPLES: &str = "\
Examples:
  regpass reencrypt                  every entry whose readers are not those that .gpg-id names
  regpass reencrypt infra            only below one folder
  regpass reencrypt --dry-run        which entries these are; decrypts and changes nothing
  regpass reencrypt --all            every entry, as after a key was replaced by a stronger one

Ended half-way, it goes on when it is started again.";

/// Encrypt entries anew to the recipients that .gpg-id names
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReencryptArgs {
    /// Only what lies below this folder
    #[arg(value_name = "FOLDER", value_parser = folder())]
    folder: Option<EntryPath>,

    /// Those too that are encrypted to the right recipients
    #[arg(long)]
    all: bool,

    /// Say what would be done
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// One JSON object with the entries and what failed
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &ReencryptArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let extent = if args.all { Extent::All } else { Extent::Differing };
    let how = How { dry_run: args.dry_run, json: args.json };
    let cancel = cancel_on_interrupt()?;
    let plan = reencrypt::plan(&system, &args.folder.clone().unwrap_or_default(), extent, &cancel)?;
    let report = if args.dry_run { foreseen(plan) } else { reencrypt::run(&system, plan, &line(session), &cancel)? };
    tell(session, &system, report, how)
}

/// How far it is.
pub(super) fn line(session: &Session) -> Line<'_> {
    Line::new(&session.console, "encrypting")
}

/// What is shown of it.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) dry_run: bool,
    pub(super) json: bool,
}

/// Reports what was done. Err when it was called off, or an entry failed.
pub(super) fn tell(session: &Session, system: &System, report: Reencrypted, how: How) -> Result<(), Problem> {
    let console = &session.console;
    report.warnings.iter().for_each(|warning| console.warning(warning));
    if how.json {
        console.json(&as_json(&report, how, system.stores()?))?;
    } else {
        ls::warn_of(console, &report.unreadable);
        told_together(&report.failed).iter().for_each(|problem| console.warning(problem));
        if how.dry_run {
            let lines = report.done.iter().fold(String::new(), |text, entry| text + &entry.display() + "\n");
            console.data(&lines)?;
        }
        let verb = if how.dry_run { "would be encrypted anew" } else { "encrypted anew" };
        console.status(&format!("{} {verb}, {} already right", counted(report.done.len()), report.up_to_date));
    }
    if let Some(stopped) = report.stopped {
        let left = if report.left > 0 { format!("{} left; ", counted(report.left)) } else { String::new() };
        return Err(stopped.hint(format!("{left}to go on: regpass reencrypt")));
    }
    match report.failed.len() {
        0 => Ok(()),
        failed => Err(Problem::failed(format!("{} could not be encrypted anew", counted(failed)))),
    }
}

/// The report of a run that does nothing and meets no obstacle.
pub(super) fn foreseen(plan: Plan) -> Reencrypted {
    Reencrypted {
        done: plan.due.into_iter().map(|due| due.entry).collect(),
        up_to_date: plan.up_to_date,
        failed: plan.failed,
        unreadable: plan.unreadable,
        warnings: plan.warnings,
        ..Reencrypted::default()
    }
}

/// The most names in one warning.
const NAMES_MAX: usize = 3;

/// One warning for all entries that fail for the same reason, as one recipient fails a whole folder. The names in front,
/// unless the problem says the entry's already.
fn told_together(failed: &[Failed]) -> Vec<Problem> {
    let mut groups: Vec<(&Problem, Vec<String>)> = Vec::new();
    for one in failed {
        let name = text::quoted(one.entry.as_bytes());
        match groups.iter_mut().find(|(problem, _)| **problem == one.problem) {
            Some((_, names)) => names.push(name),
            None => groups.push((&one.problem, vec![name])),
        }
    }
    let told = groups.into_iter().map(|(problem, names)| {
        let mut problem = problem.clone();
        if names.len() > 1 || !problem.message.contains(&names[0]) {
            let more =
                if names.len() > NAMES_MAX { format!(" and {} more", names.len() - NAMES_MAX) } else { String::new() };
            let names = names.iter().take(NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
            problem.causes.insert(0, std::mem::take(&mut problem.message));
            problem.message = format!("cannot encrypt {names}{more} anew");
        }
        problem
    });
    told.collect()
}

pub(super) fn counted(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

/// `schema` 1 of docs/json.md, `reencrypt`.
fn as_json(report: &Reencrypted, how: How, stores: &Stores) -> Value {
    let object = |entry: &EntryPath| {
        let mut object = Map::new();
        names::put(&mut object, "path", entry.as_bytes());
        let root = stores.locate(entry).0.root();
        names::put(&mut object, "store", root.as_os_str().as_encoded_bytes());
        object
    };
    let failed = report.failed.iter().map(|failed| {
        let mut object = object(&failed.entry);
        object.insert("why".to_owned(), failed.problem.one_line().into());
        Value::Object(object)
    });
    json!({
        "schema": names::SCHEMA,
        "dry_run": how.dry_run,
        "entries": report.done.iter().map(|entry| Value::Object(object(entry))).collect::<Vec<_>>(),
        "up_to_date": report.up_to_date,
        "failed": failed.collect::<Vec<_>>(),
        "unreadable": names::unreadable(&report.unreadable),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_is_told_once() {
        let failed = |name: &str, why: &str| Failed {
            entry: EntryPath::parse(name).expect("a name"),
            problem: Problem::failed(why).hint("do this"),
        };
        let all = [failed("a", "no key"), failed("b", "cannot read \"b\""), failed("c", "no key")];
        let told: Vec<String> = told_together(&all).iter().map(Problem::one_line).collect();
        assert_eq!(told, ["cannot encrypt \"a\", \"c\" anew: no key", "cannot read \"b\""]);
        let many: Vec<Failed> = (0..9).map(|number| failed(&format!("e{number}"), "no key")).collect();
        let told = told_together(&many);
        assert_eq!((told.len(), told[0].hints.len()), (1, 1));
        assert!(told[0].message.ends_with("\"e2\" and 6 more anew"), "{}", told[0].message);
    }
}
