//! `regpass test`: against a real registry with accounts, and where there is nothing to be asked.

use super::subcommands::explained;
use super::*;
use crate::support::registry::Registry;

fn tested(sandbox: &Sandbox, args: &[&str]) -> (i32, Value) {
    let answer = sandbox.regpass(&[&["test", "--json"], args].concat(), b"");
    let value: Value = serde_json::from_str(&answer.out()).expect("JSON");
    explained(&value);
    (answer.code, value)
}

fn log_in(sandbox: &Sandbox, server: &str, secret: &str) {
    let login = format!(r#"{{"ServerURL":"{server}","Username":"amy","Secret":"{secret}"}}"#);
    sandbox.helper("store", login.as_bytes()).ok();
}

fn machine() -> Sandbox {
    let mut sandbox = store_of(&[]);
    sandbox.put_shims_first();
    std::fs::create_dir(sandbox.home().join(".docker")).expect("a folder");
    std::fs::write(sandbox.home().join(".docker/config.json"), r#"{"credsStore":"pass"}"#).expect("config.json");
    sandbox
}

#[test]
fn a_real_registry_s_word_is_told() {
    let sandbox = machine();
    let Some(registry) = Registry::start(&sandbox, &[("amy", "right password")]) else { return };
    let server = registry.address();
    log_in(&sandbox, server, "right password");
    let (code, value) = tested(&sandbox, &[]);
    let one = &value["results"][0];
    assert_eq!((code, &one["outcome"], &one["evidence"]), (0, &json!("ok_proved"), &json!("proved")), "{value}");
    assert_eq!((&one["registry"], &one["user"]), (&json!(server), &json!("amy")));
    let shown = sandbox.regpass(&["test", "--steps", server], b"").ok().out();
    assert!(shown.starts_with(&format!("ok   {server}  amy  proved\n")), "{shown}");
    assert!(shown.contains("asked with the login: GET ") && shown.contains("www-authenticate: Basic"), "{shown}");
    // Nothing was pushed: it is let in, and finds nothing.
    let shown = sandbox.regpass(&["test", "--strict", "--repository", "team/app", server], b"").ok().out();
    assert!(shown.contains("is let into \"team/app\", where nothing is tagged latest"), "{shown}");
    assert!(shown.contains("does not leave this machine"), "{shown}");
    log_in(&sandbox, server, "wrong password");
    let (code, value) = tested(&sandbox, &[server]);
    assert_eq!((code, &value["results"][0]["outcome"]), (10, &json!("bad_credentials")), "{value}");
    let shown = sandbox.regpass(&["test"], b"");
    assert_eq!(shown.code, 10);
    assert!(!format!("{}{}", shown.out(), shown.err()).contains("wrong password"));
}

#[test]
fn what_is_not_there_has_codes_of_its_own() {
    let sandbox = machine();
    let (code, value) = tested(&sandbox, &[]);
    assert_eq!((code, &value["results"]), (0, &json!([])));
    let (code, value) = tested(&sandbox, &["h.test"]);
    assert_eq!((code, &value["results"][0]["outcome"]), (3, &json!("no_credentials")), "{value}");
    assert_eq!(value["results"][0]["advice"], "log in first: regpass login h.test");
    log_in(&sandbox, "127.0.0.1:1", "pw");
    let (code, value) = tested(&sandbox, &["--timeout", "5"]);
    assert_eq!((code, &value["results"][0]["outcome"]), (11, &json!("refused")), "{value}");
    assert_eq!(sandbox.regpass(&["test", "--timeout", "0"], b"").code, 2);
    assert_eq!(sandbox.regpass(&["test", "--all", "h.test"], b"").code, 2);
    for wrong in
        [&["--repository", "a"][..], &["--repository", "A B", "h.test"], &["--repository", "a", "h.test", "g.test"]]
    {
        assert_eq!(sandbox.regpass(&[&["test"], wrong].concat(), b"").code, 2, "{wrong:?}");
    }
}
