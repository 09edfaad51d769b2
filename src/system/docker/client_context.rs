//! Docker's client as its files tell it: which daemon it talks to (docker/cli `cli/context/store`), and whether its program
//! reads `DOCKER_AUTH_CONFIG`. Nobody is asked, and nothing is run.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::document::{self, Node};
use crate::model::Secret;
use crate::system::files;

/// The most that is read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The context that `config.json` in this folder names; None where it names none.
pub fn current_context(folder: &Path) -> Option<String> {
    let node = read(&folder.join(super::config::FILE))?;
    text(node.get("currentContext")?).filter(|name| !name.is_empty() && name != "default")
}

/// Where a context's daemon listens (`unix://…`, `ssh://…`, `tcp://…`).
pub fn host_of(folder: &Path, context: &str) -> Option<String> {
    let id = Sha256::digest(context.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let node = read(&folder.join("contexts/meta").join(id).join("meta.json"))?;
    text(node.get("Endpoints")?.get("docker")?.get("Host")?)
}

/// What a client from 28.3 on says of that variable (docker/cli `cli/config/configfile/file.go`, `parseEnvConfig`).
const READS_VARIABLE: &[u8] = b"does not support more than one JSON object";

/// The most of a program that is looked through, in bytes.
const PROGRAM_MAX: u64 = 256 << 20;

/// Whether this client takes logins from `DOCKER_AUTH_CONFIG`; None when it cannot be read, or is a script.
pub fn reads_auth_config(program: &Path) -> Option<bool> {
    let mut program = files::open_regular(program).ok()?.take(PROGRAM_MAX);
    let mut buffer = Vec::new();
    let mut is_first = true;
    while program.by_ref().take(1 << 20).read_to_end(&mut buffer).ok()? > 0 {
        if std::mem::take(&mut is_first) && buffer.starts_with(b"#!") {
            return None;
        }
        let starts = buffer.iter().enumerate().filter(|(_, byte)| **byte == READS_VARIABLE[0]);
        if starts.map(|(at, _)| &buffer[at..]).any(|rest| rest.starts_with(READS_VARIABLE)) {
            return Some(true);
        }
        buffer.drain(..buffer.len().saturating_sub(READS_VARIABLE.len()));
    }
    Some(false)
}

fn read(file: &Path) -> Option<Node> {
    let bytes = Secret::new(files::read_bounded(file, SIZE_MAX).ok()?);
    document::parse(bytes.expose()).ok().map(|(node, _)| node)
}

fn text(node: &Node) -> Option<String> {
    node.text().map(|text| String::from_utf8_lossy(text.expose()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_known_by_what_it_says() {
        let dir = tempfile::tempdir().expect("a folder");
        let program = dir.path().join("docker");
        let reads = |content: &[u8]| {
            std::fs::write(&program, content).expect("written");
            reads_auth_config(&program)
        };
        let filler = vec![b'd'; (1 << 20) - 5];
        assert_eq!(reads(&[&filler, READS_VARIABLE, b"!"].concat()), Some(true), "across two reads");
        assert_eq!(reads(&filler), Some(false));
        assert_eq!(reads(b"#!/bin/sh\n"), None);
        assert_eq!(reads_auth_config(dir.path()), None);
    }

    #[test]
    fn a_context_s_host_is_in_the_folder_of_its_digest() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"far"}"#).expect("written");
        assert_eq!(current_context(dir.path()).as_deref(), Some("far"));
        assert_eq!(host_of(dir.path(), "far"), None);
        // `printf far | sha256sum`.
        let meta = dir.path().join("contexts/meta/512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868");
        std::fs::create_dir_all(&meta).expect("a folder");
        let text = r#"{"Name":"far","Endpoints":{"docker":{"Host":"ssh://far.test","SkipTLSVerify":false}}}"#;
        std::fs::write(meta.join("meta.json"), text).expect("written");
        assert_eq!(host_of(dir.path(), "far").as_deref(), Some("ssh://far.test"));
        std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"default"}"#).expect("written");
        assert_eq!(current_context(dir.path()), None);
    }
}
