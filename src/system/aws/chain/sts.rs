//! The security token service: keys of a role, for other keys or for a token that somebody else signed. Its answers are XML, of
//! which four elements count.

use std::path::Path;

use super::super::endpoint::Endpoint;
use super::super::error::AwsError;
use super::super::host::{Partition, is_region};
use super::super::keys::Keys;
use super::super::service::{PATIENCE, Question, element, is_set_true, named};
use super::super::session::Session;
use super::super::sigv4::Scope;
use super::unusable;
use crate::model::{Secret, text, utc};
use crate::system::files;
use crate::system::registry::call::{Call, Verb, percent_encoded};

const VERSION: &str = "2011-06-15";

/// The name of the session in the account's records, where nobody names one.
const SESSION: &str = "regpass";

/// The largest token file read, in bytes: the service takes 20,000 characters.
const TOKEN_FILE_MAX: u64 = 32 * 1024;

/// A role to be taken.
pub(super) struct Role {
    pub(super) arn: String,
    pub(super) session: Option<String>,
    pub(super) external_id: Option<String>,
    pub(super) seconds: Option<String>,
}

impl Session<'_> {
    pub(super) fn assume(&mut self, words: &str, role: &Role, keys: &Keys) -> Result<Keys, AwsError> {
        let mut form = form("AssumeRole");
        let session = role.session.as_deref().unwrap_or(SESSION);
        let fields = [
            ("RoleArn", Some(role.arn.as_str())),
            ("RoleSessionName", Some(session)),
            ("ExternalId", role.external_id.as_deref()),
            ("DurationSeconds", role.seconds.as_deref()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                add(&mut form, name, &Secret::new(value.as_bytes().to_vec()));
            }
        }
        let region = self.sts_region();
        let (asked, endpoint) = (named("STS", &region), self.sts_endpoint(&region)?);
        let question = Question {
            asked: &asked,
            endpoint: &endpoint,
            scope: Scope { region: &region, service: "sts" },
            headers: vec![("content-type", form_type())],
            body: form,
            needs: "sts:AssumeRole for that role",
        };
        let body = self.ask_signed(question, keys)?;
        self.keys_in(&body, &asked, format!("{words} (role {})", text::quoted(&role.arn)))
    }

    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, as Kubernetes sets them.
    pub(super) fn web_identity_of_environment(&mut self) -> Result<Option<Keys>, AwsError> {
        const SOURCE: &str = "the web identity of the environment";
        let Some(file) = self.env.var("AWS_WEB_IDENTITY_TOKEN_FILE") else {
            self.note(SOURCE, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
            return Ok(None);
        };
        let Some(role) = self.env.text("AWS_ROLE_ARN").map(str::to_owned) else {
            return Err(unusable(SOURCE, "AWS_ROLE_ARN is not set", None));
        };
        let (file, session) = (file.to_owned(), self.env.text("AWS_ROLE_SESSION_NAME").map(str::to_owned));
        self.web_identity(SOURCE, Path::new(&file), &role, session.as_deref()).map(Some)
    }

    /// The token proves who asks: nothing is signed.
    pub(super) fn web_identity(
        &mut self,
        words: &str,
        file: &Path,
        role: &str,
        session: Option<&str>,
    ) -> Result<Keys, AwsError> {
        let file = self.env.absolute(&self.env.expand_home(file));
        let token = files::read_bounded(&file, TOKEN_FILE_MAX).map(Secret::new);
        let mut token = token.map_err(|error| unusable(words, error.to_string(), None))?;
        token.trim_end(|byte| byte.is_ascii_whitespace());
        if token.is_empty() {
            return Err(unusable(words, format!("{} is empty", text::quoted_path(&file)), None));
        }
        self.caller.hide(&token);
        let mut form = form("AssumeRoleWithWebIdentity");
        add(&mut form, "RoleArn", &Secret::new(role.as_bytes().to_vec()));
        add(&mut form, "RoleSessionName", &Secret::new(session.unwrap_or(SESSION).as_bytes().to_vec()));
        add(&mut form, "WebIdentityToken", &token);
        let region = self.sts_region();
        let (asked, endpoint) = (named("STS", &region), self.sts_endpoint(&region)?);
        let call = Call {
            method: Verb::Post,
            url: &endpoint.url(""),
            headers: vec![("content-type", form_type())],
            body: form,
            patience: PATIENCE,
            direct: false,
        };
        let reply = self.send(&asked, call)?;
        let body = self.granted(&asked, reply, None, "sts:AssumeRoleWithWebIdentity for that role")?;
        self.keys_in(&body, &asked, format!("{words} (role {})", text::quoted(role)))
    }

    /// Of the profile, of the environment, or the registry's own.
    fn sts_region(&self) -> String {
        let (name, _) = self.profile_name();
        let of_profile = self.files.profile(&name).and_then(|profile| profile.text("region"));
        let of_environment = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| self.env.text(name));
        let told = of_environment.or(of_profile).filter(|region| is_region(region));
        told.unwrap_or(&self.region).to_owned()
    }

    fn sts_endpoint(&mut self, region: &str) -> Result<Endpoint, AwsError> {
        let profile = self.profile_endpoint()?;
        let fips = if is_set_true(self.env, "AWS_USE_FIPS_ENDPOINT") { "-fips" } else { "" };
        let host = format!("sts{fips}.{region}.{}", Partition::of(region).suffix);
        Endpoint::of(self.env, profile.as_deref(), "STS", &host)
    }

    fn keys_in(&mut self, xml: &Secret, asked: &str, source: String) -> Result<Keys, AwsError> {
        let find = |name: &str| element(xml, name);
        let expires = find("Expiration").and_then(|at| utc::parse(std::str::from_utf8(at.expose()).ok()?));
        let parts = (find("AccessKeyId"), find("SecretAccessKey"), find("SessionToken"));
        let keys = match parts {
            (Some(id), Some(secret), token) => Keys::of(id, secret, token, source),
            _ => None,
        };
        let strange = || AwsError::Strange { asked: asked.to_owned(), why: "it holds no keys".to_owned() };
        keys.map(|keys| Keys { expires, ..keys }).ok_or_else(strange)
    }
}

fn form(action: &str) -> Secret {
    Secret::new(format!("Action={action}&Version={VERSION}").into_bytes())
}

fn add(form: &mut Secret, name: &str, value: &Secret) {
    form.push(format!("&{name}=").as_bytes());
    form.push(percent_encoded(value).expose());
}

fn form_type() -> Secret {
    Secret::new(b"application/x-www-form-urlencoded; charset=utf-8".to_vec())
}
