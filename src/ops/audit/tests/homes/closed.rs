//! Sources closed, one after the other: what a check found in an open one, it does not call clean behind a closed door.

use super::super::Verdict;
use super::keys::sound;
use super::*;

/// Files and folders that facts come from.
const DOORS: [&str; 20] = [
    "home/.docker/config.json",
    "home/.docker",
    "home/.dockercfg",
    "home/.config/containers/auth.json",
    "home/.config/helm/registry/config.json",
    "home/.password-store",
    "home/.password-store/docker-credential-helpers",
    "home/.gnupg",
    "home/.gnupg/private-keys-v1.d",
    "home/.gnupg/pubring.gpg",
    "home/.gnupg/trustdb.gpg",
    "home/.bash_history",
    "home/.bashrc",
    "home/.config/systemd/user",
    "machine/etc/cron.d",
    "machine/etc/crontab",
    "machine/etc/systemd/system",
    "machine/etc/sudoers",
    "machine/etc/docker/daemon.json",
    "machine/proc",
];

/// A link to itself takes its place: root may look into everything else.
fn close(bench: &Bench, door: &str) {
    let path = bench.at(door);
    std::fs::rename(&path, bench.at("aside")).expect("moved away");
    symlink(&path, &path).expect("a link");
}

#[test]
fn behind_a_closed_door_nothing_is_clean() {
    let mut seen = std::collections::BTreeSet::new();
    let rows = ON_HOMES.iter().copied().flatten().filter(|(id, _, found)| *found > 0 && seen.insert(*id));
    let rows: Vec<&OnHome> = rows.collect();
    let mut wrong = Vec::new();
    for (id, prepare, _) in &rows {
        let mut open = Bench::new();
        prepare(&mut open);
        // Every bench has processes, of which few checks are told.
        let is_apart = |door: &&str| *door == "machine/proc" && !["INL10", "INL11", "GPG05"].contains(id);
        for door in DOORS.into_iter().filter(|door| open.at(door).exists() && !is_apart(door)) {
            let mut bench = Bench::new();
            prepare(&mut bench);
            close(&bench, door);
            if answer(&bench.evidence(), id).verdict() == Verdict::Clean {
                wrong.push(format!("{id} is clean behind {door}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_cannot_be_looked_at_is_not_said_to_be_missing() {
    for (id, door) in [("STO02", "home/.gnupg"), ("STO06", "home/.gnupg"), ("STO06", "home/.gnupg/pubring.gpg")] {
        let bench = Bench::new();
        sound(&bench);
        close(&bench, door);
        assert_eq!(answer(&bench.evidence(), id).verdict(), Verdict::Failed, "{id} behind {door}");
    }
    let bench = Bench::new();
    sound(&bench);
    for id in ["STO13", "STO15", "CTX03", "CRD06"] {
        assert_eq!(answer(&bench.evidence(), id).verdict(), Verdict::Clean, "{id} with open doors");
    }
    close(&bench, "home/.password-store");
    for id in ["STO06", "STO13", "STO15", "CTX03", "CRD06"] {
        assert_eq!(answer(&bench.evidence(), id).verdict(), Verdict::Failed, "{id} behind the store");
    }
}

#[test]
fn a_closed_file_of_no_matter_hides_no_finding() {
    let (id, prepare, _) = ON_HOMES
        .iter()
        .copied()
        .flatten()
        .find(|(id, prepare, found)| {
            let mut bench = Bench::new();
            prepare(&mut bench);
            *id == "STO06" && *found > 0 && bench.at("home/.gnupg/trustdb.gpg").exists()
        })
        .expect("a home without its secret key");
    for file in ["trustdb.gpg", "pubring.kbx~", "public-keys.d"] {
        let mut bench = Bench::new();
        prepare(&mut bench);
        bench.put("home/.gnupg/pubring.kbx~", "");
        bench.put("home/.gnupg/public-keys.d/x", "");
        close(&bench, &format!("home/.gnupg/{file}"));
        assert_eq!(answer(&bench.evidence(), id).verdict(), Verdict::Found, "{id} behind {file}");
    }
    let bench = Bench::new();
    sound(&bench);
    close(&bench, "home/.gnupg/trustdb.gpg");
    for id in ["STO02", "STO03", "STO05"] {
        assert_eq!(answer(&bench.evidence(), id).verdict(), Verdict::Failed, "{id} without a word on trust");
    }
}
