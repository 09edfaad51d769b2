//! A throw-away machine to try regpass on: its own home, key, store and Docker configuration, in a private folder that goes
//! when it is dropped. Needs no GnuPG, pass, git or network, and points nothing at the person's own home.

mod content;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::model::{Credential, EntryPath, Login, Problem, RegistryKey, Secret, utc};
use crate::ops::credentials::CredentialStore;
use crate::ops::entries;
use crate::system::System;
use crate::system::cipher::new_key;
use crate::system::env::Env;
use crate::system::files;
use crate::system::journal::{self, Call};
use crate::system::options::{Options, Typed};
use crate::system::scratch::Scratch;
use crate::system::store::layout;
use content::{CALLS, DemoCall, DemoEntry, DemoLogin, ENTRIES, LOGINS};

/// Whose machine it is.
const USER: &str = "alice";
const USER_ID: &str = "Alice Example <alice@example.test>";
/// Her user id in the journal; the demo itself runs as whoever starts it.
const PERSON: u32 = 1000;

/// Variables of the real surroundings that the demo keeps: how the terminal works, which language it speaks, where
/// programs and the clipboard are, and what stops the clock for pictures. Everything else could lead to the person's own
/// files.
const KEPT: [&str; 20] = [
    "COLORTERM",
    "COLUMNS",
    "DISPLAY",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LINES",
    "NO_COLOR",
    "PATH",
    "REGPASS_ASCII",
    "REGPASS_FIXED_TIME",
    "SSH_TTY",
    "STY",
    "TERM",
    "TERM_PROGRAM",
    "TMUX",
    "TZ",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "ZELLIJ",
];

/// The demo's machine. Dropped: gone.
#[derive(Debug)]
pub struct Demo {
    env: Env,
    _folder: Scratch,
}

impl Demo {
    /// Makes it in memory-backed storage where there is some, and removes what demos that were killed left behind.
    pub fn make(real: &Env) -> Result<Demo, Problem> {
        let var = |name: &str| real.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let places = [var("XDG_RUNTIME_DIR"), Some("/dev/shm".into()), var("TMPDIR"), Some("/tmp".into())];
        let places: Vec<PathBuf> = places.into_iter().flatten().collect();
        let folder = Scratch::make(&places, "regpass-demo", real.uid())
            .map_err(|error| Problem::failed("the demo has no place to be in").because(error))?;
        let home = folder.path().join(USER);
        let env = surroundings(real, &home, folder.path());
        furnish(&env, &home, folder.path(), real)?;
        Ok(Demo { env, _folder: folder })
    }

    /// The surroundings inside: to run the terminal UI or a child with.
    pub fn env(&self) -> &Env {
        &self.env
    }
}

fn surroundings(real: &Env, home: &Path, folder: &Path) -> Env {
    let kept = KEPT.iter().filter_map(|name| Some(((*name).into(), real.var(name)?.to_owned())));
    let mut vars: Vec<(std::ffi::OsString, std::ffi::OsString)> = kept.collect();
    let mut path = folder.join("bin").into_os_string();
    if let Some(real) = real.var("PATH") {
        path.push(":");
        path.push(real);
    }
    vars.extend([
        ("PATH".into(), path),
        ("HOME".into(), home.into()),
        ("USER".into(), USER.into()),
        ("LOGNAME".into(), USER.into()),
        ("GNUPGHOME".into(), home.join(".gnupg").into()),
        ("PASSWORD_STORE_DIR".into(), home.join(".password-store").into()),
        ("DOCKER_CONFIG".into(), home.join(".docker").into()),
        ("REGPASS_DEMO".into(), folder.into()),
        ("REGPASS_KEY_FILE".into(), folder.join("key.asc").into()),
    ]);
    Env::made_of(vars)
}

/// Key, store, Docker's configuration, and the links by which a shell in the demo finds regpass.
fn furnish(env: &Env, home: &Path, folder: &Path, real: &Env) -> Result<(), Problem> {
    let store = home.join(".password-store");
    for path in [home, &store, &home.join(".docker"), &folder.join("bin")] {
        DirBuilder::new().mode(0o700).create(path).map_err(|error| broken("cannot make its folders", error))?;
    }
    let (key, fingerprint) = new_key::generate(USER_ID).map_err(|error| broken("cannot make its key", error))?;
    write(&folder.join("key.asc"), key.expose())?;
    write(&store.join(".gpg-id"), format!("{fingerprint}\n").as_bytes())?;
    write(&home.join(".docker/config.json"), docker_config().as_bytes())?;
    if let Some(program) = real.program() {
        for name in ["regpass", "docker-credential-pass"] {
            std::os::unix::fs::symlink(&program, folder.join("bin").join(name))
                .map_err(|error| broken("cannot link regpass", error))?;
        }
    }
    fill(&System::new(env.clone(), Options::resolve(&Typed::default(), env)?), &store)
}

/// Stores the demo's entries through the same operations that the command line and the helper use, then sets their ages.
/// Also fills the stores that the tests of the terminal UI look at.
pub fn fill(system: &System, store: &Path) -> Result<(), Problem> {
    let now = system.env.now();
    let set_age = |entry: &EntryPath, age: u64| {
        let file = File::options().append(true).open(entry.file(store));
        file.and_then(|file| file.set_modified(now - Duration::from_secs(age)))
            .map_err(|error| broken("cannot date its entries", error))
    };
    let credentials = CredentialStore::new(system);
    for DemoLogin(server, user, secret, age) in LOGINS {
        let (key, login) = (RegistryKey::new(*server), Login::new(*user));
        let entry = layout::login_entry(&key, &login).map_err(|error| broken("cannot name its logins", error))?;
        credentials.store(&key, Credential::new(login, Secret::new(secret.as_bytes().to_vec())))?;
        set_age(&entry, *age)?;
    }
    for DemoEntry(path, plaintext, age) in ENTRIES {
        let entry = EntryPath::parse(path).map_err(|error| broken("cannot name its entries", error))?;
        entries::insert(system, &entry, Secret::new(plaintext.as_bytes().to_vec()), false)?;
        set_age(&entry, *age)?;
    }
    CALLS.iter().try_for_each(|call| record(system, store, call))
}

/// A line of the journal that the demo was not there to write.
fn record(system: &System, store: &Path, call: &DemoCall) -> Result<(), Problem> {
    let own = |path: &Path| path.to_string_lossy().into_owned();
    let (uid, home, store) = match call.by_root {
        true => (0, Some("/root".to_owned()), "/root/.password-store".to_owned()),
        false => (PERSON, system.env.home().map(own), own(store)),
    };
    let line = Call {
        time: utc::rfc3339(system.env.now() - Duration::from_secs(call.age)),
        action: call.action.to_owned(),
        server: call.server.map(str::to_owned),
        user: call.user.map(str::to_owned),
        outcome: call.outcome.to_owned(),
        error: None,
        warning: None,
        millis: call.millis,
        uid,
        home,
        gnupg_home: None,
        store: Some(store),
        caller: Some(call.caller.to_owned()),
    };
    journal::append(&system.options.state_dir, system.env.uid(), &line)
        .map_err(|error| broken("cannot write its journal", error))
}

/// As `docker login` leaves it when a helper keeps the secrets: an empty object for each registry.
fn docker_config() -> String {
    let auths: Map<String, Value> = LOGINS.iter().map(|login| (login.0.to_owned(), json!({}))).collect();
    format!("{:#}\n", json!({ "auths": auths, "credsStore": "pass" }))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    files::create(path, bytes, 0o600).map_err(|error| broken("cannot write its files", error))
}

fn broken(what: &str, error: impl std::fmt::Display) -> Problem {
    Problem::failed(format!("the demo {what}")).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::registries;
    use crate::system::cipher::Asking;

    fn demo() -> (tempfile::TempDir, Demo) {
        let place = tempfile::tempdir().expect("a folder");
        let vars = [
            ("XDG_RUNTIME_DIR", place.path().as_os_str().to_owned()),
            ("HOME", "/nonexistent/real".into()),
            ("PASSWORD_STORE_DIR", "/nonexistent/real/store".into()),
            ("XDG_CONFIG_HOME", "/nonexistent/real/config".into()),
            ("REGPASS_FIXED_TIME", "1787000000".into()),
        ];
        let demo = Demo::make(&Env::made_of(vars)).expect("made");
        (place, demo)
    }

    #[test]
    fn it_is_whole_points_inside_and_leaves_nothing() {
        let (place, demo) = demo();
        let env = demo.env().clone();
        for (name, value) in env.vars().filter(|(_, value)| value.to_string_lossy().starts_with('/')) {
            assert!(Path::new(value).starts_with(place.path()), "{name:?} is {value:?}");
        }
        let system = System::new(env.clone(), Options::resolve(&Typed::default(), &env).expect("resolves"));
        let listing = entries::list(&system, &EntryPath::root()).expect("listed");
        assert_eq!((listing.entries.len(), listing.unreadable.len()), (40, 0));
        let root = EntryPath::parse("infra/db/root").expect("a name");
        let plaintext = entries::show(&system, &root, Asking::Never).expect("shown");
        assert!(plaintext.expose().starts_with(b"tr0ub4dor&3-demo\nuser: postgres\n"));
        let own = crate::ops::readers::own_key(&system).expect("known").key.expect("a key");
        assert_eq!(own.name.map(|name| name.to_string()).as_deref(), Some(USER_ID));
        let facts = entries::facts(&system, &root).expect("known");
        assert_eq!(env.now().duration_since(facts.modified).expect("past").as_secs(), 3 * 24 * 3600);
        let registries = registries::list(&system).expect("listed");
        assert_eq!(registries.logins.len(), LOGINS.len());
        assert_eq!(registries.logins.iter().filter(|login| !login.twins.is_empty()).count(), 2);
        let journal = crate::ops::journal::read(&system, 100).expect("read");
        assert_eq!(journal.calls.len(), CALLS.len());
        assert!(journal.calls.is_sorted_by(|one, next| one.time <= next.time), "oldest first");
        drop((system, demo));
        assert_eq!(std::fs::read_dir(place.path()).expect("readable").count(), 0);
    }
}
