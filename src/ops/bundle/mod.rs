//! What support needs to see of a machine, without a secret: facts of the surroundings by allow-list, and a last pass over
//! everything that goes into the archive. Writes one new file when told to.

mod clean;
mod facts;

use std::path::Path;

use serde_json::Value;

pub use clean::clean;
pub use facts::{docker_config, environment, versions};

use super::read_only;
use crate::model::{Problem, text};
use crate::system::System;
use crate::system::archive;
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

impl Member {
    /// Cleaned.
    pub fn new(name: &'static str, what: &'static str, mut value: Value) -> Member {
        clean(&mut value);
        Member { name, what, value }
    }
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
