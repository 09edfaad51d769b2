//! The command line: reads what was typed, runs one subcommand, answers with an exit code. One variant (`args.rs`) and
//! one match arm a subcommand; each has its own file and works through `ops`.

mod args;
mod audit;
#[cfg(feature = "tui")]
mod clip;
#[cfg(not(feature = "tui"))]
#[path = "no_clip.rs"]
mod clip;
mod config;
mod conflicts;
mod contexts;
mod demo;
mod diff;
mod doctor;
mod edit;
mod explain;
mod find;
mod fix;
mod generate;
mod git;
mod grep;
mod history;
mod insert;
mod interrupts;
mod journal;
mod login;
mod logout;
mod ls;
mod migrate;
mod names;
mod otp;
mod progress;
mod prompt;
mod recipients;
mod reencrypt;
mod registries;
mod resolve;
mod restore;
mod rm;
mod secret_json;
mod shims;
mod show;
mod status;
mod support_bundle;
mod sync;
#[cfg(feature = "net")]
mod test;
mod transfer;
mod undo;
mod window;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::console::Console;
use crate::model::Problem;
use crate::system::System;
use crate::system::agent::Prompts;
use crate::system::env::Env;
use crate::system::options::{Options, Typed};
use crate::system::process;
use args::{Args, Command};
use prompt::Terminal;

/// Wrong usage, as clap and `Problem::exit_code` have it.
const USAGE: u8 = 2;

/// Runs the command line that was typed.
pub fn main(args: Vec<OsString>) -> ExitCode {
    process::harden();
    let env = Env::from_process();
    let console = Console::of_process(&env);
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(said) => return explain(&console, &said),
    };
    let console = if args.plain { console.plain() } else { console };
    let typed = args.places.typed();
    let session = Session { console: console.at(typed.clone()), typed, env };
    match run(&session, args) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            session.console.problem(&problem);
            ExitCode::from(problem.exit_code())
        }
    }
}

/// What every subcommand works with.
struct Session {
    env: Env,
    typed: Typed,
    console: Console,
}

impl Session {
    /// The outside, as flags, environment and config file together ask for it.
    fn system(&self) -> Result<System, Problem> {
        let options = Options::resolve(&self.typed, &self.env)?;
        Ok(System::with_prompts(self.env.clone(), options, prompts()))
    }
}

/// Runs what was typed; the exit code of what succeeded is 0, that of the demo's command, or what an audit found.
fn run(session: &Session, args: Args) -> Result<u8, Problem> {
    let done = match args.command {
        None if args.plain => status::plain(session),
        None => open_ui(session, session.env.clone(), session.typed.clone(), args.ascii),
        Some(Command::Ls(args)) => ls::run(session, &args),
        Some(Command::Show(args)) => show::run(session, &args),
        Some(Command::Find(args)) => find::run(session, &args),
        Some(Command::Grep(args)) => grep::run(session, &args),
        Some(Command::Insert(args)) => insert::run(session, &args),
        Some(Command::Edit(args)) => edit::run(session, &args),
        Some(Command::Generate(args)) => generate::run(session, &args),
        Some(Command::Otp(args)) => otp::run(session, &args),
        Some(Command::Mv(args)) => transfer::mv(session, &args),
        Some(Command::Cp(args)) => transfer::cp(session, &args),
        Some(Command::Rm(args)) => rm::run(session, &args),
        Some(Command::History(args)) => history::run(session, &args),
        Some(Command::Diff(args)) => diff::run(session, &args),
        Some(Command::Restore(args)) => restore::run(session, &args),
        Some(Command::Undo(args)) => undo::run(session, &args),
        Some(Command::Sync(args)) => sync::run(session, &args),
        Some(Command::Git(args)) => git::run(session, &args),
        Some(Command::Conflicts(args)) => conflicts::run(session, &args),
        Some(Command::Resolve(args)) => resolve::run(session, &args),
        Some(Command::Registries(args)) => registries::run(session, &args),
        Some(Command::Login(args)) => return login::run(session, &args),
        Some(Command::Logout(args)) => logout::run(session, &args),
        Some(Command::Migrate(args)) => migrate::run(session, &args),
        Some(Command::Window(args)) => return window::run(session, &args),
        Some(Command::Recipients(args)) => recipients::run(session, &args),
        Some(Command::Reencrypt(args)) => reencrypt::run(session, &args),
        Some(Command::Shims(args)) => shims::run(session, &args),
        Some(Command::Status(args)) => status::run(session, &args),
        Some(Command::SupportBundle(args)) => support_bundle::run(session, &args),
        Some(Command::Doctor(args)) => return doctor::run(session, &args),
        #[cfg(feature = "net")]
        Some(Command::Test(args)) => return test::run(session, &args),
        Some(Command::Audit(audit)) => return audit::run(session, &audit),
        Some(Command::Fix(args)) => fix::run(session, &args),
        Some(Command::Contexts(args)) => contexts::run(session, &args),
        Some(Command::Explain(args)) => return explain::run(session, &args),
        Some(Command::Journal(args)) => journal::run(session, &args),
        Some(Command::Config(args)) => config::run(session, &args),
        Some(Command::Demo(demo)) => return demo::run(session, &demo, args.ascii),
    };
    done.map(|()| 0)
}

/// The terminal UI, or what can be typed where there is none.
fn open_ui(session: &Session, env: Env, typed: Typed, ascii: bool) -> Result<(), Problem> {
    #[cfg(feature = "tui")]
    if session.console.out_is_terminal() {
        if env.text("TERM") == Some("dumb") {
            session.console.status("TERM=dumb: this terminal cannot be drawn on, so here are lines of text (--plain)");
            let console = Console::of_process(&env).plain().at(typed.clone());
            return status::plain(&Session { env, typed, console });
        }
        return super::tui::run(env, typed, super::tui::Settings { ascii });
    }
    let _ = (env, typed, ascii);
    session.console.data(&Args::command().render_help().to_string())
}

/// Passphrases are asked for on the controlling terminal; where there is none, not at all.
fn prompts() -> Prompts {
    let mut prompts = Prompts::default();
    if Terminal::open().is_some() {
        prompts.passphrase = Some(Arc::new(|what| Terminal::open()?.secret(&format!("{what}: ")).ok()));
    }
    prompts
}

/// clap's own answers: help and version are data, the rest is wrong usage.
fn explain(console: &Console, said: &clap::Error) -> ExitCode {
    match said.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let text = said.render();
            let text = if console.colours_data() { text.ansi().to_string() } else { text.to_string() };
            match console.data(&text) {
                Ok(()) => ExitCode::SUCCESS,
                Err(problem) => ExitCode::from(problem.exit_code()),
            }
        }
        _ => {
            console.usage(&said.render().to_string());
            ExitCode::from(USAGE)
        }
    }
}
