//! Whether a registry takes a login: asked over HTTP as a Docker client would, without Docker. `try_login` is the room's one
//! verb; what it answers is data (`checked.rs`, `outcome.rs`) that is fit to be shown, and all that a build without the
//! network code has of it. Knows nothing of stores and prints nothing; which logins are tried, and what is advised beyond the
//! class's own words, is `ops/login_check`.
//!
//! One check sends at most one request with the login (a second one only carries the token that came of it; another one follows
//! an accepted login, where a person asks what it may pull), follows no redirect, never sends a login over a connection that is
//! not encrypted except to this machine or where somebody said so, and ends with its deadline whatever the other side does.

pub mod checked;
#[cfg(feature = "net")]
mod net;
pub mod outcome;

#[cfg(feature = "net")]
pub use net::{Conditions, address, certs, insecure, proxies, pulls, try_login};

#[cfg(feature = "ecr")]
pub use net::call;

#[cfg(all(test, feature = "ecr"))]
pub(crate) use net::double;
