//! The HTTP requests of one check: sent one by one, never redirected, each answer bounded in every way and written down as a
//! step that may be shown. What they mean is `verdict.rs`.

use std::fmt::Debug;
use std::io::Read;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rustls::ClientConfig;
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout};
use ureq::{Agent, SendBody};

use super::checked::{Answered, Purpose, Step};
use super::date;
use super::dial::{Dialer, Target};
use super::failure::{Failure, of_library, of_stream};
use super::wire::Wire;
use super::words::of_body;
use crate::model::{Credential, Secret};
use crate::system::env::Env;
use crate::system::mask::Mask;

/// The most of a body that is read, in bytes.
pub(super) const BODY_MAX: usize = 256 * 1024;

/// The most headers that an answer may have, in bytes.
const HEADERS_MAX: usize = 64 * 1024;

/// The longest header that a step shows, in characters.
const HEADER_SHOWN: usize = 300;

/// How much is read at once, in bytes.
const PIECE: usize = 16 * 1024;

/// The headers that help to understand an answer.
const TELLING: [&str; 12] = [
    "www-authenticate",
    "docker-distribution-api-version",
    "content-type",
    "content-length",
    "date",
    "server",
    "via",
    "location",
    "retry-after",
    "ratelimit-limit",
    "ratelimit-remaining",
    "x-request-id",
];

/// How a request shows who asks.
pub(super) enum Auth<'a> {
    Nobody,
    Basic(&'a Credential),
    Bearer(&'a Secret),
}

/// One request.
pub(super) struct Asking<'a> {
    pub(super) purpose: Purpose,
    pub(super) uri: Uri,
    pub(super) auth: Auth<'a>,
    /// The body of a POST; a GET or a HEAD without one.
    pub(super) form: Option<Secret>,
    /// Only the headers of the answer.
    pub(super) head: bool,
}

impl Asking<'_> {
    fn plain_method(&self) -> &'static Method {
        if self.head { &Method::HEAD } else { &Method::GET }
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Secret,
    /// The body was longer than what is read, or broke off.
    pub(super) is_cut: bool,
    pub(super) said: Option<String>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Each line of a header, as far as it is text.
    pub(super) fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    pub(super) fn date(&self) -> Option<SystemTime> {
        date::parse(self.header("date"))
    }
}

/// The requests of one check and what was learned on the way.
pub(super) struct Exchange {
    pub(super) dialer: Arc<Dialer>,
    pub(super) mask: Mask,
    pub(super) steps: Vec<Step>,
}

impl Exchange {
    /// Sends one request over a connection of its own.
    pub(super) fn ask(&mut self, asking: Asking<'_>, tls: &Arc<ClientConfig>) -> Result<Answer, Failure> {
        let began = Env::clock();
        let (purpose, url) = (asking.purpose, shown_url(&asking.uri, &self.mask));
        let method = if asking.form.is_some() { "POST" } else { asking.plain_method().as_str() };
        let answer = self.send(asking, tls);
        let (answered, headers) = match &answer {
            Ok(answer) => (Answered::Status(answer.status), self.telling(&answer.headers)),
            Err(failure) => (Answered::Nothing(self.mask.shown(&failure.to_string(), HEADER_SHOWN)), Vec::new()),
        };
        let millis = Env::clock().duration_since(began).as_millis().try_into().unwrap_or(u64::MAX);
        self.steps.push(Step { purpose, method, url, answer: answered, headers, millis });
        answer
    }

    fn send(&self, asking: Asking<'_>, tls: &Arc<ClientConfig>) -> Result<Answer, Failure> {
        self.dialer.limits.left()?;
        let agent = agent(self.dialer.clone(), tls.clone());
        let plain = asking.plain_method();
        let mut request = Request::builder().uri(asking.uri);
        if let Some(value) = authorization(&asking.auth)? {
            request = request.header(header::AUTHORIZATION, value);
        }
        let answer = match asking.form {
            None => agent.run(build(request.method(plain), SendBody::none())?),
            Some(form) => {
                let request = request
                    .method(Method::POST)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header(header::CONTENT_LENGTH, form.len());
                let mut bytes = form.expose();
                agent.run(build(request, SendBody::from_reader(&mut bytes))?)
            }
        };
        let (parts, body) = answer.map_err(of_library)?.into_parts();
        let (body, is_cut) = read_body(body.into_reader())?;
        let content_type = parts.headers.get("content-type").and_then(|value| value.to_str().ok());
        let said = of_body(&body, content_type.unwrap_or_default(), &self.mask);
        Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body, is_cut, said })
    }

    fn telling(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let lines = TELLING.iter().flat_map(|name| headers.get_all(*name).iter().map(move |value| (*name, value)));
        let shown = lines.map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            let value = if name == "location" { without_query(&value).to_owned() } else { value };
            (name.to_owned(), self.mask.shown(&value, HEADER_SHOWN))
        });
        shown.take(2 * TELLING.len()).collect()
    }
}

/// What speaks HTTP over connections of ours.
pub(super) fn agent(dialer: Arc<Dialer>, tls: Arc<ClientConfig>) -> Agent {
    Agent::with_parts(settings(), Dial { dialer, tls }, Resolved)
}

fn settings() -> Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .max_response_header_size(HEADERS_MAX)
        .max_idle_connections(0)
        .user_agent(concat!("regpass/", env!("CARGO_PKG_VERSION")))
        .accept("application/json, */*")
        .accept_encoding(AutoHeaderValue::None)
        .build()
}

pub(super) fn build(
    request: ureq::http::request::Builder,
    body: SendBody<'_>,
) -> Result<Request<SendBody<'_>>, Failure> {
    request.body(body).map_err(|error| Failure::Http(error.to_string()))
}

/// In memory that is wiped when the request is done with it.
fn authorization(auth: &Auth<'_>) -> Result<Option<HeaderValue>, Failure> {
    let mut value = match auth {
        Auth::Nobody => return Ok(None),
        Auth::Basic(credential) => {
            let user = credential.login.as_str().as_bytes();
            let mut both = Secret::with_capacity(user.len() + 1 + credential.secret.len());
            both.push(user);
            both.push(b":");
            both.push(credential.secret.expose());
            let mut value = Secret::with_capacity(6 + both.len().div_ceil(3) * 4);
            value.push(b"Basic ");
            value.push(Secret::new(STANDARD.encode(both.expose()).into_bytes()).expose());
            value
        }
        Auth::Bearer(token) => {
            let mut value = Secret::with_capacity(7 + token.len());
            value.push(b"Bearer ");
            value.push(token.expose());
            value
        }
    };
    value.trim_end(|byte| byte == b'\n');
    header_value(value).map(Some)
}

/// A header's value in memory that is wiped when the last one who needs it is done.
pub(super) fn header_value(value: Secret) -> Result<HeaderValue, Failure> {
    let shared = Bytes::from_owner(Owned(value));
    let mut value = HeaderValue::from_maybe_shared(shared)
        .map_err(|_| Failure::Http("the token cannot stand in a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A secret that a library may share and that is wiped when the last one lets go of it.
struct Owned(Secret);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// At most `BODY_MAX`; a body that breaks off counts as far as it came.
pub(super) fn read_body(mut reader: impl Read) -> Result<(Secret, bool), Failure> {
    let mut body = Secret::default();
    let mut piece = zeroize::Zeroizing::new(vec![0; PIECE]);
    while body.len() < BODY_MAX {
        let room = PIECE.min(BODY_MAX - body.len());
        match reader.read(&mut piece[..room]) {
            Ok(0) => return Ok((body, false)),
            Ok(amount) => body.push(&piece[..amount]),
            Err(error) => match of_stream(error) {
                failure @ (Failure::CalledOff | Failure::Total(_)) => return Err(failure),
                _ => return Ok((body, true)),
            },
        }
    }
    Ok((body, true))
}

/// Without the values of its query: they may be anything.
fn shown_url(uri: &Uri, mask: &Mask) -> String {
    let host = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let mut url = format!("{}://{host}{}", uri.scheme_str().unwrap_or_default(), uri.path());
    if let Some(query) = uri.query() {
        let names: Vec<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).take(12).collect();
        url.push('?');
        url.push_str(&names.join("&"));
    }
    mask.shown(&url, HEADER_SHOWN)
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// Hands ureq connections of our own.
#[derive(Debug)]
struct Dial {
    dialer: Arc<Dialer>,
    tls: Arc<ClientConfig>,
}

impl Connector for Dial {
    type Out = Wire;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Wire>, ureq::Error> {
        let target = Target::of(details.uri).ok_or(ureq::Error::ConnectionFailed)?;
        match self.dialer.dial(&target, &self.tls) {
            Ok(stream) => Ok(Some(Wire::new(stream))),
            Err(failure) => Err(ureq::Error::Other(Box::new(failure))),
        }
    }
}

/// Names are resolved where connections are made.
#[derive(Debug)]
struct Resolved;

impl Resolver for Resolved {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}
