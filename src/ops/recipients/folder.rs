//! Who may read what is written into a folder, and whose list says so. Opens nothing, and asks nobody but a key daemon that
//! keeps the ring.

use std::path::Path;

use crate::model::{EntryPath, Problem};
use crate::ops::readers::{self, Reader};
use crate::system::System;
use crate::system::store::Store;

/// The most readers that are looked up: each costs a look at the keyring, and nobody reads more names.
const READERS_MAX: usize = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderReaders {
    /// In the order of the list.
    pub readers: Vec<Reader>,
    /// How many there are besides.
    pub more: usize,
    pub named_by: NamedBy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The list of this folder, with the mount's name in front.
    Folder(EntryPath),
    /// `$PASSWORD_STORE_KEY`.
    Variable,
}

pub fn folder_readers(system: &System, folder: &EntryPath) -> Result<FolderReaders, Problem> {
    let (store, inner) = system.stores()?.locate(folder);
    let mut found = store.recipients_for(&inner, &system.options)?;
    let named_by = match found.source.as_deref().and_then(Path::parent) {
        Some(holder) => NamedBy::Folder(name_of(store, holder)),
        None => NamedBy::Variable,
    };
    let more = found.recipients.len().saturating_sub(READERS_MAX);
    found.recipients.truncate(READERS_MAX);
    Ok(FolderReaders { readers: readers::describe(system, &found.recipients), more, named_by })
}

/// The name of one of the store's folders.
fn name_of(store: &Store, holder: &Path) -> EntryPath {
    let inner = holder.strip_prefix(store.root()).unwrap_or(Path::new(""));
    let whole = store.mount.join(inner);
    whole.unwrap_or_else(|_| store.mount.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, path};

    #[test]
    fn the_nearest_list_upwards_names_the_readers() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        std::fs::create_dir_all(bench.home().join("work/ci")).expect("a folder");
        std::fs::write(bench.home().join("work/.gpg-id"), "bob\n").expect("recipients");
        bench.put("team/.gpg-id", "alice\nbob\n");
        bench.put("team/db/x.gpg", "for alice\n");
        bench.put("other/x.gpg", "for alice\n");
        for (folder, names, by) in [
            ("team", &["alice", "bob"][..], path("team")),
            ("team/db", &["alice", "bob"], path("team")),
            ("other", &["alice"], EntryPath::root()),
            ("work", &["bob"], path("work")),
            ("work/ci", &["bob"], path("work")),
        ] {
            let found = folder_readers(&bench.system, &path(folder)).expect("known");
            let named: Vec<&str> = found.readers.iter().map(|reader| reader.recipient.as_str()).collect();
            assert_eq!((named.as_slice(), found.named_by, found.more), (names, NamedBy::Folder(by), 0), "{folder}");
        }
        let many: String = (0..25).map(|number| format!("reader{number}\n")).collect();
        bench.put("team/.gpg-id", &many);
        let found = folder_readers(&bench.system, &path("team/db")).expect("known");
        assert_eq!((found.readers.len(), found.more), (20, 5));
        bench.put("team/.gpg-id", "# nobody\n");
        assert!(folder_readers(&bench.system, &path("team/db")).is_err(), "nobody can read it");
    }
}
