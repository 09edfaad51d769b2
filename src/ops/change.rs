//! One change of a store, from its lock to its commit: what `credentials` and `entries` have in common.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::answering::Answering;
use super::footprint::Footprint;
use crate::model::{EntryPath, Problem, Recipient, Secret, text};
use crate::system::System;
use crate::system::cipher::{Audience, CipherError};
use crate::system::files;
use crate::system::git::{self, GitError};
use crate::system::keyring::{KeyringError, public_keys};
use crate::system::store::{Content, ContentKind, FolderRecipients, LoginFile, SignedText};
use crate::system::store::{Store, StoreError, StoreLock};

/// What a write did besides succeeding. `warnings` are for the person (stderr): a commit that failed, a login replaced.
#[derive(Debug, Default)]
pub struct Written {
    /// False when the credential was already there, the same.
    pub changed: bool,
    pub warnings: Vec<Problem>,
}

const UNCOMMITTED: &str = "the change is saved but not committed";

/// A change that is made and not committed yet.
#[derive(Debug, Default)]
pub(super) struct Paused {
    touched: Vec<PathBuf>,
    warnings: Vec<Problem>,
}

impl Paused {
    pub(super) fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.warnings.is_empty()
    }
}

/// Holds the store's lock until it is finished or dropped.
pub(super) struct Change<'a> {
    system: &'a System,
    store: &'a Store,
    lock: StoreLock,
    /// Files and folders touched, as git knows them.
    touched: Vec<PathBuf>,
    /// What is needed to take it back; None for changes that nobody takes back.
    footprint: Option<Footprint>,
    /// Who answers at the registries written to, where that is to stay.
    answering: Answering,
    pub(super) changed: bool,
    pub(super) warnings: Vec<Problem>,
}

impl<'a> Change<'a> {
    /// A change that can be taken back (`undo`).
    pub(super) fn begin(system: &'a System, store: &'a Store) -> Result<Change<'a>, StoreError> {
        let mut change = Change::begin_unrecorded(system, store)?;
        change.footprint = Some(Footprint::default());
        Ok(change)
    }

    /// One that cannot: Docker's own logins and logouts, which must cost nothing more; the counter of one-time passwords.
    pub(super) fn begin_unrecorded(system: &'a System, store: &'a Store) -> Result<Change<'a>, StoreError> {
        check_writable(system, store)?;
        let lock = store.lock()?;
        let (touched, warnings, answering) = Default::default();
        Ok(Change { system, store, lock, touched, footprint: None, answering, changed: false, warnings })
    }

    /// One that goes on where `pause` left it.
    pub(super) fn resume(system: &'a System, store: &'a Store, paused: Paused) -> Result<Change<'a>, StoreError> {
        let Paused { touched, warnings } = paused;
        let changed = !touched.is_empty();
        Ok(Change { touched, warnings, changed, ..Change::begin_unrecorded(system, store)? })
    }

    /// Lets go of the lock before the commit. What is needed to take the change back must be written down already.
    pub(super) fn pause(self) -> Paused {
        Paused { touched: self.touched, warnings: self.warnings }
    }

    pub(super) fn store(&self) -> &'a Store {
        self.store
    }

    /// This change takes back that action.
    pub(super) fn takes_back(&mut self, action: u64) {
        if let Some(footprint) = &mut self.footprint {
            footprint.undoes = Some(action);
        }
    }

    /// This change is not to be taken back, for this reason.
    pub(super) fn cannot_be_taken_back(&mut self, why: &str) {
        if let Some(footprint) = &mut self.footprint {
            footprint.obstacle.get_or_insert_with(|| why.to_owned());
        }
    }

    fn note(&mut self, place: &EntryPath) {
        if let Some(footprint) = &mut self.footprint {
            footprint.note(self.store, place);
        }
    }

    fn note_entry(&mut self, entry: &EntryPath) {
        if let Some(footprint) = &mut self.footprint {
            footprint.note_entry(self.store, entry);
        }
    }

    /// Puts a file back as it was, its time of change included. A login that was gone, or only had another time, answers
    /// again if it did.
    pub(super) fn put_back(
        &mut self,
        file: &EntryPath,
        bytes: &[u8],
        mode: u32,
        modified: Option<SystemTime>,
    ) -> Result<(), StoreError> {
        self.note(file);
        if let Some(entry) = entry_of(file) {
            match self.store.read_file(file) {
                Ok(now) if now != bytes => self.answering.note(self.store, &entry),
                _ => self.answering.decided(self.store, &entry),
            }
        }
        let path = self.store.put_back(&self.lock, file, bytes, mode, &self.system.options)?;
        files::keep_time(&path, modified);
        self.note_written(&path);
        Ok(())
    }

    /// Puts a link back as it was.
    pub(super) fn put_back_link(&mut self, file: &EntryPath, target: &Path) -> Result<(), StoreError> {
        self.note(file);
        let path = self.store.put_back_link(&self.lock, file, target, &self.system.options)?;
        self.note_written(&path);
        Ok(())
    }

    /// Removes any file below the root. One that is gone is committed so: a run that was killed has taken it away.
    pub(super) fn take_away(&mut self, file: &EntryPath) -> Result<(), StoreError> {
        self.note(file);
        let path = git::real_path(&file.folder(self.store.root()));
        self.changed |= self.store.take_away(&self.lock, file)?;
        self.touched.push(path);
        Ok(())
    }

    fn note_written(&mut self, path: &Path) {
        self.touched.push(git::real_path(path));
        self.changed = true;
    }

    pub(super) fn write(&mut self, entry: &EntryPath, ciphertext: &[u8]) -> Result<(), StoreError> {
        self.note_entry(entry);
        if self.footprint.is_some() {
            self.answering.note(self.store, entry);
        }
        let file = self.store.write(&self.lock, entry, ciphertext, &self.system.options)?;
        self.note_written(&file);
        Ok(())
    }

    /// Makes an entry's file newer than those of the others that are still there, whatever their times say.
    pub(super) fn make_newest(&mut self, entry: &EntryPath, others: &[LoginFile]) -> Result<(), StoreError> {
        self.answering.decided(self.store, entry);
        if let Some(footprint) = &mut self.footprint {
            footprint.note_time(self.store, entry);
        }
        for other in others {
            if let Some(there) = self.store.entry_file(&other.entry)? {
                self.store.make_newer(&self.lock, entry, there.modified)?;
            }
        }
        Ok(())
    }

    /// Counts an entry as touched although nothing is written: a commit that once failed, or was killed, is made up for.
    pub(super) fn mend_commit(&mut self, entry: &EntryPath) {
        self.touched.push(git::real_path(&entry.file(self.store.root())));
    }

    /// As `mend_commit`, for any files (as `git::real_path` gives them).
    pub(super) fn touch(&mut self, files: Vec<PathBuf>) {
        self.touched.extend(files);
    }

    /// Counts as touched what is gone from a folder and still in git, for the same reason. False when there is none.
    pub(super) fn mend_removals(&mut self, folder: &EntryPath) -> bool {
        let removals = uncommitted_removals(self.system, self.store, folder);
        let found = !removals.is_empty();
        self.touched.extend(removals);
        found
    }

    /// Copies a file as it is to a file name below the store's root.
    pub(super) fn carry(&mut self, from: &Path, to: &EntryPath) -> Result<(), StoreError> {
        self.note(to);
        if let Some(entry) = entry_of(to).filter(|_| self.footprint.is_some()) {
            self.answering.note(self.store, &entry);
        }
        let file = self.store.carry(&self.lock, from, to, &self.system.options)?;
        self.note_written(&file);
        Ok(())
    }

    /// Makes a link that leads where `from` does; `moved` is the folder that goes along with it.
    pub(super) fn carry_link(&mut self, from: &Path, to: &EntryPath, moved: Option<&Path>) -> Result<(), StoreError> {
        self.note(to);
        let link = self.store.carry_link(&self.lock, from, to, moved, &self.system.options)?;
        self.note_written(&link);
        Ok(())
    }

    /// Gives a folder another name in one step. False when that cannot be done here.
    pub(super) fn rename_folder(&mut self, from: &EntryPath, to: &EntryPath) -> Result<bool, StoreError> {
        self.note(from);
        self.note(to);
        let before = git::real_path(&from.folder(self.store.root()));
        if !self.store.rename_folder(&self.lock, from, to, &self.system.options)? {
            return Ok(false);
        }
        self.note_removed(before, true);
        self.touched.push(git::real_path(&to.folder(self.store.root())));
        Ok(true)
    }

    /// Counts a folder that was not there before as touched, instead of everything in it: git takes it as a whole.
    pub(super) fn touched_as_whole(&mut self, folder: &EntryPath) {
        let folder = git::real_path(&folder.folder(self.store.root()));
        self.touched.retain(|path| !path.starts_with(&folder));
        self.touched.push(folder);
    }

    /// Replaces the folder's own recipients file and, where one is asked for, its signature. This and the two that follow leave
    /// it to the caller to keep what was there.
    pub(super) fn write_recipients(
        &mut self,
        folder: &EntryPath,
        text: &[u8],
        signature: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let files = self.store.write_recipients(&self.lock, folder, text, signature, &self.system.options)?;
        self.touched.extend(files.iter().map(|file| git::real_path(file)));
        self.changed = true;
        Ok(())
    }

    /// Puts a recipient's public key where gopass looks for it, in a store that carries keys.
    pub(super) fn carry_key(&mut self, name: &str, key: &[u8]) -> Result<(), StoreError> {
        let file = self.store.carry_key(&self.lock, name, key, &self.system.options)?;
        self.touched.extend(file.as_deref().map(git::real_path));
        Ok(())
    }

    /// Removes what `carry_key` put.
    pub(super) fn drop_key(&mut self, name: &str) -> Result<(), StoreError> {
        let file = self.store.drop_key(&self.lock, name)?;
        self.touched.extend(file.as_deref().map(git::real_path));
        Ok(())
    }

    /// False when it was not there.
    pub(super) fn remove(&mut self, entry: &EntryPath) -> Result<bool, StoreError> {
        if let Some(footprint) = &mut self.footprint {
            footprint.note_file(self.store, entry);
        }
        let path = git::real_path(&entry.file(self.store.root()));
        let removed = self.store.remove(&self.lock, entry)?;
        self.note_removed(path, removed);
        Ok(removed)
    }

    /// False when it was not there. With `prune`, folders left empty around it go too.
    pub(super) fn remove_folder(&mut self, folder: &EntryPath, prune: bool) -> Result<bool, StoreError> {
        self.note(folder);
        let path = git::real_path(&folder.folder(self.store.root()));
        let removed = self.store.remove_folder(&self.lock, folder)?;
        if removed && prune {
            self.store.prune(&self.lock, &folder.parent());
        }
        self.note_removed(path, removed);
        Ok(removed)
    }

    fn note_removed(&mut self, path: PathBuf, removed: bool) {
        if removed {
            self.touched.push(path);
            self.changed = true;
        }
    }

    /// Commits what was touched. A commit that fails is a warning: the change stands.
    pub(super) fn finish(mut self, subject: &str) -> Written {
        self.warnings.extend(self.answering.keep(self.store, &self.lock));
        if let Err(error) = git::commit(&self.system.env, self.store.root(), &self.touched, subject) {
            let warning = match error {
                late if late.is_after_commit() => late.during("the change is saved and committed, but git did not end"),
                // The commit that ends the operation will have it.
                open @ GitError::Unfinished { .. } => open.during(UNCOMMITTED),
                failed => {
                    let commands = git::command_for(&self.system.env, self.store.root(), &self.touched, subject);
                    let by_hand = commands.iter().map(|command| format!("commit it yourself: {command}"));
                    by_hand.fold(failed.during(UNCOMMITTED), Problem::hint)
                }
            };
            self.warnings.push(warning);
        }
        if let Some(footprint) = self.footprint.take() {
            self.warnings.extend(footprint.save(self.system, self.store, subject).err());
        }
        Written { changed: self.changed, warnings: self.warnings }
    }
}

/// The entry whose own file this is.
fn entry_of(file: &EntryPath) -> Option<EntryPath> {
    (Content { path: file.clone(), kind: ContentKind::Entry }).entry()
}

/// Fails when the options keep this store from being changed.
pub(super) fn check_writable(system: &System, store: &Store) -> Result<(), StoreError> {
    match system.options.read_only {
        Some(by) => Err(StoreError::ReadOnly { root: store.root().to_owned(), by }),
        None => Ok(()),
    }
}

/// What is gone from a folder and still in git. A git that does not answer knows of nothing: it tells why when it is to
/// commit.
pub(super) fn uncommitted_removals(system: &System, store: &Store, folder: &EntryPath) -> Vec<PathBuf> {
    let folder = git::real_path(&folder.folder(store.root()));
    git::uncommitted_removals(&system.env, store.root(), &folder).unwrap_or_default()
}

/// Who may read what is written into a folder, the signature checked where one is asked for. The warning is for a file
/// that pass would read differently.
pub(super) fn recipients(
    system: &System,
    store: &Store,
    folder: &EntryPath,
) -> Result<(Vec<Recipient>, Option<Problem>), Problem> {
    let FolderRecipients { recipients, source, unterminated, signed } =
        store.recipients_for(folder, &system.options)?;
    if let Some(SignedText { text, signature }) = &signed {
        system.keyring().verify_gpg_id_signature(text, signature, &system.options.signing_keys)?;
    }
    let warning = source.filter(|_| unterminated).map(|path| {
        let last = recipients.last().map_or("", Recipient::as_str);
        Problem::failed(format!("the last line of {} has no line end", text::quoted_path(&path)))
            .because(format!("pass would leave {} out", text::quoted(last)))
            .hint(format!("echo >> {}", text::shell_word(&path)))
    });
    Ok((recipients, warning))
}

/// The message for these recipients.
pub(super) fn encrypt(
    system: &System,
    store: &Store,
    plaintext: &Secret,
    recipients: &[Recipient],
) -> Result<Vec<u8>, Problem> {
    Ok(system.cipher()?.encrypt_for(plaintext, &audience(system, store, recipients)?)?)
}

/// The recipients' keys. When one is missing here but the store carries it, the problem says where.
pub(super) fn audience(system: &System, store: &Store, recipients: &[Recipient]) -> Result<Audience, Problem> {
    system.cipher()?.audience(recipients).map_err(|error| {
        let missing = match &error {
            CipherError::Keyring(KeyringError::Missing { recipient }) => Recipient::new(recipient),
            _ => None,
        };
        let carried = missing.and_then(|recipient| public_keys::file_of(store.root(), &recipient));
        let mut problem = Problem::from(error);
        if let Some(file) = carried {
            let hint =
                format!("the store carries it, look whose it is, then: gpg --import {}", text::shell_word(&file));
            problem.hints.insert(0, hint);
        }
        problem
    })
}
