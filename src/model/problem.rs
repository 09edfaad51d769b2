//! What a person is told when something fails: one sentence, its causes, and the commands that help.
//! Rooms below keep typed errors and convert them here, beside their definition; frontends only print.

use std::fmt;

/// What the exit code depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Something failed (exit code 1).
    Failed,
    /// The request itself makes no sense (exit code 2).
    Usage,
    /// What was asked about is not there (exit code 3).
    NotFound,
    /// The person called it off (exit code 130).
    Cancelled,
}

/// One failure in words. Lower case, the thing in quotes, no full stop; foreign text inside is already escaped
/// (`model::text::quoted`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    /// What failed, naming the thing in quotes.
    pub message: String,
    /// Why, outermost first.
    pub causes: Vec<String>,
    /// What to do; a command stands alone at the end of its line so that it can be copied.
    pub hints: Vec<String>,
    /// One more hint, for a person at a terminal: how to try the same again. A frontend with a key for it names the key.
    pub retry: Option<String>,
    /// An option that the command line could be given; other frontends have no use for it.
    pub option: Option<Box<CommandOption>>,
}

/// What an option would do, and its name. Behind a pointer: few problems have one, and all are moved about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOption(pub String);

impl Problem {
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Problem {
        Problem { kind, message: message.into(), causes: Vec::new(), hints: Vec::new(), retry: None, option: None }
    }

    pub fn failed(message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::Usage, message)
    }

    pub fn not_found(message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::NotFound, message)
    }

    pub fn cancelled(message: impl Into<String>) -> Problem {
        Problem::new(ProblemKind::Cancelled, message)
    }

    /// Takes a text out of all it says, also where only the text's front is left of it. For what may not be told.
    #[must_use]
    pub fn without(mut self, secret: &str, instead: &str) -> Problem {
        let texts = std::iter::once(&mut self.message).chain(&mut self.causes).chain(&mut self.hints);
        texts.for_each(|text| *text = text_without(text, secret, instead));
        self.option = self.option.map(|option| Box::new(CommandOption(text_without(&option.0, secret, instead))));
        self
    }

    #[must_use]
    pub fn because(mut self, cause: impl fmt::Display) -> Problem {
        self.causes.push(cause.to_string());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn option(self, option: impl Into<String>) -> Problem {
        Problem { option: Some(Box::new(CommandOption(option.into()))), ..self }
    }

    /// What to do, where the command line is how to try again.
    pub fn all_hints(&self) -> impl Iterator<Item = &String> {
        self.retry.iter().chain(&self.hints)
    }

    /// Message and causes on one line, for the places that have only one (the helper's answer, a toast).
    pub fn one_line(&self) -> String {
        let mut line = self.message.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        line.replace('\n', " ")
    }

    /// The exit code of the command line (docs/architecture.md, exit codes). The helper knows only 0 and 1.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ProblemKind::Failed => 1,
            ProblemKind::Usage => 2,
            ProblemKind::NotFound => 3,
            ProblemKind::Cancelled => 130,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.one_line())
    }
}

impl std::error::Error for Problem {}

/// How many characters of a secret make it known in a text.
const KNOWN_BY: usize = 16;

fn text_without(text: &str, secret: &str, instead: &str) -> String {
    let head = secret.char_indices().nth(KNOWN_BY).map_or(secret, |(end, _)| &secret[..end]);
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(head).filter(|_| !head.is_empty()) {
        safe.push_str(&rest[..start]);
        safe.push_str(instead);
        let alike = rest[start..].chars().zip(secret.chars()).take_while(|(one, other)| one == other);
        let length: usize = alike.map(|(one, _)| one.len_utf8()).sum();
        rest = &rest[start + length..];
    }
    safe + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_told_is_taken_out_whole_or_cut() {
        let secret = format!("é{}", "0123456789".repeat(20));
        let cut: String = secret.chars().take(60).collect();
        let problem = Problem::failed(format!("no {secret}.gpg")).because(format!("{secret}{cut}…")).hint("rm a");
        let safe = problem.without(&secret, "***");
        assert_eq!((safe.message.as_str(), safe.causes[0].as_str()), ("no ***.gpg", "******…"));
        assert_eq!(safe.hints, ["rm a"]);
        assert_eq!(Problem::failed("a").without("", "x").message, "a");
    }
}
