//! The command line: one variant and one match arm a subcommand.

use std::ffi::OsString;
use std::process::ExitCode;

pub fn main(_args: Vec<OsString>) -> ExitCode {
    todo!()
}
