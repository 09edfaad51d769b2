//! `regpass status`: what is told of a machine in order and of a bare one, and that looking changes nothing.

use super::*;

#[test]
fn a_store_is_told_with_its_counts_and_what_docker_lacks() {
    let sandbox = store_of(&["a/x", "b"]);
    let value = json_of(sandbox.regpass(&["status", "--json"], b""));
    let all = [
        "schema",
        "user",
        "uid",
        "home",
        "docker",
        "helper",
        "stores",
        "gnupg_home",
        "key_file",
        "key",
        "key_state",
        "entries",
        "astray",
        "registries",
        "windows",
        "journal_on",
        "calls",
        "next",
    ];
    assert_eq!(keys(&value), all);
    assert_eq!((&value["entries"], &value["registries"]), (&json!(2), &json!(0)));
    assert_eq!((&value["key_state"], &value["stores"][0]["exists"]), (&json!("key-file"), &json!(true)));
    assert_eq!(value["docker"]["exists"], json!(false));
    let next = value["next"].as_array().expect("steps");
    assert!(next.iter().any(|step| step["command"].as_str().is_some_and(|command| command.contains("credsStore"))));
    let told = sandbox.regpass(&["status"], b"").ok().out();
    assert!(told.contains("what to do next") && told.contains("regpass shims install"), "{told}");
}

/// An RSA primary key could decrypt as well, and is not what entries are encrypted to.
#[test]
fn a_key_is_unlocked_when_the_one_that_decrypts_is() {
    let mut sandbox = Sandbox::new();
    let key = sandbox.make_key_with_passphrase("Alice <alice@example.test>", "rsa3072", "open sesame");
    let loopback = ["--pinentry-mode", "loopback", "--passphrase", "open sesame"];
    sandbox.gpg(&[&loopback[..], &["--quick-add-key", &key, "rsa3072", "encr", "never"]].concat()).ok();
    sandbox.init_store(&key);
    sandbox.set("PASSWORD_STORE_GPG_OPTS", "");
    sandbox.regpass(&["insert", "--multiline", "a"], b"pw\n").ok();
    let state = |sandbox: &Sandbox| json_of(sandbox.regpass(&["status", "--json"], b""))["key_state"].clone();
    sandbox.run("gpgconf", &["--kill", "gpg-agent"], b"").ok();
    sandbox.run("gpg-connect-agent", &["/bye"], b"").ok();
    assert_eq!(state(&sandbox), json!("locked"));
    let entry = sandbox.store().join("a.gpg");
    sandbox.gpg(&[&loopback[..], &["-d", entry.to_str().expect("a name")]].concat()).ok();
    assert_eq!(state(&sandbox), json!("unlocked"), "only the subkey was asked for");
}
