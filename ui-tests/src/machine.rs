//! Throw-away homes with a store to look at, filled through regpass's own operations. Made of fixed parts (key, clock,
//! dates), so that the same screen comes out each time. Starts regpass in them; drives nothing.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use regpass::model::{EntryPath, Secret};
use regpass::ops::{demo, entries};
use regpass::system::System;
use regpass::system::env::Env;
use regpass::system::options::{Options, Typed};
use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use crate::program;
use crate::pty::Launch;

/// Alice's key, made for these tests and known to everybody: no passphrase, protects nothing.
const KEY: &str = include_str!("../fixtures/key.asc");
/// Its fingerprint.
const FINGERPRINT: &str = "D66795C03D87A711A78CD1FE46D3C1C16E6C17DE";

/// When it is on every machine: 2026-06-01 12:00 UTC, in seconds since 1970.
pub const NOW: u64 = 1_780_315_200;

const DAY: u64 = 24 * 60 * 60;

/// Where the home is that pictures are taken of: a path is on the screen.
const FIXED_HOME: &str = "/tmp/alice";

/// The keys of the filled stores in `bulk`, so that each folder looks like one of a team.
const SERVICES: [&str; 10] =
    ["postgres", "redis", "grafana", "vault", "gitlab", "smtp", "s3-backup", "vpn", "ldap", "pager"];

pub struct Machine {
    place: Place,
    vars: Vec<(OsString, OsString)>,
}

enum Place {
    Temporary(TempDir),
    /// With the lock that keeps two of us from using it at once.
    Fixed(PathBuf, #[allow(dead_code, reason = "held, not read")] File),
}

impl Machine {
    /// A home with an empty store for Alice's key, which regpass uses without GnuPG.
    pub fn new() -> Machine {
        let machine = Machine::without_store();
        machine.init_store(FINGERPRINT);
        machine
    }

    /// As `new`, always at the same path; waits for others that use it.
    pub fn at_fixed_home() -> Machine {
        let home = PathBuf::from(FIXED_HOME);
        // The folder around it: that is there for every user, and no file is left behind.
        let lock = File::open(home.parent().expect("a folder around it")).expect("a lock");
        flock(&lock, FlockOperation::LockExclusive).expect("the lock");
        let ours = home.join("key.asc");
        if ours.exists() {
            std::fs::remove_dir_all(&home).expect("what an earlier run left behind");
        }
        std::fs::create_dir(&home).unwrap_or_else(|error| panic!("{FIXED_HOME} is not ours to use: {error}"));
        let machine = Machine::furnished(Place::Fixed(home, lock));
        machine.init_store(FINGERPRINT);
        machine
    }

    /// A home without a store.
    pub fn without_store() -> Machine {
        // A socket's path may not exceed 107 bytes, so that of the home is short.
        let dir = tempfile::Builder::new().prefix("rp").tempdir_in("/tmp").expect("a temporary folder");
        Machine::furnished(Place::Temporary(dir))
    }

    fn furnished(place: Place) -> Machine {
        let mut machine = Machine { place, vars: Vec::new() };
        let home = machine.home();
        std::fs::create_dir_all(&home).expect("a home");
        let key_file = home.join("key.asc");
        std::fs::write(&key_file, KEY).expect("the key");
        std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).expect("its mode");
        machine.set("HOME", &home);
        machine.set("REGPASS_KEY_FILE", &key_file);
        machine.set("REGPASS_FIXED_TIME", NOW.to_string());
        machine.set("REGPASS_FIXED_USER", "alice");
        machine
    }

    pub fn home(&self) -> PathBuf {
        match &self.place {
            Place::Temporary(dir) => dir.path().join("h"),
            Place::Fixed(home, _) => home.clone(),
        }
    }

    pub fn store(&self) -> PathBuf {
        self.home().join(".password-store")
    }

    /// Sets a variable that regpass sees.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.unset(name);
        self.vars.push((name.into(), value.into()));
    }

    pub fn unset(&mut self, name: &str) {
        self.vars.retain(|(known, _)| known != name);
    }

    fn init_store(&self, recipient: &str) {
        std::fs::create_dir_all(self.store()).expect("a store");
        std::fs::set_permissions(self.store(), std::fs::Permissions::from_mode(0o700)).expect("its mode");
        std::fs::write(self.store().join(".gpg-id"), format!("{recipient}\n")).expect(".gpg-id");
    }

    pub fn system(&self) -> System {
        let env = Env::made_of(self.vars.iter().cloned());
        let options = Options::resolve(&Typed::default(), &env).expect("options");
        System::new(env, options)
    }

    /// Adds an entry that was changed `age` seconds ago.
    pub fn entry(&self, name: &str, plaintext: &str, age: u64) -> &Machine {
        let path = EntryPath::parse(name).expect("an entry's name");
        entries::insert(&self.system(), &path, Secret::new(plaintext.into()), true).expect("stored");
        set_age(&path.file(&self.store()), age);
        self
    }

    /// The demo's store: forty entries, ten of them registries, one of these under two spellings.
    pub fn showcase(&self) -> &Machine {
        demo::fill(&self.system(), &self.store()).expect("the demo's entries");
        self
    }

    /// What Docker needs to ask regpass here: its configuration, and the helper's link on a PATH of our own.
    pub fn with_docker(mut self) -> Machine {
        let (docker, bin) = (self.home().join(".docker"), self.home().join("bin"));
        [&docker, &bin].iter().for_each(|folder| std::fs::create_dir(folder).expect("a folder"));
        std::fs::write(docker.join("config.json"), "{ \"credsStore\": \"pass\" }\n").expect("docker's configuration");
        let link = bin.join("docker-credential-pass");
        std::os::unix::fs::symlink(program::regpass(), link).expect("the helper's link");
        self.set("PATH", bin);
        self
    }

    /// Adds `count` entries in folders of ten, all with the same secret.
    pub fn bulk(&self, count: usize) -> &Machine {
        self.entry("bulk", "hunter2\n", DAY);
        let file = self.store().join("bulk.gpg");
        let ciphertext = std::fs::read(&file).expect("an entry");
        for number in 0..count {
            let (team, host) = (number / 1000, number / 10 % 100);
            let folder = self.store().join(format!("team-{team:03}/host-{host:02}"));
            if number % 10 == 0 {
                std::fs::create_dir_all(&folder).expect("a folder");
            }
            let file = folder.join(format!("{}.gpg", SERVICES[number % 10]));
            std::fs::write(file, &ciphertext).expect("an entry");
        }
        std::fs::remove_file(file).expect("the pattern");
        self
    }

    /// Adds entries whose names try to do things to a terminal; all hold the same secret.
    pub fn hostile(&self) -> &Machine {
        self.entry("plain", "hunter2\n", DAY);
        let ciphertext = std::fs::read(self.store().join("plain.gpg")).expect("an entry");
        for name in HOSTILE_NAMES {
            let file = self.store().join(OsStr::from_bytes(&[name, &b".gpg"[..]].concat()));
            std::fs::write(&file, &ciphertext).expect("an entry");
            set_age(&file, DAY);
        }
        self
    }

    /// Moves the machine from its key file to GnuPG with a key behind this passphrase, asked for by the curses pinentry,
    /// and an empty store for that key; `plain` in its home is something to encrypt. Panics when gpg or the pinentry is not installed.
    pub fn with_gnupg(passphrase: &str) -> Machine {
        let mut machine = Machine::without_store();
        machine.unset("REGPASS_KEY_FILE");
        let gnupg = machine.home().join(".gnupg");
        std::fs::create_dir(&gnupg).expect("a GnuPG home");
        std::fs::set_permissions(&gnupg, std::fs::Permissions::from_mode(0o700)).expect("its mode");
        std::fs::write(gnupg.join("gpg-agent.conf"), "pinentry-program /usr/bin/pinentry-curses\n").expect("its agent");
        let user = "Alice Example <alice@example.test>";
        let quietly = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
        machine.gpg(&[&quietly[..], &["--quick-gen-key", user, "future-default", "default", "never"]].concat());
        machine.run("gpgconf", &["--kill", "gpg-agent"]);
        machine.init_store("alice@example.test");
        std::fs::write(machine.home().join("plain"), "hunter2\n").expect("a plaintext");
        machine
    }

    /// An entry made by gpg itself of the file `plain` in this home, for its own key.
    pub fn encrypted(&self, name: &str) {
        let file = format!(".password-store/{name}.gpg");
        self.gpg(&["--trust-model", "always", "-r", "alice@example.test", "-o", &file, "-e", "plain"]);
    }

    pub fn gpg(&self, args: &[&str]) {
        self.run("gpg", &[&["--batch", "--quiet"], args].concat());
    }

    /// Runs a program in this home to its successful end.
    #[track_caller]
    pub fn run(&self, program: &str, args: &[&str]) {
        self.output(program, args);
    }

    /// As `run`; answers what it printed.
    #[track_caller]
    pub fn output(&self, program: &str, args: &[&str]) -> String {
        let mut command = Command::new(program);
        command.args(args).env_clear().env("PATH", "/usr/bin:/bin").envs(self.vars.iter().cloned());
        let done = command.current_dir(self.home()).stdin(Stdio::null()).output();
        let done = done.unwrap_or_else(|error| panic!("{program}: {error}"));
        assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// regpass in this home.
    pub fn regpass(&self) -> Launch {
        self.launch(program::regpass())
    }

    /// Any program in this home.
    pub fn launch(&self, program: impl AsRef<OsStr>) -> Launch {
        let launch = Launch::new(program).cwd(&self.home());
        self.vars.iter().fold(launch, |launch, (name, value)| launch.var(name, value))
    }
}

impl Default for Machine {
    fn default() -> Machine {
        Machine::new()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.home().join(".gnupg").exists() {
            let mut kill = Command::new("gpgconf");
            kill.args(["--kill", "all"]).env_clear().env("PATH", "/usr/bin:/bin").envs(self.vars.iter().cloned());
            let _ = kill.output();
        }
        if let Place::Fixed(home, _) = &self.place {
            let _ = std::fs::remove_dir_all(home);
        }
    }
}

pub(crate) fn set_age(file: &Path, age: u64) {
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - age);
    let file = File::options().append(true).open(file).expect("an entry's file");
    file.set_modified(then).expect("its date");
}

/// Clears the screen, changes its colour and title, asks the terminal for an answer, writes backwards, ends the line, is
/// not text, is blank, is too wide, is wide, combines, and looks like an option.
pub const HOSTILE_NAMES: [&[u8]; 12] = [
    b"clear\x1b[2Jscreen",
    b"red\x1b[31m",
    b"title\x1b]0;owned\x07",
    b"ask\x1b[6n",
    "right\u{202e}left".as_bytes(),
    b"two\nlines",
    b"not\xff\xfetext",
    b" ",
    b"very-long-name-that-does-not-fit-into-any-column-of-any-list-on-any-usual-terminal-whatsoever",
    "日本語の名前".as_bytes(),
    "cafe\u{301}".as_bytes(),
    b"--version",
];
