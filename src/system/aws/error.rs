//! Why there is no token: typed, and in words. Amazon's services name the kind of every error; nothing hangs on the text of a
//! message.

use crate::model::{Problem, text};
use crate::system::registry::outcome::LoginOutcome;

/// A clock that is off by more makes signatures invalid, in seconds (AWS Signature Version 4, "Request timestamp").
const SKEW_MAX: i64 = 300;

#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    #[error("{0} is no name of a registry at Amazon")]
    NotAmazon(String),
    #[error("there are no AWS credentials for this login")]
    NoKeys(Vec<Tried>),
    /// What was named as their source has none.
    #[error("{source_name} has no usable AWS credentials: {why}")]
    Unusable { source_name: String, why: String, hint: Option<String> },
    #[error("{asked} cannot be asked: {why}")]
    NoAnswer { asked: String, why: String, outcome: LoginOutcome },
    #[error("{} {}", .0.asked, .0.words())]
    Refused(Box<Refused>),
    #[error("what {asked} answered is not understood: {why}")]
    Strange { asked: String, why: String },
    #[error("called off")]
    CalledOff,
    #[error("{setting} {why}")]
    Setting { setting: String, why: String },
}

/// A place where keys could have been, and why there were none.
#[derive(Clone, Debug)]
pub struct Tried {
    pub source: String,
    pub why: String,
}

/// An answer that is no.
#[derive(Debug)]
pub struct Refused {
    /// Which service, in which region.
    pub asked: String,
    pub refusal: Refusal,
    /// The service's own kind and words, fit to be shown.
    pub said: String,
    /// Whose keys they were, in words; None where none were needed.
    pub keys: Option<String>,
    /// What those keys have to be allowed.
    pub needs: &'static str,
    /// Seconds that the service's clock is ahead of ours.
    pub skew: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    UnknownKey,
    Expired,
    WrongSecret,
    Clock,
    Denied,
    NoSuchRegion,
    TooOften,
    Server,
    Other,
}

/// The services' names for them: common errors of the ECR, STS and SSO portal references.
const KINDS: &[(Refusal, &[&str])] = &[
    (
        Refusal::UnknownKey,
        &["UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "MissingAuthenticationToken"],
    ),
    (
        Refusal::Expired,
        &["ExpiredTokenException", "ExpiredToken", "TokenRefreshRequired", "UnauthorizedException", "IDPExpired"],
    ),
    (
        Refusal::WrongSecret,
        &["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignature", "IncompleteSignatureException"],
    ),
    (Refusal::Clock, &["RequestExpired", "RequestTimeTooSkewed", "RequestExpiredException"]),
    (
        Refusal::Denied,
        &["AccessDeniedException", "AccessDenied", "NotAuthorized", "ForbiddenException", "IDPRejectedClaim"],
    ),
    (Refusal::NoSuchRegion, &["OptInRequired", "RegionDisabledException", "SubscriptionRequiredException"]),
    (
        Refusal::TooOften,
        &["ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"],
    ),
    (
        Refusal::Server,
        &["ServerException", "InternalFailure", "InternalServerException", "ServiceUnavailable", "InternalError"],
    ),
];

impl Refusal {
    /// `kind` as the service names it; where it does not, the status tells something. A signature that is wrong while the
    /// clocks differ is so because of the clock.
    pub(super) fn of(kind: &str, status: u16, skew: Option<i64>) -> Refusal {
        let named = KINDS.iter().find(|(_, names)| names.contains(&kind)).map(|(refusal, _)| *refusal);
        let found = named.unwrap_or(match status {
            429 => Refusal::TooOften,
            500.. => Refusal::Server,
            _ => Refusal::Other,
        });
        let is_skewed = skew.is_some_and(|skew| skew.abs() >= SKEW_MAX);
        if is_skewed && matches!(found, Refusal::WrongSecret | Refusal::Expired) { Refusal::Clock } else { found }
    }
}

impl Refused {
    fn words(&self) -> String {
        match self.refusal {
            Refusal::UnknownKey => "does not know the access key".to_owned(),
            Refusal::Expired => "says that the credentials are expired".to_owned(),
            Refusal::WrongSecret => "says that the secret key does not belong to the access key".to_owned(),
            Refusal::Clock => match self.skew.filter(|skew| *skew != 0) {
                Some(skew) => {
                    let way = if skew > 0 { "behind" } else { "ahead" };
                    format!("does not take the signature: this machine's clock is {} s {way}", skew.abs())
                }
                None => "does not take the signature: this machine's clock is wrong".to_owned(),
            },
            Refusal::Denied => format!("does not allow it: the credentials need {}", self.needs),
            Refusal::NoSuchRegion => "is not open to this account".to_owned(),
            Refusal::TooOften => "was asked too often".to_owned(),
            Refusal::Server => "failed by itself".to_owned(),
            Refusal::Other => "refuses".to_owned(),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self.refusal {
            Refusal::UnknownKey => {
                Some("is the key deleted, or of another partition (China, GovCloud)? aws sts get-caller-identity")
            }
            Refusal::Expired => Some("get fresh ones, with single sign-on: aws sso login"),
            Refusal::WrongSecret => Some("enter both again: aws configure"),
            Refusal::Clock => Some("set the clock: timedatectl set-ntp true"),
            Refusal::NoSuchRegion => Some("see which regions the account has: aws account list-regions"),
            Refusal::TooOften | Refusal::Server => Some("try again in a minute"),
            Refusal::Denied | Refusal::Other => None,
        }
    }
}

impl From<AwsError> for Problem {
    fn from(error: AwsError) -> Problem {
        let problem = match &error {
            AwsError::NotAmazon(_) => {
                return Problem::usage(error.to_string()).hint(
                    "a private one is named as 123456789012.dkr.ecr.eu-central-1.amazonaws.com, the public one public.ecr.aws",
                );
            }
            _ => Problem::failed(error.to_string()),
        };
        match error {
            AwsError::NoKeys(tried) => tried
                .iter()
                .fold(problem, |problem, tried| problem.because(format!("{}: {}", tried.source, tried.why)))
                .hint("with single sign-on: aws sso login")
                .hint("with an access key: aws configure"),
            AwsError::Unusable { hint, .. } => hint.into_iter().fold(problem, Problem::hint),
            AwsError::NoAnswer { outcome, .. } => match outcome {
                LoginOutcome::DnsFailure => problem.because("is there such a region, and a network?"),
                _ => problem,
            },
            AwsError::Refused(refused) => {
                let said = Some(refused.said.as_str()).filter(|said| !said.is_empty());
                let problem =
                    said.iter().fold(problem, |problem, said| problem.because(format!("its own words: {said}")));
                let keys = refused.keys.iter();
                let problem =
                    keys.fold(problem, |problem, keys| problem.because(format!("the credentials are from {keys}")));
                refused.hint().into_iter().fold(problem, Problem::hint)
            }
            AwsError::CalledOff => Problem::cancelled(problem.message),
            AwsError::NotAmazon(_) | AwsError::Strange { .. } | AwsError::Setting { .. } => problem,
        }
    }
}

/// A variable's or a field's content that makes no sense. Nothing of it is told: it may be a secret in the wrong place.
pub(super) fn setting(name: &str, why: &str) -> AwsError {
    AwsError::Setting { setting: text::quoted(name), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_signature_is_the_clocks_fault_where_the_clock_is_off() {
        for (kind, status, skew, want) in [
            ("InvalidSignatureException", 400, None, Refusal::WrongSecret),
            ("InvalidSignatureException", 400, Some(120), Refusal::WrongSecret),
            ("InvalidSignatureException", 400, Some(-1800), Refusal::Clock),
            ("RequestExpired", 400, None, Refusal::Clock),
            ("ExpiredTokenException", 403, Some(3), Refusal::Expired),
            ("AccessDeniedException", 400, Some(9000), Refusal::Denied),
            ("", 503, None, Refusal::Server),
            ("", 429, None, Refusal::TooOften),
            ("WhoKnows", 400, None, Refusal::Other),
        ] {
            assert_eq!(Refusal::of(kind, status, skew), want, "{kind} {status} {skew:?}");
        }
    }
}
