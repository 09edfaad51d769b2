//! Clients of a credential helper other than docker, each the real one: skopeo (podman and buildah share its code) and
//! docker-py. What they ask of a helper: containers/image `pkg/docker/config/config.go`, docker-py
//! `docker/credentials/store.py`.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::desk::{ACCOUNTS, Desk, PASSWORD};
use crate::support::registry::image_archive;
use crate::support::{Answer, Sandbox, files_holding, peer, peers_dir, run, skip};

const HUB_KEY: &str = "https://index.docker.io/v1/";

/// skopeo with an auth file that sends it to our helper; it knows no `credsStore`.
struct Skopeo {
    program: PathBuf,
    auth_file: PathBuf,
    desk: Desk,
}

impl Skopeo {
    fn new() -> Option<Skopeo> {
        let program = peer("skopeo")?;
        let desk = Desk::new(Sandbox::with_store().0)?;
        let auth_file = desk.sandbox.home().join("auth.json");
        let helpers = json!({"credHelpers": {desk.server(): "pass", "docker.io": "pass"}});
        std::fs::write(&auth_file, helpers.to_string()).expect("the auth file");
        Some(Skopeo { program, auth_file, desk })
    }

    fn run(&self, action: &str, args: &[&str], input: &str) -> Answer {
        let mut command = self.desk.command(&self.program);
        command.args([action, "--authfile"]).arg(&self.auth_file).args(args);
        run(&mut command, input.as_bytes())
    }

    fn login(&self, password: &str) -> Answer {
        let args = ["--tls-verify=false", "-u", "alice", "--password-stdin", self.desk.server()];
        self.run("login", &args, password)
    }

    fn inspect(&self) -> Answer {
        self.run("inspect", &["--tls-verify=false", &format!("docker://{}", self.desk.image())], "")
    }
}

/// What skopeo wrote in clear goes into the store, and skopeo finds it there.
#[test]
fn a_login_that_skopeo_wrote_in_clear_is_moved_into_the_store() {
    let Some(mut skopeo) = Skopeo::new() else { return };
    skopeo.auth_file = skopeo.desk.sandbox.home().join(".config/containers/auth.json");
    skopeo.login(PASSWORD).ok();
    let inline = STANDARD.encode(format!("alice:{PASSWORD}"));
    let home = skopeo.desk.sandbox.home();
    assert_eq!(files_holding(&home, inline.as_bytes()), std::slice::from_ref(&skopeo.auth_file));
    let archive = image_archive(&skopeo.desk.sandbox);
    let path = skopeo.desk.path.clone();
    skopeo.desk.sandbox.set("PATH", path);
    skopeo.desk.sandbox.regpass(&["fix", "--apply", "--yes", "INL05"], b"").ok();
    skopeo.desk.assert_not_in_clear("alice", PASSWORD);
    let user = skopeo.run("login", &["--get-login", skopeo.desk.server()], "").ok();
    assert_eq!(user.out(), "alice\n");
    let from = format!("docker-archive:{}", archive.display());
    let to = format!("docker://{}", skopeo.desk.image());
    skopeo.run("copy", &["--dest-tls-verify=false", &from, &to], "").ok();
    skopeo.inspect().ok();
    skopeo.run("logout", &[skopeo.desk.server()], "").ok();
    skopeo.desk.assert_not_found();
}

#[test]
fn skopeo_logs_in_copies_inspects_and_logs_out() {
    let Some(skopeo) = Skopeo::new() else { return };
    let desk = &skopeo.desk;
    let wrong = skopeo.login("wrong");
    assert_eq!(wrong.code, 1, "{}", wrong.err());
    desk.assert_not_found();

    let login = skopeo.login(PASSWORD).ok();
    assert!(login.out().contains("Login Succeeded!"), "{}", login.out());
    desk.assert_not_in_clear("alice", PASSWORD);
    let user = skopeo.run("login", &["--get-login", desk.server()], "").ok();
    assert_eq!(user.out(), "alice\n");

    let from = format!("docker-archive:{}", image_archive(&desk.sandbox).display());
    let to = format!("docker://{}", desk.image());
    skopeo.run("copy", &["--dest-tls-verify=false", &from, &to], "").ok();
    let inspected: Value = serde_json::from_slice(&skopeo.inspect().ok().stdout).expect("JSON");
    assert_eq!(inspected["RepoTags"], json!(["1"]));

    // The second time there is nothing to erase, which the official helper makes an error of.
    for _ in 0..2 {
        let logout = skopeo.run("logout", &[desk.server()], "").ok();
        assert!(logout.out().contains("Removed login credentials"), "{}", logout.out());
        desk.assert_not_found();
    }
    let denied = skopeo.inspect();
    assert_eq!(denied.code, 1);
    assert!(denied.err().contains("unauthorized"), "{}", denied.err());
}

#[test]
fn skopeo_finds_the_docker_hub_login_that_docker_stored() {
    let Some(skopeo) = Skopeo::new() else { return };
    let none = skopeo.run("login", &["--get-login", "docker.io"], "");
    assert_eq!(none.code, 1, "{}", none.out());
    let payload = json!({"ServerURL": HUB_KEY, "Username": "alice", "Secret": PASSWORD});
    skopeo.desk.helper("store", &payload.to_string()).ok();
    assert_eq!(skopeo.run("login", &["--get-login", "docker.io"], "").ok().out(), "alice\n");
    skopeo.run("logout", &["docker.io"], "").ok();
    assert_eq!(skopeo.desk.helper("get", HUB_KEY).code, 1, "logged out is logged out under every name");
}

#[test]
fn skopeo_logs_out_of_everything() {
    let Some(skopeo) = Skopeo::new() else { return };
    skopeo.login(PASSWORD).ok();
    skopeo.run("logout", &["--all"], "").ok();
    assert_eq!(skopeo.desk.helper("list", "").ok().out(), "{}\n");
}

/// docker-py, in the virtual environment that `make test` makes.
struct DockerPy {
    python: PathBuf,
    desk: Desk,
}

impl DockerPy {
    fn new() -> Option<DockerPy> {
        let python = peers_dir().join("docker-py/bin/python");
        if !python.is_file() {
            skip("docker-py is not installed");
            return None;
        }
        Some(DockerPy { python, desk: Desk::new(Sandbox::with_store().0)? })
    }

    fn run(&self, args: &[&str]) -> Answer {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/docker_py.py");
        let mut command = self.desk.command(&self.python);
        run(command.arg(script).args(args).env("DOCKER_CONFIG", &self.desk.config), b"")
    }

    #[track_caller]
    fn says(&self, args: &[&str]) -> Value {
        let answer = self.run(args).ok();
        serde_json::from_slice(&answer.stdout).expect("JSON")
    }
}

#[test]
fn docker_py_stores_resolves_lists_and_erases() {
    let Some(py) = DockerPy::new() else { return };
    let server = py.desk.server();
    assert_eq!(py.says(&["get", server]), json!("CredentialsNotFound"));
    assert_eq!(py.says(&["resolve", server]), Value::Null);
    assert_eq!(py.says(&["list"]), json!({}));

    py.says(&["store", server, "alice", PASSWORD]);
    let stored = json!({"ServerURL": server, "Username": "alice", "Secret": PASSWORD});
    assert_eq!(py.says(&["get", server]), stored);
    let auth = json!({"ServerAddress": server, "Username": "alice", "Password": PASSWORD});
    assert_eq!(py.says(&["resolve", server]), auth);
    assert_eq!(py.says(&["list"]), json!({server: "alice"}));
    py.desk.assert_not_in_clear("alice", PASSWORD);

    py.says(&["store", HUB_KEY, "<token>", "an identity token"]);
    let token = json!({"ServerAddress": HUB_KEY, "IdentityToken": "an identity token"});
    assert_eq!(py.says(&["resolve", "docker.io"]), token);
    py.says(&["erase", HUB_KEY]);

    // Erasing twice is no error.
    for _ in 0..2 {
        py.says(&["erase", server]);
        assert_eq!(py.says(&["get", server]), json!("CredentialsNotFound"));
    }
}

#[test]
fn docker_py_pushes_and_pulls_with_what_docker_stored() {
    let Some(mut py) = DockerPy::new() else { return };
    if py.desk.start_daemon().is_none() {
        return;
    }
    let desk = &py.desk;
    let image = desk.image();
    let host = desk.daemon.as_ref().expect("a daemon").host().to_owned();
    desk.load_image();
    let denied = py.says(&["push", &host, &image]);
    assert!(denied["error"].as_str().is_some_and(|text| text.contains("no basic auth credentials")), "{denied}");

    let (user, password) = ACCOUNTS[1];
    desk.login(user, password).ok();
    assert_eq!(py.says(&["push", &host, &image])["error"], Value::Null);
    desk.docker(&["rmi", "tiny:1", &image], "").ok();
    assert_eq!(py.says(&["pull", &host, &image])["error"], Value::Null);
    desk.docker(&["rmi", &image], "").ok();

    desk.logout().ok();
    let denied = py.says(&["pull", &host, &image]);
    assert!(denied["error"].as_str().is_some_and(|text| text.contains("no basic auth credentials")), "{denied}");
}
