//! What lies in a store: whom entries are encrypted to, and what the official helper makes of the folders of Docker's
//! logins. Called through `CHECKS`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::evidence::{Addressed, Evidence, StoreSeen, shown};
use super::super::finding::Severity::{High, Low, Medium};
use super::super::finding::{Answer, Confidence, Finding, Spot};
use super::readers::unread;
use super::{counted, of_stores, of_whole_stores, untold};
use crate::model::{EntryPath, RegistryKey, misplaced, text};
use crate::ops::registries::RegistryLogin;
use crate::system::cipher::{Addressees, Reach};
use crate::system::docker::auth_file::State;
use crate::system::store::layout;

/// The most names and keys told in one finding.
const NAMED_MAX: usize = 3;

pub(super) fn closed(evidence: &Evidence) -> Answer {
    of_whole_stores(evidence, |store| {
        // What is written for others only is theirs.
        let is_ours = |one: &Addressed| {
            let readers = one.readers.and_then(|readers| store.readers.get(readers));
            readers.is_none_or(|readers| readers.readers.iter().any(|seen| seen.own == Some(true)))
        };
        let told = |one: &Addressed| {
            let keys: Vec<&str> = one.front.keys.iter().take(NAMED_MAX).map(String::as_str).collect();
            let title = format!("no key here opens {}: encrypted to {}", these(one), keys.join(", "));
            let fix = "have somebody who can read them encrypt them anew: regpass reencrypt; or log in again";
            Finding::new("STO07", High, title, fix).at(&file(store, one), Spot::Whole)
        };
        let damaged = store.damaged.first().map(|first| {
            let count = counted(store.damaged.len(), "entry is", "entries are");
            let title =
                format!("{count} no encrypted message, and cannot be read by anybody: {} is the first", shown(first));
            let fix = "bring back what was there before: regpass history, regpass restore; or log in again";
            Finding::new("STO07", High, title, fix).at(first, Spot::Whole)
        });
        let found = store.addressed.iter().filter(|one| one.opens == Some(false) && is_ours(one)).map(told);
        let mut answer: Answer = found.chain(damaged).collect();
        // Who is hidden on purpose is not looked for.
        if store.addressed.iter().any(|one| one.opens.is_none() && one.front.hidden == 0) {
            answer.missed.extend(untold(evidence));
        }
        answer
    })
}

pub(super) fn differing(evidence: &Evidence) -> Answer {
    of_whole_stores(evidence, |store| {
        let mut answer = Answer { missed: unread(store).collect(), ..Answer::default() };
        for one in &store.addressed {
            match &one.compared {
                Some(Ok(addressees)) if addressees.differ() == Some(true) => {
                    answer.findings.push(difference(store, one, addressees));
                }
                Some(Err(why)) => answer.missed.push(format!("{}: {why}", these(one))),
                _ => {}
            }
        }
        answer
    })
}

fn difference(store: &StoreSeen, one: &Addressed, addressees: &Addressees) -> Finding {
    let readers = one.readers.and_then(|readers| store.readers.get(readers));
    let left_out: Vec<String> = addressees
        .wanted
        .iter()
        .zip(readers.iter().flat_map(|readers| &readers.readers))
        .filter(|(reach, _)| matches!(reach, Reach::Missed | Reach::ByOlderKey))
        .map(|(_, seen)| text::quoted(seen.recipient.as_str()))
        .collect();
    let strangers: Vec<String> = addressees
        .others
        .iter()
        .map(|other| other.name.as_ref().map_or_else(|| format!("key {}", other.key), |name| format!("\"{name}\"")))
        .collect();
    let mut parts = Vec::new();
    if !left_out.is_empty() {
        parts.push(format!("left out, or written to by an older key: {}", listed(&left_out)));
    }
    if !strangers.is_empty() {
        parts.push(format!("can read and are not named: {}", listed(&strangers)));
    }
    if addressees.by_passphrase {
        parts.push("a passphrase opens it too".to_owned());
    }
    let title = format!("{}: {}", these(one), parts.join("; "));
    let inside = readers.map(|readers| readers.folder.as_os_str()).unwrap_or_default();
    let folder: PathBuf = Path::new(store.mount.as_os_str()).join(inside).components().collect();
    let fix = match folder.as_os_str().is_empty() {
        true => "regpass reencrypt (--dry-run shows what it would do)".to_owned(),
        false => format!("regpass reencrypt {}", misplaced::shell_word(&folder)),
    };
    // Somebody who is not to read it, and can, is worse than somebody who cannot.
    let severity = if strangers.is_empty() { Low } else { Medium };
    let place = readers.and_then(|readers| readers.file.clone()).unwrap_or_else(|| store.root.clone());
    Finding::new("STO08", severity, title, fix).at(&place, Spot::Whole)
}

pub(super) fn strays(evidence: &Evidence) -> Answer {
    let severity = if evidence.stores.is_ours { Low } else { Medium };
    of_stores(evidence, |store| {
        let told = |path: &PathBuf| {
            let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
            let server = layout::registry_of(folder.as_encoded_bytes()).map(|key| misplaced::server(key.as_bytes()));
            let title = "the official helper takes the first name in this folder for the login, whatever it is";
            let governs = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".gpg-id"));
            let fix = match governs {
                // Without it the folder would have other readers.
                true => "have regpass answer, which passes it over: regpass shims install".to_owned(),
                // What is there under that name stays.
                false => format!("move it away: mv -n {} ~/", misplaced::shell_word(path)),
            };
            Finding::new("STO13", severity, title, fix).at(path, Spot::Whole).about(server, None)
        };
        store.strays.iter().filter(|_| store.mount.is_root()).map(told).collect()
    })
}

pub(super) fn misnamed(evidence: &Evidence) -> Answer {
    let severity = if evidence.stores.is_ours { Low } else { High };
    of_stores(evidence, |store| {
        let told = |path: &PathBuf| {
            let title = "its name is no registry's in base64: the official helper then lists no login at all";
            let fix = format!("move it out of {}: mv -n {} ~/", layout::HELPER_FOLDER, misplaced::shell_word(path));
            Finding::new("STO15", severity, title, fix).at(path, Spot::Whole)
        };
        store.misnamed.iter().filter(|_| store.mount.is_root()).map(told).collect()
    })
}

pub(super) fn several(evidence: &Evidence) -> Answer {
    with_logins(evidence, |logins| {
        let mut by_server: BTreeMap<&RegistryKey, Vec<&RegistryLogin>> = BTreeMap::new();
        for login in logins.iter().filter(|login| !layout::is_aside(&login.entry)) {
            by_server.entry(&login.server).or_default().push(login);
        }
        let told = |(server, logins): (&RegistryKey, Vec<&RegistryLogin>)| {
            let official = logins.iter().find(|login| login.official)?;
            let active = logins.iter().find(|login| login.active).unwrap_or(official);
            let name = misplaced::server(server.as_bytes());
            let (severity, says) = match official.login == active.login {
                true => (Medium, format!("both helpers answer {}", active.login.quoted())),
                false => (
                    High,
                    format!(
                        "the official helper answers {}, regpass {}",
                        official.login.quoted(),
                        active.login.quoted()
                    ),
                ),
            };
            let title = format!("{name} has {} logins: {says}, and a logout removes all", logins.len());
            let fix = "keep one: log in as that user again, which puts the others away (regpass registries)";
            let folder = active.file.parent().unwrap_or(&active.file);
            let finding = Finding::new("STO14", severity, title, fix).at(folder, Spot::Whole);
            Some(finding.about(Some(name), Some(active.login.clone())))
        };
        by_server.into_iter().filter(|(_, logins)| logins.len() > 1).filter_map(told).collect()
    })
}

pub(super) fn spellings(evidence: &Evidence) -> Answer {
    with_logins(evidence, |logins| {
        let mut by_name: BTreeMap<&str, BTreeSet<&RegistryKey>> = BTreeMap::new();
        for login in logins.iter().filter(|login| !login.server.is_hub_token()) {
            by_name.entry(&login.canonical).or_default().insert(&login.server);
        }
        let told = |(name, servers): (&str, BTreeSet<&RegistryKey>)| {
            let all: Vec<String> =
                servers.iter().map(|server| text::quoted(misplaced::server(server.as_bytes()))).collect();
            let title = format!("{} has a login each for {}", misplaced::server(name), listed(&all));
            let fix = "keep the one that your clients name, and docker logout the others by the very name";
            let first = logins.iter().find(|login| login.canonical == name);
            let folder = first.and_then(|login| login.file.parent()).unwrap_or(Path::new(""));
            let finding = Finding::new("STO17", Medium, title, fix).at(folder, Spot::Whole);
            finding.about(Some(misplaced::server(name)), None)
        };
        by_name.into_iter().filter(|(_, servers)| servers.len() > 1).map(told).collect()
    })
}

pub(super) fn orphans(evidence: &Evidence) -> Answer {
    let mut mentioned: BTreeSet<String> = BTreeSet::new();
    let mut missed = Vec::new();
    for seen in &evidence.auth {
        match &seen.file.state {
            State::Read(contents) => {
                let held = contents.held.iter().map(|held| &held.server);
                let helpers = contents.cred_helpers.iter().map(|(server, _)| server);
                let all = contents.marks.iter().chain(held).chain(helpers);
                mentioned.extend(all.map(|server| RegistryKey::new(server.as_str()).canonical()));
            }
            State::Absent => {}
            State::Closed(error) => missed.push(error.to_string()),
            State::Broken { .. } => missed.push(format!("{} is not JSON", shown(&seen.file.path))),
        }
    }
    if mentioned.is_empty() && missed.is_empty() {
        return Answer::skipped("no configuration mentions any registry");
    }
    if !missed.is_empty() {
        return Answer { missed, ..Answer::default() };
    }
    with_logins(evidence, |logins| {
        let told = |login: &RegistryLogin| {
            let title = format!(
                "{} at {} is stored, and no client's configuration mentions the registry: nobody may know of it",
                login.login.quoted(),
                text::quoted(misplaced::server(login.server.as_bytes()))
            );
            let server = misplaced::server(login.server.as_bytes());
            let fix = format!("when it is not needed any more: docker logout {}", misplaced::shell_word(&server));
            let finding = Finding::new("STO18", Low, title, fix).at(&login.file, Spot::Whole).with(Confidence::Guess);
            finding.about(Some(server), Some(login.login.clone()))
        };
        let is_orphan = |login: &&RegistryLogin| {
            // What a configuration mentions is known by the name that may be told.
            let told = RegistryKey::new(misplaced::server(login.server.as_bytes())).canonical();
            !login.server.is_hub_token() && !layout::is_aside(&login.entry) && !mentioned.contains(&told)
        };
        logins.iter().filter(is_orphan).map(told).collect()
    })
}

/// What a check says of the logins that the helper sees.
fn with_logins(evidence: &Evidence, look: impl Fn(&[RegistryLogin]) -> Answer) -> Answer {
    match &evidence.stores.logins {
        Some(logins) => {
            let seen: Vec<RegistryLogin> = logins.iter().filter(|login| login.mount.is_root()).cloned().collect();
            look(&seen)
        }
        None => Answer { missed: vec!["the store's logins cannot be listed".to_owned()], ..Answer::default() },
    }
}

/// `"a/b"`, `3 entries ("a/b" first)`.
fn these(one: &Addressed) -> String {
    let first = one.first.first().map(EntryPath::as_bytes).unwrap_or_default();
    match one.count {
        1 => text::quoted(first),
        count => format!("{count} entries ({} first)", text::quoted(first)),
    }
}

fn file(store: &StoreSeen, one: &Addressed) -> PathBuf {
    one.first.first().map_or_else(|| store.root.clone(), |entry| entry.file(&store.root))
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    let shown: Vec<&str> = names.iter().take(NAMED_MAX).map(String::as_str).collect();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}
