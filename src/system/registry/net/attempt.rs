//! One check from beginning to end: reach the registry, ask it without a login, find out what it wants, show the login once,
//! and judge what it proves. The order of the requests is docs/outcomes.md's.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use rustls::ClientConfig;
use ureq::http::Uri;

use super::address::{Address, Scheme};
use super::certs::Certificates;
use super::challenge::{Challenge, choose};
use super::checked::{Checked, Expiry, ExpirySource, Purpose};
use super::conditions::Conditions;
use super::dial::{Dialer, Target};
use super::exchange::{Answer, Asking, Auth, Exchange};
use super::failure::Failure;
use super::outcome::{Evidence, LoginOutcome};
use super::verdict::{Verdict, Who, is_registry, of_anonymous, of_failure, of_login};
use super::verifier;
use super::wire::Limits;
use crate::model::{Credential, text};
use crate::system::docker::token;
use crate::system::env::Env;
use crate::system::mask::Mask;

/// Clocks that differ by less do no harm, in seconds.
const SKEW_MAX: i64 = 60;

/// The longest secret that is sent, in bytes: longer than any token, short enough for a header.
pub(super) const SECRET_MAX: usize = 64 * 1024;

pub(super) struct Attempt<'a> {
    pub(super) address: &'a Address,
    pub(super) credential: &'a Credential,
    pub(super) conditions: &'a Conditions,
    pub(super) exchange: Exchange,
    began: Instant,
    pub(super) notes: Vec<String>,
    skew: Option<i64>,
    pub(super) realm_host: Option<String>,
    pub(super) account: Option<String>,
}

/// How the registry was reached, and what it said to nobody.
pub(super) struct Reached {
    pub(super) scheme: Scheme,
    pub(super) tls: Arc<ClientConfig>,
    /// Whether the certificate was checked.
    pub(super) checked: bool,
    pub(super) answer: Answer,
}

pub(super) type Judged<T> = Result<T, Verdict>;

impl<'a> Attempt<'a> {
    pub(super) fn new(address: &'a Address, credential: &'a Credential, conditions: &'a Conditions) -> Attempt<'a> {
        let began = Env::clock();
        let limits = Limits {
            deadline: began + conditions.timeout,
            patience: conditions.timeout,
            cancel: conditions.cancel.clone(),
        };
        let dialer = Arc::new(Dialer::new(limits, conditions.proxies.clone()));
        Attempt {
            address,
            credential,
            conditions,
            exchange: Exchange { dialer, mask: Mask::of(credential), steps: Vec::new() },
            began,
            notes: Vec::new(),
            skew: None,
            realm_host: None,
            account: None,
        }
    }

    pub(super) fn run(mut self) -> Checked {
        let verdict = self.judge().unwrap_or_else(|verdict| verdict);
        let class = verdict.outcome.class();
        let advice = verdict.advice.or_else(|| self.advice(verdict.outcome)).unwrap_or_else(|| class.advice.to_owned());
        if let Some(skew) = self.skew.filter(|skew| skew.abs() > SKEW_MAX) {
            let way = if skew > 0 { "behind" } else { "ahead of" };
            self.notes.push(format!("this machine's clock is {} s {way} the server's", skew.abs()));
        }
        let user = &self.credential.login;
        let shown = (!user.is_identity_token() && user.is_showable()).then(|| text::escaped(user.as_str().as_bytes()));
        let account =
            verdict.evidence.is_some().then(|| self.account.or(shown.map(|user| user.into_owned()))).flatten();
        let expires = token::expiry(&self.credential.secret).map(|at| Expiry { at, source: ExpirySource::Secret });
        Checked {
            outcome: verdict.outcome,
            evidence: verdict.evidence,
            message: self.exchange.mask.shown(&verdict.message, text::QUOTED_MAX),
            advice: Some(advice).filter(|advice| !advice.is_empty()),
            said: verdict.said,
            notes: self.notes,
            steps: self.exchange.steps,
            skew: self.skew,
            realm_host: self.realm_host,
            account,
            expires,
            millis: Env::clock().duration_since(self.began).as_millis().try_into().unwrap_or(u64::MAX),
        }
    }

    /// What depends on where this registry's things are.
    fn advice(&self, outcome: LoginOutcome) -> Option<String> {
        let folder = self.conditions.trust.folder_of(self.address.name());
        let file = |name: &str| text::shell_word(&folder.join(name));
        match outcome {
            LoginOutcome::TlsUnknownCa => Some(format!("put its CA where Docker looks for it: {}", file("ca.crt"))),
            LoginOutcome::TlsClientCertNeeded => Some(format!(
                "put client.cert and client.key where Docker looks for them: {}",
                text::shell_word(&folder)
            )),
            LoginOutcome::PlainHttp => Some(format!(
                "have it encrypt; Docker too needs {} in insecure-registries of daemon.json",
                text::quoted(self.address.name())
            )),
            _ => None,
        }
    }

    fn judge(&mut self) -> Judged<Verdict> {
        self.look_at_the_secret()?;
        let reached = self.reach()?;
        if let Some(verdict) = of_anonymous(&reached.answer, Who::Registry) {
            return Err(verdict);
        }
        if reached.answer.status != 401 {
            return Err(match is_registry(&reached.answer) {
                true => Verdict::accepted(
                    LoginOutcome::NoAuthRequired,
                    Evidence::NotNeeded,
                    "the registry let us in without a login; the secret was not tried",
                ),
                false => {
                    Verdict::new(LoginOutcome::NotARegistry, "what answers there is no registry").said(&reached.answer)
                }
            });
        }
        let headers: Vec<String> = reached.answer.lines("www-authenticate").map(str::to_owned).collect();
        match choose(headers.iter().map(String::as_str)) {
            Challenge::Bearer { realm, service } => {
                let server = self.token_server(&reached, &realm, service)?;
                let verdict = self.by_token(&reached, &server)?;
                self.look_at_pulls(verdict, &reached, Some(&server))
            }
            Challenge::Basic => {
                let verdict = self.by_password(&reached)?;
                self.look_at_pulls(verdict, &reached, None)
            }
            Challenge::Others(names) => {
                let names: Vec<String> = names.iter().map(text::quoted).collect();
                Err(Verdict::new(
                    LoginOutcome::UnsupportedAuth,
                    format!("the registry asks for {}, which Docker does not know", names.join(", ")),
                ))
            }
            Challenge::Nothing => Err(Verdict::new(
                LoginOutcome::NotARegistry,
                "what answers asks for a login without saying how, which registries do say",
            )
            .said(&reached.answer)),
        }
    }

    /// What is wrong with it before anybody is asked.
    fn look_at_the_secret(&self) -> Judged<()> {
        let (login, secret) = (&self.credential.login, self.credential.secret.expose());
        if secret.is_empty() {
            return Err(Verdict::new(LoginOutcome::NoCredentials, "the stored secret is empty"));
        }
        if login.as_str().is_empty() {
            return Err(Verdict::new(LoginOutcome::NoCredentials, "the stored login has no user name"));
        }
        let malformed = |what: &str| Err(Verdict::new(LoginOutcome::MalformedSecret, what));
        if secret.len() > SECRET_MAX {
            return malformed("the secret is far longer than any password or token");
        }
        if secret.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return malformed("the secret holds a line end");
        }
        if secret.contains(&0) {
            return malformed("the secret holds a zero byte");
        }
        if login.as_str().contains(':') {
            return malformed("the user name holds a colon, where HTTP ends it");
        }
        Ok(())
    }

    /// The registry's answer to nobody: encrypted and checked, then as Docker goes on for those that need not be.
    fn reach(&mut self) -> Judged<Reached> {
        let name = self.address.name().to_owned();
        let certificates = self.conditions.trust.of(&name).map_err(|failure| of_failure(&failure, Who::Registry))?;
        let failure = match self.ping(Scheme::Https, &certificates, true) {
            Ok(reached) => return Ok(reached),
            Err(failure) => failure,
        };
        let outcome = failure.outcome();
        if outcome == LoginOutcome::TlsUnknownCa {
            let others = self.conditions.trust.of_others(&name);
            for other in others.into_iter().flatten().filter(|other| !other.own.is_empty()) {
                if let Ok(reached) = self.ping(Scheme::Https, &other, true) {
                    let folder = other.folder.as_deref().map(text::quoted_path).unwrap_or_default();
                    self.notes
                        .push(format!("its CA is only in {folder}, where Docker does not look: Docker will refuse it"));
                    return Ok(reached);
                }
            }
        }
        let may_be_plain = self.is_insecure();
        if may_be_plain
            && is_about_trust(outcome)
            && let Ok(reached) = self.ping(Scheme::Https, &certificates, false)
        {
            self.notes.push(format!("its certificate was not checked, as Docker does not check it here ({failure})"));
            return Ok(reached);
        }
        // Leave to go without encryption is none to pass over a bad certificate.
        let has_none = matches!(outcome, LoginOutcome::PlainHttp | LoginOutcome::Refused);
        if may_be_plain && !is_final(outcome) || self.conditions.plain_http && has_none {
            match self.ping(Scheme::Http, &certificates, true) {
                Ok(reached) if matches!(reached.answer.status, 200 | 401) || outcome == LoginOutcome::PlainHttp => {
                    self.notes.push(self.who_can_read().to_owned());
                    return Ok(reached);
                }
                Err(plain) if outcome == LoginOutcome::PlainHttp => return Err(of_failure(&plain, Who::Registry)),
                Ok(_) | Err(_) => {}
            }
        }
        let verdict = of_failure(&failure, Who::Registry);
        if outcome == LoginOutcome::TlsUnknownCa && self.conditions.trust.is_empty() {
            return Err(
                verdict.advice("this system trusts nobody: install its certificates: apt install ca-certificates")
            );
        }
        Err(verdict)
    }

    /// Whether Docker would go on without a certificate, and without encryption.
    fn is_insecure(&self) -> bool {
        let ways = [Scheme::Https, Scheme::Http].map(|scheme| self.target(scheme));
        self.conditions.insecure.holds(self.address.name(), &self.exchange.dialer.judged(&ways))
    }

    fn target(&self, scheme: Scheme) -> Target {
        Target { scheme, host: self.address.host().to_owned(), port: self.address.port(scheme) }
    }

    /// What a login over plain HTTP is exposed to.
    fn who_can_read(&self) -> &'static str {
        let addresses = self.exchange.dialer.judged(&[self.target(Scheme::Http)]);
        match !addresses.is_empty() && addresses.iter().all(IpAddr::is_loopback) {
            true => "the connection is not encrypted, and does not leave this machine",
            false => "the connection is not encrypted: everybody on the way can read the login",
        }
    }

    fn ping(&mut self, scheme: Scheme, certificates: &Certificates, checked: bool) -> Result<Reached, Failure> {
        let host = text::escaped(self.address.host().as_bytes()).into_owned();
        let tls = verifier::config(certificates, checked).map_err(|error| Failure::Tls { host, error })?;
        let tls = Arc::new(tls);
        let answer = self.ask(Purpose::Ping, &self.base(scheme)?, Auth::Nobody, &tls)?;
        self.note_clock(&answer);
        self.note_proxy(scheme);
        Ok(Reached { scheme, tls, checked, answer })
    }

    pub(super) fn base(&self, scheme: Scheme) -> Result<Uri, Failure> {
        let base = self.address.base(scheme);
        base.parse().map_err(|_| Failure::Http(format!("{} is no address", text::quoted(base))))
    }

    pub(super) fn ask(
        &mut self,
        purpose: Purpose,
        uri: &Uri,
        auth: Auth<'_>,
        tls: &Arc<ClientConfig>,
    ) -> Result<Answer, Failure> {
        self.exchange.ask(Asking { purpose, uri: uri.clone(), auth, form: None, head: false }, tls)
    }

    fn note_clock(&mut self, answer: &Answer) {
        let Some(theirs) = answer.date() else { return };
        let seconds = |later: SystemTime, earlier: SystemTime| {
            later.duration_since(earlier).ok().and_then(|time| i64::try_from(time.as_secs()).ok())
        };
        let ours = self.conditions.now();
        self.skew = seconds(theirs, ours).or_else(|| seconds(ours, theirs).map(|seconds| -seconds));
    }

    fn note_proxy(&mut self, scheme: Scheme) {
        if let Some(proxy) = self.exchange.dialer.proxy_of(&self.target(scheme)) {
            let note = format!("through the proxy {} ({})", text::escaped(proxy.at().as_bytes()), proxy.source);
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// The secret itself says that it is dead.
    pub(super) fn is_dead(&self) -> bool {
        token::expiry(&self.credential.secret).is_some_and(|end| end < self.conditions.now())
    }

    fn by_password(&mut self, reached: &Reached) -> Judged<Verdict> {
        if self.credential.login.is_identity_token() {
            return Err(Verdict::new(
                LoginOutcome::UnsupportedAuth,
                "an identity token is stored, and the registry asks for a user name and a password",
            ));
        }
        let uri = self.base(reached.scheme).map_err(|failure| of_failure(&failure, Who::Registry))?;
        let answer = self
            .ask(Purpose::Proof, &uri, Auth::Basic(self.credential), &reached.tls)
            .map_err(|failure| of_failure(&failure, Who::Registry))?;
        match of_login(&answer, Who::Registry, self.is_dead()) {
            Some(verdict) => Err(verdict),
            None => proved_by(&answer, "the registry refused a request without a login and accepted this one"),
        }
    }
}

/// Accepted; but what accepted it must be a registry.
pub(super) fn proved_by(answer: &Answer, message: &str) -> Judged<Verdict> {
    if !is_registry(answer) {
        return Err(Verdict::new(LoginOutcome::NotARegistry, "what accepted the login is no registry").said(answer));
    }
    Ok(Verdict::accepted(LoginOutcome::OkProved, Evidence::Proved, message))
}

/// Whether the failure is about who answers, not about whether somebody does.
fn is_about_trust(outcome: LoginOutcome) -> bool {
    matches!(
        outcome,
        LoginOutcome::TlsUnknownCa
            | LoginOutcome::TlsWrongName
            | LoginOutcome::TlsExpired
            | LoginOutcome::TlsNotYetValid
            | LoginOutcome::TlsFailed
    )
}

/// Asking again in another way would come to the same.
fn is_final(outcome: LoginOutcome) -> bool {
    matches!(
        outcome,
        LoginOutcome::CalledOff
            | LoginOutcome::TimeoutTotal
            | LoginOutcome::DnsFailure
            | LoginOutcome::ProxyAuth
            | LoginOutcome::ProxyRefused
    )
}
