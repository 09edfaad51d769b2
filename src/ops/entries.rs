//! Entries of all stores: list, find, show, insert, edit, remove. Moving and copying them is `transfer`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::advice;
pub use super::change::Written;
use super::change::{self, Change};
use super::opening::unreadable;
use crate::model::entry_text::{self, Torn};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::system::System;
use crate::system::cipher::Asking;
use crate::system::git::{self, Tracking};
use crate::system::store::{Listing, Store, StoreError, layout, not_in_store};

/// How many similar names an error offers.
const NEAR_MAX: usize = 3;

/// What is known of an entry without decrypting it.
#[derive(Clone, Debug)]
pub struct EntryFacts {
    pub path: EntryPath,
    pub file: PathBuf,
    /// Root of the store that holds it.
    pub store: PathBuf,
    pub bytes: u64,
    pub modified: SystemTime,
}

/// Every entry below `folder` in all stores; the root path lists all. An entry's own name lists that entry.
pub fn list(system: &System, folder: &EntryPath) -> Result<Listing, Problem> {
    let stores = system.stores()?;
    let root = stores.root();
    if folder.is_root() && !root.exists() && stores.all().len() == 1 {
        root.check_place()?;
        return Err(StoreError::NoStore { root: root.root.clone() }.into());
    }
    let is_mount_s = |store: &Store| store.mount.is_within(folder);
    let (store, inner) = stores.locate(folder);
    if store.has_folder(&inner) || stores.all().iter().any(is_mount_s) {
        return Ok(stores.list_below(folder));
    }
    match store.entry_file(&inner)? {
        Some(_) => {
            let mut listing = stores.list_below(&folder.parent());
            listing.entries.retain(|entry| entry.path == *folder);
            listing.unreadable.clear();
            Ok(listing)
        }
        None => Err(missing(system, folder)),
    }
}

/// Every entry whose name or folders contain one of these texts; letter case does not count (pass `find`). A registry's
/// login is found by the registry's name too, which its folder's name hides.
pub fn find(system: &System, terms: &[String]) -> Result<Listing, Problem> {
    let terms: Vec<String> = terms.iter().map(|term| term.to_lowercase()).collect();
    let helper = layout::helper_folder().unwrap_or_default();
    let holds = |name: &[u8]| {
        let name = String::from_utf8_lossy(name).to_lowercase();
        terms.iter().any(|term| name.contains(term))
    };
    let mut listing = list(system, &EntryPath::root())?;
    listing.entries.retain(|entry| {
        let registry = || {
            let below = entry.path.below(&helper)?;
            let folder = below.as_bytes().split(|byte| *byte == b'/').next()?;
            layout::registry_of(folder)
        };
        holds(entry.path.as_bytes()) || registry().is_some_and(|registry| holds(registry.as_bytes()))
    });
    Ok(listing)
}

/// The whole plaintext of an entry.
pub fn show(system: &System, entry: &EntryPath, asking: Asking) -> Result<Secret, Problem> {
    let opened = open(system, entry, asking)?;
    if opened.is_new() { Err(missing(system, entry)) } else { Ok(opened.plaintext) }
}

/// An entry as it was when it was opened: what a change of its text starts from.
#[derive(Debug)]
pub struct Opened {
    pub path: EntryPath,
    /// Empty where there is no such entry yet.
    pub plaintext: Secret,
    /// The message that was read; None where there was none.
    version: Option<Vec<u8>>,
}

impl Opened {
    /// True when there is no such entry yet.
    pub fn is_new(&self) -> bool {
        self.version.is_none()
    }

    /// As if it had been opened.
    #[cfg(test)]
    pub fn made_of(path: EntryPath, plaintext: Secret) -> Opened {
        Opened { path, plaintext, version: Some(Vec::new()) }
    }
}

/// Reads an entry in order to change it, or a name in order to make one.
pub fn open(system: &System, entry: &EntryPath, asking: Asking) -> Result<Opened, Problem> {
    let (store, inner) = system.stores()?.locate(entry);
    let version = store.read(&inner)?;
    let plaintext = match &version {
        Some(ciphertext) => decrypt(system, entry, ciphertext, asking)?,
        None => Secret::default(),
    };
    Ok(Opened { path: entry.clone(), plaintext, version })
}

pub(super) fn decrypt(
    system: &System,
    entry: &EntryPath,
    ciphertext: &[u8],
    asking: Asking,
) -> Result<Secret, Problem> {
    let (store, inner) = system.stores()?.locate(entry);
    let told = |error| unreadable(entry, advice::advised(system, store, &inner, error));
    system.cipher()?.decrypt(ciphertext, asking).map_err(told)
}

pub fn facts(system: &System, entry: &EntryPath) -> Result<EntryFacts, Problem> {
    let (store, inner) = system.stores()?.locate(entry);
    let Some(seen) = store.entry_file(&inner)? else { return Err(missing(system, entry)) };
    Ok(EntryFacts {
        path: entry.clone(),
        file: seen.file,
        store: store.root().to_owned(),
        bytes: seen.bytes,
        modified: seen.modified,
    })
}

/// Whether git has the entry's file. Starts a git where there is a work tree.
pub fn tracking(system: &System, facts: &EntryFacts) -> Tracking {
    git::tracking(&system.env, &facts.store, &git::real_path(&facts.file))
}

/// Writes an entry. Refuses to replace an existing one unless `overwrite`.
pub fn insert(system: &System, entry: &EntryPath, plaintext: Secret, overwrite: bool) -> Result<Written, Problem> {
    insert_as(system, entry, plaintext, overwrite, |name| format!("Add given password for {name} to store."))
}

/// As `insert`, with the commit's subject for the entry's name.
pub(super) fn insert_as(
    system: &System,
    entry: &EntryPath,
    plaintext: Secret,
    overwrite: bool,
    subject: impl Fn(&str) -> String,
) -> Result<Written, Problem> {
    let (store, inner) = place(system, entry)?;
    let change = Change::begin(system, store)?;
    match store.entry_file(&inner)? {
        Some(_) if !overwrite => return Err(is_there(entry)),
        Some(_) => {}
        None => store.check_new_name(&inner, false)?,
    }
    write(system, change, &inner, plaintext, &subject(&inner.display()))
}

/// Puts a new text in place of the one that was opened; `editor` is what the commit says it was made with. An unchanged
/// text changes nothing. Refuses when the entry was changed by anybody since it was opened.
pub fn edit(system: &System, opened: &Opened, text: Secret, editor: &str) -> Result<Written, Problem> {
    if !opened.is_new() && opened.plaintext.same_as(&text) {
        return Ok(Written::default());
    }
    check_login(opened, &text)?;
    let verb = if opened.is_new() { "Add" } else { "Edit" };
    let subject = |name: &str| format!("{verb} password for {name} using {}.", text::escaped(editor.as_bytes()));
    replace(system, opened, text, subject)?.ok_or_else(|| changed_meanwhile(&opened.path))
}

/// The text that a person's own editor left. Many end every last line; in a login, whose whole text is its secret, that is
/// undone where there was no line end before. Any other entry is stored as the file is, as `pass edit` does.
pub fn from_editor(opened: &Opened, text: Secret) -> Secret {
    if layout::is_login(&opened.path) { entry_text::without_added_end(&opened.plaintext, text) } else { text }
}

/// A line more would be a part of the secret that Docker gets.
fn check_login(opened: &Opened, new: &Secret) -> Result<(), Problem> {
    let torn = if layout::is_login(&opened.path) { entry_text::torn(&opened.plaintext, new) } else { None };
    let what = match torn {
        None => return Ok(()),
        Some(Torn::Lines(lines)) => format!("have {lines} lines"),
        Some(Torn::Ends) => "begin or end with a line break".to_owned(),
    };
    let (name, word) = (text::quoted(opened.path.as_bytes()), text::shell_word(Path::new(opened.path.as_os_str())));
    Err(Problem::failed(format!("the whole text of a login is its secret, and that of {name} would {what}"))
        .hint(format!("one that is meant to: regpass insert --multiline --force {word}")))
}

/// The entry is not as it was when it was opened.
pub(super) fn changed_meanwhile(entry: &EntryPath) -> Problem {
    Problem::failed(format!("{} was changed by somebody else meanwhile", text::quoted(entry.as_bytes())))
        .because("writing the new text would undo that change")
}

/// Puts a new text in place of the one that was opened. None when the entry is not as it was any more.
pub(super) fn replace(
    system: &System,
    opened: &Opened,
    text: Secret,
    subject: impl Fn(&str) -> String,
) -> Result<Option<Written>, Problem> {
    replace_in(system, Change::begin, opened, text, subject)
}

/// As `replace`, by a change that nobody takes back.
pub(super) fn replace_for_good(
    system: &System,
    opened: &Opened,
    text: Secret,
    subject: impl Fn(&str) -> String,
) -> Result<Option<Written>, Problem> {
    replace_in(system, Change::begin_unrecorded, opened, text, subject)
}

fn replace_in<'a>(
    system: &'a System,
    begin: fn(&'a System, &'a Store) -> Result<Change<'a>, StoreError>,
    opened: &Opened,
    text: Secret,
    subject: impl Fn(&str) -> String,
) -> Result<Option<Written>, Problem> {
    let (store, inner) = place(system, &opened.path)?;
    let change = begin(system, store)?;
    if store.read(&inner)? != opened.version {
        return Ok(None);
    }
    if opened.is_new() {
        store.check_new_name(&inner, false)?;
    }
    write(system, change, &inner, text, &subject(&inner.display())).map(Some)
}

/// Says why an entry of this name could not be written, before anybody takes the trouble to type one.
pub fn check_writable(system: &System, entry: &EntryPath) -> Result<(), Problem> {
    let (store, inner) = place(system, entry)?;
    if let Some(by) = system.options.read_only {
        return Err(StoreError::ReadOnly { root: store.root().to_owned(), by }.into());
    }
    if store.entry_file(&inner)?.is_none() {
        store.check_new_name(&inner, false)?;
    }
    let (recipients, _) = change::recipients(system, store, &inner.parent())?;
    change::encrypt(system, store, &Secret::default(), &recipients).map(drop)
}

/// The store that an entry is written to, and its name there.
fn place<'a>(system: &'a System, entry: &EntryPath) -> Result<(&'a Store, EntryPath), Problem> {
    let (store, inner) = system.stores()?.locate(entry);
    if inner.is_root() {
        let name = text::quoted(entry.as_bytes());
        return Err(Problem::usage(format!("{name} is a mounted store, not an entry")));
    }
    // Also as the last part: whoever removes the folder of that name, by pass, would remove the history.
    store.check_unreserved(&inner)?;
    Ok((store, inner))
}

fn write(
    system: &System,
    mut change: Change<'_>,
    inner: &EntryPath,
    plaintext: Secret,
    subject: &str,
) -> Result<Written, Problem> {
    let store = change.store();
    let (recipients, warning) = change::recipients(system, store, &inner.parent())?;
    change.warnings.extend(warning);
    let ciphertext = change::encrypt(system, store, &plaintext, &recipients)?;
    drop(plaintext);
    change.write(inner, &ciphertext)?;
    Ok(change.finish(subject))
}

/// An entry of that name would have to be replaced.
pub(super) fn is_there(entry: &EntryPath) -> Problem {
    Problem::failed(format!("{} is there already", text::quoted(entry.as_bytes())))
        .hint("choose another name")
        .option("replace it with --force")
}

/// Removes an entry, or with `recursive` a folder. Where both have that name, the entry goes, as for pass
/// (1.7.4, `cmd_delete`).
pub fn remove(system: &System, path: &EntryPath, recursive: bool) -> Result<Written, Problem> {
    let (store, inner, is_entry) = removable(system, path, recursive)?;
    let mut change = Change::begin(system, store)?;
    if is_entry {
        change.remove(&inner)?;
    } else {
        change.remove_folder(&inner, true)?;
    }
    Ok(change.finish(&format!("Remove {} from store.", inner.display())))
}

/// Says why it could not be removed, before anybody is asked whether it shall be.
pub fn check_removable(system: &System, path: &EntryPath, recursive: bool) -> Result<(), Problem> {
    removable(system, path, recursive).map(drop)
}

/// The store, the name in it, and whether it is an entry's.
fn removable<'a>(
    system: &'a System,
    path: &EntryPath,
    recursive: bool,
) -> Result<(&'a Store, EntryPath, bool), Problem> {
    let name = text::quoted(path.as_bytes());
    let (store, inner) = system.stores()?.locate(path);
    if inner.is_root() {
        return Err(Problem::usage(format!("{name} is a whole store, which is not removed")));
    }
    let is_entry = std::fs::symlink_metadata(inner.file(store.root())).is_ok_and(|meta| !meta.is_dir());
    if !is_entry && !store.has_folder(&inner) {
        return Err(missing(system, path));
    }
    if !is_entry && !recursive {
        return Err(Problem::usage(format!("{name} is a folder")).hint(format!(
            "remove it with all that is in it: regpass rm --recursive {}",
            text::shell_word(Path::new(path.as_os_str()))
        )));
    }
    Ok((store, inner, is_entry))
}

/// Not there, and what is called almost like it.
pub(super) fn missing(system: &System, path: &EntryPath) -> Problem {
    if let Ok(stores) = system.stores()
        && let Err(unknown) = stores.locate(path).0.check_place()
    {
        return unknown.into();
    }
    let problem = not_in_store(path);
    match near_names(system, path) {
        near if near.is_empty() => problem,
        near => problem.hint(format!("there is {}", near.join(", "))),
    }
}

fn near_names(system: &System, path: &EntryPath) -> Vec<String> {
    let Ok(stores) = system.stores() else { return Vec::new() };
    let wanted = String::from_utf8_lossy(path.as_bytes()).to_lowercase();
    let wanted_name = wanted.rsplit('/').next().unwrap_or_default();
    let mut near: Vec<(usize, EntryPath)> = Vec::new();
    for entry in stores.list().entries {
        let whole = String::from_utf8_lossy(entry.path.as_bytes()).to_lowercase();
        let name = whole.rsplit('/').next().unwrap_or_default();
        let distance = usize::min(distance(&wanted, &whole), 1 + distance(wanted_name, name));
        if distance <= 2 || name.contains(wanted_name) {
            near.push((distance, entry.path));
        }
    }
    near.sort();
    near.truncate(NEAR_MAX);
    near.iter().map(|(_, path)| text::quoted(path.as_bytes())).collect()
}

/// How many characters must be changed, added or removed to get from one text to the other (Levenshtein); 3 stands for
/// more than 2.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 2 {
        return 3;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()].min(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ProblemKind;
    use crate::ops::double::{Bench, path, secret};

    fn names(listing: &Listing) -> Vec<String> {
        listing.entries.iter().map(|entry| entry.path.display().into_owned()).collect()
    }

    fn terms(terms: &[&str]) -> Vec<String> {
        terms.iter().map(|term| (*term).to_owned()).collect()
    }

    #[test]
    fn lists_folders_entries_and_nothing_else() {
        let bench = Bench::new();
        for name in ["mail/work", "mail/home", "mail", "web/shop"] {
            bench.put(&format!("{name}.gpg"), "for alice\nx");
        }
        let listed = |name: &str| list(&bench.system, &path(name)).map(|listing| names(&listing));
        assert_eq!(names(&list(&bench.system, &EntryPath::root()).expect("all")).len(), 4);
        assert_eq!(listed("mail").expect("a folder"), ["mail/home", "mail/work"]);
        assert_eq!(listed("web/shop").expect("an entry"), ["web/shop"]);
        let problem = listed("web/shap").expect_err("nothing");
        assert_eq!(problem.kind, ProblemKind::NotFound);
        assert_eq!(problem.hints, ["there is \"web/shop\""]);
        assert_eq!(names(&find(&bench.system, &terms(&["WORK", "sho"])).expect("found")), ["mail/work", "web/shop"]);
        assert!(names(&find(&bench.system, &terms(&["none"])).expect("searched")).is_empty());
        bench.put("docker-credential-helpers/cXVheS5pbw==/bot.gpg", "for alice\nx");
        let login = ["docker-credential-helpers/cXVheS5pbw==/bot"];
        assert_eq!(names(&find(&bench.system, &terms(&["Quay"])).expect("found")), login);
    }

    #[test]
    fn inserts_shows_and_removes() {
        let bench = Bench::new();
        insert(&bench.system, &path("a/b"), secret("one\ntwo\n"), false).expect("inserted");
        let problem = insert(&bench.system, &path("a/b"), secret("x"), false).expect_err("there already");
        assert!(!problem.hints.is_empty());
        let shown = show(&bench.system, &path("a/b"), Asking::Allowed).expect("shown");
        assert!(shown.same_as(&secret("one\ntwo\n")));
        insert(&bench.system, &path("a/b"), secret("new"), true).expect("replaced");
        let facts = facts(&bench.system, &path("a/b")).expect("facts");
        assert_eq!(facts.bytes, "for alice\nnew".len() as u64);
        assert_eq!(tracking(&bench.system, &facts), Tracking::NoGit);
        assert!(remove(&bench.system, &path("a/b"), false).expect("removed").changed);
        assert_eq!(bench.tree(), [".gpg-id"]);
        for gone in [
            show(&bench.system, &path("a/b"), Asking::Allowed).map(drop),
            remove(&bench.system, &path("a"), true).map(drop),
        ] {
            assert_eq!(gone.expect_err("gone").kind, ProblemKind::NotFound);
        }
    }

    #[test]
    fn edits_only_what_was_opened() {
        let bench = Bench::new();
        let entry = path("a/b");
        let new = open(&bench.system, &entry, Asking::Allowed).expect("a name");
        assert!(new.is_new() && new.plaintext.is_empty());
        check_writable(&bench.system, &entry).expect("writable");
        assert!(edit(&bench.system, &new, secret("one\n"), "ed").expect("made").changed);
        assert!(edit(&bench.system, &new, secret("other"), "ed").is_err(), "made by somebody else meanwhile");

        let opened = open(&bench.system, &entry, Asking::Allowed).expect("opened");
        let before =
            bench.put("a/b.gpg", "for alice\none\n").metadata().and_then(|meta| meta.modified()).expect("a time");
        assert!(!edit(&bench.system, &opened, secret("one\n"), "ed").expect("nothing to do").changed);
        let after = bench.root().join("a/b.gpg").metadata().and_then(|meta| meta.modified()).expect("a time");
        assert_eq!(before, after);
        bench.put("a/b.gpg", "for alice\ntheirs\n");
        let problem = edit(&bench.system, &opened, secret("mine\n"), "ed").expect_err("changed meanwhile");
        assert!(problem.message.contains("changed by somebody else"), "{problem}");
        assert_eq!(std::fs::read(bench.root().join("a/b.gpg")).expect("there"), b"for alice\ntheirs\n");
        std::fs::remove_file(bench.root().join("a/b.gpg")).expect("removed");
        assert!(edit(&bench.system, &opened, secret("mine\n"), "ed").is_err(), "removed meanwhile");
        bench.put(".gpg-id", "missing\n");
        assert!(check_writable(&bench.system, &entry).is_err());
    }

    #[test]
    fn a_login_s_secret_gets_no_line_by_an_edit() {
        let bench = Bench::new();
        let login = path("docker-credential-helpers/cXVheS5pbw==/bot");
        bench.put("docker-credential-helpers/cXVheS5pbw==/bot.gpg", "for alice\ntoken");
        let opened = open(&bench.system, &login, Asking::Allowed).expect("opened");
        for (text, what) in [("\ntoken", "begin or end with a line break"), ("token\nuser: bot", "have 2 lines")] {
            let problem = edit(&bench.system, &opened, secret(text), "ed").expect_err("refused");
            assert!(problem.message.contains("is its secret") && problem.message.ends_with(what), "{problem}");
        }
        assert!(show(&bench.system, &login, Asking::Allowed).expect("there").same_as(&secret("token")));
        assert!(edit(&bench.system, &opened, secret("other"), "ed").expect("one line").changed);
        bench.put("docker-credential-helpers/cXVheS5pbw==/bot.gpg", "for alice\n{\n}");
        let key = open(&bench.system, &login, Asking::Allowed).expect("opened");
        assert!(edit(&bench.system, &key, secret("{\n\n}\n"), "ed").expect("several before").changed);
    }

    #[test]
    fn an_entry_goes_before_the_folder_of_its_name() {
        let bench = Bench::new();
        bench.put("both.gpg", "for alice\nx");
        bench.put("both/in.gpg", "for alice\nx");
        assert!(remove(&bench.system, &path("both"), true).expect("the entry").changed);
        assert_eq!(bench.tree(), [".gpg-id", "both", "both/in.gpg"]);
        let problem = remove(&bench.system, &path("both"), false).expect_err("a folder");
        assert_eq!(problem.kind, ProblemKind::Usage);
        assert!(remove(&bench.system, &path("both"), true).expect("the folder").changed);
        assert_eq!(bench.tree(), [".gpg-id"]);
    }

    #[test]
    fn mounted_stores_have_their_own_recipients() {
        let bench = Bench::with_gopass_config("[mounts \"work\"]\npath = ~/work\n");
        let work = bench.home().join("work");
        std::fs::create_dir(&work).expect("a folder");
        std::fs::write(work.join(".gpg-id"), "bob\n").expect("recipients");
        insert(&bench.system, &path("work/x/y"), secret("pw"), false).expect("inserted");
        assert_eq!(std::fs::read(work.join("x/y.gpg")).expect("read"), b"for bob\npw");
        assert_eq!(names(&list(&bench.system, &path("work")).expect("listed")), ["work/x/y"]);
        assert_eq!(remove(&bench.system, &path("work"), true).expect_err("a store").kind, ProblemKind::Usage);
        assert_eq!(
            insert(&bench.system, &path("work"), secret("x"), true).expect_err("a store").kind,
            ProblemKind::Usage
        );
    }

    #[test]
    fn nothing_is_written_under_git_s_name() {
        let bench = Bench::new();
        for name in [".git", "a/.git", ".git/x", "a/.git/x", ".regpass-1-2.tmp"] {
            let refused = insert(&bench.system, &path(name), secret("x"), false).expect_err(name);
            assert_eq!(refused.kind, ProblemKind::Usage, "{refused}");
            assert!(check_writable(&bench.system, &path(name)).is_err());
        }
        assert_eq!(bench.tree(), [".gpg-id"]);
        insert(&bench.system, &path("x.git/x.git"), secret("x"), false).expect("a name like it");
    }

    #[test]
    fn nothing_new_gets_a_name_that_nobody_sees() {
        let bench = Bench::new();
        for name in [".hid/x", "a/.hid/x", " x", "a/x "] {
            let refused = insert(&bench.system, &path(name), secret("x"), true).expect_err(name);
            assert_eq!(refused.kind, ProblemKind::Usage, "{refused}");
            assert!(check_writable(&bench.system, &path(name)).is_err());
            let new = open(&bench.system, &path(name), Asking::Allowed).expect("a name");
            assert!(edit(&bench.system, &new, secret("x"), "ed").is_err());
        }
        assert_eq!(bench.tree(), [".gpg-id"]);
        bench.put(".hid/x .gpg", "for alice\nold");
        insert(&bench.system, &path(".hid/x "), secret("new"), true).expect("it was there");
    }

    #[test]
    fn a_name_that_begins_with_a_dash_is_one_as_any_other() {
        let bench = Bench::with_git();
        insert(&bench.system, &path("-f"), secret("x"), false).expect("made");
        assert_eq!(bench.git(&["log", "-1", "--format=%s", "--name-only"]).lines().last(), Some("-f.gpg"));
        assert_eq!(show(&bench.system, &path("-f"), Asking::Allowed).expect("there").expose(), b"x");
        let offered = remove(&bench.system, &path("-F"), false).expect_err("not there");
        assert!(offered.hints.iter().any(|hint| hint.contains("-f")), "{offered:?}");
        assert!(remove(&bench.system, &path("-f"), false).expect("removed").changed);
        assert_eq!(bench.git(&["status", "--porcelain"]), "");
    }

    #[test]
    fn no_store_is_told_with_the_command() {
        let bench = Bench::new();
        std::fs::remove_dir_all(bench.root()).expect("removed");
        let problem = list(&bench.system, &EntryPath::root()).expect_err("no store");
        assert!(problem.hints.iter().any(|hint| hint.ends_with("/.password-store pass init")), "{problem:?}");
    }

    #[test]
    fn distances_are_those_of_edits() {
        assert_eq!(["", "b", "abc", "xbd", "abcd"].map(|b| distance("abd", b)), [3, 2, 1, 1, 1]);
        assert_eq!(distance("abd", "dba"), 2);
    }
}
