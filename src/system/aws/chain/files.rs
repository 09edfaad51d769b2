//! The files that Amazon's tools share: `~/.aws/config` and `~/.aws/credentials`, or those that `AWS_CONFIG_FILE` and
//! `AWS_SHARED_CREDENTIALS_FILE` name (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"). Read once;
//! what a profile means is `profile.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::error::AwsError;
use crate::model::{Secret, text};
use crate::system::env::Env;
use crate::system::files;

/// The largest file read, in bytes.
const SIZE_MAX: u64 = 1 << 20;

/// The settings of one section. Any of them may be a secret.
#[derive(Debug, Default)]
pub(in crate::system::aws) struct Section(BTreeMap<String, Secret>);

impl Section {
    pub(in crate::system::aws) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(|value| std::str::from_utf8(value.expose()).ok()).filter(|text| !text.is_empty())
    }

    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.0.get(name).filter(|value| !value.is_empty()).map(|value| value.part(0..value.len()))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_empty())
    }
}

/// What both files say.
#[derive(Debug, Default)]
pub(in crate::system::aws) struct Files {
    profiles: BTreeMap<String, Section>,
    sso_sessions: BTreeMap<String, Section>,
    is_read: bool,
}

/// Which file: the names of sections differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Config,
    Credentials,
}

impl Files {
    /// Reads them when somebody needs them first. A file that is not there says nothing.
    pub(in crate::system::aws) fn read(&mut self, env: &Env) -> Result<(), AwsError> {
        if std::mem::replace(&mut self.is_read, true) {
            return Ok(());
        }
        // What the second one says of a key counts.
        for (kind, variable, name) in [
            (Kind::Config, "AWS_CONFIG_FILE", "config"),
            (Kind::Credentials, "AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        ] {
            let Some(path) = place(env, variable, name) else { continue };
            match files::read_bounded(&path, SIZE_MAX) {
                Ok(bytes) => self.take(&Secret::new(bytes), kind),
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    let source_name = text::quoted_path(&path);
                    return Err(AwsError::Unusable { source_name, why: error.to_string(), hint: None });
                }
            }
        }
        Ok(())
    }

    pub(in crate::system::aws) fn profile(&self, name: &str) -> Option<&Section> {
        self.profiles.get(name)
    }

    pub(super) fn sso_session(&self, name: &str) -> Option<&Section> {
        self.sso_sessions.get(name)
    }

    /// `[section]`, `key = value`; a line that begins with a blank belongs to the setting before it and is no setting itself.
    fn take(&mut self, content: &Secret, kind: Kind) {
        let mut section: Option<&mut Section> = None;
        for line in content.expose().split(|byte| *byte == b'\n') {
            let is_nested = line.first().is_some_and(u8::is_ascii_whitespace);
            let line = line.trim_ascii();
            if is_nested || line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") {
                continue;
            }
            if let Some(rest) = line.strip_prefix(b"[") {
                let name = rest.split(|byte| *byte == b']').next().unwrap_or_default();
                section = match std::str::from_utf8(name).ok().map(|name| named(name, kind)) {
                    Some(Some(Named::Profile(name))) => Some(self.profiles.entry(name).or_default()),
                    Some(Some(Named::SsoSession(name))) => Some(self.sso_sessions.entry(name).or_default()),
                    _ => None,
                };
                continue;
            }
            let Some(equals) = line.iter().position(|byte| *byte == b'=') else { continue };
            let (key, value) = (line[..equals].trim_ascii(), line[equals + 1..].trim_ascii());
            if let (Some(section), Ok(key)) = (&mut section, std::str::from_utf8(key)) {
                section.0.insert(key.to_ascii_lowercase(), Secret::new(without_comment(value).to_vec()));
            }
        }
    }
}

enum Named {
    Profile(String),
    SsoSession(String),
}

/// `default`, `profile NAME`, `sso-session NAME`; in the credentials file plain names.
fn named(section: &str, kind: Kind) -> Option<Named> {
    let section = section.trim();
    if kind == Kind::Credentials {
        return Some(Named::Profile(section.to_owned()));
    }
    let (first, rest) = section.split_once(char::is_whitespace).unwrap_or((section, ""));
    let rest = rest.trim();
    match first {
        "default" if rest.is_empty() => Some(Named::Profile("default".to_owned())),
        "profile" if !rest.is_empty() => Some(Named::Profile(unquoted(rest).to_owned())),
        "sso-session" if !rest.is_empty() => Some(Named::SsoSession(unquoted(rest).to_owned())),
        _ => None,
    }
}

fn unquoted(name: &str) -> &str {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}

/// A comment behind a value stands after a blank.
fn without_comment(value: &[u8]) -> &[u8] {
    let starts = |pair: &[u8]| pair[0].is_ascii_whitespace() && matches!(pair[1], b'#' | b';');
    let end = value.windows(2).position(starts).unwrap_or(value.len());
    value[..end].trim_ascii_end()
}

fn place(env: &Env, variable: &str, name: &str) -> Option<PathBuf> {
    match env.var(variable) {
        Some(path) => Some(env.absolute(&env.expand_home(Path::new(path)))),
        None => env.home().map(|home| home.join(".aws").join(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(config: &str, credentials: &str) -> Files {
        let home = tempfile::tempdir().expect("a home");
        std::fs::create_dir(home.path().join(".aws")).expect("a folder");
        std::fs::write(home.path().join(".aws/config"), config).expect("written");
        std::fs::write(home.path().join("mine"), credentials).expect("written");
        let env = Env::made_of([
            ("HOME", home.path().as_os_str().to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "~/mine".into()),
        ]);
        let mut files = Files::default();
        files.read(&env).expect("read");
        files
    }

    #[test]
    fn both_files_are_one_and_the_credentials_file_counts() {
        let config = "\u{feff}; a comment\n[default]\nregion=eu-central-1 # here\r\n[profile  \"my team\"]\n Region = no\n\
            aws_access_key_id = OLD\ns3 =\n  region = nested\noutput=a;b\n[profile]\nx=1\n[services x]\nx=1\n\
            [sso-session corp]\nsso_region = us-east-1\n";
        let files = files(config, "[my team]\naws_access_key_id = NEW\naws_secret_access_key = a=b/c+\n");
        let text = |profile: &str, name: &str| files.profile(profile).and_then(|found| found.text(name));
        assert_eq!(text("my team", "aws_access_key_id"), Some("NEW"));
        assert_eq!(text("my team", "aws_secret_access_key"), Some("a=b/c+"));
        assert_eq!((text("my team", "region"), text("my team", "output")), (None, Some("a;b")));
        assert_eq!(files.sso_session("corp").and_then(|found| found.text("sso_region")), Some("us-east-1"));
        assert!(files.profile("").is_none() && files.profile("x").is_none());
        assert!(!format!("{files:?}").contains("a=b/c+"));
    }

    #[test]
    fn what_is_no_such_file_yields_nothing_or_says_so() {
        assert!(files("\u{0}\u{1}[[[\n]=\n=x\n[default", "").profile("default").is_some_and(|found| !found.has("x")));
        let home = tempfile::tempdir().expect("a home");
        let read = |path: &Path| {
            let env = Env::made_of([("HOME", home.path()), ("AWS_CONFIG_FILE", path)]);
            Files::default().read(&env)
        };
        assert!(read(&home.path().join("none")).is_ok());
        assert!(read(home.path()).is_err());
        std::fs::write(home.path().join("big"), vec![b'x'; (SIZE_MAX + 1) as usize]).expect("written");
        assert!(read(&home.path().join("big")).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400), text in "[\\[\\] =#;a\n\u{85}\"-]{0,80}") {
            for content in [bytes.clone(), text.into_bytes()] {
                for kind in [Kind::Config, Kind::Credentials] {
                    let mut files = Files::default();
                    files.take(&Secret::new([b"[default]\n".as_slice(), &content].concat()), kind);
                    proptest::prop_assert!(files.profile("default").is_some());
                }
            }
        }
    }
}
