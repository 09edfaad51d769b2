//! Many entries replaced at once, each in one step, for the price of a few waits for the disk: all are made and brought to
//! the disk side by side before the first takes its name. A process killed at any moment leaves each entry old or new.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread;

use super::write::Modes;
use super::{Store, StoreError, StoreLock};
use crate::model::EntryPath;
use crate::system::files::{self, FileError};
use crate::system::options::Options;

/// Waits for the disk at the same time: a journaling file system answers those that wait together with one write.
const THREADS: usize = 16;

/// An entry's new file, complete and not yet in its place.
struct Ready {
    temp: PathBuf,
    file: File,
    target: PathBuf,
}

impl Store {
    /// As `write` for each of these entries, whose folders are there. Each keeps its time of change: what it says stays.
    /// Answers in their order.
    pub fn replace_all(
        &self,
        lock: &StoreLock,
        changes: &[(&EntryPath, &[u8])],
        options: &Options,
    ) -> Vec<Result<(), StoreError>> {
        files::sweep_temps(&self.root);
        let mode = Modes::of(options).file;
        let made: Vec<Result<Ready, StoreError>> =
            changes.iter().map(|(entry, bytes)| self.make_ready(entry, bytes, mode)).collect();
        let ready: Vec<&Ready> = made.iter().flatten().collect();
        let synced = side_by_side(&ready, |ready| ready.file.sync_all());
        let faults =
            synced.into_iter().zip(&ready).filter_map(|(synced, ready)| Some((ready.temp.clone(), synced.err()?)));
        let mut faults: std::collections::HashMap<PathBuf, std::io::Error> = faults.collect();
        let mut folders: Vec<PathBuf> = Vec::new();
        let done = made.into_iter().zip(changes).map(|(made, (entry, bytes))| {
            let ready = match made {
                Ok(ready) => ready,
                // Where nothing can be made in the root, the usual way knows another place.
                Err(_) => return self.rewrite(lock, entry, bytes, options),
            };
            let placed = match faults.remove(&ready.temp) {
                Some(source) => Err(FileError::io("cannot write", &ready.target, source)),
                None => std::fs::rename(&ready.temp, &ready.target)
                    .map_err(|source| FileError::io("cannot replace", &ready.target, source)),
            };
            match placed {
                Ok(()) => {
                    folders.extend(ready.target.parent().map(Path::to_owned));
                    Ok(())
                }
                Err(_) => {
                    let _ = std::fs::remove_file(&ready.temp);
                    self.rewrite(lock, entry, bytes, options)
                }
            }
        });
        let done: Vec<Result<(), StoreError>> = done.collect();
        folders.sort_unstable();
        folders.dedup();
        side_by_side(&folders, |folder| files::sync_folder(folder));
        done
    }

    fn rewrite(&self, lock: &StoreLock, entry: &EntryPath, bytes: &[u8], options: &Options) -> Result<(), StoreError> {
        let modified = files::modified(&entry.file(&self.root));
        let file = self.write(lock, entry, bytes, options)?;
        files::keep_time(&file, modified);
        Ok(())
    }

    fn make_ready(&self, entry: &EntryPath, bytes: &[u8], mode: u32) -> Result<Ready, StoreError> {
        self.check_unreserved(&entry.parent())?;
        let target = self.writable_file(entry)?;
        let temp = files::temp_name(&self.root);
        let file = files::make_replacement(&temp, &target, bytes, mode)?;
        files::keep_time(&temp, files::modified(&target));
        Ok(Ready { temp, file, target })
    }
}

/// Does something that mostly waits with each item, in as many threads as are of use. Answers in their order.
fn side_by_side<I: Sync, T: Send>(items: &[I], what: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let share = items.len().div_ceil(THREADS).max(1);
    let what = &what;
    thread::scope(|scope| {
        let threads: Vec<_> =
            items.chunks(share).map(|chunk| scope.spawn(move || chunk.iter().map(what).collect::<Vec<T>>())).collect();
        let joined =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::Typed;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn each_is_replaced_or_told_and_no_scrap_stays() {
        let dir = tempfile::tempdir().expect("a store");
        let store = Store { mount: EntryPath::root(), root: dir.path().to_owned(), index: 0, doubt: None };
        let options = Options::resolve(&Typed::default(), &Env::made_of([("HOME", "/x")])).expect("options");
        let path = |name: &str| EntryPath::parse(name).expect("a name");
        std::fs::create_dir_all(dir.path().join("f/g.gpg")).expect("a folder in the way");
        for number in 0..50 {
            std::fs::write(dir.path().join(format!("f/e{number}.gpg")), b"old").expect("an entry");
        }
        std::fs::set_permissions(dir.path().join("f/e1.gpg"), std::fs::Permissions::from_mode(0o640)).expect("a mode");
        let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        for name in ["f/e0.gpg", "f/e2.gpg"] {
            File::open(dir.path().join(name)).and_then(|file| file.set_modified(then)).expect("a time");
        }
        symlink("e0.gpg", dir.path().join("f/link.gpg")).expect("a link");
        let names: Vec<EntryPath> = (0..50).map(|number| path(&format!("f/e{number}"))).collect();
        let bytes: Vec<String> = (0..50).map(|number| format!("new {number}")).collect();
        let mut changes: Vec<(&EntryPath, &[u8])> = names.iter().zip(bytes.iter().map(String::as_bytes)).collect();
        let (in_the_way, git, link) = (path("f/g"), path(".git/x"), path("f/link"));
        changes.extend([(&in_the_way, &b"x"[..]), (&git, b"x"), (&link, b"through")]);
        let lock = store.lock().expect("locked");
        let done = store.replace_all(&lock, &changes, &options);
        assert!(done[..50].iter().all(Result::is_ok) && done[52].is_ok(), "{done:?}");
        assert!(done[50].is_err() && matches!(done[51], Err(StoreError::Reserved { .. })), "{done:?}");
        let read = |name: &str| std::fs::read(dir.path().join(name)).expect("read");
        assert!((1..50).all(|number| read(&format!("f/e{number}.gpg")) == bytes[number].as_bytes()));
        assert_eq!(read("f/e0.gpg"), b"through");
        let mode = std::fs::metadata(dir.path().join("f/e1.gpg")).expect("meta").permissions().mode() & 0o777;
        assert_eq!(mode, 0o640);
        for name in ["f/e0.gpg", "f/e2.gpg"] {
            assert_eq!(files::modified(&dir.path().join(name)), Some(then), "{name}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1, "a scrap is left");
    }
}
