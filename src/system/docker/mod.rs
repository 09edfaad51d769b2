//! Docker's side: its configuration file and the credential helper protocol's words.

pub mod config;
pub mod creds_store;
pub mod payload;
pub mod protocol;
