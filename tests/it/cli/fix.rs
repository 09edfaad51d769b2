//! `regpass fix` as people and programs meet it: logins in clear moved into the store, killed at any moment, taken back, and
//! no secret in any answer or file.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::support::files_holding;

const SECRET: &str = "hunter2-very-secret";

fn auth(user: &str, secret: &str) -> String {
    STANDARD.encode(format!("{user}:{secret}"))
}

/// A machine with our helper on PATH and this `config.json`.
fn machine(config: &str) -> (Sandbox, PathBuf) {
    let mut sandbox = Sandbox::without_gnupg();
    sandbox.put_shims_first();
    let file = sandbox.home().join(".docker/config.json");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    set_mode(file.parent().expect("a folder"), 0o700);
    std::fs::write(&file, config).expect("a file");
    set_mode(&file, 0o600);
    (sandbox, file)
}

fn inline(server: &str, secret: &str) -> String {
    format!(
        "{{\n\t\"auths\": {{\n\t\t\"{server}\": {{\n\t\t\t\"auth\": \"{}\"\n\t\t}}\n\t}},\n\t\"odd\":  1\n}}\n",
        auth("bob", secret)
    )
}

fn fix(sandbox: &Sandbox, args: &[&str]) -> Answer {
    let answer = sandbox.regpass(&[&["fix"], args].concat(), b"");
    let told = answer.out() + &answer.err();
    assert!(!told.contains(SECRET) && !told.contains(&auth("bob", SECRET)), "{told}");
    answer
}

/// What the helper answers: user and secret.
fn stored(sandbox: &Sandbox, server: &str) -> Option<(String, String)> {
    let answer = sandbox.helper("get", server);
    let json: Value = serde_json::from_slice(&answer.stdout).ok().filter(|_| answer.code == 0)?;
    Some((json["Username"].as_str()?.to_owned(), json["Secret"].as_str()?.to_owned()))
}

#[test]
fn a_login_in_clear_is_shown_moved_and_taken_back() {
    let (sandbox, file) = machine(&inline("reg.test", SECRET));
    let before = std::fs::read_to_string(&file).expect("text");
    let shown = fix(&sandbox, &[]).ok();
    assert!(shown.out().contains("auto   INL01 move 1 login from"), "{}", shown.out());
    assert!(
        shown.out().contains("+     \"credsStore\": \"pass\",")
            && shown.out().contains("-             \"auth\": \"••••••••\""),
        "{}",
        shown.out()
    );
    assert!(shown.err().contains("regpass fix --apply"), "{}", shown.err());
    assert_eq!(std::fs::read_to_string(&file).expect("text"), before);
    assert_eq!(fix(&sandbox, &["--read-only", "--apply", "--yes"]).code, 1);
    assert_eq!(std::fs::read_to_string(&file).expect("text"), before);

    let done = fix(&sandbox, &["--apply", "--yes", "INL01"]).ok();
    assert!(
        done.err().contains("the login of \"bob\" at \"reg.test\" is in the store, and was read back"),
        "{}",
        done.err()
    );
    let after = std::fs::read_to_string(&file).expect("text");
    assert_eq!(after, "{\n\t\"credsStore\": \"pass\",\n\t\"auths\": {\n\t\t\"reg.test\": {}\n\t},\n\t\"odd\":  1\n}\n");
    assert_eq!(stored(&sandbox, "reg.test"), Some(("bob".to_owned(), SECRET.to_owned())));
    for form in [SECRET.to_owned(), auth("bob", SECRET), STANDARD.encode(SECRET)] {
        assert_eq!(
            files_holding(&sandbox.home(), form.as_bytes()),
            Vec::<PathBuf>::new(),
            "nowhere in clear, the backup too"
        );
    }
    assert_eq!(fix(&sandbox, &["INL01"]).ok().err(), "nothing to mend\n");

    let undone = sandbox.regpass(&["undo"], b"").ok();
    assert!(
        undone.err().contains("taken back: move 1 login") && undone.err().contains("in clear is there again"),
        "{}",
        undone.err()
    );
    assert_eq!(std::fs::read_to_string(&file).expect("text"), before);
    assert_eq!(stored(&sandbox, "reg.test"), Some(("bob".to_owned(), SECRET.to_owned())));
    let same = fix(&sandbox, &["--apply", "--yes", "INL01"]).ok();
    assert!(same.err().contains("is in the store already"), "{}", same.err());
    assert_eq!(std::fs::read_to_string(&file).expect("text"), after);
}

#[test]
fn programs_get_what_was_planned_and_what_became_of_it() {
    let (sandbox, file) = machine(&inline("reg.test", SECRET));
    std::fs::write(sandbox.home().join(".bash_history"), format!("docker login -p {SECRET} other.test\n"))
        .expect("a file");
    let planned = json_of(fix(&sandbox, &["--json", "INL01", "INL12"]));
    assert_eq!(keys(&planned), ["schema", "applied", "fixes", "leftovers"]);
    let one = &planned["fixes"][0];
    let fields = [
        "kind",
        "ids",
        "fingerprints",
        "title",
        "path",
        "diff",
        "steps",
        "advice",
        "why",
        "reversible",
        "needs_root",
        "outcome",
        "done",
        "problems",
    ];
    assert_eq!(keys(one), fields);
    assert_eq!(
        (&one["kind"], &one["outcome"], &one["path"]),
        (&json!("auto"), &json!("planned"), &json!(file.to_str().expect("text")))
    );
    assert_eq!((&planned["fixes"][1]["kind"], &planned["fixes"][1]["ids"]), (&json!("guided"), &json!(["INL12"])));
    assert_eq!(fix(&sandbox, &["--json", "--apply"]).code, 2, "nobody to ask");
    let done = json_of(fix(&sandbox, &["--json", "--apply", "--yes"]));
    assert_eq!((&done["fixes"][0]["outcome"], &done["applied"]), (&json!("done"), &json!(true)));
    let undone = json_of(sandbox.regpass(&["undo", "--json"], b""));
    assert_eq!(undone["step"]["file"], json!(file.to_str().expect("text")));
    assert_eq!(fix(&sandbox, &["NOPE"]).code, 2);
}

#[test]
fn what_the_store_has_otherwise_stays_in_both_places() {
    let (sandbox, file) = machine(&inline("reg.test", SECRET));
    sandbox.helper("store", json!({"ServerURL": "reg.test", "Username": "bob", "Secret": "other"}).to_string()).ok();
    let before = std::fs::read_to_string(&file).expect("text");
    let refused = fix(&sandbox, &["--apply", "--yes", "INL01"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.err().contains("another password") && refused.err().contains("regpass registries erase reg.test"),
        "{}",
        refused.err()
    );
    assert_eq!(std::fs::read_to_string(&file).expect("text"), before);
    assert_eq!(stored(&sandbox, "reg.test"), Some(("bob".to_owned(), "other".to_owned())));
    fix(&sandbox, &["--apply", "--yes", "--keep-store", "INL01"]).ok();
    assert!(!std::fs::read_to_string(&file).expect("text").contains(&auth("bob", SECRET)));
    assert_eq!(stored(&sandbox, "reg.test"), Some(("bob".to_owned(), "other".to_owned())));
}

fn start(sandbox: &Sandbox) -> Child {
    started_with(sandbox, &["fix", "--apply", "--yes", "INL01"])
}

fn started_with(sandbox: &Sandbox, args: &[&str]) -> Child {
    let mut command = sandbox.command(crate::support::regpass_binary());
    command.args(args);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started")
}

/// Killed with SIGKILL, spread over the time that a whole run takes: the login is in the file, in the store or in both, whole;
/// the next run ends what was begun and leaves nothing of it.
#[test]
fn killed_at_any_moment_the_login_is_in_one_of_both_places() {
    let (sandbox, file) = machine("{}");
    sandbox.init_git();
    std::fs::write(&file, inline("reg0.test", "secret 0")).expect("a file");
    let started = Instant::now();
    assert!(start(&sandbox).wait().expect("ended").success());
    let whole = started.elapsed();
    let (mut in_file, mut in_both, mut in_store) = (0, 0, 0);
    for round in 1..=40_u32 {
        let (server, secret) = (format!("reg{round}.test"), format!("secret {round}"));
        let text = inline(&server, &secret);
        std::fs::write(&file, &text).expect("a file");
        set_mode(&file, 0o600);
        // From the start to the end, in no order.
        let time = whole * (round * 7 % 41) / 40;
        let mut child = start(&sandbox);
        let deadline = Instant::now() + time;
        while Instant::now() < deadline && child.try_wait().expect("asked").is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().expect("gone");
        let now = std::fs::read_to_string(&file).expect("text");
        let is_there = stored(&sandbox, &server);
        assert!(is_there.is_none() || is_there == Some(("bob".to_owned(), secret.clone())), "{is_there:?}");
        match (now == text, is_there.is_some()) {
            (true, false) => in_file += 1,
            (true, true) => in_both += 1,
            (false, true) => in_store += 1,
            (false, false) => panic!("in neither after {time:?}: {now}"),
        }
        assert!(now == text || now.contains(&format!("\"{server}\": {{}}")), "the old file or the new one: {now}");
        assert!(start(&sandbox).wait().expect("ended").success(), "the next run goes on after {time:?}");
        let done = std::fs::read_to_string(&file).expect("text");
        assert!(done.contains(&format!("\"{server}\": {{}}")), "{done}");
        assert_eq!(stored(&sandbox, &server), Some(("bob".to_owned(), secret)));
        let left: Vec<_> = std::fs::read_dir(sandbox.home().join(".docker")).expect("a list").collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
    assert!(in_file > 0 && in_store > 0, "killed early {in_file}, between {in_both}, late {in_store} times");
    let deadline = Instant::now() + Duration::from_secs(60);
    while sandbox.store().join(".git/index.lock").exists() {
        assert!(Instant::now() < deadline, "no git is left");
        std::thread::yield_now();
    }
    let moved = std::fs::read_to_string(&file).expect("text");
    for round in 0..12_u32 {
        let mut undo = started_with(&sandbox, &["undo"]);
        let deadline = Instant::now() + whole * round / 24;
        while Instant::now() < deadline && undo.try_wait().expect("asked").is_none() {
            std::thread::yield_now();
        }
        let _ = undo.kill();
        undo.wait().expect("gone");
        let now = std::fs::read_to_string(&file).expect("text");
        assert!(now == moved || now == inline("reg40.test", "secret 40"), "{now}");
        if now != moved {
            assert!(start(&sandbox).wait().expect("ended").success(), "it can be done again");
            assert_eq!(std::fs::read_to_string(&file).expect("text"), moved);
        }
    }
    sandbox.regpass(&["undo"], b"").ok();
    assert!(std::fs::read_to_string(&file).expect("text").contains(&auth("bob", "secret 40")));
    assert!(files_holding(&sandbox.home().join(".local"), b"secret 40").is_empty());
}
