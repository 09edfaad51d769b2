//! The clipboard: the display's own where there is one, otherwise the terminal's (OSC 52, which also works over ssh).
//! A display's clipboard is served by the program that filled it, so a copy is handed, through a pipe, to a small
//! process of its own (`hold`) that outlives us and empties the clipboard when its time is up, if it is still ours.
//! Does not decide what is copied, and writes nothing to the terminal: the frontend that owns it does.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use arboard::{ClearExtLinux, Clipboard, GetExtLinux, LinuxClipboardKind, SetExtLinux};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::event::{PollFd, PollFlags, poll};
use zeroize::Zeroizing;

use super::env::Env;
use super::options::Options;
use crate::model::{Problem, Secret};

/// The name (`argv[0]`) under which regpass holds a clipboard.
pub const HOLDER_NAME: &str = "regpass-clipboard";

/// How long a display may take to accept a copy; a display that is gone does not answer at all.
const HOLDER_LIMIT: Duration = Duration::from_secs(3);

/// The largest copy in bytes: more than any password, less than what fills a pipe nobody reads.
const COPY_MAX: usize = 48 * 1024;

/// What a holder needs of the environment: the way to the display, and nothing else.
const DISPLAY_VARIABLES: [&str; 6] =
    ["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "HOME"];

/// The word with which a holder says that the clipboard is filled.
const HELD: &[u8] = b"held\n";

/// Where a copy went.
#[derive(Debug)]
pub enum Copied {
    /// Into the display's clipboard, which is emptied after so many seconds if it still holds this copy.
    Clipboard { seconds: u64 },
    /// Not yet anywhere: `sequence` must be written to the terminal, and `clearing` after so many seconds or at the end
    /// of the program. Whether the terminal obeys cannot be known.
    Terminal { sequence: Secret, clearing: Vec<u8>, seconds: u64 },
}

#[derive(Debug, thiserror::Error)]
pub enum ClipboardError {
    #[error("{bytes} bytes are too much for the clipboard, which takes {COPY_MAX} here")]
    TooLarge { bytes: usize },
    #[error("what should be copied is not text")]
    NotText,
}

impl From<ClipboardError> for Problem {
    fn from(error: ClipboardError) -> Problem {
        let problem = Problem::failed(error.to_string());
        problem.hint("write it to a file instead, with regpass show")
    }
}

/// Copies to the display's clipboard, or prepares a copy to the terminal's.
pub fn copy(env: &Env, options: &Options, secret: Secret) -> Result<Copied, ClipboardError> {
    if secret.len() > COPY_MAX {
        return Err(ClipboardError::TooLarge { bytes: secret.len() });
    }
    let seconds = options.clip_seconds;
    let display = env.var("DISPLAY").is_some() || env.var("WAYLAND_DISPLAY").is_some() || cfg!(target_os = "macos");
    if display {
        if std::str::from_utf8(secret.expose()).is_err() {
            return Err(ClipboardError::NotText);
        }
        if start_holder(env, options, &secret).is_some() {
            return Ok(Copied::Clipboard { seconds });
        }
    }
    let in_tmux = env.var("TMUX").is_some();
    Ok(Copied::Terminal {
        sequence: terminal_sequence(secret.expose(), options.clip_primary, in_tmux),
        clearing: terminal_sequence(b"", options.clip_primary, in_tmux).expose().to_vec(),
        seconds,
    })
}

/// Starts the process that serves the copy; None when the display did not take it.
fn start_holder(env: &Env, options: &Options, secret: &Secret) -> Option<()> {
    let selection = if options.clip_primary { "primary" } else { "clipboard" };
    let mut command = Command::new(env.program()?);
    command.arg0(HOLDER_NAME).arg(options.clip_seconds.to_string()).arg(selection).env_clear();
    command.envs(DISPLAY_VARIABLES.iter().filter_map(|name| Some((name, env.var(name)?))));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir("/");
    let mut child = command.spawn().ok()?;
    if hand_over(&mut child, secret).is_none() {
        let _ = child.kill();
        let _ = child.wait();
        return None;
    }
    // It ends when the copy does; somebody has to take note of that as long as we live.
    std::thread::Builder::new().name("clipboard".to_owned()).spawn(move || child.wait()).ok()?;
    Some(())
}

fn hand_over(child: &mut Child, secret: &Secret) -> Option<()> {
    // Fits into the pipe as a whole (COPY_MAX), so writing does not wait for the holder.
    child.stdin.take()?.write_all(secret.expose()).ok()?;
    let mut answer = child.stdout.take()?;
    let deadline = Env::clock() + HOLDER_LIMIT;
    let mut said = Vec::new();
    while said != HELD {
        let left = deadline.checked_duration_since(Env::clock())?;
        let limit = rustix::event::Timespec::try_from(left).ok()?;
        let mut wanted = [PollFd::new(&answer, PollFlags::IN)];
        if poll(&mut wanted, Some(&limit)).ok()? == 0 {
            return None;
        }
        let mut byte = [0];
        if answer.read(&mut byte).ok()? == 0 || said.len() == HELD.len() {
            return None;
        }
        said.push(byte[0]);
    }
    Some(())
}

/// The holder: `regpass-clipboard SECONDS clipboard|primary`, the text on stdin. Fills the clipboard, says so on stdout,
/// and waits until somebody else fills it or the time is up; then empties it if it is still ours.
pub fn hold(args: &[OsString], mut input: impl Read, mut output: impl Write) -> ExitCode {
    super::process::harden();
    // Away from the terminal, so that neither its end nor a Ctrl-C ends the holder. Fails only for a group's leader.
    let _ = rustix::process::setsid();
    let seconds = args.get(1).and_then(|seconds| seconds.to_str()?.parse().ok());
    let kind = match args.get(2).and_then(|kind| kind.to_str()) {
        Some("primary") => LinuxClipboardKind::Primary,
        _ => LinuxClipboardKind::Clipboard,
    };
    let mut text = Zeroizing::new(vec![0; COPY_MAX]);
    let mut length = 0;
    while let Ok(read @ 1..) = input.read(&mut text[length..]) {
        length += read;
    }
    let (Some(seconds), Ok(text)) = (seconds, std::str::from_utf8(&text[..length])) else { return ExitCode::FAILURE };
    let announce = || output.write_all(HELD).and_then(|()| output.flush());
    match serve(text, kind, Duration::from_secs(seconds), announce) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

fn serve(
    text: &str,
    kind: LinuxClipboardKind,
    time: Duration,
    announce: impl FnOnce() -> std::io::Result<()>,
) -> Option<()> {
    let deadline = Env::clock() + time;
    let mut clipboard = Clipboard::new().ok()?;
    clipboard.set().clipboard(kind).exclude_from_history().text(text).ok()?;
    announce().ok()?;
    // On X11 this returns early when another program fills the clipboard; elsewhere it returns at once.
    clipboard.set().clipboard(kind).exclude_from_history().wait_until(deadline).text(text).ok()?;
    if !is_ours(&mut clipboard, kind, text) {
        return Some(());
    }
    std::thread::sleep(deadline.saturating_duration_since(Env::clock()));
    if is_ours(&mut clipboard, kind, text) {
        clipboard.clear_with().clipboard(kind).ok()?;
    }
    Some(())
}

fn is_ours(clipboard: &mut Clipboard, kind: LinuxClipboardKind, text: &str) -> bool {
    clipboard.get().clipboard(kind).text().map(Zeroizing::new).is_ok_and(|held| held.as_str() == text)
}

/// OSC 52 (xterm control sequences, "Manipulate Selection Data"): the clipboard, or the primary selection, becomes these
/// bytes; none empty it. Inside tmux it is wrapped so that tmux hands it on (tmux(1), `allow-passthrough`): tmux's own
/// handling would keep the secret in a buffer.
fn terminal_sequence(bytes: &[u8], primary: bool, in_tmux: bool) -> Secret {
    let mut encoded = Zeroizing::new(vec![0; bytes.len().div_ceil(3) * 4]);
    let length = STANDARD.encode_slice(bytes, &mut encoded).unwrap_or(0);
    let target: &[u8] = if primary { b"p;" } else { b"c;" };
    let (start, end): (&[u8], &[u8]) =
        if in_tmux { (b"\x1bPtmux;\x1b\x1b]52;", b"\x07\x1b\\") } else { (b"\x1b]52;", b"\x07") };
    let mut sequence = Secret::with_capacity(length + 32);
    for part in [start, target, &encoded[..length], end] {
        sequence.push(part);
    }
    sequence
}

#[cfg(test)]
mod tests {
    use super::super::options::Typed;
    use super::*;

    fn copied(vars: &[(&str, &str)], bytes: &[u8]) -> Result<Copied, ClipboardError> {
        let env = Env::made_of([("HOME", "/nonexistent")].iter().chain(vars).copied());
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        copy(&env, &options, Secret::new(bytes.to_vec()))
    }

    #[test]
    fn without_a_display_the_terminal_is_asked() {
        let Ok(Copied::Terminal { sequence, clearing, seconds }) = copied(&[], b"hunter2") else {
            panic!("no sequence")
        };
        assert_eq!(sequence.expose(), b"\x1b]52;c;aHVudGVyMg==\x07");
        assert_eq!(clearing, b"\x1b]52;c;\x07");
        assert_eq!(seconds, 45);
    }

    #[test]
    fn tmux_hands_it_on_and_primary_is_primary() {
        let vars =
            [("TMUX", "/tmp/x,1,0"), ("PASSWORD_STORE_X_SELECTION", "primary"), ("PASSWORD_STORE_CLIP_TIME", "5")];
        let Ok(Copied::Terminal { sequence, seconds, .. }) = copied(&vars, b"\xff") else { panic!("no sequence") };
        assert_eq!(sequence.expose(), b"\x1bPtmux;\x1b\x1b]52;p;/w==\x07\x1b\\");
        assert_eq!(seconds, 5);
    }

    #[test]
    fn too_much_is_refused() {
        assert!(matches!(copied(&[], &vec![b'x'; COPY_MAX + 1]), Err(ClipboardError::TooLarge { .. })));
    }
}
