//! One login at one registry: who, and the secret that proves it. Moved, never copied.

use std::borrow::Cow;

use super::{Secret, misplaced, text};

/// The user name under which an identity token travels in Docker's credential helper protocol
/// (docker/cli `cli/config/credentials/native_store.go`).
pub const IDENTITY_TOKEN_USER: &str = "<token>";

/// The longest user name that a message or a record shows, in bytes; longer ones are tokens in the wrong field rather
/// than names.
const SHOWN_MAX: usize = 128;

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

    /// False for what may be a secret in the wrong field: no message and no record may show it.
    pub fn is_showable(&self) -> bool {
        self.0.len() <= SHOWN_MAX && misplaced::is_user(&self.0)
    }

    /// As a cell of a table names it: escaped, and masked where it may not be shown.
    pub fn shown(&self) -> Cow<'_, str> {
        if self.is_showable() { text::escaped(self.0.as_bytes()) } else { Cow::Borrowed(misplaced::MASK) }
    }

    /// How a message names it: in quotes, or by its length where it may not be shown.
    pub fn quoted(&self) -> String {
        if self.is_showable() { text::quoted(&self.0) } else { self.described() }
    }

    /// As `quoted`, with the words "the user name" in front.
    pub fn described(&self) -> String {
        match self.is_showable() {
            true => format!("the user name {}", text::quoted(&self.0)),
            false => format!("the user name ({} characters)", self.0.chars().count()),
        }
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
