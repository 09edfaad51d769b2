//! Facts of GnuPG as it is set up here: its programs, its home, the agent, and how a passphrase would be asked for. Starts
//! `gpg --version` and nothing else.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::keyholders::{AgentSeen, Keyholders, KeysMissed, OwnKey};
use super::{FolderSeen, folder};
use crate::ops::audit::places::Scope;
use crate::system::System;
use crate::system::agent::{is_graphical, is_not_started, socket};
use crate::system::env;
use crate::system::files;
use crate::system::process::{self, Limits};

/// What `gpg --version` may take.
const LIMITS: Limits = Limits { time: Duration::from_secs(3), stdout: 64 << 10 };

/// The largest configuration read, in bytes.
const CONF_MAX: u64 = 1 << 20;

/// GnuPG, where it keeps the keys.
#[derive(Debug, Default)]
pub struct GnupgSeen {
    /// A store is here, or Docker's configuration names one's helper, and no key file is used instead.
    pub is_used: bool,
    /// None: it is not on PATH. Err: why it does not say its version.
    pub gpg: Option<Result<String, String>>,
    pub has_agent_program: bool,
    pub home: FolderSeen,
    pub secret_keys: FolderSeen,
    /// Where the agent listens.
    pub socket: PathBuf,
    pub agent: AgentSeen,
    /// GnuPG's configuration forbids starting one.
    pub is_not_started: bool,
    pub own: Vec<OwnKey>,
    pub pinentry: PinentrySeen,
    pub way: WaySeen,
    /// `gpg-agent.conf`, where it is there.
    pub conf: Option<PathBuf>,
    /// Seconds, and the line that says so: `default-cache-ttl`, `max-cache-ttl`.
    pub cache: [Option<(u64, usize)>; 2],
    /// Pinentries whose terminal is gone.
    pub stale: Vec<(u32, PathBuf)>,
    pub keys: KeysMissed,
    /// Of GnuPG's configuration.
    pub missed: Vec<String>,
}

/// The program that asks for a passphrase.
#[derive(Debug, Default)]
pub struct PinentrySeen {
    /// As `gpg-agent.conf` names it, with its line.
    pub chosen: Option<(PathBuf, usize)>,
    /// The program itself, links followed; None: it is not there, or cannot be run.
    pub program: Option<PathBuf>,
}

impl PinentrySeen {
    /// True for one that draws in a window.
    pub fn is_graphical(&self) -> bool {
        let name = self.program.as_deref().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        name.strip_prefix("pinentry-").is_some_and(is_graphical)
    }
}

/// How a person here could be asked.
#[derive(Debug, Default)]
pub struct WaySeen {
    pub has_display: bool,
    /// The terminal of this process.
    pub terminal: Option<PathBuf>,
    /// `$GPG_TTY`, and whether that is a terminal of this user.
    pub gpg_tty: Option<(PathBuf, bool)>,
    /// regpass asks on the terminal itself.
    pub loopback: bool,
}

/// Looks at it; `is_used` says whether a store is here.
pub(super) fn gather(system: &System, scope: &Scope, is_used: bool, keyholders: Keyholders) -> GnupgSeen {
    let env = &system.env;
    let home = &system.options.gnupg_home;
    let mut seen = GnupgSeen {
        is_used: is_used && system.options.key_file.is_none(),
        home: folder(home),
        secret_keys: folder(&home.join("private-keys-v1.d")),
        socket: socket::path(env, home, "S.gpg-agent"),
        agent: keyholders.agent,
        own: keyholders.own,
        keys: keyholders.missed,
        is_not_started: is_not_started(home),
        has_agent_program: env.find_program("gpg-agent").is_some(),
        ..GnupgSeen::default()
    };
    if !seen.is_used {
        return seen;
    }
    let gpg = env.find_program("gpg");
    seen.gpg = gpg.is_some().then(|| version(system));
    seen.read_conf(home);
    seen.pinentry.program = pinentry(system, gpg.as_deref(), seen.pinentry.chosen.as_ref().map(|(path, _)| path));
    seen.way = WaySeen {
        has_display: ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env.var(name).is_some()),
        terminal: env.terminal().map(PathBuf::from),
        gpg_tty: env.var("GPG_TTY").map(|path| (PathBuf::from(path), is_own_terminal(Path::new(path), env.uid()))),
        loopback: system.options.pinentry_loopback,
    };
    seen.stale = stale_pinentries(&scope.machine.join("proc"), env.uid());
    seen
}

impl GnupgSeen {
    /// Why nobody can tell whether some secret key is here.
    pub fn untold(&self) -> Vec<String> {
        let keys = self.keys.ring.iter().chain(&self.keys.files);
        keys.cloned().chain(self.agent.untold()).collect()
    }

    fn read_conf(&mut self, home: &Path) {
        let conf = home.join("gpg-agent.conf");
        let bytes = match files::read_bounded(&conf, CONF_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.is_not_found() => return,
            Err(error) => return self.missed.push(error.to_string()),
        };
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let mut words = line.trim_ascii().splitn(2, |byte| byte.is_ascii_whitespace());
            let name = words.next().unwrap_or_default();
            let value = words.next().unwrap_or_default().trim_ascii();
            let seconds = || std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            let line = index + 1;
            match name.strip_prefix(b"--").unwrap_or(name) {
                b"pinentry-program" => {
                    let path = std::ffi::OsStr::from_bytes(value);
                    self.pinentry.chosen = Some((PathBuf::from(path), line));
                }
                b"default-cache-ttl" => self.cache[0] = seconds().map(|seconds| (seconds, line)),
                b"max-cache-ttl" => self.cache[1] = seconds().map(|seconds| (seconds, line)),
                _ => {}
            }
        }
        self.conf = Some(conf);
    }
}

/// `gpg (GnuPG) 2.2.40`.
fn version(system: &System) -> Result<String, String> {
    let said = process::run(process::command(&system.env, "gpg").arg("--version"), b"", LIMITS);
    let said = said.map_err(|error| error.to_string())?;
    let first = said.stdout.expose().split(|byte| *byte == b'\n').next().unwrap_or_default();
    let word = first.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let fits = said.status.success() && word.first().is_some_and(u8::is_ascii_digit) && word.len() < 40;
    let text = String::from_utf8(word.to_vec()).ok().filter(|_| fits);
    text.ok_or_else(|| "gpg --version does not say which version it is".to_owned())
}

/// The one that the agent would start: what its configuration names, else `pinentry` beside gpg or on PATH.
fn pinentry(system: &System, gpg: Option<&Path>, chosen: Option<&PathBuf>) -> Option<PathBuf> {
    let real =
        |path: PathBuf| Some(path).filter(|path| env::is_program(path)).and_then(|path| path.canonicalize().ok());
    if let Some(chosen) = chosen {
        return real(system.env.expand_home(chosen));
    }
    let beside = |gpg: &Path| real(gpg.with_file_name("pinentry"));
    let of_gpg = gpg.and_then(|gpg| beside(gpg).or_else(|| beside(&gpg.canonicalize().ok()?)));
    of_gpg.or_else(|| system.env.find_program("pinentry").and_then(real))
}

fn is_own_terminal(path: &Path, uid: u32) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_char_device() && (uid == 0 || meta.uid() == uid))
}

/// Pinentries of this user that hold a terminal that is gone: the kernel says so behind its name.
fn stale_pinentries(proc: &Path, uid: u32) -> Vec<(u32, PathBuf)> {
    let Ok(items) = std::fs::read_dir(proc) else { return Vec::new() };
    let mut found = Vec::new();
    for item in items.flatten() {
        let Some(pid) = item.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if item.metadata().map(|meta| meta.uid()).ok() != Some(uid) {
            continue;
        }
        let name = files::read_bounded(&item.path().join("comm"), 256).unwrap_or_default();
        if !name.starts_with(b"pinentry") {
            continue;
        }
        let open = std::fs::read_dir(item.path().join("fd")).into_iter().flatten().flatten();
        let gone = open.filter_map(|item| std::fs::read_link(item.path()).ok()).find_map(|target| {
            let name = target.as_os_str().as_bytes().strip_suffix(b" (deleted)")?;
            let name = Path::new(std::ffi::OsStr::from_bytes(name)).to_owned();
            name.starts_with("/dev/pts").then_some(name)
        });
        found.extend(gone.map(|terminal| (pid, terminal)));
    }
    found.sort();
    found
}
