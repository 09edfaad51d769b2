//! The matrix of contexts held against the real Docker client: what it sends to its daemon, run with exactly the variables
//! that a context has, is what the matrix said it would find.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use regpass::ops::contexts::{Answer, Cell, Context, Matrix, Scope, matrix};
use regpass::system::System;
use regpass::system::env::Env;
use regpass::system::options::{Options, Typed};

use crate::support::{Sandbox, official_helper, peer, run};

const REGISTRY: &str = "reg.test:5000";

/// A daemon that only notes who a pull says to be: the first user, None for nobody.
fn pulled_as(docker: &Path, context: &Context, sandbox: &Sandbox) -> Option<String> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let daemon = std::thread::spawn(move || {
        loop {
            let (stream, _) = listener.accept().expect("a connection");
            if let Some(auth) = answer(stream) {
                return auth;
            }
        }
    });
    let mut command = Command::new(docker);
    command.env_clear().envs(&context.variables).current_dir(sandbox.path());
    let pull = ["--host", &format!("tcp://{address}"), "pull", &format!("{REGISTRY}/tiny:1")];
    let pulled = run(command.args(pull), b"");
    assert!(pulled.err().contains("noted"), "the pull came as far as the daemon: {}", pulled.err());
    let auth = daemon.join().expect("the daemon");
    let auth = URL_SAFE.decode(auth).expect("base64");
    let auth: serde_json::Value = serde_json::from_slice(&auth).unwrap_or_default();
    auth["username"].as_str().filter(|user| !user.is_empty()).map(str::to_owned)
}

/// Answers requests on one connection; the `X-Registry-Auth` of a pull (docker engine API, `POST /images/create`).
fn answer(stream: TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut stream = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return None;
        }
        let (mut auth, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.trim().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "x-registry-auth" => auth = value.trim().to_owned(),
                "content-length" => length = value.trim().parse().expect("a length"),
                _ => {}
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink()).expect("a body");
        let is_pull = request.contains("/images/create");
        let (status, body) = if is_pull { ("500 No", r#"{"message":"noted"}"#) } else { ("200 OK", "OK") };
        let head = "Api-Version: 1.41\r\nContent-Type: application/json\r\nOstype: linux";
        let sent = if request.starts_with("HEAD ") { "" } else { body };
        let answer = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {}\r\n\r\n{sent}", body.len());
        stream.write_all(answer.as_bytes()).expect("answered");
        if is_pull {
            return Some(auth);
        }
    }
}

/// A machine of files whose root is another home of the sandbox.
struct Machine {
    sandbox: Sandbox,
    docker: PathBuf,
    path: String,
}

impl Machine {
    /// alice has logged in; her helper, and what it needs, are in a folder of her own.
    fn new(sandbox: Sandbox) -> Option<Machine> {
        let docker = peer("docker")?;
        let only = sandbox.only(&["gpg", "gpg-agent", "gpgconf", "git"])?;
        let path = format!("{}:{}", sandbox.shim_dir().display(), only.display());
        let machine = Machine { sandbox, docker, path };
        machine.put("h/.docker/config.json", r#"{"auths":{"reg.test:5000":{}},"credsStore":"pass"}"#);
        let payload = format!(r#"{{"ServerURL":"{REGISTRY}","Username":"alice","Secret":"hunter2"}}"#);
        machine.sandbox.helper("store", payload).ok();
        let [root, alice] = ["r", "h"].map(|home| machine.sandbox.path().join(home).display().to_string());
        std::fs::create_dir(&root).expect("root's home");
        machine.put("m/etc/passwd", &format!("root:x:0:0::{root}:/bin/sh\nalice:x:{}:0::{alice}:/bin/sh\n", uid()));
        Some(machine)
    }

    fn put(&self, path: &str, content: &str) {
        let file = self.sandbox.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
        std::fs::write(file, content).expect("a file");
    }

    fn matrix(&self) -> Matrix {
        let own =
            [("PATH", self.path.as_str()), ("USER", "alice"), ("HOME", self.sandbox.home().to_str().expect("UTF-8"))]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let env = Env::made_of(own);
        let options = Options::resolve(&Typed::default(), &env).expect("resolves");
        let scope = Scope { machine: self.sandbox.path().join("m"), ..Scope::default() };
        matrix(&System::new(env, options), &scope, &[REGISTRY.to_owned()])
    }

    /// Every context's cell is what Docker does; the answers by context.
    #[track_caller]
    fn agrees(&self) -> Vec<(String, Answer)> {
        let matrix = self.matrix();
        let told = matrix.contexts.iter().zip(&matrix.cells).map(|(context, cell): (&Context, &Cell)| {
            let user = pulled_as(&self.docker, context, &self.sandbox);
            let expected = cell.login.as_ref().map(|login| login.as_str()).filter(|_| cell.answer == Answer::Found);
            assert_eq!(user.as_deref(), expected, "{}: {cell:?}", context.name);
            assert_ne!(cell.answer, Answer::Unknown, "{}: {cell:?}", context.name);
            (context.name.clone(), cell.answer)
        });
        told.collect()
    }
}

/// The home of the tests' own account.
fn uid() -> u32 {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").expect("proc").uid()
}

fn told(answers: &[(&str, Answer)]) -> Vec<(String, Answer)> {
    answers.iter().map(|(name, answer)| ((*name).to_owned(), *answer)).collect()
}

#[test]
fn sudo_finds_what_the_matrix_says() {
    use Answer::{Error, Found, NotFound};
    let Some(machine) = Machine::new(Sandbox::with_store().0) else { return };
    let path = machine.path.clone();
    for (sudoers, sudo) in [
        (format!("Defaults secure_path=\"{path}\"\n"), NotFound),
        (format!("Defaults secure_path=\"{path}\"\nDefaults env_keep += \"HOME\"\n"), Found),
        ("Defaults secure_path=/nowhere, env_keep += HOME\n".to_owned(), Error),
        ("Defaults !env_reset\n".to_owned(), Found),
    ] {
        machine.put("m/etc/sudoers", &sudoers);
        let expected = told(&[("me", Found), ("sudo", sudo), ("sudo -H", NotFound), ("root login", NotFound)]);
        assert_eq!(machine.agrees(), expected, "{sudoers}");
    }
    // root has logged in too, as somebody else.
    machine.put("r/.docker/config.json", r#"{"auths":{"reg.test:5000":{"auth":"Ym9iOmh1bnRlcjI="}}}"#);
    machine.put("m/etc/sudoers", "Defaults env_keep = \"\"\n");
    let expected = told(&[("me", Found), ("sudo", Found), ("sudo -H", Found), ("root login", Found)]);
    assert_eq!(machine.agrees(), expected);
}

#[test]
fn services_and_cron_jobs_find_what_the_matrix_says() {
    use Answer::{Error, Found, NotFound};
    let Some(machine) = Machine::new(Sandbox::with_store().0) else { return };
    let (home, path) = (machine.sandbox.home().display().to_string(), machine.path.clone());
    let root = machine.sandbox.path().join("r").display().to_string();
    for (name, text) in [
        ("all", format!("HOME={home} PATH={path}")),
        ("home", format!("HOME={home}")),
        ("config", format!("HOME={root} PATH={path} DOCKER_CONFIG={home}/.docker")),
        (
            "keyless",
            format!("HOME={root} PATH={path} DOCKER_CONFIG={home}/.docker PASSWORD_STORE_DIR={home}/.password-store"),
        ),
    ] {
        let text = format!("[Service]\nExecStart=docker pull x\nEnvironment={text}\n");
        machine.put(&format!("m/etc/systemd/system/{name}.service"), &text);
    }
    let job = "1 1 * * * root docker pull x\n";
    machine.put("m/etc/crontab", &format!("HOME={home}\n{job}PATH={path}\n{job}"));
    let expected = [
        ("me", Found),
        ("root login", NotFound),
        ("unit all", Found),
        ("unit config", NotFound),
        ("unit home", Error),
        ("unit keyless", Error),
        ("cron crontab (root)", Error),
        ("cron crontab (root) #2", Found),
    ];
    assert_eq!(machine.agrees(), told(&expected));
}

#[test]
fn a_key_with_a_passphrase_serves_nobody_who_cannot_type_it() {
    let sandbox = Sandbox::new();
    let key = sandbox.make_key_with_passphrase("Alice <alice@example.test>", "future-default", "pw");
    sandbox.init_store(&key);
    let Some(machine) = Machine::new(sandbox) else { return };
    machine.sandbox.stop_gnupg();
    let _ = std::fs::remove_file(machine.sandbox.gnupg_home().join("S.gpg-agent"));
    let text = format!(
        "[Service]\nExecStart=docker pull x\nEnvironment=HOME={} PATH={}\n",
        machine.sandbox.home().display(),
        machine.path
    );
    machine.put("m/etc/systemd/system/a.service", &text);
    let matrix = machine.matrix();
    let me = matrix.cell(0, 0).expect("mine");
    assert!(me.answer == Answer::Found && me.why.contains("passphrase"), "{me:?}");
    let unit = matrix.contexts.iter().position(|context| context.name == "unit a").expect("the unit");
    let cell = matrix.cell(unit, 0).expect("its cell");
    assert_eq!(cell.answer, Answer::Error, "{cell:?}");
    assert_eq!(pulled_as(&machine.docker, &matrix.contexts[unit], &machine.sandbox), None);
}

#[test]
fn the_official_helper_finds_what_the_matrix_says() {
    use Answer::{Error, Found, NotFound};
    let (Some(official), Some(pass), Some(bash)) = (official_helper(), peer("pass"), peer("bash")) else { return };
    let Some(machine) = Machine::new(Sandbox::with_store().0) else { return };
    let helper = machine.sandbox.helper_link();
    std::fs::remove_file(&helper).expect("ours goes");
    std::os::unix::fs::symlink(official, &helper).expect("the official one");
    let own = machine.sandbox.shim_dir();
    let me = |answer| told(&[("me", answer), ("root login", NotFound)]);
    assert_eq!(machine.agrees(), me(Error), "without pass");
    std::os::unix::fs::symlink(pass, own.join("pass")).expect("pass");
    let tools = bash.parent().expect("a folder").display().to_string();
    let machine = Machine { path: format!("{}:{tools}", machine.path), ..machine };
    assert_eq!(machine.agrees(), me(Found));
}

#[test]
fn the_command_line_tells_it_in_words_and_to_programs() {
    let Some(machine) = Machine::new(Sandbox::with_store().0) else { return };
    let sandbox = &machine.sandbox;
    let path = format!("{}:{}", machine.path, std::env::var("PATH").expect("PATH"));
    let ask = |args: &[&str]| run(sandbox.command(crate::support::regpass_binary()).env("PATH", &path).args(args), b"");
    let told = ask(&["explain", REGISTRY]).ok().out();
    assert!(told.contains("it is regpass") && told.ends_with("found (\"alice\")\n"), "{told}");
    assert_eq!(ask(&["explain", "other.test"]).code, 3);
    assert_eq!(ask(&["explain", REGISTRY, "--context", "nowhere"]).code, 3);
    let explained = ask(&["explain", REGISTRY, "--json"]).ok().out();
    let explained: serde_json::Value = serde_json::from_str(&explained).expect("JSON");
    assert_eq!((&explained["answer"], &explained["user"]), (&"found".into(), &"alice".into()));
    let table = ask(&["contexts", "--run"]).ok().out();
    assert!(table.contains("+ found") && table.contains("its helper was run and lists 1 login"), "{table}");
    assert!(table.lines().take(2).all(|line| line.len() <= 80), "{table}");
    let json = ask(&["contexts", "--run", "--json"]).ok().out();
    assert!(!json.contains("hunter2"));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["cells"][0]["answer"], "found");
    assert_eq!(json["runs"][0]["logins"][REGISTRY], "alice");
}
