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
        "registries",
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
