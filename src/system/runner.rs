//! A process of ours that others look for later: whether it still runs. A number alone does not tell, because numbers are
//! given out again; the time of its start, the boot and the machine do.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A process, so that it is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runner {
    pub pid: u32,
    /// In ticks after the boot (proc_pid_stat(5), field 22).
    pub started: u64,
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot: String,
    /// The machine's name: a home may be on several.
    pub host: String,
    /// The namespace that its number is of (namespaces(7)).
    pub namespace: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Runs,
    Gone,
    /// On another machine, in another namespace, or there is no `/proc`.
    Untold,
}

impl Runner {
    /// This process; None without `/proc`.
    pub fn own() -> Option<Runner> {
        let pid = std::process::id();
        let (boot, host, namespace) = surroundings()?;
        Some(Runner { pid, started: started(pid)?, boot, host, namespace })
    }

    pub fn life(&self) -> Life {
        match surroundings() {
            Some((_, host, _)) if host != self.host => Life::Untold,
            Some((boot, ..)) if boot != self.boot => Life::Gone,
            Some((_, _, namespace)) if namespace != self.namespace => Life::Untold,
            Some(_) if started(self.pid) == Some(self.started) => Life::Runs,
            Some(_) => Life::Gone,
            None => Life::Untold,
        }
    }
}

/// The boot, the machine's name and the namespace of our numbers.
fn surroundings() -> Option<(String, String, String)> {
    let line = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
    let namespace = std::fs::read_link(Path::new("/proc/self/ns/pid")).ok()?;
    let boot = line("/proc/sys/kernel/random/boot_id")?;
    Some((boot, line("/proc/sys/kernel/hostname")?, namespace.to_string_lossy().into_owned()))
}

/// When a process began; None for one that is not there, or has ended and was not waited for.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The name in the second field may hold anything, blanks and brackets too.
    let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_again_and_a_dead_one_is_gone() {
        let own = Runner::own().expect("a process");
        assert_eq!(own.life(), Life::Runs);
        let mut child =
            std::process::Command::new("/bin/cat").stdin(std::process::Stdio::piped()).spawn().expect("cat");
        let theirs = Runner { pid: child.id(), started: started(child.id()).expect("alive"), ..own.clone() };
        assert_eq!(theirs.life(), Life::Runs);
        child.kill().expect("killed");
        // Dead and not yet waited for: it runs no more.
        while started(child.id()).is_some() {
            std::thread::yield_now();
        }
        assert_eq!(theirs.life(), Life::Gone);
        child.wait().expect("waited for");
        assert_eq!(theirs.life(), Life::Gone);
        for (other, life) in [
            (Runner { started: own.started + 1, ..own.clone() }, Life::Gone),
            (Runner { boot: "another".to_owned(), ..own.clone() }, Life::Gone),
            (Runner { host: "another".to_owned(), boot: "another".to_owned(), ..own.clone() }, Life::Untold),
            (Runner { namespace: "another".to_owned(), ..own.clone() }, Life::Untold),
        ] {
            assert_eq!(other.life(), life, "{other:?}");
        }
    }
}
