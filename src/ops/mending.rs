//! What can be put in place because nothing that is there is replaced: the helper's links, a configuration for Docker where
//! there is none, and the helper's name in one that names none, which can be taken out again.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{read_only, shims};
use crate::model::{Problem, text};
use crate::system::System;
use crate::system::docker::creds_store;
use crate::system::files::{self, FileError};
use crate::system::links::Found;

/// The word in `credsStore` that leads to regpass, and to the official helper where that is found first.
pub const USUAL: &str = "pass";

/// One thing that is missing, and would be made there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// The helper's links, in this folder.
    Links(PathBuf),
    /// Docker's `config.json`.
    DockerConfig(PathBuf),
    /// The helper's name in a `config.json` that is there and names none.
    CredsStore(PathBuf),
    /// That taken out again.
    NoCredsStore(PathBuf),
}

/// What Docker's configuration holds then: it asks regpass.
pub fn docker_config() -> String {
    format!("{{\n\t\"credsStore\": \"{USUAL}\"\n}}\n")
}

/// Makes it, and says what was made, escaped. Refuses where something is there meanwhile.
pub fn mend(system: &System, mend: &Mend) -> Result<String, Problem> {
    match mend {
        Mend::Links(folder) => link(system, folder),
        Mend::DockerConfig(file) => {
            read_only::check(system, file)?;
            make_config(file)?;
            Ok(format!("{} asks {}{USUAL}", shown(file), shims::PREFIX))
        }
        Mend::CredsStore(file) => {
            read_only::check(system, file)?;
            creds_store::put(file, USUAL)?;
            Ok(format!("{} asks {}{USUAL}", shown(file), shims::PREFIX))
        }
        Mend::NoCredsStore(file) => {
            read_only::check(system, file)?;
            creds_store::take_out(file, USUAL)?;
            Ok(format!("{} names no helper any more", shown(file)))
        }
    }
}

fn link(system: &System, folder: &Path) -> Result<String, Problem> {
    let made = shims::install(system, Some(folder), false)?;
    let names: Vec<_> =
        made.iter().filter_map(|change| change.path.file_name()).map(|name| shown(name.as_ref())).collect();
    let told = format!("linked in {}: {}", shown(folder), names.join(", "));
    match shims::found_first(system, USUAL)? {
        Some(shim) if shim.found == Found::Ours => Ok(told),
        _ => Ok(format!(
            "{told}; put it first: export PATH={}:$PATH",
            text::escaped(text::shell_word(folder).as_bytes())
        )),
    }
}

fn make_config(file: &Path) -> Result<(), Problem> {
    let fault = |error: FileError| Problem::failed(format!("cannot make {}", text::quoted_path(file))).because(error);
    let folder = file.parent().unwrap_or(file);
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| fault(FileError::io("cannot make", folder, source)))?;
    files::create(file, docker_config().as_bytes(), 0o600).map_err(fault)
}

fn shown(path: &Path) -> String {
    text::escaped(path.as_os_str().as_encoded_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::Bench;
    use crate::system::docker::config;

    #[test]
    fn docker_s_configuration_is_made_once_and_leads_to_regpass() {
        let bench = Bench::new();
        let folder = bench.home().join("deep/.docker");
        let file = folder.join(config::FILE);
        let told = mend(&bench.system, &Mend::DockerConfig(file.clone())).expect("made");
        assert!(told.contains("docker-credential-pass"), "{told}");
        assert_eq!(config::read(&folder).expect("read").helper.as_deref(), Some(USUAL));
        std::fs::write(&file, "{}").expect("changed");
        mend(&bench.system, &Mend::DockerConfig(file.clone())).expect_err("it is there");
        assert_eq!(std::fs::read_to_string(file).expect("read"), "{}");
    }

    #[test]
    fn one_that_is_there_gets_a_line_which_can_be_taken_out() {
        let bench = Bench::new();
        let file = bench.home().join(config::FILE);
        std::fs::write(&file, "{\n\t\"odd\": 1\n}").expect("written");
        let system = |read_only| {
            let mut options = bench.system.options.clone();
            options.read_only = read_only;
            System::new(bench.system.env.clone(), options)
        };
        let by = Some("--read-only");
        mend(&system(by), &Mend::CredsStore(file.clone())).expect_err("read-only");
        mend(&system(None), &Mend::CredsStore(file.clone())).expect("put");
        assert_eq!(config::read(bench.home()).expect("read").helper.as_deref(), Some(USUAL));
        mend(&system(None), &Mend::CredsStore(file.clone())).expect_err("it is there");
        mend(&system(by), &Mend::NoCredsStore(file.clone())).expect_err("read-only");
        mend(&system(None), &Mend::NoCredsStore(file.clone())).expect("taken out");
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "{\n\t\"odd\": 1\n}");
        mend(&system(None), &Mend::NoCredsStore(file.clone())).expect_err("it is not there");
    }

    #[test]
    fn links_are_made_where_nothing_is_and_path_is_told() {
        let bench = Bench::new();
        let folder = bench.home().join("bin");
        let told = mend(&bench.system, &Mend::Links(folder.clone())).expect("linked");
        assert!(told.contains("docker-credential-pass") && told.contains("export PATH="), "{told}");
        assert!(folder.join("docker-credential-pass").is_symlink());
        let foreign = bench.home().join("other");
        std::fs::create_dir(&foreign).expect("a folder");
        std::fs::write(foreign.join("docker-credential-pass"), "not ours").expect("a file");
        mend(&bench.system, &Mend::Links(foreign.clone())).expect_err("refused");
        assert_eq!(std::fs::read_to_string(foreign.join("docker-credential-pass")).expect("read"), "not ours");
    }
}
