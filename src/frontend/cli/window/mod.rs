//! `regpass window`: logins that are there for a while. What can be typed, and what each word of it does; a window with a
//! command in it is `run.rs`, what is said of windows `told.rs`.

mod run;
mod told;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) use told::window_json;

use super::interrupts::cancel_on_interrupt;
use super::login::{Wish, credential};
use super::{Session, logout};
use crate::model::{Credential, Problem, age, text, utc};
use crate::ops::audit::Scope;
use crate::ops::deadline;
use crate::ops::login as logins;
use crate::ops::progress::Cancel;
use crate::ops::registries::RegistryKind;
use crate::ops::window::{self, Closed, Folder, Opened, Place, Refused, Taking, Terms, Wanted, Which};
use crate::system::System;
use crate::system::options::{Options, Typed};
use crate::system::runner::Runner;

const EXAMPLES: &str = "\
Examples:
  regpass window open ghcr.io                       log in for four hours
  regpass window open --for 90m -u ci ghcr.io < token.txt --password-stdin
  regpass window open --ecr 123456789012.dkr.ecr.eu-central-1.amazonaws.com
  regpass window status                             what is open, and how long still
  regpass window extend --for 1h                    an hour more
  regpass window close                              log out, and prove it
  regpass window run ghcr.io -- docker compose pull log in, run it, log out however it ends
  regpass window run --config-dir /run/deploy ghcr.io -- ./deploy.sh

The registry is asked first, as for regpass login. Past the end of a window docker-credential-pass answers that there is no login, \
says why on stderr and in regpass journal; regpass window close then erases it. A login that was there before is used as it is \
and stays, unless --adopt or --replace is given.

Exit codes of open and run: 0 open; 1 a problem; 2 wrong usage; 10 a registry refuses the login; 11 whether it takes it could not \
be told; 130 called off. run ends with its command's code, or 1 where that is 0 and closing is not proved. Of close: 0 proved.";

/// Log in for a while: open, look at, extend and close a deployment window
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct WindowArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Log in to registries until a time
    Open {
        #[command(flatten)]
        opening: Opening,
        /// One JSON object that says what is open
        #[arg(long)]
        json: bool,
    },
    /// Say which windows there are, and how long they are open
    Status {
        /// One JSON object with all of them
        #[arg(long)]
        json: bool,
    },
    /// Move the end of what is open
    Extend {
        /// Only at these registries
        registry: Vec<String>,
        /// By how much: 30m, 2h, 1h30m
        #[arg(long = "for", value_name = "TIME", default_value = "1h")]
        length: String,
        /// One JSON object with the new ends
        #[arg(long)]
        json: bool,
    },
    /// Log out, and prove it
    Close {
        /// Only at these registries
        registry: Vec<String>,
        /// Only what is past its end
        #[arg(long, conflicts_with = "registry")]
        over: bool,
        /// Take logins out of files too, where they stand in clear
        #[arg(long)]
        yes: bool,
        /// One JSON object that says what was erased and what is left
        #[arg(long)]
        json: bool,
    },
    /// Log in, run a command, log out however it ends
    Run {
        #[command(flatten)]
        opening: Opening,
        /// What is run
        #[arg(value_name = "COMMAND", last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// How a window is opened.
#[derive(Debug, clap::Args)]
struct Opening {
    /// Any spelling of each registry
    #[arg(required = true)]
    registry: Vec<String>,
    /// How long: 90m, 4h, 1h30m, at most 7d
    #[arg(long = "for", value_name = "TIME", default_value = "4h")]
    length: String,
    /// The user name
    #[arg(long, short, value_name = "USER")]
    user: Option<String>,
    /// Take the password from standard input, one line; for one registry
    #[arg(long)]
    password_stdin: bool,
    /// Fetch the logins of Amazon's registries (ECR) from there, as regpass login --ecr does
    #[arg(long)]
    ecr: bool,
    /// The profile in ~/.aws whose credentials are to be used, and no others
    #[arg(long, value_name = "NAME", requires = "ecr")]
    profile: Option<String>,
    /// Do not ask the registries
    #[arg(long)]
    no_verify: bool,
    /// A login that is there already goes at the end, as the window's own
    #[arg(long, conflicts_with = "replace")]
    adopt: bool,
    /// Put another login in the place of one that is there; that one does not come back at the end
    #[arg(long)]
    replace: bool,
    /// A folder for Docker's configuration in this window alone, made where it is not there
    #[arg(long, value_name = "DIR", conflicts_with = "docker_config")]
    config_dir: Option<PathBuf>,
}

pub(super) fn run(session: &Session, args: &WindowArgs) -> Result<u8, Problem> {
    match &args.action {
        Action::Open { opening, json } => open(session, opening, *json),
        Action::Run { opening, command } => run::run(session, opening, command),
        Action::Status { json } => told::status(session, &deadline::all(&session.system()?), *json).map(|()| 0),
        Action::Extend { registry, length, json } => extend(session, registry, length, *json).map(|()| 0),
        Action::Close { registry, over, yes, json } => {
            let which = match (registry.as_slice(), over) {
                ([], true) => Which::Over,
                ([], false) => Which::All,
                (typed, _) => Which::At(window::names(typed)?),
            };
            let closed = window::close(&session.system()?, &Scope::default(), &which, *yes)?;
            told::closed(session, &closed, *json)?;
            verdict(&closed).map(|()| 0)
        }
    }
}

fn open(session: &Session, opening: &Opening, json: bool) -> Result<u8, Problem> {
    let ready = Ready::of(session, opening, &cancel_on_interrupt()?, json)?;
    let opened = match ready.open(None) {
        Ok(opened) => opened,
        Err(refused) => return told::refused(session, &refused, json),
    };
    let timers = window::timers(&ready.system, opened.until, &session.typed.flags(), Path::new("/"));
    told::opened(session, &opened, &timers, ready.folder.as_ref(), json)?;
    Ok(0)
}

fn extend(session: &Session, registry: &[String], length: &str, json: bool) -> Result<(), Problem> {
    let system = session.system()?;
    let moved = window::extend(&system, &window::names(registry)?, window::length(length)?)?;
    told::extended(session, &moved, system.env.unstopped(), json)
}

/// Everything that is needed to open, and nothing done yet but a folder of its own.
struct Ready {
    system: System,
    scope: Scope,
    wanted: std::cell::RefCell<Vec<Wanted>>,
    length: Duration,
    folder: Option<Folder>,
    asking: Option<logins::Asking>,
}

impl Ready {
    fn of(session: &Session, opening: &Opening, cancel: &Cancel, json: bool) -> Result<Ready, Problem> {
        let length = window::length(&opening.length)?;
        let usual = session.system()?;
        let folder = match &opening.config_dir {
            Some(dir) => Some(window::prepare_folder(&usual, dir)?),
            None => None,
        };
        let typed = Typed {
            docker_config: folder.as_ref().map(|folder| folder.path.clone()).or(session.typed.docker_config.clone()),
            ..session.typed.clone()
        };
        let ready = Ready::gathered(session, opening, &typed, cancel, json).map(|ready| Ready {
            length,
            folder: folder.clone(),
            ..ready
        });
        if ready.is_err()
            && let Some(folder) = &folder
        {
            window::discard(&usual, folder);
        }
        ready
    }

    fn gathered(
        session: &Session,
        opening: &Opening,
        typed: &Typed,
        cancel: &Cancel,
        json: bool,
    ) -> Result<Ready, Problem> {
        let options = Options::resolve(typed, &session.env)?;
        let system = System::with_prompts(session.env.clone(), options, super::prompts());
        let taking = match (opening.adopt, opening.replace) {
            (true, _) => Taking::Adopt,
            (_, true) => Taking::Replace,
            _ => Taking::Leave,
        };
        let asking = if opening.no_verify { None } else { Some(logins::asking(&system, cancel, None)?) };
        let names = window::names(&opening.registry)?;
        let places = names.iter().map(|name| window::place(&system, name, taking)).collect::<Result<Vec<_>, _>>()?;
        let is_fetched = |place: &Place| opening.ecr && RegistryKind::of(&place.target.name) == RegistryKind::Ecr;
        if opening.ecr && !places.iter().any(is_fetched) {
            return Err(Problem::usage("none of these registries is at Amazon, from where --ecr fetches logins"));
        }
        let is_typed = |place: &&Place| place.needs_login() && !is_fetched(place);
        if opening.password_stdin && places.iter().filter(is_typed).count() > 1 {
            return Err(Problem::usage("standard input has one password, and several registries need one")
                .because("open them one after the other; each is a window of its own"));
        }
        let mut wanted = Vec::new();
        for mut place in places {
            let fetched = match place.needs_login() && is_fetched(&place) {
                true => Some(fetched(&system, opening, &mut place, cancel)?),
                false => None,
            };
            if !json {
                place.warnings.iter().for_each(|warning| session.console.warning(warning));
            }
            let user = opening.user.as_deref();
            let wish = Wish { user, password_stdin: opening.password_stdin, identity_token: false };
            let credential = match fetched {
                None if place.needs_login() => Some(credential(&wish, &place.target)?),
                fetched => fetched,
            };
            wanted.push(Wanted { place, credential });
        }
        let (scope, wanted) = (Scope::default(), wanted.into());
        Ok(Ready { system, scope, wanted, length: window::USUAL, folder: None, asking })
    }

    /// Leaves nothing.
    fn give_up(&self) {
        self.folder.iter().for_each(|folder| window::discard(&self.system, folder));
    }

    fn open(&self, runner: Option<Runner>) -> Result<Opened, Box<Refused>> {
        let terms = Terms { length: self.length, runner, folder: self.folder.clone() };
        window::open(&self.system, &self.scope, self.wanted.take(), &terms, self.asking.as_deref())
    }
}

/// A login from Amazon; one that dies before the window's end is told.
fn fetched(system: &System, opening: &Opening, place: &mut Place, cancel: &Cancel) -> Result<Credential, Problem> {
    let fetched = logins::fetched(system, &place.target, opening.profile.as_deref(), cancel)?;
    let end = system.env.unstopped() + window::length(&opening.length)?;
    let name = text::quoted(&place.target.name);
    if let Some(dies) = fetched.origin.expires.filter(|dies| *dies < end) {
        let told = format!("the login of {name} dies before the window's end, at {}", utc::rfc3339(dies));
        let word = text::shell_word(Path::new(&place.target.name));
        place.warnings.push(Problem::failed(told).hint(format!("get a new one then: regpass login --ecr {word}")));
    }
    place.warnings.extend(fetched.origin.notes.into_iter().map(|note| Problem::failed(format!("{name}: {note}"))));
    Ok(fetched.credential)
}

/// What could not be proved, as a logout says it.
fn verdict(closed: &Closed) -> Result<(), Problem> {
    let mut problem: Option<Problem> = None;
    for ended in closed.ended.iter().filter(|ended| !ended.is_proved()) {
        let one = match ended {
            window::Ended::Out(done) => match logout::verdict(std::slice::from_ref(done)) {
                Ok(()) => continue,
                Err(one) => one,
            },
            window::Ended::Failed(name, why) => Problem {
                message: format!("the window at {} is not closed: {}", text::quoted(name), why.message),
                ..why.clone()
            },
            window::Ended::Shared(..) | window::Ended::Stays(_) => continue,
        };
        problem = Some(match problem {
            None => one,
            Some(before) => one.causes.into_iter().fold(before.because(one.message), Problem::because),
        });
    }
    match problem {
        None => Ok(()),
        Some(problem) => Err(problem
            .because("it stays recorded, and docker-credential-pass does not hand it out any more")
            .hint("try again: regpass window close")),
    }
}

/// How long still, in words.
fn left(now: std::time::SystemTime, until: std::time::SystemTime) -> String {
    format!("until {}, {} more", deadline::minute(until), age::left(now, until))
}
