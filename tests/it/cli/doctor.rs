//! `regpass doctor`: a machine that works, and each thing that can be broken, told as the one thing to do.

use super::subcommands::explained;
use super::*;

/// A store with a login, Docker's configuration, the helper's links, and on PATH nothing else but a docker and GnuPG.
fn machine() -> Option<(Sandbox, std::path::PathBuf)> {
    let mut sandbox = Sandbox::new();
    let key = sandbox.make_key("Alice <alice@example.test>", "future-default");
    sandbox.init_store(&key);
    let only = sandbox.only(&["gpg", "gpg-agent", "gpgconf", "gpg-connect-agent", "docker", "git", "setsid"])?;
    let path = format!("{}:{}", sandbox.shim_dir().display(), only.display());
    sandbox.helper("store", br#"{"ServerURL":"a.test","Username":"u","Secret":"hunter2"}"#).ok();
    std::fs::create_dir(sandbox.home().join(".docker")).expect("a folder");
    let config = sandbox.home().join(".docker/config.json");
    std::fs::write(&config, r#"{"auths":{"a.test":{}},"credsStore":"pass"}"#).expect("config.json");
    sandbox.set("PATH", path);
    sandbox.run("gpg-connect-agent", &["/bye"], b"").ok();
    Some((sandbox, config))
}

fn doctor(sandbox: &Sandbox) -> (i32, Value) {
    let answer = sandbox.regpass(&["doctor", "--json"], b"");
    let value: Value = serde_json::from_str(&answer.out()).expect("JSON");
    explained(&value);
    (answer.code, value)
}

fn state<'a>(value: &'a Value, about: &str) -> &'a str {
    let lines = value["lines"].as_array().expect("lines");
    let line = lines.iter().find(|line| line["about"] == about).unwrap_or_else(|| panic!("no {about}: {value}"));
    line["state"].as_str().expect("a word")
}

#[test]
fn a_machine_that_works_is_told_on_one_screen() {
    let Some((sandbox, _)) = machine() else { return };
    let (code, value) = doctor(&sandbox);
    assert_eq!((code, &value["state"]), (0, &json!("works")), "{value}");
    let told = sandbox.regpass(&["doctor"], b"").ok().out();
    assert!(told.lines().count() <= 24 && told.lines().all(|line| line.chars().count() <= 80), "{told}");
    assert!(told.ends_with("docker finds its logins here\n") && !told.contains("hunter2"), "{told}");
}

#[test]
fn each_broken_thing_is_the_first_to_be_told() {
    let Some((sandbox, config)) = machine() else { return };
    let broken = |about: &str| {
        let (code, value) = doctor(&sandbox);
        assert_eq!((code, state(&value, about)), (10, "broken"), "{value}");
        let verdict = value["verdict"].as_str().expect("a sentence");
        assert!(verdict.contains(&format!("here: {about}: ")), "{verdict}");
    };
    let good = std::fs::read(&config).expect("config.json");
    std::fs::write(&config, "{,}").expect("config.json");
    broken("config");
    std::fs::write(&config, "{\"auths\":{\"a.test\":{}}}").expect("config.json");
    broken("helper");
    std::fs::write(&config, "{\"auths\":{\"a.test\":{\"auth\":\"YTpi\"}}}").expect("config.json");
    broken("helper");
    let verdict = doctor(&sandbox).1["verdict"].as_str().expect("a sentence").to_owned();
    assert!(verdict.contains("only the logins that stand in clear"), "{verdict}");
    std::fs::write(&config, good).expect("config.json");
    let link = sandbox.helper_link();
    let target = std::fs::read_link(&link).expect("a link");
    std::fs::remove_file(&link).expect("no link");
    broken("program");
    std::os::unix::fs::symlink(target, &link).expect("the link");
    let store = sandbox.store();
    let aside = store.with_extension("aside");
    std::fs::rename(&store, &aside).expect("no store");
    broken("store");
    std::fs::rename(&aside, &store).expect("the store");
    std::fs::write(store.join(".gpg-id"), "nobody@example.test\n").expect("other readers");
    broken("readers");
}

#[test]
fn a_key_that_asks_or_is_gone_is_told_and_nobody_is_asked() {
    let Some((sandbox, _)) = machine() else { return };
    sandbox.run("gpgconf", &["--kill", "gpg-agent"], b"").ok();
    let (code, value) = doctor(&sandbox);
    assert_eq!((code, state(&value, "unlocking")), (0, "note"), "{value}");
    let agent = sandbox.run("gpg-connect-agent", &["--no-autostart", "getinfo pid", "/bye"], b"");
    assert!(!agent.out().contains("OK"), "the doctor started it");
    let mut helper = sandbox.command_without_terminal(sandbox.helper_link());
    let got = run(helper.arg("get"), b"a.test");
    assert!(got.code == 0 && got.out().contains("hunter2"), "as the doctor says: {}", got.out());
    let keys = sandbox.gnupg_home().join("private-keys-v1.d");
    std::fs::rename(&keys, keys.with_extension("aside")).expect("no keys");
    sandbox.run("gpg-connect-agent", &["/bye"], b"").ok();
    let (code, value) = doctor(&sandbox);
    assert_eq!((code, state(&value, "key")), (10, "broken"), "{value}");
}

#[test]
fn a_locked_key_works_with_a_note() {
    let Some((mut sandbox, _)) = machine() else { return };
    let key = sandbox.make_key_with_passphrase("Bob <bob@example.test>", "future-default", "open sesame");
    sandbox.set("PASSWORD_STORE_KEY", key);
    sandbox.run("gpgconf", &["--kill", "gpg-agent"], b"").ok();
    sandbox.run("gpg-connect-agent", &["/bye"], b"").ok();
    let (code, value) = doctor(&sandbox);
    assert_eq!((code, state(&value, "unlocking")), (0, "note"), "{value}");
    assert!(value["verdict"].as_str().is_some_and(|verdict| verdict.contains("once the key is unlocked")), "{value}");
}
