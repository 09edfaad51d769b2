//! `regpass shims`: the links under which Docker finds regpass. Says who would be found first, in three search paths.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::Session;
use crate::frontend::console::{Console, Role};
use crate::model::{Problem, text};
use crate::ops::shims::{self, Change, Searcher, Shim, Status};
use crate::system::links::Found;

const EXAMPLES: &str = "\
Examples:
  regpass shims install                       into the first of your program folders that can be written to
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
        /// Where [default: the first of your program folders that can be written to]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
        /// Replace a file that is not regpass, such as the official helper
        #[arg(long, short)]
        force: bool,
    },
    /// Say what is there, and what Docker would find first
    Status {
        /// Where [default: as for install]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Remove the links; files that are not regpass stay
    Remove {
        /// Where [default: as for install]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

pub(super) fn run(session: &Session, args: &ShimsArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let console = &session.console;
    match &args.action {
        Action::Install { dir, force } => {
            let dir = dir.as_ref().map(|dir| session.env.absolute(dir));
            changes(console, &shims::install(&system, dir.as_deref(), *force)?, "linked")?;
            let status = shims::status(&system, dir.as_deref())?;
            views(console, &status)
        }
        Action::Status { dir } => {
            let dir = dir.as_ref().map(|dir| session.env.absolute(dir));
            status(console, &shims::status(&system, dir.as_deref())?, dir.as_deref())
        }
        Action::Remove { dir } => {
            let dir = dir.as_ref().map(|dir| session.env.absolute(dir));
            changes(console, &shims::remove(&system, dir.as_deref())?, "removed")
        }
    }
}

fn changes(console: &Console, changes: &[Change], done: &str) -> Result<(), Problem> {
    let mut lines = String::new();
    for change in changes {
        let path = escaped(&change.path);
        match change.changed {
            true => lines.push_str(&format!("{done}: {path}\n")),
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
    let first = format!("export PATH={}:$PATH", text::shell_word(&status.dir));
    for view in &status.views {
        let (whose, advice) = match view.searcher {
            Searcher::Here => ("your PATH", first.clone()),
            Searcher::LoginShell => ("your login shell", format!("put into the shell's profile: {first}")),
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
