//! What an accepted login may pull, where a person asks: one repository looked into, and what the registry then says of the
//! pulls that are left. Called by `attempt.rs`.

use ureq::http::Uri;

use super::attempt::{Attempt, Judged, Reached};
use super::checked::Purpose;
use super::exchange::{Answer, Asking, Auth};
use super::failure::Failure;
use super::outcome::LoginOutcome;
use super::tokens::TokenServer;
use super::verdict::{Verdict, Who, of_failure};
use crate::model::{Secret, text};

/// The longest name of a repository (distribution, `reference.go`, `RepositoryNameTotalLengthMax`).
const NAME_MAX: usize = 255;

/// The repository that Docker Hub has for this question; a HEAD of it costs no pull.
const LIMIT_PREVIEW: &str = "ratelimitpreview/test";

/// A repository that is looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulls {
    repository: String,
    /// Only how many pulls are left is wanted: nothing is wrong with a login that may not look there.
    for_the_limit: bool,
}

impl Pulls {
    /// None for what is no name of a repository: words of small letters, digits and `._-`, with slashes between.
    pub fn of(repository: &str) -> Option<Pulls> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let is_word = |word: &str| {
            let ends = [word.bytes().next(), word.bytes().last()];
            word.bytes().all(fits) && ends.iter().all(|end| end.is_some_and(|byte| byte.is_ascii_alphanumeric()))
        };
        let is_name = repository.len() <= NAME_MAX && repository.split('/').all(is_word);
        is_name.then(|| Pulls { repository: repository.to_owned(), for_the_limit: false })
    }

    /// Docker Hub's own, for the limit.
    pub fn of_the_hub() -> Pulls {
        Pulls { repository: LIMIT_PREVIEW.to_owned(), for_the_limit: true }
    }
}

impl Attempt<'_> {
    /// The verdict as it is, with a note; or that the login is not let in there.
    pub(super) fn look_at_pulls(
        &mut self,
        verdict: Verdict,
        reached: &Reached,
        server: Option<&TokenServer>,
    ) -> Judged<Verdict> {
        let Some(pulls) = self.conditions.pulls.clone() else { return Ok(verdict) };
        let name = text::quoted(&pulls.repository);
        let looked = self.look_into(&pulls, reached, server);
        match looked {
            Ok(answer) => {
                self.notes.extend(limit(&answer));
                match answer.status {
                    200..=299 if pulls.for_the_limit && limit(&answer).is_none() => {
                        self.notes.push("it tells of no limit of pulls".to_owned());
                    }
                    200..=299 | 404 if pulls.for_the_limit => {}
                    200..=299 => self.notes.push(format!("this login may pull from {name}")),
                    404 => self.notes.push(format!("this login is let into {name}, where nothing is tagged latest")),
                    401 | 403 if !pulls.for_the_limit => return Err(not_let_in(&name).said(&answer)),
                    status => self.notes.push(format!("what {name} has was not told ({status})")),
                }
            }
            // The token server refused a token for that repository.
            Err(refused) if is_refusal(refused.outcome) && !pulls.for_the_limit => {
                return Err(Verdict { said: refused.said, ..not_let_in(&name) });
            }
            Err(failed) => self.notes.push(format!("what {name} has was not told: {}", failed.message)),
        }
        Ok(verdict)
    }

    /// By a HEAD, which is no pull.
    fn look_into(&mut self, pulls: &Pulls, reached: &Reached, server: Option<&TokenServer>) -> Judged<Answer> {
        let of_registry = |failure: Failure| of_failure(&failure, Who::Registry);
        let base = self.base(reached.scheme).map_err(of_registry)?;
        let uri: Uri = format!("{base}{}/manifests/latest", pulls.repository)
            .parse()
            .map_err(|_| of_registry(Failure::Http("the repository has no address".to_owned())))?;
        let token: Option<Secret> = match server {
            Some(server) => Some(self.our_token(server, Some(&format!("repository:{}:pull", pulls.repository)))?),
            None => None,
        };
        token.iter().for_each(|token| self.exchange.mask.add(token));
        let auth = token.as_ref().map_or(Auth::Basic(self.credential), Auth::Bearer);
        let asking = Asking { purpose: Purpose::Pull, uri, auth, form: None, head: true };
        self.exchange.ask(asking, &reached.tls).map_err(of_registry)
    }
}

fn is_refusal(outcome: LoginOutcome) -> bool {
    matches!(outcome, LoginOutcome::BadCredentials | LoginOutcome::InsufficientScope | LoginOutcome::BadTokenAnswer)
}

fn not_let_in(name: &str) -> Verdict {
    Verdict::new(
        LoginOutcome::InsufficientScope,
        format!("the registry takes the login and does not let it into {name}"),
    )
}

/// `ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600` (Docker Hub's page on its pull limit), in words.
fn limit(answer: &Answer) -> Option<String> {
    let parts = |name: &str| {
        let (count, window) = answer.header(name).split_once(";w=")?;
        Some((count.trim().parse::<u32>().ok()?, window.trim().parse::<u32>().ok()?))
    };
    let (limit, window) = parts("ratelimit-limit")?;
    let (left, _) = parts("ratelimit-remaining")?;
    Some(format!("{left} of {limit} pulls are left, of those in {} h", window.div_ceil(3600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories() {
        for name in ["a", "team/app", "a.b/c_d/e-f", "library/alpine3"] {
            assert!(Pulls::of(name).is_some(), "{name}");
        }
        for name in ["", "/a", "a/", "a//b", "A", "a b", "a:1", "../x", ".a", "a?b", "a\u{1b}", &"a".repeat(256)] {
            assert!(Pulls::of(name).is_none(), "{name}");
        }
    }
}
