//! Accounts of a registry switched, renamed and erased, as scripts see it, and as the official helper and pass do.

use serde_json::json;

use super::{json_of, keys};
use crate::support::{Sandbox, official_helper, peer, run};

/// The folder of `h.test` and of `https://h.test`.
const H: &str = "docker-credential-helpers/aC50ZXN0";
const HTTPS: &str = "docker-credential-helpers/aHR0cHM6Ly9oLnRlc3Q=";

fn with_accounts(sandbox: &Sandbox, entries: &[&str]) {
    for entry in entries {
        let user = entry.rsplit('/').next().expect("a user");
        sandbox.regpass(&["insert", "--multiline", entry], format!("pw of {user}").as_bytes()).ok();
    }
}

fn user_of(sandbox: &Sandbox, server: &str) -> String {
    let answer: serde_json::Value = serde_json::from_str(&sandbox.helper("get", server).ok().out()).expect("JSON");
    let user = answer["Username"].as_str().expect("a user").to_owned();
    assert_eq!(answer["Secret"], json!(format!("pw of {user}")));
    user
}

#[test]
fn an_account_is_chosen_and_renamed() {
    let sandbox = Sandbox::without_gnupg();
    // The first one answers until another one is chosen.
    with_accounts(&sandbox, &[&format!("{H}/bob"), &format!("{H}/amy"), &format!("{HTTPS}/amy")]);
    assert_eq!(user_of(&sandbox, "h.test"), "bob");
    let done = json_of(sandbox.regpass(&["registries", "use", "H.test", "amy", "--json"], b""));
    assert_eq!(keys(&done), ["schema", "user", "servers", "official", "helper"]);
    assert_eq!(done["servers"], json!(["h.test", "https://h.test"]));
    assert_eq!(user_of(&sandbox, "h.test"), "amy");
    let told = sandbox.regpass(&["registries", "use", "h.test", "bob"], b"").ok();
    assert!(told.err().contains("Docker gets \"bob\" at h.test"), "{}", told.err());
    assert!(!told.err().contains("official helper"), "{}", told.err());
    assert_eq!(user_of(&sandbox, "h.test"), "bob");
    let table = sandbox.regpass(&["registries"], b"").ok().out();
    assert!(!table.contains("the official helper would answer another user's"), "{table}");
    assert!(table.contains("not used: another login"), "{table}");
    // A name that comes behind the folder where the others go: whom the official helper answers is said.
    sandbox.regpass(&["insert", "--multiline", &format!("{HTTPS}/\u{e9}lise")], "pw of \u{e9}lise".as_bytes()).ok();
    let told = sandbox.regpass(&["registries", "use", "https://h.test", "\u{e9}lise"], b"").ok();
    assert!(told.err().contains("the official helper would answer \"amy\""), "{}", told.err());
    sandbox.regpass(&["rm", "-f", &format!("{HTTPS}/\u{e9}lise")], b"").ok();

    let done = json_of(sandbox.regpass(&["registries", "rename", "h.test", "bob", "a/c", "--json"], b""));
    assert_eq!((keys(&done), &done["to"]), (vec!["schema", "from", "to"], &json!("a/c")));
    let answer = sandbox.helper("get", "h.test").ok().out();
    assert!(answer.contains("\"a/c\"") && answer.contains("pw of bob"), "{answer}");
    for (args, code) in [(["use", "h.test", "eve"], 3), (["use", "none.test", "amy"], 3)] {
        let refused = sandbox.regpass(&[&["registries"][..], &args].concat(), b"");
        assert_eq!(refused.code, code, "{}", refused.err());
    }
    let taken = sandbox.regpass(&["registries", "rename", "h.test", "a/c", "amy"], b"");
    assert_eq!(taken.code, 1, "{}", taken.err());
    assert!(sandbox.helper("get", "h.test").ok().out().contains("\"a/c\""));
    // Where Docker asks somebody else, a switch is nothing that it sees.
    let docker = sandbox.home().join(".docker");
    std::fs::create_dir_all(&docker).expect("a folder");
    std::fs::write(docker.join("config.json"), r#"{"credsStore":"desktop"}"#).expect("a config");
    let told = sandbox.regpass(&["registries", "use", "h.test", "amy"], b"").ok();
    assert!(told.err().contains("Docker will not ask: it asks docker-credential-desktop"), "{}", told.err());
    sandbox.regpass(&["registries", "use", "h.test", "a/c"], b"").ok();
    let read_only = sandbox.regpass(&["registries", "use", "h.test", "amy", "--read-only"], b"");
    assert!(read_only.code == 1 && user_of(&sandbox, "https://h.test") == "amy", "{}", read_only.err());
    assert!(sandbox.helper("get", "h.test").ok().out().contains("\"a/c\""));
}

#[test]
fn an_erase_asks_proves_and_says_what_still_answers() {
    let sandbox = Sandbox::without_gnupg();
    with_accounts(&sandbox, &[&format!("{H}/amy"), &format!("{HTTPS}/amy")]);
    let unasked = sandbox.regpass(&["registries", "erase", "h.test"], b"");
    assert!(unasked.code == 2 && unasked.err().contains("registries erase --force h.test"), "{}", unasked.err());
    assert_eq!(user_of(&sandbox, "h.test"), "amy");
    let done = sandbox.regpass(&["registries", "erase", "--force", "h.test"], b"").ok();
    assert!(done.err().contains("proved: nothing answers"), "{}", done.err());
    for server in ["h.test", "https://h.test"] {
        assert_eq!(sandbox.helper("get", server).code, 1, "{server}");
    }
    assert_eq!(sandbox.regpass(&["registries", "erase", "-f", "h.test"], b"").code, 3);
    sandbox.regpass(&["undo"], b"").ok();
    assert_eq!((user_of(&sandbox, "h.test"), user_of(&sandbox, "https://h.test")), ("amy".into(), "amy".into()));

    let docker = sandbox.home().join(".docker");
    std::fs::create_dir_all(&docker).expect("Docker's folder");
    let config = r#"{"auths":{"h.test":{"auth":"Ym9iOmh1bnRlcjI="}},"credHelpers":{"x.test":"ecr-login"}}"#;
    std::fs::write(docker.join("config.json"), config).expect("a config");
    let value = json_of(sandbox.regpass(&["registries", "--json"], b""));
    let elsewhere = &value["elsewhere"][0];
    assert_eq!(keys(elsewhere), ["server", "canonical", "kind", "inline", "helper", "user", "last_check"]);
    assert_eq!(
        (&elsewhere["server"], &elsewhere["inline"], &elsewhere["user"]),
        (&json!("h.test"), &json!(true), &json!("bob"))
    );
    assert_eq!(value["elsewhere"][1]["helper"], json!("ecr-login"));
    assert_eq!(
        value["by_registry"],
        json!([
            { "canonical": "h.test", "kind": "other", "user": "amy", "accounts": ["amy", "bob"],
              "spellings": ["h.test", "https://h.test"], "places": ["store", "inline"], "helper": null, "last_check": null },
            { "canonical": "x.test", "kind": "other", "user": null, "accounts": [], "spellings": [],
              "places": ["helper"], "helper": "ecr-login", "last_check": null },
        ])
    );
    // That Docker asks regpass about it is no login that is left.
    std::fs::write(docker.join("config.json"), r#"{"credHelpers":{"h.test":"pass"}}"#).expect("a config");
    sandbox.regpass(&["registries", "erase", "--force", "h.test"], b"").ok();
    sandbox.regpass(&["undo"], b"").ok();
    std::fs::write(docker.join("config.json"), config).expect("a config");
    let still = sandbox.regpass(&["registries", "erase", "--force", "--json", "h.test"], b"");
    let told: serde_json::Value = serde_json::from_str(&still.out()).expect("JSON");
    assert_eq!((still.code, keys(&told)), (1, vec!["schema", "servers", "asked", "still"]));
    assert!(told["still"][0].as_str().is_some_and(|words| words.contains("in clear")), "{told}");
    assert!(!format!("{}{}{value}", still.out(), still.err()).contains("hunter2"));
}

/// What is said of the official helper is what it does, and pass reads all of it.
#[test]
fn the_official_helper_answers_whom_we_say_and_pass_reads_a_renamed_login() {
    let (Some(official), Some(_)) = (official_helper(), peer("pass")) else { return };
    let (sandbox, _) = Sandbox::with_store();
    for user in ["bob", "a-b", "a"] {
        sandbox.run("pass", &["insert", "-m", &format!("{H}/{user}")], format!("pw of {user}").as_bytes()).ok();
    }
    let theirs = || run(sandbox.command(&official).arg("get"), b"h.test").ok().out();
    for user in ["bob", "a", "a-b", "bob"] {
        let done = json_of(sandbox.regpass(&["registries", "use", "h.test", user, "--json"], b""));
        assert_eq!(user_of(&sandbox, "h.test"), user);
        let said = done["official"].as_str().expect("a user");
        assert_eq!(said, user);
        let answer = theirs();
        assert!(answer.contains(&format!("\"Username\":\"{user}\",\"Secret\":\"pw of {user}\"")), "{user}: {answer}");
    }
    sandbox.regpass(&["registries", "rename", "h.test", "bob", "Zed"], b"").ok();
    assert_eq!(sandbox.run("pass", &["show", &format!("{H}/Zed")], b"").ok().out(), "pw of bob");
    assert!(theirs().contains("\"Username\":\"Zed\""), "{}", theirs());
    sandbox.regpass(&["registries", "erase", "--force", "h.test"], b"").ok();
    assert_eq!(run(sandbox.command(&official).arg("get"), b"h.test").code, 1);
    assert!(!sandbox.run("pass", &["ls"], b"").out().contains("aC50ZXN0"));
}

#[test]
fn what_came_of_a_test_is_remembered() {
    let mut sandbox = Sandbox::without_gnupg();
    sandbox.put_shims_first();
    // Nobody listens on this port.
    sandbox.helper("store", r#"{"ServerURL":"127.0.0.1:1","Username":"amy","Secret":"pw"}"#).ok();
    sandbox.helper("store", r#"{"ServerURL":"h.test","Username":"bob","Secret":"pw"}"#).ok();
    let check = |sandbox: &Sandbox, index: usize| {
        json_of(sandbox.regpass(&["registries", "--json"], b""))["registries"][index]["last_check"].clone()
    };
    assert_eq!((check(&sandbox, 0), check(&sandbox, 1)), (json!(null), json!(null)));
    assert_eq!(sandbox.regpass(&["--read-only", "test", "127.0.0.1:1"], b"").code, 11);
    assert_eq!(check(&sandbox, 0), json!(null), "nothing is written where nothing may be");
    assert_eq!(sandbox.regpass(&["test", "127.0.0.1:1"], b"").code, 11);
    let told = check(&sandbox, 0);
    assert_eq!(keys(&told), ["when", "user", "outcome", "evidence", "message", "outdated"]);
    assert_eq!((&told["user"], &told["outcome"], &told["outdated"]), (&json!("amy"), &json!("refused"), &json!(false)));
    let table = sandbox.regpass(&["registries"], b"").ok().out();
    assert!(table.contains("LAST TEST") && table.contains("now refused"), "{table}");
    assert_eq!(check(&sandbox, 1), json!(null));
    // One that was written an hour later is another one.
    sandbox.set("REGPASS_FIXED_TIME", "1000000000");
    sandbox.regpass(&["test", "127.0.0.1:1"], b"");
    assert_eq!(check(&sandbox, 0)["outdated"], json!(true));
    assert!(sandbox.regpass(&["registries"], b"").ok().out().contains("changed since it was tested"));
    // What is not understood is told and left alone.
    let file = sandbox.home().join(".local/state/regpass/login-results.json");
    std::fs::write(&file, "{").expect("broken");
    let told = sandbox.regpass(&["test", "127.0.0.1:1"], b"");
    assert!(
        told.code == 11 && told.err().contains("is not remembered") && told.err().contains("mv "),
        "{}",
        told.err()
    );
    let told = sandbox.regpass(&["registries"], b"").ok();
    assert!(told.err().contains("login-results.json\" is not what was written there"), "{}", told.err());
    assert_eq!(std::fs::read_to_string(&file).expect("it"), "{");
}
