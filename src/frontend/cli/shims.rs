//! `regpass shims`: the links under which Docker finds regpass. Says who would be found first, in three search paths.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::{Problem, text};
use crate::ops::shims::{self, Change, Searcher, Shim, Status, View};
use crate::system::links::Found;

const EXAMPLES: &str = "\
Examples:
  regpass shims install                       into ~/.local/bin, as root into /usr/local/bin
  regpass shims install --dir ~/bin           into this one
  regpass shims status                        is regpass what Docker would start?
  regpass shims remove                        take the links away again

Then let Docker use it, in ~/.docker/config.json:  \"credsStore\": \"pass\"";

/// Make, check or remove the links that Docker starts regpass by
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ShimsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make the links docker-credential-pass and docker-credential-regpass
    Install {
        /// Where [default: ~/.local/bin, as root /usr/local/bin]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Replace a file that is not regpass, such as the official helper, or a link to another regpass
        #[arg(long, short)]
        force: bool,
        /// One JSON object with what was done and what is there
        #[arg(long)]
        json: bool,
    },
    /// Say what is there, and what Docker would find first
    Status {
        /// Where [default: as for install]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// One JSON object with what is there
        #[arg(long)]
        json: bool,
    },
    /// Remove the links; files that are not regpass stay
    Remove {
        /// Where [default: as for install]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// One JSON object with what was done
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(session: &Session, args: &ShimsArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let console = &session.console;
    let absolute = |dir: &Option<PathBuf>| dir.as_ref().map(|dir| session.env.absolute(dir));
    match &args.action {
        Action::Install { dir, force, json } => {
            let dir = absolute(dir);
            if dir.is_none() {
                let (folder, why) = (shims::default_dir(&session.env)?, shims::why_default_dir(&session.env));
                console.status(&format!("linking in {}: {why}", text::quoted_path(&folder)));
            }
            let done = shims::install(&system, dir.as_deref(), *force)?;
            let found = shims::status(&system, dir.as_deref())?;
            if *json {
                return console.json(&as_json(Some(&done), Some(&found)));
            }
            changes(console, &done, "linked")?;
            views(console, &found)
        }
        Action::Status { dir, json } => {
            let dir = absolute(dir);
            let found = shims::status(&system, dir.as_deref())?;
            if *json { console.json(&as_json(None, Some(&found))) } else { status(console, &found, dir.as_deref()) }
        }
        Action::Remove { dir, json } => {
            let done = shims::remove(&system, absolute(dir).as_deref())?;
            if *json { console.json(&as_json(Some(&done), None)) } else { changes(console, &done, "removed") }
        }
    }
}

/// `schema` 1 of docs/json.md, `shims`.
fn as_json(changes: Option<&[Change]>, status: Option<&Status>) -> Value {
    let mut object = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    if let Some(changes) = changes {
        object.insert("changes".to_owned(), changes.iter().map(change_json).collect());
    }
    if let Some(status) = status {
        names::put(&mut object, "dir", status.dir.as_os_str().as_encoded_bytes());
        let links = status.shims.iter().map(|shim| Value::Object(shim_json(&shim.path, "found", &shim.found)));
        object.insert("links".to_owned(), links.collect());
        object.insert("views".to_owned(), status.views.iter().map(view_json).collect());
    }
    Value::Object(object)
}

fn change_json(change: &Change) -> Value {
    let mut object = shim_json(&change.path, "before", &change.before);
    object.insert("changed".to_owned(), change.changed.into());
    match &change.kept {
        Some(kept) => names::put(&mut object, "kept", kept.as_os_str().as_encoded_bytes()),
        None => drop(object.insert("kept".to_owned(), Value::Null)),
    }
    Value::Object(object)
}

fn view_json(view: &View) -> Value {
    let mut object = match &view.first {
        Ok(Some(shim)) => shim_json(&shim.path, "found", &shim.found),
        Ok(None) => Map::from_iter([("path".to_owned(), Value::Null), ("found".to_owned(), word(&Found::Nothing))]),
        Err(why) => Map::from_iter([("path".to_owned(), Value::Null), ("why".to_owned(), why.as_str().into())]),
    };
    let searcher = match view.searcher {
        Searcher::Here => "here",
        Searcher::LoginShell => "login-shell",
        Searcher::Sudo => "sudo",
    };
    object.insert("searcher".to_owned(), searcher.into());
    Value::Object(object)
}

fn shim_json(path: &Path, field: &str, found: &Found) -> Map<String, Value> {
    let mut object = Map::new();
    names::put(&mut object, "path", path.as_os_str().as_encoded_bytes());
    object.insert(field.to_owned(), word(found));
    if let Found::OtherRegpass(target) = found {
        names::put(&mut object, "target", target.as_os_str().as_encoded_bytes());
    }
    object
}

fn word(found: &Found) -> Value {
    let word = match found {
        Found::Ours => "regpass",
        Found::Nothing => "nothing",
        Found::OtherRegpass(_) => "other-regpass",
        Found::RegpassCopy => "copy",
        Found::OfficialHelper => "official",
        Found::Foreign => "foreign",
    };
    word.into()
}

fn changes(console: &Console, changes: &[Change], done: &str) -> Result<(), Problem> {
    let mut lines = String::new();
    for change in changes {
        let path = escaped(&change.path);
        match change.changed {
            true => match &change.before {
                Found::OtherRegpass(target) => {
                    lines.push_str(&format!("{done}: {path}, which led to {}\n", escaped(target)));
                }
                _ => lines.push_str(&format!("{done}: {path}\n")),
            },
            false => lines.push_str(&format!("unchanged: {path}  {}\n", found(console, &change.before))),
        }
        if let Some(kept) = &change.kept {
            lines.push_str(&format!("kept what was there: {}\n", escaped(kept)));
        }
    }
    console.data(&lines)
}

fn status(console: &Console, status: &Status, typed: Option<&Path>) -> Result<(), Problem> {
    let lines: String = status.shims.iter().map(|shim| described(console, shim) + "\n").collect();
    console.data(&lines)?;
    if status.shims.iter().all(|shim| shim.found == Found::Nothing) {
        let dir = typed.map(|dir| format!(" --dir {}", text::shell_word(dir))).unwrap_or_default();
        console.data(&format!("  {} regpass shims install{dir}\n", console.paint(Role::Hint, "to make them:")))?;
    }
    views(console, status)
}

/// Who would be started as docker-credential-pass, and what to do where it is not regpass.
fn views(console: &Console, status: &Status) -> Result<(), Problem> {
    let mut lines = String::new();
    // A folder without a link in front of the others would change nothing.
    let is_there = status.shims.iter().any(|shim| shim.found == Found::Ours);
    let first = format!("export PATH={}:$PATH", text::shell_word(&status.dir));
    let make = "run: regpass shims install; for links elsewhere: regpass shims status --dir DIR";
    for view in &status.views {
        let (whose, advice) = match view.searcher {
            Searcher::Here if is_there => ("your PATH", first.clone()),
            Searcher::Here => ("your PATH", make.to_owned()),
            Searcher::LoginShell if is_there => ("your login shell", format!("put into the shell's profile: {first}")),
            Searcher::LoginShell => ("your login shell", make.to_owned()),
            Searcher::Sudo => ("sudo", "run: sudo regpass shims install --dir /usr/local/bin".to_owned()),
        };
        let (found, ours) = match &view.first {
            Ok(Some(shim)) => (described(console, shim), shim.found == Found::Ours),
            Ok(None) => (console.paint(Role::Warning, "finds no docker-credential-pass"), false),
            Err(why) => (console.paint(Role::Muted, &format!("not known: {}", text::escaped(why.as_bytes()))), true),
        };
        lines.push_str(&format!("{whose}: {found}\n"));
        if !ours {
            lines.push_str(&format!("  {} {advice}\n", console.paint(Role::Hint, "hint:")));
        }
    }
    console.data(&lines)
}

fn described(console: &Console, shim: &Shim) -> String {
    format!("{}  {}", escaped(&shim.path), found(console, &shim.found))
}

fn found(console: &Console, found: &Found) -> String {
    match found {
        Found::Ours => console.paint(Role::Good, "regpass"),
        Found::Nothing => console.paint(Role::Muted, "not there"),
        Found::OtherRegpass(target) => console.paint(Role::Warning, &format!("another regpass, {}", escaped(target))),
        Found::RegpassCopy => console.paint(Role::Warning, "a copy of regpass, which updates do not reach"),
        Found::OfficialHelper => console.paint(Role::Warning, "the official helper"),
        Found::Foreign => console.paint(Role::Warning, "not regpass"),
    }
}

fn escaped(path: &Path) -> Cow<'_, str> {
    text::escaped(path.as_os_str().as_encoded_bytes())
}
