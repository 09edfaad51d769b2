//! The four verbs of Docker's protocol on the store: get, store, erase, list by `RegistryKey`. The only op the
//! credential helper sees.

use crate::model::{Credential, Login, Problem, RegistryKey};
use crate::system::System;

/// Registry credentials in the root store's `docker-credential-helpers` folder.
pub struct CredentialStore<'a> {
    system: &'a System,
}

/// What a write did besides succeeding. `warnings` are for the person (stderr): a commit that failed, a login replaced.
#[derive(Debug, Default)]
pub struct Written {
    /// False when the credential was already there, the same.
    pub changed: bool,
    pub warnings: Vec<Problem>,
}

/// Logins by registry, and what could not be understood.
#[derive(Debug, Default)]
pub struct CredentialListing {
    /// One login a registry, the active one; bytewise by key.
    pub logins: Vec<(RegistryKey, Login)>,
    pub unreadable: Vec<crate::system::store::Unreadable>,
}

impl<'a> CredentialStore<'a> {
    pub fn new(system: &'a System) -> CredentialStore<'a> {
        CredentialStore { system }
    }

    /// The credential that Docker gets for this key; None when there is none.
    pub fn get(&self, _key: &RegistryKey) -> Result<Option<Credential>, Problem> {
        let _ = self.system;
        todo!()
    }

    /// Stores a credential as the registry's one login; the account stored last wins.
    pub fn store(&self, _key: &RegistryKey, _credential: Credential) -> Result<Written, Problem> {
        todo!()
    }

    /// Removes every login of the registry. Nothing there is success.
    pub fn erase(&self, _key: &RegistryKey) -> Result<Written, Problem> {
        todo!()
    }

    /// One login a registry, without decrypting anything.
    pub fn list(&self) -> Result<CredentialListing, Problem> {
        todo!()
    }
}
