//! `regpass audit` as people, programs and monitors meet it: exit codes, formats, what is accepted, and that no answer holds
//! a secret.

use super::*;

const SECRET: &str = "hunter2-very-secret";
/// `bob:` and the secret, as Docker writes it.
const AUTH: &str = "Ym9iOmh1bnRlcjItdmVyeS1zZWNyZXQ=";

/// A machine that leaks: a login in clear, a history, and a name with an escape sequence in it.
fn leaking() -> Sandbox {
    let sandbox = Sandbox::without_gnupg();
    let docker = sandbox.home().join(".docker");
    std::fs::create_dir_all(&docker).expect("a folder");
    set_mode(&docker, 0o700);
    let config =
        json!({ "auths": { "reg.test": { "auth": AUTH }, "\u{1b}]0;evil\u{7}": { "identitytoken": SECRET } } });
    std::fs::write(docker.join("config.json"), config.to_string()).expect("a file");
    set_mode(&docker.join("config.json"), 0o600);
    let history = sandbox.home().join(".bash_history");
    std::fs::write(&history, format!("ls\ndocker login -u bob -p {SECRET} reg.test\n")).expect("a file");
    set_mode(&history, 0o600);
    sandbox
}

fn audit(sandbox: &Sandbox, arguments: &[&str]) -> Answer {
    let answer = sandbox.regpass(&[&["audit", "--group", "inline", "--group", "config"], arguments].concat(), b"");
    let (out, err) = (answer.out(), answer.err());
    assert!(!out.contains(SECRET) && !out.contains(AUTH) && !err.contains(SECRET), "{out}{err}");
    assert!(!out.contains('\u{1b}') && !out.contains('\u{7}'), "{out}");
    answer
}

#[test]
fn what_is_found_is_told_by_path_and_decides_the_exit_code() {
    let sandbox = leaking();
    let found = audit(&sandbox, &["--only", "INL01", "--only", "INL12"]);
    assert_eq!(found.code, 10, "{found:?}");
    let told = found.out();
    assert!(told.contains("config.json /auths/reg.test/auth") && told.contains(".bash_history, line 2"), "{told}");
    assert!(told.contains("2 checks, 3 findings (3 high)"), "{told}");
    assert_eq!(audit(&sandbox, &["--only", "INL01", "--fail-on", "critical"]).code, 0);
    assert_eq!(audit(&sandbox, &["--only", "CFG01", "--strict"]).code, 0);
    std::fs::write(sandbox.home().join(".docker/config.json"), "{").expect("a file");
    let incomplete = audit(&sandbox, &["--only", "CFG02", "--strict"]);
    assert_eq!(incomplete.code, 11, "{incomplete:?}");
    assert!(incomplete.out().contains("could not look"), "{}", incomplete.out());
    assert_eq!(audit(&sandbox, &["--only", "NOPE"]).code, 2);
    assert_eq!(sandbox.regpass(&["audit", "--roots", "/nonexistent"], b"").code, 3);
}

#[test]
fn json_is_as_the_page_has_it() {
    let sandbox = leaking();
    let answer = audit(&sandbox, &["--only", "INL01", "--format", "json"]);
    let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    assert_eq!(keys(&value), ["schema", "findings", "checks", "summary"]);
    let finding = &value["findings"][0];
    let fields = [
        "id",
        "severity",
        "confidence",
        "title",
        "path",
        "pointer",
        "line",
        "registry",
        "account",
        "fingerprint",
        "fix",
    ];
    assert_eq!(keys(finding), fields);
    assert_eq!(
        (&finding["registry"], &finding["account"], &finding["line"]),
        (&json!("reg.test"), &json!("bob"), &Value::Null)
    );
    assert_eq!(value["checks"], json!([{ "id": "INL01", "verdict": "found", "why": null }]));
    assert_eq!(value["summary"]["high"], json!(2));
}

#[test]
fn sarif_is_as_its_schema_has_it() {
    let sandbox = leaking();
    let answer = audit(&sandbox, &["--format", "sarif"]);
    let value: Value = serde_json::from_slice(&answer.stdout).expect("JSON");
    let typed: serde_sarif::sarif::Sarif = serde_json::from_value(value.clone()).expect("SARIF");
    // What the types do not know would be lost on the way back.
    assert_eq!(serde_json::to_value(&typed).expect("JSON"), value);
    let run = &typed.runs[0];
    let results = run.results.as_ref().expect("results");
    assert!(results.len() >= 3, "{results:?}");
    let rules = run.tool.driver.rules.as_ref().expect("rules");
    for result in results {
        let index = usize::try_from(result.rule_index.expect("an index")).expect("not negative");
        assert_eq!(Some(&rules[index].id), result.rule_id.as_ref());
    }
}

#[test]
fn a_monitor_reads_a_file_that_is_whole_at_every_moment() {
    use std::os::unix::fs::MetadataExt;
    let sandbox = leaking();
    let file = sandbox.home().join("textfile/regpass.prom");
    std::fs::create_dir(file.parent().expect("a folder")).expect("a folder");
    let path = file.to_str().expect("a name");
    for _ in 0..2 {
        let before = std::fs::metadata(&file).ok().map(|meta| meta.ino());
        assert_eq!(audit(&sandbox, &["--format", "prom", "--output", path]).code, 10);
        let meta = std::fs::metadata(&file).expect("written");
        assert_eq!(meta.mode() & 0o7777, 0o644);
        assert_ne!(before, Some(meta.ino()), "it is replaced, not written over");
    }
    let text = std::fs::read_to_string(&file).expect("text");
    assert!(text.contains("regpass_finding{id=\"INL01\",severity=\"high\"} 2\n"), "{text}");
    assert!(text.contains("regpass_finding{id=\"CFG01\",severity=\"critical\"} 0\n"), "{text}");
    assert!(text.contains("# TYPE regpass_last_run_timestamp_seconds gauge") && !text.contains("reg.test"), "{text}");
    assert_eq!(std::fs::read_dir(file.parent().expect("a folder")).expect("a list").count(), 1);
}

#[test]
fn only_an_ordinary_file_is_replaced() {
    let sandbox = leaking();
    let (target, link) = (sandbox.home().join("target"), sandbox.home().join("link"));
    std::fs::write(&target, "mine").expect("a file");
    std::os::unix::fs::symlink(&target, &link).expect("a link");
    for option in ["--output", "--write-baseline"] {
        let refused = audit(&sandbox, &["--only", "CFG01", option, link.to_str().expect("a name")]);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.err().contains("no ordinary file"), "{}", refused.err());
    }
    assert_eq!(std::fs::read_link(&link).expect("still a link"), target);
    assert_eq!(std::fs::read_to_string(&target).expect("text"), "mine");
}

#[test]
fn a_password_in_a_server_s_name_is_not_told() {
    let sandbox = leaking();
    let name = format!("https://u:{SECRET}@reg.test");
    let config = json!({ "auths": { name.clone(): { "auth": AUTH }, format!("v:{SECRET}@b.test"): {} }, "proxies": { name: { "httpProxy": "http://a:b@c" } } });
    std::fs::write(sandbox.home().join(".docker/config.json"), config.to_string()).expect("a file");
    let history = format!("docker login -p x1 https://u:{SECRET}@reg.test\n");
    std::fs::write(sandbox.home().join(".bash_history"), history).expect("a file");
    for format in ["human", "json", "sarif", "prom"] {
        assert_eq!(audit(&sandbox, &["--format", format]).code, 10, "{format}");
    }
}

#[test]
fn what_is_accepted_is_counted_and_what_is_new_is_told() {
    let sandbox = leaking();
    let known = sandbox.home().join("known");
    let path = known.to_str().expect("a name");
    assert_eq!(audit(&sandbox, &["--only", "INL01", "--write-baseline", path]).code, 10);
    let again = audit(&sandbox, &["--only", "INL01", "--only", "INL12", "--baseline", path]);
    assert!(again.out().contains("1 finding (1 high), 2 in the baseline"), "{}", again.out());
    let ignore = sandbox.home().join("ignore.toml");
    std::fs::write(&ignore, "[[ignore]]\nid = \"INL12\"\nreason = \"old host\"\nexpires = \"2999-01-01\"\n")
        .expect("a file");
    let ignore = ignore.to_str().expect("a name");
    let both = audit(&sandbox, &["--only", "INL01", "--only", "INL12", "--baseline", path, "--ignore", ignore]);
    assert_eq!(both.code, 0, "{both:?}");
    assert!(both.out().contains("no findings, 1 ignored, 2 in the baseline"), "{}", both.out());
}

#[test]
fn regpass_s_own_ignore_file_is_always_read_unless_asked_not_to() {
    let sandbox = leaking();
    let own = sandbox.home().join(".config/regpass/audit-ignore.toml");
    std::fs::create_dir_all(own.parent().expect("a folder")).expect("made");
    let entry = "[[ignore]]\nid = \"INL12\"\nreason = \"old host\"\nexpires = \"2999-01-01\"\n";
    std::fs::write(&own, entry).expect("a file");
    let answer = audit(&sandbox, &["--only", "INL12"]);
    assert!(answer.code == 0 && answer.out().contains("no findings, 1 ignored"), "{answer:?}");
    assert_eq!(audit(&sandbox, &["--only", "INL12", "--no-ignore"]).code, 10);
    std::fs::write(&own, "ignore = 3").expect("a file");
    let answer = audit(&sandbox, &["--only", "INL12"]);
    assert!(answer.code == 1 && answer.err().contains("--no-ignore"), "{answer:?}");
}
