//! Logged in and out, and the proof of it: a login is kept where Docker looks for it and nowhere in clear, and after a logout
//! nothing that could be asked has it any more. Works without a Docker daemon.

mod afterwards;
mod asking;
mod choice;
mod ecr;
mod enter;
mod files;
mod logout;
mod mark;
mod migrate;
mod verdict;

pub use afterwards::{Afterwards, Before, ask_registry, before};
pub use asking::{Asking, asking};
pub use choice::{Target, standing, target};
pub use ecr::{Fetched, Origin, fetched};
pub use enter::{Entered, Outcome, found, login};
pub use files::InFile;
pub use logout::{Erased, LoggedOut, Plan, logout, plan, registries};
pub(in crate::ops) use mark::again as mark_again;
pub use migrate::{
    Foreign, INLINE, Migration, Moved, asked_elsewhere, check_writable, migration, move_inline, move_one,
};
pub use verdict::{Verify, is_to_be_kept, refusal};

use std::fmt;

use crate::model::registry_key::{HUB_KEY, HUB_NAME};
use crate::model::{Problem, RegistryKey, misplaced, text};
use crate::ops::keeper;
use crate::ops::registries::name_of;

/// The longest host and port: DNS has 253 characters (RFC 1035, 2.3.4), a port 5.
const HOST_MAX: usize = 253 + 6;

/// A server or a registry as it is named somewhere: what stands before an `@` may be a password. Compared as it is, told
/// masked.
#[derive(Clone, PartialEq, Eq)]
struct RawName(String);

impl RawName {
    fn new(name: impl Into<String>) -> RawName {
        RawName(name.into())
    }

    fn as_str(&self) -> &str {
        &self.0
    }

    /// The registry that it means, as raw.
    fn registry(&self) -> String {
        name_of(&RegistryKey::new(self.as_str()))
    }

    fn shown(&self) -> String {
        misplaced::server(&self.0)
    }
}

impl fmt::Debug for RawName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

/// The name under which `docker login` keeps the login of what was typed: the host with its port, and the Hub's own for
/// nothing, `docker.io` and its other names (docker/cli `ConvertToHostname`, `IndexServer`).
pub fn key_of(registry: &str) -> Result<RegistryKey, Problem> {
    let typed = registry.trim();
    // What stands before it may be a password.
    if typed.contains('@') {
        return Err(
            Problem::usage("a registry's name has no user and no @ in it").hint("a user's name goes into --user")
        );
    }
    if typed.is_empty() || RegistryKey::new(typed).canonical() == HUB_NAME {
        return Ok(RegistryKey::new(HUB_KEY));
    }
    let web = ["https://", "http://"].iter().find_map(|scheme| {
        let front = typed.get(..scheme.len())?;
        front.eq_ignore_ascii_case(scheme).then(|| &typed[scheme.len()..])
    });
    let rest = web.unwrap_or(typed);
    let host = if rest.contains("://") { "" } else { rest.split('/').next().unwrap_or_default() };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
    if host.is_empty() || host.len() > HOST_MAX || host.starts_with('-') || !host.bytes().all(fits) {
        return Err(Problem::usage(format!("{} is no name of a registry", text::quoted(typed)))
            .hint("a registry is named by its host, with a port where it has its own: regpass registries"));
    }
    Ok(RegistryKey::new(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_the_key_that_docker_uses() {
        for (typed, key) in [
            ("", HUB_KEY),
            ("docker.io", HUB_KEY),
            ("https://index.docker.io/v1/", HUB_KEY),
            ("h.test:5000", "h.test:5000"),
            ("HTTPS://h.test:5000/v2/", "h.test:5000"),
            (" h.test/team/image ", "h.test"),
            ("[::1]:5000", "[::1]:5000"),
        ] {
            assert_eq!(key_of(typed).map(|key| key.to_text().into_owned()), Ok(key.to_owned()), "{typed}");
        }
        for typed in ["bad host!", "https:///x", "-h", "h\u{1b}", "ftp://h", &"a".repeat(300)] {
            let refused = key_of(typed).expect_err("refused");
            assert_eq!(refused.exit_code(), 2, "{typed}: {refused}");
        }
        let secret = key_of("https://bob:hunter2@h.test").expect_err("refused");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
