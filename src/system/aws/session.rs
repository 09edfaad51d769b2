//! One search for keys and what is asked with them: the surroundings, the connections, and what was tried.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::chain::files::Files;
use super::error::Tried;
use crate::system::env::Env;
use crate::system::registry::call::Caller;

/// The end of everything that is asked for one token; a `credential_process`, which may ask a person, has a limit of its own.
const PATIENCE: Duration = Duration::from_secs(60);

/// How credentials are looked for.
#[derive(Clone, Debug)]
pub struct Search<'a> {
    pub env: &'a Env,
    /// A profile that was named for this login; keys in the environment then do not count.
    pub profile: Option<&'a str>,
    /// The wish to stop.
    pub cancel: Arc<AtomicBool>,
}

pub(super) struct Session<'a> {
    pub(super) env: &'a Env,
    pub(super) profile: Option<&'a str>,
    pub(super) cancel: Arc<AtomicBool>,
    pub(super) caller: Caller,
    pub(super) files: Files,
    /// Where services are asked that nothing else says a region for.
    pub(super) region: String,
    pub(super) tried: Vec<Tried>,
}

impl<'a> Session<'a> {
    pub(super) fn new(search: &Search<'a>, region: &str) -> Session<'a> {
        let bundle = search.env.var("AWS_CA_BUNDLE").map(|path| search.env.expand_home(path.as_ref()));
        Session {
            env: search.env,
            profile: search.profile,
            cancel: search.cancel.clone(),
            caller: Caller::new(search.env, bundle, PATIENCE, search.cancel.clone()),
            files: Files::default(),
            region: region.to_owned(),
            tried: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, source: impl Into<String>, why: impl Into<String>) {
        self.tried.push(Tried { source: source.into(), why: why.into() });
    }
}
