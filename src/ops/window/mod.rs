//! Deployment windows: logins that are there for a while. Opened as `ops/login` logs in, closed as it logs out, with proof;
//! what is open is recorded (`system/windows.rs`), so that the end is kept to even where nobody closes (`ops/deadline.rs`).

mod close;
mod config_dir;
mod open;
mod unattended;

pub use close::{Closed, Ended, Which, close, discard};
pub use config_dir::{Folder, prepare as prepare_folder};
pub use open::{One, Opened, Place, Refused, Standing, Taking, Terms, Wanted, open, place};
pub use unattended::{Timer, timers};

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use super::deadline;
use super::read_only;
use crate::model::{Problem, age, text};
use crate::system::System;
use crate::system::windows;

/// How long a window is open where nobody says.
pub const USUAL: Duration = Duration::from_secs(4 * 3600);

/// The longest a window is open: what is to last longer is no window.
pub const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// A length of time as it was typed: at least a second, at most `LONGEST`.
pub fn length(typed: &str) -> Result<Duration, Problem> {
    let Some(length) = age::span(typed) else {
        return Err(Problem::usage(format!("{} is no length of time", text::quoted(typed)))
            .hint("give a number and s, m, h or d, as in 90m, 4h, 1h30m"));
    };
    if length > LONGEST {
        return Err(Problem::usage(format!("{} is longer than a window is open", text::quoted(typed)))
            .hint("give at most 7d; what is to last longer is a login: regpass login"));
    }
    Ok(length)
}

/// Moves the end of open windows by so much; of all registries, or of these. The new end of each, by registry.
pub fn extend(system: &System, registries: &[String], by: Duration) -> Result<Vec<(String, SystemTime)>, Problem> {
    read_only::check(system, &system.options.state_dir)?;
    let store = system.stores()?.root().root();
    let now = system.env.unstopped();
    let latest = seconds(now + LONGEST);
    let held = windows::hold(&system.options.state_dir, system.env.uid())?;
    let listed = windows::list(&system.options.state_dir, store);
    if let Some(unknown) = registries.iter().find(|name| !listed.records.contains_key(*name)) {
        return Err(none_at(unknown));
    }
    let wanted = |name: &String| registries.is_empty() || registries.contains(name);
    let mut moved = Vec::new();
    for mut record in listed.records.into_values().filter(|record| wanted(&record.registry)) {
        let open: Vec<_> = record.holds.iter_mut().filter(|hold| deadline::over(hold, now).is_none()).collect();
        let Some(until) = open.iter().map(|hold| hold.until).max() else { continue };
        let until = until.saturating_add(by.as_secs()).min(latest);
        open.into_iter().for_each(|hold| hold.until = hold.until.saturating_add(by.as_secs()).min(latest));
        held.put(&record)?;
        moved.push((record.registry, deadline::time(until)));
    }
    if moved.is_empty() {
        return Err(Problem::not_found("no window is open here, and what is over is not extended")
            .hint("how one is opened: regpass window --help"));
    }
    Ok(moved)
}

/// The one name of each registry that was typed, once.
pub fn names(typed: &[String]) -> Result<Vec<String>, Problem> {
    let mut known = BTreeSet::new();
    let mut names = Vec::new();
    for one in typed {
        let name = super::registries::name_of(&super::login::key_of(one)?);
        if known.insert(name.clone()) {
            names.push(name);
        }
    }
    Ok(names)
}

fn none_at(registry: &str) -> Problem {
    Problem::not_found(format!("no window is known at {}", text::quoted(registry)))
        .hint("see what is open: regpass window status")
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
