//! regpass: registry credentials in a pass/gopass store, for Docker and for people.
//!
//! Four floors, one direction; a floor imports those below it, never one above (`tests/architecture.rs` holds that):
//!
//! - `frontend`: who is asking (credential helper, command line, terminal UI)
//! - `ops`: what regpass can do, whoever asks; prints nothing, prompts for nothing
//! - `system`: one room for each outside thing; decides nothing
//! - `model`: words without I/O
//!
//! The map in full, with its reasons: `docs/architecture.md`. The library exists for the binary, tests, benches and
//! fuzzing; it is not a published API.

pub mod frontend;
pub mod model;
pub mod ops;
pub mod system;
