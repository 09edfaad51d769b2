//! Chooses a frontend by the name regpass was called under and returns its exit code.
//! Decides who asks, never what is done. Nobody else ends the process.

use std::process::ExitCode;

fn main() -> ExitCode {
    regpass::frontend::run(std::env::args_os().collect())
}
