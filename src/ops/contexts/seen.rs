//! What was looked at once is not looked at again: contexts share configurations, programs, stores and keys.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sequoia_openpgp::KeyHandle;

use super::Scope;
use crate::model::{RegistryKey, text};
use crate::ops::registries::Registries;
use crate::system::System;
use crate::system::accounts::{Deed, May, Who};
use crate::system::agent::key_files::{self, OnDisk};
use crate::system::agent::{Keygrip, socket};
use crate::system::cipher::front::{self, Front};
use crate::system::docker::auth_file::{self, AuthFile, Layout};
use crate::system::links::{self, Found};
use crate::system::store::{LoginFile, Unreadable, layout};

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
type KeyName = (PathBuf, String);

/// A GnuPG home, the account that looks into it, and what a message says of its readers.
type Reading = (PathBuf, u32, Front);

#[derive(Debug)]
pub(super) struct Seen {
    /// Where accounts' folders for sockets are.
    runtime: PathBuf,
    files: RefCell<BTreeMap<PathBuf, Rc<AuthFile>>>,
    programs: RefCell<BTreeMap<PathBuf, Found>>,
    stores: RefCell<BTreeMap<PathBuf, Rc<Logins>>>,
    fronts: RefCell<BTreeMap<PathBuf, Result<Front, String>>>,
    /// A store has few sets of readers and may have thousands of entries.
    readings: RefCell<BTreeMap<Reading, Key>>,
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
    pub fn of(scope: &Scope) -> Seen {
        Seen {
            runtime: scope.on_machine("/run/user"),
            files: RefCell::default(),
            programs: RefCell::default(),
            stores: RefCell::default(),
            fronts: RefCell::default(),
            readings: RefCell::default(),
            keys: RefCell::default(),
        }
    }

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
        let front = once(&self.fronts, file, || match front::of_file(file) {
            Ok(Some(front)) => Ok(front),
            Ok(None) => Err(format!("{} is no encrypted message", text::quoted_path(file))),
            Err(error) => Err(error.to_string()),
        });
        let reading = match front {
            Ok(front) => (system.options.gnupg_home.clone(), who.uid, front),
            Err(why) => return Key::Unseen(why),
        };
        once(&self.readings, &reading, || self.opens(system, who, &reading.2))
    }

    fn opens(&self, system: &System, who: &Who, front: &Front) -> Key {
        let home = &system.options.gnupg_home;
        match who.may(Deed::Read, home) {
            May::Unseen => return Key::Unseen(format!("{} may not be looked into from here", text::quoted_path(home))),
            May::No(_) | May::Missing => return Key::Absent(front.keys.clone()),
            May::Yes => {}
        }
        let state = |key: &String| once(&self.keys, &(home.clone(), key.clone()), || on_disk(system, key));
        let states: Vec<Result<OnDisk, String>> = front.keys.iter().map(state).collect();
        let is = |wanted: OnDisk| states.contains(&Ok(wanted));
        match states.iter().find_map(|state| state.as_ref().err()) {
            _ if is(OnDisk::Plain) => Key::Plain,
            _ if is(OnDisk::Protected) => Key::Protected { agent: may_have_agent(&self.runtime, system, who) },
            _ if is(OnDisk::Card) => Key::Card,
            Some(why) => Key::Unseen(why.clone()),
            None if front.hidden > 0 || front.by_passphrase => {
                Key::Unseen("the entry does not say whose it is".to_owned())
            }
            None => Key::Absent(front.keys.clone()),
        }
    }
}

fn on_disk(system: &System, key: &str) -> Result<OnDisk, String> {
    let Ok(handle) = key.parse::<KeyHandle>() else { return Ok(OnDisk::Absent) };
    let keyring = system.keyring();
    if keyring.is_kept_by_daemon() {
        return Err("its keys are in GnuPG's key daemon, which is not asked".to_owned());
    }
    let (found, fault) = keyring.certs_with_keys(std::slice::from_ref(&handle));
    let Some(cert) = found.into_iter().flatten().next() else {
        return fault.map_or(Ok(OnDisk::Absent), |fault| Err(fault.to_string()));
    };
    let key = cert.keys().find(|key| KeyHandle::from(key.key().fingerprint()).aliases(&handle));
    let Some(grip) = key.and_then(|key| Keygrip::of(&key.key().clone().parts_into_public().role_into_unspecified()))
    else {
        return Err("only gpg knows keys of this kind".to_owned());
    };
    key_files::look(&system.options.gnupg_home, &grip).map_err(|error| error.to_string())
}

/// An agent of that home has left its socket, or may have where we may not look: it may hold a passphrase.
fn may_have_agent(runtime: &Path, system: &System, who: &Who) -> bool {
    let home = &system.options.gnupg_home;
    let own = socket::path_of((runtime, who.uid), system.env.home(), home, "S.gpg-agent");
    let may_be = |path: &Path| path.try_exists().unwrap_or(true);
    may_be(&own) || may_be(&home.join("S.gpg-agent"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::{Options, Typed};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn an_agent_is_looked_for_in_its_account_s_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let us = dir.path().metadata().expect("ours").uid();
        let put = |uid: u32| {
            let folder = dir.path().join(format!("{uid}/gnupg"));
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).expect("a mode");
            std::fs::write(folder.join("S.gpg-agent"), "").expect("a socket's stand-in");
            folder
        };
        put(us);
        let env = Env::made_of([("HOME", dir.path().join("bob"))]);
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        let system = System::new(env, options);
        let has = |uid: u32| {
            let who = Who { uid, is_us: false, gids: Vec::new() };
            may_have_agent(dir.path(), &system, &who)
        };
        assert!(has(us) && !has(4242), "our agent is not theirs");
        let folder = put(4242);
        let theirs = [dir.path().join("4242"), folder].iter().all(|folder| {
            // Only root can give a folder away.
            std::os::unix::fs::chown(folder, Some(4242), None).is_ok()
        });
        assert_eq!(has(4242), theirs);
    }
}
