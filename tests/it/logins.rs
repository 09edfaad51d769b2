//! Logged in and out by regpass, as the real clients see it: docker and skopeo against a real registry.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::desk::{Desk, PASSWORD};
use crate::support::terminal::Terminal;
use crate::support::{Sandbox, files_holding, peer, regpass_binary, run};

/// A desk whose regpass has its PATH.
fn desk() -> Option<Desk> {
    let mut desk = Desk::new(Sandbox::with_store().0)?;
    let path = desk.path.clone();
    desk.sandbox.set("PATH", path);
    Some(desk)
}

#[test]
fn what_docker_logged_in_regpass_logs_out() {
    let Some(desk) = desk() else { return };
    desk.login("alice", PASSWORD).ok();
    desk.assert_logged_in("alice", PASSWORD);
    let logout = desk.sandbox.regpass(&["logout", &format!("http://{}/v2/", desk.server())], b"").ok();
    let told = logout.err();
    assert!(told.contains("from the store") && told.contains("the mark of") && told.contains("; proved: "), "{told}");
    desk.assert_logged_out();
    let again = desk.sandbox.regpass(&["logout", desk.server()], b"").ok();
    assert!(again.err().starts_with("there was no login of "), "{}", again.err());
    // Docker has nothing to log in with.
    let docker = desk.docker(&["login", desk.server()], "");
    assert!(docker.code != 0 && !docker.err().contains("Username: alice"), "{}", docker.err());
    desk.sandbox.regpass(&["undo"], b"").ok();
    desk.login("alice", PASSWORD).ok();
    desk.sandbox.regpass(&["logout", "--all", "--yes"], b"").ok();
    desk.assert_logged_out();
}

#[test]
fn a_login_in_clear_stays_until_somebody_agrees() {
    let Some(desk) = desk() else { return };
    let Some(skopeo) = peer("skopeo") else { return };
    let auth = desk.sandbox.home().join(".config/containers/auth.json");
    let skopeo = |args: &[&str], input: &str| {
        let mut command = desk.command(&skopeo);
        command.args([args[0], "--authfile"]).arg(&auth).args(&args[1..]);
        run(&mut command, input.as_bytes())
    };
    skopeo(&["login", "--tls-verify=false", "-u", "alice", "--password-stdin", desk.server()], PASSWORD).ok();
    let inline = STANDARD.encode(format!("alice:{PASSWORD}"));
    let held = || files_holding(&desk.sandbox.home(), inline.as_bytes());
    assert_eq!(held(), std::slice::from_ref(&auth));
    desk.login("alice", PASSWORD).ok();
    let json = desk.sandbox.regpass(&["logout", "--json", desk.server()], b"");
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let one = &told["registries"][0];
    assert_eq!((json.code, &one["proved"], &one["erased"][0]["place"]), (1, &json!(false), &json!("store")));
    desk.assert_logged_out();
    assert_eq!(held(), std::slice::from_ref(&auth));

    let mut command = desk.command(regpass_binary());
    // What makes the terminal is not on the desk's PATH.
    let path = format!("{}:/usr/bin:/bin", desk.path.display());
    command.args(["logout", desk.server()]).env("PATH", path).env("TERM", "xterm").env("NO_COLOR", "1");
    let mut terminal = Terminal::start(&command);
    terminal.wait_for("take it out there too? [y/N] ");
    terminal.send(b"n\n");
    let (code, shown) = terminal.end();
    assert!(code == 1 && shown.contains("regpass logout --yes"), "{code} {shown}");
    assert_eq!(held(), std::slice::from_ref(&auth));

    let mut terminal = Terminal::start(&command);
    terminal.wait_for("[y/N] ");
    terminal.send(b"y\n");
    let (code, shown) = terminal.end();
    assert!(code == 0 && shown.contains("proved"), "{code} {shown}");
    assert!(held().is_empty());
    let left: serde_json::Value = serde_json::from_slice(&fs::read(&auth).expect("it")).expect("JSON");
    assert_eq!(left, json!({"auths": {}}));
    assert_ne!(skopeo(&["login", "--get-login", desk.server()], "").code, 0);
}
