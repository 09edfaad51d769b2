//! One login at one registry: who, and the secret that proves it. Moved, never copied.

use super::Secret;

/// The user name under which an identity token travels in Docker's credential helper protocol
/// (docker/cli `cli/config/credentials/native_store.go`).
pub const IDENTITY_TOKEN_USER: &str = "<token>";

/// Who logs in: a user name, or the holder of an identity token. Foreign text: escape before it reaches a terminal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(String);

impl Login {
    pub fn new(user: impl Into<String>) -> Login {
        Login(user.into())
    }

    /// Exactly as the protocol carries it; `<token>` for an identity token.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_identity_token(&self) -> bool {
        self.0 == IDENTITY_TOKEN_USER
    }
}

/// A login with its secret: password, access token, or identity token.
#[derive(Debug)]
pub struct Credential {
    pub login: Login,
    pub secret: Secret,
}

impl Credential {
    pub fn new(login: Login, secret: Secret) -> Credential {
        Credential { login, secret }
    }
}
