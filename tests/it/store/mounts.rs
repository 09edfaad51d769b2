//! gopass's configuration: where the root store is, and mounted stores (gopass, docs/config.md).

use super::{folder, found, get, machine, store, tree};
use crate::support::{Sandbox, peer};

fn paths(sandbox: &Sandbox) -> Vec<String> {
    let answer = sandbox.regpass(&["ls", "--json"], b"").ok();
    let json: serde_json::Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let entries = json["entries"].as_array().expect("entries").iter();
    entries.map(|entry| entry["path"].as_str().expect("a path").to_owned()).collect()
}

fn configure(sandbox: &Sandbox, text: &str) {
    let folder = sandbox.home().join(".config/gopass");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("config"), text).expect("a configuration");
}

#[test]
fn stores_that_gopass_makes_and_mounts_are_found() {
    let (sandbox, alice) = machine();
    let Some(gopass) = peer("gopass") else { return };
    let init = ["--yes", "init", "--storage", "fs", "--crypto", "gpgcli"];
    sandbox.run(&gopass, &[&init[..], &["--store", "work", "--path", "work-store", &alice]].concat(), b"").ok();
    sandbox.run(&gopass, &["insert", "-m", "work/mail"], b"from gopass").ok();
    sandbox.run(&gopass, &["insert", "-m", "home/mail"], b"from gopass").ok();
    assert_eq!(paths(&sandbox), ["home/mail", "work/mail"]);
    assert_eq!(sandbox.regpass(&["show", "work/mail"], b"").ok().out().trim_end(), "from gopass");
    sandbox.regpass(&["insert", "work/new/entry"], b"from regpass\n").ok();
    assert!(sandbox.home().join("work-store/new/entry.gpg").is_file());
    assert_eq!(sandbox.run(&gopass, &["show", "-o", "work/new/entry"], b"").ok().out().trim_end(), "from regpass");
    sandbox.regpass(&["rm", "--force", "work/new/entry"], b"").ok();
    assert!(!sandbox.home().join("work-store/new").exists());
    assert_eq!(sandbox.run(&gopass, &["ls", "--flat"], b"").ok().out(), "home/mail\nwork/mail\n");
}

#[test]
fn the_root_of_gopass_s_configuration_is_the_helper_s_too() {
    let (sandbox, alice) = machine();
    let elsewhere = sandbox.home().join("else where");
    std::fs::create_dir(&elsewhere).expect("a folder");
    std::fs::write(elsewhere.join(".gpg-id"), format!("{alice}\n")).expect("recipients");
    configure(&sandbox, "[mounts]\n\tpath = \"~/else where\" ; moved\n");
    store(&sandbox, "h.example.test", "alice", "pw").ok();
    assert_eq!(get(&sandbox, "h.example.test"), found("alice", "pw"));
    assert_eq!(tree(&elsewhere).last(), Some(&format!("{}/alice.gpg", folder("h.example.test"))));
    assert_eq!(tree(&sandbox.store()), [".gpg-id"]);
    if let Some(gopass) = peer("gopass") {
        let entry = format!("{}/alice", folder("h.example.test"));
        assert_eq!(sandbox.run(gopass, &["show", "-o", &entry], b"").ok().out(), "pw");
    }
}

#[test]
fn a_typed_store_stands_alone_and_a_variable_beats_the_configuration() {
    let (mut sandbox, alice) = machine();
    let mounted = sandbox.home().join("m");
    for folder in ["m", "typed", "var"] {
        std::fs::create_dir(sandbox.home().join(folder)).expect("a folder");
        std::fs::write(sandbox.home().join(folder).join(".gpg-id"), format!("{alice}\n")).expect("recipients");
        std::fs::write(sandbox.home().join(folder).join(format!("in-{folder}.gpg")), "x").expect("an entry");
    }
    configure(&sandbox, &format!("[mounts]\npath = /nonexistent\n[mounts \"m\"]\npath = {}\n", mounted.display()));
    sandbox.set("PASSWORD_STORE_DIR", "var");
    assert_eq!(paths(&sandbox), ["in-var", "m/in-m"]);
    let typed = sandbox.regpass(&["--store", "typed", "ls"], b"").ok().out();
    assert!(typed.contains("in-typed") && !typed.contains("in-m"), "{typed}");
}

#[test]
fn a_mount_that_is_gone_is_told_beside_the_others() {
    let (sandbox, _) = machine();
    configure(&sandbox, "[mounts \"gone\"]\npath = /nonexistent/gone\n");
    sandbox.regpass(&["insert", "here"], b"pw\n").ok();
    let answer = sandbox.regpass(&["ls", "--json"], b"");
    let json: serde_json::Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    assert_eq!(json["entries"][0]["path"], "here");
    assert_eq!(json["unreadable"][0]["path"], "/nonexistent/gone");
}

#[test]
fn a_configuration_that_is_not_understood_is_told_instead_of_looking_elsewhere() {
    let (mut sandbox, _) = machine();
    store(&sandbox, "h.example.test", "alice", "pw").ok();
    let file = sandbox.home().join(".config/gopass/config");
    let told = |sandbox: &Sandbox, words: &str| {
        for (action, input) in [
            ("get", "h.example.test"),
            ("erase", "h.example.test"),
            ("store", r#"{"ServerURL":"h.example.test","Username":"u","Secret":"s"}"#),
        ] {
            let answer = sandbox.helper(action, input);
            assert_eq!(answer.code, 1, "{action}: {}", answer.out());
            assert!(answer.err().contains(words) && answer.err().contains("hint: "), "{action}: {}", answer.err());
        }
        for args in [&["ls"][..], &["registries"]] {
            let answer = sandbox.regpass(args, b"");
            assert!(answer.err().contains(words), "{args:?}: {}", answer.err());
        }
        let list = sandbox.helper("list", "").ok();
        assert!(list.err().contains(words), "{}", list.err());
        for args in [&["show", "gone"][..], &["insert", "new"], &["rm", "--force", "gone"]] {
            let answer = sandbox.regpass(args, b"pw\n");
            assert!(answer.code == 1 && answer.err().contains(words), "{args:?}: {}", answer.err());
        }
        assert!(tree(&sandbox.store()).iter().any(|name| name.ends_with("/alice.gpg")));
    };
    configure(&sandbox, "# mine\n[mounts\n\tpath = /else/where\n");
    told(&sandbox, "line 2 of ");
    std::fs::remove_file(&file).expect("removed");
    std::fs::create_dir(&file).expect("a folder in its place");
    told(&sandbox, "is not a regular file");
    // Named otherwise, the store is where it is.
    sandbox.set("PASSWORD_STORE_DIR", sandbox.store());
    assert_eq!(get(&sandbox, "h.example.test"), found("alice", "pw"));
}
