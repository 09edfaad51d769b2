//! What the record of a deployment window says of a registry's login now: usable, or over and why. A record can only take a
//! login away, never give one: what it does not name goes on working, and where it cannot be read the registry that it is
//! named for has no login. Whoever hands out logins asks here (the credential helper); windows are opened and closed in
//! `ops/window`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::model::registry_key::HUB_NAME;
use crate::model::{Problem, RegistryKey, age, text, utc};
use crate::system::System;
use crate::system::runner::Life;
use crate::system::windows::{self, Hold, Record};

/// Why a window's login is not to be used any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Over {
    /// Its time is up.
    Ended(SystemTime),
    /// It was closed, and that its login is gone is not proved.
    Closed,
    /// The command that it was opened for is gone, killed or with the machine.
    Killed(u32),
    /// It was opened at a time that is still to come.
    ClockSetBack(SystemTime),
    /// Its record cannot be read.
    Unreadable(String),
}

impl Over {
    /// For programs.
    pub fn id(&self) -> &'static str {
        match self {
            Over::Ended(_) => "ended",
            Over::Closed => "closed",
            Over::Killed(_) => "killed",
            Over::ClockSetBack(_) => "clock",
            Over::Unreadable(_) => "unreadable",
        }
    }

    /// What is said of the window.
    pub fn words(&self, now: SystemTime) -> String {
        match self {
            Over::Ended(until) => format!("ended {} ({})", age::long(now, *until), minute(*until)),
            Over::Closed => "was closed, and that its login is gone is not proved".to_owned(),
            Over::Killed(pid) => format!("ended with its command: process {pid} was killed, or the machine went down"),
            Over::ClockSetBack(opened) => {
                format!(
                    "counts as over: it was opened at {}, and the clock says that this is still to come",
                    minute(*opened)
                )
            }
            Over::Unreadable(why) => format!("counts as over: {why}"),
        }
    }
}

/// `2026-11-22 06:30 UTC`.
pub fn minute(time: SystemTime) -> String {
    let text = utc::rfc3339(time);
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// A time in a record.
pub fn time(seconds: u64) -> SystemTime {
    // What somebody wrote there may be more than a time can be.
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Why this window is over; None: it is open.
pub fn over(hold: &Hold, now: SystemTime) -> Option<Over> {
    let (opened, until) = (time(hold.opened), time(hold.until));
    if hold.closed {
        return Some(Over::Closed);
    }
    if let Some(runner) = &hold.runner
        && runner.life() == Life::Gone
    {
        return Some(Over::Killed(runner.pid));
    }
    if now >= until {
        return Some(Over::Ended(until));
    }
    (now < opened).then_some(Over::ClockSetBack(opened))
}

/// Whether the login of this registry may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Until then, at the longest.
    Open(SystemTime),
    Over(Over),
    /// It was there before the window and is no window's.
    Stays,
}

/// By its windows: as long as one of them is open.
pub fn standing(record: &Record, now: SystemTime) -> Standing {
    if !record.own {
        return Standing::Stays;
    }
    let open = record.holds.iter().filter(|hold| over(hold, now).is_none());
    if let Some(until) = open.map(|hold| hold.until).max() {
        return Standing::Open(time(until));
    }
    // What ended last says most.
    let last = record.holds.iter().max_by_key(|hold| hold.until);
    Standing::Over(last.and_then(|hold| over(hold, now)).unwrap_or(Over::Closed))
}

/// The registry that a server string means; Docker Hub's tokens go with its login.
fn registry(key: &RegistryKey) -> String {
    if key.is_hub_token() { HUB_NAME.to_owned() } else { key.canonical() }
}

/// Why a `get` of this key must not be answered though there may be a login; None almost always, for one look at a folder
/// that is not there.
pub fn closed(system: &System, key: &RegistryKey) -> Option<Problem> {
    let store = system.stores().ok()?.root().root();
    let registry = registry(key);
    let now = system.env.unstopped();
    let why = match windows::look(&system.options.state_dir, store, &registry) {
        Ok(None) => return None,
        Ok(Some(record)) => match standing(&record, now) {
            Standing::Over(why) => why,
            Standing::Open(_) | Standing::Stays => return None,
        },
        Err(error) => Over::Unreadable(error.to_string()),
    };
    Some(told(&registry, &why, now))
}

/// That a login is not handed out, and what to do.
fn told(registry: &str, why: &Over, now: SystemTime) -> Problem {
    let word = text::shell_word(std::path::Path::new(registry));
    Problem::failed(format!("the window at {} {}", text::quoted(registry), why.words(now)))
        .hint(format!("log out there: regpass window close {word}"))
        .hint(format!("log in for a while again: regpass window open {word}"))
}

/// Takes the logins away that `closed` would not answer.
pub fn without_closed<T>(system: &System, logins: &mut Vec<(RegistryKey, T)>) {
    let state = &system.options.state_dir;
    // The usual case costs one look.
    if state.join(windows::FOLDER).symlink_metadata().is_ok() {
        logins.retain(|(key, _)| closed(system, key).is_none());
    }
}

/// A login was stored: where the registry's windows are over it is none of theirs. True when a record was taken away. During a
/// window it is the window's, and goes with it.
pub fn renewed(system: &System, key: &RegistryKey) -> Result<bool, Problem> {
    if closed(system, key).is_none() {
        return Ok(false);
    }
    let (store, registry) = (system.stores()?.root().root(), registry(key));
    let held = windows::hold(&system.options.state_dir, system.env.uid())?;
    match held.look(store, &registry) {
        Ok(Some(record)) if matches!(standing(&record, system.env.unstopped()), Standing::Over(_)) => {
            held.remove(store, &registry)?;
        }
        Ok(_) => return Ok(false),
        Err(_) => drop(held.put_aside(store, &registry)?),
    }
    Ok(true)
}

/// One window at one registry.
#[derive(Clone, Debug)]
pub struct Seen {
    pub record: Record,
    pub hold: Hold,
    /// None: open.
    pub over: Option<Over>,
}

impl Seen {
    pub fn opened(&self) -> SystemTime {
        time(self.hold.opened)
    }

    pub fn until(&self) -> SystemTime {
        time(self.hold.until)
    }

    /// As it was seen, and by the clock since.
    pub fn over_at(&self, now: SystemTime) -> Option<Over> {
        self.over.clone().or_else(|| (now >= self.until()).then(|| Over::Ended(self.until())))
    }
}

/// All windows of the store, by registry, and the records that cannot be read.
#[derive(Clone, Debug, Default)]
pub struct AllSeen {
    pub windows: Vec<Seen>,
    /// Where, and why, escaped.
    pub damaged: Vec<(PathBuf, String)>,
    /// Registries of which a login is left that no open window has, and why.
    pub left: BTreeMap<String, Over>,
}

impl AllSeen {
    /// Nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.damaged.is_empty()
    }

    /// One line a registry, for those who look at other things too: what is open, and (false) what is over and left a login.
    pub fn lines(&self, now: SystemTime) -> Vec<(bool, String)> {
        let name = |seen: &Seen| text::escaped(seen.record.registry.as_bytes()).into_owned();
        let one = |seen: &Seen| match seen.over_at(now) {
            None => Some((true, format!("{} open for {} more", name(seen), age::left(now, seen.until())))),
            Some(why) if self.is_left(seen, &why, now) => {
                Some((false, format!("the window at {} {}", name(seen), why.words(now))))
            }
            Some(_) => None,
        };
        let mut lines: Vec<_> = self.windows.iter().filter_map(one).collect();
        lines.extend(self.damaged.iter().map(|(_, why)| (false, format!("a window's record cannot be read: {why}"))));
        lines.dedup();
        lines
    }

    /// Whether what this window left is what is told of its registry.
    fn is_left(&self, seen: &Seen, why: &Over, now: SystemTime) -> bool {
        let same = |other: &&Seen| other.record.registry == seen.record.registry;
        match self.left.get(&seen.record.registry) {
            Some(told) => told == why,
            // It ended since somebody looked.
            None => seen.record.own && self.windows.iter().filter(same).all(|other| other.over_at(now).is_some()),
        }
    }

    /// The open one that ends first.
    pub fn next_end(&self) -> Option<&Seen> {
        self.windows.iter().filter(|seen| seen.over.is_none()).min_by_key(|seen| seen.hold.until)
    }
}

pub fn all(system: &System) -> AllSeen {
    let Ok(stores) = system.stores() else { return AllSeen::default() };
    let now = system.env.unstopped();
    let listed = windows::list(&system.options.state_dir, stores.root().root());
    let damaged = listed.damaged.into_iter().map(|(path, error)| (path, error.to_string())).collect();
    let mut seen = AllSeen { damaged, ..AllSeen::default() };
    for record in listed.records.into_values() {
        if let Standing::Over(why) = standing(&record, now) {
            seen.left.insert(record.registry.clone(), why);
        }
        let holds = record.holds.iter();
        let holds = holds.map(|hold| Seen { record: record.clone(), hold: hold.clone(), over: over(hold, now) });
        seen.windows.extend(holds);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Credential, Login};
    use crate::ops::credentials::CredentialStore;
    use crate::ops::double::{Bench, secret};
    use crate::system::runner::Runner;

    const HOUR: u64 = 3600;

    fn now(bench: &Bench) -> u64 {
        bench.system.env.unstopped().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
    }

    fn hold(opened: u64, until: u64) -> Hold {
        let docker_config = "/d".into();
        Hold { window: "w".to_owned(), opened, until, docker_config, made: None, runner: None, closed: false }
    }

    fn put(bench: &Bench, registry: &str, own: bool, holds: Vec<Hold>) {
        let mut record = Record::new(registry, &bench.root(), None, "store", own);
        record.holds = holds;
        let held = windows::hold(&bench.system.options.state_dir, bench.system.env.uid()).expect("held");
        held.put(&record).expect("written");
    }

    fn why(bench: &Bench, server: &str) -> Option<String> {
        closed(&bench.system, &RegistryKey::new(server)).map(|problem| problem.message)
    }

    #[test]
    fn a_window_is_over_at_its_end_and_where_nobody_keeps_it() {
        let bench = Bench::new();
        assert_eq!(why(&bench, "h.test"), None);
        let now = now(&bench);
        let gone = Runner { started: 1, ..Runner::own().expect("a process") };
        let open = || hold(now - 1, now + HOUR);
        for (holds, wanted) in [
            (vec![open()], None),
            (vec![hold(now - HOUR, now - 1)], Some("ended just now")),
            (vec![hold(now + HOUR, now + 2 * HOUR)], Some("still to come")),
            (vec![hold(now - 1, u64::MAX)], Some("ended")),
            (vec![Hold { runner: Runner::own(), ..open() }], None),
            (vec![Hold { runner: Some(gone.clone()), ..open() }], Some("was killed")),
            (vec![Hold { closed: true, ..open() }], Some("is not proved")),
            (vec![Hold { closed: true, ..open() }, open()], None),
            (vec![Hold { runner: Some(gone), ..open() }, hold(now - HOUR, now)], Some("was killed")),
        ] {
            put(&bench, "h.test", true, holds.clone());
            let told = why(&bench, "https://H.test/v2/");
            assert_eq!(told.is_some(), wanted.is_some(), "{holds:?}: {told:?}");
            assert!(told.unwrap_or_default().contains(wanted.unwrap_or_default()), "{holds:?}");
            assert_eq!(why(&bench, "o.test"), None);
            put(&bench, "h.test", false, holds);
            assert_eq!(why(&bench, "h.test"), None, "what was there before stays");
        }
        put(&bench, "docker.io", true, vec![hold(1, 2)]);
        for server in ["https://index.docker.io/v1/", "docker.io", "https://index.docker.io/v1/access-token"] {
            assert!(why(&bench, server).is_some(), "{server}");
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_closes_its_registry_and_no_other() {
        let bench = Bench::new();
        put(&bench, "h.test", true, vec![hold(1, 2)]);
        let file = windows::file_of(&bench.system.options.state_dir, &bench.root(), "h.test");
        std::fs::write(&file, "{").expect("written");
        assert!(why(&bench, "h.test").is_some_and(|told| told.contains("is not what was written there")));
        assert_eq!(why(&bench, "o.test"), None);
        let seen = all(&bench.system);
        assert!(seen.windows.is_empty() && seen.damaged.len() == 1 && !seen.is_empty(), "{seen:?}");
    }

    #[test]
    fn a_login_stored_after_the_end_is_a_new_one_and_one_stored_before_is_the_window_s() {
        let bench = Bench::new();
        let now = now(&bench);
        let store = || {
            let credential = Credential::new(Login::new("bob"), secret("pw"));
            CredentialStore::new(&bench.system).store(&RegistryKey::new("h.test"), credential).expect("stored")
        };
        put(&bench, "h.test", true, vec![hold(now - HOUR, now + HOUR)]);
        store();
        assert_eq!(all(&bench.system).windows.len(), 1);
        put(&bench, "h.test", true, vec![hold(now - HOUR, now - 1)]);
        let mut logins = vec![(RegistryKey::new("h.test"), ()), (RegistryKey::new("o.test"), ())];
        without_closed(&bench.system, &mut logins);
        assert_eq!(logins.len(), 1);
        assert_eq!(all(&bench.system).left.len(), 1);
        store();
        assert!(why(&bench, "h.test").is_none() && all(&bench.system).is_empty());
        // Also where nobody knows any more whose it was.
        put(&bench, "h.test", true, vec![hold(1, 2)]);
        std::fs::write(windows::file_of(&bench.system.options.state_dir, &bench.root(), "h.test"), "{").expect("it");
        store();
        assert_eq!(why(&bench, "h.test"), None);
    }
}
