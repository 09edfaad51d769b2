//! The real Docker client against a real registry, without and with a real daemon: what a person sees of our helper.
//! What docker asks of a helper, row by row, is in the helper's own cases; other clients are in other_clients.rs.

use std::ffi::OsString;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::support::registry::{Daemon, Registry, image_archive};
use crate::support::{Answer, Sandbox, files_holding, official_helper, peer, peers_dir, run};

/// Characters that JSON, HTML escapes, shells and UTF-8 care about.
const PASSWORD: &str = "p<&>\"\\ ä€ $(s3cret)";
const ACCOUNTS: [(&str, &str); 2] = [("alice", PASSWORD), ("bob", "bob's own")];

/// The one line that clients take for "not logged in".
const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// A person with a store, a Docker configuration that names our helper, and a registry that knows them.
struct Desk {
    registry: Registry,
    daemon: Option<Daemon>,
    config: PathBuf,
    path: OsString,
    sandbox: Sandbox,
}

impl Desk {
    /// Our helper, and on PATH nothing of pass: only docker and GnuPG.
    fn new(sandbox: Sandbox) -> Option<Desk> {
        let only = sandbox.only(&["docker", "gpg", "gpg-agent", "gpgconf", "git"])?;
        let path = format!("{}:{}", sandbox.shim_dir().display(), only.display());
        Desk::with_path(sandbox, path.into())
    }

    /// The official helper with pass: shows that a failure of ours is not the rig's.
    fn official(sandbox: Sandbox) -> Option<Desk> {
        official_helper()?;
        peer("pass")?;
        let path = format!("{}:{}", peers_dir().display(), std::env::var("PATH").expect("PATH"));
        Desk::with_path(sandbox, path.into())
    }

    fn with_path(sandbox: Sandbox, path: OsString) -> Option<Desk> {
        peer("docker")?;
        let registry = Registry::start(&sandbox, &ACCOUNTS)?;
        let config = sandbox.home().join(".docker");
        std::fs::create_dir(&config).expect("a Docker configuration");
        std::fs::write(config.join("config.json"), r#"{"credsStore":"pass"}"#).expect("config.json");
        Some(Desk { registry, daemon: None, config, path, sandbox })
    }

    fn start_daemon(&mut self) -> Option<()> {
        self.daemon = Some(Daemon::start(&self.sandbox)?);
        Some(())
    }

    fn docker(&self, args: &[&str], input: &str) -> Answer {
        let nobody = format!("unix://{}", self.sandbox.path().join("no-daemon").display());
        let host = self.daemon.as_ref().map_or(nobody.as_str(), Daemon::host);
        let mut command = self.sandbox.command("docker");
        command.env("PATH", &self.path).args(["--host", host, "--config"]).arg(&self.config).args(args);
        run(&mut command, input.as_bytes())
    }

    fn login(&self, user: &str, password: &str) -> Answer {
        self.docker(&["login", "-u", user, "--password-stdin", self.server()], password)
    }

    fn logout(&self) -> Answer {
        self.docker(&["logout", self.server()], "")
    }

    fn server(&self) -> &str {
        self.registry.address()
    }

    fn image(&self) -> String {
        format!("{}/tiny:1", self.server())
    }

    /// The image under the registry's name in the daemon, ready to be pushed.
    fn load_image(&self) {
        let archive = image_archive(&self.sandbox);
        self.docker(&["load", "--input", archive.to_str().expect("UTF-8")], "").ok();
        self.docker(&["tag", "tiny:1", &self.image()], "").ok();
    }

    /// As docker calls it, whichever helper is first on PATH.
    fn helper(&self, action: &str, input: &str) -> Answer {
        let mut dirs = std::env::split_paths(&self.path).map(|dir| dir.join("docker-credential-pass"));
        let helper = dirs.find(|file| file.is_file()).expect("a helper on PATH");
        run(self.sandbox.command(helper).env("PATH", &self.path).arg(action), input.as_bytes())
    }

    /// The name pass shows the login under.
    fn entry(&self, user: &str) -> String {
        format!("docker-credential-helpers/{}/{user}", URL_SAFE.encode(self.server()))
    }

    fn file(&self, user: &str) -> PathBuf {
        self.sandbox.store().join(format!("{}.gpg", self.entry(user)))
    }

    fn config_json(&self) -> serde_json::Value {
        let text = std::fs::read(self.config.join("config.json")).expect("config.json");
        serde_json::from_slice(&text).expect("JSON")
    }

    #[track_caller]
    fn assert_logged_in(&self, user: &str, password: &str) {
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
    fn assert_logged_out(&self) {
        let answer = self.helper("get", self.server());
        assert_eq!((answer.code, answer.out().as_str()), (1, NOT_FOUND));
        assert_eq!(self.helper("list", "").ok().out(), "{}\n");
        assert!(!self.file("alice").exists() && !self.file("bob").exists());
        assert_eq!(self.config_json(), serde_json::json!({"auths": {}, "credsStore": "pass"}));
    }

    /// Nothing below the home holds the password: not as it is, as docker would put it in config.json, or in JSON.
    #[track_caller]
    fn assert_not_in_clear(&self, user: &str, password: &str) {
        let json = serde_json::to_string(password).expect("JSON");
        let inline = STANDARD.encode(format!("{user}:{password}"));
        for form in [password, json.trim_matches('"'), &STANDARD.encode(password), &inline] {
            assert_eq!(files_holding(&self.sandbox.home(), form.as_bytes()), Vec::<PathBuf>::new());
        }
    }

    fn git_subjects(&self, store: &str) -> Vec<String> {
        let log = self.sandbox.run("git", &["-C", store, "log", "--reverse", "--format=%s"], b"").ok().out();
        log.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn assert_work_tree_clean(&self, store: &str) {
        assert_eq!(self.sandbox.run("git", &["-C", store, "status", "--porcelain"], b"").ok().out(), "");
    }
}

/// Login, a wrong password, logout, twice; as seen from everywhere it can be seen.
fn login_and_logout(desk: &Desk) {
    desk.assert_logged_out_before_any();
    let wrong = desk.login("alice", "wrong");
    assert_eq!(wrong.code, 1, "{}", wrong.err());
    assert!(wrong.err().contains("401 Unauthorized"), "{}", wrong.err());
    assert_eq!(desk.helper("list", "").ok().out(), "{}\n", "a refused login is not kept");

    let login = desk.login("alice", PASSWORD).ok();
    assert!(login.out().contains("Login Succeeded"), "{}", login.out());
    assert!(!login.err().to_lowercase().contains("unencrypted"), "{}", login.err());
    desk.assert_logged_in("alice", PASSWORD);
    desk.assert_not_in_clear("alice", PASSWORD);

    let wrong = desk.login("alice", "wrong");
    assert_eq!(wrong.code, 1, "{}", wrong.err());
    desk.assert_logged_in("alice", PASSWORD);

    for _ in 0..2 {
        let logout = desk.logout().ok();
        assert!(!logout.err().contains("WARNING"), "{}", logout.err());
        desk.assert_logged_out();
    }
}

impl Desk {
    #[track_caller]
    fn assert_logged_out_before_any(&self) {
        let answer = self.helper("get", self.server());
        assert_eq!((answer.code, answer.out().as_str()), (1, NOT_FOUND));
    }
}

/// Push and pull are denied, allowed after login, and denied again after logout.
fn push_and_pull(desk: &Desk) {
    let image = desk.image();
    desk.load_image();
    assert_denied(&desk.docker(&["push", &image], ""));
    let wrong = desk.login("alice", "wrong");
    assert_eq!(wrong.code, 1, "{}", wrong.err());
    assert_denied(&desk.docker(&["push", &image], ""));

    desk.login("alice", PASSWORD).ok();
    desk.assert_logged_in("alice", PASSWORD);
    desk.docker(&["push", &image], "").ok();
    desk.docker(&["rmi", "tiny:1", &image], "").ok();
    let pulled = desk.docker(&["pull", &image], "").ok();
    assert!(pulled.out().contains("Downloaded newer image"), "{}", pulled.out());
    desk.docker(&["rmi", &image], "").ok();

    desk.logout().ok();
    desk.assert_logged_out();
    assert_denied(&desk.docker(&["pull", &image], ""));
    desk.assert_not_in_clear("alice", PASSWORD);
}

#[track_caller]
fn assert_denied(answer: &Answer) {
    assert_eq!(answer.code, 1, "{}", answer.out());
    assert!(answer.err().contains("no basic auth credentials"), "{}", answer.err());
}

#[test]
fn docker_logs_in_and_out_without_a_daemon() {
    let Some(desk) = Desk::new(Sandbox::with_store().0) else { return };
    login_and_logout(&desk);
}

#[test]
fn the_official_helper_passes_the_same_login_and_logout() {
    let Some(desk) = Desk::official(Sandbox::with_store().0) else { return };
    desk.login("alice", PASSWORD).ok();
    desk.assert_logged_in("alice", PASSWORD);
    desk.assert_not_in_clear("alice", PASSWORD);
    desk.logout().ok();
    desk.assert_logged_out();
}

#[test]
fn without_a_helper_the_password_would_be_found_in_clear() {
    let Some(desk) = Desk::new(Sandbox::with_store().0) else { return };
    std::fs::write(desk.config.join("config.json"), r#"{"credHelpers":{"other":"pass"},"auths":{"other":{}}}"#)
        .expect("config.json");
    desk.login("alice", PASSWORD).ok();
    let inline = STANDARD.encode(format!("alice:{PASSWORD}"));
    assert_eq!(files_holding(&desk.sandbox.home(), inline.as_bytes()), [desk.config.join("config.json")]);
}

#[test]
fn pass_shows_what_docker_stored() {
    if peer("pass").is_none() {
        return;
    }
    let Some(desk) = Desk::new(Sandbox::with_store().0) else { return };
    desk.login("alice", PASSWORD).ok();
    assert_eq!(desk.sandbox.run("pass", &["show", &desk.entry("alice")], b"").ok().out(), PASSWORD);
    let packets = desk.sandbox.gpg(&["--list-packets", desk.file("alice").to_str().expect("UTF-8")]).ok().out();
    assert!(packets.contains(":pubkey enc packet:") && packets.contains(":encrypted data packet:"), "{packets}");
    desk.logout().ok();
    assert_eq!(desk.sandbox.run("pass", &["show", &desk.entry("alice")], b"").code, 1);
}

#[test]
fn the_account_logged_in_last_wins() {
    let Some(desk) = Desk::new(Sandbox::with_store().0) else { return };
    for (user, password) in [ACCOUNTS[0], ACCOUNTS[1], ACCOUNTS[0]] {
        desk.login(user, password).ok();
        desk.assert_logged_in(user, password);
    }
    desk.logout().ok();
    desk.assert_logged_out();
}

#[test]
fn logout_from_docker_hub_without_a_login_is_silent() {
    let Some(desk) = Desk::new(Sandbox::with_store().0) else { return };
    let logout = desk.docker(&["logout"], "").ok();
    assert_eq!(logout.err(), "");
}

#[test]
fn docker_pushes_and_pulls_with_a_daemon() {
    let Some(mut desk) = Desk::new(Sandbox::with_store().0) else { return };
    if desk.start_daemon().is_some() {
        push_and_pull(&desk);
    }
}

#[test]
fn docker_logs_in_and_out_with_a_daemon() {
    let Some(mut desk) = Desk::new(Sandbox::with_store().0) else { return };
    if desk.start_daemon().is_some() {
        login_and_logout(&desk);
    }
}

#[test]
fn the_official_helper_passes_the_same_push_and_pull() {
    let Some(mut desk) = Desk::official(Sandbox::with_store().0) else { return };
    if desk.start_daemon().is_some() {
        push_and_pull(&desk);
    }
}

#[test]
fn a_git_store_gets_passes_commits_and_no_others() {
    let sandbox = Sandbox::with_store().0;
    sandbox.init_git();
    let Some(desk) = Desk::new(sandbox) else { return };
    let store = desk.sandbox.store();
    let store = store.to_str().expect("UTF-8");
    for _ in 0..3 {
        desk.login("alice", PASSWORD).ok();
        desk.assert_work_tree_clean(store);
    }
    desk.logout().ok();
    desk.assert_work_tree_clean(store);
    let added = format!("Add given password for {} to store.", desk.entry("alice"));
    let folder = desk.entry("alice");
    let folder = folder.strip_suffix("/alice").expect("a folder");
    assert_eq!(desk.git_subjects(store), ["start", &added, &format!("Remove {folder} from store.")]);
}

#[test]
fn a_store_that_gopass_made_is_found_and_kept_clean() {
    let Some(gopass) = peer("gopass") else { return };
    let sandbox = Sandbox::new();
    let key = sandbox.make_key("Alice <alice@example.test>", "future-default");
    sandbox.run(&gopass, &["--yes", "init", "--crypto", "gpgcli", "--storage", "gitfs", &key], b"").ok();
    let store = sandbox.home().join(".local/share/gopass/stores/root");
    let store = store.to_str().expect("UTF-8").to_owned();
    let Some(desk) = Desk::new(sandbox) else { return };
    let before = desk.git_subjects(&store).len();

    desk.login("alice", PASSWORD).ok();
    desk.assert_logged_in("alice", PASSWORD);
    desk.assert_not_in_clear("alice", PASSWORD);
    let shown = desk.sandbox.run(&gopass, &["show", "--noparsing", &desk.entry("alice")], b"").ok();
    assert_eq!(shown.out(), PASSWORD);
    desk.assert_work_tree_clean(&store);

    desk.logout().ok();
    desk.assert_logged_out();
    assert_ne!(desk.sandbox.run(&gopass, &["show", "--noparsing", &desk.entry("alice")], b"").code, 0);
    desk.assert_work_tree_clean(&store);
    assert_eq!(desk.git_subjects(&store).len(), before + 2);
    assert!(!desk.sandbox.store().exists(), "pass's folder is not made beside gopass's");
}
