//! Amazon: the tokens that its registries (ECR) take as passwords, and the keys that those are asked for with, found where
//! Amazon's own libraries look. Without those libraries and without the AWS command line. Stores nothing and prints nothing;
//! called by `ops/login`.
//!
//! `ecr.rs` is the one verb. `chain/` finds keys, `sigv4.rs` signs with them, `host.rs` knows what a registry's name says.

mod chain;
#[cfg(test)]
mod double;
mod ecr;
mod endpoint;
mod error;
mod host;
mod keys;
mod service;
mod session;
mod sigv4;
#[cfg(test)]
mod trials;

pub use ecr::{EcrToken, token};
pub use error::{AwsError, Refusal, Refused, Tried};
pub use host::{EcrHost, EcrKind};
pub use session::Search;
