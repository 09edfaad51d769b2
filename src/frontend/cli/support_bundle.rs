//! `regpass support-bundle`: what support needs to see of this machine, in one archive without a secret; shown before it is
//! written.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::prompt::Terminal;
use super::{Session, audit, contexts, doctor, journal, names};
use crate::frontend::console::json_text;
use crate::model::{Problem, text};
use crate::ops::bundle::{self, Member};
use crate::ops::doctor as diagnosis;
use crate::system::System;

const EXAMPLES: &str = "\
Examples:
  regpass support-bundle                     show what will be in it, ask, write it here
  regpass support-bundle --print | less      all of it as text; nothing is written
  regpass support-bundle --yes /tmp/b.tar    without asking

In it: versions, doctor, audit, contexts, the helper's last calls, the outline of Docker's config.json, variables by allow-list. \
Not in it: secrets, the users' names of logins, what the store holds, values of config.json. It is for you alone to read \
(mode 0600), and never written over a file. Read it before you send it: names of registries, hosts, folders and of the keys' \
owners are in it.";

/// How many of the helper's last calls go into it.
const CALLS: usize = 200;

/// Write what support needs to see into one file, without secrets
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct SupportBundleArgs {
    /// The file to write; it must not be there yet [default: regpass-support-TIME.tar in this folder]
    #[arg(value_name = "FILE", conflicts_with = "print")]
    file: Option<PathBuf>,

    /// Print all that would be in it, and write nothing
    #[arg(long, conflicts_with = "yes")]
    print: bool,

    /// Write it without asking
    #[arg(long)]
    yes: bool,

    /// One JSON object: what was written, or with --print all of it
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &SupportBundleArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let members = gather(&system);
    if args.print {
        return print(session, &members, args.json);
    }
    let file = args.file.clone().unwrap_or_else(|| PathBuf::from(bundle::usual_name(&system)));
    let file = session.env.absolute(&file);
    let texts: Vec<(String, Vec<u8>)> =
        members.iter().map(|member| (member.name.to_owned(), json_text(&member.value).into_bytes())).collect();
    if !args.yes {
        ask(&members, &texts, &file)?;
    }
    bundle::write(&system, &file, &texts)?;
    if args.json {
        return session.console.json(&written(&file, &texts));
    }
    session.console.status(&format!("written: {}; read it before you send it", text::quoted_path(&file)));
    Ok(())
}

fn gather(system: &System) -> Vec<Member> {
    let member = |name, what, value| Member { name, what, value };
    let members = vec![
        member("versions.json", "of regpass, the system, docker, gpg, git", bundle::versions(system)),
        member("doctor.json", "what docker needs to find its logins", doctor::as_json(&diagnosis::look(system))),
        member("audit.json", "findings, without secrets", audit::all_as_json(system)),
        member("contexts.json", "what docker would be answered as root and in services", contexts::all_as_json(system)),
        member("journal.json", "the helper's last calls, without users' names", calls(system)),
        member("docker-config.json", "config.json: names and lengths, no values", bundle::docker_config(system)),
        member("environment.json", "variables by allow-list", bundle::environment(&system.env)),
    ];
    bundle::cleaned(system, members)
}

fn calls(system: &System) -> Value {
    match crate::ops::journal::read(system, CALLS) {
        Ok(found) => journal::as_json(&found),
        Err(problem) => json!({ "schema": names::SCHEMA, "why": problem.one_line() }),
    }
}

fn print(session: &Session, members: &[Member], as_json: bool) -> Result<(), Problem> {
    if as_json {
        let all =
            members.iter().map(|member| json!({ "name": member.name, "what": member.what, "content": member.value }));
        return session.console.json(&json!({ "schema": names::SCHEMA, "members": all.collect::<Vec<_>>() }));
    }
    let all = members.iter().map(|member| format!("== {}: {}\n{}", member.name, member.what, json_text(&member.value)));
    session.console.data(&all.collect::<Vec<_>>().join("\n"))
}

/// Asks on the terminal, with all that will be in it.
fn ask(members: &[Member], texts: &[(String, Vec<u8>)], file: &std::path::Path) -> Result<(), Problem> {
    let Some(mut terminal) = Terminal::open() else {
        return Err(Problem::usage("there is no terminal to ask on whether this may be written")
            .hint("to see all of it: regpass support-bundle --print")
            .hint("to write it without being asked, add: --yes"));
    };
    let lines = members
        .iter()
        .zip(texts)
        .map(|(member, (_, bytes))| format!("  {:<20} {:>7} bytes  {}\n", member.name, bytes.len(), member.what));
    let question = format!(
        "{}to read all of it first: regpass support-bundle --print\nWrite this to {}?",
        lines.collect::<String>(),
        text::quoted_path(file)
    );
    match terminal.confirm(&question)? {
        true => Ok(()),
        false => Err(Problem::cancelled("nothing was written")),
    }
}

/// `schema` 1 of docs/json.md, `support-bundle`.
fn written(file: &std::path::Path, texts: &[(String, Vec<u8>)]) -> Value {
    let mut object = serde_json::Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
    names::put(&mut object, "file", file.as_os_str().as_encoded_bytes());
    let members: Vec<Value> = texts.iter().map(|(name, bytes)| json!({ "name": name, "bytes": bytes.len() })).collect();
    object.insert("members".to_owned(), members.into());
    Value::Object(object)
}
