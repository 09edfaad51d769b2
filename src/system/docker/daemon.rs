//! `daemon.json`, as far as the daemon is told not to check who answers. Reads only.

use std::path::{Path, PathBuf};

use super::document::{self, Node, pointer};
use crate::model::{Secret, misplaced, text};
use crate::system::files::{self, FileError};

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The setting (dockerd(8), `--insecure-registry`).
const INSECURE: &str = "insecure-registries";

#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} is not JSON", text::quoted_path(.0))]
    Json(PathBuf),
}

/// Hosts and networks that the daemon talks to without checking a certificate, each with its JSON pointer.
pub fn insecure_registries(path: &Path) -> Result<Vec<(String, String)>, DaemonError> {
    let bytes = Secret::new(files::read_bounded(path, SIZE_MAX)?);
    let (node, _) = document::parse(bytes.expose()).map_err(|_| DaemonError::Json(path.to_owned()))?;
    let Some(Node::List(hosts)) = node.get(INSECURE) else { return Ok(Vec::new()) };
    let hosts = hosts.iter().enumerate().filter_map(|(index, host)| {
        let host = String::from_utf8_lossy(host.text()?.expose()).into_owned();
        Some((pointer(&pointer("", INSECURE), &index.to_string()), misplaced::name(&host)))
    });
    Ok(hosts.collect())
}
