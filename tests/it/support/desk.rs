//! A person at a desk: a store, a Docker configuration that names a helper, a registry that knows them, and what all of
//! it looks like when they are logged in and when they are not.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::registry::{Daemon, Registry, image_archive};
use super::{Answer, Sandbox, files_holding, leave, official_helper, peer, peers_dir, run};

/// Characters that JSON, HTML escapes, shells and UTF-8 care about.
pub const PASSWORD: &str = "p<&>\"\\ ä€ $(s3cret)";
pub const ACCOUNTS: [(&str, &str); 2] = [("alice", PASSWORD), ("bob", "bob's own")];

/// The one line that clients take for "not logged in".
pub const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// A person with a store, a Docker configuration that names our helper, and a registry that knows them.
pub struct Desk {
    docker: PathBuf,
    pub registry: Registry,
    pub daemon: Option<Daemon>,
    pub config: PathBuf,
    pub path: OsString,
    pub sandbox: Sandbox,
}

impl Desk {
    /// Our helper, and on PATH nothing of pass: only GnuPG and git.
    pub fn new(sandbox: Sandbox) -> Option<Desk> {
        let only = sandbox.only(&["gpg", "gpg-agent", "gpgconf", "git"])?;
        let path = format!("{}:{}", sandbox.shim_dir().display(), only.display());
        Desk::with_path(sandbox, path.into())
    }

    /// The official helper with pass: shows that a failure of ours is not the rig's.
    pub fn official(sandbox: Sandbox) -> Option<Desk> {
        official_helper()?;
        peer("pass")?;
        let path = format!("{}:{}", peers_dir().display(), std::env::var("PATH").expect("PATH"));
        Desk::with_path(sandbox, path.into())
    }

    fn with_path(sandbox: Sandbox, path: OsString) -> Option<Desk> {
        let docker = peer("docker")?;
        let registry = Registry::start(&sandbox, &ACCOUNTS)?;
        let config = sandbox.home().join(".docker");
        std::fs::create_dir(&config).expect("a Docker configuration");
        std::fs::write(config.join("config.json"), r#"{"credsStore":"pass"}"#).expect("config.json");
        Some(Desk { docker, registry, daemon: None, config, path, sandbox })
    }

    pub fn start_daemon(&mut self) -> Option<()> {
        self.daemon = Some(Daemon::start(&self.sandbox)?);
        Some(())
    }

    pub fn docker(&self, args: &[&str], input: &str) -> Answer {
        let nobody = format!("unix://{}", self.sandbox.path().join("no-daemon").display());
        let host = self.daemon.as_ref().map_or(nobody.as_str(), Daemon::host);
        let mut command = self.command(&self.docker);
        run(command.args(["--host", host, "--config"]).arg(&self.config).args(args), input.as_bytes())
    }

    /// A client with this desk's PATH.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.sandbox.command(program);
        command.env("PATH", &self.path);
        command
    }

    pub fn login(&self, user: &str, password: &str) -> Answer {
        self.docker(&["login", "-u", user, "--password-stdin", self.server()], password)
    }

    pub fn logout(&self) -> Answer {
        self.docker(&["logout", self.server()], "")
    }

    pub fn server(&self) -> &str {
        self.registry.address()
    }

    pub fn image(&self) -> String {
        format!("{}/tiny:1", self.server())
    }

    /// The image under the registry's name in the daemon, ready to be pushed. Ends the test as skipped where the daemon
    /// may not unpack images, as in a container without privileges.
    pub fn load_image(&self) {
        let archive = image_archive(&self.sandbox);
        let loaded = self.docker(&["load", "--input", archive.to_str().expect("UTF-8")], "");
        if loaded.code != 0 {
            leave(&format!("no Docker daemon can unpack an image here: {}", loaded.err().trim()));
        }
        self.docker(&["tag", "tiny:1", &self.image()], "").ok();
    }

    /// As docker calls it, whichever helper is first on PATH.
    pub fn helper(&self, action: &str, input: &str) -> Answer {
        let mut dirs = std::env::split_paths(&self.path).map(|dir| dir.join("docker-credential-pass"));
        let helper = dirs.find(|file| file.is_file()).expect("a helper on PATH");
        run(self.command(helper).arg(action), input.as_bytes())
    }

    /// The name pass shows the login under.
    pub fn entry(&self, user: &str) -> String {
        format!("docker-credential-helpers/{}/{user}", URL_SAFE.encode(self.server()))
    }

    pub fn file(&self, user: &str) -> PathBuf {
        self.sandbox.store().join(format!("{}.gpg", self.entry(user)))
    }

    pub fn config_json(&self) -> serde_json::Value {
        let text = std::fs::read(self.config.join("config.json")).expect("config.json");
        serde_json::from_slice(&text).expect("JSON")
    }

    #[track_caller]
    pub fn assert_logged_in(&self, user: &str, password: &str) {
        let answer = self.helper("get", self.server()).ok();
        let answer: serde_json::Value = serde_json::from_slice(&answer.stdout).expect("JSON");
        let expected = serde_json::json!({"ServerURL": self.server(), "Username": user, "Secret": password});
        assert_eq!(answer, expected);
        let listed = self.helper("list", "").ok().out();
        assert_eq!(listed, format!("{{\"{}\":\"{user}\"}}\n", self.server()));
        let expected = serde_json::json!({"auths": {self.server(): {}}, "credsStore": "pass"});
        assert_eq!(self.config_json(), expected, "config.json holds the empty marker only");
    }

    #[track_caller]
    pub fn assert_not_found(&self) {
        let answer = self.helper("get", self.server());
        assert_eq!((answer.code, answer.out().as_str()), (1, NOT_FOUND));
    }

    #[track_caller]
    pub fn assert_logged_out(&self) {
        self.assert_not_found();
        assert_eq!(self.helper("list", "").ok().out(), "{}\n");
        assert!(!self.file("alice").exists() && !self.file("bob").exists());
        assert_eq!(self.config_json(), serde_json::json!({"auths": {}, "credsStore": "pass"}));
    }

    /// Nothing below the home holds the password: not as it is, as docker would put it in config.json, or in JSON.
    #[track_caller]
    pub fn assert_not_in_clear(&self, user: &str, password: &str) {
        let json = serde_json::to_string(password).expect("JSON");
        let inline = STANDARD.encode(format!("{user}:{password}"));
        for form in [password, json.trim_matches('"'), &STANDARD.encode(password), &inline] {
            assert_eq!(files_holding(&self.sandbox.home(), form.as_bytes()), Vec::<PathBuf>::new());
        }
    }

    pub fn git_subjects(&self, store: &str) -> Vec<String> {
        let log = self.sandbox.run("git", &["-C", store, "log", "--reverse", "--format=%s"], b"").ok().out();
        log.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    pub fn assert_work_tree_clean(&self, store: &str) {
        assert_eq!(self.sandbox.run("git", &["-C", store, "status", "--porcelain"], b"").ok().out(), "");
    }
}
