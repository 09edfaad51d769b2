//! The four verbs of Docker's protocol on the store: get, store, erase, list by `RegistryKey`. The only op the
//! credential helper sees.

use super::advice;
use super::answering::active;
pub use super::change::Written;
use super::change::{self, Change};
use super::deadline;
use crate::model::registry_key::HUB_KEY;
use crate::model::{Credential, EntryPath, Login, Problem, RegistryKey, Secret, text};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::store::{LoginFile, Store, StoreError, Unreadable, layout};

/// How often a login that is replaced meanwhile is looked for.
const LOOKS: usize = 10;

/// Registry credentials in the root store's `docker-credential-helpers` folder.
pub struct CredentialStore<'a> {
    system: &'a System,
    recorded: bool,
}

/// What a login may take the place of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Anything,
    Nothing,
}

/// Logins by registry, and what could not be understood.
#[derive(Debug, Default)]
pub struct CredentialListing {
    /// One login a registry, the active one; bytewise by key.
    pub logins: Vec<(RegistryKey, Login)>,
    pub unreadable: Vec<Unreadable>,
    /// Why there may be others, elsewhere.
    pub doubt: Option<Problem>,
}

impl<'a> CredentialStore<'a> {
    pub fn new(system: &'a System) -> CredentialStore<'a> {
        CredentialStore { system, recorded: false }
    }

    /// One that stores so that it can be taken back (`undo`), for a person; Docker's calls must cost nothing more.
    pub fn recorded(system: &'a System) -> CredentialStore<'a> {
        CredentialStore { system, recorded: true }
    }

    /// The credential that Docker gets for this key; None when there is none. A bare name of Docker Hub without a login
    /// of its own gets the one that `docker login` keeps under the Hub's key.
    pub fn get(&self, key: &RegistryKey) -> Result<Option<Credential>, Problem> {
        match self.get_exactly(key)? {
            None if key.is_hub_alias() => self.get_exactly(&RegistryKey::new(HUB_KEY)),
            answer => Ok(answer),
        }
    }

    /// Whose login a `get` of this key would answer, found the same way; nothing is decrypted.
    pub fn answering(&self, key: &RegistryKey) -> Result<Option<Login>, Problem> {
        let store = self.system.stores()?.root();
        store.check_place()?;
        let look = |key: &RegistryKey| read_active(store, key, |entry| store.read(entry));
        let found = match look(key)? {
            None if key.is_hub_alias() => look(&RegistryKey::new(HUB_KEY))?,
            found => found,
        };
        Ok(found.map(|(file, _)| file.login))
    }

    fn get_exactly(&self, key: &RegistryKey) -> Result<Option<Credential>, Problem> {
        let store = self.system.stores()?.root();
        store.check_place()?;
        let found = read_active(store, key, |entry| store.read(entry))?;
        let Some((LoginFile { login, entry, .. }, ciphertext)) = found else { return Ok(None) };
        let unreadable = |error| of_entry(advice::advised(self.system, store, &entry, error), "read", &login, key);
        let cipher = self.system.cipher().map_err(unreadable)?;
        let mut secret = cipher.decrypt(&ciphertext, Asking::Allowed).map_err(unreadable)?;
        trim(&mut secret);
        Ok(Some(Credential { login, secret }))
    }

    /// Stores a credential as the registry's one login; the account stored last wins. A credential that is there already,
    /// encrypted to the right people, is not written again.
    pub fn store(&self, key: &RegistryKey, credential: Credential) -> Result<Written, Problem> {
        Ok(self.store_over(key, credential, Over::Anything)?.unwrap_or_default())
    }

    /// As `store`, where the registry has no login of whatever user. None where it has: nothing is written then.
    pub fn add(&self, key: &RegistryKey, credential: Credential) -> Result<Option<Written>, Problem> {
        self.store_over(key, credential, Over::Nothing)
    }

    fn store_over(&self, key: &RegistryKey, credential: Credential, over: Over) -> Result<Option<Written>, Problem> {
        let Credential { login, secret } = credential;
        let written = self.store_login(key, &login, secret, over).map_err(|problem| untold(problem, &login))?;
        let Some(mut written) = written else { return Ok(None) };
        if let Err(problem) = deadline::renewed(self.system, key) {
            written
                .warnings
                .push(problem.because("the login is stored, and is not handed out as long as that record is there"));
        }
        written.warnings = written.warnings.into_iter().map(|warning| untold(warning, &login)).collect();
        Ok(Some(written))
    }

    fn store_login(
        &self,
        key: &RegistryKey,
        login: &Login,
        secret: Secret,
        over: Over,
    ) -> Result<Option<Written>, Problem> {
        let entry = layout::login_entry(key, login)?;
        let store = self.system.stores()?.root();
        let mut change = match self.recorded {
            true => Change::begin(self.system, store)?,
            false => Change::begin_unrecorded(self.system, store)?,
        };
        if over == Over::Nothing && !store.logins(key)?.files.is_empty() {
            return Ok(None);
        }
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
            let ciphertext = change::encrypt(self.system, store, &secret, &recipients)
                .map_err(|problem| of_entry(problem, "store", login, key))?;
            change.write(&entry, &ciphertext)?;
        }
        drop(secret);
        change.mend_removals(&entry.parent());
        for other in &others {
            remove_other(&mut change, other, login, key);
        }
        change.make_newest(&entry, &others).map_err(|error| of_entry(error.into(), "store", login, key))?;
        Ok(Some(change.finish(&format!("Add given password for {} to store.", entry.display()))))
    }

    /// Removes every login of the registry. Nothing there is success. Erasing a bare name of Docker Hub erases what a `get`
    /// of it would answer: the login under the Hub's key, when the name has none of its own. Docker's logout sends
    /// `docker.io`, `http://docker.io` and `https://docker.io` one after the other, so that the spellings with a scheme
    /// erase only what is theirs: else the second call would take the Hub's login after the first took the name's own.
    /// A Hub login that goes on answering for the name is told.
    pub fn erase(&self, key: &RegistryKey) -> Result<Written, Problem> {
        let store = self.system.stores()?.root();
        store.check_place()?;
        let hub = key.is_hub_alias().then(|| RegistryKey::new(HUB_KEY));
        let too = hub.as_ref().filter(|_| key.is_bare_hub_alias());
        let too = if too.is_some() && store.logins(key)?.files.is_empty() { too } else { None };
        let keys = std::iter::once(key).chain(too);
        let folders: Vec<EntryPath> = keys.filter_map(|key| layout::registry_folder(key).ok()).collect();
        let mut written = self.erase_folders(store, &folders)?;
        if let Some(hub) = hub
            && !store.logins(&hub)?.files.is_empty()
        {
            written.warnings.push(
                Problem::failed(format!(
                    "{} is still answered by the login at {}",
                    text::quoted(key.as_bytes()),
                    text::quoted(HUB_KEY)
                ))
                .hint("log out there too: docker logout"),
            );
        }
        Ok(written)
    }

    fn erase_folders(&self, store: &Store, folders: &[EntryPath]) -> Result<Written, Problem> {
        let mut is_there = false;
        for folder in folders {
            is_there |= store.has_name(folder)?;
        }
        // An erase that was killed, or whose commit failed, has left no folder but what it was in.
        if !is_there
            && !store.has_leftovers(&layout::helper_folder().map_err(StoreError::from)?)
            && folders.iter().all(|folder| change::uncommitted_removals(self.system, store, folder).is_empty())
        {
            return Ok(Written::default());
        }
        let mut change = Change::begin_unrecorded(self.system, store)?;
        let mut names = Vec::new();
        for folder in folders {
            if change.remove_folder(folder, false)? || change.mend_removals(folder) {
                names.push(folder.display());
            }
        }
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
        let doubt = store.check_place().err().map(Problem::from);
        Ok(CredentialListing { logins: logins.collect(), unreadable: found.unreadable, doubt })
    }
}

/// The login that counts, and its ciphertext. It may be gone when it is read, replaced by another user's: then the
/// registry is looked at again.
fn read_active(
    store: &Store,
    key: &RegistryKey,
    mut read: impl FnMut(&EntryPath) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Option<(LoginFile, Vec<u8>)>, Problem> {
    for _ in 0..LOOKS {
        let mut files = store.logins(key)?.files;
        let Some(active) = active(store, &files) else { return Ok(None) };
        let file = files.swap_remove(active);
        if let Some(ciphertext) = read(&file.entry)? {
            return Ok(Some((file, ciphertext)));
        }
    }
    let server = text::quoted(key.as_bytes());
    Err(Problem::failed(format!("the login at {server} is being replaced by other processes")).hint("try again"))
}

/// The login of another user must not answer for this one. It failing to go is no failure of the login that was stored:
/// the newer file counts (`Change::make_newest`).
fn remove_other(change: &mut Change<'_>, other: &LoginFile, login: &Login, key: &RegistryKey) {
    let old = other.login.quoted();
    let at = text::quoted(key.as_bytes());
    match change.remove(&other.entry) {
        Ok(_) if other.login == *login => {}
        Ok(_) => {
            let new = login.quoted();
            change.warnings.push(Problem::failed(format!("the login of {old} at {at} was replaced by that of {new}")));
        }
        Err(error) => {
            let mut problem = Problem::from(error);
            problem.causes.insert(0, std::mem::take(&mut problem.message));
            problem.message = format!("the older login of {old} at {at} could not be removed");
            change.warnings.push(untold(problem, &other.login));
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

/// What the official helper takes off the end of `pass show` (docker-credential-helpers v0.9.8, `pass/pass.go`,
/// `runPassHelper`).
fn trim(secret: &mut Secret) {
    secret.trim_end(|byte| byte == b'\n' || byte == b'\r');
}

/// Says whose login it was before saying why.
fn of_entry(mut problem: Problem, verb: &str, login: &Login, key: &RegistryKey) -> Problem {
    problem.causes.insert(0, std::mem::take(&mut problem.message));
    problem.message = format!("cannot {verb} the login of {} at {}", login.quoted(), text::quoted(key.as_bytes()));
    untold(problem, login)
}

/// The problem without a user name that may not be shown; paths hold it.
fn untold(problem: Problem, login: &Login) -> Problem {
    if login.is_showable() {
        return problem;
    }
    let file = layout::user_file(login.as_str()).unwrap_or_default();
    let forms = [login.as_str(), &file].map(|form| text::escaped(form.as_bytes()).into_owned());
    forms.iter().fold(problem, |problem, form| problem.without(form, "***"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::double::{Bench, secret};
    use std::os::unix::fs::MetadataExt;
    use std::time::{Duration, SystemTime};

    const H: &str = "docker-credential-helpers/aA==";

    fn key(server: &str) -> RegistryKey {
        RegistryKey::new(server)
    }

    fn store(bench: &Bench, server: &str, user: &str, password: &str) -> Result<Written, Problem> {
        CredentialStore::new(&bench.system).store(&key(server), Credential::new(Login::new(user), secret(password)))
    }

    fn get(bench: &Bench, server: &str) -> Option<(String, String)> {
        let found = CredentialStore::new(&bench.system).get(&key(server)).expect("answered")?;
        let secret = String::from_utf8(found.secret.expose().to_vec()).expect("text");
        Some((found.login.as_str().to_owned(), secret))
    }

    fn answer(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.to_owned(), password.to_owned()))
    }

    fn logins(bench: &Bench) -> Vec<(String, String)> {
        let listing = CredentialStore::new(&bench.system).list().expect("listed");
        listing.logins.iter().map(|(key, login)| (key.to_text().into_owned(), login.as_str().to_owned())).collect()
    }

    fn age(file: &std::path::Path, seconds: u64) {
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000 - seconds);
        std::fs::File::open(file).and_then(|file| file.set_modified(then)).expect("an age");
    }

    #[test]
    fn what_is_stored_comes_back_and_goes() {
        let bench = Bench::new();
        assert_eq!(get(&bench, "h"), None);
        assert!(store(&bench, "h", "alice", "pw").expect("stored").changed);
        assert_eq!(get(&bench, "h"), answer("alice", "pw"));
        assert_eq!(logins(&bench), [("h".to_owned(), "alice".to_owned())]);
        assert!(CredentialStore::new(&bench.system).erase(&key("h")).expect("erased").changed);
        assert_eq!(get(&bench, "h"), None);
        assert_eq!(bench.tree(), [".gpg-id", "docker-credential-helpers"]);
    }

    #[test]
    fn a_login_replaced_between_two_looks_is_looked_for_again() {
        let bench = Bench::new();
        let old = bench.put(&format!("{H}/old.gpg"), "for alice\n1");
        let root = bench.system.stores().expect("stores").root();
        let mut looks = 0;
        let found = read_active(root, &key("h"), |entry| {
            if looks == 0 {
                bench.put(&format!("{H}/new.gpg"), "for alice\n2");
                std::fs::remove_file(&old).expect("removed");
            }
            looks += 1;
            root.read(entry)
        });
        let (login, ciphertext) = found.expect("answered").expect("a login");
        assert_eq!((login.login.as_str(), ciphertext.as_slice(), looks), ("new", b"for alice\n2".as_slice(), 2));
        assert!(read_active(root, &key("h"), |_| Ok(None)).is_err());
    }

    #[test]
    fn what_is_added_replaces_nobody() {
        let bench = Bench::new();
        let add = |user: &str| {
            let credential = Credential::new(Login::new(user), secret("pw"));
            CredentialStore::new(&bench.system).add(&key("h"), credential).expect("answered").is_some()
        };
        assert!(add("alice"));
        assert!(!add("alice") && !add("bob"));
        assert_eq!(get(&bench, "h"), answer("alice", "pw"));
        assert_eq!(bench.tree().len(), 4, "{:?}", bench.tree());
    }

    #[test]
    fn an_erase_again_takes_what_a_killed_one_left() {
        let bench = Bench::new();
        bench.put(".regpass-7-0.tmp/u.gpg", "for alice\npw");
        CredentialStore::new(&bench.system).erase(&key("h")).expect("nothing there");
        assert_eq!(bench.tree(), [".gpg-id"]);
    }

    #[test]
    fn uncommitted_removals_are_made_up_for() {
        let bench = Bench::with_path();
        let git = |arguments: &[&str]| {
            let mut command = std::process::Command::new("git");
            command.env("HOME", bench.home()).env("GIT_CONFIG_NOSYSTEM", "1").arg("-C").arg(bench.root());
            let said = command.args(["-c", "user.name=n", "-c", "user.email=e"]).args(arguments).output().expect("git");
            assert!(said.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said.stderr));
            String::from_utf8(said.stdout).expect("text")
        };
        git(&["init", "-q"]);
        git(&["config", "user.name", "n"]);
        git(&["config", "user.email", "e"]);
        let old = bench.put(&format!("{H}/old.gpg"), "for alice\n1");
        bench.put(&format!("{H}/u.gpg"), "for alice\npw");
        let other = bench.put("other.gpg", "for alice\nx");
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "all"]);
        let removed = || git(&["ls-tree", "-r", "--name-only", "HEAD"]);
        // The same again, after a replacement whose commit failed; another's removal is not ours to commit.
        std::fs::remove_file(old).expect("removed");
        std::fs::remove_file(other).expect("removed");
        assert!(!store(&bench, "h", "u", "pw").expect("stored").changed);
        assert_eq!(removed(), format!(".gpg-id\n{H}/u.gpg\nother.gpg\n"));
        // An erase of nothing, after one whose commit failed when the index had changed.
        git(&["rm", "-r", "-q", H]);
        CredentialStore::new(&bench.system).erase(&key("h")).expect("nothing there");
        assert_eq!(removed(), ".gpg-id\nother.gpg\n");
        // And nothing at all.
        let last = git(&["rev-parse", "HEAD"]);
        CredentialStore::new(&bench.system).erase(&key("h")).expect("nothing there");
        assert_eq!(git(&["rev-parse", "HEAD"]), last);
    }

    #[test]
    fn only_line_ends_at_the_end_are_trimmed() {
        let bench = Bench::new();
        for (stored, read) in
            [("abc\n\n\r\n", "abc"), ("\n\n", ""), ("", ""), ("\n a\tb\0c \nurl: x", "\n a\tb\0c \nurl: x")]
        {
            store(&bench, "h", "u", stored).expect("stored");
            assert_eq!(get(&bench, "h"), answer("u", read), "{stored:?}");
        }
        bench.put(&format!("{H}/u.gpg"), "for alice\nexact\n");
        assert_eq!(get(&bench, "h"), answer("u", "exact"));
    }

    #[test]
    fn the_same_again_writes_nothing() {
        let bench = Bench::new();
        store(&bench, "h", "u", "pw").expect("stored");
        let file = bench.root().join(H).join("u.gpg");
        let before = std::fs::metadata(&file).expect("a file").ino();
        let inode = || std::fs::metadata(&file).expect("a file").ino();
        assert!(!store(&bench, "h", "u", "pw").expect("stored").changed);
        assert_eq!(inode(), before);
        assert!(store(&bench, "h", "u", "other").expect("stored").changed);
        assert_ne!(inode(), before);
        // Encrypted to others than it should be, or not readable without a prompt: written again.
        for recipient in ["bob\n", "locked\n"] {
            bench.put(".gpg-id", recipient);
            assert!(store(&bench, "h", "u", "other").expect("stored").changed, "{recipient}");
        }
        assert!(store(&bench, "h", "u", "other").expect("stored").changed);
    }

    #[test]
    fn the_account_stored_last_wins() {
        let bench = Bench::new();
        bench.put(&format!("{H}/Zed.gpg"), "for alice\nz");
        bench.put(&format!("{H}/team/robot.gpg"), "for alice\nr");
        let written = store(&bench, "h", "alice", "pw").expect("stored");
        let warnings: Vec<&str> = written.warnings.iter().map(|warning| warning.message.as_str()).collect();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings.iter().any(|text| text.contains("\"Zed\"")), "{warnings:?}");
        assert_eq!(get(&bench, "h"), answer("alice", "pw"));
        assert_eq!(logins(&bench), [("h".to_owned(), "alice".to_owned())]);
        assert_eq!(bench.tree().last().map(String::as_str), Some("docker-credential-helpers/aA==/alice.gpg"));
        // The one that is there already, beside another that came later from elsewhere.
        age(&bench.put(&format!("{H}/<token>.gpg"), "for alice\nt"), 0);
        assert_eq!(get(&bench, "h"), answer("<token>", "t"));
        let written = store(&bench, "h", "alice", "pw").expect("stored");
        assert!(written.changed);
        assert_eq!(get(&bench, "h"), answer("alice", "pw"));
    }

    #[test]
    fn among_several_the_newest_file_counts() {
        let bench = Bench::new();
        age(&bench.put(&format!("{H}/a.gpg"), "for alice\n1"), 20);
        age(&bench.put(&format!("{H}/c.gpg"), "for alice\n3"), 10);
        age(&bench.put(&format!("{H}/b.gpg"), "for alice\n2"), 10);
        assert_eq!(get(&bench, "h"), answer("b", "2"));
        assert_eq!(logins(&bench), [("h".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn a_login_that_looks_newer_than_the_stored_one_and_cannot_go_is_outdone() {
        let bench = Bench::new();
        // A name that is kept for us is never removed as an entry.
        let old = bench.put(&format!("{H}/team/.regpass-1-0.tmp/old.gpg"), "for alice\n1");
        let ahead = SystemTime::now() + Duration::from_secs(5000);
        std::fs::File::open(&old).and_then(|file| file.set_modified(ahead)).expect("an age");
        let written = store(&bench, "h", "new", "2").expect("stored");
        assert!(written.changed && old.exists());
        assert_eq!(get(&bench, "h"), answer("new", "2"));
        // The same again, and the other one newer once more.
        let later = ahead + Duration::from_secs(5000);
        std::fs::File::open(&old).and_then(|file| file.set_modified(later)).expect("an age");
        assert!(!store(&bench, "h", "new", "2").expect("stored").changed);
        assert_eq!(get(&bench, "h"), answer("new", "2"));
    }

    #[test]
    fn user_names_with_slashes_are_kept_flat_and_read_in_both_forms() {
        let bench = Bench::new();
        bench.put(&format!("{H}/a/b.gpg"), "for alice\nold");
        assert_eq!(get(&bench, "h"), answer("a/b", "old"));
        let written = store(&bench, "h", "a/b", "new").expect("stored");
        assert!(written.warnings.is_empty(), "{:?}", written.warnings);
        assert_eq!(get(&bench, "h"), answer("a/b", "new"));
        assert_eq!(
            bench.tree(),
            [".gpg-id", "docker-credential-helpers", H, "docker-credential-helpers/aA==/a%2Fb.gpg"]
        );
    }

    #[test]
    fn a_user_name_that_may_be_a_token_is_never_told() {
        let bench = Bench::new();
        let token = format!("ghp_{}", "a1/".repeat(45));
        let old = bench.put(&format!("{H}/{}.gpg", token.replace('/', "%2F")), "no message");
        let untold = |problem: &Problem| {
            let told = format!("{problem:?}");
            assert!(!told.contains("a1/a1") && !told.contains("a1%2Fa1"), "{told}");
            told
        };
        assert!(
            untold(&CredentialStore::new(&bench.system).get(&key("h")).expect_err("damaged")).contains("(139 char")
        );
        bench.put(".gpg-id", "missing\n");
        assert!(untold(&store(&bench, "h", &token, "pw").expect_err("no key")).contains("(139 characters)"));
        untold(&store(&bench, "h", &token.repeat(2), "pw").expect_err("too long"));
        untold(&store(&bench, "h", &format!("../{token}"), "pw").expect_err("outside"));
        bench.put(".gpg-id", "alice\n");
        std::fs::remove_file(&old).expect("removed");
        std::fs::create_dir_all(old.join("in the way")).expect("a folder");
        untold(&store(&bench, "h", &token, "pw").expect_err("in the way"));
        std::fs::remove_dir_all(&old).expect("removed");
        store(&bench, "h", &token, "pw").expect("stored");
        store(&bench, "h", "alice", "pw").expect("stored").warnings.iter().for_each(|warning| drop(untold(warning)));
    }

    #[test]
    fn refused_names_and_failures_leave_nothing() {
        let bench = Bench::new();
        let victim = bench.put("email/work.gpg", "for alice\nmine");
        let before = bench.tree();
        for user in ["..", "../x", "../../email/work", "", "a\0b", &"u".repeat(252)] {
            assert!(store(&bench, "h", user, "pw").is_err(), "{user:?}");
        }
        assert!(store(&bench, &"s".repeat(190), "u", "pw").is_err());
        assert!(store(&bench, "", "u", "pw").is_err());
        bench.put(".gpg-id", "missing\n");
        let problem = store(&bench, "h", "u", "pw").expect_err("no key");
        assert!(problem.one_line().contains("missing"), "{problem}");
        bench.put(".gpg-id", "# nobody\n");
        assert!(store(&bench, "h", "u", "pw").is_err());
        assert_eq!(bench.tree(), before);
        assert_eq!(std::fs::read(victim).expect("read"), b"for alice\nmine");
    }

    #[test]
    fn a_store_that_is_not_there() {
        let bench = Bench::new();
        std::fs::remove_file(bench.root().join(".gpg-id")).expect("removed");
        let problem = store(&bench, "h", "u", "pw").expect_err("no recipients");
        assert!(problem.message.starts_with("pass not initialized: "), "{problem}");
        assert!(problem.hints.iter().any(|hint| hint.contains("pass init")), "{problem:?}");
        assert!(bench.tree().is_empty());
        std::fs::remove_dir(bench.root()).expect("removed");
        let problem = store(&bench, "h", "u", "pw").expect_err("no store");
        assert!(problem.message.starts_with("pass not initialized: "), "{problem}");
        assert_eq!(get(&bench, "h"), None);
        assert!(logins(&bench).is_empty());
        assert!(!CredentialStore::new(&bench.system).erase(&key("h")).expect("nothing").changed);
        assert!(!bench.root().exists());
    }

    #[test]
    fn names_of_the_hub_answer_alike() {
        let bench = Bench::new();
        store(&bench, HUB_KEY, "alice", "pw").expect("stored");
        for alias in ["docker.io", "index.docker.io", "registry-1.docker.io", "https://docker.io"] {
            assert_eq!(get(&bench, alias), answer("alice", "pw"), "{alias}");
        }
        assert_eq!(get(&bench, "https://index.docker.io/v1/access-token"), None);
        store(&bench, "docker.io", "own", "pw2").expect("stored");
        assert_eq!(get(&bench, "docker.io"), answer("own", "pw2"));
        assert_eq!(get(&bench, HUB_KEY), answer("alice", "pw"));
    }

    #[test]
    fn an_erase_takes_what_a_get_would_answer_and_no_more() {
        let bench = Bench::new();
        let erase = |server: &str| CredentialStore::new(&bench.system).erase(&key(server)).expect("erased");
        store(&bench, HUB_KEY, "alice", "pw").expect("stored");
        store(&bench, "docker.io", "own", "pw2").expect("stored");
        // As `docker logout docker.io` does it.
        for (server, changed) in [("docker.io", true), ("http://docker.io", false), ("https://docker.io", false)] {
            let written = erase(server);
            assert_eq!(written.changed, changed, "{server}");
            let warnings: Vec<&str> = written.warnings.iter().map(|warning| warning.message.as_str()).collect();
            assert!(warnings.len() == 1 && warnings[0].contains(HUB_KEY), "{server}: {warnings:?}");
        }
        assert_eq!(get(&bench, HUB_KEY), answer("alice", "pw"));
        assert_eq!(logins(&bench), [(HUB_KEY.to_owned(), "alice".to_owned())]);
        let written = erase("docker.io");
        assert!(written.changed && written.warnings.is_empty(), "{written:?}");
        assert_eq!((get(&bench, "docker.io"), get(&bench, HUB_KEY)), (None, None));
        // Nor is anything said when nothing is there.
        assert!(erase("https://docker.io").warnings.is_empty());
    }

    #[test]
    fn a_damaged_entry_is_an_error_that_names_it() {
        let bench = Bench::new();
        bench.put(&format!("{H}/u.gpg"), "");
        let problem = CredentialStore::new(&bench.system).get(&key("h")).expect_err("damaged");
        assert_eq!(problem.one_line(), "cannot read the login of \"u\" at \"h\": not a message");
        assert_eq!(logins(&bench), [("h".to_owned(), "u".to_owned())]);
    }

    #[test]
    fn a_linked_registry_is_unlinked_not_emptied() {
        let bench = Bench::new();
        let elsewhere = bench.home().join("elsewhere");
        std::fs::create_dir_all(&elsewhere).expect("a folder");
        std::fs::write(elsewhere.join("u.gpg"), "for alice\npw").expect("an entry");
        std::fs::create_dir_all(bench.root().join("docker-credential-helpers")).expect("a folder");
        std::os::unix::fs::symlink(&elsewhere, bench.root().join(H)).expect("a link");
        assert_eq!(get(&bench, "h"), answer("u", "pw"));
        assert_eq!(logins(&bench), [("h".to_owned(), "u".to_owned())]);
        assert!(CredentialStore::new(&bench.system).erase(&key("h")).expect("erased").changed);
        assert!(elsewhere.join("u.gpg").exists() && get(&bench, "h").is_none());
    }

    #[test]
    fn a_last_line_without_end_is_read_and_told() {
        let bench = Bench::new();
        bench.put(".gpg-id", "alice\nbob");
        let written = store(&bench, "h", "u", "pw").expect("stored");
        assert!(written.warnings.iter().any(|warning| warning.one_line().contains("\"bob\"")), "{written:?}");
        let stored = std::fs::read(bench.root().join(H).join("u.gpg")).expect("read");
        assert_eq!(stored, b"for alice bob\npw");
    }
}
