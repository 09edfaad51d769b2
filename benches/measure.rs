//! One child process from outside: wall time, processor time and peak memory as the kernel accounts them.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What one process cost, with all its children that it waited for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Run {
    pub wall: Duration,
    pub cpu: Duration,
    /// The largest resident set of any one process, in KiB (getrusage(2), `ru_maxrss`).
    pub peak_kib: i64,
}

/// Two commands measured in turn.
#[derive(Debug)]
pub struct Pair {
    pub ours: Run,
    pub peer: Run,
    pub wall_ratio: f64,
    pub cpu_ratio: f64,
}

/// Makes the next command to time, with its input. Preparing is not timed.
pub type Side = dyn FnMut() -> (Command, Vec<u8>);

impl Pair {
    pub fn measure(runs: usize, ours: &mut Side, peer: &mut Side) -> Pair {
        time(ours);
        time(peer);
        let pairs: Vec<(Run, Run)> = (0..runs).map(|_| (time(ours), time(peer))).collect();
        let ratio = |pick: fn(&Run) -> Duration| {
            median(pairs.iter().map(|(a, b)| pick(a).as_secs_f64() / pick(b).as_secs_f64().max(1e-9)).collect())
        };
        Pair {
            ours: middle(pairs.iter().map(|(ours, _)| *ours).collect()),
            peer: middle(pairs.iter().map(|(_, peer)| *peer).collect()),
            wall_ratio: ratio(|run| run.wall),
            cpu_ratio: ratio(|run| run.cpu),
        }
    }
}

fn time(side: &mut Side) -> Run {
    let (mut command, input) = side();
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().expect("a child");
    {
        use std::io::Write;
        let _ = child.stdin.take().expect("stdin").write_all(&input);
    }
    let (cpu, peak_kib) = reap(child);
    Run { wall: start.elapsed(), cpu, peak_kib }
}

/// Waits for the child and asks the kernel what it used.
#[allow(unsafe_code)]
fn reap(child: Child) -> (Duration, i64) {
    let mut status = 0;
    let pid = i32::try_from(child.id()).expect("a pid");
    // SAFETY: `rusage` is plain old data, for which all zeroes is a valid value, and both pointers are to live locals.
    // The standard library has no way to ask for one child's usage.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        assert_eq!(libc::wait4(pid, &mut status, 0, &mut usage), pid);
        usage
    };
    let span = |time: libc::timeval| Duration::new(time.tv_sec.unsigned_abs(), time.tv_usec as u32 * 1000);
    (span(usage.ru_utime) + span(usage.ru_stime), usage.ru_maxrss)
}

fn middle(runs: Vec<Run>) -> Run {
    let seconds = |pick: fn(&Run) -> Duration| {
        Duration::from_secs_f64(median(runs.iter().map(|run| pick(run).as_secs_f64()).collect()))
    };
    Run {
        wall: seconds(|run| run.wall),
        cpu: seconds(|run| run.cpu),
        peak_kib: runs.iter().map(|run| run.peak_kib).max().unwrap_or_default(),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
