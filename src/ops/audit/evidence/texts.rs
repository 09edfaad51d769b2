//! Texts that may hold a secret of a registry, and what was recognised in their lines.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use crate::model::Secret;
use crate::ops::audit::literals::{self, Kind, Literal};
use crate::ops::audit::places::{TextRole, Texts};
use crate::ops::progress::Cancel;
use crate::system::files;

/// The longest text that is read, in bytes: histories grow for years.
const TEXT_MAX: u64 = 16 << 20;

/// The longest line that is put together from several, in bytes.
const LINE_MAX: usize = 64 << 10;

/// A text with what was recognised in it.
#[derive(Debug)]
pub struct TextSeen {
    pub role: TextRole,
    pub path: PathBuf,
    /// Others than its owner can read it.
    pub exposed: bool,
    /// Lines count from 1.
    pub literals: Result<Vec<(usize, Literal)>, String>,
}

/// Each of them, until it is called off; what could not be listed is not clean.
pub(super) fn look_at(texts: Texts, cancel: &Cancel) -> Vec<TextSeen> {
    let missed =
        texts.missed.into_iter().map(|(role, path, why)| TextSeen { role, path, exposed: false, literals: Err(why) });
    let files = texts.files.into_iter().take_while(|_| !cancel.is_called_off());
    files.map(|(role, path)| look(role, path)).chain(missed).collect()
}

fn look(role: TextRole, path: PathBuf) -> TextSeen {
    let exposed = path.metadata().is_ok_and(|meta| files::is_exposed(&path, meta.mode()));
    let literals = match files::read_bounded(&path, TEXT_MAX) {
        Ok(bytes) => Ok(recognised(role, &Secret::new(bytes))),
        Err(error) => Err(error.to_string()),
    };
    TextSeen { role, path, exposed, literals }
}

fn recognised(role: TextRole, bytes: &Secret) -> Vec<(usize, Literal)> {
    let mut found = Vec::new();
    // A line that ends with a backslash goes on in the next one.
    let mut begun = Secret::new(Vec::new());
    let mut first = 1;
    let mut document = None;
    for (index, line) in bytes.expose().split(|byte| *byte == b'\n').enumerate() {
        if let Some(open) = document.take() {
            match literals::HereDocument::next(open, line) {
                Ok(literal) => found.extend(literal.map(|literal| (index + 1, literal))),
                Err(open) => document = Some(open),
            }
            continue;
        }
        if begun.is_empty() {
            first = index + 1;
        }
        if let Some(part) = line.strip_suffix(b"\\").filter(|_| begun.len() < LINE_MAX) {
            begun.push(part);
            begun.push(b" ");
            continue;
        }
        let whole = if begun.is_empty() { None } else { Some(std::mem::replace(&mut begun, Secret::new(Vec::new()))) };
        let whole = whole.map(|mut whole| {
            whole.push(line);
            whole
        });
        let line = whole.as_ref().map_or(line, Secret::expose);
        let literal = in_line(role, line);
        document = if literal.is_none() && has_commands(role) { literals::here_document(line) } else { None };
        found.extend(literal.map(|literal| (first, literal)));
    }
    found
}

/// True for texts that a shell runs.
fn has_commands(role: TextRole) -> bool {
    use TextRole::{BootScript, Cron, History, Pipeline, Unit};
    matches!(role, History | Unit | Cron | BootScript | Pipeline)
}

/// What this kind of text can hold.
fn in_line(role: TextRole, line: &[u8]) -> Option<Literal> {
    match role {
        TextRole::History => {
            literals::in_command(line).or_else(|| literals::in_assignment(line).filter(is_auth_config))
        }
        TextRole::Startup | TextRole::Variables | TextRole::Project => literals::in_assignment(line),
        TextRole::Unit | TextRole::Cron | TextRole::BootScript | TextRole::Pipeline => {
            literals::in_command(line).or_else(|| literals::in_assignment(line))
        }
        TextRole::Runner => literals::in_runner(line),
        TextRole::ChartRepositories => literals::in_repositories(line),
    }
}

fn is_auth_config(literal: &Literal) -> bool {
    literal.kind == Kind::AuthConfig
}
