//! Which of the helper's calls are listed: by how they ended, by registry, by user id, each exactly.

use super::calls;
use crate::frontend::tui::theme::Meaning;
use crate::model::{RegistryKey, text};
use crate::ops::registries;
use crate::system::journal::Call;

/// All of what is set has to fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Only {
    ended: Option<Ended>,
    /// Under its canonical name.
    registry: Option<String>,
    uid: Option<u32>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Failed, or found nothing.
    Wrong,
    Failed,
    NotFound,
    Done,
}

impl Ended {
    fn next(now: Option<Ended>) -> Option<Ended> {
        match now {
            None => Some(Ended::Wrong),
            Some(Ended::Wrong) => Some(Ended::Failed),
            Some(Ended::Failed) => Some(Ended::NotFound),
            Some(Ended::NotFound) => Some(Ended::Done),
            Some(Ended::Done) => None,
        }
    }

    fn fits(self, call: &Call) -> bool {
        let (failed, missing) = match calls::outcome(call).1 {
            Meaning::Bad => (true, false),
            Meaning::Warn => (false, true),
            _ => (false, false),
        };
        match self {
            Ended::Wrong => failed || missing,
            Ended::Failed => failed,
            Ended::NotFound => missing,
            Ended::Done => !failed && !missing,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Ended::Wrong => "failed or not found",
            Ended::Failed => "failed",
            Ended::NotFound => "not found",
            Ended::Done => "done",
        }
    }
}

impl Only {
    pub(super) fn fits(&self, call: &Call) -> bool {
        self.ended.is_none_or(|ended| ended.fits(call))
            && self.uid.is_none_or(|uid| uid == call.uid)
            && self.registry.as_ref().is_none_or(|name| registry(call).as_ref() == Some(name))
    }

    pub(super) fn is_all(&self) -> bool {
        *self == Only::default()
    }

    /// The next way in which calls end.
    pub(super) fn next_end(&mut self) {
        self.ended = Ended::next(self.ended);
    }

    /// The call's registry, or all again.
    pub(super) fn toggle_registry(&mut self, call: &Call) {
        self.registry = if self.registry.is_some() { None } else { registry(call) };
    }

    pub(super) fn toggle_uid(&mut self, call: &Call) {
        self.uid = if self.uid.is_some() { None } else { Some(call.uid) };
    }

    pub(super) fn has_registry(&self) -> bool {
        self.registry.is_some()
    }

    pub(super) fn has_uid(&self) -> bool {
        self.uid.is_some()
    }

    /// What is set, in words, escaped.
    pub(super) fn words(&self) -> String {
        let ended = self.ended.map(|ended| ended.words().to_owned());
        let registry = self.registry.as_ref().map(|name| text::escaped(name.as_bytes()).into_owned());
        let uid = self.uid.map(|uid| format!("uid {uid}"));
        [ended, registry, uid].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn registry(call: &Call) -> Option<String> {
    call.server.as_deref().map(|server| registries::name_of(&RegistryKey::new(server)))
}
