//! The part of a check where the registry has tokens handed out: what its token server gives to nobody and to this login,
//! and what the registry makes of both. Called by `attempt.rs`.

use std::sync::Arc;

use rustls::ClientConfig;
use ureq::http::Uri;

use super::address::Scheme;
use super::attempt::{Attempt, Judged, Reached, SECRET_MAX, proved_by};
use super::checked::Purpose;
use super::claims;
use super::dial::Target;
use super::exchange::{Answer, Asking, Auth};
use super::failure::Failure;
use super::outcome::{Evidence, LoginOutcome};
use super::realm::{Plain, Realm};
use super::verdict::{Verdict, Who, of_anonymous, of_failure, of_login};
use super::verifier;
use super::words::whole;
use crate::model::{Credential, Login, Secret, text};
use crate::system::docker::document::Node;

/// Where a registry has its tokens handed out, and how it is reached.
pub(super) struct TokenServer {
    pub(super) realm: Realm,
    pub(super) tls: Arc<ClientConfig>,
}

impl Attempt<'_> {
    pub(super) fn token_server(
        &mut self,
        reached: &Reached,
        realm: &str,
        service: Option<String>,
    ) -> Judged<TokenServer> {
        let of_token_server = |failure: Failure| of_failure(&failure, Who::TokenServer);
        let registry = Target::of(&self.base(reached.scheme).map_err(of_token_server)?);
        let plain = Plain {
            registry: registry.as_ref().filter(|_| reached.scheme == Scheme::Http),
            everywhere: self.conditions.plain_http && reached.scheme == Scheme::Http,
            stays_here: &|target| {
                self.conditions.insecure.stays_here(&self.exchange.dialer.judged(std::slice::from_ref(target)))
            },
        };
        let realm = Realm::of(realm, service, &plain)
            .map_err(|error| Verdict::new(LoginOutcome::RealmRefused, error.to_string()))?;
        let is_elsewhere = realm.target.host != self.address.host();
        if is_elsewhere {
            let host = text::escaped(realm.target.host.as_bytes()).into_owned();
            self.notes.push(format!("the registry has logins sent to {host}"));
            self.realm_host = Some(host);
        }
        let tls = self.tls_of(&realm, reached).map_err(of_token_server)?;
        Ok(TokenServer { realm, tls })
    }

    pub(super) fn by_token(&mut self, reached: &Reached, server: &TokenServer) -> Judged<Verdict> {
        let nobody = self.nobodys_token(server)?;
        let ours = self.our_token(server, None)?;
        self.exchange.mask.add(&ours);
        let uri = self.base(reached.scheme).map_err(|failure| of_failure(&failure, Who::TokenServer))?;
        let answer = self
            .ask(Purpose::Proof, &uri, Auth::Bearer(&ours), &reached.tls)
            .map_err(|failure| of_failure(&failure, Who::Registry))?;
        if let Some(verdict) = of_login(&answer, Who::Registry, false) {
            return Err(self.token_refused(&answer, &ours, verdict));
        }
        match self.weigh(&uri, reached, &answer, &ours, nobody)? {
            verdict if verdict.outcome == LoginOutcome::OkUnproven && self.conditions.strict => {
                self.ask_as_a_stranger(server, &answer, verdict)
            }
            verdict => Ok(verdict),
        }
    }

    /// Where everybody gets a token: whether a user that nobody has does too. Never the login's own user, whom it may lock out.
    fn ask_as_a_stranger(&mut self, server: &TokenServer, ours: &Answer, doubt: Verdict) -> Judged<Verdict> {
        let Some(stranger) = stranger().filter(|_| !self.credential.login.is_identity_token()) else {
            return Ok(doubt);
        };
        let Some(uri) = server.realm.asked(Some(stranger.login.as_str()), None) else { return Ok(doubt) };
        let answer = self
            .ask(Purpose::Stranger, &uri, Auth::Basic(&stranger), &server.tls)
            .map_err(|failure| of_failure(&failure, Who::TokenServer))?;
        match answer.status {
            400 | 401 | 403 => proved_by(ours, "its token server refused a made-up user and accepted this login"),
            _ => Ok(doubt),
        }
    }

    /// Docker takes the registry's certificates for its token server too; unchecked only what is unchecked by itself.
    fn tls_of(&self, realm: &Realm, reached: &Reached) -> Result<Arc<ClientConfig>, Failure> {
        if reached.checked || realm.target.host == self.address.host() {
            return Ok(reached.tls.clone());
        }
        let addresses = self.exchange.dialer.judged(std::slice::from_ref(&realm.target));
        if self.conditions.insecure.holds(&realm.target.host, &addresses) {
            return Ok(reached.tls.clone());
        }
        let certificates = self.conditions.trust.of(self.address.name())?;
        let failed = |error| Failure::Tls { host: realm.target.host.clone(), error };
        verifier::config(&certificates, true).map(Arc::new).map_err(failed)
    }

    /// What the token server gives to nobody.
    fn nobodys_token(&mut self, server: &TokenServer) -> Judged<Nobodys> {
        let uri = server
            .realm
            .asked(None, None)
            .ok_or_else(|| Verdict::new(LoginOutcome::RealmRefused, "its realm is no address"))?;
        let answer = self
            .ask(Purpose::Control, &uri, Auth::Nobody, &server.tls)
            .map_err(|failure| of_failure(&failure, Who::TokenServer))?;
        match answer.status {
            200..=299 => Ok(token_in(&answer).map_or(Nobodys::Unreadable, Nobodys::Token)),
            429 | 500.. => match of_anonymous(&answer, Who::TokenServer) {
                Some(verdict) => Err(verdict),
                None => Ok(Nobodys::Refused),
            },
            _ => Ok(Nobodys::Refused),
        }
    }

    /// The one request with the login; a scope only where a person asked about a repository.
    pub(super) fn our_token(&mut self, server: &TokenServer, scope: Option<&str>) -> Judged<Secret> {
        let TokenServer { realm, tls } = server;
        let credential = self.credential;
        let is_token = credential.login.is_identity_token();
        let answer = if is_token {
            let form = Some(realm.form(&credential.secret, scope));
            let asking = Asking { purpose: Purpose::Login, uri: realm.posted(), auth: Auth::Nobody, form, head: false };
            self.exchange.ask(asking, tls)
        } else {
            let uri = realm.asked(Some(credential.login.as_str()), scope);
            let uri = uri.ok_or_else(|| Verdict::new(LoginOutcome::RealmRefused, "its realm is no address"))?;
            self.ask(Purpose::Login, &uri, Auth::Basic(credential), tls)
        };
        let answer = answer.map_err(|failure| of_failure(&failure, Who::TokenServer))?;
        if is_token && matches!(answer.status, 404 | 405) {
            return Err(Verdict::new(
                LoginOutcome::UnsupportedAuth,
                format!("its token server takes no identity tokens ({})", answer.status),
            )
            .said(&answer));
        }
        if let Some(verdict) = of_login(&answer, Who::TokenServer, self.is_dead()) {
            return Err(verdict);
        }
        token_in(&answer).ok_or_else(|| {
            let what = if answer.is_cut { "is far too long or broke off" } else { "is no token" };
            // Its words are not told: they may be the beginning of a token.
            Verdict::new(LoginOutcome::BadTokenAnswer, format!("what its token server answered {what}"))
        })
    }

    /// The token server said yes and the registry no.
    fn token_refused(&self, answer: &Answer, token: &Secret, verdict: Verdict) -> Verdict {
        if !matches!(verdict.outcome, LoginOutcome::BadCredentials | LoginOutcome::ExpiredToken) {
            return verdict;
        }
        let begins = claims::of(token).and_then(|claims| claims.not_before);
        let early = begins.zip(answer.date()).and_then(|(begins, now)| begins.duration_since(now).ok());
        let message = match early.map(|early| early.as_secs()).filter(|seconds| *seconds > 0) {
            Some(seconds) => format!(
                "its token server accepted the login, but by the registry's clock its token begins in {seconds} s only"
            ),
            None => "its token server accepted the login, but the registry does not take its token".to_owned(),
        };
        Verdict::new(LoginOutcome::TokenRejected, message).said(answer)
    }

    /// Both said yes: what does that prove?
    fn weigh(
        &mut self,
        uri: &Uri,
        reached: &Reached,
        answer: &Answer,
        ours: &Secret,
        nobody: Nobodys,
    ) -> Judged<Verdict> {
        let nobody = match nobody {
            Nobodys::Token(token) => token,
            Nobodys::Refused => {
                self.account = self.subject(ours);
                return proved_by(answer, "its token server refused a request without a login and accepted this one");
            }
            Nobodys::Unreadable => {
                let told = "the registry accepted it, but what its token server gives to everybody cannot be read";
                return proved_by(answer, told).map(|_| unproven(told));
            }
        };
        self.exchange.mask.add(&nobody);
        let whose = |token: &Secret| claims::of(token).map(|claims| claims.subject);
        let (our_subject, their_subject) = (whose(ours), whose(&nobody));
        if let (Some(Some(subject)), Some(their)) = (&our_subject, &their_subject)
            && their.as_ref() != Some(subject)
        {
            self.account = self.subject(ours);
            return proved_by(answer, "its token server gives everybody a token, and this one names the login's owner");
        }
        if our_subject == Some(None) {
            return Ok(unproven(
                "its token server gives everybody a token, and this one names nobody: it may not know this login",
            ));
        }
        // An opaque token: does the registry take nobody's too?
        let control = self
            .ask(Purpose::ControlProof, uri, Auth::Bearer(&nobody), &reached.tls)
            .map_err(|failure| of_failure(&failure, Who::Registry))?;
        match control.status {
            401 | 403 => {
                proved_by(answer, "the registry refused the token that everybody gets and accepted this login's")
            }
            _ => Ok(unproven("the registry accepts everybody, so that accepting this login proves nothing")),
        }
    }

    fn subject(&self, token: &Secret) -> Option<String> {
        let subject = claims::of(token)?.subject?;
        Some(self.exchange.mask.shown(&subject, text::QUOTED_MAX))
    }
}

/// What a token server gives to nobody.
enum Nobodys {
    /// Nothing, as it should.
    Refused,
    Token(Secret),
    /// It did not refuse, and its answer broke off or is something else.
    Unreadable,
}

/// A login that nobody has.
fn stranger() -> Option<Credential> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let word = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let secret = Secret::new(word(&bytes[8..]).into_bytes());
    Some(Credential::new(Login::new(format!("regpass-{}", word(&bytes[..8]))), secret))
}

fn unproven(message: &str) -> Verdict {
    Verdict::accepted(LoginOutcome::OkUnproven, Evidence::Accepted, message)
}

/// The token of a token server's answer (`token` and `access_token` are the same, and the second one counts).
fn token_in(answer: &Answer) -> Option<Secret> {
    if answer.is_cut {
        return None;
    }
    let told = whole(answer.body.expose()).filter(Node::is_map)?;
    let parts = ["access_token", "token"].map(|name| told.get(name));
    if parts.iter().flatten().any(|part| part.text().is_none()) {
        return None;
    }
    let mut texts = parts.into_iter().flatten().filter_map(Node::text);
    let token = texts.find(|token| !token.is_empty() && token.len() <= SECRET_MAX)?;
    Some(token.part(0..token.len()))
}
