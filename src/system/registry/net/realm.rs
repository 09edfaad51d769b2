//! Where a registry sends logins for a token: the realm of its challenge, judged before anything is sent there, and the
//! request that is. Pure.

use ureq::http::Uri;

use super::address::{Scheme, host_and_port, is_loopback};
use super::dial::Target;
use crate::model::{Secret, text};
use crate::system::mask::percent_encoded;

/// A realm that a login may be sent to.
#[derive(Clone, Debug)]
pub(super) struct Realm {
    uri: Uri,
    pub(super) target: Target,
    service: Option<String>,
}

/// Why none may be sent there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum RealmError {
    #[error("the registry sends logins to {0}, which is no address")]
    NoAddress(String),
    #[error("the registry sends logins to {0}, which is not encrypted")]
    Plain(String),
}

/// What plain HTTP may be used for.
pub(super) struct Plain<'a> {
    /// The registry itself was reached so.
    pub(super) registry: Option<&'a Target>,
    pub(super) everywhere: bool,
    /// Whether what is sent there stays on this machine.
    pub(super) stays_here: &'a dyn Fn(&Target) -> bool,
}

impl Realm {
    pub(super) fn of(realm: &str, service: Option<String>, plain: &Plain<'_>) -> Result<Realm, RealmError> {
        let no_address = || RealmError::NoAddress(text::quoted(without_query(realm)));
        let uri: Uri = realm.parse().map_err(|_| no_address())?;
        let authority = uri.authority().map(|authority| authority.as_str().to_owned()).ok_or_else(no_address)?;
        host_and_port(&authority).map_err(|_| no_address())?;
        let target = Target::of(&uri).ok_or_else(no_address)?;
        let fits = target.scheme == Scheme::Https
            || plain.everywhere
            || plain.registry.is_some_and(|registry| registry.host == target.host)
            || is_loopback(&target.host) && (plain.stays_here)(&target);
        if !fits {
            return Err(RealmError::Plain(text::quoted(without_query(realm))));
        }
        Ok(Realm { uri, target, service })
    }

    /// The address of a request: for nobody, or for this user. A login is judged without a scope (Harbor answers everybody who
    /// sends one), and never with a wish for a lasting token, which would leave something behind.
    pub(super) fn asked(&self, user: Option<&str>, scope: Option<&str>) -> Option<Uri> {
        let mut query = self.uri.query().map(str::to_owned).unwrap_or_default();
        let service = self.service.as_deref();
        let pairs = [("service", service), ("scope", scope), ("account", user), ("client_id", Some("regpass"))];
        for (name, value) in pairs {
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            let encoded = percent_encoded(&Secret::new(value.as_bytes().to_vec()));
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(&format!("{name}={}", String::from_utf8_lossy(encoded.expose())));
        }
        let path = if self.uri.path().is_empty() { "/" } else { self.uri.path() };
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = format!("{path}?{query}").parse().ok();
        Uri::from_parts(parts).ok()
    }

    /// The address itself, for a form.
    pub(super) fn posted(&self) -> Uri {
        self.uri.clone()
    }

    /// The form that an identity token is shown with (RFC 6749, section 6).
    pub(super) fn form(&self, token: &Secret, scope: Option<&str>) -> Secret {
        let mut form = Secret::default();
        form.push(b"grant_type=refresh_token&client_id=regpass");
        for (name, value) in [("service", self.service.as_deref()), ("scope", scope)] {
            let Some(value) = value else { continue };
            form.push(format!("&{name}=").as_bytes());
            form.push(percent_encoded(&Secret::new(value.as_bytes().to_vec())).expose());
        }
        form.push(b"&refresh_token=");
        form.push(percent_encoded(token).expose());
        form
    }
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Plain<'static> = Plain { registry: None, everywhere: false, stays_here: &|_| true };

    #[test]
    fn a_login_goes_only_where_it_is_safe() {
        assert!(Realm::of("https://auth.test/token", None, &NOWHERE).is_ok());
        assert!(Realm::of("http://127.0.0.1:5001/token", None, &NOWHERE).is_ok());
        let plain = |realm: &str| matches!(Realm::of(realm, None, &NOWHERE), Err(RealmError::Plain(_)));
        assert!(plain("http://auth.test/token") && plain("http://127.0.0.1.evil.test/"));
        // A name is this machine's only where its addresses are.
        let far = Plain { stays_here: &|_| false, ..NOWHERE };
        for realm in ["http://127.0.0.1:5001/token", "http://a.localhost/token"] {
            assert!(Realm::of(realm, None, &far).is_err() && Realm::of(realm, None, &NOWHERE).is_ok(), "{realm}");
        }
        let registry = Target { scheme: Scheme::Http, host: "r.test".to_owned(), port: 5000 };
        let beside = Plain { registry: Some(&registry), ..NOWHERE };
        assert!(Realm::of("http://r.test:5001/token", None, &beside).is_ok());
        assert!(Realm::of("http://auth.test/token", None, &beside).is_err());
        for realm in ["", "/token", "ftp://a.test/", "https://u:p@a.test/", "https:///x", "https://a b/", "file:///etc"]
        {
            assert!(matches!(Realm::of(realm, None, &NOWHERE), Err(RealmError::NoAddress(_))), "{realm}");
        }
    }

    #[test]
    fn the_question_names_the_service_and_the_user_and_no_scope() {
        let realm = Realm::of("https://auth.test/t?a=1", Some("r e".to_owned()), &NOWHERE).expect("a realm");
        let asked = |user| realm.asked(user, None).expect("an address").to_string();
        assert_eq!(asked(None), "https://auth.test/t?a=1&service=r%20e&client_id=regpass");
        assert_eq!(asked(Some("a&b")), "https://auth.test/t?a=1&service=r%20e&account=a%26b&client_id=regpass");
        let bare = Realm::of("https://auth.test", None, &NOWHERE).expect("a realm");
        assert_eq!(bare.asked(None, None).expect("an address").to_string(), "https://auth.test/?client_id=regpass");
        let form = |scope| String::from_utf8(realm.form(&Secret::new(b"to+ken".to_vec()), scope).expose().to_vec());
        let front = "grant_type=refresh_token&client_id=regpass&service=r%20e";
        assert_eq!(form(None), Ok(format!("{front}&refresh_token=to%2Bken")));
        assert_eq!(
            form(Some("repository:a:pull")),
            Ok(format!("{front}&scope=repository%3Aa%3Apull&refresh_token=to%2Bken"))
        );
        let scoped = bare.asked(None, Some("repository:a/b:pull")).expect("an address").to_string();
        assert_eq!(scoped, "https://auth.test/?scope=repository%3Aa%2Fb%3Apull&client_id=regpass");
    }
}
