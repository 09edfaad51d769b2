//! Child processes with a time limit and bounded output, and what this process does to itself before it holds a secret.
//! Knows no program; never goes through a shell. Any room of `system` may call it.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, kill_process_group, setrlimit};
use zeroize::Zeroizing;

use super::env::Env;
use crate::model::{Problem, Secret, text};

/// Variables that send git to another repository than the one a command is about (git(1), "ENVIRONMENT VARIABLES: The
/// Git Repository"); pass unsets them too.
const GIT_REDIRECTS: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_NAMESPACE",
    "GIT_INDEX_FILE",
    "GIT_INDEX_VERSION",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
];

/// How often a child that closed its output, or left it open to a grandchild, is asked whether it ended.
const ENDED_PAUSE: Duration = Duration::from_millis(2);

/// How long a child that is ended may take to clear up.
const ENDING: Duration = Duration::from_secs(3);

/// What a child may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub time: Duration,
    /// Bytes of stdout. More ends the child with an error.
    pub stdout: usize,
}

/// Bytes of stderr kept; the rest is read and dropped.
const STDERR_MAX: usize = 64 << 10;

/// A child that ended by itself.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: Secret,
    /// Foreign text: escape before it reaches a message.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// The last line with text on stderr, escaped and cut short: what a program says went wrong.
    pub fn complaint(&self) -> String {
        text::bounded(self.last_words())
    }

    /// That line as it is: foreign text.
    pub fn last_words(&self) -> &[u8] {
        let mut lines = self.stderr.split(|byte| *byte == b'\n').rev().map(<[u8]>::trim_ascii);
        lines.find(|line| !line.is_empty()).unwrap_or_default()
    }
}

/// Why there is no `Finished`.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("{} is not installed, or not in PATH", text::quoted(.program))]
    Missing { program: String },
    #[error("{} cannot be run: {source}", text::quoted(.program))]
    Io { program: String, source: io::Error },
    #[error("{} did not end within {} seconds and was stopped", text::quoted(.program), .limit.as_secs())]
    TimedOut { program: String, limit: Duration },
    #[error("{} wrote more than {max} bytes and was stopped", text::quoted(.program))]
    TooMuch { program: String, max: usize },
    /// Whoever watched it said so.
    #[error("{} was called off", text::quoted(.program))]
    CalledOff { program: String },
}

impl From<ProcessError> for Problem {
    fn from(error: ProcessError) -> Problem {
        match error {
            ProcessError::CalledOff { .. } => Problem::cancelled(error.to_string()),
            _ => Problem::failed(error.to_string()),
        }
    }
}

/// How a child runs besides its limits.
pub struct Manner<'a> {
    /// Leave it in our process group, so that it may ask on our terminal. A limit then ends the child alone, not what it
    /// started.
    pub on_our_terminal: bool,
    /// Called with each piece of stderr (foreign text), and with nothing every 50 ms at least; false ends the child.
    pub watch: &'a mut dyn FnMut(&[u8]) -> bool,
}

/// A command with these surroundings and none of the variables that redirect git.
pub fn command(env: &Env, program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(env.vars().filter(|(name, _)| !GIT_REDIRECTS.iter().any(|redirect| name == redirect)));
    command
}

/// Runs a command to its end: `input` on stdin, stdout and stderr collected. The child gets a process group of its own,
/// which is killed as a whole when a limit is reached; on return nothing of it is left but what it made a daemon.
pub fn run(command: &mut Command, input: &[u8], limits: Limits) -> Result<Finished, ProcessError> {
    run_watched(command, input, limits, Manner { on_our_terminal: false, watch: &mut |_| true })
}

/// As `run`, with somebody who looks on and may end it.
pub fn run_watched(
    command: &mut Command,
    input: &[u8],
    limits: Limits,
    manner: Manner<'_>,
) -> Result<Finished, ProcessError> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if !manner.on_our_terminal {
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ProcessError::Missing { program: program.clone() },
        _ => ProcessError::Io { program: program.clone(), source },
    })?;
    // Held until the child is ended: one that clears up and says so would die of a closed pipe.
    let mut pipes = Pipes { stdin: child.stdin.take(), stdout: child.stdout.take(), stderr: child.stderr.take() };
    let finished = attend(&mut child, &mut pipes, input, limits, &program, manner.watch);
    if finished.is_err() {
        end(&mut child, manner.on_our_terminal);
    }
    finished
}

/// Ends a child: asked first, so that it can remove its lock files, then killed.
fn end(child: &mut Child, alone: bool) {
    let pid = Pid::from_child(child);
    let send = |signal| if alone { kill_process(pid, signal) } else { kill_process_group(pid, signal) };
    // The number of a child that was waited for may be another's by now; a group's is not while any of it is there.
    if !alone || matches!(child.try_wait(), Ok(None)) {
        let _ = send(Signal::TERM);
    }
    let deadline = Instant::now() + ENDING;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        std::thread::sleep(ENDED_PAUSE);
    }
    if !alone {
        let _ = send(Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Our ends of a child's three pipes.
struct Pipes {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

/// Writes and reads whatever is ready until the child has ended and its output is empty.
fn attend(
    child: &mut Child,
    pipes: &mut Pipes,
    input: &[u8],
    limits: Limits,
    program: &str,
    watch: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Finished, ProcessError> {
    let fault = |source: io::Error| ProcessError::Io { program: program.to_owned(), source };
    let timed_out = || ProcessError::TimedOut { program: program.to_owned(), limit: limits.time };
    let deadline = Instant::now() + limits.time;
    let Pipes { stdin, stdout, stderr } = pipes;
    let ends = [stdin.as_ref().map(AsFd::as_fd), stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)];
    for pipe in ends.into_iter().flatten() {
        rustix::io::ioctl_fionbio(pipe, true).map_err(|error| fault(error.into()))?;
    }
    let mut unwritten = input;
    let mut said = Secret::default();
    let mut complained = Secret::default();
    let mut ended = None;
    loop {
        write_some(stdin, &mut unwritten).map_err(fault)?;
        let seen = complained.len();
        let heard = read_some(stdout, &mut said, limits.stdout + 1).map_err(fault)?
            | read_some(stderr, &mut complained, STDERR_MAX).map_err(fault)?;
        if !watch(&complained.expose()[seen..]) {
            return Err(ProcessError::CalledOff { program: program.to_owned() });
        }
        if said.len() > limits.stdout {
            return Err(ProcessError::TooMuch { program: program.to_owned(), max: limits.stdout });
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match ended {
            Some(status) if !heard => {
                return Ok(Finished { status, stdout: said, stderr: complained.expose().to_vec() });
            }
            _ if left.is_zero() => return Err(timed_out()),
            Some(_) => {}
            None => ended = child.try_wait().map_err(fault)?,
        }
        if ended.is_none() {
            wait_ready(stdin, stdout, stderr, left.min(Duration::from_millis(50))).map_err(fault)?;
        }
    }
}

fn wait_ready(
    stdin: &Option<impl AsFd>,
    stdout: &Option<impl AsFd>,
    stderr: &Option<impl AsFd>,
    limit: Duration,
) -> io::Result<()> {
    let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(3);
    fds.extend(stdin.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
    fds.extend(stdout.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
    fds.extend(stderr.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
    // A child that closed its output has nothing more to wake us with.
    let limit = if stdout.is_none() && stderr.is_none() { limit.min(ENDED_PAUSE) } else { limit };
    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
    match poll(&mut fds, Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Writes what fits and closes the pipe after the last byte, or when the child does not want it.
fn write_some(pipe: &mut Option<impl Write>, unwritten: &mut &[u8]) -> io::Result<()> {
    while let Some(open) = pipe {
        if unwritten.is_empty() {
            *pipe = None;
            return Ok(());
        }
        match open.write(unwritten) {
            Ok(count) => *unwritten = &unwritten[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => *pipe = None,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes what is there, keeping at most `max` bytes in all. True when something came.
fn read_some(pipe: &mut Option<impl Read>, into: &mut Secret, max: usize) -> io::Result<bool> {
    let mut buffer = Zeroizing::new([0u8; 4096]);
    let mut heard = false;
    while let Some(open) = pipe {
        match open.read(buffer.as_mut()) {
            Ok(0) => *pipe = None,
            Ok(count) => {
                heard = true;
                into.push(&buffer[..count.min(max.saturating_sub(into.len()))]);
                if into.len() >= max {
                    return Ok(heard);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(heard)
}

/// Makes this process unfit for being looked into: no core dump, and on Linux not attachable by other processes of the
/// same user. Every frontend that will hold a secret calls it first. Fails silently where the system forbids it.
pub fn harden() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { time: Duration::from_secs(20), stdout: 1 << 20 };

    fn sh(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn input_and_both_outputs_flow_at_once() {
        let input = vec![b'x'; 300_000];
        let finished = run(&mut sh("echo no >&2; cat; echo bad >&2; exit 3"), &input, LIMITS).expect("ends");
        assert_eq!(finished.status.code(), Some(3));
        assert_eq!(finished.stdout.expose(), input);
        assert_eq!(finished.complaint(), "bad");
    }

    #[test]
    fn a_child_that_does_not_read_is_no_error() {
        let finished = run(&mut sh("exec <&-; echo done"), &vec![b'x'; 300_000], LIMITS).expect("ends");
        assert_eq!(finished.stdout.expose(), b"done\n");
    }

    #[test]
    fn a_slow_child_is_stopped_with_its_children() {
        let marker = tempfile::tempdir().expect("a folder");
        let file = marker.path().join("pid");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let limits = Limits { time: Duration::from_millis(300), ..LIMITS };
        let error = run(&mut sh(&script), b"", limits).expect_err("stopped");
        assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
        let pid: i32 = std::fs::read_to_string(&file).expect("its pid").trim().parse().expect("a number");
        let deadline = Instant::now() + Duration::from_secs(10);
        // The killed grandchild may stay a zombie where nobody reaps; it must not be running.
        let running = || std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        while running() {
            assert!(Instant::now() < deadline, "the grandchild lives on");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_flood_is_stopped_and_a_daemon_does_not_hold_us() {
        let error = run(&mut sh("yes"), b"", Limits { stdout: 10_000, ..LIMITS }).expect_err("stopped");
        assert!(matches!(error, ProcessError::TooMuch { max: 10_000, .. }), "{error}");
        let started = Instant::now();
        let finished = run(&mut sh("sleep 5 & echo up"), b"", LIMITS).expect("ends");
        assert_eq!(finished.stdout.expose(), b"up\n");
        assert!(started.elapsed() < Duration::from_secs(4));
    }

    #[test]
    fn whoever_watches_hears_and_ends_it_and_it_may_clear_up() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = folder.path().join("lock");
        let script = format!(
            "trap 'rm {0}; exit 1' TERM; touch {0}; echo ready >&2; while :; do sleep 0.01; done",
            lock.display()
        );
        let mut heard = Vec::new();
        let mut watch = |piece: &[u8]| {
            heard.extend_from_slice(piece);
            !heard.ends_with(b"ready\n")
        };
        let manner = Manner { on_our_terminal: false, watch: &mut watch };
        let error = run_watched(&mut sh(&script), b"", LIMITS, manner).expect_err("called off");
        assert!(matches!(error, ProcessError::CalledOff { .. }), "{error}");
        assert_eq!((heard.as_slice(), lock.exists()), (&b"ready\n"[..], false));
    }

    #[test]
    fn what_is_missing_is_named_and_git_is_not_redirected() {
        let error = run(&mut Command::new("no-such-program-here"), b"", LIMITS).expect_err("missing");
        assert!(error.to_string().contains("\"no-such-program-here\" is not installed"), "{error}");
        let env = Env::made_of([("HOME", "/x"), ("GIT_DIR", "/elsewhere"), ("GIT_AUTHOR_NAME", "a")]);
        let finished = run(&mut command(&env, "/usr/bin/env"), b"", LIMITS).expect("ends");
        let vars = String::from_utf8_lossy(finished.stdout.expose()).into_owned();
        assert!(vars.contains("GIT_AUTHOR_NAME=a") && !vars.contains("GIT_DIR"), "{vars}");
    }
}
