//! A throw-away machine for one test: its own home, GnuPG home, store and environment, and the peers it talks to.
//! Nothing of the developer's own home or environment reaches a test.

#![allow(dead_code)]

pub mod desk;
pub mod registry;
pub mod service;
pub mod terminal;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use regpass::system::cipher::new_key;
use tempfile::TempDir;

/// One test's machine. Dropped: its gpg-agent is ended and its folder removed.
pub struct Sandbox {
    dir: TempDir,
    vars: BTreeMap<OsString, OsString>,
}

/// What a child answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Answer {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Panics with everything it said unless it ended with 0.
    #[track_caller]
    pub fn ok(self) -> Answer {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }
}

impl Default for Sandbox {
    fn default() -> Sandbox {
        Sandbox::new()
    }
}

impl Sandbox {
    /// An empty home. The path is short, because a socket's may not exceed 107 bytes.
    pub fn new() -> Sandbox {
        let dir = tempfile::Builder::new().prefix("rp").tempdir_in("/tmp").expect("a temporary folder");
        let home = dir.path().join("h");
        std::fs::create_dir(&home).expect("a home");
        let path = format!("{}:{}", peers_dir().display(), std::env::var("PATH").unwrap_or_default());
        let vars = [
            ("HOME", home.clone().into_os_string()),
            ("PATH", path.into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
            ("GNUPGHOME", home.join(".gnupg").into_os_string()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_AUTHOR_NAME", "Test".into()),
            ("GIT_AUTHOR_EMAIL", "test@example.test".into()),
            ("GIT_COMMITTER_NAME", "Test".into()),
            ("GIT_COMMITTER_EMAIL", "test@example.test".into()),
        ];
        let vars = vars.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Sandbox { dir, vars }
    }

    /// With a GnuPG home holding one key without passphrase (`future-default`: ed25519 and cv25519) and a store
    /// initialised to it, written by hand so that no pass is needed. Answers the key's fingerprint too.
    pub fn with_store() -> (Sandbox, String) {
        let sandbox = Sandbox::new();
        let fingerprint = sandbox.make_key("Alice <alice@example.test>", "future-default");
        sandbox.init_store(&fingerprint);
        (sandbox, fingerprint)
    }

    /// The same, and our binary uses a key file; GnuPG is there for others.
    pub fn with_key_file() -> Sandbox {
        let (mut sandbox, fingerprint) = Sandbox::with_store();
        sandbox.use_key_file(&fingerprint);
        sandbox
    }

    /// With a key file instead of GnuPG, and a store initialised to it. Nothing needs to be installed.
    pub fn without_gnupg() -> Sandbox {
        let mut sandbox = Sandbox::new();
        let (key, fingerprint) = new_key::generate("Alice <alice@example.test>").expect("a key");
        let file = sandbox.path().join("key.asc");
        std::fs::write(&file, key.expose()).expect("the key file");
        set_mode(&file, 0o600);
        sandbox.set("REGPASS_KEY_FILE", file);
        sandbox.init_store(&fingerprint);
        sandbox
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn home(&self) -> PathBuf {
        self.path().join("h")
    }

    pub fn gnupg_home(&self) -> PathBuf {
        self.home().join(".gnupg")
    }

    pub fn store(&self) -> PathBuf {
        self.home().join(".password-store")
    }

    pub fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.vars.insert(name.into(), value.into());
    }

    pub fn unset(&mut self, name: &str) {
        self.vars.remove(OsStr::new(name));
    }

    pub fn vars(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.vars.iter()
    }

    /// A command with this machine's environment and nothing else, in its home.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.vars).current_dir(self.home());
        command
    }

    /// The same, cut off from the terminal that the tests themselves may have been started from.
    pub fn command_without_terminal(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.command("setsid");
        command.arg("--wait").arg(program);
        command
    }

    /// Runs a command to its end with this input.
    pub fn run(&self, program: impl AsRef<OsStr>, args: &[&str], input: &[u8]) -> Answer {
        run(self.command(program).args(args), input)
    }

    /// The built `regpass`.
    pub fn regpass(&self, args: &[&str], input: &[u8]) -> Answer {
        self.run(regpass_binary(), args, input)
    }

    /// The built binary called as `docker-credential-pass ACTION`.
    pub fn helper(&self, action: &str, input: impl AsRef<[u8]>) -> Answer {
        self.run(self.helper_link(), &[action], input.as_ref())
    }

    /// A folder holding only our `docker-credential-pass`, to put in front of PATH.
    pub fn shim_dir(&self) -> PathBuf {
        let bin = self.path().join("bin");
        let link = bin.join("docker-credential-pass");
        if !link.exists() {
            std::fs::create_dir_all(&bin).expect("a folder for the link");
            let made = std::os::unix::fs::symlink(regpass_binary(), &link);
            // Calls of one test that run side by side may all come here.
            assert!(made.is_ok() || link.exists(), "the link: {made:?}");
        }
        bin
    }

    /// What is asked as `docker-credential-pass` is then this regpass, whatever the machine has.
    pub fn put_shims_first(&mut self) {
        let path = format!("{}:{}", self.shim_dir().display(), std::env::var("PATH").expect("PATH"));
        self.set("PATH", path);
    }

    pub fn helper_link(&self) -> PathBuf {
        self.shim_dir().join("docker-credential-pass")
    }

    /// A folder holding only links to these programs: a PATH on which nothing else can be found. None (and the test is
    /// noted as skipped) where one is not installed.
    pub fn only(&self, programs: &[&str]) -> Option<PathBuf> {
        let folder = self.path().join("only");
        std::fs::create_dir_all(&folder).expect("a folder for the links");
        for program in programs {
            std::os::unix::fs::symlink(peer(program)?, folder.join(program)).expect("a link");
        }
        Some(folder)
    }

    pub fn gpg(&self, args: &[&str]) -> Answer {
        self.prepare_gnupg();
        self.run("gpg", &[&["--batch", "--quiet"], args].concat(), b"")
    }

    /// Makes a key without passphrase; `algorithm` as gpg's `--quick-gen-key` takes it. The fingerprint.
    pub fn make_key(&self, user_id: &str, algorithm: &str) -> String {
        self.make_key_with_passphrase(user_id, algorithm, "")
    }

    pub fn make_key_with_passphrase(&self, user_id: &str, algorithm: &str, passphrase: &str) -> String {
        let args = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
        let made = self.gpg(&[&args[..], &["--quick-gen-key", user_id, algorithm, "default", "never"]].concat()).ok();
        drop(made);
        let listed = self.gpg(&["--with-colons", "--list-keys", &format!("={user_id}")]).ok().out();
        let fingerprints: Vec<&str> =
            listed.lines().filter(|line| line.starts_with("fpr:")).filter_map(|line| line.split(':').nth(9)).collect();
        fingerprints.first().expect("a fingerprint").to_string()
    }

    /// Makes our binary use a file with the secret key instead of GnuPG.
    pub fn use_key_file(&mut self, fingerprint: &str) {
        let file = self.export_key(fingerprint);
        self.set("REGPASS_KEY_FILE", file);
    }

    /// A file with the secret key of a key without passphrase.
    pub fn export_key(&self, fingerprint: &str) -> PathBuf {
        let file = self.path().join("key.pgp");
        let args = ["--pinentry-mode", "loopback", "--passphrase", "", "--export-secret-keys", fingerprint];
        std::fs::write(&file, self.gpg(&args).ok().stdout).expect("a key file");
        set_mode(&file, 0o600);
        file
    }

    pub fn init_store(&self, recipient: &str) {
        std::fs::create_dir_all(self.store()).expect("a store");
        set_mode(&self.store(), 0o700);
        std::fs::write(self.store().join(".gpg-id"), format!("{recipient}\n")).expect(".gpg-id");
    }

    /// Makes the store a git work tree with everything committed.
    pub fn init_git(&self) {
        self.run("git", &["-C", ".password-store", "init", "-q", "-b", "main"], b"").ok();
        self.run("git", &["-C", ".password-store", "add", "-A"], b"").ok();
        self.run("git", &["-C", ".password-store", "commit", "-q", "-m", "start"], b"").ok();
    }

    pub fn git(&self, args: &[&str]) -> Answer {
        self.run("git", &[&["-C", ".password-store"], args].concat(), b"")
    }

    pub fn stop_gnupg(&self) {
        let home = self.gnupg_home();
        if home.exists() {
            let _ = self.command("gpgconf").env("GNUPGHOME", &home).args(["--kill", "all"]).output();
            let _ = self.command("gpgconf").env("GNUPGHOME", &home).args(["--remove-socketdir"]).output();
        }
    }

    fn prepare_gnupg(&self) {
        let home = self.gnupg_home();
        if !home.exists() {
            std::fs::create_dir_all(&home).expect("a GnuPG home");
            set_mode(&home, 0o700);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop_gnupg();
    }
}

/// Runs a command to its end with this input.
pub fn run(command: &mut Command, input: &[u8]) -> Answer {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| not_started(command, &error));
    let mut stdin = child.stdin.take().expect("stdin");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let Output { status, stdout, stderr } = child.wait_with_output().expect("its output");
    writer.join().expect("the writer");
    Answer { code: status.code().unwrap_or(-1), stdout, stderr }
}

/// A program that is nowhere is a peer that this machine lacks; anything else is a failure.
#[track_caller]
fn not_started(command: &Command, error: &std::io::Error) -> ! {
    let program = Path::new(command.get_program());
    if error.kind() == std::io::ErrorKind::NotFound && program.components().count() == 1 && find(program).is_none() {
        leave(&format!("{} is not installed", program.display()));
    }
    panic!("cannot run {command:?}: {error}");
}

pub fn regpass_binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_regpass"))
}

/// Where `make test` puts the peers that no package provides: gopass and the current official helper.
pub fn peers_dir() -> PathBuf {
    std::env::var_os("REGPASS_PEERS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers"), PathBuf::from)
}

/// A peer's program, or None after noting that this test was skipped and why. With `REGPASS_TESTS_REQUIRE_ALL` set a
/// missing peer fails the test instead.
pub fn peer(name: &str) -> Option<PathBuf> {
    let found = find(name.as_ref());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

fn find(program: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::iter::once(peers_dir()).chain(std::env::split_paths(&path)).map(|dir| dir.join(program));
    files.find(|file| file.is_file())
}

/// The current official helper, built by `make test` next to gopass; never Debian's old one.
pub fn official_helper() -> Option<PathBuf> {
    let file = peers_dir().join("docker-credential-pass");
    if file.is_file() {
        return Some(file);
    }
    skip("the current official docker-credential-pass is not installed");
    None
}

/// Notes in the file that `make test` prints at its end that the running test was skipped.
#[track_caller]
pub fn skip(why: &str) {
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    assert!(std::env::var_os("REGPASS_TESTS_REQUIRE_ALL").is_none(), "{name} may not be skipped: {why}");
    eprintln!("skipped {name}: {why}");
    if let Some(file) = std::env::var_os("REGPASS_TESTS_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).expect("the list of skips");
        writeln!(file, "{name}: {why}").expect("a line");
    }
}

/// What unwinds a test that `leave` ended.
pub struct Left;

/// Ends the running test, from anywhere within it, as skipped.
#[track_caller]
pub fn leave(why: &str) -> ! {
    skip(why);
    // Not a panic: there is nothing to report.
    std::panic::resume_unwind(Box::new(Left))
}

/// Runs a test's body; the attribute `regpass_skippable::test` calls this.
pub fn unless_skipped(body: impl FnOnce()) {
    if let Err(ended) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body))
        && !ended.is::<Left>()
    {
        std::panic::resume_unwind(ended);
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("a mode");
}

/// The files below `folder` that hold these bytes.
pub fn files_holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let kind = entry.file_type().expect("its kind");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let content = std::fs::read(entry.path()).unwrap_or_default();
                if content.windows(bytes.len()).any(|window| window == bytes) {
                    found.push(entry.path());
                }
            }
        }
    }
    found
}
