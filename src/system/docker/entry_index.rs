//! The entries of a file with logins, found once: the login that stands in one, and those of many taken out in one pass. Called
//! by `edit` and by who looks at all logins of a file.

use std::collections::HashMap;
use std::ops::Range;

use super::auth_file::{Layout, decoded_pair};
use super::document::{self, Node};
use super::edit::{EditError, once, outermost, spliced};
use super::spans::{self, Member};
use crate::model::{Credential, IDENTITY_TOKEN_USER, Login, Secret, misplaced};

/// Where each server's entry stands in a text.
pub struct EntryIndex<'t> {
    text: &'t Secret,
    /// By the server as it stands there; None for one that is there more than once.
    places: HashMap<String, Option<Range<usize>>>,
}

/// Why a login cannot be kept by a helper as it is.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unmovable {
    #[error("its auth is no base64 of USER:PASSWORD")]
    Odd,
    #[error("it has a registry token, which no helper can keep")]
    RegistryToken,
    #[error("it has a password and an identity token, and a helper keeps one of both")]
    Both,
    #[error("it has no user name")]
    NoUser,
    #[error("it has no password")]
    NoPassword,
    #[error("its password ends with a line end, which the store does not keep")]
    LineEnd,
    #[error("its name holds what may be a secret, and would be a folder's name in the store")]
    NameHoldsSecret,
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// The members that make a login (docker/cli `types.AuthConfig`); a registry token is one by itself.
const PARTS: [&str; 4] = ["auth", "username", "password", "identitytoken"];

impl<'t> EntryIndex<'t> {
    pub fn of(text: &'t Secret, layout: Layout) -> Result<EntryIndex<'t>, EditError> {
        let outer = spans::members(text.expose(), &outermost(text)?).ok_or(EditError::Unfit)?;
        let entries = match layout {
            Layout::Flat => outer,
            Layout::Nested => match once(&outer, "auths")? {
                Some(auths) => spans::members(text.expose(), &auths.value).ok_or(EditError::Unfit)?,
                None => Vec::new(),
            },
        };
        let mut places = HashMap::with_capacity(entries.len());
        for Member { key, value, .. } in entries {
            places.entry(key).and_modify(|place| *place = None).or_insert(Some(value));
        }
        Ok(EntryIndex { text, places })
    }

    fn place(&self, server: &str) -> Result<&Range<usize>, EditError> {
        match self.places.get(server) {
            Some(Some(place)) => Ok(place),
            Some(None) => Err(EditError::Repeated(misplaced::server(server))),
            None => Err(EditError::Gone(misplaced::server(server))),
        }
    }

    /// The login of an entry, as Docker reads it and would hand it to a helper (docker/cli `configfile.LoadFromReader`,
    /// `native_store.go`).
    pub fn credential(&self, server: &str) -> Result<Credential, Unmovable> {
        if misplaced::is_in_server(server) {
            return Err(Unmovable::NameHoldsSecret);
        }
        let bytes = self.text.expose();
        let members = spans::members(bytes, self.place(server)?).ok_or(EditError::Unfit)?;
        let part = |name: &str| -> Result<Option<Secret>, Unmovable> {
            let Some(member) = once(&members, name)? else { return Ok(None) };
            match document::parse(&bytes[member.value.clone()]) {
                Ok((Node::Text(text), _)) => Ok(Some(text).filter(|text| !text.is_empty())),
                Ok((Node::Null, _)) => Ok(None),
                _ => Err(EditError::Unfit.into()),
            }
        };
        if part("registrytoken")?.is_some() {
            return Err(Unmovable::RegistryToken);
        }
        let (user, password) = match part("auth")? {
            Some(auth) => {
                let (user, password) = decoded_pair(auth.expose()).ok_or(Unmovable::Odd)?;
                (Some(user), password)
            }
            None => (part("username")?, part("password")?.unwrap_or_default()),
        };
        let found = match part("identitytoken")? {
            Some(_) if !password.is_empty() => return Err(Unmovable::Both),
            Some(token) => Credential::new(Login::new(IDENTITY_TOKEN_USER), token),
            None if password.is_empty() => return Err(Unmovable::NoPassword),
            None => {
                let user = user.ok_or(Unmovable::NoUser)?;
                let user = std::str::from_utf8(user.expose()).map_err(|_| Unmovable::Odd)?;
                Credential::new(Login::new(user), password)
            }
        };
        // As the helper answers it (`ops/credentials.rs`, `trim`).
        if found.secret.expose().ends_with(b"\n") || found.secret.expose().ends_with(b"\r") {
            return Err(Unmovable::LineEnd);
        }
        Ok(found)
    }

    /// The text with the logins of these servers gone from their entries.
    pub(super) fn emptied<'s>(&self, servers: impl Iterator<Item = &'s str>) -> Result<Secret, EditError> {
        let mut places = servers.map(|server| self.place(server)).collect::<Result<Vec<_>, EditError>>()?;
        places.sort_by_key(|place| place.start);
        places.dedup();
        let bytes = self.text.expose();
        // No more than was there, so that it is never moved.
        let mut new = Secret::with_capacity(bytes.len());
        let mut done = 0;
        for place in places {
            new.push(&bytes[done..place.start]);
            new.push(without_parts(self.text.part(place.clone()))?.expose());
            done = place.end;
        }
        new.push(&bytes[done..]);
        Ok(new)
    }
}

/// An entry without what makes a login.
fn without_parts(mut entry: Secret) -> Result<Secret, EditError> {
    for part in PARTS {
        let object = 0..entry.len();
        let members = spans::members(entry.expose(), &object).ok_or(EditError::Unfit)?;
        if let Some(found) = once(&members, part)? {
            let index = members.iter().position(|member| member.key_at == found.key_at);
            let cut = index.and_then(|index| spans::cut(&object, &members, index)).ok_or(EditError::Unfit)?;
            entry = spliced(&entry, cut, b"");
        }
    }
    Ok(entry)
}
