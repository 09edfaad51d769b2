//! Keys of the container's agent: Amazon's ECS and EKS put its address into the environment, and mostly a token for it. Asked
//! without encryption only where the address leads nowhere else than to that agent (AWS SDKs Reference Guide, "Container
//! credential provider").

use super::super::endpoint::Endpoint;
use super::super::error::{AwsError, setting};
use super::super::keys::Keys;
use super::super::service::PATIENCE;
use super::super::session::Session;
use super::unusable;
use crate::model::Secret;
use crate::system::files;
use crate::system::registry::address::is_loopback;
use crate::system::registry::call::{Call, Verb};
use std::path::Path;

/// ECS's agent, and EKS's by both protocols.
const AGENTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

const SOURCE: &str = "the container's agent";

/// The largest token file read, in bytes.
const TOKEN_MAX: u64 = 32 * 1024;

impl Session<'_> {
    /// None where there is no such agent.
    pub(super) fn of_container(&mut self) -> Result<Option<Keys>, AwsError> {
        let (url, variable) = match (self.env.text(FULL), self.env.text(RELATIVE)) {
            (Some(url), _) => (url.to_owned(), FULL),
            (None, Some(path)) => (format!("http://{}/{}", AGENTS[0], path.trim_start_matches('/')), RELATIVE),
            (None, None) => {
                self.note(SOURCE, format!("neither {FULL} nor {RELATIVE} is set"));
                return Ok(None);
            }
        };
        let may_be_plain = |host: &str| is_loopback(host) || AGENTS.contains(&host);
        let endpoint = Endpoint::parse(&url, may_be_plain).ok_or_else(|| {
            setting(variable, "is no address of the container's agent: without https:// it is on this machine")
        })?;
        let mut headers = Vec::new();
        if let Some(token) = self.container_token()? {
            self.caller.hide(&token);
            headers.push(("authorization", token));
        }
        let body = Secret::default();
        let (url, direct) = (endpoint.url(""), endpoint.is_plain());
        let call = Call { method: Verb::Get, url: &url, headers, body, patience: PATIENCE, direct };
        let reply = self.send(SOURCE, call)?;
        let body = self.granted(SOURCE, reply, None, "the task's role")?;
        let strange = || AwsError::Strange { asked: SOURCE.to_owned(), why: "it holds no keys".to_owned() };
        Keys::of_json(&body, SOURCE.to_owned()).map(Some).ok_or_else(strange)
    }

    /// The file is read each time: the agent writes it anew.
    fn container_token(&self) -> Result<Option<Secret>, AwsError> {
        let mut token = match self.env.var("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => {
                let file = self.env.absolute(&self.env.expand_home(Path::new(file)));
                let read = files::read_bounded(&file, TOKEN_MAX).map(Secret::new);
                read.map_err(|error| unusable(SOURCE, error.to_string(), None))?
            }
            None => match self.env.text("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
                Some(token) => Secret::new(token.as_bytes().to_vec()),
                None => return Ok(None),
            },
        };
        token.trim_end(|byte| byte == b'\n' || byte == b'\r');
        Ok(Some(token))
    }
}
