//! Keys of the machine's own role, at Amazon (instance metadata, version 2: a token first, which nobody can be tricked into
//! asking for). Everywhere else nothing answers at that address, which is known within a second.

use std::time::Duration;

use super::super::endpoint::Endpoint;
use super::super::error::{AwsError, setting};
use super::super::keys::Keys;
use super::super::service::is_set_true;
use super::super::session::Session;
use crate::model::Secret;
use crate::system::registry::address::is_loopback;
use crate::system::registry::call::{Call, Reply, Verb};

/// By both protocols.
const HOSTS: [&str; 2] = ["169.254.169.254", "fd00:ec2::254"];

const SOURCE: &str = "the machine's own role";

const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

/// How long one answer is waited for; a service that is there answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the token is good for, in seconds: three requests.
const TOKEN_SECONDS: &str = "60";

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// The longest name of a role (IAM: 64).
const ROLE_MAX: usize = 128;

impl Session<'_> {
    /// None where there is no such service, or no role.
    pub(super) fn of_instance(&mut self) -> Result<Option<Keys>, AwsError> {
        if is_set_true(self.env, "AWS_EC2_METADATA_DISABLED") {
            self.note(SOURCE, "AWS_EC2_METADATA_DISABLED is set");
            return Ok(None);
        }
        let endpoint = self.metadata_endpoint()?;
        let lifetime = Secret::new(TOKEN_SECONDS.as_bytes().to_vec());
        let put = vec![("x-aws-ec2-metadata-token-ttl-seconds", lifetime)];
        let Some(token) = self.metadata(&endpoint, Verb::Put, "/latest/api/token", put)? else { return Ok(None) };
        if token.status != 200 || token.body.is_empty() || !token.body.expose().iter().all(u8::is_ascii_graphic) {
            self.note(SOURCE, format!("the metadata service gave no token ({})", token.status));
            return Ok(None);
        }
        self.caller.hide(&token.body);
        let with_token = |token: &Secret| vec![("x-aws-ec2-metadata-token", token.part(0..token.len()))];
        let Some(roles) = self.metadata(&endpoint, Verb::Get, ROLES, with_token(&token.body))? else { return Ok(None) };
        let role = roles.body.expose().split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii();
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(byte);
        let role = match std::str::from_utf8(role) {
            Ok(role)
                if roles.status == 200
                    && (1..=ROLE_MAX).contains(&role.len())
                    && role.bytes().all(|byte| fits(&byte)) =>
            {
                role
            }
            _ => {
                self.note(SOURCE, format!("the machine has no role ({})", roles.status));
                return Ok(None);
            }
        };
        let Some(reply) = self.metadata(&endpoint, Verb::Get, &format!("{ROLES}{role}"), with_token(&token.body))?
        else {
            return Ok(None);
        };
        let body = self.granted(SOURCE, reply, None, "the machine's role")?;
        let strange = || AwsError::Strange { asked: SOURCE.to_owned(), why: "it holds no keys".to_owned() };
        Keys::of_json(&body, format!("{SOURCE} ({role})")).map(Some).ok_or_else(strange)
    }

    /// None, and a note, where nothing answers.
    fn metadata(
        &mut self,
        endpoint: &Endpoint,
        method: Verb,
        path: &str,
        headers: Vec<(&'static str, Secret)>,
    ) -> Result<Option<Reply>, AwsError> {
        let url = endpoint.url(path);
        let call = Call { method, url: &url, headers, body: Secret::default(), patience: PATIENCE, direct: true };
        match self.send(SOURCE, call) {
            Ok(reply) => Ok(Some(reply)),
            Err(AwsError::NoAnswer { why, .. }) => {
                self.note(SOURCE, format!("this is no machine at Amazon: {why}"));
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    fn metadata_endpoint(&self) -> Result<Endpoint, AwsError> {
        let may_be_plain = |host: &str| is_loopback(host) || HOSTS.contains(&host);
        let is_six = self
            .env
            .text("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        let own = if is_six { format!("http://[{}]/", HOSTS[1]) } else { format!("http://{}/", HOSTS[0]) };
        let url = self.env.text(ENDPOINT).unwrap_or(&own);
        Endpoint::parse(url, may_be_plain).ok_or_else(|| {
            setting(ENDPOINT, "is no address of the metadata service: without https:// it is on this machine")
        })
    }
}
