//! Docker's side: its configuration file, the files in which logins stand in clear, and the credential helper protocol's
//! words.

pub mod auth_config;
pub mod auth_file;
pub mod client_context;
pub mod config;
pub mod creds_store;
pub mod daemon;
pub(in crate::system) mod document;
pub mod edit;
pub mod entries;
mod entry_index;
pub mod helper_program;
pub mod outline;
pub mod payload;
pub mod protocol;
pub mod proxies;
mod spans;
pub mod token;
pub mod traits;
