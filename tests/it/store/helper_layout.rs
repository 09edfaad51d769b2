//! The credential helper's entries: pass, gopass and the official helper read what we write, and we read what they write
//! (docker-credential-helpers v0.9.8, `pass/pass.go`).

use super::{folder, found, get, have, login, machine, store, tree};
use crate::support::{official_helper, peer};

const SERVER: &str = "registry.example.test:5000";

#[test]
fn pass_and_gopass_read_what_we_write() {
    let (sandbox, _) = machine();
    store(&sandbox, SERVER, "alice", "correct horse").ok();
    let entry = format!("{}/alice", folder(SERVER));
    assert_eq!(std::fs::read_dir(sandbox.store().join(folder(SERVER))).expect("its folder").count(), 1);
    if have(&["pass"]) {
        assert_eq!(sandbox.run("pass", &["show", &entry], b"").ok().out(), "correct horse");
    }
    if let Some(gopass) = peer("gopass") {
        assert_eq!(sandbox.run(gopass, &["show", "-o", &entry], b"").ok().out(), "correct horse");
    }
    if let Some(official) = official_helper() {
        let answer = sandbox.run(&official, &["get"], SERVER.as_bytes()).ok().out();
        assert_eq!(answer, sandbox.helper("get", SERVER).ok().out());
        assert_eq!(sandbox.run(&official, &["list"], b"").ok().out(), sandbox.helper("list", "").ok().out());
    }
}

#[test]
fn we_read_what_they_write() {
    let (mut sandbox, _) = machine();
    let entry = format!("{}/bob", folder(SERVER));
    if have(&["pass"]) {
        sandbox.run("pass", &["insert", "-m", "-f", &entry], b"from pass\r\n\n").ok();
        assert_eq!(get(&sandbox, SERVER), found("bob", "from pass"));
        sandbox.set("PASSWORD_STORE_GPG_OPTS", "--armor");
        sandbox.run("pass", &["insert", "-m", "-f", &entry], b"line one\nurl: x").ok();
        sandbox.unset("PASSWORD_STORE_GPG_OPTS");
        assert!(std::fs::read(sandbox.store().join(format!("{entry}.gpg"))).expect("read").starts_with(b"-----BEGIN"));
        assert_eq!(get(&sandbox, SERVER), found("bob", "line one\nurl: x"));
    }
    if let Some(gopass) = peer("gopass") {
        sandbox.run(gopass, &["insert", "-m", "-f", &entry], b"from gopass").ok();
        assert_eq!(get(&sandbox, SERVER), found("bob", "from gopass"));
    }
    if let Some(official) = official_helper() {
        sandbox.run(official, &["store"], login(SERVER, "bob", "from the official one").as_bytes()).ok();
        assert_eq!(get(&sandbox, SERVER), found("bob", "from the official one"));
    }
}

#[test]
fn the_last_login_wins_whoever_stored_it() {
    let (sandbox, _) = machine();
    let Some(official) = official_helper() else { return };
    store(&sandbox, SERVER, "zoe", "z").ok();
    sandbox.run(&official, &["store"], login(SERVER, "<token>", "t").as_bytes()).ok();
    assert_eq!(get(&sandbox, SERVER), found("<token>", "t"));
    let answer = store(&sandbox, SERVER, "bob", "b").ok();
    assert!(answer.stdout.is_empty() && answer.err().contains("\"zoe\"") && answer.err().contains("\"<token>\""));
    // The official one sees the same login: the others are gone.
    assert_eq!(sandbox.run(&official, &["get"], SERVER.as_bytes()).ok().out(), sandbox.helper("get", SERVER).out());
}

#[test]
fn a_user_name_with_a_slash_is_a_secret_for_everyone() {
    let (sandbox, _) = machine();
    let Some(official) = official_helper() else { return };
    // The nested form of the official helper, for which it then answers with a listing of the folder.
    sandbox.run(&official, &["store"], login(SERVER, "team/robot", "old").as_bytes()).ok();
    assert_eq!(get(&sandbox, SERVER), found("team/robot", "old"));
    store(&sandbox, SERVER, "team/robot", "new").ok();
    assert_eq!(get(&sandbox, SERVER), found("team/robot", "new"));
    let names = tree(&sandbox.store().join(folder(SERVER)));
    assert_eq!(names, ["team%2Frobot.gpg"]);
    let answer = sandbox.run(&official, &["get"], SERVER.as_bytes()).ok().out();
    assert!(answer.contains("\"Secret\":\"new\""), "{answer}");
}

#[test]
fn hostile_user_names_touch_nothing() {
    let (sandbox, _) = machine();
    sandbox.regpass(&["insert", "email/work"], b"mine\n").ok();
    let before = tree(&sandbox.store());
    let victim = std::fs::read(sandbox.store().join("email/work.gpg")).expect("read");
    let long = "u".repeat(252);
    for user in ["..", "../x", "../../email/work", "../../../x", "a/../../b", "a\0b", &long] {
        let answer = store(&sandbox, SERVER, user, "theirs");
        assert_eq!(answer.code, 1, "{user:?}: {}", answer.out());
        assert_eq!(tree(&sandbox.store()), before, "{user:?}");
    }
    assert_eq!(std::fs::read(sandbox.store().join("email/work.gpg")).expect("read"), victim);
}

#[test]
fn every_other_user_name_comes_back() {
    let (sandbox, _) = machine();
    let long = "u".repeat(251);
    let users = [
        ".",
        "/",
        "/a",
        "a/",
        "./a",
        "a/../b",
        "a b",
        "a\nb",
        "a\tb",
        "a:b",
        "*",
        "$HOME",
        "'\"",
        "\\",
        "-rf",
        ".hidden",
        "x.gpg",
        "<token>",
        "%2F",
        "a%2Fb",
        "100%25",
        "\u{202e}é",
        &long,
    ];
    for (index, user) in users.iter().enumerate() {
        let server = format!("r{index}.example.test");
        store(&sandbox, &server, user, &format!("secret {index}")).ok();
        assert_eq!(get(&sandbox, &server), found(user, &format!("secret {index}")), "{user:?}");
        assert_eq!(tree(&sandbox.store().join(folder(&server))).len(), 1, "{user:?}");
    }
    let list: serde_json::Value = serde_json::from_slice(&sandbox.helper("list", "").ok().stdout).expect("JSON");
    assert_eq!(list.as_object().expect("an object").len(), users.len());
}

#[test]
fn erasing_takes_every_user_and_nothing_else() {
    let (sandbox, _) = machine();
    store(&sandbox, "other.example.test", "keep", "k").ok();
    store(&sandbox, SERVER, "alice", "a").ok();
    let second = sandbox.store().join(folder(SERVER)).join("team");
    std::fs::create_dir(&second).expect("a folder");
    std::fs::write(second.join("robot.gpg"), "x").expect("a login of the nested form");
    assert_eq!(sandbox.helper("erase", SERVER).ok().out(), "");
    assert_eq!(get(&sandbox, SERVER), None);
    let again = sandbox.helper("erase", SERVER).ok();
    assert_eq!((again.out(), again.err()), (String::new(), String::new()));
    assert_eq!(get(&sandbox, "other.example.test"), found("keep", "k"));
    assert!(!sandbox.store().join(folder(SERVER)).exists());
}
