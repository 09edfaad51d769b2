//! The only reader of the surroundings: environment variables, home, current folder, PATH, clock, ids, terminals.
//! A snapshot taken once, so that the same input gives the same answer and a test can make one by hand.
//! Says what is there; what it means is `options.rs`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// What a process sees of its surroundings.
#[derive(Clone, Debug)]
pub struct Env {
    vars: BTreeMap<OsString, OsString>,
    cwd: PathBuf,
    /// The current folder was removed, or may not be looked at: `cwd` stands for nothing.
    cwd_gone: bool,
    home: Option<PathBuf>,
    config_dir: Option<PathBuf>,
    state_dir: Option<PathBuf>,
    uid: u32,
    /// Known without asking the user database.
    user: Option<String>,
    parent: u32,
    taken: Instant,
    /// False when made by hand: then no descriptor of this process is looked at.
    own: bool,
}

impl Env {
    /// This process's own surroundings.
    pub fn from_process() -> Env {
        let vars: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        let home = set(&vars, "HOME").map(PathBuf::from).or_else(passwd_home);
        let dirs = directories::BaseDirs::new();
        let dir = |pick: fn(&directories::BaseDirs) -> Option<PathBuf>| dirs.as_ref().and_then(pick);
        let cwd = std::env::current_dir();
        Env {
            cwd_gone: cwd.is_err(),
            cwd: cwd.unwrap_or_else(|_| PathBuf::from("/")),
            config_dir: dir(|dirs| Some(dirs.config_dir().to_owned())),
            state_dir: dir(|dirs| dirs.state_dir().map(Path::to_owned)),
            uid: rustix::process::getuid().as_raw(),
            user: None,
            parent: rustix::process::getppid().map_or(0, |pid| pid.as_raw_pid().unsigned_abs()),
            taken: Instant::now(),
            home,
            vars,
            own: true,
        }
    }

    /// Surroundings made by hand: these variables, `HOME` among them, and nothing of the real ones.
    pub fn made_of<K: Into<OsString>, V: Into<OsString>>(vars: impl IntoIterator<Item = (K, V)>) -> Env {
        let vars: BTreeMap<OsString, OsString> = vars.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        let home = set(&vars, "HOME").map(PathBuf::from);
        let below_home = |name: &str, rest: &str| {
            set(&vars, name).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(rest)))
        };
        Env {
            cwd: PathBuf::from("/"),
            cwd_gone: false,
            config_dir: below_home("XDG_CONFIG_HOME", ".config"),
            state_dir: below_home("XDG_STATE_HOME", ".local/state"),
            uid: rustix::process::getuid().as_raw(),
            user: set(&vars, "USER").and_then(OsStr::to_str).map(str::to_owned),
            parent: 0,
            taken: Instant::now(),
            home,
            vars,
            own: false,
        }
    }

    /// A variable's value; unset and empty are the same.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        set(&self.vars, name)
    }

    /// A variable's value as text; unset, empty and not UTF-8 are the same.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.var(name)?.to_str()
    }

    /// Every variable, for handing on to a child.
    pub fn vars(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.vars.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    /// `$HOME`, else the home in the user database; None where neither names one.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The platform's folder for configuration (`~/.config`), not yet regpass's own.
    pub fn config_dir(&self) -> Option<&Path> {
        self.config_dir.as_deref()
    }

    /// The platform's folder for state (`~/.local/state`), not yet regpass's own.
    pub fn state_dir(&self) -> Option<&Path> {
        self.state_dir.as_deref()
    }

    pub fn cwd(&self) -> &Path {
        &self.cwd
    }

    /// True where a relative path means nothing, because there is no current folder.
    pub fn lacks_cwd(&self) -> bool {
        self.cwd_gone
    }

    /// The real user id.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The name of the user with our id (`/etc/passwd`), else `$USER`; in surroundings made by hand `$USER` first.
    pub fn user_name(&self) -> Option<String> {
        let of_passwd = || passwd_line(self.uid).and_then(|line| line.split(':').next().map(str::to_owned));
        self.user.clone().or_else(of_passwd).or_else(|| self.text("USER").map(str::to_owned))
    }

    /// The user's name as a screen shows it: `$REGPASS_FIXED_USER` if set, so that pictures of the screen can be compared.
    /// Only for showing; nothing may depend on it.
    pub fn shown_user_name(&self) -> Option<String> {
        self.text("REGPASS_FIXED_USER").map(str::to_owned).or_else(|| self.user_name())
    }

    /// The process that started us; 0 when unknown.
    pub fn parent(&self) -> u32 {
        self.parent
    }

    /// The command name of the process that started us, at most 15 bytes (proc(5), `comm`); never its arguments. None when
    /// it is gone, unknown or in another PID namespace.
    pub fn parent_program(&self) -> Option<Vec<u8>> {
        if self.parent == 0 {
            return None;
        }
        let mut name = std::fs::read(format!("/proc/{}/comm", self.parent)).ok()?;
        name.truncate(name.trim_ascii_end().len());
        Some(name)
    }

    /// The file that runs, links resolved. None where `/proc` is not mounted.
    pub fn program(&self) -> Option<PathBuf> {
        std::env::current_exe().ok()?.canonicalize().ok()
    }

    /// How long ago this snapshot was taken; not stopped by `REGPASS_FIXED_TIME`.
    pub fn elapsed(&self) -> Duration {
        self.taken.elapsed()
    }

    /// A path as the shell would have meant it relative to the current folder; `~` stays as it is.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        if path.is_absolute() { path.to_owned() } else { self.cwd.join(path) }
    }

    /// The path with a leading `~/` (or a lone `~`) replaced by the home.
    pub fn expand_home(&self, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), self.home()) {
            (Ok(rest), Some(home)) if rest.as_os_str().is_empty() => home.to_owned(),
            (Ok(rest), Some(home)) => home.join(rest),
            _ => path.to_owned(),
        }
    }

    /// The folders of `$PATH` in order; relative ones included as written.
    pub fn path_dirs(&self) -> Vec<PathBuf> {
        self.var("PATH").map(split_paths).unwrap_or_default()
    }

    /// The first executable file of that name on `$PATH`; relative folders are passed over, as Docker does.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        self.path_dirs()
            .into_iter()
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(name))
            .find(|file| is_program(file))
    }

    /// The terminal that a person sits at: `$GPG_TTY`, else the one behind stderr, stdout or stdin, else the process's
    /// controlling terminal (a helper's own descriptors are usually pipes). None where there is none.
    pub fn terminal(&self) -> Option<OsString> {
        if let Some(named) = self.var("GPG_TTY") {
            return Some(named.to_owned());
        }
        if !self.own {
            return None;
        }
        let behind = rustix::termios::ttyname(rustix::stdio::stderr(), Vec::new())
            .or_else(|_| rustix::termios::ttyname(rustix::stdio::stdout(), Vec::new()))
            .or_else(|_| rustix::termios::ttyname(rustix::stdio::stdin(), Vec::new()));
        behind.ok().map(|name| OsStr::from_bytes(name.to_bytes()).to_owned()).or_else(controlling_terminal)
    }

    /// The clock for measuring and waiting: never set back, and not stopped by `REGPASS_FIXED_TIME`.
    pub fn clock() -> Instant {
        Instant::now()
    }

    /// The clock. `REGPASS_FIXED_TIME` (seconds since 1970) stops it, so that pictures of the screen can be compared.
    pub fn now(&self) -> SystemTime {
        match self.text("REGPASS_FIXED_TIME").and_then(|seconds| seconds.parse().ok()) {
            Some(seconds) => SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            None => self.unstopped(),
        }
    }

    /// The clock that nothing stops, for what may not depend on how a picture is to look: whether a key is valid.
    pub fn unstopped(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The folders of a search path in order.
pub fn split_paths(path: &OsStr) -> Vec<PathBuf> {
    std::env::split_paths(path).collect()
}

/// True when somebody types what we read.
pub fn stdin_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stdin())
}

/// The name of the controlling terminal, by its device number in `/proc/self/stat` (proc_pid_stat(5), field 7). The name
/// is needed because `/dev/tty` means nothing to the process that draws a pinentry.
fn controlling_terminal() -> Option<OsString> {
    // One line of some 300 bytes, which one read takes whole.
    let mut line = [0; 1024];
    let length = std::fs::File::open("/proc/self/stat").ok()?.read(&mut line).ok()?;
    let stat = String::from_utf8_lossy(&line[..length]);
    let after_name = &stat[stat.rfind(')')? + 1..];
    let device: u64 = after_name.split_whitespace().nth(4)?.parse().ok().filter(|device| *device != 0)?;
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00));
    // Linux, Documentation/admin-guide/devices.txt: 4 is the console's terminals, 136 and up are pseudo terminals.
    let name = match major {
        4 if minor < 64 => format!("/dev/tty{minor}"),
        136..=143 => format!("/dev/pts/{}", (major - 136) * 256 + minor),
        _ => return None,
    };
    let same =
        rustix::fs::stat(&name).is_ok_and(|found| found.st_rdev == rustix::fs::makedev(major as u32, minor as u32));
    same.then(|| name.into())
}

/// True for a regular file (links followed) that this user may run.
pub fn is_program(file: &Path) -> bool {
    file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
}

fn set<'a>(vars: &'a BTreeMap<OsString, OsString>, name: &str) -> Option<&'a OsStr> {
    vars.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
}

fn passwd_home() -> Option<PathBuf> {
    let line = passwd_line(rustix::process::getuid().as_raw())?;
    line.split(':').nth(5).filter(|home| !home.is_empty()).map(PathBuf::from)
}

/// The user's line in `/etc/passwd` (passwd(5)). Users that only a directory service knows are not found.
fn passwd_line(uid: u32) -> Option<String> {
    let file = std::fs::read("/etc/passwd").ok()?;
    let uid = uid.to_string();
    file.split(|byte| *byte == b'\n')
        .find(|line| line.split(|byte| *byte == b':').nth(2) == Some(uid.as_bytes()))
        .map(|line| String::from_utf8_lossy(OsStr::from_bytes(line).as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_is_unset() {
        let env = Env::made_of([("HOME", "/home/a"), ("PASSWORD_STORE_DIR", "")]);
        assert_eq!(env.var("PASSWORD_STORE_DIR"), None);
        assert_eq!(env.home(), Some(Path::new("/home/a")));
    }

    #[test]
    fn tilde_is_the_home_only_in_front() {
        let env = Env::made_of([("HOME", "/home/a")]);
        assert_eq!(env.expand_home(Path::new("~/x")), Path::new("/home/a/x"));
        assert_eq!(env.expand_home(Path::new("~")), Path::new("/home/a"));
        assert_eq!(env.expand_home(Path::new("~bob/x")), Path::new("~bob/x"));
        assert_eq!(env.expand_home(Path::new("/a/~/x")), Path::new("/a/~/x"));
    }

    #[test]
    fn the_name_that_is_shown_can_be_fixed_and_the_real_one_cannot() {
        let env = Env::made_of([("USER", "bob"), ("REGPASS_FIXED_USER", "alice")]);
        assert_eq!((env.shown_user_name().as_deref(), env.user_name().as_deref()), (Some("alice"), Some("bob")));
    }

    #[test]
    fn the_clock_can_be_stopped() {
        let env = Env::made_of([("REGPASS_FIXED_TIME", "86400")]);
        assert_eq!(env.now(), SystemTime::UNIX_EPOCH + Duration::from_secs(86400));
    }
}
