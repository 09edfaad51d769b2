//! The login of a registry at Amazon, fetched there instead of asked for: Amazon hands out a token for the keys that it finds
//! where its own tools look. Kept, verified and read back like every other login. A build without that feature cannot.

use std::time::SystemTime;

use super::choice::Target;
use crate::model::{Credential, Problem};
use crate::ops::progress::Cancel;
use crate::system::System;

/// A login that was fetched.
#[derive(Debug)]
pub struct Fetched {
    pub credential: Credential,
    pub origin: Origin,
}

/// What is known of a login that was fetched.
#[derive(Debug)]
pub struct Origin {
    /// When it dies; None: Amazon did not say.
    pub expires: Option<SystemTime>,
    /// Whose keys it was fetched with, in words.
    pub source: String,
    /// What a person should know of it.
    pub notes: Vec<String>,
}

#[cfg(not(feature = "ecr"))]
pub fn fetched(_: &System, _: &Target, _: Option<&str>, _: &Cancel) -> Result<Fetched, Problem> {
    Err(Problem::failed("this build of regpass cannot ask Amazon for logins"))
}

/// Asks Amazon for the login of this registry, with the keys of `profile` or the first that are found. Ends within a minute, but
/// for a program of the profile that asks somebody.
#[cfg(feature = "ecr")]
pub fn fetched(system: &System, target: &Target, profile: Option<&str>, cancel: &Cancel) -> Result<Fetched, Problem> {
    use crate::system::aws::{self, EcrHost, Search};
    let host = EcrHost::of(&target.name)?;
    if system.options.demo.is_some() {
        return Err(Problem::failed("the demo's logins are made up, so Amazon is not asked for one")
            .hint(format!("leave the demo, then: regpass login --ecr {}", target.name)));
    }
    let token = aws::token(&host, &Search { env: &system.env, profile, cancel: cancel.flag() })?;
    let told = |account: String| {
        format!(
            "it is of account {account}: whether it opens another account's registry is up to the registry's policy"
        )
    };
    let notes = token.other_account.map(told).into_iter().collect();
    let origin = Origin { expires: token.expires, source: token.source, notes };
    Ok(Fetched { credential: token.credential, origin })
}
