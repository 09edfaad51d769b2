//! Where a service is: its own host, or the address that somebody set in its place (AWS SDKs Reference Guide, "Service-specific
//! endpoints"). Keys and tokens go there, so that it is encrypted or on this machine.

use super::error::{AwsError, setting};
use super::service::is_set_true;
use crate::system::env::Env;
use crate::system::registry::address::is_loopback;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    scheme: &'static str,
    /// With its port, where it has one.
    pub(super) host: String,
    pub(super) path: String,
}

impl Endpoint {
    /// `id` is the service's name in `AWS_ENDPOINT_URL_ID`.
    pub(super) fn of(env: &Env, profile: Option<&str>, id: &str, host: &str) -> Result<Endpoint, AwsError> {
        let own = || Endpoint { scheme: "https", host: host.to_owned(), path: "/".to_owned() };
        if is_set_true(env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            return Ok(own());
        }
        let of_service = format!("AWS_ENDPOINT_URL_{id}");
        for name in [of_service.as_str(), "AWS_ENDPOINT_URL"] {
            if let Some(url) = env.text(name) {
                return Endpoint::parse(url, is_loopback).ok_or_else(|| no_endpoint(name));
            }
        }
        match profile {
            Some(url) => Endpoint::parse(url, is_loopback).ok_or_else(|| no_endpoint("endpoint_url")),
            None => Ok(own()),
        }
    }

    /// `http://` only for hosts that `may_be_plain`.
    pub(super) fn parse(url: &str, may_be_plain: impl Fn(&str) -> bool) -> Option<Endpoint> {
        let (scheme, rest) = match url.split_once("://")? {
            (scheme, rest) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
            (scheme, rest) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
            _ => return None,
        };
        let (host, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let fits =
            |text: &str, more: &[u8]| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte));
        if host.is_empty() || !fits(host, b".-_:[]") || !fits(path, b"/.-_~?=&%") {
            return None;
        }
        let host = host.to_ascii_lowercase();
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?.0,
            None => host.split(':').next().unwrap_or_default(),
        };
        (scheme == "https" || may_be_plain(name)).then(|| Endpoint {
            scheme,
            path: path.to_owned(),
            host: host.clone(),
        })
    }

    pub(super) fn is_plain(&self) -> bool {
        self.scheme == "http"
    }

    /// With `rest` behind its path, which begins with `/` or is nothing.
    pub(super) fn url(&self, rest: &str) -> String {
        let path = if rest.is_empty() { self.path.as_str() } else { self.path.trim_end_matches('/') };
        format!("{}://{}{path}{rest}", self.scheme, self.host)
    }
}

fn no_endpoint(name: &str) -> AwsError {
    setting(name, "is no address that begins with https:// (http:// is for this machine only)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_s_own_variable_comes_first_and_plain_is_for_this_machine() {
        let url = |vars: &[(&str, &str)], profile: Option<&str>| {
            let env = Env::made_of(vars.iter().map(|(name, value)| (*name, *value)));
            Endpoint::of(&env, profile, "ECR", "api.ecr.x.amazonaws.com").map(|endpoint| endpoint.url(""))
        };
        let (one, all) = ("AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL");
        for (vars, profile, want) in [
            (&[][..], None, "https://api.ecr.x.amazonaws.com/"),
            (&[(all, "https://A.test:1/x/")], None, "https://a.test:1/x/"),
            (&[(all, "https://a.test"), (one, "http://127.0.0.1:5")], Some("https://p.test"), "http://127.0.0.1:5/"),
            (&[(all, "http://[::1]:5/")], None, "http://[::1]:5/"),
            (&[], Some("http://localhost:5"), "http://localhost:5/"),
            (
                &[(all, "https://a.test"), ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")],
                None,
                "https://api.ecr.x.amazonaws.com/",
            ),
        ] {
            assert_eq!(url(vars, profile).expect("an address"), want, "{vars:?} {profile:?}");
        }
        for bad in [
            "http://a.test",
            "http://127.0.0.1.evil.test",
            "http://127.0.0.1@evil.test",
            "ftp://a",
            "a.test",
            "https://",
            "https://u:hunter2@a.test",
            "https://a.test/x y",
            "https://a.test/\r\nX: y",
        ] {
            let error = url(&[(one, bad)], None).expect_err(bad).to_string();
            assert!(error.contains(one) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn paths_are_joined_with_one_stroke() {
        let endpoint = Endpoint::parse("https://a.test/x/", |_| false).expect("an address");
        assert_eq!(endpoint.url("/y"), "https://a.test/x/y");
    }
}
