//! The store's logins opened one after the other, for an audit that was asked to (`--decrypt`): what their secrets look like,
//! and which of them are the same. Each is looked at in memory and wiped; nothing of it but its traits stays.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Evidence;
use super::evidence::{OpenedLogin, OpenedSeen};
use crate::model::{EntryPath, Problem, Secret};
use crate::ops::opening::{self, Waiting, Work};
use crate::ops::progress::{Cancel, Progress};
use crate::ops::registries::RegistryLogin;
use crate::system::System;
use crate::system::docker::traits::Traits;
use crate::system::store::{Stores, not_in_store};

/// Opens them all; somebody is asked for a passphrase once. Err when it is called off.
pub fn open(system: &System, evidence: &mut Evidence, progress: &dyn Progress, cancel: &Cancel) -> Result<(), Problem> {
    let mut key = Zeroizing::new([0; 32]);
    getrandom::fill(key.as_mut())
        .map_err(|error| Problem::failed("there is no source of random numbers").because(error))?;
    let logins = evidence.stores.logins.clone().unwrap_or_default();
    let work = Looking { stores: system.stores()?, key };
    let mut seen = OpenedSeen::default();
    let mut groups: HashMap<[u8; 32], usize> = HashMap::new();
    let waiting = Waiting { progress, cancel };
    opening::open_all(system.cipher()?, &work, &logins, waiting, |login, result| match result {
        Ok((traits, digest)) => {
            let next = groups.len();
            let group = *groups.entry(digest).or_insert(next);
            seen.logins.push(OpenedLogin { login: login.clone(), traits, group });
        }
        Err(problem) => seen.failed.push(problem.one_line()),
    })?;
    evidence.opened = Some(seen);
    Ok(())
}

struct Looking<'a> {
    stores: &'a Stores,
    /// Of this run only, so that a digest tells nothing but that two secrets are the same.
    key: Zeroizing<[u8; 32]>,
}

impl Work for Looking<'_> {
    type Item = RegistryLogin;
    type Done = (Traits, [u8; 32]);

    fn entry<'i>(&self, login: &'i RegistryLogin) -> &'i EntryPath {
        &login.entry
    }

    fn read(&self, login: &RegistryLogin) -> Result<Vec<u8>, Problem> {
        let (store, inner) = self.stores.locate(&login.entry);
        store.read(&inner)?.ok_or_else(|| not_in_store(&login.entry))
    }

    fn opened(&self, login: &RegistryLogin, _: Vec<u8>, mut secret: Secret) -> Result<Self::Done, Problem> {
        // Both helpers leave the line ends out.
        secret.trim_end(|byte| byte == b'\n' || byte == b'\r');
        let mut digest = Sha256::new();
        digest.update(self.key.as_slice());
        digest.update(secret.expose());
        Ok((Traits::of(Some(login.login.as_str()), &secret), digest.finalize().into()))
    }
}
