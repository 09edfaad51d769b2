//! Facts of the store's logins that only their secrets tell (`--decrypt`): never the secrets.

use crate::ops::registries::RegistryLogin;
use crate::system::docker::traits::Traits;

/// What was opened.
#[derive(Debug, Default)]
pub struct OpenedSeen {
    pub logins: Vec<OpenedLogin>,
    /// Why others could not be.
    pub failed: Vec<String>,
}

/// One login that was opened.
#[derive(Debug)]
pub struct OpenedLogin {
    pub login: RegistryLogin,
    pub traits: Traits,
    /// The same number for those with the same secret.
    pub group: usize,
}
