//! Keys by a profile of the shared files: of its own, of another one whose role is then taken, or of what it names.

use super::super::error::AwsError;
use super::super::keys::Keys;
use super::super::session::Session;
use super::files::Section;
use super::sts::Role;
use super::{profile_words, unusable};
use crate::model::{Secret, text};
use std::path::Path;

/// The longest chain of `source_profile`.
const CHAIN_MAX: usize = 8;

/// What a profile has its keys from.
enum Origin {
    Own(Secret, Secret, Option<Secret>),
    Profile(String),
    Named(String),
    WebIdentity { file: String, role: String, session: Option<String> },
    Sso,
    Program(Secret),
    Nothing,
}

impl Session<'_> {
    /// None where nobody named a profile and the default one says nothing of keys.
    pub(super) fn of_named_profile(&mut self) -> Result<Option<Keys>, AwsError> {
        self.files.read(self.env)?;
        let (name, is_named) = self.profile_name();
        if self.files.profile(&name).is_none() {
            let words = profile_words(&name);
            if is_named {
                return Err(unusable(
                    words,
                    "there is no such profile",
                    Some("see which there are: aws configure list-profiles".to_owned()),
                ));
            }
            self.note(words, "there is none in ~/.aws");
            return Ok(None);
        }
        let keys = self.of_profile(&name, &mut Vec::new())?;
        if keys.is_none() {
            self.note(profile_words(&name), "it has no keys and names nothing that has");
        }
        Ok(keys)
    }

    fn of_profile(&mut self, name: &str, seen: &mut Vec<String>) -> Result<Option<Keys>, AwsError> {
        let words = profile_words(name);
        if seen.len() >= CHAIN_MAX || seen.iter().any(|one| one == name) {
            return Err(unusable(words, "source_profile leads in a circle", None));
        }
        seen.push(name.to_owned());
        let Some(profile) = self.files.profile(name) else {
            return Err(unusable(words, "there is no such profile", None));
        };
        let role = role(profile, &words)?;
        let origin = origin(profile, name, seen.len() > 1)?;
        let keys = match origin {
            Origin::Own(id, secret, token) => Keys::of(id, secret, token, words.clone())
                .ok_or_else(|| unusable(&words, "aws_access_key_id or one of its companions holds no key", None))
                .map(Some)?,
            Origin::Profile(source) => self.of_profile(&source, seen)?,
            Origin::Named(source) => Some(self.of_source(&words, &source)?),
            // It takes its role itself.
            Origin::WebIdentity { file, role, session } => {
                return self.web_identity(&words, Path::new(&file), &role, session.as_deref()).map(Some);
            }
            Origin::Sso => Some(self.of_sso(name)?),
            Origin::Program(command) => Some(self.of_program(&words, &command)?),
            Origin::Nothing => None,
        };
        match (role, keys) {
            (None, keys) => Ok(keys),
            (Some(role), Some(keys)) => self.assume(&words, &role, &keys).map(Some),
            (Some(_), None) => Err(unusable(words, "role_arn needs a source_profile or a credential_source", None)),
        }
    }

    /// `credential_source`.
    fn of_source(&mut self, words: &str, source: &str) -> Result<Keys, AwsError> {
        let found = match source {
            "Environment" => self.of_environment()?,
            "EcsContainer" => self.of_container()?,
            "Ec2InstanceMetadata" => self.of_instance()?,
            _ => {
                let why = "credential_source is Environment, Ec2InstanceMetadata or EcsContainer";
                return Err(unusable(words, why, None));
            }
        };
        found.ok_or_else(|| {
            let why = self.tried.last().map(|tried| format!("{}: {}", tried.source, tried.why)).unwrap_or_default();
            unusable(words, why, None)
        })
    }
}

/// The role that a profile takes with its keys.
fn role(profile: &Section, words: &str) -> Result<Option<Role>, AwsError> {
    let Some(arn) = profile.text("role_arn") else { return Ok(None) };
    if profile.has("mfa_serial") {
        let why = "its role asks for a code of a second device, which regpass does not ask for";
        let hint = "get keys with the code, then name them in the environment: aws sts assume-role help";
        return Err(unusable(words, why, Some(hint.to_owned())));
    }
    let text = |name: &str| profile.text(name).map(str::to_owned);
    Ok(Some(Role {
        arn: arn.to_owned(),
        session: text("role_session_name"),
        external_id: text("external_id"),
        seconds: text("duration_seconds"),
    }))
}

/// In the library's order. `is_source`: another profile wants its keys.
fn origin(profile: &Section, name: &str, is_source: bool) -> Result<Origin, AwsError> {
    let words = profile_words(name);
    let (id, secret) = (profile.secret("aws_access_key_id"), profile.secret("aws_secret_access_key"));
    let token = profile.secret("aws_session_token");
    let has_role = profile.has("role_arn");
    let own = match (id, secret) {
        (Some(id), Some(secret)) => Some(Origin::Own(id, secret, token)),
        (None, None) => None,
        _ => return Err(unusable(words, "of aws_access_key_id and aws_secret_access_key one is missing", None)),
    };
    if has_role {
        match (profile.text("source_profile"), profile.text("credential_source")) {
            (Some(_), Some(_)) => {
                return Err(unusable(words, "it has both a source_profile and a credential_source", None));
            }
            // Its own keys, for its own role.
            (Some(source), None) if source == name => {}
            (Some(source), None) => return Ok(Origin::Profile(source.to_owned())),
            (None, Some(source)) => return Ok(Origin::Named(source.to_owned())),
            (None, None) => {}
        }
    }
    if let Some(own) = own {
        return Ok(own);
    }
    if let Some(file) = profile.text("web_identity_token_file") {
        let Some(role) = profile.text("role_arn") else {
            return Err(unusable(words, "web_identity_token_file needs a role_arn", None));
        };
        let session = profile.text("role_session_name").map(str::to_owned);
        return Ok(Origin::WebIdentity { file: file.to_owned(), role: role.to_owned(), session });
    }
    if ["sso_session", "sso_start_url", "sso_account_id", "sso_role_name"].iter().any(|key| profile.has(key)) {
        return Ok(Origin::Sso);
    }
    if let Some(command) = profile.secret("credential_process") {
        return Ok(Origin::Program(command));
    }
    if profile.has("login_session") {
        let why = "it logs in by the browser (login_session), which regpass does not";
        let hint = format!(
            "keys for the environment: aws configure export-credentials --format env --profile {}",
            text::shell_word(Path::new(name))
        );
        return Err(unusable(words, why, Some(hint)));
    }
    match is_source {
        true => Err(unusable(words, "it has no keys, and is to give them to another profile", None)),
        false => Ok(Origin::Nothing),
    }
}
