//! What group WIN judges: what was logged out, by the helper's journal, and since when what is still there is there; and what
//! deployment windows are open, or over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::AuthSeen;
use crate::model::{RegistryKey, utc};
use crate::ops::deadline;
use crate::ops::registries::Registries;
use crate::system::System;
use crate::system::files;
use crate::system::journal;

#[derive(Debug, Default)]
pub struct WindowSeen {
    /// Logouts without a login to that registry since.
    pub erased: Vec<Erased>,
    /// Logins of the store that the helper sees.
    pub logins: Vec<Kept>,
    /// When the files with logins were changed last: UTC, RFC 3339.
    pub files: BTreeMap<PathBuf, String>,
    /// Why nobody knows what was logged out.
    pub untold: Option<String>,
    /// `windows-only` in config.toml: no login is to be there outside of a window.
    pub windows_only: bool,
    /// Registries with an open window, by name.
    pub open: BTreeSet<String>,
    /// Registries whose windows are over and have not been closed, and what is said of them, escaped.
    pub over: Vec<(String, String)>,
    /// Records of windows that cannot be read, and why, escaped.
    pub damaged: Vec<(PathBuf, String)>,
}

/// A logout that the helper was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// As it was asked for.
    pub server: RegistryKey,
    /// UTC, RFC 3339.
    pub time: String,
}

/// A login that is there.
#[derive(Clone, Debug)]
pub struct Kept {
    pub server: RegistryKey,
    pub file: PathBuf,
    /// When it was written: UTC, RFC 3339.
    pub time: String,
}

pub(super) fn gather(system: &System, auth: &[AuthSeen], listed: Option<&Registries>) -> WindowSeen {
    let mut seen = WindowSeen::default();
    match journal::read(&system.options.state_dir) {
        Ok(records) => {
            let store = system.stores().ok().map(|stores| stores.root().root().to_owned());
            let store = store.map(|store| journal::safe_text(store.as_os_str().as_encoded_bytes()));
            // Another store's logouts are nothing to this one.
            let own = records.calls.iter().filter(|call| call.store.is_none() || call.store == store);
            seen.erased = erased(own);
            if records.calls.is_empty() {
                let why = if system.options.journal { "it is empty" } else { "it is off" };
                seen.untold = Some(format!("no logout is in the journal of helper calls: {why}"));
            }
        }
        Err(error) => seen.untold = Some(error.to_string()),
    }
    gather_windows(system, &mut seen);
    let logins = listed.into_iter().flat_map(|found| &found.logins).filter(|login| login.mount.is_root());
    seen.logins = logins
        .map(|login| Kept {
            server: login.server.clone(),
            file: login.file.clone(),
            time: utc::rfc3339(login.modified),
        })
        .collect();
    let files = auth.iter().filter(|seen| seen.holds_secrets()).map(|seen| &seen.file.path);
    seen.files = files.filter_map(|path| Some((path.clone(), utc::rfc3339(files::modified(path)?)))).collect();
    seen
}

fn gather_windows(system: &System, seen: &mut WindowSeen) {
    let (all, now) = (deadline::all(system), system.env.unstopped());
    seen.windows_only = system.options.windows_only;
    let open = all.windows.iter().filter(|one| one.over.is_none());
    seen.open = open.map(|one| one.record.registry.clone()).collect();
    seen.over = all.left.iter().map(|(registry, why)| (registry.clone(), why.words(now))).collect();
    seen.damaged = all.damaged;
}

/// Logouts after which nobody logged in to the registry again, oldest first.
fn erased<'a>(calls: impl Iterator<Item = &'a journal::Call>) -> Vec<Erased> {
    // By registry and spelling, with the place in the journal.
    let mut open: BTreeMap<String, BTreeMap<RegistryKey, (usize, &str)>> = BTreeMap::new();
    for (number, call) in calls.enumerate() {
        let Some(server) = call.server.as_ref().filter(|server| *server != journal::MASK) else { continue };
        let server = RegistryKey::new(server.as_bytes());
        match (call.action.as_str(), call.outcome.as_str()) {
            ("store", "stored" | "unchanged") => drop(open.remove(&server.canonical())),
            ("erase", _) => {
                open.entry(server.canonical()).or_default().insert(server, (number, &call.time));
            }
            _ => {}
        }
    }
    let mut erased: Vec<_> = open.into_values().flatten().collect();
    erased.sort_by_key(|(_, (number, _))| *number);
    erased.into_iter().map(|(server, (_, time))| Erased { server, time: time.to_owned() }).collect()
}
