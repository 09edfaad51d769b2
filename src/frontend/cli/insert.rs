//! `regpass insert`: a new entry, typed on the terminal without echo or read from a pipe.

use std::io::{self, IsTerminal, Read};

use zeroize::Zeroize;

use super::args::entry;
use super::prompt::Terminal;
use super::{Session, names};
use crate::model::{EntryPath, Problem, ProblemKind, Secret, text};
use crate::ops::entries;
use crate::system::System;

/// The largest entry taken from stdin, in bytes: room for any key or certificate bundle.
const CONTENT_MAX: usize = 16 << 20;

const EXAMPLES: &str = "\
Examples:
  regpass insert mail/alice                      ask twice, without echo
  regpass insert mail/alice < password.txt       take the one line of a file or pipe
  regpass insert --multiline infra/key < id.pem  take everything, byte for byte";

/// Add an entry
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct InsertArgs {
    /// Its path in the store
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// Take all of standard input instead of one line
    #[arg(long, short)]
    multiline: bool,

    /// Show what is typed, and ask once
    #[arg(long, short, conflicts_with = "multiline")]
    echo: bool,

    /// Replace an entry without asking
    #[arg(long, short)]
    force: bool,

    /// One JSON object that says whether it changed
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &InsertArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let piped = !io::stdin().is_terminal();
    let replace = args.force || may_replace(&system, &args.entry, piped)?;
    // Without a terminal only what costs nothing: the write itself looks at the rest.
    if !piped || system.options.read_only.is_some() {
        entries::check_writable(&system, &args.entry)?;
    }
    let name = text::quoted(args.entry.as_bytes());
    let plaintext = match (args.multiline, piped) {
        (true, true) => read_all(&mut io::stdin())?,
        (true, false) => {
            session.console.status(&format!("the content of {name}, ended with Ctrl-D:"));
            read_all(&mut io::stdin())?
        }
        (false, true) => one_line(read_all(&mut io::stdin())?, &args.entry)?,
        (false, false) => typed(&args.entry, args.echo)?,
    };
    if plaintext.is_empty() {
        return Err(Problem::usage(format!("nothing was given to store as {name}")));
    }
    let written = entries::insert(&system, &args.entry, plaintext, replace)?;
    written.warnings.iter().for_each(|warning| session.console.warning(warning));
    if args.json {
        return session.console.json(&names::written(&args.entry, written.changed));
    }
    session.console.status(&if written.changed {
        format!("stored {name}")
    } else {
        format!("{name} already holds this")
    });
    Ok(())
}

/// Whether an entry of this name may be replaced: true after a yes. Asked before the secret, so that nobody types it
/// twice in vain; without a terminal the refusal is left to `ops`.
pub(super) fn may_replace(system: &System, entry: &EntryPath, piped: bool) -> Result<bool, Problem> {
    match entries::facts(system, entry) {
        Ok(_) if piped => Ok(false),
        Ok(_) => {
            let name = text::quoted(entry.as_bytes());
            let mut terminal = Terminal::open().ok_or_else(|| no_terminal(entry))?;
            match terminal.confirm(&format!("{name} is there already. Replace it?"))? {
                true => Ok(true),
                false => Err(Problem::cancelled(format!("{name} stays as it is"))),
            }
        }
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// A password typed on the terminal, with the newline that `pass insert` adds.
fn typed(entry: &EntryPath, echo: bool) -> Result<Secret, Problem> {
    let name = text::quoted(entry.as_bytes());
    let mut terminal = Terminal::open().ok_or_else(|| no_terminal(entry))?;
    let mut password = if echo {
        terminal.line(&format!("password for {name}: "))?
    } else {
        let first = terminal.secret(&format!("password for {name}: "))?;
        let second = terminal.secret("once more: ")?;
        if !first.same_as(&second) {
            return Err(Problem::failed("the two passwords differ").hint("nothing was stored; try again"));
        }
        first
    };
    if !password.is_empty() {
        password.push(b"\n");
    }
    Ok(password)
}

/// The one line of a pipe with exactly one newline. A second line may only repeat the first, as `pass insert` wants it;
/// anything else is refused rather than cut.
fn one_line(mut content: Secret, entry: &EntryPath) -> Result<Secret, Problem> {
    let bytes = content.expose();
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let first = body.iter().position(|byte| *byte == b'\n').unwrap_or(body.len());
    let rest = body.get(first + 1..);
    if rest.is_some_and(|rest| *rest != body[..first]) {
        return Err(Problem::usage("standard input has more than one line")
            .hint(format!("to store all of it, say so: regpass insert --multiline {}", word(entry))));
    }
    content.truncate(first);
    if !content.is_empty() {
        content.push(b"\n");
    }
    Ok(content)
}

/// Everything, bounded, through a buffer that is wiped.
pub(super) fn read_all(input: &mut impl Read) -> Result<Secret, Problem> {
    let mut content = Secret::default();
    let mut buffer = [0; 8192];
    let read = loop {
        match input.read(&mut buffer) {
            Ok(0) => break Ok(content),
            Ok(count) => content.push(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(Problem::failed("cannot read standard input").because(error)),
        }
        if content.len() > CONTENT_MAX {
            break Err(Problem::failed(format!("standard input is larger than {CONTENT_MAX} bytes")));
        }
    };
    buffer.zeroize();
    read
}

fn no_terminal(entry: &EntryPath) -> Problem {
    Problem::usage(format!("there is no terminal to ask on for {}", text::quoted(entry.as_bytes())))
        .hint(format!("pipe the password into it: regpass insert {}", word(entry)))
}

/// The entry as an argument that may be copied into a shell.
fn word(entry: &EntryPath) -> String {
    text::shell_word(entry.as_os_str().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(input: &[u8]) -> Option<Vec<u8>> {
        one_line(Secret::new(input.to_vec()), &EntryPath::root()).map(|line| line.expose().to_vec()).ok()
    }

    #[test]
    fn one_line_gets_one_newline() {
        for input in [&b"pw"[..], b"pw\n", b"pw\npw", b"pw\npw\n"] {
            assert_eq!(kept(input).as_deref(), Some(&b"pw\n"[..]), "{input:?}");
        }
        assert_eq!(kept(b"pw\r\n").as_deref(), Some(&b"pw\r\n"[..]));
        assert_eq!(kept(b"\n").as_deref(), Some(&b""[..]));
    }

    #[test]
    fn more_lines_are_refused_not_cut() {
        for input in [&b"pw\nuser: x\n"[..], b"pw\n\n", b"pw\npw\npw\n", b"\npw\n"] {
            assert_eq!(kept(input), None, "{input:?}");
        }
    }

    #[test]
    fn endless_input_is_bounded() {
        assert!(read_all(&mut io::repeat(b'x')).is_err());
    }
}
