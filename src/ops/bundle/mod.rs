//! What support needs to see of a machine, without a secret: facts of the surroundings by allow-list, and a last pass over
//! everything that goes into the archive. Writes one new file when told to.

mod clean;
mod facts;

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use clean::clean;
pub use facts::{docker_config, environment, versions};

use super::{read_only, registries};
use crate::model::{Problem, text};
use crate::system::System;
use crate::system::archive;
use crate::system::docker::config;
use crate::system::files;

/// The folder that all of it lies in.
const FOLDER: &str = "regpass-support";

/// One file of the archive.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: &'static str,
    /// What it is, for the person who is asked.
    pub what: &'static str,
    pub value: Value,
}

/// The members, cleaned together: who is named in one is named in the sentences of another.
pub fn cleaned(system: &System, mut members: Vec<Member>) -> Vec<Member> {
    clean(members.iter_mut().map(|member| &mut member.value), users(system));
    members
}

/// The users of the logins that are here.
fn users(system: &System) -> BTreeSet<String> {
    let listed = registries::list(system).map(|found| found.logins).unwrap_or_default();
    let stored = listed.into_iter().map(|login| login.login);
    let docker = config::read(&system.options.docker_config).map(|docker| docker.inline).unwrap_or_default();
    let all = stored.chain(docker.into_iter().filter_map(|inline| inline.login));
    all.map(|login| login.as_str().to_owned()).filter(|user| !user.is_empty()).collect()
}

/// The name that a file gets which nobody named.
pub fn usual_name(system: &System) -> String {
    let now: String = crate::model::utc::rfc3339(system.env.now()).chars().take("2026-11-22T00:00:00".len()).collect();
    format!("{FOLDER}-{}Z.tar", now.replace(['-', ':'], ""))
}

/// Writes the archive, for its owner alone, where nothing is yet.
pub fn write(system: &System, file: &Path, members: &[(String, Vec<u8>)]) -> Result<(), Problem> {
    read_only::check(system, file)?;
    let named: Vec<_> = members.iter().map(|(name, bytes)| (format!("{FOLDER}/{name}"), bytes.as_slice())).collect();
    let bytes = archive::tar(&named, system.env.now())
        .map_err(|error| Problem::failed("the archive cannot be made").because(error))?;
    files::create(file, &bytes, 0o600).map_err(|error| {
        let problem = Problem::failed(error.to_string());
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => problem.hint(format!(
                "name another file: regpass support-bundle {}",
                text::shell_word(&files::spare_name(file, "new"))
            )),
            _ => error.hint().into_iter().fold(problem, Problem::hint),
        }
    })
}
