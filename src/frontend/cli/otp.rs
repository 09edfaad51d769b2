//! `regpass otp`: the one-time password that an entry's secret gives now.

use serde_json::Map;

use super::args::entry;
use super::{Session, clip, names, secret_json};
use crate::model::{EntryPath, Problem, text};
use crate::ops::otp::{self, Validity};
use crate::system::cipher::Asking;

const EXAMPLES: &str = "\
Examples:
  regpass otp web/shop            print the code
  regpass otp web/shop --clip     copy it instead
  regpass otp web/shop --json     for programs (docs/json.md)

The secret is an otpauth:// line, or a line totp: or hotp: with the secret in base32.";

/// Print or copy an entry's one-time password
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct OtpArgs {
    /// Its path in the store
    #[arg(value_parser = entry())]
    entry: EntryPath,

    /// Copy to the clipboard, cleared later
    #[arg(long, short, conflicts_with = "json")]
    clip: bool,

    /// One JSON object with the code
    #[arg(long)]
    json: bool,
}

pub(super) fn run(session: &Session, args: &OtpArgs) -> Result<(), Problem> {
    let system = session.system()?;
    let made = otp::code(&system, &args.entry, Asking::Allowed)?;
    made.written.warnings.iter().for_each(|warning| session.console.warning(warning));
    let mut code = made.code;
    if args.json {
        let mut head = Map::from_iter([("schema".to_owned(), names::SCHEMA.into())]);
        names::put(&mut head, "path", args.entry.as_bytes());
        match made.validity {
            Validity::Period { seconds, left } => {
                head.insert("type".to_owned(), "totp".into());
                head.insert("period".to_owned(), seconds.into());
                head.insert("seconds_left".to_owned(), left.into());
            }
            Validity::Counter(counter) => {
                head.insert("type".to_owned(), "hotp".into());
                head.insert("counter".to_owned(), counter.into());
            }
        }
        return session.console.secret(&secret_json::with(head, "code", &code));
    }
    if let Validity::Period { left, .. } = made.validity {
        let noun = if left == 1 { "second" } else { "seconds" };
        session.console.status(&format!("good for {left} more {noun}"));
    }
    if args.clip {
        return clip::copy(session, &system, code, &format!("the code of {}", text::quoted(args.entry.as_bytes())));
    }
    code.push(b"\n");
    session.console.secret(&code)
}
