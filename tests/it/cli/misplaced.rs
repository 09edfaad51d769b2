//! Secrets that people put in wrong places: no report of this machine tells one, and honest names are told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::support_bundle::{forms, put};
use super::*;

/// Made up: a password in an address, tokens as the names of a server, a user, two helpers, a password as a server's name.
const IN_ADDRESS: &str = "Zaddress7hunter";
const AS_SERVER: &str = "ghp_Zserver7hunterZserver7hunter";
const AS_USER: &str = "dckr_pat_Zuser7hunterZuser7hunt";
const AS_HELPER: &str = "glpat-Zhelper7hunterZh";
const AS_NAME: &str = "Zname7hunter!";

const REPORTS: [&[&str]; 20] = [
    &["audit", "--fail-on", "critical"],
    &["audit", "--json"],
    &["audit", "--format", "sarif"],
    &["fix"],
    &["fix", "--json"],
    &["contexts"],
    &["contexts", "--json"],
    &["explain", "h.test"],
    &["explain", AS_SERVER],
    &["explain", "--json", AS_SERVER],
    &["explain", "--json", "https://u:Zaddress7hunter@h.test"],
    &["doctor"],
    &["doctor", "--json"],
    &["status"],
    &["status", "--json"],
    &["journal"],
    &["journal", "--json"],
    &["registries"],
    &["registries", "--json"],
    &["fix", "--apply", "--yes"],
];

const LOGOUTS: [&[&str]; 6] = [
    &["logout", "--all"],
    &["logout", "--all", "--json"],
    &["logout", "h.test"],
    &["logout", "--all", "--yes"],
    &["undo", "--list"],
    &["undo", "--list", "--json"],
];

fn careless() -> Sandbox {
    let sandbox = store_of(&[]);
    let (bob, token) = (STANDARD.encode("bob:pw"), STANDARD.encode(format!("{AS_USER}:pw")));
    put(
        &sandbox,
        ".docker/config.json",
        &format!(
            r#"{{"auths":{{"https://u:{IN_ADDRESS}@h.test/v1/":{{"auth":"{bob}"}},"{AS_SERVER}":{{"auth":"{bob}"}},"{AS_NAME}":{{"auth":"{bob}"}},
            "i.test":{{"auth":"{token}"}},"u:{IN_ADDRESS}@j.test":{{}}}},"credsStore":"{AS_HELPER}",
            "credHelpers":{{"https://u:{IN_ADDRESS}@h.test":"{AS_HELPER}2","{AS_SERVER}":"pass"}}}}"#
        ),
    );
    put(&sandbox, ".docker/config.json.bak", &format!(r#"{{"auths":{{"{AS_SERVER}":{{"auth":"{token}"}}}}}}"#));
    let login = |server: &str, user: &str| format!(r#"{{"ServerURL":"{server}","Username":"{user}","Secret":"pw"}}"#);
    for server in [format!("http://u:{IN_ADDRESS}@f.test"), AS_SERVER.to_owned(), "a.test".to_owned()] {
        sandbox.helper("store", login(&server, AS_USER)).ok();
        sandbox.helper("get", &server);
        sandbox.helper("erase", format!("{server}/"));
    }
    for (server, user) in [("123456789012.dkr.ecr.us-east-1.amazonaws.com", "robot$x"), ("k.azurecr.io", UUID)] {
        sandbox.helper("store", login(server, user)).ok();
    }
    put(&sandbox, ".bash_history", &format!("docker login -u {AS_USER} -p pw {AS_SERVER}\n"));
    sandbox
}

const UUID: &str = "7d1c9f0e-3b2a-4c5d-8e9f-0a1b2c3d4e5f";

/// What all of them say.
fn told(sandbox: &Sandbox, reports: &[&[&str]]) -> String {
    let mut all = String::new();
    for report in reports {
        let answer = sandbox.regpass(report, b"");
        let said = format!("{}{}", answer.out(), answer.err());
        for secret in [IN_ADDRESS, AS_SERVER, AS_USER, AS_HELPER, AS_NAME] {
            let what = report.iter().take(2).filter(|word| !word.contains("7hunter")).collect::<Vec<_>>();
            let told: Vec<_> = forms(secret).into_iter().filter(|form| said.contains(form.as_str())).collect();
            assert!(told.is_empty(), "{what:?} tells {told:?}: {said}");
        }
        all.push_str(&said);
    }
    all
}

#[test]
fn no_report_tells_what_stands_in_a_wrong_place() {
    let all = told(&careless(), &REPORTS);
    for honest in ["https://***@h.test/v1/", UUID, "robot$x", "123456789012.dkr.ecr.us-east-1.amazonaws.com"] {
        assert!(all.contains(honest), "nothing tells {honest}");
    }
}

#[test]
fn no_logout_tells_what_stands_in_a_wrong_place() {
    let sandbox = careless();
    let all = told(&sandbox, &LOGOUTS);
    assert!(all.contains("***@h.test") && all.contains("log out of \\\"***@h.test\\\""), "{all}");
    let erased = sandbox.regpass(&["logout", "--all", "--yes", "--json"], b"");
    assert!(erased.out().contains("\"registries\""), "{}{}", erased.out(), erased.err());
    let one_by_one = careless();
    let all = told(&one_by_one, &[&["logout", "--all", "--yes", "--json"]]);
    assert!(all.contains("***@f.test"), "{all}");
}
