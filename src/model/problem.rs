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
}

impl Problem {
    pub fn new(kind: ProblemKind, message: impl Into<String>) -> Problem {
        Problem { kind, message: message.into(), causes: Vec::new(), hints: Vec::new(), retry: None }
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
