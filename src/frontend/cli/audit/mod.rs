//! `regpass audit`: runs the checks and tells what they found, for people or for programs. Changes nothing; one file a
//! format.

mod human;
mod json;
mod prom;
mod sarif;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValuesParser;

use super::Session;
use super::interrupts::cancel_on_interrupt;
use super::progress::Line;
use crate::model::{Problem, text};
use crate::ops::audit::accepted::{self, Accepted, LeftOut};
use crate::ops::audit::{self, Checked, Choice, Scope, Severity, Verdict, ignore_file};
use crate::system::System;
use crate::system::files;

const EXAMPLES: &str = "\
Examples:
  regpass audit                              everything that files tell; decrypts nothing, asks nobody
  regpass audit --group inline --fail-on medium
  regpass audit --decrypt --group credentials
  regpass audit --only INL12 --format json   for programs (docs/json.md)
  regpass audit --format prom --output /var/lib/node_exporter/textfile/regpass.prom
  regpass audit --write-baseline known       then tell only what is new: regpass audit --baseline known

An ignore file says what is accepted, why and until when; what has expired is told again. The terminal UI writes
~/.config/regpass/audit-ignore.toml, which is always read; --ignore names more:
  [[ignore]]
  id = \"INL14\"
  fingerprint = \"...\"      # as --format json gives it; without it, all findings of the check
  reason = \"moved in May\"
  expires = \"2027-05-31\"
  by = \"ann\"

Exit codes: 0 nothing at or above --fail-on; 10 findings; 11 with --strict, when something could not be looked at. \
docs/checks.md explains each check.";

/// Say whether this machine leaks registry credentials
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct AuditArgs {
    /// Only checks of this group; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,

    /// Only this check; may be repeated
    #[arg(long = "only", value_name = "ID")]
    only: Vec<String>,

    /// How to tell it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,

    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// Exit with 10 from this severity on
    #[arg(long, value_name = "SEVERITY", default_value = "high",
          value_parser = PossibleValuesParser::new(Severity::ALL.map(Severity::id)))]
    fail_on: String,

    /// Exit with 11 when there is nothing to fail on and something could not be looked at
    #[arg(long)]
    strict: bool,

    /// Leave out what this file accepts
    #[arg(long, value_name = "FILE")]
    ignore: Vec<PathBuf>,

    /// Tell too what regpass's own ignore file accepts (~/.config/regpass/audit-ignore.toml)
    #[arg(long)]
    no_ignore: bool,

    /// Leave out findings whose fingerprints this file has
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write the fingerprints of everything found to this file
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,

    /// Look into projects below this folder too: pipelines, compose and .env files
    #[arg(long, value_name = "DIR")]
    roots: Vec<PathBuf>,

    /// Start helpers too that may ask a network or a person
    #[arg(long)]
    live: bool,

    /// Look at every account that has a configuration of Docker
    #[arg(long)]
    all_users: bool,

    /// Open the store's logins too, for what only their secrets tell; asks for a passphrase once, tells kinds only
    #[arg(long)]
    decrypt: bool,

    /// Write the answer to this file, in one step
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// List the checks
    #[arg(long)]
    list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Prometheus text
    Prom,
}

/// What is told.
struct Told<'a> {
    checked: &'a [Checked],
    left_out: LeftOut,
    /// Seconds since 1970.
    when: u64,
}

pub(super) fn run(session: &Session, args: &AuditArgs) -> Result<u8, Problem> {
    let json = args.json || args.format == Format::Json;
    if args.list {
        let text = if json { json::list() } else { human::list(&session.console) };
        return session.console.data(&text).map(|()| 0);
    }
    let choice = Choice { groups: args.groups.clone(), ids: args.only.clone() };
    let mut accepted = if args.no_ignore { Accepted::default() } else { ignore_file::read(&session.env)? };
    for file in &args.ignore {
        accepted = accepted.ignoring(file)?;
    }
    if let Some(file) = &args.baseline {
        accepted = accepted.known(file)?;
    }
    let roots = args.roots.iter().map(|root| session.env.absolute(root)).collect::<Vec<_>>();
    if let Some(missing) = roots.iter().find(|root| !root.is_dir()) {
        return Err(Problem::not_found(format!("there is no folder {}", text::quoted_path(missing))));
    }
    let system = session.system()?;
    let mut evidence =
        audit::gather(&system, &Scope { roots, live: args.live, all_users: args.all_users, ..Scope::default() });
    if args.decrypt {
        let cancel = cancel_on_interrupt()?;
        let line = Line::new(&session.console, "opening");
        audit::opened::open(&system, &mut evidence, &line, &cancel)?;
    }
    let mut checked = audit::run(&evidence, &choice)?;
    if let Some(file) = &args.write_baseline {
        write(session, file, &accepted::baseline(&checked), 0o600)?;
    }
    let now = session.env.now();
    let left_out = accepted.leave_out(&mut checked, now);
    let when = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let told = Told { checked: &checked, left_out, when };
    let text = match args.format {
        _ if json => json::report(&told),
        Format::Sarif => sarif::report(&told),
        Format::Prom => prom::report(&told),
        Format::Human | Format::Json => human::report(&session.console, &told),
    };
    match &args.output {
        // A monitor of another user reads it; there is no secret and no registry in it.
        Some(file) => write(session, file, &text, if args.format == Format::Prom { 0o644 } else { 0o600 })?,
        None => session.console.data(&text)?,
    }
    if args.format == Format::Human && !json && checked.iter().any(|one| !one.answer.findings.is_empty()) {
        session.console.advice("what can be done about it: regpass fix");
    }
    Ok(exit_code(&checked, Severity::named(&args.fail_on).unwrap_or(Severity::High), args.strict))
}

/// All checks that need no leave, for the support bundle.
pub(super) fn all_as_json(system: &System) -> serde_json::Value {
    let evidence = audit::gather(system, &Scope::default());
    match audit::run(&evidence, &Choice::default()) {
        Ok(checked) => json::as_json(&Told { checked: &checked, left_out: LeftOut::default(), when: 0 }),
        Err(problem) => serde_json::json!({ "why": problem.one_line() }),
    }
}

/// What was found at the asked severity.
const FOUND: u8 = 10;
/// Nothing was found, and something could not be looked at.
const INCOMPLETE: u8 = 11;

fn exit_code(checked: &[Checked], fail_on: Severity, strict: bool) -> u8 {
    if checked.iter().flat_map(|one| &one.answer.findings).any(|finding| finding.severity >= fail_on) {
        FOUND
    } else if strict && checked.iter().any(|one| !one.answer.missed.is_empty()) {
        INCOMPLETE
    } else {
        0
    }
}

fn write(session: &Session, file: &Path, content: &str, mode: u32) -> Result<(), Problem> {
    let path = session.env.absolute(file);
    // It is put in the place of what is there: a device, a pipe or a link must not go for it.
    if path.symlink_metadata().is_ok_and(|meta| !meta.is_file()) {
        return Err(Problem::failed(format!("{} is no ordinary file, and is not replaced", text::quoted_path(&path)))
            .hint("name another file, or leave the option out and redirect the output"));
    }
    files::replace(&path, content.as_bytes(), mode).map_err(|error| Problem::failed(error.to_string()))
}

/// How many checks answered so.
fn count(checked: &[Checked], verdict: Verdict) -> usize {
    checked.iter().filter(|one| one.answer.verdict() == verdict).count()
}

/// How many findings are that bad.
fn count_findings(checked: &[Checked], severity: Severity) -> usize {
    checked.iter().flat_map(|one| &one.answer.findings).filter(|finding| finding.severity == severity).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::audit::{Answer, Evidence, Finding};

    fn checked(severity: Option<Severity>, missed: bool) -> Vec<Checked> {
        let mut all = audit::run(&Evidence::default(), &Choice::default()).expect("all");
        all.iter_mut().for_each(|one| one.answer = Answer::default());
        all[0].answer.findings.extend(severity.map(|severity| Finding::new("INL01", severity, "x", "y")));
        all[1].answer.missed.extend(missed.then(|| "/x".to_owned()));
        all
    }

    #[test]
    fn the_exit_code_follows_the_asked_severity() {
        let high = Severity::High;
        assert_eq!(exit_code(&checked(Some(high), true), high, true), 10);
        assert_eq!(exit_code(&checked(Some(Severity::Medium), true), high, true), 11);
        assert_eq!(exit_code(&checked(Some(Severity::Medium), true), high, false), 0);
        assert_eq!(exit_code(&checked(Some(Severity::Medium), false), Severity::Low, false), 10);
        assert_eq!(exit_code(&checked(None, false), Severity::Info, true), 0);
    }
}
