//! Stored logins tried at their registries, as Docker would find them: read one after the other, so that a passphrase is
//! asked for once, then tried side by side, each reported as it ends. What a registry answered is `system/registry`'s; here
//! is which logins, in what order, and what is advised for the kind of registry. Prints nothing.

mod conditions;
mod known;
mod sources;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub use sources::Source;

use super::last_checks::{self, LastCheck};
use super::progress::Cancel;
use super::registries::RegistryKind;
use crate::model::{Credential, Login, Problem, RegistryKey, misplaced};
use crate::system::System;
use crate::system::registry::address::Address;
use crate::system::registry::checked::Checked;
use crate::system::registry::outcome::{EXIT_UNKNOWN, Evidence, LoginOutcome};
pub use crate::system::registry::pulls::Pulls;
use crate::system::registry::{Conditions, try_login};

/// How many registries are asked at once where nobody says: more than most machines have logins, because a thread only waits,
/// and so all of them take no longer than the slowest one.
pub const JOBS: usize = 64;

/// How often the wish to stop is looked at.
const TICK: Duration = Duration::from_millis(100);

/// How long those that are on their way get to end when it is called off.
const ENDING: Duration = Duration::from_millis(800);

/// A difference of clocks that explains a certificate's dates, in seconds.
const SKEW_TELLING: i64 = 3600;

/// What is tried, and how.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Any spelling; empty means all that have a login.
    pub registries: Vec<RegistryKey>,
    /// All the time that one registry has.
    pub timeout: Duration,
    pub jobs: usize,
    /// Logins may go over plain HTTP.
    pub plain_http: bool,
    /// Where everybody gets a token, somebody made up is sent too.
    pub strict: bool,
    /// Docker Hub is asked how many pulls are left.
    pub rate_limit: bool,
    /// What each login that is accepted shall be let into.
    pub repository: Option<Pulls>,
    /// Below this folder lies `/etc`; `/` but in tests.
    pub machine: PathBuf,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted {
            registries: Vec::new(),
            timeout: Conditions::TIMEOUT,
            jobs: JOBS,
            plain_http: false,
            strict: false,
            rate_limit: false,
            repository: None,
            machine: PathBuf::from("/"),
        }
    }
}

/// One login and what came of it.
#[derive(Clone, Debug)]
pub struct Tested {
    /// The registry's one name, without what may be a secret in it.
    pub registry: String,
    pub kind: RegistryKind,
    pub source: Source,
    /// None where nobody can tell.
    pub user: Option<Login>,
    pub checked: Checked,
}

/// Tries them, by name of registry; `each` is told of every one as it ends. Err where it cannot even begin.
pub fn run(
    system: &System,
    wanted: &Wanted,
    cancel: &Cancel,
    mut each: impl FnMut(&Tested),
) -> Result<Vec<Tested>, Problem> {
    // Its registries have real names: they would see logins that fail, of users that may be somebody's.
    if system.options.demo.is_some() {
        return Err(Problem::failed("the demo's logins are made up, so no registry is asked about them")
            .hint("leave the demo, then: regpass test"));
    }
    let mut conditions = conditions::of(system, &wanted.machine);
    conditions.timeout = wanted.timeout;
    conditions.plain_http = wanted.plain_http;
    conditions.strict = wanted.strict;
    conditions.cancel = cancel.flag();
    let mut ended = Vec::new();
    let mut jobs = VecDeque::new();
    for found in sources::find(system, &wanted.registries, cancel)? {
        let name = found.name.clone();
        let shell =
            Shell { registry: misplaced::server(&name), kind: found.kind, source: found.source, notes: found.notes };
        let expiry = found.expires;
        let tested = match found.credential {
            Err((outcome, problem)) => {
                let mut checked = Checked::before_the_network(outcome, problem.one_line());
                if let Some(hint) = problem.all_hints().next() {
                    checked.advice = Some(hint.clone());
                }
                shell.tested(found.user, checked)
            }
            Ok(credential) => match Address::of(&found.server) {
                Err(error) => {
                    shell.tested(found.user, Checked::before_the_network(LoginOutcome::BadAddress, error.to_string()))
                }
                Ok(address) => {
                    let of_the_hub = (wanted.rate_limit && found.kind == RegistryKind::Hub).then(Pulls::of_the_hub);
                    let pulls = wanted.repository.clone().or(of_the_hub);
                    jobs.push_back(Job { index: jobs.len(), address, credential, shell, expiry, pulls });
                    continue;
                }
            },
        };
        each(&tested);
        ended.push(tested);
    }
    side_by_side(jobs, wanted.jobs, conditions, cancel, &mut |tested| {
        each(&tested);
        ended.push(tested);
    });
    blame_the_clock(&mut ended);
    ended.sort_by(|a, b| a.registry.cmp(&b.registry));
    Ok(ended)
}

/// Remembers what came of them, for the lists of registries.
pub fn remember(system: &System, all: &[Tested]) -> Result<(), Problem> {
    let now = system.env.now();
    let results = all
        .iter()
        .filter_map(|one| LastCheck::of(&one.registry, one.user.as_ref(), one.source.word()?, &one.checked, now));
    last_checks::remember(system, results.collect())
}

/// What asks one registry about a login that is not kept yet.
pub fn asker(
    system: &System,
    machine: &Path,
    cancel: &Cancel,
    timeout: Option<Duration>,
) -> impl Fn(&RegistryKey, &Credential) -> Checked + use<> {
    let mut conditions = conditions::of(system, machine);
    conditions.timeout = timeout.unwrap_or(conditions.timeout);
    conditions.cancel = cancel.flag();
    move |key, credential| {
        let mut checked = match Address::of(key) {
            Ok(address) => try_login(&address, credential, &conditions),
            Err(error) => Checked::before_the_network(LoginOutcome::BadAddress, error.to_string()),
        };
        let name = key.canonical();
        if let Some(advice) = known::advice(RegistryKind::of(&name), checked.outcome, &misplaced::server(&name)) {
            checked.advice = Some(advice);
        }
        checked
    }
}

/// What is known of a login without its secret.
#[derive(Clone)]
struct Shell {
    registry: String,
    kind: RegistryKind,
    source: Source,
    notes: Vec<String>,
}

impl Shell {
    fn tested(self, user: Option<Login>, mut checked: Checked) -> Tested {
        checked.notes.splice(0..0, self.notes);
        if let Some(advice) = known::advice(self.kind, checked.outcome, &self.registry) {
            checked.advice = Some(advice);
        }
        let user = user.filter(Login::is_showable);
        Tested { registry: self.registry, kind: self.kind, source: self.source, user, checked }
    }
}

/// The credential moves into the thread that tries it, and dies there.
struct Job {
    index: usize,
    address: Address,
    credential: Credential,
    shell: Shell,
    expiry: Option<crate::system::registry::checked::Expiry>,
    pulls: Option<Pulls>,
}

impl Job {
    fn run(self, conditions: &Conditions) -> (usize, Tested) {
        let mut conditions = conditions.clone();
        conditions.pulls = self.pulls;
        let mut checked = try_login(&self.address, &self.credential, &conditions);
        checked.expires = checked.expires.or(self.expiry);
        (self.index, self.shell.tested(Some(self.credential.login), checked))
    }
}

/// Not scoped: whoever calls it off does not wait for a connection that takes its time.
fn side_by_side(
    jobs: VecDeque<Job>,
    threads: usize,
    conditions: Conditions,
    cancel: &Cancel,
    each: &mut dyn FnMut(Tested),
) {
    let mut waiting: Vec<Option<(Shell, Login)>> =
        jobs.iter().map(|job| Some((job.shell.clone(), job.credential.login.clone()))).collect();
    let threads = threads.max(1).min(jobs.len());
    let (queue, conditions) = (Arc::new(Mutex::new(jobs)), Arc::new(conditions));
    let (sender, answers) = channel();
    for _ in 0..threads {
        let (queue, conditions, sender) = (queue.clone(), conditions.clone(), sender.clone());
        thread::spawn(move || work(&queue, &conditions, &sender));
    }
    drop(sender);
    let mut patience: Option<Duration> = None;
    while waiting.iter().any(Option::is_some) {
        match answers.recv_timeout(TICK) {
            Ok((index, tested)) => {
                if let Some(slot) = waiting.get_mut(index) {
                    *slot = None;
                }
                each(tested);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                if cancel.is_called_off() {
                    let left = patience.unwrap_or(ENDING);
                    if left.is_zero() {
                        break;
                    }
                    patience = Some(left.saturating_sub(TICK));
                }
            }
        }
    }
    // What did not end was called off, or its thread ended on an answer that broke a library.
    let outcome = if cancel.is_called_off() { LoginOutcome::CalledOff } else { LoginOutcome::HostileAnswer };
    for (shell, login) in waiting.into_iter().flatten() {
        each(shell.tested(Some(login), Checked::before_the_network(outcome, "the test did not come to its end")));
    }
}

fn work(queue: &Mutex<VecDeque<Job>>, conditions: &Conditions, sender: &Sender<(usize, Tested)>) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(job) = next else { return };
        if sender.send(job.run(conditions)).is_err() {
            return;
        }
    }
}

/// A certificate whose dates are wrong cannot tell the time; where other registries say that this machine's clock is off, it
/// is the clock.
fn blame_the_clock(all: &mut [Tested]) {
    let skew = all.iter().filter_map(|one| one.checked.skew).max_by_key(|skew| skew.abs());
    let Some(skew) = skew.filter(|skew| skew.abs() >= SKEW_TELLING) else { return };
    for one in all {
        let checked = &mut one.checked;
        if matches!(checked.outcome, LoginOutcome::TlsExpired | LoginOutcome::TlsNotYetValid) {
            checked.outcome = LoginOutcome::ClockSkew;
            let way = if skew > 0 { "behind" } else { "ahead" };
            checked.message =
                format!("{}; by other registries this machine's clock is {} s {way}", checked.message, skew.abs());
            checked.advice = Some(LoginOutcome::ClockSkew.class().advice.to_owned());
        }
    }
}

/// What all of them come to, for an exit code: docs/outcomes.md.
pub fn exit_code(all: &[Tested]) -> u8 {
    let exits: Vec<u8> = all.iter().map(|one| one.checked.outcome.class().exit).collect();
    [130, 10, 11, 3].into_iter().find(|code| exits.contains(code)).unwrap_or(0)
}

/// The same where what is not proved is not enough.
pub fn strict_exit_code(all: &[Tested]) -> u8 {
    let is_proved = |one: &Tested| one.checked.evidence == Some(Evidence::Proved);
    match exit_code(all) {
        0 if !all.iter().all(is_proved) => EXIT_UNKNOWN,
        code => code,
    }
}

#[cfg(test)]
mod trials;
