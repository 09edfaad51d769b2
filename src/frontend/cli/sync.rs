//! `regpass sync`, and what `regpass git` pulls and pushes: stores and their remotes, one line a store.

use std::io::{self, IsTerminal};

use serde_json::{Map, Value, json};

use super::interrupts::cancel_on_interrupt;
use super::prompt::Terminal;
use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::{EntryPath, Problem, text};
use crate::ops::conflict::Conflicts;
use crate::ops::sync::{self, Outcome, Synced, Task};
use crate::system::git::Access;

const EXAMPLES: &str = "\
Examples:
  regpass sync                           pull, then push, every store that has a remote
  regpass sync --json                    for programs (docs/json.md)
  regpass conflicts                      what both sides changed, when it stopped at that";

/// Pull and push the stores
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SyncArgs {
    /// One JSON object with what was done
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &SyncArgs) -> Result<(), Problem> {
    transfer(session, Task::Both, args.json)
}

/// Does the task and reports. Err when a store failed, or waits at conflicts, after the others were done.
pub(super) fn transfer(session: &Session, task: Task, json: bool) -> Result<(), Problem> {
    let system = session.system()?;
    let console = &session.console;
    let cancel = cancel_on_interrupt()?;
    let mut report = |line: &str| {
        if !line.is_empty() {
            console.transient(&text::escaped(line.as_bytes()));
        }
        !cancel.is_called_off()
    };
    // A script started from a terminal has one too, but nobody who expects a question.
    let may_ask = Terminal::open().is_some() && io::stdin().is_terminal();
    let done = sync::run(&system, task, &mut Access { may_ask, report: &mut report })?;
    console.end_transient();
    done.iter().flat_map(|one| &one.warnings).for_each(|warning| console.warning(warning));
    if json {
        console.json(&as_json(&done))?;
    } else {
        done.iter().for_each(|one| tell(console, one, done.len() > 1));
    }
    if cancel.is_called_off() {
        return Err(Problem::cancelled("called off").hint("see where the stores stand: regpass git status"));
    }
    ended(&done)
}

/// What the exit code says of all of them.
fn ended(done: &[Synced]) -> Result<(), Problem> {
    let failed: Vec<&Problem> = done
        .iter()
        .filter_map(|one| match &one.outcome {
            Outcome::Failed(problem) => Some(problem),
            _ => None,
        })
        .collect();
    let conflicts: Vec<&EntryPath> = done.iter().filter_map(conflicts_of).flat_map(Conflicts::names).collect();
    if let Some(first) = conflicts.first() {
        let named = text::shell_word(first.as_os_str().as_ref());
        let count = conflicts.len();
        let things = if count == 1 { "1 thing".to_owned() } else { format!("{count} things") };
        let problem = Problem::failed(format!("both sides changed {things}; the merge waits until they are settled"));
        // A file that is no entry is not merged here: who may read, before what they may.
        if done.iter().filter_map(conflicts_of).any(|conflicts| conflicts.others.contains(first)) {
            return Err(problem
                .hint("see what waits: regpass conflicts")
                .hint(format!("settle one: regpass resolve {named} --ours (or --theirs)")));
        }
        return Err(problem
            .hint(format!("see what they say: regpass conflicts {named}"))
            .hint(format!("settle one: regpass resolve {named} --merge (or --ours, --theirs)")));
    }
    match (failed.as_slice(), done) {
        ([], done) if done.iter().all(|one| matches!(one.outcome, Outcome::NoGit)) => {
            let root = done.first().map(|one| text::shell_word(&one.root)).unwrap_or_default();
            Err(Problem::failed("no store is in git")
                .hint(format!("have git keep one: PASSWORD_STORE_DIR={root} pass git init")))
        }
        ([], done) if done.iter().all(|one| matches!(one.outcome, Outcome::NoGit | Outcome::NoRemote)) => {
            let root = done.first().map(|one| text::shell_word(&one.root)).unwrap_or_default();
            Err(Problem::failed("no store has a remote to go with")
                .hint(format!("name one with git remote add, in {root}"))
                .hint(format!("of several, choose one with git push -u, in {root}")))
        }
        ([], _) => Ok(()),
        ([only], [_]) => Err((*only).clone()),
        (failed, _) => Err(Problem::failed(format!("{} of {} stores failed", failed.len(), done.len()))),
    }
}

fn conflicts_of(one: &Synced) -> Option<&Conflicts> {
    match &one.outcome {
        Outcome::Conflicts(conflicts) => Some(conflicts),
        _ => None,
    }
}

fn tell(console: &Console, one: &Synced, named: bool) {
    let name = if named { format!("{}: ", label(&one.mount, &one.root)) } else { String::new() };
    match &one.outcome {
        Outcome::Done => console.status(&format!("{name}{}", counts(one))),
        Outcome::NoGit if named => console.status(&format!("{name}not in git")),
        Outcome::NoRemote if named => console.status(&format!("{name}no remote")),
        Outcome::NoGit | Outcome::NoRemote => {}
        Outcome::Conflicts(conflicts) => {
            let lines = conflicts.names().map(|entry| entry.display().into_owned());
            let elsewhere = conflicts.elsewhere.iter().map(|path| text::quoted_path(path));
            let all: Vec<String> = lines.chain(elsewhere).collect();
            console.status(&console.paint(Role::Warning, &format!("{name}both sides changed: {}", all.join(", "))));
        }
        // The only store's failure is the command's.
        Outcome::Failed(problem) if named => console.warning(problem),
        Outcome::Failed(_) => {}
    }
    if one.uncommitted > 0 {
        let root = text::shell_word(&one.root);
        let count = one.uncommitted;
        let problem = Problem::failed(format!("{name}{count} changed files are not committed, and went nowhere"));
        console.warning(&problem.hint(format!("see them: git -C {root} status")));
    }
}

fn counts(one: &Synced) -> String {
    let commits = |count| if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") };
    match (one.pulled, one.pushed) {
        (0, 0) => "nothing new".to_owned(),
        (pulled, 0) => format!("pulled {}", commits(pulled)),
        (0, pushed) => format!("pushed {}", commits(pushed)),
        (pulled, pushed) => format!("pulled {}, pushed {}", commits(pulled), commits(pushed)),
    }
}

/// A store as a person knows it: its mount's name, the root store's folder.
pub(super) fn label(mount: &EntryPath, root: &std::path::Path) -> String {
    if mount.is_root() {
        text::escaped(root.as_os_str().as_encoded_bytes()).into_owned()
    } else {
        mount.display().into_owned()
    }
}

/// `schema` 1 of docs/json.md, `sync`.
fn as_json(done: &[Synced]) -> Value {
    let stores: Vec<Value> = done
        .iter()
        .map(|one| {
            let mut object = Map::new();
            names::put(&mut object, "mount", one.mount.as_bytes());
            names::put(&mut object, "store", one.root.as_os_str().as_encoded_bytes());
            let outcome = match &one.outcome {
                Outcome::Done => "done",
                Outcome::NoGit => "no-git",
                Outcome::NoRemote => "no-remote",
                Outcome::Conflicts(_) => "conflicts",
                Outcome::Failed(_) => "failed",
            };
            object.insert("outcome".to_owned(), outcome.into());
            object.insert("pulled".to_owned(), one.pulled.into());
            object.insert("pushed".to_owned(), one.pushed.into());
            object.insert("uncommitted".to_owned(), one.uncommitted.into());
            let conflicts: Vec<Value> =
                conflicts_of(one).map(|conflicts| conflicts.names().map(path).collect()).unwrap_or_default();
            object.insert("conflicts".to_owned(), conflicts.into());
            if let Outcome::Failed(problem) = &one.outcome {
                object.insert("error".to_owned(), problem.one_line().into());
            }
            Value::Object(object)
        })
        .collect();
    json!({ "schema": names::SCHEMA, "stores": stores })
}

/// An object with an entry's name.
pub(super) fn path(entry: &EntryPath) -> Value {
    let mut object = Map::new();
    names::put(&mut object, "path", entry.as_bytes());
    Value::Object(object)
}
