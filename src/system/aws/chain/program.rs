//! Keys of a program that a profile names (`credential_process`). Run without a shell; it may ask a person, on our terminal.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::error::AwsError;
use super::super::keys::Keys;
use super::super::session::Session;
use super::unusable;
use crate::model::Secret;
use crate::system::process::{self, Limits, Manner, ProcessError};

/// The official library's limit for it.
const LIMITS: Limits = Limits { time: Duration::from_secs(60), stdout: 64 * 1024 };

/// What it does not get, although we have it: keys are its to give.
const WITHHELD: [&str; 9] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "REGPASS_KEY_PASSPHRASE_FILE",
    "REGPASS_KEY_FILE",
];

impl Session<'_> {
    pub(super) fn of_program(&mut self, words: &str, command: &Secret) -> Result<Keys, AwsError> {
        let told = std::str::from_utf8(command.expose()).ok().and_then(split);
        let Some((program, arguments)) = told.as_ref().and_then(|told| told.split_first()) else {
            return Err(unusable(words, "its credential_process is no command", None));
        };
        let mut child = process::command(self.env, program);
        child.args(arguments);
        WITHHELD.iter().for_each(|name| {
            child.env_remove(name);
        });
        let mut watch = |_: &[u8]| !self.cancel.load(Ordering::Relaxed);
        let manner = Manner { on_our_terminal: true, watch: &mut watch };
        let finished = process::run_watched(&mut child, b"", LIMITS, manner).map_err(|error| match error {
            ProcessError::CalledOff { .. } => AwsError::CalledOff,
            other => unusable(words, other.to_string(), None),
        })?;
        if !finished.status.success() {
            // What it says may repeat a secret of its own: only that it failed is told.
            return Err(unusable(words, format!("its credential_process ended with {}", finished.status), None));
        }
        let source = format!("{words} (credential_process)");
        Keys::of_json(&finished.stdout, source)
            .ok_or_else(|| unusable(words, "what its credential_process wrote are no keys", None))
    }
}

/// Words as a shell splits them, with quotes and backslashes; nothing is expanded. None where a quote is not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut begun) = (Vec::new(), String::new(), false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                begun = true;
                loop {
                    match letters.next()? {
                        '\'' => break,
                        inner => word.push(inner),
                    }
                }
            }
            '"' => {
                begun = true;
                loop {
                    match letters.next()? {
                        '"' => break,
                        '\\' => match letters.next()? {
                            escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        inner => word.push(inner),
                    }
                }
            }
            '\\' => {
                begun = true;
                word.push(letters.next()?);
            }
            blank if blank.is_whitespace() => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            other => {
                begun = true;
                word.push(other);
            }
        }
    }
    if begun {
        words.push(word);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_would() {
        for (line, want) in [
            ("a b  c", vec!["a", "b", "c"]),
            ("\"/opt/my tool\" 'x \"y' \"z \\\" \\n\" ''", vec!["/opt/my tool", "x \"y", "z \" \\n", ""]),
            (r"a\ b", vec!["a b"]),
            ("$HOME `id` ; |", vec!["$HOME", "`id`", ";", "|"]),
            ("  ", vec![]),
        ] {
            assert_eq!(split(line).expect("words"), want, "{line}");
        }
        for open in ["'a", "\"a", "a\\", "\"a\\"] {
            assert_eq!(split(open), None, "{open}");
        }
    }
}
