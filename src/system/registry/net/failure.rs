//! Why no answer came: the typed failures of a connection, and the class that each is. Nothing is told by the text of
//! another program's message, only by its types and numbers.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};

use super::outcome::LoginOutcome;
use crate::model::text;

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{} cannot be resolved: {why}", text::quoted(.host))]
    Dns { host: String, why: String },
    #[error("{at}: {}", said(.error))]
    Connect { at: String, error: io::Error },
    #[error("{at} did not answer in time")]
    ConnectTimeout { at: String },
    #[error("no answer within {0:?}")]
    Total(Duration),
    #[error("the connection was cut: {}", said(.0))]
    Cut(io::Error),
    #[error("the server hung up without an answer")]
    HungUp,
    #[error("{host}: {}", tls_words(.error))]
    Tls { host: String, error: TlsError },
    #[error("{host} hung up while the encrypted connection was made")]
    TlsHungUp { host: String },
    #[error("the proxy at {proxy} answered {status}")]
    ProxyStatus { proxy: String, status: u16 },
    #[error("the proxy at {proxy} cannot be used: {why}")]
    Proxy { proxy: String, why: String },
    #[error("{} {why}", text::quoted_path(.file))]
    Certificates { file: PathBuf, why: String },
    #[error("the answer is no HTTP: {0}")]
    Http(String),
    #[error("the answer has more than {0} bytes of headers")]
    Headers(usize),
    #[error("called off")]
    CalledOff,
}

impl Failure {
    pub(super) fn outcome(&self) -> LoginOutcome {
        match self {
            Failure::Dns { .. } => LoginOutcome::DnsFailure,
            Failure::Connect { error, .. } | Failure::Cut(error) => of_io(error),
            Failure::ConnectTimeout { .. } => LoginOutcome::TimeoutConnect,
            Failure::Total(_) => LoginOutcome::TimeoutTotal,
            Failure::HungUp => LoginOutcome::Reset,
            Failure::Tls { error, .. } => of_tls(error),
            Failure::TlsHungUp { .. } => LoginOutcome::TlsFailed,
            Failure::ProxyStatus { status: 407, .. } => LoginOutcome::ProxyAuth,
            Failure::ProxyStatus { .. } | Failure::Proxy { .. } => LoginOutcome::ProxyRefused,
            Failure::Certificates { .. } => LoginOutcome::CertsUnusable,
            Failure::Http(_) | Failure::Headers(_) => LoginOutcome::HostileAnswer,
            Failure::CalledOff => LoginOutcome::CalledOff,
        }
    }
}

/// errno(3) of a connection.
fn of_io(error: &io::Error) -> LoginOutcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => LoginOutcome::Refused,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable
        | io::ErrorKind::PermissionDenied => LoginOutcome::Unreachable,
        io::ErrorKind::TimedOut => LoginOutcome::TimeoutConnect,
        _ => LoginOutcome::Reset,
    }
}

fn of_tls(error: &TlsError) -> LoginOutcome {
    use CertificateError as Certificate;
    match error {
        TlsError::InvalidCertificate(certificate) => match certificate {
            Certificate::UnknownIssuer | Certificate::BadSignature => LoginOutcome::TlsUnknownCa,
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => LoginOutcome::TlsWrongName,
            Certificate::Expired | Certificate::ExpiredContext { .. } => LoginOutcome::TlsExpired,
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => LoginOutcome::TlsNotYetValid,
            _ => LoginOutcome::TlsFailed,
        },
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => LoginOutcome::TlsClientCertNeeded,
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => LoginOutcome::PlainHttp,
        _ => LoginOutcome::TlsFailed,
    }
}

/// What rustls found, in words; names in a certificate are the server's.
fn tls_words(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its certificate is signed by nobody that this machine trusts".to_owned()
        }
        TlsError::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            match presented.as_slice() {
                [] => "its certificate names no host at all".to_owned(),
                names => {
                    let names: Vec<String> =
                        names.iter().take(NAMES_SHOWN).map(|name| text::quoted(presented_name(name))).collect();
                    format!("its certificate is for {}", names.join(", "))
                }
            }
        }
        TlsError::InvalidCertificate(CertificateError::ExpiredContext { time, not_after }) => {
            let days = time.as_secs().saturating_sub(not_after.as_secs()) / 86_400;
            format!("its certificate expired {days} days ago")
        }
        TlsError::InvalidCertificate(CertificateError::NotValidYetContext { time, not_before }) => {
            let days = not_before.as_secs().saturating_sub(time.as_secs()) / 86_400;
            format!("its certificate will be valid in {days} days only")
        }
        TlsError::AlertReceived(AlertDescription::CertificateRequired) => "it asks for a client certificate".to_owned(),
        TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => "it does not speak TLS".to_owned(),
        other => {
            let words: String = other.to_string().chars().take(WORDS_MAX).collect();
            text::escaped(words.as_bytes()).into_owned()
        }
    }
}

/// The names of a certificate that a message tells.
const NAMES_SHOWN: usize = 4;

/// The longest message of the library that is passed on, in characters.
const WORDS_MAX: usize = 200;

/// rustls names a name with its kind: `DnsName("a.test")`.
fn presented_name(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
    inner.trim_matches('"')
}

/// The system's words for an error number, without the number.
fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "reset by the other side".to_owned(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "there is no way to it".to_owned(),
        _ => text::escaped(error.to_string().as_bytes()).into_owned(),
    }
}

/// A failure of ours that another library carried through, or what that library has to say.
pub(super) fn of_library(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::Other(inner) => match inner.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(other) => Failure::Http(text::escaped(other.to_string().as_bytes()).into_owned()),
        },
        ureq::Error::Io(error) => of_stream(error),
        ureq::Error::LargeResponseHeader(_, most) => Failure::Headers(most),
        other => Failure::Http(text::escaped(other.to_string().as_bytes()).into_owned()),
    }
}

/// What reading or writing a stream of ours ended with.
pub(super) fn of_stream(error: io::Error) -> Failure {
    if error.get_ref().is_some_and(|inner| inner.is::<ureq::Error>()) {
        let inner = error.into_inner().and_then(|inner| inner.downcast::<ureq::Error>().ok());
        return inner.map_or(Failure::HungUp, |inner| of_library(*inner));
    }
    if error.get_ref().is_some_and(|inner| inner.is::<Failure>()) {
        let inner = error.into_inner().and_then(|inner| inner.downcast::<Failure>().ok());
        return inner.map_or(Failure::HungUp, |inner| *inner);
    }
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        return Failure::Tls { host: "the server".to_owned(), error: tls.clone() };
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::HungUp,
        _ => Failure::Cut(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_types_tell_the_class() {
        for (errno, outcome) in [
            (111, LoginOutcome::Refused),
            (104, LoginOutcome::Reset),
            (32, LoginOutcome::Reset),
            (101, LoginOutcome::Unreachable),
            (113, LoginOutcome::Unreachable),
            (110, LoginOutcome::TimeoutConnect),
        ] {
            let failure = Failure::Connect { at: "x".to_owned(), error: io::Error::from_raw_os_error(errno) };
            assert_eq!(failure.outcome(), outcome, "{errno}");
        }
        let carried = |failure: Failure| of_stream(io::Error::other(ureq::Error::Other(Box::new(failure)))).outcome();
        assert_eq!(carried(Failure::Total(Duration::from_secs(15))), LoginOutcome::TimeoutTotal);
        assert_eq!(of_stream(io::Error::other(Failure::CalledOff)).outcome(), LoginOutcome::CalledOff);
        assert_eq!(of_stream(io::ErrorKind::UnexpectedEof.into()).outcome(), LoginOutcome::Reset);
        assert_eq!(of_library(ureq::Error::LargeResponseHeader(9, 5)).outcome(), LoginOutcome::HostileAnswer);
    }

    #[test]
    fn the_names_of_a_certificate_are_told_and_cannot_move_a_terminal() {
        let error = TlsError::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected: rustls::pki_types::ServerName::try_from("h.test").expect("a name"),
            presented: vec!["DnsName(\"other\u{1b}.test\")".to_owned()],
        });
        let failure = Failure::Tls { host: "h.test".to_owned(), error };
        assert_eq!(failure.outcome(), LoginOutcome::TlsWrongName);
        assert_eq!(failure.to_string(), "h.test: its certificate is for \"other\\u{1b}.test\"");
    }
}
