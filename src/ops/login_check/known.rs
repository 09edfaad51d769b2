//! What is known of the kinds of registries, beyond what their answers say: which secret each of them takes, and how to get a
//! fresh one. By reports of their users and their own pages (none could be asked); the check itself depends on none of it.

use crate::ops::registries::RegistryKind;
use crate::system::registry::outcome::LoginOutcome;

use LoginOutcome::{BadCredentials, ExpiredToken, InsufficientScope, MalformedSecret};
use RegistryKind::{Acr, Ecr, Gar, Ghcr, GitLab, Harbor, Hub, Quay};

/// How a fresh one is got depends on what this build can do.
#[cfg(feature = "ecr")]
const ECR: &str = "Amazon's tokens live 12 hours and are of one account and region: regpass login --ecr HOST";
#[cfg(not(feature = "ecr"))]
const ECR: &str = "Amazon's tokens live 12 hours and are of one account and region: aws ecr get-login-password | docker login -u AWS --password-stdin HOST";

/// `HOST` stands for the registry.
const KNOWN: &[(RegistryKind, &[LoginOutcome], &str)] = &[
    (Ecr, &[BadCredentials, ExpiredToken, MalformedSecret], ECR),
    (Hub, &[BadCredentials], "Docker Hub takes an access token, and with two-factor login no password: regpass login"),
    (
        Ghcr,
        &[BadCredentials, InsufficientScope],
        "GitHub takes a classic personal access token with read:packages, not the account's password: regpass login HOST",
    ),
    (
        GitLab,
        &[BadCredentials, InsufficientScope],
        "GitLab takes a deploy token or a personal access token with read_registry: regpass login HOST",
    ),
    (
        Harbor,
        &[BadCredentials],
        "Harbor's robots are named robot$NAME, and people with single sign-on have a CLI secret in their profile: regpass login HOST",
    ),
    (
        Quay,
        &[BadCredentials],
        "Quay's robots are named ORG+NAME, and people with single sign-on take an application token: regpass login HOST",
    ),
    (Acr, &[BadCredentials, ExpiredToken], "Azure's tokens live 3 hours: az acr login --name HOST"),
    (
        Gar,
        &[BadCredentials, ExpiredToken],
        "Google's access tokens live an hour; with a key the user is _json_key: gcloud auth configure-docker HOST",
    ),
];

/// In place of the class's own advice.
pub(super) fn advice(kind: RegistryKind, outcome: LoginOutcome, registry: &str) -> Option<String> {
    let fits =
        |(one, outcomes, _): &&(RegistryKind, &[LoginOutcome], &str)| *one == kind && outcomes.contains(&outcome);
    let words = KNOWN.iter().find(fits).map(|(_, _, words)| *words)?;
    // A registry's name is foreign text, and this is a command.
    let is_plain = registry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:_".contains(&byte));
    is_plain.then(|| words.replace("HOST", registry))
}
