//! Machines made by hand: who may run Docker there, and what it would find.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

mod doubtful;

use super::*;
use crate::system::env::Env;
use crate::system::options::{Options, Typed};

/// What tells a regpass binary, and an official helper (`system/links.rs`).
const REGPASS: &str = "docker-credential-pass (regpass) v0";
const OFFICIAL: &str = "docker/docker-credential-helpers";

/// A machine in a folder, with the accounts root and bob, whose shell this is.
struct Machine {
    dir: tempfile::TempDir,
    vars: Vec<(String, String)>,
}

impl Machine {
    fn new() -> Machine {
        let dir = tempfile::tempdir().expect("a folder");
        let machine = Machine { dir, vars: Vec::new() };
        for folder in ["etc", "home/bob", "root", "own"] {
            std::fs::create_dir_all(machine.at(folder)).expect("a folder");
        }
        let [root, bob] = ["root", "home/bob"].map(|home| machine.text(home));
        // We are bob, whoever runs the tests; where that is root, root's line comes first.
        let uid = machine.at("own").metadata().expect("ours").uid();
        machine.put("etc/passwd", &format!("root:x:0:0::{root}:/bin/sh\nbob:x:{uid}:{uid}::{bob}:/bin/bash\n"));
        machine
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        self.at(path).to_string_lossy().into_owned()
    }

    fn put(&self, path: &str, content: &str) {
        let file = self.at(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(&file, content).expect("a file");
    }

    fn program(&self, path: &str, content: &str) {
        self.put(path, content);
        std::fs::set_permissions(self.at(path), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    /// bob's Docker asks the helper, which is in his own folder of programs, and his store has a login.
    fn set_up(self) -> Machine {
        self.put("home/bob/.docker/config.json", r#"{"auths":{"a.test":{}},"credsStore":"pass"}"#);
        self.put("home/bob/.password-store/docker-credential-helpers/YS50ZXN0/bob.gpg", "x");
        self.program("own/docker-credential-pass", REGPASS);
        self
    }

    fn set(&mut self, name: &str, value: String) {
        self.vars.push((name.to_owned(), value));
    }

    fn system(&self) -> (System, Scope) {
        let own = [("HOME", self.text("home/bob")), ("PATH", self.text("own")), ("USER", "bob".to_owned())];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let env = Env::made_of(own.into_iter().chain(self.vars.clone()));
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        let scope = Scope { machine: self.dir.path().to_owned(), all_users: true, keys: false, ..Scope::default() };
        (System::new(env, options), scope)
    }

    fn matrix(&self, asked: &[&str]) -> Matrix {
        let (system, scope) = self.system();
        let asked: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
        matrix(&system, &scope, &asked)
    }

    /// The one cell of a context.
    fn cell(&self, context: &str, registry: &str) -> Cell {
        let matrix = self.matrix(&[registry]);
        let names: Vec<&str> = matrix.contexts.iter().map(|context| context.name.as_str()).collect();
        let index = names.iter().position(|name| *name == context);
        let index = index.unwrap_or_else(|| panic!("no {context} among {names:?}"));
        matrix.cell(index, 0).cloned().expect("a cell")
    }

    fn missed(&self) -> Vec<(Option<Kind>, String)> {
        // Keys are not looked for here, which concerns all.
        let missed = self.matrix(&[]).missed.into_iter().filter(|missed| missed.of.is_some());
        missed.map(|missed| (missed.of, missed.why)).collect()
    }

    #[track_caller]
    fn assert_unseen(&self, context: &str) {
        let cell = self.cell(context, "a.test");
        assert_eq!((cell.answer, cell.reason), (Answer::Unknown, Reason::Unseen), "{}", cell.why);
    }

    #[track_caller]
    fn assert(&self, context: &str, registry: &str, answer: Answer, reason: Reason) {
        let cell = self.cell(context, registry);
        assert_eq!((cell.answer, cell.reason), (answer, reason), "{context}: {cell:?}");
        assert_eq!(cell.answer == Answer::Found, cell.mend.is_none() && cell.login.is_some(), "{cell:?}");
    }
}

#[test]
fn my_own_login_is_found_and_its_user_told() {
    let machine = Machine::new().set_up();
    let cell = machine.cell("me", "https://a.test/v2/");
    assert_eq!((cell.registry.as_str(), cell.answer), ("a.test", Answer::Found));
    assert_eq!(cell.login.as_ref().map(Login::as_str), Some("bob"));
    let steps: Vec<(&str, bool)> = cell.steps.iter().map(|step| (step.name, step.good)).collect();
    let expected = ["config", "helper", "program", "store", "entry", "answer"].map(|name| (name, true));
    assert_eq!(steps, expected);
    assert_eq!(machine.matrix(&[]).registries, ["a.test"]);
}

#[test]
fn sudo_has_root_s_home_and_its_own_path() {
    let machine = Machine::new().set_up();
    let sudoers = |text: &str| machine.put("etc/sudoers", text);
    assert!(machine.matrix(&[]).contexts.iter().all(|context| !context.name.starts_with("sudo")), "no sudo here");
    let own = machine.text("own");
    sudoers(&format!("Defaults secure_path=\"{own}\"\n"));
    machine.assert("sudo", "a.test", Answer::NotFound, Reason::NoHelper);
    // HOME kept: root uses bob's things.
    sudoers(&format!("Defaults secure_path=\"{own}\", env_keep += \"HOME\"\n"));
    machine.assert("sudo", "a.test", Answer::Found, Reason::Helper);
    machine.assert("sudo -H", "a.test", Answer::NotFound, Reason::NoHelper);
    sudoers(&format!("Defaults secure_path=\"{own}\", env_keep += \"HOME\", always_set_home\n"));
    machine.assert("sudo", "a.test", Answer::NotFound, Reason::NoHelper);
    sudoers("Defaults !env_reset\n");
    machine.assert("sudo", "a.test", Answer::Found, Reason::Helper);
    // The helper is in a folder where sudo does not look.
    sudoers(&format!("Defaults secure_path=\"{}\", env_keep += \"HOME\"\n", machine.text("sbin")));
    machine.assert("sudo", "a.test", Answer::Error, Reason::NoProgram);
    let cell = machine.cell("sudo", "a.test");
    assert!(cell.why.contains(&machine.text("sbin")), "{}", cell.why);
    assert!(cell.mend.expect("a remedy").contains(&own));
}

#[test]
fn root_by_sudo_sees_whoever_called_it() {
    let mut machine = Machine::new().set_up();
    machine.put("etc/sudoers", &format!("Defaults:eve env_keep += HOME, secure_path={}\n", machine.text("own")));
    let eve = machine.text("home/eve");
    machine.put("home/eve/.docker/config.json", r#"{"auths":{"e.test":{"auth":"ZXZlOmh1bnRlcjI="}}}"#);
    machine
        .put("etc/passwd", &format!("root:x:0:0::{}:/bin/sh\neve:x:4242:4242::{eve}:/bin/sh\n", machine.text("root")));
    for folder in ["", "home", "home/eve", "home/eve/.docker"] {
        std::fs::set_permissions(machine.at(folder), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    machine.set("SUDO_USER", "eve".to_owned());
    let names: Vec<String> = machine.matrix(&[]).contexts.into_iter().map(|context| context.name).collect();
    assert!(names.contains(&"user eve".to_owned()), "{names:?}");
    machine.assert("user eve", "e.test", Answer::Found, Reason::Inline);
    // Only root was called by somebody.
    let is_root = machine.at("own").metadata().expect("ours").uid() == 0;
    let kept = if is_root { (Answer::Found, Reason::Inline) } else { (Answer::NotFound, Reason::NoHelper) };
    machine.assert("sudo", "e.test", kept.0, kept.1);
}

#[test]
fn a_variable_counts_for_a_docker_that_reads_it() {
    let mut machine = Machine::new().set_up();
    machine.set("DOCKER_AUTH_CONFIG", r#"{"auths":{"a.test":{"auth":"ZXZlOmh1bnRlcjI="}}}"#.to_owned());
    machine.assert("me", "a.test", Answer::Found, Reason::Variable);
    machine.program("own/docker", "an old one");
    machine.assert("me", "a.test", Answer::Found, Reason::Helper);
    machine.program("own/docker", "DOCKER_AUTH_CONFIG does not support more than one JSON object");
    machine.assert("me", "a.test", Answer::Found, Reason::Variable);
    assert_eq!(machine.cell("me", "a.test").login.as_ref().map(Login::as_str), Some("eve"));
    machine.set("DOCKER_AUTH_CONFIG", r#"{"auths":{"a.test":{"auth":"ZXZlOmh1bnRlcjI="}},"x":1}"#.to_owned());
    machine.assert("me", "a.test", Answer::Found, Reason::Helper);
}

#[test]
fn sudo_loses_or_keeps_what_bob_set() {
    let mut machine = Machine::new().set_up();
    machine.set("DOCKER_CONFIG", machine.text("elsewhere"));
    machine.set("PASSWORD_STORE_DIR", machine.text("store"));
    machine.put("elsewhere/config.json", r#"{"credsStore":"pass"}"#);
    machine.put("store/docker-credential-helpers/Yi50ZXN0/eve.gpg", "x");
    machine.assert("me", "b.test", Answer::Found, Reason::Helper);
    machine.put("etc/sudoers", &format!("Defaults secure_path={}\n", machine.text("own")));
    machine.assert("sudo", "b.test", Answer::NotFound, Reason::NoHelper);
    let kept = "Defaults env_keep += \"DOCKER_CONFIG PASSWORD_*\"\n";
    machine.put("etc/sudoers", &format!("Defaults secure_path={}\n{kept}", machine.text("own")));
    machine.assert("sudo", "b.test", Answer::Found, Reason::Helper);
    // Where PAM reads /etc/environment, it counts unless something was kept.
    machine.put("etc/sudoers", &format!("Defaults secure_path={}\n", machine.text("own")));
    machine.put("etc/environment", &format!("DOCKER_CONFIG=\"{}\"\nSECRET=hunter2\n", machine.text("elsewhere")));
    machine.assert("sudo", "b.test", Answer::NotFound, Reason::NoHelper);
    machine.put("etc/pam.d/sudo", "session required pam_env.so readenv=1\n");
    machine.assert("sudo", "b.test", Answer::NotFound, Reason::NoStore);
    assert!(!format!("{:?}", machine.matrix(&[])).contains("hunter2"));
}

#[test]
fn sudoers_that_cannot_be_read_is_told_and_sudo_taken_as_it_comes() {
    let machine = Machine::new().set_up();
    std::fs::create_dir(machine.at("etc/sudoers")).expect("in its place");
    let matrix = machine.matrix(&[]);
    let sudo = matrix.contexts.iter().find(|context| context.name == "sudo").expect("sudo");
    assert!(sudo.doubts.iter().any(|doubt| doubt.contains("sudoers")), "{:?}", sudo.doubts);
    assert_eq!(sudo.home, Some(machine.at("root")));
}

#[test]
fn a_login_of_root_has_what_its_start_up_files_set() {
    let machine = Machine::new().set_up();
    machine.put("etc/login.defs", &format!("ENV_SUPATH PATH={}\n", machine.text("own")));
    machine.assert("root login", "a.test", Answer::NotFound, Reason::NoHelper);
    let bob = machine.text("home/bob");
    machine.put(
        "root/.profile",
        &format!("export DOCKER_CONFIG={bob}/.docker\nPASSWORD_STORE_DIR={bob}/.password-store\n"),
    );
    machine.assert("root login", "a.test", Answer::Found, Reason::Helper);
    machine.put("root/.profile", "export PATH=/nowhere\n");
    machine.assert("root login", "a.test", Answer::NotFound, Reason::NoHelper);
}

#[test]
fn a_service_has_what_its_unit_gives_it() {
    let machine = Machine::new().set_up();
    let (own, bob) = (machine.text("own"), machine.text("home/bob"));
    let unit = |text: &str| {
        machine.put("etc/systemd/system/pull.service", &format!("[Service]\nExecStart=docker pull x\n{text}"))
    };
    unit("");
    machine.assert("unit pull", "a.test", Answer::NotFound, Reason::NoHelper);
    unit(&format!("Environment=PATH={own} \"HOME={bob}\"\n"));
    machine.assert("unit pull", "a.test", Answer::Found, Reason::Helper);
    assert_eq!(machine.cell("unit pull", "a.test").context, 2, "me, root login, the unit");
    unit("User=bob\n");
    machine.assert("unit pull", "a.test", Answer::Error, Reason::NoProgram);
    machine.put("etc/systemd/system/pull.service.d/x.conf", &format!("[Service]\nEnvironment=PATH={own}\n"));
    machine.assert("unit pull", "a.test", Answer::Found, Reason::Helper);
    machine.put("own/env", &format!("DOCKER_CONFIG={own}\n"));
    unit(&format!("User=bob\nEnvironmentFile=-/nowhere/x\nEnvironmentFile={own}/env\n"));
    machine.assert("unit pull", "a.test", Answer::NotFound, Reason::NoHelper);
    unit("User=bob\nProtectHome=yes\n");
    machine.assert("unit pull", "a.test", Answer::Error, Reason::Config);
    unit("User=nobody-here\n");
    machine.assert("unit pull", "a.test", Answer::Unknown, Reason::Unseen);
    unit("DynamicUser=yes\n");
    machine.assert("unit pull", "a.test", Answer::Unknown, Reason::Unseen);
    machine.put("etc/systemd/system/pull.service", "[Service]\nExecStart=/usr/bin/dockerd\n");
    assert!(machine.matrix(&[]).contexts.iter().all(|context| context.kind != Kind::Unit));
}

#[test]
fn a_cron_job_has_a_short_path() {
    let machine = Machine::new().set_up();
    machine.put("etc/crontab", "1 1 * * * bob docker pull x\n");
    machine.assert("cron crontab (bob)", "a.test", Answer::Error, Reason::NoProgram);
    let cell = machine.cell("cron crontab (bob)", "a.test");
    assert!(cell.mend.expect("a remedy").contains("to its PATH in"), "{}", cell.why);
    machine.put(
        "etc/crontab",
        &format!("PATH={}\n1 1 * * * bob docker pull x\n2 2 * * * bob docker pull y\n", machine.text("own")),
    );
    machine.assert("cron crontab (bob)", "a.test", Answer::Found, Reason::Helper);
    let crons = machine.matrix(&[]).contexts.iter().filter(|context| context.kind == Kind::Cron).count();
    assert_eq!(crons, 1, "two alike jobs are one context");
    machine.put("etc/crontab", "1 1 * * * bob echo docker\n");
    assert!(machine.matrix(&[]).contexts.iter().all(|context| context.kind != Kind::Cron));
}

#[test]
fn docker_chooses_as_it_does() {
    let machine = Machine::new().set_up();
    let auth = r#"{"auth":"Ym9iOmh1bnRlcjI="}"#;
    let config = |text: &str| machine.put("home/bob/.docker/config.json", text);
    for (text, registry, answer, reason) in [
        // The helper of the registry, by its exact name.
        (
            r#"{"credsStore":"pass","credHelpers":{"a.test":"other"}}"#.to_owned(),
            "a.test",
            Answer::Error,
            Reason::NoProgram,
        ),
        (
            r#"{"credsStore":"other","credHelpers":{"https://a.test":"pass"}}"#.to_owned(),
            "a.test",
            Answer::Error,
            Reason::NoProgram,
        ),
        (
            r#"{"credsStore":"other","credHelpers":{"docker.io":"pass"}}"#.to_owned(),
            "docker.io",
            Answer::Error,
            Reason::NoProgram,
        ),
        // An empty helper: the file decides.
        (
            format!(r#"{{"credsStore":"pass","credHelpers":{{"a.test":""}},"auths":{{"a.test":{auth}}}}}"#),
            "a.test",
            Answer::Found,
            Reason::Inline,
        ),
        // A helper is asked, and the login in clear is not looked at.
        (
            format!(r#"{{"credsStore":"pass","auths":{{"b.test":{auth}}}}}"#),
            "b.test",
            Answer::NotFound,
            Reason::NoEntry,
        ),
        (format!(r#"{{"auths":{{"b.test":{auth}}}}}"#), "b.test", Answer::Found, Reason::Inline),
        (format!(r#"{{"auths":{{"https://b.test/v1/":{auth}}}}}"#), "b.test", Answer::Found, Reason::Inline),
        (
            format!(r#"{{"auths":{{"b.test":{{}},"https://b.test/v1/":{auth}}}}}"#),
            "b.test",
            Answer::NotFound,
            Reason::NoHelper,
        ),
        // Nothing said, and no pass: Docker takes no helper.
        ("{}".to_owned(), "a.test", Answer::NotFound, Reason::NoHelper),
        ("{".to_owned(), "a.test", Answer::Error, Reason::Config),
        (r#"{"auths":[]}"#.to_owned(), "a.test", Answer::Unknown, Reason::Unseen),
    ] {
        config(&text);
        let cell = machine.cell("me", registry);
        assert_eq!((cell.answer, cell.reason), (answer, reason), "{text}: {cell:?}");
    }
    config("{}");
    machine.program("own/pass", "#!/bin/sh\n");
    machine.assert("me", "a.test", Answer::Found, Reason::Helper);
    config(r#"{"auths":{"x.test":{}}}"#);
    machine.assert("me", "a.test", Answer::NotFound, Reason::NoHelper);
}

#[test]
fn a_login_under_another_spelling_is_not_the_one_that_docker_asks_for() {
    let machine = Machine::new().set_up();
    machine.put("home/bob/.password-store/docker-credential-helpers/aHR0cHM6Ly9iLnRlc3Q=/bob.gpg", "x");
    machine.assert("me", "b.test", Answer::NotFound, Reason::NoEntry);
    assert!(machine.cell("me", "b.test").why.contains("https://b.test"));
}

#[test]
fn the_official_helper_needs_pass_and_a_home() {
    let machine = Machine::new().set_up();
    machine.program("own/docker-credential-pass", OFFICIAL);
    machine.assert("me", "a.test", Answer::Error, Reason::NoProgram);
    machine.program("own/pass", "#!/bin/sh\n");
    machine.assert("me", "a.test", Answer::Found, Reason::Helper);
    machine.program("own/docker-credential-pass", "#!/bin/sh\n");
    assert_eq!(machine.cell("me", "a.test").reason, Reason::ForeignProgram);
    // A service without HOME: root's home counts for Docker and for regpass, not for the official helper.
    machine.put("root/.docker/config.json", r#"{"credsStore":"pass"}"#);
    machine.put("root/.password-store/docker-credential-helpers/YS50ZXN0/root.gpg", "x");
    let text = format!("[Service]\nExecStart=docker pull x\nEnvironment=PATH={}\n", machine.text("own"));
    machine.put("etc/systemd/system/pull.service", &text);
    machine.program("own/docker-credential-pass", REGPASS);
    machine.assert("unit pull", "a.test", Answer::Found, Reason::Helper);
    machine.program("own/docker-credential-pass", OFFICIAL);
    machine.assert("unit pull", "a.test", Answer::NotFound, Reason::NoStore);
}

#[test]
fn a_snap_has_another_home_and_no_helper() {
    let machine = Machine::new().set_up();
    machine.put("snap/docker/current/bin/docker", "x");
    machine.put("home/bob/snap/docker/current/.docker/config.json", r#"{"credsStore":"pass"}"#);
    machine.assert("snap", "a.test", Answer::Error, Reason::NoProgram);
}

#[test]
fn hostile_files_hold_nothing_up() {
    let machine = Machine::new().set_up();
    for fifo in ["etc/crontab", "etc/sudoers", "etc/environment", "root/.profile", "root/.docker"] {
        rustix::fs::mknodat(rustix::fs::CWD, machine.at(fifo), rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0)
            .expect("a FIFO");
    }
    std::fs::create_dir_all(machine.at("etc/systemd/system")).expect("a folder");
    std::os::unix::fs::symlink("loop.service", machine.at("etc/systemd/system/loop.service")).expect("a loop");
    machine.put("etc/systemd/system/\u{1b}[31m.service", "[Service]\nExecStart=docker pull\n");
    machine.put("etc/cron.d/\u{1b}]0;x", "1 1 * * * root docker pull x\n");
    let matrix = machine.matrix(&[]);
    assert!(matrix.contexts.len() >= 4, "{:?}", matrix.contexts);
    for context in &matrix.contexts {
        assert!(!context.name.contains('\u{1b}'), "{:?}", context.name);
    }
    for cell in &matrix.cells {
        let said = format!("{}{}", cell.why, cell.mend.as_deref().unwrap_or_default());
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
    assert!(Path::new(&machine.at("etc/crontab")).exists());
}
