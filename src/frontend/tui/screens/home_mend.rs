//! What the home tab asks before it puts something in place that is missing.

use std::path::Path;

use super::super::widgets::words;
use crate::model::misplaced;
use crate::ops::mending::{self, Mend};
use crate::system::docker::config::DockerConfig;

/// How many logins in clear are named in a question.
const INLINE_NAMED: usize = 3;

/// The question's title, and what a yes does.
pub(super) fn question(mend: &Mend, docker: Option<&DockerConfig>, home: Option<&Path>) -> (&'static str, String) {
    match mend {
        Mend::Links(folder) => (
            "Link the helper",
            format!(
                "Makes docker-credential-pass and docker-credential-regpass in {}, links to this regpass. Nothing that is \
                 there is replaced.",
                words::path(folder, home)
            ),
        ),
        Mend::DockerConfig(file) => (
            "Let Docker ask regpass",
            format!(
                "Makes {}, which is not there, with nothing in it but the helper's name: {}",
                words::path(file, home),
                mending::docker_config().split_whitespace().collect::<Vec<_>>().join(" ")
            ),
        ),
        Mend::CredsStore(file) => (
            "Let Docker ask regpass",
            format!(
                "Puts one line into {}, \"credsStore\": \"{}\"; all else in it stays as it is.{}",
                words::path(file, home),
                mending::USUAL,
                inline_words(docker)
            ),
        ),
        Mend::NoCredsStore(file) => (
            "Let Docker ask nobody",
            format!(
                "Takes the line \"credsStore\": \"{}\" out of {} again. Docker then keeps new logins there, in clear.",
                mending::USUAL,
                words::path(file, home),
            ),
        ),
    }
}

/// What becomes of the logins that stand in Docker's own file, once it asks a helper.
fn inline_words(docker: Option<&DockerConfig>) -> String {
    let inline = docker.map_or(&[][..], |docker| &docker.inline);
    let named: Vec<_> = inline.iter().take(INLINE_NAMED).map(|one| misplaced::server(one.server.as_bytes())).collect();
    let named = named.join(", ");
    match inline.len() - inline.len().min(INLINE_NAMED) {
        _ if inline.is_empty() => String::new(),
        0 => format!(" Docker no longer reads what is there in clear ({named}): log in again."),
        more => format!(" Docker no longer reads what is there in clear ({named} and {more} more): log in again."),
    }
}
