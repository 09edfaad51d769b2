//! The report of one login check: what came of it, how that is known, and every HTTP step on the way, all of it fit to be
//! shown: bounded, escaped, without a secret.

use std::time::SystemTime;

use super::outcome::{Evidence, LoginOutcome};

/// What a login check found. Texts are escaped (`model::text`) and hold no secret, whatever the server said.
#[derive(Clone, Debug)]
pub struct Checked {
    pub outcome: LoginOutcome,
    /// None where the login was not accepted.
    pub evidence: Option<Evidence>,
    /// What happened here, one sentence; never only the class's own.
    pub message: String,
    /// What to do about it; a command stands alone at its end.
    pub advice: Option<String>,
    /// The server's own words.
    pub said: Option<String>,
    /// What else a person should know: the certificate was not checked, a proxy was used.
    pub notes: Vec<String>,
    pub steps: Vec<Step>,
    /// The server's clock less ours in seconds, where it tells the time.
    pub skew: Option<i64>,
    /// The host that the login was sent to, or would have been, where that is not the registry's.
    pub realm_host: Option<String>,
    /// Whose login it is: as the server says, else the user name.
    pub account: Option<String>,
    pub expires: Option<Expiry>,
    pub millis: u64,
}

/// When a login dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    pub at: SystemTime,
    pub source: ExpirySource,
}

/// How that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpirySource {
    /// The secret says so itself.
    Secret,
    /// A guess: the last commit of the entry, and how long such logins live.
    Commit,
    /// A guess: the time of the entry's file, and how long such logins live.
    File,
}

impl ExpirySource {
    /// As the JSON has it.
    pub fn id(self) -> &'static str {
        match self {
            ExpirySource::Secret => "secret",
            ExpirySource::Commit => "guess_commit",
            ExpirySource::File => "guess_file",
        }
    }

    pub fn is_guess(self) -> bool {
        self != ExpirySource::Secret
    }
}

/// One HTTP request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub purpose: Purpose,
    pub method: &'static str,
    /// Without the query's values.
    pub url: String,
    pub answer: Answered,
    /// Headers that help to understand it, names in lower case.
    pub headers: Vec<(String, String)>,
    pub millis: u64,
}

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Is it a registry, and what does it ask for?
    Ping,
    /// What does the token server give to nobody?
    Control,
    /// The login, for a token.
    Login,
    /// What the registry makes of the login or its token.
    Proof,
    /// What the registry makes of nobody's token.
    ControlProof,
    /// What the token server gives to a user that nobody has.
    Stranger,
    /// Whether the login may pull from a repository.
    Pull,
}

impl Purpose {
    pub fn words(self) -> &'static str {
        match self {
            Purpose::Ping => "asked without a login",
            Purpose::Control => "asked for a token without a login",
            Purpose::Login => "asked for a token with the login",
            Purpose::Proof => "asked with the login",
            Purpose::ControlProof => "asked with nobody's token",
            Purpose::Stranger => "asked for a token as a user that nobody has",
            Purpose::Pull => "asked about a repository with the login",
        }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    Status(u16),
    /// Nothing, and why.
    Nothing(String),
}

impl Checked {
    /// A report of what came to nothing before the first request.
    pub fn before_the_network(outcome: LoginOutcome, message: impl Into<String>) -> Checked {
        let advice = outcome.class().advice;
        Checked {
            outcome,
            evidence: None,
            message: message.into(),
            advice: Some(advice.to_owned()).filter(|advice| !advice.is_empty()),
            said: None,
            notes: Vec::new(),
            steps: Vec::new(),
            skew: None,
            realm_host: None,
            account: None,
            expires: None,
            millis: 0,
        }
    }
}
