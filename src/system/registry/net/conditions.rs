//! How registries are asked: what one call of `try_login` goes by beside the login.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant, SystemTime};

use super::address::Address;
use super::attempt::Attempt;
use super::certs::Trust;
use super::checked::Checked;
use super::insecure::Insecure;
use super::proxies::Proxies;
use super::pulls::Pulls;
use crate::model::Credential;
use crate::system::env::Env;

/// How registries are asked; one value for as many as are asked together.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// All the time that one check has.
    pub timeout: Duration,
    pub insecure: Insecure,
    /// Somebody said that logins may go over plain HTTP.
    pub plain_http: bool,
    /// Where everybody gets a token, ask for one as somebody made up too.
    pub strict: bool,
    /// Once the login is accepted: look into this repository with it.
    pub pulls: Option<Pulls>,
    pub proxies: Proxies,
    pub trust: Arc<Trust>,
    /// The wish to stop; looked at several times a second.
    pub cancel: Arc<AtomicBool>,
    now: SystemTime,
    taken: Instant,
}

impl Conditions {
    /// Docker's own time limit (docker `registry/auth.go`).
    pub const TIMEOUT: Duration = Duration::from_secs(15);

    pub fn new(env: &Env, insecure: Insecure, proxies: Proxies, trust: Arc<Trust>) -> Conditions {
        Conditions {
            timeout: Conditions::TIMEOUT,
            insecure,
            plain_http: false,
            strict: false,
            pulls: None,
            proxies,
            trust,
            cancel: Arc::default(),
            now: env.unstopped(),
            taken: Env::clock(),
        }
    }

    /// This machine's clock.
    pub(super) fn now(&self) -> SystemTime {
        self.now + Env::clock().duration_since(self.taken)
    }
}

/// Asks the registry whether it takes the login. Ends within `Conditions::timeout`, whatever the other side does.
pub fn try_login(address: &Address, credential: &Credential, conditions: &Conditions) -> Checked {
    // Reading what the system trusts takes a while once, and is not the registry's fault.
    conditions.trust.read_system();
    Attempt::new(address, credential, conditions).run()
}
