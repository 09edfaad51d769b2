//! `regpass git`: where the stores stand, their last commits, pull and push. What else git can do, git does.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::args::folder;
use super::sync::{label, transfer};
use super::{Session, history, names};
use crate::frontend::console::{Console, Role};
use crate::model::{EntryPath, Problem, text};
use crate::ops::sync::{self, StoreStatus, Task};
use crate::system::git::Status;

const EXAMPLES: &str = "\
Examples:
  regpass git status                     each store: branch, ahead, behind, what is not committed
  regpass git log --limit 5              the last commits
  regpass git pull                       fetch and take over; by merge unless git is set up to rebase
  regpass git push                       send what was committed
  regpass sync                           both";

/// Look after the stores' git repositories
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct GitArgs {
    #[command(subcommand)]
    task: GitTask,
}

#[derive(Debug, Subcommand)]
enum GitTask {
    /// Where the stores stand, by what was last fetched
    Status {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// The last commits of a store
    Log {
        /// A mounted store, or a folder in it [default: the root store]
        #[arg(value_parser = folder())]
        folder: Option<EntryPath>,

        /// At most this many, the newest
        #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
        limit: usize,

        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Take over what others pushed
    Pull {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Send what was committed
    Push {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(session: &Session, args: &GitArgs) -> Result<(), Problem> {
    match &args.task {
        GitTask::Status { json } => status(session, *json),
        GitTask::Log { folder, limit, json } => log(session, &folder.clone().unwrap_or_default(), *limit, *json),
        GitTask::Pull { json } => transfer(session, Task::Pull, *json),
        GitTask::Push { json } => transfer(session, Task::Push, *json),
    }
}

fn status(session: &Session, as_json: bool) -> Result<(), Problem> {
    let stores = sync::status(&session.system()?)?;
    let console = &session.console;
    if as_json {
        let stores: Vec<Value> = stores.iter().map(store_json).collect();
        return console.json(&json!({ "schema": names::SCHEMA, "stores": stores }));
    }
    for store in &stores {
        let name = console.paint(Role::Heading, &label(&store.mount, &store.root));
        match &store.status {
            Ok(Some(status)) => console.data(&format!("{name}: {}\n", words(status)))?,
            Ok(None) => console.data(&format!("{name}: not in git\n"))?,
            Err(problem) => console.warning(problem),
        }
        hint(console, store);
    }
    Ok(())
}

fn words(status: &Status) -> String {
    let branch = status.branch.as_ref().map_or("no branch".into(), |branch| text::escaped(branch.as_bytes()));
    let mut words = vec![branch.into_owned()];
    words.push(match (&status.upstream, status.ahead_behind) {
        (None, _) => "no remote to go with".to_owned(),
        (Some(upstream), None) => format!("not yet on {}", text::escaped(upstream.remote.as_bytes())),
        (Some(upstream), Some((ahead, behind))) => {
            let name = upstream.tracking.strip_prefix("refs/remotes/").unwrap_or(&upstream.tracking);
            let name = text::escaped(name.as_bytes());
            match (ahead, behind) {
                (0, 0) => format!("as {name}"),
                (ahead, 0) => format!("{ahead} ahead of {name}"),
                (0, behind) => format!("{behind} behind {name}"),
                (ahead, behind) => format!("{ahead} ahead of and {behind} behind {name}"),
            }
        }
    });
    if !status.uncommitted.is_empty() {
        words.push(format!("{} changed files not committed", status.uncommitted.len()));
    }
    if let Some(operation) = status.operation {
        words.push(format!("a {} is not finished", operation.command()));
    }
    if status.unmerged > 0 {
        words.push(format!("{} in conflict", status.unmerged));
    }
    words.join(", ")
}

fn hint(console: &Console, store: &StoreStatus) {
    let Ok(Some(status)) = &store.status else { return };
    if status.unmerged > 0 {
        console.advice("see the conflicts: regpass conflicts");
    } else if status.operation.is_some() {
        console.advice("everything is settled; to finish: regpass resolve");
    }
}

fn store_json(store: &StoreStatus) -> Value {
    let mut object = Map::new();
    names::put(&mut object, "mount", store.mount.as_bytes());
    names::put(&mut object, "store", store.root.as_os_str().as_encoded_bytes());
    match &store.status {
        Ok(status) => {
            object.insert("git".to_owned(), status.is_some().into());
            let Some(status) = status else { return object.into() };
            object.insert("branch".to_owned(), status.branch.as_deref().into());
            object.insert("commit".to_owned(), status.head.as_ref().map(|head| head.as_str()).into());
            object
                .insert("remote".to_owned(), status.upstream.as_ref().map(|upstream| upstream.remote.as_str()).into());
            object.insert("ahead".to_owned(), status.ahead_behind.map(|(ahead, _)| ahead).into());
            object.insert("behind".to_owned(), status.ahead_behind.map(|(_, behind)| behind).into());
            object.insert("uncommitted".to_owned(), status.uncommitted.len().into());
            object.insert("unmerged".to_owned(), status.unmerged.into());
            object.insert("operation".to_owned(), status.operation.map(|operation| operation.command()).into());
        }
        Err(problem) => drop(object.insert("error".to_owned(), problem.one_line().into())),
    }
    object.into()
}

fn log(session: &Session, folder: &EntryPath, limit: usize, as_json: bool) -> Result<(), Problem> {
    let commits = sync::log(&session.system()?, folder, limit)?;
    if as_json {
        let commits: Vec<Value> = commits.iter().map(|commit| history::commit(commit).into()).collect();
        return session.console.json(&json!({ "schema": names::SCHEMA, "commits": commits }));
    }
    let lines = commits.iter().map(|commit| history::commit_line(&session.console, commit) + "\n");
    session.console.data(&lines.collect::<String>())
}
