//! Entries made, given a new password, moved, copied, removed; logins renamed; findings accepted. Called by `jobs.rs`
//! alone.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::watch::Watch;
use crate::model::{Credential, EntryPath, EntryText, Login, Problem, RegistryKey, Secret, text};
use crate::ops::audit::Scope;
use crate::ops::audit::accepted::Ignored;
use crate::ops::audit::ignore_file::{self, Acceptance};
use crate::ops::generate::{self, Onto, Recipe};
use crate::ops::login::{self, Outcome};
use crate::ops::transfer::{self, Kind, Place};
use crate::ops::{Written, entries, registries, undo};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) enum Job {
    /// What passwords are made of here unless one says otherwise.
    Recipe,
    New(NewEntry),
    /// A text that could not be stored where it was meant for, under another name.
    Keep(EntryPath, Arc<Secret>),
    /// A new password for an entry; its other lines stay.
    Password(EntryPath, Recipe),
    Transfer(Kind, Vec<Place>, Place),
    Remove(Vec<Place>),
    /// A registry's login under another user name.
    RenameLogin {
        server: RegistryKey,
        from: Login,
        to: Login,
    },
    /// A login kept where Docker looks for it, once its registry took it.
    LogIn(NewLogin),
    /// A finding of the audit accepted.
    Ignore(Acceptance),
    /// That taken back.
    TellAgain(Ignored),
}

#[derive(Debug)]
pub(in super::super) struct NewLogin {
    /// Any spelling; empty for Docker Hub.
    pub(in super::super) registry: String,
    pub(in super::super) login: Login,
    pub(in super::super) secret: Secret,
    /// The registry is asked first.
    pub(in super::super) verify: bool,
}

#[derive(Debug)]
pub(in super::super) struct NewEntry {
    pub(in super::super) entry: EntryPath,
    pub(in super::super) password: Password,
    /// Lines `key: value`.
    pub(in super::super) fields: Vec<(&'static str, String)>,
    pub(in super::super) notes: String,
}

#[derive(Debug)]
pub(in super::super) enum Password {
    Typed(Secret),
    Made(Recipe),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    Recipe(Recipe),
    Done(Done),
}

/// What a write did.
#[derive(Debug, Default)]
pub(in super::super) struct Done {
    /// In words, without how it is taken back.
    pub(in super::super) told: String,
    pub(in super::super) warnings: Vec<Problem>,
    /// What kept the rest from being done.
    pub(in super::super) stopped: Option<Problem>,
    /// What to select now.
    pub(in super::super) entry: Option<EntryPath>,
    /// That is a folder.
    pub(in super::super) is_folder: bool,
    /// Folders that were moved, from where and to where.
    pub(in super::super) moved_folders: Vec<(EntryPath, EntryPath)>,
    /// There is something to take back.
    pub(in super::super) changed: bool,
}

impl Done {
    fn new(told: String, written: Written, entry: Option<EntryPath>) -> Done {
        Done { told, warnings: written.warnings, entry, changed: written.changed, ..Done::default() }
    }
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        match self {
            Job::LogIn(new) => log_in(system, new, watch).map(Report::Done),
            Job::Recipe => generate::default_recipe(system, None, true).map(Report::Recipe),
            Job::New(new) => make(system, new).map(Report::Done),
            Job::Keep(entry, text) => {
                check_new(system, &entry)?;
                let written = entries::insert(system, &entry, text.part(0..text.len()), false)?;
                let told = format!("your text is stored as {}", entry.display());
                Ok(Report::Done(Done::new(told, written, Some(entry))))
            }
            Job::Password(entry, recipe) => {
                let made = generate::store(system, &entry, &recipe, Onto::Password)?;
                let told = format!("new password for {}, {:.0} bits", entry.display(), made.bits.floor());
                Ok(Report::Done(Done::new(told, made.written, Some(entry))))
            }
            Job::Transfer(kind, from, to) => undo::as_one(system, || carry(system, kind, &from, &to)).map(Report::Done),
            Job::Remove(places) => undo::as_one(system, || remove(system, &places)).map(Report::Done),
            Job::RenameLogin { server, from, to } => {
                let written = registries::rename(system, &server, &from, &to)?;
                let told = format!("the login at {} is {} now", server.display(), to.quoted());
                Ok(Report::Done(Done::new(told, written, None)))
            }
            Job::Ignore(one) => {
                let file = ignore_file::add(system, &one)?;
                let told = format!("{} is ignored until {} ({})", one.id, one.expires, text::quoted_path(&file));
                Ok(Report::Done(Done::new(told, Written::default(), None)))
            }
            Job::TellAgain(one) => {
                let file = ignore_file::remove(system, &one)?;
                let told = format!("{} is told again ({})", one.id, text::quoted_path(&file));
                Ok(Report::Done(Done::new(told, Written::default(), None)))
            }
        }
    }
}

/// What the registry refuses, or what could not be asked, is kept nowhere: that is a problem then.
fn log_in(system: &System, new: NewLogin, watch: &Watch<'_>) -> Result<Done, Problem> {
    let target = login::target(system, &new.registry, None)?;
    let asking = if new.verify { Some(login::asking(system, watch.cancel(), None)?) } else { None };
    let (name, keeper, whose) = (target.name.clone(), target.keeper(), new.login.quoted());
    let credential = Credential::new(new.login, new.secret);
    let entered = match login::login(system, &Scope::default(), &target, credential, asking.as_deref())? {
        Outcome::Kept(entered) => entered,
        Outcome::Refused(..) if watch.cancel().is_called_off() => {
            return Err(Problem::cancelled("called off: nothing was stored"));
        }
        Outcome::Refused(_, mut problem) => {
            // For what these commands ask the form has fields.
            problem.hints.retain(|hint| !hint.contains(" login"));
            return Err(problem);
        }
    };
    let how = entered.checked.as_ref().map_or_else(
        || "its registry was not asked".to_owned(),
        |checked| checked.evidence.map_or(checked.outcome.id(), |evidence| evidence.words()).to_owned(),
    );
    let mut warnings = target.warnings;
    warnings.extend(entered.warnings);
    warnings.extend(entered.in_clear.into_iter().map(Problem::failed));
    Ok(Done {
        told: format!("{whose} at {} is kept by {}: {how}", text::escaped(name.as_bytes()), keeper),
        warnings,
        changed: entered.is_undoable,
        ..Done::default()
    })
}

fn make(system: &System, new: NewEntry) -> Result<Done, Problem> {
    check_new(system, &new.entry)?;
    let is_made = matches!(new.password, Password::Made(_));
    let (password, bits) = match new.password {
        Password::Typed(password) => (password, String::new()),
        Password::Made(recipe) => (generate::password(&recipe)?, format!(", {:.0} bits", recipe.bits().floor())),
    };
    let mut lines = EntryText::parse(Secret::default()).with_password(&password)?;
    for (key, value) in &new.fields {
        lines = lines.with_field(key.as_bytes(), &Secret::new(value.as_bytes().to_vec()))?;
    }
    let mut plaintext = lines.into_secret();
    if !new.notes.is_empty() {
        plaintext.push(new.notes.as_bytes());
        plaintext.push(b"\n");
    }
    let written = match is_made {
        true => generate::insert(system, &new.entry, plaintext)?,
        false => entries::insert(system, &new.entry, plaintext, false)?,
    };
    Ok(Done::new(format!("new entry {}{bits}", new.entry.display()), written, Some(new.entry)))
}

/// Before anything is made for it.
fn check_new(system: &System, entry: &EntryPath) -> Result<(), Problem> {
    if entries::facts(system, entry).is_err() {
        return Ok(());
    }
    Err(Problem::failed(format!("{} is there already", text::quoted(entry.as_bytes()))).hint("choose another name"))
}

/// One after the other; the first that cannot be done ends it.
fn carry(system: &System, kind: Kind, from: &[Place], to: &Place) -> Result<Done, Problem> {
    let mut done = Done::default();
    let (mut entries, mut reencrypted, mut things) = (0, 0, 0);
    for place in from {
        match transfer::run(system, kind, place, to, false) {
            Ok(one) => {
                entries += one.entries;
                reencrypted += one.reencrypted;
                things += 1;
                done.changed |= one.written.changed;
                done.warnings.extend(one.written.warnings);
                if kind == Kind::Move && place.as_folder {
                    done.moved_folders.push((place.path.clone(), one.to.clone()));
                }
                (done.entry, done.is_folder) = (Some(one.to), place.as_folder);
            }
            Err(problem) if things == 0 => return Err(problem),
            Err(problem) => {
                done.stopped = Some(problem);
                break;
            }
        }
    }
    let verb = if kind == Kind::Move { "moved" } else { "copied" };
    done.told = match (from, &done.entry) {
        ([one], Some(entry)) => {
            let folder = if one.as_folder { format!(", {}", counted(entries)) } else { String::new() };
            format!("{verb} {} to {}{folder}", one.path.display(), entry.display())
        }
        _ => format!("{verb} {} to {}/", counted(entries), to.path.display()),
    };
    if reencrypted > 0 {
        let _ = write!(done.told, ", {reencrypted} encrypted anew");
    }
    Ok(done)
}

fn remove(system: &System, places: &[Place]) -> Result<Done, Problem> {
    // All of them first: nothing is removed when one of them cannot be.
    for place in places {
        entries::check_removable(system, &place.path, place.as_folder)?;
        // Where both have the name, the op would remove the entry.
        if place.as_folder && entries::facts(system, &place.path).is_ok() {
            let name = text::quoted(place.path.as_bytes());
            return Err(Problem::failed(format!("{name} is a folder and an entry too"))
                .because("only the entry could be removed by that name")
                .hint("rename one of the two first"));
        }
    }
    let mut done = Done::default();
    let mut things = 0;
    for place in places {
        match entries::remove(system, &place.path, place.as_folder) {
            Ok(written) => {
                things += 1;
                done.changed |= written.changed;
                done.warnings.extend(written.warnings);
            }
            Err(problem) if things == 0 => return Err(problem),
            Err(problem) => {
                done.stopped = Some(problem);
                break;
            }
        }
    }
    done.told = match places {
        [one] => format!("removed {}", one.path.display()),
        _ => format!("removed {things} of {}", places.len()),
    };
    Ok(done)
}

fn counted(entries: usize) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::env::Env;
    use crate::system::options::{Options, Typed};

    #[test]
    fn all_that_was_marked_is_taken_back_at_once() {
        let home = tempfile::tempdir().expect("a home");
        let store = home.path().join(".password-store");
        std::fs::create_dir(&store).expect("a store");
        for file in ["a.gpg", "b.gpg"] {
            std::fs::write(store.join(file), file).expect("an entry");
        }
        let at = |name: &str| home.path().join(name).into_os_string();
        let env = Env::made_of([
            ("HOME", home.path().as_os_str().to_owned()),
            ("GOPASS_CONFIG", at("none")),
            ("GOPASS_CONFIG_NOSYSTEM", "1".into()),
        ]);
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        let system = System::new(env, options);
        let place = |name: &str| Place { path: EntryPath::parse(name).expect("a name"), as_folder: false };
        let (events, _hears) = std::sync::mpsc::channel();
        let ticket = super::super::super::screen::Tickets::of("test").next();
        let watch = Watch::new(ticket, &events, crate::ops::progress::Cancel::default());
        let done = Job::Remove(vec![place("a"), place("b")]).run(&system, &watch).expect("removed");
        assert!(matches!(done, Report::Done(Done { changed: true, stopped: None, .. })), "{done:?}");
        let last = undo::last(&system).expect("steps").expect("a step");
        assert_eq!(last.what, "Remove a from store. Remove b from store.");
        undo::undo(&system, Some(last.id)).expect("taken back");
        for file in ["a.gpg", "b.gpg"] {
            assert_eq!(std::fs::read_to_string(store.join(file)).expect("back"), file);
        }
    }
}
