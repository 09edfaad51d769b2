//! Facts of the stores: who may read what is in them, whom it is encrypted to, what lies in them that should not, where
//! git stands. Nothing is decrypted; each file is opened once, for its front.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::keyholders::{Keyholders, RECIPIENTS_MAX, ReaderSeen};
use super::modes::{Foreign, Loose, Reach};
use crate::model::{EntryPath, Recipient, text};
use crate::ops::change;
use crate::ops::progress::Cancel;
use crate::ops::registries::{Registries, RegistryLogin};
use crate::ops::shims;
use crate::system::System;
use crate::system::cipher::front::{self, Front};
use crate::system::cipher::{Addressees, Cipher, Meant};
use crate::system::files;
use crate::system::git::{Repository, Status};
use crate::system::store::inventory::{Inventory, Item, ItemKind};
use crate::system::store::{Store, layout};

/// From how many entries on more than one thread reads.
const PARALLEL_FROM: usize = 1_000;
const THREADS_MAX: usize = 4;

/// The most kinds of entries, by their folder's readers and their own, that are held against each other.
const KINDS_MAX: usize = 200;

/// How long git may take for one answer.
const GIT_TIME: Duration = Duration::from_secs(3);

/// All stores.
#[derive(Debug, Default)]
pub struct StoresSeen {
    /// The root store first.
    pub stores: Vec<StoreSeen>,
    /// Why they cannot be looked at.
    pub fault: Option<String>,
    /// None: they cannot be listed.
    pub logins: Option<Vec<RegistryLogin>>,
    /// Docker's configuration names a helper that keeps logins in the root store.
    pub is_named: bool,
    /// Docker would start regpass for it.
    pub is_ours: bool,
    /// A key file is used instead of GnuPG.
    pub by_key_file: bool,
    /// The owner wants the stores to stay on this machine.
    pub local_only: bool,
    pub now: Option<SystemTime>,
}

/// One store.
#[derive(Debug, Default)]
pub struct StoreSeen {
    pub root: PathBuf,
    /// The root path for the root store.
    pub mount: EntryPath,
    pub exists: bool,
    /// One for each `.gpg-id`, outer folders first; one without a file where `$PASSWORD_STORE_KEY` decides.
    pub readers: Vec<ReadersSeen>,
    /// Index into `readers` of who reads Docker's logins; None: nobody does.
    pub of_logins: Option<usize>,
    pub addressed: Vec<Addressed>,
    /// Entries that are no encrypted messages.
    pub damaged: Vec<PathBuf>,
    /// In registries' folders: what the official helper takes for a login, or stops at.
    pub strays: Vec<PathBuf>,
    /// Folders of Docker's logins whose names are no registry's in base64.
    pub misnamed: Vec<PathBuf>,
    pub loose: Loose,
    pub foreign: Foreign,
    /// What could not be looked at, and why.
    pub missed: Vec<String>,
    /// None: it is not in git.
    pub git: Option<Result<GitSeen, String>>,
}

/// Who may read what is written into a folder and those below it.
#[derive(Debug, Default)]
pub struct ReadersSeen {
    /// None: `$PASSWORD_STORE_KEY` decides.
    pub file: Option<PathBuf>,
    /// Inside the store.
    pub folder: EntryPath,
    /// Err: why the file does not count.
    pub readers: Vec<ReaderSeen>,
    pub fault: Option<String>,
    /// Others than its owner and root can change the file.
    pub writable: bool,
    /// A signature is asked for.
    pub is_signed: bool,
}

/// Entries below the same recipients file that are encrypted to the same keys.
#[derive(Debug, Default)]
pub struct Addressed {
    /// Index into `StoreSeen::readers`; None: no file says who should read them.
    pub readers: Option<usize>,
    pub front: Front,
    /// Inside the store; the first few.
    pub first: Vec<EntryPath>,
    pub count: usize,
    /// Held against the recipients file; None where there is nothing to hold them against.
    pub compared: Option<Result<Addressees, String>>,
    /// Whether a secret key that opens them is here; None: nobody can tell.
    pub opens: Option<bool>,
}

#[derive(Debug, Default)]
pub struct GitSeen {
    pub status: Status,
    /// It goes with a remote.
    pub has_remote: bool,
}

impl StoresSeen {
    /// A store is here, or Docker's configuration names one's helper.
    pub fn is_used(&self) -> bool {
        self.is_named || self.stores.iter().any(|store| store.exists)
    }
}

/// Looks at all of them.
pub(super) fn gather(
    system: &System,
    cancel: &Cancel,
    registries: Option<&Registries>,
    is_ours: bool,
    keyholders: &mut Keyholders,
) -> StoresSeen {
    let helper_named = registries
        .and_then(|found| found.docker.as_ref())
        .is_some_and(|docker| docker.helper.iter().chain(docker.helpers.values()).any(|helper| shims::is_ours(helper)));
    let mut seen = StoresSeen {
        logins: registries.map(|found| found.logins.clone()),
        is_named: helper_named,
        is_ours,
        by_key_file: system.options.key_file.is_some(),
        local_only: system.options.local_only,
        now: Some(system.env.now()),
        ..StoresSeen::default()
    };
    let stores = match system.stores() {
        Ok(stores) => stores,
        Err(error) => return StoresSeen { fault: Some(error.to_string()), ..seen },
    };
    seen.fault = stores.root().check_place().err().map(|error| error.to_string());
    seen.fault = seen.fault.or_else(|| files::closed(stores.root().root()).map(|error| error.to_string()));
    let walks: Vec<Walk<'_>> = stores.all().iter().map(|store| Walk::of(system, cancel, store)).collect();
    let recipients = walks.iter().flat_map(|walk| &walk.wanted).flatten().flatten();
    let keys = walks.iter().flat_map(|walk| walk.kinds.keys()).flat_map(|(_, front)| &front.keys);
    keyholders.look_up(system, recipients, keys);
    let mut meanings = Meanings { cipher: system.cipher().ok(), known: HashMap::new() };
    seen.stores = walks.into_iter().map(|walk| walk.seen(keyholders, &mut meanings)).collect();
    seen
}

/// One store as far as its files tell.
struct Walk<'a> {
    store: &'a Store,
    seen: StoreSeen,
    /// Beside `StoreSeen::readers`.
    wanted: Vec<Option<Vec<Recipient>>>,
    kinds: BTreeMap<(Option<usize>, Front), Vec<EntryPath>>,
}

impl<'a> Walk<'a> {
    fn of(system: &System, cancel: &Cancel, store: &'a Store) -> Walk<'a> {
        let seen = StoreSeen {
            root: store.root().to_owned(),
            mount: store.mount.clone(),
            exists: store.exists(),
            ..StoreSeen::default()
        };
        let mut walk = Walk { store, seen, wanted: Vec::new(), kinds: BTreeMap::new() };
        if walk.seen.exists && !cancel.is_called_off() {
            walk.look(system, cancel);
        }
        walk
    }

    fn look(&mut self, system: &System, cancel: &Cancel) {
        let inventory = self.store.inventory();
        let home = system.env.home().and_then(|home| Some((home, home.metadata().ok()?.uid())));
        let reach = Reach::of(self.store.root(), &inventory, system.env.uid(), home);
        self.seen
            .missed
            .extend(inventory.unreadable.iter().map(|bad| format!("{}: {}", text::quoted_path(&bad.path), bad.why)));
        self.seen.loose = reach.loose(self.store, &inventory);
        self.seen.foreign = reach.foreign(self.store, &inventory);
        let governed = self.add_readers(system, &inventory, &reach);
        self.add_neighbours(&inventory);
        self.add_entries(&inventory, &governed, cancel);
        if cancel.is_called_off() {
            return;
        }
        let repository = Repository::of_store(&system.env, self.store.root()).map(|git| git.within(GIT_TIME));
        self.seen.git = repository.map(|repository| match repository.status() {
            Ok(status) => Ok(GitSeen { has_remote: repository.has_remote(), status }),
            Err(error) => Err(error.to_string()),
        });
    }

    /// Which recipients file counts in which folder of the inventory.
    fn add_readers(&mut self, system: &System, inventory: &Inventory, reach: &Reach) -> Vec<Option<usize>> {
        let forced = !system.options.forced_recipients.is_empty();
        let files: HashMap<usize, &Item> = inventory
            .items
            .iter()
            .filter(|item| !forced && item.name == ".gpg-id")
            .map(|item| (item.folder, item))
            .collect();
        let numbers: HashMap<&EntryPath, usize> =
            inventory.folders.iter().enumerate().map(|(number, folder)| (folder, number)).collect();
        let mut governed: Vec<Option<usize>> = Vec::with_capacity(inventory.folders.len());
        for (number, folder) in inventory.folders.iter().enumerate() {
            let outer = if folder.is_root() { None } else { numbers.get(&folder.parent()) };
            let outer = outer.and_then(|outer| governed.get(*outer).copied().flatten());
            let file = files.get(&number);
            if file.is_none() && !(forced && folder.is_root()) {
                governed.push(outer);
                continue;
            }
            let found = change::recipients(system, self.store, folder);
            let (recipients, fault) = match found {
                Ok((recipients, _)) => (Some(recipients), None),
                Err(problem) => (None, Some(problem.one_line())),
            };
            self.wanted.push(recipients);
            self.seen.readers.push(ReadersSeen {
                file: file.map(|item| inventory.path(self.store, item)),
                folder: folder.clone(),
                readers: Vec::new(),
                fault,
                writable: file.is_some_and(|item| reach.lets_change(self.store, inventory, item)),
                is_signed: system.options.signing_required,
            });
            governed.push(Some(self.wanted.len() - 1));
        }
        let helper = layout::helper_folder().ok();
        let of_helper = helper.and_then(|helper| numbers.get(&helper).copied()).unwrap_or(0);
        self.seen.of_logins = governed.get(of_helper).copied().flatten();
        governed
    }

    /// What lies beside the logins.
    fn add_neighbours(&mut self, inventory: &Inventory) {
        let Ok(helper) = layout::helper_folder() else { return };
        for item in &inventory.items {
            let folder = &inventory.folders[item.folder];
            if *folder == helper && item.kind == ItemKind::Folder {
                let name = item.name.as_bytes();
                if !name.starts_with(b".") && layout::registry_of(name).is_none() {
                    self.seen.misnamed.push(inventory.path(self.store, item));
                }
            } else if !folder.is_root() && folder.parent() == helper {
                let hidden = item.name.as_bytes().starts_with(b".");
                let stray = item.kind == ItemKind::File || hidden && item.kind != ItemKind::Folder;
                if stray && layout::registry_of(folder.name().as_bytes()).is_some() {
                    self.seen.strays.push(inventory.path(self.store, item));
                }
            }
        }
    }

    fn add_entries(&mut self, inventory: &Inventory, governed: &[Option<usize>], cancel: &Cancel) {
        let entries: Vec<(usize, EntryPath)> =
            inventory.items.iter().filter_map(|item| Some((item.folder, inventory.entry(item)?))).collect();
        let front = |entry: &EntryPath| front::of_file(&entry.file(self.store.root()));
        let fronts = in_parts(&entries, |(_, entry)| (!cancel.is_called_off()).then(|| front(entry)));
        for ((folder, entry), front) in entries.into_iter().zip(fronts) {
            let Some(front) = front else { return };
            let path = entry.file(self.store.root());
            match front {
                Ok(Some(front)) => self.kinds.entry((governed[folder], front)).or_default().push(entry),
                Ok(None) => self.seen.damaged.push(path),
                Err(error) => self.seen.missed.push(error.to_string()),
            }
        }
    }

    fn seen(mut self, keyholders: &Keyholders, meanings: &mut Meanings<'_>) -> StoreSeen {
        for (readers, wanted) in self.seen.readers.iter_mut().zip(&self.wanted) {
            readers.readers = wanted.iter().flatten().map(|one| keyholders.reader(one)).collect();
        }
        for (number, ((readers, front), entries)) in self.kinds.into_iter().enumerate() {
            let wanted = readers.and_then(|readers| self.wanted[readers].as_ref());
            let compare = |wanted: &Vec<Recipient>| {
                let message = entries.first().and_then(|entry| self.store.read(entry).ok().flatten())?;
                meanings.compare(&message, wanted)
            };
            let compared = if number < KINDS_MAX {
                wanted.and_then(compare)
            } else {
                Some(Err(format!("more than {KINDS_MAX} sets of readers: the rest is not compared")))
            };
            let opens = keyholders.open(&front);
            let first = entries.iter().take(3).cloned().collect();
            self.seen.addressed.push(Addressed { readers, front, first, count: entries.len(), compared, opens });
        }
        self.seen
    }
}

/// What recipients mean here, each looked up once: many folders have the same, and a name is looked for in all of a ring.
struct Meanings<'a> {
    cipher: Option<&'a dyn Cipher>,
    known: HashMap<Recipient, Result<Meant, String>>,
}

impl Meanings<'_> {
    fn compare(&mut self, message: &[u8], wanted: &[Recipient]) -> Option<Result<Addressees, String>> {
        let cipher = self.cipher?;
        for one in wanted {
            let is_full = self.known.len() >= RECIPIENTS_MAX;
            self.known.entry(one.clone()).or_insert_with(|| match is_full {
                true => Err(format!("more than {RECIPIENTS_MAX} recipients: the rest is not looked up")),
                false => cipher.meant(one).map_err(|error| error.to_string()),
            });
        }
        let meant = wanted.iter().filter_map(|one| Some((one, self.known.get(one)?)));
        let meant = meant.map(|(one, meant)| Ok((one, meant.as_ref().map_err(String::clone)?)));
        let meant = meant.collect::<Result<Vec<_>, String>>();
        Some(meant.and_then(|meant| cipher.held_against(message, &meant).map_err(|error| error.to_string())))
    }
}

/// `look` at each, by several threads where there are many.
fn in_parts<T: Sync, R: Send>(all: &[T], look: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    if all.len() < PARALLEL_FROM || threads == 1 {
        return all.iter().map(look).collect();
    }
    let part = |part: &[T]| part.iter().map(&look).collect::<Vec<R>>();
    std::thread::scope(|scope| {
        let started: Vec<_> =
            all.chunks(all.len().div_ceil(threads)).map(|chunk| (chunk, scope.spawn(|| part(chunk)))).collect();
        // A thread that could not finish leaves its part to this one.
        started.into_iter().flat_map(|(chunk, thread)| thread.join().unwrap_or_else(|_| part(chunk))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;
    use crate::ops::double::CipherDouble;
    use crate::system::cipher::{Asking, Audience, CipherError, Identity};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts what is looked up.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Cipher for Counting {
        fn decrypt(&self, message: &[u8], asking: Asking) -> Result<Secret, CipherError> {
            CipherDouble.decrypt(message, asking)
        }

        fn audience(&self, recipients: &[Recipient]) -> Result<Audience, CipherError> {
            CipherDouble.audience(recipients)
        }

        fn encrypt_for(&self, plaintext: &Secret, audience: &Audience) -> Result<Vec<u8>, CipherError> {
            CipherDouble.encrypt_for(plaintext, audience)
        }

        fn is_for(&self, message: &[u8], audience: &Audience) -> bool {
            CipherDouble.is_for(message, audience)
        }

        fn meant(&self, recipient: &Recipient) -> Result<Meant, CipherError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            CipherDouble.meant(recipient)
        }

        fn held_against(&self, message: &[u8], wanted: &[(&Recipient, &Meant)]) -> Result<Addressees, CipherError> {
            CipherDouble.held_against(message, wanted)
        }

        fn identities(&self, recipient: &Recipient) -> Result<Vec<Identity>, CipherError> {
            CipherDouble.identities(recipient)
        }
    }

    #[test]
    fn each_recipient_is_looked_up_once_and_not_without_end() {
        let cipher = Counting::default();
        let mut meanings = Meanings { cipher: Some(&cipher), known: HashMap::new() };
        let named = |name: &str| Recipient::new(name).expect("a recipient");
        for wanted in [&[named("alice"), named("bob")][..], &[named("bob"), named("alice")], &[named("alice")]] {
            let found = meanings.compare(b"for alice bob\n", wanted).expect("a cipher").expect("compared");
            assert_eq!(found.differ(), Some(wanted.len() == 1));
        }
        assert_eq!(cipher.0.load(Ordering::Relaxed), 2);
        let many: Vec<Recipient> = (0..=RECIPIENTS_MAX).map(|number| named(&format!("n{number}"))).collect();
        assert!(meanings.compare(b"for alice\n", &many).expect("a cipher").is_err_and(|why| why.contains("more than")));
        assert_eq!(cipher.0.load(Ordering::Relaxed), RECIPIENTS_MAX);
    }
}
