//! The real Docker client against a real registry, without and with a real daemon: what a person sees of our helper.
//! What docker asks of a helper, row by row, is in the helper's own cases; other clients are in other_clients.rs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::desk::{ACCOUNTS, Desk, PASSWORD};
use crate::support::{Answer, Sandbox, files_holding, peer};

/// Login, a wrong password, logout, twice; as seen from everywhere it can be seen.
fn login_and_logout(desk: &Desk) {
    desk.assert_not_found();
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

/// What docker wrote in clear goes into the store, and docker goes on as if it had been there all along.
#[test]
fn a_login_that_docker_wrote_in_clear_is_moved_into_the_store() {
    let Some(mut desk) = Desk::new(Sandbox::with_store().0) else { return };
    let file = desk.config.join("config.json");
    // No helper is found, so docker keeps it in the file.
    std::fs::write(&file, "{}").expect("config.json");
    let path = std::mem::replace(&mut desk.path, "/nonexistent".into());
    let login = desk.login("alice", PASSWORD).ok();
    assert!(login.err().to_lowercase().contains("unencrypted"), "{}", login.err());
    let inline = STANDARD.encode(format!("alice:{PASSWORD}"));
    assert_eq!(files_holding(&desk.sandbox.home(), inline.as_bytes()), std::slice::from_ref(&file));
    desk.path = path;
    desk.sandbox.set("PATH", &desk.path);
    desk.sandbox.regpass(&["fix", "--apply", "--yes", "INL01"], b"").ok();
    desk.assert_logged_in("alice", PASSWORD);
    desk.assert_not_in_clear("alice", PASSWORD);
    // Docker writes the file as it would itself.
    let written = std::fs::read(&file).expect("config.json");
    let again = desk.docker(&["login", desk.server()], "");
    assert!(again.err().contains("existing credentials... [Username: alice]"), "{}{}", again.out(), again.err());
    desk.login("alice", PASSWORD).ok();
    let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON");
    assert_eq!(value(&std::fs::read(&file).expect("config.json")), value(&written));
    desk.sandbox.regpass(&["undo"], b"").ok();
    assert_eq!(
        files_holding(&desk.sandbox.home(), inline.as_bytes()),
        std::slice::from_ref(&file),
        "as docker wrote it"
    );
    desk.sandbox.regpass(&["fix", "--apply", "--yes", "INL01"], b"").ok();
    desk.logout().ok();
    desk.assert_logged_out();
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
    assert_eq!(shown.out(), format!("{PASSWORD}\n"), "gopass ends what it shows with a newline");
    desk.assert_work_tree_clean(&store);

    desk.logout().ok();
    desk.assert_logged_out();
    assert_ne!(desk.sandbox.run(&gopass, &["show", "--noparsing", &desk.entry("alice")], b"").code, 0);
    desk.assert_work_tree_clean(&store);
    assert_eq!(desk.git_subjects(&store).len(), before + 2);
    assert!(!desk.sandbox.store().exists(), "pass's folder is not made beside gopass's");
}

/// A server that has only docker, our binary and a key file; the store came with git or a copy.
#[test]
fn docker_logs_in_on_a_machine_without_gnupg() {
    let Some(mut desk) = Desk::new(Sandbox::with_key_file()) else { return };
    desk.sandbox.stop_gnupg();
    desk.sandbox.set("GNUPGHOME", desk.sandbox.home().join("no-gnupg"));
    desk.path = desk.sandbox.shim_dir().into_os_string();
    login_and_logout(&desk);
}

/// The key is locked and nobody can be asked: docker passes on why, and what to do about it.
#[test]
fn docker_tells_why_a_login_cannot_be_read() {
    let sandbox = Sandbox::new();
    let key = sandbox.make_key_with_passphrase("Alice <alice@example.test>", "future-default", "the passphrase");
    sandbox.init_store(&key);
    std::fs::write(sandbox.gnupg_home().join("gpg-agent.conf"), "pinentry-program /bin/false\n").expect("its options");
    sandbox.stop_gnupg();
    let Some(mut desk) = Desk::new(sandbox) else { return };
    if desk.start_daemon().is_none() {
        return;
    }
    desk.load_image();
    desk.login("alice", PASSWORD).ok();
    let push = desk.docker(&["push", &desk.image()], "");
    assert_denied(&push);
    let why = format!("cannot read the login of \"alice\" at \"{}\"", desk.server());
    assert!(push.err().contains(&why) && push.err().contains("hint: "), "{}", push.err());
}
