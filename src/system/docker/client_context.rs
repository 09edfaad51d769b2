//! Which daemon Docker's client talks to, as its files tell it (docker/cli `cli/context/store`). Nobody is asked.

use std::fmt::Write as _;
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
