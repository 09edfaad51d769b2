//! `regpass doctor`: one screen of words on whether Docker finds its logins here, and what to do where it does not.

use serde_json::{Value, json};

use super::{Session, names};
use crate::frontend::console::{Console, Role};
use crate::model::Problem;
use crate::ops::doctor::{self, Diagnosis, State};

const EXAMPLES: &str = "\
Examples:
  regpass doctor                     what a docker pull needs, in its order
  regpass doctor --json              for programs (docs/json.md)

Decrypts nothing, starts nothing, asks nobody for a passphrase.
Exit codes: 0 docker finds its logins; 10 it does not; 11 nobody can say.";

/// Something is broken.
const BROKEN: u8 = 10;
/// Something could not be looked at.
const UNKNOWN: u8 = 11;

/// Say whether docker finds its logins here, and what to do next
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DoctorArgs {
    /// One JSON object with all of it
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &DoctorArgs) -> Result<u8, Problem> {
    let found = doctor::look(&session.system()?);
    if args.json {
        session.console.json(&as_json(&found))?;
    } else {
        session.console.data(&as_text(&session.console, &found))?;
    }
    Ok(match found.state() {
        State::Works | State::Note => 0,
        State::Broken => BROKEN,
        State::Unknown => UNKNOWN,
    })
}

fn as_text(console: &Console, found: &Diagnosis) -> String {
    let mut text = String::new();
    for line in &found.lines {
        let (mark, role) = match line.state {
            State::Works => ("ok", Role::Good),
            State::Note => ("note", Role::Warning),
            State::Broken => ("NO", Role::Error),
            State::Unknown => ("?", Role::Warning),
        };
        let mark = console.paint(role, &format!("{mark:<5}"));
        text.push_str(&format!("{mark}{} {}\n", console.paint(Role::Muted, &format!("{:<10}", line.about)), line.said));
        if let Some(next) = line.next.as_ref().filter(|_| line.state != State::Works) {
            text.push_str(&format!("{:16}{}\n", "", console.paint(Role::Hint, next)));
        }
    }
    let role = match found.state() {
        State::Works | State::Note => Role::Good,
        State::Broken | State::Unknown => Role::Error,
    };
    text.push_str(&format!("\n{}\n", console.paint(role, &found.verdict())));
    text
}

/// `schema` 1 of docs/json.md, `doctor`.
pub(super) fn as_json(found: &Diagnosis) -> Value {
    let lines: Vec<Value> = found
        .lines
        .iter()
        .map(|line| json!({ "about": line.about, "state": word(line.state), "said": line.said, "next": line.next }))
        .collect();
    json!({ "schema": names::SCHEMA, "state": word(found.state()), "verdict": found.verdict(), "lines": lines })
}

fn word(state: State) -> &'static str {
    match state {
        State::Works => "works",
        State::Note => "note",
        State::Broken => "broken",
        State::Unknown => "unknown",
    }
}
