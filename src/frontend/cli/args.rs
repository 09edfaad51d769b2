//! What can be typed: the clap tree's shared parts. Only validates; what is meant is `system/options.rs`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Parser, Subcommand};

#[cfg(feature = "net")]
use super::test;
use super::{
    audit, config, conflicts, contexts, demo, diff, doctor, edit, explain, find, fix, generate, git, grep, history,
    insert, journal, login, logout, ls, migrate, otp, recipients, reencrypt, registries, resolve, restore, rm, shims,
    show, status, support_bundle, sync, transfer, undo, window,
};
use crate::model::{EntryPath, EntryPathError};
use crate::system::options::Typed;

const EXAMPLES: &str = "\
Examples:
  regpass                                   open the terminal UI
  regpass ls                                every entry of the store
  regpass show infra/db/root                print an entry
  regpass show infra/db/root --clip         copy its password, cleared after 45 seconds
  regpass insert mail/alice                 ask for a password and store it
  regpass edit mail/alice                   change it in $EDITOR
  regpass generate mail/bob                 make and store a new password
  regpass registries                        which registries have a login, whose, and how old
  regpass test                              whether the registries take those logins
  regpass status                            who and where, and what to do next
  regpass shims install                     let Docker find regpass as docker-credential-pass
  regpass journal                           what Docker asked for lately, and what it was told

Exit codes: 0 done, 1 a problem, 2 wrong usage, 3 not there, 10 and 11 of an audit or a test, 130 called off.";

/// Registry logins and other secrets in a pass or gopass store
///
/// Without a command: the terminal UI. Called as docker-credential-pass it is the credential helper that Docker,
/// skopeo, podman and others start.
#[derive(Debug, Parser)]
#[command(name = "regpass", version, after_help = EXAMPLES, disable_help_subcommand = true, max_term_width = 100)]
pub(super) struct Args {
    /// Draw the terminal UI with ASCII only
    #[arg(long, global = true)]
    pub(super) ascii: bool,

    /// Lines of text only, for screen readers: no colour, and what the first tab says instead of the terminal UI
    #[arg(long, global = true)]
    pub(super) plain: bool,

    #[command(flatten)]
    pub(super) places: Places,

    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Where things are, for every subcommand.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Places")]
pub(super) struct Places {
    /// The password store [default: $PASSWORD_STORE_DIR, gopass's store, ~/.password-store]
    #[arg(long, global = true, value_name = "DIR")]
    store: Option<PathBuf>,

    /// GnuPG's home [default: $GNUPGHOME, ~/.gnupg]
    #[arg(long, global = true, value_name = "DIR")]
    gnupg_home: Option<PathBuf>,

    /// The folder of Docker's config.json [default: $DOCKER_CONFIG, ~/.docker]
    #[arg(long, global = true, value_name = "DIR")]
    docker_config: Option<PathBuf>,

    /// Write nothing: neither to a store nor links or configurations
    #[arg(long, global = true)]
    read_only: bool,
}

impl Places {
    pub(super) fn typed(&self) -> Typed {
        Typed {
            store: self.store.clone(),
            gnupg_home: self.gnupg_home.clone(),
            docker_config: self.docker_config.clone(),
            read_only: self.read_only,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Ls(ls::LsArgs),
    Show(show::ShowArgs),
    Find(find::FindArgs),
    Grep(grep::GrepArgs),
    Insert(insert::InsertArgs),
    Edit(edit::EditArgs),
    Generate(generate::GenerateArgs),
    Otp(otp::OtpArgs),
    Mv(transfer::MvArgs),
    Cp(transfer::CpArgs),
    Rm(rm::RmArgs),
    History(history::HistoryArgs),
    Diff(diff::DiffArgs),
    Restore(restore::RestoreArgs),
    Undo(undo::UndoArgs),
    Sync(sync::SyncArgs),
    Git(git::GitArgs),
    Conflicts(conflicts::ConflictsArgs),
    Resolve(resolve::ResolveArgs),
    Registries(registries::RegistriesArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Migrate(migrate::MigrateArgs),
    Window(window::WindowArgs),
    Recipients(recipients::RecipientsArgs),
    Reencrypt(reencrypt::ReencryptArgs),
    Shims(shims::ShimsArgs),
    Status(status::StatusArgs),
    Doctor(doctor::DoctorArgs),
    SupportBundle(support_bundle::SupportBundleArgs),
    #[cfg(feature = "net")]
    Test(test::TestArgs),
    Audit(audit::AuditArgs),
    Fix(fix::FixArgs),
    Contexts(contexts::ContextsArgs),
    Explain(explain::ExplainArgs),
    Journal(journal::JournalArgs),
    Config(config::ConfigArgs),
    Demo(demo::DemoArgs),
}

/// Reads an entry's name as `EntryPath` does.
pub(super) fn entry() -> impl TypedValueParser<Value = EntryPath> {
    OsStringValueParser::new().try_map(EntryPath::parse)
}

/// Reads a folder's name; `/` and `.` are the store's top.
pub(super) fn folder() -> impl TypedValueParser<Value = EntryPath> {
    OsStringValueParser::new().try_map(|name: OsString| match EntryPath::parse(name) {
        Err(EntryPathError::Empty) => Ok(EntryPath::root()),
        parsed => parsed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_tree_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_subcommand_says_what_it_is_for() {
        for command in Args::command().get_subcommands() {
            let name = command.get_name();
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.len() > 10 && !about.ends_with('.'), "{name}: {about:?}");
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.contains(&format!("regpass {name}")), "{name} has no example");
        }
    }

    /// Those that answer with a text of their own, or with another program's.
    const NO_JSON: [&str; 4] = ["demo", "generate completions", "generate man", "window run"];

    #[test]
    fn every_subcommand_can_answer_a_program() {
        fn walk(command: &clap::Command, name: &str, lacking: &mut Vec<String>) {
            let has_json = command.get_arguments().any(|arg| arg.get_id() == "json");
            if !command.is_subcommand_required_set() && !has_json && !name.is_empty() {
                lacking.push(name.to_owned());
            }
            for inner in command.get_subcommands() {
                walk(inner, format!("{name} {}", inner.get_name()).trim_start(), lacking);
            }
        }
        let mut lacking = Vec::new();
        walk(&Args::command(), "", &mut lacking);
        lacking.sort();
        assert_eq!(lacking, NO_JSON);
    }

    #[test]
    fn names_that_would_leave_the_store_are_wrong_usage() {
        let refused = Args::try_parse_from(["regpass", "show", "../x"]).expect_err("refused");
        assert!(refused.to_string().contains("would leave the store"), "{refused}");
        assert!(Args::try_parse_from(["regpass", "ls", "/"]).is_ok());
    }

    #[test]
    fn places_are_taken_on_either_side_of_the_subcommand() {
        for args in [["regpass", "--store", "/s", "ls"], ["regpass", "ls", "--store", "/s"]] {
            let typed = Args::try_parse_from(args).expect("parses").places.typed();
            assert_eq!(typed.store, Some(PathBuf::from("/s")));
        }
        for args in [["regpass", "--ascii", "demo"], ["regpass", "demo", "--ascii"]] {
            assert!(Args::try_parse_from(args).expect("parses").ascii);
        }
    }
}
