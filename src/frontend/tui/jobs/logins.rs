//! Stored logins tried at their registries, each told as it ends. Called by `jobs.rs` alone.

use std::time::SystemTime;

use super::super::watch::Watch;
use crate::model::{Login, Problem, RegistryKey};
use crate::ops::last_checks::LastChecks;
use crate::system::System;
use crate::system::registry::checked::Checked;

/// Why no registry can be asked; None where one can.
pub(in super::super) const CANNOT: Option<&str> =
    if cfg!(feature = "net") { None } else { Some("this build of regpass cannot ask registries") };

#[derive(Debug)]
pub(in super::super) enum Job {
    /// Of these registries; none named: of all that have one.
    Test(Vec<RegistryKey>),
}

#[derive(Debug)]
pub(in super::super) enum Report {
    /// One has ended, others have not.
    One(Tried),
    All {
        tried: Vec<Tried>,
        /// All that is remembered now.
        known: LastChecks,
        /// Why the results are not remembered.
        doubt: Option<Problem>,
    },
}

/// A login that was tried. No secret is in it.
#[derive(Clone, Debug)]
pub(in super::super) struct Tried {
    /// The registry's one name, without what may be a secret in it.
    pub(in super::super) registry: String,
    pub(in super::super) user: Option<Login>,
    pub(in super::super) when: SystemTime,
    pub(in super::super) checked: Checked,
}

impl Job {
    #[cfg(not(feature = "net"))]
    pub(in super::super) fn run(self, _: &System, _: &Watch<'_>) -> Result<Report, Problem> {
        Err(Problem::failed(CANNOT.unwrap_or_default()))
    }

    #[cfg(feature = "net")]
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Report, Problem> {
        use crate::ops::last_checks;
        use crate::ops::login_check::{self, Tested, Wanted};

        let Job::Test(registries) = self;
        let tried = |one: &Tested| Tried {
            registry: one.registry.clone(),
            user: one.user.clone(),
            when: system.env.now(),
            checked: one.checked.clone(),
        };
        let wanted = Wanted { registries, ..Wanted::default() };
        let all = login_check::run(system, &wanted, watch.cancel(), |one| {
            watch.found(super::Report::Logins(Report::One(tried(one))));
        })?;
        let doubt = login_check::remember(system, &all).err();
        Ok(Report::All { tried: all.iter().map(tried).collect(), known: last_checks::read(system).0, doubt })
    }
}
