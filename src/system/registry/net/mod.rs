//! Everything of the login check that needs the network: from the address and what Docker knows of it to the request and what
//! its answer means. `conditions.rs` is the way in. Called by `ops/login_check` through the room above.

use super::{checked, outcome};

pub mod address;
mod attempt;
#[cfg(feature = "ecr")]
pub mod call;
pub mod certs;
mod challenge;
mod claims;
mod conditions;
mod date;
mod dial;
#[cfg(test)]
pub(crate) mod double;
mod exchange;
mod failure;
pub mod insecure;
pub mod proxies;
pub mod pulls;
mod realm;
mod socks;
#[cfg(test)]
mod tests;
mod tokens;
mod verdict;
mod verifier;
mod wire;
mod words;

pub use conditions::{Conditions, try_login};
