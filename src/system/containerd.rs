//! Settings of containerd and of the Kubernetes distributions on it that turn the check of a registry's certificate off.
//! Reads one file; which files there are is the caller's. Of what else is in them, passwords among it, nothing is kept.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::files::{self, FileError};
use crate::model::{Secret, text};

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum ContainerdError {
    #[error(transparent)]
    File(#[from] FileError),
    // toml's own message quotes the line.
    #[error("{} is not TOML", text::quoted_path(.0))]
    Toml(PathBuf),
}

/// Hosts of `config.toml` with `insecure_skip_verify` (containerd, `docs/cri/registry.md`).
pub fn in_config(file: &Path) -> Result<Vec<String>, ContainerdError> {
    let table = table(file)?;
    let plugins = table.get("plugins").and_then(Value::as_table).into_iter().flatten();
    let configs = plugins.filter_map(|(_, plugin)| plugin.get("registry")?.get("configs")?.as_table()).flatten();
    let skips = |config: &Value| {
        config.get("tls").and_then(|tls| tls.get("insecure_skip_verify")).and_then(Value::as_bool) == Some(true)
    };
    Ok(configs.filter(|(_, config)| skips(config)).map(|(host, _)| host.clone()).collect())
}

/// Whether a `hosts.toml` has a `skip_verify` (containerd, `docs/hosts.md`); the host is its folder's name.
pub fn skips_in_hosts(file: &Path) -> Result<bool, ContainerdError> {
    let table = table(file)?;
    let skips = |table: &Value| table.get("skip_verify").and_then(Value::as_bool) == Some(true);
    let hosts = table.get("host").and_then(Value::as_table).into_iter().flatten();
    Ok(skips(&Value::Table(table.clone())) || hosts.into_iter().any(|(_, host)| skips(host)))
}

fn table(file: &Path) -> Result<Table, ContainerdError> {
    let bytes = Secret::new(files::read_bounded(file, SIZE_MAX)?);
    let text = std::str::from_utf8(bytes.expose()).ok().and_then(|text| text.parse().ok());
    text.ok_or_else(|| ContainerdError::Toml(file.to_owned()))
}

/// Hosts of `registries.yaml` with `insecure_skip_verify`, each with its line counted from 1. Read line by line: what is
/// written in one line (`{…}`) is not understood.
pub fn in_registries_yaml(file: &Path) -> Result<Vec<(usize, String)>, ContainerdError> {
    let bytes = Secret::new(files::read_bounded(file, SIZE_MAX)?);
    let mut found = Vec::new();
    // The keys around a line, each with how far it is indented.
    let mut around: Vec<(usize, String)> = Vec::new();
    for (index, line) in bytes.expose().split(|byte| *byte == b'\n').enumerate() {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            continue;
        }
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        around.retain(|(outer, _)| *outer < indent);
        if let Some(key) = text.strip_suffix(b":") {
            let key = String::from_utf8_lossy(key).trim_matches(['"', '\'']).to_owned();
            around.push((indent, key));
        } else if text.strip_prefix(b"insecure_skip_verify:").is_some_and(|value| value.trim_ascii() == b"true")
            && let [(_, configs), (_, host), ..] = &around[..]
            && configs == "configs"
        {
            found.push((index + 1, host.clone()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_checked_is_found_in_each_form() {
        let dir = tempfile::tempdir().expect("a folder");
        let put = |text: &str| {
            let file = dir.path().join("a");
            std::fs::write(&file, text).expect("a file");
            file
        };
        let config = "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"a.test\".tls]\ninsecure_skip_verify = true\n\
                      [plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"b.test\".auth]\npassword = \"x\"\n";
        assert_eq!(in_config(&put(config)).expect("TOML"), ["a.test"]);
        assert!(skips_in_hosts(&put("[host.\"https://a.test\"]\nskip_verify = true\n")).expect("TOML"));
        assert!(!skips_in_hosts(&put("server = \"https://a.test\"\n")).expect("TOML"));
        assert!(in_config(&put("a = ")).is_err());
        let yaml = "mirrors:\n  a.test:\n    insecure_skip_verify: true\nconfigs:\n  \"b.test:5000\":\n    auth:\n      password: x\n\
                    \x20   tls:\n      insecure_skip_verify: true\n  c.test:\n    tls:\n      # insecure_skip_verify: true\n\
                    \x20     insecure_skip_verify: false\n";
        assert_eq!(in_registries_yaml(&put(yaml)).expect("lines"), [(9, "b.test:5000".to_owned())]);
    }
}
