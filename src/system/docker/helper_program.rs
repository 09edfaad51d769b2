//! Another credential helper, started as Docker starts it: `get`, `store`, `erase`, `list`. Secrets pass through its stdin and
//! stdout only. Which helper is asked, and what its answer means, is `ops`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use zeroize::Zeroizing;

use super::payload;
use super::protocol::{self, Action, NOT_FOUND};
use crate::model::{Credential, Login, Problem, RegistryKey, Secret, text};
use crate::system::env::Env;
use crate::system::mask::Mask;
use crate::system::process::{self, Limits, ProcessError};

/// Time for a person who is asked to unlock a keychain.
const LIMITS: Limits = Limits { time: Duration::from_secs(60), stdout: 4 << 20 };

/// The longest piece of a helper's own words that is repeated, in characters.
const SAID_MAX: usize = 300;

/// A program that speaks the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelperProgram {
    /// Without `docker-credential-`.
    pub name: String,
    pub path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum HelperError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// Escaped.
    #[error("{program} {action} failed: {said}")]
    Failed { program: String, action: &'static str, said: String },
    #[error("{program} {action} answered what no helper answers")]
    Answer { program: String, action: &'static str },
}

impl From<HelperError> for Problem {
    fn from(error: HelperError) -> Problem {
        Problem::failed(error.to_string())
    }
}

impl HelperProgram {
    /// `docker-credential-NAME`, escaped.
    pub fn shown(&self) -> String {
        text::escaped(format!("docker-credential-{}", self.name).as_bytes()).into_owned()
    }

    /// None: it has no login for this server.
    pub fn get(&self, env: &Env, server: &RegistryKey) -> Result<Option<Credential>, HelperError> {
        let action = Action::Get.as_str();
        let answer = match self.call(env, Action::Get, server.as_bytes(), &Mask::default())? {
            Ok(answer) => answer,
            Err(said) if said == NOT_FOUND => return Ok(None),
            Err(said) => return Err(HelperError::Failed { program: self.shown(), action, said }),
        };
        payload::answer(&answer).map_err(|_| HelperError::Answer { program: self.shown(), action })
    }

    pub fn store(&self, env: &Env, server: &RegistryKey, credential: &Credential) -> Result<(), HelperError> {
        let action = Action::Store.as_str();
        let input = protocol::credential_answer(server, credential);
        // What it says may repeat what it was given.
        match self.call(env, Action::Store, input.expose(), &Mask::of(credential))? {
            Ok(_) => Ok(()),
            Err(said) => Err(HelperError::Failed { program: self.shown(), action, said }),
        }
    }

    pub fn erase(&self, env: &Env, server: &RegistryKey) -> Result<(), HelperError> {
        let said = self.call(env, Action::Erase, server.as_bytes(), &Mask::default())?;
        said.map(|_| ()).map_err(|said| HelperError::Failed {
            program: self.shown(),
            action: Action::Erase.as_str(),
            said,
        })
    }

    /// The servers that it has a login for, and whose.
    pub fn list(&self, env: &Env) -> Result<BTreeMap<RegistryKey, Login>, HelperError> {
        let action = Action::List.as_str();
        // As docker calls it (docker-credential-helpers `client.List`).
        let answer = self.call(env, Action::List, b"unused", &Mask::default())?;
        let answer = answer.map_err(|said| HelperError::Failed { program: self.shown(), action, said })?;
        let listed = serde_json::from_slice::<Option<BTreeMap<String, String>>>(answer.expose());
        // Go writes an empty list that was never made as null.
        let listed = listed.map_err(|_| HelperError::Answer { program: self.shown(), action })?.unwrap_or_default();
        Ok(listed.into_iter().map(|(server, user)| (RegistryKey::new(server), Login::new(user))).collect())
    }

    /// What it answered; or, where it failed, its words: escaped, short, and none that look like an answer or repeat what the
    /// mask hides.
    fn call(
        &self,
        env: &Env,
        action: Action,
        input: &[u8],
        mask: &Mask,
    ) -> Result<Result<Secret, String>, ProcessError> {
        let mut command = process::command(env, &self.path.to_string_lossy());
        command.arg(action.as_str());
        let finished = process::run(&mut command, input, LIMITS)?;
        if finished.status.success() {
            return Ok(Ok(finished.stdout));
        }
        let out = finished.stdout.expose().trim_ascii();
        let line = match out.split(|byte| *byte == b'\n').next().unwrap_or_default() {
            [] => finished.last_words(),
            line => line,
        };
        Ok(Err(match line {
            [] => format!("it ended with {}", finished.status),
            line if line.contains(&b'{') => "it ended with an error and an answer".to_owned(),
            line => mask.shown(&Zeroizing::new(String::from_utf8_lossy(line).into_owned()), SAID_MAX),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A shell script that speaks the protocol in its way.
    fn helper(folder: &std::path::Path, script: &str) -> HelperProgram {
        let path = folder.join("docker-credential-odd");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
        HelperProgram { name: "odd".to_owned(), path }
    }

    fn env() -> Env {
        Env::made_of([("PATH", "/usr/bin:/bin")])
    }

    fn key() -> RegistryKey {
        RegistryKey::new("h.test")
    }

    #[test]
    fn answers_are_taken_as_docker_takes_them() {
        let dir = tempfile::tempdir().expect("a folder");
        let get = |script: &str| {
            let found = helper(dir.path(), script).get(&env(), &key()).map_err(|error| error.to_string())?;
            Ok::<_, String>(found.map(|found| (found.login.as_str().to_owned(), found.secret.expose().to_vec())))
        };
        let bob = Ok(Some(("bob".to_owned(), b"pw".to_vec())));
        assert_eq!(get(r#"cat >/dev/null; echo '{"username":"bob","Secret":"pw","x":1}'"#), bob);
        assert_eq!(
            get(r#"[ "$(cat)" = h.test ] && [ "$1" = get ] && echo '{"Username":"bob","Secret":"pw"} more'"#),
            bob
        );
        assert_eq!(get("echo '{}'"), Ok(None));
        assert_eq!(get(&format!("echo '{NOT_FOUND}'; exit 1")), Ok(None));
        let odd = "docker-credential-odd get";
        assert_eq!(get("true"), Err(format!("{odd} answered what no helper answers")));
        assert_eq!(get("printf 'no \\033 way\\nmore'; exit 1"), Err(format!("{odd} failed: no \\u{{1b}} way")));
        assert_eq!(get("echo only here >&2; exit 3"), Err(format!("{odd} failed: only here")));
        let leaky = get(r#"echo '{"Username":"bob","Secret":"hunter2"}'; exit 1"#).expect_err("a failure");
        assert!(!leaky.contains("hunter2"), "{leaky}");
    }

    #[test]
    fn a_secret_goes_in_on_stdin_and_is_not_repeated() {
        let dir = tempfile::tempdir().expect("a folder");
        let kept = dir.path().join("kept");
        let bob = || Credential::new(Login::new("bob"), Secret::new(b"hunter2".to_vec()));
        let store = |script: &str| helper(dir.path(), script).store(&env(), &key(), &bob());
        store(&format!("cat > {}; echo \"$*\" >> {0}", kept.display())).expect("stored");
        let seen = std::fs::read_to_string(&kept).expect("it");
        assert_eq!(seen, "{\"ServerURL\":\"h.test\",\"Username\":\"bob\",\"Secret\":\"hunter2\"}\nstore\n");
        let refused = store("echo \"cannot keep $(cat)\" | tr -d '{}'; exit 1").expect_err("refused").to_string();
        assert_eq!(refused, "docker-credential-odd store failed: (not shown: it repeats the secret)");
        let refused = store("echo not implemented; exit 1").expect_err("refused").to_string();
        assert_eq!(refused, "docker-credential-odd store failed: not implemented");
    }

    #[test]
    fn no_piece_of_a_secret_is_repeated_however_it_is_written() {
        let dir = tempfile::tempdir().expect("a folder");
        let secret = "a\"b\\c&d-correct-horse";
        let login = || Credential::new(Login::new("bob"), Secret::new(secret.as_bytes().to_vec()));
        let said = |script: &str| {
            let failed = helper(dir.path(), &format!("{script}; exit 1")).store(&env(), &key(), &login());
            failed.expect_err("refused").to_string()
        };
        let pad = "x".repeat(SAID_MAX - 6);
        for script in [
            // As it came, without what would make it an answer; then cut in the middle of the secret.
            "tr -d '{}'".to_owned(),
            "tr -d '{}' >&2".to_owned(),
            format!("printf '%s%s' {pad} 'b&d-correct-horse'"),
            format!("printf '%s%s' {pad} 'd-correct-horse' >&2"),
            "printf 'bad: &d-CORRECT-hor'".to_owned(),
            r#"printf '%s' 'bad: a\"b\\c\u0026d-corre'"#.to_owned(),
        ] {
            assert_eq!(
                said(&script),
                "docker-credential-odd store failed: (not shown: it repeats the secret)",
                "{script}"
            );
        }
        assert!(said("printf 'not my day'").ends_with("failed: not my day"));
    }

    #[test]
    fn a_list_is_names() {
        let dir = tempfile::tempdir().expect("a folder");
        let list = |script: &str| helper(dir.path(), script).list(&env());
        let listed = list(r#"echo '{"h.test":"bob","x":""}'"#).expect("a list");
        assert_eq!(listed.get(&key()), Some(&Login::new("bob")));
        assert!(list("echo null").expect("a list").is_empty());
        assert!(list("echo '[]'").is_err() && list("exit 1").is_err());
    }
}
