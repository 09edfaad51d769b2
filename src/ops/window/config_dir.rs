//! A folder of Docker's configuration for one window alone: made with nothing in it but the helper's name, and taken away
//! again where nothing else came in.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::model::{Problem, text};
use crate::ops::mending::USUAL;
use crate::ops::{read_only, shims};
use crate::system::System;
use crate::system::docker::config;
use crate::system::files::{self, FileError};
use crate::system::links::Found;
use crate::system::windows::Made;

/// The key with which Docker finds plugins elsewhere (docker/cli `cli/config/configfile`).
const PLUGINS: &str = "cliPluginsExtraDirs";

/// The largest file that may be ours, in bytes.
const OURS_MAX: u64 = 16 << 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    pub path: PathBuf,
    /// What of it was made; None: it was there, with a `config.json`.
    pub made: Option<Made>,
}

/// Makes the folder, or the file in it, where it is not there. `system` is the one whose usual folder is left alone.
pub fn prepare(system: &System, folder: &Path) -> Result<Folder, Problem> {
    let path = system.env.absolute(folder);
    let file = path.join(config::FILE);
    if file.symlink_metadata().is_ok() {
        return Ok(Folder { path, made: None });
    }
    read_only::check(system, &path)?;
    let fault = |error: FileError| Problem::failed(format!("cannot make {}", text::quoted_path(&file))).because(error);
    let made = if path.is_dir() { Made::File } else { Made::Folder };
    if made == Made::Folder {
        let parent = path.parent().unwrap_or(&path);
        let io = |at: &Path, source| fault(FileError::io("cannot make", at, source));
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|source| io(parent, source))?;
        DirBuilder::new().mode(0o700).create(&path).map_err(|source| io(&path, source))?;
    }
    files::create(&file, content(system).as_bytes(), 0o600).map_err(|error| {
        if made == Made::Folder {
            let _ = std::fs::remove_dir(&path);
        }
        fault(error)
    })?;
    Ok(Folder { path, made: Some(made) })
}

/// The helper, and where plugins such as `docker compose` are.
fn content(system: &System) -> String {
    let is_ours = |name: &&str| {
        let found = shims::found_first(system, name).ok().flatten().map(|shim| shim.found);
        matches!(found, Some(Found::Ours | Found::OtherRegpass(_) | Found::RegpassCopy))
    };
    let helper = [USUAL, "regpass"].into_iter().find(is_ours).unwrap_or(USUAL);
    let mut content = Map::from_iter([("credsStore".to_owned(), Value::from(helper))]);
    let plugins = system.env.absolute(&system.options.docker_config).join("cli-plugins");
    if let Some(plugins) = plugins.to_str().filter(|_| plugins.is_dir()) {
        content.insert(PLUGINS.to_owned(), vec![plugins].into());
    }
    format!("{:#}\n", Value::Object(content))
}

/// Takes away what was made, unless something else is in it by now.
pub(super) fn remove(folder: &Path, made: Made) -> Result<(), Problem> {
    let file = folder.join(config::FILE);
    let left = |why: &str| Problem::failed(format!("{} is left as it is: {why}", text::quoted_path(folder)));
    match files::read_bounded(&file, OURS_MAX) {
        Ok(bytes) if is_ours(&bytes) => {}
        Ok(_) => return Err(left("its config.json holds more than the window needed")),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(left(&error.to_string())),
    }
    if made == Made::Folder {
        let others = files::items(folder, 100);
        if others.paths.iter().any(|path| *path != file) || others.closed.is_some() {
            return Err(left("other files came into it"));
        }
    }
    let gone = |result: std::io::Result<()>, path: &Path| match result {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(left(&FileError::io("cannot remove", path, error).to_string()))
        }
        _ => Ok(()),
    };
    gone(std::fs::remove_file(&file), &file)?;
    if made == Made::Folder { gone(std::fs::remove_dir(folder), folder) } else { Ok(()) }
}

/// What `content` writes, and the marks' empty table that a logout leaves.
fn is_ours(bytes: &[u8]) -> bool {
    let Ok(Value::Object(content)) = serde_json::from_slice(bytes) else { return false };
    content.iter().all(|(key, value)| match key.as_str() {
        "credsStore" => value.is_string(),
        "auths" => value.as_object().is_some_and(Map::is_empty),
        PLUGINS => value.is_array(),
        _ => false,
    })
}
