//! The store of the pictures that need git's history and other people: checked out from a bundle that is kept, because
//! encrypting anew would give other commits each time. `fixtures/make-team.sh` made it.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::machine::{Machine, set_age};

const BUNDLE: &[u8] = include_bytes!("../fixtures/team.bundle");

/// The keys of the other two.
const KEYS: &str = include_str!("../fixtures/team.asc");

/// Seconds since its files were written, as their dates say: as long as since the last commit in it.
const AGE: u64 = 2 * 24 * 60 * 60;

impl Machine {
    /// Puts the shared store in the place of the empty one: a commit ahead of its remote, and one behind.
    pub fn shared(&self) -> &Machine {
        std::fs::write(self.home().join("bundle"), BUNDLE).expect("the bundle");
        let script = "rm -r .password-store
            git config --global user.name 'Alice Example' && git config --global user.email alice@example.test
            git init -q --bare -b main remote && git -C remote fetch -q ../bundle main:main
            git clone -q remote .password-store && git -C .password-store fetch -q ../bundle ours
            git -C .password-store reset -q --hard FETCH_HEAD && chmod 700 .password-store && rm bundle";
        self.run("sh", &["-ec", script]);
        let mut keys = File::options().append(true).open(self.home().join("key.asc")).expect("the key file");
        keys.write_all(KEYS.as_bytes()).expect("their keys");
        set_ages(&self.store(), AGE);
        self
    }

    /// As `shared`, in the middle of a merge: both sides changed an entry.
    pub fn in_conflict(&self) -> &Machine {
        self.shared();
        self.run("sh", &["-c", "! git -C .password-store merge -q origin/main"]);
        set_ages(&self.store(), AGE);
        self
    }
}

/// Gives every file below that age.
fn set_ages(folder: &Path, age: u64) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_file() {
            set_age(&path, age);
        } else if path.is_dir() && !path.ends_with(".git") {
            set_ages(&path, age);
        }
    }
}
