//! Single sign-on: the token that `aws sso login` left in its cache, taken to the portal for a role's keys. The token itself is
//! never made here: that needs a browser.

use sha1::{Digest, Sha1};

use super::super::endpoint::Endpoint;
use super::super::error::AwsError;
use super::super::host::{Partition, is_region};
use super::super::keys::Keys;
use super::super::service::{PATIENCE, named};
use super::super::session::Session;
use super::{profile_words, unusable};
use crate::model::{Secret, text, utc};
use crate::system::files;
use crate::system::registry::call::{Call, Verb, percent_encoded};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The largest cache file read, in bytes.
const SIZE_MAX: u64 = 64 * 1024;

/// What the portal has to know.
struct Portal {
    region: String,
    account: String,
    role: String,
    /// What the name of the file with the token is made of.
    cached_as: String,
    login: String,
}

/// The file of `aws sso login`; it holds more.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cached {
    access_token: String,
    expires_at: String,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    role_credentials: RoleKeys,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleKeys {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: String,
    /// Milliseconds since 1970.
    #[serde(default)]
    expiration: u64,
}

impl Session<'_> {
    pub(super) fn of_sso(&mut self, name: &str) -> Result<Keys, AwsError> {
        let words = profile_words(name);
        let portal = self.portal(name)?;
        let token = self.cached_token(&words, &portal)?;
        self.caller.hide(&token);
        let host = format!("portal.sso.{}.{}", portal.region, Partition::of(&portal.region).suffix);
        let of_profile = self.files.profile(name).and_then(|profile| profile.text("endpoint_url")).map(str::to_owned);
        let endpoint = Endpoint::of(self.env, of_profile.as_deref(), "SSO", &host)?;
        let encoded = |value: &str| {
            let value = percent_encoded(&Secret::new(value.as_bytes().to_vec()));
            String::from_utf8_lossy(value.expose()).into_owned()
        };
        let query = format!("?account_id={}&role_name={}", encoded(&portal.account), encoded(&portal.role));
        let call = Call {
            method: Verb::Get,
            url: &endpoint.url(&format!("/federation/credentials{query}")),
            headers: vec![("x-amz-sso_bearer_token", token)],
            body: Secret::default(),
            patience: PATIENCE,
            direct: false,
        };
        let asked = named("the single sign-on portal", &portal.region);
        let reply = self.send(&asked, call)?;
        if reply.status == 401 {
            return Err(unusable(words, "its single sign-on is over", Some(portal.login)));
        }
        let body = self.granted(&asked, reply, None, "that role in that account")?;
        read(&body, words).ok_or_else(|| AwsError::Strange { asked, why: "it holds no keys".to_owned() })
    }

    /// Of the profile alone, or with the session that it names.
    fn portal(&self, name: &str) -> Result<Portal, AwsError> {
        let words = profile_words(name);
        let none = || unusable(words.clone(), "there is no such profile", None);
        let profile = self.files.profile(name).ok_or_else(none)?;
        let missing = |what: &str| unusable(words.clone(), format!("its single sign-on lacks {what}"), None);
        let session_name = profile.text("sso_session");
        let session = match session_name {
            Some(session) => {
                let why = || format!("there is no section [sso-session {}]", text::bounded(session));
                self.files.sso_session(session).ok_or_else(|| unusable(words.clone(), why(), None))?
            }
            None => profile,
        };
        let region =
            session.text("sso_region").filter(|region| is_region(region)).ok_or_else(|| missing("sso_region"))?;
        let start = session.text("sso_start_url").ok_or_else(|| missing("sso_start_url"))?;
        let login = match session_name {
            Some(session) => format!("aws sso login --sso-session {}", text::shell_word(Path::new(session))),
            None => format!("aws sso login --profile {}", text::shell_word(Path::new(name))),
        };
        Ok(Portal {
            region: region.to_owned(),
            account: profile.text("sso_account_id").ok_or_else(|| missing("sso_account_id"))?.to_owned(),
            role: profile.text("sso_role_name").ok_or_else(|| missing("sso_role_name"))?.to_owned(),
            cached_as: session_name.unwrap_or(start).to_owned(),
            login: format!("log in by the browser: {login}"),
        })
    }

    fn cached_token(&self, words: &str, portal: &Portal) -> Result<Secret, AwsError> {
        let digest = Sha1::digest(portal.cached_as.as_bytes());
        let file: String = digest.iter().map(|byte| format!("{byte:02x}")).chain([".json".to_owned()]).collect();
        let failed = |why: String| unusable(words, why, Some(portal.login.clone()));
        let home = self.env.home().ok_or_else(|| failed("there is no home with a cache".to_owned()))?;
        let path = home.join(".aws/sso/cache").join(file);
        let bytes = match files::read_bounded(&path, SIZE_MAX) {
            Ok(bytes) => Secret::new(bytes),
            Err(error) if error.is_not_found() => {
                return Err(failed("nobody has logged in by single sign-on".to_owned()));
            }
            Err(error) => return Err(failed(error.to_string())),
        };
        let broken = || failed(format!("{} is not understood", text::quoted_path(&path)));
        let cached: Cached = serde_json::from_slice(bytes.expose()).map_err(|_| broken())?;
        let token = Secret::new(cached.access_token.into_bytes());
        let ends = utc::parse(&cached.expires_at).ok_or_else(broken)?;
        if token.is_empty() || !token.expose().iter().all(|byte| byte.is_ascii_graphic()) {
            return Err(broken());
        }
        match ends <= self.env.unstopped() {
            true => Err(failed("its single sign-on is over".to_owned())),
            false => Ok(token),
        }
    }
}

fn read(body: &Secret, source: String) -> Option<Keys> {
    let answer: Answer = serde_json::from_slice(body.expose()).ok()?;
    let role = answer.role_credentials;
    let [id, secret, token] =
        [role.access_key_id, role.secret_access_key, role.session_token].map(|part| Secret::new(part.into_bytes()));
    let expires =
        (role.expiration > 0).then(|| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(role.expiration)));
    Keys::of(id, secret, Some(token), source).map(|keys| Keys { expires: expires.flatten(), ..keys })
}
