//! `regpass generate`: a new password, stored and shown only when asked. Also the texts that are made from the command
//! line's own tree: completions and manual pages.

use std::io::{self, IsTerminal};

use clap::{CommandFactory, Subcommand};
use clap_complete::Shell;
use serde_json::{Map, Value};

use super::args::{Args, entry};
use super::{Session, clip, insert, names, secret_json};
use crate::model::{EntryPath, Problem, Secret, text};
use crate::ops::generate::{self, Class, Generated, Onto, Recipe};
use crate::system::System;

const EXAMPLES: &str = "\
Examples:
  regpass generate mail/alice                    25 characters; asks before it replaces
  regpass generate mail/alice 40 --clip          40 characters, copied
  regpass generate mail/alice --in-place         a new password, the other lines kept
  regpass generate wifi --words 6 --print        six words, printed
  regpass generate pin 6 --classes digit         six digits

  regpass generate completions bash              the shell's completions (an entry of that name: ./completions)
  regpass generate man                           the manual page (of a command: man show)";

/// Make and store a new password
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(disable_help_subcommand = true)]
pub(super) struct GenerateArgs {
    #[command(subcommand)]
    text: Option<Text>,

    /// Its path in the store
    #[arg(value_parser = entry(), required = true)]
    entry: Option<EntryPath>,

    /// How many characters [default: $PASSWORD_STORE_GENERATED_LENGTH, 25]
    #[arg(conflicts_with = "words")]
    length: Option<usize>,

    /// Letters and digits only
    #[arg(long, short, conflicts_with_all = ["classes", "words"])]
    no_symbols: bool,

    /// Of these kinds of characters, at least one of each: lower, upper, digit, symbol
    #[arg(long, value_name = "CLASS,…", value_delimiter = ',', value_parser = class(), conflicts_with = "words")]
    classes: Vec<Class>,

    /// So many words instead of characters
    #[arg(long, value_name = "N")]
    words: Option<usize>,

    /// What stands between the words
    #[arg(long, value_name = "TEXT", default_value = "-", requires = "words")]
    separator: String,

    /// Replace only the password of an entry, and keep its other lines
    #[arg(long, short, conflicts_with = "force")]
    in_place: bool,

    /// Replace an entry without asking
    #[arg(long, short)]
    force: bool,

    /// Copy to the clipboard, cleared later
    #[arg(long, short, conflicts_with = "json")]
    clip: bool,

    /// Print it
    #[arg(long, short)]
    print: bool,

    /// One JSON object; with the password only if --print is given too
    #[arg(long)]
    json: bool,
}

/// What is made from the command line's tree.
#[derive(Debug, Subcommand)]
enum Text {
    /// Completions for a shell
    #[command(hide = true)]
    Completions { shell: Shell },
    /// A manual page
    #[command(hide = true)]
    Man { command: Option<String> },
}

pub(super) fn run(session: &Session, args: &GenerateArgs) -> Result<(), Problem> {
    let entry = match (&args.text, &args.entry) {
        (Some(Text::Completions { shell }), _) => return session.console.data(&completions(*shell)?),
        (Some(Text::Man { command }), _) => return session.console.data(&manual(command.as_deref())?),
        (None, Some(entry)) => entry,
        (None, None) => return Err(Problem::usage("no entry was named")),
    };
    let system = session.system()?;
    let recipe = recipe(&system, args)?;
    let onto = match (args.in_place, args.force) {
        (true, _) => Onto::Password,
        (false, true) => Onto::Entry,
        (false, false) if insert::may_replace(&system, entry, !io::stdin().is_terminal())? => Onto::Entry,
        (false, false) => Onto::Nothing,
    };
    let made = generate::store(&system, entry, &recipe, onto)?;
    made.written.warnings.iter().for_each(|warning| session.console.warning(warning));
    answer(session, &system, entry, args, made)
}

fn answer(
    session: &Session,
    system: &System,
    entry: &EntryPath,
    args: &GenerateArgs,
    made: Generated,
) -> Result<(), Problem> {
    let Generated { mut password, bits, .. } = made;
    let name = text::quoted(entry.as_bytes());
    if args.json {
        let mut head = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
        names::put(&mut head, "path", entry.as_bytes());
        head.insert("bits".to_owned(), bits.floor().into());
        if args.print {
            return session.console.secret(&secret_json::with(head, "password", &password));
        }
        return session.console.json(&Value::Object(head));
    }
    session.console.status(&format!("stored a new password as {name}: {:.0} bits to guess", bits.floor()));
    if args.print {
        let mut line = Secret::with_capacity(password.len() + 1);
        line.push(password.expose());
        line.push(b"\n");
        session.console.secret(&line)?;
    }
    if args.clip {
        password.trim_end(|byte| byte == b'\n');
        return clip::copy(session, system, password, &name);
    }
    Ok(())
}

fn recipe(system: &System, args: &GenerateArgs) -> Result<Recipe, Problem> {
    if let Some(count) = args.words {
        return Ok(Recipe::Words { count, separator: args.separator.clone() });
    }
    if args.classes.is_empty() {
        return generate::default_recipe(system, args.length, !args.no_symbols);
    }
    let length = args.length.map_or_else(|| generate::default_length(system), Ok)?;
    if length < args.classes.len() {
        let count = args.classes.len();
        return Err(Problem::usage(format!("{length} characters cannot hold one of each of {count} classes")));
    }
    Ok(Recipe::of_classes(&args.classes, length))
}

fn class() -> impl clap::builder::TypedValueParser<Value = Class> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    let names = Class::ALL.map(Class::name);
    PossibleValuesParser::new(names)
        .map(|name| Class::ALL.into_iter().find(|class| class.name() == name).unwrap_or(Class::Lower))
}

fn completions(shell: Shell) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "regpass", &mut bytes);
    readable(bytes)
}

/// The page of the program, or of one of its commands.
fn manual(command: Option<&str>) -> Result<String, Problem> {
    let mut tree = Args::command();
    tree.build();
    let page = match command {
        None => tree,
        Some(name) => {
            let found = tree.find_subcommand(name).cloned();
            let found = found.ok_or_else(|| Problem::usage(format!("there is no command {}", text::quoted(name))))?;
            found.display_name(format!("regpass-{name}"))
        }
    };
    let mut bytes = Vec::new();
    clap_mangen::Man::new(page)
        .source(concat!("regpass ", env!("CARGO_PKG_VERSION")))
        .render(&mut bytes)
        .map_err(|error| Problem::failed("no page").because(error))?;
    readable(bytes)
}

fn readable(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|error| Problem::failed("the text is not UTF-8").because(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn entries_and_texts_are_told_apart() {
        let parsed = |args: &[&str]| match Args::try_parse_from([&["regpass", "generate"], args].concat())
            .map(|args| args.command)
        {
            Ok(Some(super::super::args::Command::Generate(args))) => Ok(args),
            Ok(_) => Err("another command".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let entry = |args: &[&str]| parsed(args).expect("an entry").entry.expect("named").display().into_owned();
        assert_eq!(entry(&["./completions", "12"]), "completions");
        assert_eq!(entry(&["a/man"]), "a/man");
        assert!(matches!(parsed(&["man"]).expect("a text").text, Some(Text::Man { command: None })));
        let bash = parsed(&["completions", "bash"]).expect("a text").text;
        assert!(matches!(bash, Some(Text::Completions { shell: Shell::Bash })));
        for wrong in [&[][..], &["a", "b"], &["a", "--classes", "lower,none"], &["a", "9", "--words", "3"]] {
            assert!(parsed(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_command_has_its_page_and_completions() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            assert!(completions(shell).expect("a text").contains("registries"));
        }
        assert!(manual(None).expect("a page").contains(".TH regpass"));
        assert!(manual(Some("show")).expect("a page").contains(concat!("\"regpass ", env!("CARGO_PKG_VERSION"))));
        for command in Args::command().get_subcommands() {
            let page = manual(Some(command.get_name())).expect("a page");
            let name = command.get_name().replace('-', "\\-");
            assert!(page.contains(&format!("regpass\\-{name}")), "{page}");
        }
        assert!(manual(Some("nope")).is_err());
    }
}
