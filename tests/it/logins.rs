//! Logged in and out by regpass, as the real clients see it: docker and skopeo against a real registry.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::desk::{ACCOUNTS, Desk, PASSWORD};
use crate::support::terminal::Terminal;
use crate::support::{Answer, Sandbox, files_holding, peer, regpass_binary, run, set_mode};

/// A desk whose regpass has its PATH.
fn desk() -> Option<Desk> {
    let mut desk = Desk::new(Sandbox::with_store().0)?;
    let path = desk.path.clone();
    desk.sandbox.set("PATH", path);
    Some(desk)
}

fn log_in(desk: &Desk, user: &str, password: &str) -> Answer {
    let args = ["login", "--user", user, "--password-stdin", desk.server()];
    desk.sandbox.regpass(&args, format!("{password}\r\n").as_bytes())
}

#[test]
fn docker_and_skopeo_use_what_regpass_logged_in() {
    let Some(desk) = desk() else { return };
    let wrong = log_in(&desk, "alice", "wrong");
    assert!(wrong.code == 10 && wrong.err().contains("nothing was stored"), "{} {}", wrong.code, wrong.err());
    desk.assert_not_found();
    assert_eq!(desk.config_json(), json!({"credsStore": "pass"}), "a refused login leaves nothing");

    let login = log_in(&desk, "alice", PASSWORD).ok();
    assert!(login.err().contains("is kept by the store, and was read back"), "{}", login.err());
    desk.assert_logged_in("alice", PASSWORD);
    desk.assert_not_in_clear("alice", PASSWORD);
    let docker = desk.docker(&["login", desk.server()], "");
    assert!(docker.err().contains("existing credentials... [Username: alice]"), "{}{}", docker.out(), docker.err());
    // The file is what docker itself would have written.
    let ours = fs::read(desk.config.join("config.json")).expect("config.json");
    desk.login("alice", PASSWORD).ok();
    let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON");
    assert_eq!(value(&fs::read(desk.config.join("config.json")).expect("config.json")), value(&ours));
    if let Some(skopeo) = peer("skopeo") {
        let auth = desk.sandbox.home().join("auth.json");
        fs::write(&auth, json!({"credHelpers": {desk.server(): "pass"}}).to_string()).expect("the auth file");
        let mut command = desk.command(skopeo);
        command.args(["login", "--get-login", "--authfile"]).arg(&auth).arg(desk.server());
        assert_eq!(run(&mut command, b"").ok().out(), "alice\n");
    }

    // A wrong password leaves the good one; another account takes its place, and gives it back.
    assert_eq!(log_in(&desk, "alice", "wrong").code, 10);
    desk.assert_logged_in("alice", PASSWORD);
    let (user, password) = ACCOUNTS[1];
    let told = log_in(&desk, user, password).ok().err();
    assert!(told.contains("was replaced by that of \"bob\"") && told.contains("regpass undo"), "{told}");
    desk.assert_logged_in(user, password);
    desk.sandbox.regpass(&["undo"], b"").ok();
    desk.assert_logged_in("alice", PASSWORD);
    // Nothing here has it any more, and the registry goes on taking it.
    let told = desk.sandbox.regpass(&["logout", "--check", desk.server()], b"");
    assert!(told.code == 1 && told.err().contains("itself still takes the login of \"alice\""), "{}", told.err());
    assert!(!told.err().contains(PASSWORD), "{}", told.err());
    desk.assert_logged_out();
    desk.sandbox.regpass(&["login", "--no-verify", "-u", "alice", "--password-stdin", desk.server()], b"changed").ok();
    let json = desk.sandbox.regpass(&["logout", "--check", "--json", desk.server()], b"").ok();
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(told["registries"][0]["checked"][0]["outcome"], json!("bad_credentials"), "{told}");
}

#[test]
fn where_the_registry_cannot_be_asked_nothing_is_stored_unless_that_is_wanted() {
    let sandbox = Sandbox::without_gnupg();
    let docker = sandbox.home().join(".docker");
    fs::create_dir(&docker).expect("a folder");
    let login = |more: &[&str]| {
        let args = [&["login", "-u", "u", "--to", "regpass", "--password-stdin", "127.0.0.1:1"], more].concat();
        sandbox.regpass(&args, b"pw")
    };
    let refused = login(&[]);
    assert!(refused.code == 11 && refused.err().contains("regpass login --no-verify"), "{}", refused.err());
    assert_eq!(sandbox.helper("get", "127.0.0.1:1").code, 1);
    let told = login(&["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    assert_eq!((told.code, &json["stored"], &json["checked"]["outcome"]), (11, &json!(false), &json!("refused")));
    login(&["--no-verify"]).ok();
    assert!(sandbox.helper("get", "127.0.0.1:1").ok().out().contains("\"Secret\":\"pw\""));
    for (args, input) in [
        (&["login", "--to", "regpass", "--password-stdin", "h.test"][..], &b"pw"[..]),
        (&["login", "--to", "regpass", "-u", "a:b", "--password-stdin", "h.test"], b"pw"),
        (&["login", "--to", "regpass", "-u", "u", "--password-stdin", "h.test"], b"\n"),
        (&["login", "--to", "regpass", "-u", "u", "--password-stdin", "h.test"], b"one\ntwo\n"),
        (&["login", "--to", "regpass", "-u", "u", "--password-stdin", "bad host!"], b"pw"),
    ] {
        let refused = sandbox.regpass(args, input);
        assert_eq!(refused.code, 2, "{args:?}: {}", refused.err());
    }
}

/// One that is killed after it was stored is a login all the same, and the next run makes it whole.
#[test]
fn a_login_that_is_killed_half_way_is_whole_the_next_time() {
    let mut sandbox = Sandbox::without_gnupg();
    let bin = sandbox.path().join("killer");
    fs::create_dir(&bin).expect("a folder");
    let helper = bin.join("docker-credential-double");
    let script = "#!/bin/sh\nd=${0%/*}\ncase $1 in\nstore) cat > $d/kept; [ -e $d/kill ] && kill -9 $PPID; true;;\n\
                  get) cat > /dev/null; cat $d/kept;;\nlist) echo '{}';;\nesac\n";
    fs::write(&helper, script).expect("a helper");
    set_mode(&helper, 0o755);
    sandbox.set("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let docker = sandbox.home().join(".docker");
    fs::create_dir(&docker).expect("a folder");
    let file = docker.join("config.json");
    fs::write(&file, r#"{"credsStore":"double"}"#).expect("config.json");
    let args = ["login", "--no-verify", "-u", "u", "--password-stdin", "h.test"];
    fs::write(bin.join("kill"), "").expect("a wish");
    assert_eq!(sandbox.regpass(&args, b"pw").code, -1);
    assert_eq!(fs::read_to_string(&file).expect("it"), r#"{"credsStore":"double"}"#);
    assert!(bin.join("kept").exists());
    fs::remove_file(bin.join("kill")).expect("no wish");
    sandbox.regpass(&args, b"pw").ok();
    assert_eq!(
        fs::read_to_string(&file).expect("it"),
        "{\"auths\": {\n\t\t\"h.test\": {}\n\t},\"credsStore\":\"double\"}"
    );
}

#[test]
fn user_and_password_are_asked_for_and_the_password_is_never_shown() {
    let sandbox = Sandbox::without_gnupg();
    let mut command = sandbox.command(regpass_binary());
    command.args(["login", "--no-verify", "--to", "regpass", "h.test"]).env("TERM", "xterm").env("NO_COLOR", "1");
    let mut terminal = Terminal::start(&command);
    terminal.wait_for("user name for \"h.test\": ");
    terminal.send(b"bob\n");
    terminal.wait_for("password or token for \"h.test\": ");
    assert!(!terminal.is_as_usual());
    terminal.send(b"s3cret\r");
    let (code, shown) = terminal.end();
    assert!(
        code == 0 && shown.contains("the login of \"bob\" at \"h.test\" is kept") && !shown.contains("s3cret"),
        "{code} {shown}"
    );
    assert!(sandbox.helper("get", "h.test").ok().out().contains("s3cret"));
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
    assert!(shown.contains("nothing was taken out for "), "{shown}");
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
