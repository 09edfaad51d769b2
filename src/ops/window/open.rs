//! A window opened: for each registry a record first, then the login, verified and proved as `ops/login` does; a run that is
//! killed between the two leaves a login that its end is kept to. One registry that cannot be opened closes the others again.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::close::{self, Closed};
use super::{LONGEST, config_dir::Folder, seconds};
use crate::model::{Credential, Login, Problem, text};
use crate::ops::audit::Scope;
use crate::ops::login::{self, Entered, Outcome, Target, Verify};
use crate::ops::{deadline, read_only, registries};
use crate::system::System;
use crate::system::registry::checked::Checked;
use crate::system::runner::Runner;
use crate::system::windows::{self, Hold, Made, Record};

/// What becomes of a login that is there before the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Taking {
    /// It is used, and stays at the end.
    #[default]
    Leave,
    /// It is used, and goes at the end.
    Adopt,
    /// Another one takes its place, and goes at the end.
    Replace,
}

/// One registry that is to be opened, and what is known of it before anybody is asked for a password.
#[derive(Debug)]
pub struct Place {
    pub target: Target,
    pub standing: Standing,
    taking: Taking,
    pub warnings: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    Nothing,
    /// A login that is no window's.
    Before(Login),
    /// A window that is open now has its login.
    Shared(Option<Login>),
}

impl Place {
    pub fn needs_login(&self) -> bool {
        match self.standing {
            Standing::Nothing => true,
            Standing::Before(_) => self.taking == Taking::Replace,
            Standing::Shared(_) => false,
        }
    }

    /// The login that is used goes at the end.
    fn own(&self) -> bool {
        !matches!(self.standing, Standing::Before(_)) || self.taking != Taking::Leave
    }
}

/// Looks where the login of this registry would be, and whether one is there.
pub fn place(system: &System, registry: &str, taking: Taking) -> Result<Place, Problem> {
    read_only::check(system, &system.options.state_dir)?;
    let target = login::target(system, registry, None)?;
    let mut warnings = target.warnings.clone();
    if target.keeper_word() != "store" {
        let told = format!(
            "its end is not kept to by {}: regpass only logs out there when the window is closed",
            target.keeper()
        );
        warnings.push(Problem::failed(told));
    }
    let store = system.stores()?.root().root();
    let record = windows::look(&system.options.state_dir, store, &target.name)?;
    let standing = match record.map(|record| deadline::standing(&record, system.env.unstopped())) {
        Some(deadline::Standing::Open(_)) => Standing::Shared(login::standing(system, &target)),
        // What it left is its own.
        Some(deadline::Standing::Over(_)) => Standing::Nothing,
        Some(deadline::Standing::Stays) | None => match login::standing(system, &target) {
            Some(login) => Standing::Before(login),
            None => Standing::Nothing,
        },
    };
    let place = Place { target, standing, taking, warnings };
    if place.needs_login() && taking != Taking::Replace {
        refuse_spellings(system, &place)?;
    }
    Ok(place)
}

/// A logout takes every spelling: one that was there before would go too.
fn refuse_spellings(system: &System, place: &Place) -> Result<(), Problem> {
    let Ok(found) = registries::list(system) else { return Ok(()) };
    let name = &place.target.name;
    let others = found.logins.iter().filter(|one| {
        one.mount.is_root() && one.server != place.target.key && registries::name_of(&one.server) == *name
    });
    let Some(other) = others.into_iter().next() else { return Ok(()) };
    let word = text::shell_word(std::path::Path::new(name));
    Err(Problem::failed(format!(
        "{} has a login under another name, {}, which the window's end would erase too",
        text::quoted(name),
        text::quoted(other.server.as_bytes())
    ))
    .hint(format!("erase it first: regpass logout {word}"))
    .hint(format!("have it erased at the end: regpass window open --replace {word}")))
}

/// How long, and for whom.
#[derive(Debug)]
pub struct Terms {
    pub length: Duration,
    /// This process's command, with which it ends.
    pub runner: Option<Runner>,
    pub folder: Option<Folder>,
}

/// A registry with the login that it needs.
#[derive(Debug)]
pub struct Wanted {
    pub place: Place,
    pub credential: Option<Credential>,
}

#[derive(Debug)]
pub struct Opened {
    /// The same in the record of each registry.
    pub window: String,
    pub until: SystemTime,
    pub registries: Vec<One>,
}

/// One registry of a window.
#[derive(Debug)]
pub struct One {
    pub name: String,
    /// Whose login is used; None where a helper does not say.
    pub login: Option<Login>,
    pub keeper: String,
    /// It goes at the end.
    pub own: bool,
    /// What logging in did; None where a login was there.
    pub entered: Option<Entered>,
    /// What the registry said of a login that was there.
    pub checked: Option<Box<Checked>>,
    pub warnings: Vec<Problem>,
}

/// No window: why, and what became of the registries that were open by then.
#[derive(Debug)]
pub struct Refused {
    pub problem: Problem,
    /// The registry that was asked, and its answer, where that is why.
    pub checked: Option<(String, Box<Checked>)>,
    pub closed: Closed,
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused { problem, checked: None, closed: Closed::default() }
    }
}

/// Opens all of them or none. Without `verify` no registry is asked.
pub fn open(
    system: &System,
    scope: &Scope,
    wanted: Vec<Wanted>,
    terms: &Terms,
    verify: Option<Verify<'_>>,
) -> Result<Opened, Box<Refused>> {
    let now = system.env.unstopped();
    let hold = Hold {
        window: format!("{:x}-{}", nanoseconds(now), std::process::id()),
        opened: seconds(now),
        until: seconds(now + terms.length.min(LONGEST)),
        docker_config: real(&system.options.docker_config),
        made: terms.folder.as_ref().and_then(|folder| folder.made),
        runner: terms.runner.clone(),
        closed: false,
    };
    let mut opened = Opened { window: hold.window.clone(), until: deadline::time(hold.until), registries: Vec::new() };
    for one in wanted {
        match enter(system, scope, one, &hold, verify) {
            Ok(one) => opened.registries.push(one),
            Err(mut refused) => {
                refused.closed = close::undo(system, scope, &opened.window);
                terms.folder.iter().for_each(|folder| close::discard(system, folder));
                return Err(refused);
            }
        }
    }
    Ok(opened)
}

/// Two windows of one process have different names.
fn nanoseconds(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// As the one that closes finds it again from anywhere.
fn real(folder: &std::path::Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

fn enter(
    system: &System,
    scope: &Scope,
    wanted: Wanted,
    hold: &Hold,
    verify: Option<Verify<'_>>,
) -> Result<One, Box<Refused>> {
    let Wanted { place, credential } = wanted;
    let own = place.own();
    let before = record(system, &place, credential.as_ref(), hold).map_err(Refused::from)?;
    let done = match credential {
        Some(credential) => log_in(system, scope, &place, credential, verify),
        None => use_it(system, &place, verify),
    };
    match done {
        Ok(one) => Ok(One { own, ..one }),
        Err(mut refused) => {
            if let Err(problem) = unrecord(system, &place.target.name, &hold.window, before) {
                refused.problem.causes.push(problem.one_line());
            }
            Err(refused)
        }
    }
}

fn log_in(
    system: &System,
    scope: &Scope,
    place: &Place,
    credential: Credential,
    verify: Option<Verify<'_>>,
) -> Result<One, Box<Refused>> {
    let target = &place.target;
    match login::login(system, scope, target, credential, verify).map_err(Refused::from)? {
        Outcome::Refused(checked, problem) => {
            Err(Box::new(Refused { checked: Some((target.name.clone(), checked)), ..Refused::from(problem) }))
        }
        Outcome::Kept(entered) => Ok(One {
            name: target.name.clone(),
            login: Some(entered.login.clone()),
            keeper: target.keeper(),
            own: true,
            entered: Some(entered),
            checked: None,
            warnings: place.warnings.clone(),
        }),
    }
}

/// The login that is there, tried where that is wanted.
fn use_it(system: &System, place: &Place, verify: Option<Verify<'_>>) -> Result<One, Box<Refused>> {
    let target = &place.target;
    let name = text::quoted(&target.name);
    let missing = || Refused::from(Problem::failed(format!("the login of {name} is gone, and another one is needed")));
    let mut one = One {
        name: target.name.clone(),
        login: match &place.standing {
            Standing::Before(login) => Some(login.clone()),
            Standing::Shared(login) => login.clone(),
            Standing::Nothing => None,
        },
        keeper: target.keeper(),
        own: false,
        entered: None,
        checked: None,
        warnings: place.warnings.clone(),
    };
    if let Some(verify) = verify {
        let credential = login::found(system, target).map_err(Refused::from)?.ok_or_else(missing)?;
        let checked = Box::new(verify(&target.key, &credential));
        if !login::is_to_be_kept(&checked) {
            let word = text::shell_word(std::path::Path::new(&target.name));
            let mut problem = login::refusal(&checked, &format!("regpass window open --no-verify {word}"));
            problem.message = format!("the login of {name} that is there is of no use: {}", checked.message);
            problem = problem.hint(format!("put another in its place: regpass window open --replace {word}"));
            return Err(Box::new(Refused { checked: Some((target.name.clone(), checked)), ..Refused::from(problem) }));
        }
        one.checked = Some(checked);
    }
    Ok(one)
}

/// Writes the hold down before there is a login. What was recorded before comes back where that fails.
fn record(
    system: &System,
    place: &Place,
    credential: Option<&Credential>,
    hold: &Hold,
) -> Result<Option<Record>, Problem> {
    let store = system.stores()?.root().root();
    let now = system.env.unstopped();
    let held = windows::hold(&system.options.state_dir, system.env.uid())?;
    let before = held.look(store, &place.target.name)?;
    if credential.is_none() && place.own() && place.needs_login() {
        return Err(Problem::failed(format!("no login is there for {}", text::quoted(&place.target.name))));
    }
    let login = match &place.standing {
        _ if credential.is_some() => credential.map(|credential| &credential.login),
        Standing::Before(login) | Standing::Shared(Some(login)) => Some(login),
        _ => None,
    };
    let user = login.filter(|login| login.is_showable()).map(|login| login.as_str().to_owned());
    let mut record = match &before {
        Some(record) => Record { user: user.or_else(|| record.user.clone()), ..record.clone() },
        None => Record::new(&place.target.name, store, user, place.target.keeper_word(), false),
    };
    record.own |= place.own();
    // This one has the login now. Those that are over have nothing left, but what was made for them.
    record.holds.retain(|hold| hold.made.is_some() || deadline::over(hold, now).is_none());
    record.holds.push(hold.clone());
    held.put(&record)?;
    Ok(before)
}

fn unrecord(system: &System, registry: &str, window: &str, before: Option<Record>) -> Result<(), Problem> {
    let store = system.stores()?.root().root();
    let held = windows::hold(&system.options.state_dir, system.env.uid())?;
    let Some(mut record) = held.look(store, registry)? else { return Ok(()) };
    record.holds.retain(|hold| hold.window != window);
    match before {
        _ if !record.holds.is_empty() => held.put(&record)?,
        Some(before) => held.put(&before)?,
        None => held.remove(store, registry)?,
    }
    Ok(())
}

/// The folder or file that a window's end takes away again.
pub(super) fn made(hold: &Hold) -> Option<(PathBuf, Made)> {
    hold.made.map(|made| (hold.docker_config.clone(), made))
}
