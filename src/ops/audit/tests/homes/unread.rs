//! What cannot be read is never clean: what is closed, and the checks that judge by it.

use super::keys::{ALICE, readers, sound};
use super::*;
use crate::ops::audit::Verdict;

/// What is closed, how, and who must say so.
type ClosedRow = (&'static str, fn(&mut Bench), &'static [&'static str]);

/// A folder in a file's place, which nobody can read as a file, root neither.
fn close(bench: &Bench, path: &str) {
    let path = bench.at(path);
    let _ = std::fs::remove_file(&path);
    std::fs::create_dir(&path).expect("a folder in its place");
}

const ROWS: &[ClosedRow] = &[
    (
        "the public keys",
        |bench| close(bench, "home/.gnupg/pubring.gpg"),
        &["STO02", "STO03", "STO04", "STO05", "STO06", "STO07", "GPG03", "GPG04", "GPG08", "GPG09", "GPG10"],
    ),
    (
        "the trust database",
        |bench| close(bench, "home/.gnupg/trustdb.gpg"),
        &["STO02", "STO03", "STO04", "STO05", "GPG08"],
    ),
    (
        "the secret keys' files",
        |bench| {
            for item in std::fs::read_dir(bench.at("home/.gnupg/private-keys-v1.d")).expect("a folder") {
                let name = item.expect("a file").file_name();
                close(bench, &format!("home/.gnupg/private-keys-v1.d/{}", name.to_string_lossy()));
            }
        },
        &["STO06", "STO07", "GPG03", "GPG04", "GPG09", "GPG10"],
    ),
    (
        "the key file",
        |bench| {
            let file = bench.at("home/key.asc");
            bench.put("home/key.asc", "no key");
            bench.set("REGPASS_KEY_FILE", file.to_string_lossy().into_owned());
        },
        &["STO06", "STO07"],
    ),
    (
        "a folder's .gpg-id",
        |bench| {
            readers(bench, "team/", &[&ALICE]);
            bench.put("home/.password-store/team/.gpg-id", "<<<<<<< HEAD\n");
        },
        &["STO02", "STO03", "STO04", "STO05", "STO08", "GPG08"],
    ),
    ("gpg-agent.conf", |bench| close(bench, "home/.gnupg/gpg-agent.conf"), &["GPG10"]),
];

#[test]
fn what_is_unread_is_never_clean() {
    for (what, prepare, ids) in ROWS {
        let mut bench = Bench::new();
        sound(&bench);
        prepare(&mut bench);
        let evidence = bench.evidence();
        for id in *ids {
            let told = answer(&evidence, id);
            assert!(!told.missed.is_empty() && told.verdict() != Verdict::Clean, "{what}: {id} {told:?}");
        }
    }
}
