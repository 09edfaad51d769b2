//! `regpass login`: a login asked for, tried at its registry, kept where Docker looks for it, and read back.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::insert::read_all;
use super::interrupts::cancel_on_interrupt;
use super::prompt::Terminal;
use super::{Session, names};
use crate::model::{Credential, IDENTITY_TOKEN_USER, Login, Problem, Secret, text, utc};
use crate::ops::audit::Scope;
use crate::ops::login::{self, Entered, Origin, Outcome, Target};
use crate::ops::registries::RegistryKind;
use crate::system::registry::checked::Checked;

const EXAMPLES: &str = "\
Examples:
  regpass login ghcr.io                        ask for user and password
  regpass login -u ci ghcr.io < token.txt --password-stdin
  regpass login --to pass quay.io              keep it in the store, whatever Docker is told to ask
  regpass login --no-verify -u ci reg.test     without asking the registry
  regpass login --ecr 123456789012.dkr.ecr.eu-central-1.amazonaws.com

With --ecr the login is fetched from Amazon, with the credentials that its own tools would use: of the environment, a profile in \
~/.aws, single sign-on, a container or the machine itself. It lives 12 hours; the same command gets a new one.

The registry is asked first: a login that it refuses is not stored. It is kept where Docker looks for it (the store, or another \
helper that Docker is told to ask), read back and compared; never in clear. regpass undo brings back what was in the store \
before.

Exit codes: 0 kept; 1 a problem; 2 wrong usage; 10 the registry refuses it; 11 whether it takes it could not be told (nothing is \
stored: --no-verify stores all the same); 130 called off.";

/// Log in to a registry, once it took the login
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LoginArgs {
    /// Any spelling of the registry [default: Docker Hub]
    registry: Option<String>,

    /// The user name
    #[arg(long, short, value_name = "USER")]
    user: Option<String>,

    /// Take the password from standard input, one line
    #[arg(long)]
    password_stdin: bool,

    /// The secret is an identity token, which has no user
    #[arg(long, conflicts_with = "user")]
    identity_token: bool,

    /// Fetch the login from Amazon, for a registry of its own (ECR)
    #[arg(long, requires = "registry", conflicts_with_all = ["user", "password_stdin", "identity_token"])]
    ecr: bool,

    /// The profile in ~/.aws whose credentials are to be used, and no others
    #[arg(long, value_name = "NAME", requires = "ecr")]
    profile: Option<String>,

    /// Do not ask the registry
    #[arg(long)]
    no_verify: bool,

    /// All the time that the registry has to answer, in seconds [default: 15]
    #[arg(long, value_name = "SECS", conflicts_with = "no_verify", value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: Option<u64>,

    /// The helper that is to keep it: pass for the store [default: the one that Docker asks]
    #[arg(long, value_name = "HELPER")]
    to: Option<String>,

    /// One JSON object that says what was done
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &LoginArgs) -> Result<u8, Problem> {
    let system = session.system()?;
    let target = login::target(&system, args.registry.as_deref().unwrap_or_default(), args.to.as_deref())?;
    if !args.json {
        target.warnings.iter().for_each(|warning| session.console.warning(warning));
    }
    let cancel = cancel_on_interrupt()?;
    let timeout = args.timeout.map(Duration::from_secs);
    let asking = if args.no_verify { None } else { Some(login::asking(&system, &cancel, timeout)?) };
    let (password_stdin, identity_token) = (args.password_stdin, args.identity_token);
    let wish = Wish { user: args.user.as_deref(), password_stdin, identity_token };
    let (credential, origin) = match args.ecr {
        true => {
            let fetched = login::fetched(&system, &target, args.profile.as_deref(), &cancel)?;
            (fetched.credential, Some(fetched.origin))
        }
        false => {
            if RegistryKind::of(&target.name) == RegistryKind::Ecr {
                let word = text::shell_word(Path::new(&target.name));
                session.console.advice(&format!("to have it fetched from Amazon: regpass login --ecr {word}"));
            }
            (credential(&wish, &target)?, None)
        }
    };
    let outcome = login::login(&system, &Scope::default(), &target, credential, asking.as_deref())?;
    match outcome {
        Outcome::Refused(checked, problem) => {
            if args.json {
                session.console.json(&refused(&target, &checked))?;
            }
            session.console.problem(&problem);
            Ok(checked.outcome.class().exit)
        }
        Outcome::Kept(entered) => {
            entered.warnings.iter().for_each(|warning| session.console.warning(warning));
            if args.json {
                session.console.json(&kept(&target, &entered, origin.as_ref()))?;
            } else {
                tell(session, &target, &entered, origin.as_ref());
            }
            Ok(0)
        }
    }
}

/// What was typed of a login; the rest is asked for.
pub(super) struct Wish<'a> {
    pub(super) user: Option<&'a str>,
    pub(super) password_stdin: bool,
    pub(super) identity_token: bool,
}

/// Asked for in the order in which Docker asks.
pub(super) fn credential(args: &Wish<'_>, target: &Target) -> Result<Credential, Problem> {
    let name = text::quoted(&target.name);
    let user = match args.user {
        Some(user) => user.to_owned(),
        None if args.identity_token => IDENTITY_TOKEN_USER.to_owned(),
        None if args.password_stdin => {
            return Err(Problem::usage("a password from standard input needs a user name").hint("name it with --user"));
        }
        None => typed(&mut terminal(target)?.line(&format!("user name for {name}: "))?)?,
    };
    // A colon would end the name in what is sent (RFC 7617, section 2).
    if user.is_empty() || user.contains(':') || user.chars().any(char::is_control) {
        return Err(Problem::usage("a user name is not empty, and has neither a colon nor a control character"));
    }
    let what = if args.identity_token { "identity token" } else { "password or token" };
    let secret = match args.password_stdin {
        true => one_line(read_all(&mut io::stdin())?)?,
        false => terminal(target)?.secret(&format!("{what} for {name}: "))?,
    };
    if secret.is_empty() {
        return Err(Problem::usage(format!("nothing was given as {what} for {name}")));
    }
    Ok(Credential::new(Login::new(user), secret))
}

fn terminal(target: &Target) -> Result<Terminal, Problem> {
    Terminal::open().ok_or_else(|| {
        Problem::usage(format!("there is no terminal to ask on for {}", text::quoted(&target.name)))
            .hint("name the user with --user, and give the password on standard input with --password-stdin")
    })
}

/// A user name, which is no secret.
fn typed(line: &mut Secret) -> Result<String, Problem> {
    line.trim_end(|byte| b"\r\n \t".contains(&byte));
    let name = std::str::from_utf8(line.expose()).map_err(|_| Problem::usage("the user name is not UTF-8"))?;
    Ok(name.trim_start().to_owned())
}

/// One line without its end; more lines are refused rather than cut.
fn one_line(mut input: Secret) -> Result<Secret, Problem> {
    input.trim_end(|byte| byte == b'\n' || byte == b'\r');
    if input.expose().iter().any(|byte| *byte == b'\n' || *byte == b'\r') {
        return Err(Problem::usage("standard input has more than one line"));
    }
    Ok(input)
}

fn tell(session: &Session, target: &Target, entered: &Entered, origin: Option<&Origin>) {
    let console = &session.console;
    let (name, whose) = (text::quoted(&target.name), whose(&entered.login));
    let how = match &entered.checked {
        Some(checked) => checked.message.clone(),
        None => "the registry was not asked".to_owned(),
    };
    let state = if entered.changed { "is kept by" } else { "was kept already by" };
    console.status(&format!("{whose} at {name} {state} {}, and was read back: {how}", target.keeper()));
    if let Some(origin) = origin {
        let until = origin.expires.map(|expires| format!(", and lives until {}", utc::rfc3339(expires)));
        console.advice(&format!(
            "it was fetched with the credentials of {}{}",
            origin.source,
            until.unwrap_or_default()
        ));
        origin.notes.iter().for_each(|note| console.advice(note));
    }
    if let Some(checked) = &entered.checked {
        checked.notes.iter().for_each(|note| console.advice(note));
        checked.advice.iter().for_each(|advice| console.advice(advice));
    }
    for told in &entered.in_clear {
        console.warning(&Problem::failed(told.clone()).hint("move it into the store: regpass fix"));
    }
    if entered.is_undoable && entered.replaced.is_some() {
        console.advice("to have the old login again: regpass undo");
    }
}

fn whose(login: &Login) -> String {
    if login.is_identity_token() { "the identity token".to_owned() } else { format!("the login of {}", login.quoted()) }
}

/// `schema` 1 of docs/json.md, `login`.
fn kept(target: &Target, entered: &Entered, origin: Option<&Origin>) -> Value {
    let warnings = target.warnings.iter().chain(&entered.warnings).map(Problem::one_line).collect::<Vec<_>>();
    let mut value = json!({
        "schema": names::SCHEMA, "registry": target.name, "stored": true, "user": shown(&entered.login),
        "keeper": target.keeper_word(), "changed": entered.changed, "replaced": entered.replaced.as_ref().map(shown),
        "marked": entered.marked, "in_clear": entered.in_clear, "problems": warnings,
    });
    value["fetched"] = origin
        .map(|origin| {
            let expires = origin.expires.map(utc::rfc3339);
            json!({ "source": origin.source, "expires": expires, "notes": origin.notes })
        })
        .unwrap_or_default();
    value["checked"] = entered.checked.as_deref().map(checked).unwrap_or_default();
    value
}

fn refused(target: &Target, found: &Checked) -> Value {
    json!({ "schema": names::SCHEMA, "registry": target.name, "stored": false, "checked": checked(found) })
}

pub(super) fn checked(checked: &Checked) -> Value {
    json!({
        "outcome": checked.outcome.id(), "evidence": checked.evidence.map(|evidence| evidence.id()),
        "message": checked.message, "advice": checked.advice, "millis": checked.millis,
    })
}

/// None for what may be a secret in the wrong field.
fn shown(login: &Login) -> Option<&str> {
    login.is_showable().then(|| login.as_str())
}
