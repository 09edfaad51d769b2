//! Whether a registry takes a login: asked over HTTP as a Docker client would, without Docker. `try_login` is the room's one
//! verb; what it answers is data (`checked.rs`, `outcome.rs`) that is fit to be shown. Knows nothing of stores and prints
//! nothing; which logins are tried, and what is advised beyond the class's own words, is `ops/login_check`.
//!
//! One check sends at most one request with the login (a second one only carries the token that came of it), follows no
//! redirect, never sends a login over a connection that is not encrypted except to this machine or where somebody said so,
//! and ends with its deadline whatever the other side does.

#[cfg(feature = "net")]
pub mod address;
#[cfg(feature = "net")]
mod attempt;
#[cfg(feature = "net")]
pub mod certs;
#[cfg(feature = "net")]
mod challenge;
pub mod checked;
#[cfg(feature = "net")]
mod claims;
#[cfg(feature = "net")]
mod conditions;
#[cfg(feature = "net")]
mod date;
#[cfg(feature = "net")]
mod dial;
#[cfg(test)]
mod double;
#[cfg(feature = "net")]
mod exchange;
#[cfg(feature = "net")]
mod failure;
#[cfg(feature = "net")]
pub mod insecure;
pub mod outcome;
#[cfg(feature = "net")]
pub mod proxies;
#[cfg(feature = "net")]
mod realm;
#[cfg(feature = "net")]
mod socks;
#[cfg(test)]
mod tests;
#[cfg(feature = "net")]
mod tokens;
#[cfg(feature = "net")]
mod verdict;
#[cfg(feature = "net")]
mod verifier;
#[cfg(feature = "net")]
mod wire;
#[cfg(feature = "net")]
mod words;

#[cfg(feature = "net")]
pub use conditions::{Conditions, try_login};
