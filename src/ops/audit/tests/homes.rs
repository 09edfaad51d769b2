//! Checks on real homes: what is there, and how many findings that makes.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::super::{Evidence, Scope, gather};
use super::answer;
use crate::system::System;
use crate::system::env::Env;
use crate::system::options::{Options, Typed};

/// A secret that no answer may hold, also as base64 with "bob:" before it.
const SECRET: &str = "hunter2-very-secret";
const AUTH: &str = "Ym9iOmh1bnRlcjItdmVyeS1zZWNyZXQ=";

/// A machine of its own: a home, and folders for what is elsewhere.
pub(super) struct Bench {
    dir: tempfile::TempDir,
    vars: Vec<(String, String)>,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let dir = tempfile::tempdir().expect("a folder");
        let bench = Bench { dir, vars: Vec::new() };
        for folder in ["home", "machine/proc", "machine/etc", "bin"] {
            std::fs::create_dir_all(bench.at(folder)).expect("a folder");
        }
        bench
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.vars.push((name.to_owned(), value.into()));
    }

    /// A file that its owner alone can read, in folders of the same kind.
    fn put(&self, path: &str, content: &str) {
        let file = self.at(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(&file, content).expect("a file");
        self.mode(path, 0o600);
        self.mode(Path::new(path).parent().and_then(Path::to_str).expect("a name"), 0o700);
    }

    fn mode(&self, path: &str, mode: u32) {
        std::fs::set_permissions(self.at(path), std::fs::Permissions::from_mode(mode)).expect("a mode");
    }

    fn docker(&self, content: &str) {
        self.put("home/.docker/config.json", content);
    }

    pub(super) fn evidence(&self) -> Evidence {
        let text = |path: &str| self.at(path).to_string_lossy().into_owned();
        let own = [("HOME", text("home")), ("PATH", text("bin")), ("USER", "bob".to_owned())];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let env = Env::made_of(own.into_iter().chain(self.vars.clone()));
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        let scope = Scope { machine: self.at("machine"), roots: vec![self.at("projects")] };
        gather(&System::new(env, options), &scope)
    }
}

fn inline() -> String {
    format!(r#"{{"auths":{{"a.test":{{"auth":"{AUTH}"}}}}}}"#)
}

fn old_inline() -> String {
    format!(r#"{{"auths":{{"https://a.test/v1/":{{"auth":"{AUTH}"}}}},"credsStore":"pass"}}"#)
}

fn process(bench: &Bench, file: &str, content: &str) {
    bench.put(&format!("machine/proc/4711/{file}"), content);
}

fn helper_on_path(bench: &Bench) {
    bench.put("bin/docker-credential-pass", "#!/bin/sh\n");
    bench.mode("bin/docker-credential-pass", 0o755);
}

/// A real git, which the bench's own PATH finds from then on.
fn git(bench: &Bench, folder: &str, arguments: &[&str]) {
    let _ = symlink("/usr/bin/git", bench.at("bin/git"));
    let mut git = std::process::Command::new("git");
    let done = git.arg("-C").arg(bench.at(folder)).args(arguments).output().expect("git");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// On a real home: the check, what is there, how many findings that makes.
pub(super) type OnHome = (&'static str, fn(&mut Bench), usize);

pub(super) const ON_HOMES: &[OnHome] = &[
    ("INL01", |bench| bench.docker(&inline()), 1),
    ("INL01", |bench| bench.docker(&format!("{{\"auths\":{{\n\"a\":{{\"auth\":\"{AUTH}\"}},\n}}}}")), 1),
    ("INL01", |bench| bench.docker(r#"{"auths":{"a.test":{},"b.test":{"email":"b@b.test"},"c.test":{"auth":""}}}"#), 0),
    ("INL01", |bench| bench.docker(&format!(r#"{{"Auths":{{"a.test":{{"AUTH":"{AUTH}"}}}}}}"#)), 1),
    (
        "INL01",
        |bench| bench.docker(&format!(r#"{{"auths":{{"https://u:{SECRET}@a.test":{{"password":"{SECRET}"}}}}}}"#)),
        1,
    ),
    (
        "INL02",
        |bench| {
            bench.docker(&inline());
            bench.put("home/.password-store/docker-credential-helpers/YS50ZXN0/bob.gpg", "x");
        },
        1,
    ),
    (
        "INL02",
        |bench| {
            bench.docker(&inline());
            bench.put("home/.password-store/docker-credential-helpers/Yi50ZXN0/bob.gpg", "x");
        },
        0,
    ),
    ("INL03", |bench| bench.docker(&old_inline()), 1),
    ("INL03", |bench| bench.docker(&old_inline().replace("https://a.test/v1/", "https://index.docker.io/v1/")), 0),
    ("INL04", |bench| bench.put("home/.dockercfg", &format!(r#"{{"a.test":{{"auth":"{AUTH}"}}}}"#)), 1),
    ("INL04", |bench| bench.put("home/.dockercfg", "{}"), 0),
    ("INL05", |bench| bench.put("home/.config/containers/auth.json", &inline()), 1),
    (
        "INL05",
        |bench| {
            bench.set("REGISTRY_AUTH_FILE", bench.at("elsewhere/a.json").to_string_lossy().into_owned());
            bench.put("elsewhere/a.json", &inline());
        },
        1,
    ),
    ("INL05", |bench| bench.put("home/.config/containers/auth.json", r#"{"auths":{"a.test":{}}}"#), 0),
    ("INL06", |bench| bench.put("home/.config/helm/registry/config.json", &inline()), 1),
    (
        "INL06",
        |bench| {
            let text = format!("repositories:\n- name: a\n  password: {SECRET}\n  url: https://a.test\n");
            bench.put("home/.config/helm/repositories.yaml", &text);
        },
        1,
    ),
    (
        "INL06",
        |bench| bench.put("home/.config/helm/repositories.yaml", "repositories:\n- name: a\n  password: \"\"\n"),
        0,
    ),
    ("INL09", |bench| bench.set("DOCKER_AUTH_CONFIG", inline()), 1),
    ("INL09", |bench| bench.put("home/.bashrc", &format!("export DOCKER_AUTH_CONFIG='{}'\n", inline())), 1),
    (
        "INL09",
        |bench| {
            bench.put(
                "machine/etc/systemd/system/x.service.d/a.conf",
                &format!("[Service]\nEnvironment=DOCKER_AUTH_CONFIG={}\n", inline()),
            );
        },
        1,
    ),
    ("INL09", |bench| bench.put("home/.bashrc", "# export DOCKER_AUTH_CONFIG='{}'\nexport DOCKER_AUTH_CONFIG=\n"), 0),
    ("INL10", |bench| process(bench, "environ", &format!("HOME=/x\0REGISTRY_PASSWORD={SECRET}\0")), 1),
    ("INL10", |bench| process(bench, "environ", "HOME=/x\0REGISTRY_PASSWORD_FILE=/run/x\0POSTGRES_PASSWORD=x1\0"), 0),
    ("INL11", |bench| process(bench, "cmdline", &format!("docker\0login\0-p\0{SECRET}\0a.test\0")), 1),
    ("INL11", |bench| process(bench, "cmdline", "docker\0login\0--password-stdin\0a.test\0"), 0),
    (
        "INL12",
        |bench| bench.put("home/.bash_history", &format!("ls\n#1700000000\ndocker login -u bob -p {SECRET} a.test\n")),
        1,
    ),
    (
        "INL12",
        |bench| {
            bench.set("HISTFILE", bench.at("home/.mine").to_string_lossy().into_owned());
            bench.put("home/.mine", &format!(": 1700000000:0;echo {SECRET} | podman login --password-stdin a.test\n"));
        },
        1,
    ),
    (
        "INL12",
        |bench| {
            bench.put(
                "home/.bash_history",
                &format!("# docker login -p {SECRET}\ndocker login -p $P a.test\ndocker login a.test\n"),
            )
        },
        0,
    ),
    (
        "INL13",
        |bench| {
            bench.put("projects/a/.github/workflows/ci.yaml", &format!("  - run: docker login -u bob -p {SECRET}\n"))
        },
        1,
    ),
    (
        "INL13",
        |bench| bench.put("projects/a/.gitlab-ci.yml", &format!("variables:\n  REGISTRY_PASSWORD: {SECRET}\n")),
        1,
    ),
    ("INL13", |bench| bench.put("projects/a/.gitlab-ci.yml", "script:\n  - docker login -u bob -p $CI_JOB_TOKEN\n"), 0),
    ("INL14", |bench| bench.put("home/.env", &format!("HARBOR_TOKEN={SECRET}\n")), 1),
    ("INL14", |bench| bench.put("projects/a/compose.yaml", &format!("      - REGISTRY_PASSWORD={SECRET}\n")), 1),
    ("INL14", |bench| bench.put("home/.env", "HARBOR_TOKEN=\nHARBOR_TOKEN=${OTHER}\nDB_PASSWORD=x1\n"), 0),
    (
        "INL15",
        |bench| bench.put("machine/etc/cron.d/pull", &format!("0 1 * * * root docker login -p {SECRET} a.test\n")),
        1,
    ),
    (
        "INL15",
        |bench| {
            bench.put(
                "machine/etc/systemd/system/pull.service",
                &format!("[Service]\nExecStart=/usr/bin/docker login -p {SECRET}\n"),
            );
        },
        1,
    ),
    ("INL15", |bench| bench.put("machine/etc/cron.d/pull", "0 1 * * * root docker login --password-stdin < /x\n"), 0),
    ("INL17", |bench| bench.docker(&format!(r#"{{"HttpHeaders":{{"Authorization":"Bearer {SECRET}"}}}}"#)), 1),
    ("INL17", |bench| bench.docker(r#"{"HttpHeaders":{"X-Meta":"build 7"}}"#), 0),
    (
        "INL18",
        |bench| bench.docker(&format!(r#"{{"proxies":{{"default":{{"httpProxy":"http://u:{SECRET}@p.test"}}}}}}"#)),
        1,
    ),
    (
        "INL18",
        |bench| {
            bench.put(
                "machine/etc/docker/daemon.json",
                &format!(r#"{{"registry-mirrors":["https://u:{SECRET}@m.test"]}}"#),
            )
        },
        1,
    ),
    (
        "INL18",
        |bench| {
            bench.put(
                "machine/etc/systemd/system/docker.service.d/p.conf",
                &format!("[Service]\nEnvironment=\"HTTPS_PROXY=http://u:{SECRET}@p.test\"\n"),
            );
        },
        1,
    ),
    ("INL18", |bench| bench.docker(r#"{"proxies":{"default":{"httpProxy":"http://p.test:3128"}}}"#), 0),
    ("INL19", |bench| bench.put("home/.docker/config.json.bak", &inline()), 1),
    ("INL19", |bench| bench.put("home/.docker/config.json298374", &inline()), 1),
    ("INL19", |bench| bench.put("home/.docker/config.json.bak", r#"{"auths":{"a.test":{}}}"#), 0),
    (
        "INL20",
        |bench| {
            bench.docker(&inline());
            git(bench, "home", &["init", "-q"]);
            git(bench, "home", &["add", ".docker/config.json"]);
        },
        1,
    ),
    (
        "INL20",
        |bench| {
            bench.set("DOCKER_CONFIG", bench.at("home/app/docker").to_string_lossy().into_owned());
            bench.put("home/app/docker/config.json", &inline());
            bench.put("home/app/Dockerfile", "FROM scratch\n");
        },
        1,
    ),
    (
        "INL20",
        |bench| {
            bench.set("DOCKER_CONFIG", bench.at("home/app/docker").to_string_lossy().into_owned());
            bench.put("home/app/docker/config.json", &inline());
            bench.put("home/app/Dockerfile", "FROM scratch\n");
            bench.put("home/app/.dockerignore", "docker/\n");
            git(bench, "home", &["init", "-q"]);
        },
        0,
    ),
    ("CFG01", |bench| bench.docker("{\"auths\": {},}"), 1),
    ("CFG01", |bench| bench.docker("{} {}"), 1),
    ("CFG01", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":123}},"credsStore":5,"credHelpers":[]}"#), 3),
    ("CFG01", |bench| bench.docker("[]"), 1),
    (
        "CFG01",
        |bench| bench.docker(r#"{"auths":null,"credsStore":null,"HttpHeaders":{"a":null},"auths":{"a":null}}"#),
        0,
    ),
    ("CFG01", |bench| bench.docker("{}\n"), 0),
    ("CFG02", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":"bm9jb2xvbg=="}}}"#), 1),
    ("CFG02", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":"OnB3"}}}"#), 1),
    ("CFG02", |bench| bench.docker(r#"{"auths":{"a.test":{"auth":"dTpwdw==\n"}}}"#), 0),
    ("CFG02", |bench| bench.docker(&inline()), 0),
    (
        "CFG03",
        |bench| {
            bench.docker("{}");
            bench.mode("home/.docker/config.json", 0o644);
            bench.mode("home/.docker", 0o755);
        },
        2,
    ),
    (
        "CFG03",
        |bench| {
            bench.docker("{}");
            bench.mode("home/.docker/config.json", 0o400);
        },
        0,
    ),
    (
        "CFG05",
        |bench| {
            std::fs::create_dir_all(bench.at("home/.docker")).expect("a folder");
            symlink("nowhere.json", bench.at("home/.docker/config.json")).expect("a link");
        },
        1,
    ),
    (
        "CFG05",
        |bench| {
            bench.put("home/dotfiles/config.json", "{}");
            std::fs::create_dir_all(bench.at("home/.docker")).expect("a folder");
            symlink(bench.at("home/dotfiles/config.json"), bench.at("home/.docker/config.json")).expect("a link");
        },
        0,
    ),
    ("CFG06", |bench| bench.docker("{}"), 0),
    ("CFG04", |bench| bench.docker("{}"), 0),
    ("CFG07", |bench| bench.docker(r#"{"credStore":"pass"}"#), 1),
    ("CFG07", |bench| bench.docker(r#"{"credsstore":"pass"}"#), 1),
    ("CFG07", |bench| bench.docker(r#"{"credsStore":"pass","credHelpers":{},"auths":{},"psFormat":"x"}"#), 0),
    ("CFG08", |bench| bench.docker(r#"{"credsStore":"pass","credsStore":"x"}"#), 1),
    ("CFG08", |bench| bench.docker(r#"{"auths":{"a":{},"b":{}}}"#), 0),
    ("CFG09", |bench| bench.docker(r#"{"auths":{"a.test":{}}}"#), 1),
    ("CFG09", |bench| bench.docker(r#"{"auths":{"a.test":{}},"credHelpers":{"a.test":"pass"}}"#), 0),
    ("CFG09", |bench| bench.docker(r#"{"auths":{"a.test":{}},"credHelpers":{"b.test":"pass"}}"#), 1),
    ("CFG09", |bench| bench.docker(r#"{"auths":{}}"#), 0),
    ("CFG10", |bench| helper_on_path(bench), 1),
    (
        "CFG10",
        |bench| {
            helper_on_path(bench);
            bench.docker(r#"{"credsStore":"secretservice"}"#);
        },
        0,
    ),
    ("CFG10", |bench| bench.docker("{}"), 0),
];

#[test]
fn on_real_homes() {
    for (number, (id, prepare, expected)) in ON_HOMES.iter().enumerate() {
        let mut bench = Bench::new();
        prepare(&mut bench);
        let answer = answer(&bench.evidence(), id);
        assert_eq!(answer.findings.len(), *expected, "row {number}, {id}: {answer:#?}");
        let told = format!("{answer:?}");
        assert!(!told.contains(SECRET) && !told.contains(AUTH), "row {number}, {id} tells the secret: {told}");
        for finding in &answer.findings {
            assert_eq!(finding.id, *id);
            assert!(
                !finding.title.is_empty() && !finding.fix.is_empty() && !finding.title.ends_with('.'),
                "{finding:?}"
            );
        }
    }
}
