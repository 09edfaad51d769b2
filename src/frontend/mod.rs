//! Who is asking: the credential helper, the command line, the terminal UI. Chosen by the name regpass was called under.

pub mod cli;
pub mod console;
pub mod helper;
pub mod streams;
#[cfg(feature = "tui")]
pub mod tui;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

#[cfg(feature = "tui")]
use crate::system::clipboard;

/// The program that a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frontend {
    /// `docker-credential-pass`, `docker-credential-regpass`.
    Helper,
    /// `regpass-clipboard`: regpass started by itself to serve a copy (`system/clipboard.rs`).
    #[cfg(feature = "tui")]
    ClipboardHolder,
    /// `regpass`, and any name that is not ours.
    CommandLine,
}

impl Frontend {
    /// By the base name of `argv[0]`; `/proc/self/exe` would be the link's target (proc_pid_exe(5)).
    pub fn pick(argv0: &OsStr) -> Frontend {
        let name = Path::new(argv0).file_name().unwrap_or(argv0);
        #[cfg(feature = "tui")]
        if name == clipboard::HOLDER_NAME {
            return Frontend::ClipboardHolder;
        }
        let helpers = ["docker-credential-pass", "docker-credential-regpass"];
        if helpers.iter().any(|helper| name == *helper) { Frontend::Helper } else { Frontend::CommandLine }
    }
}

/// Runs the program that `args[0]` names.
pub fn run(args: Vec<OsString>) -> ExitCode {
    match Frontend::pick(args.first().map_or(OsStr::new("regpass"), OsString::as_os_str)) {
        Frontend::Helper => helper::main(args),
        #[cfg(feature = "tui")]
        Frontend::ClipboardHolder => tui::hold_clipboard(&args),
        Frontend::CommandLine => cli::main(args),
    }
}
