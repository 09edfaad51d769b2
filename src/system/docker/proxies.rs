//! The proxies that Docker's own files name: `proxies` of the daemon's `daemon.json`, and of the client's `config.json`. A
//! proxy's address may hold a password. Reads only.

use std::path::Path;

use super::document::{self, Node};
use crate::model::Secret;
use crate::system::files::{self, FileError};

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// What one source says.
#[derive(Debug, Default)]
pub struct ProxySettings {
    pub http: Option<Secret>,
    pub https: Option<Secret>,
    /// The hosts without a proxy, separated by commas.
    pub none: Option<String>,
}

/// `daemon.json` (dockerd(8), "Proxy configuration").
pub fn of_daemon(path: &Path) -> Result<ProxySettings, FileError> {
    read(path, |node| Some(settings(node.get("proxies")?, ["http-proxy", "https-proxy", "no-proxy"])))
}

/// `config.json`: `proxies.default`. Docker hands these to containers; a machine that needs them there mostly needs them
/// itself.
pub fn of_client(path: &Path) -> Result<ProxySettings, FileError> {
    read(path, |node| Some(settings(node.get("proxies")?.get("default")?, ["httpProxy", "httpsProxy", "noProxy"])))
}

fn read(path: &Path, find: impl FnOnce(&Node) -> Option<ProxySettings>) -> Result<ProxySettings, FileError> {
    let bytes = match files::read_bounded(path, SIZE_MAX) {
        Ok(bytes) => Secret::new(bytes),
        Err(error) if error.is_not_found() => return Ok(ProxySettings::default()),
        Err(error) => return Err(error),
    };
    // A file that is broken is told by those whose file it is.
    Ok(document::parse(bytes.expose()).ok().and_then(|(node, _)| find(&node)).unwrap_or_default())
}

fn settings(node: &Node, [http, https, none]: [&str; 3]) -> ProxySettings {
    let text = |name: &str| node.get(name).and_then(Node::text).filter(|text| !text.is_empty());
    let copy = |name: &str| text(name).map(|text| text.part(0..text.len()));
    let none = text(none).map(|text| String::from_utf8_lossy(text.expose()).into_owned());
    ProxySettings { http: copy(http), https: copy(https), none }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_has_its_own_words_for_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("x.json");
        std::fs::write(
            &file,
            r#"{"proxies":{"http-proxy":"http://a.test:1","no-proxy":"b.test,c.test",
            "default":{"httpsProxy":"http://u:hunter2@d.test:2","noProxy":""}}}"#,
        )
        .expect("written");
        let text = |secret: &Option<Secret>| {
            secret.as_ref().map(|secret| String::from_utf8_lossy(secret.expose()).into_owned())
        };
        let daemon = of_daemon(&file).expect("read");
        assert_eq!(text(&daemon.http).as_deref(), Some("http://a.test:1"));
        assert_eq!((text(&daemon.https), daemon.none.as_deref()), (None, Some("b.test,c.test")));
        let client = of_client(&file).expect("read");
        assert_eq!(text(&client.https).as_deref(), Some("http://u:hunter2@d.test:2"));
        assert!(client.http.is_none() && client.none.is_none() && !format!("{client:?}").contains("hunter2"));
        std::fs::write(&file, "{").expect("written");
        assert!(of_client(&file).expect("read").https.is_none());
        assert!(of_daemon(&dir.path().join("none")).expect("read").http.is_none());
    }
}
