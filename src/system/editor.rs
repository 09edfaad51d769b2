//! The person's own editor on a file, on our terminal. Told to leave no copies where that is known how; its end is waited
//! for, and ours is not ended by a signal meanwhile. Knows nothing of what is in the file.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::env::Env;
use super::{family, process};
use crate::model::{Problem, text};

/// How long an editor that was told to end may take before it is killed.
const END: Duration = Duration::from_secs(2);

/// Editors that would leave copies elsewhere, or change the text's end, and what keeps them from it. By the front of the
/// program's name, links resolved.
const OPTIONS: [(&str, &str); 4] = [
    ("vim", "-n -i NONE -c 'set nobackup nowritebackup noundofile nofixendofline'"),
    ("nvim", "-n -i NONE -c 'set nobackup nowritebackup noundofile nofixendofline'"),
    // Its settings may name a folder for backups; -L adds no line end.
    ("nano", "-I -L"),
    ("rnano", "-I -L"),
];

#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    #[error("the editor {} cannot be run", text::quoted(.0))]
    Missing(String),
    #[error("the editor {} cannot be run: {source}", text::quoted(.editor))]
    Io { editor: String, source: std::io::Error },
    /// Ours was told to end.
    #[error("called off")]
    CalledOff,
}

impl From<EditorError> for Problem {
    fn from(error: EditorError) -> Problem {
        let problem = Problem::failed(error.to_string());
        match error {
            EditorError::Missing(_) => problem.hint("choose one that is installed: export EDITOR=vi"),
            EditorError::Io { .. } => problem,
            EditorError::CalledOff => Problem::cancelled(error.to_string()),
        }
    }
}

/// From its making on, no signal that asks us to end does so: it waits until it is asked about.
pub struct Patience(Signals);

impl Patience {
    pub fn begin() -> Result<Patience, Problem> {
        Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCHLD])
            .map(Patience)
            .map_err(|error| Problem::failed("cannot wait for signals").because(error))
    }
}

/// The editor that was chosen, else the system's own: words for a shell.
pub fn chosen(env: &Env, editor: Option<&OsStr>) -> OsString {
    let fallback = || if env.find_program("editor").is_some() { "editor" } else { "vi" };
    editor.map_or_else(|| fallback().into(), OsStr::to_owned)
}

/// Runs an editor to its end; true when it ended well. Its words go through a shell, as git's and pass's do.
pub fn run(env: &Env, editor: &OsStr, file: &Path, patience: &mut Patience) -> Result<bool, EditorError> {
    let running = Running::start(env, editor, file)?;
    loop {
        if let Some(well) = running.look()? {
            return Ok(well);
        }
        for signal in patience.0.wait() {
            // Ctrl-C and Ctrl-\ are for the editor, which has them too.
            if matches!(signal, SIGHUP | SIGTERM) {
                running.end(END);
                return Err(EditorError::CalledOff);
            }
        }
    }
}

/// An editor at work. One thread waits for its end, another may bring it about.
#[derive(Debug)]
pub struct Running {
    name: String,
    pid: Option<Pid>,
    child: Mutex<Child>,
}

impl Running {
    /// In our process group, on our terminal.
    pub fn start(env: &Env, editor: &OsStr, file: &Path) -> Result<Running, EditorError> {
        let name = editor.to_string_lossy().into_owned();
        let mut command = process::command(env, "sh");
        command.arg("-c").arg(script(env, editor)).arg("sh").arg(file);
        let child = command.spawn().map_err(|source| EditorError::Io { editor: name.clone(), source })?;
        Ok(Running { name, pid: i32::try_from(child.id()).ok().and_then(Pid::from_raw), child: Mutex::new(child) })
    }

    /// Returns at its end; true when it ended well.
    pub fn wait(&self) -> Result<bool, EditorError> {
        loop {
            // Not taking its number back: until `look` does, nobody else can have it, so that `end` means this process.
            if let Some(pid) = self.pid {
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
            }
            if let Some(well) = self.look()? {
                return Ok(well);
            }
        }
    }

    /// None while it runs.
    fn look(&self) -> Result<Option<bool>, EditorError> {
        let status = self.child().try_wait().map_err(|source| EditorError::Io { editor: self.name.clone(), source })?;
        match status.map(|status| (status.code(), status.success())) {
            None => Ok(None),
            // A shell's codes for what it did not find, or may not run (sh(1), EXIT STATUS).
            Some((Some(126 | 127), _)) => Err(EditorError::Missing(self.name.clone())),
            Some((_, well)) => Ok(Some(well)),
        }
    }

    /// Asks it and all that it started to end, and after that time kills them: where the words are a shell's, the editor is
    /// the shell's child.
    pub fn end(&self, grace: Duration) {
        let (Some(pid), mut child) = (self.pid, self.child()) else { return };
        if matches!(child.try_wait(), Ok(None)) {
            family::end(pid, grace, || !matches!(child.try_wait(), Ok(None)));
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The editor, its options, the file. Where that can be said, the editor takes the shell's place, so that a signal for the
/// one reaches the other.
fn script(env: &Env, editor: &OsStr) -> OsString {
    let bytes = editor.as_bytes();
    let first = bytes.trim_ascii().split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let is_one = !bytes.iter().any(|byte| b";&|\n".contains(byte)) && !first.contains(&b'=');
    let mut script: Vec<u8> = if is_one { b"exec ".to_vec() } else { Vec::new() };
    script.extend_from_slice(bytes);
    if let Some(options) = options_of(env, OsStr::from_bytes(first)) {
        script.push(b' ');
        script.extend_from_slice(options.as_bytes());
    }
    script.extend_from_slice(b" \"$@\"");
    OsString::from_vec(script)
}

fn options_of(env: &Env, program: &OsStr) -> Option<&'static str> {
    let named = Path::new(program);
    let found =
        if named.components().count() > 1 { Some(named.to_owned()) } else { env.find_program(program.to_str()?) };
    let real: PathBuf = found.and_then(|file| std::fs::canonicalize(file).ok())?;
    let name = real.file_name()?.to_str()?;
    OPTIONS.iter().find(|(front, _)| name.split('.').next() == Some(*front)).map(|(_, options)| *options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_editors_leave_no_copies() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["vim.basic", "nano", "ed"] {
            let file = dir.path().join(name);
            std::fs::write(&file, "#!/bin/sh\n").expect("a program");
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
        }
        std::os::unix::fs::symlink("vim.basic", dir.path().join("vi")).expect("a link");
        let env = Env::made_of([("PATH", dir.path())]);
        let script = |editor: &str| script(&env, OsStr::new(editor)).to_string_lossy().into_owned();
        assert!(script("vi -R").starts_with("exec vi -R -n -i NONE "), "{}", script("vi -R"));
        assert_eq!(script("nano"), "exec nano -I -L \"$@\"");
        assert_eq!(script("ed"), "exec ed \"$@\"");
        assert_eq!(script("X=1 ed"), "X=1 ed \"$@\"");
        assert_eq!(script("true; ed"), "true; ed \"$@\"");
        assert_eq!(script("no-such"), "exec no-such \"$@\"");
    }
}
