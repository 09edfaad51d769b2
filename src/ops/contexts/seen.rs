//! What was looked at once is not looked at again: contexts share configurations, programs, stores and keys.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sequoia_openpgp::KeyHandle;
use sequoia_openpgp::packet::PKESK;

use crate::model::{RegistryKey, text};
use crate::ops::registries::Registries;
use crate::system::System;
use crate::system::accounts::{Deed, May, Who};
use crate::system::agent::key_files::{self, OnDisk};
use crate::system::agent::{Keygrip, socket};
use crate::system::cipher::message::Message;
use crate::system::docker::auth_file::{self, AuthFile, Layout};
use crate::system::files;
use crate::system::links::{self, Found};
use crate::system::store::{LoginFile, Unreadable, layout};

/// The largest entry read for the keys that it names, in bytes.
const ENTRY_MAX: u64 = 1 << 20;

/// A store's logins, or why they cannot be seen.
pub(super) type Logins = Result<StoreSeen, String>;

#[derive(Debug, Default)]
pub(super) struct StoreSeen {
    pub registries: BTreeMap<RegistryKey, Vec<LoginFile>>,
    /// Its keys by the registry that they mean, Docker Hub's tokens excepted.
    pub spellings: BTreeMap<String, Vec<RegistryKey>>,
    pub unreadable: Vec<Unreadable>,
}

impl StoreSeen {
    fn of(registries: impl Iterator<Item = (RegistryKey, Vec<LoginFile>)>, unreadable: Vec<Unreadable>) -> StoreSeen {
        let mut seen = StoreSeen { unreadable, ..StoreSeen::default() };
        for (key, files) in registries {
            if !key.is_hub_token() {
                seen.spellings.entry(key.canonical()).or_default().push(key.clone());
            }
            seen.registries.insert(key, files);
        }
        seen
    }
}

/// Whether a secret key opens a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Plain,
    /// Under a passphrase; whether an agent of that home may be there that holds it.
    Protected {
        agent: bool,
    },
    Card,
    /// The keys that it names, as far as it names them.
    Absent(Vec<String>),
    Unseen(String),
}

/// A GnuPG home, and a key as messages name it.
type KeyName = (PathBuf, Vec<u8>);

/// Whom a message names: keys, and whether it hides some.
type Named = Result<(Vec<KeyHandle>, bool), String>;

#[derive(Debug, Default)]
pub(super) struct Seen {
    files: RefCell<BTreeMap<PathBuf, Rc<AuthFile>>>,
    programs: RefCell<BTreeMap<PathBuf, Found>>,
    stores: RefCell<BTreeMap<PathBuf, Rc<Logins>>>,
    messages: RefCell<BTreeMap<PathBuf, Rc<Named>>>,
    keys: RefCell<BTreeMap<KeyName, Result<OnDisk, String>>>,
}

/// What is known of a key, or is looked for now.
pub(super) fn once<K, V, Q>(known: &RefCell<BTreeMap<K, V>>, key: &Q, look: impl FnOnce() -> V) -> V
where
    K: Ord + Borrow<Q>,
    V: Clone,
    Q: Ord + ToOwned<Owned = K> + ?Sized,
{
    if let Some(found) = known.borrow().get(key) {
        return found.clone();
    }
    let found = look();
    known.borrow_mut().insert(key.to_owned(), found.clone());
    found
}

impl Seen {
    pub fn config(&self, path: &Path) -> Rc<AuthFile> {
        once(&self.files, path, || Rc::new(auth_file::read(path, Layout::Nested)))
    }

    /// What stands at a program's path; `own` is regpass itself.
    pub fn program(&self, path: &Path, own: Option<&Path>) -> Found {
        once(&self.programs, path, || links::look(path, own.unwrap_or(Path::new("/"))))
    }

    /// The logins of the root store of these surroundings.
    pub fn logins(&self, system: &System) -> Rc<Logins> {
        let root = match system.stores() {
            Ok(stores) => stores.root(),
            Err(error) => return Rc::new(Err(error.to_string())),
        };
        once(&self.stores, root.root(), || {
            let listed = root.registries().map_err(|error| error.to_string());
            Rc::new(listed.map(|found| StoreSeen::of(found.registries.into_iter(), found.unreadable)))
        })
    }

    /// The root store was listed by somebody else.
    pub fn know(&self, system: &System, listed: &Registries) {
        let Ok(stores) = system.stores() else { return };
        let mut registries: BTreeMap<RegistryKey, Vec<LoginFile>> = BTreeMap::new();
        for login in listed.logins.iter().filter(|login| login.mount.is_root()) {
            let is_flat = layout::registry_folder(&login.server).is_ok_and(|folder| login.entry.parent() == folder);
            let file = LoginFile { login: login.login.clone(), entry: login.entry.clone(), flat: is_flat };
            registries.entry(login.server.clone()).or_default().push(file);
        }
        let seen = StoreSeen::of(registries.into_iter(), listed.unreadable.clone());
        self.stores.borrow_mut().insert(stores.root().root().to_owned(), Rc::new(Ok(seen)));
    }

    /// Whether a secret key of these surroundings opens the message in this file.
    pub fn key(&self, system: &System, who: &Who, file: &Path) -> Key {
        let named = once(&self.messages, file, || Rc::new(named(file)));
        let (handles, hidden) = match named.as_ref() {
            Ok((handles, hidden)) => (handles, *hidden),
            Err(why) => return Key::Unseen(why.clone()),
        };
        let home = &system.options.gnupg_home;
        match who.may(Deed::Read, home) {
            May::Unseen => return Key::Unseen(format!("{} may not be looked into from here", text::quoted_path(home))),
            May::No(_) | May::Missing => return Key::Absent(handles.iter().map(KeyHandle::to_hex).collect()),
            May::Yes => {}
        }
        let states = handles
            .iter()
            .map(|handle| once(&self.keys, &(home.clone(), handle.as_bytes().to_vec()), || on_disk(system, handle)));
        let states: Vec<Result<OnDisk, String>> = states.collect();
        let is = |wanted: OnDisk| states.contains(&Ok(wanted));
        match states.iter().find_map(|state| state.as_ref().err()) {
            _ if is(OnDisk::Plain) => Key::Plain,
            _ if is(OnDisk::Protected) => Key::Protected { agent: may_have_agent(system) },
            _ if is(OnDisk::Card) => Key::Card,
            Some(why) => Key::Unseen(why.clone()),
            None if hidden => Key::Unseen("the entry does not say whose it is".to_owned()),
            None => Key::Absent(handles.iter().map(KeyHandle::to_hex).collect()),
        }
    }
}

fn named(file: &Path) -> Named {
    let bytes = files::read_bounded(file, ENTRY_MAX).map_err(|error| error.to_string())?;
    let message =
        Message::parse(&bytes).map_err(|error| format!("{} cannot be read: {error}", text::quoted_path(file)))?;
    let handles: Vec<KeyHandle> = message.sessions.iter().filter_map(PKESK::recipient).collect();
    let hidden = handles.len() < message.sessions.len() || message.unreadable_sessions > 0 || message.for_passphrase;
    Ok((handles, hidden))
}

fn on_disk(system: &System, handle: &KeyHandle) -> Result<OnDisk, String> {
    let keyring = system.keyring();
    if keyring.is_kept_by_daemon() {
        return Err("its keys are in GnuPG's key daemon, which is not asked".to_owned());
    }
    let (found, fault) = keyring.certs_with_keys(std::slice::from_ref(handle));
    let Some(cert) = found.into_iter().flatten().next() else {
        return fault.map_or(Ok(OnDisk::Absent), |fault| Err(fault.to_string()));
    };
    let key = cert.keys().find(|key| KeyHandle::from(key.key().fingerprint()).aliases(handle));
    let Some(grip) = key.and_then(|key| Keygrip::of(&key.key().clone().parts_into_public().role_into_unspecified()))
    else {
        return Err("only gpg knows keys of this kind".to_owned());
    };
    key_files::look(&system.options.gnupg_home, &grip).map_err(|error| error.to_string())
}

/// An agent of that home has left its socket: it may hold a passphrase.
fn may_have_agent(system: &System) -> bool {
    let home = &system.options.gnupg_home;
    socket::path(&system.env, home, "S.gpg-agent").exists() || home.join("S.gpg-agent").exists()
}
