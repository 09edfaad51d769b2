//! The lines that close a window when nobody is there, for the programs that this machine has. Never started from here.

use std::path::Path;
use std::time::SystemTime;

use crate::model::text;
use crate::system::System;

/// A command that closes in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// `systemd-run` or `at`.
    pub program: &'static str,
    pub command: String,
}

/// What decides which store and which records are meant: a timer's own surroundings are others.
const VARIABLES: [&str; 8] = [
    "PATH",
    "PASSWORD_STORE_DIR",
    "GNUPGHOME",
    "DOCKER_CONFIG",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
    "REGPASS_CONFIG",
    "GOPASS_CONFIG",
];

/// For a window that ends then; none where no such program works here. `flags` are regpass's own, a blank before each;
/// `machine` is `/` but in tests.
pub fn timers(system: &System, until: SystemTime, flags: &str, machine: &Path) -> Vec<Timer> {
    let env = &system.env;
    // A second more, so that it is over then.
    let left = until.duration_since(env.unstopped()).unwrap_or_default().as_secs() + 2;
    let program = env.program().map_or_else(|| "regpass".to_owned(), |path| text::shell_word(&path));
    let close = format!("{program}{flags} window close --over");
    let mut timers = Vec::new();
    // The user's own manager runs where its socket is.
    let manager = env.var("XDG_RUNTIME_DIR").map(|dir| Path::new(dir).join("systemd/private"));
    if env.find_program("systemd-run").is_some() && manager.is_some_and(|socket| socket.exists()) {
        let set = VARIABLES.iter().filter_map(|name| Some((*name, env.var(name)?)));
        let variables = set.map(|(name, value)| {
            let mut word = std::ffi::OsString::from(format!("{name}="));
            word.push(value);
            format!(" --setenv={}", text::shell_word(Path::new(&word)))
        });
        let variables: String = variables.collect();
        let command = format!("systemd-run --user --collect --on-active={left}s{variables} {close}");
        timers.push(Timer { program: "systemd-run", command });
    }
    let daemon = ["run/atd.pid", "var/run/atd.pid"].iter().any(|file| machine.join(file).exists());
    if env.find_program("at").is_some() && daemon {
        let command = format!("echo {} | at now + {} minutes", text::shell_word(Path::new(&close)), left.div_ceil(60));
        timers.push(Timer { program: "at", command });
    }
    timers
}
