//! Logins of other helpers moved by `regpass migrate`: from the official helper on a store of its own, checked by a real
//! registry, found by the real client.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::desk::{ACCOUNTS, Desk, NOT_FOUND, PASSWORD};
use crate::support::{Answer, Sandbox, official_helper, peer, run, set_mode};

/// A desk, and the official helper under the name `old` on a store of its own.
struct Move {
    desk: Desk,
    old: PathBuf,
}

impl Move {
    fn new() -> Option<Move> {
        let helper = official_helper()?;
        peer("pass")?;
        let (sandbox, key) = Sandbox::with_store();
        let mut desk = Desk::new(sandbox)?;
        let bin = desk.sandbox.path().join("old-bin");
        let store = desk.sandbox.path().join("old-store");
        for folder in [&bin, &store] {
            fs::create_dir(folder).expect("a folder");
        }
        fs::write(store.join(".gpg-id"), format!("{key}\n")).expect(".gpg-id");
        let old = bin.join("docker-credential-old");
        let script = format!(
            "#!/bin/sh\nPATH=/usr/bin:/bin PASSWORD_STORE_DIR='{}' exec '{}' \"$@\"\n",
            store.display(),
            helper.display()
        );
        fs::write(&old, script).expect("a helper");
        set_mode(&old, 0o755);
        let path = format!("{}:{}", desk.path.display(), bin.display());
        desk.sandbox.set("PATH", path);
        Some(Move { desk, old })
    }

    fn old(&self, action: &str, input: &str) -> Answer {
        run(self.desk.sandbox.command(&self.old).arg(action), input.as_bytes())
    }

    fn keep(&self, server: &str, user: &str, password: &str) {
        let login = json!({"ServerURL": server, "Username": user, "Secret": password});
        self.old("store", &login.to_string()).ok();
    }

    fn migrate(&self, args: &[&str]) -> (i32, Value) {
        let answer = self.desk.sandbox.regpass(&[&["migrate", "--json"], args].concat(), b"");
        let told = format!("{}{}", answer.out(), answer.err());
        assert!(!told.contains(PASSWORD) && !told.contains("wrong"), "{told}");
        (answer.code, serde_json::from_slice(&answer.stdout).expect("JSON"))
    }
}

fn states(value: &Value) -> Vec<(&str, &str)> {
    let logins = value["logins"].as_array().expect("logins").iter();
    logins.map(|one| (one["server"].as_str().expect("text"), one["state"].as_str().expect("text"))).collect()
}

#[test]
fn what_the_official_helper_kept_docker_finds_in_the_store() {
    let Some(machine) = Move::new() else { return };
    let desk = &machine.desk;
    let server = desk.server();
    machine.keep(server, "alice", PASSWORD);
    machine.keep("127.0.0.1:1", "amy", "wrong");

    let (code, shown) = machine.migrate(&[]);
    assert_eq!((code, &shown["applied"]), (0, &json!(false)), "{shown}");
    assert_eq!(states(&shown), [("127.0.0.1:1", "planned"), (server, "planned")]);
    desk.assert_not_found();

    // The one that nobody can be asked about stays where it is.
    let (code, told) = machine.migrate(&["--apply", "--erase-source"]);
    assert_eq!((code, states(&told)), (1, vec![("127.0.0.1:1", "failed"), (server, "stored")]), "{told}");
    assert!(told["logins"][0]["problem"].as_str().expect("words").contains("nothing was stored"), "{told}");
    desk.assert_logged_in("alice", PASSWORD);
    assert_eq!(machine.old("get", server).out(), NOT_FOUND);
    assert!(machine.old("get", "127.0.0.1:1").ok().out().contains("amy"));
    assert_eq!(desk.helper("get", "127.0.0.1:1").out(), NOT_FOUND);
    let (code, told) = machine.migrate(&["--apply", "--no-verify", "127.0.0.1:1"]);
    assert_eq!((code, states(&told)), (0, vec![("127.0.0.1:1", "stored")]), "{told}");
    assert!(machine.old("get", "127.0.0.1:1").ok().out().contains("amy"), "nobody asked to take it out there");
    desk.sandbox.regpass(&["undo"], b"").ok();
    assert_eq!(desk.helper("get", "127.0.0.1:1").out(), NOT_FOUND);
    desk.sandbox.regpass(&["logout", "127.0.0.1:1"], b"").ok();

    // A wrong password is not stored, and the account that is there stays.
    machine.keep(server, ACCOUNTS[1].0, "wrong");
    let (code, told) = machine.migrate(&["--apply", server]);
    assert_eq!((code, &told["logins"][0]["standing"]), (1, &json!("alice")), "{told}");
    desk.assert_logged_in("alice", PASSWORD);
    desk.logout().ok();
    let (code, told) = machine.migrate(&["--apply", server]);
    assert_eq!((code, states(&told)), (1, vec![(server, "failed")]), "{told}");
    desk.assert_not_found();
}

#[test]
fn what_stands_in_clear_is_tried_before_it_is_moved() {
    let Some(machine) = Move::new() else { return };
    let desk = &machine.desk;
    let file = desk.config.join("config.json");
    let auth = |password: &str| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(format!("alice:{password}"))
    };
    let put = |password: &str| {
        let text = json!({"auths": {desk.server(): {"auth": auth(password)}}, "credsStore": "pass"});
        fs::write(&file, text.to_string()).expect("config.json");
    };
    put("wrong");
    let (code, told) = machine.migrate(&["--from", "inline", "--apply"]);
    assert!(code == 1 && told["problems"][0].as_str().expect("words").contains("nothing was stored"), "{told}");
    desk.assert_not_found();
    put(PASSWORD);
    let (code, told) = machine.migrate(&["--from", "inline"]);
    assert_eq!((code, told["in_clear"].as_array().map(Vec::len)), (0, Some(1)), "{told}");
    let (code, told) = machine.migrate(&["--from", "inline", "--apply"]);
    assert!(code == 0 && told["done"].as_array().is_some_and(|done| !done.is_empty()), "{told}");
    desk.assert_logged_in("alice", PASSWORD);
    desk.assert_not_in_clear("alice", PASSWORD);
}
