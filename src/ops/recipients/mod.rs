//! Who may read which folder: each `.gpg-id` as a person knows its recipients; edits of it, with what is stored already
//! encrypted anew (`edit.rs`, `make.rs`); who can really read an entry (`access.rs`), which entries are encrypted to others
//! (`astray.rs`), and who may read what is written into a folder (`folder.rs`).

mod access;
mod astray;
mod edit;
mod folder;
mod make;

pub use access::{Access, access};
pub use astray::{Astray, astray};
pub use edit::{Edit, Proposal, propose};
pub use folder::{FolderReaders, NamedBy, folder_readers};
pub use make::{apply, carry};

use std::path::PathBuf;

use super::change;
use super::readers::{self, Reader};
use crate::model::{EntryPath, Problem, Recipient};
use crate::system::System;
use crate::system::cipher::{CipherError, Identity};
use crate::system::keyring::{KeyringError, RecipientStanding};
use crate::system::store::{Store, StoreError, not_in_store};

/// A folder with a recipients file of its own.
#[derive(Clone, Debug)]
pub struct Governed {
    /// With the mount's name in front.
    pub folder: EntryPath,
    pub store: PathBuf,
    pub file: PathBuf,
    pub recipients: Vec<Person>,
    /// What keeps the whole file from being used.
    pub problem: Option<Problem>,
}

/// One of its recipients.
#[derive(Clone, Debug)]
pub struct Person {
    pub reader: Reader,
    /// Whether the secret key is here; None when nobody can say.
    pub own: Option<bool>,
    /// What keeps entries from being written to it.
    pub problem: Option<Problem>,
}

/// Every folder in and below `folder` that has a recipients file, those around it not; of all stores.
pub fn list(system: &System, folder: &EntryPath) -> Result<Vec<Governed>, Problem> {
    let stores = system.stores()?;
    let (holder, inner) = stores.locate(folder);
    if !holder.exists() {
        return Err(StoreError::NoStore { root: holder.root().to_owned() }.into());
    }
    if !holder.has_folder(&inner) {
        return Err(not_in_store(folder));
    }
    let mut governed: Vec<Governed> = Vec::new();
    for inner in holder.holdings(&inner).governed {
        governed.push(look_at(system, holder, &inner)?);
    }
    for store in stores.all().iter().filter(|store| store.root() != holder.root()) {
        if store.mount.is_within(folder) {
            for inner in store.holdings(&EntryPath::root()).governed {
                governed.push(look_at(system, store, &inner)?);
            }
        }
    }
    Ok(governed)
}

/// The certificates here that a name, an address or a key id means, each named by its fingerprint.
pub fn candidates(system: &System, text: &Recipient) -> Result<Vec<Person>, Problem> {
    let identities = system.cipher()?.identities(text)?;
    let names: Vec<Recipient> = identities.iter().filter_map(|one| Recipient::new(&one.fingerprint)).collect();
    readers::describe(system, &names).into_iter().map(|reader| person(system, reader)).collect()
}

fn look_at(system: &System, store: &Store, inner: &EntryPath) -> Result<Governed, Problem> {
    let folder = if inner.is_root() { Ok(store.mount.clone()) } else { store.mount.join(inner.as_os_str()) };
    let mut governed = Governed {
        folder: folder.unwrap_or_else(|_| inner.clone()),
        store: store.root().to_owned(),
        file: store.recipients_file(inner),
        recipients: Vec::new(),
        problem: None,
    };
    let listed = match change::recipients(system, store, inner) {
        Ok((listed, warning)) => {
            governed.problem = warning;
            listed
        }
        Err(problem) => {
            governed.problem = Some(problem);
            // A signature that does not fit is no reason to hide whom the file names.
            store.recipients_for(inner, &system.options).map(|found| found.recipients).unwrap_or_default()
        }
    };
    for reader in readers::describe(system, &listed) {
        governed.recipients.push(person(system, reader)?);
    }
    Ok(governed)
}

fn person(system: &System, mut reader: Reader) -> Result<Person, Problem> {
    let cipher = system.cipher()?;
    let identities = cipher.identities(&reader.recipient).unwrap_or_default();
    if let [only] = identities.as_slice() {
        reader.fingerprint.get_or_insert_with(|| only.fingerprint.clone());
        reader.name = reader.name.or_else(|| only.name.clone());
    }
    let problem = match cipher.audience(std::slice::from_ref(&reader.recipient)) {
        Ok(_) => {
            reader.standing = RecipientStanding::Valid;
            None
        }
        Err(error) => {
            reader.standing = standing(&error).unwrap_or(reader.standing);
            Some(error.into())
        }
    };
    Ok(Person { reader, own: own(&identities), problem })
}

fn standing(error: &CipherError) -> Option<RecipientStanding> {
    let CipherError::Keyring(error) = error else { return None };
    Some(match error {
        KeyringError::Missing { .. } => RecipientStanding::Missing,
        KeyringError::Expired { .. } => RecipientStanding::Expired,
        KeyringError::Revoked { .. } => RecipientStanding::Revoked,
        KeyringError::Disabled { .. } => RecipientStanding::Disabled,
        KeyringError::NoEncryptionKey { .. } => RecipientStanding::Unusable,
        KeyringError::Untrusted { .. } => RecipientStanding::Untrusted,
        KeyringError::Ambiguous { .. } => RecipientStanding::Ambiguous,
        _ => return None,
    })
}

/// True when one is ours, false when none is, None when nobody can say.
fn own(identities: &[Identity]) -> Option<bool> {
    match identities.iter().any(|identity| identity.own == Some(true)) {
        true => Some(true),
        false => identities.iter().all(|identity| identity.own.is_some()).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, path};

    #[test]
    fn a_name_may_mean_several_keys_and_each_is_named_by_its_fingerprint() {
        let bench = Bench::new();
        let found = |text: &str| {
            let people = candidates(&bench.system, &Recipient::new(text).expect("a text")).expect("looked up");
            people.into_iter().map(|person| person.reader.recipient.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(found("several"), ["ONE", "TWO"]);
        assert!(found("missing").is_empty());
    }

    #[test]
    fn every_file_of_every_store_is_listed() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        std::fs::create_dir(bench.home().join("work")).expect("a folder");
        std::fs::write(bench.home().join("work/.gpg-id"), "missing\nbob\n").expect("recipients");
        bench.put("team/.gpg-id", "# nobody\n");
        let all = list(&bench.system, &EntryPath::root()).expect("listed");
        let folders: Vec<String> = all.iter().map(|one| one.folder.display().into_owned()).collect();
        assert_eq!(folders, ["", "team", "work"]);
        assert_eq!(all[0].recipients[0].own, Some(true));
        assert!(all[1].problem.is_some() && all[1].recipients.is_empty());
        let problems: Vec<bool> = all[2].recipients.iter().map(|person| person.problem.is_some()).collect();
        assert_eq!(problems, [true, false]);
        assert_eq!(list(&bench.system, &path("team")).expect("listed").len(), 1);
    }
}
