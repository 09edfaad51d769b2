//! `registries.conf` of podman, skopeo and buildah (containers-registries.conf(5)): which helpers they ask, and which
//! registries they talk to without checking who answers. Reads one file; which files there are is the caller's.

use std::path::Path;

use toml::{Table, Value};

use super::files::{self, FileError};
use crate::model::misplaced;

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The helper that stands for `auth.json`, which is no program.
const OWN_FILE: &str = "containers-auth.json";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistriesConf {
    /// Without `docker-credential-`.
    pub helpers: Vec<String>,
    /// Hosts, also with a path or `*.` in front.
    pub insecure: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum RegistriesConfError {
    #[error(transparent)]
    File(#[from] FileError),
    // toml's own message quotes the line.
    #[error("{} is not TOML", crate::model::text::quoted_path(.0))]
    Toml(std::path::PathBuf),
}

pub fn read(file: &Path) -> Result<RegistriesConf, RegistriesConfError> {
    let bytes = files::read_bounded(file, SIZE_MAX)?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or_else(|| RegistriesConfError::Toml(file.to_owned()))
}

fn parse(text: &str) -> Option<RegistriesConf> {
    let table: Table = text.parse().ok()?;
    let mut found = RegistriesConf {
        helpers: texts(table.get("credential-helpers")).iter().map(|name| misplaced::helper(name)).collect(),
        ..RegistriesConf::default()
    };
    found.helpers.retain(|helper| helper != OWN_FILE);
    // The form before version 2.
    let old = table.get("registries").and_then(|old| old.get("insecure")?.get("registries"));
    found.insecure = texts(old);
    for registry in tables(table.get("registry")) {
        let mirrors = tables(registry.get("mirror"));
        for one in std::iter::once(registry).chain(mirrors) {
            if one.get("insecure").and_then(Value::as_bool) == Some(true) {
                let names = ["prefix", "location"].iter().filter_map(|name| one.get(*name)?.as_str());
                found.insecure.extend(names.map(str::to_owned));
            }
        }
    }
    Some(found)
}

fn tables(value: Option<&Value>) -> impl Iterator<Item = &Table> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let values = value.and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let text = "credential-helpers = [\"containers-auth.json\", \"pass\"]\n\
                    [[registry]]\nprefix = \"*.a.test\"\ninsecure = true\n\
                    [[registry]]\nlocation = \"b.test\"\n\
                    [[registry.mirror]]\nlocation = \"m.test/x\"\ninsecure = true\n\
                    [[registry]]\nlocation = \"c.test\"\ninsecure = false\n";
        let found = parse(text).expect("TOML");
        assert_eq!(found.helpers, ["pass"]);
        assert_eq!(found.insecure, ["*.a.test", "m.test/x"]);
        let old = parse("[registries.insecure]\nregistries = ['d.test:5000']\n").expect("TOML");
        assert_eq!(old.insecure, ["d.test:5000"]);
        assert_eq!(parse("a = "), None);
    }
}
