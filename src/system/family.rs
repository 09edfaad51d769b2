//! A process and all that it started, told to end together. Not by process group: an editor shares ours, so that it can use
//! our terminal. What made itself a daemon is nobody's child any more and goes on.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::env::Env;

/// Between two looks at who is still there.
const PAUSE: Duration = Duration::from_millis(5);

/// Longer than any line in `/proc/PID/stat` up to the start time, in bytes.
const STAT_MAX: u64 = 1024;

/// A process among all that ever ran: numbers are given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    pid: Pid,
    /// Ticks since the machine started.
    born: u64,
}

/// What `/proc/PID/stat` says (proc(5)).
struct Stat {
    state: u8,
    parent: i32,
    born: u64,
}

/// Asks a process and its descendants to end, and kills after that time whoever is left. `has_ended` takes the process itself
/// out of the table of processes once it is over.
pub fn end(first: Pid, grace: Duration, mut has_ended: impl FnMut() -> bool) {
    let mut family: Vec<Member> = stat(first).map(|stat| Member { pid: first, born: stat.born }).into_iter().collect();
    // Stopped first, so that none starts another one while the rest is looked for.
    let mut stopped = 0;
    while stopped < family.len() {
        family[stopped..].iter().for_each(|member| member.send(Signal::STOP));
        stopped = family.len();
        let found = children_of(&family);
        family.extend(found);
    }
    for signal in [Signal::TERM, Signal::CONT] {
        family.iter().for_each(|member| member.send(signal));
    }
    let told = Env::clock();
    while told.elapsed() < grace {
        let first_is_over = has_ended();
        family.retain(Member::lives);
        if first_is_over && family.is_empty() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    family.iter().for_each(|member| member.send(Signal::KILL));
}

impl Member {
    fn send(&self, signal: Signal) {
        if self.lives() {
            // One that has just ended, or is another user's, is passed over.
            let _ = kill_process(self.pid, signal);
        }
    }

    fn lives(&self) -> bool {
        stat(self.pid).is_some_and(|now| now.born == self.born && now.state != b'Z')
    }
}

/// Those that have a parent in the family and are not in it.
fn children_of(family: &[Member]) -> Vec<Member> {
    let running = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = running.filter_map(|item| Pid::from_raw(item.file_name().to_str()?.parse().ok()?));
    let new = pids.filter(|pid| family.iter().all(|member| member.pid != *pid));
    new.filter_map(|pid| {
        let stat = stat(pid)?;
        let is_child = family.iter().any(|member| member.pid.as_raw_nonzero().get() == stat.parent);
        is_child.then_some(Member { pid, born: stat.born })
    })
    .collect()
}

fn stat(pid: Pid) -> Option<Stat> {
    let file = PathBuf::from(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let mut text = Vec::new();
    std::fs::File::open(file).ok()?.take(STAT_MAX).read_to_end(&mut text).ok()?;
    // The name, in parentheses, may hold anything, parentheses too.
    let after = text.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&text[after..]).ok()?.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    let parent = fields.next()?.parse().ok()?;
    // The 22nd field; the parent's is the 4th.
    Some(Stat { state, parent, born: fields.nth(17)?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn children_and_theirs_end_and_nobody_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("pids");
        // The grandchild does not listen.
        let script = "sh -c 'trap \"\" TERM; echo $$ >> \"$0\"; sleep 60; sleep 60' \"$0\" & echo $$ >> \"$0\"; wait";
        let start = |file: &std::path::Path| {
            Command::new("sh")
                .arg("-c")
                .arg(script)
                .arg(file)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .expect("started")
        };
        let other_file = dir.path().join("other");
        let (mut child, mut other) = (start(&file), start(&other_file));
        let pids = |file: &std::path::Path| loop {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let pids: Vec<Pid> = text.lines().filter_map(|line| Pid::from_raw(line.parse().ok()?)).collect();
            if pids.len() == 2 && text.ends_with('\n') {
                return pids;
            }
            std::thread::sleep(PAUSE);
        };
        let (family, others) = (pids(&file), pids(&other_file));
        let lives = |pid: &Pid| stat(*pid).is_some_and(|stat| stat.state != b'Z');
        let first = Pid::from_child(&child);
        end(first, Duration::from_millis(50), || matches!(child.try_wait(), Ok(Some(_))));
        let ended = Env::clock();
        while family.iter().any(lives) {
            assert!(ended.elapsed() < Duration::from_secs(20), "still there");
            std::thread::sleep(PAUSE);
        }
        assert!(others.iter().all(lives));
        let first = Pid::from_child(&other);
        end(first, Duration::ZERO, || matches!(other.try_wait(), Ok(Some(_))));
        let _ = (child.wait(), other.wait());
    }
}
