//! Who may read: the recipients files and the keys that they mean. Called through `CHECKS`.

use std::path::Path;

use super::super::evidence::{Evidence, ReaderSeen, ReadersSeen, StoreSeen, shown};
use super::super::finding::Severity::{self, Critical, High, Low, Medium};
use super::super::finding::{Answer, Confidence, Finding, Spot};
use super::{counted, of_stores, of_whole_stores, untold};
use crate::model::{misplaced, text};
use crate::system::keyring::RecipientStanding;

pub(super) fn unnamed(evidence: &Evidence) -> Answer {
    let stores = &evidence.stores;
    let has_logins = stores.logins.as_ref().is_some_and(|logins| logins.iter().any(|login| login.mount.is_root()));
    if let Some(root) = stores.stores.first().filter(|root| !root.exists && stores.is_named && stores.fault.is_none()) {
        let title = "Docker's configuration names a helper that keeps logins in it, and it is not there";
        return [Finding::new("STO01", High, title, init(&root.root)).at(&root.root, Spot::Whole)]
            .into_iter()
            .collect();
    }
    of_stores(evidence, |store| {
        let matters = store.mount.is_root() && (stores.is_named || has_logins);
        let Some(number) = store.of_logins else {
            let title = "there is no .gpg-id for Docker's logins: nothing can be stored";
            let finding = Finding::new("STO01", High, title, init(&store.root)).at(&store.root, Spot::Whole);
            return matters.then_some(finding).into_iter().collect();
        };
        let Some(readers) = store.readers.get(number) else { return Answer::default() };
        let fault = readers.fault.as_ref().filter(|_| matters && !readers.is_signed);
        let finding = fault.map(|fault| {
            let title = format!("it cannot be used, so that no login can be stored: {fault}");
            // "pass init" would write to one key alone what a whole team reads.
            let fix = match &readers.file {
                Some(file) => format!("mend the file, a fingerprint a line, and nobody left out: {}", shown(file)),
                None => "name the recipients' fingerprints in PASSWORD_STORE_KEY".to_owned(),
            };
            Finding::new("STO01", High, title, fix).at(place(store, readers), Spot::Whole)
        });
        finding.into_iter().collect()
    })
}

pub(super) fn missing(evidence: &Evidence) -> Answer {
    with_gnupg(evidence, |store, readers, seen| {
        let is_missing = seen.standing == RecipientStanding::Missing;
        let severity = of_logins(store, readers, High, Medium);
        let title = format!("no public key of {} is here: nothing can be written for them", named(seen));
        let fix = "import it: gpg --import FILE; or take the recipient out: regpass recipients remove";
        is_missing.then(|| Finding::new("STO02", severity, title, fix))
    })
}

pub(super) fn unusable(evidence: &Evidence) -> Answer {
    with_gnupg(evidence, |store, readers, seen| {
        let (what, fix) = match seen.standing {
            RecipientStanding::Expired => {
                ("has expired", "have its owner prolong it, then gpg --import the key again".to_owned())
            }
            RecipientStanding::Revoked => {
                ("is revoked", "take the recipient out: regpass recipients remove; or import their new key".to_owned())
            }
            RecipientStanding::Disabled => ("is disabled in this GnuPG home", enable(seen)),
            RecipientStanding::Unusable => {
                ("cannot encrypt", "have its owner add an encryption subkey, then gpg --import it again".to_owned())
            }
            _ => return None,
        };
        let title = format!("the key of {} {what}: nothing can be written for them", named(seen));
        Some(Finding::new("STO03", of_logins(store, readers, High, Medium), title, fix))
    })
}

pub(super) fn unvouched(evidence: &Evidence) -> Answer {
    let mut answer = with_gnupg(evidence, |_, _, seen| {
        let title =
            format!("nobody here vouches that the key of {} is theirs: gpg refuses to write for them", named(seen));
        let key = seen.fingerprint.as_deref().unwrap_or_default();
        let fix = match seen.own {
            // gpg signs no key by itself.
            Some(true) => format!("it is yours: echo {key}:6: | gpg --import-ownertrust"),
            _ => format!("when it is theirs, say so: gpg --lsign-key {key}"),
        };
        (seen.vouched == Some(false)).then(|| Finding::new("STO04", Medium, title, fix).with(Confidence::Likely))
    });
    answer.missed.extend(evidence.gnupg.keys.trust.iter().filter(|_| answer.skipped.is_none()).cloned());
    answer
}

pub(super) fn ambiguous(evidence: &Evidence) -> Answer {
    with_gnupg(evidence, |_, _, seen| {
        let digits = seen.recipient.hex().map(|hex| hex.len());
        let (severity, why) = match (seen.standing, digits) {
            (RecipientStanding::Ambiguous, _) => (Medium, "means more than one key that is here"),
            (RecipientStanding::Missing, _) => return None,
            (_, Some(8)) => (Medium, "is a key id of 8 digits, of which anybody can make another key"),
            // A group, and what only gpg reads, has no certificate of its own.
            (_, None) if seen.fingerprint.is_some() => (Low, "is a name, which any key can bear"),
            _ => return None,
        };
        let title = format!("{} {why}", text::quoted(seen.recipient.as_str()));
        let fix = match &seen.fingerprint {
            Some(fingerprint) => format!("write the fingerprint that is meant: {fingerprint}"),
            None => "write the fingerprint of the key that is meant".to_owned(),
        };
        Some(Finding::new("STO05", severity, title, fix))
    })
}

pub(super) fn no_key(evidence: &Evidence) -> Answer {
    of_stores(evidence, |store| {
        let readers = store.of_logins.and_then(|number| store.readers.get(number));
        let Some(readers) = readers.filter(|readers| !readers.readers.is_empty()) else { return Answer::default() };
        let own = |what: Option<bool>| readers.readers.iter().any(|seen| seen.own == what);
        if own(Some(true)) {
            return Answer::default();
        }
        if own(None) {
            return Answer { missed: untold(evidence), ..Answer::default() };
        }
        let names: Vec<String> = readers.readers.iter().take(3).map(named).collect();
        let title = format!(
            "the secret key of none of its {} is here ({}): what is stored cannot be read again",
            counted(readers.readers.len(), "recipient", "recipients"),
            names.join(", ")
        );
        let fix = "import your secret key with gpg --import, or name a key that is here: gpg --list-secret-keys";
        [Finding::new("STO06", Critical, title, fix).at(place(store, readers), Spot::Whole)].into_iter().collect()
    })
}

pub(super) fn open_files(evidence: &Evidence) -> Answer {
    of_whole_stores(evidence, |store| {
        let finding = |readers: &ReadersSeen| {
            let path = place(store, readers);
            let by_others = readers.writable.then(|| {
                let title = "others can change it, and so have new logins encrypted to themselves too";
                let folder = path.parent().unwrap_or(&store.root);
                let fix = format!(
                    "make it yours, and chmod go-w {} {}",
                    misplaced::shell_word(folder),
                    misplaced::shell_word(path)
                );
                Finding::new("STO12", High, title, fix).at(path, Spot::Whole)
            });
            let fault = readers.fault.as_ref().filter(|_| readers.is_signed);
            let unsigned = fault.map(|fault| {
                let title =
                    format!("PASSWORD_STORE_SIGNING_KEY asks for its signature, and that does not count: {fault}");
                let fix = format!("look at what changed in it, then gpg --detach-sign {}", misplaced::shell_word(path));
                Finding::new("STO12", High, title, fix).at(path, Spot::Whole)
            });
            by_others.into_iter().chain(unsigned)
        };
        store.readers.iter().flat_map(finding).collect()
    })
}

/// What a check says of each recipient, where GnuPG's keyring says who they are.
fn with_gnupg(evidence: &Evidence, look: impl Fn(&StoreSeen, &ReadersSeen, &ReaderSeen) -> Option<Finding>) -> Answer {
    if evidence.stores.by_key_file {
        return Answer::skipped("a key file is used instead of GnuPG");
    }
    let mut answer = of_whole_stores(evidence, |store| {
        let of_file = |readers: &ReadersSeen| {
            let found = readers.readers.iter().filter_map(|seen| look(store, readers, seen));
            found.map(|finding| finding.at(place(store, readers), Spot::Whole)).collect::<Vec<_>>()
        };
        let findings = store.readers.iter().flat_map(of_file).collect();
        Answer { findings, missed: unread(store).collect(), skipped: None }
    });
    answer.missed.extend(evidence.gnupg.keys.ring.iter().filter(|_| answer.skipped.is_none()).cloned());
    answer
}

/// Files of recipients that do not count, so that nobody knows whom they name.
pub(in crate::ops::audit) fn unread(store: &StoreSeen) -> impl Iterator<Item = String> {
    let told = |readers: &ReadersSeen| Some(format!("{}: {}", shown(place(store, readers)), readers.fault.as_ref()?));
    store.readers.iter().filter_map(told)
}

/// `high` where Docker's own logins are written for these.
fn of_logins(store: &StoreSeen, readers: &ReadersSeen, high: Severity, other: Severity) -> Severity {
    let of_logins = store.of_logins.and_then(|number| store.readers.get(number));
    let is_theirs = of_logins.is_some_and(|own| own.file == readers.file && store.mount.is_root());
    if is_theirs { high } else { other }
}

/// The file that names them; where a variable does, the store.
fn place<'a>(store: &'a StoreSeen, readers: &'a ReadersSeen) -> &'a Path {
    readers.file.as_deref().unwrap_or(&store.root)
}

/// As it is written, and whose key that is.
fn named(seen: &ReaderSeen) -> String {
    let text = text::quoted(seen.recipient.as_str());
    match &seen.name {
        Some(name) if **name != *seen.recipient.as_str() => format!("{text} ({name})"),
        _ => text,
    }
}

fn enable(seen: &ReaderSeen) -> String {
    format!("gpg --edit-key {} enable quit", seen.fingerprint.as_deref().unwrap_or("KEY"))
}

fn init(root: &Path) -> String {
    format!(
        "name your key: PASSWORD_STORE_DIR={} pass init FINGERPRINT (gpg --list-secret-keys)",
        misplaced::shell_word(root)
    )
}
