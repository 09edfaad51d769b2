//! Integration tests: the real binary and the library against real GnuPG, pass, gopass, git, Docker and registries,
//! each in a sandbox of its own. One module a topic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

// Its `#[test]` takes the place of Rust's in every module: what is not installed skips a test from anywhere within it.
#[macro_use]
extern crate regpass_skippable;

mod amazon;
mod any_bytes;
mod cli;
mod clipboard;
mod contexts;
mod docker_client;
mod helper_cases;
mod helper_process;
mod hostile;
mod interop;
mod keyring;
mod logins;
mod migrations;
mod openpgp;
mod other_clients;
#[cfg(feature = "net")]
mod real_registries;
mod skipping;
mod store;
mod support;
mod window;
