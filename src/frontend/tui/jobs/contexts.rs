//! Which login Docker would find, for each context of this machine. From files only. Called by `jobs.rs` alone.

use super::super::watch::Watch;
use crate::model::Problem;
use crate::ops::contexts::{self, Matrix, Scope};
use crate::system::System;

#[derive(Debug)]
pub(in super::super) struct Job {
    /// Every account with a configuration of Docker.
    pub(in super::super) all_users: bool,
}

impl Job {
    pub(in super::super) fn run(self, system: &System, watch: &Watch<'_>) -> Result<Matrix, Problem> {
        watch.hear("reading accounts, sudo's rules, units, cron tables and stores; nothing is decrypted");
        let scope = Scope { all_users: self.all_users, cancel: watch.cancel().clone(), ..Scope::default() };
        let matrix = contexts::matrix(system, &scope, &[]);
        if watch.cancel().is_called_off() { Err(Problem::cancelled("called off")) } else { Ok(matrix) }
    }
}
