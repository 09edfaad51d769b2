//! What the user's login shell makes of PATH: its start-up files are run as a login runs them, within a time limit.
//! Never on the way of a helper call.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::env::Env;
use super::process::{self, Limits, ProcessError};
use crate::model::text;

/// Start-up files that print a lot or wait for somebody must not hold us up.
const LIMITS: Limits = Limits { time: Duration::from_secs(3), stdout: 64 << 10 };

/// The PATH a login starts from before start-up files change it (login.defs(5), `ENV_PATH`).
const LOGIN_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Around the value, because start-up files may print too.
const MARK: &str = "@regpass-path@";

/// Why the login shell's PATH is not known.
#[derive(Debug, thiserror::Error)]
pub enum LoginShellError {
    #[error("$SHELL is not set")]
    Unset,
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("{} says no PATH{}", text::quoted(.shell), complaint(.said))]
    Silent { shell: String, said: String },
}

fn complaint(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

/// `$PATH` after `$SHELL` ran its start-up files as a login shell.
pub fn path(env: &Env) -> Result<OsString, LoginShellError> {
    let shell = env.var("SHELL").ok_or(LoginShellError::Unset)?.to_string_lossy().into_owned();
    let mut command = process::command(env, &shell);
    command.env_clear().env("PATH", LOGIN_PATH).args(["-l", "-c", &format!("printf '{MARK}%s{MARK}' \"$PATH\"")]);
    for name in ["HOME", "USER", "LOGNAME", "SHELL", "LANG"] {
        command.envs(env.var(name).map(|value| (name, value)));
    }
    if let Some(home) = env.home().filter(|home| home.is_dir()) {
        command.env("HOME", home).current_dir(home);
    }
    let finished = process::run(&mut command, b"", LIMITS)?;
    // Start-up files may print what they like, but this is not a secret.
    let said = finished.stdout.expose();
    between_marks(said)
        .map(|path| OsStr::from_bytes(path).to_owned())
        .ok_or_else(|| LoginShellError::Silent { shell, said: finished.complaint() })
}

fn between_marks(said: &[u8]) -> Option<&[u8]> {
    let mark = MARK.as_bytes();
    let find = |bytes: &[u8]| bytes.windows(mark.len()).position(|window| window == mark);
    let rest = &said[find(said)? + mark.len()..];
    Some(&rest[..find(rest)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_up_files_count_and_their_chatter_does_not() {
        let home = tempfile::tempdir().expect("a home");
        std::fs::write(home.path().join(".profile"), "echo hello; PATH=$HOME/bin:$PATH\n").expect("writes");
        let home_text = home.path().to_str().expect("text");
        let env = Env::made_of([("HOME", home_text), ("SHELL", "/bin/sh"), ("PATH", "/never")]);
        let path = path(&env).expect("a PATH").into_string().expect("text");
        assert!(path.starts_with(&format!("{home_text}/bin:")) && !path.contains("/never"), "{path}");
    }

    #[test]
    fn a_shell_that_is_none_is_told() {
        for (shell, want) in [("/bin/false", "says no PATH"), ("/nonexistent/sh", "not installed")] {
            let error = path(&Env::made_of([("HOME", "/"), ("SHELL", shell)])).expect_err("no shell");
            assert!(error.to_string().contains(want), "{error}");
        }
        assert!(matches!(path(&Env::made_of([("HOME", "/")])), Err(LoginShellError::Unset)));
    }
}
