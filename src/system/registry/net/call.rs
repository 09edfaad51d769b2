//! One HTTP request for a room that asks no registry (`system/aws`): over connections that obey the same limits, with the same
//! bounds and wiped buffers as a check's, never redirected. What is asked and what an answer means is that room's.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use rustls::ClientConfig;
use ureq::SendBody;
use ureq::http::{Method, Request, Uri, header};

use super::certs::Trust;
use super::date;
use super::dial::Dialer;
use super::exchange::{agent, build, header_value, read_body};
use super::failure::{Failure, of_library};
use super::outcome::LoginOutcome;
use super::proxies::Proxies;
use super::verifier;
use super::wire::Limits;
use super::words::is_page;
use crate::model::Secret;
use crate::system::docker::proxies::ProxySettings;
use crate::system::env::Env;
use crate::system::mask::Mask;
pub use crate::system::mask::percent_encoded;

/// The longest words of a server that are shown, in characters.
const WORDS_MAX: usize = 300;

/// One request. Whoever makes it answers for its address: what is secret goes wherever that leads.
pub struct Call<'a> {
    pub method: Verb,
    pub url: &'a str,
    pub headers: Vec<(&'static str, Secret)>,
    pub body: Secret,
    /// The longest that it may take; the caller's own end comes first.
    pub patience: Duration,
    /// Past every proxy: to an address that only this machine has.
    pub direct: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Put,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Cut off at the room's bound, or where it broke off.
    pub body: Secret,
    /// The server's clock.
    pub date: Option<SystemTime>,
    /// The kind of error that Amazon's services name in a header; empty where there is none.
    pub error_type: String,
}

/// Nothing came back.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub struct NoReply {
    words: String,
    pub outcome: LoginOutcome,
}

/// Makes calls until one deadline.
pub struct Caller {
    deadline: Instant,
    patience: Duration,
    cancel: Arc<AtomicBool>,
    proxies: Proxies,
    /// The authorities that count in place of the system's.
    bundle: Option<PathBuf>,
    tls: Option<Arc<ClientConfig>>,
    mask: Mask,
}

impl Caller {
    /// Through the environment's proxies; nothing is read or opened yet.
    pub fn new(env: &Env, bundle: Option<PathBuf>, patience: Duration, cancel: Arc<AtomicBool>) -> Caller {
        let proxies = Proxies::of(env, ProxySettings::default(), ProxySettings::default());
        let deadline = Env::clock() + patience;
        Caller { deadline, patience, cancel, proxies, bundle, tls: None, mask: Mask::default() }
    }

    /// A secret that no server's words may repeat.
    pub fn hide(&mut self, secret: &Secret) {
        self.mask.add(secret);
    }

    /// A server's words, fit to be shown.
    pub fn shown(&self, words: &[u8]) -> String {
        let words = words.trim_ascii();
        if is_page(words, "") {
            return "(a web page)".to_owned();
        }
        self.mask.shown(&String::from_utf8_lossy(words), WORDS_MAX)
    }

    pub fn send(&mut self, call: Call<'_>) -> Result<Reply, NoReply> {
        self.exchange(call).map_err(|failure| NoReply {
            words: self.mask.shown(&failure.to_string(), WORDS_MAX),
            outcome: failure.outcome(),
        })
    }

    fn exchange(&mut self, call: Call<'_>) -> Result<Reply, Failure> {
        let now = Env::clock();
        let patience = call.patience.min(self.patience);
        let limits = Limits { deadline: self.deadline.min(now + patience), patience, cancel: self.cancel.clone() };
        limits.left()?;
        let tls = self.tls()?;
        let proxies = if call.direct { Proxies::default() } else { self.proxies.clone() };
        let agent = agent(Arc::new(Dialer::new(limits, proxies)), tls);
        let uri: Uri = call.url.parse().map_err(|_| Failure::Http("no address".to_owned()))?;
        let mut request = Request::builder().uri(uri);
        for (name, value) in call.headers {
            request = request.header(name, header_value(value)?);
        }
        let answer = match call.method {
            Verb::Get => agent.run(build(request.method(Method::GET), SendBody::none())?),
            Verb::Post | Verb::Put => {
                let method = if call.method == Verb::Put { Method::PUT } else { Method::POST };
                let request = request.method(method).header(header::CONTENT_LENGTH, call.body.len());
                let mut bytes = call.body.expose();
                agent.run(build(request, SendBody::from_reader(&mut bytes))?)
            }
        };
        let (parts, body) = answer.map_err(of_library)?.into_parts();
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Reply {
            status: parts.status.as_u16(),
            date: date::parse(text("date")),
            error_type: text("x-amzn-errortype").to_owned(),
            body: read_body(body.into_reader())?.0,
        })
    }

    /// Made once, because reading what the system trusts takes a while.
    fn tls(&mut self) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(tls) = &self.tls {
            return Ok(tls.clone());
        }
        let trust = Trust::new(std::path::Path::new("/"), None);
        let certificates = trust.of_everybody(self.bundle.as_deref())?;
        let failed = |error| Failure::Tls { host: "this machine".to_owned(), error };
        let made = Arc::new(verifier::config(&certificates, true).map_err(failed)?);
        Ok(self.tls.insert(made).clone())
    }
}
