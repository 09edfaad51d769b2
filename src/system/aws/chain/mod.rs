//! Where keys are looked for, in the order of Amazon's own library for Go, which its credential helper is made with
//! (`config/resolve_credentials.go`, `resolveCredentialChain`): the environment, a web identity named there, the profile, the
//! container, the instance. What somebody named is not passed over when it fails: other keys would be another identity.

mod container;
pub(super) mod files;
mod instance;
mod profile;
mod program;
mod sso;
mod sts;

use super::error::AwsError;
use super::keys::Keys;
use super::session::Session;
use crate::model::{Secret, text};

/// The profile where nobody names one.
const DEFAULT: &str = "default";

impl Session<'_> {
    /// The first keys that there are.
    pub(super) fn keys(&mut self) -> Result<Keys, AwsError> {
        let keys = self.find()?;
        match keys.is_expired(self.env.unstopped()) {
            false => Ok(keys),
            true => Err(unusable(keys.source, "they are expired", None)),
        }
    }

    fn find(&mut self) -> Result<Keys, AwsError> {
        if self.profile.is_none() {
            if let Some(keys) = self.of_environment()? {
                return Ok(keys);
            }
            if let Some(keys) = self.web_identity_of_environment()? {
                return Ok(keys);
            }
        }
        if let Some(keys) = self.of_named_profile()? {
            return Ok(keys);
        }
        if let Some(keys) = self.of_container()? {
            return Ok(keys);
        }
        match self.of_instance()? {
            Some(keys) => Ok(keys),
            None => Err(AwsError::NoKeys(std::mem::take(&mut self.tried))),
        }
    }

    /// Half a pair does not count, as in the library.
    pub(super) fn of_environment(&mut self) -> Result<Option<Keys>, AwsError> {
        const SOURCE: &str = "the environment";
        let secret = |names: &[&str]| {
            let value = names.iter().find_map(|name| self.env.text(name));
            value.map(|value| Secret::new(value.as_bytes().to_vec()))
        };
        let id = secret(&["AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"]);
        let key = secret(&["AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"]);
        let missing = match (&id, &key) {
            (Some(_), Some(_)) => None,
            (None, _) => Some("AWS_ACCESS_KEY_ID is not set"),
            (_, None) => Some("AWS_SECRET_ACCESS_KEY is not set"),
        };
        if let Some(missing) = missing {
            self.note(SOURCE, missing);
            return Ok(None);
        }
        let token = secret(&["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]);
        match Keys::of(id.unwrap_or_default(), key.unwrap_or_default(), token, SOURCE.to_owned()) {
            Some(keys) => Ok(Some(keys)),
            None => Err(unusable(SOURCE, "AWS_ACCESS_KEY_ID or one of its companions holds no key", None)),
        }
    }

    /// The name of the profile that counts, and whether somebody named it.
    pub(super) fn profile_name(&self) -> (String, bool) {
        let named =
            self.profile.or_else(|| self.env.text("AWS_PROFILE")).or_else(|| self.env.text("AWS_DEFAULT_PROFILE"));
        (named.unwrap_or(DEFAULT).to_owned(), named.is_some())
    }

    /// The address that the profile has services asked at.
    pub(super) fn profile_endpoint(&mut self) -> Result<Option<String>, AwsError> {
        self.files.read(self.env)?;
        let (name, _) = self.profile_name();
        Ok(self.files.profile(&name).and_then(|profile| profile.text("endpoint_url")).map(str::to_owned))
    }
}

pub(super) fn unusable(source: impl Into<String>, why: impl Into<String>, hint: Option<String>) -> AwsError {
    AwsError::Unusable { source_name: source.into(), why: why.into(), hint }
}

/// How messages name a profile.
fn profile_words(name: &str) -> String {
    format!("the profile {}", text::quoted(name))
}
