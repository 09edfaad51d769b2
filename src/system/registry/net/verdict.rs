//! What an answer means: from a status, its codes and the server's words to a class and a sentence. Pure; the requests are
//! `attempt.rs`.

use super::exchange::Answer;
use super::failure::Failure;
use super::outcome::{Evidence, LoginOutcome};
use super::words::{codes, is_page, speaks_of_expiry};

/// What a check comes to.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) outcome: LoginOutcome,
    pub(super) evidence: Option<Evidence>,
    pub(super) message: String,
    pub(super) said: Option<String>,
    /// In place of the class's own.
    pub(super) advice: Option<String>,
}

impl Verdict {
    pub(super) fn new(outcome: LoginOutcome, message: impl Into<String>) -> Verdict {
        Verdict { outcome, evidence: None, message: message.into(), said: None, advice: None }
    }

    pub(super) fn accepted(outcome: LoginOutcome, evidence: Evidence, message: impl Into<String>) -> Verdict {
        Verdict { evidence: Some(evidence), ..Verdict::new(outcome, message) }
    }

    #[must_use]
    pub(super) fn said(mut self, answer: &Answer) -> Verdict {
        self.said.clone_from(&answer.said);
        self
    }

    #[must_use]
    pub(super) fn advice(mut self, advice: impl Into<String>) -> Verdict {
        self.advice = Some(advice.into());
        self
    }
}

/// No answer came.
pub(super) fn of_failure(failure: &Failure, who: Who) -> Verdict {
    let front = if who == Who::TokenServer { "the token server: " } else { "" };
    Verdict::new(failure.outcome(), format!("{front}{failure}"))
}

/// Who answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Registry,
    TokenServer,
}

impl Who {
    pub(super) fn words(self) -> &'static str {
        match self {
            Who::Registry => "the registry",
            Who::TokenServer => "its token server",
        }
    }
}

/// What a status says when nobody logged in; None for those that the protocol goes on with.
pub(super) fn of_anonymous(answer: &Answer, who: Who) -> Option<Verdict> {
    let name = who.words();
    let verdict = match answer.status {
        200..=299 | 401 => return None,
        429 => Verdict::new(LoginOutcome::RateLimited, format!("{name} answers no more for now{}", retry(answer))),
        500.. => Verdict::new(LoginOutcome::ServerError, format!("{name} answered {}", answer.status)),
        403 => Verdict::new(LoginOutcome::Forbidden, format!("{name} answered 403 before any login")),
        300..=399 => Verdict::new(
            LoginOutcome::NotARegistry,
            format!("{name} sends everybody elsewhere ({}), and a login is not sent after that", answer.status),
        ),
        status => Verdict::new(LoginOutcome::NotARegistry, format!("what answers has no registry ({status})")),
    };
    Some(verdict.said(answer))
}

/// What a refusal of a login says; None where it was accepted. `is_dead`: the secret itself says that it has expired.
pub(super) fn of_login(answer: &Answer, who: Who, is_dead: bool) -> Option<Verdict> {
    let (name, status) = (who.words(), answer.status);
    let refused = || {
        if is_dead || speaks_of_expiry(&answer.body) {
            Verdict::new(LoginOutcome::ExpiredToken, format!("{name} refused the login, whose token has expired"))
        } else {
            Verdict::new(LoginOutcome::BadCredentials, format!("{name} refused the login ({status})"))
        }
    };
    let codes = codes(&answer.body);
    let has = |wanted: &[&str]| codes.iter().any(|code| wanted.contains(&code.as_str()));
    let verdict = match status {
        200..=299 => return None,
        401 => refused(),
        // Amazon's, where a token is dead or for another region; a token server's for one that it does not know.
        403 if who == Who::TokenServer || has(&["DENIED", "UNAUTHORIZED"]) || speaks_of_expiry(&answer.body) => {
            refused()
        }
        403 => Verdict::new(LoginOutcome::InsufficientScope, format!("{name} knows the login and answered 403")),
        400 if has(&["INVALID_GRANT", "UNAUTHORIZED", "DENIED"]) || is_dead => refused(),
        400 => Verdict::new(LoginOutcome::MalformedSecret, format!("{name} can make nothing of the login (400)")),
        429 => Verdict::new(LoginOutcome::LockedOut, format!("{name} takes no more attempts for now{}", retry(answer))),
        500.. => Verdict::new(LoginOutcome::ServerError, format!("{name} answered {status} to the login")),
        300..=399 => Verdict::new(
            LoginOutcome::NotARegistry,
            format!("{name} sends the login elsewhere ({status}), and it is not sent after that"),
        ),
        _ => Verdict::new(LoginOutcome::NotARegistry, format!("{name} answered {status} to the login")),
    };
    Some(verdict.said(answer))
}

/// `Retry-After` in words, where it is a number of seconds.
fn retry(answer: &Answer) -> String {
    match answer.header("retry-after").trim().parse::<u32>() {
        Ok(seconds) => format!("; it asks to wait {seconds} s"),
        Err(_) => String::new(),
    }
}

/// Whether what answered 200 is a registry: its own header, JSON, or nothing at all, but no page.
pub(super) fn is_registry(answer: &Answer) -> bool {
    let body = answer.body.expose().trim_ascii();
    if is_page(body, answer.header("content-type")) {
        return false;
    }
    !answer.header("docker-distribution-api-version").is_empty()
        || body.is_empty()
        || answer.is_cut
        || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}
