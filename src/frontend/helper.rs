//! The credential helper: Docker's protocol on stdin and stdout, words for people on stderr.

use std::ffi::OsString;
use std::process::ExitCode;

pub fn main(_args: Vec<OsString>) -> ExitCode {
    todo!()
}
