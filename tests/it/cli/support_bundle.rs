//! `regpass support-bundle`: asked, for one person, over nothing; and with secrets planted wherever they end up in practice,
//! none of them is in it, in no form.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use super::*;
use crate::support::{regpass_binary, set_mode};

/// Where each was planted is in its name.
const PLANTED: [&str; 23] = [
    "Zauth7hunter",
    "Zpassword7hunter",
    "Zidentity7hunter",
    "Zcontainers7hunter",
    "Zhelm7hunter",
    "Zlegacy7hunter",
    "Zheader7hunter",
    "Zproxy7hunter",
    "Zenvauth7hunter",
    "Zenvtoken7hunter",
    "Zenvproxy7hunter",
    "Zgpgopts7hunter",
    "Zhistory7hunter",
    "Zdotenv7hunter",
    "Zstore7hunter",
    "Zserver7hunter",
    "Zuser7hunter",
    "Zjournal7hunter",
    "Zcopy7hunter",
    "Zsettings7hunter",
    "Zowner7hunter",
    "Zolder7hunter",
    "Znewer7hunter",
];

pub(super) fn put(sandbox: &Sandbox, path: &str, content: &str) {
    let file = sandbox.home().join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
    std::fs::write(file, content).expect("a file");
}

fn auth(secret: &str) -> String {
    STANDARD.encode(format!("bob:{secret}"))
}

fn auths(secret: &str) -> String {
    format!(r#"{{"auths":{{"a.test":{{"auth":"{}"}}}}}}"#, auth(secret))
}

/// A home in which each of them stands where people and programs leave it.
fn careless() -> Sandbox {
    let mut sandbox = store_of(&[]);
    let mut planted = PLANTED.iter().copied();
    let mut next = move || planted.next().expect("one more");
    let (inline, password, identity) = (auth(next()), next(), next());
    let (containers, helm, legacy) = (auths(next()), auths(next()), auth(next()));
    let (header, proxy) = (next(), next());
    put(
        &sandbox,
        ".docker/config.json",
        &format!(
            r#"{{"auths":{{"a.test":{{"auth":"{inline}"}},"http://b.test":{{"password":"{password}"}},"c.test":{{"identitytoken":
            "{identity}"}},"https://u:Zserver7hunter@d.test/v1/":{{"auth":"{inline}"}},"u:Zserver7hunter@e.test":{{}}}},"credsStore":"pass",
            "credHelpers":{{"https://u:Zserver7hunter@d.test":"gone"}},"HttpHeaders":{{"Authorization":"Bearer {header}"}},
            "proxies":{{"default":{{"httpProxy":"http://u:{proxy}@p.test"}}}},"plugins":{{"x":{{"token":"{proxy}"}}}}}}"#
        ),
    );
    put(&sandbox, ".config/containers/auth.json", &containers);
    put(&sandbox, ".config/helm/registry/config.json", &helm);
    put(&sandbox, ".dockercfg", &format!(r#"{{"a.test":{{"auth":"{legacy}"}}}}"#));
    sandbox.set("DOCKER_AUTH_CONFIG", auths(next()));
    sandbox.set("HARBOR_TOKEN", next());
    sandbox.set("HTTPS_PROXY", format!("http://u:{}@p.test:3128", next()));
    sandbox.set("DOCKER_HOST", "tcp://u:Zenvproxy7hunter@h.test:2376");
    sandbox.set("PASSWORD_STORE_GPG_OPTS", format!("--passphrase {}", next()));
    put(&sandbox, ".bash_history", &format!("docker login -u bob -p {} a.test\n", next()));
    put(&sandbox, ".env", &format!("REGISTRY_PASSWORD={}\n", next()));
    let (stored, server, user, journal) = (next(), next(), next(), next());
    let login =
        |server: &str, user: &str| format!(r#"{{"ServerURL":"{server}","Username":"{user}","Secret":"{stored}"}}"#);
    for (server, user) in [
        ("a.test".to_owned(), user.to_owned()),
        (format!("http://u:{server}@f.test"), "bob".to_owned()),
        (format!("https://index.docker.io/v1/?token={journal}"), user.to_owned()),
    ] {
        sandbox.helper("store", login(&server, &user)).ok();
        sandbox.helper("get", &server);
        sandbox.helper("erase", format!("{server}/"));
    }
    sandbox.helper("get", journal);
    sandbox.helper("get", format!("https://u:{journal}@nobody.test"));
    put(&sandbox, ".docker/config.json.bak", &auths(next()));
    sandbox.set("EDITOR", format!("vi --token={}", next()));
    // Users whom only sentences name: of a login that cannot be read, of one that was replaced, and of its successor.
    let folder =
        |server: &str| sandbox.home().join(".password-store/docker-credential-helpers").join(URL_SAFE.encode(server));
    let (owner, older, newer) = (next(), next(), next());
    sandbox.helper("store", login("own.test", owner)).ok();
    std::fs::write(folder("own.test").join(format!("{owner}.gpg")), "no message").expect("broken");
    assert_ne!(sandbox.helper("get", "own.test").code, 0);
    sandbox.helper("store", login("other.test", older)).ok();
    sandbox.helper("store", login("other.test", newer)).ok();
    std::fs::remove_dir_all(folder("other.test")).expect("gone since");
    sandbox
}

/// The secret as it is, and as base64 has it wherever it begins in a text.
pub(super) fn forms(secret: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::from([secret.to_owned()]);
    for front in ["", "x", "xx"] {
        for engine in [&STANDARD, &URL_SAFE] {
            // What the neighbours have no part in.
            let encoded = engine.encode(format!("{front}{secret}"));
            let start = (front.len() * 8).div_ceil(6);
            let end = (front.len() + secret.len()) * 8 / 6;
            forms.insert(encoded[start..end].to_owned());
        }
    }
    forms
}

fn assert_clean(bytes: &[u8], what: &str) {
    let text = String::from_utf8_lossy(bytes);
    for secret in PLANTED {
        for form in forms(secret) {
            if let Some(at) = text.find(&form) {
                let around: String = text[..at].chars().rev().take(120).collect::<Vec<_>>().into_iter().rev().collect();
                panic!("{what} tells {secret} as {form}, after {around}");
            }
        }
    }
}

#[test]
fn no_planted_secret_is_in_it() {
    let sandbox = careless();
    let printed = sandbox.regpass(&["support-bundle", "--print"], b"").ok();
    assert_clean(&printed.stdout, "what is printed");
    let file = sandbox.home().join("b.tar");
    let answer = sandbox.regpass(&["support-bundle", "--yes", "b.tar"], b"").ok();
    assert_clean(answer.err().as_bytes(), "what is said");
    let bytes = std::fs::read(&file).expect("an archive");
    assert_clean(&bytes, "the archive");
    assert_eq!(std::fs::metadata(&file).expect("a file").permissions().mode() & 0o7777, 0o600);
    // It is worth something all the same.
    for told in ["INL01", "INL12", "docker-credential-gone", "a text of", "\"others\"", "\"get\"", "a.test"] {
        assert!(printed.out().contains(told), "{told} is not in it");
    }
    let names = sandbox.run("tar", &["-tf", "b.tar"], b"").ok().out();
    assert_eq!(names.lines().count(), 7, "{names}");
    assert!(names.lines().all(|name| name.starts_with("regpass-support/") && name.ends_with(".json")), "{names}");
}

#[test]
fn it_is_told_first_and_written_over_nothing() {
    let sandbox = store_of(&[]);
    let files = |sandbox: &Sandbox| std::fs::read_dir(sandbox.home()).expect("a home").count();
    let before = files(&sandbox);
    let regpass = |arguments: &[&str]| run(sandbox.command_without_terminal(regpass_binary()).args(arguments), b"y\n");
    let refused = regpass(&["support-bundle"]);
    assert_eq!((refused.code, files(&sandbox)), (2, before), "{}", refused.err());
    assert!(refused.err().contains("--print") && refused.err().contains("--yes"), "{}", refused.err());
    let read_only = regpass(&["--read-only", "support-bundle", "--yes"]);
    assert_eq!((read_only.code, files(&sandbox)), (1, before), "{}", read_only.err());
    let value = json_of(regpass(&["support-bundle", "--yes", "--json"]));
    subcommands::explained(&value);
    let file = value["file"].as_str().expect("a name");
    assert!(Path::new(file).is_file() && file.ends_with("Z.tar"), "{file}");
    let written = std::fs::read(file).expect("an archive");
    let again = regpass(&["support-bundle", "--yes", file]);
    assert!(again.code == 1 && again.err().contains("support-bundle"), "{}", again.err());
    assert_eq!(std::fs::read(file).expect("the same"), written);
    subcommands::explained(&json_of(regpass(&["support-bundle", "--print", "--json"])));
    let closed = sandbox.home().join("closed");
    std::fs::create_dir(&closed).expect("a folder");
    std::os::unix::fs::symlink("nowhere", closed.join("link")).expect("a link");
    set_mode(&closed, 0o755);
    assert_eq!(regpass(&["support-bundle", "--yes", "closed/link"]).code, 1, "a link is something too");
}

#[test]
fn a_person_is_asked_with_all_that_is_in_it() {
    let sandbox = store_of(&[]);
    let mut command = sandbox.command(regpass_binary());
    command.args(["support-bundle", "b.tar"]);
    let mut terminal = crate::support::terminal::Terminal::start(&command);
    terminal.wait_for("environment.json");
    terminal.wait_for("Write this to");
    assert!(!sandbox.home().join("b.tar").exists(), "before the answer");
    terminal.send(b"n\n");
    assert_eq!(terminal.end().0, 130);
    assert!(!sandbox.home().join("b.tar").exists());
}
