//! What a context's helper itself says it has: its `list` really run with that context's variables, in this shell with all of
//! them. It decrypts nothing. Only where that needs no other account than ours.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{Answer, Context, Kind, Matrix, Reason, docker_key};
use crate::model::misplaced::{self, MASK};
use crate::model::{Login, text};
use crate::system::System;
use crate::system::process::{self, Limits};

/// A helper that asks or waits must not hold us up.
const LIMITS: Limits = Limits { time: Duration::from_secs(3), stdout: 4 << 20 };

/// What came of running a context's helper.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Index into `Matrix::contexts`.
    pub context: usize,
    /// What it listed; or why it was not run, or did not list.
    pub listed: Result<Listed, String>,
}

/// What a helper listed.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// Users by server.
    pub logins: BTreeMap<String, Login>,
    /// How many servers' names may hold a secret. They are not among the logins: masked, one is as good as another.
    pub left_out: usize,
}

/// Runs the helper of each context, once for all to which that is the same, and lets what it says decide where files could
/// not.
pub fn run(system: &System, matrix: &mut Matrix) -> Vec<Ran> {
    let mut known = BTreeMap::new();
    let mut ran = Vec::new();
    for (index, context) in matrix.contexts.iter().enumerate() {
        let listed = runnable(system, context).and_then(|program| {
            let alike = (program, context.kind == Kind::Me, &context.variables);
            known.entry(alike).or_insert_with(|| list(system, program, context)).clone()
        });
        ran.push(Ran { context: index, listed });
    }
    for cell in matrix.cells.iter_mut().filter(|cell| cell.reason == Reason::ForeignProgram) {
        let Some(Ran { listed: Ok(listed), .. }) = ran.get(cell.context) else { continue };
        if cell.registry.contains(MASK) {
            cell.why = "its helper was run, and names that may hold a secret are not looked for in its list".to_owned();
            continue;
        }
        let login = listed.logins.get(&*docker_key(&cell.registry).to_text()).cloned();
        (cell.answer, cell.why) = match &login {
            Some(login) => (Answer::Found, format!("its helper was run and lists {}", login.quoted())),
            None => (Answer::NotFound, "its helper was run and does not list it".to_owned()),
        };
        cell.login = login;
    }
    ran
}

/// The program, or why it is not run.
fn runnable<'c>(system: &System, context: &'c Context) -> Result<&'c Path, String> {
    let program = context.program.as_deref().ok_or("it has no helper that could be run")?;
    if context.uid != Some(system.env.uid()) {
        let user = context.user.as_deref().map_or("another account".to_owned(), text::quoted);
        return Err(format!("it was not run: it is {user} that runs it"));
    }
    // What a helper keeps in the home of somebody else would be ours from then on.
    let owner = |home: &Path| home.metadata().ok().map(|meta| meta.uid());
    if context.home.as_deref().and_then(owner).is_some_and(|owner| owner != system.env.uid()) {
        return Err("it was not run: its home belongs to another account, and files there would become ours".to_owned());
    }
    Ok(program)
}

fn list(system: &System, program: &Path, context: &Context) -> Result<Listed, String> {
    let mut command = Command::new(program);
    command.env_clear().arg("list");
    match context.kind {
        // This shell's Docker gives its helper all that it has itself.
        Kind::Me => command.envs(system.env.vars()).current_dir(system.env.cwd()),
        _ => command.envs(&context.variables).current_dir("/"),
    };
    let finished = process::run(&mut command, b"", LIMITS).map_err(|error| error.to_string())?;
    if !finished.status.success() {
        return Err(format!("it was run and failed: {}", finished.complaint()));
    }
    // Names only: a list has no secret.
    let listed: BTreeMap<String, String> =
        serde_json::from_slice(finished.stdout.expose()).map_err(|_| "it was run and gave no list".to_owned())?;
    let (tellable, others): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|(server, _)| misplaced::server(server) == *server);
    let logins = tellable.into_iter().map(|(server, user)| (server, Login::new(user))).collect();
    Ok(Listed { logins, left_out: others.len() })
}
