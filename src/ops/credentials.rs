//! The four verbs of Docker's protocol on the store: get, store, erase, list by `RegistryKey`. The only op the
//! credential helper sees.

use super::change::{self, Change};
use crate::model::registry_key::HUB_KEY;
use crate::model::{Credential, EntryPath, Login, Problem, RegistryKey, Secret, text};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::store::{LoginFile, Store, Unreadable, layout};

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
    pub unreadable: Vec<Unreadable>,
}

impl<'a> CredentialStore<'a> {
    pub fn new(system: &'a System) -> CredentialStore<'a> {
        CredentialStore { system }
    }

    /// The credential that Docker gets for this key; None when there is none. A bare name of Docker Hub without a login
    /// of its own gets the one that `docker login` keeps under the Hub's key.
    pub fn get(&self, key: &RegistryKey) -> Result<Option<Credential>, Problem> {
        match self.get_exactly(key)? {
            None if key.is_hub_alias() => self.get_exactly(&RegistryKey::new(HUB_KEY)),
            answer => Ok(answer),
        }
    }

    fn get_exactly(&self, key: &RegistryKey) -> Result<Option<Credential>, Problem> {
        let store = self.system.stores()?.root();
        let mut files = store.logins(key)?.files;
        let Some(active) = active(store, &files) else { return Ok(None) };
        let LoginFile { login, entry, .. } = files.swap_remove(active);
        // Another process may remove it between the two looks.
        let Some(ciphertext) = store.read(&entry)? else { return Ok(None) };
        let unreadable = |problem: Problem| of_entry(problem, "read", &login, key);
        let cipher = self.system.cipher().map_err(|error| unreadable(error.into()))?;
        let mut secret = cipher.decrypt(&ciphertext, Asking::Allowed).map_err(|error| unreadable(error.into()))?;
        trim(&mut secret);
        Ok(Some(Credential { login, secret }))
    }

    /// Stores a credential as the registry's one login; the account stored last wins. A credential that is there already,
    /// encrypted to the right people, is not written again.
    pub fn store(&self, key: &RegistryKey, credential: Credential) -> Result<Written, Problem> {
        let Credential { login, secret } = credential;
        let entry = layout::login_entry(key, &login)?;
        let store = self.system.stores()?.root();
        let mut change = Change::begin(self.system, store)?;
        let (recipients, warning) = change::recipients(self.system, store, &entry.parent())?;
        change.warnings.extend(warning);
        let cipher = self.system.cipher()?;
        let others: Vec<LoginFile> = store.logins(key)?.files.into_iter().filter(|file| file.entry != entry).collect();
        let is_there = store.read(&entry)?.is_some_and(|old| {
            cipher.is_encrypted_to(&old, &recipients)
                && cipher.decrypt(&old, Asking::Never).is_ok_and(|old| same_when_read(old, &secret))
        });
        if is_there {
            change.mend_commit(&entry);
        } else {
            let ciphertext =
                cipher.encrypt(&secret, &recipients).map_err(|error| of_entry(error.into(), "store", &login, key))?;
            change.write(&entry, &ciphertext)?;
        }
        drop(secret);
        for other in others {
            remove_other(&mut change, &other, &login, key);
        }
        Ok(change.finish(&format!("Add given password for {} to store.", entry.display())))
    }

    /// Removes every login of the registry. Nothing there is success. Erasing a bare name of Docker Hub erases what a `get`
    /// of it would answer: the login under the Hub's key too.
    pub fn erase(&self, key: &RegistryKey) -> Result<Written, Problem> {
        let store = self.system.stores()?.root();
        let hub = key.is_hub_alias().then(|| RegistryKey::new(HUB_KEY));
        let mut folders: Vec<EntryPath> = Vec::new();
        for folder in std::iter::once(key).chain(hub.as_ref()).filter_map(|key| layout::registry_folder(key).ok()) {
            if store.has_name(&folder)? {
                folders.push(folder);
            }
        }
        if folders.is_empty() {
            return Ok(Written::default());
        }
        let mut change = Change::begin(self.system, store)?;
        for folder in &folders {
            change.remove_folder(folder, false)?;
        }
        let names: Vec<_> = folders.iter().map(EntryPath::display).collect();
        Ok(change.finish(&format!("Remove {} from store.", names.join(", "))))
    }

    /// One login a registry, without decrypting anything.
    pub fn list(&self) -> Result<CredentialListing, Problem> {
        let store = self.system.stores()?.root();
        let found = store.registries()?;
        let logins = found.registries.into_iter().filter_map(|(key, mut files)| {
            let active = active(store, &files)?;
            Some((key, files.swap_remove(active).login))
        });
        Ok(CredentialListing { logins: logins.collect(), unreadable: found.unreadable })
    }
}

/// Which of a registry's logins counts: the file written last, among equals the first name. One alone is not looked at.
pub(super) fn active(store: &Store, files: &[LoginFile]) -> Option<usize> {
    if files.len() < 2 {
        return (!files.is_empty()).then_some(0);
    }
    let modified = |file: &LoginFile| store.entry_file(&file.entry).ok().flatten().map(|file| file.modified);
    (0..files.len()).max_by(|a, b| {
        let (a, b) = (&files[*a], &files[*b]);
        modified(a).cmp(&modified(b)).then_with(|| b.entry.cmp(&a.entry))
    })
}

/// The login of another user must not answer for this one. It failing to go is no failure of the login that was stored:
/// the newer file counts.
fn remove_other(change: &mut Change<'_>, other: &LoginFile, login: &Login, key: &RegistryKey) {
    let old = text::quoted(other.login.as_str());
    let at = text::quoted(key.as_bytes());
    match change.remove(&other.entry) {
        Ok(_) if other.login == *login => {}
        Ok(_) => {
            let new = text::quoted(login.as_str());
            change.warnings.push(Problem::failed(format!("the login of {old} at {at} was replaced by that of {new}")));
        }
        Err(error) => {
            let mut problem = Problem::from(error);
            problem.causes.insert(0, std::mem::take(&mut problem.message));
            problem.message = format!("the older login of {old} at {at} could not be removed");
            change.warnings.push(problem);
        }
    }
}

/// As Docker would get both: line ends at the end do not count.
fn same_when_read(mut old: Secret, new: &Secret) -> bool {
    trim(&mut old);
    let mut new = new.part(0..new.len());
    trim(&mut new);
    old.same_as(&new)
}

/// What the official helper takes off the end of `pass show` (helper-protocol 1.6).
fn trim(secret: &mut Secret) {
    secret.trim_end(|byte| byte == b'\n' || byte == b'\r');
}

/// Says whose login it was before saying why.
fn of_entry(mut problem: Problem, verb: &str, login: &Login, key: &RegistryKey) -> Problem {
    let (user, server) = (text::quoted(login.as_str()), text::quoted(key.as_bytes()));
    problem.causes.insert(0, std::mem::take(&mut problem.message));
    problem.message = format!("cannot {verb} the login of {user} at {server}");
    problem
}
