//! Group STO: the password store that Docker's logins are kept in: can those who should read it, nobody else change it,
//! and does the official helper find its way in it. Ids as in the catalogue (docs/checks.md). Who reads is `readers`, what
//! lies in it `entries`, the folder and git `folders`.

mod entries;
mod folders;
mod readers;

pub(super) use readers::unread;

use super::Check;
use super::evidence::{Evidence, StoreSeen};
use super::finding::Answer;
use super::finding::Severity::{Critical, High, Low, Medium};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "STO01",
        title: "nobody is named who may read Docker's logins",
        severity: High,
        look: readers::unnamed,
    },
    Check { id: "STO02", title: "a recipient's public key is not here", severity: High, look: readers::missing },
    Check { id: "STO03", title: "a recipient's key cannot be used any more", severity: High, look: readers::unusable },
    Check { id: "STO04", title: "nobody vouches for a recipient's key", severity: Medium, look: readers::unvouched },
    Check { id: "STO05", title: "a recipient's name may mean another key", severity: Medium, look: readers::ambiguous },
    Check { id: "STO06", title: "no secret key here opens what is stored", severity: Critical, look: readers::no_key },
    Check { id: "STO07", title: "entries that no key here opens", severity: High, look: entries::closed },
    Check {
        id: "STO08",
        title: "entries are not encrypted to their folder's recipients",
        severity: Medium,
        look: entries::differing,
    },
    Check {
        id: "STO09",
        title: "the store is to stay here and has a git remote",
        severity: Medium,
        look: folders::remote,
    },
    Check { id: "STO10", title: "git has something unfinished in the store", severity: Medium, look: folders::git },
    Check { id: "STO11", title: "others can get at the store's files", severity: Medium, look: folders::modes },
    Check {
        id: "STO12",
        title: "others can say who may read: .gpg-id is open or unsigned",
        severity: High,
        look: readers::open_files,
    },
    Check { id: "STO13", title: "a registry's folder holds what is no login", severity: Medium, look: entries::strays },
    Check { id: "STO14", title: "a registry has more than one login", severity: High, look: entries::several },
    Check {
        id: "STO15",
        title: "a folder of Docker's logins is no registry's",
        severity: High,
        look: entries::misnamed,
    },
    Check {
        id: "STO17",
        title: "a registry has logins under several names",
        severity: Medium,
        look: entries::spellings,
    },
    Check { id: "STO18", title: "no configuration mentions a stored login", severity: Low, look: entries::orphans },
];

/// What a check says of every store that is there.
fn of_stores(evidence: &Evidence, look: impl Fn(&StoreSeen) -> Answer) -> Answer {
    let stores = &evidence.stores;
    if let Some(fault) = &stores.fault {
        return Answer { missed: vec![fault.clone()], ..Answer::default() };
    }
    if !stores.is_used() {
        return Answer::skipped("no password store is here");
    }
    let mut answer = Answer::default();
    stores.stores.iter().filter(|store| store.exists).for_each(|store| answer.add(look(store)));
    answer
}

/// The same, where it matters that everything could be looked at.
fn of_whole_stores(evidence: &Evidence, look: impl Fn(&StoreSeen) -> Answer) -> Answer {
    of_stores(evidence, |store| {
        let mut answer = look(store);
        answer.missed.extend(store.missed.iter().cloned());
        answer
    })
}

/// Why nobody can tell whether a secret key is here.
fn untold(evidence: &Evidence) -> Vec<String> {
    let why = evidence.gnupg.untold();
    match why.is_empty() {
        true => vec!["whether a recipient's secret key is here cannot be told: by its kind, or by its file".to_owned()],
        false => why,
    }
}

/// `1 entry`, `3 entries`.
fn counted(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}
