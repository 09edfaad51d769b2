//! What holds for every subcommand: it answers a program as docs/json.md has it, and changes nothing when nothing may be
//! changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{json_of, keys, store_of};
use crate::support::Sandbox;

/// A login of `h.test` as Docker gives it.
const LOGIN: &[u8] = br#"{"ServerURL":"h.test","Username":"u","Secret":"s3cret"}"#;
const OTP: &[u8] = b"otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ\n";

/// Every subcommand that has JSON, in an order in which each finds what it needs. `resolve`, which needs a conflict, is with
/// `sync`.
const ANSWERS: &[(&[&str], &[u8])] = &[
    (&["ls"], b""),
    (&["show", "a"], b""),
    (&["find", "a"], b""),
    (&["grep", "user"], b""),
    (&["insert", "new"], b"pw\n"),
    (&["edit", "--stdin", "a"], b"other\n"),
    (&["generate", "made"], b""),
    (&["otp", "otp"], b""),
    (&["mv", "new", "moved"], b""),
    (&["cp", "moved", "copy"], b""),
    (&["rm", "--force", "copy"], b""),
    (&["history", "a"], b""),
    (&["diff", "a", "2"], b""),
    (&["restore", "a", "2"], b""),
    (&["undo"], b""),
    (&["undo", "--list"], b""),
    (&["sync"], b""),
    (&["git", "status"], b""),
    (&["git", "log"], b""),
    (&["git", "pull"], b""),
    (&["git", "push"], b""),
    (&["conflicts"], b""),
    (&["registries"], b""),
    (&["registries", "use", "h.test", "u"], b""),
    (&["registries", "rename", "h.test", "u", "v"], b""),
    (&["registries", "erase", "--force", "h.test"], b""),
    (&["recipients"], b""),
    (&["recipients", "add", "bob@example.test"], b""),
    (&["recipients", "remove", "bob@example.test"], b""),
    (&["recipients", "set", "alice@example.test"], b""),
    (&["reencrypt", "--all"], b""),
    (&["shims", "install", "--dir", "links"], b""),
    (&["shims", "status", "--dir", "links"], b""),
    (&["window", "open", "--docker-config", "own", "--no-verify", "-u", "u", "--password-stdin", "w.test"], b"pw\n"),
    (&["window", "status"], b""),
    (&["window", "extend"], b""),
    (&["window", "close"], b""),
    (&["shims", "remove", "--dir", "links"], b""),
    (&["status"], b""),
    (&["audit", "--only", "CFG01"], b""),
    (&["audit", "--list"], b""),
    (&["contexts", "h.test"], b""),
    (&["fix"], b""),
    (&["fix", "--apply", "--yes"], b""),
    (&["login", "--no-verify", "--to", "regpass", "-u", "u", "--password-stdin", "l.test"], b"pw\n"),
    (&["logout", "--yes", "i.test"], b""),
    (&["migrate"], b""),
    (&["journal"], b""),
    (&["config", "init"], b""),
    (&["config", "show"], b""),
    (&["config", "check"], b""),
];

/// Those that answer with exit codes or files of their own; their own tests are as strict.
const APART: [&str; 6] = ["demo", "resolve", "doctor", "support-bundle", "explain", "test"];

/// A store in git with a remote, a second person's key, a login and a call of the helper.
fn machine() -> Sandbox {
    let sandbox = store_of(&["a", "b"]);
    sandbox.regpass(&["insert", "--multiline", "otp"], OTP).ok();
    sandbox.init_git();
    sandbox.run("git", &["clone", "-q", "--bare", ".password-store", "hub"], b"").ok();
    sandbox.git(&["remote", "add", "origin", "../hub"]).ok();
    sandbox.make_key("Bob <bob@example.test>", "future-default");
    sandbox.helper("store", LOGIN).ok();
    let docker = sandbox.home().join(".docker");
    std::fs::create_dir(&docker).expect("a folder");
    std::fs::write(docker.join("config.json"), r#"{"auths":{"i.test":{"auth":"dTpw"}},"credsStore":"pass"}"#)
        .expect("a configuration");
    let own = sandbox.home().join("own");
    std::fs::create_dir(&own).expect("a folder");
    std::fs::write(own.join("config.json"), r#"{"credsStore":"regpass"}"#).expect("a configuration");
    sandbox
}

/// The keys of all objects that stand in lists of this one too.
pub(super) fn explained(value: &Value) {
    keys(value);
    for list in value.as_object().expect("an object").values().filter_map(Value::as_array) {
        list.iter().filter(|item| item.is_object()).for_each(explained);
    }
}

#[test]
fn each_answers_a_program_in_explained_words() {
    let sandbox = machine();
    for (args, input) in ANSWERS {
        let value = json_of(sandbox.regpass(&[*args, &["--json"]].concat(), input));
        assert_eq!(value["schema"], 1, "{args:?}");
        explained(&value);
    }
    let help = sandbox.regpass(&["--help"], b"").ok().out();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).map_while(|line| {
        let name = line.strip_prefix("  ")?.split_whitespace().next()?;
        Some(name.to_owned())
    });
    let listed: BTreeSet<String> = listed.filter(|name| !APART.contains(&name.as_str())).collect();
    assert_eq!(listed, ANSWERS.iter().map(|(args, _)| args[0].to_owned()).collect());
}

#[test]
fn links_tell_a_program_what_was_there() {
    let sandbox = store_of(&[]);
    let links = sandbox.home().join("links");
    std::fs::create_dir(&links).expect("a folder");
    std::fs::write(links.join("docker-credential-pass"), "#!/bin/sh\n").expect("a foreign file");
    std::os::unix::fs::symlink("/nowhere/regpass", links.join("docker-credential-regpass")).expect("a link");
    let shims =
        |args: &[&str]| json_of(sandbox.regpass(&[&["shims"], args, &["--dir", "links", "--json"]].concat(), b""));
    let found = |value: &Value| -> Vec<String> {
        let links = value["links"].as_array().expect("links");
        links.iter().map(|link| link["found"].as_str().expect("a word").to_owned()).collect()
    };
    assert_eq!(found(&shims(&["status"]))[0], "foreign");
    let made = shims(&["install", "--force"]);
    assert_eq!(found(&made), ["regpass", "regpass"]);
    let kept = links.join("docker-credential-pass.before-regpass");
    assert_eq!(
        (&made["changes"][0]["before"], &made["changes"][0]["kept"], &made["changes"][0]["changed"]),
        (&"foreign".into(), &kept.to_str().expect("text").into(), &true.into())
    );
    assert_eq!(made["dir"], links.to_str().expect("text"));
    assert_eq!(made["views"][0]["searcher"], "here");
    let gone = shims(&["remove"]);
    assert_eq!((&gone["changes"][1]["changed"], &gone["changes"][1]["before"]), (&true.into(), &"regpass".into()));
    assert!(gone["links"].is_null());
}

/// Every subcommand that would change something, on a machine where it could.
const WRITES: &[(&[&str], &[u8])] = &[
    (&["insert", "new"], b"pw\n"),
    (&["insert", "--force", "a"], b"pw\n"),
    (&["edit", "--stdin", "a"], b"other\n"),
    (&["generate", "made"], b""),
    (&["otp", "hotp"], b""),
    (&["mv", "a", "moved"], b""),
    (&["cp", "a", "copy"], b""),
    (&["rm", "--force", "a"], b""),
    (&["restore", "a", "2"], b""),
    (&["undo"], b""),
    (&["sync"], b""),
    (&["git", "pull"], b""),
    (&["git", "push"], b""),
    (&["registries", "use", "h.test", "u"], b""),
    (&["registries", "rename", "h.test", "u", "v"], b""),
    (&["registries", "erase", "--force", "h.test"], b""),
    (&["recipients", "add", "carol@example.test"], b""),
    (&["recipients", "remove", "bob@example.test"], b""),
    (&["recipients", "set", "alice@example.test"], b""),
    (&["reencrypt", "--all"], b""),
    (&["shims", "install", "--dir", "other"], b""),
    (&["fix", "--apply", "--yes"], b""),
    (&["login", "--no-verify", "--to", "regpass", "-u", "u", "--password-stdin", "l.test"], b"pw\n"),
    (&["logout", "--yes", "h.test"], b""),
    (&["migrate", "--from", "inline", "--apply", "--no-verify"], b""),
    (&["window", "open", "--docker-config", "own", "-u", "u", "--password-stdin", "w.test"], b"pw\n"),
    (&["window", "run", "--no-verify", "--config-dir", "made", "w.test", "--", "true"], b""),
    (&["window", "extend", "h.test"], b""),
    (&["window", "close"], b""),
    (&["shims", "remove", "--dir", "links"], b""),
    (&["config", "init"], b""),
];

/// Every file and folder with what it holds.
fn tree(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for item in std::fs::read_dir(folder).expect("a folder") {
        let item = item.expect("an item");
        let kind = item.file_type().expect("a kind");
        if kind.is_dir() {
            into.insert(item.path(), Vec::new());
            tree(&item.path(), into);
        } else if kind.is_file() {
            into.insert(item.path(), std::fs::read(item.path()).expect("read"));
        } else {
            into.insert(
                item.path(),
                std::fs::read_link(item.path()).unwrap_or_default().into_os_string().into_encoded_bytes(),
            );
        }
    }
}

#[test]
fn nothing_is_changed_where_nothing_may_be() {
    let sandbox = machine();
    sandbox.regpass(&["recipients", "add", "bob@example.test"], b"").ok();
    sandbox.make_key("Carol <carol@example.test>", "future-default");
    sandbox.regpass(&["edit", "--stdin", "a"], b"second\n").ok();
    sandbox.regpass(&["insert", "--multiline", "hotp"], b"otpauth://hotp/x?secret=GEZDGNBVGY3TQOJQ&counter=1\n").ok();
    // Who reads more than one login of a registry may choose.
    sandbox.regpass(&["insert", "--multiline", "docker-credential-helpers/aC50ZXN0/w"], b"pw").ok();
    sandbox.regpass(&["shims", "install", "--dir", "links"], b"").ok();
    let now = || {
        let mut all = BTreeMap::new();
        tree(&sandbox.home(), &mut all);
        // git and gpg keep books of their own when they are asked.
        all.retain(|path, _| !path.ends_with(".git/index") && !path.starts_with(sandbox.gnupg_home()));
        all
    };
    let before = now();
    for (args, input) in WRITES {
        let refused = sandbox.regpass(&[&["--read-only"], *args].concat(), input);
        assert_eq!(refused.code, 1, "{args:?}: {}{}", refused.out(), refused.err());
        let told = refused.out() + &refused.err();
        assert!(told.contains("read-only") && told.contains("--read-only asks for it"), "{args:?}: {told}");
        let after = now();
        let differ: Vec<_> = after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes)).collect();
        assert!(differ.is_empty() && after.len() == before.len(), "{args:?}: {:?}", differ);
    }
}
